#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bad input gets a sentence that names the thing and the remedy, the right exit code, and
# nothing already read is lost.
. "$(dirname "$0")/../tools/tap.sh"

says() { # name, exit code, words of the sentence, command...
	local name=$1 want=$2 words=$3; shift 3
	timeout 30 "$@" >"$T/out" 2>"$T/err" </dev/null; local rc=$?
	if [ $rc -eq "$want" ] && grep -q -- "$words" "$T/err"; then ok "$name"; else
		{ echo "exit $rc, wanted $want; wanted words: $words"; cat "$T/err"; } >"$T/why"; not_ok "$name" "$T/why"; fi
}
m01=$CAPTURES/m01-mixed-office.pcap.zst
says test_a_missing_file_is_named 1 "'nowhere.pcap'" "$EARSHOT" read nowhere.pcap
says test_a_folder_without_captures_is_named 1 "'rules' holds no capture" "$EARSHOT" read rules
: >"$T/empty"
says test_an_empty_file_is_said_to_be_empty 1 "empty" "$EARSHOT" read "$T/empty"
says test_a_text_file_is_no_capture 1 "is no" "$EARSHOT" read Makefile
printf '\037\213\010\000abcdefghijklmnopqrstuvwxyz' >"$T/x.gz"
says test_a_damaged_gzip_is_named 1 "damaged: gzip says" "$EARSHOT" read "$T/x.gz"
zstd -qdc "$m01" | head -c 3000001 >"$T/cut.pcap"
says test_a_cut_capture_says_where 1 "ends in the middle" "$EARSHOT" read --format json --out "file:$T/cut.json" "$T/cut.pcap"
check test_a_cut_capture_loses_nothing_read jq -se 'any(.[]; .event_type == "stats" and .stats.packets > 5000)' "$T/cut.json"
says test_a_bad_filter_is_named 1 "filter" "$EARSHOT" read "$m01" hots 10.20.0.13
says test_a_missing_interface_is_named 1 "nosuchif0" "$EARSHOT" run -i nosuchif0
says test_no_command_is_usage 2 "usage" "$EARSHOT"
says test_an_unknown_command_is_usage 2 "'sniff' is no command" "$EARSHOT" sniff
says test_an_unknown_option_is_usage 2 "option" "$EARSHOT" read --frobnicate x
says test_an_unknown_sink_is_usage 2 "carrier-pigeon" "$EARSHOT" read --out carrier-pigeon: x.pcap
says test_a_sink_that_cannot_be_opened_is_named 1 "/no/such/folder" "$EARSHOT" read --out file:/no/such/folder/x "$m01"
says test_redis_that_is_not_there_is_named 1 "not taken by Redis" env TMPDIR="$T" "$EARSHOT" read -q --out "redis:unix:$T/no.sock" "$CAPTURES/p06-rtp-opus-ffmpeg.pcap.zst"
printf 'rule x {\n\twhen outbuond and upload > 5 MB\n}\n' >"$T/bad.rules"
says test_a_rule_fault_has_a_place_and_a_remedy 1 "bad.rules:2:7: error" "$EARSHOT" rules check "$T/bad.rules"
check test_a_rule_fault_shows_a_caret grep -q '\^~~~~~~~' "$T/err"
check test_a_rule_fault_says_what_was_meant grep -q "outbound" "$T/err"
says test_read_refuses_bad_rules 1 "error" "$EARSHOT" read -s "$T/bad.rules" "$m01"
printf 'mac,ip,name,owner,role\nnot-a-mac,10.20.0.11,x,y,z\n' >"$T/inv.csv"
says test_an_inventory_fault_has_a_line 1 "inv.csv:2" "$EARSHOT" rules check --inventory "csv:$T/inv.csv"
says test_an_inventory_format_must_be_named 1 "format" "$EARSHOT" rules check --inventory "$T/inv.csv"
printf 'domain ok.example\nfoo bar\n' >"$T/known.txt"
says test_a_list_fault_has_a_line 1 "known.txt:2" "$EARSHOT" rules check --known "$T/known.txt"
says test_a_missing_list_is_named 1 "no-list.txt" "$EARSHOT" rules check --known "$T/no-list.txt"
if [ "$(id -u)" = 0 ]; then
	says test_without_permission_the_remedy_is_said 1 "permission\|permitted" setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$(realpath "$EARSHOT")" run -i lo
else
	says test_without_permission_the_remedy_is_said 1 "permission\|permitted" "$EARSHOT" run -i lo
fi
"$EARSHOT" read --format json --fail-on high "${site[@]}" "$m01" >/dev/null 2>&1; equal test_fail_on_exits_3 3 $?
"$EARSHOT" read --format json "${site[@]}" "$m01" >/dev/null 2>&1; equal test_alerts_alone_exit_0 0 $?
zstd -qdc "$m01" | "$EARSHOT" read --format json "${site[@]}" - 2>/dev/null | verdicts >"$T/stdin.v"
"$EARSHOT" read --format json "${site[@]}" "$m01" 2>/dev/null | verdicts >"$T/file.v"
check test_standard_input_gives_what_the_file_gives cmp "$T/stdin.v" "$T/file.v"
finish
