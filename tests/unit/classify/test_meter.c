/* SPDX-License-Identifier: GPL-3.0-or-later */
/* meter (T1 to T3): synthetic streams that keep time, and streams that only nearly do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/shape/bursts.h"
#include "classify/shape/meter.h"
#include "limits.h"

#include <math.h>
#include <string.h>

/* A meter, the limits it is judged by, and what its windows came to. */
struct ear {
	struct meter m;
	struct hearing h;
	struct meter_window w;		/* the newest */
	unsigned n, passed, stood;
	double fano, bytes_fano;	/* sums */
	double alert;			/* seconds until score and T2
					 * or T3 said so; 0: never */
	struct bursts b;
	bool regular;
};

static void
ear_open(struct ear *e)
{
	memset(e, 0, sizeof(*e));
	e->h = limits;
}

/* One byte ahead of everything, so that the bins begin at 0. */
static void
ear_wake(struct ear *e)
{
	ear_open(e);
	meter_packet(&e->m, (struct pkt_time){ START - METER_LEAD }, 1, false);
}

static void
ear_step(struct ear *e, struct pkt_time t)
{
	while (meter_step(&e->m, &e->h, t, &e->w)) {
		e->n++;
		e->passed += e->w.pass;
		e->stood += e->w.clock_stands;
		e->fano += e->w.fano;
		e->bytes_fano += e->w.bytes_fano;
		if (e->alert == 0 && e->w.score >= 9.16 &&
		    ((e->w.steady_known && e->w.steady <= 0.10) || e->w.clocked >= 0.5))
			e->alert = (double)(e->w.end.ns - e->m.first.ns) / 1e9;
	}
	if (bursts_step(&e->b, &e->h, t)) {
		struct observation o = { 0 };

		bursts_observe(&e->b, &e->h, true, &o);
		e->regular |= o.chunks_regular;
	}
}

static void
hear(struct ear *e, double t, uint32_t size, bool datagram)
{
	ear_step(e, at(t));
	meter_packet(&e->m, at(t), size, datagram);
	bursts_packet(&e->b, &e->h, at(t), size);
}

static void
test_fano_and_byte_fano_match_a_sum_done_by_hand(void **state)
{
	struct ear e;
	unsigned i, k;

	(void)state;
	/* c = 1..10: mean 5.5, variance 8.25 */
	ear_wake(&e);
	for (i = 0; i < 10; i++)
		for (k = 0; k <= i; k++)
			hear(&e, i + k * 0.05, 100, true);
	ear_step(&e, at(10));
	assert_int_equal(e.n, 1);
	assert_int_equal(e.w.packets, 55);
	assert_int_equal(e.w.bytes, 5500);
	assert_int_equal(e.w.filled, 10);
	assert_near(e.w.fano, 1.5, 1e-9);
	assert_near(e.w.bytes_fano, 1.5, 1e-9);
	assert_near(e.w.rate, 4400, 1e-9);
	assert_near(e.w.pps, 5.5, 1e-9);
	assert_near(e.w.size, 100, 1e-9);
	assert_near(e.w.size_cv, 0, 1e-6);

	/* One packet a second of 100, 200 .. 1000: var(b) = 82500, mean(q) = 385000 */
	ear_wake(&e);
	for (i = 0; i < 10; i++)
		hear(&e, i, 100 * (i + 1), true);
	ear_step(&e, at(10));
	assert_near(e.w.fano, 0, 1e-9);
	assert_near(e.w.bytes_fano, 82500.0 / 385000, 1e-9);
	assert_near(e.w.size_cv, sqrt(82500) / 550, 1e-9);
}

static void
test_poisson_streams_pass_as_often_as_chi_square_says(void **state)
{
	struct dice d = { 7 };
	struct ear e;
	double t = 0;

	(void)state;
	/* P(chi-square with 9 degrees <= 3.0) = 0.036; only the packet test, at 0.3. */
	ear_wake(&e);
	e.h.fano_max = 0.3;
	e.h.filled_min = 11;
	e.h.clock_min = 1;
	while (e.n < 3000) {
		hear(&e, t, 100, true);
		t += dice_exponential(&d, 1.0 / 40);
	}
	assert_near(e.passed / 3000.0, 0.036, 0.012);
	assert_near(e.fano / 3000, 0.9, 0.03);	/* nine tenths: of ten, not of nine */
	assert_near(e.bytes_fano / 3000, 0.9, 0.03);
}

