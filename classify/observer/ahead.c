/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ahead: brings near the processor what the packets that come next will touch.
 *
 * A packet of one of ten thousand flows finds its flow, its pair and its meters in memory,
 * not in a cache: each line takes a hundred nanoseconds, and most are found only through
 * the one before. So for all of a batch the first line is asked for, then through these the
 * second, and so on: the waits of a batch overlap (Chen et al., Improving hash join
 * performance through prefetching, ICDE 2004: group prefetching).
 *
 * Reads, and changes nothing but its own notes: a flow that ends, or a table that moves on
 * before its packet is counted, costs the hint and nothing else.
 */
#include "capture/base/near.h"
#include "classify/observer/state.h"

/* What a packet of a flow that is known touches of it. */
static void
near_flow(const struct flow_ext *x)
{
	near_range(x, sizeof(*x));
}

static void
near_pair(const struct pair_ext *px)
{
	near_range(px, sizeof(*px));
}

static void
near_meter(const struct meter *m)
{
	NEAR(m, m->second[0]);
	NEAR(m->re, *(m + 1));
}

void
observer_ahead(struct observer *o, const struct packet *pkt, size_t n)
{
	struct ahead *a = &o->ahead;
	struct flow *flow[OBSERVER_AHEAD];

	a->n = a->next = 0;
	for (size_t i = 0; i < n && a->n < OBSERVER_AHEAD; i++) {
		struct ahead_one *one = &a->one[a->n];

		if (pkt[i].class != PACKET_FLOW)
			continue;
		a->n++;
		one->pkt = &pkt[i];
		duplicates_ahead(o->duplicates, &pkt[i], &one->look);
		flowtab_ahead(o->flows, &pkt[i], &one->flow);
	}
	for (unsigned i = 0; i < a->n; i++) {
		flow[i] = flowtab_ahead_flow(o->flows, &a->one[i].flow);
		if (flow[i] != NULL)
			near_flow(flow_user(flow[i]));
	}
	for (unsigned i = 0; i < a->n; i++) {
		const struct flow_ext *x;

		if (flow[i] == NULL)
			continue;
		flowtab_ahead_pair(o->flows, flow[i]);
		if (flow[i]->pair == NULL)
			continue;
		near_pair(pair_user(flow[i]->pair));
		x = flow_user(flow[i]);
		if (x->meter != NULL) {
			near_meter(&x->meter->m);
			NEAR(&x->meter->flow, x->meter->ordinal);
		}
		if (x->socket != NULL) {
			near_meter(&x->socket->m);
			NEAR(&x->socket->touched, x->socket->serial);
		}
	}
	for (unsigned i = 0; i < a->n; i++)
		if (flow[i] != NULL && flow[i]->pair != NULL)
			pieces_near(o, pair_user(flow[i]->pair));
}

const struct ahead_one *
ahead_of(struct observer *o, const struct packet *pkt)
{
	struct ahead *a = &o->ahead;

	/* Those between were not counted: own connections. */
	for (unsigned i = a->next; i < a->n; i++) {
		if (a->one[i].pkt == pkt) {
			a->next = i + 1;
			return &a->one[i];
		}
	}
	return NULL;
}
