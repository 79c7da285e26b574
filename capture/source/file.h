/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file: a capture over an input that is open. Inner header of this room.
 */
#ifndef CAPTURE_SOURCE_FILE_H
#define CAPTURE_SOURCE_FILE_H

#include "capture/source/input.h"
#include "capture/source/source.h"

/* Takes *in over, and leaves NULL there, when it works and when it does not. *foreign
 * (may be NULL) says, after a NULL, whether the file is no capture at all: its first
 * bytes are another format's, or it has none. */
struct source *file_take(struct input **in, const char *filter, bool *foreign,
    struct fault *why);

#endif
