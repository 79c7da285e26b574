/* SPDX-License-Identifier: GPL-3.0-or-later */
/* redis_admin: what is asked, in order; how it is asked is redis_talk.h. */
#include "rules/event/redis_admin.h"

#include "rules/event/delivery.h"
#include "rules/event/redis_function.h"
#include "rules/event/redis_talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Into one master. */
static int
load(struct talk *t, unsigned which, struct fault *why)
{
	const char *text[] = { "FUNCTION", "LOAD", "REPLACE", redis_function_text() };
	const char *version[] = { "FCALL", "ear_version", "0" };
	redisReply *r = NULL;
	int rc;

	if (talk_ask_master(t, which, 4, text, &r, why) == -1)
		return -1;
	freeReplyObject(r);
	if (talk_ask_master(t, which, 3, version, &r, why) == -1)
		return -1;
	rc = r->type == REDIS_REPLY_INTEGER && r->integer == EARSHOT_FUNCTION_VERSION
		 ? 0
		 : fault_set(why, NULL,
		       "'%s' has loaded our functions but does not run them",
		       talk_master_name(t, which));
	freeReplyObject(r);
	return rc;
}

int
redis_init(const struct redis_access *a, struct fault *why)
{
	struct talk t;
	int n = -1;

	if (talk_begin(&t, a, why) == 0)
		n = talk_masters(&t, why);
	for (int i = 0; i < n; i++)
		if (load(&t, (unsigned)i, why) == -1)
			n = -1;
	talk_end_all(&t);
	return n;
}

/* [[id, [field, value, ...]]] -> the value of `e`. */
static const redisReply *
json_of(const redisReply *r)
{
	const redisReply *entry, *fields;

	if (r->type != REDIS_REPLY_ARRAY || r->elements != 1)
		return NULL;
	entry = r->element[0];
	if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2)
		return NULL;
	fields = entry->element[1];
	if (fields->type != REDIS_REPLY_ARRAY)
		return NULL;
	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (fields->element[i]->type == REDIS_REPLY_STRING &&
		    strcmp(fields->element[i]->str, "e") == 0 &&
		    fields->element[i + 1]->type == REDIS_REPLY_STRING)
			return fields->element[i + 1];
	return NULL;
}

static int
summary_one(struct talk *t, const char *stream, redis_summary_fn *each, void *arg,
    struct fault *why)
{
	const char *count[] = { "XLEN", stream };
	const char *last[] = { "XREVRANGE", stream, "+", "-", "COUNT", "1" };
	redisReply *r = NULL;
	const redisReply *json;
	long long n;

	if (talk_ask(t, 2, count, &r, why) == -1)
		return -1;
	n = r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
	freeReplyObject(r);
	if (n <= 0)
		return 0;
	if (talk_ask(t, 6, last, &r, why) == -1)
		return -1;
	json = json_of(r);
	each(arg, stream, (uint64_t)n, json == NULL ? "" : json->str,
	    json == NULL ? 0 : (size_t)json->len);
	freeReplyObject(r);
	return 0;
}

int
redis_summary(const struct redis_access *a, redis_summary_fn *each, void *arg,
    struct fault *why)
{
	char stream[DELIVERY_KEY];
	struct talk t;
	int rc = talk_begin(&t, a, why);

	for (uint32_t p = 0; rc == 0 && p < EVENT_PARTITIONS_MOST; p++)
		for (int lane = 0; rc == 0 && lane < LANE_COUNT; lane++)
			rc = summary_one(&t,
			    delivery_stream_key((enum lane)lane, p, stream), each, arg,
			    why);
	talk_end_all(&t);
	return rc;
}

/* "name:value\r\n" in the text INFO gives. */
static bool
info_value(const char *info, const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	for (const char *at = info; at != NULL; at = strchr(at, '\n')) {
		if (*at == '\n')
			at++;
		if (strncmp(at, name, n) != 0 || at[n] != ':')
			continue;
		(void)snprintf(out, size, "%.*s", (int)strcspn(at + n + 1, "\r\n"),
		    at + n + 1);
		return true;
	}
	return false;
}

