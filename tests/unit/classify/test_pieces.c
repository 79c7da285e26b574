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
piece(struct desk *d, double s, uint16_t port, enum heard heard)
{
	uint32_t seq = 1000, end = seq + 1 + HEAD + 3 * SEGMENT;

	send_tcp(d, s, INSIDE, port, OUTSIDE, 443, TCP_SYN, seq, 0, NULL, 0);
	send_tcp(d, s + 0.02, OUTSIDE, 443, INSIDE, port, TCP_SYN | TCP_ACK, 5000, seq + 1,
	    NULL, 0);
	send_tcp(d, s + 0.03, INSIDE, port, OUTSIDE, 443, TCP_ACK, seq + 1, 5001, NULL, HEAD);
	seq += 1 + HEAD;
	for (unsigned i = 0; i < 3; i++)
		if (i != 1 || heard == WHOLE)
			send_tcp(d, s + 0.031 + i * 0.001, INSIDE, port, OUTSIDE, 443,
			    TCP_ACK, seq + i * SEGMENT, 5001, NULL, SEGMENT);
	send_tcp(d, s + 0.05, OUTSIDE, 443, INSIDE, port, TCP_ACK, 5001, end, NULL, 0);
	if (heard == LATE)
		send_tcp(d, s + 0.051, INSIDE, port, OUTSIDE, 443, TCP_ACK, seq + SEGMENT,
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
		piece(d, 1 + 6 * i, (uint16_t)(40000 + i), i == 3 ? heard : WHOLE);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_segment_that_the_capture_lost_is_of_its_piece),
		cmocka_unit_test(test_what_comes_behind_its_acknowledgement_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
