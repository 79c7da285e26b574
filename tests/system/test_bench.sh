#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The bench, in small: its sets are the same each time and every packet of them is read; the table
# is whole. How fast anything is, is never a test.
. "$(dirname "$0")/../tools/tap.sh"

gen=$B/tests/bench/gen
more() { case $1 in mice) echo "$CAPTURES/p23-quic-h3-put.pcap.zst" ;; real) echo "$CAPTURES"/[np]*.pcap.zst ;; esac; }
for set in elephant voice small mice real; do
	# shellcheck disable=SC2046
	"$gen" $set 20000 "$T/$set.pcap" $(more $set) >"$T/$set" && "$gen" $set 20000 "$T/again.pcap" $(more $set) >/dev/null
	check "test_bench_makes_the_same_${set}_again" cmp "$T/$set.pcap" "$T/again.pcap"
	"$EARSHOT" read -q --stats json "$T/$set.pcap" 2>"$T/err" | tail -n 1 >"$T/$set.json"
	read -r packets bytes flows <"$T/$set"
	equal "test_bench_reads_every_packet_of_$set" "$packets $packets $bytes" "$(jq -r '.stats | "\(.packets) \(.used) \(.bytes)"' "$T/$set.json")"
	[ $set = real ] || equal "test_bench_counts_the_flows_of_$set" "$flows" "$(jq -r .stats.flows "$T/$set.json")"
done
"$gen" mice 60000 "$T/mice.pcap" $(more mice) >/dev/null
names=$("$EARSHOT" read --flows --format json "$T/mice.pcap" 2>/dev/null | jq -r 'select(.event_type=="flow") | (.tls.sni // .http.hostname // empty)' | sort -u | wc -l)
check test_bench_mice_have_names [ "$names" -gt 500 ]

mkdir "$T/b"; ln -s "$PWD/$EARSHOT" "$T/b/earshot"; mkdir -p "$T/b/tests"; ln -s "$PWD/$B/tests/bench" "$T/b/tests/bench"
tests/bench/bench.py "$T/b" "$CAPTURES" --size 0.003 --runs 2 --sets voice,mice --keep "$T/kept" >"$T/table" 2>"$T/err"; equal test_bench_exits_0 0 $?
for program in libpcap earshot "earshot, events" "earshot, flows"; do
	equal "test_bench_measures_$program" 2 "$(grep -c "^| $program | [0-9]" "$T/table")"
done
check test_bench_keeps_what_it_printed diff -B "$T/kept" "$T/table"
finish
