/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pcapfile: capture files that libpcap reads; what all readers say and do alike. Inner
 * header of this room.
 */
#ifndef CAPTURE_SOURCE_PCAPFILE_H
#define CAPTURE_SOURCE_PCAPFILE_H

#include "capture/source/input.h"
#include "capture/source/source.h"

/* A file that was opened and begun: n bytes of it are in head (copied). Takes *in over,
 * and leaves NULL there, when it works and when it does not. */
struct source *pcapfile_take(struct input **in, const uint8_t *head, size_t n,
    const char *filter, struct fault *why);

/* One sentence for all readers. */
int link_type_fault(const struct input *in, int link_type, struct fault *why);	/* -1 */

/* Raw IP has a number in files (101) and another in libpcap on Linux (12); the others
 * that earshot reads are the same in both. */
static inline int
link_type_in_file(uint32_t link)
{
	return link == 101 ? 12 : (int)link;
}

#endif
