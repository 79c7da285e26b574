/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * input: a descriptor and, when its first four bytes say so, a zstd or gzip stream over
 * it.
 *
 * Owns the descriptor and the words for what can be wrong with a file as a file. Refuses
 * to know what a capture is. Reads go straight into the caller's buffer: no stdio, whose
 * checks and copies cost more per packet than the rest of the reader.
 */
#include "capture/source/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define HEAD_BYTES 4096U	/* read at the opening to know what it is */
#define PACKED_BYTES (256U * 1024U)

/* Bytes that are packed: known by magic, unpacked while they are read. */
struct unpacker {
	bool (*magic)(const uint8_t *b, size_t n);
	bool (*open)(struct input *in);		/* false: no memory */
	long (*read)(struct input *in, void *buf, size_t n, struct fault *why);
	void (*close)(struct input *in);
};

struct input {
	int fd;
	bool own_fd;
	int stop_fd;			/* -1: reading never has to wait */
	uint64_t taken, size;
	uint8_t head[HEAD_BYTES];
	size_t head_at, head_n;
	const struct unpacker *unpacker;	/* NULL: the bytes are plain */
	uint8_t *packed;
	ZSTD_DStream *zstd;
	ZSTD_inBuffer in;
	z_stream gzip;
	bool gzip_begun;
	bool frame_open;		/* a frame (zstd), a member (gzip)
					 * that has not ended */
	char path[256], title[288];
};

/* False, and *why, when reading is to stop instead. */
static bool
wait_for_bytes(const struct input *in, struct fault *why)
{
	struct pollfd p[2] = { { .fd = in->fd, .events = POLLIN },
		{ .fd = in->stop_fd, .events = POLLIN } };

	if (in->stop_fd == -1)
		return true;
	while (poll(p, 2, -1) == -1 && errno == EINTR)
		continue;
	if (p[1].revents == 0)
		return true;
	(void)fault_set(why, NULL, "stopped while %s was read", in->title);
	return false;
}

static long
raw_read(struct input *in, void *buf, size_t n, struct fault *why)
{
	ssize_t got;

	if (in->head_at < in->head_n) {
		if (n > in->head_n - in->head_at)
			n = in->head_n - in->head_at;
		memcpy(buf, in->head + in->head_at, n);
		in->head_at += n;
		return (long)n;
	}
	if (!wait_for_bytes(in, why))
		return INPUT_FAULT;
	got = read(in->fd, buf, n);
	if (got == -1) {
		if (errno == EAGAIN) {
			/* A pipe somebody else made nonblocking: wait, do not spin. */
			struct pollfd p = { .fd = in->fd, .events = POLLIN };

			(void)poll(&p, 1, -1);
			return INPUT_AGAIN;
		}
		if (errno == EINTR)
			return INPUT_AGAIN;
		(void)fault_set(why, NULL, "cannot read %s: %s", in->title,
		    strerror(errno));
		return INPUT_FAULT;
	}
	in->taken += (uint64_t)got;
	return (long)got;
}

static int
cannot_open(const char *path, int err, struct fault *why)
{
	switch (err) {
	case ENOENT:
		return fault_set(why, "check the name; '-' reads standard input",
		    "cannot open '%s': no such file", path);
	case EACCES:
	case EPERM:
		return fault_set(why, "'ls -l' shows who may read it",
		    "cannot open '%s': permission denied", path);
	default:
		return fault_set(why, NULL, "cannot open '%s': %s", path, strerror(err));
	}
}

/* Enough bytes to tell packed bytes from others: a pipe may give them one by one. */
static int
read_head(struct input *in, struct fault *why)
{
	ssize_t got;

	while (in->head_n < 4) {
		if (!wait_for_bytes(in, why))
			return -1;
		got = read(in->fd, in->head + in->head_n, HEAD_BYTES - in->head_n);
		if (got == 0)
			break;
		if (got == -1) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return fault_set(why, NULL, "cannot read %s: %s", in->title,
			    strerror(errno));
		}
		in->head_n += (size_t)got;
		in->taken += (uint64_t)got;
	}
	return 0;
}

