# Redis with a replica and a client that never reconnects: writes after the snapshot are undone by its rollback, earlier ones stay.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 3 20)
    check "a primary, its replica and a writer run" deploy_redis
    for ((i = 1; i <= n; i++)); do
        check "round $i of $n: what was written after the snapshot is gone, what was before is there, nobody reconnected" redis_round "$i"
    done
}

deploy_redis() {
    manifest "$here/workloads/redis/redis.yaml" | k apply -f -
    manifest "$here/workloads/redis/policy.yaml" | k apply -f -
    await 120 "three redis pods" pods_are_ready app=redis 3
    await 60 "a writer that has written, and a replica that follows" has_written 100
}

address() { k get pod "$1" -o 'jsonpath={.status.podIP}'; }

# Fails if a key is missing or too much, the replica is unlinked or behind, or anybody reconnected.
redis_check() {
    anywhere /redis-writer check --writer "$(address redis-writer-0)" --primary "$(address redis-primary-0)" \
        --replica "$(address redis-replica-0)" "$@"
}

acknowledged() { redis_check --json | jq -e .acknowledged; }
has_written() { local now; now=$(acknowledged) && ((now >= $1)); }

# redis_says POD COMMAND: the first line of the answer.
redis_says() { anywhere sh -c "printf '$2\r\nQUIT\r\n' | nc $(address "$1") 6379" | head -1 | tr -d '\r'; }
has_key() { [[ $(redis_says "$1" "EXISTS $2") == :1 ]]; }

redis_round() {
    local before now server snapshot=s$1 rollback=r$1
    before=$(acknowledged)
    snapshot "$snapshot" redis
    succeed dsnap "$snapshot"
    columns_are_filled "$snapshot" 3
    [[ $(redis_says redis-primary-0 "SET after:$1 1") == +OK ]]
    await 15 "the replica to have what was written after the snapshot" has_key redis-replica-0 "after:$1"
    rollback "$rollback" "$snapshot"
    succeed rb "$rollback"
    now=$(acknowledged)
    for server in redis-primary-0 redis-replica-0; do
        refute has_key "$server" "after:$1"
        has_key "$server" "key:$before" || fail "$server lost key:$before, written before the snapshot"
    done
    await 30 "the writer to write on" has_written $((now + 500))
    redis_check
    expect_restarts app=redis 0
    measure "held $(value dsnap "$snapshot" .status.timings.held), restore $(value rb "$rollback" .status.timings.restore), $before keys before"
}
