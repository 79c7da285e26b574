#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The doctor on broken set-ups: a pair of namespaces for each, a wire between them, and whatever
# is wrong there. Of each exactly what is wrong must be told, and of the healthy one nothing. Of
# the clock nothing is asserted: it is this machine's. All listen at once.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_doctor "needs root"; finish; fi
for tool in tcpreplay ip setpriv jq; do command -v $tool >/dev/null || { skip test_doctor "needs $tool"; finish; }; done

tag=ed$$
cleanup() {
	for n in $(ip netns list | awk -v t="$tag-" 'index($1, t) == 1 {print $1}'); do ip netns del "$n"; done
	[ -n "${redis:-}" ] && kill "$redis" 2>/dev/null && wait "$redis"
	tap_end
}
trap cleanup EXIT
mkdir "$T/pcap" "$T/state"
"$PYTHON" tests/tools/wires.py "$T/pcap"
cp "$CAPTURES/inventory/assets.csv" "$T/assets.csv"
usual=(--inventory "csv:$T/assets.csv" --state "$T/state")

soon() { for _ in $(seq 400); do "$@" && return 0; sleep 0.05; done; return 1; }
inside() { local n=$1; shift; nsenter --net="/run/netns/$tag-$n-in" "$@"; }
outside() { local n=$1; shift; nsenter --net="/run/netns/$tag-$n-out" "$@"; }
wire() { # name: two namespaces, v0 in the one and v1 in the other
	ip netns add "$tag-$1-in"; ip netns add "$tag-$1-out"
	for side in inside outside; do
		$side "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	done
	ip link add v0 netns "$tag-$1-in" type veth peer name v1 netns "$tag-$1-out"
	inside "$1" ip link set v0 up; outside "$1" ip link set v1 up
	soon running "$1"
}
running() { inside "$1" ip link show v0 | grep -q "state UP"; }
unplugged() { inside "$1" ip link show v0 | grep -q "state LOWERLAYERDOWN\|state DOWN"; }
# It hears once the kernel's ring is mapped.
hears() { grep -q 'socket:' "/proc/$1/maps" 2>/dev/null; }
examine() { # name, capture or -, options: the doctor listens until the capture was played
	local n=$1 pcap=$2 pid time=60s; shift 2
	[ "$pcap" = - ] && time=1s
	# No function: the signal is for the doctor, not for a shell around it.
	nsenter --net="/run/netns/$tag-$n-in" "$EARSHOT" doctor -i v0 --listen $time --format json "$@" >"$T/$n.json" 2>"$T/$n.err" &
	pid=$!
	if [ "$pcap" != - ] && soon hears $pid; then
		outside "$n" tcpreplay -q -i v1 --pps 1000 "$T/pcap/$pcap.pcap" >"$T/$n.replay" 2>&1
		kill -INT $pid
	fi
	wait $pid; echo $? >"$T/$n.rc"
}
listen() { wire "$1"; examine "$1" "$2" "${@:3}" "${usual[@]}"; }
bad() { jq -r '.checks[] | select(.grade == "WARN" or .grade == "FAIL") | select(.check != "clock") | .check + " " + .grade' "$T/$1.json" | tr '\n' ','; }
told() { # name, checks and grades that are not OK, exit status
	equal "test_doctor_names_$1" "$2" "$(bad "$1")"
	equal "test_doctor_exits_$3_when_$1" "$3" "$(cat "$T/$1.rc")"
}
says() { # name, check, what it must say
	check "test_doctor_says_of_$1_what_is_wrong_$2" jq -e --arg c "$2" --arg t "$3" 'any(.checks[]; .check == $c and (.what | test($t)) and (.grade == "OK" or .remedy != ""))' "$T/$1.json"
}
ethtool_gro() { "$PYTHON" - "$1" <<'PY'
import array, fcntl, socket, struct, sys
# ETHTOOL_SGRO, 1, by SIOCETHTOOL
value = array.array("B", struct.pack("II", 0x2c, 1))
fcntl.ioctl(socket.socket(), 0x8946, struct.pack("16sP", sys.argv[1].encode(), value.buffer_info()[0]))
PY
}

