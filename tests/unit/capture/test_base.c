/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture/base: addresses, time, hash, pool, arena, interned strings, tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/base/addr.h"
#include "capture/base/arena.h"
#include "capture/base/fault.h"
#include "capture/base/intern.h"
#include "capture/base/log.h"
#include "capture/base/pool.h"
#include "capture/base/ptime.h"
#include "capture/base/table.h"

#include <stdio.h>
#include <string.h>

static const struct siphash_key key = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };

static struct addr
addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static void
test_addresses_of_both_families_print_back(void **state)
{
	static const char *const text[] = { "10.20.0.13", "0.0.0.0", "255.255.255.255",
		"::", "fd00:20::1", "2001:db8::cb00:710a" };
	char buf[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct addr a = addr(text[i]);

		assert_string_equal(addr_print(&a, buf), text[i]);
	}
}

static void
test_what_is_no_address_is_refused(void **state)
{
	static const char *const text[] = { "", "10.20.0", "10.20.0.256", "1.2.3.4.5",
		"fd00:::1",
		"x", "10.20.0.1 ",
		"0123456789012345678901234567890123456789012345678901234" };
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_false(addr_parse(text[i], strlen(text[i]), &a));
	assert_false(addr_parse("1.2.3.4\0", 8, &a));
}

static bool
in(const char *net, const char *a)
{
	struct prefix p;
	struct addr x = addr(a);

	assert_true(prefix_parse(net, strlen(net), &p));
	return prefix_has(&p, &x);
}

static void
test_a_prefix_has_what_is_below_it_and_nothing_else(void **state)
{
	(void)state;
	assert_true(in("10.20.0.0/24", "10.20.0.255"));
	assert_false(in("10.20.0.0/24", "10.20.1.0"));
	assert_true(in("198.51.100.128/28", "198.51.100.143"));
	assert_false(in("198.51.100.128/28", "198.51.100.144"));
	assert_true(in("0.0.0.0/0", "1.2.3.4"));
	assert_false(in("0.0.0.0/0", "fd00::1"));
	assert_true(in("fd00::/8", "fdff::1"));
	assert_false(in("fd00::/8", "fc00::1"));
	assert_true(in("10.1.2.3", "10.1.2.3"));
}

static void
test_a_prefix_with_host_bits_or_a_wrong_length_is_refused(void **state)
{
	static const char *const text[] = { "10.20.0.1/24", "10.20.0.0/33", "10.20.0.0/",
		"10.20.0.0/2x", "fd00::/129", "/8" };
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_false(prefix_parse(text[i], strlen(text[i]), &p));
}

static void
test_a_prefix_prints_back(void **state)
{
	static const char *const text[] = { "10.20.0.0/24", "fd00:20::/64", "0.0.0.0/0" };
	char buf[PREFIX_TEXT];
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		assert_true(prefix_parse(text[i], strlen(text[i]), &p));
		assert_string_equal(prefix_print(&p, buf), text[i]);
	}
}

static void
test_macs_are_read_in_three_forms(void **state)
{
	static const char *const good[] = { "3c:52:82:11:0a:11", "3C-52-82-11-0A-11",
		"3c52.8211.0a11" };
	static const char *const bad[] = { "3c:52:82:11:0a", "3c:52-82:11:0a:11",
		"3c:52:82:11:0a:1g", "3c52.8211:0a11", "3c5282110a110000" };
	char buf[MAC_TEXT];
	uint64_t mac;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(mac_parse(good[i], strlen(good[i]), &mac));
		assert_string_equal(mac_print(mac, buf), "3c:52:82:11:0a:11");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mac_parse(bad[i], strlen(bad[i]), &mac));
}

static void
test_groups_are_nobody_in_particular(void **state)
{
	static const char *const group[] = { "224.0.0.251", "255.255.255.255", "0.0.0.0",
		"ff02::1", "::" };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct addr a = addr(group[i]);

		assert_true(addr_is_group(&a));
	}
	struct addr host = addr("223.255.255.255");

	assert_false(addr_is_group(&host));
}

