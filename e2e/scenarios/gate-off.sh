# With the gates left open (a switch for this test alone) a cut under load is not consistent, and the product or the audit says so.
# That is what makes the other scenarios' success worth something.
# shellcheck shell=bash

scenario_main() {
    check "three ledger pods transfer money as fast as they can" deploy_ledger LEDGER_RATE=50000
    check "without gates a cut is refused by its proof, or fails the audit, within 20 rounds" gate_off_is_noticed
    check "with gates the same workload's cuts are consistent" with_gates
}

gate_off_is_noticed() {
    local i why
    for ((i = 1; i <= 20; i++)); do
        snapshot "open$i" ledger 'cutline.dev/test-gate: "Open"'
        await_end dsnap "open$i" 60
        why=$(failure dsnap "open$i")
        if [[ $why ]]; then
            grep -Eq 'not consistent|orphan' <<<"$why" || fail "refused for another reason: $why"
            measure "round $i: $why"
            return
        fi
        [[ $(value dsnap "open$i" '[.status.members[].gate] | unique | join(",")') == Open ]] || fail "the gates were not open: the switch does nothing"
        rollback "open$i" "open$i"
        await_end rb "open$i" 60
        if ! audit; then measure "round $i: the audit failed"; return; fi
    done
    fail "20 cuts without a gate were all consistent: this test can not fail, and so shows nothing"
}

with_gates() {
    local i
    remove_ledger
    deploy_ledger LEDGER_RATE=50000
    for i in 1 2 3; do
        snapshot "s$i" ledger
        succeed dsnap "s$i"
        rollback "r$i" "s$i"
        succeed rb "r$i"
        transfers_go_on 20
        audit
    done
}
