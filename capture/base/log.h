/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log: talk for the operator, on standard error; output never goes here.
 *
 * Levels: fatal (start-up only), warn (someone should act), info (state changed), debug.
 * The form is "earshot: warn: what happened" and, when there is one, "  try: the remedy".
 * A repeated warning is limited: give it a struct log_limit of its own; the next line
 * that passes says how many were swallowed. Time is passed in.
 * Nothing on the packet path logs.
 */
#ifndef CAPTURE_BASE_LOG_H
#define CAPTURE_BASE_LOG_H

#include "capture/base/fault.h"
#include "capture/base/ptime.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_FATAL, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	const char *who;		/* "earshot", "earshot-outlet": lent */
	enum log_level level;		/* what is more talkative is not printed */
};

#define LOG_MORE 40

struct log_limit {
	struct loop_time next;		/* zero: the first one passes */
	unsigned swallowed;
};

void log_line(const struct log *l, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_fault(const struct log *l, enum log_level level, const struct fault *why);

/* True when a line may be printed now: at most one a minute. What was swallowed since the
 * last one comes back in more, which the line ends with: " (5 more of these)", or "" when
 * it was nothing. NULL when the line has a count of its own. */
bool log_limit_pass(struct log_limit *limit, struct loop_time now, char more[LOG_MORE]);

#endif
