/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scenarios: frames in, verdicts out, through every room but the classifier's cell. Run
 * from the repository's root: the shipped rules are read from rules/std.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/scene.h"

/* 20 ms frames of changing size, from an inside host to an outside one. */
static struct sound
sound(double from, double until)
{
	return (struct sound){ .from = from, .until = until, .src = mic, .dst = far,
		.sport = 40000, .dport = 5004 };
}

static struct sound
answer(double from, double until)
{
	return (struct sound){ .from = from, .until = until, .src = far, .dst = mic,
		.sport = 5004, .dport = 40000 };
}

static void
invite(struct scene *s)
{
	static const char text[] = "INVITE sip:bob@b.example SIP/2.0\r\nVia: x\r\n\r\n";

	udp(s, 0, mic, 5060, proxy, 5060, text, sizeof(text) - 1);
}

#define near(a, b) assert_true((a) > (b) - 0.2 && (a) < (b) + 0.2)

/* ---- live ---- */

static void
test_an_open_microphone_alerts_after_40_s_and_is_updated_at_the_end(void **state)
{
	struct scene *s = scene_open(NULL);
	struct sound x = sound(0, 90);
	const struct told *t;

	(void)state;
	listen_to(s, &x, 1);
	assert_int_equal(count_told(s, "live-microphone", true), 0);
	pipe_finish(s->pipe);
	t = told(s, "live-suspect", false, 0);
	assert_non_null(t);
	near(t->at, 20.3);
	assert_int_equal(count_told(s, "live-suspect", false), 1);
	t = told(s, "live-microphone", false, 0);
	assert_non_null(t);
	near(t->at, 40.3);
	assert_int_equal(t->severity, SEVERITY_CRITICAL);
	assert_string_equal(t->src, "10.20.0.13");
	assert_string_equal(t->dest, "203.0.113.7");
	assert_int_equal(count_told(s, "live-microphone", false), 1);
	t = told(s, "live-microphone", true, 0);
	assert_non_null(t);
	assert_int_equal(t->suppressed, 5);	/* four windows and the last seconds */
	assert_int_equal(t->first, told(s, "live-microphone", false, 0) - s->told + 1);
	near(t->at, 90.0);
	assert_int_equal(count_told(s, "live-microphone", true), 1);
	scene_close(s);
}

static void
test_the_limit_window_is_an_hour_long(void **state)
{
	struct scene *s = scene_open(NULL);
	struct sound x[] = { sound(0, 60), sound(1800, 1860), sound(3700, 3760) };
	const struct told *t;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		listen_to(s, &x[i], 1);
	/* The second hour's alert is told, the first hour's update came before it. */
	assert_int_equal(count_told(s, "live-microphone", false), 2);
	assert_int_equal(count_told(s, "live-microphone", true), 1);
	near(told(s, "live-microphone", false, 1)->at, 3740.3);
	t = told(s, "live-microphone", true, 0);
	/* Two windows after the alert in the first minute, three in the second spell. */
	assert_int_equal(t->suppressed, 5);
	assert_true(t < told(s, "live-microphone", false, 1));
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "live-microphone", true), 2);
	assert_int_equal(told(s, "live-microphone", true, 1)->suppressed, 2);
	scene_close(s);
}

static void
test_silence_ends_the_limit_window(void **state)
{
	struct scene *s = scene_open(NULL);
	struct sound x = sound(0, 60);

	(void)state;
	listen_to(s, &x, 1);
	pipe_advance(s->pipe, scene_at(3600 + 39));
	assert_int_equal(count_told(s, "live-microphone", true), 0);
	pipe_advance(s->pipe, scene_at(3600 + 42));
	assert_int_equal(count_told(s, "live-microphone", true), 1);
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "live-microphone", true), 1);
	scene_close(s);
}

static void
test_a_call_with_a_late_answer_never_alerts(void **state)
{
	static const double ring[] = { 15, 30.5, 45 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct scene *s = scene_open(NULL);
		struct sound x[] = { sound(0, 180), answer(ring[i], 180) };

		invite(s);
		listen_to(s, x, 2);
		pipe_finish(s->pipe);
		assert_int_equal(count_told(s, "live-microphone", false), 0);
		scene_close(s);
	}
}

static void
test_a_call_that_is_never_answered_alerts_within_75_s(void **state)
{
	struct scene *s = scene_open(NULL);
	struct sound x = sound(0, 90);

	(void)state;
	invite(s);
	listen_to(s, &x, 1);
	assert_non_null(told(s, "live-microphone", false, 0));
	assert_in_range(told(s, "live-microphone", false, 0)->at, 60, 75);
	scene_close(s);
}