static uint64_t
info_number(const char *info, const char *name)
{
	char text[32];

	return info_value(info, name, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

static void
look_info(struct talk *t, struct redis_look *out)
{
	const char *info[] = { "INFO" };
	char text[32];
	redisReply *r;
	struct fault why;

	if (talk_ask(t, 1, info, &r, &why) == -1)
		return;
	if (r->type == REDIS_REPLY_STRING) {
		out->valkey = info_value(r->str, "valkey_version", out->version,
		    sizeof(out->version));
		if (!out->valkey)
			(void)info_value(r->str, "redis_version", out->version,
			    sizeof(out->version));
		out->replica = info_value(r->str, "role", text, sizeof(text)) &&
		    strcmp(text, "slave") == 0;
		(void)info_value(r->str, "maxmemory_policy", out->policy,
		    sizeof(out->policy));
		out->maxmemory = info_number(r->str, "maxmemory");
		out->used_memory = info_number(r->str, "used_memory");
		out->persistence_known = info_value(r->str, "aof_enabled", text,
		    sizeof(text));
		out->aof = out->persistence_known && strcmp(text, "1") == 0;
		out->write_failed =
		    (info_value(r->str, "rdb_last_bgsave_status", text, sizeof(text)) &&
		    strcmp(text, "ok") != 0) ||
		    (out->aof && info_value(r->str, "aof_last_write_status", text,
		    sizeof(text)) && strcmp(text, "ok") != 0);
	}
	freeReplyObject(r);
}

/* INFO does not say whether snapshots are made; CONFIG may be forbidden, and then it is
 * not held against the server. */
static void
look_snapshots(struct talk *t, struct redis_look *out)
{
	const char *save[] = { "CONFIG", "GET", "save" };
	redisReply *r;
	struct fault why;

	if (talk_ask(t, 3, save, &r, &why) == -1) {
		out->persistence_known = out->persistence_known && out->aof;
		return;
	}
	if (r->type == REDIS_REPLY_ARRAY && r->elements == 2 &&
	    r->element[1]->type == REDIS_REPLY_STRING)
		out->snapshots = r->element[1]->len > 0;
	freeReplyObject(r);
}

static void
look_user(struct talk *t, struct redis_look *out)
{
	const char *whoami[] = { "ACL", "WHOAMI" };
	const char *get[] = { "ACL", "GETUSER", out->user };
	const redisReply *flags;
	redisReply *r;
	struct fault why;

	if (talk_ask(t, 2, whoami, &r, &why) == -1)
		return;
	if (r->type == REDIS_REPLY_STRING)
		(void)snprintf(out->user, sizeof(out->user), "%s", r->str);
	freeReplyObject(r);
	if (out->user[0] == '\0' || talk_ask(t, 3, get, &r, &why) == -1)
		return;
	for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i + 1 < r->elements; i += 2) {
		flags = r->element[i + 1];
		if (r->element[i]->type != REDIS_REPLY_STRING ||
		    strcmp(r->element[i]->str, "flags") != 0 ||
		    flags->type != REDIS_REPLY_ARRAY)
			continue;
		for (size_t k = 0; k < flags->elements; k++)
			if (flags->element[k]->type == REDIS_REPLY_STRING &&
			    strcmp(flags->element[k]->str, "nopass") == 0)
				out->open_to_all = true;
	}
	freeReplyObject(r);
}

static void
look_function(struct talk *t, struct redis_look *out)
{
	const char *version[] = { "FCALL", "ear_version", "0" };
	redisReply *r;
	struct fault why;

	out->function_version = -1;
	if (talk_ask(t, 3, version, &r, &why) == -1) {
		if (strstr(why.what, "NOPERM") != NULL)
			(void)snprintf(out->not_permitted, sizeof(out->not_permitted),
			    "FCALL");
		return;
	}
	if (r->type == REDIS_REPLY_INTEGER)
		out->function_version = r->integer;
	freeReplyObject(r);
}

/* The groups of one stream: arrays of name and value. */
static int
look_groups(struct talk *t, const char *stream, struct redis_look *out)
{
	const char *groups[] = { "XINFO", "GROUPS", stream };
	redisReply *r;
	struct fault why;

	if (talk_ask(t, 3, groups, &r, &why) == -1)
		return -1;
	for (size_t g = 0; r->type == REDIS_REPLY_ARRAY && g < r->elements; g++) {
		const redisReply *one = r->element[g], *name = NULL;
		uint64_t behind = 0;

		out->groups++;
		for (size_t i = 0; one->type == REDIS_REPLY_ARRAY && i + 1 < one->elements;
		    i += 2) {
			const redisReply *k = one->element[i], *v = one->element[i + 1];

			if (k->type != REDIS_REPLY_STRING)
				continue;
			if (strcmp(k->str, "name") == 0 && v->type == REDIS_REPLY_STRING)
				name = v;
			if ((strcmp(k->str, "lag") == 0 ||
			    strcmp(k->str, "pending") == 0) &&
			    v->type == REDIS_REPLY_INTEGER && v->integer > 0)
				behind += (uint64_t)v->integer;
		}
		if (name == NULL || behind <= out->lag)
			continue;
		out->lag = behind;
		(void)snprintf(out->lag_group, sizeof(out->lag_group), "%s", name->str);
		(void)snprintf(out->lag_stream, sizeof(out->lag_stream), "%s", stream);
	}
	freeReplyObject(r);
	return 0;
}

static void
look_streams(struct talk *t, struct redis_look *out)
{
	char stream[DELIVERY_KEY];

	for (uint32_t p = 0; p < EVENT_PARTITIONS_MOST; p++)
		for (int lane = 0; lane < LANE_COUNT; lane++) {
			const char *count[] = { "XLEN",
				delivery_stream_key((enum lane)lane, p, stream) };
			redisReply *r;
			struct fault why;
			long long n;

			if (talk_ask(t, 2, count, &r, &why) == -1)
				return;
			n = r->type == REDIS_REPLY_INTEGER ? r->integer : 0;
			freeReplyObject(r);
			if (n <= 0)
				continue;
			out->streams++;
			out->entries += (uint64_t)n;
			if (look_groups(t, stream, out) == -1)
				return;
		}
	out->streams_known = true;
}

int
redis_look(const struct redis_access *a, struct redis_look *out, struct fault *why)
{
	const char *ping[] = { "PING" };
	redisReply *r;
	struct talk t;

	memset(out, 0, sizeof(*out));
	if (talk_begin(&t, a, why) == -1 || talk_ask(&t, 1, ping, &r, why) == -1) {
		talk_end_all(&t);
		return -1;
	}
	freeReplyObject(r);
	out->near = t.near;
	look_info(&t, out);
	look_snapshots(&t, out);
	look_user(&t, out);
	look_function(&t, out);
	look_streams(&t, out);
	talk_end_all(&t);
	return 0;
}
