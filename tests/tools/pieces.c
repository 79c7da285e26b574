/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pieces: T6 over thousands of invented senders. Recorders: the share found with the
 * sixth, the twelfth and the fortieth piece. Habits of people and programs: how many of
 * the days simulated had an alert, and with how many an hour's limit would have rung.
 *
 * usage: pieces [RUNS] [DAYS] [WORD]; the dice are the same every time.
 *        pieces bound: the most that anybody could find of a recorder that waits for a voice.
 *
 * A sender says when it sends how many bytes; `carry` makes packets of them as a link of
 * a rate and a round trip would: a full window, silence until it is acknowledged, a
 * window twice as large.
 */
#include "classify/shape/bursts.h"
#include "tests/unit/classify/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKETS 400000
#define DAY 86400.0

struct sender;

struct wire {
	struct dice d;
	struct {
		double t;
		uint32_t up, down;
		unsigned piece;		/* pieces so far */
		unsigned opened;	/* connections so far */
	} p[PACKETS];
	unsigned n, pieces, opened;
	double rate, rtt;		/* of the up-link: bit/s, s */
};

struct sender {
	const char *name;
	bool recorder;
	unsigned due;			/* pieces in which it must be found */
	void (*send)(struct wire *w, const struct sender *s, double until);
	double period, bitrate, vary, jitter, a, b;
};

static void
packet(struct wire *w, double t, double up, double down)
{
	if (w->n == PACKETS)
		return;
	w->p[w->n].t = t;
	w->p[w->n].up = (uint32_t)up;
	w->p[w->n].down = (uint32_t)down;
	w->p[w->n].opened = w->opened;
	w->p[w->n++].piece = w->pieces;
}

/* Returns when the last byte went. */
static double
carry(struct wire *w, double t, double bytes)
{
	double window = 14000, sent = 0;

	for (; bytes >= 1; bytes -= 1400) {
		packet(w, t, bytes > 1400 ? 1400 : bytes, 0);
		t += 1400 * 8 / w->rate;
		sent += 1400;
		if (sent >= window && w->rtt > 0 && bytes > 1400) {
			double busy = window * 8 / w->rate;

			t += w->rtt > busy ? w->rtt - busy : 0;
			window *= 2;
			sent = 0;
		}
	}
	return t;
}

static double
piece(struct wire *w, double t, double bytes)
{
	w->pieces++;
	return carry(w, t, bytes);
}

/* ---- recorders ---- */

/* a: overhead of a request; jitter: lateness on a grid, share of the period. */
static void
periodic(struct wire *w, const struct sender *s, double until)
{
	double t0 = s->period * dice_uniform(&w->d);

	for (unsigned i = 0; t0 + i * s->period < until; i++)
		piece(w, t0 + i * s->period + s->jitter * s->period *
		    (2 * dice_uniform(&w->d) - 1) + 0.02 * dice_uniform(&w->d),
		    s->a + s->bitrate / 8 * s->period * fmax(0.3, dice_normal(&w->d, 1,
		    s->vary)));
}

/* Waits a random time each time; b != 0: what was recorded meanwhile is sent. */
static void
wanders(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0; t < until;) {
		double gap = s->period * (1 + s->jitter * (2 * dice_uniform(&w->d) - 1));

		t += gap;
		piece(w, t, s->bitrate / 8 * (s->b != 0 ? gap : s->period) *
		    fmax(0.3, dice_normal(&w->d, 1, s->vary)));
	}
}

/* Speech of about `period`, log-normal, then a pause of a; b: what still is recorded of
 * the pause. */
static void
switched(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0; t < until;) {
		double speech = s->period * exp(dice_normal(&w->d, 0, 0.6));
		double pause = dice_exponential(&w->d, s->a);

		speech = fmax(speech, 1) + s->b;
		t += speech;
		piece(w, t, s->bitrate / 8 * speech * fmax(0.3, dice_normal(&w->d, 1, s->vary)));
		t += pause;
	}
}

