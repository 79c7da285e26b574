/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap: heap sort (Williams 1964). What is in order already, as most is, stays as it is. */
#include "capture/base/heap.h"

static void
sift(uint32_t *v, size_t at, size_t n,
    bool (*before)(const void *arg, uint32_t x, uint32_t y), const void *arg)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		uint32_t x = v[at];

		if (child + 1 < n && before(arg, v[child], v[child + 1]))
			child++;
		if (!before(arg, x, v[child]))
			return;
		v[at] = v[child];
		v[child] = x;
	}
}

void
heap_sort(uint32_t *v, size_t n, bool (*before)(const void *arg, uint32_t x, uint32_t y),
    const void *arg)
{
	size_t i = 1;

	while (i < n && !before(arg, v[i], v[i - 1]))
		i++;
	if (i >= n)
		return;
	for (i = n / 2; i-- > 0;)
		sift(v, i, n, before, arg);
	for (size_t end = n; end-- > 1;) {
		uint32_t x = v[0];

		v[0] = v[end];
		v[end] = x;
		sift(v, 0, end, before, arg);
	}
}
