/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets for the flow table, fifteen bytes each behind three of options, with time steps
 * between them. What must hold whatever they say is checked at every call and at
 * the end; a breach aborts.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/flow/flow.h"

#define HOLDS(x) do { if (!(x)) abort(); } while (0)

struct watch {
	struct flowtab *t;
	struct frame frame;
	struct packet pkt;
	uint64_t births, ends, pair_ends;
	int64_t step_last;		/* within a step flows end
					 * in order of last packet */
	bool stepping, finishing;
};

struct flow_room {
	uint64_t alive;
	uint64_t payload[2];
	struct flow_count before[2];
};

struct pair_room {
	uint64_t up, down;
	bool came;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count_holds(const struct flow_count *now, const struct flow_count *before)
{
	HOLDS(now->captured >= before->captured && now->retrans >= before->retrans);
	HOLDS(now->wire >= before->wire && now->pkts >= before->pkts);
	HOLDS(now->data_pkts >= before->data_pkts && now->data_pkts <= now->pkts);
	HOLDS(flow_true_bytes(now) >= flow_true_bytes(before));
	HOLDS(now->gaps < UINT64_C(1) << 60);
}

static void
on_packet(void *arg, const struct flow_hit *hit)
{
	struct watch *w = arg;
	struct flow *f = hit->flow;
	struct flow_room *r = flow_user(f);
	bool counted = !(f->proto == IPPROTO_IS_TCP && hit->pkt->frag &&
	    !hit->pkt->frag_first);

	HOLDS(hit->pkt == &w->pkt);
	HOLDS(hit->is_new == (r->alive == 0));
	w->births += hit->is_new;
	r->alive = 1;
	HOLDS(flow_id(f) > 0 && flow_id(f) < UINT64_C(1) << FLOW_ID_BITS);
	HOLDS(f->first.ns >= 0 && f->first.ns <= f->last.ns);
	HOLDS(hit->fresh <= hit->pkt->payload_wire && hit->late <= hit->fresh);
	HOLDS(hit->up == (f->up == (int)hit->dir) && (f->up >= 0) == (f->pair != NULL));
	HOLDS(addr_eq(&hit->pkt->src, hit->dir == FLOW_TO_SERVER ? &f->client :
	    &f->server));
	if (counted)
		r->payload[hit->dir] += hit->pkt->payload_wire;
	for (unsigned d = 0; d < 2; d++) {
		count_holds(&f->count[d], &r->before[d]);
		HOLDS(f->count[d].captured + f->count[d].retrans == r->payload[d]);
	}
	HOLDS(f->count[hit->dir].pkts == r->before[hit->dir].pkts + 1);
	HOLDS(f->count[hit->dir].captured == r->before[hit->dir].captured + hit->fresh);
	HOLDS(flow_true_bytes(&f->count[!hit->dir]) ==
	    flow_true_bytes(&r->before[!hit->dir]) + hit->acked_unseen);
	memcpy(r->before, f->count, sizeof(r->before));
	if (f->pair != NULL) {
		struct pair_room *p = pair_user(f->pair);
		uint64_t up = 0, down = 0;

		*(hit->up ? &p->up : &p->down) += hit->fresh - hit->late;
		*(hit->up ? &p->down : &p->up) += hit->acked_unseen;
		p->came |= hit->down;
		for (unsigned i = 0; i < 3; i++) {
			up += f->pair->up[i];
			down += f->pair->down[i];
		}
		HOLDS((f->pair->came != 0) == p->came);
		HOLDS(up == p->up && down == p->down);
		HOLDS(f->pair->flows > 0 && f->pair->flows <= f->pair->flows_ever);
	}
}

static void
on_end(void *arg, struct flow *f, enum flow_end why)
{
	struct watch *w = arg;
	struct flow_room *r = flow_user(f);

	HOLDS(r->alive == 1);
	r->alive = 2;
	w->ends++;
	HOLDS(w->finishing == (why == FLOW_END_INPUT));
	if (w->stepping) {
		HOLDS(why == FLOW_END_FIN || why == FLOW_END_RST || why == FLOW_END_IDLE);
		HOLDS(f->last.ns >= w->step_last);
		w->step_last = f->last.ns;
	}
}

static void
on_pair_end(void *arg, struct pair *p)
{
	struct watch *w = arg;

	HOLDS(p->flows == 0);
	w->pair_ends++;
}

static void
count_flow(void *arg, struct flow *f)
{
	HOLDS(((struct flow_room *)flow_user(f))->alive == 1);
	++*(uint64_t *)arg;
}

static struct addr
host(unsigned n)
{
	const uint8_t v4[4][4] = { { 10, 0, 0, 1 }, { 192, 168, 0, 9 }, { 8, 8, 8, 8 },
		{ 224, 0, 0, 1 } };
	struct addr a = { { 0x20, 0x01, 0x0d, 0xb8 } };

	if (n % 8 < 4)
		return addr_from_v4(v4[n % 4]);
	if (n % 2 != 0)
		a.b[0] = 0xfd;
	a.b[15] = (uint8_t)n;
	return a;
}

static void
one_packet(struct watch *w, const uint8_t b[15], int64_t now)
{
	static const uint8_t proto[4] = { IPPROTO_IS_TCP, IPPROTO_IS_TCP, IPPROTO_IS_UDP,
		IPPROTO_IS_ICMP };
	struct packet *p = &w->pkt;
	uint32_t len = (uint32_t)b[4] << (b[5] & 15);

	memset(p, 0, sizeof(*p));
	w->frame = (struct frame){ .time = { now }, .ordinal = w->births,
		.wire = len + 40 };
	p->frame = &w->frame;
	p->class = PACKET_FLOW;
	p->src = host(b[1] & 7);
	p->dst = host(b[1] >> 3 & 7);
	p->sport = b[2] & 7;
	p->dport = (uint16_t)((b[2] >> 3 & 7) * 4096);
	if ((b[2] & 0x40) != 0) {	/* the answer */
		uint16_t port = p->sport;

		p->sport = p->dport;
		p->dport = port;
	}
	p->vlan = (b[2] & 0x80) != 0 ? 5 : VLAN_NONE;
	p->proto = proto[b[0] >> 2 & 3];
	p->payload_wire = len;
	p->payload = span_of(b, (b[5] & 0x10) != 0 ? 0 : len);	/* never read */
	p->tcp_flags = b[3] & 0x1f;
	p->frag = (b[0] & 0x30) == 0x30;
	p->frag_first = p->frag && (b[0] & 0x40) != 0;
	p->frag_id = b[0] >> 7;
	if (p->frag && !p->frag_first)
		p->sport = p->dport = 0;
	p->seq = (uint32_t)b[6] << 24 | (uint32_t)b[7] << 16 | (uint32_t)b[8] << 8 | b[9];
	p->ack = (uint32_t)b[10] << 24 | (uint32_t)b[11] << 16 | (uint32_t)b[12] << 8 |
	    b[13];
	flowtab_packet(w->t, p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct watch w;
	struct flow_options o = {
		.key = { 3, 4 }, .flow_user = sizeof(struct flow_room),
		.pair_user = sizeof(struct pair_room),
		.on = { &w, on_packet, on_end, on_pair_end },
	};
	struct flow_stats s;
	int64_t now = INT64_C(1800000000) * NS_PER_S;
	uint64_t alive = 0;

	if (size < 3)
		return 0;
	memset(&w, 0, sizeof(w));
	o.max_flows = 1 + data[0] % 12;
	o.max_pairs = 1 + data[1] % 6;
	o.ignore_vlan = (data[2] & 1) != 0;
	o.idle_pair = (data[2] & 2) != 0 ? 5 * NS_PER_S : 0;
	o.zone.home = zone_default_home;
	w.t = flowtab_create(&o, NULL);
	if (w.t == NULL)
		return 0;
	for (data += 3, size -= 3; size >= 15; data += 15, size -= 15) {
		switch (data[0] & 3) {
		case 0:
			now += (int64_t)data[14] * NS_PER_S * 4;
			w.stepping = true;
			w.step_last = INT64_MIN;
			flowtab_step(w.t, (struct pkt_time){ now });
			w.stepping = false;
			break;
		case 1:
			now += (int64_t)(int8_t)data[14] * NS_PER_MS * 100;
			break;
		default:
			now += data[14] * NS_PER_US;
			break;
		}
		one_packet(&w, data, now);
		flowtab_stats(w.t, &s);
		HOLDS(s.no_room == 0 && s.flows_now <= o.max_flows &&
		    s.pairs_now <= o.max_pairs);
		HOLDS(s.flows_ever == w.births && s.flows_now == w.births - w.ends);
		HOLDS(s.pairs_ever == w.pair_ends + s.pairs_now);
	}
	flowtab_each(w.t, count_flow, &alive);
	HOLDS(alive == w.births - w.ends);
	w.finishing = true;
	flowtab_finish(w.t);
	HOLDS(w.births == w.ends);
	flowtab_stats(w.t, &s);
	HOLDS(s.flows_now == 0 && s.pairs_now == 0 && s.pairs_ever == w.pair_ends);
	flowtab_destroy(w.t);
	return 0;
}
