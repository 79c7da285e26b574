/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json: the writer. Owns commas, quotes, UTF-8 and what may not reach a terminal; a
 * buffer that is too small makes the text invalid as a whole, never half of it. */
#include "rules/event/json.h"

#include <string.h>

#define NEAR 64		/* bytes that a number, an address or a MAC never needs */

/* Sixteen bytes at once: SSE2, NEON, or as many words as the compiler makes of it. */
typedef uint8_t wide __attribute__((vector_size(16)));
typedef uint32_t wide32 __attribute__((vector_size(16)));

static void before_value(struct json *j);
static bool put_plain(struct json *j, const uint8_t *s, size_t n);
static size_t plain_run(struct span s);
static size_t escape(struct span *s, char out[16]);
static size_t put_u(char *out, uint32_t unit);

static inline void
put(struct json *j, const char *s, size_t n)
{
	if (j->full || n > j->size - j->len) {
		j->full = true;
		return;
	}
	memcpy(j->buf + j->len, s, n);
	j->len += n;
}

void
json_start(struct json *j, char *buf, size_t size, size_t text_max)
{
	*j = (struct json){ .buf = buf, .size = size, .text_max = text_max };
}

void
json_open(struct json *j, const char *key, char what)
{
	if (key != NULL)
		json_key(j, key);
	before_value(j);
	put(j, &what, 1);
	j->comma = false;
}

void
json_close(struct json *j, char what)
{
	put(j, what == '{' ? "}" : "]", 1);
	j->comma = true;
}

void
json_key(struct json *j, const char *key)
{
	size_t n = strlen(key);

	/* Nearly all of a line is keys, and nearly all of those are plain. */
	if (!j->full && n + 4 <= j->size - j->len && plain_run(span_of(key, n)) == n) {
		char *at = j->buf + j->len;

		if (j->comma)
			*at++ = ',';
		*at++ = '"';
		memcpy(at, key, n);
		memcpy(at + n, "\":", 2);
		j->len = (size_t)(at + n + 2 - j->buf);
		j->comma = false;
		return;
	}
	json_name(j, key);
	put(j, ":", 1);
	j->comma = false;
}

void
json_uint(struct json *j, uint64_t v)
{
	char text[24];

	before_value(j);
	if (!j->full && NEAR <= j->size - j->len)
		j->len += uint_print(j->buf + j->len, v);
	else
		put(j, text, uint_print(text, v));
	j->comma = true;
}

void
json_number(struct json *j, double v)
{
	char text[40];

	if (v != v || v - v != 0) {
		json_null(j);
		return;
	}
	before_value(j);
	(void)number_print(v, 6, text);
	put(j, text, strlen(text));
	j->comma = true;
}

void
json_bool(struct json *j, bool v)
{
	before_value(j);
	if (v)
		put(j, "true", 4);
	else
		put(j, "false", 5);
	j->comma = true;
}

void
json_null(struct json *j)
{
	before_value(j);
	put(j, "null", 4);
	j->comma = true;
}

void
json_name(struct json *j, const char *text)
{
	size_t max = j->text_max;

	j->text_max = 0;
	json_text(j, text, strlen(text));
	j->text_max = max;
}

void
json_text(struct json *j, const void *bytes, size_t n)
{
	struct span s = span_of(bytes, n);
	size_t start, safe;
	char out[16];

	before_value(j);
	if ((j->text_max == 0 || n <= j->text_max) && put_plain(j, bytes, n)) {
		j->comma = true;
		return;
	}
	put(j, "\"", 1);
	start = safe = j->len;
	while (s.left > 0 && !j->full) {
		size_t k = plain_run(s);

		/* As many as fit, and the mark of a cut behind them. */
		if (k > 0 && (j->text_max == 0 ||
		    j->len - start + k + 3 <= j->text_max)) {
			put(j, (const char *)s.at, k);
			(void)span_skip(&s, k);
			continue;
		}
		k = escape(&s, out);
		/* safe: where the mark of a cut still fits. */
		if (j->text_max > 0 && j->len - start + 3 <= j->text_max)
			safe = j->len;
		if (j->text_max > 0 && j->len - start + k > j->text_max) {
			j->len = safe;
			put(j, "\xe2\x80\xa6", 3);
			break;
		}
		put(j, out, k);
	}
	put(j, "\"", 1);
	j->comma = true;
}

static inline void
before_value(struct json *j)
{
	if (j->comma)
		put(j, ",", 1);
	j->comma = false;
}

/* None of sixteen bytes needs more than to be copied: ASCII, as in escape. */
static inline bool
all_plain(wide v)
{
	/* Below 0x20 wraps round to the top. */
	wide bad = (wide)((uint8_t)0x5f <= v - 0x20) | (wide)(v == '"') |
	    (wide)(v == '\\') | (wide)(v == '<');
	uint64_t half[2];

	memcpy(half, &bad, sizeof(bad));
	return (half[0] | half[1]) == 0;
}

/* Most texts are plain: those are copied and looked at in one go, in quotes, the last bytes
 * once more when they are not sixteen. False: nothing was written. */
