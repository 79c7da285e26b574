/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcpseq: each byte once; by hand, and against a reference that remembers every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/flow/flow.h"
#include "capture/flow/tcpseq.h"
#include "tests/unit/capture/packets.h"

static void
data_expect(struct tcpseq *s, uint32_t seq, uint32_t len, uint32_t fresh, uint64_t offset)
{
	struct tcpseq_got got = tcpseq_data(s, seq, len);

	assert_int_equal(got.fresh, fresh);
	assert_int_equal(got.offset, offset);
}

static uint32_t
acked(struct tcpseq *s, uint32_t ack)
{
	return tcpseq_ack(s, ack, true).gaps;
}

static void
test_bytes_in_order_are_fresh_and_numbers_wrap(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	tcpseq_syn(&s, 0xffffff00);
	data_expect(&s, 0xffffff01, 200, 200, 0);
	data_expect(&s, 0xffffffc9, 200, 200, 200);	/* across zero */
	data_expect(&s, 0x91, 100, 100, 400);
	assert_int_equal(acked(&s, 0x91 + 100), 0);
}

static void
test_many_wraps_count_every_byte(void **state)
{
	struct tcpseq s = { 0 };
	uint64_t sum = 0;
	uint32_t seq = 77;

	(void)state;
	tcpseq_syn(&s, 76);
	for (unsigned i = 0; i < 1500; i++) {		/* 12 GB in steps of 8 MB */
		struct tcpseq_got got = tcpseq_data(&s, seq, 8000000);

		assert_int_equal(got.offset, sum);
		sum += got.fresh;
		seq += 8000000;
	}
	assert_int_equal(sum, UINT64_C(12000000000));
}

static void
test_a_retransmission_is_not_fresh(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	tcpseq_syn(&s, 999);
	data_expect(&s, 1000, 500, 500, 0);
	data_expect(&s, 1000, 500, 0, 0);
	data_expect(&s, 1200, 100, 0, 200);
	data_expect(&s, 1400, 200, 100, 400);	/* half old, half new */
	data_expect(&s, 999, 1, 0, 0);		/* a keep-alive before the first byte */
	data_expect(&s, 1599, 1, 0, 599);	/* and one later */
	data_expect(&s, 900, 800, 100, 0);	/* covers everything and 100 more */
}

static void
test_reordered_segments_are_fresh_once(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	tcpseq_syn(&s, 999);
	data_expect(&s, 1300, 100, 100, 300);
	data_expect(&s, 1100, 100, 100, 100);
	data_expect(&s, 1000, 100, 100, 0);
	data_expect(&s, 1150, 200, 100, 150);	/* 1200..1300 is missing */
	data_expect(&s, 1000, 400, 0, 0);
	assert_int_equal(acked(&s, 1400), 0);
}

static void
test_an_acknowledgement_proves_the_rest_of_a_hole(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	tcpseq_syn(&s, 999);
	data_expect(&s, 1000, 100, 100, 0);
	data_expect(&s, 1500, 100, 100, 500);
	data_expect(&s, 1200, 50, 50, 200);
	assert_int_equal(acked(&s, 1100), 0);
	assert_int_equal(acked(&s, 1150), 50);	/* inside the first hole */
	assert_int_equal(acked(&s, 1600), 50 + 250);
	assert_int_equal(acked(&s, 1600), 0);
	assert_int_equal(acked(&s, 1500), 0);	/* an old one */
}

static void
test_the_part_of_a_hole_that_was_acknowledged_may_still_come(void **state)
{
	struct tcpseq s = { 0 };
	struct tcpseq_got got;

	(void)state;
	tcpseq_syn(&s, 999);
	data_expect(&s, 2000, 100, 100, 1000);
	assert_int_equal(acked(&s, 1300), 300);
	assert_int_equal(acked(&s, 1400), 100);
	got = tcpseq_data(&s, 1200, 300);
	assert_int_equal(got.fresh, 300);
	assert_int_equal(got.late, 200);
	assert_int_equal(acked(&s, 2100), 500);
}

static void
test_bytes_that_come_after_their_acknowledgement_move_from_gaps(void **state)
{
	struct tcpseq s = { 0 };
	struct tcpseq_proof proof;
	struct tcpseq_got got;

	(void)state;
	tcpseq_syn(&s, 999);
	data_expect(&s, 1000, 100, 100, 0);
	proof = tcpseq_ack(&s, 2100, true);
	assert_int_equal(proof.gaps, 1000);
	assert_true(proof.beyond);
	got = tcpseq_data(&s, 1100, 600);
	assert_int_equal(got.fresh, 600);
	assert_int_equal(got.late, 600);
	got = tcpseq_data(&s, 1600, 600);
	assert_int_equal(got.fresh, 500);
	assert_int_equal(got.late, 400);	/* 1600..1700 came again,
						 * 2100..2200 is new */
}

