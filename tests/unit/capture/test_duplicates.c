/* SPDX-License-Identifier: GPL-3.0-or-later */
/* duplicates: what makes two packets the same, and when a tap is said to duplicate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/flow/duplicates.h"
#include "tests/unit/capture/packets.h"

#define MS NS_PER_MS
#define IP_HEAD 20
#define UDP_HEAD 8

/* An IPv4 datagram with real bytes in l3. */
struct letter {
	struct crate crate;
	uint8_t ip[IP_HEAD + UDP_HEAD + 1400];
};

static const struct siphash_key key = { 1, 2 };

static struct packet *
letter_make(struct letter *l, int64_t ns, uint16_t id, uint32_t content, uint32_t len)
{
	struct addr src = v4(10, 20, 0, 13), dst = v4(203, 0, 113, 7);
	struct packet *p = crate_udp(&l->crate, ns, src, 40000, dst, 5004, len);

	memset(l->ip, 0, sizeof(l->ip));
	l->ip[0] = 0x45;
	l->ip[4] = (uint8_t)(id >> 8);
	l->ip[5] = (uint8_t)id;
	l->ip[8] = 64;
	l->ip[9] = 17;
	memcpy(l->ip + IP_HEAD + UDP_HEAD, &content, sizeof(content));
	p->l3 = span_of(l->ip, IP_HEAD + UDP_HEAD + len);
	p->l3_wire = (uint32_t)p->l3.left;
	p->payload = span_of(l->ip + IP_HEAD + UDP_HEAD, len);
	p->ttl = 64;
	return p;
}

static enum duplicates_word
ask(struct duplicates *d, int64_t ns, uint16_t id, uint32_t content)
{
	struct letter l;

	return duplicates_packet(d, letter_make(&l, ns, id, content, 160));
}

static struct duplicates *
open_table(void)
{
	struct duplicates *d = duplicates_create(&key);

	assert_non_null(d);
	return d;
}

/* n packets a millisecond apart, numbered from `first`, each `times` times. Returns the
 * number of those that were dropped. */
static unsigned
show(struct duplicates *d, int64_t *now, uint32_t first, unsigned n, unsigned times)
{
	unsigned dropped = 0;

	for (uint32_t i = first; i < first + n; i++, *now += MS)
		for (unsigned k = 0; k < times; k++)
			dropped += ask(d, *now + (int64_t)k * 100, (uint16_t)i, i) ==
			    DUPLICATES_COPY;
	return dropped;
}

static struct duplicates_stats
stats(const struct duplicates *d)
{
	struct duplicates_stats s;

	duplicates_get_stats(d, &s);
	return s;
}

static void
test_what_routers_and_mirrors_change_is_no_difference(void **state)
{
	struct duplicates *d = open_table();
	struct letter l;
	struct packet *p;

	(void)state;
	assert_int_equal(ask(d, 0, 1, 1), DUPLICATES_FIRST);
	p = letter_make(&l, 3 * MS, 1, 1, 160);
	l.ip[1] = 0xb8;			/* DSCP */
	l.ip[6] = 0x40;			/* DF */
	l.ip[8] = 63;			/* TTL */
	l.ip[10] = 0x12;		/* checksum */
	p->ttl = 63;
	p->vlan = 7;
	p->has_mac = true;
	p->smac[5] = 9;
	p->frame = &l.crate.frame;
	l.crate.frame.wire += 54;
	assert_int_equal(duplicates_packet(d, p), DUPLICATES_SUSPECT);
	duplicates_destroy(d);
}

static void
every_byte_of(uint32_t len)
{
	struct letter l;

	for (size_t i = IP_HEAD; i < IP_HEAD + UDP_HEAD + len; i++) {
		struct duplicates *d = open_table();
		struct packet *p = letter_make(&l, 0, 1, 1, len);

		assert_int_equal(duplicates_packet(d, p), DUPLICATES_FIRST);
		l.ip[i] ^= 0x80;
		assert_int_equal(duplicates_packet(d, p), DUPLICATES_FIRST);
		l.ip[i] ^= 0x80;
		assert_int_equal(duplicates_packet(d, p), DUPLICATES_SUSPECT);
		duplicates_destroy(d);
	}
}

