/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * socks: the request of SOCKS 4, 4a and 5 (RFC 1928, RFC 1929), from the client's bytes
 * alone: greeting, password and request follow each other there whatever
 * the server says between.
 */
#include "classify/content/parse.h"

#include <string.h>

#define USER_MAX 255

static enum parse socks4(struct span head, struct socks_request *out);
static enum parse socks5(struct span head, struct socks_request *out);
static enum parse text_to_nul(struct span *s, struct span *out);
static bool host_like(struct span s);

enum parse
socks_request(struct span head, struct socks_request *out)
{
	memset(out, 0, sizeof(*out));
	if (head.left == 0)
		return PARSE_MORE;
	if (head.at[0] == 4)
		return socks4(head, out);
	return head.at[0] == 5 ? socks5(head, out) : PARSE_NOT;
}

static enum parse
socks4(struct span head, struct socks_request *out)
{
	struct span s = head, ip, user, name;
	uint8_t version, command;
	uint16_t port;
	struct addr a;
	enum parse p;

	(void)span_u8(&s, &version);
	if (!span_u8(&s, &command))
		return PARSE_MORE;
	if (command != 1 && command != 2)
		return PARSE_NOT;
	if (!span_u16(&s, &port) || !span_take(&s, 4, &ip))
		return PARSE_MORE;
	if (port == 0)
		return PARSE_NOT;
	p = text_to_nul(&s, &user);
	if (p != PARSE_DONE)
		return p;
	if (memcmp(ip.at, "\0\0\0", 3) == 0) {
		if (ip.at[3] == 0)
			return PARSE_NOT;
		p = text_to_nul(&s, &name);	/* 4a: 0.0.0.x, the name follows */
		if (p != PARSE_DONE)
			return p;
		if (!host_like(name))
			return PARSE_NOT;
		out->target = name;
	} else {
		a = addr_from_v4(ip.at);
		(void)addr_print(&a, out->text);
	}
	out->end = (size_t)(s.at - head.at);
	return PARSE_DONE;
}

/* Only printable bytes count, so that a binary protocol does not pass for SOCKS 4. */
static enum parse
text_to_nul(struct span *s, struct span *out)
{
	size_t n = 0;

	while (n < s->left && s->at[n] != 0) {
		if (n >= USER_MAX || s->at[n] <= ' ' || s->at[n] >= 0x7f)
			return PARSE_NOT;
		n++;
	}
	if (n == s->left)
		return PARSE_MORE;
	(void)span_take(s, n, out);
	(void)span_skip(s, 1);
	return PARSE_DONE;
}

static bool
host_like(struct span s)
{
	for (size_t i = 0; i < s.left; i++)
		if (s.at[i] <= ' ' || s.at[i] >= 0x7f)
			return false;
	return s.left > 0;
}

static enum parse
socks5(struct span head, struct socks_request *out)
{
	struct span s = head, name;
	uint8_t version, n, command, reserved, kind;
	uint16_t port;
	struct addr a;

	(void)span_u8(&s, &version);
	if (!span_u8(&s, &n))
		return PARSE_MORE;
	if (n == 0 || n > 16)
		return PARSE_NOT;
	if (!span_skip(&s, n) || !span_u8(&s, &version))
		return PARSE_MORE;
	if (version == 1) {		/* user name and password */
		for (int i = 0; i < 2; i++)
			if (!span_u8(&s, &n) || !span_skip(&s, n))
				return PARSE_MORE;
		if (!span_u8(&s, &version))
			return PARSE_MORE;
	}
	if (version != 5)
		return PARSE_NOT;
	if (!span_u8(&s, &command) || !span_u8(&s, &reserved) || !span_u8(&s, &kind))
		return PARSE_MORE;
	if (command < 1 || command > 3 || reserved != 0)
		return PARSE_NOT;
	if (kind == 3) {
		if (!span_u8(&s, &n) || !span_take(&s, n, &name))
			return PARSE_MORE;
		if (!host_like(name))
			return PARSE_NOT;
	} else if (kind == 1) {
		if (!span_take(&s, 4, &name))
			return PARSE_MORE;
		a = addr_from_v4(name.at);
	} else if (kind == 4) {
		if (!span_take(&s, 16, &name))
			return PARSE_MORE;
		memcpy(a.b, name.at, 16);
	} else {
		return PARSE_NOT;
	}
	if (!span_u16(&s, &port))
		return PARSE_MORE;
	if (kind == 3)
		out->target = name;
	else
		(void)addr_print(&a, out->text);
	out->end = (size_t)(s.at - head.at);
	return PARSE_DONE;
}
