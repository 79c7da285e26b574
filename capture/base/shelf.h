/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shelf: room for texts of many lengths, in one mapping and below one cap.
 *
 * Pages of 4 KiB, each cut into pieces of one length (a multiple of eight); a page whose
 * pieces were all given back may be cut anew, so that what was short yesterday makes room
 * for what is long today. A piece is named by a number of 32 bits. Nothing is allocated
 * after creation; pages are touched as they are needed.
 */
#ifndef CAPTURE_BASE_SHELF_H
#define CAPTURE_BASE_SHELF_H

#include <stddef.h>
#include <stdint.h>

#define SHELF_MAX 512		/* bytes of a piece */

struct shelf;

/* NULL when the memory is not to be had, or when bytes is 32 GiB or more. */
struct shelf *shelf_create(size_t bytes);
void shelf_destroy(struct shelf *s);

/* Room for n bytes, 1 to SHELF_MAX; 0: there is none. */
uint32_t shelf_take(struct shelf *s, size_t n);
/* n: as it was taken. */
void shelf_give(struct shelf *s, uint32_t piece, size_t n);
void *shelf_at(const struct shelf *s, uint32_t piece);

#endif
