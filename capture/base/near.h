/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * near: brings memory near the processor before it is needed. Changes nothing; an address
 * that is not there does no harm. Worth it only where something else is done meanwhile.
 */
#ifndef CAPTURE_BASE_NEAR_H
#define CAPTURE_BASE_NEAR_H

#include <stddef.h>

#define NEAR_LINE 64		/* bytes of a line of the processors we know */

/* From an address up to a member, without it. */
#define NEAR(from, to) near_range((from), (const char *)&(to) - (const char *)(from))

static inline void
near_range(const void *from, ptrdiff_t n)
{
	const char *p = from;

	for (ptrdiff_t i = 0; i < n; i += NEAR_LINE)
		__builtin_prefetch(p + i, 1);
}

#endif
