/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_expr: expressions, their names and types.
 *
 * Both sides of an `and` are checked even when one is wrong, so that one run tells both.
 * A macro is checked once where it stands and then put in place of its name; what is
 * wrong in it is told there and nowhere else. `device` and `dest` are rewritten to the
 * fields behind them before they are checked: see rewrite().
 */
#include "rules/lang/check.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum field
field_by_word(const char *word)
{
	unsigned f;

	for (f = 0; f < FIELD_COUNT_ALL; f++)
		if (observation_field[f].word[0] == word[0] &&
		    strcmp(observation_field[f].word, word) == 0)
			break;
	return (enum field)f;
}

static bool
of_meter(enum field f)
{
	static const char *const meter[] = { "voice.", "text.", "way.", "chunks.",
		"call." };

	for (size_t i = 0; i < sizeof(meter) / sizeof(meter[0]); i++)
		if (strncmp(observation_field[f].word, meter[i], strlen(meter[i])) == 0)
			return true;
	return false;
}

static void
guess_name(void *arg, const char *name)
{
	guess_try(arg, name);
}

static enum field
find_field(struct check *c, const struct tree_word *w, bool or_macro)
{
	enum field f = field_by_word(w->s);
	struct guess g;
	char q[QUOTE_TEXT], remedy[200];

	if (f != FIELD_COUNT_ALL)
		return f;
	if (!or_macro && names_get(&c->macros, w->s) != NULL) {
		lang_error(c->l, &w->at, "a macro stands alone: it is a whole condition",
		    "'%s' is a macro and has no value to compare",
		    quote(q, w->s, strlen(w->s)));
		return f;
	}
	if (or_macro && c->l->incomplete)
		return f;
	g = guess_start(w->s);
	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++)
		guess_try(&g, observation_field[i].word);
	guess_try(&g, "device");
	guess_try(&g, "dest");
	if (or_macro)
		names_each(&c->macros, guess_name, &g);
	lang_error(c->l, &w->at,
	    guess_remedy(
		&g, "'earshot rules fields' lists the fields", remedy, sizeof(remedy)),
	    or_macro ? "there is no field or macro '%s'" : "there is no field '%s'",
	    quote(q, w->s, strlen(w->s)));
	return f;
}

struct list_entry *
check_find_list(struct check *c, const struct tree_word *w)
{
	struct list_entry *e = names_get(&c->lists, w->s);
	struct guess g;
	char q[QUOTE_TEXT], otherwise[120], remedy[200];

	if (e != NULL) {
		e->used = true;
		return e;
	}
	if (c->l->incomplete)
		return NULL;
	g = guess_start(w->s);
	names_each(&c->lists, guess_name, &g);
	(void)snprintf(otherwise, sizeof(otherwise), "declare it: list %.40s = { ... }",
	    quote(q, w->s, strlen(w->s)));
	lang_error(c->l, &w->at, guess_remedy(&g, otherwise, remedy, sizeof(remedy)),
	    "there is no list '%s'", quote(q, w->s, strlen(w->s)));
	return NULL;
}

/* ---- making expressions of the program ---- */

struct arena *
check_arena(const struct check *c, const struct expr_use *u)
{
	return u->scratch ? c->l->work : c->l->keep;
}

struct expr *
check_node(struct check *c, struct expr_use *u, enum expr_op op)
{
	struct expr *x = lang_alloc(c->l, check_arena(c, u), sizeof(*x));

	x->op = op;
	x->leaf = UINT_MAX;
	return x;
}

struct expr *
check_leaf(struct check *c, struct expr_use *u, enum expr_op op, const struct tree_expr *t)
{
	struct text text = { .l = c->l, .arena = c->l->work };
	struct writer w = text_writer(&text);
	struct leaf_link *link;
	struct expr *x;

	if (u->over)
		return NULL;
	if (u->leaves == PROGRAM_LEAVES_MAX) {
		u->over = true;
		lang_error(c->l, &u->top, "use 'in { ... }' or a list",
		    "with its macros, the expression has more than %u conditions",
		    PROGRAM_LEAVES_MAX);
		return NULL;
	}
	x = check_node(c, u, op);
	expr_print(t, &w);
	x->text = lang_text(c->l, check_arena(c, u), text.at, text.n);
	if (u->in_when)
		x->leaf = u->leaves;
	u->leaves++;
	if (u->in_when && u->end != NULL) {
		link = lang_alloc(c->l, c->l->work, sizeof(*link));
		link->x = x;
		*u->end = link;
		u->end = &link->next;
	}
	return x;
}

