#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Tests on small tables of flows: rules that live on a wire, tested without a capture.
. "$(dirname "$0")/../tools/tap.sh"

cat >"$T/t.rules" <<'EOF'
rule live {
	id 77  severity high  kind live-audio
	when outbound and voice.score >= 9.16 and voice.pass and not way.half
	    and (way.two is unknown or not way.two) and not dest in known
	test "a microphone" { flows { 10:00 a -> b for 60 s cadence 50/s size 60..110 } expect 1 alert where dest.looked_up }
	test "the issue's row" { flows { 10:00 a -> b up 12 MB app tls for 40 s cadence 50/s size 80 } expect 1 alert where app = tls and tls.sni = "b.example" }
	test "over IPv6" { flows { 10:00 fd00::7 -> 2001:db8::9 for 60 s cadence 50/s size 60..110 } expect 1 alert where dest.ip = 2001:db8::9 }
	test "too short" { flows { 10:00 a -> b for 20 s cadence 50/s size 60..110 } expect 0 alerts }
	test "a call" { flows { 10:00 a -> b for 60 s cadence 50/s size 60..110 down 250 kB } expect 0 alerts }
	test "an archive" { flows { 10:00 a -> b up 12 MB } expect 0 alerts }
	test "a slow archive" { flows { 10:00 a -> b up 1 MB for 60 s } expect 0 alerts }
	test "listed" { list known = { b.example } flows { 10:00 a -> b for 60 s cadence 50/s size 60..110 } expect 0 alerts }
}
rule pieces {
	id 78  severity high  kind chunked-audio
	when outbound and chunks.regular and chunks.rate >= 8 kbit/s
	test "20 s at a time" { flows { 10:00 a -> b up 60 kB times 12 every 20 s } expect 1 alert where chunks.pace = even }
	test "by hand" { flows { 10:00 a -> b up 60 kB 10:00:17 a -> b up 90 kB 10:01 a -> b up 20 kB } expect 0 alerts }
}
rule drip {
	id 79  severity high  kind bulk-upload
	when outbound and upload >= 10 MB within 30 d per device, dest
	limit 1 per device every 366 d
	test "20 days" { flows { 10:00 a -> b up 1 MB for 40 s times 20 every 1 d } expect 1 alert where device = "a" and dest = "b.example" }
	test "9 days, and others" { flows { 10:00 a -> b up 1 MB for 40 s times 9 every 1 d day 29 9:00 c -> d up 5 MB } expect 0 alerts }
}
rule night {
	id 80  severity high  kind bulk-upload
	when outbound and upload > 1 MB and hour in 22:00..06:00 and weekday in saturday..monday
	test "at night" { tz Europe/Berlin flows { saturday 23:30 a -> b up 2 MB } expect 1 alert }
	test "at six" { tz Europe/Berlin flows { saturday 6:00 a -> b up 2 MB } expect 0 alerts }
	test "on Tuesday" { tz Europe/Berlin flows { tuesday 23:30 a -> b up 2 MB } expect 0 alerts }
	test "Sunday wraps" { tz UTC flows { monday 2:00 a -> b up 2 MB } expect 1 alert }
}
rule stated {
	id 81  severity high  kind audio-upload
	when outbound and content = audio and dest.new and device.role = "recorder"
	test "said" { flows { 10:00 a -> b up 2 kB with content = audio and dest.new and device.role = "recorder" } expect 1 alert }
	test "said of another" { flows { 10:00 a -> b up 2 kB 10:01 c -> b up 2 kB with content = audio and dest.new } expect 0 alerts }
}
macro link = outbound and dest.new
rule opened {
	id 90  severity high  kind live-audio
	when link then voice.score >= 9.16 and voice.pass within 30 min per device
	test "after" { flows { 10:00 a -> b up 5 kB with dest.new 10:10 a -> c for 60 s cadence 50/s size 60..110 } expect 1 alert where dest = "c.example" }
	test "late" { flows { 10:00 a -> b up 5 kB with dest.new 10:40 a -> c for 60 s cadence 50/s size 60..110 } expect 0 alerts }
	test "another's" { flows { 10:00 d -> b up 5 kB with dest.new 10:10 a -> c for 60 s cadence 50/s size 60..110 } expect 0 alerts }
	test "before" { flows { 10:00 a -> c for 60 s cadence 50/s size 60..110 10:10 a -> b up 5 kB with dest.new } expect 0 alerts }
}
rule chain {
	id 91  severity high  kind bulk-upload
	when outbound and (dest.port = 1 then (dest.port = 2) within 1 h per device then (upload >= 1 MB) within 1 h per device)
	test "in order" { flows { 10:00 a -> b port 1 up 1 kB 10:10 a -> b port 2 up 1 kB 10:20 a -> b port 3 up 2 MB } expect 1 alert where dest.port = 3 }
	test "not in order" { flows { 10:00 a -> b port 2 up 1 kB 10:10 a -> b port 1 up 1 kB 10:20 a -> b port 3 up 2 MB } expect 0 alerts }
	test "the second late" { flows { 10:00 a -> b port 1 up 1 kB 11:10 a -> b port 2 up 1 kB 11:20 a -> b port 3 up 2 MB } expect 0 alerts }
}
rule summed {
	id 92  severity high  kind bulk-upload
	when dest.port = 1 then upload >= 3 MB within 1 h per device, dest within 2 h per device
	explain "{device} sent {sum}"
	test "both" { flows { 10:00 a -> b port 1 up 1 kB 10:10 a -> b up 2 MB 10:20 a -> b up 2 MB } expect 1 alert }
	test "no first" { flows { 10:10 a -> b up 2 MB 10:20 a -> b up 2 MB } expect 0 alerts }
	test "another dest" { flows { 10:00 a -> b port 1 up 1 kB 10:10 a -> b up 2 MB 10:20 a -> c up 2 MB } expect 0 alerts }
}
EOF
"$EARSHOT" rules test -v rules/std "$T/t.rules" >"$T/out" 2>"$T/err"; rc=$?
while read -r verdict text; do
	case $verdict in
	ok) [[ $text == live:* || $text == pieces:* || $text == drip:* || $text == night:* || $text == stated:* ||
		$text == opened:* || $text == chain:* || $text == summed:* ]] && ok "test_tables_${text%% (*}" ;;
	FAIL) not_ok "test_tables_$text" ;;
	esac
