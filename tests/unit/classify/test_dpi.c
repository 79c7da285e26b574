/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dpi: verdicts of the real cell over hand-made flows, and what kills it. */
#include "tests/unit/classify/dpi_bench.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KILLER "tests/captures/hostile/dtls-certificate-kills-libndpi-4.2.pcap"

static uint8_t killer_payload[2048];
static size_t killer_len;

/* A client hello for a name. */
static size_t
hello(uint8_t *p, const char *sni)
{
	static const uint8_t ciphers[] = { 0x13, 0x01, 0x13, 0x02, 0xc0, 0x2f, 0xc0,
	    0x30 };
	size_t n = 0, len = strlen(sni), ext;

	memcpy(p, "\x16\x03\x01\0\0\x01\0\0\0\x03\x03", 11);
	n = 11;
	memset(p + n, 0x5a, 32);
	n += 32;
	p[n++] = 0;
	p[n++] = 0;
	p[n++] = sizeof(ciphers);
	memcpy(p + n, ciphers, sizeof(ciphers));
	n += sizeof(ciphers);
	memcpy(p + n, "\x01\0", 2);
	n += 2;
	ext = len + 9;
	p[n++] = 0;
	p[n++] = (uint8_t)ext;
	memcpy(p + n, "\0\0\0", 3);
	n += 3;
	p[n++] = (uint8_t)(len + 5);
	p[n++] = 0;
	p[n++] = (uint8_t)(len + 3);
	p[n++] = 0;
	p[n++] = 0;
	p[n++] = (uint8_t)len;
	memcpy(p + n, sni, len);
	n += len;
	p[3] = (uint8_t)((n - 5) >> 8);
	p[4] = (uint8_t)(n - 5);
	p[7] = (uint8_t)((n - 9) >> 8);
	p[8] = (uint8_t)(n - 9);
	return n;
}

static void
feed_hello(struct bench *b, struct conversation *c, const char *sni, int64_t when)
{
	uint8_t p[512];
	size_t n = hello(p, sni);

	feed(b, c, FLOW_TO_SERVER, p, n, when);
}

static void
feed_killer(struct bench *b, struct conversation *c, int64_t when)
{
	feed(b, c, FLOW_TO_CLIENT, killer_payload, killer_len, when);
}

/* The UDP payload of the first packet of a classic pcap, little endian,
 * Ethernet or cooked. */
static int
read_killer(void **state)
{
	static uint8_t file[4096];
	FILE *f = fopen(KILLER, "rb");
	struct span s, ip;
	uint32_t cap, link;
	size_t n;

	(void)state;
	if (f == NULL)
		return -1;
	n = fread(file, 1, sizeof(file), f);
	fclose(f);
	s = span_of(file, n);
	if (!span_skip(&s, 20) || !span_le32(&s, &link) || !span_skip(&s, 8) ||
	    !span_le32(&s, &cap) || !span_skip(&s, 4) || !span_take(&s, cap, &ip) ||
	    !span_skip(&ip, 14 + 20 + 8) || ip.left > sizeof(killer_payload))
		return -1;
	killer_len = ip.left;
	memcpy(killer_payload, ip.at, ip.left);
	return link == 1 ? 0 : -1;
}

static void
test_tls_is_named_by_its_hello(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL, (struct dpi_options){ .arg = NULL }, 0);
	begin(&b.c[0], 6, 40001, 443);
	feed_hello(&b, &b.c[0], "voice.example", T0);
	assert_true(dpi_wants(&b.c[0].dpi));
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_int_equal(b.c[0].verdicts, 1);
	assert_string_equal(b.c[0].result.app, "tls");
	assert_string_equal(b.c[0].result.host, "voice.example");
	assert_string_equal(b.c[0].result.category, "web");
	assert_int_equal(b.c[0].result.confidence, CONFIDENCE_DPI);
	assert_false(b.c[0].result.quic);
	assert_false(dpi_wants(&b.c[0].dpi));
	assert_int_equal(b.c[0].dpi.state, DPI_DECIDED);
	/* Nothing is sent after the verdict, and the end is quiet. */
	feed_hello(&b, &b.c[0], "voice.example", T0);
	dpi_end(b.dpi, &b.c[0].dpi, at(T0));
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	assert_int_equal(b.c[0].verdicts, 1);
	bench_close(&b);
}

