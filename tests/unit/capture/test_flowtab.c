/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flowtab: keys, directions, pairs, fragments and true bytes, packet by packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/capture/flow_bench.h"

static void
start(struct bench *b)
{
	struct flow_options o = bench_options(b);

	bench_start(b, &o);
}

static void
handshake(struct bench *b)
{
	UP(b, T0, TCP_SYN, 999, 0, 0);
	DOWN(b, T0 + 1, TCP_SYN | TCP_ACK, 4999, 1000, 0);
	UP(b, T0 + 2, TCP_ACK, 1000, 5000, 0);
}

/* Said of the next segment in order as of one that takes the long way. */
static void
test_what_was_acknowledged_is_said(void **state)
{
	struct bench b;
	struct flow_hit *h;

	(void)state;
	start(&b);
	handshake(&b);
	UP(&b, T0 + 3, TCP_ACK, 1000, 5000, 700);
	DOWN(&b, T0 + 4, TCP_ACK, 5000, 1500, 0);
	h = UP(&b, T0 + 5, TCP_ACK, 1700, 5000, 100);
	assert_int_equal(h->offset, 700);
	assert_int_equal(h->acked, 500);
	assert_int_equal(h->under_way, 200);
	bench_stop(&b);
}

static void
test_a_connection_is_one_flow_with_its_bytes_each_way(void **state)
{
	struct bench b;
	const struct flow *f = &b.flow;
	struct flow_hit *h;

	(void)state;
	start(&b);
	handshake(&b);
	h = UP(&b, T0 + 3, TCP_ACK | TCP_PSH, 1000, 5000, 700);
	assert_true(h->up && !h->down && !h->is_new);
	assert_int_equal(h->dir, FLOW_TO_SERVER);
	assert_int_equal(h->fresh, 700);
	assert_int_equal(h->offset, 0);
	h = DOWN(&b, T0 + 4, TCP_ACK, 5000, 1700, 300);
	assert_true(h->down && !h->up);
	assert_int_equal(h->dir, FLOW_TO_CLIENT);
	assert_int_equal(h->acked_unseen, 0);
	UP(&b, T0 + 5, TCP_ACK | TCP_PSH, 1000, 5300, 700);
	assert_int_equal(b.births, 1);
	assert_true(same_addr(f->client, IN) && same_addr(f->server, OUT));
	assert_int_equal(f->client_port, 50000);
	assert_int_equal(f->server_port, 443);
	assert_int_equal(f->up, FLOW_TO_SERVER);
	assert_int_equal(f->flags, FLOW_SAW_SYN | FLOW_SAW_SYNACK);
	assert_int_equal(f->count[0].captured, 700);
	assert_int_equal(f->count[0].retrans, 700);
	assert_int_equal(f->count[0].pkts, 4);
	assert_int_equal(f->count[0].data_pkts, 2);
	assert_int_equal(f->count[0].wire, 4 * 54 + 1400);
	assert_int_equal(f->count[1].captured, 300);
	assert_int_equal(f->pair->up[0], 700);
	assert_int_equal(f->pair->down[0], 300);
	assert_int_equal(f->pair->flows, 1);
	bench_stop(&b);
}

static void
test_a_gap_is_proven_by_the_other_sides_acknowledgement(void **state)
{
	struct bench b;
	struct flow_hit *h;

	(void)state;
	start(&b);
	handshake(&b);
	UP(&b, T0 + 3, TCP_ACK, 1000, 5000, 100);
	UP(&b, T0 + 4, TCP_ACK, 1300, 5000, 100);
	h = DOWN(&b, T0 + 5, TCP_ACK, 5000, 1400, 0);
	assert_int_equal(h->acked_unseen, 200);
	assert_int_equal(b.flow.count[0].captured, 200);
	assert_int_equal(b.flow.count[0].gaps, 200);
	assert_int_equal(b.flow.pair->up[0], 400);
	assert_int_equal(b.flow.flags & FLOW_ACKS_UNSEEN, 0);
	h = UP(&b, T0 + 6, TCP_ACK, 1100, 5000, 200);	/* overtaken, and here it is */
	assert_int_equal(h->fresh, 200);
	assert_int_equal(h->late, 200);
	assert_int_equal(b.flow.count[0].captured, 400);
	assert_int_equal(b.flow.count[0].gaps, 0);
	assert_int_equal(b.flow.pair->up[0], 400);
	bench_stop(&b);
}

