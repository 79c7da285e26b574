/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets inside packets: what is opened, what stands as it is, and that it all ends. */
#include "tests/unit/capture/decode_samples.h"

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
	{ "GTP-U echo", 1, ETH "0800" IP4("0028", "11") UDP_TO("0868", "0014") "32010004"
	    "00000000" "00010000", 0, 0 },
	{ "GTP-U of version 2", 1, ETH "0800" IP4("0044", "11") UDP_TO("0868", "0030")
	    "50ff0020" "00000001" INNER, 0, 0 },
	{ "GTP'", 1, ETH "0800" IP4("0044", "11") UDP_TO("0868", "0030") "20ff0020"
	    "00000001" INNER, 0, 0 },
	{ "GTP-U longer than its datagram", 1, ETH "0800" IP4("0044", "11")
	    UDP_TO("0868", "0030") "30ff0021" "00000001" INNER, 0, 0 },
	{ "GTP-U that ends", 1, ETH "0800" IP4("0020", "11") UDP_TO("0868", "000c")
	    "30ff0000", 0, 0 },
	{ "GTP-U to Ethernet", 1, ETH "0800" IP4("0052", "11") UDP_TO("0868", "003e")
	    "30ff002e" "00000001" INNER_ETH, 0, 0 },
	{ "GTP-U with an extension of no length", 1, ETH "0800" IP4("004c", "11")
	    UDP_TO("0868", "0038") "34ff0028" "00000001" "00000085" "00000000" INNER, 0,
	    0 },
	{ "GTP-U with an extension beyond its end", 1, ETH "0800" IP4("004c", "11")
	    UDP_TO("0868", "0038") "34ff0028" "00000001" "00000085" "ff000000" INNER, 0,
	    0 },
	{ "GTP-U with nine extensions", 1, ETH "0800" IP4("006c", "11")
	    UDP_TO("0868", "0058") "34ff0048" "00000001" "00000085" "01000085" "01000085"
	    "01000085" "01000085" "01000085" "01000085" "01000085" "01000085" "01000000"
	    INNER, 0, 0 },
	{ "words to Teredo's port", 1, ETH "0800" IP4("0020", "11")
	    UDP_TO("0dd8", "000c") "61626364", 0, 0 },
	{ "IPv6 to Teredo's port", 1, ETH "0800" IP4("0050", "11") UDP_TO("0dd8", "003c")
	    IP6("000c", "11") UDP("000c") "61626364", 0, 0 },
	{ "Teredo longer than its datagram", 1, ETH "0800" IP4("0050", "11")
	    UDP_TO("0dd8", "003c") IP6_TEREDO("000d", "11") UDP("000c") "61626364", 0,
	    0 },
	{ "Teredo's authentication alone", 1, ETH "0800" IP4("0029", "11")
	    UDP_TO("0dd8", "0015") "00010000" "0102030405060708" "00", 0, 0 },
	{ "Teredo's origin alone", 1, ETH "0800" IP4("0024", "11") UDP_TO("0dd8", "0010")
	    "0000fffff5fffffe", 0, 0 },
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
	/* No tag inside: none, for the tag outside is the mirror's transport's. */
	assert_int_equal(decode_hex(1, ETH TAG("0064") "0800" IP4("0052", "11")
	    UDP_TO("12b5", "003e") "0800000000000100" INNER_ETH, 0, &p, buf), DROP_NONE);
	assert_int_equal(p.vlan, VLAN_NONE);
	/* A tunnel between two networks mirrors no frame: the frame's tag. */
	assert_int_equal(decode_hex(1, ETH TAG("0064") "0800" IP4("0034", "04") INNER, 0,
	    &p, buf), DROP_NONE);
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
	case 6:
		snprintf(hex, sizeof(hex), "30ff%04zx00000001", NEST_MOST - n->at);
		nest_push(n, hex);
		nest_ip(n, "11", "0868");
		return 1;
	case 7:
		snprintf(hex, sizeof(hex), "60000000%04zx0440", NEST_MOST - n->at);
		nest_push(n, "20010000c000020100000000a0b1c2d3"
		    "20010db8000000000000000000000002");
		nest_push(n, hex);
		nest_ip(n, "11", "0dd8");
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
			depth += nest_wrap(n, (seed >> 16) % 9);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_only_looks_like_a_tunnel_is_an_ordinary_flow),
		cmocka_unit_test(test_a_tunnel_cut_anywhere_leaves_its_packet_standing),
		cmocka_unit_test(test_a_length_that_lies_inside_is_cut_outside),
		cmocka_unit_test(test_addresses_and_vlan_are_those_inside_a_mirror),
		cmocka_unit_test(test_arp_inside_a_mirror_is_arp),
		cmocka_unit_test(test_any_nesting_up_to_sixteen_comes_to_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
