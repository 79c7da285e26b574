/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reply: what a Redis answers, read with hiredis' parser under limits of our own. A
 * server is as hostile as the wire: size, depth and number of elements of a reply are
 * capped, and what goes above is a reason to drop the connection.
 */
#ifndef RULES_EVENT_REPLY_H
#define RULES_EVENT_REPLY_H

#include <stddef.h>

#include <hiredis/hiredis.h>

struct reply_limits {
	size_t bytes;		/* of one reply as it stands on the wire */
	int elements;		/* of one array */
	int depth;		/* arrays in arrays; 1: flat */
};

struct reply_reader;

struct reply_reader *reply_create(const struct reply_limits *limits);
void reply_destroy(struct reply_reader *r);
void reply_reset(struct reply_reader *r);	/* a new connection */
/* What the next answer may be: more is let through of one that is known to be long. */
void reply_expect(struct reply_reader *r, const struct reply_limits *limits);

/* Bytes of the server. 0, or -1: a limit was passed or it is no RESP; see reply_error. */
int reply_feed(struct reply_reader *r, const void *bytes, size_t n);
/* 1: *out is a reply (give it back with freeReplyObject), 0: not yet, -1: as above. */
int reply_next(struct reply_reader *r, redisReply **out);
const char *reply_error(const struct reply_reader *r);

#endif
