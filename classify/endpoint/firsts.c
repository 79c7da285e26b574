/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * firsts: when devices and destinations were first seen, and who talks to whom, written
 * down item by item and read again (endpoint.h has the form). Owns that, and since when
 * this sensor listens; refuses to know where it is written.
 *
 * A name that is pushed out by others is forgotten here; what was written of it goes with
 * the next round in which everything is written.
 */
#include "classify/endpoint/ends.h"

#include <string.h>

enum kind { LISTENS = 1, DEVICE, OWNED, DEST };

struct pen {
	struct endpoint *e;
	bool (*write)(void *arg, const void *item, size_t n);
	void *arg;
	uint8_t item[ENDPOINT_ITEM_MAX];
};

/* The longest: of a destination with all its devices. */
_Static_assert(1 + 8 + 4 + 1 + 8 * DEVICES_EXACT + SKETCH_BITS / 8 + INTERN_MAX <=
    ENDPOINT_ITEM_MAX, "an item fits");

static bool
put(struct pen *pen, uint8_t *p, uint32_t key)
{
	struct span name = intern_get(pen->e->o.strings, key);

	if (name.left == 0)
		return true;
	memcpy(p, name.at, name.left);
	return pen->write(pen->arg, pen->item, (size_t)(p - pen->item) + name.left);
}

static bool
put_first(struct pen *pen, enum kind kind, struct first *f)
{
	uint32_t key;
	uint8_t *p = put_le(pen->item, kind, 1);

	memcpy(&key, table_key(f), sizeof(key));
	if (!put(pen, put_le(p, (uint64_t)f->since.ns, 8), key))
		return false;
	f->changed = false;
	return true;
}

static bool
put_dest(struct pen *pen, struct dest *d)
{
	uint32_t key;
	uint8_t *p = put_le(pen->item, DEST, 1);

	memcpy(&key, table_key(d), sizeof(key));
	p = put_le(p, (uint64_t)d->since.ns, 8);
	p = put_le(p, d->most, 4);
	p = put_le(p, d->devices, 1);
	for (unsigned i = 0; i < d->devices; i++)
		p = put_le(put_le(p, d->device[i], 4), d->hour[i], 4);
	for (unsigned i = 0; d->devices == DEVICES_EXACT && i < SKETCH_BITS / 64; i++)
		p = put_le(p, d->sketch[i], 8);
	if (!put(pen, p, key))
		return false;
	d->changed = false;
	return true;
}

bool
endpoint_save(struct endpoint *e, struct endpoint_cursor *c, size_t slice,
    bool (*write)(void *arg, const void *item, size_t n), void *arg)
{
	struct table *tables[] = { e->identities, e->owned, e->dests };
	struct pen pen = { .e = e, .write = write, .arg = arg };

	for (; c->table < 3; c->table++, c->place = 0) {
		struct table *t = tables[c->table];

		for (; c->place < table_places(t); c->place++, slice--) {
			void *v = table_place(t, c->place);
			struct first *f = v;
			struct dest *d = v;

			if (slice == 0)
				return false;
			if (v == NULL)
				continue;
			if (c->table == 2 ? (d->changed || c->all) && !put_dest(&pen, d) :
			    (f->changed || c->all) && !put_first(&pen,
			    c->table == 0 ? DEVICE : OWNED, f))
				return false;
		}
	}
	if (e->first.ns != 0) {
		uint8_t *p = put_le(put_le(pen.item, LISTENS, 1), (uint64_t)e->first.ns, 8);

		p = put_le(p, (uint64_t)(e->listening ? e->now.ns : e->last.ns), 8);
		if (!write(arg, pen.item, (size_t)(p - pen.item)))
			return false;
	}
	*c = (struct endpoint_cursor){ .all = c->all };
	return true;
}

static bool
take_time(struct span *s, struct pkt_time *t)
{
	uint64_t v;

	if (!span_le64(s, &v) || v > INT64_MAX / 2)
		return false;
	t->ns = (int64_t)v;
	return true;
}

/* A new entry of this table under the name that is left, or the one there is. */
static void *
entry_of(struct endpoint *e, struct table *t, struct span name)
{
	uint32_t id = name.left > INTERN_MAX ? 0 : intern_put(e->o.strings, name.at, name.left);
	bool is_new;
	void *v;

	if (id == 0)
		return NULL;
	v = table_use(t, &id, &is_new);
	if (is_new)
		intern_hold(e->o.strings, id);
	return v;
}

static bool
take_dest(struct endpoint *e, struct span s)
{
	struct dest in = { .devices = 0 }, *d;
	uint64_t sketch;
	uint8_t n;

	if (!take_time(&s, &in.since) || !span_le32(&s, &in.most) || !span_u8(&s, &n) ||
	    n == 0 || n > DEVICES_EXACT || in.most > 65536)
		return false;
	in.devices = n;
	for (unsigned i = 0; i < n; i++) {
		if (!span_le32(&s, &in.device[i]) || !span_le32(&s, &in.hour[i]) ||
		    in.hour[i] > INT64_MAX / HOUR_NS)
			return false;
		in.sketch[in.device[i] % SKETCH_BITS / 64] |= 1ULL << in.device[i] % 64;
	}
	for (unsigned i = 0; n == DEVICES_EXACT && i < SKETCH_BITS / 64; i++) {
		if (!span_le64(&s, &sketch))
			return false;
		in.sketch[i] |= sketch;
	}
	d = entry_of(e, e->dests, s);
	if (d == NULL)
		return false;
	*d = in;
	return true;
}

bool
endpoint_restore(struct endpoint *e, struct span s)
{
	struct pkt_time since, last;
	struct first *f;
	uint8_t kind;

	if (!span_u8(&s, &kind))
		return false;
	switch (kind) {
	case LISTENS:
		if (!take_time(&s, &since) || !take_time(&s, &last) || since.ns > last.ns)
			return false;
		e->first = since;
		e->last = last;
		return true;
	case DEVICE:
	case OWNED:
		if (!take_time(&s, &since))
			return false;
		f = entry_of(e, kind == OWNED ? e->owned : e->identities, s);
		if (f == NULL)
			return false;
		f->since = since;
		return true;
	case DEST:
		return take_dest(e, s);
	}
	return false;
}

void
endpoint_listens(struct endpoint *e, struct pkt_time now, int64_t gap)
{
	now_is(e, now);
	e->listening = true;
	if (e->first.ns == 0 || pkt_time_diff(now, e->last) > gap || now.ns < e->first.ns)
		e->first = now;
}

struct pkt_time
endpoint_since(const struct endpoint *e)
{
	return e->first;
}
