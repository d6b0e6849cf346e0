# One authority for the cluster, one for the front proxy, and a client certificate in a kubeconfig for each component.
# shellcheck shell=bash

write_certificates() {
    [[ -d $pki ]] && return
    rm -rf "$pki.new"
    mkdir -p "$pki.new"
    chmod 700 "$pki.new"
    (
        cd "$pki.new"
        authority ca cutline-cluster
        authority front-proxy-ca cutline-front-proxy
        openssl genrsa -out service-account.key 2048 2>/dev/null
        openssl rsa -in service-account.key -pubout -out service-account.pub 2>/dev/null
        certificate ca apiserver "/CN=kube-apiserver" "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,\
DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:$kubernetes_ip,IP:$node_ip,IP:127.0.0.1"
        certificate ca kubelet-server "/CN=$node_name" "DNS:$node_name,IP:$node_ip"
        certificate ca apiserver-kubelet-client "/O=system:masters/CN=kube-apiserver-kubelet-client"
        certificate front-proxy-ca front-proxy-client "/CN=front-proxy-client"
        certificate ca admin "/O=system:masters/CN=admin"
        certificate ca kubelet "/O=system:nodes/CN=system:node:$node_name"
        certificate ca kube-controller-manager "/CN=system:kube-controller-manager"
        certificate ca kube-scheduler "/CN=system:kube-scheduler"
        certificate ca kube-proxy "/CN=system:kube-proxy"
        certificate ca coredns "/CN=cutline:coredns"
    )
    mv -T "$pki.new" "$pki"
}

authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -keyout "$1.key" -out "$1.crt" \
        -subj "/CN=$2" -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature 2>/dev/null
}

# certificate AUTHORITY NAME SUBJECT [NAMES]
certificate() {
    local authority=$1 name=$2 subject=$3 names=${4:-}
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$name.key" -out "$name.csr" \
        -subj "$subject" 2>/dev/null
    {
        echo "keyUsage = critical,digitalSignature"
        echo "extendedKeyUsage = clientAuth,serverAuth"
        [[ -z $names ]] || echo "subjectAltName = $names"
    } >"$name.ext"
    openssl x509 -req -in "$name.csr" -CA "$authority.crt" -CAkey "$authority.key" -CAcreateserial -days 3650 -out "$name.crt" \
        -extfile "$name.ext" 2>/dev/null
    rm -f "$name.csr" "$name.ext"
}

# kubeconfig NAME: prints one that holds all it needs.
kubeconfig() {
    cat <<CONFIG
apiVersion: v1
kind: Config
current-context: $cluster_name
contexts: [{name: $cluster_name, context: {cluster: $cluster_name, user: $1}}]
clusters: [{name: $cluster_name, cluster: {server: "$api_url", certificate-authority-data: $(base64 -w0 "$pki/ca.crt")}}]
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w0 "$pki/$1.crt")
    client-key-data: $(base64 -w0 "$pki/$1.key")
CONFIG
}
