/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packets: packets made by hand for tests of the flow table. A struct crate holds one
 * packet, its frame and its payload; it may be used again as soon as the table returned.
 */
#ifndef TESTS_UNIT_CAPTURE_PACKETS_H
#define TESTS_UNIT_CAPTURE_PACKETS_H

#include "capture/decode/packet.h"

#include <string.h>

struct crate {
	struct packet pkt;
	struct frame frame;
};

static inline struct addr
v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t bytes[4] = { a, b, c, d };

	return addr_from_v4(bytes);
}

static inline bool
same_addr(struct addr a, struct addr b)
{
	return addr_eq(&a, &b);
}

/* len bytes of payload, all captured. */
static inline struct packet *
crate_ip(struct crate *c, int64_t ns, uint8_t proto, struct addr src, struct addr dst,
    uint32_t len)
{
	static const uint8_t bytes[65536];

	memset(c, 0, sizeof(*c));
	c->frame.time.ns = ns;
	c->frame.ordinal = 1;
	c->frame.cap = c->frame.wire = len + 54;
	c->frame.bytes = bytes;
	c->pkt.frame = &c->frame;
	c->pkt.class = PACKET_FLOW;
	c->pkt.vlan = VLAN_NONE;
	c->pkt.ip_version = addr_is_v4(&src) ? 4 : 6;
	c->pkt.proto = proto;
	c->pkt.src = src;
	c->pkt.dst = dst;
	c->pkt.payload = span_of(bytes, len < sizeof(bytes) ? len : sizeof(bytes));
	c->pkt.payload_wire = len;
	return &c->pkt;
}

static inline struct packet *
crate_udp(struct crate *c, int64_t ns, struct addr src, uint16_t sport, struct addr dst,
    uint16_t dport, uint32_t len)
{
	struct packet *p = crate_ip(c, ns, IPPROTO_IS_UDP, src, dst, len);

	p->sport = sport;
	p->dport = dport;
	return p;
}

static inline struct packet *
crate_tcp(struct crate *c, int64_t ns, struct addr src, uint16_t sport, struct addr dst,
    uint16_t dport, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	struct packet *p = crate_ip(c, ns, IPPROTO_IS_TCP, src, dst, len);

	p->sport = sport;
	p->dport = dport;
	p->tcp_flags = flags;
	p->seq = seq;
	p->ack = ack;
	return p;
}

/* A small generator of our own: the same numbers everywhere (xorshift64*, Vigna 2016). */
static inline uint32_t
dice(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * UINT64_C(2685821657736338717) >> 32);
}

#endif
