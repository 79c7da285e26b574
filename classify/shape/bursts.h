/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bursts: T6, recorded first and sent then. Bytes that go up between two hosts, all flows
 * together, fall into bursts; a recorder's bursts have equal gaps and equal sizes, or
 * are late on a line, or as large as the time before them (chunks.pace). Keeps the last
 * twelve, and since when gaps have been even (twelve bursts of a two-second
 * recorder span less than the thirty seconds that are asked for). Zeroed memory is new.
 * Payload by first sight (fresh), never retransmissions. Time that goes back is taken as
 * the last time.
 */
#ifndef CLASSIFY_SHAPE_BURSTS_H
#define CLASSIFY_SHAPE_BURSTS_H

#include "capture/base/ptime.h"
#include "classify/shape/hearing.h"

#define BURSTS_KEPT 12

struct bursts {
	struct {
		struct pkt_time start;
		uint64_t bytes;
	} kept[BURSTS_KEPT];		/* closed bursts, oldest first */
	uint32_t n;
	struct pkt_time start, last;	/* the open burst */
	uint64_t bytes;			/* 0: none open */
	uint64_t total;			/* bytes of all bursts that were kept */
	struct pkt_time run;		/* first burst of the
					 * regular run, when run_n > 0 */
	uint16_t run_n, run_gaps, run_sizes;	/* its bursts, and how
						 * many of them fitted */
};

void bursts_packet(struct bursts *b, const struct hearing *h, struct pkt_time now,
    uint32_t fresh);

/* Closes the open burst when burst.gap has passed. True when one was closed and kept:
 * then it is worth judging the pair. */
bool bursts_step(struct bursts *b, const struct hearing *h, struct pkt_time now);

/* A packet of `fresh` bytes that was counted at `when` was none. One in the open burst
 * leaves it; with `anew` those that are closed are forgotten, for one had it in. */
void bursts_take_back(struct bursts *b, struct pkt_time when, uint32_t fresh, bool anew);

/* Sets chunks.*; way_bytes is down/up of the pair (negative: unknown,
 * not held against it). */
void bursts_observe(const struct bursts *b, const struct hearing *h, double way_bytes,
    struct observation *o);

#endif
