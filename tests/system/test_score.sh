#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Detection over the lab's captures: at least 90 % of the alert rows, at most 2 quiet rows
# accused, and the same under other addresses,
# inside other headers and on other taps.
. "$(dirname "$0")/../tools/tap.sh"

last() { tail -n 1 "$1"; }
tests/score/score.py "$EARSHOT" "$CAPTURES" --work "$T" >"$T/plain" 2>&1 || not_ok "test_score_runs" "$T/plain"
read -r h n f <<<"$(last "$T/plain" | sed -n 's|^score: recall \([0-9]*\)/\([0-9]*\), false alarms \([0-9]*\)/.*|\1 \2 \3|p')"
if [ "${n:-0}" -gt 0 ] && [ $((h * 10)) -ge $((n * 9)) ]; then ok "test_score_recall_is_90_percent"; else not_ok "test_score_recall_is_90_percent" "$T/plain"; fi
if [ "${f:-9}" -le 2 ]; then ok "test_score_accuses_at_most_two"; else not_ok "test_score_accuses_at_most_two" "$T/plain"; fi
for mode in ipv6 renumber vlan vxlan gre half-taps duplicates; do
	tests/score/score.py "$EARSHOT" "$CAPTURES" --work "$T" --rewrite $mode >"$T/$mode.log" 2>&1
	equal "test_score_is_the_same_under_$mode" "$(last "$T/plain")" "$(last "$T/$mode.log")"
	rm -rf "${T:?}/$mode"
done
finish
