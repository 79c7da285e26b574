/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench: what a near miss lacks, sweeps that tell what a rule written with that limit tells,
 * alerts held against alerts and labels, flow events as records. Rules here are compiled from
 * text, records are made by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/bench/alerts.h"
#include "rules/bench/flow_event.h"
#include "rules/bench/labels.h"
#include "rules/bench/learn.h"
#include "rules/bench/near.h"
#include "rules/bench/replay.h"
#include "rules/bench/rows.h"
#include "rules/bench/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 (INT64_C(1795132800) * NS_PER_S)

static const struct siphash_key key = { 1, 2 };

static void
on_diag(void *arg, const struct diag *d)
{
	(void)arg;
	fprintf(stderr, "%u:%u %s\n", d->line, d->column, d->what);
}

static struct program *
program_of(const char *text)
{
	struct source_file f = { "test.rules", text, strlen(text) };
	struct compile_options o = { .file = &f, .files = 1, .diag = on_diag };
	struct program *p = program_compile(&o);

	assert_non_null(p);
	return p;
}

static const char volume[] = "rule volume { id 1 rev 1 severity high kind bulk-upload\n"
	"when outbound and not dest.looked_up and upload >= 1 MB within 1 h per device, dest\n"
	"limit 1 per device, dest every 1 h explain \"x\" }\n";

/* A flow of device d to host h that ended after `up` bytes. */
static struct observation
flow(struct intern *strings, uint64_t id, unsigned d, unsigned h, int64_t seconds, uint64_t up)
{
	struct observation o = { .size = sizeof(o), .version = OBSERVATION_VERSION,
		.kind = OBSERVATION_CLOSE, .time = T0 + seconds * NS_PER_S, .flow_id = id,
		.ordinal = id };
	struct addr in, out;
	char text[32];

	(void)snprintf(text, sizeof(text), "10.0.0.%u", d);
	assert_true(addr_parse(text, strlen(text), &in));
	OBSERVATION_SET(&o, src_ip, in);
	OBSERVATION_SET(&o, device_key, intern_put(strings, text, strlen(text)));
	(void)snprintf(text, sizeof(text), "203.0.113.%u", h);
	assert_true(addr_parse(text, strlen(text), &out));
	OBSERVATION_SET(&o, dest_ip, out);
	OBSERVATION_SET(&o, dest_key, intern_put(strings, text, strlen(text)));
	OBSERVATION_SET(&o, outbound, true);
	OBSERVATION_SET(&o, dest_looked_up, false);
	OBSERVATION_SET(&o, dest_settled, true);
	OBSERVATION_SET(&o, upload, up);
	OBSERVATION_SET(&o, download, up / 10);
	return o;
}

struct world {
	struct intern *strings, *names;
	struct replay *replay;
	struct near *near;
	struct alerts *alerts[8];	/* by rule */
};

static void
on_verdict(void *arg, unsigned which, const struct verdict *v)
{
	struct world *w = arg;
	size_t rule = (size_t)(v->rule - v->program->rule);

	assert_int_equal(which, 0);
	assert_true(rule < 8);
	alerts_take(w->alerts[rule], 0, 1, v);
}

static void
on_judged(void *arg, unsigned which, struct eval *e, unsigned rule, bool fired,
    const struct observation *o, const struct intern *strings)
{
	struct world *w = arg;

	(void)which;
	near_take(w->near, e, rule, fired, o, strings);
}

static struct world
begin(const struct program *p, double most)
{
	struct world w = { .near = NULL };
	struct near_options no = { .program = p, .hash = key, .most = most };

	w.strings = intern_create(&key, 1024);
	w.names = intern_create(&key, 1024);
	w.near = near_create(&no);
	for (unsigned i = 0; i < 8; i++)
		w.alerts[i] = alerts_create(w.names);
	return w;
}

static void
start(struct world *w, const struct program *const *p, int always)
{
	struct fault why;
	struct replay_options ro = { .hash = key, .program = p, .programs = 1, .arg = w,
		.on_verdict = on_verdict, .on_judged = on_judged, .always = always };

	w->replay = replay_create(&ro, &why);
	assert_non_null(w->replay);
	assert_int_equal(replay_begin(w->replay, &why), 0);
}

static void
end(struct world *w)
{
	replay_destroy(w->replay);
	near_destroy(w->near);
	for (unsigned i = 0; i < 8; i++)
		alerts_destroy(w->alerts[i]);
	intern_destroy(w->strings);
	intern_destroy(w->names);
}

