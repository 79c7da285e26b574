/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dpi: verdicts of the real cell over hand-made flows; then its deaths, hangs and lies,
 * and what they cost: the packet that was being read, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/dpi/cell.h"
#include "classify/dpi/vocabulary.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KILLER "tests/captures/hostile/dtls-certificate-kills-libndpi-4.2.pcap"
#define T0 (INT64_C(1700000000) * NS_PER_S)
#define MAX_FLOWS 64

/* A flow of the test: what the flow table would keep, and what it was told. */
struct conversation {
	struct dpi_flow dpi;
	struct flow flow;
	uint8_t proto;
	uint16_t sport, dport;
	uint8_t client, server;		/* last bytes of the addresses */
	uint32_t seq[2];
	struct dpi_result result;
	unsigned verdicts, quarantines;
	uint64_t killed_by;
	unsigned order;			/* when it was told, from 1 */
};

struct bench {
	struct dpi_cell *cell;
	struct dpi *dpi;
	uint64_t ordinal;
	unsigned told;
	struct conversation c[MAX_FLOWS];
};

static uint8_t killer_payload[2048];
static size_t killer_len;

static void
on_verdict(void *arg, void *cookie, const struct dpi_result *r)
{
	struct bench *b = arg;
	struct conversation *c = cookie;

	c->verdicts++;
	c->result = *r;
	c->order = ++b->told;
}

static void
on_quarantine(void *arg, void *cookie, uint64_t ordinal)
{
	struct bench *b = arg;
	struct conversation *c = cookie;

	c->quarantines++;
	c->killed_by = ordinal;
	c->order = ++b->told;
}

static void
bench_open(struct bench *b, const struct classifier_ops *ops, struct dpi_options o,
    size_t slots)
{
	const struct dpi_cell_options co = { .slots = slots };
	struct fault why = { "", "" };

	memset(b, 0, sizeof(*b));
	b->cell = ops == NULL ? dpi_cell_start(&co, &why) :
	    dpi_cell_start_with(&co, ops, &why);
	if (b->cell == NULL)
		fail_msg("%s", why.what);
	o.cell = b->cell;
	o.arg = b;
	o.on_verdict = on_verdict;
	o.on_quarantine = on_quarantine;
	b->dpi = dpi_create(&o, &why);
	if (b->dpi == NULL)
		fail_msg("%s", why.what);
}

static void
bench_close(struct bench *b)
{
	dpi_destroy(b->dpi);
	dpi_cell_stop(b->cell);
}

static void
begin(struct conversation *c, uint8_t proto, uint16_t sport, uint16_t dport)
{
	memset(c, 0, sizeof(*c));
	c->proto = proto;
	c->sport = sport;
	c->dport = dport;
	c->client = 5;
	c->server = 9;
	c->seq[0] = 1000;
	c->seq[1] = 5000;
}

