# A repository on a volume: what is kept there brings the workload back when its pods are gone with their own volumes; its server may die, and its object be made anew.
# shellcheck shell=bash

# shellcheck source=/dev/null
source "$scenarios/new-pods.sh"

scenario_main() {
    check "a repository whose claim is not there says so" lacks_claim
    check "with a claim, the repository is served and ready" has_claim
    check "nobody gets at it without the server's keys" keys_are_wanted
    check "three ledger pods transfer money, and what serves the repository is none of them" deploy_ledger
    check "a snapshot of them becomes durable, on the volume" durable_on_volume first
    check "the server's pod is killed in the middle of an upload: the snapshot is durable once another one serves" server_dies second
    check "all pods are deleted with their volumes, and begin anew" replace "$ledgers" 3
    check "a rollback brings them back from the volume: the money is there, and the same connections go on" come_back first
    check "the repository's object is deleted, and its server with it; made anew, it has all that was kept" repository_anew
    check "all pods are replaced again, and brought back from there" again second
    check "a snapshot to it, and a rollback, work as before" in_place third
    check "deleted snapshots go from the volume too" delete_all first second third after
    check "a folder of the node serves as well" on_node_folder
    check "no application was started anew" expect_restarts "$ledgers" 0
}

volume_repository() {
    k apply -f - <<YAML
apiVersion: v1
kind: Secret
metadata: {name: volume}
stringData: {password: only-for-tests}
---
apiVersion: cutline.dev/v1alpha1
kind: SnapshotRepository
metadata: {name: ${1:-backups}}
spec:
  volume: ${2:-{claimName: backups, path: ledger/kept\}}
  passwordSecretRef: {name: volume}
YAML
}
ready_says() { value srepo "${2:-backups}" '.status.conditions[]? | select(.type == "Ready") | .message' | grep -q -- "$1"; }

lacks_claim() {
    volume_repository
    await 60 "the repository to name the claim" ready_says "no PersistentVolumeClaim backups"
}

# A folder of the node, which a pod of ours makes the group's, looks into, and removes at the end.
storage() { echo "/var/lib/cutline-e2e/$tag"; }
looks() {
    k apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: looker}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: looker
      image: $(image busybox)
      imagePullPolicy: Never
      command: [/busybox, sh, -c, "/busybox mkdir -p $(storage) && /busybox chgrp 65532 $(storage) && /busybox chmod 2775 $(storage) && exec /busybox sleep 1000000"]
      volumeMounts: [{name: data, mountPath: $(dirname "$(storage)")}]
  volumes:
    - name: data
      hostPath: {path: $(dirname "$(storage)"), type: DirectoryOrCreate}
YAML
    await 60 "a folder of the node" look true
}
look() { k exec looker -- /busybox sh -c "cd $(storage) && $1"; }

has_claim() {
    looks
    kubectl delete pv "$namespace" --ignore-not-found --timeout=30s   # of a run that was ended halfway
    k apply -f - <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: {name: $namespace}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: $namespace
  claimRef: {namespace: $namespace, name: backups}
  hostPath: {path: $(storage), type: Directory}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: backups}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: $namespace
  resources: {requests: {storage: 1Gi}}
YAML
    await 120 "the repository to be ready" holds srepo backups Ready
    [[ $(value srepo backups .status.id) =~ ^[0-9a-f]{64}$ ]] || fail "$(value srepo backups .status)"
    k get deployment,service,secret -l app.kubernetes.io/component=repository --no-headers
}
packs() { look '/busybox find ledger/kept/data -type f | /busybox wc -l'; }

keys_are_wanted() {
    local answer
    answer=$(kubectl get --raw "/api/v1/namespaces/$namespace/services/https:repository-backups:7078/proxy/config" 2>&1 || true)
    grep -Eiq 'unauthorized|logged in' <<<"$answer" || fail "it answered: $answer"
}

durable_on_volume() {
    durable_snapshot "$1"
    (($(packs) > 0)) || fail "nothing on the volume"
    measure "$(look '/busybox du -sk .' | cut -f 1) KiB on the volume"
}

server_pod() { pods_of app.kubernetes.io/component=repository; }
is_uploading() { (($(value dsnap "$1" '[.status.members[].uploaded // 0] | add') > 0)) && refute is_durable "$1"; }
server_dies() {
    local old
    k patch srepo backups --type merge -p '{"spec": {"uploadLimitKiB": 100}}'
    snapshot "$1" ledger
    succeed dsnap "$1"
    await 120 "$1 to be on its way" is_uploading "$1"
    old=$(server_pod)
    k delete pod "$old" --grace-period=0 --force
    refute is_durable "$1"
    k patch srepo backups --type json -p '[{"op": "remove", "path": "/spec/uploadLimitKiB"}]'
    await 300 "$1 to be durable" is_durable "$1"
    [[ $(server_pod) != "$old" ]]
    transfers_go_on 20
    audit
}

no_server() { [[ -z $(k get deployment,service,secret -l app.kubernetes.io/component=repository -o name) ]]; }
repository_anew() {
    local id
    await 180 "the latest snapshot to be durable" is_durable after
    await 60 "the repository to have counted" has_stored 9
    id=$(value srepo backups .status.id)
    k delete srepo backups --timeout=60s
    await 60 "its server to go" no_server
    volume_repository
    await 120 "the repository to be ready" holds srepo backups Ready
    [[ $(value srepo backups .status.id) == "$id" ]] || fail "another repository than before"
    await 60 "the repository to have counted" has_stored 9
}

again() {
    replace "$ledgers" 3
    rollback "again-$1" "$1"
    came_back "again-$1"
}

on_node_folder() {
    volume_repository folder "{hostPath: $(storage)/of-the-node, nodeName: $(kubectl get node -o 'jsonpath={.items[0].metadata.name}')}"
    await 120 "the repository to be ready" holds srepo folder Ready
    look '/busybox test -f of-the-node/config'
    k delete srepo folder backups --timeout=60s
    await 60 "their servers to go" no_server
    k delete pvc backups --timeout=60s
    kubectl delete pv "$namespace" --timeout=60s
    look "/busybox rm -rf $(storage)"
}
