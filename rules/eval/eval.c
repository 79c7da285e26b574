/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * eval: judges each record by each rule.
 *
 * Of the rules that the plan offers, each is judged in two passes. The first finds only
 * whether it fires, stops as soon as that is clear, and adds to the sums. The second, for
 * rules that fire, reads every leaf for the reasons and adds nothing.
 *
 * A sum adds when the other conditions of the same `and` are true. Conditions with a sum
 * in them do not hold each other up: the guard of a sum is what of its `and` holds no
 * sum, and the guards around it. See truth.c for the operators,
 * sums.c and limits.c for the memory.
 */
#include "rules/eval/eval.h"

#include "rules/eval/except.h"
#include "rules/eval/limits.h"
#include "rules/eval/plan.h"
#include "rules/eval/sums.h"
#include "rules/eval/truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_DEFAULT 65536
#define LIMITS_DEFAULT 16384	/* an entry holds a whole record:
				 * 20 MiB when all are used */

struct eval {
	struct eval_options o;
	struct plan *plan;
	struct list_memo lists;		/* of the record under judgement */
	struct list_answer *musts;	/* likewise, by plan_rule.shared */
	struct sums *sums;
	struct limits *limits;
	struct exceptions *exceptions;
	uint64_t *fired;
	struct reason *reason;		/* room for the rule with most leaves */
	const char **note;
	char sum_note[200];		/* one of them */
	struct eval_counts counts;
	uint64_t forgotten;		/* by what a reload let go */
	int *heir;			/* by rule of `follows`:
					 * which of ours it is; -1: none */
	int *sum_from;			/* by our sum: which of theirs; -1: none */
};

/* One judgement under way. */
struct judge {
	struct eval *e;
	const struct observation *o;
	const struct intern *strings;
	struct reason *reason;		/* NULL in the first pass */
	const struct sum_value *kept;	/* of an update: sums as they stood,
					 * LIMIT_SUMS of them */
	struct sum_value seen[LIMIT_SUMS];
	unsigned sums;			/* sums met so far, in
					 * the order they are judged */
	struct sum_value first;		/* of bytes */
	const struct expr *first_expr;
	bool estimated;			/* a count of different values was */
};

static enum truth judge_expr(struct judge *j, const struct expr *x, bool guard);
static enum truth conjuncts(struct judge *j, const struct expr *x, bool guard,
    bool with_sum);
static enum truth judge_sum(struct judge *j, const struct expr *x, bool guard);
static bool judge_rule(struct eval *e, unsigned i, const struct observation *o,
    const struct intern *strings);
static void judge_head(struct eval *e, unsigned i, const struct observation *o,
    const struct intern *strings);
static bool musts_hold(struct eval *e, const struct plan_rule *r,
    const struct observation *o, const struct intern *strings);
static bool sums_hold(struct judge *j, const struct plan_rule *r);
static void judge_fired(struct judge *j, unsigned i);
static bool raise_holds(const struct judge *j, const struct rule *r);
static void fill_verdict(struct eval *e, struct judge *j, const struct rule *r,
    struct verdict *v);
static void on_update(void *arg, const struct limit_entry *entry);
static int follow(struct eval *e, const struct program *old);

