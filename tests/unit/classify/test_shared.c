/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Meetings of several in which one only listens, and microphones that a program opens
 * beside a call of the same device: invented, by the hundred. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

#define LONG 180.0
#define BUFFER 0.010
#define MEMBER v4(203, 0, 113, 8)

struct scene {
	double late;			/* s, uniform, of each packet */
	double noise;			/* of each encoder, cv of a frame */
	double other;			/* s, a frame beside the call; 0: as its */
	double after;			/* s, the stream begins after the call */
	bool own;			/* its own clock: no member of the meeting */
	bool deaf;			/* it hears another room */
	bool constant;
	bool unanswered;		/* nobody speaks in the call */
	bool apart;			/* the call's answer comes to another socket */
	bool other_traffic;		/* datagrams both ways, as they come */
	bool bulk;			/* 12 MB follow the sound on its socket, in 10 s */
};

struct packet_out {
	double at;
	uint32_t size;
	uint8_t who;			/* 0 call, 1 its answer, 2 beside it, 3 and 4 others */
};

static int
by_time(const void *a, const void *b)
{
	const struct packet_out *p = a, *q = b;
	double x = p->at, y = q->at;

	return x < y ? -1 : x > y;
}

/* How loud it is in the room, a value for 10 ms: spells of speech and silence, words. */
static void
room(struct dice *d, float *level, unsigned n)
{
	double turn = 0, word = 0, loud = 0.2, on = 0;

	for (unsigned i = 0; i < n; i++) {
		double t = i * BUFFER;

		if (t >= turn) {
			on = !(on > 0);
			turn = t + dice_exponential(d, on > 0 ? 3 : 1.5);
		}
		if (t >= word) {
			word = t + 0.15 + dice_exponential(d, 0.15);
			loud = on > 0 ? 0.6 + 0.6 * dice_uniform(d) : 0.25;
		}
		level[i] = (float)loud;
	}
}

static unsigned
encode(struct packet_out *p, struct dice *d, const struct scene *s, uint8_t who,
    const float *level, double from, double frame, double mean)
{
	unsigned n = 0;

	for (double t = from; t < LONG; t += frame) {
		double size = mean * level[(unsigned)(t / BUFFER)] *
		    exp(s->noise * dice_normal(d, 0, 1));

		p[n++] = (struct packet_out){ t + frame + s->late * dice_uniform(d),
			s->constant ? 172 : (uint32_t)size + 30, who };
	}
	return n;
}

/* True: as the shipped rule would, it is told to be a microphone. */
static bool
told(struct scene s, uint64_t seed, uint64_t *unseen)
{
	static struct packet_out p[200000];
	static float here[20000], there[20000], third[20000];
	struct dice d = { seed * 7919 + 1 };
	struct desk *desk = desk_open();
	double start = 1 + BUFFER * (unsigned)(20 * dice_uniform(&d));
	double begin = start + 0.8 + s.after + BUFFER * (unsigned)(2 * dice_uniform(&d));
	unsigned n = 0;
	bool alert = false;

	if (s.own)
		begin += 2 * BUFFER * dice_uniform(&d);
	room(&d, here, 20000);
	room(&d, there, 20000);
	room(&d, third, 20000);
	n += encode(p + n, &d, &s, 0, here, start, 0.02, 80);
	for (double t = start; t < LONG; t += 0.1)	/* what WebRTC reports */
		p[n++] = (struct packet_out){ t + 0.02 * dice_uniform(&d),
			60 + (uint32_t)(8 * dice_uniform(&d)), 0 };
	if (!s.unanswered)
		n += encode(p + n, &d, &s, 1, there,
		    start + 0.3 + 0.02 * dice_uniform(&d),
		    0.02, 80);
	n += encode(p + n, &d, &s, 2, s.deaf ? third : here, begin,
	    s.other > 0 ? s.other : 0.02,
	    s.own && !s.constant ? 60 : 80);
	for (double t = 100; s.bulk && t < 110; t += 0.001)
		p[n++] = (struct packet_out){ t, 1200, 2 };
	for (double t = start; s.other_traffic && t < LONG;
	    t += dice_exponential(&d, 1.0 / 40))
		p[n++] = (struct packet_out){ t, 100 + (uint32_t)(400 * dice_uniform(&d)),
			dice_uniform(&d) < 0.5 ? 3 : 4 };
	qsort(p, n, sizeof(*p), by_time);
	for (unsigned i = 0; i < n; i++) {
		struct addr far = p[i].who == 2 ? MEMBER : p[i].who > 2 ? ELSEWHERE : OUTSIDE;
		uint16_t port = p[i].who == 2 ? 40002 : p[i].who > 2 ? 40004 :
		    p[i].who == 1 && s.apart ? 40006 : 40000;

		if (p[i].who == 1 || p[i].who == 4)
			send_udp(desk, p[i].at, far, 5004, INSIDE, port, NULL, p[i].size);
		else
			send_udp(desk, p[i].at, INSIDE, port, far, 5004, NULL, p[i].size);
	}
	observer_finish(desk->o);
	for (unsigned i = 0; sockets(desk, i) != NULL; i++) {
		const struct observation *r = sockets(desk, i);

		if (unseen != NULL && same_addr(r->dest_ip, MEMBER) && r->unseen > *unseen)
			*unseen = r->unseen;
		alert |= same_addr(r->dest_ip, MEMBER) && r->voice_score >= 9.16 &&
		    r->voice_pass && !r->way_two &&
		    (!observation_known(r, FIELD_way_shared) ||
		    r->way_shared >= 60 * NS_PER_S);
	}
	desk_close(desk);
	return alert;
}

