/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flows in a script. First byte: bit 0 UDP, bit 1 midstream, bits 2-4 the server's port,
 * bit 5 it is ESP's in UDP.
 * Then segments: a byte of flags (bit 0 to the client, bit 1 an offset of its own
 * follows, bit 2 the snap length cut it, bit 3 the other flow, bit 4 that flow ends after
 * it), [two bytes of offset], two bytes of length, [one byte:
 * captured per 256], the bytes.
 */
#include "classify/content/content.h"

#include <stdlib.h>
#include <string.h>

#define FLOWS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct content *c;
	struct flow flow[FLOWS];
	struct content_flow state[FLOWS];
	uint64_t offset[FLOWS][2];
	bool begun[FLOWS];
	uint64_t ordinal;
};

static unsigned
touch(struct span s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.left; i++)
		sum += s.at[i];
	return sum;
}

static void
segment(struct run *r, struct span *in, uint8_t proto)
{
	struct content_news news = { 0 };
	struct frame frame = { .cap = 0 };
	struct packet p = { .frame = &frame, .proto = proto };
	struct flow_hit hit = { .pkt = &p };
	uint8_t flags = 0, share = 0;
	uint16_t len = 0, offset = 0;
	struct span bytes;
	size_t cap;
	uint8_t *copy;
	unsigned n;
	volatile unsigned sum = 0;

	if (!span_u8(in, &flags) || ((flags & 2) && !span_u16(in, &offset)) ||
	    !span_u16(in, &len) || ((flags & 4) && !span_u8(in, &share))) {
		in->left = 0;
		return;
	}
	if (len > in->left)
		len = (uint16_t)in->left;
	(void)span_take(in, len, &bytes);
	cap = (flags & 4) ? (size_t)len * share / 256 : len;
	n = flags >> 3 & 1;
	copy = malloc(cap == 0 ? 1 : cap);
	if (copy == NULL)
		return;
	if (cap > 0)
		memcpy(copy, bytes.at, cap);
	frame.ordinal = ++r->ordinal;
	frame.time.ns = (int64_t)r->ordinal * NS_PER_S;
	hit.flow = &r->flow[n];
	hit.dir = flags & 1 ? FLOW_TO_CLIENT : FLOW_TO_SERVER;
	hit.up = (hit.dir == FLOW_TO_SERVER) == (n == 0);
	hit.down = !hit.up;
	hit.is_new = !r->begun[n];
	r->begun[n] = true;
	hit.offset = (flags & 2) ? offset : r->offset[n][hit.dir];
	if (!(flags & 2))
		r->offset[n][hit.dir] += len;
	p.sport = hit.dir == FLOW_TO_SERVER ? hit.flow->client_port :
	    hit.flow->server_port;
	p.dport = hit.dir == FLOW_TO_SERVER ? hit.flow->server_port :
	    hit.flow->client_port;
	p.src = hit.dir == FLOW_TO_SERVER ? hit.flow->client : hit.flow->server;
	p.dst = hit.dir == FLOW_TO_SERVER ? hit.flow->server : hit.flow->client;
	p.payload = span_of(copy, cap);
	p.payload_wire = len;
	if (content_packet(r->c, &r->state[n], &hit, &news) != 0) {
		if (news.what & NEWS_SNI)
			sum += touch(news.sni);
		if (news.what & NEWS_HTTP)
			sum += touch(news.host) + touch(news.method) + touch(news.path);
		if (news.what & (NEWS_HTTP | NEWS_CONTENT))
			sum += touch(news.type) + touch(news.name);
		if (news.what & NEWS_TARGET)
			sum += touch(news.target);
		if (news.what & NEWS_DHCP)
			sum += touch(news.dhcp.name);
		if (news.class >= CONTENT_WORD_COUNT || news.format >= FORMAT_WORD_COUNT)
			__builtin_trap();
	}
	(void)sum;
	free(copy);
	if (flags & 16) {
		content_end(r->c, &r->state[n]);
		memset(&r->state[n], 0, sizeof(r->state[n]));
		memset(r->offset[n], 0, sizeof(r->offset[n]));
		r->begun[n] = false;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ports[8] = { 80, 443, 53, 21, 25, 1080, 5060, 67 };
	static const uint8_t client[4] = { 10, 0, 0, 1 }, server[4] = { 203, 0, 113, 1 };
	struct content_options o = { .hash = { 1, 2 }, .heads = 3 };
	struct span in = span_of(data, size);
	struct run r = { .c = content_create(&o) };
	uint8_t how, proto;

	if (r.c == NULL)
		return 0;
	if (span_u8(&in, &how)) {
		proto = how & 1 ? IPPROTO_IS_UDP : IPPROTO_IS_TCP;
		for (int i = 0; i < FLOWS; i++) {
			r.flow[i].client = addr_from_v4(client);
			r.flow[i].server = addr_from_v4(server);
			r.flow[i].client_port = 40000;
			r.flow[i].server_port = i == 0 ? (how & 32 ?
			    4500 : ports[how >> 2 & 7]) : 50000;
			r.flow[i].flags = how & 2 ? FLOW_MIDSTREAM : 0;
		}
		while (in.left > 0)
			segment(&r, &in, proto);
	}
	for (int i = 0; i < FLOWS; i++)
		content_end(r.c, &r.state[i]);
	content_destroy(r.c);
	return 0;
}