struct eval *
eval_create(const struct eval_options *o, struct fault *why)
{
	const struct program *p = o->program;
	struct eval *e = calloc(1, sizeof(*e));
	size_t keys = o->keys == 0 ? KEYS_DEFAULT : o->keys;
	struct limits_options lo = { .hash = o->hash, .arg = e, .update = on_update,
		.max = o->keys == 0 || o->keys > LIMITS_DEFAULT ? LIMITS_DEFAULT :
		    o->keys };
	unsigned leaves = 1, notes = 1;

	if (e == NULL)
		goto fail;
	e->o = *o;
	e->fired = calloc(p->rules + 1, sizeof(*e->fired));
	e->lists.answer = calloc(p->lists + 1, sizeof(*e->lists.answer));
	e->exceptions = exceptions_create(p);
	e->plan = plan_create(p, &o->hash);
	if (e->fired == NULL || e->lists.answer == NULL || e->exceptions == NULL ||
	    e->plan == NULL)
		goto fail;
	e->musts = calloc(plan_shared(e->plan) + 1, sizeof(*e->musts));
	if (e->musts == NULL)
		goto fail;
	for (unsigned i = 0; i < p->rules; i++) {
		if (p->rule[i].leaves > leaves)
			leaves = p->rule[i].leaves;
		if (p->rule[i].caveats > notes)
			notes = p->rule[i].caveats;
	}
	if (o->follows != NULL && follow(e, o->follows) == -1)
		goto fail;
	e->reason = calloc(leaves, sizeof(*e->reason));
	e->note = calloc(notes + 1, sizeof(*e->note));
	e->sums = sums_create(p, &o->hash, keys);
	e->limits = limits_create(&lo);
	if (e->reason == NULL || e->note == NULL || e->sums == NULL || e->limits == NULL)
		goto fail;
	return e;
fail:
	eval_destroy(e);
	(void)fault_set(why, "give the sensor more memory, or use fewer rules with sums",
	    "no memory for the sums and limits of the rules");
	return NULL;
}

void
eval_destroy(struct eval *e)
{
	if (e == NULL)
		return;
	sums_destroy(e->sums);
	limits_destroy(e->limits);
	free(e->fired);
	free(e->lists.answer);
	free(e->musts);
	plan_destroy(e->plan);
	exceptions_destroy(e->exceptions);
	free(e->reason);
	free(e->note);
	free(e->heir);
	free(e->sum_from);
	free(e);
}

/* Two rules of one id: the sums that are the same in both, limits and guards apart. */
static void
match_sums(struct eval *e, const struct rule *ours, const struct rule *theirs)
{
	for (unsigned i = 0; i < ours->leaves; i++) {
		const struct expr *x = ours->leaf[i];

		for (unsigned k = 0; x->op == EXPR_SUM && k < theirs->leaves; k++)
			if (theirs->leaf[k]->op == EXPR_SUM &&
			    theirs->leaf[k]->sum_id == x->sum_id)
				e->sum_from[x->sum] = (int)theirs->leaf[k]->sum;
	}
}

static int
follow(struct eval *e, const struct program *old)
{
	const struct program *p = e->o.program;

	e->heir = calloc(old->rules + 1, sizeof(*e->heir));
	e->sum_from = calloc(p->sums + 1, sizeof(*e->sum_from));
	if (e->heir == NULL || e->sum_from == NULL)
		return -1;
	for (unsigned i = 0; i < p->sums; i++)
		e->sum_from[i] = -1;
	for (unsigned i = 0; i < old->rules; i++) {
		e->heir[i] = -1;
		for (unsigned k = 0; k < p->rules; k++) {
			if (p->rule[k].id != old->rule[i].id)
				continue;
			if (rule_same(&p->rule[k], &old->rule[i]))
				e->heir[i] = (int)k;
			match_sums(e, &p->rule[k], &old->rule[i]);
			break;
		}
	}
	/* What stands inside a head is no condition of the rule. */
	for (unsigned i = 0; i < p->afters; i++)
		for (unsigned k = 0; k < old->afters; k++)
			if (old->after[k]->sum_id == p->after[i]->sum_id)
				e->sum_from[p->after[i]->sum] = (int)old->after[k]->sum;
	return 0;
}

static const struct rule *
heir_of(void *arg, const struct rule *r)
{
	const struct eval *e = arg;
	int i = e->heir[r - e->o.follows->rule];

	return i == -1 ? NULL : &e->o.program->rule[i];
}

