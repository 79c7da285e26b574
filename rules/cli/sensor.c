/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sensor: source, sandbox, pipe, ring, and the loop around them. Owns the wall clock of a
 * live wire; refuses to know who reads the events. What it tells of itself stands in
 * sensor_tell.c. */
#include "rules/cli/sensor_state.h"

#include "capture/proc/sandbox.h"
#include "rules/cli/front.h"
#include "rules/event/carry.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define BUDGET 4096			/* frames between two looks at the signals */
#define LARGE (128 << 10)
#define STATS_EVERY (60 * NS_PER_S)
#define WAIT_MS 100
#define LIVE_EVERY (10 * NS_PER_S)	/* how old a moving flow's figures may be on the
					 * control socket; about a microsecond each */
#define ROOM_WAIT_MS 200
#define DRAIN_NS (240 * NS_PER_MS)	/* a block of the kernel's ring, and a frame that
					 * waits for another interface */
#define DRAIN_MOST_NS (2 * NS_PER_S)	/* on a wire that is never silent */
#define DRAIN_LOOK_MS 60
#define END_WAIT_NS NS_PER_S	/* an outlet that is slow then has three seconds of its own */

static int open_source(struct sensor *s, int signals);
static void on_tell(void *arg, const struct fault *why, bool harm);
static void tell_progress(struct sensor *s, const struct source_loss *loss, int packets);
static void loop_files(struct sensor *s, int signals);
static void loop(struct sensor *s, int signals);
static void on_frame(void *arg, const struct frame *f);
static int make_emitter(struct sensor *s, const struct frame *first);
static struct event_ref on_verdict(void *arg, const struct verdict *v);
static void on_record(void *arg, const struct observation *o,
    const struct intern *strings);
static void observe(struct sensor *s, const struct observation *o,
    const struct intern *strings, bool live);
static void on_live(void *arg, const struct observation *o,
    const struct intern *strings);
static void on_step(void *arg, struct pkt_time now);
static bool is_own(void *arg, const struct packet *pkt);
static bool wanted(void *arg, enum event_type type);
static bool put(void *arg, const struct event_head *h, const char *json,
    const char *text);
static void wake_outlet(struct sensor *s);
static int make_reloader(struct sensor *s);
static void on_swap(void *arg, enum swap_phase at);
static void on_swapped(void *arg, const struct program *p, uint64_t generation);

