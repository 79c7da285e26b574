/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams made of pieces: chunks, parts, MQTT, SMB, RTSP, TFTP, and mails one after the
 * other. What they carry is found in whatever segments it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/classify/bytes.h"
#include "tests/unit/classify/talk.h"

static const char id3[] = "ID3\4\0\0\0\0\x0f\x76gggggggggg";	/* 20 bytes */
#define ID3_64 "SUQzBAAAAAAPdmdnZ2dnZ2dnZ2c="

/* The whole in two segments, cut anywhere: the last news of content is this one. */
static void
said_in_any_two(struct content *c, const struct bytes *b, enum flow_dir dir,
    enum format_word format, const char *name)
{
	for (size_t cut = 1; cut <= b->n; cut++) {
		enum format_word f = FORMAT_UNKNOWN;
		unsigned count = 0;
		struct talk t;

		talk_start(&t, c, IPPROTO_IS_TCP, 9999);
		for (int half = 0; half < 2; half++) {
			size_t from = half == 0 ? 0 : cut, to = half == 0 ? cut : b->n;

			if (to > from && (talk_bytes(&t, dir, b->at + from, to - from) &
			    NEWS_CONTENT) != 0) {
				f = t.news.format;
				count++;
				assert_span(t.news.name, name);
				assert_int_equal(t.news.proof, PROOF_MAGIC);
			}
		}
		assert_int_equal(count, 1);
		assert_int_equal(f, format);
		talk_end(&t);
	}
}

static void
test_a_chunked_body_is_read_over_its_chunks(void **state)
{
	struct bytes b = { .n = 0 };
	struct talk t;

	text(&b, "PUT /dav/rec.bin HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n#!\r\n"
	    "a;x=y\r\nAMR\n\x3c.....\r\n");
	said_in_any_two(*state, &b, UP, FORMAT_AMR, "rec.bin");
	/* and the request behind the last chunk, wherever that is */
	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk_bytes(&t, UP, b.at, b.n);
	(void)talk(&t, UP, "10000\r\n");
	(void)talk_at(&t, UP, t.offset[UP], "", 0, 0x10000);
	t.offset[UP] += 0x10000;
	assert_int_equal(talk(&t, UP, "\r\n0\r\nTrailer: x\r\n\r\n"), 0);
	assert_int_equal(talk(&t, UP, "PUT /b HTTP/1.1\r\nContent-Length: 6\r\n\r\n#!AMR\n"),
	    NEWS_HTTP | NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_AMR);
	talk_end(&t);
}

static unsigned
post(struct talk *t, struct content *c, const char *headers, const char *body)
{
	char all[2048];

	talk_start(t, c, IPPROTO_IS_TCP, 80);
	(void)snprintf(all, sizeof(all), "POST /api HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n%s",
	    headers, strlen(body), body);
	return talk(t, UP, all) & NEWS_CONTENT;
}

static void
test_base64_in_json_counts_where_a_value_starts(void **state)
{
	static const char json[] = "Content-Type: application/json\r\n";
	struct talk t;

	assert_true(post(&t, *state, json, "{\"to\": \"x\", \"audio\": \"" ID3_64 "\"}"));
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.format, FORMAT_MP3);
	assert_int_equal(t.news.proof, PROOF_MAGIC);
	talk_end(&t);
	assert_true(post(&t, *state, json,
	    "[\"data:audio/wav;base64,UklGRiQAAABXQVZFZm10IBAAAAABAAEA\"]"));
	assert_int_equal(t.news.format, FORMAT_WAV);
	talk_end(&t);
	/* behind the start of a value, and a word that only looks like it */
	assert_true(post(&t, *state, json, "{\"audio\": \"x" ID3_64 "\"}"));
	assert_int_equal(t.news.class, CONTENT_TEXT);
	talk_end(&t);
	assert_true(post(&t, *state, json, "{\"SUQz\": \"SUQzBAAA\"}"));
	assert_int_equal(t.news.class, CONTENT_TEXT);
	talk_end(&t);
}

