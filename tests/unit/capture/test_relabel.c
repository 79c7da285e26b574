/* SPDX-License-Identifier: GPL-3.0-or-later */
/* relabel: the home networks change while flows are open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/capture/flow_bench.h"

static unsigned turned;

static struct zone
zone_of_text(struct prefix *p, const char *text)
{
	assert_true(prefix_parse(text, strlen(text), p));
	return (struct zone){ { p, 1 } };
}

static void
on_turned(void *arg, struct flow *f)
{
	(void)arg;
	assert_null(f->pair);
	turned++;
}

static void
start(struct bench *b, size_t pairs)
{
	struct flow_options o = bench_options(b);

	o.max_pairs = pairs;
	o.on.turned = on_turned;
	turned = 0;
	bench_start(b, &o);
}

/* 10.0.0.5 to 10.9.0.7: inside to inside, until 10.9/16 is somebody else's. */
static struct flow_hit *
across(struct bench *b, int64_t ns, uint16_t port, uint32_t len)
{
	return bench_udp(b, ns, IN, port, v4(10, 9, 0, 7), 5004, len);
}

static void
test_a_flow_that_crosses_now_is_up_with_all_it_carried(void **state)
{
	struct bench b;
	struct prefix home;
	struct flow_hit *h;

	(void)state;
	start(&b, 0);
	across(&b, T0, 4000, 500);
	h = across(&b, T0 + 1, 4000, 300);
	assert_false(h->up);
	assert_null(h->flow->pair);
	flowtab_relabel(b.t, zone_of_text(&home, "10.0.0.0/24"));
	assert_int_equal(turned, 1);
	h = across(&b, T0 + 2, 4000, 200);
	assert_false(h->is_new);
	assert_true(h->up);
	assert_non_null(h->flow->pair);
	assert_int_equal(h->flow->pair->up[1], 1000);
	assert_int_equal(h->flow->pair->first.ns, T0);
	assert_int_equal(h->flow->pair->flows, 1);
	bench_stop(&b);
}

static void
test_a_pair_that_crosses_no_more_is_let_go(void **state)
{
	struct bench b;
	struct prefix home;
	struct flow_stats st;

	(void)state;
	start(&b, 0);
	UP(&b, T0, TCP_ACK, 1000, 1, 700);
	bench_udp(&b, T0 + 1, IN, 4000, OUT, 53, 60);
	flowtab_stats(b.t, &st);
	assert_int_equal(st.pairs_now, 1);
	flowtab_relabel(b.t, zone_of_text(&home, "192.168.0.0/16"));
	flowtab_stats(b.t, &st);
	assert_int_equal(st.pairs_now, 0);
	assert_int_equal(st.flows_now, 2);
	assert_int_equal(turned, 2);
	assert_int_equal(b.pair_ends, 1);
	assert_int_equal(b.ends, 0);
	assert_false(UP(&b, T0 + 2, TCP_ACK, 1700, 1, 700)->up);
	assert_int_equal(b.births, 2);
	bench_stop(&b);
}

static void
test_up_and_down_change_places(void **state)
{
	struct bench b;
	struct prefix home;
	struct flow_hit *h;

	(void)state;
	start(&b, 0);
	UP(&b, T0, TCP_ACK, 1000, 1, 700);
	DOWN(&b, T0 + 1, TCP_ACK, 1, 1700, 300);
	flowtab_relabel(b.t, zone_of_text(&home, "203.0.113.0/24"));
	h = DOWN(&b, T0 + 2, TCP_ACK, 301, 1700, 100);
	assert_true(h->up);
	assert_true(same_addr(h->flow->pair->inside, OUT));
	assert_int_equal(h->flow->pair->up[0], 400);
	assert_int_equal(h->flow->pair->down[0], 700);
	/* And back again, as it was. */
	flowtab_relabel(b.t, (struct zone){ zone_default_home });
	h = UP(&b, T0 + 3, TCP_ACK, 1700, 401, 10);
	assert_true(h->up);
	assert_int_equal(h->flow->pair->up[0], 710);
	assert_int_equal(h->flow->pair->down[0], 400);
	bench_stop(&b);
}

static void
test_the_same_home_in_another_place_turns_nothing(void **state)
{
	struct bench b;
	struct prefix home;
	struct flow_hit *h;

	(void)state;
	start(&b, 0);
	UP(&b, T0, TCP_ACK, 1000, 1, 700);
	flowtab_relabel(b.t, zone_of_text(&home, "10.0.0.0/8"));
	assert_int_equal(turned, 0);
	assert_int_equal(b.pair_ends, 0);
	h = UP(&b, T0 + 1, TCP_ACK, 1700, 1, 700);
	assert_int_equal(h->flow->pair->up[0], 1400);
	bench_stop(&b);
}

static void
test_without_room_for_its_pair_a_flow_begins_anew(void **state)
{
	struct bench b;
	struct prefix home;
	struct flow_stats st;
	struct flow_hit *h;

	(void)state;
	start(&b, 4);
	for (uint8_t i = 0; i < 10; i++)
		bench_udp(&b, T0 + i, IN, 4000, v4(10, 9, 0, i), 5004, 100);
	flowtab_relabel(b.t, zone_of_text(&home, "10.0.0.0/24"));
	flowtab_stats(b.t, &st);
	assert_int_equal(st.pairs_now, 4);
	assert_int_equal(st.flows_now, 10);
	assert_int_equal(b.ends, 0);
	h = bench_udp(&b, T0 + 20, IN, 4000, v4(10, 9, 0, 3), 5004, 100);
	assert_true(!h->is_new && h->up);
	h = bench_udp(&b, T0 + 20, IN, 4000, v4(10, 9, 0, 9), 5004, 100);
	assert_true(h->is_new && h->up);
	assert_true(b.ends > 0);
	bench_stop(&b);
}

static void
test_a_hundred_thousand_flows_turn_and_the_books_balance(void **state)
{
	struct bench b;
	struct prefix home;
	struct flow_stats st;

	(void)state;
	start(&b, 0);
	for (unsigned i = 0; i < 100000; i++)
		bench_udp(&b, T0 + i, v4(10, 0, 0, (uint8_t)(i % 200 + 1)),
		    (uint16_t)(1024 + i / 20000), v4(10, 9, 0,
		    (uint8_t)(i / 200 % 100)), 5004, 100);
	flowtab_stats(b.t, &st);
	assert_int_equal(st.flows_now, 100000);
	assert_int_equal(st.pairs_now, 0);
	flowtab_relabel(b.t, zone_of_text(&home, "10.0.0.0/24"));
	flowtab_stats(b.t, &st);
	assert_int_equal(turned, 100000);
	assert_int_equal(st.flows_now, 100000);
	assert_int_equal(st.pairs_now, 20000);
	flowtab_relabel(b.t, (struct zone){ zone_default_home });
	flowtab_stats(b.t, &st);
	assert_int_equal(turned, 200000);
	assert_int_equal(st.pairs_now, 0);
	bench_stop(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flow_that_crosses_now_is_up_with_all_it_carried),
		cmocka_unit_test(test_a_pair_that_crosses_no_more_is_let_go),
		cmocka_unit_test(test_up_and_down_change_places),
		cmocka_unit_test(test_the_same_home_in_another_place_turns_nothing),
		cmocka_unit_test(test_without_room_for_its_pair_a_flow_begins_anew),
		cmocka_unit_test(
		    test_a_hundred_thousand_flows_turn_and_the_books_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
