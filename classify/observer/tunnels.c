/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnels: what is kept of flows that are tunnels alone: the meter of what goes inside
 * them beside other traffic (classify/shape/within.h). By socket, as the other meter; one
 * tunnel of a host is worth 4 kB, and a thousand of them at a time are followed.
 *
 * Not of DNS, in clear or in TLS, and of ICMP, where every packet is answered by one of
 * its kind: those are judged by how much goes (dns.*, upload). Owns also the names of
 * tunnels that the protocol of IP, a name that is asked for or what stands in echoes
 * give away.
 */
#include "classify/observer/state.h"

#include <string.h>

/* IANA's numbers of protocols that carry packets. */
enum { PROTO_IPIP = 4, PROTO_6IN4 = 41, PROTO_GRE = 47, PROTO_ESP = 50, PROTO_AH = 51,
	PROTO_ETHERIP = 97 };

#define NAME_CARRIES 64		/* one label is 63 at most */

/* ICMP's echo, type and code 0, in IPv4 and in IPv6. */
enum { ECHO_ASKED = 8 << 8, ECHO_ANSWERED = 0, ECHO6_ASKED = 128 << 8,
	ECHO6_ANSWERED = 129 << 8 };

#define ECHO_OWN 32		/* ping puts its time, number and signature before this */
#define ECHO_NEWS 2		/* a payload that none of the last ones was */
#define ECHO_TUNNEL 32		/* sixteen new; an old one asked takes half of one back */

static bool echo(const struct packet *p, bool *asked);
static bool followed(const struct flow *f, enum tunnel_word t);
static bool of_streams(enum tunnel_word t);
static void key_of(const struct flow *f, struct meter_key *k);
static void windows(struct observer *o, struct within_ext *w, struct pkt_time now);
static void tell(struct observer *o, struct within_ext *w, const struct within_verdict *v);

void
tunnel_packet(struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	enum tunnel_word t = (enum tunnel_word)((struct flow_ext *)flow_user(f))->tunnel;
	struct within_ext *w;
	struct meter_key k;

	if (hit->fresh == 0 || !followed(f, t))
		return;
	key_of(f, &k);
	w = table_use(o->withins, &k, NULL);
	windows(o, w, o->now);
	w->w.streams = of_streams(t);
	w->flow = f;
	w->ordinal = o->ordinal;
	within_packet(&w->w, o->now, hit->fresh, hit->up);
	if (w->w.streams)
		calm_packet(&w->calm, o->now, hit->fresh, hit->up);
}

void
tunnel_ended(struct observer *o, struct flow *f)
{
	enum tunnel_word t = (enum tunnel_word)((struct flow_ext *)flow_user(f))->tunnel;
	struct within_ext *w;
	struct meter_key k;

	if (!followed(f, t))
		return;
	key_of(f, &k);
	w = table_find(o->withins, &k);
	if (w == NULL || w->flow != f)
		return;
	windows(o, w, o->now);
	w->flow = NULL;
}

void
tunnels_step(struct observer *o, struct pkt_time now)
{
	struct within_ext *w;

	for (w = table_oldest(o->withins); w != NULL; w = table_next(o->withins, w))
		windows(o, w, now);
}

/* `all`: of every pair; else of those that go from inside to outside no more. */
void
tunnels_forget(struct observer *o, bool all)
{
	struct within_ext *w, *next;

	for (w = table_oldest(o->withins); w != NULL; w = next) {
		const struct meter_key *k = table_key(w);

		next = table_next(o->withins, w);
		if (all || !zone_inside(&o->o.zone, &k->inside) ||
		    zone_inside(&o->o.zone, &k->outside))
			table_remove(o->withins, w);
	}
}

/* What IP itself says a packet carries. */
void
tunnel_by_protocol(struct flow *f)
{
	struct flow_ext *x = flow_user(f);

	switch (f->proto) {
	case PROTO_ESP:
	case PROTO_AH:
		x->tunnel = TUNNEL_IPSEC;
		break;
	case PROTO_GRE:
		x->tunnel = TUNNEL_GRE;
		break;
	case PROTO_IPIP:
	case PROTO_6IN4:
	case PROTO_ETHERIP:
		x->tunnel = TUNNEL_OTHER;
		break;
	default:
		return;
	}
	if (f->pair != NULL)
		((struct pair_ext *)pair_user(f->pair))->tunnel =
		    (uint8_t)x->tunnel;
}

