/* SPDX-License-Identifier: GPL-3.0-or-later */
/* refusal: what a Redis says when it says no, by the first word of its error, as a
 * sentence and a remedy. Private to rules/event. */
#ifndef RULES_EVENT_REFUSAL_H
#define RULES_EVENT_REFUSAL_H

#include "capture/base/log.h"

struct refusal {
	const char *word;
	const char *state;		/* of the output, in the stats event */
	const char *says;		/* "it ..." goes on with this */
	const char *remedy;		/* NULL: none that we know */
	bool all;			/* it is the server's state, not this key's */
};

#define REFUSALS 17
extern const struct refusal refusals[REFUSALS];

/* Index of the row for an error; the last one is for those without a row. */
unsigned refusal_of(const char *error);

/* What may be shown of the answer to a login: a server that does not know the command
 * says its arguments back, and they are the password. */
const char *refusal_of_login(const char *error);

/* "it is still loading its data: LOADING ...", and what to do. Returns -1. */
int refusal_fault(const char *error, struct fault *why);

/* One line a minute for each thing that is wrong: a server that is away and then does not
 * know our password is told twice. A server that finds more than these within a minute
 * talks to itself. */
#define REASONS 8

struct reasons {
	struct {
		uint32_t what;		/* hash of its words */
		struct log_limit limit;
	} said[REASONS];
};

/* `behind` ends the sentence: what becomes of the events. */
void reasons_say(struct reasons *r, const char *server, const struct fault *why,
    const char *behind, const struct log *log, struct loop_time now);

#endif