static void
test_byte_fano_of_independent_messages_is_one_at_any_mix_of_sizes(void **state)
{
	struct dice d = { 11 };
	struct ear e;
	double t = 0;

	(void)state;
	ear_wake(&e);
	while (e.n < 1500) {
		hear(&e, t, dice_uniform(&d) < 0.8 ? 60 : 1100, false);
		t += dice_exponential(&d, 1.0 / 25);
	}
	assert_near(e.bytes_fano / 1500, 0.9, 0.04);
	assert_true(e.passed < 90);

	/* One that fills a segment may be taken for the beginning of the next. */
	ear_wake(&e);
	t = 0;
	while (e.n < 1500) {
		hear(&e, t, dice_uniform(&d) < 0.8 ? 60 : 1400, false);
		t += dice_exponential(&d, 1.0 / 25);
	}
	assert_near(e.bytes_fano / 1500, 0.79, 0.04);
	assert_true(e.passed < 90);
}

static void
test_voice_on_a_metronome_has_no_variance_and_alerts_after_forty_seconds(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 4 * 500; i++) {
		hear(&e, i * 0.02, 160, true);
		assert_near(e.alert, 0, 0);
	}
	assert_int_equal(e.n, 3);
	assert_false(e.w.steady_known);
	assert_true(e.w.score < 9.16);
	ear_step(&e, at(40));
	assert_int_equal(e.n, 4);
	assert_int_equal(e.passed, 4);
	assert_near(e.w.fano, 0, 1e-9);
	assert_near(e.w.bytes_fano, 0, 1e-9);
	assert_true(e.w.steady_known);
	assert_near(e.w.steady, 0, 1e-9);
	assert_near(e.w.score, 9.92, 1e-9);
	assert_near(e.alert, 40.3, 1e-6);
	assert_true(e.w.constant);
	assert_near(e.w.clock, 1, 1e-4);
	assert_int_equal(e.w.period % (10 * NS_PER_MS), 0);
}

static void
test_frames_of_varying_size_pass_by_packets(void **state)
{
	struct dice d = { 13 };
	struct ear e;
	unsigned i;

	(void)state;
	/* One in three frames is ten times the others: the bytes vary,
	 * the packets do not. */
	ear_wake(&e);
	e.h.clock_min = 1;
	for (i = 0; i < 100 * 25; i++)
		hear(&e, i * 0.04, dice_uniform(&d) < 0.3 ? 300 : 30, true);
	assert_true(e.bytes_fano / e.n > 0.5);
	assert_int_equal(e.passed, e.n);
	assert_false(e.w.constant);
}

/* Pages of a stream over TCP, 15 % of variation in size, and in time as said. A page
 * leaves in flights of ten segments, a round trip of 25 ms apart. */
static void
send_pages(struct ear *e, double kbits, double period, double jitter)
{
	struct dice d = { 17 };
	double t = 0, left;
	unsigned i, sent;

	ear_open(e);
	for (i = 0; i < 180 / period; i++) {
		t = fmax(t, i * period + jitter * dice_uniform(&d));
		left = dice_normal(&d, 125 * kbits * period, 19 * kbits * period);
		for (sent = 0; left >= 1; left -= 1400, t += 0.0002) {
			hear(e, t, left > 1400 ? 1400 : (uint32_t)left, false);
			if (++sent % 10 == 0 && left > 1400)
				t += 0.025;
		}
	}
	ear_step(e, at(182));
}

