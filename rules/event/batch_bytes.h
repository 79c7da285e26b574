/* SPDX-License-Identifier: GPL-3.0-or-later */
/* batch_bytes: what writer and reader of a batch share. Private to batch.c and unbatch.c;
 * the layout stands in batch.h. */
#ifndef RULES_EVENT_BATCH_BYTES_H
#define RULES_EVENT_BATCH_BYTES_H

#include "classify/dpi/vocabulary.h"

#define BATCH_VERSION 1
#define VOCABULARIES (VOCABULARY_RISK + 1)

enum { RECORD_DICTIONARY = 1, RECORD_BATCH = 2 };
enum { ITEM_OBSERVATION = 1, ITEM_EVENT = 2 };

static inline uint8_t *
put_v(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}

static inline uint8_t *
put_z(uint8_t *p, int64_t v)
{
	return put_v(p, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static inline bool
take_v(struct span *s, uint64_t *v)
{
	uint8_t b;

	*v = 0;
	for (unsigned at = 0; at < 64; at += 7) {
		if (!span_u8(s, &b))
			return false;
		*v |= (uint64_t)(b & 0x7f) << at;
		if ((b & 0x80) == 0)
			return true;
	}
	return false;
}

static inline bool
take_z(struct span *s, int64_t *v)
{
	uint64_t u;

	if (!take_v(s, &u))
		return false;
	*v = (int64_t)(u >> 1 ^ ((u & 1) != 0 ? UINT64_MAX : 0));
	return true;
}

/* How a field of this type is written. */
static inline char
field_letter(enum field_type t)
{
	switch (t) {
	case FIELD_BOOL:
		return 'b';
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_PORT:
	case FIELD_MAC:
		return 'u';
	case FIELD_NUMBER:
	case FIELD_RATE:
		return 'f';
	case FIELD_DURATION:
		return 'i';
	case FIELD_MOMENT:
		return 'm';
	case FIELD_TEXT:
		return 't';
	case FIELD_ADDRESS:
		return 'a';
	case FIELD_WORD:
		return 'w';
	case FIELD_WORDS:
		return 's';
	}
	return '?';
}

static inline size_t
field_size(enum field_type t)
{
	switch (t) {
	case FIELD_BOOL:
		return sizeof(uint8_t);
	case FIELD_PORT:
	case FIELD_WORD:
		return sizeof(uint16_t);
	case FIELD_TEXT:
		return sizeof(uint32_t);
	case FIELD_ADDRESS:
		return sizeof(struct addr);
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_NUMBER:
	case FIELD_RATE:
	case FIELD_DURATION:
	case FIELD_MOMENT:
	case FIELD_MAC:
	case FIELD_WORDS:
		return sizeof(uint64_t);
	}
	return 0;
}

#endif
