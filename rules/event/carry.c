/* SPDX-License-Identifier: GPL-3.0-or-later */
/* carry: the record as it is, its strings behind it. Owns no memory. */
#include "rules/event/carry.h"

#include <string.h>

#define X(m, w, t, v, u, mean, unk) TEXTS_##t(m)
#define TEXTS_TEXT(m) FIELD_##m,
#define TEXTS_BOOL(m)
#define TEXTS_COUNT(m)
#define TEXTS_BYTES(m)
#define TEXTS_NUMBER(m)
#define TEXTS_RATE(m)
#define TEXTS_DURATION(m)
#define TEXTS_MOMENT(m)
#define TEXTS_ADDRESS(m)
#define TEXTS_PORT(m)
#define TEXTS_MAC(m)
#define TEXTS_WORD(m)
#define TEXTS_WORDS(m)
static const uint8_t text_field[] = { OBSERVATION_FIELDS(X) };
#undef X

#define TEXTS (sizeof(text_field) / sizeof(text_field[0]))
_Static_assert(TEXTS <= 24, "CARRY_MAX has room for so many texts");

static uint32_t
text_of(const struct observation *o, size_t i)
{
	uint32_t id;

	if (!observation_known(o, (enum field)text_field[i]))
		return 0;
	memcpy(&id, (const uint8_t *)o + observation_field[text_field[i]].offset,
	    sizeof(id));
	return id;
}

size_t
carry_size(const struct observation *o, const struct intern *strings)
{
	size_t n = 5 + sizeof(*o) + TEXTS;

	for (size_t i = 0; i < TEXTS; i++)
		n += intern_get(strings, text_of(o, i)).left;
	return n;
}

void
carry_put(uint8_t *at, uint32_t start, bool live, const struct observation *o,
    const struct intern *strings)
{
	at = put_le(at, start, 4);
	*at++ = live;
	memcpy(at, o, sizeof(*o));
	at += sizeof(*o);
	for (size_t i = 0; i < TEXTS; i++) {
		struct span s = intern_get(strings, text_of(o, i));

		*at++ = (uint8_t)s.left;
		memcpy(at, s.at, s.left);
		at += s.left;
	}
}

bool
carry_take(struct span m, struct intern *strings, uint32_t *start, bool *live,
    struct observation *out)
{
	struct span s, probe;
	uint8_t n;

	if (!span_le32(&m, start) || !span_u8(&m, &n))
		return false;
	*live = n != 0;
	if (!span_take(&m, sizeof(*out), &s))
		return false;
	probe = m;
	for (size_t i = 0; i < TEXTS; i++)
		if (!span_u8(&probe, &n) || !span_skip(&probe, n))
			return false;
	if (probe.left > 0)
		return false;
	memcpy(out, s.at, sizeof(*out));
	if (out->size != sizeof(*out) || out->version != OBSERVATION_VERSION ||
	    out->kind >= OBSERVATION_KIND_COUNT || out->kind == OBSERVATION_NAME ||
	    out->kind == OBSERVATION_SUM)
		return false;
	for (unsigned f = FIELD_COUNT_ALL; f < 128; f++)
		out->known[f / 64] &= ~(UINT64_C(1) << f % 64);
	for (size_t i = 0; i < TEXTS; i++) {
		uint32_t id;

		(void)span_u8(&m, &n);
		(void)span_take(&m, n, &s);
		id = intern_put(strings, s.at, s.left);
		intern_hold(strings, id);
		memcpy((uint8_t *)out + observation_field[text_field[i]].offset, &id,
		    sizeof(id));
	}
	return true;
}

void
carry_hold(struct intern *strings, const struct observation *o)
{
	for (size_t i = 0; i < TEXTS; i++)
		intern_hold(strings, text_of(o, i));
}

void
carry_drop(struct intern *strings, const struct observation *o)
{
	for (size_t i = 0; i < TEXTS; i++) {
		uint32_t id;

		memcpy(&id, (const uint8_t *)o +
		    observation_field[text_field[i]].offset, sizeof(id));
		intern_drop(strings, id);
	}
}
