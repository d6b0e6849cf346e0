# The binaries: one with every Kubernetes process, CoreDNS, etcd and kubectl in it, and Helm. Kept by a hash of what they are made of.
# shellcheck shell=bash

readonly version_package=k8s.io/component-base/version
readonly link_flags="-s -w -X $version_package.gitVersion=$kubernetes_version -X $version_package.gitMajor=1 -X $version_package.gitMinor=34"
readonly compile_flags=all=-dwarf=false   # the linker would drop it: a ninth of the compiler's work

build_binaries() {
    local key
    key=$(binaries_key)
    mkdir -p "$cache/bin"
    build_one node "$key" .
    build_one helm "$key" helm.sh/helm/v3/cmd/helm
}

binaries_key() {
    command -v go >/dev/null || fail "go is missing; install it with tools/install"
    (
        cd "$here/node"
        { go version; echo "$link_flags $compile_flags"; sha256sum go.mod go.sum -- *.go; } | sha256sum | cut -c1-16
    )
}

# build_one NAME KEY PACKAGE: bin/NAME is a link to bin/NAME-KEY; it points to something whole at every moment.
build_one() {
    local name=$1 key=$2 package=$3 target=$cache/bin/$1-$2
    (
        flock 8
        if [[ ! -x $target ]]; then
            compile "$name" "$package" "$target.new"
            mv -f "$target.new" "$target"
        fi
        if [[ $(readlink "$cache/bin/$name") != "$name-$key" ]]; then
            ln -sfn "$name-$key" "$cache/bin/.$name.link"
            mv -fT "$cache/bin/.$name.link" "$cache/bin/$name"
            find "$cache/bin" -maxdepth 1 -type f -name "$name-*" ! -name "$name-$key" -delete
        fi
    ) 8>"$cache/bin/.lock"
}

# The compiler and the reporter end with this subshell, however it ends.
compile() (
    set -e
    name=$1 package=$2 output=$3 began=$SECONDS status=0
    log=$(mktemp)
    trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
    trap 'exit 130' INT TERM HUP
    cd "$here/node"
    export CGO_ENABLED=0
    say "building $name: $(go list -deps "$package" | wc -l) packages, those in go's cache are not compiled again"
    go build -v -trimpath -buildvcs=false -gcflags "$compile_flags" -ldflags "$link_flags" -o "$output" "$package" >"$log" 2>&1 8>&- 9>&- &
    compiler=$!
    report_progress "$name" "$compiler" "$log" 8>&- 9>&- &
    wait "$compiler" || status=$?
    if ((status)); then
        tail -20 "$log" >&2
        fail "building $name failed after $((SECONDS - began)) s; the whole output is in $log"
    fi
    say "built $name in $((SECONDS - began)) s ($(wc -l <"$log") packages compiled)"
    rm -f "$log"
)

report_progress() {
    local name=$1 compiler=$2 log=$3 began=$SECONDS
    while sleep 10 && kill -0 "$compiler" 2>/dev/null; do
        say "building $name: $((SECONDS - began)) s, $(wc -l <"$log") packages compiled, last: $(tail -1 "$log" | grep . || echo none)"
    done
}
