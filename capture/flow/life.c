/* SPDX-License-Identifier: GPL-3.0-or-later */
/* life: how flows and pairs age, end and make room. The lists and the order of eviction
 * are explained in life.h; the packet's side is flowtab.c. */
#include "capture/flow/life.h"

static void sort_due(void **due, size_t n, bool (*before)(const void *x, const void *y));
static bool flow_before(const void *x, const void *y);
static bool pair_before(const void *x, const void *y);

static enum idle_class
idle_of(const struct flow_entry *e)
{
	if (e->portless)
		return IDLE_OTHER;
	if (e->flow.key.proto == IPPROTO_IS_UDP)
		return IDLE_UDP;
	if (e->flow.key.proto != IPPROTO_IS_TCP)
		return IDLE_OTHER;
	if (e->closed_fin || e->closed_rst)
		return IDLE_CLOSED;
	return e->established ? IDLE_TCP : IDLE_HALF;
}

static enum evict_rank
rank_of(const struct flow_entry *e)
{
	const struct flow *f = &e->flow;
	uint64_t there, back;

	if (f->count[0].pkts + f->count[1].pkts <= 1 || e->idle == IDLE_HALF)
		return EVICT_HALF;
	if (f->up >= 0)
		return flow_true_bytes(&f->count[f->up]) >= UPLOADING ? EVICT_UPLOADING
		    : EVICT_TINY;
	there = flow_true_bytes(&f->count[0]);
	back = flow_true_bytes(&f->count[1]);
	return there >= UPLOADING || back >= UPLOADING ? EVICT_IDLE : EVICT_TINY;
}

static void
enlist(struct flowtab *t, struct flow_entry *e)
{
	e->queued = t->now;
	link_append(&t->list[e->idle][e->rank], &e->age);
}

void
life_begin(struct flowtab *t, struct flow_entry *e)
{
	e->idle = (uint8_t)idle_of(e);
	e->rank = (uint8_t)rank_of(e);
	e->birth = t->stats.flows_ever++;
	link_append(&t->flow_born, &e->born);
	enlist(t, e);
}

void
life_touch(struct flowtab *t, struct flow_entry *e)
{
	uint8_t idle = e->idle, rank = e->rank;

	e->idle = (uint8_t)idle_of(e);
	e->rank = (uint8_t)rank_of(e);
	if (e->idle == idle && e->rank == rank && t->now - e->queued < REQUEUE)
		return;
	link_drop(&e->age);
	enlist(t, e);
}

enum flow_end
life_reason(const struct flow_entry *e)
{
	return e->closed_rst ? FLOW_END_RST : e->closed_fin ? FLOW_END_FIN :
	    FLOW_END_IDLE;
}

bool
life_due(const struct flowtab *t, const struct flow_entry *e)
{
	return t->now - e->flow.last.ns >= t->limit[e->idle];
}

void
life_end(struct flowtab *t, struct flow_entry *e, enum flow_end why)
{
	struct pair_entry *p = (struct pair_entry *)e->flow.pair;

	if (t->o.on.end != NULL)
		t->o.on.end(t->o.on.arg, &e->flow, why);
	if (p != NULL && --p->pair.flows == 0)
		link_append(&t->unused, &p->unused);
	link_drop(&e->age);
	link_drop(&e->born);
	slots_remove(&t->flows, e->hash, e);
	pool_give(t->flow_pool, e);
}