static void
send(struct world *w, uint64_t id, unsigned d, unsigned h, int64_t seconds, uint64_t up)
{
	struct observation o = flow(w->strings, id, d, h, seconds, up);

	replay_record(w->replay, &o, w->strings);
}

static void
test_near_ranks_by_what_is_lacking_and_leaves_out_what_fired(void **state)
{
	struct program *p = program_of(volume);
	const struct program *const list[] = { p };
	struct world w = begin(p, 0);
	char text[200];

	(void)state;
	start(&w, list, -1);
	send(&w, 1, 1, 1, 0, 400000);
	send(&w, 2, 1, 1, 60, 438000);		/* 838 kB together */
	send(&w, 3, 2, 1, 61, 100000);
	send(&w, 4, 3, 1, 62, 900000);
	send(&w, 5, 3, 1, 63, 200000);		/* fires: what led there is no miss */
	replay_end(w.replay);
	assert_int_equal(alerts_count(w.alerts[0]), 1);
	assert_int_equal(near_finish(w.near), 2);
	assert_string_equal(near_get(w.near, 0)->device, "10.0.0.1");
	assert_true(near_get(w.near, 0)->lacks > 0.161 && near_get(w.near, 0)->lacks < 0.163);
	assert_string_equal(case_lacks(p, near_get(w.near, 0), text, sizeof(text)),
	    "upload 838 kB of 1 MB, 83 %");
	assert_string_equal(near_get(w.near, 1)->device, "10.0.0.2");
	assert_int_equal(near_first(near_get(w.near, 1), &p->rule[0]), 2);
	end(&w);
	program_destroy(p);
}

/* A word that is not met lacks 1: no near miss, but an answer for who asks for this rule. */
static void
test_near_of_a_named_rule_says_whatever_is_lacking(void **state)
{
	struct program *p = program_of("rule r { id 1 rev 1 severity low kind budget\n"
	    "when outbound and (upload >= 100 kB or download >= 8 kB) and quarantined and "
	    "not dest.looked_up explain \"x\" }");
	const struct program *const list[] = { p };
	struct world w = begin(p, 1e9);
	bool needed[NEAR_LEAVES];
	const struct near_case *c;
	struct bench_row row;

	(void)state;
	start(&w, list, 0);
	send(&w, 1, 1, 1, 0, 60000);		/* 0.4 or 0.25 short; quarantined unknown: 1 */
	replay_end(w.replay);
	assert_int_equal(near_finish(w.near), 1);
	c = near_get(w.near, 0);
	assert_true(c->lacks > 1.249 && c->lacks < 1.251);
	near_needed(c, &p->rule[0], needed);
	assert_false(needed[0] || needed[1] || needed[4]);
	assert_true(needed[2] && needed[3]);
	row_of_case(p, c, 3, &row);
	assert_int_equal(row.passed, TRUTH_UNKNOWN);
	row_of_case(p, c, 4, &row);
	assert_int_equal(row.passed, TRUTH_TRUE);
	end(&w);
	program_destroy(p);
}

static void
test_sweep_reads_units_steps_and_windows(void **state)
{
	struct program *p = program_of(volume);
	struct sweep s;
	struct fault why;

	(void)state;
	assert_int_equal(sweep_parse("volume.upload=500kB..2.5MB/5", p, &s, &why), 0);
	assert_int_equal(s.steps, 5);
	assert_int_equal(s.value[0].u, 500000);
	assert_int_equal(s.value[1].u, 1000000);
	assert_int_equal(s.value[4].u, 2500000);
	assert_int_equal(s.now.u, 1000000);
	assert_int_equal(sweep_parse("volume.upload=1 MiB..16 MiB/5x", p, &s, &why), 0);
	assert_int_equal(s.value[0].u, 1048576);
	assert_int_equal(s.value[2].u, 4190000);	/* three figures */
	assert_int_equal(s.value[4].u, 16777216);
	assert_int_equal(sweep_parse("volume.upload.within=10min..2h/2", p, &s, &why), 0);
	assert_true(s.window);
	assert_int_equal(s.value[1].i, 7200 * NS_PER_S);
	assert_int_equal(sweep_parse("volum.upload=1MB..2MB/2", p, &s, &why), -1);
	assert_non_null(strstr(why.remedy, "volume"));
	assert_int_equal(sweep_parse("volume.download=1MB..2MB/2", p, &s, &why), -1);
	assert_non_null(strstr(why.remedy, "upload"));
	assert_int_equal(sweep_parse("volume.upload=2MB..1MB/2", p, &s, &why), -1);
	assert_int_equal(sweep_parse("volume.upload=1MB..2MB/1", p, &s, &why), -1);
	assert_int_equal(sweep_parse("volume.upload=1s..2s/3", p, &s, &why), -1);
	assert_int_equal(sweep_parse("volume.upload=1MB..2MB", p, &s, &why), -1);
	assert_int_equal(sweep_parse("volume", p, &s, &why), -1);
	program_destroy(p);
}

