/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unix_socket: a socket that nobody answers on was left by a run that was killed. */
#include "rules/event/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A connect to a plain file is refused too: it has to be a socket to be removed. EAGAIN:
 * somebody is there and busy. */
static int
make_room(int fd, const struct sockaddr_un *sa)
{
	struct stat st;

	if (lstat(sa->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return 0;
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ||
	    errno == EAGAIN) {
		errno = EADDRINUSE;
		return -1;
	}
	if (errno == ECONNREFUSED)
		(void)unlink(sa->sun_path);
	return 0;
}

int
unix_socket_bind(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, rc, error;
	mode_t mask;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	rc = make_room(fd, &sa);
	if (rc == 0) {
		mask = umask(0117);
		rc = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
		error = errno == EADDRINUSE ? EEXIST : errno;
		(void)umask(mask);
		errno = error;
	}
	if (rc == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}
