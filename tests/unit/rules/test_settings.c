/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_settings: every tests/settings/NAME.case is read; what is told, and the dump when
 * nothing is, must be NAME.expected to the byte. UPDATE=1 in the environment rewrites the
 * expected files. Run from the repository's root. In a case, lines that begin with '@'
 * say what happens:
 *
 *	@read			for `earshot read`; else it is `earshot run`
 *	@set WORD=VALUE		--set
 *	@option WORD VALUE	an option
 *	@sensor NAME		--sensor
 *	@full			defaults and what was not set are shown too
 *	@file NAME		what follows is this file
 *
 * and, here in code, what holds of the table itself.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/cli/settings.h"
#include "rules/lang/parse.h"

#define FOLDER "tests/settings"

static char *
read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = calloc(1, 65536);

	assert_non_null(text);
	if (f != NULL) {
		assert_true(fread(text, 1, 65535, f) < 65535);
		(void)fclose(f);
	}
	return text;
}

static void
told(void *arg, const struct diag *d)
{
	char buf[2048];

	assert_true(diag_print(d, buf, sizeof(buf)) < sizeof(buf));
	fputs(buf, arg);
}

static void
say(FILE *out, const struct fault *why)
{
	fprintf(out, "earshot: %s\n  try: %s\n", why->what, why->remedy);
}

/* The word behind '@', and what follows it; the text is cut at the line's end. */
static bool
directive(char *line, const char *word, char **rest)
{
	size_t n = strlen(word);

	if (strncmp(line + 1, word, n) != 0 ||
	    (line[n + 1] != ' ' && line[n + 1] != '\0'))
		return false;
	*rest = line + n + 1 + (line[n + 1] == ' ');
	return true;
}

static void
option(struct settings *s, char *text, FILE *out, bool *good)
{
	char *value = strchr(text, ' ');
	const struct setting_info *i;
	struct fault why = { "", "" };

	if (value != NULL)
		*value++ = '\0';
	i = setting_find(text, strlen(text));
	assert_non_null(i);
	if (settings_option(s, i->id, value, &why) == -1) {
		say(out, &why);
		*good = false;
	}
}

static void
run_case(char *text, FILE *out)
{
	struct settings *s = settings_create(strstr(text, "@read") != NULL ? FOR_READ :
	    FOR_RUN);
	struct source_file file[16];
	struct fault why = { "", "" };
	unsigned files = 0;
	bool good = true;
	char *line, *next, *rest;

	assert_non_null(s);
	settings_computed(s, SETTING_NAME, "host");
	settings_computed(s, SETTING_STATE, "/var/lib/earshot");
	for (line = text; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			next++;
		if (line[0] != '@')
			continue;
		/* What stood before ends here. */
		if (files > 0)
			file[files - 1].len = (size_t)(line - file[files - 1].bytes);
		assert_non_null(next);
		next[-1] = '\0';
		if (directive(line, "file", &rest)) {
			assert_true(files < 16);
			file[files++] = (struct source_file){ rest, next, strlen(next) };
		} else if (directive(line, "set", &rest)) {
			if (settings_set(s, rest, &why) == -1) {
				say(out, &why);
				good = false;
			}
		} else if (directive(line, "option", &rest)) {
			option(s, rest, out, &good);
		} else if (directive(line, "sensor", &rest)) {
			settings_pick(s, rest);
		} else {
			assert_true(directive(line, "read", &rest) ||
			    directive(line, "full", &rest));
		}
	}
	if (!settings_files(s, file, files, told, out))
		good = false;
	if (good && settings_check(s, &why) == -1) {
		say(out, &why);
		good = false;
	}
	if (good)
		settings_dump(s, "/here", out);
	settings_destroy(s);
}

/* What a dump says holds when it is read back, and its dump says the same. */
static void
read_back(const char *dump, bool reading)
{
	struct settings *s = settings_create(reading ? FOR_READ : FOR_RUN);
	struct source_file file = { "dump", dump, strlen(dump) };
	char *text = NULL, *a, *b;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(s);
	assert_non_null(out);
	settings_computed(s, SETTING_NAME, "another");
	if (!settings_files(s, &file, 1, told, out)) {
		(void)fclose(out);
		fail_msg("a dump is no settings file:\n%s", text);
	}
	settings_dump(s, "/elsewhere", out);
	(void)fclose(out);
	/* Line by line, up to where each is from. What was idle is not given again. */
	a = text;
	for (b = (char *)(uintptr_t)dump; *a != '\0' && *b != '\0';) {
		size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");
		size_t sa = 0, sb = 0;

		while (sa < na && strncmp(a + sa, "  # ", 4) != 0)
			sa++;
		while (sb < nb && strncmp(b + sb, "  # ", 4) != 0)
			sb++;
		if (a[strspn(a, "\t")] != '#' && (sa != sb || memcmp(a, b, sa) != 0))
			fail_msg("'%.*s' came back as '%.*s'", (int)sb, b, (int)sa, a);
		a += na + (a[na] == '\n');
		b += nb + (b[nb] == '\n');
	}
	assert_int_equal(*a, *b);
	free(text);
	settings_destroy(s);
}

