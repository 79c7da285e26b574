/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diag: problems, collected, sorted by their place, told, and printed for a person: the
 * place, the sentence, the line, a caret under the whole token, the remedy. Text that
 * came from a file is made printable before it is quoted: a rule file must not speak to a
 * terminal.
 */
#include "rules/lang/lang.h"

#include <stdarg.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 100 /* bytes of a source line that are shown */
#define GUESS_LEN 64

static bool
continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t character(const unsigned char *s, size_t n);

struct out {
	char *buf;
	size_t size, n;
};

static void
put(struct out *o, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++, o->n++)
		if (o->n + 1 < o->size)
			o->buf[o->n] = s[i];
}

__attribute__((format(printf, 2, 3))) static void
put_format(struct out *o, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n > 0)
		put(o, buf, (size_t)n < sizeof(buf) ? (size_t)n : sizeof(buf) - 1);
}

/* Bytes of the next character of a source line; whether a terminal may have it. C1
 * controls (U+0080..U+009F) command it as C0 does. */
static size_t
shown(const char *s, size_t n, bool *plain)
{
	unsigned char c = n > 0 ? (unsigned char)s[0] : '?';
	size_t len = n > 0 ? character((const unsigned char *)s, n) : 1;

	*plain = len > 0 && (c >= ' ' || c == '\t') && c != 0x7f &&
	    !(c == 0xc2 && len == 2 && (unsigned char)s[1] < 0xa0);
	return len == 0 ? 1 : len;
}

/* The piece of the line around the caret, and the caret under it. */
static void
put_source(struct out *o, const struct diag *d)
{
	size_t len = strlen(d->source), at = d->column - 1, from = 0, to = len, i, step;
	bool cut_left, cut_right, plain;

	if (at > len)
		at = len;
	if (len > SHOWN) {
		from = at > SHOWN / 2 ? at - SHOWN / 2 : 0;
		to = from + SHOWN < len ? from + SHOWN : len;
		while (from > 0 && continues(d->source[from]))
			from--;
		while (to < len && continues(d->source[to]))
			to++;
	}
	cut_left = from > 0;
	cut_right = to < len;
	put_format(o, "%5u | %s", d->line, cut_left ? "..." : "");
	for (i = from; i < to; i += step) {
		step = shown(d->source + i, to - i, &plain);
		put(o, plain ? d->source + i : "?", plain ? step : 1);
	}
	put_format(o, "%s\n      | %s", cut_right ? "..." : "", cut_left ? "   " : "");
	for (i = from; i < at; i += step) {
		step = shown(d->source + i, at - i, &plain);
		put(o, d->source[i] == '\t' ? "\t" : " ", 1);
	}
	put(o, "^", 1);
	for (i = at + shown(d->source + at, len - at, &plain);
	     i < at + d->length && i < to; i += shown(d->source + i, to - i, &plain))
		put(o, "~", 1);
	put(o, "\n", 1);
}

size_t
diag_print(const struct diag *d, char *buf, size_t size)
{
	struct out o = { buf, size, 0 };
	size_t step;
	bool plain;

	/* Whoever named the file may have meant it for the terminal. */
	for (const char *s = d->file; *s != '\0'; s += step) {
		step = shown(s, strlen(s), &plain);
		put(&o, plain ? s : "?", plain ? step : 1);
	}
	put(&o, ":", 1);
	if (d->line > 0)
		put_format(&o, "%u:%u:", d->line, d->column);
	put_format(
	    &o, " %s: %s\n", d->level == DIAG_ERROR ? "error" : "warning", d->what);
	if (d->line > 0 && d->column > 0 && d->source[0] != '\0')
		put_source(&o, d);
	if (d->remedy[0] != '\0')
		put_format(&o, "      = %s\n", d->remedy);
	if (size > 0)
		buf[o.n < size ? o.n : size - 1] = '\0';
	return o.n;
}

