/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sensor: source, sandbox, pipe, ring, and the loop around them. Owns the wall clock of a
 * live wire; refuses to know who reads the events. */
#include "rules/cli/sensor.h"

#include "capture/proc/sandbox.h"
#include "rules/event/carry.h"

#include <errno.h>
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
#define STATS_EVERY (60 * NS_PER_S)
#define LEARN_FOR (7 * 86400 * NS_PER_S)	/* before it first-seen means nothing */
#define LIVE_LAG (2 * NS_PER_S)		/* packet time follows the
					 * clock this far behind */
#define WAIT_MS 100
#define LIVE_EVERY (10 * NS_PER_S)	/* how old a moving flow's figures may be on the
					 * control socket; about a microsecond each */
#define ROOM_WAIT_MS 200
#define HALF_FLOWS 3			/* one may be a loss */
#define DRAIN_NS (240 * NS_PER_MS)	/* a block of the kernel's ring, and a frame that
					 * waits for another interface */
#define DRAIN_MOST_NS (2 * NS_PER_S)	/* on a wire that is never silent */
#define DRAIN_LOOK_MS 60

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
	char boot[40], input[300];
	struct pkt_time next_stats;
	uint64_t deaths_told, trips_told, starts_told, stops_told;
	bool tags_told, half_told, last_stats, store_full;
	const char *iface[SOURCE_IFACES_MOST];	/* names by frame.iface */
	enum source_iface_state iface_state[SOURCE_IFACES_MOST];	/* as told */
	uint64_t observations_lost;
	struct loop_time started;
	struct own_connections own;	/* the outlet's */
	uint64_t own_posts;
	struct outlet_snapshot outlet;
};

static int open_source(struct sensor *s, int signals);
static void on_tell(void *arg, const struct fault *why, bool harm);
static void tell_progress(struct sensor *s, int packets);
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
static void tell_store(struct sensor *s, struct pkt_time now);
static void on_step(void *arg, struct pkt_time now);
static bool is_own(void *arg, const struct packet *pkt);
static bool put(void *arg, const struct event_head *h, const char *json,
    const char *text);
static void gather(struct sensor *s, struct sensor_stats *st);
static void post(struct sensor *s);
static void tell_tap(struct sensor *s, struct pkt_time now,
    const struct observer_stats *os);
static void tell_stats(struct sensor *s);
static struct pkt_time wall(void);
static struct loop_time monotonic(void);
static int make_reloader(struct sensor *s);
static void on_swap(void *arg, enum swap_phase at);
static void on_swapped(void *arg, const struct program *p, uint64_t generation);
static void on_reloaded(void *arg, const struct reload_ask *ask,
    const struct reload_answer *a);

int
sensor_run(const struct sensor_options *o)
{
	struct sensor s = { .o = o };
	struct pipe_options po = { .cell = o->cell, .arg = &s,
		.on_verdict = on_verdict, .on_record = on_record,
		.on_live = o->files == 0 && o->observations != NULL ? on_live : NULL,
		.live_every = LIVE_EVERY, .on_step = on_step, .on_swap = on_swap,
		.split_vlans = o->split_vlans,
		.own = o->files > 0 ? NULL : is_own,
		.learn_for = o->files > 0 ? 0 : LEARN_FOR };
	struct sandbox_options so = { 0 };
	const char *const sys[] = { "/sys" };
	struct observer_stats os;
	sigset_t set;
	int signals = -1, keep[7 + SOURCE_FILES_MOST], fds;
	size_t kept = 0;

	o->report->worst = SEVERITY_COUNT;
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
	s.pipe = pipe_create(&po, &s.why);
	if (s.pipe == NULL || make_reloader(&s) == -1 || open_source(&s, signals) == -1)
		goto fail;
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
		for (size_t i = 0; i < o->ifaces->n; i++)
			log_line(o->log, LOG_LEVEL_INFO, "listening on '%s'",
			    o->ifaces->name[i]);
	}

	loop(&s, signals);
	if (s.emitter == NULL && make_emitter(&s, NULL) == -1)
		goto fail;
	pipe_finish(s.pipe);
	pipe_observer_stats(s.pipe, &os);
	tell_tap(&s, pipe_now(s.pipe), &os);
	s.last_stats = true;
	tell_stats(&s);
	post(&s);

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
		.told = on_reloaded };

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
	emitter_set_rules(s->emitter, p->version, generation);
}

