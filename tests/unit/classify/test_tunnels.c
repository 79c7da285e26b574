/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a tunnel gets its name: by the protocol of IP, by what is in the names that are
 * asked for, by what stands in echoes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

#define PROTO_ICMP 1
#define PROTO_ICMP6 58
#define ASKED (8 << 8)
#define ANSWERED 0

struct echoes {
	struct desk *d;
	double t;
	uint64_t dice;
	uint32_t cap;			/* of each payload; 0: all of it */
	bool six, later_fragment;
};

static void
echo(struct echoes *e, bool up, const uint8_t *bytes, uint32_t len)
{
	struct addr in = INSIDE, out = OUTSIDE;
	struct crate c;
	struct packet *p;

	if (e->six) {
		in = (struct addr){ { 0xfd, 1, 2, 3, 4, 5, 6, 7 } };
		out = (struct addr){ { 0x20, 1, 0xd, 0xb8, 1 } };
	}
	p = crate_ip(&c, at(e->t).ns, e->six ? PROTO_ICMP6 : PROTO_ICMP, up ? in : out,
	    up ? out : in, len);
	c.frame.ordinal = ++e->d->ordinal;
	p->sport = e->later_fragment ? 0 : e->six ? (up ? 128 << 8 : 129 << 8) :
	    up ? ASKED : ANSWERED;
	p->frag = e->later_fragment;
	p->payload = span_of(bytes, e->cap != 0 && e->cap < len ? e->cap : len);
	observer_packet(e->d->o, p);
}

static void
random_bytes(struct echoes *e, uint8_t *out, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = (uint8_t)dice(&e->dice);
}

/* A ping's payload: 24 bytes of time and number, and a pattern of its maker. */
static void
ping(struct echoes *e, uint8_t *out, unsigned n, uint8_t maker)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = (uint8_t)(i + maker);
	random_bytes(e, out, n < 24 ? n : 24);
}

static uint16_t
tunnel_at_end(struct desk *d)
{
	const struct observation *r;

	observer_finish(d->o);
	r = closes(d, 0);
	assert_non_null(r);
	return observation_known(r, FIELD_tunnel) ? r->tunnel : TUNNEL_NONE;
}

static void
test_what_ip_says_it_carries_is_a_tunnel(void **state)
{
	static const struct {
		uint8_t proto;
		enum tunnel_word tunnel;
	} is[] = { { 4, TUNNEL_OTHER }, { 41, TUNNEL_OTHER }, { 47, TUNNEL_GRE },
		{ 50, TUNNEL_IPSEC }, { 51, TUNNEL_IPSEC }, { 97, TUNNEL_OTHER },
		{ 2, TUNNEL_NONE }, { 89, TUNNEL_NONE }, { 132, TUNNEL_NONE } };

	(void)state;
	for (unsigned i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		struct desk *d = desk_open();
		struct crate c;
		struct packet *p = crate_ip(&c, at(1).ns, is[i].proto, INSIDE,
		    OUTSIDE, 200);

		c.frame.ordinal = ++d->ordinal;
		observer_packet(d->o, p);
		/* from its first packet on */
		observer_advance(d->o, at(3));
		assert_non_null(opens(d, 0));
		if (is[i].tunnel != TUNNEL_NONE)
			assert_int_equal(opens(d, 0)->tunnel, is[i].tunnel);
		observer_finish(d->o);
		assert_int_equal(closes(d, 0)->tunnel, is[i].tunnel);
		desk_close(d);
	}
}

