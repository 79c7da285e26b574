/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger: sliding sums by key. It knows no devices and no destinations, only 128-bit
 * keys.
 *
 * An entry is a ring of LEDGER_BINS + 1 bins, aligned to packet time since 1970: sixty of
 * the window's sixtieth, and the one that is being filled. So the sum covers the window
 * and up to one bin more, never less. Most keys use few of them: up to FEW are kept in the
 * entry, packed in the ring's order, and only who uses more is given a whole ring.
 *
 * A heap (Williams 1964) holds the entries by their sum with its error as it was when they
 * were added to last; its root must go when there is no room, unless the entry that was not
 * added to for longest has nothing left in its window. Sums shrink while nobody adds:
 * ledger_save, which comes by every entry again and again, corrects the heap once the
 * ledger is full.
 */
#include "classify/ledger/ledger.h"

#include "capture/base/huge.h"
#include "capture/base/pool.h"
#include "capture/base/table.h"

#include <stdlib.h>
#include <string.h>

#define RING (LEDGER_BINS + 1)
#define FEW 3
#define MAX_DEFAULT 65536
#define WINDOW_MIN NS_PER_S
#define FIXED (8 * 8)			/* of a written entry */

struct entry {
	int64_t newest;			/* number since 1970 of the bin being filled */
	int64_t first;			/* ns, the first addition ever */
	uint64_t ever;
	uint64_t used;			/* bit n: the ring's bin n had an addition */
	uint64_t error;			/* inherited... */
	int64_t error_at;		/* ...in this bin */
	uint64_t weight;		/* in the heap */
	uint32_t heap, place;
	bool changed;			/* since it was written */
	uint64_t *ring;			/* all bins; NULL: there are few */
	uint64_t few[FEW];
};

_Static_assert(RING <= 64, "a ring's bits are one word");

struct ledger {
	struct table *table;
	struct pool *rings;		/* one for each entry, should it need one */
	struct entry **place;		/* every entry, each where it began */
	size_t max;
	int64_t window, width;
	struct entry **heap;
	int64_t now;			/* bin of the last addition */
	uint64_t evicted, error;
	int64_t error_at;		/* bin of the error */
};

static int64_t clamp(struct pkt_time t);
static struct entry *entry_of(struct ledger *l, const struct ledger_key *k, int64_t ns);
static void turn(struct ledger *l, struct entry *e, int64_t to);
static uint64_t bin_of(const struct entry *e, int64_t at);
static void bin_add(struct ledger *l, struct entry *e, int64_t at, uint64_t amount);
static uint64_t bin_take(struct ledger *l, struct entry *e, int64_t at);
static struct ledger_sum sum_of(const struct ledger *l, const struct entry *e,
    int64_t at);
static uint64_t add(uint64_t a, uint64_t b);
static void heap_put(struct ledger *l, size_t i, struct entry *e);
static void heap_mend(struct ledger *l, struct entry *e, const struct ledger_sum *s);

struct ledger *
ledger_create(const struct ledger_options *o)
{
	struct ledger *l;

	if (o->window < WINDOW_MIN)
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->window = o->window;
	l->width = o->window / LEDGER_BINS + (o->window % LEDGER_BINS != 0);
	l->max = o->max == 0 ? MAX_DEFAULT : o->max;
	l->table = table_create(&(struct table_options){
		.hash = o->hash,
		.key_size = sizeof(struct ledger_key),
		.value_size = sizeof(struct entry),
		.max = l->max,
	});
	l->rings = pool_create(RING * sizeof(uint64_t), l->max);
	if (l->table != NULL && l->rings != NULL)
		l->place = huge_take(l->max * sizeof(*l->place));
	if (l->place != NULL)
		l->heap = huge_take(l->max * sizeof(*l->heap));
	if (l->heap == NULL) {
		ledger_destroy(l);
		return NULL;
	}
	return l;
}

void
ledger_destroy(struct ledger *l)
{
	if (l == NULL)
		return;
	table_destroy(l->table);
	pool_destroy(l->rings);
	huge_give(l->place, l->max * sizeof(*l->place));
	huge_give(l->heap, l->max * sizeof(*l->heap));
	free(l);
}

