#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# More flows than the memory of flows holds: some end for others, as capture/flow/flow.h writes,
# and the statistics say how many; every flow that was begun is told, and none is lost.
. "$(dirname "$0")/../tools/tap.sh"

read -r _ _ flows < <("$B/tests/bench/gen" mice 120000 "$T/mice.pcap" "$CAPTURES/p23-quic-h3-put.pcap.zst")

run() { # name, memory; the statistics are the last event
	"$EARSHOT" read -q --memory "$2" --flows -o "file:$T/$1.events" "$T/mice.pcap" >"$T/$1.err" 2>&1
	tail -n 1 "$T/$1.events" >"$T/$1.stats"
}
stat() { jq -r ".stats.$2" "$T/$1.stats"; }
told() { grep -c '"event_type":"flow"' "$T/$1.events"; }

run roomy "1 GB"
equal test_with_room_for_all_each_flow_is_told_once "$flows" "$(told roomy)"
equal test_with_room_for_all_nothing_makes_room 0 "$(stat roomy evicted)"
equal test_with_room_for_all_every_name_is_kept 0 "$(stat roomy strings_refused)"

run small "16 MB"
check test_more_than_fit_make_room_and_it_is_said [ "$(stat small evicted)" -gt 1000 ]
equal test_what_made_room_is_told_as_all_flows_are "$(stat small flows)" "$(told small)"
check test_who_made_room_and_goes_on_is_another_flow [ "$(stat small flows)" -gt "$flows" ]
check test_all_that_fits_stays [ $(($(stat small flows) - $(stat small evicted))) -ge 10000 ]
equal test_names_of_those_that_fit_are_kept 0 "$(stat small strings_refused)"
equal test_all_packets_are_used "$(stat roomy packets)" "$(stat small packets)"
finish
