/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people and programs send through a tunnel, as times and lengths of the packets
 * inside, and what a tunnel makes of the lengths. */
#ifndef TESTS_UNIT_CLASSIFY_TUNNELS_H
#define TESTS_UNIT_CLASSIFY_TUNNELS_H

#include "limits.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum framing { FRAME_OPENVPN, FRAME_WIREGUARD, FRAME_ESP_CBC, FRAME_ESP_GCM, FRAME_TLS,
	FRAME_SSH, FRAME_TOR, FRAME_COUNT };

struct moment_of_it {
	double t;
	uint32_t size;			/* of the IP packet inside; 0: nothing */
	bool up;
};

struct traffic {
	struct moment_of_it *at;
	size_t n, room;
	struct dice d;
};

#define INSIDE_HEADERS 40		/* IPv4, UDP and RTP; IPv4 and TCP */
#define INSIDE_ACK 52			/* with time stamps */
#define INSIDE_FULL 1400

static inline void
say(struct traffic *x, double t, uint32_t size, bool up)
{
	if (x->n == x->room) {
		x->room = x->room == 0 ? 65536 : 2 * x->room;
		x->at = realloc(x->at, x->room * sizeof(*x->at));
		if (x->at == NULL)
			abort();
	}
	x->at[x->n++] = (struct moment_of_it){ t, size, up };
}

static inline double
between(struct traffic *x, double a, double b)
{
	return a + (b - a) * dice_uniform(&x->d);
}

/* Frames of `mean` bytes every `tick` seconds, released `batch` at a time. talk, rest:
 * mean spells of speech and silence when it stops for silence; 0: it does not. */
static inline void
voice(struct traffic *x, double from, double to, double tick, double mean, double cv,
    double jitter, unsigned batch, double talk, double rest, bool up)
{
	double until = from + dice_exponential(&x->d, talk > 0 ? talk : 1), t = from;
	bool on = true;
	unsigned i;

	for (i = 0; t < to; i++, t = from + i * tick) {
		double out = from + (i / batch * batch + batch - 1) * tick, size;

		if (talk > 0 && t > until) {
			on = !on;
			until = t + dice_exponential(&x->d, on ? talk : rest);
		}
		if (!on && i % 20 != 0)		/* comfort noise */
			continue;
		size = on ? mean * exp(dice_normal(&x->d, -cv * cv / 2, cv)) : 6;
		say(x, out + jitter * dice_uniform(&x->d),
		    INSIDE_HEADERS + (uint32_t)(size < 1 ? 1 : size), up);
	}
}

/* `bytes` in full packets at bit/s, in trains of `train`; acknowledged every `each`. */
static inline double
copy(struct traffic *x, double from, double bytes, double rate, unsigned train,
    unsigned each, bool up)
{
	double t = from, trip = between(x, 0.01, 0.06);
	unsigned n = (unsigned)(bytes / (INSIDE_FULL - INSIDE_ACK)), i;

	for (i = 0; i < n; i++) {
		say(x, t, INSIDE_FULL, up);
		if (i % each == each - 1)
			say(x, t + (up ? trip : 0.0002), INSIDE_ACK, !up);
		t += i % train == train - 1 ?
		    dice_exponential(&x->d, train * INSIDE_FULL * 8 / rate) : 0.0001;
	}
	say(x, t, (uint32_t)between(x, 60, INSIDE_FULL), up);
	say(x, t + (up ? trip : 0.0002), INSIDE_ACK, !up);
	return t;
}

static inline void
pages(struct traffic *x, double from, double to, double every)
{
	for (double t = from + dice_exponential(&x->d, every); t < to;
	    t += dice_exponential(&x->d, every)) {
		unsigned objects = (unsigned)between(x, 5, 60);
		double o = t;

		for (unsigned i = 0; i < objects; i++) {
			o += dice_exponential(&x->d, 0.05);
			say(x, o, (uint32_t)between(x, 90, 900), true);
			(void)copy(x, o + 0.03, dice_exponential(&x->d, 40e3), 30e6, 10, 2,
			    false);
		}
		for (unsigned i = 0; i < 8; i++) {	/* names */
			say(x, t + i * 0.02, (uint32_t)between(x, 58, 90), true);
			say(x, t + i * 0.02 + 0.02, (uint32_t)between(x, 80, 300), false);
		}
	}
}

static inline void
film(struct traffic *x, double from, double to, double piece)
{
	for (double t = from; t < to; t += piece) {
		say(x, t, (uint32_t)between(x, 400, 900), true);
		(void)copy(x, t + 0.04, 600e3 * piece / 4 * between(x, 0.7, 1.4), 25e6, 16,
		    2, false);
	}
}

