/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * desk: the outlet's memory and who asks it: the second ring from the sensor
 * (observations, carry.h), the recorder they go to, the control socket.
 *
 * A desk that cannot have its store or its socket is a desk without: whether that ends
 * the start is the caller's to say (must). Once it runs, nothing here ends it.
 */
#ifndef RULES_EVENT_DESK_H
#define RULES_EVENT_DESK_H

#include "capture/base/log.h"
#include "capture/proc/ring.h"
#include "rules/event/snapshot.h"

struct event_base;
struct desk;

struct desk_options {
	struct ring *ring;		/* observations; lent, made with an fd */
	const char *state_dir;		/* store and socket lie below it; NULL: neither */
	const char *store_dir;		/* NULL: no store */
	const char *sums_dir;		/* sumlog.h; NULL: sums are not kept */
	uint64_t store_bytes;		/* 0: 2 GiB */
	int64_t store_age;		/* ns; 0: 30 days */
	const char *control_path;	/* NULL: nobody may ask */
	int ask_fd;			/* to the supervisor, for reload; -1: none */
	const struct boards *boards;	/* lent */
	const char *sensor, *version;
	bool live;			/* packet time follows the clock */
	bool must;			/* no store or socket: a fault, not a warning */
	const struct log *log;
};

struct desk *desk_create(const struct desk_options *o, struct event_base *base,
    struct fault *why);
void desk_destroy(struct desk *d);

/* An alert or anomaly that is on its way out. */
void desk_event(struct desk *d, const char *json, size_t n, int64_t time);
/* Takes what is on the ring, a bounded part of it; then what is due. */
void desk_tick(struct desk *d);
/* The ring is closed and empty: there is nothing more to come. */
bool desk_done(const struct desk *d);
/* Fills in what is the store's. */
void desk_state(const struct desk *d, struct outlet_snapshot *s);

#endif
