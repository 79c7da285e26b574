/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames built by hand, every refusal by name, and no read beyond what was captured. */
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

struct sample {
	const char *name;
	int link;
	const char *hex;
	uint32_t extra;			/* on the wire, and not captured */
	enum drop drop;
};

static size_t
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
static enum drop
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

static struct frame frame_now;

static enum drop
decode_hex(int link, const char *hex, uint32_t extra, struct packet *p,
    uint8_t buf[HEX_MOST])
{
	size_t n = unhex(hex, buf);

	frame_now = (struct frame){ .link_type = link, .cap = (uint32_t)n,
	    .wire = (uint32_t)n + extra, .bytes = buf };
	return decode_frame(&frame_now, p);
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
	{ "IGMP", 1, ETH "0800" IP4("001c", "02") "1600000000000000", 0, DROP_NONE },
	{ "LLDP", 1, ETH "88cc" "0207", 0, DROP_NONE },
};

static const struct sample refused[] = {
	{ "802.11", 105, "0000", 0, DROP_LINK_TYPE },
	{ "nothing at all", 1, "", 0, DROP_CUT_LINK },
	{ "nothing at all, raw", 12, "", 60, DROP_CUT_LINK },
	{ "nothing at all, IPv6", 229, "", 60, DROP_CUT_LINK },
	{ "short Ethernet", 1, ETH "08", 46, DROP_CUT_LINK },
	{ "short LLC", 1, ETH "0026" "aaaa", 36, DROP_CUT_LINK },
	{ "short SNAP", 1, ETH "0026" "aaaa03" "0000", 33, DROP_CUT_LINK },
	{ "short cooked", 113, "0000" "0001", 46, DROP_CUT_LINK },
	{ "short null", 0, "0200", 46, DROP_CUT_LINK },
	{ "short VLAN", 1, ETH "8100" "0001", 46, DROP_CUT_VLAN },
	{ "nine VLANs", 1, ETH TAG("0001") TAG("0002") TAG("0003") TAG("0004") TAG("0005")
	    TAG("0006") TAG("0007") TAG("0008") TAG("0009") "0800" INNER, 0,
	    DROP_TUNNEL_DEPTH },
	{ "short label", 1, ETH "8847" "0001", 46, DROP_CUT_MPLS },
	{ "label without a bottom", 1, ETH "8847" "00010040", 46, DROP_CUT_MPLS },
	{ "label and no payload", 1, ETH "8847" "00010140", 46, DROP_CUT_MPLS },
	{ "short pseudo-wire", 1, ETH "8847" "00010140" "02000000", 46, DROP_CUT_MPLS },
	{ "pseudo-wire short behind its control word", 1, ETH "8847" "00010140" "00000000"
	    "0200000000d2" "0200000000c2", 46, DROP_CUT_LINK },
	{ "seventeen labels", 1, ETH "8847"
	    "0001004000010040000100400001004000010040000100400001"
	    "0040000100400001004000010040000100400001004000010040000100400001004000010040"
	    "00010140" INNER, 0, DROP_BAD_MPLS },
	{ "short PPPoE", 1, ETH "8864" "1100" "0001", 40, DROP_CUT_PPPOE },
	{ "PPPoE without a protocol", 1, ETH "8864" "1100" "0001" "0022", 40,
	    DROP_CUT_PPPOE },
	{ "PPPoE with half a protocol", 1, ETH "8864" "1100" "0001" "0022" "00", 40,
	    DROP_CUT_PPPOE },
	{ "PPPoE of version 2", 1, ETH "8864" "2100" "0001" "0022" "0021" INNER, 0,
	    DROP_BAD_PPPOE },
	{ "PPPoE session with a code", 1, ETH "8864" "1109" "0001" "0022" "0021" INNER, 0,
	    DROP_BAD_PPPOE },
	{ "PPPoE longer than the frame", 1, ETH "8864" "1100" "0001" "0023" "0021" INNER,
	    0,
	    DROP_BAD_PPPOE },
	{ "PPPoE of one byte", 1, ETH "8864" "1100" "0001" "0001" "0021" INNER, 0,
	    DROP_BAD_PPPOE },
	{ "short ARP", 1, ETH "0806" "0001" "0800" "0604" "0001" "0200", 20, DROP_CUT_ARP },
	{ "short IPv4", 1, ETH "0800" "45000020", 28, DROP_CUT_IPV4 },
	{ "short IPv4 options", 1,
	    ETH "0800" "46000024" "12340000" "40110000" "0a000001" "c0000201",
	    16, DROP_CUT_IPV4 },
	{ "IPv4 of version 5", 1, ETH "0800" "55000014" "12340000" "40110000" "0a000001" "c0000201",
	    0, DROP_BAD_IPV4 },
	{ "IPv4 header of 16", 1, ETH "0800" "44000014" "12340000" "40110000" "0a000001" "c0000201",
	    0, DROP_BAD_IPV4 },
	{ "IPv4 shorter than its header", 1, ETH "0800" IP4("0013", "11"), 0, DROP_BAD_IPV4 },
	{ "short IPv6", 1, ETH "86dd" "60000000" "0018", 40, DROP_CUT_IPV6 },
	{ "IPv6 of version 4", 1, ETH "86dd" "45000000" "0018", 40, DROP_BAD_IPV6 },
	{ "extension beyond the packet", 1, ETH "86dd" IP6("0008", "3c") "06ff" "000000000000", 0,
	    DROP_BAD_IPV6 },
	{ "no room for an extension", 1, ETH "86dd" IP6("0004", "3c") "06000000", 0,
	    DROP_BAD_IPV6 },
	{ "short extension", 1, ETH "86dd" IP6("0028", "3c") "0601" "0000", 36,
	    DROP_CUT_IPV6_EXT },
	{ "no extension byte", 1, ETH "86dd" IP6("0028", "3c") "06", 39, DROP_CUT_IPV6_EXT },
	{ "nine extensions", 1, ETH "86dd" IP6("0048", "3c") EXT("3c") EXT("3c") EXT("3c") EXT("3c")
	    EXT("3c") EXT("3c") EXT("3c") EXT("3c") EXT("11"), 0, DROP_IPV6_EXT_DEPTH },
	{ "IPv4 fragment too far", 1, ETH "0800" IP4_FRAG("0030", "1fff", "11")
	    "0000000000000000" "0000000000000000" "0000000000000000" "00000000", 0,
	    DROP_BAD_FRAGMENT },
	{ "IPv6 fragment too far", 1, ETH "86dd" IP6("0018", "2c") "1100fff800000001"
	    "0000000000000000" "0000000000000000", 0, DROP_BAD_FRAGMENT },
	{ "short TCP", 1, ETH "0800" IP4("0028", "06") "c35001bb00000064000000c85018ffff", 4,
	    DROP_CUT_TCP },
	{ "short TCP options", 1, ETH "0800" IP4("002c", "06")
	    "c35001bb00000064000000c86018ffff00000000", 4, DROP_CUT_TCP },
	{ "TCP header of 16", 1, ETH "0800" IP4("0028", "06")
	    "c35001bb00000064000000c84018ffff00000000", 0, DROP_BAD_TCP },
	{ "TCP header beyond the packet", 1, ETH "0800" IP4("0028", "06")
	    "c35001bb00000064000000c86018ffff00000000", 0, DROP_BAD_TCP },
	{ "no room for TCP", 1, ETH "0800" IP4("0020", "06") "c35001bb00000064000000c8", 0,
	    DROP_BAD_TCP },
	{ "short UDP", 1, ETH "0800" IP4("0020", "11") "c350", 10, DROP_CUT_UDP },
	{ "short UDP behind its length", 1, ETH "0800" IP4("0020", "11") "c3500035000c", 6,
	    DROP_CUT_UDP },
	{ "UDP of 7", 1, ETH "0800" IP4("0020", "11") UDP("0007") "61626364", 0, DROP_BAD_UDP },
	{ "UDP of 0 that is no jumbo", 1, ETH "0800" IP4("0020", "11") UDP("0000") "61626364", 0,
	    DROP_BAD_UDP },
	{ "no room for UDP", 1, ETH "0800" IP4("001a", "11") "c35000350008", 0, DROP_BAD_UDP },
	{ "short ICMP", 1, ETH "0800" IP4("001c", "01") "0800", 6, DROP_CUT_ICMP },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
test_every_refusal_has_a_frame_that_reaches_it(void **state)
{
	bool reached[DROP_COUNT] = { [DROP_NONE] = true };
	uint8_t buf[HEX_MOST];
	struct packet p;
	size_t i;
	int d;

	(void)state;
	for (i = 0; i < COUNT(refused); i++) {
		const struct sample *s = &refused[i];
		enum drop got = decode_hex(s->link, s->hex, s->extra, &p, buf);

		if (got != s->drop)
			fail_msg("%s: %s, not %s", s->name, drop_name(got),
			    drop_name(s->drop));
		reached[got] = true;
	}
	for (d = 0; d < DROP_COUNT; d++)
		if (!reached[d])
			fail_msg("nothing reaches %s", drop_name((enum drop)d));
}

static void
test_every_link_type_and_header_is_used(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(used); i++) {
		enum drop got = decode_hex(used[i].link, used[i].hex, 0, &p, buf);

		if (got != DROP_NONE)
			fail_msg("%s: %s", used[i].name, drop_name(got));
		assert_true(decode_knows(used[i].link));
		/* Most of them carry the same four bytes to the same port. */
		if (p.class == PACKET_FLOW && p.proto == IPPROTO_IS_UDP) {
			assert_int_equal(p.sport, 50000);
			assert_int_equal(p.dport, 53);
			assert_int_equal(p.payload_wire, 4);
			assert_int_equal(p.payload.left, 4);
			assert_memory_equal(p.payload.at, "abcd", 4);
		}
	}
	assert_false(decode_knows(105));
}

