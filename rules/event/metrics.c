/* SPDX-License-Identifier: GPL-3.0-or-later */
/* metrics: family after family: HELP, TYPE, samples. Refuses to know who asks. */
#include "rules/event/metrics.h"

#include "rules/event/fields.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct out {
	void (*write)(void *arg, const char *s, size_t n);
	void *arg;
};

enum metric_type { METRIC_UNTYPED, METRIC_COUNTER, METRIC_GAUGE };

struct metric {
	const char *name;
	enum metric_type type;
	double unit;
};

static const struct metric metric[EVENT_FIELD_COUNT] = {
#define X(id, name, type, unit) [F_##id] = { name, METRIC_##type, unit },
	METRICS(X)
#undef X
};

static void say(const struct out *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(const struct out *o, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		o->write(o->arg, line, (size_t)n < sizeof(line) ? (size_t)n :
		    sizeof(line) - 1);
}

static void
family(const struct out *o, const char *name, enum metric_type type, const char *help)
{
	static const char *const word[] = { "untyped", "counter", "gauge" };

	say(o, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, word[type]);
}

/* A label's value: backslash, quote and newline are escaped; what is no UTF-8 for sure
 * (any byte above ASCII, a control character) becomes '?'. */
static void
label(const struct out *o, const char *name, const char *value)
{
	say(o, "%s=\"", name);
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '\\' || c == '"')
			say(o, "\\%c", c);
		else if (c == '\n')
			say(o, "\\n");
		else
			say(o, "%c", c < 0x20 || c >= 0x7f ? '?' : c);
	}
	say(o, "\"");
}

static void
number(const struct out *o, const struct event_value *v, double unit)
{
	if (v->kind == VALUE_BOOL)
		say(o, " %d\n", v->b);
	else if (v->kind == VALUE_NUMBER)
		say(o, " %.9g\n", v->n * unit);
	else if (unit > 0 && unit < 1)
		say(o, " %.9g\n", (double)v->u * unit);
	else
		say(o, " %" PRIu64 "\n", v->u);
}

