/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow: packets to flows and host pairs, with true bytes.
 *
 * A flow is a 5-tuple, with the protocol always in the key and the VLAN unless told not
 * to. A pair is an inside host and an outside host; it sums every flow between them and
 * outlives them. Both live in tables keyed by SipHash under the start's own key, in pools
 * sized at the start. They expire by packet time, oldest first in order of last packet;
 * nothing depends on the order of a hash.
 *
 * Bytes. "captured" is payload seen for the first time: TCP by the advance of the
 * sequence number, so that retransmissions do not count and reordering does not matter;
 * UDP and others by payload length. "true" adds gaps that the other side's
 * acknowledgements prove delivered; a jump of more than 16 MiB (GAP_MAX) is not believed.
 * Wire bytes are frame lengths. When an acknowledgement overtook its data, the bytes are
 * gaps first and move to captured when they come: gaps may shrink, captured and true
 * never do, unless a packet is taken back: one that proved to be the tap's own copy of
 * another (duplicates.h).
 *
 * Client and server. TCP: who sent the SYN is the client, who sent a SYN+ACK first the
 * server. Mid-stream a port under 1024 against one that is not is the server's, of two
 * such ports the smaller; else one under 32768 against one that is not (ephemeral); else
 * who spoke first is the client. Everything else: who spoke first is the client, whatever
 * the ports.
 *
 * ICMP between two hosts is one flow: its key has no ports, client_port is type and code
 * of the first message.
 *
 * Later fragments join the flow of their first by (source, destination, VLAN, protocol,
 * id) for 30 s; their payload counts as captured but for TCP, whose sequence numbers they
 * do not carry. One whose first was not seen goes to a flow with ports 0.
 *
 * Each flow and pair carries room for the next stages (flow_user, pair_user), zeroed at
 * birth; a callback tells of birth, packet and end. Callbacks may not call back into the
 * table, but for flow_user/pair_user.
 *
 * Memory. When a pool is full something is evicted: first a flow of one packet or a
 * half-open TCP flow, then the longest-idle tiny one (< 4 kB up), then the longest idle;
 * a flow that is uploading (4 kB or more up) only when nothing else is left. Evictions
 * are counted by class. A flow that does not cross is tiny when neither direction has 4
 * kB. "Longest idle" is exact to one second. When the pairs are full the first one that
 * became without a flow goes; when there is none, flows are evicted until there is.
 *
 * Time. The table's time is the latest it was told; an older packet counts as now.
 */
#ifndef CAPTURE_FLOW_FLOW_H
#define CAPTURE_FLOW_FLOW_H

#include "capture/base/fault.h"
#include "capture/base/siphash.h"
#include "capture/decode/packet.h"
#include "capture/flow/observation.h"	/* enum flow_end */
#include "capture/flow/zone.h"

#define FLOW_ID_BITS 51		/* what a JSON number carries through JavaScript */
#define GAP_MAX (16u * 1024 * 1024)

/* Directions of a flow: from the side that opened it, and back. */
enum flow_dir { FLOW_TO_SERVER, FLOW_TO_CLIENT };

struct flow_count {
	uint64_t captured;	/* payload bytes, each once */
	uint64_t gaps;		/* payload bytes not captured but acknowledged */
	uint64_t retrans;	/* payload bytes that came again */
	uint64_t wire;		/* frame bytes */
	uint64_t pkts;
	uint64_t data_pkts;	/* packets with payload */
};

static inline uint64_t
flow_true_bytes(const struct flow_count *c)
{
	return c->captured + c->gaps;
}

struct flow_key {
	struct addr a, b;		/* a < b, or a == b and a_port <= b_port */
	uint16_t a_port, b_port;
	uint16_t vlan;			/* VLAN_NONE when there is none
					 * or it is not in the key */
	uint8_t proto;
};

enum {
	FLOW_MIDSTREAM = 1 << 0,	/* TCP whose SYN was not seen */
	FLOW_SAW_SYN = 1 << 1, FLOW_SAW_SYNACK = 1 << 2, FLOW_SAW_FIN = 1 << 3,
	FLOW_SAW_RST = 1 << 4, FLOW_TRUNCATED = 1 << 5,	/* some payload was cut
							 * by the snap length */
	FLOW_FRAGMENTS = 1 << 6,
	FLOW_ACKS_UNSEEN = 1 << 7,	/* an acknowledgement of bytes
					 * nobody saw: half capture */
	FLOW_TAGS_DIFFER = 1 << 8,	/* one direction has another VLAN tag than
					 * the other, or none */
};