static void
test_the_middle_of_a_file_has_no_magic(void **state)
{
	struct talk t;

	assert_false(post(&t, *state, "Content-Range: bytes 4096-4101/9000\r\n", "#!AMR\n"));
	talk_end(&t);
	assert_true(post(&t, *state, "Content-Range: bytes 0-5/9000\r\n", "#!AMR\n"));
	assert_int_equal(t.news.format, FORMAT_AMR);
	talk_end(&t);
	/* its type still speaks */
	assert_true(post(&t, *state, "Content-Type: audio/wav\r\n"
	    "Content-Range: bytes 4096-4101/9000\r\n", "RIFF__"));
	assert_int_equal(t.news.proof, PROOF_TYPE);
	talk_end(&t);
}

static void
test_an_icecast_source_is_audio(void **state)
{
	uint8_t noise[4096] = { 7, 1, 9 };
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 8000);
	(void)talk(&t, UP, "SOURCE /live ICE/1.0\r\nice-name: desk\r\nice-bitrate: 64\r\n\r\n");
	assert_int_equal(talk_bytes(&t, UP, noise, sizeof(noise)), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.proof, PROOF_TYPE);
	talk_end(&t);
}

static void
test_the_sound_among_several_parts_is_found(void **state)
{
	static const char type[] = "Content-Type: multipart/related; boundary=b\r\n";
	struct talk t;

	assert_true(post(&t, *state, type,
	    "--b\r\nContent-Type: application/json\r\n\r\n{\"name\": \"x\"}\r\n"
	    "--b\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\r\n"
	    "--b\r\nContent-Disposition: form-data; name=f; filename=r.amr\r\n\r\n"
	    "#!AMR\n\x3c\r\n--b--\r\n"));
	assert_int_equal(t.news.format, FORMAT_AMR);
	assert_span(t.news.name, "r.amr");
	talk_end(&t);
	assert_true(post(&t, *state, type,
	    "--b\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\r\n--b--\r\n"));
	assert_int_equal(t.news.class, CONTENT_IMAGE);
	talk_end(&t);
}

#define ATTACHED "--b\r\nContent-Type: audio/mpeg; name=\"talk.mp3\"\r\n" \
	"Content-Transfer-Encoding: base64\r\n\r\n" ID3_64 "\r\n--b--\r\n.\r\n"
#define MAIL "MAIL FROM:<a@h>\r\nRCPT TO:<b@h>\r\nDATA\r\nContent-Type: multipart/mixed; " \
	"boundary=b\r\n\r\n"

static void
test_a_later_mail_and_a_late_attachment_are_read(void **state)
{
	char line[80];
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 24);
	assert_int_equal(talk(&t, UP, "LHLO h\r\n"), 0);
	assert_int_equal(talk(&t, UP, MAIL "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
	    "--b--\r\n.\r\n"), 0);
	assert_int_equal(talk(&t, UP, MAIL ATTACHED), NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_MP3);
	assert_span(t.news.name, "talk.mp3");
	/* text first, more of it than a head holds */
	assert_int_equal(talk(&t, UP, MAIL "--b\r\nContent-Type: text/plain\r\n\r\n"), 0);
	memset(line, 'x', sizeof(line));
	memcpy(line + 76, "\r\n", 3);
	for (int i = 0; i < 100; i++)
		assert_int_equal(talk(&t, UP, line), 0);
	assert_int_equal(talk(&t, UP, "x\r\n" ATTACHED), NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_MP3);
	assert_span(t.news.name, "talk.mp3");
	talk_end(&t);
}

static void
publish(struct bytes *b, bool v5, unsigned qos, const char *topic, const void *payload,
    size_t n)
{
	size_t left = 2 + strlen(topic) + (qos > 0 ? 2 : 0) + (v5 ? 3 : 0) + n;

	number(b, 0x30 | qos << 1, 1, false);
	number(b, 0x80 | (left & 0x7f), 1, false);
	number(b, left >> 7, 1, false);		/* two bytes of length, be it small */
	number(b, strlen(topic), 2, false);
	text(b, topic);
	if (qos > 0)
		number(b, 7, 2, false);
	if (v5)
		add(b, "\2\1\1", 3);
	add(b, payload, n);
}

