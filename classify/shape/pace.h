/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pace: what the times and sizes of some bursts look like, and whether a recorder could
 * have sent them. It has no state: bursts in, figures out. Which bursts, and what came
 * before them, is bursts.c's.
 */
#ifndef CLASSIFY_SHAPE_PACE_H
#define CLASSIFY_SHAPE_PACE_H

#include "classify/shape/bursts.h"

struct figures {
	unsigned first, n;		/* which of them */
	double period, size;		/* medians: ns, bytes */
	double rate;			/* bit/s */
	double spread;			/* of the sizes: standard
					 * deviation over mean */
	unsigned gaps, sizes, equal;	/* how many are near them */
	enum pace_word pace;
};

/* The medians of kept[first..]; at least two of them. */
void pace_measure(const struct bursts *b, const struct hearing *h, unsigned first,
    struct figures *f);

/* Their pace. When it is none the figures are of all that are kept. */
bool pace_holds(const struct bursts *b, const struct hearing *h, struct figures *f);

/* The newest bursts that fit, counted backwards. */
unsigned pace_in_a_row(const struct bursts *b, const struct hearing *h,
    const struct figures *f);

/* Correlation of a burst's bytes with the time before it; false: gaps are too even. */
bool pace_slope(const struct bursts *b, const struct hearing *h, double *r);

/* How much better the gaps are told when the time that the bytes took to hear is taken out
 * of them (log likelihood), and the rate of speech then; false: no question of that. */
struct pauses {
	double gain, rate;
};

bool pace_pauses(const struct bursts *b, const struct hearing *h, struct pauses *best);

double pace_gap(const struct bursts *b, unsigned i);	/* start to start, before i */
double pace_idle(const struct bursts *b, unsigned i);	/* end to start, before i */
bool pace_near(double v, double middle, double tolerance);
double pace_median(double *v, unsigned n);		/* sorts v */

#endif
