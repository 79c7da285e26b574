/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WebSocket, HTTP/2 and the answers of a server inside, where they are not what they seem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/classify/talk.h"

#define UPGRADE "GET /live HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n"
#define ID3_64 "SUQzBAAAAAAPdmdnZ2dnZ2dnZ2c="

static void
test_a_websocket_that_was_refused_is_http_again(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	assert_int_equal(talk(&t, UP, UPGRADE), NEWS_HTTP);
	assert_int_equal(talk(&t, UP, "PUT /x HTTP/1.1\r\nContent-Length: 6\r\n\r\n#!AMR\n"),
	    NEWS_HTTP | NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_AMR);
	talk_end(&t);
}

static void
test_words_in_a_websocket_are_no_file_and_base64_in_them_is(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk(&t, UP, UPGRADE);
	assert_int_equal(talk_bytes(&t, UP, "\x81\x8b\0\0\0\0{\"a\": \"hi\"}", 17), 0);
	assert_int_equal(talk_bytes(&t, UP, "\x89\x80\1\2\3\4", 6), 0);		/* ping */
	assert_int_equal(talk_bytes(&t, UP, "\x81\xa3\0\0\0\0{\"a\":\"" ID3_64 "\"}", 41),
	    NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_MP3);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	talk_end(&t);
}

/* In any two segments, over messages that are smaller than a magic. */
static void
test_sound_over_small_messages_is_found_however_it_is_cut(void **state)
{
	static const uint8_t mask[4] = { 9, 8, 7, 6 };
	uint8_t all[1024];
	const char *text = "#!AMR-WB\n";
	size_t n = 0;

	for (size_t at = 0; at < 9; at += 3) {
		memcpy(all + n, "\x82\x83\x09\x08\x07\x06", 6);
		n += 6;
		for (size_t i = 0; i < 3; i++)
			all[n++] = (uint8_t)text[at + i] ^ mask[i];
	}
	for (size_t cut = 1; cut < n; cut++) {
		struct talk t;

		talk_start(&t, *state, IPPROTO_IS_TCP, 80);
		(void)talk(&t, UP, UPGRADE);
		(void)talk_bytes(&t, UP, all, cut);
		(void)talk_bytes(&t, UP, all + cut, n - cut);
		assert_true((t.all & NEWS_CONTENT) != 0);
		assert_int_equal(t.news.format, FORMAT_AMR_WB);
		talk_end(&t);
	}
}

static void
test_a_listener_by_websocket_is_heard_from_the_server_inside(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 8080);
	t.serves = true;
	(void)talk(&t, UP, UPGRADE);
	assert_int_equal(talk(&t, DOWN, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: WebSocket\r\n\r\n"), 0);
	assert_int_equal(talk_bytes(&t, DOWN, "\x82\x06#!AMR\n", 8), NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_AMR);
	assert_int_equal(t.news.body_dir, FLOW_TO_CLIENT);
	talk_end(&t);
}

static void
test_what_a_server_inside_hands_out_has_the_name_that_was_asked_for(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	t.serves = true;
	(void)talk(&t, UP, "HEAD /talk.wav HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(talk(&t, DOWN, "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"), 0);
	(void)talk(&t, UP, "GET /talk.wav HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(talk(&t, DOWN, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9000"
	    "\r\n\r\n"), 0);
	(void)talk(&t, UP, "GET /rec/talk.wav HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(talk(&t, DOWN, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\1\2\3\4\5\6"),
	    NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.proof, PROOF_NAME);
	assert_span(t.news.name, "talk.wav");
	talk_end(&t);
	/* what comes in is not looked into */
	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk(&t, UP, "GET /rec/talk.wav HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_int_equal(talk(&t, DOWN, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n#!AMR\n"), 0);
	talk_end(&t);
}

