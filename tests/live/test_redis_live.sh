#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A live sensor and its Redis: nobody but the outlet has the password or the connection, no process
# can be dumped; a second machine under the same name is refused and told of on both sides; a full
# disk of the spool is a state with events. Needs root.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_redis_live "needs root"; finish; fi
for tool in redis-check-rdb ip unshare jq; do command -v $tool >/dev/null || { skip test_redis_live "needs $tool"; finish; }; done
ns=esr$$ redis=
cleanup() {
	kill -9 $redis $(jobs -p) 2>/dev/null; wait 2>/dev/null
	umount "$T/small" 2>/dev/null; ip netns del $ns 2>/dev/null; tap_end
}
trap cleanup EXIT
chmod 755 "$T"
ip netns add $ns && nsenter --net=/run/netns/$ns ip link set lo up
ln -s "$(command -v redis-check-rdb)" "$T/redis-server"
printf 'a-password-like-no-other\n' >"$T/pw"; chmod 600 "$T/pw"
nsenter --net=/run/netns/$ns "$T/redis-server" --port 6379 --bind 127.0.0.1 --unixsocket "$T/sock" --unixsocketperm 777 --dir "$T" --save '' --requirepass a-password-like-no-other \
	--loglevel warning >"$T/redis.log" 2>&1 &
redis=$!
cli() { REDISCLI_AUTH=a-password-like-no-other redis-cli -s "$T/sock" "$@"; }
for _ in $(seq 200); do [ "$(cli ping 2>/dev/null)" = PONG ] && break; sleep 0.05; done

start() { # tag, machine, options: a sensor called twin
	local tag=$1 machine=$2; shift 2
	mkdir -p "$T/$tag"
	printf '%s\n' "$machine" >"$T/$tag/machine-id"
	nsenter --net=/run/netns/$ns unshare -m sh -c 'mount --bind "$1" /etc/machine-id; shift; exec "$@"' _ "$T/$tag/machine-id" \
		"$EARSHOT" run -v -i lo --name twin --format json -o "file:$T/$tag/events" -o redis://127.0.0.1:6379 \
		--redis-password-file "$T/pw" "$@" >"$T/$tag/out" 2>"$T/$tag/err" &
	pid=$!
	for _ in $(seq 200); do grep -q "listening on 'lo'" "$T/$tag/err" && break; sleep 0.05; done
}
# Something happens: an event that says the rules were read again.
event() { kill -HUP "$1"; }
until_true() { local _; for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done; return 1; }
in_file() { grep -q "\"event\":\"$2\"" "$T/$1/events"; }
# A sensor's own events are in the partition of its name.
seqs() { for k in $(cli --scan --pattern '{ear:p*}:seq'); do cli hgetall "$k"; done; }
alerts() { for k in $(cli --scan --pattern '{ear:p*}:alert'); do cli --raw xrange "$k" - +; done; }
known() { seqs | grep -qx "$1"; }
in_redis() { alerts | grep -q "\"event\":\"$1\""; }
no_machine_id() { ! seqs | grep -q 1111111; }
if [ ! -e /etc/machine-id ]; then skip test_redis_live "this machine has no /etc/machine-id"; finish; fi

start one 11111111111111111111111111111111 --state "$T/one/state"; one=$pid
event $one
check test_redis_live_delivers until_true in_redis rules-reloaded
equal test_redis_live_the_name_has_a_machine 32 "$(seqs | grep -x -A1 twin | sed -n 2p | tr -d '\n' | wc -c)"
check test_redis_live_the_machine_id_itself_is_not_told no_machine_id

# ---- who has what ----
cat >"$T/who.py" <<'PY'
import os, sys
secret, supervisor = sys.argv[1].encode(), int(sys.argv[2])
def below(pid):
    out = [pid]
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, task)) as f:
            for child in f.read().split():
                out += below(int(child))
    return out
def name(pid):
    return open("/proc/%d/comm" % pid).read().strip()
def holds(pid):
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            at, end = (int(x, 16) for x in span.split("-"))
            try:
                mem.seek(at)
                while at < end:
                    piece = mem.read(min(end - at, 1 << 22))
                    if secret in piece:
                        return True
                    if not piece:
                        break
                    at += len(piece)
            except OSError:
                pass
    return False
