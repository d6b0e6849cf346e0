# Independent checkpoints under load: an application is killed at a random moment, the recovery line is found, and all is well by itself.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 3 30)
    check "four ledger pods take checkpoints by timers of their own" deploy_independent
    for ((i = 1; i <= n; i++)); do
        check "round $i of $n: kill -9 at a random moment; a rollback begins by itself, and the audit holds" one_failure "$i"
    done
    check "the domino depths of the $n rollbacks" show_depths
}

deploy_independent() {
    deploy_ledger PODS=4 LEDGER_RECONNECT=1 LEDGER_RATE=400 LEDGER_BURST=400
    ledger_policy 'protocol: Independent' 'independent: {interval: 2s, jitter: 1s, lost: Allow, allowRestart: false}' \
        'recovery: {mode: Automatic, limit: 100, backoff: 100ms}'
    quiet_moment
    : >"$work/depths"
}

# quiet_moment: nobody sends, until each pod has one more checkpoint: from here on there is a line.
quiet_moment() {
    local before
    hush 40
    before=$(newest_checkpoints)
    await 60 "a checkpoint of each pod" checkpoints_after "$before"
}

one_failure() {
    local graphs=(all all '0>1,1>2,2>3' '0-1,1-2,2-3' '0>1,1>2,2>3,3>0' '0>1,0>2,0>3') graph victim name began
    graph=${graphs[RANDOM % ${#graphs[@]}]} victim=ledger-$((RANDOM % 4))
    quiet_moment
    ledger_do graph "$graph" >/dev/null
    sleep $((2 + RANDOM % 6))
    random_pause 999
    began=$(milliseconds)
    kill_and_recover "$victim"
    name=$recovery
    succeed rb "$name" 60
    measure "$graph, $victim: depth $(value rb "$name" '"\(.status.dominoDepth), \(.status.plan | length) went back, \(.status.lost.connections // 0) connections closed"'), $(($(milliseconds) - began)) ms"
    value rb "$name" '"\(.status.dominoDepth) \(.status.plan | length)"' >>"$work/depths"
    value rb "$name" '.status.plan[] | "\(.pod) \(.from) -> \(.to): \(.because)"'
    hush 60
    expect_restarts "$ledgers" 0
}

show_depths() {
    [[ -s $work/depths ]] || fail "there was no rollback"
    measure "$(awk '{ count[$1]++; pods += $2; if ($1 > top) top = $1 }
        END { for (d = 0; d <= top; d++) printf "depth %d: %d, ", d, count[d]; printf "%.1f pods a rollback", pods / NR }' "$work/depths")"
}
