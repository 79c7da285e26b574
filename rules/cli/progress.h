/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * progress: one line on a terminal while files are read. The supervisor draws it from
 * what the sensor reports between batches; no packet waits for a clock.
 */
#ifndef RULES_CLI_PROGRESS_H
#define RULES_CLI_PROGRESS_H

#include "rules/cli/sensor.h"

#include <stdbool.h>
#include <time.h>

struct progress {
	bool on, shown;
	int64_t begun_ns, drawn_ns;	/* of the monotonic clock */
};

/* Between two looks at the report. */
extern const struct timespec progress_pace;

/* on is false when nobody wants it; it stays off when standard error is no terminal. */
void progress_begin(struct progress *p, bool wanted);

/* Draws from the first second on, at most five times a second. */
void progress_draw(struct progress *p, const struct sensor_report *r);
void progress_erase(struct progress *p);

/* The line: percent and time left only where the size is known. */
int progress_line(char *out, size_t room, const struct sensor_report *r, int64_t for_ns);

#endif
