/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * within: a stream that keeps time inside a tunnel that carries other things as well.
 *
 * A tunnel hides what is inside it, but not when it leaves and hardly how long it is: a
 * packet of sound stays small, what is copied beside it fills its packets, and what
 * acknowledges a download has one size. So packets are sorted by size, and a range of
 * sizes in which the packets of ten seconds keep time (T1) is looked for; what was found
 * in one window has to stand in the next ones. T5 asks what comes back.
 *
 * State of about 3 kB, all of it inside the struct, given to tunnels alone; zeroed memory
 * is new. As with the meter:
 *
 *	while (within_step(w, h, now, &window, &range))		judge window
 *	within_packet(w, now, fresh, up)
 *
 * Windows in which no range stands or stood lately are not returned.
 */
#ifndef CLASSIFY_SHAPE_WITHIN_H
#define CLASSIFY_SHAPE_WITHIN_H

#include "classify/shape/meter.h"

/* Ciphers pad to 16 bytes and less: finer than this sizes say nothing. */
#define WITHIN_STEP 16
#define WITHIN_SIZES 48			/* from 768 bytes on a packet is large */
#define WITHIN_RANGES 4			/* followed at a time */
#define WITHIN_RING 44			/* seconds kept for T2 */
#define WITHIN_WAYS 6			/* windows of T5's short look */

struct within_range {
	uint8_t low, high;		/* sizes, both within */
	bool used, keeps;		/* keeps: time, by counting, in this window */
	uint8_t missed;			/* windows in a row that failed */
	uint8_t two_for;		/* windows for which it is a conversation still */
	uint32_t windows, passed, clocked, clock_n;
	double score;
	float re[METER_CLOCKS], im[METER_CLOCKS];
	struct pkt_time first;
	uint64_t bytes, packets, down;	/* since it was found; down: of about its sizes */
	uint16_t second[WITHIN_RING];	/* a ring by the second since it was found */
	uint32_t seconds;
	uint32_t way_up[WITHIN_WAYS], way_down[WITHIN_WAYS];
};

struct within {
	struct pkt_time window, last;
	uint16_t up[WITHIN_SIZES + 1][10], down[WITHIN_SIZES + 1][10];	/* last: large */
	float re[METER_CLOCKS], im[METER_CLOCKS];	/* of everything up */
	uint32_t phases;
	struct within_range range[WITHIN_RANGES];
	bool started;
	bool streams;			/* set by the owner: the tunnel carries streams, so
					 * nothing inside it acknowledges anything */
};

struct within_verdict {
	struct meter_window w;		/* constant, clock and size as of the range */
	struct pkt_time first;
	uint64_t bytes;
	double way_packets;		/* down over up, of about the range's sizes */
	bool two;
};

/* fresh as for meter_packet; up: from inside to outside. */
void within_packet(struct within *w, struct pkt_time now, uint32_t fresh, bool up);
bool within_step(struct within *w, const struct hearing *h, struct pkt_time now,
    struct within_verdict *out);

/* The voice.* and way.* fields of an observation. */
void within_observe(const struct within_verdict *v, struct observation *o);

#endif
