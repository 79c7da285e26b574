/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redis_sink: between the callbacks of one and the calls of the other; a dial for each link
 * that the delivery wants. They come and go in on_tick, never in a callback of a dial. */
#include "rules/event/redis_sink.h"

#include "rules/event/clock.h"
#include "rules/event/refusal.h"
#include "rules/event/routes.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_MS 50
#define EXPIRE_EVERY (10 * NS_PER_S)

_Static_assert(2 * (SNAPSHOT_SINKS + DELIVERY_LINKS) <= SNAPSHOT_CONNECTIONS,
    "each node has its place in the register of our own connections");

struct node {
	struct redis_sink *sink;
	unsigned link;
	struct dial *dial;		/* NULL: not wanted */
	struct sink_address at;
	struct reasons reasons;
};

struct redis_sink {
	struct redis_sink_options o;
	struct node node[DELIVERY_LINKS];
	uint64_t reconnects;		/* of dials that are gone */
	struct event *tick;
	struct loop_time expired;
	int64_t apart;			/* wall and monotonic clock */
	char name[SINK_TEXT];
	char error[sizeof(((struct sink_state *)NULL)->error)];
};

void
redis_sink_send(void *arg, unsigned link, const void *bytes, size_t n)
{
	struct redis_sink *s = *(struct redis_sink **)arg;

	if (s != NULL && s->node[link].dial != NULL)
		dial_write(s->node[link].dial, bytes, n);
}

static void
up(void *arg, struct loop_time now)
{
	struct node *k = arg;
	struct sink_address peer;

	delivery_up(k->sink->o.delivery, k->link,
	    dial_peer(k->dial, &peer) ? &peer : NULL, now);
}

static int
heard(void *arg, const void *bytes, size_t n, struct loop_time now, struct fault *why)
{
	struct node *k = arg;

	if (delivery_feed(k->sink->o.delivery, k->link, bytes, n, now, why) == -1)
		return -1;
	if (delivery_link_good(k->sink->o.delivery, k->link))
		dial_is_good(k->dial);
	return 0;
}

static void
down(void *arg, const struct fault *why, struct loop_time now)
{
	struct node *k = arg;
	struct redis_sink *s = k->sink;
	char behind[64];

	delivery_down(s->o.delivery, k->link, now);
	(void)snprintf(s->error, sizeof(s->error), "%.*s", (int)sizeof(s->error) - 1,
	    why->what);
	(void)snprintf(behind, sizeof(behind), "%" PRIu64 " events wait in the spool",
	    delivery_waiting(s->o.delivery));
	reasons_say(&k->reasons, k->link == 0 ? s->name :
	    delivery_link_name(s->o.delivery, k->link), why, behind, s->o.log, now);
}

static void
let_go(struct node *k)
{
	if (k->dial == NULL)
		return;
	k->sink->reconnects += dial_reconnects(k->dial);
	dial_destroy(k->dial);
	k->dial = NULL;
	delivery_down(k->sink->o.delivery, k->link, clock_now());
}

static int
reach(struct redis_sink *s, unsigned link, const struct sink_address *to,
    struct fault *why)
{
	struct node *k = &s->node[link];
	struct dial_options d = { .base = s->o.base, .dns = s->o.dns, .to = &k->at,
		.own = s->o.own, .own_place = link == 0 ? 0 : SNAPSHOT_SINKS + link,
		.seed = s->o.seed + link * UINT64_C(0x9e3779b97f4a7c15),
		.tls = s->o.tls, .loopback_only = s->o.loopback_only, .arg = k, .up = up, .heard = heard,
		.down = down };

	k->sink = s;
	k->link = link;
	k->at = *to;
	k->dial = dial_create(&d, why);
	return k->dial == NULL ? -1 : 0;
}

/* The times of files are of this clock. */
static int64_t
wall(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct redis_sink *s = arg;
	struct fault why;

	(void)fd;
	(void)what;
	for (unsigned i = 1; i < DELIVERY_LINKS; i++) {
		const struct sink_address *to = delivery_wants(s->o.delivery, i);
		struct node *k = &s->node[i];

		if (k->dial != NULL && (to == NULL || !address_same(to, &k->at)))
			let_go(k);
		else if (k->dial == NULL && to != NULL)
			(void)reach(s, i, to, &why);	/* no memory: the next tick */
	}
	if (s->o.spool_age > 0 && clock_now().ns - s->expired.ns >= EXPIRE_EVERY) {
		int64_t wall_ns = wall();

		s->expired = clock_now();
		if (!clock_jumped(&s->apart, wall_ns, s->expired))
			delivery_expire(s->o.delivery, wall_ns - s->o.spool_age);
	}
	for (unsigned i = 0; i < DELIVERY_LINKS; i++)
		if (s->node[i].dial != NULL &&
		    delivery_tick(s->o.delivery, i, clock_now(), &why) == -1)
			dial_hang_up(s->node[i].dial, &why);
}

struct redis_sink *
redis_sink_create(const struct redis_sink_options *o, struct fault *why)
{
	struct timeval tv = { 0, TICK_MS * 1000 };
	struct redis_sink *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)fault_set(why, NULL, "no memory for the connection to a Redis");
		return NULL;
	}
	s->o = *o;
	(void)clock_jumped(&s->apart, wall(), clock_now());
	(void)sink_name(o->to, s->name, sizeof(s->name));
	if (reach(s, 0, &o->to->at, why) == -1)
		goto fail;
	s->tick = event_new(o->base, -1, EV_PERSIST, on_tick, s);
	if (s->tick != NULL && event_add(s->tick, &tv) == 0)
		return s;
	(void)fault_set(why, NULL, "cannot make timers for '%s'", s->name);
fail:
	redis_sink_destroy(s);
	return NULL;
}

void
redis_sink_destroy(struct redis_sink *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < DELIVERY_LINKS; i++)
		dial_destroy(s->node[i].dial);
	if (s->tick != NULL)
		event_free(s->tick);
	free(s);
}

void
redis_sink_state(const struct redis_sink *s, struct sink_state *out)
{
	(void)snprintf(out->name, sizeof(out->name), "%.*s", (int)sizeof(out->name) - 1,
	    s->name);
	memcpy(out->error, s->error, sizeof(out->error));
	out->reconnects = s->reconnects;
	for (unsigned i = 0; i < DELIVERY_LINKS; i++)
		if (s->node[i].dial != NULL)
			out->reconnects += dial_reconnects(s->node[i].dial);
	out->up = delivery_ready(s->o.delivery);
	(void)snprintf(out->state, sizeof(out->state), "%s",
	    delivery_state(s->o.delivery));
}
