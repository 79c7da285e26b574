/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * labels: what ought to have been told, and what not: tab-separated, with a first line that
 * names the columns, in any order; others are not looked at.
 *
 *	capture		whose (its name up to .pcap); "-" or no such column: any
 *	src, device	address, key or name of the device; '*' for any bytes
 *	dst, dest	the same of the destination
 *	expect		alert, quiet, or another word: it does not count
 *	from, to	no column: any time; as 2026-11-22T10:00:00.000000Z
 *
 * Found: a row `alert` with an alert of that device to that destination. False: an alert that
 * fits a row `quiet` and no row `alert`. What fits no row is counted by itself. Suspects are
 * no alerts, and what speaks of a device or an endpoint alone (new-device,
 * unknown-destination) is never false. Pure.
 */
#ifndef RULES_BENCH_LABELS_H
#define RULES_BENCH_LABELS_H

#include "capture/base/fault.h"
#include "rules/bench/alerts.h"

#define LABELS_MOST 100000u

struct labels;

/* name: of the file, for faults. */
struct labels *labels_read(struct span bytes, const char *name, struct fault *why);
void labels_destroy(struct labels *l);

/* An alert's runs, by number, as captures are called. */
struct label_runs {
	const char *const *name;
	unsigned n;
};

struct label_score {
	unsigned found, expected;	/* rows */
	unsigned wrong, unlabelled;	/* alerts */
};
void labels_score(struct labels *l, const struct alerts *a, const struct intern *names,
    const struct label_runs *runs, struct label_score *out);
/* How many rows `alert` there are of captures that were read. */
unsigned labels_rows(const struct labels *l);

#endif