struct pair {
	struct addr inside, outside;
	struct pkt_time first, last;
	/* True bytes: [0] tcp, [1] udp, [2] others; up = inside to outside */
	uint64_t up[3], down[3];
	uint32_t flows;			/* alive now */
	uint32_t flows_ever;
	uint8_t came;			/* a bit for each that had a packet down */
	bool alive;			/* for the table */
};

/* What most packets of a flow need lies at its front. */
struct flow {
	struct addr client, server;
	struct pair *pair;		/* NULL when nothing crosses */
	struct pkt_time last, first;
	uint16_t client_port, server_port;
	uint16_t key_vlan;		/* VLAN_NONE: none, or not in the key */
	uint8_t proto;
	int8_t up;			/* the enum flow_dir that goes up, or -1:
					 * nothing crosses */
	uint16_t flags;
	uint16_t iface;
	uint16_t vlan[2];		/* tag of the last packet by enum flow_dir;
					 * VLAN_NONE: untagged, or no packet yet */
	struct flow_count count[2];	/* by enum flow_dir */
	uint8_t mac[2][6];		/* last source MAC seen from client,
					 * from server; 0 unknown */
};

/* < 2^51; SipHash under a fixed key of key and first time, of addresses and first time:
 * reckoned when asked for. */
uint64_t flow_id(const struct flow *f);
uint64_t pair_id(const struct pair *p);
void flow_key_of(const struct flow *f, struct flow_key *out);

static inline uint64_t
flow_mac(const struct flow *f, enum flow_dir dir)
{
	return mac_from_bytes(f->mac[dir]);
}

/* Index into pair.up/down. */
static inline int
pair_transport(uint8_t proto)
{
	return proto == IPPROTO_IS_TCP ? 0 : proto == IPPROTO_IS_UDP ? 1 : 2;
}

/* One packet in the context of its flow. Lent for the call. */
struct flow_hit {
	struct flow *flow;
	const struct packet *pkt;
	enum flow_dir dir;
	bool up, down;			/* crosses, and which way */
	bool is_new;			/* the flow's first packet */
	uint32_t fresh;			/* payload bytes seen for the
					 * first time by this packet */
	uint32_t late;			/* of these, bytes that an
					 * acked_unseen reported before */
	/* Bytes of the OTHER direction that this packet's acknowledgement proved
	 * delivered though the capture missed them (already added to its `gaps`). */
	uint32_t acked_unseen;
	/* TCP: offset of the payload's first byte in the stream of this direction (0 =
	 * first byte after SYN, or the first byte seen mid-stream); UDP: 0. May be before
	 * what was seen already (a retransmission). */
	uint64_t offset;
	uint32_t payload;		/* bytes counted: 0 in TCP's later fragments */
	/* TCP: bytes of this direction on their way when this packet left, without its
	 * own; UINT32_MAX when no acknowledgement was seen, and for all but TCP. */
	uint32_t under_way;
	/* TCP: offset up to which the other side had acknowledged this direction by then;
	 * 0: not seen. What lies before it and was not captured will not come. */
	uint64_t acked;
};

/* What counting a packet added, kept by whoever may have to take it back. */
struct flow_trace {
	struct flow_key key;
	uint64_t id;
	enum flow_dir dir;
	uint32_t wire, payload, fresh, late, acked_unseen;
};

struct flow_callbacks {
	void *arg;
	void (*packet)(void *arg, const struct flow_hit *hit);	/* born: is_new */
	void (*end)(void *arg, struct flow *f, enum flow_end why);
	void (*pair_end)(void *arg, struct pair *p);	/* before the pair is forgotten */
	/* flowtab_relabel: another way is up now. It has no pair meanwhile. May be NULL. */
	void (*turned)(void *arg, struct flow *f);
};

struct flow_options {
	struct siphash_key key;		/* drawn at start */
	struct zone zone;		/* lent until flowtab_relabel */
	size_t max_flows;		/* 0: 1048576 */
	size_t max_pairs;		/* 0: as many as flows */
	size_t flow_user, pair_user;	/* bytes of room behind each */
	bool ignore_vlan;
	/* idle limits in ns; 0: tcp 600 s, half-open tcp 30 s, closed tcp 10 s, udp 120
	 * s, others 60 s, pairs 3600 s after their last flow ended */
	int64_t idle_tcp, idle_half, idle_closed, idle_udp, idle_other, idle_pair;
	struct flow_callbacks on;
};

