/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `earshot backtest`: what another limit, or other rules, would have told of what was kept.
 * Every step of a sweep is a program of that rule alone, all of them side by side in one pass
 * (rules/bench). With labels whole programs are judged, as one rule may find what another lost.
 */
#include "rules/bench/chart.h"
#include "rules/bench/labels.h"
#include "rules/bench/sweep.h"
#include "rules/cli/commands.h"
#include "rules/cli/versus.h"
#include "rules/event/human.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAMES 262144
#define ROWS (SWEEP_STEPS + 2)

static const char usage[] =
	"usage: earshot backtest [RULES] --captures PATH|--events FILE|--store [OPTIONS]\n"
	"       earshot backtest [RULES] --sweep RULE.WORD=FROM..TO/STEPS ...\n"
	"       (RULES: a folder stands for the shipped rules, a file among them)";

struct backtest {
	struct bench_options b;
	struct rule_files *today_files, *other_files;
	struct program *today, *other;	/* other: of RULES; the same when there are none */
	struct program *swept[2];	/* of today's, when the others are not; and those */
	struct sweep sweep;
	bool sweeps;
	char *label_bytes;
	struct labels *labels;
	struct intern *names;
	struct alerts *alerts[ROWS];	/* today's, other's, each step's */
	struct feed_counts read;
	struct replay_counts counts;
	struct chart_row row[ROWS];
	char word[96];
};

static int
prepare(struct backtest *t, struct fault *why)
{
	struct bench_options *b = &t->b;
	const struct rule_choice *base = &b->o.rules;
	static const struct siphash_key fixed = { 0x6e616d65, 0x73 };
	size_t n;

	if (!feed_named(b))
		return fault_set(why, usage,
		    "nothing to judge: --captures, --events or --store");
	if (b->n == 0 && b->sweep == NULL && b->labels == NULL)
		return fault_set(why, usage, "neither RULES, --sweep nor --labels");
	if (b->svg != NULL && b->sweep == NULL)
		return fault_set(why, NULL, "--svg draws a --sweep");
	t->today = versus_rules(base, NULL, 0, &t->today_files, why);
	if (t->today == NULL)
		return -1;
	t->other = t->today;
	if (b->n > 0)
		t->other = versus_rules(base, b->words, (unsigned)b->n, &t->other_files, why);
	if (t->other == NULL)
		return -1;
	t->sweeps = b->sweep != NULL;
	if (t->sweeps && sweep_parse(b->sweep, t->other, &t->sweep, why) == -1)
		return -1;
	if (b->labels != NULL) {
		t->label_bytes = feed_file(b->labels, &n, why);
		if (t->label_bytes == NULL)
			return -1;
		t->labels = labels_read(span_of(t->label_bytes, n), b->labels, why);
		if (t->labels == NULL)
			return -1;
	}
	t->names = intern_create(&fixed, NAMES);
	for (unsigned i = 0; i < ROWS && t->names != NULL; i++) {
		t->alerts[i] = alerts_create(t->names);
		if (t->alerts[i] == NULL)
			return fault_set(why, NULL, "not enough memory");
	}
	return t->names == NULL ? fault_set(why, NULL, "not enough memory") : 0;
}

/* What the sweep is of, in today's rules; false: today has no such rule. */
static bool
todays_rule(const struct backtest *t, struct sweep *out)
{
	const char *name = t->other->rule[t->sweep.rule].name;

	*out = (struct sweep){ .rule = 0 };
	while (out->rule < t->today->rules &&
	    strcmp(t->today->rule[out->rule].name, name) != 0)
		out->rule++;
	return out->rule < t->today->rules;
}

static int
pass(struct backtest *t, const struct program *p, const struct program *heard_by,
    unsigned rules, struct alerts **to, struct fault *why)
{
	struct versus v = { .b = &t->b, .heard_by = heard_by, .program = p, .rules = rules,
		.alerts = to, .who = "backtest",
		.swept = t->other->rule[t->sweep.rule].id };

	if (p == NULL)
		return fault_set(why, NULL, "not enough memory");
	feed_free(&t->read);
	if (versus_run(&v, why) == -1) {
		feed_free(&v.read);
		return -1;
	}
	t->read = v.read;
	t->counts = v.counts;
	return 0;
}

