# Objects of the scenario's namespace.
# shellcheck shell=bash

k() { kubectl -n "$namespace" "$@"; }

remove_namespace() { kubectl delete namespace "$1" --ignore-not-found --timeout=60s; }

# manifest FILE [NAME=VALUE...]: with our images, and values of environment variables replaced.
manifest() {
    local file=$1 pair edits=(-e "s|^  deadline: .*|  deadline: ${deadline}s|" -e "s|\(localhost/cutline/[a-z]*\):dev|\1:$tag|")
    shift
    for pair; do edits+=(-e "s|{name: ${pair%%=*}, value: [^}]*}|{name: ${pair%%=*}, value: \"${pair#*=}\"}|"); done
    sed "${edits[@]}" "$file"
}

pods_of() { k get pod -l "$1" --sort-by=.metadata.name -o 'jsonpath={.items[*].metadata.name}'; }

# addresses SELECTOR: of its pods, by name, with commas.
addresses() { k get pod -l "$1" --sort-by=.metadata.name -o 'jsonpath={.items[*].status.podIP}' | tr ' ' ,; }

# restarts SELECTOR: how often its application containers were restarted, in all.
restarts() { k get pod -l "$1" -o json | jq '[.items[].status.containerStatuses[]?.restartCount] | add // 0'; }

pods_are_ready() {
    k get pod -l "$1" -o json | jq -e --argjson n "$2" '[.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status == "True"))] | length == $n' >/dev/null
}

expect_restarts() {
    local now
    now=$(restarts "$1")
    [[ $now == "$2" ]] || fail "application containers were restarted: $now times, not $2"
}

# said POD CONTAINER TEXT: whether the container's log has it.
said() { k logs "$1" -c "$2" --tail=50 | grep -qF -- "$3"; }
