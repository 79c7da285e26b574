/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outlet as a process, with files and pipes at its end; Redis has tests/redis. */
#include "rules/event/gap.h"
#include "rules/event/line_sink.h"
#include "rules/event/outlet.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct log quiet = { "test", LOG_LEVEL_FATAL };

static void
put(struct ring *r, const char *json, const char *text, uint64_t seq)
{
	struct event_head h = { .lane = LANE_ALERT, .seq = seq, .boot = "b",
		.json_len = (uint32_t)strlen(json), .text_len = (uint32_t)strlen(text) };
	uint8_t *room = ring_reserve(r, sizeof(h) + h.json_len + h.text_len);

	assert_non_null(room);
	memcpy(room, &h, sizeof(h));
	memcpy(room + sizeof(h), json, h.json_len);
	memcpy(room + sizeof(h) + h.json_len, text, h.text_len);
	ring_commit(r, sizeof(h) + h.json_len + h.text_len);
}

static void
put_raw(struct ring *r, const void *bytes, size_t n)
{
	uint8_t *room = ring_reserve(r, n);

	assert_non_null(room);
	memcpy(room, bytes, n);
	ring_commit(r, n);
}

/* Forks an outlet whose standard output is a pipe; waits until it is ready. */
static pid_t
begin(struct ring *r, const struct sink_spec *sink, unsigned sinks, int *out)
{
	struct outlet_options o = {.ring = r,
	    .sink = sink,
	    .sinks = sinks,
	    .sensor = "s",
	    .log = &quiet,
	    .ready_fd = -1};
	int ready[2], pipes[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(pipes), 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipes[1], STDOUT_FILENO);
		(void)close(pipes[0]);
		(void)close(pipes[1]);
		(void)close(ready[0]);
		o.ready_fd = ready[1];
		_exit(outlet_run(&o));
	}
	(void)close(ready[1]);
	(void)close(pipes[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	*out = pipes[0];
	return pid;
}

static int
end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
read_all(int fd, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used + 1 < size && (n = read(fd, buf + used, size - used - 1)) > 0)
		used += (size_t)n;
	buf[used] = '\0';
	(void)close(fd);
}

