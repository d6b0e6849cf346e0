# The configuration files of containerd, CNI, kubelet, kube-proxy and CoreDNS. Each unusual setting says why it is there.
# shellcheck shell=bash

configuration=

write_configuration() {
    configuration=$state/config
    local user
    for user in kubelet kube-controller-manager kube-scheduler kube-proxy coredns; do
        kubeconfig "$user" | write "$configuration/$user.kubeconfig"
    done
    containerd_configuration | write "$configuration/containerd.toml"
    cni_configuration | write "$configuration/cni/10-cutline.conflist"
    kubelet_configuration | write "$configuration/kubelet.yaml"
    kube_proxy_configuration | write "$configuration/kube-proxy.yaml"
    coredns_configuration | write "$configuration/Corefile"
    kubeconfig admin | write "$admin_kubeconfig"
    chmod 600 "$admin_kubeconfig" "$configuration"/*.kubeconfig
}

# restrict_oom_score_adj: a machine may withhold CAP_SYS_RESOURCE, and then no sandbox starts without it.
containerd_configuration() {
    cat <<CONFIG
version = 2
root = "$state/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$containerd_socket"
[plugins."io.containerd.internal.v1.opt"]
  path = "$state/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$configuration/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
CONFIG
}

# No masquerade: a pod's address is the same for all who see it.
cni_configuration() {
    cat <<CONFIG
{
  "cniVersion": "0.4.0",
  "name": "cutline",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
      "ipam": {
        "type": "host-local", "dataDir": "/var/lib/cni/networks",
        "ranges": [[{"subnet": "$pod_subnet", "gateway": "$pod_gateway"}]], "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
CONFIG
}

# Image collection is off: there is no registry to get an image from again.
kubelet_configuration() {
    cat <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $pki/kubelet-server.crt
tlsPrivateKeyFile: $pki/kubelet-server.key
containerRuntimeEndpoint: unix://$containerd_socket
clusterDNS: [$dns_ip]
clusterDomain: cluster.local
resolvConf: ""
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
localStorageCapacityIsolation: false
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}
podLogsDir: $state/log/pods
volumePluginDir: $state/volume-plugins
registerWithTaints: []
syncFrequency: 10s
fileCheckFrequency: 0s
httpCheckFrequency: 0s
CONFIG
}

# conntrack limits are the machine's, and a node's namespace must not set them.
kube_proxy_configuration() {
    cat <<CONFIG
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
bindAddress: 0.0.0.0
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
clusterCIDR: $pod_range
hostnameOverride: $node_name
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0}
iptables: {syncPeriod: 30s, minSyncPeriod: 0s}
clientConnection: {kubeconfig: $configuration/kube-proxy.kubeconfig}
CONFIG
}

coredns_configuration() {
    cat <<CONFIG
.:53 {
    errors
    health 127.0.0.1:8090
    ready 127.0.0.1:8091
    cache 5
    kubernetes cluster.local in-addr.arpa {
        kubeconfig $configuration/coredns.kubeconfig
        pods verified
        ttl 1
    }
}
CONFIG
}
