/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Classic capture files, what is none, and what every source does. */
#define _GNU_SOURCE		/* memfd_create */
#include "tests/unit/capture/memory_capture.h"

#include <sys/stat.h>

static void
test_both_byte_orders_and_precisions_read_the_same(void **state)
{
	const struct { bool big; uint32_t magic; int64_t unit; } forms[] = {
		{ false, MICRO, 1000 }, { true, MICRO, 1000 },
		{ false, NANO, 1 }, { true, NANO, 1 },
	};
	struct source *s;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		put_three(&blob, forms[i].big, forms[i].magic);
		s = open_bytes(blob.b, blob.n, NULL);
		assert_non_null(s);
		assert_int_equal(drain(s, &seen, 2), SOURCE_END);
		assert_int_equal(source_dispatch(s, 1, see, &seen, &why), SOURCE_END);
		assert_int_equal(seen.n, 3);
		assert_string_equal(seen.text[0], "first");
		assert_string_equal(seen.text[1], "second one");
		assert_int_equal(seen.last[1].cap, 10);
		assert_int_equal(seen.last[1].wire, 1500);
		assert_int_equal(seen.last[2].cap, 0);
		assert_int_equal(seen.last[2].ordinal, 3);
		assert_int_equal(seen.last[2].link_type, 1);
		assert_true(seen.last[2].time.ns == 1700000002 * NS_PER_S +
		    3 * forms[i].unit);
		source_destroy(s);
	}
}

static void
test_a_file_cut_at_any_byte_gives_its_whole_packets_and_says_so(void **state)
{
	static const size_t ends[] = { 24, 24 + 16 + 5, 24 + 16 + 5 + 16 + 10 };
	char words[96];
	struct source *s;
	size_t cut, whole;
	int r;

	(void)state;
	put_three(&blob, false, MICRO);
	for (cut = 0; cut < blob.n; cut++) {
		s = open_bytes(blob.b, cut, NULL);
		if (cut < 24) {
			assert_null(s);
			assert_says(cut == 0 ? "is empty" :
			    cut < 4 ? "is not a capture" :
			    "ends in the middle of its header");
			continue;
		}
		assert_non_null(s);
		r = drain(s, &seen, 100);
		whole = cut >= ends[2] ? 2 : cut >= ends[1] ? 1 : 0;
		assert_int_equal(seen.n, whole);
		if (cut == ends[whole]) {
			assert_int_equal(r, SOURCE_END);
		} else {
			assert_int_equal(r, SOURCE_FAULT);
			(void)snprintf(words, sizeof(words),
			    "ends in the middle of packet %zu (byte %zu)", whole + 1,
			    cut);
			assert_says(words);
			/* And it keeps saying so. */
			memset(&why, 0, sizeof(why));
			assert_int_equal(source_dispatch(s, 1, see, &seen, &why),
			    SOURCE_FAULT);
			assert_says(words);
		}
		source_destroy(s);
	}
}

static void
test_a_packet_of_absurd_length_ends_the_file_at_its_byte(void **state)
{
	struct source *s;

	(void)state;
	put_header(&blob, false, MICRO, 65535, 1);
	put_packet(&blob, 1, 0, "good", 4);
	put32(&blob, 2);
	put32(&blob, 0);
	put32(&blob, 0x80000000U);
	put32(&blob, 60);
	put(&blob, "rest", 4);
	s = open_bytes(blob.b, blob.n, NULL);
	assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
	assert_int_equal(seen.n, 1);
	assert_says("packet 2 (byte 44) claims to hold 2147483648 bytes");
	source_destroy(s);
}

static void
test_a_packet_longer_than_the_snap_length_is_believed_up_to_a_limit(void **state)
{
	static uint8_t big[24 + 16 + 262145];
	struct source *s;

	(void)state;
	put_header(&blob, false, MICRO, 96, 1);
	put32(&blob, 1);
	put32(&blob, 0);
	put32(&blob, 262144);
	put32(&blob, 262144);
	memcpy(big, blob.b, blob.n);
	s = open_bytes(big, sizeof(big) - 1, NULL);
	assert_int_equal(drain(s, &seen, 100), SOURCE_END);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.last[0].cap, 262144);
	source_destroy(s);

	big[24 + 8] = 1;		/* 262,145 */
	s = open_bytes(big, sizeof(big), NULL);
	assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
	assert_int_equal(seen.n, 0);
	source_destroy(s);

	big[16 + 2] = 8;		/* a snap length of half a mebibyte allows it */
	s = open_bytes(big, sizeof(big), NULL);
	assert_int_equal(drain(s, &seen, 100), SOURCE_END);
	assert_int_equal(seen.n, 1);
	source_destroy(s);
}

static void
test_more_captured_than_sent_is_handed_on_as_it_is(void **state)
{
	struct source *s;

	(void)state;
	put_header(&blob, true, MICRO, 65535, 1);
	put_packet(&blob, 1, 0, "twelve bytes", 3);
	s = open_bytes(blob.b, blob.n, NULL);
	assert_int_equal(drain(s, &seen, 100), SOURCE_END);
	assert_int_equal(seen.last[0].cap, 12);
	assert_int_equal(seen.last[0].wire, 3);
	source_destroy(s);
}

