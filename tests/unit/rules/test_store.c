/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store: what the outlet was told is there again, by device, after whatever happened. */
#define _GNU_SOURCE
#include "rules/event/answer.h"
#include "rules/event/batch.h"
#include "rules/event/carry.h"
#include "rules/event/parse.h"
#include "rules/event/recorder.h"
#include "rules/event/request.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND NS_PER_S

static const struct siphash_key key = { 1, 2 };

struct box {
	char dir[64];
	struct intern *strings;		/* the sensor's */
	struct recorder *r;
	int64_t wall, ahead;		/* ahead: of the monotonic clock */
	uint64_t cap;
	int64_t age;
};

static uint32_t
id_of(struct box *b, const char *s)
{
	return intern_put(b->strings, s, strlen(s));
}

static struct observation
record(struct box *b, enum observation_kind kind, uint64_t flow, const char *dest,
    uint64_t up, uint64_t down)
{
	struct observation o = { .size = sizeof(o), .version = OBSERVATION_VERSION,
		.kind = (uint8_t)kind, .time = b->wall, .flow_id = flow, .ordinal = 7 };

	OBSERVATION_SET(&o, outbound, true);
	OBSERVATION_SET(&o, device_key, id_of(b, "3c:52:82:11:0a:11"));
	OBSERVATION_SET(&o, device_name, id_of(b, "lobby"));
	OBSERVATION_SET(&o, dest_key, id_of(b, dest));
	OBSERVATION_SET(&o, app, id_of(b, "tls"));
	OBSERVATION_SET(&o, transport, TRANSPORT_TCP);
	OBSERVATION_SET(&o, upload, up);
	OBSERVATION_SET(&o, download, down);
	OBSERVATION_SET(&o, pkts_up, up / 1000 + 1);
	OBSERVATION_SET(&o, pkts_down, down / 1000 + 1);
	OBSERVATION_SET(&o, flow_start, b->wall - SECOND);
	OBSERVATION_SET(&o, way_bytes, 0.25);
	OBSERVATION_SET(&o, app_risks, UINT64_C(5));
	return o;
}

static void
say(struct box *b, const struct observation *o)
{
	uint8_t m[CARRY_MAX];
	size_t n = carry_size(o, b->strings);

	assert_true(n <= sizeof(m));
	carry_put(m, 1, false, o, b->strings);
	assert_true(recorder_take(b->r, span_of(m, n), (struct loop_time){ b->wall }));
}

static void
tell(struct box *b, enum observation_kind kind, uint64_t flow, const char *dest,
    uint64_t up, uint64_t down)
{
	struct observation o = record(b, kind, flow, dest, up, down);

	say(b, &o);
}

static void
pass(struct box *b, int64_t ns)
{
	b->wall += ns;
	while (recorder_tick(b->r, (struct loop_time){ b->wall - b->ahead }, b->wall))
		continue;
}

/* The wall clock alone, and a quarter of an hour later. */
static void
set_clock(struct box *b, int64_t ns)
{
	b->wall += ns;
	b->ahead += ns;
	pass(b, 3600 * SECOND / 4);
}

static void
begin(struct box *b)
{
	struct recorder_options o = { .dir = b->dir, .cap_bytes = b->cap, .age = b->age,
		.hash = key, .live = true, .now = { b->wall }, .wall = b->wall };
	struct fault why = { "", "" };

	b->r = recorder_create(&o, &why);
	if (b->r == NULL)
		fail_msg("%s", why.what);
	pass(b, 0);
}

