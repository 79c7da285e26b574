/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS messages: good ones, cut at every byte, hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "classify/content/dns.h"

static const uint8_t query[] =
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    "\3WWW\7eXample\3org\0\0\1\0\1";
static const uint8_t reply[] =
    "\x12\x34\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00"
    "\3www\7example\3org\0\0\1\0\1"
    "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3cdn\xc0\x10"
    "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc6\x33\x64\x07"
    "\xc0\x2d\0\x1c\0\1\0\0\0\x3c\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";

/* A copy of exactly n bytes, so that the sanitiser sees a read behind it. */
static bool
parse(const void *bytes, size_t n, struct dns_message *m)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	ok = dns_parse(span_of(copy, n), m);
	free(copy);
	return ok;
}

static void
test_a_query_gives_its_name_in_lower_case(void **state)
{
	struct dns_message m;

	(void)state;
	assert_true(parse(query, sizeof(query) - 1, &m));
	assert_string_equal(m.name, "www.example.org");
	assert_int_equal(m.name_len, 15);
	assert_true(m.question_whole);
	assert_false(m.response);
	assert_false(m.truncated);
	assert_int_equal(m.qtype, 1);
	assert_int_equal(m.id, 0x1234);
}

static void
test_addresses_behind_a_cname_answer_the_question(void **state)
{
	struct dns_message m;
	char text[ADDR_TEXT];

	(void)state;
	assert_true(parse(reply, sizeof(reply) - 1, &m));
	assert_true(m.response);
	assert_string_equal(m.name, "www.example.org");
	assert_int_equal(m.answers, 2);
	assert_string_equal(addr_print(&m.answer[0].addr, text), "198.51.100.7");
	assert_string_equal(addr_print(&m.answer[1].addr, text), "2001:db8::1");
	assert_false(m.truncated);
}

static const uint8_t https[] =
    "\x12\x34\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00"
    "\3www\7example\3org\0\0\x41\0\1"
    "\xc0\x0c\0\x41\0\1\0\0\x01\x2c\0\x2a\0\1\0"
    "\0\1\0\3\2h2" "\0\4\0\x08\xc6\x33\x64\x07\xc6\x33\x64\x08"
    "\0\6\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
    "\xc0\x0c\0\x41\0\1\0\0\x01\x2c\0\x0a\0\1\0\0\4\0\x09\1\2\3"
    "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x33\x64\x09";

static void
test_hints_of_https_records_are_addresses_too(void **state)
{
	struct dns_message m;
	char text[ADDR_TEXT];

	(void)state;
	assert_true(parse(https, sizeof(https) - 1, &m));
	assert_int_equal(m.qtype, 65);
	assert_int_equal(m.answers, 4);
	assert_string_equal(addr_print(&m.answer[1].addr, text), "198.51.100.8");
	assert_string_equal(addr_print(&m.answer[2].addr, text), "2001:db8::1");
	assert_int_equal(m.answer[2].ttl, 300);
	/* the second record promises more than it holds; what follows is read all the same */
	assert_string_equal(addr_print(&m.answer[3].addr, text), "198.51.100.9");
	assert_int_equal(m.answer[3].ttl, 60);
	assert_false(m.truncated);
}

static void
test_a_cut_message_gives_what_was_whole(void **state)
{
	struct dns_message m;

	(void)state;
	for (size_t n = 0; n < sizeof(reply) - 1; n++) {
		bool ok = parse(reply, n, &m);

		assert_int_equal(ok, n >= 12);
		if (!ok)
			continue;
		assert_true(m.truncated);
		assert_true(m.answers <= 1);
		if (n >= 28)
			assert_int_equal(m.question_whole, n >= 29);
		if (n >= 16 && n < 24)
			assert_string_equal(m.name, "www");
	}
}

static void
test_impossible_questions_are_no_dns(void **state)
{
	uint8_t bad[sizeof(query)];
	uint8_t longest[12 + 300] = { 0, 0, 1, 0, 0, 1 };
	struct dns_message m;

	(void)state;
	memcpy(bad, query, sizeof(bad));
	bad[12] = 0xc0;		/* a pointer before anything stands */
	assert_false(parse(bad, sizeof(bad) - 1, &m));
	bad[12] = 0x43;
	assert_false(parse(bad, sizeof(bad) - 1, &m));
	memcpy(bad, query, sizeof(bad));
	bad[5] = 2;
	assert_false(parse(bad, sizeof(bad) - 1, &m));
	memcpy(bad, query, sizeof(bad));
	bad[2] = 0x78;		/* operation 15 */
	assert_false(parse(bad, sizeof(bad) - 1, &m));
	for (size_t i = 12; i < sizeof(longest); i += 50) {
		longest[i] = 49;
		memset(longest + i + 1, 'a', 49 < sizeof(longest) - i - 1 ? 49 :
		    sizeof(longest) - i - 1);
	}
	assert_false(parse(longest, sizeof(longest), &m));
}

