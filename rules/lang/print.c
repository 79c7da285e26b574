/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * print: the tree in canonical form. Comments go; parts of a rule stand in one order;
 * values in their shortest exact form; parentheses where they are needed. The print
 * parses to the same tree, so the print of a print is equal to the byte.
 */
#include "rules/lang/tree.h"

#include <string.h>

#define ONE_LINE 76 /* a longer `when` is broken at its outermost and / or */
#define SET_LINE 6 /* a longer set stands one entry a line */
#define TEST_LINE 64 /* a longer test stands in a block of lines */

static void
print_count(void *arg, const char *s, size_t n)
{
	size_t *sum = arg;

	(void)s;
	*sum += n;
}

static void
print_string(const struct writer *w, const char *s)
{
	struct literal v = { .kind = LITERAL_STRING, .text = s };

	literal_print(&v, w);
}

static void
print_words(const struct writer *w, const struct tree_word *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		writer_text(w, i > 0 ? ", " : "");
		writer_text(w, list[i].s);
	}
}

static void
print_set(const struct writer *w, const struct literal *set, unsigned n, bool may_break)
{
	bool lines = may_break && n > SET_LINE;

	writer_text(w, "{");
	for (unsigned i = 0; i < n; i++) {
		writer_text(w, lines ? "\n\t" : i > 0 ? ", " : " ");
		literal_print(&set[i], w);
		writer_text(w, lines ? "," : "");
	}
	writer_text(w, lines ? "\n}" : " }");
}

/* Tighter binds more. */
static int
binding(const struct tree_expr *x)
{
	return x->op == TREE_THEN ? -1 : x->op == TREE_OR ? 0 : x->op == TREE_AND ? 1 : 2;
}

/* Ends in a comparison, which would take the `within` behind it for its own. */
static bool
takes_within(const struct tree_expr *x)
{
	while (x->op == TREE_AND || x->op == TREE_OR || x->op == TREE_NOT) {
		const struct tree_expr *last = x->op == TREE_NOT ? x->a : x->b;

		/* one in parentheses takes nothing */
		if (binding(last) < (x->op == TREE_NOT ? 2 : binding(x)))
			return false;
		x = last;
	}
	return x->op == TREE_COMPARE;
}

static void
print_operand(const struct tree_expr *x, int least, const struct writer *w)
{
	bool parens = binding(x) < least;

	writer_text(w, parens ? "(" : "");
	expr_print(x, w);
	writer_text(w, parens ? ")" : "");
}

void
expr_print(const struct tree_expr *x, const struct writer *w)
{
	switch (x->op) {
	case TREE_AND:
	case TREE_OR:
		print_operand(x->a, binding(x), w);
		writer_text(w, x->op == TREE_AND ? " and " : " or ");
		print_operand(x->b, binding(x), w);
		return;
	case TREE_NOT:
		writer_text(w, "not ");
		print_operand(x->a, 2, w);
		return;
	case TREE_THEN:
	case TREE_AFTER:
		print_operand(x->a, x->op == TREE_AFTER ? 0 : -1, w);
		writer_text(w, " then ");
		if (x->op == TREE_AFTER)
			writer_text(w, "this");
		else
			print_operand(x->b, takes_within(x->b) ? 3 : 0, w);
		writer_text(w, " within ");
		literal_print(&x->window, w);
		writer_text(w, x->key_n > 0 ? " per " : "");
		print_words(w, x->key, x->key_n);
		return;
	default:
		break;
	}
	writer_text(w, x->op == TREE_SUM && x->sums == SUM_DISTINCT ? "distinct " : "");
	writer_text(w, x->name.s);
	switch (x->op) {
	case TREE_COMPARE:
	case TREE_SUM:
		writer_format(w, " %s ", compare_op_text(x->cmp));
		literal_print(&x->value, w);
		if (x->op == TREE_COMPARE)
			return;
		writer_text(w, x->sums == SUM_DAY ? " x usual" : " within ");
		if (x->sums != SUM_DAY)
			literal_print(&x->window, w);
		writer_text(w, x->key_n > 0 ? " per " : "");
		print_words(w, x->key, x->key_n);
		return;
	case TREE_SET:
		writer_text(w, " in ");
		if (x->set_n == 1 && x->set[0].to != NULL)
			literal_print(&x->set[0], w);
		else
			print_set(w, x->set, x->set_n, false);
		return;
	case TREE_IN:
		writer_text(w, " in ");
		writer_text(w, x->list.s);
		return;
	case TREE_KNOWN:
		writer_text(w, " is known");
		return;
	case TREE_UNKNOWN:
		writer_text(w, " is unknown");
		return;
	case TREE_EMPTY:
		writer_text(w, " is empty");
		return;
	default:
		return;
	}
}

