/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ledger: sliding sums by key. It knows no devices and no destinations, only 128-bit
 * keys.
 *
 * An entry is a ring of LEDGER_BINS + 1 bins, aligned to packet time since 1970: sixty of
 * the window's sixtieth, and the one that is being filled. So the sum covers the window
 * and up to one bin more, never less.
 *
 * On disk, little endian:
 *	header	"earshotL" (8) version (4) bins (4) window (8) crc32c of these 24 (4)
 *	entry	key hi, lo (16) newest bin (8) first addition (8) ever (8) used (8)
 *		61 x bin (488) crc32c of these 536 (4)
 * Entries go in order of last use, oldest first, so that loading keeps that order. All
 * entries have one size: what is behind a damaged one can still be read.
 */
#include "classify/ledger/ledger.h"

#include "capture/base/crc32c.h"
#include "capture/base/table.h"

#include <stdlib.h>
#include <string.h>

#define RING (LEDGER_BINS + 1)
#define MAX_DEFAULT 65536
#define WINDOW_MIN NS_PER_S
#define VERSION 1
#define HEAD_SIZE 28
#define ENTRY_SIZE (6 * 8 + RING * 8 + 4)

static const char magic[8] = { 'e', 'a', 'r', 's', 'h', 'o', 't', 'L' };

struct entry {
	int64_t newest;			/* number since 1970 of the bin being filled */
	int64_t first;			/* ns, the first addition ever */
	uint64_t ever;
	uint64_t used;			/* bit n: bin[n] had an addition */
	uint64_t bin[RING];
};

_Static_assert(RING <= 64, "a ring's bits are one word");

struct ledger {
	struct table *table;
	int64_t window, width;
	struct crc32c crc;		/* of dumps */
};

static int64_t clamp(struct pkt_time t);
static void advance(struct entry *e, int64_t to);
static struct ledger_sum sum_of(const struct ledger *l, const struct entry *e,
    int64_t at);
static uint64_t add(uint64_t a, uint64_t b);
static bool entry_load(struct ledger *l, struct span s);

