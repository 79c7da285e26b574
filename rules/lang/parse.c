/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parse: files to a tree, declaration by declaration. After a mistake it goes on at the
 * next declaration that starts a line.
 */
#include "rules/lang/check.h"
#include "rules/lang/parse.h"

#include <stdio.h>
#include <string.h>

const char *const decl_word[DECL_COUNT] = {
	"home",
	"inventory",
	"list",
	"macro",
	"hearing",
	"tz",
	"rule",
	"except",
	"include",
	"requires",
};

static int
decl_of(const struct token *t)
{
	for (int i = 0; i < DECL_COUNT; i++)
		if (token_is(t, decl_word[i]))
			return i;
	return -1;
}

void
parser_next(struct parser *p)
{
	p->last_line = p->t.place.line;
	lexer_next(&p->lexer, &p->t);
}

bool
parser_word(struct parser *p, const char *word)
{
	if (!token_is(&p->t, word))
		return false;
	parser_next(p);
	return true;
}

bool
parser_expected(struct parser *p, const char *what, const char *remedy)
{
	char q[QUOTE_TEXT];
	const char *raw = p->l->file[p->t.place.file].bytes + p->t.place.line_at +
	    p->t.place.column - 1;

	if (p->t.kind == TOKEN_BAD)
		return false;
	if (p->t.kind == TOKEN_END)
		lang_error(
		    p->l, &p->t.place, remedy, "expected %s, but the file ends", what);
	else if (p->t.kind == TOKEN_STRING)
		lang_error(p->l, &p->t.place, remedy, "expected %s, found the text %s",
		    what, quote(q, raw, p->t.place.length));
	else
		lang_error(p->l, &p->t.place, remedy, "expected %s, found '%s'", what,
		    quote(q, raw, p->t.place.length));
	return false;
}

bool
parser_take(struct parser *p, enum token_kind kind, const char *what)
{
	if (p->t.kind != kind)
		return parser_expected(p, what, NULL);
	parser_next(p);
	return true;
}

bool
parser_at_decl(const struct parser *p)
{
	return p->t.first && p->t.place.column == 1 &&
	    (decl_of(&p->t) != -1 || token_is(&p->t, "default"));
}

struct tree_word
parser_tree_word(struct parser *p)
{
	const struct token *t = &p->t;

	if (t->kind == TOKEN_STRING)
		return (struct tree_word){ t->text, t->place, true };
	return (struct tree_word){ lang_text(p->l, p->l->work, t->at, t->n), t->place,
		false };
}

bool
parser_string(struct parser *p, struct tree_word *out, const char *what)
{
	if (p->t.kind != TOKEN_STRING)
		return parser_expected(p, what,
		    p->t.kind == TOKEN_WORD ? "put it in \"double quotes\"" : NULL);
	*out = parser_tree_word(p);
	parser_next(p);
	return true;
}

bool
parser_name(struct parser *p, struct tree_word *out, const char *what)
{
	if (p->t.kind != TOKEN_WORD || parser_at_decl(p))
		return parser_expected(p, what,
		    p->t.kind == TOKEN_STRING ? "names stand without quotes" : NULL);
	*out = parser_tree_word(p);
	parser_next(p);
	return true;
}

bool
parser_words(struct parser *p, struct tree_word **out, unsigned *n, const char *what)
{
	struct tree_word *list = NULL;
	unsigned cap = 0, used = 0;

	do {
		if (used > 0)
			parser_next(p);
		if (used == cap) {
			struct tree_word *more;

			cap = cap == 0 ? 4 : cap * 2;
			more = lang_alloc(p->l, p->l->work, cap * sizeof(*more));
			if (used > 0)
				memcpy(more, list, used * sizeof(*more));
			list = more;
		}
		if (!parser_name(p, &list[used], what))
			return false;
		used++;
	} while (p->t.kind == TOKEN_COMMA);
	*out = list;
	*n = used;
	return true;
}

