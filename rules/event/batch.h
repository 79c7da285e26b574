/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch: observations and events as they lie in the store. Pure: bytes in, bytes out.
 *
 * A record of the store's log is a dictionary or a batch; all numbers little-endian, `v`
 * is a LEB128 of at most ten bytes, `z` one of a number with its sign in the lowest bit.
 *
 *	dictionary: u8 1  u8 version
 *	            v kinds       (u8 n, n bytes)*		in the order of their numbers
 *	            v fields      (u8 type, u8 vocabulary, u8 n, n bytes)*
 *	            v vocabularies (v words (u8 n, n bytes)*)*
 *	batch:      u8 2  u8 version  u64 dictionary  u64 time
 *	            v names (u8 n, n bytes)*  item*
 *	item:       u8 1  v length  observation
 *	            u8 2  v length  an event's JSON
 *	observation: v kind  v seen  z time (behind the batch's)  v ordinal  v flow  v pair
 *	            v source  known bits, a byte for eight fields  the known fields in order
 *
 * A field's type says how it is written: 'b' u8; 'u' v; 'i' z; 'm' z, ns behind the
 * observation's time; 'f' eight bytes of a double; 't' v, 0 for empty, else 1 + place in
 * the batch's names; 'a' sixteen bytes; 'w' v, a word of its vocabulary; 's' v, bits.
 *
 * Every segment of the log begins with the dictionary, and a batch names the one it was
 * written with by its hash (SipHash-1-3 under a key of zeros). A reader goes by names: a
 * field, kind or word it does not have is left out, one that the writer did not have is
 * unknown. So a store outlives the program that wrote it; only another version of this
 * layout is not read, and that is counted.
 *
 * A batch is readable with its dictionary alone: names are said again in each.
 */
#ifndef RULES_EVENT_BATCH_H
#define RULES_EVENT_BATCH_H

#include "capture/base/span.h"
#include "capture/flow/observation.h"

/* ---- writing ---- */

#define BATCH_ITEMS (64u << 10)		/* a batch that has so much is full */
#define BATCH_NAMES 1024

struct batch;

struct batch *batch_create(void);
void batch_destroy(struct batch *b);

/* False: no room, write out what is there and start over. What does not fit an empty batch
 * never will. */
bool batch_observation(struct batch *b, const struct observation *o,
    const struct intern *strings);
bool batch_event(struct batch *b, struct span json, int64_t time);
bool batch_empty(const struct batch *b);
/* The two pieces of the record; then it is empty again. Lent until the next call. */
void batch_take(struct batch *b, struct span *head, struct span *items);

/* What the segments begin with. Lent for the program's life of the batch. */
struct span batch_dictionary(const struct batch *b);

/* ---- reading ---- */

enum batch_read {
	BATCH_DICTIONARY, BATCH_ITEMS_READ,
	BATCH_DAMAGED,			/* hostile, or cut */
	BATCH_UNREADABLE,		/* another version, or no dictionary for it */
};

struct batch_reader;

struct batch_reader_options {
	struct intern *strings;		/* lent: names are put there */
	void *arg;
	observe_fn *on_observation;	/* may be NULL */
	void (*on_event)(void *arg, struct span json);	/* may be NULL */
};

struct batch_reader *batch_reader_create(const struct batch_reader_options *o);
void batch_reader_destroy(struct batch_reader *r);
/* One record of the log, in the log's order. */
enum batch_read batch_reader_take(struct batch_reader *r, struct span record);

#endif
