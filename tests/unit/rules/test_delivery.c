/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The states of the delivery, fed with a server's answers by hand; no socket, no clock.
 */
#include "rules/event/delivery.h"
#include "rules/event/gap.h"
#include "rules/event/secret.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct box {
	char dir[64];
	struct delivery *d;
	struct log log;
	struct loop_time now;
	char sent[1 << 20];		/* since the last look */
	size_t len;
};

static void
keep_sent(void *arg, unsigned link, const void *bytes, size_t n)
{
	struct box *b = arg;

	(void)link;
	assert_true(b->len + n < sizeof(b->sent));
	memcpy(b->sent + b->len, bytes, n);
	b->len += n;
	b->sent[b->len] = '\0';
}

static void
open_delivery(struct box *b, uint64_t cap)
{
	struct seglog_options spool = { .dir = b->dir, .cap_bytes = cap, .now = b->now };
	struct delivery_options o = { .sensor = "s1", .version = "0",
		.server = "unix:/nowhere", .spool = &spool, .load_function = true,
		.log = &b->log, .arg = b, .send = keep_sent };
	struct fault why;

	b->d = delivery_create(&o, &why);
	assert_non_null(b->d);
}

static int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	(void)snprintf(b->dir, sizeof(b->dir), "/tmp/earshot-delivery-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	b->log = (struct log){ "test", LOG_LEVEL_FATAL };
	b->now.ns = NS_PER_S;
	open_delivery(b, 0);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct box *b = *state;
	char command[128];

	delivery_destroy(b->d, true);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static void
put_of(struct box *b, const char *boot, uint32_t partition, uint64_t seq)
{
	char json[64];
	struct event_head h = { .lane = LANE_ALERT, .partition = partition, .seq = seq };

	(void)snprintf(h.boot, sizeof(h.boot), "%s", boot);
	h.json_len = (uint32_t)snprintf(json, sizeof(json), "{\"seq\":%" PRIu64 "}", seq);
	assert_true(delivery_put(b->d, &h, json, b->now));
}

static void
put(struct box *b, uint32_t partition, uint64_t seq)
{
	put_of(b, "b1", partition, seq);
}

static int
answer(struct box *b, const char *text)
{
	struct fault why = { "", "" };
	size_t n = strlen(text);
	char *exact = malloc(n);
	int rc;

	memcpy(exact, text, n);
	b->len = 0;
	b->sent[0] = '\0';
	rc = delivery_feed(b->d, 0, exact, n, b->now, &why);
	free(exact);
	if (rc == -1)
		assert_true(why.what[0] != '\0');
	return rc;
}

static void
expect_sent(const struct box *b, const char *part)
{
	if (strstr(b->sent, part) == NULL)
		fail_msg("'%s' was not sent, but: %s", part, b->sent);
}

static void
wait_ms(struct box *b, int ms)
{
	struct fault why;

	b->len = 0;
	b->sent[0] = '\0';
	b->now.ns += ms * NS_PER_MS;
	assert_int_equal(delivery_tick(b->d, 0, b->now, &why), 0);
}

static void
come_up(struct box *b)
{
	delivery_up(b->d, 0, NULL, b->now);
	expect_sent(b, "PING");
	assert_int_equal(answer(b, "+PONG\r\n"), 0);
	expect_sent(b, "ear_version");
	assert_int_equal(answer(b, ":2\r\n"), 0);
	assert_true(delivery_ready(b->d));
}

static void
test_events_leave_the_spool_when_the_server_has_them(void **state)
{
	struct box *b = *state;

	put(b, 3, 1);
	put(b, 3, 2);
	come_up(b);
	expect_sent(b, "ear_last");
	expect_sent(b, "{ear:p03}:seq");
	expect_sent(b, "s1/b1/alert");
	assert_int_equal(answer(b, ":0\r\n"), 0);
	expect_sent(b, "ear_append");
	expect_sent(b, "{ear:p03}:alert");
	expect_sent(b, "{\"seq\":2}");
	assert_false(delivery_done(b->d));
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:2\r\n"), 0);
	assert_true(delivery_done(b->d));
	assert_true(delivery_counts(b->d)->delivered == 2);
}

static void
test_one_call_is_in_flight_for_each_partition(void **state)
{
	struct box *b = *state;

	put(b, 3, 1);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	expect_sent(b, "ear_append");
	b->len = 0;
	b->sent[0] = '\0';
	put(b, 3, 2);
	delivery_pump(b->d, b->now);
	assert_string_equal(b->sent, "");
	put(b, 4, 1);
	delivery_pump(b->d, b->now);
	expect_sent(b, "{ear:p04}:seq");
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	expect_sent(b, "{\"seq\":2}");
}

static void
test_a_replay_is_not_sent_again(void **state)
{
	struct box *b = *state;

	for (uint64_t n = 1; n <= 5; n++)
		put(b, 0, n);
	come_up(b);
	assert_int_equal(answer(b, ":3\r\n"), 0);
	expect_sent(b, "{\"seq\":4}");
	assert_null(strstr(b->sent, "{\"seq\":3}"));
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:5\r\n"), 0);
	assert_true(delivery_done(b->d));
}

static void
test_an_error_keeps_the_batch_and_tries_again(void **state)
{
	static const char *const errors[] = {
		"-OOM command not allowed\r\n", "-LOADING Redis is loading\r\n",
		"-READONLY You can't write\r\n", "-MISCONF disk\r\n", "-BUSY script\r\n",
		"-NOPERM no\r\n", "-WRONGTYPE key\r\n", "-ERR something else\r\n",
	};
	struct box *b = *state;

	put(b, 0, 1);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_int_equal(answer(b, errors[i]), 0);
		assert_string_equal(b->sent, "");
		assert_false(delivery_done(b->d));
		wait_ms(b, 2100);
		expect_sent(b, "ear_last");
		assert_int_equal(answer(b, ":0\r\n"), 0);
		expect_sent(b, "{\"seq\":1}");
	}
	assert_true(delivery_counts(b->d)->errors == 8);
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	assert_true(delivery_done(b->d));
}

