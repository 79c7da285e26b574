/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queries: counts the questions of one inside host about one registrable domain, by the
 * seconds of packet time. Which domain a question was about is decided elsewhere.
 */
#include "classify/shape/queries.h"

#include "classify/shape/moment.h"

#include <string.h>

#define QUERIES_BINS 60
#define HOUR_BIN (300 * NS_PER_S)
#define HOUR_BINS 12

static void advance(struct queries *q, int64_t now);
static void hour_advance(struct queries *q, int64_t now);

void
queries_packet(struct queries *q, struct pkt_time now, uint32_t payload)
{
	unsigned bin;

	if (q->queries_ever == 0)
		q->first.ns = q->newest.ns = moment_of(now);
	advance(q, moment_after(now, q->newest));
	bin = (unsigned)(q->newest.ns / NS_PER_S % QUERIES_BINS);
	q->queries_ever++;
	q->bytes_ever += payload;
	if (q->count[bin] < UINT16_MAX)
		q->count[bin]++;
	q->bytes[bin] = q->bytes[bin] > UINT32_MAX - payload ? UINT32_MAX :
	    q->bytes[bin] + payload;
}

void
queries_name(struct queries *q, const struct hearing *h, struct pkt_time now, size_t held,
    uint64_t hash)
{
	uint16_t *mark = &q->lately[hash % 64], name = (uint16_t)(hash >> 48 | 1);

	if (held <= h->name_free || *mark == name)
		return;
	*mark = name;
	hour_advance(q, moment_of(now));
	if (q->held[q->hour % HOUR_BINS] < UINT32_MAX / 2)
		q->held[q->hour % HOUR_BINS] += (uint32_t)(held - h->name_free);
}

void
queries_take_back(struct queries *q, struct pkt_time when, uint32_t payload)
{
	int64_t at = moment_of(when) / NS_PER_S, newest = q->newest.ns / NS_PER_S;
	unsigned bin = (unsigned)(at % QUERIES_BINS);

	if (q->queries_ever == 0)
		return;
	q->queries_ever--;
	q->bytes_ever -= payload < q->bytes_ever ? payload : q->bytes_ever;
	/* Out of the window by now: its bin is somebody else's. */
	if (at > newest || newest - at >= QUERIES_BINS || q->count[bin] == 0)
		return;
	q->count[bin]--;
	q->bytes[bin] -= payload < q->bytes[bin] ? payload : q->bytes[bin];
}

void
queries_observe(struct queries *q, struct pkt_time now, struct observation *o)
{
	uint64_t n = 0, bytes = 0, held = 0;
	unsigned i;

	if (q->queries_ever > 0)
		advance(q, moment_after(now, q->newest));
	for (i = 0; i < QUERIES_BINS; i++) {
		n += q->count[i];
		bytes += q->bytes[i];
	}
	hour_advance(q, moment_of(now));
	for (i = 0; i < HOUR_BINS; i++)
		held += q->held[i];
	OBSERVATION_SET(o, dns_held, held);
	OBSERVATION_SET(o, dns_queries, n);
	OBSERVATION_SET(o, dns_bytes, bytes);
	OBSERVATION_SET(o, dns_mean, n > 0 ? bytes / n : 0);
}

static void
advance(struct queries *q, int64_t now)
{
	int64_t from = q->newest.ns / NS_PER_S, to = now / NS_PER_S;

	q->newest.ns = now;
	if (to - from >= QUERIES_BINS) {
		memset(q->count, 0, sizeof(q->count));
		memset(q->bytes, 0, sizeof(q->bytes));
		return;
	}
	while (from++ < to) {
		q->count[from % QUERIES_BINS] = 0;
		q->bytes[from % QUERIES_BINS] = 0;
	}
}

static void
hour_advance(struct queries *q, int64_t now)
{
	int64_t to = now / HOUR_BIN;

	if (to - q->hour >= HOUR_BINS || q->hour == 0) {
		memset(q->held, 0, sizeof(q->held));
		q->hour = to;
	}
	while (q->hour < to)
		q->held[++q->hour % HOUR_BINS] = 0;
}
