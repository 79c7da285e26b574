/* SPDX-License-Identifier: GPL-3.0-or-later */
/* answer: status, stats, help and errors; flows and device are in answer_flows.c. */
#include "rules/event/answer.h"

#include <string.h>

#define RATE_OVER (10 * NS_PER_S)	/* rates are over ten to twenty seconds */

static void answer_status(const struct answer_source *a, struct json *j);
static void answer_stats(const struct answer_source *a, struct json *j);
static void answer_help(struct json *j);
static bool counters(const struct answer_source *a, uint64_t loss[LOSS_COUNT],
    struct sensor_snapshot *s);

void
answer_time(struct json *j, const char *key, int64_t ns)
{
	char text[PKT_TIME_TEXT];

	json_key(j, key);
	if (ns == 0)
		json_null(j);
	else
		json_name(j, pkt_time_print((struct pkt_time){ ns }, text));
}

void
answer_uint(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	if (v == UINT64_MAX)
		json_null(j);		/* unknown */
	else
		json_uint(j, v);
}

void
answer_name(struct json *j, const char *key, const char *text)
{
	json_key(j, key);
	json_name(j, text);
}

void
answer_bool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

void
answer_error(struct json *j, const struct fault *why)
{
	json_open(j, NULL, '{');
	answer_name(j, "error", why->what);
	if (why->remedy[0] != '\0')
		answer_name(j, "try", why->remedy);
	json_close(j, '{');
}

void
answer(const struct answer_source *a, const struct request *q, struct json *j)
{
	switch (q->command) {
	case REQUEST_STATUS:
		answer_status(a, j);
		break;
	case REQUEST_FLOWS:
		answer_flows(a, q, j);
		break;
	case REQUEST_DEVICE:
		answer_device(a, q, j);
		break;
	case REQUEST_STATS:
		answer_stats(a, j);
		break;
	case REQUEST_HELP:
	case REQUEST_RELOAD:
	case REQUEST_COMMAND_COUNT:
		answer_help(j);
		break;
	}
}

/* ---- stats ---- */

static uint64_t
known(uint64_t v)
{
	return v == UINT64_MAX ? 0 : v;
}

/* False: the sensor has posted nothing yet. A loss that is unknown is UINT64_MAX. */
static bool
counters(const struct answer_source *a, uint64_t loss[LOSS_COUNT],
    struct sensor_snapshot *s)
{
	struct outlet_snapshot o;
	struct store_counts c;

	memset(loss, 0, LOSS_COUNT * sizeof(loss[0]));
	store_get_counts(recorder_store(a->recorder), &c);
	loss[LOSS_STORE] = c.lost;
	if (outlet_snapshot_read(a->boards->outlet, &o))
		for (unsigned i = 0; i < o.sinks; i++)
			loss[LOSS_SPOOL] += o.sink[i].lost;
	if (!sensor_snapshot_read(a->boards->sensor, s))
		return false;
	loss[LOSS_KERNEL] = s->stats.kernel_drops;
	loss[LOSS_INTERFACE] = s->stats.iface_drops;
	loss[LOSS_RING] = s->stats.ring_lost + s->stats.observations_lost;
	loss[LOSS_CELL] = s->stats.cell_deaths + s->stats.cell_hangs;
	loss[LOSS_GAPS] = s->stats.gap_bytes;
	return true;
}

void
answer_look(const struct answer_source *a)
{
	struct answer_rates *r = a->rates;
	struct sensor_snapshot s;
	uint64_t loss[LOSS_COUNT];

	if (r->mark.at.ns != 0 && a->now.ns - r->mark.at.ns < RATE_OVER)
		return;
	if (!counters(a, loss, &s))
		return;
	/* A sensor that was started again counts from zero: so do we. */
	if (s.stats.packets < r->mark.packets)
		memset(r, 0, sizeof(*r));
	r->then = r->mark;
	r->mark.at = a->now;
	r->mark.packets = s.stats.packets;
	r->mark.bytes = s.stats.bytes;
	memcpy(r->mark.loss, loss, sizeof(loss));
	if (r->then.at.ns == 0)
		r->then = r->mark;
}

