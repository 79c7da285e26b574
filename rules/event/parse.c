/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse: one pass over a value with a stack of bits for the brackets that are open. */
#include "rules/event/parse.h"

#include <string.h>

static bool take_string(struct span *s);
static bool take_number(struct span *s);
static bool take_word(struct span *s, const char *word);

static void
skip_spaces(struct span *s)
{
	while (s->left > 0 && (s->at[0] == ' ' || s->at[0] == '\t' || s->at[0] == '\n' ||
	    s->at[0] == '\r'))
		(void)span_skip(s, 1);
}

static bool
take_char(struct span *s, char c)
{
	skip_spaces(s);
	return s->left > 0 && s->at[0] == (uint8_t)c && span_skip(s, 1);
}

static bool
take_scalar(struct span *s)
{
	switch (s->left > 0 ? s->at[0] : 0) {
	case '"':
		return take_string(s);
	case 't':
		return take_word(s, "true");
	case 'f':
		return take_word(s, "false");
	case 'n':
		return take_word(s, "null");
	default:
		return take_number(s);
	}
}

static bool
take_key(struct span *s)
{
	skip_spaces(s);
	return take_string(s) && take_char(s, ':');
}

bool
parse_value(struct span *s, struct json_value *out)
{
	bool object[PARSE_DEPTH];
	struct span at = *s;
	unsigned depth = 0;
	const uint8_t *from;
	uint8_t first;

	skip_spaces(&at);
	from = at.at;
	if (at.left == 0)
		return false;
	first = from[0];
	for (;;) {
		/* A value is due. */
		skip_spaces(&at);
		if (at.left > 0 && (at.at[0] == '{' || at.at[0] == '[')) {
			if (depth == PARSE_DEPTH)
				return false;
			object[depth++] = at.at[0] == '{';
			(void)span_skip(&at, 1);
			if (!take_char(&at, object[depth - 1] ? '}' : ']')) {
				if (object[depth - 1] && !take_key(&at))
					return false;
				continue;
			}
			depth--;
		} else if (!take_scalar(&at)) {
			return false;
		}
		/* A value is over: so may be what it stands in. */
		while (depth > 0 && take_char(&at, object[depth - 1] ? '}' : ']'))
			depth--;
		if (depth == 0)
			break;
		if (!take_char(&at, ',') || (object[depth - 1] && !take_key(&at)))
			return false;
	}
	out->raw = span_of(from, (size_t)(at.at - from));
	out->type = first == '-' || (first >= '0' && first <= '9') ? '0' : (char)first;
	skip_spaces(&at);
	*s = at;
	return true;
}

bool
parse_document(struct span s, struct json_value *out)
{
	return parse_value(&s, out) && s.left == 0;
}

struct span
parse_inside(const struct json_value *v)
{
	if ((v->type != '{' && v->type != '[') || v->raw.left < 2)
		return span_of(NULL, 0);
	return span_of(v->raw.at + 1, v->raw.left - 2);
}

bool
parse_element(struct span *inside, struct json_value *out)
{
	return parse_value(inside, out) && (take_char(inside, ',') || inside->left == 0);
}

bool
parse_member(struct span *inside, struct json_value *key, struct json_value *out)
{
	return parse_value(inside, key) && key->type == '"' && take_char(inside, ':') &&
	    parse_element(inside, out);
}

bool
parse_get(const struct json_value *object, const char *path, struct json_value *out)
{
	struct json_value at = *object, key;

	while (*path != '\0') {
		size_t n = strcspn(path, ".");
		struct span in = parse_inside(&at);
		bool found = false;

		if (at.type != '{')
			return false;
		while (!found && parse_member(&in, &key, out))
			found = key.raw.left == n + 2 && memcmp(key.raw.at + 1, path, n) == 0;
		if (!found)
			return false;
		at = *out;
		path += n + (path[n] == '.');
	}
	return true;
}

static int
hex4(struct span *s, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		uint8_t c;

		if (!span_u8(s, &c))
			return -1;
		if (c >= '0' && c <= '9')
			c = (uint8_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			c = (uint8_t)((c | 32) - 'a' + 10);
		else
			return -1;
		*out = *out << 4 | c;
	}
	return 0;
}

