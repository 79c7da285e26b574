/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The observer: packets made by hand go in, what it says is read. No classifier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/classify/desk.h"

/* ---- flows ---- */

static void
test_a_flow_opens_goes_on_in_parts_and_closes_when_it_is_silent(void **state)
{
	struct desk *d = desk_open();
	const struct observation *r;

	(void)state;
	play_one(d, (struct stream){ .at = 0, .until = 150.5, .every = 1, .src = INSIDE,
	    .dst = OUTSIDE, .sport = 40000, .dport = 9000, .len = 30 });
	observer_advance(d->o, at(269.5));
	assert_int_equal(count_said(d, OBSERVATION_OPEN, 0), 1);
	assert_int_equal(count_said(d, OBSERVATION_PART, 0), 2);
	assert_null(closes(d, 0));
	observer_advance(d->o, at(271));
	r = opens(d, 0);
	assert_true(r->time == START && r->ordinal == 1 && r->upload == 30);
	assert_true(r->outbound && r->flow_id != 0 && r->pair_id != 0);
	assert_true(same_addr(r->src_ip, INSIDE) && same_addr(r->dest_ip, OUTSIDE));
	assert_true(r->src_port == 40000 && r->dest_port == 9000);
	assert_int_equal(r->transport, TRANSPORT_UDP);
	assert_true(parts(d, 0)->time == at(60).ns && parts(d, 1)->time == at(120).ns);
	assert_true(parts(d, 0)->upload == 61 * 30 && parts(d, 1)->upload == 121 * 30);
	r = closes(d, 0);
	assert_true(r->time == at(270).ns && r->upload == 151 * 30 && r->pkts_up == 151);
	assert_int_equal(r->flow_end, FLOW_END_IDLE);
	assert_true(r->flow_last == at(150).ns);
	desk_close(d);
}

