/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check: from the tree to a program. check.c: declarations and which of them hold;
 * check_rule.c: rules and exceptions; check_expr.c: expressions and their types.
 */
#ifndef RULES_LANG_CHECK_H
#define RULES_LANG_CHECK_H

#include "rules/lang/tree.h"

struct list_entry {
	struct decl *decl;
	unsigned index; /* into program.list */
	bool used;
	bool replaces; /* a default of the same name stands elsewhere */
};

#define VENDOR_FILES 3	/* prefixes of 24, 28 and 36 bits */

struct check {
	struct lang *l;
	struct program *p;
	const struct tree *tree;
	struct names lists, macros, rules;
	unsigned sums;
	struct leaf_link *heads; /* what stands before `then`, the last first */
	uint32_t rule_id; /* of the rule that is checked */
	struct place need_hearing; /* the first rule that asks a meter; line 0: none */
};

/* The expression a rule, caveat or test holds. */
struct expr_use {
	bool in_when; /* sums may stand here, leaves are numbered */
	bool in_head; /* before a `then`: no sums, but another `then` */
	bool scratch; /* a macro's own check: the result is thrown away */
	bool over; /* too many conditions: told */
	bool has_sum, hears; /* out: a sum; a field of a meter */
	unsigned leaves, sums, macros; /* macros: how deep we are in them */
	unsigned thens; /* so far, those before a `then` included */
	unsigned deepest; /* out */
	struct place top; /* where the expression begins, for what is too large */
	struct leaf_link {
		struct leaf_link *next;
		const struct expr *x;
	} * first, **end;
};

/* The program's expression; NULL: an error was told (or stands in a macro, told there).
 */
const struct expr *check_expr(
    struct check *c, struct expr_use *u, const struct tree_expr *t);
void check_macro(struct check *c, struct decl *d, unsigned depth);
/* What its three files share. A leaf is NULL when the expression has too many; not_field
 * tells that a word is a field, and says false. */
struct expr *check_node(struct check *c, struct expr_use *u, enum expr_op op);
struct arena *check_arena(const struct check *c, const struct expr_use *u);
struct expr *check_leaf(struct check *c, struct expr_use *u, enum expr_op op,
    const struct tree_expr *t);
bool check_compare(
    struct check *c, const struct tree_expr *t, enum field f, struct value *out);
bool check_not_field(struct check *c, const struct literal *v);
bool type_ordered(enum field_type t);
/* check_sum.c, check_set.c */
const struct expr *check_then(
    struct check *c, struct expr_use *u, const struct tree_expr *t);
const struct expr *check_sum(
    struct check *c, struct expr_use *u, const struct tree_expr *t, enum field f);
const struct expr *check_set(
    struct check *c, struct expr_use *u, const struct tree_expr *t, enum field f);
/* FIELD_COUNT_ALL: no such field. */
enum field field_by_word(const char *word);
bool check_keys(
    struct check *c, const struct tree_word *word, unsigned n, const enum field **out);
/* A duration from one second to a year. */
bool check_span(struct check *c, const char *what, const struct literal *v, int64_t *ns);

void check_rules(struct check *c);
/* check_table.c: the flows, lists and time zone of a test. */
/* "10:00", "22:30:15", as ns since midnight. */
bool time_of_day(const char *s, int64_t *ns);
void check_table(struct check *c, const struct tree_test *t, struct rule_test *out);
/* check.c */
bool check_zone_name(struct check *c, const struct tree_word *name, struct decl *d,
    struct tz *out);
void check_list_entry(struct check *c, struct hostlist *hosts, const struct literal *v);
struct list_entry *check_find_list(struct check *c, const struct tree_word *w);

/* Fills l->keep with the program; errors are told. */
void check_program(struct check *c);

#endif
