/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The states and what each answer does. The promise stands in delivery.h. */
#define _GNU_SOURCE			/* memmem */
#include "rules/event/delivery.h"

#include "rules/event/gap.h"
#include "rules/event/queue.h"
#include "rules/event/redis_function.h"
#include "rules/event/redis_login.h"
#include "rules/event/refusal.h"
#include "rules/event/reply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES (4u << 20)
#define BATCH_EVENTS 512
#define BATCH_BYTES (256u << 10)
#define CALLS_MAX 64
#define FLIGHT_BYTES (2u << 20) /* bounds what the connection has to hold for us */
#define PING_AFTER (5 * NS_PER_S)
#define GIVE_UP_AFTER (10 * NS_PER_S)
#define HOLD_FIRST (100 * NS_PER_MS)
#define HOLD_MOST (2 * NS_PER_S)
#define SEQ_MAX (1LL << 53)

/* An answer of ours is two short elements; an error is a line. */
static const struct reply_limits limits = {.bytes = 64 << 10, .elements = 8, .depth = 1};

enum state { STATE_DOWN, STATE_PING, STATE_CHECK, STATE_READY };
enum call_kind { CALL_AUTH, CALL_PING, CALL_VERSION, CALL_LOAD, CALL_LAST, CALL_APPEND };

struct call {
	enum call_kind kind;
	struct queue *queue;
	size_t bytes;
};

struct delivery {
	char sensor[QUEUE_NAME];
	const char *version, *server, *user;
	const struct secret *secret;
	bool load_function, load_tried, finishing, was_ready;
	const struct log *log;
	void *arg;
	void (*send)(void *arg, const void *bytes, size_t n);
	struct seglog *spool;
	uint64_t cursor;		/* next record to read */
	struct queues queues;
	unsigned turn;			/* queue that goes first in the next round */
	enum state state;
	struct reply_reader *reader;
	struct call call[CALLS_MAX];	/* a ring: answers come in the order of calls */
	unsigned call_first, calls;
	size_t flight;
	struct loop_time heard, sent, hold, synced;
	int64_t hold_ns;
	struct reasons reasons;
	struct log_limit said_function, said_disk;
	struct delivery_counts counts;
};

static void command(struct delivery *d, enum call_kind kind, struct queue *q, int argc,
    const char **argv, const size_t *len, struct loop_time now);
static void simple(struct delivery *d, enum call_kind kind, struct loop_time now);
static int answer(struct delivery *d, const redisReply *r, struct loop_time now,
    struct fault *why);
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

static void
seq_key(uint32_t partition, char buf[DELIVERY_KEY])
{
	(void)snprintf(buf, DELIVERY_KEY, "{ear:p%02u}:seq", partition % 100);
}

