/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lint: looks at checked rules only; a file with an error is not looked at. */
#include "rules/bench/lint.h"

#include "rules/event/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MEMBERS 64			/* of a rule's top `and`; beyond, it is not compared */

static const char *const names[] = {
#define X(id, name, meaning) name,
	LINTS(X)
#undef X
};

struct linter {
	const struct program *p;
	lint_fn *tell;
	void *arg;
};

/* One member of the top `and`, `not`s taken off. */
struct member {
	const struct expr *x;
	bool negated;
};

const char *
lint_name(enum lint l)
{
	return names[l];
}

enum lint
lint_of_warning(const char *what)
{
	static const struct {
		const char *words;
		enum lint lint;
	} known[] = { { "has no test", LINT_NO_TEST }, { "no rule asks", LINT_UNUSED_LIST },
		{ "autonomous systems", LINT_NO_DATABASE }, { "technique", LINT_NO_TECHNIQUE },
		{ "exception has no", LINT_EXCEPT_OPEN }, { "macro", LINT_UNUSED_MACRO } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(what, known[i].words) != NULL)
			return known[i].lint;
	return LINT_OTHER;
}

static void __attribute__((format(printf, 6, 7)))
say(const struct linter *l, enum lint lint, const char *file, unsigned line,
    const char *remedy, const char *form, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, form);
	(void)vsnprintf(text, sizeof(text), form, ap);
	va_end(ap);
	l->tell(l->arg, &(struct finding){ lint, file, line, text, remedy });
}

/* ---- rules ---- */

static unsigned
members(const struct expr *x, bool negated, struct member *out, unsigned n)
{
	if (x->op == EXPR_NOT)
		return members(x->a, !negated, out, n);
	if ((x->op == EXPR_AND && !negated) || (x->op == EXPR_OR && negated))
		return members(x->b, negated, out, members(x->a, negated, out, n));
	if (n < MEMBERS)
		out[n] = (struct member){ x, negated };
	return n + 1;
}

static bool
says_the_same(const struct expr *a, const struct expr *b)
{
	if (a->op != b->op)
		return false;
	switch (a->op) {
	case EXPR_AND:
	case EXPR_OR:
		return says_the_same(a->a, b->a) && says_the_same(a->b, b->b);
	case EXPR_NOT:
		return says_the_same(a->a, b->a);
	default:
		return strcmp(a->text, b->text) == 0;
	}
}

static bool
figure(const struct expr *x, double *out)
{
	if (x->op != EXPR_COMPARE)
		return false;
	switch (x->value.type) {
	case FIELD_COUNT:
	case FIELD_BYTES:
	case FIELD_PORT:
		*out = (double)x->value.u;
		return true;
	case FIELD_NUMBER:
	case FIELD_RATE:
		*out = x->value.n;
		return true;
	case FIELD_DURATION:
	case FIELD_MOMENT:
		*out = (double)x->value.i;
		return true;
	default:
		return false;
	}
}

/* The range that a comparison leaves, both ends open or not; false: it leaves two. */
static bool
range(const struct member *m, double *low, double *high, bool *low_in, bool *high_in)
{
	static const enum compare_op turned[] = { [CMP_LT] = CMP_GE, [CMP_LE] = CMP_GT,
		[CMP_GT] = CMP_LE, [CMP_GE] = CMP_LT, [CMP_EQ] = CMP_NE, [CMP_NE] = CMP_EQ };
	enum compare_op op = m->negated ? turned[m->x->cmp] : m->x->cmp;
	double n;

	*low = -1e300;
	*high = 1e300;
	*low_in = *high_in = true;
	if (!figure(m->x, &n) || op == CMP_NE)
		return false;
	if (op == CMP_EQ || op == CMP_GE || op == CMP_GT)
		*low = n;
	if (op == CMP_EQ || op == CMP_LE || op == CMP_LT)
		*high = n;
	*low_in = op != CMP_GT;
	*high_in = op != CMP_LT;
	return true;
}

