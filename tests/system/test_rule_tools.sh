#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The rule author's tools beside explain and backtest: check with its findings, which can be allowed
# with a reason; new; fields with examples; learn, whose proposals are files that can be used.
. "$(dirname "$0")/../tools/tap.sh"

# ---- a rule to begin with has no fault, and its tests pass ----
"$EARSHOT" rules new archive-leaves >"$T/new.rules"
check test_new_has_no_finding "$EARSHOT" rules check -s "$T/new.rules"
"$EARSHOT" rules test -v -s "$T/new.rules" 2>&1 | grep 'archive-leaves' >"$T/out"
equal test_new_passes_its_own_tests "2 0" "$(grep -c '^ok' "$T/out") $(grep -c '^FAIL' "$T/out")"
check test_new_is_commented [ "$(grep -c '#' "$T/new.rules")" -ge 6 ]

# ---- a test that fails says what was not met, or what was one too many ----
sed 's/up 2 MB app/up 700 kB app/; s/up 500 kB app/up 5 MB app/' "$T/new.rules" >"$T/fails.rules"
"$EARSHOT" rules test -s "$T/fails.rules" >"$T/out" 2>"$T/err"
equal test_a_failed_test_is_1 1 $?
check test_a_failed_test_says_what_was_not_met grep -qx '      first not met: upload >= 1 MB within 1 h per device, dest: observed 700 kB, limit 1 MB' "$T/out"
check test_a_failed_test_says_how_near_it_came grep -qx '      nearest was a to b.example: upload 700 kB of 1 MB, 70 %' "$T/out"
check test_a_failed_test_says_what_was_one_too_many grep -q '^      one too many: a to b.example, ' "$T/out"
printf 'rule r { id 9 rev 1 severity low kind budget when outbound and upload >= 90 MB explain "x"\n test "c" { pcap "%s" expect 1 alert } }' \
	"$(realpath "$CAPTURES/p01-https-put-m4a.pcap.zst")" >"$T/pcap.rules"
"$EARSHOT" rules test -s "$T/pcap.rules" >"$T/out" 2>"$T/err"
check test_a_failed_test_on_a_capture_says_what_was_not_met grep -qE '^      first not met: upload >= 90 MB: observed 19\.[0-9] MB, limit 90 MB' "$T/out"

# ---- findings: each once, each by its name, each with a place ----
cat >"$T/bad.rules" <<'EOF'
list never-asked = { a.example }
rule a { id 1 rev 1 severity high kind bulk-upload
	when outbound and upload > 2 MB and upload < 1 MB
	explain "x" }
rule b { id 2 rev 1 severity high kind bulk-upload
	when outbound and upload >= 1 MB within 1 h per device
	limit 1 per device every 1 h explain "x"
	test "t" { flows { 10:00 a -> b up 2 MB } expect 1 alert } }
# allow no-test: only an example
rule c { id 3 rev 1 severity low kind bulk-upload
	when outbound and upload >= 1 MB within 1 h per device and not dest in known
	limit 1 per device every 1 h explain "x" }
rule d { id 4 rev 1 severity low kind budget
	when outbound and upload >= 1 MB within 90 d per device limit 1 per device every 1 h explain "x"
	# allow no-test:
}
except rule b device "*" until 2099-01-01 owner "ana" reason "y"
except rule b device "x" until 2020-01-01 owner "ana" reason "y"
except rule c device "x"
EOF
"$EARSHOT" rules check -s "$T/bad.rules" --format json >"$T/json" 2>"$T/err"
equal test_check_with_findings_is_1 1 $?
jq -r '.findings[] | "\(.line) \(.lint)"' "$T/json" | sort >"$T/got"
sort >"$T/want" <<'EOF'
1 unused-list
2 never-matches
2 no-test
5 no-quiet-test
10 shadowed
13 long-window
13 no-test
17 except-broad
18 except-expired
18 except-shadowed
19 except-open
EOF
check test_check_finds_what_is_odd_and_nothing_else diff "$T/want" "$T/got"
equal test_check_counts_what_is_allowed 1 "$(jq .allowed "$T/json")"
"$EARSHOT" rules check -s "$T/bad.rules" >"$T/out" 2>"$T/err"
check test_check_names_the_finding grep -qE "bad.rules:2: warning: the rule 'a' never matches: 'upload > 2 MB' and 'upload < 1 MB' cannot both hold \[never-matches\]" "$T/err"
check test_check_names_the_finding_of_the_language grep -qE "bad.rules:2:6: warning: the rule 'a' has no test \[no-test\]" "$T/err"
check test_check_says_how_many grep -q '11 findings' "$T/out"
printf 'rule e { id 5 rev 1 severity hihg kind budget when outbond explain "x" }\nrule f { id 6 kind budgit }\n' >"$T/wrong.rules"
"$EARSHOT" rules check -s "$T/wrong.rules" --format json >"$T/json" 2>"$T/err"
equal test_check_of_errors_is_1 1 $?
check test_check_tells_all_errors_in_one_run jq -e '.errors >= 4 and (.findings | all(.level == "error" and .line >= 1 and .column >= 1 and .length >= 1))' "$T/json"
check test_check_says_did_you_mean jq -e '[.findings[].remedy] | join(" ") | contains("high") and contains("outbound") and contains("budget")' "$T/json"
"$EARSHOT" rules check -s "$T/new.rules" --format json >"$T/json"
equal test_check_of_clean_rules_as_json "0 0 27" "$(jq -r '"\(.errors) \(.warnings) \(.rules)"' "$T/json")"

