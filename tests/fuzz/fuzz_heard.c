/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The doctor's ear: frames of any bytes, one after another. Its counts stay within what
 * it was given, and what the judges make of them is printable JSON. Input: for each frame
 * length (1 byte), how much longer it was on the wire (1), milliseconds since the one
 * before (1), bytes.
 */
#include "capture/base/span.h"
#include "rules/doctor/tell.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(c) do { if (!(c)) __builtin_trap(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heard_options o = { .hash = { 1, 2 }, .zone = { zone_default_home },
		.flows = 16 };
	struct doctor_facts *facts = calloc(1, sizeof(*facts));
	struct findings *found = calloc(1, sizeof(*found));
	struct heard *h = heard_create(&o);
	struct span s = span_of(data, size), bytes;
	struct frame f = { .link_type = 1 };
	struct heard_counts *c;
	uint8_t len, more, ms;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (facts == NULL || found == NULL || h == NULL || out == NULL)
		abort();
	while (span_u8(&s, &len) && span_u8(&s, &more) && span_u8(&s, &ms) &&
	    span_take(&s, len, &bytes)) {
		/* Of its own length, so that a read beyond it is seen. */
		uint8_t *copy = malloc(len == 0 ? 1 : len);

		if (copy == NULL)
			abort();
		memcpy(copy, bytes.at, len);
		f.bytes = copy;
		f.cap = len;
		f.wire = (uint32_t)len + more;
		f.time.ns += ms * NS_PER_MS;
		heard_frame(h, &f);
		free(copy);
	}
	c = &facts->heard;
	heard_counts(h, c);
	MUST(c->own + c->others + c->group + c->unread <= c->frames);
	MUST(c->copies <= c->judged && c->judged <= c->frames);
	MUST(c->tcp_one_way <= c->tcp && c->half_tagged <= c->two_ways);
	MUST(c->openings_most <= c->openings && c->crossed <= c->frames);
	MUST(c->encrypted <= c->bytes && c->vlans <= HEARD_VLANS);
	facts->listened = true;
	facts->ifaces = 1;
	doctor_judge(facts, found);
	MUST(tell_json(out, found) == 0 && tell_text(out, found) == 0);
	(void)fclose(out);
	free(text);
	heard_destroy(h);
	free(found);
	free(facts);
	return 0;
}
