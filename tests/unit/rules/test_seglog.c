/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seglog: what was appended comes back, whatever happened to the files meanwhile. */
#include "rules/event/seglog.h"

#include <errno.h>
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
#include <unistd.h>

#include <cmocka.h>

static const struct loop_time start = { 1 };

struct box {
	char dir[64];
	uint64_t dropped, first_dropped, last_dropped;
};

static void
count_dropped(void *arg, uint64_t number, struct span bytes)
{
	struct box *b = arg;

	if (b->dropped++ == 0)
		b->first_dropped = number;
	else
		assert_true(number == b->last_dropped + 1);
	b->last_dropped = number;
	assert_true(bytes.left > 0);
}

static int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	/* Memory where there is some: real syncs cost seconds here. */
	(void)snprintf(b->dir, sizeof(b->dir), "%s/earshot-seglog-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(b->dir));
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct box *b = *state;
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static struct seglog *
open_log(struct box *b, uint64_t segment, uint64_t cap)
{
	struct seglog_options o = {.dir = b->dir,
	    .segment_bytes = segment,
	    .cap_bytes = cap,
	    .now = start,
	    .arg = b,
	    .dropped = count_dropped};
	struct fault why = { "", "" };
	struct seglog *s = seglog_open(&o, &why);

	if (s == NULL)
		fail_msg("%s", why.what);
	return s;
}

/* Record n has a length and bytes that follow from n. */
static size_t
record(uint64_t n, char *buf)
{
	size_t len = 10 + n * 13 % 90;

	for (size_t i = 0; i < len; i++)
		buf[i] = (char)('a' + (n + i) % 26);
	return len;
}

static void
append(struct seglog *s, uint64_t n)
{
	char buf[128];
	size_t len = record(n, buf);
	uint64_t number;

	assert_int_equal(
	    seglog_append(s, span_of(buf, 5), span_of(buf + 5, len - 5), start, &number),
	    0);
	assert_true(number == n);
}

static void
expect(struct seglog *s, uint64_t from, uint64_t n)
{
	char buf[128];
	uint64_t number;
	struct span out;

	assert_int_equal(seglog_read(s, from, &number, &out), SEGLOG_RECORD);
	assert_true(number == n);
	assert_int_equal(out.left, record(n, buf));
	assert_memory_equal(out.at, buf, out.left);
}

static void
expect_end(struct seglog *s, uint64_t from)
{
	uint64_t number;
	struct span out;

	assert_int_equal(seglog_read(s, from, &number, &out), SEGLOG_END);
}

static void
test_what_was_appended_is_read_back_by_number(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 1000, 0);

	for (uint64_t n = 1; n <= 300; n++) {
		append(s, n);
		expect(s, n, n);
	}
	expect_end(s, 301);
	for (uint64_t n = 1; n <= 300; n++)
		expect(s, n, n);
	expect(s, 150, 150);
	expect(s, 7, 7);
	expect(s, 299, 299);
	assert_true(seglog_first(s) == 1 && seglog_next(s) == 301);
	seglog_close(s);
	s = open_log(b, 1000, 0);
	assert_true(seglog_first(s) == 1 && seglog_next(s) == 301);
	for (uint64_t n = 1; n <= 300; n++)
		expect(s, n, n);
	append(s, 301);
	expect(s, 301, 301);
	assert_true(seglog_counts(s)->cut == 0 && seglog_counts(s)->damaged == 0);
	seglog_close(s);
}

static void
segment_path(const struct box *b, uint64_t first, char path[128])
{
	(void)snprintf(path, 128, "%s/%016llx.seg", b->dir, (unsigned long long)first);
}

static void
test_a_torn_tail_is_cut_at_every_byte_of_the_last_record(void **state)
{
	struct box *b = *state;
	char path[128], buf[128];
	struct stat st;
	size_t last = SEGLOG_RECORD_HEAD + record(5, buf);
	struct seglog *s = open_log(b, 0, 0);
	uint8_t whole[4096];
	int fd;

	for (uint64_t n = 1; n <= 5; n++)
		append(s, n);
	seglog_close(s);
	segment_path(b, 1, path);
	fd = open(path, O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(read(fd, whole, sizeof(whole)), st.st_size);
	(void)close(fd);
	for (size_t cut = 1; cut <= last; cut++) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, whole, (size_t)st.st_size - cut), st.st_size -
		    (off_t)cut);
		(void)close(fd);
		s = open_log(b, 0, 0);
		assert_true(seglog_next(s) == 5);
		expect(s, 4, 4);
		expect_end(s, 5);
		assert_int_equal(seglog_counts(s)->cut, last - cut);
		append(s, 5);
		expect(s, 4, 4);
		expect(s, 5, 5);
		seglog_close(s);
		segment_path(b, 5, path);
		assert_int_equal(unlink(path), 0);
		segment_path(b, 1, path);
	}
}

