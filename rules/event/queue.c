/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See queue.h. A spooled event: u8 1, u8 lane, le16 partition, le64 seq, le64 time, u8
 * length of sensor, u8 length of boot, sensor, boot, JSON. */
#include "rules/event/queue.h"

#include "rules/event/delivery.h"

#include <stdlib.h>
#include <string.h>

#define SPOOLED_VERSION 1
#define SEQ_MAX (1ULL << 53)		/* exact in the server's numbers */

static bool
name_bytes_ok(const void *bytes, size_t n)
{
	const char *s = bytes;

	if (n == 0 || n >= QUEUE_NAME)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			(s[i] >= '0' && s[i] <= '9') || s[i] == '.' || s[i] == '_' ||
			s[i] == '-'))
			return false;
	return true;
}

bool
spooled_name_ok(const char *s)
{
	return s != NULL && name_bytes_ok(s, strlen(s));
}

size_t
spooled_head_put(const struct spooled *e, uint8_t out[SPOOLED_HEAD])
{
	size_t sensor = strlen(e->sensor), boot = strlen(e->boot);
	uint8_t *p = out;

	p = put_le(p, SPOOLED_VERSION, 1);
	p = put_le(p, e->lane, 1);
	p = put_le(p, e->partition, 2);
	p = put_le(p, e->seq, 8);
	p = put_le(p, (uint64_t)e->time, 8);
	p = put_le(p, sensor, 1);
	p = put_le(p, boot, 1);
	memcpy(p, e->sensor, sensor);
	memcpy(p + sensor, e->boot, boot);
	return (size_t)(p - out) + sensor + boot;
}

bool
spooled_parse(struct span at, struct spooled *out)
{
	uint8_t version, lane, sensor_len, boot_len;
	struct span sensor, boot;
	uint64_t seq, time;
	uint16_t partition;

	if (!span_u8(&at, &version) || version != SPOOLED_VERSION ||
	    !span_u8(&at, &lane) || !span_le16(&at, &partition) ||
	    !span_le64(&at, &seq) || !span_le64(&at, &time) ||
	    !span_u8(&at, &sensor_len) || !span_u8(&at, &boot_len) ||
	    !span_take(&at, sensor_len, &sensor) || !span_take(&at, boot_len, &boot))
		return false;
	*out = (struct spooled){ .lane = lane, .partition = partition, .seq = seq,
		.time = (int64_t)time };
	if (lane >= LANE_COUNT || partition >= EVENT_PARTITIONS_MOST || out->seq == 0 ||
	    out->seq >= SEQ_MAX || !name_bytes_ok(sensor.at, sensor.left) ||
	    !name_bytes_ok(boot.at, boot.left) || at.left == 0 || at.left > EVENT_BYTES ||
	    !json_line_ok((const char *)at.at, at.left))
		return false;
	memcpy(out->sensor, sensor.at, sensor.left);
	memcpy(out->boot, boot.at, boot.left);
	out->json = at;
	return true;
}

/* Nothing of it is under way and nothing of it is owed: it can be asked for again. */
static bool
forgettable(const struct queue *q)
{
	return q->head == NULL && q->lost_to <= q->last &&
	    (q->state == QUEUE_UNKNOWN || q->state == QUEUE_READY);
}

struct queue *
queues_use(struct queues *s, const struct spooled *e)
{
	struct queue *q = NULL;

	for (unsigned i = 0; i < s->n; i++) {
		q = s->q[i];
		if (q->partition == e->partition && q->lane == e->lane &&
		    strcmp(q->boot, e->boot) == 0 && strcmp(q->sensor, e->sensor) == 0)
			return q;
	}
	q = NULL;
	if (s->n == QUEUE_MAX) {
		for (unsigned i = 0; i < s->n && q == NULL; i++)
			if (forgettable(s->q[i]))
				q = s->q[i];
	} else if ((q = malloc(sizeof(*q))) != NULL) {
		s->q[s->n++] = q;
	}
	if (q == NULL)
		return NULL;
	*q = (struct queue){ .lane = e->lane, .partition = e->partition };
	memcpy(q->sensor, e->sensor, sizeof(q->sensor));
	memcpy(q->boot, e->boot, sizeof(q->boot));
	q->end = &q->head;
	return q;
}

bool
queues_push(struct queues *s, struct queue *q, uint32_t log, uint64_t number,
    const struct spooled *e)
{
	struct entry *n;

	q->time = e->time;
	/* The server has it; should it have less one day, that is to be seen. */
	if (q->state >= QUEUE_READY && e->seq <= q->last) {
		if (e->seq > q->popped)
			q->popped = e->seq;
		return true;
	}
	if (e->seq <= q->tail)
		return true;		/* it stands here already */
	n = malloc(sizeof(*n) + e->json.left);
	if (n == NULL)
		return false;
	*n = (struct entry){ .number = number, .log = log, .seq = e->seq, .time = e->time,
		.len = e->json.left };
	memcpy(n->json, e->json.at, n->len);
	*q->end = n;
	q->end = &n->next;
	q->tail = e->seq;
	s->bytes += sizeof(*n) + n->len;
	return true;
}

void
queues_pop_to(struct queues *s, struct queue *q, uint64_t seq, uint64_t *popped)
{
	struct entry *e;

	while ((e = q->head) != NULL && e->seq <= seq) {
		q->head = e->next;
		if (q->head == NULL)
			q->end = &q->head;
		if (e->seq > q->popped)
			q->popped = e->seq;
		s->bytes -= sizeof(*e) + e->len;
		(*popped)++;
		free(e);
	}
}

void
queues_empty(struct queues *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->n; i++) {
		queues_pop_to(s, s->q[i], UINT64_MAX, &n);
		s->q[i]->tail = s->q[i]->popped = 0;
	}
}

void
queues_free(struct queues *s)
{
	queues_empty(s);
	for (unsigned i = 0; i < s->n; i++)
		free(s->q[i]);
	s->n = 0;
}

uint64_t
queues_oldest(const struct queues *s, uint32_t log)
{
	uint64_t oldest = UINT64_MAX;

	for (unsigned i = 0; i < s->n; i++)
		if (s->q[i]->head != NULL && s->q[i]->head->log == log &&
		    s->q[i]->head->number < oldest)
			oldest = s->q[i]->head->number;
	return oldest;
}
