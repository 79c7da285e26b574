/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slots and redirections as data; then a delivery that is sent from node to node, answered
 * by hand. */
#include "rules/event/delivery.h"
#include "rules/event/reply.h"
#include "rules/event/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* From the specification of Redis Cluster, and a server's CLUSTER KEYSLOT. */
static void
test_a_key_lies_in_the_slot_of_what_stands_in_its_braces(void **state)
{
	(void)state;
	assert_int_equal(redis_slot("123456789", 9), 0x31c3);
	assert_int_equal(redis_slot("foo", 3), 12182);
	assert_int_equal(redis_slot("{foo}bar", 8), 12182);
	assert_int_equal(redis_slot("a{foo}{bar}", 11), 12182);
	assert_int_equal(redis_slot("foo{}{bar}", 10), 8363);
	assert_int_not_equal(redis_slot("{foo", 4), 12182);
	assert_int_equal(redis_slot("", 0), 0);
	for (uint32_t p = 0; p < EVENT_PARTITIONS_MOST; p++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "{ear:p%02u}:seq", p);
		assert_int_equal(partition_slot(p), redis_slot(key, strlen(key)));
	}
}

static void
test_redirections_are_read_and_nonsense_is_none(void **state)
{
	static const char *const none[] = { "MOVED", "MOVED ", "MOVED 1", "MOVED 1 ",
		"MOVED 1 h", "MOVED 1 h:", "MOVED 1 h:0", "MOVED 1 h:65536", "MOVED 16384 h:1",
		"MOVED x h:1", "MOVED -1 h:1", "MOVED 1 h\x1b[2J:1", "MOVED 1 h:1 ",
		"ASKING 1 h:1", "ERR MOVED 1 h:1", "" };
	struct sink_address to;
	uint16_t slot = 0;

	(void)state;
	assert_int_equal(redirect_parse("MOVED 3999 127.0.0.1:6381", &slot, &to),
	    REDIRECT_MOVED);
	assert_int_equal(slot, 3999);
	assert_string_equal(to.host, "127.0.0.1");
	assert_int_equal(to.port, 6381);
	assert_int_equal(redirect_parse("ASK 1 fd00::1:6379", &slot, &to), REDIRECT_ASK);
	assert_string_equal(to.host, "fd00::1");
	assert_int_equal(redirect_parse("MOVED 1 :6381", &slot, &to), REDIRECT_MOVED);
	assert_string_equal(to.host, "");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(redirect_parse(none[i], &slot, &to), REDIRECT_NONE);
}

static int
slots(const char *text, struct sink_address to[EVENT_PARTITIONS_MOST])
{
	const struct reply_limits limits = { .bytes = 1 << 16, .elements = 64, .depth = 4 };
	struct reply_reader *r = reply_create(&limits);
	redisReply *reply;
	int known;

	assert_int_equal(reply_feed(r, text, strlen(text)), 0);
	assert_int_equal(reply_next(r, &reply), 1);
	known = slots_parse(reply, to);
	freeReplyObject(reply);
	reply_destroy(r);
	return known;
}