static size_t
put_utf8(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* The character behind a backslash. A lone surrogate is '?'. */
static uint32_t
unescape(struct span *s)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint32_t c, low;
	struct span probe;
	const char *at;
	uint8_t b;

	if (!span_u8(s, &b))
		return '?';
	at = memchr(from, b, 5);
	if (at != NULL)
		return (uint32_t)to[at - from];
	if (b != 'u')
		return b;
	if (hex4(s, &c) == -1)
		return '?';
	if (c < 0xd800 || c > 0xdfff)
		return c;
	probe = *s;
	if (c > 0xdbff || probe.left < 6 || probe.at[0] != '\\' || probe.at[1] != 'u')
		return '?';
	(void)span_skip(&probe, 2);
	if (hex4(&probe, &low) == -1 || low < 0xdc00 || low > 0xdfff)
		return '?';
	*s = probe;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

size_t
parse_text(const struct json_value *v, char *buf, size_t size)
{
	struct span s = v->type == '"' && v->raw.left >= 2 ?
	    span_of(v->raw.at + 1, v->raw.left - 2) : span_of(NULL, 0);
	size_t len = 0;

	while (s.left > 0) {
		uint8_t out[4];
		size_t n = 1;

		(void)span_u8(&s, &out[0]);
		if (out[0] == '\\') {
			uint32_t c = unescape(&s);

			n = put_utf8(c == 0 ? '?' : c, out);
		}
		if (len + n + 1 > size)
			break;
		memcpy(buf + len, out, n);
		len += n;
	}
	if (size > 0)
		buf[len] = '\0';
	return len;
}

bool
parse_uint(const struct json_value *v, uint64_t *out)
{
	struct span s = v->raw;
	uint8_t c;

	*out = 0;
	if (v->type != '0' || s.left > 19)
		return false;
	while (span_u8(&s, &c)) {
		if (c < '0' || c > '9')
			return false;
		*out = *out * 10 + (uint64_t)(c - '0');
	}
	return true;
}

/* By hand: strtod goes by the locale. */
double
parse_number(const struct json_value *v)
{
	double n = 0, unit = 0;
	int exponent = 0, sign = 1;
	bool in_exponent = false;

	if (v->type != '0')
		return 0;
	for (size_t i = 0; i < v->raw.left; i++) {
		char c = (char)v->raw.at[i];

		if (c == 'e' || c == 'E') {
			in_exponent = true;
		} else if (c == '-' && in_exponent) {
			sign = -1;
		} else if (c == '.') {
			unit = 1;
		} else if (c >= '0' && c <= '9' && in_exponent) {
			exponent = exponent < 400 ? exponent * 10 + (c - '0') : exponent;
		} else if (c >= '0' && c <= '9') {
			n = n * 10 + (c - '0');
			unit *= 10;
		}
	}
	if (unit > 1)
		n /= unit;
	for (; exponent > 0; exponent--)
		n = sign > 0 ? n * 10 : n / 10;
	return v->raw.at[0] == '-' ? -n : n;
}

/* Howard Hinnant, "chrono-compatible low-level date algorithms": days since 1970. */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, of_era;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	of_era = y - era * 400;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1 - 719468;
}

bool
parse_time(const char *text, int64_t *ns)
{
	static const char form[] = "0000-00-00T00:00:00.000000Z";
	int64_t part[7] = { 0 };
	unsigned at = 0;

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] != '0') {
			if (text[i] != form[i])
				return false;
			at++;
		} else if (text[i] < '0' || text[i] > '9') {
			return false;
		} else {
			part[at] = part[at] * 10 + (text[i] - '0');
		}
	}
	if (part[0] < 1970 || part[0] > 2261 || part[1] < 1 || part[1] > 12)
		return false;
	*ns = (((days_of(part[0], part[1], part[2]) * 24 + part[3]) * 60 + part[4]) * 60 +
	    part[5]) * 1000000000 + part[6] * 1000;
	return true;
}

/* ---- one token ---- */

static bool
take_string(struct span *s)
{
	uint8_t c;

	if (!span_u8(s, &c) || c != '"')
		return false;
	while (span_u8(s, &c)) {
		uint32_t unit;

		if (c == '"')
			return true;
		if (c < 0x20)
			return false;
		if (c != '\\')
			continue;
		if (!span_u8(s, &c) || memchr("\"\\/bfnrtu", c, 9) == NULL)
			return false;
		if (c == 'u' && hex4(s, &unit) == -1)
			return false;
	}
	return false;
}

static size_t
take_digits(struct span *s)
{
	size_t n = 0;

	for (; s->left > 0 && s->at[0] >= '0' && s->at[0] <= '9'; n++)
		(void)span_skip(s, 1);
	return n;
}

static bool
take_number(struct span *s)
{
	bool zero;

	if (s->left > 0 && s->at[0] == '-')
		(void)span_skip(s, 1);
	zero = s->left > 0 && s->at[0] == '0';
	if (zero)
		(void)span_skip(s, 1);
	else if (take_digits(s) == 0)
		return false;
	if (s->left > 0 && s->at[0] == '.') {
		(void)span_skip(s, 1);
		if (take_digits(s) == 0)
			return false;
	}
	if (s->left > 0 && (s->at[0] | 32) == 'e') {
		(void)span_skip(s, 1);
		if (s->left > 0 && (s->at[0] == '+' || s->at[0] == '-'))
			(void)span_skip(s, 1);
		return take_digits(s) > 0;
	}
	return true;
}

static bool
take_word(struct span *s, const char *word)
{
	size_t n = strlen(word);

	return s->left >= n && memcmp(s->at, word, n) == 0 && span_skip(s, n);
}
