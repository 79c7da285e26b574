/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is done now and then beside the events. Every five minutes each server is asked how
 * it keeps our events (INFO) and how far behind each consumer group is; every hour each
 * stream is trimmed by age, those too that nothing comes to. One stream at a time, so that
 * it never stands before an event; when a sensor begins depends on its name, so that a
 * fleet does not come at once. Of a server that does not allow it nothing is known,
 * and that is no failure of a delivery.
 */
#include "rules/event/delivery_state.h"

#include "rules/event/gap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CARE_FIRST (10 * NS_PER_S)
#define CARE_EVERY (300 * NS_PER_S)
#define TRIM_ROUNDS 12			/* an hour */
#define DAY (86400 * NS_PER_S)

static uint32_t
stream_of(unsigned n, char buf[DELIVERY_KEY])
{
	uint32_t partition = n / LANE_COUNT;

	(void)delivery_stream_key((enum lane)(n % LANE_COUNT), partition, buf);
	return partition;
}

/* The link of this stream if it is idle enough for such a question. */
static struct link *
idle(struct delivery *d, uint32_t partition)
{
	struct link *l = &d->link[d->route[partition]];

	return l->state == STATE_READY && l->calls < CALLS_MAX / 2 ? l : NULL;
}

static void
round_begins(struct delivery *d, struct loop_time now)
{
	static const char *info[] = { "INFO" };

	d->next = (struct redis_health){ .lag_known = true, .appendonly = true };
	for (unsigned i = 0; i < DELIVERY_LINKS; i++)
		for (uint32_t p = 0; p < d->used; p++)
			if (d->route[p] == i) {
				if (idle(d, p) != NULL)
					delivery_say_words(
					    d, &d->link[i], CALL_INFO, 1, info, now);
				break;
			}
	d->lag_next = 0;
	if (d->keep_ns > 0 && d->rounds++ % TRIM_ROUNDS == 0)
		d->trim_next = 0;
}

void
care_tick(struct delivery *d, struct loop_time now)
{
	char key[DELIVERY_KEY], maxlen[24], keep[24];
	const char *lag[] = { "FCALL", "ear_lag", "1", key };
	const char *trim[] = { "FCALL", "ear_trim", "1", key, maxlen, keep };
	struct link *l;
	uint64_t spread = 0;

	if (!delivery_ready(d))
		return;
	if (d->care_due.ns == 0) {
		for (const char *c = d->sensor; *c != '\0'; c++)
			spread = spread * 31 + (unsigned char)*c;
		d->care_due.ns = now.ns + CARE_FIRST + (int64_t)(spread % 50) * NS_PER_S;
	}
	if (now.ns >= d->care_due.ns) {
		d->care_due.ns = now.ns + CARE_EVERY;
		round_begins(d, now);
	}
	if (d->lag_next < d->used * LANE_COUNT &&
	    (l = idle(d, stream_of(d->lag_next, key))) != NULL) {
		delivery_say_words(d, l, CALL_LAG, 4, lag, now);
		d->lag_next++;
	} else if (d->trim_next < d->used * LANE_COUNT &&
	    (l = idle(d, stream_of(d->trim_next, key))) != NULL) {
		(void)snprintf(maxlen, sizeof(maxlen), "%" PRIu64, d->maxlen);
		(void)snprintf(keep, sizeof(keep), "%lld",
		    (long long)(d->keep_ns / NS_PER_MS));
		delivery_say_words(d, l, CALL_TRIM, 6, trim, now);
		d->trim_next++;
	}
}

/* "name:value\r\n" in the text INFO gives. */
static bool
value_of(const char *info, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	for (const char *at = info; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, name, n) != 0 || at[n] != ':')
			continue;
		at += n + 1;
		(void)snprintf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at);
		return true;
	}
	return false;
}

/* The worst of all nodes counts. */
static void
heard_info(struct redis_health *h, const char *info)
{
	char policy[24], most[24] = "0", aof[4] = "";

	if (!value_of(info, "maxmemory_policy", policy, sizeof(policy)) ||
	    !value_of(info, "aof_enabled", aof, sizeof(aof)))
		return;
	(void)value_of(info, "maxmemory", most, sizeof(most));
	for (const char *c = policy; *c != '\0'; c++)
		if ((*c < 'a' || *c > 'z') && *c != '-')
			return;
	h->known = true;
	h->appendonly = h->appendonly && strcmp(aof, "1") == 0;
	if (h->evicts)
		return;
	h->evicts = strncmp(policy, "allkeys-", 8) == 0 && strcmp(most, "0") != 0;
	memcpy(h->policy, policy, sizeof(h->policy));
}

void
care_heard(struct delivery *d, const struct link *l, enum call_kind kind,
    const redisReply *r)
{
	struct redis_health *h = &d->next;
	const redisReply *group;

	(void)l;
	if (kind == CALL_INFO && r->type == REDIS_REPLY_STRING) {
		heard_info(h, r->str);
		d->health.known = h->known;
		d->health.evicts = h->evicts;
		d->health.appendonly = h->appendonly;
		memcpy(d->health.policy, h->policy, sizeof(h->policy));
	}
	if (kind != CALL_LAG || r->type != REDIS_REPLY_ARRAY || r->elements != 3 ||
	    r->element[0]->type != REDIS_REPLY_INTEGER || r->element[0]->integer < 0 ||
	    r->element[1]->type != REDIS_REPLY_STRING)
		return;
	group = r->element[1];
	if ((uint64_t)r->element[0]->integer > h->lag) {
		h->lag = (uint64_t)r->element[0]->integer;
		(void)snprintf(h->group, sizeof(h->group), "%.63s", group->str);
		/* A name that somebody else gave: it goes into events and logs. */
		if (!json_line_ok(h->group, strlen(h->group)))
			(void)snprintf(h->group, sizeof(h->group), "?");
	}
	if (d->lag_next < d->used * LANE_COUNT)
		return;			/* the rest of the round is still out */
	d->health.lag_known = true;
	d->health.lag = h->lag;
	d->health.lags = h->lag >= d->maxlen / 2;
	memcpy(d->health.group, h->group, sizeof(h->group));
}

/* It stands in the stream under a boot of its own, "cloned-MACHINE-DAY", with number 1: told
 * again it is a replay, and a replay adds nothing. */
void
care_tell_clone(struct delivery *d, const struct queue *q, struct loop_time now)
{
	char stream[DELIVERY_KEY], seqs[DELIVERY_KEY], boot[QUEUE_NAME];
	char field[2 * QUEUE_NAME + 8], maxlen[24], json[1024];
	const char *argv[] = { "FCALL", "ear_append", "2", stream, seqs, field, "1", maxlen,
		"0", json };
	int64_t day = q->time / DAY;
	struct link *l = idle(d, 0);

	if (l == NULL || day == d->told_day)
		return;
	(void)snprintf(boot, sizeof(boot), "cloned-%.16s-%" PRId64, d->machine, day);
	if (clone_event_json(d->sensor, boot, d->machine, d->version, q->time, json,
	    sizeof(json)) == 0)
		return;
	d->told_day = day;
	(void)delivery_stream_key(LANE_ALERT, 0, stream);
	(void)snprintf(seqs, sizeof(seqs), "{ear:p00}:seq");
	(void)snprintf(field, sizeof(field), "%s/%s/alert", d->sensor, boot);
	(void)snprintf(maxlen, sizeof(maxlen), "%" PRIu64, d->maxlen);
	delivery_say_words(d, l, CALL_TELL, 10, argv, now);
}