static int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	struct timespec now;

	(void)snprintf(b->dir, sizeof(b->dir), "%s/earshot-store-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(b->dir));
	/* Segments age by their files' times: this clock begins where that one is. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	b->wall = now.tv_sec * SECOND;
	b->strings = intern_create(&key, 1024);
	begin(b);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct box *b = *state;
	char command[128];

	recorder_destroy(b->r);
	intern_destroy(b->strings);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

/* As if the process had been killed: what was not written is not there. */
static void
again(struct box *b)
{
	recorder_destroy(b->r);
	begin(b);
}

static void
day_bytes(struct box *b, const char *dest, uint64_t *up, uint64_t *down)
{
	const struct day *d = recorder_day(b->r);

	*up = *down = 0;
	for (const struct day_dest *t = day_first_dest(d); t != NULL;
	    t = day_next_dest(d, t)) {
		struct span s = intern_get(recorder_strings(b->r), t->dest);

		if (s.left == strlen(dest) && memcmp(s.at, dest, s.left) == 0)
			day_dest_bytes(d, t, up, down, NULL);
	}
}

static struct store_counts
counts(struct box *b)
{
	struct store_counts c;

	store_get_counts(recorder_store(b->r), &c);
	return c;
}

static void
test_a_flow_counts_once_however_often_it_is_told_and_the_outlet_restarts(void **state)
{
	struct box *b = *state;
	uint64_t up, down;

	tell(b, OBSERVATION_OPEN, 11, "cloud.example", 0, 0);
	tell(b, OBSERVATION_PART, 11, "cloud.example", 50000, 900);
	pass(b, 60 * SECOND);
	again(b);
	tell(b, OBSERVATION_PART, 11, "cloud.example", 90000, 1000);
	day_bytes(b, "cloud.example", &up, &down);
	assert_int_equal(up, 90000);
	tell(b, OBSERVATION_CLOSE, 11, "cloud.example", 100000, 1100);
	pass(b, 2 * SECOND);
	again(b);
	day_bytes(b, "cloud.example", &up, &down);
	assert_int_equal(up, 100000);
	assert_int_equal(down, 1100);
	assert_int_equal(counts(b).unreadable + counts(b).damaged, 0);
}

static void
test_small_flows_are_summed_in_ten_minutes_and_lose_no_byte(void **state)
{
	struct box *b = *state;
	uint64_t up, down;

	for (uint64_t f = 1; f <= 1000; f++) {
		tell(b, OBSERVATION_OPEN, f, "dns.example", 0, 0);
		tell(b, OBSERVATION_CLOSE, f, "dns.example", 40, 200);
	}
	day_bytes(b, "dns.example", &up, &down);
	assert_int_equal(up, 0);	/* not told yet */
	pass(b, 700 * SECOND);
	day_bytes(b, "dns.example", &up, &down);
	assert_int_equal(up, 40000);
	assert_int_equal(down, 200000);
	assert_int_equal(counts(b).sums, 1);
	pass(b, 2 * SECOND);
	again(b);
	day_bytes(b, "dns.example", &up, &down);
	assert_int_equal(up, 40000);
	assert_int_equal(live_count(recorder_live(b->r)), 0);
}

static void
test_inside_flows_are_summed_by_what_they_said_since(void **state)
{
	struct box *b = *state;
	struct observation o;
	uint64_t up, down;

	for (uint64_t i = 0; i <= 5; i++) {
		o = record(b, i == 0 ? OBSERVATION_OPEN : i == 5 ? OBSERVATION_CLOSE :
		    OBSERVATION_PART, 21, "10.0.0.5", i * 100000, i);
		OBSERVATION_SET(&o, outbound, false);
		say(b, &o);
	}
	pass(b, 700 * SECOND);
	day_bytes(b, "10.0.0.5", &up, &down);
	assert_int_equal(up, 500000);
}

static void
test_a_day_later_it_is_forgotten(void **state)
{
	struct box *b = *state;
	uint64_t up, down;

	tell(b, OBSERVATION_CLOSE, 11, "cloud.example", 50000, 900);
	pass(b, 20 * 3600 * SECOND);
	day_bytes(b, "cloud.example", &up, &down);
	assert_int_equal(up, 50000);
	pass(b, 6 * 3600 * SECOND);
	day_bytes(b, "cloud.example", &up, &down);
	assert_int_equal(up, 0);
}

static void
test_an_alert_is_the_devices_and_an_update_is_the_same_alert(void **state)
{
	static const char form[] = "{\"timestamp\":\"%s\",\"event_type\":\"alert\",\"alert\":"
	    "{\"signature\":\"bulk-upload\"},\"earshot\":{\"kind\":\"bulk-upload\","
	    "\"severity\":\"high\",\"explain\":\"said %s\",\"rule\":{\"id\":9100030},"
	    "\"device\":{\"key\":\"3c:52:82:11:0a:11\"},\"dest\":{\"key\":\"cloud.example\"},"
	    "\"update\":%s}}";
	struct box *b = *state;
	char json[600], when[PKT_TIME_TEXT];
	const struct day_alert *a;

	for (int i = 0; i < 2; i++) {
		(void)snprintf(json, sizeof(json), form,
		    pkt_time_print((struct pkt_time){ b->wall }, when),
		    i == 0 ? "first" : "last", i == 0 ? "false" : "true");
		recorder_event(b->r, span_of(json, strlen(json)), b->wall,
		    (struct loop_time){ b->wall });
		pass(b, 2 * SECOND);
	}
	for (int i = 0; i < 2; i++) {
		a = day_alert(recorder_day(b->r), 0);
		assert_non_null(a);
		assert_string_equal(a->explain, "said last");
		assert_string_equal(a->kind, "bulk-upload");
		assert_int_equal(a->id, 9100030);
		assert_true(a->last > a->time);
		assert_null(day_alert(recorder_day(b->r), 1));
		again(b);
	}
}

static void
test_size_and_age_are_kept(void **state)
{
	struct box *b = *state;
	uint64_t expired;

	recorder_destroy(b->r);
	b->cap = 1 << 20;
	b->age = 3600 * SECOND;
	begin(b);
	for (uint64_t f = 1; f <= 30000; f++) {
		tell(b, OBSERVATION_PART, f, "cloud.example", 50000 + f, 900);
		if (f % 1000 == 0)
			pass(b, 2 * SECOND);
	}
	assert_true(counts(b).bytes <= 1 << 20);
	assert_true(counts(b).bytes > 700 << 10);
	assert_int_equal(counts(b).lost, 0);
	/* Somebody sets the clock: that makes nothing older. */
	expired = counts(b).expired;
	set_clock(b, 365 * 86400 * SECOND);
	assert_true(counts(b).expired == expired);
	set_clock(b, -365 * 86400 * SECOND);
	/* The clock of the store goes on; the files stay as old as they are. */
	pass(b, 2 * 3600 * SECOND);
	assert_true(counts(b).expired > 3);
	assert_true(counts(b).bytes < 300 << 10);
}

static void
test_a_torn_tail_is_cut_and_the_rest_is_read(void **state)
{
	struct box *b = *state;
	char path[400] = "";
	struct dirent *e;
	struct stat st;
	uint64_t up, down;
	DIR *d;

	tell(b, OBSERVATION_PART, 11, "cloud.example", 50000, 900);
	pass(b, 2 * SECOND);
	tell(b, OBSERVATION_PART, 11, "cloud.example", 70000, 900);
	pass(b, 2 * SECOND);
	recorder_destroy(b->r);
	b->r = NULL;
	d = opendir(b->dir);
	while ((e = readdir(d)) != NULL)
		if (strstr(e->d_name, ".seg") != NULL)
			(void)snprintf(path, sizeof(path), "%s/%s", b->dir, e->d_name);
	(void)closedir(d);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 3), 0);
	begin(b);
	day_bytes(b, "cloud.example", &up, &down);
	assert_int_equal(up, 50000);
}

