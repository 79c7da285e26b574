/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tunnels known by the form of what goes through them: IKE and ESP in UDP. What was
 * captured and how long it was are two numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/classify/talk.h"

#define PORT_ANY 33001
#define PORT_NAT 4500		/* RFC 3948 */
#define IKE_HEADER 28

static void
put32(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * (3 - i));
}

/* The header of a message of `length` bytes, `mark` zeros before it. */
static size_t
ike(uint8_t *out, size_t mark, uint8_t version, uint8_t exchange, uint32_t length)
{
	memset(out, 0, mark + IKE_HEADER);
	memset(out + mark, 0xa5, 8);
	out[mark + 16] = 33;
	out[mark + 17] = version;
	out[mark + 18] = exchange;
	out[mark + 19] = 8;
	put32(out + mark + 24, length);
	return mark + IKE_HEADER;
}

static void
esp(uint8_t *out, uint32_t spi, uint32_t number)
{
	put32(out, spi);
	put32(out + 4, number);
}

/* Is one datagram, captured so far, called IPsec? */
static bool
called(struct content *c, uint16_t port, const void *bytes, size_t cap, size_t n)
{
	struct talk t;
	bool yes;

	talk_start(&t, c, IPPROTO_IS_UDP, port);
	yes = (talk_at(&t, UP, 0, bytes, cap, n) & NEWS_TUNNEL) != 0;
	if (yes)
		assert_int_equal(t.news.tunnel, TUNNEL_IPSEC);
	talk_end(&t);
	return yes;
}

static void
test_ike_is_known_on_any_port_by_its_header(void **state)
{
	uint8_t m[64];
	size_t n = ike(m, 0, 0x20, 34, 432);

	assert_true(called(*state, PORT_ANY, m, n, 432));
	n = ike(m, 0, 0x10, 2, 432);
	assert_true(called(*state, PORT_ANY, m, n, 432));
	n = ike(m, 4, 0x20, 35, 432);
	assert_true(called(*state, PORT_NAT, m, n, 436));
}

static void
test_ike_needs_all_of_its_header_and_its_own_length(void **state)
{
	uint8_t m[64];
	size_t n = ike(m, 0, 0x20, 34, 432);

	for (size_t cap = 0; cap < n; cap++)
		assert_false(called(*state, PORT_ANY, m, cap, 432));
	assert_false(called(*state, PORT_ANY, m, n, 431));
	assert_false(called(*state, PORT_ANY, m, n, 436));
	n = ike(m, 4, 0x20, 34, 432);
	assert_false(called(*state, PORT_NAT, m, n, 432));
	/* no version, no exchange of that version, nobody's id */
	n = ike(m, 0, 0x30, 34, 432);
	assert_false(called(*state, PORT_ANY, m, n, 432));
	n = ike(m, 0, 0x20, 2, 432);
	assert_false(called(*state, PORT_ANY, m, n, 432));
	n = ike(m, 0, 0x10, 34, 432);
	assert_false(called(*state, PORT_ANY, m, n, 432));
	n = ike(m, 0, 0x20, 34, 432);
	memset(m, 0, 8);
	assert_false(called(*state, PORT_ANY, m, n, 432));
}

/* Which of the datagrams is the first after which the flow is called IPsec; 0: none. Each
 * is `wire` long, of which `cap` were captured. */
static unsigned
named_at(struct content *c, uint16_t port, uint32_t spi, const uint32_t *number,
    unsigned n, size_t cap, size_t wire)
{
	unsigned found = 0;
	struct talk t;

	talk_start(&t, c, IPPROTO_IS_UDP, port);
	for (unsigned i = 0; i < n; i++) {
		uint8_t m[64];

		memset(m, 0xc3, sizeof(m));
		esp(m, spi, number[i]);
		if (talk_at(&t, UP, 0, m, cap, wire) & NEWS_TUNNEL) {
			assert_int_equal(found, 0);	/* once */
			assert_int_equal(t.news.tunnel, TUNNEL_IPSEC);
			found = i + 1;
		}
	}
	talk_end(&t);
	return found;
}

static void
test_esp_is_known_by_three_numbers_that_rise(void **state)
{
	static const uint32_t rise[] = { 7, 8, 10, 11, 12 },
	    jump[] = { 7, 8, 90, 200, 300 }, same[] = { 7, 7, 7, 7, 7 }, fall[] = { 9, 8, 7, 6, 5 };

	assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, rise, 5, 64, 136), 3);
	assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, jump, 5, 64, 136), 0);
	assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, same, 5, 64, 136), 0);
	assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, fall, 5, 64, 136), 0);
	/* reserved ids (RFC 4303, 2.1); lengths that no padding makes; a keep-alive's */
	assert_int_equal(named_at(*state, PORT_NAT, 255, rise, 5, 64, 136), 0);
	assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, rise, 5, 64, 137), 0);
	assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, rise, 5, 28, 28), 0);
	/* the form alone is too little elsewhere */
	assert_int_equal(named_at(*state, PORT_ANY, 0xc0ffee01, rise, 5, 64, 136), 0);
}

static void
test_esp_needs_its_two_numbers_and_no_more(void **state)
{
	static const uint32_t rise[] = { 1, 2, 3 };

	for (size_t cap = 0; cap < 8; cap++)
		assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, rise, 3, cap,
		    136), 0);
	assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, rise, 3, 8, 136), 3);
	assert_int_equal(named_at(*state, PORT_NAT, 0xc0ffee01, rise, 3, 8, 1400), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ike_is_known_on_any_port_by_its_header),
		cmocka_unit_test(test_ike_needs_all_of_its_header_and_its_own_length),
		cmocka_unit_test(test_esp_is_known_by_three_numbers_that_rise),
		cmocka_unit_test(test_esp_needs_its_two_numbers_and_no_more),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
