# The daemons, in the order in which they need one another.
# shellcheck shell=bash

readonly components=(etcd containerd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy coredns)

start_components() {
    start_etcd
    start_containerd
    require etcd 30
    start_kube_apiserver
    require containerd 30
    ensure_pause_image
    require kube-apiserver 60
    start_kube_controller_manager
    start_kube_scheduler
    start_kubelet
    start_kube_proxy
    kubectl apply -f "$here/dns.yaml" >/dev/null
    start_coredns
}

# require COMPONENT SECONDS: waits until it answers; a process that is there but does not is started again, once.
require() {
    await "$2" "an answer of $1" answers "$1" && return
    say "$1 does not answer; it is started again"
    stop "$1"
    "start_${1//-/_}"
    await "$2" "an answer of $1" answers "$1" || fail "look at: $here/cluster logs $1"
}

api_is_ready() {
    curl -fsS --max-time 5 --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" "$api_url/readyz"
}

# No fsync: this cluster is thrown away with the machine; a killed process loses nothing by it.
start_etcd() {
    start etcd "$state/bin/etcd" --name "$node_name" --data-dir "$state/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
        --initial-cluster "$node_name=http://127.0.0.1:2380"
}

start_containerd() {
    start containerd containerd --config "$state/config/containerd.toml"
}

# kubelet-preferred-address-types: else exec and logs look the node's name up. Any audience may be asked for in a TokenRequest and
# a TokenReview; --api-audiences only says which tokens the API itself takes.
start_kube_apiserver() {
    start kube-apiserver "$state/bin/kube-apiserver" \
        --etcd-servers http://127.0.0.1:2379 --bind-address 0.0.0.0 --secure-port 6443 --advertise-address "$node_ip" \
        --service-cluster-ip-range "$service_range" --allow-privileged --authorization-mode Node,RBAC \
        --enable-admission-plugins NodeRestriction --kubelet-preferred-address-types InternalIP \
        --client-ca-file "$pki/ca.crt" --tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" \
        --kubelet-client-certificate "$pki/apiserver-kubelet-client.crt" \
        --kubelet-client-key "$pki/apiserver-kubelet-client.key" --kubelet-certificate-authority "$pki/ca.crt" \
        --service-account-issuer https://kubernetes.default.svc.cluster.local \
        --api-audiences https://kubernetes.default.svc.cluster.local \
        --service-account-key-file "$pki/service-account.pub" --service-account-signing-key-file "$pki/service-account.key" \
        --requestheader-client-ca-file "$pki/front-proxy-ca.crt" --requestheader-allowed-names front-proxy-client \
        --requestheader-extra-headers-prefix X-Remote-Extra- --requestheader-group-headers X-Remote-Group \
        --requestheader-username-headers X-Remote-User \
        --proxy-client-cert-file "$pki/front-proxy-client.crt" --proxy-client-key-file "$pki/front-proxy-client.key"
}

start_kube_controller_manager() {
    local config=$state/config/kube-controller-manager.kubeconfig
    start kube-controller-manager "$state/bin/kube-controller-manager" --kubeconfig "$config" \
        --authentication-kubeconfig "$config" --authorization-kubeconfig "$config" --bind-address 127.0.0.1 \
        --leader-elect=false --use-service-account-credentials --root-ca-file "$pki/ca.crt" \
        --service-account-private-key-file "$pki/service-account.key" \
        --cluster-signing-cert-file "$pki/ca.crt" --cluster-signing-key-file "$pki/ca.key"
}

start_kube_scheduler() {
    local config=$state/config/kube-scheduler.kubeconfig
    start kube-scheduler "$state/bin/kube-scheduler" --kubeconfig "$config" --authentication-kubeconfig "$config" \
        --authorization-kubeconfig "$config" --bind-address 127.0.0.1 --leader-elect=false
}

start_kubelet() {
    start kubelet "$state/bin/kubelet" --config "$state/config/kubelet.yaml" --kubeconfig "$state/config/kubelet.kubeconfig" \
        --hostname-override "$node_name" --node-ip "$node_ip" --node-labels cutline.dev/cluster="$cluster_name"
}

start_kube_proxy() {
    start kube-proxy "$state/bin/kube-proxy" --config "$state/config/kube-proxy.yaml"
}

start_coredns() {
    start coredns "$state/bin/coredns" -conf "$state/config/Corefile"
}
