/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone: the default home networks, and the question whether an address is in them. */
#include "capture/flow/zone.h"

/* In the form the set stores: IPv4 mapped, 96 bits longer than its text. */
#define V4(a, b, bits) \
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, 0, 0 } }, 96 + (bits) }

static const struct prefix default_home[] = {
	V4(10, 0, 8),
	V4(172, 16, 12),
	V4(192, 168, 16),
	V4(100, 64, 10),
	V4(169, 254, 16),
	{ { { 0xfc } }, 7 },
	{ { { 0xfe, 0x80 } }, 10 },
};

const struct prefix_set zone_default_home = {
	default_home, sizeof(default_home) / sizeof(default_home[0])
};

bool
zone_inside(const struct zone *z, const struct addr *a)
{
	/* A home of 0.0.0.0/0 or ::/0 must not pull multicast inside. */
	return !addr_is_group(a) && prefix_set_has(&z->home, a);
}
