/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * launch: the supervisor. It reads the rules, starts cell, outlet and sensor, watches
 * them, and touches no packet.
 */
#ifndef RULES_CLI_LAUNCH_H
#define RULES_CLI_LAUNCH_H

#include "capture/base/log.h"
#include "capture/source/source.h"
#include "rules/cli/rulefiles.h"
#include "rules/event/outlet.h"

enum { EXIT_DONE = 0, EXIT_COULD_NOT = 1, EXIT_USAGE = 2, EXIT_ALERTS = 3 };

#define LAUNCH_SINKS 8

struct launch_options {
	struct rule_choice rules;
	const char *file[SOURCE_FILES_MOST];	/* read: captures and folders */
	size_t files;			/* 0: run */
	const char *iface;
	const char *filter;
	const char *name;		/* NULL: host name; read: "file" */
	const char *state;		/* --state; NULL: the default place */
	struct sink_spec sink[LAUNCH_SINKS];
	unsigned sinks;			/* 0: standard output */
	int format;			/* 't', 'j', 0: text on a terminal */
	int fail_on;			/* severity; -1: never */
	bool flows, quiet, stats, test_only;
	enum log_level verbosity;
};

/* The exit code. */
int launch(const struct launch_options *o);

#endif
