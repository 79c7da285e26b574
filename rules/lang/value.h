/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * value: literals, units, and what a literal comes to as a value of a type. Arithmetic is
 * exact: a literal is a whole number, a power of ten and a unit that is a whole number.
 */
#ifndef RULES_LANG_VALUE_H
#define RULES_LANG_VALUE_H

#include "rules/lang/lang.h"

enum unit_kind {
	UNIT_BYTES,
	UNIT_BINARY,
	UNIT_RATE,
	UNIT_DURATION,
	UNIT_PERCENT,
	UNIT_PACE, /* so many a second, in tables of flows */
};

struct unit {
	const char *word;
	enum unit_kind kind;
	uint64_t times; /* bytes, bit/s, ns */
};

/* NULL: no such unit. */
const struct unit *unit_find(const char *s, size_t n);
/* What was meant by "mb", "sec", "kbps"; into buf. */
const char *unit_remedy(const char *wrong, char *buf, size_t size);

struct literal {
	enum { LITERAL_NONE, LITERAL_NUMBER, LITERAL_WORD, LITERAL_STRING } kind;
	struct place at;
	const char *text; /* WORD, STRING */
	bool negative; /* NUMBER: mantissa / 10^decimals, in unit (NULL: plain) */
	uint64_t mantissa;
	unsigned decimals;
	const struct unit *unit;
	const struct literal *to; /* of a range, FROM..TO; NULL: none */
};

/* The shortest exact form, in the largest unit of its family that divides it; words that
 * are addresses, networks or MACs in their canonical form. */
void literal_print(const struct literal *v, const struct writer *w);
/* The same into a buffer that is at least QUOTE_TEXT long, for messages. */
const char *literal_quote(const struct literal *v, char buf[QUOTE_TEXT]);

/* A whole number of the literal's own base unit: false when it is not one or has a unit.
 */
bool literal_whole(const struct literal *v, uint64_t most, uint64_t *out);

/* What holds the value, for messages: "'upload'" is a field, "this limit" is a limit. */
struct target {
	const char *word;
	enum field_type type;
	enum vocabulary vocabulary;
	const char *unit; /* of NUMBER: "B" takes bytes as well */
};

/* False: an error was told. `keep` gets texts. */
bool value_of(
    struct lang *l, const struct target *t, const struct literal *v, struct value *out);

/* "2027-03-31" (its first moment; *day) or RFC 3339 with seconds and a zone. */
bool moment_parse(const char *s, int64_t *ns, bool *day);

/* "bytes like '200 kB', '5 MB' or '1 GiB'" */
const char *type_example(enum field_type t);
/* "is an address", "holds bytes": what a field is, in a sentence. */
const char *type_is(enum field_type t);

/* The network that was meant by one whose host bits are set; false: not such a text. */
bool prefix_mend(const char *s, struct prefix *out);

#endif
