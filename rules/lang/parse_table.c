/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parse_table: the small table of flows that a test may have instead of a capture.
 *
 *	flows { 10:00 a -> b up 12 MB app tls for 40 s cadence 50/s size 80 }
 *
 * A row ends where the next begins: at a time of day, a weekday or `day`. What a row comes
 * to in packets is said by rules/cli/tabletest.h.
 */
#include "rules/lang/parse.h"

#include <string.h>

const char *const row_word[ROW_WORD_COUNT] = {
	"up",
	"down",
	"for",
	"cadence",
	"size",
	"times",
	"every",
	"port",
	"app",
	"over",
	"with",
};

static const char clauses[] =
    "up, down, for, cadence, size, times, every, port, app, over, with";

static bool
at_weekday(const struct parser *p)
{
	for (unsigned i = 0; i < 7; i++)
		if (token_is(&p->t, vocabulary_word(VOCABULARY_WEEKDAY, i)))
			return true;
	return false;
}

/* "10:00", "9:05:30": what it is exactly is the checker's to say. */
static bool
at_time(const struct parser *p)
{
	return p->t.kind == TOKEN_WORD && p->t.at[0] >= '0' && p->t.at[0] <= '9' &&
	    memchr(p->t.at, ':', p->t.n) != NULL;
}

static bool
at_row(const struct parser *p)
{
	return at_time(p) || at_weekday(p) || token_is(&p->t, "day");
}

static bool
parse_party(struct parser *p, struct tree_word *out, const char *what)
{
	if ((p->t.kind != TOKEN_WORD && p->t.kind != TOKEN_STRING) || parser_at_decl(p))
		return parser_expected(p, what, "write 10:00 a -> b up 12 MB");
	*out = parser_tree_word(p);
	parser_next(p);
	return true;
}

static bool
parse_clause(struct parser *p, struct tree_row *r, unsigned k)
{
	if (r->clause[k].line != 0) {
		lang_error(p->l, &p->t.place, "leave one out",
		    "the row has '%s' already", row_word[k]);
		return false;
	}
	r->clause[k] = p->t.place;
	parser_next(p);
	if (k == ROW_WITH)
		return parse_expr(p, &r->with);
	if (k > ROW_PORT)
		return parser_name(p, &r->word[k - ROW_PORT - 1],
		    k == ROW_APP ? "a protocol after 'app', like tls" :
				   "'tcp' or 'udp' after 'over'");
	if (p->t.kind != TOKEN_NUMBER)
		return parser_expected(p,
		    k == ROW_CADENCE ? "a pace, like 50/s" : "a number", NULL);
	return k == ROW_SIZE ? parser_range(p, &r->amount[k]) :
			       parser_literal(p, &r->amount[k]);
}

static bool
unknown_clause(struct parser *p)
{
	struct tree_word w;
	struct guess g;
	char q[QUOTE_TEXT], remedy[200];

	if (p->t.kind != TOKEN_WORD || parser_at_decl(p))
		return parser_expected(p, "a part of the row, the next row or '}'", clauses);
	w = parser_tree_word(p);
	g = guess_start(w.s);
	for (unsigned i = 0; i < ROW_WORD_COUNT; i++)
		guess_try(&g, row_word[i]);
	lang_error(p->l, &w.at, guess_remedy(&g, clauses, remedy, sizeof(remedy)),
	    "rows of flows have no '%s'", quote(q, w.s, strlen(w.s)));
	return false;
}

static bool
parse_row(struct parser *p, struct tree_row *r)
{
	unsigned k;

	r->at = p->t.place;
	if (at_weekday(p)) {
		r->weekday = parser_tree_word(p);
		parser_next(p);
	} else if (parser_word(p, "day") && !parser_number(p, &r->day, "which day")) {
		return false;
	}
	if (!at_time(p))
		return parser_expected(p, "a time of day, like 10:00",
		    "write 10:00 a -> b up 12 MB");
	r->time = parser_tree_word(p);
	parser_next(p);
	if (!parse_party(p, &r->from, "who sends: a name or an address"))
		return false;
	if (p->t.kind != TOKEN_ARROW)
		return parser_expected(p, "'->'", "write 10:00 a -> b up 12 MB");
	parser_next(p);
	if (!parse_party(p, &r->to, "to whom: a name or an address"))
		return false;
	while (p->t.kind != TOKEN_CLOSE && !at_row(p)) {
		for (k = 0; k < ROW_WORD_COUNT && !token_is(&p->t, row_word[k]); k++)
			;
		if (k == ROW_WORD_COUNT)
			return unknown_clause(p);
		if (!parse_clause(p, r, k))
			return false;
	}
	return true;
}

bool
parse_flows(struct parser *p, struct tree_test *t)
{
	struct tree_row **end = &t->row;

	if (!parser_take(p, TOKEN_OPEN, "'{' after 'flows'"))
		return false;
	t->in_flows = true;
	while (p->t.kind != TOKEN_CLOSE) {
		struct tree_row *r = lang_alloc(p->l, p->l->work, sizeof(*r));

		if (!parse_row(p, r))
			return false;
		*end = r;
		end = &r->next;
	}
	t->in_flows = false;
	parser_next(p);
	return true;
}
