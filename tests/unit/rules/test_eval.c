/* SPDX-License-Identifier: GPL-3.0-or-later */
/* eval: truth, sums, limits and exceptions, over records and programs built by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/sample.h"

#include <stdio.h>

/* What the rule under test told, in order. */
struct told {
	unsigned n, updates;
	struct {
		const struct rule *rule;
		enum severity severity;
		bool update, has_sum;
		uint64_t suppressed, sum, first_seq;
		int64_t time, since;
		unsigned notes;
		char note[64], device[64], dest[64];
		enum truth truth[8];
		bool observed_known[8];
		uint64_t observed[8];
	} v[256];
};

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	struct told *t = arg;
	unsigned i = t->n++;

	assert_true(i < 256);
	t->v[i].rule = v->rule;
	t->v[i].severity = v->severity;
	t->v[i].update = v->update;
	t->updates += v->update;
	t->v[i].suppressed = v->suppressed;
	t->v[i].first_seq = v->first.seq;
	t->v[i].has_sum = v->has_sum;
	t->v[i].sum = v->sum;
	t->v[i].since = v->sum_since;
	t->v[i].time = v->o->time;
	t->v[i].notes = v->notes;
	if (v->notes > 0)
		(void)snprintf(t->v[i].note, 64, "%s", v->note[0]);
	(void)snprintf(t->v[i].device, 64, "%s",
	    (const char *)intern_get(v->strings, v->o->device_name).at);
	(void)snprintf(t->v[i].dest, 64, "%s",
	    (const char *)intern_get(v->strings, v->o->dest_name).at);
	for (unsigned r = 0; r < v->reasons && r < 8; r++) {
		t->v[i].truth[r] = v->reason[r].truth;
		t->v[i].observed_known[r] = v->reason[r].observed_known;
		t->v[i].observed[r] = v->reason[r].observed.u;
		assert_ptr_equal(v->reason[r].leaf, v->rule->leaf[r]);
	}
	return (struct event_ref){ 0, 3, i + 1 };
}

/* A program of one rule, and everything it is judged with. */
struct bench {
	struct expr x[16];
	const struct expr *leaf[16];
	struct rule rule;
	struct caveat caveat[2];
	struct exception except[2];
	struct named_list list[2];
	struct program program;
	struct arena *arena;
	struct intern *strings;
	struct eval *eval;
	struct told told;
};

static const enum field per_device[] = { FIELD_device_key };
static const enum field per_both[] = { FIELD_device_key, FIELD_dest_key };

static void
numbers(struct bench *b, const struct expr *x)
{
	struct expr *mine = &b->x[x - b->x];

	if (x->op == EXPR_AND || x->op == EXPR_OR || x->op == EXPR_NOT) {
		numbers(b, x->a);
		if (x->op != EXPR_NOT)
			numbers(b, x->b);
		return;
	}
	mine->leaf = b->rule.leaves;
	if (mine->text == NULL)
		mine->text = "leaf";
	b->leaf[b->rule.leaves++] = x;
}

static void
bench_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->arena = arena_create(1 << 20);
	b->strings = intern_create(&sample_hash, 512);
	assert_non_null(b->arena);
	assert_non_null(b->strings);
	b->rule.name = "rule";
	b->rule.severity = SEVERITY_HIGH;
	b->rule.kind = EVENT_BULK_UPLOAD;
	b->rule.caveat = b->caveat;
	b->program.except = b->except;
	b->program.list = b->list;
}

static void
bench_start_as(struct bench *b, struct siphash_key hash)
{
	struct eval_options o = { .hash = hash, .program = &b->program, .keys = 64,
		.arg = &b->told, .on_verdict = on_verdict };

	b->rule.when = &b->x[0];
	b->rule.leaf = b->leaf;
	b->program.rule = &b->rule;
	b->program.rules = 1;
	if (b->rule.leaves == 0)
		numbers(b, &b->x[0]);
	for (unsigned i = 0; i < 16; i++)
		if (b->x[i].op == EXPR_SUM && b->x[i].text != NULL)
			b->program.sums++;
	b->eval = eval_create(&o, NULL);
	assert_non_null(b->eval);
}

static void
bench_start(struct bench *b)
{
	bench_start_as(b, sample_hash);
}

