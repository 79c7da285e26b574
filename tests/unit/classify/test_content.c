/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evidence out of flows: streams in pieces, datagrams, the connections of FTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/classify/talk.h"

static const char put[] =
    "PUT /up/meeting.mp3?x=1 HTTP/1.1\r\nHost: plain.example:8080\r\n"
    "Content-Type: audio/mpeg\r\nContent-Length: 20\r\n\r\n";
static const char id3[] = "ID3\4\0\0\0\0\x0f\x76gggggggggg";	/* 20 bytes */

static void
test_an_http_upload_is_proven_by_its_body(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 8080);
	assert_int_equal(talk(&t, UP, put), NEWS_HTTP);
	assert_span(t.news.host, "plain.example");
	assert_span(t.news.method, "PUT");
	assert_span(t.news.path, "/up/meeting.mp3?x=1");
	assert_span(t.news.name, "meeting.mp3");
	assert_int_equal(t.news.length, 20);
	assert_int_equal(talk_bytes(&t, UP, id3, 20), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.format, FORMAT_MP3);
	assert_int_equal(t.news.proof, PROOF_MAGIC);
	assert_int_equal(t.news.body_dir, FLOW_TO_SERVER);
	/* and the next request of the connection */
	assert_int_equal(talk(&t, DOWN, "HTTP/1.1 200 OK\r\n\r\n"), 0);
	assert_int_equal(talk(&t, UP,
	    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: image/jpeg\r\n"
	    "Content-Length: 4\r\n\r\n\xff\xd8\xff\xe0"), NEWS_HTTP | NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_IMAGE);
	assert_int_equal(t.news.format, FORMAT_JPEG);
	talk_end(&t);
}

static void
test_pieces_of_any_size_and_order_say_the_same(void **state)
{
	uint8_t all[sizeof(put) - 1 + 20];
	size_t n = sizeof(all);
	struct talk t;

	memcpy(all, put, sizeof(put) - 1);
	memcpy(all + sizeof(put) - 1, id3, 20);
	for (size_t cut = 1; cut < n; cut++) {
		talk_start(&t, *state, IPPROTO_IS_TCP, 80);
		(void)talk_at(&t, UP, 0, all, cut, cut);
		(void)talk_at(&t, UP, cut, all + cut, n - cut, n - cut);
		assert_int_equal(t.all, NEWS_HTTP | NEWS_CONTENT);
		if (t.news.what & NEWS_CONTENT)
			assert_int_equal(t.news.format, FORMAT_MP3);
		talk_end(&t);
		/* the second piece first */
		talk_start(&t, *state, IPPROTO_IS_TCP, 80);
		assert_int_equal(talk_at(&t, UP, cut, all + cut, n - cut, n - cut), 0);
		(void)talk_at(&t, UP, 0, all, cut, cut);
		assert_int_equal(t.all, NEWS_HTTP | NEWS_CONTENT);
		talk_end(&t);
	}
	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	for (size_t i = 0; i < n; i++)
		(void)talk_at(&t, UP, i, all + i, 1, 1);
	assert_int_equal(t.all & NEWS_HTTP, NEWS_HTTP);
	talk_end(&t);
}

static void
test_a_magic_counts_only_where_a_body_starts(void **state)
{
	struct talk t;
	uint8_t body[600];

	memset(body, 'x', sizeof(body));
	memcpy(body + 7, id3, 20);
	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk(&t, UP, "PUT /x HTTP/1.1\r\nContent-Length: 600\r\n\r\n");
	assert_int_equal(talk_bytes(&t, UP, body, 600), 0);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_TCP, 9999);
	assert_int_equal(talk_bytes(&t, UP, body, 600), 0);
	talk_end(&t);
}

static void
test_a_type_or_a_name_counts_when_the_bytes_say_nothing(void **state)
{
	uint8_t body[4096] = { 1, 2, 3 };
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 8000);
	assert_int_equal(talk(&t, UP, "PUT /room HTTP/1.1\r\nContent-Type: audio/mpeg\r\n"
	    "Expect: 100-continue\r\n\r\n"), NEWS_HTTP);
	assert_int_equal(talk_bytes(&t, UP, body, 1000), NEWS_CONTENT);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.proof, PROOF_TYPE);
	assert_int_equal(t.news.length, UINT64_MAX);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_TCP, 8000);
	(void)talk(&t, UP, "PUT /a/rec.opus HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
	assert_int_equal(talk_bytes(&t, UP, body, 1000), NEWS_CONTENT);
	assert_int_equal(t.news.proof, PROOF_NAME);
	talk_end(&t);
}