struct delivery *
delivery_create(const struct delivery_options *o, struct fault *why)
{
	struct seglog_options spool = *o->spool;
	struct delivery *d;

	if (!spooled_name_ok(o->sensor)) {
		(void)fault_set(why, "up to 64 of letters, digits, '.', '_' and '-'",
		    "'%s' is no name for a sensor", o->sensor == NULL ? "" : o->sensor);
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (d == NULL || (d->reader = reply_create(&limits)) == NULL) {
		free(d);
		(void)fault_set(
		    why, NULL, "no memory for the delivery to '%s'", o->server);
		return NULL;
	}
	(void)snprintf(d->sensor, sizeof(d->sensor), "%s", o->sensor);
	d->version = o->version;
	d->server = o->server;
	d->user = o->user;
	d->secret = o->secret;
	d->load_function = o->load_function;
	d->log = o->log;
	d->arg = o->arg;
	d->send = o->send;
	d->hold_ns = HOLD_FIRST;
	spool.arg = d;
	spool.dropped = record_dropped;
	d->spool = seglog_open(&spool, why);
	if (d->spool == NULL) {
		delivery_destroy(d, false);
		return NULL;
	}
	d->cursor = seglog_first(d->spool);
	return d;
}

void
delivery_destroy(struct delivery *d, bool remove_spool)
{
	if (d == NULL)
		return;
	queues_free(&d->queues);
	reply_destroy(d->reader);
	if (remove_spool)
		seglog_remove(d->spool);
	else
		seglog_close(d->spool);
	free(d);
}

bool
delivery_put(struct delivery *d, const struct event_head *h, const char *json,
    struct loop_time now)
{
	struct spooled e = { .lane = h->lane, .partition = h->partition, .seq = h->seq,
		.time = h->time, .json = span_of(json, h->json_len) };
	uint8_t head[SPOOLED_HEAD];
	struct queue *q;
	uint64_t number;

	memcpy(e.sensor, d->sensor, sizeof(e.sensor));
	memcpy(e.boot, h->boot, sizeof(h->boot));
	d->counts.put++;
	if (seglog_append(d->spool, span_of(head, spooled_head_put(&e, head)), e.json,
		now, &number) == 0)
		return true;
	d->counts.refused++;
	if (log_limit_pass(&d->said_disk, now, NULL))
		log_line(d->log, LOG_LEVEL_WARN,
		    "cannot write to the spool '%s': %s; events for "
		    "'%s' are being lost (%" PRIu64 " so far)",
		    seglog_dir(d->spool), strerror(errno), d->server, d->counts.refused);
	q = queues_use(&d->queues, &e);
	if (q != NULL) {
		q->time = e.time;
		if (e.seq > q->disk_to)
			q->disk_to = e.seq;
		if (e.seq > q->lost_to)
			q->lost_to = e.seq;
	}
	return false;
}

/* The cap took a record. If it stands in the window it will still be delivered. */
static void
record_dropped(void *arg, uint64_t number, struct span bytes)
{
	struct delivery *d = arg;
	struct spooled e;
	struct queue *q;

	if (!spooled_parse(bytes, &e) || (q = queues_use(&d->queues, &e)) == NULL)
		return;
	if (e.seq > q->cap_to)
		q->cap_to = e.seq;
	if (number >= d->cursor && e.seq > q->lost_to) {
		q->lost_to = e.seq;
		q->time = e.time;
	}
}

void
delivery_up(struct delivery *d, struct loop_time now)
{
	const char *login[3];
	int argc;

	delivery_down(d);
	reply_reset(d->reader);
	d->state = STATE_PING;
	d->load_tried = false;
	d->heard = d->sent = now;
	d->hold = (struct loop_time){ 0 };
	d->hold_ns = HOLD_FIRST;
	argc = redis_login_argv(d->user, d->secret, login);
	if (argc > 0)
		command(d, CALL_AUTH, NULL, argc, login, NULL, now);
	simple(d, CALL_PING, now);
}

void
delivery_down(struct delivery *d)
{
	d->state = STATE_DOWN;
	d->calls = d->call_first = 0;
	d->flight = 0;
	for (unsigned i = 0; i < d->queues.n; i++)
		d->queues.q[i]->state = QUEUE_UNKNOWN;
}

int
delivery_feed(struct delivery *d, const void *bytes, size_t n, struct loop_time now,
    struct fault *why)
{
	const char *p = bytes;
	redisReply *r;
	int got;

	/* In pieces, so that the cap on one answer does not count several whole ones. */
	while (n > 0) {
		size_t piece = n < 16384 ? n : 16384;

		if (reply_feed(d->reader, p, piece) == -1)
			return fault_set(why, NULL, "%s", reply_error(d->reader));
		p += piece;
		n -= piece;
		while ((got = reply_next(d->reader, &r)) == 1) {
			int rc = answer(d, r, now, why);

			freeReplyObject(r);
			if (rc == -1)
				return -1;
		}
		if (got == -1)
			return fault_set(why, NULL, "%s", reply_error(d->reader));
	}
	acknowledge(d, now);
	delivery_pump(d, now);
	return 0;
}

int
delivery_tick(struct delivery *d, struct loop_time now, struct fault *why)
{
	if (now.ns - d->synced.ns >= NS_PER_S) {
		d->synced = now;
		seglog_tick(d->spool, now);
	}
	if (d->state == STATE_DOWN)
		return 0;
	if (d->calls > 0) {
		int64_t since = d->heard.ns > d->sent.ns ? d->heard.ns : d->sent.ns;

		if (now.ns - since > GIVE_UP_AFTER)
			return fault_set(why, NULL, "no answer for 10 s");
	} else if (now.ns - d->heard.ns > PING_AFTER) {
		simple(d, CALL_PING, now);
	}
	if (d->calls == 0 && now.ns >= d->hold.ns) {
		if (d->state == STATE_PING)
			simple(d, CALL_PING, now);
		else if (d->state == STATE_CHECK)
			simple(d, CALL_VERSION, now);
	}
	delivery_pump(d, now);
	return 0;
}

void
delivery_finish(struct delivery *d)
{
	d->finishing = true;
}

uint64_t
delivery_waiting(const struct delivery *d)
{
	return seglog_next(d->spool) - 1 - seglog_acked(d->spool);
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
	return d->state == STATE_READY;
}

const struct delivery_counts *
delivery_counts(const struct delivery *d)
{
	return &d->counts;
}

struct seglog *
delivery_spool(struct delivery *d)
{
	return d->spool;
}

/* ---- to the server ---- */

static void
command(struct delivery *d, enum call_kind kind, struct queue *q, int argc,
    const char **argv, const size_t *len, struct loop_time now)
{
	char *bytes = NULL;
	long long n = redisFormatCommandArgv(&bytes, argc, argv, len);
	struct call *c;

	if (n <= 0 || bytes == NULL || d->calls == CALLS_MAX) {
		redisFreeCommand(bytes);	/* no memory: the next tick tries again */
		return;
	}
	c = &d->call[(d->call_first + d->calls++) % CALLS_MAX];
	*c = (struct call){ .kind = kind, .queue = q, .bytes = (size_t)n };
	d->flight += c->bytes;
	d->sent = now;
	d->send(d->arg, bytes, (size_t)n);
	redisFreeCommand(bytes);
}

static void
simple(struct delivery *d, enum call_kind kind, struct loop_time now)
{
	const char *ping[] = { "PING" };
	const char *version[] = { "FCALL", "ear_version", "0" };
	const char *load[] = { "FUNCTION", "LOAD", "REPLACE", redis_function_text() };

	if (d->calls == CALLS_MAX)
		return;
	if (kind == CALL_PING)
		command(d, kind, NULL, 1, ping, NULL, now);
	else if (kind == CALL_VERSION)
		command(d, kind, NULL, 3, version, NULL, now);
	else
		command(d, kind, NULL, 4, load, NULL, now);
}

static void
field_name(const struct queue *q, char buf[2 * QUEUE_NAME + 8])
{
	(void)snprintf(buf, 2 * QUEUE_NAME + 8, "%s/%s/%s", q->sensor, q->boot,
	    q->lane == LANE_FLOW ? "flow" : "alert");
}

static void
ask_last(struct delivery *d, struct queue *q, struct loop_time now)
{
	char key[DELIVERY_KEY], field[2 * QUEUE_NAME + 8];
	const char *argv[] = { "FCALL", "ear_last", "1", key, field };
	unsigned before = d->calls;

	seq_key(q->partition, key);
	field_name(q, field);
	command(d, CALL_LAST, q, 5, argv, NULL, now);
	if (d->calls > before)
		q->state = QUEUE_ASKING;
}

/* Appends the events from e on while they are contiguous, or one gap event. */
static void
append(struct delivery *d, struct queue *q, const struct entry *e, uint64_t first,
    const char *gap, size_t gap_len, struct loop_time now)
{
	char stream[DELIVERY_KEY], seqs[DELIVERY_KEY], field[2 * QUEUE_NAME + 8];
	char first_text[24], maxlen[24];
	const char *argv[9 + BATCH_EVENTS] = {"FCALL", "ear_append", "2", stream, seqs,
	    field, first_text, maxlen, gap != NULL ? "1" : "0"};
	size_t len[9 + BATCH_EVENTS], bytes = 0;
	unsigned before = d->calls;
	int argc = 9;

	(void)delivery_stream_key((enum lane)q->lane, q->partition, stream);
	seq_key(q->partition, seqs);
	field_name(q, field);
	(void)snprintf(first_text, sizeof(first_text), "%" PRIu64, first);
	(void)snprintf(maxlen, sizeof(maxlen), "%d", REDIS_MAXLEN);
	for (int i = 0; i < argc; i++)
		len[i] = strlen(argv[i]);
	if (gap != NULL) {
		argv[argc] = gap;
		len[argc++] = gap_len;
	}
	for (; gap == NULL && e != NULL && e->seq == first + (uint64_t)(argc - 9);
	     e = e->next) {
		if (argc == 9 + BATCH_EVENTS ||
		    (argc > 9 && bytes + e->len > BATCH_BYTES))
			break;
		argv[argc] = e->json;
		len[argc++] = e->len;
		bytes += e->len;
	}
	command(d, CALL_APPEND, q, argc, argv, len, now);
	if (d->calls == before)
		return;
	q->state = QUEUE_SENDING;
	q->sent_first = first;
	q->sent_to = first + (uint64_t)(argc - 9) - 1;
	q->sent_gap = gap != NULL;
}

static void
append_gap(struct delivery *d, struct queue *q, uint64_t to, int64_t time,
    struct loop_time now)
{
	struct lost_events g = {.sensor = q->sensor,
	    .boot = q->boot,
	    .version = d->version,
	    .lane = (enum lane)q->lane,
	    .partition = q->partition,
	    .from = q->last + 1,
	    .to = to,
	    .time = time};
	char json[1024];
	size_t n;

	if (q->cap_to > q->last)
		g.why = "the spool was full and dropped its oldest events";
	else if (q->disk_to > q->last)
		g.why = "the disk of the spool was full";
	else
		g.why = "the events are in no spool";
	n = gap_event_json(&g, json, sizeof(json));
	if (n > 0)
		append(d, q, NULL, to, json, n, now);
}

/* The emitter's own gap event, behind numbers that never reached the spool, tells them
 * already. Where its gap begins; 0: it is no gap event. Quotes in any text of an event
 * are escaped, so these bytes stand nowhere else. */
static uint64_t
told_from(const struct entry *e)
{
	static const char mark[] = "\"gap\":{\"from\":";
	const char *at = memmem(e->json, e->len, mark, sizeof(mark) - 1);
	const char *end = e->json + e->len;
	uint64_t from = 0;

	if (at == NULL)
		return 0;
	for (at += sizeof(mark) - 1; at < end && *at >= '0' && *at <= '9'; at++) {
		from = from * 10 + (uint64_t)(*at - '0');
		if (from >= e->seq)
			return 0;
	}
	return from;
}

/* There is a hole before the head of this queue: tell it, up to where another tells it.
 */
static void
append_over_hole(struct delivery *d, struct queue *q, struct loop_time now)
{
	uint64_t from = told_from(q->head);

	if (from != 0 && from <= q->last + 1)
		append(d, q, NULL, q->head->seq, q->head->json, q->head->len, now);
	else
		append_gap(
		    d, q, (from != 0 ? from : q->head->seq) - 1, q->head->time, now);
}

/* From the spool into the window. */
static void
fill(struct delivery *d)
{
	struct spooled e;
	struct span bytes;
	struct queue *q;
	uint64_t number;

	while (d->queues.bytes < WINDOW_BYTES &&
	    seglog_read(d->spool, d->cursor, &number, &bytes) == SEGLOG_RECORD) {
		if (!spooled_parse(bytes, &e)) {
			d->counts.unreadable++;
		} else {
			q = queues_use(&d->queues, &e);
			if (q == NULL || !queues_push(&d->queues, q, number, &e))
				return;		/* the same record again, later */
		}
		d->cursor = number + 1;
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
		    o->lane == q->lane && o->head->number < q->head->number)
			return true;
	}
	return false;
}

