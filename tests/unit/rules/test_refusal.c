/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a Redis refuses is told once a minute for each thing that is wrong. */
#include "rules/event/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Lines that the log prints for these reasons at that second. */
static int
told(struct reasons *r, const char *const *what, unsigned n, int64_t second)
{
	struct log log = { "test", LOG_LEVEL_WARN };
	FILE *out = tmpfile();
	int was = dup(STDERR_FILENO), lines = 0, c;

	assert_non_null(out);
	assert_int_not_equal(dup2(fileno(out), STDERR_FILENO), -1);
	for (unsigned i = 0; i < n; i++) {
		struct fault why;

		(void)fault_set(&why, NULL, "%s", what[i]);
		reasons_say(r, "a server", &why, "2 events wait", &log,
		    (struct loop_time){ second * NS_PER_S });
	}
	(void)dup2(was, STDERR_FILENO);
	(void)close(was);
	rewind(out);
	while ((c = getc(out)) != EOF)
		lines += c == '\n';
	(void)fclose(out);
	return lines;
}

static void
test_reasons_that_differ_are_each_told(void **state)
{
	/* These two once shared a place, and the second was swallowed. */
	static const char *const two[] = { "Broken pipe", "it does not know this user or "
		"password: WRONGPASS invalid username-password pair or user is disabled." };
	struct reasons r = { 0 };

	(void)state;
	assert_int_equal(told(&r, two, 2, 1), 2);
	assert_int_equal(told(&r, two, 2, 30), 0);
	assert_int_equal(told(&r, two, 2, 62), 2);
}

static void
test_reasons_that_differ_by_digits_are_one(void **state)
{
	static const char *const same[] = { "no answer for 10 s", "no answer for 12 s" };
	struct reasons r = { 0 };

	(void)state;
	assert_int_equal(told(&r, same, 2, 1), 1);
}

static void
test_reasons_without_end_are_told_eight_times_a_minute(void **state)
{
	static const char *const many[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
		"k", "l", "m", "n", "o", "p", "q", "r", "s", "t" };
	struct reasons r = { 0 };

	(void)state;
	assert_int_equal(told(&r, many, 20, 1), REASONS);
	assert_int_equal(told(&r, many + REASONS, 12, 59), 0);
	assert_int_equal(told(&r, many + REASONS, 12, 62), REASONS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons_that_differ_are_each_told),
		cmocka_unit_test(test_reasons_that_differ_by_digits_are_one),
		cmocka_unit_test(test_reasons_without_end_are_told_eight_times_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
