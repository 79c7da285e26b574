#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bulk through the whole program: what is split over flows, destinations, days and devices, and
# held below every single threshold, still adds up; against the usual, off hours, a clock that
# steps, more than 4 GiB, more keys than have room.
. "$(dirname "$0")/../tools/tap.sh"

up() { "$PYTHON" tests/tools/bulk.py "$@" >"$T/up.pcap"; }
printf 'domain listed.example\n' >"$T/known"
# "rule device" of bulk verdicts, without updates
said() { "$EARSHOT" read --known "$T/known" --format json "$@" "$T/up.pcap" 2>"$T/err" >"$T/events"
	jq -r 'select(.earshot.kind == "bulk-upload" and .earshot.update != true) |
	    (.alert.signature // .anomaly.event) + " " + .src_ip' "$T/events" | sort | uniq -c |
	    awk '{ printf "%s%s %s x%d", (NR > 1 ? ", " : ""), $2, $3, $1 }'; }

# ---- adds up ----
for i in $(seq 30); do echo "$((i * 100)) 10.20.0.5 203.0.113.9 40kB 2 a.example"; done | up
equal test_thirty_small_flows_within_the_hour "bulk-upload 10.20.0.5 x1" "$(said)"
for i in $(seq 14); do echo "$((i * 100))m 10.20.0.5 203.0.113.$i 400kB 5 h$i.a.example"; done | up
equal test_many_addresses_of_one_domain_are_one_destination "bulk-day 10.20.0.5 x1" "$(said)"
for i in $(seq 14); do echo "$((i * 90))m 10.20.0.5 203.0.113.$i 400kB 5 file$i.example"; done | up
equal test_many_domains_within_a_day "bulk-spread 10.20.0.5 x1" "$(said)"
for i in $(seq 7); do echo "${i}d 10.20.0.5 203.0.113.9 1.7MB 7200 a.example"; done | up
check test_a_piece_a_day_throttled_adds_up_over_the_week grep -q "bulk-week 10.20.0.5 x1" <<<"$(said)"
for i in $(seq 28); do echo "${i}d 10.20.0.5 203.0.113.$i 800kB 3600 file$i.example"; done | up
equal test_another_destination_each_day_adds_up_over_the_month "bulk-month 10.20.0.5 x1" "$(said)"
for d in 1 2 3; do for i in $(seq 5); do
	echo "${d}d 10.20.0.$i 203.0.113.9 900kB 600 drop.example"; done; done | up
equal test_many_devices_to_one_destination "bulk-shared 1" \
	"$(said | sed 's/ 10[^ ]*//; s/x//')"
for i in $(seq 28); do echo "${i}d 10.20.0.5 203.0.113.9 1MB 60 www.listed.example"; done | up
equal test_what_is_listed_is_not_summed "" "$(said)"
for i in $(seq 28); do echo "${i}d 10.20.0.5 203.0.113.$i 20kB 2 page$i.example"; done | up
equal test_pages_are_nothing "" "$(said)"

# ---- without a list: one rule, what the office uses left out, an address told once a day ----
unlisted() { "$EARSHOT" read --format json "$T/up.pcap" 2>"$T/err" >"$T/events"
	jq -r 'select(.earshot.kind == "bulk-upload" and .event_type == "alert" and .earshot.update != true) |
	    .alert.signature + " " + .src_ip + " " + .earshot.severity' "$T/events" | paste -sd,; }
(for i in 1 2; do echo "${i}00 10.20.0.$i 203.0.113.9 20MB 60 few.example"; done
 for i in 1 2 3 4; do echo "${i}00 10.20.0.$i 203.0.113.8 100kB 5 office.example"; done
 for i in 5 6 7; do echo "${i}00 10.20.0.$i 203.0.113.8 8MB 60 office.example"; done) | up
equal test_without_a_list_one_alert_and_none_for_what_five_use "bulk-unlisted 10.20.0.1 medium" "$(unlisted)"
check test_and_it_says_so grep -q "no list of known destinations" "$T/events"
check test_and_what_to_do grep -q -- "list it (--known)" "$T/events"
for i in $(seq 14); do echo "$((i * 100))m 10.20.0.5 203.0.113.9 400kB 5 a.example"; done | up
equal test_without_a_list_throttled_adds_up_over_the_day "bulk-unlisted 10.20.0.5 medium" "$(unlisted)"
for i in $(seq 7); do echo "${i}d 10.20.0.5 203.0.113.9 1.7MB 7200 a.example"; done | up
equal test_and_over_the_week "bulk-unlisted 10.20.0.5 medium" "$(unlisted | cut -d, -f1)"

# ---- bytes as hours of speech, in every one ----
for i in $(seq 7); do echo "${i}d 10.20.0.5 203.0.113.9 3MB 60 a.example"; done | up
said >/dev/null
equal test_every_bulk_alert_tells_hours_of_speech "" "$(jq -r 'select(.alert != null and
	((.earshot.speech // "" | test("of speech at")) and (.earshot.explain | test("of speech at")) | not)) |
	.alert.signature' "$T/events")"

# ---- 64 bits: 9 GiB in one flow, whose TCP sequence wraps twice ----
echo '1h 10.20.0.5 203.0.113.9 9GiB 3000 big.example' | up
said >/dev/null
equal test_nine_gib_in_one_flow "9663676416" "$(jq -s 'map(select(.alert.signature == "bulk-day" or
	.alert.signature == "bulk-upload") | .earshot.window.bytes_up) | max' "$T/events")"

# ---- the usual: the last four same weekdays ----
for w in 0 7 14 21; do for d in 0 1 2 3 4; do
	echo "$((w + d))d 10.20.0.5 203.0.113.9 30MB 600 www.listed.example"; done; done >"$T/usual"
usual=(-s "$T/quiet.rules")
: >"$T/quiet.rules"
(cat "$T/usual"; echo '28d 10.20.0.5 203.0.113.9 110MB 600 www.listed.example') | up
equal test_less_than_four_times_the_usual "" "$(said "${usual[@]}")"
(cat "$T/usual"; echo '28d 10.20.0.5 203.0.113.9 130MB 600 www.listed.example') | up
equal test_more_than_four_times_the_usual "bulk-unusual 10.20.0.5 x1" "$(said "${usual[@]}")"
equal test_it_says_what_the_usual_comes_to "120000000" "$(jq -r 'select(.anomaly.event == "bulk-unusual" and
	.earshot.update != true).earshot.why[] | select(.cond | test("usual")) | .limit' "$T/events")"
echo '1d 10.20.0.5 203.0.113.9 130MB 600 www.listed.example' | up
equal test_without_history_nothing_is_unusual "" "$(said "${usual[@]}")"
cat >"$T/only.rules" <<'RULES'
rule only { id 77 severity low kind bulk-upload
	when outbound and (upload > 4 x usual per device or upload > 1 MB)
	test "t" { pcap "x.pcap" expect 0 alerts } }
RULES
said -s "$T/only.rules" >/dev/null
equal test_explain_says_that_the_usual_is_unknown "null" "$(jq -r 'select(.alert.signature == "only" and
	.earshot.update != true).earshot.why[] | select(.cond | test("usual")) | .passed' "$T/events")"