/* An error, a page of text, an answer to another question. */
static void
test_what_was_not_handed_out_has_no_such_name(void **state)
{
	static const char *const answer[] = {
		"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n\1\2\3\4\5\6",
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n"
		"\1\2\3\4\5\6",
	};
	struct talk t;

	for (unsigned i = 0; i < 3; i++) {
		talk_start(&t, *state, IPPROTO_IS_TCP, 80);
		t.serves = true;
		(void)talk(&t, UP, "GET /rec/talk.wav HTTP/1.1\r\nHost: h\r\n\r\n");
		if (i == 2)
			(void)talk(&t, UP, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
		(void)talk(&t, DOWN, i < 2 ? answer[i] :
		    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\1\2\3\4\5\6");
		assert_true(!(t.news.what & NEWS_CONTENT) ||
		    t.news.class != CONTENT_AUDIO);
		talk_end(&t);
	}
}

/* A length at which the next request would stand where this one does. */
static void
test_a_length_that_wraps_is_said_once(void **state)
{
	static const char head[] = "PUT /x HTTP/1.1\r\nContent-Length: %llu\r\n\r\n";
	char text[128];
	struct talk t;
	int n = 0;

	for (int i = 0; i < 2; i++)	/* its own length is in it */
		n = snprintf(text, sizeof(text), head, n == 0 ? ~0ULL :
		    ~0ULL - (unsigned)n + 1);
	(void)snprintf(text + n, sizeof(text) - (size_t)n, "%%PDF-1.4\n");
	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	assert_int_equal(talk(&t, UP, text), NEWS_HTTP | NEWS_CONTENT);
	for (int i = 0; i < 5; i++)
		assert_int_equal(talk(&t, UP, "more of it"), 0);
	talk_end(&t);
}

/* Each begins in the one before it: RFC 6455 knows no such message. */
static void
test_a_message_within_a_message_ends_that(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk(&t, UP, UPGRADE);
	assert_int_equal(talk_bytes(&t, UP, "\1\1#\1\5!AMR\n", 10), 0);
	assert_int_equal(talk_bytes(&t, UP, "\x82\6#!AMR\n", 8), NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_AMR);
	talk_end(&t);
}

/* Two streams at once, padding, a frame that has no body. */
static void
test_http_2_judges_each_stream_once(void **state)
{
	static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk_bytes(&t, UP, hello, sizeof(hello) - 1);
	assert_int_equal(talk_bytes(&t, UP, "\0\0\1\1\4\0\0\0\1\x83", 10), 0);
	assert_int_equal(talk_bytes(&t, UP, "\0\0\6\0\1\0\0\0\1hello!", 15), 0);
	assert_int_equal(talk_bytes(&t, UP, "\0\0\x0a\0\x08\0\0\0\3\3#!AMR\n\0\0\0", 19),
	    NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_AMR);
	assert_int_equal(talk_bytes(&t, UP, "\0\0\6\0\0\0\0\0\3#!AMR\n", 15), 0);
	assert_int_equal(talk_bytes(&t, UP, "\0\0\x08\0\1\0\0\0\5fLaC\0\0\0\"", 17),
	    NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_FLAC);
	talk_end(&t);
}

/* The bodies of streams that were opened before come behind those of later ones. */
static void
test_http_2_bodies_come_mixed(void **state)
{
	static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	uint8_t late[] = "\0\0\6\0\1\0\0\0\0#!AMR\n";
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk_bytes(&t, UP, hello, sizeof(hello) - 1);
	assert_int_equal(talk_bytes(&t, UP, "\0\0\6\0\1\0\0\0\5hello!", 15), 0);
	for (uint8_t stream = 3; stream < 4; stream -= 2) {	/* 3, 1 */
		late[8] = stream;
		assert_int_equal(talk_bytes(&t, UP, late, 15), NEWS_CONTENT);
		assert_int_equal(t.news.format, FORMAT_AMR);
		assert_int_equal(talk_bytes(&t, UP, late, 15), 0);
	}
	late[8] = 133;				/* 64 and more behind it are closed */
	assert_int_equal(talk_bytes(&t, UP, late, 15), NEWS_CONTENT);
	late[8] = 7;
	assert_int_equal(talk_bytes(&t, UP, late, 15), NEWS_CONTENT);
	late[8] = 5;
	assert_int_equal(talk_bytes(&t, UP, late, 15), 0);
	talk_end(&t);
}

/* A document that ends with its message explains that and nothing behind it. */
static void
test_a_message_explains_itself_alone(void **state)
{
	static const char pdf[] = "%PDF-1.4\n%abcdefghijklmnopq\n",	/* 28 bytes */
	    hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	uint8_t b[80];
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk(&t, UP, UPGRADE);
	memcpy(b, "\x82\x9c\0\0\0\0", 6);
	memcpy(b + 6, pdf, 28);
	assert_int_equal(talk_bytes(&t, UP, b, 34), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_DOCUMENT);
	assert_true(t.news.body && t.news.body_plain == 28);
	talk_end(&t);

	talk_start(&t, *state, IPPROTO_IS_TCP, 1883);
	(void)talk_bytes(&t, UP, "\x10\x0d\0\4MQTT\4\2\0\x3c\0\1x", 15);
	memcpy(b, "\x30\x1f\0\1a", 5);
	memcpy(b + 5, pdf, 28);
	for (int i = 0; i < 2; i++) {	/* told once, and explained each time */
		assert_int_equal(talk_bytes(&t, UP, b, 33), i == 0 ? NEWS_CONTENT : 0);
		assert_true(t.news.body && t.news.length == 28);
	}
	talk_end(&t);

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk_bytes(&t, UP, hello, sizeof(hello) - 1);
	memcpy(b, "\0\0\x1c\0\1\0\0\0\1", 9);
	memcpy(b + 9, pdf, 28);
	assert_int_equal(talk_bytes(&t, UP, b, 37), NEWS_CONTENT);
	assert_true(t.news.body && t.news.body_plain == 28);
	talk_end(&t);
}

/* A server that calls itself a broker's client does not say how its client is read. */
static void
test_who_speaks_first_says_nothing_for_the_client(void **state)
{
	static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

	for (int i = 0; i < 2; i++) {
		struct talk t;

		talk_start(&t, *state, IPPROTO_IS_TCP, 80);
		if (i == 0)
			(void)talk_bytes(&t, DOWN, "\x10\x0d\0\4MQTT\4\2\0\x3c\0\1x", 15);
		else
			(void)talk_bytes(&t, DOWN, hello, sizeof(hello) - 1);
		assert_int_equal(talk(&t, UP, "PUT /x HTTP/1.1\r\nContent-Length: 6\r\n\r\n"
		    "#!AMR\n"), NEWS_HTTP | NEWS_CONTENT);
		assert_int_equal(t.news.format, FORMAT_AMR);
		talk_end(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_websocket_that_was_refused_is_http_again),
		cmocka_unit_test(test_words_in_a_websocket_are_no_file_and_base64_in_them_is),
		cmocka_unit_test(test_sound_over_small_messages_is_found_however_it_is_cut),
		cmocka_unit_test(test_a_listener_by_websocket_is_heard_from_the_server_inside),
		cmocka_unit_test(
		    test_what_a_server_inside_hands_out_has_the_name_that_was_asked_for),
		cmocka_unit_test(test_what_was_not_handed_out_has_no_such_name),
		cmocka_unit_test(test_a_length_that_wraps_is_said_once),
		cmocka_unit_test(test_a_message_within_a_message_ends_that),
		cmocka_unit_test(test_http_2_judges_each_stream_once),
		cmocka_unit_test(test_http_2_bodies_come_mixed),
		cmocka_unit_test(test_a_message_explains_itself_alone),
		cmocka_unit_test(test_who_speaks_first_says_nothing_for_the_client),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
