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

static lanes printable_lanes(lanes c);
static lanes base64_lanes(lanes c);
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
	while (head.left > 0) {
		lanes c = { 0 }, yes;	/* what a part lacks is not printable */

		if (span_take(&head, LANES, &part))
			memcpy(&c, part.at, LANES);
		else if (span_take(&head, head.left, &part))
			memcpy(&c, part.at, part.left);
		yes = printable_lanes(c);
		printable += yes;
		outside += yes & ~base64_lanes(c);
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

/* 1 where it is, else 0. */
static lanes
printable_lanes(lanes c)
{
	return (lanes)((c - 0x20 < 0x7f - 0x20) | (c == '\t') | (c == '\r') |
	    (c == '\n')) & 1;
}

static lanes
base64_lanes(lanes c)
{
	return (lanes)(((c | 0x20) - 'a' < 26) | (c - '0' < 10) | (c == '+') |
	    (c == '/') | (c == '=') | (c == '\r') | (c == '\n')) & 1;
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
