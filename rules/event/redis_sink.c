/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One owner per connection: the bufferevent is made in on_dial and freed in hang_up, and
 * every callback returns at once after hang_up. libevent keeps a freed bufferevent alive
 * until its own call is over.
 */
#include "rules/event/redis_sink.h"

#include "rules/event/clock.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MOST_MS 5000
#define CONNECT_WITHIN (5 * NS_PER_S)
#define TICK_MS 50

struct redis_sink {
	struct event_base *base;
	char target[256];
	struct sockaddr_storage addr;
	int addr_len;
	struct delivery *delivery;
	const struct log *log;
	struct bufferevent *bev;	/* NULL: no connection and none under way */
	struct event *tick, *dial;
	bool up;
	struct loop_time dialled;
	uint64_t delivered_before;	/* when it came up */
	int backoff_ms;
	uint64_t random;
	struct log_limit said;
};

static void hang_up(struct redis_sink *s, const char *reason);
static void dial_later(struct redis_sink *s);

int
redis_target_parse(const char *target, struct sockaddr_storage *out, int *len,
    struct fault *why)
{
	struct sockaddr_un *un = (struct sockaddr_un *)out;

	memset(out, 0, sizeof(*out));
	if (strncmp(target, "unix:", 5) == 0 && target[5] != '\0') {
		if (strlen(target + 5) >= sizeof(un->sun_path))
			return fault_set(why, "sockets have paths of up to 107 letters",
			    "the path of '%s' is too long for a socket", target);
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path, target + 5, strlen(target + 5) + 1);
		*len = (int)sizeof(*un);
		return 0;
	}
	*len = (int)sizeof(*out);
	if (strncmp(target, "tcp:", 4) == 0 &&
	    evutil_parse_sockaddr_port(target + 4, (struct sockaddr *)out, len) == 0)
		return 0;
	return fault_set(why, "redis:unix:/path/to/socket or redis:tcp:ADDRESS:PORT",
	    "'%s' is no address of a Redis", target);
}

void
redis_sink_send(void *arg, const void *bytes, size_t n)
{
	struct redis_sink *s = *(struct redis_sink **)arg;

	if (s != NULL && s->bev != NULL)
		(void)bufferevent_write(s->bev, bytes, n);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct redis_sink *s = arg;
	struct loop_time now = clock_now();
	unsigned char piece[16384];
	struct fault why;
	size_t n;

	while ((n = bufferevent_read(bev, piece, sizeof(piece))) > 0) {
		if (delivery_feed(s->delivery, piece, n, now, &why) == -1) {
			hang_up(s, why.what);
			return;
		}
	}
	if (delivery_counts(s->delivery)->delivered > s->delivered_before)
		s->backoff_ms = BACKOFF_FIRST_MS;
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct redis_sink *s = arg;
	int one = 1, fd = bufferevent_getfd(bev), error = EVUTIL_SOCKET_ERROR();

	if ((what & BEV_EVENT_CONNECTED) != 0) {
		/* Or each batch waits 40 ms for the acknowledgement of the one before. */
		if (s->addr.ss_family != AF_UNIX)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		s->up = true;
		s->delivered_before = delivery_counts(s->delivery)->delivered;
		delivery_up(s->delivery, clock_now());
		return;
	}
	hang_up(s, (what & BEV_EVENT_EOF) != 0 ? "the server closed the connection" :
	    error != 0 ? strerror(error) : "the connection broke");
}

static void
on_dial(evutil_socket_t fd, short what, void *arg)
{
	struct redis_sink *s = arg;

	(void)fd;
	(void)what;
	s->bev = bufferevent_socket_new(s->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (s->bev == NULL) {
		dial_later(s);
		return;
	}
	s->dialled = clock_now();
	bufferevent_setcb(s->bev, on_read, NULL, on_event, s);
	(void)bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	errno = 0;
	/* A path that is not there makes libevent call on_event before this returns, and
	 * hang_up has run by then. */
	if (bufferevent_socket_connect(
		s->bev, (struct sockaddr *)&s->addr, s->addr_len) == -1 &&
	    s->bev != NULL)
		hang_up(s, errno != 0 ? strerror(errno) : "cannot connect");
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct redis_sink *s = arg;
	struct loop_time now = clock_now();
	struct fault why;

	(void)fd;
	(void)what;
	if (delivery_tick(s->delivery, now, &why) == -1)
		hang_up(s, why.what);
	else if (s->bev != NULL && !s->up && now.ns - s->dialled.ns > CONNECT_WITHIN)
		hang_up(s, "no connection within 5 s");
}

static void
hang_up(struct redis_sink *s, const char *reason)
{
	char more[LOG_MORE];

	if (s->bev != NULL)
		bufferevent_free(s->bev);
	s->bev = NULL;
	s->up = false;
	delivery_down(s->delivery);
	if (log_limit_pass(&s->said, clock_now(), more))
		log_line(s->log, LOG_LEVEL_WARN,
		    "no delivery to '%s': %s; events wait in the spool%s",
		    s->target, reason, more);
	dial_later(s);
}

/* Half of the time and a random half: a hundred sensors do not come back at once. */
static void
dial_later(struct redis_sink *s)
{
	int half = s->backoff_ms / 2, ms;
	struct timeval tv;

	s->random = s->random * 6364136223846793005ULL + 1442695040888963407ULL;
	ms = half + (int)((s->random >> 33) % (unsigned)(half + 1));
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	s->backoff_ms =
	    s->backoff_ms * 2 < BACKOFF_MOST_MS ? s->backoff_ms * 2 : BACKOFF_MOST_MS;
	(void)event_add(s->dial, &tv);
}

struct redis_sink *
redis_sink_create(const struct redis_sink_options *o, struct fault *why)
{
	struct timeval tv = { 0, TICK_MS * 1000 };
	struct redis_sink *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)fault_set(
		    why, NULL, "no memory for the connection to '%s'", o->target);
		return NULL;
	}
	s->base = o->base;
	s->delivery = o->delivery;
	s->log = o->log;
	s->random = o->seed;
	s->backoff_ms = BACKOFF_FIRST_MS;
	(void)snprintf(s->target, sizeof(s->target), "%s", o->target);
	if (redis_target_parse(o->target, &s->addr, &s->addr_len, why) == -1)
		goto fail;
	s->dial = evtimer_new(s->base, on_dial, s);
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	if (s->dial == NULL || s->tick == NULL || event_add(s->tick, &tv) == -1) {
		(void)fault_set(why, NULL, "cannot make timers for '%s'", o->target);
		goto fail;
	}
	tv.tv_usec = 0;
	(void)event_add(s->dial, &tv);
	return s;
fail:
	redis_sink_destroy(s);
	return NULL;
}

void
redis_sink_destroy(struct redis_sink *s)
{
	if (s == NULL)
		return;
	if (s->bev != NULL)
		bufferevent_free(s->bev);
	if (s->dial != NULL)
		event_free(s->dial);
	if (s->tick != NULL)
		event_free(s->tick);
	free(s);
}
