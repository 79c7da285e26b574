/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of hosts a rule can ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classify/endpoint/endpoint.h"
#include "classify/endpoint/hostlist.h"

static unsigned faults, fault_line, fault_column;

static void
note(void *arg, unsigned line, unsigned column, const char *what, const char *remedy)
{
	(void)arg;
	assert_true(strlen(what) > 0 && strlen(remedy) > 0);
	faults++;
	fault_line = line;
	fault_column = column;
}

static int
setup(void **state)
{
	*state = arena_create(64 << 20);
	faults = 0;
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	arena_destroy(*state);
	return 0;
}

static struct hostlist *
parse(struct arena *a, const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n + 1);
	struct hostlist *l;

	assert_non_null(copy);
	memcpy(copy, text, n);
	l = hostlist_parse(a, span_of(copy, n), note, NULL);
	free(copy);
	assert_non_null(l);
	return l;
}

static bool
named(const struct hostlist *l, const char *name)
{
	return hostlist_has_name(l, span_of(name, strlen(name)));
}

static bool
at(const struct hostlist *l, const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return hostlist_has_addr(l, &a);
}

static void
test_a_domain_covers_what_is_below_it(void **state)
{
	const struct hostlist *l = parse(*state, "# known\ndomain CloudBox.example.\r\n"
	    "host exact.example\nhost *.below.example\nhost a*z.example # odd\n");

	assert_int_equal(faults, 0);
	assert_int_equal(hostlist_size(l), 4);
	assert_true(named(l, "cloudbox.example"));
	assert_true(named(l, "Files.CLOUDBOX.example."));
	assert_false(named(l, "notcloudbox.example"));
	assert_false(named(l, "example"));
	assert_true(named(l, "exact.example"));
	assert_false(named(l, "sub.exact.example"));
	assert_true(named(l, "a.b.below.example"));
	assert_false(named(l, "below.example"));
	assert_true(named(l, "a.b.z.example"));
	assert_false(named(l, "a.b.y.example"));
	assert_false(named(l, ""));
	assert_false(named(l, "."));
}

static void
test_networks_hold_their_addresses(void **state)
{
	const struct hostlist *l = parse(*state,
	    "net 198.51.100.128/28\nnet 2001:db8::/32\n"
	    "net 10.0.0.7\n");

	assert_int_equal(faults, 0);
	assert_true(at(l, "198.51.100.128"));
	assert_true(at(l, "198.51.100.143"));
	assert_false(at(l, "198.51.100.144"));
	assert_false(at(l, "198.51.100.127"));
	assert_true(at(l, "2001:db8:ffff::1"));
	assert_false(at(l, "2001:db9::1"));
	assert_true(at(l, "10.0.0.7"));
	assert_false(at(l, "10.0.0.6"));
	l = parse(*state, "net 0.0.0.0/0\n");
	assert_true(at(l, "203.0.113.9"));
	assert_false(at(l, "2001:db8::1"));
}

static void
test_wrong_lines_are_named_and_left_out(void **state)
{
	const struct hostlist *l;

	l = parse(*state, "domain a.example\nnet 10.0.0.1/8\n");
	assert_int_equal(faults, 1);
	assert_int_equal(fault_line, 2);
	assert_int_equal(fault_column, 5);
	assert_int_equal(hostlist_size(l), 1);
	l = parse(*state, "cloud.example\ndomain\ndomain a b\ndomain *.x\ndomain a..b\n"
	    "host http://x/\nnet x\n");
	assert_int_equal(faults, 8);
	assert_int_equal(hostlist_size(l), 0);
}

static void
collect(void *arg, const char *line)
{
	strcat(arg, line);
	strcat(arg, "|");
}

static void
test_entries_print_in_the_order_given(void **state)
{
	struct hostlist *l = parse(*state, "net 10.0.0.0/8\ndomain B.example\n");
	char all[400] = "";

	assert_int_equal(hostlist_add(*state, l, "*.x.example", 11), 0);
	assert_int_equal(hostlist_add(*state, l, "fd00::/8", 8), 0);
	assert_int_equal(hostlist_add(*state, l, "c.example", 9), 0);
	assert_int_equal(hostlist_add(*state, l, "not a name", 10), -1);
	assert_int_equal(hostlist_add(*state, l, "", 0), -1);
	hostlist_each(l, collect, all);
	assert_string_equal(all, "net 10.0.0.0/8|domain b.example|host *.x.example|"
	    "net fd00::/8|domain c.example|");
	assert_true(named(l, "y.c.example"));
}

static void
test_a_hundred_thousand_entries_are_found(void **state)
{
	struct hostlist *l = parse(*state, "");
	char text[64];

	for (unsigned i = 0; i < 100000; i++) {
		int n = snprintf(text, sizeof(text), "n%u.list.example", i);

		assert_int_equal(hostlist_add(*state, l, text, (size_t)n), 0);
	}
	for (unsigned i = 0; i < 100000; i += 7) {
		(void)snprintf(text, sizeof(text), "deep.below.n%u.list.example", i);
		assert_true(named(l, text));
		(void)snprintf(text, sizeof(text), "m%u.list.example", i);
		assert_false(named(l, text));
	}
}

static void
test_globs_match_within_and_across_labels(void **state)
{
	static const struct { const char *glob, *name; bool yes; } rows[] = {
		{ "*.x.example", "a.x.example", true }, { "*.x.example", "a.b.X.example.", true },
		{ "*.x.example", "x.example", false }, { "*", "anything", true },
		{ "a*b*c", "a-b-b-c", true }, { "a*b*c", "a-b-b-d", false }, { "", "", true },
		{ "", "a", false }, { "ab", "abc", false }, { "ab*", "ab", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(host_glob(rows[i].glob, strlen(rows[i].glob),
		    span_of(rows[i].name, strlen(rows[i].name))), rows[i].yes);
}

static void
test_the_registrable_domain_is_one_label_below_the_suffix(void **state)
{
	static const char *const rows[][2] = {
		{ "a.b.example.co.uk", "example.co.uk" }, { "www.Example.COM.", "Example.COM" },
		{ "files.cloudbox.example", "cloudbox.example" }, { "co.uk", "co.uk" },
		{ "localhost", "localhost" }, { "10.20.0.1", "10.20.0.1" }, { "", "" },
		{ "..", "." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span d = registrable_domain(span_of(rows[i][0],
		    strlen(rows[i][0])));

		assert_int_equal(d.left, strlen(rows[i][1]));
		assert_memory_equal(d.at, rows[i][1], d.left);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_domain_covers_what_is_below_it),
		T(test_networks_hold_their_addresses),
		T(test_wrong_lines_are_named_and_left_out),
		T(test_entries_print_in_the_order_given),
		T(test_a_hundred_thousand_entries_are_found),
		T(test_globs_match_within_and_across_labels),
		T(test_the_registrable_domain_is_one_label_below_the_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
