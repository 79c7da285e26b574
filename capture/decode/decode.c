/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decode: the link layer of a frame, VLAN tags, LLC, MPLS and PPPoE, down to the
 * ethertype; and the way into tunnels, packet by packet.
 *
 * Owns what a link header says: addresses, VLAN, ethertype. What the ethertype names is
 * read in ip.c; ARP is short enough to be read here; wifi.c reads 802.11, ppp.c PPP and
 * PPPoE, tunnel.c the headers of tunnels. Refuses frame check sequences that nobody
 * announced: they stand behind the length of the IP packet.
 *
 * Depth: a VLAN tag, a label stack, a PPPoE header, an Ethernet header inside something
 * and a tunnel header each count one, and DEPTH_MOST of them are taken off. A loop does
 * it: a stranger chooses how deep a packet is, and must not choose how deep our stack is.
 * What an IP packet carries and cannot be read leaves that IP packet standing as an
 * ordinary flow; only where there is no IP packet yet is the frame refused.
 */
#include "capture/decode/decode.h"
#include "capture/decode/ip.h"
#include "capture/decode/ppp.h"
#include "capture/decode/tunnel.h"
#include "capture/decode/wifi.h"

#include <string.h>

enum {
	TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_VLAN = 0x8100, TYPE_IPV6 = 0x86dd,
	TYPE_QINQ = 0x88a8, TYPE_QINQ_OLD = 0x9100,
	TYPE_MPLS = 0x8847, TYPE_MPLS_MULTICAST = 0x8848, TYPE_PPPOE = 0x8864,
	TYPE_LEAST = 0x0600,		/* below it, the field is a length (802.3) */
	TYPE_COOKED_8023 = 0x0001,	/* Linux's own numbers inside a cooked header */
	TYPE_COOKED_LLC = 0x0004,
};

#define ARPHRD_NETLINK_IS 824U		/* the "protocol" of such
					 * a frame is no ethertype */
#define ETHERNET_HEADER 14U

/* Honest frames have three or four (a tag, a mirror's transport, a tag); each costs a
 * turn of a loop that a stranger pays nothing for. */
#define DEPTH_MOST 8
#define LABELS_MOST 16			/* in one stack; honest ones have two to five */

static const char *const drop_names[DROP_COUNT] = {
	"none",
#define X(id, name, meaning) name,
	DROPS(X)
#undef X
};

static const char *const drop_meanings[DROP_COUNT] = {
	"used",
#define X(id, name, meaning) meaning,
	DROPS(X)
#undef X
};

static const struct link_row {
	int number;
	const char *name;
} links[] = {
#define X(id, number, name) { number, name },
	LINK_TYPES(X)
#undef X
};

#define LINKS (sizeof(links) / sizeof(links[0]))

VIEW_INLINE enum drop link_decode(const struct frame *f, struct view v,
    struct packet *out);
static void tunnels_decode(struct packet *out, decode_may_open *may, const void *arg);
VIEW_INLINE enum drop ethernet_decode(struct view v, struct packet *out);
VIEW_INLINE enum drop cooked_decode(struct view v, struct packet *out);
VIEW_INLINE enum drop cooked2_decode(struct view v, struct packet *out);
VIEW_INLINE enum drop null_decode(struct view v, struct packet *out);
VIEW_INLINE enum drop raw_decode(struct view v, struct packet *out);
static enum drop type_decode(struct span bytes, uint32_t wire, uint16_t type,
    struct packet *out);
static enum drop rare_link_decode(struct span bytes, uint32_t wire, int link_type,
    struct packet *out);
static enum drop snap_decode(struct view v, struct packet *out);
VIEW_INLINE enum drop llc_decode(struct view v, struct packet *out, uint16_t *type);
static enum drop wrapped_decode(struct view *v, struct packet *out, uint16_t *type);
VIEW_INLINE enum drop arp_decode(struct view v, struct packet *out);

const char *
drop_name(enum drop d)
{
	return (unsigned)d < DROP_COUNT ? drop_names[d] : "unknown";
}

