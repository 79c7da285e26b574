/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options: getopt over the table of settings; a mistake is answered with what to give. */
#include "rules/cli/options.h"

#include "rules/cli/settings_read.h"
#include "rules/lang/lang.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

static int take(struct options *o, const struct setting_info *i, const char *arg,
    struct fault *why);
static int usage_error(const char *command, const struct fault *why);

static void
options_help(FILE *out, unsigned whose)
{
	for (unsigned i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *s = &setting_info[i];
		char left[64];

		if ((s->whose & whose) == 0)
			continue;
		(void)snprintf(left, sizeof(left), "%c%c %s--%s %s",
		    s->letter ? '-' : ' ', s->letter ? s->letter : ' ',
		    s->letter ? "" : " ", s->word, s->arg);
		fprintf(out, "  %-31s %s\n", left, s->help);
	}
}

static bool
has_argument(const struct setting_info *i)
{
	return i->arg[0] != '\0';
}

/* What the command takes, in getopt's form. */
static void
tables(unsigned whose, struct option longs[SETTING_COUNT + 1],
    char shorts[3 * SETTING_COUNT + 2])
{
	size_t at = 1, used = 0;

	memset(longs, 0, sizeof(longs[0]) * (SETTING_COUNT + 1));
	shorts[0] = ':';
	for (unsigned i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *s = &setting_info[i];

		if ((s->whose & whose) == 0)
			continue;
		longs[used].name = s->word;
		longs[used].has_arg = has_argument(s) ? required_argument : no_argument;
		longs[used++].val = (int)s->id;
		if (s->letter == 0)
			continue;
		shorts[at++] = (char)s->letter;
		if (has_argument(s))
			shorts[at++] = ':';
	}
	shorts[at] = '\0';
}

/* "did you mean '--interface'?" */
static const char *
nearest(const char *wrong, unsigned whose, const char *usage, char *buf, size_t size)
{
	char word[64];
	struct guess g;

	(void)snprintf(word, sizeof(word), "%.*s",
	    (int)strcspn(wrong, "=") < 60 ? (int)strcspn(wrong, "=") : 60, wrong);
	memmove(word, word + strspn(word, "-"), strlen(word + strspn(word, "-")) + 1);
	g = guess_start(word);
	for (unsigned i = 0; i < SETTING_COUNT; i++)
		if ((setting_info[i].whose & whose) != 0)
			guess_try(&g, setting_info[i].word);
	if (g.best != NULL && wrong[0] == '-' && wrong[1] == '-')
		(void)snprintf(buf, size, "--%s", g.best);
	else
		(void)snprintf(buf, size, "%s", usage);
	return buf;
}

int
options_read(int argc, char **argv, unsigned whose, const char *usage,
    struct options *out)
{
	struct option longs[SETTING_COUNT + 1];
	char shorts[3 * SETTING_COUNT + 2], remedy[320];
	struct fault why = { "", "" };
	int c;

	*out = (struct options){ .settings = settings_create(whose) };
	if (out->settings == NULL) {
		fprintf(stderr, "earshot %s: not enough memory\n", argv[0]);
		return EXIT_COULD_NOT + 1;
	}
	tables(whose, longs, shorts);
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct setting_info *found = NULL;

		for (unsigned i = 0; i < SETTING_COUNT && found == NULL; i++)
			if (c == (int)setting_info[i].id ||
			    (c < 128 && c == setting_info[i].letter))
				found = &setting_info[i];
		if (c == ':') {
			(void)fault_set(&why, usage, "'%s' needs an argument",
			    argv[optind - 1]);
			goto fail;
		}
		if (c == '?' || found == NULL) {
			(void)fault_set(&why, nearest(argv[optind - 1], whose, usage,
			    remedy, sizeof(remedy)), "'%s' is no option of this command",
			    argv[optind - 1]);
			goto fail;
		}
		if (found->id == SETTING_HELP) {
			printf("%s\n\n", usage);
			options_help(stdout, whose);
			options_free(out);
			return EXIT_DONE + 1;
		}
		if (take(out, found, optarg, &why) == -1)
			goto fail;
	}
	out->words = argv + optind;
	out->n = argc - optind;
	return 0;
fail:
	options_free(out);
	return usage_error(argv[0], &why) + 1;
}

static int
take(struct options *o, const struct setting_info *i, const char *arg, struct fault *why)
{
	switch (i->id) {
	case SETTING_CONFIG:
		if (o->config != NULL)
			return fault_set(why, "put the others into FILE.d/",
			    "two settings files: '%s' and '%s'", o->config, arg);
		o->config = arg;
		return 0;
	case SETTING_SET:
		return settings_set(o->settings, arg, why);
	case SETTING_SENSOR:
		settings_pick(o->settings, arg);
		return 0;
	case SETTING_DUMP:
		o->dump = true;
		return 0;
	case SETTING_LIST:
		o->list = true;
		return 0;
	default:
		return settings_option(o->settings, i->id, arg, why);
	}
}

int
options_settle(struct options *o, const char *command)
{
	struct fault why = { "", "" };

	if (o->config != NULL && settings_read(o->settings, o->config, &why) == -1) {
		(void)usage_error(command, &why);
		return EXIT_COULD_NOT + 1;
	}
	if (settings_check(o->settings, &why) == -1)
		return usage_error(command, &why) + 1;
	return 0;
}

void
options_free(struct options *o)
{
	settings_destroy(o->settings);
	o->settings = NULL;
}

int
options_parse(int argc, char **argv, unsigned whose, const char *usage,
    struct launch_options *o, char ***words, int *n)
{
	struct options all;
	int rc = options_read(argc, argv, whose, usage, &all);

	if (rc != 0)
		return rc;
	rc = options_settle(&all, argv[0]);
	if (rc != 0) {
		options_free(&all);
		return rc;
	}
	settings_fill(all.settings, 0, o);
	o->settings = all.settings;
	*words = all.words;
	*n = all.n;
	return 0;
}

static int
usage_error(const char *command, const struct fault *why)
{
	fprintf(stderr, "earshot %s: %s\n", command, why->what);
	if (why->remedy[0] != '\0')
		fprintf(stderr, "  try: %s\n", why->remedy);
	return EXIT_USAGE;
}
