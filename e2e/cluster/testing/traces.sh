# What a cluster may leave on the machine, as sorted lines, so that before and after can be compared.
# shellcheck shell=bash

# Other clusters and other tests may work on the machine at the same time: their folders in the control groups are not looked into.
machine_traces() {
    {
        ip -o link | awk '{ print "link", $2 }'
        ip -4 route show table all | sed 's/^/route /'
        ip netns list 2>/dev/null | sed 's/^/netns /'
        findmnt -rno TARGET,FSTYPE | sed 's/^/mount /'
        iptables-save 2>/dev/null | grep '^-A' | sed 's/^/iptables /'
        nft list ruleset 2>/dev/null | sed 's/^ */nft /'
        find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d | sed 's/^/cgroup /'
        sysctl vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys net.ipv4.ip_forward 2>/dev/null |
            sed 's/^/sysctl /'
        ls -d /run/netns /run/containerd /run/flannel /var/lib/kubelet /var/lib/cni /var/log/pods /var/log/containers \
            /opt/containerd /opt/cni /etc/cni "$@" 2>/dev/null | sed 's/^/folder /'
    } | sort -u
}

# wait_for_no_traces BEFORE FOLDER...: prints what is there and was not before, until nothing is or 20 s are over.
wait_for_no_traces() {
    local before=$1 deadline=$((SECONDS + 20)) left
    shift
    while left=$(machine_traces "$@" | comm -13 "$before" -) && [[ -n $left ]]; do
        if ((SECONDS >= deadline)); then
            printf 'left behind:\n%s\n' "$left"
            return 1
        fi
        sleep 0.2
    done
}
