/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * truth: one condition against one record. Private to rules/eval.
 *
 * Owns the three values and what each operator makes of them; refuses sums (the judge in
 * eval.c asks its ledgers) and any memory of earlier records.
 */
#ifndef RULES_EVAL_TRUTH_H
#define RULES_EVAL_TRUTH_H

#include "rules/eval/eval.h"

enum truth truth_and(enum truth a, enum truth b);
enum truth truth_or(enum truth a, enum truth b);
enum truth truth_not(enum truth a);

/* Which lists hold the destination of one record, each looked up once. */
struct list_memo {
	uint64_t record;		/* the record's number; 0 is none */
	struct list_answer {
		uint64_t record;
		enum truth truth;
	} *answer;			/* by list */
};

/* eval_expr, which remembers; memo may be NULL. */
enum truth truth_expr(const struct program *p, const struct expr *x,
    const struct observation *o, const struct intern *strings, struct list_memo *memo);

/* How many sums an expression asks. */
unsigned truth_sums(const struct expr *x);

/* A leaf that is no EXPR_SUM; r, when given, gets truth and what was observed. */
enum truth truth_leaf(const struct program *p, const struct expr *x,
    const struct observation *o, const struct intern *strings, struct reason *r);

bool truth_compare_u64(uint64_t a, enum compare_op cmp, uint64_t b);

/* The value of a field as a rule sees it; false: not known (or its text is gone). TEXT is
 * also given as a span when text is not NULL. */
bool field_value(const struct observation *o, enum field f, const struct intern *strings,
    struct value *out, struct span *text);

/* '*' stands for any bytes; letters compare without case (ASCII). */
bool text_glob(const char *glob, struct span text);

#endif
