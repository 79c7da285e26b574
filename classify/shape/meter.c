/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * meter: does one direction of one socket keep time? It counts, and knows no addresses,
 * no protocols and no names; whether the answer matters is for the rules.
 *
 * T1. Over ten one-second bins, c packets and b bytes a second, q the sum of squared
 * payload sizes in it: F = var(c) / mean(c) (the Fano factor) and J = var(b) / mean(q).
 * Messages that are independent of each other make a compound Poisson process, for which
 * var(b) = E[q] whatever their sizes and rate: F = J = 1. A sound card lets no second
 * hold more than another, so both go to 0 however the stream is cut up on its way. F
 * serves datagrams whose frames vary in size, J serves TCP, where a segment is not a
 * message and one that was cut into full segments is put together. U. Fano, "Ionization
 * yield of radiations. II", Phys. Rev. 72 (1947).
 *
 * T2. The same over ten four-second bins. Behind a bounded buffer the variance of a bin
 * stays what it is while its mean grows; what people and events make keeps its ratio.
 *
 * T3. Vector strength R = |sum exp(2 pi i t / T)| / n at the frame clocks of the codecs,
 * and n R^2 against chance (the Rayleigh test: p about exp(-n R^2)). Speech with pauses
 * fails all counting but its frames stay on the grid. K. V. Mardia, P. E. Jupp,
 * "Directional Statistics", Wiley 2000, ch. 6.
 *
 * The decision is Wald's sequential test with a floor, which makes it a CUSUM (E. S.
 * Page, "Continuous inspection schemes", Biometrika 41, 1954): it never ends, so its
 * error is false alerts a day and not a probability.
 */
#include "classify/shape/meter.h"

#include "classify/shape/moment.h"

#include <math.h>
#include <string.h>

#define SECONDS METER_SECONDS
#define WINDOW (SECONDS * NS_PER_S)
#define FOUR (4 * NS_PER_S)
#define SILENCE (60 * NS_PER_S)

/* Segments of at least FULL bytes, each within RUN_GAP of the one before,
 * are the beginning of a message that the next shorter segment ends. The gap is a short
 * round trip: a longer one would join what is independent. One that takes longer than
 * RUN_MOST is no message: a program that always has more to send makes full segments
 * for ever, and they vouch for nothing but themselves. */
#define FULL 1200
#define RUN_GAP (30 * NS_PER_MS)
#define RUN_MOST (500 * NS_PER_MS)

/* A card that puts segments together before they are captured (GRO, LRO), or cuts them up
 * behind the capture (TSO), shows up to 512 KiB as one. On the wire they are segments, and
 * as such they are counted: what is heard must not depend on a setting of the sensor's
 * card. This is what fits an Ethernet of 1,500 bytes, with time stamps; longer ones are
 * counted as several wherever they come from. Datagrams that were put together cannot be
 * told from long ones. */
#define SEGMENT 1448
#define SEGMENT_MOST 1460		/* without time stamps */

#define BETWEEN 3		/* windows that may fail within one sound */
#define TAIL_PASSED 4		/* windows that passed: what is told was decided */

#define CONSTANT_PACKETS 10	/* fewer equal sizes are no evidence of a constant size */

/* ms. What codecs of one packet size put into a packet: frames of 10 ms and their multiples
 * that are sent (G.711, G.729, G.722, Opus at a constant rate: no 50 and 100), 7.5 (LC3),
 * 15 and 30 (iLBC, G.723.1, LC3), 20 (GSM, AMR, Speex), 22.5 (LPC-10, MELP), 24 (MP3 at
 * 48 kHz), 36 (MP3 at 32 kHz); and buffers of 256 to 1,024 samples at 8 to 48 kHz. */
static const double frame_ms[] = { 7.5, 8, 10, 10.667, 11.61, 15, 16, 20, 21.333, 22.5, 23.22,
	24, 30, 32, 36, 40, 45, 60, 64, 80, 90, 120, 128 };
#define FRAMED_EDGES 0.6	/* variance of the packets that fall on the edges of a second */
#define FRAMED_LOST 3		/* times F: of ten seconds it is seldom a third of that */

