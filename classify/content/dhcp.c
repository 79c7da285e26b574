/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dhcp: see dhcp.h. Options are read in one pass, each checked against what is there; a
 * message that ends within an option says what came before it.
 */
#include "classify/content/dhcp.h"

#include "capture/base/siphash.h"

#include <string.h>

enum { BOOTREQUEST = 1, BOOTREPLY = 2, COOKIE = 0x63825363 };
enum { OPTION_PAD = 0, OPTION_NAME = 12, OPTION_ADDRESS = 50, OPTION_LEASE = 51,
	OPTION_TYPE = 53, OPTION_WANTS = 55, OPTION_CLASS = 60, OPTION_ID = 61,
	OPTION_FQDN = 81, OPTION_END = 255 };
enum { TYPE_DISCOVER = 1, TYPE_REQUEST = 3, TYPE_DECLINE = 4, TYPE_ACK = 5,
	TYPE_RELEASE = 7, TYPE_INFORM = 8 };

enum { SIX_SOLICIT = 1, SIX_REQUEST = 3, SIX_CONFIRM = 4, SIX_RENEW = 5, SIX_REBIND = 6,
	SIX_REPLY = 7, SIX_RELEASE = 8, SIX_DECLINE = 9, SIX_INFORM = 11,
	SIX_RELAY = 12, SIX_RELAY_REPLY = 13 };
enum { SIX_ID = 1, SIX_IA_NA = 3, SIX_ADDRESS = 5, SIX_WANTS = 6, SIX_MESSAGE = 9,
	SIX_CLASS = 16, SIX_FQDN = 39, SIX_LINK = 79 };
enum { DUID_LLT = 1, DUID_LL = 3 };
#define RELAYS 4		/* behind one another; RFC 8415 allows 8, none uses them */

static const struct siphash_key print_key = { 0x6f7074696f6e2035, 0x3570726f66696c65 };
static const struct siphash_key id_key = { 0x636c69656e742069, 0x6461742061637264 };

static bool
take_addr(struct span v, struct dhcp_message *out)
{
	if (v.left != 4 || memcmp(v.at, "\0\0\0\0", 4) == 0)
		return false;
	out->addr = addr_from_v4(v.at);
	out->has_addr = true;
	return true;
}

static bool
holds(struct span s, uint64_t mac)
{
	for (size_t i = 0; mac != 0 && i + 6 <= s.left; i++)
		if (mac_from_bytes(s.at + i) == mac)
			return true;
	return false;
}

/* Some clients count a final NUL in, and some a dot. */
static struct span
trimmed(struct span s)
{
	while (s.left > 0 && (s.at[s.left - 1] == 0 || s.at[s.left - 1] == '.'))
		s.left--;
	return s;
}

/* RFC 4702, 2: flags, two codes, and the name, in plain text unless bit 2 says labels. */
static struct span
fqdn_name(struct span v)
{
	static const struct span none;
	struct span label;
	uint8_t flags, n;

	if (!span_u8(&v, &flags) || !span_skip(&v, 2))
		return none;
	if ((flags & 4) == 0)
		return v;
	return span_u8(&v, &n) && n < 64 && span_take(&v, n, &label) ? label : none;
}

bool
dhcp_parse(struct span p, struct dhcp_message *out)
{
	struct span ciaddr, yiaddr, giaddr, mac, value, id = { NULL, 0 };
	struct span fqdn = { NULL, 0 };
	uint8_t op, htype, hlen, hops, option, n, type = 0;
	uint32_t cookie;

	memset(out, 0, sizeof(*out));
	if (!span_u8(&p, &op) || !span_u8(&p, &htype) || !span_u8(&p, &hlen) ||
	    !span_u8(&p, &hops) || (op != BOOTREQUEST && op != BOOTREPLY) ||
	    !span_skip(&p, 8) || !span_take(&p, 4, &ciaddr) ||
	    !span_take(&p, 4, &yiaddr) || !span_skip(&p, 4) ||
	    !span_take(&p, 4, &giaddr) || !span_take(&p, 16, &mac) ||
	    !span_skip(&p, 192) || !span_u32(&p, &cookie) || cookie != COOKIE)
		return false;
	if (htype == 1 && hlen == 6)
		out->mac = mac_from_bytes(mac.at);
	out->relayed = memcmp(giaddr.at, "\0\0\0\0", 4) != 0;
	if (op == BOOTREQUEST)
		(void)take_addr(ciaddr, out);
	while (span_u8(&p, &option) && option != OPTION_END) {
		struct span v;

		if (option == OPTION_PAD)
			continue;
		if (!span_u8(&p, &n) || !span_take(&p, n, &value))
			break;
		v = value;
		if (option == OPTION_NAME)
			out->name = trimmed(value);
		else if (option == OPTION_FQDN)
			fqdn = trimmed(fqdn_name(value));
		else if (option == OPTION_ADDRESS && op == BOOTREQUEST)
			(void)take_addr(value, out);
		else if (option == OPTION_LEASE)
			(void)span_u32(&v, &out->seconds);
		else if (option == OPTION_TYPE)
			(void)span_u8(&v, &type);
		else if (option == OPTION_WANTS && n > 0)
			out->print = siphash13(&print_key, value.at, n) | 1;
		else if (option == OPTION_CLASS)
			out->system = trimmed(value);
		else if (option == OPTION_ID)
			id = value;
	}
	if (out->name.left == 0)
		out->name = fqdn;
	/* Type 1 and 6 bytes is a MAC, whoever's; without a type most are. */
	if (id.left > 2 && !(id.left == 7 && id.at[0] == 1) && !holds(id, out->mac)) {
		/* RFC 4361: behind the type a number of the card, then who the host is */
		if (id.at[0] == 255 && id.left > 5)
			(void)span_skip(&id, 5);
		out->id = siphash13(&id_key, id.at, id.left) | 1;
	}
	if (op == BOOTREPLY) {
		if (type != TYPE_ACK || !take_addr(yiaddr, out))
			return false;
		out->word = DHCP_GIVES;
		out->again = memcmp(ciaddr.at, yiaddr.at, 4) == 0;
		return out->mac != 0;
	}
	if (type == TYPE_RELEASE || type == TYPE_DECLINE) {
		out->word = DHCP_ENDS;
		return out->has_addr;
	}
	out->looking = type == TYPE_DISCOVER;
	/* no type at all: BOOTP */
	return type == 0 || type == TYPE_DISCOVER || type == TYPE_REQUEST ||
	    type == TYPE_INFORM;
}