static void
test_dns_ssh_and_rtp_have_their_names(void **state)
{
	static const char query[] =
	    "\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x05voice\x07" "example\0\0\x01\0\x01";
	static const char banner[] = "SSH-2.0-OpenSSH_9.2\r\n";
	uint8_t rtp[172] = { 0x80, 0x00 };
	struct dpi_counters n;
	struct bench b;

	(void)state;
	bench_open(&b, NULL, (struct dpi_options){ .arg = NULL }, 0);
	begin(&b.c[0], 17, 40001, 53);
	begin(&b.c[1], 6, 40002, 22);
	begin(&b.c[2], 17, 40004, 40006);
	begin(&b.c[3], 17, 40008, 40010);
	feed(&b, &b.c[0], FLOW_TO_SERVER, query, sizeof(query) - 1, T0);
	/* The server speaks first: the handshake that is not sent
	 * is written by the cell. */
	feed(&b, &b.c[1], FLOW_TO_CLIENT, banner, sizeof(banner) - 1, T0);
	feed(&b, &b.c[1], FLOW_TO_SERVER, banner, sizeof(banner) - 1, T0);
	feed(&b, &b.c[3], FLOW_TO_SERVER, rtp, sizeof(rtp), T0);
	for (uint8_t i = 0; i < 4; i++) {
		rtp[3] = i;
		feed(&b, &b.c[2], FLOW_TO_SERVER, rtp, sizeof(rtp), T0);
	}
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 3);
	assert_string_equal(b.c[0].result.app, "dns");
	assert_string_equal(b.c[0].result.host, "voice.example");
	assert_string_equal(b.c[1].result.app, "ssh");
	assert_int_equal(tunnel_from_app(b.c[1].result.app), TUNNEL_SSH);
	assert_string_equal(b.c[2].result.app, "rtp");
	assert_true(b.c[0].order < b.c[1].order && b.c[1].order < b.c[2].order);
	/* One lookalike is not RTP, not even in a last guess. */
	assert_int_equal(b.c[3].verdicts, 0);
	dpi_end(b.dpi, &b.c[3].dpi, at(T0));
	assert_int_equal(b.c[3].verdicts, 1);
	assert_string_equal(b.c[3].result.app, "");
	assert_int_equal(b.c[3].result.confidence, CONFIDENCE_NONE);
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.packets, 8);
	assert_int_equal(n.deaths, 0);
	bench_close(&b);
}

static void
test_an_undecided_flow_is_guessed_at_its_end(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL, (struct dpi_options){ .arg = NULL }, 0);
	begin(&b.c[0], 6, 40001, 5432);
	feed(&b, &b.c[0], FLOW_TO_SERVER, "\xe7\x03\x9a\x44\x10\x20", 6, T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	dpi_end(b.dpi, &b.c[0].dpi, at(T0));
	assert_int_equal(b.c[0].verdicts, 1);
	assert_true(b.c[0].result.confidence != CONFIDENCE_DPI);
	/* The slot is free again, and nothing is told twice. */
	assert_int_equal(b.c[0].dpi.slot, 0);
	dpi_end(b.dpi, &b.c[0].dpi, at(T0));
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	assert_int_equal(b.c[0].verdicts, 1);
	bench_close(&b);
}

static void
test_every_flow_is_answered_by_its_24th_packet(void **state)
{
	struct bench b;
	uint8_t noise[64];

	(void)state;
	bench_open(&b, NULL, (struct dpi_options){ .arg = NULL }, 0);
	begin(&b.c[0], 17, 40001, 40003);
	for (unsigned i = 0; i < 40; i++) {
		for (unsigned j = 0; j < sizeof(noise); j++)
			noise[j] = (uint8_t)(0xe0 | (i * 13 + j * 7) % 31);
		feed(&b, &b.c[0], FLOW_TO_SERVER, noise, sizeof(noise), T0);
	}
	assert_int_equal(b.c[0].dpi.sent, DPI_PACKETS);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_int_equal(b.c[0].verdicts, 1);
	bench_close(&b);
}

static void
test_the_running_cell_is_behind_its_filter_and_holds_no_descriptor(void **state)
{
	char path[64], buf[4096];
	struct dpi_counters n;
	struct dirent *e;
	struct bench b;
	unsigned fds = 0;
	size_t len;
	FILE *f;
	DIR *d;

	(void)state;
	bench_open(&b, NULL, (struct dpi_options){ .arg = NULL }, 0);
	dpi_get_counters(b.dpi, &n);
	assert_true(n.cell_pid > 0);
	snprintf(path, sizeof(path), "/proc/%d/status", n.cell_pid);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[len] = '\0';
	assert_non_null(strstr(buf, "\nSeccomp:\t2\n"));
	assert_non_null(strstr(buf, "\nNoNewPrivs:\t1\n"));
	assert_non_null(strstr(buf, "\nCapPrm:\t0000000000000000\n"));
	/* Who may not look (not root: the cell is not dumpable) sees no folder at all. */
	snprintf(path, sizeof(path), "/proc/%d/fd", n.cell_pid);
	d = opendir(path);
	if (d != NULL) {
		while ((e = readdir(d)) != NULL)
			fds += e->d_name[0] != '.';
		closedir(d);
	}
	assert_int_equal(fds, 0);
	bench_close(&b);
}