/*
 * What ping sends is the same each time but for the time and number at its beginning, at
 * any size, and what comes back is what was sent. What a tunnel sends is new each time,
 * and so is what it is answered. Of each echo the eight bytes behind a ping's own are
 * looked up among the last eight that differed: hosts behind one address, and monitors of
 * several makes, ping side by side. Shorter ones say nothing.
 */
void
tunnel_by_echo(struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	struct flow_ext *x = flow_user(f);
	struct span s = hit->pkt->payload;
	struct echo_ext *e;
	struct flow_key of;
	struct meter_key k;
	uint64_t form;
	unsigned i = 0;
	bool asked;

	if (!echo(hit->pkt, &asked) || x->tunnel != TUNNEL_NONE ||
	    !span_skip(&s, ECHO_OWN) || s.left < sizeof(form))
		return;
	memcpy(&form, s.at, sizeof(form));
	memset(&k, 0, sizeof(k));
	flow_key_of(f, &of);
	k.inside = of.a;
	k.outside = of.b;
	k.transport = of.proto;
	e = table_use(o->echoes, &k, NULL);
	while (i < e->n && e->form[i] != form)
		i++;
	if (i < e->n) {
		if (asked && e->score > 0)
			e->score--;
		return;
	}
	e->newest = (uint8_t)((e->newest + 1) % ECHO_FORMS);
	if (e->n < ECHO_FORMS)
		e->newest = e->n++;
	e->form[e->newest] = form;
	e->score += ECHO_NEWS;
	if (e->score < ECHO_TUNNEL)
		return;
	e->score = 0;
	x->tunnel = TUNNEL_ICMP;
	if (f->pair != NULL)
		((struct pair_ext *)pair_user(f->pair))->tunnel = TUNNEL_ICMP;
}

/* A name that holds more than names do, below the domain that was asked for. */
bool
tunnel_in_name(const struct dns_message *m, struct span domain)
{
	return m->question_whole && m->name_len > domain.left + NAME_CARRIES;
}

/* Its type stands where the ports of others do; in a later fragment nothing does. */
static bool
echo(const struct packet *p, bool *asked)
{
	*asked = p->sport == (p->proto == IPPROTO_IS_ICMP ? ECHO_ASKED : ECHO6_ASKED);
	if (p->frag && !p->frag_first)
		return false;
	if (p->proto == IPPROTO_IS_ICMP)
		return *asked || p->sport == ECHO_ANSWERED;
	return p->proto == IPPROTO_IS_ICMP6 && (*asked || p->sport == ECHO6_ANSWERED);
}

static bool
followed(const struct flow *f, enum tunnel_word t)
{
	return f->pair != NULL && t != TUNNEL_NONE && t != TUNNEL_DNS && t != TUNNEL_DOH &&
	    t != TUNNEL_ICMP;
}

static bool
of_streams(enum tunnel_word t)
{
	return t == TUNNEL_SSH || t == TUNNEL_TOR || t == TUNNEL_SOCKS ||
	    t == TUNNEL_CONNECT || t == TUNNEL_PROXY;
}

static void
key_of(const struct flow *f, struct meter_key *k)
{
	memset(k, 0, sizeof(*k));
	k->inside = f->pair->inside;
	k->outside = f->pair->outside;
	k->port = f->up == FLOW_TO_SERVER ? f->client_port : f->server_port;
	k->transport = f->proto;
}

static void
windows(struct observer *o, struct within_ext *w, struct pkt_time now)
{
	struct within_verdict v;

	while (within_step(&w->w, o->o.hearing, now, &v))
		tell(o, w, &v);
	while (calm_step(&w->calm, o->o.hearing, now, &v))
		tell(o, w, &v);
}

static void
tell(struct observer *o, struct within_ext *w, const struct within_verdict *v)
{
	const struct meter_key *k = table_key(w);
	struct observation *r;

	if (w->flow == NULL)
		return;
	r = record_new(o, OBSERVATION_WINDOW, v->w.end, w->ordinal);
	record_flow(o, r, w->flow);
	OBSERVATION_SET(r, scope, SCOPE_SOCKET);
	within_observe(v, r);
	/* Where half may be seen, nothing is known of what a datagram's other end says. */
	if (k->transport != IPPROTO_IS_TCP && r->pkts_down == 0 && !sides_silence(r)) {
		r->known[FIELD_way_two / 64] &= ~(UINT64_C(1) << FIELD_way_two % 64);
		r->known[FIELD_way_packets / 64] &=
		    ~(UINT64_C(1) << FIELD_way_packets % 64);
	}
}
