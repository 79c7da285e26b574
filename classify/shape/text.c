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

#define TEXT_LEAST 8		/* fewer characters are all printable by chance */
#define TEXT_SEEN_MAX (UINT32_C(1) << 30)

static bool is_printable(uint8_t c);
static bool is_base64(uint8_t c);

void
text_packet(struct text_meter *t, struct span payload)
{
	struct span head;
	uint8_t c;

	if (payload.left < TEXT_LEAST ||
	    !span_take(&payload, payload.left < TEXT_HEAD ? payload.left : TEXT_HEAD,
	    &head))
		return;
	if (t->seen >= TEXT_SEEN_MAX) {
		t->seen /= 2;
		t->printable /= 2;
		t->outside /= 2;
	}
	while (span_u8(&head, &c)) {
		t->seen++;
		if (!is_printable(c))
			continue;
		t->printable++;
		if (!is_base64(c))
			t->outside++;
	}
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

static bool
is_printable(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_base64(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=' || c == '\r' ||
	    c == '\n';
}