/* ---- a batch alone ---- */

static struct observation got;
static int gots;

static void
take_one(void *arg, const struct observation *o, const struct intern *strings)
{
	(void)arg;
	(void)strings;
	got = *o;
	gots++;
}

static enum batch_read
read_record(struct batch_reader *r, struct span head, struct span items)
{
	static uint8_t whole[1 << 18];

	memcpy(whole, head.at, head.left);
	memcpy(whole + head.left, items.at, items.left);
	return batch_reader_take(r, span_of(whole, head.left + items.left));
}

static void
test_an_observation_comes_back_as_it_was(void **state)
{
	struct box *b = *state;
	struct batch *w = batch_create();
	struct batch_reader_options ro = { .strings = b->strings,
		.on_observation = take_one };
	struct batch_reader *r = batch_reader_create(&ro);
	struct observation o = record(b, OBSERVATION_PART, 11, "cloud.example", 50000, 900);
	struct span head, items;

	OBSERVATION_SET(&o, src_ip, addr_from_v4((const uint8_t[]){ 10, 0, 0, 7 }));
	OBSERVATION_SET(&o, flow_end, FLOW_END_RST);
	OBSERVATION_SET(&o, window_start, INT64_MIN);
	OBSERVATION_SET(&o, window_length, INT64_MAX);
	OBSERVATION_SET(&o, captured_up, UINT64_MAX);
	OBSERVATION_SET(&o, src_port, 65535);
	o.seen = SEEN_HALF | SEEN_LOSS;
	assert_true(batch_observation(w, &o, b->strings));
	batch_take(w, &head, &items);
	assert_int_equal(read_record(r, head, items), BATCH_UNREADABLE);
	assert_int_equal(batch_reader_take(r, batch_dictionary(w)), BATCH_DICTIONARY);
	gots = 0;
	assert_int_equal(read_record(r, head, items), BATCH_ITEMS_READ);
	assert_int_equal(gots, 1);
	assert_memory_equal(&got, &o, sizeof(o));
	assert_true(head.left + items.left < 250);
	batch_reader_destroy(r);
	batch_destroy(w);
}