int
sensor_run(const struct sensor_options *o)
{
	struct sensor s = { .o = o };
	struct pipe_options po = { .cell = o->cell, .arg = &s,
		.on_verdict = on_verdict, .on_excepted = sensor_tell_excepted,
		.on_record = on_record,
		.on_live = o->files == 0 && o->observations != NULL ? on_live : NULL,
		.live_every = LIVE_EVERY, .on_step = on_step, .on_swap = on_swap,
		.split_vlans = o->split_vlans, .memory = o->memory,
		.own = o->files > 0 ? NULL : is_own,
		.learn_for = o->files > 0 ? 0 : LEARN_FOR };
	struct sandbox_options so = { 0 };
	const char *const sys[] = { "/sys" };
	struct observer_stats os;
	sigset_t set;
	int signals = -1, keep[7 + SOURCE_FILES_MOST], fds;
	size_t kept = 0;

	o->report->worst = SEVERITY_COUNT;
#ifdef M_MMAP_THRESHOLD
	/* What is large comes from fresh pages, and costs nothing until it is touched: left
	 * to itself, malloc soon takes it from used memory and writes zeros to all of it. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (getrandom(&po.hash, sizeof(po.hash), 0) != (ssize_t)sizeof(po.hash) ||
	    signals == -1) {
		fault_set(&s.why, NULL, "cannot start the sensor: %s", strerror(errno));
		goto fail;
	}
	s.rules = rule_set_load(o->rules_fd, NULL, &s.counts, &s.why);
	if (s.rules == NULL)
		goto fail;
	po.program = s.program = s.rules->program;
	s.generation = o->generation;
	if (open_source(&s, signals) == -1)
		goto fail;
	po.batches = source_keeps(s.source) > 0;
	po.again = o->files > 0;
	s.fronted = front_worth(s.source);
	s.pipe = pipe_create(&po, &s.why);
	if (s.pipe == NULL || make_reloader(&s) == -1)
		goto fail;
	sensor_sums_open(&s);
	keep[kept++] = signals;
	if (ring_fd(o->ring) != -1)
		keep[kept++] = ring_fd(o->ring);
	if (o->observations != NULL)
		keep[kept++] = ring_fd(o->observations);
	if (s.reloader != NULL) {
		keep[kept++] = o->ask_fd;
		keep[kept++] = o->told_fd;
	}
	fds = source_keep_fds(s.source, keep + kept, SOURCE_FILES_MOST);
	kept += (size_t)fds;
	so.role = o->files > 0 ? SANDBOX_SENSOR : SANDBOX_SENSOR_LIVE;
	so.keep = keep;
	so.keep_n = kept;
	so.read_below = sys;
	so.read_below_n = o->files > 0 ? 0 : 1;
	so.keep_net_raw = o->files == 0;
	if (sandbox_enter(&so, &s.sandbox, &s.why) == -1)
		goto fail;
	if (o->files == 0) {
		if (make_emitter(&s, NULL) == -1)
			goto fail;
		sensor_sums_begin(&s, 0);
		for (size_t i = 0; i < o->ifaces->n; i++)
			log_line(o->log, LOG_LEVEL_INFO, "listening on '%s'",
			    o->ifaces->name[i]);
	}

	if (o->files > 0)
		loop_files(&s, signals);
	else
		loop(&s, signals);
	/* Nobody's packets are lost any more by waiting, and all that is open is told now. */
	s.wait_until = (struct loop_time){ sensor_monotonic().ns + END_WAIT_NS };
	if (s.emitter == NULL && make_emitter(&s, NULL) == -1)
		goto fail;
	sensor_sums_finish(&s);		/* limits that are open... */
	pipe_finish(s.pipe);
	sensor_sums_finish(&s);		/* ...and the last bytes of each flow */
	pipe_observer_stats(s.pipe, &os);
	sensor_tell_tap(&s, pipe_now(s.pipe), &os);
	s.last_stats = true;
	sensor_tell_stats(&s);
	sensor_post(&s);

	o->report->crossed = os.crossed;
	o->report->breaker = os.dpi.breaker_trips > 0;
	o->report->last_ns = pipe_now(s.pipe).ns;
	o->report->first_ns = pipe_first(s.pipe).ns;
	if (!s.failed)
		goto out;
fail:
	o->report->failed = true;
	o->report->why = s.why;
out:
	ring_close(o->ring);
	if (o->observations != NULL)
		ring_close(o->observations);
	emitter_destroy(s.emitter);
	sensor_sums_close(&s);
	pipe_destroy(s.pipe);
	reloader_destroy(s.reloader);
	rule_set_free(s.rules);
	source_destroy(s.source);
	if (signals != -1)
		close(signals);
	return o->report->failed ? 1 : 0;
}

/* ---- reloads ---- */

static int
make_reloader(struct sensor *s)
{
	struct reloader_options ro = { .ask_fd = s->o->ask_fd, .told_fd = s->o->told_fd,
		.board = s->o->reloaded, .pipe = s->pipe, .running = s->rules,
		.generation = s->o->generation, .arg = s, .swapped = on_swapped,
		.told = sensor_tell_reload };

	if (s->o->files > 0)
		return 0;
	s->reloader = reloader_create(&ro, &s->why);
	if (s->reloader == NULL)
		return -1;
	s->rules = NULL;
	return 0;
}

static void
on_swap(void *arg, enum swap_phase at)
{
	struct sensor *s = arg;

	reloader_phase(s->reloader, at);
}

static void
on_swapped(void *arg, const struct program *p, uint64_t generation)
{
	struct sensor *s = arg;

	s->program = p;
	s->generation = generation;
	sensor_sums_again(s);
	emitter_set_rules(s->emitter, p->version, generation);
}

static int
open_source(struct sensor *s, int signals)
{
	struct live_options lo = { .filter = s->o->filter, .may_be_away = s->o->again };
	struct files_options fo = { .path = s->o->file, .paths = s->o->files,
		.filter = s->o->filter, .stop_fd = signals, .tell = on_tell, .arg = s };

	if (s->o->files > 0)
		s->source = source_open_files(&fo, &s->why);
	else
		s->source = source_open_interfaces(s->o->ifaces, &lo, &s->why);
	return s->source == NULL ? -1 : 0;
}

/* One file among many: the supervisor says it. */
static void
on_tell(void *arg, const struct fault *why, bool harm)
{
	struct sensor *s = arg;
	struct sensor_report *r = s->o->report;

	if (r->tellings < SENSOR_TOLD)
		r->told[r->tellings] = *why;
	if (harm)
		r->harmed = true;
	__atomic_store_n(&r->tellings, r->tellings + 1, __ATOMIC_RELEASE);
}

