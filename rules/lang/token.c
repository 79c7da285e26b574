/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token: the lexer. Reads bytes that may be anything; see token.h.
 */
#include "rules/lang/token.h"
#include "rules/lang/value.h"

#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
	    (c != '\0' && strchr("_.*:/%+-", c) != NULL);
}

bool
token_is(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && strlen(word) == t->n &&
	    memcmp(t->at, word, t->n) == 0;
}

static const char *
language(const struct lexer *x)
{
	return x->l->o->language == NULL ? "the rule language" : x->l->o->language;
}

static struct place
place_of(const struct lexer *x, const char *at, size_t n)
{
	return (struct place){ x->file, x->line, (unsigned)(at - x->line_start) + 1,
		(unsigned)n, (size_t)(x->line_start - x->l->file[x->file].bytes) };
}

/* Nothing more is read from this file. */
static void
stop(struct lexer *x)
{
	x->at = x->end;
	x->l->incomplete = true;
}

void
lexer_start(struct lexer *x, struct lang *l, unsigned file)
{
	const struct source_file *f = &l->file[file];
	struct place whole = { .file = file };
	const char *nul;

	*x = (struct lexer){ .l = l,
		.file = file,
		.line = 1,
		.at = f->bytes,
		.end = f->bytes + f->len,
		.line_start = f->bytes,
		.fresh = true };
	if (f->len == 0)
		return;
	if (f->len > LANG_FILE_MAX) {
		lang_error(l, &whole, "is it the right file? Or split it",
		    "the file is larger than 16 MiB");
		stop(x);
		return;
	}
	if (f->len >= 2 &&
	    (memcmp(f->bytes, "\xff\xfe", 2) == 0 ||
		memcmp(f->bytes, "\xfe\xff", 2) == 0)) {
		lang_error(l, &whole, "save it as UTF-8", "the file is UTF-16 text");
		stop(x);
		return;
	}
	nul = memchr(f->bytes, '\0', f->len);
	if (nul != NULL) {
		lang_error(l, &whole, "is it the right file?",
		    "byte %zu of the file is zero: this is not text",
		    (size_t)(nul - f->bytes) + 1);
		stop(x);
		return;
	}
	if (f->len >= 3 && memcmp(f->bytes, "\xef\xbb\xbf", 3) == 0) {
		x->at += 3;
		x->line_start += 3;
	}
}

static void
skip_white(struct lexer *x)
{
	while (x->at < x->end) {
		char c = *x->at;

		if (c == '\n') {
			x->at++;
			x->line++;
			x->line_start = x->at;
			x->fresh = true;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
			x->at++;
		} else if (c == '#') {
			const char *nl = memchr(x->at, '\n', (size_t)(x->end - x->at));

			x->at = nl == NULL ? x->end : nl;
		} else {
			break;
		}
	}
}

/* Valid UTF-8, by the same eye that makes text printable: quote changes what is not. */
static bool
string_character(struct lexer *x, size_t *len)
{
	unsigned char c = (unsigned char)*x->at;
	char q[QUOTE_TEXT];
	size_t left = (size_t)(x->end - x->at);

	*len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (*len > left)
		*len = left;
	return quote(q, x->at, *len)[0] != '?' || c == '?' || c == '\t';
}

