/* SPDX-License-Identifier: GPL-3.0-or-later */
/* huge: one mapping; advice, which no system has to take, about all but its beginning. */
#include "capture/base/huge.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)2 << 20)

void *
huge_take(size_t bytes)
{
	uint8_t *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t skip;

	if (mem == MAP_FAILED)
		return NULL;
	skip = PAGE + (PAGE - (uintptr_t)mem % PAGE) % PAGE;
	if (bytes >= skip + PAGE)
		(void)madvise(mem + skip, bytes - skip, MADV_HUGEPAGE);
	return mem;
}

void
huge_forget(void *mem, size_t bytes)
{
	if (madvise(mem, bytes, MADV_DONTNEED) == -1)
		memset(mem, 0, bytes);
}

void
huge_give(void *mem, size_t bytes)
{
	if (mem != NULL)
		(void)munmap(mem, bytes);
}
