/* SPDX-License-Identifier: GPL-3.0-or-later */
/* benchopts: takes the bench's own words out of argv, and leaves the rest to options.c. */
#include "rules/cli/benchopts.h"

#include "rules/cli/options.h"
#include "rules/cli/settings_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum bench_option {
#define X(id, word, arg, whose, help) BENCH_##id,
	BENCH_OPTIONS(X)
#undef X
	BENCH_COUNT
};

static const struct {
	const char *word, *arg;
	unsigned whose;
	const char *help;
} option[] = {
#define X(id, word, arg, whose, help) { word, arg, whose, help },
	BENCH_OPTIONS(X)
#undef X
};

int
bench_mistake(const char *name, const struct fault *why, int rc)
{
	fprintf(stderr, "earshot %s: %s\n", name, why->what);
	if (why->remedy[0] != '\0')
		fprintf(stderr, "  try: %s\n", why->remedy);
	return rc;
}

static int
add(const char **list, unsigned *n, const char *arg, struct fault *why)
{
	if (*n == BENCH_INPUTS)
		return fault_set(why, "name a folder", "more than %d inputs", BENCH_INPUTS);
	list[(*n)++] = arg;
	return 0;
}

static int
number(const char *arg, unsigned long most, unsigned long *out, struct fault *why)
{
	char *end;

	*out = strtoul(arg, &end, 10);
	if (*arg < '0' || *arg > '9' || *end != '\0' || *out < 1 || *out > most)
		return fault_set(why, NULL, "'%.40s' is no number from 1 to %lu", arg, most);
	return 0;
}

static int
take(struct bench_options *b, enum bench_option id, const char *arg, struct fault *why)
{
	char state[4000];

	switch (id) {
	case BENCH_CAPTURES:
		return add(b->capture, &b->captures, arg, why);
	case BENCH_EVENTS:
		return add(b->events, &b->event_files, arg, why);
	case BENCH_STORE:
		b->store = true;
		if (b->store_dir[0] == '\0')
			(void)snprintf(b->store_dir, sizeof(b->store_dir), "%s/store",
			    state_folder(state, sizeof(state)));
		return 0;
	case BENCH_STATE_DIR:
		b->store = true;
		(void)snprintf(b->store_dir, sizeof(b->store_dir), "%.4000s/store", arg);
		return 0;
	case BENCH_JOINED:
		b->joined = true;
		return 0;
	case BENCH_NEAR:
		return number(arg, 100, &b->near, why);
	case BENCH_RULE:
		b->rule = arg;
		return 0;
	case BENCH_DEVICE:
		b->device = arg;
		return 0;
	case BENCH_DEST:
		b->dest = arg;
		return 0;
	case BENCH_SWEEP:
		b->sweep = arg;
		return 0;
	case BENCH_LABELS:
		b->labels = arg;
		return 0;
	case BENCH_SVG:
		b->svg = arg;
		return 0;
	case BENCH_DAYS:
		return number(arg, 3650, &b->days, why);
	case BENCH_INTO:
		b->into = arg;
		return 0;
	case BENCH_AGAINST:
		b->against = arg;
		return 0;
	case BENCH_AS_JSON:
		b->json = true;
		return 0;
	case BENCH_FORMAT_WORD:
		b->json = strcmp(arg, "json") == 0;
		if (b->json || strcmp(arg, "text") == 0)
			return 0;
		return fault_set(why, "write text or json", "'%.40s' is no format", arg);
	case BENCH_COUNT:
		break;
	}
	return 0;
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

int
bench_options(int argc, char **argv, unsigned whose, const char *usage,
    struct bench_options *out)
{
	struct fault why = { "", "" };
	int rc;

	memset(out, 0, sizeof(*out));
	out->json = (whose & (FOR_EXPLAIN | FOR_BACKTEST | FOR_DIFF)) != 0 &&
	    isatty(STDOUT_FILENO) == 0;
	out->passed = calloc((size_t)argc + 1, sizeof(*out->passed));
	if (out->passed == NULL) {
		(void)fault_set(&why, NULL, "not enough memory");
		return bench_mistake(argv[0], &why, EXIT_COULD_NOT) + 1;
	}
	out->passed[out->passed_n++] = argv[0];
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i], *arg = "";
		unsigned id = 0;
		size_t n = 0;

		if (strncmp(word, "--", 2) == 0) {
			word += 2;
			n = strcspn(word, "=");
		}
		while (id < BENCH_COUNT && ((option[id].whose & whose) == 0 || n == 0 ||
		    strlen(option[id].word) != n || strncmp(option[id].word, word, n) != 0))
			id++;
		if (id == BENCH_COUNT) {
			out->passed[out->passed_n++] = argv[i];
			continue;
		}
		if (option[id].arg[0] != '\0')
			arg = word[n] == '=' ? word + n + 1 : i + 1 < argc ? argv[++i] : NULL;
		if (arg == NULL)
			rc = fault_set(&why, usage, "'--%s' needs an argument",
			    option[id].word);
		else
			rc = take(out, (enum bench_option)id, arg, &why);
		if (rc == -1) {
			bench_options_free(out);
			return bench_mistake(argv[0], &why, EXIT_USAGE) + 1;
		}
	}
	if (wants_help(argc, argv)) {
		printf("%s\n\n", usage);
		for (unsigned i = 0; i < BENCH_COUNT; i++) {
			char left[64];

			if ((option[i].whose & whose) == 0)
				continue;
			(void)snprintf(left, sizeof(left), "    --%s %s", option[i].word,
			    option[i].arg);
			printf("  %-31s %s\n", left, option[i].help);
		}
		usage = "";
	}
	rc = options_parse(out->passed_n, out->passed, FOR_RULES, usage, &out->o, &out->words,
	    &out->n);
	if (rc != 0)
		bench_options_free(out);
	return rc;
}

void
bench_options_free(struct bench_options *b)
{
	free(b->passed);
	b->passed = NULL;
	settings_destroy(b->o.settings);
	b->o.settings = NULL;
}