struct ledger_sum
ledger_add(struct ledger *l, const struct ledger_key *k, struct pkt_time now,
    uint64_t amount)
{
	int64_t ns = clamp(now);
	struct entry *e = entry_of(l, k, ns);
	struct ledger_sum s;

	l->now = ns / l->width;
	turn(l, e, l->now);
	bin_add(l, e, e->newest, amount);
	e->ever = add(e->ever, amount);
	e->changed = true;
	s = sum_of(l, e, e->newest);
	heap_mend(l, e, &s);
	return s;
}

struct ledger_sum
ledger_get(struct ledger *l, const struct ledger_key *k, struct pkt_time now)
{
	const struct entry *e = table_find(l->table, k);

	if (e == NULL)
		return (struct ledger_sum){ 0 };
	return sum_of(l, e, clamp(now) / l->width);
}

bool
ledger_bin(struct ledger *l, const struct ledger_key *k, struct pkt_time now,
    unsigned back, uint64_t *out)
{
	const struct entry *e = table_find(l->table, k);
	int64_t at = clamp(now) / l->width - back;

	*out = 0;
	if (e == NULL || back > LEDGER_BINS || at < e->first / l->width)
		return false;
	if (at <= e->newest && at > e->newest - RING && (e->used >> at % RING & 1) != 0)
		*out = bin_of(e, at);
	return true;
}

size_t
ledger_keys(const struct ledger *l)
{
	return table_used(l->table);
}

uint64_t
ledger_evicted(const struct ledger *l)
{
	return l->evicted;
}

uint64_t
ledger_error(const struct ledger *l)
{
	return l->error;
}

static size_t
entry_put(const struct entry *e, uint8_t out[LEDGER_ENTRY_MAX])
{
	const struct ledger_key *k = table_key(e);
	uint8_t *p;

	p = put_le(out, k->hi, 8);
	p = put_le(p, k->lo, 8);
	p = put_le(p, (uint64_t)e->newest, 8);
	p = put_le(p, (uint64_t)e->first, 8);
	p = put_le(p, e->ever, 8);
	p = put_le(p, e->error, 8);
	p = put_le(p, (uint64_t)e->error_at, 8);
	p = put_le(p, e->used, 8);
	for (unsigned i = 0; i < RING; i++)
		if ((e->used >> i & 1) != 0)
			p = put_le(p, bin_of(e, i), 8);
	return (size_t)(p - out);
}

bool
ledger_save(struct ledger *l, size_t *place, size_t slice, bool all,
    bool (*write)(void *arg, const void *entry, size_t n), void *arg)
{
	uint8_t bytes[LEDGER_ENTRY_MAX];
	size_t n = table_used(l->table);

	for (; *place < n && slice > 0; ++*place, slice--) {
		struct entry *e = l->place[*place];

		if (e->changed || all) {
			if (!write(arg, bytes, entry_put(e, bytes)))
				return false;
			e->changed = false;
		}
		if (n == l->max) {
			struct ledger_sum s = sum_of(l, e, l->now);

			heap_mend(l, e, &s);
		}
	}
	if (*place < n)
		return false;
	*place = 0;
	return true;
}

bool
ledger_restore(struct ledger *l, struct span s)
{
	uint64_t newest, first, error_at, used, bin[RING] = { 0 };
	struct entry *e, in = { 0 };
	struct ledger_sum sum;
	struct ledger_key k;

	if (!span_le64(&s, &k.hi) || !span_le64(&s, &k.lo) || !span_le64(&s, &newest) ||
	    !span_le64(&s, &first) || !span_le64(&s, &in.ever) ||
	    !span_le64(&s, &in.error) || !span_le64(&s, &error_at) ||
	    !span_le64(&s, &used))
		return false;
	/* A checksum proves that the disk kept what was written, not what wrote it. */
	if (newest > (uint64_t)(INT64_MAX / l->width) || first > INT64_MAX ||
	    error_at > newest || used >> RING != 0)
		return false;
	for (unsigned i = 0; i < RING; i++)
		if ((used >> i & 1) != 0 && !span_le64(&s, &bin[i]))
			return false;
	if (s.left > 0)
		return false;
	in.newest = (int64_t)newest;
	in.first = (int64_t)first;
	in.error_at = (int64_t)error_at;
	e = entry_of(l, &k, in.first);
	in.heap = e->heap;
	in.place = e->place;
	if (in.error < e->error) {	/* it took a place in a ledger that is full */
		in.error = e->error;
		in.error_at = e->error_at;
	}
	pool_give(l->rings, e->ring);
	*e = in;
	for (unsigned i = 0; i < RING; i++)
		if ((used >> i & 1) != 0)
			bin_add(l, e, i, bin[i]);
	sum = sum_of(l, e, e->newest);
	heap_mend(l, e, &sum);
	return true;
}

