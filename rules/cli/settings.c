/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings: the layers, which of them holds, what that makes of struct launch_options,
 * and their print. Refuses to read a file and to parse one (settings_parse.c). */
#include "rules/cli/settings_store.h"

#include "rules/lang/value.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY ((size_t)64 << 20)
#define DUMP_COLUMN 40

const struct setting_info setting_info[] = {
#define X(id, word, letter, arg, form, initial, example, whose, needs, help) \
	{ SETTING_##id, word, letter, arg, form, initial, example, whose, needs, help },
	SETTINGS(X)
#undef X
};

static const char *const idle_because[] = {
#define X(id, why) why,
	SETTING_NEEDS(X)
#undef X
};

const struct setting_info *
setting_find(const char *word, size_t n)
{
	for (unsigned i = 0; i < SETTING_COUNT; i++)
		if (strlen(setting_info[i].word) == n &&
		    memcmp(setting_info[i].word, word, n) == 0)
			return &setting_info[i];
	return NULL;
}

static unsigned
number_of(enum setting_id id)
{
	return (unsigned)id - SETTING_BEFORE - 1;
}

struct settings *
settings_create(unsigned whose)
{
	struct arena *a = arena_create(MEMORY);
	struct settings *s = a == NULL ? NULL : arena_alloc(a, sizeof(*s));
	struct fault why;

	if (s == NULL) {
		arena_destroy(a);
		return NULL;
	}
	s->arena = a;
	s->whose = whose;
	for (unsigned i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *info = &setting_info[i];

		/* No sink at all is standard output: see launch.h. */
		if (info->initial[0] == '\0' || info->form.type == SETTING_SINKS)
			continue;
		if (settings_value(s, info, info->initial, &s->initial[i], &why) == -1) {
			/* The table is wrong: the tests read it through once. */
			settings_destroy(s);
			return NULL;
		}
		s->initial[i].from = FROM_DEFAULT;
	}
	return s;
}

void
settings_destroy(struct settings *s)
{
	if (s != NULL)
		arena_destroy(s->arena);
}

bool
settings_name_ok(const char *name)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return name[0] != '\0' && strchr(first, name[0]) != NULL && n <= 64 &&
	    name[n] == '\0';
}

int
given_add(struct settings *s, struct given *g, const char *text)
{
	const char **more;

	/* 0, 1, 2, 4, 8...: room for as many as there are. */
	if ((g->n & (g->n - 1)) == 0) {
		more = arena_alloc(s->arena,
		    (g->n == 0 ? 1 : (size_t)g->n * 2) * sizeof(*more));
		if (more == NULL)
			return -1;
		if (g->n > 0)
			memcpy(more, g->text, g->n * sizeof(*more));
		g->text = more;
	}
	g->text[g->n++] = text;
	return 0;
}

/* ---- values ---- */

int
setting_text_ok(const struct setting_info *i, const char *text, bool in_file,
    struct fault *why)
{
	static const char absolute[] =
	    "write the whole path, from '/': a service runs in a folder of its own";
	struct sink_spec sink;
	char q[QUOTE_TEXT];
	const char *path;

	(void)quote(q, text, strlen(text));
	if (text[0] == '\0')
		return fault_set(why, "leave it out", "'%s' is empty", i->word);
	switch (i->form.type) {
	case SETTING_PATH:
	case SETTING_PATHS:
		if (in_file && text[0] != '/')
			return fault_set(why, absolute,
			    "'%s' is '%s', which does not begin with '/'", i->word, q);
		return 0;
	case SETTING_NAMED:
		if (!settings_name_ok(text))
			return fault_set(why, "letters, digits, dot, dash and "
			    "underscore, up to 64, and a letter or digit first",
			    "cannot call this sensor '%s'", q);
		return 0;
	case SETTING_NAMES:
		if (strchr(text, ',') != NULL && in_file)
			return fault_set(why, "write \"eth0\", \"eth1\"",
			    "'%s' holds '%s', which has a comma in it", i->word, q);
		return 0;
	case SETTING_SINKS:
		if (sink_parse(text, &sink, why) == -1)
			return -1;
		path = sink_path_at(text) > 0 ? text + sink_path_at(text) : "/";
		if (in_file && path[0] != '/')
			return fault_set(why, absolute,
			    "the path of the output '%s' does not begin with '/'", q);
		return 0;
	default:
		return 0;
	}
}

