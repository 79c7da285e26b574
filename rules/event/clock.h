/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock: the monotonic clock, read where the event loop is and nowhere deeper. */
#ifndef RULES_EVENT_CLOCK_H
#define RULES_EVENT_CLOCK_H

#include "capture/base/ptime.h"

#include <stdbool.h>
#include <time.h>

static inline struct loop_time
clock_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct loop_time){ ts.tv_sec * NS_PER_S + ts.tv_nsec };
}

/* What the wall clock is ahead of it; *apart is what it was. True: somebody set the clock
 * meanwhile, and ages that are reckoned from it are to be looked at later. */
static inline bool
clock_jumped(int64_t *apart, int64_t wall_ns, struct loop_time now)
{
	int64_t was = *apart;

	*apart = wall_ns - now.ns;
	return *apart - was > 60 * NS_PER_S || was - *apart > 60 * NS_PER_S;
}

#endif
