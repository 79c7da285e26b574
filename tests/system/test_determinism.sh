#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The same file gives the same bytes: each run draws another hash key for its tables.
. "$(dirname "$0")/../tools/tap.sh"

for f in "$CAPTURES"/*.zst; do
	name=$(basename "$f" .pcap.zst)
	for run in 1 2 3; do
		"$EARSHOT" read --format json --flows "${site[@]}" "$f" >"$T/$run.json" 2>"$T/$run.err" || echo "exit $?" >>"$T/$run.err"
	done
	if [ ! -s "$T/1.json" ]; then
		not_ok "test_determinism_$name" "$T/1.err"
	elif cmp -s "$T/1.json" "$T/2.json" && cmp -s "$T/1.json" "$T/3.json"; then
		ok "test_determinism_$name"
	else
		diff "$T/1.json" "$T/2.json" | head -c 2000 >"$T/diff"; diff "$T/1.json" "$T/3.json" | head -c 2000 >>"$T/diff"
		not_ok "test_determinism_$name" "$T/diff"
	fi
done
finish
