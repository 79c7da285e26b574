/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE			/* memmem */
/* See gap.h. Sensor and boot are of [A-Za-z0-9._-], `why` is our own text: nothing to
 * escape. */
#include "rules/event/gap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNTS 1024		/* every kind and severity there is */

static bool
word_is(const char *at, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - at) > n && memcmp(at, word, n) == 0 && at[n] == '"';
}

void
lost_by_add(struct lost_by *by, const char *json, size_t len)
{
	/* Quotes in any text of an event are escaped: these bytes are keys. */
	static const char kind[] = "\"kind\":\"", severity[] = "\"severity\":\"";
	const char *end = json + len, *at;
	unsigned k = EVENT_KIND_COUNT;

	at = memmem(json, len, kind, sizeof(kind) - 1);
	if (at != NULL)
		for (k = 0; k < EVENT_KIND_COUNT && !word_is(at + sizeof(kind) - 1, end,
		    event_kind_name((enum event_kind)k)); k++)
			continue;
	by->kind[k]++;
	at = memmem(json, len, severity, sizeof(severity) - 1);
	for (k = 0; at != NULL && k < SEVERITY_COUNT; k++)
		if (word_is(at + sizeof(severity) - 1, end,
		    severity_name((enum severity)k)))
			by->severity[k]++;
}

void
lost_by_take(struct lost_by *by, const struct lost_by *told)
{
	for (unsigned k = 0; k <= EVENT_KIND_COUNT; k++)
		by->kind[k] -= told->kind[k] < by->kind[k] ? told->kind[k] : by->kind[k];
	for (unsigned k = 0; k < SEVERITY_COUNT; k++)
		by->severity[k] -= told->severity[k] < by->severity[k] ?
		    told->severity[k] : by->severity[k];
}

static size_t
count_one(char *out, size_t n, const char *list, const char *key, const char *word,
    uint32_t count, bool *first)
{
	int more;

	if (count == 0)
		return n;
	more = *first ? snprintf(out + n, COUNTS - n, ",\"%s\":[", list) :
	    snprintf(out + n, COUNTS - n, ",");
	n += (size_t)more;
	*first = false;
	more = n < COUNTS ? snprintf(out + n, COUNTS - n,
	    "{\"%s\":\"%s\",\"count\":%" PRIu32 "}", key, word, count) : 0;
	return n + (size_t)more < COUNTS - 2 ? n + (size_t)more : COUNTS - 2;
}

static void
counts(const struct lost_by *by, char out[COUNTS])
{
	bool first = true;
	size_t n = 0;

	out[0] = '\0';
	if (by == NULL)
		return;
	for (unsigned k = 0; k <= EVENT_KIND_COUNT; k++)
		n = count_one(out, n, "kinds", "kind", k == EVENT_KIND_COUNT ? "flow" :
		    event_kind_name((enum event_kind)k), by->kind[k], &first);
	if (!first)
		out[n++] = ']';
	first = true;
	for (unsigned k = 0; k < SEVERITY_COUNT; k++)
		n = count_one(out, n, "severities", "severity",
		    severity_name((enum severity)k), by->severity[k], &first);
	if (!first)
		out[n++] = ']';
	out[n] = '\0';
}

size_t
clone_event_json(const char *sensor, const char *boot, const char *machine,
    const char *version, int64_t time, char *buf, size_t size)
{
	char when[PKT_TIME_TEXT];
	int n;

	n = snprintf(buf, size,
	    "{\"timestamp\":\"%s\",\"event_type\":\"anomaly\",\"host\":\"%s\","
	    "\"anomaly\":{\"type\":\"sensor\",\"event\":\"cloned\"},"
	    "\"earshot\":{\"schema\":\"earshot-event/1.0\","
	    "\"event_id\":\"%s:%s:alert:0:1\",\"seq\":1,"
	    "\"boot\":\"%s\",\"lane\":\"alert\",\"partition\":0,\"kind\":\"sensor\","
	    "\"severity\":\"high\",\"explain\":\"another machine (%s) sends events under "
	    "the name of this sensor; they are refused: give one of the two another "
	    "name\",\"rules_version\":\"unknown\","
	    "\"rules_generation\":0,\"sensor_version\":\"%s\"}}",
	    pkt_time_print((struct pkt_time){time}, when), sensor, sensor, boot, boot,
	    machine, version);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

size_t
gap_event_json(const struct lost_events *g, char *buf, size_t size)
{
	const char *lane = g->lane == LANE_FLOW ? "flow" : "alert";
	uint64_t count = g->to - g->from + 1;
	char when[PKT_TIME_TEXT], by[COUNTS];
	int n;

	counts(g->by, by);
	n = snprintf(buf, size,
	    "{\"timestamp\":\"%s\",\"event_type\":\"anomaly\",\"host\":\"%s\","
	    "\"anomaly\":{\"type\":\"sensor\",\"event\":\"gap\"},"
	    "\"earshot\":{\"schema\":\"earshot-event/1.0\","
	    "\"event_id\":\"%s:%s:%s:%" PRIu32 ":%" PRIu64 "\",\"seq\":%" PRIu64 ","
	    "\"boot\":\"%s\",\"lane\":\"%s\",\"partition\":%" PRIu32 ",\"kind\":\"gap\","
	    "\"severity\":\"high\",\"explain\":\"%" PRIu64 " events were lost: %s\","
	    "\"gap\":{\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"count\":%" PRIu64
	    ",\"reason\":\"%s\"%s},\"rules_version\":\"unknown\","
	    "\"rules_generation\":0,\"sensor_version\":\"%s\"}}",
	    pkt_time_print((struct pkt_time){g->time}, when), g->sensor, g->sensor,
	    g->boot, lane, g->partition, g->to, g->to, g->boot, lane, g->partition, count,
	    g->why, g->from, g->to, count, g->why, by, g->version);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}
