/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay: an eval for each program, fresh for each run. */
#include "rules/bench/replay.h"

#include <stdlib.h>
#include <string.h>

/* Without steps of its own: what is due after a limit's window is told so late at most, and
 * is an update; a new alert never waits for a step. A step looks at every open limit. */
#define STEP (60 * NS_PER_S)
#define SUM_FLOW (UINT64_C(1) << 62)	/* flow ids of what was summed: no flow's (2^51) */

struct one {
	struct replay *r;
	unsigned which;
	struct eval *e;
};

struct replay {
	struct replay_options o;
	struct replay_counts c;
	struct one one[REPLAY_MOST];
	int64_t run_first, run_last;
	struct pkt_time stepped;
	const struct intern *strings;
	bool steps;			/* the input has its own */
	bool open, asked;
};

static struct event_ref on_verdict(void *arg, const struct verdict *v);
static void on_judged(void *arg, unsigned rule, bool fired, const struct observation *o,
    const struct intern *strings);
static void judge(struct replay *r, const struct observation *o,
    const struct intern *strings);
static bool whole(const struct observation *sum, uint64_t n, struct observation *out);

struct replay *
replay_create(const struct replay_options *o, struct fault *why)
{
	struct replay *r;

	if (o->programs == 0 || o->programs > REPLAY_MOST) {
		(void)fault_set(why, NULL, "%u sets of rules side by side are too many",
		    o->programs);
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		(void)fault_set(why, NULL, "not enough memory to judge");
		return NULL;
	}
	r->o = *o;
	return r;
}

void
replay_destroy(struct replay *r)
{
	if (r == NULL)
		return;
	for (unsigned i = 0; i < r->o.programs; i++)
		eval_destroy(r->one[i].e);
	free(r);
}

int
replay_begin(struct replay *r, struct fault *why)
{
	if (r->open)
		replay_end(r);
	for (unsigned i = 0; i < r->o.programs; i++) {
		struct eval_options eo = { .hash = r->o.hash, .program = r->o.program[i],
			.arg = &r->one[i], .on_verdict = on_verdict,
			.on_judged = r->o.on_judged != NULL ? on_judged : NULL };

		eval_destroy(r->one[i].e);
		r->one[i] = (struct one){ r, i, eval_create(&eo, why) };
		if (r->one[i].e == NULL)
			return -1;
	}
	r->run_first = r->run_last = 0;
	r->stepped = (struct pkt_time){ 0 };
	r->steps = false;
	r->open = true;
	r->c.runs++;
	return 0;
}

void
replay_record(struct replay *r, const struct observation *o, const struct intern *strings)
{
	struct observation flow;

	r->strings = strings;
	r->c.records++;
	if (r->run_first == 0)
		r->run_first = o->time;
	if (o->time > r->run_last)
		r->run_last = o->time;
	if (!r->steps && (o->time - r->stepped.ns >= STEP || o->time < r->stepped.ns)) {
		r->stepped.ns = o->time;
		for (unsigned i = 0; i < r->o.programs; i++)
			eval_step(r->one[i].e, r->stepped, strings);
	}
	if (o->kind == OBSERVATION_SUM) {
		if (whole(o, SUM_FLOW + ++r->c.sums, &flow))
			judge(r, &flow, strings);
		return;
	}
	judge(r, o, strings);
}

void
replay_step(struct replay *r, struct pkt_time now, const struct intern *strings)
{
	r->steps = true;
	for (unsigned i = 0; i < r->o.programs; i++)
		eval_step(r->one[i].e, now, strings);
}

void
replay_end(struct replay *r)
{
	struct eval_counts c;

	if (!r->open)
		return;
	for (unsigned i = 0; i < r->o.programs; i++)
		eval_finish(r->one[i].e, (struct pkt_time){ r->run_last }, r->strings);
	eval_get_counts(r->one[0].e, &c);
	r->c.forgotten += c.forgotten;
	r->c.excepted += c.excepted;
	r->c.folded += c.suppressed;
	r->c.trial += c.trial;
	if (r->run_first != 0 && (r->c.first == 0 || r->run_first < r->c.first))
		r->c.first = r->run_first;
	if (r->run_last > r->c.last)
		r->c.last = r->run_last;
	r->c.span += r->run_last - r->run_first;
	r->open = false;
}

void
replay_get_counts(const struct replay *r, struct replay_counts *out)
{
	*out = r->c;
}

static void
judge(struct replay *r, const struct observation *o, const struct intern *strings)
{
	for (unsigned i = 0; i < r->o.programs; i++) {
		r->asked = false;
		eval_observe(r->one[i].e, o, strings);
		if (i == 0 && r->o.always != -1 && !r->asked &&
		    o->kind != OBSERVATION_NAME && o->kind != OBSERVATION_LOSS)
			r->o.on_judged(r->o.arg, 0, r->one[0].e, (unsigned)r->o.always,
			    false, o, strings);
	}
}

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	struct one *one = arg;

	if (one->r->o.on_verdict != NULL)
		one->r->o.on_verdict(one->r->o.arg, one->which, v);
	return (struct event_ref){ .seq = 0 };
}

static void
on_judged(void *arg, unsigned rule, bool fired, const struct observation *o,
    const struct intern *strings)
{
	struct one *one = arg;

	one->r->asked = one->r->asked || (int)rule == one->r->o.always;
	if (one->r->o.always == -1 || (int)rule == one->r->o.always)
		one->r->o.on_judged(one->r->o.arg, one->which, one->e, rule, fired, o,
		    strings);
}

/* A sum as the flow that it stands for. False: nothing went up in it. */
static bool
whole(const struct observation *sum, uint64_t n, struct observation *out)
{
	if (!observation_known(sum, FIELD_upload) || !observation_known(sum, FIELD_outbound) ||
	    !sum->outbound || sum->upload == 0)
		return false;
	*out = *sum;
	out->kind = OBSERVATION_CLOSE;
	out->flow_id = n;
	OBSERVATION_SET(out, dest_settled, true);
	OBSERVATION_SET(out, unseen, sum->upload);
	if (observation_known(sum, FIELD_download))
		OBSERVATION_SET(out, way_bytes, (double)sum->download / (double)sum->upload);
	return true;
}
