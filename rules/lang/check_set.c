/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_set: sets, and the ranges in them. */
#include "rules/lang/check.h"

/* "22:30" beside `hour` is a time of day. */
static bool
day_time(const struct literal *v, enum field f, struct value *out)
{
	*out = (struct value){ .type = FIELD_DURATION };
	return f == FIELD_hour && v->kind == LITERAL_WORD && time_of_day(v->text, &out->i);
}

static int
value_order(const struct value *a, const struct value *b)
{
	switch (a->type) {
	case FIELD_NUMBER:
	case FIELD_RATE:
		return (a->n > b->n) - (a->n < b->n);
	case FIELD_DURATION:
	case FIELD_MOMENT:
		return (a->i > b->i) - (a->i < b->i);
	case FIELD_ADDRESS:
		return addr_cmp(&a->net.net, &b->net.net);
	default:
		return (a->u > b->u) - (a->u < b->u);
	}
}

static bool
check_member(struct check *c, struct expr_use *u, const struct literal *v, enum field f,
    struct value *out)
{
	const struct field_info *info = &observation_field[f];
	struct target target = (struct target){ info->word, info->type, info->vocabulary, info->unit };
	bool weekday = info->vocabulary == VOCABULARY_WEEKDAY, clock;
	struct value *to;

	clock = day_time(v, f, out);
	if (!clock && (check_not_field(c, v) || !value_of(c->l, &target, v, out)))
		return false;
	if (v->to == NULL) {
		if (clock)
			lang_error(c->l, &v->at, "write a range: hour in 22:00..06:00",
			    "a time of day alone is met by no hour");
		return !clock;
	}
	to = lang_alloc(c->l, check_arena(c, u), sizeof(*to));
	out->to = to;
	if (clock ? !day_time(v->to, f, to) :
		check_not_field(c, v->to) || !value_of(c->l, &target, v->to, to)) {
		if (clock)
			lang_error(c->l, &v->to->at, "write 22:00..06:00",
			    "the range begins at a time of day and ends at something "
			    "else");
		return false;
	}
	if (!type_ordered(info->type) && !weekday && info->type != FIELD_ADDRESS) {
		lang_error(c->l, &v->at, "write the values one by one: in { ... }",
		    "'%s' %s, which has no order", info->word, type_is(info->type));
		return false;
	}
	if (info->type == FIELD_ADDRESS &&
	    (out->net.bits != 128 || to->net.bits != 128)) {
		lang_error(c->l, &v->at, "write the network alone, or two addresses",
		    "a range of networks says nothing");
		return false;
	}
	if (weekday || f == FIELD_hour || value_order(out, to) <= 0)
		return true;
	lang_error(c->l, &v->at, "write the smaller one first",
	    "the range ends before it begins");
	return false;
}

const struct expr *
check_set(struct check *c, struct expr_use *u, const struct tree_expr *t, enum field f)
{
	const struct field_info *info = &observation_field[f];
	struct value *set;
	struct expr *x;
	bool good = true;

	if (info->type == FIELD_BOOL) {
		lang_error(c->l, &t->name.at, "let it stand alone",
		    "'%s' is yes or no: no set", info->word);
		return NULL;
	}
	if (t->set_n == 0) {
		lang_error(c->l, &t->name.at, "write what it should hold",
		    "a set with nothing in it is never met");
		return NULL;
	}
	set = lang_alloc(c->l, check_arena(c, u), t->set_n * sizeof(*set));
	for (unsigned i = 0; i < t->set_n; i++)
		good = check_member(c, u, &t->set[i], f, &set[i]) && good;
	if (!good || (x = check_leaf(c, u, EXPR_IN_SET, t)) == NULL)
		return NULL;
	x->field = f;
	x->set = set;
	x->set_n = t->set_n;
	return x;
}
