/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * links: which MACs are routers', and which MAC has an address.
 *
 * A router carries what is not its own: an outside address, or more inside ones within an
 * hour than a host has. IPv6 is counted by /64, since a host draws itself a new address
 * there every day. A MAC of VRRP, HSRP, GLBP or CARP is a router's by its number. What
 * has shown nothing of the kind for a week is a host again: a holiday is shorter for an
 * office, and a router behind which one server is left looks like that server.
 *
 * An address is held by the MAC whose frames bring it. Where these are a router's, by the
 * one a DHCP server gave it to, else the one that claims it by ARP or as an IPv6
 * neighbour. Later proof of the same kind replaces earlier; weaker proof waits until the
 * stronger is over.
 */
#include "classify/endpoint/ends.h"

#include <string.h>

#define ROUTER_WITHIN (3600 * NS_PER_S)
#define ROUTER_FOR (7 * DAY_NS)

/* True: more distinct ones within the hour than there are places for a host. *turn counts
 * those that are new. */
static bool
remember(struct carried *list, size_t n, const struct addr *a, struct pkt_time now,
    uint64_t *turn)
{
	struct carried *place = NULL;
	size_t fresh = 0;

	for (size_t i = 0; i < n; i++) {
		bool old = !list[i].used ||
		    pkt_time_diff(now, list[i].last) > ROUTER_WITHIN;

		if (list[i].used && addr_eq(&list[i].addr, a)) {
			place = &list[i];
			old = false;
			list[i].last = now;
		}
		if (old && (place == NULL || !place->used || !addr_eq(&place->addr, a)))
			place = &list[i];
		fresh += !old;
	}
	if (place == NULL)
		return true;
	if (!place->used || !addr_eq(&place->addr, a)) {
		*place = (struct carried){ *a, now, true };
		fresh++;
		++*turn;
	}
	return fresh >= n;
}

