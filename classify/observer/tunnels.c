/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tunnels: what is kept of flows that are tunnels alone: the meter of what goes inside
 * them beside other traffic (classify/shape/within.h). By socket, as the other meter; one
 * tunnel of a host is worth 4 kB, and a thousand of them at a time are followed.
 *
 * Not of DNS and ICMP, where every packet is answered by one of its kind: those are
 * judged by how much goes (dns.*, upload).
 */
#include "classify/observer/state.h"

#include <string.h>

/* IANA's numbers of protocols that carry packets. */
enum { PROTO_IPIP = 4, PROTO_6IN4 = 41, PROTO_GRE = 47, PROTO_ESP = 50, PROTO_AH = 51,
	PROTO_ETHERIP = 97 };

#define NAME_CARRIES 64		/* one label is 63 at most */

static bool followed(const struct flow *f, enum tunnel_word t);
static bool of_streams(enum tunnel_word t);
static void key_of(const struct flow *f, struct meter_key *k);
static void windows(struct observer *o, struct within_ext *w, struct pkt_time now);

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

	switch (f->key.proto) {
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
		((struct pair_ext *)pair_user(f->pair))->tunnel = x->tunnel;
}

/* A name that holds more than names do, below the domain that was asked for. */
bool
tunnel_in_name(const struct dns_message *m, struct span domain)
{
	return m->question_whole && m->name_len > domain.left + NAME_CARRIES;
}

static bool
followed(const struct flow *f, enum tunnel_word t)
{
	return f->pair != NULL && t != TUNNEL_NONE && t != TUNNEL_DNS &&
	    t != TUNNEL_ICMP;
}

static bool
of_streams(enum tunnel_word t)
{
	return t == TUNNEL_SSH || t == TUNNEL_TOR || t == TUNNEL_SOCKS ||
	    t == TUNNEL_CONNECT;
}

static void
key_of(const struct flow *f, struct meter_key *k)
{
	memset(k, 0, sizeof(*k));
	k->inside = f->pair->inside;
	k->outside = f->pair->outside;
	k->port = f->up == FLOW_TO_SERVER ? f->client_port : f->server_port;
	k->transport = f->key.proto;
}

static void
windows(struct observer *o, struct within_ext *w, struct pkt_time now)
{
	const struct meter_key *k = table_key(w);
	struct within_verdict v;
	struct observation *r;

	while (within_step(&w->w, o->o.hearing, now, &v)) {
		if (w->flow == NULL)
			continue;
		r = record_new(o, OBSERVATION_WINDOW, v.w.end, w->ordinal);
		record_flow(o, r, w->flow);
		OBSERVATION_SET(r, scope, SCOPE_SOCKET);
		within_observe(&v, r);
		/* When half is seen, nothing is known of what a datagram's other end says. */
		if ((r->seen & SEEN_HALF) != 0 && k->transport != IPPROTO_IS_TCP &&
		    r->pkts_down == 0) {
			r->known[FIELD_way_two / 64] &= ~(UINT64_C(1) << FIELD_way_two % 64);
			r->known[FIELD_way_packets / 64] &=
			    ~(UINT64_C(1) << FIELD_way_packets % 64);
		}
	}
}
