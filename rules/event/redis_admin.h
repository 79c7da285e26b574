/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_admin: what a person asks of a Redis, once and waiting for the answer: load our
 * functions into it, and look at what lies there. Not for the outlet, which never waits.
 */
#ifndef RULES_EVENT_REDIS_ADMIN_H
#define RULES_EVENT_REDIS_ADMIN_H

#include "rules/event/secret.h"
#include "rules/event/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How it is reached; all of it lent. A name is looked up as the system does it. */
struct redis_access {
	const char *target;		/* an output of kind SINK_REDIS (sink.h) */
	const struct secret *secret;	/* may be NULL */
	const struct tls_files *tls;	/* for rediss:; may be NULL */
	bool plain;			/* a password may cross a network in clear text */
};

/* Loads or replaces the library, on every master of a cluster, and asks it for its version.
 * On how many servers, or -1. */
int redis_init(const struct redis_access *a, struct fault *why);

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
int redis_look(const struct redis_access *a, struct redis_look *out, struct fault *why);

/* For each stream that is not empty, in order of partition and lane: its key, how many
 * entries, and the JSON of the last one. */
typedef void redis_summary_fn(void *arg, const char *stream, uint64_t entries,
    const char *last_json, size_t len);
int redis_summary(const struct redis_access *a, redis_summary_fn *each, void *arg,
    struct fault *why);

#endif
