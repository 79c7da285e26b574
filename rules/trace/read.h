/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * read: what was kept of flows, as records for trace.h. Every byte may be hostile: a line or
 * a batch that does not parse is counted and stepped over.
 */
#ifndef RULES_TRACE_READ_H
#define RULES_TRACE_READ_H

#include "rules/trace/trace.h"

struct trace_read {
	uint64_t bytes;			/* read from files, packed as they are */
	uint64_t lines, batches;
	uint64_t damaged;		/* lines too long or no JSON; places in the store */
	uint64_t unreadable;		/* batches of another version */
	uint64_t gone;			/* segments that were removed meanwhile */
	uint64_t gaps, lost;		/* gap events, and the events they stand for */
	uint64_t losses;		/* records in which the sensor says it missed something */
};

struct trace_reader {
	struct trace *trace;
	struct trace_read *counts;
	void *arg;
	/* Who wants what is read as it is gets it in trace's stead, all or none of these: a
	 * store's records and events, an event file's lines. NULL: trace takes it. */
	observe_fn *on_record;
	void (*on_event)(void *arg, struct span json);
	void (*progress)(void *arg, uint64_t bytes);	/* packed bytes so far; may be NULL */
};

/* One line of an event file; exported for who has the bytes already. */
void trace_read_line(const struct trace_reader *r, struct span line);

/* A file of events, "-" for standard input; plain, gzip or zstd. */
int trace_read_events(const struct trace_reader *r, const char *path, struct fault *why);

/* One segment of the store. `reader` holds what its dictionary said. */
struct trace_store;
struct trace_store *trace_store_create(const struct trace_reader *r,
    const struct siphash_key *hash);
void trace_store_destroy(struct trace_store *s);
/* false: no segment's head. writing: its end may be half a record. */
bool trace_store_segment(struct trace_store *s, struct span bytes, bool writing);

/* All segments of a folder, in their order, beside a sensor that may be writing there. */
int trace_read_store(const struct trace_reader *r, const char *dir,
    const struct siphash_key *hash, struct fault *why);
/* How much there is to read; -1: no store lies there. */
int64_t trace_store_size(const char *dir);

#endif
