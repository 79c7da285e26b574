/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger: how much within how long, per key. A bounded table of sliding sums.
 *
 * Each entry is a ring of LEDGER_BINS bins over the ledger's window (an hour: bins of one
 * minute; thirty days: of twelve hours), 64-bit throughout. The sum reaches back over the
 * window, to the precision of one bin, on the side of counting too long. Keys are 128-bit
 * hashes that the caller makes of whatever it sums by.
 *
 * Exact up to `max` keys; beyond, Space-Saving (Metwally, Agrawal, El Abbadi 2005): a new
 * key takes the place of one that has nothing left in its window, else of the smallest, and
 * inherits what that had as its `error`: what the new key may itself have sent before it was
 * evicted at some earlier time is within it. So a heavy key cannot be washed out by a flood
 * of small ones: `sum` is what was surely sent, sum + error what was sent at most, and the
 * error is at most all that was added within a window over `max`. It ends when the window
 * has passed over it.
 *
 * A clock that steps. Forward past the window: the ring is empty. Back by more than a bin:
 * what was counted ahead of the new time is counted as of the new time. Nothing counts
 * twice, and everything leaves within one window of the clock that holds.
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
	uint64_t error;			/* so much more at most; 0: exact */
	struct pkt_time since;		/* first addition that is still in it */
	uint64_t ever;			/* since the entry began */
};

struct ledger *ledger_create(const struct ledger_options *o);
void ledger_destroy(struct ledger *l);

/* Adds and returns the sum including it. amount may be 0. */
struct ledger_sum ledger_add(struct ledger *l, const struct ledger_key *k,
    struct pkt_time now, uint64_t amount);
/* Changes nothing. */
struct ledger_sum ledger_get(struct ledger *l, const struct ledger_key *k,
    struct pkt_time now);
/* What one bin holds, `back` bins before that of now. False: the key was not there yet, or
 * that is further back than bins reach. */
bool ledger_bin(struct ledger *l, const struct ledger_key *k, struct pkt_time now,
    unsigned back, uint64_t *out);

size_t ledger_keys(const struct ledger *l);
uint64_t ledger_evicted(const struct ledger *l);	/* keys that had to go */
/* No key that had to go within the last window had more. */
uint64_t ledger_error(const struct ledger *l);

/*
 * Kept elsewhere, entry by entry, for a ledger that is to outlive its process. A slice is
 * some of the places, from *place on; what changed since it was written last is written,
 * or with `all` everything. write returns false when it has no room: the slice ends there
 * and goes on there next time. True when the last place was reached; *place is 0 then.
 *
 *	entry	key hi, lo (16) newest bin (8) first addition (8) ever (8) error (8)
 *		bin of the error (8) used (8) count (8) for each bit of used; little endian
 */
#define LEDGER_ENTRY_MAX (8 * 8 + (LEDGER_BINS + 1) * 8)
bool ledger_save(struct ledger *l, size_t *place, size_t slice, bool all,
    bool (*write)(void *arg, const void *entry, size_t n), void *arg);
/* An entry that is here already is replaced. False: these bytes are none. Safe on any. */
bool ledger_restore(struct ledger *l, struct span entry);

#endif
