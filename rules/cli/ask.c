/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask: connect, write, read to the end of a line; ten seconds of silence are too many,
 * a minute for what compiles rules. */
#include "rules/cli/ask.h"

#include "rules/event/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_MAX (ANSWER_BYTES + 2)

static int
connect_to(const char *path, struct fault *why)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval patience = { 75, 0 };
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return fault_set(why, "go there with cd and use a relative --socket",
		    "the socket's path '%s' is too long", path);
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return fault_set(why, NULL, "cannot make a socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	(void)fault_set(why, errno == EACCES || errno == EPERM ?
	    "use sudo, or be in the group of the sensor" :
	    "start one with 'earshot run -i IF', or name its folder with --state",
	    errno == ENOENT || errno == ECONNREFUSED ?
	    "no sensor answers on '%s': %s" : "cannot ask the sensor on '%s': %s", path,
	    strerror(errno));
	(void)close(fd);
	return -1;
}

int
ask_sensor(const char *path, const char *line, char **reply, size_t *len,
    struct fault *why)
{
	char *buf = malloc(REPLY_MAX + 1);
	char out[REQUEST_BYTES + 2];
	size_t have = 0, sent = 0, n;
	int fd = -1;

	n = (size_t)snprintf(out, sizeof(out), "%.*s\n", REQUEST_BYTES, line);

	if (buf == NULL) {
		(void)fault_set(why, NULL, "no memory for the answer");
		goto fail;
	}
	fd = connect_to(path, why);
	if (fd == -1)
		goto fail;
	/* A sensor that lets us go before it has all of it has said why. */
	while (sent < n) {
		ssize_t k = send(fd, out + sent, n - sent, MSG_NOSIGNAL);

		if (k <= 0)
			break;
		sent += (size_t)k;
	}
	while (have < REPLY_MAX && memchr(buf, '\n', have) == NULL) {
		ssize_t k = recv(fd, buf + have, REPLY_MAX - have, 0);

		if (k <= 0)
			break;
		have += (size_t)k;
	}
	if (have == 0 || buf[have - 1] != '\n') {
		(void)fault_set(why, "'earshot status' says how it is",
		    "the sensor on '%s' did not answer", path);
		goto fail;
	}
	buf[have - 1] = '\0';
	(void)close(fd);
	*reply = buf;
	*len = have - 1;
	return 0;
fail:
	if (fd != -1)
		(void)close(fd);
	free(buf);
	return -1;
}
