/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoint: bounded tables. `macs` tells routers from hosts, `addrs` remembers the
 * MAC behind an address, `handles` what a MAC or an address is labelled with, `names`
 * what DNS said, `asked` what it said to whom, `dests` who talked to a destination. Strings are ids of the lent intern
 * table, held while a table names them.
 *
 * A handle is the MAC where one was seen and is no router's, else the address. Its label
 * is made when it is first asked for, and again when the inventory changes, when a name
 * comes by DHCP, and when a device not in the inventory turns up
 * under an address that is.
 */
#define _GNU_SOURCE	/* strcasestr */
#include "classify/endpoint/endpoint.h"

#include "capture/base/intern.h"
#include "capture/base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES 16384
#define NAMES 65536
#define DESTS 65536
#define ROUTER_WITHIN (3600 * NS_PER_S)
#define ROUTER_V4 4		/* a host has a few addresses,
				 * a router has more than this */
#define ROUTER_V6 3		/* global, unique local, an old prefix:
				 * not yet a router */
#define NAME_LEAST 3600		/* s; programs keep an address longer than its TTL */
#define NAME_MOST 86400		/* s; and by then it may be another's */
#define DEVICES_EXACT 16
#define SKETCH_BITS 512		/* linear counting: 2 % at 100 devices, full near 2,500 */

struct carried {
	struct addr addr;
	struct pkt_time last;
	bool used;
};

struct mac {
	bool router;
	bool has_own;
	struct addr own;		/* claimed by ARP */
	struct carried v4[ROUTER_V4 + 1], v6[ROUTER_V6 + 1];
};

struct handle_key {
	uint8_t is_mac, pad[7];
	uint8_t id[16];
};

struct handle {
	struct device dev;
	uint32_t dhcp_name;		/* held */
	uint32_t labelled;		/* generation; 0: never */
	bool listed;			/* the label comes from the inventory */
};

struct asked_key {
	struct addr client, ip;
};

struct named {
	uint32_t name;			/* held */
	struct pkt_time until;
};

struct dest {
	struct pkt_time since;
	uint32_t device[DEVICES_EXACT];
	uint32_t devices, most;
	uint64_t sketch[SKETCH_BITS / 64];
};

struct endpoint {
	struct endpoint_options o;
	struct table *macs, *addrs, *handles, *identities, *names, *asked, *dests;
	uint32_t generation;
};

static void handle_evict(void *arg, const void *key, void *value);
static void id_evict(void *arg, const void *key, void *value);
static void name_evict(void *arg, const void *key, void *value);
static void carries(struct endpoint *e, uint64_t mac, const struct addr *ip,
    struct pkt_time now);
static bool usable_mac(const struct endpoint *e, uint64_t mac);
static struct handle *handle_of(struct endpoint *e, const struct addr *ip, uint64_t mac);
static const struct inventory_device *row_of(const struct endpoint *e,
    const struct addr *ip, uint64_t mac);
static void label(struct endpoint *e, struct handle *h, const struct addr *ip,
    uint64_t mac, const struct inventory_device *row, struct pkt_time now);

static struct table *
make(const struct endpoint *e, size_t key, size_t value, size_t max,
    void (*evict)(void *, const void *, void *), void *arg)
{
	struct table_options t = { .hash = e->o.hash, .key_size = key,
		.value_size = value, .max = max, .evict = evict, .arg = arg };

	return table_create(&t);
}

struct endpoint *
endpoint_create(const struct endpoint_options *o)
{
	struct endpoint *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->o = *o;
	if (e->o.max_devices == 0)
		e->o.max_devices = DEVICES;
	if (e->o.max_names == 0)
		e->o.max_names = NAMES;
	if (e->o.max_dests == 0)
		e->o.max_dests = DESTS;
	e->generation = 1;
	e->macs = make(e, sizeof(uint64_t), sizeof(struct mac), e->o.max_devices, NULL,
	    NULL);
	e->addrs = make(e, sizeof(struct addr), sizeof(uint64_t), e->o.max_devices, NULL,
	    NULL);
	e->handles = make(e, sizeof(struct handle_key), sizeof(struct handle),
	    e->o.max_devices, handle_evict, e);
	e->identities = make(e, sizeof(uint32_t), sizeof(struct pkt_time),
	    e->o.max_devices, id_evict, e);
	e->names = make(e, sizeof(struct addr), sizeof(struct named), e->o.max_names,
	    name_evict, e);
	e->asked = make(e, sizeof(struct asked_key), sizeof(struct named),
	    e->o.max_names, name_evict, e);
	e->dests = make(e, sizeof(uint32_t), sizeof(struct dest), e->o.max_dests,
	    id_evict, e);
	if (e->macs == NULL || e->addrs == NULL || e->handles == NULL ||
	    e->identities == NULL || e->names == NULL || e->asked == NULL ||
	    e->dests == NULL) {
		endpoint_destroy(e);
		return NULL;
	}
	return e;
}

