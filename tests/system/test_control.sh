#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Store and control: a running sensor is asked while a capture goes by; outlet and sensor are
# killed; the socket is attacked; the store's disk is full. Needs root.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_control "needs root"; finish; fi
for tool in tcpreplay ip jq; do command -v $tool >/dev/null || { skip test_control "needs $tool"; finish; }; done
in=ec$$-in out=ec$$-out st=$T/st
cleanup() { [ -n "${es:-}" ] && kill -KILL "$es" 2>/dev/null; umount "$T/full" 2>/dev/null; ip netns del $in; ip netns del $out; tap_end; }
trap 'cleanup 2>/dev/null' EXIT
soon() { for _ in $(seq 200); do "$@" && return 0; sleep 0.1; done; return 1; }
ip netns add $in; ip netns add $out
for ns in $in $out; do nsenter --net=/run/netns/$ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; done
ip link add v0 netns $in type veth peer name v1 netns $out
nsenter --net=/run/netns/$in ip link set v0 up; nsenter --net=/run/netns/$out ip link set v1 up
tests/tools/rewrite whole "$CAPTURES" "$T/whole" p20-unknown-device >/dev/null
run() { # state, options...
	local dir=$1; shift
	nsenter --net=/run/netns/$in "$EARSHOT" run -v -i v0 --format json --state "$dir" "${site[@]}" "$@" >"$T/out.json" 2>"$T/err" &
	es=$!
	soon grep -q listening "$T/err"
}
play() { nsenter --net=/run/netns/$out tcpreplay -q -x 25 -i v1 "$T/whole/p20-unknown-device.pcap" >/dev/null 2>&1; }
ask() { "$EARSHOT" "$@" --state "$st" --json 2>"$T/ask.err"; }
raw() { # bytes on stdin to the socket, what comes back
	$PYTHON -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])
try:
	s.sendall(sys.stdin.buffer.read()); s.shutdown(socket.SHUT_WR)
except OSError: pass
while True:
	try: b = s.recv(65536)
	except OSError: break
	if not b: break
	sys.stdout.buffer.write(b)' "$st/control"; }
has() { # jq condition over an answer
	local cond=$1; shift; ask "$@" | jq -e "$cond" >/dev/null; }
dev=10.20.0.143

equal test_control_nobody_answers_exit_1 1 "$("$EARSHOT" status --state "$st" >/dev/null 2>"$T/none"; echo $?)"
check test_control_nobody_answers_is_a_sentence grep -q "no sensor answers on" "$T/none"
run "$st"; play
check test_control_status_counts_packets soon has '.packets > 1000 and .interfaces[0].state == "listening"' status
check test_control_status_names_processes has '[.processes[] | select(.pid > 1)] | length == 4' status
check test_control_status_names_sandbox has '[.processes[] | select(.name == "sensor" or .name == "outlet") | .seccomp] == [true, true]' status
check test_control_status_counts_rules has '.rules.count > 5 and .rules.generation == 1 and .learning_s > 600000' status
check test_control_stats_have_causes has '[.loss | keys[]] == ["cell","gaps","interface","kernel","ring","spool","store"]' stats
check test_control_stats_rates soon has '.packets.per_s != null and .loss.kernel.total == 0 and .loss.ring.total == 0' stats
check test_control_flows_lists soon has '.flows | length > 3 and (.[0].bytes_up >= .[1].bytes_up)' flows
check test_control_flows_filter_by_inside has '.matched > 0 and ([.flows[] | select(.src_ip != "'$dev'")] | length == 0)' flows inside $dev
check test_control_flows_filter_by_bytes has '[.flows[] | select(.bytes_up < 100000)] | length == 0' flows min 100kB
check test_control_flows_limit has '.shown == 1' flows limit 1
check test_control_flows_filter_that_nothing_meets has '.matched == 0' flows app nothing
check test_control_device_is_found_by_ip soon has '.devices | length == 1 and (.[0].bytes_up > 1000000)' device $dev
key=$(ask device $dev | jq -r '.devices[0].key')
check test_control_device_is_found_by_mac has '.devices[0].ip == "'$dev'"' device "$key"
check test_control_device_tells_destination_and_speech soon has '.devices[0].destinations[0] | .key == "gadget.example" and (.speech | test("of speech"))' device $dev
check test_control_device_tells_alerts soon has '[.devices[0].alerts[].signature] | index("unknown-device-upload") != null or index("bulk-upload") != null' device $dev
check test_control_a_device_that_is_none has '.devices == [] and .matched == 0' device nobody
check test_control_reload_is_answered has '.accepted == true' reload
check test_control_the_generation_went_up soon has '.rules.generation == 2' status
script -qec "$EARSHOT device $dev --state $st" /dev/null >"$T/table" 2>&1
check test_control_a_person_gets_a_table grep -q "AS SPEECH" "$T/table"

