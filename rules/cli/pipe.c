/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pipe: creates the rooms' objects from one struct and hands packets from one to the
 * next. Owns the counters of what was decoded and what was not. */
#include "rules/cli/pipe.h"

#include "capture/decode/decode.h"

#include <stdlib.h>
#include <string.h>

struct pipe {
	struct pipe_options o;
	struct handful batch;
	bool begun;			/* pipe_understand's */
	struct observer *observer;
	struct eval *eval;
	uint64_t packets, used, bytes;
	uint64_t drops[DROP_COUNT];
	uint64_t told_drops[DROP_COUNT];	/* lent by pipe_stats */
	struct source_loss loss;
	struct pkt_time first, last;
	struct judge_set next, old;	/* a swap that waits; one that was done */
	bool stepped;			/* since the swap was asked for */
};

static void count(struct pipe *p, const struct frame *f, const struct packet *pkt,
    enum drop why);
static void on_record(void *arg, const struct observation *o,
    const struct intern *strings);
static void on_live(void *arg, const struct observation *o,
    const struct intern *strings);
static void on_step(void *arg, struct pkt_time now, const struct intern *strings);
static struct zone zone_of(const struct program *p);
static bool may_open(const void *arg, const struct packet *tunnel);
static void swap(struct pipe *p);

struct pipe *
pipe_create(const struct pipe_options *o, struct fault *why)
{
	struct pipe *p = calloc(1, sizeof(*p));
	struct observer_options oo = { 0 };

	if (p == NULL) {
		fault_set(why, NULL, "cannot set up the pipe: not enough memory");
		return NULL;
	}
	p->o = *o;
	p->loss.kernel_drops = p->loss.iface_drops = UINT64_MAX;
	oo.hash = o->hash;
	oo.zone = zone_of(o->program);
	oo.hearing = &o->program->hearing;
	oo.inventory = o->program->inventory;
	oo.vendors = o->program->vendors;
	oo.asn = o->program->asn;
	oo.country = o->program->country;
	oo.cell = o->cell;
	oo.pass_killers = o->pass_killers;
	oo.split_vlans = o->split_vlans;
	oo.max_flows = o->memory / OBSERVER_FLOW_MOST;
	oo.learn_for = o->learn_for;
	oo.arg = p;
	oo.on_record = on_record;
	oo.on_live = o->on_live == NULL ? NULL : on_live;
	oo.live_every = o->on_live == NULL ? 0 : o->live_every;
	oo.on_step = on_step;
	p->observer = observer_create(&oo, why);
	if (p->observer != NULL)
		p->eval = eval_create(&(struct eval_options){ .hash = o->hash,
		    .program = o->program, .arg = o->arg,
		    .on_verdict = o->on_verdict, .on_excepted = o->on_excepted }, why);
	if (p->eval == NULL) {
		pipe_destroy(p);
		return NULL;
	}
	return p;
}

void
pipe_destroy(struct pipe *p)
{
	if (p == NULL)
		return;
	observer_destroy(p->observer);
	eval_destroy(p->eval);
	free(p);
}

void
pipe_frame(void *arg, const struct frame *f)
{
	struct pipe *p = arg;

	if (p->next.program != NULL) {
		pipe_flush(p);		/* what came before it is the old program's */
		observer_advance(p->observer, f->time);
		if (p->stepped)
			swap(p);
	}
	pipe_understand(p, f, &p->batch);
	if (!p->o.batches || p->batch.n == OBSERVER_AHEAD)
		pipe_flush(p);
}

void
pipe_flush(struct pipe *p)
{
	pipe_handful(p, &p->batch);
	p->batch.n = 0;
}

void
pipe_understand(struct pipe *p, const struct frame *f, struct handful *h)
{
	unsigned i = h->n++;

	if (!p->begun && p->o.again)
		observer_first(p->observer, f);
	p->begun = true;
	h->frame[i] = *f;
	h->why[i] = decode_frame_asking(&h->frame[i], &h->pkt[i], may_open, p);
	if (h->why[i] != DROP_NONE)
		h->pkt[i].class = PACKET_OTHER;	/* nothing to look ahead at */
	observer_glance(p->observer, &h->pkt[i], &h->glance[i]);
}

