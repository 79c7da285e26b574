/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings_parse: settings files, by the rule language's lexer and in the manner of its
 * errors: place, line, caret, remedy; after one it goes on with the next line. Refuses to
 * open a file and to know what a setting is for.
 */
#include "rules/cli/settings_store.h"

#include "rules/lang/parse.h"
#include "rules/lang/value.h"

#include <string.h>

#define WORK_MEMORY ((size_t)64 << 20)

/* One call of this file, with the one exit that memory needs. */
struct reading {
	struct lang l;
	struct settings *s;
	struct parser p;
	const struct setting_info *info;	/* one value... */
	struct given *out;			/* ...goes here */
	bool in_file, good;
	bool seen_in_file[SETTING_COUNT];
	unsigned first_line[SETTING_COUNT];
};

static bool value(struct reading *r, const struct setting_info *i, struct given *g);
static void read_files(struct reading *r);
static void read_one(struct reading *r);
static void block(struct reading *r, struct given *out, bool inside);
static void unknown(struct reading *r, bool inside);
static void sensor_block(struct reading *r, struct place *seen);
static void tell_idle(struct reading *r);

/* True when body ended by itself. */
static bool
guarded(struct reading *r, void (*body)(struct reading *r))
{
	if (setjmp(r->l.no_memory) != 0)
		return false;
	body(r);
	return true;
}

static bool
frame(struct reading *r, const struct compile_options *o, void (*body)(struct reading *r))
{
	bool good = false;

	r->l.o = o;
	r->l.file = o->file;
	r->l.files = o->files;
	r->l.keep = r->s->arena;
	r->l.work = arena_create(WORK_MEMORY);
	if (r->l.work != NULL) {
		r->l.errors = arena_alloc(r->l.work, sizeof(*r->l.errors));
		r->l.warnings = arena_alloc(r->l.work, sizeof(*r->l.warnings));
	}
	if (r->l.work == NULL || r->l.errors == NULL || r->l.warnings == NULL ||
	    !guarded(r, body)) {
		struct diag d = { DIAG_ERROR, o->files > 0 ? o->file[0].name : "", 0, 0,
			0, "settings need more memory than there is", "", "" };

		o->diag(o->diag_arg, &d);
	} else {
		good = r->l.errors->n == 0;
		lang_tell(&r->l);
	}
	arena_destroy(r->l.work);
	return good;
}

/* ---- one value, from a command line ---- */

static void
keep_first(void *arg, const struct diag *d)
{
	struct fault *why = arg;

	if (why->what[0] == '\0')
		(void)fault_set(why, d->remedy[0] == '\0' ? NULL : d->remedy, "%s",
		    d->what);
}

int
settings_value(struct settings *s, const struct setting_info *i, const char *text,
    struct given *out, struct fault *why)
{
	struct source_file file = { "", text, strlen(text) };
	struct fault first = { "", "" };
	struct compile_options o = { .file = &file, .files = 1, .diag = keep_first,
		.diag_arg = &first, .language = "settings" };
	struct reading r = { .s = s, .info = i, .out = out };

	if (frame(&r, &o, read_one))
		return 0;
	*why = first;
	return -1;
}

static void
read_one(struct reading *r)
{
	r->p = (struct parser){ .l = &r->l };
	lexer_start(&r->p.lexer, &r->l, 0);
	parser_next(&r->p);
	if (value(r, r->info, r->out) && r->p.t.kind != TOKEN_END)
		(void)parser_expected(&r->p, "the end of the value", NULL);
}

/* ---- files ---- */

bool
settings_files(struct settings *s, const struct source_file *file, unsigned n,
    diag_fn *diag, void *arg)
{
	struct compile_options o = { .file = file, .files = n, .diag = diag,
		.diag_arg = arg, .language = "settings" };
	struct reading r = { .s = s, .in_file = true };

	return n == 0 || frame(&r, &o, read_files);
}

