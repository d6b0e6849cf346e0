# Checkpoints that pods take by themselves, and rollbacks that begin by themselves.
# shellcheck shell=bash

# newest_checkpoints: lines of "POD INDEX". checkpoints_after LINES: each pod has one that is newer than there.
newest_checkpoints() {
    k get lckpt -o json | jq -r '[.items[].spec] | group_by(.pod)[] | "\(.[0].pod) \(map(.index) | max)"'
}
checkpoints_after() {
    local pods pod index now
    now=$(newest_checkpoints)
    pods=$(pods_of "$ledgers")
    for pod in $pods; do
        index=$(awk -v pod="$pod" '$1 == pod { print $2 }' <<<"$1")
        awk -v pod="$pod" -v than="${index:-0}" '$1 == pod && $2 > than { newer = 1 } END { exit !newer }' <<<"$now" ||
            fail "$pod has none after ${index:-0}"
    done
}

# kill_and_recover POD: and wait for the rollback that begins by itself; sets $recovery to its name.
kill_and_recover() {
    local node pid before
    before=$(automatic_rollbacks)
    read -r node pid < <(process "$namespace" "$1" ledger ledger)
    on_node "$node" "kill -9 $pid"
    await 30 "a rollback by itself" another_rollback "$before"
    recovery=$(automatic_rollbacks | grep -vxF "${before:-none}" | head -1)
}
automatic_rollbacks() { k get rb -l cutline.dev/automatic-recovery-of=ledger -o 'jsonpath={.items[*].metadata.name}' | tr ' ' '\n'; }
another_rollback() { [[ $(automatic_rollbacks | wc -w) -gt $(wc -w <<<"$1") ]]; }
