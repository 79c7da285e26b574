/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * emitter: numbers events and hands them on.
 *
 * Each lane and partition has its own sequence, from 1. A sequence number is used by an
 * event that was handed on or by one that found no room; the next event that does find
 * room is preceded by a gap event that says which numbers are lost. So a reader who sees
 * n and then n+1, or a gap that covers what is between,
 * has seen everything there was to see.
 */
#include "rules/event/encode.h"

#include "capture/base/siphash.h"
#include "rules/eval/truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 4096

/* Fixed: the same device is in the same partition for every sensor and every start. */
static const struct siphash_key partition_key = { 0x656172732d646576ULL,
	0x2d706172746974ULL };

struct sequence {
	uint64_t seq;			/* used last */
	struct gap gap;			/* count 0: none to tell */
};

struct emitter {
	struct emitter_options o;
	char rules_version[64];
	struct sequence sequence[LANE_COUNT][EVENT_PARTITIONS_MOST];
	uint64_t lost;
	uint32_t own;			/* partition of what the sensor says of itself */
	char boot[EVENT_BOOT];
	struct encoder encoder;
	struct event_made made;
	char json[ENCODE_ROOM + 1];
	char text[TEXT_BYTES];
};

static bool name_ok(const char *s);
static struct event_ref emit(struct emitter *e, struct event_source *s, enum lane lane,
    uint32_t partition);
static bool hand_on(struct emitter *e, struct event_source *s, enum lane lane,
    uint32_t partition);
static bool tell_gap(struct emitter *e, enum lane lane, uint32_t partition,
    struct pkt_time now);
static void tell_gaps(struct emitter *e, struct pkt_time now);
static uint32_t partition_of(const struct emitter *e, const struct observation *o,
    const struct intern *strings);
static uint32_t partition_of_key(const struct emitter *e, const void *key, size_t n);

struct emitter *
emitter_create(const struct emitter_options *o, struct fault *why)
{
	struct emitter *e = NULL;

	if (!name_ok(o->sensor) || !name_ok(o->boot) || strlen(o->boot) >= EVENT_BOOT) {
		(void)fault_set(why, "use 1 to 64 letters, digits, '.', '_' and '-'",
		    "cannot name events after sensor '%.80s', boot '%.80s'", o->sensor,
		    o->boot);
		return NULL;
	}
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		goto fail;
	e->o = *o;
	/* Of its name, so that a thousand sensors do not fill one partition with stats. */
	e->own = partition_of_key(e, o->sensor, strlen(o->sensor));
	encoder_make(&e->encoder);
	(void)snprintf(e->boot, sizeof(e->boot), "%s", o->boot);
	if (e->o.version == NULL)
		e->o.version = "";
	emitter_set_rules(e, o->rules_version, o->generation == 0 ? 1 : o->generation);
	return e;
fail:
	emitter_destroy(e);
	(void)fault_set(why, NULL, "no memory for events");
	return NULL;
}

void
emitter_destroy(struct emitter *e)
{
	if (e == NULL)
		return;
	free(e);
}

struct event_ref
emitter_verdict(struct emitter *e, const struct verdict *v)
{
	struct event_source s = { .v = v, .rec = v->o, .strings = v->strings,
		.type = v->rule->suspect ? EVENT_TYPE_ANOMALY : EVENT_TYPE_ALERT,
		.time = { v->o->time }, .has_kind = true, .has_severity = true };

	s.head.kind = v->rule->kind;
	s.head.severity = v->severity;
	return emit(e, &s, LANE_ALERT, partition_of(e, v->o, v->strings));
}

void
emitter_flow(struct emitter *e, const struct observation *close,
    const struct intern *strings)
{
	struct event_source s = { .rec = close, .strings = strings,
		.type = EVENT_TYPE_FLOW, .time = { close->time } };

	if (!e->o.flows)
		return;
	s.head.kind = EVENT_KIND_COUNT;
	s.head.severity = SEVERITY_INFO;
	(void)emit(e, &s, LANE_FLOW, partition_of(e, close, strings));
}

void
emitter_stats(struct emitter *e, const struct sensor_stats *stats)
{
	uint64_t events[EVENT_PARTITIONS_MOST] = { 0 };
	struct sensor_stats mine = *stats;
	struct event_source s = { .stats = &mine, .type = EVENT_TYPE_STATS,
		.time = stats->now, .has_kind = true };

	mine.partitions = e->o.partitions == 0 ? EVENT_PARTITIONS : e->o.partitions;
	mine.partition_events = events;
	for (unsigned lane = 0; lane < LANE_COUNT; lane++)
		for (uint32_t p = 0; p < mine.partitions; p++)
			events[p] += e->sequence[lane][p].seq;

	/* A lane that fell silent after a loss would never tell it. */
	tell_gaps(e, stats->now);
	s.head.kind = EVENT_SENSOR;
	s.head.severity = SEVERITY_INFO;
	(void)emit(e, &s, LANE_ALERT, e->own);
}

