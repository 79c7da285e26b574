/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot rules export --json`: the checked program for other programs: what `rules print` says,
 * with macros taken for what they stand for. */
#include "rules/bench/rows.h"
#include "rules/cli/commands.h"
#include "rules/cli/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: earshot rules export --json [OPTIONS] [FILE|FOLDER ...]\n"
	"       (files named here replace the shipped rules)";

static void
text(const char *key, const char *value)
{
	printf(",\"%s\":", key);
	json_string(stdout, value);
}

/* A tree of "all", "any", "not" and conditions; as deep as the parser allows. */
static void
condition(const struct expr *x)
{
	switch (x->op) {
	case EXPR_AND:
	case EXPR_OR:
		printf("{\"%s\":[", x->op == EXPR_AND ? "all" : "any");
		condition(x->a);
		putchar(',');
		condition(x->b);
		fputs("]}", stdout);
		return;
	case EXPR_NOT:
		fputs("{\"not\":", stdout);
		condition(x->a);
		putchar('}');
		return;
	default:
		fputs("{\"cond\":", stdout);
		json_string(stdout, x->text);
		if (x->op != EXPR_EMPTY && x->op != EXPR_DEST_IN_LIST)
			text("field", observation_field[x->field].word);
		putchar('}');
	}
}

static void
words(const char *key, const char *const *word, unsigned n)
{
	printf(",\"%s\":[", key);
	for (unsigned i = 0; i < n; i++) {
		fputs(i == 0 ? "" : ",", stdout);
		json_string(stdout, word[i]);
	}
	putchar(']');
}

static void
rule(const struct rule *r)
{
	printf("{\"id\":%u,\"rev\":%u", r->id, r->rev);
	text("name", r->name);
	text("file", r->file);
	printf(",\"line\":%u", r->line);
	text("severity", severity_name(r->severity));
	text("kind", event_kind_name(r->kind));
	text("scope", r->fleet ? "fleet" : "sensor");
	printf(",\"suspect\":%s,\"trial\":%s", r->suspect ? "true" : "false",
	    r->trial ? "true" : "false");
	words("mitre", r->mitre, r->mitre_n);
	words("related", r->related, r->related_n);
	fputs(",\"when\":", stdout);
	condition(r->when);
	if (r->limit > 0) {
		printf(",\"limit\":{\"count\":%u,\"every_seconds\":%.3f,\"per\":[", r->limit,
		    (double)r->limit_every / 1e9);
		for (unsigned i = 0; i < r->limit_key_n; i++)
			printf("%s\"%s\"", i == 0 ? "" : ",",
			    observation_field[r->limit_key[i]].word);
		fputs("]}", stdout);
	}
	fputs(",\"caveats\":[", stdout);
	for (unsigned i = 0; i < r->caveats; i++) {
		printf("%s{\"does\":\"%s\",\"when\":", i == 0 ? "" : ",", r->caveat[i].lower ?
		    "lower" : r->caveat[i].raise ? "raise" : "note");
		condition(r->caveat[i].when);
		if (r->caveat[i].to != 0)
			text("to", severity_name((enum severity)(r->caveat[i].to - 1)));
		text("because", r->caveat[i].because);
		putchar('}');
	}
	putchar(']');
	text("explain", r->explain == NULL ? "" : r->explain);
	fputs(",\"tests\":[", stdout);
	for (unsigned i = 0; i < r->tests; i++) {
		fputs(i == 0 ? "" : ",", stdout);
		json_string(stdout, r->test[i].name);
	}
	fputs("]}", stdout);
}

static void
export(const struct program *p)
{
	fputs("{\"program\":", stdout);
	json_string(stdout, p->version);
	if (p->inventory_path != NULL)
		text("inventory", p->inventory_path);
	fputs(",\"lists\":[", stdout);
	for (unsigned i = 0; i < p->lists; i++) {
		fputs(i == 0 ? "{\"name\":" : ",{\"name\":", stdout);
		json_string(stdout, p->list[i].name);
		printf(",\"entries\":%zu", hostlist_size(p->list[i].hosts));
		if (p->list[i].path != NULL)
			text("path", p->list[i].path);
		putchar('}');
	}
	fputs("],\"rules\":[", stdout);
	for (unsigned i = 0; i < p->rules; i++) {
		fputs(i == 0 ? "" : ",", stdout);
		rule(&p->rule[i]);
	}
	fputs("],\"exceptions\":[", stdout);
	for (unsigned i = 0; i < p->exceptions; i++) {
		const struct exception *x = &p->except[i];

		fputs(i == 0 ? "{\"file\":" : ",{\"file\":", stdout);
		json_string(stdout, x->file);
		printf(",\"line\":%u", x->line);
		if (x->rule >= 0)
			text("rule", p->rule[x->rule].name);
		if (x->kind != 0)
			text("kind", event_kind_name((enum event_kind)(x->kind - 1)));
		if (x->device != NULL)
			text("device", x->device);
		if (x->dest != NULL)
			text("dest", x->dest);
		if (x->until != 0) {
			char when[PKT_TIME_TEXT];

			(void)pkt_time_print((struct pkt_time){ x->until }, when);
			text("until", when);
		}
		if (x->owner != NULL)
			text("owner", x->owner);
		if (x->reason != NULL)
			text("reason", x->reason);
		putchar('}');
	}
	puts("]}");
}

int
command_export(int argc, char **argv)
{
	struct bench_options *b = calloc(1, sizeof(*b));
	struct rule_files *f = NULL;
	struct program *p = NULL;
	struct fault why = { "", "" };
	int rc;

	if (b == NULL)
		return EXIT_COULD_NOT;
	rc = bench_options(argc, argv, FOR_EXPORT, usage, b);
	if (rc != 0) {
		free(b);
		return rc - 1;
	}
	for (int i = 0; i < b->n && b->o.rules.replaces < RULE_PATHS; i++)
		b->o.rules.replace[b->o.rules.replaces++] = b->words[i];
	rc = EXIT_COULD_NOT;
	f = rule_files_read(&b->o.rules, &why);
	if (f == NULL) {
		(void)bench_mistake("rules export", &why, rc);
	} else {
		p = rule_files_compile(f, false, NULL);
		if (p != NULL) {
			export(p);
			rc = fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
		}
	}
	program_destroy(p);
	rule_files_free(f);
	bench_options_free(b);
	free(b);
	return rc;
}
