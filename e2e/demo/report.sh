# What the demo tells at its end.
# shellcheck shell=bash

show_proof() {
    echo "  proof: $(condition dsnap/before-the-damage Committed message)"
}

show_table() {
    printf '\n  %-10s %10s %10s %12s %12s\n' pod frozen held bytes "restored in"
    local rows
    rows=$(k get rb undo-the-damage -o json | jq '[.status.plan[] | {key: .pod, value: .restored}] | from_entries')
    k get dsnap before-the-damage -o json |
        jq -r --argjson restored "$rows" '.status.members[] | [.pod, .frozen, .gated, .bytes, $restored[.pod]] | @tsv' | sort |
        while IFS=$'\t' read -r pod frozen gated bytes restored; do
            printf '  %-10s %10s %10s %12s %12s\n' "$pod" "$frozen" "$gated" "$bytes" "$restored"
        done
}

show_next() {
    cat <<NEXT

  The cluster is up, with Cutline and the ledgers in it. Go on:
    $([[ $cluster_kind == local ]] && echo 'eval "$(e2e/cluster/cluster env)"' || echo "# your KUBECONFIG")
    kubectl -n $ns get cutline                     # policies, snapshots, checkpoints, rollbacks
    kubectl -n $ns describe dsnap before-the-damage
    kubectl -n $ns logs ledger-1 -c cutline-sidecar
  docs/tutorial.md does the same with a workload of your own. ./demo down takes it all away.

NEXT
}

show_verdict() {
    local held restored
    held=$(k get dsnap before-the-damage -o 'jsonpath={.status.timings.held}')
    restored=$(k get rb undo-the-damage -o 'jsonpath={.status.timings.restore}')
    ((restarts_by_rollback == 0)) || die "demo: FAILED, $restarts_by_rollback containers restarted by the rollback"
    echo "demo: ok, ${#pods[@]} pods, held $(in_ms "$held") ms, restored in $(in_ms "$restored") ms, restarts by rollback 0"
}

# "88.1ms" or "2.22s" in whole milliseconds.
in_ms() {
    case $1 in
        *ms) printf '%.0f' "${1%ms}" ;;
        *us) printf '%.0f' "$(jq -n "${1%us} / 1000")" ;;
        *s) printf '%.0f' "$(jq -n "${1%s} * 1000")" ;;
    esac
}
