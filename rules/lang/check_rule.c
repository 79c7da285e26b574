/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_rule: rules and exceptions, from the tree to the program.
 */
#include "rules/lang/check.h"
#include "rules/lang/techniques.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT_EVERY (3600 * NS_PER_S)

static void template(struct check *c, const struct place *at, const char *s,
    bool has_sum);

static const char *
keep_text(struct check *c, const char *s)
{
	return s == NULL ? NULL : lang_text(c->l, c->l->keep, s, strlen(s));
}

/* A whole number from least to most; absent numbers were told by whoever needs them. */
static bool
whole(struct check *c, const struct literal *v, const char *what, uint64_t least,
    uint64_t most, uint64_t *out)
{
	char q[QUOTE_TEXT], remedy[80];

	if (literal_whole(v, most, out) && *out >= least)
		return true;
	(void)snprintf(remedy, sizeof(remedy), "write a whole number from %llu to %llu",
	    (unsigned long long)least, (unsigned long long)most);
	lang_error(c->l, &v->at, remedy, "%s cannot be '%s'", what, literal_quote(v, q));
	return false;
}

static void
missing(struct check *c, const struct decl *d, enum rule_item item, const char *remedy)
{
	char q[QUOTE_TEXT];

	if (d->item[item].line == 0 && !d->broken)
		lang_error(c->l, &d->name.at, remedy, "the rule '%s' has no '%s'",
		    quote(q, d->name.s, strlen(d->name.s)), rule_item_word[item]);
}

static void
rule_id(struct check *c, const struct decl *d, struct rule *r)
{
	uint64_t id;

	missing(c, d, ITEM_ID, "give it a number of your own below 1,000,000: id 1001");
	if (d->id.kind == LITERAL_NONE ||
	    !whole(c, &d->id, "a rule's id", 1, UINT32_MAX, &id))
		return;
	r->id = (uint32_t)id;
	if (id >= 1000000 && id < 9000000)
		lang_error(c->l, &d->id.at,
		    "use an id below 1,000,000; shipped rules begin at "
		    "9,000,000",
		    "the id %llu belongs to others", (unsigned long long)id);
}

/* The number of a severity; SEVERITY_COUNT: told. */
static enum severity
find_severity(struct check *c, const struct tree_word *w)
{
	struct guess g = guess_start(w->s);
	char q[QUOTE_TEXT], remedy[200];
	unsigned i;

	for (i = 0; i < SEVERITY_COUNT; i++) {
		guess_try(&g, severity_name((enum severity)i));
		if (strcmp(severity_name((enum severity)i), w->s) == 0)
			return (enum severity)i;
	}
	lang_error(c->l, &w->at,
	    guess_remedy(&g, "severities are critical, high, medium, low, info", remedy,
		sizeof(remedy)),
	    "there is no severity '%s'", quote(q, w->s, strlen(w->s)));
	return SEVERITY_COUNT;
}

static enum event_kind
find_kind(struct check *c, const struct tree_word *w)
{
	struct guess g = guess_start(w->s);
	char q[QUOTE_TEXT], remedy[200];

	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		guess_try(&g, event_kind_name((enum event_kind)i));
		if (strcmp(event_kind_name((enum event_kind)i), w->s) == 0)
			return (enum event_kind)i;
	}
	lang_error(c->l, &w->at,
	    guess_remedy(&g,
		"kinds are live-audio, chunked-audio, audio-upload, bulk-upload, tunnel, "
		"new-device, unknown-destination, budget, incident, gap, sensor",
		remedy, sizeof(remedy)),
	    "there is no kind of event '%s'", quote(q, w->s, strlen(w->s)));
	return EVENT_KIND_COUNT;
}

static void
rule_words(struct check *c, const struct decl *d, struct rule *r)
{
	char q[QUOTE_TEXT];

	missing(c, d, ITEM_SEVERITY,
	    "add one of: severity critical, high, medium, low, info");
	if (d->severity.s != NULL)
		r->severity = find_severity(c, &d->severity);
	missing(c, d, ITEM_KIND, "add what its events are about, like: kind live-audio");
	if (d->kind_word.s != NULL)
		r->kind = find_kind(c, &d->kind_word);
	if (d->scope.s == NULL)
		return;
	r->fleet = strcmp(d->scope.s, "fleet") == 0;
	if (!r->fleet && strcmp(d->scope.s, "sensor") != 0)
		lang_error(c->l, &d->scope.at, "write 'sensor' or 'fleet'",
		    "there is no scope '%s'",
		    quote(q, d->scope.s, strlen(d->scope.s)));
}

