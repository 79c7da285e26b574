/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * early: packets that came before what they answer. The two halves of a TAP are read
 * from two interfaces, in batches and with clocks that differ by a millisecond or two,
 * and a classifier that hears the answer before the question takes the flow for
 * something else.
 *
 * TCP says so itself: a packet that acknowledges bytes nobody saw yet. What its side
 * sends then waits until those bytes came, EARLY_NS at the longest, and a flow waits
 * once at most: on half a capture they never come. Only the classifier waits; bytes,
 * meters and content are counted where they stand. Room is fixed; when it is full
 * nothing waits.
 */
#include "classify/observer/state.h"

#include <string.h>

static void feed(struct observer *o, struct flow *f, const struct packet *pkt,
    enum flow_dir dir);
static bool hold(struct observer *o, const struct flow_hit *hit);

/* A packet of a flow that the classifier still wants. */
void
early_packet(struct observer *o, const struct flow_hit *hit)
{
	struct flow_ext *x = flow_user(hit->flow);

	struct flow_more *more;

	if (hit->acked_unseen > 0 && !x->waited &&
	    (hit->flow->flags & FLOW_MIDSTREAM) == 0) {
		more = more_get(o, x);
		if (more->missing == 0)
			more->missing_at = o->now;
		more->missing += hit->acked_unseen;
		more->missing_dir = (uint8_t)!hit->dir;
	}
	if (more_of(o, x)->missing == 0) {
		feed(o, hit->flow, hit->pkt, hit->dir);
		return;
	}
	more = more_get(o, x);
	if (o->now.ns - more->missing_at.ns > EARLY_NS)
		early_release(o, hit->flow);
	if (more->missing > 0 && hit->dir != more->missing_dir && hold(o, hit))
		return;
	feed(o, hit->flow, hit->pkt, hit->dir);
	if (more->missing == 0 || hit->dir != more->missing_dir)
		return;
	more->missing -= hit->late < more->missing ? hit->late : more->missing;
	if (more->missing == 0)
		early_release(o, hit->flow);
}

/* What waits goes to the classifier, in the order it came. */
void
early_release(struct observer *o, struct flow *f)
{
	struct flow_ext *x = flow_user(f);
	struct early *all = &o->early;
	struct flow_more *more;

	x->waited = true;
	if (x->more == 0)
		return;
	more = more_get(o, x);
	more->missing = 0;
	while (more->held > 0) {
		struct early_one *first = NULL;

		for (unsigned i = 0; i < EARLY_HELD; i++) {
			struct early_one *e = &all->one[i];

			if (e->flow == f && (first == NULL || e->serial < first->serial))
				first = e;
		}
		more->held--;
		first->flow = NULL;
		all->used--;
		feed(o, f, &first->pkt, first->dir);
	}
}

/* Before the classifier is asked for its answers. */
void
early_step(struct observer *o)
{
	for (unsigned i = 0; o->early.used > 0 && i < EARLY_HELD; i++)
		if (o->early.one[i].flow != NULL)
			early_release(o, o->early.one[i].flow);
}

static void
feed(struct observer *o, struct flow *f, const struct packet *pkt, enum flow_dir dir)
{
	struct flow_ext *x = flow_user(f);
	struct flow_hit hit = { .flow = f, .pkt = pkt, .dir = dir };

	if (pkt->payload.left > 0 && dpi_wants(&x->dpi))
		dpi_packet(o->dpi, &x->dpi, f, &hit);
}

static bool
hold(struct observer *o, const struct flow_hit *hit)
{
	struct flow_ext *x = flow_user(hit->flow);
	const struct packet *pkt = hit->pkt;
	struct early *all = &o->early;
	struct early_one *e = all->one;

	if (pkt->payload.left == 0 || pkt->payload.left > pkt->l3.left ||
	    pkt->l3.left > EARLY_BYTES || all->used == EARLY_HELD)
		return false;
	while (e->flow != NULL)
		e++;
	all->used++;
	more_get(o, x)->held++;
	e->flow = hit->flow;
	e->serial = ++all->serials;
	e->dir = hit->dir;
	e->pkt = *pkt;
	e->frame = *pkt->frame;
	e->frame.bytes = NULL;		/* the classifier reads the packet alone */
	memcpy(e->bytes, pkt->l3.at, pkt->l3.left);
	e->pkt.frame = &e->frame;
	e->pkt.payload.at = e->bytes + (pkt->payload.at - pkt->l3.at);
	e->pkt.l3.at = e->bytes;
	return true;
}