/* "stats.some_thing" -> "earshot_some_thing", for rows that METRICS does not know. */
static const char *
own_name(const char *path, char buf[80])
{
	(void)snprintf(buf, 80, "earshot_%s", strchr(path, '.') + 1);
	for (char *c = buf; *c != '\0'; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9')))
			*c = '_';
	return buf;
}

static void
figures(const struct out *o, const struct sensor_snapshot *now)
{
	static const char drops[] = "stats.drops.";
	bool told = false;

	for (unsigned f = 0; f < EVENT_FIELD_COUNT; f++) {
		const char *path = event_field[f].path, *name = metric[f].name;
		struct event_value v;
		char buf[80];

		if (strncmp(path, "stats.", 6) != 0 || strchr(path, '[') != NULL ||
		    event_field[f].type == JSON_OBJECTS ||
		    event_field[f].type == JSON_UINTS ||
		    !event_get_stats(&now->stats, (enum event_field)f, 0, &v))
			continue;
		if (v.kind != VALUE_UINT && v.kind != VALUE_NUMBER && v.kind != VALUE_BOOL)
			continue;
		if (strncmp(path, drops, sizeof(drops) - 1) == 0) {
			if (!told)
				family(o, "earshot_packets_refused_total", METRIC_COUNTER,
				    "packets refused, by reason");
			told = true;
			say(o, "earshot_packets_refused_total{");
			label(o, "reason", path + sizeof(drops) - 1);
			say(o, "}");
			number(o, &v, 1);
			continue;
		}
		if (name == NULL)
			name = own_name(path, buf);
		family(o, name, metric[f].type, event_field[f].meaning);
		say(o, "%s", name);
		number(o, &v, metric[f].unit);
	}
}

static void
interfaces(const struct out *o, const struct sensor_snapshot *now)
{
	static const char lost[] = "earshot_interface_lost_packets_total";
	static const char up[] = "earshot_interface_present";

	if (now->ifaces == 0)
		return;
	family(o, lost, METRIC_COUNTER, "packets lost before the sensor saw them");
	for (unsigned i = 0; i < now->ifaces; i++) {
		const struct iface_snapshot *k = &now->iface[i];

		for (int kernel = 1; kernel >= 0; kernel--) {
			uint64_t n = kernel ? k->kernel_drops : k->iface_drops;

			if (n == UINT64_MAX)
				continue;
			say(o, "%s{", lost);
			label(o, "interface", k->name);
			say(o, ",cause=\"%s\"} %" PRIu64 "\n",
			    kernel ? "kernel" : "interface", n);
		}
	}
	family(o, up, METRIC_GAUGE, "1: the interface is there; 0: it is looked for");
	for (unsigned i = 0; i < now->ifaces; i++) {
		say(o, "%s{", up);
		label(o, "interface", now->iface[i].name);
		say(o, "} %d\n", !now->iface[i].away);
	}
}

/* X(name, type, member, meaning) */
#define OUTPUT_METRICS(X) \
	X("earshot_output_events_total", COUNTER, sent, "events that are out") \
	X("earshot_output_lost_events_total", COUNTER, lost, \
	    "events that found no room and are not out") \
	X("earshot_output_waiting_events", GAUGE, waiting, "events that wait") \
	X("earshot_output_reconnects_total", COUNTER, reconnects, \
	    "connections made after the first") \
	X("earshot_output_up", GAUGE, up, "1: there is a connection, or a file")

#define OUTLET_METRICS(X) \
	X("earshot_spool_bytes", GAUGE, spool_bytes, "size of the spool on the disk") \
	X("earshot_spool_full", GAUGE, spool_full, "1: its disk has no room") \
	X("earshot_redis_lag_events", GAUGE, health.lag, \
	    "how far the consumer group is behind that is most behind") \
	X("earshot_redis_evicts", GAUGE, health.evicts, \
	    "1: a full Redis would throw streams away") \
	X("earshot_redis_cloned", GAUGE, health.cloned, \
	    "1: our events are refused, another machine has our name") \
	X("earshot_store_bytes", GAUGE, store_bytes, "size of the store on the disk") \
	X("earshot_store_lost_observations_total", COUNTER, store_lost, \
	    "observations the store's disk had no room for") \
	X("earshot_store_full", GAUGE, store_full, "1: the store's disk has no room")

static void
outputs(const struct out *o, const struct outlet_snapshot *out)
{
	/* Two outputs may have one name; two samples may not. */
#define X(called, type, member, meaning) \
	family(o, called, METRIC_##type, meaning); \
	for (unsigned i = 0; i < out->sinks; i++) { \
		say(o, "%s{output=\"%u\",", called, i + 1); \
		label(o, "to", out->sink[i].name); \
		say(o, "} %" PRIu64 "\n", (uint64_t)out->sink[i].member); \
	}
	OUTPUT_METRICS(X)
#undef X
#define X(called, type, member, meaning) \
	family(o, called, METRIC_##type, meaning); \
	say(o, "%s %" PRIu64 "\n", called, (uint64_t)out->member);
	OUTLET_METRICS(X)
#undef X
}

void
metrics_print(const struct metrics_view *v,
    void (*write)(void *arg, const char *s, size_t n), void *arg)
{
	struct out o = { write, arg };

	family(&o, "earshot_build_info", METRIC_GAUGE,
	    "always 1; its labels say which sensor this is");
	say(&o, "earshot_build_info{");
	label(&o, "version", v->version);
	say(&o, ",");
	label(&o, "sensor", v->sensor);
	say(&o, ",");
	label(&o, "rules", v->now == NULL ? "" : v->now->rules_version);
	say(&o, ",");
	label(&o, "boot", v->now == NULL ? "" : v->now->boot);
	say(&o, "} 1\n");
	if (v->now != NULL) {
		figures(&o, v->now);
		interfaces(&o, v->now);
		family(&o, "earshot_snapshot_age_seconds", METRIC_GAUGE,
		    "age of the sensor's figures; it posts them once a second");
		say(&o, "earshot_snapshot_age_seconds %.3f\n", v->time.ns <
		    v->now->posted.ns ? 0.0 :
		    (double)(v->time.ns - v->now->posted.ns) / 1e9);
	}
	if (v->out != NULL)
		outputs(&o, v->out);
	family(&o, "earshot_metrics_refused_total", METRIC_COUNTER,
	    "connections to the metrics that were refused or timed out");
	say(&o, "earshot_metrics_refused_total %" PRIu64 "\n", v->refused);
}
