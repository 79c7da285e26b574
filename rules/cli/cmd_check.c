/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot rules check`: what the language finds wrong, and what rules/bench/lint.h finds odd,
 * in one run. Findings that are allowed where they stand, with a reason, are not told. */
#include "rules/bench/lint.h"
#include "rules/bench/rows.h"
#include "rules/cli/commands.h"
#include "rules/cli/feed.h"
#include "rules/cli/versus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
	"usage: earshot rules check [OPTIONS] [FILE|FOLDER ...]\n"
	"       (files named here replace the shipped rules)";

struct checker {
	struct bench_options b;
	struct rule_files *files;
	const struct compile_options *compile;
	struct program *program, *before;
	unsigned errors, findings, allowed, told;
	/* Warnings of the language come before there is a program to say where rules end. */
	struct kept {
		enum lint lint;
		char *file, *text, *what, *remedy;
		unsigned line, column, length;
	} *kept;
	unsigned n;
};

static void
one_json(struct checker *c, const char *level, const char *lint, const struct kept *k)
{
	printf("%s{\"file\":", c->told++ == 0 ? "" : ",");
	json_string(stdout, k->file);
	printf(",\"line\":%u,\"column\":%u,\"length\":%u,\"level\":\"%s\"", k->line, k->column,
	    k->length, level);
	if (lint != NULL)
		printf(",\"lint\":\"%s\"", lint);
	fputs(",\"message\":", stdout);
	json_string(stdout, k->what);
	if (k->remedy[0] != '\0') {
		fputs(",\"remedy\":", stdout);
		json_string(stdout, k->remedy);
	}
	putchar('}');
}

static void
on_diag(void *arg, const struct diag *d)
{
	struct checker *c = arg;
	char text[4096];
	struct kept k = { .file = (char *)(uintptr_t)d->file, .what = (char *)(uintptr_t)d->what,
		.remedy = (char *)(uintptr_t)d->remedy, .line = d->line, .column = d->column,
		.length = d->length };
	struct kept *grown;

	(void)diag_print(d, text, sizeof(text));
	if (d->level == DIAG_ERROR) {
		c->errors++;
		if (c->b.json)
			one_json(c, "error", NULL, &k);
		else
			fputs(text, stderr);
		return;
	}
	grown = realloc(c->kept, (c->n + 1) * sizeof(*grown));
	if (grown == NULL)
		return;
	c->kept = grown;
	k.lint = lint_of_warning(d->what);
	k.file = strdup(d->file);
	k.what = strdup(d->what);
	k.remedy = strdup(d->remedy);
	k.text = strdup(text);
	if (k.file == NULL || k.what == NULL || k.remedy == NULL || k.text == NULL) {
		free(k.file);
		free(k.what);
		free(k.remedy);
		free(k.text);
		return;
	}
	grown[c->n++] = k;
}

/* The line where the next thing begins, less one. */
static unsigned
last_line(const struct checker *c, const char *file, unsigned line)
{
	unsigned last = 1000000000;

	for (unsigned i = 0; i < c->program->rules; i++)
		if (strcmp(c->program->rule[i].file, file) == 0 &&
		    c->program->rule[i].line > line && c->program->rule[i].line <= last)
			last = c->program->rule[i].line - 1;
	for (unsigned i = 0; i < c->program->exceptions; i++)
		if (strcmp(c->program->except[i].file, file) == 0 &&
		    c->program->except[i].line > line && c->program->except[i].line <= last)
			last = c->program->except[i].line - 1;
	/* The line above the next one is that one's. */
	return last > line && last < 1000000000 ? last - 1 : last;
}

static bool
is_allowed(const struct checker *c, const char *file, unsigned line, enum lint l)
{
	char reason[200], *bytes;
	struct fault why;
	size_t n;
	bool yes;

	if (line == 0 || c->program == NULL)
		return false;
	for (unsigned i = 0; i < c->compile->files; i++)
		if (strcmp(c->compile->file[i].name, file) == 0)
			return lint_allowed(span_of(c->compile->file[i].bytes,
			    c->compile->file[i].len), line, last_line(c, file, line), l,
			    reason, sizeof(reason));
	bytes = feed_file(file, &n, &why);	/* included by another */
	if (bytes == NULL)
		return false;
	yes = lint_allowed(span_of(bytes, n), line, last_line(c, file, line), l, reason,
	    sizeof(reason));
	free(bytes);
	return yes;
}

static void
tell(struct checker *c, const struct kept *k)
{
	const char *end;

	if (is_allowed(c, k->file, k->line, k->lint)) {
		c->allowed++;
		return;
	}
	c->findings++;
	if (c->b.json) {
		one_json(c, "warning", lint_name(k->lint), k);
		return;
	}
	if (k->text != NULL) {		/* the name, behind the first line */
		end = strchr(k->text, '\n');
		end = end == NULL ? k->text + strlen(k->text) : end;
		fprintf(stderr, "%.*s [%s]%s", (int)(end - k->text), k->text,
		    lint_name(k->lint), end);
		return;
	}
	fprintf(stderr, "%s:%u: warning: %s [%s]\n      = %s\n", k->file, k->line, k->what,
	    lint_name(k->lint), k->remedy);
}

static void
on_finding(void *arg, const struct finding *f)
{
	struct kept k = { .lint = f->lint, .file = (char *)(uintptr_t)f->file,
		.what = (char *)(uintptr_t)f->what, .remedy = (char *)(uintptr_t)f->remedy,
		.line = f->line, .column = 1, .length = 1 };

	tell(arg, &k);
}

static int
check(struct checker *c)
{
	struct compile_options o = *rule_files_options(c->files);
	struct timespec now;
	const struct program *p;

	c->compile = rule_files_options(c->files);
	o.diag = on_diag;
	o.diag_arg = c;
	if (c->b.json)
		fputs("{\"findings\":[", stdout);
	p = c->program = program_compile(&o);
	for (unsigned i = 0; i < c->n; i++)
		tell(c, &c->kept[i]);
	if (p != NULL) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		lint_program(p, c->before, now.tv_sec * NS_PER_S, on_finding, c);
	}
	if (c->b.json) {
		printf("],\"errors\":%u,\"warnings\":%u,\"allowed\":%u", c->errors, c->findings,
		    c->allowed);
		if (p != NULL)
			printf(",\"rules\":%u,\"lists\":%u,\"exceptions\":%u,\"program\":\"%s\"",
			    p->rules, p->lists, p->exceptions, p->version);
		puts("}");
	} else if (p == NULL) {
		fprintf(stderr, "%u error%s\n", c->errors, c->errors == 1 ? "" : "s");
	} else {
		printf("%u rule%s, %u list%s, %u exception%s: no errors", p->rules,
		    p->rules == 1 ? "" : "s", p->lists, p->lists == 1 ? "" : "s",
		    p->exceptions, p->exceptions == 1 ? "" : "s");
		if (c->findings > 0)
			printf(", %u finding%s", c->findings, c->findings == 1 ? "" : "s");
		printf(" (program %s)\n", p->version);
	}
	return fflush(stdout) != 0 || p == NULL || c->findings > 0 ? EXIT_COULD_NOT : EXIT_DONE;
}

int
command_check(int argc, char **argv)
{
	struct checker *c = calloc(1, sizeof(*c));
	struct rule_files *old = NULL;
	struct rule_choice none = { .adds = 0 };
	struct fault why = { "", "" };
	int rc;

	if (c == NULL)
		return EXIT_COULD_NOT;
	rc = bench_options(argc, argv, FOR_CHECK, usage, &c->b);
	if (rc != 0) {
		free(c);
		return rc - 1;
	}
	rc = EXIT_COULD_NOT;
	for (int i = 0; i < c->b.n; i++) {
		if (c->b.o.rules.replaces == RULE_PATHS) {
			(void)fault_set(&why, "a folder", "too many files");
			rc = bench_mistake("rules check", &why, EXIT_USAGE);
			goto out;
		}
		c->b.o.rules.replace[c->b.o.rules.replaces++] = c->b.words[i];
	}
	c->files = rule_files_read(&c->b.o.rules, &why);
	if (c->files == NULL) {
		rc = bench_mistake("rules", &why, EXIT_COULD_NOT);
		goto out;
	}
	if (c->b.against != NULL) {
		char *word = (char *)(uintptr_t)c->b.against;

		c->before = versus_rules(&none, &word, 1, &old, &why);
		if (c->before == NULL) {
			if (why.what[0] != '\0')
				(void)bench_mistake("rules check", &why, rc);
			goto out;
		}
	}
	rc = check(c);
out:
	for (unsigned i = 0; i < c->n; i++) {
		free(c->kept[i].file);
		free(c->kept[i].what);
		free(c->kept[i].remedy);
		free(c->kept[i].text);
	}
	free(c->kept);
	program_destroy(c->program);
	program_destroy(c->before);
	rule_files_free(c->files);
	rule_files_free(old);
	bench_options_free(&c->b);
	free(c);
	return rc;
}
