/* SPDX-License-Identifier: GPL-3.0-or-later */
/* backlog: what waits for a reader is handed out in order, once it is done it is gone, and
 * what was lost is told where it would have stood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rules/event/backlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct backlog *
make(size_t bytes)
{
	struct backlog_options o = { "s", "0", bytes };
	struct backlog *b = backlog_create(&o);

	assert_non_null(b);
	return b;
}

static bool
put(struct backlog *b, const char *boot, uint32_t partition, uint64_t seq)
{
	struct event_head h = { .lane = LANE_ALERT, .partition = partition, .seq = seq };
	char json[200];

	(void)snprintf(h.boot, sizeof(h.boot), "%s", boot);
	h.json_len = (uint32_t)snprintf(json, sizeof(json), "{\"%s\":\"%u:%u\",%080d}", boot,
	    partition, (unsigned)seq, 0);
	return backlog_put(b, &h, json);
}

/* "b 0:1" for an event, "gap 0:1-5" for a gap event. */
static const char *
next(struct backlog *b, char out[80])
{
	unsigned p = 0, seq = 0, from = 0, to = 0;
	char line[1200], boot[20] = "";
	struct span s;
	const char *at;

	if (!backlog_next(b, &s))
		return NULL;
	assert_true(s.left < sizeof(line));
	memcpy(line, s.at, s.left);
	line[s.left] = '\0';
	at = strstr(line, "\"gap\":{");
	if (at != NULL) {
		assert_int_equal(sscanf(at, "\"gap\":{\"from\":%u,\"to\":%u,", &from, &to), 2);
		at = strstr(line, "\"partition\":");
		assert_int_equal(sscanf(at, "\"partition\":%u", &p), 1);
		at = strstr(line, "\"boot\":\"");
		assert_int_equal(sscanf(at, "\"boot\":\"%19[^\"]", boot), 1);
		(void)snprintf(out, 80, "gap %s %u:%u-%u", boot, p, from, to);
	} else {
		assert_int_equal(sscanf(line, "{\"%19[^\"]\":\"%u:%u\"", boot, &p, &seq), 3);
		(void)snprintf(out, 80, "%s %u:%u", boot, p, seq);
	}
	return out;
}

static void
test_lines_come_in_order_and_go_when_they_are_done(void **state)
{
	struct backlog *b = make(0);
	char t[80];

	(void)state;
	assert_null(next(b, t));
	for (unsigned n = 1; n <= 3; n++)
		assert_true(put(b, "b", 0, n));
	assert_string_equal(next(b, t), "b 0:1");
	assert_string_equal(next(b, t), "b 0:2");
	backlog_done(b, 1);
	assert_int_equal(backlog_waiting(b), 2);
	backlog_again(b);
	assert_string_equal(next(b, t), "b 0:2");
	assert_string_equal(next(b, t), "b 0:3");
	assert_null(next(b, t));
	assert_true(put(b, "b", 0, 4));
	assert_string_equal(next(b, t), "b 0:4");
	backlog_done(b, 9);
	assert_int_equal(backlog_waiting(b), 0);
	assert_int_equal(backlog_bytes(b), 0);
	assert_int_equal(backlog_arrived(b), 4);
	assert_int_equal(backlog_lost(b), 0);
	assert_true(put(b, "b", 0, 5));
	assert_string_equal(next(b, t), "b 0:5");
	backlog_destroy(b);
	backlog_destroy(NULL);
}

static void
test_the_oldest_is_lost_and_a_gap_stands_in_its_place(void **state)
{
	struct backlog *b = make(2000);
	char t[80];
	unsigned n = 1, first;

	(void)state;
	while (put(b, "b", 0, n))
		n++;
	(void)put(b, "b", 7, 1);
	(void)put(b, "b", 0, ++n);
	assert_true(backlog_lost(b) >= 3);
	assert_true(backlog_bytes(b) <= 2000);
	first = (unsigned)backlog_lost(b) + 1;
	assert_int_equal(sscanf(next(b, t), "gap b 0:1-%u", &n), 1);
	assert_int_equal(n, first - 1);
	assert_int_equal(sscanf(next(b, t), "b 0:%u", &n), 1);
	assert_int_equal(n, first);
	backlog_destroy(b);
}

static void
test_what_was_handed_out_is_not_lost_and_stays_before_the_gap(void **state)
{
	struct backlog *b = make(1500);
	char t[80];

	(void)state;
	for (unsigned n = 1; n <= 4; n++)
		assert_true(put(b, "b", 0, n));
	assert_string_equal(next(b, t), "b 0:1");
	assert_string_equal(next(b, t), "b 0:2");
	for (unsigned n = 5; n <= 20; n++)
		(void)put(b, "b", 0, n);
	backlog_again(b);
	assert_string_equal(next(b, t), "b 0:1");
	assert_string_equal(next(b, t), "b 0:2");
	assert_int_equal(strncmp(next(b, t), "gap b 0:3-", 10), 0);
	/* The gap was handed out: it comes again too, in its place. */
	backlog_again(b);
	assert_string_equal(next(b, t), "b 0:1");
	assert_string_equal(next(b, t), "b 0:2");
	assert_int_equal(strncmp(next(b, t), "gap b 0:3-", 10), 0);
	backlog_destroy(b);
}

