/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings_store: what settings.c keeps and settings_parse.c fills; nobody else includes
 * it.
 */
#ifndef RULES_CLI_SETTINGS_STORE_H
#define RULES_CLI_SETTINGS_STORE_H

#include "capture/base/arena.h"
#include "rules/cli/settings.h"
#include "rules/lang/lang.h"

enum given_from { FROM_NOWHERE, FROM_DEFAULT, FROM_FILE, FROM_SET, FROM_OPTION };

/* One setting as it was given somewhere. */
struct given {
	enum given_from from;
	struct place at;		/* FILE */
	const char *file;
	const char **text;		/* texts, paths, names, sinks: n of them */
	unsigned n;
	uint64_t number;		/* numbers, switches, choices, times */
	bool lives;			/* does something for at least one sensor */
};

struct sensor_part {
	const char *name;
	struct given own[SETTING_COUNT];
};

struct settings {
	struct arena *arena;
	unsigned whose;
	const char *pick;
	struct given initial[SETTING_COUNT], common[SETTING_COUNT], set[SETTING_COUNT],
	    option[SETTING_COUNT];
	struct sensor_part *sensor[SETTINGS_SENSORS];
	unsigned sensors;
};

/* 0, or -1 when memory ends. */
int given_add(struct settings *s, struct given *g, const char *text);

/* A text that is a value, by its type and bounds. -1 and *why: the sentence continues
 * "'spool' ...". */
int setting_text_ok(const struct setting_info *i, const char *text, bool in_file,
    struct fault *why);

/* One value from text, as a file would hold it. */
int settings_value(struct settings *s, const struct setting_info *i, const char *text,
    struct given *out, struct fault *why);

/* After parsing: marks what lives, in every sensor. */
void settings_mark(struct settings *s);
/* Every sensor has its own of it. */
bool settings_replaced(const struct settings *s, const struct setting_info *i);

/* A number as a file writes it. Returns buf. */
const char *setting_number_text(const struct setting_info *i, uint64_t n,
    char buf[QUOTE_TEXT]);

#endif
