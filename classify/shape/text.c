/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text: how much of the payload heads is plain text. It counts characters and reads
 * nothing.
 *
 * base64 is text that carries anything, recordings too, so letters, digits and "+/="
 * speak neither way; what speaks for text is what base64 never holds: spaces, quotes,
 * braces, colons. The line ends that mail puts into base64 count as printable but not as
 * outside.
 */
#include "classify/shape/text.h"

#include <string.h>

#define TEXT_LEAST 8		/* fewer characters are all printable by chance */
#define TEXT_SEEN_MAX (UINT32_C(1) << 30)

#define LANES 16

/* Sixteen characters at a time: every packet of a meter comes by here. */
typedef uint8_t lanes __attribute__((vector_size(LANES)));

static inline void look_lanes(lanes c, lanes *printable, lanes *outside);
static uint8_t sum_lanes(lanes n);

struct text_head
text_look(struct span payload)
{
	lanes printable = { 0 }, outside = { 0 };
	struct text_head h = { 0, 0, 0 };
	struct span head, part;

	if (payload.left < TEXT_LEAST ||
	    !span_take(&payload, payload.left < TEXT_HEAD ? payload.left : TEXT_HEAD,
	    &head))
		return h;
	h.seen = (uint8_t)head.left;
	if (head.left == TEXT_HEAD) {
		lanes c[TEXT_HEAD / LANES];

		memcpy(c, head.at, TEXT_HEAD);
		for (unsigned i = 0; i < TEXT_HEAD / LANES; i++)
			look_lanes(c[i], &printable, &outside);
		head.left = 0;
	}
	while (head.left > 0) {
		lanes c = { 0 };		/* what a part lacks is not printable */

		if (span_take(&head, LANES, &part))
			memcpy(&c, part.at, LANES);
		else if (span_take(&head, head.left, &part))
			memcpy(&c, part.at, part.left);
		look_lanes(c, &printable, &outside);
	}
	h.printable = sum_lanes(printable);
	h.outside = sum_lanes(outside);
	return h;
}

void
text_add(struct text_meter *t, struct text_head head)
{
	if (head.seen == 0)
		return;
	if (t->seen >= TEXT_SEEN_MAX) {
		t->seen /= 2;
		t->printable /= 2;
		t->outside /= 2;
	}
	t->seen += head.seen;
	t->printable += head.printable;
	t->outside += head.outside;
}

void
text_packet(struct text_meter *t, struct span payload)
{
	text_add(t, text_look(payload));
}

void
text_observe(const struct text_meter *t, const struct hearing *h, struct observation *o)
{
	double printable, outside;

	if (t->seen == 0)
		return;
	printable = (double)t->printable / t->seen;
	outside = (double)t->outside / t->seen;
	OBSERVATION_SET(o, text_printable, printable);
	OBSERVATION_SET(o, text_outside, outside);
	OBSERVATION_SET(o, text_plain,
	    printable >= h->text_printable && outside >= h->text_outside);
}

/* A lane in which something is true holds -1. */
static inline void
look_lanes(lanes c, lanes *printable, lanes *outside)
{
	const lanes plain = (lanes)(c - 0x20 < 0x7f - 0x20), tab = (lanes)(c == '\t');
	const lanes ends = (lanes)(c == '\r') | (lanes)(c == '\n');
	/* of base64; the slash stands before the digits */
	const lanes base = (lanes)((c | 0x20) - 'a' < 26) | (lanes)(c - '/' < 11) |
	    (lanes)(c == '+') | (lanes)(c == '=');

	*printable -= plain | tab | ends;
	*outside -= (plain & ~base) | tab;
}

static uint8_t
sum_lanes(lanes n)
{
	uint64_t half[2], sum;

	/* At most eight in each of the eight bytes: their sum ends up in the highest. */
	memcpy(half, &n, sizeof(half));
	sum = half[0] + half[1];
	return (uint8_t)(sum * UINT64_C(0x0101010101010101) >> 56);
}
