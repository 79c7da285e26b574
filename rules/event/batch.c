/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch: writing. The dictionary is made from OBSERVATION_FIELDS and the vocabularies; the
 * order of the fields in it is theirs here, so writing needs no look-up. Reading is in
 * unbatch.c, the layout in batch.h.
 */
#include "rules/event/batch.h"

#include "rules/event/batch_bytes.h"

#include <stdlib.h>
#include <string.h>

#define NAME_SLOTS (2 * BATCH_NAMES)
#define NAMES_BYTES (BATCH_NAMES * 64u)	/* names are short: beyond this the batch is full */
#define DICTIONARY_BYTES (32u << 10)
#define OBSERVATION_BYTES 1600u		/* the longest: 128 fields of ten bytes, less */
#define HEAD 18u

struct batch {
	uint8_t dictionary[DICTIONARY_BYTES];
	size_t dictionary_len;
	uint64_t hash;
	int64_t time;
	uint32_t slot_id[NAME_SLOTS];	/* string id; 0: free */
	uint16_t slot_at[NAME_SLOTS];	/* its place in the batch */
	unsigned names;
	size_t names_len, items_len;
	bool any;
	uint8_t names_bytes[NAMES_BYTES];
	uint8_t head[HEAD + 10 + NAMES_BYTES];
	uint8_t items[BATCH_ITEMS + OBSERVATION_BYTES];
};

static void dictionary_make(struct batch *b);
static bool name_place(struct batch *b, const struct intern *strings, uint32_t id,
    uint64_t *place);

struct batch *
batch_create(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b != NULL)
		dictionary_make(b);
	return b;
}

void
batch_destroy(struct batch *b)
{
	free(b);
}

bool
batch_empty(const struct batch *b)
{
	return !b->any;
}

struct span
batch_dictionary(const struct batch *b)
{
	return span_of(b->dictionary, b->dictionary_len);
}

void
batch_take(struct batch *b, struct span *head, struct span *items)
{
	uint8_t *p = b->head;

	*p++ = RECORD_BATCH;
	*p++ = BATCH_VERSION;
	p = put_le(p, b->hash, 8);
	p = put_le(p, (uint64_t)b->time, 8);
	p = put_v(p, b->names);
	memcpy(p, b->names_bytes, b->names_len);
	p += b->names_len;
	*head = span_of(b->head, (size_t)(p - b->head));
	*items = span_of(b->items, b->items_len);
	memset(b->slot_id, 0, sizeof(b->slot_id));
	b->names = 0;
	b->names_len = b->items_len = 0;
	b->any = false;
}

static uint8_t *
put_field(uint8_t *p, const struct observation *o, unsigned f, uint64_t place)
{
	const uint8_t *at = (const uint8_t *)o + observation_field[f].offset;
	uint64_t u = 0;
	int64_t i = 0;
	uint16_t w = 0;

	switch (observation_field[f].type) {
	case FIELD_BOOL:
		*p++ = *at;
		return p;
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_MAC:
	case FIELD_WORDS:
		memcpy(&u, at, sizeof(u));
		return put_v(p, u);
	case FIELD_PORT:
	case FIELD_WORD:
		memcpy(&w, at, sizeof(w));
		return put_v(p, w);
	case FIELD_NUMBER:
	case FIELD_RATE:
		memcpy(&u, at, sizeof(u));
		return put_le(p, u, 8);
	case FIELD_DURATION:
		memcpy(&i, at, sizeof(i));
		return put_z(p, i);
	case FIELD_MOMENT:
		memcpy(&i, at, sizeof(i));
		return put_z(p, (int64_t)((uint64_t)i - (uint64_t)o->time));
	case FIELD_TEXT:
		return put_v(p, place);
	case FIELD_ADDRESS:
		memcpy(p, at, sizeof(struct addr));
		return p + sizeof(struct addr);
	}
	return p;
}

