/* SPDX-License-Identifier: GPL-3.0-or-later */
/* eval: one program follows another. What was counted for a rule with the same id and the
 * same text goes on; what was due for the others is told. */
#include "tests/unit/rules/eval_bench.h"

/* "outbound and upload >= 1 MB within 1 h per device, limit 1 an hour" */
static void
summing(struct bench *b, uint32_t id)
{
	b->x[0] = (struct expr){ .op = EXPR_AND, .a = &b->x[1], .b = &b->x[2] };
	b->x[1] = bool_of(FIELD_outbound);
	b->x[2] = sum_of(FIELD_upload, SAMPLE_MB, 3600, per_device, 1);
	b->rule.id = id;
	b->rule.limit = 1;
	b->rule.limit_key = per_both;
	b->rule.limit_key_n = 2;
	b->rule.limit_every = 3600 * NS_PER_S;
}

static const enum field dest_twice[] = { FIELD_dest_key, FIELD_dest_key };

/* What b told goes to `a`, whose evaluator it follows and then destroys. */
static void
follow(struct bench *b, struct bench *a)
{
	struct eval_options o = { .hash = sample_hash, .program = &b->program,
		.follows = &a->program, .keys = 64, .arg = &a->told,
		.on_verdict = on_verdict };

	bench_start(b);
	eval_destroy(b->eval);
	b->eval = eval_create(&o, NULL);
	assert_non_null(b->eval);
	eval_adopt(b->eval, a->eval);
	eval_destroy(a->eval);
	a->eval = b->eval;
	b->eval = NULL;
}

static void
test_a_rule_with_the_same_text_keeps_its_sums(void **state)
{
	struct bench a, b;
	struct observation o;

	(void)state;
	bench_open(&a);
	bench_open(&b);
	summing(&a, 7);
	summing(&b, 7);
	bench_start(&a);
	o = part(&a, 0, 1, 600000);
	see(&a, &o);
	assert_int_equal(a.told.n, 0);
	follow(&b, &a);
	/* The flow's counter is cumulative: only its growth is added. */
	o = part(&a, 60, 1, 700000);
	see(&a, &o);
	assert_int_equal(a.told.n, 0);
	o = part(&a, 120, 2, 300000);
	see(&a, &o);
	assert_int_equal(a.told.n, 1);
	assert_int_equal(a.told.v[0].sum, SAMPLE_MB);
	assert_int_equal(a.told.v[0].since, SAMPLE_T0);
	assert_ptr_equal(a.told.v[0].rule, &b.rule);
	bench_close(&a);
	bench_close(&b);
}

static void
test_a_rule_that_sums_something_else_starts_new(void **state)
{
	struct bench a, b;
	struct observation o;

	(void)state;
	bench_open(&a);
	bench_open(&b);
	summing(&a, 7);
	summing(&b, 7);
	b.x[2].sum_id = 99;		/* another window, or other keys */
	bench_start(&a);
	o = part(&a, 0, 1, 600000);
	see(&a, &o);
	follow(&b, &a);
	o = part(&a, 60, 2, 500000);
	see(&a, &o);
	assert_int_equal(a.told.n, 0);
	bench_close(&a);
	bench_close(&b);
}

/* A month of sums does not go because somebody moved the threshold. */
static void
test_a_limit_that_is_moved_keeps_what_was_summed(void **state)
{
	struct bench a, b;
	struct observation o;

	(void)state;
	bench_open(&a);
	bench_open(&b);
	summing(&a, 7);
	summing(&b, 7);
	b.x[2].text = "another limit";
	bench_start(&a);
	o = part(&a, 0, 1, 600000);
	see(&a, &o);
	follow(&b, &a);
	o = part(&a, 60, 2, 500000);
	see(&a, &o);
	assert_int_equal(a.told.n, 1);
	bench_close(&a);
	bench_close(&b);
}

