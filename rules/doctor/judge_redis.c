/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge_redis: what events need of the server they are sent to. */
#include "rules/doctor/check.h"
#include "rules/event/redis_function.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_LEAST 7
#define LAG_WARN 10000		/* a tenth of what a stream keeps */

static void server(const struct redis_facts *r, struct findings *out);
static void policy(const struct redis_facts *r, struct findings *out);
static void persistence(const struct redis_facts *r, struct findings *out);
static void acl(const struct redis_facts *r, struct findings *out);
static void function(const struct redis_facts *r, struct findings *out);
static void lag(const struct redis_facts *r, struct findings *out);

void
judge_redis(const struct doctor_facts *f, struct findings *out)
{
	for (unsigned i = 0; i < f->redises; i++) {
		const struct redis_facts *r = &f->redis[i];

		server(r, out);
		if (!r->reached)
			continue;
		policy(r, out);
		persistence(r, out);
		acl(r, out);
		function(r, out);
		lag(r, out);
	}
}

static void
server(const struct redis_facts *r, struct findings *out)
{
	const struct redis_look *l = &r->look;
	struct finding *x;

	if (!r->reached) {
		x = find(out, CHECK_REDIS, GRADE_FAIL, r->target, "%.400s", r->why.what);
		if (r->why.remedy[0] != '\0')
			find_remedy(x, "%s", r->why.remedy);
		return;
	}
	if (l->replica)
		find_remedy(find(out, CHECK_REDIS, GRADE_FAIL, r->target,
		    "it is a replica, and takes no writes"), "name its master");
	else
		find(out, CHECK_REDIS, GRADE_OK, r->target, "it answers");
	if (l->version[0] == '\0')
		find(out, CHECK_REDIS_VERSION, GRADE_UNKNOWN, r->target,
		    "it does not say: its user may not ask (INFO)");
	else if (!l->valkey && atoi(l->version) < VERSION_LEAST)
		find(out, CHECK_REDIS_VERSION, GRADE_FAIL, r->target,
		    "it is Redis %s, which has no Functions", l->version);
	else
		find(out, CHECK_REDIS_VERSION, GRADE_OK, r->target, "%s %s",
		    l->valkey ? "Valkey" : "Redis", l->version);
}

static void
policy(const struct redis_facts *r, struct findings *out)
{
	const struct redis_look *l = &r->look;

	if (l->policy[0] == '\0')
		find(
		    out, CHECK_REDIS_POLICY, GRADE_UNKNOWN, r->target, "it does not say");
	else if (strncmp(l->policy, "allkeys-", 8) == 0)
		find(out, CHECK_REDIS_POLICY, l->maxmemory > 0 ? GRADE_FAIL : GRADE_WARN,
		    r->target, "%s: %s it throws away whole streams of events", l->policy,
		    l->maxmemory > 0 ? "when full" : "should a limit be set,");
	else if (l->maxmemory > 0 && l->used_memory > l->maxmemory / 10 * 9)
		find_remedy(find(out, CHECK_REDIS_POLICY, GRADE_WARN, r->target,
				"%s, and it is full: %" PRIu64 " of %" PRIu64 " MiB",
				l->policy, l->used_memory >> 20, l->maxmemory >> 20),
		    "redis-cli config set maxmemory BYTES: more, or let streams keep "
		    "less");
	else
		find(out, CHECK_REDIS_POLICY, GRADE_OK, r->target, "%s", l->policy);
}

static void
persistence(const struct redis_facts *r, struct findings *out)
{
	const struct redis_look *l = &r->look;

	if (!l->persistence_known)
		find(out, CHECK_REDIS_PERSISTENCE, GRADE_UNKNOWN, r->target,
		    "it does not say");
	else if (l->write_failed)
		find_remedy(find(out, CHECK_REDIS_PERSISTENCE, GRADE_FAIL, r->target,
		    "its last write to disk failed"), "look at its log and its disk");
	else if (l->aof)
		find(out, CHECK_REDIS_PERSISTENCE, GRADE_OK, r->target, "appendonly yes");
	else if (l->snapshots)
		find(out, CHECK_REDIS_PERSISTENCE, GRADE_WARN, r->target,
		    "snapshots only: a crash loses what came since the last one");
	else
		find(out, CHECK_REDIS_PERSISTENCE, GRADE_WARN, r->target,
		    "neither appendonly nor snapshots: a restart loses all events");
}

static void
acl(const struct redis_facts *r, struct findings *out)
{
	const struct redis_look *l = &r->look;

	if (l->not_permitted[0] != '\0')
		find(out, CHECK_REDIS_ACL, GRADE_FAIL, r->target,
		    "its user '%s' may not run %s",
		    l->user[0] == '\0' ? "default" : l->user, l->not_permitted);
	else if (l->open_to_all && !l->near)
		find(out, CHECK_REDIS_ACL, GRADE_WARN, r->target,
		    "anybody on the network may read and change events: the user '%s' "
		    "has no password",
		    l->user);
	else if (l->user[0] == '\0')
		find(out, CHECK_REDIS_ACL, GRADE_OK, r->target,
		    "it may do what is needed");
	else
		find(out, CHECK_REDIS_ACL, GRADE_OK, r->target,
		    "the user '%s' may do what is needed%s", l->user,
		    l->open_to_all ? "; without a password, on this host only" : "");
}

static void
function(const struct redis_facts *r, struct findings *out)
{
	int64_t v = r->look.function_version;

	if (r->look.not_permitted[0] != '\0')
		return;		/* that is the finding */
	if (v >= EARSHOT_FUNCTION_VERSION)
		find(out, CHECK_REDIS_FUNCTION, GRADE_OK, r->target, "version %" PRId64
		    " is loaded%s", v, v == EARSHOT_FUNCTION_VERSION ? "" :
		    ", by a newer earshot; it serves this one too");
	else if (v < 0)
		find(out, CHECK_REDIS_FUNCTION, GRADE_WARN, r->target,
		    "it is not loaded: the first start of the sensor tries to");
	else
		find(out, CHECK_REDIS_FUNCTION, GRADE_WARN, r->target,
		    "version %" PRId64
		    " is loaded, this sensor needs version %d and tries "
		    "to replace it when it starts",
		    v, EARSHOT_FUNCTION_VERSION);
}

static void
lag(const struct redis_facts *r, struct findings *out)
{
	const struct redis_look *l = &r->look;

	if (!l->streams_known)
		find(out, CHECK_REDIS_LAG, GRADE_UNKNOWN, r->target,
		    "it does not say: its user may not ask (XINFO)");
	else if (l->lag > LAG_WARN)
		find(out, CHECK_REDIS_LAG, GRADE_WARN, r->target,
		    "group '%s' is %" PRIu64 " events behind in %s", l->lag_group, l->lag,
		    l->lag_stream);
	else if (l->groups == 0)
		find(out, CHECK_REDIS_LAG, GRADE_OK, r->target,
		    "%" PRIu64 " events in %u streams, no consumer groups", l->entries,
		    l->streams);
	else
		find(out, CHECK_REDIS_LAG, GRADE_OK, r->target,
		    "%" PRIu64 " events in %u streams, %u groups, at most %" PRIu64
		    " behind",
		    l->entries, l->streams, l->groups, l->lag);
}
