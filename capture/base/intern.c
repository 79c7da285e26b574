/* SPDX-License-Identifier: GPL-3.0-or-later */
/* intern: a hash table over a fixed array, its texts on a shelf (shelf.h). Entries nobody
 * holds stand in a list, oldest first: what is new takes the place of the oldest. */
#include "capture/base/intern.h"

#include "capture/base/huge.h"
#include "capture/base/shelf.h"

#include <stdlib.h>
#include <string.h>

/* An id is (round * entries + slot + 1): the slot is found without a look-up, and an id
 * from an earlier round of the slot is recognised as gone. */
struct entry {
	uint32_t id;
	uint32_t chain;			/* next in the bucket */
	uint32_t text;			/* its place on the shelf; 0: the entry is spare */
	union {
		uint32_t held;		/* by so many */
		uint32_t prev;		/* among those nobody holds, oldest first */
	};
	uint32_t next;
	uint8_t len;
	bool is_held, announced;
};

#define TRIES 64	/* texts that make room for another, which may be longer than they */

/* Numbers of slots in chains and lists are from 1; 0: none. */
struct intern {
	struct siphash_key key;
	struct entry *entry;
	uint32_t *bucket;
	struct shelf *shelf;
	size_t entries, buckets, bytes, touched;
	uint32_t spare;			/* entries without a text, through `next` */
	uint32_t oldest, newest;	/* the entries nobody holds */
	uint64_t refused;
};

static uint32_t take(struct intern *t, size_t n, uint32_t *text);
static void forget(struct intern *t, uint32_t slot);
static void unlink_idle(struct intern *t, uint32_t slot);
static void link_idle(struct intern *t, uint32_t slot);
static void unchain(struct intern *t, uint32_t slot);
static struct entry *find(const struct intern *t, uint32_t id);
static size_t bucket_of(const struct intern *t, const void *bytes, size_t n);

struct intern *
intern_create(const struct siphash_key *key, size_t entries)
{
	if (entries > (size_t)1 << 24)
		return NULL;
	/* a page for each length that was used once may stand open */
	return intern_create_within(key, entries, entries * 273 +
	    (size_t)(INTERN_MAX / 8 + 2) * 4096);
}

struct intern *
intern_create_within(const struct siphash_key *key, size_t entries, size_t bytes)
{
	struct intern *t;

	if (entries == 0 || entries > (size_t)1 << 24)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->key = *key;
	t->entries = entries;
	t->bytes = bytes;
	t->buckets = 1;
	while (t->buckets < entries)
		t->buckets *= 2;
	t->shelf = shelf_create(bytes);
	t->entry = huge_take(entries * sizeof(*t->entry));
	t->bucket = huge_take(t->buckets * sizeof(*t->bucket));
	if (t->shelf == NULL || t->entry == NULL || t->bucket == NULL) {
		intern_destroy(t);
		return NULL;
	}
	return t;
}

void
intern_destroy(struct intern *t)
{
	if (t == NULL)
		return;
	shelf_destroy(t->shelf);
	huge_give(t->entry, t->entries * sizeof(*t->entry));
	huge_give(t->bucket, t->buckets * sizeof(*t->bucket));
	free(t);
}

size_t
intern_bytes(const struct intern *t)
{
	return t->bytes + t->entries * sizeof(*t->entry) + t->buckets * sizeof(*t->bucket);
}