/* All steps side by side, sums shared, tell what each rule by itself would have. */
static void
test_sweep_tells_what_the_rule_with_that_limit_tells(void **state)
{
	static const char *const range[] = { "volume.upload=300kB..900kB/3",
		"volume.upload.within=10min..60min/3" };
	char text[400];
	struct program *p = program_of(volume);

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		struct sweep s;
		struct fault why;
		struct program *all;
		unsigned n[3], sum = 0;

		assert_int_equal(sweep_parse(range[round], p, &s, &why), 0);
		all = sweep_program(p, &s, true, s.value, s.steps);
		assert_non_null(all);
		assert_int_equal(all->rules, 4);
		for (unsigned one = 0; one < 4; one++) {
			struct program *alone = NULL;
			const struct program *run = all;
			struct world w;

			if (one > 0) {
				(void)snprintf(text, sizeof(text), "rule volume { id 1 rev 1 "
				    "severity high kind bulk-upload\nwhen outbound and not "
				    "dest.looked_up and upload >= %llu B within %lld s per "
				    "device, dest limit 1 per device, dest every 1 h "
				    "explain \"x\" }", round == 0 ?
				    (unsigned long long)s.value[one - 1].u : 1000000ULL,
				    round == 0 ? 3600LL :
				    (long long)(s.value[one - 1].i / NS_PER_S));
				run = alone = program_of(text);
			}
			w = begin(run, 0);
			start(&w, &run, -1);
			for (unsigned i = 0; i < 400; i++)
				send(&w, i + 1, i % 7, i % 3, i * 11, 20000 + i * 7919 % 200000);
			replay_end(w.replay);
			if (one == 0) {
				for (unsigned k = 0; k < 3; k++) {
					n[k] = alerts_count(w.alerts[1 + k]);
					sum += n[k];
				}
			} else {
				assert_int_equal(alerts_count(w.alerts[0]), n[one - 1]);
			}
			end(&w);
			program_destroy(alone);
		}
		assert_true(sum > 10);
		assert_true(n[0] != n[2]);
		sweep_program_destroy(all);
	}
	program_destroy(p);
}

static void
test_compare_pairs_by_device_destination_and_time(void **state)
{
	struct program *p = program_of(volume);
	const struct program *const list[] = { p };
	struct world a = begin(p, 0), b = begin(p, 0);
	struct alert_pair *pair;
	unsigned n, gained = 0, lost = 0, both = 0;

	(void)state;
	intern_destroy(b.names);
	b.names = a.names;
	for (unsigned i = 0; i < 8; i++) {
		alerts_destroy(b.alerts[i]);
		b.alerts[i] = alerts_create(a.names);
	}
	start(&a, list, -1);
	start(&b, list, -1);
	send(&a, 1, 1, 1, 0, 2000000);
	send(&b, 1, 1, 1, 300, 2000000);	/* the same, later */
	send(&a, 2, 2, 1, 400, 2000000);	/* gone */
	send(&b, 3, 1, 2, 500, 2000000);	/* new: another destination */
	send(&b, 4, 1, 1, 90000, 2000000);	/* new: another day */
	replay_end(a.replay);
	replay_end(b.replay);
	pair = alerts_compare(a.alerts[0], b.alerts[0], &n);
	assert_non_null(pair);
	for (unsigned i = 0; i < n; i++) {
		gained += pair[i].a == NULL;
		lost += pair[i].b == NULL;
		both += pair[i].a != NULL && pair[i].b != NULL;
	}
	assert_int_equal(both, 1);
	assert_int_equal(lost, 1);
	assert_int_equal(gained, 2);
	assert_int_equal(alerts_devices(b.alerts[0]), 1);
	free(pair);
	b.names = NULL;
	end(&b);
	end(&a);
	program_destroy(p);
}

