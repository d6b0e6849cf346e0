# The tools that can build an image: archive_with_TOOL IMAGE CONTAINERFILE CONTEXT OUT.tar
# shellcheck shell=bash

choose_builder() {
    builder=${BUILDER:-}
    if [[ ! $builder ]]; then
        for builder in buildah podman docker; do
            command -v "$builder" >/dev/null || continue
            [[ $builder != docker ]] || docker info >/dev/null 2>&1 || continue   # a client without its daemon
            break
        done
    fi
    case $builder in
        buildah | podman | docker) command -v "$builder" >/dev/null || fail "$builder is missing; apt-get install buildah, or set BUILDER" ;;
        *) fail "BUILDER is one of buildah, podman and docker: $builder" ;;
    esac
}

# Storage of its own that goes with $work: nothing of the user's images is touched, and no driver is asked for that a container has not.
archive_with_buildah() {
    local own=(buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run")
    "${own[@]}" bud --isolation chroot --timestamp 0 --file "$2" --tag "$1" "$3"
    "${own[@]}" push "$1" "docker-archive:$4:$1"
}

archive_with_podman() {
    local own=(podman --storage-driver vfs --root "$work/storage" --runroot "$work/run")
    "${own[@]}" build --isolation chroot --timestamp 0 --file "$2" --tag "$1" "$3"
    "${own[@]}" save --format docker-archive --output "$4" "$1"
}

archive_with_docker() {
    docker build --file "$2" --tag "$1" "$3"
    docker save --output "$4" "$1"
}
