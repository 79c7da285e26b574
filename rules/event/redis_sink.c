/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redis_sink: between the callbacks of one and the calls of the other. */
#include "rules/event/redis_sink.h"

#include "rules/event/clock.h"
#include "rules/event/refusal.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 50

struct redis_sink {
	struct delivery *delivery;
	const struct log *log;
	struct dial *dial;
	struct event *tick;
	char name[SINK_TEXT];
	uint64_t delivered_before;	/* when it came up */
	struct reasons reasons;
	char error[sizeof(((struct sink_state *)NULL)->error)];
};

void
redis_sink_send(void *arg, const void *bytes, size_t n)
{
	struct redis_sink *s = *(struct redis_sink **)arg;

	if (s != NULL)
		dial_write(s->dial, bytes, n);
}

static void
up(void *arg, struct loop_time now)
{
	struct redis_sink *s = arg;

	s->delivered_before = delivery_counts(s->delivery)->delivered;
	delivery_up(s->delivery, now);
}

static int
heard(void *arg, const void *bytes, size_t n, struct loop_time now, struct fault *why)
{
	struct redis_sink *s = arg;

	if (delivery_feed(s->delivery, bytes, n, now, why) == -1)
		return -1;
	if (delivery_counts(s->delivery)->delivered > s->delivered_before)
		dial_is_good(s->dial);
	return 0;
}

static void
down(void *arg, const struct fault *why, struct loop_time now)
{
	struct redis_sink *s = arg;
	char behind[64];

	delivery_down(s->delivery);
	(void)snprintf(s->error, sizeof(s->error), "%.*s", (int)sizeof(s->error) - 1,
	    why->what);
	(void)snprintf(behind, sizeof(behind), "%" PRIu64 " events wait in the spool",
	    delivery_waiting(s->delivery));
	reasons_say(&s->reasons, s->name, why, behind, s->log, now);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct redis_sink *s = arg;
	struct fault why;

	(void)fd;
	(void)what;
	if (delivery_tick(s->delivery, clock_now(), &why) == -1)
		dial_hang_up(s->dial, &why);
}

struct redis_sink *
redis_sink_create(const struct redis_sink_options *o, struct fault *why)
{
	struct dial_options d = { .base = o->base, .dns = o->dns, .to = &o->to->at,
		.own = o->own, .seed = o->seed, .loopback_only = o->loopback_only,
		.up = up, .heard = heard, .down = down };
	struct timeval tv = { 0, TICK_MS * 1000 };
	struct redis_sink *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)fault_set(why, NULL, "no memory for the connection to a Redis");
		return NULL;
	}
	s->delivery = o->delivery;
	s->log = o->log;
	(void)sink_name(o->to, s->name, sizeof(s->name));
	d.arg = s;
	s->dial = dial_create(&d, why);
	if (s->dial == NULL)
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
	dial_destroy(s->dial);
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
	out->reconnects = dial_reconnects(s->dial);
	out->up = dial_is_up(s->dial) && delivery_ready(s->delivery);
}
