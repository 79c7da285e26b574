/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parse: the parser, shared by its three files: parse.c (declarations), parse_rule.c
 * (rules), parse_expr.c (expressions, values). By recursive descent with one token in
 * hand. A function that answers false has told why; whoever owns the block then skips to
 * where it can go on.
 */
#ifndef RULES_LANG_PARSE_H
#define RULES_LANG_PARSE_H

#include "rules/lang/token.h"
#include "rules/lang/tree.h"

#define PARSE_CONDITIONS_MAX 512U /* of one expression; longer lists are sets and lists  \
				   */

struct parser {
	struct lang *l;
	struct lexer lexer;
	struct token t; /* in hand */
	unsigned last_line; /* of the token before */
	unsigned depth; /* of includes */
	unsigned conditions; /* of the expression being read */
	unsigned thens; /* whose right side is being read: a `within` is theirs */
};

void parser_next(struct parser *p);
bool parser_word(struct parser *p, const char *word); /* takes it when it is there */
/* "expected WHAT, found ...": always false. Silent when the lexer has told. */
bool parser_expected(struct parser *p, const char *what, const char *remedy);
bool parser_take(struct parser *p, enum token_kind kind, const char *what);
/* True at the first word of a declaration that starts a line at its first column: the
 * block before it was not closed. */
bool parser_at_decl(const struct parser *p);

struct tree_word parser_tree_word(struct parser *p); /* of the token in hand */
bool parser_string(struct parser *p, struct tree_word *out, const char *what);
bool parser_name(struct parser *p, struct tree_word *out, const char *what);
bool parser_number(struct parser *p, struct literal *out, const char *what);
bool parser_literal(struct parser *p, struct literal *out);
/* A literal, or two with `..` between them. */
bool parser_range(struct parser *p, struct literal *out);
bool parser_text(
    struct parser *p, struct literal *out, const char *what); /* word or string */
/* WORD, WORD, ... */
bool parser_words(
    struct parser *p, struct tree_word **out, unsigned *n, const char *what);
/* { LITERAL, ... }; ranges: LITERAL..LITERAL as well */
bool parser_set(struct parser *p, bool ranges, struct literal **out, unsigned *n);

bool parse_expr(struct parser *p, struct tree_expr **out);
bool parse_rule(struct parser *p, struct decl *d);
bool is_item_word(const struct token *t);
/* `flows { ... }` of a test, behind its word. */
bool parse_flows(struct parser *p, struct tree_test *t);

#endif
