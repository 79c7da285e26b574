/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sample: records and programs built by hand, for the tests of rules/eval and
 * rules/event. A recorder in a meeting room (10.20.0.13) sends to 203.0.113.9.
 */
#ifndef TESTS_UNIT_RULES_SAMPLE_H
#define TESTS_UNIT_RULES_SAMPLE_H

#include "rules/eval/eval.h"

#include <string.h>

#define SAMPLE_T0 (1763790420LL * NS_PER_S)	/* 2025-11-22 05:47:00 */
#define SAMPLE_MB UINT64_C(1000000)

static const struct siphash_key sample_hash = { 1, 2 };

static inline struct addr
sample_addr(const char *text)
{
	struct addr a;

	memset(&a, 0, sizeof(a));
	(void)addr_parse(text, strlen(text), &a);
	return a;
}

/* Ends, times and keys; no counters, no names of the destination. */
static inline struct observation
sample_record(struct intern *strings, enum observation_kind kind, int64_t seconds)
{
	struct observation o;

	memset(&o, 0, sizeof(o));
	o.size = sizeof(o);
	o.version = OBSERVATION_VERSION;
	o.kind = (uint8_t)kind;
	o.time = SAMPLE_T0 + seconds * NS_PER_S;
	o.ordinal = 1;
	o.flow_id = 4711;
	OBSERVATION_SET(&o, outbound, 1);
	OBSERVATION_SET(&o, src_ip, sample_addr("10.20.0.13"));
	OBSERVATION_SET(&o, src_port, 40000);
	OBSERVATION_SET(&o, dest_ip, sample_addr("203.0.113.9"));
	OBSERVATION_SET(&o, dest_port, 443);
	OBSERVATION_SET(&o, transport, TRANSPORT_TCP);
	OBSERVATION_SET(&o, device_key, intern_put(strings, "3c:52:82:11:0a:11", 17));
	OBSERVATION_SET(&o, device_name, intern_put(strings, "meeting-room-3", 14));
	OBSERVATION_SET(&o, dest_key, intern_put(strings, "203.0.113.9", 11));
	OBSERVATION_SET(&o, dest_settled, 1);
	return o;
}

/* The counters of a flow that carried so much up. */
static inline void
sample_counters(struct observation *o, uint64_t up)
{
	OBSERVATION_SET(o, flow_start, SAMPLE_T0 - 10 * NS_PER_S);
	OBSERVATION_SET(o, flow_last, o->time);
	OBSERVATION_SET(o, upload, up);
	OBSERVATION_SET(o, download, up / 100);
	OBSERVATION_SET(o, wire_up, up + up / 20);
	OBSERVATION_SET(o, wire_down, up / 50);
	OBSERVATION_SET(o, pkts_up, up / 1400 + 1);
	OBSERVATION_SET(o, pkts_down, up / 2800 + 1);
}

#endif
