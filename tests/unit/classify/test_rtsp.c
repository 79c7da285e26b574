/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTSP: the sound of a description, tied by SETUP to ports of its own or carried between
 * the messages; pictures there; and segments that the snap length cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "talk.h"

#include <stdio.h>

#define PICTURES_MEDIA "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:0\r\n"
#define SOUND_MEDIA "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/1\r\n"
#define OTHER_MEDIA "m=audio 0 RTP/AVP 98\r\na=rtpmap:98 X-NOBODY-KNOWS/8000\r\n"

static unsigned
described(struct talk *t, enum flow_dir dir, const char *start, const char *media)
{
	char text[1024], sdp[512];

	(void)snprintf(sdp, sizeof(sdp), "v=0\r\ns=-\r\nt=0 0\r\n%s", media);
	(void)snprintf(text, sizeof(text), "%s\r\nCSeq: 2\r\nContent-Type: application/sdp\r\n"
	    "Content-Length: %zu\r\n\r\n%s", start, strlen(sdp), sdp);
	return talk(t, dir, text);
}

static void
set_up(struct talk *t)
{
	assert_int_equal(talk(t, UP, "SETUP rtsp://h/x/1 RTSP/1.0\r\nCSeq: 3\r\nTransport: "
	    "RTP/AVP/UDP;unicast;client_port=22694-22695;mode=record\r\n\r\n"), 0);
	assert_int_equal(talk(t, DOWN, "RTSP/1.0 200 OK\r\nCSeq: 3\r\nTransport: RTP/AVP/UDP;"
	    "unicast;client_port=22694-22695;server_port=5002-5003\r\n\r\n"), 0);
}

/* Six datagrams of RTP between two sockets; the news of all. */
static unsigned
datagrams(struct talk *t, struct content *c, uint16_t from, uint16_t to, uint8_t type)
{
	uint8_t p[40] = { 0x80, type, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7 };

	talk_start(t, c, IPPROTO_IS_UDP, to);
	t->flow.client_port = from;
	t->pkt.src = t->flow.client;
	t->pkt.dst = t->flow.server;
	for (uint8_t i = 0; i < 6; i++) {
		unsigned what;

		p[3] = i;
		what = talk_bytes(t, UP, p, sizeof(p));
		if (what & NEWS_RTP)
			t->said = t->news.rtp_codec;
		if (what & NEWS_CONTENT) {
			t->class = t->news.class;
			t->codec = t->news.codec;
			assert_int_equal(t->news.proof, PROOF_RTP);
		}
	}
	return t->all;
}

static void
start(struct talk *t, struct content *c)
{
	talk_start(t, c, IPPROTO_IS_TCP, 554);
	t->pkt.src = t->flow.client;
	t->pkt.dst = t->flow.server;
}

/* What RFC 3551 gave for good is no other by anybody's word. */
static void
test_a_description_does_not_outdo_a_fixed_type(void **state)
{
	struct talk t, u;

	start(&t, *state);
	(void)described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0",
	    "m=video 0 RTP/AVP 8\r\na=rtpmap:8 H264/90000\r\n"
	    "m=audio 0 RTP/AVP 26\r\na=rtpmap:26 opus/48000\r\n");
	set_up(&t);
	assert_int_equal(datagrams(&u, *state, 40001, 5002, 8), NEWS_RTP);
	assert_int_equal(u.said, CODED_PCMA);
	talk_end(&u);
	assert_int_equal(datagrams(&u, *state, 40001, 5002, 26), NEWS_RTP);
	assert_int_equal(u.said, CODED_VIDEO);
	talk_end(&u);
	talk_end(&t);
}

