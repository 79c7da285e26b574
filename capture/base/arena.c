/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arena: a list of blocks, each at least 64 KiB; what does not fit the newest opens
 * another. Refuses giving back a single piece. */
#include "capture/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((size_t)64 * 1024)
#define ALIGN ((size_t)16)

struct block {
	struct block *next;
	size_t used, cap;
	_Alignas(16) uint8_t bytes[];
};

struct arena {
	struct block *head;
	size_t used, cap;
};

struct arena *
arena_create(size_t cap_bytes)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->cap = cap_bytes;
	return a;
}

void
arena_destroy(struct arena *a)
{
	struct block *b, *next;

	if (a == NULL)
		return;
	for (b = a->head; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->head;
	size_t need, cap;
	void *at;

	if (n > a->cap)
		return NULL;
	need = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (need > a->cap - a->used)
		return NULL;
	if (b == NULL || b->cap - b->used < need) {
		cap = need > BLOCK ? need : BLOCK;
		b = calloc(1, sizeof(*b) + cap);
		if (b == NULL)
			return NULL;
		b->cap = cap;
		b->next = a->head;
		a->head = b;
	}
	at = b->bytes + b->used;
	b->used += need;
	a->used += need;
	return at;
}

char *
arena_text(struct arena *a, const char *s, size_t n)
{
	char *t;

	if (n == SIZE_MAX || (t = arena_alloc(a, n + 1)) == NULL)
		return NULL;
	memcpy(t, s, n);
	return t;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
