/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ring: the shared page, the counts and who believes them. ring.h has the contract.
 *
 * The mapping is one shared anonymous block: a head page, then the data. A message is a
 * word of length, a word of padding, the bytes, rounded up to eight. A message never
 * wraps: when it does not fit before the end, the length WRAP tells the consumer to go on
 * at the start, and both advance by what is left there.
 *
 * Each side keeps its own count in private memory and only publishes it. What the other
 * side published is read once, compared with what is possible, and then used or refused.
 *
 * Sleeping: the waiter writes the count it waits for and then looks again; the other side
 * publishes its count and then looks for a waiter (both with sequential consistency, so
 * one of them sees the other). A flush does the same with a count of its own, for the
 * consumer that waits for a batch. Futexes are shared ones (no FUTEX_PRIVATE), keyed by
 * the mapping.
 */
#include "capture/proc/ring.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RING_MIN (64u * 1024)
#define RING_MAX (1u << 30)
#define HEAD_BYTES 4096u
#define WRAP 0xffffffffu
#define MESSAGE_HEAD 8u
#define SPINS 400
#define QUIET_SHARE 8			/* of the ring may fill quietly */
#define NOBODY UINT64_MAX

/* One end: its count, the word that changes with it,
 * and the count the other side sleeps for. */
struct end {
	_Atomic uint64_t count;
	_Atomic uint64_t wanted;	/* wake me when count
					 * reaches this; NOBODY: awake */
	_Atomic uint32_t signal;
	char apart[64 - 20];
};

struct shared {
	struct end head;		/* written by the producer */
	struct end tail;		/* written by the consumer */
	_Atomic uint64_t flushed;	/* by the producer: up to here it is wanted now */
	_Atomic uint32_t closed;
};

_Static_assert(sizeof(struct shared) <= HEAD_BYTES, "the head fits its page");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "counts must not hide a lock");

struct ring {
	struct shared *shared;
	uint8_t *data;
	size_t size;
	int fd;
	uint64_t head;			/* ours when we produce */
	uint64_t tail;			/* ours when we consume */
	size_t reserved;		/* bytes asked for by the last ring_reserve */
	size_t skip;			/* bytes to the end that the
					 * reserved message skips */
	size_t peeked;			/* bytes to release; 0: nothing peeked */
	uint64_t told;			/* head when the descriptor was last written */
	bool broken;
};

static size_t
round8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static void
relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void
futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void
futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, seen, &ts, NULL, 0);
}

static int64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Wakes whoever waits for a count up to this one. */
static void
wake(struct end *e, uint64_t count)
{
	if (atomic_load_explicit(&e->wanted, memory_order_seq_cst) <= count) {
		atomic_store_explicit(&e->wanted, NOBODY, memory_order_seq_cst);
		atomic_fetch_add_explicit(&e->signal, 1, memory_order_seq_cst);
		futex_wake(&e->signal);
	}
}

static void
publish(struct end *e, uint64_t count)
{
	atomic_store_explicit(&e->count, count, memory_order_seq_cst);
	wake(e, count);
}

/* Sleeps until e->count reaches want (or a flush goes beyond `flush`), the ring is closed
 * or the time is over. */
static bool
await(struct ring *r, struct end *e, uint64_t want, uint64_t flush, int timeout_ms)
{
	int64_t end, left;
	uint32_t seen;

	end = clock_ns() + (int64_t)timeout_ms * 1000000;
	for (;;) {
		seen = atomic_load_explicit(&e->signal, memory_order_seq_cst);
		atomic_store_explicit(&e->wanted, want, memory_order_seq_cst);
		if (atomic_load_explicit(&e->count, memory_order_seq_cst) >= want ||
		    atomic_load_explicit(&r->shared->flushed, memory_order_seq_cst) >
		    flush) {
			atomic_store_explicit(&e->wanted, NOBODY, memory_order_seq_cst);
			return true;
		}
		left = timeout_ms < 0 ? 1000000000 : end - clock_ns();
		if (left <= 0 || ring_closed(r)) {
			atomic_store_explicit(&e->wanted, NOBODY, memory_order_seq_cst);
			return false;
		}
		futex_wait(&e->signal, seen, left);
	}
}

/* For who wants a count at once: it is likely on its way. */
static bool
await_soon(struct ring *r, struct end *e, uint64_t want, int timeout_ms)
{
	for (int i = 0; i < SPINS; i++) {
		if (atomic_load_explicit(&e->count, memory_order_acquire) >= want)
			return true;
		relax();
	}
	return await(r, e, want, UINT64_MAX, timeout_ms);
}