static void
test_a_missing_function_is_loaded_once(void **state)
{
	struct box *b = *state;

	delivery_up(b->d, 0, NULL, b->now);
	assert_int_equal(answer(b, "+PONG\r\n"), 0);
	assert_int_equal(answer(b, "-ERR Function not found\r\n"), 0);
	expect_sent(b, "#!lua name=earshot");
	assert_int_equal(answer(b, "-NOPERM not you\r\n"), 0);
	assert_string_equal(b->sent, "");
	wait_ms(b, 2100);
	expect_sent(b, "ear_version");
	assert_int_equal(answer(b, "-ERR Function not found\r\n"), 0);
	assert_string_equal(b->sent, "");
	wait_ms(b, 2100);
	assert_int_equal(answer(b, ":2\r\n"), 0);
	assert_true(delivery_ready(b->d));
}

static void
test_loading_is_waited_for(void **state)
{
	struct box *b = *state;

	delivery_up(b->d, 0, NULL, b->now);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(answer(b, "-LOADING Redis is loading\r\n"), 0);
		assert_string_equal(b->sent, "");
		wait_ms(b, 2100);
		expect_sent(b, "PING");
	}
	assert_int_equal(answer(b, "+PONG\r\n"), 0);
	expect_sent(b, "ear_version");
}

static void
test_what_is_in_no_spool_is_told_by_a_gap_event(void **state)
{
	struct box *b = *state;

	put(b, 2, 8);
	put(b, 2, 9);
	come_up(b);
	assert_int_equal(answer(b, ":5\r\n"), 0);
	expect_sent(b, "\"gap\":{\"from\":6,\"to\":7,\"count\":2,");
	expect_sent(b, "\"event_id\":\"s1:b1:alert:2:7\"");
	assert_null(strstr(b->sent, "{\"seq\":8}"));
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:7\r\n"), 0);
	expect_sent(b, "{\"seq\":8}");
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:9\r\n"), 0);
	assert_true(delivery_done(b->d));
	assert_true(delivery_counts(b->d)->gaps == 1 && delivery_counts(b->d)->lost == 2);
}

