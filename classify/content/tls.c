/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls: the server name of a ClientHello (RFC 8446, 4.1.2; RFC 6066, 3), put together from
 * as many records as it was cut into. Owns nothing after that name.
 */
#include "classify/content/parse.h"

#include <string.h>

size_t
tls_handshake(struct span s, uint8_t out[HEAD_BYTES], bool *over)
{
	size_t n = 0;

	while (s.left >= 5 && s.at[0] == 22 && n < HEAD_BYTES) {
		struct span part;
		uint16_t len;

		if (!span_skip(&s, 3) || !span_u16(&s, &len))
			break;
		part = s;
		if (len < part.left)
			part.left = len;
		if (part.left > HEAD_BYTES - n)
			part.left = HEAD_BYTES - n;
		if (part.left > 0)
			memcpy(out + n, part.at, part.left);
		n += part.left;
		if (!span_skip(&s, len)) {
			*over = false;
			return n;
		}
	}
	*over = s.left > 0 && s.at[0] != 22;
	return n;
}

static bool
skip_vector8(struct span *s)
{
	uint8_t n;

	return span_u8(s, &n) && span_skip(s, n);
}

static bool
skip_vector16(struct span *s)
{
	uint16_t n;

	return span_u16(s, &n) && span_skip(s, n);
}

/* server_name: a list of (type, name);
 * host_name is type 0 and the only one ever defined. */
static bool
host_name(struct span ext, struct span *sni)
{
	uint16_t list, len;
	uint8_t type;

	return span_u16(&ext, &list) && span_u8(&ext, &type) && type == 0 &&
	    span_u16(&ext, &len) && len > 0 && len <= 255 && span_take(&ext, len, sni);
}

/* The extensions of a hello, as far as they are here. DONE: all are. */
static enum parse
hello_extensions(struct span head, uint8_t scratch[HEAD_BYTES], struct span *out)
{
	static const uint8_t start[2] = { 22, 3 };
	struct span s, hello;
	uint8_t type;
	uint32_t len;
	uint16_t exts;
	bool over;

	if (memcmp(head.at, start, head.left < 2 ? head.left : 2) != 0 ||
	    (head.left > 2 && head.at[2] > 4) || (head.left > 5 && head.at[5] != 1))
		return PARSE_NOT;
	if (head.left < 6)
		return PARSE_MORE;
	s = span_of(scratch, tls_handshake(head, scratch, &over));
	if (!span_u8(&s, &type) || !span_u24(&s, &len))
		return PARSE_MORE;
	/* beyond this the hello is not a hello, or its name is behind what we keep */
	if (len < 38)
		return PARSE_NOT;
	hello = s;
	if (hello.left > len)
		hello.left = len;
	s = hello;
	if (!span_skip(&s, 34) || !skip_vector8(&s) || !skip_vector16(&s) ||
	    !skip_vector8(&s) || !span_u16(&s, &exts))
		return hello.left < len ? PARSE_MORE : PARSE_NOT;
	if (s.left > exts)
		s.left = exts;
	*out = s;
	return hello.left < len ? PARSE_MORE : PARSE_DONE;
}

enum parse
tls_sni(struct span head, uint8_t scratch[HEAD_BYTES], struct span *sni)
{
	struct span s = span_of("", 0);
	enum parse p = hello_extensions(head, scratch, &s);

	if (p == PARSE_NOT)
		return p;
	for (;;) {
		struct span ext;
		uint16_t id, n;

		if (!span_u16(&s, &id) || !span_u16(&s, &n) || !span_take(&s, n, &ext))
			break;
		if (id == 0)
			return host_name(ext, sni) ? PARSE_DONE : PARSE_NOT;
	}
	return p == PARSE_MORE ? p : PARSE_NOT;
}

/* application_layer_protocol_negotiation (RFC 7301), 16: a list of names. */
bool
tls_nameless_h2(struct span head, uint8_t scratch[HEAD_BYTES])
{
	struct span s, ext;
	uint16_t id, n;
	bool h2 = false;

	if (hello_extensions(head, scratch, &s) != PARSE_DONE)
		return false;
	while (span_u16(&s, &id) && span_u16(&s, &n) && span_take(&s, n, &ext)) {
		struct span name;
		uint8_t len;

		if (id == 0)
			return false;
		if (id != 16 || !span_skip(&ext, 2))
			continue;
		while (span_u8(&ext, &len) && span_take(&ext, len, &name))
			h2 |= len == 2 && memcmp(name.at, "h2", 2) == 0;
	}
	return h2;
}
