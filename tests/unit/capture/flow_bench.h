/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow_bench: a flow table on a bench, for its tests: it writes down what the table
 * calls. Include it behind cmocka.h.
 */
#ifndef TESTS_UNIT_CAPTURE_FLOW_BENCH_H
#define TESTS_UNIT_CAPTURE_FLOW_BENCH_H

#include "capture/flow/flow.h"
#include "tests/unit/capture/packets.h"

#define S NS_PER_S
#define T0 (INT64_C(1800000000) * NS_PER_S)
#define ENDS 256

struct bench {
	struct flowtab *t;
	struct crate crate;
	struct flow_hit hit;		/* the last one; its flow may be gone */
	struct flow flow;		/* as it was then */
	unsigned hits, births, ends, pair_ends;
	struct {
		struct flow flow;
		enum flow_end why;
	} end[ENDS];
	struct pair pair_end[ENDS];
	uint64_t digest;		/* of everything called, in order */
};

static inline void
bench_digest(struct bench *b, uint64_t v)
{
	b->digest = (b->digest ^ v) * UINT64_C(0x100000001b3);
	b->digest ^= b->digest >> 29;
}

static inline void
bench_packet(void *arg, const struct flow_hit *hit)
{
	struct bench *b = arg;

	b->hits++;
	b->births += hit->is_new;
	b->hit = *hit;
	b->flow = *hit->flow;
	bench_digest(b, 1);
	bench_digest(b, flow_id(hit->flow));
	bench_digest(b, (uint64_t)hit->dir + hit->fresh + hit->acked_unseen +
	    hit->offset);
}

static inline void
bench_end(void *arg, struct flow *f, enum flow_end why)
{
	struct bench *b = arg;

	b->end[b->ends % ENDS].flow = *f;
	b->end[b->ends % ENDS].why = why;
	b->ends++;
	bench_digest(b, 2);
	bench_digest(b, flow_id(f));
	bench_digest(b, why);
}

static inline void
bench_pair_end(void *arg, struct pair *p)
{
	struct bench *b = arg;

	b->pair_end[b->pair_ends % ENDS] = *p;
	b->pair_ends++;
	bench_digest(b, 3);
	bench_digest(b, pair_id(p));
}

static inline struct flow_options
bench_options(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	return (struct flow_options){
		.key = { 1, 2 }, .zone = { zone_default_home },
		.on = { b, bench_packet, bench_end, bench_pair_end },
	};
}

static inline void
bench_start(struct bench *b, const struct flow_options *o)
{
	struct fault why;

	b->t = flowtab_create(o, &why);
	assert_non_null(b->t);
}

static inline void
bench_stop(struct bench *b)
{
	struct flow_stats s;

	flowtab_finish(b->t);
	flowtab_stats(b->t, &s);
	assert_int_equal(s.no_room, 0);
	assert_int_equal(s.flows_now, 0);
	assert_int_equal(s.pairs_now, 0);
	assert_int_equal(b->ends, b->births);
	assert_int_equal(s.flows_ever, b->births);
	assert_int_equal(s.pairs_ever, b->pair_ends);
	flowtab_destroy(b->t);
}

static inline struct flow_hit *
bench_tcp(struct bench *b, int64_t ns, struct addr src, uint16_t sport, struct addr dst,
    uint16_t dport, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	flowtab_packet(b->t,
	    crate_tcp(&b->crate, ns, src, sport, dst, dport, flags, seq, ack, len));
	return &b->hit;
}

static inline struct flow_hit *
bench_udp(struct bench *b, int64_t ns, struct addr src, uint16_t sport, struct addr dst,
    uint16_t dport, uint32_t len)
{
	flowtab_packet(b->t, crate_udp(&b->crate, ns, src, sport, dst, dport, len));
	return &b->hit;
}

#define IN v4(10, 0, 0, 5)
#define OUT v4(203, 0, 113, 9)

/* The inside host's connection to OUT:443 from a port of its own. */
#define UP(b, ns, flags, seq, ack, len) \
	bench_tcp((b), (ns), IN, 50000, OUT, 443, (flags), (seq), (ack), (len))
#define DOWN(b, ns, flags, seq, ack, len) \
	bench_tcp((b), (ns), OUT, 443, IN, 50000, (flags), (seq), (ack), (len))

#endif