static bool
cannot_both(const struct member *a, const struct member *b)
{
	double al, ah, bl, bh;
	bool ali, ahi, bli, bhi;

	if (says_the_same(a->x, b->x))
		return a->negated != b->negated;
	if (a->x->op != EXPR_COMPARE || b->x->op != EXPR_COMPARE || a->x->field != b->x->field)
		return false;
	if (range(a, &al, &ah, &ali, &ahi) && range(b, &bl, &bh, &bli, &bhi))
		return al > bh || bl > ah || (al == bh && !(ali && bhi)) ||
		    (bl == ah && !(bli && ahi));
	/* Two words, and it is one. */
	return a->x->value.type == FIELD_WORD && a->x->cmp == CMP_EQ && b->x->cmp == CMP_EQ &&
	    !a->negated && !b->negated && a->x->value.u != b->x->value.u;
}

static void
never(const struct linter *l, const struct rule *r, const struct member *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = i + 1; k < n; k++)
			if (cannot_both(&m[i], &m[k])) {
				say(l, LINT_NEVER_MATCHES, r->file, r->line, "take one of them out",
				    "the rule '%s' never matches: '%s%s' and '%s%s' cannot both hold",
				    r->name, m[i].negated ? "not " : "", m[i].x->text,
				    m[k].negated ? "not " : "", m[k].x->text);
				return;
			}
}

/* All that a asks, b asks as well. */
static bool
covers(const struct member *a, unsigned an, const struct member *b, unsigned bn)
{
	for (unsigned i = 0; i < an; i++) {
		unsigned k = 0;

		while (k < bn && (a[i].negated != b[k].negated ||
		    !says_the_same(a[i].x, b[k].x)))
			k++;
		if (k == bn)
			return false;
	}
	return true;
}

static void
shadowed(const struct linter *l, unsigned rule, const struct member *m, unsigned n)
{
	const struct rule *r = &l->p->rule[rule];
	struct member other[MEMBERS];

	for (unsigned i = 0; i < l->p->rules; i++) {
		const struct rule *o = &l->p->rule[i];
		unsigned on;

		if (i == rule || o->kind != r->kind || o->trial || o->suspect != r->suspect ||
		    o->severity > r->severity || o->fleet != r->fleet || r->trial)
			continue;
		on = members(o->when, false, other, 0);
		if (on > MEMBERS || !covers(other, on, m, n) || (on == n && i > rule))
			continue;
		say(l, LINT_SHADOWED, r->file, r->line, "take it out, or make it more severe",
		    "the rule '%s' is shadowed: '%s' tells all that it tells, as %s",
		    r->name, o->name, o->severity < r->severity ? "more severe" : "severe");
		return;
	}
}

static void
tests_of(const struct linter *l, const struct rule *r)
{
	bool quiet = false;

	for (unsigned i = 0; i < r->tests; i++)
		quiet = quiet || (r->test[i].how == EXPECT_EXACTLY && r->test[i].expect == 0);
	if (r->tests > 0 && !quiet)
		say(l, LINT_NO_QUIET_TEST, r->file, r->line,
		    "add one of ordinary traffic: expect 0 alerts",
		    "the rule '%s' has no test in which it must be silent", r->name);
}

static void
windows(const struct linter *l, const struct rule *r)
{
	for (unsigned i = 0; i < r->leaves; i++)
		if (r->leaf[i]->op == EXPR_SUM && r->leaf[i]->sums != SUM_DAY &&
		    r->leaf[i]->window > STORE_AGE)
			say(l, LINT_LONG_WINDOW, r->file, r->line, "30 d, or a store-age as long",
			    "the rule '%s' sums for longer than a store keeps records: '%s' cannot "
			    "be explained or back-tested", r->name, r->leaf[i]->text);
}

static void
history(const struct linter *l, const struct program *before, const struct rule *r)
{
	for (unsigned i = 0; i < before->rules; i++) {
		const struct rule *o = &before->rule[i];

		if (o->id != r->id)
			continue;
		if (strcmp(o->name, r->name) != 0)
			say(l, LINT_SAME_ID, r->file, r->line, "give it an id of its own",
			    "the rule '%s' has the id of '%s'", r->name, o->name);
		else if (o->rev == r->rev && !rule_same(o, r))
			say(l, LINT_SAME_REV, r->file, r->line, "raise rev by one",
			    "the rule '%s' has another text than before, and is rev %u still",
			    r->name, r->rev);
	}
}

