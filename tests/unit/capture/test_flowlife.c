/* SPDX-License-Identifier: GPL-3.0-or-later */
/* life: expiry, eviction and the end of the input, by packet time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/capture/flow_bench.h"

static struct bench *
start(void)
{
	struct bench *b = malloc(sizeof(*b));
	struct flow_options o;

	assert_non_null(b);
	o = bench_options(b);
	bench_start(b, &o);
	return b;
}

static void
stop(struct bench *b)
{
	bench_stop(b);
	free(b);
}

static void
step(struct bench *b, int64_t ns)
{
	flowtab_step(b->t, (struct pkt_time){ ns });
}

static struct flow_stats
stats(struct bench *b)
{
	struct flow_stats s;

	flowtab_stats(b->t, &s);
	return s;
}

static void
test_each_kind_of_flow_expires_after_its_own_silence(void **state)
{
	struct bench *b = start();

	(void)state;
	bench_tcp(b, T0, IN, 1001, OUT, 443, TCP_SYN, 1, 0, 0);	/* half open: 30 s */
	bench_tcp(b, T0, IN, 1002, OUT, 443, TCP_ACK, 1, 1, 5);		/* 600 s */
	bench_tcp(b, T0, IN, 1003, OUT, 443, TCP_RST, 1, 1, 0);		/* closed: 10 s */
	bench_udp(b, T0, IN, 1004, OUT, 53, 5);				/* 120 s */
	flowtab_packet(b->t, crate_ip(&b->crate, T0, 50, IN, OUT, 5));	/* 60 s */
	step(b, T0 + 10 * S - 1);
	assert_int_equal(b->ends, 0);
	step(b, T0 + 10 * S);
	assert_int_equal(b->ends, 1);
	assert_int_equal(b->end[0].flow.client_port, 1003);
	assert_int_equal(b->end[0].why, FLOW_END_RST);
	step(b, T0 + 30 * S - 1);
	assert_int_equal(b->ends, 1);
	step(b, T0 + 30 * S);
	assert_int_equal(b->end[1].flow.client_port, 1001);
	assert_int_equal(b->end[1].why, FLOW_END_IDLE);
	step(b, T0 + 60 * S);
	assert_int_equal(b->end[2].flow.proto, 50);
	step(b, T0 + 120 * S);
	assert_int_equal(b->end[3].flow.client_port, 1004);
	step(b, T0 + 600 * S - 1);
	assert_int_equal(b->ends, 4);
	step(b, T0 + 600 * S);
	assert_int_equal(b->ends, 5);
	assert_int_equal(b->pair_ends, 0);
	/* a pair from the end of its last flow on, to a tick */
	step(b, T0 + 4200 * S - S / 50);
	assert_int_equal(b->pair_ends, 0);
	step(b, T0 + 4200 * S + S / 50);
	assert_int_equal(b->pair_ends, 1);
	assert_int_equal(b->pair_end[0].flows_ever, 5);
	assert_int_equal(b->pair_end[0].flows, 0);
	stop(b);
}

static void
test_a_packet_within_the_second_still_postpones_expiry(void **state)
{
	struct bench *b = start();

	(void)state;
	bench_udp(b, T0, IN, 1, OUT, 53, 5);
	bench_udp(b, T0 + S / 2, IN, 2, OUT, 53, 5);
	bench_udp(b, T0 + S - 1, IN, 1, OUT, 53, 5);	/* too soon to queue again */
	step(b, T0 + 120 * S);
	assert_int_equal(b->ends, 0);
	step(b, T0 + 120 * S + S / 2);
	assert_int_equal(b->ends, 1);
	assert_int_equal(b->end[0].flow.client_port, 2);
	step(b, T0 + 121 * S - 1);
	assert_int_equal(b->ends, 2);
	stop(b);
}

