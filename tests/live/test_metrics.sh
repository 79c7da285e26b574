#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A sensor on a wire of its own, with hanging readers: its metrics are by the book and come also
# while clients misbehave, files are opened again under load without loss, its own connections are
# not heard, and SIGTERM ends it within five seconds and with status 0. Needs root.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_metrics "needs root"; finish; fi
for tool in tcpreplay ip redis-check-rdb; do command -v $tool >/dev/null || { skip test_metrics "needs $tool"; finish; }; done
a=em$$-a b=em$$-b redis= pid= hang= hostile= replay= server= calls=
cleanup() {
	kill -CONT $redis 2>/dev/null
	# shellcheck disable=SC2086
	kill -9 $redis $pid $hang $hostile $replay $server $calls 2>/dev/null
	ip netns del $a 2>/dev/null; ip netns del $b 2>/dev/null; tap_end
}
trap cleanup EXIT
ip netns add $a; ip netns add $b
# Words before a command, no functions: what is started in the background is the command itself.
in_a="nsenter --net=/run/netns/$a" in_b="nsenter --net=/run/netns/$b"
ip link add v0 netns $a type veth peer name v1 netns $b
for ns in "$in_a" "$in_b"; do $ns ip link set lo up; done
$in_a ip addr add 10.99.0.1/24 dev v0; $in_b ip addr add 10.99.0.2/24 dev v1
$in_a ip link set v0 up; $in_b ip link set v1 up
ln -s "$(command -v redis-check-rdb)" "$T/redis-server"
$in_b "$T/redis-server" --bind 10.99.0.2 --protected-mode no --save '' --dir "$T" >"$T/redis.log" 2>&1 &
redis=$!
cli() { timeout 5 $in_b redis-cli -h 10.99.0.2 "$@"; }
# Takes a connection and never reads.
"$PYTHON" -c 'import socket,sys,time
s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); c=s.accept(); time.sleep(120)' "$T/hang" &
hang=$!
soon() { for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; return 1; }
soon cli ping; soon [ -S "$T/hang" ]
$in_a "$EARSHOT" run -v -i v0 --flows --state "$T/state" -o "file:$T/f" -o redis://10.99.0.2 -o "unix:$T/hang" \
	--metrics 127.0.0.1:9108 >"$T/out" 2>"$T/err" &
pid=$!
check test_metrics_sensor_listens soon grep -q "listening on 'v0'" "$T/err"
cat >"$T/scrape.py" <<'PY'
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", 9108, timeout=3)
c.request(sys.argv[1], sys.argv[2])
r = c.getresponse()
sys.stderr.write("%d %s\n" % (r.status, r.getheader("Content-Type")))
sys.stdout.write(r.read().decode())
PY
scrape() { $in_a "$PYTHON" "$T/scrape.py" "${1:-GET}" "${2:-/metrics}" 2>"$T/head"; }
value() { scrape | sed -n "s/^$1 //p"; }
above() { [ "$(value "$1" | cut -d. -f1)" -gt "$2" ]; }
m01=$T/m01.pcap
zstd -qdc "$CAPTURES/m01-mixed-office.pcap.zst" >"$m01"
play() { $in_b tcpreplay -q --mbps=60 -i v1 "$m01"; }

# ---- the book ----
$in_b tcpreplay -q --mbps=60 -i v1 "$m01" >"$T/replay" 2>&1 &
replay=$! pages=0
scrape >"$T/page0"; : >"$T/why"
while kill -0 $replay 2>/dev/null && [ ! -s "$T/why" ]; do
	scrape >"$T/page" || echo "no page" >"$T/why"
	"$PYTHON" tests/tools/check-metrics.py --after "$T/page0" <"$T/page" >"$T/told" 2>&1 || cp "$T/told" "$T/why"
	cp "$T/page" "$T/page0"; pages=$((pages + 1))
