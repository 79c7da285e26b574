/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heard: what a few seconds of a wire tell about how the sensor is connected: is there
 * anything, of whom, both ways, with which tags, how often, from how many addresses.
 *
 * Frames go in, counts come out; no clock, no descriptor. Memory is bounded: at most
 * HEARD_FLOWS conversations are followed at a time, the one that was quiet longest goes
 * first, judged.
 */
#ifndef RULES_DOCTOR_HEARD_H
#define RULES_DOCTOR_HEARD_H

#include "capture/base/siphash.h"
#include "capture/flow/zone.h"
#include "capture/source/frame.h"

#include <stdbool.h>

#define HEARD_OWN 64		/* addresses of this host that are told apart */
#define HEARD_VLANS 16
#define HEARD_FLOWS 65536
#define HEARD_FEW 4		/* packets of a conversation
				 * before its other direction is missed */

struct heard_options {
	struct siphash_key hash;	/* drawn at start */
	struct zone zone;
	struct addr own[HEARD_OWN];	/* of this host, on any interface */
	unsigned owns;
	unsigned flows;			/* conversations at a time; 0: HEARD_FLOWS */
};

struct heard_counts {
	uint64_t frames, bytes;
	uint64_t cut;			/* shorter than on the wire */
	uint64_t unread;		/* decode refused them */
	const char *unread_most;	/* the name of the refusal seen most; "" */
	uint64_t group;			/* to everybody, or to a group */
	uint64_t own;			/* from or to this host */
	uint64_t others;		/* between two other hosts */
	uint64_t crossed;		/* between inside and outside */
	uint64_t copies, judged; /* came twice within 20 ms, of so many that could */
	uint64_t tagged, untagged;	/* packets of conversations */
	uint16_t vlan[HEARD_VLANS];
	unsigned vlans;			/* HEARD_VLANS: or more */
	uint64_t tcp, tcp_one_way;	/* conversations long enough to tell */
	uint64_t two_ways;		/* conversations with packets both ways... */
	uint64_t half_tagged;		/* ...and a tag on one of them only */
	uint64_t openings;		/* conversations whose beginning was heard */
	uint64_t openings_most;		/* of the address that began most... */
	struct addr opener;		/* ...which is this */
	uint64_t opener_ttls;		/* with how many different times to live */
	uint64_t encrypted;		/* bytes on ports of encrypted protocols */
	uint64_t sums_own, sums_own_bad;	/* checksums looked at, and wrong */
	uint64_t sums_other, sums_other_bad;
};

struct heard;

struct heard *heard_create(const struct heard_options *o);	/* NULL: no memory */
void heard_destroy(struct heard *h);
void heard_frame(void *heard, const struct frame *f);	/* a source_frame_fn */
/* What was heard so far, conversations that go on included. */
void heard_counts(struct heard *h, struct heard_counts *out);

#endif