static void
lex_string(struct lexer *x, struct token *t, char mark)
{
	const char *start = x->at++, *from;
	struct text text = { .l = x->l, .arena = x->l->work };
	struct writer w = text_writer(&text);
	struct place at;
	bool good = true;
	size_t len;

	w.write(w.arg, "", 0);
	for (;;) {
		if (x->at == x->end || *x->at == '\n' ||
		    (*x->at == '\r' && x->end - x->at >= 2 && x->at[1] == '\n')) {
			at = place_of(x, start, (size_t)(x->at - start));
			lang_error(x->l, &at, "end it with '\"' on the same line",
			    "the text that starts here does not end");
			t->kind = TOKEN_BAD;
			return;
		}
		if (*x->at == mark)
			break;
		from = x->at;
		if (*x->at == '\\' && x->end - x->at >= 2 && x->at[1] != '\n') {
			char c = x->at[1];

			x->at += 2;
			if (c == '"' || c == '\\' || c == 'n' || c == 't') {
				c = (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c);
				w.write(w.arg, &c, 1);
				continue;
			}
			at = place_of(x, from, 2);
			lang_error(x->l, &at,
			    "in text, '\\' goes before '\"', '\\', 'n' or 't'",
			    "'\\%c' means nothing here", c >= ' ' && c < 0x7f ? c : '?');
			good = false;
			continue;
		}
		if (!string_character(x, &len)) {
			at = place_of(x, from, 1);
			if (good)
				lang_error(x->l, &at, "save the file as UTF-8",
				    "text holds a byte (0x%02x) that is not valid here",
				    (unsigned)(unsigned char)*from);
			good = false;
			x->at++;
			continue;
		}
		w.write(w.arg, x->at, len);
		x->at += len;
	}
	x->at++;
	t->kind = TOKEN_STRING;
	t->text = text.at;
	t->place = place_of(x, start, (size_t)(x->at - start));
	if (mark == '\'')
		lang_error(x->l, &t->place, "use \"double quotes\"",
		    "text does not stand in single quotes");
}

/* Settings have neither ranges nor tables, and words like ../captures. */
static bool
at_pair(const struct lexer *x, const char *pair)
{
	return x->l->o->language == NULL && x->end - x->at >= 2 &&
	    memcmp(x->at, pair, 2) == 0;
}

static void
lex_run(struct lexer *x, struct token *t)
{
	const char *start = x->at, *p;

	while (x->at < x->end && is_word(*x->at) && !at_pair(x, "->") && !at_pair(x, ".."))
		x->at++;
	t->kind = TOKEN_WORD;
	t->at = start;
	t->n = (size_t)(x->at - start);
	t->place = place_of(x, start, t->n);
	p = start + (*start == '-' ? 1 : 0);
	if (p == x->at || !is_digit(*p))
		return;
	while (p < x->at && is_digit(*p))
		p++;
	if (x->at - p >= 2 && *p == '.' && is_digit(p[1]))
		for (p++; p < x->at && is_digit(*p); p++)
			;
	if (p == x->at || unit_find(p, (size_t)(x->at - p)) != NULL) {
		t->kind = TOKEN_NUMBER;
		t->digits = (size_t)(p - start);
	}
}

