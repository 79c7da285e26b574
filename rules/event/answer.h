/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer: a request answered as one JSON object, from what the outlet remembers
 * (recorder.h) and what sensor and outlet posted (snapshot.h). Reads, changes nothing.
 *
 * LOSSES is what `stats` tells losses by; each is counted where it happens.
 */
#ifndef RULES_EVENT_ANSWER_H
#define RULES_EVENT_ANSWER_H

#include "rules/event/json.h"
#include "rules/event/recorder.h"
#include "rules/event/request.h"
#include "rules/event/snapshot.h"

#define ANSWER_BYTES (1u << 20)

/* X(id, word, unit, meaning) */
#define LOSSES(X) \
	X(KERNEL, "kernel", "packets", "no room in the kernel's ring") \
	X(INTERFACE, "interface", "packets", "dropped at the interface") \
	X(RING, "ring", "records", "events and observations that found no room on the way to the outlet") \
	X(CELL, "cell", "packets", "the classifier died or hung over them") \
	X(SPOOL, "spool", "events", "events that no output took, for want of room") \
	X(STORE, "store", "records", "observations that the disk had no room for") \
	X(GAPS, "gaps", "bytes", "acknowledged by the other side and never captured")

enum loss {
#define X(id, word, unit, meaning) LOSS_##id,
	LOSSES(X)
#undef X
	LOSS_COUNT
};

/* Two looks at the counters, so that there are rates. */
struct answer_rates {
	struct {
		struct loop_time at;
		uint64_t packets, bytes, loss[LOSS_COUNT];
	} then, mark;			/* rates are since then; mark is the next then */
};

struct answer_source {
	const char *sensor, *version;
	const struct boards *boards;
	const struct recorder *recorder;
	struct answer_rates *rates;
	struct loop_time now, started;
	int64_t wall;			/* ns since 1970 */
	int supervisor, outlet;		/* processes */
	const char *store_dir;		/* NULL: none */
};

/* Once a second. */
void answer_look(const struct answer_source *a);

/* RELOAD is not answered here. j->full says that it did not fit. */
void answer(const struct answer_source *a, const struct request *q, struct json *j);
void answer_error(struct json *j, const struct fault *why);

/* ---- answer_flows.c ---- */
void answer_flows(const struct answer_source *a, const struct request *q, struct json *j);
void answer_device(const struct answer_source *a, const struct request *q, struct json *j);

/* ---- what they share ---- */
void answer_time(struct json *j, const char *key, int64_t ns);
void answer_uint(struct json *j, const char *key, uint64_t v);
void answer_name(struct json *j, const char *key, const char *text);
void answer_bool(struct json *j, const char *key, bool v);

#endif