void
pipe_handful(struct pipe *p, const struct handful *h)
{
	for (unsigned i = 0, end; i < h->n; i = end) {
		end = h->n - i > OBSERVER_AHEAD ? i + OBSERVER_AHEAD : h->n;
		observer_ahead(p->observer, &h->pkt[i], &h->glance[i], end - i);
		for (unsigned k = i; k < end; k++)
			count(p, &h->frame[k], &h->pkt[k], h->why[k]);
	}
}

static void
count(struct pipe *p, const struct frame *f, const struct packet *pkt, enum drop why)
{
	if (p->packets++ == 0)
		p->first = f->time;
	p->last = f->time;
	p->bytes += f->wire;
	if (why != DROP_NONE)
		p->drops[why]++;
	else if (p->o.own != NULL && p->o.own(p->o.arg, pkt))
		p->drops[DROP_OWN]++;
	else if (observer_packet(p->observer, pkt))
		p->used++;
	else
		p->drops[DROP_DUPLICATE]++;
}

/* A tunnel across home's border is not opened: the packet inside says whatever its sender
 * likes, so an upload could name any other end, or none that is outside. */
static bool
may_open(const void *arg, const struct packet *tunnel)
{
	const struct pipe *p = arg;
	struct zone z = zone_of(p->o.program);

	return addr_is_group(&tunnel->dst) ||
	    zone_inside(&z, &tunnel->src) == zone_inside(&z, &tunnel->dst);
}

void
pipe_advance(struct pipe *p, struct pkt_time now)
{
	pipe_flush(p);
	observer_advance(p->observer, now);
	if (p->stepped && p->next.program != NULL)
		swap(p);
}

void
pipe_loss(struct pipe *p, const struct source_loss *loss)
{
	uint64_t lost = 0;

	p->loss = *loss;
	if (loss->kernel_drops == UINT64_MAX && loss->iface_drops == UINT64_MAX)
		return;
	if (loss->kernel_drops != UINT64_MAX)
		lost += loss->kernel_drops;
	if (loss->iface_drops != UINT64_MAX)
		lost += loss->iface_drops;
	observer_loss(p->observer, observer_now(p->observer), lost);
}

void
pipe_finish(struct pipe *p)
{
	pipe_flush(p);
	observer_finish(p->observer);
	eval_finish(p->eval, observer_now(p->observer), observer_strings(p->observer));
}

struct eval *
pipe_follower(const struct pipe *p, const struct program *program, struct fault *why)
{
	return eval_create(&(struct eval_options){ .hash = p->o.hash,
	    .program = program, .follows = p->o.program, .arg = p->o.arg,
	    .on_verdict = p->o.on_verdict, .on_excepted = p->o.on_excepted }, why);
}

void
pipe_swap(struct pipe *p, const struct judge_set *next, bool now)
{
	p->next = *next;
	p->stepped = false;
	if (now || p->packets == 0)
		swap(p);
}

bool
pipe_swapped(struct pipe *p, struct judge_set *old)
{
	if (p->old.program == NULL)
		return false;
	*old = p->old;
	p->old = (struct judge_set){ NULL, NULL };
	return true;
}

bool
pipe_restore(struct pipe *p, struct span item)
{
	return eval_restore(p->eval, item);
}

bool
pipe_save(struct pipe *p, struct eval_cursor *c, size_t slice, eval_save_fn *write,
    void *arg)
{
	return eval_save(p->eval, c, slice, write, arg);
}

bool
pipe_restore_first(struct pipe *p, struct span item)
{
	return observer_restore(p->observer, item);
}

bool
pipe_save_firsts(struct pipe *p, struct endpoint_cursor *c, size_t slice,
    eval_save_fn *write, void *arg)
{
	return observer_save(p->observer, c, slice, write, arg);
}

struct pkt_time
pipe_since(const struct pipe *p)
{
	return observer_since(p->observer);
}

static void
phase(struct pipe *p, enum swap_phase at)
{
	if (p->o.on_swap != NULL)
		p->o.on_swap(p->o.arg, at);
}

/* Between two steps: what was seen until now is judged by the old program, whose open
 * limits and sums the new one takes over; then what the observer borrows changes. */
