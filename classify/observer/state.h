/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state: what the observer keeps about flows, pairs, sockets, hosts and domains. Private
 * to classify/observer.
 */
#ifndef CLASSIFY_OBSERVER_STATE_H
#define CLASSIFY_OBSERVER_STATE_H

#include "capture/base/pool.h"
#include "capture/base/table.h"
#include "capture/flow/duplicates.h"
#include "classify/content/content.h"
#include "classify/dpi/vocabulary.h"
#include "classify/endpoint/endpoint.h"
#include "classify/endpoint/hostlist.h"
#include "classify/observer/observer.h"
#include "classify/shape/bursts.h"
#include "classify/shape/calm.h"
#include "classify/shape/meter.h"
#include "classify/shape/queries.h"
#include "classify/shape/text.h"
#include "classify/shape/within.h"

#define STEP_NS NS_PER_S
#define LIVE_FIRST (2 * NS_PER_S)
#define PART_EVERY (60 * NS_PER_S)	/* a 30-hour upload counts before it ends */
#define PART_BYTES (256u * 1024)	/* and a fast one before it is over */
#define SETTLED_PACKETS 12		/* after so many no name is a fact */
#define METER_AFTER 4			/* data packets up before a socket gets a meter */
#define WAY_WINDOWS 6			/* T5 looks at the last
					 * minute and at the whole life */
#define ASKED_WITHIN (2 * NS_PER_S)	/* the answer may reach us after the flow */
#define NEW_FOR (24 * 3600 * NS_PER_S)	/* a destination is new for a day */
#define SETUP_LASTS (120 * NS_PER_S)	/* media follow their signalling within this */
#define DOWN_WINDOWS 4
#define RECORDS 4096			/* of one step, before it is handed on early */
#define DROPS_HELD (RECORDS * 16)
#define PLACES 512			/* addresses whose place was looked up last */
#define EARLY_HELD 32			/* packets that wait for what they answer */
#define EARLY_BYTES 2048		/* longer ones do not wait */
#define EARLY_NS (5 * NS_PER_MS)	/* between the halves of a TAP, and then some */
#define COPIES_KEPT DUPLICATES_WINDOW	/* no more can be taken back */

/* Is the name that a flow's client says backed by anything? */
enum claim { CLAIM_OPEN, CLAIM_BACKED, CLAIM_ALONE, CLAIM_UNKNOWN };

/* In flow_user: what nearly every flow has. String ids are held. Moments are microseconds
 * since the flow's first packet (flow_clock): they come round after 71 minutes. */
struct flow_ext {
	struct dpi_flow dpi;
	struct content_flow content;
	uint32_t more;			/* number of a struct flow_more; 0: none */
	struct meter_ext *meter;	/* valid while its serial is meter_serial */
	struct socket_ext *socket;	/* of its inside end, likewise */
	uint32_t meter_serial, socket_serial;
	uint32_t part_at, live_at;	/* the last part; the last record */
	uint32_t asked, answered;	/* last told to sides.c */
	uint32_t app, category, sni, quic, host;
	uint32_t dns;			/* what its client asked for before it began */
	uint64_t risks;
	uint16_t handshake;		/* of a TLS record of it, what has not come yet */
	uint8_t confidence, tunnel;
	uint8_t claim;			/* enum claim */
	bool others: 1;			/* its certificate is for other names */
	bool waited: 1;			/* early.c */
	bool quarantined: 1, ended: 1;
	bool looked_up: 1, turned: 1;
	bool half: 1;			/* TCP that goes on, of one side only */
	bool stream: 1;			/* UDP, but a stream: QUIC */
	bool lived: 1;			/* live_at is set */
};

/* What few flows have: bodies, RTP, a proxy's target, a certificate, packets that wait. */
struct flow_more {
	uint64_t content_length;
	double content_rate;		/* as in struct content_news */
	int64_t content_ns;
	uint64_t plain_done;		/* bytes seen to be something else than sound */
	uint64_t plain_from, plain_end;	/* of the body at hand, in bytes of upload */
	uint64_t part_up;		/* upload at the last part */
	struct pkt_time missing_at;
	uint32_t missing;		/* early.c: bytes acknowledged before they came */
	uint32_t rtp_ssrc;
	uint32_t method, target, certificate;	/* whose the server says it is */
	uint32_t content_type, content_name;
	uint16_t class, format, proof, codec, rtp_codec, via;
	uint8_t missing_dir, held;	/* their direction; packets that wait for them */
	uint8_t rtp_type;
	bool content_to_end, content_seen, rtp;
	bool plain_text;		/* a body that claims to be text: T4 tells */
};