static void
test_the_books_balance(void **state)
{
	uint64_t seen = 0, kept = 0, drops = 0, count[DROP_COUNT] = { 0 };
	uint8_t buf[HEX_MOST];
	struct packet p;
	size_t i;
	int d;

	(void)state;
	for (i = 0; i < COUNT(used) + COUNT(refused); i++) {
		const struct sample *s = i < COUNT(used) ? &used[i] :
		    &refused[i - COUNT(used)];

		seen++;
		count[decode_hex(s->link, s->hex, s->extra, &p, buf)]++;
	}
	kept = count[DROP_NONE];
	for (d = DROP_NONE + 1; d < DROP_COUNT; d++)
		drops += count[d];
	assert_int_equal(seen, kept + drops);
	assert_int_equal(kept, COUNT(used));
	assert_int_equal(drops, COUNT(refused));
}

/* What must hold of any packet that was not refused. */
static void
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

static void
test_a_frame_cut_anywhere_is_never_read_beyond(void **state)
{
	static const uint32_t more[] = { 0, 1, 1500, 70000, 0x7fffffff };
	uint8_t buf[HEX_MOST], *copy;
	struct packet p;
	struct frame f;
	size_t i, n, k;
	uint32_t cap;

	(void)state;
	for (i = 0; i < COUNT(used) + COUNT(refused); i++) {
		const struct sample *s = i < COUNT(used) ? &used[i] :
		    &refused[i - COUNT(used)];

		n = unhex(s->hex, buf);
		for (cap = 0; cap <= n; cap++) {
			for (k = 0; k < COUNT(more); k++) {
				if (decode_copy(s->link, buf, cap, cap + more[k], &p,
				    &copy, &f) == DROP_NONE)
					check_sane(&f, &p);
				free(copy);
			}
			/* A capture that says more was captured than sent. */
			if (decode_copy(s->link, buf, cap, 0, &p, &copy, &f) == DROP_NONE)
				check_sane(&f, &p);
			free(copy);
		}
	}
}

