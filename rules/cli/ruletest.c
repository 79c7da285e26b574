/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruletest: groups tests by capture, reads each capture once, runs tables of flows one by
 * one, compares what was told with what was expected. */
#include "rules/cli/ruletest.h"

#include "rules/bench/near.h"
#include "rules/bench/replay.h"
#include "rules/bench/rows.h"
#include "rules/cli/launch.h"
#include "rules/cli/pipe.h"
#include "rules/cli/tabletest.h"
#include "rules/event/human.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct one {
	const struct rule *rule;
	const struct rule_test *test;
	char *path;			/* of its capture; a table has none */
	unsigned seen;
	char fired[200];		/* the first that was one too many */
	bool done;
};

enum result { PASSED, FAILED, SKIPPED };

struct run {
	const struct program *program;
	struct dpi_cell *cell;
	struct one *one;
	unsigned n;
	const char *path;		/* of the capture being read */
	struct one *table;		/* being run; NULL: none */
	struct replay *replay;		/* a second look at a test that failed; NULL: none */
	struct near *near;
};

static bool asks(const struct expr *x, enum field f);
static bool shut(const struct program *p, const struct expr *x, const struct named_list **list);
static unsigned collect(const struct program *p, struct one *out);
static enum result judge(const struct program *p, const struct one *t, bool missing, bool ran,
    bool verbose);
static void say_why(struct run *r, struct one *t);
static int run_table(struct run *r, struct one *t, struct fault *why);
static int read_one(struct run *r, const char *path, struct fault *why);
static struct event_ref on_verdict(void *arg, const struct verdict *v);

int
rules_test(struct rule_files *f, bool verbose)
{
	struct run r = { 0 };
	unsigned count[3] = { 0, 0, 0 }, errors = 0;
	struct program *p = rule_files_compile(f, false, &errors);
	struct fault why = { 0 };
	int rc = EXIT_COULD_NOT;

	if (p == NULL)
		return EXIT_COULD_NOT;
	r.program = p;
	r.n = collect(p, NULL);
	r.one = calloc(r.n + 1, sizeof(*r.one));
	r.cell = dpi_cell_start(&(struct dpi_cell_options){ 0 }, &why);
	if (r.one == NULL || r.cell == NULL) {
		fprintf(stderr, "earshot rules test: %s\n", why.what);
		goto out;
	}
	(void)collect(p, r.one);
	for (unsigned i = 0; i < r.n; i++) {
		bool missing = r.one[i].path != NULL && access(r.one[i].path, R_OK) == -1;
		enum result said;
		int ran;

		if (r.one[i].done)
			continue;
		ran = missing ? 0 : r.one[i].path == NULL ? run_table(&r, &r.one[i], &why) :
		    read_one(&r, r.one[i].path, &why);
		if (ran == -1)
			fprintf(stderr, "earshot rules test: %s%s%s\n", why.what,
			    why.remedy[0] != '\0' ? "\n  try: " : "", why.remedy);
		for (unsigned k = i; k < r.n; k++) {
			if (k != i && (r.one[i].path == NULL || r.one[k].path == NULL ||
			    strcmp(r.one[k].path, r.one[i].path) != 0))
				continue;
			r.one[k].done = true;
			said = judge(p, &r.one[k], missing, ran == 0, verbose);
			count[said]++;
			if (said == FAILED && ran == 0)
				say_why(&r, &r.one[k]);
		}
	}
	printf("%u passed, %u failed, %u skipped\n", count[PASSED], count[FAILED],
	    count[SKIPPED]);
	rc = count[FAILED] > 0 ? EXIT_COULD_NOT : EXIT_DONE;
out:
	for (unsigned i = 0; r.one != NULL && i < r.n; i++)
		free(r.one[i].path);
	free(r.one);
	dpi_cell_stop(r.cell);
	program_destroy(p);
	return rc;
}

static enum result
skip(const struct one *t, const char *a, const char *b, const char *c, const char *d)
{
	printf("skip  %s: %s (%s%s%s%s)\n", t->rule->name, t->test->name, a, b, c, d);
	return SKIPPED;
}