static void
test_id_length_fragment_and_every_byte_are_a_difference(void **state)
{
	/* shorter than a round of the hash's four lanes, and longer */
	static const uint32_t length[] = { 4, 25, 40, 70, 88, 89, 160, 333 };
	struct duplicates *d = open_table();
	struct letter l;
	struct packet *p;

	(void)state;
	assert_int_equal(ask(d, 0, 1, 1), DUPLICATES_FIRST);
	assert_int_equal(ask(d, 0, 2, 1), DUPLICATES_FIRST);
	assert_int_equal(ask(d, 0, 1, 2), DUPLICATES_FIRST);
	p = letter_make(&l, 0, 1, 1, 161);
	assert_int_equal(duplicates_packet(d, p), DUPLICATES_FIRST);
	p = letter_make(&l, 0, 1, 1, 160);
	l.ip[7] = 1;			/* fragment offset */
	assert_int_equal(duplicates_packet(d, p), DUPLICATES_FIRST);
	p = letter_make(&l, 0, 1, 1, 160);
	p->src = v4(10, 20, 0, 14);
	assert_int_equal(duplicates_packet(d, p), DUPLICATES_FIRST);
	assert_int_equal(stats(d).seen, 0);
	duplicates_destroy(d);
	for (size_t k = 0; k < sizeof(length) / sizeof(length[0]); k++)
		every_byte_of(length[k]);
}

static void
test_one_that_was_cut_shorter_is_the_same(void **state)
{
	struct duplicates *d = open_table();
	struct letter l;
	struct packet *p;

	(void)state;
	assert_int_equal(ask(d, 0, 1, 1), DUPLICATES_FIRST);
	p = letter_make(&l, MS, 1, 1, 160);
	p->l3.left = 96;
	p->payload.left = 96 - IP_HEAD - UDP_HEAD;
	assert_int_equal(duplicates_packet(d, p), DUPLICATES_SUSPECT);
	duplicates_destroy(d);
}

static void
test_twenty_milliseconds_either_way_are_the_limit(void **state)
{
	struct duplicates *d = open_table();

	(void)state;
	assert_int_equal(ask(d, 100 * MS, 1, 1), DUPLICATES_FIRST);
	assert_int_equal(ask(d, 120 * MS, 1, 1), DUPLICATES_SUSPECT);
	assert_int_equal(ask(d, 80 * MS, 1, 1), DUPLICATES_SUSPECT);
	assert_int_equal(ask(d, 100 * MS, 2, 2), DUPLICATES_FIRST);
	assert_int_equal(ask(d, 120 * MS + 1, 2, 2), DUPLICATES_FIRST);
	duplicates_destroy(d);
}

static void
test_a_tap_duplicates_from_the_two_hundredth_copy_in_a_thousand(void **state)
{
	struct duplicates *d = open_table();
	int64_t now = 0;

	(void)state;
	/* All twice: 199 copies are suspects, the 200th turns the tap. */
	assert_int_equal(show(d, &now, 0, 199, 2), 0);
	assert_false(stats(d).on);
	assert_int_equal(show(d, &now, 199, 1, 2), 1);
	assert_true(stats(d).on);
	assert_int_equal(stats(d).starts, 1);
	assert_int_equal(stats(d).of_copies, 200);
	assert_int_equal(stats(d).of_packets, 399);
	assert_int_equal(show(d, &now, 200, 300, 3), 600);
	duplicates_destroy(d);
}

static void
test_fewer_than_one_in_five_never_turn_a_tap(void **state)
{
	struct duplicates *d = open_table();
	int64_t now = 0;
	uint32_t id = 0;

	(void)state;
	/* 198 in each 1,000 for ever: three alone, one twice, now and then one less. */
	for (unsigned k = 0; k < 4000; k++, id += 4) {
		assert_int_equal(show(d, &now, id, 3, 1), 0);
		assert_int_equal(show(d, &now, id + 3, 1, k % 100 == 0 ? 1 : 2), 0);
	}
	assert_false(stats(d).on);
	assert_int_equal(stats(d).seen, 3960);
	duplicates_destroy(d);
}

