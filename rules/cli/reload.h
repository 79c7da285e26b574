/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reload: the sensor's half of a reload.
 *
 * The supervisor reads the files and sends one message with a sealed memfd of all their
 * bytes (rulepack.h). A thread compiles it beside the running program, finds what both
 * have in common, and tries it out; packets go on meanwhile. The sensor's own thread then
 * swaps between two steps and the old program goes. Whatever fails leaves all of the old
 * in place.
 *
 * The sensor may send nothing, so the answer lies on a board in shared memory, and an
 * eventfd says that it is there.
 */
#ifndef RULES_CLI_RELOAD_H
#define RULES_CLI_RELOAD_H

#include "capture/proc/board.h"
#include "rules/cli/pipe.h"
#include "rules/cli/ruleset.h"

#define RELOAD_WHO 64

/* The message; with RELOAD_RULES comes a descriptor. */
enum reload_kind {
	RELOAD_RULES,
	RELOAD_REFUSED,		/* the supervisor could not even read them: tell it */
};

struct reload_ask {
	uint64_t number;		/* the answer says which it is of */
	uint64_t generation;		/* when it is accepted */
	uint32_t kind;
	char who[RELOAD_WHO];		/* asked for it */
	struct fault why;		/* RELOAD_REFUSED */
};

struct reload_answer {
	uint64_t number, generation;	/* generation: the one that holds now */
	bool accepted;
	int64_t compile_ns;		/* in the thread: compiling and trying */
	int64_t swap_ns;		/* during which no packet was read */
	int64_t took_ns;		/* from the message to the answer */
	struct rule_counts counts;	/* of the new program */
	struct fault why;		/* not accepted */
	char errors[RULE_SET_ERRORS];	/* their text, with carets */
};

struct reloader;

struct reloader_options {
	int ask_fd;			/* messages come here; lent */
	int told_fd;			/* eventfd; lent */
	struct board *board;		/* struct reload_answer; lent */
	struct pipe *pipe;
	uint64_t generation;		/* of the running program */
	struct rule_set *running;	/* owned from here on */
	void *arg;
	/* Around the swap: what is told now is judged by this program. */
	void (*swapped)(void *arg, const struct program *p, uint64_t generation);
	/* After it was answered, either way. */
	void (*told)(void *arg, const struct reload_ask *ask,
	    const struct reload_answer *answer);
};

struct reloader *reloader_create(const struct reloader_options *o, struct fault *why);
void reloader_destroy(struct reloader *r);	/* after the pipe; frees the program */

/* From the sensor's loop, as often as it comes by; never waits. */
void reloader_turn(struct reloader *r);
/* The pipe's on_swap. */
void reloader_phase(struct reloader *r, enum swap_phase at);

#endif
