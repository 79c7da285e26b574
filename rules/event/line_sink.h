/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * line_sink: events as lines to a file or to standard output, in the order they came. A
 * line is written whole or not at all: when the disk is full, a line that was begun is
 * taken out of the file again and waits with the others for room, and lines beyond 256 KiB
 * are counted as lost.
 */
#ifndef RULES_EVENT_LINE_SINK_H
#define RULES_EVENT_LINE_SINK_H

#include "capture/base/log.h"

#include <stddef.h>
#include <stdint.h>

struct line_sink;

/* Appends to the file, made with 0640 when it is not there. patient: the reader of a named
 * pipe is waited for; else what it does not take is lost. */
struct line_sink *line_sink_open(const char *path, bool patient, const struct log *log,
    struct fault *why);
/* patient: flush waits as long as its reader wants (`earshot read x | less`). Else what
 * finds no room in a buffer of 4 MiB is lost: a reader that hangs stops nobody. */
struct line_sink *line_sink_stdout(bool patient, const struct log *log,
    struct fault *why);
void line_sink_close(struct line_sink *s);

/* Text without the newline. Flush writes what is there: call it when there is no more
 * now. */
void line_sink_put(struct line_sink *s, const char *text, size_t n, struct loop_time now);
void line_sink_flush(struct line_sink *s, struct loop_time now);

/* A file of that name anew: it may have been moved away (logrotate). What is in the
 * buffer goes to the new one; the old one stays when there can be no new one. */
void line_sink_reopen(struct line_sink *s, struct loop_time now);

bool line_sink_gone(
    const struct line_sink *s); /* nobody reads (EPIPE): it takes no more */
uint64_t line_sink_sent(const struct line_sink *s);	/* events written */
uint64_t line_sink_lost(const struct line_sink *s);
size_t line_sink_waiting(const struct line_sink *s);	/* bytes that found no room yet */
uint64_t line_sink_events_waiting(const struct line_sink *s);
const char *line_sink_error(const struct line_sink *s);	/* the last one; "" none */

#endif
