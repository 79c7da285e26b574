/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan: what a condition takes to be true, and an index of rules by it. Refuses to judge:
 * whether a condition holds is truth.c's and eval.c's. */
#include "rules/eval/plan.h"

#include "rules/eval/truth.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MOST 64U		/* a longer set is no key */
#define LISTS_MOST 64U		/* that are keys, a bit each */
#define NO_LIST UINT_MAX
#define DESTS 4096U		/* whose lists are remembered; a power of two */
#define DEST_TEXTS 5

struct needs {
	uint64_t word[PLAN_WORDS];
};

/* Rules of the same needs that have no key but, at most, a list that must hold the
 * destination: the words of `offered` that have any. */
struct group {
	struct needs needs;
	unsigned list;		/* in lists[]; NO_LIST: none */
	unsigned words, room;
	struct group_word {
		unsigned at;
		uint64_t rules;
	} *word;
};

/* What a destination's place in lists comes from, and in which of them it was. */
struct dest {
	uint32_t text[DEST_TEXTS], source;
	uint64_t asn;
	struct addr ip;
	uint64_t known;		/* a bit for each of them, and one: asked */
	uint64_t in;
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
	uint64_t *offered, *hot;	/* hot: a bit for each word of offered that has any */
	struct keyed_field {		/* a field that has keys */
		enum field field;
		bool tails;		/* names by their ends, too: *.example */
		uint64_t bits[3];	/* the lengths of networks: 0..128 */
	} field[FIELD_COUNT_ALL];
	unsigned fields;
	const struct expr *list[LISTS_MOST];	/* that are keys: one that asks */
	unsigned lists;
	struct dest *dest;
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

/* The value as a key, the same for all that are equal to it. False: it is none. tail: the
 * end of a name, for all names that end in it. */
static bool
key_of(const struct plan *pl, enum field f, enum field_type type, const struct value *v,
    struct span text, bool tail, uint64_t *out)
{
	uint8_t bytes[4 + INTERN_MAX + 1] = { (uint8_t)f, (uint8_t)(f >> 8), tail };
	size_t n = 4;

