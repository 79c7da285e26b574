/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decode_samples: frames written in hexadecimal, for the tests of capture/decode; how
 * they are decoded, and what must hold of any packet. `used` is the table of frames that
 * become a packet: whoever adds a header adds a row, and it is cut and spoilt anywhere.
 */
#ifndef TESTS_UNIT_CAPTURE_DECODE_SAMPLES_H
#define TESTS_UNIT_CAPTURE_DECODE_SAMPLES_H

#include "capture/decode/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEX_MOST 256

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ETH "0200000000b1" "0200000000a1"
#define IP4(len, proto) "4500" len "1234" "0000" "40" proto "0000" "0a000001" "c0000201"
#define IP4_FRAG(len, frag, proto) "4500" len "1234" frag "40" proto "0000" "0a000001" "c0000201"
#define IP6(len, next) "60000000" len next "40" \
	"20010db8000000000000000000000001" "20010db8000000000000000000000002"
#define TCP "c350" "01bb" "00000064" "000000c8" "5018" "ffff" "0000" "0000"
#define UDP(len) "c350" "0035" len "0000"
#define EXT(next) next "00" "010400000000"
/* A packet of 32 bytes that others carry, and the same in an Ethernet frame of 46. */
#define INNER IP4("0020", "11") UDP("000c") "61626364"
#define INNER_ETH "0200000000d2" "0200000000c2" "0800" INNER
#define INNER_TAGGED "0200000000d2" "0200000000c2" "8100" "0007" "0800" INNER
#define UDP_TO(port, len) "c350" port len "0000"
#define TAG(id) "8100" id
/* 802.11: access point e1, sender a1, receiver b1; and a header of radiotap's. */
#define AIR(kind, a1, a2, a3) kind "0000" a1 a2 a3 "1000"
#define AIR_A1 "0200000000a1"
#define AIR_B1 "0200000000b1"
#define AIR_E1 "0200000000e1"
#define TO_WIRED(kind) AIR(kind, AIR_E1, AIR_A1, AIR_B1)
#define SNAP_IP "aaaa03" "000000" "0800"
#define RADIOTAP(flags) "00000a00" "02000000" flags "00"
#define ZEROS16 "00000000000000000000000000000000"
/* Teredo: 2001:0:c000:201::a0b1:c2d3 sends. */
#define IP6_TEREDO(len, next) "60000000" len next "40" \
	"20010000c000020100000000a0b1c2d3" "20010db8000000000000000000000002"
#define INNER_TEREDO IP6_TEREDO("000c", "11") UDP("000c") "61626364"

struct sample {
	const char *name;
	int link;
	const char *hex;
	uint32_t extra;			/* on the wire, and not captured */
	enum drop drop;
};

static inline size_t
unhex(const char *hex, uint8_t out[HEX_MOST])
{
	size_t n = 0;
	unsigned v = 0;

	for (; hex[0] != '\0'; hex += 2) {
		char two[3] = { hex[0], hex[1], '\0' };

		assert_true(n < HEX_MOST);
		v = (unsigned)strtoul(two, NULL, 16);
		out[n++] = (uint8_t)v;
	}
	return n;
}

/* Decodes an exactly sized copy, so that a sanitizer sees a read beyond it. */
static inline enum drop
decode_copy(int link, const uint8_t *bytes, uint32_t cap, uint32_t wire, struct packet *p,
    uint8_t **copy, struct frame *f)
{
	*copy = malloc(cap == 0 ? 1 : cap);
	assert_non_null(*copy);
	memcpy(*copy, bytes, cap);
	*f = (struct frame){ .link_type = link, .cap = cap, .wire = wire,
		.bytes = *copy };
	return decode_frame(f, p);
}

static inline enum drop
decode_hex(int link, const char *hex, uint32_t extra, struct packet *p,
    uint8_t buf[HEX_MOST])
{
	static struct frame frame_now;	/* the packet points to it */
	size_t n = unhex(hex, buf);

	frame_now = (struct frame){ .link_type = link, .cap = (uint32_t)n,
	    .wire = (uint32_t)n + extra, .bytes = buf };
	return decode_frame(&frame_now, p);
}

