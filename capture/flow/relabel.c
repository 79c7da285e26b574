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
	if (p != NULL && --p->pair.flows == 0)
		link_append(&t->unused, &p->unused);
}

static void
add_counts(struct flow_count *to, const struct flow_count *c)
{
	to->captured += c->captured;
	to->gaps += c->gaps;
	to->retrans += c->retrans;
	to->wire += c->wire;
	to->pkts += c->pkts;
	to->data_pkts += c->data_pkts;
}

static void
join_pair(struct flowtab *t, struct flow_entry *e)
{
	struct flow *f = &e->flow;
	bool client = f->up == FLOW_TO_SERVER;
	int i = pair_transport(f->key.proto);
	struct pair_entry *p;

	if (!pair_room(t)) {
		f->up = -1;
		e->orphan = true;
		return;
	}
	p = pair_get(t, client ? &f->client : &f->server,
	    client ? &f->server : &f->client);
	f->pair = &p->pair;
	pair_join(p);
	if (f->first.ns < p->pair.first.ns)
		p->pair.first = f->first;
	add_counts(&p->pair.up[i], &f->count[client ? FLOW_TO_SERVER : FLOW_TO_CLIENT]);
	add_counts(&p->pair.down[i], &f->count[client ? FLOW_TO_CLIENT : FLOW_TO_SERVER]);
}

void
flowtab_lend_zone(struct flowtab *t, struct zone zone)
{
	t->o.zone = zone;
}

void
flowtab_relabel(struct flowtab *t, struct zone zone)
{
	struct link *l, *next;

	t->o.zone = zone;
	for (l = t->flow_born.next; l != &t->flow_born; l = l->next) {
		struct flow_entry *e = flow_of(l, born);
		int8_t up = flow_up_of(&zone, &e->flow);

		e->orphan = false;
		if (up == e->flow.up)
			continue;
		leave_pair(t, e);
		e->flow.up = up;
		if (t->o.on.turned != NULL)
			t->o.on.turned(t->o.on.arg, &e->flow);
	}
	for (l = t->pair_born.next; l != &t->pair_born; l = next) {
		struct pair_entry *p = pair_of(l, born);

		next = l->next;
		if (p->pair.flows == 0 && (!zone_inside(&zone, &p->pair.inside) ||
		    zone_inside(&zone, &p->pair.outside)))
			pair_end(t, p);
	}
	for (l = t->flow_born.next; l != &t->flow_born; l = l->next) {
		struct flow_entry *e = flow_of(l, born);

		if (e->flow.up >= 0 && e->flow.pair == NULL)
			join_pair(t, e);
	}
}
