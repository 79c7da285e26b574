/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gap: the event that stands for events that were lost on the way. It takes the sequence
 * of the last one that is missing and says which, how many and why.
 */
#ifndef RULES_EVENT_GAP_H
#define RULES_EVENT_GAP_H

#include "rules/event/event.h"

struct lost_by;

struct lost_events {
	const char *sensor, *boot, *version;
	enum lane lane;
	uint32_t partition;
	uint64_t from, to;		/* sequences that are missing, both included */
	int64_t time;			/* ns; of the event that came last */
	const char *why;
	const struct lost_by *by;	/* NULL: nobody counted */
};

/* Of the events that were seen before they were lost: how many of which kind (the last
 * place: flows) and severity. */
struct lost_by {
	uint32_t kind[EVENT_KIND_COUNT + 1], severity[SEVERITY_COUNT];
};

/* By what the JSON of an event of ours says. */
void lost_by_add(struct lost_by *by, const char *json, size_t len);
void lost_by_take(struct lost_by *by, const struct lost_by *told);

/* Another machine sends events under this sensor's name and is refused: one event that
 * says so, number 1 of a boot of its own. As below. */
size_t clone_event_json(const char *sensor, const char *boot, const char *machine,
    const char *version, int64_t time, char *buf, size_t size);

/* Into buf, without newline. Returns the length, 0 when it does not fit. */
size_t gap_event_json(const struct lost_events *g, char *buf, size_t size);

#endif