static bool
take_equals(struct parser *p, const char *after)
{
	char what[64];

	if (p->t.kind == TOKEN_COMPARE && p->t.cmp == CMP_EQ) {
		parser_next(p);
		return true;
	}
	(void)snprintf(what, sizeof(what), "'=' after %s", after);
	return parser_expected(p, what, NULL);
}

static bool
parse_inventory(struct parser *p, struct decl *d)
{
	if (!parser_name(p, &d->name, "the name 'devices'") ||
	    !take_equals(p, "the inventory's name") ||
	    !parser_name(p, &d->format, "a format (" INVENTORY_FORMAT_NAMES ") or 'none'"))
		return false;
	if (strcmp(d->format.s, "none") == 0)
		return true;
	if (!parser_string(p, &d->path, "the file's name in quotes"))
		return false;
	return !parser_word(p, "key") ||
	    parser_name(p, &d->key, "mac, ip or id after 'key'");
}

static bool
parse_list(struct parser *p, struct decl *d)
{
	if (!parser_name(p, &d->name, "the list's name") ||
	    !take_equals(p, "the list's name"))
		return false;
	if (p->t.kind == TOKEN_OPEN)
		return parser_set(p, false, &d->entry, &d->entry_n);
	if (!parser_word(p, "file"))
		return parser_expected(p, "'file \"NAME\"' or '{ ... }'", NULL);
	return parser_string(p, &d->path, "the file's name in quotes");
}

static bool
parse_macro(struct parser *p, struct decl *d)
{
	return parser_name(p, &d->name, "the macro's name") &&
	    take_equals(p, "the macro's name") && parse_expr(p, &d->expr);
}

static bool
parse_hearing(struct parser *p, struct decl *d)
{
	struct tree_limit **end = &d->limits;

	if (!parser_take(p, TOKEN_OPEN, "'{'"))
		return false;
	while (p->t.kind != TOKEN_CLOSE) {
		struct tree_limit *limit = lang_alloc(p->l, p->l->work, sizeof(*limit));

		if (p->t.kind == TOKEN_END || parser_at_decl(p)) {
			lang_error(
			    p->l, &d->at, "end it with '}'", "'hearing' is not closed");
			d->broken = true;
			return true;
		}
		if (parser_name(p, &limit->word, "the name of a limit or '}'") &&
		    parser_literal(p, &limit->value)) {
			*end = limit;
			end = &limit->next;
			continue;
		}
		d->broken = true;
		/* On with the next line, which is where the next limit most likely is. */
		do
			parser_next(p);
		while (!p->t.first && p->t.kind != TOKEN_CLOSE && p->t.kind != TOKEN_END);
	}
	parser_next(p);
	return true;
}

