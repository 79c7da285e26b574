/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zone: who is inside. The home networks decide; a packet goes up when it goes from an
 * inside address to an outside one, whoever opened the connection. Group addresses are
 * neither.
 */
#ifndef CAPTURE_FLOW_ZONE_H
#define CAPTURE_FLOW_ZONE_H

#include "capture/base/addr.h"

struct zone {
	struct prefix_set home;
};

/* RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 link-local:
 * what is home when nobody said. */
extern const struct prefix_set zone_default_home;

bool zone_inside(const struct zone *z, const struct addr *a);

#endif
