/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sides: does the tap show both directions? Without that a call is half of a call, which
 * looks like an open microphone, so `one-way` may only be said where it is known.
 *
 * Proof that one side is missing: a TCP conversation that goes on (its end acknowledges
 * what nobody saw, or sends and sends) while no packet of the other end was ever seen; or
 * inside hosts ask for half.after, and not one packet comes in. Proof that both are there:
 * a packet from outside to the flow, the pair, the host, or to anyone behind this tap. Where
 * nothing crosses but one stream of datagrams: the router to which it is sent was seen to
 * answer somebody's question (DNS), so that what it brings would be seen as well. That is
 * less: what comes in by another router is not known of, and TCP overrules it. An answer of
 * ARP proves nothing, as a switch floods the question.
 *
 * Nearer evidence goes before what is farther. What is neither proven is unknown.
 *
 * A tap of one member of a bundle shows some conversations whole and some by half: of who
 * keeps silent there nothing is known. So conversations of both kinds are counted, one of
 * each a host and minute, and several hosts must have had halves lately: a host which
 * invents them, however long, has one voice.
 */
#include "classify/observer/state.h"

#include <string.h>

#define HALF_PACKETS 8		/* with data, and no answer: TCP would not send them */
#define CONVERSATIONS 64	/* remembered; then both counts are halved */
#define ONE_A_HOST (60 * NS_PER_S)

enum { WHOLE, HALF };		/* of host_ext.counted, taps.of */

static void
tap_seen(struct observer *o)
{
	o->tap.seen = true;
	o->tap.asking.ns = o->tap.near_asking.ns = 0;
}

/* Is it among them? Else it is now: the oldest goes. */
static bool
mac_in(const struct tap_macs *m, uint64_t mac)
{
	for (unsigned i = 0; i < TAP_MACS; i++)
		if (m->mac[i] == mac)
			return true;
	return false;
}

static void
mac_put(struct tap_macs *m, uint64_t mac)
{
	if (!mac_in(m, mac))
		m->mac[m->n++ % TAP_MACS] = mac;
}

/* This host had a half now; the one that had none for longest makes room. */
static void
half_put(struct taps *t, const struct addr *inside, struct pkt_time now)
{
	unsigned at = 0;

	for (unsigned i = 0; i < HALF_HOSTS; i++) {
		if (addr_eq(&t->half[i].of, inside)) {
			at = i;
			break;
		}
		if (t->half[i].last.ns < t->half[at].last.ns)
			at = i;
	}
	t->half[at].of = *inside;
	t->half[at].last = now;
}

/* Counts a conversation of this host, and at most one of a kind in a minute. */
static void
conversation_is(struct observer *o, const struct addr *inside, unsigned kind)
{
	struct host_ext *h = table_use(o->hosts, inside, NULL);

	if (kind == HALF) {
		half_put(&o->tap, inside, o->now);
		if (h->halves < UINT32_MAX)
			h->halves++;
	}
	if (h->counted[kind].ns != 0 && o->now.ns - h->counted[kind].ns < ONE_A_HOST)
		return;
	h->counted[kind] = o->now;
	o->tap.of[kind]++;
	if (o->tap.of[WHOLE] + o->tap.of[HALF] > CONVERSATIONS) {
		o->tap.of[WHOLE] /= 2;
		o->tap.of[HALF] /= 2;
	}
}

static void
conversation(struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	struct flow_ext *x = flow_user(f);
	const struct flow_count *mine = &f->count[hit->dir], *other = &f->count[!hit->dir];

	if (other->pkts > 0) {
		if (mine->pkts == 1)
			conversation_is(o, &f->pair->inside, WHOLE);
		x->half = false;
		return;
	}
	if (x->half || ((f->flags & FLOW_ACKS_UNSEEN) == 0 &&
	    (mine->data_pkts < HALF_PACKETS || o->now.ns - f->first.ns < NS_PER_S)))
		return;
	x->half = true;
	if (!hit->up)
		return;		/* what leaves is missing: no doubt about what comes in */
	((struct pair_ext *)pair_user(f->pair))->half = true;
	conversation_is(o, &f->pair->inside, HALF);
}

