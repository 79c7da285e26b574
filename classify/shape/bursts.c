/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bursts: does what goes up come in pieces as a recorder sends them? It sees times and
 * sizes and nothing else. What the pieces are is decided here, what they mean in pace.c.
 *
 * A burst is not what everyone sends alike, so what is put away is chosen with care:
 * - bursts that could be no recorder's at all (under burst.least less its tolerance) are
 *   not counted, or keep-alives would push the recording out of the twelve places;
 * - nor are bursts under burst.small of the median, or half that of the size in which
 *   most bytes come, once three bursts say what they are. When three periods have passed with nothing but small ones,
 *   eight at least and fast enough for a recorder, they are the traffic: start over, or a pair that sent three large files first would never be heard again;
 * - a piece may come in parts: a round trip of half a second on a window that is still
 *   small, a body in three requests, a wait for "100 Continue". Parts are told by scale:
 *   silence within a piece is short beside the silence between pieces (burst.part, at
 *   most burst.part.max). Which silence is which shows with the second long one: what
 *   lies between two of the same length is put together (gather). From then on a burst
 *   that begins soon enough is the rest of the last;
 * - a burst that begins within burst.gap.tolerance of the period after the last one began
 *   is the rest of it, after a stall. It cannot be the next: that would be a gap out of
 *   bounds;
 * - what would be the rest of the last and has the size of a whole piece, when the last had
 *   no more than that, is that piece once more: it failed half way, or its answer was lost.
 *   That is believed once a piece and of few pieces. Where it happens more often the piece
 *   is what comes together, in blocks of a size, and the sender is seen anew (once_more).
 * A stall before a burst makes that gap long and the next one short; twelve bursts allow
 * two. The last piece of a recording is shorter and comes early; by then five before it
 * have said what there was to say, and the verdict fell with the sixth.
 *
 * What came before counts too, or who sends all day by a clock, in sizes of every kind,
 * would have six alike by chance every hour: of the bursts on the same clock most must
 * have had the size (timed, sized), and who sent at all times and sizes must be even for
 * a while before six are enough (strange).
 */
#include "classify/shape/bursts.h"

#include "classify/shape/moment.h"
#include "classify/shape/pace.h"

#include <math.h>
#include <string.h>

#define ESTABLISHED 3		/* bursts from which a median is believed */
#define RUN_MEMORY 64		/* a run remembers about so many bursts */
#define CLOCK_MEMORY 200
#define AGAIN 1.02		/* times the bytes: the same once more */
#define AGAIN_FEW 1		/* of the pieces that are kept, or */
#define AGAIN_SHARE 0.25
#define DOWN 0x7fffffffu
#define PART_LEAST 0.05		/* of the median: less is not even a part */
#define STRANGE_MAX 16
#define SMALL_MANY 8		/* small ones in a row that may be the traffic */

static void forget(struct bursts *b);
static bool join(struct bursts *b, const struct hearing *h, const struct burst *one);
static bool once_more(struct bursts *b);
static void gather(struct bursts *b, const struct hearing *h);
static void merge(struct bursts *b, unsigned from, unsigned to);
static void grow(struct burst *a, const struct burst *more);
static double silence(const struct bursts *b, const struct hearing *h);
static void purge(struct bursts *b, const struct hearing *h);
static double heavy(const struct bursts *b);
static bool small(struct bursts *b, const struct hearing *h, const struct burst *one);
static void follow_run(struct bursts *b, const struct hearing *h);
static void follow_clock(struct bursts *b, const struct hearing *h);
static void put_away(struct bursts *b);
static bool fits_limits(const struct bursts *b, const struct figures *f,
    const struct hearing *h, bool way);
static double way_of(const struct bursts *b, const struct figures *f);
static int64_t seconds_of(const struct bursts *b, const struct figures *f);
static uint32_t clamp(uint64_t n);

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
bursts_due(const struct bursts *b, const struct hearing *h, struct pkt_time now)
{
	return b->bytes > 0 && moment_after(now, b->last) - b->last.ns >= h->burst_gap;
}

void
bursts_received(struct bursts *b, uint64_t down, uint64_t opened)
{
	b->now.down = down;
	b->now.opened = opened;
}

bool
bursts_step(struct bursts *b, const struct hearing *h, struct pkt_time now)
{
	struct burst one;

	return bursts_take(b, h, now, &one) && bursts_closed(b, h, &one);
}

bool
bursts_take(struct bursts *b, const struct hearing *h, struct pkt_time now,
    struct burst *out)
{
	uint64_t down, opening;

