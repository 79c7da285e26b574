/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "capture/base/fault.h"

#include <stdarg.h>
#include <stdio.h>

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
	return -1;
}