void
sides_look(struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	struct flow_ext *x = flow_user(f);
	const struct packet *p = hit->pkt;
	bool tcp = f->proto == IPPROTO_IS_TCP;
	uint32_t now = flow_clock(f, o->now);

	if (hit->down) {
		if (now - x->answered >= MICROSECONDS(NS_PER_S)) {
			x->answered = now;
			((struct host_ext *)table_use(o->hosts, &f->pair->inside,
			    NULL))->heard = o->now;
			o->tap.heard = true;
			tap_seen(o);
		}
	} else {
		if (!o->tap.seen && p->has_mac) {
			uint64_t router = mac_from_bytes(p->dmac);

			if (router != 0)
				mac_put(&o->tap.router, router);
			if (router != 0 && mac_in(&o->tap.near, router))
				tap_seen(o);
		}
		if (tcp && (p->payload_wire > 0 || (p->tcp_flags & TCP_SYN) != 0) &&
		    now - x->asked >= MICROSECONDS(NS_PER_S)) {
			x->asked = now;
			if (o->tap.asking.ns == 0)
				o->tap.asking = o->now;
		}
	}
	if (tcp)
		conversation(o, hit);
}

/* A question of DNS by an inside host, or the answer to one. */
void
sides_question(struct observer *o, const struct packet *p)
{
	bool near = zone_inside(&o->o.zone, &p->dst);
	struct pkt_time *asking = near ? &o->tap.near_asking : &o->tap.asking;

	if (asking->ns == 0)
		*asking = o->now;
}

void
sides_answer(struct observer *o, const struct packet *p)
{
	uint64_t mac;

	if (!zone_inside(&o->o.zone, &p->src))
		return;			/* crosses: sides_packet has it */
	o->tap.near_asking.ns = 0;
	if (o->tap.seen && o->tap.asking.ns == 0)
		return;
	/* Without link addresses who forwards is not known; then who answers may. */
	mac = p->has_mac ? mac_from_bytes(p->smac) : 0;
	if (mac == 0 || mac_in(&o->tap.router, mac))
		tap_seen(o);
	else
		mac_put(&o->tap.near, mac);
}

static bool
asked_in_vain(const struct observer *o, struct pkt_time since, int64_t now)
{
	return since.ns != 0 && now - since.ns >= o->o.hearing->half_after;
}

bool
sides_dark(const struct observer *o, struct pkt_time now)
{
	return asked_in_vain(o, o->tap.asking, now.ns) ||
	    asked_in_vain(o, o->tap.near_asking, now.ns);
}

/* Some conversations, of several hosts, are seen by half. */
static bool
tap_mixed(const struct observer *o)
{
	double half = o->tap.of[HALF], whole = o->tap.of[WHOLE];
	unsigned hosts = 0;

	for (unsigned i = 0; i < HALF_HOSTS; i++)
		hosts += o->tap.half[i].last.ns != 0 &&
		    o->now.ns - o->tap.half[i].last.ns <= o->o.hearing->half_lately;
	if (hosts < o->o.hearing->half_hosts)
		return false;
	return half >= o->o.hearing->half_share * (half + whole);
}

static bool
pair_came_down(const struct pair *p)
{
	return p->came != 0;
}

/* Of a flow, or of its pair. */
enum sides
sides_of(const struct observer *o, struct pair *p, struct flow *f, struct pkt_time now)
{
	const struct pair_ext *px = pair_user(p);
	const struct flow_ext *x = f == NULL ? NULL : flow_user(f);
	const struct host_ext *h = table_find(o->hosts, &p->inside);

	if (x != NULL && x->half)
		return SIDES_ONE;
	if (f != NULL && f->count[0].pkts > 0 && f->count[1].pkts > 0)
		return SIDES_BOTH;
	if (px->half && (p->came & 1) == 0)
		return SIDES_ONE;
	if (f == NULL && pair_came_down(p))
		return SIDES_BOTH;
	if (tap_mixed(o))
		return o->tap.of[WHOLE] == 0 ? SIDES_ONE : SIDES_UNKNOWN;
	if (pair_came_down(p))
		return SIDES_BOTH;
	if (h != NULL && h->halves > 0 && h->heard.ns == 0)
		return SIDES_ONE;
	if (sides_dark(o, now))
		return SIDES_ONE;
	/* Who sets up a call is answered: here the router's word is not enough. */
	if (h != NULL && h->setup.ns != 0 && !o->tap.heard)
		return SIDES_UNKNOWN;
	if ((h != NULL && h->heard.ns != 0) || o->tap.seen || o->o.hearing->half_doubt == 0)
		return SIDES_BOTH;
	return SIDES_UNKNOWN;
}

void
sides_record(const struct observer *o, struct observation *r, struct pair *p, struct flow *f)
{
	enum sides s = sides_of(o, p, f, (struct pkt_time){ r->time });

	if (s == SIDES_UNKNOWN)
		return;
	OBSERVATION_SET(r, way_half, s == SIDES_ONE);
	if (s == SIDES_ONE)
		r->seen |= SEEN_HALF;
}

/* Nothing came down: is that known to be silence? */
bool
sides_silence(const struct observation *r)
{
	return observation_known(r, FIELD_way_half) && !r->way_half;
}
