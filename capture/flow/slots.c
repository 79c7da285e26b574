/* SPDX-License-Identifier: GPL-3.0-or-later */
/* slots: linear probing, and removal without tombstones (Knuth 6.4, algorithm R). */
#include "capture/flow/slots.h"

#include "capture/base/huge.h"

#define FIRST 1024

static uint32_t number_of(const struct slots *s, const void *obj);
static void put(struct slots *s, struct slot one);
static void grow(struct slots *s);

int
slots_init(struct slots *s, const struct pool *of)
{
	size_t max = pool_count(of);

	s->mem = pool_memory(of, &s->size);
	s->most = FIRST;
	while (s->most / 2 < max)
		s->most *= 2;
	s->slot = huge_take(s->most * sizeof(*s->slot));
	s->other = huge_take(s->most * sizeof(*s->other));
	s->mask = FIRST - 1;
	return s->slot == NULL || s->other == NULL ? -1 : 0;
}

void
slots_free(struct slots *s)
{
	huge_give(s->slot, s->most * sizeof(*s->slot));
	huge_give(s->other, s->most * sizeof(*s->other));
	s->slot = s->other = NULL;
}

void
slots_add(struct slots *s, uint64_t hash, const void *obj)
{
	if (2 * ++s->used > s->mask + 1 && s->mask + 1 < s->most)
		grow(s);
	put(s, (struct slot){ (uint32_t)hash, number_of(s, obj) });
}

void
slots_remove(struct slots *s, uint64_t hash, const void *obj)
{
	size_t i = (uint32_t)hash & s->mask, hole;
	uint32_t number = number_of(s, obj);

	while (s->slot[i].number != number) {
		if (s->slot[i].number == 0)
			return;
		i = (i + 1) & s->mask;
	}
	/* Pull back each later one of the run that may stand here
	 * (Knuth 6.4, algorithm R). */
	for (hole = i;;) {
		size_t home;

		i = (i + 1) & s->mask;
		if (s->slot[i].number == 0)
			break;
		home = s->slot[i].hash & s->mask;
		if (((i - home) & s->mask) >= ((i - hole) & s->mask)) {
			s->slot[hole] = s->slot[i];
			hole = i;
		}
	}
	s->slot[hole].number = 0;
	s->used--;
}

size_t
slots_bytes(const struct slots *s)
{
	return s->most * sizeof(*s->slot);
}

static uint32_t
number_of(const struct slots *s, const void *obj)
{
	return (uint32_t)((size_t)((const uint8_t *)obj - s->mem) / s->size) + 1;
}

static void
put(struct slots *s, struct slot one)
{
	size_t i = one.hash & s->mask;

	while (s->slot[i].number != 0)
		i = (i + 1) & s->mask;
	s->slot[i] = one;
}

static void
grow(struct slots *s)
{
	struct slot *old = s->slot;
	size_t n = s->mask + 1;

	s->slot = s->other;
	s->other = old;
	s->mask = 2 * n - 1;
	for (size_t i = 0; i < n; i++)
		if (old[i].number != 0)
			put(s, old[i]);
	huge_forget(old, n * sizeof(*old));
}
