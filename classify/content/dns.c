/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns: one message to its question and the addresses answered. Owners of answers are
 * passed over, not read: whatever a chain of CNAMEs says, the addresses answer the
 * question. So no compression pointer is ever followed, and none can loop.
 */
#include "classify/content/dns.h"

#include <string.h>

enum { QR = 0x8000, OPCODE = 0x7800, OPCODE_MAX = 6 << 11, TYPE_A = 1, TYPE_AAAA = 28,
	TYPE_SVCB = 64, TYPE_HTTPS = 65, HINT_V4 = 4, HINT_V6 = 6 };

/* The outcome of reading a name. */
enum name { NAME_BAD, NAME_CUT, NAME_WHOLE };

static enum name
question_name(struct span *s, struct dns_message *out)
{
	for (;;) {
		struct span label;
		uint8_t n;

		if (!span_u8(s, &n))
			return NAME_CUT;
		if (n == 0)
			return NAME_WHOLE;
		if (n > 63)		/* nothing stands before the
					 * question to point at */
			return NAME_BAD;
		if (out->name_len + n + (out->name_len > 0) > DNS_NAME_MAX)
			return NAME_BAD;
		if (!span_take(s, n, &label))
			return NAME_CUT;
		if (out->name_len > 0)
			out->name[out->name_len++] = '.';
		for (size_t i = 0; i < n; i++) {
			uint8_t c = label.at[i];

			if (c >= 'A' && c <= 'Z')
				c = (uint8_t)(c + 32);
			out->name[out->name_len++] = (char)c;
		}
	}
}

static bool
skip_name(struct span *s)
{
	for (int labels = 0; labels < 128; labels++) {
		uint8_t n;

		if (!span_u8(s, &n))
			return false;
		if (n == 0)
			return true;
		if (n >= 0xc0)
			return span_skip(s, 1);
		if (n > 63 || !span_skip(s, n))
			return false;
	}
	return false;
}

static void
take(struct dns_message *out, const struct span *data, uint32_t ttl)
{
	struct dns_answer *a = &out->answer[out->answers];

	if (out->answers == DNS_ANSWERS)
		return;
	out->answers++;
	a->ttl = ttl;
	if (data->left == 4)
		a->addr = addr_from_v4(data->at);
	else
		memcpy(a->addr.b, data->at, sizeof(a->addr.b));
}

/* Priority, target, then keys in rising order; the alias form (0) has none. What makes no
 * sense ends the record, not the message. */
static void
hints(struct span data, uint32_t ttl, struct dns_message *out)
{
	uint16_t priority, key, len;
	struct span value, one;

	if (!span_u16(&data, &priority))
		return;
	out->elsewhere |= data.left > 0 && data.at[0] != 0;
	if (!skip_name(&data))
		return;
	while (span_u16(&data, &key) && span_u16(&data, &len) &&
	    span_take(&data, len, &value)) {
		size_t size = key == HINT_V4 ? 4 : key == HINT_V6 ? 16 : 0;

		while (size > 0 && span_take(&value, size, &one))
			take(out, &one, ttl);
	}
}

/* False when the captured bytes end, or make no sense, before the record does. */
static bool
answer(struct span *s, struct dns_message *out)
{
	uint16_t type, class, len;
	uint32_t ttl;
	struct span data;

	if (!skip_name(s) || !span_u16(s, &type) || !span_u16(s, &class) ||
	    !span_u32(s, &ttl) || !span_u16(s, &len) || !span_take(s, len, &data))
		return false;
	if (class != 1)
		return true;
	if ((type == TYPE_A && len == 4) || (type == TYPE_AAAA && len == 16))
		take(out, &data, ttl);
	else if (type == TYPE_SVCB || type == TYPE_HTTPS)
		hints(data, ttl, out);
	return true;
}

bool
dns_parse(struct span payload, struct dns_message *out)
{
	struct span s = payload;
	uint16_t flags, questions, answers, authorities, additional, class;

	memset(out, 0, sizeof(*out));
	if (!span_u16(&s, &out->id) || !span_u16(&s, &flags) ||
	    !span_u16(&s, &questions) ||
	    !span_u16(&s, &answers) || !span_u16(&s, &authorities) ||
	    !span_u16(&s, &additional))
		return false;
	if (questions != 1 || (flags & OPCODE) > OPCODE_MAX)
		return false;
	out->response = (flags & QR) != 0;
	out->rcode = flags & 0xf;
	switch (question_name(&s, out)) {
	case NAME_BAD:
		return false;
	case NAME_CUT:
		out->truncated = true;
		out->name[out->name_len] = '\0';
		return true;
	case NAME_WHOLE:
		break;
	}
	out->name[out->name_len] = '\0';
	out->question_whole = true;
	if (!span_u16(&s, &out->qtype) || !span_u16(&s, &class)) {
		out->truncated = true;
		return true;
	}
	for (unsigned i = 0; out->response && i < answers; i++) {
		if (!answer(&s, out)) {
			out->truncated = true;
			break;
		}
	}
	return true;
}
