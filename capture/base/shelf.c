/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shelf: pages, and for each length a list of those that have room. A page on no list is
 * full, or has never been cut, or waits empty to be cut anew.
 */
#include "capture/base/shelf.h"

#include "capture/base/huge.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define UNIT 8
#define PAGE 4096
#define UNITS (PAGE / UNIT)
#define LENGTHS (SHELF_MAX / UNIT + 1)

/* Numbers of pages are from 1; 0: none. */
struct page {
	uint32_t prev, next;		/* among those of its length that have room, or
					 * (next) among the empty */
	uint16_t free;			/* the first piece that was given back, in units
					 * and from 1; each holds the next */
	uint16_t fresh;			/* pieces cut off so far */
	uint16_t used;
};

struct shelf {
	uint8_t *mem;
	struct page *page;
	size_t pages, touched;
	uint32_t empty;
	uint32_t room[LENGTHS];		/* by length in units */
};

struct shelf *
shelf_create(size_t bytes)
{
	struct shelf *s;
	size_t pages = bytes / PAGE + (bytes % PAGE != 0);

	if (bytes == 0 || pages >= UINT32_MAX / UNITS)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->pages = pages;
	s->mem = huge_take(pages * PAGE);
	s->page = huge_take(pages * sizeof(*s->page));
	if (s->mem == NULL || s->page == NULL) {
		shelf_destroy(s);
		return NULL;
	}
	return s;
}

void
shelf_destroy(struct shelf *s)
{
	if (s == NULL)
		return;
	huge_give(s->mem, s->pages * PAGE);
	huge_give(s->page, s->pages * sizeof(*s->page));
	free(s);
}

static void
list_add(struct shelf *s, size_t length, uint32_t number)
{
	struct page *p = &s->page[number - 1];

	p->prev = 0;
	p->next = s->room[length];
	if (p->next != 0)
		s->page[p->next - 1].prev = number;
	s->room[length] = number;
}

static void
list_drop(struct shelf *s, size_t length, uint32_t number)
{
	struct page *p = &s->page[number - 1];

	if (p->prev == 0)
		s->room[length] = p->next;
	else
		s->page[p->prev - 1].next = p->next;
	if (p->next != 0)
		s->page[p->next - 1].prev = p->prev;
}

uint32_t
shelf_take(struct shelf *s, size_t n)
{
	size_t length = (n + UNIT - 1) / UNIT, at;
	uint32_t number;
	struct page *p;

	assert(n > 0 && n <= SHELF_MAX);	/* the caller cuts what is longer */
	number = s->room[length];
	if (number == 0) {
		if (s->empty != 0) {
			number = s->empty;
			s->empty = s->page[number - 1].next;
		} else if (s->touched < s->pages) {
			number = (uint32_t)++s->touched;
		} else {
			return 0;
		}
		p = &s->page[number - 1];
		p->free = p->fresh = p->used = 0;
		list_add(s, length, number);
	}
	p = &s->page[number - 1];
	if (p->free != 0) {
		at = p->free - 1U;
		memcpy(&p->free, s->mem + (size_t)(number - 1) * PAGE + at * UNIT,
		    sizeof(p->free));
	} else {
		at = p->fresh++ * length;
	}
	p->used++;
	if (p->free == 0 && (p->fresh + 1U) * length > UNITS)
		list_drop(s, length, number);
	return (uint32_t)((number - 1) * UNITS + at + 1);
}

void
shelf_give(struct shelf *s, uint32_t piece, size_t n)
{
	size_t length = (n + UNIT - 1) / UNIT;
	uint32_t number = (piece - 1) / UNITS + 1;
	struct page *p = &s->page[number - 1];
	bool full = p->free == 0 && (p->fresh + 1U) * length > UNITS;

	memcpy(shelf_at(s, piece), &p->free, sizeof(p->free));
	p->free = (uint16_t)((piece - 1) % UNITS + 1);
	p->used--;
	if (full)
		list_add(s, length, number);
	if (p->used > 0)
		return;
	list_drop(s, length, number);
	p->next = s->empty;
	s->empty = number;
}

void *
shelf_at(const struct shelf *s, uint32_t piece)
{
	return s->mem + (size_t)(piece - 1) * UNIT;
}