/* Today's rules, then the others with the steps; in one pass when both are the same. Without
 * labels the swept rule is all that matters. */
static int
run(struct backtest *t, struct fault *why)
{
	bool alone = t->sweeps && t->labels == NULL, same = t->other == t->today;
	struct sweep was;

	if (!same && (!alone || todays_rule(t, &was))) {
		if (alone)
			t->swept[0] = sweep_program(t->today, &was, true, NULL, 0);
		if (pass(t, alone ? t->swept[0] : t->today, t->today,
		    alone ? 1 : t->today->rules, t->alerts, why) == -1)
			return -1;
	}
	if (t->sweeps)
		t->swept[1] = sweep_program(t->other, &t->sweep, alone, t->sweep.value,
		    t->sweep.steps);
	return pass(t, t->sweeps ? t->swept[1] : t->other, t->other,
	    alone ? 1 : t->other->rules, t->alerts + 1, why);
}

static bool
another_rule(void *arg, const struct alert *a)
{
	const struct backtest *t = arg;

	return a->id != t->other->rule[t->sweep.rule].id;
}

/* A figure of a limit: what a person would write, with the digits that tell steps apart. */
static void
limit_text(const struct value *v, char *buf, size_t size)
{
	char room[HUMAN_TEXT];
	double n;

	if (v->type == FIELD_BYTES) {
		n = (double)v->u;
		(void)snprintf(buf, size, "%.4g %s", n >= 1e9 ? n / 1e9 : n >= 1e6 ? n / 1e6 :
		    n >= 1e3 ? n / 1e3 : n, n >= 1e9 ? "GB" : n >= 1e6 ? "MB" :
		    n >= 1e3 ? "kB" : "B");
	} else if (v->type == FIELD_NUMBER) {
		(void)snprintf(buf, size, "%.4g", v->n);
	} else {
		(void)snprintf(buf, size, "%.39s", human_value(v, FIELD_way_media, room));
	}
}

static double
limit_number(const struct value *v)
{
	return v->type == FIELD_BYTES || v->type == FIELD_COUNT ? (double)v->u :
	    v->type == FIELD_DURATION ? (double)v->i / 1e9 : v->n;
}

static int
fill(struct backtest *t, struct chart_row *r, struct alerts *a, bool compare)
{
	struct label_runs runs = { (const char *const *)t->read.name, t->read.runs };
	struct label_score score;
	struct alert_pair *pair;
	unsigned n;

	r->alerts = alerts_count(a);
	r->devices = alerts_devices(a);
	if (t->labels != NULL) {
		labels_score(t->labels, a, t->names, &runs, &score);
		r->found = score.found;
		r->expected = score.expected;
		r->wrong = score.wrong;
		r->unlabelled = score.unlabelled;
	}
	if (!compare)
		return 0;
	pair = alerts_compare(t->alerts[t->other == t->today], a, &n);
	if (pair == NULL)
		return -1;
	for (unsigned i = 0; i < n; i++) {
		r->gained += pair[i].a == NULL;
		r->lost += pair[i].b == NULL;
	}
	r->compared = true;
	free(pair);
	return 0;
}

