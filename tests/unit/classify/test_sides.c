/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Does the tap show both directions? One-way is said where that is known, and not else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

#define ROUTER 0x0a
#define SERVER 0x0b
#define HOST 0x0c

enum half { UNKNOWN, BOTH, ONE };

static enum half
half_of(const struct observation *r)
{
	assert_non_null(r);
	if (!observation_known(r, FIELD_way_half))
		return UNKNOWN;
	assert_int_equal((r->seen & SEEN_HALF) != 0, r->way_half);
	return r->way_half ? ONE : BOTH;
}

/* A datagram with link addresses that end so. */
static void
send_linked(struct desk *d, double s, struct addr src, uint16_t sport, struct addr dst,
    uint16_t dport, uint8_t from, uint8_t to, const void *bytes, uint32_t len)
{
	struct crate c;
	struct packet *p = crate_udp(&c, at(s).ns, src, sport, dst, dport, len);

	c.frame.ordinal = ++d->ordinal;
	p->has_mac = true;
	memset(p->smac, 0, 6);
	memset(p->dmac, 0, 6);
	p->smac[0] = p->dmac[0] = 2;
	p->smac[5] = from;
	p->dmac[5] = to;
	if (bytes != NULL)
		p->payload = span_of(bytes, len);
	observer_packet(d->o, p);
}

/* A question to the inside resolver and its answer, by the machine with this MAC. */
static void
resolve(struct desk *d, double s, uint8_t by)
{
	uint8_t q[300], a[300];
	uint32_t n = dns_message(q, "www.sound.example", NULL);
	uint32_t m = dns_message(a, "www.sound.example",
	    (const uint8_t[]){ 198, 51, 100, 9 });

	send_linked(d, s, INSIDE, 5000, RESOLVER, 53, HOST, by, q, n);
	send_linked(d, s + 0.01, RESOLVER, 53, INSIDE, 5000, by, HOST, a, m);
}

static void
stream_linked(struct desk *d, double from, double until)
{
	for (double s = from; s < until; s += 0.02)
		send_linked(d, s, INSIDE, 40000, OUTSIDE, 5004, HOST, ROUTER, NULL, 120);
}

/* Up only: `n` pieces, and the acknowledged bytes of nobody knows what. */
static void
half_conversation(struct desk *d, double s, struct addr who, uint16_t port)
{
	send_tcp(d, s, who, port, ELSEWHERE, 443, TCP_SYN, 100, 0, NULL, 0);
	for (unsigned i = 0; i < 4; i++)
		send_tcp(d, s + 0.1 * (i + 1), who, port, ELSEWHERE, 443, TCP_ACK,
		    101 + 200 * i, 501 + 300 * i, NULL, 200);
}

static void
whole_conversation(struct desk *d, double s, struct addr who, uint16_t port)
{
	send_tcp(d, s, who, port, ELSEWHERE, 443, TCP_SYN, 100, 0, NULL, 0);
	send_tcp(d, s + 0.1, ELSEWHERE, 443, who, port, TCP_SYN | TCP_ACK, 500, 101, NULL, 0);
	send_tcp(d, s + 0.2, who, port, ELSEWHERE, 443, TCP_ACK, 101, 501, NULL, 200);
}

/* The first window of a stream of datagrams that nothing answers. */
static enum half
half_of_a_stream(struct desk *d, double from)
{
	const struct observation *r = NULL;

	play_one(d, voice(from, from + 15));
	observer_finish(d->o);
	for (unsigned i = 0; sockets(d, i) != NULL; i++) {
		if (sockets(d, i)->transport == TRANSPORT_UDP && r == NULL)
			r = sockets(d, i);
	}
	return half_of(r);
}

static void
test_of_one_stream_of_datagrams_alone_nothing_is_known(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	play_one(d, voice(0, 45));
	observer_finish(d->o);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(half_of(sockets(d, i)), UNKNOWN);
		assert_false(observation_known(sockets(d, i), FIELD_way_two));
		assert_false(observation_known(sockets(d, i), FIELD_way_bytes));
	}
	desk_close(d);
}

static void
test_questions_that_nobody_answers_for_a_minute_are_half(void **state)
{
	struct desk *d = desk_open();
	uint8_t q[300];
	uint32_t n = dns_message(q, "www.sound.example", NULL);
	struct stream s[] = { voice(0, 85),
		{ .at = 0.5, .until = 85, .every = 5, .src = INSIDE, .dst = RESOLVER,
		    .sport = 5000, .dport = 53, .len = n, .bytes = q } };

	(void)state;
	play(d, s, 2);
	observer_finish(d->o);
	for (unsigned i = 0; i < 8; i++) {
		const struct observation *r = sockets(d, i);

		assert_int_equal(half_of(r), r->time >= at(60.5).ns ? ONE : UNKNOWN);
		assert_int_equal(half_of(r) == ONE, i >= 6);
		assert_false(observation_known(r, FIELD_way_two));
	}
	assert_true(closes(d, 0)->way_half);
	desk_close(d);
}

