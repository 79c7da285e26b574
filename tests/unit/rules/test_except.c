/* SPDX-License-Identifier: GPL-3.0-or-later */
/* eval: what exceptions count, and that it outlives an hour, a reload and a restart. */
#include "tests/unit/rules/eval_bench.h"

#define TEXT(more) \
	"rule r { id 7 severity low kind tunnel limit 9 per device every 1 h " \
	"when dest.port = 1 test \"t\" { pcap \"x\" expect 0 alerts } }\n" more
#define EXCEPT "except rule r device \"a*\" until 2099-01-01 owner \"o\" reason \"w\"\n"

struct play {
	struct program *p;
	struct eval *eval;
	struct intern *strings;
	unsigned told, said;
	uint64_t fresh, hits;
};

static struct event_ref
heard(void *arg, const struct verdict *v)
{
	(void)v;
	((struct play *)arg)->told++;
	return (struct event_ref){ 0 };
}

static void
quiet(void *arg, const struct program *p, unsigned exception, const struct exception_hits *h)
{
	struct play *k = arg;

	assert_true(exception < p->exceptions);
	assert_string_equal(h->device, "a1");
	k->said++;
	k->fresh = h->fresh;
	k->hits = h->hits;
}

static struct program *
compiled(const char *text)
{
	struct source_file f = { "a.rules", text, strlen(text) };
	struct program *p = program_compile(&(struct compile_options){ .file = &f,
	    .files = 1 });

	assert_non_null(p);
	return p;
}

static struct eval *
evaluator(struct play *k, const struct program *p, const struct program *follows)
{
	struct eval *e = eval_create(&(struct eval_options){ .hash = sample_hash,
	    .program = p, .follows = follows, .keys = 64, .arg = k, .on_verdict = heard,
	    .on_excepted = quiet }, NULL);

	assert_non_null(e);
	return e;
}

static void
play_open(struct play *k, const char *text)
{
	memset(k, 0, sizeof(*k));
	k->p = compiled(text);
	k->strings = intern_create(&sample_hash, 4096);
	k->eval = evaluator(k, k->p, NULL);
}

static void
play_close(struct play *k)
{
	eval_destroy(k->eval);
	intern_destroy(k->strings);
	program_destroy(k->p);
}

static void
record(struct play *k, double at, const char *device)
{
	struct observation o = { .size = sizeof(o), .version = OBSERVATION_VERSION,
		.kind = OBSERVATION_WINDOW,
		.time = SAMPLE_T0 + (int64_t)(at * 1e9) };

	OBSERVATION_SET(&o, dest_port, 1);
	OBSERVATION_SET(&o, device_key, intern_put(k->strings, device, strlen(device)));
	eval_observe(k->eval, &o, k->strings);
	eval_step(k->eval, (struct pkt_time){ o.time }, k->strings);
}

static void
test_what_is_kept_quiet_is_said_once_an_hour_and_at_the_end(void **state)
{
	struct play k;

	(void)state;
	play_open(&k, TEXT(EXCEPT));
	for (unsigned i = 0; i < 100; i++)
		record(&k, i, "a1");
	record(&k, 100, "b");
	assert_int_equal(k.told, 1);
	assert_int_equal(k.said, 0);
	record(&k, 3600, "b");
	assert_int_equal(k.said, 1);
	assert_int_equal(k.fresh, 100);
	record(&k, 3700, "a1");
	assert_int_equal(k.said, 1);
	eval_finish(k.eval, (struct pkt_time){ SAMPLE_T0 + 3701 * NS_PER_S }, k.strings);
	assert_int_equal(k.said, 2);
	assert_int_equal(k.fresh, 1);
	assert_int_equal(k.hits, 101);
	assert_int_equal(eval_exception(k.eval, 0)->hits, 101);
	play_close(&k);
}

static void
test_a_reload_keeps_what_the_same_exception_counted(void **state)
{
	static const char *const next[] = { TEXT("# moved\n\n" EXCEPT), TEXT("") };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct program *q = compiled(next[i]);
		struct eval *e;
		struct play k;

		play_open(&k, TEXT(EXCEPT));
		record(&k, 0, "a1");
		record(&k, 1, "a1");
		e = evaluator(&k, q, k.p);
		eval_adopt(e, k.eval);
		/* What nobody takes over is said, so that it is not lost. */
		assert_int_equal(k.said, i);
		eval_destroy(k.eval);
		program_destroy(k.p);
		k.eval = e;
		k.p = q;
		if (i == 0) {
			record(&k, 2, "a1");
			assert_int_equal(eval_exception(k.eval, 0)->hits, 3);
		}
		play_close(&k);
	}
}

/* The same exception twice, the first until a day before: neither's count is taken over by
 * the other's. */
static void
test_two_that_say_the_same_are_both_taken_over(void **state)
{
	static const char text[] = TEXT("except rule r device \"a*\" until 2025-12-31 owner "
	    "\"o\" reason \"w\"\n" EXCEPT);
	struct program *q = compiled(text);
	struct eval *e;
	struct play k;

	(void)state;
	play_open(&k, text);
	record(&k, 0, "a1");
	record(&k, 1, "a1");
	record(&k, 100 * 86400, "a1");
	assert_int_equal(eval_exception(k.eval, 0)->hits, 2);
	assert_int_equal(eval_exception(k.eval, 1)->hits, 1);
	e = evaluator(&k, q, k.p);
	eval_adopt(e, k.eval);
	eval_destroy(k.eval);
	program_destroy(k.p);
	k.eval = e;
	k.p = q;
	assert_int_equal(eval_exception(e, 0)->hits, 2);
	assert_int_equal(eval_exception(e, 1)->hits, 1);
	play_close(&k);
}

static uint8_t item[EVAL_ITEM_MAX];
static size_t item_n;
static unsigned items;

static bool
keep(void *arg, const void *bytes, size_t n)
{
	(void)arg;
	memcpy(item, bytes, n);
	item_n = n;
	items++;
	return true;
}

static void
test_hits_outlive_the_process(void **state)
{
	struct eval_cursor c = { .all = false };
	struct play k;

	(void)state;
	items = 0;
	play_open(&k, TEXT(EXCEPT));
	record(&k, 0, "a1");
	record(&k, 5, "a1");
	assert_true(eval_save(k.eval, &c, 1000, keep, NULL));
	assert_int_equal(items, 1);
	assert_true(eval_save(k.eval, &c, 1000, keep, NULL));
	assert_int_equal(items, 1);
	play_close(&k);
	play_open(&k, TEXT(EXCEPT));
	assert_true(eval_restore(k.eval, span_of(item, item_n)));
	assert_int_equal(eval_exception(k.eval, 0)->hits, 2);
	assert_int_equal(eval_exception(k.eval, 0)->last, SAMPLE_T0 + 5 * NS_PER_S);
	play_close(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept_quiet_is_said_once_an_hour_and_at_the_end),
		cmocka_unit_test(test_a_reload_keeps_what_the_same_exception_counted),
		cmocka_unit_test(test_two_that_say_the_same_are_both_taken_over),
		cmocka_unit_test(test_hits_outlive_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