static void
test_half_a_capture_counts_the_side_it_sees_and_reads_the_other(void **state)
{
	struct bench b;
	uint32_t seq = 1000, ack = 5000;

	(void)state;
	start(&b);			/* up only: an upload and its answers */
	UP(&b, T0, TCP_SYN, 999, 0, 0);
	UP(&b, T0 + 1, TCP_ACK, 1000, 5000, 0);
	for (unsigned i = 0; i < 100; i++, seq += 1000)
		UP(&b, T0 + 2 + i, TCP_ACK, seq, ack += 10, 1000);
	UP(&b, T0 + 200, TCP_ACK | TCP_FIN, seq, ack + 1, 0);
	assert_int_equal(b.flow.count[0].captured, 100000);
	assert_int_equal(b.flow.count[0].gaps, 0);
	assert_int_equal(b.flow.count[1].captured, 0);
	assert_int_equal(b.flow.count[1].gaps, 1000);
	assert_true(b.flow.flags & FLOW_ACKS_UNSEEN);
	bench_stop(&b);

	start(&b);			/* down only: acknowledgements tell
					 * of the upload */
	DOWN(&b, T0, TCP_SYN | TCP_ACK, 4999, 1000, 0);
	seq = 1000;
	for (unsigned i = 0; i < 100; i++)
		DOWN(&b, T0 + 2 + i, TCP_ACK, 5000, seq += 14480, 0);
	DOWN(&b, T0 + 200, TCP_ACK, 5000, seq + 1, 0);	/* and its FIN */
	assert_int_equal(b.flow.up, FLOW_TO_SERVER);
	assert_int_equal(flow_true_bytes(&b.flow.count[0]), 1448000);
	assert_int_equal(b.flow.pair->up[0], 1448000);
	assert_true(b.flow.flags & FLOW_ACKS_UNSEEN);
	bench_stop(&b);
}

static void
test_mid_stream_the_port_tells_who_serves(void **state)
{
	static const struct {
		uint16_t from, to, server;
	} row[] = {
		{ 443, 50000, 443 }, { 50000, 443, 443 }, { 22, 80, 22 }, { 80, 22, 22 },
		{ 8080, 40000, 8080 }, { 40000, 8080, 8080 }, { 40000, 41000, 41000 },
		{ 41000, 40000, 40000 }, { 5000, 6000, 6000 },
	};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		start(&b);
		bench_tcp(&b, T0, IN, row[i].from, OUT, row[i].to, TCP_ACK, 1, 1, 10);
		assert_int_equal(b.flow.server_port, row[i].server);
		assert_true(b.flow.flags & FLOW_MIDSTREAM);
		assert_true(b.hit.up);		/* whoever serves */
		assert_int_equal(b.hit.fresh, 10);
		bench_stop(&b);
	}
}

static void
test_mid_stream_acknowledgements_of_the_first_second_claim_nothing(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	UP(&b, T0, TCP_ACK, 1000, 5000, 10);
	UP(&b, T0 + S / 2, TCP_ACK, 1010, 9000, 0);
	assert_int_equal(b.flow.flags & FLOW_ACKS_UNSEEN, 0);
	assert_int_equal(b.flow.count[1].gaps, 4000);
	UP(&b, T0 + 2 * S, TCP_ACK, 1010, 12000, 0);
	assert_true(b.flow.flags & FLOW_ACKS_UNSEEN);
	assert_int_equal(b.flow.count[1].gaps, 7000);
	bench_stop(&b);
}

static void
test_the_zone_says_what_is_up_not_who_called(void **state)
{
	struct bench b;

	(void)state;
	start(&b);		/* opened from outside, uploads all the same */
	bench_tcp(&b, T0, OUT, 50000, IN, 80, TCP_SYN, 1, 0, 0);
	assert_int_equal(b.flow.up, FLOW_TO_CLIENT);
	assert_true(b.hit.down);
	bench_tcp(&b, T0, IN, 80, OUT, 50000, TCP_SYN | TCP_ACK, 1, 2, 0);
	bench_tcp(&b, T0, IN, 80, OUT, 50000, TCP_ACK, 2, 2, 900);
	assert_true(b.hit.up);
	assert_int_equal(b.hit.dir, FLOW_TO_CLIENT);
	assert_int_equal(b.flow.pair->up[0], 900);
	assert_true(same_addr(b.flow.pair->inside, IN));
	bench_udp(&b, T0, IN, 5000, v4(10, 0, 0, 6), 5000, 10);
	assert_int_equal(b.flow.up, -1);
	assert_null(b.flow.pair);
	assert_false(b.hit.up || b.hit.down);
	bench_udp(&b, T0, OUT, 5000, v4(8, 8, 8, 8), 5000, 10);
	assert_int_equal(b.flow.up, -1);
	bench_udp(&b, T0, IN, 5353, v4(224, 0, 0, 251), 5353, 10);
	assert_int_equal(b.flow.up, -1);
	bench_stop(&b);
}

