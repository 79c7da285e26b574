/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * metrics_server: GET /metrics, and nothing else, for a Prometheus on this machine.
 *
 * Not evhttp: that has no bound on connections (before libevent 2.2), and one page needs
 * none of the rest. Sixteen connections, 4 KiB of request, five seconds for a
 * connection's whole life; what goes beyond is closed and counted. One answer a
 * connection. The other outputs are not touched by what happens here.
 */
#ifndef RULES_EVENT_METRICS_SERVER_H
#define RULES_EVENT_METRICS_SERVER_H

#include "capture/base/log.h"
#include "rules/event/snapshot.h"

#define METRICS_CONNECTIONS 16
#define METRICS_REQUEST 4096
#define METRICS_LIFE_S 5

struct event_base;
struct metrics_server;

struct metrics_options {
	/* "127.0.0.1:9108", "[::1]:9108" or "unix:PATH"; another host is refused: the
	 * figures tell when nobody is listening. */
	const char *where;
	const char *sensor;		/* lent */
	const struct boards *boards;	/* lent */
	struct event_base *base;
	const struct log *log;
};

struct metrics_server *metrics_server_create(
    const struct metrics_options *o, struct fault *why);
void metrics_server_destroy(struct metrics_server *m);

/* Whether `where` can be one. 0, or -1 and *why. */
int metrics_where_check(const char *where, struct fault *why);

/* The folder of its unix socket, which it removes at its end; NULL: none. */
const char *metrics_server_folder(const struct metrics_server *m);

/* The status for these bytes of a request; 0: it is not whole yet. */
int metrics_request(const char *bytes, size_t n);

#endif
