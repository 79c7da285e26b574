/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP that is pictures is seen to be that, and RTP that is sound never is: by stamps at 90
 * kHz and a marker at the end of each, with what networks do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "limits.h"
#include "talk.h"

struct source {
	double frame;			/* s */
	double clock;			/* Hz */
	unsigned least, most;		/* packets of a frame */
	enum { LAST, FIRST, NEVER, ALWAYS } mark;
	double loss, late;		/* share; s, uniform, each packet its own */
	bool shuffled;			/* every third picture refers to the next one */
	uint32_t wire;			/* bytes of a packet; 0: 1000 */
	unsigned *bodies;		/* if not NULL: how often it was said */
};

static const struct source camera = { .frame = 1.0 / 15, .clock = 90e3, .least = 2, .most = 9 };

struct queued {
	double at;
	uint8_t p[16];
};

static int
queue_order(const void *a, const void *b)
{
	double x = ((const struct queued *)a)->at, y = ((const struct queued *)b)->at;

	return x < y ? -1 : x > y;
}

/* Plays `s` seconds of a source; when it was seen to be pictures, or 0. */
static double
seen_after(struct talk *t, struct source v, uint8_t ssrc, double from, double s, uint64_t seed)
{
	struct dice d = { seed };
	struct queued *q = calloc((size_t)(s / v.frame + 2) * v.most, sizeof(*q));
	unsigned seq = 7, n = 0, sent = 0;
	double seen = 0;

	assert_non_null(q);
	for (unsigned k = 0; k * v.frame < s; k++) {
		unsigned packets = v.least + (unsigned)(dice_uniform(&d) * (v.most - v.least + 1));
		unsigned of = k + (v.shuffled ? (k % 3 == 0 ? 2U : 0U) - (k % 3 != 0) : 0);
		uint32_t stamp = (uint32_t)(uint64_t)(4294900000.0 +
		    (from + (double)of * v.frame) * v.clock);

		for (unsigned i = 0; i < packets; i++, seq++) {
			bool mark = v.mark == ALWAYS || (v.mark == LAST && i == packets - 1) ||
			    (v.mark == FIRST && i == 0);
			const uint8_t p[16] = { 0x80, (uint8_t)((mark ? 0x80 : 0) | 96),
				(uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(stamp >> 24),
				(uint8_t)(stamp >> 16), (uint8_t)(stamp >> 8), (uint8_t)stamp,
				1, 2, 3, ssrc };

			if (dice_uniform(&d) < v.loss)
				continue;
			q[n].at = from + k * v.frame + i * 5e-5 + v.late * dice_uniform(&d);
			memcpy(q[n++].p, p, sizeof(p));
		}
	}
	if (v.late < 0.02)		/* else in order, as behind one queue */
		qsort(q, n, sizeof(*q), queue_order);
	for (double last = 0; sent < n; sent++) {
		last = q[sent].at > last ? q[sent].at : last;
		t->frame.time = at(last);
		if (talk_at(t, UP, 0, q[sent].p, 16, v.wire > 0 ? v.wire : 1000) &
		    NEWS_CONTENT && seen == 0) {
			assert_int_equal(t->news.class,
			    t->news.taken_back ? CONTENT_UNKNOWN : CONTENT_VIDEO);
			assert_int_equal(t->news.proof, PROOF_RTP);
			assert_true(t->news.body);
			assert_true(t->news.body_plain ==
			    (t->news.taken_back ? 0 : UINT64_MAX));
			seen = last - from + 1e-9;	/* never 0 */
		}
		if (v.bodies != NULL)
			*v.bodies += t->news.body;
	}
	free(q);
	return seen;
}

/* Of 20 such streams, how many are seen within so long. */
static unsigned
pictures(struct content *c, struct source v, double s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 20; i++) {
		struct talk t;

		talk_start(&t, c, IPPROTO_IS_UDP, 5004);
		n += seen_after(&t, v, 9, 0, s, i + 1) > 0;
		talk_end(&t);
	}
	return n;
}

static void
test_cameras_are_pictures(void **state)
{
	static const double rate[] = { 5, 7.5, 12.5, 15, 25, 29.97, 60 };
	struct source v = camera;

	for (unsigned i = 0; i < sizeof(rate) / sizeof(rate[0]); i++) {
		v = camera;
		v.frame = 1 / rate[i];
		assert_int_equal(pictures(*state, v, 5), 20);
		v.least = v.most = 1;		/* a conference at a low rate; below 96 kbit/s
						 * it is as thin as speech */
		assert_int_equal(pictures(*state, v, 5), rate[i] * 8000 > 96e3 ? 20 : 0);
		v.most = 6;
		v.loss = 0.05;
		v.late = 0.04;
		assert_true(pictures(*state, v, 8) >= 19);
	}
	v = camera;
	v.shuffled = true;
	assert_int_equal(pictures(*state, v, 5), 20);
}