/* ---- device and dest ---- */

static struct tree_expr *
tree_node(struct check *c, enum tree_op op, struct tree_expr *a, struct tree_expr *b)
{
	struct tree_expr *x = lang_alloc(c->l, c->l->work, sizeof(*x));

	x->op = op;
	x->a = a;
	x->b = b;
	return x;
}

/* A copy of the condition about another field. */
static struct tree_expr *
about(struct check *c, const struct tree_expr *t, const char *word)
{
	struct tree_expr *x = lang_alloc(c->l, c->l->work, sizeof(*x));

	*x = *t;
	x->name.s = word;
	if (x->op == TREE_COMPARE)
		x->cmp = CMP_EQ;
	return x;
}

/* `word is known and CONDITION about it`: never unknown. */
static struct tree_expr *
about_known(struct check *c, const struct tree_expr *t, const char *word)
{
	struct tree_expr *known = about(c, t, word);

	known->op = TREE_KNOWN;
	return tree_node(c, TREE_AND, known, about(c, t, word));
}

static bool
is_address(const struct literal *v)
{
	struct prefix p;

	return v->kind != LITERAL_NUMBER &&
	    (prefix_parse(v->text, strlen(v->text), &p) || prefix_mend(v->text, &p));
}

static bool
is_mac(const struct literal *v)
{
	uint64_t mac;

	return v->kind != LITERAL_NUMBER && mac_parse(v->text, strlen(v->text), &mac);
}

/*
 * `device = X` asks what people call a device by: its key or its name for text, its
 * address for an address or network, its MAC for a MAC. A device without a name is not
 * unknown, it is another device: hence `is known` in front. The same for `dest`, and for
 * sets, whose members are sorted by what they are.
 */
static struct tree_expr *
rewrite(struct check *c, const struct tree_expr *t)
{
	bool device = strcmp(t->name.s, "device") == 0;
	const char *key = device ? "device.key" : "dest.key";
	const char *name = device ? "device.name" : "dest.name";
	const char *ip = device ? "src.ip" : "dest.ip";
	struct tree_expr *x = NULL;
	struct literal *set[3] = { NULL, NULL, NULL }; /* texts, addresses, MACs */
	unsigned n[3] = { 0, 0, 0 };

	if (t->op == TREE_COMPARE) {
		if (is_address(&t->value))
			x = about(c, t, ip);
		else if (device && is_mac(&t->value))
			x = about_known(c, t, "device.mac");
		else
			x = tree_node(
			    c, TREE_OR, about(c, t, key), about_known(c, t, name));
		return t->cmp == CMP_NE ? tree_node(c, TREE_NOT, x, NULL) : x;
	}
	if (t->op == TREE_IN) /* `dest in LIST` is an operation of its own */
		return tree_node(c, TREE_OR, about(c, t, ip),
		    tree_node(c, TREE_OR, about(c, t, key), about_known(c, t, name)));
	for (unsigned i = 0; i < 3; i++)
		set[i] = lang_alloc(c->l, c->l->work, (t->set_n + 1) * sizeof(*set[i]));
	for (unsigned i = 0; i < t->set_n; i++) {
		unsigned k = is_address(&t->set[i]) ? 1 :
		    device && is_mac(&t->set[i])    ? 2 :
						      0;

		set[k][n[k]++] = t->set[i];
	}
	for (unsigned k = 0; k < 3; k++) {
		struct tree_expr part = *t, *y;

		if (n[k] == 0)
			continue;
		part.set = set[k];
		part.set_n = n[k];
		y = k == 1 ? about(c, &part, ip) :
		    k == 2 ? about_known(c, &part, "device.mac") :
			     tree_node(c, TREE_OR, about(c, &part, key),
				 about_known(c, &part, name));
		x = x == NULL ? y : tree_node(c, TREE_OR, x, y);
	}
	return x;
}

