# All pods are deleted with their volumes, and what they go back to is an incremental snapshot: its members' checkpoints, and the last one of each
# pod that was left out. A rollback in between has voided what those had saved later.
# shellcheck shell=bash

# shellcheck source=/dev/null
source "$scenarios/new-pods.sh"

pods=5

scenario_main() {
    check "an S3 server runs, and a repository in it is made" deploy_repository
    check "five ledger pods, each connected with each, fall silent" deploy_kept
    check "one of all, one from 0 and one from 2 become durable; the last names where the others were" three_snapshots
    check "all go back to the first, which voids the other two" void_them
    check "another one from 0 consists of 0 and 1, and of the others as they were put back, not as they were saved last" after_the_rollback
    check "it becomes durable, and the snapshots that it takes the others from are deleted" others_go
    check "all pods are deleted with their volumes, and begin anew" renew
    check "a dry run says what comes from where" plan_says_it
    check "a rollback to it brings all five back: the audit holds, and each knows what it knew" come_back_to kept
    check "in the new pods another one from 0 becomes durable: what it leaves out was brought here" in_new_pods
    check "all pods are deleted with their volumes again" renew
    check "a rollback to that one brings all five back, under their third addresses" come_back_to again
    check "a pod alone is replaced; the others have what they need themselves" one_alone
    check "the snapshots are deleted, and nothing of them is left in the repository" all_go
}

incremental() { ledger_policy 'protocol: Incremental' "incremental: {initiator: ledger-0, closure: Consistent, fullEvery: 0}" 'repositoryRef: {name: backups}'; }

deploy_kept() {
    deploy_silent "$pods"
    incremental
}

# saved NAME FIELDS: durable, and what the pods knew then is noted.
saved() {
    snapshot "$1" ledger '' "$2"
    succeed dsnap "$1"
    received >"$work/$1"
    await 180 "$1 to be durable" is_durable "$1"
}

# along GRAPH: something passes, then nobody sends any more.
along() {
    ledger_do mark >/dev/null
    ledger_do graph "$1" >/dev/null
    await 30 "each edge of $1 to carry something" talks_along "${1//-/>}"
    hush
}

# left_out NAME: as lines "POD SNAPSHOT".
left_out() { value dsnap "$1" '.status.composition.leftOut[] | "\(.pod | sub("ledger-"; "")) \(.snapshot)"' | sort | xargs; }
consists_of() {
    [[ $(members_of "$1") == "$2" ]] || fail "$1 has the members $(members_of "$1")"
    holds dsnap "$1" RestorableAlone || fail "$1 is not restorable alone: $(value dsnap "$1" '.status.conditions[] | select(.type == "RestorableAlone").message')"
    [[ $(left_out "$1") == "$3" ]] || fail "$1 left out: $(left_out "$1")"
}

three_snapshots() {
    saved base 'protocol: Coordinated'
    along '0-1'
    saved from-0 'protocol: Incremental, initiator: ledger-0'
    consists_of from-0 '0 1' '2 base 3 base 4 base'
    along '2-3'
    saved from-2 'protocol: Incremental, initiator: ledger-2'
    consists_of from-2 '2 3' '0 from-0 1 from-0 4 base'
}

void_them() {
    rollback to-base base
    succeed rb to-base
    hush
    [[ $(received) == $(<"$work/base") ]] || fail "they are not where they were: $(diff <(received) "$work/base")"
}

after_the_rollback() {
    along '0-1'
    snapshot kept ledger '' 'protocol: Incremental, initiator: ledger-0'
    succeed dsnap kept
    received >"$work/kept"
    consists_of kept '0 1' '2 base 3 base 4 base'
}

others_go() {
    await 180 "kept to be durable" is_durable kept
    k delete dsnap base from-0 from-2 --timeout=120s
    [[ $(value dsnap kept '[.status.members[], .status.composition.leftOut[] | .stored] | map(select(. != null)) | length') == "$pods" ]] || fail "$(value dsnap kept .status)"
    await 90 "five checkpoints to be stored, and no more" has_stored "$pods"
}

renew() { replace "$ledgers" "$pods"; }

plan_says_it() {
    rollback_by plan-kept "to: {snapshot: kept}, dryRun: true"
    await 60 "the plan" holds rb plan-kept Planned
    [[ $(value rb plan-kept '[.status.plan[] | select(.because | contains("its checkpoint comes from backups"))] | length') == "$pods" ]] || fail "$(value rb plan-kept .status.plan)"
    [[ $(value rb plan-kept '[.status.plan[] | select(.because | contains("kept left it out"))] | length') == 3 ]] || fail "$(value rb plan-kept .status.plan)"
}

come_back_to() {
    rollback "back-to-$1" "$1"
    succeed rb "back-to-$1" 180
    hush 30
    [[ $(received) == $(<"$work/$1") ]] || fail "they are not where they were: $(diff <(received) "$work/$1")"
    expect_restarts "$ledgers" 0
    along '0-1,1-2,2-3,3-4,4-0'   # by the connections that they had
    audit
    expect_restarts "$ledgers" 0
    measure "restore $(value rb "back-to-$1" .status.timings.restore), held $(value rb "back-to-$1" .status.timings.held)"
    rollback "once-more-to-$1" "$1"
    succeed rb "once-more-to-$1" 180
    hush 30
    [[ $(received) == $(<"$work/$1") ]] || fail "they are not where they were: $(diff <(received) "$work/$1")"
}

in_new_pods() {
    along '0-1'
    saved again 'protocol: Incremental, initiator: ledger-0'
    consists_of again '0 1' '2 kept 3 kept 4 kept'
}

one_alone() {
    local old
    old=$(k get pod ledger-3 -o 'jsonpath={.metadata.uid}')
    k delete pod ledger-3 --wait=false
    await 120 "another ledger-3" are_new "$ledgers" "$old"
    await 120 "$pods pods to be ready" pods_are_ready "$ledgers" "$pods"
    rollback one-alone again
    succeed rb one-alone 180
    hush 30
    [[ $(received) == $(<"$work/again") ]] || fail "they are not where they were: $(diff <(received) "$work/again")"
    expect_restarts "$ledgers" 0
}

all_go() {
    k delete dsnap --all --timeout=120s
    await 90 "nothing to be stored" has_stored 0
}
