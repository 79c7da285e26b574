/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * learn: who is here and where the office talks, as proposals for an inventory and a list of
 * known destinations. It proposes what is usual and says what it left out, and why; a person
 * reads both and decides. What learns by itself learns the thief, too.
 *
 * A destination is proposed when it has a name that somebody looked up, when two devices or two
 * days speak for it, and when nothing about it is odd: it is sent more than it gives, sound was
 * heard on the way to it, or pieces at a recorder's pace. A device is proposed unless its MAC
 * was drawn by lot.
 *
 * Bounded: 16,384 devices, 65,536 destinations, those used last. Pure.
 */
#ifndef RULES_BENCH_LEARN_H
#define RULES_BENCH_LEARN_H

#include "rules/eval/eval.h"

#include <stdio.h>

struct learn;

struct learn *learn_create(const struct program *p, const struct siphash_key *hash);
void learn_destroy(struct learn *l);
void learn_take(struct learn *l, const struct observation *o, const struct intern *strings);

struct learn_counts {
	unsigned devices, proposed_devices, dests, proposed_dests;
	uint64_t forgotten;
	int64_t first, last;
};
/* days: only what was there in the last so many; 0: all. Sorts; call it before the others. */
void learn_finish(struct learn *l, unsigned days, struct learn_counts *out);
void learn_inventory(const struct learn *l, FILE *out);		/* csv */
void learn_known(const struct learn *l, FILE *out);		/* a list */
void learn_odd(const struct learn *l, FILE *out);		/* what was left out, and why */

#endif
