/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outlet_sinks: one list of outputs of three kinds: lines written (files, standard
 * output), lines pushed (lists, channels, unix sockets), and one Redis fed from the
 * spool. */
#include "rules/event/outlet_sinks.h"

#include "rules/event/clock.h"
#include "rules/event/delivery.h"
#include "rules/event/dial.h"
#include "rules/event/line_sink.h"
#include "rules/event/push_sink.h"
#include "rules/event/redis_login.h"
#include "rules/event/redis_sink.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#ifndef EARSHOT_VERSION
#define EARSHOT_VERSION "unknown"
#endif

#define PATHS 4096

struct output {
	const struct sink_spec *spec;
	struct line_sink *line;		/* one of these two, */
	struct push_sink *push;		/* or neither: the Redis of the spool */
};

struct outlet_sinks {
	const struct outlet_options *o;
	struct output out[OUTLET_SINKS];
	unsigned n;
	struct delivery *delivery;
	struct redis_sink *redis;
	struct evdns_base *dns;
	struct own_register own;
	struct secret secret;
	struct tls *tls;		/* NULL: no output needs it */
	char redis_name[SINK_TEXT];
	char folder[OUTLET_SINKS][PATHS];	/* of files, to open them again */
	char resolver[PATHS];		/* where resolv.conf really is */
};

static int open_one(struct outlet_sinks *s, struct output *p, struct event_base *base,
    struct fault *why);
static int open_redis(struct outlet_sinks *s, const struct output *p,
    struct event_base *base, struct fault *why);
static int open_dns(struct outlet_sinks *s, struct event_base *base, struct fault *why);

static uint64_t
seed(void)
{
	uint64_t n;

	return getrandom(&n, sizeof(n), 0) == (ssize_t)sizeof(n) ? n :
	    (uint64_t)clock_now().ns;
}

struct outlet_sinks *
outlet_sinks_open(const struct outlet_options *o, struct event_base *base,
    struct fault *why)
{
	struct outlet_sinks *s = calloc(1, sizeof(*s));
	bool redis = false, tls = false;

	if (s == NULL) {
		(void)fault_set(why, NULL, "no memory for the outputs");
		return NULL;
	}
	s->o = o;
	s->own.board = o->boards == NULL ? NULL : o->boards->own;
	for (unsigned i = 0; i < o->sinks; i++)
		redis = redis || sink_is_redis(&o->sink[i]);
	for (unsigned i = 0; i < o->sinks; i++)
		tls = tls || o->sink[i].tls;
	if (tls && (s->tls = tls_create(&o->redis_tls, why)) == NULL)
		goto fail;
	if (redis && secret_read(o->password_file, &s->secret, why) == -1)
		goto fail;
	if (open_dns(s, base, why) == -1)
		goto fail;
	for (unsigned i = 0; i < o->sinks; i++) {
		if (s->n == OUTLET_SINKS) {
			(void)fault_set(why, NULL, "more than %d outputs", OUTLET_SINKS);
			goto fail;
		}
		s->out[s->n].spec = &o->sink[i];
		if (open_one(s, &s->out[s->n++], base, why) == -1)
			goto fail;
	}
	return s;
fail:
	outlet_sinks_close(s, false);
	return NULL;
}

void
outlet_sinks_close(struct outlet_sinks *s, bool remove_spool)
{
	if (s == NULL)
		return;
	redis_sink_destroy(s->redis);
	delivery_destroy(s->delivery, remove_spool);
	for (unsigned i = 0; i < s->n; i++) {
		line_sink_close(s->out[i].line);
		push_destroy(s->out[i].push);
	}
	if (s->dns != NULL)
		evdns_base_free(s->dns, 0);
	tls_destroy(s->tls);
	secret_forget(&s->secret);
	free(s);
}

static void
no_talk(int is_warning, const char *msg)
{
	(void)is_warning;
	(void)msg;
}

