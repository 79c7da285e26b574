/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See gap.h. Sensor and boot are of [A-Za-z0-9._-], `why` is our own text: nothing to
 * escape. */
#include "rules/event/gap.h"

#include <inttypes.h>
#include <stdio.h>

size_t
gap_event_json(const struct lost_events *g, char *buf, size_t size)
{
	const char *lane = g->lane == LANE_FLOW ? "flow" : "alert";
	uint64_t count = g->to - g->from + 1;
	char when[PKT_TIME_TEXT];
	int n;

	n = snprintf(buf, size,
	    "{\"timestamp\":\"%s\",\"event_type\":\"anomaly\",\"host\":\"%s\","
	    "\"anomaly\":{\"type\":\"sensor\",\"event\":\"gap\"},"
	    "\"earshot\":{\"schema\":\"earshot-event/1.0\","
	    "\"event_id\":\"%s:%s:%s:%" PRIu32 ":%" PRIu64 "\",\"seq\":%" PRIu64 ","
	    "\"boot\":\"%s\",\"lane\":\"%s\",\"partition\":%" PRIu32 ",\"kind\":\"gap\","
	    "\"severity\":\"high\",\"explain\":\"%" PRIu64 " events were lost: %s\","
	    "\"gap\":{\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"count\":%" PRIu64
	    ",\"reason\":\"%s\"},\"rules_version\":\"unknown\","
	    "\"rules_generation\":0,\"sensor_version\":\"%s\"}}",
	    pkt_time_print((struct pkt_time){g->time}, when), g->sensor, g->sensor,
	    g->boot, lane, g->partition, g->to, g->to, g->boot, lane, g->partition, count,
	    g->why, g->from, g->to, count, g->why, g->version);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}
