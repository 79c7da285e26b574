/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pipe: the rooms in a row. Frames go in, verdicts come out.
 *
 *	source -> decode -> observer (flow, dpi, content, shape, endpoint) -> eval
 *	-> on_verdict
 *
 * One object, one thread, but for pipe_understand; a second instance works beside it. Time
 * is packet time.
 */
#ifndef RULES_CLI_PIPE_H
#define RULES_CLI_PIPE_H

#include "capture/decode/decode.h"
#include "capture/source/source.h"
#include "classify/observer/observer.h"
#include "rules/eval/eval.h"
#include "rules/event/event.h"

/* Of a swap: nothing was done yet; what was due by the old rules is told and nothing
 * judged by the new ones yet; all is done. */
enum swap_phase { SWAP_BEGINS, SWAP_RULES, SWAP_DONE };

struct pipe_options {
	const struct program *program;	/* lent */
	struct dpi_cell *cell;		/* lent; NULL: no classifier */
	struct siphash_key hash;	/* drawn at start */
	uint64_t memory;		/* of flows, pairs and names; 0: the observer's own */
	bool pass_killers, split_vlans;	/* observer.h */
	bool batches;			/* frames stay where they are until pipe_flush */
	bool again;			/* a capture: read again, it makes the same events */
	/* True: a packet of our own connections, counted and not heard; may be NULL. */
	bool (*own)(void *arg, const struct packet *pkt);
	int64_t learn_for;		/* observer.h; 0: first-seen is unknown */
	void *arg;
	struct event_ref (*on_verdict)(void *arg, const struct verdict *v);
	/* eval.h; may be NULL */
	void (*on_excepted)(void *arg, const struct program *p, unsigned exception,
	    const struct exception_hits *h);
	observe_fn *on_record;		/* may be NULL; before the rules see it */
	observe_fn *on_live;		/* observer.h; no rule sees it */
	int64_t live_every;
	/* After the rules of a step; may be NULL. */
	void (*on_step)(void *arg, struct pkt_time now);
	void (*on_swap)(void *arg, enum swap_phase phase);	/* may be NULL */
};

/* A program with its evaluator, ready to take over: what a reload swaps in. */
struct judge_set {
	const struct program *program;
	struct eval *eval;		/* made with .follows = the running program */
};

struct pipe;

/* Frames that came and were not counted yet: as they are, decoded, and what was wrong. */
#define HANDFUL 256
struct handful {
	struct frame frame[HANDFUL];
	struct packet pkt[HANDFUL];
	enum drop why[HANDFUL];
	struct observer_glance glance[HANDFUL];
	unsigned n;
};

struct pipe *pipe_create(const struct pipe_options *o, struct fault *why);
void pipe_destroy(struct pipe *p);

/* A source_frame_fn. What it is given is counted by the next pipe_flush at the latest: the
 * caller whose source lends its frames until the next dispatch (source_keeps) calls that
 * after each, so that packets are counted in batches (observer_ahead). Without `batches`
 * each is counted before this returns. */
void pipe_frame(void *pipe, const struct frame *f);
void pipe_flush(struct pipe *p);

/* The same in two, where rules stay what they are: the first adds to h, which has room, and
 * may be done by one other thread (front.h); the second counts all that h holds. */
void pipe_understand(struct pipe *p, const struct frame *f, struct handful *h);
void pipe_handful(struct pipe *p, const struct handful *h);

void pipe_advance(struct pipe *p, struct pkt_time now);
void pipe_loss(struct pipe *p, const struct source_loss *loss);
void pipe_finish(struct pipe *p);

/* The evaluator of another program, to follow the running one; may be made in another
 * thread. NULL and *why. */
struct eval *pipe_follower(const struct pipe *p, const struct program *program,
    struct fault *why);
/* Swaps between two steps: next is taken at the end of the next step (at once when there
 * was no packet yet, or with `now`), and the pipe holds in its place what it used until
 * then, for pipe_swapped to give back. One at a time. */
void pipe_swap(struct pipe *p, const struct judge_set *next, bool now);
/* True once after the swap: *old is the caller's. */
bool pipe_swapped(struct pipe *p, struct judge_set *old);

/* Sums that outlive the process; eval_restore and eval_save. */
bool pipe_restore(struct pipe *p, struct span item);
bool pipe_save(struct pipe *p, struct eval_cursor *c, size_t slice, eval_save_fn *write,
    void *arg);

/* The same of who was first seen when; observer_restore and observer_save. */
bool pipe_restore_first(struct pipe *p, struct span item);
bool pipe_save_firsts(struct pipe *p, struct endpoint_cursor *c, size_t slice,
    eval_save_fn *write, void *arg);
struct pkt_time pipe_since(const struct pipe *p);	/* this sensor listens, over restarts */

struct pkt_time pipe_now(const struct pipe *p);
struct pkt_time pipe_last(const struct pipe *p);	/* packet; 0 ns: none yet */
struct pkt_time pipe_first(const struct pipe *p);
/* Everything but the sandbox, ring and lag figures; drops points into the pipe. */
void pipe_stats(struct pipe *p, struct sensor_stats *out);
void pipe_observer_stats(const struct pipe *p, struct observer_stats *out);
const struct eval *pipe_eval(const struct pipe *p);

#endif
