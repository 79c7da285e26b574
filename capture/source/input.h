/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * input: the bytes of a capture file, unpacked when they are zstd or gzip.
 * Inner header of this room.
 */
#ifndef CAPTURE_SOURCE_INPUT_H
#define CAPTURE_SOURCE_INPUT_H

#include "capture/base/fault.h"

#include <stddef.h>
#include <stdint.h>

struct input;

enum { INPUT_END = 0, INPUT_FAULT = -1, INPUT_AGAIN = -2 };

/* "-" is standard input. The file is open, and its first bytes are read, on return.
 * stop_fd: see source_open_file_until. */
struct input *input_open(const char *path, int stop_fd, struct fault *why);
/* The same of a regular file somebody else opened, from its beginning: the descriptor
 * is lent. */
struct input *input_open_fd(int fd, const char *path, struct fault *why);
void input_destroy(struct input *in);

/* At most n bytes into buf: how many (> 0), or INPUT_END, INPUT_FAULT, or INPUT_AGAIN
 * when a signal came first. */
long input_read(struct input *in, void *buf, size_t n, struct fault *why);

/* "capture 'x'" or "the capture on standard input"; the path alone, for remedies. */
const char *input_title(const struct input *in);
const char *input_path(const struct input *in);
uint64_t input_taken(const struct input *in);	/* bytes read from the
						 * file, still packed */
int input_fd(const struct input *in);
uint64_t input_size(const struct input *in);	/* its size; 0: unknown */

#endif
