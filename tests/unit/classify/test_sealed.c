/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tunnels known by the lengths of what cannot be read. The lengths are those of a Tor 0.4.9
 * and a Shadowsocks 3.3 that were run for it, and of public captures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "tests/unit/classify/talk.h"

#define END 0
#define MOST 20000

static uint64_t seed;

static uint32_t
draw(void)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(seed >> 33);
}

static unsigned
between(unsigned low, unsigned high)
{
	return low + draw() % (high - low + 1);
}

/* About log-normal: the sum of twelve dice for the exponent. */
static unsigned
sized(double median, double sigma, unsigned most)
{
	double z = -6, n;

	for (int i = 0; i < 12; i++)
		z += draw() % 65536 / 65536.0;
	n = median * exp(sigma * z);
	return n > most ? most : (unsigned)n;
}

/* A record in pieces of at most `piece` bytes, each captured up to `snap`. */
static void
said(struct talk *t, enum flow_dir dir, uint8_t type, unsigned len, unsigned piece,
    unsigned snap)
{
	static uint8_t b[5 + MOST];
	unsigned n = 5 + len;

	b[0] = type;
	b[1] = 3;
	b[2] = 3;
	b[3] = (uint8_t)(len >> 8);
	b[4] = (uint8_t)len;
	for (unsigned i = 5; i < n; i++)
		b[i] = (uint8_t)draw();
	for (unsigned at = 0; at < n; at += piece) {
		unsigned now = n - at < piece ? n - at : piece;

		talk_at(t, dir, t->offset[dir], b + at, now < snap ? now : snap, now);
		t->offset[dir] += now;
	}
}

static void
rec(struct talk *t, enum flow_dir dir, unsigned len)
{
	said(t, dir, 23, len, 1448, MOST);
}

/* A hello with or without a name, offering HTTP/2 or not; the rest of a handshake. */
static void
opened(struct talk *t, bool named, bool h2, bool thirteen)
{
	static const uint8_t name[] = { 0, 0, 0, 10, 0, 8, 0, 0, 5, 'a', '.', 'c', 'o', 'm' },
	    alpn[] = { 0, 16, 0, 5, 0, 3, 2, 'h', '2' };
	uint8_t b[128] = { 22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3 };
	size_t n = 43;

	b[n++] = 0;			/* session */
	n += 4;				/* one cipher */
	b[n - 3] = 2;
	b[n++] = 1;			/* one compression */
	b[n++] = 0;
	n += 2;
	if (named) {
		memcpy(b + n, name, sizeof(name));
		n += sizeof(name);
	}
	if (h2) {
		memcpy(b + n, alpn, sizeof(alpn));
		n += sizeof(alpn);
	}
	b[51] = (uint8_t)(n - 52);
	b[4] = (uint8_t)(n - 5);
	b[8] = (uint8_t)(n - 9);
	talk_bytes(t, UP, b, n);
	said(t, DOWN, 22, 122, 1448, MOST);
	said(t, DOWN, 20, 1, 1448, MOST);
	rec(t, DOWN, 2200);
	said(t, UP, 20, 1, 1448, MOST);
	if (thirteen)
		rec(t, UP, 53);
}

static void
start(struct talk *t, struct content *c, bool named, bool h2)
{
	talk_start(t, c, IPPROTO_IS_TCP, 8443);
	opened(t, named, h2, true);
}

/* Records up (positive) and down until END; what the flow was called, if anything. */
static enum tunnel_word
called(struct content *c, bool named, bool h2, const int *len)
{
	enum tunnel_word w = TUNNEL_NONE;
	struct talk t;

	start(&t, c, named, h2);
	for (; *len != END && w == TUNNEL_NONE; len++) {
		rec(&t, *len > 0 ? UP : DOWN, (unsigned)abs(*len));
		if (t.all & NEWS_TUNNEL)
			w = t.news.tunnel;
	}
	talk_end(&t);
	return w;
}

static void
test_tor_is_known_by_its_cells(void **state)
{
	static const int now[] = { -74, 28, -74, -2051, 1045, -531, 1045, -531, -2587, 1045,
		-3101, 1045, -531, -2073, 531, -531, 531, -531, 531, -531, END },
	    old[] = { 32, 32, -32, -1520, 32, 544, 32, 544, -32, -544, 32, 544, -544, 544,
		-544, 544, -544, 544, -544, END },
	    bulk[] = { 28, -74, -2051, 531, -531, 531, -531, 531, -4065, -4065, -273, -4065,
		-4065, -4065, -595, 531, -531, 531, -531, 1045, -531, 531, -1559, 531, -531,
		531, -531, END },
	    full[] = { 538, -538, 538, -538, 538, -538, 538, -538, 538, END };

	assert_int_equal(called(*state, true, false, now), TUNNEL_TOR);
	assert_int_equal(called(*state, true, false, old), TUNNEL_TOR);
	assert_int_equal(called(*state, true, false, bulk), TUNNEL_TOR);
	assert_int_equal(called(*state, false, false, full), TUNNEL_TOR);
}