static void
test_a_tap_that_goes_dark_is_half_after_a_minute(void **state)
{
	struct desk *d = desk_open();
	uint8_t q[300], a[300];
	uint32_t n = dns_message(q, "www.sound.example", NULL);
	uint32_t m = dns_message(a, "www.sound.example", (const uint8_t[]){ 198, 51, 100,
	    9 });
	struct stream s[] = { voice(2, 85), voice(2, 85),
		{ .at = 1, .until = 85, .every = 5, .src = OTHER, .dst = RESOLVER,
		    .sport = 5000, .dport = 53, .len = n, .bytes = q } };

	(void)state;
	s[1].src = OTHER;		/* asks and is no longer answered */
	send_udp(d, 0, INSIDE, 5000, RESOLVER, 53, q, n);
	send_udp(d, 0.1, RESOLVER, 53, INSIDE, 5000, a, m);
	play(d, s, 3);
	observer_finish(d->o);
	for (unsigned i = 0; sockets(d, i) != NULL; i++)
		assert_int_equal(half_of(sockets(d, i)),
		    sockets(d, i)->time >= at(61).ns ? ONE : BOTH);
	assert_int_equal(count_said(d, OBSERVATION_WINDOW, SCOPE_SOCKET), 18);
	desk_close(d);
}

static void
test_tcp_that_acknowledges_the_unseen_is_half_with_a_way(void **state)
{
	struct desk *d = desk_open();
	struct stream s = { .at = 0.1, .until = 25, .every = 0.1, .src = INSIDE,
		.dst = OUTSIDE, .sport = 40000, .dport = 443, .len = 600, .tcp = true,
		.seq = 101, .ack = 501 };

	(void)state;
	send_tcp(d, 0, INSIDE, 40000, OUTSIDE, 443, TCP_SYN, 100, 0, NULL, 0);
	while (s.at < s.until) {
		double end = s.until;

		s.until = s.at + 0.05;
		play(d, &s, 1);
		s.until = end;
		s.ack += 300;	/* what the server sent meanwhile, not on the tap */
	}
	observer_finish(d->o);
	assert_int_equal(half_of(sockets(d, 1)), ONE);
	assert_true(observation_known(sockets(d, 1), FIELD_way_two));
	assert_near(sockets(d, 1)->way_bytes, 0.5, 0.05);
	assert_true(sockets(d, 1)->way_two);
	desk_close(d);
}

static void
test_tcp_that_sends_on_without_an_answer_is_half(void **state)
{
	struct desk *d = desk_open();
	struct stream s = { .at = 0.1, .until = 25, .every = 0.1, .src = INSIDE,
		.dst = OUTSIDE, .sport = 40000, .dport = 443, .len = 600, .tcp = true,
		.seq = 101, .ack = 501 };

	(void)state;
	play(d, &s, 1);		/* its far end says nothing, and is not seen to */
	observer_finish(d->o);
	assert_int_equal(half_of(sockets(d, 0)), ONE);
	desk_close(d);
}

static void
test_a_lost_packet_does_not_make_a_half(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	whole_conversation(d, 0, INSIDE, 40000);
	for (unsigned i = 0; i < 40; i++)	/* half of what comes down was lost */
		send_tcp(d, 1 + 0.1 * i, INSIDE, 40000, ELSEWHERE, 443, TCP_ACK,
		    301 + 200 * i, 501 + 700 * i, NULL, 200);
	observer_finish(d->o);
	assert_int_equal(half_of(closes(d, 0)), BOTH);
	desk_close(d);
}

static void
test_a_packet_from_outside_vouches_for_the_tap(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	send_udp(d, 0, ELSEWHERE, 443, OTHER, 5000, NULL, 100);
	assert_int_equal(half_of_a_stream(d, 0.5), BOTH);
	assert_true(observation_known(sockets(d, 0), FIELD_way_two));
	assert_false(sockets(d, 0)->way_two);
	desk_close(d);
}

static void
test_the_router_that_answers_vouches_for_its_link(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {	/* asked before the stream, or during */
		struct desk *d = desk_open();

		if (i == 0)
			resolve(d, 0, ROUTER);
		stream_linked(d, 1, 8);
		if (i == 1)
			resolve(d, 8, ROUTER);
		stream_linked(d, 8.1, 15);
		observer_finish(d->o);
		assert_int_equal(half_of(sockets(d, 0)), BOTH);
		assert_false(sockets(d, 0)->way_two);
		desk_close(d);
	}
}

static void
test_another_inside_machine_that_answers_does_not(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	resolve(d, 0, SERVER);
	stream_linked(d, 1, 15);
	observer_finish(d->o);
	assert_int_equal(half_of(sockets(d, 0)), UNKNOWN);
	desk_close(d);
}

