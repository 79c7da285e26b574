/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parse_expr: expressions and values. `or` binds least, then `and`, then `not`.
 */
#include "rules/lang/parse.h"

#include <stdio.h>
#include <string.h>

static bool parse_or(struct parser *p, struct tree_expr **out, unsigned depth);
static bool parse_then(struct parser *p, struct tree_expr **out, unsigned depth);

bool
word_reserved(const char *s)
{
	static const char *const word[] = { "and", "or", "not", "in", "is", "within",
		"per", "every", "because", "default", "expect", "where", "any", "then" };

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (strcmp(word[i], s) == 0)
			return true;
	for (unsigned i = 0; i < ITEM_COUNT; i++)
		if (strcmp(rule_item_word[i], s) == 0)
			return true;
	return false;
}

static bool
reserved_token(const struct token *t)
{
	char s[16];

	if (t->kind != TOKEN_WORD || t->n >= sizeof(s))
		return false;
	memcpy(s, t->at, t->n);
	s[t->n] = '\0';
	return word_reserved(s);
}

bool
parser_number(struct parser *p, struct literal *out, const char *what)
{
	const struct token *t = &p->t;
	const char *s, *end;

	if (t->kind != TOKEN_NUMBER || t->digits != t->n)
		return parser_expected(p, what, NULL);
	s = t->at;
	end = s + t->digits;
	*out = (struct literal){ .kind = LITERAL_NUMBER, .at = t->place };
	for (; s < end; s++) {
		if (*s == '-') {
			out->negative = true;
		} else if (*s == '.') {
			out->decimals = 1;
		} else {
			/* 18 digits: what 64 bits hold, whatever the digits are. */
			if (out->mantissa > UINT64_C(99999999999999999)) {
				lang_error(p->l, &t->place, "use a larger unit",
				    "the number has more than 18 digits");
				return false;
			}
			out->mantissa = out->mantissa * 10 + (uint64_t)(*s - '0');
			if (out->decimals > 0)
				out->decimals++;
			if (out->decimals > 19) {
				lang_error(p->l, &t->place, NULL,
				    "the number has more than 18 decimals");
				return false;
			}
		}
	}
	if (out->decimals > 0)
		out->decimals--;
	parser_next(p);
	return true;
}

/* A number and its unit, which may be stuck to it or be the next word. */
static bool
parse_amount(struct parser *p, struct literal *out)
{
	struct token number = p->t;
	char wrong[QUOTE_TEXT], remedy[160];

	p->t.n = p->t.digits;
	if (!parser_number(p, out, "a number"))
		return false;
	if (number.n > number.digits) {
		out->unit = unit_find(
		    number.at + number.digits, number.n - number.digits);
		return true;
	}
	if (p->t.kind != TOKEN_WORD || token_is(&p->t, "x"))
		return true;
	out->unit = unit_find(p->t.at, p->t.n);
	if (out->unit != NULL) {
		out->at.length = p->t.place.line == out->at.line ?
		    p->t.place.column + p->t.place.length - out->at.column :
		    out->at.length;
		parser_next(p);
		return true;
	}
	/* What follows on this line and is no word of the language was meant as a unit.
	 */
	for (unsigned i = 0; i < ROW_WORD_COUNT; i++)
		if (token_is(&p->t, row_word[i]))
			return true;
	if (p->t.place.line != out->at.line || reserved_token(&p->t) ||
	    (p->t.at[0] >= '0' && p->t.at[0] <= '9') ||
	    memchr(p->t.at, '.', p->t.n) != NULL)
		return true;
	quote(wrong, p->t.at, p->t.n);
	lang_error(p->l, &p->t.place, unit_remedy(wrong, remedy, sizeof(remedy)),
	    "there is no unit '%s'", wrong);
	return false;
}