/* In pair_user. */
struct pair_ext {
	uint32_t piece;			/* number of a struct piece; 0: sent nothing yet */
	uint32_t name;			/* best name of the last
					 * flow that had one; held */
	uint32_t logical;		/* target behind a proxy; held */
	uint32_t dns;			/* of the last flow that had one; held */
	uint8_t mac[6];			/* of the inside host */
	uint8_t name_source, tunnel;
	bool looked_up: 1, unsure: 1, settled: 1, setup: 1, half: 1, truncated: 1,
	    quarantined: 1;
};

/* What a pair sends, in bursts; until the second that counts they need no struct bursts. */
struct piece {
	struct pair *pair;
	struct pkt_time start, last;	/* the open burst */
	uint64_t bytes;			/* 0: none open */
	uint64_t down;			/* received until the burst before was over, */
	uint32_t opened;		/* and connections */
	uint32_t first;			/* number of a struct burst: the one that was kept */
	uint32_t full;			/* number of a struct piece_full: then what is above
					 * does not count */
	uint32_t prev, next;		/* among those that may be open */
	uint32_t queued;		/* when it went there: ns >> 24 */
	uint32_t listed: 1;
	uint32_t unseen: 31;		/* of the open burst: acknowledged, not captured */
	struct text_meter text;
};

struct piece_full {
	struct bursts b;
	uint32_t piece;
};

struct meter_key {
	struct addr inside, outside;
	uint16_t port;
	uint8_t transport, pad;
};

/* T5's two looks: counters of the pair at the start of the meter and at each window. */
struct way {
	uint64_t up0, down0;
	uint64_t up[WAY_WINDOWS], down[WAY_WINDOWS];
	uint32_t n;
	struct pkt_time two;		/* last window that was answered; 0 ns: none */
	struct pkt_time shared;		/* last one whose sound a call had; 0 ns: none */
};

struct meter_ext {
	struct meter m;
	struct text_meter text;
	struct way way;
	struct flow *flow;		/* the last flow that fed it;
					 * NULL when that ended */
	uint32_t serial;
	uint64_t ordinal;		/* of its last packet */
};

struct within_ext {			/* a tunnel, by meter_key */
	struct within w;
	struct calm calm;		/* of tunnels of streams */
	struct flow *flow;		/* the last that fed it; NULL when that ended */
	uint64_t ordinal;		/* of its last packet */
};

#define ECHO_FORMS 8
struct echo_ext {			/* ICMP between two hosts, by meter_key */
	uint64_t form[ECHO_FORMS];	/* what stood in its echoes lately; a ring */
	uint8_t n, newest, score;
};

struct socket_key {
	struct addr inside;
	uint16_t port;
	uint8_t transport, pad;
};

struct socket_ext {			/* what comes back to an
					 * inside socket, from anyone */
	struct meter m;
	struct {
		struct pkt_time start, end;
		uint32_t packets;
		bool pass;
	} window[DOWN_WINDOWS];
	uint32_t n;
	struct pkt_time talks;		/* last window of its own that kept time */
	struct pkt_time touched;	/* in the table's order of use, to a second */
	uint32_t serial;		/* 0: forgotten */
};

struct host_ext {			/* an inside host */
	struct pkt_time heard;		/* last packet from outside; 0 ns: none */
	struct pkt_time counted[2];	/* last conversation that sides.c counted, whole
					 * and half */
	struct pkt_time setup;		/* last call set-up with anyone; 0 ns: none */
	struct pkt_time told;		/* first answer of DNS to it; 0 ns: none */
	struct pkt_time hidden;		/* last flow of encrypted DNS; 0 ns: none */
	uint32_t halves;		/* conversations of which one side was seen */
	uint32_t domain;		/* last registrable domain it asked for,
					 * seen whole; held */
};

struct domain_key {
	struct addr inside;
	uint32_t domain, pad;		/* string id */
};

struct domain_ext {
	struct queries q;
	struct addr resolver;
	uint16_t resolver_port, tunnel;
	uint64_t mac, flow_id, ordinal;
	struct pkt_time told;		/* start of the window that is open; 0 ns: none */
	struct pkt_time last;
};

/* calls.c: what was a call, of a device or of a room. */
#define CALLS 4				/* of each: the last ones */