done <"$T/out"
equal "test_tables_that_hold_exit_0" 0 "$rc"
equal "test_tables_are_all_run" 28 "$(grep -c '^ok    \(live\|pieces\|drip\|night\|stated\|opened\|chain\|summed\):' "$T/out")"

# The same in every run, and a test that does not hold says so.
"$EARSHOT" rules test -v rules/std/00-hearing.rules rules/std/00-site.rules "$T/t.rules" >"$T/a" 2>&1
"$EARSHOT" rules test -v rules/std/00-hearing.rules rules/std/00-site.rules "$T/t.rules" >"$T/b" 2>&1
check "test_tables_are_the_same_in_every_run" cmp "$T/a" "$T/b"
sed -i 's/expect 0 alerts/expect 1 alert/' "$T/t.rules"
"$EARSHOT" rules test rules/std/00-hearing.rules rules/std/00-site.rules "$T/t.rules" >"$T/out" 2>&1; rc=$?
equal "test_tables_that_do_not_hold_exit_1" 1 "$rc"
check "test_tables_that_do_not_hold_are_told" grep -q '^FAIL  live: a call (expected 1, saw 0)' "$T/out"

# A table that never ends is not played to its end.
cat >"$T/much.rules" <<'EOF'
rule r { id 1 severity low kind tunnel when upload >= 1 MB
	test "much" { flows { 10:00 a -> b up 1 kB over udp for 1 s cadence 1/s size 100 down 100000 GB } expect 0 alerts } }
EOF
timeout 120 "$EARSHOT" rules test rules/std/00-hearing.rules "$T/much.rules" >"$T/out" 2>&1; rc=$?
equal "test_tables_of_too_much_end_with_1" 1 "$rc"
check "test_tables_of_too_much_say_so" grep -q 'the table comes to more than 20000000 packets' "$T/out"
finish
