/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ledger: sums over windows, a clock that steps, eviction, what is written down. */
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
static const struct ledger_key ana = { 1, 2 }, bob = { 1, 3 };

/* Items one behind the other, each behind its length. */
struct file {
	uint8_t bytes[64 * 1024];
	size_t n, items, most;		/* most: items that have room; 0: any */
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

	if (f->n + n + 2 > sizeof(f->bytes) || (f->most != 0 && f->items == f->most))
		return false;
	(void)put_le(f->bytes + f->n, n, 2);
	memcpy(f->bytes + f->n + 2, b, n);
	f->n += n + 2;
	f->items++;
	return true;
}

/* Each item from a copy of its exact size, so that a read beyond it is seen. */
static size_t
load(struct ledger *l, const struct file *f)
{
	size_t taken = 0;

	for (size_t at = 0; at < f->n;) {
		size_t n = f->bytes[at] | (size_t)f->bytes[at + 1] << 8;
		uint8_t *copy = malloc(n + (n == 0));

		assert_non_null(copy);
		memcpy(copy, f->bytes + at + 2, n);
		taken += ledger_restore(l, span_of(copy, n));
		free(copy);
		at += 2 + n;
	}
	return taken;
}

static bool
save(struct ledger *l, bool all, struct file *f)
{
	size_t place = 0;

	f->n = f->items = 0;
	return ledger_save(l, &place, SIZE_MAX, all, file_write, f);
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
test_sums_beyond_32_and_63_bits(void **state)
{
	struct ledger *l = new_ledger(24 * HOUR, 4);

	(void)state;
	for (unsigned i = 0; i < 24; i++)
		ledger_add(l, &ana, at(i * 3600), UINT64_C(1) << 33);
	assert_true(ledger_get(l, &ana, at(24 * 3600 - 1)).sum == UINT64_C(24) << 33);
	ledger_add(l, &ana, at(24 * 3600 - 1), UINT64_C(1) << 63);
	ledger_add(l, &ana, at(24 * 3600 - 1), UINT64_C(1) << 63);
	assert_true(ledger_get(l, &ana, at(24 * 3600 - 1)).sum == UINT64_MAX);
	ledger_destroy(l);
}

/* What was counted by the clock that was wrong leaves within a window of the right one. */
static void
test_a_clock_that_steps_back_takes_what_it_counted_with_it(void **state)
{
	struct ledger *l = new_ledger(HOUR, 4);

	(void)state;
	ledger_add(l, &ana, at(7200), 1);
	ledger_add(l, &ana, at(7300), 1);
	/* Within a bin it is disorder. */
	assert_int_equal(ledger_add(l, &ana, at(7250), 1).sum, 3);
	assert_int_equal(ledger_get(l, &ana, at(0)).sum, 3);
	assert_int_equal(ledger_add(l, &ana, at(0), 2).sum, 5);
	assert_true(ledger_get(l, &ana, at(0)).since.ns <= at(0).ns);
	assert_int_equal(ledger_get(l, &ana, at(3599)).sum, 5);
	assert_int_equal(ledger_get(l, &ana, at(3600 + 120)).sum, 0);
	assert_int_equal(ledger_add(l, &ana, at(7200), 4).sum, 4);
	assert_int_equal(ledger_add(l, &ana, (struct pkt_time){ INT64_MIN }, 4).sum, 8);
	ledger_destroy(l);
}

static void
test_a_leap_by_a_year_and_back_lasts_no_longer_than_a_window(void **state)
{
	static const double year = 365 * 86400.0;
	struct ledger *l = new_ledger(HOUR, 4);

	(void)state;
	ledger_add(l, &ana, at(0), 100);
	ledger_add(l, &ana, at(year), 7);
	assert_int_equal(ledger_get(l, &ana, at(year)).sum, 7);
	assert_int_equal(ledger_add(l, &ana, at(60), 1).sum, 8);
	assert_int_equal(ledger_get(l, &ana, at(60 + 3600 + 60)).sum, 0);
	for (unsigned i = 0; i < 100; i++)	/* back and forth: nothing counts twice */
		ledger_add(l, &bob, at(i % 2 * year + i), 1);
	assert_in_range(ledger_get(l, &bob, at(year)).sum, 1, 100);
	assert_int_equal(ledger_get(l, &bob, at(year + 7200)).sum, 0);
	ledger_destroy(l);
}

static void
test_a_bin_can_be_asked_back_to_the_keys_beginning(void **state)
{
	struct ledger *l = new_ledger(60 * 24 * HOUR, 4);	/* a bin a day */
	uint64_t v;

	(void)state;
	ledger_add(l, &ana, at(0), 5);
	ledger_add(l, &ana, at(14 * 86400), 9);
	assert_true(ledger_bin(l, &ana, at(14 * 86400), 0, &v));
	assert_int_equal(v, 9);
	assert_true(ledger_bin(l, &ana, at(14 * 86400), 7, &v));
	assert_int_equal(v, 0);			/* it was there and sent nothing */
	assert_true(ledger_bin(l, &ana, at(14 * 86400), 14, &v));
	assert_int_equal(v, 5);
	assert_false(ledger_bin(l, &ana, at(14 * 86400), 21, &v));
	assert_false(ledger_bin(l, &bob, at(14 * 86400), 0, &v));
	assert_false(ledger_bin(l, &ana, at(14 * 86400), LEDGER_BINS + 1, &v));
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
test_a_key_whose_window_is_empty_goes_first_and_leaves_no_error(void **state)
{
	struct ledger *l = new_ledger(HOUR, 4);
	struct ledger_key k = { 0, 0 };

	(void)state;
	for (k.lo = 0; k.lo < 4; k.lo++)
		ledger_add(l, &k, at((double)k.lo), 1 + k.lo);
	k.lo = 3;
	ledger_add(l, &k, at(4000), 1);
	k.lo = 100;
	assert_int_equal(ledger_add(l, &k, at(4001), 1).error, 0);
	k.lo = 0;
	assert_int_equal(ledger_get(l, &k, at(4001)).ever, 0);
	assert_int_equal(ledger_evicted(l), 1);
	ledger_destroy(l);
}

/* Space-Saving: with more keys than places, sum <= truth <= sum + error for every key that
 * is there, none that is not had more than ledger_error, and every key with more than the
 * total over the places is there. */
static void
test_a_flood_of_small_keys_does_not_wash_out_a_heavy_one(void **state)
{
	enum { KEYS = 5000, PLACES = 128, ADDS = 60000 };
	static uint64_t truth[KEYS];
	struct ledger *l = new_ledger(24 * HOUR, PLACES);
	struct dice d = { 5 };
	struct ledger_key k = { 0, 0 };
	uint64_t total = 0, heavy = 0;

	(void)state;
	for (unsigned i = 0; i < ADDS; i++) {
		/* Zipf-like: a few carry most, thousands next to nothing. */
		double u = dice_uniform(&d);
		uint64_t amount = 100 + (uint64_t)(900 * dice_uniform(&d));

		k.lo = (uint64_t)(KEYS * u * u * u * u * u);
		truth[k.lo] += amount;
		total += amount;
		ledger_add(l, &k, at(i), amount);
	}
	assert_int_equal(ledger_keys(l), PLACES);
	assert_true(ledger_evicted(l) > 1000);
	for (k.lo = 0; k.lo < KEYS; k.lo++) {
		struct ledger_sum s = ledger_get(l, &k, at(ADDS));

		if (s.ever == 0) {
			assert_true(truth[k.lo] <= ledger_error(l));
			assert_true(truth[k.lo] <= total / PLACES);
		} else {
			assert_true(s.sum <= truth[k.lo]);
			assert_true(truth[k.lo] <= s.sum + s.error);
			heavy += truth[k.lo] > total / PLACES;
		}
	}
	assert_true(heavy > 5);
	assert_true(ledger_error(l) <= total / PLACES);
	/* An error ends with the window it came from. */
	k.lo = 9999;
	assert_true(ledger_add(l, &k, at(ADDS), 1).error > 0);
	assert_int_equal(ledger_get(l, &k, at(ADDS + 2 * 86400)).error, 0);
	ledger_destroy(l);
}

static void
test_what_is_written_is_restored(void **state)
{
	static struct file a, b;
	struct ledger *l = new_ledger(24 * HOUR, 32), *m = new_ledger(24 * HOUR, 32);
	struct dice d = { 99 };
	struct ledger_key k = { 0, 0 };
	struct ledger_sum x, y;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		k.lo = (uint64_t)(32 * dice_uniform(&d));
		k.hi = k.lo << 60;
		ledger_add(l, &k, at(i * 50), (uint64_t)(1e12 * dice_uniform(&d)));
	}
	assert_true(save(l, false, &a));
	assert_int_equal(a.items, 32);
	assert_int_equal(load(m, &a), 32);
	for (k.lo = 0; k.lo < 32; k.lo++) {
		k.hi = k.lo << 60;
		x = ledger_get(l, &k, at(100000));
		y = ledger_get(m, &k, at(100000));
		assert_true(x.sum == y.sum && x.ever == y.ever &&
		    x.since.ns == y.since.ns);
		assert_true(x.sum > 0);
	}
	/* What did not change since is not written again, unless all is asked for. */
	assert_true(save(l, false, &b));
	assert_int_equal(b.items, 0);
	k = (struct ledger_key){ 0, 0 };
	ledger_add(l, &k, at(100000), 1);
	assert_true(save(l, false, &b));
	assert_int_equal(b.items, 1);
	assert_true(save(l, true, &b));
	assert_int_equal(b.items, 32);
	/* A later item of a key replaces the one before. */
	x = ledger_get(l, &k, at(100000));
	assert_int_equal(load(m, &b), 32);
	assert_true(ledger_get(m, &k, at(100000)).sum == x.sum);
	ledger_destroy(l);
	ledger_destroy(m);
}

static void
test_a_slice_without_room_goes_on_where_it_stopped(void **state)
{
	static struct file f;
	struct ledger *l = new_ledger(HOUR, 16), *m = new_ledger(HOUR, 16);
	struct ledger_key k = { 0, 0 };
	size_t place = 0, n = 0;

	(void)state;
	for (k.lo = 0; k.lo < 10; k.lo++)
		ledger_add(l, &k, at((double)k.lo), 1 + k.lo);
	for (f.most = 3; ; n++) {
		bool done;

		f.n = f.items = 0;
		done = ledger_save(l, &place, 4, false, file_write, &f);
		(void)load(m, &f);
		if (done)
			break;
	}
	assert_in_range(n, 3, 5);
	assert_int_equal(place, 0);
	assert_int_equal(ledger_keys(m), 10);
	ledger_destroy(l);
	ledger_destroy(m);
}

static void
test_an_item_that_is_cut_or_a_lie_is_refused(void **state)
{
	static struct file f;
	struct ledger *l = new_ledger(HOUR, 8), *m = new_ledger(HOUR, 8);
	uint8_t item[LEDGER_ENTRY_MAX + 8];
	size_t n;

	(void)state;
	ledger_add(l, &ana, at(0), 1000);
	ledger_add(l, &ana, at(90), 1000);
	assert_true(save(l, false, &f));
	n = f.n - 2;
	memcpy(item, f.bytes + 2, n);
	for (size_t i = 0; i < n; i++)
		assert_false(ledger_restore(m, span_of(item, i)));
	assert_false(ledger_restore(m, span_of(item, n + 8)));
	memset(item + 16, 0xff, 8);			/* newest bin: the end of time */
	assert_false(ledger_restore(m, span_of(item, n)));
	assert_int_equal(ledger_keys(m), 0);
	ledger_destroy(l);
	ledger_destroy(m);
}

static void
test_more_items_than_places_leave_the_heaviest(void **state)
{
	static struct file f;
	struct ledger *l = new_ledger(HOUR, 20), *m = new_ledger(HOUR, 5);
	struct ledger_key k = { 0, 0 };

	(void)state;
	for (k.lo = 0; k.lo < 20; k.lo++)
		ledger_add(l, &k, at((double)k.lo), UINT64_C(1) << k.lo);
	assert_true(save(l, true, &f));
	assert_int_equal(load(m, &f), 20);
	assert_int_equal(ledger_keys(m), 5);
	k.lo = 19;
	assert_int_equal(ledger_get(m, &k, at(20)).sum, 1 << 19);
	k.lo = 3;
	assert_int_equal(ledger_get(m, &k, at(20)).sum, 0);
	ledger_destroy(l);
	ledger_destroy(m);
}

/* The same by a plain ring of all bins, whatever is used of it: few, many, few again. */
static void
test_few_bins_and_many_come_to_what_a_whole_ring_holds(void **state)
{
	enum { BINS = LEDGER_BINS + 1 };
	uint64_t bin[BINS] = { 0 }, dice = 88172645463325252ULL;
	struct ledger *l = new_ledger(60 * NS_PER_S, 4);
	int64_t now = 1000000, newest = now;
	unsigned most = 0, least = BINS;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		static const int64_t pace[] = { 0, 1, 2, 25, 61, 400, -1, -2, -9, -400 };
		uint64_t amount, sum = 0, ahead = 0;
		unsigned used = 0;

		dice ^= dice << 13;
		dice ^= dice >> 7;
		dice ^= dice << 17;
		/* spells of small steps and of large ones */
		now += pace[dice % ((i / 500) % 3 == 0 ? 2 : (i / 500) % 3 == 1 ? 5 : 10)];
		amount = (dice >> 20) % 1000 + 1;
		if (now > newest || now < newest - 1) {
			for (int64_t b = newest + 1; b <= now && b <= newest + BINS; b++)
				bin[b % BINS] = 0;
			for (int64_t b = now + 1; b <= newest && b <= now + BINS; b++) {
				ahead += bin[b % BINS];
				bin[b % BINS] = 0;
			}
			if (newest - now >= BINS)
				memset(bin, 0, sizeof(bin));
			newest = now;
			bin[newest % BINS] += ahead;
		}
		bin[newest % BINS] += amount;
		for (unsigned k = 0; k < BINS; k++) {
			sum += bin[k];
			used += bin[k] > 0;
		}
		most = used > most ? used : most;
		least = used < least ? used : least;
		assert_int_equal(ledger_add(l, &ana, (struct pkt_time){ now * NS_PER_S },
		    amount).sum, sum);
		if (i % 97 == 0)	/* a place and its ring are given back */
			(void)ledger_add(l, &(struct ledger_key){ 9, i },
			    (struct pkt_time){ now * NS_PER_S }, 1);
	}
	assert_true(most > 50 && least == 1);
	ledger_destroy(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_bins_and_many_come_to_what_a_whole_ring_holds),
		cmocka_unit_test(test_a_ledger_needs_a_window_and_forgives_a_null),
		cmocka_unit_test(
		    test_a_sum_reaches_over_the_window_and_one_bin_more_at_most),
		cmocka_unit_test(test_the_sum_is_the_windows_within_one_bin),
		cmocka_unit_test(test_sums_do_not_wrap),
		cmocka_unit_test(test_sums_beyond_32_and_63_bits),
		cmocka_unit_test(
		    test_a_clock_that_steps_back_takes_what_it_counted_with_it),
		cmocka_unit_test(
		    test_a_leap_by_a_year_and_back_lasts_no_longer_than_a_window),
		cmocka_unit_test(test_a_leap_past_the_window_empties_the_ring),
		cmocka_unit_test(test_a_bin_can_be_asked_back_to_the_keys_beginning),
		cmocka_unit_test(
		    test_a_key_whose_window_is_empty_goes_first_and_leaves_no_error),
		cmocka_unit_test(
		    test_a_flood_of_small_keys_does_not_wash_out_a_heavy_one),
		cmocka_unit_test(test_what_is_written_is_restored),
		cmocka_unit_test(test_a_slice_without_room_goes_on_where_it_stopped),
		cmocka_unit_test(test_an_item_that_is_cut_or_a_lie_is_refused),
		cmocka_unit_test(test_more_items_than_places_leave_the_heaviest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