static void
test_times_stay_where_their_differences_fit(void **state)
{
	struct source *s;

	(void)state;
	put_header(&blob, false, MICRO, 65535, 1);
	put_packet(&blob, 0xffffffffU, 0xffffffffU, "a", 1);
	put_packet(&blob, 0, 0, "b", 1);
	s = open_bytes(blob.b, blob.n, NULL);
	assert_int_equal(drain(s, &seen, 100), SOURCE_END);
	assert_true(seen.last[0].time.ns == 4294967295 * NS_PER_S + NS_PER_S - 1);
	assert_true(seen.last[1].time.ns == 0);
	source_destroy(s);

	assert_true(frame_time(INT64_MIN, INT64_MIN).ns == 0);
	assert_true(frame_time(INT64_MAX, INT64_MAX).ns < INT64_C(1) << 62);
	assert_true(frame_time(INT64_MAX, 0).ns > INT64_C(4294967295) * NS_PER_S);
}

static void
test_link_types_become_those_of_libpcap(void **state)
{
	static const struct { uint32_t in_file; int handed; } types[] = {
		{ 101, 12 }, { 12, 12 }, { 108, 108 }, { 0, 0 }, { 113, 113 }, { 228, 228 },
		{ 0xf4000001, 1 },	/* with a note on frame check sequences */
		{ 105, 105 }, { 127, 127 }, { 50, 50 },
	};
	struct source *s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		put_header(&blob, false, MICRO, 65535, types[i].in_file);
		put_packet(&blob, 1, 0, "x", 1);
		s = open_bytes(blob.b, blob.n, NULL);
		assert_int_equal(drain(s, &seen, 100), SOURCE_END);
		assert_int_equal(seen.last[0].link_type, types[i].handed);
		source_destroy(s);
	}
	put_header(&blob, false, MICRO, 65535, 189);
	assert_refused(blob.b, blob.n, "its link type is 189 (USB_LINUX)");
}

static void
test_a_filter_keeps_packet_numbers(void **state)
{
	static const char http[] =
	    "\x02\1\1\1\1\1\x02\1\1\1\1\2\x08\x06" "no IP, an ARP of sorts";
	struct source *s;
	int ng;

	(void)state;
	for (ng = 0; ng < 2; ng++) {
		if (ng == 0) {
			put_header(&blob, false, MICRO, 65535, 1);
			put_packet(&blob, 1, 0, "something else, surely", 60);
			put_packet(&blob, 1, 0, http, 60);
		} else {
			put_ng(&blob, false);
			put_ng_packet(&blob, 0, 7, "something else, surely", 60);
			put_ng_packet(&blob, 0, 7, http, 60);
		}
		s = open_bytes(blob.b, blob.n, "arp");
		assert_non_null(s);
		assert_int_equal(drain(s, &seen, 100), SOURCE_END);
		assert_int_equal(seen.n, 1);
		assert_int_equal(seen.last[0].ordinal, 2);
		source_destroy(s);

		assert_null(open_bytes(blob.b, blob.n, "tcpp port 443"));
		assert_says("cannot use the filter 'tcpp port 443': ");
		assert_non_null(strstr(why.remedy, "pcap-filter"));
	}
}

static void
test_a_file_larger_than_the_block_loses_nothing(void **state)
{
	enum { PACKETS = 3000, EACH = 16 + 1000 };
	uint8_t *all = malloc(24 + (size_t)PACKETS * EACH);
	struct source *s;
	int i;

	(void)state;
	assert_non_null(all);
	put_header(&blob, false, MICRO, 65535, 1);
	memcpy(all, blob.b, 24);
	for (i = 0; i < PACKETS; i++) {
		blob.n = 0;
		put32(&blob, (uint32_t)i);
		put32(&blob, 0);
		put32(&blob, 1000);
		put32(&blob, 1000);
		memcpy(all + 24 + (size_t)i * EACH, blob.b, 16);
		memset(all + 24 + (size_t)i * EACH + 16, i, 1000);
	}
	s = open_bytes(all, 24 + (size_t)PACKETS * EACH, NULL);
	assert_int_equal(drain(s, &seen, 7), SOURCE_END);
	assert_int_equal(seen.n, PACKETS);
	source_destroy(s);
	free(all);
}

