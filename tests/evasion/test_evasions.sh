#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Some rows of the evader's table, made anew: what earshot sees of them is what the table
# says, and the generator makes the same bytes every time. `make evasions` does them all.
. "$(dirname "$0")/../tools/tap.sh"
make_one="$PYTHON tests/evasion/evasions.py"
$make_one "$EARSHOT" --quick >"$T/told"
while read -r line; do
	case $line in
	"ok - "*) ok "${line#ok - }" ;;
	*) not_ok "${line#not ok - }" ;;
	esac
done <"$T/told"
[ -s "$T/told" ] || not_ok test_evasion_rows
$make_one --capture own-times "$T/a.pcap"
$make_one --capture own-times "$T/b.pcap"
check test_evasion_captures_are_the_same_every_time cmp "$T/a.pcap" "$T/b.pcap"
check test_evasion_pieces_10k_is_what_the_generator_makes bash -c \
	"$make_one --capture low-rate '$T/c.pcap' && zstd -qdc '$CAPTURES/made/pieces-10k.pcap.zst' | cmp - '$T/c.pcap'"
finish