static void
bench_close(struct bench *b)
{
	eval_destroy(b->eval);
	intern_destroy(b->strings);
	arena_destroy(b->arena);
}

static void
bench_list(struct bench *b, const char *lines)
{
	b->list[0].name = "known";
	b->list[0].hosts = hostlist_parse(b->arena, span_of(lines, strlen(lines)), NULL,
	    NULL);
	assert_non_null(b->list[0].hosts);
	b->program.lists = 1;
}

static struct observation
part(struct bench *b, int64_t seconds, uint64_t flow, uint64_t up)
{
	struct observation o = sample_record(b->strings, OBSERVATION_PART, seconds);

	o.flow_id = flow;
	sample_counters(&o, up);
	return o;
}

static void
see(struct bench *b, const struct observation *o)
{
	eval_observe(b->eval, o, b->strings);
}

static struct expr
sum_of(enum field f, uint64_t limit, int64_t seconds, const enum field *key, unsigned n)
{
	return (struct expr){ .op = EXPR_SUM, .field = f, .cmp = CMP_GE,
		.value = { .type = FIELD_BYTES, .u = limit },
		.window = seconds * NS_PER_S, .key = key, .key_n = n, .text = "sum" };
}

static struct expr
bool_of(enum field f)
{
	return (struct expr){ .op = EXPR_BOOL, .field = f, .text = "bool" };
}

/* ---- three values ---- */

static void
test_and_or_not_follow_the_table_of_three_values(void **state)
{
	/* outbound says true or false; way.two is unknown. */
	static const enum truth table[3][3][3] = {
		/* a, b: and, or, not a */
		[TRUTH_FALSE] = { { TRUTH_FALSE, TRUTH_FALSE, TRUTH_TRUE },
			{ TRUTH_FALSE, TRUTH_TRUE, TRUTH_TRUE },
			{ TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE } },
		[TRUTH_TRUE] = { { TRUTH_FALSE, TRUTH_TRUE, TRUTH_FALSE },
			{ TRUTH_TRUE, TRUTH_TRUE, TRUTH_FALSE },
			{ TRUTH_UNKNOWN, TRUTH_TRUE, TRUTH_FALSE } },
		[TRUTH_UNKNOWN] = { { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_UNKNOWN },
			{ TRUTH_UNKNOWN, TRUTH_TRUE, TRUTH_UNKNOWN },
			{ TRUTH_UNKNOWN, TRUTH_UNKNOWN, TRUTH_UNKNOWN } },
	};
	struct program p = { .rules = 0 };
	struct intern *strings = intern_create(&sample_hash, 64);

	(void)state;
	for (int a = 0; a < 3; a++) {
		for (int b = 0; b < 3; b++) {
			struct observation o = sample_record(strings, OBSERVATION_PART,
			    0);
			struct expr xa = bool_of(FIELD_way_two),
			    xb = bool_of(FIELD_way_half);
			struct expr both = { .op = EXPR_AND, .a = &xa, .b = &xb };
			struct expr either = { .op = EXPR_OR, .a = &xa, .b = &xb };
			struct expr neither = { .op = EXPR_NOT, .a = &xa };

			if (a != TRUTH_UNKNOWN)
				OBSERVATION_SET(&o, way_two, a == TRUTH_TRUE);
			if (b != TRUTH_UNKNOWN)
				OBSERVATION_SET(&o, way_half, b == TRUTH_TRUE);
			assert_int_equal(eval_expr(&p, &both, &o, strings),
			    table[a][b][0]);
			assert_int_equal(eval_expr(&p, &either, &o, strings),
			    table[a][b][1]);
			assert_int_equal(eval_expr(&p, &neither, &o, strings),
			    table[a][b][2]);
		}
	}
	intern_destroy(strings);
}

static enum truth
ask(const struct observation *o, const struct intern *strings, struct expr x)
{
	struct program p = { .rules = 0 };

	return eval_expr(&p, &x, o, strings);
}

static struct expr
compare_u(enum field f, enum compare_op cmp, uint64_t u)
{
	return (struct expr){ .op = EXPR_COMPARE, .field = f, .cmp = cmp,
		.value = { .u = u } };
}