bool
batch_observation(struct batch *b, const struct observation *o,
    const struct intern *strings)
{
	uint8_t body[OBSERVATION_BYTES], *p = body;
	uint64_t place = 0;

	if (b->items_len >= BATCH_ITEMS)
		return false;
	if (!b->any)
		b->time = o->time;
	p = put_v(p, o->kind);
	p = put_v(p, o->seen);
	p = put_z(p, (int64_t)((uint64_t)o->time - (uint64_t)b->time));
	p = put_v(p, o->ordinal);
	p = put_v(p, o->flow_id);
	p = put_v(p, o->pair_id);
	p = put_v(p, o->source);
	for (unsigned n = 0; n < FIELD_COUNT_ALL; n += 8)
		*p++ = (uint8_t)(o->known[n / 64] >> n % 64);
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		if (!observation_known(o, (enum field)f))
			continue;
		if (observation_field[f].type == FIELD_TEXT) {
			uint32_t id;

			memcpy(&id, (const uint8_t *)o + observation_field[f].offset,
			    sizeof(id));
			if (!name_place(b, strings, id, &place))
				return false;
		}
		p = put_field(p, o, f, place);
	}
	b->items[b->items_len++] = ITEM_OBSERVATION;
	b->items_len = (size_t)(put_v(b->items + b->items_len, (uint64_t)(p - body)) -
	    b->items);
	memcpy(b->items + b->items_len, body, (size_t)(p - body));
	b->items_len += (size_t)(p - body);
	b->any = true;
	return true;
}

bool
batch_event(struct batch *b, struct span json, int64_t time)
{
	if (json.left > BATCH_ITEMS - 16 || b->items_len + json.left > BATCH_ITEMS - 16)
		return false;
	if (!b->any)
		b->time = time;
	b->items[b->items_len++] = ITEM_EVENT;
	b->items_len = (size_t)(put_v(b->items + b->items_len, json.left) - b->items);
	memcpy(b->items + b->items_len, json.at, json.left);
	b->items_len += json.left;
	b->any = true;
	return true;
}

/* The place of a string among the batch's names, said there if it is new. */
static bool
name_place(struct batch *b, const struct intern *strings, uint32_t id, uint64_t *place)
{
	struct span s = intern_get(strings, id);
	size_t at = id * 2654435761u % NAME_SLOTS;

	*place = 0;
	if (s.left == 0)
		return true;
	while (b->slot_id[at] != 0 && b->slot_id[at] != id)
		at = (at + 1) % NAME_SLOTS;
	if (b->slot_id[at] == 0) {
		if (b->names == BATCH_NAMES || b->names_len + 1 + s.left > NAMES_BYTES)
			return false;
		b->slot_id[at] = id;
		b->slot_at[at] = (uint16_t)b->names++;
		b->names_bytes[b->names_len++] = (uint8_t)s.left;
		memcpy(b->names_bytes + b->names_len, s.at, s.left);
		b->names_len += s.left;
	}
	*place = (uint64_t)b->slot_at[at] + 1;
	return true;
}

static uint8_t *
put_word(uint8_t *p, const char *word)
{
	size_t n = strlen(word);

	*p++ = (uint8_t)n;
	memcpy(p, word, n);
	return p + n;
}

/* Its longest form is under a third of its room: a hundred words a vocabulary would fit. */
static void
dictionary_make(struct batch *b)
{
	static const struct siphash_key zeros = { 0, 0 };
	uint8_t *p = b->dictionary;

	*p++ = RECORD_DICTIONARY;
	*p++ = BATCH_VERSION;
	p = put_v(p, OBSERVATION_KIND_COUNT);
	for (unsigned k = 0; k < OBSERVATION_KIND_COUNT; k++)
		p = put_word(p, observation_kind_name((enum observation_kind)k));
	p = put_v(p, FIELD_COUNT_ALL);
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		*p++ = (uint8_t)field_letter(observation_field[f].type);
		*p++ = (uint8_t)observation_field[f].vocabulary;
		p = put_word(p, observation_field[f].word);
	}
	p = put_v(p, VOCABULARIES);
	for (unsigned v = 0; v < VOCABULARIES; v++) {
		unsigned n = 0;

		while (any_word((enum vocabulary)v, n) != NULL)
			n++;
		p = put_v(p, n);
		for (unsigned w = 0; w < n; w++)
			p = put_word(p, any_word((enum vocabulary)v, w));
	}
	b->dictionary_len = (size_t)(p - b->dictionary);
	b->hash = siphash13(&zeros, b->dictionary, b->dictionary_len);
}
