/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table: a bounded hash table whose entries know who was used last.
 *
 * Keys are byte strings of one size (zero the padding of a struct used as one), values
 * have one size and start zeroed. Everything is allocated at the start. A full table
 * evicts its least recently used entry (the evict callback sees it first) and counts
 * that. Walks go in order of last use, oldest first, never in hash order: two runs with
 * different hash keys do the same things in the same order.
 */
#ifndef CAPTURE_BASE_TABLE_H
#define CAPTURE_BASE_TABLE_H

#include "capture/base/siphash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

struct table_options {
	struct siphash_key hash;
	size_t key_size, value_size;
	size_t max;				/* entries; at least 1 */
	void (*evict)(void *arg, const void *key, void *value);	/* may be NULL */
	void *arg;
};

struct table *table_create(const struct table_options *o);
void table_destroy(struct table *t);

/* Find, without a touch: NULL when it is not there. Use finds or adds, and touches. */
void *table_find(const struct table *t, const void *key);
void *table_use(struct table *t, const void *key, bool *is_new);
/* The same with the hash of the key, for who asks several tables of one hash and key size. */
uint32_t table_hash(const struct table *t, const void *key);
void *table_find_hashed(const struct table *t, const void *key, uint32_t hash);
void *table_use_hashed(struct table *t, const void *key, uint32_t hash, bool *is_new);
void table_touch(struct table *t, void *value);		/* now the most recently used */
void table_remove(struct table *t, void *value);	/* without the evict callback */
const void *table_key(const void *value);

/* Oldest use first; next may be asked for before the entry is removed or touched. */
void *table_oldest(const struct table *t);
void *table_next(const struct table *t, const void *value);

/* By place, which an entry keeps as long as it is there: for walks that stop and go on.
 * NULL: nothing is there. */
void *table_place(const struct table *t, size_t place);
size_t table_places(const struct table *t);		/* so far */

size_t table_used(const struct table *t);
uint64_t table_evicted(const struct table *t);

#endif
