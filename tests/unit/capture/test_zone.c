/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone: who is home, when nobody said and when somebody did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/flow/zone.h"

static bool
inside(const struct zone *z, const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return zone_inside(z, &a);
}

static void
test_private_addresses_are_home_when_nobody_said(void **state)
{
	static const char *const home[] = { "10.0.0.1", "10.255.255.255", "172.16.0.1",
		"172.31.255.254", "192.168.0.1", "100.64.0.1", "100.127.1.1",
		"169.254.9.9", "fc00::1", "fdff::1", "fe80::1", "febf::1" };
	static const char *const out[] = { "9.255.255.255", "11.0.0.0", "172.15.255.255",
		"172.32.0.0", "192.167.255.255", "192.169.0.0", "100.63.255.255",
		"100.128.0.0",
		"169.253.0.1", "8.8.8.8", "2001:db8::1", "fec0::1", "fbff::1",
		"fe00::1" };
	struct zone z = { zone_default_home };

	(void)state;
	for (size_t i = 0; i < sizeof(home) / sizeof(home[0]); i++)
		assert_true(inside(&z, home[i]));
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_false(inside(&z, out[i]));
}

static void
test_group_addresses_are_never_inside(void **state)
{
	struct prefix all[2];
	struct zone z = { { all, 2 } };

	(void)state;
	assert_true(prefix_parse("0.0.0.0/0", 9, &all[0]));
	assert_true(prefix_parse("::/0", 4, &all[1]));
	assert_true(inside(&z, "8.8.8.8"));
	assert_true(inside(&z, "2001:db8::1"));
	assert_false(inside(&z, "224.0.0.251"));
	assert_false(inside(&z, "255.255.255.255"));
	assert_false(inside(&z, "0.0.0.0"));
	assert_false(inside(&z, "ff02::fb"));
	assert_false(inside(&z, "::"));
}

static void
test_an_empty_home_has_nobody_inside(void **state)
{
	struct zone z = { { NULL, 0 } };

	(void)state;
	assert_false(inside(&z, "10.0.0.1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private_addresses_are_home_when_nobody_said),
		cmocka_unit_test(test_group_addresses_are_never_inside),
		cmocka_unit_test(test_an_empty_home_has_nobody_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
