/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger: how much within how long, per key. A bounded table of sliding sums.
 *
 * Each entry is a ring of LEDGER_BINS bins over the ledger's window (an hour: bins of one
 * minute; thirty days: of twelve hours), 64-bit throughout. The sum reaches back over the
 * window, to the precision of one bin, on the side of counting too long. A clock that
 * steps back adds to the newest bin; one that leaps forward past the window empties the
 * ring. Beyond `max` keys the least recently used entry is forgotten and counted. Keys
 * are 128-bit hashes that the caller makes of whatever it sums by.
 */
#ifndef CLASSIFY_LEDGER_LEDGER_H
#define CLASSIFY_LEDGER_LEDGER_H

#include "capture/base/ptime.h"
#include "capture/base/siphash.h"
#include "capture/base/span.h"

#define LEDGER_BINS 60

struct ledger;

struct ledger_key {
	uint64_t hi, lo;
};

struct ledger_options {
	struct siphash_key hash;
	int64_t window;			/* ns, at least 1 s */
	size_t max;			/* entries; 0: 65536 */
};

struct ledger_sum {
	uint64_t sum;			/* within the window that ends now */
	struct pkt_time since;		/* first addition that is still in it */
	uint64_t ever;			/* since the entry began */
};

struct ledger *ledger_create(const struct ledger_options *o);
void ledger_destroy(struct ledger *l);

/* Adds and returns the sum including it. amount may be 0. */
struct ledger_sum ledger_add(struct ledger *l, const struct ledger_key *k,
    struct pkt_time now, uint64_t amount);
struct ledger_sum ledger_get(struct ledger *l, const struct ledger_key *k,
    struct pkt_time now);
uint64_t ledger_evicted(const struct ledger *l);

/* Dump and load: a header (magic, version, window) and one record an entry, little
 * endian, each with a CRC32C. write returns false to stop. Loading takes what is whole,
 * refuses a different window, and returns the number of entries taken; it is safe on any
 * bytes. */
bool ledger_dump(const struct ledger *l,
    bool (*write)(void *arg, const void *b, size_t n), void *arg);
size_t ledger_load(struct ledger *l, struct span bytes);

#endif