void
emitter_anomaly(struct emitter *e, struct pkt_time now, enum severity severity,
    const char *signature, const char *text)
{
	emitter_iface_anomaly(e, now, severity, signature, text, NULL);
}

void
emitter_iface_anomaly(struct emitter *e, struct pkt_time now, enum severity severity,
    const char *signature, const char *text, const char *iface)
{
	struct event_source s = { .type = EVENT_TYPE_ANOMALY, .time = now,
		.has_kind = true, .has_severity = true, .signature = signature,
		.text = text, .iface = iface };

	s.head.kind = EVENT_SENSOR;
	s.head.severity = severity;
	(void)emit(e, &s, LANE_ALERT, e->own);
}

void
emitter_set_rules(struct emitter *e, const char *version, uint64_t generation)
{
	(void)snprintf(e->rules_version, sizeof(e->rules_version), "%s",
	    version == NULL ? "" : version);
	e->o.generation = generation;
	encoder_forget(&e->encoder);
}

uint64_t
emitter_lost(const struct emitter *e)
{
	return e->lost;
}

/* In every lane and partition that lost something. */
static void
tell_gaps(struct emitter *e, struct pkt_time now)
{
	for (unsigned lane = 0; lane < LANE_COUNT; lane++)
		for (uint32_t p = 0; p < EVENT_PARTITIONS_MOST; p++)
			(void)tell_gap(e, (enum lane)lane, p, now);
}

static bool
name_ok(const char *s)
{
	size_t n = s == NULL ? 0 : strspn(s,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n >= 1 && n <= 64 && s[n] == '\0';
}

/* Tells what was lost before, then the event; the number is used either way. */
static struct event_ref
emit(struct emitter *e, struct event_source *s, enum lane lane, uint32_t partition)
{
	struct sequence *q = &e->sequence[lane][partition];

	if (!tell_gap(e, lane, partition, s->time) || !hand_on(e, s, lane, partition)) {
		q->seq++;
		if (q->gap.count++ == 0)
			q->gap.from = q->seq;
		q->gap.to = q->seq;
		e->lost++;
	}
	return (struct event_ref){ lane, partition, q->seq };
}

/* True when there is nothing (more) to tell. */
static bool
tell_gap(struct emitter *e, enum lane lane, uint32_t partition, struct pkt_time now)
{
	struct sequence *q = &e->sequence[lane][partition];
	struct event_source s = { .type = EVENT_TYPE_ANOMALY, .time = now,
		.has_kind = true,
		.has_severity = true, .signature = "gap", .gap = &q->gap,
		.text = "events found no room on the way out and are lost" };

	if (q->gap.count == 0)
		return true;
	s.head.kind = EVENT_GAP;
	s.head.severity = SEVERITY_HIGH;
	if (!hand_on(e, &s, lane, partition))
		return false;
	q->gap = (struct gap){ 0, 0, 0 };
	return true;
}

static bool
hand_on(struct emitter *e, struct event_source *s, enum lane lane, uint32_t partition)
{
	struct sequence *q = &e->sequence[lane][partition];
	size_t n, text = 0;

	if (e->o.wanted != NULL && !e->o.wanted(e->o.arg, s->type)) {
		q->seq++;
		return true;
	}
	s->o = &e->o;
	s->made = &e->made;
	s->rules_version = e->rules_version;
	s->head.lane = lane;
	s->head.partition = partition;
	s->head.seq = q->seq + 1;
	memcpy(s->head.boot, e->boot, sizeof(s->head.boot));
	s->head.type = s->type;
	s->head.time = s->time.ns;
	n = event_encode(&e->encoder, s, e->json);
	e->json[n] = '\0';
	if (e->o.text)
		text = event_text(s, e->o.colour, e->text, sizeof(e->text));
	e->text[text] = '\0';
	s->head.json_len = (uint32_t)n;
	s->head.text_len = (uint32_t)text;
	if (!e->o.put(e->o.arg, &s->head, e->json, e->text))
		return false;
	q->seq++;
	return true;
}

static uint32_t
partition_of(const struct emitter *e, const struct observation *o,
    const struct intern *strings)
{
	struct span key = { NULL, 0 };
	struct value v;

	if (!field_value(o, FIELD_device_key, strings, &v, &key))
		return 0;
	return partition_of_key(e, key.at, key.left);
}

static uint32_t
partition_of_key(const struct emitter *e, const void *key, size_t n)
{
	return (uint32_t)(siphash13(&partition_key, key, n) %
	    (e->o.partitions == 0 ? EVENT_PARTITIONS : e->o.partitions));
}
