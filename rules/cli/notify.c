/* SPDX-License-Identifier: GPL-3.0-or-later */
/* notify: never waits and never fails: whoever does not listen misses it. */
#include "rules/cli/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
notify_open(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC"),
	    *pid = getenv("WATCHDOG_PID");
	size_t len = path == NULL ? 0 : strlen(path);
	int64_t watchdog = usec == NULL ? 0 : strtoll(usec, NULL, 10);

	*n = (struct notify){ .fd = -1, .to = { .sun_family = AF_UNIX } };
	if (len < 2 || len >= sizeof(n->to.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(n->to.sun_path, path, len);
	n->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (path[0] == '@')
		n->to.sun_path[0] = '\0';
	else
		n->len++;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* It may be meant for a parent of ours. */
	if (watchdog > 0 && watchdog < INT64_MAX / 1000 &&
	    (pid == NULL || strtoll(pid, NULL, 10) == (long long)getpid()))
		n->watchdog_ns = watchdog * 1000;
}

void
notify_close(struct notify *n)
{
	if (n->fd != -1)
		(void)close(n->fd);
	n->fd = -1;
}

void
notify_say(const struct notify *n, const char *lines)
{
	if (n == NULL || n->fd == -1)
		return;
	if (n->len == 0)
		(void)send(n->fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT);
	else
		(void)sendto(n->fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT,
		    (const struct sockaddr *)&n->to, n->len);
}
