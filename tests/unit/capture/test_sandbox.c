/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sandbox: each role may do its work, and dies of anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/proc/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Enters the role in a child and does something there; the child's wait status. */
static int
in_role(const struct sandbox_options *o, int (*act)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sandbox_state st;
		struct fault why = { "", "" };

		if (sandbox_enter(o, &st, &why) == -1) {
			dprintf(2, "%s\n", why.what);
			_exit(100);
		}
		if (!st.seccomp || !st.no_new_privs || !st.caps_dropped)
			_exit(101);
		_exit(act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
lives(const struct sandbox_options *o, int (*act)(void))
{
	int status = in_role(o, act);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void
dies(const struct sandbox_options *o, int (*act)(void))
{
	int status = in_role(o, act);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static int
act_memory(void)
{
	/* Grown, shrunk, given back: brk, mmap, mremap, munmap. */
	for (size_t n = 64; n < 8u << 20; n *= 8) {
		char *p = malloc(n), *q;

		if (p == NULL)
			return 1;
		memset(p, 1, n);
		q = realloc(p, n * 2);
		if (q == NULL)
			return 2;
		q[n * 2 - 1] = 1;
		free(q);
	}
	return 0;
}

static int
act_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) == -1 ? 7 : 8;
}

static int
act_send(void)
{
	return send(0, "x", 1, 0) == -1 ? 7 : 8;
}

static int
act_exec(void)
{
	char *const argv[] = { NULL };

	execve("/bin/true", argv, argv);
	return 7;
}

static int
act_open_to_write(void)
{
	return open("sandbox-must-not-write", O_WRONLY | O_CREAT, 0600) == -1 ? 7 : 8;
}

static int
act_open_to_read(void)
{
	int fd = open("/etc/hostname", O_RDONLY);

	return fd == -1 ? errno : 0;
}

static int
act_open_allowed(void)
{
	int fd = open("/sys/class/net/lo/mtu", O_RDONLY);
	char c;

	return fd == -1 ? errno : read(fd, &c, 1) == 1 ? 0 : 200;
}

static int
act_fork(void)
{
	return fork() == -1 ? 7 : 8;
}

static int
act_exec_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0) == MAP_FAILED ? 7 : 8;
}

static void *
thread(void *arg)
{
	return act_memory() == 0 ? arg : NULL;
}

static int
act_thread(void)
{
	pthread_t t;
	void *out = NULL;
	int x;

	if (pthread_create(&t, NULL, thread, &x) != 0)
		return 1;
	if (pthread_join(t, &out) != 0)
		return 2;
	return out == &x ? 0 : 3;
}

static int
act_write_long_elsewhere(void)
{
	char frame[64] = { 0 };

	return write(3, frame, sizeof(frame)) == -1 ? 7 : 8;
}

static int
act_signal_event(void)
{
	uint64_t one = 1;

	return write(3, &one, sizeof(one)) == 8 && write(2, "", 0) == 0 ? 0 : 1;
}

static int
act_close_stderr(void)
{
	return close(2);
}

static int
act_status(void)
{
	char buf[4096];
	ssize_t n = pread(3, buf, sizeof(buf) - 1, 0);

	if (n <= 0)
		return 1;
	buf[n] = '\0';
	return strstr(buf, "\nSeccomp:\t2\n") == NULL ? 2 :
	    strstr(buf, "\nNoNewPrivs:\t1\n") == NULL ? 3 :
	    strstr(buf, "\nCapEff:\t0000000000000000\n") == NULL ? 4 :
	    strstr(buf, "\nCapPrm:\t0000000000000000\n") == NULL ? 5 : 0;
}

static int
act_unlink_below(void)
{
	int fd = open("/dev/null", O_WRONLY);

	return fd >= 0 ? 0 : errno;
}

static const struct sandbox_options cell = { .role = SANDBOX_CELL };
static const struct sandbox_options sensor = { .role = SANDBOX_SENSOR };
static const struct sandbox_options live = { .role = SANDBOX_SENSOR_LIVE };

static void
test_every_role_lives_by_its_memory(void **state)
{
	const struct sandbox_options outlet = { .role = SANDBOX_OUTLET };

	(void)state;
	assert_int_equal(lives(&cell, act_memory), 0);
	assert_int_equal(lives(&sensor, act_memory), 0);
	assert_int_equal(lives(&live, act_memory), 0);
	assert_int_equal(lives(&outlet, act_memory), 0);
}

