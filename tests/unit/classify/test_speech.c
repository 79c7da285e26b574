/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speech as programs send it: with pauses and comfort noise, on every frame clock, in
 * pairs and batches, late and with losses; and what only looks like it. Thousands of
 * streams, the same in every run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ear.h"

#define RUNS 25
#define LONG 183.0

struct talker {
	double frame, kbits;		/* s, kbit/s while talking; sizes vary by 20 % */
	double talk, pause;		/* s, exponential; 0: never stops */
	double noise;			/* s between comfort noise; 0: none */
	double jitter, loss, batch;	/* s, uniform; share; s, 0: none */
	bool tcp;			/* a message is what is ready at once, in TLS */
};

static void
speak(struct tape *t, struct talker v, struct dice *d)
{
	double until = v.talk > 0 ? dice_exponential(d, v.talk) : 1e9, noise = 0, late = 0;
	double ready = -1;
	uint32_t message = 0;
	bool on = true;

	t->tcp = v.tcp;
	for (double k = 0; k * v.frame < LONG; k++) {
		double s = k * v.frame, at;
		uint32_t size;

		while (s >= until) {
			on = !on;
			until += dice_exponential(d, on ? v.talk : v.pause);
			noise = s;
		}
		size = (uint32_t)fmax(6, dice_normal(d, 1, 0.2) * 125 * v.kbits * v.frame);
		if (!on) {
			if (v.noise <= 0 || s - noise < v.noise - 1e-9)
				continue;
			noise = s;
			size = 7;
		}
		at = v.batch > 0 ? ceil(s / v.batch - 1e-9) * v.batch : s;
		if (!v.tcp) {
			if (dice_uniform(d) >= v.loss)
				tape_put(t, at + v.jitter * dice_uniform(d), size + 28,
				    UINT32_MAX);
			continue;
		}
		if (at > ready && message > 0) {
			late = fmax(late, ready + v.jitter * dice_uniform(d));
			tape_put(t, late, message, 0);
			message = 0;
		}
		ready = at;
		message += size + 29;
	}
}

/* Of RUNS such streams, how many alert; *median when. */
static unsigned
found(struct talker v, double *median)
{
	struct dice d = { 41 };
	struct tape t = { 0 };
	double alert[RUNS];
	unsigned n = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		speak(&t, v, &d);
		alert[i] = tape_play(&t).alert;
		n += alert[i] > 0;
	}
	free(t.p);
	*median = median_alert(alert, RUNS);
	return n;
}

static const double clocks[] = { 0.010, 512.0 / 48000, 512.0 / 44100, 0.020,
	1024.0 / 48000, 1024.0 / 44100, 0.030, 0.040, 0.060 };

#define CLOCKS (sizeof(clocks) / sizeof(clocks[0]))

static void
test_a_clean_stream_is_suspected_after_25_s_and_alerts_within_45(void **state)
{
	struct dice d = { 43 };
	struct tape t = { 0 };
	struct heard h;

	(void)state;
	for (unsigned c = 0; c < CLOCKS; c++)
		for (unsigned tcp = 0; tcp < 2; tcp++) {
			struct talker v = { .frame = clocks[c], .kbits = 24,
				.jitter = 0.005, .tcp = tcp };

			speak(&t, v, &d);
			h = tape_play(&t);
			assert_true(h.suspect > 0 && h.suspect <= 25);
			assert_true(h.alert > 0 && h.alert <= 45);
		}
	free(t.p);
}

static void
test_speech_with_pauses_alerts_on_every_clock(void **state)
{
	double median;

	(void)state;
	for (unsigned c = 0; c < CLOCKS; c++)
		for (unsigned tcp = 0; tcp < 2; tcp++) {
			struct talker v = { .frame = clocks[c], .kbits = 16, .talk = 1.25,
				.pause = 1.6, .noise = 0.4, .jitter = 0.002, .tcp = tcp };

			assert_int_equal(found(v, &median), RUNS);
			assert_true(median <= (clocks[c] < 0.05 ? 45 : 65));
			/* Noise more often, 40 % of speech, a twentieth lost. */
			v.talk = 1.0;
			v.pause = 1.5;
			v.noise = 0.16;
			v.loss = 0.05;
			assert_true(found(v, &median) >= RUNS - 1);
			assert_true(median <= 65);
		}
}

