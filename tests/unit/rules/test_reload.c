/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reloads on a stage: other rules, another home, another inventory while frames come in.
 * Run from the repository's root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/scene.h"

static struct sound
sound(double from, double until, struct host dst)
{
	return (struct sound){ .from = from, .until = until, .src = mic, .dst = dst,
		.sport = 40000, .dport = 5004 };
}

/* Asks for other rules; they hold from the next step on. */
static void
ask(struct scene *s, const struct scene_options *o, struct judge_set *next,
    struct rule_files **files)
{
	struct fault why = { 0 };

	next->program = scene_rules(o, files);
	next->eval = pipe_follower(s->pipe, next->program, &why);
	assert_non_null(next->eval);
	pipe_swap(s->pipe, next, false);
}

/* The swap was made: the old rules go, all of them. */
static void
swapped(struct scene *s, const struct judge_set *next, struct rule_files *files)
{
	struct judge_set old;

	assert_true(pipe_swapped(s->pipe, &old));
	assert_false(pipe_swapped(s->pipe, &old));
	assert_ptr_equal(old.program, s->program);
	eval_destroy(old.eval);
	program_destroy(s->program);
	rule_files_free(s->files);
	s->program = (struct program *)(uintptr_t)next->program;
	s->files = files;
}

/* Plays x and changes the rules when its time has come to `at`. */
static void
play(struct scene *s, struct sound x, double at, const struct scene_options *o)
{
	struct judge_set next;
	struct rule_files *files;
	double until = x.until;

	x.until = at;
	listen_to(s, &x, 1);
	ask(s, o, &next, &files);
	x.from = at;
	x.until = until;
	listen_to(s, &x, 1);
	swapped(s, &next, files);
}

static void
test_the_swap_waits_for_the_end_of_a_step(void **state)
{
	struct scene *s = scene_open(NULL);
	struct judge_set next, old;
	struct rule_files *files;

	(void)state;
	udp(s, 0.0, mic, 1000, far, 2000, NULL, 100);
	udp(s, 0.5, mic, 1000, far, 2000, NULL, 100);
	ask(s, &(struct scene_options){ .home = NULL }, &next, &files);
	udp(s, 0.9, mic, 1000, far, 2000, NULL, 100);
	assert_false(pipe_swapped(s->pipe, &old));
	assert_ptr_not_equal(pipe_eval(s->pipe), next.eval);
	udp(s, 1.1, mic, 1000, far, 2000, NULL, 100);
	assert_ptr_equal(pipe_eval(s->pipe), next.eval);
	swapped(s, &next, files);
	scene_close(s);
}

static void
test_a_wire_that_is_silent_swaps_by_its_timer_or_at_once(void **state)
{
	struct scene *s = scene_open(NULL);
	struct judge_set next;
	struct rule_files *files;

	(void)state;
	/* Nothing was ever heard: there is no step to wait for. */
	ask(s, &(struct scene_options){ .home = NULL }, &next, &files);
	swapped(s, &next, files);
	udp(s, 0.0, mic, 1000, far, 2000, NULL, 100);
	ask(s, &(struct scene_options){ .home = NULL }, &next, &files);
	pipe_advance(s->pipe, scene_at(0.5));
	assert_ptr_not_equal(pipe_eval(s->pipe), next.eval);
	pipe_advance(s->pipe, scene_at(1.5));
	swapped(s, &next, files);
	scene_close(s);
}

static void
test_an_open_alert_is_not_raised_twice(void **state)
{
	struct scene *s = scene_open(NULL);

	(void)state;
	play(s, sound(0, 90, far), 50.5, &(struct scene_options){ .home = NULL });
	assert_int_equal(count_told(s, "live-microphone", false), 1);
	assert_int_equal(count_told(s, "live-microphone", true), 0);
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "live-microphone", false), 1);
	assert_int_equal(count_told(s, "live-microphone", true), 1);
	assert_int_equal(told(s, "live-microphone", true, 0)->suppressed, 5);
	scene_close(s);
}