static void
test_a_file_in_a_form_is_found(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk(&t, UP,
	    "POST /form HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
	    "Content-Type: multipart/form-data; boundary=\"xYz\"\r\n\r\n3e8\r\n");
	(void)talk(&t, UP,
	    "--xYz\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n"
	    "ID3 is not here\r\n--xYz\r\nContent-Disposition: form-data; name=\"f\"; "
	    "filename=\"a;b.ogg\"\r\nContent-Type: audio/ogg\r\n\r\n");
	assert_int_equal(talk_bytes(&t, UP,
	    "OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
	    "\x13OpusHead", 36), NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_OPUS);
	assert_span(t.news.name, "a;b.ogg");
	assert_span(t.news.type, "audio/ogg");
	talk_end(&t);
}

static void
test_a_response_is_not_read(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	assert_int_equal(talk(&t, UP, "GET /x.mp3 HTTP/1.1\r\nHost: h\r\n\r\n"),
	    NEWS_HTTP);
	assert_int_equal(talk(&t, DOWN,
	    "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"), 0);
	assert_int_equal(talk_bytes(&t, DOWN, id3, 20), 0);
	talk_end(&t);
}

/* A hello with a name, in records of at most `record` bytes. Returns its length. */
static size_t
hello(uint8_t *out, size_t record)
{
	static const char name[] = "inner.example";
	uint8_t h[200] = { 1, 0, 0, 0, 3, 3 };
	size_t n = 38, at = 0, len = sizeof(name) - 1;

	memcpy(h + n, "\0\0\2\x13\1\1\0", 7);	/* no session,
						 * one suite, no compression */
	n += 7;
	h[n + 1] = (uint8_t)(len + 9 + 6);
	n += 2;
	memcpy(h + n, "\0\x2b\0\2\3\4", 6);
	n += 6;
	memcpy(h + n, (uint8_t[]){ 0, 0, 0, (uint8_t)(len + 5), 0, (uint8_t)(len + 3), 0,
	    0, (uint8_t)len }, 9);
	memcpy(h + n + 9, name, len);
	n += 9 + len;
	h[3] = (uint8_t)(n - 4);
	for (size_t i = 0; i < n; i += record) {
		size_t part = n - i < record ? n - i : record;

		memcpy(out + at, (uint8_t[]){ 22, 3, 1, 0, (uint8_t)part }, 5);
		memcpy(out + at + 5, h + i, part);
		at += 5 + part;
	}
	return at;
}

static void
test_the_server_name_is_read_across_records_and_segments(void **state)
{
	uint8_t h[600];
	struct talk t;

	for (size_t record = 10; record <= 100; record += 45) {
		size_t n = hello(h, record);

		for (size_t cut = 1; cut < n; cut++) {
			talk_start(&t, *state, IPPROTO_IS_TCP, 443);
			(void)talk_bytes(&t, UP, h, cut);
			(void)talk_bytes(&t, UP, h + cut, n - cut);
			assert_int_equal(t.all, NEWS_SNI);
			if (t.news.what & NEWS_SNI)
				assert_span(t.news.sni, "inner.example");
			talk_end(&t);
		}
	}
}

static void
test_a_hello_that_the_snap_length_cut_ends_there(void **state)
{
	uint8_t h[600];
	size_t n = hello(h, 200);
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 443);
	assert_int_equal(talk_at(&t, UP, 0, h, 50, n), 0);
	assert_int_equal(talk_at(&t, UP, n, h, 20, 20), 0);
	assert_int_equal(t.all, 0);
	talk_end(&t);
}

