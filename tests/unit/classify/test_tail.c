/* SPDX-License-Identifier: GPL-3.0-or-later */
/* meter_tail: how long a stream was that ended inside a window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/meter.h"
#include "limits.h"

#include <string.h>

#define FRAME (20 * NS_PER_MS)

/* A frame every 20 ms for so long; then nothing. */
static struct meter
frames(double seconds, uint32_t size)
{
	struct meter_window w;
	struct meter m;

	memset(&m, 0, sizeof(m));
	for (int64_t t = 0; t < (int64_t)(seconds * 1e9); t += FRAME) {
		while (meter_step(&m, &limits, (struct pkt_time){ START + t }, &w))
			continue;
		meter_packet(&m, (struct pkt_time){ START + t }, size, true);
	}
	return m;
}

static void
test_seconds_count_to_the_last_frame(void **state)
{
	static const double length[] = { 43.5, 47, 66.6, 89.9 };
	struct meter_window w;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct meter m = frames(length[i], 80);

		assert_true(meter_tail(&m, &limits, &w));
		assert_true(w.constant);
		assert_in_range(w.sound, (int64_t)((length[i] - 0.5) * 1e9),
		    (int64_t)(length[i] * 1e9));
		/* and is no evidence */
		assert_true(w.score == m.score);
		assert_int_equal(w.windows, m.windows);
	}
}

static void
test_what_does_not_go_on_has_no_tail(void **state)
{
	struct meter_window w;
	struct meter m = frames(41, 80);

	(void)state;
	assert_false(meter_tail(&m, &limits, &w));	/* too short to say */
	m = frames(46, 1300);				/* no frame of sound */
	assert_false(meter_tail(&m, &limits, &w));
	m = frames(46, 80);				/* now a film begins */
	for (int i = 0; i < 1500; i++)
		meter_packet(&m, (struct pkt_time){ START + 46 * NS_PER_S + i * NS_PER_MS },
		    1300, true);
	assert_false(meter_tail(&m, &limits, &w));
	memset(&m, 0, sizeof(m));
	assert_false(meter_tail(&m, &limits, &w));
}

/* 300 s of frames, but for some seconds in which there is one a second. */
static double
told_of_a_gap(int64_t from, int64_t to)
{
	struct meter_window w = { 0 };
	struct meter m;
	int64_t step = FRAME;

	memset(&m, 0, sizeof(m));
	for (int64_t t = 0; t <= 300 * NS_PER_S + 300 * NS_PER_MS; t += step) {
		while (meter_step(&m, &limits, (struct pkt_time){ START + t }, &w))
			continue;
		meter_packet(&m, (struct pkt_time){ START + t }, 80, true);
		step = t >= from * NS_PER_S && t < to * NS_PER_S ? NS_PER_S : FRAME;
	}
	return (double)w.sound / 1e9;
}

static void
test_who_is_silent_for_half_a_minute_still_listens(void **state)
{
	(void)state;
	assert_near(told_of_a_gap(400, 400), 300, 0.1);
	assert_near(told_of_a_gap(102, 128), 300, 0.1);
	assert_near(told_of_a_gap(102, 148), 300, 0.1);		/* three windows fail */
	assert_near(told_of_a_gap(102, 158), 260, 0.1);		/* four: it was shut */
	assert_near(told_of_a_gap(0, 38), 270, 0.1);		/* before it began */
}

/* Ends inside a window behind one that did not pass, and begins with one. */
static void
test_what_goes_on_as_fast_as_before_is_of_the_sound(void **state)
{
	struct meter_window w = { 0 };
	struct dice d = { 5 };
	struct meter m;

	(void)state;
	memset(&m, 0, sizeof(m));
	for (int64_t t = 0; t < 87 * NS_PER_S; t += FRAME) {
		/* for ten seconds at each end frames of every other half second twice */
		bool odd = t / (500 * NS_PER_MS) % 2 != 0;
		bool even = t >= 10 * NS_PER_S && t < 70 * NS_PER_S;

		while (meter_step(&m, &limits, (struct pkt_time){ START + t }, &w))
			continue;
		for (int i = 0; i < (even ? 1 : odd ? 2 : 0); i++)
			meter_packet(&m, (struct pkt_time){ START + t }, (uint32_t)(even ? 80 :
			    40 + 80 * dice_uniform(&d) * (int)(t / NS_PER_S % 3)), true);
	}
	assert_true(meter_tail(&m, &limits, &w));
	assert_in_range(w.sound, 84 * NS_PER_S, 87 * NS_PER_S);
}

/* 40.3 s of frames, one a second for a while, nothing until `back`, 40.3 s of frames. */
static double
told_of_two(int64_t thin, int64_t back)
{
	struct meter_window w, last = { 0 };
	struct meter m;
	int64_t step = FRAME;

	memset(&m, 0, sizeof(m));
	for (int64_t t = 0; t <= back * NS_PER_S + 41 * NS_PER_S; t += step) {
		while (meter_step(&m, &limits, (struct pkt_time){ START + t }, &w))
			last = w;
		meter_packet(&m, (struct pkt_time){ START + t }, 80, true);
		step = t < 41 * NS_PER_S || t >= back * NS_PER_S ? FRAME :
		    t < thin * NS_PER_S ? NS_PER_S : back * NS_PER_S - t;
	}
	return (double)last.sound / 1e9;
}

static void
test_who_comes_back_after_hours_was_not_there_meanwhile(void **state)
{
	(void)state;
	assert_near(told_of_two(70, 70 + 8 * 3600), 80, 0.1);
	/* Nothing at all for as long as a microphone may be silent, and for longer. */
	assert_near(told_of_two(41, 70), 110, 0.1);
	assert_near(told_of_two(71, 100), 80, 0.1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds_count_to_the_last_frame),
		cmocka_unit_test(test_what_does_not_go_on_has_no_tail),
		cmocka_unit_test(test_who_is_silent_for_half_a_minute_still_listens),
		cmocka_unit_test(test_what_goes_on_as_fast_as_before_is_of_the_sound),
		cmocka_unit_test(test_who_comes_back_after_hours_was_not_there_meanwhile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
