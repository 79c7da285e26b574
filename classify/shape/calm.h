/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calm: a stream that keeps time inside a tunnel of streams, in the seconds in which nothing
 * else goes through it.
 *
 * Pages of sound four times a second are too few to be told by their sizes (within.h) from
 * what a page that is browsed asks for: in the second in which it does, that weighs as much.
 * But what is asked for is answered, and an answer can be seen: seconds in which something
 * comes down, and those beside them, are left out. What remains is put together and asked
 * T1 and T2, as if the rest had not been.
 *
 * Who talks comes down as thinly as what goes up; an answer outweighs it many times. Where
 * seconds of the first kind are more than those of the second it is a conversation.
 *
 * About 600 bytes, zeroed memory is new; steps and packets as with the meter.
 */
#ifndef CLASSIFY_SHAPE_CALM_H
#define CLASSIFY_SHAPE_CALM_H

#include "classify/shape/within.h"

struct calm_second {
	struct meter_bin up;
	uint32_t full, down;			/* bytes; saturating */
};

struct calm {
	struct pkt_time first, last;
	struct pkt_time open;			/* start of the open second */
	struct pkt_time began;			/* of the window */
	struct calm_second second[3];		/* the open one, and two before it */
	struct meter_bin bin[METER_SECONDS];	/* of the window; n are there */
	struct meter_bin four[METER_FOURS];	/* T2: a ring */
	double full;				/* bytes of the window in full segments */
	uint64_t bytes;				/* ever, in calm seconds */
	double score;
	uint32_t n, fours, in_four;		/* in_four: seconds in the open one */
	uint32_t windows, passed;
	uint32_t bursts, talks;			/* seconds with an answer, with a talker */
	bool started;
};

void calm_packet(struct calm *c, struct pkt_time now, uint32_t fresh, bool up);
bool calm_step(struct calm *c, const struct hearing *h, struct pkt_time now,
    struct within_verdict *out);

#endif
