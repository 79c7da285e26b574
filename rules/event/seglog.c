/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files of a log of segments: opening, appending, reading on, forgetting. What a
 * record is stands in segment.c, the promise in seglog.h.
 *
 * What we believe of a segment's length is kept in memory, never asked of the file: a
 * write that failed half way leaves bytes behind it that nobody reads, and the next
 * record is written over them. After a crash those bytes fail their checksum and are cut.
 */
#include "rules/event/seglog.h"

#include "capture/base/crc32c.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAGIC "earseg1\n"
#define NAME_LEN 20			/* 16 hex digits and ".seg" */
#define NUMBER_MAX (1ULL << 62)		/* a file that claims more is not ours */
#define SEGMENT_MAX (64ULL << 20)	/* of a foreign file no more than this is read */
#define SEGMENTS_MAX 65536

struct segment {
	uint64_t first, last;		/* last == first - 1: nothing in it yet */
	uint64_t size;
	struct loop_time acked_at;
	bool acked;
};

struct reader {
	uint8_t *buf;			/* the segment from its start */
	size_t room, loaded, at;
	uint64_t first;			/* of the segment in buf; 0: none */
	uint64_t next;			/* number after the one read last */
};

struct seglog {
	char *dir;
	const char *what;
	int dir_fd, lock_fd, acked_fd;
	int fd; /* the newest segment, for writing; -1: none yet */
	uint64_t segment_bytes, cap_bytes, keep_bytes;
	int64_t keep_ns;
	void *arg;
	void (*dropped)(void *arg, uint64_t number, struct span bytes);
	struct segment *seg;		/* oldest first */
	size_t segs, segs_room;
	uint64_t next, acked, bytes;
	bool dirty, acked_dirty, rolling;
	struct span first;
	struct reader reader;
	struct seglog_counts counts;
	struct crc32c crc;
};

static int lock_take(struct seglog *s, struct fault *why);
static int segments_find(struct seglog *s, struct loop_time now, struct fault *why);
static int segment_look(const struct seglog *s, struct segment *g);
static int segment_scan(struct seglog *s, struct segment *g, bool newest);
static int segment_load(struct seglog *s, const struct segment *g);
static void segment_drop(struct seglog *s);
static void segments_forget(struct seglog *s, struct loop_time now);
static int segment_begin(struct seglog *s);
static void acked_load(struct seglog *s);
static void acked_store(struct seglog *s);

static const char *
name_of(uint64_t first, char buf[NAME_LEN + 1])
{
	(void)snprintf(buf, NAME_LEN + 1, "%016" PRIx64 ".seg", first);
	return buf;
}

struct seglog *
seglog_open(const struct seglog_options *o, struct fault *why)
{
	struct seglog *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)fault_set(why, NULL, "no memory for the spool");
		return NULL;
	}
	s->dir_fd = s->lock_fd = s->acked_fd = s->fd = -1;
	s->cap_bytes = o->cap_bytes != 0 ? o->cap_bytes : 256ULL << 20;
	if (s->cap_bytes < 64 << 10)
		s->cap_bytes = 64 << 10;
	s->segment_bytes = o->segment_bytes != 0 ? o->segment_bytes : 8ULL << 20;
	if (s->segment_bytes > s->cap_bytes / 8)
		s->segment_bytes = s->cap_bytes / 8;
	s->keep_bytes = o->keep_bytes != 0 ? o->keep_bytes : 64ULL << 20;
	s->keep_ns = o->keep_ns != 0 ? o->keep_ns : 600 * NS_PER_S;
	s->arg = o->arg;
	s->dropped = o->dropped;
	s->what = o->what != NULL ? o->what : "spool";
	s->rolling = o->rolling;
	s->first = o->first;
	crc32c_make(&s->crc);
	s->dir = strdup(o->dir);
	if (s->dir == NULL) {
		(void)fault_set(why, NULL, "no memory for the spool");
		goto fail;
	}
	if (mkdir(s->dir, 0700) == -1 && errno != EEXIST) {
		(void)fault_set(why,
		    "make the folder above it, or give another one with --state",
		    "cannot make the %s '%s': %s", s->what, s->dir, strerror(errno));
		goto fail;
	}
	s->dir_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd == -1) {
		(void)fault_set(why, NULL, "cannot open the %s '%s': %s", s->what, s->dir,
		    strerror(errno));
		goto fail;
	}
	if (lock_take(s, why) == -1)
		goto fail;
	s->acked_fd =
	    openat(s->dir_fd, "acked", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->acked_fd == -1) {
		(void)fault_set(why, NULL, "cannot write in the %s '%s': %s", s->what, s->dir,
		    strerror(errno));
		goto fail;
	}
	acked_load(s);
	if (segments_find(s, o->now, why) == -1)
		goto fail;
	return s;