static void
test_mqtt_tells_its_topic_and_payload(void **state)
{
	struct bytes b = { .n = 0 }, five = { .n = 0 };

	add(&b, "\x10\x0d\0\4MQTT\4\2\0\x3c\0\1x", 15);
	publish(&b, false, 0, "room/temperature", "{\"t\": 21.5}", 11);
	publish(&b, false, 1, "room/mic.mp3", id3, 20);
	add(&b, "\xc0\0", 2);
	said_in_any_two(*state, &b, UP, FORMAT_MP3, "mic.mp3");
	add(&five, "\x10\x0e\0\4MQTT\5\2\0\x3c\0\0\1x", 16);
	publish(&five, true, 2, "a/b", "#!AMR\n", 6);
	said_in_any_two(*state, &five, UP, FORMAT_AMR, "b");
}

static size_t
smb_begin(struct bytes *b, unsigned command, unsigned flags, unsigned id)
{
	size_t at = b->n;

	number(b, 0, 4, false);
	add(b, "\xfeSMB", 4);
	number(b, 64, 2, true);
	number(b, 0, 6, true);
	number(b, command, 2, true);
	number(b, 1, 2, true);
	number(b, flags, 4, true);
	number(b, 0, 4, true);		/* next */
	number(b, id, 8, true);
	number(b, 0, 32, true);
	return at;
}

static void
smb_end(struct bytes *b, size_t at)
{
	size_t n = b->n - at - 4;

	b->at[at + 1] = (uint8_t)(n >> 16);
	b->at[at + 2] = (uint8_t)(n >> 8);
	b->at[at + 3] = (uint8_t)n;
}

static void
smb_open(struct bytes *b, const char *name, unsigned options)
{
	size_t at = smb_begin(b, 5, 0, 3);

	number(b, 57, 2, true);
	for (unsigned i = 0; i < 38; i++)
		number(b, 0, 1, true);
	number(b, options, 4, true);
	number(b, 120, 2, true);
	number(b, 2 * strlen(name), 2, true);
	number(b, 0, 8, true);
	for (; *name != '\0'; name++)
		number(b, (unsigned char)*name, 2, true);
	smb_end(b, at);
}

static void
smb_write(struct bytes *b, uint64_t offset, const void *data, size_t n)
{
	size_t at = smb_begin(b, 9, 0, 4);

	number(b, 49, 2, true);
	number(b, 112, 2, true);
	number(b, n, 4, true);
	number(b, offset, 8, true);
	for (unsigned i = 0; i < 32; i++)
		number(b, 0, 1, true);
	add(b, data, n);
	smb_end(b, at);
}

static void
test_smb_tells_the_name_and_what_is_written_first(void **state)
{
	struct bytes b = { .n = 0 };
	struct talk t;

	add(&b, "\x81\0\0\x44", 4);			/* a NetBIOS session before */
	for (unsigned i = 0; i < 68; i++)
		number(&b, 0x20, 1, false);
	smb_end(&b, smb_begin(&b, 0, 0, 1));
	add(&b, "\0\0\0\x40\xfdSMB", 8);		/* encrypted: passed over */
	for (unsigned i = 0; i < 60; i++)
		number(&b, 0xfe, 1, false);
	smb_open(&b, "talks", 1);			/* a folder */
	smb_open(&b, "talks\\m\xe4rz.m4a", 0);
	smb_write(&b, 65536, "#!AMR\n", 6);		/* not at the start */
	smb_write(&b, 0, "\0\0\0\x1c" "ftypM4A ", 12);
	smb_write(&b, 12, "#!AMR\n", 6);
	said_in_any_two(*state, &b, UP, FORMAT_M4A, "m\xc3\xa4rz.m4a");
	/* the name alone, when the bytes say nothing */
	b.n = 0;
	smb_open(&b, "a.wav", 0);
	smb_write(&b, 0, "\1\2\3 this is nothing at all, and it is longer than any", 50);
	talk_start(&t, *state, IPPROTO_IS_TCP, 445);
	assert_int_equal(talk_bytes(&t, UP, b.at, b.n), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.proof, PROOF_NAME);
	talk_end(&t);
}

