/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pcapng: either byte order, cut anywhere, several interfaces and sections, and lies. */
#define _GNU_SOURCE		/* memfd_create */
#include "tests/unit/capture/memory_capture.h"

#include <zstd.h>

static void
test_pcapng_is_read_in_either_order_plain_and_packed(void **state)
{
	uint8_t packed[4096];
	struct source *s;
	size_t n;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		put_ng(&blob, i & 1);
		put_ng_packet(&blob, 0, UINT64_C(1700000000000000007), "first", 5);
		put_ng_packet(&blob, 0, UINT64_C(1700000000000000008), "second", 1500);
		n = ZSTD_compress(packed, sizeof(packed), blob.b, blob.n, 3);
		s = i < 2 ? open_bytes(blob.b, blob.n, NULL) :
		    open_bytes(packed, n, NULL);
		assert_non_null(s);
		assert_int_equal(drain(s, &seen, 1), SOURCE_END);
		assert_int_equal(source_dispatch(s, 1, see, &seen, &why), SOURCE_END);
		assert_int_equal(seen.n, 2);
		assert_string_equal(seen.text[1], "second");
		assert_int_equal(seen.last[1].wire, 1500);
		assert_int_equal(seen.last[1].ordinal, 2);
		assert_true(seen.last[0].time.ns == INT64_C(1700000000000000007));
		source_destroy(s);
	}
}

static void
test_pcapng_cut_anywhere_gives_its_whole_packets(void **state)
{
	struct source *s;
	size_t cut, first;
	int r;

	(void)state;
	put_ng(&blob, false);
	put_ng_packet(&blob, 0, 7, "first", 5);
	first = blob.n;
	put_ng_packet(&blob, 0, 8, "second", 6);
	for (cut = 1; cut < blob.n; cut++) {
		s = open_bytes(blob.b, cut, NULL);
		if (s == NULL) {
			assert_true(cut < first);
			assert_true(why.what[0] != '\0');
			continue;
		}
		r = drain(s, &seen, 100);
		assert_int_equal(seen.n, cut >= first);
		assert_int_equal(r == SOURCE_END, cut == first ||
		    (cut < first && why.what[0] == 0));
		if (cut > first)
			assert_says("ends in the middle of a block, after packet 1");
		source_destroy(s);
	}
}

/* ---- blocks by hand ---- */

static struct blob options;

static void
put_option(uint16_t code, const void *value, uint16_t n)
{
	options.big = blob.big;
	put16(&options, code);
	put16(&options, n);
	put(&options, value, n);
	put(&options, "\0\0\0", (4 - n % 4U) % 4U);
}

static void
put_option64(uint16_t code, uint64_t v)
{
	options.big = blob.big;
	put16(&options, code);
	put16(&options, 8);
	put32(&options, (uint32_t)(blob.big ? v >> 32 : v));
	put32(&options, (uint32_t)(blob.big ? v : v >> 32));
}

/* With the options that were put before, and then are none. */
static void
put_interface(uint16_t link, uint32_t snaplen)
{
	body.n = 0;
	body.big = blob.big;
	put16(&body, link);
	put16(&body, 0);
	put32(&body, snaplen);
	put(&body, options.b, options.n);
	if (options.n > 0)
		put32(&body, 0);
	put_block(&blob, 1, &body);
	options.n = 0;
}

static void
put_statistics(uint32_t interface)
{
	body.n = 0;
	body.big = blob.big;
	put32(&body, interface);
	put32(&body, 0);
	put32(&body, 0);
	put(&body, options.b, options.n);
	put32(&body, 0);
	put_block(&blob, 5, &body);
	options.n = 0;
}

static void
put_section(bool big)
{
	size_t n = blob.n;
	static struct blob one;

	put_ng(&one, big);
	blob.big = big;
	blob.n = n;
	put(&blob, one.b, 28);
}

static int
read_all(const char *filter)
{
	struct source *s = open_bytes(blob.b, blob.n, filter);
	int r;

	assert_non_null(s);
	r = drain(s, &seen, 100);
	source_destroy(s);
	return r;
}

/* ---- interfaces ---- */

static void
test_interfaces_of_any_link_type_and_snap_length_are_one_capture(void **state)
{
	(void)state;
	blob.n = 0;
	put_section(false);
	put_interface(1, 65535);
	put_interface(101, 96);
	put_ng_packet(&blob, 1, 8, "raw", 3);
	put_ng_packet(&blob, 0, 9, "ethernet", 8);
	put_interface(127, 0);		/* one that came later */
	put_ng_packet(&blob, 2, 10, "radio", 5);
	assert_int_equal(read_all(NULL), SOURCE_END);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.last[0].iface, 1);
	assert_int_equal(seen.last[0].link_type, 12);
	assert_int_equal(seen.last[1].iface, 0);
	assert_int_equal(seen.last[1].link_type, 1);
	assert_int_equal(seen.last[2].iface, 2);
	assert_int_equal(seen.last[2].link_type, 127);
	assert_string_equal(seen.text[2], "radio");
}

