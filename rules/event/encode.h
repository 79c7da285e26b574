/* SPDX-License-Identifier: GPL-3.0-or-later */
/* encode: an event as one line of JSON. Private to rules/event. */
#ifndef RULES_EVENT_ENCODE_H
#define RULES_EVENT_ENCODE_H

#include "rules/event/fields.h"

#define ENCODE_ROOM (EVENT_BYTES + 4 * JSON_PIECE)	/* the longest still has room left */
#define JSON_PIECE 48		/* no key, no way from one object to another is longer */
#define ENCODE_OBJECTS 24	/* "", "ndpi.", "flow.", ..., "earshot.gap." */
#define ENCODE_FIXED 10		/* fields that are the same in every event of a type */
#define ENCODE_SECONDS 64	/* whose text is kept: those of one event are near each other */
#define ENCODE_ADDRESSES 64	/* the same: each stands in an event two or three times */

/* Part of a line, put together before. */
struct piece {
	char text[JSON_PIECE + 1];	/* one more: it may begin behind its comma */
	uint8_t n;			/* 0: not there */
};

/* What is the same for every event is put together once: the rows of the table that a type
 * may have, each key with what stands around it, and what closes the objects of one row and
 * opens those of another. And texts that are likely to be written again. */
struct encoder {
	struct event_row {
		uint64_t bit;			/* absent without this bit of known[] */
		event_getter *get;
		uint16_t field;			/* enum event_field */
		uint8_t word;			/* of known[] */
		uint8_t value;			/* enum field, or 255: get */
		uint8_t type;			/* enum json_type */
		uint8_t object;
		uint8_t fixed;			/* its place in `fixed`; 255: none */
		bool many;			/* an array */
	} row[EVENT_TYPE_COUNT][EVENT_FIELD_COUNT];
	unsigned rows[EVENT_TYPE_COUNT];
	struct piece key[EVENT_FIELD_COUNT];			/* ,"src_port": */
	struct piece way[ENCODE_OBJECTS][ENCODE_OBJECTS];	/* },"flow":{ */
	struct piece fixed[EVENT_TYPE_COUNT][ENCODE_FIXED];	/* ,"host":"eth0" */
	struct {
		int64_t second;
		struct piece text;		/* "2026-11-22T05:47:00.000000Z" */
	} moment[ENCODE_SECONDS];
	struct {
		struct addr a;
		struct piece text;
	} address[ENCODE_ADDRESSES];
	struct {
		uint64_t mac;
		struct piece text;
	} mac;
};

void encoder_make(struct encoder *e);
void encoder_forget(struct encoder *e);	/* other rules: what was fixed is not */

/* Prepares s and writes the line, no newline, into buf; returns its length, at most
 * EVENT_BYTES. */
size_t event_encode(struct encoder *e, struct event_source *s, char buf[ENCODE_ROOM]);

/* The event for a person, several lines with newlines, into buf; 0 for stats. After
 * event_encode of the same source. */
size_t event_text(const struct event_source *s, bool colour, char *buf, size_t size);

#endif
