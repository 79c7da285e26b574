/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who was first seen when, over restarts: what is written down is read again, in slices,
 * and nothing else is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "capture/base/intern.h"
#include "classify/endpoint/endpoint.h"

#define DAY (86400 * NS_PER_S)
#define WEEK (7 * DAY)

struct life {			/* one process */
	struct intern *strings;
	struct endpoint *e;
};

static struct pkt_time
day(int n)
{
	return (struct pkt_time){ INT64_C(1700000000) * NS_PER_S + n * DAY };
}

static void
begin(struct life *l)
{
	struct endpoint_options o = { .hash = { 3, 4 }, .max_devices = 64, .max_names = 4,
		.max_dests = 32 };

	l->strings = intern_create(&o.hash, 1024);
	o.strings = l->strings;
	l->e = endpoint_create(&o);
	assert_non_null(l->e);
}

static void
end(struct life *l)
{
	endpoint_destroy(l->e);
	intern_destroy(l->strings);
}

static struct dest_seen
talks(struct life *l, const char *device, const char *dest, int n)
{
	uint32_t d = intern_put(l->strings, device, strlen(device));

	intern_hold(l->strings, d);
	return endpoint_dest(l->e, intern_put(l->strings, dest, strlen(dest)), d, day(n));
}

static const struct device *
seen(struct life *l, uint8_t last, int n)
{
	const uint8_t ip[4] = { 10, 0, 0, last };
	struct addr a = addr_from_v4(ip);

	return endpoint_device(l->e, &a, 0, day(n), day(n));
}

/* What is written goes into the next life; from a copy of its exact size. */
struct heir {
	struct life *to;
	unsigned items, room;
};

static bool
inherit(void *arg, const void *item, size_t n)
{
	struct heir *h = arg;
	uint8_t *bytes = malloc(n);

	assert_true(n <= ENDPOINT_ITEM_MAX);
	assert_non_null(bytes);
	if (h->room == 0) {
		free(bytes);
		return false;
	}
	h->room--;
	h->items++;
	memcpy(bytes, item, n);
	assert_true(endpoint_restore(h->to->e, span_of(bytes, n)));
	for (size_t cut = 0; cut < 9 && cut < n; cut++)
		assert_false(endpoint_restore(h->to->e, span_of(bytes, cut)));
	free(bytes);
	return true;
}

/* A process, and the one behind it. */
struct lives {
	struct life a, b;
	struct heir heir;
	struct endpoint_cursor c;
};

static void
lives_begin(struct lives *l)
{
	*l = (struct lives){ .heir = { &l->b, 0, UINT32_MAX } };
	begin(&l->a);
	begin(&l->b);
}

static void
hand_down(struct lives *l)
{
	assert_true(endpoint_save(l->a.e, &l->c, 4096, inherit, &l->heir));
}

static void
lives_end(struct lives *l)
{
	end(&l->a);
	end(&l->b);
}

static void
test_a_restart_forgets_no_first_day(void **state)
{
	struct lives l;
	struct dest_seen s;
	const struct device *d;

	(void)state;
	lives_begin(&l);
	endpoint_listens(l.a.e, day(0), WEEK);
	(void)seen(&l.a, 5, 0);
	(void)talks(&l.a, "pc", "x.example", 1);
	(void)talks(&l.a, "tv", "x.example", 3);
	(void)talks(&l.a, "tv", "y.example", 4);
	(void)seen(&l.a, 6, 4);
	/* in slices, with a full ring in between */
	l.heir.room = 2;
	while (!endpoint_save(l.a.e, &l.c, 1, inherit, &l.heir))
		l.heir.room++;
	assert_int_equal(l.heir.items, 5);
	endpoint_listens(l.b.e, day(6), WEEK);
	assert_int_equal(endpoint_since(l.b.e).ns, day(0).ns);
	s = talks(&l.b, "tv", "x.example", 6);
	assert_int_equal(s.since.ns, day(1).ns);
	assert_int_equal(s.devices, 2);
	assert_true(s.own_known);
	assert_in_range(s.own.ns, day(3).ns - 3600 * NS_PER_S, day(3).ns);
	s = talks(&l.b, "laptop", "x.example", 6);
	assert_int_equal(s.devices, 3);
	assert_in_range(s.own.ns, day(6).ns - 3600 * NS_PER_S, day(6).ns);
	assert_int_equal(talks(&l.b, "pc", "z.example", 6).since.ns, day(6).ns);
	d = seen(&l.b, 5, 6);
	assert_int_equal(d->since.ns, day(0).ns);
	assert_true(d->is_new);		/* to whoever reads this process' records */
	assert_false(seen(&l.b, 5, 6)->is_new);
	lives_end(&l);
}

