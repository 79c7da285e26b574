/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * backlog: events that wait in memory for a reader that is slow, absent or gone. Bounded:
 * what is too much loses the oldest, which is counted, and told to the reader by one gap
 * event for each lane and partition, in the place where the lost ones would have been.
 *
 *	tried ............. | gaps | fresh .............
 *	^head    ^next             ^
 *
 * A line that was handed out (backlog_next) stays until backlog_done says that the reader
 * has it, or backlog_again that it has to be handed out once more. Only fresh lines are
 * lost: what was tried stands before every gap, so that the order is kept. The caller
 * bounds what is tried.
 *
 * No clock, no descriptor.
 */
#ifndef RULES_EVENT_BACKLOG_H
#define RULES_EVENT_BACKLOG_H

#include "capture/base/span.h"
#include "rules/event/event.h"

struct backlog;

struct backlog_options {
	const char *sensor, *version;	/* lent; for the gap events */
	size_t bytes;			/* 0: 8 MiB, some 6,000 full alerts */
};

struct backlog *backlog_create(const struct backlog_options *o);
void backlog_destroy(struct backlog *b);

/* False: this event, or older ones, were lost. */
bool backlog_put(struct backlog *b, const struct event_head *h, const char *json);
/* The next line to hand out, without newline, lent until it is done. False: none. */
bool backlog_next(struct backlog *b, struct span *line);
/* The first n that were handed out have arrived; they are forgotten. */
void backlog_done(struct backlog *b, uint64_t n);
/* As many as fit whole into this many bytes, `each` more for every line. How many bytes
 * they are. */
size_t backlog_done_bytes(struct backlog *b, size_t bytes, size_t each);
/* Nobody knows about those that were handed out: hand them out again, */
void backlog_again(struct backlog *b);
/* or do not: they count as lost and, as they may have arrived, are not told. */
void backlog_give_up(struct backlog *b);

uint64_t backlog_tried(const struct backlog *b);	/* handed out, not done */
uint64_t backlog_waiting(const struct backlog *b);	/* events there, tried or not */
size_t backlog_bytes(const struct backlog *b);
size_t backlog_room(const struct backlog *b);		/* what `bytes` is */
uint64_t backlog_arrived(const struct backlog *b);
uint64_t backlog_lost(const struct backlog *b);

#endif