enum {
	METER_STARTED = 1 << 0,
	METER_DATAGRAM = 1 << 1,
	METER_BLIND = 1 << 2,		/* what is under way was not always known */
	METER_STAYS = 1 << 3,		/* so it was when a window passed last */
	METER_CARRIED = 1 << 4,		/* datagrams that are a stream */
};

/* Gaps below the first are inside a pair or a batch; ns, three to the octave. */
#define GAP_LEAST (5 * NS_PER_MS)
static const uint32_t gap_from[METER_GAPS] = {
	GAP_LEAST,
	6299606, 7937006, 10000000, 12599211, 15874011, 20000000,
	25198421, 31748022, 40000000, 50396842, 63496043, 80000000,
	100793684, 126992085, 160000000, 201587368, 253984169, 320000000,
	403174736,
};

#define TICK_LONG 4.5F		/* ticks: a pause, whose ticks are not known so well */
#define TICKS_MOST 65000		/* counted; a gap is a few of them at the most */
#define TICK_NEAR 0.35F		/* of a tick: packets late by more than half hide it */
#define TICK_EACH 0.7		/* of the packets; batches of two leave half */

/* ns; 10.667, 11.61, 21.333 and 23.22 are 512 and 1024 samples at 48 and 44.1 kHz */
const double meter_clock[METER_CLOCKS] = {
	10e6, 512e9 / 48e3, 512e9 / 44.1e3, 30e6, 20e6, 1024e9 / 48e3, 1024e9 / 44.1e3,
	60e6, 40e6,
};

static void start(struct meter *m, int64_t now);
static void open_window(struct meter *m, int64_t at);
static void count_gap(struct meter *m, int64_t gap, float bytes);
static void advance_fours(struct meter *m, int64_t now);
static void clock_turns(struct meter *m, int64_t into, float n);
static void segments(struct meter *m, struct pkt_time now, uint32_t size, uint32_t n);
static void count(struct meter_bin *bin, uint32_t size, uint32_t n, double whole);
static double whole_message(struct meter *m, int64_t now, uint32_t size, uint32_t n);
static void close_window(struct meter *m, const struct hearing *h,
    struct meter_window *w);
static void passed_by(struct meter *m, int64_t windows);
static void count_sound(struct meter *m, const struct meter_window *w);
static void tell_decision(const struct meter *m, struct meter_window *w);
static float tick_of(const struct meter *m);
static bool is_framed(const struct meter *m, const struct hearing *h,
    const struct meter_window *w);
static bool is_constant(const struct meter *m, uint32_t packets);
static void measure_sizes(const struct meter *m, const struct hearing *h,
    struct meter_window *w);
static bool link_holds(const struct meter *m, const struct hearing *h,
    const struct meter_window *w);
static void measure_clock(const struct meter *m, const struct hearing *h,
    struct meter_window *w);
static double in_a_row(const struct meter *m);
static void measure_steady(const struct meter *m, const struct hearing *h,
    struct meter_window *w);
static bool window_passes(const struct meter *m, const struct hearing *h,
    const struct meter_window *w);
static bool fano_of(const struct meter_bin *const bin[], unsigned n, double *f,
    double *j);

void
meter_packet(struct meter *m, struct pkt_time now, uint32_t fresh, bool datagram)
{
	if (fresh == 0)
		return;
	if ((m->flags & METER_STARTED) == 0)
		start(m, moment_after(now, m->last));
	if (datagram)
		m->flags = (m->flags & ~(uint32_t)METER_CARRIED) | METER_DATAGRAM;
	if (datagram || fresh <= SEGMENT_MOST) {
		segments(m, now, fresh, 1);
		return;
	}
	segments(m, now, SEGMENT, fresh / SEGMENT);
	if (fresh % SEGMENT > 0)
		segments(m, now, fresh % SEGMENT, 1);
}

void
meter_carried(struct meter *m, struct pkt_time now, uint32_t fresh)
{
	meter_packet(m, now, fresh, true);
	m->flags = (m->flags & ~(uint32_t)METER_DATAGRAM) | METER_CARRIED;
	if (fresh >= FULL)
		m->full += fresh;
}

void
meter_segment(struct meter *m, struct pkt_time now, uint32_t fresh, uint32_t under_way)
{
	meter_packet(m, now, fresh, false);
	if (fresh == 0)
		return;
	if (under_way == UINT32_MAX)
		m->flags |= METER_BLIND;
	if (under_way < FULL && m->idle < UINT16_MAX)
		m->idle++;
	if (fresh < FULL)
		return;
	m->full += fresh;
	m->waiting += (double)fresh * under_way;
}

