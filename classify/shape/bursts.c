/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bursts: does what goes up between two hosts come in equal pieces at equal times? It
 * sees times and sizes and nothing else.
 *
 * Which gap goes with which size: a burst carries what was recorded in the time before
 * it, so the bytes of burst i go with start(i) - start(i-1), and the first burst has no
 * gap. Gaps run from start to start: how long the link took to carry a burst is not the
 * recorder's doing.
 *
 * A burst is not what everyone sends alike, so what is put away is chosen with care:
 * - bursts that could be no recorder's at all (under burst.least less its tolerance) are
 *   not counted, or keep-alives would push the recording out of the twelve places;
 * - nor are bursts under burst.small of the median, once three bursts say what that is.
 *   When three periods have passed with nothing but small ones, they are the traffic:
 *   start over, or a pair that sent three large files first would never be heard again;
 * - a burst that begins within burst.gap.tolerance of the period after the last one began
 *   is the rest of it, after a stall. It cannot be the next: that would be a gap out of
 *   bounds.
 * A stall before a burst makes that gap long and the next one short; twelve bursts allow
 * two. The last piece of a recording is shorter and comes early; by then five before it
 * have said what there was to say, and the verdict fell with the sixth.
 */
#include "classify/shape/bursts.h"

#include "classify/shape/moment.h"

#include <math.h>
#include <string.h>

#define EQUAL 0.02		/* pieces cut by size; only the wording rests on it */
#define ESTABLISHED 3		/* bursts from which a median is believed */
#define RUN_MEMORY 64		/* a run remembers about so many bursts */

/* What a set of kept bursts, first..n-1, looks like. */
struct figures {
	unsigned first, n;
	double period, size;		/* medians: ns, bytes */
	unsigned gaps, sizes, equal;	/* how many are near them */
	enum pace_word pace;
};

static bool close_burst(struct bursts *b, const struct hearing *h);
static void forget(struct bursts *b);
static void purge(struct bursts *b, const struct hearing *h);
static void follow_run(struct bursts *b, const struct hearing *h);
static void measure(const struct bursts *b, const struct hearing *h, unsigned first,
    struct figures *f);
static bool holds(const struct bursts *b, const struct hearing *h, struct figures *f);
static bool fits_limits(const struct figures *f, const struct hearing *h,
    double way_bytes);
static unsigned in_a_row(const struct bursts *b, const struct hearing *h,
    const struct figures *f);
static bool late(const struct bursts *b, const struct hearing *h, unsigned first);
static bool follows(const struct bursts *b, const struct hearing *h);
static bool slope(const struct bursts *b, const struct hearing *h, double *r);
static double gap_before(const struct bursts *b, unsigned i);
static double rate_of(const struct figures *f);
static bool is_near(double v, double middle, double tolerance);
static double median(double *v, unsigned n);
static unsigned row_of(const struct hearing *h);

void
bursts_packet(struct bursts *b, const struct hearing *h, struct pkt_time now,
    uint32_t fresh)
{
	if (fresh == 0)
		return;
	(void)bursts_step(b, h, now);
	now.ns = moment_after(now, b->last);
	if (b->bytes == 0)
		b->start = now;
	b->last = now;
	b->bytes += fresh;
}

bool
bursts_step(struct bursts *b, const struct hearing *h, struct pkt_time now)
{
	if (b->bytes == 0 || moment_after(now, b->last) - b->last.ns < h->burst_gap)
		return false;
	return close_burst(b, h);
}

void
bursts_take_back(struct bursts *b, struct pkt_time when, uint32_t fresh, bool anew)
{
	if (b->bytes > fresh && when.ns >= b->start.ns) {
		b->bytes -= fresh;
		return;
	}
	b->total -= fresh < b->total ? fresh : b->total;
	if (anew)
		forget(b);
}

void
bursts_observe(const struct bursts *b, const struct hearing *h, double way_bytes,
    struct observation *o)
{
	struct figures f;
	bool regular = false;
	int64_t span;
	double r;

	OBSERVATION_SET(o, chunks_upload, b->total);
	if (b->n < ESTABLISHED) {
		OBSERVATION_SET(o, chunks_count, b->n);
		OBSERVATION_SET(o, chunks_regular, false);
		return;
	}
	regular = holds(b, h, &f);
	span = b->kept[b->n - 1].start.ns -
	    (b->run_n > 0 ? b->run.ns : b->kept[f.first].start.ns);
	regular = regular && span >= h->burst_span && fits_limits(&f, h, way_bytes);
	OBSERVATION_SET(o, chunks_count, in_a_row(b, h, &f));
	OBSERVATION_SET(o, chunks_period, (int64_t)(f.period + 0.5));
	OBSERVATION_SET(o, chunks_size, (uint64_t)(f.size + 0.5));
	OBSERVATION_SET(o, chunks_rate, rate_of(&f));
	OBSERVATION_SET(o, chunks_gaps, (double)f.gaps / (f.n - 1));
	OBSERVATION_SET(o, chunks_sizes, (double)f.sizes / f.n);
	OBSERVATION_SET(o, chunks_span, span);
	OBSERVATION_SET(o, chunks_regular, regular);
	OBSERVATION_SET(o, chunks_pace, (uint8_t)f.pace);
	OBSERVATION_SET(o, chunks_equal, f.equal >= h->burst_share * f.n);
	if (b->n == BURSTS_KEPT && slope(b, h, &r))
		OBSERVATION_SET(o, chunks_slope, r);
}

