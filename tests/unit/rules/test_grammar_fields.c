/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of fields in rules/lang/GRAMMAR.md is what the program's own table makes: word,
 * type, unit, meaning, when it is unknown, since which version. UPDATE=1 rewrites it. Run
 * from the repository's root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "classify/dpi/vocabulary.h"
#include "rules/lang/program.h"

#define PAGE "rules/lang/GRAMMAR.md"
#define BEGIN "<!-- fields: made from the program's table, see tests/unit/rules/test_grammar_fields.c -->\n"
#define END "<!-- end of fields -->\n"

static char *
read_page(void)
{
	FILE *f = fopen(PAGE, "rb");
	char *s = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(s);
	assert_true(fread(s, 1, (1 << 20) - 1, f) > 0);
	(void)fclose(f);
	return s;
}

static void
table(FILE *out)
{
	fputs(BEGIN "| field | type | unit | meaning | unknown | since |\n|---|---|---|---|---|---|\n",
	    out);
	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++) {
		const struct field_info *f = &observation_field[i];
		const char *word;

		fprintf(out, "| `%s` | %s | %s | %s", f->word, field_type_name(f->type), f->unit,
		    f->meaning);
		/* A long vocabulary is asked for: earshot rules fields. */
		for (unsigned n = 0; f->vocabulary != VOCABULARY_NONE &&
		    (word = any_word(f->vocabulary, n)) != NULL; n++) {
			fprintf(out, "%s%s", n == 0 ? ": " : ", ", n < 12 ? word : "...");
			if (n == 12)
				break;
		}
		fprintf(out, " | %s | %s |\n", f->unknown, FIELDS_SINCE);
	}
	fputs(END, out);
}

static void
test_the_page_has_the_fields_that_the_program_has(void **state)
{
	char *page = read_page(), *want = NULL, *begin = strstr(page, BEGIN);
	char *end = strstr(page, END);
	size_t n = 0;
	FILE *out = open_memstream(&want, &n);

	(void)state;
	assert_non_null(out);
	assert_true(begin != NULL && end != NULL && begin < end);
	table(out);
	(void)fclose(out);
	if (getenv("UPDATE") != NULL) {
		FILE *f = fopen(PAGE, "wb");

		assert_non_null(f);
		(void)fwrite(page, 1, (size_t)(begin - page), f);
		(void)fwrite(want, 1, n, f);
		(void)fputs(end + strlen(END), f);
		(void)fclose(f);
	} else {
		end[strlen(END)] = '\0';
		if (strcmp(begin, want) != 0)
			print_message("UPDATE=1 %s writes it anew\n", "test_grammar_fields");
		assert_string_equal(begin, want);
	}
	free(want);
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page_has_the_fields_that_the_program_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
