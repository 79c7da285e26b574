/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace: flows made by hand against a recording. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "classify/content/recording.h"
#include "rules/trace/read.h"

#include <stdio.h>
#include <string.h>

#define T0 (INT64_C(1790000000) * NS_PER_S)
#define MINUTES (60 * NS_PER_S)

static const struct siphash_key hash = { 3, 4 };
static const struct trace_want leak = { .length = 2590 * NS_PER_S, .size = 20720000 };

static struct trace_record
sent(uint64_t id, const char *device, const char *dest, int64_t at, int64_t length,
    uint64_t up)
{
	return (struct trace_record){ .closed = true, .flow = id, .start = T0 + at,
		.last = T0 + at + length, .up = up, .down = up / 100, .packets = up / 1400,
		.device = span_of(device, strlen(device)), .dest = span_of(dest, strlen(dest)) };
}

/* What offices send: a thousand flows of every size. */
static void
office(struct trace *t)
{
	for (unsigned i = 0; i < 1000; i++) {
		char device[16], dest[24];
		struct trace_record r;

		(void)snprintf(device, sizeof(device), "d%u", i % 40);
		(void)snprintf(dest, sizeof(dest), "s%u.example", i % 97);
		r = sent(100000 + i, device, dest, (int64_t)i * 20 * NS_PER_S, 3 * NS_PER_S,
		    5000 + (uint64_t)i * i * 17);
		trace_take(t, &r);
	}
}

static void
test_trace_finds_one_flow_among_a_thousand(void **state)
{
	struct trace *t = trace_create(&leak, &hash);
	struct trace_record r = sent(7, "laptop", "drop.example", 100 * MINUTES, 20 * NS_PER_S,
	    20720000 + 30000);
	const struct trace_find *f;

	(void)state;
	office(t);
	trace_take(t, &r);
	trace_finish(t);
	f = trace_find(t, 0);
	assert_non_null(f);
	assert_string_equal(f->device, "laptop");
	assert_int_equal(f->kind, TRACE_WHOLE);
	assert_int_equal(f->flow[0], 7);
	assert_int_equal(f->fit.how, FIT_AS_IS);
	assert_true(f->chance < 1);
	trace_destroy(t);
}

static void
test_trace_finds_nothing_where_nothing_was_sent(void **state)
{
	struct trace *t = trace_create(&leak, &hash);
	struct trace_record r = sent(7, "laptop", "drop.example", 0, 20 * NS_PER_S, 19000000);

	(void)state;
	trace_take(t, &r);
	trace_finish(t);
	for (unsigned i = 0; i < trace_finds(t); i++)
		assert_int_equal(trace_find(t, i)->fit.how, FIT_CODED);
	trace_destroy(t);
}

static void
test_trace_adds_flows_that_follow_each_other(void **state)
{
	struct trace *t = trace_create(&leak, &hash);
	const struct trace_find *f;

	(void)state;
	office(t);
	for (unsigned i = 0; i < 5; i++) {
		struct trace_record r = sent(50 + i, "laptop", "drop.example",
		    100 * MINUTES + i * 15 * NS_PER_S, 10 * NS_PER_S, 20720000 / 5 + 8000);

		trace_take(t, &r);
	}
	trace_finish(t);
	f = trace_find(t, 0);
	assert_int_equal(f->kind, TRACE_FLOWS);
	assert_int_equal(f->flows, 5);
	assert_int_equal(f->flow[4], 54);
	assert_int_equal(f->up, 20720000 + 40000);
	trace_destroy(t);
}

static void
test_trace_adds_pieces_over_the_recordings_length(void **state)
{
	struct trace *t = trace_create(&leak, &hash);
	const struct trace_find *f;

	(void)state;
	office(t);
	for (unsigned i = 0; i < 43; i++) {
		struct trace_record r = sent(500 + i, "clock", "drop.example",
		    100 * MINUTES + i * MINUTES, NS_PER_S, 20720000 / 43 + 2500);

		trace_take(t, &r);
	}
	trace_finish(t);
	f = trace_find(t, 0);
	assert_string_equal(f->device, "clock");
	assert_int_equal(f->kind, TRACE_CHUNKS);
	assert_int_equal(f->flows, 43);
	assert_int_equal(f->pieces, 43);
	trace_destroy(t);
}