static void
test_fin_and_syn_are_no_bytes(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	assert_int_equal(acked(&s, 1000), 0);	/* the SYN+ACK came by first */
	tcpseq_syn(&s, 999);
	assert_int_equal(acked(&s, 1000), 0);
	data_expect(&s, 1000, 10, 10, 0);
	tcpseq_fin(&s, 1010);
	assert_int_equal(acked(&s, 1011), 0);

	s = (struct tcpseq){ 0 };
	tcpseq_syn(&s, 999);
	data_expect(&s, 1000, 10, 10, 0);
	tcpseq_fin(&s, 1110);			/* 100 bytes before it were lost */
	assert_int_equal(acked(&s, 1111), 100);
	assert_int_equal(acked(&s, 1111), 0);
}

static void
test_a_jump_is_not_believed_but_its_bytes_are(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	tcpseq_syn(&s, 999);
	data_expect(&s, 1000, 100, 100, 0);
	assert_int_equal(acked(&s, 1100 + GAP_MAX + 1), 0);
	data_expect(&s, 1100 + GAP_MAX + 1, 100, 100, 100);
	assert_int_equal(acked(&s, 1200 + GAP_MAX + 1), 0);
	data_expect(&s, 1100, 100, 100, 200);	/* back again: never hidden */
	assert_int_equal(acked(&s, 1200), 0);
	/* just believed */
	data_expect(&s, 1200 + GAP_MAX, 100, 100, 300 + GAP_MAX);
	assert_int_equal(acked(&s, 1300 + GAP_MAX), GAP_MAX);
}

static void
test_a_side_never_seen_is_counted_from_acknowledgements(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	assert_int_equal(acked(&s, 5000), 0);	/* sets the base */
	assert_int_equal(acked(&s, 6448), 1448);
	assert_int_equal(acked(&s, 6448), 0);
	assert_int_equal(acked(&s, 6000), 0);
	assert_int_equal(acked(&s, 6449), 0);	/* may be the FIN */
	assert_int_equal(acked(&s, 6450), 2);	/* was not */
	/* not believed, but the new base */
	assert_int_equal(acked(&s, 6450 + GAP_MAX + 5), 0);
	assert_int_equal(acked(&s, 6450 + GAP_MAX + 105), 100);
}

static void
test_mid_stream_what_was_in_flight_before_us_is_no_gap(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	assert_int_equal(tcpseq_ack(&s, 5000, false).gaps, 0);
	data_expect(&s, 105000, 100, 100, 0);
	assert_int_equal(tcpseq_ack(&s, 80000, false).gaps, 0);
	assert_int_equal(tcpseq_ack(&s, 105100, false).gaps, 0);
	data_expect(&s, 105200, 100, 100, 200);
	assert_int_equal(tcpseq_ack(&s, 105300, false).gaps, 100);
}

static void
test_more_holes_than_places_keep_the_sum(void **state)
{
	struct tcpseq s = { 0 };
	uint64_t sum = 0;

	(void)state;
	tcpseq_syn(&s, 999);
	for (uint32_t i = 1; i < 100; i += 2)	/* every second 10 bytes: 50 holes */
		sum += tcpseq_data(&s, 1000 + i * 10, 10).fresh;
	assert_int_equal(sum, 500);
	for (uint32_t i = 0; i < 40; i += 2)
		sum += tcpseq_data(&s, 1000 + i * 10, 10).fresh;
	sum += acked(&s, 2000);
	assert_int_equal(sum, 1000);
}

static void
test_data_at_a_later_syn_belong_to_a_new_connection(void **state)
{
	struct tcpseq s = { 0 };

	(void)state;
	tcpseq_syn(&s, 100000);
	data_expect(&s, 100001, 1000, 1000, 0);
	tcpseq_syn(&s, 50000);			/* numbers lower, within 16 MiB */
	data_expect(&s, 100001, 1000, 0, 0);	/* the old one still resends */
	data_expect(&s, 50001, 700, 700, 0);
	data_expect(&s, 50001, 700, 0, 0);
	data_expect(&s, 50701, 10, 10, 700);
}

/* A reference that knows each byte. */
#define STREAM 4096
enum { UNSEEN, SEEN, GAP };

struct reference {
	uint8_t byte[STREAM + 1];
	unsigned top, acked;
	bool exact;		/* so far no more holes than tcpseq keeps */
};

static void
reference_holes(struct reference *r)
{
	unsigned holes = 0;

	for (unsigned i = 0; i < r->top; i++) {
		if (r->byte[i] != SEEN && (i == 0 || r->byte[i - 1] != r->byte[i]))
			holes++;
	}
	if (holes > TCPSEQ_HOLES)
		r->exact = false;
}