/* Signs, and what people bring along from other languages. */
static void
lex_sign(struct lexer *x, struct token *t)
{
	static const struct {
		const char *sign;
		enum token_kind kind;
		enum compare_op cmp;
		const char *word; /* read as this... */
		const char *remedy; /* ...and told; NULL: it is right */
	} sign[] = {
		{ "&&", TOKEN_WORD, CMP_EQ, "and", "write 'and'" },
		{ "||", TOKEN_WORD, CMP_EQ, "or", "write 'or'" },
		{ "==", TOKEN_COMPARE, CMP_EQ, NULL, "write '='" },
		{ "=>", TOKEN_COMPARE, CMP_GE, NULL, "write '>='" },
		{ "=<", TOKEN_COMPARE, CMP_LE, NULL, "write '<='" },
		{ "<>", TOKEN_COMPARE, CMP_NE, NULL, "write '!='" },
		{ "<=", TOKEN_COMPARE, CMP_LE, NULL, NULL },
		{ ">=", TOKEN_COMPARE, CMP_GE, NULL, NULL },
		{ "!=", TOKEN_COMPARE, CMP_NE, NULL, NULL },
		{ "<", TOKEN_COMPARE, CMP_LT, NULL, NULL },
		{ ">", TOKEN_COMPARE, CMP_GT, NULL, NULL },
		{ "=", TOKEN_COMPARE, CMP_EQ, NULL, NULL },
		{ "!", TOKEN_WORD, CMP_EQ, "not", "write 'not'" },
		{ "->", TOKEN_ARROW, CMP_EQ, NULL, NULL },
		{ "..", TOKEN_RANGE, CMP_EQ, NULL, NULL },
		{ "{", TOKEN_OPEN, CMP_EQ, NULL, NULL },
		{ "}", TOKEN_CLOSE, CMP_EQ, NULL, NULL },
		{ "(", TOKEN_LEFT, CMP_EQ, NULL, NULL },
		{ ")", TOKEN_RIGHT, CMP_EQ, NULL, NULL },
		{ ",", TOKEN_COMMA, CMP_EQ, NULL, NULL },
		{ ";", TOKEN_BAD, CMP_EQ, NULL, "leave it out: nothing has to be ended" },
	};
	size_t left = (size_t)(x->end - x->at), n;
	const char *start = x->at;
	char q[QUOTE_TEXT];

	for (size_t i = 0; i < sizeof(sign) / sizeof(sign[0]); i++) {
		n = strlen(sign[i].sign);
		if (n > left || memcmp(x->at, sign[i].sign, n) != 0)
			continue;
		t->kind = sign[i].kind;
		t->cmp = sign[i].cmp;
		t->place = place_of(x, x->at, n);
		x->at += n;
		if (sign[i].word != NULL) {
			t->at = sign[i].word;
			t->n = strlen(sign[i].word);
		}
		if (sign[i].remedy != NULL)
			lang_error(x->l, &t->place, sign[i].remedy,
			    "'%s' is not part of %s", sign[i].sign,
			    language(x));
		return;
	}
	while (x->at < x->end && !is_word(*x->at) &&
	    ((unsigned char)*x->at >= 0x80 ||
		strchr(" \t\r\n#\"'&|=<>!{}(),;", *x->at) == NULL))
		x->at++;
	if (x->at == start)
		x->at++;
	t->kind = TOKEN_BAD;
	t->place = place_of(x, start, (size_t)(x->at - start));
	lang_error(x->l, &t->place,
	    x->at - start >= 3 && memcmp(start, "\xe2\x80", 2) == 0 ?
		"text stands in straight \"double quotes\"" :
		"signs and letters like these stand in \"text\" or comments only",
	    "'%s' is not part of %s", quote(q, start, (size_t)(x->at - start)),
	    language(x));
}

void
lexer_next(struct lexer *x, struct token *t)
{
	for (;;) {
		*t = (struct token){ .kind = TOKEN_END };
		skip_white(x);
		t->first = x->fresh;
		t->place = place_of(x, x->at, 1);
		if (x->at == x->end)
			return;
		x->fresh = false;
		if (x->tokens++ == LANG_TOKENS_MAX) {
			lang_error(x->l, &t->place,
			    "split it; long lists belong in a list file",
			    "the file has more than a million words");
			stop(x);
			continue;
		}
		if (*x->at == '"' || *x->at == '\'') {
			lex_string(x, t, *x->at);
		} else if (x->end - x->at >= 2 &&
		    (memcmp(x->at, "//", 2) == 0 || memcmp(x->at, "/*", 2) == 0)) {
			const char *nl = memchr(x->at, '\n', (size_t)(x->end - x->at));

			t->place.length = 2;
			lang_error(x->l, &t->place, "start the comment with '#'",
			    "'%.2s' is not part of %s", x->at, language(x));
			x->at = nl == NULL ? x->end : nl;
			continue;
		} else if (is_word(*x->at) && !at_pair(x, "->") && !at_pair(x, "..")) {
			lex_run(x, t);
		} else {
			lex_sign(x, t);
			if (t->kind == TOKEN_BAD && x->at[-1] == ';')
				continue;
		}
		return;
	}
}
