/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each answer of a server does to a delivery. An error keeps everything; what makes
 * no sense ends the connection. */
#include "rules/event/delivery_state.h"

#include "rules/event/redis_function.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Keeps everything, waits, and says so once a minute. */
static void
refused(struct delivery *d, struct link *l, struct queue *q, const char *text,
    struct loop_time now)
{
	char behind[64];
	struct fault why;

	d->counts.errors++;
	l->trouble = refusal_of(text) + 1;
	if (q != NULL) {
		q->state = QUEUE_UNKNOWN;
		q->hold.ns = now.ns + l->hold_ns;
	}
	if (q == NULL || refusals[refusal_of(text)].all)
		l->hold.ns = now.ns + l->hold_ns;
	l->hold_ns = l->hold_ns * 2 < HOLD_MOST ? l->hold_ns * 2 : HOLD_MOST;
	if (strncmp(text, "CLONED", 6) == 0 && q != NULL) {
		d->health.cloned = true;
		care_tell_clone(d, q, now);
	}
	/* What is too old goes now, not within the hour. */
	if (strncmp(text, "OOM", 3) == 0 && d->keep_ns > 0 &&
	    d->trim_next >= d->used * LANE_COUNT)
		d->trim_next = 0;
	if (strncmp(text, "CLUSTERDOWN", 11) == 0)
		nodes_look_again(d, l, now);
	(void)refusal_fault(text, &why);
	(void)snprintf(behind, sizeof(behind), "%" PRIu64 " events wait in the spool",
	    delivery_waiting(d));
	reasons_say(&l->reasons, l->name, &why, behind, d->log, now);
}

static void
function_missing(struct delivery *d, struct link *l, struct loop_time now)
{
	l->hold.ns = now.ns + HOLD_MOST;
	if (log_limit_pass(&d->said_function, now, NULL)) {
		struct fault why;
		char remedy[300];

		(void)snprintf(remedy, sizeof(remedy),
		    "run 'earshot redis init %.200s'", l->name);
		(void)fault_set(&why, remedy,
		    "'%s' lacks the functions of earshot; %" PRIu64
		    " events wait in the spool",
		    l->name, delivery_waiting(d));
		log_fault(d->log, LOG_LEVEL_WARN, &why);
	}
}

/* The server has less than it said it had: read the spool again from where it starts. */
static int
rewind_spool(struct delivery *d, struct queue *q, uint64_t last, struct fault *why)
{
	uint64_t had = q->popped;

	queues_empty(&d->queues);
	for (unsigned i = 0; i < LANE_COUNT; i++)
		d->spool[i].cursor = seglog_first(d->spool[i].log);
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
		lost_by_take(&q->by, &q->by_sent);
		q->by_sent = (struct lost_by){ .kind = { 0 } };
		if (q->head != NULL && q->head->seq == q->sent_to)
			d->counts.lost--; /* the gap event has a number of its own */
	}
	return stands_at(d, q, n->integer, why);
}

/* The library is not there, or an older one: loaded if we may, else waited for. */
static void
function_wanted(struct delivery *d, struct link *l, struct loop_time now)
{
	if (d->load_function && !l->load_tried) {
		l->load_tried = true;
		delivery_say(d, l, CALL_LOAD, now);
	} else {
		function_missing(d, l, now);
	}
}

static int
heard_version(struct delivery *d, struct link *l, const redisReply *r,
    struct loop_time now, struct fault *why)
{
	if (r->type != REDIS_REPLY_INTEGER)
		return fault_set(why, NULL, "an answer of the server makes no sense");
	if (r->integer < EARSHOT_FUNCTION_VERSION) {
		function_wanted(d, l, now);
		return 0;
	}
	l->state = STATE_READY;
	l->trouble = 0;
	log_line(d->log, l->was_ready ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
	    "delivering to '%s'", l->name);
	l->was_ready = true;
	return 0;
}

static int
heard_error(struct delivery *d, struct link *l, const struct call *c, const char *text,
    struct loop_time now, struct fault *why)
{
	if (c->kind == CALL_AUTH)
		l->trouble = refusal_of(text) + 1;
	if (c->kind == CALL_AUTH)
		return refusal_fault(refusal_of_login(text), why);
	if (c->kind >= CALL_TRIM)
		return 0;		/* only care: not allowed, or moved; the next time */
	if (c->kind == CALL_SLOTS) {
		d->map_asked = false;
		d->map_forbidden = strncmp(text, "NOPERM", 6) == 0;
		if (d->map_forbidden && log_limit_pass(&d->said_map, now, NULL))
			log_line(d->log, LOG_LEVEL_WARN, "'%s' is a cluster and does not "
			    "let us ask which node has what (+cluster|slots in its ACL): a "
			    "node that is lost is found again later than it could be",
			    l->name);
		return 0;
	}
	if (strncmp(text, "ERR Function not found", 22) == 0 && c->kind != CALL_PING) {
		if (l->state == STATE_READY)
			return fault_set(
			    why, NULL, "the server has lost the functions of earshot");
		function_wanted(d, l, now);
		return 0;
	}
	if (c->queue == NULL || !nodes_redirected(d, l, c->queue, text, now))
		refused(d, l, c->queue, text, now);
	return 0;
}

int
delivery_answer(struct delivery *d, struct link *l, const redisReply *r,
    struct loop_time now, struct fault *why)
{
	struct call c;

	if (l->calls == 0)
		return fault_set(why, NULL, "an answer that nobody asked for");
	c = l->call[l->call_first];
	l->call_first = (l->call_first + 1) % CALLS_MAX;
	l->calls--;
	l->flight -= c.bytes;
	l->heard = now;
	if (r->type == REDIS_REPLY_ERROR)
		return heard_error(d, l, &c, r->str, now, why);
	if (c.kind == CALL_APPEND || c.kind == CALL_VERSION || c.kind == CALL_LOAD)
		l->hold_ns = HOLD_FIRST;
	switch (c.kind) {
	case CALL_AUTH:
	case CALL_ASKING:
		return 0;
	case CALL_TRIM:
	case CALL_INFO:
	case CALL_LAG:
	case CALL_TELL:
		care_heard(d, l, c.kind, r);
		return 0;
	case CALL_PING:
		if (r->type != REDIS_REPLY_STATUS || strcmp(r->str, "PONG") != 0)
			return fault_set(why, NULL, "what answers there is no Redis");
		if (l->state == STATE_PING) {
			l->state = STATE_CHECK;
			delivery_say(d, l, CALL_VERSION, now);
		}
		return 0;
	case CALL_VERSION:
		return heard_version(d, l, r, now, why);
	case CALL_LOAD:
		delivery_say(d, l, CALL_VERSION, now);
		return 0;
	case CALL_SLOTS:
		return nodes_heard(d, l, r, why);
	case CALL_LAST:
		if (r->type != REDIS_REPLY_INTEGER)
			return fault_set(
			    why, NULL, "an answer of the server makes no sense");
		return stands_at(d, c.queue, r->integer, why);
	case CALL_APPEND:
		l->good = true;
		l->trouble = 0;
		if (strcmp(c.queue->sensor, d->sensor) == 0)
			d->health.cloned = false;
		return appended(d, c.queue, r, why);
	}
	return 0;
}
