# Incremental snapshots save exactly those that depend on the initiator: in random graphs of who sends to whom, beside the pods' own word.
# shellcheck shell=bash

pods=8

scenario_main() {
    local n i
    n=$(rounds_or 5 50)
    check "eight ledger pods, each connected with each, fall silent" deploy
    for ((i = 1; i <= n; i++)); do
        check "graph $i of $n: the members are those that depend on the initiator, and each says why" one_graph "$i"
    done
    check "closure Paper leaves out who has sent to a member, and reports the orphan" paper_orphan
    check "a rollback to an incremental snapshot is consistent" go_back
}

deploy() {
    deploy_silent "$pods" LEDGER_RATE=400
    baseline base
}

# baseline NAME: everybody has a checkpoint; from here on the pods count whom they send to.
baseline() {
    snapshot "$1" ledger '' 'protocol: Coordinated'
    succeed dsnap "$1"
    [[ $(members_of "$1" | wc -w) == "$pods" ]] || fail "a coordinated snapshot has the members $(members_of "$1")"
    ledger_do mark >/dev/null
}

# Every other graph is still talking while the snapshot is taken. What a pod that was left out has sent stays for the next graph.
one_graph() {
    local i=$1 graph initiator truth want members last_base
    last_base=$(k get dsnap -o json | jq -r '[.items[] | select(.spec.protocol == "Coordinated")] | max_by(.status.epoch).metadata.name')
    initiator=$((RANDOM % pods))
    graph=$(random_graph "$pods" $((RANDOM % 9)))
    ledger_do graph "$graph" >/dev/null
    await 30 "each edge of $graph to carry something" talks_along "$graph"
    ((i % 2)) || hush
    truth=$(talk)
    want=$(closure Consistent "$initiator" <<<"$truth")
    snapshot "g$i" ledger '' "protocol: Incremental, initiator: ledger-$initiator"
    succeed dsnap "g$i"
    members=$(members_of "g$i")
    [[ $members == "$want" ]] || fail "the members are $members, those that depend on $initiator are $want; sent were: $(tr '\n' ';' <<<"$truth")"
    [[ $(checkpoints_of "g$i") == $(wc -w <<<"$members") ]] || fail "$(checkpoints_of "g$i") LocalCheckpoints for the members $members"
    reasons_are_told "g$i" "ledger-$initiator" "$truth"
    if ((i % 2)); then
        hush
        last_base=base$i
        baseline "$last_base"
    else
        ledger_do_at "$members" mark >/dev/null
    fi
    expect_restarts "$ledgers" 0
    measure "$(awk 'NF' <<<"$truth" | wc -l) edges, from $initiator: $members; $(cost "g$i"); all: $(cost "$last_base")"
}

# cost SNAPSHOT: what it took.
cost() { value dsnap "$1" '"held \(.status.timings.held), \((.status.bytes / 1048576) | floor) MiB"'; }

# reasons_are_told SNAPSHOT INITIATOR EDGES: each member but the initiator names another one, and they have really exchanged something that way.
reasons_are_told() {
    local pod why from other
    while read -r pod why from; do
        other=${from#ledger-}
        case $why in
            Initiator) [[ $pod == "$2" ]] || fail "$pod says it is the initiator" ;;
            SentTo) grep -qx "$other ${pod#ledger-}" <<<"$3" || fail "$pod is said to have been sent something by $from" ;;
            ReceivedFrom) grep -qx "${pod#ledger-} $other" <<<"$3" || fail "$pod is said to have sent something to $from" ;;
            *) fail "$pod says: $why" ;;
        esac
    done < <(value dsnap "$1" '.status.members[] | "\(.pod) \(.why) \(.from // "")"')
}

paper_orphan() {
    local orphans
    hush
    baseline base-paper
    ledger_policy 'protocol: Incremental' 'incremental: {initiator: ledger-0, closure: Paper, fullEvery: 0}'
    ledger_do graph '0>1,2>1' >/dev/null
    await 30 "both edges to carry something" talks_along '0>1,2>1'
    hush
    snapshot paper ledger
    succeed dsnap paper
    [[ $(members_of paper) == "0 1" ]] || fail "the members are $(members_of paper)"
    orphans=$(value dsnap paper '.status.proof.orphans // 0')
    ((orphans > 0)) || fail "1 has received what 2 has not sent, and the status knows of no orphan: $(value dsnap paper .status.proof)"
    measure "orphans $orphans"
    ledger_policy 'protocol: Incremental' 'incremental: {initiator: ledger-0, closure: Consistent, fullEvery: 0}'
}

go_back() {
    hush
    baseline base-last
    ledger_do graph '0>1,1>2,3>2,4-5' >/dev/null
    await 30 "each edge to carry something" talks_along '0>1,1>2,3>2,4>5,5>4'
    snapshot last ledger
    succeed dsnap last
    [[ $(members_of last) == "0 1 2 3" ]] || fail "the members are $(members_of last)"
    rollback last last
    succeed rb last
    expect_restarts "$ledgers" 0
    hush
    measure "$(value rb last '"\(.status.plan | map(.pod) | sort | join(" ")) went back"')"
}
