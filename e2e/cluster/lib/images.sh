# Images come from archives: there is no registry. The pause image is our own.
# shellcheck shell=bash

readonly pause_image=localhost/cutline/pause:1

pause_archive() { echo "$cache/images/pause-$(sha256sum "$here/pause/pause.c" | cut -c1-16).tar"; }

build_pause_image() {
    local archive
    archive=$(pause_archive)
    [[ -s $archive ]] && return
    mkdir -p "$cache/images"
    (
        set -e
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        gcc -static -Os -o "$work/pause" "$here/pause/pause.c"
        strip "$work/pause"
        printf 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n' >"$work/Containerfile"
        build_archive "$work" "$pause_image" "$archive"
    )
}

# build_archive FOLDER IMAGE ARCHIVE: a Containerfile's image as a docker archive, with no storage left on the machine.
build_archive() (
    set -e
    folder=$1 image=$2 archive=$3
    storage=$(mktemp -d)
    trap 'rm -rf "$storage"' EXIT
    buildah=(buildah --root "$storage/root" --runroot "$storage/run" --storage-driver vfs)
    "${buildah[@]}" build --isolation chroot --quiet -t "$image" "$folder" >/dev/null
    rm -f "$archive.new"
    "${buildah[@]}" push --quiet "$image" "docker-archive:$archive.new:$image" >/dev/null
    mv -f "$archive.new" "$archive"
)

ctr_here() { ctr --address "$containerd_socket" --namespace k8s.io "$@"; }

load_images() {
    (($#)) || fail "load wants image archives"
    local archive
    for archive in "$@"; do
        [[ -r $archive ]] || fail "no such archive: $archive"
        ctr_here images import "$archive"
    done
}

ensure_pause_image() {
    ctr_here images ls -q | grep -qxF "$pause_image" || load_images "$(pause_archive)" >/dev/null
}