static void
smb_rename(struct bytes *b, const char *name)
{
	size_t at = smb_begin(b, 17, 0, 6), n = 2 * strlen(name);

	number(b, 33, 2, true);
	number(b, 0x0a01, 2, true);
	number(b, 20 + n, 4, true);
	number(b, 96, 2, true);
	number(b, 0, 22, true);
	number(b, 0, 16, true);
	number(b, n, 4, true);
	for (; *name != '\0'; name++)
		number(b, (unsigned char)*name, 2, true);
	smb_end(b, at);
}

static void
test_a_file_that_smb_renames_is_called_that(void **state)
{
	struct bytes b = { .n = 0 };
	struct talk t;

	smb_open(&b, "x.tmp", 0);
	smb_rename(&b, "early.wav");		/* nothing was written yet */
	smb_write(&b, 0, "\1\2\3 this is nothing at all, and it is longer than any", 50);
	talk_start(&t, *state, IPPROTO_IS_TCP, 445);
	assert_int_equal(talk_bytes(&t, UP, b.at, b.n), 0);
	b.n = 0;
	smb_rename(&b, "talks\\monday.wav");
	assert_int_equal(talk_bytes(&t, UP, b.at, b.n), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.proof, PROOF_NAME);
	assert_span(t.news.name, "monday.wav");
	talk_end(&t);
}

static void
test_mqtt_5_says_a_content_type(void **state)
{
	struct bytes b = { .n = 0 };
	struct talk t;

	add(&b, "\x10\x0e\0\4MQTT\5\2\0\x3c\0\0\1x", 16);
	/* PUBLISH, 48 bytes: topic "a"; user property, expiry, content type; noise */
	add(&b, "\x30\x30\0\1a\x18\x26\0\1k\0\1v\2\0\0\0\x3c\3\0\x09" "audio/l16", 31);
	text(&b, "\1\2\3\4\5\6\7\1\2\3\4\5\6\7\1\2\3\4\5\6");
	talk_start(&t, *state, IPPROTO_IS_TCP, 1883);
	assert_int_equal(talk_bytes(&t, UP, b.at, b.n), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.proof, PROOF_TYPE);
	assert_span(t.news.type, "audio/l16");
	talk_end(&t);
}

static void
test_smb_reads_go_the_other_way(void **state)
{
	struct bytes b = { .n = 0 }, a = { .n = 0 };
	struct talk t;
	size_t at;

	smb_open(&b, "x\\talk.amr", 0);
	at = smb_begin(&b, 8, 0, 5);
	number(&b, 49, 2, true);
	number(&b, 65536, 6, true);
	number(&b, 0, 40, true);
	smb_end(&b, at);
	at = smb_begin(&a, 8, 1, 5);
	number(&a, 17, 2, true);
	number(&a, 80, 2, true);
	number(&a, 6, 4, true);
	number(&a, 0, 8, true);
	text(&a, "#!AMR\n");
	smb_end(&a, at);
	talk_start(&t, *state, IPPROTO_IS_TCP, 445);
	assert_int_equal(talk_bytes(&t, UP, b.at, b.n), 0);
	assert_int_equal(talk_bytes(&t, DOWN, a.at, a.n), NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_AMR);
	assert_int_equal(t.news.body_dir, FLOW_TO_CLIENT);
	assert_span(t.news.name, "talk.amr");
	/* an answer to another question */
	assert_int_equal(talk_bytes(&t, DOWN, a.at, a.n), 0);
	talk_end(&t);
}