/* A store of a later version: a field we have is called otherwise there, so one of ours is
 * unknown and one of theirs is left out; the rest stays what it was. */
static void
test_a_dictionary_of_another_version_is_read_by_its_names(void **state)
{
	struct box *b = *state;
	struct batch *w = batch_create();
	struct batch_reader_options ro = { .strings = b->strings,
		.on_observation = take_one };
	struct batch_reader *r = batch_reader_create(&ro);
	struct observation o = record(b, OBSERVATION_PART, 11, "cloud.example", 50000, 900);
	struct span dict = batch_dictionary(w), head, items;
	static const struct siphash_key zeros;
	uint8_t other[32768], patched[4096], *at;
	uint64_t hash;

	memcpy(other, dict.at, dict.left);
	at = memmem(other, dict.left, "\x06upload", 7);
	assert_non_null(at);
	memcpy(at + 1, "uplook", 6);
	hash = siphash13(&zeros, other, dict.left);
	assert_true(batch_observation(w, &o, b->strings));
	batch_take(w, &head, &items);
	assert_true(head.left < sizeof(patched));
	memcpy(patched, head.at, head.left);
	(void)put_le(patched + 2, hash, 8);
	assert_int_equal(batch_reader_take(r, span_of(other, dict.left)), BATCH_DICTIONARY);
	gots = 0;
	assert_int_equal(read_record(r, span_of(patched, head.left), items),
	    BATCH_ITEMS_READ);
	assert_int_equal(gots, 1);
	assert_false(observation_known(&got, FIELD_upload));
	assert_int_equal(got.download, 900);
	assert_int_equal(got.app_risks, 5);
	assert_int_equal(got.dest_key, o.dest_key);
	/* Another layout is not guessed at. */
	patched[1] = 2;
	assert_int_equal(read_record(r, span_of(patched, head.left), items),
	    BATCH_UNREADABLE);
	batch_reader_destroy(r);
	batch_destroy(w);
}

static void
test_a_message_that_lies_is_refused(void **state)
{
	struct box *b = *state;
	struct observation o = record(b, OBSERVATION_PART, 11, "cloud.example", 50000, 900);
	uint8_t m[CARRY_MAX];
	size_t n = carry_size(&o, b->strings);

	carry_put(m, 1, false, &o, b->strings);
	for (size_t cut = 0; cut < n; cut++)
		assert_false(recorder_take(b->r, span_of(m, cut), (struct loop_time){ 1 }));
	m[5 + offsetof(struct observation, kind)] = OBSERVATION_KIND_COUNT;
	assert_false(recorder_take(b->r, span_of(m, n), (struct loop_time){ 1 }));
}

static void
test_requests_are_words_or_json_and_mistakes_have_a_remedy(void **state)
{
	static const char *const good[] = { "flows device lobby app tls min 1.5MB inside "
	    "10.0.0.0/8 sort down limit 7", "{\"command\":\"flows\",\"device\":\"lobby\","
	    "\"app\":\"tls\",\"min\":\"1.5MB\",\"inside\":\"10.0.0.0/8\",\"sort\":\"down\","
	    "\"limit\":7}" };
	static const char *const bad[] = { "", "fly", "device", "flows min", "flows min 1x",
		"flows colour red", "flows limit 1001", "{\"command\":\"flows\"", "{}",
		"{\"command\":[1]}", "flows inside here", "flows proto bgp" };
	struct fault why;
	struct request q;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(request_parse(span_of(good[i], strlen(good[i])), &q, &why),
		    0);
		assert_string_equal(q.device, "lobby");
		assert_string_equal(q.app, "tls");
		assert_int_equal(q.min, 1500000);
		assert_true(q.has_inside && q.sort == 'd' && q.limit == 7);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = (struct fault){ "", "" };
		assert_int_equal(request_parse(span_of(bad[i], strlen(bad[i])), &q, &why),
		    -1);
		assert_true(why.what[0] != '\0' && why.remedy[0] != '\0');
	}
}

