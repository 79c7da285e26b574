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
	near_range(m, sizeof(*m));
}

void
observer_first(struct observer *o, const struct frame *f)
{
	static const struct siphash_key fixed = { UINT64_C(0x636f706965732d6f),
		UINT64_C(0x662d612d66696c65) };
	struct siphash_key key = { siphash13(&fixed, f->bytes, f->cap),
		(uint64_t)f->time.ns };

	key.k1 = siphash13(&fixed, &key, sizeof(key));
	duplicates_key(o->duplicates, &key);
}

void
observer_glance(const struct observer *o, const struct packet *pkt,
    struct observer_glance *out)
{
	if (pkt->class != PACKET_FLOW)
		return;
	duplicates_ahead(o->duplicates, pkt, &out->look);
	flowtab_ahead(o->flows, pkt, &out->flow);
}

void
observer_ahead(struct observer *o, const struct packet *pkt,
    const struct observer_glance *glance, size_t n)
{
	struct flow *flow[OBSERVER_AHEAD] = { NULL };

	if (n > OBSERVER_AHEAD)
		n = OBSERVER_AHEAD;
	o->ahead = (struct ahead){ pkt, glance, n };
	if (n < 2)
		return;			/* its turn is now */
	for (size_t i = 0; i < n; i++) {
		if (pkt[i].class != PACKET_FLOW)
			continue;
		duplicates_near(o->duplicates, &glance[i].look);
		flowtab_ahead_near(o->flows, &glance[i].flow);
	}
	for (size_t i = 0; i < n; i++) {
		if (pkt[i].class != PACKET_FLOW)
			continue;
		flow[i] = flowtab_ahead_flow(o->flows, &glance[i].flow);
		if (flow[i] != NULL)
			near_flow(flow_user(flow[i]));
	}
	for (size_t i = 0; i < n; i++) {
		const struct flow_ext *x;

		if (flow[i] == NULL)
			continue;
		flowtab_ahead_pair(o->flows, flow[i]);
		if (flow[i]->pair == NULL)
			continue;
		near_pair(pair_user(flow[i]->pair));
		x = flow_user(flow[i]);
		content_near(o->content, &x->content);
		if (x->meter != NULL) {
			near_meter(&x->meter->m);
			NEAR(&x->meter->flow, x->meter->ordinal);
		}
		if (x->socket != NULL) {
			near_meter(&x->socket->m);
			NEAR(&x->socket->touched, x->socket->serial);
		}
	}
	for (size_t i = 0; i < n; i++)
		if (flow[i] != NULL && flow[i]->pair != NULL)
			pieces_near(o, pair_user(flow[i]->pair));
}
