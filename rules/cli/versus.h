/* SPDX-License-Identifier: GPL-3.0-or-later */
/* versus: rule sets that are held against each other: which files each is made of, and one
 * pass of an input through several programs. Shared by backtest and diff. */
#ifndef RULES_CLI_VERSUS_H
#define RULES_CLI_VERSUS_H

#include "rules/bench/alerts.h"
#include "rules/bench/replay.h"
#include "rules/cli/feed.h"

/* Rules named on the command line, beside what -s and the settings say: a folder stands for
 * the shipped ones, a file stands among them (rule_choice.over). *f is the caller's to free,
 * after the program. NULL: why says it, or the compiler did (why->what is empty). */
struct program *versus_rules(const struct rule_choice *base, char *const *word, unsigned words,
    struct rule_files **f, struct fault *why);

/* The input through a program; alerts[0] takes what its first `rules` rules tell, alerts[1]
 * what the next one tells, and so on. Captures are heard by
 * the home, inventory and hearing of `heard_by`. */
struct versus {
	const struct bench_options *b;
	const struct program *heard_by;
	const struct program *program;
	unsigned rules;
	uint32_t swept;			/* the id of those that follow */
	struct alerts **alerts;
	const char *who;
	struct feed_counts read;	/* feed_free */
	struct replay_counts counts;
	struct replay *replay;		/* private */
	unsigned run;
};
int versus_run(struct versus *v, struct fault *why);

#endif
