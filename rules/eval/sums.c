/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sums: what a flow's counter grew by, added to the ledger of its key. Refuses to add
 * what was added before; ledgers themselves are classify/ledger. */
#include "rules/eval/sums.h"

#include "capture/base/table.h"
#include "rules/eval/truth.h"

#include <stdlib.h>
#include <string.h>

/* Fixed, so that a key means the same in every run; two of them make 128 bits. */
static const struct siphash_key key_hi = { 0x6561727368006869ULL, 0x73756d73206b6579ULL };
static const struct siphash_key key_lo = { 0x6561727368006c6fULL, 0x6b65792073756d73ULL };

struct counted_key {
	uint64_t flow_id;
};

struct sums {
	unsigned n;
	struct ledger **ledger;		/* by expr.sum; made when
					 * the expression is found */
	struct table **counted;		/* flow -> bytes already added */
};

static int find_sums(struct sums *s, const struct expr *x, const struct siphash_key *hash,
    size_t max);
static bool can_add(const struct observation *o);

struct sums *
sums_create(const struct program *p, const struct siphash_key *hash, size_t max)
{
	struct sums *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->n = p->sums;
	s->ledger = calloc(s->n == 0 ? 1 : s->n, sizeof(struct ledger *));
	s->counted = calloc(s->n == 0 ? 1 : s->n, sizeof(struct table *));
	if (s->ledger == NULL || s->counted == NULL)
		goto fail;
	for (unsigned i = 0; i < p->rules; i++)
		if (find_sums(s, p->rule[i].when, hash, max) == -1)
			goto fail;
	return s;
fail:
	sums_destroy(s);
	return NULL;
}

void
sums_destroy(struct sums *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		if (s->ledger != NULL)
			ledger_destroy(s->ledger[i]);
		if (s->counted != NULL)
			table_destroy(s->counted[i]);
	}
	free(s->ledger);
	free(s->counted);
	free(s);
}

static int
find_sums(struct sums *s, const struct expr *x, const struct siphash_key *hash,
    size_t max)
{
	struct ledger_options lo = { .hash = *hash, .max = max };
	struct table_options to = { .hash = *hash, .key_size = sizeof(struct counted_key),
		.value_size = sizeof(uint64_t), .max = max };

	if (x == NULL)
		return 0;
	if (x->op != EXPR_SUM) {
		if (x->op != EXPR_AND && x->op != EXPR_OR && x->op != EXPR_NOT)
			return 0;
		if (find_sums(s, x->a, hash, max) == -1)
			return -1;
		return x->op == EXPR_NOT ? 0 : find_sums(s, x->b, hash, max);
	}
	if (x->sum >= s->n || s->ledger[x->sum] != NULL)
		return 0;
	lo.window = x->window < NS_PER_S ? NS_PER_S : x->window;
	s->ledger[x->sum] = ledger_create(&lo);
	s->counted[x->sum] = table_create(&to);
	return s->ledger[x->sum] == NULL || s->counted[x->sum] == NULL ? -1 : 0;
}

struct sum_value
sums_ask(struct sums *s, const struct expr *x, const struct observation *o,
    const struct intern *strings, bool add)
{
	struct pkt_time now = { o->time };
	struct sum_value out = { false, 0, 0 };
	struct ledger_key key;
	struct ledger_sum got;
	struct value v;

	/* Records that carry no flow's counters (a window) do not ask a sum: a rule with
	 * a sum is judged when its count changes,
	 * and told with the flow that changed it. */
	if (x->sum >= s->n || s->ledger[x->sum] == NULL || !can_add(o) ||
	    !key_of_fields(x->key, x->key_n, false, o, strings, &key))
		return out;
	if (add && field_value(o, x->field, strings, &v, NULL)) {
		struct counted_key ck = { o->flow_id };
		uint64_t *counted = table_use(s->counted[x->sum], &ck, NULL);
		/* A counter never falls; should one,
		 * nothing is added until it has caught up. */
		uint64_t more = v.u > *counted ? v.u - *counted : 0;

		if (v.u > *counted)
			*counted = v.u;
		got = ledger_add(s->ledger[x->sum], &key, now, more);
	} else {
		got = ledger_get(s->ledger[x->sum], &key, now);
	}
	out.known = true;
	out.sum = got.sum;
	out.since = got.sum == 0 ? o->time : got.since.ns;
	return out;
}

void
sums_close(struct sums *s, uint64_t flow_id)
{
	struct counted_key ck = { flow_id };

	for (unsigned i = 0; i < s->n; i++) {
		void *counted = s->counted[i] == NULL ? NULL :
		    table_find(s->counted[i], &ck);

		if (counted != NULL)
			table_remove(s->counted[i], counted);
	}
}

void
sums_adopt(struct sums *s, unsigned to, struct sums *old, unsigned from)
{
	struct ledger *ledger = s->ledger[to];
	struct table *counted = s->counted[to];

	s->ledger[to] = old->ledger[from];
	s->counted[to] = old->counted[from];
	old->ledger[from] = ledger;
	old->counted[from] = counted;
}

uint64_t
sums_forgotten(const struct sums *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->ledger[i] != NULL)
			n += ledger_evicted(s->ledger[i]) + table_evicted(s->counted[i]);
	return n;
}

/* Kinds that carry the counters of one flow. */
static bool
can_add(const struct observation *o)
{
	return o->flow_id != 0 &&
	    (o->kind == OBSERVATION_OPEN || o->kind == OBSERVATION_PART ||
	    o->kind == OBSERVATION_CONTENT || o->kind == OBSERVATION_CLOSE);
}

/* Chained field by field: (hash so far, field, length, bytes), so that ("ab", "c") and
 * ("a", "bc") are two keys, and any number of fields needs no larger buffer. */
bool
key_of_fields(const enum field *field, unsigned n, bool blank,
    const struct observation *o, const struct intern *strings, struct ledger_key *out)
{
	struct {
		uint64_t so_far;
		uint32_t field, len;
		uint8_t bytes[INTERN_MAX + 1];
	} piece;

	*out = (struct ledger_key){ n, n };
	for (unsigned i = 0; i < n; i++) {
		struct span text = { NULL, 0 };
		struct value v;
		size_t len;

		memset(&piece, 0, sizeof(piece));
		if (!field_value(o, field[i], strings, &v, &text)) {
			if (!blank)
				return false;
			len = 0;
		} else if (v.type == FIELD_TEXT) {
			len = text.left > INTERN_MAX ? INTERN_MAX : text.left;
			if (len > 0)
				memcpy(piece.bytes, text.at, len);
			else if (!blank)
				return false;
		} else if (v.type == FIELD_ADDRESS) {
			len = sizeof(v.net.net);
			memcpy(piece.bytes, &v.net.net, len);
		} else {
			uint64_t raw = v.type == FIELD_BOOL ? v.b : v.u | (uint64_t)v.i;

			if (v.type == FIELD_NUMBER || v.type == FIELD_RATE)
				memcpy(&raw, &v.n, sizeof(raw));
			len = sizeof(raw);
			memcpy(piece.bytes, &raw, len);
		}
		piece.field = (uint32_t)field[i];
		piece.len = (uint32_t)len;
		len += offsetof(__typeof__(piece), bytes);
		piece.so_far = out->hi;
		out->hi = siphash13(&key_hi, &piece, len);
		piece.so_far = out->lo;
		out->lo = siphash13(&key_lo, &piece, len);
	}
	return true;
}