static struct problem *
problem_add(struct problems *list)
{
	if (list->n == LANG_PROBLEMS) {
		list->more = true;
		return NULL;
	}
	return &list->p[list->n++];
}

static size_t
line_length(const char *at, size_t left)
{
	const char *nl = memchr(at, '\n', left);
	size_t n = nl == NULL ? left : (size_t)(nl - at);

	while (n > 0 && at[n - 1] == '\r')
		n--;
	return n;
}

__attribute__((format(printf, 5, 0))) static void
problem_at(struct lang *l, enum diag_level level, const struct place *at,
    const char *remedy, const char *fmt, va_list ap)
{
	struct problem *p = problem_add(level == DIAG_ERROR ? l->errors : l->warnings);
	const struct source_file *f = &l->file[at->file];

	if (p == NULL)
		return;
	p->level = level;
	p->order = at->file;
	p->file = f->name;
	p->line = at->line;
	p->column = at->column;
	p->length = at->length;
	if (at->line > 0 && at->line_at <= f->len) {
		p->source = f->bytes + at->line_at;
		p->source_n = line_length(p->source, f->len - at->line_at);
	}
	(void)vsnprintf(p->what, sizeof(p->what), fmt, ap);
	(void)snprintf(p->remedy, sizeof(p->remedy), "%s", remedy == NULL ? "" : remedy);
}

void
lang_error(
    struct lang *l, const struct place *at, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_at(l, DIAG_ERROR, at, remedy, fmt, ap);
	va_end(ap);
}

void
lang_warning(
    struct lang *l, const struct place *at, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_at(l, DIAG_WARNING, at, remedy, fmt, ap);
	va_end(ap);
}

void
lang_foreign(struct lang *l, enum diag_level level, const char *file, struct span bytes,
    unsigned line, unsigned column, const char *what, const char *remedy)
{
	struct problem *p = problem_add(level == DIAG_ERROR ? l->errors : l->warnings);
	const char *at = (const char *)bytes.at, *nl;
	size_t left = bytes.left;

	if (p == NULL)
		return;
	p->level = level;
	p->order = UINT_MAX;
	p->file = file;
	p->line = line;
	p->column = column;
	p->length = 1;
	(void)snprintf(p->what, sizeof(p->what), "%s", what);
	(void)snprintf(p->remedy, sizeof(p->remedy), "%s", remedy == NULL ? "" : remedy);
	for (unsigned i = 1; i < line; i++) {
		if (left == 0 || (nl = memchr(at, '\n', left)) == NULL)
			return;
		left -= (size_t)(nl + 1 - at);
		at = nl + 1;
	}
	if (line > 0 && left > 0) {
		p->source = at;
		p->source_n = line_length(at, left);
	}
}

static int
problem_order(const void *va, const void *vb)
{
	const struct problem *a = va, *b = vb;
	int c;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if ((c = strcmp(a->file, b->file)) != 0)
		return c;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return strcmp(a->what, b->what);
}

static void
tell(struct lang *l, struct problems *list, const char *more)
{
	struct diag d = { 0 };

	qsort(list->p, list->n, sizeof(list->p[0]), problem_order);
	for (unsigned i = 0; i < list->n && l->o->diag != NULL; i++) {
		const struct problem *p = &list->p[i];
		/* A line cannot be shown when it does not fit into what memory is left.
		 */
		const char *line = p->source == NULL ?
		    NULL :
		    arena_text(l->work, p->source, p->source_n);

		d = (struct diag){ p->level, p->file, p->line, p->column, p->length,
			p->what, p->remedy, line == NULL ? "" : line };
		l->o->diag(l->o->diag_arg, &d);
	}
	if (list->more && l->o->diag != NULL) {
		d = (struct diag){ d.level, d.file, 0, 0, 0, more, "", "" };
		l->o->diag(l->o->diag_arg, &d);
	}
}

void
lang_tell(struct lang *l)
{
	if (l->errors->n > 0)
		tell(l, l->errors, "more errors follow");
	else
		tell(l, l->warnings, "more warnings follow");
}