# ---- wires ----
listen healthy healthy &
listen oneway oneway &
listen nat nat --home 203.0.113.0/24 &
listen halftag halftag &
listen tagged tagged &
listen twice twice &
listen foreign foreign &
listen damaged damaged &
{ wire down; inside down ip link set v0 down; examine down - "${usual[@]}"; } &
{ wire none; inside none ip link del v0; examine none - "${usual[@]}"; } &
{ wire unplugged; outside unplugged ip link set v1 down; soon unplugged unplugged; examine unplugged - "${usual[@]}"; } &
{ wire gro; ethtool=$(declare -f ethtool_gro); inside gro bash -c "PYTHON=$PYTHON; $ethtool; ethtool_gro v0"; examine gro healthy "${usual[@]}"; } &
{ wire small; inside small ip link set v0 mtu 1400; examine small healthy "${usual[@]}"; } &
{ wire long; inside long ip link set v0 mtu 9000; outside long ip link set v1 mtu 9000; examine long long "${usual[@]}"; } &
{ wire silent
	inside silent "$EARSHOT" doctor -i v0 --listen 2s --format json "${usual[@]}" >"$T/silent.json"; echo $? >"$T/silent.rc"; } &
{ wire unable
	inside unable setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$EARSHOT" doctor -i v0 --listen 1s --format json "${usual[@]}" >"$T/unable.json"; echo $? >"$T/unable.rc"; } &
# Traffic of its own: the other side's kernel joins packets, and lets nobody fill the checksums in.
{ wire own
	inside own ip addr add 10.9.0.1/24 dev v0; outside own ip addr add 10.9.0.2/24 dev v1
	inside own timeout 60 "$PYTHON" -c '
import socket
s = socket.create_server(("10.9.0.1", 9000)); c = s.accept()[0]
while c.recv(1 << 20): c.send(b"so far")' &
	nsenter --net="/run/netns/$tag-own-in" "$EARSHOT" doctor -i v0 --listen 60s --format json "${usual[@]}" >"$T/own.json" 2>"$T/own.err" &
	pid=$!
	soon hears $pid
	outside own "$PYTHON" -c '
import socket, time
for n in range(1000):
    try: s = socket.create_connection(("10.9.0.1", 9000)); break
    except OSError: time.sleep(0.05)
s.sendall(bytes(4000000)); s.shutdown(1)
while s.recv(1000): pass'
	kill -INT $pid; wait $pid; echo $? >"$T/own.rc"; } &
wait
told healthy "" 0
told oneway "both-ways FAIL," 1
says oneway both-ways "one direction only in 60 of 60"
told nat "nat WARN," 0
says nat nat "100 % of 60 .* by 203.0.113.77 .with 2 different"
told halftag "vlan WARN," 0
says halftag vlan "a tag .42. and the other none, in 60 of 60"
told tagged "" 0
says tagged vlan "^VLAN 42"
told twice "duplicates WARN," 0
says twice duplicates "(49|50) % of packets came twice"
told foreign "home WARN," 0
told damaged "checksums WARN," 0
told down "interface FAIL," 1
says down interface "switched off"
told none "interface FAIL," 1
says none interface "no such interface"
told unplugged "interface FAIL," 1
says unplugged interface "plugged in"
told gro "offloads WARN," 0
says gro offloads "GRO is on"
told small "mtu WARN," 0
told long "" 0
says long mtu "the longest frame had 5054 bytes"
told silent "mirror FAIL," 1
says silent mirror "nothing was heard in [0-9]+ s"
told unable "capability FAIL," 1
told own "offloads WARN,mirror FAIL," 1
says own offloads "frames were longer than the MTU"
says own mirror "no mirror port"
says own checksums "of this host lack a checksum"
check test_doctor_says_what_it_cannot_see jq -e '.cannot_see | length >= 4 and any(.[]; test("mobile data")) and any(.[]; test("VLANs other than the 1 heard"))' "$T/tagged.json"

# ---- everything but the wire ----
alone() { # name, options
	local n=$1; shift
	"$EARSHOT" doctor --format json "$@" >"$T/$n.json" 2>"$T/$n.err"; echo $? >"$T/$n.rc"
}
alone rules "${usual[@]}" -s tests/lang/error-types.rules; told rules "rules FAIL," 1
says rules rules "^[0-9]+ errors: the sensor will not start"
alone unwritable "${usual[@]}" --state /proc/earshot; told unwritable "disk FAIL," 1
touch -d "40 days ago" "$T/assets.csv"
alone old "${usual[@]}"; told old "inventory WARN," 0
says old inventory "40 days ago"
alone bare --state "$T/state"; told bare "inventory WARN," 0
touch "$T/assets.csv"
mkdir "$T/full"
if mount -t tmpfs -o size=1m tmpfs "$T/full" 2>/dev/null; then
	cat /dev/zero >"$T/full/fill" 2>/dev/null
	"$EARSHOT" doctor --format json --inventory "csv:$T/assets.csv" --state "$T/full" >"$T/full.json"; echo $? >"$T/full.rc"
	umount "$T/full"
	told full "disk FAIL," 1
	says full disk "No space left|disk is full"
else
	skip test_doctor_names_full "cannot mount"
fi

alone places "${usual[@]}" -o "file:$T/fresh.json" -o "file:$T/nowhere/fresh.json" -o "unix:$T/nobody"; told places "output FAIL,output WARN," 1
check test_doctor_makes_no_output_file [ ! -e "$T/fresh.json" ]

# ---- Redis ----
alone gone "${usual[@]}" -o "redis:unix:$T/nobody.sock"; told gone "redis FAIL," 1
if command -v redis-check-rdb >/dev/null; then
	ln -s "$(command -v redis-check-rdb)" "$T/redis-server"
	sock=$T/redis.sock out=redis:unix:$T/redis.sock
	"$T/redis-server" --port 0 --unixsocket "$sock" --dir "$T" --save '' --appendonly yes --loglevel warning >"$T/redis.log" 2>&1 &
	redis=$!
	soon redis-cli -s "$sock" ping >/dev/null 2>&1
	ask() { redis-cli -s "$sock" "$@" >/dev/null; }
	alone empty "${usual[@]}" -o "$out"; told empty "redis-function WARN," 0
	"$EARSHOT" redis init "$out" >/dev/null
	alone good "${usual[@]}" -o "$out"; told good "" 0
	says good redis-version "^(Redis|Valkey) [0-9]"
	ask config set appendonly no
	alone forgetful "${usual[@]}" -o "$out"; told forgetful "redis-persistence WARN," 0
	ask config set save "3600 1"
	alone snapshots "${usual[@]}" -o "$out"; told snapshots "redis-persistence WARN," 0
	says snapshots redis-persistence "snapshots only"
	ask config set appendonly yes
	ask config set maxmemory-policy allkeys-lru
	alone policy "${usual[@]}" -o "$out"; told policy "redis-policy WARN," 0
	ask config set maxmemory 1gb
	alone evicts "${usual[@]}" -o "$out"; told evicts "redis-policy FAIL," 1
	ask config set maxmemory 0; ask config set maxmemory-policy noeviction
	ask function load replace "#!lua name=earshot
redis.register_function{ function_name = 'ear_version', flags = { 'no-writes' }, callback = function() return 0 end }"
	alone outdated "${usual[@]}" -o "$out"; told outdated "redis-function WARN," 0
	says outdated redis-function "version 0 is loaded"
	"$EARSHOT" redis init "$out" >/dev/null
	redis-cli -s "$sock" eval "for i = 1, 10500 do redis.call('xadd', '{ear:p03}:alert', '*', 'e', '{}') end" 0 >/dev/null
	ask xgroup create "{ear:p03}:alert" desk 0
	alone lag "${usual[@]}" -o "$out"; told lag "redis-lag WARN," 0
	says lag redis-lag "group 'desk' is 10500 events behind in .ear:p03.:alert"
	ask xgroup destroy "{ear:p03}:alert" desk
	ask acl setuser default -fcall
	alone forbidden "${usual[@]}" -o "$out"; told forbidden "redis-acl FAIL," 1
else
	skip test_doctor_looks_at_redis "needs redis-tools"
fi

# ---- a settings file ----
printf 'state "%s"\nsensor one { interface "lo" }\nsensor two { interface "lo" }\n' "$T/state" >"$T/two.conf"
"$EARSHOT" doctor -c "$T/two.conf" >"$T/out" 2>"$T/err"; equal test_doctor_of_two_sensors_exits_2 2 $?
check test_doctor_of_two_sensors_asks_which grep -q -- "--sensor NAME" "$T/err"
printf 'sensor one { interface "nowhere0" }\nsensor two { interface "lo" }\n' >"$T/two.conf"
alone file -c "$T/two.conf" --sensor one --listen 1s "${usual[@]}"; told file "interface FAIL," 1

# ---- words ----
"$EARSHOT" doctor -h >"$T/help"; equal test_doctor_helps_and_exits_0 0 $?
left=; for c in $(jq -rs '[.[].checks[].check] | unique[]' "$T"/*.json); do grep -q "^  $c " "$T/help" || left="$left $c"; done
equal test_doctor_help_names_every_check "" "$left"
"$EARSHOT" doctor --listen soon >/dev/null 2>&1; equal test_doctor_needs_a_time_to_listen 2 $?
"$EARSHOT" doctor "${usual[@]}" >"$T/text" 2>&1; equal test_doctor_of_no_interface_exits_0 0 $?
check test_doctor_of_no_interface_says_so grep -q "^?  *interface  *no interface was named" "$T/text"
finish