def connection(pid):
    """Sockets that go to the port of the Redis."""
    with open("/proc/%d/net/tcp" % pid) as f:
        rows = [line.split() for line in f][1:]
    return {"socket:[%s]" % r[9] for r in rows if r[2].endswith(":%04X" % 6379)}
def sockets(pid):
    out = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            to = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        except OSError:
            continue
        if to.startswith("socket:"):
            out.add(to)
    return out
def dumpable(pid):
    # The kernel gives what stands in /proc to root when a process cannot be dumped.
    return os.stat("/proc/%d/environ" % pid).st_uid != 0
pids = below(supervisor)
outlet = [p for p in pids if name(p) == "earshot-outlet"]
others = [p for p in pids if p not in outlet]
bad = []
if len(outlet) != 1 or len(others) < 3:
    bad.append("processes: %s" % [(p, name(p)) for p in pids])
else:
    if not holds(outlet[0]):
        bad.append("the outlet has no password: this test looks at the wrong place")
    bad += ["%s has the password" % name(p) for p in others if holds(p)]
    mine = sockets(outlet[0]) & connection(outlet[0])
    bad += ["%s has the connection" % name(p) for p in others if sockets(p) & mine]
    if not mine:
        bad.append("the outlet has no connection")
    if len(sys.argv) > 3:
        bad += ["%s can be dumped" % name(p) for p in pids if p != supervisor and dumpable(p)]
print("\n".join(bad))
sys.exit(1 if bad else 0)
PY
check test_redis_live_only_the_outlet_has_password_and_connection "$PYTHON" "$T/who.py" a-password-like-no-other $one

# ---- the same name on another machine ----
start two 22222222222222222222222222222222 --state "$T/two/state"; two=$pid
event $two
check test_redis_live_the_clone_tells_its_other_outputs until_true in_file two cloned
check test_redis_live_the_clone_is_told_to_the_readers until_true in_redis cloned
check test_redis_live_the_clone_says_why grep -q "gets events under our name from another machine" "$T/two/err"
kill -TERM $two; wait $two
equal test_redis_live_the_clone_has_delivered_nothing 1 "$(alerts | grep -c '"event":"rules-reloaded"')"
check test_redis_live_its_stats_say_cloned jq -se 'last(.[] | select(.event_type == "stats")).stats | .redis.cloned and .outputs[1].state == "cloned"' "$T/two/events"
kill -TERM $one; wait $one
equal test_redis_live_the_first_ends_well 0 $?
check test_redis_live_stats_count_partitions jq -se 'last(.[] | select(.event_type == "stats")).stats | (.partition_events | length) == 16 and (.partition_events | add) >= 1' "$T/one/events"

# ---- processes of a user: none can be dumped ----
id nobody >/dev/null 2>&1 && {
	mkdir "$T/three"; cp "$T/pw" "$T/three/pw"; chown -R nobody "$T/three"; chmod 600 "$T/three/pw"
	start three 33333333333333333333333333333333 --user nobody --state "$T/three/state" --redis-password-file "$T/three/pw" --name three
	event $pid; until_true known three
	check test_redis_live_no_process_can_be_dumped "$PYTHON" "$T/who.py" a-password-like-no-other $pid dump
	kill -TERM $pid; wait $pid
}

# ---- the disk of the spool ----
mkdir "$T/small"
if mount -t tmpfs -o size=2m none "$T/small"; then
	kill -STOP $redis
	start four 44444444444444444444444444444444 --name four --state "$T/small"; four=$pid
	event $four; sleep 0.3
	dd if=/dev/zero of="$T/small/fill" bs=4k 2>/dev/null
	for _ in $(seq 60); do event $four; sleep 0.1; in_file four spool-full && break; done
	check test_redis_live_a_full_disk_is_an_event in_file four spool-full
	check test_redis_live_and_a_line_in_the_log grep -q "cannot write to the spool" "$T/four/err"
	rm "$T/small/fill"
	for _ in $(seq 60); do event $four; sleep 0.1; in_file four spool-has-room && break; done
	check test_redis_live_room_again_is_an_event in_file four spool-has-room
	kill -CONT $redis
	check test_redis_live_what_was_lost_is_a_gap until_true in_redis gap
	kill -TERM $four; wait $four
else
	skip test_redis_live_a_full_disk_is_an_event "no tmpfs here"
fi
finish
