/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snapshot: what one process says of itself, as another may believe it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rules/event/snapshot.h"

#include <string.h>

static void
test_the_sensors_figures_come_with_their_drops(void **state)
{
	uint64_t drops[DROP_COUNT] = { [DROP_CUT_IPV4] = 7 };
	struct sensor_snapshot in = { .stats = { .packets = 10, .drops = drops },
		.boot = "b1", .ifaces = 1, .iface = { { .name = "eth0" } } }, out;
	struct boards b = { NULL, NULL, NULL };

	(void)state;
	assert_int_equal(boards_create(&b, NULL), 0);
	assert_false(sensor_snapshot_read(b.sensor, &out));
	assert_false(sensor_snapshot_read(NULL, &out));
	sensor_snapshot_post(b.sensor, &in);
	assert_true(sensor_snapshot_read(b.sensor, &out));
	assert_int_equal(out.stats.packets, 10);
	assert_ptr_equal(out.stats.drops, out.drops);
	assert_int_equal(out.drops[DROP_CUT_IPV4], 7);
	assert_string_equal(out.boot, "b1");
	assert_string_equal(out.iface[0].name, "eth0");
	boards_destroy(&b);
}

static void
test_what_a_hostile_process_posts_is_bounded(void **state)
{
	static struct sensor_snapshot in, out;
	static struct outlet_snapshot from, to;
	struct own_connections own;
	struct boards b = { NULL, NULL, NULL };

	(void)state;
	assert_int_equal(boards_create(&b, NULL), 0);
	memset(&in, 0xff, sizeof(in));
	board_post(b.sensor, &in);
	assert_true(sensor_snapshot_read(b.sensor, &out));
	assert_ptr_equal(out.stats.drops, out.drops);
	assert_int_equal(out.ifaces, SNAPSHOT_IFACES);
	assert_int_equal(strlen(out.boot), sizeof(out.boot) - 1);
	assert_int_equal(strlen(out.iface[0].name), sizeof(out.iface[0].name) - 1);
	assert_true(out.iface[0].away && out.sandbox.seccomp && out.stats.seccomp);
	assert_int_equal(*(unsigned char *)&out.stats.cell_seccomp, 1);
	assert_int_equal(*(unsigned char *)&out.stats.outlet_seccomp, 1);
	assert_int_equal(out.posted.ns | out.started.ns | out.last_packet, 0);
	memset(&from, 0x0a, sizeof(from));
	board_post(b.outlet, &from);
	assert_true(outlet_snapshot_read(b.outlet, &to));
	assert_int_equal(to.sinks, SNAPSHOT_SINKS);
	assert_int_equal(strlen(to.sink[0].name), sizeof(to.sink[0].name) - 1);
	assert_null(strchr(to.sink[0].error, '\n'));
	memset(&own, 0xff, sizeof(own));
	board_post(b.own, &own);
	assert_true(own_connections_read(b.own, &own));
	assert_int_equal(own.n, SNAPSHOT_CONNECTIONS);
	boards_destroy(&b);
}

static void
test_own_connections_are_known_from_both_sides_and_no_other_is(void **state)
{
	static const uint8_t us[4] = { 10, 0, 0, 1 }, redis[4] = { 10, 0, 0, 2 },
		other[4] = { 10, 0, 0, 3 };
	struct addr a = addr_from_v4(us), r = addr_from_v4(redis), x = addr_from_v4(other);
	struct own_connections o = { 0 };

	(void)state;
	assert_false(own_connections_has(&o, &a, 40000, &r, 6379));
	o.c[o.n++] = (struct own_connection){ a, r, 40000, 6379 };
	o.c[o.n++] = (struct own_connection){ { { 0 } }, r, 40001, 6379 };
	assert_true(own_connections_has(&o, &a, 40000, &r, 6379));
	assert_true(own_connections_has(&o, &r, 6379, &a, 40000));
	assert_false(own_connections_has(&o, &a, 40002, &r, 6379));
	assert_false(own_connections_has(&o, &x, 40000, &r, 6379));
	assert_false(own_connections_has(&o, &a, 40000, &x, 6379));
	assert_false(own_connections_has(&o, &a, 6379, &r, 40000));
	/* One that is being made: our own address is not known yet. */
	assert_true(own_connections_has(&o, &a, 40001, &r, 6379));
	assert_true(own_connections_has(&o, &r, 6379, &a, 40001));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sensors_figures_come_with_their_drops),
		cmocka_unit_test(test_what_a_hostile_process_posts_is_bounded),
		cmocka_unit_test(
		    test_own_connections_are_known_from_both_sides_and_no_other_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
