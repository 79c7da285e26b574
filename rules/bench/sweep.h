/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sweep: one limit of one rule, over a range. RULE.WORD=FROM..TO/STEPS, with units as a rule
 * has them: bulk-upload.upload.unseen=10MB..200MB/8. STEPS values, evenly; with an x behind
 * (/8x) each as many times the one before. WORD is a field that the rule compares; when
 * it does so more than once, WORD#2 is the second time. WORD.within=1h..24h/4 turns the
 * window of its sum. Pure.
 */
#ifndef RULES_BENCH_SWEEP_H
#define RULES_BENCH_SWEEP_H

#include "rules/lang/program.h"

#define SWEEP_STEPS 64

struct sweep {
	unsigned rule, leaf;		/* in program.rule, in rule.leaf */
	bool window;			/* its window is what changes */
	unsigned steps;
	struct value value[SWEEP_STEPS];	/* of the leaf's type; a window: DURATION */
	struct value now;		/* as the rule stands */
};

int sweep_parse(const char *text, const struct program *p, struct sweep *out,
    struct fault *why);

/*
 * All rules of p, or the swept one alone, and behind them one more for each value: it with
 * that limit. So all of them are judged in one go, conditions that they share once a record,
 * and where only the limit of a sum differs they share the sum itself. The added ones have ids
 * of their own, as limits are kept by them. Refers to p's memory.
 */
struct program *sweep_program(const struct program *p, const struct sweep *s, bool alone,
    const struct value *value, unsigned values);
void sweep_program_destroy(struct program *v);

#endif
