/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A made-up classifier in the cell: its deaths, hangs and lies, and what they cost: the
 * packet that was being read, and nothing else.
 */
#include "tests/unit/classify/dpi_bench.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A classifier whose fate stands in the payload: 'K' dies, 'S' spins, 'L' answers
 * nonsense, 'V' decides. A flow's app is the letters it read. */
struct fake_flow {
	char read[32];
	unsigned n;
};

static void *
fake_create(struct fault *why)
{
	static char it;

	(void)why;
	return &it;
}

static void
fake_destroy(void *c)
{
	(void)c;
}

static void *
fake_open(void *c)
{
	(void)c;
	return calloc(1, sizeof(struct fake_flow));
}

static void
fake_close(void *c, void *flow)
{
	(void)c;
	free(flow);
}

static void
fake_giveup(void *c, void *flow, struct cell_result *out)
{
	struct fake_flow *f = flow;

	(void)c;
	memset(out, 0, sizeof(*out));
	memcpy(out->app, f->read, f->n);
	memcpy(out->host, "given up", 9);
	out->confidence = CONFIDENCE_GUESS;
}

static bool
fake_feed(void *c, void *flow, const uint8_t *l3, size_t len, uint64_t ms, unsigned flags,
    struct cell_result *out)
{
	struct fake_flow *f = flow;
	const char letter = (char)l3[28];
	volatile bool spin = true;

	(void)c;
	(void)ms;
	(void)flags;
	/* The padding is part of the promise. */
	for (size_t i = 0; i < CELL_PADDING; i++)
		if (l3[len + i] != 0)
			_exit(9);
	if (letter == 'K')
		_exit(11);
	while (letter == 'S' && spin)
		continue;
	if (f->n < sizeof(f->read) - 1)
		f->read[f->n++] = letter;
	if (letter != 'V' && letter != 'L')
		return false;
	fake_giveup(c, flow, out);
	out->host[0] = '\0';
	if (letter == 'L')
		memset(out, 0xff, sizeof(*out));
	return true;
}

static const struct classifier_ops fake = { fake_create, fake_destroy, fake_open,
	fake_feed, fake_giveup, fake_close };

static void
letter(struct bench *b, struct conversation *c, const char *what, int64_t when)
{
	for (; *what != '\0'; what++) {
		char filled[40];

		memset(filled, *what, sizeof(filled));
		feed(b, c, FLOW_TO_SERVER, filled, sizeof(filled), when);
	}
}

static void
fake_bench(struct bench *b, struct dpi_options o, size_t slots)
{
	bench_open(b, &fake, o, slots);
	for (uint16_t i = 0; i < MAX_FLOWS; i++)
		begin(&b->c[i], 17, (uint16_t)(40000 + i), 4000);
}

static void
test_after_a_death_open_flows_are_fed_again_in_order_of_opening(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "AV", T0);		/* answered before the death: stays */
	letter(&b, &b.c[1], "B", T0);
	letter(&b, &b.c[2], "CK", T0);
	letter(&b, &b.c[3], "DV", T0);		/* behind the killer in the ring */
	letter(&b, &b.c[1], "EV", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 3);
	assert_string_equal(b.c[0].result.app, "av");
	assert_string_equal(b.c[1].result.app, "bev");
	assert_string_equal(b.c[3].result.app, "dv");
	assert_int_equal(b.c[2].quarantines, 1);
	assert_int_equal(b.c[2].killed_by, 5);
	assert_int_equal(b.c[0].order, 1);
	assert_int_equal(b.c[2].order, 2);
	assert_int_equal(b.c[1].order, 3);	/* fed again: in order of opening */
	assert_int_equal(b.c[3].order, 4);
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 1);
	assert_int_equal(n.hangs, 0);
	assert_int_equal(n.refed, 2);
	assert_int_equal(n.refeed_lost, 0);
	bench_close(&b);
}

static void
test_deaths_while_feeding_again_end_when_the_killers_are_found(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	for (unsigned i = 0; i < 10; i++)
		letter(&b, &b.c[i], i % 2 == 0 ? "AAK" : "AAAV", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 5);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(b.c[i].quarantines, i % 2 == 0);
		assert_int_equal(b.c[i].verdicts, i % 2);
	}
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 5);
	bench_close(&b);
}

