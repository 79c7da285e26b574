/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pace: the ways in which a recorder's pieces follow each other.
 *
 * Which gap goes with which size: a burst carries what was recorded in the time before
 * it, so the bytes of burst i go with start(i) - start(i-1), and the first burst has no
 * gap. Gaps run from start to start: how long the link took to carry a burst is not the
 * recorder's doing.
 *
 * Six bursts (burst.row) are enough for
 *   even     all gaps and all sizes near their medians. One that was sent again or that
 *            failed half way lies within half a period of the one it repeats; one that
 *            was missing comes later, alone or with what was due: one such in eight;
 *   late     even sizes whose starts lie near a line: a recorder's lateness does not add
 *            up, what a person or a program waits between two does;
 *   loose    gaps within burst.loose, and either equal pieces or a constant rate: who
 *            waits a random time each time, but sends all that it has;
 * and twelve for
 *   even     four of five of both (burst.share), or steps of one, two, three periods;
 *   late     gaps within burst.loose and four of five of the sizes;
 *   elapsed  sizes that follow the time before them, or that are bounded by it.
 *
 * Bounded: a recorder that is switched by the voice sends r times what it heard, and it
 * cannot have heard more than the time since the last piece. So every ratio of bytes to
 * gap lies under r, and what is missing to it is the pause. The question is whether the
 * sizes tell anything of the gaps: pauses g - B/r against g - c, where c is what a sender
 * waits whatever it sends. Both are taken for log-normal, r and c as the bursts like it
 * best; the difference of the two log likelihoods, of all bursts together, must reach
 * burst.pause.gain. Up to twice as many bursts as are kept count, for pauses as long as
 * the speech show in twelve once in five times only. What a link holds back follows the
 * time as well, but such bursts are as long as the gaps: half of the time must be idle.
 */
#include "classify/shape/pace.h"

#include <math.h>
#include <string.h>

#define EQUAL 0.02		/* pieces cut by size */
#define PAIRS (BURSTS_KEPT - 1)
#define CLOCKED 8		/* bursts on a clock that tell what it sends */
#define PAUSED (PAIRS + BURSTS_BEFORE)
#define LEFT_LEAST 0.05		/* no pause is shorter, in mean gaps */
#define SPREAD_LEAST 0.01
#define RATE_STEP 1.08		/* rates that are tried, from the largest ratio */
#define RATE_MOST 2.6		/* up to so many times that */
#define STEPS 12		/* periods without a piece that are believed */

static bool six(const struct bursts *b, const struct hearing *h, struct figures *f);
static bool twelve(const struct bursts *b, const struct hearing *h, struct figures *f);
static bool all_fit(const struct figures *f);
static bool on_grid(const struct bursts *b, const struct hearing *h, unsigned first,
    unsigned row);
static bool left_out(const struct bursts *b, const struct hearing *h, struct figures *f);
static bool late(const struct bursts *b, const struct hearing *h, unsigned first);
static bool loose(const struct bursts *b, const struct hearing *h, unsigned first);
static bool loose_gaps(const struct bursts *b, const struct hearing *h,
    const struct figures *f);
static bool follows(const struct bursts *b, const struct hearing *h);
static double correlated(const double *x, const double *y, unsigned n, double *r);
static double likely(const double *t, unsigned n, double least);
static double ratio(const struct bursts *b, unsigned i);
static unsigned row_of(const struct hearing *h);

void
pace_measure(const struct bursts *b, const struct hearing *h, unsigned first,
    struct figures *f)
{
	double gap[BURSTS_KEPT], size[BURSTS_KEPT], sum = 0, squares = 0, n;
	unsigned i;

	memset(f, 0, sizeof(*f));
	f->first = first;
	f->n = b->n - first;
	for (i = 0; i < f->n; i++) {
		size[i] = b->kept[first + i].bytes;
		sum += size[i];
		squares += size[i] * size[i];
	}
	for (i = 1; i < f->n; i++)
		gap[i - 1] = pace_gap(b, first + i);
	n = f->n;
	if (sum > 0)
		f->spread = sqrt(fmax(0, squares / n - sum / n * (sum / n))) / (sum / n);
	f->size = pace_median(size, f->n);
	f->period = pace_median(gap, f->n - 1);
	/* Finite also under limits that allow bursts without a gap. */
	f->rate = 8 * f->size / (f->period > 1 ? f->period : 1) * (double)NS_PER_S;
	for (i = first; i < b->n; i++) {
		f->sizes += pace_near(b->kept[i].bytes, f->size, h->burst_size_tol);
		f->equal += pace_near(b->kept[i].bytes, f->size, EQUAL);
		if (i > first)
			f->gaps += pace_near(pace_gap(b, i), f->period, h->burst_gap_tol);
	}
}