static void
test_speech_with_pauses_alerts_in_long_frames_pairs_and_batches(void **state)
{
	static const double frame[] = { 0.080, 0.100, 0.120, 0.130 };
	struct talker v = { .kbits = 16, .talk = 1.25, .pause = 1.6, .noise = 0.4,
		.jitter = 0.002 };
	double median;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		v.frame = frame[i];
		assert_true(found(v, &median) >= RUNS - 2);
		assert_true(median <= 85);
	}
	for (unsigned c = 0; c < CLOCKS; c++) {
		v.frame = clocks[c];
		v.batch = 2 * clocks[c];
		assert_int_equal(found(v, &median), RUNS);
		v.batch = 0.1;
		assert_int_equal(found(v, &median), RUNS);
		v.batch = 0.25;
		assert_int_equal(found(v, &median), RUNS);
		assert_true(median <= 65);
	}
}

/* Half a frame of jitter is what a clock bears; without pauses there is no such limit. */
static void
test_jitter_of_more_than_half_a_frame_hides_pauses_but_not_speech(void **state)
{
	double median;

	(void)state;
	for (unsigned c = 0; c < CLOCKS; c++) {
		struct talker v = { .frame = clocks[c], .kbits = 16, .talk = 1.25,
			.pause = 1.6, .noise = 0.4, .jitter = clocks[c] / 2 };

		assert_true(found(v, &median) >= RUNS - 2);
		v.jitter = 2 * clocks[c];
		assert_int_equal(found(v, &median), 0);
		v.talk = 0;
		v.jitter = 0.040;
		v.loss = 0.05;
		assert_int_equal(found(v, &median), RUNS);
		assert_true(median <= 45);
	}
}

/* `every` seconds the same 120 bytes, late by up to a tenth of that (5 ms at most), some lost. */
static unsigned
equal_packets(double every, double loss)
{
	struct dice d = { 59 };
	struct tape t = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		for (double s = 0; s < LONG; s += every)
			if (dice_uniform(&d) >= loss)
				tape_put(&t, s + fmin(0.005, every / 10) * dice_uniform(&d), 120,
				    UINT32_MAX);
		n += tape_play(&t).alert > 0;
	}
	free(t.p);
	return n;
}

static void
test_one_size_is_voice_at_the_pace_of_codecs_alone(void **state)
{
	static const double codec[] = { 7.5, 10, 1024 / 48.0, 20, 22.5, 24, 30, 32, 40, 45, 60,
		80, 90, 120 }, sensor[] = { 120, 60, 40, 80, 30, 20, 15, 10, 8 };

	(void)state;
	for (unsigned i = 0; i < sizeof(codec) / sizeof(codec[0]); i++) {
		assert_int_equal(equal_packets(codec[i] / 1e3, 0), RUNS);
		assert_int_equal(equal_packets(codec[i] / 1e3, 0.01), RUNS);
		assert_true(equal_packets(codec[i] / 1e3, 0.05) >= RUNS - 1);
	}
	for (unsigned i = 0; i < sizeof(sensor) / sizeof(sensor[0]); i++)
		assert_int_equal(equal_packets(1 / sensor[i], 0), 0);
	/* an agent that sleeps in between is late each time */
	assert_int_equal(equal_packets(0.0202, 0), RUNS);
	assert_int_equal(equal_packets(0.1003, 0), 0);
	assert_int_equal(equal_packets(0.0509, 0), 0);
}

/* Metrics of 600 bytes, sizes vary, `rate` a second, on time. */
static void
test_one_or_two_datagrams_a_second_are_readings(void **state)
{
	static const struct {
		double rate;
		bool voice;
	} sent[] = { { 1, false }, { 2, false }, { 8, true } };
	struct dice d = { 61 };
	struct tape t = { 0 };

	(void)state;
	for (unsigned i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		for (double s = 0; s < LONG; s += 1 / sent[i].rate)
			tape_put(&t, s, (uint32_t)(600 * exp(dice_normal(&d, -0.045, 0.3))),
			    UINT32_MAX);
		assert_int_equal(tape_play(&t).alert > 0, sent[i].voice);
	}
	free(t.p);
}

