/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * huge: zeroed memory for tables that are looked up at random, in large pages where the
 * system has them: else each look-up misses the processor's map of pages first. Nothing
 * is committed until it is touched, and what lies in the first two to four mebibytes comes
 * in small pages, so that tables which stay nearly empty stay small.
 */
#ifndef CAPTURE_BASE_HUGE_H
#define CAPTURE_BASE_HUGE_H

#include <stddef.h>

void *huge_take(size_t bytes);		/* NULL: there is none */
/* What was taken is zero again, and untouched. */
void huge_forget(void *mem, size_t bytes);
void huge_give(void *mem, size_t bytes);	/* NULL is fine */

#endif