static void
test_a_fast_camera_is_seen_before_its_first_megabyte(void **state)
{
	struct source v = { .frame = 1.0 / 30, .clock = 90e3, .least = 30, .most = 60 };
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
	assert_in_range((int)(1e3 * seen_after(&t, v, 9, 0, 4, 1)), 1, 250);
	assert_true(t.news.body_seen == 0 || t.news.body_seen == UINT32_MAX);
	talk_end(&t);
}

static void
test_sound_is_never_pictures(void **state)
{
	static const double clock[] = { 8e3, 11025, 16e3, 22050, 24e3, 32e3, 44100, 48e3, 96e3 };
	static const double frame[] = { 0.01, 0.02, 0.0232, 0.03, 0.06, 0.12 };

	for (unsigned i = 0; i < sizeof(clock) / sizeof(clock[0]); i++)
		for (unsigned k = 0; k < sizeof(frame) / sizeof(frame[0]); k++)
			for (unsigned m = LAST; m <= ALWAYS; m++) {
				struct source v = { .frame = frame[k], .clock = clock[i],
					.least = 1, .most = 1 + (k & 1), .mark = m };

				assert_int_equal(pictures(*state, v, 12), 0);
			}
	/* MPEG audio counts at 90 kHz, and marks no end */
	assert_int_equal(pictures(*state, (struct source){ .frame = 0.026, .clock = 90e3,
		.least = 1, .most = 1, .mark = NEVER }, 12), 0);
	/* speech that marks each packet and counts as pictures do */
	assert_int_equal(pictures(*state, (struct source){ .frame = 0.02, .clock = 90e3,
		.least = 1, .most = 1, .mark = ALWAYS, .wire = 172 }, 12), 0);
	/* telephone events share a stamp and mark the first */
	assert_int_equal(pictures(*state, (struct source){ .frame = 0.1, .clock = 90e3,
		.least = 5, .most = 5, .mark = FIRST }, 12), 0);
}

/* One socket for both: what is sound in it must not pass as pictures. */
static void
test_pictures_beside_sound_are_not_the_flow(void **state)
{
	struct talk t;
	struct source sound = { .frame = 0.02, .clock = 48e3, .least = 1, .most = 1, .mark = NEVER };

	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
	for (unsigned i = 0; i < 200; i++) {
		assert_true(seen_after(&t, camera, 1, i * 0.1, 0.1, i + 1) == 0);
		assert_true(seen_after(&t, sound, 2, i * 0.1, 0.1, i + 1) == 0);
	}
	talk_end(&t);
}

/* A camera of 20 kB/s, and speech of 72 bytes each 20 ms that is dressed as one, is something
 * of its own, or no RTP at all. */
static const struct source speech = { .frame = 0.02, .clock = 90e3, .least = 1, .most = 1,
	.mark = ALWAYS, .wire = 72 };

/* Look after look says that it still is what it was, and an hour of it does not change that. */
static void
test_pictures_have_to_be_seen_again(void **state)
{
	struct source v = camera;
	struct talk t;
	unsigned again = 0;

	v.bodies = &again;
	v.loss = 0.01;
	v.late = 0.04;
	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
	assert_true(seen_after(&t, v, 9, 0, 10, 1) > 0);
	again = 0;
	assert_true(seen_after(&t, v, 9, 10, 3600, 1) == 0);
	assert_in_range(again, 1150, 1200);
	talk_end(&t);
}

/* Three seconds of pictures buy no silence: who goes on as something else is that soon. */
static void
test_what_is_no_longer_pictures_is_taken_back(void **state)
{
	struct source sound = { .frame = 0.02, .clock = 48e3, .least = 1, .most = 1, .mark = NEVER };
	struct source slow = speech;

	slow.frame = 0.12;
	slow.wire = 600;
	for (unsigned how = 0; how < 4; how++) {
		struct source v = how == 0 ? sound : how == 3 ? slow : speech;
		unsigned bodies = 0;
		struct talk t;
		double after;

		talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
		assert_true(seen_after(&t, camera, 9, 0, 5, 1) > 0);
		after = seen_after(&t, v, how == 2 ? 10 : 9, 5, 400, 2);
		assert_in_range((int)(1e3 * after), 6000, how == 3 ? 24000 : 13000);
		v.bodies = &bodies;
		assert_true(seen_after(&t, v, how == 2 ? 10 : 9, 405, 400, 3) == 0);
		assert_int_equal(bodies, 0);
		/* a camera that comes back is one after three looks */
		assert_in_range((int)seen_after(&t, camera, 9, 805, 40, 4), 6, 13);
		talk_end(&t);
	}
}

