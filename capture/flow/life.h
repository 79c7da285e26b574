/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * life: what a flow and a pair are inside the table, and the lists they age in. Private
 * to this room.
 *
 * A flow is in one of twenty lists, one for each idle limit and each rank of eviction,
 * oldest first; a pair without a flow is in one. It goes to the end of its list when the list changes or a second has
 * passed since it last went, not at every packet: a packet of a busy flow touches no
 * neighbour. So a list is ordered by `queued`, and the last packet is within [queued,
 * queued + REQUEUE): what is due lies at its head, at most a second's flows deep. Times in
 * lists are ticks, neighbours are numbers: most of what a million flows are is this struct.
 */
#ifndef CAPTURE_FLOW_LIFE_H
#define CAPTURE_FLOW_LIFE_H

#include "capture/base/pool.h"
#include "capture/flow/flow.h"
#include "capture/flow/frag.h"
#include "capture/flow/slots.h"
#include "capture/flow/tcpseq.h"

#define TIME_LAST (INT64_MAX / 4)	/* sums and differences of such times fit */
#define UPLOADING 4096	/* bytes; what the header calls 4 kB */

/* A moment in 32 bits, to 17 ms: two of them are told apart within two years. */
#define TICK_BITS 24
#define REQUEUE 60			/* ticks: a second */

static inline uint32_t
ticks(int64_t ns)
{
	return (uint32_t)(uint64_t)(ns >> TICK_BITS);
}

/* What is as old as that is at least (surely) or at most (perhaps) so many ns old. */
static inline int64_t
ticks_surely(uint32_t now, uint32_t then)
{
	return now == then ? 0 : (int64_t)(now - then - 1) << TICK_BITS;
}

static inline int64_t
ticks_perhaps(uint32_t now, uint32_t then)
{
	return ((int64_t)(now - then) + 1) << TICK_BITS;
}

enum idle_class { IDLE_HALF, IDLE_TCP, IDLE_CLOSED, IDLE_UDP, IDLE_OTHER, IDLE_COUNT };
enum evict_rank { EVICT_HALF, EVICT_TINY, EVICT_IDLE, EVICT_UPLOADING, EVICT_COUNT };

/* Neighbours in a list, by number in the pool, from 1; 0: none. */
struct link {
	uint32_t prev, next;
};

struct list {
	uint32_t first, last;
};

struct flow_entry {
	struct flow flow;		/* first: the public pointer is this one */
	struct link age;
	uint32_t birth;			/* counts; tells two of the same moment apart */
	uint32_t queued;		/* ticks */
	uint32_t tcp;			/* number of a struct tcp_entry; 0: none */
	uint8_t idle, rank;		/* the list that age is in */
	uint8_t fins;			/* bit per direction */
	bool alive: 1;
	bool client_is_a: 1;
	bool established: 1;		/* TCP: something other than
					 * SYN and RST was seen */
	bool closed_fin: 1, closed_rst: 1;
	bool orphan: 1;			/* crosses since a reload that had no pair for it:
					 * its next packet is another flow's */
	bool portless: 1;		/* TCP, but only a later fragment: no numbers */
};

/* Sequence numbers, by the direction of the data. */
struct tcp_entry {
	struct tcpseq_kept seq[2];
};

/* Where a direction keeps its holes while it has any. */
struct holes {
	struct tcpseq_hole hole[TCPSEQ_HOLES];
};

struct pair_entry {
	struct pair pair;		/* first, as above */
	struct link unused;		/* in flowtab.unused while pair.flows is 0 */
	uint32_t birth;
	uint32_t since;			/* ticks: it has no flow */
};

/* Where the user's room begins, and how much it is. */
#define ROOM(type) ((sizeof(type) + 7) / 8 * 8)

_Static_assert(ROOM(struct flow_entry) == (sizeof(struct flow) + FLOW_KEPT + 7) / 8 * 8 &&
    ROOM(struct pair_entry) == (sizeof(struct pair) + PAIR_KEPT + 7) / 8 * 8,
    "flow_user and pair_user point behind them");

