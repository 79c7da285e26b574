/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * places: whose network an address lies in, and in which country, by databases in MaxMind's
 * format (MaxMind DB File Format Specification 2.0): GeoLite2 and GeoIP2, DB-IP, IPinfo,
 * and what others write in that form.
 *
 * A reader of our own and not libmaxminddb, for two reasons. The library opens a path and
 * maps it; the sensor opens no file, and gets the bytes of all its files in sealed memory,
 * at the start and at a reload alike. And the file is foreign: here every offset is
 * checked against what is there, nothing recurses, a look-up takes 128 steps and an answer
 * 4,096 values at most.
 */
#ifndef CLASSIFY_ENDPOINT_PLACES_H
#define CLASSIFY_ENDPOINT_PLACES_H

#include "capture/base/addr.h"
#include "capture/base/fault.h"
#include "capture/base/span.h"

struct place_file {
	struct span tree, data;		/* lent: what it was opened with */
	uint32_t nodes, v4;		/* v4: the node where IPv4 begins */
	unsigned bits;			/* of a record: 24, 28 or 32 */
	bool six;			/* holds IPv6 */
};

/* Lent: texts point into the file. */
struct location {
	uint32_t asn;			/* 0: not there */
	struct span as_org;		/* empty: not there */
	struct span country;		/* two letters; empty: not there */
};

/* False and *why: it is no such database, or damaged. */
bool place_file_open(struct place_file *f, struct span bytes, struct fault *why);
/* What the file knows is added to out. False: nothing about this address. */
bool place_find(const struct place_file *f, const struct addr *a, struct location *out);

#endif