bool
parser_text(struct parser *p, struct literal *out, const char *what)
{
	struct tree_word w;

	if (p->t.kind != TOKEN_STRING &&
	    (p->t.kind != TOKEN_WORD || reserved_token(&p->t) || parser_at_decl(p)))
		return parser_expected(p, what,
		    reserved_token(&p->t) ? "if the word is meant as text, quote it" :
					    NULL);
	w = parser_tree_word(p);
	*out = (struct literal){
		.kind = w.quoted ? LITERAL_STRING : LITERAL_WORD, .at = w.at, .text = w.s
	};
	parser_next(p);
	return true;
}

bool
parser_literal(struct parser *p, struct literal *out)
{
	if (p->t.kind == TOKEN_NUMBER)
		return parse_amount(p, out);
	return parser_text(p, out, "a value");
}

bool
parser_range(struct parser *p, struct literal *out)
{
	struct literal *to;

	if (!parser_literal(p, out))
		return false;
	if (p->t.kind != TOKEN_RANGE)
		return true;
	parser_next(p);
	to = lang_alloc(p->l, p->l->work, sizeof(*to));
	out->to = to;
	return parser_literal(p, to);
}

bool
parser_set(struct parser *p, bool ranges, struct literal **out, unsigned *n)
{
	struct literal *set = NULL;
	unsigned cap = 0;

	*n = 0;
	if (!parser_take(p, TOKEN_OPEN, "'{'"))
		return false;
	while (p->t.kind != TOKEN_CLOSE) {
		if (*n == cap) {
			struct literal *more;

			cap = cap == 0 ? 8 : cap * 2;
			more = lang_alloc(p->l, p->l->work, cap * sizeof(*more));
			if (*n > 0)
				memcpy(more, set, *n * sizeof(*more));
			set = more;
		}
		if (ranges ? !parser_range(p, &set[*n]) : !parser_literal(p, &set[*n]))
			goto skip;
		(*n)++;
		if (p->t.kind == TOKEN_COMMA)
			parser_next(p);
		else if (p->t.kind != TOKEN_CLOSE) {
			(void)parser_expected(p, "',' or '}'", NULL);
			goto skip;
		}
	}
	parser_next(p);
	*out = set;
	return true;
skip:
	*n = 0;
	/* Leave the set, so that its brace does not close the block around it. */
	while (p->t.kind != TOKEN_CLOSE && p->t.kind != TOKEN_END && !parser_at_decl(p) &&
	    !is_item_word(&p->t))
		parser_next(p);
	if (p->t.kind == TOKEN_CLOSE)
		parser_next(p);
	return false;
}

static struct tree_expr *
new_expr(struct parser *p, enum tree_op op, const struct place *at)
{
	struct tree_expr *x = lang_alloc(p->l, p->l->work, sizeof(*x));

	x->op = op;
	x->at = *at;
	return x;
}

static bool
parse_is(struct parser *p, struct tree_expr *x)
{
	static const struct {
		const char *word;
		enum tree_op op;
	} is[] = {
		{ "known", TREE_KNOWN },
		{ "unknown", TREE_UNKNOWN },
		{ "empty", TREE_EMPTY },
	};
	char remedy[160];

	parser_next(p);
	for (size_t i = 0; i < 3; i++) {
		if (parser_word(p, is[i].word)) {
			x->op = is[i].op;
			return true;
		}
	}
	remedy[0] = '\0';
	if (token_is(&p->t, "not"))
		(void)snprintf(remedy, sizeof(remedy),
		    "write 'not' in front: not %.64s is known", x->name.s);
	return parser_expected(p, "'known', 'unknown' or 'empty' after 'is'", remedy);
}

/* `4 x usual per device`: today, against the same weekdays before. */
static bool
parse_usual(struct parser *p, struct tree_expr *x)
{
	x->op = TREE_SUM;
	x->sums = SUM_DAY;
	if (!parser_word(p, "usual"))
		return parser_expected(p, "'usual' after 'x'",
		    "write 'upload > 4 x usual per device'");
	return !parser_word(p, "per") ||
	    parser_words(p, &x->key, &x->key_n, "what to sum by, like 'device'");
}

