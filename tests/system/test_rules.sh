#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The shipped rules: their own tests, their print, and that no detection hides in code.
. "$(dirname "$0")/../tools/tap.sh"

check "test_rules_shipped_ones_have_no_fault" "$EARSHOT" rules check
# With the office's files, and without: some rules are for offices that have no list yet.
"$EARSHOT" rules test -v "${site[@]}" >"$T/with.out" 2>&1; rc=$?
"$EARSHOT" rules test -v >"$T/without.out" 2>&1 || rc=$?
grep -v "^skip.*leave out --known" "$T/with.out" >"$T/test.out"
grep "bulk-unlisted:\|^FAIL" "$T/without.out" >>"$T/test.out"
while read -r verdict text; do
	case $verdict in
	ok) ok "test_rules_${text%% (*}" ;;
	FAIL) not_ok "test_rules_$text" ;;
	skip) skip "test_rules_$text" "its capture is not here" ;;
	esac
done <"$T/test.out"
equal "test_rules_test_exits_0" 0 "$rc"
# What needs a list or a history is fired in test_bulk.sh.
elsewhere=$(grep -o 'bulk-spread\|bulk-shared\|bulk-unusual' tests/system/test_bulk.sh | sort -u | tr '\n' ' ')
check "test_rules_each_shipped_rule_has_a_firing_and_a_quiet_test" awk -v elsewhere="$elsewhere" '
	/^rule /{r = $2; fire[r] += 0; quiet[r] += 0} /^\ttest /{ if ($0 ~ /expect 0 /) quiet[r]++; else fire[r]++ }
	END {for (r in fire) if (!quiet[r] || (!fire[r] && !index(elsewhere, r))) {print r; bad = 1} exit bad}' rules/std/*.rules

# Print of print is equal to the byte, and the printed program gives the same events.
"$EARSHOT" rules print >"$T/once.rules" 2>"$T/err" && "$EARSHOT" rules print "$T/once.rules" >"$T/twice.rules" 2>>"$T/err"
check "test_rules_print_of_print_is_equal" cmp "$T/once.rules" "$T/twice.rules"
strip() { jq -c 'del(.earshot.rules_version, .earshot.boot, .earshot.event_id, .earshot.related)'; }
for c in m01-mixed-office p22-dns-tunnel p19-split-4dest; do
	"$EARSHOT" read --format json "${site[@]}" "$CAPTURES/$c.pcap.zst" 2>/dev/null | strip >"$T/a"
	"$EARSHOT" read --format json -S "$T/once.rules" "${site[@]}" "$CAPTURES/$c.pcap.zst" 2>"$T/err" | strip >"$T/b"
	check "test_rules_printed_program_gives_the_same_events_on_$c" cmp "$T/a" "$T/b"
done

# Without rules nothing is detected.
mkdir "$T/none"
"$EARSHOT" read --format json -S "$T/none" "$CAPTURES/m01-mixed-office.pcap.zst" >"$T/none.json" 2>"$T/err"
equal "test_rules_taken_away_nothing_is_detected" 0 "$(jq -s '[.[] | select(.event_type=="alert" or .anomaly.type=="suspect")] | length' "$T/none.json")"
printf 'list known = { }\ninventory devices = none\n' >"$T/none/site.rules"
tests/score/score.py "$EARSHOT" "$CAPTURES" --rules "$T/none" >"$T/score" 2>&1
check "test_rules_taken_away_the_score_is_0" grep -q '^score: recall 0/' "$T/score"
finish