static void
test_after_a_death_a_flow_is_judged_by_what_was_kept_of_it(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	/* Room for two packets a flow, and for two flows in all. */
	fake_bench(&b, (struct dpi_options){ .kept_flow = 200, .kept_all = 400 }, 0);
	letter(&b, &b.c[0], "ABCD", T0);
	letter(&b, &b.c[1], "EF", T0);
	letter(&b, &b.c[2], "GH", T0);
	letter(&b, &b.c[3], "K", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 2);
	/* Not all of it was kept: a guess from its beginning. */
	assert_int_equal(b.c[0].verdicts, 1);
	assert_string_equal(b.c[0].result.app, "ab");
	assert_string_equal(b.c[0].result.host, "given up");
	/* Nothing of it was kept. */
	assert_int_equal(b.c[2].verdicts, 1);
	assert_string_equal(b.c[2].result.app, "");
	assert_int_equal(b.c[2].dpi.state, DPI_GIVEN_UP);
	letter(&b, &b.c[1], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_string_equal(b.c[1].result.app, "efv");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.refeed_lost, 1);
	assert_int_equal(n.refed, 2);
	bench_close(&b);
}

static void
test_a_last_guess_survives_the_death_of_the_cell(void **state)
{
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "AB", T0);
	letter(&b, &b.c[1], "K", T0);
	dpi_end(b.dpi, &b.c[0].dpi, at(T0));
	assert_int_equal(b.c[0].verdicts, 1);
	assert_string_equal(b.c[0].result.app, "ab");
	assert_string_equal(b.c[0].result.host, "given up");
	assert_int_equal(b.c[1].quarantines, 0);	/* its turn is at the next sync */
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	assert_int_equal(b.c[1].quarantines, 1);
	bench_close(&b);
}

static void
test_a_spinning_cell_is_killed_by_its_own_cpu_time(void **state)
{
	struct timespec t0, t1;
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	letter(&b, &b.c[1], "S", T0);
	letter(&b, &b.c[0], "V", T0);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	assert_int_equal(b.c[1].quarantines, 1);
	assert_string_equal(b.c[0].result.app, "av");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.hangs, 1);
	assert_int_equal(n.deaths, 1);
	assert_true(t1.tv_sec - t0.tv_sec < 5);
	bench_close(&b);
}

static void
test_a_lying_cell_is_killed_and_its_answer_is_not_believed(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	letter(&b, &b.c[1], "LLLLL", T0);
	/* It would lie for ever: the breaker ends it. */
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 2);
	assert_true(dpi_broken(b.dpi));
	assert_string_equal(b.c[0].result.app, "");
	assert_string_equal(b.c[1].result.app, "");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 20);
	bench_close(&b);
}

static void
test_25_deaths_in_ten_seconds_trip_the_breaker_for_a_minute(void **state)
{
	struct dpi_counters n;
	struct bench b;
	int64_t when = T0;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[60], "A", T0);
	for (unsigned i = 0; i < 25; i++, when += 300 * NS_PER_MS) {
		letter(&b, &b.c[i], "K", when);
		dpi_sync(b.dpi, at(when));
		assert_int_equal(dpi_broken(b.dpi), i >= 19);
	}
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 20);
	assert_int_equal(n.breaker_trips, 1);
	assert_int_equal(b.c[19].quarantines, 1);
	assert_int_equal(b.c[20].quarantines, 0);
	assert_int_equal(b.c[20].dpi.state, DPI_GIVEN_UP);
	assert_int_equal(b.c[60].verdicts, 1);
	assert_string_equal(b.c[60].result.app, "");
	/* 59 s after the trip it is still open, 60 s after it is not. */
	when = T0 + 19 * 300 * NS_PER_MS + 59 * NS_PER_S;
	letter(&b, &b.c[30], "V", when);
	assert_int_equal(dpi_sync(b.dpi, at(when)), 0);
	when += NS_PER_S;
	letter(&b, &b.c[31], "V", when);
	assert_int_equal(dpi_sync(b.dpi, at(when)), 1);
	assert_false(dpi_broken(b.dpi));
	assert_string_equal(b.c[31].result.app, "v");
	bench_close(&b);
}

static void
test_15_deaths_and_25_far_apart_do_not_trip_it(void **state)
{
	struct dpi_counters n;
	struct bench b;
	int64_t when = T0;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	for (unsigned i = 0; i < 15; i++, when += 100 * NS_PER_MS) {
		letter(&b, &b.c[i], "K", when);
		dpi_sync(b.dpi, at(when));
	}
	when += 20 * NS_PER_S;
	for (unsigned i = 15; i < 40; i++, when += 600 * NS_PER_MS) {
		letter(&b, &b.c[i], "K", when);
		dpi_sync(b.dpi, at(when));
	}
	assert_false(dpi_broken(b.dpi));
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 40);
	assert_int_equal(n.breaker_trips, 0);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(b.c[i].quarantines, 1);
	bench_close(&b);
}

