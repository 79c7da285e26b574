/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot rules check|print|test|fields`: the rule author's bench. */
#include "rules/cli/commands.h"
#include "rules/cli/options.h"
#include "rules/cli/ruletest.h"

#include "classify/dpi/vocabulary.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: earshot rules check|print|test [OPTIONS] [FILE|FOLDER ...]\n"
	"       earshot rules fields\n"
	"       (files named here replace the shipped rules)";

static int check(struct rule_files *f);
static int print(struct rule_files *f);
static int fields(void);

int
command_rules(int argc, char **argv)
{
	struct launch_options o;
	struct rule_files *f;
	struct fault why = { 0 };
	char **words;
	int n, rc;
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "fields") == 0)
		return fields();
	if (strcmp(what, "check") != 0 && strcmp(what, "print") != 0 &&
	    strcmp(what, "test") != 0) {
		bool help = strcmp(what, "-h") == 0 || strcmp(what, "--help") == 0;

		fprintf(help ? stdout : stderr, "%s\n", usage);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	rc = options_parse(argc - 1, argv + 1, FOR_RULES, usage, &o, &words, &n);
	if (rc != 0)
		return rc - 1;
	for (int i = 0; i < n; i++) {
		if (o.rules.replaces == RULE_PATHS) {
			fprintf(stderr,
			    "earshot rules: too many files\n  try: a folder\n");
			return EXIT_USAGE;
		}
		o.rules.replace[o.rules.replaces++] = words[i];
	}
	f = rule_files_read(&o.rules, &why);
	if (f == NULL) {
		fprintf(stderr, "earshot rules: %s\n%s%s%s", why.what,
		    why.remedy[0] != '\0' ? "  try: " : "", why.remedy,
		    why.remedy[0] != '\0' ? "\n" : "");
		return EXIT_COULD_NOT;
	}
	if (strcmp(what, "check") == 0)
		rc = check(f);
	else if (strcmp(what, "print") == 0)
		rc = print(f);
	else
		rc = rules_test(f, o.verbosity > LOG_LEVEL_WARN);
	rule_files_free(f);
	return rc;
}

static int
check(struct rule_files *f)
{
	unsigned errors = 0;
	struct program *p = rule_files_compile(f, true, &errors);

	if (p == NULL) {
		fprintf(stderr, "%u error%s\n", errors, errors == 1 ? "" : "s");
		return EXIT_COULD_NOT;
	}
	printf("%u rule%s, %u list%s, %u exception%s: no errors (program %s)\n", p->rules,
	    p->rules == 1 ? "" : "s", p->lists, p->lists == 1 ? "" : "s", p->exceptions,
	    p->exceptions == 1 ? "" : "s", p->version);
	program_destroy(p);
	return EXIT_DONE;
}

static void
to_stdout(void *arg, const char *s, size_t n)
{
	(void)arg;
	(void)fwrite(s, 1, n, stdout);
}

static int
print(struct rule_files *f)
{
	unsigned errors = 0;
	struct program *p = rule_files_compile(f, false, &errors);

	/* Types too, not only syntax: what is printed runs. */
	if (p == NULL)
		return EXIT_COULD_NOT;
	program_destroy(p);
	return program_print(rule_files_options(f), to_stdout, NULL) &&
	    fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}

static int
fields(void)
{
	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++) {
		const struct field_info *f = &observation_field[i];
		const char *word;

		printf("%-20s %-9s %s; unknown: %s\n", f->word, field_type_name(f->type),
		    f->meaning, f->unknown);
		if (f->vocabulary == VOCABULARY_NONE)
			continue;
		printf("%-30s", "");
		for (unsigned n = 0; (word = any_word(f->vocabulary, n)) != NULL; n++)
			printf("%s%s", n == 0 ? "one of: " : ", ", word);
		putchar('\n');
	}
	return EXIT_DONE;
}
