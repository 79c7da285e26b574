/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outlet: the process that delivers. It takes events from the sensor's ring and gives
 * them to the sinks (sink.h): the same bytes in the same order to each. The only one of
 * the sensor's processes with an address and a secret.
 *
 * A Redis with streams is fed from the spool (seglog.h): an event is written there first,
 * and leaves it when Redis has acknowledged it. One server-side Function appends batches
 * and knows the last sequence of each sensor, boot, lane and partition: a replay is
 * dropped, a hole refused and answered with where to resume (delivery.h). Lists, channels
 * and unix sockets are fed from memory (push_sink.h), files and standard output are
 * written (line_sink.h). None of them waits for another.
 *
 * On the ring: struct event_head, json_len bytes, text_len bytes. A closed ring means the
 * end: drain everything (or, for Redis that is gone, keep the spool and say so), then
 * leave. SIGUSR1 opens files again by their names.
 */
#ifndef RULES_EVENT_OUTLET_H
#define RULES_EVENT_OUTLET_H

#include "capture/base/log.h"
#include "capture/proc/ring.h"
#include "rules/event/desk.h"
#include "rules/event/event.h"
#include "rules/event/sink.h"
#include "rules/event/snapshot.h"
#include "rules/event/tls.h"

#define OUTLET_SINKS SNAPSHOT_SINKS

struct outlet_options {
	struct ring *ring;		/* lent; made with an fd */
	const struct desk_options *desk;	/* what is remembered and asked; lent;
					 * NULL: nothing */
	const struct boards *boards;	/* lent; NULL: nobody else wants to know */
	const struct sink_spec *sink;	/* lent */
	unsigned sinks;
	const char *sensor;
	const char *spool_dir;		/* needed with a SINK_REDIS */
	uint64_t spool_bytes;		/* 0: 256 MiB */
	int64_t spool_age;		/* ns; 0: any */
	const char *machine;		/* whose the name is, to a Redis; NULL: nobody's */
	unsigned partitions;		/* said to a Redis; 0: not */
	uint64_t redis_length;		/* entries of a stream; 0: 100,000 */
	int64_t redis_keep;		/* their age, ns; 0: any */
	const char *password_file;	/* of Redis; NULL: secret.h says where else */
	struct tls_files redis_tls;	/* for rediss: */
	bool redis_plain;		/* the password may go to another host */
	const char *metrics;		/* metrics_server.h; NULL: none */
	int drain_ms;			/* how long to try after the end; 0: 5000 */
	bool redis_flows;		/* deliver lane flow to Redis too */
	bool keep_spool;		/* live: the spool outlives the run */
	bool live;			/* what waits in a kept spool at the end is no
					 * failure, nor is a reader that hangs */
	bool patient;			/* a slow reader is waited for, as the ring's
					 * other side can wait */
	const struct log *log;
	int ready_fd;			/* a byte is written when
					 * sinks are open; -1 none */
};

/* Opens sinks, enters the sandbox, runs to the end of the ring. The exit code: 0 all was
 * delivered; 1 something could not be (said on the log). */
int outlet_run(const struct outlet_options *o);

#endif
