/* SPDX-License-Identifier: GPL-3.0-or-later */
/* eval: sequences, `A then B within TIME per KEYS`: what is remembered, for how long, what is
 * shed when too many begin, and what outlives a reload and a restart. */
#include "tests/unit/rules/eval_bench.h"

#include "rules/lang/program.h"

#define RULE(when) "rule r { id 7 severity low kind tunnel limit 9 per device every 1 h when " when \
	" test \"t\" { pcap \"x\" expect 0 alerts } }\n"

struct play {
	struct program *p;
	struct eval *eval;
	struct intern *strings;
	unsigned told;
	double age, limit;		/* of the reason that is a sequence; -1: not seen */
	char cond[200];
};

static struct event_ref
heard(void *arg, const struct verdict *v)
{
	struct play *k = arg;

	k->told++;
	for (unsigned i = 0; i < v->reasons; i++)
		if (v->reason[i].leaf->op == EXPR_SUM &&
		    v->reason[i].leaf->sums == SUM_AFTER) {
			k->age = v->reason[i].observed_known ?
			    (double)v->reason[i].observed.i / 1e9 : -1;
			k->limit = (double)v->reason[i].leaf->value.i / 1e9;
			(void)snprintf(k->cond, sizeof(k->cond), "%s",
			    v->reason[i].leaf->text);
		}
	return (struct event_ref){ 0 };
}

static void
said(void *arg, const struct diag *d)
{
	(void)arg;
	if (d->level == DIAG_ERROR)
		fail_msg("%u: %s", d->line, d->what);
}

static struct program *
compiled(const char *text)
{
	struct source_file f = { "a.rules", text, strlen(text) };
	struct program *p = program_compile(&(struct compile_options){ .file = &f,
	    .files = 1, .diag = said });

	assert_non_null(p);
	return p;
}

static void
play_open(struct play *k, const char *text, size_t keys)
{
	memset(k, 0, sizeof(*k));
	k->p = compiled(text);
	k->strings = intern_create(&sample_hash, 4096);
	k->eval = eval_create(&(struct eval_options){ .hash = sample_hash, .program = k->p,
	    .keys = keys, .arg = k, .on_verdict = heard }, NULL);
	assert_non_null(k->eval);
}

static void
play_close(struct play *k)
{
	eval_destroy(k->eval);
	intern_destroy(k->strings);
	program_destroy(k->p);
}

/* A record of a device, so many seconds after the beginning, to a port. */
static void
record(struct play *k, double at, const char *device, uint16_t port)
{
	struct observation o = { .size = sizeof(o), .version = OBSERVATION_VERSION,
		.kind = OBSERVATION_WINDOW,
		.time = SAMPLE_T0 + (int64_t)(at * 1e9) };

	OBSERVATION_SET(&o, dest_port, port);
	OBSERVATION_SET(&o, device_key, intern_put(k->strings, device, strlen(device)));
	eval_observe(k->eval, &o, k->strings);
}

static void
test_what_comes_after_in_time_is_told_and_says_how_long_after(void **state)
{
	struct play k;

	(void)state;
	play_open(&k, RULE("dest.port = 1 then (dest.port = 2) within 1 h per device"), 64);
	record(&k, 0, "a", 2);
	record(&k, 1, "a", 1);
	assert_int_equal(k.told, 0);
	record(&k, 2, "b", 2);		/* another device */
	assert_int_equal(k.told, 0);
	record(&k, 1801, "a", 2);
	assert_int_equal(k.told, 1);
	assert_true(k.age == 1800 && k.limit == 3600);
	assert_string_equal(k.cond, "dest.port = 1 then this within 1 h per device");
	record(&k, 3601, "a", 2);	/* to the second */
	assert_int_equal(k.told, 2);
	record(&k, 3601.5, "a", 2);
	assert_int_equal(k.told, 2);
	record(&k, 4000, "a", 1);	/* begins anew */
	record(&k, 4001, "a", 2);
	assert_int_equal(k.told, 3);
	play_close(&k);
}

static void
test_one_record_is_not_before_itself(void **state)
{
	struct play k;

	(void)state;
	play_open(&k, RULE("dest.port = 1 then (dest.port = 1) within 1 h per device"), 64);
	record(&k, 0, "a", 1);
	assert_int_equal(k.told, 0);
	record(&k, 0, "a", 1);
	assert_int_equal(k.told, 1);
	play_close(&k);
}

static void
test_one_record_is_not_two_steps(void **state)
{
	struct play k;

	(void)state;
	play_open(&k, RULE("quarantined or (dest.port in { 1, 2 } then (dest.port = 2) within "
	    "1 h per device then (dest.port = 3) within 1 h per device)"), 64);
	record(&k, 0, "a", 2);		/* is either, and not both */
	record(&k, 1, "a", 3);
	assert_int_equal(k.told, 0);
	record(&k, 2, "a", 2);
	record(&k, 3, "a", 3);
	assert_int_equal(k.told, 1);
	play_close(&k);
}

static void
test_a_clock_that_goes_back_brings_nothing_nearer(void **state)
{
	struct play k;

	(void)state;
	play_open(&k, RULE("dest.port = 1 then (dest.port = 2) within 1 h per device"), 64);
	record(&k, 7200, "a", 1);
	record(&k, 0, "a", 2);
	assert_int_equal(k.told, 0);
	record(&k, 7190, "a", 2);	/* out of order, as records may be */
	assert_int_equal(k.told, 1);
	play_close(&k);
}