/* n segments of one size at one time. */
static void
segments(struct meter *m, struct pkt_time now, uint32_t size, uint32_t n)
{
	int64_t t = moment_after(now, m->last), into;
	double whole;

	m->packets += n;
	m->bytes += (uint64_t)size * n;
	if (t < m->origin.ns) {
		m->last.ns = t;
		return;
	}
	if (t < m->window.ns)
		t = m->window.ns;
	count_gap(m, t - m->last.ns, (float)size * (float)n);

	into = t - m->window.ns;
	whole = whole_message(m, t, size, n);
	count(&m->second[into < WINDOW ? into / NS_PER_S : SECONDS - 1], size, n, whole);
	advance_fours(m, t);
	count(&m->four[m->fours % METER_FOURS], size, n, whole);
	m->last.ns = t;

	m->sum_size += (double)size * n;
	m->sum_size2 += (double)size * size * n;
	if (size < m->size_min)
		m->size_min = size;
	if (size > m->size_max)
		m->size_max = size;
	if (m->clock_n >= METER_LOOKS)
		return;
	m->clock_n += n;
	clock_turns(m, into, (float)n);
}

/* What stands on the dials of clocks at some moment: directions, four at a time. */
typedef float four_floats __attribute__((vector_size(16)));
typedef int32_t four_ints __attribute__((vector_size(16)));
typedef uint32_t four_words __attribute__((vector_size(16)));

struct hands {
	four_floats re, im;
};

struct hand {
	float re, im;
};

/* 2^64 over the period: times a moment, the part of a turn in 64 bits, whole turns gone. */
#define TURNS(ns) ((uint64_t)(18446744073709551616.0L / (ns) + 0.5L))

/*
 * Cosine and sine of four angles, in parts of a turn of 2^32: within an eighth of the nearest
 * quarter turn a polynomial for each (Cephes, sinf.c), exact to a float's last place.
 */
static inline struct hands
hands_of(four_words turn)
{
	const four_words quarter = (turn + (1U << 29)) >> 30;
	const four_ints rest = (four_ints)(turn - (quarter << 30));
	const four_floats x = __builtin_convertvector(rest, four_floats) *
	    (float)(2 * M_PI / 4294967296.0), z = x * x;
	const four_floats sine = x + x * z * (-1.6666654611e-1f +
	    z * (8.3321608736e-3f + z * -1.9515295891e-4f));
	const four_floats cosine = 1 - 0.5f * z + z * z * (4.166664568298827e-2f +
	    z * (-1.388731625493765e-3f + z * 2.443315711809948e-5f));
	const four_words odd = -(quarter & 1);
	const four_words re = (((four_words)sine & odd) | ((four_words)cosine & ~odd)) ^
	    ((quarter + 1) >> 1 << 31);
	const four_words im = (((four_words)cosine & odd) | ((four_words)sine & ~odd)) ^
	    (quarter >> 1 << 31);

	return (struct hands){ (four_floats)re, (four_floats)im };
}

/* Their angles added: complex numbers multiplied. */
static inline struct hand
times(struct hand a, struct hand b)
{
	return (struct hand){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re };
}

/* The nine in three parts: those of half the period, four; and of 40 ms. */
static inline struct hands
phases(int64_t into, struct hands *twice, struct hand *third)
{
	const uint64_t t = (uint64_t)into;
	const struct hands by = hands_of((four_words){ (uint32_t)(t * TURNS(120e6L) >> 32),
		(uint32_t)(t * TURNS(1024e9L / 48e3L) >> 32),
		(uint32_t)(t * TURNS(1024e9L / 44.1e3L) >> 32), 0 });
	const struct hand all = { by.re[0], by.im[0] }, second = times(all, all);
	struct hand sixth;
	struct hands z;

	*third = times(second, all);
	sixth = times(*third, *third);
	z.re = (four_floats){ sixth.re, by.re[1], by.re[2], second.re };
	z.im = (four_floats){ sixth.im, by.im[1], by.im[2], second.im };
	twice->re = z.re * z.re - z.im * z.im;
	twice->im = 2 * z.re * z.im;
	return z;
}

