/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sweep: the words of it, and programs of one rule. A rule's tree is copied, because a
 * program is immutable; lists and texts stay the program's. */
#include "rules/bench/sweep.h"

#include "rules/lang/lang.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct unit {
	enum field_type type;
	const char *word;
	double times;
} unit[] = {
	{ FIELD_BYTES, "B", 1 }, { FIELD_BYTES, "kB", 1e3 }, { FIELD_BYTES, "MB", 1e6 },
	{ FIELD_BYTES, "GB", 1e9 }, { FIELD_BYTES, "KiB", 1024 },
	{ FIELD_BYTES, "MiB", 1048576 }, { FIELD_BYTES, "GiB", 1073741824 },
	{ FIELD_RATE, "bit/s", 1 }, { FIELD_RATE, "kbit/s", 1e3 }, { FIELD_RATE, "Mbit/s", 1e6 },
	{ FIELD_DURATION, "ms", 1e6 }, { FIELD_DURATION, "s", 1e9 },
	{ FIELD_DURATION, "min", 60e9 }, { FIELD_DURATION, "h", 3600e9 },
	{ FIELD_DURATION, "d", 86400e9 },
	{ FIELD_COUNT, "", 1 }, { FIELD_NUMBER, "", 1 },
};

static int find_rule(const struct program *p, const char *text, size_t n, struct sweep *out,
    struct fault *why);
static int find_leaf(const struct rule *r, const char *text, size_t n, struct sweep *out,
    struct fault *why);
static bool take_number(const char **at, enum field_type type, double *out,
    enum field_type *unit_of);
static struct value made(enum field_type type, double n);

static bool
sweepable(const struct expr *x)
{
	switch (x->value.type) {
	case FIELD_BYTES:
	case FIELD_RATE:
	case FIELD_DURATION:
	case FIELD_COUNT:
	case FIELD_NUMBER:
		return (x->op == EXPR_COMPARE || x->op == EXPR_SUM) &&
		    !(x->op == EXPR_SUM && (x->sums == SUM_DAY || x->sums == SUM_AFTER));
	default:
		return false;
	}
}

int
sweep_parse(const char *text, const struct program *p, struct sweep *out, struct fault *why)
{
	const char *dot = strchr(text, '.'), *eq = strchr(text, '='), *at;
	enum field_type type, from_unit, to_unit;
	const struct expr *x;
	double from, to;
	bool times = false;
	char *end;
	unsigned long steps;

	*out = (struct sweep){ .rule = 0 };
	if (dot == NULL || eq == NULL || dot > eq)
		return fault_set(why, "bulk-upload.upload.unseen=500kB..5MB/10",
		    "'%.80s' is no sweep: it is RULE.WORD=FROM..TO/STEPS", text);
	if (find_rule(p, text, (size_t)(dot - text), out, why) == -1 ||
	    find_leaf(&p->rule[out->rule], dot + 1, (size_t)(eq - dot - 1), out, why) == -1)
		return -1;
	x = p->rule[out->rule].leaf[out->leaf];
	type = out->window ? FIELD_DURATION : x->value.type;
	out->now = out->window ? made(FIELD_DURATION, (double)x->window) : x->value;
	at = eq + 1;
	if (!take_number(&at, type, &from, &from_unit) || strncmp(at, "..", 2) != 0)
		goto range;
	at += 2;
	if (!take_number(&at, type, &to, &to_unit) || *at != '/')
		goto range;
	steps = strtoul(at + 1, &end, 10);
	if (*end == 'x') {
		times = true;
		end++;
	}
	if (end == at + 1 || *end != '\0' || at[1] == '-')
		goto range;
	if (steps < 2 || steps > SWEEP_STEPS)
		return fault_set(why, NULL, "a sweep has 2 to %d steps, not %lu", SWEEP_STEPS,
		    steps);
	if (!(from < to) || from < 0 || (times && from <= 0))
		return fault_set(why, NULL, "'%.80s' goes nowhere: FROM lies below TO%s",
		    eq + 1, times ? ", and above 0" : "");
	if (out->window && from < 1e9)
		return fault_set(why, NULL, "a window lasts a second at least");
	for (unsigned i = 0; i < steps; i++) {
		double part = (double)i / (double)(steps - 1);
		double n = times ? from * pow(to / from, part) : from + (to - from) * part;
		double grain;

		/* Three figures: a limit that a person would write. The ends stay. */
		if (i > 0 && i + 1 < steps && n > 0) {
			grain = pow(10, floor(log10(n)) - 2);
			n = round(n / grain) * grain;
		}
		out->value[out->steps++] = made(type, n);
	}
	return 0;
range:
	return fault_set(why, "as in bulk-upload.upload.unseen=500kB..5MB/10",
	    "'%.80s' is no range of %s", eq + 1, type == FIELD_BYTES ? "bytes" :
	    type == FIELD_RATE ? "rates" : type == FIELD_DURATION ? "times" : "numbers");
}

