/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gap: the event that stands for events that were lost on the way. It takes the sequence
 * of the last one that is missing and says which, how many and why.
 */
#ifndef RULES_EVENT_GAP_H
#define RULES_EVENT_GAP_H

#include "rules/event/event.h"

struct lost_events {
	const char *sensor, *boot, *version;
	enum lane lane;
	uint32_t partition;
	uint64_t from, to;		/* sequences that are missing, both included */
	int64_t time;			/* ns; of the event that came last */
	const char *why;
};

/* Into buf, without newline. Returns the length, 0 when it does not fit. */
size_t gap_event_json(const struct lost_events *g, char *buf, size_t size);

#endif
