/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan: what a condition takes to be true, and an index of rules by it. Refuses to judge:
 * whether a condition holds is truth.c's and eval.c's. */
#include "rules/eval/plan.h"

#include "rules/eval/truth.h"

#include <stdlib.h>
#include <string.h>

#define VALUES_MOST 64U		/* a longer set is no key */

struct needs {
	uint64_t word[PLAN_WORDS];
};

struct group {			/* rules of the same needs that have no key */
	struct needs needs;
	uint64_t *rules;
};

struct keyed {			/* a value of a field, and a rule that wants it */
	uint64_t hash;
	unsigned rule, next;	/* of those in the same slot; from 1, 0: none */
};

struct plan {
	struct siphash_key key;
	const struct program *program;
	unsigned words;
	struct plan_rule *rule;
	const struct expr **member;	/* the rules' musts and sums */
	unsigned *number;		/* by member: what plan_rule.shared points into */
	unsigned shared;
	struct group *group;
	unsigned groups;
	uint64_t *offered;
	enum field field[FIELD_COUNT_ALL];	/* those that have keys */
	unsigned fields;
	struct keyed *keyed;
	unsigned keys, *slot, slots;	/* a power of two */
};

/* ---- what it takes ---- */

static void
need(struct needs *n, enum field f)
{
	n->word[f / 64] |= UINT64_C(1) << (f % 64);
}

/* The fields that must be known for x to be true, or false. */
static struct needs
needs_of(const struct expr *x, bool is)
{
	struct needs n = { { 0 } }, a, b;

	switch (x->op) {
	case EXPR_NOT:
		return needs_of(x->a, !is);
	case EXPR_AND:
	case EXPR_OR:
		a = needs_of(x->a, is);
		b = needs_of(x->b, is);
		for (unsigned i = 0; i < PLAN_WORDS; i++)
			n.word[i] = (x->op == EXPR_AND) == is ? a.word[i] | b.word[i] :
			    a.word[i] & b.word[i];
		return n;
	case EXPR_BOOL:
	case EXPR_COMPARE:
	case EXPR_IN_SET:
	case EXPR_IN_LIST:
		need(&n, x->field);
		return n;
	case EXPR_KNOWN:
		if (is)
			need(&n, x->field);
		return n;
	case EXPR_SUM:
	case EXPR_DEST_IN_LIST:
	case EXPR_EMPTY:
		break;
	}
	return n;
}

static bool
met(const struct needs *n, const struct observation *o)
{
	for (unsigned i = 0; i < PLAN_WORDS; i++)
		if ((o->known[i] & n->word[i]) != n->word[i])
			return false;
	return true;
}

/* What a member costs to ask, about. */
static unsigned
price(const struct expr *x)
{
	switch (x->op) {
	case EXPR_BOOL:
	case EXPR_KNOWN:
	case EXPR_EMPTY:
		return 0;
	case EXPR_COMPARE:
		return x->value.type == FIELD_TEXT ? 2 : 0;
	case EXPR_NOT:
		return price(x->a);
	case EXPR_AND:
	case EXPR_OR:
		return price(x->a) + price(x->b) + 1;
	case EXPR_IN_SET:
		return 1 + x->set_n;
	default:
		return 1000;
	}
}

/* ---- keys ---- */

/* The value as a key, the same for all that are equal to it. False: it is none. */
static bool
key_of(const struct plan *pl, enum field f, enum field_type type, const struct value *v,
    struct span text, uint64_t *out)
{
	uint8_t bytes[2 + INTERN_MAX + 1] = { (uint8_t)f, (uint8_t)(f >> 8) };
	size_t n = 2;

	switch (type) {
	case FIELD_ADDRESS:
		if (v->net.bits != 128)
			return false;
		memcpy(bytes + n, &v->net.net, sizeof(v->net.net));
		n += sizeof(v->net.net);
		break;
	case FIELD_PORT:
	case FIELD_WORD:
	case FIELD_MAC:
		memcpy(bytes + n, &v->u, sizeof(v->u));
		n += sizeof(v->u);
		break;
	case FIELD_TEXT:
		if (text.left > INTERN_MAX)
			return false;
		for (size_t i = 0; i < text.left; i++, n++)
			bytes[n] = text.at[i] >= 'A' && text.at[i] <= 'Z' ?
			    (uint8_t)(text.at[i] + 32) : text.at[i];
		break;
	default:
		return false;
	}
	*out = siphash13(&pl->key, bytes, n);
	return true;
}

