/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tableframes: the packets that a table of flows comes to, in the order of time. What a row
 * comes to is said in tabletest.h. */
#ifndef RULES_CLI_TABLEFRAMES_H
#define RULES_CLI_TABLEFRAMES_H

#include "capture/source/frame.h"
#include "rules/lang/program.h"

#define TABLE_FIRST_PORT 10000U

/* A row's parties, and which of the ports are its flows'. */
struct table_parties {
	struct addr src, dst;
	const char *device;		/* NULL: an address was written */
	char dest[INTERN_MAX + 1];	/* ""; or the name it is resolved by */
	unsigned first;			/* port of its first flow... */
};

struct table_frames {
	const struct program *program;	/* with the test's time zone */
	const struct rule_test *test;
	struct table_parties *party;	/* by row; filled by table_parties_find */
	struct addr resolver, other, outside;	/* whose packets are only there so that the
					 * tap is a tap */
	void *arg;
	/* Bytes are lent for the call. */
	void (*on_frame)(void *arg, const struct frame *f);
};

/* Gives every name an address. -1 and *why. */
int table_parties_find(struct table_frames *t, struct fault *why);
/* Makes all packets. -1 and *why: too many, or no memory. */
int table_frames_make(struct table_frames *t, struct fault *why);

#endif