static void
test_an_interface_nobody_decodes_is_no_reason_to_refuse_the_others(void **state)
{
	(void)state;
	blob.n = 0;
	put_section(false);
	put_interface(189, 65535);	/* USB */
	put_interface(1, 65535);
	put_ng_packet(&blob, 0, 8, "usb", 3);
	put_ng_packet(&blob, 1, 9, "ethernet", 8);
	assert_int_equal(read_all(NULL), SOURCE_END);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.last[0].link_type, 189);
	assert_int_equal(read_all("greater 1"), SOURCE_END);
	assert_int_equal(seen.n, 1);
	blob.n = 0;
	put_section(false);
	put_interface(189, 65535);
	put_ng_packet(&blob, 0, 8, "usb", 3);
	assert_refused(blob.b, blob.n, "its link type is 189");
}

#define ETHERNET_IP "\x02\1\1\1\1\1\x02\1\1\1\1\2\x08\0E"
#define COOKED_IP "\1\0\1\0\1\6\2\1\1\1\1\1\1\1\x08\0E"

static void
put_bytes(uint32_t interface, const char *bytes, uint32_t n)
{
	body.n = 0;
	body.big = blob.big;
	put32(&body, interface);
	put32(&body, 0);
	put32(&body, 7);
	put32(&body, n);
	put32(&body, n);
	put(&body, bytes, n);
	put_block(&blob, 6, &body);
}

static void
test_a_filter_is_compiled_for_each_link_type(void **state)
{
	struct source *s;

	(void)state;
	blob.n = 0;
	put_section(false);
	put_interface(1, 65535);
	put_bytes(0, ETHERNET_IP, sizeof(ETHERNET_IP));
	put_bytes(0, "\x02\1\1\1\1\1\x02\1\1\1\1\2\x08\x06", 15);
	put_interface(113, 65535);
	put_bytes(1, COOKED_IP, sizeof(COOKED_IP));
	put_bytes(1, ETHERNET_IP, sizeof(ETHERNET_IP));
	assert_int_equal(read_all("ip"), SOURCE_END);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.last[0].ordinal, 1);
	assert_int_equal(seen.last[1].ordinal, 3);
	/* What the second cannot express is a fault where it comes. */
	s = open_bytes(blob.b, blob.n, "ether dst 02:01:01:01:01:01");
	if (s != NULL) {	/* libpcap's Linux cooked knows a source only */
		assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
		assert_int_equal(seen.n, 2);
		assert_says("cannot use the filter 'ether dst 02:01:01:01:01:01'");
		assert_int_equal(source_dispatch(s, 1, see, &seen, &why), SOURCE_FAULT);
	}
	source_destroy(s);
	assert_non_null(s);
	assert_null(open_bytes(blob.b, blob.n, "tcpp"));
	assert_says("cannot use the filter 'tcpp'");
}

static void
test_sections_may_differ_in_byte_order_and_interfaces(void **state)
{
	(void)state;
	blob.n = 0;
	put_section(true);
	put_interface(1, 65535);
	put_interface(113, 65535);
	put_ng_packet(&blob, 1, 8000, "big", 3);
	put_section(false);
	put_interface(101, 65535);
	put_ng_packet(&blob, 0, 9000, "little", 6);
	assert_int_equal(read_all(NULL), SOURCE_END);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.last[0].link_type, 113);
	assert_int_equal(seen.last[1].link_type, 12);
	assert_true(seen.last[1].time.ns == 9 * NS_PER_MS);
	put_ng_packet(&blob, 1, 9, "the first section's", 6);
	assert_int_equal(read_all(NULL), SOURCE_FAULT);
	assert_int_equal(seen.n, 2);
	assert_says("holds a packet of interface 1, of which there is no description");
}