struct flow_stats {
	uint64_t flows_ever, flows_now, pairs_ever, pairs_now;
	uint64_t evicted_half, evicted_tiny, evicted_idle, evicted_uploading,
	    evicted_pairs;
	uint64_t fragments_orphan;	/* later fragments whose first was not seen */
	uint64_t no_room;		/* packets that found no flow even
					 * after eviction: must stay 0 */
	uint64_t holes_lost;		/* TCP: directions whose holes found no place, so
					 * that bytes which come late count as sent again */
	uint64_t time_back;		/* packets older than the
					 * table's time, taken as now */
	uint64_t half;			/* TCP flows of which one direction was not
					 * seen when it was first acknowledged */
	uint64_t tags_differ;		/* flows with another VLAN tag one way than
					 * the other */
};

struct flowtab;

struct flowtab *flowtab_create(const struct flow_options *o, struct fault *why);
void flowtab_destroy(struct flowtab *t);		/* calls no callback */

/* One decoded packet of class PACKET_FLOW.
 * Calls on.packet (and on.end for what was evicted). */
void flowtab_packet(struct flowtab *t, const struct packet *pkt);

/*
 * Looking ahead. A packet whose flow was not heard of for a while costs a dozen lines of
 * memory that are not in the processor's caches, one after the other. Who knows the packets
 * that come next asks for each in turn to bring near what is found by its key, and then
 * what is found through that: their waits overlap. Nothing is changed and nothing depends
 * on it.
 */
struct flow_ahead {
	uint64_t hash;
	bool known;			/* the hash is the packet's: a fragment has none yet */
};

/* Depends on the options alone: another thread may do it, early. */
void flowtab_ahead(const struct flowtab *t, const struct packet *pkt,
    struct flow_ahead *a);
void flowtab_ahead_near(const struct flowtab *t, const struct flow_ahead *a);
/* What may well be its flow; NULL: none yet. For looking through, not for counting. */
struct flow *flowtab_ahead_flow(const struct flowtab *t, const struct flow_ahead *a);
void flowtab_ahead_pair(const struct flowtab *t, const struct flow *f);
/* As flowtab_packet, of which was looked ahead. */
void flowtab_packet_ahead(struct flowtab *t, const struct packet *pkt,
    const struct flow_ahead *a);

void flow_trace_of(const struct flow_hit *hit, struct flow_trace *out);

/* Undoes the counting of one packet, in its flow and pair, but for times and flags.
 * Returns the flow; NULL when it has ended since, and then nothing is undone. */
struct flow *flowtab_take_back(struct flowtab *t, const struct flow_trace *trace);

/* Packet time has come to now: expires what is due, in order. */
void flowtab_step(struct flowtab *t, struct pkt_time now);

/* The home networks are others: `up` of every live flow and its pair are as if it had
 * begun under them, with what it carried so far. One that finds no pair is another flow
 * with its next packet. Calls on.turned and on.pair_end; the old zone is not needed
 * afterwards. */
void flowtab_relabel(struct flowtab *t, struct zone zone);
/* The same networks, in another place of memory. */
void flowtab_lend_zone(struct flowtab *t, struct zone zone);

/* The input ends: every flow ends with FLOW_END_INPUT in order of birth,
 * then every pair. */
void flowtab_finish(struct flowtab *t);
/* The same, and time goes on from an earlier moment. */
void flowtab_back(struct flowtab *t, struct pkt_time now);

/* Calls fn for every live flow in order of birth. fn may read and write the user room. */
void flowtab_each(struct flowtab *t, void (*fn)(void *arg, struct flow *f), void *arg);
void flowtab_each_pair(struct flowtab *t, void (*fn)(void *arg, struct pair *p),
    void *arg);

bool pair_older(const struct pair *x, const struct pair *y);	/* born before */

/* The user's room lies behind what the table keeps (life.h). */
#define FLOW_KEPT 24
#define PAIR_KEPT 16

static inline void *
flow_user(struct flow *f)
{
	return (char *)f + (sizeof(*f) + FLOW_KEPT + 7) / 8 * 8;
}

static inline void *
pair_user(struct pair *p)
{
	return (char *)p + (sizeof(*p) + PAIR_KEPT + 7) / 8 * 8;
}

void flowtab_stats(const struct flowtab *t, struct flow_stats *out);
size_t flowtab_room(const struct flowtab *t);		/* flows, at the most */
size_t flowtab_bytes(const struct flowtab *t);		/* memory committed at the cap */

#endif