static bool
is_text(const struct setting_info *i)
{
	switch (i->form.type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_NAMED:
	case SETTING_NAMES:
	case SETTING_PATHS:
	case SETTING_SINKS:
		return true;
	default:
		return false;
	}
}

/* As it stands on a command line, without quotes. NAMES are split at commas. */
static int
plain_text(struct settings *s, const struct setting_info *i, const char *text,
    struct given *g, struct fault *why)
{
	size_t n;

	for (;;) {
		n = i->form.type == SETTING_NAMES ? strcspn(text, ",") : strlen(text);
		if (setting_text_ok(i, arena_text(s->arena, text, n), false, why) == -1)
			return -1;
		if ((i->form.type == SETTING_PATHS || i->form.type == SETTING_SINKS) &&
		    g->n == i->form.high)
			return fault_set(why, i->form.type == SETTING_PATHS ?
			    "give a folder, or do it in parts" : "at most eight",
			    "'%s' is one too many (%u at most)", text,
			    (unsigned)i->form.high);
		if (given_add(s, g, arena_text(s->arena, text, n)) == -1)
			return fault_set(why, NULL, "not enough memory");
		if (text[n] == '\0')
			return 0;
		text += n + 1;
	}
}

int
settings_option(struct settings *s, enum setting_id id, const char *arg,
    struct fault *why)
{
	const struct setting_info *i = &setting_info[number_of(id)];
	struct given *g = &s->option[number_of(id)];

	switch (i->form.type) {
	case SETTING_SWITCH:
		g->number = 1;
		break;
	case SETTING_TIMES:
		g->number++;
		break;
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_NAMED:
		g->n = 0;
		/* fallthrough */
	case SETTING_NAMES:
	case SETTING_PATHS:
	case SETTING_SINKS:
		if (plain_text(s, i, arg, g, why) == -1)
			return -1;
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
	case SETTING_DURATION:
	case SETTING_CHOICE:
		if (settings_value(s, i, arg, g, why) == -1)
			return -1;
		break;
	case SETTING_ACTION:
		return 0;
	}
	g->from = FROM_OPTION;
	return 0;
}

int
settings_set(struct settings *s, const char *text, struct fault *why)
{
	const char *equals = strchr(text, '=');
	const struct setting_info *i;
	struct given g = { 0 };
	char word[64], remedy[200];
	struct guess guess;
	size_t n;

	if (equals == NULL)
		return fault_set(why, "--set word=value", "'%s' sets nothing", text);
	for (n = (size_t)(equals - text); n > 0 && text[n - 1] == ' ';)
		n--;
	i = setting_find(text, n);
	if (i == NULL || (i->whose & NO_FILE) != 0) {
		(void)snprintf(word, sizeof(word), "%.*s", (int)(n < 60 ? n : 60), text);
		guess = guess_start(word);
		for (unsigned k = 0; k < SETTING_COUNT; k++)
			if ((setting_info[k].whose & NO_FILE) == 0)
				guess_try(&guess, setting_info[k].word);
		return fault_set(why, i != NULL ? "give it as an option" :
		    guess_remedy(&guess, "'earshot settings' lists them", remedy,
		    sizeof(remedy)), "there is no setting '%s'", word);
	}
	if ((i->whose & s->whose) == 0)
		return fault_set(why, "leave it out", "'%s' does nothing here", i->word);
	for (equals++; *equals == ' ';)
		equals++;
	if (is_text(i) && *equals != '"') {
		if (plain_text(s, i, equals, &g, why) == -1)
			return -1;
	} else if (settings_value(s, i, equals, &g, why) == -1) {
		return -1;
	}
	g.from = FROM_SET;
	s->set[number_of(i->id)] = g;
	return 0;
}

void
settings_pick(struct settings *s, const char *name)
{
	s->pick = name;
}