static void
test_events_go_to_standard_output_and_file_in_order(void **state)
{
	char path[] = "/tmp/earshot-outlet-XXXXXX", buf[4096], want[4096] = "";
	struct sink_spec sinks[] = { { .kind = SINK_STDOUT_TEXT },
		{ .kind = SINK_FILE, .target = path } };
	struct ring *r = ring_create(0, true, NULL);
	struct stat st;
	int out, fd = mkstemp(path);
	pid_t pid;

	(void)state;
	assert_int_equal(unlink(path), 0);
	(void)close(fd);
	pid = begin(r, sinks, 2, &out);
	for (uint64_t n = 1; n <= 50; n++) {
		char json[64], text[64];

		(void)snprintf(json, sizeof(json), "{\"n\":%d}", (int)n);
		(void)snprintf(text, sizeof(text), "event %d\n", (int)n);
		(void)strcat(want, text);
		put(r, json, text, n);
	}
	ring_close(r);
	assert_int_equal(end(pid), 0);
	read_all(out, buf, sizeof(buf));
	assert_string_equal(buf, want);
	fd = open(path, O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
	read_all(fd, buf, sizeof(buf));
	assert_memory_equal(buf, "{\"n\":1}\n{\"n\":2}\n", 16);
	assert_string_equal(buf + strlen(buf) - 9, "{\"n\":50}\n");
	(void)unlink(path);
	ring_destroy(r);
}

static void
test_what_is_no_event_is_refused_and_the_rest_goes_on(void **state)
{
	struct sink_spec sink = { .kind = SINK_STDOUT_JSON };
	struct ring *r = ring_create(0, true, NULL);
	struct event_head h = { .lane = 0, .seq = 1, .boot = "b", .json_len = 2 };
	char buf[4096], big[20000] = "";
	pid_t pid;
	int out;

	(void)state;
	pid = begin(r, &sink, 1, &out);
	put(r, "{\"good\":1}", "", 1);
	put_raw(r, "short", 5);
	put_raw(r, &h, sizeof(h));			/* its JSON is missing */
	put(r, "{\"line\":\"\n\"}", "", 2);
	put(r, "{}", "", 0);
	h.lane = LANE_COUNT;
	memcpy(big, &h, sizeof(h));
	memcpy(big + sizeof(h), "{}", 2);
	put_raw(r, big, sizeof(h) + 2);
	h.lane = 0;
	h.partition = EVENT_PARTITIONS_MOST;
	memcpy(big, &h, sizeof(h));
	put_raw(r, big, sizeof(h) + 2);
	h.partition = 0;
	h.json_len = 0xffffffff;
	memcpy(big, &h, sizeof(h));
	put_raw(r, big, sizeof(h) + 2);
	memset(big, ' ', sizeof(big));
	big[EVENT_BYTES + 1] = '\0';
	put(r, "{\"good\":2}", "", 3);
	ring_close(r);
	assert_int_equal(end(pid), 1);
	read_all(out, buf, sizeof(buf));
	assert_string_equal(buf, "{\"good\":1}\n{\"good\":2}\n");
	ring_destroy(r);
}

static void
test_a_reader_that_left_ends_the_outlet_quietly(void **state)
{
	struct sink_spec sink = { .kind = SINK_STDOUT_JSON };
	struct ring *r = ring_create(0, true, NULL);
	pid_t pid;
	int out;

	(void)state;
	pid = begin(r, &sink, 1, &out);
	(void)close(out);
	put(r, "{}", "", 1);
	assert_int_equal(end(pid), 0);
	assert_true(ring_closed(r));
	ring_destroy(r);
}

static void
test_sigterm_is_not_heard_before_the_ring_is_closed(void **state)
{
	struct sink_spec sink = { .kind = SINK_STDOUT_JSON };
	struct ring *r = ring_create(0, true, NULL);
	char buf[64];
	pid_t pid;
	int out;

	(void)state;
	pid = begin(r, &sink, 1, &out);
	assert_int_equal(kill(pid, SIGTERM), 0);
	put(r, "{\"after\":1}", "", 1);
	ring_close(r);
	assert_int_equal(end(pid), 0);
	read_all(out, buf, sizeof(buf));
	assert_string_equal(buf, "{\"after\":1}\n");
	ring_destroy(r);
}

static void
test_a_redis_that_never_comes_leaves_the_spool_and_exit_1(void **state)
{
	char dir[] = "/tmp/earshot-outlet-XXXXXX", name[64];
	struct sink_spec sink = { .kind = SINK_REDIS, .at = { .path = "/nowhere" } };
	struct outlet_options o = { .sink = &sink, .sinks = 1, .sensor = "s",
		.spool_dir = dir, .drain_ms = 150, .log = &quiet, .ready_fd = -1 };
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	o.ring = ring_create(0, true, NULL);
	pid = fork();
	if (pid == 0)
		_exit(outlet_run(&o));
	put(o.ring, "{}", "", 1);
	ring_close(o.ring);
	assert_int_equal(end(pid), 1);
	(void)snprintf(name, sizeof(name), "%s/0000000000000001.seg", dir);
	assert_int_equal(access(name, F_OK), 0);
	(void)snprintf(name, sizeof(name), "rm -rf %s", dir);
	assert_int_equal(system(name), 0);
	ring_destroy(o.ring);
}

static void
test_a_full_disk_loses_whole_lines_only(void **state)
{
	char path[] = "/tmp/earshot-outlet-XXXXXX", line[1000], *buf = calloc(1, 1 << 20);
	struct loop_time now = { NS_PER_S };
	struct rlimit was, low;
	struct line_sink *s;
	unsigned lines = 0;
	int fd = mkstemp(path);

	(void)state;
	memset(line, 'x', sizeof(line));
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	low = was;
	low.rlim_cur = 5500;
	s = line_sink_open(path, false, &quiet, NULL);
	assert_non_null(s);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	for (int i = 0; i < 400; i++) {
		line_sink_put(s, line, sizeof(line), now);
		line_sink_flush(s, now);
	}
	assert_true(line_sink_lost(s) > 100);
	assert_true(line_sink_waiting(s) > 200000);
	/* Five lines of 1001 bytes: the sixth, begun, was taken back. */
	assert_int_equal(lseek(fd, 0, SEEK_END), 5005);
	(void)lseek(fd, 0, SEEK_SET);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	line_sink_flush(s, now);
	assert_int_equal(line_sink_waiting(s), 0);
	read_all(fd, buf, 1 << 20);
	for (const char *at = buf; *at != '\0'; at += 1001, lines++)
		assert_true(
		    strlen(at) >= 1001 && at[1000] == '\n' && strcspn(at, "\n") == 1000);
	assert_int_equal(lines, 400 - line_sink_lost(s));
	line_sink_close(s);
	(void)unlink(path);
	free(buf);
}

static void
test_a_named_pipe_whose_reader_hangs_stops_nobody(void **state)
{
	char dir[] = "/tmp/earshot-outlet-XXXXXX", path[64], line[1000];
	struct loop_time now = { NS_PER_S };
	struct line_sink *s;
	struct fault why;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)alarm(20);
	assert_null(line_sink_open(path, false, &quiet, &why));
	assert_non_null(strstr(why.remedy, "nobody reads this pipe"));
	fd = open(path, O_RDONLY | O_NONBLOCK);
	s = line_sink_open(path, false, &quiet, &why);
	assert_non_null(s);
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 1000; i++) {
		line_sink_put(s, line, sizeof(line), now);
		line_sink_flush(s, now);
	}
	assert_true(line_sink_lost(s) > 100 && line_sink_waiting(s) > 0);
	(void)alarm(0);
	line_sink_close(s);
	(void)close(fd);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