void
meter_phases(int64_t into, float by[2][METER_CLOCKS])
{
	struct hands twice, z;
	struct hand third;

	z = phases(into, &twice, &third);
	memcpy(by[0], &twice.re, sizeof(twice.re));
	memcpy(by[0] + 4, &z.re, sizeof(z.re));
	by[0][8] = third.re;
	memcpy(by[1], &twice.im, sizeof(twice.im));
	memcpy(by[1] + 4, &z.im, sizeof(z.im));
	by[1][8] = third.im;
}

/* Adds n times what stands there. */
static inline void
turn_on(float sum[METER_CLOCKS], float n, four_floats first, four_floats next, float last)
{
	four_floats s;

	memcpy(&s, sum, sizeof(s));
	s += n * first;
	memcpy(sum, &s, sizeof(s));
	memcpy(&s, sum + 4, sizeof(s));
	s += n * next;
	memcpy(sum + 4, &s, sizeof(s));
	sum[8] += n * last;
}

static void
clock_turns(struct meter *m, int64_t into, float n)
{
	struct hands twice, z;
	struct hand third;

	z = phases(into, &twice, &third);
	turn_on(m->re, n, twice.re, z.re, third.re);
	turn_on(m->im, n, twice.im, z.im, third.im);
}

bool
meter_step(struct meter *m, const struct hearing *h, struct pkt_time now,
    struct meter_window *out)
{
	int64_t t = moment_after(now, m->last);

	if ((m->flags & METER_STARTED) == 0 || t - m->window.ns < WINDOW)
		return false;
	if (m->sum_size > 0) {
		close_window(m, h, out);
		open_window(m, m->window.ns + WINDOW);
		return true;
	}
	if (t - m->last.ns >= SILENCE) {
		m->flags &= ~(uint32_t)METER_STARTED;
		m->score = 0;
		return false;
	}
	/* One step over any number of empty windows, on the same grid. */
	passed_by(m, (t - m->window.ns) / WINDOW);
	open_window(m, t - (t - m->window.ns) % WINDOW);
	return false;
}

bool
meter_tail(const struct meter *m, const struct hearing *h, struct meter_window *out)
{
	const struct meter_bin *bin[SECONDS];
	int64_t length = m->last.ns - m->window.ns;
	unsigned n = (unsigned)(length / NS_PER_S);	/* the last one may be half a bin */
	struct meter_window *w = out;
	double mean;

	if ((m->flags & METER_STARTED) == 0 || m->passed == 0 || m->between > BETWEEN ||
	    n < 2 || n >= SECONDS)
		return false;
	memset(w, 0, sizeof(*w));
	w->start = m->window;
	w->end = m->last;
	w->filled = SECONDS - n;	/* seconds that nobody knows count for it */
	for (unsigned i = 0; i < n; i++) {
		bin[i] = &m->second[i];
		w->packets += bin[i]->packets;
		w->filled += bin[i]->packets > 0;
		w->bytes += bin[i]->bytes;
	}
	if (w->packets == 0 || !fano_of(bin, n, &w->fano, &w->bytes_fano))
		return false;
	w->rate = 8.0 * (double)w->bytes / n;
	w->pps = (double)w->packets / n;
	w->size = (double)w->bytes / w->packets;
	w->size_cv = -1;
	w->constant = is_constant(m, w->packets);
	w->framed = w->constant && is_framed(m, h, w);
	measure_clock(m, h, w);
	measure_steady(m, h, w);
	if ((m->flags & METER_STAYS) != 0 && !w->stays) {
		w->stays = w->steady_known = true;
		w->steady = h->steady_max;
	}
	/* who speaks on as fast as before has not stopped, whatever ten seconds say */
	mean = 8.0 * (double)m->bytes / ((double)(m->last.ns - m->first.ns) / NS_PER_S);
	w->pass = window_passes(m, h, w) || (m->passed >= TAIL_PASSED &&
	    w->rate >= mean / 2 && w->rate <= mean * 2);
	tell_decision(m, w);
	w->sound += m->between * WINDOW + length;
	return w->pass;
}