/* Logs of varying size, `rate` a second by chance, sent every `flush` seconds if any. */
static void
test_what_a_timer_flushes_is_on_its_clock_and_no_speech(void **state)
{
	static const double flush[] = { 0.020, 0.050 };
	struct dice d = { 47 };
	struct tape t = { .tcp = true };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		double next = 0;
		struct heard h;

		for (double n = 1; n * flush[i] < 3600; n++) {
			uint32_t b = 0;

			for (; next < n * flush[i]; next += dice_exponential(&d, 0.05))
				b += 150 + (uint32_t)(200 * dice_uniform(&d));
			if (b > 0)
				tape_put(&t, n * flush[i] + 0.001 * dice_uniform(&d), b, 0);
		}
		h = tape_play(&t);
		assert_true(h.windows > 350);
		assert_true(h.stood * 20 <= h.windows);
		/* On ticks of 50 ms one in three is near T1's limit; T2 has the say. */
		if (i == 0)
			assert_true(h.alert == 0);
	}
	free(t.p);
}

/* A file over an uplink: segments leave one by one as the link takes them, `queue` seconds
 * of them wait; below 0: no acknowledgement was seen. */
static struct heard
send_file(double kbits, double queue)
{
	struct dice d = { 53 };
	struct tape t = { .tcp = true };
	double gap = 1448 * 8 / (kbits * 1000);
	struct heard h;

	for (double s = 0; s < 120; s += gap * (1 + 0.02 * dice_normal(&d, 0, 1)))
		tape_put(&t, s, 1448, queue < 0 ? UINT32_MAX :
		    (uint32_t)(queue * kbits * 125));
	h = tape_play(&t);
	free(t.p);
	return h;
}

/* The same rate from a sound card: pieces of `size` when they are full. */
static struct heard
send_pieces(double kbits, uint32_t size)
{
	struct tape t = { .tcp = true };
	struct heard h;

	for (double s = 0; s < 120; s += size * 8 / (kbits * 1000))
		for (uint32_t left = size, sent = 0; left > 0;) {
			uint32_t n = left > 1448 ? 1448 : left;

			tape_put(&t, s + sent * 1e-7, n, sent);
			sent += n;
			left -= n;
		}
	h = tape_play(&t);
	free(t.p);
	return h;
}

static void
test_a_file_over_a_slow_uplink_is_not_live(void **state)
{
	static const double kbits[] = { 64, 128, 300, 390 };
	struct heard h;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		h = send_file(kbits[i], 0.2 + i * 0.5);
		assert_int_equal(h.held, h.windows);
		assert_int_equal(h.passed, 0);
		/* A page of sound leaves at once, and then its sender runs dry. */
		h = send_pieces(kbits[i], 4096);
		assert_int_equal(h.held, 0);
		assert_true(h.alert > 0 && h.alert <= 45);
		h = send_pieces(kbits[i], 14480);
		assert_int_equal(h.held, 0);
	}
	/* Frames fill segments with one in the air. */
	h = send_file(320, 0.05);
	assert_int_equal(h.held, 0);
	assert_true(h.alert > 0);
	/* Where no acknowledgement was seen nothing is claimed. */
	h = send_file(300, -1);
	assert_int_equal(h.held, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_clean_stream_is_suspected_after_25_s_and_alerts_within_45),
		cmocka_unit_test(test_speech_with_pauses_alerts_on_every_clock),
		cmocka_unit_test(
		    test_speech_with_pauses_alerts_in_long_frames_pairs_and_batches),
		cmocka_unit_test(
		    test_jitter_of_more_than_half_a_frame_hides_pauses_but_not_speech),
		cmocka_unit_test(test_what_a_timer_flushes_is_on_its_clock_and_no_speech),
		cmocka_unit_test(test_one_size_is_voice_at_the_pace_of_codecs_alone),
		cmocka_unit_test(test_one_or_two_datagrams_a_second_are_readings),
		cmocka_unit_test(test_a_file_over_a_slow_uplink_is_not_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