static void
test_a_part_comes_after_256_kib_and_counts_no_byte_twice(void **state)
{
	struct desk *d = desk_open();
	struct stream s = { .at = 0, .until = 7.9, .every = 0.125, .src = INSIDE,
		.dst = OUTSIDE, .sport = 40000, .dport = 443, .len = 16384, .tcp = true,
		.seq = 1000, .ack = 1 };

	(void)state;
	play(d, &s, 1);
	/* The last one again: a retransmission. */
	send_tcp(d, 7.95, INSIDE, 40000, OUTSIDE, 443, TCP_ACK, s.seq - 16384, 1, NULL,
	    16384);
	observer_finish(d->o);
	assert_int_equal(count_said(d, OBSERVATION_PART, 0), 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(parts(d, i)->upload, (i + 1) * 262144);
	assert_int_equal(closes(d, 0)->upload, 64 * 16384);
	assert_int_equal(closes(d, 0)->retrans_up, 16384);
	assert_int_equal(closes(d, 0)->flow_end, FLOW_END_INPUT);
	assert_true((closes(d, 0)->seen & SEEN_MIDSTREAM) != 0);
	desk_close(d);
}

static void
test_parts_of_a_fast_flow_are_a_second_apart(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	play_one(d, (struct stream){ .at = 0, .until = 4.9995, .every = 0.001,
	    .src = INSIDE, .dst = OUTSIDE, .sport = 40000, .dport = 443, .len = 16384,
	    .tcp = true });
	observer_finish(d->o);
	assert_in_range(count_said(d, OBSERVATION_PART, 0), 3, 5);
	for (unsigned i = 1; i < count_said(d, OBSERVATION_PART, 0); i++)
		assert_true(parts(d, i)->time - parts(d, i - 1)->time >= NS_PER_S);
	desk_close(d);
}

static void
test_inside_to_inside_is_no_upload(void **state)
{
	struct desk *d = desk_open();
	struct observer_stats st;
	struct stream s = voice(0, 25);

	(void)state;
	s.dst = OTHER;
	play(d, &s, 1);
	observer_finish(d->o);
	assert_false(opens(d, 0)->outbound);
	assert_true(opens(d, 0)->pair_id == 0);
	assert_null(sockets(d, 0));
	assert_null(pairs(d, 0));
	assert_false(observation_known(closes(d, 0), FIELD_way_two));
	observer_get_stats(d->o, &st);
	assert_false(st.crossed);
	desk_close(d);
}

static void
test_up_is_up_whoever_opened_the_flow(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	send_udp(d, 0, OUTSIDE, 5004, INSIDE, 40000, NULL, 100);
	send_udp(d, 0.1, INSIDE, 40000, OUTSIDE, 5004, NULL, 700);
	observer_finish(d->o);
	assert_true(closes(d, 0)->outbound);
	assert_true(same_addr(closes(d, 0)->src_ip, INSIDE));
	assert_true(closes(d, 0)->upload == 700 && closes(d, 0)->download == 100);
	desk_close(d);
}

/* ---- steps and time ---- */

static void
test_steps_are_whole_seconds_from_the_first_packet(void **state)
{
	struct desk *d = desk_open();
	struct stream s[] = { voice(0.37, 42), voice(0.41, 30), voice(3.33, 44) };

	(void)state;
	s[1].src = OTHER;
	s[1].every = 0.033;
	s[2].dst = ELSEWHERE;
	s[2].every = 0.71;
	play(d, s, 3);
	observer_finish(d->o);
	assert_true(d->steps >= 42);
	for (unsigned i = 0; i + 1 < d->steps; i++)
		assert_true(d->step[i] == at(0.37).ns + (i + 1) * NS_PER_S);
	desk_close(d);
}

static void
test_silence_closes_windows_bursts_and_flows(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	play_one(d, voice(0, 9.99));
	assert_null(sockets(d, 0));
	assert_null(pairs(d, 0));
	observer_advance(d->o, at(10.5));
	assert_null(sockets(d, 0));	/* its first packet was the fourth, at 0.06 s */
	observer_advance(d->o, at(11));
	assert_non_null(sockets(d, 0));
	assert_true(sockets(d, 0)->time == at(10.36).ns);
	assert_non_null(pairs(d, 0));	/* ten seconds of voice are one burst */
	assert_null(closes(d, 0));
	observer_advance(d->o, at(200));
	assert_non_null(closes(d, 0));
	assert_null(sockets(d, 1));
	assert_int_equal(d->steps, 200);
	desk_close(d);
}

static void
test_a_year_of_silence_costs_little_and_closes_everything(void **state)
{
	struct desk *d = desk_open();
	struct observer_stats st;
	double year = 365.0 * 86400;

	(void)state;
	play_one(d, voice(0, 9.99));
	send_udp(d, 11, OTHER, 999, ELSEWHERE, 53, NULL, 40);
	play_one(d, voice(year + 0.5, year + 12));
	observer_get_stats(d->o, &st);
	assert_int_equal(st.flow.flows_now, 1);
	assert_int_equal(st.flow.pairs_now, 1);
	assert_int_equal(count_said(d, OBSERVATION_CLOSE, 0), 2);
	assert_true(closes(d, 0)->time < at(131).ns && closes(d, 1)->time < at(132).ns);
	assert_true(d->steps < 7300);
	/* Afterwards the steps are on the same grid, and windows come as ever. */
	assert_true((d->step[d->steps - 1] - START) % NS_PER_S == 0);
	assert_true(d->step[d->steps - 1] == at(year + 11).ns);
	assert_int_equal(count_said(d, OBSERVATION_WINDOW, SCOPE_SOCKET), 2);
	assert_true(sockets(d, 1)->voice_first == at(year + 0.56).ns ||
	    sockets(d, 1)->voice_first == at(0.06).ns);
	desk_close(d);
}

static void
test_time_that_goes_back_is_taken_as_now(void **state)
{
	struct desk *d = desk_open();
	struct observer_stats st;

	(void)state;
	send_udp(d, 100, INSIDE, 40000, OUTSIDE, 9000, NULL, 30);
	send_udp(d, 103, INSIDE, 40000, OUTSIDE, 9000, NULL, 30);
	send_udp(d, 40, INSIDE, 40001, OUTSIDE, 9000, NULL, 30);
	send_udp(d, -1e9, INSIDE, 40000, OUTSIDE, 9000, NULL, 30);
	observer_advance(d->o, at(50));
	assert_true(observer_now(d->o).ns == at(103).ns);
	send_udp(d, 104, INSIDE, 40000, OUTSIDE, 9000, NULL, 30);
	observer_finish(d->o);
	observer_get_stats(d->o, &st);
	assert_int_equal(st.flow.time_back, 2);
	assert_true(opens(d, 1)->time == at(103).ns);
	assert_int_equal(closes(d, 0)->upload, 120);
	desk_close(d);
}

/* ---- windows ---- */

static void
test_a_socket_has_a_window_every_ten_seconds(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	play_one(d, voice(0, 45));
	observer_finish(d->o);
	assert_int_equal(count_said(d, OBSERVATION_WINDOW, SCOPE_SOCKET), 5);
	for (unsigned i = 0; i < 4; i++) {
		const struct observation *r = sockets(d, i);

		assert_true(r->time == at(10.36 + 10 * i).ns);
		assert_true(r->window_start == at(0.36 + 10 * i).ns);
		assert_true(r->window_length == 10 * NS_PER_S);
		assert_near(r->voice_rate, 48000, 100);
		assert_near(r->voice_packets, 50, 0.2);
		assert_true(r->voice_pass && r->voice_constant);
		assert_int_equal(r->voice_windows, i + 1);
		assert_near(r->voice_score, 2.48 * (i + 1), 0.001);
		assert_true(r->voice_first == at(0.06).ns && r->way_media == r->time -
		    r->voice_first);
		assert_true(r->flow_id == opens(d, 0)->flow_id);
	}
	assert_false(observation_known(sockets(d, 2), FIELD_voice_steady));
	assert_true(observation_known(sockets(d, 3), FIELD_voice_steady));
	/* The last is what the open window held: longer sound, and no evidence. */
	assert_near((double)sockets(d, 4)->voice_seconds / 1e9, 44.6, 0.1);
	assert_int_equal(sockets(d, 4)->voice_windows, 4);
	assert_near(sockets(d, 4)->voice_score, 4 * 2.48, 0.001);
	desk_close(d);
}

static void
test_each_kind_of_window_has_its_own_fields_and_no_others(void **state)
{
	struct desk *d = desk_open();
	uint8_t q[300];
	uint32_t n = dns_message(q, "aaaaaaaaaaaaaaaaaaaaaaaaa.tunnel.example", NULL);
	struct stream s[] = { voice(0, 75),
		{ .at = 0.5, .until = 75, .every = 0.5, .src = INSIDE, .dst = RESOLVER,
		    .sport = 5000, .dport = 53, .len = n, .bytes = q },
		{ .at = 0.2, .until = 75, .every = 5, .src = OTHER, .dst = ELSEWHERE,
		    .sport = 6000, .dport = 443, .len = 8000, .tcp = true } };
	unsigned w[SCOPE_WORD_COUNT] = { 0 }, devices = 0;

	(void)state;
	play(d, s, 3);
	observer_finish(d->o);
	for (size_t i = 0; i < d->n; i++) {
		const struct observation *r = &d->r[i];
		int scope = r->kind == OBSERVATION_WINDOW ? r->scope : -1;

		if (r->kind == OBSERVATION_NAME)
			continue;
		if (r->kind == OBSERVATION_DEVICE) {
			assert_false(observation_known(r, FIELD_upload));
			devices++;
			continue;
		}
		assert_int_equal(known_of(r, "window.") == 3, scope >= 0);
		assert_int_equal(known_of(r, "voice.") > 0, scope == SCOPE_SOCKET);
		assert_int_equal(known_of(r, "chunks.") > 0, scope == SCOPE_PAIR);
		assert_int_equal(known_of(r, "dns.") > 0, scope == SCOPE_DOMAIN);
		assert_int_equal(observation_known(r, FIELD_upload),
		    scope != SCOPE_PAIR && scope != SCOPE_DOMAIN);
		if (scope >= 0)
			w[scope]++;
	}
	assert_true(w[SCOPE_SOCKET] >= 7 && w[SCOPE_PAIR] >= 14);
	/* Seven while it went on, and the one that was open at the end. */
	assert_int_equal(w[SCOPE_DOMAIN], 8);
	assert_int_equal(devices, 2);	/* each inside host once */
	desk_close(d);
}

static void
test_a_pair_has_a_window_for_each_burst(void **state)
{
	struct desk *d = desk_open();
	const struct observation *r;

	(void)state;
	/* Each burst by another connection: what counts is the pair. */
	for (unsigned i = 0; i < 12; i++)
		play_one(d, (struct stream){ .at = 5.0 * i, .until = 5.0 * i + 0.095,
		    .every = 0.01, .src = INSIDE, .dst = OUTSIDE,
		    .sport = (uint16_t)(40000 + i), .dport = 443, .len = 1400,
		    .tcp = true });
	observer_advance(d->o, at(56));
	assert_int_equal(count_said(d, OBSERVATION_WINDOW, SCOPE_PAIR), 12);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(pairs(d, i)->chunks_upload, 14000 * (i + 1));
	assert_false(pairs(d, 4)->chunks_regular);	/* five are not enough */
	assert_true(pairs(d, 5)->chunks_regular);
	r = pairs(d, 7);
	assert_true(r->chunks_regular && r->chunks_count == 8);
	assert_int_equal(r->chunks_size, 14000);
	assert_true(r->chunks_period == 5 * NS_PER_S);
	assert_near(r->chunks_rate, 22400, 1);
	assert_true(r->pair_up == 8 * 14000 && r->way_bytes == 0);
	assert_false(observation_known(r, FIELD_src_port));
	assert_true(r->pair_id == opens(d, 0)->pair_id);
	desk_close(d);
}

static void
test_a_queried_domain_has_a_window_whatever_the_resolvers_zone(void **state)
{
	struct desk *d = desk_open();
	const struct observation *r;
	uint8_t q[2][300];
	uint32_t n = dns_message(q[0], "aaaaaaaaaaaaaaaaaaaaaaa.T.tunnel.example", NULL);
	uint32_t m = dns_message(q[1], "bbbbbbbbbbbbbbbbb.tunnel.example", NULL);
	struct stream s[] = {
		{ .at = 1, .until = 35, .every = 0.25, .src = INSIDE, .dst = RESOLVER,
		    .sport = 5000, .dport = 53, .len = n, .bytes = q[0] },
		{ .at = 1.1, .until = 35, .every = 0.25, .src = INSIDE, .dst = OUTSIDE,
		    .sport = 5001, .dport = 53, .len = m, .bytes = q[1] } };

	(void)state;
	play(d, s, 2);
	observer_advance(d->o, at(47));
	assert_int_equal(count_said(d, OBSERVATION_WINDOW, SCOPE_DOMAIN), 4);
	r = domains(d, 0);
	assert_true(r->outbound && r->window_start == at(1).ns && r->time == at(11).ns);
	assert_string_equal(d->name[r->dest_logical], "tunnel.example");
	assert_string_equal(d->name[r->dest_key], "tunnel.example");
	assert_string_equal(d->name[r->dest_name], "tunnel.example");
	assert_int_equal(r->dest_name_source, NAME_SOURCE_QUERY);
	assert_true(r->dest_settled && r->dns_queries == 80);
	assert_int_equal(r->dns_bytes, 40 * (n + m));
	assert_near(r->dns_mean, (n + m) / 2.0, 1);
	assert_int_equal(domains(d, 2)->dns_queries, 240);
	desk_close(d);
}

/* ---- names ---- */

static void
test_a_name_is_the_one_asked_for_before_the_flow(void **state)
{
	static const uint8_t at[] = { 203, 0, 113, 7 };
	struct desk *d = desk_open();
	const struct observation *r;
	uint8_t b[400];
	uint32_t n;

	(void)state;
	/* Nobody knows what was asked before a flow that began before we listened. */
	send_tcp(d, 1, INSIDE, 5000, OUTSIDE, 9000, TCP_ACK, 100, 1, "hello", 5);
	send_udp(d, 61, INSIDE, 5001, OUTSIDE, 9000, NULL, 50);
	n = dns_message(b, "www.sound.example", at);
	send_udp(d, 64, RESOLVER, 53, INSIDE, 5002, b, n);
	send_udp(d, 65, INSIDE, 5001, OUTSIDE, 9000, NULL, 50);
	send_udp(d, 66, INSIDE, 5003, OUTSIDE, 9000, NULL, 50);
	n = dns_message(b, "cdn.other.example", at);
	send_udp(d, 67, RESOLVER, 53, INSIDE, 5002, b, n);
	send_udp(d, 68, INSIDE, 5003, OUTSIDE, 9000, NULL, 50);
	observer_finish(d->o);

	for (unsigned i = 0; (r = closes(d, i)) != NULL; i++) {
		if (r->src_port == 5000)
			assert_false(observation_known(r, FIELD_dest_looked_up));
		if (r->src_port == 5001) {	/* answered too late for this flow */
			assert_true(observation_known(r, FIELD_dest_looked_up));
			assert_false(r->dest_looked_up);
			assert_false(observation_known(r, FIELD_dest_name));
		}
		if (r->src_port == 5003) {
			assert_true(r->dest_looked_up);
			assert_string_equal(d->name[r->dest_name], "www.sound.example");
		}
	}
	desk_close(d);
}

/* Outside of what was said to be home, and yet a neighbour: it says its name itself. A name
 * that another says for it is not believed, or the sender would say it. */
static void
test_a_neighbour_that_says_its_name_is_not_an_address_nobody_knows(void **state)
{
	static const uint8_t own[] = "\0\0\x84\0\0\0\0\1\0\0\0\0\3nas\5local\0\0\1\x80\1"
	    "\0\0\0\x78\0\4\xcb\0\x71\7";
	const uint8_t all[4] = { 224, 0, 0, 251 };
	struct addr group = addr_from_v4(all);
	struct desk *d = desk_open();
	const struct observation *r;

	(void)state;
	send_udp(d, 1, INSIDE, 5353, group, 5353, own, sizeof(own) - 1);
	send_udp(d, 4, INSIDE, 5001, OUTSIDE, 9000, NULL, 50);
	send_udp(d, 8, OUTSIDE, 5353, group, 5353, own, sizeof(own) - 1);
	send_udp(d, 9, INSIDE, 5002, OUTSIDE, 9000, NULL, 50);
	observer_finish(d->o);
	for (unsigned i = 0; (r = closes(d, i)) != NULL; i++) {
		if (r->src_port == 5001)
			assert_false(r->dest_looked_up);
		if (r->src_port != 5002)
			continue;
		assert_true(r->dest_looked_up);
		assert_string_equal(d->name[r->dest_name], "nas.local");
	}
	desk_close(d);
}

static void
test_an_answered_address_is_named_and_the_flows_own_name_is_better(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: web.plain.example\r\n\r\n";
	struct desk *d = desk_open();
	const struct observation *r;
	uint8_t b[400];
	uint32_t n;

	(void)state;
	send_udp(d, 0, INSIDE, 5000, OUTSIDE, 9000, NULL, 50);
	n = dns_message(b, "www.sound.example", (const uint8_t[]){ 203, 0, 113, 7 });
	send_udp(d, 1, RESOLVER, 53, INSIDE, 5001, b, n);
	send_udp(d, 2, INSIDE, 5002, OUTSIDE, 9000, NULL, 50);
	n = client_hello(b, "api.hidden.example");
	send_tcp(d, 3, INSIDE, 5003, OUTSIDE, 443, TCP_SYN, 99, 0, NULL, 0);
	send_tcp(d, 4, INSIDE, 5003, OUTSIDE, 443, TCP_ACK, 100, 1, b, n);
	send_tcp(d, 5, INSIDE, 5004, OUTSIDE, 80, TCP_SYN, 99, 0, NULL, 0);
	send_tcp(d, 6, INSIDE, 5004, OUTSIDE, 80, TCP_ACK, 100, 1, get, sizeof(get) - 1);
	observer_finish(d->o);

	r = opens(d, 0);
	assert_false(r->dest_looked_up || observation_known(r, FIELD_dest_name));
	assert_int_equal(r->dest_name_source, NAME_SOURCE_NONE);
	assert_string_equal(d->name[r->dest_key], "203.0.113.7");
	r = opens(d, 2);
	assert_true(r->dest_looked_up && r->src_port == 5002);
	assert_string_equal(d->name[r->dest_name], "www.sound.example");
	assert_string_equal(d->name[r->dest_key], "sound.example");
	assert_int_equal(r->dest_name_source, NAME_SOURCE_DNS);
	r = closes(d, 3);
	assert_int_equal(r->src_port, 5003);
	assert_string_equal(d->name[r->dest_name], "api.hidden.example");
	assert_string_equal(d->name[r->tls_sni], "api.hidden.example");
	assert_string_equal(d->name[r->dest_key], "hidden.example");
	assert_int_equal(r->dest_name_source, NAME_SOURCE_SNI);
	r = closes(d, 4);
	assert_string_equal(d->name[r->http_host], "web.plain.example");
	assert_string_equal(d->name[r->dest_name], "web.plain.example");
	assert_string_equal(d->name[r->http_method], "GET");
	assert_int_equal(r->dest_name_source, NAME_SOURCE_HTTP);
	desk_close(d);
}

static void
test_no_name_is_a_fact_after_twelve_packets(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	play_one(d, (struct stream){ .at = 0, .until = 10.5, .every = 1, .src = INSIDE,
	    .dst = OUTSIDE, .sport = 40000, .dport = 9000, .len = 300 });
	observer_advance(d->o, at(11));
	for (unsigned i = 0; pairs(d, i) != NULL; i++)
		assert_false(pairs(d, i)->dest_settled);
	send_udp(d, 11.5, INSIDE, 40000, OUTSIDE, 9000, NULL, 300);
	observer_advance(d->o, at(13));
	assert_true(pairs(d, count_said(d, OBSERVATION_WINDOW,
	    SCOPE_PAIR) - 1)->dest_settled);
	assert_false(opens(d, 0)->dest_settled);
	observer_finish(d->o);
	assert_true(closes(d, 0)->dest_settled);
	desk_close(d);
}

/* ---- what was not seen ---- */

static void
test_loss_is_told_and_marks_what_follows_for_ten_seconds(void **state)
{
	struct desk *d = desk_open();
	struct stream s = { .at = 0, .until = 40, .every = 1, .src = INSIDE,
		.dst = OUTSIDE, .dport = 9000, .len = 30 };

	(void)state;
	for (unsigned i = 0; i < 40; i++) {	/* a flow a second, for a record each */
		s.until = s.at + 0.5;
		s.sport++;
		play(d, &s, 1);
		if (i == 9)
			observer_loss(d->o, at(9), 0);
		if (i == 12)
			observer_loss(d->o, at(12), 17);
		if (i == 14)
			observer_loss(d->o, at(14), 17);
	}
	observer_finish(d->o);
	assert_int_equal(count_said(d, OBSERVATION_LOSS, 0), 1);
	assert_true(said(d, OBSERVATION_LOSS, 0, 0)->time == at(12).ns);
	assert_int_equal(said(d, OBSERVATION_LOSS, 0, 0)->loss_packets, 17);
	for (unsigned i = 0; i < 40; i++) {
		const struct observation *r = opens(d, i);

		assert_int_equal(observation_known(r, FIELD_loss_packets), i > 9);
		assert_int_equal(r->loss_packets, i > 12 ? 17 : 0);
		assert_int_equal((r->seen & SEEN_LOSS) != 0, i > 12 && i <= 22);
	}
	desk_close(d);
}

static void
test_a_cut_payload_is_said(void **state)
{
	struct desk *d = desk_open();
	struct crate c;
	struct packet *p = crate_udp(&c, START, INSIDE, 1, OUTSIDE, 2, 900);

	(void)state;
	p->payload = span_of(p->payload.at, 86);
	observer_packet(d->o, p);
	observer_finish(d->o);
	assert_true((closes(d, 0)->seen & SEEN_TRUNCATED) != 0);
	assert_int_equal(closes(d, 0)->upload, 900);
	assert_int_equal(closes(d, 0)->captured_up, 900);
	desk_close(d);
}

/* ---- the same for the same packets ---- */

/* Packet i of a little world: voice, uploads, names, questions, set-up, noise. */
static void
world(struct desk *d, unsigned i)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
	uint32_t a = dice(&seed), b = dice(&seed), c = dice(&seed);
	struct addr in = v4(10, 20, 0, (uint8_t)(a % 5 + 10));
	struct addr out = v4(203, 0, 113, (uint8_t)(b % 7));
	uint16_t port = (uint16_t)(30000 + a % 3 + b % 5);
	double s = i * 0.013;
	char name[32];
	uint8_t m[400];

	(void)snprintf(name, sizeof(name), "h%u.d%u.example", c % 9, b % 7);
	switch (i % 8) {
	case 0:
	case 1:
	case 2:
		send_udp(d, s, INSIDE, 40000, OUTSIDE, 5004, NULL, 100 + a % 9);
		break;
	case 3:
		send_tcp(d, s, in, port, out, 443, TCP_ACK, 100 + i * 700, 1, NULL, 700);
		break;
	case 4:
		send_tcp(d, s, out, 443, in, port, TCP_ACK, 1, 100 + i * 700, NULL,
		    c % 200);
		break;
	case 5:
		send_udp(d, s, in, port, RESOLVER, 53, m, dns_message(m, name, NULL));
		break;
	case 6:
		send_udp(d, s, RESOLVER, 53, in, port, m, dns_message(m, name,
		    (const uint8_t[]){ 203, 0, 113, (uint8_t)(b % 7) }));
		break;
	default:
		if (c % 3 == 0)
			send_tcp(d, s, in, (uint16_t)c, out, 443, TCP_ACK, 1, 1, m,
			    client_hello(m, name));
		else
			send_udp(d, s, in, (uint16_t)c, out, (uint16_t)b, NULL, c % 900);
		break;
	}
}

