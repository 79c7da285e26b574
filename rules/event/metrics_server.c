/* SPDX-License-Identifier: GPL-3.0-or-later */
/* metrics_server: a listener, a few connections, one page. */
#include "rules/event/metrics_server.h"

#include "rules/event/clock.h"
#include "rules/event/metrics.h"
#include "rules/event/unix_socket.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef EARSHOT_VERSION
#define EARSHOT_VERSION "unknown"
#endif

#define REMEDY "127.0.0.1:9108, [::1]:9108 or unix:PATH"

struct client {
	struct metrics_server *m;
	struct bufferevent *bev;	/* NULL: this place is free */
	struct event *life;
	bool answered;
};

struct metrics_server {
	const char *sensor;
	const struct boards *boards;
	struct event_base *base;
	struct evconnlistener *listener;
	struct client client[METRICS_CONNECTIONS];
	uint64_t refused;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static void accepted(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa,
    int len, void *arg);
static void respond(struct client *c, int status);

static int
parse_where(const char *where, struct sockaddr_storage *out, int *len, struct fault *why)
{
	struct sockaddr_un *un = (struct sockaddr_un *)out;
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (strncmp(where, "unix:", 5) == 0) {
		if (where[5] == '\0' || strlen(where + 5) >= sizeof(un->sun_path))
			return fault_set(why, "sockets have paths of up to 107 letters",
			    "'%s' names no socket for metrics", where);
		un->sun_family = AF_UNIX;
		memcpy(un->sun_path, where + 5, strlen(where + 5) + 1);
		*len = (int)sizeof(*un);
		return 0;
	}
	*len = (int)sizeof(*out);
	if (strncmp(where, "localhost:", 10) == 0) {
		char v4[64];

		(void)snprintf(v4, sizeof(v4), "127.0.0.1:%.16s", where + 10);
		if (evutil_parse_sockaddr_port(v4, (struct sockaddr *)out, len) == 0 &&
		    in->sin_port != 0)
			return 0;
	} else if (evutil_parse_sockaddr_port(where, (struct sockaddr *)out, len) == 0) {
		bool v4 = out->ss_family == AF_INET;

		if ((v4 ? in->sin_port : in6->sin6_port) == 0)
			return fault_set(why, REMEDY, "there is no port in '%s'", where);
		if (v4 ? ntohl(in->sin_addr.s_addr) >> 24 == 127 :
		    IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr))
			return 0;
		return fault_set(why, REMEDY "; another host reads them through a proxy or "
		    "'ssh -L'", "cannot serve metrics on '%s': they are for this machine "
		    "alone", where);
	}
	return fault_set(why, REMEDY, "'%s' is no place for metrics", where);
}

int
metrics_where_check(const char *where, struct fault *why)
{
	struct sockaddr_storage sa;
	int len;

	return parse_where(where, &sa, &len, why);
}

static int
bind_port(const struct sockaddr_storage *sa, int len)
{
	int fd = socket(sa->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, error;

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)sa, (socklen_t)len) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static int
open_listener(struct metrics_server *m, const char *where, struct fault *why)
{
	struct sockaddr_storage sa;
	struct sockaddr_un un;
	int len, fd;
	char *end;

	if (parse_where(where, &sa, &len, why) == -1)
		return -1;
	memcpy(&un, &sa, sizeof(un));
	fd = sa.ss_family == AF_UNIX ? unix_socket_bind(un.sun_path) :
	    bind_port(&sa, len);
	if (fd == -1)
		return fault_set(why, errno == EADDRINUSE ? "another program has it: see "
		    "'ss -lxtp'" : NULL, "cannot serve metrics on '%s': %s", where,
		    strerror(errno));
	if (sa.ss_family == AF_UNIX) {
		memcpy(m->path, un.sun_path, sizeof(m->path));
		memcpy(m->folder, un.sun_path, sizeof(m->folder));
		end = strrchr(m->folder, '/');
		if (end == NULL)
			memcpy(m->folder, ".", 2);
		else
			end[end == m->folder] = '\0';
	}
	m->listener = evconnlistener_new(m->base, accepted, m, LEV_OPT_CLOSE_ON_FREE |
	    LEV_OPT_CLOSE_ON_EXEC, METRICS_CONNECTIONS, fd);
	if (m->listener != NULL)
		return 0;
	(void)close(fd);
	return fault_set(why, NULL, "cannot serve metrics on '%s': %s", where,
	    strerror(errno));
}

struct metrics_server *
metrics_server_create(const struct metrics_options *o, struct fault *why)
{
	struct metrics_server *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		(void)fault_set(why, NULL, "no memory for metrics");
		return NULL;
	}
	m->sensor = o->sensor;
	m->boards = o->boards;
	m->base = o->base;
	if (open_listener(m, o->where, why) == -1) {
		metrics_server_destroy(m);
		return NULL;
	}
	return m;
}

static void
hang_up(struct client *c)
{
	if (c->life != NULL)
		event_free(c->life);
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	c->life = NULL;
	c->bev = NULL;
}

