/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ip: IPv4 and IPv6 headers, extension headers, fragments, and the header of layer 4.
 *
 * Owns every length in those headers: each is cut at what was on the wire, and a header
 * that the packet itself does not have room for (bad-...) is told from one that the
 * capture cut off (cut-...). Refuses reassembly: a later fragment is handed on with its
 * number, its flow is found by who keeps flows.
 */
#include "capture/decode/ip.h"

#define IP4_HEADER 20U
#define IP6_HEADER 40U
#define TCP_HEADER 20U
#define UDP_HEADER 8U
#define ICMP_HEADER 8U
#define SCTP_HEADER 12U
#define IP_MOST 65535U

/* RFC 8200 lets a header chain be as long as the packet; honest ones have two or three,
 * and each costs a turn of a loop that a stranger pays nothing for. */
#define IP6_EXT_MOST 8

enum {
	PROTO_HOP_BY_HOP = 0, PROTO_IGMP = 2, PROTO_ROUTING = 43, PROTO_FRAGMENT = 44,
	PROTO_AH = 51, PROTO_NONE = 59, PROTO_DEST_OPTS = 60, PROTO_MOBILITY = 135,
	PROTO_HIP = 139, PROTO_SHIM6 = 140,
};

/* How the IP layer leaves the packet to layer 4. */
struct upper {
	struct view v;			/* after the IP headers, cut at the IP length */
	bool to_the_end;		/* the IP length was 0:
					 * a segmentation-offloaded packet */
};

VIEW_INLINE enum drop ip6_extensions(struct view *v, uint8_t *next, struct packet *out);
VIEW_INLINE enum drop upper_decode(struct upper u, struct packet *out);
VIEW_INLINE enum drop tcp_decode(struct view v, struct packet *out);
VIEW_INLINE enum drop udp_decode(struct upper u, struct packet *out);
VIEW_INLINE enum drop sctp_decode(struct view v, struct packet *out);
VIEW_INLINE enum drop icmp_decode(struct view v, struct packet *out);

__attribute__((flatten)) enum drop	/* the spans' reads too: see VIEW_INLINE */
ip4_decode(struct span bytes, uint32_t wire, struct packet *out)
{
	struct view v = { bytes, wire };
	struct upper u;
	struct span h = v.bytes, src, dst;
	uint32_t header, total, offset;
	uint16_t length, id, frag;
	uint8_t first, ttl, proto;

	if (!span_u8(&h, &first))
		return DROP_CUT_IPV4;
	header = (first & 0x0fU) * 4;
	if (first >> 4 != 4 || header < IP4_HEADER)
		return DROP_BAD_IPV4;
	if (!span_skip(&h, 1) || !span_u16(&h, &length) || !span_u16(&h, &id) ||
	    !span_u16(&h, &frag) || !span_u8(&h, &ttl) || !span_u8(&h, &proto) ||
	    !span_skip(&h, 2) || !span_take(&h, 4, &src) || !span_take(&h, 4, &dst))
		return DROP_CUT_IPV4;
	total = length == 0 ? v.wire : length;
	if (total < header)
		return DROP_BAD_IPV4;
	view_trim(&v, total);
	out->ip_version = 4;
	out->ttl = ttl;
	out->proto = proto;
	out->src = addr_from_v4(src.at);
	out->dst = addr_from_v4(dst.at);
	out->l3 = v.bytes;
	out->l3_wire = v.wire;
	if (!view_skip(&v, header))
		return DROP_CUT_IPV4;

	offset = (frag & 0x1fffU) * 8;
	if (offset != 0 || (frag & 0x2000U) != 0) {
		if ((uint64_t)header + offset + v.wire > IP_MOST)
			return DROP_BAD_FRAGMENT;
		out->frag = true;
		out->frag_first = offset == 0;
		out->frag_id = id;
	}
	u = (struct upper){ v, length == 0 };
	return upper_decode(u, out);
}