void
eval_adopt(struct eval *e, struct eval *old)
{
	struct limits *limits = e->limits;
	struct eval_counts was;

	limits_rebase(old->limits, heir_of, e, e);
	eval_get_counts(old, &was);
	e->limits = old->limits;
	old->limits = limits;
	for (unsigned i = 0; i < e->o.program->sums; i++)
		if (e->sum_from[i] != -1)
			sums_adopt(e->sums, i, old->sums, (unsigned)e->sum_from[i]);
	for (unsigned i = 0; i < e->o.follows->rules; i++)
		if (e->heir[i] != -1)
			e->fired[e->heir[i]] = old->fired[i];
	exceptions_adopt(e->exceptions, old->exceptions);
	exceptions_tell(old->exceptions, NULL, e->o.on_excepted, e->o.arg);
	e->counts = was;
	e->forgotten = was.forgotten - sums_forgotten(e->sums) -
	    limits_forgotten(e->limits);
	e->o.follows = NULL;
}

/* The record with the hour and weekday of the rules' time zone, if they name one. */
static const struct observation *
at_site(const struct eval *e, const struct observation *o, struct observation *timed)
{
	if (!e->o.program->tz.known)
		return o;
	*timed = *o;
	OBSERVATION_SET(timed, hour, tz_hour(&e->o.program->tz, o->time));
	OBSERVATION_SET(timed, weekday, (uint16_t)tz_weekday(&e->o.program->tz, o->time));
	return timed;
}

void
eval_observe(struct eval *e, const struct observation *o, const struct intern *strings)
{
	struct observation timed;

	if (o->kind == OBSERVATION_NAME || o->kind == OBSERVATION_LOSS)
		return;
	e->counts.records++;
	o = at_site(e, o, &timed);
	e->lists.record++;
	sums_turn(e->sums);
	plan_offer(e->plan, o, strings);
	/* Beginnings of sequences come behind the rules: what follows them is another
	 * record. */
	for (unsigned rule = 0; plan_next(e->plan, &rule);) {
		bool fired;

		if (rule >= e->o.program->rules) {
			judge_head(e, rule, o, strings);
			continue;
		}
		fired = judge_rule(e, rule, o, strings);
		if (e->o.on_judged != NULL)
			e->o.on_judged(e->o.arg, rule, fired, o, strings);
	}
	if (o->kind == OBSERVATION_CLOSE && o->flow_id != 0)
		sums_close(e->sums, o->flow_id);
}

void
eval_step(struct eval *e, struct pkt_time now, const struct intern *strings)
{
	(void)strings;		/* what is told here was kept with its own strings */
	limits_step(e->limits, now);
	exceptions_tell(e->exceptions, &now, e->o.on_excepted, e->o.arg);
}

void
eval_finish(struct eval *e, struct pkt_time now, const struct intern *strings)
{
	(void)strings;
	limits_finish(e->limits);
	(void)now;
	exceptions_tell(e->exceptions, NULL, e->o.on_excepted, e->o.arg);
}

bool
eval_save(struct eval *e, struct eval_cursor *c, size_t slice, eval_save_fn *write,
    void *arg)
{
	while (c->sum < e->o.program->sums) {
		if (!sums_save(e->sums, c, slice, write, arg))
			return false;
		c->sum++;
		c->place = 0;
	}
	if (!limits_save(e->limits, c->all, write, arg))
		return false;
	if (!exceptions_save(e->exceptions, c->all, write, arg))
		return false;
	c->sum = 0;
	return true;
}

static const struct rule *
rule_by_id(void *arg, uint64_t id)
{
	const struct eval *e = arg;

	for (unsigned i = 0; i < e->o.program->rules; i++)
		if (e->o.program->rule[i].id == id)
			return &e->o.program->rule[i];
	return NULL;
}

bool
eval_restore(struct eval *e, struct span item)
{
	struct span entry = item;
	uint64_t id;

	if (!span_le64(&entry, &id))
		return false;
	/* Sums are named by hashes, limits by a rule's id, which is a small number. */
	return id <= UINT32_MAX ? limits_restore(e->limits, item, rule_by_id, e) :
	    sums_restore(e->sums, id, entry) || exceptions_restore(e->exceptions, id, entry);
}