void
meter_take_back(struct meter *m, uint32_t fresh)
{
	if (fresh == 0 || m->packets == 0)
		return;
	m->packets--;
	m->bytes -= fresh < m->bytes ? fresh : m->bytes;
	m->flags &= ~(uint32_t)METER_STARTED;
	m->run_bytes = m->run_squares = 0;
	m->score = 0;
	m->windows = m->passed = m->clocked = m->sounded = m->between = 0;
}

void
window_observe(const struct meter_window *w, struct pkt_time first, uint64_t bytes,
    struct observation *o)
{
	OBSERVATION_SET(o, window_start, w->start.ns);
	OBSERVATION_SET(o, window_length, pkt_time_diff(w->end, w->start));
	OBSERVATION_SET(o, voice_rate, w->rate);
	OBSERVATION_SET(o, voice_packets, w->pps);
	OBSERVATION_SET(o, voice_size, w->size);
	OBSERVATION_SET(o, voice_fano, w->fano);
	OBSERVATION_SET(o, voice_filled, w->filled);
	OBSERVATION_SET(o, voice_pass, w->pass);
	if (w->steady_known) {
		OBSERVATION_SET(o, voice_steady, w->steady);
		OBSERVATION_SET(o, voice_stays, w->stays);
	}
	if (w->clock_known) {
		OBSERVATION_SET(o, voice_clock, w->clock);
		OBSERVATION_SET(o, voice_period, w->period);
	}
	if (w->clocked_known)
		OBSERVATION_SET(o, voice_clocked, w->clocked);
	OBSERVATION_SET(o, voice_score, w->score);
	OBSERVATION_SET(o, voice_windows, w->windows);
	OBSERVATION_SET(o, voice_passed, w->passed);
	OBSERVATION_SET(o, voice_seconds, w->sound);
	OBSERVATION_SET(o, voice_first, first.ns);
	OBSERVATION_SET(o, voice_upload, bytes);
	OBSERVATION_SET(o, way_media, pkt_time_diff(w->end, first));
}

void
meter_observe(const struct meter *m, const struct meter_window *w, struct observation *o)
{
	window_observe(w, m->first, m->bytes, o);
	if (w->size_cv >= 0)		/* a tail does not know */
		OBSERVATION_SET(o, voice_size_cv, w->size_cv);
	OBSERVATION_SET(o, voice_constant, w->constant);
	if (w->constant && (m->flags & METER_DATAGRAM) != 0)
		OBSERVATION_SET(o, voice_framed, w->framed);
	OBSERVATION_SET(o, voice_bytes, w->bytes_fano);
	OBSERVATION_SET(o, voice_held, w->held);
}

/* The first packet, ever or after a long silence: the bins are aligned to it. */
static void
start(struct meter *m, int64_t now)
{
	if (m->packets == 0)
		m->first.ns = now;
	m->flags |= METER_STARTED;
	m->origin.ns = now + METER_LEAD;
	m->fours = 0;
	m->between = BETWEEN + 1;	/* no sound from before goes on */
	memset(m->four, 0, sizeof(m->four));
	open_window(m, m->origin.ns);
}

static void
open_window(struct meter *m, int64_t at)
{
	m->window.ns = at;
	memset(m->second, 0, sizeof(m->second));
	memset(m->re, 0, sizeof(m->re));
	memset(m->im, 0, sizeof(m->im));
	m->tick = tick_of(m);
	m->ticked = 0;
	m->ticks = m->stepped = 0;
	memset(m->gap, 0, sizeof(m->gap));
	m->clock_n = 0;
	m->sum_size = m->sum_size2 = 0;
	m->full = m->waiting = 0;
	m->idle = 0;
	m->flags &= ~(uint32_t)METER_BLIND;
	m->size_min = UINT32_MAX;
	m->size_max = 0;
}

/* A packet belongs to the gap before it, and so do those that follow at once: all of a
 * batch were waiting for it. By bytes, because the few that describe the noise of a pause
 * keep another time. */
static void
count_gap(struct meter *m, int64_t gap, float bytes)
{
	unsigned i = m->gap_now;

	if (gap >= gap_from[0]) {
		/* mostly the one before, or near it */
		while (i + 1 < METER_GAPS && gap >= gap_from[i + 1])
			i++;
		while (gap < gap_from[i])
			i--;
		m->gap_now = (uint8_t)i;
	}
	m->gap[m->gap_now] += bytes;
	/* asked of packets of one size alone */
	if (m->tick > 0 && m->size_min == m->size_max && m->ticks < TICKS_MOST &&
	    (float)gap < TICK_LONG * m->tick) {
		float turns = (float)gap / m->tick;
		unsigned n = (unsigned)(turns + 0.5F);

		m->ticked += (float)gap;
		m->ticks = (uint16_t)(m->ticks + n);
		if (n > 0 && fabsf(turns - (float)n) <= TICK_NEAR)
			m->stepped++;
	}
}

