/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the streams of one Redis, or of a Cluster's nodes, and prints a line for each
 * entry, in the order of its stream; first what the source file of the feeder has too:
 *
 *	boot/lane/partition/seq/crc32 device count delay_us
 *	gap boot/lane/partition from to count
 *
 *	collector [-f] SOCKET|HOST:PORT ...
 *
 * -f: goes on until SIGTERM, and removes from the streams what it has printed, so that
 * hours of events need no memory; a server that goes away is waited for. Then one last
 * time, and "end" when all was read. Otherwise once.
 *
 * Of its own, on hiredis alone: what the sensor's code believes of Redis is not asked.
 */
#define _GNU_SOURCE
#include <hiredis/hiredis.h>

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define PARTITIONS 16
#define LANES 2
#define NODES 16
#define PAGE 500

static const char *const lane_word[LANES] = { "alert", "flow" };

struct collector {
	const char *where[NODES];
	redisContext *node[NODES];
	int nodes;
	bool follow;
	char last[LANES][PARTITIONS][64];	/* id of the entry printed last */
};

static volatile sig_atomic_t ended;

static void
end(int signal)
{
	(void)signal;
	ended = 1;
}

static redisContext *
reach(const char *where)
{
	struct timeval within = { 10, 0 };
	const char *colon = strrchr(where, ':');
	char host[256];
	redisContext *c;

	if (where[0] == '/' || colon == NULL) {
		c = redisConnectUnixWithTimeout(where, within);
	} else {
		(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - where), where);
		c = redisConnectWithTimeout(host, atoi(colon + 1), within);
	}
	if (c != NULL && c->err == 0 && redisSetTimeout(c, within) == REDIS_OK)
		return c;
	if (c != NULL)
		redisFree(c);
	return NULL;
}

/* The answer of the node that has this key; NULL: none answers. */
static redisReply *
ask(struct collector *t, const char *format, ...)
{
	redisReply *r = NULL;
	va_list ap;

	for (int i = 0; i < t->nodes; i++) {
		if (t->node[i] == NULL && (t->node[i] = reach(t->where[i])) == NULL)
			continue;
		va_start(ap, format);
		r = redisvCommand(t->node[i], format, ap);
		va_end(ap);
		if (r == NULL) {
			redisFree(t->node[i]);
			t->node[i] = NULL;
		} else if (r->type == REDIS_REPLY_ERROR) {
			freeReplyObject(r);
			r = NULL;
		} else {
			return r;
		}
	}
	return NULL;
}

static uint64_t
number_behind(const char *json, const char *word)
{
	const char *at = strstr(json, word);

	return at == NULL ? 0 : strtoull(at + strlen(word), NULL, 10);
}

static void
entry(const redisReply *e, int lane, int partition)
{
	const char *boot = "", *n = "", *json = "", *gap;
	size_t len = 0;
	uint64_t t, ms = strtoull(e->element[0]->str, NULL, 10);
	const redisReply *f = e->element[1];

	for (size_t i = 0; i + 1 < f->elements; i += 2) {
		const char *key = f->element[i]->str;

		if (strcmp(key, "b") == 0)
			boot = f->element[i + 1]->str;
		else if (strcmp(key, "n") == 0)
			n = f->element[i + 1]->str;
		else if (strcmp(key, "e") == 0) {
			json = f->element[i + 1]->str;
			len = (size_t)f->element[i + 1]->len;
		}
	}
	gap = strstr(json, "\"gap\":{");
	if (gap != NULL) {
		(void)printf("gap %s/%d/%02d %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", boot,
		    lane, partition, number_behind(gap, "\"from\":"),
		    number_behind(gap, "\"to\":"), number_behind(gap, "\"count\":"));
		return;
	}
	t = number_behind(json, "\"t\":") / 1000;
	(void)printf("%s/%d/%02d/%s/%08lx %" PRIu64 " %" PRIu64 " %" PRId64 "\n", boot, lane,
	    partition, n, crc32(0, (const unsigned char *)json, (unsigned)len),
	    number_behind(json, "\"d\":"), number_behind(json, "\"k\":"),
	    t == 0 ? 0 : (int64_t)(ms * 1000 - t));
}

/* True when all of the stream was read. */
static bool
read_on(struct collector *t, int lane, int partition)
{
	char *last = t->last[lane][partition], key[32];
	redisReply *r, *trimmed;
	size_t n;

	(void)snprintf(key, sizeof(key), "{ear:p%02d}:%s", partition, lane_word[lane]);
	for (;;) {
		r = ask(t, "XRANGE %s %s%s + COUNT %d", key, last[0] == '\0' ? "" : "(",
		    last[0] == '\0' ? "-" : last, PAGE);
		if (r == NULL || r->type != REDIS_REPLY_ARRAY) {
			if (r != NULL)
				freeReplyObject(r);
			return false;
		}
		n = r->elements;
		for (size_t i = 0; i < n; i++) {
			entry(r->element[i], lane, partition);
			if (i + 1 == n)
				(void)snprintf(last, 64, "%s",
				    r->element[i]->element[0]->str);
		}
		freeReplyObject(r);
		if (n > 0 && t->follow) {
			trimmed = ask(t, "XTRIM %s MINID %s", key, last);
			if (trimmed != NULL)
				freeReplyObject(trimmed);
		}
		if (n < PAGE)
			return true;
	}
}

static bool
all(struct collector *t)
{
	bool whole = true;

	for (int lane = 0; lane < LANES; lane++)
		for (int p = 0; p < PARTITIONS; p++)
			whole = read_on(t, lane, p) && whole;
	return fflush(stdout) == 0 && whole;
}

int
main(int argc, char **argv)
{
	struct timespec pause = { 0, 100 * 1000 * 1000 };
	static struct collector t;
	bool whole = false;

	(void)signal(SIGTERM, end);
	(void)signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-f") == 0)
			t.follow = true;
		else if (t.nodes < NODES)
			t.where[t.nodes++] = argv[i];
	while (t.follow && !ended) {
		(void)all(&t);
		(void)nanosleep(&pause, NULL);
	}
	for (int tries = 0; tries < 100 && !whole; tries++) {
		whole = all(&t);
		if (!whole)
			(void)nanosleep(&pause, NULL);
	}
	(void)printf("%s\n", whole ? "end" : "cut off");
	for (int i = 0; i < t.nodes; i++)
		if (t.node[i] != NULL)
			redisFree(t.node[i]);
	return whole ? 0 : 1;
}