const char *
drop_meaning(enum drop d)
{
	return (unsigned)d < DROP_COUNT ? drop_meanings[d] : "unknown";
}

static inline void
packet_clear(struct packet *out, const struct frame *f)
{
	/* In two parts, each small enough for plain stores: clearing the whole at once
	 * becomes a string instruction that costs as much as reading the headers. */
	memset(out, 0, offsetof(struct packet, l3));
	memset(&out->l3, 0, sizeof(*out) - offsetof(struct packet, l3));
	out->frame = f;
	out->class = PACKET_OTHER;
	out->vlan = VLAN_NONE;
}

enum drop
decode_frame(const struct frame *f, struct packet *out)
{
	return decode_frame_asking(f, out, NULL, NULL);
}

enum drop
decode_frame_asking(const struct frame *f, struct packet *out, decode_may_open *may,
    const void *arg)
{
	/* More captured than on the wire: the bytes are here,
	 * so the wire's length is the lie. */
	struct view v = { { f->bytes, f->cap }, f->wire < f->cap ? f->cap : f->wire };
	enum drop d;

	packet_clear(out, f);
	d = link_decode(f, v, out);
	if (d == DROP_NONE && tunnel_maybe(out))
		tunnels_decode(out, may, arg);
	return d;
}

VIEW_INLINE enum drop
link_decode(const struct frame *f, struct view v, struct packet *out)
{
	switch (f->link_type) {
	case LINK_ETHERNET:
		return ethernet_decode(v, out);
	case LINK_COOKED:
		return cooked_decode(v, out);
	case LINK_COOKED2:
		return cooked2_decode(v, out);
	case LINK_BSD_NULL:
	case LINK_LOOP:
		return null_decode(v, out);
	case LINK_RAW:
	case LINK_RAW_OPENBSD:
	case LINK_RAW_FILE:
		return raw_decode(v, out);
	case LINK_IPV4:
		return f->cap == 0 ? DROP_CUT_LINK :
		    type_decode(v.bytes, v.wire, TYPE_IPV4, out);
	case LINK_IPV6:
		return f->cap == 0 ? DROP_CUT_LINK :
		    type_decode(v.bytes, v.wire, TYPE_IPV6, out);
	default:
		return rare_link_decode(v.bytes, v.wire, f->link_type, out);
	}
}

/* Apart and not inlined: no cost of the links that sensors usually have. */
static __attribute__((noinline)) enum drop
rare_link_decode(struct span bytes, uint32_t wire, int link_type, struct packet *out)
{
	struct view v = { bytes, wire };
	uint16_t type = 0;
	bool llc = false;
	enum drop d;

	switch (link_type) {
	case LINK_WIFI:
	case LINK_RADIOTAP:
	case LINK_PRISM:
	case LINK_AVS:
		d = wifi_open(&v, link_type, out, &llc);
		return d != DROP_NONE || !llc ? d : snap_decode(v, out);
	case LINK_PPP:
	case LINK_PPP_SERIAL:
	case LINK_PPP_DIRECTION:
		d = ppp_open(&v, link_type, &type);
		if (d != DROP_NONE || type < TYPE_LEAST)
			return d;
		return type_decode(v.bytes, v.wire, type, out);
	default:
		return DROP_LINK_TYPE;
	}
}

const char *
decode_link_name(int link_type)
{
	for (size_t i = 0; i < LINKS; i++)
		if (links[i].number == link_type)
			return links[i].name;
	return NULL;
}

bool
decode_knows(int link_type)
{
	return decode_link_name(link_type) != NULL;
}

int
decode_link_type(unsigned i)
{
	return i < LINKS ? links[i].number : -1;
}

/* From one packet to the one it carries, as long as there is one. An IP packet or ARP
 * must come out: anything may be sent to these ports, and a frame of a made-up type would
 * be a way to be nobody's flow. Not inlined: its second packet is no cost of those that
 * carry nothing. */