static void
test_labels_count_found_false_and_unlabelled(void **state)
{
	static const char text[] = "capture\tsrc\tdst\texpect\n"
		"one\t10.0.0.1\t203.0.113.1\talert\n"
		"one\t10.0.0.9\t203.0.113.1\talert\n"
		"one\t10.0.0.2\t203.0.113.*\tquiet\n"
		"other\t10.0.0.1\t203.0.113.1\talert\n";
	static const char *const run[] = { "/x/one.pcap.zst" };
	struct label_runs runs = { run, 1 };
	struct program *p = program_of(volume);
	const struct program *const list[] = { p };
	struct world w = begin(p, 0);
	struct label_score s;
	struct fault why;
	struct labels *l = labels_read(span_of(text, sizeof(text) - 1), "x.tsv", &why);

	(void)state;
	assert_non_null(l);
	start(&w, list, -1);
	send(&w, 1, 1, 1, 0, 2000000);
	send(&w, 2, 2, 3, 1, 2000000);
	send(&w, 3, 3, 3, 2, 2000000);
	replay_end(w.replay);
	labels_score(l, w.alerts[0], w.names, &runs, &s);
	assert_int_equal(s.found, 1);
	assert_int_equal(s.expected, 2);	/* the row of what was not read does not count */
	assert_int_equal(s.wrong, 1);
	assert_int_equal(s.unlabelled, 1);
	labels_destroy(l);
	assert_null(labels_read(span_of("a\tb\n", 4), "x.tsv", &why));
	assert_non_null(strstr(why.what, "no column"));
	end(&w);
	program_destroy(p);
}

static void
test_a_flow_event_is_a_record(void **state)
{
	static const char line[] = "{\"timestamp\":\"2026-11-22T04:07:57.153510Z\","
		"\"event_type\":\"flow\",\"flow_id\":77,\"src_ip\":\"10.20.0.21\",\"src_port\":1,"
		"\"dest_ip\":\"203.0.113.10\",\"dest_port\":443,\"proto\":\"TCP\","
		"\"app_proto\":\"tls\",\"tls\":{\"sni\":\"a.example\"},"
		"\"earshot\":{\"device\":{\"key\":\"tablet\",\"known\":true},"
		"\"window\":{\"bytes_up\":2000000,\"bytes_down\":1000},"
		"\"seen\":{\"loss\":true},\"ended\":\"fin\"}}";
	static const struct prefix_set nobody_said = { .n = 0 };
	struct intern *strings = intern_create(&key, 64);
	struct observation o;

	(void)state;
	assert_true(flow_event_record(span_of(line, sizeof(line) - 1), &nobody_said, strings,
	    &o));
	assert_int_equal(o.kind, OBSERVATION_CLOSE);
	assert_int_equal(o.flow_id, 77);
	assert_true(o.outbound);
	assert_int_equal(o.upload, 2000000);
	assert_int_equal(o.unseen, 2000000);
	assert_int_equal(o.transport, TRANSPORT_TCP);
	assert_true(observation_known(&o, FIELD_device_known) && o.device_known);
	assert_int_equal(intern_get(strings, o.tls_sni).left, 9);
	assert_int_equal(o.flow_end, FLOW_END_FIN);
	assert_int_equal(o.seen, SEEN_LOSS);
	assert_false(observation_known(&o, FIELD_voice_score));
	assert_false(flow_event_record(span_of(line, sizeof(line) - 2), &nobody_said, strings,
	    &o));
	assert_false(flow_event_record(span_of("{\"event_type\":\"alert\"}", 22), &nobody_said,
	    strings, &o));
	intern_destroy(strings);
}

/* The store's small flows count: 300 sums of 4 kB are 1.2 MB. */
static void
test_what_a_store_summed_is_judged(void **state)
{
	struct program *p = program_of(volume);
	const struct program *const list[] = { p };
	struct world w = begin(p, 0);

	(void)state;
	start(&w, list, -1);
	for (unsigned i = 0; i < 300; i++) {
		struct observation o = flow(w.strings, 0, 1, 1, i * 5, 4000);

		o.kind = OBSERVATION_SUM;
		replay_record(w.replay, &o, w.strings);
	}
	replay_end(w.replay);
	assert_int_equal(alerts_count(w.alerts[0]), 1);
	end(&w);
	program_destroy(p);
}