/* What must hold of any packet that was not refused. */
static inline void
check_sane(const struct frame *f, const struct packet *p)
{
	uint32_t wire = f->wire < f->cap ? f->cap : f->wire;

	assert_true(p->l3_wire <= wire && p->payload_wire <= wire);
	assert_true(p->l3.left <= p->l3_wire && p->payload.left <= p->payload_wire);
	if (p->l3.left > 0)
		assert_true(p->l3.at >= f->bytes &&
		    p->l3.at + p->l3.left <= f->bytes + f->cap);
	if (p->payload.left > 0)
		assert_true(p->payload.at >= p->l3.at &&
		    p->payload.at + p->payload.left <= p->l3.at + p->l3.left);
	assert_true(p->vlan == VLAN_NONE || p->vlan < 4096);
	assert_true(!p->frag_first || p->frag);
}

static const struct sample used[] = {
	{ "TCP over IPv4", 1, ETH "0800" IP4("002c", "06") TCP "61626364", 0, DROP_NONE },
	{ "UDP over IPv4", 1, ETH "0800" IP4("0020", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "ICMP", 1, ETH "0800" IP4("001e", "01") "0800" "0000" "00010002" "6162", 0, DROP_NONE },
	{ "TCP over IPv6", 1, ETH "86dd" IP6("0018", "06") TCP "61626364", 0, DROP_NONE },
	{ "two VLAN tags", 1, ETH "88a8" "0064" "8100" "00c8" "0800" IP4("0020", "11")
	    UDP("000c") "61626364", 0, DROP_NONE },
	{ "eight extension headers", 1, ETH "86dd" IP6("004c", "00") EXT("3c") EXT("2b") EXT("87")
	    EXT("8b") EXT("8c") EXT("3c") EXT("2c") "1100000000000007" UDP("000c")
	    "61626364", 0, DROP_NONE },
	{ "SNAP", 1, ETH "0028" "aaaa03" "000000" "0800" IP4("0020", "11") UDP("000c") "61626364",
	    0, DROP_NONE },
	{ "STP", 1, ETH "0007" "424203" "00000000", 0, DROP_NONE },
	{ "ARP", 1, ETH "0806" "0001" "0800" "0604" "0001" "0200000000a1" "0a000001"
	    "000000000000" "0a000002", 0, DROP_NONE },
	{ "cooked", 113, "0000" "0001" "0006" "0200000000a1" "0000" "0800" IP4("0020", "11")
	    UDP("000c") "61626364", 0, DROP_NONE },
	{ "cooked 2", 276, "0800" "0000" "00000002" "0001" "04" "06" "0200000000a1" "0000"
	    IP4("0020", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "raw IPv4", 12, IP4("0020", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "raw IPv4, OpenBSD", 14, IP4("0020", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "raw IPv6, file", 101, IP6("000c", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "IPv4 link", 228, IP4("0020", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "IPv6 link", 229, IP6("000c", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "null, little", 0, "02000000" IP4("0020", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "null, big", 0, "00000002" IP4("0020", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "null, macOS", 0, "1e000000" IP6("000c", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "loop, OpenBSD", 108, "00000018" IP6("000c", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "IPv4 options", 1, ETH "0800" "46000024" "12340000" "40110000" "0a000001" "c0000201"
	    "94040000" UDP("000c") "61626364", 0, DROP_NONE },
	{ "authentication header", 1, ETH "86dd" IP6("0024", "33") "1104" "0000"
	    "00000001" "00000002" "000000000000000000000000" UDP("000c") "61626364", 0,
	    DROP_NONE },
	{ "GRE", 1, ETH "0800" IP4("001c", "2f") "0000080000000000", 0, DROP_NONE },
	{ "eight VLAN tags", 1, ETH TAG("0001") TAG("0002") TAG("0003") TAG("0004")
	    TAG("0005")
	    TAG("0006") TAG("0007") TAG("0008") "0800" INNER, 0, DROP_NONE },
	{ "MPLS", 1, ETH "8847" "00010040" "00011140" INNER, 0, DROP_NONE },
	{ "MPLS to IPv6", 1, ETH "8847" "00002140" IP6("000c", "11") UDP("000c")
	    "61626364", 0,
	    DROP_NONE },
	{ "MPLS multicast", 1, ETH "8848" "00011140" INNER, 0, DROP_NONE },
	{ "MPLS pseudo-wire", 1, ETH "8847" "00011140" INNER_ETH, 0, DROP_NONE },
	{ "MPLS pseudo-wire with a control word", 1, ETH "8847" "00011140" "00000000"
	    INNER_ETH, 0,
	    DROP_NONE },
	{ "MPLS pseudo-wire with a number", 1, ETH "8847" "00011140" "00000007" INNER_ETH,
	    0,
	    DROP_NONE },
	{ "MPLS with nothing in it", 1, ETH "8847" "00011140", 0, DROP_NONE },
	{ "PPPoE", 1, ETH "8864" "1100" "0001" "0022" "0021" INNER "0000", 0, DROP_NONE },
	{ "PPPoE, short protocol", 1, ETH "8864" "1100" "0001" "0021" "21" INNER, 0,
	    DROP_NONE },
	{ "PPPoE to IPv6", 1, ETH "8864" "1100" "0001" "0036" "0057" IP6("000c", "11")
	    UDP("000c") "61626364", 0, DROP_NONE },
	{ "PPPoE LCP", 1, ETH "8864" "1100" "0001" "0006" "c021" "09010004", 0,
	    DROP_NONE },
	{ "PPPoE discovery", 1, ETH "8863" "1109" "0000" "0000", 0, DROP_NONE },
	{ "GRE to IPv4", 1, ETH "0800" IP4("0038", "2f") "00000800" INNER, 0, DROP_NONE },
	{ "GRE with all fields", 1, ETH "0800" IP4("0044", "2f") "b0000800" "00000000"
	    "00000001" "00000002" INNER, 0, DROP_NONE },
	{ "GRE to IPv6", 1, ETH "86dd" IP6("0038", "2f") "000086dd" IP6("000c", "11")
	    UDP("000c")
	    "61626364", 0, DROP_NONE },
	{ "GRE to Ethernet", 1, ETH "0800" IP4("004a", "2f") "20006558" "00000001"
	    INNER_ETH, 0,
	    DROP_NONE },
	{ "GRE to MPLS", 1, ETH "0800" IP4("003c", "2f") "00008847" "00011140" INNER, 0,
	    DROP_NONE },
	{ "ERSPAN I", 1, ETH "0800" IP4("0046", "2f") "000088be" INNER_ETH, 0,
	    DROP_NONE },
	{ "ERSPAN II", 1, ETH "0800" IP4("0052", "2f") "100088be" "00000001"
	    "1000000000000000" INNER_ETH, 0, DROP_NONE },
	{ "ERSPAN III", 1, ETH "0800" IP4("0056", "2f") "100022eb" "00000001"
	    "20000000" "00000000" "00000000" INNER_ETH, 0, DROP_NONE },
	{ "ERSPAN III, own subheader", 1, ETH "0800" IP4("005e", "2f") "100022eb"
	    "00000001"
	    "20000000" "00000000" "00000001" "0000000000000000" INNER_ETH, 0, DROP_NONE },
	{ "ERSPAN III to IP", 1, ETH "0800" IP4("0048", "2f") "100022eb" "00000001"
	    "20000000" "00000000" "00000800" INNER, 0, DROP_NONE },
	{ "VXLAN", 1, ETH "0800" IP4("0052", "11") UDP_TO("12b5", "003e")
	    "0800000000000100" INNER_ETH, 0, DROP_NONE },
	{ "VXLAN with a policy", 1, ETH "0800" IP4("0052", "11") UDP_TO("12b5", "003e")
	    "8800000500000100" INNER_ETH, 0, DROP_NONE },
	{ "GENEVE", 1, ETH "0800" IP4("0052", "11") UDP_TO("17c1", "003e")
	    "0000655800000100" INNER_ETH, 0, DROP_NONE },
	{ "GENEVE with options", 1, ETH "0800" IP4("004c", "11") UDP_TO("17c1", "0038")
	    "0240080000000100" "0102030100000000" INNER, 0, DROP_NONE },
	{ "GENEVE to IPv6", 1, ETH "0800" IP4("0058", "11") UDP_TO("17c1", "0044")
	    "000086dd00000100" IP6("000c", "11") UDP("000c") "61626364", 0, DROP_NONE },
	{ "TZSP", 1, ETH "0800" IP4("0053", "11") UDP_TO("9090", "003f") "01000001" "00"
	    "0a01c4" "01" INNER_ETH, 0, DROP_NONE },
	{ "IP in IP", 1, ETH "0800" IP4("0034", "04") INNER, 0, DROP_NONE },
	{ "6in4", 1, ETH "0800" IP4("0048", "29") IP6("000c", "11") UDP("000c")
	    "61626364", 0,
	    DROP_NONE },
	{ "IPv4 in IPv6", 1, ETH "86dd" IP6("0020", "04") INNER, 0, DROP_NONE },
	{ "VXLAN in PPPoE, a tag inside", 1, ETH TAG("0064") "8864" "1100" "0001" "0058"
	    "0021"
	    IP4("0056", "11") UDP_TO("12b5", "0042") "0800000000000100" INNER_TAGGED, 0,
	    DROP_NONE },
	{ "SCTP", 1, ETH "0800" IP4("0024", "84") "c3500b59" "00000001" "00000000"
	    "61626364", 0, DROP_NONE },
	{ "GTP-U", 1, ETH "0800" IP4("0044", "11") UDP_TO("0868", "0030") "30ff0020"
	    "00000001" INNER, 0, DROP_NONE },
	{ "GTP-U with an extension", 1, ETH "0800" IP4("004c", "11")
	    UDP_TO("0868", "0038") "36ff0028" "00000001" "00010085" "01000000" INNER, 0,
	    DROP_NONE },
	{ "GTP-U with a number", 1, ETH "0800" IP4("0048", "11") UDP_TO("0868", "0034")
	    "32ff0024" "00000001" "00010085" INNER, 0, DROP_NONE },
	{ "GTP-U to IPv6", 1, ETH "0800" IP4("0058", "11") UDP_TO("0868", "0044")
	    "30ff0034" "00000001" IP6("000c", "11") UDP("000c") "61626364", 0,
	    DROP_NONE },
	{ "Teredo", 1, ETH "0800" IP4("0050", "11") UDP_TO("0dd8", "003c") INNER_TEREDO,
	    0, DROP_NONE },
	{ "Teredo from its server", 1, ETH "0800" IP4("0050", "11") "0dd8c350003c0000"
	    INNER_TEREDO, 0, DROP_NONE },
	{ "Teredo with an origin", 1, ETH "0800" IP4("0058", "11") UDP_TO("0dd8", "0044")
	    "0000fffff5fffffe" INNER_TEREDO, 0, DROP_NONE },
	{ "Teredo with authentication and an origin", 1, ETH "0800" IP4("0068", "11")
	    UDP_TO("0dd8", "0054") "00010102" "aabbcc" "0102030405060708" "00"
	    "0000fffff5fffffe" INNER_TEREDO, 0, DROP_NONE },
	{ "802.11 to the wired side", 105, TO_WIRED("0801") SNAP_IP INNER, 0, DROP_NONE },
	{ "802.11 from it", 105, AIR("0802", AIR_B1, AIR_E1, AIR_A1) SNAP_IP INNER, 0,
	    DROP_NONE },
	{ "802.11 between two", 105, AIR("0800", AIR_B1, AIR_A1, AIR_E1) SNAP_IP INNER, 0,
	    DROP_NONE },
	{ "802.11 over a bridge", 105, AIR("0803", AIR_E1, AIR_E1, AIR_B1) AIR_A1 SNAP_IP
	    INNER, 0, DROP_NONE },
	{ "802.11 QoS", 105, TO_WIRED("8801") "0700" SNAP_IP INNER, 0, DROP_NONE },
	{ "802.11 QoS over a bridge", 105, AIR("8803", AIR_E1, AIR_E1, AIR_B1) AIR_A1
	    "0000" SNAP_IP INNER, 0, DROP_NONE },
	{ "802.11 QoS with HT control", 105, TO_WIRED("8881") "0000" "00000000" SNAP_IP
	    INNER, 0, DROP_NONE },
	{ "802.11 data and an acknowledgement", 105, TO_WIRED("1801") SNAP_IP INNER, 0,
	    DROP_NONE },
	{ "802.11, a VLAN inside", 105, TO_WIRED("0801") "aaaa03" "000000" TAG("0064")
	    "0800" INNER, 0, DROP_NONE },
	{ "802.11 null", 105, TO_WIRED("4801"), 0, DROP_NONE },
	{ "802.11 QoS null", 105, TO_WIRED("c801") "0000", 0, DROP_NONE },
	{ "802.11 beacon", 105, AIR("8000", "ffffffffffff", AIR_E1, AIR_E1) "00000000", 0,
	    DROP_NONE },
	{ "802.11 acknowledgement", 105, "d4000000" AIR_A1, 0, DROP_NONE },
	{ "802.11 without SNAP", 105, TO_WIRED("0801") "424203" "0000000000", 0,
	    DROP_NONE },
	{ "radiotap", 127, RADIOTAP("00") TO_WIRED("0801") SNAP_IP INNER, 0, DROP_NONE },
	{ "radiotap without fields", 127, "0000080000000000" TO_WIRED("0801") SNAP_IP
	    INNER, 0, DROP_NONE },
	{ "radiotap, FCS", 127, RADIOTAP("10") TO_WIRED("0801") SNAP_IP INNER "deadbeef",
	    0, DROP_NONE },
	{ "radiotap, padded", 127, RADIOTAP("20") TO_WIRED("8801") "0000" "0000" SNAP_IP
	    INNER, 0, DROP_NONE },
	{ "radiotap, more words and a time", 127, "00002000" "03000080" "00000000"
	    "00000000" "0102030405060708" "10" "00000000000000" TO_WIRED("0801") SNAP_IP
	    INNER "deadbeef", 0, DROP_NONE },
	{ "Prism", 119, "44000000" "90000000" "0000000000000000" ZEROS16 ZEROS16 ZEROS16
	    ZEROS16 ZEROS16 ZEROS16 ZEROS16 ZEROS16 TO_WIRED("0801") SNAP_IP INNER, 0,
	    DROP_NONE },
	{ "AVS under Prism's number", 119, "80211001" "00000040" "0000000000000000"
	    ZEROS16 ZEROS16 ZEROS16 TO_WIRED("0801") SNAP_IP INNER, 0, DROP_NONE },
	{ "AVS", 163, "80211002" "00000018" ZEROS16 TO_WIRED("0801") SNAP_IP INNER, 0,
	    DROP_NONE },
	{ "PPP", 9, "0021" INNER, 0, DROP_NONE },
	{ "PPP, framed as HDLC", 9, "ff030021" INNER, 0, DROP_NONE },
	{ "PPP, short protocol", 9, "ff0321" INNER, 0, DROP_NONE },
	{ "PPP to IPv6", 9, "ff030057" IP6("000c", "11") UDP("000c") "61626364", 0,
	    DROP_NONE },
	{ "PPP to MPLS", 9, "ff030281" "00011140" INNER, 0, DROP_NONE },
	{ "PPP LCP", 9, "ff03c021" "09010004", 0, DROP_NONE },
	{ "PPP on a serial line", 50, "ff030021" INNER, 0, DROP_NONE },
	{ "Cisco HDLC", 50, "0f000800" INNER, 0, DROP_NONE },
	{ "Cisco HDLC keep-alive", 50, "8f008035" "00000002", 0, DROP_NONE },
	{ "PPP with direction", 204, "01ff030021" INNER, 0, DROP_NONE },
	{ "IGMP", 1, ETH "0800" IP4("001c", "02") "1600000000000000", 0, DROP_NONE },
	{ "LLDP", 1, ETH "88cc" "0207", 0, DROP_NONE },
};

#endif