static void
test_known_killers_are_filtered_and_counted(void **state)
{
	static uint8_t dns[600] = { 0x12, 0x34, 0x01, 0, 0, 1 };
	uint8_t second[16 + 2048] = { 0x14, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1 };
	struct dpi_counters n;
	struct bench b;

	(void)state;
	bench_open(&b, NULL, (struct dpi_options){ .arg = NULL }, 0);
	begin(&b.c[0], 17, 40000, 4433);
	begin(&b.c[1], 17, 40000, 53);
	begin(&b.c[2], 17, 40000, 4434);
	feed_killer(&b, &b.c[0], T0);
	feed(&b, &b.c[1], FLOW_TO_SERVER, dns, sizeof(dns), T0);
	memcpy(second + 14, killer_payload, killer_len);
	feed(&b, &b.c[2], FLOW_TO_CLIENT, second, 14 + killer_len, T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.filtered, 3);
	assert_int_equal(n.packets, 0);
	assert_int_equal(n.deaths, 0);
	bench_close(&b);
}

/* On libraries that survive it, this packet kills nothing and the tests of deaths rest on
 * the classifier below, which always dies. */
static void
test_the_real_killer_costs_its_own_flow_only(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	bench_open(&b, NULL, (struct dpi_options){ .pass_killers = true }, 0);
	begin(&b.c[0], 17, 40000, 4433);
	begin(&b.c[1], 17, 40002, 40004);
	begin(&b.c[2], 6, 40003, 443);
	/* Undecided at the death; its second packet comes after it. */
	feed(&b, &b.c[1], FLOW_TO_SERVER, "\x80\0\0\1\0\0\0\1\0\0\0\1xxxx", 16, T0);
	feed_killer(&b, &b.c[0], T0);
	feed_hello(&b, &b.c[2], "after.example", T0);
	dpi_sync(b.dpi, at(T0));
	dpi_get_counters(b.dpi, &n);
	assert_string_equal(b.c[2].result.host, "after.example");
	if (n.deaths > 0) {
		assert_int_equal(n.deaths, 1);
		assert_int_equal(b.c[0].quarantines, 1);
		assert_int_equal(b.c[0].verdicts, 0);
		assert_int_equal(b.c[0].killed_by, 2);
		assert_int_equal(b.c[0].dpi.state, DPI_QUARANTINED);
		assert_int_equal(n.refed, 2);
	}
	for (uint8_t i = 2; i < 5; i++)
		feed(&b, &b.c[1], FLOW_TO_SERVER, "\x80\0\0\1\0\0\0\1\0\0\0\1xxxx", 16,
		    T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_string_equal(b.c[1].result.app, "rtp");
	assert_int_equal(b.c[1].quarantines, 0);
	bench_close(&b);
}
static void
test_without_a_classifier_every_flow_is_given_up(void **state)
{
	const struct dpi_cell_options co = { .none = true };
	struct dpi_cell *cell = dpi_cell_start(&co, NULL);
	struct dpi_options o = { .cell = cell };
	struct bench b;

	(void)state;
	assert_non_null(cell);
	memset(&b, 0, sizeof(b));
	b.dpi = dpi_create(&o, NULL);
	assert_non_null(b.dpi);
	begin(&b.c[0], 6, 1, 443);
	feed_hello(&b, &b.c[0], "x.example", T0);
	assert_int_equal(b.c[0].dpi.state, DPI_GIVEN_UP);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	dpi_end(b.dpi, &b.c[0].dpi, at(T0));
	dpi_destroy(b.dpi);
	dpi_cell_stop(cell);
	dpi_cell_stop(NULL);
	dpi_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls_is_named_by_its_hello),
		cmocka_unit_test(test_dns_ssh_and_rtp_have_their_names),
		cmocka_unit_test(test_an_undecided_flow_is_guessed_at_its_end),
		cmocka_unit_test(test_every_flow_is_answered_by_its_24th_packet),
		cmocka_unit_test(
		    test_the_running_cell_is_behind_its_filter_and_holds_no_descriptor),
		cmocka_unit_test(test_known_killers_are_filtered_and_counted),
		cmocka_unit_test(test_the_real_killer_costs_its_own_flow_only),
		cmocka_unit_test(test_without_a_classifier_every_flow_is_given_up),
	};

	return cmocka_run_group_tests(tests, read_killer, NULL);
}