static void
test_times_are_in_the_units_of_their_interface(void **state)
{
	static const struct {
		const char *resolution;
		uint64_t units;
		int64_t offset, ns;
	} times[] = {
		{ "\x00", 1700000000, 0, INT64_C(1700000000) * NS_PER_S },
		{ "\x03", 1700000000123, 0, INT64_C(1700000000123) * NS_PER_MS },
		{ "\x06", 7, 3, 3 * NS_PER_S + 7 * NS_PER_US },
		{ "\x06", 7000000, -3, 4 * NS_PER_S },
		{ "\x06", 7000000, -30, 0 },
		{ "\x09", 1234567890, 0, 1234567890 },
		{ "\x0c", 1234567890123, 0, 1234567890 },
		{ "\x13", UINT64_MAX, 0, INT64_C(1844674407) },
		{ "\x8a", 1024 + 512, 0, NS_PER_S + NS_PER_S / 2 },
		{ "\xbf", UINT64_MAX, 0, 2 * NS_PER_S - 1 },
		{ "\x00", UINT64_MAX, INT64_MAX, INT64_C(4611686017) * NS_PER_S },
		{ "\x00", 0, INT64_MIN, 0 },
	};
	struct pkt_time last = frame_time(INT64_MAX, 0);

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(times) / sizeof(times[0]); i++) {
		blob.n = 0;
		put_section(i % 2);
		put_option(9, times[i / 2].resolution, 1);
		put_option64(14, (uint64_t)times[i / 2].offset);
		put_interface(1, 65535);
		put_ng_packet(&blob, 0, times[i / 2].units, "x", 1);
		assert_int_equal(read_all(NULL), SOURCE_END);
		if (times[i / 2].ns >= last.ns)
			assert_true(seen.last[0].time.ns >= last.ns);
		else
			assert_true(seen.last[0].time.ns == times[i / 2].ns);
	}
	for (int i = 0; i < 2; i++) {
		blob.n = 0;
		put_section(false);
		put_option(9, i == 0 ? "\x14" : "\xc0", 1);
		put_interface(1, 65535);
		assert_refused(blob.b, blob.n, "units that 64 bits cannot hold");
	}
}

static void
test_a_frame_check_sequence_is_no_part_of_the_frame(void **state)
{
	(void)state;
	for (int bits = 0; bits < 2; bits++) {
		blob.n = 0;
		put_section(false);
		put_option(13, bits ? "\x20" : "\x04", 1);
		put_interface(1, 65535);
		put_ng_packet(&blob, 0, 7, "whole FCS!", 10);
		put_ng_packet(&blob, 0, 8, "partly F", 10);
		put_ng_packet(&blob, 0, 9, "cut", 10);
		put_ng_packet(&blob, 0, 9, "lie", 2);
		assert_int_equal(read_all(NULL), SOURCE_END);
		assert_string_equal(seen.text[0], "whole ");
		assert_int_equal(seen.last[0].wire, 6);
		assert_string_equal(seen.text[1], "partly");
		assert_int_equal(seen.last[1].wire, 6);
		assert_string_equal(seen.text[2], "cut");
		assert_int_equal(seen.last[2].wire, 6);
		assert_string_equal(seen.text[3], "lie");
		assert_int_equal(seen.last[3].wire, 2);
	}
}

/* ---- other blocks ---- */

static void
test_simple_and_obsolete_packets_are_packets(void **state)
{
	(void)state;
	blob.n = 0;
	put_section(true);
	put_interface(1, 6);
	body.n = 0;
	body.big = true;
	put16(&body, 0);		/* obsolete: interface, drops */
	put16(&body, 3);
	put32(&body, 0);
	put32(&body, 5000);
	put32(&body, 3);
	put32(&body, 60);
	put(&body, "old", 3);
	put_block(&blob, 2, &body);
	body.n = 0;
	put32(&body, 1500);		/* simple; the snap length says how much */
	put(&body, "simple??", 8);
	put_block(&blob, 3, &body);
	assert_int_equal(read_all(NULL), SOURCE_END);
	assert_int_equal(seen.n, 2);
	assert_string_equal(seen.text[0], "old");
	assert_int_equal(seen.last[0].wire, 60);
	assert_true(seen.last[0].time.ns == 5000 * NS_PER_US);
	assert_string_equal(seen.text[1], "simple");
	assert_int_equal(seen.last[1].wire, 1500);
	assert_true(seen.last[1].time.ns == 5000 * NS_PER_US);
}

