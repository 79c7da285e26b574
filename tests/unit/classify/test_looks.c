/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many heads of text are read: all of what may be speech, and of an upload four thousand a
 * window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

#define FROM 1.0
#define TURNS 9.5		/* text begins: 4,100 packets into the window at 500 a second */
#define UNTIL 13.0

/* The share of text that the first window tells. */
static double
heard(double rate)
{
	static uint8_t noise[80], text[80];
	struct desk *d = desk_open();
	const struct observation *r;
	double share;
	unsigned n = (unsigned)((UNTIL - FROM) * rate);

	memset(noise, 0xff, sizeof(noise));
	memset(text, ' ', sizeof(text));
	for (unsigned i = 0; i < n; i++) {
		double s = FROM + i / rate;

		send_udp(d, s, v4(10, 20, 0, 7), 40000, v4(203, 0, 113, 9), 9000,
		    s < TURNS ? noise : text, sizeof(noise));
	}
	r = sockets(d, 0);
	assert_non_null(r);
	assert_true(observation_known(r, FIELD_text_printable));
	share = r->text_printable;
	desk_close(d);
	return share;
}

static void
test_of_what_may_be_speech_every_head_is_read(void **state)
{
	(void)state;
	assert_true(heard(300) > 0.15);
}

static void
test_of_an_upload_four_thousand_heads_a_window_are_read(void **state)
{
	(void)state;
	assert_true(heard(500) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_what_may_be_speech_every_head_is_read),
		cmocka_unit_test(test_of_an_upload_four_thousand_heads_a_window_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
