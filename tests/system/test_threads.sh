#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One processor or several: a long capture, several as one, one that is cut short. With one,
# nothing is read ahead (rules/cli/front.h); the bytes that come out are the same. Built with
# -fsanitize=thread (make tsan) it also fails on a race.
. "$(dirname "$0")/../tools/tap.sh"

zstd -qdc "$CAPTURES/m01-mixed-office.pcap.zst" >"$T/long.pcap"
head -c $(($(stat -c %s "$T/long.pcap") / 2 - 7)) "$T/long.pcap" >"$T/cut.pcap"
mkdir "$T/many"
for f in "$CAPTURES"/n0*.zst; do zstd -qdc "$f" >"$T/many/$(basename "$f" .zst)"; done

one=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
said() { # input, command before the program...
	local in=$1; shift
	"$@" "$EARSHOT" read --format json --flows "${site[@]}" "$in" 2>"$T/err"
	echo "exit $?"
	cat "$T/err" >>"$T/errors"
	sed "s|$T||" "$T/err"
}
# The cell's sandbox kills what the sanitizer begins in it: the classifier says less then.
sanitized=$(grep -c __tsan_init "$EARSHOT")
for in in long.pcap cut.pcap many; do
	if [ "$(nproc)" -lt 2 ]; then skip "test_threads_$in" "needs two processors"; continue; fi
	said "$T/$in" taskset -c "$one" >"$T/one"
	said "$T/$in" env >"$T/two"
	if [ "$(wc -l <"$T/one")" -gt 10 ] && { [ "$sanitized" != 0 ] || cmp -s "$T/one" "$T/two"; }; then
		ok "test_threads_$in"
	else
		diff "$T/one" "$T/two" | head -c 3000 >"$T/diff"
		not_ok "test_threads_$in" "$T/diff"
	fi
done
equal test_threads_no_race "" "$(grep ThreadSanitizer "$T/errors")"
finish
