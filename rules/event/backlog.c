/* SPDX-License-Identifier: GPL-3.0-or-later */
/* backlog: a list of lines, and what is owed about those that are gone. */
#include "rules/event/backlog.h"

#include "rules/event/gap.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_DEFAULT ((size_t)8 << 20)
#define GAP_JSON 2048
#define GAPS_MOST 1024			/* of 32 starts of a sensor; beyond that they wait */
#define WHY "the reader was too slow or away, and the memory for it was full"

struct line {
	struct line *next;
	struct event_head head;
	bool gap;			/* ours; no event of the sensor */
	size_t len;
	char json[];
};

/* What is owed to one lane and partition. */
struct owed {
	uint64_t from, to;		/* from 0: nothing */
	int64_t time;
	char boot[EVENT_BOOT];
};

struct backlog {
	struct backlog_options o;
	struct line *head, **end;
	struct line *next;		/* to hand out; in the tried ones, or the first fresh */
	struct line **fresh;		/* the link that leads to the first fresh one */
	struct owed owed[LANE_COUNT][EVENT_PARTITIONS_MOST];
	unsigned owing, gaps;
	uint64_t tried, waiting, arrived, lost;
	size_t bytes;
};

struct backlog *
backlog_create(const struct backlog_options *o)
{
	struct backlog *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->o = *o;
	if (b->o.bytes == 0)
		b->o.bytes = BYTES_DEFAULT;
	b->end = b->fresh = &b->head;
	return b;
}

void
backlog_destroy(struct backlog *b)
{
	struct line *l;

	if (b == NULL)
		return;
	while ((l = b->head) != NULL) {
		b->head = l->next;
		free(l);
	}
	free(b);
}

/* Puts l where `link` leads. */
static void
insert(struct backlog *b, struct line **link, struct line *l)
{
	l->next = *link;
	*link = l;
	if (b->end == link)
		b->end = &l->next;
	b->bytes += sizeof(*l) + l->len;
	b->waiting += !l->gap;
	b->gaps += l->gap;
}

static struct line *
make(const struct event_head *h, const char *json, size_t len)
{
	struct line *l = malloc(sizeof(*l) + len);

	if (l == NULL)
		return NULL;
	l->head = *h;
	l->gap = false;
	l->len = len;
	memcpy(l->json, json, len);
	return l;
}

static bool
make_gap(struct backlog *b, unsigned lane, unsigned partition)
{
	struct owed *o = &b->owed[lane][partition];
	struct lost_events g = { .sensor = b->o.sensor, .boot = o->boot,
		.version = b->o.version, .lane = (enum lane)lane, .partition = partition,
		.from = o->from, .to = o->to, .time = o->time, .why = WHY };
	struct event_head h = { .lane = lane, .partition = partition, .seq = o->to };
	char json[GAP_JSON];
	size_t n = b->gaps == GAPS_MOST ? 0 : gap_event_json(&g, json, sizeof(json));
	struct line *l = n == 0 ? NULL : make(&h, json, n);
	bool was_next = b->next == *b->fresh;

	if (l == NULL)
		return false;
	l->gap = true;
	insert(b, b->fresh, l);
	if (was_next)
		b->next = l;
	/* A gap is never lost: it counts as tried from the start. */
	b->fresh = &l->next;
	o->from = 0;
	b->owing--;
	return true;
}

/* Another start of the sensor counts from 1 again: what is owed about the one before
 * stands before its first event. */
static void
owe(struct backlog *b, const struct event_head *h)
{
	struct owed *o = &b->owed[h->lane][h->partition];

	if (o->from != 0 && strcmp(o->boot, h->boot) != 0 &&
	    !make_gap(b, h->lane, h->partition))
		return;		/* no memory, or gaps enough: that one stays untold */
	if (o->from == 0) {
		b->owing++;
		o->from = h->seq;
		memcpy(o->boot, h->boot, sizeof(o->boot));
	}
	o->to = h->seq;
	o->time = h->time;
}

static void
lose_oldest(struct backlog *b)
{
	struct line *l = *b->fresh;

	owe(b, &l->head);
	/* owe may have put a gap before it; fresh still leads to l. */
	*b->fresh = l->next;
	if (b->next == l)
		b->next = l->next;
	if (b->end == &l->next)
		b->end = b->fresh;
	b->bytes -= sizeof(*l) + l->len;
	b->waiting--;
	b->lost++;
	free(l);
}

bool
backlog_put(struct backlog *b, const struct event_head *h, const char *json)
{
	struct line *l = make(h, json, h->json_len);
	uint64_t before = b->lost;

	if (l == NULL) {
		b->lost++;		/* untold: there is no memory for that either */
		return false;
	}
	insert(b, b->end, l);
	if (b->next == NULL)
		b->next = l;
	while (b->bytes > b->o.bytes && *b->fresh != NULL)
		lose_oldest(b);
	return b->lost == before;
}

static void
tell_owed(struct backlog *b)
{
	for (unsigned lane = 0; lane < LANE_COUNT && b->owing > 0; lane++)
		for (unsigned p = 0; p < EVENT_PARTITIONS_MOST; p++)
			if (b->owed[lane][p].from != 0)
				(void)make_gap(b, lane, p);
}

bool
backlog_next(struct backlog *b, struct span *line)
{
	struct line *l;

	if (b->owing > 0 && b->next == *b->fresh)
		tell_owed(b);
	l = b->next;
	if (l == NULL)
		return false;
	if (l == *b->fresh)
		b->fresh = &l->next;
	b->next = l->next;
	b->tried++;
	*line = span_of(l->json, l->len);
	return true;
}

static void
done_one(struct backlog *b)
{
	struct line *l = b->head;

	b->head = l->next;
	if (b->fresh == &l->next)
		b->fresh = &b->head;
	if (b->end == &l->next)
		b->end = &b->head;
	b->bytes -= sizeof(*l) + l->len;
	b->waiting -= !l->gap;
	b->gaps -= l->gap;
	b->arrived += !l->gap;
	b->tried--;
	free(l);
}

void
backlog_done(struct backlog *b, uint64_t n)
{
	for (; n > 0 && b->tried > 0; n--)
		done_one(b);
}

size_t
backlog_done_bytes(struct backlog *b, size_t bytes, size_t each)
{
	size_t used = 0;

	while (b->tried > 0 && used + b->head->len + each <= bytes) {
		used += b->head->len + each;
		done_one(b);
	}
	return used;
}

void
backlog_again(struct backlog *b)
{
	b->next = b->head;
	b->tried = 0;
}

void
backlog_give_up(struct backlog *b)
{
	uint64_t before = b->arrived;

	backlog_done(b, b->tried);
	b->lost += b->arrived - before;
	b->arrived = before;
}

uint64_t
backlog_tried(const struct backlog *b)
{
	return b->tried;
}

uint64_t
backlog_waiting(const struct backlog *b)
{
	return b->waiting;
}

size_t
backlog_bytes(const struct backlog *b)
{
	return b->bytes;
}

size_t
backlog_room(const struct backlog *b)
{
	return b->o.bytes;
}

uint64_t
backlog_arrived(const struct backlog *b)
{
	return b->arrived;
}

uint64_t
backlog_lost(const struct backlog *b)
{
	return b->lost;
}
