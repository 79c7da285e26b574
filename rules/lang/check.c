/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check: declarations, and which of two holds. A declaration without `default` replaces
 * one with it, in whatever order the files come; any other second one is an error that
 * names the first. Rules and exceptions: check_rule.c.
 */
#include "rules/lang/check.h"

#include <stdio.h>
#include <string.h>

static bool
good_name(struct check *c, const struct tree_word *w, const char *what)
{
	char q[QUOTE_TEXT];
	size_t n = strlen(w->s);

	quote(q, w->s, n);
	if (n > 64 ||
	    strspn(w->s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.-") != n ||
	    strchr("_.-0123456789", w->s[0]) != NULL) {
		lang_error(c->l, &w->at,
		    "use letters, digits, '-', '_' and '.', a letter first, "
		    "64 at most",
		    "'%s' cannot be the name of a %s", q, what);
		return false;
	}
	if (strcmp(what, "rule") == 0)
		return true;
	if (word_reserved(w->s) || strcmp(w->s, "device") == 0 ||
	    strcmp(w->s, "dest") == 0 || field_by_word(w->s) != FIELD_COUNT_ALL) {
		lang_error(c->l, &w->at, "take another name",
		    "'%s' means something already, it "
		    "cannot be the name of a %s",
		    q, what);
		return false;
	}
	return true;
}

/* Which of two holds? NULL: both or neither is the default, told as an error. */
static struct decl *
choose(struct check *c, struct decl *a, struct decl *b, const char *what)
{
	if (a->is_default != b->is_default)
		return a->is_default ? b : a;
	lang_error(c->l, b->name.s != NULL ? &b->name.at : &b->at,
	    b->is_default ? "leave one out" :
			    "a declaration replaces a default, never another declaration",
	    "%s is declared already, at %.120s:%u", what, c->l->file[a->at.file].name,
	    a->at.line);
	return NULL;
}

/* ---- home ---- */

static bool
home_entry(struct check *c, const struct literal *v, struct prefix *out)
{
	struct target t = { "home", FIELD_ADDRESS, VOCABULARY_NONE, "" };
	struct value value;

	if (!value_of(c->l, &t, v, &value))
		return false;
	*out = value.net;
	return true;
}

static void
check_home(struct check *c)
{
	struct decl *home = NULL, *d, *which;
	struct prefix *p;

	for (d = c->tree->first; d != NULL; d = d->next) {
		if (d->kind != DECL_HOME || d->broken)
			continue;
		p = lang_alloc(c->l, c->l->keep, (d->entry_n + 1) * sizeof(*p));
		for (unsigned i = 0; i < d->entry_n; i++)
			(void)home_entry(c, &d->entry[i], &p[i]);
		if (d->entry_n == 0)
			lang_error(c->l, &d->at,
			    "leave it out for the private networks, or name "
			    "yours: home { 10.20.0.0/24 }",
			    "'home' names no network");
		which = home == NULL ? d : choose(c, home, d, "'home'");
		if (which == d) {
			home = d;
			c->p->home = (struct prefix_set){ p, d->entry_n };
		}
	}
}

/* ---- files that are named ---- */

struct foreign {
	struct check *c;
	const char *path;
	struct span bytes;
	enum diag_level level;
};

static void
foreign_fault(
    void *arg, unsigned line, unsigned column, const char *what, const char *remedy)
{
	const struct foreign *f = arg;

	lang_foreign(f->c->l, f->level, f->path, f->bytes, line, column, what, remedy);
}

static bool
provide(struct check *c, struct decl *d, struct span *out)
{
	const struct compile_options *o = c->l->o;
	const char *from = c->l->file[d->at.file].name;
	struct fault why = { "nobody reads files here", "" };
	char q[QUOTE_TEXT];

	if (d->path.s[0] == '\0') {
		lang_error(c->l, &d->path.at, NULL, "the file has no name");
		return false;
	}
	if (o->provide != NULL &&
	    o->provide(o->provide_arg, from, d->path.s, out, &why)) {
		d->bytes = *out;
		return true;
	}
	lang_error(c->l, &d->path.at, why.remedy[0] != '\0' ? why.remedy : NULL,
	    why.what[0] != '\0' ? "%.300s" : "cannot read '%s'",
	    why.what[0] != '\0' ? why.what : quote(q, d->path.s, strlen(d->path.s)));
	return false;
}

static void
read_inventory(struct check *c, struct decl *d)
{
	int format = inventory_format_by_name(d->format.s, strlen(d->format.s));
	struct foreign f = { c, d->path.s, { 0 }, DIAG_ERROR };
	const char *from;

	if (strcmp(d->format.s, "none") == 0 || format == -1 || !provide(c, d, &f.bytes))
		return;
	/* Leases are written by a program: a bad line must not stop the sensor. */
	if (inventory_format_is_log((enum inventory_format)format))
		f.level = DIAG_WARNING;
	c->p->inventory = inventory_parse(
	    c->l->keep, (enum inventory_format)format, f.bytes, foreign_fault, &f);
	c->p->inventory_path = arena_text(c->l->keep, d->path.s, strlen(d->path.s));
	from = c->l->file[d->at.file].name;
	c->p->inventory_from = arena_text(c->l->keep, from, strlen(from));
	if (c->p->inventory == NULL || c->p->inventory_path == NULL ||
	    c->p->inventory_from == NULL)
		lang_no_memory(c->l);
}

static void
inventory_words(struct check *c, const struct decl *d)
{
	struct guess g = guess_start(d->format.s);
	char q[QUOTE_TEXT], remedy[160];

	if (strcmp(d->name.s, "devices") != 0)
		lang_error(c->l, &d->name.at, "write 'inventory devices = ...'",
		    "there is one inventory, and its name is 'devices'");
	if (strcmp(d->format.s, "none") != 0 &&
	    inventory_format_by_name(d->format.s, strlen(d->format.s)) == -1) {
		for (int i = 0; i < INVENTORY_FORMAT_COUNT; i++)
			guess_try(&g, inventory_format_name((enum inventory_format)i));
		lang_error(c->l, &d->format.at,
		    guess_remedy(&g, "formats are " INVENTORY_FORMAT_NAMES "; or 'none'",
			remedy, sizeof(remedy)),
		    "there is no format '%s'",
		    quote(q, d->format.s, strlen(d->format.s)));
	}
	if (d->key.s != NULL && strcmp(d->key.s, "mac") != 0 &&
	    strcmp(d->key.s, "ip") != 0 && strcmp(d->key.s, "id") != 0)
		lang_error(c->l, &d->key.at, "write mac, ip or id",
		    "devices are not found by '%s'",
		    quote(q, d->key.s, strlen(d->key.s)));
}

static void
check_inventory(struct check *c)
{
	struct decl *one = NULL, *d, *which;

	for (d = c->tree->first; d != NULL; d = d->next) {
		if (d->kind != DECL_INVENTORY || d->broken)
			continue;
		inventory_words(c, d);
		which = one == NULL ? d : choose(c, one, d, "the inventory");
		one = which == NULL ? one : which;
	}
	if (one != NULL)
		read_inventory(c, one);
}

/* ---- lists ---- */

static void
list_names(struct check *c)
{
	struct list_entry *e;
	struct decl *d, *which;
	char what[QUOTE_TEXT + 16], q[QUOTE_TEXT];

	for (d = c->tree->first; d != NULL; d = d->next) {
		if (d->kind != DECL_LIST || d->name.s == NULL ||
		    !good_name(c, &d->name, "list"))
			continue;
		e = names_get(&c->lists, d->name.s);
		if (e == NULL) {
			e = lang_alloc(c->l, c->l->work, sizeof(*e));
			e->decl = d;
			e->index = c->p->lists++;
			names_put(c->l, &c->lists, d->name.s, e);
			continue;
		}
		(void)snprintf(what, sizeof(what), "the list '%s'",
		    quote(q, d->name.s, strlen(d->name.s)));
		which = choose(c, e->decl, d, what);
		e->replaces = e->replaces || which != NULL;
		e->decl = which == NULL ? e->decl : which;
	}
}

void
check_list_entry(struct check *c, struct hostlist *hosts, const struct literal *v)
{
	char q[QUOTE_TEXT], text[PREFIX_TEXT], remedy[120];
	struct prefix p;

	(void)snprintf(remedy, sizeof(remedy),
	    "write a name, *.example.net, an address or a network");
	if (v->kind == LITERAL_NUMBER) {
		lang_error(c->l, &v->at, remedy, "'%s' is no host", literal_quote(v, q));
		return;
	}
	if (prefix_mend(v->text, &p) && !prefix_parse(v->text, strlen(v->text), &p)) {
		(void)prefix_mend(v->text, &p);
		(void)snprintf(
		    remedy, sizeof(remedy), "write '%s'", prefix_print(&p, text));
		lang_error(c->l, &v->at, remedy,
		    "'%s' is not a network: bits of a host are set",
		    quote(q, v->text, strlen(v->text)));
		return;
	}
	if (hostlist_add(c->l->keep, hosts, v->text, strlen(v->text)) == 0)
		return;
	if (arena_alloc(c->l->keep, 256) == NULL)
		lang_no_memory(c->l);
	lang_error(c->l, &v->at, remedy, "'%s' is no host", literal_quote(v, q));
}

static void
check_list(struct check *c, const struct list_entry *e, struct named_list *out)
{
	struct decl *d = e->decl;
	struct foreign f = { c, d->path.s, { NULL, 0 }, DIAG_ERROR };
	struct hostlist *hosts;

	out->name = lang_text(c->l, c->l->keep, d->name.s, strlen(d->name.s));
	if (d->path.s != NULL) {
		out->path = lang_text(c->l, c->l->keep, d->path.s, strlen(d->path.s));
		if (!provide(c, d, &f.bytes))
			f.bytes = span_of("", 0);
	} else {
		f.bytes = span_of("", 0);
	}
	hosts = hostlist_parse(c->l->keep, f.bytes, foreign_fault, &f);
	if (hosts == NULL)
		lang_no_memory(c->l);
	for (unsigned i = 0; i < d->entry_n; i++)
		check_list_entry(c, hosts, &d->entry[i]);
	out->hosts = hosts;
}

static void
check_lists(struct check *c)
{
	struct named_list *list;
	struct list_entry *e;

	list_names(c);
	c->p->list = list = lang_alloc(
	    c->l, c->l->keep, (c->p->lists + 1) * sizeof(*list));
	for (struct decl *d = c->tree->first; d != NULL; d = d->next)
		if (d->kind == DECL_LIST && d->name.s != NULL &&
		    (e = names_get(&c->lists, d->name.s)) != NULL && e->decl == d)
			check_list(c, e, &list[e->index]);
}

static void
unused_lists(struct check *c)
{
	char q[QUOTE_TEXT];

	for (struct decl *d = c->tree->first; d != NULL; d = d->next) {
		struct list_entry *e = d->kind == DECL_LIST && d->name.s != NULL ?
		    names_get(&c->lists, d->name.s) :
		    NULL;

		if (e != NULL && e->decl == d && !e->used && !e->replaces &&
		    !d->is_default)
			lang_warning(c->l, &d->name.at, "ask it in a rule: dest in NAME",
			    "no rule asks the list '%s'",
			    quote(q, d->name.s, strlen(d->name.s)));
	}
}

/* ---- hearing ---- */

static void
limit_set(struct check *c, const struct tree_limit *t, enum hearing_limit k)
{
	const struct hearing_info *info = &hearing_info[k];
	struct target target = { info->word, info->type, VOCABULARY_NONE, "" };
	char *at = (char *)&c->p->hearing + info->offset;
	struct value v;
	double amount;
	char q[QUOTE_TEXT];
	bool fits;

	if (!value_of(c->l, &target, &t->value, &v))
		return;
	amount = info->type == FIELD_NUMBER || info->type == FIELD_RATE ? v.n :
	    info->type == FIELD_DURATION ? (double)v.i / 1e9 :
					   (double)v.u;
	fits = amount >= info->least && amount <= info->greatest;
	if (!fits) {
		char remedy[120];
		const char *unit = info->type == FIELD_DURATION ? " s" :
		    info->type == FIELD_BYTES			? " B" :
		    info->type == FIELD_RATE			? " bit/s" :
								  "";

		(void)snprintf(remedy, sizeof(remedy), "it goes from %.10g%s to %.10g%s",
		    info->least, unit, info->greatest, unit);
		lang_error(c->l, &t->value.at, remedy, "'%s' cannot be '%s'", info->word,
		    literal_quote(&t->value, q));
	}
	if (info->type == FIELD_NUMBER || info->type == FIELD_RATE)
		memcpy(at, &v.n, sizeof(v.n));
	else if (info->type == FIELD_DURATION)
		memcpy(at, &v.i, sizeof(v.i));
	else
		memcpy(at, &v.u, sizeof(v.u));
}

static enum hearing_limit
find_limit(struct check *c, const struct tree_word *w)
{
	struct guess g;
	char q[QUOTE_TEXT], remedy[160];
	unsigned k;

	for (k = 0; k < HEARING_COUNT; k++)
		if (strcmp(hearing_info[k].word, w->s) == 0)
			return (enum hearing_limit)k;
	g = guess_start(w->s);
	for (k = 0; k < HEARING_COUNT; k++)
		guess_try(&g, hearing_info[k].word);
	lang_error(c->l, &w->at,
	    guess_remedy(
		&g, "rules/std/00-hearing.rules has them all", remedy, sizeof(remedy)),
	    "hearing has no limit '%s'", quote(q, w->s, strlen(w->s)));
	return HEARING_COUNT;
}

static void
check_hearing(struct check *c)
{
	struct {
		const struct tree_limit *t;
		bool is_default;
	} holds[HEARING_COUNT];
	enum hearing_limit k;

	memset(holds, 0, sizeof(holds));
	for (struct decl *d = c->tree->first; d != NULL; d = d->next) {
		if (d->kind != DECL_HEARING)
			continue;
		for (const struct tree_limit *t = d->limits; t != NULL; t = t->next) {
			if ((k = find_limit(c, &t->word)) == HEARING_COUNT)
				continue;
			c->p->hearing_set[k] = true;
			if (holds[k].t != NULL && holds[k].is_default == d->is_default) {
				lang_error(c->l, &t->word.at, "leave one out",
				    "the limit '%s' is set already, at %.120s:%u",
				    t->word.s,
				    c->l->file[holds[k].t->word.at.file].name,
				    holds[k].t->word.at.line);
				continue;
			}
			if (holds[k].t != NULL && d->is_default) {
				limit_set(
				    c, t, k); /* its mistakes are told all the same */
				limit_set(c, holds[k].t, k);
				continue;
			}
			limit_set(c, t, k);
			holds[k].t = t;
			holds[k].is_default = d->is_default;
		}
		if (d->broken)
			c->l->incomplete = true;
	}
}

static void
missing_limits(struct check *c)
{
	char text[300];
	size_t n = 0;
	unsigned lacking = 0;

	text[0] = '\0';
	for (unsigned k = 0; k < HEARING_COUNT; k++) {
		if (c->p->hearing_set[k])
			continue;
		if (lacking++ < 5)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.40s",
			    lacking > 1 ? ", " : "", hearing_info[k].word);
	}
	if (lacking == 0 || c->need_hearing.line == 0 || c->l->incomplete)
		return;
	if (lacking > 5)
		(void)snprintf(text + n, sizeof(text) - n, " and %u more", lacking - 5);
	lang_error(c->l, &c->need_hearing, "add rules/std/00-hearing.rules",
	    "this rule listens to a meter, and these limits of 'hearing' are not set: %s",
	    text);
}