static void
put_json(struct box *b, uint64_t seq, const char *json)
{
	struct event_head h = { .lane = LANE_ALERT, .partition = 2, .seq = seq,
		.boot = "b1", .json_len = (uint32_t)strlen(json) };

	assert_true(delivery_put(b->d, &h, json, b->now));
}

static void
test_a_gap_the_sensor_told_itself_is_not_told_again(void **state)
{
	struct box *b = *state;

	put_json(b, 1, "{}");
	put_json(b, 9, "{\"gap\":{\"from\":4,\"to\":8}}");
	put_json(b, 10, "{\"text\":\"\\\"gap\\\":{\\\"from\\\":1\"}");
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	expect_sent(b, "\"gap\":{\"from\":2,\"to\":3,\"count\":2,");
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:3\r\n"), 0);
	expect_sent(b, "\r\n9\r\n");
	expect_sent(b, "{\"gap\":{\"from\":4,\"to\":8}}");
	assert_null(strstr(b->sent, "no spool"));
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:9\r\n"), 0);
	expect_sent(b, "\r\n10\r\n");
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:10\r\n"), 0);
	assert_true(delivery_done(b->d));
	assert_true(delivery_counts(b->d)->gaps == 2 && delivery_counts(b->d)->lost == 7);
}

static void
test_a_server_that_lost_its_tail_is_healed_from_the_spool(void **state)
{
	struct box *b = *state;

	for (uint64_t n = 1; n <= 4; n++)
		put(b, 0, n);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:4\r\n"), 0);
	assert_true(delivery_done(b->d));
	put(b, 0, 5);
	delivery_pump(b->d, b->now);
	assert_int_equal(answer(b, "*2\r\n$3\r\nGAP\r\n:2\r\n"), -1);
	delivery_down(b->d, 0, b->now);
	come_up(b);
	assert_int_equal(answer(b, ":2\r\n"), 0);
	expect_sent(b, "{\"seq\":3}");
	expect_sent(b, "{\"seq\":5}");
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:5\r\n"), 0);
	assert_true(delivery_done(b->d));
	assert_true(
	    delivery_counts(b->d)->gaps == 0 && delivery_counts(b->d)->rewinds == 1);
}

static void
test_a_lost_tail_is_found_on_reconnect_without_new_events(void **state)
{
	struct box *b = *state;

	put(b, 0, 1);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	delivery_down(b->d, 0, b->now);
	come_up(b);
	expect_sent(b, "ear_last");
	assert_int_equal(answer(b, ":0\r\n"), -1);
	delivery_down(b->d, 0, b->now);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	expect_sent(b, "{\"seq\":1}");
}

static void
test_events_the_cap_dropped_are_told_with_their_reason(void **state)
{
	struct box *b = *state;
	char part[64];

	delivery_destroy(b->d, true);
	open_delivery(b, 64 << 10);
	for (uint64_t n = 1; n <= 2000; n++)
		put(b, 1, n);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	expect_sent(b, "the spool was full");
	expect_sent(b, "\"gap\":{\"from\":1,");
	(void)snprintf(part, sizeof(part), "\"count\":%" PRIu64,
	    seglog_counts(delivery_spool(b->d, LANE_ALERT))->dropped);
	expect_sent(b, part);
}

static void
put_lane(struct box *b, enum lane lane, uint64_t seq, const char *json)
{
	struct event_head h = { .lane = lane, .partition = 1, .seq = seq, .boot = "b1",
		.json_len = (uint32_t)strlen(json) };

	(void)delivery_put(b->d, &h, json, b->now);
}

