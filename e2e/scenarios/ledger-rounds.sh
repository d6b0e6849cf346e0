# Snapshots and rollbacks of the ledger in a row, under load, at random moments: every cut is consistent, and the pods never notice.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 5 20)
    check "three ledger pods transfer money" deploy_ledger LEDGER_RATE=20000
    for ((i = 1; i <= n; i++)); do
        check "round $i of $n: a snapshot under load commits, and says what it did" take_snapshot "s$i"
        check "round $i of $n: its rollback puts every pod back: audit, log, no restart" go_back "r$i" "s$i"
    done
    check "an old snapshot can be gone back to" go_back r-old s1
    check "and one that lies further back than any connection's window" far_back
    check "a deleted snapshot takes its LocalCheckpoints and its images along" delete_snapshot s1 ledger-0 ledger-1 ledger-2
    check "the other snapshots stay" the_last_stays "s$n"
    check "transfers go on after all that, and the money is right" still_well
}

take_snapshot() {
    random_pause 900
    snapshot "$1" ledger
    succeed dsnap "$1"
    columns_are_filled "$1" 3
    transfers_go_on 20
    measure "$(value dsnap "$1" '"held \(.status.timings.held), \(.status.bytes / 1048576 | floor) MiB, \(.status.proof.inTransitBytes) B in transit"')"
}

go_back() {
    random_pause 900
    rollback "$1" "$2"
    succeed rb "$1"
    [[ $(value rb "$1" .status.membersRestored) == 3/3 && $(value rb "$1" .status.to) == "$2" ]]
    transfers_go_on 20
    audit
    expect_restarts "$ledgers" 0
    log_goes_on ledger-1 ledger ledger
    measure "$(value rb "$1" '"restore \(.status.timings.restore), total \(.status.timings.total)"')"
}

# Nodes drop what lies outside of a connection's window: 20 MiB on each.
far_back() {
    snapshot far ledger
    succeed dsnap far
    transfers_move_on 240 700000
    go_back r-far far
}

the_last_stays() { holds dsnap "$1" Committed && [[ $(checkpoints_of "$1") == 3 ]]; }

still_well() {
    transfers_go_on 20
    audit
    expect_restarts "$ledgers" 0
}
