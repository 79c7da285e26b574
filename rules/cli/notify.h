/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notify: what a service manager wants to know (sd_notify(3)): one datagram of lines to
 * the socket that NOTIFY_SOCKET names. Nobody listens: nothing is said.
 */
#ifndef RULES_CLI_NOTIFY_H
#define RULES_CLI_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd;				/* -1: nobody listens */
	struct sockaddr_un to;
	socklen_t len;			/* 0: fd is connected */
	int64_t watchdog_ns;		/* WATCHDOG=1 is wanted within that; 0: not */
};

/* From the environment: NOTIFY_SOCKET, a path or "@abstract", and WATCHDOG_USEC. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);
void notify_say(const struct notify *n, const char *lines);

#endif