	switch (type) {
	case FIELD_ADDRESS:
		bytes[3] = v->net.bits;
		for (unsigned i = 0, bits = v->net.bits; i < 16; i++) {
			unsigned keep = bits > i * 8 ? bits - i * 8 : 0;

			bytes[n++] = (uint8_t)(v->net.net.b[i] &
			    (keep < 8 ? 0xff00U >> keep : 0xffU));
		}
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

/* "*.example": a glob of names by their end. */
static bool
is_tail(const char *glob)
{
	return glob[0] == '*' && glob[1] == '.' && strchr(glob + 1, '*') == NULL;
}

static bool
key_of_wanted(const struct plan *pl, enum field f, const struct value *v, uint64_t *out)
{
	struct span text = { NULL, 0 };
	bool tail = false;

	if (v->type == FIELD_TEXT) {
		if (v->text == NULL)
			return false;
		tail = is_tail(v->text);
		if (!tail && strchr(v->text, '*') != NULL)
			return false;
		text = span_of(v->text, strlen(v->text));
		if (tail)
			(void)span_skip(&text, 2);
	}
	return key_of(pl, f, v->type, v, text, tail, out);
}

/* How well a key tells rules apart; 0: x is none. */
static unsigned
key_worth(const struct plan *pl, const struct expr *x)
{
	static const uint8_t worth[] = { [FIELD_WORD] = 1, [FIELD_PORT] = 2,
		[FIELD_MAC] = 5, [FIELD_TEXT] = 4, [FIELD_ADDRESS] = 5 };
	enum field_type type = observation_field[x->field].type;
	const struct value *v = x->op == EXPR_COMPARE ? &x->value : x->set;
	unsigned n = x->op == EXPR_COMPARE ? 1 : x->set_n;
	bool wide = false;
	uint64_t hash;

	if ((x->op != EXPR_COMPARE || x->cmp != CMP_EQ) &&
	    (x->op != EXPR_IN_SET || n > VALUES_MOST))
		return 0;
	for (unsigned i = 0; i < n; i++) {
		if (v[i].type != type || v[i].to != NULL || !key_of_wanted(pl, x->field, &v[i], &hash))
			return 0;
		/* All of 10.0.0.0/8 tells little. */
		wide = wide || (type == FIELD_ADDRESS && v[i].net.bits < 96 + 16 &&
		    addr_is_v4(&v[i].net.net));
	}
	return wide ? 1 : worth[type];
}

/* The place of a list among those that are keys; NO_LIST: there are too many. */
static unsigned
list_of(struct plan *pl, const struct expr *x)
{
	unsigned i = 0;

	while (i < pl->lists && pl->list[i]->list != x->list)
		i++;
	if (i == LISTS_MOST)
		return NO_LIST;
	if (i == pl->lists)
		pl->list[pl->lists++] = x;
	return i;
}

static void
file_under(struct plan *pl, unsigned rule, const struct expr *x)
{
	const struct value *v = x->op == EXPR_COMPARE ? &x->value : x->set;
	unsigned n = x->op == EXPR_COMPARE ? 1 : x->set_n, i = 0;

	struct keyed_field *kf;

	while (i < pl->fields && pl->field[i].field != x->field)
		i++;
	kf = &pl->field[i];
	if (i == pl->fields) {
		kf->field = x->field;
		pl->fields++;
	}
	for (i = 0; i < n; i++) {
		struct keyed *k = &pl->keyed[pl->keys++];
		unsigned *slot;

		if (v[i].type == FIELD_ADDRESS)
			kf->bits[v[i].net.bits / 64] |= UINT64_C(1) << v[i].net.bits % 64;
		kf->tails = kf->tails || (v[i].type == FIELD_TEXT && is_tail(v[i].text));
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

/* Behind the rules stand the beginnings of sequences. */
static const struct expr *
when_of(const struct plan *pl, unsigned rule)
{
	return rule < pl->program->rules ? pl->program->rule[rule].when :
	    pl->program->after[rule - pl->program->rules]->a;
}

static unsigned
leaves_of(const struct expr *x)
{
	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		return leaves_of(x->a) + leaves_of(x->b);
	case EXPR_NOT:
		return leaves_of(x->a);
	default:
		return 1;
	}
}

static void
plan_one(struct plan *pl, unsigned rule, const struct expr **room)
{
	const struct expr *all[PROGRAM_LEAVES_MAX], **must = room;
	struct plan_rule *r = &pl->rule[rule];
	unsigned count = members(when_of(pl, rule), all);

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
	if ((a->to == NULL) != (b->to == NULL) || (a->to != NULL && !value_same(a->to, b->to)))
		return false;
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
group_rule(struct plan *pl, unsigned rule, unsigned list)
{
	struct group *g = pl->group;
	struct group_word *w;

	while (g < pl->group + pl->groups && (g->list != list ||
	    memcmp(&g->needs, pl->rule[rule].needs, sizeof(g->needs)) != 0))
		g++;
	if (g == pl->group + pl->groups) {
		memcpy(&g->needs, pl->rule[rule].needs, sizeof(g->needs));
		g->list = list;
		pl->groups++;
	}
	/* Rules come in order. */
	if (g->words == 0 || g->word[g->words - 1].at != rule / 64) {
		if (g->words == g->room) {
			w = realloc(g->word, (g->room * 2 + 4) * sizeof(*w));
			if (w == NULL)
				return -1;
			g->word = w;
			g->room = g->room * 2 + 4;
		}
		g->word[g->words++] = (struct group_word){ rule / 64, 0 };
	}
	g->word[g->words - 1].rules |= UINT64_C(1) << (rule % 64);
	return 0;
}

static int
index_rule(struct plan *pl, unsigned rule)
{
	const struct plan_rule *r = &pl->rule[rule];
	const struct expr *best = NULL;
	unsigned worth = 0, list = NO_LIST;

	for (unsigned i = 0; i < r->musts; i++) {
		unsigned w = key_worth(pl, r->must[i]);

		if (w > worth) {
			worth = w;
			best = r->must[i];
		}
		if (r->must[i]->op == EXPR_DEST_IN_LIST && list == NO_LIST)
			list = list_of(pl, r->must[i]);
	}
	/* A list tells more than a word or a port. */
	if (best == NULL || (list != NO_LIST && worth <= 2))
		return group_rule(pl, rule, list);
	file_under(pl, rule, best);
	return 0;
}

struct plan *
plan_create(const struct program *p, const struct siphash_key *hash)
{
	struct plan *pl = calloc(1, sizeof(*pl));
	size_t leaves = 1, values = 1, at = 0;
	unsigned rules = p->rules + p->afters;

	if (pl == NULL)
		return NULL;
	pl->key = *hash;
	pl->program = p;
	pl->words = rules / 64 + 1;
	for (unsigned i = 0; i < rules; i++) {
		leaves += leaves_of(when_of(pl, i)) + 1;
		values += VALUES_MOST;
	}
	for (pl->slots = 64; pl->slots < rules * 2;)
		pl->slots *= 2;
	pl->rule = calloc(rules + 1, sizeof(*pl->rule));
	pl->member = calloc(leaves, sizeof(*pl->member));
	pl->number = calloc(leaves, sizeof(*pl->number));
	pl->group = calloc(rules + 1, sizeof(*pl->group));
	pl->offered = calloc(pl->words, sizeof(*pl->offered));
	pl->hot = calloc(pl->words / 64 + 1, sizeof(*pl->hot));
	pl->dest = calloc(DESTS, sizeof(*pl->dest));
	pl->keyed = calloc(values, sizeof(*pl->keyed));
	pl->slot = calloc(pl->slots, sizeof(*pl->slot));
	if (pl->rule == NULL || pl->member == NULL || pl->number == NULL || pl->group == NULL ||
	    pl->offered == NULL || pl->hot == NULL || pl->dest == NULL ||
	    pl->keyed == NULL || pl->slot == NULL)
		goto fail;
	for (unsigned i = 0; i < rules; i++) {
		plan_one(pl, i, pl->member + at);
		pl->rule[i].shared = pl->number + at;
		at += pl->rule[i].musts + pl->rule[i].sums;
		if (i < p->rules && p->rule[i].fleet)
			continue;
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
		free(pl->group[i].word);
	free(pl->rule);
	free(pl->member);
	free(pl->number);
	free(pl->group);
	free(pl->offered);
	free(pl->hot);
	free(pl->dest);
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
offer(struct plan *pl, unsigned word, uint64_t rules)
{
	pl->offered[word] |= rules;
	pl->hot[word / 64] |= UINT64_C(1) << (word % 64);
}

static void
offer_keyed(struct plan *pl, const struct observation *o, uint64_t hash)
{
	for (unsigned i = pl->slot[hash & (pl->slots - 1)]; i != 0;) {
		const struct keyed *k = &pl->keyed[i - 1];
		struct needs n;

		if (k->hash == hash) {
			memcpy(n.word, pl->rule[k->rule].needs, sizeof(n.word));
			if (met(&n, o))
				offer(pl, k->rule / 64, UINT64_C(1) << (k->rule % 64));
		}
		i = k->next;
	}
}

/* Under every network that has the address, of the lengths that rules name. */
static void
offer_networks(struct plan *pl, const struct keyed_field *kf, const struct observation *o,
    struct value *v)
{
	for (unsigned w = 0; w < 3; w++)
		for (uint64_t left = kf->bits[w]; left != 0; left &= left - 1) {
			uint64_t hash;

			v->net.bits = (uint8_t)(w * 64 + (unsigned)__builtin_ctzll(left));
			if (key_of(pl, kf->field, v->type, v, span_of("", 0), false, &hash))
				offer_keyed(pl, o, hash);
		}
}

/* Under the name and, where rules name ends, behind each of its dots. */
static void
offer_text(struct plan *pl, const struct keyed_field *kf, const struct observation *o,
    const struct value *v, struct span text)
{
	uint64_t hash;

	if (key_of(pl, kf->field, v->type, v, text, false, &hash))
		offer_keyed(pl, o, hash);
	for (size_t i = 0; kf->tails && i < text.left; i++)
		if (text.at[i] == '.' && key_of(pl, kf->field, v->type, v,
		    span_of(text.at + i + 1, text.left - i - 1), true, &hash))
			offer_keyed(pl, o, hash);
}

/* In which of the lists that are keys the destination is, a bit each: asked when it is seen
 * with these names for the first time. An id never comes to stand for another string. */
static uint64_t
lists_of(struct plan *pl, const struct observation *o, const struct intern *strings)
{
	static const enum field text[DEST_TEXTS] = { FIELD_dest_name, FIELD_tls_sni,
		FIELD_quic_sni, FIELD_http_host, FIELD_dest_logical };
	struct dest d, *was;
	uint64_t h;

	memset(&d, 0, sizeof(d));
	d.known = 1;
	for (unsigned i = 0; i < DEST_TEXTS; i++)
		if (observation_known(o, text[i])) {
			memcpy(&d.text[i], (const uint8_t *)o +
			    observation_field[text[i]].offset, sizeof(d.text[i]));
			d.known |= UINT64_C(2) << i;
		}
	if (observation_known(o, FIELD_dest_ip)) {
		d.ip = o->dest_ip;
		d.known |= UINT64_C(2) << DEST_TEXTS;
	}
	if (observation_known(o, FIELD_dest_asn)) {
		d.asn = o->dest_asn;
		d.known |= UINT64_C(4) << DEST_TEXTS;
	}
	d.source = o->dest_name_source;
	h = siphash13(&pl->key, &d, offsetof(struct dest, known));
	was = &pl->dest[h & (DESTS - 1)];
	d.in = was->in;
	if (memcmp(was, &d, sizeof(d)) == 0)
		return was->in;
	d.in = 0;
	for (unsigned i = 0; i < pl->lists; i++)
		if (truth_leaf(pl->program, pl->list[i], o, strings, NULL) == TRUTH_TRUE)
			d.in |= UINT64_C(1) << i;
	*was = d;
	return d.in;
}

static void
offer_groups(struct plan *pl, const struct observation *o, const struct intern *strings)
{
	bool asked = false;
	uint64_t in = 0;

	for (unsigned i = 0; i < pl->groups; i++) {
		const struct group *g = &pl->group[i];

		if (!met(&g->needs, o))
			continue;
		if (g->list != NO_LIST) {
			if (!asked)
				in = lists_of(pl, o, strings);
			asked = true;
			if ((in >> g->list & 1) == 0)
				continue;
		}
		for (unsigned k = 0; k < g->words; k++)
			offer(pl, g->word[k].at, g->word[k].rules);
	}
}

void
plan_offer(struct plan *pl, const struct observation *o, const struct intern *strings)
{
	offer_groups(pl, o, strings);
	for (unsigned i = 0; i < pl->fields; i++) {
		const struct keyed_field *kf = &pl->field[i];
		struct span text = { NULL, 0 };
		struct value v;
		uint64_t hash;

		if (!field_value(o, kf->field, strings, &v, &text))
			continue;
		if (v.type == FIELD_ADDRESS)
			offer_networks(pl, kf, o, &v);
		else if (v.type == FIELD_TEXT)
			offer_text(pl, kf, o, &v, text);
		else if (key_of(pl, kf->field, v.type, &v, text, false, &hash))
			offer_keyed(pl, o, hash);
	}
}

bool
plan_next(struct plan *pl, unsigned *rule)
{
	for (unsigned h = *rule / 64 / 64; h <= pl->words / 64; h++) {
		unsigned word;

		if (pl->hot[h] == 0)
			continue;
		word = h * 64 + (unsigned)__builtin_ctzll(pl->hot[h]);
		*rule = word * 64 + (unsigned)__builtin_ctzll(pl->offered[word]);
		/* Taken back as it is told: the next record finds it empty. */
		pl->offered[word] &= pl->offered[word] - 1;
		if (pl->offered[word] == 0)
			pl->hot[h] &= pl->hot[h] - 1;
		return true;
	}
	return false;
}
