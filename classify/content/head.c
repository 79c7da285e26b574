/* SPDX-License-Identifier: GPL-3.0-or-later */
/* head: pieces of one direction of a stream put in order. Refuses what lies behind the
 * head, and waiting for a hole that no window would fill. */
#include "classify/content/head.h"

#include <string.h>

static void put_range(struct head *h, uint16_t from, uint16_t to, const uint8_t *at);

void
head_start(struct head *h, uint64_t base)
{
	h->base = base;
	h->have = h->parsed = h->parses = 0;
	h->limit = HEAD_BYTES;
	h->pending = 0;
}

void
head_put(struct head *h, uint64_t offset, struct span captured, uint32_t wire)
{
	uint64_t from, cut;

	if (offset < h->base) {		/* begins before us: a retransmission,
					 * or the end of a body */
		uint64_t skip = h->base - offset;

		if (skip >= wire)
			return;
		wire -= (uint32_t)skip;
		if (!span_skip(&captured, skip))
			captured.left = 0;
		offset = h->base;
	}
	from = offset - h->base;
	if (captured.left > wire)
		captured.left = wire;
	cut = from + captured.left;
	if (from < HEAD_BYTES && captured.left > 0) {
		size_t n = captured.left < HEAD_BYTES - from ? captured.left :
		    HEAD_BYTES - from;

		put_range(h, (uint16_t)from, (uint16_t)(from + n), captured.at);
	}
	/* a hole that the snap length made; a whole copy may have come before it */
	if (captured.left < wire && cut < h->limit && cut >= h->have)
		h->limit = (uint16_t)cut;
	if (from > h->have && from - h->have > HEAD_GIVE_UP)
		h->limit = h->have;
}

void
head_settled(struct head *h, uint64_t offset, uint64_t acked)
{
	if (offset > h->base + h->have && acked >= offset && h->have < h->limit)
		h->limit = h->have;
}

static void
put_range(struct head *h, uint16_t from, uint16_t to, const uint8_t *at)
{
	bool again;

	if (from <= h->have) {
		if (to <= h->have)
			return;
		at += h->have - from;
		from = h->have;
		memcpy(h->bytes + from, at, (size_t)(to - from));
		h->have = to;
	} else {
		/* beyond a hole: kept when there is room for the note,
		 * else it has to come again */
		if (h->pending == HEAD_PENDING)
			return;
		memcpy(h->bytes + from, at, (size_t)(to - from));
		h->range[h->pending].from = from;
		h->range[h->pending].to = to;
		h->pending++;
	}
	do {
		again = false;
		for (unsigned i = 0; i < h->pending; i++) {
			if (h->range[i].from > h->have)
				continue;
			if (h->range[i].to > h->have)
				h->have = h->range[i].to;
			h->range[i] = h->range[--h->pending];
			again = true;
			break;
		}
	} while (again);
}

struct span
head_span(const struct head *h)
{
	return (struct span){ h->bytes, h->have < h->limit ? h->have : h->limit };
}

bool
head_final(const struct head *h)
{
	return h->have >= h->limit;
}