static void
test_what_is_due_together_ends_in_order_of_last_packet_then_birth(void **state)
{
	struct bench *b = start();

	(void)state;
	bench_udp(b, T0, IN, 1, OUT, 53, 5);
	bench_tcp(b, T0, IN, 2, OUT, 443, TCP_SYN, 1, 0, 0);
	flowtab_packet(b->t, crate_ip(&b->crate, T0, 50, IN, OUT, 5));
	bench_udp(b, T0 + 5, IN, 4, OUT, 53, 5);
	bench_udp(b, T0 + 4, IN, 5, OUT, 53, 5);	/* back in time: as now */
	bench_udp(b, T0 + 6, IN, 1, OUT, 53, 5);
	step(b, T0 + 1000 * S);
	assert_int_equal(b->ends, 5);
	assert_int_equal(b->end[0].flow.client_port, 2);
	assert_int_equal(b->end[1].flow.proto, 50);
	assert_int_equal(b->end[2].flow.client_port, 4);
	assert_int_equal(b->end[3].flow.client_port, 5);
	assert_int_equal(b->end[4].flow.client_port, 1);
	assert_int_equal(stats(b).time_back, 1);
	stop(b);
}

static void
test_a_flow_that_is_due_ends_before_its_next_packet(void **state)
{
	struct bench *b = start();

	(void)state;
	bench_udp(b, T0, IN, 1, OUT, 53, 5);
	bench_udp(b, T0 + 4200 * S, IN, 1, OUT, 53, 5);		/* and nobody stepped */
	assert_int_equal(b->births, 2);
	assert_int_equal(b->end[0].why, FLOW_END_IDLE);
	assert_int_equal(b->pair_ends, 1);
	assert_int_equal(b->flow.pair->flows_ever, 1);
	stop(b);
}

static void
test_time_that_goes_back_is_taken_as_now(void **state)
{
	struct bench *b = start();

	(void)state;
	bench_udp(b, T0, IN, 1, OUT, 53, 5);
	bench_udp(b, T0 - 3600 * S, IN, 1, OUT, 53, 5);
	bench_udp(b, -5, IN, 2, OUT, 53, 5);
	assert_int_equal(b->flow.first.ns, T0);
	assert_int_equal(stats(b).time_back, 2);
	step(b, T0 - S);
	assert_int_equal(b->ends, 0);
	bench_udp(b, INT64_MAX, IN, 1, OUT, 53, 5);
	bench_udp(b, INT64_MIN, IN, 1, OUT, 53, 5);
	step(b, INT64_MAX);
	stop(b);
}

static void
test_a_pair_outlives_its_flows_but_not_the_other_way(void **state)
{
	struct bench *b = malloc(sizeof(*b));
	struct flow_options o = bench_options(b);

	(void)state;
	o.idle_pair = 20 * S;		/* shorter than a flow may rest */
	bench_start(b, &o);
	bench_udp(b, T0, IN, 1, OUT, 53, 5);
	bench_udp(b, T0, IN, 1, v4(203, 0, 113, 10), 53, 5);
	for (int64_t i = 1; i < 120; i++)
		step(b, T0 + i * S);
	assert_int_equal(b->pair_ends, 0);
	for (int64_t i = 120; i < 150; i++)
		step(b, T0 + i * S);
	assert_int_equal(b->ends, 2);
	assert_int_equal(b->pair_ends, 2);
	stop(b);
}

/* An uploading connection with the port, over the 4 kB. */
static void
upload(struct bench *b, int64_t ns, uint16_t port, uint32_t seq)
{
	bench_tcp(b, ns, IN, port, OUT, 443, TCP_ACK, seq, 1, 1448);
}

