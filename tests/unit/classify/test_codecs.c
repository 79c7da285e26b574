/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codecs: whether bytes fit a call, and how often they do by chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "classify/shape/codecs.h"
#include "tests/unit/classify/limits.h"

static bool
fits(double bytes, double seconds, struct call_fit *fit)
{
	return call_fits(&limits, (uint64_t)bytes, (int64_t)(seconds * 1e9), fit);
}

static void
test_codecs_of_calls_fit_their_own_files(void **state)
{
	struct call_fit fit;

	(void)state;
	for (unsigned i = 0; i < CODEC_COUNT; i++) {
		const struct codec *c = &codec_table[i];
		double file = codec_bytes(c) * 760;

		if (!c->of_calls)
			continue;
		assert_true(fits(upload_of(file), 760, &fit));
		assert_near(fit.rate, c->payload + c->container, 1);
		assert_near(fit.off, 0, 0.001);
		assert_true(fits(upload_of(file * 1.019), 760, &fit));
		assert_false(fits(upload_of(file * 1.03), 760, &fit));
		assert_false(fits(upload_of(file * 0.97), 760, &fit));
	}
}

static void
test_codecs_of_calls_lie_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CODEC_COUNT; i++)
		for (unsigned k = 0; k < i; k++) {
			double a = codec_bytes(&codec_table[i]), b = codec_bytes(&codec_table[k]);

			if (codec_table[i].of_calls && codec_table[k].of_calls && a != b)
				assert_true(fmax(a, b) / fmin(a, b) >
				    1 + 2 * limits.call_tolerance);
		}
}

static void
test_codecs_fit_no_call_that_is_short_or_none(void **state)
{
	struct call_fit fit;

	(void)state;
	assert_false(fits(upload_of(8000.0 * 59), 59, &fit));
	assert_false(fits(upload_of(8000.0), 0, &fit));
	assert_false(fits(0, 100, &fit));
	assert_false(call_fits(&limits, UINT64_MAX, INT64_MAX, &fit));
	assert_false(call_fits(&limits, 1000, -5, &fit));
}

/* What hearing.md says of chance: sizes drawn evenly by their logarithm. */
static void
test_codecs_fit_by_chance_once_in_twenty_or_less(void **state)
{
	struct dice dice = { 7 };
	struct call_fit fit;
	unsigned hits = 0, n = 100000;

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		double size = 3e4 * pow(1e8 / 3e4, dice_uniform(&dice));
		double seconds = exp(dice_normal(&dice, log(180), 0.9));

		hits += fits(size, seconds < 60 ? 60 : seconds, &fit);
	}
	assert_in_range(hits, n * 3 / 100, n * 4 / 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codecs_of_calls_fit_their_own_files),
		cmocka_unit_test(test_codecs_of_calls_lie_apart),
		cmocka_unit_test(test_codecs_fit_no_call_that_is_short_or_none),
		cmocka_unit_test(test_codecs_fit_by_chance_once_in_twenty_or_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
