/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * chart: a sweep as a table with a bar a row, as JSON, as a picture (SVG). Numbers in, text
 * out.
 */
#ifndef RULES_BENCH_CHART_H
#define RULES_BENCH_CHART_H

#include "capture/base/fault.h"

#include <stdbool.h>
#include <stdio.h>

struct chart_row {
	char name[40];			/* "today", "as it stands", "" */
	char value[40];			/* the limit, as a person writes it; "" */
	double at;			/* the limit */
	unsigned alerts, devices, gained, lost;
	unsigned found, expected, wrong, unlabelled;	/* labels */
	bool compared, swept;		/* gained and lost are known; it is of the sweep */
};

struct chart {
	const char *rule, *word;	/* what was swept; NULL: nothing was */
	const struct chart_row *row;
	unsigned rows;
	double days;			/* of input */
	bool labelled;
};

void chart_text(const struct chart *c, FILE *out);
void chart_json(const struct chart *c, FILE *out);
void chart_svg(const struct chart *c, FILE *out);

#endif