/* Parts of one flow are cumulative: they are not added up. */
static void
test_trace_counts_a_flow_once_whatever_its_parts(void **state)
{
	struct trace *t = trace_create(&leak, &hash);
	struct trace_counts c;

	(void)state;
	for (unsigned i = 1; i <= 10; i++) {
		struct trace_record r = sent(9, "laptop", "drop.example", 0, i * NS_PER_S,
		    2074000 * i);

		r.closed = i == 10;
		trace_take(t, &r);
	}
	trace_finish(t);
	trace_get_counts(t, &c);
	assert_int_equal(c.flows, 1);
	assert_int_equal(c.up, 20740000);
	assert_int_equal(trace_find(t, 0)->kind, TRACE_WHOLE);
	assert_int_equal(trace_find(t, 0)->up, 20740000);
	trace_destroy(t);
}

static void
test_trace_judges_a_flow_that_never_closed(void **state)
{
	struct trace *t = trace_create(&leak, &hash);
	struct trace_record r = sent(9, "laptop", "drop.example", 0, NS_PER_S, 20750000);

	(void)state;
	r.closed = false;
	trace_take(t, &r);
	trace_finish(t);
	assert_int_equal(trace_finds(t), 1);
	trace_destroy(t);
}

static void
test_trace_hears_a_stream_by_its_length_and_rate(void **state)
{
	struct trace_want w = { .length = 2590 * NS_PER_S, .codec = "opus" };
	struct trace *t = trace_create(&w, &hash);
	/* 24 kbit/s in 50 packets a second with RTP's heads, 3 s longer than the file */
	struct trace_record r = sent(9, "phone", "ear.example", 0, 2593 * NS_PER_S,
	    2593 * (3000 + 50 * 12)), longer = sent(10, "radio", "all.example", 0,
	    20000 * NS_PER_S, 20000ULL * 3600);
	const struct trace_find *f;

	(void)state;
	r.datagrams = longer.datagrams = true;
	r.packets = 2593 * 50;
	longer.packets = 20000 * 50;
	office(t);
	trace_take(t, &r);
	trace_take(t, &longer);
	trace_finish(t);
	f = trace_find(t, 0);
	assert_string_equal(f->device, "phone");
	assert_int_equal(f->kind, TRACE_LIVE);
	assert_int_equal((int)f->fit.codec->payload, 24000);
	for (unsigned i = 1; i < trace_finds(t); i++)
		if (strcmp(trace_find(t, i)->device, "radio") == 0)
			assert_int_equal(trace_find(t, i)->kind, TRACE_LONGER);
	trace_destroy(t);
}

static void
test_trace_leaves_out_what_is_known_to_be_something_else(void **state)
{
	struct trace *t = trace_create(&leak, &hash);
	struct trace_record r = sent(9, "laptop", "photos.example", 0, NS_PER_S, 20750000);
	struct trace_counts c;

	(void)state;
	r.content = CONTENT_IMAGE;
	trace_take(t, &r);
	trace_finish(t);
	assert_int_equal(trace_finds(t), 0);
	trace_get_counts(t, &c);
	assert_int_equal(c.other, 1);
	trace_destroy(t);
}