static bool
link_local(const struct addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* It is a router's, now at least. */
static void
routes(struct endpoint *e, struct mac *m)
{
	if (m->routed.ns == 0 || pkt_time_diff(e->now, m->routed) > ROUTER_FOR)
		e->turn++;
	m->routed = e->now;
}

void
carries(struct endpoint *e, uint64_t mac, const struct addr *ip)
{
	struct mac *m;
	struct addr net = *ip;
	bool many;

	if (mac == 0 || addr_is_group(ip) || link_local(ip))
		return;
	m = table_use(e->macs, &mac, NULL);
	if (addr_is_v4(ip)) {
		many = remember(m->v4, ROUTER_V4 + 1, ip, e->now, &e->turn);
	} else {
		memset(net.b + 8, 0, 8);
		many = remember(m->v6, ROUTER_V6 + 1, &net, e->now, &e->turn);
	}
	if (many)
		routes(e, m);
}

void
endpoint_outside(struct endpoint *e, uint64_t mac, struct pkt_time now)
{
	struct mac *m;

	now_is(e, now);
	if (mac == 0)
		return;
	m = table_use(e->macs, &mac, NULL);
	routes(e, m);
}

void
endpoint_inside(struct endpoint *e, const struct addr *ip, uint64_t mac,
    struct pkt_time now)
{
	uint64_t lost;

	now_is(e, now);
	if (met_lately(e, ip, mac) != NULL)
		return;
	carries(e, mac, ip);
	if (!addr_is_group(ip) && usable_mac(e, mac) &&
	    hold(e, ip, mac, HELD_FRAME, HELD_NS, false, &lost) && lost != 0)
		address_left(e, ip, lost, true);
}

void
endpoint_neighbour(struct endpoint *e, const struct addr *ip, uint64_t mac,
    struct pkt_time now)
{
	struct mac *m;
	uint64_t lost;

	now_is(e, now);
	if (mac == 0 || addr_is_group(ip))
		return;
	carries(e, mac, ip);
	m = table_use(e->macs, &mac, NULL);
	/* the first claim stays: a router that answers for others
	 * must not take their names */
	if (!m->has_own) {
		m->has_own = true;
		m->own = *ip;
		e->turn++;
	}
	if (usable_mac(e, mac) && hold(e, ip, mac, HELD_ARP, HELD_NS, false, &lost) &&
	    lost != 0)
		address_left(e, ip, lost, true);
}

void
carried_is_over(struct endpoint *e, uint64_t mac)
{
	struct mac *m = table_find(e->macs, &mac);

	if (m != NULL)
		memset(m->v4, 0, sizeof(m->v4));
	e->turn++;
}

void
endpoint_forget_routers(struct endpoint *e)
{
	for (struct mac *m = table_oldest(e->macs); m != NULL;
	    m = table_next(e->macs, m))
		m->routed.ns = 0;
	e->turn++;
}

/* RFC 9568 (VRRP, also CARP), HSRP 1 and 2 and for IPv6, GLBP: one router after another
 * has it. */
static bool
shared(uint64_t mac)
{
	return mac >> 8 == 0x00005e0001 || mac >> 8 == 0x00005e0002 ||
	    mac >> 8 == 0x00000c07ac ||
	    mac >> 12 == 0x00000c9ff || mac >> 12 == 0x000573a00 ||
	    mac >> 16 == 0x0007b400;
}

bool
endpoint_is_router(const struct endpoint *e, uint64_t mac)
{
	const struct mac *m = mac == 0 ? NULL : table_find(e->macs, &mac);

	if (shared(mac))
		return mac != 0;
	return m != NULL && m->routed.ns != 0 &&
	    pkt_time_diff(e->now, m->routed) <= ROUTER_FOR;
}

bool
usable_mac(const struct endpoint *e, uint64_t mac)
{
	const struct inventory_device *row;

	if (mac == 0 || (mac >> 40 & 0x01) != 0 || endpoint_is_router(e, mac))
		return false;
	row = e->o.inventory == NULL ? NULL : inventory_by_mac(e->o.inventory, mac);
	return row == NULL || !inventory_says_router(row);
}

bool
hold(struct endpoint *e, const struct addr *ip, uint64_t mac, enum held_by how,
    int64_t ns, bool fresh, uint64_t *lost)
{
	bool is_new;
	struct holder *h = table_use(e->holders, ip, &is_new);

	*lost = 0;
	/* what turned out to be a router's never was its own */
	if (!is_new && h->mac != mac && usable_mac(e, h->mac)) {
		if (h->how > how && h->until.ns >= e->now.ns)
			return false;
		*lost = h->mac;
	}
	if (*lost != 0 || (fresh && h->mac != mac)) {
		if (how == HELD_LEASE || h->before != mac)
			h->handed = e->now;
		h->before = *lost;
		h->since = e->now;
	}
	if (is_new || h->mac != mac || how != h->how || h->until.ns < e->now.ns)
		e->turn++;
	if (is_new || h->mac != mac || how >= h->how || h->until.ns < e->now.ns) {
		h->how = how;
		h->until = pkt_time_add(e->now, ns);
	}
	h->mac = mac;
	return true;
}

/* RFC 4291, appendix A: the MAC is in the address. */
static uint64_t
mac_inside(const struct addr *ip)
{
	uint8_t b[6] = { ip->b[8] ^ 0x02, ip->b[9], ip->b[10], ip->b[13], ip->b[14],
		ip->b[15] };

	return addr_is_v4(ip) || ip->b[11] != 0xff || ip->b[12] != 0xfe ||
	    (ip->b[8] & 0x02) == 0 ? 0 : mac_from_bytes(b);
}

uint64_t
holder_of(struct endpoint *e, const struct addr *ip, struct pkt_time then, bool *changed)
{
	const struct holder *h = table_find(e->holders, ip);
	uint64_t mac;

	*changed = h != NULL && h->since.ns != 0;
	if (h == NULL || h->until.ns < e->now.ns)
		mac = mac_inside(ip);
	else
		mac = *changed && then.ns < h->since.ns ? h->before : h->mac;
	return usable_mac(e, mac) ? mac : 0;
}
