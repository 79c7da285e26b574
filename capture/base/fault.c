/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fault: fills a struct fault; owns that a sentence stays one line. */
#include "capture/base/fault.h"

#include <stdarg.h>
#include <stdio.h>

/* A sentence is one line, whatever the name of a file in it holds. */
static void
one_line(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

int
fault_set(struct fault *why, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	if (why == NULL)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(why->what, sizeof(why->what), fmt, ap);
	va_end(ap);
	(void)snprintf(why->remedy, sizeof(why->remedy), "%s",
	    remedy == NULL ? "" : remedy);
	one_line(why->what);
	one_line(why->remedy);
	return -1;
}
