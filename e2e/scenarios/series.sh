# A policy that is due every ten seconds, kept in a repository, three of them at a time: none is missed, none doubled, and there is always one
# that outlives the nodes. 90 seconds, or with --full ten minutes.
# shellcheck shell=bash

scenario_main() {
    local seconds
    seconds=$(if [[ $size == full ]]; then echo 600; else echo 90; fi)
    check "an S3 server runs, and a repository in it is made" deploy_repository "check: {interval: 5m, readData: 100%}"
    check "three ledger pods transfer money" deploy_ledger
    check "for $seconds s a policy takes a snapshot every 10 s, and keeps three" series "$seconds"
    check "no due time was missed, none had two" every_due_time_once
    check "from the first on there was always one that outlives the nodes" always_one_durable
    check "at no look were there many more than three" never_many
    check "what the repository and the nodes hold is bounded" bounded
    check "the repository is intact" holds srepo backups Intact
    check "the audit holds after a rollback to each that is kept" back_to_each
    check "no container was started anew" expect_restarts "$ledgers" 0
}

keep=3 every=10 due='cutline.dev/scheduled-at'
snapshots_now() { k get dsnap -o json; }
all_settled() {
    snapshots_now | jq -e --argjson keep $keep '
        def is(t): any(.status.conditions[]?; .type == t and .status == "True");
        (.items | length) == $keep and all(.items[]; is("Durable"))' >/dev/null
}

# Each change of each snapshot is in $work/events; what a look shows, each second or as often as the machine can, in $work/looks.
series() {
    local watcher end largest
    k get dsnap --watch --output-watch-events -o json 2>/dev/null |
        jq --unbuffered -c --arg due $due '{type, name: .object.metadata.name, uid: .object.metadata.uid, due: .object.metadata.annotations[$due],
            failed: ([.object.status.conditions[]? | select(.type == "Failed" and .status == "True") | .message] | first),
            committed: any(.object.status.conditions[]?; .type == "Committed" and .status == "True"),
            durable: (any(.object.status.conditions[]?; .type == "Durable" and .status == "True") and .object.metadata.deletionTimestamp == null)}' >"$work/events" &
    watcher=$!
    ledger_policy "protocol: Coordinated" "repositoryRef: {name: backups}" "schedule: \"@every ${every}s\"" "retention: {keepLast: $keep}"
    end=$((SECONDS + $1))
    : >"$work/looks"
    while ((SECONDS < end)); do
        look
        sleep 1
    done
    k patch snapshotpolicy ledger --type merge -p '{"spec": {"suspend": true}}'
    await 60 "the last three to be durable, and the only ones" all_settled
    look
    kill "$(pgrep -P "$watcher" -x kubectl || echo "$watcher")" 2>/dev/null || true
    transfers_go_on 20
    audit
    largest=$(snapshots_now | jq '[.items[].status.bytes] | max')
    measure "$(due_times | wc -l) snapshots, durable after $(delays | tr '\n' ' '| awk '{ printf "%s s in the median, %s s at most", $1, $2 }'), the largest $((largest / 1048576)) MiB"
}