done
equal test_metrics_are_by_the_book_under_load "" "$(cat "$T/why")"
check "test_metrics_come_under_load ($pages pages)" [ $pages -ge 3 ]
wait $replay
check test_metrics_count_the_packets_of_the_wire soon above earshot_packets_total 30000
scrape >"$T/page"
equal test_metrics_have_their_type "200 text/plain; version=0.0.4; charset=utf-8" "$(cat "$T/head")"
check test_metrics_hold_what_a_user_looks_for "$PYTHON" tests/tools/check-metrics.py earshot_build_info \
	earshot_packets_total earshot_packets_refused_total earshot_interface_lost_packets_total \
	earshot_output_events_total earshot_output_up earshot_output_waiting_events earshot_spool_bytes \
	earshot_store_bytes earshot_lag_seconds earshot_flows <"$T/page"
check test_metrics_tell_the_size_of_the_store soon above earshot_store_bytes 1000
check test_metrics_tell_that_the_outlet_is_locked_in grep -qx "earshot_outlet_seccomp_enabled 1" "$T/page"

# ---- a connection of 5 ms after the other, each an event ten seconds later ----
cat >"$T/calls.py" <<'PY'
import socket, sys, time
s = socket.create_server(("10.99.0.1", 8080), reuse_port=True) if sys.argv[1] == "serve" else None
if s:
    while True:
        c, _ = s.accept()
        c.recv(100)
        c.close()
end = time.time() + 20
while time.time() < end:
    c = socket.create_connection(("10.99.0.1", 8080))
    c.sendall(b"hello")
    c.recv(1)
    c.close()
    time.sleep(0.005)
PY
$in_a "$PYTHON" "$T/calls.py" serve & server=$!
soon $in_b bash -c 'exec 3<>/dev/tcp/10.99.0.1/8080'
$in_b "$PYTHON" "$T/calls.py" call & calls=$!
# ---- what is asked wrongly, and clients that misbehave ----
for row in "GET / 404" "POST /metrics 405" "HEAD /metrics 405"; do
	# shellcheck disable=SC2086
	set -- $row; scrape "$1" "$2" >/dev/null
	equal "test_metrics_$1_$2" "$3" "$(cut -d' ' -f1 "$T/head")"
done
# Requests that never end, and answers that nobody takes.
cat >"$T/hostile.py" <<'PY'
import socket, time
held = []
for i in range(200):
    try:
        s = socket.create_connection(("127.0.0.1", 9108), 1)
        if i % 2:
            s.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"a" * (i * 40))
        else:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            s.sendall(b"GET /metrics HTTP/1.1\r\n\r\n" * 20)
        held.append(s)
    except OSError:
        pass
time.sleep(60)
PY
$in_a "$PYTHON" "$T/hostile.py" >/dev/null 2>&1 &
hostile=$!
sleep 0.5; before=$(wc -l <"$T/f")
play >"$T/replay" 2>&1
more() { [ "$(wc -l <"$T/f")" -gt $((before + 20)) ]; }
check test_metrics_hostile_clients_stop_no_event soon more
check test_metrics_hostile_clients_are_sent_away soon scrape
check test_metrics_count_who_was_refused above earshot_metrics_refused_total 100
kill $hostile

# ---- logrotate, while events come ----
grown() { [ "$(wc -l <"$T/f")" -gt $((before + 50)) ]; }
before=$(wc -l <"$T/f"); soon grown
# Events come with the steps of packet time, one a second.
files=() seen=0
for n in 1 2 3 4 5; do
	sleep 1.3
	mv "$T/f" "$T/f.$n"; kill -USR1 $pid
	soon [ -e "$T/f" ] && seen=$((seen + 1))
	files+=("$T/f.$n")
done
kill $calls $server
equal test_reopen_makes_the_file_again_each_time 5 $seen

