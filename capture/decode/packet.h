/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet: a frame understood down to layer 4. In a frame that carries a packet inside
 * another it is the inner one. Its pointers are lent: they live until the source is asked
 * for the next frame.
 */
#ifndef CAPTURE_DECODE_PACKET_H
#define CAPTURE_DECODE_PACKET_H

#include "capture/base/addr.h"
#include "capture/base/span.h"
#include "capture/source/frame.h"

/* IP protocol numbers that earshot speaks of (IANA). */
enum {
	IPPROTO_IS_ICMP = 1,
	IPPROTO_IS_TCP = 6,
	IPPROTO_IS_UDP = 17,
	IPPROTO_IS_ICMP6 = 58,
	IPPROTO_IS_SCTP = 132,
};

enum {
	TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08, TCP_ACK = 0x10,
};

/* Has it ports? */
static inline bool
ipproto_has_ports(uint8_t proto)
{
	return proto == IPPROTO_IS_TCP || proto == IPPROTO_IS_UDP ||
	    proto == IPPROTO_IS_SCTP;
}

/* What kind of packet this is. Everything but PACKET_FLOW is "used" without a flow. */
enum packet_class {
	PACKET_FLOW,		/* TCP, UDP, ICMP, ICMPv6 or another IP
				 * protocol, with addresses */
	PACKET_ARP,		/* src = sender's IPv4 address,
				 * smac = sender hardware address */
	PACKET_OTHER,		/* understood, carries nobody's flow: STP,
				 * LLDP, IGMP, ... */
};

#define VLAN_NONE 0xffffU

struct packet {
	const struct frame *frame;
	enum packet_class class;
	bool has_mac;			/* of the innermost Ethernet header */
	uint8_t smac[6], dmac[6];
	uint8_t depth;			/* tags, label stacks, tunnels taken off */
	uint16_t vlan;			/* outermost VLAN id of the innermost frame, or
					 * VLAN_NONE; see README.md */
	uint16_t ethertype;
	uint8_t ip_version;		/* 4, 6; 0 when not IP */
	uint8_t proto;			/* IP protocol after extension headers */
	uint8_t ttl;
	struct addr src, dst;
	uint16_t sport, dport;		/* TCP, UDP, SCTP; ICMP: type and
					 * code in sport, 0 in dport */

	struct span l3;			/* captured bytes from the IP header on,
					 * cut at the IP length */
	uint32_t l3_wire;		/* the IP packet's own length */
	struct span payload;		/* captured bytes after the layer-4 header */
	uint32_t payload_wire;		/* true length of the payload,
					 * from the IP and UDP lengths */

	/* Fragments: the first has ports; a later one has sport = dport = 0 and is given
	 * to its flow by (src, dst, proto, frag_id).
	 * A packet that is not fragmented: frag = false. */
	bool frag, frag_first;
	uint32_t frag_id;

	uint8_t tcp_flags;
	uint32_t seq, ack;
};

#endif
