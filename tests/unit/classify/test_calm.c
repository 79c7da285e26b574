/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calm: pages of sound in a tunnel of streams beside what is browsed in it, and tunnels without
 * any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/calm.h"
#include "tunnels.h"

#include <math.h>

#define LONG 240.0
#define HOUR 3600.0

/* Seconds until the shipped rule would say so; 0: never. */
static double
hear(struct traffic *x, enum framing f)
{
	struct within_verdict v;
	struct calm calm = { .n = 0 };
	double first = 0;

	in_order(x);
	for (size_t i = 0; i < x->n; i++) {
		const struct moment_of_it *m = &x->at[i];

		while (calm_step(&calm, &limits, at(m->t), &v))
			if (first <= 0 && v.w.score >= 9.16 && v.w.pass && !v.two &&
			    v.w.stays)
				first = (double)(v.w.end.ns - START) / 1e9;
		calm_packet(&calm, at(m->t), framed(f, m->size), m->up);
	}
	return first;
}

static void
begin(struct traffic *x, uint64_t seed)
{
	x->n = 0;
	x->d.state = seed;
	for (unsigned i = 0; i < 10; i++)
		(void)dice_uniform(&x->d);
}

/* A page every `apart` s at bit/s, which vary by a tenth, late by up to 0.05 s. */
static void
sound(struct traffic *x, double from, double to, double apart, double rate, bool up)
{
	for (double t = from; t < to; t += apart) {
		double left = rate / 8 * apart * dice_normal(&x->d, 1, 0.1), out = t +
		    0.05 * dice_uniform(&x->d);

		for (; left > 0; left -= INSIDE_FULL, out += 0.0002)
			say(x, out, INSIDE_HEADERS + (uint32_t)(left < INSIDE_FULL ? left + 1 :
			    INSIDE_FULL), up);
	}
}

static void
test_pages_of_sound_are_heard_between_what_is_browsed(void **state)
{
	static const double apart[] = { 0.2, 0.25, 0.5 }, rate[] = { 16e3, 24e3, 48e3 };
	struct traffic x = { 0 };
	unsigned heard = 0, all = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 3; j++)
			for (unsigned r = 0; r < 10; r++, all++) {
				begin(&x, 1 + i * 7919 + j * 101 + r * 13);
				sound(&x, 3, LONG, apart[i], rate[j], true);
				pages(&x, 0, LONG, 10);
				heard += hear(&x, FRAME_SSH) > 0;
			}
	free(x.at);
	assert_in_range(heard, all - all / 10, all);
}

/* Speech in turns: who listens sends nothing, and pages come now and then. */
static void
turns(struct traffic *x, double to)
{
	bool up = true;

	for (double t = 1; t < to;) {
		double end = t + 1 + dice_exponential(&x->d, 4);

		sound(x, t, end < to ? end : to, 0.06, 24e3, up);
		t = end;
		up = !up;
	}
}

static void
test_what_is_no_microphone_is_not_told(void **state)
{
	struct traffic x = { 0 };

	(void)state;
	for (unsigned f = FRAME_SSH; f <= FRAME_TOR; f++)
		for (unsigned use = 0; use < 9; use++)
			for (unsigned r = 0; r < 1; r++) {
				begin(&x, 17 + f * 7919 + use * 31 + r * 1009);
				switch (use) {
				case 0: pages(&x, 0, HOUR, 8); break;
				case 1: (void)copy(&x, 5, 400e6, 2e6, 10, 2, true); break;
				case 2: (void)copy(&x, 5, 400e6, 4e6, 20, 2, false); break;
				case 3: film(&x, 0, HOUR, 4); break;
				case 4: even_download(&x, 5, HOUR, 128e3, 1); break;
				case 5: desktop(&x, 0, HOUR); break;
				case 6: typing(&x, 0, HOUR); break;
				case 7: turns(&x, HOUR); break;
				default: turns(&x, HOUR); pages(&x, 0, HOUR, 30); break;
				}
				alive(&x, 0, HOUR, 10, 60);
				if (hear(&x, (enum framing)f) > 0)
					fail_msg("framing %u, use %u, run %u", f, use, r);
			}
	free(x.at);
}

/* What was said before a silence of a minute is forgotten, and silence is no stream. */
static void
test_a_silence_begins_anew(void **state)
{
	struct traffic x = { 0 };

	(void)state;
	begin(&x, 7);
	for (double t = 0; t < HOUR; t += 120)
		sound(&x, t, t + 25, 0.2, 24e3, true);
	assert_true(hear(&x, FRAME_SSH) <= 0);
	free(x.at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_of_sound_are_heard_between_what_is_browsed),
		cmocka_unit_test(test_what_is_no_microphone_is_not_told),
		cmocka_unit_test(test_a_silence_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