static void
test_blocks_of_no_interest_are_stepped_over_whatever_their_size(void **state)
{
	static uint8_t large[4 << 20];
	const uint32_t sizes[] = { 12, 100, 1 << 20, 2 << 20, (3 << 20) + 4 };
	const uint32_t packet = 6;
	struct source *s;
	size_t i, n, at;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const uint32_t type = i == 1 ? 4 : 0x40000bad, length = sizes[i];

		blob.n = 0;
		put_section(false);
		n = blob.n;
		memcpy(large, blob.b, n);
		/* Whoever loses his place in it finds packets. */
		for (at = 0; at < length; at += 4)
			memcpy(large + n + at, &packet, 4);
		memcpy(large + n, &type, 4);
		memcpy(large + n + 4, &length, 4);
		memcpy(large + n + length - 4, &length, 4);
		n += length;
		blob.n = 0;
		put_interface(1, 65535);
		put_ng_packet(&blob, 0, 7, "behind", 6);
		memcpy(large + n, blob.b, blob.n);
		s = open_bytes(large, n + blob.n, NULL);
		assert_non_null(s);
		assert_int_equal(drain(s, &seen, 100), SOURCE_END);
		assert_int_equal(seen.n, 1);
		assert_string_equal(seen.text[0], "behind");
		source_destroy(s);
		/* Its last length is looked at, in pieces too. */
		large[n - 1] ^= 1;
		s = open_bytes(large, n + blob.n, NULL);
		assert_null(s);
		assert_says("is damaged: its block at byte");
		assert_null(open_bytes(large, n - 5, NULL));
	}
}

static void
test_what_interfaces_dropped_is_loss(void **state)
{
	struct source_loss loss;
	struct source *s;

	(void)state;
	blob.n = 0;
	put_section(false);
	put_interface(1, 65535);
	put_interface(1, 65535);
	put_ng_packet(&blob, 0, 7, "x", 1);
	put_option64(5, 10);
	put_option64(7, 100);
	put_statistics(0);
	put_option64(5, 2);
	put_option64(7, UINT64_MAX);	/* not known */
	put_statistics(1);
	put_option64(5, 11);		/* later, and so cumulative */
	put_statistics(0);
	put_option64(5, 1000);
	put_statistics(7);		/* nobody's */
	put_section(true);
	put_interface(1, 65535);
	put_option64(5, 40);
	put_option64(7, 400);
	put_statistics(0);
	s = open_bytes(blob.b, blob.n, NULL);
	assert_non_null(s);
	assert_int_equal(drain(s, &seen, 100), SOURCE_END);
	source_get_loss(s, &loss);
	assert_int_equal(loss.iface_drops, 11 + 2 + 40);
	assert_int_equal(loss.kernel_drops, 500);
	assert_int_equal(loss.bytes_total, blob.n);
	source_destroy(s);
	/* Sums of made-up numbers never turn back. */
	for (int i = 0; i < 3; i++) {
		put_section(true);
		put_interface(1, 65535);
		put_option64(5, UINT64_MAX - 1);
		put_statistics(0);
	}
	s = open_bytes(blob.b, blob.n, NULL);
	assert_int_equal(drain(s, &seen, 100), SOURCE_END);
	source_get_loss(s, &loss);
	assert_int_equal(loss.iface_drops, UINT64_MAX / 4);
	source_destroy(s);
}

/* ---- lies ---- */

/* A packet of interface 0 behind a good one; its field at `at` of the block is `v`. */
static void
assert_lie(size_t at, uint32_t v, const char *words)
{
	char place[64];
	size_t begins;

	blob.n = 0;
	put_section(false);
	put_interface(1, 65535);
	put_ng_packet(&blob, 0, 7, "good", 4);
	begins = blob.n;
	put_ng_packet(&blob, 0, 8, "good", 4);
	memcpy(blob.b + begins + at, &v, 4);
	put_ng_packet(&blob, 0, 9, "never seen", 10);
	assert_int_equal(read_all(NULL), SOURCE_FAULT);
	assert_int_equal(seen.n, 1);
	assert_says(words);
	(void)snprintf(place, sizeof(place), "its block at byte %zu, after packet 1, ",
	    begins);
	assert_says(place);
	assert_non_null(strstr(why.remedy, "before it were read"));
}

static void
test_a_length_that_lies_ends_the_file_at_its_byte(void **state)
{
	(void)state;
	assert_lie(4, 0, "claims a length of 0 bytes");
	assert_lie(4, 8, "claims a length of 8 bytes");
	assert_lie(4, 35, "claims a length of 35 bytes");
	assert_lie(4, (16 << 20) + 4, "claims a length of 16777220 bytes");
	assert_lie(4, 4 << 20, "claims to hold 4194304 bytes");
	assert_lie(4, 32, "has another length at its end");
	assert_lie(32, 40, "has another length at its end");
	assert_lie(20, 5, "claims a packet of 5 bytes");
	assert_lie(20, 0xffffffffU, "claims a packet of 4294967295 bytes");
	assert_lie(8, 1, "holds a packet of interface 1, of which there is no");
	assert_lie(0, 0x0a0d0d0aU, "begins a section of no byte order");
}

