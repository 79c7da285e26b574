/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * feed: captures, stores and event files as records, for what judges them anew (rules/bench).
 * Captures go through the pipe that a sensor has, in this process and with the classifier in
 * its own. It says on a terminal how far it is.
 */
#ifndef RULES_CLI_FEED_H
#define RULES_CLI_FEED_H

#include "rules/cli/benchopts.h"

struct feed_sink {
	void *arg;
	int (*begin)(void *arg, unsigned run, const char *name, struct fault *why);
	observe_fn *on_record;
	void (*on_step)(void *arg, struct pkt_time now, const struct intern *strings);
	void (*on_event)(void *arg, struct span json);	/* what lies in store and files beside
							 * flows; may be NULL */
	void (*end)(void *arg);
};

struct feed_counts {
	unsigned runs;
	char **name;			/* of each run; freed by feed_free */
	uint64_t packets, events, damaged;
};

/* What the options name, each by itself or captures joined. program: whose home, lists and
 * hearing a capture is heard by. -1 and *why: nothing could be read; what cannot of many is
 * told on standard error. */
int feed(const struct bench_options *b, const struct program *program,
    const struct feed_sink *to, const char *who, struct feed_counts *out, struct fault *why);
void feed_free(struct feed_counts *c);
/* Is there anything to read? */
bool feed_named(const struct bench_options *b);

/* A file's bytes, NUL behind; the caller's. NULL and *why. */
char *feed_file(const char *path, size_t *n, struct fault *why);

#endif