void
eval_get_counts(const struct eval *e, struct eval_counts *out)
{
	*out = e->counts;
	sums_state(e->sums, out);
	out->forgotten = e->forgotten + sums_forgotten(e->sums) +
	    limits_forgotten(e->limits);
}

const struct exception_hits *
eval_exception(const struct eval *e, unsigned exception)
{
	return exceptions_hits(e->exceptions, exception);
}

uint64_t
eval_fired(const struct eval *e, unsigned rule)
{
	return rule < e->o.program->rules ? e->fired[rule] : 0;
}

struct reason
eval_leaf(struct eval *e, const struct expr *leaf, const struct observation *o,
    const struct intern *strings)
{
	struct judge j = { .e = e, .strings = strings, .reason = e->reason };
	struct observation timed;

	j.o = at_site(e, o, &timed);
	e->reason[leaf->leaf] = (struct reason){ .leaf = leaf, .truth = TRUTH_UNKNOWN };
	(void)judge_expr(&j, leaf, false);
	return e->reason[leaf->leaf];
}

/* The first pass: no sum adds, and none can make the rule fire, unless all that holds no
 * sum is true. */
static bool
judge_rule(struct eval *e, unsigned i, const struct observation *o,
    const struct intern *strings)
{
	const struct plan_rule *r = plan_rule(e->plan, i);
	struct judge j;

	if (!musts_hold(e, r, o, strings))
		return false;
	j = (struct judge){ .e = e, .o = o, .strings = strings };
	if (!sums_hold(&j, r))
		return false;
	judge_fired(&j, i);
	return true;
}

/* What stands before a `then`. */
static void
judge_head(struct eval *e, unsigned i, const struct observation *o,
    const struct intern *strings)
{
	const struct plan_rule *r = plan_rule(e->plan, i);
	struct judge j = { .e = e, .o = o, .strings = strings };

	if (musts_hold(e, r, o, strings) && sums_hold(&j, r))
		sums_met(e->sums, e->o.program->after[i - e->o.program->rules], o, strings);
}

static void
judge_fired(struct judge *j, unsigned i)
{
	struct eval *e = j->e;
	const struct observation *o = j->o;
	const struct intern *strings = j->strings;
	const struct rule *r = &e->o.program->rule[i];
	struct limit_entry *entry;
	struct verdict v;
	struct event_ref ref;
	bool tell, raised;

	if (exceptions_hold(e->exceptions, i, o, strings)) {
		e->counts.excepted++;
		return;
	}
	e->fired[i]++;
	entry = limits_take(e->limits, r, o, strings, &tell);
	if (r->trial) {
		/* Counts what it would have told, and keeps no record of the rest. */
		e->counts.trial += tell;
		return;
	}
	raised = raise_holds(j, r);
	if (!tell && raised && !entry->raised) {
		/* It is worse than what was told, and who reads that should not wait for
		 * the window's end. */
		entry->raised = true;
		fill_verdict(e, j, r, &v);
		v.update = true;
		v.suppressed = entry->suppressed + 1;
		v.first = entry->first;
		e->counts.updates++;
		if (e->o.on_verdict != NULL)
			(void)e->o.on_verdict(e->o.arg, &v);
		limits_told(e->limits, entry);
		return;
	}
	if (!tell) {
		limits_fold(e->limits, entry, o, strings);
		memcpy(entry->sum, j->seen, sizeof(entry->sum));
		e->counts.suppressed++;
		return;
	}
	if (entry != NULL)
		entry->raised = entry->raised || raised;
	fill_verdict(e, j, r, &v);
	e->counts.verdicts++;
	if (e->o.on_verdict == NULL)
		return;
	ref = e->o.on_verdict(e->o.arg, &v);
	if (entry != NULL && entry->first.seq == 0)
		entry->first = ref;
}

