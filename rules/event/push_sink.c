/* SPDX-License-Identifier: GPL-3.0-or-later */
/* push_sink: three ways of handing out a backlog over one dial. */
#include "rules/event/push_sink.h"

#include "rules/event/backlog.h"
#include "rules/event/clock.h"
#include "rules/event/redis_login.h"
#include "rules/event/refusal.h"
#include "rules/event/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_EVENTS 512
#define BATCH_BYTES (256u << 10)	/* also what a unix socket is given at once */
#define ANSWER_WITHIN (10 * NS_PER_S)
#define PING_AFTER (5 * NS_PER_S)
#define STALLED_AFTER (5 * NS_PER_S)

/* Every answer we ask for is one line. */
static const struct reply_limits limits = { .bytes = 64 << 10, .elements = 8, .depth = 1 };

enum asked { ASKED_AUTH, ASKED_PING, ASKED_PUSH, ASKED_TRIM };

struct push_sink {
	struct push_options o;
	char name[SINK_TEXT];
	struct backlog *backlog;
	struct dial *dial;
	struct reply_reader *reader;
	enum asked asked[BATCH_EVENTS + 4];	/* a ring: answers come in this order */
	unsigned first, asks;
	uint64_t batch;			/* events in the RPUSH under way */
	bool ready;			/* may be given events */
	size_t flight;			/* unix: bytes handed out, not done */
	struct loop_time sent, heard, moved;
	uint64_t trimmed;
	unsigned trouble;		/* what was refused last, and 1 more; 0: nothing */
	struct reasons reasons;
	struct log_limit said_lost, said_trim;
	uint64_t lost_told;
	char error[sizeof(((struct sink_state *)NULL)->error)];
};

static void up(void *arg, struct loop_time now);
static int heard(void *arg, const void *bytes, size_t n, struct loop_time now,
    struct fault *why);
static void drained(void *arg, struct loop_time now);
static void down(void *arg, const struct fault *why, struct loop_time now);
static void count_flight(struct push_sink *p, struct loop_time now);
static void send_more(struct push_sink *p, struct loop_time now);

struct push_sink *
push_create(const struct push_options *o, struct fault *why)
{
	struct push_sink *p = calloc(1, sizeof(*p));
	struct backlog_options bo = { o->sensor, o->version, o->bytes };
	struct dial_options d = { .base = o->base, .dns = o->dns, .to = &o->to->at,
		.own = o->own, .tls = o->tls, .seed = o->seed, .arg = p, .up = up, .heard = heard,
		.drained = drained, .down = down };

	if (p == NULL)
		goto no_memory;
	p->o = *o;
	if (p->o.secret != NULL && p->o.secret->text[0] == '\0')
		p->o.secret = NULL;
	d.loopback_only = p->o.secret != NULL && !o->plain && o->tls == NULL;
	(void)sink_name(o->to, p->name, sizeof(p->name));
	p->backlog = backlog_create(&bo);
	p->reader = reply_create(&limits);
	if (p->backlog == NULL || p->reader == NULL)
		goto no_memory;
	p->dial = dial_create(&d, why);
	if (p->dial != NULL)
		return p;
	push_destroy(p);
	return NULL;
no_memory:
	push_destroy(p);
	(void)fault_set(why, NULL, "no memory for an output");
	return NULL;
}

void
push_destroy(struct push_sink *p)
{
	if (p == NULL)
		return;
	dial_destroy(p->dial);
	backlog_destroy(p->backlog);
	reply_destroy(p->reader);
	free(p);
}

void
push_put(struct push_sink *p, const struct event_head *h, const char *json,
    struct loop_time now)
{
	if (!backlog_put(p->backlog, h, json) &&
	    log_limit_pass(&p->said_lost, now, NULL)) {
		log_line(p->o.log, LOG_LEVEL_WARN, "'%s' is too slow or away: %" PRIu64
		    " events for it were lost so far, the oldest first", p->name,
		    backlog_lost(p->backlog));
		p->lost_told = backlog_lost(p->backlog);
	}
}

/* ---- the connection ---- */

static void
ask(struct push_sink *p, enum asked what, int argc, const char **argv, const size_t *len,
    struct loop_time now)
{
	char *bytes = NULL;
	long long n = redisFormatCommandArgv(&bytes, argc, argv, len);
	struct fault why;

	if (n <= 0 || bytes == NULL) {
		(void)fault_set(&why, NULL, "no memory for a command");
		dial_hang_up(p->dial, &why);
		return;
	}
	p->asked[(p->first + p->asks++) % (BATCH_EVENTS + 4)] = what;
	p->sent = now;
	dial_write(p->dial, bytes, (size_t)n);
	redisFreeCommand(bytes);
}