static bool
parse_except(struct parser *p, struct decl *d)
{
	static const char clauses[] = "device, dest, kind, until, owner or reason";
	struct tree_word *text;
	struct literal *value;
	char remedy[160];

	if (!parser_word(p, "rule"))
		return parser_expected(p, "'rule' after 'except'",
		    "write 'except rule NAME device \"...\" ...'");
	if (!parser_name(p, &d->name, "the rule's name or 'any'"))
		return false;
	for (;;) {
		struct tree_word word = { 0 };

		if (p->t.kind == TOKEN_END || p->t.kind == TOKEN_CLOSE ||
		    (p->t.first && (decl_of(&p->t) != -1 || token_is(&p->t, "default"))))
			return true;
		if (token_is(&p->t, "kind") && d->kind_word.s == NULL) {
			parser_next(p);
			if (!parser_name(p, &d->kind_word, "a kind, like live-audio"))
				return false;
			continue;
		}
		text = token_is(&p->t, "owner") ? &d->owner :
		    token_is(&p->t, "reason")	? &d->reason :
						  NULL;
		value = token_is(&p->t, "device") ? &d->device :
		    token_is(&p->t, "dest")	  ? &d->dest :
		    token_is(&p->t, "until")	  ? &d->until :
						    NULL;
		if (text == NULL && value == NULL && p->t.kind == TOKEN_WORD) {
			static const char *const clause[] = { "device", "dest", "until",
				"owner", "reason", "kind" };
			char q[QUOTE_TEXT];
			struct guess g;

			word = parser_tree_word(p);
			g = guess_start(word.s);
			for (size_t i = 0; i < 6; i++)
				guess_try(&g, clause[i]);
			lang_error(p->l, &word.at,
			    guess_remedy(&g, clauses, remedy, sizeof(remedy)),
			    "exceptions have no '%s'", quote(q, word.s, strlen(word.s)));
			return false;
		}
		if (text == NULL && value == NULL)
			return parser_expected(p, clauses, NULL);
		word = parser_tree_word(p);
		if ((text != NULL && text->s != NULL) ||
		    (value != NULL && value->kind != LITERAL_NONE)) {
			(void)snprintf(
			    remedy, sizeof(remedy), "write one exception for each");
			lang_error(p->l, &word.at, remedy,
			    "the exception has '%s' already", word.s);
			return false;
		}
		parser_next(p);
		if (text != NULL ?
			!parser_string(p, text, "text in quotes") :
			!parser_text(p, value,
			    value == &d->until ? "a date like 2027-03-31" :
				value == &d->device ?
						 "a device, like \"tablet\"" :
						 "a destination, like *.example.net"))
			return false;
	}
}

/* `requires version 0.2`, `requires field way.shared`. */
static bool
parse_requires(struct parser *p, struct decl *d)
{
	if (!parser_name(p, &d->name, "'version' or 'field' after 'requires'"))
		return false;
	if (p->t.kind != TOKEN_WORD && p->t.kind != TOKEN_NUMBER)
		return parser_expected(p, "what is required",
		    "write 'requires version 0.2' or 'requires field way.shared'");
	d->path = (struct tree_word){ lang_text(p->l, p->l->work, p->t.at, p->t.n),
		p->t.place, false };
	parser_next(p);
	return true;
}

static bool
parse_decl(struct parser *p, struct decl *d)
{
	switch (d->kind) {
	case DECL_HOME:
		return parser_set(p, false, &d->entry, &d->entry_n);
	case DECL_INVENTORY:
		return parse_inventory(p, d);
	case DECL_LIST:
		return parse_list(p, d);
	case DECL_MACRO:
		return parse_macro(p, d);
	case DECL_HEARING:
		return parse_hearing(p, d);
	case DECL_TZ:
		if (p->t.kind != TOKEN_STRING)
			return parser_name(p, &d->name, "a time zone, like Europe/Berlin");
		return parser_string(p, &d->name, "a time zone, like Europe/Berlin");
	case DECL_RULE:
		return parse_rule(p, d);
	case DECL_EXCEPT:
		return parse_except(p, d);
	case DECL_INCLUDE:
		return parser_string(p, &d->path, "the file's name in quotes");
	case DECL_REQUIRES:
		return parse_requires(p, d);
	case DECL_COUNT:
		break;
	}
	return false;
}

/* To the next declaration that starts a line and, inside braces, at its first column. */
static void
skip_decl(struct parser *p)
{
	unsigned depth = 0;

	for (; p->t.kind != TOKEN_END; parser_next(p)) {
		if (parser_at_decl(p) ||
		    (depth == 0 && p->t.first &&
			(decl_of(&p->t) != -1 || token_is(&p->t, "default"))))
			return;
		if (p->t.kind == TOKEN_OPEN)
			depth++;
		else if (p->t.kind == TOKEN_CLOSE && depth > 0)
			depth--;
	}
}

static bool
is_settings_word(const struct parser *p, const char *word)
{
	const char *const *s = p->l->o->settings;

	while (s != NULL && *s != NULL && strcmp(*s, word) != 0)
		s++;
	return s != NULL && *s != NULL;
}