# ---- the end, with readers that hang ----
own=$(scrape | sed -n 's/^earshot_packets_refused_total{reason="own-connection"} //p')
check test_own_connections_are_left_out [ "${own:-0}" -gt 10 ]
up() { [ "$(scrape | grep -c '^earshot_output_up{.* 1$')" = 3 ]; }
check test_end_all_outputs_are_up_before soon up
kill -STOP $redis
play >"$T/replay" 2>&1
check test_end_events_wait_for_the_redis soon eval 'scrape | grep -q "^earshot_output_waiting_events{output=\"2\".* [1-9]"'
start=$(date +%s%N); kill -TERM $pid; wait $pid; rc=$?
took=$((($(date +%s%N) - start) / 1000000)) pid=
equal test_end_with_hanging_readers_is_status_0 0 $rc
check "test_end_with_hanging_readers_within_five_seconds ($took ms)" [ $took -lt 5000 ]
check test_end_tells_what_stays_in_the_spool grep -q "they stay in the spool '$T/state/spool' for the next start" "$T/err"
cat "${files[@]}" "$T/f" >"$T/all"
check test_own_connections_are_in_no_event bash -c '! jq -e "select(.dest_port == 6379 or .src_port == 6379)" "$1" | grep -q .' _ "$T/all"
# Each number of each boot, lane and partition, once and in order, over all files.
jq -r '[.earshot.boot, .earshot.lane, .earshot.partition, .earshot.seq] | @tsv' "$T/all" >"$T/numbers"
equal test_reopen_doubles_no_event "" "$(sort "$T/numbers" | uniq -d | head -3)"
equal test_reopen_loses_no_event "" "$(awk '{k = $1 FS $2 FS $3} $4 != ++n[k] {print; exit}' "$T/numbers")"
least=$(wc -l "$T"/f.[2-5] | sort -n | awk 'NR == 1 {print $1}')
check "test_reopen_was_under_load (at least $least of $(wc -l <"$T/all") events in each)" [ "$least" -ge 10 ]
check test_stats_tell_of_each_output bash -c 'jq -e "select(.event_type == \"stats\") | .stats.outputs | length == 3 and all(.[]; has(\"sent\") and has(\"lost\"))" "$1" | tail -n 1 | grep -qx true' _ "$T/all"
# The next start takes up what the Redis did not take.
kill -CONT $redis
$in_a "$EARSHOT" run -v -i v0 --flows --state "$T/state" -o redis://10.99.0.2 >"$T/out" 2>"$T/err" &
pid=$!
in_streams() { for k in $(cli --scan --pattern '{ear:p*}:*' | grep -v ':seq$'); do cli --raw xrange "$k" - + | grep '^{"timestamp"'; done; }
whole() { in_streams | jq -r '.earshot.event_id' | sort >"$T/ids"; [ -z "$(comm -23 "$T/want" "$T/ids")" ]; }
jq -r '.earshot.event_id' "$T/all" | sort >"$T/want"
check test_end_the_next_start_delivers_what_stayed soon whole
equal test_end_each_once "" "$(uniq -d "$T/ids" | head -3)"
kill -TERM $pid; wait $pid; pid=
"$EARSHOT" run -T -i lo --metrics 0.0.0.0:9108 2>"$T/err"
equal test_metrics_for_everybody_are_refused 1 $?
check test_metrics_for_everybody_are_told grep -q "for this machine" "$T/err"

# ---- a unix socket: for its owner and group, gone at the end, a stale one in the way is removed ----
"$PYTHON" -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/metrics"
$in_a "$EARSHOT" run -v -i v0 --state "$T/state2" -o "file:$T/g" --metrics "unix:$T/metrics" >"$T/out" 2>"$T/err" &
pid=$!
soon grep -q "listening on 'v0'" "$T/err"
by_socket() {
	"$PYTHON" -c 'import socket,sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
sys.stdout.write(s.makefile().read().split("\n\n", 1)[1])' "$T/metrics" >"$T/page" && "$PYTHON" tests/tools/check-metrics.py earshot_packets_total <"$T/page"
}
check test_metrics_by_a_unix_socket soon by_socket
equal test_metrics_socket_is_for_owner_and_group 660 "$(stat -c %a "$T/metrics")"
kill -TERM $pid; wait $pid; pid=
check test_metrics_socket_is_gone_at_the_end [ ! -e "$T/metrics" ]
finish
