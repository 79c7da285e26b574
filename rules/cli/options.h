/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * options: the command line, by getopt over the table of settings (settings_table.h).
 */
#ifndef RULES_CLI_OPTIONS_H
#define RULES_CLI_OPTIONS_H

#include "rules/cli/settings.h"

/* What the command line said. */
struct options {
	struct settings *settings;	/* ours until options_free */
	const char *config;		/* -c; NULL: no file is read */
	bool dump;			/* --dump-config */
	bool list;			/* --list-interfaces */
	char **words;			/* what is no option, n of them */
	int n;
};

/* Parses for one command. 0 go on, else an exit code + 1 (1: help was printed, done). */
int options_read(int argc, char **argv, unsigned whose, const char *usage,
    struct options *out);
/* Reads the file that -c named, and checks the whole: settings_fill may be asked then.
 * 0 go on, else an exit code + 1. */
int options_settle(struct options *o, const char *command);
void options_free(struct options *o);

/* The same in one, for a command with one set of options. o->settings owns the texts. */
int options_parse(int argc, char **argv, unsigned whose, const char *usage,
    struct launch_options *o, char ***words, int *n);

#endif
