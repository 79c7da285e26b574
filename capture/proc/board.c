/* SPDX-License-Identifier: GPL-3.0-or-later */
/* board: two places and a count. board.h has the contract; the fences are those of Boehm,
 * "Can seqlocks get along with programming language memory models?" (2012). */
#include "capture/proc/board.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BOARD_MOST ((size_t)1 << 20)
#define HEAD_BYTES 64u			/* a cache line of its own */
#define TRIES 8				/* a writer posts once a second, or when an outlet
					 * connects: twice in a copy is already odd */

struct board {
	_Atomic uint64_t *posts;
	unsigned char *place[2];
	size_t bytes, mapped;
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the count must not hide a lock");

struct board *
board_create(size_t bytes, struct fault *why)
{
	struct board *b = calloc(1, sizeof(*b));
	size_t each = (bytes + 63) & ~(size_t)63;
	unsigned char *map = MAP_FAILED;

	if (b != NULL && bytes > 0 && bytes <= BOARD_MOST)
		map = mmap(NULL, HEAD_BYTES + 2 * each, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		(void)fault_set(why, NULL, "cannot share %zu bytes of memory: %s", bytes,
		    bytes == 0 || bytes > BOARD_MOST ? "no such size" : strerror(errno));
		free(b);
		return NULL;
	}
	b->posts = (void *)map;
	b->place[0] = map + HEAD_BYTES;
	b->place[1] = b->place[0] + each;
	b->bytes = bytes;
	b->mapped = HEAD_BYTES + 2 * each;
	return b;
}

void
board_destroy(struct board *b)
{
	if (b == NULL)
		return;
	(void)munmap(b->place[0] - HEAD_BYTES, b->mapped);
	free(b);
}

void
board_post(struct board *b, const void *bytes)
{
	uint64_t n = atomic_load_explicit(b->posts, memory_order_relaxed) + 1;

	/* Whoever copies this place sees that the count has moved before it sees these
	 * bytes. */
	atomic_thread_fence(memory_order_release);
	memcpy(b->place[n & 1], bytes, b->bytes);
	atomic_store_explicit(b->posts, n, memory_order_release);
}

bool
board_read(const struct board *b, void *out)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t n = atomic_load_explicit(b->posts, memory_order_acquire);

		if (n == 0)
			return false;
		memcpy(out, b->place[n & 1], b->bytes);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(b->posts, memory_order_relaxed) == n)
			return true;
	}
	return false;
}

uint64_t
board_posts(const struct board *b)
{
	return atomic_load_explicit(b->posts, memory_order_acquire);
}