static __attribute__((noinline)) void
tunnels_decode(struct packet *out, decode_may_open *may, const void *arg)
{
	struct packet inner;
	struct view v;
	uint16_t type;

	while (tunnel_maybe(out) && out->depth < DEPTH_MOST) {
		if ((may != NULL && !may(arg, out)) || !tunnel_open(out, &v, &type))
			return;
		packet_clear(&inner, out->frame);
		inner.depth = (uint8_t)(out->depth + 1);
		inner.has_mac = out->has_mac;
		memcpy(inner.smac, out->smac, 6);
		memcpy(inner.dmac, out->dmac, 6);
		if (type == TYPE_ETHERNET) {
			if (ethernet_decode(v, &inner) != DROP_NONE)
				return;
		} else if (type_decode(v.bytes, v.wire, type, &inner) != DROP_NONE) {
			return;
		}
		if (inner.class == PACKET_OTHER && inner.ip_version == 0)
			return;
		/* A whole frame has its own VLAN or none: the tag outside is that of the
		 * mirror's transport, which must not part it from the same frame seen
		 * elsewhere. */
		if (inner.vlan == VLAN_NONE && type != TYPE_ETHERNET)
			inner.vlan = out->vlan;
		*out = inner;
	}
}

VIEW_INLINE enum drop
ethernet_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes, dst, src;
	uint16_t type;

	if (!span_take(&h, 6, &dst) || !span_take(&h, 6, &src) || !span_u16(&h, &type))
		return DROP_CUT_LINK;
	out->has_mac = true;
	memcpy(out->dmac, dst.at, 6);
	memcpy(out->smac, src.at, 6);
	(void)view_skip(&v, ETHERNET_HEADER);
	return type_decode(v.bytes, v.wire, type, out);
}

/* What both forms of Linux's cooked header say, in another order. */
struct cooked {
	uint16_t hardware, mac_len, type;
	struct span mac;
};

/* The sender's address when it has six bytes; the receiver's is not there. */
VIEW_INLINE enum drop
cooked_rest(struct view v, struct cooked c, struct packet *out)
{
	if (c.mac_len == 6) {
		out->has_mac = true;
		memcpy(out->smac, c.mac.at, 6);
	}
	if (c.hardware == ARPHRD_NETLINK_IS)
		return DROP_NONE;
	/* Linux numbers 802.3 and LLC below 0x0600; both carry an LLC header here. */
	if (c.type == TYPE_COOKED_8023 || c.type == TYPE_COOKED_LLC)
		return snap_decode(v, out);
	if (c.type < TYPE_LEAST)
		return DROP_NONE;
	return type_decode(v.bytes, v.wire, c.type, out);
}

VIEW_INLINE enum drop
cooked_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes, mac;
	uint16_t hardware, mac_len, type;

	if (!span_skip(&h, 2) || !span_u16(&h, &hardware) || !span_u16(&h, &mac_len) ||
	    !span_take(&h, 8, &mac) || !span_u16(&h, &type))
		return DROP_CUT_LINK;
	(void)view_skip(&v, 16);
	return cooked_rest(v, (struct cooked){ hardware, mac_len, type, mac }, out);
}

VIEW_INLINE enum drop
cooked2_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes, mac;
	uint16_t hardware, type;
	uint8_t mac_len;

	if (!span_u16(&h, &type) || !span_skip(&h, 2 + 4) || !span_u16(&h, &hardware) ||
	    !span_skip(&h, 1) || !span_u8(&h, &mac_len) || !span_take(&h, 8, &mac))
		return DROP_CUT_LINK;
	(void)view_skip(&v, 20);
	return cooked_rest(v, (struct cooked){ hardware, mac_len, type, mac }, out);
}

/* Four bytes of address family, in the order of the machine that captured (null) or of
 * the network (loop); families are small, so the order can be told from the value.
 * AF_INET is 2 everywhere, AF_INET6 is 10 in Linux, 23 in Windows, 24 in NetBSD and
 * OpenBSD, 26 in Solaris, 28 in FreeBSD, 30 in macOS. */
