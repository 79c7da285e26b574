/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames built by hand, every refusal by name, and no read beyond what was captured. */
#include "tests/unit/capture/decode_samples.h"

static const struct sample refused[] = {
	{ "USB", 189, "0000", 0, DROP_LINK_TYPE },
	{ "short 802.11", 105, "08", 60, DROP_CUT_WIFI },
	{ "short 802.11 header", 105, "0801" "0000" AIR_E1 AIR_A1, 60, DROP_CUT_WIFI },
	{ "short 802.11 bridge", 105, AIR("0803", AIR_E1, AIR_E1, AIR_B1), 60,
	    DROP_CUT_WIFI },
	{ "short 802.11 QoS", 105, TO_WIRED("8801") "00", 60, DROP_CUT_WIFI },
	{ "short 802.11 HT control", 105, TO_WIRED("8881") "0000", 60, DROP_CUT_WIFI },
	{ "no room for 802.11", 105, "0801" "0000" AIR_E1 AIR_A1, 0, DROP_BAD_WIFI },
	{ "802.11 of version 1", 105, TO_WIRED("0901") SNAP_IP INNER, 0, DROP_BAD_WIFI },
	{ "802.11, encrypted", 105, TO_WIRED("0841") "0011223344556677", 0,
	    DROP_WIFI_PROTECTED },
	{ "802.11, encrypted and short", 105, "0841", 60, DROP_WIFI_PROTECTED },
	{ "802.11 A-MSDU", 105, TO_WIRED("8801") "8000" AIR_B1 AIR_A1 "0028" SNAP_IP INNER, 0,
	    DROP_WIFI_AMSDU },
	{ "802.11 later fragment", 105, "0801" "0000" AIR_E1 AIR_A1 AIR_B1 "1100" "61626364",
	    0, DROP_WIFI_FRAGMENT },
	{ "short LLC in 802.11", 105, TO_WIRED("0801") "aa", 30, DROP_CUT_LINK },
	{ "nothing behind radiotap", 127, RADIOTAP("00"), 60, DROP_CUT_WIFI },
	{ "short radiotap", 127, "000020", 60, DROP_CUT_WIFI },
	{ "short radiotap fields", 127, "00002000" "02000000" "10", 60, DROP_CUT_WIFI },
	{ "radiotap of version 1", 127, "01000a00" "02000000" "0000" TO_WIRED("0801"), 0,
	    DROP_BAD_WIFI },
	{ "radiotap of 7", 127, "00000700" "02000000" "0000" TO_WIRED("0801"), 0,
	    DROP_BAD_WIFI },
	{ "radiotap beyond the frame", 127, "0000ff00" "02000000" "0000", 0, DROP_BAD_WIFI },
	{ "radiotap of words without end", 127, "00000c00" "02000080" "02000080"
	    TO_WIRED("0801") SNAP_IP INNER, 0, DROP_BAD_WIFI },
	{ "radiotap without its time", 127, "00000c00" "01000000" "00000000"
	    TO_WIRED("0801") SNAP_IP INNER, 0, DROP_BAD_WIFI },
	{ "radiotap without its flags", 127, "00000800" "02000000" TO_WIRED("0801") SNAP_IP
	    INNER, 0, DROP_BAD_WIFI },
	{ "radiotap, damaged", 127, RADIOTAP("50") TO_WIRED("0801") SNAP_IP INNER "deadbeef",
	    0, DROP_WIFI_FCS },
	{ "short Prism", 119, "44000000" "90000000", 200, DROP_CUT_WIFI },
	{ "no room for Prism", 119, "44000000" "90000000", 0, DROP_BAD_WIFI },
	{ "short AVS", 163, "802110", 60, DROP_CUT_WIFI },
	{ "AVS of 7", 163, "80211001" "00000007" TO_WIRED("0801"), 0, DROP_BAD_WIFI },
	{ "AVS that is none", 163, "44000000" "00000018" ZEROS16 TO_WIRED("0801"), 0,
	    DROP_BAD_WIFI },
	{ "nothing at all, PPP", 9, "", 40, DROP_CUT_LINK },
	{ "short PPP", 9, "ff", 40, DROP_CUT_LINK },
	{ "PPP without a protocol", 9, "ff03", 40, DROP_CUT_LINK },
	{ "PPP with half a protocol", 9, "ff0300", 40, DROP_CUT_LINK },
	{ "short Cisco HDLC", 50, "0f0008", 40, DROP_CUT_LINK },
	{ "PPP with direction alone", 204, "01", 40, DROP_CUT_LINK },
	{ "short SCTP", 1, ETH "0800" IP4("0024", "84") "c3500b59" "00000001", 8,
	    DROP_CUT_SCTP },
	{ "no room for SCTP", 1, ETH "0800" IP4("001c", "84") "c3500b59" "00000001", 0,
	    DROP_BAD_SCTP },
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

static void
test_every_refusal_has_a_frame_that_reaches_it(void **state)
{
	/* A duplicate is found behind the decoder: tests/unit/capture/test_duplicates.c. */
	bool reached[DROP_COUNT] = { [DROP_NONE] = true, [DROP_DUPLICATE] = true,
		[DROP_OWN] = true };
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
	unsigned n;
	int link;

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
	assert_false(decode_knows(189));
	assert_null(decode_link_name(189));
	/* Each link type that is told has a frame above. */
	for (n = 0; (link = decode_link_type(n)) != -1; n++) {
		assert_true(decode_knows(link));
		assert_true(strlen(decode_link_name(link)) > 2);
		for (i = 0; i < COUNT(used) && used[i].link != link; i++)
			continue;
		if (i == COUNT(used))
			fail_msg("no frame of link type %d", link);
	}
	assert_int_equal(n, 17);
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
		cmocka_unit_test(test_an_802_3_length_cuts_the_padding),
		cmocka_unit_test(test_protocols_without_ports_are_flows_and_igmp_is_not),
		cmocka_unit_test(test_a_cooked_header_gives_six_byte_senders_only),
		cmocka_unit_test(test_each_refusal_has_a_name_and_a_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
