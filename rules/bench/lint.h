/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lint: what is no mistake of the language and most likely not what was meant. Each finding has
 * a name, by which it can be allowed where it stands, with a reason:
 *
 *	# allow no-quiet-test: it must speak of every such device
 *
 * on a line of its own inside the rule, or right above what it is about. Without a reason it
 * allows nothing. Pure; the time comes in.
 */
#ifndef RULES_BENCH_LINT_H
#define RULES_BENCH_LINT_H

#include "rules/lang/program.h"

/* X(id, name, what it says) */
#define LINTS(X) \
	X(NEVER_MATCHES, "never-matches", "two conditions that cannot both hold") \
	X(SHADOWED, "shadowed", "another rule says the same, of more, as loudly") \
	X(SAME_REV, "same-rev", "another text than before, and the same rev") \
	X(SAME_ID, "same-id", "an id that another rule had before") \
	X(UNUSED_LIST, "unused-list", "a list that no rule asks") \
	X(UNUSED_MACRO, "unused-macro", "a macro that nothing uses") \
	X(NO_TEST, "no-test", "a rule without a test") \
	X(NO_QUIET_TEST, "no-quiet-test", "no test in which it must be silent") \
	X(LONG_WINDOW, "long-window", "a window of which no store keeps the records") \
	X(NO_TECHNIQUE, "no-technique", "a technique that ATT&CK does not have") \
	X(NO_DATABASE, "no-database", "autonomous systems, and no database of them") \
	X(EXCEPT_EXPIRED, "except-expired", "an exception whose time is over") \
	X(EXCEPT_OPEN, "except-open", "an exception without end, owner or reason") \
	X(EXCEPT_BROAD, "except-broad", "an exception that takes a whole rule out") \
	X(EXCEPT_SHADOWED, "except-shadowed", "an exception within another one") \
	X(OTHER, "other", "anything else the language warns of")

enum lint {
#define X(id, name, meaning) LINT_##id,
	LINTS(X)
#undef X
	LINT_COUNT
};

const char *lint_name(enum lint l);
/* Of a warning of the language. */
enum lint lint_of_warning(const char *what);

struct finding {
	enum lint lint;
	const char *file;
	unsigned line;
	const char *what, *remedy;	/* lent for the call */
};
typedef void lint_fn(void *arg, const struct finding *f);

/* now: ns since 1970. before: what the rules were; NULL: nobody knows. */
void lint_program(const struct program *p, const struct program *before, int64_t now,
    lint_fn *tell, void *arg);

/* Does the text of the file allow it for what stands at this line, up to `last` (of a rule)?
 * reason gets why. */
bool lint_allowed(struct span text, unsigned line, unsigned last, enum lint l, char *reason,
    size_t size);

#endif
