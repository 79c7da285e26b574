/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * head: the first HEAD_BYTES of one direction of a stream, in order. Owns placing
 * segments by their offset, with up to four pieces waiting behind a hole. Bytes that the
 * snap length cut away end the head there: no later packet brings them. Where copies of a
 * byte differ, the one that came in order stays.
 */
#ifndef CLASSIFY_CONTENT_HEAD_H
#define CLASSIFY_CONTENT_HEAD_H

#include "classify/content/content.h"

#define HEAD_PENDING 4
/* A stream that is so far beyond a hole will not fill it:
 * no window of TCP waits longer. */
#define HEAD_GIVE_UP (1U << 20)

struct head {
	/* owned by content.c: who reads it, in order of taking */
	struct head *older, *newer;
	void *owner;
	uint8_t dir;

	uint64_t base;			/* offset in the stream of bytes[0] */
	uint16_t have;			/* whole from the start */
	uint16_t limit;			/* nothing comes at or after this */
	uint16_t parsed;		/* have at the last parse */
	uint16_t parses;
	uint8_t pending;
	struct { uint16_t from, to; } range[HEAD_PENDING];	/* none touches have */
	uint8_t bytes[HEAD_BYTES];
};

void head_start(struct head *h, uint64_t base);
/* A segment: what was captured of it, and its true length. */
void head_put(struct head *h, uint64_t offset, struct span captured, uint32_t wire);
/* The other side had acknowledged up to here when a segment from `offset` on came: a hole before
 * that segment is the capture's own. Not asked of the acknowledgement alone, which a tap may
 * show before what it acknowledges. */
void head_settled(struct head *h, uint64_t offset, uint64_t acked);
struct span head_span(const struct head *h);
bool head_final(const struct head *h);		/* no more bytes will come */

#endif
