/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mqtt: the packets of MQTT 3.1, 3.1.1 and 5 (OASIS), as far as a PUBLISH tells its topic
 * and where its payload starts. Refuses everything before a CONNECT.
 */
#include "classify/content/parse.h"

#include <string.h>

#define PUBLISH 3

/* 2.2.3: seven bits a byte, at most four. */
static enum parse
varint(struct span *s, uint32_t *v)
{
	uint8_t b;

	*v = 0;
	for (unsigned i = 0; i < 4; i++) {
		if (!span_u8(s, &b))
			return PARSE_MORE;
		*v |= (uint32_t)(b & 0x7f) << 7 * i;
		if ((b & 0x80) == 0)
			return PARSE_DONE;
	}
	return PARSE_NOT;
}

enum parse
mqtt_connect(struct span s, bool *v5)
{
	struct span name;
	uint32_t left;
	uint16_t n;
	uint8_t first, level;
	enum parse p;

	*v5 = false;
	if (!span_u8(&s, &first))
		return PARSE_MORE;
	if (first != 0x10)
		return PARSE_NOT;
	p = varint(&s, &left);
	if (p != PARSE_DONE)
		return p;
	if (left < 12)
		return PARSE_NOT;
	if (!span_u16(&s, &n))
		return PARSE_MORE;
	if (n != 4 && n != 6)
		return PARSE_NOT;
	if (!span_take(&s, n, &name) || !span_u8(&s, &level))
		return PARSE_MORE;
	*v5 = level == 5;
	if (n == 4 && memcmp(name.at, "MQTT", 4) == 0)
		return level == 4 || level == 5 ? PARSE_DONE : PARSE_NOT;
	return n == 6 && memcmp(name.at, "MQIsdp", 6) == 0 && level == 3 ? PARSE_DONE :
	    PARSE_NOT;
}

/* 2.2.2.2, those of a PUBLISH: the content type; an unknown one ends them. */
static struct span
content_type(struct span s)
{
	struct span type = { NULL, 0 }, text;
	uint32_t v;
	uint16_t n;
	uint8_t id;

	while (span_u8(&s, &id)) {
		switch (id) {
		case 0x03:		/* content type */
			if (span_u16(&s, &n) && span_take(&s, n, &type))
				return type;
			return (struct span){ NULL, 0 };
		case 0x01:		/* payload format */
			if (!span_skip(&s, 1))
				return type;
			break;
		case 0x02:		/* expiry */
			if (!span_skip(&s, 4))
				return type;
			break;
		case 0x0b:		/* subscription */
			if (varint(&s, &v) != PARSE_DONE)
				return type;
			break;
		case 0x23:		/* topic alias */
			if (!span_skip(&s, 2))
				return type;
			break;
		case 0x26:		/* the user's, a pair */
			if (!span_u16(&s, &n) || !span_take(&s, n, &text))
				return type;
			/* fall through */
		case 0x08:		/* response topic, correlation */
		case 0x09:
			if (!span_u16(&s, &n) || !span_take(&s, n, &text))
				return type;
			break;
		default:
			return type;
		}
	}
	return type;
}

enum parse
mqtt_packet(struct span s, bool v5, struct mqtt_packet *out)
{
	struct span all = s, said;
	uint32_t left, properties;
	uint16_t n;
	uint8_t first;
	enum parse p;

	memset(out, 0, sizeof(*out));
	if (!span_u8(&s, &first))
		return PARSE_MORE;
	if (first >> 4 == 0)
		return PARSE_NOT;
	p = varint(&s, &left);
	if (p != PARSE_DONE)
		return p;
	out->size = (uint64_t)(s.at - all.at) + left;
	if (first >> 4 != PUBLISH)
		return PARSE_DONE;
	if ((first >> 1 & 3) == 3)
		return PARSE_NOT;
	out->whole = s.left >= left;
	if (out->whole)
		s.left = left;
	p = out->whole ? PARSE_NOT : PARSE_MORE;
	if (!span_u16(&s, &n) || !span_take(&s, n, &out->topic))
		return p;
	if ((first >> 1 & 3) != 0 && !span_skip(&s, 2))
		return p;
	if (v5) {
		enum parse q = varint(&s, &properties);

		if (q != PARSE_DONE)
			return q == PARSE_NOT ? q : p;
		if (!span_take(&s, properties, &said))
			return p;
		out->type = content_type(said);
	}
	out->publish = true;
	out->payload = s;
	out->length = out->size - (uint64_t)(s.at - all.at);
	return PARSE_DONE;
}