static bool
is_zstd(const uint8_t *b, size_t n)
{
	static const uint8_t frame[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const uint8_t skippable[3] = { 0x2a, 0x4d, 0x18 };

	return n >= 4 && (memcmp(b, frame, 4) == 0 ||
	    ((b[0] & 0xf0U) == 0x50 && memcmp(b + 1, skippable, 3) == 0));
}

static bool
zstd_open(struct input *in)
{
	in->zstd = ZSTD_createDStream();
	in->in.src = in->packed;
	return in->zstd != NULL;
}

static long
zstd_read(struct input *in, void *buf, size_t n, struct fault *why)
{
	ZSTD_outBuffer out = { buf, n, 0 };
	size_t r, before;
	long got;

	for (;;) {
		/* Also with no input left: the stream may still hold
		 * bytes it had no room for. */
		before = in->in.pos;
		r = ZSTD_decompressStream(in->zstd, &out, &in->in);
		if (ZSTD_isError(r)) {
			(void)fault_set(why,
			    "'zstd -t' checks it; memory for its window is "
			    "limited to 128 MiB", "%s is damaged: zstd says '%s'",
			    in->title, ZSTD_getErrorName(r));
			return INPUT_FAULT;
		}
		/* Asked behind the end of a frame it wants the next
		 * one's header: no news. */
		if (in->in.pos > before || out.pos > 0)
			in->frame_open = r != 0;
		if (out.pos > 0)
			return (long)out.pos;
		if (in->in.pos < in->in.size)
			continue;
		got = raw_read(in, in->packed, PACKED_BYTES, why);
		if (got == INPUT_END && in->frame_open) {
			(void)fault_set(why, "'zstd -t' checks it",
			    "%s ends in the middle of its zstd stream", in->title);
			return INPUT_FAULT;
		}
		if (got <= 0)
			return got;
		in->in.size = (size_t)got;
		in->in.pos = 0;
	}
}

static void
zstd_close(struct input *in)
{
	(void)ZSTD_freeDStream(in->zstd);
}

static bool
is_gzip(const uint8_t *b, size_t n)
{
	return n >= 2 && b[0] == 0x1f && b[1] == 0x8b;
}

static bool
gzip_open(struct input *in)
{
	/* 15 bits of window, 16: gzip's header and its checksum. */
	in->gzip_begun = inflateInit2(&in->gzip, 15 + 16) == Z_OK;
	in->frame_open = true;
	return in->gzip_begun;
}

/* More packed bytes: > 0, or what input_read answers. */
static long
gzip_fill(struct input *in, struct fault *why)
{
	long got = raw_read(in, in->packed, PACKED_BYTES, why);

	if (got == INPUT_END && in->frame_open) {
		(void)fault_set(why, "'gzip -t' checks it",
		    "%s ends in the middle of its gzip stream", in->title);
		return INPUT_FAULT;
	}
	if (got > 0) {
		in->gzip.next_in = in->packed;
		in->gzip.avail_in = (unsigned)got;
	}
	return got;
}

static long
gzip_read(struct input *in, void *buf, size_t n, struct fault *why)
{
	z_stream *z = &in->gzip;
	long got;
	int r;

	z->next_out = buf;
	z->avail_out = n > UINT32_MAX ? UINT32_MAX : (unsigned)n;
	n = z->avail_out;
	for (;;) {
		/* Between two members: nothing, the next one, or a tape's zeros. */
		while (!in->frame_open && z->avail_in > 0 && *z->next_in == 0) {
			z->next_in++;
			z->avail_in--;
		}
		if (!in->frame_open && z->avail_in > 0) {
			(void)inflateReset(z);
			in->frame_open = true;
		}
		/* Also with no input left: inflate may hold bytes it had no room for. */
		r = in->frame_open ? inflate(z, Z_NO_FLUSH) : Z_BUF_ERROR;
		if (r == Z_STREAM_END)
			in->frame_open = false;
		/* What came before the damage is good; asked again it says so again. */
		if (z->avail_out < n)
			return (long)(n - z->avail_out);
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR) {
			(void)fault_set(why, "'gzip -t' checks it",
			    "%s is damaged: gzip says '%s'", in->title,
			    z->msg == NULL ? zError(r) : z->msg);
			return INPUT_FAULT;
		}
		if (z->avail_in > 0)
			continue;
		got = gzip_fill(in, why);
		if (got <= 0)
			return got;
	}
}