/* A setting that others add shall not change every case: what nobody said goes. */
static size_t
shorten(char *text)
{
	char *to = text, *from, *end, *mark;

	for (from = text; *from != '\0'; from = end) {
		end = from + strcspn(from, "\n");
		end += *end == '\n';
		mark = strstr(from, "  # default");
		if (mark == NULL || mark > end)
			mark = strstr(from, "  # not set");
		if (mark != NULL && mark < end)
			continue;
		memmove(to, from, (size_t)(end - from));
		to += end - from;
	}
	*to = '\0';
	return (size_t)(to - text);
}

static void
check_one(const char *name, bool update)
{
	char path[300], *text, *expected, *got = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&got, &len), *f;
	bool reading, full;

	assert_non_null(out);
	(void)snprintf(path, sizeof(path), FOLDER "/%.100s.case", name);
	text = read_file(path);
	reading = strstr(text, "@read") != NULL;
	full = strstr(text, "@full") != NULL;
	run_case(text, out);
	(void)fclose(out);
	if (!update && strncmp(got, "# earshot", 9) == 0)
		read_back(got, reading);
	if (!full)
		len = shorten(got);
	(void)snprintf(path, sizeof(path), FOLDER "/%.100s.expected", name);
	if (update) {
		f = fopen(path, "wb");
		assert_non_null(f);
		assert_int_equal(fwrite(got, 1, len, f), len);
		assert_int_equal(fclose(f), 0);
	}
	expected = read_file(path);
	if (strcmp(expected, got) != 0)
		print_message("%s:\n%s", name, got);
	assert_string_equal(got, expected);
	free(text);
	free(expected);
	free(got);
}

static void
test_every_case_says_what_is_expected(void **state)
{
	const char *update = getenv("UPDATE");
	DIR *dir = opendir(FOLDER);
	struct dirent *e;
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		size_t len = strlen(e->d_name);
		char name[128];

		if (len < 6 || len > 100 || strcmp(e->d_name + len - 5, ".case") != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len - 5, e->d_name);
		check_one(name, update != NULL && strcmp(update, "1") == 0);
		n++;
	}
	(void)closedir(dir);
	assert_true(n >= 10);
}

static void
test_no_word_is_in_both_languages(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *s = &setting_info[i];
		struct token t = { .kind = TOKEN_WORD, .at = s->word,
			.n = strlen(s->word) };

		if ((s->whose & NO_FILE) != 0)
			continue;
		assert_string_not_equal(s->word, "sensor");
		for (int k = 0; k < DECL_COUNT; k++)
			assert_string_not_equal(s->word, decl_word[k]);
		assert_false(is_item_word(&t));
		assert_false(word_reserved(s->word));
	}
}

static void
test_no_word_and_no_letter_is_there_twice(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *a = &setting_info[i];

		assert_ptr_equal(setting_find(a->word, strlen(a->word)), a);
		for (unsigned k = 0; k < i; k++)
			if (a->letter != 0)
				assert_int_not_equal(a->letter, setting_info[k].letter);
	}
}

/* Each word of a file has something to show: a default or an example. */
static void
test_the_commented_file_without_its_marks_is_a_file(void **state)
{
	char *text = NULL, *said = NULL, line[300];
	size_t len = 0, said_len = 0;
	FILE *out = open_memstream(&text, &len), *in, *errors;

	(void)state;
	assert_non_null(out);
	settings_explain(out);
	(void)fclose(out);
	errors = open_memstream(&said, &said_len);
	assert_non_null(errors);
	in = fmemopen(text, len, "r");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		/* One at a time, with what it needs. */
		struct settings *s;
		struct source_file file[2] = { { "needs", "", 0 }, { "one", line, 0 } };
		const struct setting_info *i;

		if (line[0] != '#' || line[1] < 'a' || line[1] > 'z' ||
		    strncmp(line, "#sensor", 7) == 0)
			continue;
		i = setting_find(line + 1, strcspn(line + 1, " "));
		assert_non_null(i);
		s = settings_create(FOR_RUN);
		assert_non_null(s);
		file[1].bytes = line + 1;
		file[1].len = strlen(line + 1);
		if (i->needs == NEED_REDIS || i->needs == NEED_SPOOL)
			file[0].bytes = "output redis:unix:/r\n";
		if (i->needs == NEED_TLS)
			file[0].bytes = "output rediss://r\n";
		file[0].len = strlen(file[0].bytes);
		if (!settings_files(s, file, 2, told, errors)) {
			(void)fclose(errors);
			fail_msg("%s", said);
		}
		settings_destroy(s);
	}
	(void)fclose(in);
	(void)fclose(errors);
	free(text);
	free(said);
}

