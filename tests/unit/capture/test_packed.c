/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures that are packed: zstd and gzip, whole, cut and damaged. */
#define _GNU_SOURCE		/* memfd_create */
#include "tests/unit/capture/memory_capture.h"

#include <zlib.h>
#include <zstd.h>

static void
test_zstd_is_unpacked_by_its_magic_also_in_two_frames(void **state)
{
	uint8_t packed[4096];
	struct source_loss loss;
	struct source *s;
	size_t n, m, cut;

	(void)state;
	put_three(&blob, false, MICRO);
	n = ZSTD_compress(packed, sizeof(packed), blob.b, 30, 3);
	m = ZSTD_compress(packed + n, sizeof(packed) - n, blob.b + 30, blob.n - 30, 3);
	assert_false(ZSTD_isError(n) || ZSTD_isError(m));
	s = open_bytes(packed, n + m, NULL);
	assert_non_null(s);
	assert_int_equal(drain(s, &seen, 100), SOURCE_END);
	assert_int_equal(seen.n, 3);
	source_get_loss(s, &loss);
	assert_int_equal(loss.bytes_read, n + m);
	assert_int_equal(loss.bytes_total, n + m);
	assert_int_equal(source_wait(s, NULL, 0, NULL), 0);
	source_destroy(s);

	/* Cut inside: never an end that looks like a good one. */
	for (cut = 4; cut < n + m; cut++) {
		s = open_bytes(packed, cut, NULL);
		if (s != NULL) {
			assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
			assert_true(seen.n < 3 || cut > n);
			source_destroy(s);
		}
		assert_true(why.what[0] != '\0');
	}
	packed[n / 2] ^= 0xff;
	s = open_bytes(packed, n + m, NULL);
	if (s != NULL)
		source_destroy(s);
	assert_true(s != NULL || why.what[0] != '\0');
}

static size_t
gzip(uint8_t *out, size_t room, const uint8_t *bytes, size_t n)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	z.next_in = memcpy(out + room - n, bytes, n);
	z.avail_in = (unsigned)n;
	z.next_out = out;
	z.avail_out = (unsigned)(room - n);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return z.total_out;
}

static void
test_gzip_is_unpacked_by_its_magic_also_in_members_and_padded(void **state)
{
	uint8_t packed[4096] = { 0 };
	struct source_loss loss;
	struct source *s;
	size_t n, m;

	(void)state;
	put_three(&blob, false, MICRO);
	n = gzip(packed, sizeof(packed) / 2, blob.b, 30);
	m = n + gzip(packed + n, sizeof(packed) / 2, blob.b + 30, blob.n - 30);
	memset(packed + m, 0, 100);
	for (size_t zeros = 0; zeros <= 100; zeros += 50) {
		s = open_bytes(packed, m + zeros, NULL);
		assert_non_null(s);
		assert_int_equal(drain(s, &seen, 100), SOURCE_END);
		assert_int_equal(seen.n, 3);
		assert_string_equal(seen.text[1], "second one");
		source_get_loss(s, &loss);
		assert_int_equal(loss.bytes_read, m + zeros);
		assert_int_equal(loss.bytes_total, m + zeros);
		source_destroy(s);
	}
	packed[m] = 'x';
	s = open_bytes(packed, m + 1, NULL);
	assert_non_null(s);
	assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
	assert_int_equal(seen.n, 3);
	source_destroy(s);
}

static void
test_gzip_that_is_cut_or_damaged_never_ends_well(void **state)
{
	uint8_t packed[4096] = { 0 };
	struct source *s;
	size_t n, m, at;

	(void)state;
	put_three(&blob, false, MICRO);
	n = gzip(packed, sizeof(packed) / 2, blob.b, 30);
	m = n + gzip(packed + n, sizeof(packed) / 2, blob.b + 30, blob.n - 30);
	for (at = 2; at < m; at++) {
		s = open_bytes(packed, at, NULL);
		if (s != NULL) {
			assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
			assert_int_equal(source_dispatch(s, 1, see, &seen, &why),
			    SOURCE_FAULT);
			source_destroy(s);
		}
		assert_true(why.what[0] != '\0');
	}
	/* In the checksum of the second member: all packets, and then the sentence. */
	packed[m - 8] ^= 0xff;
	s = open_bytes(packed, m, NULL);
	assert_non_null(s);
	assert_int_equal(drain(s, &seen, 100), SOURCE_FAULT);
	assert_int_equal(seen.n, 3);
	assert_says("is damaged: gzip says 'incorrect data check', after packet 3");
	assert_non_null(strstr(why.remedy, "gzip -t"));
	source_destroy(s);
	packed[m - 8] ^= 0xff;
	/* Any byte changed: an end or a fault. */
	for (at = 2; at < m; at++) {
		packed[at] ^= 0x55;
		s = open_bytes(packed, m, NULL);
		if (s != NULL)
			assert_true(drain(s, &seen, 100) < 0);
		else
			assert_true(why.what[0] != '\0');
		source_destroy(s);
		packed[at] ^= 0x55;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zstd_is_unpacked_by_its_magic_also_in_two_frames),
		cmocka_unit_test(
		    test_gzip_is_unpacked_by_its_magic_also_in_members_and_padded),
		cmocka_unit_test(test_gzip_that_is_cut_or_damaged_never_ends_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