static bool
is_technique(const char *s)
{
	static const char form[] = "T0000.000";
	size_t n = strlen(s);

	if (n != 5 && n != 9)
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	return true;
}

static void
known_technique(struct check *c, const struct tree_word *w)
{
	const char *instead = NULL;
	char remedy[80];

	switch (technique_find(w->s, &instead)) {
	case TECHNIQUE_IS:
		return;
	case TECHNIQUE_REVOKED:
		(void)snprintf(remedy, sizeof(remedy), "write %s", instead);
		lang_warning(c->l, &w->at, remedy,
		    "the technique %s was revoked: it is %s now", w->s, instead);
		return;
	case TECHNIQUE_NONE:
		lang_warning(c->l, &w->at, "attack.mitre.org has them all",
		    "there is no technique %s in ATT&CK 17", w->s);
		return;
	}
}

static const char *const *
techniques(struct check *c, const struct tree_word *word, unsigned n)
{
	const char **out = lang_alloc(c->l, c->l->keep, (n + 1) * sizeof(*out));
	char q[QUOTE_TEXT];

	for (unsigned i = 0; i < n; i++) {
		if (!is_technique(word[i].s))
			lang_error(c->l, &word[i].at,
			    "write T and four digits, like T1048 or "
			    "T1048.002",
			    "'%s' is not the number of a technique",
			    quote(q, word[i].s, strlen(word[i].s)));
		else
			known_technique(c, &word[i]);
		out[i] = keep_text(c, word[i].s);
	}
	return out;
}

static void
rule_when(struct check *c, const struct decl *d, struct rule *r, struct expr_use *u)
{
	const struct expr **leaf;

	missing(c, d, ITEM_WHEN, "add its condition: when ...");
	if (d->expr == NULL)
		return;
	u->in_when = true;
	u->end = &u->first;
	u->top = d->item[ITEM_WHEN];
	r->when = check_expr(c, u, d->expr);
	leaf = lang_alloc(c->l, c->l->keep, (u->leaves + 1) * sizeof(struct expr *));
	for (struct leaf_link *k = u->first; k != NULL; k = k->next)
		leaf[r->leaves++] = k->x;
	r->leaf = leaf;
}

static void
rule_caveats(struct check *c, const struct decl *d, struct rule *r, bool has_sum,
    bool *hears)
{
	struct caveat *out;
	unsigned n = 0;

	for (const struct tree_caveat *t = d->caveat; t != NULL; t = t->next)
		n++;
	r->caveat = out = lang_alloc(c->l, c->l->keep, (n + 1) * sizeof(*out));
	r->caveats = n;
	for (const struct tree_caveat *t = d->caveat; t != NULL; t = t->next, out++) {
		struct expr_use u = { .top = d->item[ITEM_NOTE] };

		if (u.top.line == 0)
			u.top = d->item[ITEM_LOWER];
		out->when = check_expr(c, &u, t->when);
		out->because = keep_text(c, t->because.s);
		out->lower = t->lower;
		out->raise = t->raise;
		out->to = t->to.s == NULL ? 0 : find_severity(c, &t->to) + 1;
		template(c, &t->because.at, t->because.s, has_sum);
		*hears = *hears || u.hears;
	}
}

static void
rule_limit(struct check *c, const struct decl *d, struct rule *r)
{
	static const enum field usual[] = { FIELD_device_key, FIELD_dest_key };
	enum field *key;
	uint64_t n;

	if (d->item[ITEM_LIMIT].line == 0 || d->every.kind == LITERAL_NONE) {
		key = lang_alloc(c->l, c->l->keep, sizeof(usual));
		memcpy(key, usual, sizeof(usual));
		r->limit = 1;
		r->limit_key = key;
		r->limit_key_n = 2;
		r->limit_every = DEFAULT_LIMIT_EVERY;
		return;
	}
	if (whole(c, &d->limit, "a limit", 1, 1000000, &n))
		r->limit = (unsigned)n;
	(void)check_keys(c, d->limit_key, d->limit_key_n, &r->limit_key);
	r->limit_key_n = d->limit_key_n;
	(void)check_span(c, "every", &d->every, &r->limit_every);
}