/* Times before 1970 are taken as 1970. */
static int64_t
clamp(struct pkt_time t)
{
	return t.ns < 0 ? 0 : t.ns;
}

/* Who makes room at bin `at`: nothing left in its window, else the smallest. */
static struct entry *
victim(struct ledger *l, int64_t at, struct ledger_sum *had)
{
	struct entry *e = table_oldest(l->table);

	*had = sum_of(l, e, at);
	if (had->sum == 0 && had->error == 0)
		return e;
	e = l->heap[0];
	*had = sum_of(l, e, at);
	return e;
}

/* The entry of k, made when there is none. */
static struct entry *
entry_of(struct ledger *l, const struct ledger_key *k, int64_t ns)
{
	struct ledger_sum had = { 0 };
	uint32_t hash = table_hash(l->table, k);
	struct entry *e = table_find_hashed(l->table, k, hash);
	size_t place = table_used(l->table), hole = place;
	int64_t at = ns / l->width;

	if (e != NULL) {
		table_touch(l->table, e);
		return e;
	}
	if (place == l->max) {
		e = victim(l, at, &had);
		place = e->place;
		hole = e->heap;
		pool_give(l->rings, e->ring);
		table_remove(l->table, e);
		l->evicted++;
		had.sum = add(had.sum, had.error);
		/* Some other key may have gone with more, and be this one. */
		if (had.sum < l->error && at <= l->error_at + LEDGER_BINS)
			had.sum = l->error;
		if (had.sum > 0) {
			l->error_at = had.sum != l->error ? at : l->error_at;
			l->error = had.sum;
		}
		had.error = 0;
	}
	e = table_use_hashed(l->table, k, hash, NULL);
	l->place[place] = e;
	e->place = (uint32_t)place;
	e->newest = at;
	e->first = ns;
	e->error = had.sum;
	e->error_at = at;
	heap_put(l, hole, e);
	heap_mend(l, e, &had);
	return e;
}

/* The ring's newest bin is `to`. Back within one bin is disorder and changes nothing; what
 * lies further ahead of the new time is taken together there. */
static void
turn(struct ledger *l, struct entry *e, int64_t to)
{
	int64_t steps = to - e->newest, i;
	uint64_t ahead = 0;

	if (steps >= RING || steps <= -RING) {
		for (i = 0; i < RING; i++)
			ahead = add(ahead, bin_take(l, e, i));
		if (steps > 0)
			ahead = 0;
	} else if (steps > 0) {
		for (i = e->newest + 1; i <= to; i++)
			(void)bin_take(l, e, i);
	} else if (steps < -1) {
		for (i = to + 1; i <= e->newest; i++)
			ahead = add(ahead, bin_take(l, e, i));
	} else {
		return;
	}
	e->newest = to;
	if (e->error_at > to)
		e->error_at = to;
	if (steps < 0 && e->first / l->width > to)
		e->first = to * l->width;
	if (ahead > 0)
		bin_add(l, e, to, ahead);
}

/* As of bin `at`. A time before the newest bin is taken as the newest: turn() puts there
 * what is ahead. Changes nothing, so that looking does not age or refresh an entry. */