static void
test_reloads_change_nothing_that_is_told(void **state)
{
	struct scene *quiet = scene_open(NULL), *s = scene_open(NULL);
	struct sound x = sound(0, 120, far);
	struct scene_options same = { .home = NULL };

	(void)state;
	listen_to(quiet, &x, 1);
	pipe_finish(quiet->pipe);
	for (int i = 0; i < 40; i++) {
		x.from = 3 * i;
		x.until = 3 * i + 3;
		play(s, x, 3 * i + 1.3, &same);
	}
	pipe_finish(s->pipe);
	assert_true(quiet->n > 3);
	assert_int_equal(s->n, quiet->n);
	for (unsigned i = 0; i < s->n; i++) {
		assert_string_equal(s->told[i].rule, quiet->told[i].rule);
		assert_string_equal(s->told[i].src, quiet->told[i].src);
		assert_int_equal(s->told[i].update, quiet->told[i].update);
		assert_int_equal(s->told[i].suppressed, quiet->told[i].suppressed);
		assert_int_equal(s->told[i].first, quiet->told[i].first);
	}
	scene_close(quiet);
	scene_close(s);
}

static void
test_rules_that_come_are_judged_by_and_rules_that_go_are_not(void **state)
{
	static const char rule[] = "rule extra {\n"
	    "id 4711 rev 1 severity low kind bulk-upload\n"
	    "when outbound\nlimit 1 per device every 1 h\n"
	    "explain \"{device} sends\"\n}\n";
	struct scene_options with = { .rules = rule }, without = { .rules = NULL };
	struct scene *s = scene_open(NULL);

	(void)state;
	play(s, sound(0, 15, far), 2.5, &with);
	assert_int_equal(count_told(s, "extra", false), 1);
	assert_true(told(s, "extra", false, 0)->at > 3);
	/* Gone: what was folded is told at the swap, and nothing afterwards. */
	play(s, sound(15, 40, far), 25.5, &without);
	assert_int_equal(count_told(s, "extra", true), 1);
	assert_true(told(s, "extra", true, 0)->suppressed > 0);
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "extra", false), 1);
	assert_int_equal(count_told(s, "extra", true), 1);
	scene_close(s);
}

static void
test_what_was_seen_before_the_swap_is_judged_by_the_old_rules(void **state)
{
	static const char rule[] = "rule extra {\n"
	    "id 4711 rev 1 severity low kind bulk-upload\n"
	    "when outbound\nlimit 1 per device every 1 h\n"
	    "explain \"{device} sends\"\n}\n";
	struct scene *s = scene_open(rule);
	struct judge_set next;
	struct rule_files *files;

	(void)state;
	udp(s, 0.0, mic, 1000, far, 2000, NULL, 100);
	ask(s, &(struct scene_options){ .home = NULL }, &next, &files);
	/* No step will come, so it is made between two packets. */
	pipe_swap(s->pipe, &next, true);
	swapped(s, &next, files);
	assert_int_equal(count_told(s, "extra", false), 1);
	udp(s, 0.1, desk, 1000, far, 2000, NULL, 100);
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "extra", false), 1);
	scene_close(s);
}

static const struct host branch = { { 10, 30, 0, 5 }, 1 };

static void
test_another_home_makes_an_open_flow_go_up(void **state)
{
	struct scene *s = scene_open(NULL);

	(void)state;
	/* To the branch office: inside, as long as nobody says otherwise. */
	play(s, sound(0, 120, branch), 60.5,
	    &(struct scene_options){ .home = "10.20.0.0/16" });
	assert_int_equal(count_told(s, "live-microphone", false), 1);
	assert_string_equal(told(s, "live-microphone", false, 0)->dest, "10.30.0.5");
	/* 40 s of it, from the swap on. */
	assert_in_range(told(s, "live-microphone", false, 0)->at, 100, 104);
	scene_close(s);
}

static void
test_a_tap_that_turns_out_to_duplicate_after_it_does_no_harm(void **state)
{
	struct scene *s = scene_open(NULL);
	struct judge_set next;
	struct rule_files *files;
	unsigned i = 0;

	(void)state;
	/* Suspects are remembered with the pair they were counted in, which goes. */
	for (; i < 400; i++) {
		fill(s, s->bytes + 42, 100, FILL_SOUND);
		udp(s, i * 0.001, mic, 4000, far, 5004, NULL, 100);
		if (i % 10 < 3)
			udp(s, i * 0.001 + 0.0001, mic, 4000, far, 5004, NULL, 100);
	}
	ask(s, &(struct scene_options){ .home = "0.0.0.0/0" }, &next, &files);
	pipe_swap(s->pipe, &next, true);
	swapped(s, &next, files);
	for (; i < 3000; i++) {
		fill(s, s->bytes + 42, 100, FILL_SOUND);
		udp(s, i * 0.001, mic, 4000, far, 5004, NULL, 100);
		udp(s, i * 0.001 + 0.0001, mic, 4000, far, 5004, NULL, 100);
	}
	pipe_finish(s->pipe);
	scene_close(s);
}