fail:
	seglog_close(s);
	return NULL;
}

void
seglog_close(struct seglog *s)
{
	if (s == NULL)
		return;
	if (s->fd != -1) {
		if (s->dirty)
			(void)fdatasync(s->fd);
		(void)close(s->fd);
	}
	if (s->acked_fd != -1) {
		acked_store(s);
		(void)close(s->acked_fd);
	}
	if (s->lock_fd != -1)
		(void)close(s->lock_fd);
	if (s->dir_fd != -1)
		(void)close(s->dir_fd);
	free(s->reader.buf);
	free(s->seg);
	free(s->dir);
	free(s);
}

void
seglog_remove(struct seglog *s)
{
	char name[NAME_LEN + 1];

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->segs; i++)
		(void)unlinkat(s->dir_fd, name_of(s->seg[i].first, name), 0);
	(void)unlinkat(s->dir_fd, "acked", 0);
	(void)unlinkat(s->dir_fd, "lock", 0);
	s->dirty = s->acked_dirty = false;
	(void)rmdir(s->dir);
	seglog_close(s);
}

static int
write_record(struct seglog *s, struct segment *g, struct span head, struct span body)
{
	uint8_t h[SEGLOG_RECORD_HEAD];
	struct iovec v[3] = {
		{ h, sizeof(h) },
		{ (void *)(uintptr_t)head.at, head.left },
		{ (void *)(uintptr_t)body.at, body.left },
	};
	size_t want = sizeof(h) + head.left + body.left;
	ssize_t n;

	seglog_head_put(&s->crc, h, s->next, head, body);
	do
		n = pwritev(s->fd, v, 3, (off_t)g->size);
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)want)
		return 0;
	if (n >= 0)
		errno = ENOSPC;
	n = errno;
	if (ftruncate(s->fd, (off_t)g->size) == -1)
		n = errno;	/* the bytes stay, unread, and are written over */
	errno = (int)n;
	return -1;
}

/* The newest segment holds nothing yet but what every segment begins with. */
static bool
only_first(const struct seglog *s, const struct segment *g)
{
	return g->last < g->first + (s->first.left > 0 ? 1 : 0);
}

/* Room on a full disk is made of what was kept only for healing. */
static bool
drop_kept(struct seglog *s)
{
	bool any = false;

	while (s->segs > 1 && s->seg[0].last <= s->acked) {
		segment_drop(s);
		any = true;
	}
	return any;
}

int
seglog_append(struct seglog *s, struct span head, struct span body, struct loop_time now,
    uint64_t *number)
{
	uint64_t want = SEGLOG_RECORD_HEAD + head.left + body.left;
	struct segment *g;

	if (head.left + body.left == 0 || head.left + body.left > SEGLOG_RECORD_MAX ||
	    want + s->first.left + 2 * SEGLOG_SEGMENT_HEAD > s->cap_bytes / 2) {
		errno = EMSGSIZE;
		goto refuse;
	}
	for (int attempt = 0;; attempt++) {
		g = s->segs == 0 ? NULL : &s->seg[s->segs - 1];
		if (s->fd == -1 ||
		    (!only_first(s, g) && g->size + want > s->segment_bytes)) {
			if (segment_begin(s) == 0) {
				attempt--;
				continue;
			}
		} else {
			while (s->bytes + want > s->cap_bytes && s->segs > 1)
				segment_drop(s);
			g = &s->seg[s->segs - 1];
			if (write_record(s, g, head, body) == 0)
				break;
		}
		if (attempt > 0 || !drop_kept(s))
			goto refuse;
	}
	g->size += want;
	s->bytes += want;
	g->last = s->next;
	*number = s->next++;
	s->dirty = true;
	s->counts.full = false;
	s->counts.appended++;
	(void)now;
	return 0;
refuse:
	s->counts.full = true;
	s->counts.refused++;
	return -1;
}