/* Walks the extension headers; *next comes in as the fixed header's and leaves as the
 * protocol of layer 4. Stops behind the header of a later fragment:
 * what follows is a piece of data. */
VIEW_INLINE enum drop
ip6_extensions(struct view *v, uint8_t *next, struct packet *out)
{
	struct span h;
	uint32_t length, id;
	uint16_t frag;
	uint8_t after, units;
	int n;

	for (n = 0;; n++) {
		switch (*next) {
		case PROTO_HOP_BY_HOP:
		case PROTO_ROUTING:
		case PROTO_DEST_OPTS:
		case PROTO_MOBILITY:
		case PROTO_HIP:
		case PROTO_SHIM6:
		case PROTO_FRAGMENT:
		case PROTO_AH:
			break;
		default:
			return DROP_NONE;
		}
		if (n == IP6_EXT_MOST)
			return DROP_IPV6_EXT_DEPTH;
		if (v->wire < 8)
			return DROP_BAD_IPV6;
		h = v->bytes;
		if (!span_u8(&h, &after) || !span_u8(&h, &units))
			return DROP_CUT_IPV6_EXT;
		length = (units + 1U) * 8;
		if (*next == PROTO_AH)
			length = (units + 2U) * 4;
		if (*next == PROTO_FRAGMENT)
			length = 8;
		if (length > v->wire)
			return DROP_BAD_IPV6;
		if (length > v->bytes.left)
			return DROP_CUT_IPV6_EXT;
		(void)view_skip(v, length);
		if (*next == PROTO_FRAGMENT) {
			if (!span_u16(&h, &frag) || !span_u32(&h, &id))
				return DROP_CUT_IPV6_EXT;
			/* Neither offset nor "more": an atomic fragment,
			 * whole (RFC 6946). */
			if ((frag & 0xfff9U) != 0) {
				if ((uint64_t)(frag & 0xfff8U) + v->wire > IP_MOST)
					return DROP_BAD_FRAGMENT;
				out->frag = true;
				out->frag_first = (frag & 0xfff8U) == 0;
				out->frag_id = id;
			}
		}
		*next = after;
		if (out->frag && !out->frag_first)
			return DROP_NONE;
	}
}

__attribute__((flatten)) enum drop
ip6_decode(struct span bytes, uint32_t wire, struct packet *out)
{
	struct view v = { bytes, wire };
	struct upper u;
	struct span h = v.bytes, src, dst;
	enum drop d;
	uint32_t head;
	uint16_t length;
	uint8_t next, hops;

	if (h.left > 0 && h.at[0] >> 4 != 6)
		return DROP_BAD_IPV6;
	if (!span_u32(&h, &head) || !span_u16(&h, &length) || !span_u8(&h, &next) ||
	    !span_u8(&h, &hops) || !span_take(&h, 16, &src) || !span_take(&h, 16, &dst))
		return DROP_CUT_IPV6;
	/* Length 0: a jumbogram, or a packet that is not cut into segments yet. With no
	 * next header it is just an empty packet, and what follows is padding. */
	if (length != 0 || next == PROTO_NONE)
		view_trim(&v, IP6_HEADER + length);
	out->ip_version = 6;
	out->ttl = hops;
	memcpy(out->src.b, src.at, 16);
	memcpy(out->dst.b, dst.at, 16);
	out->l3 = v.bytes;
	out->l3_wire = v.wire;
	(void)view_skip(&v, IP6_HEADER);
	d = ip6_extensions(&v, &next, out);
	if (d != DROP_NONE)
		return d;
	out->proto = next;
	u = (struct upper){ v, length == 0 };
	return upper_decode(u, out);
}

