/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_lang_files: every tests/lang/NAME.rules is compiled; what is told, and the
 * canonical print when it compiles, must be NAME.expected to the byte. The first line of
 * a file says what it is there to show; "# with FILE" on the second puts
 * tests/lang/support/FILE before it. UPDATE=1 in the environment rewrites the expected
 * files. Run from the repository's root.
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

#include "rules/lang/program.h"

#define FOLDER "tests/lang"

struct text {
	char *at;
	size_t n;
};

static void
add(void *arg, const char *s, size_t n)
{
	struct text *t = arg;

	t->at = realloc(t->at, t->n + n + 1);
	assert_non_null(t->at);
	memcpy(t->at + t->n, s, n);
	t->n += n;
	t->at[t->n] = '\0';
}

static bool
read_file(const char *path, struct text *out)
{
	FILE *f = fopen(path, "rb");
	char buf[4096];
	size_t n;

	add(out, "", 0);
	if (f == NULL)
		return false;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		add(out, buf, n);
	(void)fclose(f);
	return true;
}

static void
told(void *arg, const struct diag *d)
{
	char buf[2048];
	size_t n = diag_print(d, buf, sizeof(buf));

	assert_true(n < sizeof(buf));
	add(arg, buf, n);
}

/* What was given lives until the test of the file ends. */
#define FILES 64
struct given {
	struct text text[FILES];
	unsigned n;
};

/* The only files there are: support/inventory.csv and support/known.txt. */
static bool
provide(
    void *arg, const char *from, const char *path, struct span *out, struct fault *why)
{
	struct given *given = arg;
	struct text *text = &given->text[given->n];
	char full[512];

	(void)from;
	(void)snprintf(full, sizeof(full), FOLDER "/support/%s", path);
	assert_true(given->n < FILES);
	given->n++;
	if (!read_file(full, text)) {
		(void)fault_set(why, "is it beside the rule file?",
		    "cannot open '%s': no such file", path);
		return false;
	}
	*out = span_of(text->at, text->n);
	return true;
}

static void
check_one(const char *name, bool update)
{
	struct text source = { 0 }, support = { 0 }, result = { 0 }, expected = { 0 };
	struct text print = { 0 }, again = { 0 };
	struct given given = { 0 };
	char path[300], with[100] = "";
	struct source_file file[2];
	struct compile_options o = { .file = file,
		.diag = told,
		.diag_arg = &result,
		.provide = provide,
		.provide_arg = &given };
	struct program *p;
	char *second;

	(void)snprintf(path, sizeof(path), FOLDER "/%.100s.rules", name);
	assert_true(read_file(path, &source));
	(void)snprintf(path, sizeof(path), "%.100s.rules", name);
	second = strchr(source.at, '\n');
	if (second != NULL && sscanf(second, "\n# with %90s", with) == 1) {
		char full[300];

		(void)snprintf(full, sizeof(full), FOLDER "/support/%s", with);
		assert_true(read_file(full, &support));
		file[o.files++] = (struct source_file){ with, support.at, support.n };
	}
	file[o.files++] = (struct source_file){ path, source.at, source.n };
	add(&result, "", 0);
	p = program_compile(&o);
	if (p != NULL) {
		struct source_file only = file[o.files - 1];
		struct compile_options po = {
			.file = &only, .files = 1, .diag = told, .diag_arg = &result,
			.provide = provide, .provide_arg = &given
		};

		assert_true(program_print(&po, add, &print));
		add(&print, "", 0);
		add(&result, print.at, print.n);
		/* The print compiles, to the same program, and prints to the same bytes.
		 */
		only = (struct source_file){ path, print.at, print.n };
		assert_true(program_print(&po, add, &again));
		add(&again, "", 0);
		assert_string_equal(again.at, print.at);
		file[o.files - 1] = only;
		o.diag = NULL;
		{
			struct program *q = program_compile(&o);

			assert_non_null(q);
			assert_string_equal(q->version, p->version);
			program_destroy(q);
		}
	}
	program_destroy(p);
	(void)snprintf(path, sizeof(path), FOLDER "/%.100s.expected", name);
	if (update) {
		FILE *f = fopen(path, "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(result.at, 1, result.n, f), result.n);
		assert_int_equal(fclose(f), 0);
	}
	(void)read_file(path, &expected);
	if (strcmp(expected.at, result.at) != 0)
		print_message("%s:\n%s", name, result.at);
	assert_string_equal(result.at, expected.at);
	free(source.at);
	free(support.at);
	free(result.at);
	free(expected.at);
	free(print.at);
	free(again.at);
	while (given.n > 0)
		free(given.text[--given.n].at);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
test_every_file_says_what_is_expected(void **state)
{
	static char name[256][128];
	const char *update = getenv("UPDATE");
	DIR *dir = opendir(FOLDER);
	struct dirent *e;
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		size_t len = strlen(e->d_name);

		if (len < 7 || len > 120 || strcmp(e->d_name + len - 6, ".rules") != 0)
			continue;
		assert_true(n < 256);
		(void)snprintf(
		    name[n++], sizeof(name[0]), "%.*s", (int)len - 6, e->d_name);
	}
	(void)closedir(dir);
	assert_true(n >= 25);
	qsort(name, n, sizeof(name[0]), by_name);
	for (size_t i = 0; i < n; i++)
		check_one(name[i], update != NULL && strcmp(update, "1") == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_file_says_what_is_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
