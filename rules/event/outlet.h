/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outlet: the process that delivers. It takes events from the sensor's ring and gives
 * them to the sinks: standard output (text or JSON lines), a file, a Redis. The only one
 * of the sensor's processes with an address and a secret.
 *
 * Redis is fed from the spool (seglog.h): an event is written there first, and leaves it
 * when Redis has acknowledged it. One server-side Function appends batches and knows the
 * last sequence of each sensor, boot, lane and partition: a replay is dropped, a hole
 * refused and answered with where to resume (redis_sink.h). Files and standard output are
 * written in order.
 *
 * On the ring: struct event_head, json_len bytes, text_len bytes. A closed ring means the
 * end: drain everything (or, for Redis that is gone,
 * keep the spool and say so), then leave.
 */
#ifndef RULES_EVENT_OUTLET_H
#define RULES_EVENT_OUTLET_H

#include "capture/base/log.h"
#include "capture/proc/ring.h"
#include "rules/event/desk.h"
#include "rules/event/event.h"

enum sink_kind { SINK_STDOUT_TEXT, SINK_STDOUT_JSON, SINK_FILE, SINK_REDIS };

struct sink_spec {
	enum sink_kind kind;
	const char *target;		/* FILE: path; REDIS: "unix:/path/to/sock" */
};

struct outlet_options {
	struct ring *ring;		/* lent; made with an fd */
	const struct desk_options *desk;	/* what is remembered and asked; lent;
					 * NULL: nothing */
	const struct sink_spec *sink;
	unsigned sinks;
	const char *sensor;
	const char *spool_dir;		/* needed with a Redis sink */
	uint64_t spool_bytes;		/* 0: 256 MiB */
	int drain_ms;			/* how long to try Redis after the end; 0: 5000 */
	bool redis_flows;		/* deliver lane flow to Redis too */
	bool keep_spool;		/* live: the spool outlives the run */
	const struct log *log;
	int ready_fd;			/* a byte is written when
					 * sinks are open; -1 none */
};

/* "file:PATH", "redis:unix:PATH", "-" -> spec (target points into text). -1 and *why. */
int sink_parse(const char *text, struct sink_spec *out, struct fault *why);

/* Opens sinks, enters the sandbox, runs to the end of the ring. The exit code: 0 all was
 * delivered; 1 something could not be (said on the log). */
int outlet_run(const struct outlet_options *o);

#endif
