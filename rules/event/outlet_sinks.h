/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outlet_sinks: the outputs of one outlet, as one. Private to outlet.c. */
#ifndef RULES_EVENT_OUTLET_SINKS_H
#define RULES_EVENT_OUTLET_SINKS_H

#include "rules/event/outlet.h"

struct event_base;
struct outlet_sinks;

/* Opens all of them. The password is read here and nowhere else. */
struct outlet_sinks *outlet_sinks_open(
    const struct outlet_options *o, struct event_base *base, struct fault *why);
/* remove_spool: the spool's files too. */
void outlet_sinks_close(struct outlet_sinks *s, bool remove_spool);

/* Paths below which the sinks write, and files they read, for the sandbox; at most `most`
 * of each. They live as long as the sinks. */
size_t outlet_sinks_writes(const struct outlet_sinks *s, const char **path, size_t most);
size_t outlet_sinks_reads(const struct outlet_sinks *s, const char **path, size_t most);

/* An event that was checked, to all of them. */
void outlet_sinks_put(struct outlet_sinks *s, const struct event_head *h,
    const char *json, const char *text, struct loop_time now);
/* When there is no more now, and now and then. */
void outlet_sinks_pump(struct outlet_sinks *s, struct loop_time now);
void outlet_sinks_reopen(struct outlet_sinks *s, struct loop_time now);
void outlet_sinks_finish(struct outlet_sinks *s, struct loop_time now);	/* no more */

bool outlet_sinks_wait(const struct outlet_sinks *s);	/* something is not out yet */
bool outlet_sinks_behind(const struct outlet_sinks *s, struct loop_time now);
bool outlet_sinks_gone(const struct outlet_sinks *s);	/* nobody is left who reads */

void outlet_sinks_state(const struct outlet_sinks *s, struct outlet_snapshot *out);
/* Says what could not be delivered. The exit code of the outlet. */
int outlet_sinks_say_end(struct outlet_sinks *s);

#endif
