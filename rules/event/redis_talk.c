/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redis_talk: sockets that wait, with TLS or without. Refuses what takes longer than
 * WAIT_S. */
#include "rules/event/redis_talk.h"

#include "rules/event/redis_login.h"
#include "rules/event/refusal.h"
#include "rules/event/routes.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_S 5
#define HOPS 4				/* a slot that is sent round in a circle */

static const struct reply_limits limits = { .bytes = 1 << 20, .elements = 1024,
	.depth = 4 };

struct talk_end {
	int fd;
	SSL *ssl;
	struct sink_address at;
	char name[SINK_TEXT];
	struct reply_reader *reader;
	bool master;
};

static int begin(struct talk *t, const struct sink_address *to, struct talk_end **out,
    struct fault *why);
static int one(struct talk_end *e, int argc, const char **argv, redisReply **out,
    struct fault *why);

int
talk_begin(struct talk *t, const struct redis_access *a, struct fault *why)
{
	static const struct tls_files none = { NULL, NULL, NULL, NULL };
	struct talk_end *e;

	memset(t, 0, sizeof(*t));
	t->access = a;
	if (sink_parse(a->target, &t->to, why) == -1)
		return -1;
	if (t->to.kind != SINK_REDIS)
		return fault_set(why, "redis://HOST:PORT or redis:unix:PATH",
		    "'%s' has no streams", a->target);
	(void)sink_name(&t->to, t->name, sizeof(t->name));
	t->near = sink_is_near(&t->to.at);
	if (t->to.tls &&
	    (t->tls = tls_create(a->tls != NULL ? a->tls : &none, why)) == NULL)
		return -1;
	return begin(t, &t->to.at, &e, why);
}

void
talk_end_all(struct talk *t)
{
	for (unsigned i = 0; i < t->ends; i++) {
		SSL_free(t->end[i]->ssl);
		if (t->end[i]->fd != -1)
			(void)close(t->end[i]->fd);
		reply_destroy(t->end[i]->reader);
		free(t->end[i]);
	}
	tls_destroy(t->tls);
}

static int
reach_path(struct talk_end *e)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memcpy(un.sun_path, e->at.path, sizeof(un.sun_path));
	e->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return e->fd == -1 ? -1 :
	    connect(e->fd, (struct sockaddr *)&un, (socklen_t)sizeof(un));
}

