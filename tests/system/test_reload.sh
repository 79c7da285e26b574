#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a reload is for: lists, home and inventory that changed, rules that are wrong, a sensor that
# died. Needs root.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_reload "needs root"; finish; fi
for tool in ip jq; do command -v $tool >/dev/null || { skip test_reload "needs $tool"; finish; }; done
. "$(dirname "$0")/../tools/wire.sh"

cp -r rules/std "$T/rules"
printf 'mac,name,id\n02:00:00:00:00:0d,Room 3,room-3\n' >"$T/rules/assets.csv"
echo 'domain a.example' >"$T/rules/known.txt"
echo 'list known = file "known.txt"' >"$T/rules/90-site.rules"
echo 'home { 10.0.0.0/8 }' >"$T/rules/91-home.rules"
echo 'inventory devices = csv "assets.csv" key mac' >"$T/rules/92-devices.rules"
cat >"$T/talk.py" <<'PY'
# Once a second a datagram from 10.20.0.13 (02:..:0d) to 10.30.0.5, until somebody ends it.
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((sys.argv[1], 0))
udp = struct.pack('!HHHH', 4000, 5004, 108, 0) + bytes(100)
ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 128, 0, 0, 64, 17, 0, bytes([10, 20, 0, 13]), bytes([10, 30, 0, 5]))
while True:
    s.send(bytes.fromhex('020000000001' '02000000000d' '0800') + ip + udp)
    time.sleep(0.2)
PY
cat >"$T/rules/93-upward.rules" <<'RULES'
rule upward {
	id 77  rev 1  severity low  kind bulk-upload
	when outbound
	limit 1 per device, dest every 1 s
	explain "{device} to {dest}"
}
RULES
listen change -S "$T/rules"; err=$T/change.err answers=0
nsenter --net=/run/netns/$out $PYTHON "$T/talk.py" v1 & pids="$pids $!"
version() { sed -n 's/.*rules \([0-9a-f]*\) are generation.*/\1/p' "$err" | tail -n 1; }
reload; was=$(version)
reload; equal test_reload_of_the_same_files_is_the_same_version "$was" "$(version)"
echo 'domain b.example' >"$T/rules/known.txt"
reload; check test_reload_a_list_belongs_to_the_program_by_content [ "$was" != "$(version)" ]
equal test_reload_nothing_is_up_inside_home 0 "$(jq -r 'select(.alert.signature=="upward")' "$T/change.json" | wc -l)"
echo 'home { 10.20.0.0/16 }' >"$T/rules/91-home.rules"; reload
upward() { [ -n "$(jq -r 'select(.alert.signature=="upward") | .dest_ip' "$T/change.json" | grep -F "$1")" ]; }
# Its flow is open: the next record of it is a part or a window; it goes up from here on.
check test_reload_another_home_turns_open_flows soon upward 10.30.0.5
device() { jq -r 'select(.alert.signature=="upward") | .earshot.device.key' "$T/change.json" | tail -n 1; }
equal test_reload_the_device_has_its_name room-3 "$(device)"
printf 'mac,name,id\n02:00:00:00:00:0d,Room 4,room-4\n' >"$T/rules/assets.csv"; reload
is_room_4() { told change device-alias | grep -q "'room-3' is 'room-4' from here on"; }
check test_reload_another_inventory_gives_another_name soon is_room_4

# ---- over the control socket ----
ask() { $PYTHON - "$T/state.change/control" "$1" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode() + b"\n")
print(s.makefile().readline(), end="")
PY
}
ask reload >"$T/reply"; answers=$((answers + 1))
equal test_reload_over_the_control_socket_says_what_it_did "true $(version) 1 1 0" "$(jq -r '"\(.accepted) \(.rules_version) \(.list_entries) \(.devices) \(.errors)"' "$T/reply")"
check test_reload_over_the_control_socket_says_how_long_it_took jq -e '.took_ms > 0 and .compile_ms > 0 and .generation > 1' "$T/reply"
echo 'rule x { id 5 when flow.byts > 5 }' >"$T/rules/95-x.rules"
ask reload >"$T/reply"; answers=$((answers + 1)); rm "$T/rules/95-x.rules"
check test_reload_over_the_control_socket_says_what_is_wrong jq -e '.accepted == false and .errors > 0 and (.text | contains("95-x.rules:1:") and contains("^"))' "$T/reply"

