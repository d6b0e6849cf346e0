# The cluster, and the product in it.
# shellcheck shell=bash

use_cluster() {
    [[ $cluster != current ]] || return 0
    "$here/cluster/cluster" up --name "$cluster"
    eval "$("$here/cluster/cluster" env --name "$cluster")"
}

install_chart() {
    helm upgrade --install cutline "$here/../charts/cutline" --namespace cutline-system --create-namespace \
        --set "image.operator.tag=$tag,image.sidecar.tag=$tag,image.operator.pullPolicy=Never,image.sidecar.pullPolicy=Never" \
        --timeout 3m --wait
    kubectl get crd -o name | grep -c '\.cutline\.dev$'
}

installed_tag() {
    kubectl -n cutline-system get deployment cutline-operator -o 'jsonpath={.spec.template.spec.containers[0].image}' | sed 's/.*://'
}

operator_pod() {
    kubectl -n cutline-system get pod -l app.kubernetes.io/component=operator -o json |
        jq -er '[.items[] | select(.metadata.deletionTimestamp == null)] | sort_by(.metadata.creationTimestamp) | last.metadata.name'
}

operator_is_ready() {
    kubectl -n cutline-system get pod -l app.kubernetes.io/component=operator -o json |
        jq -e '[.items[] | select(.metadata.deletionTimestamp == null)] | length == 1 and any(.[0].status.conditions[]?; .type == "Ready" and .status == "True")'
}

# A new pod has no back-off from the ends of an earlier one.
renew_operator() {
    kubectl -n cutline-system delete pod -l app.kubernetes.io/component=operator --wait=true --timeout=60s >/dev/null
    await 90 "an operator that is ready" operator_is_ready
}
