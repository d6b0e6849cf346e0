# The ledger workload: three pods that send each other money; an audit says whether a cut was consistent.
# shellcheck shell=bash

ledgers=app=ledger

# deploy_ledger [MANIFEST] [NAME=VALUE...]: and wait until each pod has taken part in transfers.
deploy_ledger() {
    local file=$here/workloads/ledger/ledger.yaml
    if (($#)) && [[ $1 != *=* ]]; then file=$1; shift; fi
    manifest "$file" "$@" | k apply -f -
    manifest "$here/workloads/ledger/policy.yaml" | k apply -f -
    await 120 "three ledger pods" pods_are_ready "$ledgers" 3
    transfers_go_on 30
    audit
}

remove_ledger() {
    k delete statefulset ledger --cascade=foreground --timeout=60s
    await 60 "the ledger's pods to go" no_ledgers
}
no_ledgers() { [[ -z $(pods_of "$ledgers") ]]; }

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

counts_have_moved() {
    local now
    now=$(received "$2")
    [[ $(wc -l <<<"$now") -ge 6 ]] || fail "not every connection is there: $now"
    join -1 1 -2 1 <(awk '{ print $1 "-" $2, $3 }' <<<"$1" | sort) <(awk '{ print $1 "-" $2, $3 }' <<<"$now" | sort) |
        awk '$2 == $3 { print "stands still: " $1 " at " $2; still = 1 } END { exit still }'
}

# log_goes_on POD CONTAINER NAME: what the (restored) process writes to its own standard error arrives in `kubectl logs`.
log_goes_on() {
    local node pid mark="mark-$RANDOM-$(milliseconds)"
    read -r node pid < <(process "$namespace" "$1" "$2" "$3")
    on_node "$node" "echo $mark >/proc/$pid/fd/2"
    await 15 "a line of the process in the log of $1" said "$1" "$2" "$mark"
}
