/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a delivery says to a server. One call of a queue is under way at a time; the bytes
 * of all of them on one connection are bounded by who calls these. */
#define _GNU_SOURCE			/* memmem */
#include "rules/event/delivery_state.h"

#include "rules/event/gap.h"
#include "rules/event/redis_function.h"
#include "rules/event/redis_login.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELD (2 * QUEUE_NAME + 8)
#define OPTIONS 160

static void
seq_key(uint32_t partition, char buf[DELIVERY_KEY])
{
	(void)snprintf(buf, DELIVERY_KEY, "{ear:p%02u}:seq", partition % 100);
}

static void
command(struct delivery *d, struct link *l, enum call_kind kind, struct queue *q, int argc,
    const char **argv, const size_t *len, struct loop_time now)
{
	char *bytes = NULL;
	long long n = redisFormatCommandArgv(&bytes, argc, argv, len);
	struct call *c;

	if (n <= 0 || bytes == NULL || l->calls == CALLS_MAX) {
		redisFreeCommand(bytes);	/* no memory: the next tick tries again */
		return;
	}
	c = &l->call[(l->call_first + l->calls++) % CALLS_MAX];
	*c = (struct call){ .kind = kind, .queue = q, .bytes = (size_t)n };
	l->flight += c->bytes;
	l->sent = now;
	if (q != NULL)
		l->used = now;
	d->send(d->arg, l->index, bytes, (size_t)n);
	redisFreeCommand(bytes);
}

void
delivery_say(struct delivery *d, struct link *l, enum call_kind kind,
    struct loop_time now)
{
	static const char *ping[] = { "PING" }, *asking[] = { "ASKING" };
	static const char *version[] = { "FCALL", "ear_version", "0" };
	static const char *slots[] = { "CLUSTER", "SLOTS" };
	const char *load[] = { "FUNCTION", "LOAD", "REPLACE", redis_function_text() };

	if (kind == CALL_PING)
		command(d, l, kind, NULL, 1, ping, NULL, now);
	else if (kind == CALL_ASKING)
		command(d, l, kind, NULL, 1, asking, NULL, now);
	else if (kind == CALL_SLOTS)
		command(d, l, kind, NULL, 2, slots, NULL, now);
	else if (kind == CALL_VERSION)
		command(d, l, kind, NULL, 3, version, NULL, now);
	else
		command(d, l, kind, NULL, 4, load, NULL, now);
}

void
delivery_say_words(struct delivery *d, struct link *l, enum call_kind kind, int argc,
    const char **argv, struct loop_time now)
{
	command(d, l, kind, NULL, argc, argv, NULL, now);
}

void
delivery_say_login(struct delivery *d, struct link *l, struct loop_time now)
{
	const char *login[3];
	int argc = redis_login_argv(d->user, d->secret, login);

	if (argc > 0)
		command(d, l, CALL_AUTH, NULL, argc, login, NULL, now);
}

static void
field_name(const struct queue *q, char buf[FIELD])
{
	(void)snprintf(buf, FIELD, "%s/%s/%s", q->sensor, q->boot,
	    q->lane == LANE_FLOW ? "flow" : "alert");
}

/* A queue that was sent elsewhere for once says so before each of its calls. False: there is
 * no room for both. */
static bool
ask_first(struct delivery *d, struct link *l, const struct queue *q, struct loop_time now)
{
	if (q->via == 0)
		return true;
	if (l->calls + 2 > CALLS_MAX)
		return false;
	delivery_say(d, l, CALL_ASKING, now);
	return true;
}

void
delivery_ask_last(struct delivery *d, struct link *l, struct queue *q,
    struct loop_time now)
{
	char key[DELIVERY_KEY], field[FIELD];
	const char *argv[] = { "FCALL", "ear_last", "1", key, field };
	unsigned before;

	if (!ask_first(d, l, q, now))
		return;
	before = l->calls;
	seq_key(q->partition, key);
	field_name(q, field);
	command(d, l, CALL_LAST, q, 5, argv, NULL, now);
	if (l->calls == before)
		return;
	q->state = QUEUE_ASKING;
	q->link = (uint8_t)l->index;
}

/* What another name than ours left in the spool is nobody's any more. */
static void
say_options(const struct delivery *d, const struct queue *q, bool gap, char out[OPTIONS])
{
	bool ours = d->machine[0] != '\0' && strcmp(q->sensor, d->sensor) == 0;
	int n = snprintf(out, OPTIONS, "gap=%d", gap);

	if (ours)
		n += snprintf(out + n, OPTIONS - (size_t)n, " id=%s", d->machine);
	if (d->partitions > 0)
		n += snprintf(out + n, OPTIONS - (size_t)n, " of=%u", d->partitions);
	if (d->keep_ns > 0)
		(void)snprintf(out + n, OPTIONS - (size_t)n, " keep=%lld",
		    (long long)(d->keep_ns / NS_PER_MS));
}

