# What cannot be done is refused by name before anything is touched.
# shellcheck shell=bash

scenario_main() {
    check "three ledger pods transfer money" deploy_ledger LEDGER_RATE=5000
    check "an unknown field is refused by name" unknown_field
    check "a snapshot of nothing is refused at apply" no_selector
    check "a policy without a selector is refused at apply" policy_without_selector
    check "a selector that finds no pods is said" finds_nothing
    check "a rollback to a snapshot that is not there is said" no_such_snapshot
    check "a container without a command is refused with what to write" no_command
    check "an io_uring is named before anything is frozen" unsupported_object
    check "a full disk fails the snapshot and leaves the workload alone" full_disk
    check "a flipped bit in an image is named, and no process is touched" flipped_bit
    check "after all that a snapshot and a rollback work" works_still
}

unharmed() {
    transfers_go_on 20
    audit
    expect_restarts "$ledgers" 0
}

# refused PATTERN: standard input is not taken by the API server, for a reason that says what the pattern looks for.
refused() {
    local said
    if said=$(k apply -f - 2>&1); then fail "taken: $said"; fi
    grep -Eq -- "$1" <<<"$said" || fail "refused, but it does not say $1: $said"
    measure "$(tail -1 <<<"$said" | cut -c1-160)"
}

unknown_field() {
    refused 'unknown field "spec.selektor"' <<YAML
{apiVersion: cutline.dev/v1alpha1, kind: SnapshotPolicy, metadata: {name: bad}, spec: {selektor: {matchLabels: {app: ledger}}}}
YAML
}

no_selector() {
    refused 'say what to save' <<YAML
{apiVersion: cutline.dev/v1alpha1, kind: DistributedSnapshot, metadata: {name: bad}, spec: {}}
YAML
}

policy_without_selector() {
    refused 'selector' <<YAML
{apiVersion: cutline.dev/v1alpha1, kind: SnapshotPolicy, metadata: {name: bad}, spec: {deadline: 5s}}
YAML
}

finds_nothing() {
    k apply -f - <<YAML
{apiVersion: cutline.dev/v1alpha1, kind: DistributedSnapshot, metadata: {name: nobody}, spec: {selector: {matchLabels: {app: nobody}}}}
YAML
    fails_naming dsnap nobody 'app ?[=:] ?"?nobody|no pod|selector'
}

no_such_snapshot() {
    rollback nowhere never-taken
    fails_naming rb nowhere never-taken
    unharmed
}

# pod NAME COMMAND ANNOTATIONS: of the busybox image, taking part.
pod() {
    cat <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1, cutline.dev/inject: "true"}, annotations: {$3}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: $(image busybox), imagePullPolicy: Never$2}]
YAML
}

no_command() { pod mute '' '' | refused 'container main has no command.*cutline.dev/command.main'; }

unsupported_object() {
    pod uring ', command: [/uring]' 'cutline.dev/seccomp: "off"' | k apply -f -
    await 60 "the pod with an io_uring" pods_are_ready app=uring 1
    await 20 "the io_uring" said uring main "io_uring at"
    k apply -f - <<YAML
{apiVersion: cutline.dev/v1alpha1, kind: DistributedSnapshot, metadata: {name: uring}, spec: {selector: {matchLabels: {app: uring}}}}
YAML
    fails_naming dsnap uring 'io_uring'
    [[ $(failure dsnap uring) == Unsupported* ]]
    expect_restarts app=uring 0
    k delete pod uring --timeout=30s
}

# A small file system over the sidecar's folder, which the next images do not fit into.
full_disk() {
    in_sidecar "$namespace" ledger-1 "cp /busybox \$root/tmp/busybox && nsenter -t \$pid -m /tmp/busybox mount -t tmpfs -o size=2m none /var/lib/cutline &&
        mkdir -p \$root/var/lib/cutline/checkpoints && dd if=/dev/zero of=\$root/var/lib/cutline/filler bs=64k count=20"
    snapshot full ledger
    await_end dsnap full 60
    in_sidecar "$namespace" ledger-1 "ls -lR \$root/var/lib/cutline; nsenter -t \$pid -m /tmp/busybox umount /var/lib/cutline; rm \$root/tmp/busybox"
    fails_naming dsnap full 'ledger-1.*(no space|space left|full)'
    [[ $(failure dsnap full) == Exhausted* ]] || fail "the reason is not Exhausted: $(failure dsnap full)"
    unharmed
}

flipped_bit() {
    local epoch before
    snapshot flip ledger
    succeed dsnap flip
    epoch=$(value dsnap flip .status.epoch)
    in_sidecar "$namespace" ledger-2 "file=\$root/var/lib/cutline/checkpoints/$epoch/ledger/pages-1.img
        byte=\$(dd if=\$file bs=1 skip=5000 count=1 2>/dev/null | od -An -tu1)
        printf \"\\\\x\$(printf %02x \$((byte ^ 16)))\" | dd of=\$file bs=1 seek=5000 conv=notrunc 2>/dev/null"
    before=$(ledger_processes)
    rollback flip flip
    fails_naming rb flip 'pages-1.img'
    [[ $(failure rb flip) == Corrupt* ]] || fail "the reason is not Corrupt: $(failure rb flip)"
    [[ $(ledger_processes) == "$before" ]] || fail "processes were touched: $before became $(ledger_processes)"
    unharmed
}

ledger_processes() { for pod in ledger-0 ledger-1 ledger-2; do process "$namespace" "$pod" ledger ledger; done | xargs; }

works_still() {
    snapshot well ledger
    succeed dsnap well
    rollback well well
    succeed rb well
    unharmed
}