/* ---- exceptions ---- */

static bool
any(const char *glob)
{
	return glob == NULL || strcmp(glob, "*") == 0 || strcmp(glob, "0.0.0.0/0") == 0 ||
	    strcmp(glob, "::/0") == 0;
}

static bool
within(const char *inner, const char *outer)
{
	return any(outer) || (inner != NULL && strcmp(inner, outer) == 0);
}

static void
exceptions(const struct linter *l, int64_t now)
{
	const struct program *p = l->p;

	for (unsigned i = 0; i < p->exceptions; i++) {
		const struct exception *x = &p->except[i];

		if (x->until != 0 && x->until < now)
			say(l, LINT_EXCEPT_EXPIRED, x->file, x->line, "take it out, or renew it",
			    "the exception is over: its 'until' has passed");
		if (any(x->device) && any(x->dest))
			say(l, LINT_EXCEPT_BROAD, x->file, x->line,
			    "name a device, a destination or both",
			    "the exception takes %s out, for every device and destination",
			    x->rule < 0 ? "all rules" : p->rule[x->rule].name);
		for (unsigned k = 0; k < p->exceptions; k++) {
			const struct exception *o = &p->except[k];

			if (k == i || (o->rule >= 0 && o->rule != x->rule) ||
			    (o->kind != 0 && o->kind != x->kind) ||
			    !within(x->device, o->device) || !within(x->dest, o->dest) ||
			    (o->until != 0 && (x->until == 0 || o->until < x->until)) ||
			    (k > i && o->rule == x->rule && within(o->device, x->device) &&
			    within(o->dest, x->dest)))
				continue;
			say(l, LINT_EXCEPT_SHADOWED, x->file, x->line, "take one of them out",
			    "the exception lies within the one at %.120s:%u", o->file, o->line);
			break;
		}
	}
}

void
lint_program(const struct program *p, const struct program *before, int64_t now,
    lint_fn *tell, void *arg)
{
	struct linter l = { p, tell, arg };
	struct member m[MEMBERS];

	for (unsigned i = 0; i < p->rules; i++) {
		const struct rule *r = &p->rule[i];
		unsigned n = members(r->when, false, m, 0);

		if (n <= MEMBERS) {
			never(&l, r, m, n);
			shadowed(&l, i, m, n);
		}
		tests_of(&l, r);
		windows(&l, r);
		if (before != NULL)
			history(&l, before, r);
	}
	exceptions(&l, now);
}

/* ---- allowed, with a reason ---- */

static bool
next_line(struct span *s, struct span *line)
{
	const uint8_t *end;

	if (s->left == 0)
		return false;
	end = memchr(s->at, '\n', s->left);
	*line = span_of(s->at, end == NULL ? s->left : (size_t)(end - s->at));
	(void)span_skip(s, line->left + (end != NULL));
	return true;
}

static bool
takes(struct span *s, const char *word)
{
	size_t n = strlen(word);

	if (s->left < n || memcmp(s->at, word, n) != 0)
		return false;
	(void)span_skip(s, n);
	return true;
}

static void
spaces(struct span *s)
{
	while (s->left > 0 && (*s->at == ' ' || *s->at == '\t'))
		(void)span_skip(s, 1);
}

bool
lint_allowed(struct span text, unsigned line, unsigned last, enum lint l, char *reason,
    size_t size)
{
	struct span one;

	for (unsigned at = 1; next_line(&text, &one) && at <= last; at++) {
		size_t n;

		if (at + 1 < line)
			continue;
		spaces(&one);
		if (!takes(&one, "#"))
			continue;
		spaces(&one);
		if (!takes(&one, "allow "))
			continue;
		spaces(&one);
		if (!takes(&one, lint_name(l)))
			continue;
		spaces(&one);
		if (!takes(&one, ":"))
			continue;
		spaces(&one);
		while (one.left > 0 && (one.at[one.left - 1] == '\r' ||
		    one.at[one.left - 1] == ' '))
			one.left--;
		if (one.left == 0)
			continue;		/* no reason */
		n = one.left < size - 1 ? one.left : size - 1;
		memcpy(reason, one.at, n);
		reason[n] = '\0';
		return true;
	}
	return false;
}
