# The domino effect: each pod sends in answer only, so that between any two checkpoints a message crosses, and all have to begin anew. Those that
# are taken while both gates are closed are consistent by chance; all three at once hardly ever are, with timers that spread so wide. An audit brings
# the pods to rest, and a checkpoint of each taken then would be a line: so none is taken meanwhile.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 3 30)
    check "three ledger pods play ping-pong, and take checkpoints by timers of their own" deploy_ping_pong
    check "without allowRestart a rollback is refused for want of a line, and nothing is touched" refused_for_want_of_a_line
    check "with allowRestart a dry run shows how the dominoes fall, and touches nothing" dry_run
    for ((i = 1; i <= n; i++)); do
        check "round $i of $n: kill -9; by itself the workload goes back, and the audit holds" one_fall "$i"
    done
    check "dominoes fell to the start" fell_to_the_start
}

# domino_policy ALLOW-RESTART MODE [INTERVAL JITTER]
domino_policy() {
    ledger_policy 'protocol: Independent' "independent: {interval: ${3:-3s}, jitter: ${4:-2500ms}, lost: Allow, allowRestart: $1}" \
        "recovery: {mode: $2, limit: 100, backoff: 100ms}"
}

audit_without_checkpoints() {
    domino_policy true Manual 1h 0s
    transfers_go_on 60
    audit_within 60
}

deploy_ping_pong() {
    deploy_ledger LEDGER_PING_PONG=1 LEDGER_RECONNECT=1 LEDGER_RATE=2000
    domino_policy false Manual
    : >"$work/falls"
    three_more_checkpoints
}

three_more_checkpoints() {
    local i before
    for i in 1 2 3; do
        before=$(newest_checkpoints)
        await 60 "a checkpoint of each pod" checkpoints_after "$before"
    done
}

pods_now() { k get pod -l "$ledgers" -o json | jq -r '.items[] | "\(.metadata.uid) \(.status.containerStatuses[0].restartCount)"' | sort; }

refused_for_want_of_a_line() {
    local before
    before=$(pods_now)
    rollback_by refused 'policyRef: {name: ledger}, to: {latest: true}, pods: [ledger-1]'
    fails_naming rb refused 'no recovery line'
    [[ $(pods_now) == "$before" ]] || fail "pods were touched"
    audit_without_checkpoints
}

dry_run() {
    local before
    domino_policy true Manual
    three_more_checkpoints
    before=$(pods_now)
    rollback_by dry 'policyRef: {name: ledger}, to: {latest: true}, pods: [ledger-1], dryRun: true'
    await 30 "the plan" holds rb dry Planned
    [[ $(went_to_start dry) == 3 ]] || fail "the plan: $(value rb dry '.status.plan')"
    (($(value rb dry .status.dominoDepth) >= 2)) || fail "depth $(value rb dry .status.dominoDepth) after three checkpoints"
    measure "$(value rb dry '"depth \(.status.dominoDepth)"')" "$(value rb dry '.status.plan[0] | "\(.pod): \(.because)"' | cut -c1-200)"
    [[ $(pods_now) == "$before" ]] || fail "pods were touched"
    audit_without_checkpoints
}

went_to_start() { value rb "$1" '[.status.plan[] | select(.to == 0 or .to == "0" or .to == "start")] | length'; }

one_fall() {
    local name depth
    domino_policy true Automatic
    three_more_checkpoints
    kill_and_recover ledger-$((RANDOM % 3))
    name=$recovery
    succeed rb "$name" 120
    depth=$(value rb "$name" .status.dominoDepth)
    echo "$depth $(went_to_start "$name")" >>"$work/falls"
    value rb "$name" '.status.plan[] | "\(.pod) \(.from) -> \(.to): \(.because)"'
    measure "depth $depth, $(value rb "$name" '.status.plan | map("\(.pod) to \(.to)") | join(", ")')"
    await 120 "three ledger pods" pods_are_ready "$ledgers" 3
    audit_without_checkpoints
}

fell_to_the_start() {
    awk '$2 == 3 { all++ } END { exit !all }' "$work/falls" || fail "never all the way: $(xargs <"$work/falls")"
    measure "all the way in $(awk '$2 == 3' "$work/falls" | wc -l) of $(wc -l <"$work/falls")"
}