static void
test_udp_and_others_count_payload_and_first_sender_is_client(void **state)
{
	struct bench b;
	struct packet *p;

	(void)state;
	start(&b);
	bench_udp(&b, T0, OUT, 53, IN, 5000, 100);
	bench_udp(&b, T0, IN, 5000, OUT, 53, 40);
	assert_int_equal(b.births, 1);
	assert_int_equal(b.flow.client_port, 53);
	assert_int_equal(b.flow.pair->up[1], 40);
	assert_int_equal(b.flow.pair->down[1], 100);
	p = crate_ip(&b.crate, T0, IPPROTO_IS_ICMP, IN, OUT, 64);
	p->sport = 8 << 8;
	flowtab_packet(b.t, p);
	p = crate_ip(&b.crate, T0, IPPROTO_IS_ICMP, OUT, IN, 64);
	flowtab_packet(b.t, p);		/* the echo's answer: the same flow */
	assert_int_equal(b.births, 2);
	assert_int_equal(b.flow.client_port, 8 << 8);
	assert_int_equal(b.flow.pair->up[2], 64);
	assert_int_equal(b.flow.pair->down[2], 64);
	bench_stop(&b);
}

static void
test_protocol_and_vlan_are_in_the_key(void **state)
{
	struct flow_options o;
	struct bench b;

	(void)state;
	for (int ignore = 0; ignore < 2; ignore++) {
		o = bench_options(&b);
		o.ignore_vlan = ignore != 0;
		bench_start(&b, &o);
		bench_udp(&b, T0, IN, 50000, OUT, 443, 10);
		UP(&b, T0, TCP_ACK, 1, 1, 10);
		crate_udp(&b.crate, T0, IN, 50000, OUT, 443, 10)->vlan = 7;
		flowtab_packet(b.t, &b.crate.pkt);
		assert_int_equal(b.births, ignore ? 2 : 3);
		assert_int_equal(b.flow.key_vlan, ignore ? VLAN_NONE : 7);
		bench_stop(&b);
	}
}

static void
test_a_new_syn_on_a_closed_or_resting_flow_makes_another(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	handshake(&b);
	UP(&b, T0 + 3, TCP_SYN, 999, 0, 0);			/* the same again */
	UP(&b, T0 + 3, TCP_SYN, 77777, 0, 0);			/* busy: perhaps forged */
	assert_int_equal(b.births, 1);
	UP(&b, T0 + 4, TCP_ACK | TCP_FIN, 1000, 5000, 0);
	DOWN(&b, T0 + 5, TCP_ACK | TCP_FIN, 5000, 1001, 0);
	UP(&b, T0 + 6, TCP_SYN, 88888, 0, 0);
	assert_int_equal(b.births, 2);
	assert_int_equal(b.end[0].why, FLOW_END_FIN);
	DOWN(&b, T0 + 7, TCP_RST | TCP_ACK, 0, 88889, 0);
	UP(&b, T0 + 8, TCP_SYN, 99999, 0, 0);
	assert_int_equal(b.end[1].why, FLOW_END_RST);
	UP(&b, T0 + 8 + 4 * S, TCP_SYN, 111111, 0, 0);
	assert_int_equal(b.births, 4);
	assert_int_equal(b.end[2].why, FLOW_END_IDLE);
	assert_int_not_equal(flow_id(&b.end[0].flow), flow_id(&b.end[1].flow));
	bench_stop(&b);
}