struct call {
	struct meter_key meter;
	uint64_t serial;
	struct pkt_time begin, end;
	bool both;			/* both ways kept time in this window */
};

struct call_key {
	uint32_t id;			/* string: device key, or room; held */
	enum { CALL_OF_DEVICE = 1, CALL_OF_ROOM } of;
};

/* shared.c: what the meters of a device that are or were answered sent last. */
#define LEGS 4				/* those that kept time last */

struct call_leg {
	struct meter_key meter;
	uint64_t serial;		/* 0: none */
	struct pkt_time start;		/* of its last closed window */
	uint32_t second[METER_SECONDS];	/* bytes */
	struct meter_beat beat;
	uint32_t beats;
	int64_t period;			/* ns of the clock that stands; 0: none does */
};

struct legs_ext {			/* by call_key, of devices alone */
	struct call_leg leg[LEGS];
};

struct calls_ext {
	struct call call[CALLS];	/* a ring */
	uint32_t n;
};

struct owner_key {
	struct addr inside, network;	/* network: of addresses that have no name */
	uint32_t name, pad;		/* registrable domain; string id, 0: none */
};

struct owner_ext {			/* a device's bursts to all addresses of an owner */
	struct bursts bursts;
	struct addr last;
	uint16_t moved;			/* bit 0: the newest went elsewhere than the
					 * one before */
};

/* A packet that was counted and may be a copy: what its counting added where. */
struct copy {
	uint64_t number;		/* duplicates_count */
	struct pkt_time at;
	struct flow_trace trace;	/* id 0: nothing yet */
	uint64_t meter_serial;		/* 0: no meter took it */
	struct domain_key domain;
	uint32_t dns_bytes;
	bool up, socket, asked;		/* went to bursts, socket meter, T7 */
};

struct copies {
	struct copy kept[COPIES_KEPT];	/* a ring */
	uint64_t n;
	struct copy *open;		/* of the packet that is being counted */
	uint64_t taken_back, told;	/* told: their flow had ended */
};

struct early_one {
	struct flow *flow;		/* NULL: free */
	uint64_t serial;
	enum flow_dir dir;
	struct packet pkt;		/* points into what follows */
	struct frame frame;
	uint8_t bytes[EARLY_BYTES];
};

struct early {
	struct early_one one[EARLY_HELD];
	unsigned used;
	uint64_t serials;
};

struct placed {
	struct addr addr;
	struct location place;		/* of the databases in use */
	bool used;
};

#define OWNED_KEPT 8192
struct owned {				/* a name, and its registrable domain; string ids */
	uint32_t name, domain;
};

/* The public suffix list is asked once about a name that is asked for, gets an answer and is
 * said in a hello: by the hash of its bytes, where its registrable domain begins. */
struct suffixed {
	uint64_t hash;			/* 0: nothing here */
	uint32_t skip;
};

/* sides.c: what is known of the tap. */
#define TAP_MACS 8
#define HALF_HOSTS 8		/* with halves, remembered: as many as half.hosts may ask */

struct tap_macs {
	uint64_t mac[TAP_MACS];		/* a ring; 0: none */
	unsigned n;
};

struct taps {
	struct pkt_time asking, near_asking;	/* since when nothing comes in, while who
					 * is asked is outside, inside; 0 ns: it does */
	struct tap_macs router, near;	/* to whom what leaves is sent; who answers */
	uint32_t of[2];			/* conversations lately, whole and half */
	struct tap_half {
		struct addr of;
		struct pkt_time last;	/* 0 ns: nobody */
	} half[HALF_HOSTS];		/* who had halves lately */
	bool seen;			/* something came in, ever, or the router spoke */
	bool heard;			/* the former */
};

/* ahead.c: of the packets that come next. */
struct ahead {
	const struct packet *pkt;
	const struct observer_glance *glance;
	size_t n;
};

struct pieces {
	struct pool *piece, *first, *full;
	uint32_t head, tail;		/* of the list */
	uint32_t hand;			/* of the clock that says which full one goes */
	uint32_t *due;			/* room for all */
	size_t room;
	uint64_t evicted;		/* pairs whose bursts were forgotten for others' */
};

struct observer {
	struct observer_options o;
	struct pieces pieces;
	struct pool *more;
	struct flowtab *flows;
	struct dpi *dpi;
	struct content *content;
	struct endpoint *endpoint;
	struct intern *strings;
	struct table *meters, *sockets, *hosts, *domains, *calls, *legs, *withins, *echoes,
	    *owners;
	struct content_news news;
	struct duplicates *duplicates;
	struct copies copies;
	struct early early;
	struct ahead ahead;
	struct placed place[PLACES];
	struct owned owned[OWNED_KEPT];	/* asked for last, by name */
	struct suffixed suffixed[OWNED_KEPT];