static const struct expr *
check_party(struct check *c, struct expr_use *u, const struct tree_expr *t)
{
	bool device = strcmp(t->name.s, "device") == 0;
	struct list_entry *e;
	struct expr *x;

	switch (t->op) {
	case TREE_COMPARE:
		if (t->value.kind == LITERAL_NUMBER) {
			lang_error(c->l, &t->value.at,
			    "write device = \"tablet\" or "
			    "device = 10.20.0.13",
			    "'%s' is compared with a name or an address", t->name.s);
			return NULL;
		}
		if (t->cmp != CMP_EQ && t->cmp != CMP_NE) {
			lang_error(c->l, &t->at, "use =, != or in { ... }",
			    "'%s' has no order", t->name.s);
			return NULL;
		}
		return check_expr(c, u, rewrite(c, t));
	case TREE_SET:
		if (t->set_n == 0)
			break; /* told below, with the other sets */
		for (unsigned i = 0; i < t->set_n; i++) {
			if (t->set[i].kind != LITERAL_NUMBER)
				continue;
			lang_error(c->l, &t->set[i].at, NULL,
			    "'%s' is compared with a name or an address", t->name.s);
			return NULL;
		}
		return check_expr(c, u, rewrite(c, t));
	case TREE_IN:
		if (device)
			return check_find_list(c, &t->list) == NULL ?
			    NULL :
			    check_expr(c, u, rewrite(c, t));
		e = check_find_list(c, &t->list);
		if (e == NULL || (x = check_leaf(c, u, EXPR_DEST_IN_LIST, t)) == NULL)
			return NULL;
		x->list = e->index;
		return x;
	case TREE_NAME:
	case TREE_KNOWN:
	case TREE_UNKNOWN:
		lang_error(c->l, &t->name.at,
		    device ? "write 'device.known': it is in the inventory" :
			     "write 'dest in known', or 'dest.name is known'",
		    device ? "which device? 'device' alone is not a condition" :
			     "which destination? 'dest' alone is not a condition");
		return NULL;
	case TREE_SUM:
		lang_error(c->l, &t->name.at,
		    "write upload >= 1 MB within 1 h per device", "'%s' cannot be summed",
		    t->name.s);
		return NULL;
	default:
		break;
	}
	lang_error(c->l, &t->name.at,
	    t->op == TREE_SET ? "write what it should hold" : NULL,
	    t->op == TREE_SET ? "a set with nothing in it is never met" :
				"there is no list '%s'",
	    t->name.s);
	return NULL;
}

/* ---- conditions about a field ---- */

bool
type_ordered(enum field_type t)
{
	return t == FIELD_COUNT || t == FIELD_BYTES || t == FIELD_NUMBER ||
	    t == FIELD_RATE || t == FIELD_DURATION || t == FIELD_MOMENT ||
	    t == FIELD_PORT;
}

static struct target
target_of(const struct field_info *info)
{
	return (struct target){ info->word, info->type, info->vocabulary, info->unit };
}

/* A word where a value belongs that is a field: people try to compare two fields. */
bool
check_not_field(struct check *c, const struct literal *v)
{
	if (v->kind != LITERAL_WORD || field_by_word(v->text) == FIELD_COUNT_ALL ||
	    strchr(v->text, '.') == NULL)
		return false;
	lang_error(c->l, &v->at, "if it is meant as text, quote it",
	    "two fields cannot be compared: '%s' is a field", v->text);
	return true;
}

bool
check_compare(struct check *c, const struct tree_expr *t, enum field f, struct value *out)
{
	const struct field_info *info = &observation_field[f];
	struct target target = target_of(info);
	char remedy[160];

	if (info->type == FIELD_BOOL) {
		(void)snprintf(remedy, sizeof(remedy), "write '%s' or 'not %s'",
		    info->word, info->word);
		lang_error(c->l, &t->at, remedy, "'%s' is yes or no and is not compared",
		    info->word);
		return false;
	}
	if (t->cmp != CMP_EQ && t->cmp != CMP_NE && !type_ordered(info->type)) {
		lang_error(c->l, &t->at, "use =, != or in { ... }",
		    "'%s' %s, which has no order", info->word, type_is(info->type));
		return false;
	}
	return !check_not_field(c, &t->value) && value_of(c->l, &target, &t->value, out);
}