void
delivery_pump(struct delivery *d, struct loop_time now)
{
	bool read_all;
	unsigned n;

	if (d->state != STATE_READY || now.ns < d->hold.ns)
		return;
	fill(d);
	read_all = d->cursor >= seglog_next(d->spool);
	n = d->queues.n;
	for (unsigned i = 0;
	     i < n && d->calls < CALLS_MAX - 1 && d->flight < FLIGHT_BYTES; i++) {
		struct queue *q = d->queues.q[(d->turn + i) % n];
		bool owed = q->head == NULL && read_all && q->lost_to > q->last &&
		    (d->finishing || q->hold.ns == 0 || now.ns >= q->hold.ns);

		/* After a reconnect also those that owe nothing: the server may have lost
		 * what it had acknowledged. */
		bool unsure = q->state == QUEUE_UNKNOWN && q->popped > 0;

		if ((q->head == NULL && !owed && !unsure) || now.ns < q->hold.ns)
			continue;
		if (q->state == QUEUE_UNKNOWN) {
			ask_last(d, q, now);
		} else if (q->head != NULL && older_waits(d, q)) {
			continue;
		} else if (q->state == QUEUE_READY && owed) {
			/* While a disk stays full one gap a second, not one for each
			 * event. */
			append_gap(d, q, q->lost_to, q->time, now);
			q->hold.ns = d->finishing ? 0 : now.ns + NS_PER_S;
		} else if (q->state == QUEUE_READY && q->head->seq > q->last + 1) {
			append_over_hole(d, q, now);
		} else if (q->state == QUEUE_READY) {
			append(d, q, q->head, q->head->seq, NULL, 0, now);
		}
	}
	d->turn = n == 0 ? 0 : (d->turn + 1) % n;
	if (d->queues.bytes == 0)
		acknowledge(d, now);	/* all that was read the server had already */
}

