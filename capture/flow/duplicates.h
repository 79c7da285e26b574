/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * duplicates: does the tap show packets twice, and is this one a copy?
 *
 * A mirror port that copies both what comes in and what goes out, or two of them that
 * see the same path, shows a packet more than once. That is a property of the tap, not
 * of a packet: hosts send identical packets too. So nothing is dropped until EVIDENCE of
 * WINDOW consecutive packets came a second time within DUPLICATES_NS; until then a
 * packet that looks like a copy is a SUSPECT: it counts, and whoever counts it remembers
 * how to take it back. From the turn on it is a COPY and is not to be counted. The tap
 * is believed again when less than one in twenty of BELIEVE_AFTER packets were copies.
 *
 * What makes two packets the same: addresses, protocol, length, IP id and fragment
 * offset (IPv4), all that follows the IP header as far as it was captured. What routers
 * and mirrors change is left out: TTL, DSCP and ECN, IP checksum and options, tags, MAC
 * addresses, headers around the innermost packet. When the two were captured to
 * different lengths, the first 32 bytes behind the IP header (with TCP's numbers, and a
 * checksum over the rest) decide. Of TCP only these 32 decide in any case: sequence
 * numbers already say which bytes are new.
 *
 * What is no evidence: the third sighting and later ones, and content that also comes
 * again after DUPLICATES_NS (a device that reports the same reading for ever, without an
 * IP id).
 *
 * Memory is fixed: a table of 65,536 sightings, four places for each hash. Under a flood
 * a sighting younger than DUPLICATES_NS may be overwritten; that is counted (crowded)
 * and its copy is then taken for a packet. The hash is keyed.
 */
#ifndef CAPTURE_FLOW_DUPLICATES_H
#define CAPTURE_FLOW_DUPLICATES_H

#include "capture/base/siphash.h"
#include "capture/decode/packet.h"

#define DUPLICATES_NS (20 * NS_PER_MS)
#define DUPLICATES_WINDOW 1000		/* packets */
#define DUPLICATES_EVIDENCE 200		/* 20 % of them */
#define DUPLICATES_BELIEVE_AFTER 10000
#define DUPLICATES_BELIEVE_SHARE 20	/* one in so many */

enum duplicates_word {
	DUPLICATES_FIRST,	/* nothing like it for DUPLICATES_NS */
	DUPLICATES_SUSPECT,	/* a copy, perhaps: count it, and remember */
	DUPLICATES_COPY,	/* on a tap that duplicates: drop it */
};

struct duplicates_stats {
	bool on;		/* the tap duplicates */
	uint64_t starts, stops;
	uint64_t seen;		/* suspects and copies */
	uint64_t crowded;	/* sightings overwritten while they were young */
	/* Of the last turn, either way: so many of so many packets were copies. */
	unsigned of_copies, of_packets;
};

/* What is compared of a packet. Opaque; made ahead of its turn where a packet's turn is
 * known to come. */
struct duplicates_look {
	uint64_t time;
	uint32_t head, body, set;
	uint16_t captured;
	bool any;		/* there is something to compare */
};

struct duplicates;

struct duplicates *duplicates_create(const struct siphash_key *key);
/* Another key, before the first packet. */
void duplicates_key(struct duplicates *d, const struct siphash_key *key);
void duplicates_destroy(struct duplicates *d);

/* Packets of class PACKET_FLOW, in the order of the input. The answer that turns the
 * tap is a COPY; the suspects among the WINDOW packets before it are then to be taken
 * back. */
enum duplicates_word duplicates_packet(struct duplicates *d, const struct packet *pkt);

/* The same in two: the first changes nothing and depends on the key alone, so that another
 * thread may do it. Between them the place it is looked for at may be brought near. */
void duplicates_ahead(const struct duplicates *d, const struct packet *pkt,
    struct duplicates_look *out);
void duplicates_near(const struct duplicates *d, const struct duplicates_look *look);
enum duplicates_word duplicates_looked(struct duplicates *d,
    const struct duplicates_look *look);

uint64_t duplicates_count(const struct duplicates *d);	/* packets asked about */
void duplicates_get_stats(const struct duplicates *d, struct duplicates_stats *out);

#endif
