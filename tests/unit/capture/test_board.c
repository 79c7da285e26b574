/* SPDX-License-Identifier: GPL-3.0-or-later */
/* board: what is read is one whole post, the last one, whoever died meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/proc/board.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 512

static void
fill(uint64_t *words, uint64_t n)
{
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = n;
}

static void
test_board_is_empty_until_something_is_posted(void **state)
{
	struct board *b = board_create(3, NULL);
	char out[3] = "";

	(void)state;
	assert_non_null(b);
	assert_false(board_read(b, out));
	assert_int_equal(board_posts(b), 0);
	board_post(b, "ab");
	board_post(b, "cd");
	assert_true(board_read(b, out));
	assert_string_equal(out, "cd");
	assert_int_equal(board_posts(b), 2);
	board_destroy(b);
}

static void
test_board_refuses_sizes_that_make_no_sense(void **state)
{
	struct fault why = { "", "" };

	(void)state;
	assert_null(board_create(0, &why));
	assert_null(board_create((size_t)1 << 30, &why));
	assert_string_not_equal(why.what, "");
	board_destroy(NULL);
}

/* A writer in another process that never rests, and is killed in the middle of a post. */
static void
test_board_is_read_whole_while_it_is_written_and_after_its_writer_died(void **state)
{
	struct board *b = board_create(WORDS * sizeof(uint64_t), NULL);
	uint64_t words[WORDS], last = 0;
	unsigned reads = 0;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		for (uint64_t n = 1;; n++) {
			fill(words, n);
			board_post(b, words);
		}
	}
	while (reads < 20000) {
		if (!board_read(b, words))
			continue;
		reads++;
		assert_true(words[0] >= last);
		last = words[0];
		for (unsigned i = 1; i < WORDS; i++)
			assert_int_equal(words[i], words[0]);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(board_read(b, words));
	for (unsigned i = 1; i < WORDS; i++)
		assert_int_equal(words[i], words[0]);
	fill(words, 7);
	board_post(b, words);
	assert_true(board_read(b, words));
	assert_int_equal(words[WORDS - 1], 7);
	board_destroy(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_board_is_empty_until_something_is_posted),
		cmocka_unit_test(test_board_refuses_sizes_that_make_no_sense),
		cmocka_unit_test(
		    test_board_is_read_whole_while_it_is_written_and_after_its_writer_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
