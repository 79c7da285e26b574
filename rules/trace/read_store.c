/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * read_store: the segments of a store (seglog.h, batch.h), without its lock: a sensor may
 * be writing. What is there is read; a segment that goes meanwhile is counted, and the end
 * of the last one may be half a record.
 */
#define _GNU_SOURCE			/* scandir, alphasort */
#include "capture/base/crc32c.h"
#include "rules/event/batch.h"
#include "rules/event/seglog.h"
#include "rules/trace/read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STRINGS 65536
#define SEGMENT_MOST (256u << 20)	/* a segment is 8 MiB; beyond this it is none */

struct trace_store {
	struct trace_reader r;
	struct intern *strings;
	struct batch_reader *reader;
	struct crc32c crc;
};

static void on_observation(void *arg, const struct observation *o,
    const struct intern *strings);

struct trace_store *
trace_store_create(const struct trace_reader *r, const struct siphash_key *hash)
{
	struct trace_store *s = calloc(1, sizeof(*s));
	struct batch_reader_options o = { .arg = s, .on_observation = on_observation };

	if (s == NULL)
		return NULL;
	s->r = *r;
	s->strings = intern_create(hash, STRINGS);
	o.strings = s->strings;
	if (r->on_event != NULL) {
		o.arg = r->arg;
		o.on_observation = r->on_record;
		o.on_event = r->on_event;
	}
	s->reader = batch_reader_create(&o);
	crc32c_make(&s->crc);
	if (s->strings == NULL || s->reader == NULL) {
		trace_store_destroy(s);
		return NULL;
	}
	return s;
}

void
trace_store_destroy(struct trace_store *s)
{
	if (s == NULL)
		return;
	batch_reader_destroy(s->reader);
	intern_destroy(s->strings);
	free(s);
}

static struct span
string(const struct observation *o, const struct intern *strings, enum field f, uint32_t id)
{
	return observation_known(o, f) ? intern_get(strings, id) : span_of("", 0);
}

static void
on_observation(void *arg, const struct observation *o, const struct intern *strings)
{
	struct trace_store *s = arg;
	struct trace_record r = { .content = CONTENT_UNKNOWN };

	if (o->kind == OBSERVATION_LOSS)
		s->r.counts->losses++;
	if ((o->kind != OBSERVATION_PART && o->kind != OBSERVATION_CLOSE &&
	    o->kind != OBSERVATION_SUM) || !observation_known(o, FIELD_outbound) ||
	    !o->outbound || !observation_known(o, FIELD_upload))
		return;
	r.sum = o->kind == OBSERVATION_SUM;
	r.closed = o->kind == OBSERVATION_CLOSE;
	r.flow = o->flow_id;
	r.start = r.sum ? o->window_start : o->flow_start;
	r.last = r.sum ? o->window_start + o->window_length : o->flow_last;
	if (r.start <= 0 || r.last < r.start)
		r.start = r.last = o->time;
	r.up = o->upload;
	r.down = o->download;
	r.packets = o->pkts_up;
	r.datagrams = o->transport == TRANSPORT_UDP;
	r.seen = o->seen;
	if (observation_known(o, FIELD_content))
		r.content = (enum content_word)o->content;
	if (observation_known(o, FIELD_content_seconds))
		r.sound = o->content_seconds;
	r.port = o->dest_port;
	r.device = string(o, strings, FIELD_device_key, o->device_key);
	r.name = string(o, strings, FIELD_device_name, o->device_name);
	r.dest = string(o, strings, FIELD_dest_key, o->dest_key);
	r.dest_name = string(o, strings, FIELD_dest_name, o->dest_name);
	r.src = o->src_ip;
	r.dst = o->dest_ip;
	trace_take(s->r.trace, &r);
}