static void
test_flows_go_before_alerts_and_are_counted_by_kind(void **state)
{
	static const char alert[] = "{\"earshot\":{\"kind\":\"live-audio\",\"severity\":"
	    "\"critical\"}}", flow[] = "{\"event_type\":\"flow\",\"fill\":\"0123456789\"}";
	struct box *b = *state;
	uint64_t dropped;
	char part[96];

	delivery_destroy(b->d, true);
	open_delivery(b, 64 << 10);
	for (uint64_t n = 1; n <= 200; n++) {
		put_lane(b, LANE_ALERT, n, alert);
		for (uint64_t k = 0; k < 5; k++)
			put_lane(b, LANE_FLOW, 5 * n - 4 + k, flow);
	}
	dropped = seglog_counts(delivery_spool(b->d, LANE_FLOW))->dropped;
	assert_true(dropped > 0);
	assert_true(seglog_counts(delivery_spool(b->d, LANE_ALERT))->dropped == 0);
	assert_true(seglog_bytes(delivery_spool(b->d, LANE_ALERT)) +
	    seglog_bytes(delivery_spool(b->d, LANE_FLOW)) <= 64 << 10);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n:0\r\n"), 0);
	expect_sent(b, "\r\n1\r\n");
	(void)snprintf(part, sizeof(part),
	    "\"kinds\":[{\"kind\":\"flow\",\"count\":%" PRIu64 "}]}", dropped);
	expect_sent(b, part);
	/* Then alerts go too, the oldest first, once there is no flow but the newest. */
	for (uint64_t n = 201; n <= 2000; n++)
		put_lane(b, LANE_ALERT, n, alert);
	assert_true(seglog_counts(delivery_spool(b->d, LANE_ALERT))->dropped > 0);
}

static void
test_a_gap_counts_kinds_and_severities(void **state)
{
	struct lost_by by = { .kind = { 0 } }, told;
	static const char one[] = "{\"a\":\"\\\"kind\\\":\\\"tunnel\\\"\",\"kind\":"
	    "\"bulk-upload\",\"severity\":\"high\"}";
	struct lost_events g = { .sensor = "s", .boot = "b", .version = "0", .from = 1,
		.to = 3, .why = "x", .by = &by };
	char json[2048];

	(void)state;
	lost_by_add(&by, one, sizeof(one) - 1);
	lost_by_add(&by, one, sizeof(one) - 1);
	lost_by_add(&by, "{}", 2);
	assert_true(gap_event_json(&g, json, sizeof(json)) > 0);
	assert_non_null(strstr(json, "\"kinds\":[{\"kind\":\"bulk-upload\",\"count\":2},"
	    "{\"kind\":\"flow\",\"count\":1}],\"severities\":[{\"severity\":\"high\","
	    "\"count\":2}]}"));
	told = by;
	lost_by_add(&by, "{}", 2);
	lost_by_take(&by, &told);
	assert_true(by.kind[EVENT_KIND_COUNT] == 1);
	for (unsigned k = 0; k < EVENT_KIND_COUNT; k++)
		by.kind[k] = UINT32_MAX;
	for (unsigned k = 0; k < SEVERITY_COUNT; k++)
		by.severity[k] = UINT32_MAX;
	assert_true(gap_event_json(&g, json, sizeof(json)) > 0);
	assert_non_null(strstr(json, "}]},\"rules_version\""));
}

static void
test_what_waits_too_long_goes_and_is_told(void **state)
{
	struct box *b = *state;

	delivery_destroy(b->d, true);
	open_delivery(b, 64 << 10);
	for (uint64_t n = 1; n <= 300; n++)
		put(b, 1, n);
	delivery_expire(b->d, 1);
	assert_true(seglog_counts(delivery_spool(b->d, LANE_ALERT))->dropped == 0);
	delivery_expire(b->d, INT64_MAX);
	assert_true(seglog_counts(delivery_spool(b->d, LANE_ALERT))->dropped > 0);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	expect_sent(b, "they waited for longer than the spool keeps events");
}

