/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pidfile: the lock is the truth, the number is for people. */
#include "rules/cli/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 5				/* when others remove it at the same moment */

/* It is still the file of that name. */
static bool
is_there(const struct pidfile *p)
{
	struct stat name, file;

	return lstat(p->path, &name) == 0 && fstat(p->fd, &file) == 0 &&
	    name.st_ino == file.st_ino && name.st_dev == file.st_dev;
}

static void
make_folder(const char *path, uid_t uid, gid_t gid)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];

	if (slash == NULL || slash == path ||
	    (size_t)(slash - path) >= sizeof(folder))
		return;
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	/* What is wrong, opening the file will say. */
	if (mkdir(folder, 0755) == 0 && uid != (uid_t)-1)
		(void)!lchown(folder, uid, gid);
}

static int
locked(struct pidfile *p, struct fault *why)
{
	char text[32] = "";

	if (flock(p->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK && pread(p->fd, text, sizeof(text) - 1, 0) > 0)
		return fault_set(why, "stop that one, or give this one a --pidfile of "
		    "its own", "earshot runs already, as process %.*s: it has locked '%s'",
		    (int)strspn(text, "0123456789"), text, p->path);
	return fault_set(why, NULL, "cannot lock the pidfile '%s': %s", p->path,
	    strerror(errno));
}

int
pidfile_take(struct pidfile *p, const char *path, uid_t uid, gid_t gid,
    struct fault *why)
{
	char text[32];
	int n;

	*p = (struct pidfile){ .path = path, .fd = -1 };
	make_folder(path, uid, gid);
	for (int i = 0; i < TRIES; i++) {
		p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		    0644);
		if (p->fd == -1) {
			(void)fault_set(why, "--pidfile names another place",
			    "cannot write the pidfile '%s': %s", path, strerror(errno));
			goto fail;
		}
		if (locked(p, why) == -1)
			goto fail;
		if (is_there(p))
			break;
		/* Whoever had it has just removed it. */
		(void)close(p->fd);
		p->fd = -1;
	}
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (p->fd == -1 || ftruncate(p->fd, 0) == -1 ||
	    pwrite(p->fd, text, (size_t)n, 0) != n) {
		(void)fault_set(why, "--pidfile names another place",
		    "cannot write the pidfile '%s': %s", path, strerror(errno));
		goto fail;
	}
	return 0;
fail:
	if (p->fd != -1)
		(void)close(p->fd);
	*p = (struct pidfile){ .fd = -1 };
	return -1;
}

void
pidfile_leave(struct pidfile *p)
{
	if (p->path == NULL || p->fd == -1)
		return;
	if (is_there(p) && unlink(p->path) == -1)
		(void)!ftruncate(p->fd, 0);
	(void)close(p->fd);
	*p = (struct pidfile){ .fd = -1 };
}