void
endpoint_destroy(struct endpoint *e)
{
	if (e == NULL)
		return;
	table_destroy(e->macs);
	table_destroy(e->addrs);
	table_destroy(e->handles);
	table_destroy(e->identities);
	table_destroy(e->names);
	table_destroy(e->asked);
	table_destroy(e->dests);
	free(e);
}

void
endpoint_set_inventory(struct endpoint *e, const struct inventory *inventory,
    const struct vendors *vendors)
{
	e->o.vendors = vendors;
	e->o.inventory = inventory;
	if (++e->generation == 0)
		e->generation = 1;
}

void
endpoint_forget_routers(struct endpoint *e)
{
	for (struct mac *m = table_oldest(e->macs); m != NULL;
	    m = table_next(e->macs, m))
		m->router = false;
}

/* ---- strings ---- */

static uint32_t
text_id(struct endpoint *e, const void *text, size_t n)
{
	uint32_t id = intern_put(e->o.strings, text, n);

	intern_hold(e->o.strings, id);
	return id;
}

static void
let_labels_go(struct endpoint *e, struct device *d)
{
	intern_drop(e->o.strings, d->key);
	intern_drop(e->o.strings, d->name);
	intern_drop(e->o.strings, d->owner);
	intern_drop(e->o.strings, d->role);
	intern_drop(e->o.strings, d->room);
	intern_drop(e->o.strings, d->vendor);
	d->key = d->name = d->owner = d->role = d->room = d->vendor = 0;
}

static void
handle_evict(void *arg, const void *key, void *value)
{
	struct endpoint *e = arg;
	struct handle *h = value;

	(void)key;
	let_labels_go(e, &h->dev);
	intern_drop(e->o.strings, h->dev.was);
	intern_drop(e->o.strings, h->dhcp_name);
}

/* Tables whose key is a held id. */
static void
id_evict(void *arg, const void *key, void *value)
{
	struct endpoint *e = arg;
	uint32_t id;

	(void)value;
	memcpy(&id, key, sizeof(id));
	intern_drop(e->o.strings, id);
}

static void
name_evict(void *arg, const void *key, void *value)
{
	struct endpoint *e = arg;

	(void)key;
	intern_drop(e->o.strings, ((struct named *)value)->name);
}

/* ---- routers ---- */

/* True: more distinct ones within the hour than there are places for a host. */
static bool
remember(struct carried *list, size_t n, const struct addr *a, struct pkt_time now)
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
	}
	return fresh >= n;
}

