/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queue: the window between spool and server: events in memory, one queue for each
 * (sensor, boot, lane, partition), each event once and in ascending sequence. Also the
 * bytes an event has in the spool.
 */
#ifndef RULES_EVENT_QUEUE_H
#define RULES_EVENT_QUEUE_H

#include "capture/base/ptime.h"
#include "capture/base/span.h"
#include "rules/event/gap.h"

#define QUEUE_NAME 65			/* sensor or boot: [A-Za-z0-9._-]{1,64} and NUL */
#define QUEUE_MAX 1024 /* 32 for each boot that still lies in the spool */

/* An event as it lies in the spool. */
struct spooled {
	char sensor[QUEUE_NAME], boot[QUEUE_NAME];
	uint32_t lane, partition;
	uint64_t seq;
	int64_t time;
	struct span json;
};

#define SPOOLED_HEAD (22 + 2 * (QUEUE_NAME - 1))

bool spooled_name_ok(const char *s);
size_t spooled_head_put(const struct spooled *e, uint8_t out[SPOOLED_HEAD]);
bool spooled_parse(struct span record, struct spooled *out);

struct entry {
	struct entry *next;
	uint64_t number, seq;		/* in its log; of the event */
	uint32_t log;			/* which: the lane it was spooled in */
	int64_t time;
	size_t len;
	char json[];
};

enum queue_state { QUEUE_UNKNOWN, QUEUE_ASKING, QUEUE_READY, QUEUE_SENDING };

struct queue {
	char sensor[QUEUE_NAME], boot[QUEUE_NAME];
	uint32_t lane, partition;
	enum queue_state state;
	uint8_t link;			/* the connection that said so */
	uint8_t via;			/* of a cluster: where it is sent for once; 0: not */
	struct entry *head, **end;
	uint64_t last;			/* what the server has; believed when READY */
	uint64_t tail;			/* highest sequence that was queued */
	uint64_t popped; /* highest that left since the spool is being read */
	uint64_t sent_first, sent_to;	/* the call in flight */
	bool sent_gap;
	uint64_t cap_to, disk_to; /* highest lost to the spool's cap, to a full disk */
	uint64_t age_to;		/* highest that grew too old */
	uint64_t lost_to;		/* highest lost for any reason */
	struct lost_by by, by_sent;	/* what they were; as told in the call in flight */
	int64_t time;			/* of the event seen last */
	struct loop_time hold;		/* not before */
};

struct queues {
	struct queue *q[QUEUE_MAX];
	unsigned n;
	size_t bytes;			/* in all entries */
};

/* Finds or makes one; NULL: no room, and none that could be forgotten. */
struct queue *queues_use(struct queues *s, const struct spooled *e);
bool queues_push(
    struct queues *s, struct queue *q, uint32_t log, uint64_t number,
    const struct spooled *e);
void queues_pop_to(struct queues *s, struct queue *q, uint64_t seq, uint64_t *popped);
void queues_empty(struct queues *s);	/* entries go, queues stay */
void queues_free(struct queues *s);
/* Lowest number of this log; UINT64_MAX: none of it is here. */
uint64_t queues_oldest(const struct queues *s, uint32_t log);

#endif
