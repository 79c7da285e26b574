/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rulepack, ruleset: what goes in comes out, and compiles to the same program; whatever
 * is not a whole pack is refused. */
#define _GNU_SOURCE	/* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/cli/rulefiles.h"
#include "rules/cli/ruleset.h"
#include "rules/cli/super.h"
#include "rules/event/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct heap {
	uint8_t *bytes;
	size_t n;
};

static int
collect(void *arg, const void *bytes, size_t len)
{
	struct heap *h = arg;

	h->bytes = realloc(h->bytes, h->n + len);
	assert_non_null(h->bytes);
	memcpy(h->bytes + h->n, bytes, len);
	h->n += len;
	return 0;
}

static struct span
text(const char *s)
{
	return span_of(s, strlen(s));
}

static const char rules[] = "list known = file \"known.txt\"\n"
    "list spare = file \"none.txt\"\n"
    "hearing { }\n";

static struct heap
packed(void)
{
	const struct pack_entry e[] = {
		{ PACK_RULES, "/etc/earshot/a.rules", text(rules) },
		{ PACK_NAMED, "/etc/earshot/known.txt", text("domain a.example\n") },
		{ PACK_MISSING, "/etc/earshot/none.txt",
		    text("cannot read 'none.txt': gone\nlook for it") },
		{ PACK_RULES, "empty.rules", text("") },
	};
	struct heap h = { NULL, 0 };

	assert_int_equal(rule_pack_write(e, 4, collect, &h, NULL), 0);
	return h;
}

static void
on_diag(void *arg, const struct diag *d)
{
	char *said = arg;

	if (d->level == DIAG_ERROR && said[0] == '\0')
		(void)snprintf(said, 200, "%s|%s", d->what, d->remedy);
}

static void
test_what_goes_in_comes_out(void **state)
{
	struct heap h = packed();
	struct rule_pack *p = rule_pack_open(span_of(h.bytes, h.n), NULL);
	const struct pack_entry *e;

	(void)state;
	assert_non_null(p);
	assert_int_equal(rule_pack_entries(p), 4);
	e = rule_pack_entry(p, 1);
	assert_int_equal(e->kind, PACK_NAMED);
	assert_string_equal(e->name, "/etc/earshot/known.txt");
	assert_int_equal(e->bytes.left, 17);
	assert_memory_equal(e->bytes.at, "domain a.example\n", 17);
	assert_int_equal(rule_pack_entry(p, 3)->bytes.left, 0);
	assert_null(rule_pack_entry(p, 4));
	rule_pack_close(p);
	free(h.bytes);
}

static void
test_a_pack_that_is_cut_anywhere_is_refused(void **state)
{
	struct heap h = packed();
	struct fault why;

	(void)state;
	for (size_t n = 0; n < h.n; n++) {
		uint8_t *cut = malloc(n == 0 ? 1 : n);	/* so that a read beyond shows */

		memcpy(cut, h.bytes, n);
		assert_null(rule_pack_open(span_of(cut, n), &why));
		assert_non_null(strstr(why.what, "damaged"));
		free(cut);
	}
	h.bytes = realloc(h.bytes, h.n + 1);
	h.bytes[h.n] = 0;
	assert_null(rule_pack_open(span_of(h.bytes, h.n + 1), &why));
	free(h.bytes);
}

static void
test_lengths_that_lie_are_refused(void **state)
{
	struct heap h = packed();

	(void)state;
	/* A name that ends before its length says so. */
	h.bytes[33] = 0;
	assert_null(rule_pack_open(span_of(h.bytes, h.n), NULL));
	h.bytes[33] = 'e';
	for (size_t at = 0; at < 32; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct rule_pack *p;

			h.bytes[at] ^= (uint8_t)(1u << bit);
			p = rule_pack_open(span_of(h.bytes, h.n), NULL);
			/* Another kind of file is a whole pack still. */
			if (p != NULL)
				assert_true(at == 16 && rule_pack_entry(p, 0)->kind !=
				    PACK_RULES);
			rule_pack_close(p);
			h.bytes[at] ^= (uint8_t)(1u << bit);
		}
	free(h.bytes);
}

static void
test_what_could_not_be_read_is_said_in_its_own_words(void **state)
{
	struct heap h = packed();
	struct rule_pack *p = rule_pack_open(span_of(h.bytes, h.n), NULL);
	char said[200] = "";

	(void)state;
	assert_null(rule_pack_compile(p, on_diag, said));
	assert_non_null(strstr(said, "cannot read 'none.txt': gone"));
	rule_pack_close(p);
	free(h.bytes);
}

static void
test_a_path_leads_beside_the_file_that_names_it(void **state)
{
	char out[RULE_PATH];

	(void)state;
	assert_string_equal(rule_path("/a/b.rules", "c.txt", out), "/a/c.txt");
	assert_string_equal(rule_path("/a/b.rules", "/c.txt", out), "/c.txt");
	assert_string_equal(rule_path("b.rules", "c.txt", out), "c.txt");
	assert_string_equal(rule_path("command line", "d/c.txt", out), "d/c.txt");
}

