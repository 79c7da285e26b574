/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shared: does the same sound go to a call at the same time? A meeting of several without
 * a server sends what one microphone hears to each member; a member who has no microphone
 * answers nothing, and the way to him looks like a bug. What tells the two apart:
 *
 *	sound	bytes per second rise and fall together: one voice, an encoder each
 *	clock	frames of one length, which begin at the same moment of the sound card's
 *		buffer of 10 ms, or a whole number of buffers apart
 *
 * A program that opens the microphone beside the call hears the same sound, so the first
 * alone would excuse it; but its frames begin at a moment of their own. Where packets are
 * too late for that to be seen, and by chance in three of ten, it cannot be told from a
 * member of the meeting: hence a suspect and not nothing. Packets of one size say nothing
 * of the sound; then the clock must be seen.
 *
 * Compared is the last window of each call of the device that was answered, with the bins
 * that are open: the two meters' bins do not lie on each other, so bytes are shared out by
 * time. Which are calls is not asked: what is or was answered and keeps time, the last LEGS
 * of them. A tunnel or a game beside a meeting is then one of several and not in its place.
 */
#include "classify/observer/state.h"

#include <math.h>
#include <string.h>

/* Frames of 20, 40, 60 ms stand on it (METER_20MS), and lateness of 10 ms leaves it. */
#define DIAL (20 * NS_PER_MS)

#define SHARED (60 * NS_PER_S)	/* a window that was not compared is of it still */

static void leg_put(struct observer *o, const struct call_key *who,
    const struct meter_ext *m, const struct meter_key *k, const struct meter_window *w);
static bool same_sound(const struct observer *o, const struct call_leg *l,
    const struct meter_window *w);
static double bytes_until(const struct call_leg *l, const struct meter *open, int64_t t);
static double correlation(const double *x, const double *y);

void
shared_window(struct observer *o, struct meter_ext *m, const struct meter_key *k,
    const struct meter_window *w, struct observation *r)
{
	const struct call_key who = { r->device_key, CALL_OF_DEVICE };
	const struct legs_ext *x;

	if (r->device_key == 0 || o->o.hearing->call_same > 1)
		return;
	if (observation_known(r, FIELD_way_turned)) {
		leg_put(o, &who, m, k, w);
		return;
	}
	x = w->pass ? table_find(o->legs, &who) : NULL;
	for (unsigned i = 0; x != NULL && i < LEGS; i++)
		if (x->leg[i].serial != 0 && same_sound(o, &x->leg[i], w))
			m->way.shared = w->end;
	if (m->way.shared.ns == 0)
		return;
	OBSERVATION_SET(r, way_shared, w->end.ns - m->way.shared.ns);
	/* what a call sends as well is of the call: no upload of content unknown; but never
	 * what is faster than sound, which need not be it */
	if (w->end.ns - m->way.shared.ns < SHARED && m->flow != NULL &&
	    w->rate <= o->o.hearing->rate_max)
		more_get(o, flow_user(m->flow))->plain_done += w->bytes;
}

/* In its own place; else, when it keeps time, in that of the one over the longest. */
static void
leg_put(struct observer *o, const struct call_key *who, const struct meter_ext *m,
    const struct meter_key *k, const struct meter_window *w)
{
	struct legs_ext *x = table_find(o->legs, who);
	struct call_leg *l = NULL;
	bool is_new;

	for (unsigned i = 0; x != NULL && i < LEGS && l == NULL; i++)
		if (x->leg[i].serial == m->serial)
			l = &x->leg[i];
	if (l == NULL && !w->pass)
		return;
	if (x == NULL) {
		x = table_use(o->legs, who, &is_new);
		intern_hold(o->strings, who->id);
	}
	if (l == NULL)
		l = &x->leg[0];
	for (unsigned i = 1; l->serial != m->serial && i < LEGS; i++)
		if (x->leg[i].start.ns < l->start.ns)
			l = &x->leg[i];
	l->meter = *k;
	l->serial = m->serial;
	l->start = w->start;
	l->beat = w->beat;
	l->beats = w->beats;
	l->period = w->clock_stands ? w->period : 0;
	memcpy(l->second, w->second, sizeof(l->second));
}

