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
 * Compared is the last window of the device's call that was answered, with the bins that
 * are open: the two meters' bins do not lie on each other, so bytes are shared out by
 * time.
 */
#include "classify/observer/state.h"

#include <math.h>
#include <string.h>

#define BUFFER (10 * NS_PER_MS)
#define FEWER 0.8			/* packets of the call: lost ones */
#define MORE 1.6			/* and with what it reports of what it hears */
/* Frames of 20, 40, 60 ms stand on it (METER_20MS), and lateness of 10 ms leaves it. */
#define DIAL (20 * NS_PER_MS)

static void leg_put(struct call_leg *l, const struct meter_ext *m,
    const struct meter_key *k, const struct meter_window *w);
static bool same_sound(const struct observer *o, const struct call_leg *l,
    const struct meter_window *w);
static double bytes_until(const struct call_leg *l, const struct meter *open, int64_t t);
static double correlation(const double *x, const double *y);

void
shared_window(struct observer *o, struct meter_ext *m, const struct meter_key *k,
    const struct meter_window *w, struct observation *r)
{
	const struct call_key who = { r->device_key, CALL_OF_DEVICE };
	struct calls_ext *x = r->device_key == 0 ? NULL : table_find(o->calls, &who);

	if (x == NULL || o->o.hearing->call_same > 1)
		return;
	if (observation_known(r, FIELD_way_turned)) {
		leg_put(&x->leg, m, k, w);
		return;
	}
	if (w->pass && x->leg.serial != 0 && same_sound(o, &x->leg, w))
		m->way.shared = w->end;
	if (m->way.shared.ns != 0)
		OBSERVATION_SET(r, way_shared, w->end.ns - m->way.shared.ns);
}

static void
leg_put(struct call_leg *l, const struct meter_ext *m, const struct meter_key *k,
    const struct meter_window *w)
{
	l->meter = *k;
	l->serial = m->serial;
	l->start = w->start;
	l->beat = w->beat;
	l->beats = w->beats;
	memcpy(l->second, w->second, sizeof(l->second));
}

/* How far two moments are apart, beyond whole buffers. */
static double
apart(double a, double b)
{
	double buffers = (a - b) / BUFFER;

	return fabs(buffers - floor(buffers + 0.5)) * BUFFER;
}

/* When frames begin, in ns of the dial; false: it cannot be seen. */
static bool
beat_of(const struct hearing *h, struct pkt_time start, struct meter_beat b, double n,
    double *at)
{
	double r2 = (double)b.re * b.re + (double)b.im * b.im;

	if (n <= 0 || r2 < h->clock_power_min * n)
		return false;
	*at = atan2(b.im, b.re) / (2 * M_PI) * DIAL + (double)(start.ns % DIAL);
	return true;
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
	    (l->beats < FEWER * w->beats || l->beats > MORE * w->beats))
		return false;		/* frames of another length */
	seen = beat_of(h, w->start, w->beat, w->beats, &a) &&
	    beat_of(h, l->start, l->beat, l->beats, &b);
	if (seen && apart(a, b) > (double)h->call_same_beat)
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
