/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line that says how far a reading is. */
#include "rules/cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sensor_report report;
static char line[160];

static const char *
after(uint64_t packets, uint64_t read, uint64_t total, int64_t secs)
{
	report.progress.packets = packets;
	report.progress.bytes_read = read;
	report.progress.bytes_total = total;
	(void)progress_line(line, sizeof(line), &report, secs * NS_PER_S);
	return line;
}

static void
test_a_file_has_percent_rate_and_time_left(void **state)
{
	(void)state;
	assert_string_equal(after(3000, 1 << 20, 4 << 20, 30),
	    "25 %, 1.0 MiB of 4.0 MiB, 100 packets/s, 1:30 left");
	assert_string_equal(after(0, 0, 4 << 20, 2), "0 %, 0 B of 4.0 MiB");
	assert_string_equal(after(10, 4 << 20, 4 << 20, 2),
	    "100 %, 4.0 MiB of 4.0 MiB, 5 packets/s, 0:00 left");
}

static void
test_a_file_that_grows_stays_at_100_percent(void **state)
{
	(void)state;
	assert_non_null(strstr(after(10, 5 << 20, 4 << 20, 2), "100 %, 4.0 MiB of 4.0 MiB"));
}

static void
test_a_pipe_has_no_percent(void **state)
{
	(void)state;
	assert_string_equal(after(500, 2048, 0, 5), "2.0 KiB, 100 packets/s");
}

static void
test_absurd_numbers_fit_the_line(void **state)
{
	(void)state;
	(void)after(UINT64_MAX, UINT64_MAX, UINT64_MAX, 1);
	(void)after(UINT64_MAX, 1, UINT64_MAX, INT64_C(1) << 31);
	assert_true(strlen(line) < sizeof(line));
}

static void
test_nobody_who_wants_it_sees_nothing(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, false);
	assert_false(p.on);
	report.progress.begun = true;
	progress_draw(&p, &report);
	assert_false(p.shown);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_has_percent_rate_and_time_left),
		cmocka_unit_test(test_a_file_that_grows_stays_at_100_percent),
		cmocka_unit_test(test_a_pipe_has_no_percent),
		cmocka_unit_test(test_absurd_numbers_fit_the_line),
		cmocka_unit_test(test_nobody_who_wants_it_sees_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
