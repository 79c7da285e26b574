/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log: puts a line together and writes it. Refuses a clock, a buffer between lines, and
 * control characters. */
#include "capture/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const level_name[] = { "fatal", "warn", "info", "debug" };

/* One write per line: lines of several processes do not mix.
 * Control characters become '?'. */
static void
put(const struct log *l, enum log_level level, const char *text, const char *remedy)
{
	char line[1200];
	int n;

	n = snprintf(line, sizeof(line), "%s: %s: %s\n", l->who, level_name[level], text);
	if (n > 0 && (size_t)n < sizeof(line) && remedy != NULL && remedy[0] != '\0') {
		int m = snprintf(line + n, sizeof(line) - (size_t)n, "  try: %s\n",
		    remedy);

		if (m > 0)
			n += m;
	}
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line)) {
		n = (int)sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	for (int i = 0; i < n; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\n') || line[i] == 0x7f)
			line[i] = '?';
	if (write(STDERR_FILENO, line, (size_t)n) == -1)
		return;		/* nowhere left to say it */
}

void
log_line(const struct log *l, enum log_level level, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	if (level > l->level)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(l, level, text, NULL);
}

void
log_fault(const struct log *l, enum log_level level, const struct fault *why)
{
	if (level <= l->level)
		put(l, level, why->what, why->remedy);
}

bool
log_limit_pass(struct log_limit *limit, struct loop_time now, char more[LOG_MORE])
{
	if (limit->next.ns != 0 && now.ns < limit->next.ns) {
		limit->swallowed++;
		return false;
	}
	if (more != NULL) {
		more[0] = '\0';
		if (limit->swallowed > 0)
			(void)snprintf(more, LOG_MORE, " (%u more of these)",
			    limit->swallowed);
	}
	limit->swallowed = 0;
	limit->next.ns = now.ns + 60 * NS_PER_S;
	return true;
}
