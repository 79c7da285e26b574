/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnel: packets that an IP packet carries whole. Inner header of this room: outside
 * it, decode.h speaks.
 */
#ifndef CAPTURE_DECODE_TUNNEL_H
#define CAPTURE_DECODE_TUNNEL_H

#include "capture/decode/ip.h"

/* Ethernet inside something (IEEE's "transparent Ethernet bridging"). */
#define TYPE_ETHERNET 0x6558U

enum {
	PROTO_IPIP = 4, PROTO_6IN4 = 41, PROTO_GRE = 47,
	PORT_VXLAN = 4789, PORT_GENEVE = 6081, PORT_TZSP = 37008, PORT_GTP_U = 2152,
	PORT_TEREDO = 3544,
};

/* False for nearly all packets; true says that tunnel_open is worth its call. Fragments
 * are not opened: what a first one holds of a packet is not that packet. */
static inline bool
tunnel_maybe(const struct packet *p)
{
	if (p->class != PACKET_FLOW || p->frag)
		return false;
	switch (p->proto) {
	case IPPROTO_IS_UDP:
		/* Teredo's servers and relays answer from their port. */
		return p->dport == PORT_VXLAN || p->dport == PORT_GENEVE ||
		    p->dport == PORT_TZSP || p->dport == PORT_GTP_U ||
		    p->dport == PORT_TEREDO || p->sport == PORT_TEREDO;
	case PROTO_IPIP:
	case PROTO_6IN4:
	case PROTO_GRE:
		return true;
	default:
		return false;
	}
}

/* Reads the header in front of the packet inside. True: *inside starts at that packet,
 * *type is its ethertype. False: this is no such tunnel, or its header is cut, or it
 * carries what earshot does not read; both are then not to be read. */
bool tunnel_open(const struct packet *p, struct view *inside, uint16_t *type);

#endif