static void
test_any_byte_may_be_any_byte(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x10, 0x45, 0x60, 0x7f, 0x80,
	    0xff };
	uint8_t buf[HEX_MOST], keep, *copy;
	struct packet p;
	struct frame f;
	size_t i, n, at, k;

	(void)state;
	for (i = 0; i < COUNT(used); i++) {
		n = unhex(used[i].hex, buf);
		for (at = 0; at < n; at++) {
			keep = buf[at];
			for (k = 0; k < COUNT(values); k++) {
				buf[at] = values[k];
				if (decode_copy(used[i].link, buf, (uint32_t)n,
				    (uint32_t)n + 9, &p, &copy, &f) == DROP_NONE)
					check_sane(&f, &p);
				free(copy);
			}
			buf[at] = keep;
		}
	}
}

static void
test_what_a_tcp_segment_says_is_read(void **state)
{
	uint8_t buf[HEX_MOST];
	char text[ADDR_TEXT];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1,
	    ETH "8100" "6064" "0800" IP4("002c", "06") TCP "61626364"
	    "0000", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_FLOW);
	assert_true(p.has_mac);
	assert_int_equal(p.smac[5], 0xa1);
	assert_int_equal(p.dmac[5], 0xb1);
	assert_int_equal(p.vlan, 100);
	assert_int_equal(p.ethertype, 0x0800);
	assert_int_equal(p.ip_version, 4);
	assert_int_equal(p.proto, IPPROTO_IS_TCP);
	assert_int_equal(p.ttl, 64);
	assert_string_equal(addr_print(&p.src, text), "10.0.0.1");
	assert_string_equal(addr_print(&p.dst, text), "192.0.2.1");
	assert_int_equal(p.sport, 50000);
	assert_int_equal(p.dport, 443);
	assert_int_equal(p.seq, 100);
	assert_int_equal(p.ack, 200);
	assert_int_equal(p.tcp_flags, TCP_PSH | TCP_ACK);
	assert_int_equal(p.payload_wire, 4);		/* the padding is nobody's */
	assert_int_equal(p.l3_wire, 44);
	assert_int_equal(p.l3.left, 44);
	assert_false(p.frag);
}

