/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * names: what DNS said of an address, to whom, and who talks to which destination.
 */
#include "classify/endpoint/ends.h"

#include <math.h>
#include <string.h>

#define NAME_LEAST 3600		/* s; programs keep an address longer than its TTL */
#define NAME_MOST 86400		/* s; and by then it may be another's */

static const struct siphash_key told_hash = { 0x746f6c6420627920, 0x646e7320746f2075 };

/* Without case; a name longer than DNS has is cut, as it is where it is told. */
static struct told_key
told_key_of(struct span name, const struct addr *ip)
{
	uint8_t text[INTERN_MAX];
	struct told_key k = { 0, *ip };
	size_t n = name.left < sizeof(text) ? name.left : sizeof(text);

	if (n > 0 && name.at[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++)
		text[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ?
		    (uint8_t)(name.at[i] + 32) : name.at[i];
	k.name = siphash13(&told_hash, text, n);
	return k;
}

static void
told_put(struct endpoint *e, struct span name, const struct addr *ip,
    struct pkt_time until)
{
	struct told_key k = told_key_of(name, ip);
	struct pkt_time *t = table_use(e->told, &k, NULL);

	if (until.ns > t->ns)
		*t = until;
}

static bool
told_has(const struct endpoint *e, struct span name, const struct addr *ip)
{
	struct told_key k = told_key_of(name, ip);
	const struct pkt_time *t = table_find(e->told, &k);

	return t != NULL && t->ns >= e->now.ns;
}

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

	now_is(e, now);
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
	told_put(e, name, ip, now);
}

void
endpoint_answer_cut(struct endpoint *e, struct span name, struct pkt_time now)
{
	static const struct addr any;

	now_is(e, now);
	told_put(e, name, &any, pkt_time_add(now, NAME_MOST * NS_PER_S));
}

enum endpoint_word
endpoint_claim(struct endpoint *e, const struct addr *client, const struct addr *ip,
    struct span name, struct pkt_time now)
{
	static const struct addr any;
	struct asked_key k = { *client, *ip };
	const struct named *own = table_find(e->asked, &k);

	now_is(e, now);
	if (told_has(e, name, ip))
		return ENDPOINT_BACKED;
	if (told_has(e, name, &any))
		return ENDPOINT_CUT;
	return own != NULL && e->now.ns <= own->until.ns ? ENDPOINT_OTHER :
	    ENDPOINT_UNHEARD;
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
	struct span name = intern_get(e->o.strings, device_key);
	uint64_t hash = name.left == 0 ?
	    siphash13(&fixed, &device_key, sizeof(device_key)) :
	    siphash13(&fixed, name.at, name.left);
	struct dest_seen out = { 0 };
	struct dest *d;
	uint64_t bit;
	unsigned set = 0;

	d = table_use(e->dests, &dest_key, &out.is_new);
	if (out.is_new) {
		intern_hold(e->o.strings, dest_key);
		d->since = now;
		d->changed = true;
	}
	out.since = d->since;
	for (uint32_t i = 0; i < d->devices; i++) {
		if (d->device[i] == (uint32_t)hash) {
			out.devices = d->most > d->devices ? d->most : d->devices;
			out.own_known = true;
			out.own.ns = (int64_t)d->hour[i] * HOUR_NS;
			return out;
		}
	}
	bit = (uint32_t)hash % SKETCH_BITS;
	d->changed |= (d->sketch[bit / 64] >> (bit % 64) & 1) == 0;
	d->sketch[bit / 64] |= 1ULL << (bit % 64);
	if (d->devices < DEVICES_EXACT) {
		d->changed = true;
		d->device[d->devices] = (uint32_t)hash;
		d->hour[d->devices++] = (uint32_t)(now.ns / HOUR_NS);
		out.own_known = true;
		out.own.ns = now.ns / HOUR_NS * HOUR_NS;
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
