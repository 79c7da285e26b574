/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcapng: captures of several interfaces, each with a link type, a snap length and a
 * clock's unit of its own. Inner header of this room.
 */
#ifndef CAPTURE_SOURCE_PCAPNG_H
#define CAPTURE_SOURCE_PCAPNG_H

#include "capture/source/reader.h"
#include "capture/source/source.h"

/* A file that was opened, whose first bytes are in *r: they begin a section. Takes what
 * is in *r over, and leaves it zeroed, when it works and when it does not. */
struct source *pcapng_take(struct reader *r, const char *filter, struct fault *why);

#endif
