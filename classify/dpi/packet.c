/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet: what the cell is sent of a packet, and what it is not sent at all.
 *
 * A classifier that believes a header's length reads beyond what was captured, or ignores
 * the packet; so the lengths in the copy say what is there. Two forms of datagram are
 * known to kill or stall libndpi 4.2 and are recognised here: a DTLS handshake that
 * carries a certificate (a built-in subject makes it read a TCP header that is not
 * there), and a DNS message that is longer than DNS over UDP used to be.
 */
#include "classify/dpi/cell.h"

#include <string.h>

#define DNS_MAX 512u

size_t
cell_packet_rebuild(const struct packet *pkt, uint8_t *out)
{
	size_t n = pkt->l3.left < CELL_PACKET_MAX ? pkt->l3.left : CELL_PACKET_MAX, l4,
	    udp;

	if (n < 20 || (pkt->ip_version == 6 && n < 40) || pkt->payload.left == 0)
		return 0;
	memcpy(out, pkt->l3.at, n);
	if (pkt->ip_version == 4) {
		out[2] = (uint8_t)(n >> 8);
		out[3] = (uint8_t)n;
		out[6] &= 0x40;		/* a first fragment is read as a short packet */
		out[7] = 0;
	} else if (pkt->ip_version == 6) {
		out[4] = (uint8_t)((n - 40) >> 8);
		out[5] = (uint8_t)(n - 40);
	} else
		return 0;
	/* The payload points into l3: where the layer-4 header ends. */
	l4 = (size_t)(pkt->payload.at - pkt->l3.at);
	if (pkt->proto == IPPROTO_IS_UDP && l4 >= 28 && l4 <= n) {
		udp = n - (l4 - 8);
		if (pkt->payload_wire + 8 < udp)
			udp = pkt->payload_wire + 8;
		out[l4 - 4] = (uint8_t)(udp >> 8);
		out[l4 - 3] = (uint8_t)udp;
	}
	return n;
}

/* Handshake messages of one record: is one of them a certificate? */
static bool
has_certificate(struct span record)
{
	uint8_t type;
	uint32_t total, offset, here;

	while (span_u8(&record, &type)) {
		if (type == 11)
			return true;
		if (!span_u24(&record, &total) || !span_skip(&record, 2) ||
		    !span_u24(&record, &offset) || !span_u24(&record, &here) ||
		    !span_skip(&record, here))
			return false;
	}
	return false;
}

bool
cell_packet_kills(const struct packet *pkt)
{
	struct span s = pkt->payload, record;
	uint8_t type, major;
	uint16_t len;

	if (pkt->proto != IPPROTO_IS_UDP)
		return false;
	if (pkt->payload_wire > DNS_MAX && (pkt->sport == 53 || pkt->dport == 53 ||
	    pkt->sport == 5353 || pkt->dport == 5353 || pkt->sport == 5355 ||
	    pkt->dport == 5355))
		return true;
	/* Record: type, version (fe ff, fe fd), epoch, sequence, length. */
	while (span_u8(&s, &type) && span_u8(&s, &major) && major == 0xfe &&
	    span_skip(&s, 9) && span_u16(&s, &len)) {
		/* A length that lies beyond the datagram: look at what is there. */
		if (!span_take(&s, len, &record)) {
			record = s;
			s.left = 0;
		}
		if (type == 22 && has_certificate(record))
			return true;
	}
	return false;
}
