/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limits: one bounded table of open windows, and a table of strings for what is told
 * late. Next: limits.h for what a window promises. */
#include "rules/eval/limits.h"

#include "capture/base/table.h"

#include <stdlib.h>
#include <string.h>

struct limit_key {
	uint64_t rule;			/* its id: another program has the same */
	struct ledger_key key;
};

struct limits {
	struct limits_options o;
	struct table *table;
	struct intern *strings;
	struct field_names names;
	int64_t now;			/* of the last step */
	int64_t due;			/* no window ends before this;
					 * INT64_MAX: none is open */
};

static void close_entry(struct limits *l, struct limit_entry *e);
static void on_evict(void *arg, const void *key, void *value);
static int64_t end_of(const struct limit_entry *e);
static void drop_texts(struct limits *l, const struct observation *o);

struct limits *
limits_create(const struct limits_options *o)
{
	struct limits *l = calloc(1, sizeof(*l));
	struct table_options to = { .hash = o->hash, .key_size = sizeof(struct limit_key),
		.value_size = sizeof(struct limit_entry), .max = o->max,
		.evict = on_evict, .arg = l };

	if (l == NULL)
		return NULL;
	l->o = *o;
	l->due = INT64_MAX;
	field_names_make(&l->names);
	l->table = table_create(&to);
	/* Devices, names and protocols repeat from entry to entry; a text that finds no
	 * room is shown as unknown. */
	l->strings = intern_create(&o->hash, o->max * 2 + 64);
	if (l->table == NULL || l->strings == NULL) {
		limits_destroy(l);
		return NULL;
	}
	return l;
}

void
limits_destroy(struct limits *l)
{
	if (l == NULL)
		return;
	table_destroy(l->table);
	intern_destroy(l->strings);
	free(l);
}

struct limit_entry *
limits_take(struct limits *l, const struct rule *r, const struct observation *o,
    const struct intern *strings, bool *tell)
{
	struct limit_key k;
	struct limit_entry *e;
	bool is_new;

	*tell = true;
	if (r->limit == 0)
		return NULL;
	memset(&k, 0, sizeof(k));
	k.rule = r->id;
	(void)key_of_fields(&l->names, r->limit_key, r->limit_key_n, true, o, strings,
	    &k.key);
	e = table_find(l->table, &k);
	/* The clock went back: nothing is held for longer than it was to be. */
	if (e != NULL && o->time < e->opened) {
		e->opened = o->time;
		if (end_of(e) < l->due)
			l->due = end_of(e);
	}
	if (e != NULL && o->time >= end_of(e)) {
		close_entry(l, e);
		table_remove(l->table, e);
	}
	e = table_use(l->table, &k, &is_new);
	if (is_new) {
		e->rule = r;
		e->opened = o->time;
		if (end_of(e) < l->due)
			l->due = end_of(e);
	}
	if (e->told < r->limit) {
		e->told++;
		e->changed = true;
	} else
		*tell = false;
	return e;
}

void
limits_fold(struct limits *l, struct limit_entry *e, const struct observation *o,
    const struct intern *strings)
{
	struct observation copy = *o;

	e->suppressed++;
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		uint8_t *at = (uint8_t *)&copy + observation_field[f].offset;
		struct span text;
		uint32_t id;

		if (observation_field[f].type != FIELD_TEXT)
			continue;
		memcpy(&id, at, sizeof(id));
		text = observation_known(o, (enum field)f) ? intern_get(strings, id) :
		    span_of("", 0);
		id = text.left == 0 ? 0 : intern_put(l->strings, text.at, text.left);
		if (id == 0)
			copy.known[f / 64] &= ~(UINT64_C(1) << (f % 64));
		intern_hold(l->strings, id);
		memcpy(at, &id, sizeof(id));
	}
	if (e->has_last)
		drop_texts(l, &e->last);
	e->last = copy;
	e->has_last = true;
}

void
limits_told(struct limits *l, struct limit_entry *e)
{
	e->suppressed = 0;
	if (e->has_last)
		drop_texts(l, &e->last);
	e->has_last = false;
}