static void
test_another_home_takes_an_open_flow_inside(void **state)
{
	struct scene *s = scene_open(NULL);

	(void)state;
	play(s, sound(0, 120, far), 30.5,
	    &(struct scene_options){ .home = "10.0.0.0/8,203.0.113.0/24" });
	assert_int_equal(count_told(s, "live-suspect", false), 1);
	assert_int_equal(count_told(s, "live-microphone", false), 0);
	pipe_finish(s->pipe);
	assert_int_equal(count_told(s, "live-microphone", false), 0);
	scene_close(s);
}

static void
test_another_home_and_back_is_measured_anew(void **state)
{
	struct scene *s = scene_open(NULL);
	struct scene_options all = { .home = "0.0.0.0/0" }, usual = { .home = NULL };

	(void)state;
	play(s, sound(0, 36, far), 30.5, &all);
	play(s, sound(36, 100, far), 40.5, &usual);
	/* Not 40.3 s after the start: the meter of what was inside meanwhile is gone. */
	assert_int_equal(count_told(s, "live-microphone", false), 1);
	assert_true(told(s, "live-microphone", false, 0)->at > 80);
	scene_close(s);
}

static void
test_another_inventory_names_devices_anew(void **state)
{
	struct scene_options before = { .inventory = "mac,ip,name,id\n"
	    "02:00:00:00:00:63,,other,other\n" };
	struct scene_options after = { .inventory = "mac,ip,name,id\n"
	    "02:00:00:00:00:0d,,Room 3,room-3\n" };
	struct scene *s = scene_open_as(&before);

	(void)state;
	play(s, sound(0, 30, far), 10.5, &after);
	assert_int_equal(s->aliases, 1);
	assert_string_equal(s->alias[0], "02:00:00:00:00:0d");
	assert_string_equal(s->alias[1], "room-3");
	/* The same inventory again is no news. */
	play(s, sound(30, 60, far), 40.5, &after);
	assert_int_equal(s->aliases, 1);
	play(s, sound(60, 90, far), 70.5, &before);
	assert_int_equal(s->aliases, 2);
	assert_string_equal(s->alias[1], "02:00:00:00:00:0d");
	scene_close(s);
}

static void
test_a_list_may_say_something_else_now(void **state)
{
	struct scene_options listed = { .rules = "list known = { 203.0.113.0/24 }\n" };
	struct scene *s = scene_open_as(&listed);

	(void)state;
	play(s, sound(0, 120, far), 60.5, &(struct scene_options){ .rules = NULL });
	assert_int_equal(count_told(s, "live-microphone", false), 1);
	assert_in_range(told(s, "live-microphone", false, 0)->at, 61, 72);
	scene_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_swap_waits_for_the_end_of_a_step),
		cmocka_unit_test(test_a_wire_that_is_silent_swaps_by_its_timer_or_at_once),
		cmocka_unit_test(test_an_open_alert_is_not_raised_twice),
		cmocka_unit_test(test_reloads_change_nothing_that_is_told),
		cmocka_unit_test(
		    test_rules_that_come_are_judged_by_and_rules_that_go_are_not),
		cmocka_unit_test(
		    test_what_was_seen_before_the_swap_is_judged_by_the_old_rules),
		cmocka_unit_test(test_another_home_makes_an_open_flow_go_up),
		cmocka_unit_test(
		    test_a_tap_that_turns_out_to_duplicate_after_it_does_no_harm),
		cmocka_unit_test(test_another_home_takes_an_open_flow_inside),
		cmocka_unit_test(test_another_home_and_back_is_measured_anew),
		cmocka_unit_test(test_another_inventory_names_devices_anew),
		cmocka_unit_test(test_a_list_may_say_something_else_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