static void
test_the_cell_dies_of_a_socket_a_file_a_program_and_a_fork(void **state)
{
	(void)state;
	dies(&cell, act_socket);
	dies(&cell, act_send);
	dies(&cell, act_exec);
	dies(&cell, act_open_to_read);
	dies(&cell, act_open_to_write);
	dies(&cell, act_fork);
	dies(&cell, act_exec_memory);
}

static void
test_the_sensor_may_not_talk_execute_or_write_files(void **state)
{
	(void)state;
	dies(&sensor, act_socket);
	dies(&sensor, act_send);
	dies(&sensor, act_exec);
	dies(&sensor, act_open_to_write);
	dies(&sensor, act_fork);
	dies(&live, act_send);
	dies(&live, act_exec);
	dies(&live, act_open_to_write);
	dies(&live, act_fork);
}

static void
test_the_sensor_is_refused_files_but_not_killed_for_asking(void **state)
{
	(void)state;
	assert_int_equal(lives(&sensor, act_open_to_read), EACCES);
	assert_int_equal(lives(&live, act_open_to_read), EACCES);
	assert_int_equal(lives(&live, act_socket), 7);
}

static void
test_the_live_sensor_reads_below_sys_where_landlock_is(void **state)
{
	static const char *const below[] = { "/sys", "/no/such/folder" };
	struct sandbox_options o = live;
	int rc;

	(void)state;
	o.read_below = below;
	o.read_below_n = 2;
	rc = lives(&o, act_open_allowed);
	/* Without Landlock the answer is a refusal, never a death. */
	assert_true(rc == 0 || rc == EACCES);
	assert_int_equal(lives(&o, act_open_to_read), EACCES);
}

static void
test_the_live_sensor_signals_an_event_but_writes_no_frame(void **state)
{
	const int keep[] = { 3 };
	struct sandbox_options o = live;
	int fd = eventfd(0, EFD_NONBLOCK);

	(void)state;
	assert_true(fd >= 0);
	if (fd != 3)
		assert_int_equal(dup2(fd, 3), 3);
	o.keep = keep;
	o.keep_n = 1;
	assert_int_equal(lives(&o, act_signal_event), 0);
	dies(&o, act_write_long_elsewhere);
	dies(&o, act_close_stderr);
	close(3);
	if (fd != 3)
		close(fd);
}

static void
test_threads_may_be_made_and_processes_not(void **state)
{
	(void)state;
	assert_int_equal(lives(&sensor, act_thread), 0);
	assert_int_equal(lives(&live, act_thread), 0);
}

/* The child inherits a descriptor of its own status through a second fork. */
static void
test_the_kernel_says_so_too(void **state)
{
	const int keep[] = { 3 };
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct sandbox_options o = { .role = SANDBOX_SENSOR, .keep = keep,
			.keep_n = 1 };
		int fd = open("/proc/self/status", O_RDONLY);

		if (fd == -1 || (fd != 3 && dup2(fd, 3) != 3))
			_exit(102);
		if (sandbox_enter(&o, NULL, NULL) == -1)
			_exit(100);
		_exit(act_status());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_the_outlet_connects_and_writes_only_where_it_may(void **state)
{
	static const char *const below[] = { "/dev/null" };
	const struct sandbox_options o = { .role = SANDBOX_OUTLET, .write_below = below,
	    .write_below_n = 1 };

	(void)state;
	assert_int_equal(lives(&o, act_socket), 8);
	assert_int_equal(lives(&o, act_unlink_below), 0);
	dies(&o, act_exec);
	dies(&o, act_fork);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_role_lives_by_its_memory),
		cmocka_unit_test(
		    test_the_cell_dies_of_a_socket_a_file_a_program_and_a_fork),
		cmocka_unit_test(test_the_sensor_may_not_talk_execute_or_write_files),
		cmocka_unit_test(
		    test_the_sensor_is_refused_files_but_not_killed_for_asking),
		cmocka_unit_test(test_the_live_sensor_reads_below_sys_where_landlock_is),
		cmocka_unit_test(
		    test_the_live_sensor_signals_an_event_but_writes_no_frame),
		cmocka_unit_test(test_threads_may_be_made_and_processes_not),
		cmocka_unit_test(test_the_kernel_says_so_too),
		cmocka_unit_test(test_the_outlet_connects_and_writes_only_where_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
