/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read, decoded and hashed in a thread of its own makes the same records as what is
 * not: of one file, of a folder of small ones, of files that end in a fault. One that is left
 * early is let go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rules/cli/front.h"
#include "rules/cli/rulefiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 12
#define MOST 60000		/* packets of a file */

struct came {
	struct siphash_key key;
	uint64_t hash, records, used, packets, bytes_read;
	unsigned faults;
	int end;
};

static char dir[] = "/tmp/test_front.XXXXXX";
static struct rule_files *files;
static struct program *rules;

static uint32_t
dice(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return (uint32_t)(*s * UINT64_C(2685821657736338717) >> 32);
}

/* Datagrams and segments of fifty hosts each way, some of them cut, of another protocol, or
 * nothing at all. Less is so many bytes off the end. */
static void
write_capture(unsigned number, unsigned packets, size_t less, uint64_t seed)
{
	static const uint32_t head[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1 };
	uint8_t b[1600] = { 0 };
	char path[80];
	long end;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%02u.pcap", dir, number);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(head, sizeof(head), 1, f), 1);
	for (unsigned i = 0; i < packets; i++) {
		uint32_t d = dice(&seed), len = 60 + d % 1400, h[4] = {
			1790000000 + number * 100 + i / 1000, i % 1000 * 1000, len, len };
		bool tcp = (d >> 16) % 3 == 0;

		for (uint32_t k = 34; k < len; k += 4) {
			uint32_t r = dice(&seed);

			memcpy(b + k, &r, 4);
		}
		memcpy(b, "\2\0\0\0\0\1\2\0\0\0\0\2\10\0\105\0", 16);
		b[16] = (uint8_t)((len - 14) >> 8);
		b[17] = (uint8_t)(len - 14);
		memcpy(b + 18, "\0\0\0\0\100", 5);
		b[23] = tcp ? 6 : 17;
		memcpy(b + 26, d % 2 ? "\12\24\0" : "\313\0\161", 3);
		memcpy(b + 30, d % 2 ? "\313\0\161" : "\12\24\0", 3);
		b[29] = (uint8_t)(1 + (d >> 20) % 50);
		b[33] = (uint8_t)(1 + (d >> 26) % 50);
		memcpy(b + 34, "\117\101\1\273", 4);
		b[38] = tcp ? b[38] : (uint8_t)((len - 34) >> 8);
		b[39] = tcp ? b[39] : (uint8_t)(len - 34);
		if (tcp)
			b[46] = 0x50;
		if (d % 97 == 0)
			h[2] = 20;
		if (d % 101 == 0)
			b[12] = 0x42;
		assert_int_equal(fwrite(h, sizeof(h), 1, f), 1);
		assert_int_equal(fwrite(b, h[2], 1, f), 1);
	}
	end = ftell(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(truncate(path, end - (long)less), 0);
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct came *c = arg;

	(void)strings;
	c->records++;
	c->key.k0 = c->hash;
	c->hash = siphash13(&c->key, o, sizeof(*o));
}

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	struct came *c = arg;

	c->key.k0 = c->hash ^ v->rule->id;
	c->hash = siphash13(&c->key, "verdict", 7);
	return (struct event_ref){ 0, 0, c->records };
}

static void
on_tell(void *arg, const struct fault *why, bool harm)
{
	struct came *c = arg;

	(void)why;
	(void)harm;
	c->faults++;
}

/* most: so many loads, then it is left. */
static struct came
come(const char *path, bool fronted, unsigned most)
{
	struct came c = { .key = { 1, 2 } };
	struct pipe_options po = { .hash = { 3, 4 }, .program = rules, .batches = true,
		.arg = &c, .on_verdict = on_verdict, .on_record = on_record };
	struct files_options fo = { .path = &path, .paths = 1, .stop_fd = -1,
		.tell = on_tell, .arg = &c };
	struct sensor_stats stats;
	struct source_loss loss = { 0 };
	struct fault why = { 0 };
	struct source *s = source_open_files(&fo, &why);
	struct pipe *p = pipe_create(&po, &why);
	struct front *f = NULL;

	assert_non_null(s);
	assert_non_null(p);
	assert_true(source_keeps(s) == SOURCE_KEEPS);
	if (fronted) {
		f = front_create(s, p);
		assert_non_null(f);
	}
	for (unsigned i = 0; i < most && c.end == 0; i++) {
		if (fronted) {
			const struct front_load *l = front_next(f);

			pipe_handful(p, &l->handful);
			c.end = l->said < 0 ? l->said : 0;
			loss = l->loss;
		} else {
			int n = source_dispatch(s, 100, pipe_frame, p, &why);

			pipe_flush(p);
			c.end = n < 0 ? n : 0;
			source_get_loss(s, &loss);
		}
	}
	front_destroy(f);
	pipe_finish(p);
	pipe_stats(p, &stats);
	c.used = stats.used;
	c.packets = stats.packets;
	c.bytes_read = loss.bytes_read;
	pipe_destroy(p);
	source_destroy(s);
	return c;
}

static struct came
same(const char *path)
{
	struct came a = come(path, false, UINT32_MAX), b = come(path, true, UINT32_MAX);

	assert_int_equal(b.end, a.end);
	assert_int_equal(b.packets, a.packets);
	assert_int_equal(b.used, a.used);
	assert_int_equal(b.records, a.records);
	assert_int_equal(b.faults, a.faults);
	assert_int_equal(b.bytes_read, a.bytes_read);
	assert_true(b.hash == a.hash);
	return a;
}

static void
test_a_file(void **state)
{
	struct came c;
	char path[80];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/00.pcap", dir);
	write_capture(0, MOST, 0, 11);
	c = same(path);
	assert_int_equal(c.packets, MOST);
	assert_true(c.used > MOST / 2 && c.used < MOST);
	assert_true(c.records > 1000);
	for (unsigned i = 0; i < 4; i++) {
		write_capture(0, 3000 + i * 7000, 1 + 17 * i, 5 + i);
		assert_int_equal(same(path).end, SOURCE_FAULT);
	}
}

/* Each lets its buffers go while frames of it are still on their way. */
static void
test_a_folder_of_small_files(void **state)
{
	uint64_t seed = 3;
	struct came c;

	(void)state;
	for (unsigned i = 0; i < FILES; i++)
		write_capture(i, i % 4 == 3 ? 1 : dice(&seed) % 900, i % 5 == 1 ? 3 : 0, 70 + i);
	c = same(dir);
	assert_int_equal(c.end, SOURCE_END);
	assert_true(c.faults > 0);
}

static void
test_left_early(void **state)
{
	char path[80];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/00.pcap", dir);
	write_capture(0, MOST, 0, 11);
	for (unsigned most = 0; most < 40; most += 3)
		assert_true(come(path, true, most).packets <= most * HANDFUL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file),
		cmocka_unit_test(test_a_folder_of_small_files),
		cmocka_unit_test(test_left_early),
	};
	struct rule_choice choice = { .replace = { "rules/std" }, .replaces = 1 };
	struct fault why = { 0 };
	char path[80];
	int failed;

	files = rule_files_read(&choice, &why);
	rules = files == NULL ? NULL : rule_files_compile(files, false, NULL);
	if (rules == NULL || mkdtemp(dir) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (unsigned i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), "%s/%02u.pcap", dir, i);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	program_destroy(rules);
	rule_files_free(files);
	return failed;
}
