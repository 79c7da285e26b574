/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan: no rule that a record could fire is left out, and few others are offered. Rules
 * and records are made up by dice; eval_expr, asked of every rule, is the judge.
 */
#include "tests/unit/rules/eval_bench.h"

#include "rules/eval/plan.h"

#include <stdlib.h>

#define RULES 200
#define NODES 24

static uint64_t dice = 88172645463325252ULL;

static unsigned
roll(unsigned sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice >> 33) % sides;
}

/* A condition of its own nodes, that says something of the fields below. */
struct made {
	struct expr x[NODES];
	struct value set[NODES][3];
	unsigned n;
};

/* The last three are no values of a record. */
static const char *const word[] = { "tls", "TLS", "a.tls", "b.a.TLS", ".tls", "ssh", "t*",
	"*.tls", "*.A.tls" };

static struct value
text_value(void)
{
	return (struct value){ .type = FIELD_TEXT, .text = word[roll(9)] };
}

static struct value
port_value(void)
{
	return (struct value){ .type = FIELD_PORT, .u = 440 + roll(8) };
}

static struct value
net_value(void)
{
	struct value v = { .type = FIELD_ADDRESS };

	v.net.net = sample_addr("203.0.113.0");
	v.net.net.b[15] = (uint8_t)roll(8);
	v.net.bits = 128;
	if (roll(4) == 0)
		v.net.bits = (uint8_t)(96 + roll(33));
	return v;
}

static const struct expr *
leaf(struct made *m)
{
	unsigned at = m->n++;
	struct expr *x = &m->x[at];
	enum field f[] = { FIELD_app, FIELD_dest_port, FIELD_dest_ip };
	unsigned which = roll(3);

	*x = (struct expr){ .op = EXPR_COMPARE, .cmp = roll(5) == 0 ? CMP_NE : CMP_EQ,
		.field = f[which], .text = "leaf" };
	switch (roll(6)) {
	case 0:
		*x = bool_of(roll(2) ? FIELD_outbound : FIELD_way_two);
		return x;
	case 1:
		x->op = EXPR_KNOWN;
		return x;
	case 2:
		x->op = EXPR_IN_SET;
		x->set = m->set[at];
		x->set_n = 1 + roll(3);
		for (unsigned i = 0; i < 3; i++)
			m->set[at][i] = which == 0 ? text_value() : which == 1 ?
			    port_value() : net_value();
		return x;
	default:
		x->value = which == 0 ? text_value() : which == 1 ? port_value() :
		    net_value();
		return x;
	}
}

static const struct expr *
make(struct made *m, unsigned depth)
{
	enum expr_op op[] = { EXPR_AND, EXPR_AND, EXPR_AND, EXPR_OR, EXPR_NOT };
	const struct expr *a, *b = NULL;
	struct expr *x;

	if (depth == 0 || roll(4) == 0)
		return leaf(m);
	x = &m->x[m->n++];
	*x = (struct expr){ .op = op[roll(5)] };
	a = make(m, depth - 1);
	if (x->op != EXPR_NOT)
		b = make(m, depth - 1);
	x->a = a;
	x->b = b;
	return x;
}

static struct observation
record(struct intern *strings)
{
	struct observation o = sample_record(strings, OBSERVATION_PART, 0);
	const char *app = word[roll(6)];

	OBSERVATION_SET(&o, outbound, (uint8_t)roll(2));
	OBSERVATION_SET(&o, dest_port, (uint16_t)(440 + roll(8)));
	o.dest_ip.b[15] = (uint8_t)roll(8);
	if (roll(2))
		OBSERVATION_SET(&o, app, intern_put(strings, app, strlen(app)));
	if (roll(2))
		OBSERVATION_SET(&o, way_two, (uint8_t)roll(2));
	if (roll(8) == 0)
		o.known[FIELD_dest_port / 64] &= ~(UINT64_C(1) << (FIELD_dest_port % 64));
	return o;
}

/* What the plan offers, a bit each; each once, in order. */
static const uint64_t *
offered_to(struct plan *pl, const struct observation *o, const struct intern *strings)
{
	static uint64_t offered[10000 / 64 + 1];
	unsigned rule = 0, before = 0;
	bool first = true;

	memset(offered, 0, sizeof(offered));
	plan_offer(pl, o, strings);
	while (plan_next(pl, &rule)) {
		assert_true(first || rule > before);
		offered[rule / 64] |= UINT64_C(1) << (rule % 64);
		before = rule;
		first = false;
	}
	return offered;
}

static bool
has(const uint64_t *offered, unsigned i)
{
	return (offered[i / 64] >> (i % 64) & 1) != 0;
}