# ---- kill -9: the store goes on ----
before=$(ask device $dev | jq '.devices[0].bytes_up')
# The last ten minutes' sums are in memory: what is kept flow by flow is on the disk a second later.
sleep 2
outlet=$(ask status | jq '.processes[] | select(.name == "outlet") | .pid')
kill -KILL "$outlet"
check test_control_an_outlet_that_was_killed_answers_again soon has '.processes[] | select(.name == "outlet") | .pid != '"$outlet" status
# What an open flow sent since its last part comes back with its next record, or its close.
check test_control_it_still_knows_the_day soon has '.complete and .devices[0].bytes_up > 1000000' device $dev
after=$(ask device $dev | jq '.devices[0].bytes_up')
check test_control_nothing_is_counted_twice [ "$after" -le $((before + 300000)) ]
sensor=$(ask status | jq '.processes[] | select(.name == "sensor") | .pid')
kill -KILL "$sensor"
check test_control_a_sensor_that_was_killed_is_replaced soon has '.processes[] | select(.name == "sensor") | .pid != '"$sensor" status
check test_control_flows_of_a_dead_sensor_are_gone soon has '.flows_now < 3' flows
play
check test_control_the_same_again_is_twice_as_much soon has '.devices[0].bytes_up > '$((after + after / 2)) device $dev

# ---- attacks ----
for bad in 'nonsense' '{"command":' '{"command":"flows","min":-1}' "flows device $(head -c 5000 /dev/zero | tr '\0' x)" $'\x01\x02\xff' '[[[[[[[['; do
	printf '%s\n' "$bad" | raw >"$T/bad"
	check "test_control_refuses_$(printf '%.9s' "$bad" | tr -c 'a-z\n' _)" jq -e '.error' "$T/bad"
done
equal test_control_two_lines_two_answers 2 "$(printf 'help\nstats\n' | raw | wc -l)"
$PYTHON - "$st/control" <<'P' &
import socket, sys, time
keep = []
for _ in range(64):
	s = socket.socket(socket.AF_UNIX)
	try: s.connect(sys.argv[1]); s.send(b"flows limit 1000\n" * 50)
	except OSError: pass
	keep.append(s)
time.sleep(3)
P
crowd=$!
play
wait $crowd
check test_control_a_crowd_takes_nothing_from_events soon has '.loss.kernel.total == 0 and .loss.ring.total == 0' stats
chmod 711 "$T" "$st"
if id nobody >/dev/null 2>&1 && command -v setpriv >/dev/null; then
	setpriv --reuid nobody --regid nogroup --clear-groups "$PYTHON" -c 'import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$st/control" 2>"$T/nobody"
	equal test_control_others_may_not_ask 1 $?
	chmod 666 "$st/control"
	setpriv --reuid nobody --regid nogroup --clear-groups "$PYTHON" -c 'import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(200).decode())' "$st/control" >"$T/nobody" 2>&1
	check test_control_others_may_not_ask_whatever_the_mode_is grep -q "not allowed" "$T/nobody"
fi
kill -TERM $es; wait $es; equal test_control_ends_well 0 $?
check test_control_the_socket_is_gone [ ! -e "$st/control" ]

# ---- a second sensor, and a full disk ----
mkdir "$T/full"; mount -t tmpfs -o size=400k tmpfs "$T/full"
run "$T/full"; st=$T/full
"$EARSHOT" run -i v0 --state "$st" >/dev/null 2>"$T/second"; equal test_control_a_second_sensor_is_refused 1 $?
check test_control_it_says_why grep -q "in use by another sensor" "$T/second"
head -c 1M /dev/zero >"$T/full/fill" 2>/dev/null
play
check test_control_a_full_disk_is_a_state soon has '.store.full and .store.lost > 0' status
check test_control_a_full_disk_is_an_event soon grep -q '"store-full"' "$T/out.json"
check test_control_the_device_is_known_all_the_same soon has '.devices[0].bytes_up > 1000000' device $dev
rm "$T/full/fill"
play
check test_control_room_again soon has '.store.full == false' status
kill -TERM $es; wait $es; equal test_control_a_full_disk_is_no_end 0 $?
es=
finish
