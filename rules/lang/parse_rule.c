/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parse_rule: the inside of `rule NAME { ... }`. An item that is wrong is told and left
 * at the next word that can start one, so that the rest of the rule is still read.
 */
#include "rules/lang/parse.h"

#include <stdio.h>
#include <string.h>

const char *const rule_item_word[ITEM_COUNT] = {
	"id",
	"rev",
	"severity",
	"kind",
	"scope",
	"suspect",
	"trial",
	"mitre",
	"related",
	"when",
	"limit",
	"explain",
	"lower",
	"raise",
	"note",
	"test",
};

static int
item_of(const struct token *t)
{
	for (int i = 0; i < ITEM_COUNT; i++)
		if (token_is(t, rule_item_word[i]))
			return i;
	return -1;
}

bool
is_item_word(const struct token *t)
{
	return item_of(t) != -1;
}

static void
skip_item(struct parser *p)
{
	unsigned depth = 0;

	while (p->t.kind != TOKEN_END && !parser_at_decl(p)) {
		if (p->t.kind == TOKEN_OPEN)
			depth++;
		else if (p->t.kind == TOKEN_CLOSE && depth-- == 0)
			return;
		else if (depth == 0 && is_item_word(&p->t))
			return;
		parser_next(p);
	}
}

static bool
parse_caveat(struct parser *p, struct decl *d, enum rule_item item)
{
	struct tree_caveat *c = lang_alloc(p->l, p->l->work, sizeof(*c)),
			   **end = &d->caveat;

	c->lower = item == ITEM_LOWER;
	c->raise = item == ITEM_RAISE;
	if ((c->lower || c->raise) && parser_word(p, "to") &&
	    !parser_name(p, &c->to, "a severity after 'to'"))
		return false;
	if (!parser_word(p, "when"))
		return parser_expected(p,
		    c->lower	? "'when' after 'lower'" :
			c->raise ? "'when' after 'raise'" :
				   "'when' after 'note'",
		    "write 'note when quarantined because \"...\"'");
	if (!parse_expr(p, &c->when))
		return false;
	if (!parser_word(p, "because"))
		return parser_expected(p, "'because \"the reason\"'", NULL);
	if (!parser_string(p, &c->because, "the reason in quotes"))
		return false;
	while (*end != NULL)
		end = &(*end)->next;
	*end = c;
	return true;
}

static bool
parse_expect(struct parser *p, struct tree_test *t)
{
	static const struct {
		const char *word;
		bool suspects;
	} noun[] = {
		{ "alerts", false },
		{ "alert", false },
		{ "suspects", true },
		{ "suspect", true },
	};

	if (parser_word(p, "at")) {
		if (!parser_word(p, "least"))
			return parser_expected(p, "'at least' and a number", NULL);
		t->at_least = true;
	}
	if (!parser_number(p, &t->expect, "how many alerts, like 'expect 1 alert'"))
		return false;
	t->noun = p->t.place;
	for (size_t i = 0; i < 4; i++) {
		if (parser_word(p, noun[i].word)) {
			t->suspects = noun[i].suspects;
			return !parser_word(p, "where") || parse_expr(p, &t->where);
		}
	}
	return parser_expected(p, "'alerts' or 'suspects'", NULL);
}

static bool
parse_test_list(struct parser *p, struct tree_test *t)
{
	struct tree_test_list *list = lang_alloc(p->l, p->l->work, sizeof(*list)),
			      **end = &t->list;

	if (!parser_name(p, &list->name, "the list's name"))
		return false;
	if (p->t.kind != TOKEN_COMPARE || p->t.cmp != CMP_EQ)
		return parser_expected(p, "'=' after the list's name", NULL);
	parser_next(p);
	if (p->t.kind != TOKEN_OPEN)
		return parser_expected(p, "'{ ... }'",
		    "a test's list stands in the test: list known = { *.example }");
	if (!parser_set(p, false, &list->entry, &list->entry_n))
		return false;
	while (*end != NULL)
		end = &(*end)->next;
	*end = list;
	return true;
}

static bool
test_body(struct parser *p, struct tree_test *t)
{
	bool expect = false;

	while (p->t.kind != TOKEN_CLOSE) {
		bool input = t->pcap.s != NULL || t->has_flows;

		if (token_is(&p->t, "pcap") && !input) {
			parser_next(p);
			if (!parser_string(
				p, &t->pcap, "the capture's file name in quotes"))
				return false;
		} else if (token_is(&p->t, "flows") && !input) {
			parser_next(p);
			t->has_flows = true;
			if (!parse_flows(p, t))
				return false;
		} else if (token_is(&p->t, "list")) {
			parser_next(p);
			if (!parse_test_list(p, t))
				return false;
		} else if (token_is(&p->t, "tz") && t->tz.s == NULL) {
			parser_next(p);
			if (p->t.kind == TOKEN_STRING ?
				!parser_string(p, &t->tz, "a time zone") :
				!parser_name(p, &t->tz, "a time zone, like UTC"))
				return false;
		} else if (token_is(&p->t, "expect") && !expect) {
			expect = true;
			parser_next(p);
			if (!parse_expect(p, t))
				return false;
		} else {
			return parser_expected(p,
			    input && expect ? "'}'" :
				input	    ? "'expect'" :
				expect	    ? "'pcap \"FILE\"' or 'flows {'" :
					      "'pcap \"FILE\"', 'flows {' or 'expect'",
			    NULL);
		}
	}
	if ((t->pcap.s != NULL || t->has_flows) && expect) {
		parser_next(p);
		return true;
	}
	lang_error(p->l, &t->name.at,
	    expect ? "add: pcap \"FILE\", or flows { 10:00 a -> b up 12 MB }" :
		     "add: expect 1 alert",
	    "the test does not say %s",
	    expect ? "which capture to read" : "what to expect");
	parser_next(p);
	return true;
}