static void
test_a_domain_whose_names_carry_is_a_tunnel_and_no_other(void **state)
{
	static const char longer[] = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl."
	    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl.tunnel.example";
	struct desk *d = desk_open();
	uint8_t q[2][300];
	uint32_t n = dns_message(q[0], longer, NULL);
	uint32_t m = dns_message(q[1], "www.office.example", NULL);
	struct stream s[] = {
		{ .at = 1, .until = 9, .every = 0.5, .src = INSIDE, .dst = RESOLVER,
		    .sport = 5000, .dport = 53, .len = n, .bytes = q[0] },
		{ .at = 1.1, .until = 9, .every = 0.5, .src = INSIDE, .dst = RESOLVER,
		    .sport = 5001, .dport = 53, .len = m, .bytes = q[1] } };

	(void)state;
	play(d, s, 2);
	observer_advance(d->o, at(13));
	assert_int_equal(count_said(d, OBSERVATION_WINDOW, SCOPE_DOMAIN), 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct observation *r = domains(d, i);
		bool carries = strcmp(d->name[r->dest_key], "tunnel.example") == 0;

		assert_int_equal(r->tunnel, carries ? TUNNEL_DNS : TUNNEL_NONE);
	}
	desk_close(d);
}

static void
test_echoes_that_are_new_each_time_are_a_tunnel(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		struct echoes e = { .d = desk_open(), .dice = 7, .six = how == 1,
			.cap = how == 2 ? 40 : 0 };

		for (unsigned i = 0; i < 40; i++) {
			uint8_t b[1200];

			random_bytes(&e, b, sizeof(b));
			e.t = i / 4.0;
			echo(&e, true, b, sizeof(b));
			/* its kernel sends it back; the tunnel answers with its own */
			echo(&e, false, b, sizeof(b));
			random_bytes(&e, b, sizeof(b));
			if (how == 3)
				echo(&e, false, b, 300);
		}
		observer_advance(e.d->o, at(70));
		assert_int_equal(tunnel_at_end(e.d), TUNNEL_ICMP);
		desk_close(e.d);
	}
}

static void
test_monitors_of_seven_makes_behind_one_address_are_none(void **state)
{
	struct echoes e = { .d = desk_open(), .dice = 7 };

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t b[1400];
		/* of every size, as a search for the path's MTU */
		unsigned n = i % 5 == 0 ? 40 + i % 1360 : 56;

		e.t = i * 0.14;
		ping(&e, b, n, (uint8_t)(i % 7 * 31));
		echo(&e, true, b, n);
		if (i % 11 != 0)			/* some are lost */
			echo(&e, false, b, n > 64 ? 64 : n);	/* or answered in part */
	}
	assert_int_equal(tunnel_at_end(e.d), TUNNEL_NONE);
	desk_close(e.d);
}

static void
test_another_payload_now_and_then_is_none(void **state)
{
	struct echoes e = { .d = desk_open(), .dice = 7 };
	uint8_t b[56];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		e.t = i * 0.5;
		ping(&e, b, sizeof(b), i % 10 == 0 ? (uint8_t)dice(&e.dice) : 0);
		echo(&e, true, b, sizeof(b));
		echo(&e, false, b, sizeof(b));
	}
	assert_int_equal(tunnel_at_end(e.d), TUNNEL_NONE);
	desk_close(e.d);
}

static void
test_what_is_short_cut_or_a_later_fragment_says_nothing(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		struct echoes e = { .d = desk_open(), .dice = 7, .cap = how == 0 ? 39 : 0,
			.later_fragment = how == 1 };

		for (unsigned i = 0; i < 200; i++) {
			uint8_t b[1200];

			random_bytes(&e, b, sizeof(b));
			e.t = i / 4.0;
			echo(&e, true, b, how == 2 ? 39 : sizeof(b));
		}
		observer_finish(e.d->o);
		for (unsigned i = 0; closes(e.d, i) != NULL; i++)
			assert_int_equal(closes(e.d, i)->tunnel, TUNNEL_NONE);
		desk_close(e.d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_ip_says_it_carries_is_a_tunnel),
		cmocka_unit_test(test_a_domain_whose_names_carry_is_a_tunnel_and_no_other),
		cmocka_unit_test(test_echoes_that_are_new_each_time_are_a_tunnel),
		cmocka_unit_test(test_monitors_of_seven_makes_behind_one_address_are_none),
		cmocka_unit_test(test_another_payload_now_and_then_is_none),
		cmocka_unit_test(test_what_is_short_cut_or_a_later_fragment_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