static void
test_a_target_behind_a_proxy_and_the_name_inside(void **state)
{
	uint8_t h[600];
	size_t n = hello(h, 200);
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 3128);
	assert_int_equal(talk(&t, UP, "CONNECT hidden.example:443 HTTP/1.1\r\n"
	    "Host: hidden.example:443\r\n\r\n"), NEWS_HTTP | NEWS_TARGET);
	assert_span(t.news.target, "hidden.example");
	assert_int_equal(t.news.via, NAME_SOURCE_CONNECT);
	assert_int_equal(talk_bytes(&t, UP, h, n), NEWS_SNI);
	assert_span(t.news.sni, "inner.example");
	talk_end(&t);

	talk_start(&t, *state, IPPROTO_IS_TCP, 1080);
	(void)talk_bytes(&t, UP, "\5\2\0\2", 4);
	(void)talk_bytes(&t, UP, "\1\3ana\2pw", 8);
	assert_int_equal(talk_bytes(&t, UP, "\5\1\0\3\x0ehidden.example\1\xbb", 21),
	    NEWS_TARGET | NEWS_TUNNEL);
	assert_int_equal(t.news.tunnel, TUNNEL_SOCKS);
	assert_int_equal(t.news.via, NAME_SOURCE_SOCKS);
	assert_span(t.news.target, "hidden.example");
	assert_int_equal(talk_bytes(&t, UP, h, n), NEWS_SNI);
	talk_end(&t);

	talk_start(&t, *state, IPPROTO_IS_TCP, 1080);
	(void)talk_bytes(&t, UP, "\5\1\0", 3);
	(void)talk_bytes(&t, UP, "\5\1\0\1\xc6\x33\x64\x07\0\x50", 10);
	assert_span(t.news.target, "198.51.100.7");
	assert_int_equal(talk(&t, UP, put), NEWS_HTTP);
	talk_end(&t);

	talk_start(&t, *state, IPPROTO_IS_TCP, 1080);	/* SOCKS 4a */
	(void)talk_bytes(&t, UP, "\4\1\0\x50\0\0\0\1me\0h.example\0", 21);
	assert_span(t.news.target, "h.example");
	talk_end(&t);
}

static void
test_a_raw_file_is_known_in_either_direction(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 4444);
	assert_int_equal(talk_bytes(&t, DOWN, id3, 20), NEWS_CONTENT);
	assert_int_equal(t.news.body_dir, FLOW_TO_CLIENT);
	assert_int_equal(t.news.proof, PROOF_MAGIC);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_TCP, 4444);	/* nobody saw where it starts */
	t.flow.flags = FLOW_MIDSTREAM;
	assert_int_equal(talk_bytes(&t, UP, id3, 20), 0);
	talk_end(&t);
}

static void
test_ftp_data_is_found_and_named(void **state)
{
	struct talk ctl, data, later;

	talk_start(&ctl, *state, IPPROTO_IS_TCP, 21);
	(void)talk(&ctl, DOWN, "220 ready\r\n");
	(void)talk(&ctl, UP, "USER ana\r\n");
	(void)talk(&ctl, UP, "PASV\r\n");
	/* the text lies about the address; the port is what counts */
	(void)talk(&ctl, DOWN, "227 Entering Passive Mode (10,0,0,1,195,80).\r\n");
	talk_start(&data, *state, IPPROTO_IS_TCP, 195 * 256 + 80);
	assert_int_equal(talk_bytes(&data, UP, NULL, 0), 0);
	(void)talk(&ctl, UP, "STOR talk 1.amr\r\n");
	assert_int_equal(talk_bytes(&data, UP, "\1\2\3\4\5\6", 6), 0);
	for (int i = 0; i < 10; i++)
		(void)talk_bytes(&data, UP, "0123456789012345678901234567890123456789"
		    "012345678901234567890", 60);
	assert_int_equal(data.all, NEWS_CONTENT);
	talk_end(&data);

	talk_start(&data, *state, IPPROTO_IS_TCP, 195 * 256 + 80);
	assert_int_equal(talk_bytes(&data, UP, "#!AMR\nx", 7), NEWS_CONTENT);
	assert_int_equal(data.news.format, FORMAT_AMR);
	assert_span(data.news.name, "talk 1.amr");
	talk_end(&data);

	talk_start(&later, *state, IPPROTO_IS_TCP, 195 * 256 + 80);
	later.frame.time.ns = later.flow.first.ns = 61 * NS_PER_S;
	(void)talk_bytes(&later, UP, NULL, 0);
	assert_int_equal(talk_bytes(&later, UP, "#!AMR\nx", 7), NEWS_CONTENT);
	assert_int_equal(later.news.name.left, 0);	/* a plain file by then */
	talk_end(&later);

	/* extended and active: the server comes to the client */
	(void)talk(&ctl, UP, "EPRT |1|10.20.0.13|40100|\r\n");
	(void)talk(&ctl, UP, "STOR b.wav\r\n");
	talk_start(&data, *state, IPPROTO_IS_TCP, 40100);
	data.flow.server = ctl.flow.client;
	data.flow.client = ctl.flow.server;
	assert_int_equal(talk_bytes(&data, DOWN, "RIFF....WAVEfmt ", 16), NEWS_CONTENT);
	assert_span(data.news.name, "b.wav");
	assert_int_equal(data.news.body_dir, FLOW_TO_CLIENT);
	talk_end(&data);
	talk_end(&ctl);
}