static void
read_files(struct reading *r)
{
	for (unsigned i = 0; i < r->l.o->files; i++) {
		struct place seen[SETTINGS_SENSORS] = { { 0 } };

		r->p = (struct parser){ .l = &r->l };
		memset(r->seen_in_file, 0, sizeof(r->seen_in_file));
		lexer_start(&r->p.lexer, &r->l, i);
		parser_next(&r->p);
		while (r->p.t.kind != TOKEN_END) {
			if (token_is(&r->p.t, "sensor"))
				sensor_block(r, seen);
			else
				block(r, r->s->common, false);
		}
	}
	if (r->l.errors->n == 0 && !r->l.incomplete)
		tell_idle(r);
}

/* To where the next setting most likely is: the next line, or what ends the block; behind
 * a block of another language or with a name nobody knows. */
static void
skip(struct reading *r, unsigned depth)
{
	while (r->p.t.kind != TOKEN_END) {
		depth += r->p.t.kind == TOKEN_OPEN;
		if (r->p.t.kind == TOKEN_CLOSE && depth > 0)
			depth--;
		parser_next(&r->p);
		if (depth == 0 && (r->p.t.first || r->p.t.kind == TOKEN_CLOSE))
			return;
		/* What begins a line at its first column is in no block. */
		if (r->p.t.first && r->p.t.place.column == 1 &&
		    r->p.t.kind != TOKEN_CLOSE)
			return;
	}
}

static void
skip_line(struct reading *r)
{
	skip(r, 0);
}

/* "name", not yet in this file; NULL: told. */
static struct sensor_part *
sensor_named(struct reading *r, const struct literal *name, struct place *seen)
{
	struct settings *s = r->s;
	char q[QUOTE_TEXT];
	unsigned i = 0;

	if (!settings_name_ok(name->text)) {
		lang_error(&r->l, &name->at,
		    "letters, digits, dot, dash and underscore, up to 64, and a letter "
		    "or digit first", "no sensor can be called '%s'",
		    quote(q, name->text, strlen(name->text)));
		return NULL;
	}
	while (i < s->sensors && strcmp(s->sensor[i]->name, name->text) != 0)
		i++;
	if (i < s->sensors && seen[i].line > 0) {
		lang_error(&r->l, &name->at, "put both into one block",
		    "this file has a sensor '%s' already, in line %u", name->text,
		    seen[i].line);
		return NULL;
	}
	if (i == SETTINGS_SENSORS) {
		lang_error(&r->l, &name->at, "run the others from a file of their own",
		    "more than %d sensors", SETTINGS_SENSORS);
		return NULL;
	}
	if (i == s->sensors) {
		s->sensor[i] = lang_alloc(&r->l, s->arena, sizeof(*s->sensor[i]));
		s->sensor[i]->name = lang_text(&r->l, s->arena, name->text,
		    strlen(name->text));
		s->sensors++;
	}
	seen[i] = name->at;
	return s->sensor[i];
}

static void
sensor_block(struct reading *r, struct place *seen)
{
	struct place at = r->p.t.place;
	bool outer[SETTING_COUNT];
	unsigned outer_line[SETTING_COUNT];
	struct sensor_part *part;
	struct literal name;

	if ((r->s->whose & FOR_READ) != 0)
		lang_error(&r->l, &at, "it reads captures: leave 'sensor' out, or use "
		    "'earshot run'", "'sensor' does nothing in 'read'");
	parser_next(&r->p);
	if (!parser_text(&r->p, &name, "the sensor's name")) {
		skip_line(r);
		return;
	}
	part = sensor_named(r, &name, seen);
	if (!parser_take(&r->p, TOKEN_OPEN, "'{' after the sensor's name")) {
		skip_line(r);
		return;
	}
	if (part == NULL) {
		skip(r, 1);
		return;
	}
	memcpy(outer, r->seen_in_file, sizeof(outer));
	memcpy(outer_line, r->first_line, sizeof(outer_line));
	memset(r->seen_in_file, 0, sizeof(r->seen_in_file));
	while (r->p.t.kind != TOKEN_CLOSE && r->p.t.kind != TOKEN_END) {
		/* At the first column a sensor begins, and this one was not closed. */
		if (token_is(&r->p.t, "sensor") && r->p.t.place.column == 1)
			break;
		block(r, part->own, true);
	}
	if (r->p.t.kind == TOKEN_CLOSE)
		parser_next(&r->p);
	else
		lang_error(&r->l, &at, "end it with '}'", "sensor '%s' is not closed",
		    part->name);
	memcpy(r->seen_in_file, outer, sizeof(outer));
	memcpy(r->first_line, outer_line, sizeof(outer_line));
}

