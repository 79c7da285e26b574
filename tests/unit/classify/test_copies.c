/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tap that duplicates: what was counted of the copies is taken back. And packets that
 * come before what they answer. No classifier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/observer/observer.h"
#include "tests/unit/capture/packets.h"
#include "tests/unit/classify/limits.h"

#include <stdlib.h>

#define HEADS 48

/* What the last record of each kind said, and how many there were. */
struct ear {
	struct observer *o;
	struct observation last[OBSERVATION_KIND_COUNT];
	unsigned count[OBSERVATION_KIND_COUNT];
	struct observation windows[64];
	unsigned n;
	uint64_t ordinal, used, dropped;
};

static const struct addr inside = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
	10, 20, 0, 13 } };
static const struct addr outside = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
	203, 0, 113, 7 } };

static void
on_record(void *arg, const struct observation *r, const struct intern *strings)
{
	struct ear *e = arg;

	(void)strings;
	e->last[r->kind] = *r;
	e->count[r->kind]++;
	if (r->kind == OBSERVATION_WINDOW && r->scope == SCOPE_SOCKET && e->n < 64)
		e->windows[e->n++] = *r;
}

static struct ear *
listen(void)
{
	struct ear *e = calloc(1, sizeof(*e));
	struct observer_options o = { .hash = { 3, 4 }, .zone = { zone_default_home },
		.hearing = &limits, .max_flows = 64, .arg = e, .on_record = on_record };

	assert_non_null(e);
	e->o = observer_create(&o, NULL);
	assert_non_null(e->o);
	return e;
}

static void
leave(struct ear *e)
{
	observer_destroy(e->o);
	free(e);
}

/* A packet with real bytes, number `id`, seen `times` times 0.1 ms apart. */
static void
show(struct ear *e, int64_t ns, bool up, bool tcp, uint32_t id, uint32_t len,
    unsigned times, uint16_t vlan)
{
	static uint8_t ip[HEADS + 65536];
	struct crate c;
	struct packet *p;
	uint8_t *l4 = ip + 20;

	for (unsigned k = 0; k < times; k++) {
		p = tcp ? crate_tcp(&c, ns + k * 100000, up ? inside : outside,
		    up ? 40000 : 443, up ? outside : inside, up ? 443 : 40000, TCP_ACK,
		    1000 + id * len, 1, len) :
		    crate_udp(&c, ns + k * 100000, up ? inside : outside,
		    up ? 40000 : 5004, up ? outside : inside, up ? 5004 : 40000, len);
		memset(ip, 0, HEADS);
		ip[0] = 0x45;
		memcpy(l4, &p->seq, 4);
		memcpy(ip + 4, &id, 2);
		p->l3 = span_of(ip, (tcp ? 40 : 28) + len);
		p->l3_wire = (uint32_t)p->l3.left;
		p->payload = span_of(ip + (tcp ? 40 : 28), len);
		p->vlan = vlan;
		c.frame.ordinal = ++e->ordinal;
		if (observer_packet(e->o, p))
			e->used++;
		else
			e->dropped++;
	}
}

/* n datagrams up, `every` ns apart; returns the time behind them. */
static int64_t
voice_twice(struct ear *e, int64_t from, int64_t every, unsigned n, uint32_t id)
{
	for (unsigned i = 0; i < n; i++, from += every)
		show(e, from, true, false, id + i, 160, 2, VLAN_NONE);
	return from;
}

static void
test_udp_counts_each_datagram_once_from_the_first(void **state)
{
	struct ear *e = listen();
	struct observer_stats st;
	const struct observation *r = &e->last[OBSERVATION_CLOSE];

	(void)state;
	(void)voice_twice(e, NS_PER_S, 20 * NS_PER_MS, 1000, 1);
	observer_get_stats(e->o, &st);
	assert_true(st.duplicates.on);
	assert_int_equal(st.taken_back, 199);
	assert_int_equal(st.copies_told, 0);
	observer_finish(e->o);
	assert_int_equal(r->upload, 1000 * 160);
	assert_int_equal(r->captured_up, 1000 * 160);
	assert_int_equal(r->pkts_up, 1000);
	assert_int_equal(r->wire_up, 1000 * 214);
	assert_int_equal(r->retrans_up, 0);
	assert_int_equal(r->pair_up, 1000 * 160);
	/* The books: seen = used less taken back, and the rest are copies. */
	assert_int_equal(e->used - st.taken_back, 1000);
	assert_int_equal(e->dropped + st.taken_back, 1000);
	leave(e);
}

static void
test_tcp_has_no_retransmissions_left(void **state)
{
	struct ear *e = listen();
	const struct observation *r = &e->last[OBSERVATION_CLOSE];

	(void)state;
	for (unsigned i = 0; i < 600; i++)
		show(e, (1000 + (int64_t)i) * NS_PER_MS, true, true, i, 500, 2,
		    VLAN_NONE);
	observer_finish(e->o);
	assert_int_equal(r->upload, 600 * 500);
	assert_int_equal(r->pkts_up, 600);
	assert_int_equal(r->retrans_up, 0);
	assert_int_equal(r->wire_up, 600 * 554);
	leave(e);
}