/* Its bytes are explained no longer at the first look that sees none. */
static void
test_a_look_that_sees_no_pictures_explains_nothing(void **state)
{
	uint8_t p[96] = { 1, 2, 3 };
	unsigned doubts = 0, back = 0, sent = 0;
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
	assert_true(seen_after(&t, camera, 9, 0, 5, 1) > 0);
	for (unsigned i = 0; i < 750 && back == 0; i++) {
		t.frame.time = at(5 + i * 0.02);
		(void)talk_at(&t, UP, 0, p, sizeof(p), sizeof(p));
		sent += sizeof(p);
		if (!t.news.body)
			continue;
		assert_true(t.news.body_plain == 0);
		/* all that was sent since the look began, whoever sent it */
		assert_in_range(t.news.body_seen, sent, doubts > 0 ? sent : 200000);
		sent = 0;
		assert_true(t.news.taken_back == ((t.news.what & NEWS_CONTENT) != 0));
		doubts += !t.news.taken_back;
		back += t.news.taken_back;
	}
	assert_int_equal(doubts, 2);
	assert_int_equal(back, 1);
	talk_end(&t);
}

/* However much of it comes beside a camera's packets. */
static void
test_others_beside_pictures_are_all_counted(void **state)
{
	struct source beside = speech;
	struct talk t;
	double back = 0;

	beside.frame = 0.002;
	beside.wire = 1000;
	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
	assert_true(seen_after(&t, camera, 9, 0, 5, 1) > 0);
	for (unsigned i = 0; i < 200 && back <= 0; i++)
		back = seen_after(&t, camera, 9, 5 + i * 0.1, 0.1, i + 1) +
		    seen_after(&t, beside, 2, 5 + i * 0.1, 0.1, i + 1);
	assert_true(back > 0);
	talk_end(&t);
}

/* RTCP once a second and a STUN request each two seconds are no other source. */
static void
test_reports_beside_pictures_are_no_others(void **state)
{
	static const uint8_t report[28] = { 0x80, 200, 0, 6 };
	struct source v = { .frame = 0.2, .clock = 90e3, .least = 3, .most = 3 };
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
	assert_true(seen_after(&t, v, 9, 0, 5, 1) > 0);
	for (unsigned i = 0; i < 600; i++) {
		t.frame.time = at(5 + i);
		(void)talk_at(&t, UP, 0, report, sizeof(report), sizeof(report));
		assert_true(seen_after(&t, v, 9, 5 + i, 1, i + 1) == 0);
	}
	talk_end(&t);
}

/* What is as thin as speech is none, whatever its headers say; where it is thick, what is
 * large may be. */
static void
test_what_is_thin_as_speech_is_no_pictures(void **state)
{
	struct source v = speech;

	v.least = v.most = 2;			/* each frame in two packets */
	assert_int_equal(pictures(*state, v, 20), 0);
	v = (struct source){ .frame = 0.06, .clock = 90e3, .least = 1, .most = 1,
		.mark = ALWAYS, .wire = 500 };	/* 67 kbit/s, three frames each */
	assert_int_equal(pictures(*state, v, 20), 0);
	v.wire = 800;				/* 107 kbit/s */
	assert_int_equal(pictures(*state, v, 20), 20);
}

/* Four datagrams a second of 766 bytes, a marker on each and stamps at 90 kHz, are speech of
 * 24 kbit/s if they like. */
static void
test_large_packets_make_no_pictures_of_what_is_thin(void **state)
{
	struct source v = { .frame = 0.25, .clock = 90e3, .least = 1, .most = 1, .mark = ALWAYS,
		.wire = 766 };

	assert_int_equal(pictures(*state, v, 60), 0);
	v.wire = 1400;
	assert_int_equal(pictures(*state, v, 60), 0);
}

