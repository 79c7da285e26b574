/* SPDX-License-Identifier: GPL-3.0-or-later */
/* life: how flows and pairs age, end and make room. The lists and the order of eviction
 * are explained in life.h; the packet's side is flowtab.c. */
#include "capture/flow/life.h"

#include "capture/base/heap.h"

static bool ended_before(const void *arg, uint32_t x, uint32_t y);

static void
enlist(struct flowtab *t, struct flow_entry *e)
{
	struct list *l = &t->list[e->idle][e->rank];
	uint32_t number = pool_number(t->flow_pool, e);

	e->queued = ticks(t->now);
	e->age = (struct link){ l->last, 0 };
	if (l->last != 0)
		flow_at(t, l->last)->age.next = number;
	else
		l->first = number;
	l->last = number;
}

static void
delist(struct flowtab *t, struct flow_entry *e, uint8_t idle, uint8_t rank)
{
	struct list *l = &t->list[idle][rank];

	if (e->age.prev != 0)
		flow_at(t, e->age.prev)->age.next = e->age.next;
	else
		l->first = e->age.next;
	if (e->age.next != 0)
		flow_at(t, e->age.next)->age.prev = e->age.prev;
	else
		l->last = e->age.prev;
}

void
life_begin(struct flowtab *t, struct flow_entry *e)
{
	e->idle = (uint8_t)life_idle(e);
	e->rank = (uint8_t)life_rank(e, e->idle);
	e->birth = (uint32_t)t->stats.flows_ever++;
	e->alive = true;
	enlist(t, e);
}

void
life_move(struct flowtab *t, struct flow_entry *e)
{
	uint8_t idle = e->idle, rank = e->rank;

	e->idle = (uint8_t)life_idle(e);
	e->rank = (uint8_t)life_rank(e, e->idle);
	delist(t, e, idle, rank);
	enlist(t, e);
}

enum flow_end
life_reason(const struct flow_entry *e)
{
	return e->closed_rst ? FLOW_END_RST : e->closed_fin ? FLOW_END_FIN :
	    FLOW_END_IDLE;
}

void
life_end(struct flowtab *t, struct flow_entry *e, enum flow_end why)
{
	struct pair_entry *p = (struct pair_entry *)e->flow.pair;
	struct flow_key key;

	if (t->o.on.end != NULL)
		t->o.on.end(t->o.on.arg, &e->flow, why);
	if (p != NULL)
		pair_leave(t, p);
	delist(t, e, e->idle, e->rank);
	flow_key_of(&e->flow, &key);
	slots_remove(&t->flows, flow_hash(t, &key), e);
	if (e->tcp != 0) {
		struct tcp_entry *q = tcp_at(t, e->tcp);

		for (unsigned i = 0; i < 2; i++)
			if (q->seq[i].place != 0)
				pool_give(t->hole_pool, holes_at(t, q->seq[i].place));
		pool_give(t->tcp_pool, q);
	}
	e->alive = false;
	pool_give(t->flow_pool, e);
}

/* Who went to its list earlier, or at the same tick was born earlier? */
static bool
older(const struct flowtab *t, const struct flow_entry *a, const struct flow_entry *b)
{
	uint32_t now = ticks(t->now), x = now - a->queued, y = now - b->queued;

	return x != y ? x > y : (int32_t)(a->birth - b->birth) < 0;
}

bool
life_evict(struct flowtab *t)
{
	for (unsigned rank = 0; rank < EVICT_COUNT; rank++) {
		struct flow_entry *oldest = NULL;

		for (unsigned idle = 0; idle < IDLE_COUNT; idle++) {
			uint32_t first = t->list[idle][rank].first;

			if (first != 0 && (oldest == NULL ||
			    older(t, flow_at(t, first), oldest)))
				oldest = flow_at(t, first);
		}
		if (oldest == NULL)
			continue;
		switch ((enum evict_rank)rank) {
		case EVICT_HALF:
			t->stats.evicted_half++;
			break;
		case EVICT_TINY:
			t->stats.evicted_tiny++;
			break;
		case EVICT_IDLE:
			t->stats.evicted_idle++;
			break;
		case EVICT_UPLOADING:
		case EVICT_COUNT:
			t->stats.evicted_uploading++;
			break;
		}
		life_end(t, oldest, FLOW_END_EVICTED);
		return true;
	}
	return false;
}