/* ---- IPv6 ---- */

static bool
option6(struct span *s, uint16_t *id, struct span *value)
{
	uint16_t n;

	return span_u16(s, id) && span_u16(s, &n) && span_take(s, n, value);
}

/* RFC 8415, 11: a client's identifier, often made of one of its cards' MACs. */
static void
take_duid(struct span v, struct dhcp_message *out)
{
	struct span s = v;
	uint16_t type = 0, hardware = 0;

	(void)span_u16(&s, &type);
	(void)span_u16(&s, &hardware);
	if (type == DUID_LLT)
		(void)span_skip(&s, 4);
	if (out->mac == 0 && (type == DUID_LLT || type == DUID_LL) && hardware == 1 &&
	    s.left == 6)
		out->mac = mac_from_bytes(s.at);
	/* made once and kept: it stays when a card draws another MAC */
	if (v.left > 2 && !holds(v, out->mac))
		out->id = siphash13(&id_key, v.at, v.left) | 1;
}

/* Identity number and two times; then options, an address each. */
static void
take_ia(struct span v, struct dhcp_message *out)
{
	struct span value, addr;
	uint16_t id;

	if (!span_skip(&v, 12))
		return;
	while (!out->has_addr && option6(&v, &id, &value)) {
		if (id != SIX_ADDRESS || !span_take(&value, 16, &addr) ||
		    !span_skip(&value, 4) || !span_u32(&value, &out->seconds))
			continue;
		memcpy(out->addr.b, addr.at, 16);
		out->has_addr = !addr_is_group(&out->addr);
	}
}

/* Out of its relays, the outermost first; the innermost saw the client's frame. */
static bool
unwrap6(struct span *p, uint8_t *type, uint64_t *mac, bool *relayed)
{
	for (int i = 0; i <= RELAYS; i++) {
		struct span value, inner = { NULL, 0 };
		uint16_t id;

		if (!span_u8(p, type))
			return false;
		if (*type != SIX_RELAY && *type != SIX_RELAY_REPLY)
			return span_skip(p, 3);		/* the transaction */
		*relayed = true;
		*mac = 0;
		if (!span_skip(p, 33))
			return false;
		while (option6(p, &id, &value)) {
			if (id == SIX_MESSAGE)
				inner = value;
			else if (id == SIX_LINK && value.left == 8 && value.at[0] == 0 &&
			    value.at[1] == 1)
				*mac = mac_from_bytes(value.at + 2);
		}
		*p = inner;
	}
	return false;
}

bool
dhcp6_parse(struct span p, uint64_t direct, struct dhcp_message *out)
{
	uint64_t mac = direct;
	struct span value, duid = { NULL, 0 };
	uint8_t type, n;
	uint16_t id;

	memset(out, 0, sizeof(*out));
	if (!unwrap6(&p, &type, &mac, &out->relayed))
		return false;
	/* an answer's frame is the server's */
	out->mac = type == SIX_REPLY && !out->relayed ? 0 : mac;
	while (option6(&p, &id, &value)) {
		if (id == SIX_ID) {
			duid = value;
		} else if (id == SIX_IA_NA) {
			take_ia(value, out);
		} else if (id == SIX_WANTS && value.left > 0) {
			out->print = siphash13(&print_key, value.at, value.left) | 1;
		} else if (id == SIX_CLASS && span_skip(&value, 6)) {
			out->system = value;
		} else if (id == SIX_FQDN && span_skip(&value, 1) && span_u8(&value, &n) &&
		    n < 64) {
			(void)span_take(&value, n, &out->name);
		}
	}
	take_duid(duid, out);
	out->looking = type == SIX_SOLICIT;
	switch (type) {
	case SIX_SOLICIT: case SIX_REQUEST: case SIX_CONFIRM: case SIX_RENEW:
	case SIX_REBIND: case SIX_INFORM:
		return true;
	case SIX_RELEASE: case SIX_DECLINE:
		out->word = DHCP_ENDS;
		return out->has_addr;
	case SIX_REPLY:
		out->word = DHCP_GIVES;
		out->again = true;	/* RFC 8415 gives an address to one client */
		return out->has_addr && out->mac != 0;
	default:
		return false;
	}
}