static void
test_who_sets_up_a_call_is_answered_whatever_the_router_says(void **state)
{
	static const char invite[] = "INVITE sip:b@b SIP/2.0\r\nVia: x\r\n\r\n";
	struct desk *d = desk_open();

	(void)state;
	resolve(d, 0, ROUTER);
	send_linked(d, 0.5, INSIDE, 5060, OUTSIDE, 5060, HOST, ROUTER, invite,
	    sizeof(invite) - 1);
	stream_linked(d, 1, 15);
	observer_finish(d->o);
	assert_int_equal(half_of(sockets(d, 0)), UNKNOWN);
	desk_close(d);
}

/* Policy routing: what is for one network comes back elsewhere. */
static void
test_a_host_of_which_tcp_shows_one_side_is_half_on_a_good_tap(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	for (uint8_t i = 0; i < 20; i++)
		whole_conversation(d, 0.1 * i, v4(10, 20, 0, 100 + i), 40000);
	half_conversation(d, 5, INSIDE, 41000);
	assert_int_equal(half_of_a_stream(d, 7), ONE);
	desk_close(d);
}

static void
test_where_some_conversations_are_halves_silence_is_not_known(void **state)
{
	(void)state;
	for (unsigned halves = 0; halves <= 4; halves += 4) {
		struct desk *d = desk_open();

		for (uint8_t i = 0; i < 16; i++)
			whole_conversation(d, 0.1 * i, v4(10, 20, 0, 100 + i), 40000);
		for (uint8_t i = 0; i < halves; i++)
			half_conversation(d, 3 + i, v4(10, 20, 0, 200 + i), 41000);
		assert_int_equal(half_of_a_stream(d, 10), halves == 0 ? BOTH : UNKNOWN);
		desk_close(d);
	}
}

static void
test_one_host_that_invents_halves_does_not_blind_the_tap(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		whole_conversation(d, 0.1 * i, v4(10, 20, 0, 100 + i), 40000);
	for (uint16_t i = 0; i < 200; i++)
		half_conversation(d, 3 + 0.1 * i, OTHER, 41000 + i);
	assert_int_equal(half_of_a_stream(d, 30), BOTH);
	desk_close(d);
	/* Nor where few others talk, for an hour: he has a third of the voices. */
	d = desk_open();
	for (uint16_t m = 0; m < 60; m++) {
		for (uint8_t i = 0; i < 2; i++)
			whole_conversation(d, 60.0 * m + i, v4(10, 20, 0, 100 + i),
			    (uint16_t)(40000 + m));
		half_conversation(d, 60.0 * m + 5, OTHER, (uint16_t)(41000 + m));
	}
	assert_int_equal(half_of_a_stream(d, 3550), BOTH);
	desk_close(d);
}

static void
test_a_call_whose_answer_is_seen_is_whole_on_any_tap(void **state)
{
	struct desk *d = desk_open();
	struct stream s[] = { voice(10, 25), voice(10.01, 25) };

	(void)state;
	for (uint8_t i = 0; i < 5; i++)
		half_conversation(d, i, v4(10, 20, 0, 200 + i), 41000);
	s[1].src = OUTSIDE;
	s[1].dst = INSIDE;
	s[1].sport = 5004;
	s[1].dport = 40000;
	play(d, s, 2);
	observer_finish(d->o);
	assert_int_equal(half_of(sockets(d, 0)), BOTH);
	assert_true(sockets(d, 0)->way_two);
	desk_close(d);
}

static void
test_who_trusts_a_capture_may_say_so(void **state)
{
	struct hearing trusting = limits;
	struct desk *d = calloc(1, sizeof(*d));
	struct observer_options o = { .hash = desk_hash, .zone = { zone_default_home },
		.hearing = &trusting, .max_flows = 64, .arg = d, .on_record = desk_record,
		.on_step = desk_step };

	(void)state;
	trusting.half_doubt = 0;
	assert_non_null(d);
	d->o = observer_create(&o, NULL);
	assert_non_null(d->o);
	assert_int_equal(half_of_a_stream(d, 0), BOTH);
	assert_false(sockets(d, 0)->way_two);
	desk_close(d);
}

int
main(void)
{
#define T(name) cmocka_unit_test(name)
	const struct CMUnitTest tests[] = {
		T(test_of_one_stream_of_datagrams_alone_nothing_is_known),
		T(test_questions_that_nobody_answers_for_a_minute_are_half),
		T(test_a_tap_that_goes_dark_is_half_after_a_minute),
		T(test_tcp_that_acknowledges_the_unseen_is_half_with_a_way),
		T(test_tcp_that_sends_on_without_an_answer_is_half),
		T(test_a_lost_packet_does_not_make_a_half),
		T(test_a_packet_from_outside_vouches_for_the_tap),
		T(test_the_router_that_answers_vouches_for_its_link),
		T(test_another_inside_machine_that_answers_does_not),
		T(test_who_sets_up_a_call_is_answered_whatever_the_router_says),
		T(test_a_host_of_which_tcp_shows_one_side_is_half_on_a_good_tap),
		T(test_where_some_conversations_are_halves_silence_is_not_known),
		T(test_one_host_that_invents_halves_does_not_blind_the_tap),
		T(test_a_call_whose_answer_is_seen_is_whole_on_any_tap),
		T(test_who_trusts_a_capture_may_say_so),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
