/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control: clients on bufferevents. One request of a client is answered, then its reply
 * must leave before the next line is looked at; so what one client can hold is its input
 * (4 KiB) and one reply, and between two of its requests the rings get their turn.
 */
#define _GNU_SOURCE
#include "rules/event/control.h"

#include "rules/event/clock.h"
#include "rules/event/parse.h"
#include "rules/event/unix_socket.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define IDLE_S 30
#define WRITE_S 10
#define ASK_S 60			/* compiling rules takes a second, not a minute */
#define GROUPS_MAX 1024

struct client {
	struct control *c;
	struct bufferevent *b;
	bool asking;			/* waits for the supervisor */
	bool last;			/* nothing more comes: leave when all is sent */
};

struct control {
	struct control_options o;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool bound;
	bool asked;			/* the supervisor owes an answer: who asked may have
					 * left, and the next one must not get it */
	struct evconnlistener *listener;
	struct event *on_answer, *on_late;
	struct client client[CONTROL_CLIENTS];
	unsigned clients;
	struct log_limit said;
	char reply[ANSWER_BYTES];
	char datagram[CONTROL_DATAGRAM + 1];
};

static int bind_socket(struct control *c, struct fault *why);
static void accepted(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa,
    int len, void *arg);
static void accept_failed(struct evconnlistener *l, void *arg);
static bool may_ask(int fd);
static void readable(struct bufferevent *b, void *arg);
static void written(struct bufferevent *b, void *arg);
static void happened(struct bufferevent *b, short what, void *arg);
static void ask(struct client *k, struct json *j);
static void answer_came(evutil_socket_t fd, short what, void *arg);
static void let_go(struct client *k);

struct control *
control_create(const struct control_options *o, struct fault *why)
{
	struct control *c = calloc(1, sizeof(*c));
	int fd;

	if (c == NULL) {
		(void)fault_set(why, NULL, "no memory for the control socket");
		return NULL;
	}
	c->o = *o;
	fd = bind_socket(c, why);
	if (fd == -1)
		goto fail;
	c->listener = evconnlistener_new(o->base, accepted, c,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, CONTROL_CLIENTS, fd);
	if (c->listener == NULL) {
		(void)close(fd);
		(void)fault_set(why, NULL, "cannot listen on '%s'", c->path);
		goto fail;
	}
	evconnlistener_set_error_cb(c->listener, accept_failed);
	if (o->ask_fd != -1) {
		c->on_answer = event_new(o->base, o->ask_fd, EV_READ | EV_PERSIST,
		    answer_came, c);
		c->on_late = event_new(o->base, -1, 0, answer_came, c);
		if (c->on_answer == NULL || c->on_late == NULL ||
		    event_add(c->on_answer, NULL) == -1) {
			(void)fault_set(why, NULL, "cannot hear the supervisor");
			goto fail;
		}
	}
	return c;
fail:
	control_destroy(c);
	return NULL;
}

void
control_destroy(struct control *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].b != NULL)
			let_go(&c->client[i]);
	if (c->listener != NULL)
		evconnlistener_free(c->listener);
	if (c->on_answer != NULL)
		event_free(c->on_answer);
	if (c->on_late != NULL)
		event_free(c->on_late);
	if (c->bound)
		(void)unlink(c->path);
	free(c);
}

unsigned
control_clients(const struct control *c)
{
	return c->clients;
}

static int
bind_socket(struct control *c, struct fault *why)
{
	int fd;

	if (strlen(c->o.path) >= sizeof(c->path))
		return fault_set(why, "give a shorter --state",
		    "the control socket's path '%s' is too long", c->o.path);
	memcpy(c->path, c->o.path, strlen(c->o.path));
	fd = unix_socket_bind(c->path);
	if (fd == -1 && errno == EADDRINUSE)
		return fault_set(why, "give each sensor a --state folder of its own",
		    "another sensor answers on '%s'", c->path);
	if (fd == -1)
		return fault_set(why, "--state DIR names another place",
		    "cannot make the control socket '%s': %s", c->path, strerror(errno));
	c->bound = true;
	return fd;
}

static void
say(struct client *k, struct json *j)
{
	struct evbuffer *out = bufferevent_get_output(k->b);

	if (j->full) {
		struct fault why = { "", "" };

		(void)fault_set(&why, "ask for less: limit, min, device",
		    "the answer is longer than %u bytes", ANSWER_BYTES);
		json_start(j, j->buf, j->size, 0);
		answer_error(j, &why);
	}
	(void)evbuffer_add(out, j->buf, j->len);
	(void)evbuffer_add(out, "\n", 1);
}

static void
say_error(struct client *k, const struct fault *why)
{
	struct json j;

	json_start(&j, k->c->reply, sizeof(k->c->reply), 0);
	answer_error(&j, why);
	say(k, &j);
}

static void
accepted(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len,
    void *arg)
{
	static const char no_right[] = "{\"error\":\"not allowed\",\"try\":\"be root, the "
	    "sensor's user, or in its group\"}\n";
	static const char too_many[] = "{\"error\":\"too many clients\"}\n";
	const struct timeval idle = { IDLE_S, 0 }, slow = { WRITE_S, 0 };
	struct control *c = arg;
	struct client *k = NULL;

	(void)l;
	(void)sa;
	(void)len;
	for (unsigned i = 0; i < CONTROL_CLIENTS && k == NULL; i++)
		if (c->client[i].b == NULL)
			k = &c->client[i];
	if (!may_ask(fd) || k == NULL) {
		const char *text = k == NULL ? too_many : no_right;

		(void)send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)close(fd);
		return;
	}
	*k = (struct client){ .c = c };
	k->b = bufferevent_socket_new(c->o.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (k->b == NULL) {
		(void)close(fd);
		return;
	}
	c->clients++;
	bufferevent_setcb(k->b, readable, written, happened, k);
	bufferevent_setwatermark(k->b, EV_READ, 0, REQUEST_BYTES + 2);
	bufferevent_set_timeouts(k->b, &idle, &slow);
	(void)bufferevent_enable(k->b, EV_READ | EV_WRITE);
}

