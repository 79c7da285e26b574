/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The outlet's loop. It waits on the ring's descriptor, never for a sink: Redis is fed
 * from the spool, a full spool drops its oldest. Only a reader of standard output can
 * make it wait, and that is what makes `earshot read x | less` go at the reader's pace.
 *
 * A message of the ring is copied before it is looked at: the sensor that wrote it may
 * have been taken over and may still be writing.
 */
#include "rules/event/outlet.h"

#include "rules/event/clock.h"
#include "rules/event/delivery.h"
#include "rules/event/line_sink.h"
#include "rules/event/queue.h"
#include "rules/event/redis_sink.h"
#include "capture/proc/sandbox.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#ifndef EARSHOT_VERSION
#define EARSHOT_VERSION "unknown"
#endif

#define SINKS_MAX 8
#define TEXT_MAX (64u << 10)		/* text for a person is a few lines */
#define MESSAGE_MAX (sizeof(struct event_head) + EVENT_BYTES + TEXT_MAX)
#define BURST 512			/* messages before timers get their turn */
#define FDS 1024
#define DRAIN_MS 5000

struct outlet {
	const struct outlet_options *o;
	struct event_base *base;
	struct event *on_ring, *on_tick, *on_term;
	struct line_sink *line[SINKS_MAX];
	bool text[SINKS_MAX];		/* the form for a person */
	unsigned lines;
	struct delivery *delivery;
	struct redis_sink *redis;
	struct desk *desk;
	bool draining, stop, broken;
	int64_t drain_until;
	uint64_t refused;		/* messages of the ring that are no event */
	struct log_limit said;
	bool fd_before[FDS];
	char message[MESSAGE_MAX];
};

static int open_sinks(struct outlet *t, struct fault *why);
static int enter(struct outlet *t, struct fault *why);
static int watch(struct outlet *t, struct fault *why);
static void take(struct outlet *t);
static void look_for_end(struct outlet *t);
static int finish(struct outlet *t);

int
sink_parse(const char *text, struct sink_spec *out, struct fault *why)
{
	*out = (struct sink_spec){ .kind = SINK_STDOUT_JSON };
	if (strcmp(text, "-") == 0)
		return 0;
	if (strncmp(text, "file:", 5) == 0 && text[5] != '\0') {
		*out = (struct sink_spec){ SINK_FILE, text + 5 };
		return 0;
	}
	if (strncmp(text, "redis:unix:", 11) == 0 && text[11] != '\0') {
		*out = (struct sink_spec){ SINK_REDIS, text + 6 };
		return 0;
	}
	if (strncmp(text, "redis:tcp:", 10) == 0 && text[10] != '\0') {
		*out = (struct sink_spec){ SINK_REDIS, text + 6 };
		return 0;
	}
	return fault_set(why, "file:PATH, redis:unix:PATH, or - for standard output",
	    "'%s' is no output", text);
}

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
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (open_sinks(t, &why) == -1 || enter(t, &why) == -1 || watch(t, &why) == -1) {
		log_fault(o->log, LOG_LEVEL_FATAL, &why);
		ring_close(o->ring);
	} else {
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
	redis_sink_destroy(t->redis);
	delivery_destroy(t->delivery, rc == 0 && !o->keep_spool);
	for (unsigned i = 0; i < t->lines; i++)
		line_sink_close(t->line[i]);
	if (t->on_ring != NULL)
		event_free(t->on_ring);
	if (t->on_tick != NULL)
		event_free(t->on_tick);
	if (t->on_term != NULL)
		event_free(t->on_term);
	if (t->base != NULL)
		event_base_free(t->base);
	free(t);
	return rc;
}

