/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The outlet's loop. It waits on the ring's descriptor, never for a sink, unless it was
 * told to be patient: then a reader of standard output makes it wait, and that is what
 * makes `earshot read x | less` go at the reader's pace; and a slow reader of a socket
 * makes it leave the ring alone for a while.
 *
 * A message of the ring is copied before it is looked at: the sensor that wrote it may
 * have been taken over and may still be writing.
 */
#include "rules/event/outlet.h"

#include "rules/event/clock.h"
#include "rules/event/delivery.h"
#include "rules/event/metrics_server.h"
#include "rules/event/outlet_sinks.h"
#include "rules/event/queue.h"
#include "capture/proc/sandbox.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX (64u << 10)		/* text for a person is a few lines */
#define MESSAGE_MAX (sizeof(struct event_head) + EVENT_BYTES + TEXT_MAX)
#define BURST 512			/* messages before timers get their turn */
#define FDS 1024
#define DRAIN_MS 5000
#define TICK_MS 100

struct outlet {
	const struct outlet_options *o;
	struct event_base *base;
	struct event *on_ring, *on_tick, *on_term, *on_usr1;
	struct outlet_sinks *sinks;
	struct metrics_server *metrics;
	struct desk *desk;
	struct outlet_snapshot state;
	bool draining, stop, broken;
	bool resting;			/* a slow reader is waited for */
	int64_t drain_until;
	struct loop_time posted;
	uint64_t refused;		/* messages of the ring that are no event */
	struct log_limit said;
	bool fd_before[FDS];
	char message[MESSAGE_MAX];
};

static int begin(struct outlet *t, struct fault *why);
static int enter(struct outlet *t, struct fault *why);
static int watch(struct outlet *t, struct fault *why);
static void post(struct outlet *t, struct loop_time now);
static void take(struct outlet *t);
static void look_for_end(struct outlet *t);
static int finish(struct outlet *t);

int
outlet_run(const struct outlet_options *o)
{
	struct outlet *t = calloc(1, sizeof(*t));
	struct fault why = { "", "" };
	sigset_t none;
	int rc = 1;

	if (t == NULL) {
		log_line(o->log, LOG_LEVEL_FATAL, "no memory for the outlet");
		return 1;
	}
	t->o = o;
	for (int fd = 0; fd < FDS; fd++)
		t->fd_before[fd] = fcntl(fd, F_GETFD) != -1;
	/* The sensor ends first: what it still says is delivered. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGUSR1, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (begin(t, &why) == -1 || watch(t, &why) == -1 || enter(t, &why) == -1) {
		log_fault(o->log, LOG_LEVEL_FATAL, &why);
		ring_close(o->ring);
	} else {
		post(t, clock_now());
		if (o->ready_fd != -1) {
			if (write(o->ready_fd, "r", 1) == -1)
				log_line(o->log, LOG_LEVEL_DEBUG,
				    "nobody waits for the outlet");
			(void)close(o->ready_fd);
		}
		take(t);
		while (!t->stop && event_base_loop(t->base, EVLOOP_ONCE) != -1)
			;
		rc = finish(t);
	}
	desk_destroy(t->desk);
	metrics_server_destroy(t->metrics);
	outlet_sinks_close(t->sinks, rc == 0 && !o->keep_spool);
	if (t->on_ring != NULL)
		event_free(t->on_ring);
	if (t->on_tick != NULL)
		event_free(t->on_tick);
	if (t->on_term != NULL)
		event_free(t->on_term);
	if (t->on_usr1 != NULL)
		event_free(t->on_usr1);
	if (t->base != NULL)
		event_base_free(t->base);
	free(t);
	return rc;
}

static int
begin(struct outlet *t, struct fault *why)
{
	struct event_config *config = event_config_new();
	struct metrics_options m = { .where = t->o->metrics, .sensor = t->o->sensor,
		.boards = t->o->boards, .log = t->o->log };

	t->base = config == NULL ? NULL : event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	if (t->base == NULL)
		return fault_set(why, NULL, "cannot make an event loop");
	t->sinks = outlet_sinks_open(t->o, t->base, why);
	if (t->sinks == NULL)
		return -1;
	if (t->o->desk != NULL) {
		t->desk = desk_create(t->o->desk, t->base, why);
		if (t->desk == NULL)
			return -1;
	}
	if (m.where == NULL)
		return 0;
	m.base = t->base;
	t->metrics = metrics_server_create(&m, why);
	return t->metrics == NULL ? -1 : 0;
}

/* What was opened since outlet_run began is ours and stays, libevent's own included. */
static int
enter(struct outlet *t, struct fault *why)
{
	const char *below[4 + OUTLET_SINKS], *seen[4], *folder;
	int keep[64];
	struct sandbox_options s = { .role = SANDBOX_OUTLET, .keep = keep,
		.write_below = below, .read_below = seen };

	for (int fd = 3; fd < FDS && s.keep_n < 60; fd++)
		if (!t->fd_before[fd] && fcntl(fd, F_GETFD) != -1)
			keep[s.keep_n++] = fd;
	keep[s.keep_n++] = ring_fd(t->o->ring);
	if (t->o->ready_fd != -1)
		keep[s.keep_n++] = t->o->ready_fd;
	s.write_below_n = outlet_sinks_writes(t->sinks, below, 1 + OUTLET_SINKS);
	if (t->desk != NULL) {
		keep[s.keep_n++] = ring_fd(t->o->desk->ring);
		if (t->o->desk->ask_fd != -1)
			keep[s.keep_n++] = t->o->desk->ask_fd;
		if (t->o->desk->state_dir != NULL)
			below[s.write_below_n++] = t->o->desk->state_dir;
	}
	folder = metrics_server_folder(t->metrics);
	if (folder != NULL)
		below[s.write_below_n++] = folder;
	s.read_below_n = outlet_sinks_reads(t->sinks, seen, sizeof(seen) / sizeof(seen[0]));
	return sandbox_enter(&s, &t->state.sandbox, why);
}

static void
ring_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	take(arg);
	look_for_end(arg);
}

