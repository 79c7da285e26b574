/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pool: objects of one size, all of them allocated at the start.
 *
 * The packet path takes and gives, and never meets malloc. A pool that is empty says
 * NULL; what then happens (evict, count, refuse) is the caller's written policy.
 */
#ifndef CAPTURE_BASE_POOL_H
#define CAPTURE_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Private, but for the inline below. */
struct pool {
	uint8_t *mem;
	size_t size;
	size_t count, used, touched;
	void *free;		/* singly linked through the
				 * first word of a free object */
	size_t bytes;
};

/* count objects of size bytes each. NULL when the memory is not to be had or count x size
 * does not fit a size_t. */
struct pool *pool_create(size_t size, size_t count);
void pool_destroy(struct pool *p);

void *pool_take(struct pool *p);		/* zeroed; the caller's until
						 * given back */
void *pool_take_front(struct pool *p, size_t zeroed);	/* so many bytes of it are; what
						 * lies behind is as it was left */
void pool_give(struct pool *p, void *obj);	/* obj may be NULL */
size_t pool_used(const struct pool *p);
size_t pool_count(const struct pool *p);
/* By number, from 1: a pointer in four bytes. */
static inline void *
pool_at(const struct pool *p, uint32_t number)
{
	return p->mem + (size_t)(number - 1) * p->size;
}
uint32_t pool_number(const struct pool *p, const void *obj);
size_t pool_touched(const struct pool *p);	/* numbers that were ever given out */
/* Where the first object lies, and how far it is to the next. */
void *pool_memory(const struct pool *p, size_t *size);

#endif
