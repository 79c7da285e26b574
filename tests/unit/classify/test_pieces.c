/* SPDX-License-Identifier: GPL-3.0-or-later */
/* T6's pieces of a pair where the capture is not whole, and where hosts change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

#define SEGMENT 1448
#define HEAD 200

enum heard {
	WHOLE,
	LOST,				/* the second segment of the body never came */
	LATE,				/* acknowledged before it came: a TAP out of step */
};

static void
piece_to(struct desk *d, double s, uint16_t port, enum heard heard, struct addr to)
{
	uint32_t seq = 1000, end = seq + 1 + HEAD + 3 * SEGMENT;

	send_tcp(d, s, INSIDE, port, to, 443, TCP_SYN, seq, 0, NULL, 0);
	send_tcp(d, s + 0.02, to, 443, INSIDE, port, TCP_SYN | TCP_ACK, 5000, seq + 1,
	    NULL, 0);
	send_tcp(d, s + 0.03, INSIDE, port, to, 443, TCP_ACK, seq + 1, 5001, NULL, HEAD);
	seq += 1 + HEAD;
	for (unsigned i = 0; i < 3; i++)
		if (i != 1 || heard == WHOLE)
			send_tcp(d, s + 0.031 + i * 0.001, INSIDE, port, to, 443,
			    TCP_ACK, seq + i * SEGMENT, 5001, NULL, SEGMENT);
	send_tcp(d, s + 0.05, to, 443, INSIDE, port, TCP_ACK, 5001, end, NULL, 0);
	if (heard == LATE)
		send_tcp(d, s + 0.051, INSIDE, port, to, 443, TCP_ACK, seq + SEGMENT,
		    5001, NULL, SEGMENT);
}

static const struct observation *
last_pair(const struct desk *d)
{
	unsigned n = count_said(d, OBSERVATION_WINDOW, SCOPE_PAIR);

	assert_true(n > 0);
	return pairs(d, n - 1);
}

static void
pieces_of(enum heard heard)
{
	struct desk *d = desk_open();
	const struct observation *r;

	for (unsigned i = 0; i < 6; i++)
		piece_to(d, 1 + 6 * i, (uint16_t)(40000 + i), i == 3 ? heard : WHOLE,
		    OUTSIDE);
	observer_finish(d->o);
	r = last_pair(d);
	assert_true(r->chunks_regular);
	assert_int_equal(r->chunks_pace, PACE_EVEN);
	assert_true(r->chunks_equal);
	assert_int_equal(r->chunks_upload, 6 * (HEAD + 3 * SEGMENT));
	desk_close(d);
}

static void
test_a_segment_that_the_capture_lost_is_of_its_piece(void **state)
{
	(void)state;
	pieces_of(WHOLE);
	pieces_of(LOST);
}

static void
test_what_comes_behind_its_acknowledgement_counts_once(void **state)
{
	(void)state;
	pieces_of(LATE);
}

/* A server grants INSIDE to the card whose address ends so. */
static void
lease(struct desk *d, double s, uint8_t card)
{
	static const uint8_t granted[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, 5, 51, 4, 0, 0,
		0x0e, 0x10, 0xff };
	uint8_t m[300] = { 2, 1, 6 };

	memcpy(m + 16, "\x0a\x14\0\x0d", 4);
	memcpy(m + 28, "\x3c\x52\x82\x11\x0a", 5);
	m[33] = card;
	memcpy(m + 236, granted, sizeof(granted));
	send_udp(d, s, RESOLVER, 67, INSIDE, 68, m, sizeof(m));
}

/* Nine pieces, the address given to `second` after three. Windows that are a recorder's;
 * spread: over two addresses of one network, in turn, and told of that. */
static unsigned
recorders(uint8_t second, bool spread, enum scope_word scope)
{
	struct desk *d = desk_open();
	const struct observation *r;
	unsigned n = 0;

	lease(d, 0.1, 1);
	for (unsigned i = 0; i < 9; i++) {
		struct addr to = OUTSIDE;

		if (i == 3)
			lease(d, 1 + 6 * i - 1, second);
		if (spread && i % 2 == 1)
			to.b[15]++;
		piece_to(d, 1 + 6 * i, (uint16_t)(40000 + i), WHOLE, to);
	}
	observer_finish(d->o);
	for (unsigned i = 0; (r = said(d, OBSERVATION_WINDOW, (int)scope, i)) != NULL; i++)
		n += r->chunks_regular;
	desk_close(d);
	return n;
}

static void
test_pieces_of_two_who_had_one_address_are_not_one_recorders(void **state)
{
	(void)state;
	assert_int_equal(recorders(1, false, SCOPE_PAIR), 4);	/* from the sixth on */
	assert_int_equal(recorders(2, false, SCOPE_PAIR), 1);	/* six of the second */
	assert_int_equal(recorders(1, true, SCOPE_OWNER), 4);
	assert_int_equal(recorders(2, true, SCOPE_OWNER), 1);
}

/* Two windows of voice by each, from one port. */
static double
voices(uint8_t second)
{
	struct desk *d = desk_open();
	struct stream s = voice(1, 24);
	double most = 0;

	lease(d, 0.1, 1);
	play_one(d, s);
	lease(d, 24, second);
	s = voice(24.1, 47);
	s.dport++;
	play_one(d, s);
	observer_finish(d->o);
	for (unsigned i = 0; sockets(d, i) != NULL; i++)
		if (sockets(d, i)->voice_score > most)
			most = sockets(d, i)->voice_score;
	desk_close(d);
	return most;
}

static void
test_a_port_that_another_has_now_is_heard_anew(void **state)
{
	(void)state;
	assert_true(voices(1) > 9.1);
	assert_true(voices(2) < 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_segment_that_the_capture_lost_is_of_its_piece),
		cmocka_unit_test(test_what_comes_behind_its_acknowledgement_counts_once),
		cmocka_unit_test(test_pieces_of_two_who_had_one_address_are_not_one_recorders),
		cmocka_unit_test(test_a_port_that_another_has_now_is_heard_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
