#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The arrows: includes and symbols point left only, and the pure rooms ask nothing of the world.
# usage: arrows.sh BUILD   (with its three archives and objects); prints what is wrong, exits 1.
set -u
b=$1 here=$(dirname "$0") bad=0
export LC_ALL=C

wrong() { echo "arrows: $*" >&2; bad=1; }

# 1. Includes.
while IFS=: read -r file line text; do
	wrong "$file:$line: $text points to the right"
done < <(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"](\.\./)*(classify|rules)/' capture/*/*.[ch] /dev/null
	 grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"](\.\./)*rules/' classify/*/*.[ch] /dev/null)
# Of our rooms only rules/event may know an event loop, a Redis or TLS.
while IFS=: read -r file line text; do
	wrong "$file:$line: $text belongs to rules/event"
done < <(grep -nE '#[[:space:]]*include[[:space:]]*<(event2/|event\.h|hiredis|openssl/)' capture/*/*.[ch] classify/*/*.[ch] \
	rules/lang/*.[ch] rules/eval/*.[ch] rules/cli/*.[ch] rules/doctor/*.[ch] /dev/null)

# 2. Symbols: what an archive needs may be defined in itself or to its left, not to its right.
defined() { nm -g --defined-only "$@" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u; }
wanted() { nm -gu "$@" 2>/dev/null | awk '$1 == "U" || $1 == "w" {print $2}' | sed 's/@.*//' | sort -u; }
right_of() { # archive, archives to its right
	local a=$1; shift
	comm -12 <(comm -23 <(wanted "$a") <(defined "$a")) <(defined "$@" | sort -u) |
	while read -r s; do echo "$s"; done
}
for s in $(right_of "$b/capture.a" "$b/classify.a" "$b/rules.a"); do
	wrong "capture needs '$s', which is defined to its right"
done
for s in $(right_of "$b/classify.a" "$b/rules.a"); do
	wrong "classify needs '$s', which is defined to its right"
done

# 3. Pure rooms: no clock, no descriptor, no environment.
white=$(grep -v '^#' "$here/pure-symbols.txt" | tr -s ' \n' '\n' | sort -u)
base=$(ls "$b"/capture/base/*.o | grep -v '/log\.o$')
pure="capture/flow classify/shape classify/ledger rules/lang rules/eval"
also="classify/endpoint/hostlist classify/endpoint/inventory"
also="$also classify/endpoint/vendors classify/endpoint/places classify/dpi/vocabulary"
objects=$base
for r in $pure; do objects="$objects $(ls "$b/$r"/*.o 2>/dev/null)"; done
for o in $also; do [ -f "$b/$o.o" ] && objects="$objects $b/$o.o"; done
known=$(defined $objects)
for r in $pure; do
	for o in "$b/$r"/*.o; do
		[ -f "$o" ] || { wrong "no objects of $r in $b"; continue; }
		for s in $(comm -23 <(wanted "$o") <(printf '%s\n%s\n' "$known" "$white" | sort -u)); do
			wrong "$r is pure, but ${o#"$b"/} needs '$s'"
		done
	done
done
exit $bad