# One line of JSON: how many are kept, durable and going; twice a minute also what is stored.
weighed=-30
look() {
    local sizes=null pod
    if ((SECONDS - weighed >= 30)); then
        weighed=$SECONDS
        sizes="{\"bucket\": $(bucket_size)"
        for pod in $(pods_of "$ledgers"); do sizes+=", \"$pod\": $(local_size "$pod")"; done
        sizes+='}'
    fi
    snapshots_now | jq -c --argjson sizes "$sizes" '
        def is(t): any(.status.conditions[]?; .type == t and .status == "True");
        def at(t): .status.conditions[] | select(.type == t) | .lastTransitionTime | fromdate;
        [.items[] | select(.metadata.deletionTimestamp == null)] as $here |
        {kept: ([$here[] | select(is("Committed"))] | length), durable: ([$here[] | select(is("Durable"))] | length),
         going: ((.items | length) - ($here | length)), bytes: ([$here[].status.bytes // 0] | max), sizes: $sizes,
         delays: ([$here[] | select(is("Durable")) | {name: .metadata.name, s: (at("Durable") - at("Released"))}])}' >>"$work/looks"
}

due_times() { jq -rs 'map(select(.due != null)) | [.[].due] | unique | .[]' "$work/events"; }
# From the opening of the gates to durable: median, most; in seconds.
delays() { jq -rs '[.[].delays[]] | unique_by(.name) | [.[].s] | sort | .[(length - 1) / 2 | floor], .[-1]' "$work/looks"; }

every_due_time_once() {
    jq -es --argjson every $every '
        map(select(.due != null)) | ([.[] | {due, uid}] | unique) as $made | ([$made[].due] | unique) as $due |
        ([.[] | select(.failed) | "\(.name): \(.failed)"] | unique) as $failed |
        ([.[] | select(.committed) | .uid] | unique) as $committed |
        if ($made | length) != ($due | length) then "two for one time: \($made)" | halt_error else . end |
        if ($failed | length) > 0 then "failed: \($failed)" | halt_error else . end |
        if ($committed | length) != ($made | length) then "\($made | length) made, \($committed | length) committed" | halt_error else . end |
        [range(1; $due | length) | select(($due[.] | fromdate) - ($due[. - 1] | fromdate) != $every) | $due[.]] as $gaps |
        if ($gaps | length) > 0 then "missed before \($gaps)" | halt_error else . end' "$work/events" >/dev/null
    (($(due_times | wc -l) >= seconds / every - 1)) || fail "only $(due_times | wc -l) due times in $seconds s"
    measure "$(due_times | wc -l) due times"
}

# After every single change, not only when somebody looks.
always_one_durable() {
    jq -es 'reduce .[] as $e ({now: {}, counts: []}; .now[$e.name] = ($e.type != "DELETED" and $e.durable) | .counts += [[.now[] | select(.)] | length]) | .counts as $counts |
        ($counts | map(. > 0) | index(true)) as $first | if $first == null then "never one" | halt_error else . end |
        if any($counts[$first:][]; . == 0) then "\([$counts[$first:][] | select(. == 0)] | length) changes of \($counts | length) left none" | halt_error else . end' "$work/events" >/dev/null
    measure "$(wc -l <"$work/events") changes"
}

# Three; the one that has just been committed; one that is on its way or the last durable one, where these are older.
never_many() {
    jq -es --argjson keep $keep 'if any(.[]; .kept > $keep + 2) then "kept: \([.[].kept] | max)" | halt_error else . end' "$work/looks" >/dev/null
    measure "$(jq -rs '"\(length) looks: kept \([.[].kept] | max) at most, \([.[].kept] | add / length * 100 | round / 100) on average, \([.[].going] | max) going at most"' "$work/looks")"
}

# What is forgotten goes within a minute: six more than are kept. At the end no more than what is kept, and what restic wraps it in.
bounded() {
    local live bucket
    jq -es --argjson keep $keep '([.[].bytes] | max) as $largest | [.[].sizes | select(. != null)] as $sizes |
        if any($sizes[]; .bucket > ($keep + 6) * $largest + 33554432) then "the bucket had \([$sizes[].bucket] | max) bytes, the largest snapshot \($largest)" | halt_error else . end |
        [$sizes[] | to_entries[] | select(.key != "bucket") | .value] as $local |
        if any($local[]; . > ($keep + 2) * $largest) then "a pod had \($local | max) bytes, the largest snapshot \($largest)" | halt_error else . end' "$work/looks" >/dev/null
    live=$(snapshots_now | jq '[.items[].status.bytes] | add')
    await 120 "the bucket to hold no more than what is kept" bucket_is_within $((live * 5 / 4 + 33554432))
    bucket=$(bucket_size)
    await 60 "the repository to have counted" has_stored $((keep * 3))
    measure "$((bucket / 1048576)) MiB in the bucket at the end ($(jq -rs '[.[].sizes.bucket // 0] | max / 1048576 | round' "$work/looks") at most), srepo says $(($(value srepo backups .status.bytes) / 1048576)); kept snapshots $((live / 1048576)) MiB"
}
bucket_is_within() { (($(bucket_size) <= $1)); }

back_to_each() {
    local name
    for name in $(snapshots_now | jq -r '.items | sort_by(.status.epoch) | .[].metadata.name'); do
        rollback "back-to-$name" "$name"
        succeed rb "back-to-$name"
        transfers_go_on 20
        audit
    done
}