test_a_full_disk_and_another_file_share_no_line(void **state)
{
	char path[] = "/tmp/earshot-outlet-XXXXXX", moved[64], buf[8192] = "";
	struct loop_time now = { NS_PER_S };
	struct rlimit was, low;
	struct line_sink *s;
	int fd = mkstemp(path), new;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	low = was;
	low.rlim_cur = 25;
	s = line_sink_open(path, false, &quiet, NULL);
	assert_non_null(s);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	for (int i = 0; i < 5; i++)
		line_sink_put(s, "{\"n\":1234}", 10, now);
	line_sink_flush(s, now);
	assert_int_equal(line_sink_sent(s), 0);
	(void)snprintf(moved, sizeof(moved), "%s.1", path);
	assert_int_equal(rename(path, moved), 0);
	line_sink_reopen(s, now);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	line_sink_flush(s, now);
	assert_int_equal(line_sink_sent(s), 5);
	assert_int_equal(line_sink_lost(s), 0);
	read_all(fd, buf, sizeof(buf));
	assert_string_equal(buf, "{\"n\":1234}\n{\"n\":1234}\n");
	new = open(path, O_RDONLY);
	read_all(new, buf, sizeof(buf));
	assert_string_equal(buf, "{\"n\":1234}\n{\"n\":1234}\n{\"n\":1234}\n");
	line_sink_close(s);
	(void)unlink(path);
	(void)unlink(moved);
}

static void
test_outputs_are_named_and_not_guessed(void **state)
{
	struct sink_spec s;
	struct fault why;

	(void)state;
	assert_int_equal(sink_parse("-", &s, &why), 0);
	assert_int_equal(s.kind, SINK_STDOUT_JSON);
	assert_int_equal(sink_parse("file:/a/b", &s, &why), 0);
	assert_int_equal(s.kind, SINK_FILE);
	assert_string_equal(s.target, "/a/b");
	assert_int_equal(sink_parse("redis:unix:/run/r.sock", &s, &why), 0);
	assert_int_equal(s.kind, SINK_REDIS);
	assert_string_equal(s.at.path, "/run/r.sock");
	assert_int_equal(sink_parse("/a/b", &s, &why), -1);
	assert_string_equal(why.what, "'/a/b' is no output");
	assert_int_equal(sink_parse("file:", &s, &why), -1);
	assert_int_equal(sink_parse("redis:", &s, &why), -1);
}

static void
test_a_gap_event_says_which_how_many_and_why(void **state)
{
	struct lost_events g = {.sensor = "s",
	    .boot = "b",
	    .version = "1",
	    .lane = LANE_FLOW,
	    .partition = 7,
	    .from = 3,
	    .to = 9,
	    .why = "so"};
	char buf[1024];

	(void)state;
	assert_true(gap_event_json(&g, buf, sizeof(buf)) == strlen(buf));
	assert_non_null(strstr(buf, "\"event_id\":\"s:b:flow:7:9\",\"seq\":9,"));
	assert_non_null(strstr(buf,
	    "\"gap\":{\"from\":3,\"to\":9,\"count\":7,\"reason\":\"so\"}"));
	assert_true(gap_event_json(&g, buf, 100) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_events_go_to_standard_output_and_file_in_order),
	    cmocka_unit_test(test_what_is_no_event_is_refused_and_the_rest_goes_on),
	    cmocka_unit_test(test_a_reader_that_left_ends_the_outlet_quietly),
	    cmocka_unit_test(test_sigterm_is_not_heard_before_the_ring_is_closed),
	    cmocka_unit_test(test_a_redis_that_never_comes_leaves_the_spool_and_exit_1),
	    cmocka_unit_test(test_a_full_disk_loses_whole_lines_only),
	    cmocka_unit_test(test_a_full_disk_and_another_file_share_no_line),
	    cmocka_unit_test(test_a_named_pipe_whose_reader_hangs_stops_nobody),
	    cmocka_unit_test(test_outputs_are_named_and_not_guessed),
	    cmocka_unit_test(test_a_gap_event_says_which_how_many_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
