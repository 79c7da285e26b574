/* SPDX-License-Identifier: GPL-3.0-or-later */
/* line_sink: a buffer before one descriptor. Refuses half a line; what finds no room is
 * counted. A descriptor that is not ours is never made non-blocking, for our parent may
 * share it: poll says how much it takes. */
#include "rules/event/line_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER (256u << 10)
#define BUFFER_IMPATIENT (4u << 20)	/* while a reader of a live sensor looks away */
#define PIPE_TAKES 4096u		/* POLLOUT of a pipe says: PIPE_BUF bytes at least */
#define FLAGS (O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY)

struct line_sink {
	int fd;
	bool own, gone, patient;
	char *path;			/* of a file of ours */
	char name[256], error[136];
	const struct log *log;
	size_t used, room;
	uint64_t put, sent, lost;	/* events */
	struct log_limit said;
	char *buf;
};

static struct line_sink *
make(int fd, const char *path, size_t room, const struct log *log, struct fault *why)
{
	const char *name = path != NULL ? path : "standard output";
	struct line_sink *s = calloc(1, sizeof(*s));

	if (s != NULL) {
		s->buf = malloc(room);
		s->path = path != NULL ? strdup(path) : NULL;
	}
	if (s == NULL || s->buf == NULL || (path != NULL && s->path == NULL)) {
		if (s != NULL)
			free(s->buf);
		free(s);
		(void)fault_set(why, NULL, "no memory for the output '%s'", name);
		return NULL;
	}
	s->fd = fd;
	s->own = path != NULL;
	s->log = log;
	s->room = room;
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

/* It may be a named pipe: a reader that is not there, or hangs, stops nobody. */
static int
open_path(const char *path, bool patient)
{
	return open(path, patient ? FLAGS : FLAGS | O_NONBLOCK, 0640);
}

struct line_sink *
line_sink_open(const char *path, bool patient, const struct log *log, struct fault *why)
{
	int fd = open_path(path, patient);
	struct line_sink *s;

	if (fd == -1) {
		(void)fault_set(why, errno == ENXIO ? "nobody reads this pipe: start its "
		    "reader first" : NULL, "cannot write to '%s': %s", path,
		    strerror(errno));
		return NULL;
	}
	s = make(fd, path, BUFFER, log, why);
	if (s == NULL)
		(void)close(fd);
	else
		s->patient = patient;
	return s;
}

struct line_sink *
line_sink_stdout(bool patient, const struct log *log, struct fault *why)
{
	struct line_sink *s = make(STDOUT_FILENO, NULL, patient ? BUFFER :
	    BUFFER_IMPATIENT, log, why);

	if (s != NULL)
		s->patient = patient;
	return s;
}

void
line_sink_close(struct line_sink *s)
{
	if (s == NULL)
		return;
	if (s->own)
		(void)close(s->fd);
	free(s->path);
	free(s->buf);
	free(s);
}

void
line_sink_put(struct line_sink *s, const char *text, size_t n, struct loop_time now)
{
	if (s->gone)
		return;
	if (n + 1 > s->room - s->used)
		line_sink_flush(s, now);
	if (s->gone)
		return;
	if (n + 1 > s->room - s->used) {
		s->lost++;
		return;
	}
	memcpy(s->buf + s->used, text, n);
	s->buf[s->used + n] = '\n';
	s->used += n + 1;
	s->put++;
}

/* A pipe takes so many bytes as one: where another sensor writes to it as well, the
 * piece should end with a line. */
static size_t
whole_lines(const struct line_sink *s, size_t from)
{
	size_t n = PIPE_TAKES;

	while (n > 0 && s->buf[from + n - 1] != '\n')
		n--;
	return n > 0 ? n : PIPE_TAKES;
}

/* How many of the bytes from there on may be written now without being stopped; 0: none
 * now. */
static size_t
room_for(const struct line_sink *s, size_t from)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };
	size_t n = s->used - from;

	if (s->own)
		return n;
	while (poll(&p, 1, s->patient ? 1000 : 0) <= 0)
		if (!s->patient)
			return 0;
	return n < PIPE_TAKES ? n : whole_lines(s, from);
}

/* After a write that failed: the line that was begun is taken out of our file again, so
 * that it ends in a whole one whatever comes (a later run, another file of that name). How
 * many of the bytes written still are; all of them where nothing can be taken back: a
 * pipe, or a file that somebody else wrote to behind us. */
static size_t
take_back(const struct line_sink *s, size_t done)
{
	size_t whole = done;
	struct stat st;
	off_t at;

	while (whole > 0 && s->buf[whole - 1] != '\n')
		whole--;
	if (!s->own || whole == done)
		return done;
	at = lseek(s->fd, 0, SEEK_CUR);
	if (at < (off_t)(done - whole) || fstat(s->fd, &st) == -1 || st.st_size != at ||
	    ftruncate(s->fd, at - (off_t)(done - whole)) == -1)
		return done;
	return whole;
}

void
line_sink_flush(struct line_sink *s, struct loop_time now)
{
	size_t done = 0, some;

	while (!s->gone && done < s->used &&
	    (some = room_for(s, done)) > 0) {
		ssize_t n = write(s->fd, s->buf + done, some);

		if (n > 0) {
			done += (size_t)n;
		} else if (n == -1 && errno == EAGAIN) {
			if (!s->patient)
				break;
		} else if (n == -1 && errno == EPIPE) {
			s->gone = true;
			s->used = done = 0;
		} else if (n == 0 || errno != EINTR) {
			(void)snprintf(s->error, sizeof(s->error), "%s", n == 0 ?
			    "nothing was taken" : strerror(errno));
			if (log_limit_pass(&s->said, now, NULL))
				log_line(s->log, LOG_LEVEL_WARN,
				    "cannot write to '%s': %s; "
				    "%" PRIu64 " events lost there so far",
				    s->name, s->error, s->lost);
			done = take_back(s, done);
			break;
		}
	}
	memmove(s->buf, s->buf + done, s->used - done);
	s->used -= done;
	if (s->used == 0)
		s->sent = s->put;
}

void
line_sink_reopen(struct line_sink *s, struct loop_time now)
{
	int fd;

	if (!s->own)
		return;
	line_sink_flush(s, now);
	fd = open_path(s->path, s->patient);
	if (fd == -1) {
		(void)snprintf(s->error, sizeof(s->error), "%s", strerror(errno));
		log_line(s->log, LOG_LEVEL_WARN, "cannot open '%s' again: %s; events go "
		    "on to the file that had this name", s->name, s->error);
		return;
	}
	(void)close(s->fd);
	s->fd = fd;
	s->gone = false;
	log_line(s->log, LOG_LEVEL_INFO, "'%s' was opened again", s->name);
	line_sink_flush(s, now);
}

bool
line_sink_gone(const struct line_sink *s)
{
	return s->gone;
}

uint64_t
line_sink_sent(const struct line_sink *s)
{
	return s->sent;
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

uint64_t
line_sink_events_waiting(const struct line_sink *s)
{
	return s->gone ? 0 : s->put - s->sent;
}

const char *
line_sink_error(const struct line_sink *s)
{
	return s->error;
}
