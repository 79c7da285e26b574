/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dpi_bench: a cell, and hand-made flows that are fed to it packet by packet as decode
 * would hand them on; for the tests of classify/dpi.
 */
#ifndef TESTS_UNIT_CLASSIFY_DPI_BENCH_H
#define TESTS_UNIT_CLASSIFY_DPI_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "classify/dpi/cell.h"
#include "classify/dpi/vocabulary.h"

#include <string.h>

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

static inline void
on_verdict(void *arg, void *cookie, const struct dpi_result *r)
{
	struct bench *b = arg;
	struct conversation *c = cookie;

	c->verdicts++;
	c->result = *r;
	c->order = ++b->told;
}

static inline void
on_quarantine(void *arg, void *cookie, uint64_t ordinal)
{
	struct bench *b = arg;
	struct conversation *c = cookie;

	c->quarantines++;
	c->killed_by = ordinal;
	c->order = ++b->told;
}

static inline void
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

static inline void
bench_close(struct bench *b)
{
	dpi_destroy(b->dpi);
	dpi_cell_stop(b->cell);
}

static inline void
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
static inline void
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

static inline struct pkt_time
at(int64_t ns)
{
	return (struct pkt_time){ ns };
}

#endif
