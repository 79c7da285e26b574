/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heard: three tables over decoded packets: conversations, who began them, and packets of
 * the last moments by a hash of what a copy shares. Refuses to judge. */
#include "rules/doctor/heard.h"

#include "capture/base/table.h"
#include "capture/decode/decode.h"

#include <stdlib.h>
#include <string.h>

#define TWIN_WITHIN (20 * NS_PER_MS)
/* By default 20 ms at 1.6 million packets a second. */
#define TWINS(flows) ((flows) / 2 + 1)
#define OPENERS(flows) ((flows) / 8 + 1)
#define TTL_OFFSET 8		/* in an IPv4 header; its checksum is at 10 */
#define HOPS_OFFSET 7		/* in an IPv6 header */

struct flow_key {
	struct addr a, b;	/* a before b */
	uint16_t aport, bport;
	uint8_t proto, zero[3];
};

struct flow {
	uint64_t packets[2];	/* from a, from b */
	uint64_t tags[2];
};

struct opener {
	uint64_t openings, ttls;	/* a bit for each of 64 ranges of four */
};

struct heard {
	struct heard_options o;
	struct heard_counts c;	/* of what is over; the rest is in the tables */
	struct table *flows, *openers, *twins;
	uint64_t drops[DROP_COUNT];
};

static void on_evict(void *arg, const void *key, void *value);
static void look_conversation(struct heard *h, const struct packet *p);
static void look_copy(struct heard *h, const struct packet *p);
static void look_tag(struct heard *h, const struct packet *p);
static void look_checksum(struct heard *h, const struct packet *p, bool own);
static bool is_encrypted(const struct packet *p);

struct heard *
heard_create(const struct heard_options *o)
{
	size_t flows = o->flows == 0 ? HEARD_FLOWS : o->flows;
	struct heard *h = calloc(1, sizeof(*h));
	struct table_options to = { .hash = o->hash, .key_size = sizeof(struct flow_key),
		.value_size = sizeof(struct flow),
		.max = flows,
		.evict = on_evict, .arg = h };

	if (h == NULL)
		return NULL;
	h->o = *o;
	h->flows = table_create(&to);
	to = (struct table_options){ .hash = o->hash, .key_size = sizeof(struct addr),
		.value_size = sizeof(struct opener), .max = OPENERS(flows) };
	h->openers = table_create(&to);
	to = (struct table_options){ .hash = o->hash, .key_size = sizeof(uint64_t),
		.value_size = sizeof(int64_t), .max = TWINS(flows) };
	h->twins = table_create(&to);
	if (h->flows == NULL || h->openers == NULL || h->twins == NULL) {
		heard_destroy(h);
		return NULL;
	}
	return h;
}

void
heard_destroy(struct heard *h)
{
	if (h == NULL)
		return;
	table_destroy(h->flows);
	table_destroy(h->openers);
	table_destroy(h->twins);
	free(h);
}

static bool
is_own(const struct heard *h, const struct addr *a)
{
	for (unsigned i = 0; i < h->o.owns; i++)
		if (addr_eq(&h->o.own[i], a))
			return true;
	return false;
}

void
heard_frame(void *heard, const struct frame *f)
{
	struct heard *h = heard;
	struct packet p;
	enum drop why;
	bool own;

	h->c.frames++;
	h->c.bytes += f->wire;
	if (f->cap < f->wire)
		h->c.cut++;
	why = decode_frame(f, &p);
	if (why != DROP_NONE) {
		h->c.unread++;
		h->drops[why]++;
		return;
	}
	if (p.class != PACKET_FLOW) {
		h->c.group++;
		return;
	}
	own = is_own(h, &p.src) || is_own(h, &p.dst);
	if (own)
		h->c.own++;
	else if (addr_is_group(&p.dst) || (p.has_mac && (p.dmac[0] & 1) != 0))
		h->c.group++;
	else
		h->c.others++;
	if (!addr_is_group(&p.dst) && !addr_is_group(&p.src) &&
	    zone_inside(&h->o.zone, &p.src) != zone_inside(&h->o.zone, &p.dst))
		h->c.crossed++;
	if (is_encrypted(&p))
		h->c.encrypted += f->wire;
	look_tag(h, &p);
	look_copy(h, &p);
	look_checksum(h, &p, is_own(h, &p.src));
	if (!p.frag && !addr_is_group(&p.dst))
		look_conversation(h, &p);
}

