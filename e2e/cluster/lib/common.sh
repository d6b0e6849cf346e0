# Names, paths and addresses of one cluster, and the small words that the other parts use.
# shellcheck shell=bash disable=SC2034

kubernetes_version=v1.34.4
cache=${CUTLINE_CACHE:-/var/cache/cutline}
state_root=${CUTLINE_CLUSTER_STATE:-/var/lib/cutline-cluster}

say() { printf 'cluster: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# choose_cluster NAME: sets every name that belongs to this cluster. Nothing is made here, except that a cluster which has its
# slot (a number that keeps the addresses of clusters apart) on record gets the addresses of that slot.
choose_cluster() {
    cluster_name=$1
    [[ $cluster_name =~ ^[a-z][a-z0-9-]{0,30}$ ]] || fail "a cluster's name is lower-case letters, digits and dashes: $cluster_name"
    state=$state_root/$cluster_name
    namespaces=$state/ns
    node_name=$cluster_name-node
    cgroup=cutline-cluster-$cluster_name
    admin_kubeconfig=$state/admin.kubeconfig
    containerd_socket=$state/containerd.sock
    pki=$state/pki
    if [[ -s $state/slot ]]; then
        choose_addresses "$(cat "$state/slot")"
    fi
}

# Without a slot there are no addresses, and nothing that could be taken for another cluster's.
choose_addresses() {
    local slot=$1
    host_link=cutline$slot
    host_ip=10.111.$slot.1
    node_ip=10.111.$slot.2
    node_range=10.111.$slot.0/30
    pod_range=10.$((244 - slot)).0.0/16
    pod_subnet=10.$((244 - slot)).0.0/24
    pod_gateway=10.$((244 - slot)).0.1
    service_range=10.$((96 + slot)).0.0/16
    kubernetes_ip=10.$((96 + slot)).0.1
    dns_ip=10.$((96 + slot)).0.10
    api_url=https://$node_ip:6443
}

# Only one command at a time changes a state folder; the lock ends with this process (daemons are started without it). The last
# `down` removes the file, so a lock on a file that is no longer there does not count.
take_lock() {
    local file=$state_root/lock
    while true; do
        mkdir -p "$state_root"
        exec 9>"$file" || continue
        flock -w 300 9 || fail "another cluster command has held $file for 300 s"
        [[ $(stat -c %i "$file" 2>/dev/null) != $(stat -L -c %i "/proc/$$/fd/9") ]] || return 0
    done
}

# await SECONDS WHAT COMMAND...: polls COMMAND until it succeeds; fails by name when the time is over.
await() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            say "waited in vain for $what"
            return 1
        fi
        sleep 0.1
    done
}

# write FILE: standard input becomes the file at once, so that a reader never meets a half of it.
write() {
    mkdir -p "$(dirname "$1")"
    cat >"$1.new"
    mv -f "$1.new" "$1"
}

kubectl() { "$state/bin/kubectl" --kubeconfig "$admin_kubeconfig" "$@"; }
