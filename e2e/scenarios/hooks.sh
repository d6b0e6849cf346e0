# Hooks before the first freeze, after the thaw and after a rollback; volumes that are copied while the application runs.
# shellcheck shell=bash

scenario_main() {
    check "three shells with hooks and a volume each run" deploy_shop
    check "the hooks of all pods have ended before any is frozen, and those after the thaw run" hooks_around
    check "while all stand still only what has changed is copied" volumes_are_copied_before
    check "a rollback writes only what differs, and its hooks run" hooks_after_rollback
    check "a hook that fails is named with its pod and its last words, and nothing is frozen" hook_fails
    check "a hook that does not end is killed, and nothing of it is left" hook_times_out
    check "a hook that may fail is reported, and the snapshot is taken" hook_ignored
    check "hooks after the thaw run though the round has failed" undone_after_failure
    check "and though the operator is killed" undone_after_death
}

deploy_shop() {
    manifest "$scenarios/manifests/hooks.yaml" | k apply -f -
    await 120 "three pods" pods_are_ready app=shop 3
    for pod in shop-0 shop-1 shop-2; do await 60 "$pod to count" said "$pod" shop "tick 15"; done
}

# log POD: what its hooks have written.
log() { k exec "$1" -c shop -- /busybox cat /log/log 2>/dev/null | xargs; }
log_is() { [[ $(log "$1") == "$2" ]] || fail "the log of $1 is: $(log "$1"), not: $2"; }
logs_are() { for pod in shop-0 shop-1 shop-2; do log_is "$pod" "$1"; done; }
clear_logs() { for pod in shop-0 shop-1 shop-2; do k exec "$pod" -c shop -- /busybox rm -f /log/log; done; }

# spoken POD MESSAGE: the sidecar's lines of that message, as JSON.
spoken() { k logs "$1" -c cutline-sidecar --tail=-1 | jq -c --arg msg "$2" 'select(.msg == $msg)'; }
moment() { date -d "$1" +%s%6N; }

hooks_are_over() { [[ $(value "$1" "$2" .status.hooks.pending) == false ]]; }

hooks_around() {
    local pod line ended=0 frozen=0 at
    snapshot first shop
    succeed dsnap first
    await 30 "the hooks after the thaw" hooks_are_over dsnap first
    logs_are "quiet 1000 loud"
    for pod in shop-0 shop-1 shop-2; do
        line=$(spoken "$pod" "hook run" | jq -c 'select(.key | endswith("beforeFreeze"))' | tail -1)
        at=$(moment "$(jq -r .ts <<<"$line")")
        ((at > ended)) && ended=$at
        line=$(spoken "$pod" "checkpoint taken" | tail -1)
        at=$(($(moment "$(jq -r .ts <<<"$line")") - $(jq -r .total_us <<<"$line")))
        ((frozen == 0 || at < frozen)) && frozen=$at
    done
    ((ended < frozen)) || fail "a pod was being frozen $((ended - frozen)) us before the last hook had ended"
    measure "the first was frozen $(((frozen - ended) / 1000)) ms after the last hook had ended"
    expect_restarts app=shop 0
}

volumes_are_copied_before() {
    local line copied bytes
    for pod in shop-0 shop-1 shop-2; do
        line=$(spoken "$pod" "files captured" | tail -1)
        copied=$(jq -r .copied <<<"$line") bytes=$(jq -r .bytes <<<"$line")
        ((bytes > 33000000)) || fail "$pod: only $bytes bytes were captured"
        ((copied < bytes / 100)) || fail "$pod: $copied of $bytes bytes were copied while it stood still"
    done
    measure "$copied of $bytes bytes"
}

hooks_after_rollback() {
    local sum
    clear_logs
    sum=$(k exec shop-1 -c shop -- /busybox md5sum /files/f3)
    k exec shop-1 -c shop -- /busybox sh -c 'echo damaged | /busybox dd of=/files/f3 bs=1 seek=1000000 conv=notrunc; /busybox rm /files/f5' 2>/dev/null
    rollback back first
    succeed rb back
    await 30 "the hooks after the rollback" hooks_are_over rb back
    logs_are back
    [[ $(k exec shop-1 -c shop -- /busybox md5sum /files/f3 | cut -d' ' -f1) == "${sum%% *}" ]] || fail "f3 is not what it was"
    k exec shop-1 -c shop -- /busybox test -s /files/f5
    local wrote
    wrote=$(value rb back '[.status.plan[] | select(.pod == "shop-1") | .written][0]')
    ((wrote >= 4096 && wrote < 6000000)) || fail "shop-1 wrote $wrote bytes"
    measure "$wrote bytes written where a file was damaged and one was gone, $(value rb back '[.status.plan[] | select(.pod == "shop-0") | .written][0]') elsewhere"
    expect_restarts app=shop 0
}