/* One setting. Afterwards the next one is in hand. */
static void
block(struct reading *r, struct given *out, bool inside)
{
	const struct setting_info *i = NULL;
	struct place at = r->p.t.place;
	struct given g = { 0 };
	unsigned n;

	if (r->p.t.kind == TOKEN_WORD)
		i = setting_find(r->p.t.at, r->p.t.n);
	if (i == NULL || (i->whose & NO_FILE) != 0) {
		unknown(r, inside);
		skip_line(r);
		return;
	}
	n = (unsigned)(i - setting_info);
	if ((i->whose & ((r->s->whose & FOR_READ) != 0 ? FOR_READ : FOR_RUN)) == 0) {
		lang_error(&r->l, &at, "leave it out here, or use 'earshot run'",
		    "'%s' does nothing in '%s'", i->word,
		    (r->s->whose & FOR_READ) != 0 ? "read" : "run");
		skip_line(r);
		return;
	}
	if (inside && ((i->whose & ONCE) != 0 || i->id == SETTING_NAME)) {
		lang_error(&r->l, &at, i->id == SETTING_NAME ?
		    "the sensor is called what stands behind 'sensor'" :
		    "it is about the whole program: put it before the sensors",
		    "'%s' does nothing inside a sensor", i->word);
		skip_line(r);
		return;
	}
	if (r->seen_in_file[n]) {
		lang_error(&r->l, &at, i->form.type >= SETTING_NAMES ?
		    "several stand behind one word, with commas between them" :
		    "leave one of them out", "'%s' was set already, in line %u", i->word,
		    r->first_line[n]);
		skip_line(r);
		return;
	}
	r->seen_in_file[n] = true;
	r->first_line[n] = at.line;
	parser_next(&r->p);
	/* As in --set. */
	if (r->p.t.kind == TOKEN_COMPARE && r->p.t.cmp == CMP_EQ) {
		lang_error(&r->l, &r->p.t.place, "leave it out: the value follows its "
		    "word", "settings have no '='");
		skip_line(r);
		return;
	}
	if (!value(r, i, &g)) {
		/* The parser stands behind what was wrong, or on it. */
		if (!r->p.t.first && r->p.t.kind != TOKEN_CLOSE)
			skip_line(r);
		return;
	}
	g.from = FROM_FILE;
	g.at = at;
	g.file = lang_text(&r->l, r->s->arena, r->l.o->file[at.file].name,
	    strlen(r->l.o->file[at.file].name));
	out[n] = g;
}

static bool
is_rule_word(const struct token *t)
{
	for (int i = 0; i < DECL_COUNT; i++)
		if (token_is(t, decl_word[i]))
			return true;
	return token_is(t, "default") || token_is(t, "known") || is_item_word(t);
}

