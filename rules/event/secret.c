/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secret: open, look at the owner, read one line. */
#include "rules/event/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CREDENTIAL "redis-password"

static int
judge(const char *file, int fd, bool credential, struct fault *why)
{
	/* systemd gives a credential to its service by an access list, which shows in the
	 * bits of the group. */
	const mode_t others = credential ? 0007 : 0077;
	char remedy[300];
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return fault_set(why, NULL, "'%s' is no file", file);
	(void)snprintf(remedy, sizeof(remedy), "chmod 600 '%.200s'", file);
	if ((st.st_mode & others) != 0)
		return fault_set(why, remedy,
		    "cannot take the password in '%s': its mode %04o lets others have it",
		    file, (unsigned)st.st_mode & 07777);
	(void)snprintf(remedy, sizeof(remedy), "chown root '%.200s'", file);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return fault_set(why, remedy,
		    "cannot take the password in '%s': it belongs to user %u", file,
		    (unsigned)st.st_uid);
	return 0;
}

int
secret_read(const char *file, struct secret *out, struct fault *why)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	bool credential = file == NULL;
	char path[4096], buf[SECRET_MAX + 2];
	size_t used = 0, n;
	ssize_t got;
	int fd, rc = -1;

	memset(out, 0, sizeof(*out));
	if (credential) {
		if (dir == NULL || dir[0] != '/')
			return 0;
		(void)snprintf(path, sizeof(path), "%s/" CREDENTIAL, dir);
		file = path;
	}
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 && credential && errno == ENOENT)
		return 0;
	if (fd == -1)
		return fault_set(why, NULL, "cannot read the password file '%s': %s", file,
		    strerror(errno));
	if (judge(file, fd, credential, why) == -1)
		goto out;
	while (used < sizeof(buf) &&
	    (got = read(fd, buf + used, sizeof(buf) - used)) > 0)
		used += (size_t)got;
	for (n = 0; n < used && buf[n] != '\n'; n++)
		continue;
	if (n > 0 && buf[n - 1] == '\r')
		n--;
	if (n == 0 || n > SECRET_MAX || memchr(buf, '\0', n) != NULL) {
		(void)fault_set(why, "its first line is the password", n == 0 ?
		    "there is no password in '%s'" :
		    "what is in '%s' is no password: 512 bytes at most, no zero byte",
		    file);
		goto out;
	}
	memcpy(out->text, buf, n);
	rc = 0;
out:
	explicit_bzero(buf, sizeof(buf));
	(void)close(fd);
	return rc;
}

void
secret_forget(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}
