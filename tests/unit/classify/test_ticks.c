/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets of one size: at a codec's pace or at another, whatever the capture lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ear.h"

#define RUNS 10
#define LONG 123.0

/* Equal datagrams every `apart` ms, late by up to `late` s, so many lost; how many of RUNS
 * such senders alert. */
static unsigned
alerts(double apart, double late, double loss, double batch)
{
	struct dice d = { 41 };
	struct tape t = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		double began = dice_uniform(&d);

		for (double k = 0; k * apart / 1e3 < LONG; k++) {
			double s = began + k * apart / 1e3;

			if (batch > 0)
				s = ceil(s / batch) * batch;
			if (dice_uniform(&d) >= loss)
				tape_put(&t, s + late * dice_uniform(&d), 120, UINT32_MAX);
		}
		n += tape_play(&t).alert > 0;
	}
	free(t.p);
	return n;
}

static void
test_a_sensor_that_lost_some_is_not_a_codec(void **state)
{
	static const double sensor[] = { 125, 100, 66.667, 50, 33.333, 25, 16.667, 12.5 };
	static const double loss[] = { 0, 0.01, 0.05, 0.1 };

	(void)state;
	for (unsigned i = 0; i < sizeof(sensor) / sizeof(sensor[0]); i++)
		for (unsigned j = 0; j < 4; j++)
			assert_int_equal(alerts(sensor[i], 0.005, loss[j], 0), 0);
}

static void
test_a_codec_that_lost_some_is_one(void **state)
{
	static const double codec[] = { 7.5, 10, 15, 20, 22.5, 24, 30, 40, 60, 90 };
	static const double loss[] = { 0, 0.01, 0.05 };

	(void)state;
	for (unsigned i = 0; i < sizeof(codec) / sizeof(codec[0]); i++)
		for (unsigned j = 0; j < 3; j++) {
			assert_in_range(alerts(codec[i], 0.005, loss[j], 0), RUNS - 1, RUNS);
			/* in batches, by their number */
			assert_in_range(alerts(codec[i], 0.005, loss[j], 0.25), RUNS - 1, RUNS);
		}
	/* and so what comes later than a frame */
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(alerts(codec[i], 0.02, 0.01, 0), RUNS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sensor_that_lost_some_is_not_a_codec),
		cmocka_unit_test(test_a_codec_that_lost_some_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