static void
test_a_mail_attachment_is_decoded(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 25);
	(void)talk(&t, UP, "EHLO pc\r\n");
	(void)talk(&t, UP, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
	(void)talk(&t, UP, "Subject: x\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/mixed;\r\n boundary=\"outer\"\r\n\r\n--outer\r\n"
	    "Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n"
	    "Content-Type: text/plain\r\n\r\nhello\r\n--inner--\r\n--outer\r\n"
	    "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment;\r\n filename*=UTF-8''talk%201.bin\r\n\r\n");
	assert_int_equal(t.all, 0);
	assert_int_equal(talk(&t, UP, "SUQzBAAAAAAPdmdn\r\n"), NEWS_CONTENT);
	assert_int_equal(t.news.format, FORMAT_MP3);
	assert_span(t.news.name, "talk%201.bin");
	talk_end(&t);
}

static void
test_tls_behind_starttls_is_a_stream_of_its_own(void **state)
{
	uint8_t h[600];
	size_t n = hello(h, 200);
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 587);
	(void)talk(&t, UP, "EHLO pc\r\nSTARTTLS\r\n");
	assert_int_equal(talk_bytes(&t, UP, h, n), NEWS_SNI);
	talk_end(&t);
}

static void
test_ssh_is_known_by_its_banner_once(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 443);
	assert_int_equal(talk(&t, DOWN, "SSH-2.0-OpenSSH_9.2\r\n"), NEWS_TUNNEL);
	assert_int_equal(t.news.tunnel, TUNNEL_SSH);
	assert_int_equal(talk(&t, UP, "SSH-2.0-x\r\n"), 0);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_TCP, 22);
	assert_int_equal(talk(&t, UP, "HELLO SSH-2.0-x\r\n"), 0);
	talk_end(&t);
}

static unsigned
rtp(struct talk *t, enum flow_dir dir, uint8_t type, unsigned seq, uint8_t ssrc)
{
	uint8_t p[32] = { 0x80, type, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 0, 1, 2,
		3, ssrc };

	return talk_bytes(t, dir, p, sizeof(p));
}

static void
test_rtp_stands_after_four_packets_a_direction(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rtp(&t, UP, 111, 65534 + i, 9), 0);
	assert_int_equal(rtp(&t, UP, 111, 65537, 9), NEWS_RTP);
	assert_int_equal(t.news.rtp_type, 111);
	assert_int_equal(t.news.rtp_ssrc, 0x01020309);
	assert_int_equal(t.news.class, CONTENT_UNKNOWN);
	assert_int_equal(rtp(&t, UP, 111, 65538, 9), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(rtp(&t, DOWN, 0, i, 7), 0);
	assert_int_equal(rtp(&t, DOWN, 0, 3, 7), NEWS_RTP);
	assert_int_equal(t.news.class, CONTENT_AUDIO);
	assert_int_equal(t.news.body_dir, FLOW_TO_CLIENT);
	talk_end(&t);
}

static void
test_what_only_looks_like_rtp_does_not_stand(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(rtp(&t, UP, 72, i, 1), 0);		/* RTCP */
		/* no source */
		assert_int_equal(rtp(&t, UP, 0, i, (uint8_t)(i + 2)), 0);
		assert_int_equal(rtp(&t, DOWN, 0, i * 700, 5), 0);	/* no order */
	}
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_UDP, 5004);	/* sound and picture in turns */
	for (unsigned i = 0; i < 4; i++) {
		(void)rtp(&t, UP, 111, i, 1);
		(void)rtp(&t, UP, 96, 500 + i, 2);
	}
	assert_int_equal(t.all, NEWS_RTP);
	talk_end(&t);
}

