/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock: the monotonic clock, read where the event loop is and nowhere deeper. */
#ifndef RULES_EVENT_CLOCK_H
#define RULES_EVENT_CLOCK_H

#include "capture/base/ptime.h"

#include <time.h>

static inline struct loop_time
clock_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct loop_time){ ts.tv_sec * NS_PER_S + ts.tv_nsec };
}

#endif
