#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Captures cut anywhere (a full disk, a killed tcpdump, half a download): every whole packet
# is read, the exit code is right and a sentence says so. CUTS=50 cuts fewer.
. "$(dirname "$0")/../tools/tap.sh"

n=${CUTS:-500}
if tests/tools/cut.py "$EARSHOT" "$CAPTURES" "$T" --count "$n" >"$T/log" 2>&1; then
	ok "test_${n}_cut_files_are_read_to_the_cut"
else
	not_ok "test_${n}_cut_files_are_read_to_the_cut" "$T/log"
fi
finish