static void
test_every_type_of_field_compares(void **state)
{
	struct intern *strings = intern_create(&sample_hash, 64);
	struct observation o = sample_record(strings, OBSERVATION_PART, 0);
	struct value words[2] = { { .type = FIELD_TEXT, .text = "*.example" },
		{ .type = FIELD_TEXT, .text = "files.*" } };
	struct expr x;

	(void)state;
	sample_counters(&o, 1000);
	OBSERVATION_SET(&o, voice_fano, 0.25);
	OBSERVATION_SET(&o, voice_seconds, 40 * NS_PER_S);
	OBSERVATION_SET(&o, app_risks, 5);
	OBSERVATION_SET(&o, dest_name, intern_put(strings, "Files.Example", 13));
	OBSERVATION_SET(&o, content, CONTENT_AUDIO);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_upload, CMP_GE, 1000)),
	    TRUTH_TRUE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_upload, CMP_GT, 1000)),
	    TRUTH_FALSE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_upload, CMP_LE, 999)),
	    TRUTH_FALSE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_upload, CMP_LT, 1001)),
	    TRUTH_TRUE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_dest_port, CMP_EQ, 443)),
	    TRUTH_TRUE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_dest_port, CMP_NE, 443)),
	    TRUTH_FALSE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_content, CMP_EQ,
	    CONTENT_AUDIO)), TRUTH_TRUE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_app_risks, CMP_EQ, 4)),
	    TRUTH_TRUE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_app_risks, CMP_EQ, 2)),
	    TRUTH_FALSE);
	assert_int_equal(ask(&o, strings, compare_u(FIELD_vlan, CMP_EQ, 2)),
	    TRUTH_UNKNOWN);
	x = (struct expr){ .op = EXPR_COMPARE, .field = FIELD_voice_fano, .cmp = CMP_LE,
		.value = { .n = 0.25 } };
	assert_int_equal(ask(&o, strings, x), TRUTH_TRUE);
	OBSERVATION_SET(&o, voice_fano, 0.0 / 0.0);
	assert_int_equal(ask(&o, strings, x), TRUTH_UNKNOWN);
	x = (struct expr){ .op = EXPR_COMPARE, .field = FIELD_voice_seconds,
		.cmp = CMP_GT, .value = { .i = 39 * NS_PER_S } };
	assert_int_equal(ask(&o, strings, x), TRUTH_TRUE);
	x = (struct expr){ .op = EXPR_COMPARE, .field = FIELD_src_ip, .cmp = CMP_EQ };
	assert_true(prefix_parse("10.20.0.0/24", 12, &x.value.net));
	assert_int_equal(ask(&o, strings, x), TRUTH_TRUE);
	x.field = FIELD_dest_ip;
	assert_int_equal(ask(&o, strings, x), TRUTH_FALSE);
	x = (struct expr){ .op = EXPR_IN_SET, .field = FIELD_dest_name, .set = words,
		.set_n = 2 };
	assert_int_equal(ask(&o, strings, x), TRUTH_TRUE);
	words[0].text = "*.test";
	words[1].text = "files";
	assert_int_equal(ask(&o, strings, x), TRUTH_FALSE);
	x = (struct expr){ .op = EXPR_KNOWN, .field = FIELD_tls_sni };
	assert_int_equal(ask(&o, strings, x), TRUTH_FALSE);
	x.field = FIELD_dest_name;
	assert_int_equal(ask(&o, strings, x), TRUTH_TRUE);
	intern_destroy(strings);
}

static void
test_a_destination_is_not_in_a_list_only_when_no_name_can_come(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	bench_list(&b, "domain partner.example\nnet 198.51.100.0/24\n");
	b.x[0] = (struct expr){ .op = EXPR_DEST_IN_LIST, .list = 0,
		.text = "dest in known" };
	o = sample_record(b.strings, OBSERVATION_PART, 0);
	assert_int_equal(eval_expr(&b.program, &b.x[0], &o, b.strings), TRUTH_FALSE);
	OBSERVATION_SET(&o, dest_settled, 0);
	assert_int_equal(eval_expr(&b.program, &b.x[0], &o, b.strings), TRUTH_UNKNOWN);
	OBSERVATION_SET(&o, dest_logical, intern_put(b.strings, "x.partner.example", 17));
	assert_int_equal(eval_expr(&b.program, &b.x[0], &o, b.strings), TRUTH_TRUE);
	o = sample_record(b.strings, OBSERVATION_PART, 0);
	OBSERVATION_SET(&o, dest_ip, sample_addr("198.51.100.7"));
	assert_int_equal(eval_expr(&b.program, &b.x[0], &o, b.strings), TRUTH_TRUE);
	b.x[0].op = EXPR_EMPTY;
	assert_int_equal(eval_expr(&b.program, &b.x[0], &o, b.strings), TRUTH_FALSE);
	bench_close(&b);
}

