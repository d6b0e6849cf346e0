# A SnapshotRepository in an S3 server of the scenario's own.
# shellcheck shell=bash

# deploy_repository [FURTHER FIELDS OF THE SPEC]: the SnapshotRepository "backups", ready.
deploy_repository() {
    manifest "$scenarios/manifests/objectstore.yaml" | k apply -f -
    await 60 "the object store" pods_are_ready app=objectstore 1
    k apply -f - <<YAML
apiVersion: cutline.dev/v1alpha1
kind: SnapshotRepository
metadata: {name: backups}
spec:
  s3: {endpoint: "http://objectstore.$namespace.svc:9000", bucket: backups, prefix: e2e, credentialsSecretRef: {name: backups}}
  passwordSecretRef: {name: backups}
  ${1:-}
YAML
    await 60 "the repository to be ready" holds srepo backups Ready
}

is_durable() { holds dsnap "$1" Durable; }
stored_checkpoints() { value srepo backups '.status.checkpoints // 0'; }
has_stored() { [[ $(stored_checkpoints) == "$1" ]]; }

# In bytes, of the disk.
bucket_size() {
    local node pid
    read -r node pid < <(process "$namespace" objectstore objectstore objectstore)
    on_node "$node" "echo \$((1024 * \$(du -sk /proc/$pid/root/data/backups | cut -f 1)))"
}
# local_size POD: of the checkpoints on its node.
local_size() { in_sidecar "$namespace" "$1" "echo \$((1024 * \$(du -sk \$root/var/lib/cutline/checkpoints | cut -f 1)))"; }
