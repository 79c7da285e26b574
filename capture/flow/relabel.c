/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relabel: the office's networks are others now. Every live flow is asked anew which way
 * is up; pairs that go from inside to outside no more are let go, and those that do now
 * are made, with what their flows carried so far.
 *
 * All flows of two hosts turn together, because only their addresses decide; so a pair is
 * either kept whole or empty when its turn comes. A flow for which there is no pair to be
 * had is left without one until its next packet, which begins another flow by the usual
 * policy: ending thousands here would hold the packets up.
 */
#include "capture/flow/life.h"

static void
leave_pair(struct flowtab *t, struct flow_entry *e)
{
	struct pair_entry *p = (struct pair_entry *)e->flow.pair;

	e->flow.pair = NULL;
	if (p != NULL)
		pair_leave(t, p);
}

static void
join_pair(struct flowtab *t, struct flow_entry *e)
{
	struct flow *f = &e->flow;
	bool client = f->up == FLOW_TO_SERVER;
	int i = pair_transport(f->proto);
	const struct flow_count *down = &f->count[client ? FLOW_TO_CLIENT : FLOW_TO_SERVER];
	struct pair_entry *p;

	if (!pair_room(t)) {
		f->up = -1;
		e->orphan = true;
		return;
	}
	p = pair_get(t, client ? &f->client : &f->server,
	    client ? &f->server : &f->client);
	f->pair = &p->pair;
	pair_join(t, p);
	/* Only where this made it: a pair is known by its id, and that by its first. */
	if (p->pair.flows_ever == 1 && f->first.ns < p->pair.first.ns)
		p->pair.first = f->first;
	p->pair.up[i] += flow_true_bytes(&f->count[client ? FLOW_TO_SERVER :
	    FLOW_TO_CLIENT]);
	p->pair.down[i] += flow_true_bytes(down);
	if (down->pkts > 0)
		p->pair.came |= (uint8_t)(1U << i);
}

void
flowtab_lend_zone(struct flowtab *t, struct zone zone)
{
	t->o.zone = zone;
}

void
flowtab_relabel(struct flowtab *t, struct zone zone)
{
	size_t n = flows_gather(t);

	t->o.zone = zone;
	for (size_t i = 0; i < n; i++) {
		struct flow_entry *e = flow_at(t, t->due[i]);
		int8_t up = flow_up_of(&zone, &e->flow);

		e->orphan = false;
		if (up == e->flow.up)
			continue;
		leave_pair(t, e);
		e->flow.up = up;
		if (t->o.on.turned != NULL)
			t->o.on.turned(t->o.on.arg, &e->flow);
	}
	n = pairs_gather(t);
	for (size_t i = 0; i < n; i++) {
		struct pair_entry *p = pair_at(t, t->due[i]);

		if (p->pair.flows == 0 && (!zone_inside(&zone, &p->pair.inside) ||
		    zone_inside(&zone, &p->pair.outside)))
			pair_end(t, p);
	}
	n = flows_gather(t);
	for (size_t i = 0; i < n; i++) {
		struct flow_entry *e = flow_at(t, t->due[i]);

		if (e->flow.up >= 0 && e->flow.pair == NULL)
			join_pair(t, e);
	}
}