/* One packet of the conversation, as decode would hand it on. */
static void
feed(struct bench *b, struct conversation *c, enum flow_dir dir, const void *payload,
    size_t n, int64_t at)
{
	static uint8_t l3[66000];
	const size_t head = 20u + (c->proto == 6 ? 20u : 8u);
	const bool up = dir == FLOW_TO_SERVER;
	struct frame frame = { .time = { at }, .ordinal = ++b->ordinal };
	struct packet p = { .frame = &frame, .class = PACKET_FLOW, .ip_version = 4 };
	struct flow_hit hit = { .flow = &c->flow, .pkt = &p, .dir = dir };
	uint32_t seq = c->seq[dir], ack = c->seq[1 - dir];

	p.proto = c->proto;
	p.sport = up ? c->sport : c->dport;
	p.dport = up ? c->dport : c->sport;
	memset(l3, 0, head);
	l3[0] = 0x45;
	l3[2] = (uint8_t)((head + n) >> 8);
	l3[3] = (uint8_t)(head + n);
	l3[8] = 64;
	l3[9] = c->proto;
	memcpy(l3 + 12, "\xc0\x00\x02", 3);
	memcpy(l3 + 16, "\xc0\x00\x02", 3);
	l3[15] = up ? c->client : c->server;
	l3[19] = up ? c->server : c->client;
	l3[20] = (uint8_t)(p.sport >> 8);
	l3[21] = (uint8_t)p.sport;
	l3[22] = (uint8_t)(p.dport >> 8);
	l3[23] = (uint8_t)p.dport;
	if (c->proto == 6) {
		for (int i = 0; i < 4; i++) {
			l3[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
			l3[28 + i] = (uint8_t)(ack >> (24 - 8 * i));
		}
		l3[32] = 0x50;
		l3[33] = TCP_ACK | TCP_PSH;
		c->seq[dir] += (uint32_t)n;
	} else {
		l3[24] = (uint8_t)((n + 8) >> 8);
		l3[25] = (uint8_t)(n + 8);
	}
	memcpy(l3 + head, payload, n);
	p.l3 = span_of(l3, head + n);
	p.l3_wire = (uint32_t)(head + n);
	p.payload = span_of(l3 + head, n);
	p.payload_wire = (uint32_t)n;
	dpi_packet(b->dpi, &c->dpi, c, &hit);
}

static struct pkt_time
at(int64_t ns)
{
	return (struct pkt_time){ ns };
}

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

/* A classifier whose fate stands in the payload: 'K' dies, 'S' spins, 'L' answers
 * nonsense, 'V' decides. A flow's app is the letters it read. */
struct fake_flow {
	char read[32];
	unsigned n;
};

static void *
fake_create(struct fault *why)
{
	static char it;

	(void)why;
	return &it;
}

static void
fake_destroy(void *c)
{
	(void)c;
}

static void *
fake_open(void *c)
{
	(void)c;
	return calloc(1, sizeof(struct fake_flow));
}

static void
fake_close(void *c, void *flow)
{
	(void)c;
	free(flow);
}

static void
fake_giveup(void *c, void *flow, struct cell_result *out)
{
	struct fake_flow *f = flow;

	(void)c;
	memset(out, 0, sizeof(*out));
	memcpy(out->app, f->read, f->n);
	memcpy(out->host, "given up", 9);
	out->confidence = CONFIDENCE_GUESS;
}

static bool
fake_feed(void *c, void *flow, const uint8_t *l3, size_t len, uint64_t ms, unsigned flags,
    struct cell_result *out)
{
	struct fake_flow *f = flow;
	const char letter = (char)l3[28];
	volatile bool spin = true;

	(void)c;
	(void)ms;
	(void)flags;
	/* The padding is part of the promise. */
	for (size_t i = 0; i < CELL_PADDING; i++)
		if (l3[len + i] != 0)
			_exit(9);
	if (letter == 'K')
		_exit(11);
	while (letter == 'S' && spin)
		continue;
	if (f->n < sizeof(f->read) - 1)
		f->read[f->n++] = letter;
	if (letter != 'V' && letter != 'L')
		return false;
	fake_giveup(c, flow, out);
	out->host[0] = '\0';
	if (letter == 'L')
		memset(out, 0xff, sizeof(*out));
	return true;
}

static const struct classifier_ops fake = { fake_create, fake_destroy, fake_open,
	fake_feed, fake_giveup, fake_close };

static void
letter(struct bench *b, struct conversation *c, const char *what, int64_t when)
{
	for (; *what != '\0'; what++) {
		char filled[40];

		memset(filled, *what, sizeof(filled));
		feed(b, c, FLOW_TO_SERVER, filled, sizeof(filled), when);
	}
}

static void
fake_bench(struct bench *b, struct dpi_options o, size_t slots)
{
	bench_open(b, &fake, o, slots);
	for (uint16_t i = 0; i < MAX_FLOWS; i++)
		begin(&b->c[i], 17, (uint16_t)(40000 + i), 4000);
}

static void
test_after_a_death_open_flows_are_fed_again_in_order_of_opening(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "AV", T0);		/* answered before the death: stays */
	letter(&b, &b.c[1], "B", T0);
	letter(&b, &b.c[2], "CK", T0);
	letter(&b, &b.c[3], "DV", T0);		/* behind the killer in the ring */
	letter(&b, &b.c[1], "EV", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 3);
	assert_string_equal(b.c[0].result.app, "av");
	assert_string_equal(b.c[1].result.app, "bev");
	assert_string_equal(b.c[3].result.app, "dv");
	assert_int_equal(b.c[2].quarantines, 1);
	assert_int_equal(b.c[2].killed_by, 5);
	assert_int_equal(b.c[0].order, 1);
	assert_int_equal(b.c[2].order, 2);
	assert_int_equal(b.c[1].order, 3);	/* fed again: in order of opening */
	assert_int_equal(b.c[3].order, 4);
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 1);
	assert_int_equal(n.hangs, 0);
	assert_int_equal(n.refed, 2);
	assert_int_equal(n.refeed_lost, 0);
	bench_close(&b);
}