/* ---- pairs ------------------------------------------------------------------------- */

struct pair_key {
	struct addr inside, outside;
};

static bool
pair_same(const void *obj, const void *key)
{
	const struct pair *p = obj;
	const struct pair_key *k = key;

	return addr_eq(&p->outside, &k->outside) && addr_eq(&p->inside, &k->inside);
}

uint64_t
pair_id(const struct pair *p)
{
	struct {
		struct pair_key key;
		int64_t first;
	} born = { { p->inside, p->outside }, p->first.ns };

	return flow_id_from(&born, sizeof(born));
}

static uint64_t
pair_hash(const struct flowtab *t, const struct pair_key *key)
{
	return siphash13(&t->o.key, key, sizeof(*key));
}

static void
unused_add(struct flowtab *t, struct pair_entry *p)
{
	uint32_t number = pool_number(t->pair_pool, p);

	p->since = ticks(t->now);
	p->unused = (struct link){ t->unused.last, 0 };
	if (t->unused.last != 0)
		pair_at(t, t->unused.last)->unused.next = number;
	else
		t->unused.first = number;
	t->unused.last = number;
}

static void
unused_drop(struct flowtab *t, struct pair_entry *p)
{
	if (p->unused.prev != 0)
		pair_at(t, p->unused.prev)->unused.next = p->unused.next;
	else
		t->unused.first = p->unused.next;
	if (p->unused.next != 0)
		pair_at(t, p->unused.next)->unused.prev = p->unused.prev;
	else
		t->unused.last = p->unused.prev;
}

/* An hour after its last flow ended. Where no step came, that end was noticed just now: no
 * flow rests longer than the longest limit after its last packet. */
static bool
pair_due(const struct flowtab *t, const struct pair_entry *p)
{
	int64_t rest = 0;

	for (unsigned i = 0; i < IDLE_COUNT; i++)
		if (t->limit[i] > rest)
			rest = t->limit[i];
	return ticks_surely(ticks(t->now), p->since) >= t->o.idle_pair ||
	    t->now - p->pair.last.ns - rest >= t->o.idle_pair;
}

struct pair_entry *
pair_get(struct flowtab *t, const struct addr *inside, const struct addr *outside)
{
	struct pair_key key = { *inside, *outside };
	uint64_t hash = pair_hash(t, &key);
	struct pair_entry *p = slots_find(&t->pairs, hash, pair_same, &key);

	if (p != NULL) {
		if (p->pair.flows > 0 || !pair_due(t, p))
			return p;
		pair_end(t, p);		/* and no step came to say so */
	}
	p = pool_take(t->pair_pool);
	if (p == NULL) {
		/* Each eviction is paid for by the birth of that flow. */
		while (t->unused.first == 0) {
			if (!life_evict(t))
				return NULL;
		}
		pair_end(t, pair_at(t, t->unused.first));
		t->stats.evicted_pairs++;
		p = pool_take(t->pair_pool);
		if (p == NULL)
			return NULL;
	}
	p->pair.inside = *inside;
	p->pair.outside = *outside;
	p->pair.first.ns = p->pair.last.ns = t->now;
	p->birth = (uint32_t)t->stats.pairs_ever++;
	p->pair.alive = true;
	slots_add(&t->pairs, hash, p);
	unused_add(t, p);
	return p;
}

bool
pair_room(const struct flowtab *t)
{
	return pool_used(t->pair_pool) < pool_count(t->pair_pool) || t->unused.first != 0;
}

void
pair_join(struct flowtab *t, struct pair_entry *p)
{
	if (p->pair.flows++ == 0)
		unused_drop(t, p);
	p->pair.flows_ever++;
}

void
pair_leave(struct flowtab *t, struct pair_entry *p)
{
	if (--p->pair.flows == 0)
		unused_add(t, p);
}

/* Only of one that has no flow. */
void
pair_end(struct flowtab *t, struct pair_entry *p)
{
	struct pair_key key = { p->pair.inside, p->pair.outside };

	if (t->o.on.pair_end != NULL)
		t->o.on.pair_end(t->o.on.arg, &p->pair);
	unused_drop(t, p);
	slots_remove(&t->pairs, pair_hash(t, &key), p);
	p->pair.alive = false;
	pool_give(t->pair_pool, p);
}