static int
tell(struct backtest *t, double took)
{
	bool same = t->other == t->today;
	struct chart c = { .row = t->row, .labelled = t->labels != NULL,
		.days = (double)t->counts.span / 86400e9 };
	uint64_t lost = 0;
	char span[32];
	FILE *svg;

	if (t->sweeps) {
		const struct rule *rule = &t->other->rule[t->sweep.rule];

		c.rule = rule->name;
		(void)snprintf(t->word, sizeof(t->word), "%s%s",
		    observation_field[rule->leaf[t->sweep.leaf]->field].word,
		    t->sweep.window ? ".within" : "");
		c.word = t->word;
	}
	(void)snprintf(t->row[c.rows].name, sizeof(t->row->name), "today");
	if (t->sweeps && same)
		limit_text(&t->sweep.now, t->row[0].value, sizeof(t->row->value));
	if (fill(t, &t->row[c.rows++], t->alerts[same], false) == -1)
		return -1;
	if (!same) {
		(void)snprintf(t->row[c.rows].name, sizeof(t->row->name), "new");
		if (t->sweeps)
			limit_text(&t->sweep.now, t->row[c.rows].value,
			    sizeof(t->row->value));
		if (fill(t, &t->row[c.rows++], t->alerts[1], true) == -1)
			return -1;
	}
	for (unsigned i = 0; t->sweeps && i < t->sweep.steps; i++) {
		struct chart_row *r = &t->row[c.rows++];
		struct alerts *a = t->alerts[2 + i];

		/* With labels, what the other rules told counts as well. */
		if (t->labels != NULL)
			alerts_join(a, t->alerts[1], another_rule, t);
		r->swept = true;
		r->at = limit_number(&t->sweep.value[i]);
		limit_text(&t->sweep.value[i], r->value, sizeof(r->value));
		if (fill(t, r, a, true) == -1)
			return -1;
	}
	for (unsigned i = 0; i < ROWS; i++)
		lost += alerts_lost(t->alerts[i]);
	if (t->b.json) {
		chart_json(&c, stdout);
	} else {
		chart_text(&c, stdout);
		printf("\n%llu records of %u input%s, %s of traffic, judged in %.1f s\n",
		    (unsigned long long)t->counts.records, (unsigned)t->counts.runs,
		    t->counts.runs == 1 ? "" : "s", human_duration(t->counts.span, span), took);
		if (t->counts.forgotten > 0)
			printf("%llu keys of sums and limits made room for others: small sums "
			    "may be short\n", (unsigned long long)t->counts.forgotten);
	}
	if (t->read.damaged > 0)
		fprintf(stderr, "earshot backtest: %llu places could not be read\n",
		    (unsigned long long)t->read.damaged);
	if (lost > 0)
		fprintf(stderr, "earshot backtest: %llu alerts found no room, the figures are "
		    "too small\n", (unsigned long long)lost);
	if (t->b.svg == NULL)
		return fflush(stdout) == 0 ? 0 : -1;
	svg = fopen(t->b.svg, "we");
	if (svg == NULL) {
		fprintf(stderr, "earshot backtest: cannot write '%s': %s\n", t->b.svg,
		    strerror(errno));
		return -1;
	}
	chart_svg(&c, svg);
	return fclose(svg) == 0 && fflush(stdout) == 0 ? 0 : -1;
}

int
command_backtest(int argc, char **argv)
{
	struct backtest *t = calloc(1, sizeof(*t));
	struct fault why = { "", "" };
	struct timespec from, to;
	int rc;

	if (t == NULL)
		return EXIT_COULD_NOT;
	rc = bench_options(argc, argv, FOR_BACKTEST, usage, &t->b);
	if (rc != 0) {
		free(t);
		return rc - 1;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	if (prepare(t, &why) == -1) {
		rc = why.what[0] == '\0' ? EXIT_COULD_NOT :
		    bench_mistake("backtest", &why, EXIT_USAGE);
		goto out;
	}
	if (run(t, &why) == -1) {
		rc = bench_mistake("backtest", &why, EXIT_COULD_NOT);
		goto out;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	rc = tell(t, (double)(to.tv_sec - from.tv_sec) +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e9) == -1 ? EXIT_COULD_NOT : EXIT_DONE;
out:
	for (unsigned i = 0; i < ROWS; i++)
		alerts_destroy(t->alerts[i]);
	sweep_program_destroy(t->swept[0]);
	sweep_program_destroy(t->swept[1]);
	intern_destroy(t->names);
	labels_destroy(t->labels);
	free(t->label_bytes);
	feed_free(&t->read);
	if (t->other != t->today)
		program_destroy(t->other);
	program_destroy(t->today);
	rule_files_free(t->other_files);
	rule_files_free(t->today_files);
	bench_options_free(&t->b);
	free(t);
	return rc;
}