static void
test_deaths_while_feeding_again_end_when_the_killers_are_found(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	for (unsigned i = 0; i < 10; i++)
		letter(&b, &b.c[i], i % 2 == 0 ? "AAK" : "AAAV", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 5);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(b.c[i].quarantines, i % 2 == 0);
		assert_int_equal(b.c[i].verdicts, i % 2);
	}
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 5);
	bench_close(&b);
}

static void
test_after_a_death_a_flow_is_judged_by_what_was_kept_of_it(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	/* Room for two packets a flow, and for two flows in all. */
	fake_bench(&b, (struct dpi_options){ .kept_flow = 200, .kept_all = 400 }, 0);
	letter(&b, &b.c[0], "ABCD", T0);
	letter(&b, &b.c[1], "EF", T0);
	letter(&b, &b.c[2], "GH", T0);
	letter(&b, &b.c[3], "K", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 2);
	/* Not all of it was kept: a guess from its beginning. */
	assert_int_equal(b.c[0].verdicts, 1);
	assert_string_equal(b.c[0].result.app, "ab");
	assert_string_equal(b.c[0].result.host, "given up");
	/* Nothing of it was kept. */
	assert_int_equal(b.c[2].verdicts, 1);
	assert_string_equal(b.c[2].result.app, "");
	assert_int_equal(b.c[2].dpi.state, DPI_GIVEN_UP);
	letter(&b, &b.c[1], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_string_equal(b.c[1].result.app, "efv");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.refeed_lost, 1);
	assert_int_equal(n.refed, 2);
	bench_close(&b);
}

static void
test_a_last_guess_survives_the_death_of_the_cell(void **state)
{
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "AB", T0);
	letter(&b, &b.c[1], "K", T0);
	dpi_end(b.dpi, &b.c[0].dpi, at(T0));
	assert_int_equal(b.c[0].verdicts, 1);
	assert_string_equal(b.c[0].result.app, "ab");
	assert_string_equal(b.c[0].result.host, "given up");
	assert_int_equal(b.c[1].quarantines, 0);	/* its turn is at the next sync */
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	assert_int_equal(b.c[1].quarantines, 1);
	bench_close(&b);
}

static void
test_a_spinning_cell_is_killed_by_its_own_cpu_time(void **state)
{
	struct timespec t0, t1;
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	letter(&b, &b.c[1], "S", T0);
	letter(&b, &b.c[0], "V", T0);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	assert_int_equal(b.c[1].quarantines, 1);
	assert_string_equal(b.c[0].result.app, "av");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.hangs, 1);
	assert_int_equal(n.deaths, 1);
	assert_true(t1.tv_sec - t0.tv_sec < 5);
	bench_close(&b);
}