static void
rate(struct json *j, uint64_t total, uint64_t then, double seconds)
{
	answer_uint(j, "total", total);
	json_key(j, "per_s");
	if (seconds <= 0 || total == UINT64_MAX)
		json_null(j);
	else
		json_number(j, total > then ? (double)(total - then) / seconds : 0);
}

static void
answer_stats(const struct answer_source *a, struct json *j)
{
	static const struct {
		const char *word, *unit;
	} name[LOSS_COUNT] = {
#define X(id, word, unit, meaning) { word, unit },
		LOSSES(X)
#undef X
	};
	static const char *const drop[DROP_COUNT] = {
#define X(id, word, meaning) [DROP_##id] = word,
		DROPS(X)
#undef X
	};
	const struct answer_rates *r = a->rates;
	struct sensor_snapshot s;
	uint64_t loss[LOSS_COUNT];
	double seconds;

	json_open(j, NULL, '{');
	answer_name(j, "command", "stats");
	answer_time(j, "time", a->wall);
	if (!counters(a, loss, &s)) {
		answer_name(j, "error", "the sensor has not counted anything yet");
		json_close(j, '{');
		return;
	}
	seconds = r->then.at.ns == 0 || s.stats.packets < r->then.packets ? 0 :
	    (double)(a->now.ns - r->then.at.ns) / 1e9;
	json_key(j, "interval_s");
	json_number(j, seconds);
	json_open(j, "packets", '{');
	rate(j, s.stats.packets, r->then.packets, seconds);
	json_close(j, '{');
	json_open(j, "bytes", '{');
	rate(j, s.stats.bytes, r->then.bytes, seconds);
	json_close(j, '{');
	json_open(j, "loss", '{');
	for (unsigned i = 0; i < LOSS_COUNT; i++) {
		json_open(j, name[i].word, '{');
		answer_name(j, "unit", name[i].unit);
		rate(j, loss[i], known(r->then.loss[i]), seconds);
		json_close(j, '{');
	}
	json_close(j, '{');
	json_open(j, "refused", '{');
	for (unsigned i = 0; i < DROP_COUNT; i++)
		if (drop[i] != NULL && s.drops[i] > 0)
			answer_uint(j, drop[i], s.drops[i]);
	json_close(j, '{');
	answer_uint(j, "flows", s.stats.flows);
	answer_uint(j, "flows_now", s.stats.flows_now);
	answer_uint(j, "evicted", s.stats.evicted);
	answer_uint(j, "observations", s.stats.records);
	answer_uint(j, "verdicts", s.stats.verdicts);
	answer_uint(j, "suppressed", s.stats.suppressed);
	json_close(j, '{');
}

/* ---- status ---- */

static void
process(struct json *j, const char *name, int pid, const struct sandbox_state *st)
{
	json_open(j, NULL, '{');
	answer_name(j, "name", name);
	answer_uint(j, "pid", pid > 0 ? (uint64_t)pid : UINT64_MAX);
	if (st != NULL) {
		answer_bool(j, "seccomp", st->seccomp);
		answer_uint(j, "landlock", (uint64_t)st->landlock_abi);
		answer_bool(j, "no_new_privs", st->no_new_privs);
		answer_bool(j, "caps_dropped", st->caps_dropped);
	}
	json_close(j, '{');
}

static void
store_state(const struct answer_source *a, struct json *j)
{
	struct store_counts c;

	store_get_counts(recorder_store(a->recorder), &c);
	json_open(j, "store", '{');
	answer_bool(j, "on", a->store_dir != NULL);
	if (a->store_dir != NULL) {
		json_key(j, "folder");
		json_text(j, a->store_dir, strlen(a->store_dir));
		answer_uint(j, "bytes", c.bytes);
		answer_bool(j, "full", c.full);
		answer_uint(j, "lost", c.lost);
		answer_uint(j, "damaged", c.damaged);
		answer_uint(j, "unreadable", c.unreadable);
		answer_bool(j, "reading", c.replaying);
	}
	answer_uint(j, "records", c.records);
	json_close(j, '{');
}