void
limits_step(struct limits *l, struct pkt_time now)
{
	struct limit_entry *e, *next;
	bool back = now.ns < l->now;

	l->now = now.ns;
	if (now.ns < l->due && !back)
		return;
	l->due = INT64_MAX;
	for (e = table_oldest(l->table); e != NULL; e = next) {
		next = table_next(l->table, e);
		if (e->opened > now.ns)
			e->opened = now.ns;
		if (now.ns >= end_of(e)) {
			close_entry(l, e);
			table_remove(l->table, e);
		} else if (end_of(e) < l->due) {
			l->due = end_of(e);
		}
	}
}

void
limits_finish(struct limits *l)
{
	struct limit_entry *e;

	while ((e = table_oldest(l->table)) != NULL) {
		close_entry(l, e);
		table_remove(l->table, e);
	}
	l->due = INT64_MAX;
}

void
limits_rebase(struct limits *l, const struct rule *(*heir)(void *arg,
    const struct rule *r), void *heir_arg, void *arg)
{
	struct limit_entry *e, *next;

	for (e = table_oldest(l->table); e != NULL; e = next) {
		const struct rule *r = heir(heir_arg, e->rule);

		next = table_next(l->table, e);
		if (r == NULL) {
			close_entry(l, e);
			table_remove(l->table, e);
		} else {
			e->rule = r;
		}
	}
	l->o.arg = arg;
}

bool
limits_save(struct limits *l, bool all, eval_save_fn *write, void *arg)
{
	uint8_t item[LIMIT_ITEM], *p;

	for (struct limit_entry *e = table_oldest(l->table); e != NULL;
	    e = table_next(l->table, e)) {
		const struct limit_key *k = table_key(e);

		if (!e->changed && !all)
			continue;
		p = put_le(item, k->rule, 8);
		p = put_le(p, k->key.hi, 8);
		p = put_le(p, k->key.lo, 8);
		p = put_le(p, (uint64_t)e->opened, 8);
		(void)put_le(p, e->told, 8);
		if (!write(arg, item, sizeof(item)))
			return false;
		e->changed = false;
	}
	return true;
}

bool
limits_restore(struct limits *l, struct span s,
    const struct rule *(*rule)(void *arg, uint64_t id), void *arg)
{
	struct limit_entry *e;
	const struct rule *r;
	struct limit_key k;
	uint64_t opened, told;

	memset(&k, 0, sizeof(k));
	if (!span_le64(&s, &k.rule) || !span_le64(&s, &k.key.hi) ||
	    !span_le64(&s, &k.key.lo) || !span_le64(&s, &opened) ||
	    !span_le64(&s, &told) || s.left > 0 || opened > INT64_MAX)
		return false;
	r = rule(arg, k.rule);
	if (r == NULL || r->limit == 0)
		return false;
	e = table_use(l->table, &k, NULL);
	e->rule = r;
	e->opened = (int64_t)opened;
	e->told = told > r->limit ? r->limit : (unsigned)told;
	if (end_of(e) < l->due)
		l->due = end_of(e);
	return true;
}

const struct intern *
limits_strings(const struct limits *l)
{
	return l->strings;
}

uint64_t
limits_forgotten(const struct limits *l)
{
	return table_evicted(l->table);
}

static void
close_entry(struct limits *l, struct limit_entry *e)
{
	if (e->suppressed > 0 && e->has_last)
		l->o.update(l->o.arg, e);
	if (e->has_last)
		drop_texts(l, &e->last);
	e->has_last = false;
}

static void
on_evict(void *arg, const void *key, void *value)
{
	(void)key;
	close_entry(arg, value);
}

/* A limit without `every` holds to the end of the input. */
static int64_t
end_of(const struct limit_entry *e)
{
	int64_t end;

	if (e->rule->limit_every <= 0 ||
	    __builtin_add_overflow(e->opened, e->rule->limit_every, &end))
		return INT64_MAX;
	return end;
}

static void
drop_texts(struct limits *l, const struct observation *o)
{
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		uint32_t id;

		if (observation_field[f].type != FIELD_TEXT)
			continue;
		memcpy(&id, (const uint8_t *)o + observation_field[f].offset, sizeof(id));
		intern_drop(l->strings, id);
	}
}
