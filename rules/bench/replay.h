/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay: records through one or several programs, as if each had been the one that ran. The
 * one engine of explain, backtest, diff and of what `rules test` says about a failure.
 *
 * Records come from a capture's observer (with its steps), from a store or from flow events
 * (without: then a step is made each minute of the records' time). What a store summed,
 * flows under 4 kB of a
 * device, a destination and ten minutes, is judged as one flow that ended, of content unknown.
 *
 * A run is one input by itself: each begins with empty sums and no open limits. Pure.
 */
#ifndef RULES_BENCH_REPLAY_H
#define RULES_BENCH_REPLAY_H

#include "rules/eval/eval.h"

#define REPLAY_MOST 128			/* programs side by side */

struct replay_options {
	struct siphash_key hash;
	const struct program *const *program;	/* lent; as many as `programs` */
	unsigned programs;
	void *arg;
	void (*on_verdict)(void *arg, unsigned which, const struct verdict *v);
	/* eval.h; NULL: nobody asks. */
	void (*on_judged)(void *arg, unsigned which, struct eval *e, unsigned rule, bool fired,
	    const struct observation *o, const struct intern *strings);
	/* This rule of program 0 alone is asked about, for every record, also where by what is
	 * known in it it could not fire; -1: as eval.h says. */
	int always;
};

struct replay_counts {
	uint64_t records, sums, runs;
	int64_t first, last;		/* packet time of the records; 0: none yet */
	int64_t span;			/* ns, over all runs */
	uint64_t forgotten;		/* by the sums and limits of program 0 */
	uint64_t excepted, folded, trial;	/* verdicts of it that were not told */
};

struct replay;

struct replay *replay_create(const struct replay_options *o, struct fault *why);
void replay_destroy(struct replay *r);

int replay_begin(struct replay *r, struct fault *why);		/* of a run */
void replay_record(struct replay *r, const struct observation *o,
    const struct intern *strings);
void replay_step(struct replay *r, struct pkt_time now, const struct intern *strings);
void replay_end(struct replay *r);
void replay_get_counts(const struct replay *r, struct replay_counts *out);

#endif
