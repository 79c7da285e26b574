/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what was written of a ledger and of counts of different things, and as what
 * is done with them: keys, amounts and a clock that goes where it likes. After each step
 * the promises hold: a sum is what was added and not more, nothing is there a window later.
 */
#include "classify/ledger/distinct.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NS_PER_S)
#define KEYS 24			/* of them 8 have room */
#define STEPS 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
need(bool holds)
{
	if (!holds)
		abort();
}

/* Writes an item into a second ledger, from a copy of its exact size. */
struct twin {
	struct ledger *l;
	struct distinct *d;
};

static bool
copy(void *arg, const void *entry, size_t n)
{
	const struct twin *t = arg;
	uint8_t *bytes = malloc(n);

	need(bytes != NULL);
	memcpy(bytes, entry, n);
	need(t->l != NULL ? ledger_restore(t->l, span_of(bytes, n)) :
	    distinct_restore(t->d, span_of(bytes, n)));
	free(bytes);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ledger_options o = { .hash = { 1, 2 }, .window = HOUR, .max = 8 };
	uint64_t added[KEYS] = { 0 };
	struct ledger *l = ledger_create(&o), *m = ledger_create(&o);
	struct distinct *d = distinct_create(&o), *e = distinct_create(&o);
	struct span s = span_of(data, size), item;
	int64_t now = 0;
	size_t place = 0;
	uint16_t n;
	uint8_t *bytes;

	need(l != NULL && m != NULL && d != NULL && e != NULL);
	/* A flat start says nothing of what was added; items come last. */
	for (unsigned i = 0; i < STEPS && s.left >= 8 && s.at[0] < 0xf0; i++) {
		struct ledger_key k = { 0, s.at[0] % KEYS };
		struct ledger_sum sum;
		uint64_t amount = (uint64_t)s.at[1] << s.at[2] % 57;
		int64_t leap = (int64_t)((uint64_t)s.at[3] << s.at[4] % 56);

		if (s.at[5] % 3 == 1)
			now = leap > INT64_MAX - now ? INT64_MAX : now + leap;
		else if (s.at[5] % 3 == 0)
			now -= leap;
		if (now < 0)
			now = 0;
		added[k.lo] = added[k.lo] > UINT64_MAX - amount ? UINT64_MAX :
		    added[k.lo] + amount;
		sum = ledger_add(l, &k, (struct pkt_time){ now }, amount);
		need(sum.sum >= amount && sum.sum <= added[k.lo]);
		need(sum.since.ns >= 0);
		need(distinct_add(d, &k, (struct pkt_time){ now },
		    amount * UINT64_C(0x9e3779b97f4a7c15)).count >= 1);
		if (now < INT64_MAX - 3 * HOUR) {
			struct pkt_time later = { now + HOUR + 3 * 60 * NS_PER_S };

			need(ledger_get(l, &k, later).sum == 0);
			later.ns = now + 2 * HOUR;
			need(distinct_get(d, &k, later).count == 0);
		}
		(void)span_skip(&s, 6);
	}
	need(ledger_keys(l) <= 8 && distinct_keys(d) <= 8);
	need(ledger_save(l, &place, SIZE_MAX, true, copy, &(struct twin){ m, NULL }));
	need(distinct_save(d, &place, SIZE_MAX, true, copy, &(struct twin){ NULL, e }));
	need(ledger_keys(m) == ledger_keys(l) && distinct_keys(e) == distinct_keys(d));
	for (uint64_t i = 0; i < KEYS; i++) {
		struct ledger_key k = { 0, i };

		need(ledger_get(m, &k, (struct pkt_time){ now }).sum ==
		    ledger_get(l, &k, (struct pkt_time){ now }).sum);
		need(distinct_get(e, &k, (struct pkt_time){ now }).count ==
		    distinct_get(d, &k, (struct pkt_time){ now }).count);
	}
	(void)span_skip(&s, s.left > 0);
	while (span_le16(&s, &n) && span_take(&s, n < s.left ? n : s.left, &item)) {
		bytes = malloc(item.left + 1);
		need(bytes != NULL);
		memcpy(bytes, item.at, item.left);
		(void)ledger_restore(l, span_of(bytes, item.left));
		(void)distinct_restore(d, span_of(bytes, item.left));
		free(bytes);
	}
	for (uint64_t i = 0; i < 2 * KEYS; i++) {
		struct ledger_key k = { i & 1, i / 2 };
		uint64_t v;

		(void)ledger_bin(l, &k, (struct pkt_time){ now }, (unsigned)i, &v);
		need(ledger_add(l, &k, (struct pkt_time){ INT64_MAX }, 5).sum >= 5);
		need(ledger_add(l, &k, (struct pkt_time){ now }, 5).sum >= 5);
		(void)distinct_add(d, &k, (struct pkt_time){ INT64_MAX }, i);
		(void)distinct_add(d, &k, (struct pkt_time){ now }, i << 40);
	}
	ledger_destroy(l);
	ledger_destroy(m);
	distinct_destroy(d);
	distinct_destroy(e);
	return 0;
}
