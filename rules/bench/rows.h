/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows: conditions as a person reads them, one a line: met or not, the condition, what was
 * observed, the limit, and a bar of how far it is. From a near miss or from the `why` of an
 * event, in one form. Texts of the wire are shown with '?' for what could drive a terminal.
 */
#ifndef RULES_BENCH_ROWS_H
#define RULES_BENCH_ROWS_H

#include "rules/bench/near.h"
#include "rules/event/parse.h"

#include <stdio.h>

struct bench_row {
	char cond[240], observed[96], limit[72];	/* "" where there is none */
	enum truth passed;
	double share;			/* of the limit; -1: it has none */
};

/* Condition `leaf` of a case. */
void row_of_case(const struct program *p, const struct near_case *c, unsigned leaf,
    struct bench_row *out);
/* An element of an event's earshot.why; false: it is none. */
bool row_of_why(const struct json_value *why, struct bench_row *out);

void rows_print(FILE *out, const struct bench_row *row, size_t n);
/* "upload.unseen 841 kB of 1 MB, 84 %", what is lacking in a case, in words. */
const char *case_lacks(const struct program *p, const struct near_case *c, char *buf,
    size_t size);

/* "[########..]"; share from 0 to 1. */
const char *bar_text(double share, char buf[16]);
/* Bytes of the wire for a terminal. */
const char *plain_text(const char *s, char *buf, size_t size);
/* "2026-11-22 04:07:44Z" */
const char *moment_text(int64_t ns, char buf[PKT_TIME_TEXT]);
/* A string as JSON has it, quotes and all. */
void json_string(FILE *out, const char *s);

#endif
