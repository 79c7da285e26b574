/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tap: a wire of our own. Two ends of a veth pair in a network namespace that this
 * process makes and that goes with it: frames put in at one end are captured at the other
 * by the real live source. Nothing reaches a network; needs root.
 *
 * The namespace is this process's own from tap_open on, for good: only a program that is
 * about to end may ask for one.
 */
#ifndef RULES_CLI_TAP_H
#define RULES_CLI_TAP_H

#include "capture/source/source.h"

struct tap;

struct tap_counts {
	size_t sent, came;
	size_t foreign;			/* frames we did not send */
	size_t odd_times;		/* stamped when they were not on the wire */
};

struct tap *tap_open(struct fault *why);
void tap_close(struct tap *t);

/* Sends n frames of Ethernet as fast as the pair takes them, those a snap length cut
 * filled up with zeros. Each that comes out again is given to fn as it was: its own time,
 * cut where it was cut. 0, or -1: it could not be sent. */
int tap_play(struct tap *t, const struct frame *frame, size_t n, source_frame_fn *fn,
    void *arg, struct tap_counts *out, struct fault *why);

#endif
