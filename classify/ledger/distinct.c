/* SPDX-License-Identifier: GPL-3.0-or-later */
/* distinct: a ring of five quarters per key, each a short list of hashes or, once that is
 * full, 256 registers. Refuses to know what is counted. */
#include "classify/ledger/distinct.h"

#include "capture/base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define QUARTERS 5
#define REGISTERS 256
#define REGISTERS_BITS 8
#define MOST_RANK (64 - REGISTERS_BITS + 1)

struct quarter {
	uint32_t n;			/* hashes; above DISTINCT_EXACT: registers */
	union {
		uint64_t hash[DISTINCT_EXACT];
		uint8_t reg[REGISTERS];
	};
};

_Static_assert(sizeof(uint64_t) * DISTINCT_EXACT == REGISTERS, "one takes the other's room");

struct entry {
	int64_t newest;			/* number since 1970 of the quarter being filled */
	uint32_t place;
	bool changed;
	struct quarter q[QUARTERS];
};

struct distinct {
	struct table *table;
	struct entry **place;
	size_t max;
	int64_t width;
	uint64_t evicted;
};

static struct entry *entry_of(struct distinct *d, const struct ledger_key *k, int64_t at);
static void turn(struct entry *e, int64_t to);
static struct distinct_count count_of(const struct distinct *d, const struct entry *e,
    int64_t at);

struct distinct *
distinct_create(const struct ledger_options *o)
{
	struct distinct *d;

	if (o->window < NS_PER_S)
		return NULL;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->width = o->window / (QUARTERS - 1) + (o->window % (QUARTERS - 1) != 0);
	d->max = o->max == 0 || o->max > DISTINCT_MAX ? DISTINCT_MAX : o->max;
	d->table = table_create(&(struct table_options){ .hash = o->hash,
		.key_size = sizeof(struct ledger_key),
		.value_size = sizeof(struct entry), .max = d->max });
	if (d->table != NULL)
		d->place = calloc(d->max, sizeof(*d->place));
	if (d->place == NULL) {
		distinct_destroy(d);
		return NULL;
	}
	return d;
}

void
distinct_destroy(struct distinct *d)
{
	if (d == NULL)
		return;
	table_destroy(d->table);
	free(d->place);
	free(d);
}

/* ---- one quarter ---- */

static void
reg_add(uint8_t reg[REGISTERS], uint64_t hash)
{
	uint64_t rest = hash << REGISTERS_BITS;
	unsigned rank = rest == 0 ? MOST_RANK : 1U + (unsigned)__builtin_clzll(rest);
	uint8_t *r = &reg[hash >> (64 - REGISTERS_BITS)];

	if (*r < rank)
		*r = (uint8_t)rank;
}

/* False: it was there, or makes no difference. */
static bool
quarter_add(struct quarter *q, uint64_t hash)
{
	uint64_t had[DISTINCT_EXACT];
	uint8_t was;

	if (q->n > DISTINCT_EXACT) {
		was = q->reg[hash >> (64 - REGISTERS_BITS)];
		reg_add(q->reg, hash);
		return was != q->reg[hash >> (64 - REGISTERS_BITS)];
	}
	for (uint32_t i = 0; i < q->n; i++)
		if (q->hash[i] == hash)
			return false;
	if (q->n < DISTINCT_EXACT) {
		q->hash[q->n++] = hash;
		return true;
	}
	memcpy(had, q->hash, sizeof(had));
	memset(q->reg, 0, sizeof(q->reg));
	for (unsigned i = 0; i < DISTINCT_EXACT; i++)
		reg_add(q->reg, had[i]);
	reg_add(q->reg, hash);
	q->n = DISTINCT_EXACT + 1;
	return true;
}

/* One quarter into another; what both hold counts once. */
static void
quarter_merge(struct quarter *to, const struct quarter *from)
{
	if (from->n <= DISTINCT_EXACT) {
		for (uint32_t i = 0; i < from->n; i++)
			(void)quarter_add(to, from->hash[i]);
		return;
	}
	if (to->n <= DISTINCT_EXACT) {
		struct quarter had = *to;

		*to = *from;
		for (uint32_t i = 0; i < had.n; i++)
			reg_add(to->reg, had.hash[i]);
		return;
	}
	for (unsigned i = 0; i < REGISTERS; i++)
		if (to->reg[i] < from->reg[i])
			to->reg[i] = from->reg[i];
}

static uint64_t
estimate(const uint8_t reg[REGISTERS])
{
	double sum = 0, m = REGISTERS, e;
	unsigned empty = 0;

	for (unsigned i = 0; i < REGISTERS; i++) {
		sum += 1 / (double)(UINT64_C(1) << reg[i]);
		empty += reg[i] == 0;
	}
	e = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	if (e <= 2.5 * m && empty > 0)
		e = m * log(m / empty);		/* linear counting */
	return (uint64_t)(e + 0.5);
}

/* ---- */

struct distinct_count
distinct_add(struct distinct *d, const struct ledger_key *k, struct pkt_time now,
    uint64_t what)
{
	int64_t at = (now.ns < 0 ? 0 : now.ns) / d->width;
	struct entry *e = entry_of(d, k, at);

	turn(e, at);
	if (quarter_add(&e->q[e->newest % QUARTERS], what))
		e->changed = true;
	return count_of(d, e, e->newest);
}

