/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pidfile: a file with our number in it, locked as long as we live: one that a dead
 * process left has no lock and is taken over.
 */
#ifndef RULES_CLI_PIDFILE_H
#define RULES_CLI_PIDFILE_H

#include "capture/base/fault.h"

#include <stdbool.h>

#include <sys/types.h>

struct pidfile {
	const char *path;		/* lent; NULL: none */
	int fd;
};

/* The folder is made, and given to uid and gid, when it is not there: whoever has no
 * rights any more can only remove a file from a folder of his own. (uid_t)-1: nobody. */
int pidfile_take(struct pidfile *p, const char *path, uid_t uid, gid_t gid,
    struct fault *why);
/* Removes it, or empties it where it cannot be removed. */
void pidfile_leave(struct pidfile *p);

#endif
