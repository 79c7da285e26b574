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

#define DAY (86400 * NS_PER_S)

struct counted_key {
	uint64_t flow_id;
};

struct met {			/* of a SUM_AFTER */
	int64_t at;
	bool changed;			/* since it was written down */
};

/* One EXPR_SUM; made when the expression is found. */
struct sum {
	const struct expr *x;
	struct ledger *ledger;		/* SUM_BYTES, SUM_DAY */
	struct distinct *distinct;	/* SUM_DISTINCT */
	struct table *after;		/* SUM_AFTER: when it was last met, by key */
	struct table *counted;		/* flow -> bytes already added; not for those */
	unsigned keys;			/* which of the key sets */
	uint64_t asked;			/* the turn in which it was, ... */
	bool added;			/* ...whether the record was added, ... */
	struct sum_value last;		/* ...and what it came to */
};

/* What one or more sums are kept by, and the key of the record under judgement. */
struct key_set {
	const enum field *field;
	unsigned n;
	uint64_t turn;			/* the key is that turn's */
	bool known;
	struct ledger_key key;
};

struct sums {
	unsigned n;
	const struct tz *tz;
	struct field_names names;
	uint64_t turn;			/* from 1 */
	uint64_t hashed;		/* the turn of... */
	uint32_t flow_hash;		/* ...the record's flow, in every table of counts */
	struct key_set *set;
	unsigned sets;
	struct sum *sum;		/* by expr.sum */
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
	s->tz = &p->tz;
	s->turn = 1;
	field_names_make(&s->names);
	s->sum = calloc(s->n == 0 ? 1 : s->n, sizeof(*s->sum));
	s->set = calloc(s->n == 0 ? 1 : s->n, sizeof(*s->set));
	if (s->sum == NULL || s->set == NULL)
		goto fail;
	for (unsigned i = 0; i < p->rules; i++)
		if (find_sums(s, p->rule[i].when, hash, max) == -1)
			goto fail;
	for (unsigned i = 0; i < p->afters; i++)
		if (find_sums(s, p->after[i], hash, max) == -1)
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
	for (unsigned i = 0; s->sum != NULL && i < s->n; i++) {
		ledger_destroy(s->sum[i].ledger);
		distinct_destroy(s->sum[i].distinct);
		table_destroy(s->sum[i].after);
		table_destroy(s->sum[i].counted);
	}
	free(s->sum);
	free(s->set);
	free(s);
}

static unsigned
set_of(struct sums *s, const struct expr *x)
{
	unsigned i = 0;

	while (i < s->sets && (s->set[i].n != x->key_n ||
	    (x->key_n > 0 && memcmp(s->set[i].field, x->key, x->key_n * sizeof(*x->key)) != 0)))
		i++;
	if (i == s->sets)
		s->set[s->sets++] = (struct key_set){ .field = x->key, .n = x->key_n };
	return i;
}

static int
find_sums(struct sums *s, const struct expr *x, const struct siphash_key *hash,
    size_t max)
{
	struct ledger_options lo = { .hash = *hash, .max = max };
	struct sum *m;
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
	if (x->sum >= s->n || s->sum[x->sum].x != NULL)
		return 0;
	m = &s->sum[x->sum];
	m->x = x;
	m->keys = set_of(s, x);
	lo.window = x->window < NS_PER_S ? NS_PER_S : x->window;
	if (x->sums == SUM_DAY)
		lo.window = LEDGER_BINS * DAY;
	if (x->sums == SUM_AFTER) {
		to.key_size = sizeof(struct ledger_key);
		to.value_size = sizeof(struct met);
		m->after = table_create(&to);
		return m->after == NULL ? -1 : 0;
	}
	if (x->sums == SUM_DISTINCT) {
		m->distinct = distinct_create(&lo);
		return m->distinct == NULL ? -1 : 0;
	}
	m->ledger = ledger_create(&lo);
	m->counted = table_create(&to);
	return m->ledger == NULL || m->counted == NULL ? -1 : 0;
}

/* The same weekday of the last weeks: the median of those that are known. A week with a
 * feast or a leak in it does not move it. */
