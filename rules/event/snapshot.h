/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snapshot: how sensor and outlet stand, for each other and for the supervisor, on boards
 * (capture/proc/board.h) that the supervisor made before it started them.
 *
 * The sensor posts once a second (a live wire) or after each batch (files); the outlet once a
 * second and whenever it dials. Readers: metrics and the control socket read the sensor's,
 * the stats event tells the outlet's, the live sensor leaves the outlet's own connections
 * out of what it hears.
 *
 *	struct sensor_snapshot now;
 *
 *	if (sensor_snapshot_read(boards->sensor, &now))
 *		... now.stats.packets, now.stats.drops[DROP_CUT_IPV4], now.boot ...
 *
 * What is read was written by a process that parses hostile bytes: the read functions
 * bound the counts and end the strings; figures are only figures.
 */
#ifndef RULES_EVENT_SNAPSHOT_H
#define RULES_EVENT_SNAPSHOT_H

#include "capture/decode/decode.h"
#include "capture/proc/board.h"
#include "capture/proc/sandbox.h"
#include "rules/event/event.h"

#define SNAPSHOT_IFACES 16
#define SNAPSHOT_SINKS 8
#define SNAPSHOT_CONNECTIONS 160	/* two of each output, and of each node of a cluster */

/* ---- the sensor's ---- */

struct iface_snapshot {
	char name[32];
	uint64_t kernel_drops, iface_drops;	/* UINT64_MAX: unknown */
	bool away;			/* removed, and looked for */
};

struct sensor_snapshot {
	struct sensor_stats stats;	/* drops points into this snapshot after a read */
	uint64_t drops[DROP_COUNT];
	struct iface_snapshot iface[SNAPSHOT_IFACES];
	unsigned ifaces;		/* 0: files */
	struct sandbox_state sandbox;
	char boot[EVENT_BOOT], rules_version[72];
	unsigned rules;			/* how many */
	uint64_t generation;		/* of the rules: 1 at the start */
	int pid, zygote;		/* processes: its own, the classifier's keeper; 0: none */
	int64_t last_packet;		/* ns, packet time; 0: none yet */
	int64_t learning_until;		/* the same; 0: it does not learn */
	struct loop_time started, posted;	/* posted: to see how old it is */
};

/* Takes the drops from where s->stats.drops points. */
void sensor_snapshot_post(struct board *b, struct sensor_snapshot *s);
bool sensor_snapshot_read(const struct board *b, struct sensor_snapshot *out);

/* ---- the outlet's ---- */

/* What a Redis with streams says of itself every five minutes, if it lets us ask. */
struct redis_health {
	bool known;			/* policy and persistence */
	char policy[24];		/* of eviction */
	bool evicts;			/* it would throw our streams away */
	bool appendonly;
	bool cloned;			/* it refuses us: our name is another machine's */
	bool lag_known, lags;		/* lags: half of what a stream keeps, or more */
	uint64_t lag;			/* of the consumer group that is most behind */
	char group[64];
};

struct sink_state {
	char name[136];			/* as it was asked for, without a user's name */
	uint64_t sent;			/* taken by the other side, or written */
	uint64_t lost;			/* found no room; each is told as a gap if it can */
	uint64_t waiting;		/* events that wait; in the spool or in memory */
	uint64_t reconnects;		/* connections made after the first */
	bool up;			/* there is a connection, or a file */
	char state[20];			/* ready, or what stands in the way */
	char error[136];		/* what was wrong last; "" never anything */
};

struct outlet_snapshot {
	struct sink_state sink[SNAPSHOT_SINKS];
	unsigned sinks;
	uint64_t spool_bytes;		/* on the disk now; 0 without a Redis stream */
	uint64_t store_bytes;		/* the same, of the store; 0 without one */
	uint64_t store_lost;		/* observations its disk had no room for */
	bool store_full;		/* now */
	bool spool_full;		/* its disk has no room, now */
	uint64_t spool_refused;		/* events it had no room for */
	bool redis;			/* the next one says something */
	struct redis_health health;
	struct sandbox_state sandbox;
	struct loop_time posted;
};

void outlet_snapshot_post(struct board *b, const struct outlet_snapshot *s);
bool outlet_snapshot_read(const struct board *b, struct outlet_snapshot *out);

/* ---- the outlet's TCP connections: not to be heard ---- */

struct own_connections {
	unsigned n;
	struct own_connection {
		struct addr local;	/* zero until the connection stands */
		struct addr remote;
		uint16_t local_port, remote_port;	/* 0: no connection */
	} c[SNAPSHOT_CONNECTIONS];
};

/* A packet of one of them, either way. */
bool own_connections_has(const struct own_connections *o, const struct addr *src,
    uint16_t sport, const struct addr *dst, uint16_t dport);
bool own_connections_read(const struct board *b, struct own_connections *out);

/* ---- all of them ---- */

struct boards {
	struct board *sensor, *outlet, *own;
};

int boards_create(struct boards *b, struct fault *why);
void boards_destroy(struct boards *b);

#endif
