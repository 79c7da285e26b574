/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pcapng: either byte order, cut anywhere, several interfaces. */
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
		if (cut > first) {
			assert_says("ends in the middle of packet 2 (byte");
		}
		source_destroy(s);
	}
}

static void
test_pcapng_of_mixed_link_types_is_refused_with_a_way_out(void **state)
{
	struct source *s;

	(void)state;
	put_ng(&blob, false);
	put_ng_packet(&blob, 0, 7, "first", 5);
	put_ng_interface(&blob, 113);
	put_ng_packet(&blob, 1, 8, "second", 6);
	s = open_bytes(blob.b, blob.n, NULL);
	assert_non_null(s);
	assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
	assert_int_equal(seen.n, 1);
	assert_says("mixes link types");
	assert_non_null(strstr(why.remedy, "tshark"));
	source_destroy(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcapng_is_read_in_either_order_plain_and_packed),
		cmocka_unit_test(test_pcapng_cut_anywhere_gives_its_whole_packets),
		cmocka_unit_test(
		    test_pcapng_of_mixed_link_types_is_refused_with_a_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
