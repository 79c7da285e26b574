/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ledger: sums over windows, eviction, dump and load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/ledger/ledger.h"
#include "limits.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NS_PER_S)
#define HEAD_SIZE 28
#define ENTRY_SIZE 540

static const struct ledger_key ana = { 1, 2 }, bob = { 1, 3 };

struct file {
	uint8_t bytes[64 * 1024];
	size_t n, most;			/* most: refuse to go beyond; 0: no */
};

static struct ledger *
new_ledger(int64_t window, size_t max)
{
	struct ledger *l = ledger_create(&(struct ledger_options){
		.hash = { 4, 5 }, .window = window, .max = max });

	assert_non_null(l);
	return l;
}

static bool
file_write(void *arg, const void *b, size_t n)
{
	struct file *f = arg;

	if (f->n + n > sizeof(f->bytes) || (f->most != 0 && f->n + n > f->most))
		return false;
	memcpy(f->bytes + f->n, b, n);
	f->n += n;
	return true;
}

/* From a copy of its exact size, so that a read beyond it is seen. */
static size_t
load(struct ledger *l, const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n + (n == 0));
	size_t taken;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	taken = ledger_load(l, span_of(copy, n));
	free(copy);
	return taken;
}

static void
test_a_ledger_needs_a_window_and_forgives_a_null(void **state)
{
	(void)state;
	assert_null(ledger_create(&(struct ledger_options){ .window = 0 }));
	assert_null(ledger_create(&(struct ledger_options){ .window = NS_PER_S - 1 }));
	ledger_destroy(NULL);
}

static void
test_a_sum_reaches_over_the_window_and_one_bin_more_at_most(void **state)
{
	struct ledger *l = new_ledger(HOUR, 16);
	struct ledger_sum s;

	(void)state;
	s = ledger_add(l, &ana, at(30), 100);
	assert_int_equal(s.sum, 100);
	assert_int_equal(s.since.ns, at(30).ns);
	ledger_add(l, &ana, at(1800), 20);
	s = ledger_get(l, &ana, at(3629));
	assert_int_equal(s.sum, 120);
	s = ledger_get(l, &ana, at(30 + 3600 + 60));
	assert_int_equal(s.sum, 20);
	assert_true(s.since.ns <= at(1800).ns && s.since.ns > at(1800 - 60).ns);
	assert_int_equal(s.ever, 120);
	s = ledger_get(l, &ana, at(1800 + 3600 + 60));
	assert_int_equal(s.sum, 0);
	assert_int_equal(s.since.ns, 0);
	/* Looking ahead forgot nothing. */
	assert_int_equal(ledger_get(l, &ana, at(1800)).sum, 120);
	assert_int_equal(ledger_get(l, &bob, at(30)).sum, 0);
	ledger_destroy(l);
}

static void
test_the_sum_is_the_windows_within_one_bin(void **state)
{
	static const int64_t window[] = { HOUR, 24 * HOUR, 30 * 24 * HOUR,
	    61 * NS_PER_S + 7 };
	enum { N = 800 };
	static double t[N];
	static uint64_t amount[N];
	struct dice d = { 77 };
	unsigned w, i, k;

	(void)state;
	for (w = 0; w < 4; w++) {
		struct ledger *l = new_ledger(window[w], 4);
		double span = (double)window[w] / 1e9, bin = span / 60 + 1e-6, now = 0;

		for (i = 0; i < N; i++) {
			uint64_t least = 0, most = 0;
			struct ledger_sum s;

			now += dice_exponential(&d, span / (i % 100 < 50 ? 200 : 10));
			t[i] = now;
			amount[i] = (uint64_t)(1e6 * dice_uniform(&d));
			s = ledger_add(l, &ana, at(now), amount[i]);
			for (k = 0; k <= i; k++) {
				least += t[k] > now - span ? amount[k] : 0;
				most += t[k] > now - span - bin ? amount[k] : 0;
			}
			assert_true(s.sum >= least && s.sum <= most);
			assert_true(s.since.ns <= at(now).ns);
			assert_true(s.since.ns > at(now - span - 2 * bin).ns);
		}
		ledger_destroy(l);
	}
}