/* ---- expiry ------------------------------------------------------------------------ */

static void
step_flows(struct flowtab *t)
{
	uint32_t now = ticks(t->now);
	size_t n = 0;

	for (unsigned idle = 0; idle < IDLE_COUNT; idle++) {
		for (unsigned rank = 0; rank < EVICT_COUNT; rank++) {
			uint32_t i = t->list[idle][rank].first;

			for (; i != 0; i = flow_at(t, i)->age.next) {
				struct flow_entry *e = flow_at(t, i);

				if (ticks_perhaps(now, e->queued) < t->limit[idle])
					break;
				if (life_due(t, e))
					t->due[n++] = i;
			}
		}
	}
	heap_sort(t->due, n, ended_before, t);
	for (size_t i = 0; i < n; i++) {
		struct flow_entry *e = flow_at(t, t->due[i]);

		life_end(t, e, life_reason(e));
	}
}

/* The first to have had no flow is the first to go. */
static void
step_pairs(struct flowtab *t)
{
	uint32_t now = ticks(t->now);

	while (t->unused.first != 0) {
		struct pair_entry *p = pair_at(t, t->unused.first);

		if (ticks_surely(now, p->since) < t->o.idle_pair)
			break;
		pair_end(t, p);
	}
}

void
flowtab_step(struct flowtab *t, struct pkt_time now)
{
	if (now.ns > t->now)
		t->now = now.ns < TIME_LAST ? now.ns : TIME_LAST;
	step_flows(t);
	step_pairs(t);
}

static bool
flow_born_before(const void *arg, uint32_t x, uint32_t y)
{
	const struct flowtab *t = arg;
	const struct flow_entry *a = flow_at(t, x), *b = flow_at(t, y);

	return a->flow.first.ns != b->flow.first.ns ? a->flow.first.ns < b->flow.first.ns
	    : (int32_t)(a->birth - b->birth) < 0;
}

bool
pair_older(const struct pair *x, const struct pair *y)
{
	const struct pair_entry *a = (const struct pair_entry *)x;
	const struct pair_entry *b = (const struct pair_entry *)y;

	return x->first.ns != y->first.ns ? x->first.ns < y->first.ns
	    : (int32_t)(a->birth - b->birth) < 0;
}

static bool
pair_born_before(const void *arg, uint32_t x, uint32_t y)
{
	return pair_older(&pair_at(arg, x)->pair, &pair_at(arg, y)->pair);
}

size_t
flows_gather(struct flowtab *t)
{
	size_t n = 0, all = pool_touched(t->flow_pool);

	for (size_t i = 1; i <= all; i++)
		if (flow_at(t, (uint32_t)i)->alive)
			t->due[n++] = (uint32_t)i;
	heap_sort(t->due, n, flow_born_before, t);
	return n;
}

size_t
pairs_gather(struct flowtab *t)
{
	size_t n = 0, all = pool_touched(t->pair_pool);

	for (size_t i = 1; i <= all; i++)
		if (pair_at(t, (uint32_t)i)->pair.alive)
			t->due[n++] = (uint32_t)i;
	heap_sort(t->due, n, pair_born_before, t);
	return n;
}

void
flowtab_finish(struct flowtab *t)
{
	size_t n = flows_gather(t);

	for (size_t i = 0; i < n; i++)
		life_end(t, flow_at(t, t->due[i]), FLOW_END_INPUT);
	n = pairs_gather(t);
	for (size_t i = 0; i < n; i++)
		pair_end(t, pair_at(t, t->due[i]));
}

void
flowtab_back(struct flowtab *t, struct pkt_time now)
{
	flowtab_finish(t);
	t->now = now.ns;
}

static bool
ended_before(const void *arg, uint32_t x, uint32_t y)
{
	const struct flowtab *t = arg;
	const struct flow_entry *a = flow_at(t, x), *b = flow_at(t, y);

	return a->flow.last.ns != b->flow.last.ns ? a->flow.last.ns < b->flow.last.ns
	    : flow_born_before(t, x, y);
}
