/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_sink: a delivery (delivery.h) on its connections (dial.h): one, or one for each
 * node of a cluster. What is said on them is the delivery's business, how they are made the
 * dial's.
 */
#ifndef RULES_EVENT_REDIS_SINK_H
#define RULES_EVENT_REDIS_SINK_H

#include "rules/event/delivery.h"
#include "rules/event/dial.h"

struct redis_sink;

struct redis_sink_options {
	struct event_base *base;
	struct evdns_base *dns;		/* lent; needed for names */
	const struct sink_spec *to;	/* lent */
	struct own_register *own;	/* lent; may be NULL */
	const struct tls *tls;		/* lent; NULL: plain */
	bool loopback_only;		/* a secret goes over it */
	uint64_t seed;			/* of the jitter */
	struct delivery *delivery;	/* lent */
	int64_t spool_age;		/* ns; 0: any */
	const struct log *log;
};

struct redis_sink *redis_sink_create(
    const struct redis_sink_options *o, struct fault *why);
void redis_sink_destroy(struct redis_sink *s);		/* hangs up */
/* For delivery_options.send, arg is a struct redis_sink **. */
void redis_sink_send(void *arg, unsigned link, const void *bytes, size_t n);
/* Its name and its connection; what was sent and waits is the delivery's. */
void redis_sink_state(const struct redis_sink *s, struct sink_state *out);

#endif
