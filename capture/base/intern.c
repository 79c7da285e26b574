/* SPDX-License-Identifier: GPL-3.0-or-later */
/* intern: a hash table over a fixed array. Entries nobody holds stand in a list, oldest
 * first: the next new string takes the place of the oldest. */
#include "capture/base/intern.h"

#include <stdlib.h>
#include <string.h>

#define NIL UINT32_MAX

/* An id is (round * entries + slot + 1): the slot is found without a look-up, and an id
 * from an earlier round of the slot is recognised as gone. */
struct entry {
	uint32_t id;
	uint32_t held;
	uint32_t chain;			/* next in the bucket, or NIL */
	uint32_t prev, next;		/* among the entries nobody holds, oldest first */
	uint8_t len;
	bool announced;
	char bytes[INTERN_MAX + 1];
};

struct intern {
	struct siphash_key key;
	struct entry *entry;
	uint32_t *bucket;
	size_t entries, buckets, touched;
	uint32_t oldest, newest;	/* the entries nobody holds */
	uint64_t refused;
};

static void unlink_idle(struct intern *t, uint32_t slot);
static void link_idle(struct intern *t, uint32_t slot);
static void unchain(struct intern *t, uint32_t slot);
static struct entry *find(const struct intern *t, uint32_t id);
static size_t bucket_of(const struct intern *t, const void *bytes, size_t n);

struct intern *
intern_create(const struct siphash_key *key, size_t entries)
{
	struct intern *t;

	if (entries == 0 || entries > (size_t)1 << 24)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->key = *key;
	t->entries = entries;
	t->buckets = 1;
	while (t->buckets < entries * 2)
		t->buckets *= 2;
	t->oldest = t->newest = NIL;
	t->entry = calloc(entries, sizeof(*t->entry));
	t->bucket = malloc(t->buckets * sizeof(*t->bucket));
	if (t->entry == NULL || t->bucket == NULL) {
		intern_destroy(t);
		return NULL;
	}
	memset(t->bucket, 0xff, t->buckets * sizeof(*t->bucket));
	return t;
}

void
intern_destroy(struct intern *t)
{
	if (t == NULL)
		return;
	free(t->entry);
	free(t->bucket);
	free(t);
}

uint32_t
intern_put(struct intern *t, const void *bytes, size_t n)
{
	struct entry *e;
	uint32_t slot;
	size_t b;

	if (n == 0)
		return 0;
	if (n > INTERN_MAX)
		n = INTERN_MAX;
	b = bucket_of(t, bytes, n);
	for (slot = t->bucket[b]; slot != NIL; slot = t->entry[slot].chain) {
		e = &t->entry[slot];
		if (e->len == n && memcmp(e->bytes, bytes, n) == 0) {
			if (e->held == 0) {
				unlink_idle(t, slot);
				link_idle(t, slot);
			}
			return e->id;
		}
	}
	if (t->touched < t->entries) {
		slot = (uint32_t)t->touched++;
		t->entry[slot].id = slot + 1;
	} else {
		slot = t->oldest;
		/* Also refuse when the ids of the slot are used up:
		 * never the same id twice. */
		if (slot == NIL || t->entry[slot].id > UINT32_MAX - t->entries) {
			t->refused++;
			return 0;
		}
		unlink_idle(t, slot);
		unchain(t, slot);
		t->entry[slot].id += (uint32_t)t->entries;
	}
	e = &t->entry[slot];
	memcpy(e->bytes, bytes, n);
	e->bytes[n] = '\0';
	e->len = (uint8_t)n;
	e->announced = false;
	e->held = 0;
	e->chain = t->bucket[b];
	t->bucket[b] = slot;
	link_idle(t, slot);
	return e->id;
}

void
intern_hold(struct intern *t, uint32_t id)
{
	struct entry *e = find(t, id);

	if (e != NULL && e->held++ == 0)
		unlink_idle(t, (uint32_t)(e - t->entry));
}

void
intern_drop(struct intern *t, uint32_t id)
{
	struct entry *e = find(t, id);

	if (e != NULL && e->held > 0 && --e->held == 0)
		link_idle(t, (uint32_t)(e - t->entry));
}

struct span
intern_get(const struct intern *t, uint32_t id)
{
	const struct entry *e = find(t, id);

	return e == NULL ? span_of("", 0) : span_of(e->bytes, e->len);
}

bool
intern_announce(struct intern *t, uint32_t id)
{
	struct entry *e = find(t, id);

	if (e == NULL || e->announced)
		return false;
	e->announced = true;
	return true;
}

uint64_t
intern_refused(const struct intern *t)
{
	return t->refused;
}

static struct entry *
find(const struct intern *t, uint32_t id)
{
	struct entry *e;

	if (id == 0)
		return NULL;
	e = &t->entry[(id - 1) % t->entries];
	return e->id == id && e->len > 0 ? e : NULL;
}

static size_t
bucket_of(const struct intern *t, const void *bytes, size_t n)
{
	return (size_t)siphash13(&t->key, bytes, n) & (t->buckets - 1);
}

static void
unchain(struct intern *t, uint32_t slot)
{
	uint32_t *at = &t->bucket[bucket_of(t, t->entry[slot].bytes, t->entry[slot].len)];

	while (*at != slot)
		at = &t->entry[*at].chain;
	*at = t->entry[slot].chain;
}

static void
unlink_idle(struct intern *t, uint32_t slot)
{
	struct entry *e = &t->entry[slot];

	if (e->prev == NIL)
		t->oldest = e->next;
	else
		t->entry[e->prev].next = e->next;
	if (e->next == NIL)
		t->newest = e->prev;
	else
		t->entry[e->next].prev = e->prev;
}

static void
link_idle(struct intern *t, uint32_t slot)
{
	struct entry *e = &t->entry[slot];

	e->next = NIL;
	e->prev = t->newest;
	if (t->newest == NIL)
		t->oldest = slot;
	else
		t->entry[t->newest].next = slot;
	t->newest = slot;
}