/* Length uniform in period..a, no pause or one of b. */
static void
uniform_length(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0; t < until;) {
		double l = s->period + (s->a - s->period) * dice_uniform(&w->d);

		t += l + (s->b > 0 ? dice_exponential(&w->d, s->b) : 0);
		piece(w, t, s->bitrate / 8 * l * fmax(0.3, dice_normal(&w->d, 1, s->vary)));
	}
}

/* Length uniform in period..a, pause uniform in jitter..b. */
static void
spells(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0; t < until;) {
		double l = s->period + (s->a - s->period) * dice_uniform(&w->d);

		t += l + s->jitter + (s->b - s->jitter) * dice_uniform(&w->d);
		piece(w, t, s->bitrate / 8 * l * fmax(0.3, dice_normal(&w->d, 1, s->vary)));
	}
}

/* Pieces of one length; those with nobody speaking are not sent (share a). */
static void
skips(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0; t < until; t += s->period)
		if (dice_uniform(&w->d) >= s->a)
			piece(w, t + 0.05 * dice_uniform(&w->d), s->bitrate / 8 *
			    s->period * fmax(0.3, dice_normal(&w->d, 1, s->vary)));
}

/* Share a goes wrong. b: 1 sent twice, 2 half and then whole, 3 a period late and two
 * at once, 4 an outage of several periods and all at once, 5 any of them. */
static void
retries(struct wire *w, const struct sender *s, double until)
{
	unsigned owed = 0;

	for (double t = 0, e; t < until; t += s->period) {
		double size = s->bitrate / 8 * s->period *
		    fmax(0.3, dice_normal(&w->d, 1, s->vary));
		int kind = (int)s->b == 5 ? 1 + (int)(4 * dice_uniform(&w->d)) : (int)s->b;

		if (owed > 0) {
			if (--owed > 0)
				continue;
			e = t;
			for (unsigned i = 0; i < 1 + (kind == 4 ? 3 : 1); i++)
				e = piece(w, e + 0.05, size);
			continue;
		}
		if (dice_uniform(&w->d) >= s->a) {
			piece(w, t + 0.05 * dice_uniform(&w->d), size);
			continue;
		}
		if (kind == 1) {
			e = piece(w, t, size);
			carry(w, e + s->period * (0.05 + 0.2 * dice_uniform(&w->d)), size);
		} else if (kind == 2) {
			e = piece(w, t, size * (0.2 + 0.6 * dice_uniform(&w->d)));
			carry(w, e + s->period * (0.05 + 0.2 * dice_uniform(&w->d)), size);
		} else {
			owed = kind == 3 ? 1 : 3;
		}
	}
}

/* Parts with the server's thought between; a: parts, b: seconds between; jitter: small
 * traffic beside, bytes every 7 s. */
static void
parts(struct wire *w, const struct sender *s, double until)
{
	double beat = 3;

	for (double t = 1; t < until; t += s->period) {
		double size = s->bitrate / 8 * s->period *
		    fmax(0.3, dice_normal(&w->d, 1, s->vary)), e = t;

		for (; s->jitter > 0 && beat < t; beat += 7)
			packet(w, beat, s->jitter, 200);
		w->pieces++;
		for (int i = 0; i < (int)s->a; i++)
			e = carry(w, e, size / s->a) + s->b * (0.7 + 0.6 *
			    dice_uniform(&w->d));
		for (; s->jitter > 0 && beat < e; beat += 7)
			;
	}
}

/* One block to `a` of them, all of b bytes, jitter s apart: what is due is cut. */
static void
blocks(struct wire *w, const struct sender *s, double until)
{
	for (double t = 1; t < until; t += s->period) {
		unsigned n = 1 + (unsigned)(s->a * dice_uniform(&w->d));

		w->pieces++;
		for (double e = t; n > 0; n--)
			e = carry(w, e, s->b) + s->jitter;
	}
}

/* A connection for each piece: a hello, certificates down, then the body. a: bytes up
 * and b: bytes down that open it. */