/* Who describes two thousand sessions does not push out the names of files. */
static void
test_descriptions_leave_the_names_of_files(void **state)
{
	char text[512];
	struct talk t, u;

	talk_start(&t, *state, IPPROTO_IS_TCP, 21);
	(void)talk(&t, DOWN, "220 hi\r\n");
	(void)talk(&t, UP, "USER a\r\n");
	(void)talk(&t, UP, "EPSV\r\n");
	(void)talk(&t, DOWN, "229 ok (|||50001|)\r\n");
	(void)talk(&t, UP, "STOR meeting.wav\r\n");
	talk_start(&u, *state, IPPROTO_IS_UDP, 5060);
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(text, sizeof(text), "INVITE sip:a@h SIP/2.0\r\nCSeq: %u INVITE\r\n"
		    "Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 10.1.%u.%u\r\n"
		    "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n", i, i / 200,
		    i % 200 + 1);
		(void)talk(&u, UP, text);
	}
	talk_end(&u);
	talk_start(&u, *state, IPPROTO_IS_TCP, 50001);
	assert_int_equal(talk_bytes(&u, UP, "#!AMR\nx", 7), NEWS_CONTENT);
	assert_span(u.news.name, "meeting.wav");
	talk_end(&u);
	talk_end(&t);
}

/* A packet of RTP between the messages, of which so many bytes were captured. */
static unsigned
framed(struct talk *t, enum flow_dir dir, uint8_t type, uint16_t seq, uint32_t stamp,
    uint8_t ssrc, uint16_t size, size_t cap)
{
	static uint8_t f[4 + 1600];
	const uint8_t head[16] = { '$', ssrc, (uint8_t)(size >> 8), (uint8_t)size, 0x80, type,
		(uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(stamp >> 24),
		(uint8_t)(stamp >> 16), (uint8_t)(stamp >> 8), (uint8_t)stamp, 0, 0, 9, ssrc };
	uint64_t at = t->offset[dir];
	size_t n = 4U + size;

	memset(f, 0xa5, sizeof(f));
	memcpy(f, head, sizeof(head));
	t->offset[dir] += n;
	return talk_at(t, dir, at, f, cap < n ? cap : n, n);
}

static void
test_an_announce_with_sound_is_sound_whatever_stands_beside(void **state)
{
	struct talk t;

	start(&t, *state);
	assert_int_equal(described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0", PICTURES_MEDIA
	    SOUND_MEDIA), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.codec, CODED_AAC);
	assert_int_equal(t.news.proof, PROOF_TYPE);
	talk_end(&t);
	start(&t, *state);
	assert_int_equal(described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0", PICTURES_MEDIA),
	    NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_VIDEO);
	talk_end(&t);
}

static void
test_setup_ties_the_sound_to_its_ports(void **state)
{
	struct talk t, u;

	start(&t, *state);
	(void)described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0", PICTURES_MEDIA SOUND_MEDIA
	    OTHER_MEDIA);
	set_up(&t);
	/* by the server's port, and by the client's, whose half may be all that is seen */
	assert_int_equal(datagrams(&u, *state, 40001, 5002, 97), NEWS_RTP | NEWS_CONTENT);
	assert_int_equal(u.class, CONTENT_AUDIO);
	assert_int_equal(u.codec, CODED_AAC);
	talk_end(&u);
	assert_int_equal(datagrams(&u, *state, 22694, 7000, 97), NEWS_RTP | NEWS_CONTENT);
	talk_end(&u);
	/* a codec that nobody knows is sound all the same */
	assert_int_equal(datagrams(&u, *state, 22694, 5002, 98), NEWS_RTP | NEWS_CONTENT);
	assert_int_equal(u.class, CONTENT_AUDIO);
	assert_int_equal(u.codec, CODED_UNKNOWN);
	talk_end(&u);
	/* pictures; a type that was not described; ports that were not named */
	assert_int_equal(datagrams(&u, *state, 22694, 5002, 96), NEWS_RTP);
	assert_int_equal(u.news.rtp_codec, CODED_UNKNOWN);	/* of the last packet */
	talk_end(&u);
	assert_int_equal(datagrams(&u, *state, 22694, 5002, 99), NEWS_RTP);
	talk_end(&u);
	assert_int_equal(datagrams(&u, *state, 40001, 5004, 97), NEWS_RTP);
	talk_end(&u);
	talk_end(&t);
}