static void
test_a_name_that_is_gone_is_no_longer_known(void **state)
{
	struct intern *strings = intern_create(&sample_hash, 8);
	struct observation o = sample_record(strings, OBSERVATION_PART, 0);
	struct expr x = { .op = EXPR_COMPARE, .field = FIELD_device_name, .cmp = CMP_EQ,
		.value = { .text = "meeting-*" } };
	char name[24];

	(void)state;
	assert_int_equal(ask(&o, strings, x), TRUTH_TRUE);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "other-%d", i);
		(void)intern_put(strings, name, strlen(name));
	}
	assert_int_equal(ask(&o, strings, x), TRUTH_UNKNOWN);
	intern_destroy(strings);
}

/* ---- sums ---- */

static void
test_a_sum_adds_the_growth_of_each_flow_once(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = sum_of(FIELD_upload, SAMPLE_MB, 3600, per_both, 2);
	bench_start(&b);
	o = part(&b, 0, 1, 400000);
	see(&b, &o);
	see(&b, &o);			/* the same counter again adds nothing */
	o = part(&b, 1, 2, 500000);
	see(&b, &o);
	assert_int_equal(b.told.n, 0);	/* 900 kB */
	o = part(&b, 2, 1, 500000);
	see(&b, &o);			/* flow 1 grew by 100 kB: 1 MB */
	assert_int_equal(b.told.n, 1);
	assert_true(b.told.v[0].has_sum);
	assert_int_equal(b.told.v[0].sum, 1000000);
	assert_int_equal(b.told.v[0].since, SAMPLE_T0);
	assert_int_equal(b.told.v[0].observed[0], 1000000);
	bench_close(&b);
}

static void
test_a_sum_forgets_after_its_window(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = sum_of(FIELD_upload, SAMPLE_MB, 3600, per_both, 2);
	bench_start(&b);
	o = part(&b, 0, 1, 900000);
	see(&b, &o);
	o = part(&b, 7500, 1, 1100000);
	see(&b, &o);			/* only 200 kB of it are of the last hour */
	assert_int_equal(b.told.n, 0);
	o = part(&b, 7600, 1, 2000000);
	see(&b, &o);
	assert_int_equal(b.told.n, 1);
	assert_int_equal(b.told.v[0].sum, 1100000);
	bench_close(&b);
}

static void
test_a_sum_adds_only_when_its_siblings_are_true_and_then_the_whole_flow(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	bench_list(&b, "domain partner.example\n");
	/* sum and not dest in known: the sum comes first in the text on purpose. */
	b.x[0] = (struct expr){ .op = EXPR_AND, .a = &b.x[1], .b = &b.x[2] };
	b.x[1] = sum_of(FIELD_upload, SAMPLE_MB, 3600, per_both, 2);
	b.x[2] = (struct expr){ .op = EXPR_NOT, .a = &b.x[3] };
	b.x[3] = (struct expr){ .op = EXPR_DEST_IN_LIST, .text = "dest in known" };
	bench_start(&b);
	/* Known destination: never added. */
	o = part(&b, 0, 1, 5 * SAMPLE_MB);
	OBSERVATION_SET(&o, dest_name, intern_put(b.strings, "a.partner.example", 17));
	see(&b, &o);
	/* Unknown yet: not added, and the rule cannot fire. */
	o = part(&b, 1, 2, 900000);
	OBSERVATION_SET(&o, dest_settled, 0);
	see(&b, &o);
	assert_int_equal(b.told.n, 0);
	/* Settled: 0.9 MB came before, all of it counts now. */
	o = part(&b, 2, 2, SAMPLE_MB);
	see(&b, &o);
	assert_int_equal(b.told.n, 1);
	assert_int_equal(b.told.v[0].sum, 1000000);
	assert_int_equal(b.told.v[0].truth[0], TRUTH_TRUE);
	assert_int_equal(b.told.v[0].truth[1], TRUTH_FALSE);	/* dest in known itself */
	bench_close(&b);
}

