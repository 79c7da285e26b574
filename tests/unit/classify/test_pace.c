/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pace (T6): recorders on bad links, with retries, with pauses; and who is as regular. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/bursts.h"
#include "limits.h"

#include <string.h>

struct pair {
	struct bursts b;
	struct dice d;
	unsigned closed, fired;
	unsigned first;			/* number of the burst that fired first */
	uint64_t down, opened;
	struct observation o, told;	/* the newest, and the first that fired */
};

static void
step(struct pair *p, double t)
{
	bursts_received(&p->b, p->down, p->opened);
	if (!bursts_step(&p->b, &limits, at(t)))
		return;
	p->closed++;
	memset(&p->o, 0, sizeof(p->o));
	bursts_observe(&p->b, &limits, true, &p->o);
	if (p->o.chunks_regular && p->fired++ == 0) {
		p->first = p->closed;
		p->told = p->o;
	}
}

static double
send(struct pair *p, double t, double bytes)
{
	for (; bytes >= 1; bytes -= 1400, t += 0.001) {
		step(p, t);
		bursts_packet(&p->b, &limits, at(t),
		    bytes > 1400 ? 1400 : (uint32_t)bytes);
	}
	return t;
}

static void
test_a_piece_in_three_requests_is_one(void **state)
{
	struct pair p = { .d = { 3 } };
	unsigned i, k;

	(void)state;
	for (i = 0; i < 6; i++)
		for (k = 0; k < 3; k++)
			send(&p, i * 20 + k * 0.6 + 0.1 * dice_uniform(&p.d), 20000);
	step(&p, 110);
	assert_true(p.fired > 0);
	assert_near((double)p.o.chunks_period / 1e9, 20, 0.2);
	assert_int_equal(p.o.chunks_size, 60000);
	/* Thirteen seconds between two of a minute are not within one. */
	memset(&p, 0, sizeof(p));
	p.d.state = 3;
	for (i = 0; i < 6; i++)
		for (k = 0; k < 2; k++)
			send(&p, i * 60 + k * 13, 60000);
	step(&p, 380);
	assert_int_equal(p.fired, 0);
}

static void
test_heartbeats_beside_do_not_lengthen_a_piece(void **state)
{
	struct pair p = { .d = { 4 } };
	unsigned i, k;

	(void)state;
	for (i = 0; i < 8; i++) {
		send(&p, i * 30, 90000);
		for (k = 1; k < 15; k++)
			send(&p, i * 30 + 2.0 * k, 400);
	}
	step(&p, 250);
	assert_true(p.fired > 0);
	assert_near((double)p.o.chunks_period / 1e9, 30, 0.1);
	assert_near(p.o.chunks_size, 90000, 500);
}

static void
test_a_piece_sent_twice_does_not_break_the_row(void **state)
{
	struct pair p = { .d = { 5 } };
	double t;
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++) {
		t = send(&p, i * 20, i == 3 ? 25000 : 60000);
		if (i == 3)
			send(&p, t + 4, 60000);	/* failed half way, again */
	}
	step(&p, 110);
	assert_int_equal(p.fired, 1);
	assert_int_equal(p.closed, 7);
}

static void
test_pieces_that_are_sent_again_do_not_break_the_row(void **state)
{
	static const double first[] = { 60000, 60000, 60000, 60000, 33000, 60500, 60000 };
	static const double then[] = { 0, 0, 0, 60000, 60000, 60000, 0 };
	struct pair p = { .d = { 5 } };
	double t;

	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		t = send(&p, i * 20, first[i]);
		send(&p, t + 1.5, then[i]);
	}
	step(&p, 125);
	assert_true(p.fired > 0 && p.first == 8);	/* with the sixth piece, of eight sent */
	assert_int_equal(p.o.chunks_size, 60000);
}

static void
test_what_was_due_may_come_together(void **state)
{
	struct pair p = { .d = { 6 } };
	unsigned i;

	(void)state;
	for (i = 0; i < 7; i++)
		if (i != 2)
			send(&p, i * 20, i == 3 ? 120000 : 60000);
	step(&p, 140);
	assert_int_equal(p.fired, 1);
	assert_int_equal(p.told.chunks_pace, PACE_EVEN);
}

static void
test_pieces_with_nobody_speaking_may_be_left_out(void **state)
{
	static const unsigned at_period[] = { 0, 1, 3, 4, 7, 8, 9, 11, 14, 15, 17, 18, 21 };
	struct pair p = { .d = { 7 } };
	unsigned i;

	(void)state;
	for (i = 0; i < 13; i++)
		send(&p, at_period[i] * 20.0, 60000 * dice_normal(&p.d, 1, 0.05));
	step(&p, 450);
	assert_true(p.fired > 0);
	assert_near((double)p.told.chunks_period / 1e9, 20, 0.3);
	assert_near(p.told.chunks_rate, 24000, 2000);
}

static void
test_who_waits_at_random_but_sends_all_is_heard(void **state)
{
	struct pair p = { .d = { 8 } };
	double t = 0, gap;
	unsigned i;

	(void)state;
	for (i = 0; i < 12; i++) {
		gap = 30 * (0.8 + 0.4 * dice_uniform(&p.d));
		t += gap;
		send(&p, t, 3000 * gap * dice_normal(&p.d, 1, 0.02));
	}
	step(&p, t + 10);
	assert_true(p.fired > 0);
	assert_in_range(p.first, 6, 8);
}

