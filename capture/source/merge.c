/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge: several sources as one; merge.h says in which order.
 *
 * Owns its sources, and for each a place for one frame that has to wait. That frame is
 * copied: libpcap hands a block of the kernel's ring back as soon as its last packet was
 * given to the callback, within the same call, so the bytes cannot be lent any longer
 * than that. A frame that need not wait goes straight through, without a copy.
 *
 * A source that shows nothing was asked at a known moment: nothing that it will show is
 * older than that moment less `wait`. So frames up to there may go. That compares packet
 * times with the wall clock, which can be set; a frame that waits longer than `wait` by
 * the monotonic clock goes whatever the wall clock says.
 *
 * Refuses to know what its sources are. No allocation once it is made.
 */
#include "capture/source/merge.h"

#include <stdlib.h>
#include <string.h>

/* While frames wait, look that often and not for each: it saves waking up. */
#define LOOK_NS (10 * NS_PER_MS)

struct merge;

struct input {
	struct merge *m;
	struct source *src;
	bool ended;
	struct frame head;		/* the one that waits, its bytes in copy */
	bool waits;
	uint8_t *copy;
	struct merge_time since;	/* when the head began to wait;
					 * when the source had nothing to show */
	int64_t before;			/* frames before this time need not wait */
	uint64_t frames;		/* handed on */
	uint32_t number;
};

struct merge {
	struct merge_options o;
	struct merge_time now;		/* of this dispatch */
	struct input in[SOURCE_IFACES_MOST];
	uint32_t n;
	uint64_t ordinal;
	struct fault why;		/* the first */
	bool faulty;
	source_frame_fn *fn;		/* of this dispatch */
	void *arg;
	int handed;
};

static int merge_dispatch(void *src, int budget, source_frame_fn *fn, void *arg,
    struct fault *why);
static void merge_loss(void *src, struct source_loss *out);
static int merge_wait(void *src, int *fds, int most, int *ms);
static int merge_ifaces(void *src, struct source_iface *out, int most);
static int merge_keep_fds(void *src, int *out, int most);
static void merge_destroy(void *src);

static const struct source_ops merge_ops = {
	.name = "merge", .dispatch = merge_dispatch, .loss = merge_loss,
	.wait = merge_wait, .ifaces = merge_ifaces, .keep_fds = merge_keep_fds,
	.destroy = merge_destroy,
};

struct source *
source_merge(struct source *const *in, size_t n, const struct merge_options *o,
    struct fault *why)
{
	struct merge *m = calloc(1, sizeof(*m));
	struct source *s = NULL;
	bool memory = m != NULL;

	for (size_t i = 0; i < n && m == NULL; i++)
		source_destroy(in[i]);
	for (size_t i = 0; i < n && m != NULL; i++) {
		m->in[i] = (struct input){ .m = m, .src = in[i], .number = (uint32_t)i,
			.copy = malloc(o->largest) };
		memory = memory && m->in[i].copy != NULL;
	}
	if (m != NULL) {
		m->o = *o;
		m->n = (uint32_t)n;
	}
	if (memory)
		s = source_wrap(&merge_ops, m);
	else
		merge_destroy(m);
	if (s == NULL)
		(void)fault_set(why, NULL, "no memory to listen to %zu interfaces", n);
	return s;
}

static void
hand_on(struct input *in, const struct frame *f)
{
	struct merge *m = in->m;
	struct frame out = *f;

	out.iface = in->number;
	out.ordinal = ++m->ordinal;
	in->frames++;
	m->handed++;
	m->fn(m->arg, &out);
}

/* One frame of a source: it goes straight on, or it waits. */
static void
on_frame(void *arg, const struct frame *f)
{
	struct input *in = arg;

	if (f->time.ns < in->before) {
		hand_on(in, f);
		return;
	}
	in->head = *f;
	if (in->head.cap > in->m->o.largest)
		in->head.cap = in->m->o.largest;
	if (in->head.cap > 0)
		memcpy(in->copy, f->bytes, in->head.cap);
	in->head.bytes = in->copy;
	in->waits = true;
	in->since = in->m->now;
}

/* Asks a source for one frame. False: it has none to show, or it has ended. */
static bool
ask(struct input *in, int64_t before)
{
	struct fault why = { "", "" };
	int r;

	in->before = before;
	r = source_dispatch(in->src, 1, on_frame, in, &why);
	if (r > 0)
		return true;
	in->since = in->m->now;
	if (r == 0)
		return false;
	if (r == SOURCE_FAULT && !in->m->faulty) {
		in->m->faulty = true;
		in->m->why = why;
	}
	in->ended = true;
	return false;
}

