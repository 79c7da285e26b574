/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * film: a whole capture in memory, for tools that show it again under other addresses and
 * at other times. Nothing is freed: these programs end when they have written.
 */
#ifndef FILM_H
#define FILM_H

#include "capture/source/source.h"

#include <stdio.h>

struct film {
	struct frame *frame;
	size_t n, room;
};

/* A copy of f at the end of the film: a source_frame_fn. */
void film_keep(void *film, const struct frame *f);

/* Every frame of the capture at path; says why and exits when it cannot be read whole. */
struct film read_film(const char *path);

/* The head of a classic pcap file of Ethernet in nanoseconds, then a record each. Exits
 * when the file cannot be written. */
void write_head(FILE *f);
void write_record(FILE *f, int64_t ns, const uint8_t *bytes, uint32_t cap, uint32_t wire);

#endif