static void
unknown(struct reading *r, bool inside)
{
	const char *all = r->p.t.first || inside ? "'earshot settings' lists them" :
	    "if it belongs to the value before it, put that in \"quotes\"";
	const struct setting_info *i;
	char remedy[200], q[QUOTE_TEXT];
	struct tree_word w;
	struct guess g;

	if (r->p.t.kind != TOKEN_WORD) {
		if (r->p.t.kind == TOKEN_CLOSE)
			lang_error(&r->l, &r->p.t.place, NULL, "this '}' closes nothing");
		else
			(void)parser_expected(&r->p, inside ? "a setting or '}'" :
			    "a setting or 'sensor'", all);
		return;
	}
	w = parser_tree_word(&r->p);
	i = setting_find(w.s, strlen(w.s));
	if (is_rule_word(&r->p.t)) {
		lang_error(&r->l, &w.at,
		    "write it into a .rules file, and name that here: rules \"PATH\"",
		    "'%s' is a word of the rule language: settings say how the sensor "
		    "runs, rules what is judged", w.s);
		return;
	}
	if (i != NULL) {
		lang_error(&r->l, &w.at, "give it on the command line",
		    "'%s' is about one call, not about a sensor", w.s);
		return;
	}
	if (token_is(&r->p.t, "sensor")) {
		lang_error(&r->l, &w.at, "close the first one with '}'",
		    "a sensor holds no other");
		return;
	}
	g = guess_start(w.s);
	for (unsigned n = 0; n < SETTING_COUNT; n++)
		if ((setting_info[n].whose & NO_FILE) == 0)
			guess_try(&g, setting_info[n].word);
	if (!inside)
		guess_try(&g, "sensor");
	lang_error(&r->l, &w.at, guess_remedy(&g, all, remedy, sizeof(remedy)),
	    "there is no setting '%s'", quote(q, w.s, strlen(w.s)));
}

/* ---- values ---- */

static bool
words_value(struct reading *r, const struct setting_info *i, const char *words,
    struct given *g)
{
	char one[64], remedy[200], all[160] = "", q[QUOTE_TEXT];
	const char *bar;
	struct tree_word w;
	struct guess guess;
	size_t n = 0;

	for (const char *at = words; *at != '\0'; at = *bar == '|' ? bar + 1 : bar) {
		bar = at + strcspn(at, "|");
		if (n < sizeof(all) - 40)
			n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%.*s",
			    at == words ? "" : *bar == '|' ? ", " : " or ",
			    bar - at > 30 ? 30 : (int)(bar - at), at);
	}
	if (r->p.t.kind != TOKEN_WORD && r->p.t.kind != TOKEN_STRING)
		return parser_expected(&r->p, all, NULL);
	w = parser_tree_word(&r->p);
	guess = guess_start(w.s);
	g->number = 1;
	for (const char *at = words; *at != '\0'; at = *bar == '|' ? bar + 1 : bar) {
		bar = at + strcspn(at, "|");
		(void)snprintf(one, sizeof(one), "%.*s", (int)(bar - at), at);
		if (strcmp(one, w.s) == 0) {
			parser_next(&r->p);
			return true;
		}
		guess_try(&guess, one);
		/* It points into `one`, which changes. */
		if (guess.best == one)
			guess.best = lang_text(&r->l, r->l.work, one, strlen(one));
		g->number++;
	}
	lang_error(&r->l, &w.at, guess_remedy(&guess, NULL, remedy, sizeof(remedy)),
	    "'%s' is %s, not '%s'", i->word, all, quote(q, w.s, strlen(w.s)));
	return false;
}

static bool
number_value(struct reading *r, const struct setting_info *i, struct given *g)
{
	struct target t = { .word = i->word, .unit = "" };
	struct literal v;
	struct value out;
	char low[QUOTE_TEXT], high[QUOTE_TEXT], q[QUOTE_TEXT];

	t.type = i->form.type == SETTING_BYTES ? FIELD_BYTES :
	    i->form.type == SETTING_DURATION ? FIELD_DURATION : FIELD_COUNT;
	if (!parser_literal(&r->p, &v) || !value_of(&r->l, &t, &v, &out))
		return false;
	g->number = t.type == FIELD_DURATION ? (uint64_t)out.i : out.u;
	if (g->number >= i->form.low && g->number <= i->form.high)
		return true;
	lang_error(&r->l, &v.at, g->number < i->form.low ? "give it more" :
	    "give it less", "'%s' goes from %s to %s, and not to '%s'", i->word,
	    setting_number_text(i, i->form.low, low),
	    setting_number_text(i, i->form.high, high), literal_quote(&v, q));
	return false;
}

