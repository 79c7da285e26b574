/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reader: the bytes of a capture in blocks of a mebibyte, for the formats that are read
 * here. What was not handed on yet lies in one piece at buf + at. Inner header of this
 * room.
 *
 * What was handed on stays where it is for SOURCE_KEEPS dispatches: a buffer of which
 * something was lent is left alone while that many others take its place.
 *
 * A regular file of more than a few blocks is read, and unpacked, by a thread while the
 * block before is worked on: copying a gigabyte out of the system takes a quarter of a
 * second, unpacking it several. It begins with a reader_fill_ahead, which is for dispatching
 * and not for opening: so after a sandbox was entered, and falls under it whole. From then on
 * the input is the thread's.
 */
#ifndef CAPTURE_SOURCE_READER_H
#define CAPTURE_SOURCE_READER_H

#include "capture/base/span.h"
#include "capture/source/input.h"
#include "capture/source/source.h"

/* A packet of at most PACKET_MOST_EVER bytes, with its headers and what stands behind
 * it, always finds room. */
#define READER_BLOCK (1024U * 1024U)
#define PACKET_MOST_EVER READER_BLOCK
#define READER_ROOM (READER_BLOCK + PACKET_MOST_EVER + 4096U)
#define READER_BUFFER (READER_ROOM + READER_BLOCK)	/* pages come when they are touched */

struct reader_thread;

struct reader {
	struct input *in;
	uint8_t *buf;
	size_t at, end;			/* what is not handed on yet */
	uint64_t base;			/* offset of buf[0] in the (unpacked) file; wraps */
	uint64_t taken;			/* bytes read from the file, still packed */
	bool big;			/* the byte order of its numbers */
	bool lent;			/* a frame of buf was handed on: its owner says so */
	uint8_t *kept[SOURCE_KEEPS - 1];	/* what was handed on before; a ring */
	unsigned turns;
	unsigned fills;
	struct reader_thread *thread;	/* NULL: none */
};

/* Takes *in over, and leaves NULL there, when it works and when it does not. */
int reader_open(struct reader *r, struct input **in, struct fault *why);
void reader_close(struct reader *r);	/* a zeroed one is closed already */

/* More bytes behind those not handed on yet: as input_read. At most once in a dispatch that
 * handed nothing on, or what was lent before does not stay as long as it should. */
long reader_fill(struct reader *r, struct fault *why);
/* The same, and the block behind it is perhaps read meanwhile. */
long reader_fill_ahead(struct reader *r, struct fault *why);

static inline struct span
reader_left(const struct reader *r)
{
	return (struct span){ r->buf + r->at, r->end - r->at };
}

static inline uint64_t
reader_offset(const struct reader *r)
{
	return r->base + r->at;
}

static inline uint32_t
reader_u32(const struct reader *r, struct span *s)
{
	uint32_t v = 0;

	if (r->big)
		(void)span_u32(s, &v);
	else
		(void)span_le32(s, &v);
	return v;
}

static inline uint16_t
reader_u16(const struct reader *r, struct span *s)
{
	uint16_t v = 0;

	if (r->big)
		(void)span_u16(s, &v);
	else
		(void)span_le16(s, &v);
	return v;
}

#endif