static void
test_time_prints_as_rfc_3339(void **state)
{
	char buf[PKT_TIME_TEXT];

	(void)state;
	assert_string_equal(pkt_time_print((struct pkt_time){ 0 }, buf),
	    "1970-01-01T00:00:00.000000Z");
	assert_string_equal(pkt_time_print((struct pkt_time){ 951782400LL * NS_PER_S +
	    1500 }, buf),
	    "2000-02-29T00:00:00.000001Z");
	assert_string_equal(pkt_time_print((struct pkt_time){ 2147483648LL * NS_PER_S },
	    buf),
	    "2038-01-19T03:14:08.000000Z");
	assert_string_equal(pkt_time_print((struct pkt_time){ -1 }, buf),
	    "1969-12-31T23:59:59.999999Z");
	assert_string_equal(pkt_time_print((struct pkt_time){ INT64_MAX }, buf),
	    "2262-04-11T23:47:16.854775Z");
}

/* The first vectors that Rust's standard library tests its SipHash-1-3 with. */
static void
test_siphash_gives_the_published_vectors(void **state)
{
	static const uint8_t in8[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

	(void)state;
	assert_true(siphash13(&key, in8, 0) == 0xabac0158050fc4dcULL);
	assert_true(siphash13(&key, in8, 1) == 0xc9f49bf37d57ca93ULL);
}

static void
test_a_pool_gives_zeroed_objects_until_it_is_empty(void **state)
{
	struct pool *p = pool_create(24, 3);
	char *o[3];

	(void)state;
	assert_non_null(p);
	for (int i = 0; i < 3; i++) {
		o[i] = pool_take(p);
		assert_non_null(o[i]);
		memset(o[i], 0xee, 24);
	}
	assert_null(pool_take(p));
	assert_int_equal(pool_used(p), 3);
	pool_give(p, o[1]);
	o[1] = pool_take(p);
	for (int i = 0; i < 24; i++)
		assert_int_equal(o[1][i], 0);
	pool_destroy(p);
	assert_null(pool_create(SIZE_MAX / 2, 4));
	assert_null(pool_create(0, 4));
}

static void
test_an_arena_stops_at_its_cap(void **state)
{
	struct arena *a = arena_create(100000);
	char *s = arena_text(a, "abc", 3);

	(void)state;
	assert_string_equal(s, "abc");
	assert_non_null(arena_alloc(a, 90000));
	assert_null(arena_alloc(a, 20000));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_true(arena_used(a) <= 100000);
	arena_destroy(a);
}

static void
test_a_string_has_one_id_and_a_forgotten_id_is_never_used_again(void **state)
{
	struct intern *t = intern_create(&key, 4);
	uint32_t first = intern_put(t, "one", 3), id;
	char text[16];

	(void)state;
	assert_int_equal(intern_put(t, "one", 3), first);
	assert_true(intern_announce(t, first));
	assert_false(intern_announce(t, first));
	for (int i = 0; i < 100; i++) {
		int n = snprintf(text, sizeof(text), "x%d", i);

		id = intern_put(t, text, (size_t)n);
		assert_int_not_equal(id, first);
		assert_int_equal(intern_get(t, id).left, n);
	}
	assert_int_equal(intern_get(t, first).left, 0);
	assert_int_equal(intern_put(t, "", 0), 0);
	intern_destroy(t);
}

static void
test_held_strings_stay_and_a_table_of_held_ones_refuses(void **state)
{
	struct intern *t = intern_create(&key, 2);
	uint32_t a = intern_put(t, "a", 1), b;

	(void)state;
	intern_hold(t, a);
	for (int i = 0; i < 10; i++)
		assert_int_not_equal(intern_put(t, "b", 1), 0);
	b = intern_put(t, "c", 1);
	intern_hold(t, b);
	assert_int_equal(intern_put(t, "d", 1), 0);
	assert_int_equal(intern_refused(t), 1);
	assert_memory_equal(intern_get(t, a).at, "a", 1);
	intern_drop(t, a);
	assert_int_not_equal(intern_put(t, "d", 1), 0);
	intern_destroy(t);
}

struct evicted {
	uint32_t key[16];
	unsigned n;
};

static void
note_evicted(void *arg, const void *k, void *value)
{
	struct evicted *e = arg;

	(void)value;
	memcpy(&e->key[e->n++], k, sizeof(uint32_t));
}

static void
test_a_table_of_one_holds_one(void **state)
{
	struct table *t = table_create(&(struct table_options){ .hash = key,
		.key_size = 4, .value_size = 8, .max = 1 });

	(void)state;
	for (uint32_t k = 0; k < 20; k++) {
		assert_null(table_find(t, &k));
		assert_non_null(table_use(t, &k, NULL));
		assert_int_equal(table_used(t), 1);
	}
	table_remove(t, table_find(t, &(uint32_t){ 19 }));
	assert_null(table_find(t, &(uint32_t){ 19 }));
	assert_int_equal(table_used(t), 0);
	table_destroy(t);
}

static void
test_a_full_table_forgets_who_was_used_longest_ago(void **state)
{
	struct evicted e = { .n = 0 };
	struct table_options o = { .hash = key, .key_size = 4, .value_size = 8, .max = 3,
		.evict = note_evicted, .arg = &e };
	struct table *t = table_create(&o);
	uint64_t *v;
	bool is_new;

	(void)state;
	for (uint32_t k = 0; k < 3; k++) {
		v = table_use(t, &k, &is_new);
		assert_true(is_new);
		assert_int_equal(*v, 0);
		*v = k + 100;
	}
	v = table_use(t, &(uint32_t){ 0 }, &is_new);
	assert_false(is_new);
	assert_int_equal(*v, 100);
	(void)table_use(t, &(uint32_t){ 7 }, &is_new);
	assert_int_equal(e.n, 1);
	assert_int_equal(e.key[0], 1);
	assert_null(table_find(t, &(uint32_t){ 1 }));
	/* Oldest use first: 2, 0, 7. */
	v = table_oldest(t);
	assert_int_equal(*v, 102);
	v = table_next(t, v);
	assert_int_equal(*v, 100);
	table_remove(t, v);
	assert_int_equal(table_used(t), 2);
	assert_int_equal(e.n, 1);
	assert_int_equal(table_evicted(t), 1);
	table_destroy(t);
}

static void
test_a_fault_is_cut_and_never_overrun(void **state)
{
	struct fault f;
	char longer[2000];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(fault_set(&f, longer, "cannot open '%s'", longer), -1);
	assert_int_equal(strlen(f.what), sizeof(f.what) - 1);
	assert_int_equal(strlen(f.remedy), sizeof(f.remedy) - 1);
	assert_int_equal(fault_set(NULL, NULL, "nobody asked"), -1);
}

static void
test_a_limited_warning_says_how_many_it_swallowed(void **state)
{
	struct log_limit l = { .swallowed = 0 };
	char more[LOG_MORE] = "x";

	(void)state;
	assert_true(log_limit_pass(&l, (struct loop_time){ 1 }, more));
	assert_string_equal(more, "");
	for (int i = 0; i < 5; i++)
		assert_false(log_limit_pass(&l, (struct loop_time){ 2 }, NULL));
	assert_true(log_limit_pass(&l, (struct loop_time){ 61 * NS_PER_S }, more));
	assert_string_equal(more, " (5 more of these)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_of_both_families_print_back),
		cmocka_unit_test(test_what_is_no_address_is_refused),
		cmocka_unit_test(test_a_prefix_has_what_is_below_it_and_nothing_else),
		cmocka_unit_test(
		    test_a_prefix_with_host_bits_or_a_wrong_length_is_refused),
		cmocka_unit_test(test_a_prefix_prints_back),
		cmocka_unit_test(test_macs_are_read_in_three_forms),
		cmocka_unit_test(test_groups_are_nobody_in_particular),
		cmocka_unit_test(test_time_prints_as_rfc_3339),
		cmocka_unit_test(test_siphash_gives_the_published_vectors),
		cmocka_unit_test(test_a_pool_gives_zeroed_objects_until_it_is_empty),
		cmocka_unit_test(test_an_arena_stops_at_its_cap),
		cmocka_unit_test(
		    test_a_string_has_one_id_and_a_forgotten_id_is_never_used_again),
		cmocka_unit_test(test_held_strings_stay_and_a_table_of_held_ones_refuses),
		cmocka_unit_test(test_a_table_of_one_holds_one),
		cmocka_unit_test(test_a_full_table_forgets_who_was_used_longest_ago),
		cmocka_unit_test(test_a_fault_is_cut_and_never_overrun),
		cmocka_unit_test(test_a_limited_warning_says_how_many_it_swallowed),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