/* The events from the head on while they are contiguous, or one gap event. */
static void
append(struct delivery *d, struct link *l, struct queue *q, uint64_t first,
    const char *gap, size_t gap_len, struct loop_time now)
{
	char stream[DELIVERY_KEY], seqs[DELIVERY_KEY], field[FIELD];
	char first_text[24], maxlen[24], options[OPTIONS];
	const char *argv[9 + BATCH_EVENTS] = {"FCALL", "ear_append", "2", stream, seqs,
	    field, first_text, maxlen, options};
	size_t len[9 + BATCH_EVENTS], bytes = 0;
	unsigned before;
	int argc = 9;

	if (!ask_first(d, l, q, now))
		return;
	before = l->calls;
	(void)delivery_stream_key((enum lane)q->lane, q->partition, stream);
	seq_key(q->partition, seqs);
	field_name(q, field);
	(void)snprintf(first_text, sizeof(first_text), "%" PRIu64, first);
	(void)snprintf(maxlen, sizeof(maxlen), "%" PRIu64, d->maxlen);
	say_options(d, q, gap != NULL, options);
	for (int i = 0; i < argc; i++)
		len[i] = strlen(argv[i]);
	if (gap != NULL) {
		argv[argc] = gap;
		len[argc++] = gap_len;
	}
	for (const struct entry *e = q->head;
	     gap == NULL && e != NULL && e->seq == first + (uint64_t)(argc - 9);
	     e = e->next) {
		if (argc == 9 + BATCH_EVENTS ||
		    (argc > 9 && bytes + e->len > BATCH_BYTES))
			break;
		argv[argc] = e->json;
		len[argc++] = e->len;
		bytes += e->len;
	}
	command(d, l, CALL_APPEND, q, argc, argv, len, now);
	if (l->calls == before)
		return;
	q->state = QUEUE_SENDING;
	q->link = (uint8_t)l->index;
	q->sent_first = first;
	q->sent_to = first + (uint64_t)(argc - 9) - 1;
	q->sent_gap = gap != NULL;
}

void
delivery_append(struct delivery *d, struct link *l, struct queue *q,
    struct loop_time now)
{
	append(d, l, q, q->head->seq, NULL, 0, now);
}

void
delivery_append_gap(struct delivery *d, struct link *l, struct queue *q, uint64_t to,
    int64_t time, struct loop_time now)
{
	struct lost_events g = {.sensor = q->sensor,
	    .boot = q->boot,
	    .version = d->version,
	    .lane = (enum lane)q->lane,
	    .partition = q->partition,
	    .from = q->last + 1,
	    .to = to,
	    .time = time,
	    .by = &q->by};
	char json[2048];
	size_t n;

	if (q->cap_to > q->last)
		g.why = "the spool was full and dropped its oldest events";
	else if (q->age_to > q->last)
		g.why = "they waited for longer than the spool keeps events";
	else if (q->disk_to > q->last)
		g.why = "the disk of the spool was full";
	else
		g.why = "the events are in no spool";
	n = gap_event_json(&g, json, sizeof(json));
	q->by_sent = q->by;
	if (n > 0)
		append(d, l, q, to, json, n, now);
}

/* The emitter's own gap event, behind numbers that never reached the spool, tells them
 * already. Where its gap begins; 0: it is no gap event. Quotes in any text of an event
 * are escaped, so these bytes stand nowhere else. */
static uint64_t
told_from(const struct entry *e)
{
	static const char mark[] = "\"gap\":{\"from\":";
	const char *at = memmem(e->json, e->len, mark, sizeof(mark) - 1);
	const char *end = e->json + e->len;
	uint64_t from = 0;

	if (at == NULL)
		return 0;
	for (at += sizeof(mark) - 1; at < end && *at >= '0' && *at <= '9'; at++) {
		from = from * 10 + (uint64_t)(*at - '0');
		if (from >= e->seq)
			return 0;
	}
	return from;
}

/* It is told, up to where another tells it. */
void
delivery_append_over_hole(struct delivery *d, struct link *l, struct queue *q,
    struct loop_time now)
{
	const struct entry *e = q->head;
	uint64_t from = told_from(e);

	if (from != 0 && from <= q->last + 1)
		append(d, l, q, e->seq, e->json, e->len, now);
	else
		delivery_append_gap(
		    d, l, q, (from != 0 ? from : e->seq) - 1, e->time, now);
}
