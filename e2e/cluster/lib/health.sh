# Is it up? And what is there to see.
# shellcheck shell=bash

# Fast, and true only when a pod could be started and would be served.
is_healthy() {
    local component
    [[ -e $namespaces/ready && -e $admin_kubeconfig ]] || return 1
    for component in "${components[@]}"; do
        is_running "$component" || return 1
    done
    api_is_ready >/dev/null 2>&1 && node_is_ready && dns_is_served
}

node_is_ready() {
    [[ $(kubectl get node "$node_name" --request-timeout 5s \
        -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null) == True ]] || return 1
    kubectl --request-timeout 5s -n default get serviceaccount default >/dev/null 2>&1
}

# Through the Service, from the machine: kube-proxy's rules, the routes and CoreDNS itself.
dns_is_served() {
    in_node curl -fsS --max-time 2 http://127.0.0.1:8091/ready >/dev/null 2>&1 &&
        timeout 2 bash -c "exec 3<>/dev/tcp/$dns_ip/53" 2>/dev/null
}

# Asks one component itself. Needs no other, but for etcd beneath the API server.
answers() {
    local ask=(in_node curl -fsSk -o /dev/null --max-time 3)
    case $1 in
        etcd) "${ask[@]}" http://127.0.0.1:2379/health ;;
        containerd) timeout 3 ctr --address "$containerd_socket" version ;;
        kube-apiserver) api_is_ready ;;
        kube-controller-manager) "${ask[@]}" https://127.0.0.1:10257/healthz ;;
        kube-scheduler) "${ask[@]}" https://127.0.0.1:10259/healthz ;;
        kubelet) "${ask[@]}" http://127.0.0.1:10248/healthz ;;
        kube-proxy) "${ask[@]}" http://127.0.0.1:10256/healthz ;;
        coredns) "${ask[@]}" http://127.0.0.1:8091/ready ;;
    esac >/dev/null 2>&1
}

await_health() {
    await 20 "a healthy cluster" is_healthy && return
    local component
    for component in "${components[@]}"; do
        require "$component" 10
    done
    await 90 "a healthy cluster" is_healthy || fail "not healthy; look at: $here/cluster status, $here/cluster logs COMPONENT"
}

show_status() {
    local component pid start
    for component in "${components[@]}"; do
        if is_running "$component"; then
            read -r pid start <"$state/run/$component.pid"
            printf '%-24s running, pid %s\n' "$component" "$pid"
        else
            printf '%-24s not running\n' "$component"
        fi
    done
    if is_healthy; then
        kubectl get nodes -o wide
        kubectl get pods -A
    else
        say "not healthy; \"$here/cluster up\" repairs it"
        return 1
    fi
}

show_logs() {
    if (($# == 0)); then
        find "$state/log" -maxdepth 1 -name '*.log' -printf '%f %s bytes\n' | sort
        return
    fi
    [[ -r $state/log/$1.log ]] || fail "no log of $1; there are: ${components[*]}"
    cat "$state/log/$1.log"
}
