/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recorder: what the outlet remembers. Observations come in from the sensor's ring; the
 * flows that are there now (live.h), what devices did in a day (day.h) and what goes to
 * the disk (store.h) come of them.
 *
 * What is kept as it is: parts and closes of flows that sent 4 kB out, windows with as
 * much behind them, content, devices, losses, alerts. Everything else is summed.
 */
#ifndef RULES_EVENT_RECORDER_H
#define RULES_EVENT_RECORDER_H

#include "rules/event/day.h"
#include "rules/event/live.h"
#include "rules/event/store.h"

#define RECORDER_KEEP 4096		/* bytes up: from here on a flow is kept as it is */

struct recorder;

struct recorder_options {
	const char *dir;		/* of the store; NULL: none */
	uint64_t cap_bytes;		/* store.h */
	int64_t age;
	struct siphash_key hash;
	bool live;			/* packet time follows the wall clock */
	struct loop_time now;
	int64_t wall;			/* ns since 1970 */
};

struct recorder *recorder_create(const struct recorder_options *o, struct fault *why);
void recorder_destroy(struct recorder *r);

/* One message of the ring (carry.h). False: it is none. */
bool recorder_take(struct recorder *r, struct span message, struct loop_time now);
/* An alert or anomaly on its way out. */
void recorder_event(struct recorder *r, struct span json, int64_t time,
    struct loop_time now);
/* Often. True: there is more to read of what lies in the store; call again soon. */
bool recorder_tick(struct recorder *r, struct loop_time now, int64_t wall);

const struct intern *recorder_strings(const struct recorder *r);
const struct live *recorder_live(const struct recorder *r);
const struct day *recorder_day(const struct recorder *r);
const struct store *recorder_store(const struct recorder *r);

#endif