static struct ledger_sum
sum_of(const struct ledger *l, const struct entry *e, int64_t at)
{
	struct ledger_sum s = { .ever = e->ever };
	int64_t oldest = e->newest - LEDGER_BINS, first;
	uint64_t used;
	unsigned turned;

	if (at - LEDGER_BINS > oldest)
		oldest = at - LEDGER_BINS;
	if (e->error_at >= oldest)
		s.error = e->error;
	if (oldest < 0)
		oldest = 0;
	if (oldest > e->newest)
		return s;
	/* Bit n is now bin oldest + n: few have one. */
	turned = (unsigned)(oldest % RING);
	used = turned == 0 ? e->used : e->used >> turned | e->used << (RING - turned);
	used &= UINT64_MAX >> (63 - (e->newest - oldest));
	if (used == 0)
		return s;
	first = (oldest + __builtin_ctzll(used)) * l->width;
	s.since.ns = first > e->first ? first : e->first;
	for (; used != 0; used &= used - 1)
		s.sum = add(s.sum, bin_of(e, oldest + __builtin_ctzll(used)));
	return s;
}

/* ---- bins, by number since 1970 ---- */

static uint64_t
bit_of(int64_t at)
{
	return UINT64_C(1) << at % RING;
}

/* Where a bin is, or would be, among few. */
static unsigned
rank_of(const struct entry *e, int64_t at)
{
	return (unsigned)__builtin_popcountll(e->used & (bit_of(at) - 1));
}

static uint64_t
bin_of(const struct entry *e, int64_t at)
{
	return e->ring != NULL ? e->ring[at % RING] : e->few[rank_of(e, at)];
}

static void
bin_add(struct ledger *l, struct entry *e, int64_t at, uint64_t amount)
{
	unsigned i = rank_of(e, at), n = (unsigned)__builtin_popcountll(e->used);
	uint64_t *bin;

	if (e->ring == NULL && n == FEW && (e->used & bit_of(at)) == 0) {
		uint64_t used = e->used;

		e->ring = pool_take(l->rings);
		for (unsigned k = 0; k < FEW; k++, used &= used - 1)
			e->ring[__builtin_ctzll(used)] = e->few[k];
	}
	bin = e->ring != NULL ? &e->ring[at % RING] : &e->few[i];
	if ((e->used & bit_of(at)) == 0) {
		if (e->ring == NULL)
			memmove(bin + 1, bin, (n - i) * sizeof(*bin));
		*bin = 0;
		e->used |= bit_of(at);
	}
	*bin = add(*bin, amount);
}

/* Empties a bin and says what it held. */
static uint64_t
bin_take(struct ledger *l, struct entry *e, int64_t at)
{
	unsigned i = rank_of(e, at), n = (unsigned)__builtin_popcountll(e->used);
	uint64_t had, used;

	if ((e->used & bit_of(at)) == 0)
		return 0;
	had = bin_of(e, at);
	e->used &= ~bit_of(at);
	if (e->ring == NULL) {
		memmove(&e->few[i], &e->few[i + 1], (n - i - 1) * sizeof(e->few[0]));
		return had;
	}
	e->ring[at % RING] = 0;
	if (n - 1 > FEW / 2)
		return had;
	used = e->used;
	for (unsigned k = 0; used != 0; k++, used &= used - 1)
		e->few[k] = e->ring[__builtin_ctzll(used)];
	pool_give(l->rings, e->ring);
	e->ring = NULL;
	return had;
}

/* Bytes do not wrap: a sum that cannot be held stays at the most that can. */
static uint64_t
add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* ---- the heap ---- */

static void
heap_put(struct ledger *l, size_t i, struct entry *e)
{
	l->heap[i] = e;
	e->heap = (uint32_t)i;
}

/* e's weight changed: up or down to where it belongs. */
static void
heap_mend(struct ledger *l, struct entry *e, const struct ledger_sum *s)
{
	size_t n = table_used(l->table), i = e->heap, child;

	e->weight = add(s->sum, s->error);
	for (; i > 0 && l->heap[(i - 1) / 2]->weight > e->weight; i = (i - 1) / 2)
		heap_put(l, i, l->heap[(i - 1) / 2]);
	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && l->heap[child + 1]->weight < l->heap[child]->weight)
			child++;
		if (l->heap[child]->weight >= e->weight)
			break;
		heap_put(l, i, l->heap[child]);
	}
	heap_put(l, i, e);
}