static void
test_a_caller_who_listens_for_a_minute_is_no_microphone(void **state)
{
	struct scene *s = scene_open(NULL);
	/* Both for a minute, then the far side goes silent for a while, with pauses. */
	struct sound x[] = { sound(0, 200), answer(0, 62), answer(105, 200) };

	(void)state;
	listen_to(s, x, 3);
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "live-microphone", false), 0);
	scene_close(s);
}

static void
test_speech_with_pauses_alerts_by_its_clock(void **state)
{
	struct scene *s = scene_open(NULL);
	struct sound x = sound(0, 120);

	(void)state;
	x.pauses = true;
	listen_to(s, &x, 1);
	assert_non_null(told(s, "live-microphone", false, 0));
	assert_in_range(told(s, "live-microphone", false, 0)->at, 39, 70);
	scene_close(s);
}

static void
test_text_at_20_ms_is_telemetry_and_base64_is_not_text(void **state)
{
	static const enum filling how[] = { FILL_TEXT, FILL_BASE64 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct scene *s = scene_open(NULL);
		struct sound x = sound(0, 90);

		x.how = how[i];
		listen_to(s, &x, 1);
		pipe_finish(s->pipe);
		assert_int_equal(count_told(s, "live-microphone", false), i);
		assert_int_equal(count_told(s, "live-suspect", false), i);
		scene_close(s);
	}
}

static void
test_a_tap_that_shows_one_side_claims_no_microphone(void **state)
{
	/* www.example, type A */
	static const uint8_t query[] = { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w',
		'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1 };
	struct scene *s = scene_open(NULL);
	struct sound x = sound(70, 130);
	const struct told *t;

	(void)state;
	s->one_side = true;
	for (unsigned i = 0; i < 7; i++)	/* nobody answers */
		udp(s, i * 10, mic, 5000, resolver, 53, query, sizeof(query));
	listen_to(s, &x, 1);
	assert_int_equal(count_told(s, "live-microphone", false), 0);
	t = told(s, "live-one-side", false, 0);
	assert_non_null(t);
	near(t->at, 110.3);
	assert_int_equal(t->severity, SEVERITY_MEDIUM);
	scene_close(s);
}

static void
test_a_sensor_that_starts_claims_it_once_something_comes_in(void **state)
{
	struct scene *s = scene_open(NULL);
	struct sound x = sound(0, 60);

	(void)state;
	s->one_side = true;
	listen_to(s, &x, 1);
	assert_int_equal(count_told(s, "live-microphone", false), 0);
	assert_int_equal(count_told(s, "live-one-side", false), 1);
	s->one_side = false;
	x.from = 60;
	x.until = 75;
	listen_to(s, &x, 1);
	assert_int_equal(count_told(s, "live-microphone", false), 1);
	assert_in_range(told(s, "live-microphone", false, 0)->at, 60, 71);
	scene_close(s);
}

/* ---- what a site says ---- */

static void
test_an_exception_mutes_whom_it_names_and_nobody_else(void **state)
{
	/* T0 is in the afternoon of 2026-09-21. Alerts that are left of two. */
	static const struct {
		const char *clause;
		unsigned left;
	} row[] = {
		{ "device \"10.20.0.13\"", 1 },
		{ "device \"02:00:00:00:00:0d\"", 1 },
		{ "device \"10.20.0.8/29\"", 0 },
		{ "device \"10.20.0.1*\" until 2026-09-20", 2 },
		{ "device \"10.20.0.1*\" until 2026-09-21", 0 },
		{ "device \"10.20.0.13\" dest \"198.51.100.0/24\"", 2 },
		{ "dest \"203.0.113.0/24\"", 0 },
		{ "dest \"203.0.113.7\"", 0 },
		{ "dest *.intercom.example", 2 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sound x[] = { sound(0, 60), sound(0, 60) };
		struct eval_counts c;
		struct scene *s;
		char text[200];

		(void)snprintf(text, sizeof(text), "except rule live-microphone %s owner "
		    "\"ana\" reason \"intercom\"\n", row[i].clause);
		s = scene_open(text);
		x[1].src = desk;
		listen_to(s, x, 2);
		pipe_finish(s->pipe);
		if (count_told(s, "live-microphone", false) != row[i].left)
			fail_msg("except %s: %u alerts, not %u", row[i].clause,
			    count_told(s, "live-microphone", false), row[i].left);
		if (row[i].left == 1)
			assert_string_equal(told(s, "live-microphone", false, 0)->src,
			    "10.20.0.14");
		assert_int_equal(count_told(s, "live-suspect", false), 2);
		/* Two windows of each at 9.16 and more, and its last seconds. */
		eval_get_counts(pipe_eval(s->pipe), &c);
		assert_int_equal(c.excepted, (2 - row[i].left) * 3);
		scene_close(s);
	}
}

static void
test_a_known_destination_is_no_alert(void **state)
{
	struct scene *s = scene_open("list known = { 203.0.113.0/24 }\n");
	struct sound x = sound(0, 60);

	(void)state;
	listen_to(s, &x, 1);
	upload(s, 70, 20, mic, 50000, far, 2000000, FILL_SOUND);
	pipe_finish(s->pipe);
	assert_int_equal(s->n, 0);
	scene_close(s);
}

static void
test_a_trial_rule_counts_and_says_nothing(void **state)
{
	struct scene *s = scene_open("rule loud {\n	id 4711 rev 1 severity low kind "
	    "live-audio trial\n	when outbound and voice.pass\n"
	    "	limit 1 per device every 1 h\n	explain \"{device} is loud\"\n}\n");
	struct sound x = sound(0, 60);
	struct eval_counts c;
	bool fired = false;

	(void)state;
	listen_to(s, &x, 1);
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "loud", false) + count_told(s, "loud", true), 0);
	eval_get_counts(pipe_eval(s->pipe), &c);
	assert_int_equal(c.trial, 1);
	for (unsigned i = 0; i < s->program->rules; i++)
		if (strcmp(s->program->rule[i].name, "loud") == 0) {
			assert_int_equal(eval_fired(pipe_eval(s->pipe), i), 6);
			fired = true;
		}
	assert_true(fired);
	scene_close(s);
}