static void
connects(struct wire *w, const struct sender *s, double until)
{
	for (double t = 1; t < until; t += s->period) {
		w->pieces++;
		w->opened++;
		packet(w, t, s->a, 0);
		packet(w, t + 0.02, 0, s->b);
		carry(w, t + 0.04, s->bitrate / 8 * s->period *
		    fmax(0.3, dice_normal(&w->d, 1, s->vary)));
		packet(w, t + 0.2, 0, 400);
	}
}

/* ---- habits ---- */

/* Every so often, give or take; jitter: spread of gaps, a: spread of sizes. */
static void
saves(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0; t < until;) {
		/* Forty in a row, then an hour of something else. */
		for (unsigned i = 0; i < 40 && t < until; i++) {
			piece(w, t, fmax(5000, s->b * dice_normal(&w->d, 1, s->a)));
			t += fmax(1, s->period * dice_normal(&w->d, 1, s->jitter));
		}
		t += dice_exponential(&w->d, 3600);
	}
}

/* By a clock, log-normal sizes of spread a around b that keep a memory of c (vary). */
static void
flushes(struct wire *w, const struct sender *s, double until)
{
	double sd = sqrt(log(1 + s->a * s->a)), x = dice_normal(&w->d, 0, sd);

	for (double t = s->period * dice_uniform(&w->d); t < until; t += s->period) {
		x = s->vary * x + sqrt(1 - s->vary * s->vary) * dice_normal(&w->d, 0, sd);
		piece(w, t + s->jitter * s->period * dice_uniform(&w->d),
		    s->b * exp(x));
	}
}

/* At random times, exponential; sizes log-normal of spread a around b. */
static void
random_times(struct wire *w, const struct sender *s, double until)
{
	double sd = sqrt(log(1 + s->a * s->a));

	for (double t = 0; t < until; t += dice_exponential(&w->d, s->period))
		piece(w, t, s->b * exp(dice_normal(&w->d, 0, sd)));
}

/* Office telemetry: heaps of some uploads, minutes apart. */
static void
heaps(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0; t < until; t += dice_exponential(&w->d, s->period))
		for (unsigned i = 0, n = 1 + (unsigned)(6 * dice_uniform(&w->d)); i < n; i++) {
			t += 0.3 + dice_exponential(&w->d, 4);
			piece(w, t, s->b * exp(dice_normal(&w->d, 0, 1)));
		}
}

/* A buffer that is sent when full (b bytes) or after the period; lines come at random,
 * busy hours and quiet ones. */
static void
full_buffer(struct wire *w, const struct sender *s, double until)
{
	double t = 0, since = 0, have = 0, busy = 1;

	while (t < until) {
		if (dice_uniform(&w->d) < 0.002)
			busy = exp(dice_normal(&w->d, 0, 1));
		t += dice_exponential(&w->d, s->a / busy);
		have += 100 + dice_exponential(&w->d, 200);
		if (have >= s->b || t - since >= s->period) {
			piece(w, t, have);
			have = 0;
			since = t;
		}
	}
}

/* At random times, all that came since, at a rate that differs by a each time: a program
 * that waits, then empties a queue. */
static void
since_then(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0, gap; t < until;) {
		gap = s->period / 2 + dice_exponential(&w->d, s->period / 2);
		t += gap;
		piece(w, t, s->b / s->period * gap * exp(dice_normal(&w->d, 0, s->a)));
	}
}

/* Files one after another, over a link of `bitrate`. */
static void
queue(struct wire *w, const struct sender *s, double until)
{
	w->rate = s->bitrate;
	for (double t = 0; t < until; t += dice_exponential(&w->d, 3600))
		for (unsigned i = 0; i < 30; i++)
			t = piece(w, t, s->b * exp(dice_normal(&w->d, 0, s->a))) + 0.3 +
			    s->period * dice_uniform(&w->d);
}

