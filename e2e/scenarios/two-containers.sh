# The containers of a pod share its connections and are saved as one: two ledgers, and a shell with children, in each pod.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 5 20)
    check "three pods of three containers run" deploy_many
    for ((i = 1; i <= n; i++)); do
        check "round $i of $n: a snapshot and its rollback take all containers along" many_round "s$i" "r$i" "$i"
    done
}

deploy_many() {
    manifest "$scenarios/manifests/two-containers.yaml" | k apply -f -
    await 120 "three pods" pods_are_ready "$ledgers" 3
    both_go_on
    audit 7401 7411
}

both_go_on() { transfers_go_on 30 7401; transfers_go_on 30 7411; }

many_round() {
    local ticks
    snapshot "$1" ledger
    succeed dsnap "$1"
    columns_are_filled "$1" 3
    both_go_on
    ticks=$(last_tick ledger-0)
    await 20 "ticks beyond the snapshot" tick_is_beyond ledger-0 $((ticks + 5))
    random_pause 900
    rollback "$2" "$1"
    succeed rb "$2"
    both_go_on
    audit 7401 7411
    expect_restarts "$ledgers" 0
    log_goes_on ledger-2 second ledger
    await 20 "the shell to count on from where it was at the snapshot" went_back ledger-0 "$3"
    measure "$(value dsnap "$1" '"held \(.status.timings.held)"'), $(value rb "$2" '"restore \(.status.timings.restore)"')"
}

last_tick() { k logs "$1" -c ticker --tail=1 | awk '{ print $2 }'; }
tick_is_beyond() { (($(last_tick "$1") > $2)); }
# So many times a smaller number followed a greater one; and the shell has counted on since the last time.
went_back() { k logs "$1" -c ticker --tail=-1 | awk -v times="$2" '$1 == "tick" { if ($2 <= last) { n++; back = NR }; last = $2 } END { exit !(n == times && NR > back + 2) }'; }