static void
test_a_snapped_payload_keeps_its_true_length(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1, ETH "0800" IP4("05dc", "06") TCP "6162", 1458, &p,
	    buf), DROP_NONE);
	assert_int_equal(p.payload.left, 2);
	assert_int_equal(p.payload_wire, 1460);
}

static void
test_an_ip_length_that_lies_is_cut_at_the_wire(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1,
	    ETH "0800" IP4("ffff", "11") UDP("fff0") "61626364", 10, &p, buf), DROP_NONE);
	assert_int_equal(p.l3_wire, 42);
	assert_int_equal(p.payload_wire, 14);
	assert_int_equal(p.payload.left, 4);
}

static void
test_length_zero_means_to_the_end_of_the_frame(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1, ETH "0800" IP4("0000", "06") TCP "61626364", 70000,
	    &p, buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 70004);
	assert_int_equal(decode_hex(1, ETH "86dd" IP6("0000", "06") TCP "61626364", 70000,
	    &p, buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 70004);
	assert_int_equal(decode_hex(1, ETH "86dd" IP6("0000", "11") UDP("0000") "6162",
	    70000, &p, buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 70002);
	/* An empty IPv6 packet, padded by Ethernet. */
	assert_int_equal(decode_hex(1, ETH "86dd" IP6("0000", "3b") "000000000000", 0, &p,
	    buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 0);
}

static void
test_fragments_say_which_they_are(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1,
	    ETH "0800" IP4_FRAG("0024", "2000", "11") UDP("0100")
	    "6162636465666768", 0, &p, buf), DROP_NONE);
	assert_true(p.frag && p.frag_first);
	assert_int_equal(p.frag_id, 0x1234);
	assert_int_equal(p.dport, 53);
	assert_int_equal(p.payload_wire, 8);		/* of this fragment,
							 * not of the datagram */

	assert_int_equal(decode_hex(1, ETH "0800" IP4_FRAG("0024", "0002", "11")
	    "61626364656667686162636465666768", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_FLOW);
	assert_true(p.frag && !p.frag_first);
	assert_int_equal(p.sport, 0);
	assert_int_equal(p.dport, 0);
	assert_int_equal(p.payload_wire, 16);

	assert_int_equal(decode_hex(1,
	    ETH "86dd" IP6("0018", "2c") "1100" "00b9" "00abcdef"
	    "61626364656667686162636465666768", 0, &p, buf), DROP_NONE);
	assert_true(p.frag && !p.frag_first);
	assert_int_equal(p.frag_id, 0x00abcdef);
	assert_int_equal(p.proto, IPPROTO_IS_UDP);
	assert_int_equal(p.payload_wire, 16);

	/* Atomic: a fragment header around a whole packet. */
	assert_int_equal(decode_hex(1,
	    ETH "86dd" IP6("0014", "2c") "1100" "0000" "00abcdef"
	    UDP("000c") "61626364", 0, &p, buf), DROP_NONE);
	assert_false(p.frag);
	assert_int_equal(p.dport, 53);
}

static void
test_a_tiny_first_fragment_still_has_a_flow(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1, ETH "0800" IP4_FRAG("001c", "2000", "06")
	    "c35001bb00000064", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.sport, 50000);
	assert_int_equal(p.dport, 443);
	assert_int_equal(p.payload_wire, 0);
	assert_int_equal(decode_hex(1,
	    ETH "0800" IP4_FRAG("0018", "2000", "06") "c35001bb", 0, &p,
	    buf), DROP_BAD_TCP);
}

