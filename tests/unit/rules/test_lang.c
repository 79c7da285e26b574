/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_lang: what compiles to what, and hostile input. Sentences and prints are in
 * tests/lang.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/lang/program.h"

#define TEST " test \"t\" { pcap \"x\" expect 0 alerts }"
#define RULE(body) "rule r { id 1 severity low kind tunnel when " body TEST " }\n"

static char said[65536];
static unsigned errors, warnings;

static void
told(void *arg, const struct diag *d)
{
	size_t n = strlen(said);

	(void)arg;
	if (d->level == DIAG_ERROR)
		errors++;
	else
		warnings++;
	(void)diag_print(d, said + n, sizeof(said) - n);
}

static const char *provided = "net 192.0.2.0/24\n";

static bool
provide(
    void *arg, const char *from, const char *path, struct span *out, struct fault *why)
{
	(void)arg;
	(void)from;
	(void)path;
	(void)why;
	*out = span_of(provided, strlen(provided));
	return true;
}

static struct program *
compile_bytes(const char *bytes, size_t n, size_t memory)
{
	/* Exactly sized, so that a read past the end is seen. */
	char *copy = malloc(n > 0 ? n : 1);
	struct source_file f = { "a.rules", copy, n };
	struct compile_options o = {
		.file = &f, .files = 1, .provide = provide, .diag = told, .memory = memory
	};
	struct program *p;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	said[0] = '\0';
	errors = warnings = 0;
	p = program_compile(&o);
	assert_int_equal(p == NULL, errors > 0);
	free(copy);
	return p;
}

static struct program *
compile(const char *text)
{
	return compile_bytes(text, strlen(text), 0);
}

static struct program *
good(const char *text)
{
	struct program *p = compile(text);

	if (p == NULL)
		print_message("%s", said);
	assert_non_null(p);
	return p;
}

static void
bad(const char *text, const char *word)
{
	assert_null(compile(text));
	if (strstr(said, word) == NULL)
		print_message("not there: %s\n%s", word, said);
	assert_non_null(strstr(said, word));
}

static void
test_values_come_in_base_units(void **state)
{
	struct program *p = good(
	    RULE("upload >= 1.5 MiB and window.length > 250 ms and "
		 "dest.port = 443 and flow.start > 2026-11-22T06:47:00.5+01:00 and "
		 "src.ip = 10.20.0.0/24 and content.format = wav and device.mac = "
		 "3c52.8211.0a11"));
	const struct rule *r = &p->rule[0];

	(void)state;
	assert_int_equal(r->leaves, 7);
	assert_int_equal(r->leaf[0]->value.u, 1572864);
	assert_int_equal(r->leaf[1]->value.i, 250 * NS_PER_MS);
	assert_int_equal(r->leaf[2]->value.u, 443);
	assert_int_equal(
	    r->leaf[3]->value.i, INT64_C(1795326420) * NS_PER_S + 500 * NS_PER_MS);
	assert_int_equal(r->leaf[4]->value.net.bits, 120);
	assert_int_equal(r->leaf[5]->value.u, FORMAT_WAV);
	assert_int_equal(r->leaf[6]->value.u, UINT64_C(0x3c5282110a11));
	assert_string_equal(r->leaf[0]->text, "upload >= 1536 KiB");
	for (unsigned i = 0; i < r->leaves; i++)
		assert_int_equal(r->leaf[i]->leaf, i);
	program_destroy(p);
}

static void
test_fractions_are_read_as_the_nearest_double(void **state)
{
	struct program *p = good("hearing { voice.fano.max 0.25 clock.strength.min 42 % "
				 "score.fail -0.865 voice.rate.min 4 kbit/s burst.gap "
				 "250 ms burst.least 500 B }");

	(void)state;
	assert_true(p->hearing.fano_max == 0.25);
	assert_true(p->hearing.clock_min == 0.42);
	assert_true(p->hearing.score_fail == -0.865);
	assert_true(p->hearing.rate_min == 4000.0);
	assert_int_equal(p->hearing.burst_gap, 250 * NS_PER_MS);
	assert_int_equal(p->hearing.burst_least, 500);
	assert_true(p->hearing_set[HEARING_fano_max]);
	assert_false(p->hearing_set[HEARING_rate_max]);
	program_destroy(p);
}

