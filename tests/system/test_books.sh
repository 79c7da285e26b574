#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The books balance: packets seen = used + the sum of drops, on whole and on cut captures.
. "$(dirname "$0")/../tools/tap.sh"

books() { # file -> "seen used sum-of-drops", packets came twice, the tap duplicates
	"$EARSHOT" read -q --stats=json "$1" 2>"$T/err" >"$T/books.json" || true
	jq -r 'select(.event_type=="stats") | .stats | "\(.packets) \(.used) \([.drops[]] | add) \(.copies > 0) \(.tap_duplicates)"' "$T/books.json"
}

twice=0 duplicated=0
for f in "$CAPTURES"/*.zst; do
	name=$(basename "$f" .pcap.zst)
	read -r seen used drops some tap <<<"$(books "$f")"
	[ "$some" = true ] && twice=$((twice + 1)); [ "$tap" = true ] && duplicated=$((duplicated + 1))
	zstd -qdc "$f" >"$T/whole.pcap"
	count=$(capinfos -TrMc "$T/whole.pcap" | cut -f2)
	case $name in
	x01-*) # deliberately odd packets: some are refused, each by name
		equal "test_books_of_${name}_balance" "$count" "$((used + drops))" ;;
	*)	equal "test_books_of_${name}_use_every_packet" "$count $count 0" "$seen $used $drops" ;;
	esac
done

# Hosts send identical packets, too: of these captures four hold some, and no tap duplicated.
if [ "$CAPTURES" = tests/captures ]; then
	equal test_books_of_four_captures_with_packets_that_came_twice 4 $twice
	equal test_books_of_no_tap_that_duplicated 0 $duplicated
fi

# Cut at 50 random places (seeded): what was whole before the cut is counted, no more.
zstd -qdc "$CAPTURES/x01-hostile.pcap.zst" >"$T/whole.pcap"
size=$(stat -c %s "$T/whole.pcap") bad=0
: >"$T/cut.log"
for at in $("$PYTHON" -c "import random; r=random.Random(50); print(*[r.randrange(25, $size) for _ in range(50)])"); do
	head -c "$at" "$T/whole.pcap" >"$T/cut.pcap"
	want=$("$PYTHON" - "$T/cut.pcap" <<'P'
import struct, sys
b = open(sys.argv[1], "rb").read()
i, n = 24, 0
while i + 16 <= len(b):
    i += 16 + struct.unpack_from("<I", b, i + 8)[0]
    n += i <= len(b)
print(n)
P
	)
	read -r seen used drops _ <<<"$(books "$T/cut.pcap")"
	if [ "$seen" != "$want" ] || [ "$seen" -ne $((used + drops)) ]; then
		bad=1; echo "cut at $at: whole packets $want, seen $seen, used $used, drops $drops" >>"$T/cut.log"
	fi
done
if [ $bad = 0 ]; then ok "test_books_balance_on_50_files_cut_anywhere"; else not_ok "test_books_balance_on_50_files_cut_anywhere" "$T/cut.log"; fi
finish
