#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each fuzz target for a short while from its corpus (libFuzzer, address and undefined-behaviour
# sanitizers). SECONDS_EACH=60 tests/fuzz/test_fuzz.sh for longer. Findings are kept in BUILD/fuzz.
. "$(dirname "$0")/../tools/tap.sh"
each=${SECONDS_EACH:-6}
command -v clang >/dev/null || { skip test_fuzz "needs clang"; finish; }
plain=${B%-asan}
make -s -j"$(nproc)" B="$plain" CI= fuzz >"$T/build" 2>&1 || { not_ok test_fuzz_targets_build "$T/build"; finish; }
one() { # name of a target
	local corpus=tests/fuzz/corpus/${1#fuzz_}

	mkdir -p "$T/$1"
	[ -d "$corpus" ] || corpus=
	"$plain/fuzz/$1" -max_total_time="$each" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
		-artifact_prefix="$plain/fuzz/" "$T/$1" $corpus >"$T/$1.log" 2>&1
	echo $? >"$T/$1.rc"
}
targets=$(for f in tests/fuzz/fuzz_*.c; do basename "$f" .c; done)
for name in $targets; do
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	one "$name" &
done
wait
for name in $targets; do
	if [ "$(cat "$T/$name.rc")" = 0 ]; then
		ok "test_${name}_finds_nothing ($(sed -n 's/stat::number_of_executed_units: //p' "$T/$name.log") runs)"
	else
		not_ok "test_${name}_finds_nothing" "$T/$name.log"
	fi
done
finish