static void
test_not_binds_tighter_than_and_than_or(void **state)
{
	struct program *p = good(RULE("not outbound and quarantined or device.known"));
	const struct expr *x = p->rule[0].when;

	(void)state;
	assert_int_equal(x->op, EXPR_OR);
	assert_int_equal(x->a->op, EXPR_AND);
	assert_int_equal(x->a->a->op, EXPR_NOT);
	assert_int_equal(x->a->a->a->field, FIELD_outbound);
	assert_int_equal(x->b->field, FIELD_device_known);
	program_destroy(p);
}

static void
test_a_sum_knows_window_keys_and_number(void **state)
{
	struct program *p = good(
	    "macro m = upload >= 1 MB within 1 h per device, dest\n" RULE(
		"m or download > 5 B within 1 min"));
	const struct rule *r = &p->rule[0];

	(void)state;
	assert_int_equal(p->sums, 2);
	assert_int_equal(r->leaf[0]->op, EXPR_SUM);
	assert_int_equal(r->leaf[0]->window, 3600 * NS_PER_S);
	assert_int_equal(r->leaf[0]->key_n, 2);
	assert_int_equal(r->leaf[0]->key[0], FIELD_device_key);
	assert_int_equal(r->leaf[0]->key[1], FIELD_dest_key);
	assert_int_equal(r->leaf[1]->sum, 1);
	assert_int_equal(r->leaf[1]->key_n, 0);
	program_destroy(p);
}

static void
test_device_is_its_key_or_name_or_address(void **state)
{
	struct program *p = good(RULE("device = \"tablet\" and device = 10.20.0.13"));
	const struct expr *x = p->rule[0].when;

	(void)state;
	assert_int_equal(x->a->op, EXPR_OR);
	assert_int_equal(x->a->a->field, FIELD_device_key);
	assert_int_equal(x->a->b->op, EXPR_AND);
	assert_int_equal(x->a->b->a->op, EXPR_KNOWN);
	assert_int_equal(x->a->b->b->field, FIELD_device_name);
	assert_int_equal(x->b->field, FIELD_src_ip);
	assert_int_equal(x->b->value.net.bits, 128);
	program_destroy(p);
}

static void
test_a_rule_has_a_limit_and_a_sentence_even_when_unwritten(void **state)
{
	struct program *p = good(RULE("outbound"));
	const struct rule *r = &p->rule[0];

	(void)state;
	assert_int_equal(r->limit, 1);
	assert_int_equal(r->limit_key_n, 2);
	assert_int_equal(r->limit_every, 3600 * NS_PER_S);
	assert_int_equal(r->rev, 1);
	assert_non_null(strstr(r->explain, "{device}"));
	assert_string_equal(r->file, "a.rules");
	assert_int_equal(strlen(p->version), 16);
	program_destroy(p);
}

static void
test_a_declaration_replaces_a_default_in_any_order(void **state)
{
	struct program *p = good(
	    "list known = { x.example }\ndefault list known = { }\n"
	    "default home { 10.0.0.0/8 }\nhome { 192.168.0.0/16 }\n"
	    "default hearing { burst.row 6 }\nhearing { burst.row 7 }\n");

	(void)state;
	assert_int_equal(p->lists, 1);
	assert_int_equal(hostlist_size(p->list[0].hosts), 1);
	assert_int_equal(p->home.n, 1);
	assert_int_equal(p->home.p[0].bits, 112);
	assert_int_equal(p->hearing.burst_row, 7);
	program_destroy(p);
	p = good("hearing { burst.row 7 }\ndefault hearing { burst.row 6 }\n");
	assert_int_equal(p->hearing.burst_row, 7);
	program_destroy(p);
}

static void
test_an_exception_ends_with_its_day(void **state)
{
	struct program *p = good(
	    RULE("outbound") "except rule r device \"a*\" dest 10.0.0.1 "
			     "until 1970-01-02 owner \"o\" reason \"why\"\n");

	(void)state;
	assert_int_equal(p->exceptions, 1);
	assert_int_equal(p->except[0].rule, 0);
	assert_int_equal(p->except[0].until, 2 * 86400 * NS_PER_S);
	assert_string_equal(p->except[0].device, "a*");
	assert_string_equal(p->except[0].reason, "why");
	assert_int_equal(warnings, 0);
	program_destroy(p);
}

