/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_privilege: what is given up cannot be taken back. Each drop is a child's; without
 * root there is nothing to give up, and those tests are skipped.
 */
#define _GNU_SOURCE	/* setresuid */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/proc/privilege.h"

enum { FINE = 7 };

/* The exit code of what a child says. */
static int
in_a_child(int (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool
is_whole(const struct passwd *nobody)
{
	gid_t group[64];
	int n = getgroups(64, group);
	FILE *f;

	for (int i = 0; i < n; i++)
		if (group[i] == 0)
			return false;
	f = fopen("/etc/shadow", "r");
	return f == NULL && getuid() == nobody->pw_uid && geteuid() == nobody->pw_uid &&
	    getgid() == nobody->pw_gid && setuid(0) == -1 && setresuid(0, 0, 0) == -1 &&
	    setgid(0) == -1 && setgroups(0, NULL) == -1 &&
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static int
drops_all(void)
{
	struct passwd *nobody = getpwnam("nobody");
	struct fault why;
	gid_t root = 0;

	/* A group of root's, as a shell would have it. */
	if (setgroups(1, &root) == -1)
		return 3;
	if (privilege_drop("nobody", false, &why) == -1 || !is_whole(nobody))
		return 1;
	return socket(AF_INET, SOCK_RAW, 1) == -1 ? FINE : 2;
}

static int
keeps_one(void)
{
	struct passwd *nobody = getpwnam("nobody");
	struct fault why;

	if (privilege_drop("nobody", true, &why) == -1 || !is_whole(nobody))
		return 1;
	/* The one that stays, and one that does not. */
	return socket(AF_INET, SOCK_RAW, 1) != -1 && sethostname("x", 1) == -1 ? FINE : 2;
}

static int
becomes_somebody_else(void)
{
	struct fault why = { "", "" };

	if (setresuid(65534, 65534, 65534) == -1)
		return 1;
	return privilege_drop("daemon", true, &why) == -1 &&
	    strstr(why.what, "only root") != NULL ? FINE : 2;
}

static int
stays_himself(void)
{
	struct passwd *nobody = getpwnam("nobody");
	struct fault why = { "", "" };

	if (setgroups(0, NULL) == -1 || setresgid(nobody->pw_gid, nobody->pw_gid,
	    nobody->pw_gid) == -1 || setresuid(nobody->pw_uid, nobody->pw_uid,
	    nobody->pw_uid) == -1)
		return 1;
	return privilege_drop("nobody", true, &why) == 0 && is_whole(nobody) ? FINE : 2;
}

static void
test_privilege_root_becomes_nobody(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_a_child(drops_all), FINE);
}

static void
test_privilege_one_capability_outlives_it(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_a_child(keeps_one), FINE);
}

static void
test_privilege_only_root_becomes_somebody(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_a_child(becomes_somebody_else), FINE);
	assert_int_equal(in_a_child(stays_himself), FINE);
}

static void
test_privilege_users_are_looked_up(void **state)
{
	struct fault why;
	uid_t uid;
	gid_t gid;

	(void)state;
	assert_int_equal(privilege_find("no-such-user", &uid, &gid, &why), -1);
	assert_non_null(strstr(why.what, "no-such-user"));
	assert_int_equal(privilege_find("root", &uid, &gid, &why), -1);
	assert_int_equal(privilege_find("nobody", &uid, &gid, &why), 0);
	assert_int_not_equal(uid, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_privilege_root_becomes_nobody),
		cmocka_unit_test(test_privilege_one_capability_outlives_it),
		cmocka_unit_test(test_privilege_only_root_becomes_somebody),
		cmocka_unit_test(test_privilege_users_are_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
