/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 802.11: who sends to whom, what is taken off and what is nobody's flow; SCTP; and one
 * flow, whichever headers a mirror puts around it. */
#include "tests/unit/capture/decode_samples.h"

#include "capture/flow/flow.h"

static const struct sample *
find(const char *name)
{
	for (size_t i = 0; i < COUNT(used); i++)
		if (strcmp(used[i].name, name) == 0)
			return &used[i];
	fail_msg("no sample '%s'", name);
	return NULL;
}

static void
test_the_ends_of_an_802_11_frame_depend_on_its_way(void **state)
{
	static const char *const names[] = { "802.11 to the wired side", "802.11 from it",
		"802.11 between two", "802.11 over a bridge", "802.11 QoS",
		"802.11 QoS over a bridge", "802.11 QoS with HT control", "radiotap",
		"radiotap, padded", "radiotap, more words and a time", "Prism", "AVS",
		"AVS under Prism's number" };
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct sample *s = find(names[i]);

		assert_int_equal(decode_hex(s->link, s->hex, 0, &p, buf), DROP_NONE);
		assert_int_equal(p.class, PACKET_FLOW);
		assert_true(p.has_mac);
		assert_int_equal(p.smac[5], 0xa1);
		assert_int_equal(p.dmac[5], 0xb1);
		assert_int_equal(p.depth, 0);
		assert_int_equal(p.ethertype, 0x0800);
	}
	assert_int_equal(decode_hex(105, find("802.11, a VLAN inside")->hex, 0, &p, buf),
	    DROP_NONE);
	assert_int_equal(p.vlan, 100);
}

static void
test_the_air_s_own_business_is_used_and_nobody_s_flow(void **state)
{
	static const char *const names[] = { "802.11 null", "802.11 QoS null",
		"802.11 beacon", "802.11 acknowledgement", "802.11 without SNAP" };
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(decode_hex(105, find(names[i])->hex, 0, &p, buf),
		    DROP_NONE);
		assert_int_equal(p.class, PACKET_OTHER);
	}
}

/* To the end of the frame is to the frame check sequence. */
static void
test_a_frame_check_sequence_that_radiotap_tells_is_no_payload(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(127, RADIOTAP("10") TO_WIRED("0801") SNAP_IP
	    IP4("0000", "11") UDP("0000") "61626364" "deadbeef", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 4);
	assert_int_equal(p.payload.left, 4);
	/* Cut by the snap length: there is none to take off what is here. */
	assert_int_equal(decode_hex(127, RADIOTAP("10") TO_WIRED("0801") SNAP_IP
	    IP4("0000", "11") UDP("0000") "61626364", 1000, &p, buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 1000);
	assert_int_equal(p.payload.left, 4);
	assert_int_equal(decode_hex(127, RADIOTAP("00") TO_WIRED("0801") SNAP_IP
	    IP4("0000", "11") UDP("0000") "61626364" "deadbeef", 0, &p, buf), DROP_NONE);
	assert_int_equal(p.payload_wire, 8);
}

/* What is longer than any 802.3 length; LLC has none here. */
static void
test_a_long_802_11_frame_is_not_cut_at_an_802_3_length(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(105, TO_WIRED("0801") SNAP_IP IP4("08f8", "11")
	    UDP("08e4") "61626364", 2276 - 4 - 8, &p, buf), DROP_NONE);
	assert_int_equal(p.l3_wire, 0x08f8);
	assert_int_equal(p.payload_wire, 0x08e4 - 8);
	assert_int_equal(decode_hex(113, "0000" "0001" "0006" "0200000000a1" "0000" "0004"
	    SNAP_IP IP4("08f8", "11") UDP("08e4") "61626364", 2276 - 4 - 8, &p, buf),
	    DROP_NONE);
	assert_int_equal(p.l3_wire, 0x08f8);
}

static void
test_sctp_has_ports_and_chunks(void **state)
{
	uint8_t buf[HEX_MOST];
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex(1, find("SCTP")->hex, 0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_FLOW);
	assert_int_equal(p.sport, 50000);
	assert_int_equal(p.dport, 2905);
	assert_int_equal(p.payload_wire, 4);
}

/* ---- one flow ---- */

struct told {
	unsigned packets, born;
	struct flow_key key;
	uint64_t captured;
};

static void
on_packet(void *arg, const struct flow_hit *hit)
{
	struct told *t = arg;

	t->packets++;
	t->born += hit->is_new;
	flow_key_of(hit->flow, &t->key);
	t->captured = hit->flow->count[FLOW_TO_SERVER].captured;
}

static struct flowtab *
table(struct told *t)
{
	struct flow_options o = { .key = { 1, 2 }, .max_flows = 64, .max_pairs = 64,
		.on = { .arg = t, .packet = on_packet } };
	struct flowtab *tab = flowtab_create(&o, NULL);

	assert_non_null(tab);
	return tab;
}