# with_hooks NAME HOOKS: a snapshot of the shop, as its own spec says.
with_hooks() {
    k apply -f - <<YAML
apiVersion: cutline.dev/v1alpha1
kind: DistributedSnapshot
metadata: {name: $1}
spec: {selector: {matchLabels: {app: shop}}, deadline: ${deadline}s, hooks: {$2}}
YAML
}
loud='afterThaw: [{container: shop, command: [/busybox, sh, -c, "/busybox echo loud >>/log/log"]}]'

taken() { for pod in shop-0 shop-1 shop-2; do spoken "$pod" "checkpoint taken"; done | wc -l; }

hook_fails() {
    local before
    clear_logs
    before=$(taken)
    with_hooks fails "beforeFreeze: [{container: shop, command: [/busybox, sh, -c, 'test \$POD != shop-1 || { echo the disk is full; exit 3; }']}], $loud"
    fails_naming dsnap fails 'pod shop-1, container shop: hook .*exited with status 3: the disk is full; nothing was frozen'
    [[ $(failure dsnap fails) == HookFailed* ]] || fail "the reason is not HookFailed: $(failure dsnap fails)"
    await 30 "the hooks after the thaw" hooks_are_over dsnap fails
    logs_are loud
    [[ $(taken) == "$before" ]] || fail "something was frozen"
}

hook_times_out() {
    local began=$SECONDS
    with_hooks sleeps "beforeFreeze: [{container: shop, timeout: 1s, command: [/busybox, sh, -c, '/busybox setsid /busybox sleep 777 & /busybox sleep 778']}]"
    fails_naming dsnap sleeps 'did not end within 1000 ms and was killed'
    ((SECONDS - began < 30)) || fail "that took $((SECONDS - began)) s"
    for pod in shop-0 shop-1 shop-2; do
        refute k exec "$pod" -c shop -- /busybox sh -c "/busybox ps -o args | /busybox grep -q 'sleep 77[78]$'"
    done
    expect_restarts app=shop 0
}

hook_ignored() {
    with_hooks ignored "beforeFreeze: [{container: shop, failurePolicy: Ignore, command: [/no/such/program]}]"
    succeed dsnap ignored
    await 30 "the record of hooks" hooks_are_over dsnap ignored
    [[ $(value dsnap ignored '[.status.hooks.failures[].ignored] | length') == 3 ]] || fail "$(value dsnap ignored .status.hooks)"
    measure "$(value dsnap ignored '.status.hooks.failures[0].message')"
}

# The volume is looked for when all stand still.
undone_after_failure() {
    clear_logs
    k apply -f - <<YAML
apiVersion: cutline.dev/v1alpha1
kind: DistributedSnapshot
metadata: {name: lost}
spec: {selector: {matchLabels: {app: shop}}, deadline: ${deadline}s, volumes: [{container: shop, path: /no/such/folder}], hooks: {$loud}}
YAML
    await_end dsnap lost 60
    [[ $(failure dsnap lost) ]] || fail "it did not fail"
    await 30 "the hooks after the thaw" hooks_are_over dsnap lost
    logs_are loud
    measure "$(failure dsnap lost)"
}

undone_after_death() {
    clear_logs
    with_hooks orphaned "beforeFreeze: [{container: shop, command: [/busybox, sh, -c, '/busybox echo quiet >>/log/log; /busybox sleep 3']}], $loud"
    await 30 "the first hook" log_is shop-0 quiet
    renew_operator
    await_end dsnap orphaned 90
    await 60 "the hooks after the thaw" hooks_are_over dsnap orphaned
    logs_are "quiet loud"
    measure "$(value dsnap orphaned '[.status.conditions[] | select(.status == "True") | .type] | join(" ")')"
}
