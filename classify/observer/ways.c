/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ways: T5, is it a conversation? Decided on the pair of hosts and on the inside socket,
 * never on a 5-tuple: calls send from one port to one address and hear from another.
 *
 * Down over up bytes: what the pair returned on any port of the transport, over the last
 * minute and over the meter's whole life; the larger counts, so that a caller who listens
 * for a minute does not become a microphone. Down windows: what any outside host sends to
 * the same inside socket has a meter too;
 * windows of it that keep time are compared by packets. What was answered and is no
 * longer (way.turned) is a call in which somebody is silent.
 */
#include "classify/observer/state.h"

#include <string.h>

static double ratio(uint64_t down, uint64_t up);
static uint64_t since(uint64_t now, uint64_t then);
static double socket_answers(struct observer *o, struct socket_ext *s,
    const struct meter_window *w);
static double elsewhere(struct observer *o, const struct meter_key *k,
    const struct meter_window *w, double packets);
static void socket_close_windows(struct observer *o, struct socket_ext *s,
    struct pkt_time now);

void
way_window(struct observer *o, struct meter_ext *m, const struct meter_key *k,
    const struct meter_window *w, const struct pair *pair, struct observation *r)
{
	const struct hearing *h = o->o.hearing;
	int tr = pair_transport(k->transport);
	uint64_t up, down;
	double bytes, recent = 0, packets = 0;
	struct socket_key sk = { k->inside, k->port, k->transport, 0 };
	struct socket_ext *s;
	const struct flow_ext *x = flow_user(m->flow);
	unsigned oldest;

	if (pair == NULL)
		return;
	up = pair->up[tr];
	down = pair->down[tr];
	oldest = m->way.n >= WAY_WINDOWS ? m->way.n % WAY_WINDOWS : 0;
	bytes = ratio(since(down, m->way.down0), since(up, m->way.up0));
	if (m->way.n > 0) {
		recent = ratio(since(down, m->way.down[oldest]),
		    since(up, m->way.up[oldest]));
		if (recent > bytes)
			bytes = recent;
	}
	m->way.up[m->way.n % WAY_WINDOWS] = up;
	m->way.down[m->way.n % WAY_WINDOWS] = down;
	m->way.n++;

	s = table_find(o->sockets, &sk);
	if (s != NULL) {
		packets = socket_answers(o, s, w);
		if (w->pass)
			s->talks = w->end;
	}
	if (packets < h->way_packets && w->pass && k->transport == IPPROTO_IS_UDP)
		packets = elsewhere(o, k, w, packets);
	/* Where the other direction may not be on the tap, UDP's is not known at all; TCP's
	 * is, by the acknowledgements. */
	if (k->transport != IPPROTO_IS_TCP && down == 0 && !sides_silence(r))
		return;
	OBSERVATION_SET(r, way_bytes, bytes);
	OBSERVATION_SET(r, way_packets, packets);
	OBSERVATION_SET(r, way_two, bytes >= h->way_bytes || packets >= h->way_packets);
	/* Of the last minute, not of a whole life: a call may be muted at any time. Over TCP
	 * and QUIC the bytes of a page that was loaded before would do, so only what keeps
	 * time does. */
	if (m->way.n == 1)
		recent = bytes;
	if (packets >= h->way_packets ||
	    (k->transport == IPPROTO_IS_UDP && !x->stream && recent >= h->way_bytes))
		m->way.two.ns = r->time;
	if (m->way.two.ns != 0)
		OBSERVATION_SET(r, way_turned, r->time - m->way.two.ns);
}

/* Packets down over up in the windows of a socket that keep time; 0: there are none. */
static double
socket_answers(struct observer *o, struct socket_ext *s, const struct meter_window *w)
{
	double packets = 0;

	socket_close_windows(o, s, o->now);
	for (unsigned i = 0; i < DOWN_WINDOWS && i < s->n; i++) {
		double p;

		/* Overlaps this window or the one before it:
		 * bins are not aligned. */
		if (!s->window[i].pass || w->packets == 0 ||
		    s->window[i].end.ns <= w->start.ns - 10 * NS_PER_S ||
		    s->window[i].start.ns >= w->end.ns)
			continue;
		p = (double)s->window[i].packets / (double)w->packets;
		if (p > packets)
			packets = p;
	}
	return packets;
}