static void
test_a_device_in_no_inventory_that_uploads_is_told(void **state)
{
	static const char csv[] = "mac,ip,name,owner,role\n"
	    "02:00:00:00:00:0e,10.20.0.14,pc-desk,Ana,workstation\n";

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct scene_options o = { .inventory = i == 0 ? NULL : csv };
		struct scene *s = scene_open_as(&o);

		upload(s, 0, 20, desk, 50000, far, 600000, FILL_SOUND);
		upload(s, 30, 20, mic, 50000, far, 400000, FILL_SOUND);
		pipe_advance(s->pipe, scene_at(120));
		assert_int_equal(count_told(s, "new-device-uploads", false), 0);
		upload(s, 150, 20, mic, 50001, proxy, 200000, FILL_SOUND);
		pipe_finish(s->pipe);
		assert_int_equal(count_told(s, "new-device-uploads", false), i);
		if (i == 1)
			assert_string_equal(told(s, "new-device-uploads", false, 0)->src,
			    "10.20.0.13");
		scene_close(s);
	}
}

/* ---- bulk ---- */

static void
test_many_small_uploads_add_up_within_an_hour_but_not_over_two(void **state)
{
	/* 120 uploads of 10 kB, 25 s apart (50 min), or 60 s apart (2 h). */
	static const double apart[] = { 25, 60 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct scene *s = scene_open(NULL);

		for (unsigned k = 0; k < 120; k++)
			upload(s, k * apart[i], 0.3, mic, (uint16_t)(50000 + k), far,
			    10000, FILL_SOUND);
		pipe_finish(s->pipe);
		assert_int_equal(count_told(s, "bulk-unlisted", false), i == 0);
		if (i == 0)	/* the hundredth makes a megabyte */
			assert_in_range(told(s, "bulk-unlisted", false, 0)->at, 99 * 25,
			    100 * 25 + 15);
		scene_close(s);
	}
}

static void
test_a_recording_in_base64_is_bulk_like_any_other(void **state)
{
	struct scene *s = scene_open(NULL);
	const struct told *t;

	(void)state;
	upload(s, 0, 5, mic, 50000, far, 1500000, FILL_BASE64);
	pipe_finish(s->pipe);
	t = told(s, "bulk-unlisted", false, 0);
	assert_non_null(t);
	assert_int_equal(count_told(s, "bulk-unlisted", false), 1);
	/* High, and one lower: no list of known destinations was given. */
	assert_int_equal(t->severity, SEVERITY_MEDIUM);
	assert_true(t->at < 6);
	scene_close(s);
}