static void
test_pages_over_tcp_are_heard_as_live_or_as_pieces(void **state)
{
	static const double kbits[] = { 24, 64, 128, 256 };
	static const double period[] = { 0.2, 0.25, 0.3, 0.4, 0.5, 0.64, 0.8, 0.96, 1.0,
		1.03 };
	static const double jitter[] = { 0.005, 0.1, 0.2 };
	struct ear e;

	(void)state;
	send_pages(&e, 24, 0.2, 0.005);
	assert_int_equal(e.passed, e.n);
	assert_near(e.alert, 40.3, 1e-6);

	/* Up to a second each is live, also when pages are of many segments, come late, or
	 * follow each other by a whole part of a second. */
	for (unsigned k = 0; k < 4; k++)
		for (unsigned p = 0; p < 10; p++)
			for (unsigned j = 0; j < 3; j++) {
				send_pages(&e, kbits[k], period[p], jitter[j]);
				assert_true(e.alert > 0 && e.alert < 120);
			}
	/* Longer ones are pieces. */
	for (unsigned k = 0; k < 4; k++) {
		send_pages(&e, kbits[k], 1.6, 0.1);
		assert_true(e.regular);
	}
}

/* What is no page: a program that always has more to send, over a slow link. */
static void
test_full_segments_without_an_end_are_no_message(void **state)
{
	struct dice d = { 37 };
	struct ear e;
	double t = 0;
	unsigned n = 0;

	(void)state;
	ear_open(&e);
	while (e.n < 300) {
		hear(&e, t, ++n % 12 == 0 ? 700 : 1400, false);
		t += dice_exponential(&d, 0.056);
	}
	assert_true(e.passed < 30);
	assert_near(e.alert, 0, 0);
}

static void
test_frames_sent_in_batches_of_128_ms_pass(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 100 * 50; i++)
		hear(&e, ceil(i * 0.02 / 0.128) * 0.128 + i % 7 * 0.0001, 50, true);
	assert_true(e.n >= 9);
	assert_int_equal(e.passed, e.n);
	assert_true(e.w.fano > 0.05);
	assert_true(e.w.steady < 0.10);
}

static void
test_two_percent_of_loss_does_not_hide_voice(void **state)
{
	struct dice d = { 19 };
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 120 * 50; i++)
		if (dice_uniform(&d) >= 0.02)
			hear(&e, i * 0.02, 80, true);
	assert_int_equal(e.passed, e.n);
	assert_true(e.fano / e.n < 0.06);
	assert_near(e.alert, 40.3, 1e-6);
}

static void
test_speech_with_pauses_fails_by_counts_and_passes_by_the_clock(void **state)
{
	struct dice d = { 23 };
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 120 * 50; i++)
		if (i % 150 < 75 || i % 20 == 0)
			hear(&e, i * 0.02 + 0.002 * dice_uniform(&d),
			    i % 150 < 75 ? 70 : 8, true);
	ear_step(&e, at(121));
	assert_int_equal(e.n, 12);
	assert_true(e.w.fano > e.h.fano_max && e.w.bytes_fano > e.h.bytes_fano_max);
	assert_true(e.w.steady > 0.10);
	assert_int_equal(e.passed, 12);
	assert_int_equal(e.stood, 12);
	assert_true(e.w.clocked_known);
	assert_near(e.w.clocked, 1, 0);
	assert_near(e.alert, 40.3, 1e-6);

	/* Without the clock not one window passes. */
	ear_wake(&e);
	e.h.clock_min = 1;
	for (i = 0; i < 120 * 50; i++)
		if (i % 150 < 75 || i % 20 == 0)
			hear(&e, i * 0.02 + 0.002 * dice_uniform(&d),
			    i % 150 < 75 ? 70 : 8, true);
	assert_int_equal(e.passed, 0);
}

static void
test_pairs_on_an_audio_buffer_of_512_samples_stand_on_its_clock(void **state)
{
	const double buffer = 512.0 / 44100;
	struct dice d = { 29 };
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 60 * 50; i++)
		hear(&e, ceil(i * 0.02 / buffer) * buffer + 0.001 * dice_uniform(&d), 90,
		    true);
	assert_int_equal(e.passed, e.n);
	assert_int_equal(e.stood, e.n);
	assert_int_equal(e.w.period, 11609977);
	assert_true(e.w.clock > 0.9);
}

