/* SPDX-License-Identifier: GPL-3.0-or-later */
/* feed: one input after another, in the order they were named. */
#define _GNU_SOURCE			/* scandir */
#include "rules/cli/feed.h"

#include "rules/bench/flow_event.h"
#include "rules/cli/pipe.h"
#include "rules/trace/read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRINGS 65536
#define BUDGET 4096
#define LABELS_BYTES ((off_t)256 << 20)
#define DRAW_EVERY 200			/* steps of progress between two looks */

struct feeder {
	const struct bench_options *b;
	const struct program *program;
	const struct feed_sink *to;
	struct feed_counts *c;
	const char *who;
	struct dpi_cell *cell;
	struct pipe *pipe;
	struct intern *strings;		/* of event files */
	struct siphash_key hash;
	uint64_t total, done;		/* bytes of files */
	bool draws;
	unsigned drawn;
};

static void
draw(struct feeder *f, uint64_t more)
{
	double share = f->total == 0 ? 0 : (double)(f->done + more) / (double)f->total;
	int on = (int)(fmin(1, share) * 30);

	if (!f->draws)
		return;
	f->drawn = 1;
	fprintf(stderr, "\rearshot %s: [%.*s%.*s] %3.0f %% ", f->who, on,
	    "##############################", 30 - on, "..............................",
	    100 * fmin(1, share));
}

static uint64_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

static int
begin(struct feeder *f, const char *name, struct fault *why)
{
	char **grown = realloc(f->c->name, (f->c->runs + 1) * sizeof(*grown));
	char *copy = strdup(name);

	if (grown != NULL)
		f->c->name = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		return fault_set(why, NULL, "not enough memory");
	}
	f->c->name[f->c->runs++] = copy;
	return f->to->begin == NULL ? 0 : f->to->begin(f->to->arg, f->c->runs - 1, copy, why);
}

/* ---- captures ---- */

static void
on_step(void *arg, struct pkt_time now)
{
	struct feeder *f = arg;

	if (f->to->on_step != NULL)
		f->to->on_step(f->to->arg, now, NULL);
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct feeder *f = arg;

	f->to->on_record(f->to->arg, o, strings);
}

static void
on_tell(void *arg, const struct fault *why, bool harm)
{
	const struct feeder *f = arg;

	(void)harm;
	fprintf(stderr, "%searshot %s: %s\n", f->drawn != 0 ? "\r\033[K" : "", f->who,
	    why->what);
}

static int
capture(struct feeder *f, const char *const *path, size_t paths, struct fault *why)
{
	struct files_options fo = { .path = path, .paths = paths, .stop_fd = -1,
		.tell = on_tell, .arg = f };
	struct pipe_options po = { .program = f->program, .hash = f->hash, .cell = f->cell,
		.arg = f, .on_record = on_record, .on_step = on_step };
	struct source *s = source_open_files(&fo, why);
	struct source_loss loss;
	int n = SOURCE_FAULT, looks = 0;

	if (s == NULL)
		return -1;
	f->pipe = pipe_create(&po, why);
	if (f->pipe == NULL || begin(f, paths > 1 ? "captures" : path[0], why) == -1)
		goto out;
	while ((n = source_dispatch(s, BUDGET, pipe_frame, f->pipe, why)) >= 0) {
		pipe_flush(f->pipe);
		f->c->packets += (uint64_t)n;
		if (looks++ % DRAW_EVERY != 0)
			continue;
		source_get_loss(s, &loss);
		draw(f, loss.bytes_read);
	}
	if (n == SOURCE_END) {
		pipe_finish(f->pipe);
		if (f->to->end != NULL)
			f->to->end(f->to->arg);
	}
out:
	pipe_destroy(f->pipe);
	f->pipe = NULL;
	source_destroy(s);
	return n == SOURCE_END ? 0 : -1;
}

static int
is_capture(const struct dirent *d)
{
	return d->d_name[0] != '.' && source_named_capture(d->d_name);
}

/* A capture, or those of a folder, each by itself. What is none of many is said. */
static int
each_capture(struct feeder *f, const char *path, struct fault *why)
{
	struct dirent **entry = NULL;
	struct stat st;
	int n, read = 0;

	if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode))
		return capture(f, &path, 1, why);
	n = scandir(path, &entry, is_capture, alphasort);
	if (n <= 0)
		(void)fault_set(why, NULL, "no capture lies in '%s'", path);
	for (int i = 0; i < n; i++) {
		char full[4096 + 260];
		const char *one = full;

		(void)snprintf(full, sizeof(full), "%.4096s/%s", path, entry[i]->d_name);
		if (capture(f, &one, 1, why) == -1)
			on_tell(f, why, true);
		else
			read++;
		f->done += size_of(full);
		draw(f, 0);
		free(entry[i]);
	}
	free(entry);
	return read > 0 ? 0 : -1;
}

/* ---- stores and files of events ---- */

static void
on_stored(void *arg, const struct observation *o, const struct intern *strings)
{
	struct feeder *f = arg;

	f->to->on_record(f->to->arg, o, strings);
}

static void
on_stored_event(void *arg, struct span json)
{
	struct feeder *f = arg;

	f->c->events++;
	if (f->to->on_event != NULL)
		f->to->on_event(f->to->arg, json);
}

