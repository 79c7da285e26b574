/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The spool and the window, time, and whose turn it is. The promise stands in delivery.h. */
#include "rules/event/delivery_state.h"

#include "rules/event/redis_function.h"
#include "rules/event/routes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES (4u << 20)
#define SEGMENT_BYTES ((uint64_t)3 << 20)
#define SPOOL_BYTES ((uint64_t)256 << 20)
#define PING_AFTER (5 * NS_PER_S)
#define GIVE_UP_AFTER (10 * NS_PER_S)

/* An answer of ours is three short elements, INFO a text of some kilobytes, an error a line.
 * Which node has what is longer, and asked for only in a cluster: each slot may be a line,
 * three arrays deep, and a fourth of what a node says about itself. A byte of an answer is
 * up to twenty of memory. */
static const struct reply_limits limits = { .bytes = 64 << 10, .elements = 8, .depth = 1 };
static const struct reply_limits map_limits = { .bytes = 1 << 20,
	.elements = REDIS_SLOTS, .depth = 4 };

static void record_dropped(void *arg, uint64_t number, struct span bytes);
static void acknowledge(struct delivery *d, struct loop_time now);

/* Every event passes here, on its way into each output: sixteen bytes at once. */
bool
json_line_ok(const char *s, size_t n)
{
	typedef uint8_t wide __attribute__((vector_size(16)));
	wide bad = { 0 }, v;
	uint64_t half[2];
	size_t i = 0;

	for (; i + sizeof(v) <= n; i += sizeof(v)) {
		memcpy(&v, s + i, sizeof(v));
		bad |= (wide)(v < 0x20) | (wide)(v == 0x7f);
	}
	memcpy(half, &bad, sizeof(bad));
	if ((half[0] | half[1]) != 0)
		return false;
	for (; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

const char *
delivery_stream_key(enum lane lane, uint32_t partition, char buf[DELIVERY_KEY])
{
	(void)snprintf(buf, DELIVERY_KEY, "{ear:p%02u}:%s", partition % 100,
	    lane == LANE_FLOW ? "flow" : "alert");
	return buf;
}

/* The alerts' in the folder itself, the flows' in one of its own inside it. */
static int
open_spool(struct delivery *d, unsigned lane, const struct seglog_options *o,
    struct fault *why)
{
	struct seglog_options mine = *o;
	struct lane_spool *p = &d->spool[lane];
	char dir[4200];

	(void)snprintf(dir, sizeof(dir), "%s%s%s", o->dir, lane == LANE_FLOW ? "/" : "",
	    lane == LANE_FLOW ? lane_name(LANE_FLOW) : "");
	mine.dir = dir;
	/* A segment that is read lies in memory, and there are two logs. */
	if (mine.segment_bytes == 0)
		mine.segment_bytes = d->cap / 8 < SEGMENT_BYTES ? d->cap / 8 :
		    SEGMENT_BYTES;
	mine.arg = p;
	mine.dropped = record_dropped;
	p->d = d;
	p->log = seglog_open(&mine, why);
	if (p->log == NULL)
		return -1;
	p->cursor = seglog_first(p->log);
	return 0;
}

struct delivery *
delivery_create(const struct delivery_options *o, struct fault *why)
{
	struct delivery *d;

	if (!spooled_name_ok(o->sensor)) {
		(void)fault_set(why, "up to 64 of letters, digits, '.', '_' and '-'",
		    "'%s' is no name for a sensor", o->sensor == NULL ? "" : o->sensor);
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (d == NULL || (d->link[0].reader = reply_create(&limits)) == NULL) {
		free(d);
		(void)fault_set(
		    why, NULL, "no memory for the delivery to '%s'", o->server);
		return NULL;
	}
	for (unsigned i = 0; i < DELIVERY_LINKS; i++)
		d->link[i].index = i;
	d->link[0].wanted = true;
	(void)snprintf(d->link[0].name, sizeof(d->link[0].name), "%s", o->server);
	(void)snprintf(d->sensor, sizeof(d->sensor), "%s", o->sensor);
	d->version = o->version;
	d->server = o->server;
	d->user = o->user;
	d->secret = o->secret;
	d->load_function = o->load_function;
	(void)snprintf(d->machine, sizeof(d->machine), "%s",
	    o->machine == NULL ? "" : o->machine);
	d->partitions = o->partitions;
	d->used = o->partitions == 0 ? EVENT_PARTITIONS : o->partitions;
	d->maxlen = o->maxlen == 0 ? REDIS_MAXLEN : o->maxlen;
	d->keep_ns = o->keep_ns;
	d->trim_next = d->lag_next = CARE_DONE;
	d->told_day = -1;
	d->log = o->log;
	d->arg = o->arg;
	d->send = o->send;
	d->cap = o->spool->cap_bytes == 0 ? SPOOL_BYTES : o->spool->cap_bytes;
	for (unsigned i = 0; i < LANE_COUNT; i++)
		if (open_spool(d, i, o->spool, why) == -1) {
			delivery_destroy(d, false);
			return NULL;
		}
	return d;
}

void
delivery_destroy(struct delivery *d, bool remove_spool)
{
	if (d == NULL)
		return;
	queues_free(&d->queues);
	for (unsigned i = 0; i < DELIVERY_LINKS; i++)
		reply_destroy(d->link[i].reader);
	/* The one inside the other first. */
	for (unsigned i = LANE_COUNT; i-- > 0;)
		if (remove_spool)
			seglog_remove(d->spool[i].log);
		else
			seglog_close(d->spool[i].log);
	free(d);
}

/* Below the cap: first goes what is acknowledged and only kept, then flows, then the oldest
 * alerts; for a flow no alert goes. False: there is no room. */
static bool
make_room(struct delivery *d, uint32_t lane, size_t bytes)
{
	struct seglog *alert = d->spool[LANE_ALERT].log, *flow = d->spool[LANE_FLOW].log;

	while (seglog_bytes(alert) + seglog_bytes(flow) + bytes + SEGLOG_SEGMENT_HEAD +
	    SEGLOG_RECORD_HEAD > d->cap)
		if (!seglog_shed(flow, true) && !seglog_shed(alert, true) &&
		    !seglog_shed(flow, false) &&
		    (lane == LANE_FLOW || !seglog_shed(alert, false)))
			return lane != LANE_FLOW;
	return true;
}

bool
delivery_put(struct delivery *d, const struct event_head *h, const char *json,
    struct loop_time now)
{
	struct spooled e = { .lane = h->lane, .partition = h->partition, .seq = h->seq,
		.time = h->time, .json = span_of(json, h->json_len) };
	struct seglog *log = d->spool[h->lane].log;
	uint8_t head[SPOOLED_HEAD];
	struct queue *q;
	uint64_t number;
	bool room;
	size_t n;

	memcpy(e.sensor, d->sensor, sizeof(e.sensor));
	memcpy(e.boot, h->boot, sizeof(h->boot));
	d->counts.put++;
	n = spooled_head_put(&e, head);
	room = make_room(d, h->lane, n + h->json_len);
	if (room && seglog_append(log, span_of(head, n), e.json, now, &number) == 0)
		return true;
	/* A full disk: what flows have of it is given to an alert. */
	while (room && h->lane != LANE_FLOW && seglog_shed(d->spool[LANE_FLOW].log, false))
		if (seglog_append(log, span_of(head, n), e.json, now, &number) == 0)
			return true;
	d->counts.refused++;
	if (log_limit_pass(&d->said_disk, now, NULL))
		log_line(d->log, LOG_LEVEL_WARN,
		    "cannot write to the spool '%s': %s; events for "
		    "'%s' are being lost (%" PRIu64 " so far)", seglog_dir(log),
		    room ? strerror(errno) : "it is full of alerts", d->server,
		    d->counts.refused);
	q = queues_use(&d->queues, &e);
	if (q != NULL) {
		q->time = e.time;
		if (room && e.seq > q->disk_to)
			q->disk_to = e.seq;
		if (!room && e.seq > q->cap_to)
			q->cap_to = e.seq;
		if (e.seq > q->lost_to)
			q->lost_to = e.seq;
		lost_by_add(&q->by, json, h->json_len);
	}
	return false;
}

/* The cap took a record. If it stands in the window it will still be delivered. */
static void
record_dropped(void *arg, uint64_t number, struct span bytes)
{
	struct lane_spool *p = arg;
	struct delivery *d = p->d;
	struct spooled e;
	struct queue *q;

	if (!spooled_parse(bytes, &e) || (q = queues_use(&d->queues, &e)) == NULL)
		return;
	if (!d->expiring && e.seq > q->cap_to)
		q->cap_to = e.seq;
	if (d->expiring && e.seq > q->age_to)
		q->age_to = e.seq;
	if (number >= p->cursor && e.seq > q->lost_to) {
		q->lost_to = e.seq;
		q->time = e.time;
		lost_by_add(&q->by, (const char *)e.json.at, e.json.left);
	}
}

const struct sink_address *
delivery_wants(const struct delivery *d, unsigned link)
{
	return d->link[link].wanted ? &d->link[link].at : NULL;
}

const char *
delivery_link_name(const struct delivery *d, unsigned link)
{
	return d->link[link].name;
}

bool
delivery_link_good(const struct delivery *d, unsigned link)
{
	return d->link[link].good;
}

void
delivery_up(struct delivery *d, unsigned link, const struct sink_address *peer,
    struct loop_time now)
{
	struct link *l = &d->link[link];

	if (l->state != STATE_DOWN)
		delivery_down(d, link, now);
	if (link == 0 && peer != NULL)
		l->at = *peer;
	if (l->reader == NULL)
		l->reader = reply_create(&limits);
	else
		reply_reset(l->reader);
	if (l->reader == NULL)
		return;			/* no memory: given up when nothing answers */
	l->state = STATE_PING;
	l->load_tried = l->good = false;
	l->heard = l->sent = l->used = now;
	l->hold = (struct loop_time){ 0 };
	l->hold_ns = HOLD_FIRST;
	delivery_say_login(d, l, now);
	delivery_say(d, l, CALL_PING, now);
}

/* What this connection said about a queue, or was going to. */
static void
forget(struct queue *q, unsigned link)
{
	if (q->link == link)
		q->state = QUEUE_UNKNOWN;
	if (q->via != 0 && (q->via == link || q->link == link))
		q->via = 0;
}

void
delivery_down(struct delivery *d, unsigned link, struct loop_time now)
{
	struct link *l = &d->link[link];

	for (; l->calls > 0; l->calls--) {
		if (l->call[l->call_first].kind == CALL_SLOTS)
			d->map_asked = false;
		l->call_first = (l->call_first + 1) % CALLS_MAX;
	}
	l->state = STATE_DOWN;
	l->flight = 0;
	for (unsigned i = 0; i < d->queues.n; i++)
		forget(d->queues.q[i], link);
	nodes_look_again(d, l, now);
}

static void
expect(struct link *l)
{
	bool map = l->calls > 0 && l->call[l->call_first].kind == CALL_SLOTS;

	reply_expect(l->reader, map ? &map_limits : &limits);
}

int
delivery_feed(struct delivery *d, unsigned link, const void *bytes, size_t n,
    struct loop_time now, struct fault *why)
{
	struct link *l = &d->link[link];
	const char *p = bytes;
	redisReply *r;
	int got;

	if (l->state == STATE_DOWN)
		return fault_set(why, NULL, "no memory for what the server says");
	/* In pieces, so that the cap on one answer does not count several whole ones. */
	while (n > 0) {
		size_t piece = n < 16384 ? n : 16384;

		expect(l);
		if (reply_feed(l->reader, p, piece) == -1)
			return fault_set(why, NULL, "%s", reply_error(l->reader));
		p += piece;
		n -= piece;
		while ((got = reply_next(l->reader, &r)) == 1) {
			int rc = delivery_answer(d, l, r, now, why);

			freeReplyObject(r);
			if (rc == -1)
				return -1;
			expect(l);
		}
		if (got == -1)
			return fault_set(why, NULL, "%s", reply_error(l->reader));
	}
	acknowledge(d, now);
	delivery_pump(d, now);
	return 0;
}

int
delivery_tick(struct delivery *d, unsigned link, struct loop_time now, struct fault *why)
{
	struct link *l = &d->link[link];

	if (now.ns - d->synced.ns >= NS_PER_S) {
		d->synced = now;
		for (unsigned i = 0; i < LANE_COUNT; i++)
			seglog_tick(d->spool[i].log, now);
	}
	nodes_tick(d, now);
	care_tick(d, now);
	if (l->state == STATE_DOWN)
		return 0;
	if (l->calls > 0) {
		int64_t since = l->heard.ns > l->sent.ns ? l->heard.ns : l->sent.ns;

		if (now.ns - since > GIVE_UP_AFTER)
			return fault_set(why, NULL, "no answer for 10 s");
	} else if (now.ns - l->heard.ns > PING_AFTER) {
		delivery_say(d, l, CALL_PING, now);
	}
	if (l->calls == 0 && now.ns >= l->hold.ns) {
		if (l->state == STATE_PING)
			delivery_say(d, l, CALL_PING, now);
		else if (l->state == STATE_CHECK)
			delivery_say(d, l, CALL_VERSION, now);
	}
	delivery_pump(d, now);
	return 0;
}

void
delivery_expire(struct delivery *d, int64_t wall_ns)
{
	d->expiring = true;
	for (unsigned i = 0; i < LANE_COUNT; i++)
		(void)seglog_expire(d->spool[i].log, wall_ns);
	d->expiring = false;
}

void
delivery_finish(struct delivery *d)
{
	d->finishing = true;
}

uint64_t
delivery_waiting(const struct delivery *d)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < LANE_COUNT; i++)
		n += seglog_next(d->spool[i].log) - 1 - seglog_acked(d->spool[i].log);
	return n;
}

bool
delivery_done(const struct delivery *d)
{
	if (delivery_waiting(d) != 0)
		return false;
	for (unsigned i = 0; i < d->queues.n; i++)
		if (d->queues.q[i]->lost_to > d->queues.q[i]->last)
			return false;
	return true;
}

bool
delivery_ready(const struct delivery *d)
{
	for (unsigned p = 0; p < d->used; p++)
		if (d->link[d->route[p]].state != STATE_READY)
			return false;
	return true;
}

static const char *
link_state(const struct link *l)
{
	if (l->trouble > 0)
		return refusals[l->trouble - 1].state;
	if (l->state == STATE_DOWN)
		return "connecting";
	if (l->state == STATE_PING && l->calls > 0 &&
	    l->call[l->call_first].kind == CALL_AUTH)
		return "authenticating";
	if (l->state == STATE_PING)
		return "asking";
	return l->state == STATE_CHECK ? "no-functions" : "ready";
}

const char *
delivery_state(const struct delivery *d)
{
	const char *state = "ready";

	for (unsigned p = 0; p < d->used && strcmp(state, "ready") == 0; p++)
		state = link_state(&d->link[d->route[p]]);
	return state;
}

const struct delivery_counts *
delivery_counts(const struct delivery *d)
{
	return &d->counts;
}

const struct redis_health *
delivery_health(const struct delivery *d)
{
	return &d->health;
}

struct seglog *
delivery_spool(struct delivery *d, enum lane lane)
{
	return d->spool[lane].log;
}

/* From the spool into the window; of which flows that nobody takes leave half to alerts. */
static void
fill(struct delivery *d, unsigned lane)
{
	struct lane_spool *p = &d->spool[lane];
	struct spooled e;
	struct span bytes;
	struct queue *q;
	uint64_t number;

	while (d->queues.bytes < (lane == LANE_FLOW ? WINDOW_BYTES / 2 : WINDOW_BYTES) &&
	    seglog_read(p->log, p->cursor, &number, &bytes) == SEGLOG_RECORD) {
		if (!spooled_parse(bytes, &e)) {
			d->counts.unreadable++;
		} else {
			q = queues_use(&d->queues, &e);
			if (q == NULL || !queues_push(&d->queues, q, lane, number, &e))
				return;		/* the same record again, later */
		}
		p->cursor = number + 1;
	}
}

/* An earlier boot of the same stream goes first: order in a stream is order in the spool.
 */
static bool
older_waits(const struct delivery *d, const struct queue *q)
{
	for (unsigned i = 0; i < d->queues.n; i++) {
		const struct queue *o = d->queues.q[i];

		if (o->head != NULL && o->partition == q->partition &&
		    o->lane == q->lane && o->head->log == q->head->log &&
		    o->head->number < q->head->number)
			return true;
	}
	return false;
}

/* The turn of one queue. */
static void
serve(struct delivery *d, struct queue *q, const bool read_all[LANE_COUNT],
    struct loop_time now)
{
	struct link *l = nodes_link(d, q);
	bool owed = q->head == NULL && read_all[q->lane] && q->lost_to > q->last &&
	    (d->finishing || q->hold.ns == 0 || now.ns >= q->hold.ns);

	/* After a reconnect also those that owe nothing: the server may have lost
	 * what it had acknowledged. */
	bool unsure = q->state == QUEUE_UNKNOWN && q->popped > 0;

	if (l->state != STATE_READY || now.ns < l->hold.ns || now.ns < q->hold.ns ||
	    l->calls >= CALLS_MAX - 2 || l->flight >= FLIGHT_BYTES)
		return;
	/* What another node said about it holds there. */
	if (q->state == QUEUE_READY && q->link != l->index) {
		q->state = QUEUE_UNKNOWN;
		unsure = q->popped > 0;
	}
	if (q->head == NULL && !owed && !unsure)
		return;
	if (q->state == QUEUE_UNKNOWN) {
		delivery_ask_last(d, l, q, now);
	} else if (q->head != NULL && older_waits(d, q)) {
		return;
	} else if (q->state == QUEUE_READY && owed) {
		/* While a disk stays full one gap a second, not one for each event. */
		delivery_append_gap(d, l, q, q->lost_to, q->time, now);
		q->hold.ns = d->finishing ? 0 : now.ns + NS_PER_S;
	} else if (q->state == QUEUE_READY && q->head->seq > q->last + 1) {
		delivery_append_over_hole(d, l, q, now);
	} else if (q->state == QUEUE_READY) {
		delivery_append(d, l, q, now);
	}
}

void
delivery_pump(struct delivery *d, struct loop_time now)
{
	bool read_all[LANE_COUNT];
	unsigned n;

	for (n = 0; n < DELIVERY_LINKS && d->link[n].state != STATE_READY; n++)
		continue;
	if (n == DELIVERY_LINKS)
		return;
	for (unsigned i = 0; i < LANE_COUNT; i++) {
		fill(d, i);
		read_all[i] = d->spool[i].cursor >= seglog_next(d->spool[i].log);
	}
	n = d->queues.n;
	for (unsigned i = 0; i < n; i++)
		serve(d, d->queues.q[(d->turn + i) % n], read_all, now);
	d->turn = n == 0 ? 0 : (d->turn + 1) % n;
	if (d->queues.bytes == 0)
		acknowledge(d, now);	/* all that was read the server had already */
}

static void
acknowledge(struct delivery *d, struct loop_time now)
{
	for (unsigned i = 0; i < LANE_COUNT; i++) {
		uint64_t oldest = queues_oldest(&d->queues, i);

		if (oldest > d->spool[i].cursor)
			oldest = d->spool[i].cursor;
		if (oldest > 1)
			seglog_ack(d->spool[i].log, oldest - 1, now);
	}
}