/* The operands of the outermost chain of one operator, each on a line of its own. */
static void
print_chain(const struct tree_expr *x, enum tree_op op, const struct writer *w)
{
	if (x->op != op) {
		print_operand(x, op == TREE_AND ? 1 : 0, w);
		return;
	}
	print_chain(x->a, op, w);
	writer_text(w, op == TREE_AND ? "\n\t    and " : "\n\t    or ");
	print_chain(x->b, op, w);
}

static void
print_when(const struct tree_expr *x, const struct writer *w)
{
	size_t n = 0;
	struct writer count = { print_count, &n };

	expr_print(x, &count);
	if (n > ONE_LINE && (x->op == TREE_AND || x->op == TREE_OR))
		print_chain(x, x->op, w);
	else
		expr_print(x, w);
}

static void
print_expect(const struct tree_test *t, const struct writer *w)
{
	bool one = t->expect.mantissa == 1 && t->expect.decimals == 0;

	writer_text(w, t->at_least ? "expect at least " : "expect ");
	literal_print(&t->expect, w);
	if (t->suspects)
		writer_text(w, one ? " suspect" : " suspects");
	else
		writer_text(w, one ? " alert" : " alerts");
	if (t->where != NULL) {
		writer_text(w, " where ");
		expr_print(t->where, w);
	}
}

static void
print_word(const struct writer *w, const struct tree_word *word)
{
	if (word->quoted)
		print_string(w, word->s);
	else
		writer_text(w, word->s);
}

static void
print_row(const struct tree_row *r, const struct writer *w)
{
	if (r->weekday.s != NULL) {
		writer_text(w, r->weekday.s);
		writer_text(w, " ");
	}
	if (r->day.kind != LITERAL_NONE) {
		writer_text(w, "day ");
		literal_print(&r->day, w);
		writer_text(w, " ");
	}
	writer_text(w, r->time.s);
	writer_text(w, " ");
	print_word(w, &r->from);
	writer_text(w, " -> ");
	print_word(w, &r->to);
	for (unsigned k = 0; k < ROW_WORD_COUNT; k++) {
		if (r->clause[k].line == 0)
			continue;
		writer_text(w, " ");
		writer_text(w, row_word[k]);
		writer_text(w, " ");
		if (k == ROW_WITH)
			expr_print(r->with, w);
		else if (k > ROW_PORT)
			writer_text(w, r->word[k - ROW_PORT - 1].s);
		else
			literal_print(&r->amount[k], w);
	}
}

static void
print_flows(const struct tree_test *t, const struct writer *w)
{
	for (const struct tree_test_list *l = t->list; l != NULL; l = l->next) {
		writer_text(w, "\n\t\tlist ");
		writer_text(w, l->name.s);
		writer_text(w, " = ");
		print_set(w, l->entry, l->entry_n, false);
	}
	if (t->tz.s != NULL) {
		writer_text(w, "\n\t\ttz ");
		print_string(w, t->tz.s);
	}
	writer_text(w, t->has_flows ? "\n\t\tflows {" : "\n\t\tpcap ");
	if (!t->has_flows)
		print_string(w, t->pcap.s);
	for (const struct tree_row *r = t->row; r != NULL; r = r->next) {
		writer_text(w, "\n\t\t\t");
		print_row(r, w);
	}
	writer_text(w, t->has_flows ? "\n\t\t}" : "");
}