/* ---- from the server ---- */

static void
acknowledge(struct delivery *d, struct loop_time now)
{
	uint64_t oldest = queues_oldest(&d->queues);

	if (oldest > d->cursor)
		oldest = d->cursor;
	if (oldest > 1)
		seglog_ack(d->spool, oldest - 1, now);
}

/* Keeps everything, waits, and says so once a minute. */
static void
refused(struct delivery *d, struct queue *q, const char *text, struct loop_time now)
{
	char behind[64];
	struct fault why;

	d->counts.errors++;
	if (q != NULL) {
		q->state = QUEUE_UNKNOWN;
		q->hold.ns = now.ns + d->hold_ns;
	}
	if (q == NULL || refusals[refusal_of(text)].all)
		d->hold.ns = now.ns + d->hold_ns;
	d->hold_ns = d->hold_ns * 2 < HOLD_MOST ? d->hold_ns * 2 : HOLD_MOST;
	(void)refusal_fault(text, &why);
	(void)snprintf(behind, sizeof(behind), "%" PRIu64 " events wait in the spool",
	    delivery_waiting(d));
	reasons_say(&d->reasons, d->server, &why, behind, d->log, now);
}

static bool
no_function(const redisReply *r)
{
	return r->type == REDIS_REPLY_ERROR &&
	       strncmp(r->str, "ERR Function not found", 22) == 0;
}