# ---- another text needs another rev ----
mkdir "$T/old" "$T/now"; cp rules/std/*.rules "$T/old"; cp rules/std/*.rules "$T/now"
sed -i 's/>= 1 MB within 1 h per device, dest$/>= 2 MB within 1 h per device, dest/' "$T/now/40-bulk.rules"
"$EARSHOT" rules check "$T/now" --against "$T/old" --format json >"$T/json" 2>"$T/err"
check test_check_against_finds_the_same_rev jq -e '[.findings[] | select(.lint == "same-rev")] | length >= 1' "$T/json"
check test_check_against_the_same "$EARSHOT" rules check "$T/old" --against rules/std

# ---- export ----
equal test_export_has_every_rule "$("$EARSHOT" rules print | grep -c '^rule ')" "$("$EARSHOT" rules export --json | jq '.rules | length')"
equal test_export_has_limits_and_conditions "1 3600 true" "$("$EARSHOT" rules export --json |
	jq -r '.rules[] | select(.name == "bulk-upload") | "\(.limit.count) \(.limit.every_seconds) \([.when | .. | .cond? // empty] | any(. == "upload.unseen >= 1 MB within 1 h per device, dest"))"')"

# ---- fields ----
"$EARSHOT" rules fields 'voice.s*' --captures "$CAPTURES/p06-rtp-opus-ffmpeg.pcap.zst" >"$T/out" 2>"$T/err"
check test_fields_by_glob bash -c 'grep -q "^voice.score " "$1" && ! grep -q "^upload " "$1"' _ "$T/out"
check test_fields_with_an_example bash -c 'grep -A1 "^voice.size " "$1" | grep -qE "for example: [0-9.]+"' _ "$T/out"
equal test_fields_without_one_are_as_ever "$("$EARSHOT" rules fields | grep -c '^[a-z]')" "$("$EARSHOT" rules fields '*' | grep -c '^[a-z]')"

# ---- learn: usable, nothing written over, what is odd left out ----
mkdir "$T/into"
"$EARSHOT" rules learn --captures "$CAPTURES/m01-mixed-office.pcap.zst" --captures "$CAPTURES/n06-browsing.pcap.zst" --into "$T/into" >"$T/out" 2>"$T/err"
equal test_learn_writes_three_files "0 3" "$? $(wc -l <"$T/out")"
check test_learn_proposes_what_can_be_used "$EARSHOT" rules check --inventory "csv:$T/into/inventory.proposed.csv" --known "$T/into/known.proposed.txt"
check test_learn_proposes_devices [ "$(wc -l <"$T/into/inventory.proposed.csv")" -ge 10 ]
check test_learn_says_who_how_often_and_since_when grep -qE '^# [0-9]+ devices?, .* the first; [0-9]+ flows? on [0-9]+ days? since 2026-11-22' "$T/into/known.proposed.txt"
for leak in voicekit.example listen.example gadget.example far.example; do
	check "test_learn_leaves_${leak%%.*}_out" bash -c '! grep -q "$1" "$2" && grep -q "^# not proposed: $1" "$3"' _ \
		"$leak" "$T/into/known.proposed.txt" "$T/into/left-out.txt"
done
"$EARSHOT" rules learn --captures "$CAPTURES/n06-browsing.pcap.zst" --into "$T/into" >"$T/out" 2>"$T/err"
equal test_learn_writes_nothing_over "1 1" "$? $(grep -c 'nothing is written over' "$T/err")"
"$EARSHOT" read "$CAPTURES/m01-mixed-office.pcap.zst" --flows --format json --state "$T/m01" >"$T/m01.json" 2>/dev/null
for from in "--events $T/m01.json" "--state $T/m01"; do
	# shellcheck disable=SC2086
	"$EARSHOT" rules learn $from >"$T/out" 2>"$T/err"
	check "test_learn_${from%% *}" grep -q '10.20.0.11' "$T/out"
done

mistake() { # name, exit, words..., then what it says
	local name=$1 rc=$2; shift 2
	"$EARSHOT" "${@:1:$#-1}" >"$T/out" 2>"$T/err" </dev/null
	if [ $? = "$rc" ] && grep -qF -- "${*: -1}" "$T/err"; then ok "$name"; else not_ok "$name" "$T/err"; fi
}
mistake test_new_of_no_name 2 rules new "a name is to be given"
mistake test_new_of_a_wrong_name 2 rules new 'No Name' "'No Name' is no name for a rule"
mistake test_fields_of_none 2 rules fields nothing.here "no field is called 'nothing.here'"
mistake test_learn_of_nothing 2 rules learn "nothing to learn from"

# ---- a second look at a test that failed counts nothing for the others of its capture ----
cat >"$T/two.rules" <<EOF
rule two {
	id 901  severity low  kind tunnel
	when outbound and upload >= 10 kB
	limit 1 per device every 366 d
	test "first" { pcap "$(realpath "$CAPTURES")/p01-https-put-m4a.pcap.zst" expect 9 alerts }
	test "second" { pcap "$(realpath "$CAPTURES")/p01-https-put-m4a.pcap.zst" expect 1 alert }
}
EOF
"$EARSHOT" rules test rules/std/00-hearing.rules rules/std/00-site.rules "$T/two.rules" >"$T/out" 2>&1
check test_rules_test_says_why_the_first_failed grep -q '^FAIL  two: first (expected 9, saw 1)' "$T/out"
check test_rules_test_counts_each_alert_once grep -q '^1 passed, 1 failed, 0 skipped' "$T/out"
printf 'rule r { id 1 severity low kind tunnel when outbound raise to critical when dest.new because "x" }' >"$T/to.rules"
equal test_rules_export_says_what_it_is_raised_to critical "$("$EARSHOT" rules export --json "$T/to.rules" 2>/dev/null |
	jq -r '.rules[0].caveats[0].to')"
finish
