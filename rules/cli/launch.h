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

enum { FORMAT_TEXT = 1, FORMAT_JSON };

#define LAUNCH_SINKS 8

struct notify;

/* What a command knows about how to run: the table of settings fills it. */
struct launch_options {
	struct rule_choice rules;
	const char *file[SOURCE_FILES_MOST];	/* read: captures and folders */
	unsigned files;			/* 0: run */
	const char *iface;		/* run: one, or several with commas between */
	const char *filter;
	const char *name;		/* NULL: host name; read: "file" */
	const char *state;		/* --state; NULL: the default place */
	struct sink_spec sink[LAUNCH_SINKS];
	unsigned sinks;			/* 0: standard output */
	uint64_t spool_bytes;		/* 0: 256 MiB */
	int64_t spool_age;		/* ns */
	uint64_t partitions, redis_length;
	int64_t redis_keep;		/* ns */
	uint64_t store_bytes;		/* 0: no store */
	int64_t store_age;		/* ns; 0: 30 days */
	int64_t listen_ns;		/* doctor: how long */
	const char *redis_password;	/* a file; NULL: secret.h says where else */
	const char *metrics;		/* NULL: none */
	bool redis_plain;
	struct tls_files redis_tls;
	int format;			/* FORMAT_TEXT, FORMAT_JSON; 0: by the terminal */
	int fail_on;			/* 1 + a severity; 0: never */
	int stats;			/* 1: JSON */
	bool several;			/* of one file: lines in the log name the sensor */
	uint64_t memory;		/* of flows, in bytes */
	bool flows, split_vlans, quiet, test_only;
	enum log_level verbosity;
	const char *user, *pidfile;	/* the program's; see fleet.h */
	const struct notify *notify;	/* who is told how it stands; NULL: nobody */
	struct settings *settings;	/* owns the texts; launch does not look */
};

/* The exit code. */
int launch(const struct launch_options *o);

#endif
