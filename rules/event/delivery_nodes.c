/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The nodes of a cluster: which link a partition's events take. A MOVED is believed at once
 * for its partition, and the whole map is asked for; a map that no node may be asked for
 * is made of MOVED alone. While a node that has something of ours is away the map is asked
 * for again every two seconds, of each node that is there in turn: whoever took over is in
 * it as soon as the cluster has agreed.
 */
#include "rules/event/delivery_state.h"

#include "rules/event/routes.h"

#include <stdio.h>
#include <string.h>

#define MAP_AGAIN (2 * NS_PER_S)
#define MAP_SOON (200 * NS_PER_MS)
#define UNUSED_AFTER (5 * NS_PER_S)

struct link *
nodes_link(struct delivery *d, const struct queue *q)
{
	return &d->link[q->via != 0 ? q->via : d->route[q->partition]];
}

static void
map_wanted(struct delivery *d, int64_t at)
{
	if (d->map_due.ns == 0 || at < d->map_due.ns)
		d->map_due.ns = at;
}

void
nodes_look_again(struct delivery *d, struct link *l, struct loop_time now)
{
	if (d->cluster || l->index != 0)
		map_wanted(d, now.ns + MAP_SOON);
}

/* Those we have events for: the spool may hold some of a larger setting than today's. */
static uint64_t
our_partitions(const struct delivery *d)
{
	uint64_t ours = d->used >= 64 ? UINT64_MAX : (1ULL << d->used) - 1;

	_Static_assert(EVENT_PARTITIONS_MOST <= 64, "a bit for each");
	for (unsigned i = 0; i < d->queues.n; i++)
		ours |= 1ULL << d->queues.q[i]->partition;
	return ours;
}

static bool
has_partition(const struct delivery *d, uint64_t ours, unsigned link)
{
	for (unsigned p = 0; p < EVENT_PARTITIONS_MOST; p++)
		if (d->route[p] == link && (ours >> p & 1) != 0)
			return true;
	return false;
}

/* The link to this node, made if there is none. NULL: no room. `by` said so: an address
 * without a host means itself. */
static struct link *
link_to(struct delivery *d, const struct link *by, const struct sink_address *said,
    struct loop_time now)
{
	struct sink_address to = *said;
	struct link *l;
	bool six;

	if (to.host[0] == '\0') {
		if (by->at.host[0] == '\0')
			return NULL;	/* behind a socket's path: nobody knows where */
		memcpy(to.host, by->at.host, sizeof(to.host));
	}
	for (unsigned i = 0; i < DELIVERY_LINKS; i++)
		if (d->link[i].wanted && address_same(&d->link[i].at, &to))
			return &d->link[i];
	for (unsigned i = 1; i < DELIVERY_LINKS; i++) {
		l = &d->link[i];
		if (l->wanted || l->state != STATE_DOWN)
			continue;
		l->wanted = true;
		l->was_ready = false;
		l->at = to;
		l->used = now;
		six = strchr(to.host, ':') != NULL;
		(void)snprintf(l->name, sizeof(l->name), "redis%s://%s%s%s:%u",
		    strncmp(d->server, "rediss:", 7) == 0 ? "s" : "", six ? "[" : "", to.host, six ? "]" : "", to.port);
		log_line(d->log, LOG_LEVEL_DEBUG, "'%s' is a node of the cluster behind "
		    "'%s'", l->name, d->server);
		return l;
	}
	return NULL;
}

static void
route(struct delivery *d, uint32_t partition, const struct link *l)
{
	if (d->route[partition] == l->index)
		return;
	d->route[partition] = (uint8_t)l->index;
	d->counts.moved++;
}

