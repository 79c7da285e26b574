/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ends: what the files of this room share. Private to classify/endpoint.
 *
 * links.c    macs, holders: which MAC is a router's, which holds an address
 * phones.c   leases, faces: what DHCP says, and who draws another MAC
 * endpoint.c handles, identities, owned: what a device is called, since when
 * names.c    names, asked, told, dests: what DNS said, who talks to whom
 * firsts.c   identities, owned, dests written down and read again
 *
 * Strings are ids of the lent intern table, held while a table names them. Time is the
 * latest packet time any caller said.
 */
#ifndef CLASSIFY_ENDPOINT_ENDS_H
#define CLASSIFY_ENDPOINT_ENDS_H

#include "capture/base/intern.h"
#include "capture/base/table.h"
#include "classify/endpoint/endpoint.h"

#define ROUTER_V4 4		/* a host has a few addresses, a router more */
#define ROUTER_V6 3		/* /64s: global, unique local, an old prefix are a host's */
#define HOUR_NS (3600 * NS_PER_S)
#define DAY_NS (86400 * NS_PER_S)
#define HELD_NS DAY_NS		/* frames and ARP say who has an address, for so long */

/* ---- links.c ---- */

struct carried {
	struct addr addr;
	struct pkt_time last;
	bool used;
};

struct mac {
	struct pkt_time routed;		/* last proof of being a router; 0 ns: none */
	bool has_own;
	bool tell;			/* recognised under another MAC, not told yet */
	struct addr own;		/* claimed by ARP */
	uint64_t home;			/* the MAC this device had first; 0: this one */
	uint64_t face;			/* key of its face; 0: none */
	struct carried v4[ROUTER_V4 + 1], v6[ROUTER_V6 + 1];
};

enum held_by { HELD_ARP, HELD_LEASE, HELD_FRAME };	/* each outdoes those before */

struct holder {
	uint64_t mac, before;		/* before: 0 when nobody knows */
	struct pkt_time since;		/* when it changed hands; 0 ns: it never did */
	struct pkt_time handed;		/* the same, but not back and forth between two MACs
					 * that frames or ARP show: one host may have both */
	struct pkt_time until;
	enum held_by how;
};

void carries(struct endpoint *e, uint64_t mac, const struct addr *ip);
/* The same address from the same MAC within the last second, and nothing that could
 * answer otherwise has changed since. NULL: ask. */
struct handle;
struct handle *met_lately(const struct endpoint *e, const struct addr *ip, uint64_t frame);
/* It was given another address: those before were one after the other, not a router's. */
void carried_is_over(struct endpoint *e, uint64_t mac);
/* It can stand for one device: no router's, no group, shared by no two. */
bool usable_mac(const struct endpoint *e, uint64_t mac);
/* *lost: another MAC had the address until now; 0: none known. False: it stays another's,
 * who has shown better. fresh: whoever had it, it was not this one. */
bool hold(struct endpoint *e, const struct addr *ip, uint64_t mac, enum held_by how,
    int64_t ns, bool fresh, uint64_t *lost);
/* Who had it then, as far as somebody said; 0: nobody did, or he is a router.
 * *changed: it went from one to another since we know it. */
uint64_t holder_of(struct endpoint *e, const struct addr *ip, struct pkt_time then,
    bool *changed);

/* ---- phones.c ---- */

struct lease {			/* what a MAC said of itself by DHCP */
	uint32_t name, system;		/* held */
	uint64_t print, id;
	struct pkt_time looking;	/* it last asked for any address; 0 ns: never */
};

struct face {			/* a name and a way to ask, or an identifier */
	uint64_t mac, home;		/* who shows it now; who did first */
	struct pkt_time changed;
	bool two;			/* two devices at once: it tells nothing */
};

uint64_t home_of(const struct endpoint *e, uint64_t mac);

/* ---- endpoint.c ---- */

struct handle_key {
	uint8_t is_mac, pad[7];
	uint8_t id[16];
};

struct handle {
	struct device dev;
	uint32_t labelled;		/* generation; 0: never */
	bool listed;			/* the label comes from the inventory... */
	bool by_ip;			/* ...by this address alone */
	struct addr row_ip;
	struct pkt_time last;
};

/* What endpoint_device found, for who is asked about many times a second. */
#define MET 2048
#define MET_FOR NS_PER_S
struct met {
	struct addr ip;
	uint64_t frame, turn;
	uint64_t mac;			/* as it was answered: a device may have two */
	struct pkt_time at;
	struct handle *handle;
};

/* A name came by DHCP, or a row of the inventory holds no more. */
void relabel(struct endpoint *e, uint64_t home);
/* The address has another owner: what was kept under it alone is nobody's now. */
void address_left(struct endpoint *e, const struct addr *ip, uint64_t lost, bool fresh);
uint32_t text_id(struct endpoint *e, const void *text, size_t n);

struct first {			/* of a key: identities, owned */
	struct pkt_time since;
	bool here;			/* seen by this process */
	bool changed;			/* since it was written down */
};

/* ---- names.c ---- */

struct asked_key {
	struct addr client, ip;
};

struct told_key {
	uint64_t name;			/* its hash */
	struct addr ip;			/* all zero: answers we could not see whole */
};

struct named {
	uint32_t name;			/* held */
	struct pkt_time until;
};

#define DEVICES_EXACT 16
#define SKETCH_BITS 512		/* linear counting: 2 % at 100 devices, full near 2,500 */

struct dest {
	struct pkt_time since;
	uint32_t device[DEVICES_EXACT];	/* hashes of their keys */
	uint32_t hour[DEVICES_EXACT];	/* in which each first talked to it, since 1970 */
	uint32_t devices, most;
	bool changed;			/* since it was written down */
	uint64_t sketch[SKETCH_BITS / 64];
};

struct endpoint {
	struct endpoint_options o;
	struct pkt_time now, first, last;	/* last: an earlier process listened */
	bool listening;
	struct table *macs, *holders, *leases, *faces;
	struct table *handles, *identities, *owned;
	struct table *names, *asked, *told, *dests;
	uint32_t generation;
	uint64_t turn;			/* from 1; whenever one of macs, holders, leases,
					 * faces, handles changes what a device is called */
	struct met met[MET];
	uint64_t followed, parted, refused;
};

void now_is(struct endpoint *e, struct pkt_time now);

#endif