bool
check_keys(
    struct check *c, const struct tree_word *word, unsigned n, const enum field **out)
{
	enum field *key = lang_alloc(c->l, c->l->keep, (n + 1) * sizeof(*key));
	char q[QUOTE_TEXT];
	bool good = true;

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(word[i].s, "device") == 0)
			key[i] = FIELD_device_key;
		else if (strcmp(word[i].s, "dest") == 0)
			key[i] = FIELD_dest_key;
		else
			key[i] = find_field(c, &word[i], false);
		if (key[i] == FIELD_COUNT_ALL) {
			good = false;
			continue;
		}
		if (observation_field[key[i]].type != FIELD_TEXT &&
		    observation_field[key[i]].type != FIELD_ADDRESS) {
			lang_error(c->l, &word[i].at,
			    "use device, dest, or a text or address field",
			    "nothing is kept apart by '%s': it %s",
			    quote(q, word[i].s, strlen(word[i].s)),
			    type_is(observation_field[key[i]].type));
			good = false;
		}
		for (unsigned j = 0; j < i && j < 8; j++) {
			if (key[j] != key[i])
				continue;
			lang_error(c->l, &word[i].at, "leave it out",
			    "'%s' stands here twice",
			    quote(q, word[i].s, strlen(word[i].s)));
			good = false;
			break;
		}
	}
	if (n > 8) {
		lang_error(c->l, &word[8].at, NULL, "more than 8 keys");
		good = false;
	}
	*out = key;
	return good;
}

bool
check_span(struct check *c, const char *what, const struct literal *v, int64_t *ns)
{
	struct target target = { what, FIELD_DURATION, VOCABULARY_NONE, "s" };
	struct value value;
	char q[QUOTE_TEXT];

	if (!value_of(c->l, &target, v, &value))
		return false;
	*ns = value.i;
	if (value.i >= NS_PER_S && value.i <= 366 * 86400 * NS_PER_S)
		return true;
	lang_error(c->l, &v->at, "packet time moves in steps of a second",
	    "'%s' goes from 1 s to 366 d; '%s' is outside", what, literal_quote(v, q));
	return false;
}

static const struct expr *
check_in(struct check *c, struct expr_use *u, const struct tree_expr *t, enum field f)
{
	struct list_entry *e = check_find_list(c, &t->list);
	struct expr *x;

	if (observation_field[f].type != FIELD_TEXT &&
	    observation_field[f].type != FIELD_ADDRESS) {
		lang_error(c->l, &t->name.at,
		    "ask 'dest in LIST', or write a set: in { ... }",
		    "lists hold hosts, and '%s' %s", t->name.s,
		    type_is(observation_field[f].type));
		return NULL;
	}
	if (e == NULL || (x = check_leaf(c, u, EXPR_IN_LIST, t)) == NULL)
		return NULL;
	x->field = f;
	x->list = e->index;
	return x;
}

static const struct expr *
check_field(struct check *c, struct expr_use *u, const struct tree_expr *t)
{
	enum field f = find_field(c, &t->name, t->op == TREE_NAME);
	const struct field_info *info = &observation_field[f];
	struct value value;
	struct expr *x;
	char remedy[200];

	if (f == FIELD_COUNT_ALL)
		return NULL;
	u->hears = u->hears || of_meter(f);
	switch (t->op) {
	case TREE_NAME:
		if (info->type == FIELD_BOOL) {
			if ((x = check_leaf(c, u, EXPR_BOOL, t)) != NULL)
				x->field = f;
			return x;
		}
		(void)snprintf(remedy, sizeof(remedy),
		    "compare it with %s, or ask '%s is known'", type_example(info->type),
		    info->word);
		lang_error(c->l, &t->name.at, remedy, "'%s' %s: alone it is no condition",
		    info->word, type_is(info->type));
		return NULL;
	case TREE_COMPARE:
		if (!check_compare(c, t, f, &value) ||
		    (x = check_leaf(c, u, EXPR_COMPARE, t)) == NULL)
			return NULL;
		x->field = f;
		x->cmp = t->cmp;
		x->value = value;
		return x;
	case TREE_SET:
		return check_set(c, u, t, f);
	case TREE_SUM:
		return check_sum(c, u, t, f);
	case TREE_IN:
		return check_in(c, u, t, f);
	default:
		break;
	}
	if ((x = check_leaf(c, u, EXPR_KNOWN, t)) != NULL)
		x->field = f;
	return x;
}