VIEW_INLINE enum drop
null_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes;
	uint32_t family;

	if (!span_u32(&h, &family))
		return DROP_CUT_LINK;
	(void)view_skip(&v, 4);
	if ((family & 0xffffU) == 0)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return type_decode(v.bytes, v.wire, TYPE_IPV4, out);
	case 10:
	case 23:
	case 24:
	case 26:
	case 28:
	case 30:
		return type_decode(v.bytes, v.wire, TYPE_IPV6, out);
	default:
		return DROP_NONE;
	}
}

VIEW_INLINE enum drop
raw_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes;
	uint8_t first;

	if (!span_u8(&h, &first))
		return DROP_CUT_LINK;
	return type_decode(v.bytes, v.wire, first >> 4 == 6 ? TYPE_IPV6 : TYPE_IPV4, out);
}

static enum drop
type_decode(struct span bytes, uint32_t wire, uint16_t type, struct packet *out)
{
	struct view v = { bytes, wire };
	enum drop d;
	struct span h;
	uint16_t tag;

	for (;;) {
		out->ethertype = type;
		switch (type) {
		case TYPE_IPV4:
			return ip4_decode(v.bytes, v.wire, out);
		case TYPE_IPV6:
			return ip6_decode(v.bytes, v.wire, out);
		case TYPE_ARP:
			return arp_decode(v, out);
		case TYPE_VLAN:
		case TYPE_QINQ:
		case TYPE_QINQ_OLD:
			if (out->depth++ == DEPTH_MOST)
				return DROP_TUNNEL_DEPTH;
			h = v.bytes;
			if (!span_u16(&h, &tag) || !span_u16(&h, &type))
				return DROP_CUT_VLAN;
			(void)view_skip(&v, 4);
			/* Id 0 is a priority on the untagged network, not a network. */
			if (out->vlan == VLAN_NONE && (tag & 0x0fffU) != 0)
				out->vlan = tag & 0x0fffU;
			break;
		case TYPE_MPLS:
		case TYPE_MPLS_MULTICAST:
		case TYPE_PPPOE:
		case TYPE_ETHERNET:
			if (out->depth++ == DEPTH_MOST)
				return DROP_TUNNEL_DEPTH;
			d = wrapped_decode(&v, out, &type);
			if (d != DROP_NONE || type == 0)
				return d;
			break;
		default:
			if (type >= TYPE_LEAST)
				return DROP_NONE;
			view_trim(&v, type);
			d = llc_decode(v, out, &type);
			if (d != DROP_NONE || type < TYPE_LEAST)
				return d;
			if (!view_skip(&v, 8))
				return DROP_CUT_LINK;
			break;
		}
	}
}

/* An ethertype that a frame may carry: enough to tell an Ethernet header from bytes that
 * happen to stand where one could. */
static bool
type_known(uint16_t type)
{
	switch (type) {
	case TYPE_IPV4:
	case TYPE_IPV6:
	case TYPE_ARP:
	case TYPE_VLAN:
	case TYPE_QINQ:
	case TYPE_QINQ_OLD:
	case TYPE_MPLS:
	case TYPE_PPPOE:
		return true;
	default:
		return false;
	}
}

/* Labels down to the bottom of the stack. What follows has no type: by its first four
 * bits it is IPv4, IPv6 or the control word of a pseudo-wire (RFC 4385), mostly all
 * zero; an Ethernet frame without one is told by its ethertype. */
static enum drop
mpls_decode(struct view *v, uint16_t *type)
{
	struct span h;
	uint32_t label, word;
	uint16_t named;
	uint8_t first;
	int n;

	for (n = 0;; n++) {
		if (n == LABELS_MOST)
			return DROP_BAD_MPLS;
		h = v->bytes;
		if (!span_u32(&h, &label))
			return DROP_CUT_MPLS;
		(void)view_skip(v, 4);
		if ((label & 0x100U) != 0)
			break;
	}
	*type = 0;
	if (v->wire == 0)
		return DROP_NONE;
	h = v->bytes;
	if (!span_u8(&h, &first))
		return DROP_CUT_MPLS;
	if (first >> 4 == 4) {
		*type = TYPE_IPV4;
		return DROP_NONE;
	}
	if (first >> 4 == 6) {
		*type = TYPE_IPV6;
		return DROP_NONE;
	}
	if (v->wire < ETHERNET_HEADER)
		return DROP_NONE;
	h = v->bytes;
	if (!span_u32(&h, &word) || !span_skip(&h, 8) || !span_u16(&h, &named))
		return DROP_CUT_MPLS;
	if (word != 0 && type_known(named)) {
		*type = TYPE_ETHERNET;
	} else if (first >> 4 == 0 && v->wire >= 4 + ETHERNET_HEADER) {
		if (!view_skip(v, 4))
			return DROP_CUT_MPLS;
		*type = TYPE_ETHERNET;
	}
	return DROP_NONE;
}

