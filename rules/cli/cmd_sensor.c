/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `earshot read` and `earshot run`. */
#include "rules/cli/commands.h"
#include "rules/cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int go(int argc, char **argv, unsigned who, const char *usage);

int
command_read(int argc, char **argv)
{
	return go(argc, argv, FOR_READ,
	    "usage: earshot read [OPTIONS] FILE|FOLDER ... [FILTER ...]");
}

int
command_run(int argc, char **argv)
{
	return go(argc, argv, FOR_RUN, "usage: earshot run -i IF [OPTIONS] [FILTER ...]");
}

/* Behind the first capture, a word is another or begins the filter. A filter's words have
 * no capture's ending, and those with a dot or a slash are addresses, no files. */
static bool
is_capture(const char *word)
{
	return strcmp(word, "-") == 0 || source_named_capture(word) ||
	    (strpbrk(word, "./") != NULL && access(word, F_OK) == 0);
}

static int
go(int argc, char **argv, unsigned who, const char *usage)
{
	struct launch_options o = { .fail_on = -1, .verbosity = LOG_LEVEL_WARN };
	char **words, *filter = NULL;
	size_t len = 1;
	int n, rc;

	rc = options_parse(argc, argv, who, usage, &o, &words, &n);
	if (rc != 0)
		return rc - 1;
	if (who == FOR_READ && o.files == 0)
		while (n > 0 && (o.files == 0 || is_capture(words[0]))) {
			if (o.files == SOURCE_FILES_MOST) {
				fprintf(stderr, "earshot read: '%s' is one capture too "
				    "many (%d at most)\n  try: give a folder, or read "
				    "them in parts\n", words[0], SOURCE_FILES_MOST);
				return EXIT_USAGE;
			}
			o.file[o.files++] = *words++;
			n--;
		}
	if ((who == FOR_READ ? o.files == 0 : o.iface == NULL) && !o.test_only) {
		fprintf(stderr, "earshot %s: %s\n  try: %s\n", argv[0], who == FOR_READ ?
		    "no capture was named" : "no interface was named", usage);
		return EXIT_USAGE;
	}
	for (int i = 0; i < n; i++)
		len += strlen(words[i]) + 1;
	if (n > 0) {
		if (o.filter != NULL) {
			fprintf(stderr,
			    "earshot %s: two filters: -f and '%s'\n  try: one of them\n",
			    argv[0], words[0]);
			return EXIT_USAGE;
		}
		filter = calloc(1, len);
		if (filter == NULL)
			return EXIT_COULD_NOT;
		for (int i = 0; i < n; i++) {
			if (i > 0)
				strcat(filter, " ");
			strcat(filter, words[i]);
		}
		o.filter = filter;
	}
	rc = launch(&o);
	free(filter);
	return rc;
}
