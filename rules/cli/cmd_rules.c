/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot rules ...`: the rule author's bench. print and test are here, the others in files
 * of their own. */
#include "rules/cli/commands.h"
#include "rules/cli/options.h"
#include "rules/cli/ruletest.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: earshot rules check|print|test [OPTIONS] [FILE|FOLDER ...]\n"
	"       earshot rules diff [OPTIONS] OLD NEW\n"
	"       earshot rules learn [OPTIONS]\n"
	"       earshot rules export --json [OPTIONS] [FILE|FOLDER ...]\n"
	"       earshot rules new NAME\n"
	"       earshot rules fields [GLOB]\n"
	"       (files named here replace the shipped rules)";

static int print(struct rule_files *f);

static const struct {
	const char *word;
	int (*run)(int argc, char **argv);
} own[] = { { "check", command_check }, { "diff", command_diff },
	{ "export", command_export }, { "fields", command_fields }, { "learn", command_learn },
	{ "new", command_new } };

int
command_rules(int argc, char **argv)
{
	struct launch_options o;
	struct rule_files *f;
	struct fault why = { 0 };
	char **words;
	int n, rc;
	const char *what = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(what, own[i].word) == 0)
			return own[i].run(argc - 1, argv + 1);
	if (strcmp(what, "print") != 0 && strcmp(what, "test") != 0) {
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
	if (strcmp(what, "print") == 0)
		rc = print(f);
	else
		rc = rules_test(f, o.verbosity > LOG_LEVEL_WARN);
	rule_files_free(f);
	return rc;
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