static void
test_a_meter_throws_away_what_copies_were_in(void **state)
{
	struct ear *e = listen(), *plain = listen();
	int64_t at = NS_PER_S;

	(void)state;
	/* Ten a second twice: 200 copies are there after 20 s. One window was judged by
	 * then, the second is thrown away. */
	(void)voice_twice(e, at, 100 * NS_PER_MS, 700, 1);
	observer_finish(e->o);
	assert_true(e->n >= 4);
	assert_int_equal(e->windows[0].voice_packets, 20);	/* told so then */
	for (unsigned i = 1; i + 1 < e->n; i++) {	/* the last is a tail */
		assert_true(e->windows[i].voice_packets > 9.8 &&
		    e->windows[i].voice_packets < 10.2);
		assert_int_equal(e->windows[i].voice_windows, i);
	}
	assert_true(e->windows[1].window_start >= at + 20 * NS_PER_S);
	/* The sums are exact. */
	for (unsigned i = 0; i < 700; i++)
		show(plain, at + (int64_t)i * 100 * NS_PER_MS, true, false, 1 + i, 160, 1,
		    VLAN_NONE);
	observer_finish(plain->o);
	assert_int_equal(e->last[OBSERVATION_CLOSE].upload,
	    plain->last[OBSERVATION_CLOSE].upload);
	leave(e);
	leave(plain);
}

/* Whoever sends his own datagrams twice for a moment, again and again, is not rid of what
 * was heard of him. */
static void
test_a_later_turn_leaves_meters_as_they_are(void **state)
{
	struct ear *e = listen();
	struct observer_stats st;
	int64_t now = voice_twice(e, NS_PER_S, 20 * NS_PER_MS, 300, 1);
	uint64_t upload = 300;
	unsigned before;

	(void)state;
	for (unsigned i = 0; i < 11000; i++, upload++, now += 20 * NS_PER_MS)
		show(e, now, true, false, 1000 + i, 160, 1, VLAN_NONE);
	before = e->n;
	observer_get_stats(e->o, &st);
	assert_false(st.duplicates.on);
	upload += 300;
	now = voice_twice(e, now, 20 * NS_PER_MS, 300, 20000);
	for (unsigned i = 0; i < 3000; i++, upload++, now += 20 * NS_PER_MS)
		show(e, now, true, false, 30000 + i, 160, 1, VLAN_NONE);
	observer_get_stats(e->o, &st);
	assert_int_equal(st.duplicates.starts, 2);
	observer_finish(e->o);
	assert_true(before > 10 && e->n > before + 4 && e->n < 64);
	for (unsigned i = before; i + 1 < e->n; i++)	/* the last is a tail */
		assert_int_equal(e->windows[i].voice_windows,
		    e->windows[i - 1].voice_windows + 1);
	/* Every byte is counted once all the same. */
	assert_int_equal(e->last[OBSERVATION_CLOSE].upload, upload * 160);
	leave(e);
}

static void
test_copies_that_came_too_long_ago_stay(void **state)
{
	struct ear *e = listen();
	struct observer_stats st;
	int64_t now = NS_PER_S;

	(void)state;
	/* 50 copies, then 2,000 single packets, then a tap that duplicates. */
	now = voice_twice(e, now, NS_PER_MS, 50, 1);
	for (unsigned i = 0; i < 2000; i++, now += NS_PER_MS)
		show(e, now, true, false, 1000 + i, 160, 1, VLAN_NONE);
	now = voice_twice(e, now, NS_PER_MS, 300, 5000);
	observer_get_stats(e->o, &st);
	assert_int_equal(st.taken_back, 199);
	observer_finish(e->o);
	assert_int_equal(e->last[OBSERVATION_CLOSE].upload, (2350 + 50) * 160);
	leave(e);
}

static void
test_what_had_ended_is_counted_as_told(void **state)
{
	struct ear *e = listen();
	struct observer_stats st;
	int64_t now = NS_PER_S;

	(void)state;
	now = voice_twice(e, now, NS_PER_MS, 100, 1);
	now += 300 * NS_PER_S;		/* the flow ends by silence */
	(void)voice_twice(e, now, NS_PER_MS, 200, 5000);
	observer_get_stats(e->o, &st);
	assert_int_equal(st.taken_back + st.copies_told, 199);
	assert_int_equal(st.copies_told, 100);
	observer_finish(e->o);
	assert_int_equal(e->last[OBSERVATION_CLOSE].upload, 200 * 160);
	leave(e);
}

static void
test_a_flow_may_be_tagged_one_way_only(void **state)
{
	struct ear *e = listen();
	struct observer_stats st;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		int64_t at = (1000 + (int64_t)i * 20) * NS_PER_MS;

		show(e, at, true, false, i, 160, 1, VLAN_NONE);
		show(e, at + 10 * NS_PER_MS, false, false, i, 200, 1, 200);
	}
	observer_get_stats(e->o, &st);
	assert_int_equal(st.flow.flows_ever, 1);
	assert_int_equal(st.flow.tags_differ, 1);
	observer_finish(e->o);
	assert_int_equal(e->last[OBSERVATION_CLOSE].upload, 20 * 160);
	assert_int_equal(e->last[OBSERVATION_CLOSE].download, 20 * 200);
	assert_int_equal(e->last[OBSERVATION_CLOSE].vlan, 200);
	leave(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp_counts_each_datagram_once_from_the_first),
		cmocka_unit_test(test_tcp_has_no_retransmissions_left),
		cmocka_unit_test(test_a_meter_throws_away_what_copies_were_in),
		cmocka_unit_test(test_a_later_turn_leaves_meters_as_they_are),
		cmocka_unit_test(test_copies_that_came_too_long_ago_stay),
		cmocka_unit_test(test_what_had_ended_is_counted_as_told),
		cmocka_unit_test(test_a_flow_may_be_tagged_one_way_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