static bool
close_burst(struct bursts *b, const struct hearing *h)
{
	struct pkt_time began = b->start;
	uint64_t bytes = b->bytes;
	struct figures f;
	double since, longest = 3 * (double)h->burst_period_max;

	b->bytes = 0;
	if ((double)bytes < (double)h->burst_least * (1 - h->burst_size_tol))
		return false;
	if (b->n >= ESTABLISHED) {
		measure(b, h, 0, &f);
		since = (double)(began.ns - b->kept[b->n - 1].start.ns);
		if (since < h->burst_gap_tol * f.period) {
			b->kept[b->n - 1].bytes += bytes;
			b->total += bytes;
			return false;
		}
		if ((double)bytes < h->burst_small * f.size) {
			if (since <= 3 * f.period && since <= longest)
				return false;
			forget(b);
		}
	}
	if (b->n == BURSTS_KEPT) {
		memmove(&b->kept[0], &b->kept[1], (BURSTS_KEPT - 1) * sizeof(b->kept[0]));
		b->n--;
	}
	b->kept[b->n].start = began;
	b->kept[b->n].bytes = bytes;
	b->n++;
	b->total += bytes;
	purge(b, h);
	follow_run(b, h);
	return true;
}

static void
forget(struct bursts *b)
{
	b->n = 0;
	b->run_n = 0;
}

/* Small ones that came before anyone could know that they were small. */
static void
purge(struct bursts *b, const struct hearing *h)
{
	struct figures f;
	unsigned i, n = 0;

	if (b->n < ESTABLISHED)
		return;
	measure(b, h, 0, &f);
	for (i = 0; i < b->n; i++)
		if ((double)b->kept[i].bytes >= h->burst_small * f.size)
			b->kept[n++] = b->kept[i];
	b->n = n;
}

/* The run begins when the bursts are even and goes on while most of its bursts fit. */
static void
follow_run(struct bursts *b, const struct hearing *h)
{
	struct figures f, all;
	bool now_regular;

	if (b->n < ESTABLISHED) {
		b->run_n = 0;
		return;
	}
	now_regular = holds(b, h, &f) && f.pace == PACE_EVEN;
	if (b->run_n == 0) {
		if (!now_regular)
			return;
		b->run = b->kept[f.first].start;
		b->run_n = (uint16_t)f.n;
		b->run_gaps = (uint16_t)(f.gaps + 1);
		b->run_sizes = (uint16_t)f.sizes;
		return;
	}
	measure(b, h, 0, &all);
	b->run_n++;
	b->run_gaps += is_near(gap_before(b, b->n - 1), all.period, h->burst_gap_tol);
	b->run_sizes += is_near((double)b->kept[b->n - 1].bytes, all.size,
	    h->burst_size_tol);
	if (!now_regular && (b->run_gaps < h->burst_share * b->run_n ||
	    b->run_sizes < h->burst_share * b->run_n)) {
		b->run_n = 0;
	} else if (b->run_n >= RUN_MEMORY) {
		b->run_n /= 2;
		b->run_gaps /= 2;
		b->run_sizes /= 2;
	}
}

/* At least two bursts from `first` on. */
static void
measure(const struct bursts *b, const struct hearing *h, unsigned first,
    struct figures *f)
{
	double gap[BURSTS_KEPT], size[BURSTS_KEPT], g;
	unsigned i;

	memset(f, 0, sizeof(*f));
	f->first = first;
	f->n = b->n - first;
	for (i = 0; i < f->n; i++)
		size[i] = (double)b->kept[first + i].bytes;
	for (i = 1; i < f->n; i++)
		gap[i - 1] = gap_before(b, first + i);
	f->size = median(size, f->n);
	f->period = median(gap, f->n - 1);
	for (i = first; i < b->n; i++) {
		f->sizes += is_near((double)b->kept[i].bytes, f->size, h->burst_size_tol);
		f->equal += is_near((double)b->kept[i].bytes, f->size, EQUAL);
		if (i == first)
			continue;
		g = gap_before(b, i);
		f->gaps += is_near(g, f->period, h->burst_gap_tol);
	}
}

/* burst.row of them in a row, all near, or burst.share of twelve; or one of the paces that
 * are not even; and which it was. When none holds, the figures are of all that are kept. */