	struct pkt_time first, now, next_step;
	bool started;
	unsigned behind;		/* packets in a row from long ago */
	uint64_t backs;			/* times the clock went back */
	uint64_t ordinal;
	struct taps tap;
	bool crossed;
	uint64_t lost, gap_bytes;
	bool lost_known;
	struct pkt_time loss_until;
	uint32_t serials;		/* of meters and sockets; 0 is none */
	uint64_t quarantined, told;

	struct observation *record;	/* RECORDS of them, in the order they came */
	uint16_t *order;
	unsigned records;
	uint32_t *drop;			/* ids to let go after the step */
	unsigned drops;
};

static inline uint32_t
flow_clock(const struct flow *f, struct pkt_time t)
{
	return (uint32_t)(uint64_t)((t.ns - f->first.ns) / 1000);
}

#define MICROSECONDS(ns) ((uint32_t)((ns) / 1000))

static inline uint64_t
flow_packets(const struct flow *f)
{
	return f->count[0].pkts + f->count[1].pkts;
}

static inline uint32_t
serial_next(struct observer *o)
{
	if (++o->serials == 0)
		o->serials++;
	return o->serials;
}

extern const struct flow_more flow_more_none;

/* What it has of it, or nothing at all; to be written to. There is one for every flow. */
static inline const struct flow_more *
more_of(const struct observer *o, const struct flow_ext *x)
{
	return x->more == 0 ? &flow_more_none : pool_at(o->more, x->more);
}

struct flow_more *more_get(struct observer *o, struct flow_ext *x);

/* ---- pieces.c ---- */

/* The burst that is open, or will be, is in its beginning, which says whether it is text. */
bool pieces_begins(const struct observer *o, struct pair *p);
/* One that went up; what its head holds. */
void pieces_packet(struct observer *o, const struct flow_hit *hit, struct text_head text);
/* One that came down and acknowledged bytes that nobody saw going up. */
void pieces_unseen(struct observer *o, const struct flow_hit *hit);
void pieces_step(struct observer *o, struct pair *p, struct pkt_time now);
int pieces_create(struct observer *o, size_t pairs);
void pieces_near(const struct observer *o, const struct pair_ext *px);
void pieces_destroy(struct observer *o);
void pieces_due(struct observer *o);		/* all whose silence is over */
void pieces_end(struct observer *o, struct pair *p);
void pieces_take_back(struct observer *o, struct pair *p, struct pkt_time when,
    uint32_t fresh, bool anew);
const struct text_meter *pieces_text(const struct observer *o, const struct pair_ext *px);
void owner_forgotten(void *arg, const void *key, void *value);

/* ---- records.c ---- */


/* The next free record, with the head filled; flushes first when the step is full. */
struct observation *record_new(struct observer *o, enum observation_kind kind,
    struct pkt_time time, uint64_t ordinal);
void record_live(struct observer *o, struct flow *f);	/* told at once, not in order */
void record_flow(struct observer *o, struct observation *r, struct flow *f);
void record_pair(struct observer *o, struct observation *r, struct pair *p);
void record_domain(struct observer *o, struct observation *r, const struct domain_key *k,
    struct domain_ext *d);
void records_flush(struct observer *o);

/* Replaces a held id by one for these bytes. */
void name_set(struct observer *o, uint32_t *id, struct span bytes);
void name_drop(struct observer *o, uint32_t *id);	/* after the step */
/* *domain: of the registrable domain of this name, lent; 0: no place for it. False: there
 * is none. */
bool name_domain(struct observer *o, uint32_t name, uint32_t *domain);
struct span domain_of(struct observer *o, struct span name);	/* registrable_domain */

/* ---- bodies.c ---- */
/* The last news told what a body is; or that one begins of which this is all to know. */
void body_content(struct observer *o, struct flow *f);
void body_begins(struct observer *o, struct flow *f);
/* How many of the bytes that went up with this packet the news explain as something else
 * than sound; when they tell what a body is, of those before it as well. */
uint32_t body_explains(const struct observer *o, const struct flow_hit *hit);
/* content.*, upload.unseen; after upload. */
void body_record(struct observer *o, struct observation *r, struct flow *f);

