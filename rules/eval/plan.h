/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan: which rules a record can fire, found without asking each. Private to rules/eval.
 *
 * A rule fires when its condition is true, and its sums add when all beside them that holds
 * no sum is. So both want every member of the top `and` without a sum to be true: the fields
 * that this takes must be known, and a field that must equal a word must have it. From each
 * condition the plan keeps
 *   needs   the fields without which it cannot be true
 *   musts   the members of the top `and` without a sum, cheap ones first; those that other
 *           rules have too are judged once a record, whatever the rules there are
 *   sums    those with one, as written
 * and a place in an index: under the values of a field that must equal one of them (a word,
 * a port, an address or the network it lies in, a name or the domain it ends in), else with
 * all rules of the same needs and of the same list that must have the destination. A record
 * is offered the rules of its values, its lists and the needs it meets: the cost grows with
 * these, not with the rules there are.
 *
 * What is offered may still not fire; what is not offered could not have, nor added.
 */
#ifndef RULES_EVAL_PLAN_H
#define RULES_EVAL_PLAN_H

#include "rules/eval/eval.h"

#define PLAN_WORDS 3		/* of observation.known */

struct plan_rule {
	uint64_t needs[PLAN_WORDS];
	const struct expr *const *must, *const *sum;
	const unsigned *shared;		/* by must: its number among those that several rules
					 * have, from 1; 0: this rule's own */
	unsigned musts, sums;
};

struct plan;

struct plan *plan_create(const struct program *p, const struct siphash_key *hash);
void plan_destroy(struct plan *pl);
const struct plan_rule *plan_rule(const struct plan *pl, unsigned rule);
unsigned plan_shared(const struct plan *pl);	/* how many there are */

/* Finds the rules that o can fire; plan_next tells them one by one, in order, beginning with
 * *rule 0, until it is false. All are to be asked for before the next offer. */
void plan_offer(struct plan *pl, const struct observation *o, const struct intern *strings);
bool plan_next(struct plan *pl, unsigned *rule);

#endif
