/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * push_sink: events to a reader that has no memory of what it got: a list a channel or
 * a plain stream of a Redis, or whoever listens on a unix socket. The same lines as everywhere, from a
 * backlog in memory (backlog.h), no spool.
 *
 *	list		RPUSH KEY e1 .. en, done when Redis has answered; a batch whose
 *			answer was cut off is pushed again: at least once. Kept below
 *			PUSH_LIST_MOST elements by LTRIM, which is told.
 *	channel		PUBLISH CHANNEL e, never twice: at most once.
 *	stream		XADD KEY MAXLEN ~ n * e JSON, pipelined; what was not answered is sent
 *			again: at least once.
 *	unix socket	the line and a newline, done when the kernel has all of it; a line
 *			that was cut off is sent whole on the next connection. What the
 *			kernel held for a reader that left is gone.
 */
#ifndef RULES_EVENT_PUSH_SINK_H
#define RULES_EVENT_PUSH_SINK_H

#include "rules/event/dial.h"
#include "rules/event/secret.h"

#define PUSH_LIST_MOST 100000		/* elements; as the streams (redis_function.h) */

struct push_sink;

struct push_options {
	const struct sink_spec *to;	/* lent */
	const char *sensor, *version;	/* lent */
	const struct secret *secret;	/* lent; NULL or empty: none */
	bool plain;			/* the secret may go to another host */
	const struct tls *tls;		/* lent; NULL: plain */
	size_t bytes;			/* of the backlog; 0: 8 MiB */
	struct event_base *base;
	struct evdns_base *dns;
	struct own_register *own;
	uint64_t seed;
	const struct log *log;
};

struct push_sink *push_create(const struct push_options *o, struct fault *why);
void push_destroy(struct push_sink *p);

void push_put(struct push_sink *p, const struct event_head *h, const char *json,
    struct loop_time now);
/* Now and then: sends, gives up a reader that does not answer, says what was lost. */
void push_tick(struct push_sink *p, struct loop_time now);
uint64_t push_waiting(const struct push_sink *p);
uint64_t push_lost(const struct push_sink *p);
/* There is a reader, it takes something, and more waits than it should: who can wait for
 * it may do so. */
bool push_is_behind(const struct push_sink *p, struct loop_time now);
void push_state(const struct push_sink *p, struct sink_state *out);

#endif
