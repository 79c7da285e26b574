/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bursts: T6, recorded first and sent then. Bytes that go up from a host to another, or to
 * all addresses of an owner, fall into bursts; a recorder's bursts keep one of the paces
 * of pace.h. Keeps the last twelve, gap and size of the twelve before them, since when they
 * have been even (twelve bursts of a two-second recorder span less than the thirty seconds
 * that are asked for), and whether what came before was anything but even. Zeroed memory
 * is new.
 * Payload by first sight (fresh), never retransmissions. Time that goes back is taken as
 * the last time.
 */
#ifndef CLASSIFY_SHAPE_BURSTS_H
#define CLASSIFY_SHAPE_BURSTS_H

#include "capture/base/ptime.h"
#include "classify/shape/hearing.h"

#define BURSTS_KEPT 12
#define BURSTS_BEFORE 12

struct burst {
	struct pkt_time start, end;	/* first and last packet */
	uint32_t bytes;			/* stops at 4 GiB */
	uint32_t down: 31;		/* since the burst before; stops at 2 GiB */
	uint32_t again: 1;		/* it came twice and is counted once */
};

struct bursts {
	struct burst kept[BURSTS_KEPT];	/* closed bursts, oldest first */
	uint32_t n;
	uint32_t again;			/* bytes of those that came again */
	struct burst part;		/* perhaps the beginning of a
					 * piece; bytes 0: none */
	struct pkt_time start, last;	/* the open burst */
	uint64_t bytes;			/* 0: none open */
	uint64_t total;			/* bytes of all bursts that were kept */
	struct {
		uint64_t down, opened;	/* bytes, connections */
	} now, then;			/* so far, and at the last burst */
	struct pkt_time run;		/* first burst of the
					 * regular run, when run_n > 0 */
	uint16_t run_n, run_gaps, run_sizes;	/* its bursts, and how
						 * many of them fitted */
	uint8_t timed, sized;		/* on the clock of late, and of the size too */
	float clock;			/* that clock, ns */
	uint8_t strange;		/* how uneven it was of late */
	uint8_t small;			/* small ones since the last, */
	bool blocks;			/* pieces come in equal parts: none is a piece again */
	uint64_t small_bytes;		/* their bytes, */
	struct pkt_time small_since;	/* and the first */
	uint8_t before_n;
	struct {
		float gap, bytes;	/* ns from the one before it, and its size */
	} before[BURSTS_BEFORE];	/* those that were kept, oldest first */
};

void bursts_packet(struct bursts *b, const struct hearing *h, struct pkt_time now,
    uint32_t fresh);

/* True when burst.gap has passed: then say what was received, and step. */
bool bursts_due(const struct bursts *b, const struct hearing *h, struct pkt_time now);

/* What the other side has sent until now (true bytes), and how many connections there
 * were: burst.opening of each says nothing. */
void bursts_received(struct bursts *b, uint64_t down, uint64_t opened);

/* Closes the open burst when burst.gap has passed. True when one was closed and kept, or
 * was the rest of the one before: then it is worth judging. */
bool bursts_step(struct bursts *b, const struct hearing *h, struct pkt_time now);

/* Its two halves: the burst that is over (false: none), and what is made of it; it may
 * come from elsewhere. */
bool bursts_take(struct bursts *b, const struct hearing *h, struct pkt_time now,
    struct burst *out);
bool bursts_closed(struct bursts *b, const struct hearing *h, const struct burst *one);

/* A packet of `fresh` bytes that was counted at `when` was none. One in the open burst
 * leaves it; with `anew` those that are closed are forgotten, for one had it in. */
void bursts_take_back(struct bursts *b, struct pkt_time when, uint32_t fresh, bool anew);

/* A burst that is about to be closed began at `start`; whoever sent those of before `then`
 * was another, and they are forgotten. True when there were some. */
bool bursts_anew(struct bursts *b, struct pkt_time start, struct pkt_time then);

/* Sets chunks.*; way: what was received is known (a tap of one side does not). */
void bursts_observe(const struct bursts *b, const struct hearing *h, bool way,
    struct observation *o);

#endif
