/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flowtab: from a packet to its flow: key, look-up, birth, counting. Owns who is client
 * and when a connection is another one. Ageing and eviction are in
 * life.c, streams in tcpseq.c. */
#include "capture/flow/life.h"

#include "capture/base/huge.h"
#include "capture/base/near.h"

#include <stdlib.h>
#include <string.h>

/* A new SYN on a connection that rests this long opens another one: an answer takes
 * longer only over a broken path, and a forged SYN on a busy connection must not cut it
 * in two. */
#define REUSE_NS (3 * NS_PER_S)

/* Acknowledgements of the first second after a mid-stream start may speak of what passed
 * before we listened: bytes, but no sign of half a capture. */
#define SETTLE_NS NS_PER_S

#define WELL_KNOWN 1024		/* RFC 6335, 6: system ports */
#define EPHEMERAL 32768		/* where Linux begins; Windows and IANA begin above */

/* Ids must not change between runs, machines and hash keys. */
static const struct siphash_key id_key = {
	UINT64_C(0x6561727368746f66), UINT64_C(0x6c6f772069643031)
};

/* A packet on its way to its flow. */
struct sighting {
	const struct packet *pkt;
	struct flow_key key;
	uint64_t hash;
	uint16_t sport, dport;
	bool from_a;		/* the sender is key.a */
	bool later;		/* a later fragment: no header of layer 4 */
	bool orphan;		/* whose first was not seen */
};

/* Most connections are in order at any one time, but not after a loss on the tap. */
static size_t
holes_room(size_t flows)
{
	return flows / 8 + 64;
}

static int64_t
limit_of(int64_t asked, int64_t usual)
{
	if (asked <= 0)
		return usual;
	return asked < TIME_LAST ? asked : TIME_LAST;
}

