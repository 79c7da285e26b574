/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * within: T1, T2, T3 and T5 on a range of packet sizes.
 *
 * Searching and testing are kept apart. All ranges of up to sixteen sizes are tried in
 * every window, hundreds of them, and of hundreds some pass by chance; so the window in
 * which a range is found counts only when it passes by far, and those after it decide.
 *
 * Why not take the full-size packets out and meter the rest: the rest holds the
 * acknowledgements of every download, in bursts, many more than a microphone's packets.
 *
 * A range cut out of a wide spread of sizes (the last packets of a camera's pictures) is
 * a sample of its source, and a sample of a clock does not keep time: with a share p of
 * the packets F is 1 - p.
 */
#include "classify/shape/within.h"

#include "classify/shape/moment.h"

#include <math.h>
#include <string.h>

#define SECONDS 10
#define WINDOW (SECONDS * NS_PER_S)
#define WIDTH 16		/* a codec's frames vary by less than 256 bytes */
#define FOUND 0.5		/* of the limit: what F a range is found by */
#define BETTER 0.9		/* F, of what it was: worth one more size */
#define FORGET 6		/* windows in a row that failed */
#define TWO_FOR 3		/* windows after the last that was two-way */
#define BESIDE 2U		/* sizes to each side: both ends of a call are not the same */
#define AS_LONG 0.8		/* bytes: fewer and longer packets are a voice too */
#define ANSWERS 0.03		/* of large packets: as many smaller ones acknowledge them */
#define FEEDBACK 1.0		/* F of what is answered packet by packet */

#define NARROW 6		/* sizes of a range that is taken for its weight */
#define ENOUGH 0.6		/* large ones down to one up: it may acknowledge them */
#define LARGE_MIN 60		/* in a window: fewer need no acknowledging */
#define PHASES 8000		/* packets of a window whose phase is taken */

struct sum {			/* of a range in this window */
	double n, bytes, fano;
	unsigned filled;
	uint16_t second[SECONDS];
};

static void open_window(struct within *w, int64_t at);
static unsigned size_of(uint32_t fresh);
static void turn_phases(float re[METER_CLOCKS], float im[METER_CLOCKS],
    const float by[2][METER_CLOCKS]);
static void search(struct within *w, const struct hearing *h);
static void widen(struct within *w, struct within_range *r, unsigned from);
static struct within_range *overlapping(struct within *w, unsigned low, unsigned high,
    bool failing);
static void begin(const struct within *w, struct within_range *r, unsigned low,
    unsigned high);
static struct within_range *take(struct within *w, unsigned low, unsigned high);
static bool judge(struct within *w, const struct hearing *h, struct within_range *r,
    struct within_verdict *v);
static bool clock_of(const struct within *w, const struct hearing *h,
    const struct within_range *r, const struct sum *s, struct meter_window *m);
static void steady_of(const struct hearing *h, const struct within_range *r,
    struct meter_window *m);
static bool two_way(const struct within *w, const struct hearing *h,
    struct within_range *r, const struct sum *s, struct within_verdict *v);
static bool as_much(const struct hearing *h, const struct sum *down, const struct sum *up);
static bool of_another(const struct within *w, const struct within_range *r, unsigned low,
    unsigned high);
static bool answers(const struct within *w, const struct within_range *r,
    const struct sum *s, bool clocked);
static void sum_of(const uint16_t count[][SECONDS], unsigned low, unsigned high,
    struct sum *s);
static bool keeps_time(const struct hearing *h, const struct sum *s);
static unsigned above_answers(const uint16_t count[][SECONDS],
    const uint16_t other[][SECONDS]);
static bool best_range(const struct hearing *h, const uint16_t count[][SECONDS],
    unsigned from, unsigned *low, unsigned *high, struct sum *s);
static bool heaviest(struct within *w, const struct hearing *h, unsigned from,
    unsigned *low, unsigned *high);

void
within_packet(struct within *w, struct pkt_time now, uint32_t fresh, bool up)
{
	int64_t t = moment_after(now, w->last), into;
	float by[2][METER_CLOCKS];
	unsigned k, i;
	uint16_t *c;

	if (fresh == 0)
		return;
	if (!w->started) {
		w->started = true;
		open_window(w, t);
	}
	if (t < w->window.ns)
		t = w->window.ns;
	w->last.ns = t;
	into = t - w->window.ns;
	k = size_of(fresh);
	c = &(up ? w->up : w->down)[k][into < WINDOW ? into / NS_PER_S : SECONDS - 1];
	if (*c < UINT16_MAX)
		(*c)++;
	if (!up || w->phases >= PHASES)
		return;
	w->phases++;
	meter_phases(into, by);
	turn_phases(w->re, w->im, (const float (*)[METER_CLOCKS])by);
	for (i = 0; i < WITHIN_RANGES; i++) {
		struct within_range *r = &w->range[i];

		if (!r->used || k < r->low || k > r->high)
			continue;
		r->clock_n++;
		turn_phases(r->re, r->im, (const float (*)[METER_CLOCKS])by);
	}
}

bool
within_step(struct within *w, const struct hearing *h, struct pkt_time now,
    struct within_verdict *out)
{
	int64_t t = moment_after(now, w->last);
	bool told = false;
	unsigned i;

	if (!w->started || t - w->window.ns < WINDOW)
		return false;
	if (w->last.ns < w->window.ns) {
		/* Silence of any length is one window that failed. */
		open_window(w, t - (t - w->window.ns) % WINDOW);
		for (i = 0; i < WITHIN_RANGES; i++)
			if (w->range[i].used && ++w->range[i].missed >= FORGET)
				w->range[i].used = false;
		return false;
	}
	search(w, h);
	for (i = 0; i < WITHIN_RANGES; i++) {
		struct within_verdict v;

		if (!w->range[i].used || !judge(w, h, &w->range[i], &v))
			continue;
		/* The one that is surest; of those a conversation is less sure. */
		if (told && (out->two < v.two || (out->two == v.two &&
		    out->w.score >= v.w.score)))
			continue;
		*out = v;
		told = true;
	}
	open_window(w, w->window.ns + WINDOW);
	return told;
}

void
within_observe(const struct within_verdict *v, struct observation *o)
{
	window_observe(&v->w, v->first, v->bytes, o);
	OBSERVATION_SET(o, voice_within, true);
	OBSERVATION_SET(o, way_packets, v->way_packets);
	OBSERVATION_SET(o, way_two, v->two);
}

static void
open_window(struct within *w, int64_t at)
{
	unsigned i;

	w->window.ns = at;
	memset(w->up, 0, sizeof(w->up));
	memset(w->down, 0, sizeof(w->down));
	memset(w->re, 0, sizeof(w->re));
	memset(w->im, 0, sizeof(w->im));
	w->phases = 0;
	for (i = 0; i < WITHIN_RANGES; i++) {
		memset(w->range[i].re, 0, sizeof(w->range[i].re));
		memset(w->range[i].im, 0, sizeof(w->range[i].im));
		w->range[i].clock_n = 0;
	}
}

static unsigned
size_of(uint32_t fresh)
{
	unsigned k = fresh / WITHIN_STEP;

	return k < WITHIN_SIZES ? k : WITHIN_SIZES;
}

static void
turn_phases(float re[METER_CLOCKS], float im[METER_CLOCKS],
    const float by[2][METER_CLOCKS])
{
	unsigned i;

	for (i = 0; i < METER_CLOCKS; i++) {
		re[i] += by[0][i];
		im[i] += by[1][i];
	}
}

/* What keeps time in this window, beside the ranges that do so already, widens one that
 * does not, or is followed from now on. */
static void
search(struct within *w, const struct hearing *h)
{
	uint16_t rest[WITHIN_SIZES + 1][SECONDS];
	struct within_range *r;
	unsigned low, high, from = above_answers(w->up, w->down), a, b, i;
	struct sum s, wide;

	memcpy(rest, w->up, sizeof(rest));
	for (i = 0; i < WITHIN_RANGES; i++) {
		r = &w->range[i];
		r->keeps = false;
		if (!r->used)
			continue;
		widen(w, r, from);
		sum_of(w->up, r->low, r->high, &s);
		r->keeps = keeps_time(h, &s);
		if (r->keeps)
			memset(rest[r->low], 0, sizeof(*rest) * (r->high - r->low + 1U));
	}
	if (best_range(h, rest, from > 0 ? from + 1 : 0, &low, &high, &s) ||
	    (from > 0 && (best_range(h, rest, from, &low, &high, &s) ||
	    best_range(h, rest, 0, &low, &high, &s)))) {
		r = overlapping(w, low, high, true);
		if (r != NULL) {
			a = low < r->low ? low : r->low;
			b = high > r->high ? high : r->high;
			sum_of(w->up, a, b, &wide);
			if (b - a < WIDTH && keeps_time(h, &wide)) {
				r->low = (uint8_t)a;
				r->high = (uint8_t)b;
			} else if (r->score <= 0) {
				begin(w, r, low, high);
			} else {
				r->low = (uint8_t)low;
				r->high = (uint8_t)high;
			}
		} else if ((r = take(w, low, high)) != NULL) {
			/* Of hundreds some pass: by far, or it only begins. */
			if (s.fano > FOUND * h->fano_max)
				r->score = -h->score_pass;
		}
	}
	/* Speech with pauses fails all counts; what there is most of is asked for its
	 * clock in the windows to come. */
	if (heaviest(w, h, from, &low, &high))
		(void)take(w, low, high);
}

/* A range that lacks some of its stream is a sample of it; the whole keeps time better. */
static void
widen(struct within *w, struct within_range *r, unsigned from)
{
	struct sum now, more;
	unsigned i;

	for (i = 0; i < WIDTH && r->high - r->low + 1U < WIDTH; i++) {
		sum_of(w->up, r->low, r->high, &now);
		if (r->low > from) {		/* answers may keep time as well */
			sum_of(w->up, r->low - 1U, r->high, &more);
			if (more.n > now.n && more.fano < BETTER * now.fano) {
				r->low--;
				continue;
			}
		}
		if (r->high + 1U >= WITHIN_SIZES)
			return;
		sum_of(w->up, r->low, r->high + 1U, &more);
		if (more.n <= now.n || more.fano >= BETTER * now.fano)
			return;
		r->high++;
	}
}

static struct within_range *
overlapping(struct within *w, unsigned low, unsigned high, bool failing)
{
	struct within_range *r, *best = NULL;
	unsigned i;

	for (i = 0; i < WITHIN_RANGES; i++) {
		r = &w->range[i];
		if (r->used && r->low <= high && r->high >= low && !(failing && r->keeps) &&
		    (best == NULL || r->score > best->score))
			best = r;
	}
	return best;
}

static void
begin(const struct within *w, struct within_range *r, unsigned low, unsigned high)
{
	memset(r, 0, sizeof(*r));
	r->used = true;
	r->low = (uint8_t)low;
	r->high = (uint8_t)high;
	r->first = w->window;
}

/* A free one, or that of the least score which has not begun to speak. */
static struct within_range *
take(struct within *w, unsigned low, unsigned high)
{
	struct within_range *r = NULL;
	unsigned i;

	for (i = 0; i < WITHIN_RANGES; i++) {
		struct within_range *c = &w->range[i];

		if (!c->used) {
			r = c;
			break;
		}
		if (c->score <= 0 && (r == NULL || c->score < r->score))
			r = c;
	}
	if (r == NULL)
		return NULL;
	begin(w, r, low, high);
	return r;
}

/* True when it is worth telling. */
static bool
judge(struct within *w, const struct hearing *h, struct within_range *r,
    struct within_verdict *v)
{
	struct meter_window *m = &v->w;
	struct sum s;
	bool clock, feedback;
	unsigned i;

	memset(v, 0, sizeof(*v));
	sum_of(w->up, r->low, r->high, &s);
	for (i = 0; i < SECONDS; i++)
		r->second[r->seconds++ % WITHIN_RING] = s.second[i];
	r->packets += (uint64_t)s.n;
	r->bytes += (uint64_t)s.bytes;
	m->start = w->window;
	m->end.ns = w->window.ns + WINDOW;
	m->packets = (uint32_t)s.n;
	m->bytes = (uint64_t)s.bytes;
	m->rate = 8 * s.bytes / SECONDS;
	m->pps = s.n / SECONDS;
	m->size = s.n > 0 ? s.bytes / s.n : 0;
	m->fano = s.fano;
	m->filled = s.filled;
	clock = clock_of(w, h, r, &s, m);
	steady_of(h, r, m);
	v->two = two_way(w, h, r, &s, v);
	feedback = answers(w, r, &s, clock);
	m->pass = (keeps_time(h, &s) || clock) && !feedback;
	r->windows++;
	r->passed += m->pass;
	r->clocked += m->pass && clock;
	r->missed = m->pass ? 0 : (uint8_t)(r->missed + 1);
	if (!feedback)
		r->score += m->pass ? h->score_pass : h->score_fail;
	if (r->score < h->score_floor)
		r->score = h->score_floor;
	if (r->missed >= FORGET)
		r->used = false;
	m->score = r->score;
	m->windows = r->windows;
	m->passed = r->passed;
	m->sound = r->passed * WINDOW;
	m->clock_stands = clock;
	if (r->passed > 0) {
		m->clocked = (double)r->clocked / r->passed;
		m->clocked_known = true;
	}
	v->first = r->first;
	v->bytes = r->bytes;
	return r->used && r->passed > 0;
}

/* T3 of the range. When more leaves in other sizes and stands on that clock as well, it is
 * the clock of something larger, such as pictures. */
static bool
clock_of(const struct within *w, const struct hearing *h, const struct within_range *r,
    const struct sum *s, struct meter_window *m)
{
	double n = r->clock_n, others = w->phases - n, strength;
	unsigned i, at = 0;

	if (n <= 0 || n < (double)h->clock_packets_min || s->filled < h->clock_active_min)
		return false;
	m->clock_known = true;
	for (i = 0; i < METER_CLOCKS; i++) {
		strength = hypot((double)r->re[i], (double)r->im[i]) / n;
		if (strength <= m->clock)
			continue;
		m->clock = strength < 1 ? strength : 1;
		m->period = (int64_t)(meter_clock[i] + 0.5);
		at = i;
	}
	if (m->clock < h->clock_min || n * m->clock * m->clock < h->clock_power_min ||
	    m->rate < h->rate_min || m->rate > h->rate_max ||
	    m->size < (double)h->size_min || m->size > (double)h->size_max)
		return false;
	return others <= n ||
	    hypot((double)(w->re[at] - r->re[at]), (double)(w->im[at] - r->im[at])) <
	    h->clock_min * others;
}

static void
steady_of(const struct hearing *h, const struct within_range *r, struct meter_window *m)
{
	double four[10] = { 0 }, mean = 0, spread = 0;
	unsigned i;

	if (r->seconds < 40)
		return;
	for (i = 0; i < 40; i++)
		four[i / 4] += r->second[(r->seconds - 40 + i) % WITHIN_RING];
	for (i = 0; i < 10; i++)
		mean += four[i] / 10;
	for (i = 0; i < 10; i++)
		spread += (four[i] - mean) * (four[i] - mean) / 10;
	m->steady_known = mean > 0;
	if (m->steady_known)
		m->steady = spread / mean;
	m->stays = m->steady_known && m->steady <= h->steady_max;
}

/* T5. The other end of a call sends packets of about these sizes, now or within a minute,
 * or keeps time in sizes of its own. A download does neither. */
static bool
two_way(const struct within *w, const struct hearing *h, struct within_range *r,
    const struct sum *s, struct within_verdict *v)
{
	unsigned low = r->low > BESIDE ? r->low - BESIDE : 0, high, from, a, b, i;
	unsigned now = r->windows % WITHIN_WAYS;
	struct sum down;
	double up = 0, back = 0, all;

	high = r->high + BESIDE < WITHIN_SIZES ? r->high + BESIDE : WITHIN_SIZES - 1;
	/* Nor are the answers to an upload a voice, unless one may hide in their size. */
	from = above_answers(w->down, w->up);
	if (from > r->low)
		from = 0;
	if (low < from)
		low = from;
	sum_of(w->down, low, high, &down);
	r->down += (uint64_t)down.n;
	r->way_up[now] = (uint32_t)s->n;
	r->way_down[now] = (uint32_t)down.n;
	for (i = 0; i < WITHIN_WAYS; i++) {
		up += r->way_up[i];
		back += r->way_down[i];
	}
	v->way_packets = up > 0 ? back / up : 0;
	all = r->packets > 0 ? (double)r->down / (double)r->packets : 0;
	if (all > v->way_packets)
		v->way_packets = all;
	/* One who never pauses is compared packet by packet: two who leave and one who
	 * comes are a call and a microphone. */
	if (keeps_time(h, &down) ? as_much(h, &down, s) : v->way_packets >= h->way_bytes)
		r->two_for = TWO_FOR;
	if (best_range(h, w->down, from, &a, &b, &down) && as_much(h, &down, s) &&
	    !of_another(w, r, a, b))
		r->two_for = TWO_FOR;
	if (r->two_for == 0)
		return false;
	r->two_for--;
	return true;
}

static bool
as_much(const struct hearing *h, const struct sum *down, const struct sum *up)
{
	return down->n >= h->way_packets * up->n || down->bytes >= AS_LONG * up->bytes;
}

/* Does what comes in these sizes answer another range that leaves, and not this one? */
static bool
of_another(const struct within *w, const struct within_range *r, unsigned low,
    unsigned high)
{
	unsigned i;

	if (r->low <= high + BESIDE && low <= r->high + BESIDE)
		return false;
	for (i = 0; i < WITHIN_RANGES; i++) {
		const struct within_range *q = &w->range[i];

		if (q != r && q->used && q->passed > 0 && q->missed == 0 &&
		    q->low <= high + BESIDE && low <= q->high + BESIDE)
			return true;
	}
	return false;
}

/* What comes down is acknowledged packet by packet: even, when it comes evenly. So while
 * at least as much comes down, these may be its acknowledgements, unless smaller ones are
 * there for that (or nothing acknowledges, inside a tunnel of streams) and these stand on
 * a clock or what comes down does not come evenly. */
static bool
answers(const struct within *w, const struct within_range *r, const struct sum *s,
    bool clock)
{
	struct sum down, large, smaller = { 0 };
	bool acknowledged;

	sum_of(w->down, 0, WITHIN_SIZES, &down);
	sum_of(w->down, WITHIN_SIZES, WITHIN_SIZES, &large);
	if (r->low > 0)
		sum_of(w->up, 0, r->low - 1U, &smaller);
	if (large.n < ENOUGH * s->n)
		return false;
	acknowledged = w->streams || smaller.n >= ANSWERS * large.n;
	return !acknowledged || (large.fano <= FEEDBACK && !clock);
}

static void
sum_of(const uint16_t count[][SECONDS], unsigned low, unsigned high, struct sum *s)
{
	double spread = 0;
	unsigned k, i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < SECONDS; i++) {
		uint32_t n = 0;

		for (k = low; k <= high; k++) {
			n += count[k][i];
			s->bytes += count[k][i] * (k * WITHIN_STEP + WITHIN_STEP / 2.0);
		}
		s->second[i] = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
		s->n += n;
		s->filled += n > 0;
	}
	if (s->n <= 0)
		return;
	for (i = 0; i < SECONDS; i++)
		spread += (s->second[i] - s->n / SECONDS) * (s->second[i] - s->n / SECONDS);
	s->fano = spread / s->n;
}

