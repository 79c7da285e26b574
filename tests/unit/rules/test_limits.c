/* SPDX-License-Identifier: GPL-3.0-or-later */
/* eval: limits, exceptions, caveats and trial, over programs built by hand. */
#include "tests/unit/rules/eval_bench.h"

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
	b.caveat[0] = (struct caveat){ &half, "direction not seen", true, false, 0 };
	b.caveat[1] = (struct caveat){ &constant, "voice or telemetry", false, false, 0 };
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
test_what_is_raised_within_a_window_is_told_at_once(void **state)
{
	struct bench b;
	struct observation o;
	struct expr fits = bool_of(FIELD_call_fits);

	(void)state;
	bench_open(&b);
	limited(&b, 1, 3600);
	b.caveat[0] = (struct caveat){ &fits, "a call's recording", false, true, 0 };
	b.rule.caveats = 1;
	b.rule.severity = SEVERITY_HIGH;
	bench_start(&b);
	for (int i = 0; i < 3; i++) {
		o = part(&b, i, 1, 1000);
		see(&b, &o);
	}
	assert_int_equal(b.told.n, 1);
	assert_int_equal(b.told.v[0].severity, SEVERITY_HIGH);
	o = part(&b, 3, 1, 1000);
	OBSERVATION_SET(&o, call_fits, true);
	see(&b, &o);
	assert_int_equal(b.told.n, 2);
	assert_int_equal(b.told.v[1].severity, SEVERITY_CRITICAL);
	assert_true(b.told.v[1].update);
	assert_int_equal(b.told.v[1].suppressed, 3);
	assert_int_equal(b.told.v[1].first_seq, 1);
	assert_string_equal(b.told.v[1].note, "a call's recording");
	/* Once a window; and what was told is not told again at its end. */
	see(&b, &o);
	assert_int_equal(b.told.n, 2);
	eval_finish(b.eval, (struct pkt_time){ SAMPLE_T0 }, b.strings);
	assert_int_equal(b.told.n, 3);
	assert_int_equal(b.told.v[2].suppressed, 1);
	bench_close(&b);
}

static void
test_raise_and_lower_add_up_and_stay_in_their_bounds(void **state)
{
	struct bench b;
	struct observation o;
	struct expr fits = bool_of(FIELD_call_fits), half = bool_of(FIELD_way_half);

	(void)state;
	bench_open(&b);
	b.x[0] = bool_of(FIELD_outbound);
	b.caveat[0] = (struct caveat){ &fits, "a call's recording", false, true, 0 };
	b.caveat[1] = (struct caveat){ &half, "direction not seen", true, false, 0 };
	b.rule.caveats = 2;
	b.rule.severity = SEVERITY_CRITICAL;
	bench_start(&b);
	o = part(&b, 0, 1, 1000);
	OBSERVATION_SET(&o, call_fits, true);
	see(&b, &o);			/* never above critical */
	assert_int_equal(b.told.v[0].severity, SEVERITY_CRITICAL);
	OBSERVATION_SET(&o, way_half, true);
	see(&b, &o);			/* one up, one down, in whatever order */
	assert_int_equal(b.told.v[1].severity, SEVERITY_CRITICAL);
	assert_int_equal(b.told.v[1].notes, 2);
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
		cmocka_unit_test(
		    test_a_limit_tells_the_first_and_folds_the_rest_into_one_update),
		cmocka_unit_test(test_a_record_after_the_window_closes_it_without_a_step),
		cmocka_unit_test(test_an_update_keeps_names_and_sums_as_they_were),
		cmocka_unit_test(test_limits_make_room_and_lose_no_count),
		cmocka_unit_test(test_an_exception_suppresses_and_counts_until_its_day),
		cmocka_unit_test(test_caveats_that_hold_lower_and_note),
		cmocka_unit_test(test_what_is_raised_within_a_window_is_told_at_once),
		cmocka_unit_test(test_raise_and_lower_add_up_and_stay_in_their_bounds),
		cmocka_unit_test(test_a_trial_rule_counts_and_never_tells),
		cmocka_unit_test(test_names_and_losses_are_not_judged),
		cmocka_unit_test(test_the_hash_key_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