/* Name servers and /etc/hosts are read before the sandbox closes. */
static int
open_dns(struct outlet_sinks *s, struct event_base *base, struct fault *why)
{
	const struct outlet_options *o = s->o;
	bool names = false;
	char *end;

	/* A cluster may call its nodes by name. */
	for (unsigned i = 0; i < o->sinks; i++)
		names = names || (o->sink[i].at.host[0] != '\0' &&
		    (o->sink[i].kind == SINK_REDIS ||
		    !dial_is_literal(o->sink[i].at.host)));
	if (!names)
		return 0;
	evdns_set_log_fn(no_talk);
	s->dns = evdns_base_new(base, 0);
	if (s->dns == NULL)
		return fault_set(why, "give an address instead of a name",
		    "cannot look up names");
	/* Without the file the name server is this host, as resolv.conf(5) says. */
	(void)evdns_base_resolv_conf_parse(s->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	if (realpath("/etc/resolv.conf", s->resolver) == NULL)
		s->resolver[0] = '\0';
	/* Written anew by who manages the network, in its own folder; /etc holds more
	 * than we want to see. */
	end = strrchr(s->resolver, '/');
	if (end != NULL && end != s->resolver && strncmp(s->resolver, "/etc/", 5) != 0)
		*end = '\0';
	return 0;
}

static void
folder_of(const char *path, char out[PATHS])
{
	const char *end = strrchr(path, '/');

	(void)snprintf(out, PATHS, "%.*s", end == NULL ? 1 : end == path ? 1 :
	    (int)(end - path), end == NULL ? "." : path);
}

static int
open_one(struct outlet_sinks *s, struct output *p, struct event_base *base,
    struct fault *why)
{
	const struct outlet_options *o = s->o;
	struct push_options po = { .to = p->spec, .sensor = o->sensor,
		.version = EARSHOT_VERSION, .secret = &s->secret, .plain = o->redis_plain,
		.tls = p->spec->tls ? s->tls : NULL, .base = base, .dns = s->dns, .own = &s->own, .seed = seed(),
		.log = o->log };
	char *folder = s->folder[p - s->out];

	if (redis_login_check(p->spec, &s->secret, o->redis_plain, why) == -1)
		return -1;
	switch (p->spec->kind) {
	case SINK_STDOUT_TEXT:
	case SINK_STDOUT_JSON:
		p->line = line_sink_stdout(o->patient, o->log, why);
		return p->line == NULL ? -1 : 0;
	case SINK_FILE:
		folder_of(p->spec->target, folder);
		p->line = line_sink_open(p->spec->target, o->patient, o->log, why);
		return p->line == NULL ? -1 : 0;
	case SINK_UNIX:
	case SINK_REDIS_LIST:
	case SINK_REDIS_PUBSUB:
	case SINK_REDIS_XADD:
		p->push = push_create(&po, why);
		return p->push == NULL ? -1 : 0;
	case SINK_REDIS:
		break;
	}
	return open_redis(s, p, base, why);
}

static int
open_redis(struct outlet_sinks *s, const struct output *p, struct event_base *base,
    struct fault *why)
{
	const struct outlet_options *o = s->o;
	struct seglog_options spool = { .dir = o->spool_dir, .cap_bytes = o->spool_bytes,
		.now = clock_now() };
	struct delivery_options d = { .sensor = o->sensor, .version = EARSHOT_VERSION,
		.user = p->spec->user, .secret = &s->secret, .spool = &spool,
		.load_function = true, .machine = o->machine,
		.partitions = o->partitions, .maxlen = o->redis_length,
		.keep_ns = o->redis_keep, .log = o->log, .arg = &s->redis,
		.send = redis_sink_send };
	struct redis_sink_options r = { .base = base, .dns = s->dns, .to = p->spec,
		.own = &s->own, .seed = seed(), .log = o->log, .spool_age = o->spool_age,
		.tls = p->spec->tls ? s->tls : NULL,
		.loopback_only = s->secret.text[0] != '\0' && !o->redis_plain &&
		    !p->spec->tls };

	if (s->delivery != NULL)
		return fault_set(why, "one redis: and the others as redis-list:, "
		    "redis-pubsub:, file: or unix:",
		    "there is one spool, and so one Redis with streams");
	if (o->spool_dir == NULL)
		return fault_set(
		    why, "give one with --state", "a Redis needs a spool folder");
	d.server = sink_name(p->spec, s->redis_name, sizeof(s->redis_name));
	s->delivery = delivery_create(&d, why);
	if (s->delivery == NULL)
		return -1;
	r.delivery = s->delivery;
	s->redis = redis_sink_create(&r, why);
	return s->redis == NULL ? -1 : 0;
}

/* ---- for the sandbox ---- */

size_t
outlet_sinks_writes(const struct outlet_sinks *s, const char **path, size_t most)
{
	size_t n = 0;

	if (s->delivery != NULL && n < most)
		path[n++] = s->o->spool_dir;
	for (unsigned i = 0; i < s->n && n < most; i++) {
		const struct sink_spec *k = s->out[i].spec;

		/* Landlock asks nothing of a connect to a socket's path today; a later
		 * kernel may, and the path costs nothing here. */
		if (k->kind == SINK_FILE)
			path[n++] = s->folder[i];
		else if (k->at.path[0] != '\0')
			path[n++] = k->at.path;
	}
	return n;
}

size_t
outlet_sinks_reads(const struct outlet_sinks *s, const char **path, size_t most)
{
	size_t n = 0;

	if (s->dns == NULL || most < 2)
		return 0;
	path[n++] = "/etc/resolv.conf";
	if (s->resolver[0] != '\0')
		path[n++] = s->resolver;
	return n;
}

/* ---- events ---- */

void
outlet_sinks_put(struct outlet_sinks *s, const struct event_head *h, const char *json,
    const char *text, struct loop_time now)
{
	for (unsigned i = 0; i < s->n; i++) {
		struct output *p = &s->out[i];

		if (p->push != NULL)
			push_put(p->push, h, json, now);
		else if (p->line == NULL)
			continue;
		else if (p->spec->kind != SINK_STDOUT_TEXT)
			line_sink_put(p->line, json, h->json_len, now);
		else if (h->text_len > 0)
			line_sink_put(p->line, text,
			    h->text_len - (text[h->text_len - 1] == '\n'), now);
	}
	if (s->delivery != NULL && (h->lane != LANE_FLOW || s->o->redis_flows))
		(void)delivery_put(s->delivery, h, json, now);
}

void
outlet_sinks_pump(struct outlet_sinks *s, struct loop_time now)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->out[i].line != NULL)
			line_sink_flush(s->out[i].line, now);
		if (s->out[i].push != NULL)
			push_tick(s->out[i].push, now);
	}
	if (s->delivery != NULL)
		delivery_pump(s->delivery, now);
}

