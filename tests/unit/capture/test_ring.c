/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ring: what one process says, another hears, whole, in order,
 * and never more than was said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/proc/ring.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
say(struct ring *r, const void *bytes, size_t n)
{
	void *p = ring_reserve(r, n);

	if (p == NULL)
		return false;
	memcpy(p, bytes, n);
	ring_commit(r, n);
	return true;
}

static void
test_a_message_comes_out_as_it_went_in(void **state)
{
	struct ring *r = ring_create(0, false, NULL);
	struct span s;

	(void)state;
	assert_non_null(r);
	assert_int_equal(ring_size(r), 65536);
	assert_int_equal(ring_peek(r, &s), RING_EMPTY);
	assert_false(ring_wait_message(r, 0));
	assert_true(say(r, "hello", 5));
	assert_true(say(r, "", 0));
	assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
	assert_int_equal(s.left, 5);
	assert_memory_equal(s.at, "hello", 5);
	ring_release(r);
	assert_false(ring_wait_drained(r, 0));
	assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
	assert_int_equal(s.left, 0);
	ring_release(r);
	assert_int_equal(ring_peek(r, &s), RING_EMPTY);
	assert_true(ring_wait_drained(r, 0));
	assert_int_equal(ring_written(r), 24);
	assert_int_equal(ring_read(r), 24);
	ring_destroy(r);
}

static void
test_messages_of_every_size_survive_the_wrap(void **state)
{
	struct ring *r = ring_create(65536, false, NULL);
	uint8_t buf[5000];
	struct span s;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		size_t n = i * 37 % sizeof(buf);

		memset(buf, (int)(i & 0xff), sizeof(buf));
		assert_true(say(r, buf, n));
		if (i % 3 == 0)
			assert_true(say(r, buf, n / 2));
		assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
		assert_int_equal(s.left, n);
		assert_memory_equal(s.at, buf, n);
		ring_release(r);
		if (i % 3 == 0) {
			assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
			assert_int_equal(s.left, n / 2);
			ring_release(r);
		}
	}
	assert_true(ring_written(r) > 65536 * 20);
	assert_int_equal(ring_written(r), ring_read(r));
	ring_destroy(r);
}

static void
test_a_full_ring_says_so_and_has_room_after_a_release(void **state)
{
	struct ring *r = ring_create(65536, false, NULL);
	static uint8_t big[16384];
	struct span s;
	unsigned n = 0;

	(void)state;
	assert_null(ring_reserve(r, 65536 / 4 + 1));
	while (say(r, big, 16000))
		n++;
	assert_int_equal(n, 4);
	assert_false(ring_wait_room(r, 16000, 1));
	assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
	ring_release(r);
	assert_true(ring_wait_room(r, 16000, 0));
	assert_true(say(r, big, 16000));
	ring_destroy(r);
}

static bool
readable(struct ring *r)
{
	struct pollfd p = { .fd = ring_fd(r), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void
test_quiet_messages_are_told_once_by_a_wake(void **state)
{
	struct ring *r = ring_create(65536, true, NULL);
	static uint8_t big[4000];
	struct span s;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(ring_reserve(r, 100));
		ring_commit_quietly(r, 100);
		assert_false(readable(r));
	}
	/* Whoever looks finds them without having been told. */
	assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
	ring_release(r);
	ring_wake(r);
	assert_true(readable(r));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
		ring_release(r);
	}
	assert_int_equal(ring_peek(r, &s), RING_EMPTY);
	assert_false(readable(r));
	/* Nothing new, and nothing that was not read: nobody is woken. */
	ring_wake(r);
	assert_false(readable(r));
	assert_non_null(ring_reserve(r, 100));
	ring_commit_quietly(r, 100);
	assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
	ring_release(r);
	ring_wake(r);
	assert_false(readable(r));
	/* A ring that fills tells by itself. */
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(ring_reserve(r, sizeof(big)));
		ring_commit_quietly(r, sizeof(big));
	}
	assert_true(readable(r));
	ring_destroy(r);
}

/* The message's length word stands eight bytes before the bytes: a producer that was
 * taken over can write there whatever it likes. */
