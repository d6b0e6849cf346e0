# The demo's workload and what is done to it.
# shellcheck shell=bash

ns=cutline-demo
k() { kubectl -n "$ns" "$@"; }
pods=(ledger-0 ledger-1 ledger-2)

prepare_images() {
    local tag=$1 ledger
    ledger=$(sha256sum <"$build_folder/bin/ledger" | cut -c 1-12)
    if [[ $(cat "$image_folder/loaded" 2>/dev/null) != "$tag $ledger $(cluster_id)" ]]; then
        make_images "$tag" >"$build_folder/logs/images.log" 2>&1 || { cat "$build_folder/logs/images.log" >&2; die "no images"; }
        "$top/images/build" --tag dev --app ledger "$build_folder/bin/ledger" "$image_folder/ledger.tar" >>"$build_folder/logs/images.log" 2>&1
        load_images "$image_folder"/{operator,sidecar,ledger}.tar
        echo "$tag $ledger $(cluster_id)" >"$image_folder/loaded"
    fi
}
cluster_id() { kubectl get namespace kube-system -o 'jsonpath={.metadata.uid}'; }

# Where the host reaches the pods' status: directly on the local cluster, else from inside of a pod.
audit() {
    local list=''
    for pod in "${pods[@]}"; do list+=$(k get pod "$pod" -o 'jsonpath={.status.podIP}'),; done
    k exec ledger-0 -c ledger -- /ledger audit --pods "${list%,}" "$@"
}

# May be defined anew by who wants other ledgers.
ledger_manifest() { cat "$top/e2e/workloads/ledger/ledger.yaml"; }

deploy_ledger() {
    k delete namespace "$ns" --ignore-not-found --wait >/dev/null 2>&1 || true
    kubectl create namespace "$ns" >/dev/null
    kubectl label namespace "$ns" pod-security.kubernetes.io/enforce=privileged >/dev/null
    ledger_manifest | k apply -f - -f "$top/e2e/workloads/ledger/policy.yaml" >/dev/null
    for pod in "${pods[@]}"; do
        await 120 "pod $pod" k get pod "$pod"
        k wait --for=condition=Ready "pod/$pod" --timeout=120s >/dev/null
    done
    await 60 "the policy to find its members" k wait --for=condition=Ready spol/ledger --timeout=1s
    await 30 "the ledgers to be connected" audit
    audit
}

take_snapshot() {
    k apply -f - >/dev/null <<SNAPSHOT
apiVersion: cutline.dev/v1alpha1
kind: DistributedSnapshot
metadata: {name: before-the-damage}
spec: {policyRef: {name: ledger}}
SNAPSHOT
    ended dsnap/before-the-damage
    k get dsnap before-the-damage
}

roll_back() {
    restarts_before=$(restarts)
    k apply -f - >/dev/null <<ROLLBACK
apiVersion: cutline.dev/v1alpha1
kind: Rollback
metadata: {name: undo-the-damage}
spec: {to: {snapshot: before-the-damage}}
ROLLBACK
    ended rb/undo-the-damage
    k get rb undo-the-damage
    restarts_by_rollback=$(($(restarts) - restarts_before))
}

condition() { k get "$1" -o "jsonpath={.status.conditions[?(@.type==\"$2\")].$3}"; }
over() { [[ $(condition "$1" Released status) == True || $(condition "$1" Failed status) == True ]]; }
ended() {
    await 180 "$1" over "$1"
    [[ $(condition "$1" Failed status) != True ]] || die "$1 failed: $(condition "$1" Failed message)"
}

restarts() { k get pods -o json | jq '[.items[].status.containerStatuses[].restartCount] | add'; }

do_damage() {
    local before
    before=$(restarts)
    k exec ledger-1 -c ledger -- /ledger kill
    k exec ledger-2 -c ledger -- /ledger corrupt >/dev/null
    await 60 "the container of ledger-1 to restart" test_restarted "$before"
    k get pods
    if audit; then die "the audit did not notice the damage"; fi
    say "the audit finds it, as it should"
}
test_restarted() { (($(restarts) > $1)) && k wait --for=condition=Ready pod/ledger-1 --timeout=1s; }

final_audit() { audit || die "demo: FAILED, the audit after the rollback does not hold"; }