static void
test_the_name_of_another_machine_is_told_once(void **state)
{
	struct box *b = *state;
	struct seglog_options spool = { .dir = b->dir, .now = b->now };
	struct delivery_options o = { .sensor = "s1", .version = "0", .server = "x",
		.machine = "abc", .partitions = 16, .keep_ns = NS_PER_S, .spool = &spool,
		.log = &b->log, .arg = b, .send = keep_sent };
	struct fault why;

	delivery_destroy(b->d, true);
	b->d = delivery_create(&o, &why);
	assert_non_null(b->d);
	put(b, 0, 1);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	expect_sent(b, "gap=0 id=abc of=16 keep=1000");
	assert_int_equal(answer(b, "-CLONED the name s1\r\n"), 0);
	expect_sent(b, "s1/cloned-abc-0/alert");
	assert_string_equal(delivery_state(b->d), "cloned");
	assert_true(delivery_health(b->d)->cloned);
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	wait_ms(b, 2100);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	expect_sent(b, "{\"seq\":1}");
	assert_int_equal(answer(b, "-CLONED the name s1\r\n"), 0);
	assert_string_equal(b->sent, "");
	wait_ms(b, 2100);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	assert_string_equal(delivery_state(b->d), "ready");
	assert_false(delivery_health(b->d)->cloned);
}

static void
test_a_full_server_is_trimmed_at_once(void **state)
{
	struct box *b = *state;
	struct seglog_options spool = { .dir = b->dir, .now = b->now };
	struct delivery_options o = { .sensor = "s1", .version = "0", .server = "x",
		.keep_ns = NS_PER_S, .maxlen = 77, .spool = &spool, .log = &b->log,
		.arg = b, .send = keep_sent };
	struct fault why;

	delivery_destroy(b->d, true);
	b->d = delivery_create(&o, &why);
	assert_non_null(b->d);
	put(b, 0, 1);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	wait_ms(b, 50);
	assert_null(strstr(b->sent, "ear_trim"));
	assert_int_equal(answer(b, "-OOM command not allowed\r\n"), 0);
	wait_ms(b, 50);
	expect_sent(b, "ear_trim");
	expect_sent(b, "{ear:p00}:alert");
	expect_sent(b, "$2\r\n77\r\n$4\r\n1000\r\n");
	wait_ms(b, 10);
	expect_sent(b, "{ear:p00}:flow");
}

static void
test_each_state_has_its_word(void **state)
{
	static const struct { const char *error, *state; } row[] = {
		{ "-LOADING x\r\n", "loading" }, { "-MASTERDOWN x\r\n", "master-down" },
		{ "-READONLY x\r\n", "read-only" }, { "-OOM x\r\n", "out-of-memory" },
		{ "-MISCONF x\r\n", "cannot-save" }, { "-NOPERM x\r\n", "not-permitted" },
		{ "-NOAUTH x\r\n", "no-password" },
		{ "-CLUSTERDOWN x\r\n", "cluster-down" } };
	struct box *b = *state;

	assert_string_equal(delivery_state(b->d), "connecting");
	put(b, 0, 1);
	come_up(b);
	assert_string_equal(delivery_state(b->d), "ready");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(answer(b, row[i].error), 0);
		assert_string_equal(delivery_state(b->d), row[i].state);
		wait_ms(b, 2100);
	}
}