static void
test_a_window_asks_no_sum_and_adds_nothing(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = sum_of(FIELD_upload, SAMPLE_MB, 3600, per_both, 2);
	bench_start(&b);
	o = part(&b, 0, 1, 600000);
	see(&b, &o);
	o = part(&b, 1, 0, 900000);	/* no flow */
	see(&b, &o);
	o = part(&b, 1, 2, 900000);
	o.kind = OBSERVATION_WINDOW;
	see(&b, &o);
	assert_int_equal(b.told.n, 0);
	o = part(&b, 2, 3, 400000);
	see(&b, &o);
	assert_int_equal(b.told.n, 1);
	o = part(&b, 3, 4, 0);
	o.kind = OBSERVATION_WINDOW;
	see(&b, &o);			/* the rule was told with the
					 * flow that filled the sum */
	assert_int_equal(b.told.n, 1);
	bench_close(&b);
}

static void
test_sums_keep_devices_and_destinations_apart(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = (struct expr){ .op = EXPR_OR, .a = &b.x[1], .b = &b.x[2] };
	b.x[1] = sum_of(FIELD_upload, SAMPLE_MB, 3600, per_both, 2);
	b.x[2] = sum_of(FIELD_upload, 2 * SAMPLE_MB, 3600, per_device, 1);
	b.x[2].sum = 1;
	bench_start(&b);
	for (unsigned i = 0; i < 3; i++) {
		char key[24];

		(void)snprintf(key, sizeof(key), "dest-%u", i);
		o = part(&b, i, 10 + i, 700000);
		OBSERVATION_SET(&o, dest_key, intern_put(b.strings, key, strlen(key)));
		see(&b, &o);
		assert_int_equal(b.told.n, i == 2);	/* 2.1 MB of the device */
	}
	assert_int_equal(b.told.v[0].truth[0], TRUTH_FALSE);
	assert_int_equal(b.told.v[0].truth[1], TRUTH_TRUE);
	assert_int_equal(b.told.v[0].sum, 700000);	/* the first sum is told */
	o = part(&b, 4, 20, 900000);
	OBSERVATION_SET(&o, device_key, intern_put(b.strings, "other", 5));
	see(&b, &o);
	assert_int_equal(b.told.n, 1);
	bench_close(&b);
}

static void
test_a_sum_over_an_unknown_key_is_unknown(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = (struct expr){ .op = EXPR_OR, .a = &b.x[1], .b = &b.x[2] };
	b.x[1] = sum_of(FIELD_upload, 1, 3600, per_both, 2);
	b.x[2] = bool_of(FIELD_outbound);
	bench_start(&b);
	o = part(&b, 0, 1, SAMPLE_MB);
	o.known[FIELD_dest_key / 64] &= ~(UINT64_C(1) << FIELD_dest_key % 64);
	see(&b, &o);
	assert_int_equal(b.told.n, 1);		/* by the other side of the or */
	assert_int_equal(b.told.v[0].truth[0], TRUTH_UNKNOWN);
	assert_false(b.told.v[0].observed_known[0]);
	assert_false(b.told.v[0].has_sum);
	bench_close(&b);
}

static void
test_a_closed_flow_leaves_room_and_its_bytes_stay(void **state)
{
	struct bench b;
	struct eval_counts c;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = sum_of(FIELD_upload, 100 * 10000, 3600, per_both, 2);
	bench_start(&b);
	for (unsigned i = 0; i < 100; i++) {	/* more flows than the 64 entries */
		o = part(&b, i, 100 + i, 10000);
		o.kind = OBSERVATION_CLOSE;
		see(&b, &o);
	}
	assert_int_equal(b.told.n, 1);
	eval_get_counts(b.eval, &c);
	assert_int_equal(c.forgotten, 0);
	assert_int_equal(c.records, 100);
	bench_close(&b);
}

/* ---- limits ---- */

static void
limited(struct bench *b, unsigned limit, int64_t seconds)
{
	b->x[0] = bool_of(FIELD_outbound);
	b->rule.limit = limit;
	b->rule.limit_key = per_both;
	b->rule.limit_key_n = 2;
	b->rule.limit_every = seconds * NS_PER_S;
}