/* `{word}`: a field, device, dest, sum, speech, recording, seen. */
static void
template_word(struct check *c, const struct place *at, const char *word, size_t n,
    bool has_sum)
{
	static const char *const own[] = { "device", "dest", "sum", "speech",
		"recording", "seen" };
	char q[QUOTE_TEXT], remedy[200];
	char *s = lang_alloc(c->l, c->l->work, n + 1);
	struct guess g;

	memcpy(s, word, n);
	g = guess_start(s);
	if (field_by_word(s) != FIELD_COUNT_ALL)
		return;
	for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		guess_try(&g, own[i]);
		if (strcmp(own[i], s) != 0)
			continue;
		if (i == 2 && !has_sum)
			lang_error(c->l, at, "write a field, like {upload}",
			    "'{sum}' is what a sum in 'when' came to, and there is none");
		return;
	}
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++)
		guess_try(&g, observation_field[f].word);
	lang_error(c->l, at,
	    guess_remedy(&g,
		"write a field, {device}, {dest}, {sum} or {speech}; '{{' is a brace",
		remedy, sizeof(remedy)),
	    "the sentence asks for '{%s}', which is no field", quote(q, s, n));
}

/* A sentence of a rule: `explain`, or what stands behind `because`. */
static void
template(struct check *c, const struct place *at, const char *s, bool has_sum)
{
	const char *end;

	while (s != NULL && (s = strchr(s, '{')) != NULL) {
		if (s[1] == '{') {
			s += 2;
			continue;
		}
		end = strchr(s, '}');
		if (end == NULL) {
			lang_error(c->l, at, "end it with '}', or write '{{' for a brace",
			    "the sentence opens a '{' and does not close it");
			return;
		}
		template_word(c, at, s + 1, (size_t)(end - s - 1), has_sum);
		s = end + 1;
	}
}

static void
rule_explain(struct check *c, const struct decl *d, struct rule *r, bool has_sum)
{
	const char *s = d->explain.s;
	char usual[160];

	if (s == NULL) {
		(void)snprintf(usual, sizeof(usual), "{device} to {dest}: %s",
		    r->kind < EVENT_KIND_COUNT ? event_kind_meaning(r->kind) : "");
		r->explain = keep_text(c, usual);
		return;
	}
	r->explain = keep_text(c, s);
	template(c, &d->explain.at, s, has_sum);
}

static void
rule_tests(struct check *c, const struct decl *d, struct rule *r)
{
	struct rule_test *out;
	unsigned n = 0;
	uint64_t expect;
	char q[QUOTE_TEXT];

	for (const struct tree_test *t = d->test; t != NULL; t = t->next)
		n++;
	r->test = out = lang_alloc(c->l, c->l->keep, (n + 1) * sizeof(*out));
	r->tests = n;
	if (n == 0 && !d->broken)
		lang_warning(c->l, &d->name.at,
		    "add: test \"what it shows\" { pcap \"FILE\" expect 1 alert }",
		    "the rule '%s' has no test", quote(q, d->name.s, strlen(d->name.s)));
	for (const struct tree_test *t = d->test; t != NULL; t = t->next, out++) {
		struct expr_use u = { .top = t->noun };

		*out = (struct rule_test){ .name = keep_text(c, t->name.s),
			.pcap = keep_text(c, t->pcap.s),
			.line = t->name.at.line,
			.how = t->at_least ? EXPECT_AT_LEAST : EXPECT_EXACTLY };
		check_table(c, t, out);
		if (out->pcap != NULL && out->pcap[0] == '\0')
			lang_error(c->l, &t->pcap.at, NULL, "the capture has no name");
		if (t->noun.line != 0 &&
		    whole(c, &t->expect, "what a test expects", 0, 1000000, &expect))
			out->expect = (unsigned)expect;
		if (t->noun.line != 0 && t->suspects != r->suspect && !d->broken)
			lang_error(c->l, &t->noun,
			    r->suspect ?
				"write 'suspects'" :
				"write 'alerts', or make it a rule that is 'suspect'",
			    r->suspect ? "this rule gives suspects, not alerts" :
					 "this rule gives alerts, not suspects");
		if (t->where != NULL)
			out->where = check_expr(c, &u, t->where);
	}
}

