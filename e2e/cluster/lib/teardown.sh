# Down: processes first, then what they held. Each step can be repeated, and a half-made cluster goes as well.
# shellcheck shell=bash

cluster_down() {
    ((EUID == 0)) || fail "this needs root"
    take_lock
    if [[ -d $state ]]; then
        remove_cluster
    elif [[ -e $(any_hierarchy)/$cgroup ]]; then
        fail "$cluster_name runs with another state folder; set CUTLINE_CLUSTER_STATE"
    else
        say "$cluster_name is not up"
    fi
    if ! others_are_up; then
        restore_host
        rm -f "$state_root/lock"
        rmdir "$state_root" 2>/dev/null || true
    fi
}

remove_cluster() {
    local began=$SECONDS
    kill_everything
    remove_network
    remove_mounts
    remove_cgroups
    rm -rf --one-file-system "$state"
    say "$cluster_name is down after $((SECONDS - began)) s"
}

# The namespaces' files are the last holders: with them go every mount, rule, route, bridge and pod network of the node.
remove_mounts() {
    mountpoint -q "$namespaces" || return 0
    remove_namespace mnt
    remove_namespace net
    umount "$namespaces"
}

others_are_up() {
    compgen -G "$state_root/*/slot" >/dev/null
}
