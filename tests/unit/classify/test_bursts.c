/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bursts (T6): what is chunked, and which habits of people are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/bursts.h"
#include "limits.h"

#include <string.h>

/* A pair of hosts: its bursts, how many fired, and the newest observation. */
struct pair {
	struct bursts b;
	double way;			/* down over up; negative: unknown */
	double up;
	unsigned closed, fired;
	unsigned first;			/* number of the burst that fired first */
	struct observation o;
};

static void
pair_step(struct pair *p, double t)
{
	if (p->way > 0)
		bursts_received(&p->b, (uint64_t)(p->way * p->up), 0);
	if (!bursts_step(&p->b, &limits, at(t)))
		return;
	p->closed++;
	memset(&p->o, 0, sizeof(p->o));
	bursts_observe(&p->b, &limits, p->way >= 0, &p->o);
	if (p->o.chunks_regular && p->fired++ == 0)
		p->first = p->closed;
}

/* Sends bytes from t on in segments, one a millisecond;
 * returns when the last one went. */
static double
send_piece(struct pair *p, double t, double bytes)
{
	for (; bytes >= 1; bytes -= 1400, t += 0.001) {
		pair_step(p, t);
		p->up += bytes > 1400 ? 1400 : bytes;
		bursts_packet(&p->b, &limits, at(t),
		    bytes > 1400 ? 1400 : (uint32_t)bytes);
	}
	return t;
}

static void
test_a_recorder_fires_with_its_sixth_piece(void **state)
{
	struct dice d = { 5 };
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++) {
		send_piece(&p, i * 20 + 0.3 * dice_uniform(&d),
		    dice_normal(&d, 60000, 1500));
		assert_int_equal(p.fired, 0);
	}
	pair_step(&p, 101);
	assert_int_equal(p.closed, 6);
	assert_int_equal(p.fired, 1);
	assert_near((double)p.o.chunks_period / 1e9, 20, 0.3);
	assert_near(p.o.chunks_size, 60000, 2000);
	assert_near(p.o.chunks_rate, 24000, 1000);
	assert_int_equal(p.o.chunks_count, 6);
	assert_near(p.o.chunks_gaps, 1, 0);
	assert_near(p.o.chunks_sizes, 1, 0);
	assert_near((double)p.o.chunks_span / 1e9, 100, 0.5);
	assert_int_equal(p.o.chunks_upload, p.b.total);
	assert_false(observation_known(&p.o, FIELD_chunks_slope));
}

static void
test_a_fast_recorder_fires_when_twenty_seconds_have_passed(void **state)
{
	struct dice d = { 6 };
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 30; i++)
		send_piece(&p, i * 2 + 0.05 * dice_uniform(&d), 6000);
	assert_in_range(p.first, 11, 12);
	assert_int_equal(p.o.chunks_count, 12);
	assert_true(p.o.chunks_span > 50 * NS_PER_S);
}

static void
test_the_last_shorter_piece_does_not_unsay_the_others(void **state)
{
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	/* m01: eight pieces and a ninth of half the size, sent when recording stopped. */
	for (i = 0; i < 8; i++)
		send_piece(&p, i * 30, 157000);
	send_piece(&p, 7 * 30 + 14, 73000);
	pair_step(&p, 226);
	assert_int_equal(p.closed, 9);
	assert_int_equal(p.first, 6);
	assert_int_equal(p.fired, 4);
	assert_true(p.o.chunks_regular);
	assert_int_equal(p.o.chunks_count, 0);
	assert_true(p.o.chunks_equal);
	assert_int_equal(p.o.chunks_upload, 8 * 157000 + 73000);
}

static void
test_habits_hardly_ever_fire(void **state)
{
	struct dice d = { 8 };
	struct pair p;
	unsigned run, i, fired = 0;
	double t;

	(void)state;
	/* Two thousand times forty saves of somebody who does so every quarter of a
	 * minute, give or take four tenths: 1.5 spells in a hundred, nearly all as
	 * sizes that are bounded by the time before them. */
	for (run = 0; run < 2000; run++) {
		memset(&p, 0, sizeof(p));
		for (t = 0, i = 0; i < 40; i++) {
			send_piece(&p, t, fmax(5000, dice_normal(&d, 45000, 18000)));
			t += fmax(1, dice_normal(&d, 15, 6));
		}
		fired += p.fired > 0;
	}
	assert_in_range(fired, 10, 50);
}

