# The ledger workload: pods that send each other money; an audit says whether a cut was consistent.
# shellcheck shell=bash

ledgers=app=ledger

# deploy_ledger [MANIFEST] [PODS=N] [NAME=VALUE...]: and wait until each pod has taken part in transfers.
deploy_ledger() {
    local file=$here/workloads/ledger/ledger.yaml pods=3
    if (($#)) && [[ $1 != *=* ]]; then file=$1; shift; fi
    if [[ ${1:-} == PODS=* ]]; then pods=${1#*=}; shift; fi
    manifest "$file" "$@" | sed "s/replicas: 3/replicas: $pods/; s/{0\.\.2}/{0..$((pods - 1))}/" | k apply -f -
    ledger_policy "protocol: Coordinated"
    await 180 "$pods ledger pods" pods_are_ready "$ledgers" "$pods"
    transfers_go_on 60
    audit
}

# ledger_policy PROTOCOL [LINE...]: the policy with this protocol, and further lines of its spec.
ledger_policy() {
    local lines
    lines=$(printf '  %s\\n' "$@")
    manifest "$here/workloads/ledger/policy.yaml" | sed "s/^  protocol: .*/${lines%\\n}/" | k apply -f -
}

remove_ledger() {
    k delete statefulset ledger --cascade=foreground --timeout=60s
    await 60 "the ledger's pods to go" no_ledgers
}
no_ledgers() { [[ -z $(pods_of "$ledgers") ]]; }

# ledger_do COMMAND [ARGUMENT...]: of all pods; ledger_do_at "INDEX..." COMMAND [ARGUMENT...]: of some.
ledger_do() { anywhere /ledger "$@" --pods "$(addresses "$ledgers")"; }
ledger_do_at() {
    local list='' index of
    of=$(k get pod -l "$ledgers" -o json | jq -r '.items[] | "\(.metadata.name | sub("ledger-"; "")) \(.status.podIP)"')
    for index in $1; do list+=$(awk -v index_="$index" '$1 == index_ { print $2 }' <<<"$of"),; done
    shift
    anywhere /ledger "$@" --pods "${list%,}"
}

# The audit of a workload that may still be connecting again: it has this many seconds to come to rest.
audit_within() { ledger_do audit --within "$1" || fail "the audit failed"; }

# Each pod's state as JSON; ports: where the pods answer, if not at 7401.
ledger_ask() { anywhere /ledger "$1" --pods "$(addresses "$ledgers" | sed "s/,/:${2:-7401},/g"):${2:-7401}"; }

audit() {
    local port
    for port in "${@:-7401}"; do
        ledger_ask audit "$port" || fail "the audit at port $port failed"
    done
}

# What each pod has received from each other, as lines of "from to count".
received() {
    ledger_ask state "${1:-7401}" | jq -r '.index as $to | .peers | to_entries[] | "\(.key) \($to) \(.value.received.count)"' | sort
}

# transfers_go_on SECONDS [PORT]: on every connection the count moves between two looks.
transfers_go_on() {
    local before
    await "$1" "all ledger pods to answer" received "${2:-7401}"
    before=$(received "${2:-7401}")
    await "$1" "transfers on every connection to go on" counts_have_moved "$before" "${2:-7401}"
}

# transfers_move_on SECONDS COUNT: so many more are received on every connection.
transfers_move_on() {
    local before
    before=$(received 7401)
    await "$1" "$2 more transfers on every connection" counts_have_moved "$before" 7401 "$2"
}

# counts_have_moved BEFORE PORT [BY]
counts_have_moved() {
    local now pods
    now=$(received "$2")
    pods=$(pods_of "$ledgers" | wc -w)
    [[ $(wc -l <<<"$now") -ge $((pods * (pods - 1))) ]] || fail "not every connection is there: $now"
    join -1 1 -2 1 <(awk '{ print $1 "-" $2, $3 }' <<<"$1" | sort) <(awk '{ print $1 "-" $2, $3 }' <<<"$now" | sort) |
        awk -v by="${3:-1}" '$3 < $2 + by { print "stands still: " $1 " at " $3; still = 1 } END { exit still }'
}

# log_goes_on POD CONTAINER NAME: what the (restored) process writes to its own standard error arrives in `kubectl logs`.
log_goes_on() {
    local node pid mark="mark-$RANDOM-$(milliseconds)"
    read -r node pid < <(process "$namespace" "$1" "$2" "$3")
    on_node "$node" "echo $mark >/proc/$pid/fd/2"
    await 15 "a line of the process in the log of $1" said "$1" "$2" "$mark"
}
