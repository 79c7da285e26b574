/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sink, secret, login: where events go as a person writes it, and with what password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rules/event/redis_login.h"
#include "rules/event/sink.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_each_form_has_its_parts(void **state)
{
	static const struct {
		const char *text;
		enum sink_kind kind;
		const char *host;
		unsigned port;
		const char *path, *user, *key, *name;
	} row[] = {
		{ "redis://h", SINK_REDIS, "h", 6379, "", "", "earshot", "redis://h:6379" },
		{ "redis://ana@h.example:1/0", SINK_REDIS, "h.example", 1, "", "ana", "earshot",
		    "redis://h.example:1" },
		{ "redis://[fd00::1]:7000", SINK_REDIS, "fd00::1", 7000, "", "", "earshot",
		    "redis://[fd00::1]:7000" },
		{ "redis:tcp:10.0.0.1:6380", SINK_REDIS, "10.0.0.1", 6380, "", "", "earshot",
		    "redis://10.0.0.1:6380" },
		{ "redis:unix:/r.sock", SINK_REDIS, "", 0, "/r.sock", "", "earshot",
		    "redis:unix:/r.sock" },
		{ "redis-list://h/a:b", SINK_REDIS_LIST, "h", 6379, "", "", "a:b",
		    "redis-list://h:6379/a:b" },
		{ "redis-list:unix:/r.sock:a:b", SINK_REDIS_LIST, "", 0, "/r.sock", "", "a:b",
		    "redis-list:unix:/r.sock:a:b" },
		{ "redis-list:unix:/r.sock", SINK_REDIS_LIST, "", 0, "/r.sock", "", "earshot",
		    "redis-list:unix:/r.sock:earshot" },
		{ "redis-pubsub://h:1/live", SINK_REDIS_PUBSUB, "h", 1, "", "", "live",
		    "redis-pubsub://h:1/live" },
		{ "redis-xadd://h:1/s", SINK_REDIS_XADD, "h", 1, "", "", "s",
		    "redis-xadd://h:1/s" },
		{ "rediss://u@h", SINK_REDIS, "h", 6379, "", "u", "earshot",
		    "rediss://h:6379" },
		{ "rediss-list://h:1/k", SINK_REDIS_LIST, "h", 1, "", "", "k",
		    "rediss-list://h:1/k" },
		{ "unix:/x", SINK_UNIX, "", 0, "/x", "", "", "unix:/x" },
	};
	struct sink_spec s;
	struct fault why;
	char name[SINK_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(sink_parse(row[i].text, &s, &why), 0);
		assert_int_equal(s.kind, row[i].kind);
		assert_string_equal(s.at.host, row[i].host);
		assert_int_equal(s.at.port, row[i].port);
		assert_string_equal(s.at.path, row[i].path);
		assert_string_equal(s.user, row[i].user);
		assert_string_equal(s.key, row[i].key);
		assert_int_equal(s.tls, strncmp(row[i].text, "rediss", 6) == 0);
		assert_string_equal(sink_name(&s, name, sizeof(name)), row[i].name);
		/* What is shown means the same. */
		assert_int_equal(sink_parse(name, &s, &why), 0);
		assert_int_equal(s.kind, row[i].kind);
	}
}

static void
test_what_is_no_output_is_answered_with_what_to_write(void **state)
{
	static const char *const wrong[] = { "", "redis:", "redis://", "redis://:1",
		"redis://h:0", "redis://h:65536", "redis://h:x", "redis://fd00::1",
		"redis://h o", "redis://h/3", "redis://u:p@h", "redis://:p@h",
		"rediss:unix:/x", "rediss-x://h", "redisss://h",
		"redis:unix:", "unix:", "file:", "redis-list:", "redis-list:unix:/x:",
		"redis-list://h/a b", "redis-pubsub://[::1/x", "redis://[::1]x", "http://h",
		"redis-list:tcp:h:1" };
	struct sink_spec s;
	char longest[700];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fault why = { "", "" };

		assert_int_equal(sink_parse(wrong[i], &s, &why), -1);
		assert_string_not_equal(why.what, "");
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "redis://", 8);
	assert_int_equal(sink_parse(longest, &s, NULL), -1);
	memcpy(longest, "unix:/aa", 8);
	longest[200] = '\0';
	assert_int_equal(sink_parse(longest, &s, NULL), -1);
}