static unsigned
usual_of(struct sum *m, const struct ledger_key *key, struct pkt_time local, uint64_t *out)
{
	uint64_t day[USUAL_WEEKS];
	unsigned n = 0;

	for (unsigned w = 1; w <= USUAL_WEEKS; w++) {
		uint64_t v;
		unsigned i = n;

		if (!ledger_bin(m->ledger, key, local, 7 * w, &v))
			break;
		for (; i > 0 && day[i - 1] > v; i--)
			day[i] = day[i - 1];
		day[i] = v;
		n++;
	}
	*out = n == 0 ? 0 : n % 2 == 1 ? day[n / 2] :
	    day[n / 2 - 1] / 2 + day[n / 2] / 2;
	return n;
}

/* Today by the site's clock. Unknown while there is no history. */
static struct sum_value
ask_day(struct sums *s, struct sum *m, const struct expr *x, const struct ledger_key *key,
    int64_t time)
{
	int64_t east = tz_offset(s->tz, time);
	struct pkt_time local = { time + east };
	struct sum_value out = { 0 };
	uint64_t usual;
	double limit;

	out.weeks = usual_of(m, key, local, &usual);
	(void)ledger_bin(m->ledger, key, local, 0, &out.sum);
	out.since = local.ns - local.ns % DAY - east;
	limit = x->times * (double)usual;
	out.limit = limit >= 1e19 ? UINT64_MAX : (uint64_t)limit;
	out.known = out.weeks >= USUAL_LEAST;
	return out;
}

static struct sum_value
ask_distinct(const struct field_names *names, struct sum *m, const struct expr *x,
    const struct ledger_key *key, const struct observation *o, const struct intern *strings, bool add)
{
	struct pkt_time now = { o->time };
	struct sum_value out = { .known = true };
	struct distinct_count got;
	struct ledger_key what;

	if (add && key_of_fields(names, &x->field, 1, false, o, strings, &what))
		got = distinct_add(m->distinct, key, now, what.hi);
	else
		got = distinct_get(m->distinct, key, now);
	out.sum = got.count;
	out.estimated = !got.exact;
	out.since = got.count == 0 ? o->time : got.since.ns;
	return out;
}

void
sums_turn(struct sums *s)
{
	s->turn++;
}

static const struct ledger_key *
key_now(struct sums *s, unsigned set, const struct observation *o,
    const struct intern *strings)
{
	struct key_set *k = &s->set[set];

	if (k->turn != s->turn) {
		k->turn = s->turn;
		k->known = key_of_fields(&s->names, k->field, k->n, false, o, strings,
		    &k->key);
	}
	return k->known ? &k->key : NULL;
}

/* How long before this record it was met; more than any window when it was not. */
static struct sum_value
ask_after(const struct sum *m, const struct ledger_key *key, int64_t time)
{
	const struct met *met = table_find(m->after, key);
	struct sum_value out = { .known = true, .sum = UINT64_MAX };

	if (met != NULL) {
		/* A clock that went back makes it no less far. */
		out.sum = (uint64_t)(time > met->at ? time - met->at : met->at - time);
		out.since = met->at;
	}
	return out;
}

void
sums_met(struct sums *s, const struct expr *x, const struct observation *o,
    const struct intern *strings)
{
	struct sum *m = &s->sum[x->sum];
	const struct ledger_key *key = key_now(s, m->keys, o, strings);
	struct met *met;

	if (key == NULL)
		return;
	met = table_use(m->after, key, NULL);
	met->at = o->time;
	met->changed = true;
}

/* What the counter of o's flow is more than was added before. A counter never falls; should
 * one, nothing is added until it has caught up. Who has sent nothing yet, or ends now and is
 * not asked for again, takes no entry. */
static uint64_t
growth(struct sums *s, struct sum *m, const struct observation *o, uint64_t count)
{
	struct counted_key ck = { o->flow_id };
	uint64_t *counted, before;

	if (s->hashed != s->turn) {
		s->hashed = s->turn;
		s->flow_hash = table_hash(m->counted, &ck);
	}
	counted = count == 0 || o->kind == OBSERVATION_CLOSE ?
	    table_find_hashed(m->counted, &ck, s->flow_hash) :
	    table_use_hashed(m->counted, &ck, s->flow_hash, NULL);
	before = counted == NULL ? 0 : *counted;
	if (count <= before)
		return 0;
	if (counted != NULL)
		*counted = count;
	return count - before;
}