/* On a grid of `period`, when there is something (share jitter), log-normal sizes. */
static void
ticks(struct wire *w, const struct sender *s, double until)
{
	for (double t = 0; t < until; t += s->period)
		if (dice_uniform(&w->d) < s->jitter)
			piece(w, t, s->b * exp(dice_normal(&w->d, 0, s->a)));
}

static const struct sender senders[] = {
#define R(n, f, ...) { n, true, 6, f, __VA_ARGS__ }
#define V(n, f, ...) { n, true, 12, f, __VA_ARGS__ }
#define H(n, f, ...) { n, false, 0, f, __VA_ARGS__ }
	R("2 s, 24 kbit/s, CBR", periodic, 2, 24e3, 0.005, 0, 300, 0),
	R("20 s, 24 kbit/s, CBR", periodic, 20, 24e3, 0.005, 0, 900, 0),
	R("60 s, 8 kbit/s, CBR", periodic, 60, 8e3, 0.005, 0, 900, 0),
	R("600 s, 32 kbit/s, VBR 5 %", periodic, 600, 32e3, 0.05, 0, 900, 0),
	R("20 s, VBR 10 %", periodic, 20, 24e3, 0.10, 0, 900, 0),
	R("20 s, VBR 15 %", periodic, 20, 24e3, 0.15, 0, 900, 0),
	R("30 s, CBR, late by 5 %", periodic, 30, 24e3, 0.01, 0.05, 900, 0),
	R("30 s, CBR, late by 10 %", periodic, 30, 24e3, 0.01, 0.10, 900, 0),
	R("30 s, CBR, late by 20 %", periodic, 30, 24e3, 0.01, 0.20, 900, 0),
	R("30 s, VBR 5 %, late by 20 %", periodic, 30, 24e3, 0.05, 0.20, 900, 0),
	R("30 s, VBR 10 %, late by 10 %", periodic, 30, 24e3, 0.10, 0.10, 900, 0),
	R("30 s, VBR 10 %, late by 20 %", periodic, 30, 24e3, 0.10, 0.20, 900, 0),
	R("30 s +- 10 %, pieces alike", wanders, 30, 24e3, 0.02, 0.10, 0, 0),
	R("30 s +- 20 %, pieces alike", wanders, 30, 24e3, 0.02, 0.20, 0, 0),
	R("30 s +- 20 %, alike, VBR 10 %", wanders, 30, 24e3, 0.10, 0.20, 0, 0),
	R("30 s +- 10 %, all since then", wanders, 30, 24e3, 0.02, 0.10, 0, 1),
	R("30 s +- 20 %, all since then", wanders, 30, 24e3, 0.02, 0.20, 0, 1),
	R("30 s +- 20 %, all, VBR 5 %", wanders, 30, 24e3, 0.05, 0.20, 0, 1),
	R("30 s +- 20 %, all, VBR 10 %", wanders, 30, 24e3, 0.10, 0.20, 0, 1),
	R("twice: 5 %", retries, 20, 24e3, 0.01, 0, 0.05, 1),
	R("twice: 15 %", retries, 20, 24e3, 0.01, 0, 0.15, 1),
	R("half, then whole: 15 %", retries, 20, 24e3, 0.01, 0, 0.15, 2),
	R("late, then two at once: 10 %", retries, 20, 24e3, 0.01, 0, 0.10, 3),
	R("outage, then all: 5 %", retries, 20, 24e3, 0.01, 0, 0.05, 4),
	R("any of these: 10 %, VBR 5 %", retries, 20, 24e3, 0.05, 0, 0.10, 5),
	R("3 parts, 0.5 s between", parts, 20, 24e3, 0.02, 0, 3, 0.5),
	R("3 parts, 0.5 s, 30 s, beats", parts, 30, 24e3, 0.02, 300, 3, 0.5),
	R("head, 1 s to wait, body", parts, 15, 24e3, 0.02, 0, 2, 1),
	R("8 parts, 0.8 s, 60 s", parts, 60, 64e3, 0.05, 0, 8, 0.8),
	R("4 parts, 0.4 s, 10 s, VBR 5 %", parts, 10, 32e3, 0.05, 0, 4, 0.4),
	R("2 blocks, 0.4 s, 20 s", parts, 20, 24e3, 0, 0, 2, 0.4),
	R("4 blocks, 0.4 s, 20 s", parts, 20, 24e3, 0, 0, 4, 0.4),
	R("7 blocks, 0.4 s, 20 s", parts, 20, 24e3, 0, 0, 7, 0.4),
	R("7 blocks, 0.4 s, 60 s", parts, 60, 24e3, 0, 0, 7, 0.4),
	R("round trip 0.6 s, 20 s", periodic, 20, 24e3, 0.01, 0, 900, -0.6),
	R("round trip 0.6 s, 60 s, 64 k", periodic, 60, 64e3, 0.05, 0, 900, -0.6),
	R("round trip 0.3 s, 10 s", periodic, 10, 32e3, 0.05, 0, 900, -0.3),
	R("link 64 kbit/s, 20 s", periodic, 20, 24e3, 0.03, 0, 900, 64e3),
	R("connects, 20 s, 24 k", connects, 20, 24e3, 0.02, 0, 700, 4500),
	R("connects, 5 s, 16 k", connects, 5, 16e3, 0.02, 0, 700, 4500),
	R("connects, 10 s, 8 k", connects, 10, 8e3, 0.02, 0, 2000, 5500),
	V("15 s speech, pauses 1 s", switched, 15, 24e3, 0.05, 0, 1, 0),
	V("15 s speech, pauses 4 s", switched, 15, 24e3, 0.05, 0, 4, 0),
	V("15 s speech, pauses 8 s", switched, 15, 24e3, 0.05, 0, 8, 0),
	V("15 s speech, pauses 8 s, 2 kept", switched, 15, 24e3, 0.05, 0, 8, 2),
	V("15 s speech, pauses 15 s", switched, 15, 24e3, 0.05, 0, 15, 0),
	V("40 s speech, pauses 30 s", switched, 40, 24e3, 0.05, 0, 30, 0),
	V("15 s speech, pauses 4 s, VBR 15 %", switched, 15, 24e3, 0.15, 0, 4, 0),
	V("5-30 s, no pause", uniform_length, 5, 24e3, 0.03, 0, 30, 0),
	V("5-30 s, VBR 10 %", uniform_length, 5, 24e3, 0.10, 0, 30, 0),
	V("5-30 s, pauses 3 s", uniform_length, 5, 24e3, 0.05, 0, 30, 3),
	V("5-30 s, pauses 8 s", uniform_length, 5, 24e3, 0.05, 0, 30, 8),
	V("20 s, 1 of 3 silent, CBR", skips, 20, 24e3, 0.01, 0, 0.33, 0),
	V("20 s, 1 of 2 silent, VBR 10 %", skips, 20, 24e3, 0.10, 0, 0.5, 0),
	V("20 s, 2 of 3 silent, VBR 5 %", skips, 20, 24e3, 0.05, 0, 0.67, 0),
	V("4-18 s, pauses 3-10 s", spells, 4, 24e3, 0.05, 3, 18, 10),
	V("4-18 s, pauses 3-20 s", spells, 4, 24e3, 0.05, 3, 18, 20),
	R("5 s, twice: 15 %", retries, 5, 24e3, 0.01, 0, 0.15, 1),
	R("5 s, half, then whole: 15 %", retries, 5, 24e3, 0.01, 0, 0.15, 2),
	R("5 s, any: 10 %, VBR 5 %", retries, 5, 24e3, 0.05, 0, 0.10, 5),
	R("5 s, late by 20 %", periodic, 5, 24e3, 0.01, 0.20, 300, 0),
	H("saves, 15 s, 0.4, sizes 0.4", saves, 15, 0, 0, 0.4, 0.4, 45e3),
	H("saves, 15 s, 0.4, sizes 0.2", saves, 15, 0, 0, 0.4, 0.2, 45e3),
	H("saves, 15 s, 0.3, sizes 0.3", saves, 15, 0, 0, 0.3, 0.3, 45e3),
	H("saves, 15 s, 0.2, sizes 0.3", saves, 15, 0, 0, 0.2, 0.3, 45e3),
	H("saves, 60 s, 0.6, sizes 0.6", saves, 60, 0, 0, 0.6, 0.6, 200e3),
	H("flush 10 s, sizes 0.2", flushes, 10, 0, 0, 0.01, 0.2, 20e3),
	H("flush 10 s, sizes 0.3", flushes, 10, 0, 0, 0.01, 0.3, 20e3),
	H("flush 10 s, sizes 0.5", flushes, 10, 0, 0, 0.01, 0.5, 20e3),
	H("flush 60 s, sizes 0.3", flushes, 60, 0, 0, 0.01, 0.3, 100e3),
	H("flush 60 s, sizes 0.8", flushes, 60, 0, 0, 0.01, 0.8, 100e3),
	H("flush 60 s, sizes 0.5, memory", flushes, 60, 0, 0.8, 0.01, 0.5, 100e3),
	H("flush 300 s, sizes 0.4", flushes, 300, 0, 0, 0.02, 0.4, 300e3),
	H("metrics 15 s, 3 kB", flushes, 15, 0, 0.5, 0.01, 0.03, 3e3),
	H("metrics 60 s, 20 kB", flushes, 60, 0, 0.5, 0.01, 0.03, 20e3),
	H("metrics 15 s, 10 kB *", flushes, 15, 0, 0.5, 0.01, 0.03, 10e3),
	H("metrics 10 s, 20 kB *", flushes, 10, 0, 0.5, 0.01, 0.03, 20e3),
	H("snapshots 10 s, 60 kB *", flushes, 10, 0, 0.9, 0.01, 0.05, 60e3),
	H("snapshots 10 s, 60 kB, day 0.3", flushes, 10, 0, 0.99, 0.01, 0.3, 60e3),
	H("motion clips", random_times, 120, 0, 0, 0, 0.8, 1e6),
	H("mails, 200 kB", random_times, 600, 0, 0, 0, 1.5, 200e3),
	H("random, 20 s, alike", random_times, 20, 0, 0, 0, 0.02, 60e3),
	H("random, 20 s, 0.3", random_times, 20, 0, 0, 0, 0.3, 60e3),
	H("random, 20 s, 0.8", random_times, 20, 0, 0, 0, 0.8, 60e3),
	H("office telemetry", heaps, 180, 0, 0, 0, 0, 15e3),
	H("logs, 32 kB or 30 s, quiet", full_buffer, 30, 0, 0, 0, 0.5, 32e3),
	H("logs, 32 kB or 30 s, busy", full_buffer, 30, 0, 0, 0, 0.1, 32e3),
	H("logs, 64 kB or 60 s, busy", full_buffer, 60, 0, 0, 0, 0.07, 64e3),
	H("queue emptied, 20 s, rate 1", since_then, 20, 0, 0, 0, 1, 60e3),
	H("queue emptied, 20 s, rate 0.5", since_then, 20, 0, 0, 0, 0.5, 60e3),
	H("queue emptied, 20 s, rate 0.2 *", since_then, 20, 0, 0, 0, 0.2, 60e3),
	H("files over 256 kbit/s", queue, 2, 256e3, 0, 0, 0.5, 300e3),
	H("files over 64 kbit/s", queue, 5, 64e3, 0, 0, 0.8, 150e3),
	H("agent, 30 s, if any", ticks, 30, 0, 0, 0.5, 0.6, 60e3),
	H("sync, 10 s, if any", ticks, 10, 0, 0, 0.3, 1, 30e3),
	H("autosave, 60 s, growing", flushes, 60, 0, 0.99, 0.01, 0.5, 150e3),
	H("crash reports, chat pictures", random_times, 300, 0, 0, 0, 1, 150e3),
	H("1-2 blocks of 60 kB, 20 s", blocks, 20, 0, 0, 0.4, 2, 60e3),
	H("1-3 blocks of 60 kB, 60 s", blocks, 60, 0, 0, 0.4, 3, 60e3),
	H("1-3 blocks of 20 kB, 20 s", blocks, 20, 0, 0, 0.4, 3, 20e3),
	H("sensor hub, 5 s, 0.3", flushes, 5, 0, 0, 0.02, 0.3, 6e3),
};