static void
test_a_lying_cell_is_killed_and_its_answer_is_not_believed(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	letter(&b, &b.c[1], "LLLLL", T0);
	/* It would lie for ever: the breaker ends it. */
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 2);
	assert_true(dpi_broken(b.dpi));
	assert_string_equal(b.c[0].result.app, "");
	assert_string_equal(b.c[1].result.app, "");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 20);
	bench_close(&b);
}

static void
test_25_deaths_in_ten_seconds_trip_the_breaker_for_a_minute(void **state)
{
	struct dpi_counters n;
	struct bench b;
	int64_t when = T0;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[60], "A", T0);
	for (unsigned i = 0; i < 25; i++, when += 300 * NS_PER_MS) {
		letter(&b, &b.c[i], "K", when);
		dpi_sync(b.dpi, at(when));
		assert_int_equal(dpi_broken(b.dpi), i >= 19);
	}
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 20);
	assert_int_equal(n.breaker_trips, 1);
	assert_int_equal(b.c[19].quarantines, 1);
	assert_int_equal(b.c[20].quarantines, 0);
	assert_int_equal(b.c[20].dpi.state, DPI_GIVEN_UP);
	assert_int_equal(b.c[60].verdicts, 1);
	assert_string_equal(b.c[60].result.app, "");
	/* 59 s after the trip it is still open, 60 s after it is not. */
	when = T0 + 19 * 300 * NS_PER_MS + 59 * NS_PER_S;
	letter(&b, &b.c[30], "V", when);
	assert_int_equal(dpi_sync(b.dpi, at(when)), 0);
	when += NS_PER_S;
	letter(&b, &b.c[31], "V", when);
	assert_int_equal(dpi_sync(b.dpi, at(when)), 1);
	assert_false(dpi_broken(b.dpi));
	assert_string_equal(b.c[31].result.app, "v");
	bench_close(&b);
}

static void
test_15_deaths_and_25_far_apart_do_not_trip_it(void **state)
{
	struct dpi_counters n;
	struct bench b;
	int64_t when = T0;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	for (unsigned i = 0; i < 15; i++, when += 100 * NS_PER_MS) {
		letter(&b, &b.c[i], "K", when);
		dpi_sync(b.dpi, at(when));
	}
	when += 20 * NS_PER_S;
	for (unsigned i = 15; i < 40; i++, when += 600 * NS_PER_MS) {
		letter(&b, &b.c[i], "K", when);
		dpi_sync(b.dpi, at(when));
	}
	assert_false(dpi_broken(b.dpi));
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 40);
	assert_int_equal(n.breaker_trips, 0);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(b.c[i].quarantines, 1);
	bench_close(&b);
}

static void
test_a_cell_killed_from_outside_costs_nobody(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(kill(n.cell_pid, SIGKILL), 0);
	letter(&b, &b.c[0], "V", T0);
	/* Whether the death is seen before or after the answer,
	 * the answer is the same. */
	while (b.c[0].verdicts == 0)
		dpi_sync(b.dpi, at(T0));
	assert_string_equal(b.c[0].result.app, "av");
	bench_close(&b);
}

static void
test_without_its_zygote_the_sensor_gives_up_and_goes_on(void **state)
{
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	assert_int_equal(kill(dpi_cell_zygote_pid(b.cell), SIGKILL), 0);
	letter(&b, &b.c[0], "BV", T0);
	letter(&b, &b.c[1], "C", T0);
	/* The cell may have answered before its parent's death reached it. */
	dpi_sync(b.dpi, at(T0));
	letter(&b, &b.c[1], "DK", T0);
	dpi_sync(b.dpi, at(T0));
	dpi_end(b.dpi, &b.c[1].dpi, at(T0));
	assert_int_equal(b.c[0].verdicts, 1);
	assert_int_equal(b.c[1].verdicts, 1);
	assert_string_equal(b.c[1].result.app, "");
	letter(&b, &b.c[2], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 0);
	assert_int_equal(b.c[2].dpi.state, DPI_GIVEN_UP);
	bench_close(&b);
}

