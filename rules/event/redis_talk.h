/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_talk: a blocking conversation with a Redis, or with the nodes of a cluster, for a
 * person who waits: one command, one answer, five seconds each. Private to
 * redis_admin*.c.
 */
#ifndef RULES_EVENT_REDIS_TALK_H
#define RULES_EVENT_REDIS_TALK_H

#include "rules/event/redis_admin.h"
#include "rules/event/reply.h"
#include "rules/event/sink.h"

#define TALK_NODES 64

struct talk_end;

struct talk {
	const struct redis_access *access;
	struct sink_spec to;
	char name[SINK_TEXT];
	bool near;			/* on this machine */
	struct tls *tls;
	struct talk_end *end[TALK_NODES];	/* 0: the server as it was asked for */
	unsigned ends;
};

/* talk_end_all is called whatever this returns. */
int talk_begin(struct talk *t, const struct redis_access *a, struct fault *why);
void talk_end_all(struct talk *t);

/* 0 when a password may be sent to this address; else -1 and *why. */
int talk_may_tell(const struct talk *t, const struct sink_address *to, struct fault *why);

/* An error answer is a fault; a key that lies on another node is asked for there. *out is
 * given back with freeReplyObject. */
int talk_ask(struct talk *t, int argc, const char **argv, redisReply **out,
    struct fault *why);

/* All masters, if it is a cluster, each once; else the server alone. How many, or -1. */
int talk_masters(struct talk *t, struct fault *why);
/* Of the last talk_masters; which < what it said. */
int talk_ask_master(struct talk *t, unsigned which, int argc, const char **argv,
    redisReply **out, struct fault *why);
const struct sink_address *talk_master_at(const struct talk *t, unsigned which);
const char *talk_master_name(const struct talk *t, unsigned which);

#endif
