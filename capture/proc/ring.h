/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ring: messages from one process to another, through shared memory.
 *
 * One producer, one consumer. The mapping is made before fork and inherited; a message is
 * a length and bytes, contiguous, at most a quarter of the ring. The consumer treats
 * every length and byte as hostile: a producer that was taken over can at worst make it
 * say RING_BROKEN. Waiting spins briefly, then sleeps on a futex (works across
 * processes), or, for a consumer with an event loop, on an eventfd that the ring was made
 * with. A consumer that is in no hurry sleeps until a batch lies there
 * (ring_wait_batch): a message then costs the producer no system call, and the producer
 * says when it will not wait for the batch to fill (ring_flush).
 *
 * Head and tail are counts of bytes since the start, 64 bits, so that they never wrap.
 */
#ifndef CAPTURE_PROC_RING_H
#define CAPTURE_PROC_RING_H

#include "capture/base/fault.h"
#include "capture/base/span.h"

struct ring;

enum { RING_EMPTY = 0, RING_MESSAGE = 1, RING_BROKEN = -1 };

/* bytes is rounded up to a power of two, at least 64 KiB. with_fd:
 * make an eventfd too. */
struct ring *ring_create(size_t bytes, bool with_fd, struct fault *why);
void ring_destroy(struct ring *r);		/* unmaps for this process */

/* Producer. room of n bytes or NULL when the ring is full now;
 * commit what was written. */
void *ring_reserve(struct ring *r, size_t n);
void ring_commit(struct ring *r, size_t n);	/* n <= reserved */
/* The same for one of many: a consumer that waits on the descriptor is woken by ring_wake,
 * once for all of them, and now and then when they fill the ring. */
void ring_commit_quietly(struct ring *r, size_t n);
void ring_wake(struct ring *r);
bool ring_wait_room(struct ring *r, size_t n, int timeout_ms);	/* false: timed out */
void ring_flush(struct ring *r);	/* all that was committed is wanted now */

/* Consumer. A peeked message stays until released. */
int ring_peek(struct ring *r, struct span *out);
void ring_release(struct ring *r);
bool ring_wait_message(struct ring *r, int timeout_ms);	/* false: timed out */
/* Until `bytes` of messages, heads included, lie there or what lies there was flushed;
 * true when there is something to peek at. bytes: at most a quarter of the ring. */
bool ring_wait_batch(struct ring *r, size_t bytes, int timeout_ms);
int ring_fd(struct ring *r);			/* -1: made without */

/* Bytes ever committed and released; equal when all was consumed. Either side may ask. */
uint64_t ring_written(const struct ring *r);
uint64_t ring_read(const struct ring *r);
size_t ring_size(const struct ring *r);
/* Flushes, and waits until all that was committed so far is released. */
bool ring_wait_drained(struct ring *r, int timeout_ms);
/* Either side: the producer is done. */
void ring_close(struct ring *r);
bool ring_closed(const struct ring *r);
/* Starts over with an empty, open ring. Only while the other side is not there: dead, or
 * told to wait; it must come to the ring with counts of zero (a
 * fresh fork of who made it). */
void ring_restart(struct ring *r);
/* For a process that takes the place of a dead one at either side: goes on where that one
 * had come to. What was reserved and not committed, or peeked and not released, is as if
 * it had not been touched. */
void ring_resume(struct ring *r);

#endif
