/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file that is read by a thread gives the same frames, and ends with the same word, as the
 * same bytes from a pipe, which is read without one: whole, cut anywhere, and with packets
 * that stand across blocks. And one that is left before its end is let go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/base/siphash.h"
#include "capture/source/source.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES (11u << 20)	/* several blocks behind those that are read alone */

struct told {
	struct siphash_key key;
	uint64_t frames, hash;
	int end;
	char tail[64];		/* of what is wrong: from "in the middle" on */
	uint64_t taken;
};

static char path[] = "/tmp/test_reader.XXXXXX";

static uint32_t
dice(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return (uint32_t)(*s * UINT64_C(2685821657736338717) >> 32);
}

static void
on_frame(void *arg, const struct frame *f)
{
	struct told *t = arg;

	t->frames++;
	t->key.k0 = t->hash;
	t->key.k1 = (uint64_t)f->time.ns ^ f->ordinal;
	t->hash = siphash13(&t->key, f->bytes, f->cap);
}

/* A capture of small packets and of some that are a quarter of a block. */
static size_t
make(uint8_t *at, uint32_t largest)
{
	static const uint32_t head[6] = { 0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1 };
	uint64_t seed = 5;
	size_t n = sizeof(head);

	memcpy(at, head, sizeof(head));
	for (uint32_t i = 0; n + 16 + largest < BYTES; i++) {
		uint32_t len = dice(&seed) % 50 == 0 ? 1 + dice(&seed) % largest :
		    60 + dice(&seed) % 1400;
		uint32_t h[4] = { 1700000000 + i / 1000, i % 1000, len, len };

		memcpy(at + n, h, sizeof(h));
		n += sizeof(h);
		for (uint32_t k = 0; k < len; k += 4) {
			uint32_t d = dice(&seed);

			memcpy(at + n + k, &d, len - k < 4 ? len - k : 4);
		}
		n += len;
	}
	return n;
}