bool
nodes_redirected(struct delivery *d, struct link *l, struct queue *q,
    const char *error, struct loop_time now)
{
	struct sink_address to;
	struct link *other;
	uint16_t slot;
	enum redirect kind = redirect_parse(error, &slot, &to);

	/* Half of what the call is about has moved already: soon all of it will have. */
	if (strncmp(error, "TRYAGAIN", 8) == 0) {
		d->cluster = true;
		q->state = QUEUE_UNKNOWN;
		q->via = 0;
		q->hold.ns = now.ns + HOLD_FIRST;
		return true;
	}
	if (kind == REDIRECT_NONE || slot != partition_slot(q->partition))
		return false;
	d->cluster = true;
	q->state = QUEUE_UNKNOWN;
	q->via = 0;
	other = link_to(d, l, &to, now);
	/* In a circle, or to nowhere: not faster than the cluster can settle. */
	if (other == NULL || other == l) {
		q->hold.ns = now.ns + HOLD_FIRST;
	} else if (kind == REDIRECT_ASK) {
		q->via = (uint8_t)other->index;
		other->used = now;
		map_wanted(d, now.ns + MAP_AGAIN);
		return true;
	} else {
		route(d, q->partition, other);
	}
	map_wanted(d, now.ns + (other == NULL ? MAP_SOON : 0));
	return true;
}

/* Who was sent elsewhere for once: by the map it is there for good, or the map is asked for
 * again. */
static void
settle(struct delivery *d, const struct link *by)
{
	for (unsigned i = 0; i < d->queues.n; i++) {
		struct queue *q = d->queues.q[i];

		if (q->via == 0)
			continue;
		if (q->via == d->route[q->partition] && q->state != QUEUE_ASKING &&
		    q->state != QUEUE_SENDING)
			q->via = 0;
		else
			map_wanted(d, by->heard.ns + MAP_AGAIN);
	}
}

int
nodes_heard(struct delivery *d, struct link *l, const redisReply *r, struct fault *why)
{
	struct sink_address to[EVENT_PARTITIONS_MOST];
	const struct link *at;
	uint64_t ours = our_partitions(d);

	d->map_asked = false;
	if (slots_parse(r, to) == -1)
		return fault_set(why, NULL, "an answer of the server makes no sense");
	for (uint32_t p = 0; p < EVENT_PARTITIONS_MOST; p++)
		if ((ours >> p & 1) != 0 && to[p].port != 0 &&
		    (at = link_to(d, l, &to[p], l->heard)) != NULL)
			route(d, p, at);
	settle(d, l);
	return 0;
}

/* Who may not ask sends what has nowhere to go to anybody: the answer is MOVED. */
static void
ask_around(struct delivery *d, const struct link *l)
{
	for (unsigned p = 0; p < EVENT_PARTITIONS_MOST; p++)
		if (d->link[d->route[p]].state == STATE_DOWN)
			route(d, p, l);
}

void
nodes_tick(struct delivery *d, struct loop_time now)
{
	uint64_t ours = our_partitions(d);
	bool away = false;

	for (unsigned i = 1; i < DELIVERY_LINKS; i++) {
		struct link *l = &d->link[i];

		if (!l->wanted)
			continue;
		if (has_partition(d, ours, i))
			away = away || l->state == STATE_DOWN;
		else if (l->calls == 0 && now.ns - l->used.ns > UNUSED_AFTER)
			l->wanted = false;
	}
	if (d->cluster && d->link[0].state == STATE_DOWN && has_partition(d, ours, 0))
		away = true;
	if (away)
		map_wanted(d, now.ns + MAP_AGAIN);
	if (d->map_due.ns == 0 || now.ns < d->map_due.ns || d->map_asked)
		return;
	for (unsigned i = 0; i < DELIVERY_LINKS; i++) {
		struct link *l = &d->link[(d->map_turn + i) % DELIVERY_LINKS];

		if (l->state != STATE_READY || l->calls >= CALLS_MAX - 2)
			continue;
		d->map_turn = (l->index + 1) % DELIVERY_LINKS;
		d->map_due.ns = 0;
		if (d->map_forbidden) {
			ask_around(d, l);
		} else {
			d->map_asked = true;
			delivery_say(d, l, CALL_SLOTS, now);
		}
		return;
	}
}