static void
up(void *arg, struct loop_time now)
{
	struct push_sink *p = arg;
	const char *argv[3], *ping[] = { "PING" };
	int argc;

	p->first = p->asks = 0;
	p->flight = 0;
	p->batch = 0;
	p->sent = p->heard = p->moved = now;
	if (p->o.to->kind == SINK_UNIX) {
		p->ready = true;
		log_line(p->o.log, LOG_LEVEL_INFO, "delivering to '%s'", p->name);
		send_more(p, now);
		return;
	}
	reply_reset(p->reader);
	argc = redis_login_argv(p->o.to->user, p->o.secret, argv);
	if (argc > 0)
		ask(p, ASKED_AUTH, argc, argv, NULL, now);
	else
		ask(p, ASKED_PING, 1, ping, NULL, now);
}

static void
down(void *arg, const struct fault *why, struct loop_time now)
{
	struct push_sink *p = arg;
	char behind[96];

	/* The kernel has taken the first of what is under way. */
	if (p->o.to->kind == SINK_UNIX && p->ready)
		count_flight(p, now);
	p->ready = false;
	p->flight = 0;
	if (p->o.to->kind == SINK_REDIS_PUBSUB)
		backlog_give_up(p->backlog);
	else
		backlog_again(p->backlog);
	(void)snprintf(p->error, sizeof(p->error), "%.*s", (int)sizeof(p->error) - 1,
	    why->what);
	(void)snprintf(behind, sizeof(behind), "%" PRIu64 " events wait in memory",
	    backlog_waiting(p->backlog));
	reasons_say(&p->reasons, p->name, why, behind, p->o.log, now);
}

/* ---- giving ---- */

static void
count_flight(struct push_sink *p, struct loop_time now)
{
	size_t gone = p->flight - dial_unsent(p->dial), done;

	done = backlog_done_bytes(p->backlog, gone, 1);
	if (done > 0)
		p->moved = now;
	p->flight -= done;
}

static void
send_lines(struct push_sink *p, struct loop_time now)
{
	struct span line;

	count_flight(p, now);
	while (dial_is_up(p->dial) && p->flight < BATCH_BYTES &&
	    backlog_next(p->backlog, &line)) {
		dial_write(p->dial, line.at, line.left);
		dial_write(p->dial, "\n", 1);
		p->flight += line.left + 1;
	}
}

static void
send_list(struct push_sink *p, struct loop_time now)
{
	const char *argv[2 + BATCH_EVENTS] = { "RPUSH", p->o.to->key };
	size_t len[2 + BATCH_EVENTS] = { 5, strlen(p->o.to->key) }, bytes = 0;
	struct span line;
	int argc = 2;

	if (p->batch > 0)
		return;
	while (argc < 2 + BATCH_EVENTS && bytes < BATCH_BYTES &&
	    backlog_next(p->backlog, &line)) {
		argv[argc] = (const char *)line.at;
		len[argc++] = line.left;
		bytes += line.left;
	}
	if (argc == 2)
		return;
	p->batch = (uint64_t)argc - 2;
	ask(p, ASKED_PUSH, argc, argv, len, now);
}

static void
send_channel(struct push_sink *p, struct loop_time now)
{
	const char *argv[3] = { "PUBLISH", p->o.to->key };
	size_t len[3] = { 7, strlen(p->o.to->key) };
	struct span line;

	while (dial_is_up(p->dial) && p->asks < BATCH_EVENTS &&
	    dial_unsent(p->dial) < BATCH_BYTES && backlog_next(p->backlog, &line)) {
		argv[2] = (const char *)line.at;
		len[2] = line.left;
		ask(p, ASKED_PUSH, 3, argv, len, now);
	}
}

static void
send_stream(struct push_sink *p, struct loop_time now)
{
	char most[24];
	const char *argv[] = { "XADD", p->o.to->key, "MAXLEN", "~", most, "*", "e", NULL };
	size_t len[] = { 4, strlen(p->o.to->key), 6, 1, 0, 1, 1, 0 };
	struct span line;

	len[4] = (size_t)snprintf(most, sizeof(most), "%d", PUSH_LIST_MOST);
	while (dial_is_up(p->dial) && p->asks < BATCH_EVENTS &&
	    dial_unsent(p->dial) < BATCH_BYTES && backlog_next(p->backlog, &line)) {
		argv[7] = (const char *)line.at;
		len[7] = line.left;
		ask(p, ASKED_PUSH, 8, argv, len, now);
	}
}

static void
send_more(struct push_sink *p, struct loop_time now)
{
	if (!p->ready)
		return;
	if (p->o.to->kind == SINK_UNIX)
		send_lines(p, now);
	else if (p->o.to->kind == SINK_REDIS_LIST)
		send_list(p, now);
	else if (p->o.to->kind == SINK_REDIS_XADD)
		send_stream(p, now);
	else
		send_channel(p, now);
}

static void
drained(void *arg, struct loop_time now)
{
	send_more(arg, now);
}

/* ---- hearing ---- */