static void
test_a_rule_that_can_fire_is_always_offered(void **state)
{
	static struct made made[RULES];
	static struct rule rule[RULES];
	struct program p = { .rule = rule, .rules = RULES };
	struct intern *strings = intern_create(&sample_hash, 64);
	unsigned fired = 0, offers = 0, twins = 0;

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		struct plan *pl;

		for (unsigned i = 0; i < RULES; i++) {
			made[i].n = 0;
			rule[i] = (struct rule){ .when = make(&made[i], 3),
				.leaves = NODES };
		}
		pl = plan_create(&p, &sample_hash);
		assert_non_null(pl);
		for (unsigned n = 0; n < 200; n++) {
			struct observation o = record(strings);
			const uint64_t *offered = offered_to(pl, &o, strings);
			/* By number: what a must that others have too said first; 0:
			 * none was asked. */
			uint8_t said[RULES * NODES] = { 0 };

			assert_true(plan_shared(pl) < RULES * NODES);
			for (unsigned i = 0; i < RULES; i++) {
				bool fires = eval_expr(&p, rule[i].when, &o, strings) ==
				    TRUTH_TRUE, all = true;
				const struct plan_rule *r = plan_rule(pl, i);

				fired += fires;
				offers += has(offered, i);
				if (fires && !has(offered, i))
					fail_msg("rule %u of round %u fires and was not "
					    "offered", i, round);
				for (unsigned k = 0; k < r->musts; k++) {
					enum truth t = eval_expr(&p, r->must[k], &o,
					    strings);
					uint8_t *first = &said[r->shared[k]];

					all = all && t == TRUTH_TRUE;
					if (r->shared[k] == 0)
						continue;
					assert_true(r->shared[k] <= plan_shared(pl));
					twins += *first != 0;
					if (*first == 0)
						*first = (uint8_t)(t + 1);
					assert_int_equal(*first, t + 1);
				}
				assert_int_equal(r->sums, 0);
				assert_int_equal(all, fires);
			}
		}
		plan_destroy(pl);
	}
	/* Dice that never fire anything prove nothing. */
	assert_true(fired > 100000 && offers > fired);
	assert_true(twins > 100000);
	intern_destroy(strings);
}

static void
test_of_ten_thousand_rules_by_address_one_is_offered(void **state)
{
	static struct rule rule[10000];
	static struct expr x[10000];
	struct program p = { .rule = rule, .rules = 10000 };
	struct intern *strings = intern_create(&sample_hash, 64);
	struct observation o = sample_record(strings, OBSERVATION_PART, 0);
	const uint64_t *offered;
	struct plan *pl;
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		x[i] = (struct expr){ .op = EXPR_COMPARE, .cmp = CMP_EQ,
			.field = FIELD_dest_ip };
		x[i].value.type = FIELD_ADDRESS;
		x[i].value.net.net = sample_addr("203.0.0.0");
		x[i].value.net.net.b[14] = (uint8_t)(i >> 8);
		x[i].value.net.net.b[15] = (uint8_t)i;
		x[i].value.net.bits = 128;
		rule[i] = (struct rule){ .when = &x[i], .leaves = 1 };
	}
	pl = plan_create(&p, &sample_hash);
	assert_non_null(pl);
	o.dest_ip = x[4711].value.net.net;
	offered = offered_to(pl, &o, strings);
	for (unsigned i = 0; i < 10000; i++)
		n += has(offered, i);
	assert_int_equal(n, 1);
	assert_true(has(offered, 4711));
	plan_destroy(pl);
	intern_destroy(strings);
}

static void
test_rules_that_want_what_is_not_known_are_not_offered(void **state)
{
	struct expr sum = sum_of(FIELD_upload, 1, 60, per_both, 2),
	    two = bool_of(FIELD_way_two), either = { .op = EXPR_OR, .a = &sum, .b = &two };
	struct rule rule[] = { { .when = &two, .leaves = 1 },
		{ .when = &sum, .leaves = 1 }, { .when = &either, .leaves = 2 } };
	struct program p = { .rule = rule, .rules = 3 };
	struct intern *strings = intern_create(&sample_hash, 64);
	struct observation o = sample_record(strings, OBSERVATION_PART, 0);
	struct plan *pl = plan_create(&p, &sample_hash);

	(void)state;
	assert_non_null(pl);
	assert_int_equal(offered_to(pl, &o, strings)[0], 6);
	o.known[FIELD_dest_key / 64] &= ~(UINT64_C(1) << (FIELD_dest_key % 64));
	assert_int_equal(offered_to(pl, &o, strings)[0], 6);
	OBSERVATION_SET(&o, way_two, 0);
	assert_int_equal(offered_to(pl, &o, strings)[0], 7);
	plan_destroy(pl);
	intern_destroy(strings);
}

/* A record whose destination is not known counts for the device all the same. */
static void
test_a_sum_adds_whatever_the_sum_beside_it_wants(void **state)
{
	struct bench b;
	struct observation o;

	(void)state;
	bench_open(&b);
	b.x[0] = (struct expr){ .op = EXPR_AND, .a = &b.x[1], .b = &b.x[2] };
	b.x[1] = sum_of(FIELD_upload, 5 * SAMPLE_MB, 3600, per_device, 1);
	b.x[2] = sum_of(FIELD_upload, SAMPLE_MB, 3600, per_both, 2);
	b.x[2].sum = 1;
	bench_start(&b);
	o = part(&b, 1, 1, 4 * SAMPLE_MB);
	o.known[FIELD_dest_key / 64] &= ~(UINT64_C(1) << (FIELD_dest_key % 64));
	see(&b, &o);
	assert_int_equal(b.told.n, 0);
	o = part(&b, 2, 2, 2 * SAMPLE_MB);
	see(&b, &o);
	assert_int_equal(b.told.n, 1);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rule_that_can_fire_is_always_offered),
		cmocka_unit_test(test_of_ten_thousand_rules_by_address_one_is_offered),
		cmocka_unit_test(test_a_sum_adds_whatever_the_sum_beside_it_wants),
		cmocka_unit_test(test_rules_that_want_what_is_not_known_are_not_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
