/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * slots: an open-addressed index from hash to object, for the flow and pair tables.
 *
 * Owns: the array of slots, at most half full, probed in a line; removal closes the gap,
 * so that there are no tombstones and the longest probe stays short under a keyed hash.
 * Refuses: keys (the caller compares) and objects (they live in pools).
 */
#ifndef CAPTURE_FLOW_SLOTS_H
#define CAPTURE_FLOW_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
	uint64_t hash;
	void *obj;		/* NULL: empty */
};

struct slots {
	struct slot *slot;
	size_t mask;
};

/* Room for max objects; -1 when the memory is not to be had. */
int slots_init(struct slots *s, size_t max);
void slots_free(struct slots *s);
void slots_add(struct slots *s, uint64_t hash, void *obj);
void slots_remove(struct slots *s, uint64_t hash, const void *obj);
size_t slots_bytes(const struct slots *s);

static inline void *
slots_find(const struct slots *s, uint64_t hash,
    bool (*same)(const void *obj, const void *key), const void *key)
{
	for (size_t i = hash & s->mask; s->slot[i].obj != NULL; i = (i + 1) & s->mask) {
		if (s->slot[i].hash == hash && same(s->slot[i].obj, key))
			return s->slot[i].obj;
	}
	return NULL;
}

#endif