/* Bytes of the character that starts here; 0 when it is not valid UTF-8 (RFC 3629). */
static size_t
character(const unsigned char *s, size_t n)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80	? 1 :
	    s[0] >= 0xf0 && s[0] < 0xf5 ? 4 :
	    s[0] >= 0xe0		? 3 :
	    s[0] >= 0xc2		? 2 :
					  0;
	unsigned v;

	if (len == 1)
		return 1;
	if (len == 0 || len > n || s[0] >= 0xf5)
		return 0;
	v = s[0] & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3fU);
	}
	return v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? 0 : len;
}

const char *
quote(char buf[QUOTE_TEXT], const char *s, size_t n)
{
	size_t out = 0, i = 0, len;

	while (i < n && out < QUOTE_TEXT - 8) {
		unsigned char c = (unsigned char)s[i];

		len = character((const unsigned char *)s + i, n - i);
		/* C1 controls (U+0080..U+009F) command a terminal as C0 does. */
		if (len == 0 || c < ' ' || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)) {
			buf[out++] = '?';
			i += len == 0 ? 1 : len;
			continue;
		}
		memcpy(buf + out, s + i, len);
		out += len;
		i += len;
	}
	if (i < n) {
		memcpy(buf + out, "...", 3);
		out += 3;
	}
	buf[out] = '\0';
	return buf;
}

struct guess
guess_start(const char *wrong)
{
	struct guess g = { .wrong = wrong, .wrong_n = strlen(wrong) };

	/* One slip in three letters is a slip; more is another word. */
	g.distance = (unsigned)(g.wrong_n / 3 + 1);
	if (g.distance > 3)
		g.distance = 3;
	g.distance++;
	return g;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Optimal string alignment (Damerau, 1964), letters without case, over three rows. */
static unsigned
edit_distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned char row[3][GUESS_LEN + 1];

	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned char *now = row[i % 3], *up = row[(i - 1) % 3];
		unsigned char *before = row[(i + 1) % 3];

		now[0] = (unsigned char)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned same = lower(a[i - 1]) == lower(b[j - 1]);
			unsigned v = up[j - 1] + (same ? 0U : 1U);

			if (up[j] + 1U < v)
				v = up[j] + 1U;
			if (now[j - 1] + 1U < v)
				v = now[j - 1] + 1U;
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1U < v)
				v = before[j - 2] + 1U;
			now[j] = (unsigned char)v;
		}
	}
	return row[n % 3][m];
}

void
guess_try(struct guess *g, const char *candidate)
{
	size_t n = strlen(candidate);
	const char *dot = strrchr(candidate, '.');
	const char *wrong_dot = strrchr(g->wrong, '.');
	unsigned d;

	if (g->wrong_n == 0 || g->wrong_n > GUESS_LEN || n > GUESS_LEN)
		return;
	d = edit_distance(g->wrong, g->wrong_n, candidate, n);
	/* `sni` for `tls.sni`, `flow.upload` for `upload`: the end is right. */
	if (d > 1 &&
	    ((dot != NULL && strcmp(dot + 1, g->wrong) == 0) ||
		(wrong_dot != NULL && strcmp(wrong_dot + 1, candidate) == 0)))
		d = 1;
	else if (d * 2 >= (n > g->wrong_n ? n : g->wrong_n))
		return; /* half the letters differ: another word */
	if (d < g->distance) {
		g->distance = d;
		g->best = candidate;
	}
}

const char *
guess_remedy(const struct guess *g, const char *otherwise, char *buf, size_t size)
{
	char q[QUOTE_TEXT];

	if (g->best != NULL)
		(void)snprintf(
		    buf, size, "did you mean '%s'?", quote(q, g->best, strlen(g->best)));
	else
		(void)snprintf(buf, size, "%s", otherwise == NULL ? "" : otherwise);
	return buf;
}