void
metrics_server_destroy(struct metrics_server *m)
{
	if (m == NULL)
		return;
	for (int i = 0; i < METRICS_CONNECTIONS; i++)
		hang_up(&m->client[i]);
	if (m->listener != NULL)
		evconnlistener_free(m->listener);
	if (m->path[0] != '\0')
		(void)unlink(m->path);
	free(m);
}

const char *
metrics_server_folder(const struct metrics_server *m)
{
	return m == NULL || m->path[0] == '\0' ? NULL : m->folder;
}

/* ---- one connection ---- */

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	char request[METRICS_REQUEST + 1];
	ev_ssize_t n;
	int status;

	if (c->answered) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	n = evbuffer_copyout(in, request, sizeof(request));
	status = n <= 0 ? 0 : metrics_request(request, (size_t)n);
	if (status != 0) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		respond(c, status);
	}
}

/* All is out: the other side closes first, so that nothing it sent too much makes the
 * kernel take our answer back. */
static void
on_written(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;

	if (c->answered)
		(void)shutdown(bufferevent_getfd(bev), SHUT_WR);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	hang_up(arg);
}

static void
on_life_over(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	(void)fd;
	(void)what;
	if (!c->answered)
		c->m->refused++;
	hang_up(c);
}

static void
accepted(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len,
    void *arg)
{
	struct metrics_server *m = arg;
	struct timeval life = { METRICS_LIFE_S, 0 };
	struct client *c = NULL;

	(void)l;
	(void)sa;
	(void)len;
	for (int i = 0; i < METRICS_CONNECTIONS && c == NULL; i++)
		if (m->client[i].bev == NULL)
			c = &m->client[i];
	if (c == NULL) {
		m->refused++;
		(void)evutil_closesocket(fd);
		return;
	}
	*c = (struct client){ .m = m };
	c->bev = bufferevent_socket_new(m->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->life = evtimer_new(m->base, on_life_over, c);
	if (c->bev == NULL)
		(void)evutil_closesocket(fd);
	if (c->bev == NULL || c->life == NULL || event_add(c->life, &life) == -1) {
		m->refused++;
		hang_up(c);
		return;
	}
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, METRICS_REQUEST + 1);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static bool
is_word(const char *at, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - at) == n && memcmp(at, word, n) == 0;
}

int
metrics_request(const char *bytes, size_t n)
{
	const char *line = memchr(bytes, '\n', n), *end = bytes + n, *method, *target, *p;
	bool whole = false;

	/* The end of the head: an empty line. */
	for (p = line; p != NULL && !whole; p = memchr(p + 1, '\n', (size_t)(end - p - 1)))
		whole = (p + 1 < end && p[1] == '\n') ||
		    (p + 2 < end && p[1] == '\r' && p[2] == '\n');
	if (!whole)
		return n > METRICS_REQUEST ? 431 : 0;
	if (line > bytes && line[-1] == '\r')
		line--;
	method = memchr(bytes, ' ', (size_t)(line - bytes));
	target = method == NULL ? NULL :
	    memchr(method + 1, ' ', (size_t)(line - method - 1));
	if (target == NULL || method == bytes ||
	    memchr(bytes, '\0', (size_t)(line - bytes)) != NULL ||
	    line - target != 9 || memcmp(target + 1, "HTTP/1.", 7) != 0)
		return 400;
	if (!is_word(bytes, method, "GET"))
		return 405;
	p = memchr(method + 1, '?', (size_t)(target - method - 1));
	return is_word(method + 1, p != NULL ? p : target, "/metrics") ? 200 : 404;
}

static void
add(void *arg, const char *s, size_t n)
{
	(void)evbuffer_add(arg, s, n);
}

static void
respond(struct client *c, int status)
{
	static const struct {
		int status;
		const char *reason, *body;
	} no[] = {
		{ 400, "Bad Request", "this is no HTTP request\n" },
		{ 404, "Not Found", "there is /metrics here, nothing else\n" },
		{ 405, "Method Not Allowed", "GET /metrics, nothing else\n" },
		{ 431, "Request Header Fields Too Large", "the request is too long\n" },
	};
	const char *reason = "OK", *type = METRICS_TYPE;
	struct evbuffer *body = evbuffer_new();
	struct evbuffer *out = bufferevent_get_output(c->bev);
	struct sensor_snapshot now;
	struct outlet_snapshot outputs;
	struct metrics_view v = { .sensor = c->m->sensor, .version = EARSHOT_VERSION,
		.refused = c->m->refused, .time = clock_now() };

	if (body == NULL) {
		hang_up(c);
		return;
	}
	if (status == 200) {
		if (sensor_snapshot_read(c->m->boards->sensor, &now))
			v.now = &now;
		if (outlet_snapshot_read(c->m->boards->outlet, &outputs))
			v.out = &outputs;
		metrics_print(&v, add, body);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (no[i].status == status) {
			reason = no[i].reason;
			type = "text/plain; charset=utf-8";
			add(body, no[i].body, strlen(no[i].body));
			c->m->refused++;
		}
	c->answered = true;
	(void)evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\n%sConnection: close\r\n\r\n", status, reason, type,
	    evbuffer_get_length(body), status == 405 ? "Allow: GET\r\n" : "");
	(void)evbuffer_add_buffer(out, body);
	evbuffer_free(body);
}
