#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Files as they lie on a network admin's disk: gzipped, many in a folder, some of them bad;
# and the line that says how far the reading is.
. "$(dirname "$0")/../tools/tap.sh"

read_json() { "$EARSHOT" read --format json "${site[@]}" "$@" 2>"$T/err"; }
p02=$CAPTURES/p02-http-clear-mp3.pcap.zst p06=$CAPTURES/p06-rtp-opus-ffmpeg.pcap.zst
n01=$CAPTURES/n01-sip-call.pcap.zst

# ---- gzip ----
zstd -qdc "$p06" | gzip -c >"$T/p06.pcap.gz"
read_json "$p06" >"$T/zst"; read_json "$T/p06.pcap.gz" >"$T/gz"
check test_gzip_gives_what_zstd_gives bash -c '[ -s "$1" ] && cmp <(sed "s/[.]zst\"/\"/g" "$1") <(sed "s/p06.pcap.gz\"/p06-rtp-opus-ffmpeg.pcap\"/g" "$2")' _ "$T/zst" "$T/gz"
read_json - <"$T/p06.pcap.gz" | verdicts >"$T/stdin.v"
check test_gzip_is_read_from_standard_input cmp <(verdicts <"$T/zst") "$T/stdin.v"
{ zstd -qdc "$p06" | head -c 100000 | gzip -c; zstd -qdc "$p06" | tail -c +100001 | gzip -c; } >"$T/two.gz"
read_json "$T/two.gz" | verdicts >"$T/two.v"
check test_gzip_of_two_members_is_one_capture cmp "$T/two.v" "$T/stdin.v"
head -c 30000 "$T/p06.pcap.gz" >"$T/cut.pcap.gz"
read_json "$T/cut.pcap.gz" >"$T/cut"; equal test_a_cut_gzip_exits_1 1 $?
check test_a_cut_gzip_says_so grep -q "ends in the middle of its gzip stream" "$T/err"
check test_a_cut_gzip_gives_its_whole_packets jq -se '[.[] | select(.event_type == "stats")][-1].stats.packets > 100' "$T/cut"

# ---- pcapng: several link types, and what its interfaces dropped ----
ng=tests/fuzz/corpus/capture_file
stats() { "$EARSHOT" read -q --stats json "${site[@]}" "$@" 2>"$T/err" | jq -c '[.stats.packets, .stats.used, .stats.kernel_drops, .stats.iface_drops]'; }
equal test_three_link_types_are_one_capture '[3,3,null,null]' "$(stats $ng/interfaces.pcapng)"
equal test_a_filter_serves_three_link_types '[3,3,null,null]' "$(stats $ng/interfaces.pcapng udp port 53)"
equal test_what_a_capture_says_was_dropped_is_told '[1,1,4,3]' "$(stats $ng/statistics.pcapng)"
equal test_drops_of_several_captures_are_added '[5,5,8,6]' "$(stats $ng/statistics.pcapng $ng/interfaces.pcapng $ng/statistics.pcapng)"

# ---- a folder, in the order of first packets, is what mergecap makes of it ----
mkdir "$T/day"
zstd -qdc "$p06" >"$T/day/a.pcap"
zstd -qdc "$p02" | gzip -c >"$T/day/b.pcap.gz"
cp "$n01" "$T/day/c.pcap.zst"
echo "no capture by its name" >"$T/day/notes.txt"
for f in "$p06" "$p02" "$n01"; do zstd -qdc "$f" >"$T/$(basename "$f" .zst)"; done
order=$(for f in "$T"/p0*.pcap "$T/n01-sip-call.pcap"; do echo "$(capinfos -TrmaS "$f" 2>/dev/null | cut -d, -f2 | tr -d '\n') $f"; done | sort | cut -d' ' -f2-)
# shellcheck disable=SC2086
mergecap -F pcap -a -w "$T/whole.pcap" $order
read_json "$T/whole.pcap" | sed 's/"pcap_filename":"[^"]*"//' >"$T/whole.j"
read_json "$T/day" >"$T/day.j"; equal test_a_folder_is_read 0 $?
check test_a_folder_is_one_input cmp <(sed 's/"pcap_filename":"[^"]*"//' "$T/day.j") "$T/whole.j"
check test_a_folder_gives_its_name_to_events jq -se 'all(.[]; .pcap_filename == null or .pcap_filename == "day") and any(.[]; .pcap_filename == "day")' "$T/day.j"
read_json "$T/day/" >"$T/slash.j"
check test_a_slash_behind_a_folder_changes_nothing cmp "$T/day.j" "$T/slash.j"

