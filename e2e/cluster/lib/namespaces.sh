# The node's own place: a network and a mount namespace kept by files, a control group in every hierarchy, a link to the machine.
# Everything that the node mounts, filters or routes is in there, so it cannot stay behind. Processes share the machine's PIDs.
# shellcheck shell=bash

prepare_namespaces() {
    prepare_cgroups
    mkdir -p "$namespaces" "$state"/{kubelet,cni,containers-log}
    mkdir -p "${node_folders[@]}"
    if ! mountpoint -q "$namespaces"; then
        mount -t tmpfs -o mode=700,size=1m cutline-namespaces "$namespaces"
        mount --make-private "$namespaces"
    fi
    [[ -e $namespaces/ready ]] && return
    remove_namespace net
    remove_namespace mnt
    touch "$namespaces/net" "$namespaces/mnt"
    unshare --net="$namespaces/net" true
    unshare --mount="$namespaces/mnt" --propagation private bash -c "$(declare -f furnish_mounts); furnish_mounts \"\$@\"" \
        furnish "$state" "$state_root"
    touch "$namespaces/ready"
}

remove_namespace() {
    while mountpoint -q "$namespaces/$1"; do
        umount "$namespaces/$1"
    done
    rm -f "$namespaces/$1"
}

# Runs inside the new mount namespace. Mounts of other clusters and kept network namespaces are let go, or they would live as long
# as this node; what pods mount is shared among them, never with the machine.
furnish_mounts() {
    set -euo pipefail
    local state=$1 state_root=$2 target
    findmnt -rno TARGET -t nsfs,tmpfs | grep -E "^(/run/|$state_root/)" | sort -r | while read -r target; do
        umount -l "$target" || true
    done
    mount --make-rshared /
    mount -t tmpfs -o mode=755 node-run /run
    mkdir -p /run/lock
    mount --bind "$state/kubelet" /var/lib/kubelet
    mount --bind "$state/cni" /var/lib/cni
    mount --bind "$state/containers-log" /var/log/containers
    mount --make-rshared /
}

in_node() {
    nsenter --net="$namespaces/net" --mount="$namespaces/mnt" -- "$@"
}

# The link between machine and node. The node has no default route and the machine does not forward for it: nothing leaves.
# Blackholes beneath keep traffic for absent pods off the machine's default route.
prepare_network() {
    local net=(nsenter --net="$namespaces/net")
    if ! "${net[@]}" ip link show eth0 >/dev/null 2>&1; then
        ip link delete "$host_link" 2>/dev/null || true
        "${net[@]}" ip link add eth0 type veth peer name "$host_link" netns $$
    fi
    if ! "${net[@]}" ip link show cni0 >/dev/null 2>&1; then
        "${net[@]}" ip link add cni0 address 0a:58:0a:00:00:01 type bridge
    fi
    "${net[@]}" bash -euc "
        ip link set lo up
        ip addr replace $node_ip/30 dev eth0
        ip link set eth0 up
        ip addr replace $pod_gateway/24 dev cni0
        ip link set cni0 up
        ip route replace $service_range dev cni0 src $node_ip
        sysctl -q -w net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1"
    ip addr replace "$host_ip/30" dev "$host_link"
    ip link set "$host_link" up
    local range
    for range in "$pod_range" "$service_range"; do
        ip route replace "$range" via "$node_ip" dev "$host_link"
    done
    for range in "$pod_range" "$service_range" "$node_range"; do
        ip route replace blackhole "$range" metric 4096
    done
}

remove_network() {
    local range
    [[ -s $state/slot ]] || return 0
    ip link delete "$host_link" 2>/dev/null || true
    for range in "$pod_range" "$service_range" "$node_range"; do
        ip route delete blackhole "$range" metric 4096 2>/dev/null || true
    done
}