static void
test_health_is_asked_for_and_the_worst_is_told(void **state)
{
	struct box *b = *state;

	put(b, 0, 1);
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	for (int i = 0; i < 70 && strstr(b->sent, "INFO") == NULL; i++) {
		wait_ms(b, 1000);
		if (strstr(b->sent, "PING") != NULL)
			assert_int_equal(answer(b, "+PONG\r\n"), 0);
	}
	expect_sent(b, "INFO");
	assert_int_equal(answer(b, "$69\r\nmaxmemory:1000000\r\nmaxmemory_policy:allkeys-lru"
	    "\r\naof_enabled:0\r\nx:1\r\n\r\n"), 0);
	assert_true(delivery_health(b->d)->known && delivery_health(b->d)->evicts);
	assert_false(delivery_health(b->d)->appendonly);
	for (unsigned i = 0; i < LANE_COUNT * EVENT_PARTITIONS; i++) {
		if (i > 0) {
			wait_ms(b, 50);
			expect_sent(b, "ear_lag");
		}
		assert_int_equal(answer(b, i == 7 ? "*3\r\n:60000\r\n$1\r\ng\r\n:70000\r\n" :
		    i == 9 ? "-NOPERM not you\r\n" : "*3\r\n:5\r\n$1\r\nh\r\n:9\r\n"), 0);
	}
	wait_ms(b, 50);
	assert_string_equal(b->sent, "");
	assert_true(delivery_health(b->d)->lag_known && delivery_health(b->d)->lags);
	assert_true(delivery_health(b->d)->lag == 60000);
	assert_string_equal(delivery_health(b->d)->group, "g");
	assert_true(delivery_counts(b->d)->errors == 0);
}

static void
test_an_earlier_boot_goes_first_in_its_stream(void **state)
{
	struct box *b = *state;
	struct seglog_options spool = { .dir = b->dir, .now = b->now };
	struct delivery_options o = {.sensor = "s1",
	    .version = "0",
	    .server = "x",
	    .spool = &spool,
	    .log = &b->log,
	    .arg = b,
	    .send = keep_sent};

	put(b, 0, 1);
	delivery_destroy(b->d, false);
	b->d = delivery_create(&o, NULL);
	assert_non_null(b->d);
	put_of(b, "b2", 0, 1);
	come_up(b);
	expect_sent(b, "s1/b1/alert");
	expect_sent(b, "s1/b2/alert");
	assert_int_equal(answer(b, ":0\r\n:0\r\n"), 0);
	expect_sent(b, "s1/b1/alert");
	assert_null(strstr(b->sent, "s1/b2/alert"));
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	expect_sent(b, "s1/b2/alert");
	assert_int_equal(answer(b, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	assert_true(delivery_done(b->d));
}

static void
test_a_server_that_contradicts_itself_is_dropped(void **state)
{
	static const char *const bad[] = {
	    "*2\r\n$2\r\nOK\r\n:0\r\n",
	    "*2\r\n$3\r\nGAP\r\n:0\r\n",
	    "*2\r\n$2\r\nNO\r\n:1\r\n",
	    "*2\r\n$2\r\nOK\r\n:-1\r\n",
	    "*2\r\n$2\r\nOK\r\n:9223372036854775807\r\n",
	    "*2\r\n$-1\r\n$-1\r\n",
	    "*0\r\n",
	    "*-1\r\n",
	    ":1\r\n",
	    "+OK\r\n",
	    "$-1\r\n",
	    "*3\r\n$2\r\nOK\r\n:1\r\n:1\r\n",
	    "*2\r\n*0\r\n:1\r\n",
	    "*4294967295\r\n",
	    "*100000000\r\n",
	    "!\r\n",
	    "*2\r\n$2\r\nOK\r\n:1\r\n*2\r\n$2\r\nOK\r\n:1\r\n",
	};
	struct box *b = *state;

	put(b, 0, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]) - 1; i++) {
		come_up(b);
		assert_int_equal(answer(b, ":0\r\n"), 0);
		if (answer(b, bad[i]) != -1)
			fail_msg("'%s' was believed", bad[i]);
		assert_false(delivery_done(b->d));
		delivery_down(b->d, 0, b->now);
	}
	come_up(b);
	assert_int_equal(answer(b, ":0\r\n"), 0);
	assert_int_equal(answer(b, bad[sizeof(bad) / sizeof(bad[0]) - 1]), -1);
}

static void
test_a_silent_server_is_pinged_and_then_given_up(void **state)
{
	struct box *b = *state;
	struct fault why;

	come_up(b);
	wait_ms(b, 5100);
	expect_sent(b, "PING");
	assert_int_equal(answer(b, "+PONG\r\n"), 0);
	wait_ms(b, 5100);
	b->now.ns += 9 * NS_PER_S;
	assert_int_equal(delivery_tick(b->d, 0, b->now, &why), 0);
	b->now.ns += 2 * NS_PER_S;
	assert_int_equal(delivery_tick(b->d, 0, b->now, &why), -1);
	assert_non_null(strstr(why.what, "10 s"));
}

