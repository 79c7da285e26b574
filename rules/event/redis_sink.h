/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_sink: the connection to one Redis: a libevent bufferevent, hiredis only as codec.
 * Connects, gives up, comes back after 0.05 to 5 s with jitter. What is said on it is
 * delivery.h's business.
 */
#ifndef RULES_EVENT_REDIS_SINK_H
#define RULES_EVENT_REDIS_SINK_H

#include "rules/event/delivery.h"

struct event_base;
struct redis_sink;

struct redis_sink_options {
	struct event_base *base;
	const char *target;		/* "unix:/path", "tcp:ADDRESS:PORT" (numbers) */
	uint64_t seed;			/* of the jitter */
	struct delivery *delivery;	/* lent */
	const struct log *log;
};

struct redis_sink *redis_sink_create(
    const struct redis_sink_options *o, struct fault *why);
void redis_sink_destroy(struct redis_sink *s);		/* hangs up */
/* For delivery_options.send, arg is a struct redis_sink **. */
void redis_sink_send(void *arg, const void *bytes, size_t n);

/* "unix:/path" or "tcp:ADDRESS:PORT" to a socket address. -1 and *why. */
struct sockaddr_storage;
int redis_target_parse(const char *target, struct sockaddr_storage *out, int *len,
    struct fault *why);

#endif
