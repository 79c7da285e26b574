#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What devices sent is not forgotten: everything is killed at once, the next one sums on, and an
# upload that is completed then alerts; a tail that was torn off, damage, another build's sums.
. "$(dirname "$0")/../tools/tap.sh"

S=$T/keep
up() { "$PYTHON" tests/tools/bulk.py >"$T/$1"; }
printf 'domain listed.example\n' >"$T/known"
# A capture into the state folder; what the week came to when that was told
feed() { "$EARSHOT" read -v --known "$T/known" --state "$S" --format json "$@" 2>"$T/err" |
	jq -r 'select(.alert.signature == "bulk-week" and .earshot.update != true) |
	    .earshot.window.bytes_up >= 10000000'; }
size() { cat "$S"/sums/*.seg | wc -c; }

for d in 1 2 3; do echo "${d}d 10.20.0.5 203.0.113.9 900kB 600 a.example"; done | up first.pcap
for d in 4 5 6; do echo "${d}d 10.20.0.5 203.0.113.9 900kB 600 a.example"; done | up then.pcap
echo '7d 10.20.0.5 203.0.113.9 4.8MB 20000 a.example' | up big.pcap
echo '7d 10.20.0.5 203.0.113.9 9.6MB 20000 a.example' | up bigger.pcap

# Killed while it waits for more: a pipe that stays open.
mkfifo "$T/pipe"
"$EARSHOT" read --known "$T/known" --state "$S" --format json "$T/pipe" >"$T/out" 2>"$T/err" &
pid=$!
disown "$pid"
exec 9>"$T/pipe"
cat "$T/first.pcap" >&9
tail -c +25 "$T/then.pcap" | head -c 2000 >&9
for _ in $(seq 100); do
	[ "$(cat "$S"/sums/*.seg 2>/dev/null | wc -c)" -gt 600 ] && break
	sleep 0.1
done
all=$(ps -e -o pid=,ppid= | awk -v p=$pid '{ parent[$1] = $2 } END { for (c in parent) {
	for (x = c; x > 1; x = parent[x]) if (x == p) { print c; break } } }')
# shellcheck disable=SC2086
kill -9 $all 2>/dev/null
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
exec 9>&-
check test_sums_lie_on_the_disk_of_a_sensor_that_was_killed test "$(size)" -gt 600
equal test_no_week_was_told_before "" "$(grep bulk-week "$T/out")"
equal test_the_week_goes_on_after_kill_9 "true" "$(feed "$T/bigger.pcap")"
rm -rf "$S"
equal test_which_is_not_the_last_capture_by_itself "" "$(feed "$T/bigger.pcap")"
rm -rf "$S"

# Ended as it should be, capture after capture.
equal test_three_days_are_not_a_week "" "$(feed "$T/first.pcap")"
equal test_nor_are_six "" "$(feed "$T/then.pcap")"
cp -r "$S" "$T/two"
equal test_an_upload_completed_after_the_restart_alerts "true" "$(feed "$T/big.pcap")"
check test_the_log_says_that_sums_go_on grep -q 'sums of earlier runs go on' "$T/err"
# Who was seen when goes on as well: the capture itself begins on the seventh day.
rm -rf "$S"; cp -r "$T/two" "$S"
met() { "$EARSHOT" read --known "$T/known" --format json "$@" "$T/big.pcap" 2>/dev/null |
	jq -r 'select(.alert) | .earshot.dest.first_seen[0:10]' | sort -u; }
alone=$(met --state "$T/alone")
equal test_a_destination_met_before_a_restart_is_not_met_first \
    "$(date -u -d "$alone -6 days" +%F)" "$(met --state "$S")"
rm -rf "$S"; cp -r "$T/two" "$S"
(feed "$T/big.pcap") >/dev/null
echo '8d 10.20.0.5 203.0.113.9 100kB 60 a.example' | up late.pcap
equal test_what_was_told_is_not_told_again_by_the_next "" "$(feed "$T/late.pcap")"
equal test_a_capture_that_was_counted_is_judged_by_itself "" "$(feed "$T/first.pcap")"
check test_and_that_is_said grep -q 'read into this state folder before' "$T/err"

# A tail that was torn off by a loss of power costs what was not whole.
rm -rf "$S"; cp -r "$T/two" "$S"
newest=$(ls "$S"/sums/*.seg | tail -1)
truncate -s -11 "$newest"
equal test_a_torn_tail_is_cut_and_the_rest_is_read "true" "$(feed "$T/bigger.pcap")"
# Damage in the middle is stepped over.
rm -rf "$S"; cp -r "$T/two" "$S"
newest=$(ls "$S"/sums/*.seg | tail -1)
printf 'XXXXXXXX' | dd of="$newest" bs=1 seek=300 conv=notrunc 2>/dev/null
equal test_damage_is_stepped_over "true" "$(feed "$T/bigger.pcap")"
check test_and_counted grep -q '[1-9][0-9]* damaged places' "$T/err"

# Another build's are refused, put aside, and said.
rm -rf "$S"; cp -r "$T/two" "$S"
"$PYTHON" - "$S"/sums <<'PY'
import glob, struct, sys
def crc32c(data):
    c = 0xffffffff
    for b in data:
        c ^= b
        for _ in range(8):
            c = c >> 1 ^ (0x82f63b78 & -(c & 1))
    return c ^ 0xffffffff
for path in glob.glob(sys.argv[1] + '/*.seg'):
    b = bytearray(open(path, 'rb').read())
    n = struct.unpack_from('<I', b, 16)[0]
    b[32 + n - 2:32 + n - 1] = b'7'         # "earshot sums 7"
    struct.pack_into('<I', b, 20, crc32c(b[16:20] + b[24:32 + n]))
    open(path, 'wb').write(b)
PY
out=$(feed "$T/big.pcap")
equal test_sums_begin_anew_then "" "$out"
check test_sums_of_another_build_are_refused grep -q 'written by another build' "$T/err"
check test_and_lie_aside test -d "$S/sums.other-0"
check test_and_are_kept_again test "$(size)" -gt 300

# Two at once do not write one log.
mkfifo "$T/pipe2"
"$EARSHOT" read --state "$S" "$T/pipe2" >/dev/null 2>&1 &
pid=$!
exec 8>"$T/pipe2"
head -c 24 "$T/first.pcap" >&8
for _ in $(seq 50); do grep -q "^[0-9]" "$S/sums/lock" 2>/dev/null && break; sleep 0.1; done
sleep 0.3
"$EARSHOT" read --state "$S" "$T/late.pcap" >"$T/out" 2>"$T/err"
equal test_a_second_one_is_refused "1" "$?"
exec 8>&-
wait "$pid"
finish