static bool
key_of_wanted(const struct plan *pl, enum field f, const struct value *v, uint64_t *out)
{
	struct span text = { NULL, 0 };

	if (v->type == FIELD_TEXT) {
		if (v->text == NULL || strchr(v->text, '*') != NULL)
			return false;
		text = span_of(v->text, strlen(v->text));
	}
	return key_of(pl, f, v->type, v, text, out);
}

/* How well a key tells rules apart; 0: x is none. */
static unsigned
key_worth(const struct plan *pl, const struct expr *x)
{
	static const uint8_t worth[] = { [FIELD_WORD] = 1, [FIELD_PORT] = 2,
		[FIELD_MAC] = 4, [FIELD_TEXT] = 3, [FIELD_ADDRESS] = 4 };
	enum field_type type = observation_field[x->field].type;
	const struct value *v = x->op == EXPR_COMPARE ? &x->value : x->set;
	unsigned n = x->op == EXPR_COMPARE ? 1 : x->set_n;
	uint64_t hash;

	if ((x->op != EXPR_COMPARE || x->cmp != CMP_EQ) &&
	    (x->op != EXPR_IN_SET || n > VALUES_MOST))
		return 0;
	for (unsigned i = 0; i < n; i++)
		if (v[i].type != type || !key_of_wanted(pl, x->field, &v[i], &hash))
			return 0;
	return worth[type];
}

static void
file_under(struct plan *pl, unsigned rule, const struct expr *x)
{
	const struct value *v = x->op == EXPR_COMPARE ? &x->value : x->set;
	unsigned n = x->op == EXPR_COMPARE ? 1 : x->set_n, i = 0;

	while (i < pl->fields && pl->field[i] != x->field)
		i++;
	if (i == pl->fields)
		pl->field[pl->fields++] = x->field;
	for (i = 0; i < n; i++) {
		struct keyed *k = &pl->keyed[pl->keys++];
		unsigned *slot;

		(void)key_of_wanted(pl, x->field, &v[i], &k->hash);
		slot = &pl->slot[k->hash & (pl->slots - 1)];
		k->rule = rule;
		k->next = *slot;
		*slot = pl->keys;
	}
}

/* ---- making one ---- */

/* The members of the top `and`, in order. */
static unsigned
members(const struct expr *x, const struct expr **out)
{
	unsigned n;

	if (x->op != EXPR_AND) {
		*out = x;
		return 1;
	}
	n = members(x->a, out);
	return n + members(x->b, out + n);
}

static void
plan_one(struct plan *pl, unsigned rule, const struct expr **room)
{
	const struct expr *all[PROGRAM_LEAVES_MAX], **must = room;
	struct plan_rule *r = &pl->rule[rule];
	unsigned count = members(pl->program->rule[rule].when, all);

	/* Of those without a sum alone: a sum adds whatever the sums beside it say. */
	for (unsigned i = 0; i < count; i++) {
		unsigned k = r->musts;
		struct needs n;

		if (truth_sums(all[i]) > 0)
			continue;
		n = needs_of(all[i], true);
		for (unsigned w = 0; w < PLAN_WORDS; w++)
			r->needs[w] |= n.word[w];
		for (; k > 0 && price(must[k - 1]) > price(all[i]); k--)
			must[k] = must[k - 1];
		must[k] = all[i];
		r->musts++;
	}
	r->must = must;
	r->sum = room + r->musts;
	for (unsigned i = 0; i < count; i++)
		if (truth_sums(all[i]) > 0)
			room[r->musts + r->sums++] = all[i];
}

/* ---- musts that several rules have ---- */

