/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observer: the stage that puts the rooms together. Packets go in, observations come out.
 *
 * Owns: the flow table, what each flow, pair, socket, inside host and queried domain
 * carries with it (classifier, content, meters, names), and the order of records.
 * Refuses: judgement (no threshold but those handed in), files, clocks: time is packet
 * time.
 *
 * Records come out in (time, ordinal) order at steps of one second of packet time,
 * counted from the first packet; before a step is handed on, the classifier has answered
 * all that it was sent. on_step follows the records of the step.
 *
 * Memory is sized at creation; nothing is allocated afterwards.
 */
#ifndef CLASSIFY_OBSERVER_OBSERVER_H
#define CLASSIFY_OBSERVER_OBSERVER_H

#include "capture/flow/duplicates.h"
#include "capture/flow/flow.h"
#include "classify/dpi/dpi.h"
#include "classify/endpoint/endpoint.h"
#include "classify/endpoint/inventory.h"
#include "classify/endpoint/places.h"
#include "classify/endpoint/vendors.h"
#include "classify/shape/hearing.h"

/* Bytes that a flow may take with all that can belong to it: a pair of its own, a name, what
 * few flows need. One that is short and says its name takes half. */
#define OBSERVER_FLOW_MOST 1100

struct observer;

struct observer_options {
	struct siphash_key hash;	/* drawn at start */
	struct zone zone;		/* lent, until observer_relabel */
	const struct hearing *hearing;	/* lent, as above */
	const struct inventory *inventory;	/* lent, as above; NULL: none */
	const struct vendors *vendors;	/* lent, as above; NULL: none */
	const struct place_file *asn, *country;	/* lent, as above; NULL: none */
	struct dpi_cell *cell;		/* lent; NULL: no classifier */
	bool pass_killers;		/* dpi.h */
	bool split_vlans;		/* the same addresses and ports in two VLANs are
					 * two flows; else a flow may have another tag
					 * one way than the other */
	size_t max_flows;		/* 0: the flow table's default */
	int64_t learn_for;		/* ns until first-seen means something;
					 * 0: it never does */
	void *arg;
	observe_fn *on_record;
	/* Of a flow that moves, between two of its records: how it stands, for who looks
	 * on. No rule sees these; at most one a flow in live_every, 0: none. */
	observe_fn *on_live;
	int64_t live_every;
	void (*on_step)(void *arg, struct pkt_time now, const struct intern *strings);
};

struct observer_stats {
	struct flow_stats flow;
	struct dpi_counters dpi;
	uint64_t records, quarantined, no_head, strings_refused;
	uint64_t gap_bytes;		/* acknowledged by the other side, not captured */
	uint64_t meters, meters_evicted;
	uint64_t calls_evicted;		/* devices and rooms */
	uint64_t pieces_evicted;	/* pairs whose bursts were forgotten for others' */
	struct endpoint_stats ends;
	bool breaker_open;
	struct duplicates_stats duplicates;
	uint64_t taken_back;		/* packets that were counted and were copies */
	uint64_t copies_told;		/* the same, of flows that had ended by then */
	uint64_t clock_backs;		/* times packet time went back by more than a minute */
	bool crossed;			/* something went between inside and outside */
};

struct observer *observer_create(const struct observer_options *o, struct fault *why);
void observer_destroy(struct observer *o);

/* One decoded packet of any class, in the order of the input. A clock that went back is
 * believed after sixteen packets: what is open is closed, and time goes on from there.
 * Runs the steps it passes. False: a copy, on a tap that duplicates; it was not counted,
 * and stats.taken_back says how many before it no longer are. */
bool observer_packet(struct observer *o, const struct packet *pkt);

/* What can be said of a packet long before its turn: it depends on nothing that packets
 * change, so another thread may say it (but not beside observer_create or _destroy). */
struct observer_glance {
	struct duplicates_look look;
	struct flow_ahead flow;
};

/* A capture's first frame, before any glance: what depends on the key by which copies are
 * found (stats.duplicates.crowded) is then the same whenever the capture is read. Whoever
 * makes packets on the wire cannot know it. */
void observer_first(struct observer *o, const struct frame *f);

void observer_glance(const struct observer *o, const struct packet *pkt,
    struct observer_glance *out);

/* The next n packets, of which observer_packet will get some or all, in this order and from
 * this place: what they will touch is brought near (flow.h). Nothing depends on it. Both
 * arrays are lent until the next call. */
#define OBSERVER_AHEAD 16
void observer_ahead(struct observer *o, const struct packet *pkt,
    const struct observer_glance *glance, size_t n);

/* Packet time moves without a packet (a live wire's timer). Never back. */
void observer_advance(struct observer *o, struct pkt_time now);

/* The sensor lost packets: `lost` is the count so far.
 * Following records say so for 10 s. */
void observer_loss(struct observer *o, struct pkt_time now, uint64_t lost);

/* What was observed so far is handed on, without waiting for the step. */
void observer_flush(struct observer *o);

/* A reload, outside of any callback: from here on these are the home networks, what is
 * heard by, the inventory, the vendors and the databases of places; the old ones are not
 * needed afterwards. Flows that are open
 * turn, what was kept of pairs, sockets and hosts on the wrong side is dropped, devices
 * get their labels anew with their next record (a `device` record tells another key). */
void observer_relabel(struct observer *o, struct zone zone, const struct hearing *hearing,
    const struct inventory *inventory, const struct vendors *vendors,
    const struct place_file *asn, const struct place_file *country);

/* The input is at its end: what is open is closed, what is due is handed on. */
void observer_finish(struct observer *o);

/* First-seen outlives the process; as endpoint_save and endpoint_restore. */
bool observer_save(struct observer *o, struct endpoint_cursor *c, size_t slice,
    bool (*write)(void *arg, const void *item, size_t n), void *arg);
bool observer_restore(struct observer *o, struct span item);
struct pkt_time observer_since(const struct observer *o);	/* it listens */

struct pkt_time observer_now(const struct observer *o);
const struct intern *observer_strings(const struct observer *o);
void observer_get_stats(const struct observer *o, struct observer_stats *out);

#endif
