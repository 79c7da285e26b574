#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A full disk under an output, and under the spool: a sentence names it, what is missing is
# counted, the exit code says so, every packet is still read and every other output is whole;
# a disk that is freed goes on. Needs root, for a small disk of its own.
. "$(dirname "$0")/../tools/tap.sh"
if [ "$(id -u)" != 0 ]; then skip test_full_disk "needs root"; finish; fi
disk=$T/disk
mkdir "$disk"
mount -t tmpfs -o size=64k tmpfs "$disk" 2>"$T/err" || { skip test_full_disk "cannot mount a disk here: $(cat "$T/err")"; finish; }
trap 'umount "$disk"; tap_end' EXIT

zstd -qdc "$CAPTURES/m01-mixed-office.pcap.zst" >"$T/m01.pcap"
packets=$(capinfos -TrMc "$T/m01.pcap" | cut -f2)
"$EARSHOT" read --flows --format json "$T/m01.pcap" >"$T/whole" 2>/dev/null
events=$(wc -l <"$T/whole")
fill() { rm -rf "${disk:?}"/*; head -c 61440 /dev/zero >"$disk/fill"; }
# Half the capture; then, when the disk is said to be full, room; then the rest.
halves() { # words to wait for
	head -c 6000000 "$T/m01.pcap"
	for _ in $(seq 400); do grep -q "$1" "$T/err" && break; sleep 0.05; done
	rm "$disk/fill"
	tail -c +6000001 "$T/m01.pcap"
}
# To standard input there is no file name in the events.
bare() { sed 's/"pcap_filename":"[^"]*"//; s/"boot":"[^"]*"//g; s/file-[0-9a-f]*//g' "$1"; }

# ---- an output's disk is full to the end ----
fill
"$EARSHOT" read --flows --format json --out "file:$disk/out" --out - "$T/m01.pcap" >"$T/other" 2>"$T/err"
equal test_full_disk_of_an_output_exits_1 1 $?
check test_full_disk_of_an_output_is_named grep -q "cannot write to '$disk/out': No space left on device" "$T/err"
check test_full_disk_of_an_output_loses_nothing_elsewhere cmp "$T/whole" "$T/other"
lost=$(sed -n 's/.*an output file lacks \([0-9]*\) events and \([0-9]*\) bytes.*/\1 \2/p' "$T/err")
# What was refused are lines near the end; a short one may still have found room behind a long
# one, so their bytes are known to a line or two.
read -r n waiting <<<"$lost"
off=$(($(wc -c <"$T/whole") - $(tail -n "${n:-0}" "$T/whole" | wc -c) - ${waiting:-0} - $(stat -c %s "$disk/out")))
check test_full_disk_of_an_output_counts_what_is_missing [ "${n:-0}" -gt 100 -a "${off#-}" -lt 4096 ]
equal test_full_disk_of_an_output_ends_in_a_whole_line 0 "$(tail -c 1 "$disk/out" | tr -d '\n' | wc -c)"
check test_full_disk_of_an_output_is_a_beginning cmp -n "$(stat -c %s "$disk/out")" "$T/whole" "$disk/out"

# ---- an output's disk is freed ----
fill; mount -o remount,size=2m "$disk"; head -c 2093056 /dev/zero >"$disk/fill"; : >"$T/err"
halves "No space left" | "$EARSHOT" read --flows --format json --out "file:$disk/out" --out - - >"$T/other" 2>"$T/err"
equal test_freed_disk_of_an_output_exits_0 0 $?
check test_freed_disk_of_an_output_was_full grep -q "cannot write to '$disk/out': No space left on device" "$T/err"
check test_freed_disk_of_an_output_has_every_event cmp "$T/other" "$disk/out"
equal test_freed_disk_of_an_output_every_packet_is_read "$packets" "$(jq -s '[.[] | select(.event_type == "stats")] | last | .stats.packets' "$T/other")"

# ---- the spool's disk is full to the end ----
mount -o remount,size=64k "$disk" 2>/dev/null || { umount "$disk"; mount -t tmpfs -o size=64k tmpfs "$disk"; }
fill
"$EARSHOT" read --flows --format json --out "redis:unix:$T/no.sock" --state "$disk" --out - "$T/m01.pcap" >"$T/other" 2>"$T/err"
equal test_full_disk_of_the_spool_exits_1 1 $?
check test_full_disk_of_the_spool_is_named grep -q "cannot write to the spool '$disk/spool[a-z/-]*': No space left on device" "$T/err"
check test_full_disk_of_the_spool_loses_nothing_elsewhere cmp "$T/whole" "$T/other"
lost=$(sed -n 's/.* \([0-9]*\) events are lost: the disk of the spool.*/\1/p' "$T/err")
waiting=$(sed -n 's/.* \([0-9]*\) events were not taken by Redis.*/\1/p' "$T/err")
equal test_full_disk_of_the_spool_counts_what_is_missing "$events" $((${lost:-0} + ${waiting:-0}))

# ---- the spool's disk is freed ----
umount "$disk"; mount -t tmpfs -o size=4m tmpfs "$disk"; head -c 4190208 /dev/zero >"$disk/fill"; : >"$T/err"
halves "No space left" | "$EARSHOT" read --flows --format json --out "redis:unix:$T/no.sock" --state "$disk" --out - - >"$T/other" 2>"$T/err"
equal test_freed_disk_of_the_spool_exits_1 1 $?
bare "$T/whole" >"$T/whole.bare"; bare "$T/other" >"$T/other.bare"
check test_freed_disk_of_the_spool_loses_nothing_elsewhere cmp "$T/whole.bare" "$T/other.bare"
lost=$(sed -n 's/.* \([0-9]*\) events are lost: the disk of the spool.*/\1/p' "$T/err")
waiting=$(sed -n 's/.* \([0-9]*\) events were not taken by Redis.*/\1/p' "$T/err")
check test_freed_disk_of_the_spool_takes_events_again [ "${waiting:-0}" -gt 100 ]
check test_freed_disk_of_the_spool_lost_some_before [ "${lost:-0}" -gt 0 ]
equal test_freed_disk_of_the_spool_counts_what_is_missing "$events" $((${lost:-0} + ${waiting:-0}))
finish
