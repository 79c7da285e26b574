/* SPDX-License-Identifier: GPL-3.0-or-later */
/* live: a table by flow id. Owns the strings its entries name. */
#include "rules/event/live.h"

#include "capture/base/table.h"

#include <stdlib.h>

struct live {
	struct table *flows;
	struct intern *strings;
};

static void evicted(void *arg, const void *key, void *value);
static void let_go(struct live *l, struct live_flow *f);

struct live *
live_create(const struct siphash_key *hash, struct intern *strings)
{
	struct live *l = calloc(1, sizeof(*l));
	struct table_options o = { .hash = *hash, .key_size = sizeof(uint64_t),
		.value_size = sizeof(struct live_flow), .max = LIVE_FLOWS,
		.evict = evicted, .arg = l };

	if (l == NULL)
		return NULL;
	l->strings = strings;
	l->flows = table_create(&o);
	if (l->flows == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void
live_destroy(struct live *l)
{
	if (l == NULL)
		return;
	table_destroy(l->flows);
	free(l);
}

/* A name that is unknown now may have been known before: that one stays. */
static void
name(struct live *l, uint32_t *id, const struct observation *o, enum field f, uint32_t now)
{
	if (!observation_known(o, f) || now == *id || now == 0)
		return;
	intern_hold(l->strings, now);
	intern_drop(l->strings, *id);
	*id = now;
}

struct live_flow *
live_update(struct live *l, const struct observation *o, bool *is_new)
{
	struct live_flow *f;

	*is_new = false;
	if (o->flow_id == 0 || !observation_known(o, FIELD_upload))
		return NULL;
	/* A flow's last window may come behind its close: it brings nothing back. */
	if (o->kind == OBSERVATION_OPEN || o->kind == OBSERVATION_PART ||
	    o->kind == OBSERVATION_CLOSE)
		f = table_use(l->flows, &o->flow_id, is_new);
	else
		f = table_find(l->flows, &o->flow_id);
	if (f == NULL)
		return NULL;
	if (*is_new) {
		f->id = o->flow_id;
		f->vlan = -1;
		f->before = observation_known(o, FIELD_flow_start) ? o->flow_start : o->time;
	} else if (o->time > f->last) {
		f->before = f->last;
		f->before_up = f->up;
	}
	f->last = o->time;
	if (observation_known(o, FIELD_flow_start))
		f->first = o->flow_start;
	f->src = o->src_ip;
	f->dest = o->dest_ip;
	f->src_port = o->src_port;
	f->dest_port = o->dest_port;
	f->transport = o->transport;
	f->source = o->source;
	f->outbound = o->outbound != 0;
	f->up = o->upload;
	f->down = o->download;
	f->pkts_up = o->pkts_up;
	f->pkts_down = o->pkts_down;
	f->seen |= o->seen;
	if (observation_known(o, FIELD_vlan))
		f->vlan = (int)(o->vlan & 0xfff);
	if (observation_known(o, FIELD_content))
		f->content = o->content;
	if (observation_known(o, FIELD_voice_score)) {
		f->has_voice = true;
		f->voice_score = o->voice_score;
		f->voice_seconds = o->voice_seconds;
	}
	name(l, &f->device_key, o, FIELD_device_key, o->device_key);
	name(l, &f->device_name, o, FIELD_device_name, o->device_name);
	name(l, &f->dest_key, o, FIELD_dest_key, o->dest_key);
	name(l, &f->dest_name, o, FIELD_dest_name, o->dest_name);
	name(l, &f->app, o, FIELD_app, o->app);
	return f;
}

void
live_remove(struct live *l, struct live_flow *f)
{
	let_go(l, f);
	table_remove(l->flows, f);
}

void
live_clear(struct live *l)
{
	struct live_flow *f;

	while ((f = table_oldest(l->flows)) != NULL)
		live_remove(l, f);
}

struct live_flow *
live_first(const struct live *l)
{
	return table_oldest(l->flows);
}

struct live_flow *
live_next(const struct live *l, const struct live_flow *f)
{
	return table_next(l->flows, f);
}

size_t
live_count(const struct live *l)
{
	return table_used(l->flows);
}

uint64_t
live_evicted(const struct live *l)
{
	return table_evicted(l->flows);
}

static void
evicted(void *arg, const void *key, void *value)
{
	(void)key;
	let_go(arg, value);
}

static void
let_go(struct live *l, struct live_flow *f)
{
	intern_drop(l->strings, f->device_key);
	intern_drop(l->strings, f->device_name);
	intern_drop(l->strings, f->dest_key);
	intern_drop(l->strings, f->dest_name);
	intern_drop(l->strings, f->app);
}