void
settings_computed(struct settings *s, enum setting_id id, const char *text)
{
	struct given *g = &s->initial[number_of(id)];
	const char *kept = arena_text(s->arena, text, strlen(text));

	g->n = 0;
	if (kept != NULL && given_add(s, g, kept) == 0)
		g->from = FROM_DEFAULT;
}

/* ---- what holds ---- */

enum layers { FILES_ONLY, FILES_AND_SETS, EVERYTHING };

static const struct given *
holds(const struct settings *s, unsigned sensor, unsigned n, enum layers most)
{
	if (most >= EVERYTHING && s->option[n].from != FROM_NOWHERE)
		return &s->option[n];
	if (most >= FILES_AND_SETS && s->set[n].from != FROM_NOWHERE)
		return &s->set[n];
	if (sensor < s->sensors && s->sensor[sensor]->own[n].from != FROM_NOWHERE)
		return &s->sensor[sensor]->own[n];
	if (s->common[n].from != FROM_NOWHERE)
		return &s->common[n];
	return &s->initial[n];
}

static const char *
joined(struct settings *s, const struct given *g)
{
	size_t len = 1, at = 0;
	char *text;

	for (unsigned k = 0; k < g->n; k++)
		len += strlen(g->text[k]) + 1;
	text = arena_alloc(s->arena, len);
	for (unsigned k = 0; k < g->n && text != NULL; k++)
		at += (size_t)snprintf(text + at, len - at, "%s%s", k > 0 ? "," : "",
		    g->text[k]);
	return text;
}

static void
put(struct settings *s, const struct setting_info *i, const struct given *g,
    struct launch_options *o)
{
	char *member = (char *)o + i->form.at;
	struct fault why;
	unsigned level;

	switch (i->form.type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_NAMED:
		*(const char **)(void *)member = g->text[0];
		break;
	case SETTING_NAMES:
		*(const char **)(void *)member = joined(s, g);
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
		*(uint64_t *)(void *)member = g->number;
		break;
	case SETTING_DURATION:
		*(int64_t *)(void *)member = (int64_t)g->number;
		break;
	case SETTING_SWITCH:
		*(bool *)(void *)member = g->number != 0;
		break;
	case SETTING_CHOICE:
		*(int *)(void *)member = (int)g->number;
		break;
	case SETTING_PATHS:
		memcpy(member, g->text, g->n * sizeof(*g->text));
		*(unsigned *)(void *)((char *)o + i->form.count_at) = g->n;
		break;
	case SETTING_SINKS:
		for (o->sinks = 0; o->sinks < g->n; o->sinks++)
			(void)sink_parse(g->text[o->sinks], &o->sink[o->sinks], &why);
		break;
	case SETTING_TIMES:
		level = (unsigned)LOG_LEVEL_WARN + (unsigned)g->number;
		*(enum log_level *)(void *)member =
		    level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (enum log_level)level;
		break;
	case SETTING_ACTION:
		break;
	}
}

/* The state folder of one of several: below the common one, by its name. */
static void
own_state(struct settings *s, unsigned sensor, struct launch_options *o,
    enum layers most)
{
	const char *name;
	char *path;
	size_t n;

	if (sensor >= s->sensors)
		return;
	name = s->sensor[sensor]->name;
	o->name = name;
	if (o->state == NULL ||
	    holds(s, sensor, number_of(SETTING_STATE), most) ==
	    &s->sensor[sensor]->own[number_of(SETTING_STATE)])
		return;
	n = strlen(o->state) + strlen(name) + 2;
	path = arena_alloc(s->arena, n);
	if (path != NULL)
		(void)snprintf(path, n, "%s/%s", o->state, name);
	o->state = path;
}

static void
fill(struct settings *s, unsigned sensor, struct launch_options *o, enum layers most)
{
	*o = (struct launch_options){ .verbosity = LOG_LEVEL_WARN };
	for (unsigned n = 0; n < SETTING_COUNT; n++) {
		const struct given *g = holds(s, sensor, n, most);

		if (g->from != FROM_NOWHERE)
			put(s, &setting_info[n], g, o);
	}
	own_state(s, sensor, o, most);
}