static void
test_a_flipped_byte_costs_its_record_and_no_other(void **state)
{
	struct box *b = *state;
	char path[128], buf[128];
	struct seglog *s = open_log(b, 0, 0);
	off_t at = SEGLOG_SEGMENT_HEAD;
	uint64_t number;
	struct span out;

	for (uint64_t n = 1; n <= 12; n++)
		append(s, n);
	seglog_close(s);
	segment_path(b, 1, path);
	for (uint64_t n = 1; n <= 11; n++) {
		size_t len = SEGLOG_RECORD_HEAD + record(n, buf);

		for (size_t i = 0; i < len; i++) {
			uint8_t was, flipped;
			int fd = open(path, O_RDWR);

			assert_int_equal(pread(fd, &was, 1, at + (off_t)i), 1);
			flipped = (uint8_t)(was ^ 0x40);
			assert_int_equal(pwrite(fd, &flipped, 1, at + (off_t)i), 1);
			s = open_log(b, 0, 0);
			assert_int_equal(seglog_counts(s)->damaged, 1);
			for (uint64_t k = 1; k <= 12; k++)
				if (k != n)
					expect(s, k, k);
			assert_int_equal(seglog_read(s, n, &number, &out), SEGLOG_RECORD);
			assert_true(number == n + 1);
			seglog_close(s);
			assert_int_equal(pwrite(fd, &was, 1, at + (off_t)i), 1);
			(void)close(fd);
		}
		at += (off_t)len;
	}
}

static void
test_above_the_cap_the_oldest_go_and_are_told(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 0, 64 << 10);

	for (uint64_t n = 1; n <= 3000; n++) {
		append(s, n);
		assert_true(seglog_bytes(s) <= 64 << 10);
	}
	assert_true(b->dropped > 1000);
	assert_true(b->first_dropped == 1);
	assert_true(b->last_dropped == b->dropped);
	assert_true(seglog_counts(s)->dropped == b->dropped);
	assert_true(seglog_first(s) == b->last_dropped + 1);
	expect(s, 1, b->last_dropped + 1);
	expect(s, 3000, 3000);
	seglog_close(s);
}

static void
test_what_is_acknowledged_is_not_told_when_it_goes(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 0, 64 << 10);

	for (uint64_t n = 1; n <= 3000; n++) {
		append(s, n);
		seglog_ack(s, n, start);
	}
	assert_true(b->dropped == 0);
	assert_true(seglog_acked(s) == 3000);
	seglog_close(s);
}

static void
test_acknowledged_segments_are_kept_for_their_time_and_then_go(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 1000, 0);

	for (uint64_t n = 1; n <= 200; n++)
		append(s, n);
	seglog_ack(s, 100, start);
	expect(s, 1, 1);
	seglog_tick(s, (struct loop_time){ 599 * NS_PER_S });
	expect(s, 1, 1);
	seglog_tick(s, (struct loop_time){ 601 * NS_PER_S });
	assert_true(seglog_first(s) > 50 && seglog_first(s) <= 101);
	expect(s, 101, 101);
	assert_true(b->dropped == 0);
	seglog_ack(s, 50, start);
	assert_true(seglog_acked(s) == 100);
	seglog_close(s);
	s = open_log(b, 1000, 0);
	assert_true(seglog_acked(s) == 100);
	expect(s, 101, 101);
	seglog_close(s);
}

static void
test_acknowledged_segments_above_their_bytes_go_at_once(void **state)
{
	struct box *b = *state;
	struct seglog_options o = {
	    .dir = b->dir, .segment_bytes = 1000, .keep_bytes = 3000, .now = start};
	struct seglog *s = seglog_open(&o, NULL);

	assert_non_null(s);
	for (uint64_t n = 1; n <= 200; n++)
		append(s, n);
	seglog_ack(s, 200, start);
	assert_true(seglog_bytes(s) <= 4000);
	assert_true(seglog_bytes(s) >= 2000);
	seglog_close(s);
}

static void
test_numbers_go_on_when_all_segments_are_gone(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 0, 0);
	char path[128];

	for (uint64_t n = 1; n <= 10; n++)
		append(s, n);
	seglog_ack(s, 10, start);
	seglog_close(s);
	segment_path(b, 1, path);
	assert_int_equal(unlink(path), 0);
	s = open_log(b, 0, 0);
	append(s, 11);
	seglog_close(s);
}