/* Frames of this source that are before that time need not wait for the others. */
static int64_t
free_before(const struct merge *m, const struct input *in)
{
	int64_t free = INT64_MAX, one;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct input *other = &m->in[i];

		if (other == in || (other->ended && !other->waits))
			continue;
		one = other->waits ? other->head.time.ns +
		    (in->number < other->number) :
		    other->since.wall.ns - m->o.wait;
		if (one < free)
			free = one;
	}
	return free;
}

static struct input *
earliest(struct merge *m)
{
	struct input *best = NULL;

	for (uint32_t i = 0; i < m->n; i++)
		if (m->in[i].waits &&
		    (best == NULL || m->in[i].head.time.ns < best->head.time.ns))
			best = &m->in[i];
	return best;
}

static int
merge_dispatch(void *src, int budget, source_frame_fn *fn, void *arg, struct fault *why)
{
	struct merge *m = src;
	struct input *in;
	int64_t before;
	bool alive = false;

	m->fn = fn;
	m->arg = arg;
	m->handed = 0;
	m->now = m->o.clock(m->o.arg);
	for (uint32_t i = 0; i < m->n; i++)
		if (!m->in[i].ended && !m->in[i].waits)
			(void)ask(&m->in[i], INT64_MIN);
	while (m->handed < budget && (in = earliest(m)) != NULL) {
		before = free_before(m, in);
		if (in->head.time.ns >= before &&
		    m->now.loop.ns - in->since.loop.ns < m->o.wait)
			break;
		in->waits = false;
		hand_on(in, &in->head);
		/* What follows it in the same source, as far as nobody else is before. */
		while (m->handed < budget && !in->ended && !in->waits &&
		    ask(in, before))
			continue;
	}
	for (uint32_t i = 0; i < m->n; i++)
		alive = alive || !m->in[i].ended || m->in[i].waits;
	if (m->handed > 0 || alive)
		return m->handed;
	if (!m->faulty)
		return SOURCE_END;
	if (why != NULL)
		*why = m->why;
	return SOURCE_FAULT;
}

/* What is not known of one does not hide what is known of another. */
static void
add_known(uint64_t *sum, uint64_t one)
{
	if (one != UINT64_MAX)
		*sum = (*sum == UINT64_MAX ? 0 : *sum) + one;
}

static void
merge_loss(void *src, struct source_loss *out)
{
	struct merge *m = src;
	struct source_loss one;

	out->kernel_drops = out->iface_drops = UINT64_MAX;
	for (uint32_t i = 0; i < m->n; i++) {
		source_get_loss(m->in[i].src, &one);
		add_known(&out->kernel_drops, one.kernel_drops);
		add_known(&out->iface_drops, one.iface_drops);
	}
}

/* A source whose frame waits is not polled: it may well have more to read, and that would
 * be waiting without sleeping. */
static int
merge_wait(void *src, int *fds, int most, int *ms)
{
	struct merge *m = src;
	struct input *first = earliest(m);
	struct merge_time now;
	int n = 0;
	int64_t left, by_loop;

	for (uint32_t i = 0; i < m->n; i++)
		if (!m->in[i].ended && !m->in[i].waits)
			n += source_wait(m->in[i].src, fds + n, most - n, ms);
	if (first == NULL)
		return n;
	now = m->o.clock(m->o.arg);
	left = first->head.time.ns + m->o.wait - now.wall.ns;
	by_loop = first->since.loop.ns + m->o.wait - now.loop.ns;
	if (left > by_loop)
		left = by_loop;
	if (left < LOOK_NS)
		left = LOOK_NS;
	if (left < *ms * NS_PER_MS)
		*ms = (int)(left / NS_PER_MS);
	return n;
}

/* An input that ended in a fault is away for good. */
static int
merge_ifaces(void *src, struct source_iface *out, int most)
{
	struct merge *m = src;
	int n = 0;

	for (uint32_t i = 0; i < m->n && n < most; i++, n++) {
		out[n] = (struct source_iface){ .kernel_drops = UINT64_MAX,
			.iface_drops = UINT64_MAX };
		(void)source_get_ifaces(m->in[i].src, &out[n], 1);
		if (m->in[i].ended)
			out[n].state = SOURCE_IFACE_AWAY;
		out[n].packets = m->in[i].frames;
	}
	return n;
}

static int
merge_keep_fds(void *src, int *out, int most)
{
	struct merge *m = src;
	int n = 0;

	for (uint32_t i = 0; i < m->n; i++)
		n += source_keep_fds(m->in[i].src, out + n, most - n);
	return n;
}

static void
merge_destroy(void *src)
{
	struct merge *m = src;

	if (m == NULL)
		return;
	for (size_t i = 0; i < SOURCE_IFACES_MOST; i++) {
		source_destroy(m->in[i].src);
		free(m->in[i].copy);
	}
	free(m);
}
