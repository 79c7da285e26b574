/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoint: what a device is called. A handle is the MAC a device had first, where one is
 * seen or known and is no router's, else the address. Its label is made when it is first
 * asked for, and again when the inventory changes, when a name comes by DHCP, when a
 * device not in the inventory turns up under an address that is, and when that address
 * has gone to another. See ends.h for what lies where.
 *
 * When a key was first seen is kept apart for keys of the inventory: a flood of strangers
 * pushes strangers out.
 */
#include "classify/endpoint/ends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES 16384
#define NAMES 65536
#define DESTS 65536

static void handle_evict(void *arg, const void *key, void *value);
static void lease_evict(void *arg, const void *key, void *value);
static void link_evict(void *arg, const void *key, void *value);
static void id_evict(void *arg, const void *key, void *value);
static void name_evict(void *arg, const void *key, void *value);
static struct handle *handle_find(struct endpoint *e, const struct addr *ip, uint64_t mac);
static struct handle *handle_of(struct endpoint *e, const struct addr *ip, uint64_t mac);
static void handle_forget(struct endpoint *e, struct handle *h);
static const struct inventory_device *row_of(const struct endpoint *e,
    const struct addr *ip, uint64_t mac, uint64_t frame);
static void identify(struct endpoint *e, struct device *d, uint32_t identity);
static uint32_t first_key(struct endpoint *e, uint32_t key, const struct addr *ip,
    uint64_t home);
static void label(struct endpoint *e, struct handle *h, const struct addr *ip,
    uint64_t mac, uint64_t home, const struct inventory_device *row);

static struct table *
make(const struct endpoint *e, size_t key, size_t value, size_t max,
    void (*evict)(void *, const void *, void *))
{
	struct table_options t = { .hash = e->o.hash, .key_size = key,
		.value_size = value, .max = max, .evict = evict, .arg = (void *)(uintptr_t)e };

	return table_create(&t);
}

struct endpoint *
endpoint_create(const struct endpoint_options *o)
{
	struct endpoint *e = calloc(1, sizeof(*e));
	size_t devices, names;

	if (e == NULL)
		return NULL;
	e->o = *o;
	devices = o->max_devices == 0 ? DEVICES : o->max_devices;
	names = o->max_names == 0 ? NAMES : o->max_names;
	e->generation = 1;
	e->turn = 1;
	e->macs = make(e, sizeof(uint64_t), sizeof(struct mac), devices,
	    link_evict);
	e->holders = make(e, sizeof(struct addr), sizeof(struct holder), devices,
	    link_evict);
	e->leases = make(e, sizeof(uint64_t), sizeof(struct lease), devices, lease_evict);
	e->faces = make(e, sizeof(uint64_t), sizeof(struct face), devices, NULL);
	e->handles = make(e, sizeof(struct handle_key), sizeof(struct handle), devices,
	    handle_evict);
	e->identities = make(e, sizeof(uint32_t), sizeof(struct first), devices,
	    id_evict);
	e->owned = make(e, sizeof(uint32_t), sizeof(struct first), devices, id_evict);
	e->names = make(e, sizeof(struct addr), sizeof(struct named), names, name_evict);
	e->asked = make(e, sizeof(struct asked_key), sizeof(struct named), names,
	    name_evict);
	e->told = make(e, sizeof(struct told_key), sizeof(struct pkt_time), names, NULL);
	e->dests = make(e, sizeof(uint32_t), sizeof(struct dest),
	    o->max_dests == 0 ? DESTS : o->max_dests, id_evict);
	if (e->macs == NULL || e->holders == NULL || e->leases == NULL ||
	    e->faces == NULL || e->handles == NULL || e->identities == NULL ||
	    e->owned == NULL || e->names == NULL || e->asked == NULL || e->told == NULL ||
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
	table_destroy(e->holders);
	table_destroy(e->leases);
	table_destroy(e->faces);
	table_destroy(e->handles);
	table_destroy(e->identities);
	table_destroy(e->owned);
	table_destroy(e->names);
	table_destroy(e->asked);
	table_destroy(e->told);
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
	e->turn++;
}

void
endpoint_get_stats(const struct endpoint *e, struct endpoint_stats *out)
{
	*out = (struct endpoint_stats){
		.devices = table_used(e->handles),
		.devices_forgotten = table_evicted(e->handles) + table_evicted(e->macs) +
		    table_evicted(e->holders),
		.leases = table_used(e->leases),
		.leases_forgotten = table_evicted(e->leases) + table_evicted(e->faces),
		.names = table_used(e->names),
		.names_forgotten = table_evicted(e->names) + table_evicted(e->asked) +
		    table_evicted(e->told),
		.dests = table_used(e->dests),
		.dests_forgotten = table_evicted(e->dests),
		.followed = e->followed,
		.parted = e->parted,
		.dhcp_refused = e->refused,
	};
}

void
now_is(struct endpoint *e, struct pkt_time now)
{
	if (now.ns > e->now.ns)
		e->now = now;
}

/* ---- strings ---- */

uint32_t
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
	intern_drop(e->o.strings, d->system);
	d->key = d->name = d->owner = d->role = d->room = d->vendor = d->system = 0;
}

