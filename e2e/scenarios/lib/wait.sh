# Waiting always polls, and always ends.
# shellcheck shell=bash

# await SECONDS WHAT COMMAND...: polls COMMAND until it succeeds; fails by name when the time is over, with what it said last.
await() {
    local deadline=$((SECONDS + $1)) limit=$1 what=$2 said
    shift 2
    until said=$("$@" 2>&1); do
        if ((SECONDS >= deadline)); then
            printf 'waited %d s in vain for %s\n%s\n' "$limit" "$what" "$said"
            return 1
        fi
        sleep 0.2
    done
}

milliseconds() { date +%s%3N; }

# A moment at random of up to $1 milliseconds.
random_pause() { sleep "$(printf '0.%03d' $((RANDOM % ($1 < 999 ? $1 : 999))))"; }

# seconds_of MILLISECONDS: as sleep takes them.
seconds_of() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }
