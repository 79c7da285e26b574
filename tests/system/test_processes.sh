#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The processes: what each may still do, and what the others do when one of them dies. The
# sensor listens in a namespace of the test's own; nothing here sleeps but to look again.
. "$(dirname "$0")/../tools/tap.sh"

soon() { # condition...: true within 15 s
	for _ in $(seq 300); do "$@" && return 0; sleep 0.05; done
	return 1
}
comm() { cat "/proc/$1/comm" 2>/dev/null; }
state() { awk '/^State:/ {print $2}' "/proc/$1/status" 2>/dev/null; }
alive() { [ -n "$(state "$1")" ] && [ "$(state "$1")" != Z ]; }
dead() { ! alive "$1"; }
gone() { [ ! -e "/proc/$1" ]; }
child() { # parent, name: the youngest of that name
	local p found=
	for p in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		[ "$(comm "$p")" = "$2" ] && alive "$p" && found=$p
	done
	[ -n "$found" ] && echo "$found"
}
role() { # sensor, outlet, zygote or cell of the supervisor $es
	case $1 in
	cell) child "$(child "$es" earshot-zygote)" earshot-cell ;;
	*) child "$es" "earshot-$1" ;;
	esac
}
another() { # role, the process it was: another one has its place
	local now; now=$(role "$1") && [ "$now" != "$2" ]
}
all_roles() { role cell && role sensor && role outlet; } >/dev/null
status() { awk -v k="$2:" '$1 == k {print $2}' "/proc/$1/status"; }
fds() { # what the descriptors from 3 on are, sorted, one word each
	local f
	for f in "/proc/$1/fd"/*; do
		[ "${f##*/}" -gt 2 ] && readlink "$f" | sed 's/anon_inode:\[\(.*\)\]/\1/; s/:\[.*//'
	done | sort | tr '\n' ' '
}

# ---- a file -------------------------------------------------------------------------------
p24=$T/p24.pcap; zstd -qdc "$CAPTURES/p24-unknown-destination.pcap.zst" >"$p24"
mkfifo "$T/fifo"
"$EARSHOT" read --format json "$T/fifo" >"$T/fifo.json" 2>"$T/fifo.err" &
es=$!
exec 3<>"$T/fifo"
head -c 20000 "$p24" >&3
soon all_roles
sensor=$(role sensor)
confined() { [ "$(status "$sensor" Seccomp)" = 2 ]; }
check test_processes_the_sensor_of_a_file_is_confined soon confined
equal test_processes_the_sensor_of_a_file_has_no_capability "0000000000000000 1" "$(status "$sensor" CapEff) $(status "$sensor" NoNewPrivs)"
equal test_processes_the_sensor_of_a_file_has_its_ring_its_signals_and_the_capture "$T/fifo [eventfd] [signalfd] " "$(fds "$sensor" | sed 's/eventfd/[eventfd]/; s/signalfd/[signalfd]/')"
kill -TERM $es
check test_processes_a_stalled_pipe_can_be_stopped soon gone "$sensor"
wait $es; equal test_processes_a_stopped_reading_exits_0 0 $?
exec 3>&-
check test_processes_what_a_stopped_reading_had_is_told jq -se 'last | .event_type == "stats" and .stats.packets > 10' "$T/fifo.json"
"$EARSHOT" read --format json "$p24" 2>"$T/head.err" | head -n 0
equal test_processes_a_reader_that_left_ends_it_quietly "0 " "${PIPESTATUS[0]} $(cat "$T/head.err")"

if [ "$(id -u)" != 0 ]; then skip test_processes_live "needs root"; finish; fi
for tool in tcpreplay ip setsid; do command -v $tool >/dev/null || { skip test_processes_live "needs $tool"; finish; }; done

# ---- a wire -------------------------------------------------------------------------------
in=ep$$-in out=ep$$-out es=
cleanup() {
	[ -n "$es" ] && kill -9 "$es" 2>/dev/null
	ip netns del $in; ip netns del $out
	tap_end
} 2>/dev/null
trap cleanup EXIT
ip netns add $in; ip netns add $out
wire() {
	ip link add v0 netns $in type veth peer name v1 netns $out
	nsenter --net="/run/netns/$in" ip link set v0 up; nsenter --net="/run/netns/$out" ip link set v1 up
}
for ns in $in $out; do
	nsenter --net="/run/netns/$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
done
wire
listen() { # a session of its own, as a terminal's foreground group would be
	: >"$T/err"; : >"$T/json"
	nsenter --net="/run/netns/$in" setsid "$EARSHOT" run -v -i v0 --name here --format json >"$T/json" 2>"$T/err" &
	es=$!
	soon grep -q "listening on 'v0'" "$T/err"
}
send() { nsenter --net="/run/netns/$out" tcpreplay -q -i v1 --pps 3000 "$p24" >"$T/replay" 2>&1; }
says() { grep -q -- "$1" "$T/err"; }
told() { # event, how often
	[ "$(jq -r '.anomaly.event // empty' "$T/json" 2>/dev/null | grep -c "^$1\$")" -ge "$2" ]
}
blink() { # the wire is removed, and made again under another number: two events
	local n=$1
	nsenter --net="/run/netns/$in" ip link del v0; soon told interface-gone "$n" || return 1
	wire; soon told interface-back "$n"
}

listen
soon all_roles
sensor=$(role sensor) outlet=$(role outlet) cell=$(role cell) zygote=$(role zygote)
confined() { [ "$(status "$sensor" Seccomp)$(status "$outlet" Seccomp)$(status "$cell" Seccomp)" = 222 ]; }
check test_processes_sensor_outlet_and_cell_are_confined soon confined
equal test_processes_the_live_sensor_keeps_cap_net_raw_alone "0000000000002000 0000000000002000 1" "$(status "$sensor" CapEff) $(status "$sensor" CapPrm) $(status "$sensor" NoNewPrivs)"
equal test_processes_the_outlet_has_no_capability "0000000000000000 0000000000000000 1" "$(status "$outlet" CapEff) $(status "$outlet" CapPrm) $(status "$outlet" NoNewPrivs)"
equal test_processes_the_cell_has_no_capability "0000000000000000 0000000000000000 1" "$(status "$cell" CapEff) $(status "$cell" CapPrm) $(status "$cell" NoNewPrivs)"
equal test_processes_the_live_sensor_has_ring_signals_idle_wire_and_reload "eventfd eventfd eventfd eventfd signalfd socket socket " "$(fds "$sensor")"
equal test_processes_the_outlet_has_its_ring_and_its_loop "$T/state/store $T/state/store/acked $T/state/store/lock $T/state/sums $T/state/sums/acked $T/state/sums/lock eventfd eventfd eventpoll pipe pipe socket socket " "$(fds "$outlet")"
equal test_processes_the_cell_has_no_descriptor "" "$(ls "/proc/$cell/fd")"
send
nsenter --net="/run/netns/$in" ip link set v0 down; nsenter --net="/run/netns/$in" ip link set v0 up
check test_processes_an_interface_made_again_is_listened_to_under_the_sandbox blink 1
equal test_processes_the_sensor_lived_through_it "$sensor" "$(role sensor)"

kill -9 "$cell"; check test_processes_a_dead_cell_is_replaced soon another cell "$cell"
check test_processes_a_dead_cell_leaves_no_zombie soon gone "$cell"
cell=$(role cell)
kill -9 "$zygote"; check test_processes_a_dead_zygote_is_replaced soon another zygote "$zygote"
check test_processes_a_dead_zygote_is_told soon says "keeper died (signal 9)"
check test_processes_a_cell_goes_with_its_zygote soon gone "$cell"
check test_processes_the_new_zygote_has_a_cell soon role cell
send
kill -9 "$outlet"; check test_processes_a_dead_outlet_is_replaced soon another outlet "$outlet"
check test_processes_a_dead_outlet_is_told soon says "outlet died (signal 9)"
check test_processes_events_go_on_through_the_new_outlet blink 2
equal test_processes_no_event_comes_twice "" "$(jq -r .earshot.event_id "$T/json" | sort | uniq -d)"
kill -9 "$sensor"; check test_processes_a_dead_sensor_is_replaced soon another sensor "$sensor"
check test_processes_a_dead_sensor_is_told soon says "sensor died (signal 9)"
listening_again() { [ "$(grep -c "listening on" "$T/err")" = 2 ]; }
check test_processes_the_new_sensor_listens soon listening_again
check test_processes_events_go_on_from_the_new_sensor blink 3
equal test_processes_a_new_sensor_is_a_new_boot 2 "$(jq -r .earshot.boot "$T/json" | sort -u | wc -l)"

send
kill -HUP -- "-$es"
all="$es $(role zygote) $(role cell) $(role sensor) $(role outlet)"
start=$(date +%s%N)
kill -TERM $es; wait $es; rc=$?
took=$((($(date +%s%N) - start) / 1000000))
equal test_processes_a_hang_up_is_nothing_and_term_exits_0 0 $rc
check test_processes_term_ends_within_5_s [ $took -lt 5000 ]
left=; for p in $all; do gone "$p" || left="$left $p"; done
equal test_processes_nobody_is_left_and_no_zombie "" "$left"
sent=$(capinfos -TrMc "$p24" | cut -f2)
books='last | .stats | [.packets, .used + ([.drops[]] | add), .kernel_drops, (.cell_packets > 0), (.lag_ms >= 0 and .lag_ms < 10000)] | @csv'
equal test_processes_the_books_balance_on_the_wire "$sent,$sent,0,true,true" "$(jq -rs "$books" "$T/json")"

"$EARSHOT" schema >"$T/schema.json"
check test_processes_every_event_is_valid "$PYTHON" tests/tools/validate-events.py "$T/schema.json" "$T/json"

# At a terminal the whole group gets the interrupt: nothing is lost by it.
listen; soon all_roles
send
kill -INT -- "-$es"; wait $es; equal test_processes_an_interrupt_of_all_exits_0 0 $?
equal test_processes_an_interrupt_of_all_loses_nothing "stats $sent" "$(jq -rs 'last | "\(.event_type) \(.stats.packets)"' "$T/json")"

# Without its supervisor none of them goes on.
listen; soon all_roles
all="$(role zygote) $(role cell) $(role sensor) $(role outlet)"
{ kill -9 $es; wait $es; } 2>/dev/null
none_left() { local p; for p in $all; do dead "$p" || return 1; done; }
check test_processes_all_go_with_their_supervisor soon none_left
es=
"$EARSHOT" read --format json "$p24" >/dev/full 2>"$T/err"; equal test_processes_a_full_disk_exits_1 1 $?
check test_processes_a_full_disk_is_told says "No space left on device"
finish
