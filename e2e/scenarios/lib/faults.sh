# Processes that are ended at a given moment of a round.
# shellcheck shell=bash

# A kill is armed beforehand, in a shell on the node that waits for a word, so that the way there costs nothing of the moment.
# arm NODE PID; fire MILLISECONDS; kill_done waits until it is.
arm() {
    rm -f "$work/trigger" "$work/armed"
    mkfifo "$work/trigger"
    exec {trigger}<>"$work/trigger"
    kubectl -n cutline-e2e exec -i "$(node_pod "$1")" -- /bin/sh -c "echo armed; read microseconds; usleep \$microseconds; kill -9 $2 && echo killed" \
        <&"$trigger" >"$work/armed" &
    killer=$!
    await 60 "a kill that is armed" grep -q armed "$work/armed"
}
fire() {
    echo $(($1 * 1000)) >&"$trigger"
    measure "killed $1 ms after its begin"
}
kill_done() {
    await 20 "the kill" grep -q killed "$work/armed"
    kill "$killer" 2>/dev/null || true
    exec {trigger}>&-
}

# An undisturbed snapshot and rollback, `base`: how long they take is what the kills are spread over.
undisturbed() {
    timed snapshot base ledger dsnap
    timed rollback base base rb
    audit
    measure "snapshot $(cat "$work/snapshot-ms") ms, rollback $(cat "$work/rollback-ms") ms (to ask for it, and to do it)"
}
timed() {
    local began asked
    began=$(milliseconds)
    "$1" "$2" "$3"
    asked=$(($(milliseconds) - began))
    succeed "$4" "$2"
    echo "$asked $(to_ms "$(value "$4" "$2" .status.timings.total)")" >"$work/$1-ms"
}

# moment snapshot|rollback POINT OF: in milliseconds from when it is asked for; from half of the asking to the end.
moment() {
    local asked took
    read -r asked took <"$work/$1-ms"
    echo $((asked / 2 + (asked / 2 + took + 300) * $2 / $3))   # 300: until the operator has seen it and looked at the pods
}

operator_process() { process cutline-system "$(operator_pod)" operator cutline-operator; }
sidecar_process() { process "$namespace" "$1" cutline-sidecar cutline-sidecar; }

# After a fault nothing stays held past the deadline: transfers go on within it and a few seconds, counted from here.
nothing_stays_held() {
    local began
    began=$(milliseconds)
    transfers_go_on $((deadline + 5))
    measure "transfers after $(($(milliseconds) - began)) ms"
}

# ended_whole KIND NAME: no round ends half. A snapshot is Committed and Released, or Failed; a rollback is Released, or Failed untouched.
ended_whole() {
    local conditions
    await_end "$1" "$2" 120
    conditions=$(value "$1" "$2" '[.status.conditions[] | select(.status == "True") | .type] | sort | join(" ")')
    case $1:$conditions in
        dsnap:*Failed*Released* | rb:*Failed*Released*) fail "$1 $2 is both Failed and Released: $conditions" ;;
        dsnap:*Committed*Released* | rb:*Released*Restored*) measure "$2 Released" ;;
        rb:*Failed*Irrevocable*) fail "$1 $2 failed after it could not be taken back: $(failure "$1" "$2")" ;;
        dsnap:*Committed*) fail "$1 $2 is Committed and not Released: $conditions" ;;
        *:*Failed*) measure "$2 $(failure "$1" "$2" | cut -c1-160)" ;;
        *) fail "$1 $2 ended as: $conditions" ;;
    esac
}