static void
function_missing(struct delivery *d, struct loop_time now)
{
	d->hold.ns = now.ns + HOLD_MOST;
	if (log_limit_pass(&d->said_function, now, NULL)) {
		struct fault why;
		char remedy[300];

		(void)snprintf(remedy, sizeof(remedy),
		    "run 'earshot redis init %.200s'", d->server);
		(void)fault_set(&why, remedy,
		    "'%s' lacks the functions of earshot; %" PRIu64
		    " events wait in the spool",
		    d->server, delivery_waiting(d));
		log_fault(d->log, LOG_LEVEL_WARN, &why);
	}
}

/* The server has less than it said it had: read the spool again from where it starts. */
static int
rewind_spool(struct delivery *d, struct queue *q, uint64_t last, struct fault *why)
{
	uint64_t had = q->popped;

	queues_empty(&d->queues);
	d->cursor = seglog_first(d->spool);
	d->counts.rewinds++;
	return fault_set(why, NULL, "the server lost events %" PRIu64 " to %" PRIu64
	    " that it had acknowledged; sending them again", last + 1, had);
}

static int
stands_at(struct delivery *d, struct queue *q, long long n, struct fault *why)
{
	if (n < 0 || n >= SEQ_MAX)
		return fault_set(why, NULL, "an answer of the server makes no sense");
	if ((uint64_t)n < q->popped)
		return rewind_spool(d, q, (uint64_t)n, why);
	q->last = (uint64_t)n;
	q->state = QUEUE_READY;
	queues_pop_to(&d->queues, q, q->last, &d->counts.delivered);
	return 0;
}