/* Time over ticks, where each packet is a tick or more after the last; else the middle of the
 * gaps that have most bytes behind them, 12 % off at most. */
static float
tick_of(const struct meter *m)
{
	float middle = 1.1225F * GAP_LEAST;	/* of the first: a sixth of an octave */
	unsigned best = 0;

	if (m->stepped > 0 && m->stepped >= TICK_EACH * m->clock_n)
		return m->ticked / m->ticks;
	for (unsigned i = 1; i < METER_GAPS - 1; i++)
		if (m->gap[i] > m->gap[best])
			best = i;
	for (unsigned i = 0; i < best; i++)
		middle *= 1.2599F;
	return best == 0 ? 0 : middle;
}

/* Makes the 4-s bin that holds `now` the open one; empties those it passes. */
static void
advance_fours(struct meter *m, int64_t now)
{
	int64_t bin = (now - m->origin.ns) / FOUR;
	unsigned i;

	for (i = 0; i < METER_FOURS && m->fours < bin; i++)
		memset(&m->four[++m->fours % METER_FOURS], 0, sizeof(m->four[0]));
	if (m->fours < bin)		/* all are empty by now, whichever is open */
		m->fours = bin;
}

/* A message longer than a segment leaves as full ones and one that is not. What its
 * square has beyond those of its segments, when it ends; 0 before. */
static double
whole_message(struct meter *m, int64_t now, uint32_t size, uint32_t n)
{
	double more;

	if (m->run_bytes > 0 && (now - m->last.ns > RUN_GAP ||
	    now - m->run_start.ns > RUN_MOST))
		m->run_bytes = m->run_squares = 0;
	if (size >= FULL) {
		if (m->run_bytes <= 0)
			m->run_start.ns = now;
		m->run_bytes += (double)size * n;
		m->run_squares += (double)size * size * n;
		return 0;
	}
	more = m->run_bytes * m->run_bytes - m->run_squares + 2 * m->run_bytes * size;
	m->run_bytes = m->run_squares = 0;
	return more;
}

static void
count(struct meter_bin *bin, uint32_t size, uint32_t n, double whole)
{
	const uint64_t bytes = (uint64_t)size * n;

	bin->packets = bin->packets > UINT32_MAX - n ? UINT32_MAX : bin->packets + n;
	bin->bytes = bytes > UINT32_MAX - bin->bytes ? UINT32_MAX :
	    bin->bytes + (uint32_t)bytes;
	bin->squares += (double)size * size * n + whole;
}

static void
close_window(struct meter *m, const struct hearing *h, struct meter_window *w)
{
	const struct meter_bin *bin[SECONDS];
	unsigned i;

	memset(w, 0, sizeof(*w));
	w->start = m->window;
	w->end.ns = m->window.ns + WINDOW;
	for (i = 0; i < SECONDS; i++) {
		bin[i] = &m->second[i];
		w->packets += bin[i]->packets;
		w->filled += bin[i]->packets > 0;
		w->second[i] = bin[i]->bytes;
	}
	w->beat = (struct meter_beat){ m->re[METER_20MS], m->im[METER_20MS] };
	w->beats = m->clock_n;
	(void)fano_of(bin, SECONDS, &w->fano, &w->bytes_fano);
	measure_sizes(m, h, w);
	w->held = link_holds(m, h, w);
	measure_clock(m, h, w);
	advance_fours(m, w->end.ns);
	measure_steady(m, h, w);

	/* Too little so far to be worth an opinion: seen, but not judged. */
	if (m->bytes >= h->upload_min) {
		w->pass = window_passes(m, h, w);
		m->windows++;
		m->passed += w->pass;
		m->clocked += w->pass && w->clock_stands;
		count_sound(m, w);
		m->score += w->pass ? h->score_pass : h->score_fail;
		if (m->score < h->score_floor)
			m->score = h->score_floor;
	}
	if (w->pass)
		m->flags = (m->flags & ~(uint32_t)METER_STAYS) |
		    (w->stays ? METER_STAYS : 0);
	tell_decision(m, w);
}

