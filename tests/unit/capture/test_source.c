/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capture files, written by the test into memory files and opened by
 * their descriptor's path. */
#define _GNU_SOURCE		/* memfd_create */
#include "capture/source/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

/* ---- a file under construction ---- */

struct blob {
	uint8_t b[1 << 16];
	size_t n;
	bool big;			/* byte order */
};

static void
put(struct blob *o, const void *bytes, size_t n)
{
	assert_true(n <= sizeof(o->b) - o->n);
	memcpy(o->b + o->n, bytes, n);
	o->n += n;
}

static void
put32(struct blob *o, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 24) };
	uint8_t r[4] = { b[3], b[2], b[1], b[0] };

	put(o, o->big ? r : b, 4);
}

static void
put16(struct blob *o, uint16_t v)
{
	uint8_t b[2] = { (uint8_t)v, (uint8_t)(v >> 8) }, r[2] = { b[1], b[0] };

	put(o, o->big ? r : b, 2);
}

static void
put_header(struct blob *o, bool big, uint32_t magic, uint32_t snaplen, uint32_t link)
{
	o->n = 0;
	o->big = big;
	put32(o, magic);
	put16(o, 2);
	put16(o, 4);
	put32(o, 0);
	put32(o, 0);
	put32(o, snaplen);
	put32(o, link);
}

static void
put_packet(struct blob *o, uint32_t sec, uint32_t frac, const char *bytes, uint32_t wire)
{
	put32(o, sec);
	put32(o, frac);
	put32(o, (uint32_t)strlen(bytes));
	put32(o, wire);
	put(o, bytes, strlen(bytes));
}

#define MICRO 0xa1b2c3d4U
#define NANO 0xa1b23c4dU

static void
put_three(struct blob *o, bool big, uint32_t magic)
{
	put_header(o, big, magic, 65535, 1);
	put_packet(o, 1700000000, 1, "first", 5);
	put_packet(o, 1700000001, 2, "second one", 1500);
	put_packet(o, 1700000002, 3, "", 60);
}

/* ---- what came out ---- */

struct seen {
	unsigned n;
	struct frame last[8];
	char text[8][32];
};

static void
see(void *arg, const struct frame *f)
{
	struct seen *s = arg;
	unsigned i = s->n++;

	if (i >= 8)
		return;
	s->last[i] = *f;
	(void)snprintf(s->text[i], sizeof(s->text[i]), "%.*s", (int)f->cap,
	    (const char *)f->bytes);
}

static struct fault why;
static char path[64];
static int memory_fd = -1;

static struct source *
open_bytes(const void *bytes, size_t n, const char *filter)
{
	if (memory_fd != -1)
		(void)close(memory_fd);
	memory_fd = memfd_create("capture", MFD_CLOEXEC);
	assert_int_not_equal(memory_fd, -1);
	assert_int_equal(write(memory_fd, bytes, n), (ssize_t)n);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_fd);
	memset(&why, 0, sizeof(why));
	return source_open_file(path, filter, &why);
}

/* Everything the source has; its last word. */
static int
drain(struct source *s, struct seen *out, int budget)
{
	int r;

	*out = (struct seen){ 0 };
	do
		r = source_dispatch(s, budget, see, out, &why);
	while (r >= 0);
	return r;
}

static void
assert_says(const char *words)
{
	if (strstr(why.what, words) == NULL)
		fail_msg("said '%s', not '%s'", why.what, words);
}

static void
assert_refused(const void *bytes, size_t n, const char *words)
{
	struct source *s = open_bytes(bytes, n, NULL);

	assert_null(s);
	assert_says(words);
}

/* ---- tests ---- */

static struct blob blob;
static struct seen seen;

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
	put_header(&blob, false, MICRO, 65535, 105);
	assert_refused(blob.b, blob.n, "its link type is 105 (IEEE802_11)");
}

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
	assert_int_equal(source_wait_fd(s), -1);
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

static void
put_block(struct blob *o, uint32_t type, const struct blob *body)
{
	uint32_t padded = (uint32_t)(body->n + 3) & ~3U;

	put32(o, type);
	put32(o, padded + 12);
	put(o, body->b, body->n);
	put(o, "\0\0\0", padded - body->n);
	put32(o, padded + 12);
}

static struct blob body;

static void
put_ng_interface(struct blob *o, uint16_t link)
{
	body.n = 0;
	body.big = o->big;
	put16(&body, link);
	put16(&body, 0);
	put32(&body, 65535);
	put16(&body, 9);		/* if_tsresol: nanoseconds */
	put16(&body, 1);
	put(&body, "\x09\0\0\0", 4);
	put32(&body, 0);
	put_block(o, 1, &body);
}

static void
put_ng_packet(struct blob *o, uint32_t interface, uint64_t ns, const char *bytes,
    uint32_t wire)
{
	body.n = 0;
	body.big = o->big;
	put32(&body, interface);
	put32(&body, (uint32_t)(ns >> 32));
	put32(&body, (uint32_t)ns);
	put32(&body, (uint32_t)strlen(bytes));
	put32(&body, wire);
	put(&body, bytes, strlen(bytes));
	put_block(o, 6, &body);
}

static void
put_ng(struct blob *o, bool big)
{
	o->n = body.n = 0;
	o->big = body.big = big;
	put32(&body, 0x1a2b3c4d);
	put16(&body, 1);
	put16(&body, 0);
	put32(&body, 0xffffffffU);
	put32(&body, 0xffffffffU);
	put_block(o, 0x0a0d0d0a, &body);
	put_ng_interface(o, 1);
}

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
	assert_int_equal(source_wait_fd(s), -1);
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
		cmocka_unit_test(test_zstd_is_unpacked_by_its_magic_also_in_two_frames),
		cmocka_unit_test(
		    test_gzip_is_unpacked_by_its_magic_also_in_members_and_padded),
		cmocka_unit_test(test_gzip_that_is_cut_or_damaged_never_ends_well),
		cmocka_unit_test(test_pcapng_is_read_in_either_order_plain_and_packed),
		cmocka_unit_test(test_pcapng_cut_anywhere_gives_its_whole_packets),
		cmocka_unit_test(
		    test_pcapng_of_mixed_link_types_is_refused_with_a_way_out),
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
