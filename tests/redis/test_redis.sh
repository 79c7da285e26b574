#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The functions in a real redis-server of the test's own: see functions.py. Then the whole way:
# what `read` wrote to a file lies in the streams, and reading twice adds nothing. What happens
# when it is killed and worse: tests/chaos.
. "$(dirname "$0")/../tools/tap.sh"
command -v redis-check-rdb >/dev/null || { skip test_redis "needs redis-tools"; finish; }

"$PYTHON" tests/redis/functions.py "$B/tests/redis/feeder" >"$T/functions" 2>"$T/functions.err"; rc=$?
{ sed -n '/^not ok/,/^\(ok\|not ok\)/s/^# //p' "$T/functions"; cat "$T/functions.err"; } >"$T/functions.faults"
while read -r line; do
	case $line in
	"ok "*) ok "${line#ok * - }" ;;
	"not ok "*) not_ok "${line#not ok * - }" "$T/functions.faults" ;;
	esac
done <"$T/functions"
equal test_redis_functions_exits_0 0 $rc

ln -s "${REDIS_SERVER:-$(command -v redis-check-rdb)}" "$T/redis-server"
"$T/redis-server" --port 0 --unixsocket "$T/sock" --dir "$T" --save '' --loglevel warning >"$T/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; tap_end' EXIT
for _ in $(seq 100); do redis-cli -s "$T/sock" ping >/dev/null 2>&1 && break; sleep 0.05; done
check test_redis_init_loads_the_function "$EARSHOT" redis init "redis:unix:$T/sock"
m01=$CAPTURES/m01-mixed-office.pcap.zst
streams() { for k in $(redis-cli -s "$T/sock" --scan --pattern '{ear:p*}:alert' | sort); do
	redis-cli -s "$T/sock" --raw xrange "$k" - + | grep '^{"timestamp"'; done | sort; }
export TMPDIR=$T
check test_redis_read_delivers "$EARSHOT" read --out "file:$T/events" --out "redis:unix:$T/sock" "${site[@]}" "$m01"
sort "$T/events" >"$T/wanted"; streams >"$T/got"
check test_redis_holds_what_the_file_holds diff "$T/wanted" "$T/got"
check test_redis_read_again "$EARSHOT" read --out "redis:unix:$T/sock" "${site[@]}" "$m01"
streams >"$T/got"
check test_redis_reading_twice_adds_nothing diff "$T/wanted" "$T/got"
check test_redis_leaves_no_spool_behind bash -c '! ls -d "$1"/earshot-spool-* 2>/dev/null' _ "$T"
check test_redis_show_counts "$EARSHOT" redis show "redis:unix:$T/sock"
kill -9 $redis; wait $redis 2>/dev/null
"$EARSHOT" read --out "redis:unix:$T/sock" "${site[@]}" "$CAPTURES/p06-rtp-opus-ffmpeg.pcap.zst" >"$T/out" 2>"$T/err"
equal test_redis_gone_is_exit_1 1 $?
check test_redis_gone_keeps_the_spool_and_says_where grep -q "earshot-spool-" "$T/err"
finish