/* So many windows that do not pass. */
static void
passed_by(struct meter *m, int64_t windows)
{
	m->between = windows > BETWEEN - m->between ? BETWEEN + 1 :
	    (uint8_t)(m->between + windows);
}

/* Somebody who is silent for a while has not shut his microphone. */
static void
count_sound(struct meter *m, const struct meter_window *w)
{
	double before = (double)(m->bytes - w->bytes), due;

	if (!w->pass) {
		passed_by(m, 1);
		return;
	}
	/* a connection that opens fails its first window as often as not */
	due = (double)w->bytes * (m->windows - 1);
	if (m->passed == 1 && m->windows <= 1 + BETWEEN && before >= due / 2 &&
	    before <= due * 2 && m->window.ns - m->first.ns < m->windows * WINDOW)
		m->sounded = m->windows - 1;
	m->sounded += 1 + (m->passed > 1 && m->between <= BETWEEN ? m->between : 0U);
	m->between = 0;
}

static void
tell_decision(const struct meter *m, struct meter_window *w)
{
	w->score = m->score;
	w->windows = m->windows;
	w->passed = m->passed;
	w->sound = m->sounded * WINDOW;
	if (m->passed > 0) {
		w->clocked = (double)m->clocked / m->passed;
		w->clocked_known = true;
	}
}

/* The open window's packets: messages of one size? A full segment is the path's size and not
 * the message's. */
static bool
is_constant(const struct meter *m, uint32_t packets)
{
	return packets >= CONSTANT_PACKETS && m->size_min == m->size_max &&
	    ((m->flags & METER_DATAGRAM) != 0 || m->size_max < FULL);
}

/* Packets of one size say as little of what they hold as packets can; but a codec's frames
 * are so far apart and not otherwise, and a packet holds one or a few of them. How far that is
 * the time between them says, in ticks: whatever was lost, a gap is one, two or three. Where
 * packets come in batches, or later than half a tick, their number says it, and what chance
 * takes away (F is the share that is missing) makes them rarer, never more frequent. */
static bool
is_framed(const struct meter *m, const struct hearing *h, const struct meter_window *w)
{
	double apart = 1e3 / w->pps;
	double lost = w->fano > FRAMED_EDGES / w->pps ? w->fano - FRAMED_EDGES / w->pps : 0;
	double least = apart * (1 - h->framed_near - FRAMED_LOST * lost);

	if (m->stepped > 0 && m->stepped >= TICK_EACH * w->packets) {
		apart = (double)m->ticked / NS_PER_MS / m->ticks;
		least = apart * (1 - h->framed_near);
	}
	for (unsigned i = 0; i < sizeof(frame_ms) / sizeof(frame_ms[0]); i++)
		if (frame_ms[i] >= least && frame_ms[i] <= apart * (1 + h->framed_near))
			return true;
	return false;
}

static void
measure_sizes(const struct meter *m, const struct hearing *h, struct meter_window *w)
{
	double n = w->packets, spread;

	w->bytes = (uint64_t)m->sum_size;
	w->rate = 8 * m->sum_size / SECONDS;
	w->pps = n / SECONDS;
	w->size = m->sum_size / n;
	spread = m->sum_size2 / n - w->size * w->size;
	w->size_cv = spread > 0 ? sqrt(spread) / w->size : 0;
	w->constant = is_constant(m, w->packets);
	w->framed = w->constant && is_framed(m, h, w);
}

/* A file over a slow uplink keeps time as well as a sound card: the link lets no second
 * hold more than another. But its sender always has more to send: every segment is full,
 * and waits in a queue, so that bytes are long under way (by Little's law the mean of
 * what is under way, over the rate). A sound card's sender runs dry between one message
 * and the next. Of QUIC the first is all that can be seen. */
static bool
link_holds(const struct meter *m, const struct hearing *h, const struct meter_window *w)
{
	if (m->full <= 0 || m->full < h->held_full * m->sum_size)
		return false;
	if ((m->flags & METER_CARRIED) != 0)
		return true;
	return (m->flags & (METER_DATAGRAM | METER_BLIND)) == 0 && m->idle <= h->held_idle &&
	    8 * m->waiting / m->full >= w->rate * (double)h->held_wait / NS_PER_S;
}