static void
test_a_second_sensor_on_one_spool_gets_a_sentence(void **state)
{
	struct box *b = *state;
	struct seglog_options o = { .dir = b->dir, .now = start };
	struct seglog *s = open_log(b, 0, 0);
	struct fault why = { "", "" };

	assert_null(seglog_open(&o, &why));
	assert_non_null(strstr(why.what, "in use by another sensor, process "));
	assert_non_null(strstr(why.remedy, "--state"));
	seglog_close(s);
	s = open_log(b, 0, 0);
	seglog_close(s);
}

/* A limit on the size of files refuses in the middle of a record, as a full disk does. */
static void
test_a_full_disk_refuses_and_recovers_without_half_a_record(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 1 << 20, 0);
	struct rlimit was, low;
	char buf[128];
	uint64_t number;
	size_t len = record(11, buf);

	for (uint64_t n = 1; n <= 10; n++)
		append(s, n);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	low = was;
	low.rlim_cur = (rlim_t)(seglog_bytes(s) + 20);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(seglog_append(s, span_of(buf, 5),
				     span_of(buf + 5, len - 5), start, &number),
		    -1);
	assert_true(seglog_counts(s)->full && seglog_counts(s)->refused == 3);
	expect(s, 10, 10);
	expect_end(s, 11);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	append(s, 11);
	assert_false(seglog_counts(s)->full);
	expect(s, 11, 11);
	seglog_close(s);
	s = open_log(b, 0, 0);
	for (uint64_t n = 1; n <= 11; n++)
		expect(s, n, n);
	seglog_close(s);
}

static void
test_a_file_that_is_not_ours_is_put_aside(void **state)
{
	struct box *b = *state;
	char path[128];
	struct seglog *s;
	int fd;

	segment_path(b, 3, path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 100; i++)
		assert_int_equal(write(fd, "not a segment at all", 20), 20);
	(void)close(fd);
	s = open_log(b, 0, 0);
	assert_true(seglog_counts(s)->damaged == 1);
	append(s, 1);
	expect(s, 1, 1);
	seglog_close(s);
	(void)strcat(path, ".bad");
	assert_int_equal(access(path, F_OK), 0);
}

/* Nobody knows how old it is. */
static void
test_a_segment_whose_age_is_not_known_does_not_expire(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 1000, 0);
	char command[200];

	for (uint64_t n = 1; n <= 100; n++)
		append(s, n);
	(void)snprintf(command, sizeof(command),
	    "cd '%s' && mkdir away && mv *.seg* away/", b->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(seglog_expire(s, INT64_MAX), 0);
	(void)snprintf(command, sizeof(command), "cd '%s' && mv away/* .", b->dir);
	assert_int_equal(system(command), 0);
	assert_true(seglog_expire(s, INT64_MAX) > 3);
	seglog_close(s);
}

static void
test_remove_leaves_nothing_behind(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 1000, 0);

	for (uint64_t n = 1; n <= 100; n++)
		append(s, n);
	seglog_remove(s);
	assert_int_equal(access(b->dir, F_OK), -1);
}

static void
test_a_record_of_no_bytes_or_too_many_is_refused(void **state)
{
	struct box *b = *state;
	struct seglog *s = open_log(b, 0, 0);
	char *big = calloc(1, SEGLOG_RECORD_MAX + 1);
	uint64_t number;

	assert_int_equal(
	    seglog_append(s, span_of(big, 0), span_of(big, 0), start, &number), -1);
	assert_int_equal(seglog_append(s, span_of(big, 1),
			     span_of(big, SEGLOG_RECORD_MAX), start, &number),
	    -1);
	assert_int_equal(seglog_append(s, span_of(big, 0),
			     span_of(big, SEGLOG_RECORD_MAX), start, &number),
	    0);
	free(big);
	seglog_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_what_was_appended_is_read_back_by_number),
		T(test_a_torn_tail_is_cut_at_every_byte_of_the_last_record),
		T(test_a_flipped_byte_costs_its_record_and_no_other),
		T(test_above_the_cap_the_oldest_go_and_are_told),
		T(test_what_is_acknowledged_is_not_told_when_it_goes),
		T(test_acknowledged_segments_are_kept_for_their_time_and_then_go),
		T(test_acknowledged_segments_above_their_bytes_go_at_once),
		T(test_numbers_go_on_when_all_segments_are_gone),
		T(test_a_second_sensor_on_one_spool_gets_a_sentence),
		T(test_a_full_disk_refuses_and_recovers_without_half_a_record),
		T(test_a_file_that_is_not_ours_is_put_aside),
		T(test_a_segment_whose_age_is_not_known_does_not_expire),
		T(test_remove_leaves_nothing_behind),
		T(test_a_record_of_no_bytes_or_too_many_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