/* Says what is not as it should be. */
static enum result
judge(const struct program *p, const struct one *t, bool missing, bool ran, bool verbose)
{
	const struct named_list *list = NULL;
	struct program *as_tested;
	bool ok, is_shut;

	if (missing)
		return skip(t, "'", t->test->pcap, "' is not here", "");
	if (t->path != NULL && p->inventory == NULL && asks(t->rule->when,
	    FIELD_device_known))
		return skip(t, "no inventory: give --inventory", "", "", "");
	as_tested = table_program(p, t->test);
	is_shut = as_tested != NULL && shut(as_tested, t->rule->when, &list);
	if (is_shut)
		(void)skip(t, "list '", list->name, "' is ",
		    hostlist_size(list->hosts) == 0 ? "empty: give --known" :
		    "not empty: leave out --known");
	free(as_tested);
	if (is_shut)
		return SKIPPED;
	ok = ran && (t->test->how == EXPECT_AT_LEAST ? t->seen >= t->test->expect :
	    t->seen == t->test->expect);
	if (!ok || verbose)
		printf("%s  %s: %s (expected %s%u, saw %u)\n", ok ? "ok  " : "FAIL",
		    t->rule->name, t->test->name, t->test->how == EXPECT_AT_LEAST ?
		    "at least " : "", t->test->expect, t->seen);
	return ok ? PASSED : FAILED;
}

/* Does a rule rest on this field? */
static bool
asks(const struct expr *x, enum field f)
{
	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		return asks(x->a, f) || asks(x->b, f);
	case EXPR_NOT:
		return asks(x->a, f);
	default:
		return x->op != EXPR_EMPTY && x->op != EXPR_DEST_IN_LIST && x->field == f;
	}
}

/* A rule that cannot hold, whatever a capture shows, for it asks for a list that is empty
 * or for one that is not. */
static bool
shut(const struct program *p, const struct expr *x, const struct named_list **list)
{
	const struct expr *leaf = x->op == EXPR_NOT ? x->a : x;

	if (x->op == EXPR_AND)
		return shut(p, x->a, list) || shut(p, x->b, list);
	if (x->op == EXPR_OR)
		return shut(p, x->a, list) && shut(p, x->b, list);
	if (leaf->op != EXPR_EMPTY)
		return false;
	*list = &p->list[leaf->list];
	return (hostlist_size((*list)->hosts) == 0) == (x->op == EXPR_NOT);
}

/* Counts the tests; with out, fills them in the order of the rules. */
static unsigned
collect(const struct program *p, struct one *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->rules; i++)
		for (unsigned k = 0; k < p->rule[i].tests; k++, n++) {
			const struct rule *rule = &p->rule[i];
			const char *slash = strrchr(rule->file, '/');
			const char *pcap = rule->test[k].pcap;
			size_t dir = slash == NULL ? 0 : (size_t)(slash - rule->file) + 1;

			if (out == NULL)
				continue;
			out[n].rule = rule;
			out[n].test = &rule->test[k];
			if (pcap == NULL)
				continue;
			out[n].path = calloc(1, dir + strlen(pcap) + 1);
			if (out[n].path == NULL)
				return n;
			if (pcap[0] != '/')
				memcpy(out[n].path, rule->file, dir);
			strcat(out[n].path, pcap);
		}
	return n;
}

/* ---- why a test failed ---- */

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct run *r = arg;

	replay_record(r->replay, o, strings);
}

static void
on_judged(void *arg, unsigned which, struct eval *e, unsigned rule, bool fired,
    const struct observation *o, const struct intern *strings)
{
	struct run *r = arg;

	(void)which;
	near_take(r->near, e, rule, fired, o, strings);
}

/* The record that came nearest, and the first condition that it did not meet. */
static void
say_nearest(const struct program *p, const struct near *near)
{
	const struct near_case *c = near_get(near, 0);
	struct bench_row row;
	char a[NEAR_NAME], b[NEAR_NAME], text[300];
	unsigned first;

	if (c == NULL) {
		printf("      no record could have fired it\n");
		return;
	}
	first = near_first(c, &p->rule[c->rule]);
	if (first >= c->leaves)
		return;
	row_of_case(p, c, first, &row);
	printf("      first not met: %s: observed %s, limit %s\n", row.cond,
	    row.observed[0] != '\0' ? row.observed : "nothing (unknown)",
	    row.limit[0] != '\0' ? row.limit : "-");
	printf("      nearest was %s to %s: %s\n", plain_text(c->device, a, sizeof(a)),
	    plain_text(c->dest, b, sizeof(b)), case_lacks(p, c, text, sizeof(text)));
}

