/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sensor: the process that reads packets. It opens its source, gives up every right it
 * does not need, runs the pipe and puts events on the ring to the outlet.
 */
#ifndef RULES_CLI_SENSOR_H
#define RULES_CLI_SENSOR_H

#include "capture/base/log.h"
#include "capture/proc/ring.h"
#include "rules/cli/reload.h"
#include "rules/event/snapshot.h"

/* Faults of one file among many, kept to be said; more are counted. */
#define SENSOR_TOLD 32

/* Shared with the supervisor: how far it is, and what is worth saying. What is read while
 * it is written is written with a store of its own. */
struct sensor_report {
	struct {
		uint64_t packets, bytes_read;
		uint64_t bytes_total;	/* 0: not begun, or unknown */
		bool begun;
	} progress;			/* between batches, of files */
	struct fault told[SENSOR_TOLD];
	unsigned tellings;		/* stored behind what it counts */
	bool harmed;			/* packets of one file are missing */
	uint64_t alerts[SEVERITY_COUNT], suspects, updates;
	uint64_t packets, used, bytes, lost;
	int64_t first_ns, last_ns;
	int worst;			/* most urgent severity of an alert;
					 * SEVERITY_COUNT: none */
	bool crossed, breaker;
	bool failed;			/* what follows says why;
					 * events before it were delivered */
	struct fault why;
};

struct sensor_options {
	int rules_fd;			/* sealed pack (rulepack.h); lent */
	uint64_t generation;		/* of those rules */
	int ask_fd, told_fd;		/* live: reloads (reload.h); -1: none */
	struct board *reloaded;		/* struct reload_answer */
	struct dpi_cell *cell;
	struct ring *ring;		/* events, to the outlet */
	struct ring *observations;	/* the same, for its store and live table;
					 * NULL: nobody wants them */
	int sums_fd;			/* sealed: the log of sums (sumlog.h), lent; -1: none
					 * is kept */
	uint32_t start;			/* how often a sensor was started in this run */
	struct sensor_report *report;	/* shared memory */
	const struct boards *boards;	/* the same; lent */
	const struct log *log;
	const char *const *file;	/* captures and folders */
	size_t files;			/* 0: live */
	const struct iface_names *ifaces;
	bool again;			/* after a crash: one of them may be away */
	const char *filter;
	const char *name;		/* `host` */
	const char *boot;		/* live; files make their own */
	bool text, colour, flows;
	unsigned partitions;		/* 0: EVENT_PARTITIONS */
	uint64_t memory;		/* pipe.h */
	bool split_vlans;		/* observer.h */
	bool clear;			/* text: a progress line may be in its way */
	bool quiet;			/* no events but the last stats,
					 * when stats is set */
	bool stats;
	bool drop_when_full;		/* live: never wait for the outlet */
};

/* Runs to the end of the input or SIGTERM/SIGINT. 0, or 1 (report->why). */
int sensor_run(const struct sensor_options *o);

#endif