static int
find_rule(const struct program *p, const char *text, size_t n, struct sweep *out,
    struct fault *why)
{
	char word[80], remedy[200];
	struct guess g;

	(void)snprintf(word, sizeof(word), "%.*s", n < 70 ? (int)n : 70, text);
	g = guess_start(word);
	for (unsigned i = 0; i < p->rules; i++) {
		if (strcmp(p->rule[i].name, word) == 0) {
			out->rule = i;
			return 0;
		}
		guess_try(&g, p->rule[i].name);
	}
	return fault_set(why, guess_remedy(&g, "'earshot rules print' shows the rules", remedy,
	    sizeof(remedy)), "no rule is called '%s'", word);
}

static int
find_leaf(const struct rule *r, const char *text, size_t n, struct sweep *out,
    struct fault *why)
{
	static const char within[] = ".within";
	char word[80], others[300] = "";
	char *hash;
	unsigned long nth = 0;
	unsigned found = 0, sums = 0, last = 0, last_sum = 0;

	(void)snprintf(word, sizeof(word), "%.*s", n < 70 ? (int)n : 70, text);
	n = strlen(word);
	if (n > sizeof(within) - 1 && strcmp(word + n - (sizeof(within) - 1), within) == 0) {
		out->window = true;
		word[n - (sizeof(within) - 1)] = '\0';
	}
	hash = strchr(word, '#');
	if (hash != NULL) {
		nth = strtoul(hash + 1, NULL, 10);
		*hash = '\0';
	}
	for (unsigned i = 0; i < r->leaves; i++) {
		const struct expr *x = r->leaf[i];
		size_t at = strlen(others);

		if (!sweepable(x) || (out->window && x->op != EXPR_SUM))
			continue;
		if (at + 60 < sizeof(others))
			(void)snprintf(others + at, sizeof(others) - at, "%s%.40s%s",
			    at > 0 ? ", " : "", observation_field[x->field].word,
			    out->window ? ".within" : "");
		if (strcmp(observation_field[x->field].word, word) != 0)
			continue;
		last = i;
		if (++found == nth) {
			out->leaf = i;
			return 0;
		}
		if (x->op == EXPR_SUM) {
			sums++;
			last_sum = i;
		}
	}
	out->leaf = found == 1 ? last : last_sum;
	if (nth == 0 && (found == 1 || sums == 1))
		return 0;
	if (found > 1 && nth == 0)
		return fault_set(why, "say which: '#1' behind the word is the first",
		    "rule '%s' compares '%s' %u times", r->name, word, found);
	return fault_set(why, others[0] == '\0' ? NULL : others,
	    "rule '%s' does not compare '%s'%s%s", r->name, word, found > 0 ? " so often" : "",
	    others[0] == '\0' ? ", nor any figure" : "");
}

static struct value
made(enum field_type type, double n)
{
	struct value v = { .type = type };

	if (type == FIELD_BYTES || type == FIELD_COUNT)
		v.u = n < 1e19 ? (uint64_t)(n + 0.5) : UINT64_MAX;
	else if (type == FIELD_DURATION)
		v.i = n < 9e18 ? (int64_t)n : INT64_MAX;
	else
		v.n = n;
	return v;
}

static bool
take_number(const char **at, enum field_type type, double *out, enum field_type *unit_of)
{
	const struct unit *best = NULL;
	const char *s = *at;
	char *end;
	size_t n = 0;

	if (*s < '0' || *s > '9')
		return false;
	/* "10..20": strtod would take "10." and leave ".20". */
	while ((s[n] >= '0' && s[n] <= '9') || (s[n] == '.' && s[n + 1] != '.'))
		n++;
	*out = strtod(s, &end);
	s += n;
	while (*s == ' ')
		s++;
	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		if (unit[i].type == type && strncmp(s, unit[i].word,
		    strlen(unit[i].word)) == 0 && (best == NULL ||
		    strlen(unit[i].word) > strlen(best->word)))
			best = &unit[i];
	if (best == NULL || !(*out < 1e15))
		return false;
	*out *= best->times;
	*unit_of = best->type;
	*at = s + strlen(best->word);
	return true;
}

/* ---- programs ---- */

struct variant {
	struct program p;		/* first: what others hold */
	struct rule *rule;
	struct expr *x;			/* of all trees that are ours, in one piece */
	const struct expr **leaf;	/* of them */
	struct exception *except;
	const struct expr **after;	/* beginnings of sequences, as program.after */
	unsigned used, leaves, sums;
};

