/* SPDX-License-Identifier: GPL-3.0-or-later */
/* eval: truth and sums, over records and programs built by hand. */
#include "tests/unit/rules/eval_bench.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