static bool
text_value(struct reading *r, const struct setting_info *i, struct given *g)
{
	struct fault why = { "", "" };
	struct literal v;
	bool many = i->form.type == SETTING_NAMES || i->form.type == SETTING_PATHS ||
	    i->form.type == SETTING_SINKS;
	char what[80];

	(void)snprintf(what, sizeof(what), "%s's value in quotes", i->word);
	for (;;) {
		if (!parser_text(&r->p, &v, what))
			return false;
		if (setting_text_ok(i, v.text, r->in_file, &why) == -1) {
			lang_error(&r->l, &v.at, why.remedy, "%s", why.what);
			return false;
		}
		if (given_add(r->s, g, lang_text(&r->l, r->s->arena, v.text,
		    strlen(v.text))) == -1)
			lang_no_memory(&r->l);
		if (r->p.t.kind != TOKEN_COMMA)
			return true;
		if (!many) {
			lang_error(&r->l, &r->p.t.place, "leave the others out",
			    "'%s' takes one value", i->word);
			return false;
		}
		if ((i->form.type == SETTING_PATHS || i->form.type == SETTING_SINKS) &&
		    g->n == i->form.high) {
			lang_error(&r->l, &r->p.t.place, "at most so many",
			    "'%s' takes %u values", i->word, (unsigned)i->form.high);
			return false;
		}
		parser_next(&r->p);
	}
}

static bool
value(struct reading *r, const struct setting_info *i, struct given *g)
{
	switch (i->form.type) {
	case SETTING_SWITCH:
		if (!words_value(r, i, "off|on", g))
			return false;
		g->number--;
		return true;
	case SETTING_CHOICE:
		return words_value(r, i, i->form.words, g);
	case SETTING_NUMBER:
	case SETTING_BYTES:
	case SETTING_DURATION:
		return number_value(r, i, g);
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_NAMED:
	case SETTING_NAMES:
	case SETTING_PATHS:
	case SETTING_SINKS:
		return text_value(r, i, g);
	case SETTING_TIMES:
	case SETTING_ACTION:
		break;
	}
	return parser_expected(&r->p, "nothing", NULL);
}

/* ---- what does nothing ---- */

static void
tell_idle_one(struct reading *r, const struct setting_info *i, const struct given *g,
    bool common)
{
	static const char *const idle[] = {
#define X(id, why) why,
		SETTING_NEEDS(X)
#undef X
	};

	if (g->from != FROM_FILE || g->lives)
		return;
	if (common && r->s->sensors > 0 && i->id == SETTING_NAME)
		lang_error(&r->l, &g->at, "leave it out",
		    "'name' does nothing: each sensor has its own, behind 'sensor'");
	else if (common && settings_replaced(r->s, i))
		lang_error(&r->l, &g->at, "leave it out",
		    "'%s' does nothing: every sensor has its own", i->word);
	else
		lang_error(&r->l, &g->at, "leave it out, or change the other",
		    "'%s' does nothing: %s", i->word, idle[i->needs]);
}

static void
tell_idle(struct reading *r)
{
	settings_mark(r->s);
	for (unsigned n = 0; n < SETTING_COUNT; n++) {
		tell_idle_one(r, &setting_info[n], &r->s->common[n], true);
		for (unsigned k = 0; k < r->s->sensors; k++)
			tell_idle_one(r, &setting_info[n], &r->s->sensor[k]->own[n],
			    false);
	}
}