/* Every reload is an event, by whom and with what. */
static void
on_reloaded(void *arg, const struct reload_ask *ask, const struct reload_answer *a)
{
	struct sensor *s = arg;
	struct pkt_time now = pipe_now(s->pipe);
	const struct rule_counts *c = &a->counts;
	char text[900];

	if (now.ns == 0)
		now = pkt_time_add(wall(), -LIVE_LAG);
	if (a->accepted)
		(void)snprintf(text, sizeof(text),
		    "rules %s are generation %llu, asked for by %s: %u rules, %u lists "
		    "with %llu entries, %llu devices; swapped in %.3f ms",
		    c->version, (unsigned long long)a->generation, ask->who, c->rules,
		    c->lists, (unsigned long long)c->hosts,
		    (unsigned long long)c->devices, (double)a->swap_ns / 1e6);
	else
		(void)snprintf(text, sizeof(text),
		    "the rules stay generation %llu; %s asked for others: %s: %.*s",
		    (unsigned long long)a->generation, ask->who, a->why.what,
		    (int)strcspn(a->errors, "\n"), a->errors);
	emitter_anomaly(s->emitter, now, a->accepted ? SEVERITY_INFO : SEVERITY_LOW,
	    a->accepted ? "rules-reloaded" : "rules-refused", text);
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
tell_progress(struct sensor *s, int packets)
{
	struct sensor_report *r = s->o->report;
	struct source_loss loss;

	source_get_loss(s->source, &loss);
	__atomic_store_n(&r->progress.bytes_total, loss.bytes_total, __ATOMIC_RELAXED);
	__atomic_store_n(&r->progress.bytes_read, loss.bytes_read, __ATOMIC_RELAXED);
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

/* An interface that is not listened to as it was, or is again. */
static void
tell_iface(struct sensor *s, struct pkt_time now, const struct source_iface *i,
    enum source_iface_state was)
{
	static const char *const event[SOURCE_IFACE_STATES] = { "interface-back",
		"interface-down", "interface-renamed", "interface-gone" };
	enum severity severity = SEVERITY_HIGH;
	const char *what = event[i->state];
	char text[128];

	switch (i->state) {
	case SOURCE_IFACE_DOWN:
		(void)snprintf(text, sizeof(text),
		    "'%.15s' is down: nothing is heard there until it is up", i->name);
		break;
	case SOURCE_IFACE_RENAMED:
		(void)snprintf(text, sizeof(text),
		    "'%.15s' is called '%.15s' now: it is still listened to",
		    i->name, i->now);
		severity = SEVERITY_LOW;
		break;
	case SOURCE_IFACE_AWAY:
		(void)snprintf(text, sizeof(text),
		    "'%.15s' is gone: nothing is heard there until it is back", i->name);
		break;
	default:
		if (was == SOURCE_IFACE_DOWN)
			what = "interface-up";
		(void)snprintf(text, sizeof(text), was == SOURCE_IFACE_DOWN ?
		    "'%.15s' is up" : "'%.15s' is back", i->name);
		severity = SEVERITY_INFO;
	}
	log_line(s->o->log, LOG_LEVEL_WARN, "%s", text);
	emitter_iface_anomaly(s->emitter, now, severity, what, text, i->name);
}

static void
tell_ifaces(struct sensor *s, struct pkt_time now)
{
	struct source_iface all[SOURCE_IFACES_MOST];
	int n = source_get_ifaces(s->source, all, SOURCE_IFACES_MOST);

	for (int i = 0; i < n; i++) {
		if (all[i].state != s->iface_state[i])
			tell_iface(s, now, &all[i], s->iface_state[i]);
		s->iface_state[i] = all[i].state;
	}
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

static void
loop(struct sensor *s, int signals)
{
	struct source_loss loss;
	bool live = s->o->files == 0;
	struct pkt_time looked = { 0 }, now;
	struct loop_time start;
	int n;

	if (!live)
		tell_progress(s, 0);
	while (!signalled(signals)) {
		n = source_dispatch(s->source, BUDGET, on_frame, s, &s->why);
		/* A pipe that gave nothing while we were told to stop is no fault. */
		if (n == SOURCE_FAULT && !s->failed && signalled(signals))
			break;
		if (n == SOURCE_FAULT || s->failed) {
			s->failed = true;
			break;
		}
		if (n == SOURCE_END)
			break;
		if (!live) {
			tell_progress(s, n);
			post(s);
			continue;
		}
		now = wall();
		if (now.ns - looked.ns >= NS_PER_S) {
			looked = now;
			source_get_loss(s->source, &loss);
			pipe_loss(s->pipe, &loss);
			tell_ifaces(s, pkt_time_add(now, -LIVE_LAG));
			pipe_advance(s->pipe, pkt_time_add(now, -LIVE_LAG));
			tell_store(s, pkt_time_add(now, -LIVE_LAG));
			post(s);
			/* A wire that never said anything has its stats too. */
			if (pipe_first(s->pipe).ns == 0)
				on_step(s, pkt_time_add(now, -LIVE_LAG));
		}
		reloader_turn(s->reloader);
		if (n == 0)
			wait_source(s, signals, WAIT_MS);
	}
	if (live) {
		/* What the kernel still holds was on the wire before we were told to
		 * stop; a block of its ring that is not full comes
		 * when its time-out is over. */
		start = monotonic();
		do {
			wait_source(s, -1, DRAIN_LOOK_MS);
			while (source_dispatch(s->source, BUDGET, on_frame, s,
			    &s->why) > 0 && monotonic().ns - start.ns < DRAIN_MOST_NS)
				continue;
		} while (monotonic().ns - start.ns < DRAIN_NS);
		source_get_loss(s->source, &loss);
		pipe_loss(s->pipe, &loss);
		return;
	}
	/* What a capture says was lost stands at its end; elsewhere it would fall between
	 * other packets each time the same bytes come through a pipe. Most say nothing. */
	source_get_loss(s->source, &loss);
	if (loss.kernel_drops > 0 || loss.iface_drops > 0)
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
		.colour = o->colour, .flows = o->flows, .arg = s, .put = put };
	uint64_t h[4] = { 0 };

	if (o->files > 0) {
		if (first != NULL) {
			h[0] = siphash13(&fixed, first->bytes, first->cap);
			h[1] = (uint64_t)first->time.ns;
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

/* A device goes by another key from here on: the inventory says so. */
static void
tell_alias(struct sensor *s, const struct observation *o, const struct intern *strings)
{
	struct span was = intern_get(strings, o->device_was);
	struct span is = intern_get(strings, o->device_key);
	char ip[ADDR_TEXT], text[2 * INTERN_MAX + 120];

	(void)snprintf(text, sizeof(text), "device '%.*s' is '%.*s' from here on (%s)",
	    (int)was.left, (const char *)was.at, (int)is.left, (const char *)is.at,
	    addr_print(&o->src_ip, ip));
	emitter_anomaly(s->emitter, (struct pkt_time){ o->time }, SEVERITY_INFO,
	    "device-alias", text);
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct sensor *s = arg;

	if (o->kind == OBSERVATION_CLOSE && s->o->flows)
		emitter_flow(s->emitter, o, strings);
	if (o->kind == OBSERVATION_DEVICE && observation_known(o, FIELD_device_was))
		tell_alias(s, o, strings);
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
		if (s->o->drop_when_full || ring_closed(r)) {
			s->observations_lost++;
			return;
		}
		(void)ring_wait_room(r, n, ROOM_WAIT_MS);
	}
	carry_put(at, s->o->start, live, o, strings);
	ring_commit(r, n);
}

/* The outlet cannot make events: that its disk is full is told here. */
static void
tell_store(struct sensor *s, struct pkt_time now)
{
	struct outlet_snapshot o;
	char text[120];

	if (!outlet_snapshot_read(s->o->boards->outlet, &o) || o.store_full == s->store_full)
		return;
	s->store_full = o.store_full;
	(void)snprintf(text, sizeof(text), o.store_full ?
	    "the store has no room on its disk: observations are lost until there is some" :
	    "the store has room again; %llu observations are lost",
	    (unsigned long long)o.store_lost);
	emitter_anomaly(s->emitter, now, o.store_full ? SEVERITY_HIGH : SEVERITY_INFO,
	    o.store_full ? "store-full" : "store-has-room", text);
}

static void
on_step(void *arg, struct pkt_time now)
{
	struct sensor *s = arg;
	struct observer_stats os;
	char text[160];

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
	tell_tap(s, now, &os);
	if (now.ns < s->next_stats.ns)
		return;
	tell_stats(s);
	s->next_stats = pkt_time_add(now, STATS_EVERY);
}

/* What the tap does to packets, when it begins and when it ends. */
static void
tell_tap(struct sensor *s, struct pkt_time now, const struct observer_stats *os)
{
	const struct duplicates_stats *d = &os->duplicates;
	char text[256];

	if (d->starts > s->starts_told) {
		s->starts_told = d->starts;
		(void)snprintf(text, sizeof(text),
		    "the tap shows packets twice (%u of %u were copies, at most 20 ms "
		    "behind): copies are not counted, %llu that were are taken back; "
		    "mirror one direction or one port less",
		    d->of_copies, d->of_packets, (unsigned long long)os->taken_back);
		log_line(s->o->log, LOG_LEVEL_WARN, "%s", text);
		emitter_anomaly(s->emitter, now, SEVERITY_LOW, "tap-duplicates", text);
	}
	if (d->stops > s->stops_told && !d->on) {
		s->stops_told = d->stops;
		(void)snprintf(text, sizeof(text),
		    "the tap no longer shows packets twice: %u of the last %u were "
		    "copies",
		    d->of_copies, d->of_packets);
		log_line(s->o->log, LOG_LEVEL_INFO, "%s", text);
		emitter_anomaly(s->emitter, now, SEVERITY_INFO, "tap-duplicates-no-more",
		    text);
	}
	if (os->flow.half >= HALF_FLOWS && !s->half_told) {
		s->half_told = true;
		(void)snprintf(text, sizeof(text),
		    "%u TCP connections were seen in one direction only: the other takes "
		    "another road, or is not mirrored; what it carried is read from the "
		    "acknowledgements", HALF_FLOWS);
		log_line(s->o->log, LOG_LEVEL_WARN, "%s", text);
		emitter_anomaly(s->emitter, now, SEVERITY_LOW, "half-capture", text);
	}
	if (os->flow.tags_differ > 0 && !s->tags_told) {
		s->tags_told = true;
		(void)snprintf(text, sizeof(text),
		    "the tap tags one direction only, or each with another VLAN: both "
		    "directions are one flow, its VLAN is the uploading side's");
		log_line(s->o->log, LOG_LEVEL_INFO, "%s", text);
		emitter_anomaly(s->emitter, now, SEVERITY_INFO, "tags-differ", text);
	}
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

static void
gather(struct sensor *s, struct sensor_stats *st)
{
	struct outlet_snapshot outlet;

	pipe_stats(s->pipe, st);
	if (st->packets == 0 && s->o->files == 0)
		st->now = wall();
	st->seccomp = s->sandbox.seccomp;
	st->landlock_abi = s->sandbox.landlock_abi;
	/* It posted before we were started. */
	if (outlet_snapshot_read(s->o->boards->outlet, &outlet)) {
		st->outlet_seccomp = outlet.sandbox.seccomp;
		st->outlet_landlock_abi = outlet.sandbox.landlock_abi;
	}
	st->ring_lost = s->emitter == NULL ? 0 : emitter_lost(s->emitter);
	st->observations_lost = s->observations_lost;
	if (s->o->files == 0 && st->now.ns == 0)
		st->now = pkt_time_add(wall(), -LIVE_LAG);
	if (s->o->files == 0)
		st->lag_ns = wall().ns - st->now.ns;
}

/* For metrics and the control socket: as it stands now. */
static void
post(struct sensor *s)
{
	struct sensor_snapshot now = { .sandbox = s->sandbox };
	struct source_iface all[SOURCE_IFACES_MOST];
	int n;

	gather(s, &now.stats);
	(void)snprintf(now.boot, sizeof(now.boot), "%s", s->boot);
	(void)snprintf(now.rules_version, sizeof(now.rules_version), "%s",
	    s->program->version);
	n = source_get_ifaces(s->source, all, SOURCE_IFACES_MOST);
	for (int i = 0; i < n; i++) {
		memcpy(now.iface[i].name, all[i].name, sizeof(all[i].name));
		now.iface[i].kernel_drops = all[i].kernel_drops;
		now.iface[i].iface_drops = all[i].iface_drops;
		now.iface[i].away = all[i].state == SOURCE_IFACE_AWAY;
	}
	now.ifaces = (unsigned)n;
	now.rules = s->program->rules;
	now.generation = s->generation;
	now.pid = (int)getpid();
	now.zygote = s->o->cell == NULL ? 0 : dpi_cell_zygote_pid(s->o->cell);
	now.last_packet = pipe_last(s->pipe).ns;
	if (s->o->files == 0 && pipe_first(s->pipe).ns != 0)
		now.learning_until = pipe_first(s->pipe).ns + LEARN_FOR;
	now.posted = monotonic();
	if (s->started.ns == 0)
		s->started = now.posted;
	now.started = s->started;
	sensor_snapshot_post(s->o->boards->sensor, &now);
}

static void
tell_stats(struct sensor *s)
{
	struct sensor_stats st;
	struct sensor_report *r = s->o->report;
	struct source_iface all[SOURCE_IFACES_MOST];

	gather(s, &st);
	st.iface = all;
	st.ifaces = (unsigned)source_get_ifaces(s->source, all, SOURCE_IFACES_MOST);
	/* Not of files: the same file gives the same bytes, however fast they leave. */
	if (s->o->files == 0 && outlet_snapshot_read(s->o->boards->outlet, &s->outlet))
		st.outlet = &s->outlet;
	r->packets = st.packets;
	r->used = st.used;
	r->bytes = st.bytes;
	r->lost = (st.kernel_drops == UINT64_MAX ? 0 : st.kernel_drops) +
	    (st.iface_drops == UINT64_MAX ? 0 : st.iface_drops);
	emitter_stats(s->emitter, &st);
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

	if (s->o->quiet && !(s->o->stats && s->last_stats && h->type == EVENT_TYPE_STATS))
		return true;
	while ((at = ring_reserve(s->o->ring, n)) == NULL) {
		if (s->o->drop_when_full)
			return false;
		/* The supervisor closes the ring when the outlet is gone. */
		if (ring_closed(s->o->ring))
			return false;
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
	ring_commit(s->o->ring, n);
	return true;
}

static struct pkt_time
wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct pkt_time){ ts.tv_sec * NS_PER_S + ts.tv_nsec };
}

static struct loop_time
monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct loop_time){ ts.tv_sec * NS_PER_S + ts.tv_nsec };
}
