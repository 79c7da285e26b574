/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * copies: what was counted of packets that may be the tap's copies, and how it is taken
 * back when the tap turns out to duplicate (capture/flow/duplicates.h).
 *
 * The last COPIES_KEPT suspects are remembered with everything their counting added.
 * When the tap turns, those among the last DUPLICATES_WINDOW packets are undone: in
 * flow, pair, T7's questions and T6's open burst to the byte. A meter's windows cannot
 * be undone, nor a burst that is closed: they are thrown away, and both begin anew. That
 * is done at the first turn only: later ones anybody can bring about who sends enough of
 * his own packets twice, and would thereby be rid of what was heard of him. What ended
 * before the turn was told as it was; what was judged before it is told.
 */
#include "classify/observer/state.h"

#include <string.h>

static bool undo(struct observer *o, const struct copy *c, bool anew);

/* The packet that is being counted is a suspect: fill this in on the way. */
void
copies_open(struct observer *o)
{
	struct copies *all = &o->copies;

	all->open = &all->kept[all->n++ % COPIES_KEPT];
	memset(all->open, 0, sizeof(*all->open));
	all->open->number = duplicates_count(o->duplicates);
	all->open->at = o->now;
}

void
copies_close(struct observer *o)
{
	/* No flow took it (a full table): there is nothing to undo. */
	if (o->copies.open != NULL && o->copies.open->trace.id == 0)
		o->copies.n--;
	o->copies.open = NULL;
}

void
copies_take_back(struct observer *o)
{
	struct copies *all = &o->copies;
	uint64_t now = duplicates_count(o->duplicates);
	uint64_t first = all->n > COPIES_KEPT ? all->n - COPIES_KEPT : 0;
	struct duplicates_stats st;

	duplicates_get_stats(o->duplicates, &st);
	for (uint64_t i = first; i < all->n; i++) {
		const struct copy *c = &all->kept[i % COPIES_KEPT];

		if (now - c->number >= DUPLICATES_WINDOW)
			continue;
		if (undo(o, c, st.starts == 1))
			all->taken_back++;
		else
			all->told++;
	}
	all->n = 0;
	if (st.starts == 1)
		tunnels_forget(o, true);
}

static bool
undo(struct observer *o, const struct copy *c, bool anew)
{
	struct flow *f = flowtab_take_back(o->flows, &c->trace);
	struct domain_ext *d;
	struct flow_ext *x;

	if (f == NULL)
		return false;
	x = flow_user(f);
	if (c->asked && (d = table_find(o->domains, &c->domain)) != NULL)
		queries_take_back(&d->q, c->at, c->dns_bytes);
	if (c->socket && anew)
		socket_take_back(o, f, &c->trace);
	if (c->up) {
		uint64_t up = flow_true_bytes(&f->count[c->trace.dir]);

		if (more_of(o, x)->part_up > up)
			more_get(o, x)->part_up = up;
		pieces_take_back(o, f->pair, c->at, c->trace.fresh, anew);
	}
	if (anew && c->meter_serial != 0 && x->meter != NULL &&
	    x->meter->serial == c->meter_serial && x->meter_serial == c->meter_serial) {
		int tr = pair_transport(f->proto);

		meter_take_back(&x->meter->m, c->trace.fresh);
		memset(&x->meter->way, 0, sizeof(x->meter->way));
		x->meter->way.up0 = f->pair->up[tr];
		x->meter->way.down0 = f->pair->down[tr];
	}
	return true;
}
