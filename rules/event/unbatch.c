/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unbatch: reading. Every byte may be hostile: a count is believed as far as there are
 * bytes for it, a place in a table only after it was compared with the table's length.
 * The layout stands in batch.h.
 */
#include "rules/event/batch.h"

#include "rules/event/batch_bytes.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 256			/* of a foreign dictionary: twice what we have */
#define WORDS_MAX 256
#define KINDS_MAX 64
#define NO_WORD 0xffff

struct foreign_field {
	uint8_t letter, vocabulary;
	uint16_t ours;			/* FIELD_COUNT_ALL: we have none of this name */
};

struct batch_reader {
	struct batch_reader_options o;
	bool has;			/* a dictionary */
	uint64_t hash;
	unsigned fields, kinds;
	struct foreign_field field[FIELDS_MAX];
	uint8_t kind[KINDS_MAX];	/* ours; OBSERVATION_KIND_COUNT: none */
	uint16_t word[VOCABULARIES][WORDS_MAX];
	uint32_t name[BATCH_NAMES];
	unsigned names;
};

static bool take_dictionary(struct batch_reader *r, struct span s);
static bool take_observation(struct batch_reader *r, struct span s, uint64_t time,
    struct observation *o);

struct batch_reader *
batch_reader_create(const struct batch_reader_options *o)
{
	struct batch_reader *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->o = *o;
	return r;
}

void
batch_reader_destroy(struct batch_reader *r)
{
	free(r);
}

enum batch_read
batch_reader_take(struct batch_reader *r, struct span record)
{
	static const struct siphash_key zeros = { 0, 0 };
	struct span s = record, item;
	uint64_t hash, time, n;
	uint8_t what, version, len;

	if (!span_u8(&s, &what) || !span_u8(&s, &version))
		return BATCH_DAMAGED;
	if (version != BATCH_VERSION)
		return BATCH_UNREADABLE;
	if (what == RECORD_DICTIONARY) {
		r->has = take_dictionary(r, s);
		r->hash = siphash13(&zeros, record.at, record.left);
		return r->has ? BATCH_DICTIONARY : BATCH_DAMAGED;
	}
	if (what != RECORD_BATCH || !span_le64(&s, &hash) || !span_le64(&s, &time) ||
	    !take_v(&s, &n) || n > BATCH_NAMES)
		return BATCH_DAMAGED;
	if (!r->has || hash != r->hash)
		return BATCH_UNREADABLE;
	r->names = (unsigned)n;
	for (unsigned i = 0; i < r->names; i++) {
		if (!span_u8(&s, &len) || !span_take(&s, len, &item))
			return BATCH_DAMAGED;
		r->name[i] = intern_put(r->o.strings, item.at, item.left);
	}
	while (s.left > 0) {
		struct observation o;

		if (!span_u8(&s, &what) || !take_v(&s, &n) || n > s.left ||
		    !span_take(&s, (size_t)n, &item))
			return BATCH_DAMAGED;
		if (what == ITEM_EVENT && r->o.on_event != NULL)
			r->o.on_event(r->o.arg, item);
		if (what != ITEM_OBSERVATION || r->o.on_observation == NULL)
			continue;
		if (!take_observation(r, item, time, &o))
			return BATCH_DAMAGED;
		if (o.kind < OBSERVATION_KIND_COUNT)
			r->o.on_observation(r->o.arg, &o, r->o.strings);
	}
	return BATCH_ITEMS_READ;
}

static bool
is_word(struct span s, const char *word)
{
	return strlen(word) == s.left && memcmp(word, s.at, s.left) == 0;
}

/* The types must agree too: a field whose type changed is another field. */
static uint16_t
our_field(struct span name, uint8_t letter, uint8_t vocabulary)
{
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++)
		if (is_word(name, observation_field[f].word))
			return (uint8_t)field_letter(observation_field[f].type) == letter &&
			    observation_field[f].vocabulary == vocabulary ? (uint16_t)f :
			    FIELD_COUNT_ALL;
	return FIELD_COUNT_ALL;
}

static bool
take_word(struct span *s, struct span *out)
{
	uint8_t n;

	return span_u8(s, &n) && span_take(s, n, out);
}

