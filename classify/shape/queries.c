/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queries: counts the questions of one inside host about one registrable domain, by the
 * seconds of packet time. Which domain a question was about is decided elsewhere.
 */
#include "classify/shape/queries.h"

#include "classify/shape/moment.h"

#include <string.h>

#define QUERIES_BINS 60

static void advance(struct queries *q, int64_t now);

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
	uint64_t n = 0, bytes = 0;
	unsigned i;

	if (q->queries_ever > 0)
		advance(q, moment_after(now, q->newest));
	for (i = 0; i < QUERIES_BINS; i++) {
		n += q->count[i];
		bytes += q->bytes[i];
	}
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