static void
test_a_key_that_is_unknown_makes_the_sequence_unknown(void **state)
{
	struct play k;

	(void)state;
	play_open(&k, RULE("not (dest.port = 1 then (dest.port = 2) within 1 h per dest)"),
	    64);
	record(&k, 0, "a", 2);		/* dest.key is not known: unknown, and so is its not */
	assert_int_equal(k.told, 0);
	record(&k, 0, "a", 3);		/* not port 2: no sequence, whoever it is */
	assert_int_equal(k.told, 1);
	play_close(&k);
}

static void
test_the_longest_ago_is_shed_when_too_many_begin_and_counted(void **state)
{
	struct eval_counts c;
	struct play k;
	char name[16];

	(void)state;
	play_open(&k, RULE("dest.port = 1 then (dest.port = 2) within 1 h per device"), 64);
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "d%u", i);
		record(&k, 0.001 * i, name, 1);
	}
	eval_get_counts(k.eval, &c);
	assert_int_equal(c.keys, 64);
	assert_int_equal(c.evicted, 936);
	assert_int_equal(c.forgotten, 936);
	record(&k, 2, "d0", 2);
	assert_int_equal(k.told, 0);
	record(&k, 2, "d999", 2);
	assert_int_equal(k.told, 1);
	play_close(&k);
}

static void
test_a_reload_keeps_what_began_when_the_sequence_is_the_same(void **state)
{
	static const char *const rule[] = {
		RULE("quarantined or dest.port = 1 then (dest.port = 2) within 1 h per device"),
		RULE("dest.port != 9 and (dest.port = 1 then (dest.port = 2) within 1 h per device)"),
	};
	struct program *q;
	struct eval *next;
	struct play k;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		play_open(&k, RULE("dest.port = 1 then (dest.port = 2) within 1 h per "
		    "device"), 64);
		record(&k, 0, "a", 1);
		q = compiled(rule[i]);
		next = eval_create(&(struct eval_options){ .hash = sample_hash,
		    .program = q, .follows = k.p, .keys = 64, .arg = &k,
		    .on_verdict = heard }, NULL);
		eval_adopt(next, k.eval);
		eval_destroy(k.eval);
		program_destroy(k.p);
		k.eval = next;
		k.p = q;
		record(&k, 10, "a", 2);
		assert_int_equal(k.told, i);
		play_close(&k);
	}
}

/* Three steps, the first of them met, then a reload: the second and third are met after. */
static void
test_a_reload_keeps_what_stands_inside_what_began(void **state)
{
	static const char when[] = RULE("dest.port = 1 then (dest.port = 2) within 1 h per device "
	    "then (dest.port = 3) within 1 h per device");
	struct program *q = compiled(when);
	struct eval *next;
	struct play k;

	(void)state;
	play_open(&k, when, 64);
	record(&k, 0, "a", 1);
	next = eval_create(&(struct eval_options){ .hash = sample_hash, .program = q,
	    .follows = k.p, .keys = 64, .arg = &k, .on_verdict = heard }, NULL);
	assert_non_null(next);
	eval_adopt(next, k.eval);
	eval_destroy(k.eval);
	program_destroy(k.p);
	k.eval = next;
	k.p = q;
	record(&k, 10, "a", 2);
	record(&k, 20, "a", 3);
	assert_int_equal(k.told, 1);
	play_close(&k);
}

static struct item {
	uint8_t bytes[EVAL_ITEM_MAX];
	size_t n;
} items[16];
static unsigned saved;

static bool
keep(void *arg, const void *item, size_t n)
{
	(void)arg;
	assert_true(saved < 16 && n <= EVAL_ITEM_MAX);
	memcpy(items[saved].bytes, item, n);
	items[saved++].n = n;
	return true;
}

static void
test_what_began_outlives_the_process(void **state)
{
	static const char rule[] = RULE("dest.port = 1 then (dest.port = 2) within 1 h per device");
	struct eval_cursor cursor = { .all = false };
	struct play k;

	(void)state;
	saved = 0;
	play_open(&k, rule, 64);
	record(&k, 0, "a", 1);
	assert_true(eval_save(k.eval, &cursor, 1000, keep, NULL));
	assert_int_equal(saved, 1);
	assert_true(eval_save(k.eval, &cursor, 1000, keep, NULL));	/* nothing new */
	assert_int_equal(saved, 1);
	play_close(&k);
	play_open(&k, rule, 64);
	assert_true(eval_restore(k.eval, span_of(items[0].bytes, items[0].n)));
	assert_false(eval_restore(k.eval, span_of(items[0].bytes, items[0].n - 1)));
	record(&k, 60, "a", 2);
	assert_int_equal(k.told, 1);
	play_close(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_comes_after_in_time_is_told_and_says_how_long_after),
		cmocka_unit_test(test_one_record_is_not_before_itself),
		cmocka_unit_test(test_one_record_is_not_two_steps),
		cmocka_unit_test(test_a_clock_that_goes_back_brings_nothing_nearer),
		cmocka_unit_test(test_a_key_that_is_unknown_makes_the_sequence_unknown),
		cmocka_unit_test(test_the_longest_ago_is_shed_when_too_many_begin_and_counted),
		cmocka_unit_test(test_a_reload_keeps_what_began_when_the_sequence_is_the_same),
		cmocka_unit_test(test_a_reload_keeps_what_stands_inside_what_began),
		cmocka_unit_test(test_what_began_outlives_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
