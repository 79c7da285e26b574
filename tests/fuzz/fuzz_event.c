/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes in the text fields of a record, and in what rules say: the event is valid
 * JSON of bounded length, and its form for a person holds no control byte.
 *
 * The input: one byte says which fields are known, then pieces of (length, bytes).
 */
#include "rules/event/event.h"
#include "tests/unit/rules/json_check.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
put(void *arg, const struct event_head *h, const char *json, const char *text)
{
	(void)arg;
	if (h->json_len == 0 || h->json_len > EVENT_BYTES ||
	    !json_check(json, h->json_len))
		abort();
	for (size_t i = 0; i < h->text_len; i++)
		if ((unsigned char)text[i] == 0x7f ||
		    ((unsigned char)text[i] < 0x20 && text[i] != '\n'))
			abort();
	return true;
}

static char *
piece_of(struct span *in)
{
	uint8_t n = 0;
	struct span s;
	char *text;

	(void)span_u8(in, &n);
	if (!span_take(in, n, &s))
		(void)span_take(in, in->left, &s);
	text = malloc(s.left + 1);
	if (text == NULL)
		abort();
	if (s.left > 0)
		memcpy(text, s.at, s.left);
	text[s.left] = '\0';
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct siphash_key key = { 3, 4 };
	struct intern *strings = intern_create(&key, 64);
	struct emitter_options eo = { .sensor = "fuzz", .boot = "1", .version = "0",
		.rules_version = "0", .input = "-", .text = true, .flows = true,
		.put = put };
	struct emitter *e = emitter_create(&eo, NULL);
	struct span in = span_of(data, size);
	struct observation o;
	struct expr leaf = { .op = EXPR_COMPARE, .field = FIELD_tls_sni, .cmp = CMP_EQ };
	const struct expr *leaves[1] = { &leaf };
	struct rule rule = { .id = 1, .rev = 1, .leaves = 1, .leaf = leaves,
		.when = &leaf };
	struct program program = { .rule = &rule, .rules = 1 };
	struct reason reason = { .leaf = &leaf, .truth = TRUTH_TRUE,
		.observed_known = true };
	struct verdict v = { .program = &program, .rule = &rule, .o = &o,
		.reason = &reason, .reasons = 1, .strings = strings, .notes = 1 };
	char *name = piece_of(&in), *explain = piece_of(&in), *note = piece_of(&in);
	const char *notes[1] = { note };
	uint8_t which = 0;

	if (strings == NULL || e == NULL)
		abort();
	memset(&o, 0, sizeof(o));
	(void)span_u8(&in, &which);
	for (unsigned f = 0; f < FIELD_COUNT_ALL && in.left > 0; f++) {
		uint8_t *at = (uint8_t *)&o + observation_field[f].offset;
		uint8_t n = 0;
		struct span s;
		uint32_t id;

		if ((which >> (f % 8) & 1) == 0)
			continue;
		if (observation_field[f].type == FIELD_TEXT) {
			(void)span_u8(&in, &n);
			if (!span_take(&in, n, &s))
				(void)span_take(&in, in.left, &s);
			id = intern_put(strings, s.at, s.left);
			memcpy(at, &id, sizeof(id));
		} else {
			/* The smallest members are one byte:
			 * wild words and numbers too. */
			static const size_t width[] = { [FIELD_BOOL] = 1,
				[FIELD_COUNT] = 8,
				[FIELD_BYTES] = 8, [FIELD_NUMBER] = 8, [FIELD_RATE] = 8,
				[FIELD_DURATION] = 8, [FIELD_MOMENT] = 8,
				[FIELD_ADDRESS] = 16,
				[FIELD_PORT] = 2, [FIELD_MAC] = 8, [FIELD_WORD] = 2,
				[FIELD_WORDS] = 8 };

			if (!span_take(&in, width[observation_field[f].type], &s))
				break;
			memcpy(at, s.at, s.left);
			if (observation_field[f].type == FIELD_BOOL)
				*at &= 1;
		}
		o.known[f / 64] |= UINT64_C(1) << (f % 64);
	}
	rule.name = name;
	rule.explain = explain;
	rule.suspect = which >= 0x80;
	leaf.text = leaf.value.text = note;
	reason.observed.type = leaf.value.type = FIELD_TEXT;
	reason.observed.text = name;
	v.note = notes;
	(void)emitter_verdict(e, &v);
	emitter_flow(e, &o, strings);
	emitter_anomaly(e, (struct pkt_time){ o.time }, SEVERITY_LOW, name, note);
	free(name);
	free(explain);
	free(note);
	emitter_destroy(e);
	intern_destroy(strings);
	return 0;
}
