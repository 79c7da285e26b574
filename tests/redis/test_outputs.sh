#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every output at once: the same bytes in the same order, over TCP and unix sockets, with a
# password; then each in trouble: a reader that is slow, absent, gone, a server that comes late,
# does not know the password, holds another kind of value. A Redis of the test's own.
. "$(dirname "$0")/../tools/tap.sh"
command -v redis-check-rdb >/dev/null || { skip test_outputs "needs redis-tools"; finish; }
ln -s "${REDIS_SERVER:-$(command -v redis-check-rdb)}" "$T/redis-server"
export TMPDIR=$T REDISCLI_AUTH=geheim
port=$((20000 + $$ % 20000)) redis=
cli() { redis-cli -s "$T/sock" "$@"; }
start_redis() {
	"$T/redis-server" --port $port --bind 127.0.0.1 --unixsocket "$T/sock" --dir "$T" --save '' \
		--requirepass geheim --loglevel warning >>"$T/redis.log" 2>&1 &
	redis=$!
	for _ in $(seq 200); do [ "$(cli ping 2>/dev/null)" = PONG ] && return; sleep 0.05; done
}
stop_redis() { kill -9 $redis; wait $redis 2>/dev/null; }
trap 'kill -9 $redis $(jobs -p) 2>/dev/null; tap_end' EXIT
# Listens once for each file it is given, a reader's whole life each; "slow" takes its time.
cat >"$T/listen.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(4)
open(sys.argv[1] + ".ready", "w").close()
how = sys.argv[2]
for name in sys.argv[3:]:
    c, _ = s.accept()
    with open(name, "wb") as f:
        while True:
            if how == "slow":
                time.sleep(0.002)
            d = c.recv(1024 if how == "slow" else 65536)
            f.write(d)
            f.flush()
            if not d or (how == "leave" and name != sys.argv[-1]):
                break
    c.close()
PY
listen() { # path, how, file...
	rm -f "$1" "$1.ready"; "$PYTHON" "$T/listen.py" "$@" & reader=$!
	for _ in $(seq 200); do [ -e "$1.ready" ] && return; sleep 0.05; done
}
m01=$CAPTURES/m01-mixed-office.pcap.zst
printf 'geheim\n' >"$T/pw"; chmod 600 "$T/pw"
auth=(--redis-password-file "$T/pw")
start_redis

# ---- all at once ----
listen "$T/lines" whole "$T/unix"
(cli subscribe live >"$T/channel.raw") &
for _ in $(seq 100); do [ "$(cli pubsub numsub live | tail -1)" = 1 ] && break; sleep 0.05; done
"$EARSHOT" read --flows --format json -o - -o "file:$T/file" -o "unix:$T/lines" -o "redis://localhost:$port" \
	-o "redis-list://127.0.0.1:$port/ev:ents" -o "redis-list:unix:$T/sock" \
	-o "redis-pubsub://default@127.0.0.1:$port/live" "${auth[@]}" "${site[@]}" "$m01" >"$T/stdout" 2>"$T/err"
equal test_outputs_all_at_once_exits_0 0 $?
wait $reader
check test_outputs_nothing_is_said [ ! -s "$T/err" ]
check test_outputs_there_are_many_events [ "$(wc -l <"$T/stdout")" -gt 200 ]
check test_outputs_file_is_standard_output cmp "$T/stdout" "$T/file"
check test_outputs_unix_socket_is_the_same cmp "$T/stdout" "$T/unix"
cli --raw lrange ev:ents 0 -1 >"$T/list"; cli --raw lrange earshot 0 -1 >"$T/list2"
check test_outputs_list_is_the_same cmp "$T/stdout" "$T/list"
check test_outputs_list_by_unix_socket_is_the_same cmp "$T/stdout" "$T/list2"
for _ in $(seq 100); do grep '^{' "$T/channel.raw" >"$T/channel"; cmp -s "$T/stdout" "$T/channel" && break; sleep 0.05; done
check test_outputs_channel_is_the_same cmp "$T/stdout" "$T/channel"
for k in $(cli --scan --pattern '{ear:p*}:*' | grep -v ':seq$' | sort); do cli --raw xrange "$k" - + | grep '^{"timestamp"'; done | sort >"$T/streams"
sort "$T/stdout" >"$T/sorted"
check test_outputs_streams_hold_the_same cmp "$T/sorted" "$T/streams"