/* The k-th that is to run, as a number of s->sensor. */
static unsigned
picked(const struct settings *s, unsigned k)
{
	for (unsigned i = 0; s->pick != NULL && i < s->sensors; i++)
		if (strcmp(s->sensor[i]->name, s->pick) == 0)
			return i;
	return k;
}

void
settings_fill(struct settings *s, unsigned sensor, struct launch_options *o)
{
	fill(s, picked(s, sensor), o, EVERYTHING);
}

unsigned
settings_sensors(const struct settings *s)
{
	return s->sensors == 0 || s->pick != NULL ? 1 : s->sensors;
}

static bool
met(enum setting_need need, const struct launch_options *o)
{
	bool redis = false, spool = false, tls = false, out = o->sinks == 0;

	for (unsigned i = 0; i < o->sinks; i++) {
		spool = spool || o->sink[i].kind == SINK_REDIS;
		redis = redis || sink_is_redis(&o->sink[i]);
		tls = tls || o->sink[i].tls;
		out = out || o->sink[i].kind == SINK_STDOUT_JSON ||
		    o->sink[i].kind == SINK_STDOUT_TEXT;
	}
	switch (need) {
	case NEED_SPOOL:
		return spool;
	case NEED_REDIS:
		return redis;
	case NEED_TLS:
		return tls;
	case NEED_STDOUT:
		return out;
	case NEED_STORE:
		return o->store_bytes > 0;
	case NEED_NOTHING:
	case NEED_COUNT:
		break;
	}
	return true;
}

/* A setting lives when, for one sensor that has it, its need is met by what the files
 * and sets say, or by what the options make of that: `-o -` for once is no mistake of
 * the file. */
void
settings_mark(struct settings *s)
{
	struct launch_options files, all;

	for (unsigned k = 0; k < s->sensors || k == 0; k++) {
		fill(s, k, &files, FILES_AND_SETS);
		fill(s, k, &all, EVERYTHING);
		for (unsigned n = 0; n < SETTING_COUNT; n++) {
			const struct setting_info *i = &setting_info[n];
			const struct given *from_files = holds(s, k, n, FILES_ONLY);
			bool lives = met(i->needs, &files) || met(i->needs, &all);

			if (i->id == SETTING_NAME && s->sensors > 0)
				lives = false;
			if (from_files->from == FROM_FILE && lives)
				((struct given *)(uintptr_t)from_files)->lives = true;
			if (s->set[n].from == FROM_SET && lives)
				s->set[n].lives = true;
		}
	}
}

bool
settings_replaced(const struct settings *s, const struct setting_info *i)
{
	unsigned n = number_of(i->id), own = 0;

	for (unsigned k = 0; k < s->sensors; k++)
		own += s->sensor[k]->own[n].from != FROM_NOWHERE;
	return own > 0 && own == s->sensors;
}

int
settings_check(struct settings *s, struct fault *why)
{
	char remedy[200];
	struct guess g;

	settings_mark(s);
	for (unsigned n = 0; n < SETTING_COUNT; n++)
		if (s->set[n].from == FROM_SET && !s->set[n].lives)
			return fault_set(why, "leave it out, or change the other",
			    "--set %s does nothing: %s", setting_info[n].word,
			    setting_info[n].id == SETTING_NAME ?
			    "each sensor in the file has its own name" :
			    idle_because[setting_info[n].needs]);
	if (s->option[number_of(SETTING_NAME)].from != FROM_NOWHERE && s->sensors > 0)
		return fault_set(why, "--sensor NAME picks one of them",
		    "--name does nothing: each sensor in the file has its own name");
	if (s->pick == NULL)
		return 0;
	g = guess_start(s->pick);
	for (unsigned k = 0; k < s->sensors; k++) {
		if (strcmp(s->sensor[k]->name, s->pick) == 0)
			return 0;
		guess_try(&g, s->sensor[k]->name);
	}
	return fault_set(why, guess_remedy(&g, s->sensors == 0 ?
	    "settings name a sensor so: sensor \"NAME\" { ... }" :
	    "--dump-config shows them", remedy, sizeof(remedy)),
	    "the settings have no sensor '%s'", s->pick);
}

