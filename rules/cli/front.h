/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * front: what can be done with packets before their turn, in a thread of its own: they are
 * read, decoded and hashed there, while those before them are counted.
 *
 * For captures: their frames stay where they are for SOURCE_KEEPS dispatches, as many as
 * there are handfuls on the way. What comes out is what pipe_frame would have made of it, in
 * the same order: whether there is a front changes no event.
 *
 * From front_create to front_destroy the source is the thread's. It may tell (files_options)
 * from there.
 */
#ifndef RULES_CLI_FRONT_H
#define RULES_CLI_FRONT_H

#include "rules/cli/pipe.h"

struct front;

/* What one dispatch came to. */
struct front_load {
	struct handful handful;
	int said;			/* source_dispatch: how many, or the end */
	struct source_loss loss;	/* after it */
	struct fault why;		/* SOURCE_FAULT */
};

/* Is it worth a thread, and possible? A file of some length, and a second processor. Asks the
 * system: before a sandbox. */
bool front_worth(struct source *s);

/* Both lent. NULL: there is no thread to be had; things go on without. */
struct front *front_create(struct source *s, struct pipe *p);
/* What comes next, until the next call; nothing comes behind an end or a fault. */
const struct front_load *front_next(struct front *f);
void front_destroy(struct front *f);	/* waits for what it reads; NULL: does nothing */

#endif
