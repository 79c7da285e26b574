/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pool: one mapping, cut into objects; free ones are chained through their first word. */
#include "capture/base/pool.h"

#include "capture/base/huge.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 8

struct pool *
pool_create(size_t size, size_t count)
{
	struct pool *p;
	size_t bytes;

	if (size == 0 || count == 0 || size > SIZE_MAX - ALIGN)
		return NULL;
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (__builtin_mul_overflow(size, count, &bytes))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	/* Pages come when they are first touched:
	 * a large cap costs nothing in a small office. */
	p->mem = huge_take(bytes);
	if (p->mem == NULL) {
		free(p);
		return NULL;
	}
	p->size = size;
	p->count = count;
	p->bytes = bytes;
	return p;
}

void
pool_destroy(struct pool *p)
{
	if (p == NULL)
		return;
	huge_give(p->mem, p->bytes);
	free(p);
}

void *
pool_take(struct pool *p)
{
	return pool_take_front(p, p->size);
}

void *
pool_take_front(struct pool *p, size_t zeroed)
{
	void *obj = p->free;

	if (obj != NULL) {
		memcpy(&p->free, obj, sizeof(p->free));
		memset(obj, 0, zeroed);
	} else if (p->touched < p->count) {
		obj = p->mem + p->touched++ * p->size;	/* fresh from mmap: zero */
	} else {
		return NULL;
	}
	p->used++;
	return obj;
}

void
pool_give(struct pool *p, void *obj)
{
	if (obj == NULL)
		return;
	/* One of ours, at the start of a slot: a caller's bug, never a packet's doing. */
	assert((uint8_t *)obj >= p->mem && (uint8_t *)obj < p->mem + p->bytes);
	assert((size_t)((uint8_t *)obj - p->mem) % p->size == 0);
	memcpy(obj, &p->free, sizeof(p->free));
	p->free = obj;
	p->used--;
}

size_t
pool_used(const struct pool *p)
{
	return p->used;
}

size_t
pool_count(const struct pool *p)
{
	return p->count;
}

void *
pool_memory(const struct pool *p, size_t *size)
{
	*size = p->size;
	return p->mem;
}

uint32_t
pool_number(const struct pool *p, const void *obj)
{
	return (uint32_t)((size_t)((const uint8_t *)obj - p->mem) / p->size) + 1;
}

size_t
pool_touched(const struct pool *p)
{
	return p->touched;
}
