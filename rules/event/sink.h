/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sink: where events go, as a person writes it. Parsing only: nothing is opened here.
 *
 *	-                                     standard output
 *	file:PATH                             JSON lines, appended
 *	unix:PATH                             JSON lines to who listens on a stream socket
 *	redis://[USER@]HOST[:PORT]            a Redis: streams, fed from the spool
 *	redis:unix:PATH                       the same through a unix socket
 *	redis-list://[USER@]HOST[:PORT]/KEY   RPUSH to one list
 *	redis-list:unix:PATH[:KEY]
 *	redis-pubsub://[USER@]HOST[:PORT]/CHANNEL   PUBLISH on one channel
 *	redis-pubsub:unix:PATH[:CHANNEL]
 *	redis-xadd://[USER@]HOST[:PORT]/KEY   XADD to one stream
 *	redis-xadd:unix:PATH[:KEY]
 *	rediss://, rediss-list://, ..         the same with TLS
 *
 * HOST is a name, an IPv4 address or an IPv6 address in brackets. KEY and CHANNEL are
 * `earshot` when they are left out. A socket's path has no colon in it. A password is
 * never part of an output: everybody who lists processes would read it.
 */
#ifndef RULES_EVENT_SINK_H
#define RULES_EVENT_SINK_H

#include "capture/base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SINK_HOST 254			/* a DNS name has up to 253 letters */
#define SINK_PATH 108			/* of a socket, as sun_path */
#define SINK_WORD 129			/* user, key or channel: 128 and NUL */
#define SINK_TEXT 512			/* longest output as written */

enum sink_kind { SINK_STDOUT_TEXT, SINK_STDOUT_JSON, SINK_FILE, SINK_UNIX, SINK_REDIS,
	SINK_REDIS_LIST, SINK_REDIS_PUBSUB, SINK_REDIS_XADD };

/* One end of a stream connection. */
struct sink_address {
	char host[SINK_HOST];		/* "" : a unix socket */
	uint16_t port;
	char path[SINK_PATH];
};

struct sink_spec {
	enum sink_kind kind;
	const char *target;		/* as written, or a file's path; points into the
					 * text that was parsed */
	struct sink_address at;		/* all but files and standard output */
	bool tls;
	char user[SINK_WORD], key[SINK_WORD];
};

/* -1 and *why. */
int sink_parse(const char *text, struct sink_spec *out, struct fault *why);

/* Where in the text a path begins; 0: it has none. */
size_t sink_path_at(const char *text);

/* As it may be shown to anybody: without a user. Returns buf. */
const char *sink_name(const struct sink_spec *s, char *buf, unsigned size);

static inline bool
sink_is_redis(const struct sink_spec *s)
{
	return s->kind == SINK_REDIS || s->kind == SINK_REDIS_LIST ||
	    s->kind == SINK_REDIS_PUBSUB || s->kind == SINK_REDIS_XADD;
}

/* The bytes do not leave this machine, as far as the text says: a unix socket,
 * "localhost", 127.0.0.0/8 or ::1. */
bool sink_is_near(const struct sink_address *a);

#endif
