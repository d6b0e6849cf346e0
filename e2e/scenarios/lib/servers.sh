# Real servers: Debian's own programs in images, a writer with lasting connections, a checker, and rounds of snapshot and rollback.
# A scenario of a server NAME has a workload NAME: e2e/workloads/NAME/NAME.yaml and policy.yaml, pods and policy of that name,
# a StatefulSet NAME-writer and a pod "checker", both with the program /NAME-writer.
# shellcheck shell=bash

# server_packages SCENARIO: PACKAGE:PROGRAM, by which to see that it is there.
server_packages() {
    case $1 in
        postgres) echo "postgresql-15:/usr/lib/postgresql/15/bin/postgres" ;;
        etcd) echo "etcd-server:/usr/bin/etcd" ;;
        mariadb) echo "mariadb-server-core:/usr/sbin/mariadbd" ;;
        nats) echo "nats-server:/usr/sbin/nats-server" ;;
    esac
}

# missing_for SCENARIO: packages and programs that are not there.
missing_for() {
    local pair
    for pair in $(server_packages "$1"); do
        [[ -x ${pair#*:} ]] || printf '%s\n' "${pair%%:*}"
        [[ -x $build/bin/$1-writer ]] || printf '%s\n' "$build/bin/$1-writer (ninja -C $build $1-writer)"
    done
}

# make_server_image SCENARIO FOLDER: FOLDER/SCENARIO.tar, if it is a server's.
make_server_image() {
    local parts=() pg=/usr/lib/postgresql/15 program
    case $1 in
        postgres)
            for program in postgres initdb pg_basebackup; do parts+=("$pg/bin/$program=$pg/bin/$program"); done
            for program in libpqwalreceiver dict_snowball plpgsql amcheck; do parts+=("$pg/lib/$program.so=$pg/lib/$program.so"); done
            parts+=(/usr/share/postgresql/15=/usr/share/postgresql/15) ;;
        etcd | nats) parts=("$(server_packages "$1" | sed 's/.*:\(.*\)/\1=\1/')") ;;
        mariadb)
            parts=(/usr/sbin/mariadbd=/usr/sbin/mariadbd /usr/share/mysql=/usr/share/mysql) ;;
        *) return 0 ;;
    esac
    "$here/../images/build" --tag "$tag" --app "$1" "$build/bin/$1-writer" "$2/$1.tar" "$build/bin/$1-writer=/$1-writer" \
        /bin/busybox=/bin/busybox /bin/busybox=/bin/sh "${parts[@]}"
}

# server_scenario NAME PODS SERVER...: rounds of a workload of so many pods; the servers by their pods' names, the first takes writes.
server_scenario() {
    local n i
    server=$1 members=$2 servers=("${@:3}")
    n=$(rounds_or 2 10)
    check "$server: ${servers[*]} and a writer run" deploy_server
    for ((i = 1; i <= n; i++)); do
        check "round $i of $n under load: later writes are gone, earlier ones are there once and whole, nobody reconnected" server_round "$i"
    done
}

deploy_server() {
    manifest "$here/workloads/$server/$server.yaml" | k apply -f -
    manifest "$here/workloads/$server/policy.yaml" | k apply -f -
    await 120 "$members pods of $server" pods_are_ready "app=$server" "$members"
    await 60 "a pod to check from" pods_are_ready app=checker 1
    await 60 "a writer that has written" server_has 100
    server_check
    sessions >"$work/sessions"
}

address() { k get pod "$1" -o 'jsonpath={.status.podIP}'; }
from_checker() { k exec checker -- "/$server-writer" "$@"; }
server_writes() { from_checker state --writer "$(address "$server-writer-0")" | jq -e .acknowledged; }
server_has() { local now; now=$(server_writes) && ((now >= $1)) || fail "$now writes"; }

# Fails if a write is lost, repeated, torn or unknown on any server, a server is behind, or finds fault with itself.
server_check() {
    local one named=()
    for one in "${servers[@]}"; do named+=(--server "$one=$(address "$one")"); done
    from_checker check --json --writer "$(address "$server-writer-0")" "${named[@]}" >"$work/checked" || fail "the check failed: $(<"$work/checked")"
}
# Of the last check: which server follows which, and since when.
sessions() { jq -c '[.servers[] | {name, session}]' "$work/checked"; }

# From outside, and not the writer's: series 99. The check finds it, as a write that nobody knows, if a rollback leaves it.
write_later() { from_checker write --server "$(address "${servers[0]}")" 99 "$1"; }
has_later() { from_checker has --server "$(address "$1")" 99 "$2"; }

server_round() {
    local i=$1 before later now one
    before=$(server_writes)
    snapshot "s$i" "$server"
    succeed dsnap "s$i"
    columns_are_filled "s$i" "$members"
    await 30 "writes after the snapshot" server_has $((before + 200))
    write_later "$i"
    for one in "${servers[@]}"; do await 15 "$one to have what was written later" has_later "$one" "$i"; done
    later=$(server_writes)
    rollback "r$i" "s$i"
    succeed rb "r$i"
    now=$(server_writes)
    await 30 "the writer to write on" server_has $((now + 200))
    server_check
    sessions | cmp - "$work/sessions"
    expect_restarts "app=$server" 0
    measure "held $(value dsnap "s$i" .status.timings.held), restore $(value rb "r$i" .status.timings.restore), $(value dsnap "s$i" .status.bytes) bytes"
    measure "writes before, later and after the rollback: $before, $later, $now; $(jq -r '[.servers[] | select(.note != "") | .note] | unique | join("; ")' "$work/checked")"
    k delete dsnap "s$i" --timeout=60s   # hundreds of megabytes each
}
