/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parse: reads JSON (RFC 8259) that somebody else wrote. Pure; nothing is allocated, a
 * value is the bytes it stands in. Depth is bounded, nothing recurses: a document nested
 * deeper than PARSE_DEPTH is refused like any other nonsense.
 */
#ifndef RULES_EVENT_PARSE_H
#define RULES_EVENT_PARSE_H

#include "capture/base/span.h"

#define PARSE_DEPTH 32

/* type: '{' '[' '"' '0' (a number) 't' 'f' 'n'; 0: none. raw: with brackets and quotes. */
struct json_value {
	char type;
	struct span raw;
};

/* One whole, well-formed value off the front, spaces around it too. */
bool parse_value(struct span *s, struct json_value *out);
/* The same, and nothing may follow. */
bool parse_document(struct span s, struct json_value *out);

/* What stands between the brackets of an array or object that parse_value gave; then one
 * element, or one member, after the other. */
struct span parse_inside(const struct json_value *v);
bool parse_element(struct span *inside, struct json_value *out);
bool parse_member(struct span *inside, struct json_value *key, struct json_value *out);

/* "a.b.c": the value there; false when there is none. Keys with escapes are not found. */
bool parse_get(const struct json_value *object, const char *path, struct json_value *out);

/* A string as UTF-8 with a NUL behind it, cut to fit; its length. Other types: "". A NUL
 * inside ends nothing: it becomes '?'. */
size_t parse_text(const struct json_value *v, char *buf, size_t size);
bool parse_uint(const struct json_value *v, uint64_t *out);
/* A number, digits and a fraction; an exponent too. 0 for what is none. */
double parse_number(const struct json_value *v);
/* "2026-11-22T04:08:51.288792Z", UTC as pkt_time_print writes it, to ns since 1970. */
bool parse_time(const char *text, int64_t *ns);

#endif