#define WORLD 6000

static void
same_records(const struct desk *a, const struct desk *b)
{
	assert_true(a->n > WORLD / 8 && a->n == b->n && a->steps == b->steps);
	for (size_t i = 0; i < a->n; i++)
		assert_memory_equal(&a->r[i], &b->r[i], sizeof(a->r[i]));
	assert_memory_equal(a->step, b->step, a->steps * sizeof(a->step[0]));
	assert_memory_equal(a->told, b->told, a->steps * sizeof(a->told[0]));
}

static void
test_another_hash_key_gives_the_same_bytes(void **state)
{
	static const struct siphash_key key[3] = { { 1, 2 }, { 3, 4 }, { ~0ULL, 0 } };
	/* Room for all, and so little that flows are evicted all the time. */
	static const size_t room[] = { 4096, 64 };

	(void)state;
	for (unsigned m = 0; m < 2; m++) {
		struct desk *d[3];
		struct observer_stats st;

		for (unsigned k = 0; k < 3; k++) {
			d[k] = desk_open_as(key[k], room[m]);
			for (unsigned i = 0; i < WORLD; i++)
				world(d[k], i);
			observer_finish(d[k]->o);
		}
		same_records(d[0], d[1]);
		same_records(d[0], d[2]);
		observer_get_stats(d[0]->o, &st);
		assert_int_equal(st.flow.evicted_half + st.flow.evicted_tiny > 100,
		    m == 1);
		for (unsigned k = 0; k < 3; k++)
			desk_close(d[k]);
	}
}