static void
check_rule(struct check *c, const struct decl *d, struct rule *r)
{
	struct expr_use u = { 0 };
	bool hears = false;
	uint64_t rev;

	r->name = keep_text(c, d->name.s);
	r->file = keep_text(c, c->l->file[d->at.file].name);
	r->line = d->at.line;
	r->rev = 1;
	r->trial = d->item[ITEM_TRIAL].line != 0;
	r->suspect = d->item[ITEM_SUSPECT].line != 0;
	rule_id(c, d, r);
	c->rule_id = r->id;
	if (d->rev.kind != LITERAL_NONE &&
	    whole(c, &d->rev, "a rule's revision", 1, UINT32_MAX, &rev))
		r->rev = (uint32_t)rev;
	rule_words(c, d, r);
	r->mitre = techniques(c, d->mitre, d->mitre_n);
	r->mitre_n = d->mitre_n;
	r->related = techniques(c, d->related, d->related_n);
	r->related_n = d->related_n;
	rule_when(c, d, r, &u);
	rule_caveats(c, d, r, u.has_sum || d->broken || r->when == NULL, &hears);
	rule_limit(c, d, r);
	rule_explain(c, d, r, u.has_sum || d->broken || r->when == NULL);
	rule_tests(c, d, r);
	r->fields_need_hearing = u.hears || hears;
	if (r->fields_need_hearing && c->need_hearing.line == 0)
		c->need_hearing = d->name.at;
}

/* ---- exceptions ---- */

static const char *
exception_glob(struct check *c, const struct literal *v, const char *what)
{
	struct prefix p;
	char text[PREFIX_TEXT], q[QUOTE_TEXT], remedy[80];

	if (v->kind == LITERAL_NONE)
		return NULL;
	if (v->text[0] == '\0') {
		lang_error(c->l, &v->at, "leave it out to mean every one",
		    "the %s is empty", what);
		return NULL;
	}
	if (prefix_parse(v->text, strlen(v->text), &p))
		return keep_text(c, prefix_print(&p, text));
	if (prefix_mend(v->text, &p)) {
		(void)snprintf(
		    remedy, sizeof(remedy), "write '%s'", prefix_print(&p, text));
		lang_error(c->l, &v->at, remedy,
		    "'%s' is not a network: bits of a host are set",
		    quote(q, v->text, strlen(v->text)));
	}
	return keep_text(c, v->text);
}

static void
guess_rule(void *arg, const char *name)
{
	guess_try(arg, name);
}

static int
exception_rule(struct check *c, const struct decl *d)
{
	struct rule *r;
	struct guess g;
	char q[QUOTE_TEXT], remedy[200];

	if (strcmp(d->name.s, "any") == 0)
		return -1;
	r = names_get(&c->rules, d->name.s);
	if (r != NULL)
		return (int)(r - c->p->rule);
	if (c->l->incomplete)
		return -1;
	g = guess_start(d->name.s);
	names_each(&c->rules, guess_rule, &g);
	lang_error(c->l, &d->name.at,
	    guess_remedy(&g, "'any' means every rule", remedy, sizeof(remedy)),
	    "there is no rule '%s'", quote(q, d->name.s, strlen(d->name.s)));
	return -1;
}

