# Control groups and daemons. A daemon is known by its PID and start time, so that a PID used again is never taken for it.
# shellcheck shell=bash

# The folders beneath which control groups are made: each v1 hierarchy, or the one of v2.
cgroup_hierarchies() {
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        echo /sys/fs/cgroup
    else
        awk '($3 == "cgroup" || $3 == "cgroup2") && $2 ~ "^/sys/fs/cgroup/" { print $2 }' /proc/self/mounts
    fi
}

any_hierarchy() { cgroup_hierarchies | head -1; }

prepare_cgroups() {
    local hierarchy folder file
    for hierarchy in $(cgroup_hierarchies); do
        mkdir -p "$hierarchy/$cgroup/daemons"
        for folder in "$hierarchy/$cgroup" "$hierarchy/$cgroup/daemons"; do
            for file in cpuset.cpus cpuset.mems; do
                if [[ -e $hierarchy/cgroup.clone_children && -e $folder/$file && -z $(cat "$folder/$file") ]]; then
                    cat "$(dirname "$folder")/$file" >"$folder/$file"
                fi
            done
        done
        [[ $hierarchy != /sys/fs/cgroup ]] || enable_controllers "$hierarchy"
    done
}

# v2 only: children get the controllers that their parents pass on, one by one as some may be absent.
enable_controllers() {
    local folder controller
    for folder in "$1" "$1/$cgroup"; do
        for controller in $(cat "$folder/cgroup.controllers"); do
            echo "+$controller" >"$folder/cgroup.subtree_control" || true
        done 2>/dev/null
    done
}

cluster_pids() {
    local hierarchy
    for hierarchy in $(cgroup_hierarchies); do
        [[ ! -d $hierarchy/$cgroup ]] || find "$hierarchy/$cgroup" -name cgroup.procs -exec cat {} + 2>/dev/null || true
    done | sort -un
}

start_time() { sed -e 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# Succeeds when the recorded process is there and is no zombie.
is_running() {
    local pid start
    read -r pid start 2>/dev/null <"$state/run/$1.pid" || return 1
    [[ -n $start && $(start_time "$pid") == "$start" && $(sed -e 's/^.*) //' "/proc/$pid/stat") != Z* ]]
}

# start NAME COMMAND...: unless it runs. The child records itself before it becomes the daemon: no moment without a record.
start() {
    local name=$1
    shift
    is_running "$name" && return
    printf -- '--- %s start of %s\n' "$(date -u +%FT%TZ)" "$name" >>"$state/log/$name.log"
    setsid bash -c "$(declare -f become_daemon start_time); become_daemon \"\$@\"" daemon "$state/run/$name.pid" "$namespaces" \
        "$(cgroup_hierarchies | sed "s|\$|/$cgroup/daemons/cgroup.procs|" | xargs)" "$@" \
        </dev/null >>"$state/log/$name.log" 2>&1 9>&- &
    disown
    await 5 "the start of $name" is_running "$name"
}

become_daemon() {
    local record=$1 namespaces=$2 file
    for file in $3; do
        echo $$ >"$file" || true
    done
    shift 3
    echo "$$ $(start_time $$)" >"$record.new"
    mv -f "$record.new" "$record"
    for file in /proc/$$/fd/*; do   # a lock of the caller's, for one, is not the daemon's
        file=${file##*/}
        ((file <= 2)) || eval "exec $file>&-"
    done
    exec nsenter --net="$namespaces/net" --mount="$namespaces/mnt" -- "$@"
}

stop() {
    local pid start
    is_running "$1" || return 0
    read -r pid start <"$state/run/$1.pid"
    kill -KILL "$pid" 2>/dev/null || true
    ! await 10 "the end of $1" eval "! is_running $1" || rm -f "$state/run/$1.pid"
}

# Kills all that is in the cluster's control groups until nothing is left. What is frozen is thawed, or it could not die.
kill_everything() {
    local deadline=$((SECONDS + 60)) pids hierarchy
    while pids=$(cluster_pids) && [[ -n $pids ]]; do
        ((SECONDS < deadline)) || fail "these processes do not die: $(xargs <<<"$pids")"
        # shellcheck disable=SC2086
        kill -KILL $pids 2>/dev/null || true
        for hierarchy in $(cgroup_hierarchies); do
            find "$hierarchy/$cgroup" -name freezer.state -exec sh -c 'for f; do echo THAWED >"$f"; done' sh {} + 2>/dev/null || true
            find "$hierarchy/$cgroup" -name cgroup.freeze -exec sh -c 'for f; do echo 0 >"$f"; done' sh {} + 2>/dev/null || true
        done
        sleep 0.05
    done
}

remove_cgroups() {
    local hierarchy
    for hierarchy in $(cgroup_hierarchies); do
        [[ -d $hierarchy/$cgroup ]] || continue
        await 10 "the control groups of $cluster_name in $hierarchy to go" remove_cgroup_tree "$hierarchy/$cgroup"
    done
}

remove_cgroup_tree() {
    find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
    [[ ! -d $1 ]]
}
