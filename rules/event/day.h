/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * day: what each device did in the last day, in memory: bytes by destination and hour,
 * and its alerts. Fed by the store's stream (store.h), so that it is the same after a
 * restart.
 *
 * Counters in records are cumulative; what is added here is how much more a flow's record
 * says than the one before. Time is packet time. Everything is bounded: the device, the
 * destination and the flow that were used least recently make room, and that is counted.
 */
#ifndef RULES_EVENT_DAY_H
#define RULES_EVENT_DAY_H

#include "capture/base/span.h"
#include "capture/flow/observation.h"

#define DAY_HOURS 25			/* the hour that is running, and 24 whole ones */
#define DAY_DEVICES 16384
#define DAY_DESTS 65536
#define DAY_FLOWS 131072
#define DAY_ALERTS 4096

struct day_device {
	uint32_t key, name, owner, role;	/* held */
	uint64_t mac;
	struct addr ip;			/* it had last */
	int64_t since, last;		/* ns; since: first seen by the sensor */
	int known;			/* in the inventory: 1, 0, -1 no inventory */
	bool has_ip;
};

struct day_dest {
	uint32_t device, dest, name;	/* keys, and a name; held */
	int64_t first, last;		/* in what is kept here */
	int64_t hour;			/* of the newest bucket */
	uint64_t up[DAY_HOURS], down[DAY_HOURS];	/* by hour modulo DAY_HOURS */
};

struct day_alert {
	int64_t time, last;		/* of the alert; of its last update */
	uint32_t device, dest, signature;	/* held */
	uint64_t id;			/* of the rule */
	char kind[24], severity[12];
	bool suspect;
	char explain[256];
};

struct day;

struct day *day_create(const struct siphash_key *hash, struct intern *strings);
void day_destroy(struct day *d);

/* A kept record: bytes and device. */
void day_take(struct day *d, const struct observation *o);
/* Any record of a device: it is there, under this name and address. */
void day_seen(struct day *d, const struct observation *o);
/* An alert's or anomaly's JSON. */
void day_event(struct day *d, struct span json);
/* What of a flow is counted already; false: nothing. */
bool day_flow_told(const struct day *d, uint64_t flow, uint64_t *up, uint64_t *down);

/* It is now: what is older than a day is gone from the figures. */
void day_advance(struct day *d, int64_t now);
int64_t day_now(const struct day *d);
/* Sum over the buckets that count; by hour, oldest first, when by is not NULL. */
void day_dest_bytes(const struct day *d, const struct day_dest *t, uint64_t *up,
    uint64_t *down, uint64_t by[DAY_HOURS]);
int64_t day_from(const struct day *d);	/* ns; where the oldest bucket begins */

struct day_device *day_first_device(const struct day *d);
struct day_device *day_next_device(const struct day *d, const struct day_device *v);
struct day_dest *day_first_dest(const struct day *d);
struct day_dest *day_next_dest(const struct day *d, const struct day_dest *t);
/* n-th alert, oldest first, that is not older than the day; NULL past the end. */
const struct day_alert *day_alert(const struct day *d, unsigned n);
uint64_t day_evicted(const struct day *d);

#endif
