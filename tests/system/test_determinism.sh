#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The same file gives the same bytes: at another time, in another time zone and language, on
# a machine that has other things to do. Each run draws another hash key for its tables.
. "$(dirname "$0")/../tools/tap.sh"

mkdir "$T/plain" "$T/clock" "$T/load"
read_all() { # folder, command before the program...
	local into=$1 f name; shift
	for f in "$CAPTURES"/*.zst; do
		name=$(basename "$f" .pcap.zst)
		"$@" "$EARSHOT" read --format json --flows "${site[@]}" "$f" >"$into/$name" 2>"$into/$name.err" ||
			echo "exit $?" >>"$into/$name.err"
	done
}
# Its clock starts five seconds before the last day of February and runs a hundred times as fast.
other_clock=(env TZ=Pacific/Chatham LC_ALL=C LANG=C HOME=/ faketime -f '@2031-02-28 23:59:55 x100')
read_all "$T/plain"
if command -v faketime >/dev/null; then
	equal test_determinism_the_other_clock_is_another "2031-02-28" "$("${other_clock[@]}" date +%F)"
	read_all "$T/clock" "${other_clock[@]}"
fi
# Two for each core that only burn; the runs of the third pass also start at odd moments.
burners=()
for _ in $(seq $((2 * $(nproc)))); do (while :; do :; done) & burners+=($!); done
read_all "$T/load"
kill "${burners[@]}" 2>/dev/null; wait "${burners[@]}" 2>/dev/null
for f in "$CAPTURES"/*.zst; do
	name=$(basename "$f" .pcap.zst)
	if [ ! -s "$T/plain/$name" ]; then
		not_ok "test_determinism_$name" "$T/plain/$name.err"; continue
	fi
	for how in clock load; do
		[ $how = load ] || command -v faketime >/dev/null || { skip "test_determinism_${name}_$how" "needs faketime"; continue; }
		if cmp -s "$T/plain/$name" "$T/$how/$name"; then
			ok "test_determinism_${name}_$how"
		else
			diff "$T/plain/$name" "$T/$how/$name" | head -c 2000 >"$T/diff"; cat "$T/$how/$name.err" >>"$T/diff"
			not_ok "test_determinism_${name}_$how" "$T/diff"
		fi
	done
done
finish