/* Each way by a relay and a socket of its own: what comes to another socket of the same
 * host, one that sends no voice itself, is the answer. Asked only of who keeps time and
 * was not answered, which are few. */
static double
elsewhere(struct observer *o, const struct meter_key *k, const struct meter_window *w,
    double packets)
{
	struct socket_ext *s;

	for (s = table_oldest(o->sockets); s != NULL; s = table_next(o->sockets, s)) {
		const struct socket_key *sk = table_key(s);
		double p;

		if (sk->port == k->port || sk->transport != k->transport ||
		    memcmp(&sk->inside, &k->inside, sizeof(k->inside)) != 0 ||
		    (s->talks.ns != 0 && w->end.ns - s->talks.ns <= 60 * NS_PER_S))
			continue;
		p = socket_answers(o, s, w);
		if (p > packets)
			packets = p;
	}
	return packets;
}

/* Down over up of the pair on the flow's transport, for records that are no window. */
void
way_flow(const struct flow *f, struct observation *r)
{
	int tr = pair_transport(f->proto);
	uint64_t up = f->pair->up[tr];
	uint64_t down = f->pair->down[tr];

	if (tr != 0 && down == 0 && !sides_silence(r))
		return;
	OBSERVATION_SET(r, way_bytes, ratio(down, up));
}

static struct socket_key
socket_of(const struct flow *f, enum flow_dir dir)
{
	bool to_client = dir == FLOW_TO_CLIENT;
	struct socket_key k;

	memset(&k, 0, sizeof(k));
	k.inside = to_client ? f->client : f->server;
	k.port = to_client ? f->client_port : f->server_port;
	k.transport = f->proto;
	return k;
}

/* Something came down to an inside socket. */
void
socket_packet(struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	struct flow_ext *x = flow_user(f);
	struct socket_ext *s = x->socket;
	struct socket_key k;
	bool is_new;

	if (s == NULL || s->serial != x->socket_serial) {
		k = socket_of(f, hit->dir);
		s = table_use(o->sockets, &k, &is_new);
		if (is_new)
			s->serial = serial_next(o);
		s->touched = o->now;
		x->socket = s;
		x->socket_serial = s->serial;
	} else if (o->now.ns - s->touched.ns >= NS_PER_S) {
		s->touched = o->now;
		table_touch(o->sockets, s);
	}
	if (!meter_open(&s->m, o->now))
		socket_close_windows(o, s, o->now);
	if (x->stream)
		meter_carried(&s->m, o->now, hit->fresh);
	else
		meter_packet(&s->m, o->now, hit->fresh, f->proto == IPPROTO_IS_UDP);
}

void
socket_forgotten(void *arg, const void *key, void *value)
{
	(void)arg;
	(void)key;
	((struct socket_ext *)value)->serial = 0;
}

/* It had come twice: windows with both in are forgotten. */
void
socket_take_back(struct observer *o, const struct flow *f, const struct flow_trace *trace)
{
	struct socket_key k = socket_of(f, trace->dir);
	struct socket_ext *s = table_find(o->sockets, &k);

	if (s == NULL)
		return;
	meter_take_back(&s->m, trace->fresh);
	s->n = 0;
}

static void
socket_close_windows(struct observer *o, struct socket_ext *s, struct pkt_time now)
{
	struct meter_window w;

	while (meter_step(&s->m, o->o.hearing, now, &w)) {
		unsigned i = s->n++ % DOWN_WINDOWS;

		s->window[i].start = w.start;
		s->window[i].end = w.end;
		s->window[i].packets = w.packets;
		s->window[i].pass = w.pass;
		if (s->n >= 2 * DOWN_WINDOWS)
			s->n -= DOWN_WINDOWS;
	}
}

/* A pair's counters may have fallen, when copies were taken back. */
static uint64_t
since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

static double
ratio(uint64_t down, uint64_t up)
{
	if (up == 0)
		return down == 0 ? 0 : 1000;
	return (double)down / (double)up;
}
