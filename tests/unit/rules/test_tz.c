/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tz: against zones and moments that are known; what is no zone is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/base/ptime.h"
#include "rules/lang/tz.h"

#include <string.h>
#include <time.h>
#include <stdlib.h>

static bool
parse(const char *s, struct tz *z)
{
	return tz_parse(span_of(s, strlen(s)), z);
}

static void
test_hours_and_weekdays_are_those_of_the_place(void **state)
{
	struct tz z;

	(void)state;
	/* Monday 2025-12-08 00:00 UTC, and Sunday 2026-06-07 22:30 UTC */
	assert_true(parse("UTC", &z));
	assert_int_equal(tz_hour(&z, INT64_C(1765152000) * NS_PER_S), 0);
	assert_int_equal(tz_weekday(&z, INT64_C(1765152000) * NS_PER_S), 0);
	assert_true(parse("-03:30", &z));
	assert_int_equal(tz_hour(&z, INT64_C(1765152000) * NS_PER_S), 20);
	assert_int_equal(tz_weekday(&z, INT64_C(1765152000) * NS_PER_S), 6);
	assert_true(parse("CET-1CEST,M3.5.0,M10.5.0/3", &z));
	assert_int_equal(tz_hour(&z, INT64_C(1765152000) * NS_PER_S), 1);
	assert_int_equal(tz_hour(&z, INT64_C(1780871400) * NS_PER_S), 0);
	assert_int_equal(tz_weekday(&z, INT64_C(1780871400) * NS_PER_S), 0);
}

/* The C library is the reference, hour by hour over years with and without a leap day. */
static void
test_every_hour_of_years_is_as_the_c_library_has_it(void **state)
{
	static const char *const zone[] = { "CET-1CEST,M3.5.0,M10.5.0/3",
		"EST5EDT,M3.2.0,M11.1.0", "AEST-10AEDT,M10.1.0,M4.1.0/3",
		"<+0330>-3:30", "NZST-12NZDT,M9.5.0,M4.1.0/3", "WGT3WGST,J60/0,J300/23",
		"IST-2IDT,M3.4.4/26,M10.5.0", "UZT-5UZST,59,300/1:30" };

	(void)state;
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++) {
		struct tz z;

		assert_true(parse(zone[i], &z));
		(void)setenv("TZ", zone[i], 1);
		tzset();
		for (time_t t = 1700000000; t < 1700000000 + 5 * 366 * 86400; t += 3600) {
			struct tm tm;

			(void)localtime_r(&t, &tm);
			if (tz_offset(&z, (int64_t)t * NS_PER_S) != tm.tm_gmtoff * NS_PER_S)
				fail_msg("%s at %ld: %ld, not %ld", zone[i], (long)t,
				    (long)(tz_offset(&z, (int64_t)t * NS_PER_S) / NS_PER_S),
				    tm.tm_gmtoff);
			assert_int_equal(tz_weekday(&z, (int64_t)t * NS_PER_S),
			    (tm.tm_wday + 6) % 7);
		}
	}
}

static void
test_what_is_no_zone_is_refused(void **state)
{
	static const char *const wrong[] = { "", "CE", "CET", "+", "+25:00", "CET-1CEST",
		"CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x",
		"<CET-1", "Europe/Berlin", "CET-999", "UTCx", "CET-1CEST,J0,J5",
		"CET-1CEST,366,5", "utc" };
	struct tz z;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (parse(wrong[i], &z))
			fail_msg("'%s' was taken", wrong[i]);
}

static void
test_a_file_of_the_zone_database_ends_in_its_rule(void **state)
{
	static const char file[] = "TZif2...........\nCET-1CEST,M3.5.0,M10.5.0/3\n";
	struct span rule;

	(void)state;
	assert_true(tz_file_rule(span_of(file, sizeof(file) - 1), &rule));
	assert_int_equal(rule.left, strlen("CET-1CEST,M3.5.0,M10.5.0/3"));
	for (size_t n = 0; n < sizeof(file) - 1; n++)
		if (tz_file_rule(span_of(file, n), &rule))
			assert_true(n == 17);
	assert_false(tz_file_rule(span_of("TZif1\nUTC0\n", 11), &rule));
	assert_false(tz_file_rule(span_of("\n\n\n\n\n\n\n", 7), &rule));
	assert_false(tz_file_rule(span_of("TZif2\n\n", 7), &rule));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hours_and_weekdays_are_those_of_the_place),
		cmocka_unit_test(test_every_hour_of_years_is_as_the_c_library_has_it),
		cmocka_unit_test(test_what_is_no_zone_is_refused),
		cmocka_unit_test(test_a_file_of_the_zone_database_ends_in_its_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