/* ---- back.c ---- */
void clock_look(struct observer *o, struct pkt_time at);

/* ---- relabel.c ---- */
void observer_turned(void *arg, struct flow *f);

/* ---- news.c ---- */
/* Content's news of this packet, to where they are kept. */
void news_read(struct observer *o, const struct flow_hit *hit);

static inline void
news_of(struct observer *o, const struct flow_ext *x, const struct flow_hit *hit)
{
	if (x->content.place != CONTENT_OVER &&
	    (hit->pkt->payload_wire > 0 || hit->is_new)) {
		news_read(o, hit);
		return;
	}
	o->news.what = 0;
	o->news.body = false;
}

/* The pair is called what its last named flow was called. */
void best_name(struct observer *o, struct flow *f);

/* ---- ways.c ---- */
void way_window(struct observer *o, struct meter_ext *m, const struct meter_key *k,
    const struct meter_window *w, const struct pair *pair, struct observation *r);
void way_flow(const struct flow *f, struct observation *r);
void socket_packet(struct observer *o, const struct flow_hit *hit);
void socket_forgotten(void *arg, const void *key, void *value);
void socket_take_back(struct observer *o, const struct flow *f,
    const struct flow_trace *trace);

/* ---- sides.c ---- */
enum sides { SIDES_UNKNOWN, SIDES_BOTH, SIDES_ONE };

void sides_look(struct observer *o, const struct flow_hit *hit);

/* A packet that crosses. Once a second of a flow is enough for half.after; and of a
 * conversation both ways it is known. */
static inline void
sides_packet(struct observer *o, struct flow_ext *x, const struct flow_hit *hit, uint32_t now)
{
	const struct flow *f = hit->flow;
	bool tcp = f->proto == IPPROTO_IS_TCP;

	if (hit->down ? now - x->answered < MICROSECONDS(NS_PER_S) :
	    o->tap.seen && (!tcp || now - x->asked < MICROSECONDS(NS_PER_S))) {
		if (!tcp || (!x->half && f->count[!hit->dir].pkts > 0 &&
		    f->count[hit->dir].pkts > 1))
			return;
	}
	sides_look(o, hit);
}

void sides_question(struct observer *o, const struct packet *p);
void sides_answer(struct observer *o, const struct packet *p);
enum sides sides_of(const struct observer *o, struct pair *p, struct flow *f,
    struct pkt_time now);
void sides_record(const struct observer *o, struct observation *r, struct pair *p,
    struct flow *f);
bool sides_silence(const struct observation *r);
/* Hosts ask, and for half.after nothing came in. */
bool sides_dark(const struct observer *o, struct pkt_time now);

/* ---- shared.c ---- */
/* way.shared; after way_window and call_heard. */
void shared_window(struct observer *o, struct meter_ext *m, const struct meter_key *k,
    const struct meter_window *w, struct observation *r);

/* ---- calls.c ---- */
void call_heard(struct observer *o, const struct meter_ext *m, const struct meter_key *k,
    const struct meter_window *w, const struct observation *r);
void call_look(struct observer *o, struct flow *f, struct observation *r);
void call_forgotten(void *arg, const void *key, void *value);
/* ---- tunnels.c ---- */
void tunnel_packet(struct observer *o, const struct flow_hit *hit);
void tunnel_ended(struct observer *o, struct flow *f);
void tunnels_step(struct observer *o, struct pkt_time now);
void tunnel_by_protocol(struct flow *f);
void tunnel_by_echo(struct observer *o, const struct flow_hit *hit);
bool tunnel_in_name(const struct dns_message *m, struct span domain);
void tunnels_forget(struct observer *o, bool all);

/* ---- ahead.c ---- */
/* What was seen of this packet ahead; NULL: nothing. */
static inline const struct observer_glance *
ahead_of(const struct observer *o, const struct packet *pkt)
{
	uintptr_t at = (uintptr_t)pkt - (uintptr_t)o->ahead.pkt;

	return at < o->ahead.n * sizeof(*pkt) ? &o->ahead.glance[at / sizeof(*pkt)] : NULL;
}


/* ---- early.c ---- */
void early_packet(struct observer *o, const struct flow_hit *hit);
void early_release(struct observer *o, struct flow *f);
void early_step(struct observer *o);

/* ---- copies.c ---- */
void copies_open(struct observer *o);
void copies_close(struct observer *o);
void copies_take_back(struct observer *o);

#endif
