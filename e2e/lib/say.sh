# What a person sees while a script works. Source it.
# shellcheck shell=bash

began=$SECONDS
say() { printf '[%02d:%02d] %s\n' $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60)) "$*"; }
die() { printf '\n%s\n' "$*" >&2; exit 1; }

# await SECONDS WHAT COMMAND...: until the command succeeds; dies after that time.
await() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < limit)) || die "gave up waiting: $what"
        sleep 0.2
    done
}

# follow PID LOG WHAT: a line every ten seconds about a background job, with the last of its log; dies with the log's end if it failed.
follow() {
    local pid=$1 log=$2 what=$3 next=$((SECONDS + 10))
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        ((SECONDS >= next)) || continue
        next=$((SECONDS + 10))
        say "$what: $(tail -n 1 "$log" | tr '\r' '\n' | tail -n 1 | cut -c 1-100)"
    done
    wait "$pid" || { tail -n 40 "$log" >&2; die "$what failed; the whole log is $log"; }
}