static void
not_a_decl(struct parser *p, bool after_default)
{
	static const char all[] =
	    "files hold home, inventory, list, macro, hearing, tz, rule, except, include, "
	    "requires";
	struct tree_word w;
	struct guess g;
	char q[QUOTE_TEXT], remedy[240];

	p->l->incomplete = true;
	if (p->t.kind == TOKEN_CLOSE && !after_default) {
		lang_error(p->l, &p->t.place, NULL, "this '}' closes nothing");
		return;
	}
	if (p->t.kind != TOKEN_WORD) {
		(void)parser_expected(p,
		    after_default ? "a declaration after 'default'" : "a declaration",
		    all);
		return;
	}
	w = parser_tree_word(p);
	g = guess_start(w.s);
	for (unsigned i = 0; i < DECL_COUNT; i++)
		guess_try(&g, decl_word[i]);
	for (unsigned i = 0; i < ITEM_COUNT && !after_default; i++)
		if (token_is(&p->t, rule_item_word[i]))
			g.best = NULL;
	if (is_settings_word(p, w.s)) {
		lang_error(p->l, &w.at, "write it into the file that -c names; rules say "
		    "what is judged", "'%s' is a setting: settings say how the sensor runs",
		    w.s);
		return;
	}
	lang_error(p->l, &w.at,
	    is_item_word(&p->t) ? "is a rule closed too early, by a '}'?" :
				  guess_remedy(&g, all, remedy, sizeof(remedy)),
	    is_item_word(&p->t) ? "'%s' belongs inside a rule" :
				  "nothing is declared by '%s'",
	    quote(q, w.s, strlen(w.s)));
}

static void parse_file(struct parser *p, struct tree *t);

/* "1.2.3" against ours, number by number. */
static bool
is_older(const char *ours, const char *wanted)
{
	for (;;) {
		unsigned long a = 0, b = 0;

		for (; *ours >= '0' && *ours <= '9' && a < 1000000; ours++)
			a = a * 10 + (unsigned long)(*ours - '0');
		for (; *wanted >= '0' && *wanted <= '9' && b < 1000000; wanted++)
			b = b * 10 + (unsigned long)(*wanted - '0');
		if (a != b)
			return a < b;
		if (*wanted != '.')
			return false;
		wanted++;
		ours += *ours == '.';
	}
}

/* What a file wants and this earshot is not: told once, and the rest of it is not read. */
static bool
fulfilled(struct parser *p, const struct decl *d)
{
	char q[QUOTE_TEXT];
	const char *what = d->path.s;

	quote(q, what, strlen(what));
	if (strcmp(d->name.s, "version") == 0) {
		/* The lexer lets no two dots in a row through. */
		if (what[strspn(what, "0123456789.")] != '\0' || what[0] == '.')
			lang_error(p->l, &d->path.at, "write it like 0.2 or 1.4.1",
			    "'%s' is no version", q);
		else if (!is_older(EARSHOT_VERSION, what))
			return true;
		else
			lang_error(p->l, &d->path.at,
			    "upgrade earshot, or take the rules of its own version",
			    "this file needs earshot %s, and this is %s", q,
			    EARSHOT_VERSION);
	} else if (strcmp(d->name.s, "field") == 0) {
		if (field_by_word(what) != FIELD_COUNT_ALL)
			return true;
		lang_error(p->l, &d->path.at,
		    "upgrade earshot; 'earshot rules fields' lists what this one has",
		    "this file needs the field '%s', which this earshot does not have", q);
	} else {
		lang_error(p->l, &d->name.at, "write 'version' or 'field'",
		    "nothing is required by '%s'",
		    quote(q, d->name.s, strlen(d->name.s)));
	}
	p->l->incomplete = true;
	return false;
}

/* The file's bytes, under the name it has for what it names itself. False: told, or it was
 * read before. */