static void
test_cells_go_both_ways_and_are_all_there_is(void **state)
{
	static const int up[] = { 531, -90, 531, -90, 531, -90, 531, -90, 531, -90, 531, -90,
		531, -90, 531, -90, 531, -90, 531, END },
	    other[] = { 540, -531, 531, -540, 531, -531, 540, -531, 531, -540, 540, -540, 531,
		-531, 540, -540, 531, -531, 540, -540, END },
	    small[] = { 500, -500, 500, -500, 500, -500, 500, -500, 500, -500, 500, END };

	assert_int_equal(called(*state, true, true, up), TUNNEL_NONE);
	assert_int_equal(called(*state, true, true, other), TUNNEL_NONE);
	assert_int_equal(called(*state, true, true, small), TUNNEL_NONE);
}

static void
test_a_handshake_inside_tls_is_a_proxy(void **state)
{
	static const int opera[] = { 1412, -34, -36, -19, 534, -1041, -1041, -205, 81, END },
	    h2[] = { 87, 144, -53, 543, -1317, -1317, 90, END },
	    twelve[] = { 200, -39, 541, -3000, 150, END };
	struct talk t;

	assert_int_equal(called(*state, true, true, opera), TUNNEL_PROXY);
	assert_int_equal(called(*state, true, true, h2), TUNNEL_PROXY);
	/* what TLS 1.2 adds is not what TLS 1.3 does */
	assert_int_equal(called(*state, true, false, twelve), TUNNEL_NONE);
	talk_start(&t, *state, IPPROTO_IS_TCP, 8443);
	opened(&t, true, false, false);
	for (const int *n = twelve; *n != END; n++)
		rec(&t, *n > 0 ? UP : DOWN, (unsigned)abs(*n));
	assert_true(t.all & NEWS_TUNNEL);
	assert_int_equal(t.news.tunnel, TUNNEL_PROXY);
	talk_end(&t);
}

static void
test_each_part_of_a_handshake_inside_is_asked(void **state)
{
	static const int hello[] = { 535, -1041, -1041, 81, END },
	    answer[] = { 534, -60, 81, END }, none[] = { 534, 81, END },
	    end[] = { 534, -1041, -1041, 82, END }, adds[] = { 541, -1041, -1041, 81, END },
	    late[] = { 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 534,
		-2000, 81, END };

	assert_int_equal(called(*state, true, true, hello), TUNNEL_NONE);
	assert_int_equal(called(*state, true, true, answer), TUNNEL_NONE);
	assert_int_equal(called(*state, true, true, none), TUNNEL_NONE);
	assert_int_equal(called(*state, true, true, end), TUNNEL_NONE);
	assert_int_equal(called(*state, true, true, adds), TUNNEL_NONE);
	assert_int_equal(called(*state, true, true, late), TUNNEL_NONE);
}

static const int doh[] = { 81, 91, 63, -66, 26, -326, -26, 36, 58, -158, -26, 36, 73, -150,
	-26, 36, 86, -246, -26, 33, 86, -219, -26, 36, 60, -239, -26, 33, 60, -167, END };

static void
test_short_questions_to_a_host_without_a_name_are_dns(void **state)
{
	static const int two[] = { 81, 119, -66, 26, -266, -26, 99, -214, -26, 157, -299, -26,
		103, -203, -26, 93, END };

	assert_int_equal(called(*state, false, true, doh), TUNNEL_DOH);
	assert_int_equal(called(*state, false, true, two), TUNNEL_DOH);
	/* a name, or no HTTP/2 */
	assert_int_equal(called(*state, true, true, doh), TUNNEL_NONE);
	assert_int_equal(called(*state, false, false, doh), TUNNEL_NONE);
}

static void
test_anything_long_is_not_dns(void **state)
{
	static const int page[] = { 81, 91, -66, 36, -326, 36, -1317, 58, -158, 36, -150, 86,
		-246, 86, -219, 60, -239, 33, -167, END },
	    push[] = { 81, 91, -66, 136, -58, 136, -50, 186, -46, 186, -119, 160, -39, 133,
		-67, 133, END }, post[] = { 81, 91, -166, 340, -366, 36, -158, 73, -150, 86,
		-246, 86, -219, 60, -239, 33, -167, 3, END };

	assert_int_equal(called(*state, false, true, page), TUNNEL_NONE);
	assert_int_equal(called(*state, false, true, push), TUNNEL_NONE);
	assert_int_equal(called(*state, false, true, post), TUNNEL_NONE);
}

static void
test_records_are_followed_through_any_segments_and_cuts(void **state)
{
	static const unsigned pieces[] = { 1, 2, 3, 4, 5, 6, 7, 64, 535, 536, 537, 1448 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct talk t;

		start(&t, *state, true, false);
		for (int k = 0; k < 6; k++) {
			said(&t, UP, 23, 531, pieces[i], MOST);
			said(&t, DOWN, 23, 1045, pieces[i], 64);
		}
		assert_true(t.all & NEWS_TUNNEL);
		talk_end(&t);
	}
}

