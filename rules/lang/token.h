/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token: the lexer. Each token knows its file, line, column and length.
 *
 * A word is a run of letters, digits and _ . * : / % + -, so that names, fields,
 * addresses, networks, host globs, dates and units need no quotes; it ends before `..`
 * and `->`. A run that is a number
 * is a number, also with a unit stuck to it ("80%", "4kbit/s"). A mistake that is plain
 * (`&&` for `and`) is told and read as what was meant, so that it costs one error and not
 * three.
 */
#ifndef RULES_LANG_TOKEN_H
#define RULES_LANG_TOKEN_H

#include "rules/lang/lang.h"

enum token_kind {
	TOKEN_END,
	TOKEN_BAD, /* BAD: told already */
	TOKEN_WORD,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_OPEN,
	TOKEN_CLOSE, /* { } */
	TOKEN_LEFT,
	TOKEN_RIGHT, /* ( ) */
	TOKEN_COMMA,
	TOKEN_COMPARE, /* COMPARE: cmp says which; `=` is CMP_EQ */
	TOKEN_ARROW, /* -> */
	TOKEN_RANGE, /* .. */
};

struct token {
	enum token_kind kind;
	enum compare_op cmp;
	struct place place;
	const char *at; /* WORD, NUMBER: its bytes, n of them */
	size_t n;
	size_t digits; /* NUMBER: length without a unit that is stuck to it */
	const char *text; /* STRING: what it says */
	bool first; /* nothing stands before it on its line */
};

struct lexer {
	struct lang *l;
	unsigned file, line, tokens;
	const char *at, *end, *line_start;
	bool fresh; /* no token on this line yet */
};

void lexer_start(struct lexer *x, struct lang *l, unsigned file);
void lexer_next(struct lexer *x, struct token *t);

bool token_is(const struct token *t, const char *word);

#endif