/* How far two moments are apart, beyond whole buffers. */
static double
apart(const struct hearing *h, double a, double b)
{
	double buffer = (double)h->call_same_buffer, buffers = (a - b) / buffer;

	return fabs(buffers - floor(buffers + 0.5)) * buffer;
}

/* How well packets stand on the dial, 0 to 1. */
static double
strength(struct meter_beat b, double n)
{
	return n > 0 ? sqrt((double)b.re * b.re + (double)b.im * b.im) / n : 0;
}

/* When frames begin, in ns of the dial; false: it cannot be seen. */
static bool
beat_of(const struct hearing *h, struct pkt_time start, struct meter_beat b, double n,
    double *at)
{
	double r = strength(b, n);

	if (n <= 0 || n * r * r < h->clock_power_min)
		return false;
	*at = atan2(b.im, b.re) / (2 * M_PI) * DIAL + (double)(start.ns % DIAL);
	return true;
}

/* The same, or both whole buffers: of frames of 60 ms now 20 ms stands, now 60. */
static bool
kin(const struct hearing *h, int64_t a, int64_t b)
{
	return a == b || (a % h->call_same_buffer == 0 && b % h->call_same_buffer == 0);
}

static bool
same_sound(const struct observer *o, const struct call_leg *l,
    const struct meter_window *w)
{
	const struct hearing *h = o->o.hearing;
	const struct meter_ext *call = table_find(o->meters, &l->meter);
	double mine[METER_SECONDS], theirs[METER_SECONDS], a, b, before, until;
	bool seen;

	if (call == NULL || call->serial != l->serial ||
	    call->m.window.ns != l->start.ns + METER_SECONDS * NS_PER_S ||
	    w->start.ns < l->start.ns || w->end.ns > o->now.ns)
		return false;
	if (w->fano <= h->fano_max &&
	    (l->beats < h->call_same_fewer * w->beats ||
	    l->beats > h->call_same_more * w->beats))
		return false;		/* frames of another length */
	if (w->clock_stands && l->period != 0 && !kin(h, w->period, l->period))
		return false;
	seen = beat_of(h, l->start, l->beat, l->beats, &b);
	if (seen && strength(w->beat, w->beats) <
	    h->call_same_stands * strength(l->beat, l->beats))
		return false;		/* another clock: both leave equally late */
	seen = seen && beat_of(h, w->start, w->beat, w->beats, &a);
	if (seen && apart(h, a, b) > (double)h->call_same_beat)
		return false;
	if (w->constant)
		return seen;
	before = bytes_until(l, &call->m, w->start.ns);
	for (unsigned i = 0; i < METER_SECONDS; i++, before = until) {
		until = bytes_until(l, &call->m, w->start.ns + (i + 1) * NS_PER_S);
		mine[i] = w->second[i];
		theirs[i] = until - before;
	}
	return correlation(mine, theirs) >= h->call_same;
}

/* Of the call, since its closed window began: a second's bytes lie evenly in it. */
static double
bytes_until(const struct call_leg *l, const struct meter *open, int64_t t)
{
	double sum = 0, part;

	for (unsigned i = 0; i < 2 * METER_SECONDS; i++) {
		part = (double)(t - l->start.ns - i * NS_PER_S) / NS_PER_S;
		if (part <= 0)
			break;
		sum += fmin(part, 1) * (i < METER_SECONDS ? l->second[i] :
		    open->second[i - METER_SECONDS].bytes);
	}
	return sum;
}

static double
correlation(const double *x, const double *y)
{
	double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;

	for (unsigned i = 0; i < METER_SECONDS; i++) {
		mx += x[i] / METER_SECONDS;
		my += y[i] / METER_SECONDS;
	}
	for (unsigned i = 0; i < METER_SECONDS; i++) {
		xx += (x[i] - mx) * (x[i] - mx);
		yy += (y[i] - my) * (y[i] - my);
		xy += (x[i] - mx) * (y[i] - my);
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx) / sqrt(yy) : 0;
}
