/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cell: the process that is allowed to die. It owns a classifier, a table of open flows
 * and nothing else: no descriptor, no file, fourteen system calls. It reads packets,
 * answers, and frees a flow the moment it has answered about it.
 */
#include "classify/dpi/cell.h"

#include "capture/proc/sandbox.h"

#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MEMORY_MAX (512u << 20)
/* Work for about a millisecond: it sleeps until so much lies there, or the sensor waits
 * for its answers. */
#define BATCH (64u << 10)

struct open_flow {
	void *flow;
	uint32_t tag;
};

struct worker {
	struct dpi_cell *c;
	void *classifier;
	struct open_flow *open;		/* by slot, 1..slots */
	uint8_t bounce[CELL_PACKET_MAX + CELL_PADDING];
	size_t dirty;			/* bytes of bounce that are not zero */
};

void
cell_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 16, NULL, NULL, 0);
}

void
cell_wait(_Atomic uint32_t *word, uint32_t seen, int timeout_ms)
{
	struct timespec ts = { .tv_sec = timeout_ms / 1000,
	    .tv_nsec = (long)(timeout_ms % 1000) * 1000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, seen, &ts, NULL, 0);
}

static void
send_answer(struct worker *w, const struct cell_packet *head, struct cell_result *r)
{
	struct cell_result *to;

	r->slot = head->slot;
	r->tag = head->tag;
	while ((to = ring_reserve(w->c->results, sizeof(*r))) == NULL)
		(void)ring_wait_room(w->c->results, sizeof(*r), 100);
	memcpy(to, r, sizeof(*r));
	ring_commit(w->c->results, sizeof(*r));
}

static void
read_packet(struct worker *w, const struct cell_packet *head, struct span bytes)
{
	const struct classifier_ops *ops = w->c->ops;
	struct open_flow *o = &w->open[head->slot];
	struct cell_result r;
	bool done = true;

	if (o->flow != NULL && o->tag != head->tag) {
		ops->close(w->classifier, o->flow);
		o->flow = NULL;
	}
	memset(&r, 0, sizeof(r));
	if (o->flow == NULL) {
		o->flow = ops->open(w->classifier);
		o->tag = head->tag;
	}
	if (o->flow != NULL && head->kind == CELL_FEED) {
		/* Zeros behind the packet, as far as a longer one before it wrote. */
		memcpy(w->bounce, bytes.at, bytes.left);
		if (w->dirty > bytes.left)
			memset(w->bounce + bytes.left, 0, w->dirty - bytes.left);
		w->dirty = bytes.left;
		done = ops->feed(w->classifier, o->flow, w->bounce, bytes.left,
		    (uint64_t)head->time_ms, head->flags, &r);
	} else if (o->flow != NULL)
		ops->giveup(w->classifier, o->flow, &r);
	if (!done)
		return;
	if (o->flow != NULL)
		ops->close(w->classifier, o->flow);
	o->flow = NULL;
	send_answer(w, head, &r);
}

static void
work(struct worker *w)
{
	struct cell_packet head;
	struct span s;
	int rc;

	for (;;) {
		if ((rc = ring_peek(w->c->packets, &s)) == RING_EMPTY) {
			(void)ring_wait_batch(w->c->packets, BATCH, 1000);
			continue;
		}
		if (rc != RING_MESSAGE || s.left < sizeof(head))
			_exit(3);
		memcpy(&head, s.at, sizeof(head));
		(void)span_skip(&s, sizeof(head));
		if (s.left != head.len || head.len > CELL_PACKET_MAX || head.slot == 0 ||
		    head.slot > w->c->slots)
			_exit(3);
		atomic_store_explicit(&w->c->cell->reading, head.seq,
		    memory_order_seq_cst);
		read_packet(w, &head, s);
		atomic_store_explicit(&w->c->cell->finished, head.seq,
		    memory_order_seq_cst);
		/* The answer was committed before this:
		 * who sees the ring empty has it. */
		ring_release(w->c->packets);
	}
}

static void
say_why(struct dpi_cell *c, const char *what)
{
	size_t n = strlen(what);

	if (n >= sizeof(c->cell->why))
		n = sizeof(c->cell->why) - 1;
	memcpy(c->cell->why, what, n);
	c->cell->why[n] = '\0';
}

void
cell_main(struct dpi_cell *c, void *classifier, uint32_t generation, pid_t parent)
{
	const struct sandbox_options o = { .role = SANDBOX_CELL };
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };
	struct worker *w = calloc(1, sizeof(*w));
	struct sandbox_state confined;
	struct fault why = { "", "" };
	uint32_t ready;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 || getppid() != parent)
		_exit(4);
	if (w == NULL ||
	    (w->open = calloc((size_t)c->slots + 1, sizeof(*w->open))) == NULL) {
		say_why(c, "no memory for the cell's flows");
		_exit(5);
	}
	w->c = c;
	w->classifier = classifier;
	/* A sanitizer's shadow is terabytes of address space. */
	if (!SANDBOX_SANITIZED && setrlimit(RLIMIT_AS, &memory) == -1) {
		say_why(c, "cannot limit the cell's memory");
		_exit(5);
	}
	if (mprotect(c->zygote, sizeof(*c->zygote), PROT_READ) == -1 ||
	    mprotect(c->sensor, sizeof(*c->sensor), PROT_READ) == -1) {
		say_why(c, "cannot protect the shared pages");
		_exit(5);
	}
	if (sandbox_enter(&o, &confined, &why) == -1) {
		say_why(c, why.what);
		_exit(5);
	}
	atomic_store(&c->cell->sandbox, (confined.seccomp ? 1u : 0u) |
	    (uint32_t)confined.landlock_abi << 8);
	atomic_store(&c->cell->paused_gen, generation);
	cell_wake(&c->cell->paused_gen);
	while ((ready = atomic_load(&c->sensor->ready_gen)) != generation)
		cell_wait(&c->sensor->ready_gen, ready, 1000);
	work(w);
	_exit(0);
}