static bool
musts_hold(struct eval *e, const struct plan_rule *r, const struct observation *o,
    const struct intern *strings)
{
	for (unsigned i = 0; i < r->musts; i++) {
		struct list_answer *known = r->shared[i] == 0 ? NULL :
		    &e->musts[r->shared[i]];
		enum truth t;

		if (known != NULL && known->record == e->lists.record)
			t = known->truth;
		else
			t = truth_expr(e->o.program, r->must[i], o, strings, &e->lists);
		if (known != NULL)
			*known = (struct list_answer){ e->lists.record, t };
		if (t != TRUTH_TRUE)
			return false;
	}
	return true;
}

static bool
sums_hold(struct judge *j, const struct plan_rule *r)
{
	enum truth t = TRUTH_TRUE;

	for (unsigned i = 0; i < r->sums; i++)
		t = truth_and(t, judge_expr(j, r->sum[i], true));
	return t == TRUTH_TRUE;
}

static void
on_update(void *arg, const struct limit_entry *entry)
{
	struct eval *e = arg;
	struct judge j = { .e = e, .o = &entry->last, .kept = entry->sum,
		.strings = limits_strings(e->limits) };
	struct verdict v;

	sums_turn(e->sums);		/* another record... */
	fill_verdict(e, &j, entry->rule, &v);
	v.update = true;
	v.suppressed = entry->suppressed;
	v.first = entry->first;
	e->counts.updates++;
	if (e->o.on_verdict != NULL)
		(void)e->o.on_verdict(e->o.arg, &v);
	sums_turn(e->sums);		/* ...than the one under judgement */
}

static bool
raise_holds(const struct judge *j, const struct rule *r)
{
	for (unsigned i = 0; i < r->caveats; i++)
		if (r->caveat[i].raise && eval_expr(j->e->o.program, r->caveat[i].when,
		    j->o, j->strings) == TRUTH_TRUE)
			return true;
	return false;
}

/* What the first sum could not know. */
static void
sum_notes(struct eval *e, const struct judge *j, struct verdict *v)
{
	if (j->first_expr != NULL && j->first.error > 0)
		(void)snprintf(e->sum_note, sizeof(e->sum_note),
		    "the ledger is full: up to %llu bytes more than were summed here",
		    (unsigned long long)j->first.error);
	else if (j->estimated)
		(void)snprintf(e->sum_note, sizeof(e->sum_note),
		    "counted by HyperLogLog, standard error %.1f %%",
		    100 * DISTINCT_ERROR);
	else
		return;
	e->note[v->notes++] = e->sum_note;
}

/* By a step; or to a severity, where it is not there already. */
static int
moved(int severity, const struct caveat *c)
{
	int to = (int)c->to - 1;

	if (c->to == 0)
		return severity + c->lower - c->raise;
	if (c->raise)
		return to < severity ? to : severity;
	return to > severity ? to : severity;
}

/* The second pass: every leaf, no addition. */
static void
fill_verdict(struct eval *e, struct judge *j, const struct rule *r, struct verdict *v)
{
	int severity = (int)r->severity;

	memset(v, 0, sizeof(*v));
	memset(e->reason, 0, r->leaves * sizeof(*e->reason));
	for (unsigned i = 0; i < r->leaves; i++) {
		e->reason[i].leaf = r->leaf[i];
		e->reason[i].truth = TRUTH_UNKNOWN;
	}
	j->reason = e->reason;
	j->sums = 0;
	j->first_expr = NULL;
	j->estimated = false;
	(void)judge_expr(j, r->when, false);
	for (unsigned i = 0; i < r->caveats; i++) {
		if (eval_expr(e->o.program, r->caveat[i].when, j->o,
		    j->strings) != TRUTH_TRUE)
			continue;
		e->note[v->notes++] = r->caveat[i].because;
		severity = moved(severity, &r->caveat[i]);
	}
	if (severity < SEVERITY_CRITICAL)
		severity = SEVERITY_CRITICAL;
	if (severity > SEVERITY_INFO)
		severity = SEVERITY_INFO;
	v->program = e->o.program;
	v->rule = r;
	v->severity = (enum severity)severity;
	v->o = j->o;
	v->strings = j->strings;
	v->reason = e->reason;
	v->reasons = r->leaves;
	v->note = e->note;
	if (j->first_expr != NULL && j->first.known) {
		v->has_sum = true;
		v->sum = j->first.sum;
		v->sum_window = j->first_expr->window;
		v->sum_since = j->first.since;
		v->sum_error = j->first.error;
	}
	sum_notes(e, j, v);
}

