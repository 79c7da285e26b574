/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delivery: what stands between the spool and one Redis, without a socket. Bytes to the
 * server leave through `send`, its answers come in through delivery_feed, time is passed
 * in.
 *
 *	DOWN -> AUTH with a password -> PING until PONG -> is the Function there? (load it, if allowed) -> READY
 *	READY, for each (sensor, boot, lane, partition): ask for the last sequence
 *	-> one batch, stop and wait -> OK n: go on behind n; GAP n: resume there
 *
 * The spool is two logs below one cap, alerts and flows: when there is no room flows go
 * first. Events are read from them into a window of 4 MiB, a queue for each (sensor, boot,
 * lane, partition), and leave the spool when the server has them. A server that says less
 * than it said before lost its tail: the spool is read again from its oldest record. What
 * is in no spool any more is told by one gap event that takes the sequence of the last
 * one missing.
 *
 * An answer that is an error keeps the batch: wait, ask again where the server stands,
 * send again. What a server must not say (a hole where there is none, a sequence that
 * cannot be) drops the connection.
 *
 * A Redis Cluster is known by its answers: the first MOVED makes us ask which node has
 * which partition (routes.h). Each node that has one is a link of its own, with its own
 * connection and states; link 0 is the server as it was asked for. A partition that moved
 * is asked for its last sequence at its new place, so that a node that was behind when it
 * took over is healed as any server is that lost its tail. What a node that is gone had is
 * looked for at those that are there.
 */
#ifndef RULES_EVENT_DELIVERY_H
#define RULES_EVENT_DELIVERY_H

#include "capture/base/log.h"
#include "rules/event/event.h"
#include "rules/event/seglog.h"
#include "rules/event/sink.h"
#include "rules/event/snapshot.h"

/* The server, a node for each partition, and some that are about to have one. */
#define DELIVERY_LINKS (1 + EVENT_PARTITIONS_MOST + 4)

struct delivery;
struct secret;

struct delivery_options {
	const char *sensor, *version;
	const char *server;		/* as shown in messages */
	const char *user;		/* for AUTH; NULL or "": the default one */
	const struct secret *secret;	/* lent; NULL or empty: no AUTH */
	const struct seglog_options *spool;	/* arg and dropped are set here */
	bool load_function;		/* may FUNCTION LOAD when it is not there */
	const char *machine;		/* whose the name is; NULL: nobody's */
	unsigned partitions;		/* said to the server; 0: not */
	uint64_t maxlen;		/* entries of a stream; 0: REDIS_MAXLEN */
	int64_t keep_ns;		/* their age; 0: any */
	const struct log *log;
	void *arg;
	void (*send)(void *arg, unsigned link, const void *bytes, size_t n);
};

struct delivery_counts {
	uint64_t put, refused;		/* refused: the spool could not take it */
	uint64_t delivered;		/* acknowledged by the server */
	uint64_t gaps, lost;		/* gap events sent, events they stand for */
	uint64_t errors, rewinds, unreadable;
	uint64_t moved;			/* times a partition was sent to another node */
};

struct delivery *delivery_create(const struct delivery_options *o, struct fault *why);
/* remove_spool: its files too. */
void delivery_destroy(struct delivery *d, bool remove_spool);

/* An event into the spool. False: no room on its disk; counted, told as a gap later. */
bool delivery_put(struct delivery *d, const struct event_head *h, const char *json,
    struct loop_time now);

/* Where a connection is wanted; NULL: this link needs none. Lent until the next call; link 0
 * is the caller's to make, and always wanted. */
const struct sink_address *delivery_wants(const struct delivery *d, unsigned link);
const char *delivery_link_name(const struct delivery *d, unsigned link);

/* There is a connection, to `peer` (an address, not a name; NULL: not known); there is
 * none. */
void delivery_up(struct delivery *d, unsigned link, const struct sink_address *peer,
    struct loop_time now);
void delivery_down(struct delivery *d, unsigned link, struct loop_time now);

/* The server's bytes; and once in a while for each link. -1: give this connection up, *why
 * says why. */
int delivery_feed(struct delivery *d, unsigned link, const void *bytes, size_t n,
    struct loop_time now, struct fault *why);
int delivery_tick(struct delivery *d, unsigned link, struct loop_time now,
    struct fault *why);
/* Since it came up it has taken something. */
bool delivery_link_good(const struct delivery *d, unsigned link);
/* Sends what may be sent. */
void delivery_pump(struct delivery *d, struct loop_time now);

/* Whole segments of the spool that nobody wrote to since then (ns since 1970) go, and are
 * told as a gap. */
void delivery_expire(struct delivery *d, int64_t wall_ns);
void delivery_finish(struct delivery *d);	/* no more puts: tell
						 * gaps at the end too */
bool delivery_done(const struct delivery *d);	/* all is acknowledged */
bool delivery_ready(const struct delivery *d);	/* every partition can be sent */
uint64_t delivery_waiting(const struct delivery *d);	/* records nobody acknowledged */
/* "ready", or what stands in the way of the first partition that has something. */
const char *delivery_state(const struct delivery *d);
const struct delivery_counts *delivery_counts(const struct delivery *d);
/* What the server says of itself, every five minutes, if it lets us ask. */
const struct redis_health *delivery_health(const struct delivery *d);
struct seglog *delivery_spool(struct delivery *d, enum lane lane);

/* True when these bytes may stand in a line of JSON: no control characters. */
bool json_line_ok(const char *s, size_t n);

/* Key names: {ear:p07}:alert, {ear:p07}:flow, {ear:p07}:seq. */
#define DELIVERY_KEY 32
const char *delivery_stream_key(enum lane lane, uint32_t partition,
    char buf[DELIVERY_KEY]);

#endif