	if (!bursts_due(b, h, now))
		return false;
	/* Counters may have fallen, when copies were taken back. What opens connections
	 * does not count, but no more than was sent: who asks little and gets much is no
	 * recorder, however often it connects. */
	down = b->now.down > b->then.down ? b->now.down - b->then.down : 0;
	opening = b->now.opened > b->then.opened ? b->now.opened - b->then.opened : 0;
	opening = opening < UINT32_MAX ? opening * h->burst_opening : UINT64_MAX;
	if (opening > b->bytes)
		opening = b->bytes;
	down -= down < opening ? down : opening;
	*out = (struct burst){ .start = b->start, .end = b->last,
		.bytes = clamp(b->bytes), .down = (down < DOWN ? (uint32_t)down : DOWN) & DOWN };
	b->bytes = 0;
	b->then = b->now;
	return true;
}

bool
bursts_closed(struct bursts *b, const struct hearing *h, const struct burst *one)
{
	struct figures f;
	struct burst whole = *one;
	double since, longest = 3 * (double)h->burst_period_max;

	if (whole.bytes < (double)h->burst_least * (1 - h->burst_size_tol))
		return false;
	/* Two addresses of an owner may be sent to at once. */
	if (b->n > 0)
		whole.start.ns = moment_after(whole.start, b->kept[b->n - 1].start);
	b->total += whole.bytes;
	if (b->n >= ESTABLISHED) {
		if (join(b, h, &whole))
			return true;
		pace_measure(b, h, 0, &f);
		if (b->part.bytes > 0 && (double)(whole.start.ns - b->part.end.ns) <=
		    silence(b, h)) {
			grow(&b->part, &whole);
			whole = b->part;
		}
		b->part.bytes = 0;
		since = (double)(whole.start.ns - b->kept[b->n - 1].start.ns);
		if (whole.bytes < h->burst_small * f.size) {
			if (whole.bytes >= PART_LEAST * f.size)
				b->part = whole;
			if (!small(b, h, &whole) || (since <= 3 * f.period &&
			    since <= longest)) {
				b->total -= one->bytes;
				return false;
			}
			b->part.bytes = 0;
			forget(b);
		}
	}
	if (b->n == BURSTS_KEPT)
		put_away(b);
	if (b->n >= ESTABLISHED)
		b->small = 0;
	b->kept[b->n++] = whole;
	gather(b, h);
	purge(b, h);
	follow_clock(b, h);
	follow_run(b, h);
	return true;
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

bool
bursts_anew(struct bursts *b, struct pkt_time start, struct pkt_time then)
{
	struct bursts fresh = { .start = b->start, .last = b->last, .bytes = b->bytes,
		.now = b->now, .then = b->then };

	if (b->n == 0 || start.ns < then.ns || b->kept[b->n - 1].start.ns >= then.ns)
		return false;
	*b = fresh;
	return true;
}

void
bursts_observe(const struct bursts *b, const struct hearing *h, bool way,
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
	regular = pace_holds(b, h, &f);
	span = b->kept[b->n - 1].start.ns -
	    (b->run_n > 0 ? b->run.ns : b->kept[f.first].start.ns);
	regular = regular && span >= h->burst_span && fits_limits(b, &f, h, way);
	OBSERVATION_SET(o, chunks_count, pace_in_a_row(b, h, &f));
	OBSERVATION_SET(o, chunks_period, (int64_t)(f.period + 0.5));
	OBSERVATION_SET(o, chunks_size, (uint64_t)(f.size + 0.5));
	OBSERVATION_SET(o, chunks_rate, f.rate);
	OBSERVATION_SET(o, chunks_gaps, (double)f.gaps / (f.n - 1));
	OBSERVATION_SET(o, chunks_sizes, (double)f.sizes / f.n);
	OBSERVATION_SET(o, chunks_spread, f.spread);
	OBSERVATION_SET(o, chunks_span, span);
	OBSERVATION_SET(o, chunks_regular, regular);
	if (regular && f.rate > 0)
		OBSERVATION_SET(o, chunks_seconds, seconds_of(b, &f));
	OBSERVATION_SET(o, chunks_pace, (uint8_t)f.pace);
	OBSERVATION_SET(o, chunks_equal, f.equal >= h->burst_share * f.n);
	if (way)
		OBSERVATION_SET(o, chunks_way, way_of(b, &f));
	if (b->n == BURSTS_KEPT && pace_slope(b, h, &r))
		OBSERVATION_SET(o, chunks_slope, r);
}

static void
forget(struct bursts *b)
{
	b->n = 0;
	b->run_n = 0;
	b->small = 0;
	b->blocks = false;
	b->timed = b->sized = b->before_n = 0;
}

/* Makes room for one. Of the second its gap is known, once the first is gone no more. */
static void
put_away(struct bursts *b)
{
	if (b->before_n == BURSTS_BEFORE) {
		memmove(&b->before[0], &b->before[1],
		    (BURSTS_BEFORE - 1) * sizeof(b->before[0]));
		b->before_n--;
	}
	b->before[b->before_n].gap = (float)pace_gap(b, 1);
	b->before[b->before_n++].bytes = (float)b->kept[1].bytes;
	memmove(&b->kept[0], &b->kept[1], (BURSTS_KEPT - 1) * sizeof(b->kept[0]));
	b->n--;
}

/* The rest of the last one? */
static bool
join(struct bursts *b, const struct hearing *h, const struct burst *one)
{
	struct burst *last = &b->kept[b->n - 1];
	struct figures f;
	bool equal;

	pace_measure(b, h, 0, &f);
	if ((double)(one->start.ns - last->start.ns) >= h->burst_gap_tol * f.period &&
	    (one->bytes < PART_LEAST * f.size ||
	    (double)(one->start.ns - last->end.ns) > silence(b, h)))
		return false;
	/* Not the rest of it but the whole: the last failed, or its answer was lost. */
	if (last->bytes <= one->bytes * AGAIN &&
	    pace_near(one->bytes, f.size, h->burst_size_tol)) {
		equal = pace_near(last->bytes, one->bytes, h->burst_size_tol);
		if (!equal || once_more(b)) {
			b->again = clamp((uint64_t)b->again + last->bytes);
			last->bytes = 0;
			last->again |= equal;
		}
	}
	grow(last, one);
	return true;
}

/* Is that to be believed of the newest? Where it is not, it was not of those before. */
static bool
once_more(struct bursts *b)
{
	unsigned n = 1;

	if (b->blocks)
		return false;
	for (unsigned i = 0; i < b->n; i++)
		n += b->kept[i].again;
	if (!b->kept[b->n - 1].again && (n <= AGAIN_FEW || n <= AGAIN_SHARE * b->n))
		return true;
	b->blocks = true;
	for (unsigned i = 0; i < b->n; i++)
		if (b->kept[i].again) {
			b->kept[i].bytes = clamp((uint64_t)b->kept[i].bytes * 2);
			b->kept[i].again = false;
		}
	b->again = 0;
	return false;
}

/* How long a piece may be silent: a share of the silence between pieces. */
static double
silence(const struct bursts *b, const struct hearing *h)
{
	double idle[BURSTS_KEPT], s;

	for (unsigned i = 1; i < b->n; i++)
		idle[i - 1] = pace_idle(b, i);
	s = h->burst_part * pace_median(idle, b->n - 1);
	return s < (double)h->burst_part_max ? s : (double)h->burst_part_max;
}

/* With the second of two long silences it shows what lay between them: one piece. */
static void
gather(struct bursts *b, const struct hearing *h)
{
	double idle, inner = 0;
	unsigned i, from;

	if (b->n < 4 || b->run_n > 0)
		return;
	idle = pace_idle(b, b->n - 1);
	for (from = b->n - 2; from > 0 && pace_idle(b, from) < idle / 3; from--)
		inner = fmax(inner, pace_idle(b, from));
	if (from == 0 || inner > h->burst_part * idle ||
	    inner > (double)h->burst_part_max)
		return;
	for (i = from - 1; i > 0; i--)
		inner = fmax(inner, pace_idle(b, i));
	merge(b, from, b->n - 2);
	if (inner <= h->burst_part * idle && inner <= (double)h->burst_part_max)
		merge(b, 0, from - 1);
}

static void
merge(struct bursts *b, unsigned from, unsigned to)
{
	for (unsigned i = from + 1; i <= to; i++)
		grow(&b->kept[from], &b->kept[i]);
	b->kept[from].again &= from == to;
	memmove(&b->kept[from + 1], &b->kept[to + 1],
	    (b->n - to - 1) * sizeof(b->kept[0]));
	b->n -= to - from;
}

static void
grow(struct burst *a, const struct burst *more)
{
	uint64_t down;

	a->end = more->end;
	a->bytes = clamp((uint64_t)a->bytes + more->bytes);
	down = (uint64_t)a->down + more->down;
	a->down = (down < DOWN ? (uint32_t)down : DOWN) & DOWN;
}

/* Small ones that came before anyone could know that they were small. */
static void
purge(struct bursts *b, const struct hearing *h)
{
	struct burst newest = b->kept[b->n - 1];
	double least;
	unsigned i, n = 0;
	bool many = false;

	if (b->n < ESTABLISHED)
		return;
	least = 0.5 * h->burst_small * heavy(b);
	for (i = 0; i < b->n; i++)
		if (b->kept[i].bytes >= least)
			b->kept[n++] = b->kept[i];
		else
			many |= small(b, h, &b->kept[i]);
	b->n = n;
	if (many) {
		forget(b);
		b->kept[b->n++] = newest;
	}
}

/* The size in which half of the bytes came. A median would be a heartbeat's, where many
 * of those come between two pieces. */
static double
heavy(const struct bursts *b)
{
	uint64_t total = 0, up_to, least = 0;

	for (unsigned i = 0; i < b->n; i++)
		total += b->kept[i].bytes;
	/* The least size that, with all smaller ones, has half: at most twelve rounds. */
	for (unsigned round = 0; round < b->n; round++) {
		uint64_t next = UINT64_MAX;

		up_to = 0;
		for (unsigned i = 0; i < b->n; i++)
			if (b->kept[i].bytes > least && b->kept[i].bytes < next)
				next = b->kept[i].bytes;
		for (unsigned i = 0; i < b->n; i++)
			if (b->kept[i].bytes <= next)
				up_to += b->kept[i].bytes;
		least = next;
		if (up_to * 2 >= total)
			break;
	}
	return (double)least;
}

/* One more of the small ones. True: they are many, and fast enough for a recorder's own. */
static bool
small(struct bursts *b, const struct hearing *h, const struct burst *one)
{
	double span;

	if (b->small == 0) {
		b->small_since = one->start;
		b->small_bytes = 0;
	}
	b->small = (uint8_t)(b->small + (b->small < UINT8_MAX));
	b->small_bytes += one->bytes;
	span = (double)(one->start.ns - b->small_since.ns);
	return b->small >= SMALL_MANY && 8.0 * (double)b->small_bytes * NS_PER_S >=
	    h->burst_rate_min * fmax(span, 1);
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
	now_regular = pace_holds(b, h, &f) && f.pace == PACE_EVEN;
	if (b->run_n == 0) {
		if (!now_regular)
			return;
		b->run = b->kept[f.first].start;
		b->run_n = (uint16_t)f.n;
		b->run_gaps = (uint16_t)(f.gaps + 1);
		b->run_sizes = (uint16_t)f.sizes;
		return;
	}
	pace_measure(b, h, 0, &all);
	b->run_n++;
	b->run_gaps += pace_near(pace_gap(b, b->n - 2), all.period, h->burst_gap_tol);
	b->run_sizes += pace_near(b->kept[b->n - 2].bytes, all.size, h->burst_size_tol);
	if (!now_regular && (b->run_gaps < h->burst_share * b->run_n ||
	    b->run_sizes < h->burst_share * b->run_n)) {
		b->run_n = 0;
	} else if (b->run_n >= RUN_MEMORY) {
		b->run_n /= 2;
		b->run_gaps /= 2;
		b->run_sizes /= 2;
	}
}

/* How the last but one, which is whole now, goes with the clock and with everything. */
static void
follow_clock(struct bursts *b, const struct hearing *h)
{
	struct figures f;
	double gap;
	bool size;

	if (b->n <= ESTABLISHED)
		return;
	pace_measure(b, h, 0, &f);
	gap = pace_gap(b, b->n - 2);
	size = pace_near(b->kept[b->n - 2].bytes, f.size, h->burst_size_tol);
	if (!pace_near(f.period, (double)b->clock, h->burst_gap_tol)) {
		b->clock = (float)f.period;
		b->timed = b->sized = 0;
	}
	if (pace_near(gap, f.period, h->burst_gap_tol)) {
		b->timed++;
		b->sized = (uint8_t)(b->sized + size);
		if (b->timed >= CLOCK_MEMORY) {
			b->timed /= 2;
			b->sized /= 2;
		}
	}
	if (size && pace_near(gap, f.period, h->burst_loose))
		b->strange = (uint8_t)(b->strange - (b->strange > 0));
	else
		b->strange = (uint8_t)(b->strange + 2 < STRANGE_MAX ? b->strange + 2 :
		    STRANGE_MAX);
}

static bool
fits_limits(const struct bursts *b, const struct figures *f, const struct hearing *h,
    bool way)
{
	return f->period >= (double)h->burst_period_min &&
	    f->period <= (double)h->burst_period_max &&
	    f->size >= (double)h->burst_least && f->rate >= h->burst_rate_min &&
	    f->rate <= h->burst_rate_max &&
	    !(way && way_of(b, f) >= h->burst_way);
}

/* Down over up of the bursts in question, without what opens connections. */
static double
way_of(const struct bursts *b, const struct figures *f)
{
	double up = 0, down = 0;

	/* What came before the first of them is another's. */
	for (unsigned i = f->first + 1; i < b->n; i++) {
		up += b->kept[i].bytes;
		down += b->kept[i].down;
	}
	return up > 0 ? down / up : 0;
}

static int64_t
seconds_of(const struct bursts *b, const struct figures *f)
{
	uint64_t heard = b->total - (b->again < b->total ? b->again : b->total);
	double ns = (double)heard * 8 / f->rate * (double)NS_PER_S;

	return ns < 9e18 ? (int64_t)ns : INT64_MAX;
}

static uint32_t
clamp(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}