bool
trace_store_segment(struct trace_store *s, struct span bytes, bool writing)
{
	struct span record;
	uint64_t first, number;

	if (bytes.left < SEGLOG_SEGMENT_HEAD || memcmp(bytes.at, "earseg1\n", 8) != 0)
		return false;
	(void)span_skip(&bytes, 8);
	(void)span_le64(&bytes, &first);
	number = first - 1;
	while (bytes.left > 0) {
		uint64_t next;

		if (!seglog_record_take(&s->crc, &bytes, number + 1, UINT64_MAX, &next,
		    &record)) {
			/* What stands behind a half record is not there yet. */
			if (!seglog_resync(&s->crc, &bytes, number + 1, UINT64_MAX)) {
				s->r.counts->damaged += !writing;
				break;
			}
			s->r.counts->damaged++;
			continue;
		}
		number = next;
		s->r.counts->batches++;
		switch (batch_reader_take(s->reader, record)) {
		case BATCH_DAMAGED:
			s->r.counts->damaged++;
			break;
		case BATCH_UNREADABLE:
			s->r.counts->unreadable++;
			break;
		case BATCH_DICTIONARY:
		case BATCH_ITEMS_READ:
			break;
		}
	}
	return true;
}

static int
is_segment(const struct dirent *e)
{
	return strlen(e->d_name) == 20 && strspn(e->d_name, "0123456789abcdef") == 16 &&
	    strcmp(e->d_name + 16, ".seg") == 0;
}

/* The whole file, or NULL with *n 0: it is gone, or cannot be read (*why). */
static uint8_t *
read_whole(int dir, const char *name, size_t *n, bool *gone, struct fault *why)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	uint8_t *buf = NULL;
	size_t room, at = 0;
	ssize_t got;

	*n = 0;
	*gone = fd == -1 && errno == ENOENT;
	if (fd == -1 || fstat(fd, &st) == -1) {
		(void)fault_set(why, "run this as the sensor's user, or as root",
		    "cannot read the segment '%s': %s", name, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > SEGMENT_MOST) {
		*gone = true;			/* it is no segment of ours */
		goto out;
	}
	room = (size_t)st.st_size;
	buf = malloc(room + 1);
	if (buf == NULL) {
		(void)fault_set(why, NULL, "not enough memory for the segment '%s'", name);
		goto out;
	}
	while (at < room && (got = read(fd, buf + at, room - at)) > 0)
		at += (size_t)got;
	*n = at;
out:
	if (fd != -1)
		close(fd);
	return buf;
}

int
trace_read_store(const struct trace_reader *r, const char *dir,
    const struct siphash_key *hash, struct fault *why)
{
	struct trace_store *s = trace_store_create(r, hash);
	struct dirent **names = NULL;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = -1, rc = -1;

	if (s == NULL) {
		(void)fault_set(why, NULL, "not enough memory to read the store");
		goto out;
	}
	n = fd == -1 ? -1 : scandir(dir, &names, is_segment, alphasort);
	if (n == -1) {
		(void)fault_set(why, errno == EACCES ?
		    "run this as the sensor's user, or as root" : NULL,
		    "cannot read the store '%s': %s", dir, strerror(errno));
		goto out;
	}
	for (int i = 0; i < n; i++) {
		size_t size;
		bool gone;
		uint8_t *bytes = read_whole(fd, names[i]->d_name, &size, &gone, why);

		if (bytes == NULL && !gone)
			goto out;
		if (bytes == NULL)
			r->counts->gone++;
		else if (!trace_store_segment(s, span_of(bytes, size), i == n - 1))
			r->counts->damaged++;
		free(bytes);
		r->counts->bytes += size;
		if (r->progress != NULL)
			r->progress(r->arg, r->counts->bytes);
	}
	rc = 0;
out:
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	if (fd != -1)
		close(fd);
	trace_store_destroy(s);
	return rc;
}

int64_t
trace_store_size(const char *dir)
{
	struct dirent **names = NULL;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = fd == -1 ? -1 : scandir(dir, &names, is_segment, alphasort);
	int64_t sum = n > 0 ? 0 : -1;
	struct stat st;

	for (int i = 0; i < n; i++) {
		if (fstatat(fd, names[i]->d_name, &st, 0) == 0)
			sum += st.st_size;
		free(names[i]);
	}
	free(names);
	if (fd != -1)
		close(fd);
	return sum;
}