struct ledger *
ledger_create(const struct ledger_options *o)
{
	struct ledger *l;

	if (o->window < WINDOW_MIN)
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	crc32c_make(&l->crc);
	l->window = o->window;
	l->width = o->window / LEDGER_BINS + (o->window % LEDGER_BINS != 0);
	l->table = table_create(&(struct table_options){
		.hash = o->hash,
		.key_size = sizeof(struct ledger_key),
		.value_size = sizeof(struct entry),
		.max = o->max == 0 ? MAX_DEFAULT : o->max,
	});
	if (l->table == NULL) {
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
	free(l);
}

struct ledger_sum
ledger_add(struct ledger *l, const struct ledger_key *k, struct pkt_time now,
    uint64_t amount)
{
	int64_t ns = clamp(now), at = ns / l->width;
	struct entry *e;
	uint64_t *bin;
	bool is_new;

	e = table_use(l->table, k, &is_new);
	if (is_new) {
		e->newest = at;
		e->first = ns;
	} else if (at > e->newest) {
		advance(e, at);
	}
	bin = &e->bin[e->newest % RING];
	*bin = add(*bin, amount);
	e->used |= UINT64_C(1) << e->newest % RING;
	e->ever = add(e->ever, amount);
	return sum_of(l, e, e->newest);
}

struct ledger_sum
ledger_get(struct ledger *l, const struct ledger_key *k, struct pkt_time now)
{
	const struct entry *e = table_find(l->table, k);

	if (e == NULL)
		return (struct ledger_sum){ 0 };
	return sum_of(l, e, clamp(now) / l->width);
}

uint64_t
ledger_evicted(const struct ledger *l)
{
	return table_evicted(l->table);
}

bool
ledger_dump(const struct ledger *l, bool (*write)(void *arg, const void *b, size_t n),
    void *arg)
{
	uint8_t buf[ENTRY_SIZE], *p;
	const struct ledger_key *k;
	const struct entry *e;
	unsigned i;

	memcpy(buf, magic, sizeof(magic));
	p = put_le(buf + sizeof(magic), VERSION, 4);
	p = put_le(p, RING, 4);
	p = put_le(p, (uint64_t)l->window, 8);
	(void)put_le(p, crc32c_add(&l->crc, 0, buf, HEAD_SIZE - 4), 4);
	if (!write(arg, buf, HEAD_SIZE))
		return false;
	for (e = table_oldest(l->table); e != NULL; e = table_next(l->table, e)) {
		k = table_key(e);
		p = put_le(buf, k->hi, 8);
		p = put_le(p, k->lo, 8);
		p = put_le(p, (uint64_t)e->newest, 8);
		p = put_le(p, (uint64_t)e->first, 8);
		p = put_le(p, e->ever, 8);
		p = put_le(p, e->used, 8);
		for (i = 0; i < RING; i++)
			p = put_le(p, e->bin[i], 8);
		(void)put_le(p, crc32c_add(&l->crc, 0, buf, ENTRY_SIZE - 4), 4);
		if (!write(arg, buf, ENTRY_SIZE))
			return false;
	}
	return true;
}

size_t
ledger_load(struct ledger *l, struct span bytes)
{
	struct span head, mark, one;
	uint32_t version, ring, crc;
	uint64_t window;
	size_t n = 0;

	if (!span_take(&bytes, HEAD_SIZE, &head))
		return 0;
	one = head;
	if (!span_take(&head, sizeof(magic), &mark) ||
	    memcmp(mark.at, magic, sizeof(magic)) != 0 || !span_le32(&head, &version) ||
	    !span_le32(&head, &ring) || !span_le64(&head, &window) ||
	    !span_le32(&head, &crc) ||
	    crc != crc32c_add(&l->crc, 0, one.at, HEAD_SIZE - 4) || version != VERSION ||
	    ring != RING || window != (uint64_t)l->window)
		return 0;
	while (span_take(&bytes, ENTRY_SIZE, &one))
		n += entry_load(l, one);
	return n;
}

/* Times before 1970 are taken as 1970. */
static int64_t
clamp(struct pkt_time t)
{
	return t.ns < 0 ? 0 : t.ns;
}

static void
advance(struct entry *e, int64_t to)
{
	int64_t steps = to - e->newest, i;

	if (steps >= RING) {
		memset(e->bin, 0, sizeof(e->bin));
		e->used = 0;
	} else {
		for (i = e->newest + 1; i <= to; i++) {
			e->bin[i % RING] = 0;
			e->used &= ~(UINT64_C(1) << i % RING);
		}
	}
	e->newest = to;
}

/* As of bin `at`; a time before the newest bin is the newest bin. Changes nothing, so
 * that looking does not age or refresh an entry. */
static struct ledger_sum
sum_of(const struct ledger *l, const struct entry *e, int64_t at)
{
	struct ledger_sum s = { .ever = e->ever };
	int64_t i, oldest = e->newest - LEDGER_BINS;
	bool found = false;

	if (at - LEDGER_BINS > oldest)
		oldest = at - LEDGER_BINS;
	for (i = oldest < 0 ? 0 : oldest; i <= e->newest; i++) {
		if ((e->used >> i % RING & 1) == 0)
			continue;
		s.sum = add(s.sum, e->bin[i % RING]);
		if (!found)
			s.since.ns = i * l->width > e->first ? i * l->width : e->first;
		found = true;
	}
	return s;
}

/* Bytes do not wrap: a sum that cannot be held stays at the most that can. */
static uint64_t
add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* An entry that is there already is newer than the file and stays as it is. */
static bool
entry_load(struct ledger *l, struct span s)
{
	const uint8_t *bytes = s.at;
	uint64_t newest = 0, first = 0, bin[RING];
	struct entry *e, in = { 0 };
	struct ledger_key k;
	uint32_t crc;
	bool ok, is_new;
	unsigned i;

	ok = span_le64(&s, &k.hi) && span_le64(&s, &k.lo) && span_le64(&s, &newest) &&
	    span_le64(&s, &first) && span_le64(&s, &in.ever) && span_le64(&s, &in.used);
	for (i = 0; i < RING; i++)
		ok = ok && span_le64(&s, &bin[i]);
	/* A checksum proves that the disk kept what was written, not what wrote it. */
	if (!ok || !span_le32(&s, &crc) ||
	    crc != crc32c_add(&l->crc, 0, bytes, ENTRY_SIZE - 4) ||
	    newest > (uint64_t)(INT64_MAX / l->width) || first > INT64_MAX ||
	    in.used >> RING != 0)
		return false;
	in.newest = (int64_t)newest;
	in.first = (int64_t)first;
	for (i = 0; i < RING; i++)
		in.bin[i] = (in.used >> i & 1) != 0 ? bin[i] : 0;
	if (table_find(l->table, &k) != NULL)
		return false;
	e = table_use(l->table, &k, &is_new);
	*e = in;
	return true;
}
