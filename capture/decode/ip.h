/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ip: from an IP header to layer 4. Inner header of this room: outside it,
 * decode.h speaks.
 */
#ifndef CAPTURE_DECODE_IP_H
#define CAPTURE_DECODE_IP_H

#include "capture/decode/decode.h"

/* What is left of a frame: the bytes that were captured, and how long it was on the wire.
 * Always wire >= bytes.left: decode_frame sees to it once, skipping keeps it so. */
struct view {
	struct span bytes;
	uint32_t wire;
};

static inline bool
view_skip(struct view *v, uint32_t n)
{
	if (!span_skip(&v->bytes, n))
		return false;
	v->wire -= n;
	return true;
}

/* What is longer than n ends there: padding behind a length field is nobody's payload. */
static inline void
view_trim(struct view *v, uint32_t n)
{
	if (v->wire > n)
		v->wire = n;
	if (v->bytes.left > v->wire)
		v->bytes.left = v->wire;
}

/* Between files and to what is called from many places, a view goes as its two parts:
 * they fit registers. A view on the stack, written in halves and read whole, stalls the
 * processor longer than all the rest of decoding takes;
 * so the others are inlined by force. */
#define VIEW_INLINE static inline __attribute__((always_inline))

enum drop ip4_decode(struct span bytes, uint32_t wire, struct packet *out);
enum drop ip6_decode(struct span bytes, uint32_t wire, struct packet *out);

#endif
