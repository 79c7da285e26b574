/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * life: what a flow and a pair are inside the table, and the lists they age in. Private
 * to this room.
 *
 * A flow is in one of twenty lists, one for each idle limit and each rank of eviction,
 * oldest first. It goes to the end of its list when the list changes or a second has
 * passed since it last went, not at every packet: a packet of a busy flow touches no
 * neighbour. So a list is ordered by `queued`, and the last packet is within [queued,
 * queued + REQUEUE): what is due lies at its head, at most a second's flows deep.
 */
#ifndef CAPTURE_FLOW_LIFE_H
#define CAPTURE_FLOW_LIFE_H

#include "capture/base/pool.h"
#include "capture/flow/flow.h"
#include "capture/flow/frag.h"
#include "capture/flow/slots.h"
#include "capture/flow/tcpseq.h"

#define REQUEUE NS_PER_S
#define TIME_LAST (INT64_MAX / 4)	/* sums and differences of such times fit */
#define UPLOADING 4096	/* bytes; what the header calls 4 kB */

enum idle_class { IDLE_HALF, IDLE_TCP, IDLE_CLOSED, IDLE_UDP, IDLE_OTHER, IDLE_COUNT };
enum evict_rank { EVICT_HALF, EVICT_TINY, EVICT_IDLE, EVICT_UPLOADING, EVICT_COUNT };

/* A ring with its head in it. */
struct link {
	struct link *prev, *next;
};

struct flow_entry {
	struct flow flow;		/* first: the public pointer is this one */
	uint64_t hash, birth;
	int64_t queued;
	struct link age, born;
	uint8_t idle, rank;		/* the list that age is in */
	uint8_t fins;			/* bit per direction */
	bool client_is_a;
	bool established;		/* TCP: something other than
					 * SYN and RST was seen */
	bool closed_fin, closed_rst;
	bool orphan;			/* crosses since a reload that had no pair for it:
					 * its next packet is another flow's */
	bool portless;			/* TCP, but only a later fragment: no numbers */
	struct tcpseq seq[2];		/* by the direction of the data */
};

struct pair_entry {
	struct pair pair;		/* first, as above */
	uint64_t hash, birth;
	int64_t queued;
	struct link age, born;
	struct link unused;		/* in flowtab.unused while pair.flows is 0 */
};

#define ROOM(type) ((sizeof(type) + 15) / 16 * 16)	/* where the user's room begins */

struct flowtab {
	struct flow_options o;
	int64_t now;
	int64_t limit[IDLE_COUNT];
	struct slots flows, pairs;
	struct pool *flow_pool, *pair_pool;
	struct frag *frag;
	struct link list[IDLE_COUNT][EVICT_COUNT];
	struct link flow_born, pair_born, pair_age;
	struct link unused;		/* pairs without a flow, first come first */
	void **due;			/* room for every flow, or every pair */
	struct flow_stats stats;
};

#define flow_of(link, member) \
	((struct flow_entry *)(void *)((char *)(link) - \
	    offsetof(struct flow_entry, member)))
#define pair_of(link, member) \
	((struct pair_entry *)(void *)((char *)(link) - \
	    offsetof(struct pair_entry, member)))

static inline void
link_init(struct link *l)
{
	l->prev = l->next = l;
}

static inline void
link_append(struct link *head, struct link *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

static inline void
link_drop(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
}

/* Puts a new entry in its list, or one that had a packet now where it belongs. */
void life_begin(struct flowtab *t, struct flow_entry *e);
void life_touch(struct flowtab *t, struct flow_entry *e);

/* How it would end now if it were left alone: fin, rst or timeout. */
enum flow_end life_reason(const struct flow_entry *e);
bool life_due(const struct flowtab *t, const struct flow_entry *e);

/* Calls on.end and gives it back. */
void life_end(struct flowtab *t, struct flow_entry *e, enum flow_end why);

/* Ends one flow by the written policy; false when there is none. */
bool life_evict(struct flowtab *t);

/* The pair of these hosts, made when there is none; may evict flows and pairs. */
struct pair_entry *pair_get(struct flowtab *t, const struct addr *inside,
    const struct addr *outside);
void pair_join(struct pair_entry *p);
void pair_touch(struct flowtab *t, struct pair_entry *p);
void pair_end(struct flowtab *t, struct pair_entry *p);

/* A pair can be had without ending a flow. */
bool pair_room(const struct flowtab *t);

/* The direction of f that goes up, -1: neither. */
int8_t flow_up_of(const struct zone *z, const struct flow *f);

/* Never 0, below 2^FLOW_ID_BITS, the same in every run. */
uint64_t flow_id_of(const void *key, size_t len);

#endif