bool
pace_holds(const struct bursts *b, const struct hearing *h, struct figures *f)
{
	bool steady = b->timed < CLOCKED || b->sized >= h->burst_steady * b->timed;

	if (b->n == BURSTS_KEPT && twelve(b, h, f) &&
	    (steady || f->pace == PACE_ELAPSED))
		return true;
	if (b->n >= row_of(h) && steady && b->strange < h->burst_strange && six(b, h, f))
		return true;
	pace_measure(b, h, 0, f);
	return false;
}

unsigned
pace_in_a_row(const struct bursts *b, const struct hearing *h, const struct figures *f)
{
	unsigned i, n = 0;

	for (i = b->n; i > 0; i--) {
		if (!pace_near(b->kept[i - 1].bytes, f->size, h->burst_size_tol))
			break;
		n++;
		if (i > 1 && !pace_near(pace_gap(b, i - 1), f->period, h->burst_gap_tol))
			break;
	}
	return n;
}

bool
pace_slope(const struct bursts *b, const struct hearing *h, double *r)
{
	double gap[PAIRS], bytes[PAIRS], spread;

	for (unsigned i = 1; i < b->n; i++) {
		gap[i - 1] = pace_gap(b, i);
		bytes[i - 1] = b->kept[i].bytes;
	}
	spread = correlated(gap, bytes, b->n - 1, r);
	return spread > 0 && spread >= h->burst_follow_cv;
}

/* Sets r; the spread of x over its mean, 0 when there is nothing to correlate. */
static double
correlated(const double *x, const double *y, unsigned n, double *r)
{
	double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
	unsigned i;

	*r = 0;
	for (i = 0; i < n; i++) {
		mx += x[i] / n;
		my += y[i] / n;
	}
	for (i = 0; i < n; i++) {
		xx += (x[i] - mx) * (x[i] - mx);
		yy += (y[i] - my) * (y[i] - my);
		xy += (x[i] - mx) * (y[i] - my);
	}
	if (mx <= 0 || xx <= 0 || yy <= 0)
		return 0;
	*r = xy / sqrt(xx) / sqrt(yy);
	return sqrt(xx / n) / mx;
}

double
pace_gap(const struct bursts *b, unsigned i)
{
	return (double)(b->kept[i].start.ns - b->kept[i - 1].start.ns);
}

double
pace_idle(const struct bursts *b, unsigned i)
{
	return (double)(b->kept[i].start.ns - b->kept[i - 1].end.ns);
}

bool
pace_near(double v, double middle, double tolerance)
{
	return fabs(v - middle) <= tolerance * middle;
}