static void
on_line(void *arg, struct span line)
{
	struct feeder *f = arg;
	struct observation o;

	if (f->to->on_record != NULL && flow_event_record(line, &f->program->home, f->strings, &o))
		f->to->on_record(f->to->arg, &o, f->strings);
	else
		on_stored_event(f, line);
}

static void
on_progress(void *arg, uint64_t bytes)
{
	draw(arg, bytes);
}

static int
kept(struct feeder *f, const char *path, bool store, struct fault *why)
{
	struct trace_read counts = { 0 };
	struct trace_reader r = { .counts = &counts, .arg = f,
		.on_record = f->to->on_record == NULL ? NULL : on_stored,
		.on_event = store ? on_stored_event : on_line, .progress = on_progress };

	if (begin(f, path, why) == -1)
		return -1;
	if ((store ? trace_read_store(&r, path, &f->hash, why) :
	    trace_read_events(&r, path, why)) == -1)
		return -1;
	f->c->damaged += counts.damaged + counts.unreadable;
	f->done += counts.bytes;
	if (f->to->end != NULL)
		f->to->end(f->to->arg);
	return 0;
}

/* A folder is a store, or holds one. */
static const char *
store_in(const char *path, char buf[4200])
{
	(void)snprintf(buf, 4200, "%.4000s/store", path);
	return trace_store_size(path) <= 0 && trace_store_size(buf) > 0 ? buf : path;
}

bool
feed_named(const struct bench_options *b)
{
	return b->captures > 0 || b->event_files > 0 || b->store;
}

static void
sum_sizes(struct feeder *f)
{
	const struct bench_options *b = f->b;
	char buf[4200];

	for (unsigned i = 0; i < b->captures; i++) {
		struct dirent **entry = NULL;
		int n = scandir(b->capture[i], &entry, is_capture, alphasort);

		for (int k = 0; k < n; k++) {
			char full[4096 + 260];

			(void)snprintf(full, sizeof(full), "%.4096s/%s", b->capture[i],
			    entry[k]->d_name);
			f->total += size_of(full);
			free(entry[k]);
		}
		free(entry);
		f->total += size_of(b->capture[i]);
	}
	for (unsigned i = 0; i < b->event_files; i++)
		f->total += size_of(b->events[i]);
	if (b->store) {
		int64_t n = trace_store_size(store_in(b->store_dir, buf));

		f->total += n > 0 ? (uint64_t)n : 0;
	}
}

int
feed(const struct bench_options *b, const struct program *program,
    const struct feed_sink *to, const char *who, struct feed_counts *out, struct fault *why)
{
	struct feeder f = { .b = b, .program = program, .to = to, .c = out, .who = who,
		.draws = isatty(STDERR_FILENO) != 0 };
	char buf[4200];
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (getrandom(&f.hash, sizeof(f.hash), 0) != (ssize_t)sizeof(f.hash))
		memset(&f.hash, 0x5a, sizeof(f.hash));
	sum_sizes(&f);
	if (b->captures > 0) {
		f.cell = dpi_cell_start(&(struct dpi_cell_options){ 0 }, why);
		if (f.cell == NULL)
			goto out;
	}
	if (b->joined && b->captures > 0 && capture(&f, b->capture, b->captures, why) == -1)
		goto out;
	for (unsigned i = 0; !b->joined && i < b->captures; i++) {
		if (each_capture(&f, b->capture[i], why) == -1)
			goto out;
		f.done += size_of(b->capture[i]);
	}
	for (unsigned i = 0; i < b->event_files; i++) {
		f.strings = intern_create(&f.hash, STRINGS);
		if (f.strings == NULL) {
			(void)fault_set(why, NULL, "not enough memory");
			goto out;
		}
		rc = kept(&f, b->events[i], false, why);
		intern_destroy(f.strings);
		f.strings = NULL;
		if (rc == -1)
			goto out;
		rc = -1;
	}
	if (b->store) {
		const char *dir = store_in(b->store_dir, buf);

		if (trace_store_size(dir) == -1) {
			(void)fault_set(why, "name the sensor's state folder with --state DIR, "
			    "run this as its user, or name --captures or --events",
			    "no store lies in '%s'", b->store_dir);
			goto out;
		}
		if (kept(&f, dir, true, why) == -1)
			goto out;
	}
	rc = 0;
out:
	if (f.draws && f.drawn != 0)
		fputs("\r\033[K", stderr);
	dpi_cell_stop(f.cell);
	return rc;
}

void
feed_free(struct feed_counts *c)
{
	for (unsigned i = 0; i < c->runs; i++)
		free(c->name[i]);
	free(c->name);
	memset(c, 0, sizeof(*c));
}

char *
feed_file(const char *path, size_t *n, struct fault *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *buf = NULL;
	ssize_t got;

	*n = 0;
	if (fd == -1 || fstat(fd, &st) == -1) {
		(void)fault_set(why, NULL, "cannot read '%s': %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > LABELS_BYTES) {
		(void)fault_set(why, NULL, "cannot read '%s': it is no file of a size that "
		    "can be meant", path);
		goto out;
	}
	buf = malloc((size_t)st.st_size + 1);
	if (buf == NULL) {
		(void)fault_set(why, NULL, "not enough memory for '%s'", path);
		goto out;
	}
	while (*n < (size_t)st.st_size &&
	    (got = read(fd, buf + *n, (size_t)st.st_size - *n)) > 0)
		*n += (size_t)got;
	buf[*n] = '\0';
out:
	if (fd != -1)
		close(fd);
	return buf;
}
