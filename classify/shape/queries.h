/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queries: T7, DNS as a road out. Query bytes of one inside host for one registrable
 * domain in the last sixty seconds, by one-second bins; and what its names held in the last
 * hour, by bins of five minutes, for who is slow. Zeroed memory is new.
 */
#ifndef CLASSIFY_SHAPE_QUERIES_H
#define CLASSIFY_SHAPE_QUERIES_H

#include "capture/base/ptime.h"
#include "classify/shape/hearing.h"

struct queries {
	struct pkt_time first, newest;
	uint64_t queries_ever, bytes_ever;
	uint16_t count[60];
	uint32_t bytes[60];
	int64_t hour;			/* number of the newest bin of five minutes */
	uint32_t held[12];
	uint16_t lately[64];		/* marks of names, by their hash; 0: none */
};

void queries_packet(struct queries *q, struct pkt_time now, uint32_t payload);

/* A name that holds so many bytes below its domain. `hash` is keyed: who could choose names
 * of one hash would be counted once. A name asked for lately is not counted again: nothing
 * new goes with it. */
void queries_name(struct queries *q, const struct hearing *h, struct pkt_time now, size_t held,
    uint64_t hash);

/* A query of `payload` bytes that was counted at `when` was none. */
void queries_take_back(struct queries *q, struct pkt_time when, uint32_t payload);

/* Sets dns.queries, dns.bytes, dns.mean, dns.held as of now. */
void queries_observe(struct queries *q, struct pkt_time now, struct observation *o);

#endif