struct flowtab *
flowtab_create(const struct flow_options *o, struct fault *why)
{
	struct flowtab *t;
	size_t flows = o->max_flows != 0 ? o->max_flows : (size_t)1 << 20;
	size_t pairs = o->max_pairs != 0 ? o->max_pairs : flows;

	if (flows > UINT32_MAX || pairs > UINT32_MAX || o->flow_user > UINT32_MAX ||
	    o->pair_user > UINT32_MAX) {
		(void)fault_set(why, "ask for fewer flows",
		    "flow table of %zu flows and %zu pairs: too large", flows, pairs);
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		goto fail;
	t->o = *o;
	t->o.max_flows = flows;
	t->o.max_pairs = pairs;
	t->o.idle_pair = limit_of(o->idle_pair, 3600 * NS_PER_S);
	t->limit[IDLE_HALF] = limit_of(o->idle_half, 30 * NS_PER_S);
	t->limit[IDLE_TCP] = limit_of(o->idle_tcp, 600 * NS_PER_S);
	t->limit[IDLE_CLOSED] = limit_of(o->idle_closed, 10 * NS_PER_S);
	t->limit[IDLE_UDP] = limit_of(o->idle_udp, 120 * NS_PER_S);
	t->limit[IDLE_OTHER] = limit_of(o->idle_other, 60 * NS_PER_S);
	t->flow_pool = pool_create(ROOM(struct flow_entry) + o->flow_user, flows);
	t->pair_pool = pool_create(ROOM(struct pair_entry) + o->pair_user, pairs);
	t->tcp_pool = pool_create(sizeof(struct tcp_entry), flows);
	t->hole_pool = pool_create(sizeof(struct holes), holes_room(flows));
	t->due = huge_take((flows > pairs ? flows : pairs) * sizeof(*t->due));
	t->frag = frag_create(&o->key);
	if (t->flow_pool == NULL || t->pair_pool == NULL || t->tcp_pool == NULL ||
	    t->hole_pool == NULL || t->due == NULL || t->frag == NULL ||
	    slots_init(&t->flows, t->flow_pool) == -1 ||
	    slots_init(&t->pairs, t->pair_pool) == -1)
		goto fail;
	return t;
fail:
	(void)fault_set(why, "ask for fewer flows, or give the host more memory",
	    "cannot make a flow table of %zu flows and %zu pairs: out of memory", flows,
	    pairs);
	flowtab_destroy(t);
	return NULL;
}

void
flowtab_destroy(struct flowtab *t)
{
	if (t == NULL)
		return;
	slots_free(&t->flows);
	slots_free(&t->pairs);
	pool_destroy(t->flow_pool);
	pool_destroy(t->pair_pool);
	pool_destroy(t->tcp_pool);
	pool_destroy(t->hole_pool);
	frag_destroy(t->frag);
	huge_give(t->due, (t->o.max_flows > t->o.max_pairs ? t->o.max_flows :
	    t->o.max_pairs) * sizeof(*t->due));
	free(t);
}

uint64_t
flow_id_from(const void *key, size_t len)
{
	uint64_t id = siphash13(&id_key, key, len) & ((UINT64_C(1) << FLOW_ID_BITS) - 1);

	return id != 0 ? id : 1;
}

uint64_t
flow_id(const struct flow *f)
{
	struct {
		struct flow_key key;
		int64_t first;
	} born;

	memset(&born, 0, sizeof(born));
	flow_key_of(f, &born.key);
	born.first = f->first.ns;
	return flow_id_from(&born, sizeof(born));
}

void
flow_key_of(const struct flow *f, struct flow_key *out)
{
	bool ports = ipproto_has_ports(f->proto);
	uint16_t client = ports ? f->client_port : 0, server = ports ? f->server_port : 0;
	int order = addr_cmp(&f->client, &f->server);
	bool is_a = order < 0 || (order == 0 && client <= server);

	memset(out, 0, sizeof(*out));	/* its padding is hashed and compared */
	out->a = is_a ? f->client : f->server;
	out->b = is_a ? f->server : f->client;
	out->a_port = is_a ? client : server;
	out->b_port = is_a ? server : client;
	out->vlan = f->key_vlan;
	out->proto = f->proto;
}

static bool
flow_same(const void *obj, const void *key)
{
	const struct flow_entry *e = obj;
	const struct flow_key *k = key;
	const struct flow *f = &e->flow;
	const struct addr *a = e->client_is_a ? &f->client : &f->server;
	const struct addr *b = e->client_is_a ? &f->server : &f->client;

	if (f->proto != k->proto || f->key_vlan != k->vlan || !addr_eq(a, &k->a) ||
	    !addr_eq(b, &k->b))
		return false;
	if (!ipproto_has_ports(k->proto))
		return true;
	return (e->client_is_a ? f->client_port : f->server_port) == k->a_port &&
	    (e->client_is_a ? f->server_port : f->client_port) == k->b_port;
}

/* Most keys are IPv4's, which sixteen bytes hold. */
uint64_t
flow_hash(const struct flowtab *t, const struct flow_key *k)
{
	uint8_t small[16];

	if (!addr_is_v4(&k->a) || !addr_is_v4(&k->b))
		return siphash13(&t->o.key, k, sizeof(*k));
	memcpy(small, k->a.b + 12, 4);
	memcpy(small + 4, k->b.b + 12, 4);
	memcpy(small + 8, &k->a_port, 2);
	memcpy(small + 10, &k->b_port, 2);
	memcpy(small + 12, &k->vlan, 2);
	small[14] = k->proto;
	small[15] = 0;
	return siphash13(&t->o.key, small, sizeof(small));
}

/* Its key, by the ports that s has. */
static void
key_of(const struct flowtab *t, const struct packet *pkt, struct sighting *s)
{
	bool ports = ipproto_has_ports(pkt->proto);
	int order = addr_cmp(&pkt->src, &pkt->dst);
	uint16_t from = ports ? s->sport : 0, to = ports ? s->dport : 0;

	s->from_a = order < 0 || (order == 0 && from <= to);
	s->key.a = s->from_a ? pkt->src : pkt->dst;
	s->key.b = s->from_a ? pkt->dst : pkt->src;
	s->key.a_port = s->from_a ? from : to;
	s->key.b_port = s->from_a ? to : from;
	s->key.vlan = t->o.ignore_vlan ? VLAN_NONE : pkt->vlan;
	s->key.proto = pkt->proto;
}

/* Whose is this packet? */
static void
sight(struct flowtab *t, const struct packet *pkt, const struct flow_ahead *ahead,
    struct sighting *s)
{
	uint16_t vlan = t->o.ignore_vlan ? VLAN_NONE : pkt->vlan;
	struct pkt_time now = { t->now };

	memset(s, 0, sizeof(*s));	/* the key's padding is hashed and compared */
	s->pkt = pkt;
	s->sport = pkt->sport;
	s->dport = pkt->dport;
	if (pkt->frag && pkt->frag_first) {
		frag_first(t->frag, pkt, vlan, now);
	} else if (pkt->frag) {
		struct frag_ports first = { 0, 0 };

		s->later = true;
		s->orphan = !frag_later(t->frag, pkt, vlan, now, &first);
		s->sport = first.sport;
		s->dport = first.dport;
	}
	key_of(t, pkt, s);
	s->hash = ahead != NULL && ahead->known ? ahead->hash : flow_hash(t, &s->key);
}

void
flowtab_ahead(const struct flowtab *t, const struct packet *pkt, struct flow_ahead *a)
{
	struct sighting s;

	a->known = pkt->class == PACKET_FLOW && !pkt->frag;
	if (!a->known)
		return;
	memset(&s, 0, sizeof(s));
	s.sport = pkt->sport;
	s.dport = pkt->dport;
	key_of(t, pkt, &s);
	a->hash = flow_hash(t, &s.key);
}

void
flowtab_ahead_near(const struct flowtab *t, const struct flow_ahead *a)
{
	if (a->known)
		slots_near(&t->flows, a->hash);
}

struct flow *
flowtab_ahead_flow(const struct flowtab *t, const struct flow_ahead *a)
{
	struct flow_entry *e = a->known ? slots_guess(&t->flows, a->hash) : NULL;

	if (e == NULL)
		return NULL;
	near_range(e, sizeof(*e));
	return &e->flow;
}

void
flowtab_ahead_pair(const struct flowtab *t, const struct flow *f)
{
	const struct flow_entry *e = (const struct flow_entry *)(const void *)f;

	if (f->pair != NULL)
		near_range(f->pair, sizeof(*f->pair));
	if (e->tcp != 0)
		near_range(tcp_at(t, e->tcp), sizeof(struct tcp_entry));
}

/* Does the sender of a flow's first packet look like the client? */
static bool
sender_is_client(const struct sighting *s)
{
	uint8_t flags = s->pkt->tcp_flags;

	if (s->key.proto != IPPROTO_IS_TCP || s->orphan)
		return true;
	if (!s->later && (flags & TCP_SYN) != 0)
		return (flags & TCP_ACK) == 0;
	if (s->sport < WELL_KNOWN && s->dport < WELL_KNOWN)
		return s->sport >= s->dport;
	if (s->sport < WELL_KNOWN || s->dport < WELL_KNOWN)
		return s->dport < WELL_KNOWN;
	if ((s->sport < EPHEMERAL) != (s->dport < EPHEMERAL))
		return s->dport < EPHEMERAL;
	return true;
}

int8_t
flow_up_of(const struct zone *z, const struct flow *f)
{
	bool client = zone_inside(z, &f->client), server = zone_inside(z, &f->server);

	if (client == server || addr_is_group(&f->client) || addr_is_group(&f->server))
		return -1;
	return client ? FLOW_TO_SERVER : FLOW_TO_CLIENT;
}

static struct flow_entry *
flow_begin(struct flowtab *t, const struct sighting *s)
{
	const struct packet *pkt = s->pkt;
	bool client = sender_is_client(s);
	struct flow_entry *e;
	struct pair_entry *pair = NULL;
	struct flow f;

	memset(&f, 0, sizeof(f));
	f.proto = s->key.proto;
	f.key_vlan = s->key.vlan;
	f.client = client ? pkt->src : pkt->dst;
	f.server = client ? pkt->dst : pkt->src;
	f.client_port = client ? s->sport : s->dport;
	f.server_port = client ? s->dport : s->sport;
	f.up = flow_up_of(&t->o.zone, &f);
	/* Room first: what is evicted for the pair can then not
	 * be the flow being born. */
	if (pool_used(t->flow_pool) == pool_count(t->flow_pool))
		(void)life_evict(t);
	if (f.up >= 0) {
		pair = f.up == FLOW_TO_SERVER ? pair_get(t, &f.client, &f.server)
		    : pair_get(t, &f.server, &f.client);
		if (pair == NULL) {
			t->stats.no_room++;
			return NULL;
		}
	}
	e = pool_take(t->flow_pool);
	if (e == NULL) {
		t->stats.no_room++;
		return NULL;
	}
	f.first.ns = f.last.ns = t->now;
	f.vlan[FLOW_TO_SERVER] = f.vlan[FLOW_TO_CLIENT] = VLAN_NONE;
	f.iface = (uint16_t)pkt->frame->iface;
	if (s->key.proto == IPPROTO_IS_TCP && !s->later &&
	    (pkt->tcp_flags & TCP_SYN) == 0)
		f.flags |= FLOW_MIDSTREAM;
	if (pair != NULL) {
		f.pair = &pair->pair;
		pair_join(t, pair);
	}
	e->flow = f;
	e->client_is_a = client == s->from_a;
	e->portless = s->key.proto == IPPROTO_IS_TCP && s->orphan;
	if (f.proto == IPPROTO_IS_TCP)
		e->tcp = pool_number(t->tcp_pool, pool_take(t->tcp_pool));
	slots_add(&t->flows, s->hash, e);
	life_begin(t, e);
	return e;
}

/* The flow of a packet that was looked at ahead: by far the most go on with one, whose key
 * need not be made again. NULL: it may still have one. */
static inline struct flow_entry *
known(const struct flowtab *t, const struct packet *pkt, const struct flow_ahead *ahead,
    enum flow_dir *dir)
{
	struct flow_entry *e;
	const struct flow *f;

	if (ahead == NULL || !ahead->known || !ipproto_has_ports(pkt->proto))
		return NULL;
	e = slots_guess(&t->flows, ahead->hash);
	if (e == NULL || life_due(t, e) || e->orphan)
		return NULL;
	f = &e->flow;
	if (f->proto != pkt->proto ||
	    f->key_vlan != (t->o.ignore_vlan ? VLAN_NONE : pkt->vlan) ||
	    (f->proto == IPPROTO_IS_TCP && (pkt->tcp_flags & TCP_SYN) != 0))
		return NULL;
	if (pkt->sport == f->client_port && pkt->dport == f->server_port &&
	    addr_eq(&pkt->src, &f->client) && addr_eq(&pkt->dst, &f->server))
		*dir = FLOW_TO_SERVER;
	else if (pkt->sport == f->server_port && pkt->dport == f->client_port &&
	    addr_eq(&pkt->src, &f->server) && addr_eq(&pkt->dst, &f->client))
		*dir = FLOW_TO_CLIENT;
	else
		return NULL;
	/* of a host that sends to itself from the same port, who is who is in the key */
	return pkt->sport != pkt->dport || !addr_eq(&pkt->src, &pkt->dst) ? e : NULL;
}

/* Does this packet begin another flow on the key of e? */
static bool
outlived(const struct flowtab *t, const struct flow_entry *e, const struct sighting *s)
{
	const struct packet *pkt = s->pkt;
	const struct tcpseq_kept *seq;

	if (life_due(t, e) || e->orphan)
		return true;
	if (s->key.proto != IPPROTO_IS_TCP || s->later ||
	    (pkt->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	seq = &tcp_at(t, e->tcp)->seq[s->from_a == e->client_is_a ? FLOW_TO_SERVER : FLOW_TO_CLIENT];
	if (seq->state == TCPSEQ_SEEN && seq->exact &&
	    seq->base == pkt->seq + 1)
		return false;	/* the same SYN again */
	return e->closed_fin || e->closed_rst || t->now - e->flow.last.ns >= REUSE_NS;
}

/* Numbers and flags. Fills hit->fresh, late, offset, acked_unseen. */
static void
tcp_hear(struct flow_entry *e, struct tcpseq both[2], const struct packet *pkt,
    struct flow_hit *hit)
{
	struct flow *f = &e->flow;
	struct tcpseq *seq = &both[hit->dir];
	uint32_t first = pkt->seq, len = pkt->payload_wire;

	if ((pkt->tcp_flags & TCP_RST) != 0) {
		/* Its numbers are wild often enough. It may carry a text (RFC 9293,
		 * 3.5.3): a way out like any other. */
		f->flags |= FLOW_SAW_RST;
		e->closed_rst = true;
		hit->fresh = len;
		hit->offset = seq->next - seq->base;
		return;
	}
	if ((pkt->tcp_flags & TCP_SYN) != 0) {
		f->flags |= (pkt->tcp_flags & TCP_ACK) != 0 ? FLOW_SAW_SYNACK :
		    FLOW_SAW_SYN;
		tcpseq_syn(seq, first);
		first++;
	} else {
		e->established = true;
	}
	if (seq->acked != 0 && seq->next - seq->acked < UINT32_MAX) {
		hit->under_way = (uint32_t)(seq->next - seq->acked);
		hit->acked = seq->acked > seq->base ? seq->acked - seq->base : 0;
	}
	if (len > 0) {
		struct tcpseq_got got = tcpseq_data(seq, first, len);

		hit->fresh = got.fresh;
		hit->late = got.late;
		hit->offset = got.offset;
		if (got.fresh > 0)
			e->closed_rst = false;	/* its hearer did not believe the RST */
	}
	if ((pkt->tcp_flags & TCP_FIN) != 0) {
		f->flags |= FLOW_SAW_FIN;
		tcpseq_fin(seq, first + len);
		e->fins |= (uint8_t)(1U << hit->dir);
		e->closed_fin = e->fins == 3;
	}
	if ((pkt->tcp_flags & TCP_ACK) != 0) {
		bool from_start = (f->flags & FLOW_MIDSTREAM) == 0;
		struct tcpseq_proof proof;

		proof = tcpseq_ack(&both[!hit->dir], pkt->ack, from_start);
		hit->acked_unseen = proof.gaps;
		if (proof.beyond && (from_start || f->last.ns - f->first.ns >= SETTLE_NS))
			f->flags |= FLOW_ACKS_UNSEEN;
	}
}

static void
seq_take(const struct flowtab *t, const struct tcpseq_kept *k, struct tcpseq *s)
{
	tcpseq_unpack(k, s);
	if (s->holes > 0)
		memcpy(s->hole, holes_at(t, k->place)->hole,
		    s->holes * sizeof(s->hole[0]));
}

static void
seq_put(struct flowtab *t, struct tcpseq *s, struct tcpseq_kept *k)
{
	if (s->holes > 0 && k->place == 0) {
		struct holes *h = pool_take(t->hole_pool);

		if (h == NULL) {
			s->holes = 0;
			t->stats.holes_lost++;
		} else {
			k->place = pool_number(t->hole_pool, h);
		}
	}
	if (s->holes > 0) {
		memcpy(holes_at(t, k->place)->hole, s->hole,
		    s->holes * sizeof(s->hole[0]));
	} else if (k->place != 0) {
		pool_give(t->hole_pool, holes_at(t, k->place));
		k->place = 0;
	}
	tcpseq_pack(s, k);
}

/* On an asymmetric route one direction is never seen. */
static __attribute__((noinline)) void
hear_half(struct flowtab *t, struct flow_entry *e, struct flow_hit *hit)
{
	struct tcp_entry *q = tcp_at(t, e->tcp);
	uint16_t before = e->flow.flags;
	struct tcpseq seq[2];

	for (unsigned i = 0; i < 2; i++)
		seq_take(t, &q->seq[i], &seq[i]);
	tcp_hear(e, seq, hit->pkt, hit);
	for (unsigned i = 0; i < 2; i++)
		seq_put(t, &seq[i], &q->seq[i]);
	if ((e->flow.flags & ~before & FLOW_ACKS_UNSEEN) != 0 &&
	    e->flow.count[!hit->dir].pkts == 0)
		t->stats.half++;
}

static inline void
hear(struct flowtab *t, struct flow_entry *e, struct flow_hit *hit)
{
	const struct packet *pkt = hit->pkt;
	struct tcpseq_kept *q = tcp_at(t, e->tcp)->seq, *mine = &q[hit->dir];
	uint32_t len = pkt->payload_wire, behind = mine->behind;
	uint64_t offset = tcpseq_length(mine);

	if ((pkt->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK ||
	    !tcpseq_quick(mine, &q[!hit->dir], pkt->seq, len, pkt->ack)) {
		hear_half(t, e, hit);
		return;
	}
	hit->under_way = behind;
	if (behind < UINT32_MAX && offset > behind)
		hit->acked = offset - behind;
	e->established = true;
	if (len == 0)
		return;
	hit->fresh = len;
	hit->offset = offset;
	e->closed_rst = false;
}

static void
count_packet(struct flow_count *c, const struct flow_hit *hit, uint32_t payload)
{
	c->pkts++;
	c->wire += hit->pkt->frame->wire;
	if (payload == 0)
		return;
	c->data_pkts++;
	c->captured += hit->fresh;
	c->gaps -= hit->late;
	c->retrans += payload - hit->fresh;
}

/* A TAP's two halves, or a mirror port that tags one way only. */
static void
hear_tag(struct flowtab *t, struct flow *f, const struct flow_hit *hit)
{
	f->vlan[hit->dir] = hit->pkt->vlan;
	if ((f->flags & FLOW_TAGS_DIFFER) != 0 || f->count[!hit->dir].pkts == 0 ||
	    f->vlan[0] == f->vlan[1])
		return;
	f->flags |= FLOW_TAGS_DIFFER;
	t->stats.tags_differ++;
}

void
flowtab_packet(struct flowtab *t, const struct packet *pkt)
{
	flowtab_packet_ahead(t, pkt, NULL);
}

/* The flow of any packet, begun when there is none; NULL: there is no room. Sets hit->dir,
 * hit->is_new. */
static __attribute__((noinline)) struct flow_entry *
seek(struct flowtab *t, const struct packet *pkt, const struct flow_ahead *ahead,
    struct flow_hit *hit, bool *later)
{
	struct sighting s;
	struct flow_entry *e;

	sight(t, pkt, ahead, &s);
	if (s.orphan)
		t->stats.fragments_orphan++;
	*later = s.later;
	e = slots_find(&t->flows, s.hash, flow_same, &s.key);
	if (e != NULL && outlived(t, e, &s)) {
		life_end(t, e, life_reason(e));
		e = NULL;
	}
	if (e == NULL) {
		e = flow_begin(t, &s);
		if (e == NULL)
			return NULL;
		hit->is_new = true;
	}
	hit->dir = s.from_a == e->client_is_a ? FLOW_TO_SERVER : FLOW_TO_CLIENT;
	return e;
}

/* What it adds to the pair. */
static inline void
count_pair(struct flowtab *t, struct pair *p, const struct flow_hit *hit)
{
	int i = pair_transport(hit->flow->proto);

	if (hit->up) {
		p->up[i] += hit->fresh - hit->late;
		p->down[i] += hit->acked_unseen;
	} else {
		p->down[i] += hit->fresh - hit->late;
		p->up[i] += hit->acked_unseen;
		p->came |= (uint8_t)(1U << i);
	}
	p->last.ns = t->now;
}

void
flowtab_packet_ahead(struct flowtab *t, const struct packet *pkt,
    const struct flow_ahead *ahead)
{
	struct flow_entry *e;
	struct flow_hit hit = { .pkt = pkt, .under_way = UINT32_MAX };
	struct flow *f;
	uint32_t payload = pkt->payload_wire;
	bool later = false;

	if (pkt->class != PACKET_FLOW)
		return;
	if (pkt->frame->time.ns < t->now)
		t->stats.time_back++;
	else
		t->now = pkt->frame->time.ns < TIME_LAST ? pkt->frame->time.ns :
		    TIME_LAST;
	e = known(t, pkt, ahead, &hit.dir);
	if (e == NULL)
		e = seek(t, pkt, ahead, &hit, &later);
	if (e == NULL)
		return;
	f = &e->flow;
	f->last.ns = t->now;
	hit.flow = f;
	hit.up = f->up == (int8_t)hit.dir;
	hit.down = f->up >= 0 && !hit.up;
	if (pkt->has_mac)
		memcpy(f->mac[hit.dir], pkt->smac, sizeof(f->mac[hit.dir]));
	if (pkt->frag)
		f->flags |= FLOW_FRAGMENTS;
	if (pkt->payload.left < payload)
		f->flags |= FLOW_TRUNCATED;
	if (f->proto != IPPROTO_IS_TCP)
		hit.fresh = payload;
	else if (later)
		payload = 0;	/* frames and wire bytes only: it carries no numbers */
	else
		hear(t, e, &hit);
	hit.payload = payload;
	hear_tag(t, f, &hit);
	count_packet(&f->count[hit.dir], &hit, payload);
	f->count[!hit.dir].gaps += hit.acked_unseen;
	if (f->pair != NULL)
		count_pair(t, f->pair, &hit);
	life_touch(t, e);
	if (t->o.on.packet != NULL)
		t->o.on.packet(t->o.on.arg, &hit);
}

void
flow_trace_of(const struct flow_hit *hit, struct flow_trace *out)
{
	memset(out, 0, sizeof(*out));
	flow_key_of(hit->flow, &out->key);
	out->id = flow_id(hit->flow);
	out->dir = hit->dir;
	out->wire = hit->pkt->frame->wire;
	out->payload = hit->payload;
	out->fresh = hit->fresh;
	out->late = hit->late;
	out->acked_unseen = hit->acked_unseen;
}

static void
uncount_packet(struct flow_count *c, const struct flow_trace *tr)
{
	c->pkts--;
	c->wire -= tr->wire;
	if (tr->payload == 0)
		return;
	c->data_pkts--;
	c->captured -= tr->fresh;
	c->gaps += tr->late;
	c->retrans -= tr->payload - tr->fresh;
}

/* The gaps that an acknowledgement proved may have been filled since. */
static void
uncount_gaps(struct flow_count *c, uint32_t gaps)
{
	c->gaps -= gaps < c->gaps ? gaps : c->gaps;
}

struct flow *
flowtab_take_back(struct flowtab *t, const struct flow_trace *trace)
{
	uint64_t hash = flow_hash(t, &trace->key);
	struct flow_entry *e = slots_find(&t->flows, hash, flow_same, &trace->key);
	struct flow *f;

	if (e == NULL || flow_id(&e->flow) != trace->id)
		return NULL;
	f = &e->flow;
	uncount_packet(&f->count[trace->dir], trace);
	uncount_gaps(&f->count[!trace->dir], trace->acked_unseen);
	if (f->pair != NULL) {
		int i = pair_transport(f->proto);
		bool up = f->up == (int8_t)trace->dir;
		uint64_t *there = up ? &f->pair->up[i] : &f->pair->down[i];
		uint64_t *back = up ? &f->pair->down[i] : &f->pair->up[i];

		if (trace->payload > 0)
			*there -= trace->fresh - trace->late;
		*back -= trace->acked_unseen < *back ? trace->acked_unseen : *back;
	}
	return f;
}

void
flowtab_each(struct flowtab *t, void (*fn)(void *arg, struct flow *f), void *arg)
{
	size_t n = flows_gather(t);

	for (size_t i = 0; i < n; i++)
		fn(arg, &flow_at(t, t->due[i])->flow);
}

void
flowtab_each_pair(struct flowtab *t, void (*fn)(void *arg, struct pair *p), void *arg)
{
	size_t n = pairs_gather(t);

	for (size_t i = 0; i < n; i++)
		fn(arg, &pair_at(t, t->due[i])->pair);
}

void
flowtab_stats(const struct flowtab *t, struct flow_stats *out)
{
	*out = t->stats;
	out->flows_now = pool_used(t->flow_pool);
	out->pairs_now = pool_used(t->pair_pool);
}

size_t
flowtab_room(const struct flowtab *t)
{
	return t->o.max_flows;
}

size_t
flowtab_bytes(const struct flowtab *t)
{
	size_t flow = ROOM(struct flow_entry) + (t->o.flow_user + 7) / 8 * 8 +
	    sizeof(struct tcp_entry);
	size_t pair = ROOM(struct pair_entry) + (t->o.pair_user + 7) / 8 * 8;
	size_t due = t->o.max_flows > t->o.max_pairs ? t->o.max_flows : t->o.max_pairs;

	return t->o.max_flows * flow + t->o.max_pairs * pair + due * sizeof(*t->due) +
	    holes_room(t->o.max_flows) * sizeof(struct holes) +
	    slots_bytes(&t->flows) + slots_bytes(&t->pairs) + frag_bytes();
}