static void
test_flows_beyond_the_slots_are_counted_and_slots_come_back(void **state)
{
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 2);
	letter(&b, &b.c[0], "A", T0);
	letter(&b, &b.c[1], "A", T0);
	letter(&b, &b.c[2], "A", T0);
	assert_int_equal(b.c[2].dpi.state, DPI_GIVEN_UP);
	letter(&b, &b.c[0], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	letter(&b, &b.c[3], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_string_equal(b.c[3].result.app, "v");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.no_slot, 1);
	bench_close(&b);
}

static void
test_more_than_a_ring_between_two_syncs_is_answered_all_the_same(void **state)
{
	static uint8_t big[9000];
	struct dpi_counters n;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	memset(big, 'A', sizeof(big));
	/* 60 flows x 20 packets x 9 kB: five times what one drain holds. */
	for (unsigned i = 0; i < 60; i++)
		for (unsigned j = 0; j < 20; j++)
			feed(&b, &b.c[i], FLOW_TO_SERVER, big, sizeof(big), T0);
	for (unsigned i = 0; i < 60; i++)
		letter(&b, &b.c[i], "V", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 60);
	for (unsigned i = 0; i < 60; i++) {
		assert_string_equal(b.c[i].result.app, "aaaaaaaaaaaaaaaaaaaav");
		assert_int_equal(b.c[i].order, i + 1);
	}
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.packets, 60 * 21);
	assert_int_equal(n.deaths, 0);
	bench_close(&b);
}

static void
test_a_second_sensor_gets_a_cell_of_its_own(void **state)
{
	struct dpi_options o = { .on_verdict = on_verdict,
		.on_quarantine = on_quarantine };
	struct dpi_counters n;
	struct fault why;
	struct bench b;

	(void)state;
	fake_bench(&b, (struct dpi_options){ .arg = NULL }, 0);
	letter(&b, &b.c[0], "A", T0);
	dpi_sync(b.dpi, at(T0));
	dpi_destroy(b.dpi);
	o.cell = b.cell;
	o.arg = &b;
	b.dpi = dpi_create(&o, &why);
	assert_non_null(b.dpi);
	/* The same slot, another flow: nothing of the first one is in it. */
	letter(&b, &b.c[1], "BV", T0);
	assert_int_equal(dpi_sync(b.dpi, at(T0)), 1);
	assert_string_equal(b.c[1].result.app, "bv");
	dpi_get_counters(b.dpi, &n);
	assert_int_equal(n.deaths, 0);
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
		cmocka_unit_test(
		    test_after_a_death_open_flows_are_fed_again_in_order_of_opening),
		cmocka_unit_test(
		    test_deaths_while_feeding_again_end_when_the_killers_are_found),
		cmocka_unit_test(
		    test_after_a_death_a_flow_is_judged_by_what_was_kept_of_it),
		cmocka_unit_test(test_a_last_guess_survives_the_death_of_the_cell),
		cmocka_unit_test(test_a_spinning_cell_is_killed_by_its_own_cpu_time),
		cmocka_unit_test(
		    test_a_lying_cell_is_killed_and_its_answer_is_not_believed),
		cmocka_unit_test(
		    test_25_deaths_in_ten_seconds_trip_the_breaker_for_a_minute),
		cmocka_unit_test(test_15_deaths_and_25_far_apart_do_not_trip_it),
		cmocka_unit_test(test_a_cell_killed_from_outside_costs_nobody),
		cmocka_unit_test(test_without_its_zygote_the_sensor_gives_up_and_goes_on),
		cmocka_unit_test(
		    test_flows_beyond_the_slots_are_counted_and_slots_come_back),
		cmocka_unit_test(
		    test_more_than_a_ring_between_two_syncs_is_answered_all_the_same),
		cmocka_unit_test(test_a_second_sensor_gets_a_cell_of_its_own),
		cmocka_unit_test(test_without_a_classifier_every_flow_is_given_up),
	};

	return cmocka_run_group_tests(tests, read_killer, NULL);
}
