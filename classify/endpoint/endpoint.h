/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoint: who is at each end.
 *
 * A device's key is, in order: its inventory id; its MAC, the first one when it draws
 * itself others (phones.c); its address. Its MAC is that of its frames, or behind a router
 * the one that DHCP, ARP, IPv6 neighbours or the address itself (EUI-64) give. A MAC that
 * carries any outside address, or more than four inside IPv4 addresses or more than three
 * inside /64s within an hour, is a router and never an identity (three /64s are what an
 * ordinary host has; link-local is not counted). An inventory row with a router's MAC
 * holds for the address in that row, or the one the MAC claims by ARP, alone. A
 * destination's key is the registrable domain of its name (libpsl), else the target behind
 * a proxy, else its address. Names of addresses come from DNS answers seen; a flow's own
 * SNI or Host is better and is the caller's to prefer. Tables are bounded; the least
 * recently used goes first, counted.
 */
#ifndef CLASSIFY_ENDPOINT_ENDPOINT_H
#define CLASSIFY_ENDPOINT_ENDPOINT_H

#include "capture/base/ptime.h"
#include "capture/flow/flow.h"
#include "classify/content/dhcp.h"
#include "classify/endpoint/inventory.h"
#include "classify/endpoint/vendors.h"

struct endpoint;

struct endpoint_options {
	struct siphash_key hash;
	struct intern *strings;			/* lent */
	const struct inventory *inventory;	/* lent; NULL: none was given */
	const struct vendors *vendors;		/* lent; NULL: no table */
	size_t max_devices;			/* 0: 16384 */
	size_t max_names;			/* 0: 65536 addresses with a name, and as
						 * many of a client's */
	size_t max_dests;			/* 0: 65536 destinations seen */
};

struct device {
	uint32_t key, name, owner, role, room, vendor;	/* string ids, held; 0: none */
	uint32_t system;			/* what its DHCP client calls itself */
	uint32_t identity;			/* the key it had first, in the same way */
	uint64_t mac;				/* 0: unknown or a router's */
	uint64_t first_mac;			/* another when it was followed to mac by what
						 * it said by DHCP */
	bool moved;				/* and this call is the first to see that: write
						 * a `device` record */
	bool known, known_valid;		/* in the inventory;
						 * valid when there is one */
	struct pkt_time since;
	bool is_new;				/* this call made it:
						 * write a `device` record */
	uint32_t was;				/* this call gave it another key: the old
						 * one, held until the next; else 0 */
};

struct dest_name {
	uint32_t name;				/* 0: nobody looked it up, or so
						 * long ago that it may be another's */
	bool looked_up;
};

struct endpoint *endpoint_create(const struct endpoint_options *o);
void endpoint_destroy(struct endpoint *e);
/* A reload: relabels on the next look. */
void endpoint_set_inventory(struct endpoint *e, const struct inventory *inventory,
    const struct vendors *vendors);
/* What is inside changed: nobody is a router for having carried outside addresses. Tell
 * endpoint_outside again what is known of the open flows. */
void endpoint_forget_routers(struct endpoint *e);

/* The device that had an inside address then, when its frames began that carry mac (0:
 * not seen). Also feeds router recognition. Lent until the next call. */
const struct device *endpoint_device(struct endpoint *e, const struct addr *ip,
    uint64_t mac, struct pkt_time then, struct pkt_time now);
/* When an inside address last went from one device to another: what was sent before was
 * another's. 0 ns: never, as far as anything showed. */
struct pkt_time endpoint_handed(const struct endpoint *e, const struct addr *ip);
/* Something about the device at mac was said by DHCP. frame: who brought it; 0: not seen. */
void endpoint_dhcp(struct endpoint *e, const struct dhcp_message *d, uint64_t frame,
    struct pkt_time now);
/* This MAC opened a flow, not one of DHCP: whoever was followed from it to another MAC was
 * somebody else. */
void endpoint_speaks(struct endpoint *e, uint64_t mac, struct pkt_time now);
bool endpoint_is_router(const struct endpoint *e, uint64_t mac);
/* A frame from an inside address carried this source MAC: worth a call for each way of
 * each new flow. */