static void
test_a_limit_tells_the_first_and_folds_the_rest_into_one_update(void **state)
{
	struct bench b;
	struct eval_counts c;
	struct observation o;

	(void)state;
	bench_open(&b);
	limited(&b, 2, 3600);
	bench_start(&b);
	for (int i = 0; i < 10; i++) {
		o = part(&b, i, 1, 1000);
		see(&b, &o);
	}
	assert_int_equal(b.told.n, 2);
	eval_step(b.eval, (struct pkt_time){ SAMPLE_T0 + 3599 * NS_PER_S }, b.strings);
	assert_int_equal(b.told.n, 2);
	eval_step(b.eval, (struct pkt_time){ SAMPLE_T0 + 3600 * NS_PER_S }, b.strings);
	assert_int_equal(b.told.n, 3);
	assert_true(b.told.v[2].update);
	assert_int_equal(b.told.v[2].suppressed, 8);
	assert_int_equal(b.told.v[2].first_seq, 1);
	assert_int_equal(b.told.v[2].time, SAMPLE_T0 + 9 * NS_PER_S);
	assert_string_equal(b.told.v[2].device, "meeting-room-3");
	/* A new window: told at once again; nothing folded,
	 * so nothing more at the end. */
	o = part(&b, 3601, 1, 1000);
	see(&b, &o);
	assert_int_equal(b.told.n, 4);
	assert_false(b.told.v[3].update);
	eval_finish(b.eval, (struct pkt_time){ SAMPLE_T0 }, b.strings);
	assert_int_equal(b.told.n, 4);
	eval_get_counts(b.eval, &c);
	assert_int_equal(c.verdicts, 3);
	assert_int_equal(c.updates, 1);
	assert_int_equal(c.suppressed, 8);
	assert_int_equal(eval_fired(b.eval, 0), 11);
	bench_close(&b);
}

static void
test_a_record_after_the_window_closes_it_without_a_step(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	limited(&b, 1, 60);
	bench_start(&b);
	for (int i = 0; i < 4; i++) {
		o = part(&b, i * 25, 1, 1000);	/* 0, 25, 50 | 75 */
		see(&b, &o);
	}
	assert_int_equal(b.told.n, 3);
	assert_true(b.told.v[1].update);
	assert_int_equal(b.told.v[1].suppressed, 2);
	assert_false(b.told.v[2].update);
	bench_close(&b);
}

static void
test_an_update_keeps_names_and_sums_as_they_were(void **state)
{
	struct bench b;
	struct observation o;
	char name[24];

	(void)state;
	bench_open(&b);
	limited(&b, 1, 86400);
	b.x[0] = sum_of(FIELD_upload, SAMPLE_MB, 60, per_both, 2);
	bench_start(&b);
	o = part(&b, 0, 1, SAMPLE_MB);
	see(&b, &o);
	o = part(&b, 5, 1, 3 * SAMPLE_MB);
	OBSERVATION_SET(&o, dest_name, intern_put(b.strings, "files.example", 13));
	see(&b, &o);
	/* The names go, the sum's window passes. */
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "name-%d", i);
		(void)intern_put(b.strings, name, strlen(name));
	}
	assert_int_equal(intern_get(b.strings, o.dest_name).left, 0);
	eval_finish(b.eval, (struct pkt_time){ SAMPLE_T0 + 7200 * NS_PER_S }, b.strings);
	assert_int_equal(b.told.n, 2);
	assert_true(b.told.v[1].update);
	assert_string_equal(b.told.v[1].device, "meeting-room-3");
	assert_string_equal(b.told.v[1].dest, "files.example");
	assert_int_equal(b.told.v[1].sum, 3 * SAMPLE_MB);
	assert_int_equal(b.told.v[1].truth[0], TRUTH_TRUE);
	bench_close(&b);
}

