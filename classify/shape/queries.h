/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queries: T7, DNS as a road out. Query bytes of one inside host for one registrable
 * domain in the last sixty seconds, by one-second bins. Zeroed memory is new.
 */
#ifndef CLASSIFY_SHAPE_QUERIES_H
#define CLASSIFY_SHAPE_QUERIES_H

#include "capture/base/ptime.h"
#include "capture/flow/observation.h"

struct queries {
	struct pkt_time first, newest;
	uint64_t queries_ever, bytes_ever;
	uint16_t count[60];
	uint32_t bytes[60];
};

void queries_packet(struct queries *q, struct pkt_time now, uint32_t payload);

/* A query of `payload` bytes that was counted at `when` was none. */
void queries_take_back(struct queries *q, struct pkt_time when, uint32_t payload);

/* Sets dns.queries, dns.bytes, dns.mean as of now. */
void queries_observe(struct queries *q, struct pkt_time now, struct observation *o);

#endif