/* A look or two of pictures now and then keep nobody a camera, and make nobody one again. */
static void
test_pictures_and_speech_in_turn_are_taken_back(void **state)
{
	static const double turn[][2] = { { 3.1, 5.9 }, { 4, 5 }, { 4.5, 4.5 },
	    { 5, 4 }, { 6, 3 }, { 5, 2 } };

	for (unsigned k = 0; k < sizeof(turn) / sizeof(turn[0]); k++) {
		double from = 10, back = 0;
		unsigned changes = 0;
		struct talk t;

		talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
		assert_true(seen_after(&t, camera, 9, 0, 10, 1) > 0);
		for (unsigned i = 0; i < 30; i++) {
			double x = seen_after(&t, speech, 9, from, turn[k][1], i + 1), y;

			from += turn[k][1];
			y = seen_after(&t, camera, 9, from, turn[k][0], i + 1);
			from += turn[k][0];
			changes += (unsigned)(x > 0) + (unsigned)(y > 0);
			if (changes == 1 && back <= 0)
				back = from;
		}
		assert_int_equal(changes, 1);
		assert_in_range((int)back, 10, 60);
		talk_end(&t);
	}
}

/* Ten minutes of a camera of so many bit/s: a key picture of eight others' size each so many
 * seconds, pictures of half to one and a half times their mean, 5 % lost, 40 ms late. Returns
 * the looks; *doubts: those that saw none. */
static unsigned
groups(struct content *c, double bits, double group, double fps, uint64_t seed,
    unsigned *doubts)
{
	struct dice d = { seed };
	double n = group * fps, plain = bits / 8 * group / (n + 7), last = 0;
	unsigned seq = 0, looks = 0;
	struct talk t;

	talk_start(&t, c, IPPROTO_IS_UDP, 5004);
	for (unsigned k = 0; k < 600 * fps; k++) {
		bool key = k % (unsigned)n == 0;
		double size = plain * (key ? 8 : 1) * (0.5 + dice_uniform(&d)) + 40;
		uint32_t stamp = (uint32_t)(k * 90e3 / fps);

		for (; size > 0; size -= 1388, seq++) {
			uint8_t p[16] = { 0x80, (uint8_t)((size <= 1388 ? 0x80 : 0) | 96),
				(uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(stamp >> 24),
				(uint8_t)(stamp >> 16), (uint8_t)(stamp >> 8), (uint8_t)stamp, 9 };
			double now = k / fps + 0.04 * dice_uniform(&d);

			last = now > last ? now : last;
			if (dice_uniform(&d) < 0.05)
				continue;
			t.frame.time = at(last);
			(void)talk_at(&t, UP, 0, p, 16, 12 + (size < 1388 ? (uint32_t)size : 1388));
			looks += t.news.body;
			*doubts += t.news.body && t.news.body_plain == 0;
			assert_false(t.news.body && t.news.taken_back);
		}
	}
	talk_end(&t);
	return looks;
}

static void
test_cameras_of_any_rate_stay_pictures(void **state)
{
	static const double bits[] = { 150e3, 300e3, 1e6, 4e6 }, group[] = { 1, 4, 20 },
	    fps[] = { 10, 15, 30 };
	unsigned seed = 1;

	for (unsigned b = 0; b < 4; b++)
		for (unsigned g = 0; g < 3; g++)
			for (unsigned f = 0; f < 3; f++) {
				unsigned doubts = 0, looks = groups(*state, bits[b], group[g], fps[f],
				    seed++, &doubts);

				assert_in_range(looks, 150, 205);
				assert_in_range(doubts, 0, 10);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cameras_are_pictures),
		cmocka_unit_test(test_a_fast_camera_is_seen_before_its_first_megabyte),
		cmocka_unit_test(test_sound_is_never_pictures),
		cmocka_unit_test(test_pictures_beside_sound_are_not_the_flow),
		cmocka_unit_test(test_pictures_have_to_be_seen_again),
		cmocka_unit_test(test_what_is_no_longer_pictures_is_taken_back),
		cmocka_unit_test(test_a_look_that_sees_no_pictures_explains_nothing),
		cmocka_unit_test(test_others_beside_pictures_are_all_counted),
		cmocka_unit_test(test_reports_beside_pictures_are_no_others),
		cmocka_unit_test(test_what_is_thin_as_speech_is_no_pictures),
		cmocka_unit_test(test_large_packets_make_no_pictures_of_what_is_thin),
		cmocka_unit_test(test_pictures_and_speech_in_turn_are_taken_back),
		cmocka_unit_test(test_cameras_of_any_rate_stay_pictures),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
