/* SPDX-License-Identifier: GPL-3.0-or-later */
/* desk: the loop's side of the recorder: descriptors, clocks, what is said on the log. */
#include "rules/event/desk.h"

#include "rules/event/carry.h"
#include "rules/event/clock.h"
#include "rules/event/control.h"
#include "rules/event/recorder.h"
#include "rules/event/sumlog.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define BURST 1024			/* messages before timers and sinks get their turn */

_Static_assert(SUMLOG_MESSAGE <= CARRY_MAX, "one buffer takes both");

struct desk {
	struct desk_options o;
	struct recorder *recorder;
	struct sumlog *sums;
	struct loop_time sums_at;
	bool sums_lost;
	struct control *control;
	struct event *on_ring, *on_more;
	struct answer_rates rates;
	struct loop_time started;
	bool broken, full, has_store;
	uint64_t refused;		/* messages of the ring that are none */
	struct log_limit said;
	uint8_t message[CARRY_MAX];
};

static int open_store(struct desk *d, struct fault *why);
static int open_sums(struct desk *d, struct fault *why);
static int open_control(struct desk *d, struct event_base *base, struct fault *why);
static void ready(evutil_socket_t fd, short what, void *arg);
static void answer_asked(void *arg, const struct request *q, struct json *j);

static int64_t
wall(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

struct desk *
desk_create(const struct desk_options *o, struct event_base *base, struct fault *why)
{
	struct desk *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		(void)fault_set(why, NULL, "no memory for the store");
		return NULL;
	}
	d->o = *o;
	d->started = clock_now();
	if (open_store(d, why) == -1 || open_sums(d, why) == -1 || open_control(d, base, why) == -1)
		goto fail;
	d->on_ring = event_new(base, ring_fd(o->ring), EV_READ | EV_PERSIST, ready, d);
	d->on_more = event_new(base, -1, 0, ready, d);
	if (d->on_ring == NULL || d->on_more == NULL ||
	    event_add(d->on_ring, NULL) == -1) {
		(void)fault_set(why, NULL, "cannot watch the ring of observations");
		goto fail;
	}
	return d;
fail:
	desk_destroy(d);
	return NULL;
}

void
desk_destroy(struct desk *d)
{
	if (d == NULL)
		return;
	if (d->on_ring != NULL)
		event_free(d->on_ring);
	if (d->on_more != NULL)
		event_free(d->on_more);
	control_destroy(d->control);
	recorder_destroy(d->recorder);
	sumlog_close(d->sums);
	free(d);
}

void
desk_event(struct desk *d, const char *json, size_t n, int64_t time)
{
	recorder_event(d->recorder, span_of(json, n), time, clock_now());
}

bool
desk_done(const struct desk *d)
{
	return d->broken || (ring_closed(d->o.ring) &&
	    ring_written(d->o.ring) == ring_read(d->o.ring));
}

void
desk_state(const struct desk *d, struct outlet_snapshot *s)
{
	struct store_counts c;

	store_get_counts(recorder_store(d->recorder), &c);
	s->store_bytes = c.bytes;
	s->store_lost = c.lost;
	s->store_full = c.full;
}

static void
take(struct desk *d, struct loop_time now)
{
	struct span m;
	int got = RING_EMPTY;

	for (int i = 0; i < BURST && !d->broken; i++) {
		size_t n;

		got = ring_peek(d->o.ring, &m);
		if (got != RING_MESSAGE)
			break;
		/* Copied before it is looked at: who wrote it may still be writing. */
		n = m.left <= sizeof(d->message) ? m.left : 0;
		memcpy(d->message, m.at, n);
		ring_release(d->o.ring);
		if (d->sums != NULL && sumlog_take(d->sums, span_of(d->message, n), now))
			continue;
		if (recorder_take(d->recorder, span_of(d->message, n), now))
			continue;
		d->refused++;
		if (log_limit_pass(&d->said, now, NULL))
			log_line(d->o.log, LOG_LEVEL_WARN,
			    "the sensor said what is no observation; %" PRIu64
			    " of these so far", d->refused);
	}
	if (got == RING_BROKEN) {
		d->broken = true;
		(void)event_del(d->on_ring);
		log_line(d->o.log, LOG_LEVEL_WARN, "the sensor broke the ring of "
		    "observations; 'flows' and the store stand still");
	}
}

