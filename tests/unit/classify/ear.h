/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A meter that is played packets, and when the shipped live rules would speak. Include
 * cmocka.h before. */
#ifndef TESTS_UNIT_CLASSIFY_EAR_H
#define TESTS_UNIT_CLASSIFY_EAR_H

#include "classify/shape/bursts.h"
#include "classify/shape/meter.h"
#include "limits.h"

#include <stdlib.h>
#include <string.h>

struct sent {
	double at;
	uint32_t size, under_way;
};

struct tape {			/* what one socket sends, in any order until tape_play */
	struct sent *p;
	size_t n, cap;
	bool tcp;
};

struct heard {
	double suspect, alert;		/* seconds after the first packet; 0: never */
	unsigned windows, passed, stood, held;
	bool regular;			/* T6 */
};

static inline void
tape_put(struct tape *t, double at, uint32_t size, uint32_t under_way)
{
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 4096 : t->cap * 2;
		t->p = realloc(t->p, t->cap * sizeof(*t->p));
		assert_non_null(t->p);
	}
	t->p[t->n++] = (struct sent){ at, size, under_way };
}

static inline int
sent_order(const void *a, const void *b)
{
	double x = ((const struct sent *)a)->at, y = ((const struct sent *)b)->at;

	return x < y ? -1 : x > y;
}

/* Plays the tape to its end and a little beyond, and empties it. */
static inline struct heard
tape_play(struct tape *t)
{
	struct heard r = { 0 };
	struct meter m = { 0 };
	struct bursts b = { 0 };
	struct meter_window w;

	qsort(t->p, t->n, sizeof(*t->p), sent_order);
	for (size_t i = 0; i < t->n; i++) {
		struct pkt_time now = at(t->p[i].at);

		while (meter_step(&m, &limits, now, &w)) {
			double s = (double)(w.end.ns - m.first.ns) / 1e9;

			r.windows++;
			r.passed += w.pass;
			r.stood += w.clock_stands;
			r.held += w.held;
			if (r.suspect == 0 && w.pass && w.score >= 4.9)
				r.suspect = s;
			if (r.alert == 0 && w.pass && w.score >= 9.16 &&
			    (!w.constant || w.framed) &&
			    ((w.steady_known && w.steady <= 0.10) ||
			    (w.clocked_known && w.clocked >= 0.5)))
				r.alert = s;
		}
		if (bursts_step(&b, &limits, now)) {
			struct observation o = { 0 };

			bursts_observe(&b, &limits, 0, &o);
			r.regular |= o.chunks_regular;
		}
		if (t->tcp)
			meter_segment(&m, now, t->p[i].size, t->p[i].under_way);
		else
			meter_packet(&m, now, t->p[i].size, true);
		bursts_packet(&b, &limits, now, t->p[i].size);
	}
	t->n = 0;
	return r;
}

/* The n values' median; those that are 0 (never) count as later than all. */
static inline double
median_alert(double *v, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j > 0 && (v[j] == 0 ? 1e9 : v[j]) <
		    (v[j - 1] == 0 ? 1e9 : v[j - 1]); j--) {
			double x = v[j];

			v[j] = v[j - 1];
			v[j - 1] = x;
		}
	return v[n / 2];
}

#endif