static bool
fetch(struct parser *p, const struct decl *d, struct source_file *out)
{
	struct lang *l = p->l;
	const char *from = l->file[d->at.file].name, *slash = strrchr(from, '/');
	struct fault why = { "nobody reads files here", "" };
	size_t dir = d->path.s[0] == '/' || slash == NULL ? 0 : (size_t)(slash - from) + 1;
	struct span bytes;
	char *name;

	if (p->depth >= LANG_INCLUDES_DEEP || l->files >= l->o->files + LANG_INCLUDES_MAX) {
		lang_error(l, &d->path.at, "does it include itself?",
		    p->depth >= LANG_INCLUDES_DEEP ?
			"files include each other more than %u deep" :
			"more than %u files are included",
		    p->depth >= LANG_INCLUDES_DEEP ? LANG_INCLUDES_DEEP :
						     LANG_INCLUDES_MAX);
		return false;
	}
	name = lang_alloc(l, l->work, dir + strlen(d->path.s) + 1);
	memcpy(name, from, dir);
	memcpy(name + dir, d->path.s, strlen(d->path.s));
	if (l->o->provide == NULL || d->path.s[0] == '\0' ||
	    !l->o->provide(l->o->provide_arg, from, d->path.s, &bytes, &why)) {
		lang_error(l, &d->path.at, why.remedy[0] != '\0' ? why.remedy : NULL,
		    "%.300s", d->path.s[0] == '\0' ? "the file has no name" : why.what);
		return false;
	}
	*out = (struct source_file){ name, (const char *)bytes.at, bytes.left };
	for (unsigned i = 0; i < l->files; i++)
		if (strcmp(l->file[i].name, name) == 0 ||
		    (i >= l->o->files && l->file[i].bytes == out->bytes))
			return false;
	return true;
}

static void
include(struct parser *p, struct tree *t, struct decl *d)
{
	struct lang *l = p->l;
	struct parser inner = { .l = l, .depth = p->depth + 1 };
	struct source_file *file = lang_alloc(l, l->work, (l->files + 1) * sizeof(*file));

	if (!fetch(p, d, &file[l->files]))
		return;
	memcpy(file, l->file, l->files * sizeof(*file));
	l->file = file;
	lexer_start(&inner.lexer, l, l->files++);
	parse_file(&inner, t);
}

static void
parse_file(struct parser *p, struct tree *t)
{
	parser_next(p);
	while (p->t.kind != TOKEN_END) {
		struct place at = p->t.place;
		bool is_default = parser_word(p, "default");
		int kind = decl_of(&p->t);
		struct decl *d;

		if (kind == -1) {
			not_a_decl(p, is_default);
			parser_next(p);
			skip_decl(p);
			continue;
		}
		if (is_default &&
		    (kind == DECL_RULE || kind >= DECL_EXCEPT))
			lang_error(p->l, &at, "leave 'default' out",
			    "only home, inventory, list, macro, hearing and tz can be "
			    "'default', not '%s'",
			    decl_word[kind]);
		d = lang_alloc(p->l, p->l->work, sizeof(*d));
		d->kind = (enum decl_kind)kind;
		d->at = p->t.place;
		d->is_default = is_default;
		parser_next(p);
		if (!parse_decl(p, d)) {
			d->broken = true;
			skip_decl(p);
		}
		d->included = p->depth > 0;
		*t->end = d;
		t->end = &d->next;
		if (d->kind == DECL_REQUIRES && !d->broken && !fulfilled(p, d))
			return;
		if (d->kind == DECL_INCLUDE && !d->broken)
			include(p, t, d);
	}
}

void
tree_parse(struct lang *l, struct tree *t)
{
	*t = (struct tree){ 0 };
	t->end = &t->first;
	for (unsigned i = 0; i < l->o->files; i++) {
		struct parser p = { .l = l };

		lexer_start(&p.lexer, l, i);
		parse_file(&p, t);
	}
}