static unsigned
nodes(const struct expr *x)
{
	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		return 1 + nodes(x->a) + nodes(x->b);
	case EXPR_NOT:
		return 1 + nodes(x->a);
	default:
		return 1;
	}
}

/* As deep as the parser allows. */
static struct expr *
copy(struct variant *v, const struct expr *x, const struct expr **leaf)
{
	struct expr *out = &v->x[v->used++];

	*out = *x;
	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		out->a = copy(v, x->a, leaf);
		out->b = copy(v, x->b, leaf);
		break;
	case EXPR_NOT:
		out->a = copy(v, x->a, leaf);
		break;
	default:
		leaf[x->leaf] = out;
	}
	return out;
}

/* The rule with another limit. Its sums are those of the rule as it stands, unless what is
 * added to them differs: then they are its own. */
static void
turn(struct variant *v, struct rule *out, const struct rule *r, const struct sweep *s,
    const struct value *value)
{
	const struct expr **leaf = v->leaf + v->leaves;
	unsigned begin = v->used;
	bool guard = r->leaf[s->leaf]->op != EXPR_SUM;

	*out = *r;
	v->leaves += r->leaves;
	out->when = copy(v, r->when, leaf);
	out->leaf = leaf;
	for (struct expr *x = v->x + begin; x < v->x + v->used; x++) {
		bool it = x->op != EXPR_AND && x->op != EXPR_OR && x->op != EXPR_NOT &&
		    x->leaf == s->leaf;

		if (x->op == EXPR_SUM && (guard || (it && s->window))) {
			x->sum = v->sums++;
			if (x->sums == SUM_AFTER)
				v->after[v->p.afters++] = x;
		}
		if (it && s->window)
			x->window = value->i;
		else if (it)
			x->value = *value;
	}
}

static void
except(struct variant *v, const struct program *p, const struct sweep *s, unsigned kept,
    unsigned values, bool alone)
{
	for (unsigned i = 0; i < p->exceptions; i++) {
		const struct exception *x = &p->except[i];

		if (x->rule < 0 || !alone) {
			v->except[v->p.exceptions++] = *x;
		} else if ((unsigned)x->rule == s->rule) {
			v->except[v->p.exceptions] = *x;
			v->except[v->p.exceptions++].rule = 0;
		}
		for (unsigned k = 0; x->rule >= 0 && (unsigned)x->rule == s->rule &&
		    k < values; k++) {
			v->except[v->p.exceptions] = *x;
			v->except[v->p.exceptions++].rule = (int)(kept + k);
		}
	}
}

struct program *
sweep_program(const struct program *p, const struct sweep *s, bool alone,
    const struct value *value, unsigned values)
{
	const struct rule *r = &p->rule[s->rule];
	struct variant *v = calloc(1, sizeof(*v));
	unsigned kept = alone ? 1 : p->rules, ours = values + 1;

	if (v == NULL)
		return NULL;
	v->rule = calloc(kept + values + 1, sizeof(*v->rule));
	v->x = calloc((size_t)nodes(r->when) * ours, sizeof(*v->x));
	v->leaf = calloc((size_t)(r->leaves + 1) * ours, sizeof(*v->leaf));
	v->except = calloc((size_t)(p->exceptions + 1) * ours, sizeof(*v->except));
	v->after = calloc(p->afters + (size_t)r->leaves * ours + 1, sizeof(*v->after));
	if (v->rule == NULL || v->after == NULL || v->x == NULL || v->leaf == NULL || v->except == NULL) {
		sweep_program_destroy(&v->p);
		return NULL;
	}
	v->p = *p;
	v->p.exceptions = v->p.afters = 0;
	v->sums = p->sums;		/* of other rules only the heads keep any */
	if (alone)
		v->rule[0] = *r;
	else
		memcpy(v->rule, p->rule, p->rules * sizeof(*v->rule));
	for (unsigned i = 0; i < values; i++) {
		turn(v, &v->rule[kept + i], r, s, &value[i]);
		v->rule[kept + i].id = UINT32_MAX - i;
	}
	/* Behind ours, which rest on them: a record is judged outer before inner. All of them,
	 * for what stands inside a head is no leaf of its rule. */
	for (unsigned i = 0; i < p->afters; i++)
		v->after[v->p.afters++] = p->after[i];
	except(v, p, s, kept, values, alone);
	v->p.rule = v->rule;
	v->p.rules = kept + values;
	v->p.sums = v->sums;
	v->p.except = v->except;
	v->p.after = v->after;
	return &v->p;
}

void
sweep_program_destroy(struct program *p)
{
	struct variant *v = (struct variant *)(void *)p;

	if (v == NULL)
		return;
	free(v->rule);
	free(v->x);
	free(v->leaf);
	free(v->except);
	free(v->after);
	free(v);
}
