/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many captures as one input: small files in a folder of the test's own. */
#include "capture/source/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static struct fault why;

static void
path_of(char *out, size_t room, const char *name)
{
	(void)snprintf(out, room, "%s/%s", dir, name);
}

static void
write_file(const char *name, const void *bytes, size_t n)
{
	char path[128];
	FILE *f;

	path_of(path, sizeof(path), name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Packets a second apart from `first` on, each with one byte: `mark`, mark + 1, ... The
 * last `less` bytes are left out. */
static void
write_capture(const char *name, uint32_t link, uint32_t first, unsigned packets,
    char mark, size_t less)
{
	uint8_t b[512];
	const uint32_t head[6] = { 0xa1b2c3d4U, 0x00040002U, 0, 0, 65535, link };
	size_t n = sizeof(head);

	memcpy(b, head, n);
	for (unsigned i = 0; i < packets; i++) {
		const uint32_t packet[4] = { first + i, 0, 1, 60 };

		memcpy(b + n, packet, sizeof(packet));
		n += sizeof(packet);
		b[n++] = (uint8_t)(mark + (char)i);
	}
	write_file(name, b, n - less);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/earshot-folder-XXXXXX");
	memset(&why, 0, sizeof(why));
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	char command[96];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* ---- what came out ---- */

struct seen {
	char marks[64];
	unsigned n, told, harm;
	uint64_t ordinal;
	int links[64];
	char said[8][512];
};

static struct seen seen;

static void
see(void *arg, const struct frame *f)
{
	struct seen *s = arg;

	assert_true(s->n < 63);
	assert_true(f->ordinal > s->ordinal);
	s->ordinal = f->ordinal;
	s->links[s->n] = f->link_type;
	s->marks[s->n++] = (char)f->bytes[0];
}

static void
hear(void *arg, const struct fault *f, bool harm)
{
	struct seen *s = arg;

	if (s->told < 8)
		(void)snprintf(s->said[s->told], sizeof(s->said[0]), "%s", f->what);
	s->told++;
	s->harm += harm;
}

static struct source *
open_paths(const char *const *path, size_t n, const char *filter)
{
	struct files_options o = { .path = path, .paths = n, .filter = filter,
		.stop_fd = -1, .tell = hear, .arg = &seen };

	memset(&seen, 0, sizeof(seen));
	return source_open_files(&o, &why);
}

static struct source *
open_folder(const char *filter)
{
	const char *const path[] = { dir };

	return open_paths(path, 1, filter);
}

static int
drain(struct source *s)
{
	int r;

	do
		r = source_dispatch(s, 2, see, &seen, &why);
	while (r >= 0);
	return r;
}

/* ---- tests ---- */

static void
test_a_folder_is_read_in_the_order_of_first_packets(void **state)
{
	struct source_loss loss;
	struct source *s;
	int fds[8];

	(void)state;
	write_capture("a.pcap", 1, 3000, 2, 'e', 0);
	write_capture("z.pcap", 1, 1000, 2, 'a', 0);
	write_capture("m.cap", 1, 2000, 2, 'c', 0);
	write_file("notes.txt", "no capture by name", 18);
	s = open_folder(NULL);
	assert_non_null(s);
	assert_int_equal(source_keep_fds(s, fds, 8), 3);
	assert_int_equal(drain(s), SOURCE_END);
	assert_string_equal(seen.marks, "abcdef");
	assert_int_equal(seen.ordinal, 6);
	assert_int_equal(seen.told, 0);
	source_get_loss(s, &loss);
	assert_int_equal(loss.bytes_read, loss.bytes_total);
	assert_int_equal(loss.bytes_total, 3 * (24 + 34));
	assert_int_equal(source_dispatch(s, 2, see, &seen, &why), SOURCE_END);
	source_destroy(s);
}

static void
test_one_time_is_ordered_by_name(void **state)
{
	struct source *s;

	(void)state;
	write_capture("b.pcap", 1, 1000, 1, 'b', 0);
	write_capture("a.pcap", 1, 1000, 1, 'a', 0);
	write_capture("c.pcap", 1, 1000, 1, 'c', 0);
	s = open_folder(NULL);
	assert_non_null(s);
	assert_int_equal(drain(s), SOURCE_END);
	assert_string_equal(seen.marks, "abc");
	source_destroy(s);
}

static void
test_a_cut_file_is_told_and_the_next_goes_on(void **state)
{
	struct source *s;

	(void)state;
	write_capture("a.pcap", 1, 1000, 3, 'a', 1);
	write_capture("b.pcap", 1, 2000, 2, 'x', 0);
	s = open_folder(NULL);
	assert_non_null(s);
	assert_int_equal(drain(s), SOURCE_END);
	assert_string_equal(seen.marks, "abxy");
	assert_int_equal(seen.ordinal, 4);
	assert_int_equal(seen.told, 1);
	assert_int_equal(seen.harm, 1);
	assert_non_null(strstr(seen.said[0], "a.pcap' ends in the middle of packet 3"));
	source_destroy(s);
}

static void
test_what_is_no_capture_is_told_and_does_no_harm(void **state)
{
	struct source *s;

	(void)state;
	write_file("a.pcap", "hello there", 11);
	write_file("e.pcap", "", 0);
	write_capture("b.pcap", 1, 2000, 2, 'x', 0);
	s = open_folder(NULL);
	assert_non_null(s);
	assert_int_equal(drain(s), SOURCE_END);
	assert_string_equal(seen.marks, "xy");
	assert_int_equal(seen.told, 2);
	assert_int_equal(seen.harm, 0);
	assert_non_null(strstr(seen.said[0], "a.pcap' is not a capture"));
	assert_non_null(strstr(seen.said[1], "e.pcap' is empty"));
	source_destroy(s);
}

static void
test_files_that_were_named_do_harm_when_they_cannot_be_read(void **state)
{
	char good[128], text[128], none[128];
	const char *const path[] = { text, none, good };
	struct source *s;

	(void)state;
	path_of(good, sizeof(good), "good.pcap");
	path_of(text, sizeof(text), "text");
	path_of(none, sizeof(none), "none.pcap");
	write_capture("good.pcap", 1, 2000, 2, 'x', 0);
	write_file("text", "hello there", 11);
	s = open_paths(path, 3, NULL);
	assert_non_null(s);
	assert_int_equal(drain(s), SOURCE_END);
	assert_string_equal(seen.marks, "xy");
	assert_int_equal(seen.told, 2);
	assert_int_equal(seen.harm, 2);
	source_destroy(s);
}

static void
test_link_types_may_differ_and_each_has_its_filter(void **state)
{
	struct source *s;

	(void)state;
	write_capture("a.pcap", 1, 1000, 1, 'a', 0);
	write_capture("b.pcap", 101, 2000, 2, 'x', 0);
	s = open_folder("greater 60");
	assert_non_null(s);
	assert_int_equal(drain(s), SOURCE_END);
	assert_string_equal(seen.marks, "axy");
	assert_int_equal(seen.links[0], 1);
	assert_int_equal(seen.links[1], 12);
	source_destroy(s);
	/* A filter that one of them cannot have is refused. */
	s = open_folder("ether src 02:00:00:00:00:01");
	assert_null(s);
	assert_non_null(strstr(why.what, "filter"));
	s = open_folder("greater 61");
	assert_non_null(s);
	assert_int_equal(drain(s), SOURCE_END);
	assert_int_equal(seen.n, 0);
	source_destroy(s);
}

static void
test_a_filter_keeps_packet_numbers_over_files(void **state)
{
	struct source *s;

	(void)state;
	write_capture("a.pcap", 1, 1000, 3, 'a', 0);
	write_capture("b.pcap", 1, 2000, 3, 'p', 0);
	s = open_folder("link[0] = 0x71");
	assert_non_null(s);
	assert_int_equal(drain(s), SOURCE_END);
	assert_string_equal(seen.marks, "q");
	assert_int_equal(seen.ordinal, 5);
	source_destroy(s);
}

static void
test_what_is_no_file_is_refused_with_a_way_out(void **state)
{
	const char *const both[] = { "-", dir };
	char fifo[128];

	(void)state;
	assert_null(open_folder(NULL));
	assert_non_null(strstr(why.what, "holds no capture"));
	assert_null(open_paths(both, 2, NULL));
	assert_non_null(strstr(why.what, "standard input together with files"));
	path_of(fifo, sizeof(fifo), "a.pcap");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_null(open_folder(NULL));
	assert_int_equal(seen.told, 1);
	assert_non_null(strstr(seen.said[0], "no regular file"));
	assert_non_null(strstr(why.what, "none of the captures"));
}

static void
test_more_files_than_the_limit_are_refused(void **state)
{
	struct source *s;
	char name[32];
	static int fds[SOURCE_FILES_MOST];

	(void)state;
	for (unsigned i = 0; i < SOURCE_FILES_MOST; i++) {
		(void)snprintf(name, sizeof(name), "%04u.pcap", i);
		write_capture(name, 1, 1000 + i, i < 60 ? 1 : 0, 'a', 0);
	}
	s = open_folder(NULL);
	if (s == NULL || seen.told > 0) {
		/* A hard limit of descriptors below ours: that is said. */
		assert_non_null(strstr(seen.said[0], "Too many open files"));
		source_destroy(s);
		skip();
	}
	assert_int_equal(source_keep_fds(s, fds, SOURCE_FILES_MOST), SOURCE_FILES_MOST);
	assert_int_equal(drain(s), SOURCE_END);
	assert_int_equal(seen.n, 60);
	source_destroy(s);
	write_capture("one-more.pcap", 1, 1000, 1, 'a', 0);
	assert_null(open_folder(NULL));
	assert_non_null(strstr(why.what, "more than 1024 captures"));
}

static void
test_captures_are_known_by_their_names(void **state)
{
	static const char *const yes[] = { "a.pcap", "x/a.pcapng", "a.cap", "a.pcap.gz",
		"a.pcapng.zst", "A.PCAP", "a.cap.gz" };
	static const char *const no[] = { "pcap", ".pcap", "a.pcap.xz", "a.txt", "tcp",
		"10.20.0.13", "", ".gz" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(source_named_capture(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(source_named_capture(no[i]));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_folder_is_read_in_the_order_of_first_packets),
		T(test_one_time_is_ordered_by_name),
		T(test_a_cut_file_is_told_and_the_next_goes_on),
		T(test_what_is_no_capture_is_told_and_does_no_harm),
		T(test_files_that_were_named_do_harm_when_they_cannot_be_read),
		T(test_link_types_may_differ_and_each_has_its_filter),
		T(test_a_filter_keeps_packet_numbers_over_files),
		T(test_what_is_no_file_is_refused_with_a_way_out),
		T(test_more_files_than_the_limit_are_refused),
		T(test_captures_are_known_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