static void
test_arp_names_its_sender(void **state)
{
	uint8_t buf[HEX_MOST];
	char text[ADDR_TEXT];
	struct packet p;

	(void)state;
	/* The sender's hardware address in the message differs from the frame's. */
	assert_int_equal(decode_hex(1,
	    ETH "0806" "0001" "0800" "0604" "0002" "0200000000cc"
	    "0a000001" "0200000000b1" "0a000002", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_ARP);
	assert_int_equal(p.smac[5], 0xcc);
	assert_string_equal(addr_print(&p.src, text), "10.0.0.1");
	assert_string_equal(addr_print(&p.dst, text), "10.0.0.2");
	assert_int_equal(p.ip_version, 0);
	/* Neither request nor reply. */
	assert_int_equal(decode_hex(1,
	    ETH "0806" "0001" "0800" "0604" "0008" "0200000000cc"
	    "0a000001" "0200000000b1" "0a000002", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_OTHER);
}

static void
test_a_vlan_of_number_zero_is_only_a_priority(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1,
	    ETH "8100" "e000" "0800" IP4("0020", "11") UDP("000c")
	    "61626364", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.vlan, VLAN_NONE);
	assert_int_equal(decode_hex(1, used[4].hex, 0, &p, buf), DROP_NONE);
	assert_int_equal(p.vlan, 100);		/* the outermost of two */
}

/* The header of each tunnel, and bytes that only look like one. The packet outside has
 * addresses and ports of its own and must stand as it is. */
static const struct sample kept_outside[] = {
	{ "PPTP", 1, ETH "0800" IP4("0040", "2f") "3001880b" "00200001" "00000001" INNER,
	    0, 0 },
	{ "GRE of version 1 to IPv4", 1, ETH "0800" IP4("0038", "2f") "00010800" INNER, 0,
	    0 },
	{ "GRE with routes", 1, ETH "0800" IP4("003c", "2f") "40000800" "00000000" INNER,
	    0, 0 },
	{ "GRE to what is not read", 1, ETH "0800" IP4("0038", "2f") "0000883e" INNER, 0,
	    0 },
	{ "GRE without its key", 1, ETH "0800" IP4("001a", "2f") "20000800" "0000", 0,
	    0 },
	{ "GRE that ends", 1, ETH "0800" IP4("0018", "2f") "00000800", 0, 0 },
	{ "ERSPAN II of version 2", 1, ETH "0800" IP4("0052", "2f") "100088be" "00000001"
	    "2000000000000000" INNER_ETH, 0, 0 },
	{ "ERSPAN III of version 1", 1, ETH "0800" IP4("0056", "2f") "100022eb" "00000001"
	    "10000000" "00000000" "00000000" INNER_ETH, 0, 0 },
	{ "ERSPAN III of 802.11", 1, ETH "0800" IP4("0056", "2f") "100022eb" "00000001"
	    "20000000" "00000000" "00001400" INNER_ETH, 0, 0 },
	{ "VXLAN without a number", 1, ETH "0800" IP4("0052", "11") UDP_TO("12b5", "003e")
	    "0000000000000100" INNER_ETH, 0, 0 },
	{ "VXLAN with other flags", 1, ETH "0800" IP4("0052", "11") UDP_TO("12b5", "003e")
	    "4800000000000100" INNER_ETH, 0, 0 },
	{ "VXLAN with a last byte", 1, ETH "0800" IP4("0052", "11") UDP_TO("12b5", "003e")
	    "0800000000000101" INNER_ETH, 0, 0 },
	{ "VXLAN of a made-up type", 1, ETH "0800" IP4("0034", "11")
	    UDP_TO("12b5", "0020")
	    "0800000000000100" "0200000000d2" "0200000000c2" "1234" "0000", 0, 0 },
	{ "words to VXLAN's port", 1, ETH "0800" IP4("0020", "11") UDP_TO("12b5", "000c")
	    "61626364", 0, 0 },
	{ "GENEVE of version 1", 1, ETH "0800" IP4("0052", "11") UDP_TO("17c1", "003e")
	    "4000655800000100" INNER_ETH, 0, 0 },
	{ "GENEVE with options beyond its end", 1, ETH "0800" IP4("0044", "11")
	    UDP_TO("17c1", "0030") "3f00080000000100" INNER, 0, 0 },
	{ "GENEVE to what is not read", 1, ETH "0800" IP4("0044", "11")
	    UDP_TO("17c1", "0030")
	    "0000894f00000100" INNER, 0, 0 },
	{ "TZSP of 802.11", 1, ETH "0800" IP4("0053", "11") UDP_TO("9090", "003f")
	    "01000012" "00" "0a01c4" "01" INNER_ETH, 0, 0 },
	{ "TZSP keep-alive", 1, ETH "0800" IP4("0020", "11") UDP_TO("9090", "000c")
	    "01040000", 0, 0 },
	{ "TZSP without an end", 1, ETH "0800" IP4("0024", "11") UDP_TO("9090", "0010")
	    "01000001" "0a04c400", 0, 0 },
	{ "TZSP with too many tags", 1, ETH "0800" IP4("006f", "11")
	    UDP_TO("9090", "005b")
	    "01000001" "00000000000000000000000000000000"
	    "00000000000000000000000000000000" "01" INNER_ETH, 0, 0 },
	{ "IP in IP that is none", 1, ETH "0800" IP4("0018", "04") "61626364", 0, 0 },
	{ "6in4 that is none", 1, ETH "0800" IP4("0018", "29") "61626364", 0, 0 },
	{ "a first fragment", 1, ETH "0800" IP4_FRAG("0034", "2000", "04") INNER, 0, 0 },
	{ "a later fragment", 1, ETH "0800" IP4_FRAG("0034", "0004", "04") INNER, 0, 0 },
};

static void
test_what_only_looks_like_a_tunnel_is_an_ordinary_flow(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kept_outside); i++) {
		const struct sample *s = &kept_outside[i];
		enum drop got = decode_hex(s->link, s->hex, s->extra, &p, buf);

		if (got != DROP_NONE || p.class != PACKET_FLOW || p.depth != 0 ||
		    p.dport == 53)
			fail_msg("%s: %s, depth %u", s->name, drop_name(got), p.depth);
		assert_ptr_equal(p.l3.at, buf + 14);
		assert_int_equal(p.smac[5], 0xa1);
	}
}

