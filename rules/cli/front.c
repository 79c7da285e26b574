/* SPDX-License-Identifier: GPL-3.0-or-later */
/* front: a ring of loads between two threads. Refuses to count anything. */
#define _GNU_SOURCE		/* CPU_COUNT */
#include "rules/cli/front.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>

#define LOADS SOURCE_KEEPS
#define LEAST (4U << 20)	/* bytes of a capture that are worth a thread */

struct front {
	struct source *source;
	struct pipe *pipe;
	struct front_load *load;	/* a ring */
	unsigned next;			/* that is handed out */
	bool out;			/* one is: with the next call it is the thread's */
	bool stop;			/* set before room is posted */
	struct handful *at;		/* the thread: of this dispatch */
	sem_t room, full;
	pthread_t thread;
};

static void *run(void *arg);
static void on_frame(void *arg, const struct frame *f);
static void wait_for(sem_t *s);

bool
front_worth(struct source *s)
{
	struct source_loss loss;
	cpu_set_t set;

	source_get_loss(s, &loss);
	return source_keeps(s) >= LOADS && loss.bytes_total >= LEAST &&
	    sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

struct front *
front_create(struct source *s, struct pipe *p)
{
	struct front *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->source = s;
	f->pipe = p;
	f->load = calloc(LOADS, sizeof(*f->load));
	if (f->load == NULL)
		goto fail;
	(void)sem_init(&f->room, 0, LOADS);
	(void)sem_init(&f->full, 0, 0);
	if (pthread_create(&f->thread, NULL, run, f) == 0)
		return f;
	(void)sem_destroy(&f->room);
	(void)sem_destroy(&f->full);
fail:
	free(f->load);
	free(f);
	return NULL;
}

const struct front_load *
front_next(struct front *f)
{
	if (f->out) {
		f->next = (f->next + 1) % LOADS;
		(void)sem_post(&f->room);
	}
	f->out = true;
	wait_for(&f->full);
	return &f->load[f->next];
}

void
front_destroy(struct front *f)
{
	if (f == NULL)
		return;
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	(void)sem_post(&f->room);
	(void)pthread_join(f->thread, NULL);
	(void)sem_destroy(&f->room);
	(void)sem_destroy(&f->full);
	free(f->load);
	free(f);
}

static void *
run(void *arg)
{
	struct front *f = arg;
	struct front_load *l;

	for (unsigned i = 0;; i = (i + 1) % LOADS) {
		wait_for(&f->room);
		if (__atomic_load_n(&f->stop, __ATOMIC_RELAXED))
			return NULL;
		l = &f->load[i];
		l->handful.n = 0;
		f->at = &l->handful;
		l->said = source_dispatch(f->source, HANDFUL, on_frame, f, &l->why);
		source_get_loss(f->source, &l->loss);
		(void)sem_post(&f->full);
		if (l->said < 0)
			return NULL;
	}
}

static void
on_frame(void *arg, const struct frame *frame)
{
	struct front *f = arg;

	pipe_understand(f->pipe, frame, f->at);
}

static void
wait_for(sem_t *s)
{
	while (sem_wait(s) == -1 && errno == EINTR)
		continue;
}
