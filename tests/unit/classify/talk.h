/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows said piece by piece to classify/content. Include cmocka.h before. */
#ifndef TESTS_UNIT_CLASSIFY_TALK_H
#define TESTS_UNIT_CLASSIFY_TALK_H

#include "classify/content/content.h"

#include <stdlib.h>
#include <string.h>

/* A flow in the making. */
struct talk {
	struct content *c;
	struct flow flow;
	struct content_flow state;
	uint64_t offset[2], acked;	/* by the other side, when the next segment leaves */
	struct frame frame;
	struct packet pkt;
	uint8_t *bytes;		/* exactly what the last packet captured */
	struct content_news news;
	unsigned all;		/* every kind of news so far */
	enum content_word class;	/* for whoever keeps the last that was told */
	enum coded_word codec, said;
	bool serves;		/* the server is the one inside */
};

static inline void
talk_start(struct talk *t, struct content *c, uint8_t proto, uint16_t server_port)
{
	static const uint8_t client[4] = { 10, 20, 0, 13 },
	    server[4] = { 203, 0, 113, 5 };

	memset(t, 0, sizeof(*t));
	t->c = c;
	t->flow.client = addr_from_v4(client);
	t->flow.server = addr_from_v4(server);
	t->flow.client_port = 40000;
	t->flow.server_port = server_port;
	t->flow.proto = proto;
	t->pkt.proto = proto;
	t->frame.ordinal = 0;
}

static inline void
talk_end(struct talk *t)
{
	content_end(t->c, &t->state);
	free(t->bytes);
	t->bytes = NULL;
}

/* n bytes at an offset of the stream, of which cap were captured. */
static inline unsigned
talk_at(struct talk *t, enum flow_dir dir, uint64_t offset, const void *bytes, size_t cap,
    size_t n)
{
	struct flow_hit hit = { .flow = &t->flow, .pkt = &t->pkt, .dir = dir,
		.up = (dir == FLOW_TO_SERVER) != t->serves,
		.down = (dir == FLOW_TO_SERVER) == t->serves, .is_new = t->frame.ordinal == 0,
		.fresh = (uint32_t)n, .offset = offset, .acked = t->acked };

	free(t->bytes);
	t->bytes = malloc(cap == 0 ? 1 : cap);
	assert_non_null(t->bytes);
	if (cap > 0)
		memcpy(t->bytes, bytes, cap);
	t->frame.ordinal++;
	t->pkt.frame = &t->frame;
	t->pkt.sport = dir == FLOW_TO_SERVER ? t->flow.client_port : t->flow.server_port;
	t->pkt.dport = dir == FLOW_TO_SERVER ? t->flow.server_port : t->flow.client_port;
	t->pkt.payload = span_of(t->bytes, cap);
	t->pkt.payload_wire = (uint32_t)n;
	t->all |= content_packet(t->c, &t->state, &hit, &t->news);
	return t->news.what;
}

static inline unsigned
talk_bytes(struct talk *t, enum flow_dir dir, const void *bytes, size_t n)
{
	uint64_t at = t->offset[dir];

	t->offset[dir] += n;
	return talk_at(t, dir, at, bytes, n, n);
}

static inline unsigned
talk(struct talk *t, enum flow_dir dir, const char *text)
{
	return talk_bytes(t, dir, text, strlen(text));
}

#define UP FLOW_TO_SERVER
#define DOWN FLOW_TO_CLIENT

static inline void
assert_span(struct span s, const char *text)
{
	assert_int_equal(s.left, strlen(text));
	assert_memory_equal(s.at, text, s.left);
}

static inline int
setup(void **state)
{
	struct content_options o = { .hash = { 1, 2 }, .heads = 16 };

	*state = content_create(&o);
	return *state == NULL ? -1 : 0;
}

static inline int
teardown(void **state)
{
	content_destroy(*state);
	return 0;
}

#endif