static bool
parse_compare(struct parser *p, struct tree_expr *x)
{
	x->op = TREE_COMPARE;
	x->cmp = p->t.cmp;
	x->at = p->t.place;
	parser_next(p);
	if (!parser_literal(p, &x->value))
		return false;
	if (x->value.kind == LITERAL_NUMBER && x->value.unit == NULL && x->sums == SUM_BYTES &&
	    parser_word(p, "x"))
		return parse_usual(p, x);
	if (!token_is(&p->t, "within"))
		return true;
	x->op = TREE_SUM;
	parser_next(p);
	if (p->t.kind != TOKEN_NUMBER)
		return parser_expected(
		    p, "a duration after 'within'", "write 'within 1 h'");
	if (!parse_amount(p, &x->window))
		return false;
	return !parser_word(p, "per") ||
	    parser_words(p, &x->key, &x->key_n, "what to sum by, like 'device'");
}

static bool
too_many(struct parser *p)
{
	if (p->conditions == PARSE_CONDITIONS_MAX + 1)
		lang_error(p->l, &p->t.place, "use 'in { ... }' or a list",
		    "the expression has more than %u conditions", PARSE_CONDITIONS_MAX);
	return false;
}

/* `in { ... }`, `in LIST`, `in FROM..TO`. */
static bool
parse_in(struct parser *p, struct tree_expr *x)
{
	struct literal one;

	x->op = TREE_SET;
	if (p->t.kind == TOKEN_OPEN)
		return parser_set(p, true, &x->set, &x->set_n);
	if (p->t.kind != TOKEN_NUMBER &&
	    (p->t.kind != TOKEN_WORD || reserved_token(&p->t) || parser_at_decl(p)))
		return parser_expected(p,
		    "the name of a list, a range or '{' after 'in'", NULL);
	if (!parser_range(p, &one))
		return false;
	if (one.to != NULL) {
		x->set = lang_alloc(p->l, p->l->work, sizeof(one));
		x->set[0] = one;
		x->set_n = 1;
		return true;
	}
	if (one.kind != LITERAL_WORD)
		return parser_expected(p, "'..' and where the range ends",
		    "write in 1 MB..5 MB, or a set: in { ... }");
	x->op = TREE_IN;
	x->list = (struct tree_word){ one.text, one.at, false };
	return true;
}

/* What starts with a name. */
static bool
parse_leaf(struct parser *p, struct tree_expr **out)
{
	struct tree_expr *x = new_expr(p, TREE_NAME, &p->t.place);
	char remedy[160];

	if (++p->conditions > PARSE_CONDITIONS_MAX)
		return too_many(p);
	x->name = parser_tree_word(p);
	*out = x;
	parser_next(p);
	if (strcmp(x->name.s, "distinct") == 0 && p->t.kind == TOKEN_WORD &&
	    !reserved_token(&p->t) && !parser_at_decl(p)) {
		x->sums = SUM_DISTINCT;
		x->name = parser_tree_word(p);
		parser_next(p);
		if (p->t.kind != TOKEN_COMPARE)
			return parser_expected(p, "a comparison",
			    "write 'distinct dest >= 20 within 1 h per device'");
		if (!parse_compare(p, x))
			return false;
		return (x->op == TREE_SUM && x->sums == SUM_DISTINCT) ||
		    parser_expected(p, "'within' and a duration",
		    "write 'distinct dest >= 20 within 1 h per device'");
	}
	if (p->t.kind == TOKEN_COMPARE)
		return parse_compare(p, x);
	if (token_is(&p->t, "is"))
		return parse_is(p, x);
	if (parser_word(p, "in")) {
		return parse_in(p, x);
	}
	if (token_is(&p->t, "not")) {
		(void)snprintf(remedy, sizeof(remedy),
		    "write 'not' in front: not %.64s in ...", x->name.s);
		return parser_expected(p, "'and', 'or', or a comparison", remedy);
	}
	if (token_is(&p->t, "within") && p->thens == 0)
		return parser_expected(p, "a comparison before 'within'",
		    "write 'upload >= 1 MB within 1 h per device'");
	return true;
}