static void
test_the_version_changes_with_meaning_only(void **state)
{
	struct program *a = good("list l = file \"l\"\n" RULE("dest in l")), *b;

	(void)state;
	b = good("# comment\nlist  l = file \"l\"\n" RULE("dest in l"));
	assert_string_equal(a->version, b->version);
	program_destroy(b);
	b = good("list l = file \"l\"\n" RULE("not dest in l"));
	assert_string_not_equal(a->version, b->version);
	program_destroy(b);
	provided = "net 198.51.100.0/24\n";
	b = good("list l = file \"l\"\n" RULE("dest in l"));
	assert_string_not_equal(a->version, b->version);
	program_destroy(b);
	provided = "net 192.0.2.0/24\n";
	program_destroy(a);
}

static void
test_one_mistake_is_told_once(void **state)
{
	(void)state;
	bad("list known = { x.example\n" RULE("dest in known"), "expected ',' or '}'");
	assert_int_equal(errors, 1);
	bad("macro m = nosuch.field\n" RULE("m and m"),
	    "no field or macro 'nosuch.field'");
	assert_int_equal(errors, 1);
	bad("rul r { }\n"
	    "except rule r device \"x\" until 2027-01-01 owner \"o\" reason \"x\"\n",
	    "did you mean 'rule'?");
	assert_int_equal(errors, 1);
	bad(RULE("upload >= 5 min"), "'upload' holds bytes, but '5 min' is a duration");
	assert_int_equal(errors, 1);
}

static void
test_ids_between_are_refused(void **state)
{
	char text[200];

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		static const struct {
			const char *id;
			bool good;
		} t[] = {
			{ "999999", true },
			{ "1000000", false },
			{ "8999999", false },
			{ "9000000", true },
			{ "0", false },
			{ "99999999999", false },
		};
		struct program *p;

		(void)snprintf(text, sizeof(text),
		    "rule r { id %s severity low kind tunnel when "
		    "outbound" TEST " }",
		    t[i].id);
		p = compile(text);
		assert_int_equal(p != NULL, t[i].good);
		program_destroy(p);
	}
}

static void
test_rules_that_listen_need_the_limits(void **state)
{
	(void)state;
	bad(RULE("voice.pass"), "00-hearing.rules");
	assert_int_equal(errors, 1);
	program_destroy(good(RULE("outbound")));
}

/* Text that is made of one piece, many times. */
static char *
many(const char *head, const char *piece, size_t times, const char *tail)
{
	size_t n = strlen(piece), at = strlen(head);
	char *s = malloc(at + n * times + strlen(tail) + 1);

	assert_non_null(s);
	memcpy(s, head, at);
	for (size_t i = 0; i < times; i++, at += n)
		memcpy(s + at, piece, n);
	memcpy(s + at, tail, strlen(tail) + 1);
	return s;
}

static void
test_what_is_too_much_is_refused_with_a_sentence(void **state)
{
	char *s;

	(void)state;
	s = many("macro m = outbound", " and outbound", 100000, "\n");
	bad(s, "more than 512 conditions");
	free(s);
	s = many("macro m = ", "(", 100000, "outbound\n");
	bad(s, "nested more than 64 deep");
	free(s);
	s = many("list l = { ", "a,", 600000, "}\n");
	bad(s, "more than a million words");
	free(s);
	s = many("#", "x", (17 << 20), "\n");
	bad(s, "larger than 16 MiB");
	free(s);
	s = many("# ", "x", 1 << 20, "\nhome { 10.0.0.0/8 }\n");
	program_destroy(good(s));
	free(s);
	s = many("macro ", "x", 1 << 20, " = outbound\n");
	bad(s, "cannot be the name of a macro");
	free(s);
	s = many("list l = { ", "a.example,", 20000, "}\n");
	assert_null(compile_bytes(s, strlen(s), 400000));
	assert_non_null(strstr(said, "rule files need more memory than"));
	assert_int_equal(errors, 1);
	free(s);
}