static void
print_test(const struct tree_test *t, const struct writer *w)
{
	size_t n = 0;
	struct writer count = { print_count, &n };
	bool lines = true;

	if (t->pcap.s != NULL) {
		print_string(&count, t->name.s);
		print_string(&count, t->pcap.s);
		print_expect(t, &count);
		lines = n > TEST_LINE;
	}
	writer_text(w, "\ttest ");
	print_string(w, t->name.s);
	if (lines || t->list != NULL || t->tz.s != NULL) {
		lines = true;
		writer_text(w, " {");
		print_flows(t, w);
	} else {
		writer_text(w, " { pcap ");
		print_string(w, t->pcap.s);
	}
	writer_text(w, lines ? "\n\t\t" : " ");
	print_expect(t, w);
	writer_text(w, lines ? "\n\t}\n" : " }\n");
}

static void
print_rule(const struct decl *d, const struct writer *w)
{
	const char *gap = "\t";

	writer_text(w, "rule ");
	writer_text(w, d->name.s);
	writer_text(w, " {\n");
	for (unsigned i = ITEM_ID; i <= ITEM_TRIAL; i++) {
		if (d->item[i].line == 0)
			continue;
		writer_text(w, gap);
		writer_text(w, rule_item_word[i]);
		gap = "  ";
		if (i == ITEM_ID || i == ITEM_REV) {
			writer_text(w, " ");
			literal_print(i == ITEM_ID ? &d->id : &d->rev, w);
		} else if (i == ITEM_SEVERITY || i == ITEM_KIND) {
			writer_text(w, " ");
			writer_text(w, i == ITEM_KIND ? d->kind_word.s : d->severity.s);
		} else if (i == ITEM_SCOPE) {
			writer_text(w, " ");
			writer_text(w, d->scope.s);
		}
	}
	writer_text(w, *gap == ' ' ? "\n" : "");
	if (d->mitre_n > 0) {
		writer_text(w, "\tmitre ");
		print_words(w, d->mitre, d->mitre_n);
	}
	if (d->related_n > 0) {
		writer_text(w, d->mitre_n > 0 ? "  related " : "\trelated ");
		print_words(w, d->related, d->related_n);
	}
	writer_text(w, d->mitre_n > 0 || d->related_n > 0 ? "\n" : "");
	if (d->expr != NULL) {
		writer_text(w, "\twhen ");
		print_when(d->expr, w);
		writer_text(w, "\n");
	}
	for (const struct tree_caveat *c = d->caveat; c != NULL; c = c->next) {
		writer_text(w, c->lower ? "\tlower " : c->raise ? "\traise " : "\tnote ");
		writer_text(w, c->to.s != NULL ? "to " : "");
		writer_text(w, c->to.s != NULL ? c->to.s : "");
		writer_text(w, c->to.s != NULL ? " when " : "when ");
		expr_print(c->when, w);
		writer_text(w, " because ");
		print_string(w, c->because.s);
		writer_text(w, "\n");
	}
	if (d->item[ITEM_LIMIT].line != 0) {
		writer_text(w, "\tlimit ");
		literal_print(&d->limit, w);
		writer_text(w, d->limit_key_n > 0 ? " per " : "");
		print_words(w, d->limit_key, d->limit_key_n);
		writer_text(w, " every ");
		literal_print(&d->every, w);
		writer_text(w, "\n");
	}
	if (d->explain.s != NULL) {
		writer_text(w, "\texplain ");
		print_string(w, d->explain.s);
		writer_text(w, "\n");
	}
	for (const struct tree_test *t = d->test; t != NULL; t = t->next)
		print_test(t, w);
	writer_text(w, "}\n");
}

