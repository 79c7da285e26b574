/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * benchopts: the words of the rule author's commands: their own, from one table, beside those
 * of `earshot rules` (which rules; settings_table.h).
 */
#ifndef RULES_CLI_BENCHOPTS_H
#define RULES_CLI_BENCHOPTS_H

#include "rules/cli/launch.h"

#define BENCH_INPUTS 1024

#define FOR_EXPLAIN 1u
#define FOR_BACKTEST 2u
#define FOR_DIFF 4u
#define FOR_LEARN 8u
#define FOR_CHECK 16u			/* rules check */
#define FOR_FIELDS 32u
#define FOR_EXPORT 64u
#define FOR_INPUT (FOR_EXPLAIN | FOR_BACKTEST | FOR_DIFF | FOR_LEARN | FOR_FIELDS)

/* X(id, word, argument, whose, what it says) */
#define BENCH_OPTIONS(X) \
	X(CAPTURES, "captures", "PATH", FOR_INPUT, \
	    "a capture, or a folder of them; may be given again") \
	X(EVENTS, "events", "FILE", FOR_INPUT, \
	    "a file with flow events (JSON lines; gzip, zstd); may be given again") \
	X(STORE, "store", "", FOR_INPUT, "the store of the sensor on this machine") \
	X(STATE_DIR, "state", "DIR", FOR_INPUT, \
	    "where spool, store and control socket lie") \
	X(JOINED, "joined", "", FOR_INPUT, \
	    "captures are of one wire, one after the other; else each is by itself") \
	X(NEAR, "near", "N", FOR_EXPLAIN, "the N nearest misses") \
	X(RULE, "rule", "NAME", FOR_EXPLAIN, "of this rule: a name or an id") \
	X(DEVICE, "device", "NAME", FOR_EXPLAIN, \
	    "only this device: key, name or address; '*' is any") \
	X(DEST, "dest", "NAME", FOR_EXPLAIN, \
	    "only this destination: key, name or address; '*' is any") \
	X(SWEEP, "sweep", "RANGE", FOR_BACKTEST, \
	    "one limit over a range: RULE.WORD=10MB..200MB/8") \
	X(LABELS, "labels", "FILE", FOR_BACKTEST, \
	    "what ought to be told: columns capture, src, dst, expect; tabs between") \
	X(SVG, "svg", "FILE", FOR_BACKTEST, "the sweep as a picture") \
	X(DAYS, "days", "N", FOR_LEARN, "only the last N days") \
	X(INTO, "into", "DIR", FOR_LEARN, "write the proposals there; else they are shown") \
	X(AGAINST, "against", "RULES", FOR_CHECK, \
	    "what the rules were: another text needs another rev") \
	X(AS_JSON, "json", "", FOR_EXPORT, "in JSON, the one form there is") \
	X(FORMAT_WORD, "format", "text|json", FOR_INPUT | FOR_CHECK, \
	    "of standard output; text on a terminal")

struct bench_options {
	struct launch_options o;	/* rules, verbosity; o.settings is the caller's to free */
	const char *capture[BENCH_INPUTS], *events[BENCH_INPUTS];
	unsigned captures, event_files;
	bool store, joined, json;
	char store_dir[4200];		/* of --store or --state */
	const char *rule, *device, *dest, *sweep, *labels, *svg, *into, *against;
	unsigned long near, days;	/* 0: not given */
	char **words;
	int n;
	char **passed;			/* of argv, what is about rules; NULL at the end */
	int passed_n;
};

/* argv[0] is the command's name. 0 go on, else an exit code + 1. */
int bench_options(int argc, char **argv, unsigned whose, const char *usage,
    struct bench_options *out);
void bench_options_free(struct bench_options *b);
/* earshot NAME: ...; the exit code. */
int bench_mistake(const char *name, const struct fault *why, int rc);

#endif
