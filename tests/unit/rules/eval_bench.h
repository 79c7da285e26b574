/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * eval_bench: a program of one rule built by hand, and what it told; for the tests of
 * rules/eval.
 */
#ifndef TESTS_UNIT_RULES_EVAL_BENCH_H
#define TESTS_UNIT_RULES_EVAL_BENCH_H

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

static inline struct event_ref
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

static inline void
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

static inline void
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

static inline void
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

static inline void
bench_start(struct bench *b)
{
	bench_start_as(b, sample_hash);
}

static inline void
bench_close(struct bench *b)
{
	eval_destroy(b->eval);
	intern_destroy(b->strings);
	arena_destroy(b->arena);
}

static inline void
bench_list(struct bench *b, const char *lines)
{
	b->list[0].name = "known";
	b->list[0].hosts = hostlist_parse(b->arena, span_of(lines, strlen(lines)), NULL,
	    NULL);
	assert_non_null(b->list[0].hosts);
	b->program.lists = 1;
}

static inline struct observation
part(struct bench *b, int64_t seconds, uint64_t flow, uint64_t up)
{
	struct observation o = sample_record(b->strings, OBSERVATION_PART, seconds);

	o.flow_id = flow;
	sample_counters(&o, up);
	return o;
}

static inline void
see(struct bench *b, const struct observation *o)
{
	eval_observe(b->eval, o, b->strings);
}

static inline struct expr
sum_of(enum field f, uint64_t limit, int64_t seconds, const enum field *key, unsigned n)
{
	return (struct expr){ .op = EXPR_SUM, .field = f, .cmp = CMP_GE,
		.value = { .type = FIELD_BYTES, .u = limit },
		.window = seconds * NS_PER_S, .key = key, .key_n = n, .text = "sum" };
}

static inline struct expr
bool_of(enum field f)
{
	return (struct expr){ .op = EXPR_BOOL, .field = f, .text = "bool" };
}

#endif
