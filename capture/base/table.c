/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table: entries in one mapping, found by an open-addressed index and chained in one list
 * by last use for the eviction and the walk. Refuses to grow.
 *
 * What a look-up costs is the lines of memory it touches, so the index holds 32 bits of the
 * hash beside the number of the entry: an absent key touches one line, a present one that
 * and its entry, whose key stands beside its links. Removal closes the gap (Knuth 6.4,
 * algorithm R).
 */
#include "capture/base/table.h"

#include "capture/base/huge.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN 16

/* One object is: the key, padded; this; the value. Numbers are from 1; 0: none. */
struct entry {
	uint32_t older, newer;
	uint32_t hash;			/* its lower bits */
	uint32_t number;
	struct table *of;
	uint64_t pad;			/* the value starts at a multiple of 16 */
};

_Static_assert(sizeof(struct entry) % ALIGN == 0, "values are aligned to 16");

struct place {
	uint32_t hash, number;		/* number 0: empty */
};

struct table {
	struct table_options o;
	uint8_t *mem;
	size_t key_room, size;		/* of a key, of an object */
	struct place *place;
	uint32_t mask;			/* of places: a power of two, at most 2/3 full */
	uint32_t oldest, newest;
	uint32_t free;			/* through `newer` */
	uint32_t touched, used;
	uint64_t evicted;
};

static struct entry *at(const struct table *t, uint32_t number);
static void *value_of(const struct entry *e);
static struct entry *entry_of(const void *value);
static uint8_t *key_of(const struct entry *e);
static struct entry *lookup(const struct table *t, const void *key, uint32_t hash);
static struct entry *take(struct table *t);
static void place_add(struct table *t, const struct entry *e);
static void place_remove(struct table *t, const struct entry *e);
static void link_newest(struct table *t, struct entry *e);
static void unlink_use(struct table *t, struct entry *e);

struct table *
table_create(const struct table_options *o)
{
	struct table *t;
	size_t places = 1, bytes;

	if (o->max == 0 || o->max > UINT32_MAX / 2 || o->key_size == 0 ||
	    o->key_size > 4096 || o->value_size > SIZE_MAX / 4)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->o = *o;
	t->key_room = (o->key_size + ALIGN - 1) / ALIGN * ALIGN;
	t->size = (t->key_room + sizeof(struct entry) + o->value_size + ALIGN - 1) /
	    ALIGN * ALIGN;
	while (places < o->max + o->max / 2 + 1)
		places *= 2;
	t->mask = (uint32_t)(places - 1);
	if (__builtin_mul_overflow(t->size, o->max, &bytes)) {
		free(t);
		return NULL;
	}
	/* Pages come when they are first touched:
	 * a large cap costs nothing in a small office. */
	t->mem = huge_take(bytes);
	if (t->mem == NULL) {
		free(t);
		return NULL;
	}
	t->place = huge_take(places * sizeof(*t->place));
	if (t->place == NULL) {
		table_destroy(t);
		return NULL;
	}
	return t;
}

void
table_destroy(struct table *t)
{
	if (t == NULL)
		return;
	huge_give(t->mem, t->size * t->o.max);
	huge_give(t->place, ((size_t)t->mask + 1) * sizeof(*t->place));
	free(t);
}

uint32_t
table_hash(const struct table *t, const void *key)
{
	return (uint32_t)siphash13(&t->o.hash, key, t->o.key_size);
}

void *
table_find(const struct table *t, const void *key)
{
	return t->used == 0 ? NULL : table_find_hashed(t, key, table_hash(t, key));
}

void *
table_find_hashed(const struct table *t, const void *key, uint32_t hash)
{
	struct entry *e = t->used == 0 ? NULL : lookup(t, key, hash);

	return e == NULL ? NULL : value_of(e);
}

void *
table_use(struct table *t, const void *key, bool *is_new)
{
	return table_use_hashed(t, key, table_hash(t, key), is_new);
}

void *
table_use_hashed(struct table *t, const void *key, uint32_t hash, bool *is_new)
{
	struct entry *e = lookup(t, key, hash);

	if (is_new != NULL)
		*is_new = e == NULL;
	if (e != NULL) {
		table_touch(t, value_of(e));
		return value_of(e);
	}
	e = take(t);
	if (e == NULL) {
		struct entry *old = at(t, t->oldest);

		if (t->o.evict != NULL)
			t->o.evict(t->o.arg, key_of(old), value_of(old));
		table_remove(t, value_of(old));
		t->evicted++;
		e = take(t);			/* one was just given back */
	}
	e->hash = hash;
	memcpy(key_of(e), key, t->o.key_size);
	place_add(t, e);
	link_newest(t, e);
	return value_of(e);
}