static void
test_a_syn_flood_keeps_every_uploading_flow(void **state)
{
	struct bench *b = malloc(sizeof(*b));
	struct flow_options o = bench_options(b);
	uint64_t seed = 1;
	int64_t now = T0;
	struct flow_stats s;

	(void)state;
	o.max_flows = 4096;
	o.max_pairs = 1024;
	bench_start(b, &o);
	for (uint16_t i = 0; i < 64; i++) {
		for (uint32_t k = 0; k < 4; k++)
			upload(b, now, (uint16_t)(20000 + i), k * 1448);
	}
	for (unsigned i = 0; i < 100000; i++) {		/* 200,000 a second */
		uint32_t r = dice(&seed);

		now += 5000;
		bench_tcp(b, now, v4(66, (uint8_t)(r >> 16), (uint8_t)(r >> 8),
		    (uint8_t)r), (uint16_t)dice(&seed), IN, 80, TCP_SYN, r, 0, 0);
		if (i % 1000 == 0)
			step(b, now);
	}
	for (uint16_t i = 0; i < 64; i++) {
		upload(b, now, (uint16_t)(20000 + i), 4 * 1448);
		assert_int_equal(b->flow.count[0].captured, 5 * 1448);
	}
	s = stats(b);
	assert_int_equal(s.evicted_uploading, 0);
	assert_int_equal(s.evicted_tiny, 0);
	assert_int_equal(s.evicted_idle, 0);
	assert_true(s.evicted_half > 90000);
	assert_true(s.evicted_pairs > 90000);
	assert_true(s.flows_now <= 4096 && s.pairs_now <= 1024);
	stop(b);
}

static void
test_eviction_goes_half_open_tiny_idle_uploading(void **state)
{
	static const uint16_t order[] = { 1, 2005, 2, 6, 3, 2004 };
	struct bench *b = malloc(sizeof(*b));
	struct flow_options o = bench_options(b);
	struct addr in2 = v4(10, 0, 0, 6), other = v4(10, 0, 0, 7);
	struct flow_stats s;

	(void)state;
	o.max_flows = 6;
	bench_start(b, &o);
	for (uint32_t k = 0; k < 4; k++)
		upload(b, T0 + 1, 2004, k * 1448);	/* uploads, oldest */
	bench_udp(b, T0 + 2 * S, in2, 3, other, 9, 3000);
	/* large, does not cross */
	bench_udp(b, T0 + 2 * S, in2, 3, other, 9, 3000);
	bench_udp(b, T0 + 4 * S, IN, 2, OUT, 53, 100);
	bench_udp(b, T0 + 4 * S, IN, 2, OUT, 53, 100);			/* tiny */
	bench_udp(b, T0 + 6 * S, IN, 6, OUT, 53, 100);
	bench_udp(b, T0 + 6 * S, OUT, 53, IN, 6, 50000);		/* tiny, later */
	bench_udp(b, T0 + 8 * S, IN, 1, OUT, 53, 4000);			/* one packet */
	for (unsigned k = 0; k < 3; k++)				/* half open */
		bench_tcp(b, T0 + 9 * S, IN, 2005, OUT, 80, TCP_SYN, 1, 0, 0);
	for (unsigned i = 0; i < 6; i++) {
		for (uint32_t k = 0; k < 4; k++)	/* newcomers that upload, to
							 * stay */
			upload(b, T0 + 10 * S + i * 2 * S, (uint16_t)(3000 + i),
			    k * 1448);
		assert_int_equal(b->ends, i + 1);
		assert_int_equal(b->end[i].flow.client_port, order[i]);
		assert_int_equal(b->end[i].why, FLOW_END_EVICTED);
	}
	s = stats(b);
	assert_int_equal(s.evicted_half, 2);
	assert_int_equal(s.evicted_tiny, 2);
	assert_int_equal(s.evicted_idle, 1);
	assert_int_equal(s.evicted_uploading, 1);
	stop(b);
}

static void
test_a_table_of_one_flow_and_one_pair_still_has_room(void **state)
{
	struct bench *b = malloc(sizeof(*b));
	struct flow_options o = bench_options(b);

	(void)state;
	o.max_flows = 1;
	o.max_pairs = 1;
	bench_start(b, &o);
	for (uint8_t i = 0; i < 100; i++) {
		bench_udp(b, T0 + i, IN, 1, v4(8, 8, 8, (uint8_t)(i / 2)),
		    (uint16_t)(i % 2), 5);
		assert_true(b->hit.is_new);
	}
	assert_int_equal(b->births, 100);
	assert_int_equal(stats(b).pairs_ever, 50);
	stop(b);
}

