/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sumlog: what the sums of the rules have come to, in a log of segments of its own
 * (STATE/sums), so that they outlive the processes and the machine's power.
 *
 * The sensor, which has no file, says on the ring of observations what changed; the outlet
 * appends it here; the supervisor hands the bytes of the segments to the next sensor, which
 * takes the last item of each key. From time to time the sensor says everything, between
 * BEGINS and WHOLE: then what lies before is no longer needed and goes. An item that found
 * no room on the disk spoils such a round, and nothing goes.
 *
 *	message	le32 SUMLOG_MARK  u8 what  item*	a record of the log begins at `what`
 *	item	le16 length  bytes (eval.h); SEEN: le64 of a capture that was counted;
 *		FIRSTS: who was first seen when (endpoint.h)
 *
 * Every segment begins with a record that names the form: another build's is refused.
 */
#ifndef RULES_EVENT_SUMLOG_H
#define RULES_EVENT_SUMLOG_H

#include "capture/base/fault.h"
#include "capture/base/ptime.h"
#include "capture/base/span.h"

#define SUMLOG_MARK UINT32_C(0xffffffff)	/* no start of a sensor (carry.h) */
#define SUMLOG_HEAD 5u
#define SUMLOG_MESSAGE 6144u		/* fits what the outlet takes from the ring */

enum sumlog_what { SUMLOG_ITEMS, SUMLOG_SEEN, SUMLOG_BEGINS, SUMLOG_WHOLE, SUMLOG_FIRSTS };

struct sumlog;

struct sumlog_counts { uint64_t records, lost, cut, damaged, bytes; };

struct sumlog *sumlog_open(const char *dir, struct loop_time now, struct fault *why);
void sumlog_close(struct sumlog *l);
/* True: the message was one of these. */
bool sumlog_take(struct sumlog *l, struct span message, struct loop_time now);
void sumlog_tick(struct sumlog *l, struct loop_time now);	/* once a second */
void sumlog_get_counts(const struct sumlog *l, struct sumlog_counts *out);

/* ---- without a file ---- */

bool sumlog_is(struct span message);
enum sumlog_form { SUMLOG_OURS, SUMLOG_EMPTY, SUMLOG_OTHER };
/* By the first record of a segment; EMPTY: it never held a whole one. */
enum sumlog_form sumlog_form(struct span segment);
/* Each item of segments that lie one behind the other, in order; what is damaged is
 * stepped over. How many places were. */
size_t sumlog_each(struct span segments, void (*item)(void *arg, enum sumlog_what what,
    struct span bytes), void *arg);

#endif
