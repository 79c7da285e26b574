#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What taps do to packets is counted, survived and told: every packet twice, one direction
# tagged and out of step, one direction missing. tests/tools/rewrite has the models.
. "$(dirname "$0")/../tools/tap.sh"

names="p01-https-put-m4a p06-rtp-opus-ffmpeg n01-sip-call n06-browsing p22-dns-tunnel"
for mode in duplicates half-taps one-way; do
	tests/tools/rewrite $mode "$CAPTURES" "$T/$mode" $names
done
read_all() { # folder, ending, into
	local n
	mkdir -p "$T/$3"
	for n in $names; do "$EARSHOT" read --flows --format json "${site[@]}" "$1/$n$2" >"$T/$3/$n" 2>"$T/$3/$n.err"; done
}
read_all "$CAPTURES" .pcap.zst plain
for mode in duplicates half-taps one-way; do read_all "$T/$mode" .pcap $mode; done
# Ends, packets and bytes of each flow; frames with a tag are four bytes longer.
flows() { jq -r 'select(.event_type == "flow") | [.proto, .src_ip, .src_port, .dest_ip, .dest_port,
	.flow.pkts_toserver, .flow.pkts_toclient, .flow.bytes_toserver, .flow.bytes_toclient] | @tsv' "$1" | sort; }
stat() { jq -s "[.[] | select(.event_type == \"stats\")] | last | .stats.$2" "$1"; }
told() { jq -se --arg e "$2" 'any(.[]; .event_type == "anomaly" and .anomaly.event == $e)' "$1"; }

for n in $names; do
	flows "$T/plain/$n" >"$T/want"; flows "$T/duplicates/$n" >"$T/got"
	check "test_taps_duplicated_${n}_counts_each_packet_once" diff "$T/want" "$T/got"
	seen=$(stat "$T/duplicates/$n" packets) used=$(stat "$T/duplicates/$n" used) copies=$(stat "$T/duplicates/$n" drops.duplicate)
	equal "test_taps_duplicated_${n}_books_balance" "$seen" $((used + copies))
	check "test_taps_duplicated_${n}_is_told" told "$T/duplicates/$n" tap-duplicates
	check "test_taps_plain_${n}_is_not_told" [ "$(told "$T/plain/$n" tap-duplicates)$(told "$T/plain/$n" tags-differ)$(told "$T/plain/$n" half-capture)" = falsefalsefalse ]
	equal "test_taps_half_taps_${n}_has_no_more_flows" "$(flows "$T/plain/$n" | wc -l)" "$(flows "$T/half-taps/$n" | wc -l)"
	check "test_taps_half_taps_${n}_are_told" told "$T/half-taps/$n" tags-differ
	equal "test_taps_half_taps_${n}_gives_the_same_verdicts" "$(verdicts <"$T/plain/$n")" "$(verdicts <"$T/half-taps/$n")"
	equal "test_taps_one_way_${n}_every_packet_is_used" "$(stat "$T/one-way/$n" packets)" "$(stat "$T/one-way/$n" used)"
done
"$EARSHOT" read --flows --format json --split-vlans "$T/half-taps/p06-rtp-opus-ffmpeg.pcap" >"$T/split" 2>"$T/err"
check test_taps_split_vlans_has_more_flows [ "$(flows "$T/split" | wc -l)" -gt "$(flows "$T/half-taps/p06-rtp-opus-ffmpeg" | wc -l)" ]
check test_taps_one_way_is_told told "$T/one-way/n06-browsing" half-capture
check test_taps_one_way_is_in_the_alert jq -se 'any(.[]; .event_type == "alert" and .earshot.seen.half == true)' "$T/one-way/p01-https-put-m4a"
finish
