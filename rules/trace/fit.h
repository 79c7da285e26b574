/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fit: the arithmetic of a recording and what was sent. Pure.
 *
 * A recording of a length and perhaps a size can leave as it is, in base64 (mail, JSON), or
 * coded anew at any rate of the table (classify/shape/codecs.h): each is a form, a number
 * of bytes. What goes over the wire is a form and what the way adds. How far the upload is
 * from that, as a share, is `off`; how wide a net the form casts is `width`, in
 * logarithms, and it is what chance is reckoned from.
 */
#ifndef RULES_TRACE_FIT_H
#define RULES_TRACE_FIT_H

#include "classify/shape/codecs.h"

struct trace_want {
	int64_t length;			/* ns; 0: not said */
	uint64_t size;			/* of the file, bytes; 0: not said */
	const char *codec;		/* of the table; NULL: any */
	int64_t from, to;		/* ns since 1970; 0: open */
	const char *device;		/* key, name, address, with '*'; NULL: any */
};

enum fit_how { FIT_AS_IS, FIT_BASE64, FIT_CODED };

struct fit {
	enum fit_how how;
	const struct codec *codec;	/* FIT_CODED */
	double bytes;			/* what the form takes, without the way */
	double expected;		/* with it */
	double off;			/* upload over expected, less one */
	double width;			/* of the net around it, ln */
	unsigned forms;			/* that were tried */
};

/* By what it went: so many connections, and datagrams where it was those. */
struct way_out {
	unsigned connections;
	uint64_t datagrams;
};

/* What was sent. false: no form of it. */
bool fit_bulk(const struct trace_want *w, uint64_t upload, struct way_out out_by,
    struct fit *out);

/* As it was spoken: `seconds` of stream of so many bytes in so many packets, as datagrams
 * or not. *longer: it went on longer than the recording, which may be a part of it. */
bool fit_live(const struct trace_want *w, double seconds, uint64_t upload,
    uint64_t packets, bool datagrams, bool *longer, struct fit *out);

#endif
