/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory: the office's devices, from the files an office has.
 *
 * Formats are named, not guessed: csv (a header line names the columns: mac, ip, name,
 * owner, role, id; RFC 4180 quotes), ethers (ethers(5)), dnsmasq (lease file). Built once
 * in an arena, then only read. A fault names file and line;
 * parsing goes on and reports the next.
 */
#ifndef CLASSIFY_ENDPOINT_INVENTORY_H
#define CLASSIFY_ENDPOINT_INVENTORY_H

#include "capture/base/addr.h"
#include "capture/base/arena.h"
#include "capture/base/span.h"

#define INVENTORY_FORMATS(X) X(CSV, "csv") X(ETHERS, "ethers") X(DNSMASQ, "dnsmasq")

enum inventory_format {
#define X(id, name) INVENTORY_##id,
	INVENTORY_FORMATS(X)
#undef X
	INVENTORY_FORMAT_COUNT
};

struct inventory_device {
	const char *id;			/* never "": the id column,
					 * else the name, else the MAC */
	const char *name, *owner, *role;	/* "" when not stated */
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

/* NULL only when the arena is full; a file with faults gives the rows that are right, and
 * the caller counts the calls of fn. Two rows with one MAC are a fault;
 * the first stays. */
struct inventory *inventory_parse(struct arena *a, enum inventory_format format,
    struct span bytes, inventory_fault_fn *fn, void *arg);

const struct inventory_device *inventory_by_mac(const struct inventory *inv,
    uint64_t mac);
const struct inventory_device *inventory_by_ip(const struct inventory *inv,
    const struct addr *ip);

#endif