struct flowtab {
	struct flow_options o;
	int64_t now;
	int64_t limit[IDLE_COUNT];
	struct slots flows, pairs;
	struct pool *flow_pool, *pair_pool, *tcp_pool, *hole_pool;
	struct frag *frag;
	struct list list[IDLE_COUNT][EVICT_COUNT];
	struct list unused;		/* pairs without a flow, first come first */
	uint32_t *due;			/* room for every flow, or every pair */
	struct flow_stats stats;
};

static inline struct flow_entry *
flow_at(const struct flowtab *t, uint32_t number)
{
	return slots_object(&t->flows, number);
}

static inline struct pair_entry *
pair_at(const struct flowtab *t, uint32_t number)
{
	return slots_object(&t->pairs, number);
}

static inline struct tcp_entry *
tcp_at(const struct flowtab *t, uint32_t number)
{
	return pool_at(t->tcp_pool, number);
}

static inline struct holes *
holes_at(const struct flowtab *t, uint32_t number)
{
	return pool_at(t->hole_pool, number);
}

uint64_t flow_hash(const struct flowtab *t, const struct flow_key *k);

/* All that live, in order of birth, into t->due. Returns how many. */
size_t flows_gather(struct flowtab *t);
size_t pairs_gather(struct flowtab *t);

/* The list in which it belongs. */
static inline enum idle_class
life_idle(const struct flow_entry *e)
{
	if (e->portless)
		return IDLE_OTHER;
	if (e->flow.proto == IPPROTO_IS_UDP)
		return IDLE_UDP;
	if (e->flow.proto != IPPROTO_IS_TCP)
		return IDLE_OTHER;
	if (e->closed_fin || e->closed_rst)
		return IDLE_CLOSED;
	return e->established ? IDLE_TCP : IDLE_HALF;
}

static inline enum evict_rank
life_rank(const struct flow_entry *e, enum idle_class idle)
{
	const struct flow *f = &e->flow;
	uint64_t there, back;

	if (f->count[0].pkts + f->count[1].pkts <= 1 || idle == IDLE_HALF)
		return EVICT_HALF;
	if (f->up >= 0)
		return flow_true_bytes(&f->count[f->up]) >= UPLOADING ? EVICT_UPLOADING
		    : EVICT_TINY;
	there = flow_true_bytes(&f->count[0]);
	back = flow_true_bytes(&f->count[1]);
	return there >= UPLOADING || back >= UPLOADING ? EVICT_IDLE : EVICT_TINY;
}

/* Puts a new entry in its list, or one that had a packet now where it belongs. */
void life_begin(struct flowtab *t, struct flow_entry *e);
void life_move(struct flowtab *t, struct flow_entry *e);

static inline void
life_touch(struct flowtab *t, struct flow_entry *e)
{
	enum idle_class idle = life_idle(e);

	if (ticks(t->now) - e->queued >= REQUEUE || e->idle != idle ||
	    e->rank != life_rank(e, idle))
		life_move(t, e);
}

/* How it would end now if it were left alone: fin, rst or timeout. */
enum flow_end life_reason(const struct flow_entry *e);

static inline bool
life_due(const struct flowtab *t, const struct flow_entry *e)
{
	return t->now - e->flow.last.ns >= t->limit[e->idle];
}

/* Calls on.end and gives it back. */
void life_end(struct flowtab *t, struct flow_entry *e, enum flow_end why);

/* Ends one flow by the written policy; false when there is none. */
bool life_evict(struct flowtab *t);

/* The pair of these hosts, made when there is none; may evict flows and pairs. */
struct pair_entry *pair_get(struct flowtab *t, const struct addr *inside,
    const struct addr *outside);
void pair_join(struct flowtab *t, struct pair_entry *p);
void pair_leave(struct flowtab *t, struct pair_entry *p);
void pair_end(struct flowtab *t, struct pair_entry *p);

/* A pair can be had without ending a flow. */
bool pair_room(const struct flowtab *t);

/* The direction of f that goes up, -1: neither. */
int8_t flow_up_of(const struct zone *z, const struct flow *f);

/* Never 0, below 2^FLOW_ID_BITS, the same in every run. */
uint64_t flow_id_from(const void *key, size_t len);

#endif