static void
print_except(const struct decl *d, const struct writer *w)
{
	const char *gap = "\n\t";

	writer_text(w, "except rule ");
	writer_text(w, d->name.s);
	if (d->device.kind != LITERAL_NONE) {
		writer_text(w, " device ");
		literal_print(&d->device, w);
	}
	if (d->dest.kind != LITERAL_NONE) {
		writer_text(w, " dest ");
		literal_print(&d->dest, w);
	}
	if (d->kind_word.s != NULL) {
		writer_text(w, " kind ");
		writer_text(w, d->kind_word.s);
	}
	if (d->until.kind != LITERAL_NONE) {
		writer_text(w, gap);
		writer_text(w, "until ");
		literal_print(&d->until, w);
		gap = " ";
	}
	if (d->owner.s != NULL) {
		writer_text(w, gap);
		writer_text(w, "owner ");
		print_string(w, d->owner.s);
		gap = " ";
	}
	if (d->reason.s != NULL) {
		writer_text(w, gap);
		writer_text(w, "reason ");
		print_string(w, d->reason.s);
	}
	writer_text(w, "\n");
}

static void
decl_print(const struct decl *d, const struct writer *w)
{
	writer_text(w, d->is_default ? "default " : "");
	switch (d->kind) {
	case DECL_HOME:
		writer_text(w, "home ");
		print_set(w, d->entry, d->entry_n, true);
		writer_text(w, "\n");
		return;
	case DECL_INVENTORY:
		writer_format(w, "inventory %.64s = %.64s", d->name.s, d->format.s);
		if (d->path.s != NULL) {
			writer_text(w, " ");
			print_string(w, d->path.s);
		}
		if (d->key.s != NULL)
			writer_format(w, " key %.64s", d->key.s);
		writer_text(w, "\n");
		return;
	case DECL_LIST:
		writer_text(w, "list ");
		writer_text(w, d->name.s);
		writer_text(w, d->path.s != NULL ? " = file " : " = ");
		if (d->path.s != NULL)
			print_string(w, d->path.s);
		else
			print_set(w, d->entry, d->entry_n, true);
		writer_text(w, "\n");
		return;
	case DECL_MACRO:
		writer_text(w, "macro ");
		writer_text(w, d->name.s);
		writer_text(w, " = ");
		print_when(d->expr, w);
		writer_text(w, "\n");
		return;
	case DECL_TZ:
		writer_text(w, "tz ");
		print_string(w, d->name.s);
		writer_text(w, "\n");
		return;
	case DECL_HEARING:
		writer_text(w, "hearing {\n");
		for (const struct tree_limit *t = d->limits; t != NULL; t = t->next) {
			writer_text(w, "\t");
			writer_text(w, t->word.s);
			writer_text(w, " ");
			literal_print(&t->value, w);
			writer_text(w, "\n");
		}
		writer_text(w, "}\n");
		return;
	case DECL_RULE:
		print_rule(d, w);
		return;
	case DECL_EXCEPT:
		print_except(d, w);
		return;
	case DECL_INCLUDE:
		writer_text(w, "include ");
		print_string(w, d->path.s);
		writer_text(w, "\n");
		return;
	case DECL_REQUIRES:
		writer_format(w, "requires %.64s ", d->name.s);
		writer_text(w, d->path.s);
		writer_text(w, "\n");
		return;
	case DECL_COUNT:
		return;
	}
}

void
tree_print(const struct tree *t, bool included, const struct writer *w)
{
	const struct decl *next;

	for (const struct decl *d = t->first; d != NULL; d = next) {
		for (next = d->next; next != NULL && next->included && !included;)
			next = next->next;
		decl_print(d, w);
		/* Lists, macros and exceptions stand together; blocks have air around
		 * them. */
		if (next != NULL &&
		    (next->kind != d->kind || d->kind == DECL_RULE ||
			d->kind == DECL_HEARING))
			writer_text(w, "\n");
	}
}