static int
open_redis(struct outlet *t, const char *target, struct fault *why)
{
	const struct outlet_options *o = t->o;
	struct seglog_options spool = { .dir = o->spool_dir, .cap_bytes = o->spool_bytes,
		.now = clock_now() };
	struct delivery_options d = { .sensor = o->sensor,
		.version = EARSHOT_VERSION, .server = target, .spool = &spool,
		.load_function = true, .log = o->log, .arg = &t->redis,
		.send = redis_sink_send };
	struct redis_sink_options r = {.base = t->base, .target = target, .log = o->log};

	if (t->delivery != NULL)
		return fault_set(why, NULL, "more than one Redis as output");
	if (o->spool_dir == NULL)
		return fault_set(
		    why, "give one with --state", "a Redis needs a spool folder");
	t->delivery = delivery_create(&d, why);
	if (t->delivery == NULL)
		return -1;
	if (getrandom(&r.seed, sizeof(r.seed), 0) == -1)
		r.seed = (uint64_t)clock_now().ns;
	r.delivery = t->delivery;
	t->redis = redis_sink_create(&r, why);
	return t->redis == NULL ? -1 : 0;
}

static int
open_sinks(struct outlet *t, struct fault *why)
{
	struct event_config *config = event_config_new();

	t->base = config == NULL ? NULL : event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	if (t->base == NULL)
		return fault_set(why, NULL, "cannot make an event loop");
	for (unsigned i = 0; i < t->o->sinks; i++) {
		const struct sink_spec *s = &t->o->sink[i];

		if (s->kind == SINK_REDIS) {
			if (open_redis(t, s->target, why) == -1)
				return -1;
			continue;
		}
		if (t->lines == SINKS_MAX)
			return fault_set(why, NULL, "more than %d outputs", SINKS_MAX);
		t->text[t->lines] = s->kind == SINK_STDOUT_TEXT;
		t->line[t->lines] = s->kind == SINK_FILE ?
		    line_sink_open(s->target, t->o->log, why) :
		    line_sink_stdout(t->o->log, why);
		if (t->line[t->lines] == NULL)
			return -1;
		t->lines++;
	}
	if (t->o->desk != NULL) {
		t->desk = desk_create(t->o->desk, t->base, why);
		if (t->desk == NULL)
			return -1;
	}
	return 0;
}

