/* SPDX-License-Identifier: GPL-3.0-or-later */
/* options: getopt over the table in options.h;
 * a mistake is answered with what to give. */
#include "rules/cli/options.h"

#include <getopt.h>
#include <string.h>

struct option_info {
	int id, letter;
	const char *name, *arg;
	unsigned who;
	const char *help;
};

static const struct option_info info[] = {
#define X(id, letter, name, arg, who, help) { OPTION_##id, letter, name, arg, who, help },
	OPTIONS(X)
#undef X
};

#define OPTION_N (sizeof(info) / sizeof(info[0]))

static int take(const struct option_info *i, const char *arg, struct launch_options *o);
static int usage_error(const char *command, const char *what, const char *arg,
    const char *remedy);

static void
options_help(FILE *out, unsigned who)
{
	for (size_t i = 0; i < OPTION_N; i++) {
		char left[64];

		if ((info[i].who & who) == 0)
			continue;
		(void)snprintf(left, sizeof(left), "%c%c %s--%s %s",
		    info[i].letter ? '-' : ' ', info[i].letter ? info[i].letter : ' ',
		    info[i].letter ? "" : " ", info[i].name, info[i].arg);
		fprintf(out, "  %-28s %s\n", left, info[i].help);
	}
}

int
options_parse(int argc, char **argv, unsigned who, const char *usage,
    struct launch_options *o, char ***words, int *n)
{
	struct option longs[OPTION_N + 1];
	char shorts[3 * OPTION_N + 2] = ":";
	size_t at = 1, used = 0;
	int c;

	memset(longs, 0, sizeof(longs));
	for (size_t i = 0; i < OPTION_N; i++) {
		if ((info[i].who & who) == 0)
			continue;
		longs[used].name = info[i].name;
		longs[used].has_arg = info[i].arg[0] != '\0' ? required_argument :
		    no_argument;
		longs[used++].val = info[i].id;
		if (info[i].letter == 0)
			continue;
		shorts[at++] = (char)info[i].letter;
		if (info[i].arg[0] != '\0')
			shorts[at++] = ':';
	}
	shorts[at] = '\0';
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_info *found = NULL;
		int rc;

		for (size_t i = 0; i < OPTION_N && found == NULL; i++)
			if (c == info[i].id || (c < 128 && c == info[i].letter))
				found = &info[i];
		if (c == ':')
			return usage_error(argv[0], "needs an argument", argv[optind - 1],
			    usage) + 1;
		if (c == '?' || found == NULL)
			return usage_error(argv[0], "is no option of this command",
			    argv[optind - 1], usage) + 1;
		if (found->id == OPTION_HELP) {
			printf("%s\n\n", usage);
			options_help(stdout, who);
			return EXIT_DONE + 1;
		}
		rc = take(found, optarg, o);
		if (rc != 0)
			return rc + 1;
	}
	*words = argv + optind;
	*n = argc - optind;
	return 0;
}

static int
take(const struct option_info *i, const char *arg, struct launch_options *o)
{
	struct fault why;

	switch ((enum option_id)i->id) {
	case OPTION_INPUT:
		if (o->files == SOURCE_FILES_MOST)
			return usage_error("-r", "is one capture too many", arg,
			    "give a folder, or read them in parts");
		o->file[o->files++] = arg;
		break;
	case OPTION_IFACE:
		o->iface = arg;
		break;
	case OPTION_FILTER:
		o->filter = arg;
		break;
	case OPTION_ADD:
		if (o->rules.adds == RULE_PATHS)
			return usage_error("-s", "was given too often", arg,
			    "give a folder");
		o->rules.add[o->rules.adds++] = arg;
		break;
	case OPTION_REPLACE:
		if (o->rules.replaces == RULE_PATHS)
			return usage_error("-S", "was given too often", arg,
			    "give a folder");
		o->rules.replace[o->rules.replaces++] = arg;
		break;
	case OPTION_HOME:
		o->rules.home = arg;
		break;
	case OPTION_KNOWN:
		o->rules.known = arg;
		break;
	case OPTION_INVENTORY:
		o->rules.inventory = arg;
		break;
	case OPTION_OUT:
		if (o->sinks == LAUNCH_SINKS)
			return usage_error("--out", "was given too often", arg,
			    "at most eight");
		if (sink_parse(arg, &o->sink[o->sinks], &why) == -1) {
			fprintf(stderr, "earshot: %s\n  try: %s\n", why.what, why.remedy);
			return EXIT_USAGE;
		}
		o->sinks++;
		break;
	case OPTION_FORMAT:
		if (strcmp(arg, "text") != 0 && strcmp(arg, "json") != 0)
			return usage_error("--format", "is no format", arg,
			    "text or json");
		o->format = arg[0];
		break;
	case OPTION_FLOWS:
		o->flows = true;
		break;
	case OPTION_NAME:
		o->name = arg;
		break;
	case OPTION_STATE:
		o->state = arg;
		break;
	case OPTION_FAIL_ON:
		for (int s = 0; s < SEVERITY_COUNT; s++)
			if (strcmp(arg, severity_name((enum severity)s)) == 0) {
				o->fail_on = s;
				return 0;
			}
		return usage_error("--fail-on", "is no severity", arg,
		    "critical, high, medium, low or info");
	case OPTION_STATS:
		if (strcmp(arg, "json") != 0)
			return usage_error("--stats", "is no format", arg, "json");
		o->stats = true;
		break;
	case OPTION_TEST:
		o->test_only = true;
		break;
	case OPTION_VERBOSE:
		if (o->verbosity < LOG_LEVEL_DEBUG)
			o->verbosity++;
		break;
	case OPTION_QUIET:
		o->quiet = true;
		break;
	case OPTION_HELP:
	case OPTION_FIRST:
	case OPTION_LAST:
		break;
	}
	return 0;
}

static int
usage_error(const char *command, const char *what, const char *arg, const char *remedy)
{
	fprintf(stderr, "earshot %s: '%s' %s\n  try: %s\n", command,
	    arg == NULL ? "" : arg, what, remedy);
	return EXIT_USAGE;
}