static void
test_bulk_does_not_pass_by_counts_nor_by_the_clock(void **state)
{
	struct dice d = { 31 };
	struct ear e;
	double t;
	unsigned i;

	(void)state;
	/* 10 Mbit/s */
	ear_wake(&e);
	for (t = 0; t < 30; t += dice_exponential(&d, 0.0011))
		hear(&e, t, 1400, false);
	assert_true(e.n >= 2);
	assert_int_equal(e.passed, 0);

	/* Lock-step, 40 ms round trips, on and off: full segments on a perfect grid. */
	ear_wake(&e);
	for (i = 0; i < 60 * 25; i++)
		if (i / 40 % 2 == 0)
			hear(&e, i * 0.04, 1400, false);
	assert_true(e.w.clock_known && e.w.clock > 0.9);
	assert_true(e.w.rate > e.h.rate_min && e.w.rate < e.h.rate_max);
	assert_int_equal(e.stood, 0);
	assert_int_equal(e.passed, 0);

	/* Large datagrams at an even pace: not one frame of sound each. */
	ear_wake(&e);
	for (i = 0; i < 60 * 25; i++)
		hear(&e, i * 0.04, 1200, true);
	assert_near(e.w.fano, 0, 1e-9);
	assert_int_equal(e.passed, 0);
}

static void
test_rates_outside_the_band_fail(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	/* A status message once a second: perfect time, 0.2 kbit/s. */
	ear_wake(&e);
	for (i = 0; i < 60; i++)
		hear(&e, i, 26, false);
	assert_near(e.w.bytes_fano, 0, 1e-9);
	assert_int_equal(e.passed, 0);
	/* 600 B of it would do. */
	ear_wake(&e);
	for (i = 0; i < 60; i++)
		hear(&e, i, 600, false);
	assert_int_equal(e.passed, e.n);
	/* 600 kbit/s of small datagrams */
	ear_wake(&e);
	for (i = 0; i < 30 * 200; i++)
		hear(&e, i * 0.005, 375, true);
	assert_int_equal(e.passed, 0);
}

static void
test_windows_close_by_time_without_packets(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_open(&e);
	ear_step(&e, at(1000));
	assert_int_equal(e.n, 0);
	for (i = 0; i < 100; i++)
		hear(&e, 0.02 * i, 100, true);
	ear_step(&e, (struct pkt_time){ at(10.3).ns - 1 });
	assert_int_equal(e.n, 0);
	ear_step(&e, at(10.3));
	assert_int_equal(e.n, 1);
	assert_int_equal(e.w.start.ns, START + METER_LEAD);
	assert_int_equal(e.w.end.ns, at(10.3).ns);
	assert_int_equal(e.w.packets, 85);
	assert_int_equal(e.w.filled, 2);
	ear_step(&e, at(20.3));
	ear_step(&e, at(45.3));
	assert_int_equal(e.n, 1);
	/* Empty windows are skipped on the same grid. */
	hear(&e, 47, 100, true);
	ear_step(&e, at(50.3));
	assert_int_equal(e.n, 2);
	assert_int_equal(e.w.start.ns, at(40.3).ns);
	assert_int_equal(e.w.windows, 2);
}

static void
test_the_score_has_a_floor(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 10 * 20; i++)
		hear(&e, i / 20 * 10 + i % 20 * 0.001, 100, true);
	assert_int_equal(e.n, 9);
	assert_int_equal(e.passed, 0);
	assert_near(e.w.score, -3.0, 0);
	for (i = 0; i < 1000; i++)
		hear(&e, 100 + i * 0.02, 100, true);
	ear_step(&e, at(120));
	assert_near(e.w.score, -3.0 + 2 * 2.48, 1e-9);
}

static void
test_sixty_seconds_of_silence_start_over(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 2500; i++)
		hear(&e, i * 0.02, 100, true);
	ear_step(&e, at(50));
	assert_true(e.w.steady_known && e.w.score > 9.16);
	ear_step(&e, at(105));
	for (i = 0; i < 500; i++)
		hear(&e, 113.3 + i * 0.02, 100, true);
	ear_step(&e, at(123.6));
	assert_int_equal(e.n, 6);
	assert_int_equal(e.w.start.ns, at(113.6).ns);
	assert_false(e.w.steady_known);
	assert_near(e.w.score, 2.48, 1e-9);
	assert_int_equal(e.w.passed, 6);
	assert_int_equal(e.m.first.ns, START - METER_LEAD);

	/* Fifty-five do not. */
	ear_wake(&e);
	for (i = 0; i < 500; i++)
		hear(&e, i * 0.02, 100, true);
	for (i = 0; i < 500; i++)
		hear(&e, 65 - 0.02 + i * 0.02, 100, true);
	ear_step(&e, at(80));
	assert_true(e.w.steady_known);
	assert_true(e.w.score > 2.48);
}

