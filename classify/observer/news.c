/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * news: what a flow said of itself in clear text, and what DNS said of addresses, brought to
 * where it is kept: the flow, its pair, the host, the queried domain.
 */
#include "classify/observer/state.h"

#include <string.h>

static void setup_seen(struct observer *o, const struct flow *f);
static void query_seen(struct observer *o, const struct flow_hit *hit);
static void certificate_seen(struct observer *o, struct flow_ext *x,
    const struct tls_names *c);

/* What the flow said of itself with this packet. */
void
news_read(struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	struct flow_ext *x = flow_user(f);
	struct pair_ext *px = f->pair == NULL ? NULL : pair_user(f->pair);
	struct content_news *n = &o->news;
	unsigned what = content_packet(o->content, &x->content, hit, n);

	if (n->body)
		body_begins(o, f);
	if (what == 0)
		return;
	if ((what & NEWS_SNI) != 0)
		name_set(o, &x->sni, n->sni);
	if ((what & NEWS_HTTP) != 0) {
		name_set(o, &x->host, n->host);
		name_set(o, &more_get(o, x)->method, n->method);
	}
	if ((what & NEWS_TARGET) != 0) {
		name_set(o, &more_get(o, x)->target, n->target);
		more_get(o, x)->via = (uint16_t)n->via;
		if (px != NULL)
			name_set(o, &px->logical, n->target);
	}
	if ((what & NEWS_SETUP) != 0)
		setup_seen(o, f);
	if ((what & NEWS_TUNNEL) != 0) {
		x->tunnel = (uint8_t)n->tunnel;
		if (px != NULL)
			px->tunnel = (uint8_t)x->tunnel;
	}
	if ((what & NEWS_RTP) != 0) {
		struct flow_more *more = more_get(o, x);

		more->rtp = true;
		more->rtp_type = n->rtp_type;
		more->rtp_ssrc = n->rtp_ssrc;
		more->rtp_codec = (uint16_t)n->rtp_codec;
	}
	if ((what & NEWS_DHCP) != 0)
		endpoint_dhcp(o->endpoint, &n->dhcp, hit->pkt->has_mac ?
		    mac_from_bytes(hit->pkt->smac) : 0, o->now);
	if ((what & NEWS_CERTIFICATE) != 0)
		certificate_seen(o, x, &n->certificate);
	if ((what & NEWS_DNS) != 0 && n->dns_own)
		endpoint_answer(o->endpoint, &n->dns.answer[0].addr, &n->dns.answer[0].addr,
		    span_of(n->dns.name, n->dns.name_len), n->dns.answer[0].ttl, o->now);
	else if ((what & NEWS_DNS) != 0)
		query_seen(o, hit);
	if ((what & (NEWS_SNI | NEWS_HTTP)) != 0)
		best_name(o, f);
	if ((what & NEWS_CONTENT) != 0 && (f->up < 0 || (int)n->body_dir == f->up))
		body_content(o, f);
}

/* Which of a certificate's names is told: the one that fits what the client asked for.
 * None of all does: that name is the client's word against the server's. */
static void
certificate_seen(struct observer *o, struct flow_ext *x, const struct tls_names *c)
{
	struct span sni = intern_get(o->strings, x->sni), best = c->name[0];
	bool fits = false;

	for (unsigned i = 0; i < c->n && sni.left > 0 && !fits; i++) {
		fits = host_glob((const char *)c->name[i].at, c->name[i].left, sni);
		if (fits)
			best = c->name[i];
	}
	if (sni.left > 0 && !fits && c->whole)
		x->others = true;
	name_set(o, &more_get(o, x)->certificate, best);
}

/* A call is set up: on this pair, and for each inside end (signalling goes through a
 * proxy, media to somebody else). */
static void
setup_seen(struct observer *o, const struct flow *f)
{
	const struct addr *end[2] = { &f->client, &f->server };

	if (f->pair != NULL)
		((struct pair_ext *)pair_user(f->pair))->setup = true;
	for (int i = 0; i < 2; i++)
		if (zone_inside(&o->o.zone, end[i]))
			((struct host_ext *)table_use(o->hosts, end[i],
			    NULL))->setup = o->now;
}

/* The pair is called what its last named flow was called. */
void
best_name(struct observer *o, struct flow *f)
{
	const struct flow_ext *x = flow_user(f);
	struct pair_ext *px;
	uint32_t id = x->sni != 0 ? x->sni : x->quic != 0 ? x->quic : x->host;

	if (f->pair == NULL || id == 0)
		return;
	px = pair_user(f->pair);
	if (px->name == id)
		return;
	intern_hold(o->strings, id);
	name_drop(o, &px->name);
	px->name = id;
	px->name_source = x->sni != 0 ? NAME_SOURCE_SNI : x->quic != 0 ?
	    NAME_SOURCE_QUIC : NAME_SOURCE_HTTP;
}

/* DNS: answers name addresses; queries are a road out (T7)
 * whatever the resolver's zone. */
static void
query_seen(struct observer *o, const struct flow_hit *hit)
{
	const struct flow *f = hit->flow;
	const struct dns_message *m = &o->news.dns;
	const struct packet *p = hit->pkt;
	const struct addr *client = m->response ? &p->dst : &p->src;
	struct span name = span_of(m->name, m->name_len), domain;
	struct host_ext *h;
	struct domain_ext *d;
	struct domain_key k;
	bool is_new;

	if (!zone_inside(&o->o.zone, client))
		return;
	if (m->response) {
		sides_answer(o, p);
		h = table_use(o->hosts, client, NULL);
		if (h->told.ns == 0)
			h->told = o->now;
		if (m->question_whole && (m->truncated || m->elsewhere))
			endpoint_answer_cut(o->endpoint, name, o->now);
		if (m->question_whole)
			for (unsigned i = 0; i < m->answers; i++)
				endpoint_answer(o->endpoint, client, &m->answer[i].addr,
				    name, m->answer[i].ttl, o->now);
		return;
	}
	sides_question(o, p);
	h = table_use(o->hosts, client, NULL);
	if (m->question_whole)
		name_set(o, &h->domain, domain_of(o, name));
	/* A name whose end the snap length hid is counted to the
	 * last domain seen whole. */
	if (h->domain == 0)
		return;
	memset(&k, 0, sizeof(k));
	k.inside = *client;
	k.domain = h->domain;
	d = table_use(o->domains, &k, &is_new);
	if (is_new)
		intern_hold(o->strings, k.domain);
	d->resolver = p->dst;
	d->resolver_port = p->dport;
	d->flow_id = flow_id(f);
	d->ordinal = o->ordinal;
	if (p->has_mac)
		d->mac = mac_from_bytes(p->smac);
	d->last = o->now;
	if (d->told.ns == 0)
		d->told = o->now;
	queries_packet(&d->q, o->now, o->news.dns_bytes);
	domain = intern_get(o->strings, k.domain);
	/* the reverse tree's names are long and hold an address */
	if (m->question_whole && m->name_len > domain.left && !(domain.left > 5 &&
	    memcmp(domain.at + domain.left - 5, ".arpa", 5) == 0))
		queries_name(&d->q, o->o.hearing, o->now, m->name_len - domain.left,
		    siphash13(&o->o.hash, m->name, m->name_len));
	if (tunnel_in_name(m, domain))
		d->tunnel = ((struct flow_ext *)flow_user(hit->flow))->tunnel = TUNNEL_DNS;
	if (o->copies.open != NULL) {
		o->copies.open->asked = true;
		o->copies.open->domain = k;
		o->copies.open->dns_bytes = o->news.dns_bytes;
	}
}