void endpoint_inside(struct endpoint *e, const struct addr *ip, uint64_t mac,
    struct pkt_time now);
/* A frame from an outside address did: so it is a router's, at once. 0 is fine. */
void endpoint_outside(struct endpoint *e, uint64_t mac, struct pkt_time now);
/* Who says he has an address, by ARP or as an IPv6 neighbour: also the one proof that an
 * address is a router's own, which an inventory that knows the router by MAC alone
 * (ethers) needs. */
void endpoint_neighbour(struct endpoint *e, const struct addr *ip, uint64_t mac,
    struct pkt_time now);

/* A DNS answer to this client: name -> address, good for ttl seconds, at least an hour (who
 * asked keeps it longer than it should) and a day at most. */
void endpoint_answer(struct endpoint *e, const struct addr *client, const struct addr *ip,
    struct span name, uint32_t ttl, struct pkt_time now);
/* An answer for this name came, and not all of its addresses were captured. */
void endpoint_answer_cut(struct endpoint *e, struct span name, struct pkt_time now);
/* A flow says it goes to name: was that name ever answered with this address? */
enum endpoint_word {
	ENDPOINT_BACKED,		/* yes, to somebody inside, within a day */
	ENDPOINT_CUT,			/* it was answered, we did not see all addresses */
	ENDPOINT_OTHER,			/* no, and this client was told another name for it */
	ENDPOINT_UNHEARD,		/* no */
};
enum endpoint_word endpoint_claim(struct endpoint *e, const struct addr *client,
    const struct addr *ip, struct span name, struct pkt_time now);
/* What this client asked for when it was told this address; else what anyone did. */
struct dest_name endpoint_name(struct endpoint *e, const struct addr *client,
    const struct addr *ip, struct pkt_time now);

/* A device talks to a destination: first ever? How many devices so far? */
struct dest_seen {
	bool is_new;
	struct pkt_time since;			/* when somebody inside first
						 * talked to it */
	uint32_t devices;			/* distinct, exact to 16
						 * and then approximately */
	bool own_known;				/* this device is one of the first 16: */
	struct pkt_time own;			/* when it first did, to the hour */
};
struct dest_seen endpoint_dest(struct endpoint *e, uint32_t dest_key, uint32_t device_key,
    struct pkt_time now);

/*
 * First-seen outlives the process: who was seen when, and which devices talk to whom, item
 * by item, with since when this sensor listens and until when it did. A slice looks at so
 * many places and writes what changed since it was written last, or with `all` everything.
 * True when the last was reached; *c is at the beginning again then.
 *
 *	item	kind (1), and
 *		LISTENS		first (8) last (8)
 *		DEVICE, OWNED	since (8) key
 *		DEST		since (8) most (4) n (1), n devices: hash (4) first hour
 *				(4); with all of them the sketch (64); key
 */
#define ENDPOINT_ITEM_MAX 512
struct endpoint_cursor {
	unsigned table;
	size_t place;
	bool all;
};
bool endpoint_save(struct endpoint *e, struct endpoint_cursor *c, size_t slice,
    bool (*write)(void *arg, const void *item, size_t n), void *arg);
/* False: no item. Before the first packet; safe on any bytes. */
bool endpoint_restore(struct endpoint *e, struct span item);
/* The first packet. Who was away for longer than `gap` has to learn again who is new. */
void endpoint_listens(struct endpoint *e, struct pkt_time now, int64_t gap);
struct pkt_time endpoint_since(const struct endpoint *e);	/* it listens; 0 ns: not yet */

struct endpoint_stats {
	uint64_t devices, devices_forgotten;	/* now; pushed out by others, ever */
	uint64_t leases, leases_forgotten;	/* what DHCP said */
	uint64_t names, names_forgotten;
	uint64_t dests, dests_forgotten;
	uint64_t followed, parted;	/* to another MAC; and it was two devices after all */
	uint64_t dhcp_refused;		/* said for another device */
};
void endpoint_get_stats(const struct endpoint *e, struct endpoint_stats *out);

/* "a.b.example.co.uk" -> span of "example.co.uk" inside it; the whole name when it has
 * none (a single label, a public suffix itself); empty for an empty name. */
struct span registrable_domain(struct span name);

#endif
