/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory: the office's devices, from the files an office has.
 *
 * Formats are named, not guessed: csv (a header line names the columns: mac, ip, name,
 * owner, role, id, room or site; RFC 4180 quotes), ethers(5), hosts(5), the leases of dnsmasq, ISC
 * dhcpd and Kea (memfile), arpwatch's arp.dat. Built once in an arena, then only read. A
 * fault names line and column; parsing goes on and reports the next.
 */
#ifndef CLASSIFY_ENDPOINT_INVENTORY_H
#define CLASSIFY_ENDPOINT_INVENTORY_H

#include "capture/base/addr.h"
#include "capture/base/arena.h"
#include "capture/base/span.h"

/* X(id, what stands before it in a sentence, name, a program writes it) */
#define INVENTORY_FORMATS(X) \
	X(CSV, "", "csv", false) \
	X(ETHERS, ", ", "ethers", false) \
	X(HOSTS, ", ", "hosts", false) \
	X(DNSMASQ, ", ", "dnsmasq", true) \
	X(DHCPD, ", ", "dhcpd", true) \
	X(KEA, ", ", "kea", true) \
	X(ARPWATCH, " or ", "arpwatch", true)

#define INVENTORY_FORMAT_WORD(id, sep, name, log) sep name
#define INVENTORY_FORMAT_NAMES INVENTORY_FORMATS(INVENTORY_FORMAT_WORD)

enum inventory_format {
#define X(id, sep, name, log) INVENTORY_##id,
	INVENTORY_FORMATS(X)
#undef X
	INVENTORY_FORMAT_COUNT
};

struct inventory_device {
	const char *id;			/* never "": the id column,
					 * else the name, else the MAC */
	const char *name, *owner, *role, *room;	/* "" when not stated */
	uint64_t mac;			/* 0: none */
	bool has_ip;
	struct addr ip;
};

struct inventory {
	const struct inventory_device *device;
	size_t n;
	/* indices into device[], sorted by mac and by address, for look-ups */
	const uint32_t *by_mac, *by_ip;
	size_t by_mac_n, by_ip_n;
};

/* line and column from 1 */
typedef void inventory_fault_fn(void *arg, unsigned line, unsigned column,
    const char *what, const char *remedy);

/* "csv" -> INVENTORY_CSV; -1 */
int inventory_format_by_name(const char *name, size_t n);
const char *inventory_format_name(enum inventory_format f);
/* A program writes such files: a line it got wrong is no mistake of the operator's. */
bool inventory_format_is_log(enum inventory_format f);

/* NULL only when the arena is full; a file with faults gives the rows that are right, and
 * the caller counts the calls of fn. Two rows with one MAC are a fault in what people
 * write, and the first stays; in what programs write, the newest row of an address
 * holds, and by_mac gives the newest row of a MAC. */
struct inventory *inventory_parse(struct arena *a, enum inventory_format format,
    struct span bytes, inventory_fault_fn *fn, void *arg);

const struct inventory_device *inventory_by_mac(const struct inventory *inv,
    uint64_t mac);
/* Its role is that of a router, a gateway or a firewall. */
bool inventory_says_router(const struct inventory_device *d);
const struct inventory_device *inventory_by_ip(const struct inventory *inv,
    const struct addr *ip);

#endif