static void
test_what_comes_down_is_no_upload(void **state)
{
	struct scene *s = scene_open(NULL);

	(void)state;
	upload(s, 0, 10, far, 50000, mic, 3000000, FILL_SOUND);
	pipe_finish(s->pipe);
	assert_int_equal(s->n, 0);
	scene_close(s);
}

static void
test_pieces_at_the_pace_of_a_recorder_are_told(void **state)
{
	struct scene *s = scene_open(NULL);

	(void)state;
	for (unsigned k = 0; k < 8; k++)
		upload(s, k * 10, 0.2, mic, (uint16_t)(50000 + k), far, 30000,
		    FILL_SOUND);
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "chunked-recorder", false), 1);
	assert_in_range(told(s, "chunked-recorder", false, 0)->at, 50, 52);
	scene_close(s);
}

/* ---- the whole ---- */

static void
all_of_it(struct scene *s)
{
	static const struct host more[] = {
		{ { 203, 0, 113, 8 }, 1 }, { { 203, 0, 113, 9 }, 1 } };
	struct sound x[] = { sound(0, 70), sound(0, 70), answer(0, 70) };

	x[1].src = desk;
	x[1].dst = more[0];
	x[2].src = more[0];
	x[2].dst = desk;
	listen_to(s, x, 3);
	for (unsigned k = 0; k < 40; k++)
		upload(s, 80 + k * 7, 0.5, k % 2 == 0 ? mic : desk, (uint16_t)(50000 + k),
		    k % 3 == 0 ? proxy : more[1], 40000 + k % 5 * 100, FILL_SOUND);
	pipe_finish(s->pipe);
}

static void
test_the_same_frames_give_the_same_verdicts(void **state)
{
	struct scene *s[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct scene_options o = { .key = i * 7919 };

		s[i] = scene_open_as(&o);
		all_of_it(s[i]);
	}
	assert_true(s[0]->n >= 4);
	for (unsigned i = 1; i < 3; i++) {
		assert_int_equal(s[i]->n, s[0]->n);
		assert_memory_equal(s[i]->told, s[0]->told, sizeof(s[0]->told));
	}
	for (unsigned i = 0; i < 3; i++)
		scene_close(s[i]);
}

static void
test_without_rules_nothing_is_told(void **state)
{
	struct scene_options o = { .nothing = true,
		.rules = "list known = { }\ninventory devices = none\n" };
	struct scene *s = scene_open_as(&o);
	struct eval_counts c;

	(void)state;
	all_of_it(s);
	assert_int_equal(s->n, 0);
	eval_get_counts(pipe_eval(s->pipe), &c);
	assert_true(c.records > 100);
	assert_int_equal(c.verdicts, 0);
	scene_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_an_open_microphone_alerts_after_40_s_and_is_updated_at_the_end),
		cmocka_unit_test(test_the_limit_window_is_an_hour_long),
		cmocka_unit_test(test_silence_ends_the_limit_window),
		cmocka_unit_test(test_a_call_with_a_late_answer_never_alerts),
		cmocka_unit_test(test_a_call_that_is_never_answered_alerts_within_75_s),
		cmocka_unit_test(test_a_caller_who_listens_for_a_minute_is_no_microphone),
		cmocka_unit_test(test_speech_with_pauses_alerts_by_its_clock),
		cmocka_unit_test(test_text_at_20_ms_is_telemetry_and_base64_is_not_text),
		cmocka_unit_test(test_a_tap_that_shows_one_side_claims_no_microphone),
		cmocka_unit_test(test_a_sensor_that_starts_claims_it_once_something_comes_in),
		cmocka_unit_test(test_an_exception_mutes_whom_it_names_and_nobody_else),
		cmocka_unit_test(test_a_known_destination_is_no_alert),
		cmocka_unit_test(test_a_trial_rule_counts_and_says_nothing),
		cmocka_unit_test(test_a_device_in_no_inventory_that_uploads_is_told),
		cmocka_unit_test(
		    test_many_small_uploads_add_up_within_an_hour_but_not_over_two),
		cmocka_unit_test(test_a_recording_in_base64_is_bulk_like_any_other),
		cmocka_unit_test(test_what_comes_down_is_no_upload),
		cmocka_unit_test(test_pieces_at_the_pace_of_a_recorder_are_told),
		cmocka_unit_test(test_the_same_frames_give_the_same_verdicts),
		cmocka_unit_test(test_without_rules_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