static void
test_a_stall_before_a_piece_costs_two_gaps_of_eleven(void **state)
{
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 30; i++)
		send_piece(&p, i * 5 + (i % 12 == 8 ? 0.8 : 0), 20000);
	pair_step(&p, 150);
	assert_int_equal(p.closed, 30);
	/* From the sixth on to the end. */
	assert_int_equal(p.first, 6);
	assert_true(p.o.chunks_regular);
	assert_near(p.o.chunks_gaps, 9.0 / 11, 1e-9);
}

static void
test_a_stall_within_a_piece_does_not_cut_it_in_two(void **state)
{
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 8; i++) {
		double t = send_piece(&p, i * 20, i == 5 ? 30000 : 60000);

		if (i == 5)
			send_piece(&p, t + 0.9, 30000);
	}
	pair_step(&p, 160);
	/* Judged with the first half, and again when it is whole. */
	assert_int_equal(p.closed, 9);
	assert_true(p.o.chunks_regular);
	assert_near(p.o.chunks_sizes, 1, 0);
	assert_int_equal(p.o.chunks_upload, 8 * 60000);
}

static void
test_a_piece_in_equal_blocks_is_all_of_them(void **state)
{
	(void)state;
	/* 24 kbit/s whatever it is cut into; not "the same piece once more". */
	for (unsigned k = 2; k <= 7; k++) {
		struct pair p = { 0 };
		double t;

		for (unsigned i = 0; i < 20; i++) {
			t = i * 20;
			for (unsigned n = 0; n < k; n++)
				t = send_piece(&p, t, 60000.0 / k) + 0.4;
		}
		pair_step(&p, 400);
		assert_true(p.o.chunks_regular);
		if (k > 5)
			continue;	/* found, as many small pieces */
		assert_near(p.o.chunks_rate, 24000, 100);
		assert_near((double)p.o.chunks_seconds / 1e9, 400, 1);
	}
}

static void
test_a_piece_that_is_sent_again_counts_once(void **state)
{
	struct pair p = { 0 };

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		double t = send_piece(&p, i * 20, 60000);

		if (i % 6 == 4)
			send_piece(&p, t + 1.5, 60000);
	}
	pair_step(&p, 400);
	assert_in_range(p.first, 6, 7);
	assert_true(p.o.chunks_regular);
	assert_near(p.o.chunks_sizes, 1, 0);
	assert_int_equal(p.o.chunks_upload, 23 * 60000);
	assert_near((double)p.o.chunks_seconds / 1e9, 400, 1);
}

static void
test_one_block_or_two_are_no_recorder(void **state)
{
	struct dice d = { 15 };
	unsigned fired = 0;

	(void)state;
	for (unsigned run = 0; run < 100; run++) {
		struct pair p = { 0 };

		for (unsigned i = 0; i < 60; i++) {
			double t = send_piece(&p, i * 20, 60000);

			if (dice_uniform(&d) < 0.5)
				send_piece(&p, t + 0.4, 60000);
		}
		fired += p.fired;
	}
	/* Of 6000 moments, before it shows that most come in twos. */
	assert_true(fired < 300);
}

static void
test_small_bursts_between_are_not_counted(void **state)
{
	struct pair p = { 0 };
	unsigned i, k;

	(void)state;
	/* A hand-shake, keep-alives, and a notice of a kilobyte between the pieces. */
	send_piece(&p, -10, 900);
	send_piece(&p, -8, 700);
	for (i = 0; i < 10; i++) {
		send_piece(&p, i * 20, 60000);
		for (k = 1; k < 18; k++)
			send_piece(&p, i * 20 + 1.0 * k, k == 7 ? 1100 : 40);
	}
	assert_in_range(p.fired, 4, 10);
	assert_near((double)p.o.chunks_period / 1e9, 20, 1e-6);
	assert_near(p.o.chunks_gaps, 1, 0);
	assert_near(p.o.chunks_sizes, 1, 0);
}

static void
test_large_files_before_it_do_not_deafen_the_pair(void **state)
{
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 12; i++)
		send_piece(&p, i * 10, 2000000);
	assert_int_equal(p.fired, 0);		/* 1600 kbit/s: no recorder */
	for (i = 0; i < 20; i++)
		send_piece(&p, 200 + i * 20, 60000);
	assert_in_range(p.fired, 5, 20);
	assert_int_equal(p.o.chunks_size, 60000);
}

