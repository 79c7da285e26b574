/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge: several sources as one, in the order of time. Inner header of this room.
 *
 * Each source's frames are in order (nearly: a network card with many queues is not
 * exact, and then its frames come out as it gave them). The one with the earliest time
 * goes on first; equal times in the order of the sources. A frame whose source is ahead
 * waits for those that have nothing to show yet, because what they will show may be
 * earlier: but only until `wait` after its own time. Then it goes, and what should have
 * come before it comes behind it. So `wait` must be longer than a source keeps frames to
 * itself.
 */
#ifndef CAPTURE_SOURCE_MERGE_H
#define CAPTURE_SOURCE_MERGE_H

#include "capture/source/source.h"

/* Both clocks at one moment. */
struct merge_time {
	struct pkt_time wall;		/* the one frames are stamped with */
	struct loop_time loop;
};

struct merge_options {
	int64_t wait;			/* ns */
	uint32_t largest;		/* bytes of a frame; longer ones are cut */
	struct merge_time (*clock)(void *arg);
	void *arg;
};

/* Takes the n sources over, whatever it returns; at most SOURCE_IFACES_MOST. One that
 * ends or has a fault is done with, the others go on: SOURCE_END, or SOURCE_FAULT with the
 * first fault, when all have ended. frame.iface is the source's position, ordinals count
 * what is handed on. NULL and *why when there is no memory. */
struct source *source_merge(struct source *const *in, size_t n,
    const struct merge_options *o, struct fault *why);

#endif
