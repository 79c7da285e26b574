/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * event: verdicts, flows and the sensor's state as JSON lines in the shape of Suricata's
 * EVE, with exactly one object of our own, `earshot`.
 *
 * EVENT_FIELDS in event_table.h declares every field once: path, JSON type, which event
 * types have it, whether it is required, its meaning. Encoder, JSON schema and manual
 * come from it. Encoding is a pure function: fixed key order, valid UTF-8, wire bytes
 * escaped, no spaces.
 *
 * event_id = sensor:boot:lane:partition:seq, contiguous from 1 in each lane and
 * partition. The partition is a hash of the device's key under a fixed key, of the sensor's
 * name for what it says of itself.
 */
#ifndef RULES_EVENT_EVENT_H
#define RULES_EVENT_EVENT_H

#include "capture/source/source.h"
#include "classify/endpoint/endpoint.h"
#include "rules/eval/eval.h"

#define EVENT_BYTES 16384	/* longest event; longer text fields are cut to fit */
#define EVENT_PARTITIONS 16	/* when nobody says */
#define EVENT_PARTITIONS_MOST 64	/* two digits in the name of a key */

enum lane { LANE_ALERT, LANE_FLOW, LANE_COUNT };
const char *lane_name(enum lane l);		/* "alert", "flow" */

enum event_type { EVENT_TYPE_ALERT, EVENT_TYPE_FLOW, EVENT_TYPE_STATS, EVENT_TYPE_ANOMALY,
	EVENT_TYPE_COUNT };
const char *event_type_name(enum event_type t);

/* What a sink needs to know without reading the JSON. Fixed size:
 * crosses process borders. */
#define EVENT_BOOT 40		/* a boot's name and NUL */
struct event_head {
	uint32_t lane, partition;
	uint64_t seq;			/* contiguous in boot, lane and partition */
	char boot[EVENT_BOOT];		/* of the sensor: a restarted one has another */
	uint32_t type;			/* enum event_type */
	uint32_t kind;			/* enum event_kind; EVENT_KIND_COUNT: none
					 * (flow) */
	uint32_t severity;		/* enum severity */
	uint32_t json_len, text_len;	/* JSON line without newline;
					 * text for a person, may be 0 */
	int64_t time;			/* ns */
};

struct outlet_snapshot;

/* What the sensor counted, for the stats event. Cumulative. */
struct sensor_stats {
	struct pkt_time now;
	uint64_t packets, used, bytes;
	const uint64_t *drops;		/* by enum drop, DROP_COUNT of them */
	uint64_t kernel_drops, iface_drops;	/* UINT64_MAX: unknown */
	uint64_t flows, flows_now, pairs_now, evicted, fragments_orphan;
	bool tap_duplicates;
	uint64_t copies, copies_kept, copies_crowded, tags_differ, half_flows;
	uint64_t records, verdicts, suppressed;
	uint64_t excepted;		/* verdicts that an exception kept quiet */
	uint64_t sum_keys, sum_evicted, sum_error;	/* eval_counts */
	uint64_t cell_packets, cell_deaths, cell_hangs, cell_quarantined, breaker_trips;
	uint64_t ring_lost;		/* events that found no room
					 * on the way to the outlet */
	uint64_t observations_lost;	/* the same, of the outlet's live table and store */
	uint64_t gap_bytes;		/* acknowledged, never captured */
	uint64_t no_head, strings_refused;
	uint64_t calls_forgotten;	/* devices and rooms whose calls made room */
	uint64_t pieces_forgotten;	/* pairs whose bursts made room */
	uint64_t holes_lost;		/* TCP directions, each time */
	uint64_t meters, meters_forgotten;
	struct endpoint_stats ends;
	int64_t lag_ns;			/* live: wall clock minus
					 * packet time; -1 for files */
	bool seccomp, cell_seccomp, outlet_seccomp;	/* the sensor's first */
	int landlock_abi, cell_landlock_abi, outlet_landlock_abi;
	const struct source_iface *iface;	/* live: each interface */
	unsigned ifaces;
	const uint64_t *partition_events;	/* the emitter's, for each; set by it */
	unsigned partitions;
	const struct outlet_snapshot *outlet;	/* live: the outputs; else NULL */
};

struct emitter;

struct emitter_options {
	const char *sensor;		/* `host`; [A-Za-z0-9._-]{1,64},
					 * checked by the caller */
	const char *boot;		/* "file-0123abcd..." or a start's own */
	const char *version;		/* of the sensor */
	const char *rules_version;
	uint64_t generation;		/* of the rules: 1 at the start, 0 is taken for 1 */
	const char *input;		/* pcap_filename for files; NULL live */
	const char *const *iface;	/* names by source index, live; NULL for files */
	unsigned ifaces;
	bool text;			/* make the text form too */
	bool colour;
	bool flows;			/* make flow events */
	unsigned partitions;		/* 0: EVENT_PARTITIONS */
	void *arg;
	/* false: nobody takes such an event now: it has its number and is not made. NULL: all
	 * are wanted. */
	bool (*wanted)(void *arg, enum event_type type);
	/* false: no room now; the emitter counts it and tells a gap
	 * when there is room again. */
	bool (*put)(void *arg, const struct event_head *h, const char *json,
	    const char *text);
};

struct emitter *emitter_create(const struct emitter_options *o, struct fault *why);
void emitter_destroy(struct emitter *e);

/* An alert or an anomaly. */
struct event_ref emitter_verdict(struct emitter *e, const struct verdict *v);
void emitter_flow(struct emitter *e, const struct observation *close,
    const struct intern *strings);
/* Tells gaps that are still to be told, too: so it comes last. */
void emitter_stats(struct emitter *e, const struct sensor_stats *s);
/* The sensor's own state: breaker tripped, cell died, interface gone. kind sensor. */
void emitter_anomaly(struct emitter *e, struct pkt_time now, enum severity severity,
    const char *signature, const char *text);
/* The same, of one interface: `in_iface`. */
void emitter_iface_anomaly(struct emitter *e, struct pkt_time now, enum severity severity,
    const char *signature, const char *text, const char *iface);
/* A reload: what follows is judged by other rules. */
void emitter_set_rules(struct emitter *e, const char *version, uint64_t generation);
uint64_t emitter_lost(const struct emitter *e);

/* The JSON schema (draft 2020-12) of an event; unknown keys are forbidden in it. */
void event_schema_print(void (*write)(void *arg, const char *s, size_t n), void *arg);
/* The same for an observation, from its own table. */
void observation_schema_print(void (*write)(void *arg, const char *s, size_t n),
    void *arg);
/* Field, type, meaning: one line each, for the manual. */
void event_fields_print(void (*write)(void *arg, const char *s, size_t n), void *arg);

/* Community ID v1, seed 0 ("1:..."): buf of at least 40. For protocols with ports, ICMP
 * by its type mapping; proto is the IP protocol. */
void community_id(const struct addr *src, const struct addr *dst, uint16_t sport,
    uint16_t dport, uint8_t proto, char buf[40]);

/* "20.2 MB = 1 h 52 min of speech at 24 kbit/s" (kbits 0: 24). Returns buf. */
const char *speech_text(uint64_t bytes, unsigned kbits, char buf[48]);

#endif