static void
test_answers_may_come_byte_by_byte(void **state)
{
	struct box *b = *state;
	const char *all = "+PONG\r\n:2\r\n:0\r\n*2\r\n$2\r\nOK\r\n:1\r\n";
	char one[2] = "";

	put(b, 0, 1);
	delivery_up(b->d, 0, NULL, b->now);
	for (; *all != '\0'; all++) {
		one[0] = *all;
		assert_int_equal(answer(b, one), 0);
	}
	assert_true(delivery_done(b->d));
}

static void
test_lines_with_control_characters_are_no_json_lines(void **state)
{
	(void)state;
	assert_true(json_line_ok("{\"a\":\"\xc3\xa9\"}", 10));
	assert_false(json_line_ok("{}\n", 3));
	assert_false(json_line_ok("\x1b[2J", 4));
}

/* A server that does not know AUTH says its arguments back. */
static void
test_a_password_that_is_said_back_is_not_shown(void **state)
{
	static const char no_auth[] = "-ERR unknown command 'AUTH', with args beginning "
	    "with: 'sesame' \r\n", wrong[] = "-WRONGPASS invalid\r\n";
	struct secret secret = { "sesame" };
	struct box *b = *state;
	struct seglog_options spool = { .dir = b->dir, .now = b->now };
	struct delivery_options o = { .sensor = "s1", .version = "0", .server = "r",
		.secret = &secret, .spool = &spool, .log = &b->log, .arg = b,
		.send = keep_sent };
	struct fault why;

	delivery_destroy(b->d, true);
	b->d = delivery_create(&o, &why);
	assert_non_null(b->d);
	delivery_up(b->d, 0, NULL, b->now);
	expect_sent(b, "sesame");
	assert_int_equal(delivery_feed(b->d, 0, no_auth, strlen(no_auth), b->now, &why), -1);
	assert_null(strstr(why.what, "sesame"));
	assert_null(strstr(why.remedy, "sesame"));
	delivery_up(b->d, 0, NULL, b->now);
	assert_int_equal(delivery_feed(b->d, 0, wrong, strlen(wrong), b->now, &why), -1);
	assert_string_equal(why.what, "it does not know this user or password: WRONGPASS");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_events_leave_the_spool_when_the_server_has_them),
		T(test_one_call_is_in_flight_for_each_partition),
		T(test_a_replay_is_not_sent_again),
		T(test_an_error_keeps_the_batch_and_tries_again),
		T(test_a_missing_function_is_loaded_once),
		T(test_loading_is_waited_for),
		T(test_what_is_in_no_spool_is_told_by_a_gap_event),
		T(test_a_gap_the_sensor_told_itself_is_not_told_again),
		T(test_a_server_that_lost_its_tail_is_healed_from_the_spool),
		T(test_a_lost_tail_is_found_on_reconnect_without_new_events),
		T(test_events_the_cap_dropped_are_told_with_their_reason),
		T(test_flows_go_before_alerts_and_are_counted_by_kind),
		T(test_what_waits_too_long_goes_and_is_told),
		T(test_the_name_of_another_machine_is_told_once),
		T(test_a_full_server_is_trimmed_at_once),
		T(test_each_state_has_its_word),
		T(test_health_is_asked_for_and_the_worst_is_told),
		cmocka_unit_test(test_a_gap_counts_kinds_and_severities),
		T(test_an_earlier_boot_goes_first_in_its_stream),
		T(test_a_server_that_contradicts_itself_is_dropped),
		T(test_a_silent_server_is_pinged_and_then_given_up),
		T(test_answers_may_come_byte_by_byte),
		T(test_a_password_that_is_said_back_is_not_shown),
		cmocka_unit_test(test_lines_with_control_characters_are_no_json_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