/* Cut behind each byte: the packet outside, the one inside, or a refusal by name. */
static void
test_a_tunnel_cut_anywhere_leaves_its_packet_standing(void **state)
{
	uint8_t buf[HEX_MOST], *copy;
	struct packet whole, p;
	struct frame f;
	size_t i, n;
	uint32_t cap;
	enum drop d;

	(void)state;
	for (i = 0; i < COUNT(used); i++) {
		if (decode_hex(used[i].link, used[i].hex, 0, &whole, buf) != DROP_NONE ||
		    whole.class != PACKET_FLOW || whole.depth == 0 || buf[12] != 0x08)
			continue;
		n = unhex(used[i].hex, buf);
		/* From behind the outer headers of layer 4 on, nothing is lost. */
		for (cap = 14 + 20 + 8; cap < n; cap++) {
			d = decode_copy(used[i].link, buf, cap, (uint32_t)n, &p,
			    &copy, &f);
			if (d != DROP_NONE || p.class != PACKET_FLOW)
				fail_msg("%s at %u: %s", used[i].name, cap, drop_name(d));
			check_sane(&f, &p);
			if (p.depth == whole.depth) {
				assert_int_equal(p.payload_wire, 4);
				assert_int_equal(p.dport, 53);
			} else {
				assert_int_equal(p.smac[5], 0xa1);
			}
			free(copy);
		}
	}
}

static void
test_a_length_that_lies_inside_is_cut_outside(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1, ETH "0800" IP4("0038", "2f") "00000800"
	    IP4("ffff", "11") UDP("fff0") "61626364" "999999999999", 900, &p, buf),
	    DROP_NONE);
	assert_int_equal(p.dport, 53);
	assert_int_equal(p.l3_wire, 32);
	assert_int_equal(p.payload_wire, 4);
	assert_int_equal(p.payload.left, 4);
	/* And one that is snapped keeps the length that it had. */
	assert_int_equal(decode_hex(1, ETH "0800" IP4("05dc", "04") IP4("05c8", "11")
	    UDP("05b4") "6162", 1450, &p, buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 1452);
	assert_int_equal(p.payload.left, 2);
}

static void
test_addresses_and_vlan_are_those_inside_a_mirror(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1, ETH TAG("0064") "0800" IP4("0056", "11")
	    UDP_TO("12b5", "0042") "0800000000000100" INNER_TAGGED, 0, &p, buf),
	    DROP_NONE);
	assert_int_equal(p.smac[5], 0xc2);
	assert_int_equal(p.dmac[5], 0xd2);
	assert_int_equal(p.vlan, 7);
	assert_int_equal(p.depth, 3);
	assert_int_equal(p.frame->wire, 14 + 4 + 86);
	/* No tag inside: the frame's. */
	assert_int_equal(decode_hex(1, ETH TAG("0064") "0800" IP4("0052", "11")
	    UDP_TO("12b5", "003e") "0800000000000100" INNER_ETH, 0, &p, buf), DROP_NONE);
	assert_int_equal(p.vlan, 100);
	/* A pseudo-wire is no mirror: the outermost tag. */
	assert_int_equal(decode_hex(1, ETH TAG("0064") "8847" "00011140" INNER_TAGGED, 0,
	    &p,
	    buf), DROP_NONE);
	assert_int_equal(p.vlan, 100);
	assert_int_equal(p.smac[5], 0xc2);
	/* No Ethernet inside: the frame's addresses. */
	assert_int_equal(decode_hex(1, ETH "0800" IP4("0034", "04") INNER, 0, &p, buf),
	    DROP_NONE);
	assert_int_equal(p.smac[5], 0xa1);
}