static void
test_finish_ends_flows_then_pairs_in_order_of_birth(void **state)
{
	struct bench *b = start();

	(void)state;
	for (uint8_t i = 0; i < 20; i++)
		bench_udp(b, T0 + i, IN, 1, v4(8, 8, 8, i), 53, 5);
	for (uint8_t i = 20; i-- > 0;)
		bench_udp(b, T0 + 2 * S + i, IN, 1, v4(8, 8, 8, i), 53, 5);
	flowtab_finish(b->t);
	assert_int_equal(b->ends, 20);
	assert_int_equal(b->pair_ends, 20);
	for (uint8_t i = 0; i < 20; i++) {
		assert_true(same_addr(b->end[i].flow.server, v4(8, 8, 8, i)));
		assert_int_equal(b->end[i].why, FLOW_END_INPUT);
		assert_true(same_addr(b->pair_end[i].outside, v4(8, 8, 8, i)));
	}
	stop(b);
}

static uint64_t
storm(struct siphash_key key, uint64_t *evicted)
{
	struct bench *b = malloc(sizeof(*b));
	struct flow_options o = bench_options(b);
	uint64_t seed = 7, digest;
	int64_t now = T0;
	struct flow_stats s;

	o.key = key;
	o.max_flows = 300;
	o.max_pairs = 100;
	bench_start(b, &o);
	for (unsigned i = 0; i < 40000; i++) {
		uint32_t r = dice(&seed);
		struct addr in = v4(10, 0, 0, (uint8_t)(r % 20));
		struct addr out = v4(9, 9, 9, (uint8_t)(r >> 8 & 31));
		uint16_t port = (uint16_t)(r >> 16 & 31);

		now += dice(&seed) % 100000000;
		switch (r >> 24 & 7) {
		case 0:
			bench_udp(b, now, in, port, out, 53, r % 900);
			break;
		case 1:
			bench_udp(b, now, out, 53, in, port, r % 900);
			break;
		case 2:
			bench_tcp(b, now, in, port, out, 443, TCP_SYN, r, 0, 0);
			break;
		case 3:
			bench_tcp(b, now, out, 443, in, port, TCP_ACK | TCP_FIN, r, r,
			    10);
			break;
		case 4:
			step(b, now);
			break;
		default:
			bench_tcp(b, now, in, port, out, 443, TCP_ACK, i * 100, i, 1000);
			break;
		}
	}
	s = stats(b);
	*evicted = s.evicted_half + s.evicted_tiny + s.evicted_idle + s.evicted_uploading;
	flowtab_finish(b->t);
	digest = b->digest;
	stop(b);
	return digest;
}

static void
test_every_hash_key_gives_the_same_calls_in_the_same_order(void **state)
{
	uint64_t evicted, first = storm((struct siphash_key){ 1, 2 }, &evicted);

	(void)state;
	assert_true(evicted > 100);
	assert_int_equal(storm((struct siphash_key){ 0, 0 }, &evicted), first);
	assert_int_equal(storm((struct siphash_key){ UINT64_MAX, 77 }, &evicted), first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_flow_expires_after_its_own_silence),
		cmocka_unit_test(test_a_packet_within_the_second_still_postpones_expiry),
		cmocka_unit_test(
		    test_what_is_due_together_ends_in_order_of_last_packet_then_birth),
		cmocka_unit_test(test_a_flow_that_is_due_ends_before_its_next_packet),
		cmocka_unit_test(test_time_that_goes_back_is_taken_as_now),
		cmocka_unit_test(test_a_pair_outlives_its_flows_but_not_the_other_way),
		cmocka_unit_test(test_a_syn_flood_keeps_every_uploading_flow),
		cmocka_unit_test(test_eviction_goes_half_open_tiny_idle_uploading),
		cmocka_unit_test(test_a_table_of_one_flow_and_one_pair_still_has_room),
		cmocka_unit_test(test_finish_ends_flows_then_pairs_in_order_of_birth),
		cmocka_unit_test(
		    test_every_hash_key_gives_the_same_calls_in_the_same_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
