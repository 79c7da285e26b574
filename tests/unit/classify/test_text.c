/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text (T4): what is printable text, what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/text.h"
#include "limits.h"

#include <string.h>

static struct observation
look(const struct text_meter *t)
{
	struct observation o = { 0 };

	text_observe(t, &limits, &o);
	return o;
}

static void
read_string(struct text_meter *t, const char *s)
{
	text_packet(t, span_of(s, strlen(s)));
}

static void
test_nothing_seen_is_unknown(void **state)
{
	struct text_meter t = { 0 };
	struct observation o;

	(void)state;
	read_string(&t, "GET / H");		/* seven bytes */
	text_packet(&t, span_of("", 0));
	o = look(&t);
	assert_false(observation_known(&o, FIELD_text_plain));
	assert_false(observation_known(&o, FIELD_text_printable));
	assert_false(observation_known(&o, FIELD_text_outside));
}

static void
test_telemetry_and_logs_are_text(void **state)
{
	struct text_meter t = { 0 };
	struct observation o;

	(void)state;
	read_string(&t, "00000004,021.118,044.348,0,0,0,0,OK.");
	read_string(&t, "{\"t\":21.4,\"rh\":44}\r\n");
	o = look(&t);
	assert_true(observation_known(&o, FIELD_text_plain));
	assert_int_equal(o.text_plain, 1);
	assert_near(o.text_printable, 1, 0);
}

static void
test_base64_is_not_plain_though_all_of_it_prints(void **state)
{
	struct text_meter t = { 0 };
	struct observation o;
	unsigned i;

	(void)state;
	for (i = 0; i < 20; i++)
		read_string(&t, "T2dnUwACAAAAAAAAAAB4b3dhAAAAAJ9lq\r\n"
		    "EBE09wdXNIZWFkAQE4AYC7AAAAAAA=\r\n");
	o = look(&t);
	assert_near(o.text_printable, 1, 0);
	assert_near(o.text_outside, 0, 0);
	assert_int_equal(o.text_plain, 0);
	assert_true(observation_known(&o, FIELD_text_plain));

	/* The alphabet for URLs has two more: about one character in thirty-two. */
	memset(&t, 0, sizeof(t));
	for (i = 0; i < 20; i++)
		read_string(&t, "abcdefghijklmnopqrstuvwxyz-"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	assert_int_equal(look(&t).text_plain, 0);
}

static void
test_random_bytes_print_in_three_of_eight_cases(void **state)
{
	struct dice d = { 3 };
	struct text_meter t = { 0 };
	struct observation o;
	uint8_t head[TEXT_HEAD];
	unsigned i, k;

	(void)state;
	for (i = 0; i < 1000; i++) {
		for (k = 0; k < sizeof(head); k++)
			head[k] = (uint8_t)(256 * dice_uniform(&d));
		text_packet(&t, span_of(head, sizeof(head)));
	}
	o = look(&t);
	assert_near(o.text_printable, 98.0 / 256, 0.01);
	assert_near(o.text_outside, 31.0 / 256, 0.01);
	assert_int_equal(o.text_plain, 0);
}

static void
test_only_the_first_sixty_four_bytes_are_looked_at(void **state)
{
	struct text_meter t = { 0 };
	char body[200];

	(void)state;
	memset(body, 0xff, sizeof(body));
	memset(body, '{', TEXT_HEAD);
	text_packet(&t, span_of(body, sizeof(body)));
	assert_int_equal(t.seen, TEXT_HEAD);
	assert_int_equal(t.outside, TEXT_HEAD);
}

static void
test_counters_halve_before_they_overflow(void **state)
{
	struct text_meter t = { UINT32_C(1) << 30, UINT32_C(3) << 28, UINT32_C(1) << 28 };
	struct observation o;

	(void)state;
	read_string(&t, "{{{{{{{{");
	assert_int_equal(t.seen, (UINT32_C(1) << 29) + 8);
	o = look(&t);
	assert_near(o.text_printable, 0.75, 1e-6);
	assert_near(o.text_outside, 0.25, 1e-6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_seen_is_unknown),
		cmocka_unit_test(test_telemetry_and_logs_are_text),
		cmocka_unit_test(test_base64_is_not_plain_though_all_of_it_prints),
		cmocka_unit_test(test_random_bytes_print_in_three_of_eight_cases),
		cmocka_unit_test(test_only_the_first_sixty_four_bytes_are_looked_at),
		cmocka_unit_test(test_counters_halve_before_they_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
