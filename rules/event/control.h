/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control: the socket on which a running sensor is asked. A request is a line (request.h),
 * a reply is a line of JSON; a client may ask again on the same connection.
 *
 * Who may ask: root, the sensor's own user, and who is in its group; the socket's mode
 * says so and the kernel's word on the other side is checked again. Sixteen clients at
 * most, a request of 4 KiB, a reply of 1 MiB, half a minute of silence: a client that
 * sends nonsense, sends nothing or reads nothing is let go, and nobody waits for it.
 *
 * `reload` is the supervisor's: it is sent there as a datagram that says "reload", and
 * one datagram of JSON (64 KiB at most) comes back.
 */
#ifndef RULES_EVENT_CONTROL_H
#define RULES_EVENT_CONTROL_H

#include "capture/base/log.h"
#include "rules/event/answer.h"

#define CONTROL_CLIENTS 16
#define CONTROL_DATAGRAM (64u << 10)

struct event_base;
struct control;

struct control_options {
	struct event_base *base;	/* lent */
	const char *path;		/* of the socket; what another one left goes */
	int ask_fd;			/* SOCK_SEQPACKET to the supervisor; -1: none */
	const struct log *log;
	void *arg;
	void (*answer)(void *arg, const struct request *q, struct json *j);
};

struct control *control_create(const struct control_options *o, struct fault *why);
void control_destroy(struct control *c);	/* the socket's name goes too */

unsigned control_clients(const struct control *c);

#endif