void
outlet_sinks_reopen(struct outlet_sinks *s, struct loop_time now)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->out[i].line != NULL)
			line_sink_reopen(s->out[i].line, now);
}

void
outlet_sinks_finish(struct outlet_sinks *s, struct loop_time now)
{
	if (s->delivery == NULL)
		return;
	delivery_finish(s->delivery);
	delivery_pump(s->delivery, now);
}

bool
outlet_sinks_wait(const struct outlet_sinks *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if ((s->out[i].line != NULL && line_sink_waiting(s->out[i].line) > 0) ||
		    (s->out[i].push != NULL && push_waiting(s->out[i].push) > 0))
			return true;
	return s->delivery != NULL && !delivery_done(s->delivery);
}

bool
outlet_sinks_behind(const struct outlet_sinks *s, struct loop_time now)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->out[i].push != NULL && push_is_behind(s->out[i].push, now))
			return true;
	return false;
}

bool
outlet_sinks_gone(const struct outlet_sinks *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->out[i].line == NULL || !line_sink_gone(s->out[i].line))
			return false;
	return s->n > 0;
}

/* ---- how they stand ---- */

void
outlet_sinks_state(const struct outlet_sinks *s, struct outlet_snapshot *out)
{
	out->sinks = s->n;
	for (unsigned i = 0; i < s->n; i++) {
		struct sink_state *k = &out->sink[i];
		const struct line_sink *line = s->out[i].line;
		char name[SINK_TEXT];

		*k = (struct sink_state){ .up = true };
		if (s->out[i].push != NULL) {
			push_state(s->out[i].push, k);
		} else if (line != NULL) {
			(void)snprintf(k->name, sizeof(k->name), "%.*s",
			    (int)sizeof(k->name) - 1,
			    sink_name(s->out[i].spec, name, sizeof(name)));
			(void)snprintf(k->error, sizeof(k->error), "%s",
			    line_sink_error(line));
			k->sent = line_sink_sent(line);
			k->lost = line_sink_lost(line);
			k->waiting = line_sink_events_waiting(line);
			k->up = !line_sink_gone(line);
			(void)snprintf(k->state, sizeof(k->state), "%s",
			    k->up ? "ready" : "gone");
		} else if (s->redis != NULL) {
			const struct delivery_counts *c = delivery_counts(s->delivery);

			redis_sink_state(s->redis, k);
			k->sent = c->delivered;
			k->lost = c->lost + c->refused;
			k->waiting = delivery_waiting(s->delivery);
		}
	}
	out->redis = s->delivery != NULL;
	if (s->delivery == NULL)
		return;
	out->spool_bytes = 0;
	out->spool_full = false;
	for (unsigned i = 0; i < LANE_COUNT; i++) {
		const struct seglog *log = delivery_spool(s->delivery, (enum lane)i);

		out->spool_bytes += seglog_bytes(log);
		out->spool_full = out->spool_full || seglog_counts(log)->full;
	}
	out->spool_refused = delivery_counts(s->delivery)->refused;
	out->health = *delivery_health(s->delivery);
}

