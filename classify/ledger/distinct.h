/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * distinct: how many different things within how long, per key: destinations of a device.
 *
 * Exact while at most DISTINCT_EXACT of them fall into a quarter of the window; beyond, a
 * HyperLogLog of 256 registers (Flajolet, Fusy, Gandouet, Meunier 2007, with linear
 * counting for small numbers) in the same bytes, whose standard error is 1.04 / sqrt(256)
 * = 6.5 %. The count reaches back over the window and at most a quarter of it more. Beyond
 * `max` keys the one that was added to longest ago is forgotten and counted. Clocks step
 * as in ledger.h.
 */
#ifndef CLASSIFY_LEDGER_DISTINCT_H
#define CLASSIFY_LEDGER_DISTINCT_H

#include "classify/ledger/ledger.h"

#define DISTINCT_EXACT 32
#define DISTINCT_ERROR 0.065		/* standard error beyond that */
#define DISTINCT_MAX 8192		/* keys; 1.4 kB each */

struct distinct;

struct distinct_count {
	uint64_t count;
	bool exact;
	struct pkt_time since;		/* where the oldest quarter begins */
};

/* Options as a ledger's; max 0: DISTINCT_MAX. */
struct distinct *distinct_create(const struct ledger_options *o);
void distinct_destroy(struct distinct *d);

/* `what` is a hash, its bits as good as random. */
struct distinct_count distinct_add(struct distinct *d, const struct ledger_key *k,
    struct pkt_time now, uint64_t what);
struct distinct_count distinct_get(struct distinct *d, const struct ledger_key *k,
    struct pkt_time now);
size_t distinct_keys(const struct distinct *d);
uint64_t distinct_evicted(const struct distinct *d);

/* As ledger_save and ledger_restore.
 *	entry	key hi, lo (16) newest quarter (8), five times: how many (4; at least 33:
 *		registers follow) and 8 bytes each, or 256 registers */
#define DISTINCT_ENTRY_MAX (24 + 5 * (4 + 256))
bool distinct_save(struct distinct *d, size_t *place, size_t slice, bool all,
    bool (*write)(void *arg, const void *entry, size_t n), void *arg);
bool distinct_restore(struct distinct *d, struct span entry);

#endif