static void
post(struct outlet *t, struct loop_time now)
{
	t->posted = now;
	if (t->o->boards == NULL)
		return;
	t->state.posted = now;
	outlet_sinks_state(t->sinks, &t->state);
	if (t->desk != NULL)
		desk_state(t->desk, &t->state);
	outlet_snapshot_post(t->o->boards->outlet, &t->state);
}

static void
ticked(evutil_socket_t fd, short what, void *arg)
{
	struct outlet *t = arg;
	struct loop_time now = clock_now();

	(void)fd;
	(void)what;
	take(t);
	if (t->desk != NULL)
		desk_tick(t->desk);
	if (now.ns - t->posted.ns >= NS_PER_S)
		post(t, now);
	look_for_end(t);
}

/* Only after the end of the ring: whoever asks a second time does not want to wait for
 * Redis. */
static void
terminated(evutil_socket_t fd, short what, void *arg)
{
	struct outlet *t = arg;

	(void)fd;
	(void)what;
	t->stop = true;
}

static void
reopen(evutil_socket_t fd, short what, void *arg)
{
	struct outlet *t = arg;

	(void)fd;
	(void)what;
	/* What came before the signal belongs to the old file. */
	take(t);
	outlet_sinks_reopen(t->sinks, clock_now());
}

static int
watch(struct outlet *t, struct fault *why)
{
	struct timeval tv = { 0, TICK_MS * 1000 };

	t->on_ring =
	    event_new(t->base, ring_fd(t->o->ring), EV_READ | EV_PERSIST, ring_ready, t);
	t->on_tick = event_new(t->base, -1, EV_PERSIST, ticked, t);
	t->on_usr1 = evsignal_new(t->base, SIGUSR1, reopen, t);
	if (t->on_ring == NULL || t->on_tick == NULL || t->on_usr1 == NULL ||
	    event_add(t->on_ring, NULL) == -1 || event_add(t->on_tick, &tv) == -1 ||
	    event_add(t->on_usr1, NULL) == -1)
		return fault_set(why, NULL, "cannot watch the ring");
	return 0;
}

