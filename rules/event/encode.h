/* SPDX-License-Identifier: GPL-3.0-or-later */
/* encode: an event as one line of JSON. Private to rules/event. */
#ifndef RULES_EVENT_ENCODE_H
#define RULES_EVENT_ENCODE_H

#include "rules/event/fields.h"

/* What is the same for every event of a type: which rows of the table it may have, and which
 * of these stand in one object. Made once. */
struct event_form {
	struct event_row {
		uint16_t field;			/* enum event_field */
		uint16_t parent;		/* "a.b." of "a.b.c": its length */
		uint16_t object;		/* first row of the table in the same object */
	} row[EVENT_TYPE_COUNT][EVENT_FIELD_COUNT];
	unsigned rows[EVENT_TYPE_COUNT];
};

void event_form_make(struct event_form *f);

/* Prepares s and writes the line, no newline, into buf; returns its length, at most
 * EVENT_BYTES. */
size_t event_encode(const struct event_form *f, struct event_source *s,
    char buf[EVENT_BYTES]);

/* The event for a person, several lines with newlines, into buf; 0 for stats. After
 * event_encode of the same source. */
size_t event_text(const struct event_source *s, bool colour, char *buf, size_t size);

#endif
