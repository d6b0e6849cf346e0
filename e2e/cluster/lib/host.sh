# What the machine must have, what it had before the first cluster, and putting that back after the last one.
# shellcheck shell=bash

readonly kubelet_sysctls=(vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys
    kernel.keys.root_maxbytes)
# Paths that Kubernetes and CNI have written into their code. The node sees its own folders there; the machine only empty ones.
readonly node_folders=(/var/lib/kubelet /var/lib/cni /var/log/containers)

check_prerequisites() {
    ((EUID == 0)) || fail "this needs root"
    local tool missing=()
    for tool in containerd ctr runc buildah iptables conntrack nsenter unshare flock ip openssl curl gcc jq; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    [[ -x /usr/lib/cni/bridge && -x /usr/lib/cni/portmap ]] || missing+=("/usr/lib/cni plugins")
    ((${#missing[@]} == 0)) || fail "missing: ${missing[*]}; tools/install installs them (Debian: containerd runc buildah" \
        "containernetworking-plugins iptables conntrack util-linux iproute2 openssl curl gcc libc6-dev jq)"
}

prepare_host() {
    local before=$state_root/before folder
    [[ -d $before ]] && return
    mkdir -p "$before.new"
    sysctl "${kubelet_sysctls[@]}" >"$before.new/sysctls" 2>/dev/null || true
    for folder in "${node_folders[@]}"; do
        [[ -d $folder ]] || echo "$folder"
    done >"$before.new/folders"
    mv -T "$before.new" "$before"
}

# Only after the last cluster of this state folder is gone.
restore_host() {
    local before=$state_root/before folder
    if [[ -d $before ]]; then
        sysctl -q -p "$before/sysctls" || true
        while read -r folder; do
            rmdir "$folder" 2>/dev/null || true
        done <"$before/folders"
    fi
    rm -rf "$before" "$before.new"
}

# The slot is taken when another cluster's link or routes exist, whatever state folder that cluster has.
prepare_state() {
    mkdir -p "$state"/{bin,log,run}
    forget_previous_boot
    if [[ ! -e $state/slot ]]; then
        ! [[ -e $(any_hierarchy)/$cgroup ]] || fail "a cluster named $cluster_name runs already, with another state folder"
        local slot=0
        while ip link show "cutline$slot" >/dev/null 2>&1 || grep -qxF "$slot" "$state_root"/*/slot 2>/dev/null; do
            slot=$((slot + 1))
            ((slot < 10)) || fail "ten clusters are up already"
        done
        echo "$slot" | write "$state/slot"
        choose_addresses "$slot"
    fi
    local tool
    for tool in kubectl kubelet kube-proxy kube-apiserver kube-controller-manager kube-scheduler etcd coredns; do
        ln -sfn "$cache/bin/node" "$state/bin/$tool"
    done
    ln -sfn "$cache/bin/helm" "$state/bin/helm"
}

# After a reboot the recorded processes, mounts and sandboxes are gone, whatever the files say.
forget_previous_boot() {
    local boot
    boot=$(cat /proc/sys/kernel/random/boot_id)
    if [[ $(cat "$state/boot" 2>/dev/null) != "$boot" ]]; then
        rm -rf "$state/run" "$containerd_socket"
        mkdir -p "$state/run"
        echo "$boot" | write "$state/boot"
    fi
}