# The command: a sentence for a person, JSON into a pipe, and an exit status.
echo 'domain c.example' >"$T/rules/known.txt"
"$EARSHOT" reload --state "$T/state.change" >"$T/reply"; equal test_reload_command_is_done_when_accepted "0 true" "$? $(jq -r .accepted "$T/reply")"
script -qec "$(printf '%q ' "$EARSHOT" reload --state "$T/state.change")" /dev/null >"$T/reply"
check test_reload_command_tells_a_person grep -q 'rules [0-9a-f]* are generation' "$T/reply"
echo 'rule x { id 5 when flow.byts > 5 }' >"$T/rules/95-x.rules"
"$EARSHOT" reload --state "$T/state.change" >"$T/reply"; equal test_reload_command_fails_when_refused 1 $?
rm "$T/rules/95-x.rules"; answers=$((answers + 3))

# ---- what is wrong changes nothing ----
held=$(grep -c 'are generation' "$err") was=$(version)
refused() { # name, wanted in the log
	reload; check "test_reload_$1_is_refused" grep -q -- "$2" "$err"
	equal "test_reload_$1_keeps_the_old" "$held" "$(grep -c 'are generation' "$err")"
}
echo 'rule x { id 5 when flow.byts > 5 }' >"$T/rules/95-x.rules"; refused a_wrong_word "^ *| *.*\^"
rm "$T/rules/95-x.rules"; mv "$T/rules/known.txt" "$T/away"; refused a_missing_list "known.txt': No such file"
mv "$T/away" "$T/rules/known.txt"; head -c 30 rules/std/10-live.rules | sed 's/#/rule/' >"$T/rules/96-half.rules"
refused a_half_written_file "96-half.rules:"
rm "$T/rules/96-half.rules"; mv "$T/rules" "$T/elsewhere"; refused a_missing_folder "cannot read rules"
mv "$T/elsewhere" "$T/rules"
refusals() { [ "$(told change rules-refused | wc -l)" = 6 ]; }
check test_reload_every_refusal_is_told soon refusals
kill -KILL "$(sensor_of "$pid")"
check test_reload_a_sensor_that_died_is_back soon lines "$err" "listening on" 2
newest() { [ "$(jq -sr '.[0].earshot.boot as $first | [.[] | select(.alert.signature=="upward" and .earshot.boot != $first)] | last
	| "\(.earshot.rules_version) \(.earshot.rules_generation) \(.earshot.device.key)"' "$T/change.json")" = "$was $((held + 1)) room-4" ]; }
check test_reload_it_began_with_the_newest soon newest
reload; check test_reload_it_goes_on_from_there grep -q "are generation $((held + 2)):" "$err"
kill -HUP "$pid"; sleep 0.1; kill -KILL "$(sensor_of "$pid")"; answers=$((answers + 1))
check test_reload_a_sensor_that_dies_of_it_is_told soon grep -q "the sensor died while it took the rules" "$err"
check test_reload_and_is_back_with_the_old soon lines "$err" "listening on" 3
# Twice at once: the second is done after the first.
kill -HUP "$pid"; sleep 0.05; kill -HUP "$pid"
check test_reload_a_hang_up_meanwhile_is_not_lost soon lines "$err" "are generation" $((held + 2))
# A sensor that dies of the first does not take the second along.
deaf=$(sensor_of "$pid"); kill -STOP "$deaf"
kill -HUP "$pid"; sleep 1; kill -HUP "$pid"; sleep 0.5; kill -KILL "$deaf"
check test_reload_a_hang_up_outlives_a_sensor soon lines "$err" "are generation" $((held + 3))
kill -TERM "$pid"; wait "$pid"; equal test_reload_ends_well 0 $?
finish