static void
test_wild_resets_move_no_numbers_and_may_be_ignored(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	handshake(&b);
	UP(&b, T0 + 3, TCP_ACK, 1000, 5000, 100);
	DOWN(&b, T0 + 4, TCP_RST | TCP_ACK, 3000000000, 4000000, 0);
	assert_int_equal(flow_true_bytes(&b.flow.count[0]), 100);
	UP(&b, T0 + 5, TCP_ACK, 1100, 5000, 100);	/* goes on: the RST was forged */
	assert_int_equal(b.flow.count[0].captured, 200);
	flowtab_step(b.t, (struct pkt_time){ T0 + 60 * S });
	assert_int_equal(b.ends, 0);
	UP(&b, T0 + 61 * S, TCP_RST, 1200, 0, 50);	/* bytes in a RST count */
	assert_int_equal(b.flow.count[0].captured, 250);
	flowtab_step(b.t, (struct pkt_time){ T0 + 71 * S });
	assert_int_equal(b.ends, 1);
	assert_int_equal(b.end[0].why, FLOW_END_RST);
	bench_stop(&b);
}

static void
test_truncated_payload_counts_whole_and_is_marked(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	crate_udp(&b.crate, T0, IN, 1, OUT, 2, 1000)->payload.left = 60;
	flowtab_packet(b.t, &b.crate.pkt);
	assert_int_equal(b.flow.count[0].captured, 1000);
	assert_true(b.flow.flags & FLOW_TRUNCATED);
	bench_stop(&b);
}

static struct flow_hit *
fragment(struct bench *b, int64_t ns, uint8_t proto, struct addr src, struct addr dst,
    uint32_t id, bool first)
{
	struct packet *p = crate_ip(&b->crate, ns, proto, src, dst, 1000);

	p->frag = true;
	p->frag_first = first;
	p->frag_id = id;
	if (first) {
		p->sport = 4000;
		p->dport = 5000;
	}
	flowtab_packet(b->t, p);
	return &b->hit;
}

static void
fragments(struct addr in, struct addr out)
{
	struct flow_stats s;
	struct bench b;

	start(&b);
	fragment(&b, T0, IPPROTO_IS_UDP, in, out, 7, true);
	fragment(&b, T0, IPPROTO_IS_UDP, in, out, 7, false);
	assert_int_equal(fragment(&b, T0 + 30 * S, IPPROTO_IS_UDP, in, out, 7,
	    false)->fresh, 1000);
	assert_int_equal(b.births, 1);
	assert_int_equal(b.flow.client_port, 4000);
	assert_int_equal(b.flow.count[0].captured, 3000);
	assert_true(b.flow.flags & FLOW_FRAGMENTS);
	flowtab_stats(b.t, &s);
	assert_int_equal(s.fragments_orphan, 0);
	/* another id, another protocol, the other way, too late */
	fragment(&b, T0 + 30 * S, IPPROTO_IS_UDP, in, out, 8, false);
	assert_int_equal(b.births, 2);
	assert_int_equal(b.flow.client_port, 0);
	fragment(&b, T0 + 30 * S, IPPROTO_IS_TCP, in, out, 7, false);
	assert_int_equal(b.hit.fresh, 0);
	assert_int_equal(b.flow.count[0].wire, 1054);
	fragment(&b, T0 + 30 * S, IPPROTO_IS_UDP, out, in, 7, false);
	fragment(&b, T0 + 31 * S, IPPROTO_IS_UDP, in, out, 7, false);
	flowtab_stats(b.t, &s);
	assert_int_equal(s.fragments_orphan, 4);
	assert_int_equal(b.births, 3);	/* those without ports share one */
	bench_stop(&b);
}

static void
test_later_fragments_find_their_flow(void **state)
{
	struct addr in6, out6;

	(void)state;
	fragments(IN, OUT);
	assert_true(addr_parse("fd00:20::5", 10, &in6));
	assert_true(addr_parse("2001:db8::9", 11, &out6));
	fragments(in6, out6);
}

static void
test_a_flood_of_fragments_costs_ports_only(void **state)
{
	struct flow_stats s;
	struct bench b;

	(void)state;
	start(&b);
	fragment(&b, T0, IPPROTO_IS_UDP, IN, OUT, 1, true);
	for (uint32_t i = 2; i < 10000; i++)
		fragment(&b, T0, IPPROTO_IS_UDP, v4(10, 1, (uint8_t)(i >> 8), (uint8_t)i),
		    OUT, i, true);
	fragment(&b, T0, IPPROTO_IS_UDP, IN, OUT, 1, false);
	flowtab_stats(b.t, &s);
	assert_int_equal(s.fragments_orphan, 1);
	assert_int_equal(b.flow.pair->up[1], 2000);
	bench_stop(&b);
}

