/* SPDX-License-Identifier: GPL-3.0-or-later */
/* slots: linear probing, and removal without tombstones (Knuth 6.4, algorithm R). */
#include "capture/flow/slots.h"

#include <stdlib.h>

int
slots_init(struct slots *s, size_t max)
{
	size_t n = 16;

	while (n / 2 < max)
		n *= 2;
	/* calloc of a large block touches no page: an empty table costs nothing. */
	s->slot = calloc(n, sizeof(*s->slot));
	s->mask = n - 1;
	return s->slot == NULL ? -1 : 0;
}

void
slots_free(struct slots *s)
{
	free(s->slot);
	s->slot = NULL;
}

void
slots_add(struct slots *s, uint64_t hash, void *obj)
{
	size_t i = hash & s->mask;

	while (s->slot[i].obj != NULL)
		i = (i + 1) & s->mask;
	s->slot[i] = (struct slot){ hash, obj };
}

void
slots_remove(struct slots *s, uint64_t hash, const void *obj)
{
	size_t i = hash & s->mask, hole;

	while (s->slot[i].obj != obj) {
		if (s->slot[i].obj == NULL)
			return;
		i = (i + 1) & s->mask;
	}
	/* Pull back each later one of the run that may stand here
	 * (Knuth 6.4, algorithm R). */
	for (hole = i;;) {
		size_t home;

		i = (i + 1) & s->mask;
		if (s->slot[i].obj == NULL)
			break;
		home = s->slot[i].hash & s->mask;
		if (((i - home) & s->mask) >= ((i - hole) & s->mask)) {
			s->slot[hole] = s->slot[i];
			hole = i;
		}
	}
	s->slot[hole].obj = NULL;
}

size_t
slots_bytes(const struct slots *s)
{
	return (s->mask + 1) * sizeof(*s->slot);
}
