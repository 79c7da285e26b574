#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every event of every capture is valid by the shipped schema, says an independent validator;
# a value of another type in any field is refused; every kind occurs.
. "$(dirname "$0")/../tools/tap.sh"

"$EARSHOT" schema >"$T/schema.json"
check "test_events_the_schema_is_json" jq -e . "$T/schema.json"
"$EARSHOT" schema observation >"$T/observation.json"
check "test_events_the_observation_schema_is_a_schema" "$PYTHON" -c 'import json, jsonschema, sys
s = json.load(open(sys.argv[1])); jsonschema.Draft202012Validator.check_schema(s)
assert len(s["properties"]) == int(sys.argv[2])' "$T/observation.json" "$("$EARSHOT" rules fields | grep -c "^[a-z]")"
: >"$T/all.json"
for f in "$CAPTURES"/*.zst "$CAPTURES"/hostile/*.pcap; do
	"$EARSHOT" read --format json --flows "${site[@]}" "$f" >>"$T/all.json" 2>"$T/err" || not_ok "test_events_$(basename "$f")_is_read" "$T/err"
done
check "test_events_of_all_captures_are_valid" "$PYTHON" tests/tools/validate-events.py "$T/schema.json" "$T/all.json"
check "test_events_mutated_are_refused" "$PYTHON" tests/tools/validate-events.py --mutate 7 "$T/schema.json" "$T/all.json"
for kind in live-audio chunked-audio audio-upload bulk-upload tunnel new-device unknown-destination sensor; do
	check "test_events_of_kind_${kind}_occur" jq -se --arg k "$kind" 'any(.[]; .earshot.kind == $k)' "$T/all.json"
done
for type in alert flow stats anomaly; do
	check "test_events_of_type_${type}_occur" jq -se --arg k "$type" 'any(.[]; .event_type == $k)' "$T/all.json"
done
# Kinds no shipped rule speaks of, from rules of the test's own; gaps as the emitter tells them.
cat >"$T/kinds.rules" <<'R'
rule over-budget { id 901 rev 1 severity low kind budget when outbound and upload >= 1 kB within 1 h per device }
rule joined { id 902 rev 1 severity low kind incident when outbound and upload >= 1 kB within 1 h per device }
R
"$EARSHOT" read --format json -s "$T/kinds.rules" "${site[@]}" "$CAPTURES/p24-unknown-destination.pcap.zst" >"$T/kinds.json" 2>"$T/err"
"$B/tests/unit/rules/test_event" events >>"$T/kinds.json"
for kind in budget incident gap; do
	check "test_events_of_kind_${kind}_occur" jq -se --arg k "$kind" 'any(.[]; .earshot.kind == $k)' "$T/kinds.json"
done
check "test_events_of_those_kinds_are_valid" "$PYTHON" tests/tools/validate-events.py "$T/schema.json" "$T/kinds.json"
# One line of stats for each minute of packet time and one at the end; a five-minute capture has at least five.
n=$("$EARSHOT" read --format json "$CAPTURES/m01-mixed-office.pcap.zst" 2>/dev/null | jq -s '[.[] | select(.event_type=="stats")] | length')
check "test_events_have_stats_every_minute" [ "$n" -ge 5 ]
# An alert at once, then at most one update with the count of what was folded.
"$EARSHOT" read --format json "${site[@]}" "$CAPTURES/m01-mixed-office.pcap.zst" 2>/dev/null >"$T/m01.json"
check "test_events_alerts_are_not_one_per_packet" jq -se '[.[] | select(.event_type=="alert")] | length < 40' "$T/m01.json"
check "test_events_updates_name_the_first_event" jq -se '([.[].earshot.event_id]) as $ids |
	[.[] | select(.earshot.update == true)] | length > 0 and all(.[]; .earshot.suppressed_count > 0 and (.earshot.related[0] as $r | $ids | index($r) != null))' "$T/m01.json"
check "test_events_sequences_are_contiguous" jq -se 'group_by(.earshot.lane + "/" + (.earshot.partition|tostring))
	| all(.[]; ([.[].earshot.seq] | . == [range(1; length + 1)]))' "$T/m01.json"
# Nobody's control characters reach a terminal.
check "test_events_have_no_raw_control_byte" bash -c '! LC_ALL=C grep -qP "[\x00-\x08\x0b-\x1f\x7f]" "$1"' _ "$T/all.json"
finish
