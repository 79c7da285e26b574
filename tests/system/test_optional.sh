#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Rules that are shipped and off, and the stories; and what every shipped rule must have.
. "$(dirname "$0")/../tools/tap.sh"

"$EARSHOT" rules test -v rules/std/00-hearing.rules rules/std/00-site.rules rules/optional rules/optional/stories >"$T/out" 2>"$T/err"; rc=$?
while read -r verdict text; do
	case $verdict in
	ok) ok "test_optional_${text%% (*}" ;;
	FAIL) not_ok "test_optional_$text" ;;
	skip) skip "test_optional_$text" "not here" ;;
	esac
done <"$T/out"
equal "test_optional_exits_0" 0 "$rc"
check "test_optional_stands_beside_the_shipped_rules" "$EARSHOT" rules check -s rules/optional -s rules/optional/stories
equal "test_optional_stories_are_five" 5 "$(ls rules/optional/stories/*.rules | wc -l)"
all=$(ls rules/std/*.rules rules/optional/*.rules rules/optional/stories/*.rules)
equal "test_optional_with_std_25_rules_or_more" yes "$([ "$(grep -h '^rule ' $all | wc -l)" -ge 25 ] && echo yes)"
# A reason above it, a reference, a firing and a quiet test, whatever lines they stand on.
for f in $all; do
	awk -v f="$f" '/^#/ {reason = 1} /^rule / {r = $2; if (!reason) print f ": " r ": no reason"; name[++n] = r}
		/^}/ {reason = r == "" ? reason : 0}
		/^\tmitre / {ref[r] = 1}
		END {for (i = 1; i <= n; i++) if (!ref[name[i]]) print f ": " name[i] ": no reference"}' "$f"
done >"$T/lacks"
check "test_optional_every_shipped_rule_has_reason_and_reference" sh -c "cat '$T/lacks'; [ ! -s '$T/lacks' ]"
"$EARSHOT" rules print rules/std/00-hearing.rules rules/std/00-site.rules rules/optional rules/optional/stories >"$T/p1" 2>"$T/err"
"$EARSHOT" rules print "$T/p1" >"$T/p2" 2>>"$T/err"
check "test_optional_print_of_print_is_equal" cmp "$T/p1" "$T/p2"
"$EARSHOT" rules test -v "$T/p1" >"$T/printed" 2>&1
check "test_optional_printed_rules_pass_the_same_tests" cmp "$T/out" "$T/printed"
finish
