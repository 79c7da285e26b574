/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls: who talked, from when to when; and what was uploaded afterwards.
 *
 * A call is a meter that keeps time while what comes back to its socket keeps time too
 * (T5 by packets). It begins with the later of the two first packets, because a
 * recorder begins when somebody answers, and ends with the earlier of the last two. Per
 * device, and per room when the inventory knows rooms, the last CALLS of them are
 * remembered; meters of one device that keep time at the same time are one call (video
 * beside sound, three parties). A flow that begins after a call's end, within call.within
 * of it, is held against its length when it ends.
 */
#include "classify/observer/state.h"
#include "classify/shape/codecs.h"

#include <string.h>

#define REST (30 * NS_PER_S)		/* of one meter: a longer one makes it two calls */
#define EARLIER (5 * NS_PER_S)		/* a recorder may connect before it hangs up */

static void heard(struct observer *o, const struct call_key *who, const struct call *now,
    struct pkt_time window);
static bool best_of(struct observer *o, const struct call_key *who, struct observation *r);

void
call_heard(struct observer *o, const struct meter_ext *m, const struct meter_key *k,
    const struct meter_window *w, const struct observation *r)
{
	const struct socket_key sk = { k->inside, k->port, k->transport, 0 };
	const struct socket_ext *s = table_find(o->sockets, &sk);
	bool both = w->pass && observation_known(r, FIELD_way_packets) &&
	    r->way_packets >= o->o.hearing->way_packets;
	int64_t up, down;
	struct call c = { .meter = *k, .serial = m->serial };

	if (s == NULL || r->device_key == 0 || o->o.hearing->call_within <= 0)
		return;
	/* The first packets of each way, ever or after a minute of silence. The first window is
	 * seldom the one that says it is a call: the other way's is not over yet. */
	up = m->m.origin.ns - METER_LEAD;
	down = s->m.origin.ns - METER_LEAD;
	c.begin.ns = up > down ? up : down;
	c.end = m->m.last.ns < s->m.last.ns ? m->m.last : s->m.last;
	c.both = both;
	heard(o, &(struct call_key){ r->device_key, CALL_OF_DEVICE }, &c, w->start);
	if (observation_known(r, FIELD_device_room) && r->device_room != 0)
		heard(o, &(struct call_key){ r->device_room, CALL_OF_ROOM }, &c, w->start);
}

/* Only what was a call before goes on with a window that is none: speech has pauses. */
static void
heard(struct observer *o, const struct call_key *who, const struct call *now,
    struct pkt_time window)
{
	struct calls_ext *x = table_find(o->calls, who);
	bool is_new;

	for (unsigned i = 0; x != NULL && i < CALLS && i < x->n; i++) {
		struct call *c = &x->call[i];
		bool same = c->serial == now->serial && window.ns - c->end.ns <= REST;

		if (!same && !(now->begin.ns < c->end.ns && now->end.ns > c->begin.ns))
			continue;
		if (same && now->end.ns > c->end.ns)
			c->end = now->end;
		return;
	}
	if (!now->both || now->end.ns <= now->begin.ns)
		return;
	x = table_use(o->calls, who, &is_new);
	if (is_new)
		intern_hold(o->strings, who->id);
	x->call[x->n % CALLS] = *now;
	x->n = x->n + 1 < 2 * CALLS ? x->n + 1 : x->n + 1 - CALLS;
}

void
call_look(struct observer *o, struct flow *f, struct observation *r)
{
	const struct flow_ext *x = flow_user(f);
	bool asked = false;

	if (f->up < 0 || more_of(o, x)->rtp || o->o.hearing->call_within <= 0)
		return;
	if (r->device_key != 0)
		asked = best_of(o, &(struct call_key){ r->device_key, CALL_OF_DEVICE }, r);
	if (observation_known(r, FIELD_device_room) && r->device_room != 0)
		asked = best_of(o, &(struct call_key){ r->device_room, CALL_OF_ROOM }, r) ||
		    asked;
	if (asked && !observation_known(r, FIELD_call_fits))
		OBSERVATION_SET(r, call_fits, false);
}

/* The end as it is known by now: a call's last window may not be over yet. */
static struct pkt_time
end_of(const struct observer *o, const struct call *c)
{
	const struct socket_key sk = { c->meter.inside, c->meter.port, c->meter.transport, 0 };
	const struct meter_ext *m = table_find(o->meters, &c->meter);
	const struct socket_ext *s = table_find(o->sockets, &sk);
	int64_t last;

	if (m == NULL || s == NULL || m->serial != c->serial)
		return c->end;
	last = m->m.last.ns < s->m.last.ns ? m->m.last.ns : s->m.last.ns;
	return last > c->end.ns && last - c->end.ns <= REST ? (struct pkt_time){ last } :
	    c->end;
}

/* True: there was a call that the flow may belong to; what fits nearest is in the record. */
static bool
best_of(struct observer *o, const struct call_key *who, struct observation *r)
{
	const struct hearing *h = o->o.hearing;
	struct calls_ext *x = table_find(o->calls, who);
	bool asked = false;

	for (unsigned i = 0; x != NULL && i < CALLS && i < x->n; i++) {
		const struct call *c = &x->call[i];
		struct pkt_time end = end_of(o, c);
		int64_t length = end.ns - c->begin.ns, ago = r->flow_start - end.ns;
		struct call_fit fit;

		if (length < h->call_least || ago < -EARLIER || ago > h->call_within)
			continue;
		asked = true;
		if (!call_fits(h, r->upload, length, &fit))
			continue;
		/* Of several calls the last before the upload is the one to ask about. */
		if (observation_known(r, FIELD_call_ago) && r->call_ago <= ago)
			continue;
		OBSERVATION_SET(r, call_fits, true);
		OBSERVATION_SET(r, call_length, length);
		OBSERVATION_SET(r, call_rate, fit.rate);
		OBSERVATION_SET(r, call_ago, ago > 0 ? ago : 0);
	}
	return asked;
}

void
call_forgotten(void *arg, const void *key, void *value)
{
	struct observer *o = arg;
	uint32_t id = ((const struct call_key *)key)->id;

	(void)value;
	name_drop(o, &id);
}
