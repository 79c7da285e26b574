/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memory_capture: capture files written by a test into memory files and opened by their
 * descriptor's path; and what came out of them. Includers define _GNU_SOURCE first.
 */
#ifndef TESTS_UNIT_CAPTURE_MEMORY_CAPTURE_H
#define TESTS_UNIT_CAPTURE_MEMORY_CAPTURE_H

#include "capture/source/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a file under construction ---- */

struct blob {
	uint8_t b[1 << 16];
	size_t n;
	bool big;			/* byte order */
};

static inline void
put(struct blob *o, const void *bytes, size_t n)
{
	assert_true(n <= sizeof(o->b) - o->n);
	memcpy(o->b + o->n, bytes, n);
	o->n += n;
}

static inline void
put32(struct blob *o, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 24) };
	uint8_t r[4] = { b[3], b[2], b[1], b[0] };

	put(o, o->big ? r : b, 4);
}

static inline void
put16(struct blob *o, uint16_t v)
{
	uint8_t b[2] = { (uint8_t)v, (uint8_t)(v >> 8) }, r[2] = { b[1], b[0] };

	put(o, o->big ? r : b, 2);
}

static inline void
put_header(struct blob *o, bool big, uint32_t magic, uint32_t snaplen, uint32_t link)
{
	o->n = 0;
	o->big = big;
	put32(o, magic);
	put16(o, 2);
	put16(o, 4);
	put32(o, 0);
	put32(o, 0);
	put32(o, snaplen);
	put32(o, link);
}

static inline void
put_packet(struct blob *o, uint32_t sec, uint32_t frac, const char *bytes, uint32_t wire)
{
	put32(o, sec);
	put32(o, frac);
	put32(o, (uint32_t)strlen(bytes));
	put32(o, wire);
	put(o, bytes, strlen(bytes));
}

#define MICRO 0xa1b2c3d4U
#define NANO 0xa1b23c4dU

static inline void
put_three(struct blob *o, bool big, uint32_t magic)
{
	put_header(o, big, magic, 65535, 1);
	put_packet(o, 1700000000, 1, "first", 5);
	put_packet(o, 1700000001, 2, "second one", 1500);
	put_packet(o, 1700000002, 3, "", 60);
}

/* ---- what came out ---- */

struct seen {
	unsigned n;
	struct frame last[8];
	char text[8][32];
};

static inline void
see(void *arg, const struct frame *f)
{
	struct seen *s = arg;
	unsigned i = s->n++;

	if (i >= 8)
		return;
	s->last[i] = *f;
	(void)snprintf(s->text[i], sizeof(s->text[i]), "%.*s", (int)f->cap,
	    (const char *)f->bytes);
}

static struct fault why;
static char path[64];
static int memory_fd = -1;

static inline struct source *
open_bytes(const void *bytes, size_t n, const char *filter)
{
	if (memory_fd != -1)
		(void)close(memory_fd);
	memory_fd = memfd_create("capture", MFD_CLOEXEC);
	assert_int_not_equal(memory_fd, -1);
	assert_int_equal(write(memory_fd, bytes, n), (ssize_t)n);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_fd);
	memset(&why, 0, sizeof(why));
	return source_open_file(path, filter, &why);
}

/* Everything the source has; its last word. */
static inline int
drain(struct source *s, struct seen *out, int budget)
{
	int r;

	*out = (struct seen){ 0 };
	do
		r = source_dispatch(s, budget, see, out, &why);
	while (r >= 0);
	return r;
}

static inline void
assert_says(const char *words)
{
	if (strstr(why.what, words) == NULL)
		fail_msg("said '%s', not '%s'", why.what, words);
}

static inline void
assert_refused(const void *bytes, size_t n, const char *words)
{
	struct source *s = open_bytes(bytes, n, NULL);

	assert_null(s);
	assert_says(words);
}

static struct blob blob;
static struct seen seen;

static inline void
put_block(struct blob *o, uint32_t type, const struct blob *body)
{
	uint32_t padded = (uint32_t)(body->n + 3) & ~3U;

	put32(o, type);
	put32(o, padded + 12);
	put(o, body->b, body->n);
	put(o, "\0\0\0", padded - body->n);
	put32(o, padded + 12);
}

static struct blob body;

static inline void
put_ng_interface(struct blob *o, uint16_t link)
{
	body.n = 0;
	body.big = o->big;
	put16(&body, link);
	put16(&body, 0);
	put32(&body, 65535);
	put16(&body, 9);		/* if_tsresol: nanoseconds */
	put16(&body, 1);
	put(&body, "\x09\0\0\0", 4);
	put32(&body, 0);
	put_block(o, 1, &body);
}

static inline void
put_ng_packet(struct blob *o, uint32_t interface, uint64_t ns, const char *bytes,
    uint32_t wire)
{
	body.n = 0;
	body.big = o->big;
	put32(&body, interface);
	put32(&body, (uint32_t)(ns >> 32));
	put32(&body, (uint32_t)ns);
	put32(&body, (uint32_t)strlen(bytes));
	put32(&body, wire);
	put(&body, bytes, strlen(bytes));
	put_block(o, 6, &body);
}

static inline void
put_ng(struct blob *o, bool big)
{
	o->n = body.n = 0;
	o->big = body.big = big;
	put32(&body, 0x1a2b3c4d);
	put16(&body, 1);
	put16(&body, 0);
	put32(&body, 0xffffffffU);
	put32(&body, 0xffffffffU);
	put_block(o, 0x0a0d0d0a, &body);
	put_ng_interface(o, 1);
}
#endif
