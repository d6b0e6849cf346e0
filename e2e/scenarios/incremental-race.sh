# Traffic that begins between discovery and trigger: an incremental snapshot is extended at the cut, and is never inconsistent.
# shellcheck shell=bash

pods=8

scenario_main() {
    local n i
    n=$(rounds_or 5 50)
    check "eight ledger pods, each connected with each, fall silent" deploy
    for ((i = 1; i <= n; i++)); do
        check "try $i of $n: pods begin to send to members while these are found; the cut is consistent" one_try "$i"
    done
    check "an extension at the cut was seen" extension_seen
}

deploy() {
    deploy_silent "$pods" LEDGER_RATE=500
    : >"$work/extended"
    echo 400 >"$work/delay"
}

# 0 has sent to 1. One after the other, each of the others begins to send to one of these two; some do so in the moment that matters. When that
# is depends on the machine: the next try begins later if nearly all were found already, and sooner if hardly any.
one_try() {
    local i=$1 planned taken spread=$((15 + RANDOM % 30)) delay
    delay=$(($(cat "$work/delay") + RANDOM % 50))
    snapshot "base$i" ledger '' 'protocol: Coordinated'
    succeed dsnap "base$i"
    ledger_do mark >/dev/null
    ledger_do_at "0 1" graph '0>1' >/dev/null
    await 30 "the edge that is there before" talks_along '0>1'
    ledger_do_at "$(printf '%s\n' 2 3 4 5 6 7 | shuf | xargs)" graph '0>1,2>1,3>0,4>1,5>0,6>1,7>0' \
        --after "$delay" --spread "$spread" >/dev/null
    snapshot "t$i" ledger
    succeed dsnap "t$i"
    [[ $(value dsnap "t$i" .status.proof.orphans) == 0 ]] || fail "the proof finds orphans"
    planned=$(planned_members "t$i") taken=$(members_of "t$i" | wc -w)
    ((taken >= planned)) || fail "$planned were found, and only $taken taken"
    if ((taken > planned)); then echo "t$i" >>"$work/extended"; fi
    if ((planned > 6)); then echo $((delay + 150)); elif ((planned < 4)); then echo $((delay > 150 ? delay - 100 : 50)); else echo "$delay"; fi >"$work/delay"
    rollback "r$i" "t$i"
    succeed rb "r$i"
    hush
    expect_restarts "$ledgers" 0
    measure "from $delay ms on, every $spread ms: $planned found, $taken taken"
}

# How many the discovery had found; the members in the status are then those that were taken.
planned_members() {
    k get dsnap "$1" -o json | jq -er '.status.conditions[] | select(.type == "Planned") | .message | capture("with (?<n>[0-9]+)").n'
}

extension_seen() {
    [[ -s $work/extended ]] || fail "in no try did anybody new come in between discovery and cut: this shows nothing"
    measure "in $(wc -l <"$work/extended") tries"
}
