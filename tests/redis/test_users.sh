#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The users of a Redis: made by `redis init --users`, each does its work and nothing else. Then
# two machines with one name, streams trimmed by age and length, another number of partitions.
. "$(dirname "$0")/../tools/tap.sh"
command -v redis-check-rdb >/dev/null || { skip test_users "needs redis-tools"; finish; }
ln -s "$(command -v redis-check-rdb)" "$T/redis-server"
export TMPDIR=$T
"$T/redis-server" --port 0 --unixsocket "$T/sock" --dir "$T" --save '' --loglevel warning >"$T/redis.log" 2>&1 &
redis=$!
trap 'kill -9 $redis 2>/dev/null; wait 2>/dev/null; tap_end' EXIT
cli() { redis-cli -s "$T/sock" "$@"; }
for _ in $(seq 200); do [ "$(cli ping 2>/dev/null)" = PONG ] && break; sleep 0.05; done
to=redis:unix:$T/sock port=$((20000 + $$ % 20000))
cli config set port $port >/dev/null

# ---- made ----
mkdir "$T/secrets"
check test_users_init_creates_them "$EARSHOT" redis init --users "$T/secrets" "$to"
cp -r "$T/secrets" "$T/before"
check test_users_init_again_keeps_their_passwords "$EARSHOT" redis init --users "$T/secrets" "$to"
check test_users_the_passwords_are_the_same diff -r "$T/before" "$T/secrets"
equal test_users_the_files_are_theirs_alone "600 600 600 600" "$(stat -c %a "$T"/secrets/* | xargs)"
"$EARSHOT" redis users >"$T/printed"
for u in sensor correlator console admin; do
	check "test_users_printed_$u" grep -q "^ACL SETUSER earshot-$u reset on >PASSWORD " "$T/printed"
done
as() { # user, command...
	local u=$1; shift
	REDISCLI_AUTH=$(cat "$T/secrets/earshot-$u.password") redis-cli -s "$T/sock" --user "earshot-$u" --no-auth-warning "$@" 2>&1
}
append() { as "$1" fcall ear_append 2 '{ear:p03}:alert' '{ear:p03}:seq' "$2" 1 1000 "gap=0 id=aa of=16 keep=600000" '{}'; }

# ---- no password in clear text; 0.0.0.0 is this machine, but does not look so ----
"$EARSHOT" redis init --users "$T/clear" "redis://0.0.0.0:$port" >/dev/null 2>"$T/clear.err"
equal test_users_not_in_clear_text 1 $?
check test_users_says_why grep -q "the password would cross the network to 'redis://0.0.0.0:$port' in clear text" "$T/clear.err"
check test_users_says_what_to_do grep -q -- "try: rediss://, or --redis-plain" "$T/clear.err"
check test_users_no_password_was_made [ ! -e "$T/clear" ]
check test_users_unless_told "$EARSHOT" redis init --users "$T/secrets" --redis-plain "redis://0.0.0.0:$port"
# A node that names another one, far away: it gets no password.
"$PYTHON" - "$((port + 1))" "$T/fake" <<'PY' &
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
open(sys.argv[2], "w").close()
c = s.accept()[0]
while data := c.recv(9999):
    c.sendall(b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n192.0.2.9\r\n:6379\r\n"
              if b"SLOTS" in data else b"+OK\r\n")
PY
for _ in $(seq 100); do [ -e "$T/fake" ] && break; sleep 0.05; done
"$EARSHOT" redis init --redis-password-file "$T/secrets/earshot-admin.password" "redis://127.0.0.1:$((port + 1))" >/dev/null 2>"$T/far.err"
equal test_users_a_node_far_away_gets_no_password 1 $?
check test_users_it_is_named grep -q "cross the network to 'redis://192.0.2.9:6379' in clear text" "$T/far.err"