/* Every third segment is lost: a record that begins a segment is found again. */
static void
test_records_are_found_again_after_a_loss(void **state)
{
	struct talk t;

	start(&t, *state, true, false);
	for (int k = 0; k < 30; k++) {
		if (k % 3 == 0)
			t.offset[UP] += 536;
		rec(&t, UP, 531);
		rec(&t, DOWN, 531);
		if (k % 3 == 1)
			t.offset[DOWN] += 1050;
	}
	assert_true(t.all & NEWS_TUNNEL);
	assert_int_equal(t.all & NEWS_CONTENT, 0);
	talk_end(&t);
}

/* ---- without TLS ---- */

static void
noise(struct talk *t, enum flow_dir dir, size_t n, bool even)
{
	static uint8_t b[MOST];

	for (size_t i = 0; i < n; i++)
		b[i] = even ? (uint8_t)draw() : (uint8_t)(draw() % 8 == 0 ? 0 : draw());
	talk_bytes(t, dir, b, n);
}

static bool
proxied(struct content *c, size_t up, bool up_even, size_t down, bool down_even, size_t end)
{
	struct talk t;
	bool yes;

	talk_start(&t, c, IPPROTO_IS_TCP, 8388);
	noise(&t, UP, up, up_even);
	noise(&t, DOWN, down, down_even);
	noise(&t, UP, end, true);
	yes = (t.all & NEWS_TUNNEL) != 0;
	if (yes)
		assert_int_equal(t.news.tunnel, TUNNEL_PROXY);
	talk_end(&t);
	return yes;
}

static void
test_a_handshake_inside_of_what_looks_like_chance_is_a_proxy(void **state)
{
	unsigned found = 0;

	for (int i = 0; i < 200; i++)
		found += proxied(*state, 624, true, 1415, true, 114);
	assert_true(found >= 199);
	assert_true(proxied(*state, 636, true, 1274, true, 98));
	assert_true(proxied(*state, 560, true, 200, true, 98));
	/* no chance in it, neither way; no hello, no answer, no end */
	assert_false(proxied(*state, 624, false, 1415, true, 114));
	assert_false(proxied(*state, 624, true, 1415, false, 114));
	assert_false(proxied(*state, 500, true, 1415, true, 114));
	assert_false(proxied(*state, 624, true, 100, true, 114));
	assert_false(proxied(*state, 624, true, 1415, true, 115));
}

/* ---- what is no tunnel ---- */

/* Pages over HTTP/2: a first request with all of its headers, then what is left of them. */
static void
page(int *len)
{
	unsigned asks = between(1, 12), n = 0;

	for (unsigned i = 0; i < asks && n < 100; i++) {
		unsigned answer = sized(5000, 1.5, 200000);

		len[n++] = 26 + (int)sized(i == 0 ? 450 : 110, 0.5, 4000);
		for (; answer > 1400 && n < 110; answer -= 1400)
			len[n++] = -1417;
		len[n++] = -(int)(answer % 1400) - 26;
	}
	len[n] = END;
}

/* Calls of an interface: one length of question each, answers about alike. */
static void
calls(int *len)
{
	int ask = (int)sized(300, 0.8, 4000) + 17, n = 0;

	for (unsigned i = between(1, 30); i > 0; i--) {
		len[n++] = ask + (int)between(0, 3);
		len[n++] = -(int)sized(400, 0.8, 9000) - 17;
	}
	len[n] = END;
}

/* Ten thousand connections of each. Of 300,000 of each 49 were: proxies, all of
 * them pages. */
static void
test_pages_and_calls_are_hardly_ever_tunnels(void **state)
{
	unsigned named = 0;
	int len[128];

	seed = 11;
	for (int i = 0; i < 10000; i++) {
		page(len);
		named += called(*state, true, true, len) != TUNNEL_NONE;
		calls(len);
		named += called(*state, true, true, len) != TUNNEL_NONE;
	}
	assert_true(named <= 3);
}

/* What cannot be a header is passed over whole, also where it ends its segment. */
static void
test_a_refused_byte_at_the_end_costs_no_record(void **state)
{
	struct talk t;

	start(&t, *state, true, false);
	talk_bytes(&t, UP, "\x17\x55", 2);
	for (int i = 0; i < 4; i++) {
		rec(&t, UP, 531);
		rec(&t, DOWN, 531);
	}
	assert_int_equal(t.all & NEWS_TUNNEL, NEWS_TUNNEL);
	talk_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tor_is_known_by_its_cells),
		cmocka_unit_test(test_cells_go_both_ways_and_are_all_there_is),
		cmocka_unit_test(test_a_handshake_inside_tls_is_a_proxy),
		cmocka_unit_test(test_each_part_of_a_handshake_inside_is_asked),
		cmocka_unit_test(test_short_questions_to_a_host_without_a_name_are_dns),
		cmocka_unit_test(test_anything_long_is_not_dns),
		cmocka_unit_test(test_records_are_followed_through_any_segments_and_cuts),
		cmocka_unit_test(test_records_are_found_again_after_a_loss),
		cmocka_unit_test(test_a_refused_byte_at_the_end_costs_no_record),
		cmocka_unit_test(test_a_handshake_inside_of_what_looks_like_chance_is_a_proxy),
		cmocka_unit_test(test_pages_and_calls_are_hardly_ever_tunnels),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
