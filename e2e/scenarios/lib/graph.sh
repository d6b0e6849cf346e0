# Who sends to whom: random graphs for the ledger, and what the paper says of them.
# shellcheck shell=bash

# deploy_silent PODS [NAME=VALUE...]: so many ledgers, each connected with each, an incremental policy from ledger-0, and nobody sends any more.
deploy_silent() {
    deploy_ledger "PODS=$1" LEDGER_INITIAL=1000000000 LEDGER_BALLAST_MB=4 "${@:2}"
    ledger_policy 'protocol: Incremental' 'incremental: {initiator: ledger-0, closure: Consistent, fullEvery: 0}'
    hush
}

# random_graph PODS EDGES: as `ledger graph` takes it, with arrows of one direction only.
random_graph() {
    local pods=$1 edges=$2 out='' edge
    while ((edges > 0)); do
        edge="$((RANDOM % pods))>$((RANDOM % pods))"
        [[ ${edge%>*} != "${edge#*>}" && ,$out != *",$edge,"* ]] || continue
        out+=$edge,
        edges=$((edges - 1))
    done
    echo "${out:-none}"
}

# talk: what the pods have sent since their marks, by their own word, as lines "FROM TO".
talk() { ledger_do talk | awk '{ print $1, $2 }'; }

# talks_along GRAPH: each of its edges has carried something.
talks_along() {
    local said edge
    said=$(talk)
    for edge in ${1//,/ }; do
        [[ $edge == none ]] || grep -qx "${edge%>*} ${edge#*>}" <<<"$said" || fail "nothing yet along $edge"
    done
}

# hush: nobody sends any more, and all that was sent has come.
hush() {
    ledger_do graph none >/dev/null
    audit_within "${1:-20}"
}

# closure Consistent|Paper INITIATOR <EDGES: who depends on the recovery of the initiator, as sorted numbers. Paper: whom it has sent to, directly
# or not. Consistent: also whom one of these has received from.
closure() {
    awk -v rule="$1" -v first="$2" '
        { from[NR] = $1; to[NR] = $2 }
        END {
            in_it[first] = 1
            do {
                grown = 0
                for (i = 1; i <= NR; i++) {
                    if (in_it[from[i]] && !in_it[to[i]]) { in_it[to[i]] = 1; grown = 1 }
                    if (rule == "Consistent" && in_it[to[i]] && !in_it[from[i]]) { in_it[from[i]] = 1; grown = 1 }
                }
            } while (grown)
            for (pod in in_it) if (in_it[pod]) print pod
        }' | sort -n | xargs
}

# members_of SNAPSHOT: as sorted numbers.
members_of() { value dsnap "$1" '.status.members[].pod | sub("ledger-"; "")' | sort -n | xargs; }
