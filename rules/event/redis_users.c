/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redis_users: the table, and how it gets into a Redis. */
#include "rules/event/redis_users.h"

#include "rules/event/event.h"
#include "rules/event/queue.h"
#include "rules/event/redis_talk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS 64
#define OURS "resetkeys ~{ear:p* resetchannels -@all +ping +cluster|slots +asking "
/* What the functions do is asked of who calls them. */
#define FUNCTIONS "+fcall +time +exists +hget +hmget +hset +xadd +xtrim +xlen +xinfo|groups "

const struct redis_user redis_users[REDIS_USERS] = {
	{ "earshot-sensor", "appends events, reads none", OURS FUNCTIONS "+info" },
	{ "earshot-correlator", "reads all events, keeps its state, appends incidents",
	    OURS FUNCTIONS "+info +hdel +hgetall +get +set +xread +xreadgroup +xack "
	    "+xautoclaim +xclaim +xgroup|create +xrange +xrevrange" },
	{ "earshot-console", "reads all events, changes nothing",
	    "resetkeys %R~{ear:p* resetchannels -@all +ping +cluster|slots +info +xread "
	    "+xrange +xrevrange +xlen +xinfo|groups +xinfo|stream +hget +hgetall +exists" },
	{ "earshot-admin", "redis init, show, forget, doctor; gives users their rights",
	    OURS "+info +config|get +acl +function +fcall +xlen +xrevrange +xinfo|groups "
	    "+exists +hget +hdel" },
};

/* The password in FOLDER/NAME.password, made when there is none. */
static int
password(const char *folder, const char *name, struct secret *out, struct fault *why)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[24];
	char path[4200], text[2 * sizeof(random) + 2];
	size_t n = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s.password", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1 && errno == EEXIST)
		return secret_read(path, out, why);
	if (fd == -1 || getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		goto fail;
	for (size_t i = 0; i < sizeof(random); i++) {
		text[n++] = digits[random[i] >> 4];
		text[n++] = digits[random[i] & 15];
	}
	text[n++] = '\n';
	if (write(fd, text, n) != (ssize_t)n || fsync(fd) == -1)
		goto fail;
	(void)close(fd);
	return secret_read(path, out, why);
fail:
	(void)fault_set(why, "a folder that exists and is yours", "cannot write '%s': %s",
	    path, strerror(errno));
	if (fd != -1) {
		(void)close(fd);
		(void)unlink(path);
	}
	return -1;
}

/* -1 as talk_ask_master. */
static int
create(struct talk *t, unsigned which, const struct redis_user *u,
    const struct secret *secret, struct fault *why)
{
	char rules[600], pass[SECRET_MAX + 2], *rest = NULL;
	const char *argv[WORDS] = { "ACL", "SETUSER", u->name, "reset", "on", pass };
	int argc = 6, rc;
	redisReply *r;

	(void)snprintf(pass, sizeof(pass), ">%s", secret->text);
	(void)snprintf(rules, sizeof(rules), "%s", u->rules);
	for (char *w = strtok_r(rules, " ", &rest); w != NULL && argc < WORDS;
	     w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	rc = talk_ask_master(t, which, argc, argv, &r, why);
	if (rc == 0)
		freeReplyObject(r);
	explicit_bzero(pass, sizeof(pass));
	return rc;
}

int
redis_users_create(const struct redis_access *a, const char *folder, struct fault *why)
{
	struct secret secret;
	struct talk t;
	int n = -1;

	if (talk_begin(&t, a, why) == 0)
		n = talk_masters(&t, why);
	/* Before the first one is made: not some servers with them and some without. */
	for (int i = 0; i < n; i++)
		if (talk_may_tell(&t, talk_master_at(&t, (unsigned)i), why) == -1)
			n = -1;
	for (unsigned u = 0; u < REDIS_USERS && n > 0; u++) {
		if (password(folder, redis_users[u].name, &secret, why) == -1)
			n = -1;
		for (int i = 0; i < n; i++)
			if (create(&t, (unsigned)i, &redis_users[u], &secret, why) == -1)
				n = -1;
		secret_forget(&secret);
	}
	talk_end_all(&t);
	return n;
}

int
redis_forget(const struct redis_access *a, const char *sensor, struct fault *why)
{
	char key[32];
	const char *argv[] = { "HDEL", key, sensor };
	struct talk t;
	redisReply *r;
	int n = 0;

	if (!spooled_name_ok(sensor))
		return fault_set(why, "up to 64 of letters, digits, '.', '_' and '-'",
		    "'%s' is no name for a sensor", sensor);
	if (talk_begin(&t, a, why) == -1)
		n = -1;
	for (uint32_t p = 0; n != -1 && p < EVENT_PARTITIONS_MOST; p++) {
		(void)snprintf(key, sizeof(key), "{ear:p%02u}:seq", p);
		if (talk_ask(&t, 3, argv, &r, why) == -1) {
			n = -1;
			break;
		}
		n += r->type == REDIS_REPLY_INTEGER && r->integer == 1;
		freeReplyObject(r);
	}
	talk_end_all(&t);
	return n;
}