struct distinct_count
distinct_get(struct distinct *d, const struct ledger_key *k, struct pkt_time now)
{
	const struct entry *e = table_find(d->table, k);

	if (e == NULL)
		return (struct distinct_count){ .exact = true };
	return count_of(d, e, (now.ns < 0 ? 0 : now.ns) / d->width);
}

size_t
distinct_keys(const struct distinct *d)
{
	return table_used(d->table);
}

uint64_t
distinct_evicted(const struct distinct *d)
{
	return d->evicted;
}

bool
distinct_save(struct distinct *d, size_t *place, size_t slice, bool all,
    bool (*write)(void *arg, const void *entry, size_t n), void *arg)
{
	uint8_t bytes[DISTINCT_ENTRY_MAX], *p;
	size_t n = table_used(d->table);

	for (; *place < n && slice > 0; ++*place, slice--) {
		struct entry *e = d->place[*place];
		const struct ledger_key *k = table_key(e);

		if (!e->changed && !all)
			continue;
		p = put_le(bytes, k->hi, 8);
		p = put_le(p, k->lo, 8);
		p = put_le(p, (uint64_t)e->newest, 8);
		for (unsigned i = 0; i < QUARTERS; i++) {
			const struct quarter *q = &e->q[i];

			p = put_le(p, q->n, 4);
			for (unsigned j = 0; q->n <= DISTINCT_EXACT && j < q->n; j++)
				p = put_le(p, q->hash[j], 8);
			if (q->n > DISTINCT_EXACT) {
				memcpy(p, q->reg, REGISTERS);
				p += REGISTERS;
			}
		}
		if (!write(arg, bytes, (size_t)(p - bytes)))
			return false;
		e->changed = false;
	}
	if (*place < n)
		return false;
	*place = 0;
	return true;
}

bool
distinct_restore(struct distinct *d, struct span s)
{
	struct entry *e, in = { 0 };
	struct ledger_key k;
	struct span reg;
	uint64_t newest;

	if (!span_le64(&s, &k.hi) || !span_le64(&s, &k.lo) || !span_le64(&s, &newest) ||
	    newest > (uint64_t)(INT64_MAX / d->width))
		return false;
	in.newest = (int64_t)newest;
	for (unsigned i = 0; i < QUARTERS; i++) {
		struct quarter *q = &in.q[i];

		if (!span_le32(&s, &q->n) || q->n > DISTINCT_EXACT + 1)
			return false;
		for (unsigned j = 0; q->n <= DISTINCT_EXACT && j < q->n; j++)
			if (!span_le64(&s, &q->hash[j]))
				return false;
		if (q->n <= DISTINCT_EXACT)
			continue;
		if (!span_take(&s, REGISTERS, &reg))
			return false;
		for (unsigned j = 0; j < REGISTERS; j++)
			q->reg[j] = reg.at[j] > MOST_RANK ? MOST_RANK : reg.at[j];
	}
	if (s.left > 0)
		return false;
	e = entry_of(d, &k, in.newest);
	in.place = e->place;
	*e = in;
	return true;
}

static struct entry *
entry_of(struct distinct *d, const struct ledger_key *k, int64_t at)
{
	struct entry *e = table_find(d->table, k);
	size_t place = table_used(d->table);

	if (e != NULL) {
		table_touch(d->table, e);
		return e;
	}
	if (place == d->max) {
		e = table_oldest(d->table);
		place = e->place;
		table_remove(d->table, e);
		d->evicted++;
	}
	e = table_use(d->table, k, NULL);
	d->place[place] = e;
	e->place = (uint32_t)place;
	e->newest = at;
	return e;
}

/* As a ledger's ring: what lies ahead of the new time is taken together there. */
static void
turn(struct entry *e, int64_t to)
{
	int64_t steps = to - e->newest;
	struct quarter ahead = { 0 };

	if (steps == 0 || steps == -1)
		return;
	for (int64_t i = 0; i < QUARTERS; i++) {
		int64_t at = e->newest - i;	/* the quarter this place holds */
		struct quarter *q;

		if (at < 0)
			break;
		q = &e->q[at % QUARTERS];
		if (steps < 0 && at > to)
			quarter_merge(&ahead, q);
		if (at > to || at <= to - QUARTERS)
			memset(q, 0, sizeof(*q));
	}
	e->newest = to;
	quarter_merge(&e->q[to % QUARTERS], &ahead);
	e->changed = true;
}

static struct distinct_count
count_of(const struct distinct *d, const struct entry *e, int64_t at)
{
	struct distinct_count c = { .exact = true };
	struct quarter all = { 0 };

	if (at < e->newest)
		at = e->newest;
	for (int64_t i = e->newest; i >= 0 && i > e->newest - QUARTERS &&
	    i > at - QUARTERS; i--) {
		const struct quarter *q = &e->q[i % QUARTERS];

		if (q->n > 0)
			c.since.ns = i * d->width;
		quarter_merge(&all, q);
	}
	c.exact = all.n <= DISTINCT_EXACT;
	c.count = c.exact ? all.n : estimate(all.reg);
	return c;
}
