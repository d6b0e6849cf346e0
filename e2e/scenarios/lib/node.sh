# Hands on the nodes: a privileged pod on each that sees their processes. Works alike on the local cluster and on any other.
# shellcheck shell=bash

install_node_tools() {
    remove_namespace cutline-e2e   # of a run that was ended halfway
    kubectl apply -f - <<YAML
apiVersion: v1
kind: Namespace
metadata: {name: cutline-e2e}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node, namespace: cutline-e2e}
spec:
  selector: {matchLabels: {app: node}}
  template:
    metadata: {labels: {app: node}}
    spec:
      hostPID: true
      terminationGracePeriodSeconds: 0
      tolerations: [{operator: Exists}]
      containers:
      - name: node
        image: $(image busybox)
        imagePullPolicy: Never
        command: [/busybox, sh, -c, "/busybox mkdir -p /bin && /busybox --install -s /bin && exec /busybox sleep 1000000"]
        env: [{name: PATH, value: /bin}]
        securityContext: {privileged: true}
YAML
    kubectl -n cutline-e2e rollout status daemonset/node --timeout=90s
    await 30 "a shell on the node" on_node "$(kubectl get nodes -o 'jsonpath={.items[0].metadata.name}')" true
}

remove_node_tools() { kubectl delete namespace cutline-e2e --wait=false --ignore-not-found >/dev/null 2>&1; }

# on_node NODE SCRIPT: in a shell of that node's pod.
on_node() { kubectl -n cutline-e2e exec -i "$(node_pod "$1")" -- /bin/sh -c "$2" </dev/null; }
node_pod() {
    kubectl -n cutline-e2e get pod -l app=node --field-selector "spec.nodeName=$1,status.phase=Running" -o 'jsonpath={.items[0].metadata.name}'
}

# anywhere COMMAND...: in the pod of some node, which reaches every pod by its address.
anywhere() { kubectl -n cutline-e2e exec daemonset/node -- "$@"; }

# processes NAMESPACE POD CONTAINER: "NODE PID NAME" of each process of that container; the control group names the container.
processes() {
    local node id
    read -r node id < <(kubectl -n "$1" get pod "$2" -o json | jq -r --arg name "$3" \
        '[.spec.nodeName, (((.status.initContainerStatuses // []) + .status.containerStatuses)[] | select(.name == $name) | .containerID // "" | sub(".*//"; ""))] | join(" ")')
    [[ ${id:-} ]] || fail "container $3 of $2 has no process"
    on_node "$node" "for pid in \$(grep -l $id /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3); do
        read -r name </proc/\$pid/comm && echo $node \$pid \$name; done 2>/dev/null; true"
}

# process NAMESPACE POD CONTAINER NAME: "NODE PID" of the first process of that name (cut at 15 characters, as the kernel does).
process() {
    local found
    found=$(processes "$1" "$2" "$3" | awk -v name="${4:0:15}" '$3 == name { print $1, $2; exit }')
    [[ $found ]] || fail "no process $4 in container $3 of $2"
    echo "$found"
}

# in_sidecar NAMESPACE POD SCRIPT: on the node, with $root the root folder of the pod's sidecar.
in_sidecar() {
    local node pid
    read -r node pid < <(process "$1" "$2" cutline-sidecar cutline-sidecar)
    on_node "$node" "root=/proc/$pid/root pid=$pid; $3"
}