static void
test_each_partition_and_each_start_has_a_gap_of_its_own(void **state)
{
	struct backlog *b = make(900);
	char t[80], all[4000] = "";

	(void)state;
	for (unsigned n = 1; n <= 5; n++) {
		(void)put(b, "one", 3, n);
		(void)put(b, "one", 4, n);
	}
	for (unsigned n = 1; n <= 9; n++)
		(void)put(b, "two", 3, n);
	while (next(b, t) != NULL)
		(void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s\n", t);
	assert_non_null(strstr(all, "gap one 3:1-5\n"));
	assert_non_null(strstr(all, "gap one 4:1-5\n"));
	assert_non_null(strstr(all, "gap two 3:1-"));
	assert_true(strstr(all, "gap one 3:") < strstr(all, "gap two 3:"));
	assert_non_null(strstr(all, "two 3:9\n"));
	backlog_destroy(b);
}

static void
test_whole_lines_alone_are_done_by_bytes(void **state)
{
	struct backlog *b = make(0);
	char t[80];
	size_t one;

	(void)state;
	for (unsigned n = 1; n <= 3; n++)
		assert_true(put(b, "b", 0, n));
	one = (size_t)snprintf(NULL, 0, "{\"b\":\"0:1\",%080d}\n", 0);
	(void)next(b, t);
	(void)next(b, t);
	assert_int_equal(backlog_done_bytes(b, one - 1, 1), 0);
	assert_int_equal(backlog_done_bytes(b, 2 * one - 1, 1), one);
	assert_int_equal(backlog_arrived(b), 1);
	/* Never more than was handed out. */
	assert_int_equal(backlog_done_bytes(b, 10 * one, 1), one);
	assert_int_equal(backlog_waiting(b), 1);
	backlog_destroy(b);
}

static void
test_what_may_have_arrived_and_is_not_sent_again_counts_as_lost(void **state)
{
	struct backlog *b = make(0);
	char t[80];

	(void)state;
	for (unsigned n = 1; n <= 3; n++)
		assert_true(put(b, "b", 0, n));
	(void)next(b, t);
	(void)next(b, t);
	backlog_give_up(b);
	assert_int_equal(backlog_lost(b), 2);
	assert_int_equal(backlog_arrived(b), 0);
	assert_string_equal(next(b, t), "b 0:3");
	backlog_destroy(b);
}

/* Whatever happens, a reader sees each number once, or inside a gap, in order. */
static void
test_random_traffic_keeps_order_and_the_books(void **state)
{
	(void)state;
	srand(7);
	for (int round = 0; round < 200; round++) {
		struct backlog *b = make(600 + (size_t)(rand() % 3000));
		unsigned seq = 0, seen = 0, handed = 0, mark = 0;
		uint64_t total = 0;
		char t[80];

		for (int step = 0; step < 400; step++) {
			unsigned from, to, n;

			switch (rand() % 4) {
			case 0:
			case 1:
				(void)put(b, "b", 0, ++seq);
				total++;
				break;
			case 2:
				if (backlog_tried(b) >= 3 || next(b, t) == NULL)
					break;
				handed++;
				if (sscanf(t, "gap b 0:%u-%u", &from, &to) == 2) {
					assert_int_equal(from, seen + 1);
					seen = to;
				} else {
					assert_int_equal(sscanf(t, "b 0:%u", &n), 1);
					assert_int_equal(n, seen + 1);
					seen = n;
				}
				break;
			default:
				if (rand() % 3 > 0) {
					backlog_done(b, backlog_tried(b));
					mark = seen;
				} else {
					backlog_again(b);
					seen = mark;
				}
			}
		}
		assert_int_equal(backlog_arrived(b) + backlog_lost(b) + backlog_waiting(b),
		    total);
		backlog_destroy(b);
	}
}

/* A sensor that was taken over makes a start of its own of every event. */
static void
test_gaps_are_bounded_whatever_a_sensor_says(void **state)
{
	struct backlog *b = make(20000);

	(void)state;
	for (uint64_t i = 0; i < 20000; i++) {
		char boot[20];

		(void)snprintf(boot, sizeof(boot), "b%u", (unsigned)i);
		(void)put(b, boot, 0, 1);
		assert_true(backlog_bytes(b) < 1500000);
	}
	assert_int_equal(backlog_lost(b) + backlog_waiting(b), 20000);
	backlog_destroy(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_come_in_order_and_go_when_they_are_done),
		cmocka_unit_test(test_the_oldest_is_lost_and_a_gap_stands_in_its_place),
		cmocka_unit_test(test_what_was_handed_out_is_not_lost_and_stays_before_the_gap),
		cmocka_unit_test(test_each_partition_and_each_start_has_a_gap_of_its_own),
		cmocka_unit_test(test_whole_lines_alone_are_done_by_bytes),
		cmocka_unit_test(test_what_may_have_arrived_and_is_not_sent_again_counts_as_lost),
		cmocka_unit_test(test_gaps_are_bounded_whatever_a_sensor_says),
		cmocka_unit_test(test_random_traffic_keeps_order_and_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