/* A message to an event: everything it says about itself is checked. */
static bool
parse(const char *m, size_t n, struct event_head *h)
{
	if (n < sizeof(*h))
		return false;
	memcpy(h, m, sizeof(*h));
	return h->lane < LANE_COUNT && h->partition < EVENT_PARTITIONS_MOST && h->seq != 0 &&
	    h->seq < 1ULL << 53 &&
	    memchr(h->boot, '\0', sizeof(h->boot)) != NULL && spooled_name_ok(h->boot) &&
	    h->json_len > 0 && h->json_len <= EVENT_BYTES &&
	    h->text_len <= TEXT_MAX && n == sizeof(*h) + h->json_len + h->text_len &&
	    json_line_ok(m + sizeof(*h), h->json_len);
}

static void
deliver(struct outlet *t, size_t n, struct loop_time now)
{
	const char *json = t->message + sizeof(struct event_head);
	struct event_head h;

	if (!parse(t->message, n, &h)) {
		t->refused++;
		if (log_limit_pass(&t->said, now, NULL))
			log_line(t->o->log, LOG_LEVEL_WARN,
			    "the sensor said what is no event; "
			    "%" PRIu64 " of these so far",
			    t->refused);
		return;
	}
	if (t->desk != NULL && h.lane == LANE_ALERT &&
	    (h.type == EVENT_TYPE_ALERT || h.type == EVENT_TYPE_ANOMALY))
		desk_event(t->desk, json, h.json_len, h.time);
	outlet_sinks_put(t->sinks, &h, json, json + h.json_len, now);
}

/* The ring's descriptor stays readable meanwhile: the tick looks again. */
static bool
rest(struct outlet *t, struct loop_time now)
{
	bool rest = t->o->patient && outlet_sinks_behind(t->sinks, now);

	if (rest == t->resting)
		return rest;
	t->resting = rest;
	if (rest)
		(void)event_del(t->on_ring);
	else
		(void)event_add(t->on_ring, NULL);
	return rest;
}

static void
take(struct outlet *t)
{
	struct loop_time now = clock_now();
	struct span m;
	int got = RING_EMPTY;

	for (int i = 0; i < BURST && !t->draining; i++) {
		size_t n;

		if (rest(t, now))
			break;
		got = ring_peek(t->o->ring, &m);
		if (got != RING_MESSAGE)
			break;
		n = m.left <= sizeof(t->message) ? m.left : 0;
		memcpy(t->message, m.at, n);
		/* Released when the spool has it: an outlet that dies here is started
		 * again, reads the message once more, and the same sequence twice is one
		 * event. */
		deliver(t, n, now);
		ring_release(t->o->ring);
	}
	if (got == RING_BROKEN && !t->broken) {
		t->broken = true;
		log_line(t->o->log, LOG_LEVEL_WARN,
		    "the sensor broke the ring; no more events "
		    "come from it");
		ring_close(t->o->ring);
	}
	outlet_sinks_pump(t->sinks, now);
	if (outlet_sinks_gone(t->sinks)) {
		/* `earshot read x | head`: nobody listens any more, and the sensor may
		 * know. */
		ring_close(t->o->ring);
		t->stop = true;
	}
}

static void
look_for_end(struct outlet *t)
{
	struct loop_time now = clock_now();

	if (t->desk != NULL && ring_closed(t->o->ring) && !desk_done(t->desk))
		return;
	if (!t->draining && ring_closed(t->o->ring) &&
	    (t->broken || ring_written(t->o->ring) == ring_read(t->o->ring))) {
		t->draining = true;
		t->drain_until =
		    now.ns + (t->o->drain_ms > 0 ? t->o->drain_ms : DRAIN_MS) * NS_PER_MS;
		/* The descriptor stays readable from now on. */
		(void)event_del(t->on_ring);
		t->on_term = evsignal_new(t->base, SIGTERM, terminated, t);
		if (t->on_term != NULL)
			(void)event_add(t->on_term, NULL);
		outlet_sinks_finish(t->sinks, now);
	}
	if (!t->draining)
		return;
	/* A reader that takes its time is waited for as long as it takes something. */
	if (t->o->patient && outlet_sinks_behind(t->sinks, now))
		t->drain_until = now.ns + DRAIN_MS * NS_PER_MS;
	if (!outlet_sinks_wait(t->sinks) || now.ns >= t->drain_until)
		t->stop = true;
}

static int
finish(struct outlet *t)
{
	int rc = t->broken || t->refused > 0 ? 1 : 0;

	post(t, clock_now());
	return outlet_sinks_say_end(t->sinks) != 0 ? 1 : rc;
}
