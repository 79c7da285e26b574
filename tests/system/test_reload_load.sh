#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Reloads under load. Two sensors listen to one veth while traffic goes by; one has its rules read
# again fifty times, one is left alone: both see every packet that was sent and tell the same.
# Needs root and tcpreplay.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_reload_load "needs root"; finish; fi
for tool in tcpreplay ip jq; do command -v $tool >/dev/null || { skip test_reload_load "needs $tool"; finish; }; done
. "$(dirname "$0")/../tools/wire.sh"

cp -r rules/std "$T/rules"
cat "$CAPTURES/allowed_destinations.txt" >"$T/rules/known.txt"
seq -f 'domain d%.0f.filler.example' 20000 >>"$T/rules/known.txt"
echo 'list known = file "known.txt"' >"$T/rules/90-site.rules"
for c in m01-mixed-office p06-rtp-opus-ffmpeg; do tests/tools/rewrite whole "$CAPTURES" "$T/whole" $c >/dev/null; done
inventory=(--inventory "csv:$CAPTURES/inventory/assets.csv")
listen still -S "$T/rules" "${inventory[@]}"; still=$pid
listen moved -S "$T/rules" "${inventory[@]}"; moved=$pid
err=$T/moved.err answers=0 wrong=0
sent() { nsenter --net=/run/netns/$out ip -s -j link show v1 | jq '.[0].stats64.tx.packets'; }
before=$(sent)
nsenter --net=/run/netns/$out tcpreplay -q -i v1 --duration=46 "$T/whole/p06-rtp-opus-ffmpeg.pcap" >"$T/replay1" 2>&1 & one=$!
nsenter --net=/run/netns/$out tcpreplay -q -i v1 --duration=46 --loop=0 --pps=2000 "$T/whole/m01-mixed-office.pcap" >"$T/replay2" 2>&1 & two=$!
pids="$pids $one $two"
for i in $(seq 50); do
	case $((i % 5)) in
	1) echo "domain e$i.filler.example" >>"$T/rules/known.txt" ;;
	3) echo 'rule broken { id 1' >"$T/rules/95-broken.rules"; wrong=$((wrong + 1)) ;;
	4) rm "$T/rules/95-broken.rules" ;;
	esac
	reload || { not_ok "test_reload_load_is_answered_$i" "$err"; break; }
	[ $i = 10 ] && small=$(rss $moved) small_still=$(rss $still)
done
large=$(rss $moved) large_still=$(rss $still)
wait $one $two
sleep 1; after=$(sent)
kill -TERM $still $moved; wait $still; rc1=$?; wait $moved; rc2=$?
equal test_reload_load_fifty_times_and_ends_well "50 0 0" "$i $rc1 $rc2"
equal test_reload_load_all_that_were_right_were_accepted "$((50 - wrong)) $wrong" "$(grep -c 'are generation' "$err") $(grep -c 'stay as they were' "$err")"
check test_reload_load_there_was_load [ $((after - before)) -gt 20000 ]
for who in still moved; do
	equal "test_reload_load_${who}_saw_every_packet_that_was_sent" $((after - before)) "$(last_stats $who .stats.packets)"
	equal "test_reload_load_${who}_lost_none_in_the_kernel" 0 "$(last_stats $who .stats.kernel_drops)"
	verdicts <"$T/$who.json" >"$T/$who.verdicts"
done
check test_reload_load_there_were_verdicts [ -s "$T/still.verdicts" ]
check test_reload_load_leaves_no_gap_in_what_is_told diff "$T/still.verdicts" "$T/moved.verdicts"
again() { jq -r 'select(.event_type=="alert" and .earshot.update != true) | [.alert.signature, .src_ip, .dest_ip] | @tsv' "$T/$1.json" | sort; }
again still >"$T/still.alerts"; again moved >"$T/moved.alerts"
check test_reload_load_raises_nothing_twice diff "$T/still.alerts" "$T/moved.alerts"
# 40 reloads between the two looks: what leaks a program each time leaks 40 of them.
grew=$((large - small)) grew_still=$((large_still - small_still))
check "test_reload_load_keeps_its_memory ($small kB and $grew more, the other one $grew_still)" [ $grew -lt $((grew_still + 6144)) ]
equal test_reload_load_every_event_says_its_generation 0 "$(jq -s '[.[] | select(.earshot.rules_generation == null)] | length' "$T/moved.json")"
equal test_reload_load_generation_counts_what_was_accepted $((51 - wrong)) "$(last_stats moved .earshot.rules_generation)"
equal test_reload_load_each_one_is_an_event "$((50 - wrong)) $wrong" "$(told moved rules-reloaded | wc -l) $(told moved rules-refused | wc -l)"
"$EARSHOT" schema >"$T/schema.json"
check test_reload_load_events_keep_the_schema $PYTHON tests/tools/validate-events.py "$T/schema.json" "$T/moved.json"
finish
