/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * options: one table of the command line's options; parser and help come from it.
 */
#ifndef RULES_CLI_OPTIONS_H
#define RULES_CLI_OPTIONS_H

#include "rules/cli/launch.h"

#include <stdio.h>

/* X(id, letter or 0, long name, argument or "", commands it is for, help) */
#define FOR_READ 1u
#define FOR_RUN 2u
#define FOR_RULES 4u
#define FOR_ALL (FOR_READ | FOR_RUN | FOR_RULES)
#define OPTIONS(X) \
	X(INPUT, 'r', "read", "FILE", FOR_READ, \
	    "a capture, a folder of them, '-' for standard input " \
	    "(or just name them)") \
	X(IFACE, 'i', "interface", "IF", FOR_RUN, "the interface to listen on") \
	X(FILTER, 'f', "filter", "BPF", FOR_READ | FOR_RUN, \
	    "a tcpdump filter (or the trailing words)") \
	X(ADD, 's', "rules", "PATH", FOR_ALL, "adds a rule file, or a folder of them") \
	X(REPLACE, 'S', "only-rules", "PATH", FOR_ALL, "replaces the shipped rules") \
	X(HOME, 0, "home", "NETS", FOR_ALL, "the office's networks: 10.1.0.0/16,fd00::/8") \
	X(KNOWN, 0, "known", "FILE", FOR_ALL, \
	    "destinations the office knows: domain, host and net lines") \
	X(INVENTORY, 0, "inventory", "FORMAT:FILE", FOR_ALL, \
	    "the office's devices: csv, ethers or dnsmasq") \
	X(OUT, 'o', "out", "SINK", FOR_READ | FOR_RUN, \
	    "-, file:PATH or redis:unix:PATH; may be given again") \
	X(FORMAT, 0, "format", "text|json", FOR_READ | FOR_RUN, \
	    "of standard output; text on a terminal") \
	X(FLOWS, 0, "flows", "", FOR_READ | FOR_RUN, "flow events too") \
	X(NAME, 0, "name", "NAME", FOR_READ | FOR_RUN, "what this sensor is called") \
	X(STATE, 0, "state", "DIR", FOR_READ | FOR_RUN, "where the spool lies") \
	X(FAIL_ON, 0, "fail-on", "SEVERITY", FOR_READ, \
	    "exit 3 after an alert this severe or worse") \
	X(STATS, 0, "stats", "json", FOR_READ, "with -q: the counters at the end, as one event") \
	X(TEST, 'T', "test", "", FOR_READ | FOR_RUN, "check rules and settings, then leave") \
	X(VERBOSE, 'v', "verbose", "", FOR_ALL, "say more; twice: even more") \
	X(QUIET, 'q', "quiet", "", FOR_ALL, "no events, unless --out says where; warnings only") \
	X(HELP, 'h', "help", "", FOR_ALL, "this text")

enum option_id {
	OPTION_FIRST = 255,
#define X(id, letter, name, arg, who, help) OPTION_##id,
	OPTIONS(X)
#undef X
	OPTION_LAST
};

/* Parses for one command. 0 go on, else an exit code + 1 (1: help was printed, done).
 * *words and *n get what is no option. */
int options_parse(int argc, char **argv, unsigned who, const char *usage,
    struct launch_options *o, char ***words, int *n);

#endif