/* Behind a label stack, a PPPoE header or an Ethernet header inside something: *type
 * becomes that of what follows, or 0 when that is somebody's own business. Apart from
 * type_decode and not inlined, which frames without such headers would pay for. */
static __attribute__((noinline)) enum drop
wrapped_decode(struct view *v, struct packet *out, uint16_t *type)
{
	struct span h = v->bytes, dst, src;

	switch (*type) {
	case TYPE_PPPOE:
		return pppoe_open(v, type);
	case TYPE_ETHERNET:
		if (!span_take(&h, 6, &dst) || !span_take(&h, 6, &src) ||
		    !span_u16(&h, type))
			return DROP_CUT_LINK;
		out->has_mac = true;
		memcpy(out->dmac, dst.at, 6);
		memcpy(out->smac, src.at, 6);
		(void)view_skip(v, ETHERNET_HEADER);
		/* A length of 0 is no type either. */
		return DROP_NONE;
	default:
		return mpls_decode(v, type);
	}
}

/* An 802.2 header. *type becomes what SNAP names, or 0:
 * somebody's own business (STP, IPX). */
VIEW_INLINE enum drop
llc_decode(struct view v, struct packet *out, uint16_t *type)
{
	struct span h = v.bytes;
	uint32_t llc, organisation;
	uint16_t named;

	*type = 0;
	out->ethertype = 0;
	if (v.wire < 3)
		return DROP_NONE;
	if (!span_u24(&h, &llc))
		return DROP_CUT_LINK;
	if (llc != 0xaaaa03)
		return DROP_NONE;
	if (v.wire < 8)
		return DROP_NONE;
	if (!span_u24(&h, &organisation) || !span_u16(&h, &named))
		return DROP_CUT_LINK;
	/* 0: ethertypes (RFC 1042); 00-00-f8: the same for bridges (802.1H). */
	if ((organisation == 0 || organisation == 0xf8) && named >= TYPE_LEAST)
		*type = named;
	return DROP_NONE;
}

/* An LLC header that no length stands before. */
static __attribute__((noinline)) enum drop
snap_decode(struct view v, struct packet *out)
{
	uint16_t type;
	enum drop d = llc_decode(v, out, &type);

	if (d != DROP_NONE || type < TYPE_LEAST)
		return d;
	return view_skip(&v, 8) ? type_decode(v.bytes, v.wire, type, out) : DROP_CUT_LINK;
}

VIEW_INLINE enum drop
arp_decode(struct view v, struct packet *out)
{
	struct span h = v.bytes, sender_mac, sender, target;
	uint32_t kinds;
	uint16_t sizes, operation;

	if (!span_u32(&h, &kinds) || !span_u16(&h, &sizes) || !span_u16(&h, &operation))
		return DROP_CUT_ARP;
	/* Ethernet and IPv4, of six and four bytes; request or reply. */
	if (kinds != 0x00010800 || sizes != 0x0604 || operation < 1 || operation > 2)
		return DROP_NONE;
	if (!span_take(&h, 6, &sender_mac) || !span_take(&h, 4, &sender) ||
	    !span_skip(&h, 6) || !span_take(&h, 4, &target))
		return DROP_CUT_ARP;
	out->class = PACKET_ARP;
	out->has_mac = true;
	memcpy(out->smac, sender_mac.at, 6);
	out->src = addr_from_v4(sender.at);
	out->dst = addr_from_v4(target.at);
	return DROP_NONE;
}