static void
measure_clock(const struct meter *m, const struct hearing *h, struct meter_window *w)
{
	double n = m->clock_n, r;
	unsigned i;

	/* A burst on the local network can stand on any clock for part of one second. */
	if (m->clock_n < h->clock_packets_min || w->filled < h->clock_active_min)
		return;
	w->clock_known = true;
	for (i = 0; i < METER_CLOCKS; i++) {
		r = sqrt((double)m->re[i] * m->re[i] + (double)m->im[i] * m->im[i]) / n;
		if (r <= w->clock)
			continue;
		w->clock = r < 1 ? r : 1;
		w->period = (int64_t)(meter_clock[i] + 0.5);
	}
	w->row = in_a_row(m);
	/* Large packets are lock-step transfers, which beat as well as any clock. */
	w->clock_stands = w->clock >= h->clock_min &&
	    n * w->clock * w->clock >= h->clock_power_min &&
	    w->row >= h->clock_row_min &&
	    (w->row >= h->clock_row_sure || w->fano <= h->clock_fano_even ||
	    w->fano >= h->clock_fano_spurts) &&
	    w->size <= (double)h->size_max;
}

/* The share of bytes that come one frame after those before, give or take a third. What
 * a timer sends when there is something to send stands on the timer's clock as well as
 * any codec, but its gaps are now one tick, now two or three. */
static double
in_a_row(const struct meter *m)
{
	double best = 0, all = 0;

	for (unsigned i = 0; i < METER_GAPS; i++) {
		double near = m->gap[i];

		all += m->gap[i];
		if (i > 0)
			near += m->gap[i - 1];
		if (i + 1 < METER_GAPS)
			near += m->gap[i + 1];
		if (near > best)
			best = near;
	}
	return all > 0 ? best / all : 0;
}

static void
measure_steady(const struct meter *m, const struct hearing *h, struct meter_window *w)
{
	const struct meter_bin *bin[SECONDS];
	unsigned i, n = m->fours < SECONDS ? (unsigned)m->fours : SECONDS;
	double f, j;

	if (n < 2 || n < h->steady_bins)
		return;
	for (i = 0; i < n; i++)
		bin[i] = &m->four[(m->fours - n + i) % METER_FOURS];
	w->steady_known = fano_of(bin, n, &f, &j);
	if (!w->steady_known)
		return;
	w->steady = f < j ? f : j;
	w->stays = w->steady <= h->steady_max;
}

static bool
window_passes(const struct meter *m, const struct hearing *h,
    const struct meter_window *w)
{
	if (w->rate < h->rate_min || w->rate > h->rate_max || w->held)
		return false;
	if ((m->flags & METER_DATAGRAM) != 0 &&
	    (w->size < (double)h->size_min || w->size > (double)h->size_max))
		return false;
	if ((m->flags & METER_CARRIED) != 0 && w->size <= (double)h->ack_max)
		return false;
	if (w->fano <= h->fano_max && w->pps >= h->packets_min &&
	    w->pps <= h->packets_max)
		return true;
	/* A datagram is a frame, or a few: fewer are readings, but on a codec's clock. */
	if (w->bytes_fano <= h->bytes_fano_max && w->filled >= h->filled_min &&
	    ((m->flags & METER_DATAGRAM) == 0 || w->pps >= h->packets_min))
		return true;
	return w->clock_stands;
}

/* F and J over n bins, population variance. False when they are empty. */
static bool
fano_of(const struct meter_bin *const bin[], unsigned n, double *f, double *j)
{
	double c = 0, b = 0, q = 0, vc = 0, vb = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		c += bin[i]->packets;
		b += bin[i]->bytes;
		q += bin[i]->squares;
	}
	*f = *j = 0;
	if (c <= 0 || q <= 0)
		return false;
	c /= n;
	b /= n;
	for (i = 0; i < n; i++) {
		vc += (bin[i]->packets - c) * (bin[i]->packets - c);
		vb += (bin[i]->bytes - b) * (bin[i]->bytes - b);
	}
	*f = vc / n / c;
	*j = vb / q;			/* both are over n bins: the n cancel */
	return true;
}