static void
test_sums_do_not_wrap(void **state)
{
	struct ledger *l = new_ledger(HOUR, 4);
	unsigned i;

	(void)state;
	for (i = 0; i < 9; i++)
		ledger_add(l, &ana, at(i * 300), UINT64_C(1) << 30);
	assert_int_equal(ledger_get(l, &ana, at(2400)).sum, UINT64_C(9) << 30);
	ledger_add(l, &ana, at(2400), UINT64_MAX);
	assert_true(ledger_get(l, &ana, at(2400)).sum == UINT64_MAX);
	assert_true(ledger_get(l, &ana, at(2400)).ever == UINT64_MAX);
	ledger_destroy(l);
}

static void
test_a_clock_that_steps_back_adds_to_the_newest_bin(void **state)
{
	struct ledger *l = new_ledger(HOUR, 4);

	(void)state;
	ledger_add(l, &ana, at(7200), 1);
	assert_int_equal(ledger_add(l, &ana, at(0), 2).sum, 3);
	assert_int_equal(ledger_add(l, &ana, (struct pkt_time){ INT64_MIN }, 4).sum, 7);
	assert_int_equal(ledger_get(l, &ana, at(7200 + 3599)).sum, 7);
	assert_int_equal(ledger_get(l, &ana, at(0)).sum, 7);
	ledger_destroy(l);
}

static void
test_a_leap_past_the_window_empties_the_ring(void **state)
{
	struct ledger *l = new_ledger(HOUR, 4);
	struct ledger_sum s;

	(void)state;
	ledger_add(l, &ana, at(0), 1);
	s = ledger_add(l, &ana, at(4000), 2);
	assert_int_equal(s.sum, 2);
	s = ledger_add(l, &ana, (struct pkt_time){ INT64_MAX }, 4);
	assert_int_equal(s.sum, 4);
	assert_int_equal(s.ever, 7);
	ledger_destroy(l);
}

static void
test_the_least_recently_used_key_is_forgotten(void **state)
{
	struct ledger *l = new_ledger(HOUR, 8);
	struct ledger_key k = { 0, 0 };

	(void)state;
	for (k.lo = 0; k.lo < 8; k.lo++)
		ledger_add(l, &k, at((double)k.lo), 1);
	k.lo = 0;
	ledger_add(l, &k, at(9), 1);
	k.lo = 1;
	ledger_get(l, &k, at(9));		/* looking is not using */
	k.lo = 100;
	ledger_add(l, &k, at(10), 1);
	assert_int_equal(ledger_evicted(l), 1);
	k.lo = 1;
	assert_int_equal(ledger_get(l, &k, at(10)).sum, 0);
	k.lo = 0;
	assert_int_equal(ledger_get(l, &k, at(10)).sum, 2);
	ledger_destroy(l);
}

static void
test_what_is_dumped_is_loaded(void **state)
{
	static struct file a, b;
	struct ledger *l = new_ledger(24 * HOUR, 32), *m = new_ledger(24 * HOUR, 32);
	struct dice d = { 99 };
	struct ledger_key k = { 0, 0 };
	struct ledger_sum x, y;
	unsigned i;

	(void)state;
	a.n = b.n = 0;
	for (i = 0; i < 2000; i++) {
		k.lo = (uint64_t)(32 * dice_uniform(&d));
		k.hi = k.lo << 60;
		ledger_add(l, &k, at(i * 50), (uint64_t)(1e12 * dice_uniform(&d)));
	}
	assert_true(ledger_dump(l, file_write, &a));
	assert_int_equal(a.n, HEAD_SIZE + 32 * ENTRY_SIZE);
	assert_int_equal(load(m, a.bytes, a.n), 32);
	for (k.lo = 0; k.lo < 32; k.lo++) {
		k.hi = k.lo << 60;
		x = ledger_get(l, &k, at(100000));
		y = ledger_get(m, &k, at(100000));
		assert_true(x.sum == y.sum && x.ever == y.ever &&
		    x.since.ns == y.since.ns);
		assert_true(x.sum > 0);
	}
	/* In the same order, so that the same ones are forgotten first. */
	assert_true(ledger_dump(m, file_write, &b));
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.bytes, b.bytes, a.n);
	/* What is there already stays. */
	assert_int_equal(load(m, a.bytes, a.n), 0);
	ledger_destroy(l);
	ledger_destroy(m);
}