/* A disk that is full, and one that has room again, is said once each. */
static void
tell_full(struct desk *d)
{
	struct store_counts c;

	store_get_counts(recorder_store(d->recorder), &c);
	if (c.full == d->full)
		return;
	d->full = c.full;
	if (c.full)
		log_line(d->o.log, LOG_LEVEL_WARN, "the store '%s' has no room on its "
		    "disk: observations are lost until there is some", d->o.store_dir);
	else
		log_line(d->o.log, LOG_LEVEL_WARN, "the store '%s' has room again; %"
		    PRIu64 " records are lost", d->o.store_dir, c.lost);
}

/* Once a second to the disk; that it found no room is said once. */
static void
sums_tick(struct desk *d, struct loop_time now)
{
	struct sumlog_counts c;

	if (d->sums == NULL || now.ns - d->sums_at.ns < NS_PER_S)
		return;
	d->sums_at = now;
	sumlog_tick(d->sums, now);
	sumlog_get_counts(d->sums, &c);
	if (c.lost == 0 || d->sums_lost)
		return;
	d->sums_lost = true;
	log_line(d->o.log, LOG_LEVEL_WARN, "the sums in '%s' find no room on their disk: "
	    "what devices sent is not all there after the next start", d->o.sums_dir);
}

static struct answer_source
source_of(struct desk *d)
{
	return (struct answer_source){ .sensor = d->o.sensor, .version = d->o.version,
		.boards = d->o.boards, .recorder = d->recorder, .rates = &d->rates,
		.now = clock_now(), .started = d->started, .wall = wall(),
		.supervisor = (int)getppid(), .outlet = (int)getpid(),
		.store_dir = d->has_store ? d->o.store_dir : NULL };
}

void
desk_tick(struct desk *d)
{
	static const struct timeval soon = { 0, 0 };
	struct loop_time now = clock_now();
	struct answer_source a = source_of(d);

	take(d, now);
	if (recorder_tick(d->recorder, now, wall()))
		(void)event_add(d->on_more, &soon);
	answer_look(&a);
	tell_full(d);
	sums_tick(d, now);
	if (ring_closed(d->o.ring))
		(void)event_del(d->on_ring);	/* it stays readable from now on */
}

/* ---- helpers ---- */

static int
open_store(struct desk *d, struct fault *why)
{
	struct recorder_options ro = { .dir = d->o.store_dir,
		.cap_bytes = d->o.store_bytes, .age = d->o.store_age,
		.live = d->o.live, .now = clock_now(), .wall = wall() };

	if (getrandom(&ro.hash, sizeof(ro.hash), 0) != (ssize_t)sizeof(ro.hash))
		return fault_set(why, NULL, "cannot draw a random number");
	d->recorder = recorder_create(&ro, why);
	if (d->recorder == NULL && !d->o.must && ro.dir != NULL) {
		log_fault(d->o.log, LOG_LEVEL_WARN, why);
		log_line(d->o.log, LOG_LEVEL_WARN, "going on without a store");
		ro.dir = NULL;
		d->recorder = recorder_create(&ro, why);
	}
	d->has_store = ro.dir != NULL;
	return d->recorder == NULL ? -1 : 0;
}

static int
open_sums(struct desk *d, struct fault *why)
{
	if (d->o.sums_dir == NULL)
		return 0;
	d->sums = sumlog_open(d->o.sums_dir, clock_now(), why);
	if (d->sums != NULL)
		return 0;
	if (d->o.must)
		return -1;
	log_fault(d->o.log, LOG_LEVEL_WARN, why);
	log_line(d->o.log, LOG_LEVEL_WARN, "sums do not outlive this run");
	return 0;
}

static int
open_control(struct desk *d, struct event_base *base, struct fault *why)
{
	struct control_options co = { .base = base, .path = d->o.control_path,
		.ask_fd = d->o.ask_fd, .log = d->o.log, .arg = d,
		.answer = answer_asked };

	if (d->o.control_path == NULL)
		return 0;
	d->control = control_create(&co, why);
	if (d->control != NULL)
		return 0;
	if (d->o.must)
		return -1;
	log_fault(d->o.log, LOG_LEVEL_WARN, why);
	log_line(d->o.log, LOG_LEVEL_WARN, "going on without a control socket");
	return 0;
}

static void
ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	desk_tick(arg);
}

static void
answer_asked(void *arg, const struct request *q, struct json *j)
{
	struct desk *d = arg;
	struct answer_source a = source_of(d);

	answer(&a, q, j);
}