static void
tell_progress(struct sensor *s, const struct source_loss *loss, int packets)
{
	struct sensor_report *r = s->o->report;

	__atomic_store_n(&r->progress.bytes_total, loss->bytes_total, __ATOMIC_RELAXED);
	__atomic_store_n(&r->progress.bytes_read, loss->bytes_read, __ATOMIC_RELAXED);
	__atomic_store_n(&r->progress.packets, r->progress.packets + (uint64_t)packets,
	    __ATOMIC_RELAXED);
	__atomic_store_n(&r->progress.begun, true, __ATOMIC_RELEASE);
}

static bool
signalled(int signals)
{
	struct signalfd_siginfo si;

	return read(signals, &si, sizeof(si)) == (ssize_t)sizeof(si);
}

/* Until there may be a frame, or a signal (fd -1: none), or the time is over. */
static void
wait_source(struct sensor *s, int signals, int ms)
{
	struct pollfd p[2 + SOURCE_IFACES_MOST] = { { .fd = signals,
		.events = POLLIN }, { .fd = signals == -1 ? -1 : s->o->ask_fd,
		.events = POLLIN } };
	int fd[SOURCE_IFACES_MOST], n;

	n = source_wait(s->source, fd, SOURCE_IFACES_MOST, &ms);
	for (int i = 0; i < n; i++)
		p[2 + i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	(void)poll(p, (nfds_t)n + 2, ms);
}

/* One dispatch of captures, with a front or without; what it came to. */
static int
take_file(struct sensor *s, struct front *front, struct source_loss *loss)
{
	const struct front_load *l;
	int n;

	if (front == NULL) {
		n = source_dispatch(s->source, BUDGET, on_frame, s, &s->why);
		pipe_flush(s->pipe);
		source_get_loss(s->source, loss);
		return n;
	}
	l = front_next(front);
	if (l->handful.n > 0 && s->emitter == NULL &&
	    make_emitter(s, l->handful.frame) == -1)
		s->failed = true;
	if (!s->failed)
		pipe_handful(s->pipe, &l->handful);
	if (l->said == SOURCE_FAULT)
		s->why = l->why;
	*loss = l->loss;
	return l->said;
}

static void
loop_files(struct sensor *s, int signals)
{
	struct source_loss loss;
	struct front *front = NULL;
	int n, done = 0;

	source_get_loss(s->source, &loss);
	tell_progress(s, &loss, 0);
	if (s->fronted)
		front = front_create(s->source, s->pipe);
	while (!signalled(signals)) {
		n = take_file(s, front, &loss);
		/* A pipe that gave nothing while we were told to stop is no fault. */
		if (n == SOURCE_FAULT && !s->failed && signalled(signals))
			break;
		if (n == SOURCE_FAULT)
			s->failed = true;
		if (n < 0 || s->failed)
			break;
		done += n;
		if (done < BUDGET && front != NULL)
			continue;
		tell_progress(s, &loss, done);
		sensor_post(s);
		wake_outlet(s);
		done = 0;
	}
	front_destroy(front);
	if (done > 0)
		tell_progress(s, &loss, done);
	/* What a capture says was lost stands at its end; elsewhere it would fall between
	 * other packets each time the same bytes come through a pipe. Most say nothing. */
	source_get_loss(s->source, &loss);
	if (loss.kernel_drops > 0 || loss.iface_drops > 0)
		pipe_loss(s->pipe, &loss);
}

static void
loop(struct sensor *s, int signals)
{
	struct source_loss loss;
	struct pkt_time looked = { 0 }, now;
	struct loop_time start;
	int n;

	while (!signalled(signals)) {
		n = source_dispatch(s->source, BUDGET, on_frame, s, &s->why);
		pipe_flush(s->pipe);
		if (n == SOURCE_FAULT || s->failed) {
			s->failed = true;
			break;
		}
		if (n == SOURCE_END)
			break;
		now = sensor_wall();
		if (now.ns - looked.ns >= NS_PER_S) {
			looked = now;
			source_get_loss(s->source, &loss);
			pipe_loss(s->pipe, &loss);
			sensor_tell_ifaces(s, pkt_time_add(now, -LIVE_LAG));
			pipe_advance(s->pipe, pkt_time_add(now, -LIVE_LAG));
			sensor_tell_outlet(s, pkt_time_add(now, -LIVE_LAG));
			sensor_post(s);
			/* A wire that never said anything has its stats too. */
			if (pipe_first(s->pipe).ns == 0)
				on_step(s, pkt_time_add(now, -LIVE_LAG));
		}
		reloader_turn(s->reloader);
		wake_outlet(s);
		if (n == 0)
			wait_source(s, signals, WAIT_MS);
	}
	/* What the kernel still holds was on the wire before we were told to
	 * stop; a block of its ring that is not full comes
	 * when its time-out is over. */
	start = sensor_monotonic();
	do {
		wait_source(s, -1, DRAIN_LOOK_MS);
		while (source_dispatch(s->source, BUDGET, on_frame, s,
		    &s->why) > 0 && sensor_monotonic().ns - start.ns < DRAIN_MOST_NS)
			pipe_flush(s->pipe);
	} while (sensor_monotonic().ns - start.ns < DRAIN_NS);
	source_get_loss(s->source, &loss);
	pipe_loss(s->pipe, &loss);
}

static void
on_frame(void *arg, const struct frame *f)
{
	struct sensor *s = arg;

	if (s->failed || (s->emitter == NULL && make_emitter(s, f) == -1)) {
		s->failed = true;
		return;
	}
	pipe_frame(s->pipe, f);
}

/* The file's or the folder's own name, of the first of several. */
static void
input_name(const struct sensor_options *o, char *out, size_t room)
{
	const char *path = o->file[0], *end = path + strlen(path), *from;
	int n;

	while (end > path + 1 && end[-1] == '/')
		end--;
	for (from = end; from > path && from[-1] != '/'; from--)
		continue;
	n = snprintf(out, room, "%.*s", (int)(end - from), from);
	if (o->files > 1 && n > 0 && (size_t)n < room)
		(void)snprintf(out + n, room - (size_t)n, " and %zu more", o->files - 1);
}

/* A file's boot is a hash over its first packet, the rules and the version: the same file
 * read twice into Redis adds nothing, another file is another boot. */
static int
make_emitter(struct sensor *s, const struct frame *first)
{
	static const struct siphash_key fixed = { 0x656172736f68742dULL,
	    0x626f6f742d763121ULL };
	const struct sensor_options *o = s->o;
	struct emitter_options eo = { .sensor = o->name, .version = EARSHOT_VERSION,
		.rules_version = s->program->version, .generation = o->generation,
		.input = NULL, .text = o->text,
		.colour = o->colour, .flows = o->flows,
		.partitions = o->partitions, .arg = s,
		.wanted = o->quiet ? wanted : NULL, .put = put };
	uint64_t h[4] = { 0 };

	if (o->files > 0) {
		if (first != NULL) {
			h[0] = siphash13(&fixed, first->bytes, first->cap);
			h[1] = (uint64_t)first->time.ns;
			sensor_sums_begin(s, siphash13(&fixed, h, 2 * sizeof(h[0])));
		}
		h[2] = siphash13(&fixed, s->program->version,
		    strlen(s->program->version));
		h[3] = siphash13(&fixed, EARSHOT_VERSION, strlen(EARSHOT_VERSION));
		(void)snprintf(s->boot, sizeof(s->boot), "file-%016llx",
		    (unsigned long long)siphash13(&fixed, h, sizeof(h)));
		input_name(o, s->input, sizeof(s->input));
		eo.input = s->input;	/* lent for the emitter's life */
	} else {
		(void)snprintf(s->boot, sizeof(s->boot), "%s", o->boot);
		for (size_t i = 0; i < o->ifaces->n; i++)
			s->iface[i] = o->ifaces->name[i];
		eo.iface = s->iface;
		eo.ifaces = (unsigned)o->ifaces->n;
	}
	eo.boot = s->boot;
	s->emitter = emitter_create(&eo, &s->why);
	return s->emitter == NULL ? -1 : 0;
}

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	struct sensor *s = arg;
	struct sensor_report *r = s->o->report;

	if (v->update) {
		r->updates++;
	} else if (v->rule->suspect) {
		r->suspects++;
	} else {
		r->alerts[v->severity]++;
		if ((int)v->severity < r->worst)
			r->worst = (int)v->severity;
	}
	return emitter_verdict(s->emitter, v);
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct sensor *s = arg;

	if (o->kind == OBSERVATION_CLOSE && s->o->flows)
		emitter_flow(s->emitter, o, strings);
	if (o->kind == OBSERVATION_DEVICE)
		sensor_tell_device(s, o, strings);
	if (s->o->observations != NULL && o->kind != OBSERVATION_NAME)
		observe(s, o, strings, false);
}

