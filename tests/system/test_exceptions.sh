#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Exceptions: what they keep quiet, and that the event stream says so.
. "$(dirname "$0")/../tools/tap.sh"

mic=$CAPTURES/p06-rtp-opus-ffmpeg.pcap.zst
# told FILE: every alert and suspect, and what exceptions say
told() { jq -r 'if .event_type == "alert" then .alert.signature elif .event_type == "anomaly" then .anomaly.event else empty end' "$1" | sort | uniq -c | tr -s ' '; }
run() { # name, exception
	echo "$2" >"$T/site.rules"
	"$EARSHOT" read --format json -s "$T/site.rules" "${site[@]}" "$mic" >"$T/$1.json" 2>"$T/err"
	told "$T/$1.json" >"$T/$1"
}
who='until 2099-01-01 owner "ana" reason "vendor relay, ticket 4711"'

run none ''
check "test_exceptions_without_one_the_microphone_is_told" grep -q 'live-microphone' "$T/none"
run one "except rule live-microphone device 10.20.0.22 $who"
check "test_exceptions_keep_an_alert_quiet" sh -c "! grep -q live-microphone '$T/one'"
check "test_exceptions_keep_other_rules_as_they_were" grep -q 'live-suspect' "$T/one"
check "test_exceptions_are_told_with_rule_device_owner_and_reason" sh -c "jq -r 'select(.anomaly.event == \"alerts-excepted\") | .earshot.explain // .anomaly.text // tostring' '$T/one.json' | grep -q 'site.rules:1, owner ana.*live-microphone.*ticket 4711'"
equal "test_exceptions_are_told_once_an_interval_not_once_a_packet" 1 "$(jq -s '[.[] | select(.anomaly.event == "alerts-excepted")] | length' "$T/one.json")"
check "test_exceptions_are_counted_in_stats" sh -c "jq -s '[.[] | .stats.excepted // empty] | last > 0' '$T/one.json' | grep -q true"
run kind "except rule any kind live-audio device 10.20.0.22 $who"
check "test_exceptions_by_kind_hold_for_each_rule_of_it" sh -c "! grep -q 'live-' '$T/kind'"
run other "except rule any kind tunnel device 10.20.0.22 $who"
check "test_exceptions_of_another_kind_hold_for_none" cmp "$T/none" "$T/other"
run over 'except rule live-microphone device 10.20.0.22 until 2020-01-01 owner "ana" reason "over"'
check "test_exceptions_end_with_their_date" cmp "$T/none" "$T/over"
run dest "except rule live-microphone device 10.20.0.22 dest 192.0.2.1 $who"
check "test_exceptions_want_all_they_name" cmp "$T/none" "$T/dest"
finish