/* ---- macros ---- */

static void
check_macros(struct check *c)
{
	struct decl *d, *first, *which;
	char q[QUOTE_TEXT];

	for (d = c->tree->first; d != NULL; d = d->next) {
		if (d->kind != DECL_MACRO || d->name.s == NULL)
			continue;
		first = names_get(&c->macros, d->name.s);
		if (first != NULL && first->is_default != d->is_default) {
			which = d->is_default ? first : d;
			(which == d ? first : d)->replaced = true;
			if (which == d && good_name(c, &d->name, "macro"))
				names_put(c->l, &c->macros, d->name.s, d);
			continue;
		}
		if (first != NULL) {
			lang_error(c->l, &d->name.at, "give it another name",
			    "the macro '%s' is declared already, at %.120s:%u",
			    quote(q, d->name.s, strlen(d->name.s)),
			    c->l->file[first->at.file].name, first->at.line);
			d->broken = true;
			continue;
		}
		if (good_name(c, &d->name, "macro"))
			names_put(c->l, &c->macros, d->name.s, d);
		else
			d->broken = true;
	}
	for (d = c->tree->first; d != NULL; d = d->next)
		if (d->kind == DECL_MACRO && d->name.s != NULL && !d->broken)
			check_macro(c, d, 0);
}

/* ---- the time zone ---- */

