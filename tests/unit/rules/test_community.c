/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public baseline cases of the Community ID specification (version 1, seed 0). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/event/event.h"
#include "rules/event/sha1.h"

#include <string.h>

static const struct {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t proto;
	const char *id;
} baseline[] = {
	{ "128.232.110.120", "66.35.250.204", 34855, 80, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
	{ "66.35.250.204", "128.232.110.120", 80, 34855, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
	{ "10.0.0.1", "10.0.0.2", 10, 11569, 6, "1:SXBGMX1lBOwhhoDrZynfROxnhnM=" },
	{ "192.168.1.52", "8.8.8.8", 54585, 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
	{ "8.8.8.8", "192.168.1.52", 53, 54585, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
	{ "192.168.170.8", "192.168.170.56", 7, 80, 132, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=" },
	{ "192.168.170.56", "192.168.170.8", 80, 7, 132, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=" },
	{ "192.168.0.89", "192.168.0.1", 8, 0, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
	{ "192.168.0.1", "192.168.0.89", 0, 8, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
	{ "192.168.0.1", "192.168.0.89", 0, 20, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
	{ "192.168.0.89", "192.168.0.1", 20, 0, 1, "1:3o2RFccXzUgjl7zDpqmY7yJi8rI=" },
	{ "192.168.0.89", "192.168.0.1", 20, 1, 1, "1:tz/fHIDUHs19NkixVVoOZywde+I=" },
	{ "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0, 58,
	    "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
	{ "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0, 58,
	    "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
	{ "3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0, 58,
	    "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w=" },
	{ "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:507:0:1:260:97ff:fe07:69ea", 3, 0, 58,
	    "1:/OGBt9BN1ofenrmSPWYicpij2Vc=" },
	{ "10.1.24.4", "10.1.12.1", 0, 0, 46, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4=" },
	{ "10.1.12.1", "10.1.24.4", 0, 0, 46, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4=" },
};

static void
test_the_public_baseline_is_met(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(baseline) / sizeof(baseline[0]); i++) {
		struct addr src, dst;
		char id[40];

		assert_true(addr_parse(baseline[i].src, strlen(baseline[i].src), &src));
		assert_true(addr_parse(baseline[i].dst, strlen(baseline[i].dst), &dst));
		community_id(&src, &dst, baseline[i].sport, baseline[i].dport,
		    baseline[i].proto, id);
		assert_string_equal(id, baseline[i].id);
	}
}

/* RFC 3174, 7.3, and the lengths around a block. */
static void
test_sha1_meets_its_standard(void **state)
{
	static const uint8_t abc[20] = { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a,
		0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d };
	static const uint8_t two[20] = { 0x84, 0x98, 0x3e, 0x44, 0x1c, 0x3b, 0xd2, 0x6e,
		0xba, 0xae, 0x4a, 0xa1, 0xf9, 0x51, 0x29, 0xe5, 0xe5, 0x46, 0x70, 0xf1 };
	static const uint8_t ten[20] = { 0xde, 0xa3, 0x56, 0xa2, 0xcd, 0xdd, 0x90, 0xc7,
		0xa7, 0xec, 0xed, 0xc5, 0xeb, 0xb5, 0x63, 0x93, 0x4f, 0x46, 0x04, 0x52 };
	uint8_t digest[20];
	char text[641];

	(void)state;
	sha1("abc", 3, digest);
	assert_memory_equal(digest, abc, 20);
	sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, digest);
	assert_memory_equal(digest, two, 20);
	for (int i = 0; i < 640; i++)
		text[i] = "01234567"[i % 8];
	sha1(text, 640, digest);
	assert_memory_equal(digest, ten, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_public_baseline_is_met),
		cmocka_unit_test(test_sha1_meets_its_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
