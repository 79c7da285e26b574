/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_admin: what a person asks of a Redis, once and waiting for the answer: load our
 * functions into it, and look at what lies there. Not for the outlet, which never waits.
 */
#ifndef RULES_EVENT_REDIS_ADMIN_H
#define RULES_EVENT_REDIS_ADMIN_H

#include "rules/event/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* target: an output of kind SINK_REDIS (sink.h); secret may be NULL. A name is looked up
 * as the system does it. */

/* Loads or replaces the library and asks it for its version. 0 or -1. */
int redis_init(const char *target, const struct secret *secret, struct fault *why);

/* What `earshot doctor` asks about. "" and false: it did not say. */
struct redis_look {
	char version[32], policy[32], user[64];
	bool valkey, replica;
	bool persistence_known, aof, snapshots;
	bool write_failed;		/* its last attempt to reach its disk */
	uint64_t maxmemory, used_memory;	/* maxmemory 0: no limit */
	bool open_to_all;		/* its user needs no password */
	bool near;			/* a unix socket or this host's loopback */
	char not_permitted[32];		/* a command we need and may not run */
	int64_t function_version;	/* -1: not loaded */
	bool streams_known;
	unsigned streams, groups;
	uint64_t entries;
	uint64_t lag;			/* of the group that is most behind */
	char lag_group[64], lag_stream[32];
};

/* 0 when the server was reached, whatever it then refused to say; else -1. Writes
 * nothing. */
int redis_look(const char *target, const struct secret *secret, struct redis_look *out,
    struct fault *why);

/* For each stream that is not empty, in order of partition and lane: its key, how many
 * entries, and the JSON of the last one. */
typedef void redis_summary_fn(void *arg, const char *stream, uint64_t entries,
    const char *last_json, size_t len);
int redis_summary(const char *target, const struct secret *secret,
    redis_summary_fn *each, void *arg, struct fault *why);

#endif