static void
test_trace_asks_for_a_time_and_a_device(void **state)
{
	struct trace_want w = leak;
	struct trace_record r = sent(9, "laptop", "drop.example", 0, NS_PER_S, 20750000);
	static const struct {
		const char *device;
		int64_t from, to;
		unsigned finds;
	} ask[] = { { "lap*", 0, 0, 1 }, { "phone", 0, 0, 0 },
		{ NULL, T0 - MINUTES, T0 + MINUTES, 1 }, { NULL, T0 + MINUTES, 0, 0 },
		{ NULL, 0, T0 - MINUTES, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(ask) / sizeof(ask[0]); i++) {
		struct trace *t;

		w.device = ask[i].device;
		w.from = ask[i].from;
		w.to = ask[i].to;
		t = trace_create(&w, &hash);
		trace_take(t, &r);
		trace_finish(t);
		assert_int_equal(trace_finds(t), ask[i].finds);
		trace_destroy(t);
	}
}

/* More pairs and flows than there is room for: bounded, counted, and what is quiet is
 * judged all the same. */
static void
test_trace_of_more_than_it_can_hold(void **state)
{
	struct trace *t = trace_create(&leak, &hash);
	struct trace_record r = sent(1, "laptop", "drop.example", 0, NS_PER_S, 20750000);
	struct trace_counts c;

	(void)state;
	trace_take(t, &r);
	for (unsigned i = 0; i < 200000; i++) {
		char dest[32];

		(void)snprintf(dest, sizeof(dest), "s%u.example", i);
		r = sent(10 + i, "scanner", dest, (int64_t)i * NS_PER_MS, NS_PER_S, 6000);
		r.closed = false;
		trace_take(t, &r);
	}
	trace_finish(t);
	trace_get_counts(t, &c);
	assert_int_equal(c.flows, 200001);
	assert_true(c.forgotten > 0);
	assert_int_equal(trace_finds(t), 1);
	trace_destroy(t);
}

/* QUIC heads each of its packets; a stream does not. */
static void
test_fit_of_datagrams_leaves_room_for_their_heads(void **state)
{
	const struct way_out quic = { .connections = 1, .datagrams = 20720000 / 1200 },
	    once = { .connections = 1 };
	uint64_t sent = 20720000 + 20720000 / 1200 * 46;
	struct fit fit;

	(void)state;
	assert_true(fit_bulk(&leak, sent, quic, &fit));
	assert_int_equal(fit.how, FIT_AS_IS);
	assert_false(fit_bulk(&leak, sent, once, &fit) && fit.how == FIT_AS_IS);
}

static void
test_fit_of_mail_is_base64(void **state)
{
	const struct way_out once = { .connections = 1 };
	struct fit fit;

	(void)state;
	assert_true(fit_bulk(&leak, (uint64_t)(20720000 * 1.3684 + 3000), once, &fit));
	assert_int_equal(fit.how, FIT_BASE64);
	assert_true(fit_bulk(&leak, 20720000 + 30000, once, &fit));
	assert_int_equal(fit.how, FIT_AS_IS);
	assert_false(fit_bulk(&leak, 20720000 / 10, once, &fit) && fit.how != FIT_CODED);
}

static void
test_recording_is_as_long_as_its_container_says(void **state)
{
	static const struct {
		const char *file;
		enum format_word format;
		enum coded_word codec;
		double seconds;
	} made[] = { { "opus", FORMAT_OPUS, CODED_OPUS, 5 }, { "wav", FORMAT_WAV, CODED_PCM, 1 },
		{ "m4a", FORMAT_M4A, CODED_UNKNOWN, 43 },	/* only its mvhd */
		{ "3gp", FORMAT_MP4, CODED_AMR_WB, 3 }, { "alac", FORMAT_M4A, CODED_ALAC, 2 },
		{ "amr", FORMAT_AMR, CODED_AMR, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		uint8_t bytes[8192];
		char path[64];
		struct recording r;
		FILE *f;
		size_t n;

		(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/recording/%s",
		    made[i].file);
		f = fopen(path, "rb");
		assert_non_null(f);
		n = fread(bytes, 1, sizeof(bytes), f);
		fclose(f);
		recording_of(span_of(bytes, n), &r);
		assert_int_equal(r.format, made[i].format);
		assert_int_equal(r.class, CONTENT_AUDIO);
		assert_int_equal(r.codec, made[i].codec);
		assert_true(r.ns > (made[i].seconds - 0.01) * 1e9 &&
		    r.ns < (made[i].seconds + 0.01) * 1e9);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace_finds_one_flow_among_a_thousand),
		cmocka_unit_test(test_trace_finds_nothing_where_nothing_was_sent),
		cmocka_unit_test(test_trace_adds_flows_that_follow_each_other),
		cmocka_unit_test(test_trace_adds_pieces_over_the_recordings_length),
		cmocka_unit_test(test_trace_counts_a_flow_once_whatever_its_parts),
		cmocka_unit_test(test_trace_judges_a_flow_that_never_closed),
		cmocka_unit_test(test_trace_hears_a_stream_by_its_length_and_rate),
		cmocka_unit_test(test_trace_leaves_out_what_is_known_to_be_something_else),
		cmocka_unit_test(test_trace_asks_for_a_time_and_a_device),
		cmocka_unit_test(test_trace_of_more_than_it_can_hold),
		cmocka_unit_test(test_fit_of_datagrams_leaves_room_for_their_heads),
		cmocka_unit_test(test_fit_of_mail_is_base64),
		cmocka_unit_test(test_recording_is_as_long_as_its_container_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
