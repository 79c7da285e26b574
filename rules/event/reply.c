/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hiredis bounds neither the bytes of a reply nor the elements of an array: "*100000000"
 * makes it allocate before one of them is there. So the function that makes arrays is
 * ours and looks first, and bytes that are no whole reply yet are counted.
 */
#include "rules/event/reply.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#if HIREDIS_MAJOR >= 1
typedef size_t elements_type;
#else
typedef int elements_type;
#endif

struct reply_reader {
	struct reply_limits limits;
	redisReader *reader;
	redisReplyObjectFunctions fn;
	void *(*create_array)(const redisReadTask *, elements_type);
	char error[160];
};

static void *
create_array(const redisReadTask *task, elements_type n)
{
	struct reply_reader *r = task->privdata;
	int depth = 1;

	for (const redisReadTask *t = task->parent; t != NULL; t = t->parent)
		depth++;
	if (depth > r->limits.depth || n > (elements_type)r->limits.elements) {
		(void)snprintf(r->error, sizeof(r->error),
		    "an array of %lld elements, %d deep, in the server's answer",
		    (long long)n, depth);
		return NULL;
	}
	return r->create_array(task, n);
}

static bool
make(struct reply_reader *r)
{
	r->reader = redisReaderCreate();
	if (r->reader == NULL)
		return false;
	r->fn = *r->reader->fn;
	r->create_array = r->fn.createArray;
	r->fn.createArray = create_array;
	r->reader->fn = &r->fn;
	r->reader->privdata = r;
	r->error[0] = '\0';
	return true;
}

struct reply_reader *
reply_create(const struct reply_limits *limits)
{
	struct reply_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->limits = *limits;
	if (!make(r)) {
		free(r);
		return NULL;
	}
	return r;
}

void
reply_destroy(struct reply_reader *r)
{
	if (r == NULL)
		return;
	if (r->reader != NULL)
		redisReaderFree(r->reader);
	free(r);
}

void
reply_reset(struct reply_reader *r)
{
	if (r->reader != NULL)
		redisReaderFree(r->reader);
	r->reader = NULL;
	if (!make(r))
		(void)snprintf(r->error, sizeof(r->error), "no memory");
}

void
reply_expect(struct reply_reader *r, const struct reply_limits *limits)
{
	r->limits = *limits;
}

static int
failed(struct reply_reader *r)
{
	if (r->error[0] == '\0')
		(void)snprintf(r->error, sizeof(r->error), "%.140s",
		    r->reader == NULL ? "no memory" : r->reader->errstr);
	return -1;
}

int
reply_feed(struct reply_reader *r, const void *bytes, size_t n)
{
	if (r->reader == NULL || r->reader->err != 0)
		return failed(r);
	if (r->reader->len - r->reader->pos + n > r->limits.bytes) {
		(void)snprintf(r->error, sizeof(r->error),
		    "more than %zu bytes in one answer of the server", r->limits.bytes);
		return -1;
	}
	return redisReaderFeed(r->reader, bytes, n) == REDIS_OK ? 0 : failed(r);
}

int
reply_next(struct reply_reader *r, redisReply **out)
{
	void *reply = NULL;

	if (r->reader == NULL || r->reader->err != 0 ||
	    redisReaderGetReply(r->reader, &reply) != REDIS_OK)
		return failed(r);
	*out = reply;
	return reply == NULL ? 0 : 1;
}

const char *
reply_error(const struct reply_reader *r)
{
	return r->error;
}