static void
outputs(const struct outlet_snapshot *o, struct json *j)
{
	json_open(j, "outputs", '[');
	for (unsigned i = 0; i < o->sinks; i++) {
		const struct sink_state *k = &o->sink[i];

		json_open(j, NULL, '{');
		answer_name(j, "name", k->name);
		answer_bool(j, "up", k->up);
		answer_name(j, "state", k->state);
		answer_uint(j, "sent", k->sent);
		answer_uint(j, "lost", k->lost);
		answer_uint(j, "waiting", k->waiting);
		answer_uint(j, "reconnects", k->reconnects);
		if (k->error[0] != '\0')
			answer_name(j, "last_error", k->error);
		json_close(j, '{');
	}
	json_close(j, '[');
	answer_uint(j, "spool_bytes", o->spool_bytes);
}

static void
answer_status(const struct answer_source *a, struct json *j)
{
	struct outlet_snapshot o;
	struct sensor_snapshot s;
	bool has_sensor = sensor_snapshot_read(a->boards->sensor, &s);
	bool has_outlet = outlet_snapshot_read(a->boards->outlet, &o);

	json_open(j, NULL, '{');
	answer_name(j, "command", "status");
	answer_time(j, "time", a->wall);
	answer_name(j, "name", a->sensor);
	answer_name(j, "version", a->version);
	if (has_sensor) {
		int64_t age = (a->now.ns - s.posted.ns) / NS_PER_S;
		int64_t learn = s.learning_until - a->wall;

		answer_name(j, "boot", s.boot);
		answer_uint(j, "uptime_s", (uint64_t)((s.posted.ns - s.started.ns) /
		    NS_PER_S));
		answer_uint(j, "age_s", age > 0 ? (uint64_t)age : 0);
		json_open(j, "interfaces", '[');
		for (unsigned i = 0; i < s.ifaces; i++) {
			json_open(j, NULL, '{');
			answer_name(j, "name", s.iface[i].name);
			answer_name(j, "state", s.iface[i].away ? "gone" : "listening");
			answer_uint(j, "kernel_drops", s.iface[i].kernel_drops);
			answer_uint(j, "iface_drops", s.iface[i].iface_drops);
			json_close(j, '{');
		}
		json_close(j, '[');
		answer_uint(j, "packets", s.stats.packets);
		answer_time(j, "last_packet", s.last_packet);
		answer_uint(j, "lag_ms", s.stats.lag_ns < 0 ? 0 :
		    (uint64_t)(s.stats.lag_ns / NS_PER_MS));
		json_open(j, "rules", '{');
		answer_name(j, "version", s.rules_version);
		answer_uint(j, "count", s.rules);
		answer_uint(j, "generation", s.generation);
		json_close(j, '{');
		answer_uint(j, "learning_s", s.learning_until == 0 || learn <= 0 ? 0 :
		    (uint64_t)(learn / NS_PER_S));
	}
	answer_uint(j, "flows_now", live_count(recorder_live(a->recorder)));
	json_open(j, "processes", '[');
	process(j, "supervisor", a->supervisor, NULL);
	if (has_sensor) {
		process(j, "sensor", s.pid, &s.sandbox);
		process(j, "zygote", s.zygote, NULL);
	}
	process(j, "outlet", a->outlet, has_outlet ? &o.sandbox : NULL);
	json_close(j, '[');
	if (has_outlet)
		outputs(&o, j);
	store_state(a, j);
	json_close(j, '{');
}

static void
answer_help(struct json *j)
{
	json_open(j, NULL, '{');
	answer_name(j, "command", "help");
	json_open(j, "commands", '{');
#define X(id, word, arg, meaning) answer_name(j, arg[0] == 0 ? word : word " " arg, meaning);
	REQUEST_COMMANDS(X)
#undef X
	json_close(j, '{');
	json_open(j, "filter", '{');
#define X(id, word, arg, meaning) answer_name(j, word " " arg, meaning);
	REQUEST_KEYS(X)
#undef X
	json_close(j, '{');
	json_close(j, '{');
}