uint64_t
seglog_first(const struct seglog *s)
{
	for (size_t i = 0; i < s->segs; i++)
		if (s->seg[i].last >= s->seg[i].first)
			return s->seg[i].first;
	return s->next;
}

uint64_t
seglog_next(const struct seglog *s)
{
	return s->next;
}

/* The segment that holds `from`, or the first one behind it. */
static struct segment *
find(struct seglog *s, uint64_t from)
{
	size_t lo = 0, hi = s->segs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->seg[mid].last < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->segs ? &s->seg[lo] : NULL;
}

enum seglog_read
seglog_read(struct seglog *s, uint64_t from, uint64_t *number, struct span *out)
{
	struct reader *r = &s->reader;

	for (;;) {
		struct segment *g = from >= s->next ? NULL : find(s, from);
		struct span at;

		if (g == NULL)
			return SEGLOG_END;
		if (r->first != g->first || r->next != from) {
			r->at = SEGLOG_SEGMENT_HEAD;
			r->next = g->first;
			if (r->first != g->first)
				r->loaded = 0;
		}
		if (segment_load(s, g) == -1) {
			if (errno == ENOMEM || errno == EMFILE || errno == ENFILE)
				return SEGLOG_FAILED;	/* it may be read later */
			s->counts.damaged++;
			from = g->last + 1;
			continue;
		}
		at = span_of(r->buf + r->at, r->loaded - r->at);
		for (;;) {
			bool taken = seglog_record_take(
			    &s->crc, &at, r->next, g->last, number, out);

			if (!taken && (at.left == 0 ||
			    !seglog_resync(&s->crc, &at, r->next, g->last)))
				break;
			if (!taken)
				continue;
			r->next = *number + 1;
			r->at = r->loaded - at.left;
			if (*number >= from)
				return SEGLOG_RECORD;
		}
		/* The rest of this segment holds nothing that can be read. */
		from = g->last + 1;
	}
}

