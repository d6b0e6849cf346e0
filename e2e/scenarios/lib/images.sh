# Images of the product and of the workloads, all with one tag that was never used before.
# shellcheck shell=bash

tag=e2e-$(date +%s)

prerequisites() {
    local missing=() name
    for name in jq curl ldd gcc strip; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    [[ $cluster != current ]] || for name in kubectl helm; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    [[ -x /bin/busybox ]] && refute ldd /bin/busybox >/dev/null 2>&1 || missing+=(busybox-static)
    command -v redis-server >/dev/null || missing+=(redis-server)
    command -v restic >/dev/null || missing+=(restic)
    for name in "${names[@]}"; do mapfile -t -O "${#missing[@]}" missing < <(missing_for "$name"); done
    ((${#missing[@]} == 0)) || fail "these are missing; install them with your package manager or tools/install and tools/install servers: ${missing[*]}"
    for name in cutline-operator cutline-sidecar cutline-launcher preload.so ledger redis-writer; do
        [[ -f $build/bin/$name ]] || fail "$build/bin/$name is missing: build it first, or name another folder with --build"
    done
    [[ $cluster != current || $load ]] || fail "--cluster current wants --load, for example --load 'kind load image-archive'"
}

image() { printf 'localhost/cutline/%s:%s' "$1" "$tag"; }

make_images() {
    local make="$here/../images/build" images=$work/images archive name
    mkdir -p "$images" "$work/bin"
    cp "$build/bin/"{cutline-operator,cutline-sidecar,cutline-launcher,preload.so,ledger,redis-writer} "$work/bin/"   # a build may go on meanwhile
    gcc -static -O1 -Wall -Wextra -Werror -o "$work/uring" "$scenarios/programs/uring.c"
    "$make" --tag "$tag" "$work" "$images"
    "$make" --tag "$tag" --app ledger "$work/bin/ledger" "$images/ledger.tar"
    "$make" --tag "$tag" --app redis "$work/bin/redis-writer" "$images/redis.tar" "$work/bin/redis-writer=/redis-writer" \
        "$(command -v redis-server)=/usr/bin/redis-server" "$(command -v redis-cli)=/usr/bin/redis-cli"
    "$make" --tag "$tag" --app busybox /bin/busybox "$images/busybox.tar" "$work/uring=/uring" "$work/bin/ledger=/ledger" \
        "$work/bin/redis-writer=/redis-writer"
    "$here/objectstores/build"
    "$make" --tag "$tag" --app objectstore "${CUTLINE_CACHE:-/var/cache/cutline}/bin/versitygw" "$images/objectstore.tar"
    for name in "${names[@]}"; do make_server_image "$name" "$images"; done
    for archive in "$images"/*.tar; do load_image "$archive"; done
    rm -rf "$images"
}

load_image() {
    if [[ $cluster == current ]]; then
        $load "$1"   # words: a command and its arguments
    else
        "$here/cluster/cluster" load --name "$cluster" "$1"
    fi
}
