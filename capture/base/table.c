/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table: entries in a pool, chained by bucket for the look-up and in one list by last use
 * for the eviction and the walk. Refuses to grow. */
#include "capture/base/table.h"

#include "capture/base/pool.h"

#include <stdlib.h>
#include <string.h>

/* One pool object: this header, the value, the key. */
struct entry {
	struct entry *chain;
	struct entry *older, *newer;
	struct table *of;
	uint64_t hash;
	uint64_t pad;		/* the value behind starts at a multiple of 16 */
};

_Static_assert(sizeof(struct entry) % 16 == 0, "values are aligned to 16");

struct table {
	struct table_options o;
	struct pool *pool;
	struct entry **bucket;
	size_t buckets;
	struct entry *oldest, *newest;
	uint64_t evicted;
};

static void *value_of(const struct entry *e);
static struct entry *entry_of(const void *value);
static uint8_t *key_of(const struct entry *e);
static struct entry *lookup(const struct table *t, const void *key, uint64_t hash);
static void link_newest(struct table *t, struct entry *e);
static void unlink_use(struct table *t, struct entry *e);

struct table *
table_create(const struct table_options *o)
{
	struct table *t;

	if (o->max == 0 || o->max > SIZE_MAX / 64 || o->key_size == 0)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->o = *o;
	t->buckets = 1;
	while (t->buckets < o->max + o->max / 2)
		t->buckets *= 2;
	t->pool = pool_create(sizeof(struct entry) + o->value_size + o->key_size, o->max);
	t->bucket = calloc(t->buckets, sizeof(*t->bucket));
	if (t->pool == NULL || t->bucket == NULL) {
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
	pool_destroy(t->pool);
	free(t->bucket);
	free(t);
}

void *
table_find(const struct table *t, const void *key)
{
	struct entry *e = lookup(t, key, siphash13(&t->o.hash, key, t->o.key_size));

	return e == NULL ? NULL : value_of(e);
}

void *
table_use(struct table *t, const void *key, bool *is_new)
{
	uint64_t hash = siphash13(&t->o.hash, key, t->o.key_size);
	struct entry *e = lookup(t, key, hash);
	struct entry **b;

	if (is_new != NULL)
		*is_new = e == NULL;
	if (e != NULL) {
		table_touch(t, value_of(e));
		return value_of(e);
	}
	e = pool_take(t->pool);
	if (e == NULL) {
		struct entry *old = t->oldest;

		if (t->o.evict != NULL)
			t->o.evict(t->o.arg, key_of(old), value_of(old));
		table_remove(t, value_of(old));
		t->evicted++;
		e = pool_take(t->pool);		/* one was just given back */
	}
	e->of = t;
	e->hash = hash;
	memcpy(key_of(e), key, t->o.key_size);
	b = &t->bucket[hash & (t->buckets - 1)];
	e->chain = *b;
	*b = e;
	link_newest(t, e);
	return value_of(e);
}

void
table_touch(struct table *t, void *value)
{
	struct entry *e = entry_of(value);

	if (t->newest == e)
		return;
	unlink_use(t, e);
	link_newest(t, e);
}

void
table_remove(struct table *t, void *value)
{
	struct entry *e = entry_of(value);
	struct entry **at = &t->bucket[e->hash & (t->buckets - 1)];

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	unlink_use(t, e);
	e->of = NULL;
	pool_give(t->pool, e);
}

const void *
table_key(const void *value)
{
	return key_of(entry_of(value));
}

void *
table_oldest(const struct table *t)
{
	return t->oldest == NULL ? NULL : value_of(t->oldest);
}

void *
table_next(const struct table *t, const void *value)
{
	const struct entry *e = entry_of(value);

	(void)t;
	return e->newer == NULL ? NULL : value_of(e->newer);
}

void *
table_place(const struct table *t, size_t place)
{
	struct entry *e = pool_at(t->pool, place);

	return e == NULL || e->of != t ? NULL : value_of(e);
}

size_t
table_places(const struct table *t)
{
	return pool_places(t->pool);
}

size_t
table_used(const struct table *t)
{
	return pool_used(t->pool);
}

uint64_t
table_evicted(const struct table *t)
{
	return t->evicted;
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
	return (uint8_t *)value_of(e) + e->of->o.value_size;
}

static struct entry *
lookup(const struct table *t, const void *key, uint64_t hash)
{
	struct entry *e = t->bucket[hash & (t->buckets - 1)];

	while (e != NULL && (e->hash != hash ||
	    memcmp(key_of(e), key, t->o.key_size) != 0))
		e = e->chain;
	return e;
}

static void
link_newest(struct table *t, struct entry *e)
{
	e->newer = NULL;
	e->older = t->newest;
	if (t->newest == NULL)
		t->oldest = e;
	else
		t->newest->newer = e;
	t->newest = e;
}

static void
unlink_use(struct table *t, struct entry *e)
{
	if (e->older == NULL)
		t->oldest = e->newer;
	else
		e->older->newer = e->newer;
	if (e->newer == NULL)
		t->newest = e->older;
	else
		e->newer->older = e->older;
}
