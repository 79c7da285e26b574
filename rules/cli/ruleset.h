/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ruleset: a program and the memory it refers to, from a sealed pack (rulepack.h). The
 * same at the start and at a reload; at a reload in a thread beside the running program.
 */
#ifndef RULES_CLI_RULESET_H
#define RULES_CLI_RULESET_H

#include "rules/cli/rulepack.h"

#define RULE_SET_ERRORS 16384	/* of their text; more is cut at a line */

/* Crosses process borders. */
struct rule_counts {
	char version[17];		/* the hash over rules, lists and inventories */
	uint32_t rules, lists, exceptions, errors;
	uint64_t hosts;			/* entries of all lists */
	uint64_t devices;		/* of the inventory */
	bool inventory;
};

struct rule_set {
	struct program *program;
	struct rule_pack *pack;
	void *map;
	size_t len;
};

/* fd stays the caller's. NULL: *why says it in a sentence, errors (of RULE_SET_ERRORS, may
 * be NULL) as the rule tools print it, line, caret and remedy. */
struct rule_set *rule_set_load(int fd, char *errors, struct rule_counts *counts,
    struct fault *why);
void rule_set_free(struct rule_set *s);

void rule_counts_of(const struct program *p, struct rule_counts *out);

/* The program judges a made-up step of records, with everything known and with nothing,
 * and what it says is written as events. -1 and *why: it is not to be used. */
int rule_set_try(const struct program *p, struct fault *why);

#endif