static void
test_headers_that_end_too_early_and_options_too_late_are_lies(void **state)
{
	static const struct {
		uint32_t type;
		const char *body, *words;
		size_t n;
	} lies[] = {
		{ 1, "\1\0\0\0", "describes an interface and ends in the middle", 4 },
		{ 1, "\1\0\0\0\0\0\0\0\2\0\x05\0eth0", "an option that reaches", 16 },
		{ 5, "\0\0\0\0\0\0\0\0", "holds statistics and ends in their header", 8 },
		{ 5, "\0\0\0\0\0\0\0\0\0\0\0\0\5\0\x08\0\0\0\0\0",
		    "an option that reaches beyond", 20 },
		{ 6, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "holds a packet and ends", 16 },
		{ 3, "", "holds a packet and ends in its header", 0 },
		{ 3, "\x05\0\0\0four", "claims a packet of 5 bytes", 8 },
		{ 2, "\0\0\0\0\0\0\0\0", "holds a packet and ends in its header", 8 },
		{ 0x0a0d0d0a, "\x4d\x3c\x2b\x1a\1\0\0\0", "ends in its header", 8 },
		{ 0x0a0d0d0a, "\x4d\x3c\x2b\x1a\2\0\0\0\0\0\0\0\0\0\0\0",
		    "begins a section of version 2", 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		blob.n = 0;
		put_section(false);
		put_interface(1, 65535);
		put_ng_packet(&blob, 0, 7, "good", 4);
		body.n = 0;
		put(&body, lies[i].body, lies[i].n);
		put_block(&blob, lies[i].type, &body);
		assert_int_equal(read_all(NULL), SOURCE_FAULT);
		assert_int_equal(seen.n, 1);
		assert_says(lies[i].words);
	}
	/* An option that ends without an end is fine, and so is a wrong-sized one. */
	blob.n = 0;
	put_section(false);
	put_option(9, "\x09\x09", 2);
	put_interface(1, 65535);
	put_ng_packet(&blob, 0, 7, "good", 4);
	assert_int_equal(read_all(NULL), SOURCE_END);
	assert_true(seen.last[0].time.ns == 7 * NS_PER_US);
}

static void
test_there_is_a_limit_to_interfaces(void **state)
{
	(void)state;
	blob.n = 0;
	put_section(false);
	for (int i = 0; i < 1024; i++)
		put_interface(1, 65535);
	put_ng_packet(&blob, 1023, 7, "last", 4);
	assert_int_equal(read_all(NULL), SOURCE_END);
	assert_int_equal(seen.last[0].iface, 1023);
	put_interface(1, 65535);
	assert_int_equal(read_all(NULL), SOURCE_FAULT);
	assert_says("describes more than 1024 interfaces");
}

static void
test_a_section_without_anything_in_it_is_an_end(void **state)
{
	(void)state;
	blob.n = 0;
	put_section(false);
	assert_int_equal(read_all(NULL), SOURCE_END);
	assert_int_equal(seen.n, 0);
	put_section(true);
	assert_int_equal(read_all("ip"), SOURCE_END);
	put_ng_packet(&blob, 0, 7, "x", 1);
	assert_int_equal(read_all(NULL), SOURCE_FAULT);
	assert_says("after packet 0, holds a packet of interface 0, of which");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcapng_is_read_in_either_order_plain_and_packed),
		cmocka_unit_test(test_pcapng_cut_anywhere_gives_its_whole_packets),
		cmocka_unit_test(
		    test_interfaces_of_any_link_type_and_snap_length_are_one_capture),
		cmocka_unit_test(
		    test_an_interface_nobody_decodes_is_no_reason_to_refuse_the_others),
		cmocka_unit_test(test_a_filter_is_compiled_for_each_link_type),
		cmocka_unit_test(test_sections_may_differ_in_byte_order_and_interfaces),
		cmocka_unit_test(test_times_are_in_the_units_of_their_interface),
		cmocka_unit_test(test_a_frame_check_sequence_is_no_part_of_the_frame),
		cmocka_unit_test(test_simple_and_obsolete_packets_are_packets),
		cmocka_unit_test(
		    test_blocks_of_no_interest_are_stepped_over_whatever_their_size),
		cmocka_unit_test(test_what_interfaces_dropped_is_loss),
		cmocka_unit_test(test_a_length_that_lies_ends_the_file_at_its_byte),
		cmocka_unit_test(
		    test_headers_that_end_too_early_and_options_too_late_are_lies),
		cmocka_unit_test(test_there_is_a_limit_to_interfaces),
		cmocka_unit_test(test_a_section_without_anything_in_it_is_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