static void
on_live(void *arg, const struct observation *o, const struct intern *strings)
{
	observe(arg, o, strings, true);
}

/* To the outlet's store and live table, under the same terms as events. */
static void
observe(struct sensor *s, const struct observation *o, const struct intern *strings,
    bool live)
{
	struct ring *r = s->o->observations;
	size_t n = carry_size(o, strings);
	uint8_t *at;

	while ((at = ring_reserve(r, n)) == NULL) {
		if (!sensor_may_wait(s) || ring_closed(r)) {
			s->observations_lost++;
			return;
		}
		ring_wake(r);
		(void)ring_wait_room(r, n, ROOM_WAIT_MS);
	}
	carry_put(at, s->o->start, live, o, strings);
	ring_commit_quietly(r, n);
}

static void
on_step(void *arg, struct pkt_time now)
{
	struct sensor *s = arg;
	struct observer_stats os;
	char text[160];

	sensor_sums_step(s, now);
	if (s->next_stats.ns == 0)
		s->next_stats = pkt_time_add(pipe_first(s->pipe).ns == 0 ? now :
		    pipe_first(s->pipe), STATS_EVERY);
	pipe_observer_stats(s->pipe, &os);
	if (os.dpi.breaker_trips > s->trips_told) {
		s->trips_told = os.dpi.breaker_trips;
		(void)snprintf(text, sizeof(text),
		    "the classifier died %llu times: packets are "
		    "classified by port for a minute, rules that need no classifier "
		    "go on",
		    (unsigned long long)os.dpi.deaths);
		emitter_anomaly(s->emitter, now, SEVERITY_HIGH, "classifier-breaker",
		    text);
	}
	if (os.clock_backs > s->backs_told) {
		s->backs_told = os.clock_backs;
		emitter_anomaly(s->emitter, now, SEVERITY_LOW, "clock-went-back",
		    "packet time went back by more than a minute: flows that were open are "
		    "closed, and what was summed counts as of now");
	}
	sensor_tell_tap(s, now, &os);
	if (now.ns < s->next_stats.ns && now.ns >= s->next_stats.ns - STATS_EVERY)
		return;
	sensor_tell_stats(s);
	s->next_stats = pkt_time_add(now, STATS_EVERY);
}

