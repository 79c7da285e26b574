#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What may be claimed by a tap that shows both directions, one, or nothing but one stream: one-way is
# an alert where an answer would have been seen, else a suspect. How soon, with set-up seen. A screen
# in clear text is excused by what it says and not by its name.
. "$(dirname "$0")/../tools/tap.sh"

# sides.py's words; then what was said: rules, suspects as s:RULE, without who is unknown
made() { "$PYTHON" tests/tools/sides.py "$@" >"$T/made.pcap" && "$EARSHOT" read --flows --format json "$T/made.pcap" >"$T/out" 2>"$T/err"; }
said() { made "$@" || { echo "exit $?"; return; }; jq -r 'select((.event_type == "alert" or .anomaly.type == "suspect") and .earshot.update != true)
	| .alert.signature // ("s:" + .anomaly.event) | select(test("unknown-dest|live-suspect") | not)' "$T/out" | sort -u | tr '\n' ' ' | sed 's/ $//'; }
# Seconds from the stream's first packet to the alert of this rule.
after() { jq -r --arg r "$1" 'select((.alert.signature // .anomaly.event) == $r and .earshot.update != true) |
	(.timestamp[:19] + "Z" | fromdate) - (.flow.start[:19] + "Z" | fromdate)' "$T/out" | head -n 1; }
within() { [ -n "$2" ] && [ "$2" -ge "$1" ] && [ "$2" -le "$3" ]; }

equal test_sides_a_microphone_beside_others_is_an_alert live-microphone "$(said mic --beside tcp)"
check test_sides_within_45_s within 38 "$(after live-microphone)" 45
check test_sides_half_is_a_fact_of_each_flow jq -se '[.[] | select(.event_type == "flow") | .earshot.seen.half] | length > 10 and all(. == false)' "$T/out"
equal test_sides_beside_the_routers_answer_too live-microphone "$(said mic --beside dns --seconds 50)"
equal test_sides_alone_it_is_a_suspect s:live-one-side "$(said mic --seconds 50)"
equal test_sides_beside_another_machines_answer_too s:live-one-side "$(said mic --beside far-dns --seconds 50)"
for beside in none dns tcp; do
	for kind in mic call-dtx; do
		equal "test_sides_dark_${kind}_beside_${beside}_is_a_suspect" s:live-one-side "$(said $kind --beside $beside --tap up --seconds 90)"
	done
done
equal test_sides_another_road_call_beside_tcp_is_a_suspect s:live-one-side "$(said call --beside tcp --tap detour --seconds 60)"
check test_sides_half_flows_say_so jq -se 'any(.[]; .event_type == "flow" and .earshot.seen.half == true)' "$T/out"
for kind in call-ports call-dtx call-late call-video; do
	equal "test_sides_both_${kind}_is_no_alert" "" "$(said $kind --beside tcp --seconds 90 | tr ' ' '\n' | grep -v '^s:')"
done
equal test_sides_dark_pictures_are_a_suspect s:bulk-one-side "$(said call-video --beside tcp --tap up --seconds 20)"
equal test_sides_dark_bulk_by_tcp_is_an_alert bulk-unlisted "$(said backup --beside tcp --tap up)"
check test_sides_dark_bulk_says_it jq -se 'any(.[]; .event_type == "alert" and .earshot.seen.half == true and any(.earshot.notes[]?; startswith("direction not seen")))' "$T/out"

equal test_sides_a_call_never_answered_is_an_alert live-microphone "$(said sip-mic --beside tcp)"
check test_sides_within_75_s_of_its_first_packet within 55 "$(after live-microphone)" 75
equal test_sides_a_call_that_turned_is_a_suspect_and_no_microphone s:call-turned "$(said turned-cn --beside tcp | sed 's/^bulk-unlisted //')"
check test_sides_it_is_after_ten_minutes within 670 "$(after call-turned)" 720

equal test_sides_a_screen_in_clear_is_no_bulk "" "$(said screen --beside tcp)"
check test_sides_a_screen_is_called_one jq -se 'any(.[]; .event_type == "flow" and .earshot.content.class == "screen" and .earshot.content.format == "rfb")' "$T/out"
equal test_sides_its_name_alone_excuses_nothing bulk-unlisted "$(said screen-say --beside tcp)"
finish
