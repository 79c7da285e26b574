/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * human: numbers as a person reads them, and a rule's sentence filled in. Texts that come
 * out of here may still hold wire bytes: json.c and text.c make them safe.
 */
#ifndef RULES_EVENT_HUMAN_H
#define RULES_EVENT_HUMAN_H

#include "rules/eval/eval.h"

#define HUMAN_TEXT 320		/* room for any value, a text of INTERN_MAX included */

const char *human_bytes(uint64_t bytes, char buf[24]);	/* "20.2 MB", powers of ten */
const char *human_rate(double bits, char buf[24]);	/* "24.1 kbit/s" */
const char *human_duration(int64_t ns, char buf[32]);	/* "1 h 52 min", "20 ms" */
/* Any value of a field; words by their vocabulary. */
const char *human_value(const struct value *v, enum field f, char buf[HUMAN_TEXT]);

/* "42 min of AMR-WB": what the header of a sound in clear text tells, in words. */
const char *human_recording(const struct observation *o, char buf[HUMAN_TEXT]);
/* What was seen of the content: "content unknown", "content: image (jpeg)". */
const char *human_seen(const struct observation *o, char buf[HUMAN_TEXT]);

/* Fills a template: {device}, {dest}, {any.field}; a field that a sum of the rule is over
 * shows the sum. Unknown values are "unknown". Never longer than size - 1,
 * cut at a character. */
size_t explain_fill(const struct verdict *v, char *buf, size_t size);
size_t template_fill(const struct verdict *v, const char *text, char *buf, size_t size);

/* The best name for each end: inventory or DHCP name, else the key; destination name,
 * else the logical one, else the address. Bytes of the wire,
 * lent by strings or written to addr. */
struct span device_label(const struct observation *o, const struct intern *strings,
    char addr[ADDR_TEXT]);
struct span dest_label(const struct observation *o, const struct intern *strings,
    char addr[ADDR_TEXT]);

#endif
