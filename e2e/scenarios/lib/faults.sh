# Processes that are ended at a given moment of a round.
# shellcheck shell=bash

# kill_after MILLISECONDS NODE PID: in the background, on the node, so that the way there costs nothing of the moment. kill_done waits.
kill_after() {
    on_node "$2" "usleep $(($1 * 1000)); kill -9 $3" &
    killer=$!
}
kill_done() { wait "$killer" || fail "the process was gone before it could be killed"; }

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
        dsnap:*Committed*Released* | rb:*Restored*Released*) measure "$2 Released" ;;
        rb:*Failed*Irrevocable*) fail "$1 $2 failed after it could not be taken back: $(failure "$1" "$2")" ;;
        dsnap:*Committed*) fail "$1 $2 is Committed and not Released: $conditions" ;;
        *:*Failed*) measure "$2 $(failure "$1" "$2" | cut -c1-60)" ;;
        *) fail "$1 $2 ended as: $conditions" ;;
    esac
}