/* The sensor would hear its own events leave. */
static bool
is_own(void *arg, const struct packet *pkt)
{
	struct sensor *s = arg;
	uint64_t posts = board_posts(s->o->boards->own);

	if (posts != s->own_posts && own_connections_read(s->o->boards->own, &s->own))
		s->own_posts = posts;
	return s->own.n > 0 && pkt->proto == IPPROTO_IS_TCP &&
	    own_connections_has(&s->own, &pkt->src, pkt->sport, &pkt->dst, pkt->dport);
}

/* Of a quiet reading the last figures alone, when they were asked for. */
static bool
wanted(void *arg, enum event_type type)
{
	const struct sensor *s = arg;

	return !s->o->quiet || (s->o->stats && s->last_stats && type == EVENT_TYPE_STATS);
}

/* To the outlet. A file waits for room, a wire never does:
 * the emitter counts and tells. */
static bool
put(void *arg, const struct event_head *h, const char *json, const char *text)
{
	struct sensor *s = arg;
	static const char clear[] = "\r\033[K";
	size_t wipe = s->o->clear && h->text_len > 0 ? sizeof(clear) - 1 : 0;
	size_t n = sizeof(*h) + h->json_len + h->text_len + wipe;
	struct event_head head = *h;
	uint8_t *at;

	while ((at = ring_reserve(s->o->ring, n)) == NULL) {
		if (!sensor_may_wait(s))
			return false;
		/* The supervisor closes the ring when the outlet is gone. */
		if (ring_closed(s->o->ring))
			return false;
		ring_wake(s->o->ring);
		(void)ring_wait_room(s->o->ring, n, ROOM_WAIT_MS);
	}
	head.text_len += (uint32_t)wipe;
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	memcpy(at, json, h->json_len);
	at += h->json_len;
	memcpy(at, clear, wipe);
	if (h->text_len > 0)
		memcpy(at + wipe, text, h->text_len);
	ring_commit_quietly(s->o->ring, n);
	return true;
}

/* What was said since the last time is delivered now: one wake-up for all of it. */
static void
wake_outlet(struct sensor *s)
{
	ring_wake(s->o->ring);
	if (s->o->observations != NULL)
		ring_wake(s->o->observations);
}

bool
sensor_may_wait(const struct sensor *s)
{
	return !s->o->drop_when_full || sensor_monotonic().ns < s->wait_until.ns;
}

struct pkt_time
sensor_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct pkt_time){ ts.tv_sec * NS_PER_S + ts.tv_nsec };
}

struct loop_time
sensor_monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct loop_time){ ts.tv_sec * NS_PER_S + ts.tv_nsec };
}