static void
swap(struct pipe *p)
{
	struct judge_set next = p->next;

	p->next = (struct judge_set){ NULL, NULL };
	phase(p, SWAP_BEGINS);
	observer_flush(p->observer);
	eval_adopt(next.eval, p->eval);
	p->old = (struct judge_set){ p->o.program, p->eval };
	p->o.program = next.program;
	p->eval = next.eval;
	phase(p, SWAP_RULES);
	observer_relabel(p->observer, zone_of(next.program), &next.program->hearing,
	    next.program->inventory, next.program->vendors, next.program->asn,
	    next.program->country);
	phase(p, SWAP_DONE);
}

static struct zone
zone_of(const struct program *p)
{
	return (struct zone){ p->home.n > 0 ? p->home : zone_default_home };
}

struct pkt_time
pipe_now(const struct pipe *p)
{
	return observer_now(p->observer);
}

struct pkt_time
pipe_last(const struct pipe *p)
{
	return p->last;
}

struct pkt_time
pipe_first(const struct pipe *p)
{
	return p->first;
}

const struct eval *
pipe_eval(const struct pipe *p)
{
	return p->eval;
}

void
pipe_observer_stats(const struct pipe *p, struct observer_stats *out)
{
	observer_get_stats(p->observer, out);
}

void
pipe_stats(struct pipe *p, struct sensor_stats *out)
{
	struct observer_stats s;
	struct eval_counts c;

	memset(out, 0, sizeof(*out));
	observer_get_stats(p->observer, &s);
	/* What was taken back was used and is a drop now: the books balance. */
	memcpy(p->told_drops, p->drops, sizeof(p->drops));
	p->told_drops[DROP_DUPLICATE] += s.taken_back;
	eval_get_counts(p->eval, &c);
	out->now = observer_now(p->observer);
	out->packets = p->packets;
	out->used = p->used - s.taken_back;
	out->bytes = p->bytes;
	out->drops = p->told_drops;
	out->kernel_drops = p->loss.kernel_drops;
	out->iface_drops = p->loss.iface_drops;
	out->flows = s.flow.flows_ever;
	out->flows_now = s.flow.flows_now;
	out->pairs_now = s.flow.pairs_now;
	out->evicted = s.flow.evicted_half + s.flow.evicted_tiny + s.flow.evicted_idle +
	    s.flow.evicted_uploading;
	out->fragments_orphan = s.flow.fragments_orphan;
	out->tap_duplicates = s.duplicates.on;
	out->copies = s.duplicates.seen;
	out->copies_kept = s.copies_told;
	out->copies_crowded = s.duplicates.crowded;
	out->half_flows = s.flow.half;
	out->tags_differ = s.flow.tags_differ;
	out->records = s.records;
	out->gap_bytes = s.gap_bytes;
	out->verdicts = c.verdicts;
	out->suppressed = c.suppressed;
	out->excepted = c.excepted;
	out->sum_keys = c.keys;
	out->sum_evicted = c.evicted;
	out->sum_error = c.error;
	out->cell_packets = s.dpi.packets;
	out->cell_deaths = s.dpi.deaths;
	out->cell_hangs = s.dpi.hangs;
	out->cell_quarantined = s.quarantined;
	out->breaker_trips = s.dpi.breaker_trips;
	out->cell_seccomp = s.dpi.cell_seccomp;
	out->cell_landlock_abi = s.dpi.cell_landlock_abi;
	out->no_head = s.no_head;
	out->calls_forgotten = s.calls_evicted;
	out->pieces_forgotten = s.pieces_evicted;
	out->holes_lost = s.flow.holes_lost;
	out->strings_refused = s.strings_refused;
	out->meters = s.meters;
	out->meters_forgotten = s.meters_evicted;
	out->ends = s.ends;
	out->lag_ns = -1;
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct pipe *p = arg;

	if (p->o.on_record != NULL)
		p->o.on_record(p->o.arg, o, strings);
	eval_observe(p->eval, o, strings);
}

static void
on_live(void *arg, const struct observation *o, const struct intern *strings)
{
	struct pipe *p = arg;

	p->o.on_live(p->o.arg, o, strings);
}

static void
on_step(void *arg, struct pkt_time now, const struct intern *strings)
{
	struct pipe *p = arg;

	eval_step(p->eval, now, strings);
	p->stepped = true;
	if (p->o.on_step != NULL)
		p->o.on_step(p->o.arg, now);
}
