/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * folder: many captures, one after another, as one input.
 *
 * Owns their order (first packet's time, then name), their descriptors, and the filter
 * for all of them. Refuses to mix packets of files that overlap in time, to look into
 * folders below, and whatever cannot be read twice. Each file has a reader only while it
 * is looked at and while it is read: 1,024 readers would hold gigabytes. So memory is
 * taken between two files, never between two packets. Filters are compiled at the
 * opening, for in a sandbox names cannot be looked up.
 */
#include "capture/source/file.h"
#include "capture/source/filter.h"
#include "capture/source/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Descriptors a process has besides its captures. */
#define FDS_BESIDE 64

struct one {
	char *path;
	int fd;
	struct pkt_time first;		/* zero: no whole packet */
	int link_type;			/* -1: no whole packet */
	uint64_t size;
	bool named;			/* by the user, not found in a folder */
};

struct folder {
	struct files_options o;
	struct one *file;
	size_t files, at;
	struct filters *filters;
	bool unfiltered;		/* a packet came that the filter cannot judge: */
	struct fault unfiltered_why;	/* its file ends there */
	struct source *reader;		/* of file[at]; NULL: not begun */
	/* Readers of files that are over, until nobody looks at their frames; a ring. */
	struct gone {
		struct source *reader;	/* NULL: none */
		int fd;
	} gone[SOURCE_KEEPS];
	unsigned dispatches, keeps;
	uint64_t before, ordinal;	/* packets before file[at]; within it */
	uint64_t bytes_before, bytes_total;
	struct source_loss lost;	/* by what files before file[at] say */
	int handed;
	source_frame_fn *fn;		/* of the dispatch that is going on */
	void *arg;
};

static int collect(struct folder *f, const char *path, struct fault *why);
static int open_all(struct folder *f, struct fault *why);
static bool look(struct folder *f, struct one *one, struct fault *why);
static int compile(struct folder *f, struct fault *why);
static int by_name(const void *a, const void *b);
static int by_time(const void *a, const void *b);
static int folder_dispatch(void *src, int budget, source_frame_fn *fn, void *arg,
    struct fault *why);
static void folder_loss(void *src, struct source_loss *out);
static int folder_keep_fds(void *src, int *out, int most);
static void folder_destroy(void *src);

static const struct source_ops folder_ops = {
	.name = "folder", .keeps = SOURCE_KEEPS, .dispatch = folder_dispatch,
	.loss = folder_loss, .keep_fds = folder_keep_fds, .destroy = folder_destroy,
};

/* One of the files is none that is read here. */
static const struct source_ops folder_short_ops = {
	.name = "folder", .keeps = 1, .dispatch = folder_dispatch,
	.loss = folder_loss, .keep_fds = folder_keep_fds, .destroy = folder_destroy,
};

static bool
ends_in(const char *s, size_t *n, const char *end)
{
	size_t m = strlen(end);

	if (*n <= m || strncasecmp(s + *n - m, end, m) != 0)
		return false;
	*n -= m;
	return true;
}

bool
source_named_capture(const char *path)
{
	size_t n = strlen(path);

	if (!ends_in(path, &n, ".gz"))
		(void)ends_in(path, &n, ".zst");
	return ends_in(path, &n, ".pcap") || ends_in(path, &n, ".pcapng") ||
	    ends_in(path, &n, ".cap");
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

struct source *
source_open_files(const struct files_options *o, struct fault *why)
{
	struct folder *f;

	if (o->paths == 1 && !is_folder(o->path[0]))
		return source_open_file_until(o->path[0], o->filter, o->stop_fd, why);
	f = calloc(1, sizeof(*f));
	for (size_t i = 0; f != NULL && i < SOURCE_KEEPS; i++)
		f->gone[i].fd = -1;
	if (f == NULL ||
	    (f->file = calloc(SOURCE_FILES_MOST, sizeof(*f->file))) == NULL) {
		(void)fault_set(why, NULL, "no memory to read '%s'", o->path[0]);
		goto fail;
	}
	f->o = *o;
	f->keeps = SOURCE_KEEPS;
	for (size_t i = 0; i < o->paths; i++)
		if (collect(f, o->path[i], why) == -1)
			goto fail;
	if (open_all(f, why) == -1 || compile(f, why) == -1)
		goto fail;
	f->o.path = NULL;		/* lent for the opening only */
	f->o.filter = NULL;
	return source_wrap(f->keeps == SOURCE_KEEPS ? &folder_ops : &folder_short_ops, f);

fail:
	folder_destroy(f);
	return NULL;
}

static int
add(struct folder *f, const char *dir, const char *name, struct fault *why)
{
	size_t n = strlen(name) + (dir == NULL ? 0 : strlen(dir) + 1) + 1;
	const char *slash;
	struct one *one;

	if (f->files == SOURCE_FILES_MOST)
		return fault_set(why, "read them in parts, or join some with 'mergecap'",
		    "cannot read more than %d captures as one: '%s' is one more",
		    SOURCE_FILES_MOST, name);
	one = &f->file[f->files];
	one->fd = -1;
	one->link_type = -1;
	one->named = dir == NULL;
	one->path = malloc(n);
	if (one->path == NULL)
		return fault_set(why, NULL, "no memory to read '%s'", name);
	slash = dir == NULL || dir[strlen(dir) - 1] == '/' ? "" : "/";
	(void)snprintf(one->path, n, "%s%s%s", dir == NULL ? "" : dir, slash, name);
	f->files++;
	return 0;
}

/* The captures of a folder by their names, or a file whatever it is called. */
static int
collect(struct folder *f, const char *path, struct fault *why)
{
	size_t before = f->files;
	struct dirent *e;
	DIR *d;
	int rc = 0;

	if (strcmp(path, "-") == 0)
		return fault_set(why, "'earshot read -' reads it alone",
		    "cannot read standard input together with files");
	if (!is_folder(path))
		return add(f, NULL, path, why);
	d = opendir(path);
	if (d == NULL)
		return fault_set(why, errno == EACCES ? "'ls -ld' shows who may read it" :
		    NULL, "cannot read the folder '%s': %s", path, strerror(errno));
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (source_named_capture(e->d_name))
			rc = add(f, path, e->d_name, why);
	closedir(d);
	if (rc == 0 && f->files == before)
		return fault_set(why, "*.pcap, *.pcapng and *.cap are read, also with "
		    ".gz or .zst behind; folders below are not",
		    "the folder '%s' holds no capture", path);
	return rc;
}

static void
tell(const struct folder *f, const struct fault *why, bool harm)
{
	if (f->o.tell != NULL)
		f->o.tell(f->o.arg, why, harm);
}

/* Many files need many descriptors; usual soft limits are 1,024. */
static void
raise_limit(size_t files)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == -1 || lim.rlim_cur >= files + FDS_BESIDE)
		return;
	lim.rlim_cur = lim.rlim_max < files + FDS_BESIDE ? lim.rlim_max :
	    files + FDS_BESIDE;
	(void)setrlimit(RLIMIT_NOFILE, &lim);
}

