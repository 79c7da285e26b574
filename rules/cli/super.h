/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * super: what the files of the supervisor share. Private to launch.c and super_*.c.
 *
 *	launch.c	from options to a running program, and the exit code
 *	super_children.c	cell, outlet, sensor: started, ended, started again
 *	super_reload.c	rules: read at the start, read again
 *	super_sums.c	what the sums came to before
 *	super_watch.c	the loop: signals, children, descriptors
 *	super_say.c	what a person reads
 *	super_service.c	what a service manager reads
 *
 * One thread, one loop. Whoever has a descriptor to be heard on (an answer, a timer)
 * gives it to super_hear with a function; the loop calls that when it is ready to read.
 * Signals come through a descriptor of the same kind.
 */
#ifndef RULES_CLI_SUPER_H
#define RULES_CLI_SUPER_H

#include "rules/cli/launch.h"
#include "rules/cli/progress.h"
#include "rules/cli/sensor.h"

#include <sys/types.h>
#include <time.h>

#define SUPER_FDS 16
#define CRASHES 5			/* this many within CRASH_WINDOW_S
					 * and we give up */
#define CRASH_WINDOW_S 60

struct super;
typedef void super_ready_fn(struct super *s, int fd);

/* One JSON text, lent for the call. */
typedef void reload_reply_fn(void *arg, const char *json);

struct reload_state {
	int rules_fd;			/* sealed pack of what the sensor accepted last */
	struct rule_counts counts;	/* of that */
	uint64_t generation;		/* of that */
	int ask[2];			/* to the sensor: ours, its */
	int told_fd;			/* it answered... */
	struct board *board;		/* ...here; run only */
	int pending_fd;			/* the pack that was sent; -1: none is under way */
	uint64_t number;		/* of the last one that was asked for */
	bool again;			/* a hang-up came meanwhile */
	char who[RELOAD_WHO];
	reload_reply_fn *reply;		/* NULL: nobody waits */
	void *reply_arg;
};

struct super {
	const struct launch_options *o;
	struct log log;
	struct reload_state reload;
	struct dpi_cell *cell;
	struct ring *ring, *observations;	/* the second: NULL when nobody asks */
	int ask[2];			/* control socket's requests: ours, the outlet's; -1 */
	uint32_t starts;		/* of the sensor */
	struct sensor_report *report;
	struct boards boards;		/* how sensor and outlet stand */
	struct sink_spec sink[LAUNCH_SINKS];
	unsigned sinks;
	bool text, redis, tty;
	char who[96];			/* of log */
	char name[72], boot[40], spool[4096], state[4096];	/* "": none */
	bool spool_is_private, state_said;	/* said: somebody named the state folder */
	pid_t outlet, sensor;
	int outlet_status;
	bool stopping;			/* somebody asked us to end */
	struct {
		int fd;
		super_ready_fn *ready;
	} heard[SUPER_FDS];
	unsigned heards;
	struct progress progress;
	unsigned said;			/* of the report's tellings */
	struct {
		int64_t since, next_status;	/* monotonic, ns */
		bool ready;
	} service;
	time_t crash[CRASHES];
	unsigned crashes;
	bool sensor_again;		/* one has listened before: interfaces may be away */
};

/* ---- super_children.c ---- */

int super_start_outlet(struct super *s, struct fault *why);
int super_start_sensor(struct super *s, struct fault *why);
/* Takes every child that ended, and decides what that means. */
void super_bury(struct super *s);
/* The end was asked for: the sensor drains and leaves, the outlet follows it. */
void super_stop(struct super *s);

/* No more events: the outlet drains and leaves. */
void super_close_rings(struct super *s);

/* ---- super_sums.c ---- */

/* Before the outlet opens them: sums of another build are put aside. */
void super_sums_check(struct super *s);
/* What was kept, as a sealed memfd; -1: none is kept. */
int super_sums_open(struct super *s);

/* ---- super_reload.c ---- */

/* Reads, checks and packs the rules; what is wrong is on standard error. */
int super_rules(struct super *s, struct fault *why);
/* Reads them again, and hands them to the sensor. It is said in the log, and to reply
 * (may be NULL) as reload_json; at once, or when the sensor has answered. */
void super_reload(struct super *s, const char *who, reload_reply_fn *reply, void *arg);
int super_reload_pair(struct super *s, struct fault *why);	/* for a sensor to start */
void super_reload_lost(struct super *s, bool died);	/* the sensor is gone */
void super_reload_again(struct super *s);	/* another sensor has begun */
void super_reload_end(struct super *s);
/* {"accepted":...,"generation":...,...}; running: the version that holds now. */
const char *reload_json(const struct reload_answer *a, const char *running, char *buf,
    size_t size);
const char *reload_refused_json(const char *why, char *buf, size_t size);

/* ---- super_watch.c ---- */

/* Signals are blocked and come through a descriptor from here on. */
int super_signals(struct super *s, struct fault *why);
/* ready is called from the loop when fd can be read; -1 when there are too many. */
int super_hear(struct super *s, int fd, super_ready_fn *ready);
void super_unhear(struct super *s, int fd);
/* Until sensor and outlet are gone. The exit code. */
int super_watch(struct super *s);

/* ---- super_service.c ---- */

enum service_word { SERVICE_RELOADING, SERVICE_RELOADED, SERVICE_STOPPING };

/* Ready, status and watchdog from here on, where somebody listens. */
int super_service(struct super *s, struct fault *why);
void super_service_says(struct super *s, enum service_word word);

/* ---- super_say.c ---- */

/* What was wrong with one file among many, as soon as it is known. */
void super_tell_parts(struct super *s);
/* The words at the end, and the exit code. */
int super_say_end(struct super *s);

#endif