static void
test_time_that_goes_back_is_the_last_time(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 450; i++)
		hear(&e, i * 0.02, 100, true);
	hear(&e, -3600, 100, true);
	ear_step(&e, (struct pkt_time){ INT64_MIN });
	hear(&e, 1, 100, true);
	assert_int_equal(e.n, 0);
	assert_int_equal(e.m.last.ns, at(8.98).ns);
	ear_step(&e, at(10));
	assert_int_equal(e.w.packets, 452);
	assert_int_equal(e.w.filled, 9);
}

static void
test_a_leap_of_centuries_costs_one_step(void **state)
{
	struct meter_window w;
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 100; i++)
		hear(&e, i * 0.02, 100, true);
	assert_true(meter_step(&e.m, &e.h, (struct pkt_time){ INT64_MAX }, &w));
	assert_false(meter_step(&e.m, &e.h, (struct pkt_time){ INT64_MAX }, &w));
	meter_packet(&e.m, (struct pkt_time){ INT64_MAX }, 100, true);
	assert_false(meter_step(&e.m, &e.h, (struct pkt_time){ INT64_MAX }, &w));
	assert_int_equal(e.m.packets, 102);

	/* From before 1970 to now without a step between: one window, all finite. */
	ear_open(&e);
	meter_packet(&e.m, (struct pkt_time){ INT64_MIN }, UINT32_MAX, false);
	meter_packet(&e.m, (struct pkt_time){ NS_PER_S }, UINT32_MAX, false);
	meter_packet(&e.m, at(0), UINT32_MAX, false);
	assert_true(meter_step(&e.m, &e.h, at(0), &w));
	assert_true(isfinite(w.fano) && isfinite(w.bytes_fano) && isfinite(w.clock));
	assert_int_equal(w.bytes, 2 * (uint64_t)UINT32_MAX);
}

static void
test_the_four_second_bins_are_the_ten_newest_closed_ones(void **state)
{
	struct ear e;
	unsigned i, n;

	(void)state;
	/* Even until 48 s, then thick: at 50 s the bin of 48..52 is
	 * open and does not count. */
	ear_wake(&e);
	for (i = 0; i < 10 * 60; i++) {
		for (n = 0; n < (i < 480 ? 1 : 5); n++)
			hear(&e, i * 0.1 + n * 0.001, 100, true);
		if (i == 505) {
			assert_int_equal(e.n, 5);
			assert_near(e.w.steady, 0, 1e-9);
		}
	}
	/* At 60 s it is 20..60: seven bins of 40 and three of 200:
	 * mean 88, variance 5376. */
	ear_step(&e, at(60));
	assert_int_equal(e.n, 6);
	assert_near(e.w.steady, 5376.0 / 88, 1e-6);
}

static void
test_little_payload_is_not_judged(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	e.h.upload_min = 60000;
	for (i = 0; i < 1500; i++)
		hear(&e, i * 0.02, 50, true);
	assert_int_equal(e.n, 2);
	assert_false(e.w.pass);
	assert_int_equal(e.w.windows, 0);
	assert_near(e.w.score, 0, 0);
	assert_false(e.w.clocked_known);
	ear_step(&e, at(30));
	assert_int_equal(e.w.windows, 1);
	assert_true(e.w.pass);
}

static void
test_constant_sizes_are_asked_of_ten_datagrams(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 9; i++)
		hear(&e, i, 172, true);
	ear_step(&e, at(10));
	assert_false(e.w.constant);
	for (i = 0; i < 10; i++)
		hear(&e, 10 + i, 172, true);
	ear_step(&e, at(20));
	assert_true(e.w.constant);
	for (i = 0; i < 10; i++)
		hear(&e, 20 + i, i == 5 ? 171 : 172, true);
	ear_step(&e, at(30));
	assert_false(e.w.constant);
	ear_wake(&e);
	for (i = 0; i < 10; i++)
		hear(&e, i, 172, false);
	ear_step(&e, at(10));
	assert_true(e.w.constant);
}