static void
test_a_type_of_two_media_says_nothing(void **state)
{
	struct talk t, u;

	start(&t, *state);
	(void)described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0", "m=audio 0 RTP/AVP 96\r\n"
	    "a=rtpmap:96 opus/48000/2\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n");
	set_up(&t);
	assert_int_equal(datagrams(&u, *state, 22694, 5002, 96), NEWS_RTP);
	talk_end(&u);
	talk_end(&t);
}

/* Who is watched from outside sends, and has described it in an answer. */
static void
test_sound_between_the_messages(void **state)
{
	for (unsigned watched = 0; watched < 2; watched++) {
		enum flow_dir dir = watched ? DOWN : UP;
		unsigned heard = 0;
		struct talk t;

		start(&t, *state);
		assert_int_equal(talk(&t, UP, "OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
		    0);
		if (watched)
			assert_int_equal(described(&t, DOWN, "RTSP/1.0 200 OK", PICTURES_MEDIA
			    SOUND_MEDIA), 0);
		else
			(void)described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0",
			    PICTURES_MEDIA SOUND_MEDIA);
		for (uint16_t i = 0; i < 40; i++) {
			(void)framed(&t, dir, 0x80 | 96, i, i * 6000U, 1, 700, 704);
			if (framed(&t, dir, 0x80 | 97, i, i * 1024U, 2, 300, 304) &
			    NEWS_CONTENT) {
				heard++;
				assert_int_equal(i, 3);
				assert_int_equal(t.news.class, CONTENT_AUDIO);
				assert_int_equal(t.news.codec, CODED_AAC);
				assert_int_equal(t.news.proof, PROOF_RTP);
				assert_int_equal(t.news.body_dir, dir);
			}
		}
		assert_int_equal(heard, 1);
		talk_end(&t);
	}
}

/* Pictures at 15 a second, each of three packets, of which the first 62 bytes were captured,
 * every fifth of them behind another in one segment. Seen, and seen to go on. */
static unsigned
pictures(struct content *c, bool with_sound)
{
	unsigned seen = 0;
	uint16_t seq = 0;
	struct talk t;

	start(&t, c);
	(void)described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0", PICTURES_MEDIA);
	for (unsigned k = 0; k < 8000; k++) {
		t.frame.time.ns = (int64_t)k * (NS_PER_S / 15);
		for (unsigned i = 0; i < 3; i++, seq++) {
			uint8_t type = (uint8_t)(96 | (i == 2 ? 0x80 : 0));

			if (seq % 5 == 0) {	/* its head is in no segment's first bytes */
				uint8_t cut[62] = { 0xa5 };

				(void)talk_at(&t, UP, t.offset[UP], cut, sizeof(cut), 1448);
				t.offset[UP] += 1448;
				seen += t.news.body;
				continue;
			}
			(void)framed(&t, UP, type, seq, k * 6000U, 1, 1400, 62);
			seen += t.news.body;
			if (t.news.what & NEWS_CONTENT)
				assert_int_equal(t.news.proof, PROOF_RTP);
		}
		if (with_sound) {
			(void)framed(&t, UP, 97, (uint16_t)k, k * 1024U, 2, 300, 62);
			seen += t.news.body;
		}
	}
	talk_end(&t);
	return seen;
}

static void
test_cut_pictures_are_seen_as_long_as_they_go_on(void **state)
{
	unsigned seen = pictures(*state, false);

	/* 8000 pictures, two in five packets of three seen: some 4800 of 4096 at a time at
	 * the least */
	assert_true(seen >= 4);
	/* a second source that was not described hides behind no picture */
	assert_int_equal(pictures(*state, true), 0);
}

/* Five seconds of a camera's packets between the messages, then something else: what was said
 * to be pictures is taken back, and until then none of its bytes are explained. */