static void
test_the_map_of_a_cluster_is_read_and_nonsense_refused(void **state)
{
	static const char *const wrong[] = { ":1\r\n", "*1\r\n:1\r\n",
		"*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\nh\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nh\r\n:65536\r\n" };
	struct sink_address to[EVENT_PARTITIONS_MOST];

	(void)state;
	assert_int_equal(slots("*2\r\n*3\r\n:0\r\n:8191\r\n*3\r\n$1\r\na\r\n:1\r\n$2\r\nid\r\n"
	    "*3\r\n:8192\r\n:16383\r\n*2\r\n$-1\r\n:2\r\n", to), EVENT_PARTITIONS_MOST);
	for (uint32_t p = 0; p < EVENT_PARTITIONS_MOST; p++) {
		bool low = partition_slot(p) < 8192;

		assert_string_equal(to[p].host, low ? "a" : "");
		assert_int_equal(to[p].port, low ? 1 : 2);
	}
	assert_int_equal(slots("*0\r\n", to), 0);
	assert_int_equal(slots("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\n?\r\n:1\r\n", to), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(slots(wrong[i], to), -1);
}

/* ---- a delivery between two nodes ---- */

struct box {
	char dir[64];
	struct delivery *d;
	struct log log;
	struct loop_time now;
	char sent[DELIVERY_LINKS][1 << 16];
	size_t len[DELIVERY_LINKS];
};

static void
keep_sent(void *arg, unsigned link, const void *bytes, size_t n)
{
	struct box *b = arg;

	assert_true(b->len[link] + n < sizeof(b->sent[0]));
	memcpy(b->sent[link] + b->len[link], bytes, n);
	b->len[link] += n;
	b->sent[link][b->len[link]] = '\0';
}

static void
forget_sent(struct box *b)
{
	for (unsigned i = 0; i < DELIVERY_LINKS; i++) {
		b->len[i] = 0;
		b->sent[i][0] = '\0';
	}
}

static int
answer(struct box *b, unsigned link, const char *text)
{
	struct fault why;

	forget_sent(b);
	return delivery_feed(b->d, link, text, strlen(text), b->now, &why);
}

static void
wait_ms(struct box *b, int ms)
{
	struct fault why;

	forget_sent(b);
	b->now.ns += ms * NS_PER_MS;
	for (unsigned i = 0; i < DELIVERY_LINKS; i++)
		assert_int_equal(delivery_tick(b->d, i, b->now, &why), 0);
}

static void
put_in(struct box *b, uint32_t partition, uint64_t seq)
{
	struct event_head h = { .lane = LANE_ALERT, .partition = partition, .seq = seq,
		.boot = "b1", .json_len = 2 };

	assert_true(delivery_put(b->d, &h, "{}", b->now));
}

static void
put(struct box *b, uint64_t seq)
{
	put_in(b, 3, seq);
}

static void
come_up(struct box *b, unsigned link, const char *host)
{
	struct sink_address at = { .port = 1 };

	(void)snprintf(at.host, sizeof(at.host), "%s", host);
	delivery_up(b->d, link, &at, b->now);
	assert_int_equal(answer(b, link, "+PONG\r\n"), 0);
	assert_int_equal(answer(b, link, ":2\r\n"), 0);
}

static int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	struct seglog_options spool = { .dir = b->dir, .now = { NS_PER_S } };
	struct delivery_options o = { .sensor = "s1", .version = "0",
		.server = "redis://a:1", .spool = &spool, .log = &b->log, .arg = b,
		.send = keep_sent };
	struct fault why;

	(void)snprintf(b->dir, sizeof(b->dir), "/tmp/earshot-routes-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	b->log = (struct log){ "test", LOG_LEVEL_FATAL };
	b->now.ns = NS_PER_S;
	b->d = delivery_create(&o, &why);
	assert_non_null(b->d);
	put(b, 1);
	come_up(b, 0, "a");
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

#define SENT(link, words) assert_non_null(strstr(b->sent[link], words))
#define SILENT(link) assert_string_equal(b->sent[link], "")

/* "MOVED slot host:1", of our partition. */
static const char *
sent_to(const char *word, const char *host, char buf[64])
{
	(void)snprintf(buf, 64, "-%s %u %s:1\r\n", word, partition_slot(3), host);
	return buf;
}

static void
test_a_partition_that_moved_is_asked_for_where_it_went(void **state)
{
	struct box *b = *state;
	char text[64];

	assert_null(delivery_wants(b->d, 1));
	assert_int_equal(answer(b, 0, sent_to("MOVED", "b", text)), 0);
	assert_non_null(delivery_wants(b->d, 1));
	assert_string_equal(delivery_wants(b->d, 1)->host, "b");
	assert_false(delivery_ready(b->d));
	wait_ms(b, 50);
	SENT(0, "CLUSTER");
	come_up(b, 1, "b");
	SENT(1, "ear_last");
	assert_int_equal(answer(b, 1, ":0\r\n"), 0);
	SENT(1, "ear_append");
	SILENT(0);
	assert_int_equal(answer(b, 1, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	assert_true(delivery_done(b->d) && delivery_ready(b->d));
	assert_true(delivery_counts(b->d)->moved == 1);
}

static void
test_a_node_that_was_behind_when_it_took_over_is_healed(void **state)
{
	struct box *b = *state;
	char text[64];

	assert_int_equal(answer(b, 0, ":0\r\n"), 0);
	assert_int_equal(answer(b, 0, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	put(b, 2);
	delivery_pump(b->d, b->now);
	assert_int_equal(answer(b, 0, sent_to("MOVED", "b", text)), 0);
	come_up(b, 1, "b");
	SENT(1, "ear_last");
	assert_int_equal(answer(b, 1, ":0\r\n"), -1);	/* it lacks 1 */
	delivery_down(b->d, 1, b->now);
	come_up(b, 1, "b");
	assert_int_equal(answer(b, 1, ":0\r\n"), 0);
	SENT(1, "\r\n$1\r\n1\r\n");
	assert_int_equal(answer(b, 1, "*2\r\n$2\r\nOK\r\n:2\r\n"), 0);
	assert_true(delivery_done(b->d) && delivery_counts(b->d)->rewinds == 1);
}

/* Re-reading the spool for the one forgets nothing about the other. */
static void
test_two_nodes_that_lose_their_tails_are_healed_both(void **state)
{
	struct box *b = *state;
	char text[64];

	assert_int_equal(answer(b, 0, sent_to("MOVED", "b", text)), 0);
	come_up(b, 1, "b");
	assert_int_equal(answer(b, 1, ":0\r\n"), 0);
	assert_int_equal(answer(b, 1, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	put_in(b, 5, 1);
	delivery_pump(b->d, b->now);
	SENT(0, "ear_last");
	assert_int_equal(answer(b, 0, ":0\r\n"), 0);
	assert_int_equal(answer(b, 0, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	delivery_down(b->d, 0, b->now);
	come_up(b, 0, "a");
	assert_int_equal(answer(b, 0, ":0\r\n"), -1);
	delivery_down(b->d, 0, b->now);
	come_up(b, 0, "a");
	assert_int_equal(answer(b, 0, ":0\r\n"), 0);
	assert_int_equal(answer(b, 0, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	delivery_down(b->d, 1, b->now);
	come_up(b, 1, "b");
	SENT(1, "ear_last");
	assert_int_equal(answer(b, 1, ":0\r\n"), -1);
	delivery_down(b->d, 1, b->now);
	come_up(b, 1, "b");
	assert_int_equal(answer(b, 1, ":0\r\n"), 0);
	SENT(1, "{ear:p03}:alert");
	SENT(1, "gap=0");
	assert_int_equal(answer(b, 1, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	assert_true(delivery_counts(b->d)->rewinds == 2);
	assert_true(delivery_done(b->d) && delivery_counts(b->d)->gaps == 0);
}

static void
test_who_is_sent_elsewhere_for_once_says_asking(void **state)
{
	struct box *b = *state;
	char text[64];

	assert_int_equal(answer(b, 0, sent_to("ASK", "b", text)), 0);
	come_up(b, 1, "b");
	SENT(1, "ASKING");
	SENT(1, "ear_last");
	assert_int_equal(answer(b, 1, "+OK\r\n:0\r\n"), 0);
	SENT(1, "ASKING");
	SENT(1, "ear_append");
	/* Not all of it has moved: back to where it comes from, in a moment. */
	assert_int_equal(answer(b, 1, "+OK\r\n-TRYAGAIN Multiple keys\r\n"), 0);
	SILENT(0);
	wait_ms(b, 150);
	SENT(0, "ear_last");
	assert_true(delivery_counts(b->d)->errors == 0);
}

static void
test_who_was_sent_elsewhere_for_once_stays_when_the_map_says_so(void **state)
{
	struct box *b = *state;
	char text[64], map[128];

	assert_int_equal(answer(b, 0, sent_to("ASK", "b", text)), 0);
	come_up(b, 1, "b");
	assert_int_equal(answer(b, 1, "+OK\r\n:0\r\n"), 0);
	assert_int_equal(answer(b, 1, "+OK\r\n*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	for (unsigned i = 0; i < 2; i++) {
		wait_ms(b, 2100);
		SENT(i, "CLUSTER");	/* in turn */
		(void)snprintf(map, sizeof(map), "*1\r\n*3\r\n:%u\r\n:%u\r\n*2\r\n$1\r\n"
		    "%s\r\n:1\r\n", partition_slot(3), partition_slot(3), i == 0 ? "a" : "b");
		assert_int_equal(answer(b, i, map), 0);
		put(b, 2 + i);
		delivery_pump(b->d, b->now);
		SENT(1, "ear_append");
		assert_true((strstr(b->sent[1], "ASKING") != NULL) == (i == 0));
		(void)snprintf(text, sizeof(text), "%s*2\r\n$2\r\nOK\r\n:%u\r\n",
		    i == 0 ? "+OK\r\n" : "", 2 + i);
		assert_int_equal(answer(b, 1, text), 0);
	}
	assert_true(delivery_done(b->d));
}

static void
test_a_node_that_is_lost_is_looked_for_at_the_others(void **state)
{
	struct box *b = *state;
	char text[64], map[128];

	assert_int_equal(answer(b, 0, sent_to("MOVED", "b", text)), 0);
	wait_ms(b, 50);
	SENT(0, "CLUSTER");
	(void)snprintf(map, sizeof(map), "*1\r\n*3\r\n:%u\r\n:%u\r\n*2\r\n$1\r\nb\r\n:1\r\n",
	    partition_slot(3), partition_slot(3));
	assert_int_equal(answer(b, 0, map), 0);
	come_up(b, 1, "b");
	delivery_down(b->d, 1, b->now);
	wait_ms(b, 250);
	SENT(0, "CLUSTER");
	(void)snprintf(map, sizeof(map), "*1\r\n*3\r\n:%u\r\n:%u\r\n*2\r\n$1\r\nc\r\n:1\r\n",
	    partition_slot(3), partition_slot(3));
	assert_int_equal(answer(b, 0, map), 0);
	assert_string_equal(delivery_wants(b->d, 2)->host, "c");
	come_up(b, 2, "c");
	SENT(2, "ear_last");
	/* Nothing of ours lies at b: it is let go of. */
	wait_ms(b, 100);
	for (int i = 0; i < 3; i++) {
		(void)answer(b, 0, "+PONG\r\n");
		(void)answer(b, 2, i == 0 ? ":0\r\n" : "+PONG\r\n");
		wait_ms(b, 2000);
	}
	assert_null(delivery_wants(b->d, 1));
}

/* Of the sixteen that there are none, but it lies in the spool. */
static void
test_a_partition_of_an_earlier_setting_is_looked_for_too(void **state)
{
	struct box *b = *state;
	char text[128];
	unsigned slot = partition_slot(40);

	assert_int_equal(answer(b, 0, ":0\r\n"), 0);
	assert_int_equal(answer(b, 0, "*2\r\n$2\r\nOK\r\n:1\r\n"), 0);
	put_in(b, 40, 1);
	delivery_pump(b->d, b->now);
	SENT(0, "ear_last");
	(void)snprintf(text, sizeof(text), "-MOVED %u b:1\r\n", slot);
	assert_int_equal(answer(b, 0, text), 0);
	wait_ms(b, 50);
	SENT(0, "CLUSTER");
	assert_int_equal(answer(b, 0, "*0\r\n"), 0);
	come_up(b, 1, "b");
	delivery_down(b->d, 1, b->now);
	wait_ms(b, 250);
	SENT(0, "CLUSTER");
	(void)snprintf(text, sizeof(text), "*1\r\n*3\r\n:%u\r\n:%u\r\n*2\r\n$1\r\nc\r\n"
	    ":1\r\n", slot, slot);
	assert_int_equal(answer(b, 0, text), 0);
	assert_non_null(delivery_wants(b->d, 2));
	assert_string_equal(delivery_wants(b->d, 2)->host, "c");
}

static void
test_a_map_that_may_not_be_asked_for_is_made_of_redirections(void **state)
{
	struct box *b = *state;
	char text[64];

	assert_int_equal(answer(b, 0, sent_to("MOVED", "b", text)), 0);
	wait_ms(b, 50);
	assert_int_equal(answer(b, 0, "-NOPERM no\r\n"), 0);
	come_up(b, 1, "b");
	delivery_down(b->d, 1, b->now);
	wait_ms(b, 250);
	SENT(0, "ear_last");
	assert_int_equal(answer(b, 0, sent_to("MOVED", "c", text)), 0);
	assert_string_equal(delivery_wants(b->d, 2)->host, "c");
}

static void
test_a_slot_that_is_not_ours_moves_nothing(void **state)
{
	struct box *b = *state;

	assert_int_equal(answer(b, 0, "-MOVED 1 b:1\r\n"), 0);
	assert_null(delivery_wants(b->d, 1));
	assert_true(delivery_counts(b->d)->errors == 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_lies_in_the_slot_of_what_stands_in_its_braces),
		cmocka_unit_test(test_redirections_are_read_and_nonsense_is_none),
		cmocka_unit_test(test_the_map_of_a_cluster_is_read_and_nonsense_refused),
		T(test_a_partition_that_moved_is_asked_for_where_it_went),
		T(test_a_node_that_was_behind_when_it_took_over_is_healed),
		T(test_two_nodes_that_lose_their_tails_are_healed_both),
		T(test_who_is_sent_elsewhere_for_once_says_asking),
		T(test_who_was_sent_elsewhere_for_once_stays_when_the_map_says_so),
		T(test_a_node_that_is_lost_is_looked_for_at_the_others),
		T(test_a_partition_of_an_earlier_setting_is_looked_for_too),
		T(test_a_map_that_may_not_be_asked_for_is_made_of_redirections),
		T(test_a_slot_that_is_not_ours_moves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