/* Feeds it all; where it fired: pieces sent by then, and hours with an alert. */
static unsigned
listen(const struct wire *w, unsigned *hours, enum pace_word *pace)
{
	struct bursts b;
	struct observation o;
	unsigned first = 0;
	double rung = -1e9;
	uint64_t down = 0;

	memset(&b, 0, sizeof(b));
	for (unsigned i = 0; i <= w->n; i++) {
		double t = i == w->n ? w->p[i - 1].t + 1000 : w->p[i].t;

		if (bursts_due(&b, &limits, at(t)))
			bursts_received(&b, down, i > 0 ? w->p[i - 1].opened : 0);
		if (bursts_step(&b, &limits, at(t))) {
			memset(&o, 0, sizeof(o));
			bursts_observe(&b, &limits, true, &o);
			if (o.chunks_regular) {
				if (first == 0) {
					first = w->p[i - 1].piece;
					*pace = (enum pace_word)o.chunks_pace;
				}
				if (t - rung >= 3600) {
					rung = t;
					++*hours;
				}
			}
		}
		if (i == w->n)
			break;
		down += w->p[i].down;
		bursts_packet(&b, &limits, at(t), w->p[i].up);
	}
	return first;
}

/* ---- the bound ---- */

#define BOUND_RUNS 20000
#define BOUND_ROW 11		/* gaps of twelve pieces */
#define BOUND_BINS 4000		/* of 0.1 s */
#define BOUND_SPEECH 15.0	/* s: as `switched` sends them */

