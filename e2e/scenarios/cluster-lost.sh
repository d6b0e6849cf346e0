# The cluster is thrown away. What was kept beside it, a bucket and two Secrets, brings the workload back in another one, by two commands.
# shellcheck shell=bash

# shellcheck source=/dev/null
source "$scenarios/repository.sh"

scenario_main() {
    [[ $cluster != current ]] || { echo "cluster-lost throws its cluster away: not with --cluster current"; return; }
    gone
    check "an S3 server runs beside the cluster" run_object_store
    check "three ledger pods transfer money" deploy_ledger
    check "a snapshot of them is in a repository there" keep_snapshot nightly
    check "the key that signs is put aside, and the cluster thrown away" lose_cluster
    check "a new cluster, with nothing but Cutline and that key" new_cluster
    check "the first command brings repository, workload, and the snapshot's object" bring_objects
    check "the second command takes the workload back: the money is there, and the connections go on" take_back
    check "what was taken in the new cluster works as well" go_on
    check "the S3 server ends" end_object_store
}

# The machine's end of the link to the node: a pod reaches it, and it stays when the cluster goes.
store_address() {
    local node
    node=$(kubectl get node -o 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')
    echo "${node%.*}.$((${node##*.} - 1)):9000"
}

run_object_store() {
    mkdir -p "$work/objects/backups"
    ROOT_ACCESS_KEY=e2e ROOT_SECRET_KEY=e2e-secret setsid "${CUTLINE_CACHE:-/var/cache/cutline}/bin/versitygw" --port "$(store_address)" --quiet \
        posix "$work/objects" >"$out/objectstore.log" 2>&1 &
    echo $! >"$work/objectstore.pid"
    await 20 "the S3 server to answer" store_answers
}
store_answers() {
    ! grep "failed to bind" "$out/objectstore.log" && curl -s -o /dev/null "http://$(store_address)/"
}
end_object_store() { kill "$(cat "$work/objectstore.pid")"; }

repository() {
    cat <<YAML
apiVersion: v1
kind: Secret
metadata: {name: backups}
stringData: {accessKeyId: e2e, secretAccessKey: e2e-secret, password: only-for-tests}
---
apiVersion: cutline.dev/v1alpha1
kind: SnapshotRepository
metadata: {name: backups}
spec:
  s3: {endpoint: "http://$(store_address)", bucket: backups, prefix: lost, credentialsSecretRef: {name: backups}}
  passwordSecretRef: {name: backups}
YAML
}

keep_snapshot() {
    repository | k apply -f -
    await 60 "the repository to be ready" holds srepo backups Ready
    keep_it
    snapshot "$1" ledger
    succeed dsnap "$1"
    await 180 "$1 to be durable" is_durable "$1"
    ports_of "$1" >"$work/ports-then"
}

# ports_of NAME: of all connections of the snapshot's members, whatever their addresses are.
ports_of() {
    k get lckpt -o json | jq -r --arg of "$1" '.items[] | select(.spec.snapshot == $of) | .spec.pod as $pod | .spec.counters.connections[]
        | "\($pod) \(.local | sub(".*:"; "")) \(.remote | sub(".*:"; ""))"' | sort
}

lose_cluster() {
    kubectl -n cutline-system get secret cutline-signing -o json | jq '{apiVersion, kind, type, data, metadata: {name: .metadata.name}}' >"$work/signing.json"
    remove_node_tools
    "$here/cluster/cluster" down --name "$cluster"
}

new_cluster() {
    use_cluster
    make_images
    kubectl create namespace cutline-system
    kubectl -n cutline-system create -f "$work/signing.json"
    install_chart
    install_node_tools
    kubectl create namespace "$namespace"
    [[ -z $(k get dsnap -o name) ]]
}

bring_objects() {
    {
        repository
        echo ---
        manifest "$here/workloads/ledger/ledger.yaml"
        echo ---
        cat <<YAML
apiVersion: cutline.dev/v1alpha1
kind: DistributedSnapshot
metadata: {name: nightly}
spec: {importFrom: {repositoryRef: {name: backups}}}
YAML
    } >"$work/workload.yaml"
    k apply -f "$work/workload.yaml"
    await 120 "the snapshot to be known here" holds dsnap nightly Durable
    await 180 "three ledger pods" pods_are_ready "$ledgers" 3
    k get dsnap nightly
}

take_back() {
    printf '%s\n' "apiVersion: cutline.dev/v1alpha1" "kind: Rollback" "metadata: {name: home}" "spec: {to: {snapshot: nightly}}" >"$work/rollback.yaml"
    k apply -f "$work/rollback.yaml"
    succeed rb home 240
    transfers_go_on 30
    audit
    expect_restarts "$ledgers" 0
    measure "restore $(value rb home .status.timings.restore)"
}

go_on() {
    keep_it
    snapshot later ledger
    succeed dsnap later
    diff "$work/ports-then" <(ports_of later) || fail "other connections than then"
    rollback back-to-later later
    succeed rb back-to-later
    transfers_go_on 20
    audit
    k delete dsnap nightly --timeout=30s
}