/* `x is unknown` is `not x is known`. */
static const struct expr *
check_unknown(struct check *c, struct expr_use *u, const struct tree_expr *t)
{
	struct tree_expr *known = tree_node(c, TREE_KNOWN, NULL, NULL);

	known->name = t->name;
	known->at = t->at;
	return check_expr(c, u, tree_node(c, TREE_NOT, known, NULL));
}

/* ---- macros ---- */

void
check_macro(struct check *c, struct decl *d, unsigned depth)
{
	struct expr_use u = { .in_when = true, .scratch = true, .macros = depth };

	if (d->state != MACRO_NEW)
		return;
	if (d->broken || d->expr == NULL) {
		d->state = MACRO_BAD;
		return;
	}
	d->state = MACRO_OPEN;
	u.top = d->name.at;
	d->state = check_expr(c, &u, d->expr) != NULL ? MACRO_GOOD : MACRO_BAD;
	d->has_sum = u.has_sum;
	d->depth = u.deepest + 1;
}

static const struct expr *
use_macro(struct check *c, struct expr_use *u, const struct tree_expr *t, struct decl *d)
{
	const struct expr *x;
	char q[QUOTE_TEXT];

	if (d->state == MACRO_OPEN) {
		lang_error(c->l, &t->name.at,
		    "a macro is made of fields and of other macros",
		    "the macro '%s' uses itself", quote(q, d->name.s, strlen(d->name.s)));
		return NULL;
	}
	if (u->macros < LANG_DEPTH_MAX)
		check_macro(c, d, u->macros + 1);
	if (u->macros >= LANG_DEPTH_MAX || d->depth + 1 > LANG_DEPTH_MAX) {
		lang_error(c->l, &t->name.at, NULL, "macros are nested more than %u deep",
		    LANG_DEPTH_MAX);
		return NULL;
	}
	if (d->state != MACRO_GOOD)
		return NULL;
	if (d->depth > u->deepest)
		u->deepest = d->depth;
	if (d->has_sum && !u->in_when) {
		lang_error(c->l, &t->name.at, "sums stand in a rule's 'when'",
		    "the macro '%s' holds a sum, which cannot be asked here",
		    quote(q, d->name.s, strlen(d->name.s)));
		return NULL;
	}
	u->macros++;
	x = check_expr(c, u, d->expr);
	u->macros--;
	return x;
}

const struct expr *
check_expr(struct check *c, struct expr_use *u, const struct tree_expr *t)
{
	const struct expr *a, *b;
	struct list_entry *e;
	struct expr *x;
	struct decl *macro;

	if (u->over)
		return NULL;
	if (t->op == TREE_AND || t->op == TREE_OR) {
		a = check_expr(c, u, t->a);
		b = check_expr(c, u, t->b);
		if (a == NULL || b == NULL)
			return NULL;
		x = check_node(c, u, t->op == TREE_AND ? EXPR_AND : EXPR_OR);
		x->a = a;
		x->b = b;
		return x;
	}
	if (t->op == TREE_NOT) {
		if ((a = check_expr(c, u, t->a)) == NULL)
			return NULL;
		x = check_node(c, u, EXPR_NOT);
		x->a = a;
		return x;
	}
	if (t->op == TREE_THEN)
		return check_then(c, u, t);
	if (t->op == TREE_EMPTY) {
		e = check_find_list(c, &t->name);
		if (e == NULL || (x = check_leaf(c, u, EXPR_EMPTY, t)) == NULL)
			return NULL;
		x->list = e->index;
		return x;
	}
	if (t->op == TREE_SUM && t->sums == SUM_DISTINCT &&
	    strcmp(t->name.s, "device") == 0)
		return check_sum(c, u, t, FIELD_device_key);
	if (t->op == TREE_SUM && t->sums == SUM_DISTINCT && strcmp(t->name.s, "dest") == 0)
		return check_sum(c, u, t, FIELD_dest_key);
	if (strcmp(t->name.s, "device") == 0 || strcmp(t->name.s, "dest") == 0)
		return check_party(c, u, t);
	if (t->op == TREE_NAME && (macro = names_get(&c->macros, t->name.s)) != NULL)
		return use_macro(c, u, t, macro);
	if (t->op == TREE_UNKNOWN)
		return check_unknown(c, u, t);
	return check_field(c, u, t);
}
