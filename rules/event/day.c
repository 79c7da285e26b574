/* SPDX-License-Identifier: GPL-3.0-or-later */
/* day: three tables (devices, device x destination, flows) and a ring of alerts. */
#include "rules/event/day.h"

#include "capture/base/table.h"
#include "rules/event/parse.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NS_PER_S)

struct dest_key {
	uint32_t device, dest;
};

struct flow_told {
	uint64_t up, down;
};

struct day {
	struct intern *strings;
	struct table *devices, *dests, *flows;
	struct day_alert *alert;
	unsigned alerts, oldest;	/* how many, and where the oldest stands */
	int64_t now;
};

static void device_gone(void *arg, const void *key, void *value);
static void dest_gone(void *arg, const void *key, void *value);
static void add(struct day *d, const struct observation *o, uint64_t up, uint64_t down);

struct day *
day_create(const struct siphash_key *hash, struct intern *strings)
{
	struct day *d = calloc(1, sizeof(*d));
	struct table_options o = { .hash = *hash, .arg = d };

	if (d == NULL)
		return NULL;
	d->strings = strings;
	o.key_size = sizeof(uint32_t);
	o.value_size = sizeof(struct day_device);
	o.max = DAY_DEVICES;
	o.evict = device_gone;
	d->devices = table_create(&o);
	o.key_size = sizeof(struct dest_key);
	o.value_size = sizeof(struct day_dest);
	o.max = DAY_DESTS;
	o.evict = dest_gone;
	d->dests = table_create(&o);
	o.key_size = sizeof(uint64_t);
	o.value_size = sizeof(struct flow_told);
	o.max = DAY_FLOWS;
	o.evict = NULL;
	d->flows = table_create(&o);
	d->alert = calloc(DAY_ALERTS, sizeof(*d->alert));
	if (d->devices == NULL || d->dests == NULL || d->flows == NULL ||
	    d->alert == NULL) {
		day_destroy(d);
		return NULL;
	}
	return d;
}

void
day_destroy(struct day *d)
{
	if (d == NULL)
		return;
	table_destroy(d->devices);
	table_destroy(d->dests);
	table_destroy(d->flows);
	free(d->alert);
	free(d);
}

int64_t
day_now(const struct day *d)
{
	return d->now;
}

void
day_advance(struct day *d, int64_t now)
{
	d->now = now;
}

int64_t
day_from(const struct day *d)
{
	int64_t from = (d->now / HOUR - (DAY_HOURS - 1)) * HOUR;

	return from > 0 ? from : 0;
}

static void
name(struct day *d, uint32_t *id, const struct observation *o, enum field f, uint32_t now)
{
	if (!observation_known(o, f) || now == 0 || now == *id)
		return;
	intern_hold(d->strings, now);
	intern_drop(d->strings, *id);
	*id = now;
}

void
day_seen(struct day *d, const struct observation *o)
{
	struct day_device *v;
	bool is_new;

	if (!observation_known(o, FIELD_device_key) || o->device_key == 0)
		return;
	v = table_use(d->devices, &o->device_key, &is_new);
	if (is_new)
		v->known = -1;
	name(d, &v->key, o, FIELD_device_key, o->device_key);
	name(d, &v->name, o, FIELD_device_name, o->device_name);
	name(d, &v->owner, o, FIELD_device_owner, o->device_owner);
	name(d, &v->role, o, FIELD_device_role, o->device_role);
	if (observation_known(o, FIELD_device_mac))
		v->mac = o->device_mac;
	if (observation_known(o, FIELD_device_known))
		v->known = o->device_known != 0;
	if (observation_known(o, FIELD_device_seen) &&
	    (v->since == 0 || o->device_seen < v->since))
		v->since = o->device_seen;
	if (observation_known(o, FIELD_src_ip)) {
		v->ip = o->src_ip;
		v->has_ip = true;
	}
	if (o->time > v->last)
		v->last = o->time;
	if (v->since == 0)
		v->since = o->time;
}