/* A download whose sender, or whose line, spaces it evenly. */
static inline void
even_download(struct traffic *x, double from, double to, double rate, unsigned each)
{
	double gap = INSIDE_FULL * 8 / rate;
	unsigned i = 0;

	for (double t = from; t < to; t += gap, i++) {
		say(x, t + 0.002 * dice_uniform(&x->d), INSIDE_FULL, false);
		if (i % each == each - 1)
			say(x, t + 0.0025, INSIDE_ACK, true);
	}
}

/* QUIC acknowledges every tenth packet, or after 25 ms. */
static inline void
even_quic(struct traffic *x, double from, double to, double rate)
{
	double gap = INSIDE_FULL * 8 / rate, last = from;
	unsigned since = 0;

	for (double t = from; t < to; t += gap) {
		say(x, t + 0.002 * dice_uniform(&x->d), INSIDE_FULL, false);
		if (++since < 10 && t - last < 0.025)
			continue;
		say(x, t + 0.0025, (uint32_t)between(x, 60, 76), true);
		since = 0;
		last = t;
	}
}

static inline void
desktop(struct traffic *x, double from, double to)
{
	double t = from;

	while (t < to) {
		double end = t + dice_exponential(&x->d, 2);

		for (; t < end; t += 1 / 60.0) {	/* the mouse moves */
			say(x, t + 0.002 * dice_uniform(&x->d),
			    (uint32_t)between(x, 90, 130), true);
			if (dice_uniform(&x->d) < 0.3)
				(void)copy(x, t + 0.03, dice_exponential(&x->d, 4000), 20e6,
				    4, 2, false);
		}
		t += dice_exponential(&x->d, 3);
	}
}

static inline void
typing(struct traffic *x, double from, double to)
{
	for (double t = from; t < to; t += dice_exponential(&x->d, 0.25)) {
		say(x, t, 88, true);
		say(x, t + 0.03, 88, false);
		say(x, t + 0.031, INSIDE_ACK, true);
	}
}

/* Who only listens to a meeting: reports go up, in time. */
static inline void
listening(struct traffic *x, double from, double to)
{
	voice(x, from, to, 0.02, 80, 0.2, 0.005, 1, 0, 0, false);
	for (double t = from; t < to; t += 1 / 30.0) {
		unsigned n = (unsigned)between(x, 2, 6);

		for (unsigned i = 0; i < n; i++)
			say(x, t + 0.0005 * i, (uint32_t)between(x, 900, 1250), false);
	}
	for (double t = from; t < to; t += 0.05)
		say(x, t + 0.003 * dice_uniform(&x->d), (uint32_t)between(x, 80, 110), true);
}

static inline void
camera(struct traffic *x, double from, double to)
{
	unsigned i = 0;

	for (double t = from; t < to; t += 0.04, i++) {
		uint32_t left = (uint32_t)(i % 50 == 0 ? between(x, 15e3, 25e3) :
		    1500 * exp(dice_normal(&x->d, 0, 0.5)));

		for (unsigned k = 0; left > 0; k++) {
			uint32_t most = INSIDE_FULL - INSIDE_HEADERS;
			uint32_t one = left < most ? left : most;

			say(x, t + 0.0003 * k, INSIDE_HEADERS + one, true);
			left -= one;
		}
	}
}

static inline void
alive(struct traffic *x, double from, double to, double every, uint32_t size)
{
	for (double t = from; t < to; t += every) {
		say(x, t, size, true);
		say(x, t + 0.03, size, false);
	}
}

static inline uint32_t
padded(uint32_t n, uint32_t to)
{
	return (n + to - 1) / to * to;
}

/* Payload of the datagram or segment that carries a packet of n bytes. */
static inline uint32_t
framed(enum framing f, uint32_t n)
{
	switch (f) {
	case FRAME_OPENVPN:
		return n + 25;
	case FRAME_WIREGUARD:
		return padded(n, 16) + 32;
	case FRAME_ESP_CBC:
		return padded(n + 2, 16) + 36;
	case FRAME_ESP_GCM:
		return padded(n + 2, 4) + 32;
	case FRAME_SSH:			/* streams: what is inside acknowledges nothing */
		if (n == INSIDE_ACK)
			return 0;
		return padded(n - INSIDE_HEADERS + 14, 16) + 20;
	case FRAME_TOR:
		if (n == INSIDE_ACK)
			return 0;
		return (n - INSIDE_HEADERS + 497) / 498 * 514 + 29;
	default:
		return n + 29;
	}
}

static int
by_time(const void *a, const void *b)
{
	const struct moment_of_it *x = a, *y = b;

	return x->t < y->t ? -1 : x->t > y->t;
}

static inline void
in_order(struct traffic *x)
{
	qsort(x->at, x->n, sizeof(*x->at), by_time);
}

#endif