/* guard: everything around x that must be true for its sums to add is. */
static enum truth
judge_expr(struct judge *j, const struct expr *x, bool guard)
{
	enum truth a, b;

	switch (x->op) {
	case EXPR_AND:
		a = conjuncts(j, x, false, false);
		if (a == TRUTH_FALSE && j->reason == NULL) {
			j->sums += truth_sums(x);	/* stay in step with
							 * the second pass */
			return TRUTH_FALSE;
		}
		b = conjuncts(j, x, guard && a == TRUTH_TRUE, true);
		return truth_and(a, b);
	case EXPR_OR:
		a = judge_expr(j, x->a, guard);
		b = judge_expr(j, x->b, guard);
		return truth_or(a, b);
	case EXPR_NOT:
		return truth_not(judge_expr(j, x->a, guard));
	case EXPR_SUM:
		return judge_sum(j, x, guard);
	default:
		return truth_leaf(j->e->o.program, x, j->o, j->strings,
		    j->reason == NULL ? NULL : &j->reason[x->leaf]);
	}
}

/* The members of a chain of `and` that hold a sum, or those that hold none. */
static enum truth
conjuncts(struct judge *j, const struct expr *x, bool guard, bool with_sum)
{
	if (x->op == EXPR_AND) {
		enum truth a = conjuncts(j, x->a, guard, with_sum);

		return truth_and(a, conjuncts(j, x->b, guard, with_sum));
	}
	return (truth_sums(x) > 0) == with_sum ? judge_expr(j, x, guard) : TRUTH_TRUE;
}

static enum truth
judge_sum(struct judge *j, const struct expr *x, bool guard)
{
	struct sum_value got;
	enum truth t = TRUTH_UNKNOWN;

	if (j->kept != NULL && j->sums < LIMIT_SUMS)
		got = j->kept[j->sums];
	else
		got = sums_ask(j->e->sums, x, j->o, j->strings, guard &&
		    j->reason == NULL);
	if (j->sums < LIMIT_SUMS)
		j->seen[j->sums] = got;
	j->sums++;
	if (got.known)
		t = truth_compare_u64(got.sum, x->cmp, x->sums == SUM_DAY ? got.limit :
		    x->value.u) ? TRUTH_TRUE : TRUTH_FALSE;
	j->estimated = j->estimated || got.estimated;
	if (x->sums != SUM_DISTINCT && x->sums != SUM_AFTER &&
	    (j->first_expr == NULL || x->leaf < j->first_expr->leaf)) {
		j->first_expr = x;
		j->first = got;
	}
	if (j->reason != NULL) {
		struct reason *r = &j->reason[x->leaf];

		r->leaf = x;
		r->truth = t;
		r->observed_known = (got.known && !(x->sums == SUM_AFTER &&
		    got.sum == UINT64_MAX)) || x->sums == SUM_DAY;
		r->observed.type = x->value.type;
		r->observed.u = got.sum;
		r->observed.i = (int64_t)got.sum;
		r->has_limit = x->sums == SUM_DAY && got.known;
		r->limit = (struct value){ .type = x->value.type, .u = got.limit };
	}
	return t;
}