/* An offset or a rule as it stands, else the name of a zone of this machine. d keeps what
 * its file held; NULL: nobody does. */
bool
check_zone_name(struct check *c, const struct tree_word *name, struct decl *d,
    struct tz *out)
{
	const struct compile_options *o = c->l->o;
	char path[160], q[QUOTE_TEXT];
	struct span rule, other, *bytes = d == NULL ? &other : &d->bytes;
	struct fault why;
	size_t n = strlen(name->s);

	if (tz_parse(span_of(name->s, n), out))
		return true;
	if (n < 100 && strspn(name->s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_/+-") == n && name->s[0] != '/' && n > 0) {
		(void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name->s);
		if (o->provide != NULL && o->provide(o->provide_arg, c->l->file[name->at.file].name,
		    lang_text(c->l, c->l->work, path, strlen(path)), bytes, &why) &&
		    tz_file_rule(*bytes, &rule) && tz_parse(rule, out))
			return true;
	}
	lang_error(c->l, &name->at, "write tz Europe/Berlin, tz +02:00, or a rule like "
	    "tz \"CET-1CEST,M3.5.0,M10.5.0/3\"", "'%s' is no time zone",
	    quote(q, name->s, n));
	return false;
}

static void
check_zone(struct check *c)
{
	struct decl *one = NULL, *d, *which;

	for (d = c->tree->first; d != NULL; d = d->next) {
		if (d->kind != DECL_TZ || d->broken)
			continue;
		which = one == NULL ? d : choose(c, one, d, "the time zone");
		one = which == NULL ? one : which;
	}
	if (one != NULL)
		(void)check_zone_name(c, &one->name, one, &c->p->tz);
}

/* Nobody's rules name them, so no message and no part of the version either. */
static void
read_vendors(struct check *c)
{
	const struct compile_options *o = c->l->o;
	struct span file[VENDOR_FILES];
	struct fault why;
	unsigned n = 0;

	if (o->vendors == NULL || o->provide == NULL)
		return;
	for (unsigned i = 0; i < VENDOR_FILES && o->vendors[i] != NULL; i++)
		n += o->provide(o->provide_arg, "", o->vendors[i], &file[n], &why);
	if (!o->vendors_unread)
		c->p->vendors = vendors_parse(c->l->keep, file, n);
}

/* A setting names it and no rule file: what is wrong with it has no line. */
static const struct place_file *
read_places(struct check *c, const struct source_file *file)
{
	struct place_file *f;
	struct fault why;

	if (file->name == NULL)
		return NULL;
	f = lang_alloc(c->l, c->l->keep, sizeof(*f));
	if (place_file_open(f, span_of(file->bytes, file->len), &why))
		return f;
	lang_foreign(c->l, DIAG_ERROR, file->name, span_of("", 0), 0, 0, why.what,
	    why.remedy);
	return NULL;
}

/* Numbers nobody can look up match nothing. */
static void
systems_without_asn(struct check *c)
{
	for (struct decl *d = c->tree->first; d != NULL; d = d->next) {
		const struct list_entry *e = d->kind == DECL_LIST && d->name.s != NULL ?
		    names_get(&c->lists, d->name.s) : NULL;

		if (e != NULL && e->decl == d && c->p->asn == NULL &&
		    hostlist_systems(c->p->list[e->index].hosts) > 0)
			lang_warning(c->l, &d->name.at,
			    "give a database with --asn FILE, or 'asn' in the settings",
			    "the list '%s' names autonomous systems, and there is no asn "
			    "database: these lines match nothing", d->name.s);
	}
}

/* Outer before inner: a head looks at what was met by earlier records, so what it rests on
 * must not have taken this one yet. The list has the outer ones first. */
static void
collect_heads(struct check *c)
{
	const struct expr **after;
	unsigned n = 0;

	for (const struct leaf_link *h = c->heads; h != NULL; h = h->next)
		n++;
	c->p->after = after = lang_alloc(c->l, c->l->keep, (n + 1) * sizeof(struct expr *));
	c->p->afters = n;
	n = 0;
	for (const struct leaf_link *h = c->heads; h != NULL; h = h->next)
		after[n++] = h->x;
}

void
check_program(struct check *c)
{
	for (struct decl *d = c->tree->first; d != NULL; d = d->next)
		if (d->kind == DECL_RULE && d->name.s != NULL)
			(void)good_name(c, &d->name, "rule");
	check_home(c);
	check_zone(c);
	check_inventory(c);
	read_vendors(c);
	c->p->asn = read_places(c, &c->l->o->asn);
	c->p->country = read_places(c, &c->l->o->country);
	check_lists(c);
	systems_without_asn(c);
	check_hearing(c);
	check_macros(c);
	check_rules(c);
	missing_limits(c);
	unused_lists(c);
	c->p->sums = c->sums;
	collect_heads(c);
}
