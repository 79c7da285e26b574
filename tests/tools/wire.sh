# SPDX-License-Identifier: GPL-3.0-or-later
# wire: two namespaces with a veth between them, a sensor that listens in one, and reloads of it.
# Source it behind tap.sh, after the checks that may skip; cleanup is its own.
# shellcheck shell=bash
in=er$$-in out=er$$-out pids= answers=0 err=
cleanup() {
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
	ip netns del $in; ip netns del $out
	tap_end
} 2>/dev/null
trap cleanup EXIT
ip netns add $in; ip netns add $out
for ns in $in $out; do
	nsenter --net=/run/netns/$ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
done
ip link add v0 netns $in type veth peer name v1 netns $out
nsenter --net=/run/netns/$in ip link set v0 up; nsenter --net=/run/netns/$out ip link set v1 up

soon() { # until it is so, for 20 s
	for _ in $(seq 400); do "$@" && return; sleep 0.05; done
	return 1
}
lines() { [ "$(grep -c "$2" "$1")" -ge "$3" ]; }
listen() { # name, more...
	local name=$1; shift
	nsenter --net=/run/netns/$in "$EARSHOT" run -i v0 -v --format json --state "$T/state.$name" "$@" >"$T/$name.json" 2>"$T/$name.err" &
	pid=$!; pids="$pids $pid"
	soon lines "$T/$name.err" "listening on" 1
}
reload() { # waits for the answer; $answers counts them
	answers=$((answers + 1))
	kill -HUP "$pid"
	soon lines "$err" 'are generation\|stay as they were' $answers
}
sensor_of() { ps -o pid= --ppid "$1" | while read -r p; do [ "$(cat "/proc/$p/comm" 2>/dev/null)" = earshot-sensor ] && echo "$p"; done; }
rss() { awk '/^VmRSS/ {print $2}' "/proc/$(sensor_of "$1")/status"; }
last_stats() { jq -s "[.[] | select(.event_type==\"stats\")] | last | $2" "$T/$1.json"; }
told() { jq -r "select(.anomaly.event==\"$2\") | .earshot.explain" "$T/$1.json"; }