static void
test_ids_are_small_and_do_not_depend_on_the_hash_key(void **state)
{
	struct flow_options o;
	struct bench b, c;

	(void)state;
	o = bench_options(&b);
	bench_start(&b, &o);
	o = bench_options(&c);
	o.key.k0 = 999;
	bench_start(&c, &o);
	for (uint16_t i = 1; i < 2000; i++) {
		bench_udp(&b, T0 + i, IN, i, OUT, 53, 10);
		bench_udp(&c, T0 + i, IN, i, OUT, 53, 10);
		assert_true(flow_id(&b.flow) > 0 && flow_id(&b.flow) < UINT64_C(1) << FLOW_ID_BITS);
		assert_int_equal(flow_id(&b.flow), flow_id(&c.flow));
		assert_int_equal(pair_id(b.flow.pair), pair_id(c.flow.pair));
	}
	assert_int_equal(b.flow.pair->flows, 1999);
	bench_stop(&b);
	bench_stop(&c);
}

static void
fill_room(void *arg, struct flow *f)
{
	unsigned char *room = flow_user(f);

	assert_int_equal((uintptr_t)room % 8, 0);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(room[i], 0);
	memset(room, 0xff, 40);
	assert_true(f->first.ns > *(int64_t *)arg);	/* in order of birth */
	*(int64_t *)arg = f->first.ns;
}

static void
fill_pair(void *arg, struct pair *p)
{
	unsigned char *room = pair_user(p);

	(void)arg;
	assert_int_equal((uintptr_t)room % 8, 0);
	for (unsigned i = 0; i < 24; i++)
		assert_int_equal(room[i], 0);
	memset(room, 0xff, 24);
}

static void
test_the_room_behind_is_aligned_zeroed_and_walked_in_order_of_birth(void **state)
{
	struct flow_options o;
	struct bench b;
	int64_t last;

	(void)state;
	o = bench_options(&b);
	o.flow_user = 40;
	o.pair_user = 24;
	o.max_flows = 50;
	o.max_pairs = 50;
	bench_start(&b, &o);
	for (int64_t round = 0; round < 3; round++) {
		for (uint8_t i = 0; i < 50; i++)
			bench_udp(&b, T0 + round * S + i, v4(10, 0, (uint8_t)round, i), 9,
			    OUT, 9, 10);
		last = 0;
		flowtab_each(b.t, fill_room, &last);
		assert_int_equal(last, T0 + round * S + 49);
		flowtab_each_pair(b.t, fill_pair, NULL);
	}
	assert_true(flowtab_bytes(b.t) > 50 * (sizeof(struct flow) + sizeof(struct pair) +
	    64));
	bench_stop(&b);
}

static void
test_an_impossible_size_is_a_fault(void **state)
{
	struct flow_options o = { .max_flows = SIZE_MAX / 2 };
	struct fault why;

	(void)state;
	assert_null(flowtab_create(&o, &why));
	assert_non_null(strstr(why.what, "flow table"));
	o = (struct flow_options){ .max_flows = 200000, .flow_user = 4000000000 };
	assert_null(flowtab_create(&o, &why));
	flowtab_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_acknowledged_is_said),
		cmocka_unit_test(test_a_connection_is_one_flow_with_its_bytes_each_way),
		cmocka_unit_test(test_a_gap_is_proven_by_the_other_sides_acknowledgement),
		cmocka_unit_test(
		    test_half_a_capture_counts_the_side_it_sees_and_reads_the_other),
		cmocka_unit_test(test_mid_stream_the_port_tells_who_serves),
		cmocka_unit_test(
		    test_mid_stream_acknowledgements_of_the_first_second_claim_nothing),
		cmocka_unit_test(test_the_zone_says_what_is_up_not_who_called),
		cmocka_unit_test(
		    test_udp_and_others_count_payload_and_first_sender_is_client),
		cmocka_unit_test(test_protocol_and_vlan_are_in_the_key),
		cmocka_unit_test(
		    test_a_new_syn_on_a_closed_or_resting_flow_makes_another),
		cmocka_unit_test(test_wild_resets_move_no_numbers_and_may_be_ignored),
		cmocka_unit_test(test_truncated_payload_counts_whole_and_is_marked),
		cmocka_unit_test(test_later_fragments_find_their_flow),
		cmocka_unit_test(test_a_flood_of_fragments_costs_ports_only),
		cmocka_unit_test(test_ids_are_small_and_do_not_depend_on_the_hash_key),
		cmocka_unit_test(
		    test_the_room_behind_is_aligned_zeroed_and_walked_in_order_of_birth),
		cmocka_unit_test(test_an_impossible_size_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