# ---- readers ----
listen "$T/lines" slow "$T/unix"
check test_outputs_a_slow_reader_is_waited_for "$EARSHOT" read --flows -o "unix:$T/lines" "${site[@]}" "$m01"
wait $reader
check test_outputs_a_slow_reader_gets_all cmp "$T/stdout" "$T/unix"
listen "$T/lines" leave "$T/first" "$T/unix"
"$EARSHOT" read --flows -o "unix:$T/lines" "${site[@]}" "$m01" 2>"$T/err"
wait $reader
# The second connection begins with a whole line, and goes on to the end.
check test_outputs_a_reader_that_left_is_found_again [ -s "$T/unix" ]
check test_outputs_a_new_reader_begins_with_a_whole_line bash -c 'tail -c "$(wc -c <"$2")" "$1" | cmp - "$2"' _ "$T/stdout" "$T/unix"
"$EARSHOT" read -o "unix:$T/nobody" "${site[@]}" "$m01" 2>"$T/err"
equal test_outputs_an_absent_reader_is_exit_1 1 $?
check test_outputs_an_absent_reader_is_told grep -q "no delivery to 'unix:$T/nobody': No such file or directory" "$T/err"
check test_outputs_what_it_lacks_is_told grep -q "'unix:$T/nobody' lacks [0-9]* events" "$T/err"

# ---- servers ----
says() { # name, sentence, options...: exit 1, and it is said
	local name=$1 sentence=$2; shift 2
	"$EARSHOT" read "$@" "$CAPTURES/n12-iot-udp-20ms.pcap.zst" >/dev/null 2>"$T/err"
	equal "${name}_is_exit_1" 1 $?
	check "${name}_is_told" grep -q -- "$sentence" "$T/err"
	check "${name}_once" [ "$(grep -c -- "no delivery .*\($sentence\)" "$T/err")" -le 1 ]
}
printf 'falsch\n' >"$T/wrong"; chmod 600 "$T/wrong"
says test_outputs_a_wrong_password "does not know this user or password" -o "redis://127.0.0.1:$port" --redis-password-file "$T/wrong" &&
	check test_outputs_no_password_is_shown bash -c '! grep -q falsch "$1"' _ "$T/err"
says test_outputs_no_password "asks for a password" -o "redis-list:unix:$T/sock"
cli set taken x >/dev/null
says test_outputs_another_kind_of_value "another kind of value" -o "redis-list:unix:$T/sock:taken" "${auth[@]}"
# Users with what contrib/docs/redis.md says they need, and not more.
sed -n 's/^    \(ACL SETUSER .*\)>PASSWORD/\1>eng/p' contrib/docs/redis.md >"$T/acl"
"$EARSHOT" redis users | sed -n 's/^\(ACL SETUSER earshot-sensor .*\)>PASSWORD/\1>eng/p' >>"$T/acl"
cli <"$T/acl" >/dev/null
printf 'eng\n' >"$T/narrow"; chmod 600 "$T/narrow"
cli del events >/dev/null
"$EARSHOT" read -o - -o "redis://earshot-sensor@127.0.0.1:$port" -o "redis-list://earlist@127.0.0.1:$port/events" --format json \
	-o "redis-pubsub://earlive@localhost:$port/live" --redis-password-file "$T/narrow" "${site[@]}" "$m01" >"$T/alerts" 2>"$T/err"
equal test_outputs_users_of_the_document_are_enough 0 $?
check test_outputs_users_of_the_document_are_told_nothing [ ! -s "$T/err" ]
cli --raw lrange events 0 -1 >"$T/list"
check test_outputs_a_narrow_user_gets_all cmp "$T/alerts" "$T/list"
says test_outputs_another_channel "does not allow us this command or key" -o "redis-pubsub://earlive@localhost:$port/other" --redis-password-file "$T/narrow"
check test_outputs_no_permission_names_the_document grep -q "contrib/docs/redis.md" "$T/err"
chmod 640 "$T/wrong"
says test_outputs_a_password_others_read "lets others have it" -o "redis://127.0.0.1:$port" --redis-password-file "$T/wrong"
says test_outputs_a_password_to_another_host "in clear text" -o redis://192.0.2.1 "${auth[@]}"
stop_redis
says test_outputs_a_server_that_is_not_there "Connection refused" -o "redis-list://127.0.0.1:$port/x"
says test_outputs_an_unknown_name "the name 'nowhere.invalid' is unknown\|no name server answers about 'nowhere.invalid'" -o redis://nowhere.invalid
# Comes late: the list is whole all the same.
(sleep 1; "$T/redis-server" --port 0 --unixsocket "$T/late" --dir "$T" --save '' >/dev/null 2>&1) &
"$EARSHOT" read --flows -o "redis-list:unix:$T/late:k" "${site[@]}" "$m01" 2>"$T/err"
equal test_outputs_a_server_that_comes_late_exits_0 0 $?
redis-cli -s "$T/late" --raw lrange k 0 -1 >"$T/list" 2>/dev/null
check test_outputs_a_server_that_comes_late_gets_all cmp "$T/stdout" "$T/list"
redis-cli -s "$T/late" shutdown nosave >/dev/null 2>&1
finish
