/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ptime: the two clocks, as two types, so that mixing them does not compile.
 *
 * struct pkt_time is what the capture said (nanoseconds since 1970, UTC); flows, windows
 * and rules live by it alone. struct loop_time is the monotonic clock; reconnects and
 * watchdogs live by that. Nothing here reads a clock: time is passed in.
 */
#ifndef CAPTURE_BASE_PTIME_H
#define CAPTURE_BASE_PTIME_H

#include <stdint.h>

#define NS_PER_US 1000LL
#define NS_PER_MS 1000000LL
#define NS_PER_S 1000000000LL

struct pkt_time {
	int64_t ns;
};

struct loop_time {
	int64_t ns;
};

static inline int64_t
pkt_time_diff(struct pkt_time later, struct pkt_time earlier)
{
	return later.ns - earlier.ns;
}

static inline struct pkt_time
pkt_time_add(struct pkt_time t, int64_t ns)
{
	return (struct pkt_time){ t.ns + ns };
}

/* Room for "2026-11-22T05:47:00.123456Z" and its NUL. */
#define PKT_TIME_TEXT 32

/* RFC 3339, UTC, microseconds, 'Z'; independent of TZ and locale. Returns buf. Times
 * outside the years 0000..9999 are clamped to them. */
const char *pkt_time_print(struct pkt_time t, char buf[PKT_TIME_TEXT]);

#endif