static int64_t
written_at(const struct seglog *s, const struct segment *g)
{
	char name[NAME_LEN + 1];
	struct stat st;

	if (fstatat(s->dir_fd, name_of(g->first, name), &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	return st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
}

uint64_t
seglog_since(const struct seglog *s, int64_t wall_ns)
{
	for (size_t i = 0; i < s->segs; i++)
		if (written_at(s, &s->seg[i]) >= wall_ns)
			return s->seg[i].first;
	return s->next;
}

size_t
seglog_expire(struct seglog *s, int64_t wall_ns)
{
	size_t writable = s->fd == -1 ? 0 : 1, n = 0;
	int64_t at;

	for (; s->segs > writable; n++) {
		at = written_at(s, &s->seg[0]);
		if (at == 0 || at >= wall_ns)
			break;		/* 0: nobody knows, so it stays */
		segment_drop(s);
	}
	return n;
}

void
seglog_ack(struct seglog *s, uint64_t through, struct loop_time now)
{
	if (through >= s->next)
		through = s->next - 1;
	if (through <= s->acked)
		return;
	s->acked = through;
	s->acked_dirty = true;
	segments_forget(s, now);
}

uint64_t
seglog_acked(const struct seglog *s)
{
	return s->acked;
}

void
seglog_tick(struct seglog *s, struct loop_time now)
{
	if (s->dirty && s->fd != -1) {
		if (fdatasync(s->fd) == 0)
			s->dirty = false;
		else
			s->counts.sync_failed++;
	}
	acked_store(s);
	segments_forget(s, now);
}

bool
seglog_shed(struct seglog *s, bool acked_only)
{
	size_t writable = s->fd == -1 ? 0 : 1;

	if (s->segs <= writable || (acked_only && s->seg[0].last > s->acked))
		return false;
	segment_drop(s);
	return true;
}

uint64_t
seglog_bytes(const struct seglog *s)
{
	return s->bytes;
}

const struct seglog_counts *
seglog_counts(const struct seglog *s)
{
	return &s->counts;
}

const char *
seglog_dir(const struct seglog *s)
{
	return s->dir;
}

/* ---- helpers ---- */

static int
lock_take(struct seglog *s, struct fault *why)
{
	char pid[24] = "";
	ssize_t n;

	s->lock_fd =
	    openat(s->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd == -1)
		return fault_set(why, NULL, "cannot write in the %s '%s': %s", s->what, s->dir,
		    strerror(errno));
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == -1) {
		n = pread(s->lock_fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
		return fault_set(why, "give each sensor a --state folder of its own",
		    "the %s '%s' is in use by another sensor%s%s", s->what, s->dir,
		    pid[0] != '\0' ? ", process " : "", pid);
	}
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(s->lock_fd, 0) == -1 || pwrite(s->lock_fd, pid, (size_t)n, 0) != n)
		return 0;	/* the lock holds without its name tag */
	return 0;
}

static int
by_first(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int
segment_add(struct seglog *s, uint64_t first)
{
	if (s->segs == s->segs_room) {
		size_t room = s->segs_room == 0 ? 64 : s->segs_room * 2;
		struct segment *seg = realloc(s->seg, room * sizeof(*seg));

		if (seg == NULL)
			return -1;
		s->seg = seg;
		s->segs_room = room;
	}
	s->seg[s->segs++] = (struct segment){ .first = first, .last = first - 1 };
	return 0;
}

static bool
name_parse(const char *name, uint64_t *first)
{
	if (strlen(name) != NAME_LEN || strcmp(name + 16, ".seg") != 0 ||
	    strspn(name, "0123456789abcdef") != 16)
		return false;
	*first = strtoull(name, NULL, 16);
	return *first != 0 && *first < NUMBER_MAX;
}

static int
segments_find(struct seglog *s, struct loop_time now, struct fault *why)
{
	int fd = openat(s->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	size_t kept = 0;

	if (d == NULL) {
		if (fd != -1)
			(void)close(fd);
		return fault_set(why, NULL, "cannot read the %s '%s': %s", s->what, s->dir,
		    strerror(errno));
	}
	while ((e = readdir(d)) != NULL && s->segs < SEGMENTS_MAX) {
		uint64_t first;

		if (name_parse(e->d_name, &first) && segment_add(s, first) == -1)
			break;
	}
	(void)closedir(d);
	if (s->segs > 0)
		qsort(s->seg, s->segs, sizeof(s->seg[0]), by_first);
	for (size_t i = 0; i < s->segs; i++) {
		struct segment g = s->seg[i];
		bool newest = i + 1 == s->segs;

		if (s->rolling && !newest) {
			/* Two gigabytes are not read before the first event. */
			if (segment_look(s, &g) == -1)
				continue;
			g.last = s->seg[i + 1].first - 1;
		} else if (segment_scan(s, &g, newest) == -1) {
			continue;
		}
		if (kept > 0 && s->seg[kept - 1].last >= g.first)
			s->seg[kept - 1].last = g.first - 1;
		s->seg[kept++] = g;
		s->bytes += g.size;
	}
	s->segs = kept;
	s->next = s->acked + 1;
	if (kept > 0 && s->seg[kept - 1].last >= s->next)
		s->next = s->seg[kept - 1].last + 1;
	s->reader.first = 0;
	segments_forget(s, now);
	return 0;
}

static int
segment_look(const struct seglog *s, struct segment *g)
{
	char name[NAME_LEN + 1];
	struct stat st;

	if (fstatat(s->dir_fd, name_of(g->first, name), &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode) || (uint64_t)st.st_size <= SEGLOG_SEGMENT_HEAD)
		return -1;
	g->size = (uint64_t)st.st_size < SEGMENT_MAX ? (uint64_t)st.st_size : SEGMENT_MAX;
	return 0;
}

/* Finds the last record and cuts what is torn behind it. -1: nothing in it is of use; an
 * empty one is removed, one that is not ours is put aside under another name. */
static int
segment_scan(struct seglog *s, struct segment *g, bool newest)
{
	char name[NAME_LEN + 1], aside[NAME_LEN + 8];
	struct stat st;
	struct span at, bytes, head;
	uint64_t number, most, ends = SEGLOG_SEGMENT_HEAD;
	uint64_t first;
	int fd;

	(void)name_of(g->first, name);
	if (fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return -1;
	g->size = (uint64_t)st.st_size < SEGMENT_MAX ? (uint64_t)st.st_size : SEGMENT_MAX;
	if (g->size <= SEGLOG_SEGMENT_HEAD) {
		(void)unlinkat(s->dir_fd, name, 0);
		return -1;
	}
	s->reader.loaded = 0;
	if (segment_load(s, g) == -1)
		return -1;
	at = span_of(s->reader.buf, s->reader.loaded);
	if (!span_take(&at, 8, &head) || memcmp(head.at, MAGIC, 8) != 0 ||
	    !span_le64(&at, &first) || first != g->first) {
		(void)snprintf(aside, sizeof(aside), "%s.bad", name);
		(void)renameat(s->dir_fd, name, s->dir_fd, aside);
		s->counts.damaged++;
		return -1;
	}
	most = g->first + g->size / SEGLOG_RECORD_HEAD;
	g->last = g->first - 1;
	while (at.left > 0) {
		if (seglog_record_take(
			&s->crc, &at, g->last + 1, most, &number, &bytes)) {
			g->last = number;
			ends = s->reader.loaded - at.left;
		} else if (seglog_resync(&s->crc, &at, g->last + 1, most)) {
			s->counts.damaged++;
		} else {
			break;
		}
	}
	if (ends < g->size) {
		if (newest)
			s->counts.cut += g->size - ends;
		else
			s->counts.damaged++;
		fd = openat(s->dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd != -1 && ftruncate(fd, (off_t)ends) == 0)
			(void)fdatasync(fd);
		if (fd != -1)
			(void)close(fd);
		g->size = ends;
	}
	if (g->last >= g->first)
		return 0;
	(void)unlinkat(s->dir_fd, name, 0);
	return -1;
}

/* Brings what is new of the segment into the reader's buffer. */
static int
segment_load(struct seglog *s, const struct segment *g)
{
	struct reader *r = &s->reader;
	char name[NAME_LEN + 1];
	int fd;

	if (r->first != g->first)
		r->loaded = 0;
	if (r->loaded >= g->size)
		return 0;
	if (r->room < g->size) {
		size_t room = g->size > s->segment_bytes ? g->size : s->segment_bytes;
		uint8_t *buf = realloc(r->buf, room);

		if (buf == NULL)
			return -1;
		r->buf = buf;
		r->room = room;
	}
	fd =
	    openat(s->dir_fd, name_of(g->first, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return -1;
	while (r->loaded < g->size) {
		ssize_t n = pread(fd, r->buf + r->loaded, g->size - r->loaded,
		    (off_t)r->loaded);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		r->loaded += (size_t)n;
	}
	(void)close(fd);
	r->first = g->first;
	if (r->at > r->loaded)
		r->at = r->loaded;
	if (r->loaded < SEGLOG_SEGMENT_HEAD) {
		errno = EIO;
		return -1;
	}
	return 0;
}

/* The oldest segment goes; what nobody acknowledged in it is told first. */
static void
segment_drop(struct seglog *s)
{
	char name[NAME_LEN + 1];
	uint64_t from = s->acked >= s->seg[0].first ? s->acked + 1 : s->seg[0].first;
	uint64_t last = s->seg[0].last, number;
	struct span bytes;

	while (!s->rolling && from <= last &&
	    seglog_read(s, from, &number, &bytes) == SEGLOG_RECORD && number <= last) {
		s->counts.dropped++;
		if (s->dropped != NULL)
			s->dropped(s->arg, number, bytes);
		from = number + 1;
	}
	(void)unlinkat(s->dir_fd, name_of(s->seg[0].first, name), 0);
	if (s->reader.first == s->seg[0].first)
		s->reader.first = 0;
	s->bytes -= s->seg[0].size;
	s->segs--;
	memmove(&s->seg[0], &s->seg[1], s->segs * sizeof(s->seg[0]));
	if (s->acked < last) {
		s->acked = last; /* dropped and told: nobody waits for them any more */
		s->acked_dirty = true;
	}
}

static void
segments_forget(struct seglog *s, struct loop_time now)
{
	size_t writable = s->fd == -1 ? 0 : 1;
	uint64_t kept = 0;

	for (size_t i = 0; i + writable < s->segs && s->seg[i].last <= s->acked; i++) {
		if (!s->seg[i].acked) {
			s->seg[i].acked = true;
			s->seg[i].acked_at = now;
		}
		kept += s->seg[i].size;
	}
	while (s->segs > writable && s->seg[0].acked && (kept > s->keep_bytes ||
	    now.ns - s->seg[0].acked_at.ns > s->keep_ns)) {
		kept -= s->seg[0].size;
		segment_drop(s);
	}
}

/* A new segment to write to; the one before goes to the disk as it is. */
static int
segment_begin(struct seglog *s)
{
	uint8_t head[SEGLOG_SEGMENT_HEAD + SEGLOG_RECORD_HEAD];
	size_t n = SEGLOG_SEGMENT_HEAD + (s->first.left > 0 ? SEGLOG_RECORD_HEAD : 0);
	struct iovec v[2] = { { head, n },
		{ (void *)(uintptr_t)s->first.at, s->first.left } };
	char name[NAME_LEN + 1];
	int fd;

	(void)name_of(s->next, name);
	fd = openat(s->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	memcpy(head, MAGIC, 8);
	(void)put_le(head + 8, s->next, 8);
	if (s->first.left > 0)
		seglog_head_put(&s->crc, head + SEGLOG_SEGMENT_HEAD, s->next, s->first,
		    span_of(NULL, 0));
	if (pwritev(fd, v, 2, 0) != (ssize_t)(n + s->first.left) ||
	    segment_add(s, s->next) == -1) {
		(void)unlinkat(s->dir_fd, name, 0);
		(void)close(fd);
		errno = ENOSPC;
		return -1;
	}
	s->seg[s->segs - 1].size = n + s->first.left;
	s->bytes += n + s->first.left;
	if (s->first.left > 0)
		s->seg[s->segs - 1].last = s->next++;
	if (s->fd != -1) {
		if (s->dirty && fdatasync(s->fd) == -1)
			s->counts.sync_failed++;
		(void)close(s->fd);
	}
	s->fd = fd;
	if (fsync(s->dir_fd) == -1)
		s->counts.sync_failed++;
	return 0;
}

/* A position that cannot be read is only a position we do not know: the server knows. */
static void
acked_load(struct seglog *s)
{
	uint8_t b[12];
	struct span at = span_of(b, sizeof(b));
	uint64_t acked;
	uint32_t crc;

	if (pread(s->acked_fd, b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return;
	if (span_le64(&at, &acked) && span_le32(&at, &crc) &&
	    crc == crc32c_add(&s->crc, 0, b, 8) && acked < NUMBER_MAX)
		s->acked = acked;
}

static void
acked_store(struct seglog *s)
{
	uint8_t b[12];
	uint32_t crc;

	if (!s->acked_dirty)
		return;
	crc = crc32c_add(&s->crc, 0, b, (size_t)(put_le(b, s->acked, 8) - b));
	(void)put_le(b + 8, crc, 4);
	if (pwrite(s->acked_fd, b, sizeof(b), 0) == (ssize_t)sizeof(b))
		s->acked_dirty = false;
}