static void
test_a_lying_length_breaks_the_ring_and_is_never_read(void **state)
{
	static const uint32_t lies[] = { 17, 4096, 16384, 16385, 65536, 0x7fffffff,
	    0xfffffffe, 0xffffffff };
	struct span s;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct ring *r = ring_create(65536, false, NULL);
		uint8_t *p = ring_reserve(r, 16);

		assert_non_null(p);
		ring_commit(r, 16);
		memcpy(p - 8, &lies[i], 4);
		assert_int_equal(ring_peek(r, &s), RING_BROKEN);
		assert_int_equal(ring_peek(r, &s), RING_BROKEN);
		assert_true(ring_wait_message(r, 0));
		ring_restart(r);
		assert_int_equal(ring_peek(r, &s), RING_EMPTY);
		assert_true(say(r, "ok", 2));
		assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
		ring_destroy(r);
	}
}

static void
test_a_lying_count_breaks_the_ring(void **state)
{
	struct ring *r = ring_create(65536, false, NULL);
	uint8_t *p = ring_reserve(r, 16);
	uint64_t far = 65536 * 3;
	struct span s;

	(void)state;
	ring_commit(r, 16);
	memcpy(p - 8 - 4096, &far, sizeof(far));	/* the head's count opens
							 * its page */
	assert_int_equal(ring_peek(r, &s), RING_BROKEN);
	ring_destroy(r);
}

static void
test_a_hundred_thousand_messages_cross_two_processes_both_ways(void **state)
{
	enum { N = 100000 };
	struct ring *there = ring_create(65536, false, NULL);
	struct ring *back = ring_create(65536, false, NULL);
	uint64_t sent = 0, heard = 0, got, sum = 0;
	uint8_t msg[256];
	struct span s;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		uint64_t expect = 0;

		while (expect < N) {
			if (!ring_wait_message(there, 5000) ||
			    ring_peek(there, &s) != RING_MESSAGE || s.left < 8)
				_exit(1);
			memcpy(&got, s.at, 8);
			if (got != expect++ || s.left != 8 + got % 200)
				_exit(2);
			ring_release(there);
			if (!ring_wait_room(back, 8, 5000) || !say(back, &got, 8))
				_exit(3);
		}
		_exit(0);
	}
	memset(msg, 0, sizeof(msg));
	while (heard < N) {
		if (sent < N) {
			memcpy(msg, &sent, 8);
			if (say(there, msg, 8 + sent % 200)) {
				sent++;
				if (sent % 64 != 0)
					continue;
			}
		} else
			assert_true(ring_wait_message(back, 5000));
		while (ring_peek(back, &s) == RING_MESSAGE) {
			assert_int_equal(s.left, 8);
			memcpy(&got, s.at, 8);
			assert_int_equal(got, heard++);
			sum += got;
			ring_release(back);
		}
	}
	assert_int_equal(sum, (uint64_t)N * (N - 1) / 2);
	assert_true(ring_wait_drained(there, 1000));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ring_destroy(there);
	ring_destroy(back);
}

static void
test_the_event_descriptor_is_readable_while_there_is_something(void **state)
{
	struct ring *r = ring_create(65536, true, NULL);
	struct pollfd p = { .fd = ring_fd(r), .events = POLLIN };
	struct span s;

	(void)state;
	assert_true(p.fd >= 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_true(say(r, "a", 1));
	assert_true(say(r, "b", 1));
	assert_int_equal(poll(&p, 1, 0), 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
		ring_release(r);
	}
	assert_int_equal(ring_peek(r, &s), RING_EMPTY);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_true(say(r, "c", 1));
	assert_int_equal(poll(&p, 1, 0), 1);
	ring_destroy(r);
}

/* A child that sleeps until a batch lies there: woken by the batch, or by a flush. */
static void
wakes_a_child_that_waits_for(size_t batch, unsigned messages, bool flush)
{
	struct ring *r = ring_create(65536, false, NULL);
	static uint8_t bytes[1000];
	pid_t child;
	int status;

	child = fork();
	if (child == 0) {
		struct span s;
		unsigned n = 0;

		if (!ring_wait_batch(r, batch, 20000))
			_exit(100);
		for (; ring_peek(r, &s) == RING_MESSAGE; n++)
			ring_release(r);
		_exit((int)n);
	}
	for (unsigned i = 0; i < messages; i++) {
		/* It sleeps on, however long: less than it waits for lies there. */
		if (i == messages - 1)
			usleep(20000);
		assert_int_equal(waitpid(child, &status, WNOHANG), 0);
		assert_true(say(r, bytes, sizeof(bytes)));
	}
	if (flush)
		assert_true(ring_wait_drained(r, 20000));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), messages);
	ring_destroy(r);
}