static void
test_two_observers_do_not_disturb_each_other(void **state)
{
	struct desk *alone = desk_open(), *a = desk_open(), *b = desk_open();

	(void)state;
	for (unsigned i = 0; i < WORLD; i++)
		world(alone, i);
	observer_finish(alone->o);
	for (unsigned i = 0; i < WORLD + 1000; i++) {
		if (i < WORLD)
			world(a, i);
		if (i >= 1000)
			world(b, i - 1000);
		if (i == WORLD)
			observer_finish(a->o);
	}
	observer_finish(b->o);
	same_records(alone, a);
	same_records(alone, b);
	desk_close(alone);
	desk_close(a);
	desk_close(b);
}

/* ---- limits of memory ---- */

static void
test_a_scan_evicts_the_small_and_keeps_the_upload(void **state)
{
	struct desk *d = desk_open_as(desk_hash, 16);
	struct stream up = { .at = 0, .until = 60, .every = 0.1, .src = INSIDE,
		.dst = OUTSIDE, .sport = 40000, .dport = 443, .len = 1000, .tcp = true };
	struct observer_stats st;
	unsigned mine = 0;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		double s = i * 0.02;

		if (up.at <= s) {
			up.until = up.at + 0.05;
			play(d, &up, 1);
		}
		send_udp(d, s, OTHER, (uint16_t)(1024 + i), v4(198, 51,
		    (uint8_t)(i / 250), (uint8_t)(i % 250 + 1)), 9, NULL, 10);
	}
	observer_get_stats(d->o, &st);
	assert_true(st.flow.flows_now <= 16);
	assert_int_equal(st.flow.evicted_half, 3001 - st.flow.flows_now);
	assert_int_equal(st.flow.evicted_uploading, 0);
	assert_int_equal(st.flow.no_room, 0);
	observer_finish(d->o);
	assert_int_equal(count_said(d, OBSERVATION_OPEN, 0), 3001);
	assert_int_equal(count_said(d, OBSERVATION_CLOSE, 0), 3001);
	for (unsigned i = 0; i < 3001; i++) {
		const struct observation *r = closes(d, i);

		if (r->transport != TRANSPORT_TCP)
			continue;
		mine++;
		assert_int_equal(r->upload, 600 * 1000);
		assert_int_equal(r->flow_end, FLOW_END_INPUT);
	}
	assert_int_equal(mine, 1);
	assert_true(count_said(d, OBSERVATION_WINDOW, SCOPE_SOCKET) >= 5);
	desk_close(d);
}

