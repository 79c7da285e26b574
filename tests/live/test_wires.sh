#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Several interfaces are one wire: the halves of a TAP make the flows that the file has; frames of
# 64 kB over loopback are counted to the byte; what happens to an interface is told by its name.
# Needs root.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_wires "needs root"; finish; fi
for tool in ip ethtool tcpreplay tcpprep; do command -v $tool >/dev/null || { skip test_wires "needs $tool"; finish; }; done

ns=ew$$ far=ew$$-far es=
cleanup() {
	[ -n "$es" ] && kill -9 "$es"
	ip netns del $ns; ip netns del $far
	tap_end
} 2>/dev/null
trap cleanup EXIT
soon() { # condition...: true within 15 s
	for _ in $(seq 300); do "$@" && return 0; sleep 0.05; done
	return 1
}
inside() { nsenter --net=/run/netns/$ns "$@"; }
ip netns add $ns; ip netns add $far
for n in $ns $far; do
	nsenter --net=/run/netns/$n sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
done
for i in 0 1; do
	inside ip link add v$i type veth peer name w$i
	inside ip link set w$i up; inside ip link set v$i up
done
inside ip link set lo up
listen() { # interface, options...: es is the sensor's supervisor
	local iface=$1; shift
	: >"$T/json"; : >"$T/err"
	nsenter --net=/run/netns/$ns "$EARSHOT" run -v -i "$iface" "$@" --name here --format json >"$T/json" 2>"$T/err" &
	es=$!
	soon grep -q "listening on '${iface##*,}'" "$T/err"
}
sensor() { # the process
	local p
	for p in $(cat /proc/$es/task/*/children); do [ "$(cat "/proc/$p/comm")" = earshot-sensor ] && echo "$p"; done
}
end() { kill -TERM $es; wait $es; equal "test_wires_$1_ends_well" 0 $?; es=; }
told() { # event, interface, how often
	[ "$(jq -r 'select(.anomaly.event=="'"$1"'") | .in_iface' "$T/json" 2>/dev/null | grep -cx "$2")" -ge "${3:-1}" ]
}
# What does not hang on the pace: a replay is faster than the file was.
flows() { jq -r 'select(.event_type=="flow" and (.proto=="TCP" or .proto=="UDP")) | [.src_ip, .src_port, .dest_ip, .dest_port,
	.proto, .flow.pkts_toserver, .flow.pkts_toclient, .flow.bytes_toserver, .flow.bytes_toclient,
	.earshot.window.bytes_up, .earshot.window.bytes_down, .earshot.seen.half] | @tsv' | sort; }

# ---- the halves of a TAP -------------------------------------------------------------------
for c in p24-unknown-destination n01-sip-call p05-chunk-20s-https; do
	tests/tools/rewrite whole "$CAPTURES" "$T/whole" $c >/dev/null
	tcpprep --cidr=10.20.0.0/16 --pcap="$T/whole/$c.pcap" --cachefile="$T/cache" >/dev/null
	"$EARSHOT" read --flows --format json "$T/whole/$c.pcap" 2>/dev/null | flows >"$T/file.flows"
	listen v0,v1 --flows
	inside tcpreplay -q --pps 2000 --cachefile="$T/cache" --intf1=w0 --intf2=w1 "$T/whole/$c.pcap" >"$T/replay" 2>&1
	end "halves_$c"
	flows <"$T/json" >"$T/wire.flows"
	if cmp -s "$T/file.flows" "$T/wire.flows"; then ok "test_wires_halves_make_the_flows_of_the_file_$c"; else
		diff "$T/file.flows" "$T/wire.flows" >"$T/why"; not_ok "test_wires_halves_make_the_flows_of_the_file_$c" "$T/why"; fi
	check "test_wires_halves_both_were_used_$c" jq -se 'last | [.stats.interfaces[] | select(.packets > 10)] | length == 2' "$T/json"
	equal "test_wires_halves_each_lost_nothing_$c" "here 0 here 0" "$(jq -rs 'last | [.stats.interfaces[] | .state, .kernel_drops] | join(" ")' "$T/json")"
	"$EARSHOT" schema >"$T/schema.json"
	check "test_wires_halves_every_event_is_valid_$c" "$PYTHON" tests/tools/validate-events.py "$T/schema.json" "$T/json"
done
equal test_wires_a_flow_says_which_interface_saw_it_first "v0 v1" "$(jq -r 'select(.event_type=="flow") | .in_iface' "$T/json" | sort -u | paste -sd' ')"
listen v0 --flows
inside tcpreplay -q --pps 2000 --cachefile="$T/cache" --intf1=w0 --intf2=w1 "$T/whole/$c.pcap" >"$T/replay" 2>&1
end one_half
flows <"$T/json" >"$T/half.flows"
check test_wires_one_half_alone_does_not [ "$(comm -12 "$T/file.flows" "$T/half.flows" | wc -l)" -lt "$(wc -l <"$T/file.flows")" ]

# ---- frames of 64 kB on loopback -----------------------------------------------------------
counted() { inside cat /proc/net/dev | awk '$1 == "lo:" {print $2 + 14 * $3}'; }
listen lo --flows
before=$(counted)
inside "$PYTHON" - <<'EOF' >"$T/sent"
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
def take():
    c = server.accept()[0]
    while c.recv(1 << 20):
        pass
    c.close()
t = threading.Thread(target=take)
t.start()
s = socket.create_connection(server.getsockname())
for i in range(100):
    s.sendall(bytes(200000))
s.close()
t.join()
print(server.getsockname()[1])
EOF
sent=$(($(counted) - before))
end loopback
equal test_wires_loopback_is_counted_to_the_byte "$sent" "$(jq -rs 'last | .stats.bytes' "$T/json")"
equal test_wires_loopback_carries_large_frames yes "$(jq -rs 'last | if .stats.bytes / .stats.packets > 10000 then "yes" else .stats end' "$T/json")"
equal test_wires_loopback_bytes_of_the_flow_are_those_sent "20000000 0" "$(jq -r 'select(.event_type=="flow" and .dest_port=='"$(cat "$T/sent")"') | .earshot.window | "\(.bytes_up) \(.bytes_down)"' "$T/json")"
equal test_wires_loopback_nothing_was_dropped 0 "$(jq -rs 'last | .stats.kernel_drops' "$T/json")"

# ---- what happens to an interface is told --------------------------------------------------
inside ip link add v2 type veth peer name w2
inside ip link set w2 netns $far; inside ip link set v2 up
nsenter --net=/run/netns/$far ip link set w2 up
listen v0,v1,v2 --flows
inside ip link set v1 down
check test_wires_an_interface_that_is_down_is_told soon told interface-down v1
inside ip link set v1 up
check test_wires_an_interface_that_is_up_again_is_told soon told interface-up v1
ip netns del $far
check test_wires_an_interface_whose_namespace_went_is_told soon told interface-gone v2
speak() { inside "$PYTHON" tests/tools/blink.py once "$1" "$2"; }	# wire, number
inside ip link set v0 down; inside ip link set v0 name x9; inside ip link set x9 up
check test_wires_a_renamed_interface_is_told soon told interface-renamed v0
speak w0 7; speak w1 8
inside ip link add v0 type veth peer name w9; inside ip link set w9 up; inside ip link set v0 up
check test_wires_another_of_its_name_is_listened_to soon told interface-back v0
speak w9 9
speak w0 10
end events
equal test_wires_what_was_said_was_heard_under_its_name "7 v0,8 v1,9 v0" "$(jq -r 'select(.event_type=="flow" and .dest_ip=="203.0.113.9") | "\(.src_port - 2000) \(.in_iface)"' "$T/json" | sort -n | paste -sd,)"
equal test_wires_how_each_is_at_the_end_is_in_the_stats "v0 here,v1 here,v2 away" "$(jq -rs 'last | [.stats.interfaces[] | "\(.name) \(.state)"] | join(",")' "$T/json")"

# A sensor that was killed while one was away does not end the others.
third() { inside ip link add v2 type veth peer name w2; inside ip link set w2 up; inside ip link set v2 up; }
third
listen v0,v1,v2 --flows
inside ip link del v2
soon told interface-gone v2
kill -9 "$(sensor)"
listening_again() { [ "$(grep -c "listening on 'v2'" "$T/err")" = 2 ]; }
check test_wires_a_new_sensor_does_without_what_is_away soon listening_again
speak w1 11
third
check test_wires_and_finds_it soon told interface-back v2
speak w2 12
end again
equal test_wires_the_new_sensor_hears_all "11 v1,12 v2" "$(jq -r 'select(.event_type=="flow" and .dest_ip=="203.0.113.9") | "\(.src_port - 2000) \(.in_iface)"' "$T/json" | sort -n | paste -sd,)"

# ---- what is said before it listens --------------------------------------------------------
inside "$EARSHOT" run -D >"$T/list" 2>&1; equal test_wires_the_interfaces_are_listed 0 $?
check test_wires_the_list_has_what_there_is grep -q "^v1  *up" "$T/list"
check test_wires_the_list_has_addresses grep -q "^lo  *up  *127.0.0.1" "$T/list"
refused() { # name, words, options...
	local name=$1 words=$2; shift 2
	inside "$EARSHOT" run "$@" >"$T/out" 2>&1; echo $? >"$T/rc"
	check "test_wires_refuses_$name" grep -q "$words" "$T/out"
	check "test_wires_refuses_${name}_at_once" [ "$(cat "$T/rc")" != 0 ]
}
refused one_twice "interface 'v1' is named twice" -i v1 -i v0,v1
refused any_with_others "'any' is every interface already" -i any,v1
refused what_is_not_there "cannot open 'nope': no such device" -i v1,nope
finish
