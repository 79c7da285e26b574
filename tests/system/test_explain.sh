#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Why an alert, why none, and what another limit would have told: explain, backtest and rules diff
# over captures, flow events and stores; the three agree where they can, and with `read`.
. "$(dirname "$0")/../tools/tap.sh"
p01=$CAPTURES/p01-https-put-m4a.pcap.zst p16=$CAPTURES/p16-smtp-attach.pcap.zst n21=$CAPTURES/n21-doc-save.pcap.zst

"$EARSHOT" read "$p01" --flows --format json --state "$T/p01" "${site[@]}" >"$T/p01.json" 2>/dev/null
"$EARSHOT" read "$p16" --flows --format json --state "$T/p16" "${site[@]}" >"$T/p16.json" 2>/dev/null

# ---- one event: by its number, in a file, a store and a capture ----
id=$(jq -r 'select(.alert.signature == "bulk-upload") | .earshot.event_id' "$T/p01.json" | head -1)
for where in "$T/p01.json" "$T/p01" "$p01"; do
	"$EARSHOT" explain "$id" "$where" --format text "${site[@]}" >"$T/out" 2>"$T/err"
	equal "test_explain_finds_an_event_in_$(basename "$where")" "0 1 5" \
		"$? $(grep -c '^bulk-upload (9100030 rev' "$T/out") $(grep -c '^  met ' "$T/out")"
done
check test_explain_shows_limit_and_observed grep -qE 'upload.unseen >= 1 MB.* 1\.1 MB +1 MB +\[#{10}\] 100 %' "$T/out"
equal test_explain_as_json "bulk-upload 5 true" "$("$EARSHOT" explain "$id" "$T/p01.json" --format json |
	jq -r '"\(.event.alert.signature) \(.conditions | length) \([.conditions[].passed] | all)"')"
jq -c --arg id "$id" 'select(.earshot.event_id == $id) | .earshot.seen += {"no\u001b[31m": true}' "$T/p01.json" >"$T/odd.json"
"$EARSHOT" explain "$id" "$T/odd.json" --format text >"$T/out" 2>"$T/err"
check test_explain_prints_no_key_as_it_came bash -c 'grep -q "not all was seen: no.*31m" "$1" && ! grep -qE "\\\\u001b|$(printf "\\033")" "$1"' _ "$T/out"
"$EARSHOT" explain "${id%:*}:99" "$T/p01.json" >"$T/out" 2>"$T/err"
equal test_explain_of_no_event_is_1 1 $?
check test_explain_of_no_event_says_so grep -q "no event '${id%:*}:99' was found" "$T/err"

# ---- near misses: ranked, without what fired ----
near() { "$EARSHOT" explain --near "$1" "${@:2}" --format json "${site[@]}" 2>"$T/err"; }
near 5 "$p16" >"$T/near.json"
equal test_explain_near_ranks_the_nearest_first "bulk-day 0.98" \
	"$(jq -r '.near[0] | "\(.rule) \(.near * 100 | floor / 100)"' "$T/near.json")"
check test_explain_near_is_sorted jq -e '[.near[].near] | . == (sort | reverse)' "$T/near.json"
"$EARSHOT" read "$p16" --format json "${site[@]}" 2>/dev/null | jq -r 'select(.alert) | .alert.signature' | sort -u >"$T/fired"
jq -r '.near[].rule' "$T/near.json" | sort -u >"$T/missed"
equal test_explain_near_names_no_rule_that_fired "" "$(comm -12 "$T/fired" "$T/missed")"
for where in "$T/p16.json" "$T/p16"; do
	equal "test_explain_near_from_$(basename "$where")" bulk-day "$(near 1 "$where" | jq -r '.near[0].rule')"
done
"$EARSHOT" explain --near 1 "$p16" --format text "${site[@]}" >"$T/out" 2>"$T/err"
check test_explain_near_in_words grep -qE '^ 1\. 98 %  bulk-day .*upload\.unseen 4\.9 MB of 5 MB, 98 %' "$T/out"

# ---- why did this rule not fire, for this device and destination? ----
why_not() { "$EARSHOT" explain --rule "$1" --device "$2" "$3" --format text "${site[@]}" >"$T/out" 2>"$T/err"; }
why_not live-microphone 10.20.0.21 "$p01"
check test_explain_says_that_a_rule_did_not_fire grep -q 'live-microphone did not fire' "$T/out"
check test_explain_says_which_side_was_unknown grep -qE '^  unknown +voice\.score >= ' "$T/out"
why_not bulk-upload '*' "$p01"
check test_explain_says_that_a_rule_fired grep -q 'bulk-upload fired' "$T/out"
why_not bulk-upload 10.20.0.99 "$p01"
check test_explain_says_that_nothing_is_there grep -q 'nothing is there of that device' "$T/out"
why_not bulk-upload '*' "$n21"
check test_explain_says_what_was_not_met grep -qE '^  not met ' "$T/out"

