/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recording: a whole file of sound: its format, its length and its rate, by the
 * container's own words. Pure; every byte may be hostile. Where content.h sees the first
 * bytes of an upload, this has the file, and so also what stands at its end: the last page
 * of an Ogg, the index of an MP4.
 */
#ifndef CLASSIFY_CONTENT_RECORDING_H
#define CLASSIFY_CONTENT_RECORDING_H

#include "capture/base/span.h"
#include "capture/flow/observation.h"

struct recording {
	enum content_word class;	/* CONTENT_UNKNOWN: an MP4 may not say what it holds */
	enum format_word format;	/* FORMAT_UNKNOWN: none we know */
	int64_t ns;			/* its length; 0: the container does not say */
	double rate;			/* bit/s over the whole file; 0: unknown */
	enum coded_word codec;		/* by the container's header */
};

void recording_of(struct span file, struct recording *out);

#endif
