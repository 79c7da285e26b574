/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * limits: `limit N per KEYS every TIME`, and what was folded meanwhile. Private to
 * rules/eval.
 *
 * Each key of a rule has a window that opens with its first verdict. The first N are
 * told; of those that follow only a count and the last record are kept, and told as one
 * update when the window ends. The texts of that record are held in a private string
 * table: by the time it is told, the table they came from may have forgotten them.
 */
#ifndef RULES_EVAL_LIMITS_H
#define RULES_EVAL_LIMITS_H

#include "rules/eval/sums.h"

#define LIMIT_SUMS 4		/* sums of a rule whose values are kept with the record */

struct limit_entry {
	const struct rule *rule;
	unsigned told;
	int64_t opened;			/* ns */
	uint64_t suppressed;
	struct event_ref first;
	struct sum_value sum[LIMIT_SUMS];
	bool has_last, changed;
	bool raised;			/* told with a `raise` that held */
	struct observation last;	/* its texts are ids of limits_strings() */
};

struct limits;

struct limits_options {
	struct siphash_key hash;
	size_t max;			/* keys over all rules */
	void *arg;
	/* A window with suppressed > 0 is over: at its end, at the end of the input, or
	 * because its place was needed. */
	void (*update)(void *arg, const struct limit_entry *e);
};

struct limits *limits_create(const struct limits_options *o);
void limits_destroy(struct limits *l);

/* The entry of a verdict, its window opened or gone on; *tell says whether to tell it.
 * Lent until the next call. NULL for a rule without a limit: tell it. */
struct limit_entry *limits_take(struct limits *l, const struct rule *r,
    const struct observation *o, const struct intern *strings, bool *tell);
/* Keeps the record as the last of its entry. */
void limits_fold(struct limits *l, struct limit_entry *e, const struct observation *o,
    const struct intern *strings);
/* What was folded so far was told. */
void limits_told(struct limits *l, struct limit_entry *e);
void limits_step(struct limits *l, struct pkt_time now);
void limits_finish(struct limits *l);
/* The program is another one now. heir says what a rule is called there; NULL: it is not
 * there, and what is due for it is told now. Updates go to arg from then on. */
void limits_rebase(struct limits *l, const struct rule *(*heir)(void *arg,
    const struct rule *r), void *heir_arg, void *arg);
const struct intern *limits_strings(const struct limits *l);
uint64_t limits_forgotten(const struct limits *l);

/* Which windows are open, so that a sensor that is started again does not tell them anew:
 * one item of LIMIT_ITEM bytes for each that was opened or told since it was written. */
#define LIMIT_ITEM 40		/* rule id (8) key (16) opened (8) told (8) */
bool limits_save(struct limits *l, bool all, eval_save_fn *write, void *arg);
/* rule: by the id in the item; NULL: there is none. */
bool limits_restore(struct limits *l, struct span item,
    const struct rule *(*rule)(void *arg, uint64_t id), void *arg);

#endif
