# The operator is killed at moments spread over a round: nothing stays held, the round ends whole, and the next one works.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 3 10)
    check "three ledger pods transfer money" deploy_ledger LEDGER_RATE=10000
    check "an undisturbed round is measured" undisturbed
    for ((i = 0; i < n; i++)); do
        check "snapshot: the operator killed at point $((i + 1)) of $n" operator_killed_in_snapshot "$i" "$n"
        check "rollback: the operator killed at point $((i + 1)) of $n" operator_killed_in_rollback "$i" "$n"
    done
}

# killed_in snapshot|rollback NAME POINT OF ARGUMENT: asks for it, with a kill on its way.
killed_in() {
    local node pid
    renew_operator
    read -r node pid < <(operator_process)
    arm "$node" "$pid"
    fire "$(moment "$1" "$3" "$4")"
    "$1" "$2" "$5"
    kill_done
}

operator_killed_in_snapshot() {
    killed_in snapshot "s$1" "$1" "$2" ledger
    nothing_stays_held
    ended_whole dsnap "s$1"
    after_the_fault "s$1"
}

operator_killed_in_rollback() {
    killed_in rollback "r$1" "$1" "$2" base
    ended_whole rb "r$1"
    nothing_stays_held
    after_the_fault "r$1"
}

after_the_fault() {
    measure "$(what_was_recovered "$1")"
    snapshot "next-$1" ledger
    succeed dsnap "next-$1" 90
    audit
    expect_restarts "$ledgers" 0
}

# Of the operator that came after the killed one.
what_was_recovered() {
    kubectl -n cutline-system logs "$(operator_pod)" --tail=-1 | jq -rs --arg object "$namespace/$1" \
        '[.[] | select(.object == $object and (.msg | test("recovered")))] | if . == [] then "nothing to recover" else last | "\(.msg), \(del(.ts, .level, .component, .msg, .object) | tojson)" end'
}