static void
test_tftp_is_judged_on_the_ports_of_its_transfer(void **state)
{
	static const char wrq[] = "\0\2dir/talk.mp3\0octet\0tsize\0" "20000\0";
	uint8_t block[24] = { 0, 3, 0, 1 };
	struct talk ask, t;

	memcpy(block + 4, id3, 20);
	talk_start(&ask, *state, IPPROTO_IS_UDP, 69);
	talk_start(&t, *state, IPPROTO_IS_UDP, 31000);
	ask.pkt.src = t.pkt.src = ask.flow.client;
	assert_int_equal(talk_bytes(&t, UP, block, sizeof(block)), 0);	/* nobody asked */
	assert_int_equal(talk_bytes(&ask, UP, wrq, sizeof(wrq) - 1), 0);
	assert_int_equal(talk_bytes(&t, UP, block, sizeof(block)), NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_MP3);
	assert_span(t.news.name, "talk.mp3");
	assert_int_equal(t.news.length, 20000);
	assert_int_equal(talk_bytes(&t, UP, block, sizeof(block)), 0);	/* sent again */
	/* the other way: somebody fetches */
	ask.pkt.dst = t.pkt.dst = ask.flow.client;
	assert_int_equal(talk_bytes(&ask, UP, "\0\1x.mp3\0octet\0", 14), 0);
	t.pkt.src = t.flow.server;
	assert_int_equal(talk_bytes(&t, DOWN, block, sizeof(block)), NEWS_CONTENT);
	assert_int_equal(t.news.body_dir, FLOW_TO_CLIENT);
	talk_end(&ask);
	talk_end(&t);
}

static void
test_rtsp_announces_and_its_frames_are_rtp(void **state)
{
	static const char open[] = "OPTIONS rtsp://h/mic RTSP/1.0\r\nCSeq: 1\r\n\r\n";
	static const char announce[] = "ANNOUNCE rtsp://h/mic RTSP/1.0\r\nCSeq: 2\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: 34\r\n\r\n"
	    "v=0\r\ns=mic\r\nm=audio 0 RTP/AVP 97\r\n";
	uint8_t f[4 + 172] = { '$', 0, 0, 172, 0x80, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9 };
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 554);
	assert_int_equal(talk(&t, UP, open), 0);
	assert_int_equal(talk(&t, UP, announce), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.format, FORMAT_RTP);
	assert_int_equal(t.news.proof, PROOF_TYPE);
	assert_int_equal(talk(&t, UP, "RECORD rtsp://h/mic RTSP/1.0\r\nCSeq: 3\r\n\r\n"), 0);
	for (uint8_t i = 1; i < 4; i++) {
		f[7] = i;
		/* a frame over two segments */
		assert_int_equal(talk_bytes(&t, UP, f, 9), 0);
		assert_int_equal(talk_bytes(&t, UP, f + 9, sizeof(f) - 9), 0);
	}
	f[7] = 4;
	assert_int_equal(talk_bytes(&t, UP, f, sizeof(f)), NEWS_RTP | NEWS_CONTENT);
	assert_int_equal(t.news.proof, PROOF_RTP);
	assert_int_equal(t.news.rtp_type, 97);
	assert_int_equal(t.news.rtp_ssrc, 9);
	talk_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_chunked_body_is_read_over_its_chunks),
		cmocka_unit_test(test_base64_in_json_counts_where_a_value_starts),
		cmocka_unit_test(test_the_middle_of_a_file_has_no_magic),
		cmocka_unit_test(test_an_icecast_source_is_audio),
		cmocka_unit_test(test_the_sound_among_several_parts_is_found),
		cmocka_unit_test(test_a_later_mail_and_a_late_attachment_are_read),
		cmocka_unit_test(test_mqtt_tells_its_topic_and_payload),
		cmocka_unit_test(test_smb_tells_the_name_and_what_is_written_first),
		cmocka_unit_test(test_a_file_that_smb_renames_is_called_that),
		cmocka_unit_test(test_mqtt_5_says_a_content_type),
		cmocka_unit_test(test_smb_reads_go_the_other_way),
		cmocka_unit_test(test_tftp_is_judged_on_the_ports_of_its_transfer),
		cmocka_unit_test(test_rtsp_announces_and_its_frames_are_rtp),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
