/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relabel: a reload. The observer borrows things of the rules (home networks, what is
 * heard by, the inventory, the vendors, the databases of places); here it is given others.
 * Refuses to judge what that means.
 *
 * What is keyed by an inside host is only kept while that host is inside: meters and
 * pairs also while their far end is outside. One walk over each table, no allocation.
 */
#include "classify/observer/state.h"

#include <string.h>

static bool home_same(const struct prefix_set *a, const struct prefix_set *b);
static void forget_tables(struct observer *o);
static void outside_again(void *arg, struct flow *f);

void
observer_flush(struct observer *o)
{
	records_flush(o);
}

void
observer_relabel(struct observer *o, struct zone zone, const struct hearing *hearing,
    const struct inventory *inventory, const struct vendors *vendors,
    const struct place_file *asn, const struct place_file *country)
{
	bool moved = !home_same(&o->o.zone.home, &zone.home);

	o->o.hearing = hearing;
	o->o.inventory = inventory;
	o->o.vendors = vendors;
	o->o.asn = asn;
	o->o.country = country;
	memset(o->place, 0, sizeof(o->place));
	o->o.zone = zone;
	endpoint_set_inventory(o->endpoint, inventory, vendors);
	if (!moved) {
		flowtab_lend_zone(o->flows, zone);
		return;
	}
	flowtab_relabel(o->flows, zone);
	forget_tables(o);
	/* Who carried what was outside then may not be a router now; who does now, is. */
	endpoint_forget_routers(o->endpoint);
	flowtab_each(o->flows, outside_again, o);
}

/* Another direction is up. Its meter, of a pair that crosses no more, goes in
 * forget_tables. */
void
observer_turned(void *arg, struct flow *f)
{
	struct flow_ext *x = flow_user(f);

	name_drop(arg, &x->dns);
	x->looked_up = false;
	x->turned = true;
	x->socket = NULL;
	if (x->more != 0 || (f->up >= 0 && flow_true_bytes(&f->count[f->up]) > 0))
		more_get(arg, x)->part_up = f->up < 0 ? 0 :
		    flow_true_bytes(&f->count[f->up]);
}

static bool
home_same(const struct prefix_set *a, const struct prefix_set *b)
{
	/* A prefix is bytes without padding. */
	return a->n == b->n && memcmp(a->p, b->p, a->n * sizeof(*a->p)) == 0;
}

static void
forget_tables(struct observer *o)
{
	const struct zone *z = &o->o.zone;
	void *at, *next;

	/* What may be a copy was counted in pairs and meters that are no more. */
	o->copies.n = 0;
	for (at = table_oldest(o->meters); at != NULL; at = next) {
		const struct meter_key *k = table_key(at);

		next = table_next(o->meters, at);
		if (zone_inside(z, &k->inside) && !zone_inside(z, &k->outside))
			continue;
		((struct meter_ext *)at)->serial = 0;
		table_remove(o->meters, at);
	}
	tunnels_forget(o, false);
	for (at = table_oldest(o->sockets); at != NULL; at = next) {
		const struct socket_key *k = table_key(at);

		next = table_next(o->sockets, at);
		if (zone_inside(z, &k->inside))
			continue;
		((struct socket_ext *)at)->serial = 0;
		table_remove(o->sockets, at);
	}
	for (at = table_oldest(o->hosts); at != NULL; at = next) {
		next = table_next(o->hosts, at);
		if (zone_inside(z, table_key(at)))
			continue;
		name_drop(o, &((struct host_ext *)at)->domain);
		table_remove(o->hosts, at);
	}
	for (at = table_oldest(o->owners); at != NULL; at = next) {
		const struct owner_key *k = table_key(at);
		uint32_t id = k->name;

		next = table_next(o->owners, at);
		if (zone_inside(z, &k->inside) &&
		    !zone_inside(z, &((struct owner_ext *)at)->last))
			continue;
		table_remove(o->owners, at);
		name_drop(o, &id);
	}
	for (at = table_oldest(o->domains); at != NULL; at = next) {
		const struct domain_key *k = table_key(at);
		uint32_t id = k->domain;

		next = table_next(o->domains, at);
		if (zone_inside(z, &k->inside))
			continue;
		table_remove(o->domains, at);
		name_drop(o, &id);
	}
}

/* Frames that come down were brought by a router. */
static void
outside_again(void *arg, struct flow *f)
{
	struct observer *o = arg;
	enum flow_dir down = f->up == FLOW_TO_SERVER ? FLOW_TO_CLIENT : FLOW_TO_SERVER;

	if (f->up >= 0 && flow_mac(f, down) != 0)
		endpoint_outside(o->endpoint, flow_mac(f, down), o->now);
}
