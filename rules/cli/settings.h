/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings: what was said about how earshot runs, from where, and what holds.
 *
 * Later wins: default, file, drop-ins in order, --set, option. A sensor block is nearer
 * than the common part of any file. A list that is given anew replaces the one before.
 * Files are written with the rule language's lexer:
 *
 *	file    = { setting | "sensor" NAME "{" { setting } "}" }
 *	setting = WORD VALUE { "," VALUE }
 *
 * What does nothing is an error: an unknown word, one given twice in a file, one that the
 * command or the other settings make idle, a common one that every sensor replaces.
 *
 * Nothing here reads a file (settings_read.h does); rules are not settings and the other
 * way round, no word is in both languages.
 */
#ifndef RULES_CLI_SETTINGS_H
#define RULES_CLI_SETTINGS_H

#include "rules/cli/settings_table.h"

#include <stdio.h>

#define SETTINGS_SENSORS 32		/* in one file; each is four processes */

enum setting_id {
	SETTING_BEFORE = 255,		/* beyond every option letter */
#define X(id, word, letter, arg, form, initial, example, whose, needs, help) SETTING_##id,
	SETTINGS(X)
#undef X
	SETTING_BEHIND
};

struct setting_info {
	enum setting_id id;
	const char *word;
	int letter;
	const char *arg;
	struct {
		enum setting_type type;
		size_t at, count_at;	/* in struct launch_options */
		uint64_t low, high;
		const char *words;	/* CHOICE: "text|json" */
	} form;
	const char *initial, *example;
	unsigned whose;
	enum setting_need needs;
	const char *help;
};

#define SETTING_COUNT ((unsigned)(SETTING_BEHIND - SETTING_BEFORE - 1))
extern const struct setting_info setting_info[];
const struct setting_info *setting_find(const char *word, size_t n);

struct settings;

/* whose: the command, one FOR_ bit. NULL: no memory. */
struct settings *settings_create(unsigned whose);
void settings_destroy(struct settings *s);

/* An option of the command line; arg (lent) is NULL for a switch. -1 and *why. */
int settings_option(struct settings *s, enum setting_id id, const char *arg,
    struct fault *why);
/* "word=value". The value is as in a file; text needs no quotes. */
int settings_set(struct settings *s, const char *text, struct fault *why);
/* --sensor: the others stay out. */
void settings_pick(struct settings *s, const char *name);
/* What the command knows and the table does not: the host's name, the state folder. */
void settings_computed(struct settings *s, enum setting_id id, const char *text);

/* Files in order; later ones win. Every error is told through diag; true: there was none.
 * Call it once, after options and sets: they decide what is idle. */
bool settings_files(struct settings *s, const struct source_file *file, unsigned n,
    diag_fn *diag, void *arg);
/* What no place in a file can be blamed for. Call it last, also without files. */
int settings_check(struct settings *s, struct fault *why);

/* How many sensors are to run (1 without any block), and what holds for one of them.
 * Texts live as long as the settings. */
unsigned settings_sensors(const struct settings *s);
void settings_fill(struct settings *s, unsigned sensor, struct launch_options *o);

/* What holds, as a settings file, each line with where it is from. Paths that the command
 * line gave begin in the folder `here`. */
void settings_dump(struct settings *s, const char *here, FILE *out);
/* The table as a commented settings file. */
void settings_explain(FILE *out);

/* Letters, digits, dot, dash, underscore; begins with a letter or digit; up to 64. */
bool settings_name_ok(const char *name);

#endif
