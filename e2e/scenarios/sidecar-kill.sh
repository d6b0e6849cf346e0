# A sidecar is killed at moments spread over a round. Its container comes back; the application's containers are never restarted.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 3 5)
    check "three ledger pods transfer money" deploy_ledger LEDGER_RATE=10000
    check "an undisturbed round is measured" undisturbed
    for ((i = 0; i < n; i++)); do
        check "snapshot: a sidecar killed at point $((i + 1)) of $n" sidecar_killed_in_snapshot "$i" "$n"
        check "rollback: a sidecar killed at point $((i + 1)) of $n" sidecar_killed_in_rollback "$i" "$n"
    done
}

# Fresh pods each time: the kubelet's back-off from the last kill would be measured otherwise.
fresh() {
    remove_ledger
    deploy_ledger LEDGER_RATE=10000
}

sidecar_killed_in_snapshot() {
    local node pid
    fresh
    read -r node pid < <(sidecar_process "ledger-$(($1 % 3))")
    arm "$node" "$pid"
    fire "$(moment snapshot "$1" "$2")"
    snapshot "s$1" ledger
    kill_done
    nothing_stays_held
    ended_whole dsnap "s$1"
    next_is_well "s$1"
}

sidecar_killed_in_rollback() {
    local node pid
    fresh
    snapshot "line$1" ledger
    succeed dsnap "line$1"
    read -r node pid < <(sidecar_process "ledger-$(($1 % 3))")
    arm "$node" "$pid"
    fire "$(moment rollback "$1" "$2")"
    rollback "r$1" "line$1"
    kill_done
    ended_whole rb "r$1"
    nothing_stays_held
    next_is_well "r$1"
}

next_is_well() {
    snapshot "next-$1" ledger
    succeed dsnap "next-$1" 90
    rollback "next-$1" "next-$1"
    succeed rb "next-$1" 90
    transfers_go_on 20
    audit
    expect_restarts "$ledgers" 0
}