/* Opens and looks at each, tells what cannot be read, sorts what can. */
static int
open_all(struct folder *f, struct fault *why)
{
	struct fault one_why = { "", "" };
	size_t good = 0, n = f->files;

	raise_limit(n);
	/* Told in an order that does not depend on the disk's. */
	qsort(f->file, n, sizeof(*f->file), by_name);
	for (size_t i = 0; i < n; i++) {
		struct one one = f->file[i];

		f->file[i].path = NULL;
		f->file[i].fd = -1;
		if (look(f, &one, &one_why)) {
			f->bytes_total += one.size;
			f->file[good++] = one;
			continue;
		}
		free(one.path);
		if (one.fd != -1)
			(void)close(one.fd);
	}
	f->files = good;
	if (good == 0)
		return fault_set(why, NULL, "none of the captures could be read (%zu)",
		    n);
	qsort(f->file, good, sizeof(*f->file), by_time);
	return 0;
}

static void
look_frame(void *arg, const struct frame *frame)
{
	struct one *one = arg;

	one->first = frame->time;
	one->link_type = frame->link_type;
}

static bool
look(struct folder *f, struct one *one, struct fault *why)
{
	struct source *s = NULL;
	struct input *in;
	struct stat st;
	bool foreign = false;

	one->fd = open(one->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (one->fd == -1 || fstat(one->fd, &st) == -1) {
		(void)fault_set(why, errno == EMFILE ?
		    "'ulimit -n' shows and sets how many files may be open" :
		    errno == EACCES ? "'ls -l' shows who may read it" : NULL,
		    "cannot open '%s': %s", one->path, strerror(errno));
		tell(f, why, true);
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		(void)fault_set(why, "read it alone, or write it to a file first",
		    "cannot read '%s' among others: it is no regular file", one->path);
		tell(f, why, one->named);
		return false;
	}
	one->size = (uint64_t)st.st_size;
	in = input_open_fd(one->fd, one->path, why);
	if (in != NULL)
		s = file_take(&in, NULL, &foreign, why);
	if (s == NULL) {
		tell(f, why, one->named || !foreign);
		return false;
	}
	/* An end or a fault now comes again, and is told, when its turn is. */
	while (source_dispatch(s, 1, look_frame, one, why) == 0)
		continue;
	if (source_keeps(s) < f->keeps)
		f->keeps = source_keeps(s);
	source_destroy(s);
	return true;
}

static int
compile(struct folder *f, struct fault *why)
{
	if (filters_compile(&f->filters, f->o.filter, why) == -1)
		return -1;
	for (size_t i = 0; i < f->files; i++)
		if (filters_check(f->filters, f->file[i].link_type, why) == -1)
			return -1;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct one *)a)->path, ((const struct one *)b)->path);
}