static void
test_an_open_limit_is_kept_and_told_once(void **state)
{
	struct bench a, b;
	struct eval_counts c;
	struct observation o;

	(void)state;
	bench_open(&a);
	bench_open(&b);
	summing(&a, 7);
	summing(&b, 7);
	bench_start(&a);
	for (int i = 0; i < 3; i++) {
		o = part(&a, i, 1, 2000000);
		see(&a, &o);
	}
	assert_int_equal(a.told.n, 1);
	follow(&b, &a);
	o = part(&a, 10, 1, 3000000);
	see(&a, &o);
	assert_int_equal(a.told.n, 1);
	eval_step(a.eval, (struct pkt_time){ SAMPLE_T0 + 3600 * NS_PER_S }, a.strings);
	assert_int_equal(a.told.n, 2);
	assert_true(a.told.v[1].update);
	assert_int_equal(a.told.v[1].suppressed, 3);
	assert_int_equal(a.told.v[1].first_seq, 1);
	assert_int_equal(a.told.v[1].sum, 3000000);
	assert_ptr_equal(a.told.v[1].rule, &b.rule);
	eval_get_counts(a.eval, &c);
	assert_int_equal(c.verdicts, 1);
	assert_int_equal(c.records, 4);
	assert_int_equal(c.forgotten, 0);
	assert_int_equal(eval_fired(a.eval, 0), 4);
	bench_close(&a);
	bench_close(&b);
}

static void
test_what_is_due_for_a_rule_that_is_gone_is_told_by_its_own_program(void **state)
{
	struct bench a, b;
	struct observation o;

	(void)state;
	bench_open(&a);
	bench_open(&b);
	summing(&a, 7);
	summing(&b, 8);
	bench_start(&a);
	for (int i = 0; i < 3; i++) {
		o = part(&a, i, 1, 2000000);
		see(&a, &o);
	}
	follow(&b, &a);
	assert_int_equal(a.told.n, 2);
	assert_true(a.told.v[1].update);
	assert_ptr_equal(a.told.v[1].rule, &a.rule);
	assert_int_equal(a.told.v[1].suppressed, 2);
	/* The other rule knows nothing of it. */
	o = part(&a, 10, 1, 2000001);
	see(&a, &o);
	assert_int_equal(a.told.n, 3);
	assert_false(a.told.v[2].update);
	eval_finish(a.eval, (struct pkt_time){ SAMPLE_T0 }, a.strings);
	assert_int_equal(a.told.n, 3);
	bench_close(&a);
	bench_close(&b);
}

static void
test_every_word_of_a_rule_counts(void **state)
{
	struct bench a, b;
	struct rule *r = &b.rule;

	(void)state;
	bench_open(&a);
	bench_open(&b);
	summing(&a, 7);
	summing(&b, 7);
	bench_start(&a);
	bench_start(&b);
	assert_true(rule_same(&a.rule, r));
#define CHANGED(member, value) \
	do { \
		struct rule was = *r; \
		r->member = (value); \
		assert_false(rule_same(&a.rule, r)); \
		*r = was; \
	} while (0)
	CHANGED(id, 8);
	CHANGED(rev, 2);
	CHANGED(name, "other");
	CHANGED(severity, SEVERITY_LOW);
	CHANGED(kind, EVENT_TUNNEL);
	CHANGED(trial, true);
	CHANGED(suspect, true);
	CHANGED(limit, 2);
	CHANGED(limit_every, 1);
	CHANGED(limit_key, dest_twice);
	CHANGED(limit_key_n, 1);
	CHANGED(explain, "other");
	CHANGED(when, &b.x[1]);
	/* Where it stands and how it is tested does not count. */
	r->file = "elsewhere.rules";
	r->line = 99;
	r->tests = 0;
	assert_true(rule_same(&a.rule, r));
	bench_close(&a);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rule_with_the_same_text_keeps_its_sums),
		cmocka_unit_test(test_a_rule_that_sums_something_else_starts_new),
		cmocka_unit_test(test_a_limit_that_is_moved_keeps_what_was_summed),
		cmocka_unit_test(test_an_open_limit_is_kept_and_told_once),
		cmocka_unit_test(
		    test_what_is_due_for_a_rule_that_is_gone_is_told_by_its_own_program),
		cmocka_unit_test(test_every_word_of_a_rule_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