static void
write_file(const uint8_t *at, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(at, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static struct told
read_source(const char *name)
{
	struct told t = { { 0, 0 }, 0, 0, 0, "", 0 };
	struct source_loss loss;
	struct fault why = { "", "" };
	struct source *s = source_open_file(name, NULL, &why);
	const char *tail;
	int n;

	assert_non_null(s);
	while ((n = source_dispatch(s, 1000, on_frame, &t, &why)) >= 0)
		continue;
	t.end = n;
	tail = strstr(why.what, "in the middle");
	if (n == SOURCE_FAULT && tail != NULL)
		(void)snprintf(t.tail, sizeof(t.tail), "%s", tail);
	/* it stays said */
	assert_int_equal(source_dispatch(s, 1000, on_frame, &t, &why), n);
	source_get_loss(s, &loss);
	t.taken = loss.bytes_read;
	source_destroy(s);
	return t;
}

static struct told
read_pipe(void)
{
	int ends[2], in = dup(0), status;
	struct told t;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		char buf[65536];
		FILE *f = fopen(path, "rb");
		size_t n;

		(void)close(ends[0]);
		while (f != NULL && (n = fread(buf, 1, sizeof(buf), f)) > 0)
			for (size_t k = 0; k < n;) {
				ssize_t w = write(ends[1], buf + k, n - k);

				if (w <= 0)
					_exit(1);
				k += (size_t)w;
			}
		_exit(0);
	}
	(void)close(ends[1]);
	assert_int_equal(dup2(ends[0], 0), 0);
	(void)close(ends[0]);
	t = read_source("-");
	assert_int_equal(dup2(in, 0), 0);
	(void)close(in);
	assert_int_equal(waitpid(child, &status, 0), child);
	return t;
}

static void
same(const uint8_t *at, size_t n)
{
	struct told file, piped;

	write_file(at, n);
	file = read_source(path);
	piped = read_pipe();
	assert_int_equal(file.end, piped.end);
	assert_string_equal(file.tail, piped.tail);
	assert_int_equal(file.frames, piped.frames);
	assert_true(file.hash == piped.hash);
	assert_int_equal(file.taken, n);
	assert_int_equal(piped.taken, n);
}

static void
test_the_same_by_a_thread(void **state)
{
	uint8_t *at = malloc(BYTES);
	uint64_t seed = 99;
	size_t n;

	(void)state;
	assert_non_null(at);
	n = make(at, 262144);
	same(at, n);
	for (int i = 0; i < 12; i++)
		same(at, 5000000 + dice(&seed) % (n - 5000000));
	n = make(at, 1500);
	same(at, n);
	free(at);
}

/* What is wrong in the middle of a block is said where it is. */
static void
test_a_lie_far_behind(void **state)
{
	uint8_t *at = malloc(BYTES);
	struct told file, piped;
	size_t n;

	(void)state;
	assert_non_null(at);
	n = make(at, 1500);
	memset(at + n - 2000000, 0xff, 5000);	/* a header, wherever they stand */
	write_file(at, n);
	file = read_source(path);
	piped = read_pipe();
	assert_int_equal(file.end, SOURCE_FAULT);
	assert_int_equal(piped.end, SOURCE_FAULT);
	assert_int_equal(file.frames, piped.frames);
	assert_true(file.hash == piped.hash);
	free(at);
}

static void
test_left_before_its_end(void **state)
{
	uint8_t *at = malloc(BYTES);
	struct fault why;

	(void)state;
	assert_non_null(at);
	write_file(at, make(at, 1500));
	for (int left = 0; left < 12; left++) {
		struct told t = { { 0, 0 }, 0, 0, 0, "", 0 };
		struct source *s = source_open_file(path, NULL, &why);

		assert_non_null(s);
		while (t.frames < (uint64_t)left * 1200)
			assert_true(source_dispatch(s, 100, on_frame, &t, &why) > 0);
		source_destroy(s);
	}
	free(at);
}

/* Who works on what came while more is read finds it as it was. */
struct lent {
	struct {
		const uint8_t *at;
		uint32_t cap;
		uint64_t hash;
	} frame[SOURCE_KEEPS][300];
	size_t n[SOURCE_KEEPS];
	unsigned now;
	struct siphash_key key;
};

static void
on_lent(void *arg, const struct frame *f)
{
	struct lent *l = arg;
	size_t i = l->n[l->now]++;

	l->frame[l->now][i].at = f->bytes;
	l->frame[l->now][i].cap = f->cap;
	l->frame[l->now][i].hash = siphash13(&l->key, f->bytes, f->cap);
}

static void
test_what_was_lent_stays(void **state)
{
	uint8_t *at = malloc(BYTES);
	struct lent *l = calloc(1, sizeof(*l));
	uint64_t seed = 4;
	struct fault why;
	struct source *s;
	int n;

	(void)state;
	assert_non_null(at);
	assert_non_null(l);
	for (int large = 0; large < 2; large++) {
		write_file(at, make(at, large ? 1000000 : 1500));
		s = source_open_file(path, NULL, &why);
		assert_non_null(s);
		assert_int_equal(source_keeps(s), SOURCE_KEEPS);
		do {
			l->now = (l->now + 1) % SOURCE_KEEPS;
			l->n[l->now] = 0;
			n = source_dispatch(s, (int)(1 + dice(&seed) % 300), on_lent, l, &why);
			for (unsigned k = 0; k < SOURCE_KEEPS; k++)
				for (size_t i = 0; i < l->n[k]; i++)
					assert_true(l->frame[k][i].hash == siphash13(&l->key,
					    l->frame[k][i].at, l->frame[k][i].cap));
		} while (n >= 0);
		memset(l->n, 0, sizeof(l->n));
		source_destroy(s);
	}
	free(l);
	free(at);
}

static int
threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *one;
	int n = 0;

	assert_non_null(dir);
	while ((one = readdir(dir)) != NULL)
		n += one->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

/* A thread that was made while a source was opened would stand outside of the sandbox that is
 * entered behind that: a section, blocks that nobody knows, and the interface only then. */
static void
test_opening_makes_no_thread(void **state)
{
	enum { BLOCK = 1 << 20, BLOCKS = 8 };
	static const uint32_t section[7] = { 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff,
		0xffffffff, 28 };
	static const uint32_t interface[5] = { 1, 20, 1, 0, 20 };
	uint8_t *at = calloc(1, BYTES);
	struct fault why;
	struct source *s;
	size_t n = sizeof(section);
	int tasks = threads();		/* a sanitizer has one of its own */

	(void)state;
	assert_non_null(at);
	memcpy(at, section, sizeof(section));
	for (int i = 0; i < BLOCKS; i++, n += BLOCK) {
		const uint32_t head[2] = { 0x4242, BLOCK };

		memcpy(at + n, head, sizeof(head));
		memcpy(at + n + BLOCK - 4, &head[1], 4);
	}
	memcpy(at + n, interface, sizeof(interface));
	write_file(at, n + sizeof(interface));
	s = source_open_file(path, NULL, &why);
	assert_non_null(s);
	assert_int_equal(threads(), tasks);
	source_destroy(s);
	free(at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_by_a_thread),
		cmocka_unit_test(test_a_lie_far_behind),
		cmocka_unit_test(test_left_before_its_end),
		cmocka_unit_test(test_what_was_lent_stays),
		cmocka_unit_test(test_opening_makes_no_thread),
	};
	int fd = mkstemp(path), failed;

	if (fd == -1)
		return 1;
	(void)close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	return failed;
}
