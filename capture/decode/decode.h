/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decode: frames to packets, link layer to layer 4.
 *
 * Owns: Ethernet (II and 802.3/LLC), VLAN tags, MPLS, PPPoE sessions, Linux cooked 1 and
 * 2, raw IP, null and loop, 802.11 data (with radiotap's, Prism's or AVS's header), PPP;
 * IPv4 with options and fragments; IPv6 with extension headers and fragments; TCP, UDP,
 * SCTP, ICMP, ICMPv6, ARP; GRE, ERSPAN, VXLAN, GENEVE, TZSP, IP in IP, 6in4, GTP-U and
 * Teredo, down to the innermost packet.
 * Refuses: state (there is none), checksums (a sensor sees packets before an offloading
 * card fills them in), recursion. Every read goes through a span. Every refusal has its
 * own name in DROPS: the books balance, seen = used + the sum of drops.
 *
 * At most eight headers (tags, label stacks, PPPoE, tunnels) are taken off. What is in an
 * IP packet and cannot be read, because it is cut, lies, is no such tunnel or is too
 * deep, is no refusal: then that IP packet is the packet, an ordinary flow.
 *
 * A header that the capture cut off is refused (cut-...); a payload that it cut off is
 * not: the lengths in the headers say how long it was. Lengths that lie (IP total length
 * larger than what was on the wire) are cut at the wire's length and counted in the
 * packet's favour only when the frame is whole; total length 0 of a
 * segmentation-offloaded packet means "to the end of the frame".
 */
#ifndef CAPTURE_DECODE_DECODE_H
#define CAPTURE_DECODE_DECODE_H

#include "capture/decode/packet.h"

/* X(enum suffix, libpcap's DLT_ number (pcap-linktype(7)), name). Raw IP has three
 * numbers: Linux's, OpenBSD's, the file's. */
#define LINK_TYPES(X) \
	X(ETHERNET, 1, "Ethernet") \
	X(COOKED, 113, "Linux cooked 1") \
	X(COOKED2, 276, "Linux cooked 2") \
	X(RAW, 12, "raw IP") \
	X(RAW_OPENBSD, 14, "raw IP (OpenBSD)") \
	X(RAW_FILE, 101, "raw IP (in files)") \
	X(IPV4, 228, "raw IPv4") \
	X(IPV6, 229, "raw IPv6") \
	X(BSD_NULL, 0, "null") \
	X(LOOP, 108, "loop") \
	X(WIFI, 105, "802.11") \
	X(RADIOTAP, 127, "802.11 with radiotap") \
	X(PRISM, 119, "802.11 with Prism's header") \
	X(AVS, 163, "802.11 with AVS's header") \
	X(PPP, 9, "PPP") \
	X(PPP_SERIAL, 50, "PPP or Cisco HDLC on a serial line") \
	X(PPP_DIRECTION, 204, "PPP with direction")

enum link_type {
#define LINK_ENUM(id, number, name) LINK_##id = (number),
	LINK_TYPES(LINK_ENUM)
#undef LINK_ENUM
};

/* X(enum suffix, printed name, meaning) */
#define DROPS(X) \
	X(LINK_TYPE, "link-type", "a link type earshot does not read") \
	X(CUT_LINK, "cut-link", "captured bytes end inside the link header") \
	X(CUT_WIFI, "cut-wifi", "captured bytes end inside a radio's or an 802.11 header") \
	X(BAD_WIFI, "bad-wifi", "a radio's or an 802.11 header whose version or length cannot be") \
	X(WIFI_FCS, "wifi-fcs", "an 802.11 frame that the radio received damaged") \
	X(WIFI_PROTECTED, "wifi-protected", "an 802.11 frame that is encrypted on the air") \
	X(WIFI_AMSDU, "wifi-amsdu", "several packets in one 802.11 frame (A-MSDU)") \
	X(WIFI_FRAGMENT, "wifi-fragment", "a later fragment of an 802.11 frame") \
	X(CUT_VLAN, "cut-vlan", "captured bytes end inside a VLAN tag") \
	X(CUT_MPLS, "cut-mpls", "captured bytes end inside or right behind MPLS labels") \
	X(BAD_MPLS, "bad-mpls", "an MPLS stack of more than sixteen labels") \
	X(CUT_PPPOE, "cut-pppoe", "captured bytes end inside a PPPoE or PPP header") \
	X(BAD_PPPOE, "bad-pppoe", "a PPPoE header with an impossible version, code or length") \
	X(TUNNEL_DEPTH, "tunnel-depth", "more than eight headers around a packet") \
	X(CUT_ARP, "cut-arp", "captured bytes end inside an ARP message") \
	X(CUT_IPV4, "cut-ipv4", "captured bytes end inside an IPv4 header") \
	X(BAD_IPV4, "bad-ipv4", "an IPv4 header whose version, header or total length cannot be") \
	X(CUT_IPV6, "cut-ipv6", "captured bytes end inside an IPv6 header") \
	X(BAD_IPV6, "bad-ipv6", "an IPv6 header whose version or length cannot be") \
	X(CUT_IPV6_EXT, "cut-ipv6-ext", "captured bytes end inside an IPv6 extension header") \
	X(IPV6_EXT_DEPTH, "ipv6-ext-depth", "more than eight IPv6 extension headers") \
	X(BAD_FRAGMENT, "bad-fragment", "a fragment that reaches beyond 65,535 bytes") \
	X(CUT_TCP, "cut-tcp", "captured bytes end inside a TCP header") \
	X(BAD_TCP, "bad-tcp", "a TCP header whose length cannot be") \
	X(CUT_UDP, "cut-udp", "captured bytes end inside a UDP header") \
	X(BAD_UDP, "bad-udp", "a UDP header whose length cannot be") \
	X(CUT_SCTP, "cut-sctp", "captured bytes end inside an SCTP header") \
	X(BAD_SCTP, "bad-sctp", "a packet too short for an SCTP header") \
	X(CUT_ICMP, "cut-icmp", "captured bytes end inside an ICMP header") \
	X(DUPLICATE, "duplicate", "copies of packets, on a tap that shows them twice") \
	X(OWN, "own-connection", "packets of the sensor's own connections")

enum drop {
	DROP_NONE,
#define DROP_ENUM(id, name, meaning) DROP_##id,
	DROPS(DROP_ENUM)
#undef DROP_ENUM
	DROP_COUNT
};

/* "cut-ipv4"; "none" for DROP_NONE. */
const char *drop_name(enum drop d);
const char *drop_meaning(enum drop d);

/* Fills *out and returns DROP_NONE, or says why not; *out is then not to be read. Any
 * bytes, any cap, any wire: no read beyond cap, no write but *out. */
enum drop decode_frame(const struct frame *f, struct packet *out);

/* Whether the tunnel that this packet is may be opened. */
typedef bool decode_may_open(const void *arg, const struct packet *tunnel);

/* The same, but asks before each tunnel: what is not opened stands as it is. */
enum drop decode_frame_asking(const struct frame *f, struct packet *out,
    decode_may_open *may, const void *arg);

/* True for link types decode_frame reads, so that a source can refuse early. */
bool decode_knows(int link_type);
/* The i-th of them, or -1 behind the last; and its name, or NULL for one that is not. */
int decode_link_type(unsigned i);
const char *decode_link_name(int link_type);

#endif