static void
test_a_password_in_an_output_is_refused_and_not_repeated(void **state)
{
	struct sink_spec s;
	struct fault why;

	(void)state;
	assert_int_equal(sink_parse("redis://ana:geheim@h", &s, &why), -1);
	assert_null(strstr(why.what, "geheim"));
	assert_null(strstr(why.remedy, "geheim"));
}

static void
test_a_password_goes_to_this_machine_alone_unless_told(void **state)
{
	static const char *const near[] = { "redis://localhost", "redis://127.0.0.9",
		"redis-list://[::1]/k", "redis-pubsub:unix:/r.sock", "file:/x" };
	static const char *const far[] = { "redis://10.0.0.1", "redis-list://h.example",
		"redis://127.0.0.1.example", "redis://[fd00::1]" };
	struct secret secret = { "x" }, none = { "" };
	struct sink_spec s;
	struct fault why;

	(void)state;
	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
		assert_int_equal(sink_parse(near[i], &s, &why), 0);
		assert_int_equal(redis_login_check(&s, &secret, false, &why), 0);
	}
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		assert_int_equal(sink_parse(far[i], &s, &why), 0);
		assert_int_equal(redis_login_check(&s, &secret, false, &why), -1);
		assert_int_equal(redis_login_check(&s, &secret, true, &why), 0);
		assert_int_equal(redis_login_check(&s, &none, false, &why), 0);
	}
	assert_int_equal(sink_parse("rediss://10.0.0.1", &s, &why), 0);
	assert_int_equal(redis_login_check(&s, &secret, false, &why), 0);
	assert_int_equal(sink_parse("redis://ana@localhost", &s, &why), 0);
	assert_int_equal(redis_login_check(&s, &none, false, &why), -1);
}

static int
with(const char *path, const char *text, mode_t mode, struct secret *out)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
	return secret_read(path, out, NULL);
}

static void
test_a_password_file_is_one_line_that_nobody_else_reads(void **state)
{
	char dir[] = "/tmp/earshot-secret-XXXXXX", path[64], long_one[700];
	struct secret s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/redis-password", dir);
	assert_int_equal(with(path, "geheim\nmore\n", 0600, &s), 0);
	assert_string_equal(s.text, "geheim");
	assert_int_equal(with(path, "geheim\r\n", 0400, &s), 0);
	assert_string_equal(s.text, "geheim");
	assert_int_equal(with(path, "geheim", 0640, &s), -1);
	assert_int_equal(with(path, "geheim", 0604, &s), -1);
	assert_string_equal(s.text, "");
	assert_int_equal(with(path, "\n", 0600, &s), -1);
	assert_int_equal(with(path, "", 0600, &s), -1);
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	assert_int_equal(with(path, long_one, 0600, &s), -1);
	assert_int_equal(secret_read(dir, &s, NULL), -1);
	/* systemd's credential: an access list shows in the bits of the group. */
	assert_int_equal(with(path, "geheim", 0440, &s), -1);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	assert_int_equal(secret_read(NULL, &s, NULL), 0);
	assert_string_equal(s.text, "geheim");
	(void)unlink(path);
	assert_int_equal(secret_read(NULL, &s, NULL), 0);
	assert_string_equal(s.text, "");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	(void)rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_form_has_its_parts),
		cmocka_unit_test(test_what_is_no_output_is_answered_with_what_to_write),
		cmocka_unit_test(test_a_password_in_an_output_is_refused_and_not_repeated),
		cmocka_unit_test(test_a_password_goes_to_this_machine_alone_unless_told),
		cmocka_unit_test(test_a_password_file_is_one_line_that_nobody_else_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
