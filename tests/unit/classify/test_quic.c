/* SPDX-License-Identifier: GPL-3.0-or-later */
/* meter_carried: QUIC, a stream in datagrams; and streams whose messages are of one size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/meter.h"
#include "limits.h"

#include <math.h>
#include <string.h>

struct listener {
	struct meter m;
	struct meter_window w;		/* the newest */
	unsigned windows, passed, held;
	double alert;			/* seconds; 0: never */
};

enum carrier { FRAMES, QUIC, TCP };

static void
take(struct listener *l, double t, uint32_t size, enum carrier by)
{
	while (meter_step(&l->m, &limits, at(t), &l->w)) {
		l->windows++;
		l->passed += l->w.pass;
		l->held += l->w.held;
		if (l->alert == 0 && l->w.pass && l->w.score >= 9.16 &&
		    l->w.steady_known && l->w.stays)
			l->alert = (double)(l->w.end.ns - l->m.first.ns) / 1e9;
	}
	if (by == QUIC)
		meter_carried(&l->m, at(t), size);
	else
		meter_packet(&l->m, at(t), size, by == FRAMES);
}

/* Pages of 240 ms whose sizes vary, and an acknowledgement each second. */
static struct listener
pages(enum carrier by)
{
	struct listener l;

	memset(&l, 0, sizeof(l));
	for (unsigned i = 0; i < 400; i++) {
		double t = 0.24 * i;

		take(&l, t, 1090 + 90 * (i * 7 % 11) / 11 - (i % 9 == 0 ? 250 : 0), by);
		if (i % 4 == 3)
			take(&l, t + 0.03, 47, by);
	}
	return l;
}

static void
test_pages_over_quic_are_heard_as_over_tcp(void **state)
{
	struct listener l = pages(QUIC);

	(void)state;
	assert_true(l.alert > 0 && l.alert < 45);
	assert_int_equal(l.passed, l.windows);
	l = pages(FRAMES);		/* no frame of sound is a kilobyte */
	assert_int_equal(l.passed, 0);
}

static void
test_a_file_that_a_link_paces_is_held(void **state)
{
	struct listener l;

	(void)state;
	memset(&l, 0, sizeof(l));
	for (unsigned i = 0; i < 2400; i++) {	/* 256 kbit/s */
		take(&l, 0.04 * i, 1280, QUIC);
		if (i % 25 == 0)
			take(&l, 0.04 * i + 0.01, 47, QUIC);
	}
	assert_true(l.windows >= 9);
	assert_int_equal(l.held, l.windows);
	assert_int_equal(l.passed, 0);
}

static void
test_acknowledgements_are_no_sound(void **state)
{
	struct listener quic, frames;

	(void)state;
	memset(&quic, 0, sizeof(quic));
	memset(&frames, 0, sizeof(frames));
	for (unsigned i = 0; i < 2500; i++) {	/* one for each frame of 40 ms */
		take(&quic, 0.04 * i, 25 + i % 3, QUIC);
		take(&frames, 0.04 * i, 25 + i % 3, FRAMES);
	}
	assert_int_equal(quic.passed, 0);
	assert_int_equal(frames.passed, frames.windows);
}

/* What was heard before it was known to be QUIC does not stick. */
static void
test_what_it_is_may_become_known_later(void **state)
{
	struct listener l;

	(void)state;
	memset(&l, 0, sizeof(l));
	for (unsigned i = 0; i < 100; i++)
		take(&l, 0.24 * i, 1000 + i % 50, i < 8 ? FRAMES : QUIC);
	assert_int_equal(l.windows, 2);
	assert_int_equal(l.passed, 2);
}

static void
test_records_of_one_size_are_constant(void **state)
{
	static const struct { uint32_t size; bool constant; } row[] = {
		{ 1022, true }, { 160, true },
		{ 1448, false },	/* the path's size, and not the message's */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct listener l;
		struct observation o;

		memset(&l, 0, sizeof(l));
		memset(&o, 0, sizeof(o));
		for (unsigned k = 0; k < 210; k++)
			take(&l, 0.1 * k, row[i].size, TCP);
		assert_int_equal(l.windows, 2);
		assert_int_equal(l.w.constant, row[i].constant);
		/* A record may hold as many frames as the sender likes. */
		meter_observe(&l.m, &l.w, &o);
		assert_int_equal(o.voice_constant, row[i].constant);
		assert_false(observation_known(&o, FIELD_voice_framed));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_over_quic_are_heard_as_over_tcp),
		cmocka_unit_test(test_a_file_that_a_link_paces_is_held),
		cmocka_unit_test(test_acknowledgements_are_no_sound),
		cmocka_unit_test(test_what_it_is_may_become_known_later),
		cmocka_unit_test(test_records_of_one_size_are_constant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