static void
test_more_answers_than_places_are_left_out(void **state)
{
	uint8_t big[12 + 5 + 40 * 16];
	struct dns_message m;
	size_t n = 0;

	(void)state;
	memcpy(big, "\0\1\x81\x80\0\1\0\x28\0\0\0\0\0\0\1\0\1", 17);
	n = 17;
	for (int i = 0; i < 40; i++) {
		memcpy(big + n, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x0a\0\0\1", 16);
		n += 16;
	}
	assert_true(parse(big, n, &m));
	assert_int_equal(m.answers, DNS_ANSWERS);
	assert_int_equal(m.name_len, 0);
}

/* Printer.local, as mDNS answers: an A record behind a PTR that points at it. */
static const uint8_t own[] =
    "\0\0\x84\0\0\0\0\2\0\0\0\0"
    "\4_ipp\4_tcp\5local\0\0\x0c\0\1\0\0\x11\x94\0\x0a\7Printer\xc0\x16"
    "\xc0\x27\0\1\x80\1\0\0\0\x78\0\4\xc0\xa8\x09\x05";

static void
test_a_host_is_believed_about_itself_alone(void **state)
{
	const uint8_t ip[4] = { 192, 168, 9, 5 }, other[4] = { 192, 168, 9, 6 };
	struct addr speaker = addr_from_v4(ip), liar = addr_from_v4(other);
	struct dns_message m;

	(void)state;
	assert_true(dns_own_name(span_of(own, sizeof(own) - 1), &speaker, &m));
	assert_string_equal(m.name, "printer.local");
	assert_int_equal(m.answers, 1);
	assert_true(addr_eq(&m.answer[0].addr, &speaker));
	assert_int_equal(m.answer[0].ttl, 120);
	assert_false(dns_own_name(span_of(own, sizeof(own) - 1), &liar, &m));
	for (size_t n = 0; n < sizeof(own) - 1; n++) {
		uint8_t *copy = malloc(n == 0 ? 1 : n);

		assert_non_null(copy);
		memcpy(copy, own, n);
		assert_false(dns_own_name(span_of(copy, n), &speaker, &m));
		free(copy);
	}
}

/* A datagram from an address outside is easily forged: no name of the Internet in it. */
static void
test_a_host_has_no_name_beyond_its_link(void **state)
{
	static const uint8_t said[] = "\0\0\x84\0\0\0\0\1\0\0\0\0\4bank\7example\0"
	    "\0\1\0\1\0\0\0\x78\0\4\xc0\xa8\x09\x05";
	static const uint8_t label[] = "\0\0\x84\0\0\0\0\1\0\0\0\0\2pc\0"
	    "\0\1\0\1\0\0\0\x78\0\4\xc0\xa8\x09\x05";
	const uint8_t ip[4] = { 192, 168, 9, 5 };
	struct addr speaker = addr_from_v4(ip);
	uint8_t gone[sizeof(own)];
	struct dns_message m;

	(void)state;
	assert_false(dns_own_name(span_of(said, sizeof(said) - 1), &speaker, &m));
	assert_true(dns_own_name(span_of(label, sizeof(label) - 1), &speaker, &m));
	assert_string_equal(m.name, "pc");
	memcpy(gone, own, sizeof(own));
	assert_int_equal(gone[sizeof(own) - 8], 0x78);
	gone[sizeof(own) - 8] = 0;
	assert_false(dns_own_name(span_of(gone, sizeof(gone) - 1), &speaker, &m));
}

static void
test_a_name_that_points_at_itself_is_none(void **state)
{
	static const uint8_t loop[] = "\0\0\x84\0\0\0\0\1\0\0\0\0\1x\xc0\x0c\0\1\0\1\0\0\0\x78"
	    "\0\4\xc0\xa8\x09\x05";
	const uint8_t ip[4] = { 192, 168, 9, 5 };
	struct addr speaker = addr_from_v4(ip);
	struct dns_message m;

	(void)state;
	assert_false(dns_own_name(span_of(loop, sizeof(loop) - 1), &speaker, &m));
}

/* HTTPS x.example: priority 1, target svc.cdn.example; and one without another target. */
static void
test_a_target_of_another_name_is_said(void **state)
{
	static const uint8_t away[] = "\0\1\x81\x80\0\1\0\1\0\0\0\0\1x\7example\0\0\x41\0\1"
	    "\xc0\x0c\0\x41\0\1\0\0\0\x3c\0\x13\0\1\3svc\3cdn\7example\0";
	static const uint8_t here[] = "\0\1\x81\x80\0\1\0\1\0\0\0\0\1x\7example\0\0\x41\0\1"
	    "\xc0\x0c\0\x41\0\1\0\0\0\x3c\0\x0b\0\1\0\0\4\0\4\xcb\0\x71\7";
	struct dns_message m;

	(void)state;
	assert_true(parse(away, sizeof(away) - 1, &m));
	assert_true(m.elsewhere && m.answers == 0);
	assert_true(parse(here, sizeof(here) - 1, &m));
	assert_true(!m.elsewhere && m.answers == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_host_is_believed_about_itself_alone),
		cmocka_unit_test(test_a_host_has_no_name_beyond_its_link),
		cmocka_unit_test(test_a_name_that_points_at_itself_is_none),
		cmocka_unit_test(test_a_target_of_another_name_is_said),
		cmocka_unit_test(test_a_query_gives_its_name_in_lower_case),
		cmocka_unit_test(test_hints_of_https_records_are_addresses_too),
		cmocka_unit_test(test_addresses_behind_a_cname_answer_the_question),
		cmocka_unit_test(test_a_cut_message_gives_what_was_whole),
		cmocka_unit_test(test_impossible_questions_are_no_dns),
		cmocka_unit_test(test_more_answers_than_places_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