static bool
value_same(const struct value *a, const struct value *b)
{
	if (a->type != b->type || a->b != b->b || a->u != b->u || a->i != b->i ||
	    memcmp(&a->n, &b->n, sizeof(a->n)) != 0 || a->net.bits != b->net.bits ||
	    !addr_eq(&a->net.net, &b->net.net))
		return false;
	return a->text == NULL || b->text == NULL ? a->text == b->text :
	    strcmp(a->text, b->text) == 0;
}

/* No sum in either. */
static bool
ask_the_same(const struct expr *a, const struct expr *b)
{
	if (a->op != b->op)
		return false;
	switch (a->op) {
	case EXPR_AND:
	case EXPR_OR:
		return ask_the_same(a->a, b->a) && ask_the_same(a->b, b->b);
	case EXPR_NOT:
		return ask_the_same(a->a, b->a);
	default:
		break;
	}
	if (a->field != b->field || a->cmp != b->cmp || a->list != b->list ||
	    a->set_n != b->set_n || !value_same(&a->value, &b->value))
		return false;
	for (unsigned i = 0; i < a->set_n; i++)
		if (!value_same(&a->set[i], &b->set[i]))
			return false;
	return true;
}

static uint64_t
value_hash(const struct plan *pl, const struct value *v, uint64_t so_far)
{
	uint64_t part[6] = { so_far, v->type, v->u ^ v->b, (uint64_t)v->i, 0, 0 };

	memcpy(&part[4], v->net.net.b + 8, sizeof(part[4]));
	memcpy(&part[5], &v->n, sizeof(part[5]));
	if (v->text != NULL)
		part[4] = siphash13(&pl->key, v->text, strlen(v->text));
	return siphash13(&pl->key, part, sizeof(part));
}

/* The same for all that ask the same. */
static uint64_t
expr_hash(const struct plan *pl, const struct expr *x)
{
	uint64_t part[4] = { x->op, 0, 0, 0 };

	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		part[2] = expr_hash(pl, x->b);
		/* fall through */
	case EXPR_NOT:
		part[1] = expr_hash(pl, x->a);
		break;
	default:
		part[1] = x->field;
		part[2] = (uint64_t)x->cmp << 32 | x->list;
		part[3] = value_hash(pl, &x->value, 0);
		for (unsigned i = 0; i < x->set_n; i++)
			part[3] = value_hash(pl, &x->set[i], part[3]);
		break;
	}
	return siphash13(&pl->key, part, sizeof(part));
}

/* Numbers the members that have a twin. first: by hash, a member's place from 1. */
static void
share(struct plan *pl, unsigned members, unsigned *first, unsigned slots)
{
	for (unsigned i = 0; i < members; i++) {
		const struct expr *x = pl->member[i];
		unsigned at;

		if (truth_sums(x) > 0)
			continue;
		at = (unsigned)expr_hash(pl, x) & (slots - 1);
		while (first[at] != 0 && !ask_the_same(pl->member[first[at] - 1], x))
			at = (at + 1) & (slots - 1);
		if (first[at] == 0) {
			first[at] = i + 1;
			continue;
		}
		if (pl->number[first[at] - 1] == 0)
			pl->number[first[at] - 1] = ++pl->shared;
		pl->number[i] = pl->number[first[at] - 1];
	}
}

static int
share_musts(struct plan *pl, unsigned members)
{
	unsigned slots = 64, *first;

	while (slots < members * 2)
		slots *= 2;
	first = calloc(slots, sizeof(*first));
	if (first == NULL)
		return -1;
	share(pl, members, first, slots);
	free(first);
	return 0;
}

static int
group_rule(struct plan *pl, unsigned rule)
{
	struct group *g = pl->group;

	while (g < pl->group + pl->groups &&
	    memcmp(&g->needs, pl->rule[rule].needs, sizeof(g->needs)) != 0)
		g++;
	if (g == pl->group + pl->groups) {
		memcpy(&g->needs, pl->rule[rule].needs, sizeof(g->needs));
		g->rules = calloc(pl->words, sizeof(*g->rules));
		if (g->rules == NULL)
			return -1;
		pl->groups++;
	}
	g->rules[rule / 64] |= UINT64_C(1) << (rule % 64);
	return 0;
}

