/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace: which flow could have carried this recording?
 *
 * Records of flows come in, in about the order of time, their counters cumulative, as
 * parts and closes lie in the store and flow events in a file. Three things are held
 * against the recording (fit.h):
 *
 *	whole    a flow when it ends; or flows of a device to one destination that follow
 *	         each other within a minute, as one
 *	chunks   all that a device sends to one destination with no pause over twenty minutes,
 *	         over three quarters of the recording's length at least (a recorder's first
 *	         piece is sent when it is full)
 *	live     a flow that lasted as long, at the rate of a codec; `longer`: one that went
 *	         on, of which the recording may be a part
 *
 * Each candidate is told with a chance: how many of the flows (runs) that were read would
 * fit as well if their sizes were drawn anew from what was read: those within a factor of
 * two of the size, times the width of the net, over the width of those two octaves, times
 * the forms that were tried. 0.01 of them is a find, 3 of them is none. A destination on the
 * list, a flow that brought as much back, a stream that went on, sound in clear text of
 * another length are less likely, and count more; sound of that length counts less.
 *
 * Memory is taken at creation: the last used flows and pairs of device and destination,
 * and the best candidates. What was forgotten is counted. Pure.
 */
#ifndef RULES_TRACE_TRACE_H
#define RULES_TRACE_TRACE_H

#include "capture/base/fault.h"
#include "rules/trace/fit.h"

#define TRACE_NAME 64
#define TRACE_IDS 8			/* flows that a candidate names */
#define TRACE_BEST 256

struct trace_record {
	bool sum;			/* flows too small to be kept, rolled up */
	bool closed;			/* the last of its flow */
	uint64_t sensor;		/* whose flow: a hash, or 0 */
	uint64_t flow;
	int64_t start, last;		/* ns: first and last packet */
	uint64_t up, down, packets;	/* payload; packets up; so far */
	bool datagrams;
	bool listed;			/* the destination was on the list 'known' */
	bool listed_known;
	uint32_t seen;			/* SEEN_ bits of observation.h */
	enum content_word content;	/* CONTENT_UNKNOWN when not seen */
	int64_t sound;			/* ns of sound, by clear text; 0: not told */
	uint16_t port;
	struct addr src, dst;
	struct span device, name, dest, dest_name, event;	/* text, lent; device and
					 * dest "": called by their addresses */
};

enum trace_kind { TRACE_WHOLE, TRACE_FLOWS, TRACE_CHUNKS, TRACE_LIVE, TRACE_LONGER };

struct trace_find {
	enum trace_kind kind;
	char device[TRACE_NAME], name[TRACE_NAME], src[ADDR_TEXT];
	char dest[TRACE_NAME], dest_name[TRACE_NAME], dst[ADDR_TEXT];
	uint16_t port;
	bool datagrams, listed;
	bool audio;			/* the clear text is sound... */
	bool proven;			/* ...as long as the recording */
	int64_t start, last;
	uint64_t up, down, packets, rolled;	/* rolled: of up, in small flows */
	unsigned flows, pieces;
	uint64_t flow[TRACE_IDS];
	int64_t sound;			/* ns of it, in clear text; 0: not told */
	char event[96];			/* of the (first) flow; "" from a store */
	uint32_t seen;
	struct fit fit;
	double chance;
};

struct trace_counts {
	uint64_t records, flows, sums;	/* taken */
	uint64_t up;
	int64_t first, last;		/* packet time of what was read */
	uint64_t loss, half;		/* records that say so */
	uint64_t other;			/* flows in clear text that were something else */
	uint64_t forgotten;		/* flows and pairs that made room before they ended */
	uint64_t candidates;		/* found, before the best were taken */
};

struct trace;

struct trace *trace_create(const struct trace_want *want, const struct siphash_key *hash);
void trace_destroy(struct trace *t);
void trace_take(struct trace *t, const struct trace_record *r);
/* What is open ends; candidates are sorted, the likeliest first. */
void trace_finish(struct trace *t);

unsigned trace_finds(const struct trace *t);
const struct trace_find *trace_find(const struct trace *t, unsigned i);
void trace_get_counts(const struct trace *t, struct trace_counts *out);

#endif