/* ---- print ---- */

struct buffer {
	char *at;
	size_t n, size;
};

static void
to_buffer(void *arg, const char *s, size_t n)
{
	struct buffer *b = arg;

	if (n > b->size - 1 - b->n)
		n = b->size - 1 - b->n;
	memcpy(b->at + b->n, s, n);
	b->n += n;
	b->at[b->n] = '\0';
}

static void
print_number(const struct setting_info *i, uint64_t n, const struct writer *w)
{
	bool ms = n % NS_PER_S != 0;
	struct literal v = { .kind = LITERAL_NUMBER, .mantissa = n };

	if (i->form.type == SETTING_BYTES) {
		v.unit = unit_find("B", 1);
	} else if (i->form.type == SETTING_DURATION) {
		v.unit = ms ? unit_find("ms", 2) : unit_find("s", 1);
		v.mantissa = n / (uint64_t)(ms ? NS_PER_MS : NS_PER_S);
	}
	literal_print(&v, w);
}

const char *
setting_number_text(const struct setting_info *i, uint64_t n, char buf[QUOTE_TEXT])
{
	struct buffer b = { buf, 0, QUOTE_TEXT };
	struct writer w = { to_buffer, &b };

	buf[0] = '\0';
	print_number(i, n, &w);
	return buf;
}

static void
print_word(const struct writer *w, const char *words, uint64_t n)
{
	for (; n > 1 && *words != '\0'; n--)
		words += strcspn(words, "|") + 1;
	w->write(w->arg, words, strcspn(words, "|"));
}

/* A path or a sink with one, from the root. */
static const char *
rooted(const struct setting_info *i, const char *text, const char *here, char *buf,
    size_t size)
{
	size_t scheme = i->form.type != SETTING_SINKS ? 0 : sink_path_at(text);

	if ((i->form.type != SETTING_PATH && i->form.type != SETTING_PATHS &&
	    scheme == 0) || text[scheme] == '/')
		return text;
	(void)snprintf(buf, size, "%.*s%s/%s", (int)scheme, text, here, text + scheme);
	return buf;
}

/* The value as a file would have it. */
static void
print_value(const struct setting_info *i, const struct given *g, const char *here,
    const struct writer *w)
{
	struct literal v = { .kind = LITERAL_STRING };
	char path[8192];

	if (i->form.type == SETTING_SWITCH)
		writer_text(w, g->number != 0 ? "on" : "off");
	else if (i->form.type == SETTING_CHOICE)
		print_word(w, i->form.words, g->number);
	else if (!is_text(i))
		print_number(i, g->number, w);
	for (unsigned k = 0; k < g->n; k++) {
		if (k > 0)
			writer_text(w, ", ");
		v.text = rooted(i, g->text[k], here, path, sizeof(path));
		literal_print(&v, w);
	}
}

static void
dump_one(struct settings *s, unsigned sensor, const struct launch_options *o,
    const struct setting_info *i, const char *here, FILE *out)
{
	const char *standard_output = "-";
	unsigned n = number_of(i->id);
	const struct given *g = holds(s, sensor, n, EVERYTHING);
	struct given shown = *g;
	char line[4096];
	struct buffer b = { line, 0, sizeof(line) };
	struct writer w = { to_buffer, &b };
	bool live = met(i->needs, o);

	line[0] = '\0';
	if (sensor < s->sensors)
		writer_text(&w, "\t");
	if (i->id == SETTING_STATE && o->state != NULL) {
		shown.text = (const char **)(uintptr_t)&o->state;
		g = &shown;
	}
	if (g->from == FROM_NOWHERE && i->form.type == SETTING_SINKS) {
		shown.text = &standard_output;
		shown.n = 1;
		shown.from = FROM_DEFAULT;
		g = &shown;
	}
	if (g->from == FROM_NOWHERE || !live)
		writer_text(&w, "# ");
	writer_format(&w, "%s ", i->word);
	if (g->from == FROM_NOWHERE)
		writer_text(&w, i->example);
	else
		print_value(i, g, here, &w);
	fputs(line, out);
	fprintf(out, "%*s# ", b.n + 2 < DUMP_COLUMN ? DUMP_COLUMN - (int)b.n : 2, "");
	switch (g->from) {
	case FROM_NOWHERE:
		fputs("not set", out);
		break;
	case FROM_DEFAULT:
		fputs("default", out);
		break;
	case FROM_FILE:
		fprintf(out, "%s:%u", g->file, g->at.line);
		break;
	case FROM_SET:
		fputs("--set", out);
		break;
	case FROM_OPTION:
		fputs("command line", out);
		break;
	}
	fprintf(out, "%s%s\n", live || g->from == FROM_NOWHERE ? "" : "; idle: ",
	    live || g->from == FROM_NOWHERE ? "" : idle_because[i->needs]);
}