static int
reach(struct talk_end *e, struct fault *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all = NULL;
	struct timeval wait = { WAIT_S, 0 };
	char port[8];
	int rc = -1;

	if (e->at.host[0] == '\0') {
		rc = reach_path(e);
		goto out;
	}
	(void)snprintf(port, sizeof(port), "%u", e->at.port);
	rc = getaddrinfo(e->at.host, port, &hints, &all);
	if (rc != 0)
		return fault_set(why, "see 'getent ahosts'", "cannot look up '%s': %s",
		    e->at.host, gai_strerror(rc));
	rc = -1;
	for (struct addrinfo *a = all; a != NULL && rc == -1; a = a->ai_next) {
		if (e->fd != -1)
			(void)close(e->fd);
		e->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (e->fd == -1)
			continue;
		(void)setsockopt(e->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
		rc = connect(e->fd, a->ai_addr, a->ai_addrlen);
	}
out:
	if (rc == -1)
		(void)fault_set(why, "is a Redis running there?", "cannot reach '%s': %s",
		    e->name, errno == EINPROGRESS ? "no connection within 5 s" :
		    strerror(errno));
	if (all != NULL)
		freeaddrinfo(all);
	(void)setsockopt(e->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(e->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return rc;
}

static int
secure(const struct talk *t, struct talk_end *e, struct fault *why)
{
	struct fault what;

	e->ssl = tls_session(t->tls, e->at.host, why);
	if (e->ssl == NULL)
		return -1;
	errno = 0;
	if (SSL_set_fd(e->ssl, e->fd) == 1 && SSL_connect(e->ssl) == 1)
		return 0;
	(void)tls_fault(e->ssl, ERR_peek_last_error(), &what);
	return fault_set(why, what.remedy[0] != '\0' ? what.remedy : NULL,
	    "cannot speak TLS with '%s': %.300s", e->name, what.what);
}

int
talk_may_tell(const struct talk *t, const struct sink_address *to, struct fault *why)
{
	struct sink_spec spec = t->to;
	char name[SINK_TEXT];

	if (t->tls != NULL || t->access->plain || sink_is_near(to))
		return 0;
	spec.at = *to;
	return fault_set(why, "rediss://, or --redis-plain",
	    "the password would cross the network to '%s' in clear text",
	    sink_name(&spec, name, sizeof(name)));
}

/* A connection, logged in; one that is there already serves again. */
static int
begin(struct talk *t, const struct sink_address *to, struct talk_end **out,
    struct fault *why)
{
	struct sink_spec spec = t->to;
	struct talk_end *e;
	const char *argv[3];
	redisReply *r;
	int argc;

	for (unsigned i = 0; i < t->ends; i++)
		if (address_same(&t->end[i]->at, to)) {
			*out = t->end[i];
			return 0;
		}
	argc = redis_login_argv(t->to.user, t->access->secret, argv);
	/* The address may be what a node of a cluster said. */
	if (argc > 0 && talk_may_tell(t, to, why) == -1)
		return -1;
	e = t->ends == TALK_NODES ? NULL : calloc(1, sizeof(*e));
	if (e == NULL)
		return fault_set(why, NULL, "no room for one more node of '%s'", t->name);
	e->fd = -1;
	e->at = spec.at = *to;
	(void)sink_name(&spec, e->name, sizeof(e->name));
	t->end[t->ends++] = *out = e;
	e->reader = reply_create(&limits);
	if (e->reader == NULL)
		return fault_set(why, NULL, "no memory for '%s'", e->name);
	if (reach(e, why) == -1 || (t->tls != NULL && secure(t, e, why) == -1))
		return -1;
	if (argc == 0)
		return 0;
	if (one(e, argc, argv, &r, why) == -1)
		return -1;
	freeReplyObject(r);
	return 0;
}

static ssize_t
give(struct talk_end *e, const char *bytes, size_t n)
{
	if (e->ssl != NULL)
		return SSL_write(e->ssl, bytes, (int)n);
	return send(e->fd, bytes, n, MSG_NOSIGNAL);
}

static ssize_t
take(struct talk_end *e, char *bytes, size_t n)
{
	if (e->ssl != NULL)
		return SSL_read(e->ssl, bytes, (int)n);
	return recv(e->fd, bytes, n, 0);
}

static int
broken(const struct talk_end *e, ssize_t n, struct fault *why)
{
	if (e->ssl != NULL && n <= 0) {
		struct fault what;

		(void)tls_fault(e->ssl, ERR_peek_last_error(), &what);
		return fault_set(why, what.remedy[0] != '\0' ? what.remedy : NULL,
		    "'%s' gives no answer: %.300s", e->name, what.what);
	}
	return fault_set(why, NULL, "'%s' gives no answer: %s", e->name, n == 0 ?
	    "the connection was closed" : errno == EAGAIN ? "nothing within 5 s" :
	    strerror(errno));
}

/* One command, one answer. */
static int
exchange(struct talk_end *e, int argc, const char **argv, redisReply **out,
    struct fault *why)
{
	char *bytes = NULL, piece[16384];
	long long len = redisFormatCommandArgv(&bytes, argc, argv, NULL), done = 0;
	ssize_t n;
	int got;

	*out = NULL;
	errno = 0;
	if (len <= 0)
		return fault_set(why, NULL, "no memory for a command");
	while (done < len) {
		n = give(e, bytes + done, (size_t)(len - done));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			redisFreeCommand(bytes);
			return broken(e, n, why);
		}
		done += n;
	}
	redisFreeCommand(bytes);
	while ((got = reply_next(e->reader, out)) == 0) {
		n = take(e, piece, sizeof(piece));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return broken(e, n, why);
		if (reply_feed(e->reader, piece, (size_t)n) == -1)
			break;
	}
	if (got != 1)
		return fault_set(why, NULL, "'%s' gives no answer we understand: %s",
		    e->name, reply_error(e->reader));
	return 0;
}

static int
one(struct talk_end *e, int argc, const char **argv, redisReply **out, struct fault *why)
{
	if (exchange(e, argc, argv, out, why) == -1)
		return -1;
	if ((*out)->type != REDIS_REPLY_ERROR)
		return 0;
	(void)fault_set(why, refusals[refusal_of((*out)->str)].remedy,
	    "'%s' refused '%s': %.300s", e->name, argv[0],
	    strcmp(argv[0], "AUTH") == 0 ? refusal_of_login((*out)->str) : (*out)->str);
	freeReplyObject(*out);
	*out = NULL;
	return -1;
}

int
talk_ask(struct talk *t, int argc, const char **argv, redisReply **out,
    struct fault *why)
{
	static const char *asking[] = { "ASKING" };
	struct talk_end *e = t->end[0];
	enum redirect kind = REDIRECT_NONE;
	struct sink_address to;
	uint16_t slot;

	for (int hop = 0; hop < HOPS; hop++) {
		if (kind == REDIRECT_ASK) {
			if (one(e, 1, asking, out, why) == -1)
				return -1;
			freeReplyObject(*out);
		}
		if (exchange(e, argc, argv, out, why) == -1)
			return -1;
		kind = (*out)->type != REDIS_REPLY_ERROR ? REDIRECT_NONE :
		    redirect_parse((*out)->str, &slot, &to);
		if (kind == REDIRECT_NONE)
			break;
		freeReplyObject(*out);
		*out = NULL;
		if (to.host[0] == '\0')
			memcpy(to.host, e->at.host, sizeof(to.host));
		if (begin(t, &to, &e, why) == -1)
			return -1;
	}
	if (*out == NULL)
		return fault_set(why, "redis-cli --cluster check HOST:PORT",
		    "'%s' sends us round in a circle", t->name);
	if ((*out)->type != REDIS_REPLY_ERROR)
		return 0;
	(void)fault_set(why, refusals[refusal_of((*out)->str)].remedy,
	    "'%s' refused '%s': %.300s", e->name, argv[0], (*out)->str);
	freeReplyObject(*out);
	*out = NULL;
	return -1;
}

int
talk_masters(struct talk *t, struct fault *why)
{
	static const char *slots[] = { "CLUSTER", "SLOTS" };
	struct sink_address at[TALK_NODES];
	struct talk_end *e;
	redisReply *r;
	int n = 0;

	if (exchange(t->end[0], 2, slots, &r, why) == -1)
		return -1;
	if (r->type != REDIS_REPLY_ERROR)
		n = masters_parse(r, at, TALK_NODES);
	else if (strstr(r->str, "cluster support disabled") == NULL) {
		(void)fault_set(why, refusals[refusal_of(r->str)].remedy,
		    "'%s' does not say which nodes it has: %.300s", t->name, r->str);
		n = -1;
	}
	freeReplyObject(r);
	if (n == -1)
		return -1;
	t->end[0]->master = n == 0;
	for (int i = 0; i < n; i++) {
		if (at[i].host[0] == '\0')
			memcpy(at[i].host, t->to.at.host, sizeof(at[i].host));
		if (begin(t, &at[i], &e, why) == -1)
			return -1;
		e->master = true;
	}
	return n == 0 ? 1 : n;
}

static struct talk_end *
master(const struct talk *t, unsigned which)
{
	for (unsigned i = 0; i < t->ends; i++)
		if (t->end[i]->master && which-- == 0)
			return t->end[i];
	return t->end[0];
}

const char *
talk_master_name(const struct talk *t, unsigned which)
{
	return master(t, which)->name;
}

const struct sink_address *
talk_master_at(const struct talk *t, unsigned which)
{
	return &master(t, which)->at;
}

int
talk_ask_master(struct talk *t, unsigned which, int argc, const char **argv,
    redisReply **out, struct fault *why)
{
	return one(master(t, which), argc, argv, out, why);
}