static int
by_time(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	if (x->first.ns != y->first.ns)
		return x->first.ns < y->first.ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

static void
folder_frame(void *arg, const struct frame *frame)
{
	struct folder *f = arg;
	struct frame out = *frame;

	f->ordinal = frame->ordinal;
	switch (f->unfiltered ? FILTERS_OUT : filters_say(f->filters, frame)) {
	case FILTERS_PASS:
		break;
	case FILTERS_WRONG:
		f->unfiltered = true;
		(void)filters_check(f->filters, frame->link_type, &f->unfiltered_why);
		return;
	case FILTERS_OUT:
	default:
		return;
	}
	out.ordinal = f->before + frame->ordinal;
	f->handed++;
	f->fn(f->arg, &out);
}

static bool
begin_file(struct folder *f, struct fault *why)
{
	const struct one *one = &f->file[f->at];
	struct input *in = input_open_fd(one->fd, one->path, why);

	f->reader = in == NULL ? NULL : file_take(&in, NULL, NULL, why);
	return f->reader != NULL;
}

static struct gone *
gone_now(struct folder *f)
{
	return &f->gone[f->dispatches % SOURCE_KEEPS];
}

static void
let_go(struct gone *g)
{
	source_destroy(g->reader);
	if (g->fd != -1)
		(void)close(g->fd);
	*g = (struct gone){ NULL, -1 };
}

static void
end_file(struct folder *f)
{
	struct one *one = &f->file[f->at++];
	struct gone last = { f->reader, one->fd }, *gone = gone_now(f);

	if (f->reader != NULL) {
		struct source_loss loss;

		source_get_loss(f->reader, &loss);
		source_add_drops(&f->lost.kernel_drops, loss.kernel_drops);
		source_add_drops(&f->lost.iface_drops, loss.iface_drops);
	}
	/* Of those that end in one dispatch only the first has handed anything on. */
	if (gone->reader != NULL)
		let_go(&last);
	else
		*gone = last;
	f->reader = NULL;
	one->fd = -1;
	f->before += f->ordinal;
	f->ordinal = 0;
	f->bytes_before += one->size;
}

static int
folder_dispatch(void *src, int budget, source_frame_fn *fn, void *arg, struct fault *why)
{
	struct folder *f = src;
	struct fault one_why = { "", "" };
	int r;

	(void)why;
	f->fn = fn;
	f->arg = arg;
	f->handed = 0;
	f->dispatches++;
	let_go(gone_now(f));
	while (f->at < f->files) {
		if (f->unfiltered) {
			f->unfiltered = false;
			one_why = f->unfiltered_why;
			r = SOURCE_FAULT;
		} else if (f->reader == NULL && !begin_file(f, &one_why)) {
			r = SOURCE_FAULT;
		} else {
			r = source_dispatch(f->reader, budget, folder_frame, f,
			    &one_why);
		}
		if (r >= 0 && f->unfiltered && f->handed == 0)
			continue;
		if (r >= 0)
			return f->handed;
		if (r == SOURCE_FAULT)
			tell(f, &one_why, true);
		end_file(f);
	}
	return SOURCE_END;
}

static void
folder_loss(void *src, struct source_loss *out)
{
	struct folder *f = src;

	if (f->reader != NULL)
		source_get_loss(f->reader, out);
	source_add_drops(&out->kernel_drops, f->lost.kernel_drops);
	source_add_drops(&out->iface_drops, f->lost.iface_drops);
	out->bytes_read += f->bytes_before;
	out->bytes_total = f->bytes_total;
}

static int
folder_keep_fds(void *src, int *out, int most)
{
	struct folder *f = src;
	int n = 0;

	for (size_t i = 0; i < f->files; i++, n++)
		if (n < most)
			out[n] = f->file[i].fd;
	return n;
}

static void
folder_destroy(void *src)
{
	struct folder *f = src;

	if (f == NULL)
		return;
	source_destroy(f->reader);
	for (size_t i = 0; i < SOURCE_KEEPS; i++)
		let_go(&f->gone[i]);
	for (size_t i = 0; f->file != NULL && i < f->files; i++) {
		if (f->file[i].fd != -1)
			(void)close(f->file[i].fd);
		free(f->file[i].path);
	}
	filters_destroy(f->filters);
	free(f->file);
	free(f);
}