static void
test_a_cell_killed_from_outside_costs_nobody(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(kill(n.cell_pid, SIGKILL), 0);
	letter(&b, &b.c[0], "V", T0);
	/* Whether the death is seen before or after the answer,
	 * the answer is the same. */
	while (b.c[0].verdicts == 0)
		dpi_sync(b.dpi, at(T0));
	assert_string_equal(b.c[0].result.app, "av");
	bench_close(&b);
}

static void
test_without_its_zygote_the_sensor_gives_up_and_goes_on(void **state)
{
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	assert_int_equal(kill(dpi_cell_zygote_pid(b.cell), SIGKILL), 0);
	letter(&b, &b.c[0], "BV", T0);
	letter(&b, &b.c[1], "C", T0);
	/* The cell may have answered before its parent's death reached it. */
	dpi_sync(b.dpi, at(T0));
	letter(&b, &b.c[1], "DK", T0);
	dpi_sync(b.dpi, at(T0));
	dpi_end(b.dpi, &b.c[1].dpi, at(T0));
	assert_int_equal(b.c[0].verdicts, 1);
	assert_int_equal(b.c[1].verdicts, 1);
	assert_string_equal(b.c[1].result.app, "");
	letter(&b, &b.c[2], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	assert_int_equal(b.c[2].dpi.state, DPI_GIVEN_UP);
	bench_close(&b);
}

static void
test_flows_beyond_the_slots_are_counted_and_slots_come_back(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 2);
	letter(&b, &b.c[0], "A", T0);
	letter(&b, &b.c[1], "A", T0);
	letter(&b, &b.c[2], "A", T0);
	assert_int_equal(b.c[2].dpi.state, DPI_GIVEN_UP);
	letter(&b, &b.c[0], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	letter(&b, &b.c[3], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_string_equal(b.c[3].result.app, "v");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.no_slot, 1);
	bench_close(&b);
}

static void
test_more_than_a_ring_between_two_syncs_is_answered_all_the_same(void **state)
{
	static uint8_t big[9000];
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	memset(big, 'A', sizeof(big));
	/* 60 flows x 20 packets x 9 kB: five times what one drain holds. */
	for (unsigned i = 0; i < 60; i++)
		for (unsigned j = 0; j < 20; j++)
			feed(&b, &b.c[i], FLOW_TO_SERVER, big, sizeof(big), T0);
	for (unsigned i = 0; i < 60; i++)
		letter(&b, &b.c[i], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 60);
	for (unsigned i = 0; i < 60; i++) {
		assert_string_equal(b.c[i].result.app, "aaaaaaaaaaaaaaaaaaaav");
		assert_int_equal(b.c[i].order, i + 1);
	}
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.packets, 60 * 21);
	assert_int_equal(n.deaths, 0);
	bench_close(&b);
}

static void
test_a_second_sensor_gets_a_cell_of_its_own(void **state)
{
	struct dpi_options o = { .on_verdict = on_verdict,
		.on_quarantine = on_quarantine };
	struct dpi_counters n;
	struct fault why;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	dpi_sync(b.dpi, at(T0));
	dpi_destroy(b.dpi);
	o.cell = b.cell;
	o.arg = &b;
	b.dpi = dpi_create(&o, &why);
	assert_non_null(b.dpi);
	/* The same slot, another flow: nothing of the first one is in it. */
	letter(&b, &b.c[1], "BV", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_string_equal(b.c[1].result.app, "bv");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 0);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_after_a_death_open_flows_are_fed_again_in_order_of_opening),
		cmocka_unit_test(
		    test_deaths_while_feeding_again_end_when_the_killers_are_found),
		cmocka_unit_test(
		    test_after_a_death_a_flow_is_judged_by_what_was_kept_of_it),
		cmocka_unit_test(test_a_last_guess_survives_the_death_of_the_cell),
		cmocka_unit_test(test_a_spinning_cell_is_killed_by_its_own_cpu_time),
		cmocka_unit_test(
		    test_a_lying_cell_is_killed_and_its_answer_is_not_believed),
		cmocka_unit_test(
		    test_25_deaths_in_ten_seconds_trip_the_breaker_for_a_minute),
		cmocka_unit_test(test_15_deaths_and_25_far_apart_do_not_trip_it),
		cmocka_unit_test(test_a_cell_killed_from_outside_costs_nobody),
		cmocka_unit_test(test_without_its_zygote_the_sensor_gives_up_and_goes_on),
		cmocka_unit_test(
		    test_flows_beyond_the_slots_are_counted_and_slots_come_back),
		cmocka_unit_test(
		    test_more_than_a_ring_between_two_syncs_is_answered_all_the_same),
		cmocka_unit_test(test_a_second_sensor_gets_a_cell_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
