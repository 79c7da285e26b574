/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcapfile: capture files that libpcap reads. Inner header of this room.
 */
#ifndef CAPTURE_SOURCE_PCAPFILE_H
#define CAPTURE_SOURCE_PCAPFILE_H

#include "capture/source/input.h"
#include "capture/source/source.h"

/* A file that was opened and begun: n bytes of it are in head (copied). Takes *in over,
 * and leaves NULL there, when it works and when it does not. */
struct source *pcapfile_take(struct input **in, const uint8_t *head, size_t n,
    const char *filter, struct fault *why);

/* One sentence for both readers. */
int link_type_fault(const struct input *in, int link_type, struct fault *why);	/* -1 */

#endif
