/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot rules fields [GLOB]`: what a rule can ask, and with an input what it was there.
 * `earshot rules new NAME`: a rule to begin with. */
#include "classify/dpi/vocabulary.h"
#include "rules/bench/rows.h"
#include "rules/cli/commands.h"
#include "rules/cli/feed.h"
#include "rules/eval/truth.h"
#include "rules/event/human.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLE 64

static const char usage[] =
	"usage: earshot rules fields [OPTIONS] [GLOB]\n"
	"       (GLOB: 'voice.*'; with an input, an example of each)";
static const char usage_new[] =
	"usage: earshot rules new NAME\n"
	"       (a rule to begin with, on standard output)";

struct examples {
	char text[FIELD_COUNT_ALL][EXAMPLE];
};

static int
on_begin(void *arg, unsigned run, const char *name, struct fault *why)
{
	(void)arg;
	(void)run;
	(void)name;
	(void)why;
	return 0;
}

/* The first value of each field that says something. */
static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct examples *x = arg;
	char room[HUMAN_TEXT];
	struct value v;

	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		if (x->text[f][0] != '\0' || !observation_known(o, (enum field)f) ||
		    !field_value(o, (enum field)f, strings, &v, NULL))
			continue;
		if ((v.type == FIELD_BYTES || v.type == FIELD_COUNT) && v.u == 0)
			continue;
		(void)plain_text(human_value(&v, (enum field)f, room), x->text[f], EXAMPLE);
	}
}

static void
print(const char *glob, const struct examples *x)
{
	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++) {
		const struct field_info *f = &observation_field[i];
		const char *word;

		if (glob != NULL && !text_glob(glob, span_of(f->word, strlen(f->word))))
			continue;
		printf("%-20s %-9s %s; unknown: %s\n", f->word, field_type_name(f->type),
		    f->meaning, f->unknown);
		if (x != NULL)
			printf("%-30sfor example: %s\n", "", x->text[i][0] != '\0' ?
			    x->text[i] : "(it was not there)");
		if (f->vocabulary == VOCABULARY_NONE)
			continue;
		printf("%-30s", "");
		for (unsigned n = 0; (word = any_word(f->vocabulary, n)) != NULL; n++)
			printf("%s%s", n == 0 ? "one of: " : ", ", word);
		putchar('\n');
	}
}

int
command_fields(int argc, char **argv)
{
	struct bench_options *b = calloc(1, sizeof(*b));
	struct examples *x = calloc(1, sizeof(*x));
	struct feed_sink sink = { .arg = x, .begin = on_begin, .on_record = on_record };
	struct feed_counts read = { 0 };
	struct rule_files *files = NULL;
	struct program *p = NULL;
	struct fault why = { "", "" };
	const char *glob;
	unsigned shown = 0;
	int rc;

	if (b == NULL || x == NULL) {
		free(b);
		free(x);
		return EXIT_COULD_NOT;
	}
	rc = bench_options(argc, argv, FOR_FIELDS, usage, b);
	if (rc != 0) {
		free(b);
		free(x);
		return rc - 1;
	}
	glob = b->n > 0 ? b->words[0] : NULL;
	for (unsigned i = 0; i < FIELD_COUNT_ALL; i++)
		shown += glob == NULL || text_glob(glob, span_of(observation_field[i].word,
		    strlen(observation_field[i].word)));
	rc = EXIT_USAGE;
	if (b->n > 1) {
		(void)fault_set(&why, usage, "one GLOB, not %d", b->n);
		(void)bench_mistake("rules fields", &why, rc);
		goto out;
	}
	if (shown == 0) {
		(void)fault_set(&why, "'earshot rules fields' shows all; 'voice.*' some",
		    "no field is called '%.60s'", glob);
		(void)bench_mistake("rules fields", &why, rc);
		goto out;
	}
	rc = EXIT_COULD_NOT;
	if (feed_named(b)) {
		files = rule_files_read(&b->o.rules, &why);
		p = files == NULL ? NULL : rule_files_compile(files, false, NULL);
		if (p == NULL || feed(b, p, &sink, "rules fields", &read, &why) == -1) {
			if (why.what[0] != '\0')
				(void)bench_mistake("rules fields", &why, rc);
			goto out;
		}
	}
	print(glob, p == NULL ? NULL : x);
	rc = fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
out:
	feed_free(&read);
	program_destroy(p);
	rule_files_free(files);
	bench_options_free(b);
	free(b);
	free(x);
	return rc;
}

/* ---- a rule to begin with ---- */

static const char skeleton[] =
	"# %s: what it is to hear, and why that matters here. Say it in a sentence or two: who\n"
	"# reads the alert at night reads this next.\n"
	"rule %s {\n"
	"\t# Ids below 1,000,000 are yours. Raise rev whenever the text changes.\n"
	"\tid %u  rev 1  severity medium  kind bulk-upload\n"
	"\n"
	"\t# All that must hold. 'earshot rules fields' says what can be asked, and when it is\n"
	"\t# unknown: a condition that is unknown does not hold, nor does 'not' in front of it.\n"
	"\twhen outbound and not dest in known\n"
	"\t    and upload >= 1 MB within 1 h per device, dest\n"
	"\n"
	"\t# At most so many; what follows within the time is counted and told at its end.\n"
	"\tlimit 1 per device, dest every 1 h\n"
	"\n"
	"\t# One sentence for the analyst. {field.word} is what it was.\n"
	"\texplain \"{device} sent {upload} to {dest} within the hour\"\n"
	"\n"
	"\t# One test that it speaks, one that it is silent; 'earshot rules test' runs them. A\n"
	"\t# capture does as well: test \"...\" { pcap \"FILE\" expect 1 alert }\n"
	"\ttest \"two megabytes\" {\n"
	"\t\tflows { 10:00 a -> b up 2 MB app tls for 20 s }\n"
	"\t\texpect 1 alert\n"
	"\t}\n"
	"\ttest \"half a megabyte\" {\n"
	"\t\tflows { 10:00 a -> b up 500 kB app tls for 20 s }\n"
	"\t\texpect 0 alerts\n"
	"\t}\n"
	"}\n";

int
command_new(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	struct fault why = { "", "" };
	unsigned id = 100000;

	if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) {
		puts(usage_new);
		return EXIT_DONE;
	}
	if (argc != 2 || name[0] < 'a' || name[0] > 'z' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) ||
	    strlen(name) > 60) {
		(void)fault_set(&why, "earshot rules new archive-leaves",
		    argc == 2 ? "'%.60s' is no name for a rule: small letters, digits, hyphens" :
		    "a name is to be given%s", argc == 2 ? name : "");
		return bench_mistake("rules new", &why, EXIT_USAGE);
	}
	/* By its name, so that two of them rarely have one id. */
	for (const char *at = name; *at != '\0'; at++)
		id = (id * 31 + (unsigned char)*at) % 900000;
	printf(skeleton, name, name, id + 100000 > 999999 ? id : id + 100000);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_COULD_NOT;
}