# ---- what each may ----
equal test_users_sensor_appends "OK 1" "$(append sensor s/b/alert | xargs)"
equal test_users_sensor_asks_where_it_stands 1 "$(as sensor fcall ear_last 1 '{ear:p03}:seq' s/b/alert)"
equal test_users_sensor_asks_for_the_lag "0  1" "$(as sensor fcall ear_lag 1 '{ear:p03}:alert' | tr '\n' ' ' | sed 's/ $//')"
equal test_users_sensor_trims 0 "$(as sensor fcall ear_trim 1 '{ear:p03}:alert' 1000 600000)"
check test_users_sensor_reads_info grep -q redis_version <(as sensor info)
equal test_users_correlator_makes_a_group OK "$(as correlator xgroup create '{ear:p03}:alert' g 0)"
check test_users_correlator_reads_and_acknowledges bash -c '[ "$1" = 1 ]' _ \
	"$(as correlator xack '{ear:p03}:alert' g "$(as correlator xreadgroup group g c count 1 streams '{ear:p03}:alert' '>' | sed -n 2p)")"
equal test_users_console_reads 1 "$(as console xlen '{ear:p03}:alert')"
check test_users_admin_shows bash -c '"$@" | grep -q "{ear:p03}:alert"' _ "$EARSHOT" redis show \
	--redis-password-file "$T/secrets/earshot-admin.password" "redis://earshot-admin@127.0.0.1:$port"

# ---- and what not ----
no() { # user, command...
	local said; said=$(as "$@")
	case $said in *NOPERM*) ;; *) not_ok "test_users_$1_may_not $*" "$said"; return ;; esac
	refused=$((refused + 1))
}
refused=0
while read -r command; do
	# shellcheck disable=SC2086
	for u in sensor correlator console; do no $u $command; done
done <<'END'
flushall
flushdb
config get save
config set appendonly no
acl list
acl setuser x on
function load x
function delete earshot
function flush
eval return(1) 0
script flush
slowlog get
shutdown
replicaof no one
module list
keys x*y
scan 0
monitor
client list
save
migrate h 1 k 0 1
get other
set other x
xadd other * e x
hset other f v
publish channel x
subscribe channel
END
for u in sensor correlator console; do no $u del '{ear:p03}:alert'; no $u rename '{ear:p03}:alert' '{ear:p03}:x'; done
no sensor xread streams '{ear:p03}:alert' 0
no sensor xrange '{ear:p03}:alert' - +
no sensor xgroup create '{ear:p03}:alert' h 0
no sensor hdel '{ear:p03}:seq' s
no sensor hgetall '{ear:p03}:seq'
no console xadd '{ear:p03}:alert' '*' e x
no console xtrim '{ear:p03}:alert' maxlen 0
no console hset '{ear:p03}:seq' f v
no console xack '{ear:p03}:alert' g 0-1
no console fcall ear_append 2 '{ear:p03}:alert' '{ear:p03}:seq' x/y/alert 1 1000 0 '{}'
no correlator xgroup destroy '{ear:p03}:alert' g
no admin xadd '{ear:p03}:alert' '*' e x
no admin flushall
no admin config set appendonly no
no admin del '{ear:p03}:alert'
no admin set '{ear:p03}:x' y
equal test_users_every_other_command_is_refused 103 "$refused"
# A right that is missing takes nothing half: neither the event nor its number.
cli acl setuser half on nopass '~{ear:p*' -@all +fcall +hget +hmget +xadd +time >/dev/null
redis-cli -s "$T/sock" --user half --pass x --no-auth-warning fcall ear_append 2 '{ear:p04}:alert' '{ear:p04}:seq' s/b/alert 1 1000 gap=0 '{}' >"$T/half" 2>&1
equal test_users_a_missing_right_appends_nothing 0 "$(cli xlen '{ear:p04}:alert')"

