# Fills an image's root folder.
# shellcheck shell=bash

# What a program may expect of any root folder: names for two users, how to look up hosts, and a place for temporary files.
stage_base() {
    local root=$1
    mkdir -p "$root/etc" "$root/tmp"
    chmod 1777 "$root/tmp"
    printf 'root:x:0:0:root:/:/sbin/nologin\ncutline:x:65532:65532:cutline:/:/sbin/nologin\n' >"$root/etc/passwd"
    printf 'root:x:0:\ncutline:x:65532:\n' >"$root/etc/group"
    printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
}

# built BUILD FILE [TARGET]: the path of a file that a build folder holds, or which target makes it.
built() {
    local build=$1 file=$1/bin/$2 target=${3:-$2}
    [[ -f $file ]] || fail "$file is missing: ninja -C $build $target"
    printf '%s\n' "$file"
}

# stage_binary FILE PATH ROOT: the file, and the libraries and the loader that ldd names, each at its own path.
stage_binary() {
    local file=$1 path=$2 root=$3 libraries library
    mkdir -p "$root$(dirname "$path")"
    cp -L "$file" "$root$path"
    if [[ -x $file ]]; then strip_symbols "$root$path"; fi
    is_static "$file" && return
    libraries=$(ldd "$file")
    [[ $libraries != *"not found"* ]] || fail "$file cannot be loaded here: $(grep 'not found' <<<"$libraries" | head -3)"
    for library in $(grep -oE '(=> )?/[^ ]+ \(0x' <<<"$libraries" | sed -E 's/^=> //; s/ \(0x$//'); do
        [[ -e $root$library ]] && continue
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
}

# stage_folder FOLDER PATH ROOT: what is in it, links followed, and the libraries of its programs.
stage_folder() {
    local folder=$1 path=$2 root=$3 file
    mkdir -p "$root$path"
    cp -rL "$folder/." "$root$path"
    while IFS= read -r file; do
        if is_elf "$folder/$file"; then stage_binary "$folder/$file" "$path/$file" "$root"; fi
    done < <(cd "$folder" && find -L . -type f -printf '%P\n')
}

is_elf() { head -c 4 "$1" | grep -q ELF; }

# stage_zones ROOT: the time zones of schedules, from this machine's tzdata.
stage_zones() {
    local root=$1 zones=/usr/share/zoneinfo
    [[ -f $zones/Europe/Berlin ]] || fail "$zones has no time zones: apt-get install tzdata"
    mkdir -p "$root$zones"
    # Twice more the same, by other names and with leap seconds, and what points out of the folder.
    tar -C "$zones" --exclude=./posix --exclude=./right --exclude=./localtime --exclude=./posixrules -c . | tar -C "$root$zones" -x
}

is_static() { ! LC_ALL=C ldd "$1" >/dev/null 2>&1; }

# Symbols for a debugger are most of a debug build, and of no use without a debugger.
strip_symbols() {
    if command -v strip >/dev/null; then strip --strip-debug "$1" 2>/dev/null || true; fi
}