static void
gzip_close(struct input *in)
{
	if (in->gzip_begun)
		(void)inflateEnd(&in->gzip);
}

static const struct unpacker unpackers[] = {
	{ is_zstd, zstd_open, zstd_read, zstd_close },
	{ is_gzip, gzip_open, gzip_read, gzip_close },
};

/* The descriptor is there: what it is, and its first bytes. */
static int
input_begin(struct input *in, struct fault *why)
{
	struct stat st;

	if (fstat(in->fd, &st) == -1)
		return fault_set(why, NULL, "cannot read %s: %s", in->title,
		    strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fault_set(why, "name the capture files in it",
		    "cannot read '%s' as a capture: it is a directory", in->path);
	if (S_ISREG(st.st_mode)) {
		in->size = (uint64_t)st.st_size;
		in->stop_fd = -1;
		(void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	if (read_head(in, why) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(unpackers) / sizeof(unpackers[0]); i++) {
		if (!unpackers[i].magic(in->head, in->head_n))
			continue;
		in->unpacker = &unpackers[i];
		in->packed = malloc(PACKED_BYTES);
		if (in->packed == NULL || !in->unpacker->open(in))
			return fault_set(why, NULL, "no memory to unpack '%s'",
			    in->path);
		break;
	}
	return 0;
}

struct input *
input_open(const char *path, int stop_fd, struct fault *why)
{
	struct input *in;

	in = calloc(1, sizeof(*in));
	if (in == NULL) {
		(void)fault_set(why, NULL, "no memory to read '%s'", path);
		return NULL;
	}
	in->fd = STDIN_FILENO;
	in->stop_fd = stop_fd;
	(void)snprintf(in->path, sizeof(in->path), "%s", path);
	if (strcmp(path, "-") == 0) {
		(void)snprintf(in->title, sizeof(in->title),
		    "the capture on standard input");
	} else {
		(void)snprintf(in->title, sizeof(in->title), "capture '%s'", in->path);
		in->own_fd = true;
		/* Nonblocking where we can be stopped: a fifo without a writer is waited
		 * for in poll, not in open. */
		in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
		    (stop_fd == -1 ? 0 : O_NONBLOCK));
		if (in->fd == -1) {
			(void)cannot_open(path, errno, why);
			goto fail;
		}
	}
	if (input_begin(in, why) == -1)
		goto fail;
	return in;

fail:
	input_destroy(in);
	return NULL;
}

struct input *
input_open_fd(int fd, const char *path, struct fault *why)
{
	struct input *in;

	in = calloc(1, sizeof(*in));
	if (in == NULL) {
		(void)fault_set(why, NULL, "no memory to read '%s'", path);
		return NULL;
	}
	in->fd = fd;
	in->stop_fd = -1;
	(void)snprintf(in->path, sizeof(in->path), "%s", path);
	(void)snprintf(in->title, sizeof(in->title), "capture '%s'", in->path);
	if (lseek(fd, 0, SEEK_SET) == -1)
		(void)fault_set(why, NULL, "cannot read %s: %s", in->title,
		    strerror(errno));
	else if (input_begin(in, why) == 0)
		return in;
	input_destroy(in);
	return NULL;
}

void
input_destroy(struct input *in)
{
	if (in == NULL)
		return;
	if (in->own_fd && in->fd != -1)
		(void)close(in->fd);
	if (in->unpacker != NULL)
		in->unpacker->close(in);
	free(in->packed);
	free(in);
}

long
input_read(struct input *in, void *buf, size_t n, struct fault *why)
{
	return in->unpacker == NULL ? raw_read(in, buf, n, why) :
	    in->unpacker->read(in, buf, n, why);
}

int
input_fd(const struct input *in)
{
	return in->fd;
}

const char *
input_title(const struct input *in)
{
	return in->title;
}

const char *
input_path(const struct input *in)
{
	return in->path;
}

uint64_t
input_taken(const struct input *in)
{
	return in->taken;
}

uint64_t
input_size(const struct input *in)
{
	return in->size;
}