static int
index_rule(struct plan *pl, unsigned rule)
{
	const struct plan_rule *r = &pl->rule[rule];
	const struct expr *best = NULL;
	unsigned worth = 0;

	for (unsigned i = 0; i < r->musts; i++) {
		unsigned w = key_worth(pl, r->must[i]);

		if (w > worth) {
			worth = w;
			best = r->must[i];
		}
	}
	if (best == NULL)
		return group_rule(pl, rule);
	file_under(pl, rule, best);
	return 0;
}

struct plan *
plan_create(const struct program *p, const struct siphash_key *hash)
{
	struct plan *pl = calloc(1, sizeof(*pl));
	size_t leaves = 1, values = 1, at = 0;

	if (pl == NULL)
		return NULL;
	pl->key = *hash;
	pl->program = p;
	pl->words = p->rules / 64 + 1;
	for (unsigned i = 0; i < p->rules; i++) {
		leaves += p->rule[i].leaves + 1;
		values += VALUES_MOST;
	}
	for (pl->slots = 64; pl->slots < p->rules * 2;)
		pl->slots *= 2;
	pl->rule = calloc(p->rules + 1, sizeof(*pl->rule));
	pl->member = calloc(leaves, sizeof(*pl->member));
	pl->number = calloc(leaves, sizeof(*pl->number));
	pl->group = calloc(p->rules + 1, sizeof(*pl->group));
	pl->offered = calloc(pl->words, sizeof(*pl->offered));
	pl->keyed = calloc(values, sizeof(*pl->keyed));
	pl->slot = calloc(pl->slots, sizeof(*pl->slot));
	if (pl->rule == NULL || pl->member == NULL || pl->number == NULL || pl->group == NULL ||
	    pl->offered == NULL || pl->keyed == NULL || pl->slot == NULL)
		goto fail;
	for (unsigned i = 0; i < p->rules; i++) {
		plan_one(pl, i, pl->member + at);
		pl->rule[i].shared = pl->number + at;
		at += pl->rule[i].musts + pl->rule[i].sums;
		if (index_rule(pl, i) == -1)
			goto fail;
	}
	if (share_musts(pl, (unsigned)at) == -1)
		goto fail;
	return pl;
fail:
	plan_destroy(pl);
	return NULL;
}

void
plan_destroy(struct plan *pl)
{
	if (pl == NULL)
		return;
	for (unsigned i = 0; i < pl->groups; i++)
		free(pl->group[i].rules);
	free(pl->rule);
	free(pl->member);
	free(pl->number);
	free(pl->group);
	free(pl->offered);
	free(pl->keyed);
	free(pl->slot);
	free(pl);
}

const struct plan_rule *
plan_rule(const struct plan *pl, unsigned rule)
{
	return &pl->rule[rule];
}

unsigned
plan_shared(const struct plan *pl)
{
	return pl->shared;
}

/* ---- asking ---- */

static void
offer_keyed(struct plan *pl, const struct observation *o, uint64_t hash)
{
	for (unsigned i = pl->slot[hash & (pl->slots - 1)]; i != 0;) {
		const struct keyed *k = &pl->keyed[i - 1];
		struct needs n;

		memcpy(n.word, pl->rule[k->rule].needs, sizeof(n.word));
		if (k->hash == hash && met(&n, o))
			pl->offered[k->rule / 64] |= UINT64_C(1) << (k->rule % 64);
		i = k->next;
	}
}

const uint64_t *
plan_offer(struct plan *pl, const struct observation *o, const struct intern *strings,
    unsigned *words)
{
	memset(pl->offered, 0, pl->words * sizeof(*pl->offered));
	*words = pl->words;
	for (unsigned i = 0; i < pl->groups; i++)
		if (met(&pl->group[i].needs, o))
			for (unsigned k = 0; k < pl->words; k++)
				pl->offered[k] |= pl->group[i].rules[k];
	for (unsigned i = 0; i < pl->fields; i++) {
		struct span text = { NULL, 0 };
		struct value v;
		uint64_t hash;

		if (field_value(o, pl->field[i], strings, &v, &text) &&
		    key_of(pl, pl->field[i], v.type, &v, text, &hash))
			offer_keyed(pl, o, hash);
	}
	return pl->offered;
}