static void
test_limits_make_room_and_lose_no_count(void **state)
{
	struct bench b;
	struct eval_counts c;
	struct observation o;
	uint64_t folded = 0;
	char key[24];

	(void)state;
	bench_open(&b);
	limited(&b, 1, 86400);
	bench_start(&b);
	for (int i = 0; i < 100; i++) {	/* 64 entries */
		(void)snprintf(key, sizeof(key), "key-%d", i);
		for (int k = 0; k < 2; k++) {
			o = part(&b, i, 1, 1000);
			OBSERVATION_SET(&o, dest_key,
			    intern_put(b.strings, key, strlen(key)));
			see(&b, &o);
		}
	}
	eval_finish(b.eval, (struct pkt_time){ SAMPLE_T0 }, b.strings);
	for (unsigned i = 0; i < b.told.n; i++)
		folded += b.told.v[i].suppressed;
	assert_int_equal(b.told.updates, 100);
	assert_int_equal(folded, 100);
	eval_get_counts(b.eval, &c);
	assert_int_equal(c.forgotten, 36);
	bench_close(&b);
}

/* ---- exceptions, caveats, trial ---- */

static void
test_an_exception_suppresses_and_counts_until_its_day(void **state)
{
	struct bench b;
	struct eval_counts c;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = bool_of(FIELD_outbound);
	b.except[0] = (struct exception){ .rule = 0, .device = "Meeting-*",
		.dest = "*.intercom.example", .until = SAMPLE_T0 + 100 * NS_PER_S };
	b.except[1] = (struct exception){ .rule = -1, .device = "10.20.0.99",
		.dest = "203.0.113.0/24" };
	b.program.exceptions = 2;
	bench_start(&b);
	o = part(&b, 0, 1, 1000);
	OBSERVATION_SET(&o, tls_sni, intern_put(b.strings, "a.intercom.example", 18));
	see(&b, &o);
	assert_int_equal(b.told.n, 0);
	o.time = SAMPLE_T0 + 100 * NS_PER_S;
	see(&b, &o);
	assert_int_equal(b.told.n, 0);
	o.time++;
	see(&b, &o);			/* its day is over */
	assert_int_equal(b.told.n, 1);
	o = part(&b, 0, 1, 1000);	/* another destination */
	see(&b, &o);
	assert_int_equal(b.told.n, 2);
	OBSERVATION_SET(&o, src_ip, sample_addr("10.20.0.99"));
	see(&b, &o);			/* by address and network, any rule, for good */
	assert_int_equal(b.told.n, 2);
	eval_get_counts(b.eval, &c);
	assert_int_equal(c.excepted, 3);
	assert_int_equal(c.verdicts, 2);
	bench_close(&b);
}

static void
test_caveats_that_hold_lower_and_note(void **state)
{
	struct bench b;
	struct observation o;
	struct expr half = bool_of(FIELD_way_half),
	    constant = bool_of(FIELD_voice_constant);

	(void)state;
	bench_open(&b);
	b.x[0] = bool_of(FIELD_outbound);
	b.caveat[0] = (struct caveat){ &half, "direction not seen", true };
	b.caveat[1] = (struct caveat){ &constant, "voice or telemetry", false };
	b.rule.caveats = 2;
	b.rule.severity = SEVERITY_LOW;
	bench_start(&b);
	o = part(&b, 0, 1, 1000);
	see(&b, &o);			/* both unknown: nothing happens */
	assert_int_equal(b.told.v[0].severity, SEVERITY_LOW);
	assert_int_equal(b.told.v[0].notes, 0);
	OBSERVATION_SET(&o, voice_constant, 1);
	see(&b, &o);
	assert_int_equal(b.told.v[1].severity, SEVERITY_LOW);
	assert_string_equal(b.told.v[1].note, "voice or telemetry");
	OBSERVATION_SET(&o, way_half, 1);
	see(&b, &o);
	assert_int_equal(b.told.v[2].severity, SEVERITY_INFO);
	assert_int_equal(b.told.v[2].notes, 2);
	b.caveat[1].lower = true;
	see(&b, &o);			/* never below info */
	assert_int_equal(b.told.v[3].severity, SEVERITY_INFO);
	bench_close(&b);
}

static void
test_a_trial_rule_counts_and_never_tells(void **state)
{
	struct bench b;
	struct eval_counts c;
	struct observation o;

	(void)state;
	bench_open(&b);
	limited(&b, 1, 3600);
	b.rule.trial = true;
	bench_start(&b);
	for (int i = 0; i < 5; i++) {
		o = part(&b, i, 1, 1000);
		see(&b, &o);
	}
	eval_finish(b.eval, (struct pkt_time){ SAMPLE_T0 }, b.strings);
	assert_int_equal(b.told.n, 0);
	assert_int_equal(eval_fired(b.eval, 0), 5);
	eval_get_counts(b.eval, &c);
	assert_int_equal(c.trial, 1);		/* what it would have told */
	assert_int_equal(c.verdicts, 0);
	bench_close(&b);
}

