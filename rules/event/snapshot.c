/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snapshot: posting is a copy; reading is a copy and the doubts of snapshot.h. */
#include "rules/event/snapshot.h"

#include <string.h>

/* A byte that is neither 0 nor 1 is no bool, and looking at it as one is undefined. */
static void
mend_bool(bool *b)
{
	unsigned char c;

	memcpy(&c, b, 1);
	*b = c != 0;
}

/* Ends a string that another process wrote and takes out what would break a line. */
static void
mend_text(char *s, size_t size)
{
	s[size - 1] = '\0';
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

/* Two of these can be subtracted. */
static void
mend_time(int64_t *ns)
{
	if (*ns < 0 || *ns > INT64_MAX / 2)
		*ns = 0;
}

static void
mend_sandbox(struct sandbox_state *s)
{
	mend_bool(&s->seccomp);
	mend_bool(&s->no_new_privs);
	mend_bool(&s->caps_dropped);
}

void
sensor_snapshot_post(struct board *b, struct sensor_snapshot *s)
{
	if (s->stats.drops != NULL && s->stats.drops != s->drops)
		memcpy(s->drops, s->stats.drops, sizeof(s->drops));
	s->stats.drops = NULL;
	s->stats.outlet = NULL;
	s->stats.iface = NULL;
	s->stats.ifaces = 0;
	board_post(b, s);
}

bool
sensor_snapshot_read(const struct board *b, struct sensor_snapshot *out)
{
	if (b == NULL || !board_read(b, out))
		return false;
	out->stats.drops = out->drops;
	out->stats.outlet = NULL;
	out->stats.partition_events = NULL;
	out->stats.partitions = 0;
	out->stats.iface = NULL;
	out->stats.ifaces = 0;
	mend_bool(&out->stats.seccomp);
	mend_bool(&out->stats.cell_seccomp);
	mend_bool(&out->stats.outlet_seccomp);
	mend_bool(&out->stats.tap_duplicates);
	mend_time(&out->last_packet);
	mend_time(&out->learning_until);
	mend_time(&out->started.ns);
	mend_time(&out->posted.ns);
	mend_sandbox(&out->sandbox);
	mend_text(out->boot, sizeof(out->boot));
	mend_text(out->rules_version, sizeof(out->rules_version));
	if (out->ifaces > SNAPSHOT_IFACES)
		out->ifaces = SNAPSHOT_IFACES;
	for (unsigned i = 0; i < out->ifaces; i++) {
		mend_text(out->iface[i].name, sizeof(out->iface[i].name));
		mend_bool(&out->iface[i].away);
	}
	return true;
}

void
outlet_snapshot_post(struct board *b, const struct outlet_snapshot *s)
{
	board_post(b, s);
}

bool
outlet_snapshot_read(const struct board *b, struct outlet_snapshot *out)
{
	if (b == NULL || !board_read(b, out))
		return false;
	mend_sandbox(&out->sandbox);
	mend_bool(&out->store_full);
	mend_bool(&out->spool_full);
	mend_bool(&out->redis);
	mend_bool(&out->health.known);
	mend_bool(&out->health.evicts);
	mend_bool(&out->health.appendonly);
	mend_bool(&out->health.cloned);
	mend_bool(&out->health.lag_known);
	mend_bool(&out->health.lags);
	mend_text(out->health.policy, sizeof(out->health.policy));
	mend_text(out->health.group, sizeof(out->health.group));
	if (out->sinks > SNAPSHOT_SINKS)
		out->sinks = SNAPSHOT_SINKS;
	for (unsigned i = 0; i < out->sinks; i++) {
		mend_text(out->sink[i].name, sizeof(out->sink[i].name));
		mend_text(out->sink[i].error, sizeof(out->sink[i].error));
		mend_text(out->sink[i].state, sizeof(out->sink[i].state));
		mend_bool(&out->sink[i].up);
	}
	return true;
}

bool
own_connections_read(const struct board *b, struct own_connections *out)
{
	if (b == NULL || !board_read(b, out))
		return false;
	if (out->n > SNAPSHOT_CONNECTIONS)
		out->n = SNAPSHOT_CONNECTIONS;
	return true;
}

static bool
unspecified(const struct addr *a)
{
	static const struct addr zero;

	return addr_eq(a, &zero);
}

bool
own_connections_has(const struct own_connections *o, const struct addr *src,
    uint16_t sport, const struct addr *dst, uint16_t dport)
{
	for (unsigned i = 0; i < o->n; i++) {
		const struct own_connection *c = &o->c[i];

		if (c->remote_port == 0)
			continue;
		if (sport == c->local_port && dport == c->remote_port &&
		    addr_eq(dst, &c->remote) &&
		    (unspecified(&c->local) || addr_eq(src, &c->local)))
			return true;
		if (dport == c->local_port && sport == c->remote_port &&
		    addr_eq(src, &c->remote) &&
		    (unspecified(&c->local) || addr_eq(dst, &c->local)))
			return true;
	}
	return false;
}

int
boards_create(struct boards *b, struct fault *why)
{
	b->sensor = board_create(sizeof(struct sensor_snapshot), why);
	b->outlet = b->sensor == NULL ? NULL :
	    board_create(sizeof(struct outlet_snapshot), why);
	b->own = b->outlet == NULL ? NULL :
	    board_create(sizeof(struct own_connections), why);
	return b->own == NULL ? -1 : 0;
}

void
boards_destroy(struct boards *b)
{
	board_destroy(b->sensor);
	board_destroy(b->outlet);
	board_destroy(b->own);
	*b = (struct boards){ NULL, NULL, NULL };
}
