# One line per check; a check is a function whose first failing command fails it.
# shellcheck shell=bash

passed=0 failed=0 scenario='' namespace=''

# check SENTENCE FUNCTION [ARGUMENT...]: never called in a condition, or `set -e` inside would count for nothing.
check() {
    local sentence=$1 status began=$SECONDS folder
    shift
    set +e
    (
        set -euo pipefail
        "$@"
    ) >"$work/output" 2>&1
    status=$?
    set -e
    { printf -- '--- %s (%d s, exit %d)\n' "$sentence" $((SECONDS - began)) "$status"; cat "$work/output"; } >>"$out/log"
    if ((status == 0)); then
        passed=$((passed + 1))
        printf 'ok - %s (%d s)%s\n' "$sentence" $((SECONDS - began)) "$(measured)"
        return
    fi
    failed=$((failed + 1))
    folder=$out/$(printf '%s-%02d' "${scenario:-setup}" "$failed")
    printf 'not ok - %s\n' "$sentence"
    { grep -v '^MEASURED' "$work/output" || true; } | tail -n 6 | sed 's/^/    /'
    [[ -z $namespace ]] || collect_diagnostics "$folder" || true
    mkdir -p "$folder"
    cp "$work/output" "$folder/output"
    printf '    more: %s\n' "$folder"
}

# measure TEXT...: a figure for the check's line.
measure() { printf 'MEASURED %s\n' "$*"; }
measured() {
    local text
    text=$(sed -n 's/^MEASURED //p' "$work/output" | awk 'NR > 1 { printf " | " } { printf "%s", $0 }')
    [[ -z $text ]] || printf ' [%s]' "$text"
}

fail() {
    printf '%s\n' "$*" >&2
    return 1
}

# refute COMMAND...: `! COMMAND` would not end a function under set -e.
refute() {
    if "$@"; then fail "should have failed: $*"; fi
}