static void
test_macros_that_double_are_stopped(void **state)
{
	char text[8192] = "macro m0 = outbound or quarantined\n";

	(void)state;
	for (unsigned i = 1; i < 60; i++) {
		size_t n = strlen(text);

		(void)snprintf(text + n, sizeof(text) - n, "macro m%u = m%u and m%u\n", i,
		    i - 1, i - 1);
	}
	bad(text, "more than 512 conditions");
	text[0] = '\0';
	for (unsigned i = 0; i < 100; i++) {
		size_t n = strlen(text);

		(void)snprintf(text + n, sizeof(text) - n, "macro m%u = m%u\n", i, i + 1);
	}
	(void)snprintf(text + strlen(text), 100, "macro m100 = outbound\n");
	bad(text, "nested more than 64 deep");
}

static void
test_every_cut_of_a_file_ends_in_peace(void **state)
{
	static const char text[] =
	    "home { 10.0.0.0/8 }\r\nlist l = { *.x.example, 10.0.0.0/8 }\n"
	    "macro m = outbound and not dest in l\nhearing { burst.row 6 }\n"
	    "rule r { id 1 rev 2 severity low kind tunnel mitre T1048 when m and upload "
	    ">= 1 MB\n"
	    "within 1 h per device limit 1 per device every 1 h note when m because "
	    "\"x\\n\"\n"
	    "explain \"{device} {{\" test \"t\" { pcap \"x\" expect 1 alert where m } }\n"
	    "except rule r device \"x\" until 2027-01-01 owner \"o\" reason \"r\"\n";

	(void)state;
	for (size_t n = 0; n <= sizeof(text) - 1; n++)
		program_destroy(compile_bytes(text, n, 0));
	program_destroy(good(text));
}

static void
test_a_print_that_is_too_long_is_cut_and_measured(void **state)
{
	struct diag d = { DIAG_ERROR, "f", 1, 1, 3, "what", "remedy", "abc" };
	char small[10], big[200];
	size_t n = diag_print(&d, big, sizeof(big));

	(void)state;
	assert_int_equal(n, strlen(big));
	assert_string_equal(
	    big, "f:1:1: error: what\n    1 | abc\n      | ^~~\n      = remedy\n");
	assert_int_equal(diag_print(&d, small, sizeof(small)), n);
	assert_memory_equal(small, big, 9);
	assert_int_equal(small[9], '\0');
	assert_int_equal(diag_print(&d, NULL, 0), n);
}

static void
test_nothing_is_a_program_too(void **state)
{
	struct compile_options none = { .diag = told };
	struct program *p = good("");

	(void)state;
	assert_int_equal(p->rules, 0);
	assert_null(p->inventory);
	program_destroy(p);
	program_destroy(NULL);
	p = program_compile(&none);
	assert_non_null(p);
	program_destroy(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_come_in_base_units),
		cmocka_unit_test(test_fractions_are_read_as_the_nearest_double),
		cmocka_unit_test(test_not_binds_tighter_than_and_than_or),
		cmocka_unit_test(test_a_sum_knows_window_keys_and_number),
		cmocka_unit_test(test_device_is_its_key_or_name_or_address),
		cmocka_unit_test(
		    test_a_rule_has_a_limit_and_a_sentence_even_when_unwritten),
		cmocka_unit_test(test_a_declaration_replaces_a_default_in_any_order),
		cmocka_unit_test(test_an_exception_ends_with_its_day),
		cmocka_unit_test(test_the_version_changes_with_meaning_only),
		cmocka_unit_test(test_one_mistake_is_told_once),
		cmocka_unit_test(test_ids_between_are_refused),
		cmocka_unit_test(test_rules_that_listen_need_the_limits),
		cmocka_unit_test(test_what_is_too_much_is_refused_with_a_sentence),
		cmocka_unit_test(test_macros_that_double_are_stopped),
		cmocka_unit_test(test_every_cut_of_a_file_ends_in_peace),
		cmocka_unit_test(test_a_print_that_is_too_long_is_cut_and_measured),
		cmocka_unit_test(test_nothing_is_a_program_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