/* The list has grown long: nobody takes from it. Its oldest go. */
static void
trim(struct push_sink *p, long long length, struct loop_time now)
{
	char from[24];
	const char *argv[] = { "LTRIM", p->o.to->key, from, "-1" };

	if (length <= PUSH_LIST_MOST)
		return;
	p->trimmed += (uint64_t)length - PUSH_LIST_MOST;
	if (log_limit_pass(&p->said_trim, now, NULL))
		log_line(p->o.log, LOG_LEVEL_WARN, "nobody takes from the list of '%s': its "
		    "oldest elements are removed beyond %d (%" PRIu64 " so far)", p->name,
		    PUSH_LIST_MOST, p->trimmed);
	(void)snprintf(from, sizeof(from), "-%d", PUSH_LIST_MOST);
	ask(p, ASKED_TRIM, 4, argv, NULL, now);
}

static int
answer(struct push_sink *p, const redisReply *r, struct loop_time now, struct fault *why)
{
	const char *ping[] = { "PING" };
	enum asked what;

	if (p->asks == 0)
		return fault_set(why, NULL, "an answer that nobody asked for");
	what = p->asked[p->first];
	p->first = (p->first + 1) % (BATCH_EVENTS + 4);
	p->asks--;
	p->heard = now;
	if (r->type == REDIS_REPLY_ERROR)
		p->trouble = refusal_of(r->str) + 1;
	if (r->type == REDIS_REPLY_ERROR)
		return refusal_fault(what == ASKED_AUTH ? refusal_of_login(r->str) :
		    r->str, why);
	if (what == ASKED_AUTH) {
		ask(p, ASKED_PING, 1, ping, NULL, now);
		return 0;
	}
	if (what == ASKED_TRIM)
		return 0;
	if (what == ASKED_PING) {
		if (r->type != REDIS_REPLY_STATUS || strcmp(r->str, "PONG") != 0)
			return fault_set(why, NULL, "what answers there is no Redis");
		if (!p->ready)
			log_line(p->o.log, LOG_LEVEL_INFO, "delivering to '%s'", p->name);
		p->ready = true;
		return 0;
	}
	if (p->o.to->kind == SINK_REDIS_XADD ? r->type != REDIS_REPLY_STRING :
	    r->type != REDIS_REPLY_INTEGER || r->integer < 0)
		return fault_set(why, NULL, "an answer of the server makes no sense");
	p->moved = now;
	p->trouble = 0;
	dial_is_good(p->dial);
	if (p->o.to->kind != SINK_REDIS_LIST) {
		backlog_done(p->backlog, 1);
		return 0;
	}
	backlog_done(p->backlog, p->batch);
	p->batch = 0;
	trim(p, r->integer, now);
	return 0;
}

static int
heard(void *arg, const void *bytes, size_t n, struct loop_time now, struct fault *why)
{
	struct push_sink *p = arg;
	redisReply *r;
	int got, rc;

	if (p->o.to->kind == SINK_UNIX)
		return 0;	/* who listens there has nothing to say */
	if (reply_feed(p->reader, bytes, n) == -1)
		return fault_set(why, NULL, "%s", reply_error(p->reader));
	while ((got = reply_next(p->reader, &r)) == 1) {
		rc = answer(p, r, now, why);
		freeReplyObject(r);
		if (rc == -1 || !dial_is_up(p->dial))
			return rc;
	}
	if (got == -1)
		return fault_set(why, NULL, "%s", reply_error(p->reader));
	send_more(p, now);
	return 0;
}

void
push_tick(struct push_sink *p, struct loop_time now)
{
	const char *ping[] = { "PING" };
	struct fault why;

	if (dial_is_up(p->dial) && p->o.to->kind != SINK_UNIX) {
		int64_t since = p->heard.ns > p->sent.ns ? p->heard.ns : p->sent.ns;

		if (p->asks > 0 && now.ns - since > ANSWER_WITHIN) {
			(void)fault_set(&why, NULL, "no answer for 10 s");
			dial_hang_up(p->dial, &why);
			return;
		}
		if (p->asks == 0 && p->ready && now.ns - p->heard.ns > PING_AFTER)
			ask(p, ASKED_PING, 1, ping, NULL, now);
	}
	send_more(p, now);
}

uint64_t
push_waiting(const struct push_sink *p)
{
	return backlog_waiting(p->backlog);
}

uint64_t
push_lost(const struct push_sink *p)
{
	return backlog_lost(p->backlog);
}

bool
push_is_behind(const struct push_sink *p, struct loop_time now)
{
	return p->ready && backlog_bytes(p->backlog) > backlog_room(p->backlog) / 2 &&
	    now.ns - p->moved.ns < STALLED_AFTER;
}

void
push_state(const struct push_sink *p, struct sink_state *out)
{
	*out = (struct sink_state){ .sent = backlog_arrived(p->backlog),
		.lost = backlog_lost(p->backlog), .waiting = backlog_waiting(p->backlog),
		.reconnects = dial_reconnects(p->dial), .up = p->ready };
	(void)snprintf(out->name, sizeof(out->name), "%.*s", (int)sizeof(out->name) - 1,
	    p->name);
	memcpy(out->error, p->error, sizeof(out->error));
	(void)snprintf(out->state, sizeof(out->state), "%s", p->trouble > 0 ?
	    refusals[p->trouble - 1].state : p->ready ? "ready" : dial_is_up(p->dial) ?
	    "authenticating" : "connecting");
}