static void
judge_flow(struct heard_counts *c, const struct flow_key *k, const struct flow *f)
{
	bool two = f->packets[0] > 0 && f->packets[1] > 0;

	if (k->proto == IPPROTO_IS_TCP && f->packets[0] + f->packets[1] >= HEARD_FEW) {
		c->tcp++;
		c->tcp_one_way += !two;
	}
	if (!two)
		return;
	c->two_ways++;
	if ((f->tags[0] == f->packets[0] && f->tags[1] == 0) ||
	    (f->tags[1] == f->packets[1] && f->tags[0] == 0))
		c->half_tagged++;
}

static void
on_evict(void *arg, const void *key, void *value)
{
	judge_flow(&((struct heard *)arg)->c, key, value);
}

void
heard_counts(struct heard *h, struct heard_counts *out)
{
	const struct opener *most = NULL;
	uint64_t drops = 0;

	*out = h->c;
	for (void *v = table_oldest(h->flows); v != NULL; v = table_next(h->flows, v))
		judge_flow(out, table_key(v), v);
	for (void *v = table_oldest(h->openers); v != NULL; v = table_next(h->openers, v))
		if (most == NULL || ((struct opener *)v)->openings > most->openings)
			most = v;
	if (most != NULL) {
		out->openings_most = most->openings;
		out->opener = *(const struct addr *)table_key(most);
		for (unsigned i = 0; i < 64; i++)
			out->opener_ttls += most->ttls >> i & 1;
	}
	out->unread_most = "";
	for (int i = 0; i < DROP_COUNT; i++)
		if (h->drops[i] > drops) {
			drops = h->drops[i];
			out->unread_most = drop_name((enum drop)i);
		}
}


/* A connection is begun by its SYN; elsewhere whoever speaks first when we listen is
 * taken for who began. */