static void
test_json_is_read_to_a_depth_and_no_further(void **state)
{
	static const char *const bad[] = { "{", "[1,]", "{\"a\":}", "01", "\"\x01\"", "tru",
		"{\"a\" 1}", "[1 2]", "\"\\x\"", "1.", "-", "{,}", "[]]" };
	struct json_value v, w;
	char text[64], deep[200];
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(parse_document(span_of(bad[i], strlen(bad[i])), &v));
	memset(deep, '[', PARSE_DEPTH);
	memset(deep + PARSE_DEPTH, ']', PARSE_DEPTH);
	assert_true(parse_document(span_of(deep, 2 * PARSE_DEPTH), &v));
	memset(deep, '[', PARSE_DEPTH + 1);
	memset(deep + PARSE_DEPTH + 1, ']', PARSE_DEPTH + 1);
	assert_false(parse_document(span_of(deep, 2 * PARSE_DEPTH + 2), &v));
	{
		static const char doc[] =
		    " {\"a\":{\"b\":[1,-2.5e1],\"c\":\"\\u00e9\\ud83d\\ude00\\n\"}} ";
		struct span in;

		assert_true(parse_document(span_of(doc, strlen(doc)), &v));
		assert_true(parse_get(&v, "a.c", &w));
		(void)parse_text(&w, text, sizeof(text));
		assert_string_equal(text, "\xc3\xa9\xf0\x9f\x98\x80\n");
		assert_true(parse_get(&v, "a.b", &w));
		in = parse_inside(&w);
		assert_true(parse_element(&in, &w) && parse_element(&in, &w));
		assert_true(parse_number(&w) < -24.9 && parse_number(&w) > -25.1);
		assert_false(parse_element(&in, &w));
		assert_false(parse_get(&v, "a.d", &w));
	}
	assert_true(parse_time("2026-11-22T04:08:51.288792Z", &ns));
	assert_int_equal(ns, INT64_C(1795320531288792000));
	assert_false(parse_time("2026-11-22T04:08:51Z", &ns));
}

/* Names are the wire's: whatever they are, the rows that fit are shown. */
static void
test_names_as_long_as_can_be_leave_the_answer_whole(void **state)
{
	struct box *b = *state;
	struct boards none = { NULL, NULL, NULL };
	struct answer_rates rates = { 0 };
	char name[INTERN_MAX + 1] = "", *buf = malloc(ANSWER_BYTES);
	struct request q;
	struct fault why;

	assert_int_equal(request_parse(span_of("flows limit 1000", 16), &q, &why), 0);
	for (unsigned n = INTERN_MAX; n > INTERN_MAX - 24; n--) {
		struct answer_source a = { .sensor = "s", .version = "1",
			.boards = &none, .recorder = b->r, .rates = &rates,
			.wall = b->wall };
		struct json_value v, rows;
		struct json j;

		memset(name, 1, n);
		name[n] = '\0';
		for (uint64_t flow = 1; flow <= 300; flow++) {
			struct observation o = record(b, OBSERVATION_PART, flow, name, 1, 1);

			OBSERVATION_SET(&o, device_key, id_of(b, name));
			OBSERVATION_SET(&o, device_name, id_of(b, name));
			OBSERVATION_SET(&o, dest_name, id_of(b, name));
			OBSERVATION_SET(&o, app, id_of(b, name));
			say(b, &o);
		}
		json_start(&j, buf, ANSWER_BYTES, 0);
		answer(&a, &q, &j);
		assert_false(j.full);
		assert_true(parse_document(span_of(buf, j.len), &v));
		assert_true(parse_get(&v, "flows", &rows));
		assert_true(rows.raw.left > ANSWER_BYTES - 16384);
	}
	free(buf);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_a_flow_counts_once_however_often_it_is_told_and_the_outlet_restarts),
		TEST(test_small_flows_are_summed_in_ten_minutes_and_lose_no_byte),
		TEST(test_inside_flows_are_summed_by_what_they_said_since),
		TEST(test_a_day_later_it_is_forgotten),
		TEST(test_an_alert_is_the_devices_and_an_update_is_the_same_alert),
		TEST(test_size_and_age_are_kept),
		TEST(test_a_torn_tail_is_cut_and_the_rest_is_read),
		TEST(test_an_observation_comes_back_as_it_was),
		TEST(test_a_dictionary_of_another_version_is_read_by_its_names),
		TEST(test_a_message_that_lies_is_refused),
		TEST(test_requests_are_words_or_json_and_mistakes_have_a_remedy),
		TEST(test_names_as_long_as_can_be_leave_the_answer_whole),
		TEST(test_json_is_read_to_a_depth_and_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