static void
test_what_is_no_capture_is_named(void **state)
{
	static const struct { const char *bytes; size_t n; const char *words;
	    } others[] = {
		{ "BZh9rest", 8, "is not a capture: it starts with 42 5a 68 39, bzip2" },
		{ "\x7f" "ELF\2\1\1", 7, "ELF" },
		{ "alert tcp any any", 17, "text" },
		{ "\n", 1, "text" },
		{ "PK\3\4", 4, "zip" },
		{ "\xfd" "7zXZ\0\0", 7, "xz" },
		{ "snoop\0\0\0", 8, "snoop" },
		{ "\1\2\3\4\5", 5, "it starts with 01 02 03 04" },
		{ "\0", 1, "it starts with 00" },
		{ "\x34\xcd\xb2\xa1" "01234567890123456789", 24, "a1b2cd34" },
		{ "\xa1\xb2\xcd\x34" "01234567890123456789", 24, "a1b2cd34" },
		{ "", 0, "is empty" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_refused(others[i].bytes, others[i].n, others[i].words);
	assert_refused("BZh9rest", 8, "bzip2");
	assert_non_null(strstr(why.remedy, "bzip2 -dc"));
}

static void
test_a_version_of_the_future_is_refused(void **state)
{
	(void)state;
	put_header(&blob, false, MICRO, 65535, 1);
	blob.b[4] = 9;
	assert_refused(blob.b, blob.n, "cannot read capture");
}

static void
test_what_cannot_be_opened_says_why(void **state)
{
	struct live_options no_such = { .iface = "eth7-is-not" };

	(void)state;
	assert_null(source_open_file("no/such.pcap", NULL, &why));
	assert_string_equal(why.what, "cannot open 'no/such.pcap': no such file");
	assert_null(source_open_file("capture", NULL, &why));
	assert_string_equal(why.what,
	    "cannot read 'capture' as a capture: it is a directory");
	assert_null(source_open_live(&no_such, &why));
	assert_string_equal(why.what, "cannot open 'eth7-is-not': no such device");
	assert_string_equal(why.remedy, "'ip link' lists the interfaces of this host");
	if (geteuid() != 0) {
		assert_null(open_bytes("", 0, NULL));
		assert_int_equal(fchmod(memory_fd, 0), 0);
		assert_null(source_open_file(path, NULL, &why));
		assert_says("permission denied");
	}
	assert_null(source_open_file("no/such.pcap", NULL, NULL));
}

static void
test_a_pipe_is_read_from_standard_input(void **state)
{
	int ends[2], keep;
	struct source *s;
	struct source_loss loss;

	(void)state;
	put_three(&blob, false, MICRO);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], blob.b, blob.n - 1), (ssize_t)blob.n - 1);
	(void)close(ends[1]);
	keep = dup(STDIN_FILENO);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	s = source_open_file("-", NULL, &why);
	assert_non_null(s);
	assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
	assert_int_equal(seen.n, 2);
	assert_says("the capture on standard input ends in the middle of packet 3");
	source_get_loss(s, &loss);
	assert_int_equal(loss.bytes_total, 0);
	source_destroy(s);
	if (keep != -1) {
		assert_int_equal(dup2(keep, STDIN_FILENO), STDIN_FILENO);
		(void)close(keep);
	}
	(void)close(ends[0]);
}

static void
test_a_script_hands_on_what_was_written_and_numbers_it(void **state)
{
	static const struct frame frames[3] = {
		{ .cap = 1, .wire = 1, .bytes = (const uint8_t *)"a" },
		{ .cap = 1, .wire = 1, .bytes = (const uint8_t *)"b" },
		{ .cap = 1, .wire = 1, .bytes = (const uint8_t *)"c" },
	};
	struct source *s = source_open_script(frames, 3);

	(void)state;
	seen = (struct seen){ 0 };
	assert_int_equal(source_dispatch(s, 2, see, &seen, &why), 2);
	assert_int_equal(source_dispatch(s, 2, see, &seen, &why), 1);
	assert_int_equal(source_dispatch(s, 2, see, &seen, &why), SOURCE_END);
	assert_string_equal(seen.text[2], "c");
	assert_int_equal(seen.last[2].ordinal, 3);
	assert_int_equal(source_wait(s, NULL, 0, NULL), 0);
	source_destroy(s);
	source_destroy(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_byte_orders_and_precisions_read_the_same),
		cmocka_unit_test(
		    test_a_file_cut_at_any_byte_gives_its_whole_packets_and_says_so),
		cmocka_unit_test(
		    test_a_packet_of_absurd_length_ends_the_file_at_its_byte),
		cmocka_unit_test(
		    test_a_packet_longer_than_the_snap_length_is_believed_up_to_a_limit),
		cmocka_unit_test(test_more_captured_than_sent_is_handed_on_as_it_is),
		cmocka_unit_test(test_times_stay_where_their_differences_fit),
		cmocka_unit_test(test_link_types_become_those_of_libpcap),
		cmocka_unit_test(test_a_filter_keeps_packet_numbers),
		cmocka_unit_test(test_a_file_larger_than_the_block_loses_nothing),
		cmocka_unit_test(test_what_is_no_capture_is_named),
		cmocka_unit_test(test_a_version_of_the_future_is_refused),
		cmocka_unit_test(test_what_cannot_be_opened_says_why),
		cmocka_unit_test(test_a_pipe_is_read_from_standard_input),
		cmocka_unit_test(test_a_script_hands_on_what_was_written_and_numbers_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