static void
test_call_set_up_is_seen(void **state)
{
	static const uint8_t dtls[] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1,
	    1 };
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_UDP, 5060);
	assert_int_equal(talk(&t, UP, "INVITE sip:a@b SIP/2.0\r\n"), NEWS_SETUP);
	assert_int_equal(talk(&t, DOWN, "SIP/2.0 180 Ringing\r\n"), NEWS_SETUP);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_TCP, 5060);
	assert_int_equal(talk(&t, UP, "INVITE si"), 0);
	assert_int_equal(talk(&t, UP, "p:a@b SIP/2.0\r\n"), NEWS_SETUP);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_UDP, 40000);
	assert_int_equal(talk_bytes(&t, UP, "\0\1\0\0\x21\x12\xa4\x42" "abcdefghijkl",
	    20), NEWS_SETUP);
	assert_int_equal(talk_bytes(&t, UP, dtls, sizeof(dtls)), 0);	/* said already */
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_UDP, 40000);
	assert_int_equal(talk_bytes(&t, UP, "\0\1\0\4\x21\x12\xa4\x42" "abcdefghijkl",
	    20), 0);
	assert_int_equal(talk_bytes(&t, UP, dtls, sizeof(dtls) - 1), 0);
	assert_int_equal(talk_bytes(&t, UP, dtls, sizeof(dtls)), NEWS_SETUP);
	talk_end(&t);
}

static void
test_a_tunnel_needs_its_answer(void **state)
{
	uint8_t hello_vpn[42] = { 0x38 }, answer[54] = { 0x40 };
	uint8_t init[148] = { 1 }, reply[92] = { 2 };
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_UDP, 1194);
	assert_int_equal(talk_bytes(&t, DOWN, answer, sizeof(answer)), 0);
	assert_int_equal(talk_bytes(&t, UP, hello_vpn, sizeof(hello_vpn)), 0);
	/* not its first */
	assert_int_equal(talk_bytes(&t, DOWN, answer, sizeof(answer)), 0);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_UDP, 443);	/* QUIC's short header, later
							 * on */
	(void)talk_bytes(&t, UP, reply, sizeof(reply));
	(void)talk_bytes(&t, DOWN, reply, sizeof(reply));
	assert_int_equal(talk_bytes(&t, UP, hello_vpn, sizeof(hello_vpn)), 0);
	assert_int_equal(talk_bytes(&t, DOWN, answer, sizeof(answer)), 0);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_UDP, 1194);
	assert_int_equal(talk_bytes(&t, UP, hello_vpn, sizeof(hello_vpn)), 0);
	assert_int_equal(talk_bytes(&t, DOWN, answer, sizeof(answer)), NEWS_TUNNEL);
	assert_int_equal(t.news.tunnel, TUNNEL_OPENVPN);
	assert_int_equal(talk_bytes(&t, DOWN, answer, sizeof(answer)), 0);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_UDP, 51820);
	assert_int_equal(talk_bytes(&t, UP, init, sizeof(init)), 0);
	assert_int_equal(talk_bytes(&t, DOWN, reply, sizeof(reply)), NEWS_TUNNEL);
	assert_int_equal(t.news.tunnel, TUNNEL_WIREGUARD);
	talk_end(&t);
}

static const uint8_t query[] = "\0\1\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1";

static void
test_dns_is_read_on_udp_and_tcp_but_not_on_5353(void **state)
{
	uint8_t two[2 * (sizeof(query) + 1)];
	size_t n = sizeof(query) - 1;
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_UDP, 53);
	assert_int_equal(talk_at(&t, UP, 0, query, n - 4, 300), NEWS_DNS);
	assert_string_equal(t.news.dns.name, "www.example");
	assert_int_equal(t.news.dns_bytes, 300);
	talk_end(&t);
	talk_start(&t, *state, IPPROTO_IS_UDP, 5353);
	assert_int_equal(talk_bytes(&t, UP, query, n), 0);
	talk_end(&t);
	for (size_t i = 0; i < 2; i++) {
		two[i * (n + 2)] = 0;
		two[i * (n + 2) + 1] = (uint8_t)n;
		memcpy(two + i * (n + 2) + 2, query, n);
	}
	talk_start(&t, *state, IPPROTO_IS_TCP, 53);
	assert_int_equal(talk_bytes(&t, UP, two, 2 * (n + 2)), NEWS_DNS);
	assert_int_equal(t.news.dns_bytes, 2 * n);
	assert_int_equal(talk_at(&t, UP, 0, two, n, n), 0);	/* sent again */
	assert_int_equal(talk_bytes(&t, UP, two, n + 2), NEWS_DNS);
	talk_end(&t);
}

