/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel: headers between an IP packet and the packet that it carries.
 *
 * Owns: IP in IP and 6in4 (RFC 2003, 4213), GRE (RFC 2784, 2890) with ERSPAN I to III,
 * VXLAN (RFC 7348), GENEVE (RFC 8926), TZSP, GTP-U of version 1 (3GPP TS 29.281), Teredo
 * (RFC 4380). Refuses, by leaving the packet as it is: GRE with source routes (RFC 1701)
 * and GRE of version 1 (PPTP), GTP's own messages, other payloads than IP, Ethernet and
 * MPLS, and whatever comes to a port of these by chance. Nothing is dropped
 * here: decode.c keeps the packet outside when the one inside cannot be read.
 */
#include "capture/decode/tunnel.h"

/* TZSP's list of tags ends by a tag; honest ones have ten. */
#define TZSP_TAGS_MOST 32

#define GTP_EXTENSIONS_MOST 8		/* honest packets have one or two */

enum {
	GRE_CHECKSUM = 0x8000, GRE_ROUTING = 0x4000, GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000, GRE_VERSION = 0x0007,
	VXLAN_VNI = 0x08, VXLAN_POLICY = 0x80,
	GTP_MORE = 0x07, GTP_EXTENSION = 0x04, GTP_PACKET = 255,
	TEREDO_ORIGIN = 0x0000, TEREDO_AUTHENTICATION = 0x0001, IP6_HEADER = 40,
	TZSP_PADDING = 0, TZSP_END = 1, TZSP_ETHERNET = 1,
	TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd, TYPE_ERSPAN = 0x88be,
	TYPE_ERSPAN3 = 0x22eb, TYPE_LABELS = 0x8847, TYPE_LABELS_MULTICAST = 0x8848,
};

static bool gre_open(struct view *v, uint16_t *type);
static bool erspan3_open(struct view *v, uint16_t *type);
static bool vxlan_open(struct view *v, uint16_t *type);
static bool geneve_open(struct view *v, uint16_t *type);
static bool tzsp_open(struct view *v, uint16_t *type);
static bool gtp_open(struct view *v, uint16_t *type);
static bool teredo_open(struct view *v, uint16_t *type);

bool
tunnel_open(const struct packet *p, struct view *inside, uint16_t *type)
{
	*inside = (struct view){ p->payload, p->payload_wire };
	switch (p->proto) {
	case PROTO_IPIP:
		*type = TYPE_IP4;
		return true;
	case PROTO_6IN4:
		*type = TYPE_IP6;
		return true;
	case PROTO_GRE:
		return gre_open(inside, type);
	default:
		break;
	}
	switch (p->dport) {
	case PORT_VXLAN:
		return vxlan_open(inside, type);
	case PORT_GENEVE:
		return geneve_open(inside, type);
	case PORT_TZSP:
		return tzsp_open(inside, type);
	case PORT_GTP_U:
		return gtp_open(inside, type);
	default:
		return teredo_open(inside, type);
	}
}

static bool
gre_open(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint32_t header = 4;
	uint16_t flags;
	uint8_t version;

	if (!span_u16(&h, &flags) || !span_u16(&h, type))
		return false;
	if ((flags & (GRE_ROUTING | GRE_VERSION)) != 0)
		return false;
	if ((flags & GRE_CHECKSUM) != 0)
		header += 4;
	if ((flags & GRE_KEY) != 0)
		header += 4;
	if ((flags & GRE_SEQUENCE) != 0)
		header += 4;
	if (!view_skip(v, header))
		return false;
	switch (*type) {
	case TYPE_IP4:
	case TYPE_IP6:
	case TYPE_ETHERNET:
	case TYPE_LABELS:
	case TYPE_LABELS_MULTICAST:
		return true;
	case TYPE_ERSPAN:
		*type = TYPE_ETHERNET;
		/* Type I has no sequence and no header of its own. */
		if ((flags & GRE_SEQUENCE) == 0)
			return true;
		h = v->bytes;
		return span_u8(&h, &version) && version >> 4 == 1 && view_skip(v, 8);
	case TYPE_ERSPAN3:
		return erspan3_open(v, type);
	default:
		return false;
	}
}

/* Twelve bytes; the last two say what the mirrored frame is (0: Ethernet, 2: IP) and
 * whether eight bytes of the platform's own follow. */
static bool
erspan3_open(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint16_t kind;
	uint8_t version, first;

	if (!span_u8(&h, &version) || version >> 4 != 2 || !span_skip(&h, 9) ||
	    !span_u16(&h, &kind) || !view_skip(v, (kind & 1) != 0 ? 20 : 12))
		return false;
	switch (kind >> 10 & 0x1f) {
	case 0:
		*type = TYPE_ETHERNET;
		return true;
	case 2:
		h = v->bytes;
		if (!span_u8(&h, &first))
			return false;
		*type = first >> 4 == 6 ? TYPE_IP6 : TYPE_IP4;
		return true;
	default:
		return false;
	}
}

/* The flag that the network's number is there must be set; of the others only that of
 * the group policy is in use. A last byte that is not 0 is no VXLAN. */
