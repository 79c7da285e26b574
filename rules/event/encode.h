/* SPDX-License-Identifier: GPL-3.0-or-later */
/* encode: an event as one line of JSON. Private to rules/event. */
#ifndef RULES_EVENT_ENCODE_H
#define RULES_EVENT_ENCODE_H

#include "rules/event/fields.h"

/* Prepares s and writes the line, no newline, into buf; returns its length, at most
 * EVENT_BYTES. */
size_t event_encode(struct event_source *s, char buf[EVENT_BYTES]);

/* The event for a person, several lines with newlines, into buf; 0 for stats. After
 * event_encode of the same source. */
size_t event_text(const struct event_source *s, bool colour, char *buf, size_t size);

#endif