static void
test_a_tap_is_believed_again_after_ten_thousand_packets(void **state)
{
	struct duplicates *d = open_table();
	int64_t now = 0;

	(void)state;
	(void)show(d, &now, 0, 300, 2);
	assert_true(stats(d).on);
	(void)show(d, &now, 1000, 9700, 1);
	assert_true(stats(d).on);
	(void)show(d, &now, 20000, 200, 1);
	assert_false(stats(d).on);
	assert_int_equal(stats(d).stops, 1);
	assert_int_equal(ask(d, now, 9, 900000), DUPLICATES_FIRST);
	assert_int_equal(ask(d, now, 9, 900000), DUPLICATES_SUSPECT);
	/* And again: the old evidence is forgotten. */
	assert_int_equal(show(d, &now, 30000, 198, 2), 0);
	assert_int_equal(show(d, &now, 30198, 1, 2), 1);
	assert_int_equal(stats(d).starts, 2);
	duplicates_destroy(d);
}

static void
test_one_in_ten_keeps_a_tap_duplicating(void **state)
{
	struct duplicates *d = open_table();
	int64_t now = 0;
	uint32_t id = 1000;

	(void)state;
	(void)show(d, &now, 0, 300, 2);
	for (unsigned k = 0; k < 3000; k++, id += 9) {
		(void)show(d, &now, id, 8, 1);
		assert_int_equal(show(d, &now, id + 8, 1, 2), 1);
	}
	assert_true(stats(d).on);
	duplicates_destroy(d);
}

static void
test_a_reading_that_is_sent_for_ever_is_no_evidence(void **state)
{
	struct duplicates *d = open_table();

	(void)state;
	/* The same datagram without an id every 20 ms, and a flood of another. */
	for (int64_t i = 0; i < 5000; i++)
		assert_int_not_equal(ask(d, i * 20 * MS, 0, 7), DUPLICATES_COPY);
	for (int64_t i = 0; i < 5000; i++)
		assert_int_not_equal(ask(d, 101 * NS_PER_S + i * MS / 10, 0, 8),
		    DUPLICATES_COPY);
	assert_int_equal(stats(d).starts, 0);
	duplicates_destroy(d);
}

static void
test_a_flood_that_crowds_the_table_is_counted(void **state)
{
	struct duplicates *d = open_table();

	(void)state;
	for (uint32_t i = 0; i < 300000; i++)
		assert_int_equal(ask(d, i, 0, i), DUPLICATES_FIRST);
	assert_true(stats(d).crowded > 200000);
	assert_int_equal(stats(d).seen, 0);
	duplicates_destroy(d);
}

static void
test_what_has_no_ip_header_is_a_packet(void **state)
{
	struct duplicates *d = open_table();
	struct letter l;
	struct packet *p;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		p = letter_make(&l, 0, 1, 1, 160);
		p->l3.left = i % 20;
		assert_int_equal(duplicates_packet(d, p), DUPLICATES_FIRST);
		p = letter_make(&l, 0, 1, 1, 160);
		l.ip[0] = 0x4f;		/* options beyond what was captured */
		p->l3.left = 59;
		assert_int_equal(duplicates_packet(d, p), DUPLICATES_FIRST);
		p = letter_make(&l, 0, 1, 1, 160);
		p->ip_version = 6;
		p->l3.left = 39;
		assert_int_equal(duplicates_packet(d, p), DUPLICATES_FIRST);
	}
	assert_int_equal(duplicates_count(d), 1500);
	duplicates_destroy(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_routers_and_mirrors_change_is_no_difference),
		cmocka_unit_test(test_id_length_fragment_and_every_byte_are_a_difference),
		cmocka_unit_test(test_one_that_was_cut_shorter_is_the_same),
		cmocka_unit_test(test_twenty_milliseconds_either_way_are_the_limit),
		cmocka_unit_test(
		    test_a_tap_duplicates_from_the_two_hundredth_copy_in_a_thousand),
		cmocka_unit_test(test_fewer_than_one_in_five_never_turn_a_tap),
		cmocka_unit_test(test_a_tap_is_believed_again_after_ten_thousand_packets),
		cmocka_unit_test(test_one_in_ten_keeps_a_tap_duplicating),
		cmocka_unit_test(test_a_reading_that_is_sent_for_ever_is_no_evidence),
		cmocka_unit_test(test_a_flood_that_crowds_the_table_is_counted),
		cmocka_unit_test(test_what_has_no_ip_header_is_a_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