static bool
parse_test(struct parser *p, struct decl *d)
{
	struct tree_test *t = lang_alloc(p->l, p->l->work, sizeof(*t)), **end = &d->test;

	if (!parser_string(p, &t->name, "the test's name in quotes") ||
	    !parser_take(p, TOKEN_OPEN, "'{'"))
		return false;
	if (!test_body(p, t)) {
		d->broken = true;
		/* To the end of the test, not of the rule; and of the rows inside it. */
		for (unsigned deep = t->in_flows ? 2 : 1; deep > 0; parser_next(p)) {
			if (p->t.kind == TOKEN_END || parser_at_decl(p))
				return true;
			if (p->t.kind == TOKEN_OPEN)
				deep++;
			else if (p->t.kind == TOKEN_CLOSE)
				deep--;
		}
		return true;
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = t;
	return true;
}

static bool
parse_limit(struct parser *p, struct decl *d)
{
	static const char usage[] = "write 'limit 1 per device, dest every 1 h'";

	if (!parser_number(p, &d->limit, "how many alerts at most"))
		return false;
	if (parser_word(p, "per") &&
	    !parser_words(
		p, &d->limit_key, &d->limit_key_n, "what to count by, like 'device'"))
		return false;
	if (!parser_word(p, "every"))
		return parser_expected(p, "'every' and a duration", usage);
	if (p->t.kind != TOKEN_NUMBER)
		return parser_expected(p, "a duration after 'every'", usage);
	return parser_literal(p, &d->every);
}

static bool
parse_item(struct parser *p, struct decl *d, enum rule_item item)
{
	switch (item) {
	case ITEM_ID:
		return parser_number(p, &d->id, "the rule's number");
	case ITEM_REV:
		return parser_number(p, &d->rev, "the revision's number");
	case ITEM_SEVERITY:
		return parser_name(p, &d->severity, "a severity");
	case ITEM_KIND:
		return parser_name(p, &d->kind_word, "a kind");
	case ITEM_SCOPE:
		return parser_name(p, &d->scope, "'sensor' or 'fleet' after 'scope'");
	case ITEM_SUSPECT:
	case ITEM_TRIAL:
		return true;
	case ITEM_MITRE:
		return parser_words(
		    p, &d->mitre, &d->mitre_n, "a technique like T1048.002");
	case ITEM_RELATED:
		return parser_words(
		    p, &d->related, &d->related_n, "a technique like T1123");
	case ITEM_WHEN:
		return parse_expr(p, &d->expr);
	case ITEM_LIMIT:
		return parse_limit(p, d);
	case ITEM_EXPLAIN:
		return parser_string(p, &d->explain, "the sentence in quotes");
	case ITEM_LOWER:
	case ITEM_RAISE:
	case ITEM_NOTE:
		return parse_caveat(p, d, item);
	case ITEM_TEST:
		return parse_test(p, d);
	case ITEM_COUNT:
		break;
	}
	return false;
}

static void
unknown_item(struct parser *p)
{
	struct tree_word w;
	struct guess g;
	char q[QUOTE_TEXT], remedy[200];

	if (p->t.kind != TOKEN_WORD) {
		(void)parser_expected(p, "a word that starts a part of the rule, or '}'",
		    "parts are id, rev, severity, kind, scope, when, limit, explain, note, "
		    "lower, raise, test");
		return;
	}
	w = parser_tree_word(p);
	g = guess_start(w.s);
	for (unsigned i = 0; i < ITEM_COUNT; i++)
		guess_try(&g, rule_item_word[i]);
	lang_error(p->l, &w.at,
	    guess_remedy(&g,
		"parts are id, rev, severity, kind, when, limit, "
		"explain, note, lower, raise, test",
		remedy, sizeof(remedy)),
	    "rules have no part '%s'", quote(q, w.s, strlen(w.s)));
}

bool
parse_rule(struct parser *p, struct decl *d)
{
	char q[QUOTE_TEXT];
	int item;

	if (!parser_name(p, &d->name, "the rule's name") ||
	    !parser_take(p, TOKEN_OPEN, "'{' after the rule's name"))
		return false;
	while (p->t.kind != TOKEN_CLOSE) {
		if (p->t.kind == TOKEN_END || parser_at_decl(p)) {
			lang_error(p->l, &d->name.at, "end it with '}'",
			    "the rule '%s' is not closed",
			    quote(q, d->name.s, strlen(d->name.s)));
			d->broken = true;
			return true;
		}
		item = item_of(&p->t);
		if (item == -1) {
			unknown_item(p);
			d->broken = true;
			parser_next(p);
			skip_item(p);
			continue;
		}
		if (item < ITEM_LOWER && d->item[item].line != 0) {
			lang_error(p->l, &p->t.place, "leave one out",
			    "the rule has '%s' already, on line %u", rule_item_word[item],
			    d->item[item].line);
			d->broken = true;
			parser_next(p);
			skip_item(p);
			continue;
		}
		d->item[item] = p->t.place;
		parser_next(p);
		if (!parse_item(p, d, (enum rule_item)item)) {
			d->broken = true;
			skip_item(p);
		}
	}
	parser_next(p);
	return true;
}