static void
see_hex(struct flowtab *tab, int link, const char *hex, uint32_t iface)
{
	uint8_t buf[HEX_MOST];
	struct packet p;
	struct frame f;

	assert_int_equal(decode_hex(link, hex, 0, &p, buf), DROP_NONE);
	assert_int_equal(p.class, PACKET_FLOW);
	f = *p.frame;
	f.iface = iface;
	f.time.ns = NS_PER_S;
	p.frame = &f;
	flowtab_packet(tab, &p);
}

static void
test_one_flow_is_one_key_plain_and_in_every_mirror_s_headers(void **state)
{
	/* The mirrors send over VLANs of their own. */
	static const char *const mirrored[] = {
		ETH "0800" IP4("0046", "2f") "000088be" INNER_ETH,
		ETH TAG("0bb8") "0800" IP4("0052", "2f") "100088be" "00000001"
		    "1000000000000000" INNER_ETH,
		ETH TAG("0bb9") "0800" IP4("0056", "2f") "100022eb" "00000001"
		    "20000000" "00000000" "00000000" INNER_ETH,
		ETH TAG("0bba") "0800" IP4("0052", "11") UDP_TO("12b5", "003e")
		    "0800000000000100" INNER_ETH,
		ETH TAG("0bbb") TAG("0001") "0800" IP4("0053", "11")
		    UDP_TO("9090", "003f") "01000001" "00" "0a01c4" "01" INNER_ETH,
		ETH TAG("0bbc") "0800" IP4("0052", "11") UDP_TO("17c1", "003e")
		    "0000655800000100" INNER_ETH,
		ETH TAG("0bbd") "0800" IP4("004a", "2f") "20006558" "00000001" INNER_ETH,
		ETH "8847" "00011140" INNER_ETH,
	};
	struct told t = { 0 };
	struct flowtab *tab = table(&t);

	(void)state;
	see_hex(tab, 1, INNER_ETH, 0);
	assert_int_equal(t.born, 1);
	for (uint32_t i = 0; i < COUNT(mirrored); i++) {
		see_hex(tab, 1, mirrored[i], 1 + i);
		assert_int_equal(t.born, 1);
	}
	assert_int_equal(t.packets, 1 + COUNT(mirrored));
	assert_int_equal(t.captured, 4 * t.packets);
	assert_int_equal(t.key.vlan, VLAN_NONE);
	flowtab_destroy(tab);
}

static void
test_a_tag_inside_a_mirror_is_the_flow_s_and_keyed(void **state)
{
	struct told t = { 0 };
	struct flowtab *tab = table(&t);

	(void)state;
	see_hex(tab, 1, INNER_TAGGED, 0);
	see_hex(tab, 1, ETH TAG("0bb8") "0800" IP4("0056", "11") UDP_TO("12b5", "0042")
	    "0800000000000100" INNER_TAGGED, 1);
	assert_int_equal(t.born, 1);
	assert_int_equal(t.key.vlan, 7);
	see_hex(tab, 1, INNER_ETH, 0);
	assert_int_equal(t.born, 2);
	flowtab_destroy(tab);
}

static void
test_sctp_ports_part_flows_and_both_ways_are_one(void **state)
{
	struct told t = { 0 };
	struct flowtab *tab = table(&t);

	(void)state;
	see_hex(tab, 1, find("SCTP")->hex, 0);
	assert_int_equal(t.key.a_port + t.key.b_port, 50000 + 2905);
	see_hex(tab, 1, ETH "0800" "45000024" "12340000" "40840000" "c0000201" "0a000001"
	    "0b59c350" "00000001" "00000000" "61626364", 0);
	assert_int_equal(t.born, 1);
	see_hex(tab, 1, ETH "0800" IP4("0024", "84") "c3510b59" "00000001" "00000000"
	    "61626364", 0);
	assert_int_equal(t.born, 2);
	flowtab_destroy(tab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_ends_of_an_802_11_frame_depend_on_its_way),
		cmocka_unit_test(test_the_air_s_own_business_is_used_and_nobody_s_flow),
		cmocka_unit_test(
		    test_a_frame_check_sequence_that_radiotap_tells_is_no_payload),
		cmocka_unit_test(test_a_long_802_11_frame_is_not_cut_at_an_802_3_length),
		cmocka_unit_test(test_sctp_has_ports_and_chunks),
		cmocka_unit_test(
		    test_one_flow_is_one_key_plain_and_in_every_mirror_s_headers),
		cmocka_unit_test(test_a_tag_inside_a_mirror_is_the_flow_s_and_keyed),
		cmocka_unit_test(test_sctp_ports_part_flows_and_both_ways_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
