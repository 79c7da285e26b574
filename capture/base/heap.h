/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap: numbers put in order, in place and without malloc, which qsort may call. */
#ifndef CAPTURE_BASE_HEAP_H
#define CAPTURE_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void heap_sort(uint32_t *v, size_t n,
    bool (*before)(const void *arg, uint32_t x, uint32_t y), const void *arg);

#endif