static void
test_only_what_changed_is_written_again(void **state)
{
	struct lives l;

	(void)state;
	lives_begin(&l);
	endpoint_listens(l.a.e, day(0), WEEK);
	(void)talks(&l.a, "pc", "x.example", 0);
	(void)talks(&l.a, "pc", "y.example", 0);
	hand_down(&l);
	assert_int_equal(l.heir.items, 3);
	(void)talks(&l.a, "pc", "x.example", 1);
	hand_down(&l);
	assert_int_equal(l.heir.items, 4);			/* since when it listens */
	(void)talks(&l.a, "tv", "x.example", 1);
	hand_down(&l);
	assert_int_equal(l.heir.items, 6);
	l.c.all = true;
	hand_down(&l);
	assert_int_equal(l.heir.items, 9);
	lives_end(&l);
}

static void
test_a_crowd_is_counted_on(void **state)
{
	struct lives l;
	uint32_t before = 0;
	char name[8] = "pc-00";

	(void)state;
	lives_begin(&l);
	for (int i = 0; i < 60; i++) {
		name[3] = (char)('0' + i / 10);
		name[4] = (char)('0' + i % 10);
		before = talks(&l.a, name, "x.example", 0).devices;
	}
	assert_in_range(before, 50, 70);
	hand_down(&l);
	assert_int_equal(talks(&l.b, "pc-07", "x.example", 1).devices, before);
	assert_false(talks(&l.b, "pc-55", "x.example", 1).own_known);
	assert_in_range(talks(&l.b, "other", "x.example", 1).devices, before, before + 3);
	lives_end(&l);
}

static void
test_who_was_away_for_long_learns_again(void **state)
{
	struct lives l;

	(void)state;
	lives_begin(&l);
	endpoint_listens(l.a.e, day(0), WEEK);
	(void)talks(&l.a, "pc", "x.example", 9);
	(void)seen(&l.a, 5, 9);
	hand_down(&l);
	endpoint_listens(l.b.e, day(17), WEEK);
	assert_int_equal(endpoint_since(l.b.e).ns, day(17).ns);
	assert_int_equal(talks(&l.b, "pc", "x.example", 17).since.ns, day(9).ns);
	end(&l.b);
	/* a clock that stands before the first start has nothing to go on with */
	begin(&l.b);
	hand_down(&l);
	endpoint_listens(l.b.e, day(-1), WEEK);
	assert_int_equal(endpoint_since(l.b.e).ns, day(-1).ns);
	lives_end(&l);
}

/* An hour that no clock of 64 bits reaches. */
static void
test_an_impossible_hour_is_not_believed(void **state)
{
	uint8_t item[] = "\4\0\0\0\0\0\0\0\0\1\0\0\0\1\7\0\0\0\xff\xff\xff\xffx.example";
	struct life a;

	(void)state;
	begin(&a);
	assert_false(endpoint_restore(a.e, span_of(item, sizeof(item) - 1)));
	memcpy(item + 18, "\0\0\1\0", 4);
	assert_true(endpoint_restore(a.e, span_of(item, sizeof(item) - 1)));
	end(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_restart_forgets_no_first_day),
		cmocka_unit_test(test_only_what_changed_is_written_again),
		cmocka_unit_test(test_a_crowd_is_counted_on),
		cmocka_unit_test(test_who_was_away_for_long_learns_again),
		cmocka_unit_test(test_an_impossible_hour_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
