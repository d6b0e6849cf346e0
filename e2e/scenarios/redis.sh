# Redis with a replica and a client that never reconnects: writes after the snapshot are undone by its rollback, earlier ones stay.
# shellcheck shell=bash

scenario_main() {
    local n i
    n=$(rounds_or 3 20)
    check "a primary, its replica and a writer run" deploy_redis
    for ((i = 1; i <= n; i++)); do
        check "round $i of $n: keys of after the snapshot are gone, those of before are there, nobody reconnected" redis_round "s$i" "r$i"
    done
}

deploy_redis() {
    manifest "$here/workloads/redis/redis.yaml" | k apply -f -
    manifest "$here/workloads/redis/policy.yaml" | k apply -f -
    await 120 "three redis pods" pods_are_ready app=redis 3
    await 60 "a writer that has written, and a replica that follows" redis_is_well 100
}

address() { k get pod "$1" -o 'jsonpath={.status.podIP}'; }

# The writer's and the servers' state as JSON; fails if a key is missing or too much, the replica is unlinked, or anybody reconnected.
redis_check() {
    anywhere /redis-writer check --writer "$(address redis-writer-0)" --primary "$(address redis-primary-0)" \
        --replica "$(address redis-replica-0)" "$@"
}

acknowledged() { redis_check --json | jq .writer.acknowledged; }
redis_is_well() { (($(acknowledged) >= $1)); }
server_has_key() { anywhere sh -c "printf 'EXISTS key:$2\r\nQUIT\r\n' | nc $(address "$1") 6379" | head -1 | grep -q ':1'; }

redis_round() {
    local before after now
    before=$(acknowledged)
    snapshot "$1" redis
    succeed dsnap "$1"
    columns_are_filled "$1" 3
    await 30 "many writes after the snapshot" redis_is_well $((before + 3000))
    after=$(acknowledged)
    server_has_key redis-primary-0 $((before + 2500)) || fail "key:$((before + 2500)) was never written"
    rollback "$2" "$1"
    succeed rb "$2"
    now=$(redis_state_after "$after")
    for server in redis-primary-0 redis-replica-0; do
        server_has_key "$server" "$before" || fail "$server lost key:$before, written before the snapshot"
    done
    redis_check
    expect_restarts app=redis 0
    measure "key $after undone to at most $now; restore $(value rb "$2" .status.timings.restore)"
}

# The writer's count, which went back with it; it writes on, so the first look counts.
redis_state_after() {
    local now
    now=$(acknowledged)
    ((now < $1)) || fail "the writer has $now keys after the rollback, $1 before it" >&2
    echo "$now"
}