# ---- off hours: unknown until the site says where it is ----
echo '2h 10.20.0.5 203.0.113.9 2MB 60 a.example' | up		# 02:00 UTC
severity() { said "$@" >/dev/null; jq -r 'select(.alert.signature == "bulk-upload" and
	.earshot.update != true).earshot.severity' "$T/events"; }
equal test_without_a_zone_no_hour_is_odd "high" "$(severity)"
echo 'tz UTC' >"$T/tz.rules"
equal test_at_night_it_is_raised "critical" "$(severity -s "$T/tz.rules")"
echo 'tz +08:00' >"$T/tz.rules"
equal test_elsewhere_it_is_day "high" "$(severity -s "$T/tz.rules")"
echo 'tz "JST-9" macro office_hours = hour < 5' >"$T/tz.rules"
sed -i 's/ macro/\nmacro/' "$T/tz.rules"
equal test_the_hours_are_the_sites "critical" "$(severity -s "$T/tz.rules")"

# ---- a clock that steps: nothing counts twice, nothing lasts for ever ----
(for i in $(seq 5); do echo "$((i * 100)) 10.20.0.5 203.0.113.9 150kB 5 a.example"; done
 for i in $(seq 5); do echo "$((i * 100 - 18000)) 10.20.0.5 203.0.113.9 20kB 5 a.example"; done) |
	up --as-is --start 1765300000
equal test_back_by_hours_nothing_counts_twice "" "$(said)"
check test_and_it_is_told grep -q clock-went-back "$T/events"
(for i in $(seq 5); do echo "$((i * 100)) 10.20.0.5 203.0.113.9 150kB 5 a.example"; done
 echo '365d 10.20.0.5 203.0.113.9 100kB 5 a.example'
 for i in $(seq 6 12); do echo "$((i * 100)) 10.20.0.5 203.0.113.9 150kB 5 a.example"; done) | up --as-is
equal test_a_year_ahead_and_back_the_rest_adds_up "bulk-upload 10.20.0.5 x1" "$(said)"
(echo '365d 10.20.0.5 203.0.113.9 150kB 5 a.example'
 for i in $(seq 10); do echo "$((i * 2))h 10.20.0.5 203.0.113.9 150kB 5 a.example"; done) | up --as-is
equal test_after_it_windows_end_as_ever "" "$(said)"
(for d in 3 1 2 0; do for i in 1 2 3; do
	echo "$((d * 24 + i))h 10.20.0.5 203.0.113.9 900kB 60 a.example"; done; done) | up --as-is
out=$(said)
equal test_days_out_of_order_are_summed_once "10800000" "$(jq -s 'map(select(.alert.signature == "bulk-week" or
	.alert.signature == "bulk-day") | .earshot.window.bytes_up) | max' "$T/events")"
finish
