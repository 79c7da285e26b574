/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader: one buffer over an input; owns it and the count of what went by. Refuses to
 * know a format. */
#include "capture/source/reader.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#define ALONE 4		/* fills before it is worth a thread */
#define FRONT READER_ROOM	/* for what is left of the block before: less than that */

/* The block that is read while another is worked on. It is the thread's between `want` and
 * `have`, and the reader's between `have` and `want`. */
struct reader_thread {
	struct input *in;
	uint8_t *buf;			/* the block lies at FRONT */
	long got;
	struct fault why;
	uint64_t taken;
	bool stop, over;		/* over: it said END or FAULT, and stays so */
	sem_t want, have;
	pthread_t thread;
};

static uint8_t *turn(struct reader *r);
static void begin_thread(struct reader *r);
static long fill_from_thread(struct reader *r, struct fault *why);
static void *run(void *arg);
static void wait_for(sem_t *s);

int
reader_open(struct reader *r, struct input **in, struct fault *why)
{
	*r = (struct reader){ .in = *in };
	*in = NULL;
	r->buf = malloc(READER_BUFFER);
	if (r->buf == NULL)
		return fault_set(why, NULL, "no memory to read '%s'", input_path(r->in));
	return 0;
}

void
reader_close(struct reader *r)
{
	struct reader_thread *t = r->thread;

	if (t != NULL) {
		if (!t->over)
			wait_for(&t->have);	/* the block it reads */
		t->stop = true;
		(void)sem_post(&t->want);
		(void)pthread_join(t->thread, NULL);
		(void)sem_destroy(&t->want);
		(void)sem_destroy(&t->have);
		free(t->buf);
		free(t);
	}
	input_destroy(r->in);
	free(r->buf);
	for (size_t i = 0; i < sizeof(r->kept) / sizeof(r->kept[0]); i++)
		free(r->kept[i]);
	*r = (struct reader){ 0 };
}

long
reader_fill(struct reader *r, struct fault *why)
{
	uint8_t *to;
	size_t room;
	long got;

	if (r->thread != NULL)
		return fill_from_thread(r, why);
	if (r->at > 0) {
		to = turn(r);
		if (to == NULL)
			goto fail;
		memmove(to, r->buf + r->at, r->end - r->at);
		r->buf = to;
		r->base += r->at;
		r->end -= r->at;
		r->at = 0;
	}
	room = READER_ROOM - r->end;
	got = input_read(r->in, r->buf + r->end,
	    room < READER_BLOCK ? room : READER_BLOCK, why);
	r->taken = input_taken(r->in);
	if (got > 0)
		r->end += (size_t)got;
	return got;
fail:
	(void)fault_set(why, NULL, "no memory to read '%s'", input_path(r->in));
	return INPUT_FAULT;
}

/* What is to be filled in buf's place: itself, when nobody looks at it, or the one that was
 * left longest ago. The owner puts it there. */
static uint8_t *
turn(struct reader *r)
{
	uint8_t **place = &r->kept[r->turns % (SOURCE_KEEPS - 1)], *to = *place;

	if (!r->lent)
		return r->buf;
	if (to == NULL && (to = malloc(READER_BUFFER)) == NULL)
		return NULL;
	*place = r->buf;
	r->turns++;
	r->lent = false;
	return to;
}

long
reader_fill_ahead(struct reader *r, struct fault *why)
{
	if (r->thread == NULL && ++r->fills == ALONE && input_size(r->in) > 0)
		begin_thread(r);
	return reader_fill(r, why);
}

/* Without one things go on as before. */
static void
begin_thread(struct reader *r)
{
	struct reader_thread *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return;
	t->in = r->in;
	t->buf = malloc(READER_BUFFER);
	if (t->buf == NULL)
		goto fail;
	(void)sem_init(&t->want, 0, 1);		/* it begins with the next block */
	(void)sem_init(&t->have, 0, 0);
	if (pthread_create(&t->thread, NULL, run, t) != 0) {
		(void)sem_destroy(&t->want);
		(void)sem_destroy(&t->have);
		goto fail;
	}
	r->thread = t;
	return;
fail:
	free(t->buf);
	free(t);
}

/* What is left goes in front of the block that was read meanwhile, and the thread gets
 * another. */
static long
fill_from_thread(struct reader *r, struct fault *why)
{
	struct reader_thread *t = r->thread;
	size_t left = r->end - r->at;
	uint8_t *full, *next = NULL;
	long got;

	if (!t->over)
		wait_for(&t->have);
	if (t->got > 0 && (next = turn(r)) == NULL) {
		t->got = INPUT_FAULT;
		(void)fault_set(&t->why, NULL, "no memory to read '%s'",
		    input_path(t->in));
	}
	got = t->got;
	if (got > 0) {
		full = t->buf;
		memcpy(full + FRONT - left, r->buf + r->at, left);
		t->buf = next;
		r->buf = full;
		r->base += (uint64_t)r->at + left - FRONT;
		r->at = FRONT - left;
		r->end = FRONT + (size_t)got;
	} else if (got == INPUT_FAULT) {
		(void)fault_set(why, t->why.remedy, "%s", t->why.what);
	}
	r->taken = t->taken;
	t->over = got == INPUT_END || got == INPUT_FAULT;
	if (!t->over)
		(void)sem_post(&t->want);
	return got;
}

static void *
run(void *arg)
{
	struct reader_thread *t = arg;

	for (;;) {
		wait_for(&t->want);
		if (t->stop)
			return NULL;
		t->got = input_read(t->in, t->buf + FRONT, READER_BLOCK, &t->why);
		t->taken = input_taken(t->in);
		(void)sem_post(&t->have);
	}
}

static void
wait_for(sem_t *s)
{
	while (sem_wait(s) == -1 && errno == EINTR)
		continue;
}