/* At most twelve. */
double
pace_median(double *v, unsigned n)
{
	unsigned i, j;
	double x;

	for (i = 1; i < n; i++) {
		x = v[i];
		for (j = i; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
	return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static bool
six(const struct bursts *b, const struct hearing *h, struct figures *f)
{
	unsigned row = row_of(h), first = b->n - row;

	pace_measure(b, h, first, f);
	if (all_fit(f)) {
		f->pace = PACE_EVEN;
	} else if (late(b, h, first)) {
		f->pace = PACE_LATE;
	} else if (loose(b, h, first)) {
		f->pace = PACE_LOOSE;
	} else {
		for (unsigned more = 0; more <= 2 && first >= more; more++) {
			pace_measure(b, h, first - more, f);
			if (on_grid(b, h, first - more, row)) {
				f->pace = PACE_EVEN;
				break;
			}
		}
	}
	return f->pace != PACE_NONE;
}

static bool
twelve(const struct bursts *b, const struct hearing *h, struct figures *f)
{
	struct pauses p;

	pace_measure(b, h, 0, f);
	if (f->gaps >= h->burst_share * (f->n - 1) && f->sizes >= h->burst_share * f->n) {
		f->pace = PACE_EVEN;
	} else if (f->sizes >= h->burst_share * f->n && left_out(b, h, f)) {
		f->pace = PACE_EVEN;
	} else if (f->sizes >= h->burst_share * f->n && loose_gaps(b, h, f)) {
		f->pace = PACE_LOOSE;
	} else if (follows(b, h)) {
		f->pace = PACE_ELAPSED;
	} else if (pace_pauses(b, h, &p) && p.gain >= h->burst_pause_gain) {
		f->pace = PACE_ELAPSED;
		f->rate = p.rate;
	}
	return f->pace != PACE_NONE;
}

static bool
all_fit(const struct figures *f)
{
	return f->gaps == f->n - 1 && f->sizes == f->n;
}

/*
 * Bursts within half a period of the one that stands on the clock belong to it: what was
 * sent again, or the rest of it. Such a heap fits when one of its bursts has the size, or
 * all of them together have. A step of k periods fits with the size of one (others were
 * not sent) or of k (they came together). One step or heap in eight may be odd.
 */
static bool
on_grid(const struct bursts *b, const struct hearing *h, unsigned first, unsigned row)
{
	struct figures f;
	double sum, step, k = 1;
	struct pkt_time at = b->kept[first].start;
	unsigned i, good = 0, odd = 0;
	bool fits, heap = false;

	pace_measure(b, h, first, &f);
	sum = b->kept[first].bytes;
	fits = pace_near(sum, f.size, h->burst_size_tol);
	for (i = first + 1; i <= b->n; i++) {
		double bytes = i < b->n ? b->kept[i].bytes : 0;

		step = i < b->n ? (double)(b->kept[i].start.ns - at.ns) / f.period : 1;
		if (step < 0.5) {
			sum += bytes;
			fits |= pace_near(bytes, f.size, h->burst_size_tol);
			heap = true;
			continue;
		}
		if (!fits && !pace_near(sum, k * f.size, h->burst_size_tol))
			return false;
		odd += heap || k > 1;
		good++;
		if (i == b->n)
			break;
		k = floor(step + 0.5);
		if (fabs(step - k) > h->burst_gap_tol || k > STEPS)
			return false;
		at = b->kept[i].start;
		sum = bytes;
		fits = pace_near(sum, f.size, h->burst_size_tol);
		heap = false;
	}
	return good >= row && odd <= 1;
}

/* Pieces in which nobody spoke were not sent: steps of one, two, three periods. */
static bool
left_out(const struct bursts *b, const struct hearing *h, struct figures *f)
{
	double least = pace_gap(b, 1), period = 0, step;
	unsigned i, n = 0, on = 0;

	for (i = 2; i < b->n; i++)
		least = fmin(least, pace_gap(b, i));
	for (i = 1; i < b->n; i++)
		if (pace_near(pace_gap(b, i), least, 2 * h->burst_gap_tol)) {
			period += pace_gap(b, i);
			n++;
		}
	period /= n;
	for (i = 1; i < b->n && period > 0; i++) {
		step = pace_gap(b, i) / period;
		on += step < STEPS && fabs(step - floor(step + 0.5)) <= h->burst_gap_tol;
	}
	if (n < 3 || on < b->n - 2)
		return false;
	f->gaps = on;
	f->period = period;
	f->rate = 8 * f->size / (period > 1 ? period : 1) * (double)NS_PER_S;
	return true;
}

static bool
late(const struct bursts *b, const struct hearing *h, unsigned first)
{
	double size[BURSTS_KEPT], n = b->n - first, middle, period, my = 0, xx = 0, xy = 0;
	double at, x;
	unsigned i;

	for (i = first; i < b->n; i++) {
		size[i - first] = b->kept[i].bytes;
		my += (double)(b->kept[i].start.ns - b->kept[first].start.ns) / n;
	}
	middle = pace_median(size, b->n - first);
	for (i = first; i < b->n; i++) {
		at = (double)(b->kept[i].start.ns - b->kept[first].start.ns);
		x = i - first - (n - 1) / 2;
		xx += x * x;
		xy += x * (at - my);
		if (!pace_near(b->kept[i].bytes, middle, h->burst_late_size))
			return false;
	}
	period = xy / xx;
	for (i = first; i < b->n; i++) {
		at = (double)(b->kept[i].start.ns - b->kept[first].start.ns);
		x = i - first - (n - 1) / 2;
		if (fabs(at - my - period * x) > h->burst_late * period)
			return false;
	}
	return period > 0;
}

static bool
loose(const struct bursts *b, const struct hearing *h, unsigned first)
{
	double rate[PAIRS], sorted[PAIRS], middle;
	struct figures f;
	unsigned i, n = b->n - first - 1;

	pace_measure(b, h, first, &f);
	if (!loose_gaps(b, h, &f))
		return false;
	if (f.equal == f.n)
		return true;
	for (i = 0; i < n; i++)
		sorted[i] = rate[i] = ratio(b, first + i + 1);
	middle = pace_median(sorted, n);
	for (i = 0; i < n; i++)
		if (!pace_near(rate[i], middle, h->burst_late_size) ||
		    !pace_near(b->kept[first + i + 1].bytes, f.size, h->burst_loose))
			return false;
	return true;
}

static bool
loose_gaps(const struct bursts *b, const struct hearing *h, const struct figures *f)
{
	for (unsigned i = f->first + 1; i < b->n; i++)
		if (!pace_near(pace_gap(b, i), f->period, h->burst_loose))
			return false;
	return true;
}

/* Sizes that are a rate times the time before them. */
static bool
follows(const struct bursts *b, const struct hearing *h)
{
	double rate[PAIRS], sorted[PAIRS], middle, r;
	unsigned i, n = b->n - 1, fit = 0;

	if (!pace_slope(b, h, &r) || r < h->burst_follow_r)
		return false;
	for (i = 0; i < n; i++)
		sorted[i] = rate[i] = ratio(b, i + 1);
	middle = pace_median(sorted, n);
	for (i = 0; i < n; i++)
		fit += pace_near(rate[i], middle, h->burst_follow);
	return fit >= h->burst_share * n;
}

bool
pace_pauses(const struct bursts *b, const struct hearing *h, struct pauses *best)
{
	double gap[PAUSED], bytes[PAUSED], left[PAUSED], top = 0, least = INFINITY, mean = 0;
	double r, none = -INFINITY, l, like = -INFINITY, f, sent = 0, kept = 0;
	unsigned i, n = 0;

	for (i = 0; i < b->before_n; i++, n++) {
		gap[n] = (double)b->before[i].gap;
		bytes[n] = (double)b->before[i].bytes;
	}
	for (i = 1; i < b->n; i++, n++) {
		gap[n] = pace_gap(b, i);
		bytes[n] = b->kept[i].bytes;
		sent += (double)(b->kept[i].end.ns - b->kept[i].start.ns);
		kept += gap[n];
	}
	if (b->n < BURSTS_KEPT || 2 * sent > kept ||
	    correlated(gap, bytes, n, &r) < h->burst_follow_cv || r < h->burst_pause_r)
		return false;
	for (i = 0; i < n; i++) {
		top = fmax(top, bytes[i] / fmax(gap[i], 1));
		least = fmin(least, gap[i]);
		mean += gap[i] / n;
	}
	for (f = 0; f < 1.01; f += 0.1) {
		for (i = 0; i < n; i++)
			left[i] = gap[i] - f * least;
		none = fmax(none, likely(left, n, LEFT_LEAST * mean));
	}
	for (f = 1; f < RATE_MOST; f *= RATE_STEP) {
		for (i = 0; i < n; i++)
			left[i] = gap[i] - bytes[i] / (f * top);
		l = likely(left, n, LEFT_LEAST * mean);
		if (l > like) {
			like = l;
			best->rate = 8 * f * top * (double)NS_PER_S;
		}
	}
	best->gain = n * (like - none);
	return top > 0 && isfinite(best->gain);
}

/* Log likelihood a piece of times that are log-normal, at their own mean and spread, but
 * for a constant. */
static double
likely(const double *t, unsigned n, double least)
{
	double mean = 0, squares = 0, x;

	for (unsigned i = 0; i < n; i++) {
		x = log(fmax(t[i], fmax(least, 1)));
		mean += x / n;
		squares += x * x / n;
	}
	return -mean - 0.5 * log(fmax(squares - mean * mean, SPREAD_LEAST * SPREAD_LEAST));
}

/* Bytes per ns. */
static double
ratio(const struct bursts *b, unsigned i)
{
	double gap = pace_gap(b, i);

	return b->kept[i].bytes / (gap > 1 ? gap : 1);
}

static unsigned
row_of(const struct hearing *h)
{
	return h->burst_row < 3 ? 3 : h->burst_row > BURSTS_KEPT ? BURSTS_KEPT :
	    (unsigned)h->burst_row;
}
