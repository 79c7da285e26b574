#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# nDPI in its cell: locked in, and its death costs the packet it was reading and nothing else.
. "$(dirname "$0")/../tools/tap.sh"
verdicts=$B/tests/tools/verdicts
m01=$CAPTURES/m01-mixed-office.pcap.zst
cat >"$T/site.rules" <<EOF
list known = file "$PWD/$CAPTURES/allowed_destinations.txt"
inventory devices = csv "$PWD/$CAPTURES/inventory/assets.csv"
EOF
run() { "$verdicts" "$1" rules/std "$T/site.rules" >"$2" 2>"$2.err" || echo "FAILED" >>"$2"; }
set_of() { grep '^verdict' "$1" | grep -v '^verdict quarantined-upload' | sort -u; }
counter() { sed -n "s/^counters.* $2=\([0-9]*\).*/\1/p;s/^counters $2=\([0-9]*\).*/\1/p" "$1" | head -n 1; }

# One valid UDP datagram that kills Debian's libndpi is read to the end, filter on and filter off.
killer=$CAPTURES/hostile/dtls-certificate-kills-libndpi-4.2.pcap
check test_cell_the_killer_is_read_to_the_end "$EARSHOT" read --format json "$killer"
run "$killer" "$T/one"
check test_cell_the_killer_reaches_the_cell_when_not_filtered grep -q 'deaths=[1-9]' "$T/one"

run "$m01" "$T/plain"
check test_cell_is_locked_in_by_seccomp_with_no_descriptor grep -q '^cell seccomp=2 fds=0$' "$T/plain"
equal test_cell_no_death_on_ordinary_traffic 0 "$(counter "$T/plain" deaths)"
set_of "$T/plain" >"$T/plain.set"

for count in 150 500; do
	gap=0.6; [ $count = 500 ] && gap=0.05
	tests/tools/killers.py --count $count --gap $gap --seed 7 --into "$m01" --out "$T/k.pcap" >"$T/k.log"
	run "$T/k.pcap" "$T/k"
	set_of "$T/k" >"$T/k.set"
	check "test_cell_${count}_deaths_leave_the_verdicts_as_they_were" diff "$T/plain.set" "$T/k.set"
	# The quarantine rule speaks of the killers' own flows alone.
	grep '^verdict quarantined-upload' "$T/k" | awk '{print $3, $4}' | sort -u >"$T/q"
	grep '^flow.*quarantined' "$T/k" | awk '{print $2, $4}' | sort -u >"$T/qf"
	check "test_cell_${count}_quarantine_is_told_of_killers_alone" bash -c '[ -z "$(comm -23 "$1" "$2")" ]' _ "$T/q" "$T/qf"
	trips=$(counter "$T/k" trips); deaths=$(counter "$T/k" deaths)
	if [ $count = 150 ]; then
		equal test_cell_150_deaths_each_cost_one_packet "150 0" "$deaths $trips"
	else
		check test_cell_500_deaths_trip_the_breaker [ "${trips:-0}" -ge 1 ]
	fi
done

# Killers on the 5-tuple of an uploading flow, before the classifier has decided it: its bytes
# stay, it is marked.
p06=$CAPTURES/p06-rtp-opus-ffmpeg.pcap.zst
run "$p06" "$T/up"
want=$(awk '$1 == "flow" && $3 == 41300 {print $6}' "$T/up")
tests/tools/killers.py --count 2 --start 1.15 --gap 0.02 --seed 3 --into "$p06" --out "$T/k.pcap" --five-tuple udp:203.0.113.15:5004:10.20.0.22:41300 >"$T/k.log"
run "$T/k.pcap" "$T/k"
equal test_cell_an_uploading_flow_keeps_its_bytes_and_is_marked "$want quarantined" "$(awk '$1 == "flow" && $3 == 41300 {print $6, $7}' "$T/k")"
check test_cell_a_quarantined_upload_is_told grep -q '^verdict quarantined-upload 10.20.0.22 203.0.113.15 sensor' "$T/k"
check test_cell_a_quarantined_microphone_is_still_heard grep -q '^verdict live-microphone 10.20.0.22 203.0.113.15 live-audio' "$T/k"

# No SIGSYS over all captures with the real filter: a cell that is killed by it counts as a death.
dead=0
for f in "$CAPTURES"/*.zst; do
	run "$f" "$T/all"; d=$(counter "$T/all" deaths)
	[ "${d:-x}" = 0 ] || { dead=1; echo "$(basename "$f"): deaths $d" >>"$T/dead"; }
done
if [ $dead = 0 ]; then ok test_cell_no_death_over_all_captures; else not_ok test_cell_no_death_over_all_captures "$T/dead"; fi
finish