static bool
take_dictionary(struct batch_reader *r, struct span s)
{
	struct span word;
	uint64_t n, words;

	if (!take_v(&s, &n) || n > KINDS_MAX)
		return false;
	r->kinds = (unsigned)n;
	for (unsigned i = 0; i < r->kinds; i++) {
		unsigned k = 0;

		if (!take_word(&s, &word))
			return false;
		while (k < OBSERVATION_KIND_COUNT &&
		    !is_word(word, observation_kind_name((enum observation_kind)k)))
			k++;
		r->kind[i] = (uint8_t)k;
	}
	if (!take_v(&s, &n) || n > FIELDS_MAX)
		return false;
	r->fields = (unsigned)n;
	for (unsigned i = 0; i < r->fields; i++) {
		struct foreign_field *f = &r->field[i];

		if (!span_u8(&s, &f->letter) || !span_u8(&s, &f->vocabulary) ||
		    !take_word(&s, &word) ||
		    memchr("buifmtaws", f->letter, 9) == NULL)
			return false;
		f->ours = our_field(word, f->letter, f->vocabulary);
	}
	memset(r->word, 0xff, sizeof(r->word));
	if (!take_v(&s, &n) || n > 64)
		return false;
	for (unsigned v = 0; v < n; v++) {
		if (!take_v(&s, &words) || words > WORDS_MAX)
			return false;
		for (unsigned w = 0; w < words; w++) {
			const char *ours;

			if (!take_word(&s, &word))
				return false;
			for (unsigned i = 0; v < VOCABULARIES &&
			    (ours = any_word((enum vocabulary)v, i)) != NULL; i++)
				if (is_word(word, ours))
					r->word[v][w] = (uint16_t)i;
		}
	}
	return s.left == 0;
}

static bool
word_of(const struct batch_reader *r, uint8_t vocabulary, uint64_t n, uint16_t *ours)
{
	if (vocabulary >= VOCABULARIES || n >= WORDS_MAX ||
	    r->word[vocabulary][n] == NO_WORD)
		return false;
	*ours = r->word[vocabulary][n];
	return true;
}

static void
set(struct observation *o, unsigned f, const void *value, size_t n)
{
	memcpy((uint8_t *)o + observation_field[f].offset, value, n);
	o->known[f / 64] |= UINT64_C(1) << f % 64;
}

/* One field's bytes; kept when it is one of ours and its value means something here. */
static bool
take_field(const struct batch_reader *r, const struct foreign_field *f, struct span *s,
    struct observation *o)
{
	bool ours = f->ours < FIELD_COUNT_ALL;
	struct span a;
	uint64_t u, bits = 0;
	int64_t i;
	uint32_t id;
	uint16_t w;
	uint8_t b;

	switch (f->letter) {
	case 'b':
		if (!span_u8(s, &b))
			return false;
		b = b != 0;
		if (ours)
			set(o, f->ours, &b, 1);
		return true;
	case 'u':
		if (!take_v(s, &u))
			return false;
		w = (uint16_t)u;
		if (ours && observation_field[f->ours].type == FIELD_PORT)
			set(o, f->ours, &w, sizeof(w));
		else if (ours)
			set(o, f->ours, &u, sizeof(u));
		return true;
	case 'f':
		if (!span_le64(s, &u))
			return false;
		if (ours)
			set(o, f->ours, &u, sizeof(u));
		return true;
	case 'i':
	case 'm':
		if (!take_z(s, &i))
			return false;
		if (f->letter == 'm')
			i = (int64_t)((uint64_t)i + (uint64_t)o->time);
		if (ours)
			set(o, f->ours, &i, sizeof(i));
		return true;
	case 't':
		if (!take_v(s, &u) || u > r->names)
			return false;
		id = u == 0 ? 0 : r->name[u - 1];
		if (ours)
			set(o, f->ours, &id, sizeof(id));
		return true;
	case 'a':
		if (!span_take(s, sizeof(struct addr), &a))
			return false;
		if (ours)
			set(o, f->ours, a.at, a.left);
		return true;
	case 'w':
		if (!take_v(s, &u))
			return false;
		if (ours && word_of(r, f->vocabulary, u, &w))
			set(o, f->ours, &w, sizeof(w));
		return true;
	default:
		if (!take_v(s, &u))
			return false;
		for (unsigned n = 0; n < 64; n++)
			if ((u >> n & 1) != 0 && word_of(r, f->vocabulary, n, &w) && w < 64)
				bits |= UINT64_C(1) << w;
		if (ours)
			set(o, f->ours, &bits, sizeof(bits));
		return true;
	}
}

static bool
take_observation(struct batch_reader *r, struct span s, uint64_t time,
    struct observation *o)
{
	uint64_t kind, seen, source;
	struct span known;
	int64_t after;

	memset(o, 0, sizeof(*o));
	o->size = sizeof(*o);
	o->version = OBSERVATION_VERSION;
	if (!take_v(&s, &kind) || kind >= r->kinds || !take_v(&s, &seen) ||
	    !take_z(&s, &after) || !take_v(&s, &o->ordinal) || !take_v(&s, &o->flow_id) ||
	    !take_v(&s, &o->pair_id) || !take_v(&s, &source) ||
	    !span_take(&s, (r->fields + 7) / 8, &known))
		return false;
	o->kind = r->kind[kind];
	o->seen = (uint32_t)seen;
	o->time = (int64_t)(time + (uint64_t)after);
	o->source = (uint32_t)source;
	for (unsigned f = 0; f < r->fields; f++)
		if ((known.at[f / 8] >> f % 8 & 1) != 0 &&
		    !take_field(r, &r->field[f], &s, o))
			return false;
	return true;
}