static void
test_a_sealed_pack_compiles_to_the_same_program(void **state)
{
	struct rule_choice c = { .replace = { "rules/std" }, .replaces = 1,
		.home = "10.0.0.0/8" };
	struct rule_files *f = rule_files_read(&c, NULL);
	struct program *p;
	struct rule_counts counts;
	struct fault why = { "", "" };
	char errors[RULE_SET_ERRORS];
	struct rule_set *s;
	int fd;

	(void)state;
	assert_non_null(f);
	p = rule_files_compile(f, false, NULL);
	assert_non_null(p);
	fd = rule_files_pack(f, &why);
	assert_true(fd != -1);
	s = rule_set_load(fd, errors, &counts, &why);
	assert_non_null(s);
	assert_string_equal(errors, "");
	assert_string_equal(s->program->version, p->version);
	assert_string_equal(counts.version, p->version);
	assert_int_equal(counts.rules, p->rules);
	assert_true(counts.rules > 10);
	assert_false(counts.inventory);
	assert_int_equal(rule_set_try(s->program, &why), 0);
	/* Nobody writes to it any more. */
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	rule_set_free(s);
	close(fd);
	program_destroy(p);
	rule_files_free(f);
}

static void
test_unsealed_bytes_and_foreign_bytes_are_refused(void **state)
{
	struct heap h = packed();
	struct rule_counts counts;
	struct fault why;
	int fd = memfd_create("test", MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(write(fd, h.bytes, h.n), h.n);
	assert_null(rule_set_load(fd, NULL, &counts, &why));
	assert_non_null(strstr(why.what, "unsealed"));
	close(fd);
	assert_null(rule_set_load(-1, NULL, &counts, &why));
	free(h.bytes);
}

static void
test_errors_come_as_text_with_carets(void **state)
{
	char path[] = "/tmp/rulepack-XXXXXX", errors[RULE_SET_ERRORS];
	struct rule_choice c = { .replace = { path }, .replaces = 1 };
	int out = mkstemp(path), fd;
	struct rule_counts counts;
	struct fault why = { "", "" };
	struct rule_files *f;

	(void)state;
	assert_int_equal(write(out, "rule x {\n", 9), 9);
	close(out);
	f = rule_files_read(&c, &why);
	(void)unlink(path);
	assert_non_null(f);
	rule_files_collect(f);
	fd = rule_files_pack(f, &why);
	rule_files_free(f);
	assert_null(rule_set_load(fd, errors, &counts, &why));
	close(fd);
	assert_int_equal(counts.errors, 1);
	assert_non_null(strstr(errors, ":1:6: error:"));
	assert_non_null(strstr(errors, "^"));
	assert_non_null(strstr(why.what, "1 error"));
}

static void
test_the_answer_is_json_whatever_the_sensor_wrote(void **state)
{
	static struct reload_answer a = { .generation = 3, .took_ns = 123456789 };
	static char buf[2 * RULE_SET_ERRORS];
	struct json_value v, text;

	(void)state;
	a.accepted = true;
	(void)reload_json(&a, "0123456789abcdef", buf, sizeof(buf));
	assert_true(parse_document(span_of(buf, strlen(buf)), &v));
	assert_true(parse_get(&v, "rules_version", &text));
	/* A sensor that was taken over writes what it likes. */
	a.accepted = false;
	for (unsigned c = 1; c < 256; c++) {
		memset(a.errors, (int)c, sizeof(a.errors) - 1);
		memset(a.why.what, (int)c, sizeof(a.why.what) - 1);
		memset(a.why.remedy, (int)c, sizeof(a.why.remedy) - 1);
		(void)reload_json(&a, "0123456789abcdef", buf, sizeof(buf));
		assert_true(parse_document(span_of(buf, strlen(buf)), &v));
		assert_true(parse_get(&v, "text", &text));
		assert_null(strchr(buf, '\n'));
	}
	(void)reload_refused_json("another reload is under way", buf, sizeof(buf));
	assert_true(parse_document(span_of(buf, strlen(buf)), &v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_a_pack_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(test_lengths_that_lie_are_refused),
		cmocka_unit_test(test_what_could_not_be_read_is_said_in_its_own_words),
		cmocka_unit_test(test_a_path_leads_beside_the_file_that_names_it),
		cmocka_unit_test(test_a_sealed_pack_compiles_to_the_same_program),
		cmocka_unit_test(test_unsealed_bytes_and_foreign_bytes_are_refused),
		cmocka_unit_test(test_errors_come_as_text_with_carets),
		cmocka_unit_test(test_the_answer_is_json_whatever_the_sensor_wrote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
