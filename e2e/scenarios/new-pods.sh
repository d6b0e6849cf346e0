# All pods are deleted with their volumes, and made anew: the workload comes back from a real S3 server, and its connections go on.
# shellcheck shell=bash

# shellcheck source=/dev/null
source "$scenarios/redis.sh"
# shellcheck source=/dev/null
source "$scenarios/repository.sh"

scenario_main() {
    check "an S3 server runs, and a repository in it is made" deploy_repository
    check "three ledger pods transfer money" deploy_ledger
    check "a snapshot of them becomes durable" durable first ledger
    check "all of them are deleted with their volumes, and begin anew" replace "$ledgers" 3
    check "a dry run says what comes from where, and touches nothing" plan_into_new_pods first
    check "a rollback puts the new pods in their places: the money is there, and the same connections go on" come_back first
    check "a snapshot of them, and its rollback, work as in any pods" in_place second
    check "the first one again, now without the repository" again_without_repository first
    check "one pod alone is replaced, and the others stay" replace_one second
    check "the operator dies while checkpoints are on their way: another one goes on" operator_dies second
    check "a snapshot that is in no repository cannot come back, and that is said" cannot_come_back
    check "the ledger goes" remove_ledger
    check "a Redis primary, its two replicas, and a writer that knows the primary by a Service" deploy_redis_by_service
    check "a snapshot of them becomes durable" durable redis-first redis
    check "all of them are deleted with their volumes, and begin anew" replace app=redis 4
    check "a rollback brings every key back, and nobody connects again" redis_comes_back redis-first
    check "the primary alone is replaced: who had known it by the Service goes on with the pod itself" primary_comes_back redis-first
    check "a snapshot of them, and its rollback, work as in any pods" redis_round 2
}

durable() {
    [[ $2 == redis ]] || keep_it
    snapshot "$1" "$2"
    succeed dsnap "$1"
    await 180 "$1 to be durable" is_durable "$1"
}

uids() { k get pod -l "$1" -o 'jsonpath={.items[*].metadata.uid}'; }
are_new() { local now uid; now=$(uids "$1") && for uid in $2; do [[ $now != *$uid* ]] || return 1; done; }

# replace SELECTOR PODS
replace() {
    local old
    old=$(uids "$1")
    k delete pod -l "$1" --wait=false
    await 120 "other pods in their place" are_new "$1" "$old"
    await 120 "$2 new pods to be ready" pods_are_ready "$1" "$2"
}


plan_into_new_pods() {
    local row
    transfers_go_on 60   # from nothing
    rollback_by plan "to: {snapshot: $1}, dryRun: true"
    await 60 "the plan" holds rb plan Planned
    row=$(value rb plan '.status.plan[] | select(.pod == "ledger-1") | .standsInFor')
    [[ $(jq -r .uid <<<"$row") == $(value dsnap "$1" '.status.members[] | select(.pod == "ledger-1").uid') ]] || fail "the plan does not say whom ledger-1 stands in for: $row"
    [[ $(value rb plan '[.status.plan[] | select(.because | contains("its checkpoint comes from backups"))] | length') == 3 ]] || fail "$(value rb plan .status.plan)"
    audit
}

# ports NAME: of all connections of the snapshot's members, whatever their addresses are.
ports() {
    k get lckpt -o json | jq -r --arg of "$1" '.items[] | select(.spec.snapshot == $of) | .spec.pod as $pod | .spec.counters.connections[]
        | "\($pod) \(.local | sub(".*:"; "")) \(.remote | sub(".*:"; ""))"' | sort
}

came_back() {
    succeed rb "$1" 180
    transfers_go_on 30
    audit
    expect_restarts "$ledgers" 0
    measure "restore $(value rb "$1" .status.timings.restore), held $(value rb "$1" .status.timings.held)"
}

come_back() {
    rollback "back-to-$1" "$1"
    came_back "back-to-$1"
    snapshot "after" ledger
    succeed dsnap after
    [[ $(ports after) == $(ports "$1") ]] || fail "other connections: $(diff <(ports "$1") <(ports after))"
}

in_place() {
    durable "$1" ledger
    transfers_go_on 20
    rollback "back-to-$1" "$1"
    came_back "back-to-$1"
}

again_without_repository() {
    k patch svc objectstore -p '{"spec": {"selector": {"app": "nobody"}}}'
    rollback "back-again" "$1"
    came_back back-again
    k patch svc objectstore -p '{"spec": {"selector": {"app": "objectstore"}}}'
}

replace_one() {
    local old
    old=$(k get pod ledger-1 -o 'jsonpath={.metadata.uid}')
    k delete pod ledger-1 --wait=false
    await 120 "another ledger-1" are_new "$ledgers" "$old"
    await 120 "three pods to be ready" pods_are_ready "$ledgers" 3
    rollback one-replaced "$1"
    came_back one-replaced
    [[ $(value rb one-replaced '[.status.plan[] | select(.standsInFor)] | length') == 1 ]] || fail "not ledger-1 alone stands in: $(value rb one-replaced .status.plan)"
}

is_bringing() { [[ $(value rb "$1" '.status.conditions[]? | select(.type == "Planned").reason') == Fetching ]]; }
operator_dies() {
    replace "$ledgers" 3
    rollback operator-died "$1"
    await 30 "checkpoints to be on their way" is_bringing operator-died
    renew_operator
    came_back operator-died
}

cannot_come_back() {
    ledger_policy "protocol: Coordinated"
    snapshot not-kept ledger
    succeed dsnap not-kept
    replace "$ledgers" 3
    rollback in-vain not-kept
    fails_naming rb in-vain "ledger-[0-2] of the snapshot is gone, and its checkpoint with it: not-kept is in no repository; go back to one that is Durable"
}

deploy_redis_by_service() {
    k apply -f - <<YAML
apiVersion: v1
kind: Service
metadata: {name: redis-by-address}
spec:
  selector: {app: redis, role: primary}
  ports: [{port: 16379, targetPort: 6379}]
YAML
    manifest "$here/workloads/redis/redis.yaml" "REDIS_SERVER=redis-by-address.$namespace.svc.cluster.local:16379" |
        sed "s|value: \"redis-primary-0.redis.\$(NAMESPACE).svc.cluster.local:6379\"|value: \"redis-by-address.$namespace.svc.cluster.local:16379\"|" | k apply -f -
    manifest "$here/workloads/redis/policy.yaml" | sed 's/^  protocol: .*/&\n  repositoryRef: {name: backups}/' | k apply -f -
    await 120 "four redis pods" pods_are_ready app=redis 4
    await 60 "a writer that has written, and a replica that follows" has_written 100
}

primary_comes_back() {
    replace role=primary 1
    redis_comes_back "$1" primary-replaced
}

redis_comes_back() {
    local kept now rollback=${2:-back-to-$1}
    kept=$(jq -n "$(value dsnap "$1" .status.epoch)")
    rollback "$rollback" "$1"
    succeed rb "$rollback" 180
    now=$(acknowledged)
    await 30 "the writer to write on" has_written $((now + 500))
    redis_check
    expect_restarts app=redis 0
    measure "epoch $kept, $now keys"
}
