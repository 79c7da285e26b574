/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_check: is this one JSON value (RFC 8259) without spaces, in valid UTF-8, with no
 * raw control, bidirectional or zero-width character? Shares no code with the writer.
 */
#ifndef TESTS_UNIT_RULES_JSON_CHECK_H
#define TESTS_UNIT_RULES_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline const char *json_check_value(const char *p, const char *end, int depth);

static inline const char *
json_check_utf8(const char *p, const char *end)
{
	unsigned char a = (unsigned char)*p, b, c, d;
	uint32_t u;

	if (a < 0x80)
		return a < 0x20 || a == 0x7f ? NULL : p + 1;
	b = p + 1 < end ? (unsigned char)p[1] : 0;
	c = p + 2 < end ? (unsigned char)p[2] : 0;
	d = p + 3 < end ? (unsigned char)p[3] : 0;
	if ((a & 0xe0) == 0xc0 && (b & 0xc0) == 0x80) {
		u = (uint32_t)(a & 31) << 6 | (b & 63);
		return u < 0xa0 || u == 0x61c ? NULL : p + 2;	/* C1 and overlong too */
	}
	if ((a & 0xf0) == 0xe0 && (b & 0xc0) == 0x80 && (c & 0xc0) == 0x80) {
		u = (uint32_t)(a & 15) << 12 | (uint32_t)(b & 63) << 6 | (c & 63);
		if (u < 0x800 || (u >= 0xd800 && u < 0xe000) ||
		    (u >= 0x200b && u <= 0x200f) ||
		    (u >= 0x202a && u <= 0x202e) || (u >= 0x2060 && u <= 0x2069) ||
		    u == 0xfeff)
			return NULL;
		return p + 3;
	}
	if ((a & 0xf8) == 0xf0 && (b & 0xc0) == 0x80 && (c & 0xc0) == 0x80 &&
	    (d & 0xc0) == 0x80) {
		u = (uint32_t)(a & 7) << 18 | (uint32_t)(b & 63) << 12 |
		    (uint32_t)(c & 63) << 6 | (d & 63);
		return u < 0x10000 || u > 0x10ffff ? NULL : p + 4;
	}
	return NULL;
}

static inline const char *
json_check_string(const char *p, const char *end)
{
	if (p >= end || *p != '"')
		return NULL;
	for (p++; p < end && *p != '"';) {
		if (*p != '\\') {
			p = json_check_utf8(p, end);
			if (p == NULL)
				return NULL;
			continue;
		}
		if (++p >= end)
			return NULL;
		if (*p == 'u') {
			for (int i = 1; i <= 4; i++)
				if (p + i >= end ||
				    strchr("0123456789abcdefABCDEF", p[i]) == NULL ||
				    p[i] == '\0')
					return NULL;
			p += 5;
		} else if (*p != '\0' && strchr("\"\\/bfnrt", *p) != NULL) {
			p++;
		} else {
			return NULL;
		}
	}
	return p < end ? p + 1 : NULL;
}

static inline const char *
json_check_digits(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p == start ? NULL : p;
}

static inline const char *
json_check_number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	if (p + 1 < end && *p == '0' && p[1] >= '0' && p[1] <= '9')
		return NULL;
	p = json_check_digits(p, end);
	if (p != NULL && p < end && *p == '.')
		p = json_check_digits(p + 1, end);
	if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = json_check_digits(p, end);
	}
	return p;
}

static inline const char *
json_check_members(const char *p, const char *end, int depth, char close)
{
	if (++p < end && *p == close)
		return p + 1;
	for (;;) {
		if (close == '}') {
			p = json_check_string(p, end);
			if (p == NULL || p >= end || *p++ != ':')
				return NULL;
		}
		p = json_check_value(p, end, depth + 1);
		if (p == NULL || p >= end)
			return NULL;
		if (*p == close)
			return p + 1;
		if (*p++ != ',')
			return NULL;
	}
}

static inline const char *
json_check_value(const char *p, const char *end, int depth)
{
	if (p >= end || depth > 16)
		return NULL;
	if (*p == '{')
		return json_check_members(p, end, depth, '}');
	if (*p == '[')
		return json_check_members(p, end, depth, ']');
	if (*p == '"')
		return json_check_string(p, end);
	if (end - p >= 4 && (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0))
		return p + 4;
	if (end - p >= 5 && memcmp(p, "false", 5) == 0)
		return p + 5;
	return json_check_number(p, end);
}

static inline bool
json_check(const char *text, size_t n)
{
	return json_check_value(text, text + n, 0) == text + n;
}

#endif