struct sum_value
sums_ask(struct sums *s, const struct expr *x, const struct observation *o,
    const struct intern *strings, bool add)
{
	struct pkt_time now = { o->time };
	struct sum_value out = { 0 };
	struct sum *m;
	const struct ledger_key *key;
	struct ledger_sum got;
	struct value v;
	uint64_t more = 0;

	/* Records that carry no flow's counters (a window) do not ask a sum: a rule with
	 * a sum is judged when its count changes,
	 * and told with the flow that changed it. */
	if (x->sum >= s->n || s->sum[x->sum].x == NULL ||
	    (x->sums != SUM_AFTER && !can_add(o)))
		return out;
	m = &s->sum[x->sum];
	/* Rules may share a sum (rules/bench): what a record adds is added once. */
	if (m->asked == s->turn && (m->added || !add))
		return m->last;
	key = key_now(s, m->keys, o, strings);
	if (key == NULL)
		return out;
	if (x->sums == SUM_AFTER)
		return ask_after(m, key, o->time);
	if (x->sums == SUM_DISTINCT)
		return ask_distinct(&s->names, m, x, key, o, strings, add);
	if (x->sums == SUM_DAY)
		now.ns += tz_offset(s->tz, o->time);
	if (add && field_value(o, x->field, strings, &v, NULL))
		more = growth(s, m, o, v.u);
	got = more > 0 ? ledger_add(m->ledger, key, now, more) :
	    ledger_get(m->ledger, key, now);
	if (x->sums == SUM_DAY)
		return ask_day(s, m, x, key, o->time);
	out.known = true;
	out.sum = got.sum;
	out.error = got.error;
	out.since = got.sum == 0 ? o->time : got.since.ns;
	m->asked = s->turn;
	m->added = add;
	m->last = out;
	return out;
}

void
sums_close(struct sums *s, uint64_t flow_id)
{
	struct counted_key ck = { flow_id };
	uint32_t hash = 0;
	bool hashed = false;

	for (unsigned i = 0; i < s->n; i++) {
		struct table *of = s->sum[i].counted;
		void *counted;

		if (of == NULL)
			continue;
		if (!hashed)
			hash = table_hash(of, &ck);
		hashed = true;
		counted = table_find_hashed(of, &ck, hash);

		if (counted != NULL)
			table_remove(of, counted);
	}
}

void
sums_adopt(struct sums *s, unsigned to, struct sums *old, unsigned from)
{
	struct sum ours = s->sum[to];

	s->sum[to] = old->sum[from];
	old->sum[from] = ours;
	old->sum[from].x = s->sum[to].x;
	old->sum[from].keys = s->sum[to].keys;
	s->sum[to].asked = old->sum[from].asked = 0;	/* turns are each one's own */
	s->sum[to].x = ours.x;
	s->sum[to].keys = ours.keys;
}

uint64_t
sums_forgotten(const struct sums *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->n; i++) {
		const struct sum *m = &s->sum[i];

		if (m->ledger != NULL)
			n += ledger_evicted(m->ledger) + table_evicted(m->counted);
		if (m->distinct != NULL)
			n += distinct_evicted(m->distinct);
		if (m->after != NULL)
			n += table_evicted(m->after);
	}
	return n;
}

void
sums_state(const struct sums *s, struct eval_counts *out)
{
	out->keys = out->evicted = out->error = 0;
	for (unsigned i = 0; i < s->n; i++) {
		const struct sum *m = &s->sum[i];

		if (m->ledger != NULL) {
			out->keys += ledger_keys(m->ledger);
			out->evicted += ledger_evicted(m->ledger);
			if (ledger_error(m->ledger) > out->error)
				out->error = ledger_error(m->ledger);
		}
		if (m->distinct != NULL) {
			out->keys += distinct_keys(m->distinct);
			out->evicted += distinct_evicted(m->distinct);
		}
		if (m->after != NULL) {
			out->keys += table_used(m->after);
			out->evicted += table_evicted(m->after);
		}
	}
}

/* ---- written down ---- */

struct saving {
	uint64_t id;
	eval_save_fn *write;
	void *arg;
};