VIEW_INLINE enum drop
upper_decode(struct upper u, struct packet *out)
{
	out->class = out->proto == PROTO_IGMP ? PACKET_OTHER : PACKET_FLOW;
	if (!out->frag || out->frag_first) {
		switch (out->proto) {
		case IPPROTO_IS_TCP:
			return tcp_decode(u.v, out);
		case IPPROTO_IS_UDP:
			return udp_decode(u, out);
		case IPPROTO_IS_SCTP:
			return sctp_decode(u.v, out);
		case IPPROTO_IS_ICMP:
		case IPPROTO_IS_ICMP6:
			return icmp_decode(u.v, out);
		default:
			break;
		}
	}
	out->payload = u.v.bytes;
	out->payload_wire = u.v.wire;
	return DROP_NONE;
}

/* A first fragment that ends inside the TCP header (RFC 1858): eight bytes hold the
 * ports, and the rest of it comes in later fragments. It has a flow,
 * or fragments would be a way around. */
VIEW_INLINE enum drop
tiny_fragment(struct view v, struct packet *out)
{
	struct span h = v.bytes;

	if (!out->frag || v.wire < 8)
		return DROP_BAD_TCP;
	if (!span_u16(&h, &out->sport) || !span_u16(&h, &out->dport) ||
	    !span_u32(&h, &out->seq))
		return DROP_CUT_TCP;
	return DROP_NONE;
}

VIEW_INLINE enum drop
tcp_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes;
	uint32_t header;
	uint8_t offset, flags;

	if (v.wire < TCP_HEADER)
		return tiny_fragment(v, out);
	if (!span_u16(&h, &out->sport) || !span_u16(&h, &out->dport) ||
	    !span_u32(&h, &out->seq) || !span_u32(&h, &out->ack) ||
	    !span_u8(&h, &offset) || !span_u8(&h, &flags))
		return DROP_CUT_TCP;
	header = (uint32_t)(offset >> 4) * 4;
	if (header < TCP_HEADER || header > v.wire)
		return DROP_BAD_TCP;
	if (!view_skip(&v, header))
		return DROP_CUT_TCP;
	out->tcp_flags = flags;
	out->payload = v.bytes;
	out->payload_wire = v.wire;
	return DROP_NONE;
}

VIEW_INLINE enum drop
udp_decode(struct upper u, struct packet *out)
{
	struct view v = u.v;
	struct span h = v.bytes;
	uint16_t length;

	if (v.wire < UDP_HEADER)
		return DROP_BAD_UDP;
	if (!span_u16(&h, &out->sport) || !span_u16(&h, &out->dport) ||
	    !span_u16(&h, &length))
		return DROP_CUT_UDP;
	if (length == 0 && (u.to_the_end || v.wire > IP_MOST))
		;	/* RFC 2675, 4: to the end of the packet */
	else if (length < UDP_HEADER)
		return DROP_BAD_UDP;
	else
		view_trim(&v, length);
	if (!view_skip(&v, UDP_HEADER))
		return DROP_CUT_UDP;
	out->payload = v.bytes;
	out->payload_wire = v.wire;
	return DROP_NONE;
}

/* Ports, a tag and a checksum; then chunks, which are the payload as they are: telling
 * data from acknowledgements would be somebody's work, and the chunks' headers are few
 * bytes of it. */
VIEW_INLINE enum drop
sctp_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes;

	if (v.wire < SCTP_HEADER)
		return DROP_BAD_SCTP;
	if (!span_u16(&h, &out->sport) || !span_u16(&h, &out->dport) ||
	    !view_skip(&v, SCTP_HEADER))
		return DROP_CUT_SCTP;
	out->payload = v.bytes;
	out->payload_wire = v.wire;
	return DROP_NONE;
}

VIEW_INLINE enum drop
icmp_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes;
	uint16_t type_code;

	if (!span_u16(&h, &type_code) || !view_skip(&v, ICMP_HEADER))
		return DROP_CUT_ICMP;
	out->sport = type_code;
	out->payload = v.bytes;
	out->payload_wire = v.wire;
	return DROP_NONE;
}