static double
speech_of(struct dice *d)
{
	return fmax(BOUND_SPEECH * exp(dice_normal(d, 0, 0.6)), 1);
}

/* The law of a gap when so much was sent: sizes say the speech to 5 %, the rest is pause. */
static double
gap_after(double gap, double said, double pause)
{
	double sum = 1e-9, z, left;

	for (z = -2.5; z <= 2.5; z += 0.25) {
		left = gap - said / (1 + 0.05 * z);
		if (left > 0)
			sum += 0.25 / sqrt(2 * M_PI) * exp(-z * z / 2 - left / pause) / pause;
	}
	return sum;
}

static unsigned
bin_of(double gap)
{
	return gap * 10 < BOUND_BINS - 1 ? (unsigned)(gap * 10) : BOUND_BINS - 1;
}

/* The likelihood ratio of a row, at the rate that it likes best. */
static double
row_likes(const double *gap, const double *said, const double *law, double pause)
{
	double best = -INFINITY, sum, rate;

	for (rate = 0.5; rate < 2; rate *= 1.03) {
		sum = 0;
		for (unsigned i = 0; i < BOUND_ROW; i++)
			sum += log(gap_after(gap[i], said[i] * rate, pause) /
			    fmax(law[bin_of(gap[i])], 1e-9));
		best = fmax(best, sum);
	}
	return best;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Neyman and Pearson: no test finds more than the ratio of the likelihoods, here of one who
 * knows the laws of speech and pause and only the codec's rate not. By chance: gaps as
 * these, and sizes that have nothing to do with them. */
static void
bound(void)
{
	static const double pauses[] = { 4, 8, 15 };
	static double law[BOUND_BINS], true_row[BOUND_RUNS], chance[BOUND_RUNS];
	struct dice d = { 71 };

	printf("of twelve pieces, at two false ones in a thousand\n");
	for (unsigned k = 0; k < 3; k++) {
		double gap[BOUND_ROW], said[BOUND_ROW], other[BOUND_ROW];
		unsigned found = 0;

		memset(law, 0, sizeof(law));
		for (unsigned i = 0; i < 2000000; i++)
			law[bin_of(speech_of(&d) + dice_exponential(&d, pauses[k]))] += 10 / 2e6;
		for (unsigned r = 0; r < BOUND_RUNS; r++) {
			for (unsigned i = 0; i < BOUND_ROW; i++) {
				double s = speech_of(&d);

				gap[i] = s + dice_exponential(&d, pauses[k]);
				said[i] = s * dice_normal(&d, 1, 0.05);
				other[i] = speech_of(&d);
			}
			true_row[r] = row_likes(gap, said, law, pauses[k]);
			chance[r] = row_likes(gap, other, law, pauses[k]);
		}
		qsort(chance, BOUND_RUNS, sizeof(chance[0]), ascending);
		for (unsigned r = 0; r < BOUND_RUNS; r++)
			found += true_row[r] > chance[BOUND_RUNS * 998 / 1000];
		printf("15 s speech, pauses %2.0f s: %.0f %%\n", pauses[k],
		    100.0 * found / BOUND_RUNS);
	}
}

int
main(int argc, char **argv)
{
	unsigned runs = argc > 1 ? (unsigned)atoi(argv[1]) : 500;
	unsigned days = argc > 2 ? (unsigned)atoi(argv[2]) : 50;
	const char *word = argc > 3 ? argv[3] : "";
	struct wire *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return 1;
	if (argc > 1 && strcmp(argv[1], "bound") == 0) {
		bound();
		free(w);
		return 0;
	}
	printf("%-36s %7s %7s %7s   pace\n", "recorder", "in 6", "in 12", "in 40");
	for (unsigned k = 0; k < sizeof(senders) / sizeof(senders[0]); k++) {
		const struct sender *s = &senders[k];
		unsigned in[3] = { 0 }, fired = 0, hours = 0, n = s->recorder ? runs : days;
		unsigned paces[8] = { 0 };
		enum pace_word pace = PACE_NONE;

		if (strstr(s->name, word) == NULL)
			continue;
		if (!s->recorder && (k == 0 || senders[k - 1].recorder))
			printf("\n%-36s %9s %9s %8s   pace\n", "habit, one sender for a day",
			    "fires", "alerts", "in 40");
		for (unsigned r = 0; r < n; r++) {
			unsigned first, h = 0;

			w->n = w->pieces = w->opened = 0;
			w->d.state = 1000003 * (k + 1) + 7919 * (r + 1);
			w->rate = s->b > 1 && s->send == periodic ? s->b : 20e6;
			w->rtt = s->b < 0 ? -s->b : 0;
			s->send(w, s, s->recorder ? 60 * (s->period + (s->send == switched ||
			    s->send == uniform_length || s->send == spells ? s->a : 0)) : DAY);
			if (w->n == 0)
				continue;
			first = listen(w, &h, &pace);
			if (first > 0)
				paces[pace]++;
			in[0] += first > 0 && first <= 7;
			in[1] += first > 0 && first <= 13;
			in[2] += first > 0 && first <= 41;
			fired += first > 0;
			hours += h;
		}
		if (s->recorder)
			printf("%-36s %6.1f%% %6.1f%% %6.1f%%  ", s->name,
			    100.0 * in[0] / n, 100.0 * in[1] / n, 100.0 * in[2] / n);
		else
			printf("%-36s %8.1f%% %9.2f %7.1f%%  ", s->name, 100.0 * fired / n,
			    (double)hours / n, 100.0 * in[2] / n);
		for (unsigned i = 0; i < 8; i++)
			if (paces[i] > 0)
				printf(" %u:%u", i, paces[i]);
		printf("%s\n", s->recorder && in[s->due == 6 ? 0 : 1] < 0.9 * n ? "  <" : "");
	}
	free(w);
	return 0;
}