static void
test_arp_inside_a_mirror_is_arp(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1, ETH "0800" IP4("0042", "2f") "000088be"
	    "ffffffffffff"
	    "0200000000c2" "0806" "0001" "0800" "0604" "0001" "0200000000c2" "0a000001"
	    "000000000000" "0a000002", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_ARP);
	assert_int_equal(p.smac[5], 0xc2);
}

/* Headers that are put in front of what is there, at the end of a buffer. */
#define NEST_MOST 2048

struct nest {
	uint8_t b[NEST_MOST];
	size_t at;			/* the first byte in use, up to the end */
};

static void
nest_push(struct nest *n, const char *hex)
{
	uint8_t head[HEX_MOST];
	size_t len = unhex(hex, head);

	assert_true(n->at >= len);
	n->at -= len;
	memcpy(n->b + n->at, head, len);
}

static void
nest_ip(struct nest *n, const char *proto, const char *udp_port)
{
	char hex[128];

	if (udp_port != NULL) {
		snprintf(hex, sizeof(hex), "c350%s%04zx0000", udp_port,
		    NEST_MOST - n->at + 8);
		nest_push(n, hex);
	}
	snprintf(hex, sizeof(hex), "4500%04zx12340000" "40%s0000" "0a000001c0000201",
	    NEST_MOST - n->at + 20, proto);
	nest_push(n, hex);
}

/* What stands at n->at is an IPv4 packet, before and after. Returns the depth of it. */
static int
nest_wrap(struct nest *n, unsigned kind)
{
	char hex[64];

	switch (kind) {
	case 0:
		nest_ip(n, "04", NULL);
		return 1;
	case 1:
		nest_push(n, "00000800");
		nest_ip(n, "2f", NULL);
		return 1;
	case 2:
		nest_push(n, ETH "0800");
		nest_push(n, "0800000000000100");
		nest_ip(n, "11", "12b5");
		return 1;
	case 3:
		nest_push(n, "0000080000000100");
		nest_ip(n, "11", "17c1");
		return 1;
	case 4:
		nest_push(n, ETH "8100" "0007" "0800");
		nest_push(n, "0100000101");
		nest_ip(n, "11", "9090");
		return 2;
	case 5:
		nest_push(n, "00011140");
		nest_push(n, ETH "8847");
		nest_push(n, "100088be" "00000001" "1000000000000000");
		nest_ip(n, "2f", NULL);
		return 2;
	default:
		snprintf(hex, sizeof(hex), "11000001%04zx0021", NEST_MOST - n->at + 2);
		nest_push(n, hex);
		nest_push(n, ETH "8864");
		nest_push(n, "000088be");
		nest_ip(n, "2f", NULL);
		return 2;
	}
}

static void
test_any_nesting_up_to_sixteen_comes_to_an_end(void **state)
{
	uint32_t seed = 20240607;
	struct nest *n = malloc(sizeof(*n));
	uint8_t *copy;
	struct packet p;
	struct frame f;
	int round, layers, depth, i;
	uint32_t len, cap;
	enum drop d;

	(void)state;
	assert_non_null(n);
	for (round = 0; round < 4000; round++) {
		*n = (struct nest){ .at = NEST_MOST };
		nest_push(n, INNER);
		depth = 0;
		layers = 1 + round % 16;
		for (i = 0; i < layers; i++) {
			seed = seed * 1664525U + 1013904223U;
			depth += nest_wrap(n, (seed >> 16) % 7);
		}
		nest_push(n, ETH "0800");
		len = (uint32_t)(NEST_MOST - n->at);
		d = decode_copy(1, n->b + n->at, len, len, &p, &copy, &f);
		assert_int_equal(d, DROP_NONE);
		assert_int_equal(p.class, PACKET_FLOW);
		check_sane(&f, &p);
		assert_true(p.depth <= 8);
		if (depth <= 8) {
			assert_int_equal(p.depth, depth);
			assert_int_equal(p.dport, 53);
			assert_int_equal(p.payload_wire, 4);
		} else {
			assert_int_not_equal(p.dport, 53);
		}
		free(copy);
		/* Cut at one place that the seed chooses. */
		cap = seed % len;
		if (decode_copy(1, n->b + n->at, cap, len, &p, &copy, &f) == DROP_NONE)
			check_sane(&f, &p);
		free(copy);
	}
	free(n);
}