struct ring *
ring_create(size_t bytes, bool with_fd, struct fault *why)
{
	struct ring *r = NULL;
	size_t size = RING_MIN;
	void *map;

	if (bytes > RING_MAX) {
		fault_set(why, NULL, "a ring of %zu bytes is too large", bytes);
		return NULL;
	}
	while (size < bytes)
		size *= 2;
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		fault_set(why, NULL, "no memory for a ring");
		return NULL;
	}
	r->fd = -1;
	r->size = size;
	map = mmap(NULL, HEAD_BYTES + size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		fault_set(why, "make the ring smaller or give the process more memory",
		    "cannot map a shared ring of %zu bytes: %s", size, strerror(errno));
		goto fail;
	}
	r->shared = map;
	r->data = (uint8_t *)map + HEAD_BYTES;
	atomic_store(&r->shared->head.wanted, NOBODY);
	atomic_store(&r->shared->tail.wanted, NOBODY);
	if (with_fd) {
		r->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (r->fd == -1) {
			fault_set(why, "raise the limit of open files ('ulimit -n')",
			    "cannot make an event descriptor: %s", strerror(errno));
			goto fail;
		}
	}
	return r;
fail:
	ring_destroy(r);
	return NULL;
}

void
ring_destroy(struct ring *r)
{
	if (r == NULL)
		return;
	if (r->shared != NULL)
		munmap(r->shared, HEAD_BYTES + r->size);
	if (r->fd != -1)
		close(r->fd);
	free(r);
}

void *
ring_reserve(struct ring *r, size_t n)
{
	uint64_t tail, used;
	size_t off, need, skip = 0;

	r->reserved = r->skip = 0;
	if (n > r->size / 4)
		return NULL;
	need = MESSAGE_HEAD + round8(n);
	off = (size_t)(r->head & (r->size - 1));
	if (off + need > r->size)
		skip = r->size - off;
	tail = atomic_load_explicit(&r->shared->tail.count, memory_order_acquire);
	used = r->head - tail;
	/* A tail that cannot be makes the ring look full:
	 * the caller's waits are bounded. */
	if (used > r->size || r->size - used < need + skip)
		return NULL;
	r->reserved = need;
	r->skip = skip;
	return r->data + (skip != 0 ? 0 : off) + MESSAGE_HEAD;
}

/* Full counter or not: the descriptor is readable, which is all it is for. */
static void
tell(struct ring *r)
{
	uint64_t one = 1;

	r->told = r->head;
	if (write(r->fd, &one, sizeof(one)) == -1)
		return;
}

void
ring_commit(struct ring *r, size_t n)
{
	uint64_t before = r->head;

	ring_commit_quietly(r, n);
	if (r->fd != -1 && r->head != before &&
	    atomic_load_explicit(&r->shared->tail.count,
	    memory_order_seq_cst) == before)
		tell(r);
}

void
ring_commit_quietly(struct ring *r, size_t n)
{
	size_t off = (size_t)(r->head & (r->size - 1));
	uint32_t word[2] = { WRAP, 0 };

	/* Our own caller's bug: a commit without a reserve,
	 * or of more than was reserved. */
	if (r->reserved == 0 || MESSAGE_HEAD + round8(n) > r->reserved)
		return;
	if (r->skip != 0) {
		memcpy(r->data + off, word, sizeof(word));
		off = 0;
	}
	word[0] = (uint32_t)n;
	memcpy(r->data + off, word, sizeof(word));
	r->head += r->skip + MESSAGE_HEAD + round8(n);
	r->reserved = r->skip = 0;
	publish(&r->shared->head, r->head);
	if (r->fd != -1 && r->head - r->told >= r->size / QUIET_SHARE)
		tell(r);
}

void
ring_wake(struct ring *r)
{
	/* Whoever has read all of it needs no waking. */
	if (r->fd != -1 && r->told != r->head &&
	    atomic_load_explicit(&r->shared->tail.count, memory_order_seq_cst) != r->head)
		tell(r);
}

bool
ring_wait_room(struct ring *r, size_t n, int timeout_ms)
{
	size_t need = MESSAGE_HEAD + round8(n), off = (size_t)(r->head & (r->size - 1));

	if (n > r->size / 4)
		return false;
	if (off + need > r->size)
		need += r->size - off;
	if (r->head + need <= r->size)
		return true;
	ring_flush(r);
	return await_soon(r, &r->shared->tail, r->head + need - r->size, timeout_ms);
}

/* Whoever sleeps wants a count beyond r->tail; that much was committed, or there is
 * nothing to flush. */
