/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store: observations and alerts on disk, in a log of segments (seglog.h) of batches
 * (batch.h), bounded by size and by age.
 *
 * What is kept is a stream. Whoever wants to know it as a whole (the day, day.h) hears it
 * through `kept` and `event`: first what lies there from before, read a piece at a time by
 * store_replay, then, once that has caught up, each record as it is put. So a program that
 * was started again knows what the one before it knew.
 *
 * Flows too small to be kept one by one are summed by device, destination and ten
 * minutes; a sum is a record of kind OBSERVATION_SUM.
 *
 * A full disk is a state: what finds no room is counted, what lies there stays. Without a
 * folder there is no log; `kept` and `event` hear the same.
 */
#ifndef RULES_EVENT_STORE_H
#define RULES_EVENT_STORE_H

#include "capture/base/fault.h"
#include "capture/base/ptime.h"
#include "capture/flow/observation.h"

#define STORE_BYTES (2ULL << 30)
#define STORE_AGE (30 * 86400 * NS_PER_S)
#define STORE_DAY (25 * 3600 * NS_PER_S)	/* how far back `kept` begins */

struct store;

struct store_options {
	const char *dir;		/* NULL: nothing is written */
	uint64_t cap_bytes;		/* 0: STORE_BYTES */
	int64_t age;			/* ns; 0: STORE_AGE */
	struct siphash_key hash;
	struct intern *strings;		/* lent; of the records put, and of those kept */
	struct loop_time now;
	int64_t wall;			/* ns since 1970, for ages */
	void *arg;
	observe_fn *kept;
	void (*event)(void *arg, struct span json);
};

struct store_counts {
	uint64_t records, events, sums;	/* taken */
	uint64_t lost;			/* found no room on the disk */
	uint64_t expired;		/* segments that were too old */
	uint64_t damaged;		/* places that could not be read */
	uint64_t unreadable;		/* batches of another version */
	uint64_t bytes;			/* on the disk */
	bool full;			/* the last write found no room */
	bool replaying;			/* what lies there is still being read */
};

struct store *store_open(const struct store_options *o, struct fault *why);
void store_close(struct store *s);	/* writes what is waiting */

void store_put(struct store *s, const struct observation *o, struct loop_time now);
void store_event(struct store *s, struct span json, int64_t time, struct loop_time now);

/* So much of this flow goes into its device's sum; o says whose, to whom and when. */
struct store_bytes {
	uint64_t up, down, pkts_up, pkts_down;
};
void store_sum(struct store *s, const struct observation *o, const struct store_bytes *b,
    struct loop_time now);
/* The sums that are not told yet, for who asks now. */
void store_each_sum(const struct store *s, void (*fn)(void *arg, uint32_t device,
    uint32_t dest, const struct store_bytes *b), void *arg);

/* Reads on in what lies there. True: it has caught up. */
bool store_replay(struct store *s, unsigned records);

/* Often: writes, syncs, forgets. pkt: packet time, for the sums. */
void store_tick(struct store *s, struct pkt_time pkt, struct loop_time now, int64_t wall);

void store_get_counts(const struct store *s, struct store_counts *out);

#endif
