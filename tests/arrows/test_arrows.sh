#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The arrow check bites: mutations of a copy of the tree must make it fail. TAP on stdout.
set -u
b=${B:-build}
copy=$(mktemp -d) && trap 'rm -rf "$copy"' EXIT
n=0
cp -a Makefile capture classify rules "$copy/" && mkdir -p "$copy/tests" && cp -a tests/arrows "$copy/tests/" &&
	cp -a "$b" "$copy/build" || { echo "not ok 1 - the tree can be copied"; exit 1; }
# Only what is mutated is compiled again.
verdict() { # expected(0|1) name
	n=$((n + 1))
	if make -s -C "$copy" B=build CI= arrows >"$copy/log" 2>&1; then got=0; else got=1; fi
	if [ "$got" = "$1" ] && { [ "$1" = 0 ] || grep -q "^arrows: .*$3" "$copy/log"; }; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"; sed 's/^/# /' "$copy/log" | tail -n 8
	fi
}
mutate() { # file, line to append
	cp -a "$copy/$1" "$copy/saved"; printf '%s\n' "$2" >>"$copy/$1"
}
restore() { cp "$copy/saved" "$copy/$1"; touch "$copy/$1"; }

verdict 0 "test_arrows_the_tree_as_it_is_passes" ""
mutate classify/shape/text.c 'long time(long *); long mutant(void); long mutant(void) { return time(0); }'
verdict 1 "test_arrows_a_clock_in_shape_fails" "time"; restore classify/shape/text.c
mutate capture/flow/zone.c '#include "rules/lang/program.h"'
verdict 1 "test_arrows_an_include_to_the_right_fails" "points to the right"; restore capture/flow/zone.c
mutate capture/base/fault.c 'void emitter_destroy(void *); void mutant(void); void mutant(void) { emitter_destroy(0); }'
verdict 1 "test_arrows_a_symbol_to_the_right_fails" "emitter_destroy"; restore capture/base/fault.c
mutate rules/eval/eval.c 'char *getenv(const char *); char *mutant(void); char *mutant(void) { return getenv("X"); }'
verdict 1 "test_arrows_the_environment_in_eval_fails" "getenv"; restore rules/eval/eval.c
mutate rules/lang/diag.c 'int open(const char *, int, ...); int mutant(void); int mutant(void) { return open("x", 0); }'
verdict 1 "test_arrows_a_descriptor_in_lang_fails" "open"; restore rules/lang/diag.c
verdict 0 "test_arrows_the_tree_restored_passes" ""
echo "1..$n"