static bool
holds(const struct bursts *b, const struct hearing *h, struct figures *f)
{
	unsigned row = row_of(h);

	measure(b, h, 0, f);
	if (b->n == BURSTS_KEPT && f->gaps >= h->burst_share * (f->n - 1) &&
	    f->sizes >= h->burst_share * f->n)
		f->pace = PACE_EVEN;
	else if (b->n == BURSTS_KEPT && follows(b, h))
		f->pace = PACE_ELAPSED;
	if (f->pace != PACE_NONE || b->n < row)
		return f->pace != PACE_NONE;
	measure(b, h, b->n - row, f);
	if (f->gaps == f->n - 1 && f->sizes == f->n)
		f->pace = PACE_EVEN;
	else if (late(b, h, b->n - row))
		f->pace = PACE_LATE;
	else
		measure(b, h, 0, f);
	return f->pace != PACE_NONE;
}

/* Even sizes, and starts that lie near a line: a recorder's lateness does not add up,
 * what a person or a program waits between two does. */
static bool
late(const struct bursts *b, const struct hearing *h, unsigned first)
{
	double size[BURSTS_KEPT], n = b->n - first, middle, period, my = 0, xx = 0, xy = 0;
	double at, x;
	unsigned i;

	for (i = first; i < b->n; i++) {
		size[i - first] = (double)b->kept[i].bytes;
		my += (double)(b->kept[i].start.ns - b->kept[first].start.ns) / n;
	}
	middle = median(size, b->n - first);
	for (i = first; i < b->n; i++) {
		at = (double)(b->kept[i].start.ns - b->kept[first].start.ns);
		x = i - first - (n - 1) / 2;
		xx += x * x;
		xy += x * (at - my);
		if (!is_near((double)b->kept[i].bytes, middle, h->burst_late_size))
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

/* Sizes that are a rate times the time before them. */
static bool
follows(const struct bursts *b, const struct hearing *h)
{
	double rate[BURSTS_KEPT], sorted[BURSTS_KEPT], middle, gap, r;
	unsigned i, n = b->n - 1, fit = 0;

	if (!slope(b, h, &r) || r < h->burst_follow_r)
		return false;
	for (i = 0; i < n; i++) {
		gap = gap_before(b, i + 1);
		sorted[i] = rate[i] = (double)b->kept[i + 1].bytes / (gap > 1 ? gap : 1);
	}
	middle = median(sorted, n);
	for (i = 0; i < n; i++)
		fit += is_near(rate[i], middle, h->burst_follow);
	return fit >= h->burst_share * n;
}

static bool
fits_limits(const struct figures *f, const struct hearing *h, double way_bytes)
{
	double rate = rate_of(f);

	return f->period >= (double)h->burst_period_min &&
	    f->period <= (double)h->burst_period_max &&
	    f->size >= (double)h->burst_least && rate >= h->burst_rate_min &&
	    rate <= h->burst_rate_max && !(way_bytes >= h->burst_way);
}

/* The newest bursts that fit, counted backwards. */
static unsigned
in_a_row(const struct bursts *b, const struct hearing *h, const struct figures *f)
{
	unsigned i, n = 0;

	for (i = b->n; i > 0; i--) {
		if (!is_near((double)b->kept[i - 1].bytes, f->size, h->burst_size_tol))
			break;
		n++;
		if (i > 1 && !is_near(gap_before(b, i - 1), f->period, h->burst_gap_tol))
			break;
	}
	return n;
}

/* Correlation of a burst's bytes with the time before it: a recorder that is switched by
 * the voice sends as much as it has heard. */
static bool
slope(const struct bursts *b, const struct hearing *h, double *r)
{
	double n = b->n - 1, mx = 0, my = 0, xx = 0, yy = 0, xy = 0, dx, dy;
	unsigned i;

	for (i = 1; i < b->n; i++) {
		mx += gap_before(b, i) / n;
		my += (double)b->kept[i].bytes / n;
	}
	for (i = 1; i < b->n; i++) {
		dx = gap_before(b, i) - mx;
		dy = (double)b->kept[i].bytes - my;
		xx += dx * dx;
		yy += dy * dy;
		xy += dx * dy;
	}
	if (mx <= 0 || xx <= 0 || yy <= 0 || sqrt(xx / n) < h->burst_follow_cv * mx)
		return false;
	*r = xy / sqrt(xx) / sqrt(yy);
	return true;
}

static double
gap_before(const struct bursts *b, unsigned i)
{
	return (double)(b->kept[i].start.ns - b->kept[i - 1].start.ns);
}

/* bit/s; finite also under limits that allow bursts without a gap. */
static double
rate_of(const struct figures *f)
{
	return 8 * f->size / (f->period > 1 ? f->period : 1) * (double)NS_PER_S;
}

static bool
is_near(double v, double middle, double tolerance)
{
	return fabs(v - middle) <= tolerance * middle;
}

/* Sorts v. At most twelve. */
static double
median(double *v, unsigned n)
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

static unsigned
row_of(const struct hearing *h)
{
	return h->burst_row < ESTABLISHED ? ESTABLISHED :
	    h->burst_row > BURSTS_KEPT ? BURSTS_KEPT : (unsigned)h->burst_row;
}
