#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What each hot piece costs, in instructions (callgrind): the same on any machine, however busy,
# for the same compiler. More than a tenth above what tests/bench/instructions.tsv says fails;
# `make instructions` writes the file anew, and the commit says why.
# usage: test_instructions.sh [--write]
. "$(dirname "$0")/../tools/tap.sh"

kept=tests/bench/instructions.tsv
compiler=$(${CC:-cc} --version | head -n 1)
# set packets pieces: those that the set has enough of
sets=('voice 3000 decode flows observe' 'elephant 3000 flows observe' 'mice 1500 observe classify evaluate encode')

count() { # set packets piece...: "set piece instructions" a line
	local set=$1 packets=$2 more=; shift 2
	[ "$set" = mice ] && more=$CAPTURES/p23-quic-h3-put.pcap.zst
	# shellcheck disable=SC2086
	"$B/tests/bench/gen" "$set" "$packets" "$T/$set.pcap" $more >/dev/null || return 1
	valgrind -q --tool=callgrind --callgrind-out-file="$T/$set.calls" --toggle-collect='piece_*' \
		"$B/tests/bench/hot" "$T/$set.pcap" rules/std >"$T/$set.times" 2>"$T/err" || return 1
	callgrind_annotate --inclusive=yes --threshold=100 "$T/$set.calls" >"$T/$set.cost" 2>>"$T/err" || return 1
	for piece; do
		awk -v set="$set" -v piece="$piece" 'FNR == NR { if ($1 == piece) times = $2; next }
			$0 ~ ":piece_" piece "[. ]" { gsub(",", "", $1); cost = $1 }
			END { if (times > 0 && cost > 0) printf "%s %s %d\n", set, piece, cost / times }' "$T/$set.times" "$T/$set.cost"
	done
}

if ! command -v valgrind >/dev/null; then skip test_instructions "needs valgrind"; finish; fi
for s in "${sets[@]}"; do
	# shellcheck disable=SC2086
	count $s >>"$T/now" || { not_ok "test_instructions_counts_${s%% *}" "$T/err"; finish; }
done
if [ "${1:-}" = --write ]; then
	{ grep -v -F "$compiler" "$kept" 2>/dev/null; awk -v c="$compiler" '{ print c "\t" $1 "\t" $2 "\t" $3 }' "$T/now"; } >"$T/new"
	grep -q '^#' "$T/new" || { printf '# compiler\tset\tpiece\tinstructions a packet (decode, flows, observe), record (evaluate), flow event (encode)\n' | cat - "$T/new" >"$T/head"; mv "$T/head" "$T/new"; }
	cp "$T/new" "$kept" && cat "$T/now"
	exit
fi
if ! grep -q -F "$compiler" "$kept"; then skip test_instructions "no counts are kept for '$compiler': make instructions"; finish; fi
while read -r set piece now; do
	was=$(awk -F '\t' -v c="$compiler" -v s="$set" -v p="$piece" '$1 == c && $2 == s && $3 == p { print $4 }' "$kept")
	name=test_${piece}_of_${set}_costs_no_more
	if [ -n "$was" ] && [ $((now * 10)) -le $((was * 11)) ]; then ok "$name"
	else not_ok "$name" "$now instructions, ${was:-none} are kept in $kept: make instructions, and say why"; fi
done <"$T/now"
equal test_every_piece_is_counted "$(grep -c -F "$compiler" "$kept")" "$(wc -l <"$T/now")"
finish