void
day_take(struct day *d, const struct observation *o)
{
	struct flow_told *t;
	uint64_t up, down;
	bool is_new;

	day_seen(d, o);
	if (!observation_known(o, FIELD_upload) || !observation_known(o, FIELD_dest_key))
		return;
	if (o->kind == OBSERVATION_SUM) {
		add(d, o, o->upload, o->download);
		return;
	}
	if (o->flow_id == 0 || (o->kind != OBSERVATION_PART && o->kind != OBSERVATION_CLOSE))
		return;
	t = table_use(d->flows, &o->flow_id, &is_new);
	/* Gaps are taken back when what filled them comes late: a counter may shrink. */
	up = o->upload > t->up ? o->upload - t->up : 0;
	down = o->download > t->down ? o->download - t->down : 0;
	t->up += up;
	t->down += down;
	if (o->kind == OBSERVATION_CLOSE)
		table_remove(d->flows, t);
	add(d, o, up, down);
}

bool
day_flow_told(const struct day *d, uint64_t flow, uint64_t *up, uint64_t *down)
{
	const struct flow_told *t = table_find(d->flows, &flow);

	*up = t == NULL ? 0 : t->up;
	*down = t == NULL ? 0 : t->down;
	return t != NULL;
}

static bool
text_at(const struct json_value *e, const char *path, char *buf, size_t size)
{
	struct json_value v;

	buf[0] = '\0';
	return parse_get(e, path, &v) && parse_text(&v, buf, size) > 0;
}

static uint32_t
held_at(struct day *d, const struct json_value *e, const char *path)
{
	char text[INTERN_MAX + 1];
	uint32_t id = 0;

	if (text_at(e, path, text, sizeof(text)))
		id = intern_put(d->strings, text, strlen(text));
	intern_hold(d->strings, id);
	return id;
}

static void
alert_drop(struct day *d, const struct day_alert *a)
{
	intern_drop(d->strings, a->device);
	intern_drop(d->strings, a->dest);
	intern_drop(d->strings, a->signature);
}

/* The alert that this one goes on with: same rule, device and destination. */
static struct day_alert *
same(struct day *d, const struct day_alert *a)
{
	for (unsigned n = d->alerts; n > 0; n--) {
		struct day_alert *b = &d->alert[(d->oldest + n - 1) % DAY_ALERTS];

		if (b->id == a->id && b->device == a->device && b->dest == a->dest)
			return b;
	}
	return NULL;
}

void
day_event(struct day *d, struct span json)
{
	struct day_alert a = { .time = 0 }, *old;
	struct json_value e, v;
	char type[16], when[40];

	if (!parse_document(json, &e) || e.type != '{' ||
	    !text_at(&e, "event_type", type, sizeof(type)) ||
	    (strcmp(type, "alert") != 0 && strcmp(type, "anomaly") != 0) ||
	    !text_at(&e, "timestamp", when, sizeof(when)) || !parse_time(when, &a.time))
		return;
	a.suspect = type[1] == 'n';
	a.last = a.time;
	a.device = held_at(d, &e, "earshot.device.key");
	a.dest = held_at(d, &e, "earshot.dest.key");
	a.signature = held_at(d, &e, a.suspect ? "anomaly.event" : "alert.signature");
	if (parse_get(&e, "earshot.rule.id", &v))
		(void)parse_uint(&v, &a.id);
	(void)text_at(&e, "earshot.kind", a.kind, sizeof(a.kind));
	(void)text_at(&e, "earshot.severity", a.severity, sizeof(a.severity));
	(void)text_at(&e, "earshot.explain", a.explain, sizeof(a.explain));
	if (a.device == 0) {
		alert_drop(d, &a);
		return;
	}
	if (parse_get(&e, "earshot.update", &v) && v.type == 't' &&
	    (old = same(d, &a)) != NULL) {
		alert_drop(d, &a);
		old->last = a.time;
		memcpy(old->explain, a.explain, sizeof(old->explain));
		return;
	}
	if (d->alerts == DAY_ALERTS) {
		alert_drop(d, &d->alert[d->oldest]);
		d->alert[d->oldest] = a;
		d->oldest = (d->oldest + 1) % DAY_ALERTS;
		return;
	}
	d->alert[(d->oldest + d->alerts++) % DAY_ALERTS] = a;
}

