/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json: writes JSON into a bounded buffer. No spaces, valid UTF-8 whatever the bytes are.
 *
 * A string is given as bytes. What is valid UTF-8 stays as it is, but for what may drive
 * a terminal or deceive a reader: C0, DEL, C1, bidirectional controls, zero-width
 * characters and line separators are written as \uXXXX. A byte that is not valid UTF-8
 * becomes \u00XX of its value. A string longer than text_max on the line is cut at a
 * character and ends in U+2026.
 */
#ifndef RULES_EVENT_JSON_H
#define RULES_EVENT_JSON_H

#include "capture/base/span.h"


struct json {
	char *buf;
	size_t size, len;
	size_t text_max;		/* bytes on the line of one string; 0: any */
	bool full;			/* something did not fit:
					 * the text is not to be used */
	bool comma;
};

void json_start(struct json *j, char *buf, size_t size, size_t text_max);
/* key NULL: inside an array, or the outermost value. what: '{' or '['. */
void json_open(struct json *j, const char *key, char what);
void json_close(struct json *j, char what);
void json_key(struct json *j, const char *key);
void json_uint(struct json *j, uint64_t v);
/* Fixed form, at most six decimals, no trailing zeros, whatever the locale; a number that
 * is not finite is null. */
void json_number(struct json *j, double v);
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
void json_text(struct json *j, const void *bytes, size_t n);
void json_name(struct json *j, const char *text);	/* ours: never cut */

/* The next character of a text. Returns its bytes (1 when they are not valid UTF-8: then
 * *valid is false and *code the byte's value); 0 at the end. */
size_t utf8_next(struct span s, uint32_t *code, bool *valid);
/* Safe to show: not a control, not bidirectional, not invisible. */
bool utf8_plain(uint32_t code);
/* "24.1": the same form as json_number. Returns buf. */
const char *number_print(double v, unsigned decimals, char buf[40]);
/* Decimal, no NUL, at most 20 bytes; how many. */
size_t uint_print(char *out, uint64_t v);
void uint6_print(char *out, unsigned v);	/* six digits, leading zeros */

#endif