static void
test_more_records_than_a_step_holds_are_all_told(void **state)
{
	struct desk *d = desk_open_as(desk_hash, 16);

	(void)state;
	for (unsigned i = 0; i < 6000; i++)
		send_udp(d, i * 1e-5, OTHER, (uint16_t)(1024 + i), OUTSIDE, 9, NULL, 10);
	observer_finish(d->o);
	assert_int_equal(count_said(d, OBSERVATION_OPEN, 0), 6000);
	assert_int_equal(count_said(d, OBSERVATION_CLOSE, 0), 6000);
	desk_close(d);
}

static void
test_an_observer_that_saw_nothing_says_nothing(void **state)
{
	struct desk *d = desk_open();

	(void)state;
	observer_advance(d->o, at(100));
	observer_finish(d->o);
	assert_int_equal(d->n, 0);
	assert_int_equal(d->steps, 0);
	desk_close(d);
	observer_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_flow_opens_goes_on_in_parts_and_closes_when_it_is_silent),
		cmocka_unit_test(
		    test_a_part_comes_after_256_kib_and_counts_no_byte_twice),
		cmocka_unit_test(test_parts_of_a_fast_flow_are_a_second_apart),
		cmocka_unit_test(test_inside_to_inside_is_no_upload),
		cmocka_unit_test(test_up_is_up_whoever_opened_the_flow),
		cmocka_unit_test(test_steps_are_whole_seconds_from_the_first_packet),
		cmocka_unit_test(test_silence_closes_windows_bursts_and_flows),
		cmocka_unit_test(
		    test_a_year_of_silence_costs_little_and_closes_everything),
		cmocka_unit_test(test_time_that_goes_back_is_taken_as_now),
		cmocka_unit_test(test_a_socket_has_a_window_every_ten_seconds),
		cmocka_unit_test(
		    test_each_kind_of_window_has_its_own_fields_and_no_others),
		cmocka_unit_test(test_a_pair_has_a_window_for_each_burst),
		cmocka_unit_test(
		    test_a_queried_domain_has_a_window_whatever_the_resolvers_zone),
		cmocka_unit_test(
		    test_a_neighbour_that_says_its_name_is_not_an_address_nobody_knows),
		cmocka_unit_test(
		    test_an_answered_address_is_named_and_the_flows_own_name_is_better),
		cmocka_unit_test(test_a_name_is_the_one_asked_for_before_the_flow),
		cmocka_unit_test(test_no_name_is_a_fact_after_twelve_packets),
		cmocka_unit_test(
		    test_loss_is_told_and_marks_what_follows_for_ten_seconds),
		cmocka_unit_test(test_a_cut_payload_is_said),
		cmocka_unit_test(test_another_hash_key_gives_the_same_bytes),
		cmocka_unit_test(test_two_observers_do_not_disturb_each_other),
		cmocka_unit_test(test_a_scan_evicts_the_small_and_keeps_the_upload),
		cmocka_unit_test(test_more_records_than_a_step_holds_are_all_told),
		cmocka_unit_test(test_an_observer_that_saw_nothing_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