static void
test_names_and_losses_are_not_judged(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = bool_of(FIELD_outbound);
	bench_start(&b);
	o = part(&b, 0, 1, 1000);
	o.kind = OBSERVATION_NAME;
	see(&b, &o);
	o.kind = OBSERVATION_LOSS;
	see(&b, &o);
	assert_int_equal(b.told.n, 0);
	o.kind = OBSERVATION_DEVICE;
	see(&b, &o);
	assert_int_equal(b.told.n, 1);
	bench_close(&b);
}

static void
test_the_hash_key_changes_nothing(void **state)
{
	static const struct siphash_key keys[3] = { { 0, 0 }, { 77, 99 },
		{ 0x123456789abcdef0ULL, 0xfedcba9876543210ULL } };
	struct told first = { 0 };

	(void)state;
	for (int k = 0; k < 3; k++) {
		struct bench b;
		char key[24];

		bench_open(&b);
		limited(&b, 1, 50);
		b.x[0] = sum_of(FIELD_upload, 50000, 30, per_both, 2);
		bench_start_as(&b, keys[k]);
		for (int i = 0; i < 300; i++) {
			struct observation o = part(&b, i, 1 + (uint64_t)(i % 70),
			    10000 * (uint64_t)i);

			(void)snprintf(key, sizeof(key), "key-%d", i * 7 % 10);
			OBSERVATION_SET(&o, dest_key,
			    intern_put(b.strings, key, strlen(key)));
			see(&b, &o);
			eval_step(b.eval, (struct pkt_time){ o.time }, b.strings);
		}
		eval_finish(b.eval, (struct pkt_time){ SAMPLE_T0 }, b.strings);
		assert_true(b.told.updates > 3);
		for (unsigned i = 0; i < b.told.n; i++)
			b.told.v[i].rule = NULL;
		if (k == 0)
			first = b.told;
		assert_int_equal(b.told.n, first.n);
		for (unsigned i = 0; i < first.n; i++) {
			assert_int_equal(b.told.v[i].time, first.v[i].time);
			assert_int_equal(b.told.v[i].sum, first.v[i].sum);
			assert_int_equal(b.told.v[i].suppressed, first.v[i].suppressed);
			assert_int_equal(b.told.v[i].update, first.v[i].update);
		}
		bench_close(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_and_or_not_follow_the_table_of_three_values),
		cmocka_unit_test(test_every_type_of_field_compares),
		cmocka_unit_test(
		    test_a_destination_is_not_in_a_list_only_when_no_name_can_come),
		cmocka_unit_test(test_a_name_that_is_gone_is_no_longer_known),
		cmocka_unit_test(test_a_sum_adds_the_growth_of_each_flow_once),
		cmocka_unit_test(test_a_sum_forgets_after_its_window),
		cmocka_unit_test(
		    test_a_sum_adds_only_when_its_siblings_are_true_and_then_the_whole_flow),
		cmocka_unit_test(test_a_window_asks_no_sum_and_adds_nothing),
		cmocka_unit_test(test_sums_keep_devices_and_destinations_apart),
		cmocka_unit_test(test_a_sum_over_an_unknown_key_is_unknown),
		cmocka_unit_test(test_a_closed_flow_leaves_room_and_its_bytes_stay),
		cmocka_unit_test(
		    test_a_limit_tells_the_first_and_folds_the_rest_into_one_update),
		cmocka_unit_test(test_a_record_after_the_window_closes_it_without_a_step),
		cmocka_unit_test(test_an_update_keeps_names_and_sums_as_they_were),
		cmocka_unit_test(test_limits_make_room_and_lose_no_count),
		cmocka_unit_test(test_an_exception_suppresses_and_counts_until_its_day),
		cmocka_unit_test(test_caveats_that_hold_lower_and_note),
		cmocka_unit_test(test_a_trial_rule_counts_and_never_tells),
		cmocka_unit_test(test_names_and_losses_are_not_judged),
		cmocka_unit_test(test_the_hash_key_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
