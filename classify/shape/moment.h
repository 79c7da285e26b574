/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * moment: packet time as the meters count with it. Captures hold years no one lived in;
 * between 1970 and a day before the end of int64_t (2262) differences and sums of windows
 * cannot overflow, so the meters look at time through this and nothing else.
 */
#ifndef CLASSIFY_SHAPE_MOMENT_H
#define CLASSIFY_SHAPE_MOMENT_H

#include "capture/base/ptime.h"

#define MOMENT_MAX (INT64_MAX - 86400 * NS_PER_S)

static inline int64_t
moment_of(struct pkt_time t)
{
	return t.ns < 0 ? 0 : t.ns > MOMENT_MAX ? MOMENT_MAX : t.ns;
}

/* Time does not go back: what is older than `last` happens at `last`. */
static inline int64_t
moment_after(struct pkt_time t, struct pkt_time last)
{
	int64_t ns = moment_of(t);

	return ns < last.ns ? last.ns : ns;
}

#endif
