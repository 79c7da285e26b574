/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * same: do two rules, of two programs, say the same? Macros count by what they stand for,
 * lists and inventories by name; place, tests and what a list holds do not count.
 */
#include "rules/lang/program.h"

#include <string.h>

static bool
text_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
texts_same(const char *const *a, unsigned n, const char *const *b, unsigned m)
{
	for (unsigned i = 0; n == m && i < n; i++)
		if (!text_same(a[i], b[i]))
			return false;
	return n == m;
}

/* As deep as an expression may be: the checker bounds it. */
static bool
expr_same(const struct expr *a, const struct expr *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->op != b->op)
		return false;
	switch (a->op) {
	case EXPR_AND:
	case EXPR_OR:
		return expr_same(a->a, b->a) && expr_same(a->b, b->b);
	case EXPR_NOT:
		return expr_same(a->a, b->a);
	default:
		return text_same(a->text, b->text);
	}
}

bool
rule_same(const struct rule *a, const struct rule *b)
{
	if (a->id != b->id || a->rev != b->rev || a->severity != b->severity ||
	    a->kind != b->kind || a->trial != b->trial || a->suspect != b->suspect || a->fleet != b->fleet ||
	    a->caveats != b->caveats || a->limit != b->limit ||
	    a->limit_every != b->limit_every || a->limit_key_n != b->limit_key_n)
		return false;
	for (unsigned i = 0; i < a->limit_key_n; i++)
		if (a->limit_key[i] != b->limit_key[i])
			return false;
	for (unsigned i = 0; i < a->caveats; i++)
		if (a->caveat[i].lower != b->caveat[i].lower ||
		    a->caveat[i].raise != b->caveat[i].raise ||
		    a->caveat[i].to != b->caveat[i].to ||
		    !text_same(a->caveat[i].because, b->caveat[i].because) ||
		    !expr_same(a->caveat[i].when, b->caveat[i].when))
			return false;
	return text_same(a->name, b->name) && text_same(a->explain, b->explain) &&
	    texts_same(a->mitre, a->mitre_n, b->mitre, b->mitre_n) &&
	    texts_same(a->related, a->related_n, b->related, b->related_n) &&
	    expr_same(a->when, b->when);
}