bool
life_evict(struct flowtab *t)
{
	for (unsigned rank = 0; rank < EVICT_COUNT; rank++) {
		struct flow_entry *oldest = NULL;

		for (unsigned idle = 0; idle < IDLE_COUNT; idle++) {
			struct link *head = &t->list[idle][rank];
			struct flow_entry *e;

			if (head->next == head)
				continue;
			e = flow_of(head->next, age);
			if (oldest == NULL || e->queued < oldest->queued ||
			    (e->queued == oldest->queued && e->birth < oldest->birth))
				oldest = e;
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

struct pair_entry *
pair_get(struct flowtab *t, const struct addr *inside, const struct addr *outside)
{
	struct pair_key key = { *inside, *outside };
	struct {
		struct pair_key key;
		int64_t first;
	} born = { key, t->now };
	uint64_t hash = siphash13(&t->o.key, &key, sizeof(key));
	struct pair_entry *p = slots_find(&t->pairs, hash, pair_same, &key);

	if (p != NULL) {
		if (p->pair.flows > 0 || t->now - p->pair.last.ns < t->o.idle_pair)
			return p;
		pair_end(t, p);		/* due, and no step came to say so */
	}
	p = pool_take(t->pair_pool);
	if (p == NULL) {
		/* Each eviction is paid for by the birth of that flow. */
		while (t->unused.next == &t->unused) {
			if (!life_evict(t))
				return NULL;
		}
		pair_end(t, pair_of(t->unused.next, unused));
		t->stats.evicted_pairs++;
		p = pool_take(t->pair_pool);
		if (p == NULL)
			return NULL;
	}
	p->pair.id = flow_id_of(&born, sizeof(born));
	p->pair.inside = *inside;
	p->pair.outside = *outside;
	p->pair.first.ns = p->pair.last.ns = t->now;
	p->hash = hash;
	p->birth = t->stats.pairs_ever++;
	p->queued = t->now;
	slots_add(&t->pairs, hash, p);
	link_append(&t->pair_born, &p->born);
	link_append(&t->pair_age, &p->age);
	link_append(&t->unused, &p->unused);
	return p;
}

bool
pair_room(const struct flowtab *t)
{
	return pool_used(t->pair_pool) < pool_count(t->pair_pool) ||
	    t->unused.next != &t->unused;
}

void
pair_join(struct pair_entry *p)
{
	if (p->pair.flows++ == 0)
		link_drop(&p->unused);
	p->pair.flows_ever++;
}

void
pair_touch(struct flowtab *t, struct pair_entry *p)
{
	p->pair.last.ns = t->now;
	if (t->now - p->queued < REQUEUE)
		return;
	p->queued = t->now;
	link_drop(&p->age);
	link_append(&t->pair_age, &p->age);
}

void
pair_end(struct flowtab *t, struct pair_entry *p)
{
	if (t->o.on.pair_end != NULL)
		t->o.on.pair_end(t->o.on.arg, &p->pair);
	link_drop(&p->unused);
	link_drop(&p->age);
	link_drop(&p->born);
	slots_remove(&t->pairs, p->hash, p);
	pool_give(t->pair_pool, p);
}

/* ---- expiry ------------------------------------------------------------------------ */

static void
step_flows(struct flowtab *t)
{
	size_t n = 0;

	for (unsigned idle = 0; idle < IDLE_COUNT; idle++) {
		for (unsigned rank = 0; rank < EVICT_COUNT; rank++) {
			struct link *head = &t->list[idle][rank];

			for (struct link *l = head->next; l != head; l = l->next) {
				struct flow_entry *e = flow_of(l, age);

				if (t->now - e->queued < t->limit[idle])
					break;
				if (life_due(t, e))
					t->due[n++] = e;
			}
		}
	}
	sort_due(t->due, n, flow_before);
	for (size_t i = 0; i < n; i++) {
		struct flow_entry *e = t->due[i];

		life_end(t, e, life_reason(e));
	}
}

static void
step_pairs(struct flowtab *t)
{
	struct link *head = &t->pair_age, *last = head->prev;
	size_t n = 0;

	for (struct link *l = head->next, *next; l != head; l = next) {
		struct pair_entry *p = pair_of(l, age);
		bool is_last = l == last;

		next = l->next;
		if (t->now - p->queued < t->o.idle_pair)
			break;
		if (p->pair.flows > 0) {
			/* A flow may live longer than an idle pair:
			 * ask again much later. */
			p->queued = t->now;
			link_drop(&p->age);
			link_append(head, &p->age);
		} else if (t->now - p->pair.last.ns >= t->o.idle_pair) {
			t->due[n++] = p;
		}
		if (is_last)
			break;
	}
	sort_due(t->due, n, pair_before);
	for (size_t i = 0; i < n; i++)
		pair_end(t, t->due[i]);
}

void
flowtab_step(struct flowtab *t, struct pkt_time now)
{
	if (now.ns > t->now)
		t->now = now.ns < TIME_LAST ? now.ns : TIME_LAST;
	step_flows(t);
	step_pairs(t);
}

void
flowtab_finish(struct flowtab *t)
{
	while (t->flow_born.next != &t->flow_born)
		life_end(t, flow_of(t->flow_born.next, born), FLOW_END_INPUT);
	while (t->pair_born.next != &t->pair_born)
		pair_end(t, pair_of(t->pair_born.next, born));
}

void
flowtab_back(struct flowtab *t, struct pkt_time now)
{
	flowtab_finish(t);
	t->now = now.ns;
}

static bool
flow_before(const void *x, const void *y)
{
	const struct flow_entry *a = x, *b = y;

	return a->flow.last.ns != b->flow.last.ns ? a->flow.last.ns < b->flow.last.ns
	    : a->birth < b->birth;
}

static bool
pair_before(const void *x, const void *y)
{
	const struct pair_entry *a = x, *b = y;

	return a->pair.last.ns != b->pair.last.ns ? a->pair.last.ns < b->pair.last.ns
	    : a->birth < b->birth;
}

/* Heap sort (Williams 1964): in place and without malloc, which qsort may call. */
static void
sift(void **v, size_t at, size_t n, bool (*before)(const void *x, const void *y))
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		void *x = v[at];

		if (child + 1 < n && before(v[child], v[child + 1]))
			child++;
		if (!before(x, v[child]))
			return;
		v[at] = v[child];
		v[child] = x;
	}
}

static void
sort_due(void **due, size_t n, bool (*before)(const void *x, const void *y))
{
	for (size_t i = n / 2; i-- > 0;)
		sift(due, i, n, before);
	for (size_t end = n; end-- > 1;) {
		void *x = due[0];

		due[0] = due[end];
		due[end] = x;
		sift(due, 0, end, before);
	}
}
