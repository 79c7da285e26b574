/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * slots: an open-addressed index from hash to object, for the flow and pair tables.
 *
 * Owns: the array of slots, at most half full, probed in a line; removal closes the gap,
 * so that there are no tombstones and the longest probe stays short under a keyed hash.
 * A slot holds 32 bits of the hash and the number of an object of a pool: eight bytes.
 * The array begins small and doubles, between two mappings made at the start: what is
 * looked up at random is touched all over, and should be no larger than what is in it.
 * That halts once for each doubling, 15 ms when it holds a million.
 * Refuses: keys (the caller compares) and objects (they live in pools).
 */
#ifndef CAPTURE_FLOW_SLOTS_H
#define CAPTURE_FLOW_SLOTS_H

#include "capture/base/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
	uint32_t hash;
	uint32_t number;	/* from 1; 0: empty */
};

struct slots {
	struct slot *slot;
	size_t mask;
	uint8_t *mem;		/* of the objects */
	size_t size;		/* of an object */
	size_t used, most;	/* slots when it has grown up */
	struct slot *other;	/* for the next doubling */
};

/* For all objects of the pool; -1 when the memory is not to be had. */
int slots_init(struct slots *s, const struct pool *of);
void slots_free(struct slots *s);
void slots_add(struct slots *s, uint64_t hash, const void *obj);
void slots_remove(struct slots *s, uint64_t hash, const void *obj);
size_t slots_bytes(const struct slots *s);	/* when it has grown up */

static inline void *
slots_object(const struct slots *s, uint32_t number)
{
	return s->mem + (size_t)(number - 1) * s->size;
}

static inline void *
slots_find(const struct slots *s, uint64_t hash,
    bool (*same)(const void *obj, const void *key), const void *key)
{
	uint32_t tag = (uint32_t)hash;

	for (size_t i = tag & s->mask; s->slot[i].number != 0; i = (i + 1) & s->mask) {
		if (s->slot[i].hash == tag) {
			void *obj = slots_object(s, s->slot[i].number);

			if (same(obj, key))
				return obj;
		}
	}
	return NULL;
}

/* Brings the place of a hash near. */
static inline void
slots_near(const struct slots *s, uint64_t hash)
{
	__builtin_prefetch(&s->slot[(uint32_t)hash & s->mask]);
}

/* The object that most likely is the one: its hash is. NULL: none has it. */
static inline void *
slots_guess(const struct slots *s, uint64_t hash)
{
	uint32_t tag = (uint32_t)hash;

	for (size_t i = tag & s->mask; s->slot[i].number != 0; i = (i + 1) & s->mask) {
		if (s->slot[i].hash == tag)
			return slots_object(s, s->slot[i].number);
	}
	return NULL;
}

#endif