/* Three steps, swept by the last one's limit: the rule and its copies tell the same, and a
 * record that is the first and the second step is not both. */
static void
test_sweep_keeps_what_stands_inside_sequences(void **state)
{
	struct program *p = program_of("rule volume { id 1 rev 1 severity high kind bulk-upload\n"
	    "when upload in 100 B..300 B then (upload = 200 B) within 1 h per device then "
	    "(upload >= 1 kB) within 1 h per device\n"
	    "limit 1 per device, dest every 1 s explain \"x\" }\n"
	    "rule other { id 2 rev 1 severity high kind tunnel when upload = 7 B }\n");
	struct sweep s;
	struct fault why;
	struct program *all;
	const struct program *run;
	struct world w;

	(void)state;
	assert_int_equal(sweep_parse("volume.upload=1kB..3kB/3", p, &s, &why), 0);
	run = all = sweep_program(p, &s, true, s.value, s.steps);
	assert_non_null(all);
	w = begin(run, 0);
	start(&w, &run, -1);
	send(&w, 1, 1, 1, 0, 200);	/* either, and not both */
	send(&w, 2, 1, 1, 10, 5000);
	send(&w, 3, 2, 1, 20, 100);
	send(&w, 4, 2, 1, 30, 200);
	send(&w, 5, 2, 1, 40, 2000);
	replay_end(w.replay);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(alerts_count(w.alerts[i]), i < 3);
	end(&w);
	sweep_program_destroy(all);
	program_destroy(p);
}

/* What is left of a name that was cut may be another's. */
static void
test_learn_proposes_no_name_that_was_cut(void **state)
{
	struct program *p = program_of(volume);
	struct intern *strings = intern_create(&key, 64);
	char name[120];

	(void)state;
	for (unsigned n = 79; n <= 80; n++) {
		struct learn *l = learn_create(p, &key);
		struct learn_counts c;

		memset(name, 'a', sizeof(name));
		memcpy(name + n - 8, ".example", 8);
		for (unsigned d = 1; d < 3; d++) {
			struct observation o = flow(strings, d, d, 1, d, 1000);
			uint32_t id = intern_put(strings, name, n);

			OBSERVATION_SET(&o, dest_key, id);
			OBSERVATION_SET(&o, dest_name, id);
			OBSERVATION_SET(&o, dest_looked_up, true);
			learn_take(l, &o, strings);
		}
		learn_finish(l, 0, &c);
		assert_int_equal(c.dests, 1);
		assert_int_equal(c.proposed_dests, n == 79);
		learn_destroy(l);
	}
	intern_destroy(strings);
	program_destroy(p);
}

static void
test_labels_have_a_most(void **state)
{
	static const char head[] = "src\tdst\texpect\n", row[] = "a\tb\tquiet\n";
	size_t most = (sizeof(row) - 1) * (LABELS_MOST + 1), n = sizeof(head) - 1;
	char *text = malloc(n + most);
	struct labels *l;
	struct fault why;

	(void)state;
	assert_non_null(text);
	memcpy(text, head, n);
	for (unsigned i = 0; i <= LABELS_MOST; i++, n += sizeof(row) - 1)
		memcpy(text + n, row, sizeof(row) - 1);
	assert_null(labels_read(span_of(text, n), "x.tsv", &why));
	assert_non_null(strstr(why.what, "more labels"));
	l = labels_read(span_of(text, n - (sizeof(row) - 1)), "x.tsv", &why);
	assert_non_null(l);
	assert_int_equal(labels_rows(l), LABELS_MOST);
	labels_destroy(l);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_near_ranks_by_what_is_lacking_and_leaves_out_what_fired),
		cmocka_unit_test(test_near_of_a_named_rule_says_whatever_is_lacking),
		cmocka_unit_test(test_sweep_reads_units_steps_and_windows),
		cmocka_unit_test(test_sweep_tells_what_the_rule_with_that_limit_tells),
		cmocka_unit_test(test_compare_pairs_by_device_destination_and_time),
		cmocka_unit_test(test_labels_count_found_false_and_unlabelled),
		cmocka_unit_test(test_sweep_keeps_what_stands_inside_sequences),
		cmocka_unit_test(test_learn_proposes_no_name_that_was_cut),
		cmocka_unit_test(test_labels_have_a_most),
		cmocka_unit_test(test_a_flow_event_is_a_record),
		cmocka_unit_test(test_what_a_store_summed_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