static bool
link_local(const struct addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

static void
carries(struct endpoint *e, uint64_t mac, const struct addr *ip, struct pkt_time now)
{
	struct mac *m;
	struct addr net = *ip;

	if (mac == 0)
		return;
	m = table_use(e->macs, &mac, NULL);
	if (m->router || addr_is_group(ip) || link_local(ip))
		return;
	if (addr_is_v4(ip)) {
		m->router = remember(m->v4, ROUTER_V4 + 1, ip, now);
	} else {
		memset(net.b + 8, 0, 8);
		m->router = remember(m->v6, ROUTER_V6 + 1, &net, now);
	}
}

void
endpoint_outside(struct endpoint *e, uint64_t mac, struct pkt_time now)
{
	struct mac *m;

	(void)now;
	if (mac == 0)
		return;
	m = table_use(e->macs, &mac, NULL);
	m->router = true;
}

void
endpoint_arp(struct endpoint *e, const struct addr *ip, uint64_t mac, struct pkt_time now)
{
	struct mac *m;

	(void)now;
	if (mac == 0 || addr_is_group(ip))
		return;
	m = table_use(e->macs, &mac, NULL);
	/* the first claim stays: a router that answers for others
	 * must not take their names */
	if (!m->has_own) {
		m->has_own = true;
		m->own = *ip;
	}
}

bool
endpoint_is_router(const struct endpoint *e, uint64_t mac)
{
	const struct mac *m = mac == 0 ? NULL : table_find(e->macs, &mac);

	return m != NULL && m->router;
}

static bool
usable_mac(const struct endpoint *e, uint64_t mac)
{
	return mac != 0 && !endpoint_is_router(e, mac);
}

/* ---- devices ---- */

static struct handle *
handle_of(struct endpoint *e, const struct addr *ip, uint64_t mac)
{
	struct handle_key k;

	memset(&k, 0, sizeof(k));
	if (mac != 0) {
		k.is_mac = 1;
		memcpy(k.id, &mac, sizeof(mac));
	} else {
		memcpy(k.id, ip->b, sizeof(k.id));
	}
	return table_use(e->handles, &k, NULL);
}

static bool
says_router(const struct inventory_device *row)
{
	return strcasestr(row->role, "router") != NULL ||
	    strcasestr(row->role, "gateway") != NULL ||
	    strcasestr(row->role, "firewall") != NULL;
}

/* mac: as seen on the wire, a router's too. */
static const struct inventory_device *
row_of(const struct endpoint *e, const struct addr *ip, uint64_t mac)
{
	const struct inventory *inv = e->o.inventory;
	const struct inventory_device *row;
	const struct mac *m;
	bool router = endpoint_is_router(e, mac);

	if (inv == NULL)
		return NULL;
	row = mac == 0 ? NULL : inventory_by_mac(inv, mac);
	if (row != NULL && !router && !says_router(row))
		return row;
	if (row != NULL) {
		if (row->has_ip && addr_eq(&row->ip, ip))
			return row;
		m = table_find(e->macs, &mac);
		if (m != NULL && m->has_own && addr_eq(&m->own, ip))
			return row;
		router = true;
	}
	row = inventory_by_ip(inv, ip);
	/* an address that another device has now is not that of the inventory's */
	if (row != NULL && row->mac != 0 && mac != 0 && row->mac != mac && !router)
		return NULL;
	return row;
}

const struct device *
endpoint_device(struct endpoint *e, const struct addr *ip, uint64_t mac,
    struct pkt_time now)
{
	const struct inventory_device *row;
	struct handle *h;
	uint64_t *known, seen;

	carries(e, mac, ip, now);
	if (mac != 0) {
		known = table_use(e->addrs, ip, NULL);
		*known = mac;
	} else {
		known = table_find(e->addrs, ip);
		mac = known == NULL ? 0 : *known;
	}
	seen = mac;
	row = row_of(e, ip, seen);
	if (mac != 0 && e->o.inventory != NULL) {
		const struct inventory_device *own = inventory_by_mac(e->o.inventory,
		    mac);

		if (own != NULL && says_router(own))
			mac = 0;
	}
	if (!usable_mac(e, mac))
		mac = 0;
	h = handle_of(e, ip, mac);
	h->dev.is_new = false;
	intern_drop(e->o.strings, h->dev.was);
	h->dev.was = 0;
	if (h->labelled != e->generation || (row != NULL && !h->listed))
		label(e, h, ip, mac, row, now);
	return &h->dev;
}

static void
label(struct endpoint *e, struct handle *h, const struct addr *ip, uint64_t mac,
    const struct inventory_device *row, struct pkt_time now)
{
	struct device *d = &h->dev, old = h->dev;
	char text[ADDR_TEXT];
	struct pkt_time *since;
	const char *vendor = mac == 0 ? NULL : vendors_find(e->o.vendors, mac);
	bool is_new;

	d->key = d->name = d->owner = d->role = d->room = d->vendor = 0;
	d->mac = mac;
	if (vendor != NULL)
		d->vendor = text_id(e, vendor, strlen(vendor));
	d->known_valid = e->o.inventory != NULL;
	d->known = row != NULL;
	h->listed = row != NULL;
	h->labelled = e->generation;
	if (row != NULL) {
		d->key = text_id(e, row->id, strlen(row->id));
		d->name = text_id(e, row->name, strlen(row->name));
		d->owner = text_id(e, row->owner, strlen(row->owner));
		d->role = text_id(e, row->role, strlen(row->role));
		d->room = text_id(e, row->room, strlen(row->room));
	} else {
		const char *key = mac != 0 ? mac_print(mac, text) : addr_print(ip, text);

		d->key = text_id(e, key, strlen(key));
	}
	if (d->name == 0 && h->dhcp_name != 0) {
		d->name = h->dhcp_name;
		intern_hold(e->o.strings, d->name);
	}
	if (old.key != 0 && old.key != d->key) {
		d->was = old.key;
		intern_hold(e->o.strings, d->was);
	}
	/* after the new ones are held: most often they are the same */
	let_labels_go(e, &old);
	d->since = now;
	if (d->key == 0)
		return;		/* no string to be had: nothing to call it by */
	since = table_use(e->identities, &d->key, &is_new);
	if (is_new) {
		intern_hold(e->o.strings, d->key);
		*since = now;
		d->is_new = true;
	}
	d->since = *since;
}

void
endpoint_dhcp_name(struct endpoint *e, uint64_t mac, const struct addr *ip,
    struct span name, struct pkt_time now)
{
	struct handle *h;
	uint32_t id;

	(void)now;
	if (name.left == 0 || (mac == 0 && ip == NULL))
		return;
	if (!usable_mac(e, mac))
		mac = 0;
	if (mac == 0 && (ip == NULL || addr_is_group(ip)))
		return;
	h = handle_of(e, ip, mac);
	id = text_id(e, name.at, name.left);
	if (id == h->dhcp_name) {
		intern_drop(e->o.strings, id);
		return;
	}
	intern_drop(e->o.strings, h->dhcp_name);
	h->dhcp_name = id;
	h->labelled = 0;	/* relabelled on the next look */
}

/* ---- destinations ---- */

static void
name_put(struct endpoint *e, struct named *n, uint32_t id, struct pkt_time until)
{
	intern_hold(e->o.strings, id);
	intern_drop(e->o.strings, n->name);
	*n = (struct named){ id, until };
}

void
endpoint_answer(struct endpoint *e, const struct addr *client, const struct addr *ip,
    struct span name, uint32_t ttl, struct pkt_time now)
{
	struct asked_key k = { *client, *ip };
	uint32_t id;

	if (addr_is_group(ip))
		return;
	if (ttl < NAME_LEAST)
		ttl = NAME_LEAST;
	if (ttl > NAME_MOST)
		ttl = NAME_MOST;
	now.ns += (int64_t)ttl * NS_PER_S;
	id = text_id(e, name.at, name.left);
	name_put(e, table_use(e->names, ip, NULL), id, now);
	name_put(e, table_use(e->asked, &k, NULL), id, now);
	intern_drop(e->o.strings, id);
}

struct dest_name
endpoint_name(struct endpoint *e, const struct addr *client, const struct addr *ip,
    struct pkt_time now)
{
	struct asked_key k = { *client, *ip };
	struct named *own = table_find(e->asked, &k), *any = table_find(e->names, ip);

	if (own != NULL)
		table_touch(e->asked, own);
	if (any != NULL)
		table_touch(e->names, any);
	if (own != NULL && now.ns <= own->until.ns)
		return (struct dest_name){ own->name, true };
	if (any != NULL && now.ns <= any->until.ns)
		return (struct dest_name){ any->name, true };
	return (struct dest_name){ 0, own != NULL || any != NULL };
}

struct dest_seen
endpoint_dest(struct endpoint *e, uint32_t dest_key, uint32_t device_key,
    struct pkt_time now)
{
	static const struct siphash_key fixed = { 0x6561727368, 0x6f742e6465 };
	struct dest_seen out = { 0 };
	struct dest *d;
	uint64_t bit;
	unsigned set = 0;

	d = table_use(e->dests, &dest_key, &out.is_new);
	if (out.is_new) {
		intern_hold(e->o.strings, dest_key);
		d->since = now;
	}
	out.since = d->since;
	for (uint32_t i = 0; i < d->devices; i++) {
		if (d->device[i] == device_key) {
			out.devices = d->most > d->devices ? d->most : d->devices;
			return out;
		}
	}
	bit = siphash13(&fixed, &device_key, sizeof(device_key)) % SKETCH_BITS;
	d->sketch[bit / 64] |= 1ULL << (bit % 64);
	if (d->devices < DEVICES_EXACT) {
		d->device[d->devices++] = device_key;
		out.devices = d->devices;
		return out;
	}
	/* K.-Y. Whang et al., "A linear-time probabilistic
	 * counting algorithm", TODS 1990 */
	for (int i = 0; i < SKETCH_BITS / 64; i++)
		set += (unsigned)__builtin_popcountll(d->sketch[i]);
	if (set >= SKETCH_BITS)
		set = SKETCH_BITS - 1;
	out.devices = (uint32_t)lround(-SKETCH_BITS *
	    log((double)(SKETCH_BITS - set) / SKETCH_BITS));
	if (out.devices <= DEVICES_EXACT)
		out.devices = DEVICES_EXACT + 1;
	if (out.devices < d->most)
		out.devices = d->most;
	d->most = out.devices;
	return out;
}