void
settings_dump(struct settings *s, const char *here, FILE *out)
{
	unsigned bit = (s->whose & FOR_READ) != 0 ? FOR_READ : FOR_RUN;
	struct launch_options o;

	fprintf(out, "# earshot " EARSHOT_VERSION ": the settings in force, and where "
	    "each is from\n");
	for (int once = 1; once >= 0; once--)
		for (unsigned k = 0; k < (once ? 1 : settings_sensors(s)); k++) {
			/* What is the program's stands in front, what is a sensor's in
			 * its block. */
			bool blocks = s->sensors > 0;

			fill(s, picked(s, k), &o, EVERYTHING);
			if (blocks && !once)
				fprintf(out, "sensor \"%s\" {\n", o.name);
			for (unsigned n = 0; n < SETTING_COUNT; n++) {
				const struct setting_info *i = &setting_info[n];

				if ((i->whose & NO_FILE) != 0 || (i->whose & bit) == 0 ||
				    ((i->whose & ONCE) != 0) != (once != 0))
					continue;
				if (blocks && i->id == SETTING_NAME)
					continue;
				dump_one(s, once ? s->sensors : picked(s, k), &o, i,
				    here, out);
			}
			if (blocks && !once)
				fputs("}\n", out);
		}
}

/* A value's form, for a person. */
static void
explain_form(const struct setting_info *i, FILE *out)
{
	char low[QUOTE_TEXT], high[QUOTE_TEXT];

	switch (i->form.type) {
	case SETTING_SWITCH:
		fputs(" (on or off)", out);
		break;
	case SETTING_CHOICE:
		fprintf(out, " (%s)", i->form.words);
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
	case SETTING_DURATION:
		fprintf(out, " (%s to %s)", setting_number_text(i, i->form.low, low),
		    setting_number_text(i, i->form.high, high));
		break;
	case SETTING_NAMES:
	case SETTING_PATHS:
	case SETTING_SINKS:
		fputs(" (one, or several with commas)", out);
		break;
	default:
		break;
	}
}

void
settings_explain(FILE *out)
{
	fputs("# earshot.conf: how a sensor runs. What it looks for stands in rule "
	    "files.\n"
	    "#\n"
	    "# A line without its '#' is in force; those here show the defaults, or an\n"
	    "# example where there is none. A setting that does nothing is an error.\n"
	    "#	earshot run -T -c FILE			checks this file\n"
	    "#	earshot run -c FILE --dump-config	shows what holds, and from "
	    "where\n"
	    "# Files *.conf in the folder FILE.d are read behind it, and win.\n", out);
	for (unsigned n = 0; n < SETTING_COUNT; n++) {
		const struct setting_info *i = &setting_info[n];
		bool is_default = i->initial[0] != '\0';

		if ((i->whose & NO_FILE) != 0 || (i->whose & FOR_RUN) == 0)
			continue;
		fprintf(out, "\n# %s", i->help);
		explain_form(i, out);
		if (i->needs != NEED_NOTHING)
			fprintf(out, "; does nothing where %s", idle_because[i->needs]);
		fprintf(out, "\n#%s %s\n", i->word, is_default ? i->initial : i->example);
	}
	fputs("\n# Several sensors in one file: each has a block with what is its own. "
	    "It\n"
	    "# keeps its state in a folder of its name, below 'state'.\n"
	    "#sensor \"lobby\" {\n#	interface \"eth1\"\n#}\n", out);
}
