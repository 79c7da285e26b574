/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * live: the flows that are there now, as the outlet knows them: what the last record of
 * each said. Bounded; the one that said nothing for longest makes room.
 */
#ifndef RULES_EVENT_LIVE_H
#define RULES_EVENT_LIVE_H

#include "capture/base/ptime.h"
#include "capture/flow/observation.h"

#define LIVE_FLOWS 65536

struct live_flow {
	uint64_t id;
	int64_t first, last;		/* ns: first packet; the last record */
	int64_t before;			/* the record before that, and what it said */
	uint64_t before_up;
	struct addr src, dest;
	uint16_t src_port, dest_port, transport, content;
	uint32_t source;
	uint32_t device_key, device_name, dest_key, dest_name, app;	/* held */
	uint64_t up, down, pkts_up, pkts_down;
	uint64_t told_up, told_down, told_pkts_up, told_pkts_down;	/* in a sum, or kept */
	double voice_score;
	int64_t voice_seconds;
	uint32_t seen;
	int vlan;			/* -1: none */
	bool outbound, has_voice;
};

struct live;

struct live *live_create(const struct siphash_key *hash, struct intern *strings);
void live_destroy(struct live *l);

/* The flow of this record; NULL when it is of none. Made by open, part and close when it
 * was not there. */
struct live_flow *live_update(struct live *l, const struct observation *o, bool *is_new);
void live_remove(struct live *l, struct live_flow *f);
void live_clear(struct live *l);
/* Oldest record first. */
struct live_flow *live_first(const struct live *l);
struct live_flow *live_next(const struct live *l, const struct live_flow *f);
size_t live_count(const struct live *l);
uint64_t live_evicted(const struct live *l);

#endif