const struct day_alert *
day_alert(const struct day *d, unsigned n)
{
	for (unsigned i = 0; i < d->alerts; i++) {
		const struct day_alert *a = &d->alert[(d->oldest + i) % DAY_ALERTS];

		if (a->last >= day_from(d) && n-- == 0)
			return a;
	}
	return NULL;
}

void
day_dest_bytes(const struct day *d, const struct day_dest *t, uint64_t *up, uint64_t *down,
    uint64_t by[DAY_HOURS])
{
	int64_t now = d->now / HOUR;

	*up = *down = 0;
	for (int64_t h = now - (DAY_HOURS - 1); h <= now; h++) {
		/* A bucket counts while it is one of the last DAY_HOURS it was written for. */
		if (h < 0 || h > t->hour || h <= t->hour - DAY_HOURS)
			continue;
		*up += t->up[h % DAY_HOURS];
		*down += t->down[h % DAY_HOURS];
		if (by != NULL)
			by[h - (now - (DAY_HOURS - 1))] += t->up[h % DAY_HOURS];
	}
}

struct day_device *
day_first_device(const struct day *d)
{
	return table_oldest(d->devices);
}

struct day_device *
day_next_device(const struct day *d, const struct day_device *v)
{
	return table_next(d->devices, v);
}

struct day_dest *
day_first_dest(const struct day *d)
{
	return table_oldest(d->dests);
}

struct day_dest *
day_next_dest(const struct day *d, const struct day_dest *t)
{
	return table_next(d->dests, t);
}

uint64_t
day_evicted(const struct day *d)
{
	return table_evicted(d->devices) + table_evicted(d->dests) +
	    table_evicted(d->flows);
}

/* ---- helpers ---- */

static void
add(struct day *d, const struct observation *o, uint64_t up, uint64_t down)
{
	struct dest_key k = { o->device_key, o->dest_key };
	int64_t hour = o->time / HOUR;
	struct day_dest *t;
	bool is_new;

	if (hour < 0)
		return;
	t = table_use(d->dests, &k, &is_new);
	if (is_new) {
		t->first = o->time;
		t->hour = hour;
		name(d, &t->device, o, FIELD_device_key, o->device_key);
		name(d, &t->dest, o, FIELD_dest_key, o->dest_key);
	}
	name(d, &t->name, o, FIELD_dest_name, o->dest_name);
	if (o->time > t->last)
		t->last = o->time;
	if (hour > t->hour) {
		for (int64_t h = t->hour + 1; h <= hour && h <= t->hour + DAY_HOURS; h++)
			t->up[h % DAY_HOURS] = t->down[h % DAY_HOURS] = 0;
		t->hour = hour;
	} else if (hour <= t->hour - DAY_HOURS) {
		return;			/* older than anything that is kept */
	}
	t->up[hour % DAY_HOURS] += up;
	t->down[hour % DAY_HOURS] += down;
}

static void
device_gone(void *arg, const void *key, void *value)
{
	const struct day_device *v = value;
	struct day *d = arg;

	(void)key;
	intern_drop(d->strings, v->key);
	intern_drop(d->strings, v->name);
	intern_drop(d->strings, v->owner);
	intern_drop(d->strings, v->role);
}

static void
dest_gone(void *arg, const void *key, void *value)
{
	const struct day_dest *t = value;
	struct day *d = arg;

	(void)key;
	intern_drop(d->strings, t->device);
	intern_drop(d->strings, t->dest);
	intern_drop(d->strings, t->name);
}
