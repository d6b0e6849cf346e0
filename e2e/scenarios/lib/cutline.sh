# Snapshots and rollbacks.
# shellcheck shell=bash

# snapshot NAME POLICY [ANNOTATION: VALUE] [FURTHER FIELDS OF THE SPEC]
snapshot() {
    k apply -f - <<YAML
apiVersion: cutline.dev/v1alpha1
kind: DistributedSnapshot
metadata: {name: $1, annotations: {${3:-}}}
spec: {policyRef: {name: $2}${4:+, $4}}
YAML
}

# rollback NAME SNAPSHOT; rollback_by NAME SPEC
rollback() { rollback_by "$1" "to: {snapshot: $2}"; }
rollback_by() {
    k apply -f - <<YAML
apiVersion: cutline.dev/v1alpha1
kind: Rollback
metadata: {name: $1}
spec: {$2}
YAML
}

# holds KIND NAME CONDITION
holds() { k get "$1" "$2" -o json | jq -e --arg type "$3" 'any(.status.conditions[]?; .type == $type and .status == "True")' >/dev/null; }
has_ended() { k get "$1" "$2" -o json | jq -e 'any(.status.conditions[]?; (.type == "Released" or .type == "Failed") and .status == "True")' >/dev/null; }
failure() { k get "$1" "$2" -o json | jq -r '.status.conditions[]? | select(.type == "Failed" and .status == "True") | "\(.reason): \(.message)"'; }

# await_end KIND NAME SECONDS
await_end() { await "$3" "$1 $2 to end, as Released or Failed" has_ended "$1" "$2"; }

# succeed KIND NAME [SECONDS]: it ends, and well.
succeed() {
    local why
    await_end "$1" "$2" "${3:-60}"
    why=$(failure "$1" "$2")
    [[ -z $why ]] || fail "$1 $2 failed: $why"
    holds "$1" "$2" Released
}

# fails_naming KIND NAME PATTERN: it ends Failed, with a message that says what the pattern looks for.
fails_naming() {
    local why
    await_end "$1" "$2" 60
    why=$(failure "$1" "$2")
    [[ $why ]] || fail "$1 $2 did not fail"
    grep -Eiq -- "$3" <<<"$why" || fail "$1 $2 does not say $3: $why"
    measure "$why"
}

# value KIND NAME JQ
value() { k get "$1" "$2" -o json | jq -r "$3"; }

# to_ms: a length of time as the status writes it, in milliseconds.
to_ms() {
    sed -E 's/([0-9.]+)us/\1 0.001/; s/([0-9.]+)ms/\1 1/; s/([0-9.]+)s$/\1 1000/' <<<"$1" | awk '{ printf "%d", $1 * $2 }'
}

# folders POD: the epochs of which the pod's sidecar has images on its node.
folders() { in_sidecar "$namespace" "$1" "ls \$root/var/lib/cutline/checkpoints 2>/dev/null"; }
has_folder() { folders "$1" | grep -qx "$2"; }
has_no_folder() { refute has_folder "$1" "$2"; }

# columns_are_filled NAME PODS: what `kubectl get dsnap` shows, and a LocalCheckpoint a pod.
columns_are_filled() {
    local row
    row=$(value dsnap "$1" '[.status.epoch, .status.membersReady, .status.timings.held, .status.timings.total, .status.bytes, .status.proof.connections, .status.proof.orphans] | map(tostring) | join(" ")')
    [[ $row != *null* ]] || fail "dsnap $1: something is empty of epoch, members, held, total, bytes, connections, orphans: $row"
    [[ $row =~ ^[1-9][0-9]*\ $2/$2\  ]] || fail "dsnap $1: $row"
    value dsnap "$1" '.status.bytes > 0 and .status.proof.orphans == 0 and (.status.members | length) == '"$2"' and all(.status.members[]; (.digest | startswith("sha256:")) and .frozen != null and .gated != null and .gate != null)' | grep -qx true ||
        fail "dsnap $1: a member lacks digest, frozen, gated or gate: $(value dsnap "$1" '.status.members')"
    k get dsnap "$1" --no-headers | awk '{ if (NF < 8) { print "too few columns: " $0; exit 1 } }'
    [[ $(checkpoints_of "$1") == "$2" ]] || fail "dsnap $1 has $(checkpoints_of "$1") LocalCheckpoints, not $2"
}

checkpoints_of() { k get lckpt -o json | jq --arg of "$1" '[.items[] | select(.spec.snapshot == $of)] | length'; }
has_no_checkpoints() { [[ $(checkpoints_of "$1") == 0 ]]; }

# delete_snapshot NAME POD...: within 30 s object, LocalCheckpoints and images are gone.
delete_snapshot() {
    local name=$1 epoch pod
    shift
    epoch=$(value dsnap "$name" .status.epoch)
    for pod; do has_folder "$pod" "$epoch" || fail "$pod has no images of epoch $epoch: $(folders "$pod" | xargs)"; done
    k delete dsnap "$name" --timeout=30s
    await 15 "the LocalCheckpoints of $name to go" has_no_checkpoints "$name"
    for pod; do await 15 "the images of epoch $epoch in $pod to go" has_no_folder "$pod" "$epoch"; done
}
