/* SPDX-License-Identifier: GPL-3.0-or-later */
/* line_sink: a buffer of 256 KiB before one descriptor. Refuses half a line; what
 * finds no room is counted. */
#include "rules/event/line_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER (256u << 10)

struct line_sink {
	int fd;
	bool own, gone;
	char name[256];
	const struct log *log;
	size_t used;
	uint64_t lost;
	struct log_limit said;
	char buf[BUFFER];
};

static struct line_sink *
make(int fd, bool own, const char *name, const struct log *log, struct fault *why)
{
	struct line_sink *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)fault_set(why, NULL, "no memory for the output '%s'", name);
		return NULL;
	}
	s->fd = fd;
	s->own = own;
	s->log = log;
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

struct line_sink *
line_sink_open(const char *path, const struct log *log, struct fault *why)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	struct line_sink *s;

	if (fd == -1) {
		(void)fault_set(
		    why, NULL, "cannot write to '%s': %s", path, strerror(errno));
		return NULL;
	}
	s = make(fd, true, path, log, why);
	if (s == NULL)
		(void)close(fd);
	return s;
}

struct line_sink *
line_sink_stdout(const struct log *log, struct fault *why)
{
	return make(STDOUT_FILENO, false, "standard output", log, why);
}

void
line_sink_close(struct line_sink *s)
{
	if (s == NULL)
		return;
	if (s->own)
		(void)close(s->fd);
	free(s);
}

void
line_sink_put(struct line_sink *s, const char *text, size_t n, struct loop_time now)
{
	if (s->gone)
		return;
	if (n + 1 > BUFFER - s->used)
		line_sink_flush(s, now);
	if (s->gone)
		return;
	if (n + 1 > BUFFER - s->used) {
		s->lost++;
		return;
	}
	memcpy(s->buf + s->used, text, n);
	s->buf[s->used + n] = '\n';
	s->used += n + 1;
}

void
line_sink_flush(struct line_sink *s, struct loop_time now)
{
	size_t done = 0;

	while (!s->gone && done < s->used) {
		ssize_t n = write(s->fd, s->buf + done, s->used - done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n == -1 && errno == EAGAIN) {
			struct pollfd p = { .fd = s->fd, .events = POLLOUT };

			(void)poll(&p, 1, 1000);
		} else if (n == -1 && errno == EPIPE) {
			s->gone = true;
			s->used = done = 0;
		} else if (n == 0 || errno != EINTR) {
			if (log_limit_pass(&s->said, now, NULL))
				log_line(s->log, LOG_LEVEL_WARN,
				    "cannot write to '%s': %s; "
				    "%" PRIu64 " events lost there so far",
				    s->name,
				    n == 0 ? "nothing was taken" : strerror(errno),
				    s->lost);
			break;
		}
	}
	memmove(s->buf, s->buf + done, s->used - done);
	s->used -= done;
}

bool
line_sink_gone(const struct line_sink *s)
{
	return s->gone;
}

uint64_t
line_sink_lost(const struct line_sink *s)
{
	return s->lost;
}

size_t
line_sink_waiting(const struct line_sink *s)
{
	return s->used;
}