static void
test_retransmissions_count_for_nothing(void **state)
{
	struct ear e;
	unsigned i;

	(void)state;
	ear_open(&e);
	hear(&e, 0, 0, false);
	assert_int_equal(e.m.packets, 0);
	for (i = 0; i < 1000; i++)
		hear(&e, 5 + i * 0.01, i % 2 == 0 ? 100 : 0, false);
	ear_step(&e, at(15.3));
	assert_int_equal(e.w.start.ns, at(5.3).ns);
	assert_int_equal(e.w.packets, 485);
	assert_int_equal(e.m.bytes, 50000);
}

/* The same stream as it was on the wire, and as a card that puts segments together shows
 * it: pages of 2 to 185 kB, and some that end in nothing but full segments. */
static void
test_a_super_frame_is_as_many_segments_as_it_was_on_the_wire(void **state)
{
	static const uint32_t pages[] = { 2000, 40000, 9000, 1448, 28960, 700, 65160,
		185344 };
	struct ear wire, card;
	unsigned i, windows = 0;
	uint32_t left;

	(void)state;
	ear_open(&wire);
	ear_open(&card);
	for (i = 0; i < 400; i++) {
		const double t = i * 0.31 + (i % 7) * 0.01;

		for (left = pages[i % 8]; left > 1448; left -= 1448)
			hear(&wire, t, 1448, false);
		hear(&wire, t, left, false);
		hear(&card, t, pages[i % 8], false);
		assert_int_equal(card.n, wire.n);
		if (wire.n == windows)
			continue;
		windows = wire.n;
		assert_int_equal(card.w.packets, wire.w.packets);
		assert_int_equal(card.w.bytes, wire.w.bytes);
		assert_true(fabs(card.w.fano - wire.w.fano) <= 1e-9 * wire.w.fano);
		assert_true(fabs(card.w.bytes_fano - wire.w.bytes_fano) <=
		    1e-9 * wire.w.bytes_fano);
		assert_true(fabs(card.w.steady - wire.w.steady) <= 1e-9);
		assert_true(fabs(card.w.clock - wire.w.clock) < 1e-3);
		assert_true(fabs(card.w.size - wire.w.size) < 1e-6);
		assert_int_equal(card.w.pass, wire.w.pass);
	}
	assert_true(windows >= 11);
	assert_int_equal(card.m.packets, wire.m.packets);
	/* A datagram is as long as it is. */
	ear_open(&card);
	hear(&card, 0, 40000, true);
	assert_int_equal(card.m.packets, 1);
	/* Lengths that a file made up cost no more than others. */
	ear_open(&card);
	for (i = 0; i < 100000; i++)
		meter_packet(&card.m, at(1), UINT32_MAX, false);
	assert_true(card.m.bytes == UINT64_C(100000) * UINT32_MAX);
}