static bool
too_deep(struct parser *p, unsigned depth)
{
	if (depth < LANG_DEPTH_MAX)
		return false;
	lang_error(p->l, &p->t.place, "give parts of it a name: macro NAME = ...",
	    "the expression is nested more than %u deep", LANG_DEPTH_MAX);
	return true;
}

static bool
parse_not(struct parser *p, struct tree_expr **out, unsigned depth)
{
	if (token_is(&p->t, "not")) {
		struct tree_expr *x = new_expr(p, TREE_NOT, &p->t.place);

		if (too_deep(p, depth))
			return false;
		parser_next(p);
		*out = x;
		return parse_not(p, &x->a, depth + 1);
	}
	if (p->t.kind == TOKEN_LEFT) {
		if (too_deep(p, depth))
			return false;
		parser_next(p);
		return parse_then(p, out, depth + 1) && parser_take(p, TOKEN_RIGHT, "')'");
	}
	if (p->t.kind == TOKEN_NUMBER || p->t.kind == TOKEN_STRING)
		return parser_expected(
		    p, "a condition", "name the field first: upload >= 1 MB");
	if (p->t.kind != TOKEN_WORD || reserved_token(&p->t) || parser_at_decl(p))
		return parser_expected(p, "a condition", NULL);
	return parse_leaf(p, out);
}

static bool
parse_and(struct parser *p, struct tree_expr **out, unsigned depth)
{
	if (!parse_not(p, out, depth))
		return false;
	while (token_is(&p->t, "and")) {
		struct tree_expr *x = new_expr(p, TREE_AND, &p->t.place);

		parser_next(p);
		x->a = *out;
		*out = x;
		if (!parse_not(p, &x->b, depth))
			return false;
	}
	return true;
}

static bool
parse_or(struct parser *p, struct tree_expr **out, unsigned depth)
{
	if (!parse_and(p, out, depth))
		return false;
	while (token_is(&p->t, "or")) {
		struct tree_expr *x = new_expr(p, TREE_OR, &p->t.place);

		parser_next(p);
		x->a = *out;
		*out = x;
		if (!parse_and(p, &x->b, depth))
			return false;
	}
	return true;
}

/* What came first, what came after it, and how long after, for whom. */
static bool
parse_then(struct parser *p, struct tree_expr **out, unsigned depth)
{
	if (!parse_or(p, out, depth))
		return false;
	while (token_is(&p->t, "then")) {
		struct tree_expr *x = new_expr(p, TREE_THEN, &p->t.place);

		if (++p->conditions > PARSE_CONDITIONS_MAX)
			return too_many(p);
		parser_next(p);
		x->a = *out;
		*out = x;
		p->thens++;
		if (!parse_or(p, &x->b, depth))
			return false;
		p->thens--;
		if (!parser_word(p, "within"))
			return parser_expected(p, "'within' and how long after",
			    "write A then B within 1 h per device; a comparison stands in "
			    "parentheses: then (upload >= 1 MB) within 1 h");
		if (p->t.kind != TOKEN_NUMBER)
			return parser_expected(
			    p, "a duration after 'within'", "write 'within 1 h'");
		if (!parse_amount(p, &x->window))
			return false;
		if (parser_word(p, "per") &&
		    !parser_words(p, &x->key, &x->key_n, "whose it is, like 'device'"))
			return false;
	}
	return true;
}

bool
parse_expr(struct parser *p, struct tree_expr **out)
{
	struct tree_expr *x = NULL;

	p->conditions = p->thens = 0;
	*out = NULL;
	if (!parse_then(p, &x, 0))
		return false;
	*out = x;
	return true;
}
