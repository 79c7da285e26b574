/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * near: how close did a rule come? For each rule, device and destination the one record that
 * lacked least, with every condition as it stood then.
 *
 * What is lacking is a number: a condition that holds lacks nothing; a figure lacks the share
 * that it is short of its limit by (41.8 of 50 MB: 0.16); what cannot be put as a share (a
 * list, a word, what is unknown) lacks 1. `and` adds, `or` takes the least, `not` turns its
 * conditions around. Under 1 it is a near miss: figures alone stood between it and an alert.
 *
 * A device and destination for which the rule fired in the same run are no near miss of it.
 *
 * Memory is bounded: the 65,536 that fired last, the 2,048 cases that were touched last, and
 * the 100 nearest that left.
 */
#ifndef RULES_BENCH_NEAR_H
#define RULES_BENCH_NEAR_H

#include "rules/eval/eval.h"

#define NEAR_MOST 100
#define NEAR_LEAVES 48			/* of a rule with more, the first so many are kept */
#define NEAR_NAME 96

struct near_leaf {
	enum truth truth;		/* of the bare condition, without `not` */
	double lacks;			/* as above, with it; 0: met */
	bool observed_known, has_limit;
	struct value observed, limit;
	char text[64];			/* observed, when it is text */
};

struct near_case {
	unsigned rule;			/* index into program.rule */
	unsigned run;			/* near_run */
	char device[NEAR_NAME], address[ADDR_TEXT];
	char dest[NEAR_NAME], dest_address[ADDR_TEXT];
	int64_t time;
	enum observation_kind kind;	/* of the record */
	uint64_t flow_id;
	double lacks;			/* as above */
	uint64_t records;		/* that could have fired it */
	unsigned leaves;
	struct near_leaf leaf[NEAR_LEAVES];
};

struct near_options {
	const struct program *program;	/* lent */
	struct siphash_key hash;
	double most;			/* what lacks more is no case; 0: 1 */
	const char *device, *dest;	/* globs over names and addresses; NULL: any */
};

struct near;

struct near *near_create(const struct near_options *o);
void near_destroy(struct near *n);

/* The records that follow belong to this run (a capture). */
void near_run(struct near *n, unsigned run);
/* A record that did or did not fire this rule; right after e observed it. What fires in the
 * end was on its way there, and is no near miss. */
void near_take(struct near *n, struct eval *e, unsigned rule, bool fired,
    const struct observation *o, const struct intern *strings);
/* Sorts; the nearest first. */
unsigned near_finish(struct near *n);
const struct near_case *near_get(const struct near *n, unsigned i);

/* Which conditions stood between this case and an alert: of an `or` those of the side that
 * lacked least. */
void near_needed(const struct near_case *c, const struct rule *r, bool needed[NEAR_LEAVES]);
/* The first of them; leaves when there is none. */
unsigned near_first(const struct near_case *c, const struct rule *r);

/* Does one of a device's or a destination's names or addresses match? NULL does. */
bool near_is_device(const char *glob, const struct observation *o,
    const struct intern *strings);
bool near_is_dest(const char *glob, const struct observation *o,
    const struct intern *strings);

#endif
