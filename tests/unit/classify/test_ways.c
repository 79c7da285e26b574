/* SPDX-License-Identifier: GPL-3.0-or-later */
/* T5 through the observer: calls and feedback. Taps that show one side: test_sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

static void
test_a_call_on_asymmetric_ports_is_two_way(void **state)
{
	struct desk *d = desk_open();
	struct stream s[] = { voice(0, 25), voice(0.01, 25) };

	(void)state;
	s[1].src = OUTSIDE;
	s[1].dst = INSIDE;
	s[1].sport = 7002;
	s[1].dport = 40010;
	play(d, s, 2);
	observer_finish(d->o);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(sockets(d, i)->way_two);
		assert_near(sockets(d, i)->way_bytes, 1, 0.05);
	}
	/* What comes to the host's other socket, which sends nothing, is the answer. */
	assert_near(sockets(d, 1)->way_packets, 1, 0.05);
	desk_close(d);
}

static void
test_a_call_on_split_sockets_is_two_way(void **state)
{
	struct desk *d = desk_open();
	struct stream s[] = { voice(0, 45), voice(0.01, 45) };

	(void)state;
	s[1].src = ELSEWHERE;	/* answers from another host to the same inside socket */
	s[1].sport = 7002;
	s[1].dst = INSIDE;
	s[1].dport = 40000;
	play(d, s, 2);
	observer_finish(d->o);
	for (unsigned i = 1; i < 4; i++) {
		assert_true(sockets(d, i)->way_bytes == 0);
		assert_near(sockets(d, i)->way_packets, 1, 0.05);
		assert_true(sockets(d, i)->way_two);
	}
	desk_close(d);
}

static void
test_each_way_by_a_relay_and_a_socket_of_its_own_is_two_way(void **state)
{
	struct desk *d = desk_open();
	struct stream s[] = { voice(0, 45), voice(0.01, 45), voice(0.02, 45) };

	(void)state;
	s[1].src = ELSEWHERE;
	s[1].sport = 7002;
	s[1].dst = INSIDE;
	s[1].dport = 40010;
	s[2].src = OTHER;		/* an open microphone in the same room */
	play(d, s, 3);
	observer_finish(d->o);
	for (unsigned i = 0; sockets(d, i) != NULL; i++) {
		const struct observation *r = sockets(d, i);

		if (r->time > at(15).ns)
			assert_int_equal(r->way_two, same_addr(r->src_ip, INSIDE));
	}
	assert_int_equal(count_said(d, OBSERVATION_WINDOW, SCOPE_SOCKET), 10);
	desk_close(d);
}

static void
test_a_microphone_beside_a_call_of_the_same_host_is_one_way(void **state)
{
	struct desk *d = desk_open();
	struct stream s[] = { voice(0, 55), voice(0.01, 55), voice(0.02, 55) };

	(void)state;
	s[1].src = OUTSIDE;
	s[1].sport = 5004;
	s[1].dst = INSIDE;
	s[1].dport = 40000;
	s[2].dst = ELSEWHERE;
	s[2].sport = 40010;
	play(d, s, 3);
	observer_finish(d->o);
	for (unsigned i = 0; sockets(d, i) != NULL; i++) {
		const struct observation *r = sockets(d, i);

		if (r->time > at(15).ns)
			assert_int_equal(r->way_two, same_addr(r->dest_ip, OUTSIDE));
	}
	desk_close(d);
}

static void
test_a_call_whose_far_side_falls_silent_has_turned(void **state)
{
	struct desk *d = desk_open();
	struct stream s[] = { voice(0, 400), voice(0.01, 120), voice(0.02, 400) };

	(void)state;
	s[1].src = OUTSIDE;
	s[1].sport = 5004;
	s[1].dst = INSIDE;
	s[1].dport = 40000;
	s[2].src = OTHER;		/* was never answered */
	play(d, s, 3);
	observer_finish(d->o);
	for (unsigned i = 0; sockets(d, i) != NULL; i++) {
		const struct observation *r = sockets(d, i);

		assert_int_equal(observation_known(r, FIELD_way_turned),
		    same_addr(r->src_ip, INSIDE));
		if (observation_known(r, FIELD_way_turned) && r->time > at(200).ns)
			assert_near((double)(r->time - r->way_turned), at(155).ns, 30e9);
	}
	desk_close(d);
}

static void
test_feedback_is_not_an_answer(void **state)
{
	struct desk *d = desk_open();
	struct stream s[] = { voice(0, 45), voice(0.01, 45) };

	(void)state;
	s[1].src = OUTSIDE;	/* reports: a third of the packets, few bytes */
	s[1].sport = 5004;
	s[1].dst = INSIDE;
	s[1].dport = 40000;
	s[1].every = 0.06;
	s[1].len = 36;
	play(d, s, 2);
	observer_finish(d->o);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(observation_known(sockets(d, i), FIELD_way_two));
		assert_false(sockets(d, i)->way_two);
		assert_near(sockets(d, i)->way_bytes, 0.1, 0.01);
	}
	assert_near(sockets(d, 3)->way_packets, 0.33, 0.02);
	desk_close(d);
}

static void
test_set_up_with_a_proxy_counts_for_the_hosts_media_elsewhere(void **state)
{
	static const char invite[] = "INVITE sip:bob@b.example SIP/2.0\r\nVia: x\r\n\r\n";
	struct desk *d = desk_open();
	struct stream s[] = { voice(1, 25), voice(1, 25), voice(200, 215) };

	(void)state;
	s[1].src = OTHER;
	s[2].dst = v4(203, 0, 113, 99);	/* long after: another matter */
	send_udp(d, 0.5, INSIDE, 5060, ELSEWHERE, 5060, invite, sizeof(invite) - 1);
	play(d, s, 3);
	observer_finish(d->o);
	assert_true(closes(d, 0)->way_setup);
	for (unsigned i = 0; sockets(d, i) != NULL; i++) {
		const struct observation *r = sockets(d, i);

		assert_int_equal(r->way_setup, same_addr(r->src_ip, INSIDE) &&
		    same_addr(r->dest_ip, OUTSIDE));
	}
	assert_int_equal(count_said(d, OBSERVATION_WINDOW, SCOPE_SOCKET), 8);
	desk_close(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_on_asymmetric_ports_is_two_way),
		cmocka_unit_test(test_a_call_on_split_sockets_is_two_way),
		cmocka_unit_test(
		    test_each_way_by_a_relay_and_a_socket_of_its_own_is_two_way),
		cmocka_unit_test(
		    test_a_microphone_beside_a_call_of_the_same_host_is_one_way),
		cmocka_unit_test(test_a_call_whose_far_side_falls_silent_has_turned),
		cmocka_unit_test(test_feedback_is_not_an_answer),
		cmocka_unit_test(
		    test_set_up_with_a_proxy_counts_for_the_hosts_media_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
