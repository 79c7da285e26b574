/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * delivery_state: what delivery.c (the spool, time, the turn of each queue), delivery_say.c
 * (commands), delivery_hear.c (answers), delivery_nodes.c (the nodes of a cluster) and
 * delivery_care.c (what is done now and then) share. Private to these.
 */
#ifndef RULES_EVENT_DELIVERY_STATE_H
#define RULES_EVENT_DELIVERY_STATE_H

#include "rules/event/delivery.h"

#include "rules/event/queue.h"
#include "rules/event/refusal.h"
#include "rules/event/reply.h"

#define BATCH_EVENTS 512
#define BATCH_BYTES (256u << 10)
#define CALLS_MAX 64
#define FLIGHT_BYTES (2u << 20) /* bounds what a connection has to hold for us */
#define HOLD_FIRST (100 * NS_PER_MS)
#define HOLD_MOST (2 * NS_PER_S)
#define SEQ_MAX (1LL << 53)

enum state { STATE_DOWN, STATE_PING, STATE_CHECK, STATE_READY };
enum call_kind { CALL_AUTH, CALL_PING, CALL_VERSION, CALL_LOAD, CALL_LAST, CALL_APPEND,
	CALL_ASKING, CALL_SLOTS, CALL_TRIM, CALL_INFO, CALL_LAG, CALL_TELL };

struct call {
	enum call_kind kind;
	struct queue *queue;
	size_t bytes;
};

/* One connection. 0 is the server as it was asked for; the others are nodes of its
 * cluster, wanted while one of our partitions lies there. */
struct link {
	unsigned index;
	bool wanted;
	bool load_tried, was_ready, good;
	enum state state;
	struct sink_address at;		/* port 0: not known */
	char name[SINK_TEXT];		/* in messages */
	struct reply_reader *reader;
	struct call call[CALLS_MAX];	/* a ring: answers come in the order of calls */
	unsigned call_first, calls;
	size_t flight;
	struct loop_time heard, sent, hold, used;
	int64_t hold_ns;
	unsigned trouble;		/* what it refused last, and 1 more; 0: nothing */
	struct reasons reasons;
};

/* A lane's own log, so that flows go first when there is no room. */
struct lane_spool {
	struct delivery *d;
	struct seglog *log;
	uint64_t cursor;		/* next record to read */
};

struct delivery {
	char sensor[QUEUE_NAME];
	const char *version, *server, *user;
	const struct secret *secret;
	char machine[33];
	unsigned partitions, used;	/* said to the server, 0: not; there are */
	uint64_t maxlen;
	int64_t keep_ns;
	bool load_function, finishing, expiring;
	const struct log *log;
	void *arg;
	void (*send)(void *arg, unsigned link, const void *bytes, size_t n);
	struct lane_spool spool[LANE_COUNT];
	uint64_t cap;			/* bytes of all of them */
	struct queues queues;
	unsigned turn;			/* queue that goes first in the next round */
	struct link link[DELIVERY_LINKS];
	uint8_t route[EVENT_PARTITIONS_MOST];	/* partition -> link */
	bool cluster;			/* somebody sent us elsewhere */
	bool map_forbidden, map_asked;
	unsigned map_turn;		/* the link that is asked next */
	struct loop_time map_due;
	struct loop_time synced;
	struct loop_time care_due;
	unsigned trim_next, lag_next;	/* stream that is cared for next; CARE_DONE: none */
	unsigned rounds;		/* of care */
	int64_t told_day;		/* day on which another machine was told of */
	struct redis_health health, next;	/* what is known; what is being asked */
	struct log_limit said_function, said_disk, said_map;
	struct delivery_counts counts;
};

/* ---- delivery_say.c ---- */

void delivery_say(struct delivery *d, struct link *l, enum call_kind kind,
    struct loop_time now);
void delivery_say_login(struct delivery *d, struct link *l, struct loop_time now);
void delivery_ask_last(struct delivery *d, struct link *l, struct queue *q,
    struct loop_time now);
/* The head of q and what follows it without a hole. */
void delivery_append(struct delivery *d, struct link *l, struct queue *q,
    struct loop_time now);
/* One gap event up to `to`. */
void delivery_append_gap(struct delivery *d, struct link *l, struct queue *q, uint64_t to,
    int64_t time, struct loop_time now);
/* There is a hole before the head of q. */
void delivery_append_over_hole(struct delivery *d, struct link *l, struct queue *q,
    struct loop_time now);

void delivery_say_words(struct delivery *d, struct link *l, enum call_kind kind, int argc,
    const char **argv, struct loop_time now);

/* ---- delivery_care.c ---- */

#define CARE_DONE (LANE_COUNT * EVENT_PARTITIONS_MOST)

void care_tick(struct delivery *d, struct loop_time now);
void care_heard(struct delivery *d, const struct link *l, enum call_kind kind,
    const redisReply *r);
/* Another machine has our name: one event a day for who reads the streams. */
void care_tell_clone(struct delivery *d, const struct queue *q, struct loop_time now);

/* ---- delivery_hear.c ---- */

int delivery_answer(struct delivery *d, struct link *l, const redisReply *r,
    struct loop_time now, struct fault *why);

/* ---- delivery_nodes.c ---- */

/* Where q belongs now. */
struct link *nodes_link(struct delivery *d, const struct queue *q);
/* True: the error sent this queue elsewhere, or asked it to wait for that. */
bool nodes_redirected(struct delivery *d, struct link *l, struct queue *q,
    const char *error, struct loop_time now);
/* CLUSTERDOWN; a node went away: its partitions may be found elsewhere. */
void nodes_look_again(struct delivery *d, struct link *l, struct loop_time now);
int nodes_heard(struct delivery *d, struct link *l, const redisReply *r,
    struct fault *why);
void nodes_tick(struct delivery *d, struct loop_time now);

#endif
