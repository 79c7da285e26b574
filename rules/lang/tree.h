/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tree: what the parser makes and the checker and the printer read. Names are not looked
 * up and values have no type yet; everything knows its place. Lives in lang.work.
 */
#ifndef RULES_LANG_TREE_H
#define RULES_LANG_TREE_H

#include "rules/lang/lang.h"
#include "rules/lang/value.h"

struct tree_word {
	const char *s; /* NULL: absent */
	struct place at;
	bool quoted; /* stood in quotes */
};

enum tree_op {
	TREE_AND,
	TREE_OR,
	TREE_NOT, /* a, b */
	TREE_NAME, /* a bool field or a macro */
	TREE_COMPARE, /* name cmp value */
	TREE_SET, /* name in { set } */
	TREE_IN, /* name in list */
	TREE_KNOWN,
	TREE_UNKNOWN,
	TREE_EMPTY, /* name is ... */
	TREE_SUM, /* name cmp value within window per keys; see `sums` */
	TREE_THEN, /* a then b within window per keys */
	TREE_AFTER, /* what stands before `then`; made by the checker */
};

struct tree_expr {
	enum tree_op op;
	struct tree_expr *a, *b;
	struct tree_word name, list;
	struct place at; /* the operator */
	enum compare_op cmp;
	struct literal value, window;
	struct literal *set;
	unsigned set_n;
	struct tree_word *key;
	unsigned key_n;
	enum sum_of sums;
};

struct tree_caveat {
	struct tree_caveat *next;
	bool lower, raise;
	struct tree_word to; /* the severity; absent: one step */
	struct tree_expr *when;
	struct tree_word because;
};

/* A row of `flows`: who sends what to whom, when. */
enum row_word {
	ROW_UP,
	ROW_DOWN,
	ROW_FOR,
	ROW_CADENCE,
	ROW_SIZE,
	ROW_TIMES,
	ROW_EVERY,
	ROW_PORT, /* those before and this: a literal */
	ROW_APP,
	ROW_OVER, /* a word */
	ROW_WITH, /* an expression */
	ROW_WORD_COUNT,
};

struct tree_row {
	struct tree_row *next;
	struct place at;
	struct tree_word weekday; /* of the first week; absent: the day of the row before */
	struct literal day; /* `day 12`: the first is a Monday */
	struct tree_word time;
	struct tree_word from, to;
	struct place clause[ROW_WORD_COUNT]; /* line 0: absent */
	struct literal amount[ROW_PORT + 1];
	struct tree_word word[ROW_OVER - ROW_PORT];
	struct tree_expr *with;
};

/* `list NAME = { ... }` of a test: what the list holds while it runs. */
struct tree_test_list {
	struct tree_test_list *next;
	struct tree_word name;
	struct literal *entry;
	unsigned entry_n;
};

struct tree_test {
	struct tree_test *next;
	struct tree_word name, pcap;
	bool has_flows, in_flows; /* in_flows: while they are read */
	struct tree_row *row;
	struct tree_test_list *list;
	struct tree_word tz;
	struct literal expect;
	bool at_least, suspects;
	struct place noun; /* "alerts" */
	struct tree_expr *where;
};

struct tree_limit { /* of hearing */
	struct tree_limit *next;
	struct tree_word word;
	struct literal value;
};

/* What a rule is made of, each word once but the last three. */
enum rule_item {
	ITEM_ID,
	ITEM_REV,
	ITEM_SEVERITY,
	ITEM_KIND,
	ITEM_SCOPE,
	ITEM_SUSPECT,
	ITEM_TRIAL,
	ITEM_MITRE,
	ITEM_RELATED,
	ITEM_WHEN,
	ITEM_LIMIT,
	ITEM_EXPLAIN,
	ITEM_LOWER,
	ITEM_RAISE,
	ITEM_NOTE,
	ITEM_TEST,
	ITEM_COUNT,
};

enum decl_kind {
	DECL_HOME,
	DECL_INVENTORY,
	DECL_LIST,
	DECL_MACRO,
	DECL_HEARING,
	DECL_TZ,
	DECL_RULE,
	DECL_EXCEPT,
	DECL_INCLUDE,
	DECL_REQUIRES,
	DECL_COUNT,
};

struct decl {
	struct decl *next;
	enum decl_kind kind;
	struct place at; /* its first word */
	bool is_default;
	bool included; /* by another file, which prints as one that includes it */
	bool broken; /* an error was told: do not ask for what is missing */
	struct tree_word name;

	struct literal *entry; /* home, list */
	unsigned entry_n;
	struct tree_word format, path, key; /* inventory; list, tz: path alone */
	struct span bytes; /* inventory, list: what the file holds,
			    * once the checker has it */
	struct tree_expr *expr; /* macro; rule: when */
	struct tree_limit *limits; /* hearing */

	/* rule */
	struct place item[ITEM_COUNT]; /* where it stands; line 0: absent */
	struct literal id, rev, limit, every;
	struct tree_word severity, kind_word, scope, explain;
	struct tree_word *mitre, *related, *limit_key;
	unsigned mitre_n, related_n, limit_key_n;
	struct tree_caveat *caveat;
	struct tree_test *test;

	/* requires: name is `version` or `field`, path what is required */

	/* except; name is the rule's, kind_word the kind */
	struct literal device, dest, until;
	struct tree_word owner, reason;

	/* macro, for the checker */
	enum { MACRO_NEW, MACRO_OPEN, MACRO_GOOD, MACRO_BAD } state;
	unsigned depth;
	bool has_sum;
	bool replaced; /* a default, and another holds */
};

struct tree {
	struct decl *first, **end;
};

extern const char *const rule_item_word[ITEM_COUNT];
extern const char *const row_word[ROW_WORD_COUNT];
extern const char *const decl_word[DECL_COUNT];

/* ---- parse.c, parse_rule.c, parse_expr.c ---- */

/* Every file's declarations, in order. Errors are told; what could be read is there. */
void tree_parse(struct lang *l, struct tree *t);

/* ---- print.c ---- */

/* included: what was included as well, for who wants all of it. */
void tree_print(const struct tree *t, bool included, const struct writer *w);
void expr_print(const struct tree_expr *x, const struct writer *w);

/* A word that may not be a name: it has a meaning of its own. */
bool word_reserved(const char *s);

#endif