/* A failed test is run again, and looked at. */
static void
say_why(struct run *r, struct one *t)
{
	static const struct siphash_key fixed = { 0x74657374, 0x73 };
	struct program *p;
	const struct program *list[1];
	struct near_options no = { .hash = fixed, .most = 1e9 };
	struct replay_options ro = { .hash = fixed, .program = list, .programs = 1, .arg = r,
		.on_judged = on_judged, .always = (int)(t->rule - r->program->rule) };
	struct fault why;

	if (t->fired[0] != '\0') {
		printf("      one too many: %s\n", t->fired);
		return;
	}
	p = table_program(r->program, t->test);
	if (p == NULL)
		return;
	no.program = list[0] = p;
	r->near = near_create(&no);
	r->replay = replay_create(&ro, &why);
	if (r->near != NULL && r->replay != NULL && replay_begin(r->replay, &why) == 0 &&
	    (t->path == NULL ? run_table(r, t, &why) : read_one(r, t->path, &why)) == 0) {
		replay_end(r->replay);
		(void)near_finish(r->near);
		say_nearest(p, r->near);
	}
	replay_destroy(r->replay);
	near_destroy(r->near);
	r->replay = NULL;
	r->near = NULL;
	free(p);
}

static int
read_one(struct run *r, const char *path, struct fault *why)
{
	/* Known killers are let through: the rule about quarantined flows is a rule too. */
	struct pipe_options po = { .program = r->program, .cell = r->cell,
		.pass_killers = true, .arg = r, .on_verdict = on_verdict,
		.on_record = r->replay == NULL ? NULL : on_record };
	struct source *s = source_open_file(path, NULL, why);
	struct pipe *p = NULL;
	int n = SOURCE_FAULT;

	if (s == NULL ||
	    getrandom(&po.hash, sizeof(po.hash), 0) != (ssize_t)sizeof(po.hash) ||
	    (p = pipe_create(&po, why)) == NULL)
		goto out;
	r->path = path;
	while ((n = source_dispatch(s, 4096, pipe_frame, p, why)) >= 0)
		continue;
	pipe_finish(p);
out:
	pipe_destroy(p);
	source_destroy(s);
	return n == SOURCE_END ? 0 : -1;
}

static int
run_table(struct run *r, struct one *t, struct fault *why)
{
	struct table_run o = { .program = r->program, .test = t->test, .cell = r->cell,
		.arg = r, .on_verdict = on_verdict,
		.on_record = r->replay == NULL ? NULL : on_record };
	int rc;

	r->table = t;
	rc = table_run(&o, why);
	r->table = NULL;
	return rc;
}

static void
say_fired(struct one *t, const struct verdict *v)
{
	char a[ADDR_TEXT], b[ADDR_TEXT], when[PKT_TIME_TEXT], text[200];
	struct span device = device_label(v->o, v->strings, a);
	struct span dest = dest_label(v->o, v->strings, b);

	(void)snprintf(text, sizeof(text), "%.*s to %.*s, %s", (int)device.left,
	    (const char *)device.at, (int)dest.left, (const char *)dest.at,
	    moment_text(v->o->time, when));
	(void)plain_text(text, t->fired, sizeof(t->fired));
}

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	struct run *r = arg;

	if (r->replay != NULL)		/* a second look counts nothing */
		return (struct event_ref){ 0 };
	for (unsigned i = 0; i < r->n; i++) {
		struct one *t = &r->one[i];

		if (t->rule != v->rule || v->update || (r->table != NULL ? t != r->table :
		    t->path == NULL || strcmp(t->path, r->path) != 0))
			continue;
		if (t->test->where != NULL && eval_expr(v->program, t->test->where, v->o,
		    v->strings) != TRUTH_TRUE)
			continue;
		t->seen++;
		if (t->test->how != EXPECT_AT_LEAST && t->seen == t->test->expect + 1)
			say_fired(t, v);
	}
	return (struct event_ref){ 0 };
}
