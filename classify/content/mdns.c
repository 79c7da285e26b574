/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mdns: what a host says of its own name on its own link: answers of mDNS (RFC 6762) and
 * LLMNR (RFC 4795). Here the owner of a record is its name, and may be packed: pointers
 * lead back only, so none can loop. Owns that; refuses questions, answers for others, and
 * names that are not the link's: whoever asks is told by dns.c, any device can answer for
 * any address, and a sender can be forged.
 */
#include "classify/content/dns.h"

#include <string.h>

enum { QR = 0x8000, TYPE_A = 1, TYPE_AAAA = 28, RECORDS = 32, JUMPS = 16 };

/* The name at s, which moves behind it. False: none. */
static bool
owner(struct span message, struct span *s, char out[DNS_NAME_MAX + 1], size_t *len)
{
	struct span at = *s, label;
	size_t before = (size_t)(s->at - message.at), n = 0;
	bool jumped = false;
	uint8_t c, low;

	for (int jumps = 0; jumps < JUMPS;) {
		if (!span_u8(&at, &c))
			return false;
		if (c == 0) {
			if (!jumped)
				*s = at;
			out[n] = '\0';
			*len = n;
			return n > 0;
		}
		if (c >= 0xc0) {
			size_t to;

			if (!span_u8(&at, &low))
				return false;
			if (!jumped)
				*s = at;
			to = (size_t)(c & 0x3f) << 8 | low;
			if (to >= before)
				return false;
			at = message;
			(void)span_skip(&at, to);
			before = to;
			jumped = true;
			jumps++;
			continue;
		}
		if (c > 63 || n + c + 1 > DNS_NAME_MAX || !span_take(&at, c, &label))
			return false;
		if (n > 0)
			out[n++] = '.';
		for (size_t i = 0; i < c; i++)
			out[n++] = (char)(label.at[i] >= 'A' && label.at[i] <= 'Z' ?
			    label.at[i] + 32 : label.at[i]);
	}
	return false;
}

/* A name under .local, or a single label, which is what LLMNR asks for. */
static bool
of_the_link(const char *name, size_t n)
{
	static const char local[] = ".local";
	size_t k = sizeof(local) - 1;

	return memchr(name, '.', n) == NULL ||
	    (n > k && memcmp(name + n - k, local, k) == 0);
}

bool
dns_own_name(struct span payload, const struct addr *speaker, struct dns_message *out)
{
	struct span s = payload, data;
	uint16_t flags, questions, count[3], type, class, len;
	char name[DNS_NAME_MAX + 1];
	uint32_t ttl;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (!span_u16(&s, &out->id) || !span_u16(&s, &flags) || !(flags & QR) ||
	    !span_u16(&s, &questions) || !span_u16(&s, &count[0]) ||
	    !span_u16(&s, &count[1]) || !span_u16(&s, &count[2]) || questions > RECORDS)
		return false;
	for (unsigned i = 0; i < questions; i++)
		if (!owner(payload, &s, name, &n) || !span_skip(&s, 4))
			return false;
	for (unsigned i = 0; i < RECORDS; i++) {
		struct addr a;

		if (!owner(payload, &s, name, &n) || !span_u16(&s, &type) ||
		    !span_u16(&s, &class) || !span_u32(&s, &ttl) || !span_u16(&s, &len) ||
		    !span_take(&s, len, &data))
			return false;
		if ((class & 0x7fff) != 1 || !((type == TYPE_A && len == 4) ||
		    (type == TYPE_AAAA && len == 16)))
			continue;
		if (len == 4)
			a = addr_from_v4(data.at);
		else
			memcpy(a.b, data.at, sizeof(a.b));
		/* ttl 0 takes a name back */
		if (!addr_eq(&a, speaker) || ttl == 0 || !of_the_link(name, n))
			continue;
		out->response = out->question_whole = true;
		memcpy(out->name, name, n + 1);
		out->name_len = n;
		out->answers = 1;
		out->answer[0].addr = a;
		out->answer[0].ttl = ttl;
		return true;
	}
	return false;
}