void
table_touch(struct table *t, void *value)
{
	struct entry *e = entry_of(value);

	if (t->newest == e->number)
		return;
	unlink_use(t, e);
	link_newest(t, e);
}

void
table_remove(struct table *t, void *value)
{
	struct entry *e = entry_of(value);

	place_remove(t, e);
	unlink_use(t, e);
	e->of = NULL;			/* table_place looks */
	e->newer = t->free;
	t->free = e->number;
	t->used--;
}

const void *
table_key(const void *value)
{
	return key_of(entry_of(value));
}

void *
table_oldest(const struct table *t)
{
	return t->oldest == 0 ? NULL : value_of(at(t, t->oldest));
}

void *
table_next(const struct table *t, const void *value)
{
	const struct entry *e = entry_of(value);

	return e->newer == 0 ? NULL : value_of(at(t, e->newer));
}

void *
table_place(const struct table *t, size_t place)
{
	struct entry *e = place < t->touched ? at(t, (uint32_t)place + 1) : NULL;

	return e == NULL || e->of != t ? NULL : value_of(e);
}

size_t
table_places(const struct table *t)
{
	return t->touched;
}

size_t
table_used(const struct table *t)
{
	return t->used;
}

uint64_t
table_evicted(const struct table *t)
{
	return t->evicted;
}

static struct entry *
at(const struct table *t, uint32_t number)
{
	return (void *)(t->mem + (number - 1) * t->size + t->key_room);
}

static void *
value_of(const struct entry *e)
{
	return (uint8_t *)(uintptr_t)e + sizeof(*e);
}

static struct entry *
entry_of(const void *value)
{
	return (struct entry *)((uintptr_t)value - sizeof(struct entry));
}

static uint8_t *
key_of(const struct entry *e)
{
	return (uint8_t *)(uintptr_t)e - e->of->key_room;
}

static struct entry *
lookup(const struct table *t, const void *key, uint32_t hash)
{
	for (uint32_t i = hash & t->mask; t->place[i].number != 0; i = (i + 1) & t->mask) {
		struct entry *e;

		if (t->place[i].hash != hash)
			continue;
		e = at(t, t->place[i].number);
		if (memcmp(key_of(e), key, t->o.key_size) == 0)
			return e;
	}
	return NULL;
}

/* A free object, its value zeroed; NULL: the table is full. */
static struct entry *
take(struct table *t)
{
	struct entry *e;

	if (t->free != 0) {
		e = at(t, t->free);
		t->free = e->newer;
		memset(value_of(e), 0, t->o.value_size);
	} else if (t->touched < t->o.max) {
		e = at(t, ++t->touched);	/* fresh from mmap: zero */
		e->number = t->touched;
	} else {
		return NULL;
	}
	e->of = t;
	t->used++;
	return e;
}

static void
place_add(struct table *t, const struct entry *e)
{
	uint32_t i = e->hash & t->mask;

	while (t->place[i].number != 0)
		i = (i + 1) & t->mask;
	t->place[i] = (struct place){ e->hash, e->number };
}

static void
place_remove(struct table *t, const struct entry *e)
{
	uint32_t i = e->hash & t->mask, hole, home;

	while (t->place[i].number != e->number)
		i = (i + 1) & t->mask;
	/* Pull back each later one of the run that may stand here. */
	for (hole = i;;) {
		i = (i + 1) & t->mask;
		if (t->place[i].number == 0)
			break;
		home = t->place[i].hash & t->mask;
		if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
			t->place[hole] = t->place[i];
			hole = i;
		}
	}
	t->place[hole].number = 0;
}

static void
link_newest(struct table *t, struct entry *e)
{
	e->newer = 0;
	e->older = t->newest;
	if (t->newest == 0)
		t->oldest = e->number;
	else
		at(t, t->newest)->newer = e->number;
	t->newest = e->number;
}

static void
unlink_use(struct table *t, struct entry *e)
{
	if (e->older == 0)
		t->oldest = e->newer;
	else
		at(t, e->older)->newer = e->newer;
	if (e->newer == 0)
		t->newest = e->older;
	else
		at(t, e->newer)->older = e->older;
}
