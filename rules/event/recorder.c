/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recorder: from one record to the three places that remember it. */
#include "rules/event/recorder.h"

#include "rules/event/carry.h"

#include <stdlib.h>

#define STRINGS 262144			/* 75 MB when all are used, and only then */
#define REPLAY_RECORDS 4		/* batches between two looks at the rings: 64 KiB of
					 * records are read in about a millisecond */
#define LIVE_LAG (2 * NS_PER_S)		/* packet time follows the clock this far behind */

struct recorder {
	struct recorder_options o;
	struct intern *strings;
	struct live *live;
	struct day *day;
	struct store *store;
	struct pkt_time now;
	uint32_t start;			/* of the sensor, whose flows these are */
};

static void kept(void *arg, const struct observation *o, const struct intern *strings);
static void heard(void *arg, struct span json);
static void flow_record(struct recorder *r, const struct observation *o,
    struct loop_time now);

struct recorder *
recorder_create(const struct recorder_options *o, struct fault *why)
{
	struct recorder *r = calloc(1, sizeof(*r));
	struct store_options so = { .dir = o->dir, .cap_bytes = o->cap_bytes,
		.age = o->age, .hash = o->hash, .now = o->now, .wall = o->wall,
		.arg = r, .kept = kept, .event = heard };

	if (r == NULL)
		goto nomem;
	r->o = *o;
	r->strings = intern_create(&o->hash, STRINGS);
	if (r->strings == NULL)
		goto nomem;
	r->live = live_create(&o->hash, r->strings);
	r->day = day_create(&o->hash, r->strings);
	if (r->live == NULL || r->day == NULL)
		goto nomem;
	so.strings = r->strings;
	r->store = store_open(&so, why);
	if (r->store == NULL)
		goto fail;
	return r;
nomem:
	(void)fault_set(why, NULL, "no memory for the live table");
fail:
	recorder_destroy(r);
	return NULL;
}

void
recorder_destroy(struct recorder *r)
{
	if (r == NULL)
		return;
	store_close(r->store);
	live_destroy(r->live);
	day_destroy(r->day);
	intern_destroy(r->strings);
	free(r);
}

bool
recorder_take(struct recorder *r, struct span message, struct loop_time now)
{
	struct observation o;
	uint32_t start;
	bool live, is_new;

	if (!carry_take(message, r->strings, &start, &live, &o))
		return false;
	if (start != r->start) {
		r->start = start;
		live_clear(r->live);
	}
	if (o.time > r->now.ns)
		r->now.ns = o.time;
	day_seen(r->day, &o);
	if (live)
		(void)live_update(r->live, &o, &is_new);
	else
		flow_record(r, &o, now);
	carry_drop(r->strings, &o);
	return true;
}

void
recorder_event(struct recorder *r, struct span json, int64_t time, struct loop_time now)
{
	store_event(r->store, json, time, now);
}

bool
recorder_tick(struct recorder *r, struct loop_time now, int64_t wall)
{
	if (r->o.live && wall - LIVE_LAG > r->now.ns)
		r->now.ns = wall - LIVE_LAG;
	day_advance(r->day, r->o.live ? wall : r->now.ns);
	if (r->now.ns != 0)
		store_tick(r->store, r->now, now, wall);
	return !store_replay(r->store, REPLAY_RECORDS);
}

const struct intern *
recorder_strings(const struct recorder *r)
{
	return r->strings;
}

const struct live *
recorder_live(const struct recorder *r)
{
	return r->live;
}

const struct day *
recorder_day(const struct recorder *r)
{
	return r->day;
}

const struct store *
recorder_store(const struct recorder *r)
{
	return r->store;
}

/* ---- helpers ---- */

static void
kept(void *arg, const struct observation *o, const struct intern *strings)
{
	struct recorder *r = arg;

	(void)strings;
	day_take(r->day, o);
}

static void
heard(void *arg, struct span json)
{
	struct recorder *r = arg;

	day_event(r->day, json);
}

/* Worth keeping as it is: enough went out, or it is not of one flow or pair. */
static bool
keeps(const struct observation *o)
{
	if (observation_known(o, FIELD_upload))
		return o->outbound != 0 && o->upload >= RECORDER_KEEP;
	if (observation_known(o, FIELD_pair_up))
		return o->pair_up >= RECORDER_KEEP;
	return true;
}

/* What this flow said since it was summed last. */
static void
sum(struct recorder *r, struct live_flow *f, const struct observation *o,
    struct loop_time now)
{
	struct store_bytes b = {
		f->up > f->told_up ? f->up - f->told_up : 0,
		f->down > f->told_down ? f->down - f->told_down : 0,
		f->pkts_up > f->told_pkts_up ? f->pkts_up - f->told_pkts_up : 0,
		f->pkts_down > f->told_pkts_down ? f->pkts_down - f->told_pkts_down : 0,
	};

	f->told_up = f->up;
	f->told_down = f->down;
	f->told_pkts_up = f->pkts_up;
	f->told_pkts_down = f->pkts_down;
	if (b.up + b.down + b.pkts_up + b.pkts_down > 0)
		store_sum(r->store, o, &b, now);
}

static void
flow_record(struct recorder *r, const struct observation *o, struct loop_time now)
{
	bool is_new, ends = o->kind == OBSERVATION_CLOSE;
	struct live_flow *f = live_update(r->live, o, &is_new);

	switch ((enum observation_kind)o->kind) {
	case OBSERVATION_PART:
	case OBSERVATION_CLOSE:
		if (keeps(o)) {
			store_put(r->store, o, now);
		} else if (f != NULL && is_new && !ends && !o->outbound) {
			/* What it said before belongs to an outlet that is no more. */
			f->told_up = f->up;
			f->told_down = f->down;
			f->told_pkts_up = f->pkts_up;
			f->told_pkts_down = f->pkts_down;
		} else if (f != NULL && (ends || !o->outbound)) {
			/* A flow on its way to 4 kB is told whole, when it gets there or
			 * when it ends. */
			sum(r, f, o, now);
		}
		if (ends && f != NULL)
			live_remove(r->live, f);
		break;
	case OBSERVATION_WINDOW:
		if (keeps(o))
			store_put(r->store, o, now);
		break;
	case OBSERVATION_CONTENT:
	case OBSERVATION_DEVICE:
	case OBSERVATION_LOSS:
		store_put(r->store, o, now);
		break;
	case OBSERVATION_OPEN:
	case OBSERVATION_NAME:
	case OBSERVATION_SUM:
	case OBSERVATION_KIND_COUNT:
		break;
	}
}
