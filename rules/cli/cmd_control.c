/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot status`, `flows`, `device`, `stats`, `reload`: a running sensor is asked over
 * its control socket. JSON into a pipe, tables for a person (tables.c). */
#include "rules/cli/ask.h"
#include "rules/cli/commands.h"
#include "rules/cli/settings_read.h"
#include "rules/cli/launch.h"
#include "rules/cli/tables.h"
#include "rules/event/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE "[--state DIR | --socket PATH] [--json]"

static void
usage(FILE *out, const char *name)
{
	static const struct {
		const char *word, *arg, *meaning;
	} command[] = {
#define X(id, word, arg, meaning) { word, arg, meaning },
		REQUEST_COMMANDS(X)
#undef X
	}, key[] = {
#define X(id, word, arg, meaning) { word, arg, meaning },
		REQUEST_KEYS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(command) / sizeof(command[0]); i++)
		if (strcmp(command[i].word, name) == 0)
			fprintf(out, "usage: earshot %s %s%s%s\n%s\n", name, USAGE,
			    command[i].arg[0] == '\0' ? "" : " ", command[i].arg,
			    command[i].meaning);
	if (strcmp(name, "flows") != 0)
		return;
	fputs("\nfilter, each word with what stands behind it; all must hold:\n", out);
	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++)
		fprintf(out, "  %-7s %-13s %s\n", key[i].word, key[i].arg, key[i].meaning);
}

static int
mistake(const char *name, const struct fault *why, int rc)
{
	fprintf(stderr, "earshot %s: %s\n", name, why->what);
	if (why->remedy[0] != '\0')
		fprintf(stderr, "  try: %s\n", why->remedy);
	return rc;
}

/* A word for the line; with spaces in quotes. */
static bool
add(char *line, size_t *len, const char *word)
{
	int n;

	if (strchr(word, '\n') != NULL || strchr(word, '"') != NULL)
		return false;
	n = snprintf(line + *len, REQUEST_BYTES - *len,
	    word[0] == '\0' || strchr(word, ' ') != NULL ? "%s\"%s\"" : "%s%s",
	    *len == 0 ? "" : " ", word);
	if (n < 0 || (size_t)n >= REQUEST_BYTES - *len)
		return false;
	*len += (size_t)n;
	return true;
}

int
command_control(int argc, char **argv)
{
	char line[REQUEST_BYTES] = "", state[4000], path[4096] = "", *reply = NULL;
	bool json = isatty(STDOUT_FILENO) == 0;
	struct fault why = { "", "" };
	struct json_value doc, v;
	struct request q;
	size_t len = 0;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/control", state_folder(state, sizeof(state)));
	(void)add(line, &len, argv[0]);
	for (int i = 1; i < argc; i++) {
		bool takes = strcmp(argv[i], "--state") == 0 ||
		    strcmp(argv[i], "--socket") == 0;

		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			usage(stdout, argv[0]);
			return EXIT_DONE;
		}
		if (takes && i + 1 < argc) {
			(void)snprintf(path, sizeof(path), argv[i][3] == 't' ?
			    "%s/control" : "%s", argv[i + 1]);
			i++;
		} else if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (argv[i][0] == '-') {
			(void)fault_set(&why, "earshot COMMAND -h", takes ?
			    "'%s' needs an argument" : "'%s' is no option of this command",
			    argv[i]);
			return mistake(argv[0], &why, EXIT_USAGE);
		} else if (!add(line, &len, argv[i])) {
			(void)fault_set(&why, NULL, "'%.60s' cannot be asked for", argv[i]);
			return mistake(argv[0], &why, EXIT_USAGE);
		}
	}
	/* What is wrong with the words needs no sensor to say so. */
	if (request_parse(span_of(line, len), &q, &why) == -1)
		return mistake(argv[0], &why, EXIT_USAGE);
	if (ask_sensor(path, line, &reply, &len, &why) == -1)
		return mistake(argv[0], &why, EXIT_COULD_NOT);
	if (!parse_document(span_of(reply, len), &doc)) {
		(void)fault_set(&why, "is it of the same version?",
		    "the answer on '%s' is no JSON", path);
		rc = mistake(argv[0], &why, EXIT_COULD_NOT);
	} else if (json) {
		rc = puts(reply) < 0 || fflush(stdout) != 0 ||
		    parse_get(&doc, "error", &v) || (q.command == REQUEST_RELOAD &&
		    !reload_accepted(&doc)) ? EXIT_COULD_NOT : EXIT_DONE;
	} else {
		rc = table_print(&q, &doc, stdout) ? EXIT_DONE : EXIT_COULD_NOT;
	}
	free(reply);
	return rc;
}