static void
test_pictures_that_are_left_are_taken_back(void **state)
{
	static const char set[] = "SET_PARAMETER rtsp://h/x RTSP/1.0\r\nCSeq: 9\r\n"
	    "Content-Length: 60\r\n\r\n012345678901234567890123456789012345678901234567890"
	    "123456789";
	uint8_t junk[120];

	memset(junk, 0x33, sizeof(junk));
	/* out of the frames; in bodies of messages; out of them, and cut */
	for (unsigned how = 0; how < 3; how++) {
		unsigned seen = 0, back = 0, i;
		uint16_t seq = 0;
		struct talk t;

		start(&t, *state);
		(void)talk(&t, UP, "OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n");
		for (unsigned k = 0; k < 75; k++) {
			t.frame.time.ns = (int64_t)k * (NS_PER_S / 15);
			for (i = 0; i < 3; i++) {
				(void)framed(&t, UP, (uint8_t)(96 | (i == 2 ? 0x80 : 0)), seq++,
				    k * 6000U, 1, 1400, 62);
				seen += t.news.body;
			}
		}
		assert_int_equal(seen, 1);
		for (i = 0; i < 3000 && back == 0; i++) {
			t.frame.time.ns = 5 * NS_PER_S + (int64_t)i * (NS_PER_S / 50);
			if (how == 1) {
				(void)talk(&t, UP, set);
			} else {
				(void)talk_at(&t, UP, t.offset[UP], junk,
				    how == 2 ? 62 : sizeof(junk), sizeof(junk));
				t.offset[UP] += sizeof(junk);
			}
			if (!t.news.body)
				continue;
			assert_true(t.news.body_plain == 0);
			back += (t.news.what & NEWS_CONTENT) != 0;
			assert_true(t.news.taken_back == (back > 0));
		}
		assert_int_equal(back, 1);
		assert_int_equal(t.news.class, CONTENT_UNKNOWN);
		assert_in_range(i, 150, 500);
		talk_end(&t);
	}
}

/* Garbage behind an opening is looked at for so long and no longer. */
static void
test_what_is_lost_for_good_is_left(void **state)
{
	uint8_t junk[100];
	struct talk t;

	memset(junk, 0x33, sizeof(junk));
	start(&t, *state);
	assert_int_equal(talk(&t, UP, "OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n"), 0);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(talk_bytes(&t, UP, junk, sizeof(junk)), 0);
	assert_int_equal(described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0", SOUND_MEDIA), 0);
	talk_end(&t);
	/* a little of it is forgiven */
	start(&t, *state);
	assert_int_equal(talk(&t, UP, "OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n"), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(talk_bytes(&t, UP, junk, sizeof(junk)), 0);
	assert_int_equal(described(&t, UP, "ANNOUNCE rtsp://h/x RTSP/1.0", SOUND_MEDIA),
	    NEWS_CONTENT);
	talk_end(&t);
}

/* What the far end has acknowledged and the capture has not is not waited for, and who was
 * answered by RTSP speaks it. */
static void
test_an_opening_that_the_capture_lost(void **state)
{
	for (unsigned acked = 0; acked < 2; acked++) {
		unsigned seen = 0;
		struct talk t;

		start(&t, *state);
		assert_int_equal(talk(&t, DOWN, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), 0);
		t.offset[UP] = 92;
		for (unsigned k = 0; k < 75; k++) {
			t.frame.time.ns = (int64_t)k * (NS_PER_S / 15);
			t.acked = acked ? t.offset[UP] : 0;
			(void)framed(&t, UP, 96, (uint16_t)(2 * k), k * 6000U, 1, 1400, 1404);
			seen += t.news.body;
			(void)framed(&t, UP, 0x80 | 96, (uint16_t)(2 * k + 1), k * 6000U, 1, 700,
			    704);
			seen += t.news.body;
		}
		assert_int_equal(seen, acked);
		talk_end(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_an_announce_with_sound_is_sound_whatever_stands_beside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_description_does_not_outdo_a_fixed_type,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptions_leave_the_names_of_files,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_setup_ties_the_sound_to_its_ports, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_a_type_of_two_media_says_nothing, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_sound_between_the_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_pictures_are_seen_as_long_as_they_go_on,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_pictures_that_are_left_are_taken_back,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_lost_for_good_is_left, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_an_opening_that_the_capture_lost, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
