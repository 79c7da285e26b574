#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Interfaces come and go under a sandboxed sensor that listens on two of them: it goes on with the
# other, hears the first again in time, and neither spins nor loses what it could have heard.
# Needs root. Each part has a namespace of its own; they run at once.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_interfaces "needs root"; finish; fi
for tool in ip ethtool tcpreplay tcpprep; do command -v $tool >/dev/null || { skip test_interfaces "needs $tool"; finish; }; done

tag=ei$$
cleanup() {
	local ns
	for ns in down recreate knobs; do ip netns del $tag-$ns; done
	tap_end
} 2>/dev/null
trap cleanup EXIT
soon() { # condition...: true within 15 s
	for _ in $(seq 300); do "$@" && return 0; sleep 0.05; done
	return 1
}
inside() { nsenter --net="/run/netns/$1" "${@:2}"; }
pair() { # namespace, number
	ip link add "v$2" netns "$1" type veth peer name "w$2" netns "$1"
	inside "$1" ip link set "w$2" up; inside "$1" ip link set "v$2" up
}
new_ns() {
	ip netns add "$1"
	inside "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	pair "$1" 0; pair "$1" 1
}
sensor_of() { # supervisor
	local p
	for p in $(cat /proc/"$1"/task/*/children); do [ "$(cat "/proc/$p/comm")" = earshot-sensor ] && echo "$p"; done
}
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }	# a hundredth of a second of CPU each

blink() { # what, how often: the sensor's events, what it heard, its CPU time in percent
	local ns=$tag-$1 es sensor from before
	new_ns "$ns"
	nsenter --net="/run/netns/$ns" "$EARSHOT" run -v -i v0,v1 --name here --flows --format json >"$T/$1.json" 2>"$T/$1.err" &
	es=$!
	soon grep -q "listening on 'v1'" "$T/$1.err"
	sensor=$(sensor_of $es)
	from=$(date +%s%N) before=$(ticks "$sensor")
	inside "$ns" "$PYTHON" tests/tools/blink.py "$1" "$2" "$T/$1.log" "$sensor" >"$T/$1.said" 2>&1
	echo $? >"$T/$1.rc"
	echo $((($(ticks "$sensor") - before) * 1000000000 / ($(date +%s%N) - from))) >"$T/$1.cpu"
	sensor_of $es >"$T/$1.sensor"; echo "$sensor" >>"$T/$1.sensor"
	kill -TERM $es; wait $es; echo $? >>"$T/$1.rc"
	"$PYTHON" tests/tools/blink.py judge "$T/$1.log" "$T/$1.json" >"$T/$1.heard"
}
blink down 100 & blink recreate 50 & blink knobs 40 &
wait
say() { jq -r "\"# $1: back \(.returns) times, heard again after \(.max_ms) ms at most; \(.sent) sent later, \(.lost) lost; \(.steady_sent) on the other, \(.steady_lost) lost; \" + \"CPU $(cat "$T/$1.cpu") %\"" "$T/$1.heard"; }
for part in down recreate knobs; do
	say $part
	equal "test_interfaces_${part}_ran_and_the_sensor_ended_well" "0 0" "$(paste -sd' ' "$T/$part.rc")"
	equal "test_interfaces_${part}_was_one_sensor_all_the_time" 1 "$(sort -u "$T/$part.sensor" | wc -l)"
	equal "test_interfaces_${part}_lost_nothing_it_could_hear" "0 0" "$(jq -r '"\(.lost) \(.steady_lost)"' "$T/$part.heard")"
	check "test_interfaces_${part}_said_a_lot" jq -e '.sent > 200 and .steady_sent > 500' "$T/$part.heard"
	check "test_interfaces_${part}_does_not_spin" [ "$(cat "$T/$part.cpu")" -lt 40 ]
done
check test_interfaces_heard_within_1_s_of_every_up jq -e '.returns == 100 and .deaf == 0 and .max_ms < 1000' "$T/down.heard"
check test_interfaces_heard_within_2_s_of_every_recreation jq -e '.returns == 50 and .deaf == 0 and .max_ms < 2000' "$T/recreate.heard"
finish