static void
handle_evict(void *arg, const void *key, void *value)
{
	struct endpoint *e = arg;
	struct handle *h = value;

	(void)key;
	e->turn++;
	let_labels_go(e, &h->dev);
	intern_drop(e->o.strings, h->dev.was);
	intern_drop(e->o.strings, h->dev.identity);
}

static void
link_evict(void *arg, const void *key, void *value)
{
	(void)key;
	(void)value;
	((struct endpoint *)arg)->turn++;
}

static void
lease_evict(void *arg, const void *key, void *value)
{
	struct endpoint *e = arg;
	struct lease *l = value;

	(void)key;
	e->turn++;
	intern_drop(e->o.strings, l->name);
	intern_drop(e->o.strings, l->system);
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

/* ---- devices ---- */

static struct handle_key
key_of(const struct addr *ip, uint64_t mac)
{
	struct handle_key k;

	memset(&k, 0, sizeof(k));
	if (mac != 0) {
		k.is_mac = 1;
		memcpy(k.id, &mac, sizeof(mac));
	} else {
		memcpy(k.id, ip->b, sizeof(k.id));
	}
	return k;
}

static struct handle *
handle_find(struct endpoint *e, const struct addr *ip, uint64_t mac)
{
	struct handle_key k = key_of(ip, mac);

	return table_find(e->handles, &k);
}

static struct handle *
handle_of(struct endpoint *e, const struct addr *ip, uint64_t mac)
{
	struct handle_key k = key_of(ip, mac);

	return table_use(e->handles, &k, NULL);
}

static void
handle_forget(struct endpoint *e, struct handle *h)
{
	handle_evict(e, NULL, h);
	table_remove(e->handles, h);
}

void
relabel(struct endpoint *e, uint64_t home)
{
	struct handle *h = handle_find(e, NULL, home);

	if (h != NULL)
		h->labelled = 0;
}

void
address_left(struct endpoint *e, const struct addr *ip, uint64_t lost, bool fresh)
{
	struct handle *h;

	h = lost == 0 ? NULL : handle_find(e, NULL, home_of(e, lost));
	if (h != NULL && h->by_ip && addr_eq(&h->row_ip, ip)) {
		h->labelled = 0;
		h->listed = h->by_ip = false;
		e->turn++;
	}
	h = fresh ? handle_find(e, ip, 0) : NULL;
	if (h != NULL)
		handle_forget(e, h);
}

/* frame: as seen on the wire, a router's too. */
static const struct inventory_device *
row_of(const struct endpoint *e, const struct addr *ip, uint64_t mac, uint64_t frame)
{
	const struct inventory *inv = e->o.inventory;
	const struct inventory_device *row;
	const struct mac *m;
	uint64_t home = home_of(e, mac);
	bool router = mac == 0 && frame != 0;

	if (inv == NULL)
		return NULL;
	row = mac == 0 ? NULL : inventory_by_mac(inv, mac);
	if (row == NULL && home != mac)
		row = inventory_by_mac(inv, home);
	if (row != NULL)
		return row;
	row = router ? inventory_by_mac(inv, frame) : NULL;
	if (row != NULL) {
		if (row->has_ip && addr_eq(&row->ip, ip))
			return row;
		m = table_find(e->macs, &frame);
		if (m != NULL && m->has_own && addr_eq(&m->own, ip))
			return row;
	}
	row = inventory_by_ip(inv, ip);
	/* an address that another device has now is not that of the inventory's */
	if (row != NULL && row->mac != 0 && mac != 0 && row->mac != mac)
		return NULL;
	return row;
}

static uint64_t
met_place(const struct addr *ip, uint64_t frame)
{
	uint64_t a, b;

	memcpy(&a, ip->b, sizeof(a));
	memcpy(&b, ip->b + sizeof(a), sizeof(b));
	return ((a ^ b ^ frame) * 0x9e3779b97f4a7c15ULL >> 32) % MET;
}

struct handle *
met_lately(const struct endpoint *e, const struct addr *ip, uint64_t frame)
{
	const struct met *m = &e->met[met_place(ip, frame)];

	return m->turn == e->turn && m->frame == frame && addr_eq(&m->ip, ip) &&
	    pkt_time_diff(e->now, m->at) < MET_FOR &&
	    m->handle->labelled == e->generation ? m->handle : NULL;
}

/* Nothing of it is new. */
static void
settled(struct endpoint *e, struct handle *h)
{
	h->last = e->now;
	h->dev.is_new = h->dev.moved = false;
	intern_drop(e->o.strings, h->dev.was);
	h->dev.was = 0;
}

const struct device *
endpoint_device(struct endpoint *e, const struct addr *ip, uint64_t frame,
    struct pkt_time then, struct pkt_time now)
{
	const struct inventory_device *row;
	struct handle *h, *before;
	struct mac *m;
	uint64_t mac = 0, home;
	bool changed = false;

	now_is(e, now);
	h = met_lately(e, ip, frame);
	if (h != NULL) {
		settled(e, h);
		h->dev.mac = e->met[met_place(ip, frame)].mac;
		return &h->dev;
	}
	endpoint_inside(e, ip, frame, now);
	if (usable_mac(e, frame))
		mac = frame;
	else if (!addr_is_group(ip))
		mac = holder_of(e, ip, then, &changed);
	row = row_of(e, ip, mac, frame);
	home = home_of(e, mac);
	h = handle_of(e, ip, home);
	settled(e, h);
	if (h->labelled != e->generation || (row != NULL && !h->listed))
		label(e, h, ip, mac, home, row);
	h->dev.mac = mac;
	h->dev.first_mac = home;
	m = mac == 0 || mac == home ? NULL : table_find(e->macs, &mac);
	if (m != NULL && m->tell) {
		m->tell = false;
		h->dev.moved = true;
	}
	/* Known by its address alone until now: whoever had that had it today, and nobody
	 * has asked for another since. A MAC that was one device before it was known to
	 * be another is the same. */
	before = mac == 0 || changed || addr_is_group(ip) ? NULL : handle_find(e, ip, 0);
	if (before == NULL && h->dev.moved)
		before = handle_find(e, NULL, mac);
	if (before != NULL && before != h) {
		if (h->dev.was == 0 && before->dev.key != h->dev.key &&
		    pkt_time_diff(e->now, before->last) <= HELD_NS) {
			h->dev.was = before->dev.key;
			intern_hold(e->o.strings, h->dev.was);
			/* what was counted for it goes on; what two were counted for
			 * apart stays apart */
			if (h->dev.is_new)
				identify(e, &h->dev, before->dev.identity);
		}
		handle_forget(e, before);
	}
	/* Who had the address depends on when, once it has changed hands. */
	if (!changed)
		e->met[met_place(ip, frame)] = (struct met){ *ip, frame, e->turn, mac,
		    e->now, h };
	return &h->dev;
}

/* A device with another MAC than before is the same, and so is a row of the inventory. */
struct pkt_time
endpoint_handed(const struct endpoint *e, const struct addr *ip)
{
	const struct holder *h = table_find(e->holders, ip);
	const struct inventory_device *row;

	if (h == NULL || h->handed.ns == 0)
		return (struct pkt_time){ 0 };
	row = row_of(e, ip, h->mac, 0);
	if (h->before != 0 && (home_of(e, h->before) == home_of(e, h->mac) ||
	    (row != NULL && row_of(e, ip, h->before, 0) == row)))
		return (struct pkt_time){ 0 };
	return h->handed;
}

static void
identify(struct endpoint *e, struct device *d, uint32_t identity)
{
	intern_hold(e->o.strings, identity);
	intern_drop(e->o.strings, d->identity);
	d->identity = identity;
}

/* An address that changed hands is another device under the same key: what was counted
 * before that is not its. Lent. */
static uint32_t
first_key(struct endpoint *e, uint32_t key, const struct addr *ip, uint64_t home)
{
	const struct holder *h = home != 0 ? NULL : table_find(e->holders, ip);
	struct span s = intern_get(e->o.strings, key);
	char text[INTERN_MAX + 32];

	if (h == NULL || h->since.ns == 0)
		return key;
	(void)snprintf(text, sizeof(text), "%.*s@%lld", (int)s.left, (const char *)s.at,
	    (long long)(h->since.ns / NS_PER_S));
	return intern_put(e->o.strings, text, strlen(text));
}

static void
label(struct endpoint *e, struct handle *h, const struct addr *ip, uint64_t mac,
    uint64_t home, const struct inventory_device *row)
{
	struct device *d = &h->dev, old = h->dev;
	const struct lease *l = mac == 0 ? NULL : table_find(e->leases, &mac);
	char text[ADDR_TEXT];
	struct first *first;
	const char *vendor = home == 0 ? NULL : vendors_find(e->o.vendors, home);
	/* a row that no longer holds for this device was not its name */
	bool same = h->labelled != 0 || h->listed || row != NULL || !old.known, is_new;

	d->key = d->name = d->owner = d->role = d->room = d->vendor = d->system = 0;
	if (vendor != NULL)
		d->vendor = text_id(e, vendor, strlen(vendor));
	d->known_valid = e->o.inventory != NULL;
	d->known = row != NULL;
	h->listed = row != NULL;
	h->by_ip = row != NULL && (mac == 0 ||
	    (inventory_by_mac(e->o.inventory, mac) != row &&
	    inventory_by_mac(e->o.inventory, home) != row));
	h->row_ip = *ip;
	h->labelled = e->generation;
	if (row != NULL) {
		d->key = text_id(e, row->id, strlen(row->id));
		d->name = text_id(e, row->name, strlen(row->name));
		d->owner = text_id(e, row->owner, strlen(row->owner));
		d->role = text_id(e, row->role, strlen(row->role));
		d->room = text_id(e, row->room, strlen(row->room));
	} else {
		const char *key = home != 0 ? mac_print(home, text) : addr_print(ip, text);

		d->key = text_id(e, key, strlen(key));
	}
	if (d->name == 0 && l != NULL) {
		d->name = l->name;
		intern_hold(e->o.strings, d->name);
	}
	if (l != NULL) {
		d->system = l->system;
		intern_hold(e->o.strings, d->system);
	}
	if (old.key != 0 && old.key != d->key && same) {
		d->was = old.key;
		intern_hold(e->o.strings, d->was);
	}
	if (d->identity == 0 || !same)
		identify(e, d, first_key(e, d->key, ip, home));
	/* after the new ones are held: most often they are the same */
	let_labels_go(e, &old);
	d->since = e->now;
	if (d->key == 0)
		return;		/* no string to be had: nothing to call it by */
	first = table_use(row != NULL ? e->owned : e->identities, &d->key, &is_new);
	if (is_new) {
		intern_hold(e->o.strings, d->key);
		first->since = e->now;
		first->changed = true;
	}
	if (!first->here)
		first->here = d->is_new = true;
	d->since = first->since;
}
