/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tell: the answer, for a person and for a program. What was asked, what fits and by which
 * arithmetic, what was read and what could not be seen. */
#ifndef RULES_TRACE_TELL_H
#define RULES_TRACE_TELL_H

#include "rules/trace/read.h"

#include <stdio.h>

struct trace_answer {
	const struct trace *trace;
	const struct trace_want *want;
	const struct trace_read *read;
	const char *recording;		/* the file's name; NULL: none was given */
	const char *format;		/* its format; NULL */
	const char *coded;		/* by which codec, as its header says; NULL */
	unsigned most;			/* candidates to show */
	double limit;			/* none that fits more often than this by chance */
};

/* How many of the finds are shown. */
unsigned trace_told(const struct trace_answer *a);
void trace_tell_text(const struct trace_answer *a, FILE *out);
void trace_tell_json(const struct trace_answer *a, FILE *out);

#endif