static void
test_rate_size_and_way_are_asked(void **state)
{
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	/* Call statistics: 735 B every 5 s, as regular as any recorder. */
	for (i = 0; i < 20; i++)
		send_piece(&p, i * 5, 735);
	assert_int_equal(p.fired, 0);
	assert_near(p.o.chunks_gaps, 1, 0);
	/* 500 kB every 6 s */
	memset(&p, 0, sizeof(p));
	for (i = 0; i < 20; i++)
		send_piece(&p, i * 6, 500000);
	assert_int_equal(p.fired, 0);
	/* 300 B every 0.5 s is 4.8 kbit/s, under the least burst */
	memset(&p, 0, sizeof(p));
	for (i = 0; i < 200; i++)
		send_piece(&p, i * 0.5, 300);
	assert_int_equal(p.fired, 0);
	/* Half of it comes back. */
	memset(&p, 0, sizeof(p));
	p.way = 0.5;
	for (i = 0; i < 10; i++)
		send_piece(&p, i * 20, 60000);
	assert_int_equal(p.fired, 0);
	/* Nobody knows what comes back. */
	memset(&p, 0, sizeof(p));
	p.way = -1;
	for (i = 0; i < 10; i++)
		send_piece(&p, i * 20, 60000);
	assert_true(p.fired > 0);
}

static void
test_a_rate_limiter_sends_equal_bytes(void **state)
{
	struct dice d = { 9 };
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 15; i++)
		send_piece(&p, i * 7.11 + 0.2 * dice_uniform(&d), 65624);
	assert_true(p.fired > 0);
	assert_true(p.o.chunks_equal);
	/* A recorder whose pieces vary does not. */
	memset(&p, 0, sizeof(p));
	for (i = 0; i < 15; i++)
		send_piece(&p, i * 7.11, dice_normal(&d, 20000, 1500));
	assert_true(p.fired > 0);
	assert_true(observation_known(&p.o, FIELD_chunks_equal));
	assert_false(p.o.chunks_equal);
}

static void
test_a_voice_switched_recorder_sends_what_it_has_heard(void **state)
{
	struct dice d = { 10 };
	struct pair p = { 0 };
	double t = 0, gap;
	unsigned i;

	(void)state;
	for (i = 0; i < 14; i++) {
		gap = 5 + 25 * dice_uniform(&d);
		t += gap;
		send_piece(&p, t, 3000 * gap + dice_normal(&d, 0, 1000));
		if (i < 10)
			assert_false(observation_known(&p.o, FIELD_chunks_slope));
	}
	assert_true(observation_known(&p.o, FIELD_chunks_slope));
	assert_true(p.o.chunks_slope > 0.98);
	assert_int_equal(p.first, 12);
	assert_int_equal(p.o.chunks_pace, PACE_ELAPSED);
	/* The same times with sizes of their own: no relation. */
	memset(&p, 0, sizeof(p));
	for (t = 0, i = 0; i < 14; i++) {
		t += 5 + 25 * dice_uniform(&d);
		send_piece(&p, t, 20000 + 40000 * dice_uniform(&d));
	}
	assert_true(fabs(p.o.chunks_slope) < 0.7);
	assert_int_equal(p.fired, 0);
}

/* Speech of fifteen seconds, more or less, and a pause that is not recorded. */
static unsigned
spells_heard(double pause, unsigned pieces)
{
	struct dice d = { 12 };
	unsigned run, i, heard = 0;

	for (run = 0; run < 100; run++) {
		struct pair p = { 0 };
		double t = 0, speech;

		for (i = 0; i < pieces; i++) {
			speech = 15 * exp(dice_normal(&d, 0, 0.6));
			t += speech + dice_exponential(&d, pause);
			send_piece(&p, t, 3000 * speech * dice_normal(&d, 1, 0.05));
		}
		heard += p.fired > 0;
	}
	return heard;
}

static void
test_a_recorder_that_stops_in_silence_is_heard_by_its_twelfth_piece(void **state)
{
	(void)state;
	assert_true(spells_heard(1, 14) >= 90);
	assert_true(spells_heard(4, 40) >= 90);
}