static void
test_who_waits_for_a_batch_sleeps_until_it_is_there(void **state)
{
	(void)state;
	wakes_a_child_that_waits_for((1000 + 8) * 8, 8, false);
}

static void
test_who_waits_for_a_batch_is_woken_by_a_flush(void **state)
{
	struct ring *r = ring_create(65536, false, NULL);
	struct span s;

	(void)state;
	wakes_a_child_that_waits_for(16384, 3, true);
	/* Nothing there: neither a batch nor a flush of nothing is anything to peek at. */
	assert_false(ring_wait_batch(r, 1000, 0));
	ring_flush(r);
	assert_false(ring_wait_batch(r, 1000, 0));
	assert_true(say(r, "x", 1));
	ring_flush(r);
	assert_true(ring_wait_batch(r, 1000, 20000));
	assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
	ring_release(r);
	/* What was flushed and read holds nobody awake. */
	assert_true(say(r, "y", 1));
	assert_true(ring_wait_batch(r, 1000, 0));
	assert_int_equal(ring_peek(r, &s), RING_MESSAGE);
	ring_release(r);
	assert_false(ring_wait_batch(r, 1000, 0));
	ring_destroy(r);
}

static void
test_closing_wakes_who_waits(void **state)
{
	struct ring *r = ring_create(65536, false, NULL);
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ring_wait_message(r, 10000) ? 1 : ring_closed(r) ? 0 : 2);
	ring_close(r);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ring_destroy(r);
	ring_destroy(NULL);
}

/* Two processes take the places of two that died: each its own handle on one mapping. */
static void
test_who_resumes_goes_on_where_the_dead_one_was(void **state)
{
	struct ring *r = ring_create(65536, true, NULL);
	struct span s;
	int status, n = 0;
	pid_t pid;

	(void)state;
	for (int i = 0; i < 3; i++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			ring_resume(r);
			for (int k = 0; k < 5; k++)
				if (!say(r, &(int){ i * 5 + k }, sizeof(int)))
					_exit(1);
			/* Died while writing: nobody hears of it. */
			_exit(ring_reserve(r, 64) == NULL);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < 3; i++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			ring_resume(r);
			for (int k = 0; k < 4; k++) {
				if (ring_peek(r, &s) != RING_MESSAGE ||
				    s.left != sizeof(n))
					_exit(1);
				memcpy(&n, s.at, sizeof(n));
				if (n != i * 4 + k)
					_exit(2);
				ring_release(r);
			}
			/* Died before the fifth was released: the next one reads it. */
			_exit(ring_peek(r, &s) != RING_MESSAGE);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	ring_destroy(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_comes_out_as_it_went_in),
		cmocka_unit_test(test_messages_of_every_size_survive_the_wrap),
		cmocka_unit_test(test_a_full_ring_says_so_and_has_room_after_a_release),
		cmocka_unit_test(test_quiet_messages_are_told_once_by_a_wake),
		cmocka_unit_test(test_a_lying_length_breaks_the_ring_and_is_never_read),
		cmocka_unit_test(test_a_lying_count_breaks_the_ring),
		cmocka_unit_test(
		    test_a_hundred_thousand_messages_cross_two_processes_both_ways),
		cmocka_unit_test(
		    test_the_event_descriptor_is_readable_while_there_is_something),
		cmocka_unit_test(test_who_waits_for_a_batch_sleeps_until_it_is_there),
		cmocka_unit_test(test_who_waits_for_a_batch_is_woken_by_a_flush),
		cmocka_unit_test(test_closing_wakes_who_waits),
		cmocka_unit_test(test_who_resumes_goes_on_where_the_dead_one_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