static void
check_exception(struct check *c, const struct decl *d, struct exception *e)
{
	char lack[64], q[QUOTE_TEXT];
	bool day;

	if (d->name.s == NULL)
		return;
	e->rule = exception_rule(c, d);
	e->kind = d->kind_word.s == NULL ? 0 : find_kind(c, &d->kind_word) + 1;
	e->device = exception_glob(c, &d->device, "device");
	e->dest = exception_glob(c, &d->dest, "destination");
	e->owner = keep_text(c, d->owner.s == NULL ? "" : d->owner.s);
	e->reason = keep_text(c, d->reason.s == NULL ? "" : d->reason.s);
	e->file = keep_text(c, c->l->file[d->at.file].name);
	e->line = d->at.line;
	if (d->until.kind != LITERAL_NONE) {
		if (!moment_parse(d->until.text, &e->until, &day))
			lang_error(c->l, &d->until.at, "write a date like 2027-03-31",
			    "'%s' is not a date", literal_quote(&d->until, q));
		else if (day)
			e->until += 86400 * NS_PER_S;
	}
	if (d->broken)
		return;
	if (d->device.kind == LITERAL_NONE && d->dest.kind == LITERAL_NONE)
		lang_error(c->l, &d->at,
		    "add device \"NAME\" or dest NAME; to silence a rule, "
		    "make it 'trial'",
		    "the exception says neither which device nor which "
		    "destination");
	(void)snprintf(lack, sizeof(lack), "%s%s%s",
	    d->until.kind == LITERAL_NONE ? "until " : "",
	    d->owner.s == NULL ? "owner " : "", d->reason.s == NULL ? "reason " : "");
	if (lack[0] != '\0')
		lang_warning(c->l, &d->at,
		    "say until when, who answers for it, and why: "
		    "until 2027-03-31 owner \"ana\" reason \"...\"",
		    "the exception has no %.*s", (int)strcspn(lack, " "), lack);
}

/* ---- all of them ---- */

static int
by_id(const void *va, const void *vb)
{
	const struct rule *a = *(const struct rule *const *)va;
	const struct rule *b = *(const struct rule *const *)vb;

	return a->id != b->id ? (a->id < b->id ? -1 : 1) : a < b ? -1 : a > b;
}

static void
unique_ids(struct check *c, struct rule *rule, struct decl *const *decl, unsigned n)
{
	const struct rule **sorted = lang_alloc(
	    c->l, c->l->work, (n + 1) * sizeof(struct rule *));

	for (unsigned i = 0; i < n; i++)
		sorted[i] = &rule[i];
	qsort(sorted, n, sizeof(struct rule *), by_id);
	for (unsigned i = 1; i < n; i++) {
		const struct rule *a = sorted[i - 1], *b = sorted[i];

		if (a->id == b->id && a->id != 0)
			lang_error(c->l, &decl[b - rule]->id.at,
			    "give every rule a number of its own",
			    "the id %u is taken by '%.60s' (%.120s:%u)", a->id, a->name,
			    a->file, a->line);
	}
}

void
check_rules(struct check *c)
{
	struct rule *rule;
	struct exception *except;
	struct decl **decl, *d;
	unsigned n = 0, m = 0;
	char q[QUOTE_TEXT];

	for (d = c->tree->first; d != NULL; d = d->next) {
		n += d->kind == DECL_RULE;
		m += d->kind == DECL_EXCEPT;
	}
	if (n > LANG_RULES_MAX) {
		struct place none = { 0 };

		lang_error(c->l, &none, "write fewer: a list or a set says many names in one rule",
		    "there are %u rules; %u is the most", n, LANG_RULES_MAX);
		return;
	}
	c->p->rule = rule = lang_alloc(c->l, c->l->keep, (n + 1) * sizeof(*rule));
	c->p->except = except = lang_alloc(c->l, c->l->keep, (m + 1) * sizeof(*except));
	decl = lang_alloc(c->l, c->l->work, (n + 1) * sizeof(*decl));
	for (d = c->tree->first; d != NULL; d = d->next) {
		struct rule *r = &rule[c->p->rules], *other;

		if (d->kind != DECL_RULE || d->name.s == NULL)
			continue;
		decl[c->p->rules++] = d;
		check_rule(c, d, r);
		other = names_get(&c->rules, d->name.s);
		if (other != NULL)
			lang_error(c->l, &d->name.at, "give it another name",
			    "the rule '%s' is declared already, at %.120s:%u",
			    quote(q, d->name.s, strlen(d->name.s)), other->file,
			    other->line);
		else
			names_put(c->l, &c->rules, d->name.s, r);
		if (strcmp(d->name.s, "any") == 0)
			lang_error(c->l, &d->name.at, "give it another name",
			    "'any' means every rule, in exceptions");
	}
	unique_ids(c, rule, decl, c->p->rules);
	for (d = c->tree->first; d != NULL; d = d->next)
		if (d->kind == DECL_EXCEPT)
			check_exception(c, d, &except[c->p->exceptions++]);
}
