# Cutline built, a cluster to run it on, and both brought together. Source it after say.sh, with $top the repository's root.
# shellcheck shell=bash

: "${top:?}"
cluster_kind=${cluster_kind:-local}   # local | current
build_folder=${CUTLINE_BUILD:-$top/build/release}
image_folder=$build_folder/images
cluster() { "$top/e2e/cluster/cluster" "$@"; }
export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1   # what another clone has compiled counts here too

stack_programs=(cutline-operator cutline-sidecar cutline-launcher cutline_criu_preload)

# build_stack TARGET...: the C++ build and, beside it, the cluster's binaries (with_object_stores=yes: and the S3 servers of the tests).
build_stack() {
    local log=$build_folder/logs
    mkdir -p "$log"
    local go_pid=''
    if [[ $cluster_kind == local ]]; then
        (cluster build && { [[ -z ${with_object_stores:-} ]] || "$top/e2e/objectstores/build"; }) >"$log/cluster.log" 2>&1 &
        go_pid=$!
    fi
    [[ -f $build_folder/build.ninja ]] || cmake --preset release -S "$top" -B "$build_folder" >"$log/configure.log" 2>&1 ||
        { tail -n 20 "$log/configure.log" >&2; die "cmake failed; the whole log is $log/configure.log"; }
    (ninja -C "$build_folder" "${stack_programs[@]}" "$@" && "$top/images/criu-bundle/make" "$build_folder/criu" && "$top/images/rest-server/make") >"$log/build.log" 2>&1 &
    follow $! "$log/build.log" "building Cutline"
    [[ -z $go_pid ]] || follow "$go_pid" "$log/cluster.log" "building Kubernetes"
}

# A cluster to use: KUBECONFIG, kubectl and helm are set afterwards.
enter_cluster() {
    if [[ $cluster_kind == local ]]; then
        cluster up >"$build_folder/logs/cluster-up.log" 2>&1 || { tail -n 20 "$build_folder/logs/cluster-up.log" >&2; die "no cluster"; }
        eval "$(cluster env)"
    else
        command -v kubectl >/dev/null && command -v helm >/dev/null || die "--cluster current needs kubectl and helm on the PATH"
        kubectl version >/dev/null 2>&1 || die "--cluster current: the cluster that KUBECONFIG names does not answer"
    fi
}

# make_images TAG and load_images FILE...: onto the cluster's nodes. Of a user's own cluster, CUTLINE_LOAD says how, for example
# CUTLINE_LOAD='kind load image-archive'.
make_images() { "$top/images/build" --tag "$1" "$build_folder" "$image_folder"; }
load_images() {
    local file
    for file in "$@"; do
        if [[ $cluster_kind == local ]]; then cluster load "$file" >/dev/null
        elif [[ ${CUTLINE_LOAD:-} ]]; then $CUTLINE_LOAD "$file"
        else die "say how images get onto your nodes: CUTLINE_LOAD='kind load image-archive' (or k3s ctr images import, minikube image load)"; fi
    done
}

# install_cutline TAG: by Helm, and waits until the operator is ready.
install_cutline() {
    helm upgrade --install cutline "$top/charts/cutline" --namespace cutline-system --create-namespace \
        --set "image.operator.tag=$1" --set "image.sidecar.tag=$1" --wait --timeout 3m >/dev/null
}

# The images' content decides their tag: what has not changed is neither loaded nor rolled out again.
stack_tag() {
    cat "$build_folder"/bin/{cutline-operator,cutline-sidecar,cutline-launcher,preload.so} "$top"/images/*/Containerfile | sha256sum | cut -c 1-12
}
