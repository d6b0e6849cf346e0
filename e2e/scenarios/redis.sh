# Redis with two replicas and a client that never reconnects: writes after the snapshot are undone by its rollback, earlier ones stay.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 3 20)
    check "a primary, its two replicas and a writer run" deploy_redis
    for ((i = 1; i <= n; i++)); do
        check "round $i of $n: what was written after the snapshot is gone, what was before is there, nobody reconnected" redis_round "$i"
    done
}

deploy_redis() {
    manifest "$here/workloads/redis/redis.yaml" | k apply -f -
    manifest "$here/workloads/redis/policy.yaml" | k apply -f -
    await 120 "four redis pods" pods_are_ready app=redis 4
    await 60 "a writer that has written, and replicas that follow" has_written 100
}

redis_replicas=(redis-replica-0 redis-replica-1)

# Fails if a key is missing or too much, a replica is unlinked or behind, or anybody reconnected.
redis_check() {
    local replica followers=()
    for replica in "${redis_replicas[@]}"; do followers+=(--replica "$(address "$replica")"); done
    anywhere /redis-writer check --writer "$(address redis-writer-0)" --primary "$(address redis-primary-0)" "${followers[@]}" "$@"
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
    columns_are_filled "$snapshot" 4
    [[ $(redis_says redis-primary-0 "SET after:$1 1") == +OK ]]
    for server in "${redis_replicas[@]}"; do
        await 15 "$server to have what was written after the snapshot" has_key "$server" "after:$1"
    done
    rollback "$rollback" "$snapshot"
    succeed rb "$rollback"
    now=$(acknowledged)
    for server in redis-primary-0 "${redis_replicas[@]}"; do
        refute has_key "$server" "after:$1"
        has_key "$server" "key:$before" || fail "$server lost key:$before, written before the snapshot"
    done
    await 30 "the writer to write on" has_written $((now + 500))
    redis_check
    expect_restarts app=redis 0
    measure "held $(value dsnap "$snapshot" .status.timings.held), restore $(value rb "$rollback" .status.timings.restore), $before keys before"
}
