/* SPDX-License-Identifier: GPL-3.0-or-later */
/* refusal: the table, and one line a minute for each thing that is wrong. */
#include "rules/event/refusal.h"

#include <string.h>

#define PASSWORD "name its password file with --redis-password-file, its user in the " \
	"output: redis://USER@HOST"
#define ACL "what earshot needs of an ACL is in contrib/docs/redis.md"

const struct refusal refusals[REFUSALS] = {
	{ "LOADING", "loading", "is still loading its data", NULL, true },
	{ "OOM", "out-of-memory", "is at its memory limit", "raise 'maxmemory' or trim the streams", true },
	{ "READONLY", "read-only", "is a replica and takes no writes", "name the primary", true },
	{ "MISCONF", "cannot-save", "cannot save to its disk and takes no writes", NULL, true },
	{ "BUSY", "busy", "is busy with a script", NULL, true },
	{ "MASTERDOWN", "master-down", "is a replica without its primary", NULL, true },
	{ "NOREPLICAS", "no-replicas", "has too few replicas and takes no writes", NULL, true },
	{ "CLUSTERDOWN", "cluster-down", "is a cluster that is down", NULL, true },
	{ "NOAUTH", "no-password", "asks for a password", PASSWORD, true },
	{ "WRONGPASS", "wrong-password", "does not know this user or password", PASSWORD, true },
	{ "DENIED", "denied", "takes nobody from another host without a password",
	    "give it one ('requirepass', or an ACL), and us with --redis-password-file",
	    true },
	{ "NOPERM", "not-permitted", "does not allow us this command or key", ACL, true },
	{ "NOSCRIPT", "refused", "does not know the script", NULL, true },
	{ "CLONED", "cloned", "gets events under our name from another machine",
	    "give one of the two another --name; if the other is gone for good: "
	    "earshot redis forget NAME SINK", false },
	{ "PARTITIONS", "other-partitions", "is used with another number of partitions",
	    "all sensors of a Redis have the same --partitions", true },
	{ "WRONGTYPE", "wrong-type", "holds another kind of value under a key of ours",
	    "rename or delete that key", false },
	{ "", "refused", "refused", NULL, false },
};

unsigned
refusal_of(const char *error)
{
	unsigned i = 0;

	while (i < REFUSALS - 1 &&
	    strncmp(error, refusals[i].word, strlen(refusals[i].word)) != 0)
		i++;
	return i;
}

const char *
refusal_of_login(const char *error)
{
	const struct refusal *r = &refusals[refusal_of(error)];

	return r->word[0] != '\0' ? r->word :
	    "the login, in words that may hold the password and are not shown";
}

int
refusal_fault(const char *error, struct fault *why)
{
	const struct refusal *r = &refusals[refusal_of(error)];

	return fault_set(why, r->remedy, "it %s: %.160s", r->says, error);
}

void
reasons_say(struct reasons *r, const char *server, const struct fault *why,
    const char *behind, const struct log *log, struct loop_time now)
{
	struct fault told;
	uint32_t what = 1;
	unsigned i = 0;
	char more[LOG_MORE];

	/* Digits differ from time to time, the rest is what it is about. */
	for (const char *c = why->what; *c != '\0'; c++)
		if (*c < '0' || *c > '9')
			what = what * 31 + (unsigned char)*c;
	while (i < REASONS && r->said[i].what != what)
		i++;
	if (i == REASONS) {
		/* New: in the place of one whose minute is over. */
		for (i = 0; i < REASONS && now.ns < r->said[i].limit.next.ns; i++)
			;
		if (i == REASONS)
			return;
		r->said[i].what = what;
		r->said[i].limit = (struct log_limit){ 0 };
	}
	if (!log_limit_pass(&r->said[i].limit, now, more))
		return;
	(void)fault_set(&told, why->remedy[0] == '\0' ? NULL : why->remedy,
	    "no delivery to '%s': %s; %s%s", server, why->what, behind, more);
	log_fault(log, LOG_LEVEL_WARN, &told);
}
