/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * phones: what DHCP says of a device, and a device that draws itself another MAC.
 *
 * Whoever joins a network says by DHCP what it is called and, in option 55, what it asks
 * for and in which order, which tells one system from another; some also say an
 * identifier that is made once and kept. That is its face. A random MAC that shows the
 * face of another MAC is the same device, and keeps the first one's key, sums and row in
 * the inventory. The other must be gone: a device that opens a flow from its old MAC
 * without having asked anew is there beside the new one, so they are two, and the face
 * tells nothing from then on (phones of one maker, all called "phone").
 *
 * A face can be copied, as a MAC can. What is followed is told with both MACs.
 */
#include "classify/endpoint/ends.h"

#include <string.h>

#define SETTLE (2 * NS_PER_S)	/* what the old card sent last may be seen late */
#define LOOKING (60 * NS_PER_S)	/* from asking for any address to getting one */
#define LEASE_MOST (30 * DAY_NS)
#define LEASE_LEAST (3600 * NS_PER_S)

static const struct siphash_key face_key = { 0x6661636520736179, 0x732069742069736d };

uint64_t
home_of(const struct endpoint *e, uint64_t mac)
{
	const struct mac *m = mac == 0 ? NULL : table_find(e->macs, &mac);

	return m == NULL || m->home == 0 ? mac : m->home;
}

static uint64_t
face_of(const struct lease *l, struct span name)
{
	struct {
		uint64_t print;
		uint8_t name[INTERN_MAX + 1];
	} b;
	size_t n = name.left < INTERN_MAX ? name.left : INTERN_MAX;

	if (l->id != 0)
		return l->id;
	if (name.left == 0 || l->print == 0)
		return 0;
	memset(&b, 0, sizeof(b));
	b.print = l->print;
	for (size_t i = 0; i < n; i++)
		b.name[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ?
		    (uint8_t)(name.at[i] + 32) : name.at[i];
	return siphash13(&face_key, &b, sizeof(b.print) + n) | 1;
}

static void
follow(struct endpoint *e, uint64_t mac, const struct lease *l)
{
	uint64_t key = face_of(l, intern_get(e->o.strings, l->name));
	bool is_new;
	struct face *f;
	struct mac *m;

	if (key == 0 || !usable_mac(e, mac))
		return;
	m = table_use(e->macs, &mac, NULL);
	m->face = key;
	f = table_use(e->faces, &key, &is_new);
	if (is_new) {
		f->mac = mac;
		f->home = m->home == 0 ? mac : m->home;
	}
	if (f->mac == mac || f->two)
		return;
	if (mac != f->home && m->home != f->home) {
		/* a card with a number of its own is another card */
		if (!mac_is_random(mac))
			return;
		m->home = f->home;
		m->tell = true;
		e->followed++;
	}
	f->mac = mac;
	f->changed = e->now;
}

static void
string_set(struct endpoint *e, uint32_t *id, struct span s)
{
	uint32_t fresh;

	if (s.left == 0)
		return;
	fresh = text_id(e, s.at, s.left);
	intern_drop(e->o.strings, *id);
	*id = fresh;
}

void
endpoint_dhcp(struct endpoint *e, const struct dhcp_message *d, uint64_t frame,
    struct pkt_time now)
{
	struct lease *l;
	uint64_t lost;
	int64_t ns = (int64_t)d->seconds * NS_PER_S;
	uint32_t name, system;

	now_is(e, now);
	e->turn++;
	if (d->mac == 0 || (d->mac >> 40 & 0x01) != 0)
		return;
	/* who speaks for another card, and is no relay, speaks for himself */
	if (d->word != DHCP_GIVES && !d->relayed && frame != 0 && frame != d->mac &&
	    !endpoint_is_router(e, frame)) {
		e->refused++;
		return;
	}
	l = table_use(e->leases, &d->mac, NULL);
	if (d->word == DHCP_GIVES) {
		bool looked = l->looking.ns != 0 && !d->again &&
		    pkt_time_diff(e->now, l->looking) <= LOOKING;

		if (!d->relayed)
			carried_is_over(e, d->mac);
		ns = ns == 0 ? DAY_NS : ns < LEASE_LEAST ? LEASE_LEAST :
		    ns > LEASE_MOST ? LEASE_MOST : ns;
		if (hold(e, &d->addr, d->mac, HELD_LEASE, ns, looked, &lost) &&
		    (lost != 0 || looked))
			address_left(e, &d->addr, lost, true);
		return;
	}
	if (d->word == DHCP_ENDS) {
		struct holder *h = table_find(e->holders, &d->addr);

		if (h != NULL && h->mac == d->mac && h->how == HELD_LEASE)
			h->until.ns = 0;
		return;
	}
	if (d->looking)
		l->looking = e->now;
	name = l->name;
	system = l->system;
	string_set(e, &l->name, d->name);
	string_set(e, &l->system, d->system);
	if (d->print != 0)
		l->print = d->print;
	if (d->id != 0)
		l->id = d->id;
	follow(e, d->mac, l);
	if (name != l->name || system != l->system)
		relabel(e, home_of(e, d->mac));
}

/* It opened a flow, and not to ask for an address. */
void
endpoint_speaks(struct endpoint *e, uint64_t mac, struct pkt_time now)
{
	struct mac *m, *other;
	struct face *f;

	now_is(e, now);
	if (table_used(e->faces) == 0)
		return;
	m = mac == 0 ? NULL : table_find(e->macs, &mac);
	f = m == NULL || m->face == 0 ? NULL : table_find(e->faces, &m->face);
	if (f == NULL || f->two || f->mac == mac || home_of(e, mac) != f->home ||
	    pkt_time_diff(e->now, f->changed) <= SETTLE)
		return;
	other = table_find(e->macs, &f->mac);
	f->two = true;
	e->parted++;
	e->turn++;
	/* the one that came later goes by its own MAC; when that is the first one's
	 * again, the one that speaks does */
	if (other != NULL && other->home != 0)
		other->home = 0;
	else
		m->home = 0;
}