static unsigned
of(struct scene s, unsigned runs)
{
	unsigned n = 0;

	for (unsigned i = 0; i < runs; i++)
		n += told(s, i + 1, NULL);
	return n;
}

static void
test_who_listens_in_a_meeting_of_several_is_no_bug(void **state)
{
	const struct scene still = { .late = 0.001, .noise = 0.1 };
	const struct scene jitters = { .late = 0.02, .noise = 0.5 };
	const struct scene joins = { .late = 0.005, .noise = 0.3, .after = 47.3 };
	const struct scene one_size = { .late = 0.005, .constant = true };

	(void)state;
	assert_int_equal(of(still, 20), 0);
	assert_int_equal(of(jitters, 20), 0);
	assert_int_equal(of(joins, 20), 0);	/* when others have talked */
	assert_int_equal(of(one_size, 20), 0);
}

/* What goes to a call as well is no upload of content unknown; what a program of its own sends
 * is. 180 s of 60 to 80 bytes every 20 ms are 540 to 720 kB. */
static void
test_what_a_call_sends_as_well_is_no_upload(void **state)
{
	struct scene own = { .own = true, .late = 0.005, .noise = 0.3 };
	uint64_t unseen = 0;

	(void)state;
	assert_false(told((struct scene){ .late = 0.005, .noise = 0.3 }, 3, &unseen));
	assert_in_range(unseen, 1, 200000);
	unseen = 0;
	assert_true(told(own, 1, &unseen));
	assert_in_range(unseen, 400000, 800000);
}

/* Ten seconds of a call's sound are no pass for what follows them. */
static void
test_what_is_faster_than_sound_is_no_part_of_a_call(void **state)
{
	uint64_t unseen = 0;

	(void)state;
	(void)told((struct scene){ .late = 0.005, .noise = 0.3, .bulk = true }, 3, &unseen);
	assert_in_range(unseen, 11500000, 13000000);
}

/* The call is one of several that answer, and does not give way to them. */
static void
test_other_traffic_both_ways_hides_no_call(void **state)
{
	const struct scene at_once = { .late = 0.005, .noise = 0.2, .other_traffic = true };
	const struct scene joins = { .late = 0.005, .noise = 0.2, .other_traffic = true,
		.after = 47.3 };

	(void)state;
	assert_int_equal(of(at_once, 20), 0);
	assert_int_equal(of(joins, 20), 0);
}

static void
test_a_call_that_is_answered_at_another_socket_is_one(void **state)
{
	const struct scene apart = { .late = 0.005, .noise = 0.2, .apart = true };

	(void)state;
	assert_int_equal(of(apart, 20), 0);
}

/* Frames so late that of two equal clocks chance might show one. */
static void
test_frames_that_are_barely_seen_to_keep_time_excuse_as_well(void **state)
{
	const struct scene late[] = {
		{ .late = 0.015, .noise = 0.3 }, { .late = 0.016, .noise = 0.3 },
		{ .late = 0.017, .noise = 0.3 }, { .late = 0.018, .noise = 0.3 },
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(of(late[i], 10), 0);
}

static void
test_a_program_that_listens_beside_a_call_is_told(void **state)
{
	const struct scene beside = { .late = 0.005, .noise = 0.1, .own = true };
	const struct scene one_size = { .late = 0.005, .own = true, .constant = true };
	const struct scene longer = { .late = 0.02, .noise = 0.1, .own = true,
		.other = 0.04 };
	/* 1,024 samples, MP3, buffers of 256 at 16 kHz: no clock of a call's */
	static const double frame[] = { 0.016, 1024 / 48e3, 1024 / 44.1e3, 0.024 };

	(void)state;
	assert_true(of(beside, 40) >= 32);	/* or begins where the call does */
	assert_true(of(one_size, 40) >= 31);
	assert_int_equal(of(longer, 20), 20);
	for (unsigned i = 0; i < 4; i++) {
		struct scene s = beside, c = one_size;

		s.other = c.other = frame[i];
		assert_int_equal(of(s, 20), 20);
		assert_int_equal(of(c, 20), 20);
	}
}

static void
test_what_another_room_says_is_not_the_call(void **state)
{
	const struct scene deaf = { .late = 0.02, .noise = 0.1, .own = true,
		.deaf = true };
	const struct scene no_call = { .late = 0.001, .noise = 0.1, .unanswered = true };

	(void)state;
	assert_int_equal(of(deaf, 20), 20);
	assert_int_equal(of(no_call, 20), 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_listens_in_a_meeting_of_several_is_no_bug),
		cmocka_unit_test(test_what_a_call_sends_as_well_is_no_upload),
		cmocka_unit_test(test_what_is_faster_than_sound_is_no_part_of_a_call),
		cmocka_unit_test(test_other_traffic_both_ways_hides_no_call),
		cmocka_unit_test(test_a_call_that_is_answered_at_another_socket_is_one),
		cmocka_unit_test(
		    test_frames_that_are_barely_seen_to_keep_time_excuse_as_well),
		cmocka_unit_test(test_a_program_that_listens_beside_a_call_is_told),
		cmocka_unit_test(test_what_another_room_says_is_not_the_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
