/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calm: seconds that count are put together; ten are a window. Pure. */
#include "classify/shape/calm.h"

#include "classify/shape/moment.h"

#include <string.h>

#define SECONDS METER_SECONDS
#define FULL 1200
#define SILENCE (60 * NS_PER_S)

#define DOWN_PART 4		/* times what comes down is more than goes up: not calm */
#define BURST 4			/* times as much as goes up: no talker */
#define LEAST 400		/* bytes down that count: what keeps a tunnel open is less */
#define REMEMBER 120		/* seconds that are not calm; then both counts are halved */

static void close_second(struct calm *c);
static void put(struct calm *c, const struct calm_second *s);
static void judge(struct calm *c, const struct hearing *h, struct within_verdict *v);
static bool fano_of(const struct meter_bin *bin, unsigned n, double *f, double *j);

void
calm_packet(struct calm *c, struct pkt_time now, uint32_t fresh, bool up)
{
	int64_t t = moment_after(now, c->last);
	struct calm_second *s = &c->second[0];

	if (fresh == 0)
		return;
	if (!c->started) {
		memset(c, 0, sizeof(*c));
		c->started = true;
		c->first.ns = c->began.ns = t;
		c->open.ns = t + METER_LEAD;
	}
	c->last.ns = t;
	if (t < c->open.ns)
		return;
	if (!up) {
		s->down += fresh < UINT32_MAX - s->down ? fresh : UINT32_MAX - s->down;
		return;
	}
	s->up.packets++;
	s->up.bytes += fresh < UINT32_MAX - s->up.bytes ? fresh : UINT32_MAX - s->up.bytes;
	s->up.squares += (double)fresh * fresh;
	if (fresh >= FULL)
		s->full += fresh < UINT32_MAX - s->full ? fresh : UINT32_MAX - s->full;
}

bool
calm_step(struct calm *c, const struct hearing *h, struct pkt_time now,
    struct within_verdict *out)
{
	int64_t t = moment_after(now, c->last);

	if (!c->started)
		return false;
	if (t - c->last.ns >= SILENCE) {
		c->started = false;
		return false;
	}
	while (t - c->open.ns >= NS_PER_S) {
		close_second(c);
		if (c->n < SECONDS)
			continue;
		judge(c, h, out);
		c->n = 0;
		c->full = 0;
		c->began = c->open;
		memset(c->bin, 0, sizeof(c->bin));
		if (out->w.packets > 0 && c->passed > 0)
			return true;
	}
	return false;
}

static bool
answered(const struct calm_second *s)
{
	return s->down >= LEAST && (uint64_t)s->down * DOWN_PART > s->up.bytes;
}

/* Bytes that go up in a calm second, by the mean. */
static double
usual(const struct calm *c)
{
	uint32_t n = c->windows * SECONDS + c->n;

	return n > 0 ? (double)c->bytes / n : 0;
}

/* The second before the one that ends has both its neighbours by now. */
static void
close_second(struct calm *c)
{
	struct calm_second *s = c->second;

	if (answered(&s[0])) {
		if (s[0].down > BURST * usual(c) && s[0].down > (uint64_t)BURST * s[0].up.bytes)
			c->bursts++;
		else
			c->talks++;
		if (c->bursts + c->talks > REMEMBER) {
			c->bursts /= 2;
			c->talks /= 2;
		}
	}
	if (!answered(&s[0]) && !answered(&s[1]) && !answered(&s[2]))
		put(c, &s[1]);
	s[2] = s[1];
	s[1] = s[0];
	memset(&s[0], 0, sizeof(s[0]));
	c->open.ns += NS_PER_S;
}

static void
put(struct calm *c, const struct calm_second *s)
{
	struct meter_bin *four = &c->four[c->fours % METER_FOURS];

	c->bin[c->n++] = s->up;
	c->full += s->full;
	c->bytes += s->up.bytes;
	four->packets += s->up.packets;
	four->bytes += s->up.bytes < UINT32_MAX - four->bytes ? s->up.bytes : 0;
	four->squares += s->up.squares;
	if (++c->in_four < 4)
		return;
	c->in_four = 0;
	c->fours++;
	memset(&c->four[c->fours % METER_FOURS], 0, sizeof(c->four[0]));
}

static void
steady_of(const struct calm *c, const struct hearing *h, struct meter_window *w)
{
	struct meter_bin four[METER_FOURS - 1];
	unsigned n = c->fours < METER_FOURS - 1 ? c->fours : METER_FOURS - 1;
	double f, j;

	if (n < 2 || n < h->steady_bins)
		return;
	for (unsigned i = 0; i < n; i++)
		four[i] = c->four[(c->fours - n + i) % METER_FOURS];
	w->steady_known = fano_of(four, n, &f, &j);
	w->steady = f < j ? f : j;
	w->stays = w->steady_known && w->steady <= h->steady_max;
}

static bool
passes(const struct calm *c, const struct hearing *h, const struct meter_window *w)
{
	if (w->rate < h->rate_min || w->rate > h->rate_max ||
	    c->full >= h->held_full * (double)w->bytes)
		return false;
	return (w->fano <= h->fano_max && w->pps >= h->packets_min &&
	    w->pps <= h->packets_max) ||
	    (w->bytes_fano <= h->bytes_fano_max && w->filled >= h->filled_min);
}

static void
judge(struct calm *c, const struct hearing *h, struct within_verdict *v)
{
	struct meter_window *w = &v->w;

	memset(v, 0, sizeof(*v));
	w->start = c->began;
	w->end = c->open;
	for (unsigned i = 0; i < SECONDS; i++) {
		w->packets += c->bin[i].packets;
		w->bytes += c->bin[i].bytes;
		w->filled += c->bin[i].packets > 0;
	}
	(void)fano_of(c->bin, SECONDS, &w->fano, &w->bytes_fano);
	w->rate = 8.0 * (double)w->bytes / SECONDS;
	w->pps = (double)w->packets / SECONDS;
	w->size = w->packets > 0 ? (double)w->bytes / w->packets : 0;
	steady_of(c, h, w);
	w->pass = passes(c, h, w);
	c->windows++;
	c->passed += w->pass;
	c->score += w->pass ? h->score_pass : h->score_fail;
	if (c->score < h->score_floor)
		c->score = h->score_floor;
	w->score = c->score;
	w->windows = c->windows;
	w->passed = c->passed;
	w->sound = c->passed * SECONDS * NS_PER_S;
	v->first = c->first;
	v->bytes = c->bytes;
	v->two = c->talks > 0 && c->talks >= c->bursts;
	v->way_packets = v->two ? 1 : 0;
}

static bool
fano_of(const struct meter_bin *bin, unsigned n, double *f, double *j)
{
	double c = 0, b = 0, q = 0, vc = 0, vb = 0;

	for (unsigned i = 0; i < n; i++) {
		c += (double)bin[i].packets / n;
		b += (double)bin[i].bytes / n;
		q += bin[i].squares;
	}
	*f = *j = 0;
	if (c <= 0 || q <= 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		vc += (bin[i].packets - c) * (bin[i].packets - c);
		vb += (bin[i].bytes - b) * (bin[i].bytes - b);
	}
	*f = vc / n / c;
	*j = vb / q;
	return true;
}