static struct tcpseq_got
reference_data(struct reference *r, unsigned from, unsigned len)
{
	struct tcpseq_got got = { 0, 0, from };

	for (unsigned i = from; i < from + len; i++) {
		got.fresh += r->byte[i] != SEEN;
		got.late += r->byte[i] == GAP;
		r->byte[i] = SEEN;
	}
	if (from + len > r->top)
		r->top = from + len;
	return got;
}

static unsigned
reference_ack(struct reference *r, unsigned ack)
{
	unsigned gaps = 0;

	if (ack == r->top + 1)
		ack = r->top;
	for (unsigned i = 0; i < ack; i++) {
		if (r->byte[i] == UNSEEN) {
			r->byte[i] = GAP;
			gaps++;
		}
	}
	if (ack > r->top)
		r->top = ack;
	return gaps;
}

/* One connection with segments of any size, moved about, doubled and lost. */
static bool
schedule(uint64_t *seed)
{
	struct reference r = { .exact = true };
	struct tcpseq s = { 0 };
	uint32_t isn = dice(seed) % 3 == 0 ? UINT32_MAX - dice(seed) % STREAM :
	    dice(seed);
	uint64_t captured = 0, gaps = 0, truth = 0;
	unsigned at = 0, far = 1 + dice(seed) % 6, lossy = dice(seed) % 4;
	unsigned from[12], len[12], waiting = 0;

	tcpseq_syn(&s, isn);
	while (at < STREAM || waiting > 0) {
		if (at < STREAM && waiting < far) {
			from[waiting] = at;
			len[waiting] = 1 + dice(seed) % 200;
			if (at + len[waiting] > STREAM)
				len[waiting] = STREAM - at;
			at += len[waiting];
			if (dice(seed) % 8 >= lossy)
				waiting++;
		} else if (waiting > 0) {
			unsigned i = dice(seed) % waiting;
			struct tcpseq_got got = tcpseq_data(&s, isn + 1 + from[i],
			    len[i]);
			struct tcpseq_got want = reference_data(&r, from[i], len[i]);

			reference_holes(&r);
			assert_true(got.fresh <= len[i] && got.late <= got.fresh);
			if (r.exact)
				assert_memory_equal(&got, &want, sizeof(got));
			captured += got.fresh;
			gaps -= got.late;
			if (dice(seed) % 5 != 0) {	/* else it comes again */
				from[i] = from[--waiting];
				len[i] = len[waiting];
			}
		}
		/* Acknowledge anything sent; the reference then counts the two parts of a
		 * hole that an acknowledgement cuts as two. */
		if (dice(seed) % 3 == 0 && r.top > 0) {
			unsigned ack = dice(seed) % 4 == 0 ? r.top + dice(seed) % 100
			    : dice(seed) % r.top + 1;

			if (ack > at)
				ack = at;
			if (ack > r.acked) {
				unsigned got = acked(&s, isn + 1 + ack);
				unsigned want = reference_ack(&r, ack);

				reference_holes(&r);
				if (r.exact)
					assert_int_equal(got, want);
				gaps += got;
				r.acked = ack;
			}
		}
		assert_true(captured + gaps >= truth);
		assert_true(captured + gaps <= r.top);
		truth = captured + gaps;
	}
	tcpseq_fin(&s, isn + 1 + STREAM);
	gaps += acked(&s, isn + 2 + STREAM);
	assert_int_equal(captured + gaps, STREAM);
	return r.exact;
}

static void
test_random_schedules_agree_with_a_map_of_every_byte(void **state)
{
	uint64_t seed = 20261122;
	unsigned exact = 0;

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		exact += schedule(&seed);
	assert_in_range(exact, 500, 2999);	/* both kinds were tried */
}

/* One packet with an acknowledgement, the long way, on numbers at rest. */
static struct tcpseq_got
the_long_way(struct tcpseq_kept kept[2], uint32_t seq, uint32_t len, uint32_t ack,
    struct tcpseq_proof *proof)
{
	struct tcpseq s[2];
	struct tcpseq_got got = { 0, 0, 0 };

	for (unsigned i = 0; i < 2; i++)
		tcpseq_unpack(&kept[i], &s[i]);
	if (len > 0)
		got = tcpseq_data(&s[0], seq, len);
	*proof = tcpseq_ack(&s[1], ack, true);
	for (unsigned i = 0; i < 2; i++)
		tcpseq_pack(&s[i], &kept[i]);
	return got;
}