static void
test_the_shipped_file_is_the_table(void **state)
{
	char *text = NULL, *shipped = read_file("contrib/earshot.conf");
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	settings_explain(out);
	(void)fclose(out);
	/* `earshot settings >contrib/earshot.conf` mends it. */
	assert_string_equal(shipped, text);
	free(text);
	free(shipped);
}

static void
test_a_sensor_gets_what_is_nearest_to_it(void **state)
{
	static const char text[] = "spool 2 MB output redis:unix:/r flows on\n"
	    "sensor a { interface x, y spool 3 MB flows off }\n"
	    "sensor b { interface \"z\" output redis:unix:/q, file:/f state /s }\n";
	struct source_file file = { "f", text, sizeof(text) - 1 };
	struct settings *s = settings_create(FOR_RUN);
	struct launch_options o;
	struct fault why;

	(void)state;
	assert_non_null(s);
	settings_computed(s, SETTING_STATE, "/var/lib/earshot");
	assert_int_equal(settings_set(s, "filter=tcp port 80", &why), 0);
	assert_int_equal(settings_option(s, SETTING_FLOWS, NULL, &why), 0);
	assert_true(settings_files(s, &file, 1, NULL, NULL));
	assert_int_equal(settings_check(s, &why), 0);
	assert_int_equal(settings_sensors(s), 2);
	settings_fill(s, 0, &o);
	assert_string_equal(o.name, "a");
	assert_string_equal(o.iface, "x,y");
	assert_string_equal(o.state, "/var/lib/earshot/a");
	assert_string_equal(o.filter, "tcp port 80");
	assert_int_equal(o.spool_bytes, 3000000);
	assert_true(o.flows);
	assert_int_equal(o.sinks, 1);
	assert_int_equal(o.sink[0].kind, SINK_REDIS);
	settings_fill(s, 1, &o);
	assert_string_equal(o.name, "b");
	assert_string_equal(o.state, "/s");
	assert_int_equal(o.spool_bytes, 2000000);
	assert_int_equal(o.sinks, 2);
	settings_pick(s, "b");
	assert_int_equal(settings_sensors(s), 1);
	settings_fill(s, 0, &o);
	assert_string_equal(o.name, "b");
	settings_destroy(s);
}

static void
test_options_that_come_again_add_or_win(void **state)
{
	struct settings *s = settings_create(FOR_RUN);
	struct launch_options o;
	struct fault why;

	(void)state;
	assert_non_null(s);
	for (int i = 0; i < LAUNCH_SINKS; i++)
		assert_int_equal(settings_option(s, SETTING_OUTPUT, "-", &why), 0);
	assert_int_equal(settings_option(s, SETTING_OUTPUT, "-", &why), -1);
	assert_int_equal(settings_option(s, SETTING_INTERFACE, "a,b", &why), 0);
	assert_int_equal(settings_option(s, SETTING_INTERFACE, "c", &why), 0);
	assert_int_equal(settings_option(s, SETTING_FILTER, "one", &why), 0);
	assert_int_equal(settings_option(s, SETTING_FILTER, "two", &why), 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(settings_option(s, SETTING_VERBOSE, NULL, &why), 0);
	settings_fill(s, 0, &o);
	assert_int_equal(o.sinks, LAUNCH_SINKS);
	assert_string_equal(o.iface, "a,b,c");
	assert_string_equal(o.filter, "two");
	assert_int_equal(o.verbosity, LOG_LEVEL_DEBUG);
	settings_destroy(s);
}

static void
test_names_are_safe_in_paths(void **state)
{
	(void)state;
	assert_true(settings_name_ok("lobby-2.example_x"));
	assert_true(settings_name_ok("9"));
	assert_false(settings_name_ok(""));
	assert_false(settings_name_ok(".."));
	assert_false(settings_name_ok("-x"));
	assert_false(settings_name_ok("a/b"));
	assert_false(settings_name_ok("a b"));
	assert_false(settings_name_ok("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_case_says_what_is_expected),
		cmocka_unit_test(test_no_word_is_in_both_languages),
		cmocka_unit_test(test_no_word_and_no_letter_is_there_twice),
		cmocka_unit_test(test_the_commented_file_without_its_marks_is_a_file),
		cmocka_unit_test(test_the_shipped_file_is_the_table),
		cmocka_unit_test(test_a_sensor_gets_what_is_nearest_to_it),
		cmocka_unit_test(test_options_that_come_again_add_or_win),
		cmocka_unit_test(test_names_are_safe_in_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
