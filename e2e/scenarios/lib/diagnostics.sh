# What one wants to see after a failure.
# shellcheck shell=bash

collect_diagnostics() {
    local folder=$1 pod
    mkdir -p "$folder"
    k get dsnap,rb,spol,lckpt,srepo -o yaml >"$folder/objects.yaml" 2>&1 || true
    k get all,dsnap,rb,lckpt -o wide >"$folder/get.txt" 2>&1 || true
    k describe pod,dsnap,rb >"$folder/describe.txt" 2>&1 || true
    k get events --sort-by=.lastTimestamp >"$folder/events.txt" 2>&1 || true
    kubectl -n cutline-system get pod -o wide >"$folder/operator-pods.txt" 2>&1 || true
    kubectl -n cutline-system logs -l app.kubernetes.io/component=operator --tail=-1 >"$folder/operator.log" 2>&1 || true
    kubectl -n cutline-system logs -l app.kubernetes.io/component=operator --tail=-1 --previous >"$folder/operator-previous.log" 2>&1 || true
    for pod in $(k get pod -o 'jsonpath={.items[*].metadata.name}' 2>/dev/null); do
        k logs "$pod" --all-containers --prefix --tail=-1 >"$folder/$pod.log" 2>&1 || true
        k logs "$pod" -c cutline-sidecar --previous >"$folder/$pod-sidecar-previous.log" 2>&1 || true
    done
}