static int
appended(struct delivery *d, struct queue *q, const redisReply *r, struct fault *why)
{
	const redisReply *word, *n;
	bool ok;

	if (r->type != REDIS_REPLY_ARRAY || r->elements != 2)
		return fault_set(why, NULL, "an answer of the server makes no sense");
	word = r->element[0];
	n = r->element[1];
	if (word == NULL || n == NULL || n->type != REDIS_REPLY_INTEGER ||
	    word->type != REDIS_REPLY_STRING)
		return fault_set(why, NULL, "an answer of the server makes no sense");
	ok = strcmp(word->str, "OK") == 0;
	if (!ok && strcmp(word->str, "GAP") != 0)
		return fault_set(why, NULL, "an answer of the server makes no sense");
	/* OK is behind what was sent; GAP is before it, and never of a gap event. */
	if (n->integer < 0 || (ok && (uint64_t)n->integer < q->sent_to) ||
	    (!ok && (q->sent_gap || (uint64_t)n->integer + 1 >= q->sent_first)))
		return fault_set(why, NULL, "an answer of the server contradicts itself");
	if (ok && q->sent_gap) {
		d->counts.gaps++;
		d->counts.lost += q->sent_to - q->last;
		if (q->head != NULL && q->head->seq == q->sent_to)
			d->counts.lost--; /* the gap event has a number of its own */
	}
	return stands_at(d, q, n->integer, why);
}

static int
answer(struct delivery *d, const redisReply *r, struct loop_time now, struct fault *why)
{
	struct call c;

	if (d->calls == 0)
		return fault_set(why, NULL, "an answer that nobody asked for");
	c = d->call[d->call_first];
	d->call_first = (d->call_first + 1) % CALLS_MAX;
	d->calls--;
	d->flight -= c.bytes;
	d->heard = now;
	if (no_function(r) && c.kind != CALL_PING) {
		if (d->state == STATE_READY)
			return fault_set(
			    why, NULL, "the server has lost the functions of earshot");
		if (d->load_function && !d->load_tried) {
			d->load_tried = true;
			simple(d, CALL_LOAD, now);
		} else {
			function_missing(d, now);
		}
		return 0;
	}
	if (r->type == REDIS_REPLY_ERROR && c.kind == CALL_AUTH)
		return refusal_fault(refusal_of_login(r->str), why);
	if (r->type == REDIS_REPLY_ERROR) {
		refused(d, c.queue, r->str, now);
		return 0;
	}
	if (c.kind != CALL_LAST && c.kind != CALL_PING)
		d->hold_ns = HOLD_FIRST;
	switch (c.kind) {
	case CALL_AUTH:
		return 0;
	case CALL_PING:
		if (r->type != REDIS_REPLY_STATUS || strcmp(r->str, "PONG") != 0)
			return fault_set(why, NULL, "what answers there is no Redis");
		if (d->state == STATE_PING) {
			d->state = STATE_CHECK;
			simple(d, CALL_VERSION, now);
		}
		return 0;
	case CALL_VERSION:
		if (r->type != REDIS_REPLY_INTEGER)
			return fault_set(
			    why, NULL, "an answer of the server makes no sense");
		if (r->integer < EARSHOT_FUNCTION_VERSION) {
			if (d->load_function && !d->load_tried) {
				d->load_tried = true;
				simple(d, CALL_LOAD, now);
			} else {
				function_missing(d, now);
			}
			return 0;
		}
		d->state = STATE_READY;
		log_line(d->log, d->was_ready ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
		    "delivering to '%s'", d->server);
		d->was_ready = true;
		return 0;
	case CALL_LOAD:
		simple(d, CALL_VERSION, now);
		return 0;
	case CALL_LAST:
		if (r->type != REDIS_REPLY_INTEGER)
			return fault_set(
			    why, NULL, "an answer of the server makes no sense");
		return stands_at(d, c.queue, r->integer, why);
	case CALL_APPEND:
		return appended(d, c.queue, r, why);
	}
	return 0;
}
