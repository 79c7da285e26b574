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
near_lines(const char *p, ptrdiff_t n)
{
	if (n > 0)
		__builtin_prefetch(p, 1);
	if (n > NEAR_LINE)
		__builtin_prefetch(p + NEAR_LINE, 1);
	if (n > 2 * NEAR_LINE)
		__builtin_prefetch(p + 2 * NEAR_LINE, 1);
	if (n > 3 * NEAR_LINE)
		__builtin_prefetch(p + 3 * NEAR_LINE, 1);
}

/* n is a constant: what is left is one instruction a line. */
static inline void
near_range(const void *from, ptrdiff_t n)
{
	const char *p = from;

	near_lines(p, n);
	near_lines(p + 4 * NEAR_LINE, n - 4 * NEAR_LINE);
	near_lines(p + 8 * NEAR_LINE, n - 8 * NEAR_LINE);
	for (ptrdiff_t i = 12 * NEAR_LINE; i < n; i += NEAR_LINE)
		__builtin_prefetch(p + i, 1);
}

#endif