static void
test_pauses_of_eight_seconds_are_bounded_by_time(void **state)
{
	unsigned run, heard = 0;

	(void)state;
	for (run = 0; run < 100; run++) {
		struct pair p = { .d = { 100 + run * 7919 } };
		double t = 0, speech;

		for (unsigned i = 0; i < 40; i++) {
			speech = 15 * exp(dice_normal(&p.d, 0, 0.6));
			t += speech + dice_exponential(&p.d, 8);
			send(&p, t, 3000 * speech * dice_normal(&p.d, 1, 0.05));
		}
		heard += p.fired > 0;
	}
	assert_in_range(heard, 90, 100);
}

static void
test_pauses_as_long_as_speech_show_in_forty_pieces_and_chance_does_not(void **state)
{
	unsigned run, heard = 0, chance = 0;

	(void)state;
	for (run = 0; run < 100; run++) {
		struct pair p = { .d = { 900 + run * 7919 } };
		struct pair q = { .d = { 901 + run * 7919 } };
		double t = 0, u = 0, speech;

		for (unsigned i = 0; i < 40; i++) {
			speech = 15 * exp(dice_normal(&p.d, 0, 0.6));
			t += speech + dice_exponential(&p.d, 15);
			send(&p, t, 3000 * speech * dice_normal(&p.d, 1, 0.05));
			u += 30 * exp(dice_normal(&q.d, 0, 0.5));
			send(&q, u, 45000 * exp(dice_normal(&q.d, 0, 0.6)));
		}
		heard += p.fired > 0;
		chance += q.fired > 0;
	}
	assert_in_range(heard, 85, 100);
	assert_in_range(chance, 0, 5);
}

static void
test_a_handshake_for_each_piece_is_no_answer(void **state)
{
	struct pair p = { .d = { 9 } };
	unsigned i;

	(void)state;
	/* 10 kB up and 5 kB of certificates down, every 5 s */
	for (i = 0; i < 10; i++) {
		p.opened++;
		p.down += 5000;
		send(&p, i * 5, 10700);
	}
	step(&p, 60);
	assert_true(p.fired > 0);
	assert_near(p.o.chunks_way, 0, 0.01);
	/* Without connections it is an answer. */
	memset(&p, 0, sizeof(p));
	for (i = 0; i < 10; i++) {
		p.down += 7000;
		send(&p, i * 5, 10700);
	}
	step(&p, 60);
	assert_int_equal(p.fired, 0);
	/* Who asks 2 kB and gets 6 is no recorder, however often it connects. */
	memset(&p, 0, sizeof(p));
	for (i = 0; i < 20; i++) {
		p.opened++;
		p.down += 6000;
		send(&p, i * 3, 2000);
	}
	step(&p, 80);
	assert_int_equal(p.fired, 0);
}

static void
test_downloads_before_it_are_anothers(void **state)
{
	struct pair p = { .d = { 10 } };
	unsigned i;

	(void)state;
	p.down = 50000000;
	for (i = 0; i < 8; i++)
		send(&p, i * 20, 60000);
	step(&p, 160);
	assert_true(p.fired > 0);
}

static void
test_a_clock_with_sizes_of_every_kind_has_six_alike_once_at_most(void **state)
{
	unsigned run, fired = 0;

	(void)state;
	for (run = 0; run < 20; run++) {
		struct pair p = { .d = { 500 + run * 7919 } };
		double rung = -3600;

		/* A day of a program that writes every minute: 100 kB, give or take 50 %. */
		for (unsigned i = 0; i < 1440; i++) {
			unsigned was = p.fired;

			send(&p, i * 60, fmin(140000,
			    100000 * exp(dice_normal(&p.d, 0, 0.47))));
			if (p.fired > was && i * 60 - rung >= 3600) {
				rung = i * 60;
				fired++;
			}
		}
	}
	assert_in_range(fired, 0, 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_piece_in_three_requests_is_one),
		cmocka_unit_test(test_heartbeats_beside_do_not_lengthen_a_piece),
		cmocka_unit_test(test_a_piece_sent_twice_does_not_break_the_row),
		cmocka_unit_test(test_pieces_that_are_sent_again_do_not_break_the_row),
		cmocka_unit_test(test_what_was_due_may_come_together),
		cmocka_unit_test(test_pieces_with_nobody_speaking_may_be_left_out),
		cmocka_unit_test(test_who_waits_at_random_but_sends_all_is_heard),
		cmocka_unit_test(test_pauses_of_eight_seconds_are_bounded_by_time),
		cmocka_unit_test(
		    test_pauses_as_long_as_speech_show_in_forty_pieces_and_chance_does_not),
		cmocka_unit_test(test_a_handshake_for_each_piece_is_no_answer),
		cmocka_unit_test(test_downloads_before_it_are_anothers),
		cmocka_unit_test(
		    test_a_clock_with_sizes_of_every_kind_has_six_alike_once_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
