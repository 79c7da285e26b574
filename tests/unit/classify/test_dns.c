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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_query_gives_its_name_in_lower_case),
		cmocka_unit_test(test_hints_of_https_records_are_addresses_too),
		cmocka_unit_test(test_addresses_behind_a_cname_answer_the_question),
		cmocka_unit_test(test_a_cut_message_gives_what_was_whole),
		cmocka_unit_test(test_impossible_questions_are_no_dns),
		cmocka_unit_test(test_more_answers_than_places_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
