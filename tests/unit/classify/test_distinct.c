/* SPDX-License-Identifier: GPL-3.0-or-later */
/* distinct: exact, then estimated; windows; clocks; what is written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/ledger/distinct.h"
#include "limits.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NS_PER_S)

static const struct ledger_key ana = { 1, 2 };
static const struct siphash_key hash = { 8, 9 };

static struct distinct *
new_distinct(int64_t window, size_t max)
{
	struct distinct *d = distinct_create(&(struct ledger_options){ .hash = { 4, 5 },
		.window = window, .max = max });

	assert_non_null(d);
	return d;
}

static uint64_t
thing(uint64_t n)
{
	return siphash13(&hash, &n, sizeof(n));
}

static void
test_few_are_counted_exactly_and_once(void **state)
{
	struct distinct *d = new_distinct(HOUR, 4);
	struct distinct_count c = { 0 };

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		c = distinct_add(d, &ana, at(i * 10), thing(i % 20));
	assert_int_equal(c.count, 20);
	assert_true(c.exact);
	assert_int_equal(distinct_get(d, &ana, at(3000 + 3600 + 900)).count, 0);
	assert_int_equal(distinct_get(d, &(struct ledger_key){ 7, 7 }, at(0)).count, 0);
	distinct_destroy(d);
	distinct_destroy(NULL);
	assert_null(distinct_create(&(struct ledger_options){ .window = 5 }));
}

/* 60 runs at each size: standard error as stated, no bias to speak of. */
static void
test_many_are_estimated_as_well_as_is_stated(void **state)
{
	static const unsigned size[] = { 40, 100, 400, 1500, 6000 };
	uint64_t n = 0;

	(void)state;
	for (unsigned s = 0; s < 5; s++) {
		double sum = 0, square = 0;
		enum { RUNS = 60 };

		for (unsigned run = 0; run < RUNS; run++) {
			struct distinct *d = new_distinct(HOUR, 1);
			struct distinct_count c = { 0 };
			double off;

			for (unsigned i = 0; i < size[s]; i++)
				c = distinct_add(d, &ana, at(0), thing(n++));
			assert_false(c.exact);
			off = (double)c.count / size[s] - 1;
			sum += off;
			square += off * off;
			distinct_destroy(d);
		}
		assert_near(sum / RUNS, 0, 0.02);
		assert_true(sqrt(square / RUNS) < 1.35 * DISTINCT_ERROR);
	}
}

static void
test_the_window_slides_by_quarters(void **state)
{
	struct distinct *d = new_distinct(HOUR, 4);

	(void)state;
	for (unsigned q = 0; q < 8; q++)
		for (unsigned i = 0; i < 50; i++)
			(void)distinct_add(d, &ana, at(q * 900), thing(q * 50 + i));
	assert_in_range(distinct_get(d, &ana, at(7 * 900)).count, 200, 290);
	assert_in_range(distinct_get(d, &ana, at(10 * 900)).count, 70, 130);
	assert_int_equal(distinct_get(d, &ana, at(12 * 900 + 1)).count, 0);
	/* A clock that went back by a day: as of now, and gone an hour later. */
	assert_in_range(distinct_add(d, &ana, at(-86400), thing(1)).count, 180, 290);
	assert_int_equal(distinct_get(d, &ana, at(-86400 + 5 * 900)).count, 0);
	distinct_destroy(d);
}

struct item {
	uint8_t bytes[DISTINCT_ENTRY_MAX];
	size_t n;
};

static bool
keep(void *arg, const void *entry, size_t n)
{
	struct item *i = arg;

	memcpy(i->bytes, entry, n);
	i->n = n;
	return true;
}

static void
test_what_is_written_is_restored(void **state)
{
	static const unsigned size[] = { 3, 32, 33, 2000 };

	(void)state;
	for (unsigned s = 0; s < 4; s++) {
		struct distinct *d = new_distinct(HOUR, 2), *e = new_distinct(HOUR, 2);
		struct item item = { .n = 0 };
		size_t place = 0;

		for (unsigned i = 0; i < size[s]; i++)
			(void)distinct_add(d, &ana, at(i), thing(i));
		assert_true(distinct_save(d, &place, 9, false, keep, &item));
		assert_true(item.n > 0);
		for (size_t n = 0; n < item.n; n++)
			assert_false(distinct_restore(e, span_of(item.bytes, n)));
		assert_true(distinct_restore(e, span_of(item.bytes, item.n)));
		assert_int_equal(distinct_get(e, &ana, at(2000)).count,
		    distinct_get(d, &ana, at(2000)).count);
		item.n = 0;
		assert_true(distinct_save(d, &place, 9, false, keep, &item));
		assert_int_equal(item.n, 0);
		assert_true(distinct_save(d, &place, 9, true, keep, &item));
		assert_true(item.n > 0);
		distinct_destroy(d);
		distinct_destroy(e);
	}
}

static void
test_a_key_too_many_takes_the_oldest_place(void **state)
{
	struct distinct *d = new_distinct(HOUR, 3);
	struct ledger_key k = { 0, 0 };

	(void)state;
	for (k.lo = 0; k.lo < 5; k.lo++)
		(void)distinct_add(d, &k, at(0), thing(k.lo));
	assert_int_equal(distinct_keys(d), 3);
	assert_int_equal(distinct_evicted(d), 2);
	k.lo = 1;
	assert_int_equal(distinct_get(d, &k, at(0)).count, 0);
	k.lo = 4;
	assert_int_equal(distinct_get(d, &k, at(0)).count, 1);
	distinct_destroy(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_are_counted_exactly_and_once),
		cmocka_unit_test(test_many_are_estimated_as_well_as_is_stated),
		cmocka_unit_test(test_the_window_slides_by_quarters),
		cmocka_unit_test(test_what_is_written_is_restored),
		cmocka_unit_test(test_a_key_too_many_takes_the_oldest_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
