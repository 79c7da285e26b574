/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reload: a machine of five states, turned by the sensor's loop; the thread lives from one
 * message to the end of what it led to, and frees the old program too: unmapping a large
 * one takes longer than a packet.
 *
 *	IDLE -message-> COMPILING -thread-> BAD -> IDLE
 *	                                 -> READY -turn-> SWAPPING -pipe-> DONE -thread-> IDLE
 */
#include "rules/cli/reload.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A step comes every second of packet time; when none does (a clock that was set back),
 * the swap is made between two packets. */
#define STEP_AWAITED (5 * NS_PER_S)

enum state { IDLE, COMPILING, BAD, READY, SWAPPING, DONE };

struct reloader {
	struct reloader_options o;
	enum state state;		/* atomic: the thread and the loop take turns */
	sem_t done;			/* the thread may free what `set` is now */
	struct reload_ask ask;
	struct reload_answer answer;
	int fd;
	struct rule_set *set, *running;
	struct eval *eval;
	int64_t asked_ns, begun_ns;
	bool semaphore;
};

static void take_message(struct reloader *r);
static void *compile(void *arg);
static void finish(struct reloader *r);

static int64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void
become(struct reloader *r, enum state state)
{
	__atomic_store_n(&r->state, state, __ATOMIC_RELEASE);
}

struct reloader *
reloader_create(const struct reloader_options *o, struct fault *why)
{
	struct reloader *r = calloc(1, sizeof(*r));

	if (r == NULL || sem_init(&r->done, 0, 0) == -1) {
		free(r);
		(void)fault_set(why, NULL, "cannot prepare for a reload: no memory");
		return NULL;
	}
	r->o = *o;
	r->running = o->running;
	r->fd = -1;
	return r;
}

/* A thread that still compiles is left alone: the process ends. */
void
reloader_destroy(struct reloader *r)
{
	if (r == NULL || __atomic_load_n(&r->state, __ATOMIC_ACQUIRE) != IDLE)
		return;
	rule_set_free(r->running);
	(void)sem_destroy(&r->done);
	free(r);
}

void
reloader_turn(struct reloader *r)
{
	struct judge_set old, next = { NULL, NULL };
	struct rule_set *set;

	switch (__atomic_load_n(&r->state, __ATOMIC_ACQUIRE)) {
	case IDLE:
		take_message(r);
		break;
	case BAD:
		finish(r);
		become(r, IDLE);
		break;
	case READY:
		next = (struct judge_set){ r->set->program, r->eval };
		r->begun_ns = clock_ns();
		become(r, SWAPPING);
		pipe_swap(r->o.pipe, &next, false);
		break;
	case SWAPPING:
		if (!pipe_swapped(r->o.pipe, &old)) {
			next = (struct judge_set){ r->set->program, r->eval };
			if (clock_ns() - r->begun_ns > STEP_AWAITED)
				pipe_swap(r->o.pipe, &next, true);
			break;
		}
		r->eval = old.eval;
		set = r->running;
		r->running = r->set;
		r->set = set;
		r->answer.accepted = true;
		finish(r);
		become(r, DONE);
		(void)sem_post(&r->done);
		break;
	case COMPILING:
	case DONE:
		break;
	}
}

void
reloader_phase(struct reloader *r, enum swap_phase at)
{
	int64_t now = clock_ns();

	switch (at) {
	case SWAP_BEGINS:
		r->answer.swap_ns = now;
		break;
	case SWAP_RULES:
		r->o.generation = r->ask.generation;
		r->o.swapped(r->o.arg, r->set->program, r->o.generation);
		break;
	case SWAP_DONE:
		r->answer.swap_ns = now - r->answer.swap_ns;
	}
}

/* The descriptor that came with it; -1: none. */
static int
descriptor_of(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void
take_message(struct reloader *r)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { &r->ask, sizeof(r->ask) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	pthread_t thread;
	ssize_t n = recvmsg(r->o.ask_fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return;
	r->fd = descriptor_of(&m);
	r->asked_ns = clock_ns();
	memset(&r->answer, 0, sizeof(r->answer));
	if (n != (ssize_t)sizeof(r->ask))
		memset(&r->ask, 0, sizeof(r->ask));
	r->ask.who[RELOAD_WHO - 1] = '\0';
	r->answer.number = r->ask.number;
	if (r->ask.kind == RELOAD_RULES) {
		become(r, COMPILING);
		if (pthread_create(&thread, NULL, compile, r) == 0) {
			(void)pthread_detach(thread);
			return;
		}
		(void)fault_set(&r->answer.why, NULL,
		    "cannot compile the rules: no thread to be had");
	} else {
		r->answer.why = r->ask.why;
	}
	if (r->fd != -1)
		close(r->fd);
	become(r, BAD);
}

/* The thread. It reads the running program, which only a swap can replace, and touches
 * nothing else of the sensor's. */
static void *
compile(void *arg)
{
	struct reloader *r = arg;
	struct reload_answer *a = &r->answer;
	struct fault *why = &a->why;

	r->set = rule_set_load(r->fd, a->errors, &a->counts, why);
	close(r->fd);
	r->eval = NULL;
	if (r->set != NULL && rule_set_try(r->set->program, why) == 0)
		r->eval = pipe_follower(r->o.pipe, r->set->program, why);
	a->compile_ns = clock_ns() - r->asked_ns;
	if (r->eval == NULL) {
		rule_set_free(r->set);
		become(r, BAD);
		return NULL;
	}
	become(r, READY);
	while (sem_wait(&r->done) == -1 && errno == EINTR)
		continue;
	eval_destroy(r->eval);
	rule_set_free(r->set);
	become(r, IDLE);
	return NULL;
}

static void
finish(struct reloader *r)
{
	const uint64_t one = 1;

	r->answer.generation = r->o.generation;
	r->answer.took_ns = clock_ns() - r->asked_ns;
	r->o.told(r->o.arg, &r->ask, &r->answer);
	board_post(r->o.board, &r->answer);
	if (write(r->o.told_fd, &one, sizeof(one)) == -1)
		return;		/* it is full: then it is ready to be read, too */
}