/* A direction in some state, its numbers near `at`. */
static struct tcpseq_kept
some_kept(uint64_t *seed, uint32_t at)
{
	struct tcpseq_kept k = { .base = at - (uint32_t)dice(seed) % 5000,
		.state = (unsigned)dice(seed) % 8 == 0 ? dice(seed) % 3 & 3U : TCPSEQ_SEEN,
		.has_syn = dice(seed) % 8 == 0, .exact = dice(seed) % 2,
		.behind = dice(seed) % 4 == 0 ? UINT32_MAX - (uint32_t)dice(seed) % 3 :
		    (uint32_t)dice(seed) % 9, .more = (uint32_t)dice(seed) & 0xffffff };

	k.length = at - k.base;
	k.syn = k.base + k.length - dice(seed) % 2;
	return k;
}

static void
test_the_quick_way_does_what_the_long_way_does(void **state)
{
	uint64_t seed = 20261123;
	unsigned quick = 0, slow = 0;

	(void)state;
	for (unsigned i = 0; i < 400000; i++) {
		static const int32_t near[] = { 0, 0, 0, 1, 2, -1, -3, -9, 100, -5000,
			-TCPSEQ_BACK, -TCPSEQ_BACK - 1, TCPSEQ_BACK, INT32_MIN };
		uint32_t at = (uint32_t)dice(&seed), there = (uint32_t)dice(&seed);
		struct tcpseq_kept kept[2] = { some_kept(&seed, at),
			some_kept(&seed, there) }, before[2], quickly[2];
		uint32_t seq = at + (uint32_t)near[dice(&seed) % 14];
		uint32_t ack = there + (uint32_t)near[dice(&seed) % 14];
		uint32_t len = dice(&seed) % 3 == 0 ? 0 : (uint32_t)dice(&seed) % 9000;
		struct tcpseq_proof proof;
		struct tcpseq_got got;
		uint64_t offset = tcpseq_length(&kept[0]);

		memcpy(before, kept, sizeof(before));
		memcpy(quickly, kept, sizeof(before));
		if (!tcpseq_quick(&quickly[0], &quickly[1], seq, len, ack)) {
			assert_memory_equal(quickly, before, sizeof(before));
			slow++;
			continue;
		}
		quick++;
		got = the_long_way(kept, seq, len, ack, &proof);
		assert_memory_equal(quickly, kept, sizeof(kept));
		assert_int_equal(got.fresh, len);
		assert_int_equal(got.late, 0);
		assert_int_equal(proof.gaps, 0);
		assert_false(proof.beyond);
		if (len > 0)
			assert_int_equal(got.offset, offset);
	}
	assert_true(quick > 20000 && slow > 20000);	/* both kinds were tried */
}

/* Holes are what the long way is for. */
static void
test_the_quick_way_refuses_holes(void **state)
{
	struct tcpseq_kept mine = { .base = 100, .length = 50, .state = TCPSEQ_SEEN },
	    other = { .base = 900, .length = 10, .behind = 10, .state = TCPSEQ_SEEN };

	(void)state;
	mine.holes = 1;
	assert_false(tcpseq_quick(&mine, &other, 150, 10, 900));
	assert_true(tcpseq_quick(&mine, &other, 150, 0, 900));	/* an ACK asks not */
	mine.holes = 0;
	other.holes = 1;
	assert_false(tcpseq_quick(&mine, &other, 150, 10, 905));
	assert_true(tcpseq_quick(&mine, &other, 150, 10, 900));	/* old news */
	assert_int_equal(mine.length, 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_in_order_are_fresh_and_numbers_wrap),
		cmocka_unit_test(test_many_wraps_count_every_byte),
		cmocka_unit_test(test_a_retransmission_is_not_fresh),
		cmocka_unit_test(test_reordered_segments_are_fresh_once),
		cmocka_unit_test(test_an_acknowledgement_proves_the_rest_of_a_hole),
		cmocka_unit_test(
		    test_the_part_of_a_hole_that_was_acknowledged_may_still_come),
		cmocka_unit_test(
		    test_bytes_that_come_after_their_acknowledgement_move_from_gaps),
		cmocka_unit_test(test_fin_and_syn_are_no_bytes),
		cmocka_unit_test(test_a_jump_is_not_believed_but_its_bytes_are),
		cmocka_unit_test(test_a_side_never_seen_is_counted_from_acknowledgements),
		cmocka_unit_test(test_mid_stream_what_was_in_flight_before_us_is_no_gap),
		cmocka_unit_test(test_more_holes_than_places_keep_the_sum),
		cmocka_unit_test(test_data_at_a_later_syn_belong_to_a_new_connection),
		cmocka_unit_test(test_random_schedules_agree_with_a_map_of_every_byte),
		cmocka_unit_test(test_the_quick_way_does_what_the_long_way_does),
		cmocka_unit_test(test_the_quick_way_refuses_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