static void
test_a_write_that_fails_ends_the_dump(void **state)
{
	static struct file f;
	struct ledger *l = new_ledger(HOUR, 4);

	(void)state;
	ledger_add(l, &ana, at(0), 1);
	f.n = 0;
	f.most = 10;
	assert_false(ledger_dump(l, file_write, &f));
	f.most = HEAD_SIZE;
	assert_false(ledger_dump(l, file_write, &f));
	assert_int_equal(f.n, HEAD_SIZE);
	ledger_destroy(l);
}

static void
test_any_damage_costs_one_entry_and_no_more(void **state)
{
	static struct file f;
	struct ledger *l = new_ledger(HOUR, 8), *m;
	struct ledger_key k = { 0, 0 };
	size_t i, taken;

	(void)state;
	f.n = 0;
	for (k.lo = 0; k.lo < 3; k.lo++)
		ledger_add(l, &k, at(0), 1000);
	assert_true(ledger_dump(l, file_write, &f));
	for (i = 0; i < f.n; i++) {
		m = new_ledger(HOUR, 8);
		f.bytes[i] ^= 0x40;
		taken = load(m, f.bytes, f.n);
		f.bytes[i] ^= 0x40;
		assert_int_equal(taken, i < HEAD_SIZE ? 0 : 2);
		ledger_destroy(m);
	}
	/* Cut anywhere: what is whole is taken. */
	for (i = 0; i < f.n; i += 7) {
		m = new_ledger(HOUR, 8);
		assert_int_equal(load(m, f.bytes, i),
		    i < HEAD_SIZE ? 0 : (i - HEAD_SIZE) / ENTRY_SIZE);
		ledger_destroy(m);
	}
	ledger_destroy(l);
}

static void
test_another_window_is_refused(void **state)
{
	static struct file f;
	struct ledger *l = new_ledger(HOUR, 8), *m = new_ledger(24 * HOUR, 8);

	(void)state;
	f.n = 0;
	ledger_add(l, &ana, at(0), 1);
	assert_true(ledger_dump(l, file_write, &f));
	assert_int_equal(load(m, f.bytes, f.n), 0);
	ledger_destroy(l);
	ledger_destroy(m);
}

static void
test_a_file_larger_than_the_ledger_leaves_the_newest(void **state)
{
	static struct file f;
	struct ledger *l = new_ledger(HOUR, 20), *m = new_ledger(HOUR, 5);
	struct ledger_key k = { 0, 0 };

	(void)state;
	f.n = 0;
	for (k.lo = 0; k.lo < 20; k.lo++)
		ledger_add(l, &k, at((double)k.lo), 1 + k.lo);
	assert_true(ledger_dump(l, file_write, &f));
	assert_int_equal(load(m, f.bytes, f.n), 20);
	assert_int_equal(ledger_evicted(m), 15);
	k.lo = 19;
	assert_int_equal(ledger_get(m, &k, at(20)).sum, 20);
	k.lo = 14;
	assert_int_equal(ledger_get(m, &k, at(20)).sum, 0);
	ledger_destroy(l);
	ledger_destroy(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_ledger_needs_a_window_and_forgives_a_null),
		cmocka_unit_test(
		    test_a_sum_reaches_over_the_window_and_one_bin_more_at_most),
		cmocka_unit_test(test_the_sum_is_the_windows_within_one_bin),
		cmocka_unit_test(test_sums_do_not_wrap),
		cmocka_unit_test(test_a_clock_that_steps_back_adds_to_the_newest_bin),
		cmocka_unit_test(test_a_leap_past_the_window_empties_the_ring),
		cmocka_unit_test(test_the_least_recently_used_key_is_forgotten),
		cmocka_unit_test(test_what_is_dumped_is_loaded),
		cmocka_unit_test(test_a_write_that_fails_ends_the_dump),
		cmocka_unit_test(test_any_damage_costs_one_entry_and_no_more),
		cmocka_unit_test(test_another_window_is_refused),
		cmocka_unit_test(test_a_file_larger_than_the_ledger_leaves_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
