# An application that died, and one whose state is wrong: a rollback makes both well. And how a restored one ends is how its container ends.
# shellcheck shell=bash

scenario_main() {
    check "three ledger pods transfer money, and a snapshot is taken" snapshot_first
    check "a dead and a corrupt application are put back by one rollback, with no further restart" put_back
    check "the next snapshot and rollback of the restarted container work" next_round
    check "a restored application ended by SIGTERM ends its container with 143" ends_as TERM 143 ledger-1
    check "a restored application ended by SIGKILL ends its container with 137" ends_as KILL 137 ledger-2
}

snapshot_first() {
    deploy_ledger LEDGER_RATE=10000
    snapshot line ledger
    succeed dsnap line
}

restart_count() { k get pod "$1" -o 'jsonpath={.status.containerStatuses[0].restartCount}'; }
has_restarted() { (($(restart_count "$1") > $2)) && pods_are_ready "$ledgers" 3; }

put_back() {
    local node pid
    read -r node pid < <(process "$namespace" ledger-0 ledger ledger)
    on_node "$node" "kill -9 $pid"
    await 60 "the restart of ledger-0" has_restarted ledger-0 0
    anywhere /ledger corrupt --pods "$(k get pod ledger-1 -o 'jsonpath={.status.podIP}')"
    if audit; then fail "the audit does not see the damage: it shows nothing"; fi
    rollback back line
    succeed rb back
    transfers_go_on 20
    audit
    expect_restarts "$ledgers" 1
    log_goes_on ledger-0 ledger ledger
}

next_round() {
    snapshot again ledger
    succeed dsnap again
    rollback again again
    succeed rb again
    transfers_go_on 20
    audit
    expect_restarts "$ledgers" 1
}

# ends_as SIGNAL CODE POD
ends_as() {
    local node pid before code
    before=$(restart_count "$3")
    read -r node pid < <(process "$namespace" "$3" ledger ledger)
    on_node "$node" "kill -$1 $pid"
    await 60 "the restart of $3" has_restarted "$3" "$before"
    code=$(k get pod "$3" -o 'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}')
    [[ $code == "$2" ]] || fail "the container ended with $code, not $2"
}
