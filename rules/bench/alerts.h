/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * alerts: what a set of rules told over an input, to count it and to hold it against what
 * another set told, or against labels.
 *
 * Two alerts are the same one when rule, device and destination agree (what the rule's limit
 * leaves out need not) and the later comes within the limit's time, or an hour, of the other.
 */
#ifndef RULES_BENCH_ALERTS_H
#define RULES_BENCH_ALERTS_H

#include "rules/eval/eval.h"

#define ALERTS_MOST 4000000u

struct alert {
	uint32_t id;			/* of the rule */
	uint32_t run;
	uint32_t rule;			/* its name; names are ids in alerts_names() */
	uint32_t device, address;	/* "" when not known */
	uint32_t dest, dest_address, dest_key;
	int64_t time, every;		/* every: of the rule's limit; 0: none */
	bool by_device, by_dest;	/* its limit tells them apart */
	bool suspect;
	uint8_t severity, kind;
	bool has_sum;
	uint64_t sum;
};

struct alerts;

/* Names are put into names, lent and shared by all that are compared. */
struct alerts *alerts_create(struct intern *names);
void alerts_destroy(struct alerts *a);
/* A new alert or suspect of the rule with this id; an update is none. */
void alerts_take(struct alerts *a, unsigned run, uint32_t id, const struct verdict *v);
/* Every one of b that keep says yes to (NULL: all), into a. */
void alerts_join(struct alerts *a, const struct alerts *b,
    bool (*keep)(void *arg, const struct alert *x), void *arg);

unsigned alerts_count(const struct alerts *a);
const struct alert *alerts_get(const struct alerts *a, unsigned i);
uint64_t alerts_lost(const struct alerts *a);	/* found no room, or their names */
unsigned alerts_devices(const struct alerts *a);	/* how many different ones */

/* One of a in pairs with one of b; NULL: only the other has it. In order of time. */
struct alert_pair {
	const struct alert *a, *b;
};
/* The caller frees it; NULL: not enough memory (*n 0). */
struct alert_pair *alerts_compare(struct alerts *a, struct alerts *b, unsigned *n);

#endif