static bool
keeps_time(const struct hearing *h, const struct sum *s)
{
	double rate = 8 * s->bytes / SECONDS, pps = s->n / SECONDS;

	return s->n > 0 && s->fano <= h->fano_max && pps >= h->packets_min &&
	    pps <= h->packets_max && rate >= h->rate_min && rate <= h->rate_max &&
	    s->bytes >= s->n * (double)h->size_min &&
	    s->bytes <= s->n * (double)h->size_max;
}

/* The first size above those that acknowledge what comes the other way; 0: nothing
 * comes. They are the smallest of which there are enough; some are one size longer. */
static unsigned
above_answers(const uint16_t count[][SECONDS], const uint16_t other[][SECONDS])
{
	struct sum large, s;
	unsigned k;

	sum_of(other, WITHIN_SIZES, WITHIN_SIZES, &large);
	if (large.n < LARGE_MIN)
		return 0;
	for (k = 0; k < WITHIN_SIZES; k++) {
		sum_of(count, 0, k, &s);
		if (s.n >= ANSWERS * large.n)
			return k + 1;
	}
	return 0;
}

/* The range that keeps time with the most packets, weighed by how well. */
static bool
best_range(const struct hearing *h, const uint16_t count[][SECONDS], unsigned from,
    unsigned *low, unsigned *high, struct sum *out)
{
	double best = 0, worth;
	unsigned a, b;
	struct sum s;

	for (a = from; a < WITHIN_SIZES; a++)
		for (b = a; b < a + WIDTH && b < WITHIN_SIZES; b++) {
			sum_of(count, a, a, &s);
			if (s.n <= 0)
				break;		/* it begins with sizes that are there */
			sum_of(count, b, b, &s);
			if (s.n <= 0)
				continue;
			sum_of(count, a, b, &s);
			if (!keeps_time(h, &s))
				continue;
			worth = s.n * (1 - s.fano / (2 * h->fano_max));
			if (worth <= best)
				continue;
			best = worth;
			*low = a;
			*high = b;
			*out = s;
		}
	return best > 0;
}

/* The sizes with the most packets among those that nobody follows. */
static bool
heaviest(struct within *w, const struct hearing *h, unsigned from, unsigned *low,
    unsigned *high)
{
	double best = 0;
	unsigned a;
	struct sum s;

	for (a = from; a + NARROW <= WITHIN_SIZES; a++) {
		if (overlapping(w, a, a + NARROW - 1, false) != NULL)
			continue;
		sum_of(w->up, a, a, &s);
		if (s.n <= 0)
			continue;
		sum_of(w->up, a, a + NARROW - 1, &s);
		if (s.n < (double)h->clock_packets_min || s.n <= best)
			continue;
		best = s.n;
		*low = a;
		*high = a + NARROW - 1;
	}
	return best > 0;
}