uint32_t
intern_put(struct intern *t, const void *bytes, size_t n)
{
	struct entry *e;
	uint32_t slot, text = 0;
	char *to;
	size_t b;

	if (n == 0)
		return 0;
	if (n > INTERN_MAX)
		n = INTERN_MAX;
	b = bucket_of(t, bytes, n);
	for (slot = t->bucket[b]; slot != 0; slot = e->chain) {
		e = &t->entry[slot - 1];
		if (e->len == n && memcmp(shelf_at(t->shelf, e->text), bytes, n) == 0) {
			if (!e->is_held) {
				unlink_idle(t, slot);
				link_idle(t, slot);
			}
			return e->id;
		}
	}
	slot = take(t, n, &text);
	if (slot == 0) {
		t->refused++;
		return 0;
	}
	e = &t->entry[slot - 1];
	to = shelf_at(t->shelf, text);
	memcpy(to, bytes, n);
	to[n] = '\0';
	e->text = text;
	e->len = (uint8_t)n;
	e->announced = e->is_held = false;
	e->chain = t->bucket[b];
	t->bucket[b] = slot;
	link_idle(t, slot);
	return e->id;
}

/* An entry, with its id, and room for n bytes and a NUL; 0: everything is held. */
static uint32_t
take(struct intern *t, size_t n, uint32_t *text)
{
	uint32_t slot;

	if (t->spare == 0 && t->touched == t->entries) {
		if (t->oldest == 0)
			return 0;
		forget(t, t->oldest);
	}
	*text = shelf_take(t->shelf, n + 1);
	for (int i = 0; *text == 0 && i < TRIES && t->oldest != 0; i++) {
		forget(t, t->oldest);
		*text = shelf_take(t->shelf, n + 1);
	}
	if (*text == 0)
		return 0;
	if (t->spare != 0) {
		slot = t->spare;
		t->spare = t->entry[slot - 1].next;
		t->entry[slot - 1].id += (uint32_t)t->entries;
	} else if (t->touched < t->entries) {
		slot = (uint32_t)++t->touched;
		t->entry[slot - 1].id = slot;
	} else {
		shelf_give(t->shelf, *text, n + 1);
		return 0;
	}
	return slot;
}

/* One that nobody holds. When the ids of its slot are used up, the slot is: never the same
 * id twice. */
static void
forget(struct intern *t, uint32_t slot)
{
	struct entry *e = &t->entry[slot - 1];

	unlink_idle(t, slot);
	unchain(t, slot);
	shelf_give(t->shelf, e->text, e->len + 1U);
	e->text = 0;
	e->len = 0;
	if (e->id > UINT32_MAX - t->entries)
		return;
	e->next = t->spare;
	t->spare = slot;
}

void
intern_hold(struct intern *t, uint32_t id)
{
	struct entry *e = find(t, id);

	if (e == NULL)
		return;
	if (!e->is_held) {
		unlink_idle(t, (uint32_t)(e - t->entry) + 1);
		e->is_held = true;
		e->held = 0;
	}
	e->held++;
}

void
intern_drop(struct intern *t, uint32_t id)
{
	struct entry *e = find(t, id);

	if (e == NULL || !e->is_held || --e->held > 0)
		return;
	e->is_held = false;
	link_idle(t, (uint32_t)(e - t->entry) + 1);
}

struct span
intern_get(const struct intern *t, uint32_t id)
{
	const struct entry *e = find(t, id);

	return e == NULL ? span_of("", 0) : span_of(shelf_at(t->shelf, e->text), e->len);
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
	struct entry *e = &t->entry[slot - 1];
	uint32_t *at = &t->bucket[bucket_of(t, shelf_at(t->shelf, e->text), e->len)];

	while (*at != slot)
		at = &t->entry[*at - 1].chain;
	*at = e->chain;
}

static void
unlink_idle(struct intern *t, uint32_t slot)
{
	struct entry *e = &t->entry[slot - 1];

	if (e->prev == 0)
		t->oldest = e->next;
	else
		t->entry[e->prev - 1].next = e->next;
	if (e->next == 0)
		t->newest = e->prev;
	else
		t->entry[e->next - 1].prev = e->prev;
}

static void
link_idle(struct intern *t, uint32_t slot)
{
	struct entry *e = &t->entry[slot - 1];

	e->next = 0;
	e->prev = t->newest;
	if (t->newest == 0)
		t->oldest = slot;
	else
		t->entry[t->newest - 1].next = slot;
	t->newest = slot;
}