static void
look_conversation(struct heard *h, const struct packet *p)
{
	struct flow_key k;
	struct flow *f;
	struct opener *o;
	bool is_new, other, tcp = p->proto == IPPROTO_IS_TCP;
	int cmp = addr_cmp(&p->src, &p->dst);

	other = cmp > 0 || (cmp == 0 && p->sport > p->dport);
	memset(&k, 0, sizeof(k));
	k.a = other ? p->dst : p->src;
	k.b = other ? p->src : p->dst;
	k.aport = other ? p->dport : p->sport;
	k.bport = other ? p->sport : p->dport;
	k.proto = p->proto;
	f = table_use(h->flows, &k, &is_new);
	if (f == NULL)
		return;
	f->packets[other]++;
	f->tags[other] += p->vlan != VLAN_NONE;
	if (!is_new || (tcp && (p->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN))
		return;
	o = table_use(h->openers, &p->src, &is_new);
	if (o == NULL)
		return;
	h->c.openings++;
	o->openings++;
	o->ttls |= UINT64_C(1) << (p->ttl / 4);
}

/* What a copy shares with its original, wherever it was taken: the IP packet but for what
 * a router changes. A retransmission has another identification, or comes later. */
static void
look_copy(struct heard *h, const struct packet *p)
{
	uint8_t head[128];
	struct span l3 = p->l3;
	size_t n = l3.left < sizeof(head) ? l3.left : sizeof(head);
	uint64_t print[2];
	int64_t *last;
	bool is_new;

	if (n < 20 || addr_is_group(&p->dst))
		return;
	memcpy(head, l3.at, n);
	if (p->ip_version == 4) {
		head[TTL_OFFSET] = 0;
		head[TTL_OFFSET + 2] = head[TTL_OFFSET + 3] = 0;
	} else {
		head[HOPS_OFFSET] = 0;
	}
	print[0] = siphash13(&h->o.hash, head, n);
	print[1] = p->l3_wire;
	print[0] = siphash13(&h->o.hash, print, sizeof(print));
	h->c.judged++;
	last = table_use(h->twins, &print[0], &is_new);
	if (last == NULL)
		return;
	if (!is_new && p->frame->time.ns - *last >= 0 &&
	    p->frame->time.ns - *last <= TWIN_WITHIN)
		h->c.copies++;
	*last = p->frame->time.ns;
}

static void
look_tag(struct heard *h, const struct packet *p)
{
	if (p->vlan == VLAN_NONE) {
		h->c.untagged++;
		return;
	}
	h->c.tagged++;
	for (unsigned i = 0; i < h->c.vlans; i++)
		if (h->c.vlan[i] == p->vlan)
			return;
	if (h->c.vlans < HEARD_VLANS)
		h->c.vlan[h->c.vlans++] = p->vlan;
}

static uint32_t
sum16(uint32_t sum, const uint8_t *at, size_t n)
{
	for (; n > 1; at += 2, n -= 2)
		sum += (uint32_t)at[0] << 8 | at[1];
	if (n > 0)
		sum += (uint32_t)at[0] << 8;
	return sum;
}

/* TCP and UDP checksums (RFC 1071) of packets that are here whole. A UDP checksum of zero
 * is none. */
static void
look_checksum(struct heard *h, const struct packet *p, bool own)
{
	bool tcp = p->proto == IPPROTO_IS_TCP;
	size_t head, len;
	const uint8_t *l4;
	uint32_t sum;
	bool bad;

	if (p->frag || (!tcp && p->proto != IPPROTO_IS_UDP) || p->payload.left == 0 ||
	    p->payload.left != p->payload_wire || p->l3.left != p->l3_wire)
		return;
	/* The layer-4 header lies right before its payload. */
	head = tcp ? 0 : 8;
	for (size_t back = 20; tcp && back <= 60; back += 4)
		if ((size_t)(p->payload.at - p->l3.at) >= back + 20 &&
		    (size_t)(p->payload.at[12 - (ptrdiff_t)back] >> 4) * 4 == back &&
		    p->payload.at[-(ptrdiff_t)back] == p->sport >> 8 &&
		    p->payload.at[1 - (ptrdiff_t)back] == (p->sport & 0xff))
			head = back;
	if (head == 0)
		return;
	l4 = p->payload.at - head;
	len = head + p->payload.left;
	if (!tcp && l4[6] == 0 && l4[7] == 0)
		return;
	sum = (uint32_t)len + p->proto;
	if (p->ip_version == 4) {
		sum = sum16(sum, p->src.b + 12, 4);
		sum = sum16(sum, p->dst.b + 12, 4);
	} else {
		sum = sum16(sum, p->src.b, 16);
		sum = sum16(sum, p->dst.b, 16);
	}
	sum = sum16(sum, l4, len);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	bad = sum != 0xffff;
	if (own) {
		h->c.sums_own++;
		h->c.sums_own_bad += bad;
	} else {
		h->c.sums_other++;
		h->c.sums_other_bad += bad;
	}
}

/* By their ports: a share, not a verdict. */
static bool
is_encrypted(const struct packet *p)
{
	static const uint16_t port[] = { 22, 443, 465, 853, 993, 995, 1194, 4500, 5061,
		5349, 8443, 8883, 51820 };

	for (size_t i = 0; i < sizeof(port) / sizeof(port[0]); i++)
		if (p->sport == port[i] || p->dport == port[i])
			return true;
	return p->proto == 50;	/* ESP */
}
