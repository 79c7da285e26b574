/* SPDX-License-Identifier: GPL-3.0-or-later */
/* addr: text to bytes and back. Refuses host bits behind a prefix, mixed separators in a
 * MAC and every form that inet_pton refuses. Next: addr.h says which form is stored. */
#include "capture/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

struct addr
addr_from_v4(const uint8_t v4[4])
{
	struct addr a = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };

	memcpy(a.b + 12, v4, 4);
	return a;
}

bool
addr_is_group(const struct addr *a)
{
	static const struct addr zero;
	static const uint8_t all_ones[4] = { 255, 255, 255, 255 };
	static const uint8_t none[4] = { 0, 0, 0, 0 };

	if (addr_is_v4(a))
		return (a->b[12] & 0xf0) == 0xe0 || memcmp(a->b + 12, all_ones, 4) == 0 ||
		    memcmp(a->b + 12, none, 4) == 0;
	return a->b[0] == 0xff || addr_eq(a, &zero);
}

const char *
addr_print(const struct addr *a, char buf[ADDR_TEXT])
{
	(void)addr_text(a, buf);
	return buf;
}

static char *
put_quad(char *at, const uint8_t *b)
{
	for (int i = 0; i < 4; i++) {
		unsigned v = b[i];

		if (v >= 100) {
			*at++ = (char)('0' + v / 100);
			v %= 100;
			*at++ = (char)('0' + v / 10);
			v %= 10;
		} else if (v >= 10) {
			*at++ = (char)('0' + v / 10);
			v %= 10;
		}
		*at++ = (char)('0' + v);
		*at++ = '.';
	}
	return at - 1;
}

static char *
put_hex(char *at, unsigned v)
{
	static const char digit[] = "0123456789abcdef";

	if (v >= 0x1000)
		*at++ = digit[v >> 12];
	if (v >= 0x100)
		*at++ = digit[v >> 8 & 15];
	if (v >= 0x10)
		*at++ = digit[v >> 4 & 15];
	*at++ = digit[v & 15];
	return at;
}

/* By hand, an event has four of them; what inet_ntop makes, and tested against that. */
size_t
addr_text(const struct addr *a, char buf[ADDR_TEXT])
{
	unsigned group[8], from = 8, zeros = 1, run = 0;
	char *at = buf;

	if (addr_is_v4(a)) {
		at = put_quad(at, a->b + 12);
		*at = '\0';
		return (size_t)(at - buf);
	}
	/* The first of the longest runs of two zero groups or more is "::". */
	for (unsigned i = 0; i < 8; i++) {
		group[i] = (unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1];
		run = group[i] == 0 ? run + 1 : 0;
		if (run > zeros) {
			zeros = run;
			from = i + 1 - run;
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i == from) {
			*at++ = ':';
			i += zeros - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i > 0)
			*at++ = ':';
		/* ::1.2.3.4, an IPv4-compatible address. */
		if (i == 6 && from == 0 && zeros == 6) {
			at = put_quad(at, a->b + 12);
			break;
		}
		at = put_hex(at, group[i]);
	}
	*at = '\0';
	return (size_t)(at - buf);
}

const char *
prefix_print(const struct prefix *p, char buf[PREFIX_TEXT])
{
	char text[ADDR_TEXT];
	unsigned bits = p->bits;

	if (addr_is_v4(&p->net) && bits >= 96)
		bits -= 96;
	(void)snprintf(buf, PREFIX_TEXT, "%.47s/%u", addr_print(&p->net, text),
	    bits % 1000U);
	return buf;
}

bool
addr_parse(const char *text, size_t n, struct addr *out)
{
	char buf[ADDR_TEXT];
	uint8_t v4[4];

	if (n == 0 || n >= sizeof(buf) || memchr(text, '\0', n) != NULL)
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (inet_pton(AF_INET, buf, v4) == 1) {
		*out = addr_from_v4(v4);
		return true;
	}
	return inet_pton(AF_INET6, buf, out->b) == 1;
}

static void
mask(struct addr *a, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;

		if (keep < 8)
			a->b[i] = (uint8_t)(a->b[i] & (0xff00U >> keep));
	}
}

bool
prefix_parse(const char *text, size_t n, struct prefix *out)
{
	const char *slash = memchr(text, '/', n);
	size_t len = slash == NULL ? n : (size_t)(slash - text);
	struct addr masked;
	unsigned bits = 0, full;

	if (!addr_parse(text, len, &out->net))
		return false;
	full = addr_is_v4(&out->net) && memchr(text, ':', len) == NULL ? 32 : 128;
	if (slash == NULL) {
		bits = full;
	} else {
		size_t digits = n - len - 1;

		if (digits == 0 || digits > 3)
			return false;
		for (size_t i = len + 1; i < n; i++) {
			if (text[i] < '0' || text[i] > '9')
				return false;
			bits = bits * 10 + (unsigned)(text[i] - '0');
		}
	}
	if (bits > full)
		return false;
	out->bits = (uint8_t)(bits + (128 - full));
	masked = out->net;
	mask(&masked, out->bits);
	return addr_eq(&masked, &out->net);
}

bool
prefix_has(const struct prefix *p, const struct addr *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (memcmp(p->net.b, a->b, whole) != 0)
		return false;
	return rest == 0 ||
	    ((unsigned)(p->net.b[whole] ^ a->b[whole]) & (0xff00U >> rest) & 0xffU) == 0;
}

bool
prefix_set_has(const struct prefix_set *s, const struct addr *a)
{
	for (size_t i = 0; i < s->n; i++)
		if (prefix_has(&s->p[i], a))
			return true;
	return false;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
mac_parse(const char *text, size_t n, uint64_t *out)
{
	uint64_t v = 0;
	unsigned digits = 0;
	char sep = '\0';

	if (n != 17 && n != 14)
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = hex(text[i]);

		if (d >= 0) {
			v = v << 4 | (uint64_t)d;
			digits++;
			continue;
		}
		if (n == 17 ? (i % 3 != 2 || (text[i] != ':' && text[i] != '-')) :
		    (i % 5 != 4 || text[i] != '.'))
			return false;
		if (sep != '\0' && text[i] != sep)
			return false;
		sep = text[i];
	}
	if (digits != 12)
		return false;
	*out = v;
	return true;
}

const char *
mac_print(uint64_t mac, char buf[MAC_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	char *at = buf;

	for (int shift = 40; shift >= 0; shift -= 8) {
		*at++ = hex[mac >> (shift + 4) & 15];
		*at++ = hex[mac >> shift & 15];
		*at++ = shift > 0 ? ':' : '\0';
	}
	return buf;
}
