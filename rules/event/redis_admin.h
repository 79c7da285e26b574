/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redis_admin: what a person asks of a Redis, once and waiting for the answer: load our
 * functions into it, and look at what lies there. Not for the outlet, which never waits.
 */
#ifndef RULES_EVENT_REDIS_ADMIN_H
#define RULES_EVENT_REDIS_ADMIN_H

#include "capture/base/fault.h"

#include <stddef.h>
#include <stdint.h>

/* target: "unix:/path" or "tcp:ADDRESS:PORT", with or without "redis:" before it. */

/* Loads or replaces the library and asks it for its version. 0 or -1. */
int redis_init(const char *target, struct fault *why);

/* For each stream that is not empty, in order of partition and lane: its key, how many
 * entries, and the JSON of the last one. */
typedef void redis_summary_fn(void *arg, const char *stream, uint64_t entries,
    const char *last_json, size_t len);
int redis_summary(
    const char *target, redis_summary_fn *each, void *arg, struct fault *why);

#endif