# ---- backtest ----
S=bulk-upload.upload.unseen
test_folder=$T/three
mkdir "$test_folder"; cp "$p01" "$p16" "$n21" "$test_folder"
back() { "$EARSHOT" backtest "$@" --format json "${site[@]}" 2>"$T/err"; }
back --captures "$test_folder" --sweep $S=1MB..40MB/4 --labels "$CAPTURES/labels.tsv" --svg "$T/sweep.svg" >"$T/back"
equal test_backtest_has_a_row_for_today_and_each_step 5 "$(jq '.rows | length' "$T/back")"
alerts=0
for c in "$test_folder"/*; do
	n=$("$EARSHOT" read "$c" --format json "${site[@]}" 2>/dev/null | jq -c 'select(.alert or .anomaly.type == "suspect") | select(.earshot.update | not)' | wc -l)
	alerts=$((alerts + n))
done
equal test_backtest_of_today_tells_what_read_tells "$alerts" "$(jq '.rows[0].alerts' "$T/back")"
equal test_backtest_of_the_same_limit_gains_and_loses_nothing "0 0 $alerts" "$(jq -r '.rows[1] | "\(.gained) \(.lost) \(.alerts)"' "$T/back")"
check test_backtest_of_a_high_limit_loses jq -e '.rows[4].lost >= 2 and .rows[4].gained == 0' "$T/back"
equal test_backtest_counts_what_the_labels_expect "2 2 0" "$(jq -r '.rows[0] | "\(.found) \(.expected) \(.false)"' "$T/back")"
check test_backtest_draws "$PYTHON" -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$T/sweep.svg"
for where in "--events $T/p01.json" "--state $T/p01"; do
	# shellcheck disable=SC2086
	equal "test_backtest_of_${where%% *}" "1 0" "$(back $where --sweep $S=1MB..40MB/2 | jq -r '"\(.rows[1].alerts) \(.rows[2].alerts)"')"
done
sed 's/>= 1 MB within 1 h per device, dest$/>= 30 MB within 1 h per device, dest/' rules/std/40-bulk.rules >"$T/40-bulk.rules"
equal test_backtest_of_other_rules "true 0" "$(back "$T/40-bulk.rules" --captures "$p01" | jq -r '.rows[1] | "\(.lost > 0) \(.gained)"')"
back --captures "$p01" --sweep "$S.within=1min..2h/3" >"$T/within"
equal test_backtest_of_a_window 4 "$(jq '.rows | length' "$T/within")"
"$EARSHOT" backtest --captures "$p01" --sweep $S=1MB..40MB/2 --format text "${site[@]}" >"$T/out" 2>"$T/err"
check test_backtest_as_a_table grep -qE '^today +1 MB +[0-9]+ ' "$T/out"

# ---- diff ----
diff_rules() { "$EARSHOT" rules diff "$@" --format text "${site[@]}" >"$T/out" 2>"$T/err"; }
diff_rules rules/std rules/std --captures "$p01"
equal test_diff_of_the_same_is_0 "0 no difference" "$? $(grep -o 'no difference' "$T/out")"
diff_rules rules/std "$T/40-bulk.rules" --captures "$p01"
equal test_diff_of_others_is_1 1 $?
check test_diff_names_the_rule grep -qE '^rule changed +bulk-upload .*same rev' "$T/out"
check test_diff_names_the_alert grep -qE '^alert gone +2026-11-22 04:07:44Z +bulk-upload, high: tablet-cabinet to dropzone' "$T/out"
diff_rules "$T/40-bulk.rules" rules/std --events "$T/p01.json"
check test_diff_the_other_way_round_by_events grep -qE '^alert new .*bulk-upload' "$T/out"
equal test_diff_as_json "gone" "$("$EARSHOT" rules diff rules/std "$T/40-bulk.rules" --captures "$p01" --format json "${site[@]}" 2>/dev/null |
	jq -r '[.alerts[] | select(.rule == "bulk-upload") | .what] | unique[]')"

# ---- hostile lines, and mistakes ----
{ printf 'nonsense\n{"event_type":"flow"\n[[[[\n{"event_type":"flow","src_ip":7,"flow":{"a":{"b":{"c":{}}}}}\n\0\0\n'; cat "$T/p16.json"; head -c 700 "$T/p16.json"; } >"$T/hostile.json"
equal test_explain_steps_over_nonsense bulk-day "$(near 1 "$T/hostile.json" | jq -r '.near[0].rule')"
mistake() { # name, exit, words..., then what it says
	local name=$1 rc=$2; shift 2
	"$EARSHOT" "${@:1:$#-1}" >"$T/out" 2>"$T/err" </dev/null
	if [ $? = "$rc" ] && grep -qF -- "${*: -1}" "$T/err"; then ok "$name"; else not_ok "$name" "$T/err"; fi
}
mistake test_explain_of_nothing 2 explain "neither an event nor --near N"
mistake test_explain_of_no_rule 2 explain --rule bulk-uplod "$p01" "did you mean 'bulk-upload'"
mistake test_explain_of_no_store 1 explain --near 3 --state "$T/nowhere" "no store lies in"
mistake test_explain_of_no_number 2 explain --near all "$p01" "'all' is no number"
mistake test_backtest_of_nothing 2 backtest --captures "$p01" "neither RULES, --sweep nor --labels"
mistake test_backtest_of_no_input 2 backtest --sweep $S=1MB..2MB/2 "nothing to judge"
mistake test_backtest_of_no_rule 2 backtest --captures "$p01" --sweep bulk-uplod.upload=1MB..2MB/2 "did you mean 'bulk-upload'"
mistake test_backtest_of_no_range 2 backtest --captures "$p01" --sweep $S=1MB-2MB "is no range of bytes"
mistake test_backtest_of_no_unit 2 backtest --captures "$p01" --sweep $S=1..2/3 "is no range of bytes"
mistake test_diff_of_one 2 rules diff rules/std "two sets of rules"
finish