static void
test_pieces_sent_late_by_a_fifth_are_heard_by_their_line(void **state)
{
	struct dice d = { 14 };
	unsigned run, sixth = 0, heard = 0, machine = 0, i;

	(void)state;
	for (run = 0; run < 100; run++) {
		struct pair p = { 0 };

		for (i = 0; i < 20; i++)
			send_piece(&p, i * 30 + 6 * (2 * dice_uniform(&d) - 1),
			    90000 * dice_normal(&d, 1, 0.03));
		heard += p.fired > 0;
		sixth += p.first == 6;
	}
	assert_int_equal(heard, 100);
	assert_true(sixth >= 50);
	/* Even pieces at times of their own: waiting adds up. */
	for (run = 0; run < 200; run++) {
		struct pair p = { 0 };
		double t = 0;

		for (i = 0; i < 20; i++, t += 0.5 + dice_exponential(&d, 30))
			send_piece(&p, t, 90000);
		machine += p.fired > 0;
	}
	assert_true(machine < 30);
}

static void
test_a_burst_ends_after_its_silence(void **state)
{
	struct pair p = { 0 };

	(void)state;
	send_piece(&p, 0, 1000);
	send_piece(&p, 0.249, 1000);
	pair_step(&p, 0.498);
	assert_int_equal(p.closed, 0);
	pair_step(&p, 0.499);
	assert_int_equal(p.closed, 1);
	assert_int_equal(p.o.chunks_upload, 2000);
	assert_int_equal(p.o.chunks_count, 1);
	assert_false(observation_known(&p.o, FIELD_chunks_period));
	pair_step(&p, 100);
	assert_int_equal(p.closed, 1);
	/* Retransmissions neither open nor prolong one. */
	bursts_packet(&p.b, &limits, at(200), 0);
	assert_int_equal(p.b.bytes, 0);
}

static void
test_time_may_leap_both_ways(void **state)
{
	struct pair p = { 0 };
	unsigned i;

	(void)state;
	bursts_packet(&p.b, &limits, (struct pkt_time){ INT64_MIN }, 5000);
	bursts_packet(&p.b, &limits, at(0), 5000);
	bursts_packet(&p.b, &limits, at(-5), 5000);
	assert_int_equal(p.b.last.ns, START);
	assert_int_equal(p.b.bytes, 10000);
	bursts_packet(&p.b, &limits, (struct pkt_time){ INT64_MAX }, UINT32_MAX);
	for (i = 0; i < 20; i++)
		bursts_packet(&p.b, &limits, (struct pkt_time){ INT64_MAX }, UINT32_MAX);
	bursts_observe(&p.b, &limits, true, &p.o);
	assert_int_equal(p.o.chunks_count, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_recorder_fires_with_its_sixth_piece),
		cmocka_unit_test(
		    test_a_fast_recorder_fires_when_twenty_seconds_have_passed),
		cmocka_unit_test(test_the_last_shorter_piece_does_not_unsay_the_others),
		cmocka_unit_test(test_habits_hardly_ever_fire),
		cmocka_unit_test(test_a_stall_before_a_piece_costs_two_gaps_of_eleven),
		cmocka_unit_test(test_a_stall_within_a_piece_does_not_cut_it_in_two),
		cmocka_unit_test(test_a_piece_in_equal_blocks_is_all_of_them),
		cmocka_unit_test(test_a_piece_that_is_sent_again_counts_once),
		cmocka_unit_test(test_one_block_or_two_are_no_recorder),
		cmocka_unit_test(test_small_bursts_between_are_not_counted),
		cmocka_unit_test(test_large_files_before_it_do_not_deafen_the_pair),
		cmocka_unit_test(test_rate_size_and_way_are_asked),
		cmocka_unit_test(test_a_rate_limiter_sends_equal_bytes),
		cmocka_unit_test(test_a_voice_switched_recorder_sends_what_it_has_heard),
		cmocka_unit_test(
		    test_a_recorder_that_stops_in_silence_is_heard_by_its_twelfth_piece),
		cmocka_unit_test(test_pieces_sent_late_by_a_fifth_are_heard_by_their_line),
		cmocka_unit_test(test_a_burst_ends_after_its_silence),
		cmocka_unit_test(test_time_may_leap_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