static int
say_spool(const struct outlet_sinks *s)
{
	const struct delivery_counts *c = delivery_counts(s->delivery);

	if (delivery_done(s->delivery))
		return 0;
	if (delivery_waiting(s->delivery) > 0 || c->refused == 0)
		log_line(s->o->log, LOG_LEVEL_WARN, "%" PRIu64
		    " events were not taken by Redis; they stay in the spool '%s'%s",
		    delivery_waiting(s->delivery), s->o->spool_dir,
		    s->o->live ? " for the next start" : "");
	if (c->refused > 0)
		log_line(s->o->log, LOG_LEVEL_WARN, "%" PRIu64
		    " events are lost: the disk of the spool '%s' had no room for them",
		    c->refused, s->o->spool_dir);
	return s->o->live && c->refused == 0 ? 0 : 1;
}

/* A live sensor that was asked to end has done what it could: a reader that hung is told
 * and no failure of ours. A file that was read and not delivered is one. */
int
outlet_sinks_say_end(struct outlet_sinks *s)
{
	struct outlet_snapshot now;
	int rc = 0;

	outlet_sinks_state(s, &now);
	for (unsigned i = 0; i < s->n; i++) {
		const struct sink_state *k = &now.sink[i];
		uint64_t lost = k->lost + k->waiting;

		if (s->out[i].spec->kind == SINK_FILE && lost > 0) {
			log_line(s->o->log, LOG_LEVEL_WARN, "an output file lacks %" PRIu64
			    " events and %zu bytes: its disk had no room ('%s')", k->lost,
			    line_sink_waiting(s->out[i].line), s->out[i].spec->target);
			rc = 1;
		} else if (s->out[i].line != NULL && k->up && lost > 0) {
			log_line(s->o->log, LOG_LEVEL_WARN, "standard output lacks %" PRIu64
			    " events: its reader took no more", lost);
			rc = s->o->live ? rc : 1;
		} else if (s->out[i].push != NULL && lost > 0) {
			log_line(s->o->log, LOG_LEVEL_WARN,
			    "'%s' lacks %" PRIu64 " events, %" PRIu64
			    " of them unsent at the end: %s", k->name, lost, k->waiting,
			    k->error[0] != '\0' ? k->error : "its reader is too slow");
			rc = s->o->live ? rc : 1;
		}
	}
	if (s->delivery != NULL && say_spool(s) != 0)
		rc = 1;
	return rc;
}