static void
accept_failed(struct evconnlistener *l, void *arg)
{
	struct control *c = arg;

	(void)l;
	if (log_limit_pass(&c->said, clock_now(), NULL))
		log_line(c->o.log, LOG_LEVEL_WARN, "cannot take a control client: %s",
		    strerror(EVUTIL_SOCKET_ERROR()));
}

static bool
may_ask(int fd)
{
	struct ucred who;
	gid_t group[GROUPS_MAX];
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == -1)
		return false;
	if (who.uid == 0 || who.uid == geteuid() || who.gid == getegid())
		return true;
	n = sizeof(group);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, group, &n) == -1)
		return false;
	for (size_t i = 0; i < n / sizeof(group[0]); i++)
		if (group[i] == getegid())
			return true;
	return false;
}

static void
one_request(struct client *k, struct span line)
{
	struct control *c = k->c;
	struct fault why = { "", "" };
	struct request q;
	struct json j;

	json_start(&j, c->reply, sizeof(c->reply), 0);
	if (request_parse(line, &q, &why) == -1)
		answer_error(&j, &why);
	else if (q.command == REQUEST_RELOAD)
		ask(k, &j);
	else
		c->o.answer(c->o.arg, &q, &j);
	if (!k->asking)
		say(k, &j);
}

/* The next line, if the answer to the one before has left. */
static void
serve(struct client *k)
{
	struct evbuffer *in = bufferevent_get_input(k->b);
	struct fault why = { "", "" };
	char *line;
	size_t n;

	if (k->asking || evbuffer_get_length(bufferevent_get_output(k->b)) > 0)
		return;
	line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);
	if (line == NULL && k->last && (n = evbuffer_get_length(in)) > 0) {
		/* `printf status | nc`: the last line needs no end. */
		line = malloc(n);
		if (line != NULL)
			n = (size_t)evbuffer_remove(in, line, n);
	}
	if (line != NULL) {
		one_request(k, span_of(line, n));
		free(line);
	} else if (evbuffer_get_length(in) > REQUEST_BYTES) {
		(void)fault_set(&why, "a request is a line of at most 4096 bytes",
		    "the request is too long");
		k->last = true;
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		(void)bufferevent_disable(k->b, EV_READ);
		say_error(k, &why);
	} else if (k->last) {
		let_go(k);
	}
}

static void
readable(struct bufferevent *b, void *arg)
{
	(void)b;
	serve(arg);
}

static void
written(struct bufferevent *b, void *arg)
{
	(void)b;
	serve(arg);
}

static void
happened(struct bufferevent *b, short what, void *arg)
{
	struct client *k = arg;

	(void)b;
	if ((what & BEV_EVENT_EOF) == 0) {
		/* While the supervisor compiles rules the client says nothing. */
		if ((what & BEV_EVENT_TIMEOUT) != 0 && (what & BEV_EVENT_READING) != 0 &&
		    k->asking) {
			(void)bufferevent_enable(k->b, EV_READ);
			return;
		}
		let_go(k);
		return;
	}
	k->last = true;
	serve(k);
}

static void
let_go(struct client *k)
{
	if (k->b == NULL)
		return;
	bufferevent_free(k->b);
	k->c->clients--;
	*k = (struct client){ .c = k->c };
}

/* ---- the supervisor ---- */

static void
ask(struct client *k, struct json *j)
{
	const struct timeval late = { ASK_S, 0 };
	struct control *c = k->c;
	struct fault why = { "", "" };

	if (c->asked) {
		(void)fault_set(&why, "wait for its end", "a reload is under way");
		answer_error(j, &why);
		return;
	}
	if (c->o.ask_fd == -1 ||
	    send(c->o.ask_fd, "reload", 6, MSG_NOSIGNAL | MSG_DONTWAIT) != 6) {
		(void)fault_set(&why, NULL, "reload is not available");
		answer_error(j, &why);
		return;
	}
	k->asking = c->asked = true;
	(void)event_add(c->on_late, &late);
}

static void
answer_came(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;
	struct client *k = NULL;
	struct fault why = { "", "" };
	struct json_value v;
	ssize_t n = 0;

	if ((what & EV_TIMEOUT) == 0) {
		n = recv(fd, c->datagram, sizeof(c->datagram), MSG_DONTWAIT);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)		/* the supervisor is gone, and soon we are */
			(void)event_del(c->on_answer);
	}
	c->asked = false;
	(void)event_del(c->on_late);
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].asking)
			k = &c->client[i];
	if (k == NULL)
		return;
	k->asking = false;
	if (n > 0 && (size_t)n <= CONTROL_DATAGRAM &&
	    memchr(c->datagram, '\n', (size_t)n) == NULL &&
	    parse_document(span_of(c->datagram, (size_t)n), &v)) {
		(void)bufferevent_write(k->b, c->datagram, (size_t)n);
		(void)bufferevent_write(k->b, "\n", 1);
		return;
	}
	(void)fault_set(&why, NULL, n > 0 ? "the supervisor's answer cannot be read" :
	    "the supervisor did not answer");
	say_error(k, &why);
}
