#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Detection over the lab's captures: every row that must alert does and no quiet one is accused,
# the same under other addresses, inside other headers and on other taps. With no list and no
# inventory nothing but volume accuses; with no rules nothing is said at all.
. "$(dirname "$0")/../tools/tap.sh"

last() { tail -n 1 "$1"; }
score() { tests/score/score.py "$EARSHOT" "$CAPTURES" --work "$T" "$@"; }

score >"$T/plain" 2>&1 || not_ok "test_score_runs" "$T/plain"
read -r h n f <<<"$(last "$T/plain" | sed -n 's|^score: recall \([0-9]*\)/\([0-9]*\), false alarms \([0-9]*\)/.*|\1 \2 \3|p')"
if [ "${n:-0}" -gt 0 ] && [ "$h" = "$n" ]; then ok "test_score_finds_every_row"; else not_ok "test_score_finds_every_row" "$T/plain"; fi
if [ "${f:-9}" = 0 ]; then ok "test_score_accuses_nobody"; else not_ok "test_score_accuses_nobody" "$T/plain"; fi

score --no-list >"$T/no-list" 2>&1
if grep -q '^score: ' "$T/no-list" && ! grep '^FALSE' "$T/no-list" | grep -qv '(bulk-upload'; then
	ok "test_without_a_list_only_volume_accuses"
else
	not_ok "test_without_a_list_only_volume_accuses" "$T/no-list"
fi
echo "# nothing" >"$T/none.rules"
score --no-list --rules "$T/none.rules" >"$T/none" 2>&1
equal "test_without_rules_nothing_is_said" "score: recall 0/$n, false alarms 0/${f:+$(last "$T/plain" | sed 's|.*/||')}" "$(last "$T/none")"

# Two showings of a recorder in one capture: other hosts, both are told.
printf '%s\n' "10.5 $CAPTURES/p05-chunk-20s-https.pcap.zst 10.20.0.82>10.20.2.1/dc2c6e" \
	"31.25 $CAPTURES/p05-chunk-20s-https.pcap.zst 10.20.0.82>10.20.2.2/dc2c6e" >"$T/plan"
"$B/tests/score/mix" "$T/plan" 2>/dev/null >"$T/mix.pcap"
"$EARSHOT" read --format json "$T/mix.pcap" 2>/dev/null |
	grep '"chunked-recorder"' | grep '"update":false' | grep -o '"src_ip":"[^"]*"' | sort -u >"$T/mixed"
equal "test_a_mix_shows_a_capture_as_two_hosts" '"src_ip":"10.20.2.1" "src_ip":"10.20.2.2"' "$(tr '\n' ' ' <"$T/mixed" | sed 's/ $//')"

for mode in ipv6 renumber vlan vxlan gre half-taps duplicates; do
	score --rewrite $mode >"$T/$mode.log" 2>&1
	equal "test_score_is_the_same_under_$mode" "$(last "$T/plain")" "$(last "$T/$mode.log")"
	rm -rf "${T:?}/$mode"
done
finish
