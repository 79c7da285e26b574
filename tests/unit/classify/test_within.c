/* SPDX-License-Identifier: GPL-3.0-or-later */
/* within: a microphone in a tunnel beside what else is in it, and tunnels without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/within.h"
#include "tunnels.h"

static struct within within;

/* Seconds until the shipped rule would say so; 0: never. two: windows that were. */
static double
hear(struct traffic *x, enum framing f, unsigned *two)
{
	struct within_verdict v;
	double first = 0;

	memset(&within, 0, sizeof(within));
	within.streams = f == FRAME_SSH || f == FRAME_TOR;
	in_order(x);
	for (size_t i = 0; i < x->n; i++) {
		const struct moment_of_it *m = &x->at[i];

		while (within_step(&within, &limits, at(m->t), &v)) {
			if (two != NULL)
				*two += v.two;
			if (first <= 0 && v.w.score >= 9.16 && v.w.pass && !v.two &&
			    ((v.w.steady_known && v.w.steady <= 0.10) ||
			    (v.w.clocked_known && v.w.clocked >= 0.5)))
				first = (double)(v.w.end.ns - START) / 1e9;
		}
		within_packet(&within, at(m->t), framed(f, m->size), m->up);
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

static const char *const name_of[FRAME_COUNT] = { "openvpn", "wireguard", "esp-cbc",
	"esp-gcm", "tls", "ssh", "tor" };

static void
test_voice_is_heard_beside_other_traffic(void **state)
{
	static const struct {
		double tick, mean, cv;
	} codec[] = {
		{ 0.02, 160, 0 }, { 0.02, 60, 0.15 }, { 0.02, 31, 0.05 }, { 0.04, 120, 0.2 },
		{ 0.06, 90, 0.15 }, { 0.02, 120, 0.3 },
	};
	struct traffic x = { 0 };

	(void)state;
	for (unsigned f = 0; f < FRAME_COUNT; f++)
		for (unsigned c = 0; c < sizeof(codec) / sizeof(codec[0]); c++)
			for (unsigned beside = 0; beside < 4; beside++) {
				double heard;

				begin(&x, 1 + f * 7919 + c * 31 + beside * 1009);
				voice(&x, 33, 200, codec[c].tick, codec[c].mean,
				    codec[c].cv, 0.005, 1, 0, 0, true);
				if (beside == 1)
					pages(&x, 0, 200, 20);
				else if (beside == 2)
					(void)copy(&x, 10, 100e6, 5e6, 20, 2, false);
				else if (beside == 3 && f != FRAME_SSH && c != 1 && c != 2)
					(void)copy(&x, 10, 80e6, 4e6, 10, 2, true);
				alive(&x, 0, 200, 10, 60);
				heard = hear(&x, (enum framing)f, NULL);
				if (heard <= 0 || heard > 33 + 120)
					fail_msg("%s, codec %u beside %u: %.0f s", name_of[f], c,
					    beside, heard);
			}
	free(x.at);
}

static void
test_two_microphones_and_one_beside_a_call_are_heard(void **state)
{
	struct traffic x = { 0 };

	(void)state;
	for (unsigned f = 0; f < FRAME_TOR; f++) {
		begin(&x, 3 + f);
		voice(&x, 12, 150, 0.02, 60, 0.15, 0.005, 1, 0, 0, true);
		voice(&x, 20.007, 150, 0.02, 160, 0, 0.005, 1, 0, 0, true);
		assert_true(hear(&x, (enum framing)f, NULL) > 0);

		begin(&x, 5 + f);
		voice(&x, 0, 150, 0.02, 160, 0, 0.005, 1, 0, 0, true);
		voice(&x, 0.004, 150, 0.02, 160, 0, 0.015, 1, 0, 0, false);
		voice(&x, 10.007, 150, 0.02, 50, 0.1, 0.005, 1, 0, 0, true);
		assert_true(hear(&x, (enum framing)f, NULL) > 0);
	}
	free(x.at);
}

static void
test_speech_with_pauses_stays_on_its_clock(void **state)
{
	struct traffic x = { 0 };
	unsigned found = 0;

	(void)state;
	for (unsigned f = 0; f < FRAME_TOR; f++) {
		begin(&x, 11 + f);
		voice(&x, 12, 300, 0.02, 60, 0.15, 0.004, 1, 2, 1.5, true);
		pages(&x, 0, 300, 20);
		found += hear(&x, (enum framing)f, NULL) > 0;
	}
	assert_true(found >= 5);
	free(x.at);
}

static void
test_ordinary_use_of_a_tunnel_is_quiet(void **state)
{
	struct traffic x = { 0 };

	(void)state;
	for (unsigned f = 0; f < FRAME_COUNT; f++)
		for (unsigned use = 0; use < 12; use++) {
			double heard, to = 900;

			begin(&x, 17 + f * 7919 + use);
			switch (use) {
			case 0: pages(&x, 0, to, 15); break;
			case 1: (void)copy(&x, 5, 100e6, 4e6, 10, 2, true); break;
			case 2: (void)copy(&x, 5, 400e6, 20e6, 20, 2, false); break;
			case 3: film(&x, 0, to, 4); break;
			case 4: even_download(&x, 5, to, 3e6, 2); break;
			case 5: even_download(&x, 5, to, 128e3, 1); break;
			case 6: even_quic(&x, 5, to, 4e6); break;
			case 7: desktop(&x, 0, to); break;
			case 8: camera(&x, 0, to); break;
			case 9: typing(&x, 0, to); break;
			case 10: listening(&x, 0, to); break;
			default:
				voice(&x, 0, to, 0.02, 60, 0.1, 0.005, 1, 1.5, 1.5, true);
				voice(&x, 0.007, to, 0.02, 60, 0.1, 0.02, 1, 1.5, 1.5, false);
				break;
			}
			alive(&x, 0, to, 10, 60);
			heard = hear(&x, (enum framing)f, NULL);
			if (heard > 0)
				fail_msg("%s, use %u: %.0f s", name_of[f], use, heard);
		}
	free(x.at);
}

static void
test_a_call_is_two_way(void **state)
{
	struct traffic x = { 0 };
	unsigned two = 0;

	(void)state;
	begin(&x, 23);
	voice(&x, 0, 120, 0.02, 160, 0, 0.005, 1, 0, 0, true);
	voice(&x, 0.01, 120, 0.02, 60, 0.15, 0.02, 1, 0, 0, false);
	assert_true(hear(&x, FRAME_WIREGUARD, &two) <= 0);
	assert_true(two >= 10);
	free(x.at);
}

static void
test_silence_and_time_that_jumps_cost_one_step(void **state)
{
	struct within_verdict v;
	unsigned steps = 0;

	(void)state;
	memset(&within, 0, sizeof(within));
	within_packet(&within, at(0), 100, true);
	while (within_step(&within, &limits, at(3e8), &v))
		steps++;
	assert_true(steps <= 1);
	within_packet(&within, at(3e8), 100, true);
	within_packet(&within, at(5), 100, true);	/* back: taken as now */
	assert_false(within_step(&within, &limits, at(3e8 + 1), &v));
	within_packet(&within, (struct pkt_time){ INT64_MAX }, UINT32_MAX, true);
	(void)within_step(&within, &limits, (struct pkt_time){ INT64_MAX }, &v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_voice_is_heard_beside_other_traffic),
		cmocka_unit_test(test_two_microphones_and_one_beside_a_call_are_heard),
		cmocka_unit_test(test_speech_with_pauses_stays_on_its_clock),
		cmocka_unit_test(test_ordinary_use_of_a_tunnel_is_quiet),
		cmocka_unit_test(test_a_call_is_two_way),
		cmocka_unit_test(test_silence_and_time_that_jumps_cost_one_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
