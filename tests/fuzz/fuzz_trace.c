/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace over event lines, or over a segment of a store, of any bytes: what it finds stays
 * within what it read, and can be told as text and as JSON. The first byte says which
 * (odd: a segment) and what is asked.
 */
#include "rules/event/parse.h"
#include "rules/trace/tell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(c) do { if (!(c)) __builtin_trap(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct siphash_key hash = { 1, 2 };
	struct trace_want w = { .length = 120 * NS_PER_S };
	struct trace_read counts = { 0 };
	struct trace_reader r = { .counts = &counts };
	struct trace_answer a = { .want = &w, .read = &counts, .most = 20, .limit = 1e9 };
	struct trace_counts c;
	struct json_value doc;
	struct span s = span_of(data, size);
	char *text = NULL;
	size_t n = 0;
	uint8_t how;
	FILE *out;

	if (!span_u8(&s, &how))
		return 0;
	w.size = (how & 2) != 0 ? 430517 : 0;
	w.codec = (how & 4) != 0 ? "opus" : NULL;
	w.device = (how & 8) != 0 ? "*0.22" : NULL;
	w.length = (how & 16) != 0 ? 0 : w.length;
	r.trace = trace_create(&w, &hash);
	if (r.trace == NULL)
		abort();
	if ((how & 1) != 0) {
		struct trace_store *store = trace_store_create(&r, &hash);

		if (store == NULL)
			abort();
		(void)trace_store_segment(store, s, (how & 32) != 0);
		trace_store_destroy(store);
	} else {
		while (s.left > 0) {
			const uint8_t *end = memchr(s.at, '\n', s.left);
			size_t line = end == NULL ? s.left : (size_t)(end - s.at);
			/* Of its own length, so that a read beyond it is seen. */
			uint8_t *copy = malloc(line == 0 ? 1 : line);

			if (copy == NULL)
				abort();
			memcpy(copy, s.at, line);
			trace_read_line(&r, span_of(copy, line));
			free(copy);
			(void)span_skip(&s, end == NULL ? line : line + 1);
		}
	}
	trace_finish(r.trace);
	trace_get_counts(r.trace, &c);
	MUST(c.flows + c.sums <= c.records && trace_finds(r.trace) <= c.candidates);
	for (unsigned i = 0; i < trace_finds(r.trace); i++) {
		const struct trace_find *f = trace_find(r.trace, i);

		MUST(f->chance >= 0 && isfinite(f->chance) && isfinite(f->fit.off));
		MUST(i == 0 || f->chance >= trace_find(r.trace, i - 1)->chance);
	}
	a.trace = r.trace;
	out = open_memstream(&text, &n);
	if (out == NULL)
		abort();
	trace_tell_json(&a, out);
	fclose(out);
	MUST(parse_document(span_of(text, n), &doc));
	free(text);
	out = open_memstream(&text, &n);
	if (out == NULL)
		abort();
	trace_tell_text(&a, out);
	fclose(out);
	for (size_t i = 0; i < n; i++)
		MUST((uint8_t)text[i] >= ' ' || text[i] == '\n');
	free(text);
	trace_destroy(r.trace);
	return 0;
}