void
ring_flush(struct ring *r)
{
	if (atomic_load_explicit(&r->shared->flushed, memory_order_relaxed) == r->head)
		return;
	atomic_store_explicit(&r->shared->flushed, r->head, memory_order_seq_cst);
	wake(&r->shared->head, NOBODY - 1);
}

int
ring_peek(struct ring *r, struct span *out)
{
	uint64_t head, avail, clear;
	uint32_t word[2];
	size_t off, total;
	bool looked = false;

	if (r->broken)
		return RING_BROKEN;
	for (;;) {
		head = atomic_load_explicit(&r->shared->head.count, memory_order_seq_cst);
		avail = head - r->tail;
		if (avail > r->size || avail % 8 != 0)
			break;
		if (avail == 0) {
			/* Take the wake-up back, then look once more:
			 * it may be a new one. */
			if (r->fd == -1 || looked)
				return RING_EMPTY;
			looked = true;
			if (read(r->fd, &clear, sizeof(clear)) == -1 && errno != EAGAIN)
				return RING_EMPTY;
			continue;
		}
		off = (size_t)(r->tail & (r->size - 1));
		memcpy(word, r->data + off, sizeof(word));
		if (word[0] == WRAP) {
			/* A wrap is followed by its message,
			 * committed together with it. */
			if (off == 0 || r->size - off >= avail)
				break;
			r->tail += r->size - off;
			continue;
		}
		if (word[0] > r->size / 4)
			break;
		total = MESSAGE_HEAD + round8(word[0]);
		if (total > avail || off + total > r->size)
			break;
		r->peeked = total;
		*out = span_of(r->data + off + MESSAGE_HEAD, word[0]);
		return RING_MESSAGE;
	}
	r->broken = true;
	return RING_BROKEN;
}

void
ring_release(struct ring *r)
{
	if (r->peeked == 0)
		return;
	r->tail += r->peeked;
	r->peeked = 0;
	publish(&r->shared->tail, r->tail);
}

bool
ring_wait_message(struct ring *r, int timeout_ms)
{
	if (r->broken)
		return true;
	return await_soon(r, &r->shared->head, r->tail + 1, timeout_ms);
}

bool
ring_wait_batch(struct ring *r, size_t bytes, int timeout_ms)
{
	struct shared *s = r->shared;

	if (r->broken)
		return true;
	if (bytes > r->size / 4)
		bytes = r->size / 4;
	(void)await(r, &s->head, r->tail + (bytes == 0 ? 1 : bytes), r->tail, timeout_ms);
	return atomic_load_explicit(&s->head.count, memory_order_acquire) != r->tail;
}

int
ring_fd(struct ring *r)
{
	return r->fd;
}

uint64_t
ring_written(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->head.count, memory_order_acquire);
}

uint64_t
ring_read(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->tail.count, memory_order_acquire);
}

size_t
ring_size(const struct ring *r)
{
	return r->size;
}

bool
ring_wait_drained(struct ring *r, int timeout_ms)
{
	ring_flush(r);
	return await_soon(r, &r->shared->tail, r->head, timeout_ms);
}

void
ring_close(struct ring *r)
{
	atomic_store_explicit(&r->shared->closed, 1, memory_order_seq_cst);
	atomic_fetch_add_explicit(&r->shared->head.signal, 1, memory_order_seq_cst);
	atomic_fetch_add_explicit(&r->shared->tail.signal, 1, memory_order_seq_cst);
	futex_wake(&r->shared->head.signal);
	futex_wake(&r->shared->tail.signal);
	if (r->fd != -1) {
		uint64_t one = 1;
		if (write(r->fd, &one, sizeof(one)) == -1)
			return;
	}
}

bool
ring_closed(const struct ring *r)
{
	return atomic_load_explicit(&r->shared->closed, memory_order_seq_cst) != 0;
}

void
ring_resume(struct ring *r)
{
	r->head = atomic_load(&r->shared->head.count);
	r->tail = atomic_load(&r->shared->tail.count);
	r->told = r->tail;		/* nobody knows whether that one was told */
	r->reserved = r->skip = r->peeked = 0;
	/* Counts are in eights; the page has two writers,
	 * and one may have been taken over. */
	r->broken = r->tail % 8 != 0 || r->head % 8 != 0;
}

void
ring_restart(struct ring *r)
{
	struct shared *s = r->shared;

	r->head = r->tail = r->told = 0;
	r->reserved = r->skip = r->peeked = 0;
	r->broken = false;
	atomic_store(&s->head.count, 0);
	atomic_store(&s->tail.count, 0);
	atomic_store(&s->flushed, 0);
	atomic_store(&s->head.wanted, NOBODY);
	atomic_store(&s->tail.wanted, NOBODY);
	atomic_store(&s->closed, 0);
}