static void
test_a_dhcp_client_tells_its_name(void **state)
{
	uint8_t m[300] = { 1, 1, 6 };
	struct talk t;
	char text[ADDR_TEXT];

	memcpy(m + 28, "\x3c\x52\x82\x11\x0a\x13", 6);
	memcpy(m + 236,
	    "\x63\x82\x53\x63\x35\1\3\x0c\x08pc-press\x32\4\x0a\x14\0\x0d\xff", 24);
	talk_start(&t, *state, IPPROTO_IS_UDP, 67);
	t.flow.client_port = 68;
	assert_int_equal(talk_bytes(&t, UP, m, sizeof(m)), NEWS_DHCP);
	assert_span(t.news.dhcp.name, "pc-press");
	assert_true(t.news.dhcp.mac == 0x3c5282110a13U);
	assert_true(t.news.dhcp.has_addr);
	assert_string_equal(addr_print(&t.news.dhcp.addr, text), "10.20.0.13");
	assert_int_equal(t.news.dhcp.word, DHCP_ASKS);
	for (size_t n = 0; n < sizeof(m); n++)
		(void)talk_bytes(&t, UP, m, n);
	talk_end(&t);
}

static void
test_heads_are_given_back_and_the_oldest_goes_first(void **state)
{
	struct content *c = *state;
	struct talk t[20];
	uint64_t before = content_no_head(c);

	for (int i = 0; i < 20; i++) {
		talk_start(&t[i], c, IPPROTO_IS_TCP, 80);
		(void)talk(&t[i], UP, "PUT /x.mp3 HT");
	}
	assert_int_equal(content_no_head(c) - before, 4);
	assert_int_equal(talk(&t[19], UP, "TP/1.1\r\n\r\n"), NEWS_HTTP);
	assert_int_equal(talk(&t[0], UP, "TP/1.1\r\n\r\n"), 0);
	for (int i = 0; i < 20; i++)
		talk_end(&t[i]);
	before = content_no_head(c);
	for (int i = 0; i < 100; i++) {		/* decided flows hold nothing */
		talk_start(&t[0], c, IPPROTO_IS_TCP, 80);
		(void)talk(&t[0], UP,
		    "\1\2\3 this is nothing at all, and it is longer than any magic");
		free(t[0].bytes);
	}
	assert_int_equal(content_no_head(c), before);
}

static void
test_a_hole_nobody_fills_ends_the_reading(void **state)
{
	struct talk t;

	talk_start(&t, *state, IPPROTO_IS_TCP, 80);
	(void)talk_at(&t, UP, 0, "PUT ", 4, 4);
	(void)talk_at(&t, UP, 2000000, "x", 1, 1);
	assert_int_equal(talk_at(&t, UP, 4, "/x HTTP/1.1\r\n\r\n", 15, 15), 0);
	talk_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_http_upload_is_proven_by_its_body),
		cmocka_unit_test(test_pieces_of_any_size_and_order_say_the_same),
		cmocka_unit_test(test_a_magic_counts_only_where_a_body_starts),
		cmocka_unit_test(test_a_type_or_a_name_counts_when_the_bytes_say_nothing),
		cmocka_unit_test(test_a_file_in_a_form_is_found),
		cmocka_unit_test(test_a_response_is_not_read),
		cmocka_unit_test(
		    test_the_server_name_is_read_across_records_and_segments),
		cmocka_unit_test(test_a_hello_that_the_snap_length_cut_ends_there),
		cmocka_unit_test(test_a_target_behind_a_proxy_and_the_name_inside),
		cmocka_unit_test(test_a_raw_file_is_known_in_either_direction),
		cmocka_unit_test(test_ftp_data_is_found_and_named),
		cmocka_unit_test(test_a_mail_attachment_is_decoded),
		cmocka_unit_test(test_tls_behind_starttls_is_a_stream_of_its_own),
		cmocka_unit_test(test_ssh_is_known_by_its_banner_once),
		cmocka_unit_test(test_rtp_stands_after_four_packets_a_direction),
		cmocka_unit_test(test_what_only_looks_like_rtp_does_not_stand),
		cmocka_unit_test(test_call_set_up_is_seen),
		cmocka_unit_test(test_a_tunnel_needs_its_answer),
		cmocka_unit_test(test_dns_is_read_on_udp_and_tcp_but_not_on_5353),
		cmocka_unit_test(test_a_dhcp_client_tells_its_name),
		cmocka_unit_test(test_heads_are_given_back_and_the_oldest_goes_first),
		cmocka_unit_test(test_a_hole_nobody_fills_ends_the_reading),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