static bool
vxlan_open(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint32_t network;
	uint8_t flags;

	if (!span_u8(&h, &flags) || !span_skip(&h, 3) || !span_u32(&h, &network))
		return false;
	if ((flags & ~VXLAN_POLICY) != VXLAN_VNI || (network & 0xffU) != 0)
		return false;
	*type = TYPE_ETHERNET;
	return view_skip(v, 8);
}

static bool
geneve_open(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint32_t network;
	uint8_t options, flags;

	if (!span_u8(&h, &options) || !span_u8(&h, &flags) || !span_u16(&h, type) ||
	    !span_u32(&h, &network))
		return false;
	/* Version 0; the bits that are reserved are 0. */
	if (options >> 6 != 0 || (flags & 0x3fU) != 0 || (network & 0xffU) != 0)
		return false;
	if (*type != TYPE_ETHERNET && *type != TYPE_IP4 && *type != TYPE_IP6)
		return false;
	return view_skip(v, 8 + (options & 0x3fU) * 4);
}

static bool
tzsp_open(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint32_t all = (uint32_t)v->bytes.left;
	uint16_t encapsulated;
	uint8_t version, kind, tag, length;
	int n;

	/* Kinds 0 and 1 carry a packet, received or to be sent. */
	if (!span_u8(&h, &version) || !span_u8(&h, &kind) ||
	    !span_u16(&h, &encapsulated) || version != 1 || kind > 1 ||
	    encapsulated != TZSP_ETHERNET)
		return false;
	for (n = 0; n < TZSP_TAGS_MOST; n++) {
		if (!span_u8(&h, &tag))
			return false;
		if (tag == TZSP_END) {
			*type = TYPE_ETHERNET;
			return view_skip(v, all - (uint32_t)h.left);
		}
		if (tag != TZSP_PADDING &&
		    (!span_u8(&h, &length) || !span_skip(&h, length)))
			return false;
	}
	return false;
}

/* Flags, message, length of what follows the first eight bytes, tunnel; four more bytes
 * when one of three flags is set, whose last is the type of the first extension. An
 * extension begins with its length in words and ends with the type of the next. */
static bool
gtp_open(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint16_t length;
	uint8_t flags, message, next, words;
	int n;

	if (!span_u8(&h, &flags) || !span_u8(&h, &message) || !span_u16(&h, &length))
		return false;
	/* Version 1, GTP and not GTP'. */
	if (flags >> 4 != 3 || message != GTP_PACKET || 8U + length > v->wire ||
	    !view_skip(v, 8))
		return false;
	view_trim(v, length);
	if ((flags & GTP_MORE) != 0) {
		h = v->bytes;
		if (!span_skip(&h, 3) || !span_u8(&h, &next) || !view_skip(v, 4))
			return false;
		if ((flags & GTP_EXTENSION) == 0)
			next = 0;
		for (n = 0; next != 0; n++) {
			h = v->bytes;
			if (n == GTP_EXTENSIONS_MOST || !span_u8(&h, &words) ||
			    words == 0 || !span_skip(&h, words * 4U - 2) ||
			    !span_u8(&h, &next) || !view_skip(v, words * 4U))
				return false;
		}
	}
	h = v->bytes;
	if (!span_u8(&h, &flags))
		return false;
	*type = flags >> 4 == 6 ? TYPE_IP6 : TYPE_IP4;
	return flags >> 4 == 6 || flags >> 4 == 4;
}

/* 2001:0::/32, or this link: a client asks for its address. */
static bool
teredo_address(struct span *h)
{
	struct span a;

	return span_take(h, 16, &a) && ((a.at[0] == 0x20 && a.at[1] == 0x01 &&
	    a.at[2] == 0 && a.at[3] == 0) || (a.at[0] == 0xfe && a.at[1] == 0x80));
}

/* Authentication: two lengths, what has them, eight bytes of nonce and one more; origin:
 * a port and an address. Then IPv6, one end of which must be Teredo's: a first byte alone
 * would let any datagram to this port be taken for a tunnel. */
static bool
teredo_open(struct view *v, uint16_t *type)
{
	struct span h = v->bytes;
	uint16_t mark, length;
	uint8_t id, value;
	bool source;

	if (!span_u16(&h, &mark))
		return false;
	if (mark == TEREDO_AUTHENTICATION) {
		if (!span_u8(&h, &id) || !span_u8(&h, &value) ||
		    !view_skip(v, 4U + id + value + 9U))
			return false;
		h = v->bytes;
		if (!span_u16(&h, &mark))
			return false;
	}
	if (mark == TEREDO_ORIGIN && !view_skip(v, 8))
		return false;
	h = v->bytes;
	if (!span_u16(&h, &mark) || mark >> 12 != 6 || !span_skip(&h, 2) ||
	    !span_u16(&h, &length) || !span_skip(&h, 2) ||
	    v->wire < IP6_HEADER + (uint32_t)length)
		return false;
	source = teredo_address(&h);
	*type = TYPE_IP6;
	return h.left >= 16 && (teredo_address(&h) || source);
}
