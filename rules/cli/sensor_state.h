/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sensor_state: what the sensor's two files share. Private to them.
 *
 *	sensor.c	packets in, events out: source, pipe, ring, the loop
 *	sensor_tell.c	what it says of itself: interfaces, tap, reloads, figures
 *	sensor_sums.c	what the sums came to, kept for the next one
 */
#ifndef RULES_CLI_SENSOR_STATE_H
#define RULES_CLI_SENSOR_STATE_H

#include "rules/cli/sensor.h"

#define LEARN_FOR (7 * 86400 * NS_PER_S)	/* before it first-seen means nothing */
#define LIVE_LAG (2 * NS_PER_S)		/* packet time follows the
					 * clock this far behind */

struct sensor {
	const struct sensor_options *o;
	struct rule_set *rules;		/* until the reloader has them */
	struct reloader *reloader;	/* NULL: files, whose rules stay */
	struct rule_counts counts;
	const struct program *program;	/* the running one */
	uint64_t generation;
	struct pipe *pipe;
	struct emitter *emitter;
	struct source *source;
	struct sandbox_state sandbox;
	struct fault why;
	bool failed;
	bool fronted;			/* captures that are worth a front (front.h) */
	char boot[40], input[300];
	struct pkt_time next_stats;
	uint64_t deaths_told, trips_told, starts_told, stops_told, backs_told;
	bool tags_told, half_told, last_stats, store_full, spool_full;
	bool evicts, volatile_told, lags, cloned;
	const char *iface[SOURCE_IFACES_MOST];	/* names by frame.iface */
	enum source_iface_state iface_state[SOURCE_IFACES_MOST];	/* as told */
	uint64_t observations_lost;
	struct loop_time started;
	struct loop_time wait_until;	/* live: the outlet is waited for; 0: while packets
					 * come it is not */
	struct own_connections own;	/* the outlet's */
	uint64_t own_posts;
	struct outlet_snapshot outlet;
	struct sensor_sums *sums;	/* NULL: nobody keeps them */
};

struct pkt_time sensor_wall(void);
struct loop_time sensor_monotonic(void);
/* A ring without room may be waited for. */
bool sensor_may_wait(const struct sensor *s);

/* An interface that is not listened to as it was, or is again. */
void sensor_tell_ifaces(struct sensor *s, struct pkt_time now);
/* What the tap does to packets, when it begins and when it ends. */
void sensor_tell_tap(struct sensor *s, struct pkt_time now,
    const struct observer_stats *os);
/* What the outlet cannot say itself: it makes no events. */
void sensor_tell_outlet(struct sensor *s, struct pkt_time now);
/* A device goes by another key from here on. */
void sensor_tell_device(struct sensor *s, const struct observation *o,
    const struct intern *strings);
/* What an exception kept quiet; pipe_options.on_excepted. */
void sensor_tell_excepted(void *arg, const struct program *p, unsigned exception,
    const struct exception_hits *h);
/* Every reload is an event, by whom and with what. arg: the sensor. */
void sensor_tell_reload(void *arg, const struct reload_ask *ask,
    const struct reload_answer *a);
void sensor_tell_stats(struct sensor *s);	/* an event */
void sensor_post(struct sensor *s);		/* the snapshot */

/* Before the sandbox; at the first packet of a reading, or the start of a live one
 * (capture 0); with each step; at the end. */
void sensor_sums_open(struct sensor *s);
void sensor_sums_begin(struct sensor *s, uint64_t capture);
void sensor_sums_step(struct sensor *s, struct pkt_time now);
/* Another program: what was under way is begun anew. */
void sensor_sums_again(struct sensor *s);
void sensor_sums_finish(struct sensor *s);
void sensor_sums_close(struct sensor *s);

#endif