static bool
put_plain(struct json *j, const uint8_t *s, size_t n)
{
	char *out = j->buf + j->len;
	wide v;

	if (j->full || j->size - j->len < 2 || n > j->size - j->len - 2)
		return false;
	*out++ = '"';
	if (n >= 16) {
		for (size_t i = 0; i + 16 < n; i += 16) {
			memcpy(&v, s + i, 16);
			if (!all_plain(v))
				return false;
			memcpy(out + i, &v, 16);
		}
		memcpy(&v, s + n - 16, 16);
		memcpy(out + n - 16, &v, 16);
	} else if (n >= 8) {
		memcpy(&v, s, 8);
		memcpy((uint8_t *)&v + 8, s + n - 8, 8);
		memcpy(out, s, 8);
		memcpy(out + n - 8, s + n - 8, 8);
	} else if (n >= 4) {
		uint32_t head, tail;

		memcpy(&head, s, 4);
		memcpy(&tail, s + n - 4, 4);
		v = (wide)(wide32){ head, tail, head, tail };
		memcpy(out, &head, 4);
		memcpy(out + n - 4, &tail, 4);
	} else {
		memset(&v, 'x', sizeof(v));
		for (size_t i = 0; i < n; i++) {
			v[i] = s[i];
			out[i] = (char)s[i];
		}
	}
	if (!all_plain(v))
		return false;
	out[n] = '"';
	j->len += n + 2;
	return true;
}

/* How many bytes at the start of s stand inside quotes as they are: ASCII, as in escape. */
static size_t
plain_run(struct span s)
{
	size_t n = 0;

	while (n < s.left && s.at[n] >= 0x20 && s.at[n] < 0x7f && s.at[n] != '"' &&
	    s.at[n] != '\\' && s.at[n] != '<')
		n++;
	return n;
}

/* Takes one character off s; what it looks like inside quotes. */
static size_t
escape(struct span *s, char out[16])
{
	uint32_t code;
	bool valid;
	size_t n = utf8_next(*s, &code, &valid);
	struct span raw = *s;

	(void)span_skip(s, n);
	if (valid && (code == '"' || code == '\\')) {
		out[0] = '\\';
		out[1] = (char)code;
		return 2;
	}
	/* '<' too: an event may be pasted into a page between script tags. */
	if (valid && code != '<' && utf8_plain(code)) {
		memcpy(out, raw.at, n);
		return n;
	}
	if (code < 0x10000)
		return put_u(out, code);
	code -= 0x10000;
	n = put_u(out, 0xd800 + (code >> 10));
	return n + put_u(out + n, 0xdc00 + (code & 0x3ff));
}

static size_t
put_u(char *out, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";

	out[0] = '\\';
	out[1] = 'u';
	for (unsigned i = 0; i < 4; i++)
		out[2 + i] = hex[unit >> (12 - 4 * i) & 15];
	return 6;
}

/* RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF. */
size_t
utf8_next(struct span s, uint32_t *code, bool *valid)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t n;

	*valid = false;
	*code = 0;
	if (s.left == 0)
		return 0;
	*code = c = s.at[0];
	if (c < 0x80) {
		*valid = true;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf)
		n = 2;
	else if (c >= 0xe0 && c <= 0xef)
		n = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		n = 4;
	else
		return 1;
	if (s.left < n)
		return 1;
	c &= 0x7fU >> n;
	for (size_t i = 1; i < n; i++) {
		if ((s.at[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (s.at[i] & 0x3fU);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 1;
	*code = c;
	*valid = true;
	return n;
}

bool
utf8_plain(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f },
		{ 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
		{ 0xfffe, 0xffff }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return false;
	return true;
}

/* By hand: printf writes the decimal point of the locale. */
const char *
number_print(double v, unsigned decimals, char buf[40])
{
	uint64_t scale = 1, whole, part;
	unsigned exponent = 0;
	char *at = buf;

	if (v < 0) {
		*at++ = '-';
		v = -v;
	}
	if (!(v <= 1e300))
		v = v != v ? 0 : 1e300;
	while (v >= 1e12) {		/* beyond any byte count a rate is made of */
		v /= 10;
		exponent++;
	}
	for (unsigned i = 0; i < decimals && i < 6; i++)
		scale *= 10;
	whole = (uint64_t)v;
	part = (uint64_t)((v - (double)whole) * (double)scale + 0.5);
	if (part >= scale) {
		whole++;
		part -= scale;
	}
	if (whole == 0 && part == 0)
		at = buf;		/* no "-0" */
	at += uint_print(at, whole);
	if (part > 0) {
		/* A one in front keeps the zeros of the fraction. */
		(void)uint_print(at, scale + part);
		*at = '.';
		at += decimals < 6 ? decimals + 1 : 7;
		while (at[-1] == '0')
			at--;
	}
	if (exponent > 0) {
		*at++ = 'e';
		at += uint_print(at, exponent);
	}
	*at = '\0';
	return buf;
}

static const char pair[] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

size_t
uint_print(char *out, uint64_t v)
{
	size_t n = 1, at;

	for (uint64_t rest = v; rest >= 10; n++)
		if (rest >= 10000) {
			rest /= 10000;
			n += 3;
		} else {
			rest /= 10;
		}
	for (at = n; v >= 100; v /= 100)
		memcpy(out + (at -= 2), pair + 2 * (v % 100), 2);
	if (v >= 10)
		memcpy(out, pair + 2 * v, 2);
	else
		out[0] = (char)('0' + v);
	return n;
}

void
uint6_print(char *out, unsigned v)
{
	memcpy(out, pair + 2 * (v / 10000 % 100), 2);
	memcpy(out + 2, pair + 2 * (v / 100 % 100), 2);
	memcpy(out + 4, pair + 2 * (v % 100), 2);
}
