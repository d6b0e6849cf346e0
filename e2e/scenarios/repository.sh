# Snapshots of the ledger become durable in a real S3 server, in the background; what is in the way is named, and gone on with.
# shellcheck shell=bash

scenario_main() {
    check "an S3 server runs, and a repository in it is made" deploy_repository
    check "three ledger pods transfer money" deploy_ledger LEDGER_RATE=20000
    check "a snapshot becomes durable while transfers go on" durable_snapshot first
    check "it can be rolled back to" back_to first
    check "a second one of the same pods adds less than it holds" adds_less second
    check "a store that is away is named, and the snapshot is durable once it is back" survive_absence third
    check "keys that are refused are named, and the snapshot is durable once they are right" survive_refusal fourth
    check "nobody noticed any of it" still_well
    check "deleted snapshots go from the repository too" delete_all first second third fourth
}

keep_it() { ledger_policy "protocol: Coordinated" "repositoryRef: {name: backups}"; }
not_durable_because() { [[ $(value dsnap "$1" '.status.conditions[]? | select(.type == "Durable" and .status == "False") | .reason') == "$2" ]]; }
added() { value dsnap "$1" '[.status.members[].added] | add'; }

durable_snapshot() {
    local began ended
    keep_it
    snapshot "$1" ledger
    succeed dsnap "$1"
    began=$(milliseconds)
    await 180 "$1 to be durable" is_durable "$1"
    ended=$(milliseconds)
    transfers_go_on 30
    [[ $(value dsnap "$1" .status.membersStored) == 3/3 && $(value dsnap "$1" .status.manifest) =~ ^[0-9a-f]{64}$ ]] || fail "$(value dsnap "$1" .status)"
    [[ $(k get lckpt -o json | jq --arg of "$1" '[.items[] | select(.spec.snapshot == $of and any(.status.conditions[]?; .type == "Durable" and .status == "True"))] | length') == 3 ]] ||
        fail "not every LocalCheckpoint of $1 says that it is durable"
    await 60 "the repository to count them" has_stored 3
    measure "durable $((ended - began)) ms after its gates had opened, $(value dsnap "$1" .status.bytes) bytes, $(added "$1") new"
}

back_to() {
    rollback "back-to-$1" "$1"
    succeed rb "back-to-$1"
    transfers_go_on 20
    audit
}

# Pages at random and a file that grows: what stays the same is not stored again. bench/store has figures of a process that is idle.
adds_less() {
    snapshot "$1" ledger
    succeed dsnap "$1"
    await 180 "$1 to be durable" is_durable "$1"
    (($(added "$1") < $(value dsnap "$1" .status.bytes))) || fail "$1 added $(added "$1") of $(value dsnap "$1" .status.bytes) bytes"
    measure "$(added "$1") bytes of $(value dsnap "$1" .status.bytes)"
}

survive_absence() {
    k patch svc objectstore -p '{"spec": {"selector": {"app": "nobody"}}}'
    snapshot "$1" ledger
    succeed dsnap "$1"
    await 120 "$1 to say that the store is away" not_durable_because "$1" RepositoryUnavailable
    transfers_go_on 20
    k patch svc objectstore -p '{"spec": {"selector": {"app": "objectstore"}}}'
    await 240 "$1 to be durable" is_durable "$1"
}

# Either who asks first tells of it: a pod, or the repository, which is not ready then.
keys_are_named() { value dsnap "$1" '.status.conditions[]? | select(.type == "Durable" and .status == "False") | .message' | grep -q credentialsSecretRef; }
survive_refusal() {
    k patch secret backups -p '{"stringData": {"secretAccessKey": "another"}}'
    snapshot "$1" ledger
    succeed dsnap "$1"
    await 120 "$1 to name the Secret" keys_are_named "$1"
    k patch secret backups -p '{"stringData": {"secretAccessKey": "e2e-secret"}}'
    await 240 "$1 to be durable" is_durable "$1"
}

still_well() {
    transfers_go_on 20
    audit
    expect_restarts "$ledgers" 0
}

delete_all() {
    k delete dsnap "$@" --timeout=120s
    await 120 "an empty repository" has_stored 0
}