# ---- several by name, and a filter behind them ----
read_json "$T/day/c.pcap.zst" "$T/day/a.pcap" "$T/day/b.pcap.gz" | sed 's/"pcap_filename":"[^"]*"//' >"$T/three.j"
check test_several_files_are_one_input cmp "$T/three.j" "$T/whole.j"
read_json -r "$T/day/c.pcap.zst" -r "$T/day/a.pcap" -r "$T/day/b.pcap.gz" | sed 's/"pcap_filename":"[^"]*"//' >"$T/r.j"
check test_several_files_are_given_with_r_too cmp "$T/r.j" "$T/whole.j"
read_json "$T/whole.pcap" host 10.20.0.22 | verdicts >"$T/whole.v"
read_json "$T/day/a.pcap" "$T/day/b.pcap.gz" "$T/day/c.pcap.zst" host 10.20.0.22 | verdicts >"$T/host.v"
check test_a_filter_behind_several_files bash -c '[ -s "$1" ] && cmp "$1" "$2"' _ "$T/whole.v" "$T/host.v"
read_json "$T/day/a.pcap" "$T/nope.pcap" >"$T/nope.j"; equal test_a_missing_one_of_several_exits_1 1 $?
check test_a_missing_one_of_several_is_named grep -q "nope.pcap" "$T/err"
check test_a_missing_one_of_several_takes_nothing_from_the_rest jq -se 'any(.[]; .event_type == "alert")' "$T/nope.j"

# ---- bad ones among good ones ----
echo "this is no capture" >"$T/day/d.pcap"
read_json "$T/day" >"$T/bad.j"; equal test_no_capture_in_a_folder_exits_0 0 $?
check test_no_capture_in_a_folder_is_named grep -q "d.pcap' is not a capture" "$T/err"
check test_no_capture_in_a_folder_changes_nothing cmp "$T/bad.j" "$T/day.j"
zstd -qdc "$p02" | head -c 300001 >"$T/day/e.cap"
read_json "$T/day" >"$T/bad.j"; equal test_a_cut_capture_in_a_folder_exits_1 1 $?
check test_a_cut_capture_in_a_folder_is_named grep -q "e.cap' ends in the middle of packet" "$T/err"
check test_a_cut_capture_in_a_folder_does_not_end_the_reading bash -c 'cmp <(jq -r "select(.event_type==\"alert\") | .alert.signature" "$1" | sort -u) <(jq -r "select(.event_type==\"alert\") | .alert.signature" "$2" | sort -u)' _ "$T/bad.j" "$T/day.j"

# ---- the line that says how far it is ----
# The reading of a second and more is made by stopping the sensor, once it is locked in,
# until the line is there.
cat >"$T/bar.py" <<'PY'
import os, pty, select, signal, subprocess, sys, time
terminal, args = sys.argv[1] == "tty", sys.argv[2:]
if terminal:
    ours, theirs = pty.openpty()
else:
    ours, theirs = os.pipe()
p = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)
sensor = None
until = time.monotonic() + 60
def status(pid, key):
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                if line.startswith(key + ":"):
                    return line.split()[1]
    except OSError:
        pass
while sensor is None and p.poll() is None and time.monotonic() < until:
    with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
        for pid in f.read().split():
            if status(pid, "Name") == "earshot-sensor" and status(pid, "Seccomp") == "2":
                os.kill(int(pid), signal.SIGSTOP)
                sensor = int(pid)
seen, shown = b"", time.monotonic() + 3
while time.monotonic() < until:
    if select.select([ours], [], [], 0.05)[0]:
        try:
            got = os.read(ours, 4096)
        except OSError:
            break
        if not got:
            break
        seen += got
    # The line has come; or it had its time to come, where none is wanted.
    if sensor and (b"%" in seen or time.monotonic() > shown):
        os.kill(sensor, signal.SIGCONT)
        sensor = None
p.wait()
sys.stdout.write(repr(seen.decode()) + "\n")
sys.exit(p.returncode)
PY
head -c 24 "$T/whole.pcap" >"$T/long.pcap"
for _ in 1 2 3 4 5 6 7 8; do tail -c +25 "$T/whole.pcap" >>"$T/long.pcap"; done
bar() { "$PYTHON" "$T/bar.py" "$@" >"$T/bar"; }
bar tty "$EARSHOT" read --format json "${site[@]}" "$T/long.pcap"; equal test_a_progress_line_changes_no_exit_code 0 $?
check test_a_progress_line_shows_percent_and_size grep -qE '[0-9]+ %, [0-9.]+ [KMG]?i?B of [0-9.]+ MiB' "$T/bar"
check test_a_progress_line_is_erased_at_the_end grep -qE '\\r\\x1b\[K'"'$" "$T/bar"
bar tty "$EARSHOT" read --format json -q "${site[@]}" "$T/long.pcap"
check test_a_progress_line_is_not_shown_when_quiet bash -c '! grep -qF " %, " "$1"' _ "$T/bar"
bar pipe "$EARSHOT" read --format json "${site[@]}" "$T/long.pcap"
check test_a_progress_line_needs_a_terminal bash -c '! grep -qF " %, " "$1"' _ "$T/bar"
finish
