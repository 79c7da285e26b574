/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench over any bytes: the first byte says as what. Flow events become records, are judged
 * and measured; labels and sweeps are read. What comes of it stays within what was asked.
 */
#include "rules/bench/flow_event.h"
#include "rules/bench/labels.h"
#include "rules/bench/near.h"
#include "rules/bench/replay.h"
#include "rules/bench/rows.h"
#include "rules/bench/sweep.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(c) do { if (!(c)) __builtin_trap(); } while (0)

static const char rules[] = "rule volume { id 1 rev 1 severity high kind bulk-upload\n"
	"when outbound and (tls.sni = \"*.example\" or not dest.looked_up) and download < 400 kB\n"
	"and upload >= 1 MB within 1 h per device, dest limit 1 per device, dest every 1 h\n"
	"explain \"x\" }\n";

static void
on_judged(void *arg, unsigned which, struct eval *e, unsigned rule, bool fired,
    const struct observation *o, const struct intern *strings)
{
	(void)which;
	near_take(arg, e, rule, fired, o, strings);
}

static void
judge(const struct program *p, struct span s)
{
	static const struct siphash_key hash = { 1, 2 };
	static const struct prefix_set nobody_said = { .n = 0 };
	struct near_options no = { .program = p, .hash = hash, .most = 1e9 };
	struct near *near = near_create(&no);
	struct replay_options ro = { .hash = hash, .program = &p, .programs = 1, .arg = near,
		.on_judged = on_judged, .always = 0 };
	struct fault why;
	struct replay *r = replay_create(&ro, &why);
	struct intern *strings = intern_create(&hash, 256);
	struct observation o;
	char text[300];

	if (near == NULL || r == NULL || strings == NULL || replay_begin(r, &why) == -1)
		abort();
	while (s.left > 0) {
		const uint8_t *end = memchr(s.at, '\n', s.left);
		size_t line = end == NULL ? s.left : (size_t)(end - s.at);
		uint8_t *copy = malloc(line == 0 ? 1 : line);

		if (copy == NULL)
			abort();
		memcpy(copy, s.at, line);
		if (flow_event_record(span_of(copy, line), &nobody_said, strings, &o))
			replay_record(r, &o, strings);
		free(copy);
		(void)span_skip(&s, line + (end != NULL));
	}
	replay_end(r);
	for (unsigned i = 0, n = near_finish(near); i < n; i++) {
		const struct near_case *c = near_get(near, i);
		struct bench_row row;

		MUST(c->lacks >= 0 && c->leaves == p->rule[0].leaves);
		MUST(strlen(case_lacks(p, c, text, sizeof(text))) < sizeof(text));
		for (unsigned k = 0; k < c->leaves; k++)
			row_of_case(p, c, k, &row);
	}
	replay_destroy(r);
	near_destroy(near);
	intern_destroy(strings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_file f = { "fuzz.rules", rules, sizeof(rules) - 1 };
	struct compile_options co = { .file = &f, .files = 1 };
	static struct program *p;	/* immutable: once is enough */
	struct program *all;
	struct span s = span_of(data, size);
	struct labels *l;
	struct sweep sweep;
	struct json_value doc;
	struct bench_row row;
	struct fault why;
	uint8_t how;
	char *text;

	if (p == NULL)
		p = program_compile(&co);
	MUST(p != NULL);
	if (!span_u8(&s, &how))
		return 0;
	switch (how % 4) {
	case 0:
		judge(p, s);
		break;
	case 1:
		l = labels_read(s, "fuzz.tsv", &why);
		MUST(l == NULL || labels_rows(l) <= size);
		labels_destroy(l);
		break;
	case 2:
		text = calloc(1, s.left + 1);
		if (text == NULL)
			abort();
		memcpy(text, s.at, s.left);
		if (sweep_parse(text, p, &sweep, &why) == 0) {
			MUST(sweep.steps >= 2 && sweep.steps <= SWEEP_STEPS);
			all = sweep_program(p, &sweep, true, sweep.value, sweep.steps);
			MUST(all != NULL && all->rules == sweep.steps + 1);
			sweep_program_destroy(all);
		}
		free(text);
		break;
	default:
		if (parse_document(s, &doc))
			(void)row_of_why(&doc, &row);
		break;
	}
	return 0;
}
