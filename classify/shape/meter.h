/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * meter: does one direction of one socket keep time? T1, T2, T3 and the sequential
 * decision.
 *
 * State of about 650 bytes, all of it inside the struct (no pointers, no allocation);
 * zeroed memory is a new meter. Bins are aligned to its first packet (METER_LEAD). A
 * window is ten one-second bins. The caller closes windows by packet time:
 *
 *	while (meter_step(m, h, now, &w))	judge w
 *	meter_packet(m, now, fresh, datagram)
 *
 * meter_step(now) must have returned false for `now` before meter_packet(now) is called.
 * Time that goes back is taken as the meter's last time. Windows without a packet are not
 * judged and not returned; after sixty seconds without a packet score and T2 bins start
 * over, and all bins are aligned anew to the next packet. Silence of any length costs one
 * step.
 */
#ifndef CLASSIFY_SHAPE_METER_H
#define CLASSIFY_SHAPE_METER_H

#include "capture/base/ptime.h"
#include "classify/shape/hearing.h"

/* The bins begin this long after the first packet, and what comes before is in none.
 * Pages that follow each other by a whole part of a second would otherwise lie on the
 * edges of the bins and fall now on this side, now on that. */
#define METER_LEAD (300 * NS_PER_MS)

#define METER_CLOCKS 9		/* 10 10.667 11.61 30, the doubles of these, 40 ms */
#define METER_20MS 4
extern const double meter_clock[METER_CLOCKS];	/* ns */

/* Where a packet stands in each clock's period: cosines, then sines. Most of the clocks are
 * parts of 120 ms, so three angles are reckoned for nine; the others are powers. */
void meter_phases(int64_t into, float by[2][METER_CLOCKS]);

#define METER_SECONDS 10	/* bins of a window */

/* Sines and heads of text are worth it for voice and wasted on a bulk upload: 400 packets a
 * second is beyond every voice stream, and a phase over four thousand packets is known as
 * well as over more, as is how much of them is text. */
#define METER_LOOKS 4000	/* packets of a window */

#define METER_FOURS 11		/* ten closed 4-s bins and the open one */

#define METER_GAPS 20		/* 5 ms to 403 ms, three to the octave, and longer ones */

struct meter_bin {
	uint32_t packets;
	uint32_t bytes;				/* both saturating */
	double squares;
};

/* Where packets stand in the period of a clock, added up. */
struct meter_beat {
	float re, im;
};

struct meter {
	struct pkt_time first, window, last;	/* first packet;
						 * start of the open window */
	struct pkt_time origin;			/* where the 4-s bins began */
	uint64_t bytes, packets;		/* ever */
	struct meter_bin second[METER_SECONDS];	/* T1: of the open window */
	struct meter_bin four[METER_FOURS];	/* T2: a ring */
	float re[METER_CLOCKS], im[METER_CLOCKS];
	uint32_t clock_n;
	float gap[METER_GAPS];			/* T3: bytes by the gap before them */
	uint8_t gap_now;			/* before this batch */
	uint8_t between;			/* windows since the last that passed,
						 * above three all the same */
	uint16_t ticks, stepped;		/* so many ticks; packets that came whole
						 * ticks after the last, or nearly */
	uint16_t idle;				/* segments that found nothing under way,
						 * saturating */
	float tick, ticked;			/* ns from packet to packet as the window before
						 * had it, or 0; ns of gaps, but of long ones */
	uint32_t flags;
	double sum_size, sum_size2;
	struct pkt_time run_start;		/* full segments of one message so far */
	double run_bytes, run_squares;		/* 0: none */
	uint32_t size_min, size_max;
	double full, waiting;			/* bytes in full segments; the same
						 * times what was under way */
	double score;
	uint32_t windows, passed, clocked;
	uint32_t sounded;			/* windows that passed, or lie between */
	int64_t fours;				/* 4-s bins closed since
						 * origin: the open one */
};

struct meter_window {
	struct pkt_time start, end;
	uint32_t packets;
	uint64_t bytes;
	double rate, pps, size, size_cv, fano, bytes_fano, steady, clock, row, clocked, score;
	int64_t period;			/* ns of the codec clock */
	uint32_t filled, windows, passed;
	bool constant, framed, held, pass, clock_stands;
	bool steady_known, stays, clock_known, clocked_known;
	uint32_t second[METER_SECONDS];	/* bytes */
	struct meter_beat beat;		/* of the clock of 20 ms, since start; of so many */
	uint32_t beats;
	int64_t sound;			/* ns: the windows that passed, short spells that did
					 * not between them, and a tail */
};

/* fresh: payload bytes seen for the first time (0 for a retransmission: then nothing
 * counts); datagram: the transport keeps message bounds (UDP), so that sizes are
 * messages. More than a segment of a stream is as many segments as it was on the wire. */
void meter_packet(struct meter *m, struct pkt_time now, uint32_t fresh, bool datagram);

/* The same for a datagram of a transport that makes a stream of them (QUIC): its bounds are no
 * message's, and how many bytes are under way cannot be seen. */
void meter_carried(struct meter *m, struct pkt_time now, uint32_t fresh);

/* The same for TCP, of which it is known how many bytes were under way when it left;
 * UINT32_MAX: it is not. */
void meter_segment(struct meter *m, struct pkt_time now, uint32_t fresh,
    uint32_t under_way);
bool meter_step(struct meter *m, const struct hearing *h, struct pkt_time now,
    struct meter_window *out);

/* The window of that time is the open one: meter_step has nothing to close. */
static inline bool
meter_open(const struct meter *m, struct pkt_time now)
{
	const uint64_t window = METER_SECONDS * (uint64_t)NS_PER_S;

	return (uint64_t)now.ns - (uint64_t)m->window.ns < window &&
	    (uint64_t)m->last.ns - (uint64_t)m->window.ns < window;
}

/* The stream has ended: what its open window holds, when the last one passed and this, as
 * far as it goes, would. It adds to how long the sound was and to nothing that is judged:
 * less than ten seconds are no evidence. */
bool meter_tail(const struct meter *m, const struct hearing *h, struct meter_window *out);

/* A packet of `fresh` bytes that was counted was none: the tap showed another one twice.
 * It leaves the sums; what was measured and judged with it in is thrown away, and the
 * meter begins anew with the next packet. */
void meter_take_back(struct meter *m, uint32_t fresh);

/* What every window has, of whatever packets, into the voice.* fields of an observation
 * (and window.start, .length): a stream's first packet, and its bytes so far. */
void window_observe(const struct meter_window *w, struct pkt_time first, uint64_t bytes,
    struct observation *o);

/* A meter's window: that, and what only a whole stream has. */
void meter_observe(const struct meter *m, const struct meter_window *w,
    struct observation *o);

#endif