# ---- two machines, one name ----
feed() { # boot, machine, name, drain: its exit code
	mkdir -p "$T/spool-$3-$2"
	"$B/tests/redis/feeder" "redis://earshot-sensor@127.0.0.1:$port" "$T/spool-$3-$2" "$T/ref-$1" 200 20000 "$1" 0 "$4" 1 "$2" "$3" \
		"$T/secrets/earshot-sensor.password" >/dev/null 2>"$T/err-$1"
}
cli flushall >/dev/null
feed b1 aaaa twin 5000; equal test_clone_the_first_machine_has_the_name 0 $?
feed b2 bbbb twin 1000; equal test_clone_the_second_is_refused 1 $?
check test_clone_it_says_why grep -q "gets events under our name from another machine" "$T/err-b2"
check test_clone_it_says_what_to_do grep -q "earshot redis forget NAME" "$T/err-b2"
cli --raw xrange '{ear:p00}:alert' - + | grep '"event":"cloned"' >"$T/cloned"
equal test_clone_one_event_tells_the_readers 1 "$(wc -l <"$T/cloned")"
check test_clone_the_event_is_of_the_schema "$PYTHON" - "$T/cloned" "$EARSHOT" <<'PY'
import json, subprocess, sys, jsonschema
schema = json.loads(subprocess.run([sys.argv[2], "schema"], capture_output=True, text=True).stdout)
jsonschema.validate(json.loads(open(sys.argv[1]).read()), schema)
PY
for k in $(cli --scan --pattern '{ear:p*}:*[tw]'); do cli --raw xrange "$k" - + | grep -A1 '^e$' | grep '"boot":"b'; done | sort >"$T/got"
check test_clone_nothing_of_the_second_is_there diff <(sort "$T/ref-b1") "$T/got"
feed b3 aaaa twin 5000; equal test_clone_the_first_goes_on 0 $?
check test_clone_forget "$EARSHOT" redis forget twin --redis-password-file "$T/secrets/earshot-admin.password" "redis://earshot-admin@127.0.0.1:$port"
feed b4 bbbb twin 5000; equal test_clone_forgotten_the_second_delivers_what_waited 0 $?
for k in $(cli --scan --pattern '{ear:p*}:*[tw]'); do cli --raw xrange "$k" - + | grep -A1 '^e$' | grep '"boot":"b'; done | sort >"$T/got"
check test_clone_then_all_is_there diff <(sort "$T"/ref-b[1234]) "$T/got"

# ---- age and length ----
cli xadd '{ear:p75}:alert' 1-1 e old >/dev/null
for i in $(seq 300); do echo "xadd {ear:p75}:alert 1-$((i + 1)) e old"; done | cli >/dev/null
for i in $(seq 150); do echo "xadd {ear:p75}:alert * e young$i"; done | cli >/dev/null
cli fcall ear_trim 1 '{ear:p75}:alert' 100000 60000 >/dev/null
check test_trim_by_age [ "$(cli --raw xrange '{ear:p75}:alert' - + | grep -c '^old$')" -le 100 ]
equal test_trim_by_age_keeps_what_is_young 150 "$(cli --raw xrange '{ear:p75}:alert' - + | grep -c '^young')"
for i in $(seq 2000); do echo "xadd {ear:p76}:alert * e new"; done | cli >/dev/null
cli fcall ear_trim 1 '{ear:p76}:alert' 1000 600000 >/dev/null
between() { [ "$2" -ge "$1" ] && [ "$2" -le "$3" ] || { echo "$2 is not $1 to $3"; return 1; }; }
check test_trim_by_length between 1000 "$(cli xlen '{ear:p76}:alert')" 1100
cli fcall ear_append 2 '{ear:p76}:alert' '{ear:p76}:seq' s/b/alert 1 200 gap=0 last >/dev/null
check test_trim_by_length_when_appending between 200 "$(cli xlen '{ear:p76}:alert')" 300
equal test_trim_keeps_what_was_appended last "$(cli --raw xrevrange '{ear:p76}:alert' + - count 1 | tail -n 1)"
cli fcall ear_append 2 '{ear:p75}:alert' '{ear:p75}:seq' s/b/alert 1 1000 'gap=0 of=16' '{}' >/dev/null
# Who is full may still be trimmed.
for i in $(seq 300); do echo "xadd {ear:p77}:alert 1-$i e old"; done | cli >/dev/null
cli config set maxmemory 1 >/dev/null
check test_trim_full_it_takes_no_event grep -q OOM <(as sensor fcall ear_append 2 '{ear:p77}:alert' '{ear:p77}:seq' s/b/alert 1 1000 'gap=0 keep=60000' '{}')
check test_trim_full_it_makes_room [ "$(as sensor fcall ear_trim 1 '{ear:p77}:alert' 100000 60000)" -ge 200 ]
cli config set maxmemory 0 >/dev/null
check test_another_number_of_partitions_is_refused grep -q "PARTITIONS" <(cli fcall ear_append 2 '{ear:p75}:alert' '{ear:p75}:seq' s/b/alert 2 1000 'gap=0 of=32' '{}')
finish
