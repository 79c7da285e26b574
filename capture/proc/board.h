/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * board: one process writes a struct on it, others read the last whole one.
 *
 * The mapping is made before fork and inherited. It holds two places and a count of
 * posts: the writer fills the place that nobody is sent to and then counts on, a reader
 * copies the last place and looks whether the count stood still meanwhile (a sequence
 * lock, with a second place so that a writer that dies in the middle leaves the post
 * before it readable). Neither side ever waits for the other.
 *
 * One writer at a time; one that is started in the place of a dead one just posts on.
 * What comes back is what another process wrote: a reader whose writer may be taken over
 * checks lengths and ends of strings before it uses them.
 */
#ifndef CAPTURE_PROC_BOARD_H
#define CAPTURE_PROC_BOARD_H

#include "capture/base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct board;

/* For structs of this many bytes, 1 to 1 MiB. */
struct board *board_create(size_t bytes, struct fault *why);
void board_destroy(struct board *b);		/* unmaps for this process */

void board_post(struct board *b, const void *bytes);
/* False: nothing was posted yet, or the writer posts faster than one can copy; *out is
 * then not to be read. */
bool board_read(const struct board *b, void *out);
/* How many posts there were: cheap, to see whether reading is worth it. */
uint64_t board_posts(const struct board *b);

#endif