static void
test_an_observation_knows_what_the_window_knew(void **state)
{
	struct observation o = { 0 };
	struct ear e;
	unsigned i;

	(void)state;
	ear_wake(&e);
	for (i = 0; i < 500; i++)
		hear(&e, i * 0.02 + i / 450, 100, true);
	ear_step(&e, at(10));
	meter_observe(&e.m, &e.w, &o);
	assert_int_equal(o.window_start, START);
	assert_int_equal(o.window_length, 10 * NS_PER_S);
	assert_int_equal(o.voice_first, START - METER_LEAD);
	assert_int_equal(o.way_media, 10 * NS_PER_S + METER_LEAD);
	assert_true(observation_known(&o, FIELD_voice_clock));
	assert_false(observation_known(&o, FIELD_voice_steady));
	assert_int_equal(o.voice_windows, 1);
	assert_int_equal(o.voice_upload, 50001);

	/* Nine packets that do not pass: no clock, no share of passing windows. */
	ear_wake(&e);
	for (i = 0; i < 9; i++)
		hear(&e, i * 0.01, 100, true);
	ear_step(&e, at(10));
	memset(&o, 0, sizeof(o));
	meter_observe(&e.m, &e.w, &o);
	assert_false(observation_known(&o, FIELD_voice_clock));
	assert_false(observation_known(&o, FIELD_voice_period));
	assert_false(observation_known(&o, FIELD_voice_clocked));
	assert_true(observation_known(&o, FIELD_voice_pass));
	assert_int_equal(o.voice_pass, 0);
	assert_int_equal(o.voice_seconds, 0);

	ear_wake(&e);
	for (i = 0; i < 4000; i++)
		hear(&e, i * 0.02, 100, true);
	memset(&o, 0, sizeof(o));
	meter_observe(&e.m, &e.w, &o);
	assert_true(observation_known(&o, FIELD_voice_steady));
	assert_true(observation_known(&o, FIELD_voice_clocked));
	assert_int_equal(o.voice_seconds, 70 * NS_PER_S);
	assert_int_equal(o.way_media, 70 * NS_PER_S + METER_LEAD);
}

static void
test_the_table_of_limits_names_every_member_once(void **state)
{
	unsigned i, k;

	(void)state;
	for (i = 0; i < HEARING_COUNT; i++) {
		assert_true(hearing_info[i].least < hearing_info[i].greatest);
		assert_true(hearing_info[i].offset < sizeof(struct hearing));
		for (k = 0; k < i; k++) {
			assert_string_not_equal(hearing_info[i].word,
			    hearing_info[k].word);
			assert_int_not_equal(hearing_info[i].offset,
			    hearing_info[k].offset);
		}
	}
	assert_string_equal(hearing_info[HEARING_burst_row].word, "burst.row");
	assert_int_equal(hearing_info[HEARING_burst_row].type, FIELD_COUNT);
	assert_int_equal(hearing_info[HEARING_burst_row].offset,
	    offsetof(struct hearing, burst_row));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fano_and_byte_fano_match_a_sum_done_by_hand),
		cmocka_unit_test(test_poisson_streams_pass_as_often_as_chi_square_says),
		cmocka_unit_test(
		    test_byte_fano_of_independent_messages_is_one_at_any_mix_of_sizes),
		cmocka_unit_test(
		    test_voice_on_a_metronome_has_no_variance_and_alerts_after_forty_seconds),
		cmocka_unit_test(test_frames_of_varying_size_pass_by_packets),
		cmocka_unit_test(test_pages_over_tcp_are_heard_as_live_or_as_pieces),
		cmocka_unit_test(test_full_segments_without_an_end_are_no_message),
		cmocka_unit_test(test_frames_sent_in_batches_of_128_ms_pass),
		cmocka_unit_test(test_two_percent_of_loss_does_not_hide_voice),
		cmocka_unit_test(
		    test_speech_with_pauses_fails_by_counts_and_passes_by_the_clock),
		cmocka_unit_test(
		    test_pairs_on_an_audio_buffer_of_512_samples_stand_on_its_clock),
		cmocka_unit_test(test_bulk_does_not_pass_by_counts_nor_by_the_clock),
		cmocka_unit_test(test_rates_outside_the_band_fail),
		cmocka_unit_test(test_windows_close_by_time_without_packets),
		cmocka_unit_test(test_the_score_has_a_floor),
		cmocka_unit_test(test_sixty_seconds_of_silence_start_over),
		cmocka_unit_test(test_time_that_goes_back_is_the_last_time),
		cmocka_unit_test(test_a_leap_of_centuries_costs_one_step),
		cmocka_unit_test(
		    test_the_four_second_bins_are_the_ten_newest_closed_ones),
		cmocka_unit_test(test_little_payload_is_not_judged),
		cmocka_unit_test(test_constant_sizes_are_asked_of_ten_datagrams),
		cmocka_unit_test(test_retransmissions_count_for_nothing),
		cmocka_unit_test(
		    test_a_super_frame_is_as_many_segments_as_it_was_on_the_wire),
		cmocka_unit_test(test_an_observation_knows_what_the_window_knew),
		cmocka_unit_test(test_the_table_of_limits_names_every_member_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
