/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queries (T7): the last minute of questions for a domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/queries.h"
#include "limits.h"

static struct observation
look(struct queries *q, double t)
{
	struct observation o = { 0 };

	queries_observe(q, at(t), &o);
	assert_true(observation_known(&o, FIELD_dns_queries));
	assert_true(observation_known(&o, FIELD_dns_bytes));
	assert_true(observation_known(&o, FIELD_dns_mean));
	return o;
}

static void
test_a_minute_of_questions_is_summed(void **state)
{
	struct queries q = { 0 };
	struct observation o;
	unsigned i;

	(void)state;
	for (i = 0; i < 59; i++)
		queries_packet(&q, at(i), 100 + i % 2 * 100);
	o = look(&q, 58.5);
	assert_int_equal(o.dns_queries, 59);
	assert_int_equal(o.dns_bytes, 30 * 100 + 29 * 200);
	assert_int_equal(o.dns_mean, 8800 / 59);
	assert_int_equal(q.first.ns, START);
}

static void
test_what_is_older_than_a_minute_is_forgotten(void **state)
{
	struct queries q = { 0 };

	(void)state;
	queries_packet(&q, at(0), 100);
	queries_packet(&q, at(30), 300);
	assert_int_equal(look(&q, 59.9).dns_queries, 2);
	assert_int_equal(look(&q, 60).dns_queries, 1);
	assert_int_equal(look(&q, 89).dns_bytes, 300);
	assert_int_equal(look(&q, 90).dns_queries, 0);
	assert_int_equal(look(&q, 90).dns_mean, 0);
	queries_packet(&q, at(1e6), 50);
	assert_int_equal(look(&q, 1e6).dns_bytes, 50);
	assert_int_equal(q.queries_ever, 3);
	assert_int_equal(q.bytes_ever, 450);
}

static void
test_time_that_goes_back_counts_now(void **state)
{
	struct queries q = { 0 };

	(void)state;
	queries_packet(&q, at(100), 100);
	queries_packet(&q, at(-1e6), 100);
	queries_packet(&q, (struct pkt_time){ INT64_MIN }, 100);
	assert_int_equal(look(&q, 3).dns_queries, 3);
	assert_int_equal(look(&q, 159).dns_queries, 3);
	assert_int_equal(look(&q, 160).dns_queries, 0);
	queries_packet(&q, (struct pkt_time){ INT64_MAX }, 100);
	assert_int_equal(look(&q, 0).dns_queries, 1);
}

static void
test_a_flood_saturates_and_does_not_wrap(void **state)
{
	struct queries q = { 0 };
	struct observation o;
	unsigned i;

	(void)state;
	for (i = 0; i < 70000; i++)
		queries_packet(&q, at(0), 65535);
	o = look(&q, 0);
	assert_int_equal(o.dns_queries, UINT16_MAX);
	assert_int_equal(o.dns_bytes, UINT32_MAX);
	assert_int_equal(q.queries_ever, 70000);
}

/* Each name once; of each what stands beyond 32 bytes. */
static void
test_an_hour_of_long_names_is_summed(void **state)
{
	struct queries q = { 0 };
	uint64_t i;

	(void)state;
	for (i = 1; i <= 40; i++)
		queries_name(&q, &limits, at((double)i * 60), 132, i << 49);
	assert_int_equal(look(&q, 2400).dns_held, 4000);
	queries_name(&q, &limits, at(2400), 132, 40ULL << 49);
	queries_name(&q, &limits, at(2400), 32, 99ULL << 49);
	assert_int_equal(look(&q, 2400).dns_held, 4000);
	queries_name(&q, &limits, at(2400), 33, 99ULL << 49);
	assert_int_equal(look(&q, 2400).dns_held, 4001);
	/* bins of five minutes */
	assert_in_range(look(&q, 4500).dns_held, 2001, 3001);
	assert_int_equal(look(&q, 2400 + 3900).dns_held, 0);
	queries_name(&q, &limits, at(1e6), 42, 7ULL << 49);
	assert_int_equal(look(&q, 1e6).dns_held, 10);
	queries_name(&q, &limits, at(-1e6), 42, 8ULL << 49);
	queries_name(&q, &limits, (struct pkt_time){ INT64_MIN }, 42, 9ULL << 49);
	assert_int_equal(look(&q, 1e6).dns_held, 30);
	queries_name(&q, &limits, (struct pkt_time){ INT64_MAX }, 42, 6ULL << 49);
	assert_int_equal(look(&q, 0).dns_held, 10);
}

/* A name that comes again is not new, until 64 others or so have come. */
static void
test_a_name_that_comes_again_holds_nothing_new(void **state)
{
	struct queries q = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		queries_name(&q, &limits, at(i), 200, i % 2 == 0 ? 0x1234000000000001 : 0x5678000000000002);
	assert_int_equal(look(&q, 1000).dns_held, 2 * 168);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_minute_of_questions_is_summed),
		cmocka_unit_test(test_what_is_older_than_a_minute_is_forgotten),
		cmocka_unit_test(test_time_that_goes_back_counts_now),
		cmocka_unit_test(test_a_flood_saturates_and_does_not_wrap),
		cmocka_unit_test(test_an_hour_of_long_names_is_summed),
		cmocka_unit_test(test_a_name_that_comes_again_holds_nothing_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
