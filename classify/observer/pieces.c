/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pieces: T6's bursts, of a pair of hosts and of a device with all addresses of an owner.
 *
 * A recorder that hands its pieces to four addresses in turn has a quarter of the pace on
 * each. What belongs together is told by the name: its registrable domain; addresses that
 * have no name belong together when they lie in one network (/24, IPv6 /48), as those of
 * a delivery network do. An owner is judged only while its bursts come from more than one
 * address: else the pair has said it all.
 */
#include "classify/observer/state.h"

#include <string.h>

#define MOVES_SEEN ((1u << BURSTS_KEPT) - 1)

static bool owner_of(struct observer *o, struct pair *p, struct owner_key *k);
static void owner_burst(struct observer *o, struct pair *p, const struct burst *one);
static void tell(struct observer *o, struct pair *p, const struct bursts *b,
    enum scope_word scope);

/* Closes the burst that is open when its silence is over, and judges. */
void
pieces_step(struct observer *o, struct pair *p, struct pkt_time now)
{
	struct pair_ext *px = pair_user(p);
	uint64_t down = 0;
	struct burst one;

	if (!bursts_due(&px->bursts, o->o.hearing, now))
		return;
	for (int i = 0; i < 3; i++)
		down += flow_true_bytes(&p->down[i]);
	bursts_received(&px->bursts, down, p->flows_ever);
	if (!bursts_take(&px->bursts, o->o.hearing, now, &one))
		return;
	if (bursts_closed(&px->bursts, o->o.hearing, &one))
		tell(o, p, &px->bursts, SCOPE_PAIR);
	owner_burst(o, p, &one);
}

void
owner_forgotten(void *arg, const void *key, void *value)
{
	uint32_t id = ((const struct owner_key *)key)->name;

	(void)value;
	name_drop(arg, &id);
}

static void
owner_burst(struct observer *o, struct pair *p, const struct burst *one)
{
	struct owner_key k;
	struct owner_ext *w;
	bool is_new;

	if (one->bytes < o->o.hearing->burst_least || !owner_of(o, p, &k))
		return;
	w = table_use(o->owners, &k, &is_new);
	if (is_new)
		intern_hold(o->strings, k.name);
	else
		w->moved = (uint16_t)(w->moved << 1 | !addr_eq(&w->last, &p->outside));
	w->last = p->outside;
	if (bursts_closed(&w->bursts, o->o.hearing, one) && (w->moved & MOVES_SEEN) != 0)
		tell(o, p, &w->bursts, SCOPE_OWNER);
}

/* False: nothing but itself. */
static bool
owner_of(struct observer *o, struct pair *p, struct owner_key *k)
{
	const struct pair_ext *px = pair_user(p);
	uint32_t id = px->logical != 0 ? px->logical : px->name != 0 ? px->name : px->dns;
	struct span domain = registrable_domain(intern_get(o->strings, id));
	char copy[INTERN_MAX];
	size_t bits = addr_is_v4(&p->outside) ? 120 : 48;

	memset(k, 0, sizeof(*k));
	k->inside = p->inside;
	if (domain.left == 0) {
		memcpy(k->network.b, p->outside.b, bits / 8);
		return true;
	}
	if (domain.left > sizeof(copy))
		return false;
	/* The span lies in the table that intern_put may move things in. */
	memcpy(copy, domain.at, domain.left);
	k->name = intern_put(o->strings, copy, domain.left);
	return k->name != 0;
}

static void
tell(struct observer *o, struct pair *p, const struct bursts *b, enum scope_word scope)
{
	struct pair_ext *px = pair_user(p);
	struct observation *r;
	uint64_t up = 0, down = 0;
	bool way;

	/* At the end of the input the step is ahead of packet time; the record is not. */
	r = record_new(o, OBSERVATION_WINDOW, o->now, o->ordinal);
	record_pair(o, r, p);
	OBSERVATION_SET(r, scope, (uint16_t)scope);
	text_observe(&px->text, o->o.hearing, r);
	for (int i = 0; i < 3; i++) {
		up += flow_true_bytes(&p->up[i]);
		down += flow_true_bytes(&p->down[i]);
	}
	way = (r->seen & SEEN_HALF) == 0 || down > 0;
	if (up > 0 && way)
		OBSERVATION_SET(r, way_bytes, (double)down / (double)up);
	bursts_observe(b, o->o.hearing, way, r);
}