static void
test_an_802_3_length_cuts_the_padding(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1,
	    ETH "0028" "aaaa03" "000000" "0800" IP4("0000", "11")
	    UDP("0000") "61626364" "000000000000", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 4);
	assert_int_equal(p.ethertype, 0x0800);
	assert_int_equal(decode_hex(1, ETH "0007" "424203" "00000000", 0, &p, buf),
	    DROP_NONE);
	assert_int_equal(p.class, PACKET_OTHER);
	assert_int_equal(p.ethertype, 0);
}

static void
test_protocols_without_ports_are_flows_and_igmp_is_not(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1, ETH "0800" IP4("001c", "2f") "0000080000000000", 0,
	    &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_FLOW);
	assert_int_equal(p.sport, 0);
	assert_int_equal(p.payload_wire, 8);
	assert_int_equal(decode_hex(1, ETH "0800" IP4("001c", "02") "1600000000000000", 0,
	    &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_OTHER);
	assert_int_equal(decode_hex(1,
	    ETH "0800" IP4("001e", "01") "0301" "0000" "00000000" "6162",
	    0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_FLOW);
	assert_int_equal(p.sport, 3 << 8 | 1);
	assert_int_equal(p.dport, 0);
	assert_int_equal(p.payload_wire, 2);
}

static void
test_a_cooked_header_gives_six_byte_senders_only(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(113, "0004" "0001" "0006" "0200000000a1" "0000" "0800"
	    IP4("0020", "11") UDP("000c") "61626364", 0, &p, buf), DROP_NONE);
	assert_true(p.has_mac);
	assert_int_equal(p.smac[5], 0xa1);
	assert_int_equal(decode_hex(113, "0000" "fffe" "0000" "0000000000000000" "0800"
	    IP4("0020", "11") UDP("000c") "61626364", 0, &p, buf), DROP_NONE);
	assert_false(p.has_mac);
	assert_int_equal(decode_hex(113, "0000" "0001" "0006" "0200000000a1" "0000" "0004"
	    "424203" "00000000", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_OTHER);
}

static void
test_each_refusal_has_a_name_and_a_meaning(void **state)
{
	int d, e;

	(void)state;
	assert_string_equal(drop_name(DROP_NONE), "none");
	assert_string_equal(drop_name(DROP_CUT_IPV4), "cut-ipv4");
	assert_string_equal(drop_name((enum drop)-1), "unknown");
	for (d = 1; d < DROP_COUNT; d++) {
		assert_true(strlen(drop_meaning((enum drop)d)) > 10);
		for (e = 0; e < d; e++)
			assert_string_not_equal(drop_name((enum drop)d),
			    drop_name((enum drop)e));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_refusal_has_a_frame_that_reaches_it),
		cmocka_unit_test(test_every_link_type_and_header_is_used),
		cmocka_unit_test(test_the_books_balance),
		cmocka_unit_test(test_a_frame_cut_anywhere_is_never_read_beyond),
		cmocka_unit_test(test_any_byte_may_be_any_byte),
		cmocka_unit_test(test_what_a_tcp_segment_says_is_read),
		cmocka_unit_test(test_a_snapped_payload_keeps_its_true_length),
		cmocka_unit_test(test_an_ip_length_that_lies_is_cut_at_the_wire),
		cmocka_unit_test(test_length_zero_means_to_the_end_of_the_frame),
		cmocka_unit_test(test_fragments_say_which_they_are),
		cmocka_unit_test(test_a_tiny_first_fragment_still_has_a_flow),
		cmocka_unit_test(test_arp_names_its_sender),
		cmocka_unit_test(test_a_vlan_of_number_zero_is_only_a_priority),
		cmocka_unit_test(test_what_only_looks_like_a_tunnel_is_an_ordinary_flow),
		cmocka_unit_test(test_a_tunnel_cut_anywhere_leaves_its_packet_standing),
		cmocka_unit_test(test_a_length_that_lies_inside_is_cut_outside),
		cmocka_unit_test(test_addresses_and_vlan_are_those_inside_a_mirror),
		cmocka_unit_test(test_arp_inside_a_mirror_is_arp),
		cmocka_unit_test(test_any_nesting_up_to_sixteen_comes_to_an_end),
		cmocka_unit_test(test_an_802_3_length_cuts_the_padding),
		cmocka_unit_test(test_protocols_without_ports_are_flows_and_igmp_is_not),
		cmocka_unit_test(test_a_cooked_header_gives_six_byte_senders_only),
		cmocka_unit_test(test_each_refusal_has_a_name_and_a_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
