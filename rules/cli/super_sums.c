/* SPDX-License-Identifier: GPL-3.0-or-later */
/* super_sums: the bytes of the log of sums (rules/event/sumlog.h), for a sensor that opens
 * no file. Looks at their form and at nothing in them. */
#define _GNU_SOURCE	/* memfd_create, seals */
#include "rules/cli/super.h"

#include "rules/event/sumlog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME_LEN 20			/* of a segment: 16 hex digits and ".seg" */
#define FORM_BYTES 4096			/* its first record is within these */
#define COPY_BYTES 65536

static int
is_segment(const struct dirent *e)
{
	return strlen(e->d_name) == NAME_LEN && strcmp(e->d_name + 16, ".seg") == 0;
}

static int
open_segment(const char *dir, const char *name)
{
	char path[4600];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Another build's lie aside, whole, for that build to find; said once. */
static void
put_aside(struct super *s, const char *dir)
{
	char aside[4400];
	unsigned n = 0;

	do
		(void)snprintf(aside, sizeof(aside), "%s.other-%u", dir, n);
	while (++n < 1000 && access(aside, F_OK) == 0);
	if (rename(dir, aside) == -1) {
		log_line(&s->log, LOG_LEVEL_WARN, "the sums in '%s' were written by another "
		    "build of earshot, and cannot be moved aside: %s; they are not read",
		    dir, strerror(errno));
		return;
	}
	log_line(&s->log, LOG_LEVEL_WARN, "the sums in '%s' were written by another build "
	    "of earshot: they are in '%s' now, and what devices sent is summed from here on",
	    dir, aside);
}

static char *
folder(const struct super *s, char dir[4200])
{
	(void)snprintf(dir, 4200, "%s/sums", s->state);
	return dir;
}

void
super_sums_check(struct super *s)
{
	struct dirent **e = NULL;
	static uint8_t head[FORM_BYTES];
	char dir[4200];
	bool other = false;
	int n;

	if (s->observations == NULL || s->state[0] == '\0')
		return;
	n = scandir(folder(s, dir), &e, is_segment, alphasort);
	for (int i = 0; i < n; i++) {
		int fd = other ? -1 : open_segment(dir, e[i]->d_name);
		ssize_t got = fd == -1 ? 0 : read(fd, head, sizeof(head));

		other = other || (got > 0 && sumlog_form(span_of(head, (size_t)got)) ==
		    SUMLOG_OTHER);
		if (fd != -1)
			(void)close(fd);
		free(e[i]);
	}
	free(e);
	if (other)
		put_aside(s, dir);
}

static int
copy(int to, int from)
{
	char buf[COPY_BYTES];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0, put; at < n; at += put)
			if ((put = write(to, buf + at, (size_t)(n - at))) == -1)
				return -1;
	return n == 0 ? 0 : -1;
}

int
super_sums_open(struct super *s)
{
	struct dirent **e = NULL;
	char dir[4200];
	int fd, n, rc = 0;

	if (s->observations == NULL || s->state[0] == '\0')
		return -1;
	n = scandir(folder(s, dir), &e, is_segment, alphasort);
	fd = memfd_create("earshot-sums", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	for (int i = 0; i < n; i++) {
		int from = open_segment(dir, e[i]->d_name);

		/* A segment may go while we look: a round made it superfluous. */
		if (from != -1 && fd != -1 && rc == 0)
			rc = copy(fd, from);
		if (from != -1)
			(void)close(from);
		free(e[i]);
	}
	free(e);
	if (fd != -1 && rc == 0 && fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	log_line(&s->log, LOG_LEVEL_WARN, "cannot read the sums in '%s': %s; what devices "
	    "sent is summed from here on", dir, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return -1;
}
