/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A database of places, its limits, and what a damaged one does. A server's certificate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "classify/content/parse.h"
#include "classify/endpoint/places.h"

/* One node of IPv4, records of 24 bits: what begins with 0 is not there, with 1 is at the
 * map behind the separator. */
static const uint8_t small[] = "\x00\x00\x01" "\x00\x00\x11"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\xe2" "\x58" "autonomous_system_number" "\xc2\xfb\xf4"
    "\x47" "country" "\xe1" "\x48" "iso_code" "\x42" "XA"
    "\xab\xcd\xefMaxMind.com" "\xe3" "\x4a" "node_count" "\xc1\x01"
    "\x4b" "record_size" "\xa1\x18" "\x4a" "ip_version" "\xa1\x04";

static struct addr
ip(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static void
test_a_place_is_found_by_the_bits_of_its_address(void **state)
{
	struct addr in = ip("203.0.113.7"), out = ip("10.0.0.1"), six = ip("2001:db8::1");
	struct place_file f;
	struct location p = { 0 };
	struct fault why;
	uint8_t b[sizeof(small) - 1];

	(void)state;
	/* text of 24 bytes takes its length in the head: 0x40 | 24 */
	memcpy(b, small, sizeof(b));
	assert_true(place_file_open(&f, span_of(b, sizeof(b)), &why));
	assert_int_equal(f.nodes, 1);
	assert_true(place_find(&f, &in, &p));
	assert_int_equal(p.asn, 64500);
	assert_int_equal(p.as_org.left, 0);
	assert_int_equal(p.country.left, 2);
	assert_memory_equal(p.country.at, "XA", 2);
	memset(&p, 0, sizeof(p));
	assert_false(place_find(&f, &out, &p));
	assert_false(place_find(&f, &six, &p));
	assert_int_equal(p.asn, 0);
}

static void
test_a_damaged_database_says_nothing_or_is_refused(void **state)
{
	struct addr in = ip("203.0.113.7");
	struct place_file f;
	struct location p;
	struct fault why;
	unsigned opened = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(small) - 1; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t *b = malloc(sizeof(small) - 1);

			assert_non_null(b);
			memcpy(b, small, sizeof(small) - 1);
			b[i] ^= (uint8_t)(1U << bit);
			memset(&p, 0, sizeof(p));
			if (place_file_open(&f, span_of(b, sizeof(small) - 1), &why)) {
				opened++;
				(void)place_find(&f, &in, &p);
			} else {
				assert_true(why.what[0] != '\0' && why.remedy[0] != '\0');
			}
			free(b);
		}
	}
	assert_true(opened > 100);
	for (size_t n = 0; n < sizeof(small) - 1; n++)
		assert_false(place_file_open(&f, span_of(small + sizeof(small) - 1 - n, n),
		    &why) && f.tree.left < 6);
	assert_false(place_file_open(&f, span_of("", 0), &why));
}

/* ---- certificates ---- */

static size_t
der(uint8_t *out, uint8_t tag, const void *body, size_t n)
{
	memmove(out + 4, body, n);
	out[0] = tag;
	out[1] = 0x82;
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
	return n + 4;
}

/* A server's hello and a certificate for two names, and for a third as common name. */
static size_t
server(uint8_t out[1024], bool names)
{
	static const uint8_t plain[] = "\xa0\x03\x02\x01\x02" "\x02\x01\x07" "\x30\x00" "\x30\x00"
	    "\x30\x00";
	uint8_t b[512], t[512], ext[256];
	size_t n = 0, k;

	memcpy(t, plain, sizeof(plain) - 1);
	n = sizeof(plain) - 1;
	memcpy(b, "\x55\x04\x03", 3);
	k = der(ext, 6, b, 3);
	k += der(ext + k, 12, "third.example", 13);
	k = der(b, 0x30, ext, k);
	k = der(ext, 0x31, b, k);
	n += der(t + n, 0x30, ext, k);
	memcpy(t + n, "\x30\x00", 2);
	n += 2;
	if (names) {
		k = der(b, 0x82, "one.example", 11);
		k += der(b + k, 0x87, "\1\2\3\4", 4);
		k += der(b + k, 0x82, "*.two.example", 13);
		k = der(ext, 0x30, b, k);
		k = der(b, 4, ext, k);
		memmove(b + 10, b, k);
		memcpy(b, "\x06\x03\x55\x1d\x11\x01\x01\xff", 8);
		memmove(b + 8, b + 10, k);
		k = der(ext, 0x30, b, k + 8);
		k = der(b, 0x30, ext, k);
		n += der(t + n, 0xa3, b, k);
	}
	n = der(b, 0x30, t, n);
	n = der(t, 0x30, b, n);
	memcpy(out, "\x16\x03\x03\0\0\x02\0\0\x02\3\3\x0b", 12);
	out[12] = 0;
	out[13] = (uint8_t)((n + 6) >> 8);
	out[14] = (uint8_t)(n + 6);
	memcpy(out + 15, (uint8_t[]){ 0, (uint8_t)((n + 3) >> 8), (uint8_t)(n + 3), 0,
	    (uint8_t)(n >> 8), (uint8_t)n }, 6);
	memcpy(out + 21, t, n);
	n += 21;
	out[3] = (uint8_t)((n - 5) >> 8);
	out[4] = (uint8_t)(n - 5);
	return n;
}

static void
test_a_certificate_says_its_names(void **state)
{
	static uint8_t scratch[HEAD_BYTES];
	struct tls_names c;
	uint8_t b[1024];
	size_t n = server(b, true);
	unsigned most = 0;

	(void)state;
	assert_int_equal(tls_certificate(span_of(b, n), false, scratch, &c), PARSE_DONE);
	assert_int_equal(c.n, 2);
	assert_true(c.whole);
	assert_memory_equal(c.name[0].at, "one.example", 11);
	assert_int_equal(c.name[1].left, 13);
	/* cut anywhere: the names before the cut, and never "these are all" */
	for (size_t i = 0; i < n; i++) {
		assert_int_not_equal(tls_certificate(span_of(b, i), false, scratch, &c),
		    PARSE_DONE);
		(void)tls_certificate(span_of(b, i), true, scratch, &c);
		assert_false(c.whole);
		most = c.n > most ? c.n : most;
	}
	assert_in_range(most, 1, 2);
	n = server(b, false);
	assert_int_equal(tls_certificate(span_of(b, n), false, scratch, &c), PARSE_DONE);
	assert_int_equal(c.n, 1);
	assert_memory_equal(c.name[0].at, "third.example", 13);
	/* TLS 1.3: behind the hello comes another kind of record */
	memcpy(b, "\x16\x03\x03\0\6\x02\0\0\x02\3\3\x14\3\3\0\1\1", 17);
	assert_int_equal(tls_certificate(span_of(b, 17), false, scratch, &c), PARSE_NOT);
	assert_int_equal(tls_certificate(span_of(b, 11), false, scratch, &c), PARSE_MORE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_place_is_found_by_the_bits_of_its_address),
		cmocka_unit_test(test_a_damaged_database_says_nothing_or_is_refused),
		cmocka_unit_test(test_a_certificate_says_its_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
