/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * arena: memory that is given out piece by piece and taken back all at once.
 *
 * For what is built once and then only read: a rule program, an inventory. It has a cap;
 * beyond it, and when the system has no memory, arena_alloc says NULL.
 */
#ifndef CAPTURE_BASE_ARENA_H
#define CAPTURE_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_create(size_t cap_bytes);
void arena_destroy(struct arena *a);
void *arena_alloc(struct arena *a, size_t n);		/* zeroed, aligned to 16 */
char *arena_text(struct arena *a, const char *s, size_t n);	/* a copy, NUL added */
size_t arena_used(const struct arena *a);

#endif
