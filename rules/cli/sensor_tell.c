/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sensor_tell: what a sensor says of itself, as events, in the log, in the snapshot that
 * others read. Refuses to change what it tells of. */
#include "rules/cli/sensor_state.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HALF_FLOWS 3			/* one may be a loss */

/* Every reload is an event, by whom and with what. */
void
sensor_tell_reload(void *arg, const struct reload_ask *ask, const struct reload_answer *a)
{
	struct sensor *s = arg;
	struct pkt_time now = pipe_now(s->pipe);
	const struct rule_counts *c = &a->counts;
	char text[900];

	if (now.ns == 0)
		now = pkt_time_add(sensor_wall(), -LIVE_LAG);
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

/* Silence that somebody asked for is told as well: what, how often, by whose word. */
void
sensor_tell_excepted(void *arg, const struct program *p, unsigned exception,
    const struct exception_hits *h)
{
	struct sensor *s = arg;
	const struct exception *x = &p->except[exception];
	struct pkt_time now = pipe_now(s->pipe);
	char text[900];

	(void)snprintf(text, sizeof(text), "an exception (%.200s:%u, owner %.60s) kept %llu "
	    "verdict%s of '%.64s' quiet; %s to %s was the first; %llu in all: %.200s",
	    x->file, x->line, x->owner[0] == '\0' ? "nobody" : x->owner,
	    (unsigned long long)h->fresh, h->fresh == 1 ? "" : "s",
	    h->rule < p->rules ? p->rule[h->rule].name : "a rule that is gone", h->device,
	    h->dest, (unsigned long long)h->hits,
	    x->reason[0] == '\0' ? "no reason was given" : x->reason);
	emitter_anomaly(s->emitter, now, SEVERITY_INFO, "alerts-excepted", text);
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

void
sensor_tell_ifaces(struct sensor *s, struct pkt_time now)
{
	struct source_iface all[SOURCE_IFACES_MOST];
	int n = source_get_ifaces(s->source, all, SOURCE_IFACES_MOST);

	for (int i = 0; i < n; i++) {
		if (all[i].state != s->iface_state[i])
			tell_iface(s, now, &all[i], s->iface_state[i]);
		s->iface_state[i] = all[i].state;
	}
}

/* A device goes by another key from here on, or draws itself another MAC address. */
void
sensor_tell_device(struct sensor *s, const struct observation *o,
    const struct intern *strings)
{
	struct span was = intern_get(strings, o->device_was);
	struct span is = intern_get(strings, o->device_key);
	char ip[ADDR_TEXT], now[MAC_TEXT], first[MAC_TEXT], text[2 * INTERN_MAX + 160];
	struct pkt_time at = { o->time };

	(void)addr_print(&o->src_ip, ip);
	if (observation_known(o, FIELD_device_first_mac)) {
		(void)snprintf(text, sizeof(text), "device '%.*s' has the MAC address %s now, "
		    "%s before (%s): it is called the same by DHCP and asks the same way",
		    (int)is.left, (const char *)is.at, mac_print(o->device_mac, now),
		    mac_print(o->device_first_mac, first), ip);
		emitter_anomaly(s->emitter, at, SEVERITY_INFO, "device-mac", text);
	}
	if (!observation_known(o, FIELD_device_was))
		return;
	(void)snprintf(text, sizeof(text), "device '%.*s' is '%.*s' from here on (%s)",
	    (int)was.left, (const char *)was.at, (int)is.left, (const char *)is.at, ip);
	emitter_anomaly(s->emitter, at, SEVERITY_INFO, "device-alias", text);
}

/* A state of the outlet that began, or ended, since it was told last. */
static void
tell_change(struct sensor *s, struct pkt_time now, bool *was, bool is,
    enum severity severity, const char *begins, const char *ends, const char *text)
{
	if (*was == is)
		return;
	*was = is;
	emitter_anomaly(s->emitter, now, is ? severity : SEVERITY_INFO,
	    is ? begins : ends, text);
}

static void
tell_redis(struct sensor *s, struct pkt_time now, const struct redis_health *h)
{
	char text[300];

	tell_change(s, now, &s->cloned, h->cloned, SEVERITY_HIGH, "cloned",
	    "cloned-no-more", h->cloned ? "the Redis refuses our events: another machine "
	    "sends some under our name; give one of the two another name" :
	    "the Redis takes our events again");
	(void)snprintf(text, sizeof(text), h->evicts ?
	    "the Redis throws streams away when it is full (maxmemory-policy %s)" :
	    "the Redis throws no streams away (maxmemory-policy %s)", h->policy);
	tell_change(s, now, &s->evicts, h->known && h->evicts, SEVERITY_HIGH,
	    "redis-evicts", "redis-keeps", text);
	tell_change(s, now, &s->volatile_told, h->known && !h->appendonly, SEVERITY_MEDIUM,
	    "redis-volatile", "redis-durable", h->known && !h->appendonly ?
	    "the Redis has appendonly off: a crash loses events it has acknowledged" :
	    "the Redis has appendonly on");
	(void)snprintf(text, sizeof(text),
	    "the consumer group '%s' of the Redis is %llu events behind%s", h->group,
	    (unsigned long long)h->lag, h->lags ? ": what it has not read is about to be "
	    "trimmed" : "");
	tell_change(s, now, &s->lags, h->lag_known && h->lags, SEVERITY_HIGH, "redis-lags",
	    "redis-lags-no-more", text);
}

void
sensor_tell_outlet(struct sensor *s, struct pkt_time now)
{
	struct outlet_snapshot o;
	char text[160];

	if (!outlet_snapshot_read(s->o->boards->outlet, &o))
		return;
	(void)snprintf(text, sizeof(text), o.store_full ?
	    "the store has no room on its disk: observations are lost until there is some" :
	    "the store has room again; %llu observations are lost",
	    (unsigned long long)o.store_lost);
	tell_change(s, now, &s->store_full, o.store_full, SEVERITY_HIGH, "store-full",
	    "store-has-room", text);
	if (!o.redis)
		return;
	(void)snprintf(text, sizeof(text), o.spool_full ?
	    "the spool has no room on its disk: events for Redis are lost until there is "
	    "some" : "the spool has room again; %llu events found none",
	    (unsigned long long)o.spool_refused);
	tell_change(s, now, &s->spool_full, o.spool_full, SEVERITY_HIGH, "spool-full",
	    "spool-has-room", text);
	tell_redis(s, now, &o.health);
}

/* What the tap does to packets, when it begins and when it ends. */
void
sensor_tell_tap(struct sensor *s, struct pkt_time now, const struct observer_stats *os)
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

static void
gather(struct sensor *s, struct sensor_stats *st)
{
	struct outlet_snapshot outlet;

	pipe_stats(s->pipe, st);
	if (st->packets == 0 && s->o->files == 0)
		st->now = sensor_wall();
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
		st->now = pkt_time_add(sensor_wall(), -LIVE_LAG);
	if (s->o->files == 0)
		st->lag_ns = sensor_wall().ns - st->now.ns;
}

/* For metrics and the control socket: as it stands now. */
void
sensor_post(struct sensor *s)
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
		now.learning_until = pipe_since(s->pipe).ns + LEARN_FOR;
	now.posted = sensor_monotonic();
	if (s->started.ns == 0)
		s->started = now.posted;
	now.started = s->started;
	sensor_snapshot_post(s->o->boards->sensor, &now);
}

void
sensor_tell_stats(struct sensor *s)
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