static bool
save_entry(void *arg, const void *entry, size_t n)
{
	const struct saving *v = arg;
	uint8_t item[8 + (LEDGER_ENTRY_MAX > DISTINCT_ENTRY_MAX ? LEDGER_ENTRY_MAX :
	    DISTINCT_ENTRY_MAX)];

	(void)put_le(item, v->id, 8);
	memcpy(item + 8, entry, n);
	return v->write(v->arg, item, n + 8);
}

/* le64 high, low half of the key, when: of those that are still within the window. */
static bool
save_after(struct sum *m, size_t *place, size_t slice, bool all, struct saving *v)
{
	uint8_t entry[24];

	for (; slice-- > 0 && *place < table_places(m->after); ++*place) {
		struct met *met = table_place(m->after, *place);
		const struct ledger_key *key;

		if (met == NULL || (!met->changed && !all))
			continue;
		key = table_key(met);
		(void)put_le(put_le(put_le(entry, key->hi, 8), key->lo, 8),
		    (uint64_t)met->at, 8);
		if (!save_entry(v, entry, sizeof(entry)))
			return false;
		met->changed = false;
	}
	return *place >= table_places(m->after);
}

static bool
restore_after(struct sum *m, struct span entry)
{
	struct ledger_key key;
	struct met *met;
	uint64_t at;

	if (!span_le64(&entry, &key.hi) || !span_le64(&entry, &key.lo) ||
	    !span_le64(&entry, &at) || entry.left > 0 || at > INT64_MAX)
		return false;
	met = table_use(m->after, &key, NULL);
	if ((int64_t)at > met->at)
		met->at = (int64_t)at;
	return true;
}

bool
sums_save(struct sums *s, struct eval_cursor *c, size_t slice, eval_save_fn *write,
    void *arg)
{
	struct sum *m = &s->sum[c->sum];
	struct saving v = { m->x == NULL ? 0 : m->x->sum_id, write, arg };

	if (m->after != NULL)
		return save_after(m, &c->place, slice, c->all, &v);
	if (m->distinct != NULL)
		return distinct_save(m->distinct, &c->place, slice, c->all, save_entry, &v);
	return m->ledger == NULL ||
	    ledger_save(m->ledger, &c->place, slice, c->all, save_entry, &v);
}

bool
sums_restore(struct sums *s, uint64_t sum_id, struct span entry)
{
	for (unsigned i = 0; i < s->n; i++) {
		struct sum *m = &s->sum[i];

		if (m->x == NULL || m->x->sum_id != sum_id)
			continue;
		if (m->after != NULL)
			return restore_after(m, entry);
		return m->distinct != NULL ? distinct_restore(m->distinct, entry) :
		    m->ledger != NULL && ledger_restore(m->ledger, entry);
	}
	return false;
}

/* Kinds that carry the counters of one flow. */
static bool
can_add(const struct observation *o)
{
	return o->flow_id != 0 &&
	    (o->kind == OBSERVATION_OPEN || o->kind == OBSERVATION_PART ||
	    o->kind == OBSERVATION_CONTENT || o->kind == OBSERVATION_CLOSE);
}

/* By its word: another build numbers fields otherwise. */
void
field_names_make(struct field_names *n)
{
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++)
		n->name[f] = (uint32_t)siphash13(&key_lo, observation_field[f].word,
		    strlen(observation_field[f].word));
}

/* Chained field by field: (hash so far, field, length, bytes), so that ("ab", "c") and
 * ("a", "bc") are two keys, and any number of fields needs no larger buffer. */
bool
key_of_fields(const struct field_names *names, const enum field *field, unsigned n,
    bool blank, const struct observation *o, const struct intern *strings, struct ledger_key *out)
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
		/* a device that goes by another key now is the one it was */
		enum field f = field[i] == FIELD_device_key &&
		    observation_known(o, FIELD_device_identity) ?
		    FIELD_device_identity : field[i];

		if (!field_value(o, f, strings, &v, &text)) {
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
		piece.field = names->name[field[i]];
		piece.len = (uint32_t)len;
		len += offsetof(__typeof__(piece), bytes);
		piece.so_far = out->hi;
		out->hi = siphash13(&key_hi, &piece, len);
		piece.so_far = out->lo;
		out->lo = siphash13(&key_lo, &piece, len);
	}
	return true;
}
