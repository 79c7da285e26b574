/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ppp: the headers of PPP, from a serial line, from a modem's program, or in Ethernet.
 *
 * Owns: HDLC-like framing (RFC 1662) whose two bytes may be left out, Cisco's framing,
 * which has an ethertype instead, PPPoE sessions (RFC 2516), and the protocol number,
 * which is one byte when it is odd and two otherwise. Refuses what is compressed, bundled
 * over several lines or byte-stuffed: used, and nobody's flow.
 */
#include "capture/decode/ppp.h"

enum {
	HDLC_ALL = 0xff, HDLC_UNNUMBERED = 0x03,
	CISCO_UNICAST = 0x0f, CISCO_MULTICAST = 0x8f,
	PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PPP_MPLS = 0x0281,
	PPP_MPLS_MULTICAST = 0x0283,
};

/* False: the bytes that are here end in it. */
static bool
protocol_read(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint16_t protocol;
	uint8_t first, second;

	if (!span_u8(&h, &first))
		return false;
	protocol = first;
	if ((first & 1) == 0) {
		if (!span_u8(&h, &second))
			return false;
		protocol = (uint16_t)(first << 8 | second);
	}
	(void)view_skip(v, (first & 1) == 0 ? 2 : 1);
	switch (protocol) {
	case PPP_IPV4:
		*type = 0x0800;
		break;
	case PPP_IPV6:
		*type = 0x86dd;
		break;
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		*type = 0x8847;
		break;
	default:
		*type = 0;
		break;
	}
	return true;
}

enum drop
ppp_open(struct view *v, int link_type, uint16_t *type)
{
	struct span h;
	uint8_t address, control;

	/* Who sent it, us or them; the addresses inside say that too. */
	if (link_type == LINK_PPP_DIRECTION && !view_skip(v, 1))
		return DROP_CUT_LINK;
	h = v->bytes;
	if (!span_u8(&h, &address))
		return DROP_CUT_LINK;
	if (link_type == LINK_PPP_SERIAL &&
	    (address == CISCO_UNICAST || address == CISCO_MULTICAST)) {
		if (!span_skip(&h, 1) || !span_u16(&h, type))
			return DROP_CUT_LINK;
		(void)view_skip(v, 4);
		return DROP_NONE;
	}
	if (address == HDLC_ALL) {
		if (!span_u8(&h, &control))
			return DROP_CUT_LINK;
		if (control == HDLC_UNNUMBERED)
			(void)view_skip(v, 2);
	}
	return protocol_read(v, type) ? DROP_NONE : DROP_CUT_LINK;
}

/* A session's packet: version and type 1, code 0, the session, the length of what
 * follows; then PPP's protocol. */
enum drop
pppoe_open(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint16_t head, length;

	if (!span_u16(&h, &head) || !span_skip(&h, 2) || !span_u16(&h, &length))
		return DROP_CUT_PPPOE;
	if (head != 0x1100 || length < 1 || length > v->wire - 6)
		return DROP_BAD_PPPOE;
	view_trim(v, 6U + length);
	(void)view_skip(v, 6);
	if (protocol_read(v, type))
		return DROP_NONE;
	return length < 2 && v->bytes.left > 0 ? DROP_BAD_PPPOE : DROP_CUT_PPPOE;
}