/* What was opened since outlet_run began is ours and stays, libevent's own included. */
static int
enter(struct outlet *t, struct fault *why)
{
	const char *below[4 + SINKS_MAX];
	char socket_path[256] = "";
	int keep[64];
	struct sandbox_options s = { .role = SANDBOX_OUTLET, .keep = keep,
		.write_below = below };

	for (int fd = 3; fd < FDS && s.keep_n < 60; fd++)
		if (!t->fd_before[fd] && fcntl(fd, F_GETFD) != -1)
			keep[s.keep_n++] = fd;
	keep[s.keep_n++] = ring_fd(t->o->ring);
	if (t->o->ready_fd != -1)
		keep[s.keep_n++] = t->o->ready_fd;
	if (t->delivery != NULL)
		below[s.write_below_n++] = t->o->spool_dir;
	if (t->desk != NULL) {
		keep[s.keep_n++] = ring_fd(t->o->desk->ring);
		if (t->o->desk->ask_fd != -1)
			keep[s.keep_n++] = t->o->desk->ask_fd;
		if (t->o->desk->state_dir != NULL)
			below[s.write_below_n++] = t->o->desk->state_dir;
	}
	for (unsigned i = 0; i < t->o->sinks; i++) {
		const struct sink_spec *k = &t->o->sink[i];

		/* Landlock asks nothing of a connect to a socket's path today; a later
		 * kernel may, and the path costs nothing here. */
		if (k->kind == SINK_REDIS && strncmp(k->target, "unix:", 5) == 0) {
			(void)snprintf(
			    socket_path, sizeof(socket_path), "%s", k->target + 5);
			below[s.write_below_n++] = socket_path;
		}
	}
	return sandbox_enter(&s, NULL, why);
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
ticked(evutil_socket_t fd, short what, void *arg)
{
	struct outlet *t = arg;

	(void)fd;
	(void)what;
	take(t);
	if (t->desk != NULL)
		desk_tick(t->desk);
	for (unsigned i = 0; i < t->lines; i++)
		line_sink_flush(t->line[i], clock_now());
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

static int
watch(struct outlet *t, struct fault *why)
{
	struct timeval tv = { 0, 100 * 1000 };

	t->on_ring =
	    event_new(t->base, ring_fd(t->o->ring), EV_READ | EV_PERSIST, ring_ready, t);
	t->on_tick = event_new(t->base, -1, EV_PERSIST, ticked, t);
	if (t->on_ring == NULL || t->on_tick == NULL ||
	    event_add(t->on_ring, NULL) == -1 || event_add(t->on_tick, &tv) == -1)
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
	return h->lane < LANE_COUNT && h->partition < EVENT_PARTITIONS && h->seq != 0 &&
	    h->seq < 1ULL << 53 &&
	    memchr(h->boot, '\0', sizeof(h->boot)) != NULL && spooled_name_ok(h->boot) &&
	    h->json_len > 0 && h->json_len <= EVENT_BYTES &&
	    h->text_len <= TEXT_MAX && n == sizeof(*h) + h->json_len + h->text_len &&
	    json_line_ok(m + sizeof(*h), h->json_len);
}

static void
deliver(struct outlet *t, size_t n, struct loop_time now)
{
	const char *json = t->message + sizeof(struct event_head), *text;
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
	text = json + h.json_len;
	for (unsigned i = 0; i < t->lines; i++) {
		if (!t->text[i])
			line_sink_put(t->line[i], json, h.json_len, now);
		else if (h.text_len > 0)
			line_sink_put(t->line[i], text,
			    h.text_len - (text[h.text_len - 1] == '\n'), now);
	}
	if (t->desk != NULL && h.lane == LANE_ALERT &&
	    (h.type == EVENT_TYPE_ALERT || h.type == EVENT_TYPE_ANOMALY))
		desk_event(t->desk, json, h.json_len, h.time);
	if (t->delivery != NULL && (h.lane != LANE_FLOW || t->o->redis_flows))
		(void)delivery_put(t->delivery, &h, json, now);
}

static void
take(struct outlet *t)
{
	struct loop_time now = clock_now();
	bool all_gone = t->delivery == NULL && t->lines > 0;
	struct span m;
	int got = RING_EMPTY;

	for (int i = 0; i < BURST && !t->draining; i++) {
		size_t n;

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
	for (unsigned i = 0; i < t->lines; i++) {
		line_sink_flush(t->line[i], now);
		all_gone = all_gone && line_sink_gone(t->line[i]);
	}
	if (t->delivery != NULL)
		delivery_pump(t->delivery, now);
	if (all_gone) {
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
	bool waiting = false;

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
		if (t->delivery != NULL) {
			delivery_finish(t->delivery);
			delivery_pump(t->delivery, now);
		}
	}
	if (!t->draining)
		return;
	for (unsigned i = 0; i < t->lines; i++)
		waiting = waiting || line_sink_waiting(t->line[i]) > 0;
	if (t->delivery != NULL)
		waiting = waiting || !delivery_done(t->delivery);
	if (!waiting || now.ns >= t->drain_until)
		t->stop = true;
}

static int
finish(struct outlet *t)
{
	int rc = t->broken || t->refused > 0 ? 1 : 0;

	for (unsigned i = 0; i < t->lines; i++)
		if (line_sink_lost(t->line[i]) > 0 || line_sink_waiting(t->line[i]) > 0) {
			log_line(t->o->log, LOG_LEVEL_WARN,
			    "an output file lacks %" PRIu64
			    " events and %zu bytes: its disk had no room",
			    line_sink_lost(t->line[i]), line_sink_waiting(t->line[i]));
			rc = 1;
		}
	if (t->delivery == NULL)
		return rc;
	if (!delivery_done(t->delivery)) {
		const struct delivery_counts *c = delivery_counts(t->delivery);

		if (delivery_waiting(t->delivery) > 0 || c->refused == 0)
			log_line(t->o->log, LOG_LEVEL_WARN,
			    "%" PRIu64 " events were not taken by Redis; "
			    "they stay in the spool '%s'",
			    delivery_waiting(t->delivery), t->o->spool_dir);
		if (c->refused > 0)
			log_line(t->o->log, LOG_LEVEL_WARN,
			    "%" PRIu64 " events are lost: the disk of the spool '%s' had "
			    "no room for them",
			    c->refused, t->o->spool_dir);
		rc = 1;
	}
	return rc;
}
