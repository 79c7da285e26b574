/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See routes.h. The CRC is XMODEM's: polynomial 0x1021, from 0. */
#include "rules/event/routes.h"

#include "rules/event/delivery.h"

#include <stdlib.h>
#include <string.h>

uint16_t
redis_slot(const char *key, size_t n)
{
	const char *open = memchr(key, '{', n), *close;
	unsigned crc = 0;

	if (open != NULL) {
		close = memchr(open, '}', n - (size_t)(open - key));
		if (close != NULL && close > open + 1) {
			key = open + 1;
			n = (size_t)(close - key);
		}
	}
	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned)(unsigned char)key[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
		crc &= 0xffff;
	}
	return (uint16_t)(crc % REDIS_SLOTS);
}

uint16_t
partition_slot(uint32_t partition)
{
	char key[DELIVERY_KEY];

	(void)delivery_stream_key(LANE_ALERT, partition, key);
	return redis_slot(key, strlen(key));
}

/* An address or a name: what sink_parse takes, too. */
static bool
take_host(const char *at, size_t n, struct sink_address *to)
{
	if (n >= sizeof(to->host))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789.-_:", at[i]) == NULL || at[i] == '\0')
			return false;
	memcpy(to->host, at, n);
	to->host[n] = '\0';
	return true;
}

static bool
take_number(const char **at, long most, long *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*out = strtol(*at, &end, 10);
	*at = end;
	return *out <= most;
}

enum redirect
redirect_parse(const char *error, uint16_t *slot, struct sink_address *to)
{
	enum redirect kind = strncmp(error, "MOVED ", 6) == 0 ? REDIRECT_MOVED :
	    strncmp(error, "ASK ", 4) == 0 ? REDIRECT_ASK : REDIRECT_NONE;
	const char *at = strchr(error, ' '), *colon;
	long n;

	memset(to, 0, sizeof(*to));
	if (kind == REDIRECT_NONE)
		return kind;
	at++;
	if (!take_number(&at, REDIS_SLOTS - 1, &n) || *at != ' ')
		return REDIRECT_NONE;
	*slot = (uint16_t)n;
	at++;
	colon = strrchr(at, ':');
	if (colon == NULL || !take_host(at, (size_t)(colon - at), to))
		return REDIRECT_NONE;
	at = colon + 1;
	if (!take_number(&at, 65535, &n) || *at != '\0' || n == 0)
		return REDIRECT_NONE;
	to->port = (uint16_t)n;
	return kind;
}

/* One line of the answer. False: it makes no sense. port 0: a node without an address. */
static bool
range_parse(const redisReply *r, long long *first, long long *last,
    struct sink_address *to)
{
	const redisReply *node, *host, *port;

	if (r->type != REDIS_REPLY_ARRAY || r->elements < 3 ||
	    r->element[0]->type != REDIS_REPLY_INTEGER ||
	    r->element[1]->type != REDIS_REPLY_INTEGER ||
	    r->element[2]->type != REDIS_REPLY_ARRAY || r->element[2]->elements < 2)
		return false;
	*first = r->element[0]->integer;
	*last = r->element[1]->integer;
	if (*first < 0 || *last < *first || *last >= REDIS_SLOTS)
		return false;
	node = r->element[2];
	host = node->element[0];
	port = node->element[1];
	memset(to, 0, sizeof(*to));
	if (port->type != REDIS_REPLY_INTEGER || port->integer < 0 ||
	    port->integer > 65535)
		return false;
	if (host->type == REDIS_REPLY_NIL)
		to->port = (uint16_t)port->integer;	/* where we asked */
	else if (host->type == REDIS_REPLY_STRING && strcmp(host->str, "?") != 0 &&
	    take_host(host->str, strlen(host->str), to))
		to->port = (uint16_t)port->integer;
	return true;
}

int
slots_parse(const redisReply *r, struct sink_address to[EVENT_PARTITIONS_MOST])
{
	struct sink_address at;
	long long first, last;
	int known = 0;

	memset(to, 0, EVENT_PARTITIONS_MOST * sizeof(*to));
	if (r->type != REDIS_REPLY_ARRAY)
		return -1;
	for (size_t i = 0; i < r->elements; i++) {
		if (!range_parse(r->element[i], &first, &last, &at))
			return -1;
		for (uint32_t p = 0; p < EVENT_PARTITIONS_MOST; p++)
			if (partition_slot(p) >= first && partition_slot(p) <= last)
				to[p] = at;
	}
	for (uint32_t p = 0; p < EVENT_PARTITIONS_MOST; p++)
		known += to[p].port != 0;
	return known;
}

int
masters_parse(const redisReply *r, struct sink_address *to, unsigned most)
{
	struct sink_address at;
	long long first, last;
	unsigned n = 0, k;

	if (r->type != REDIS_REPLY_ARRAY)
		return -1;
	for (size_t i = 0; i < r->elements; i++) {
		if (!range_parse(r->element[i], &first, &last, &at))
			return -1;
		for (k = 0; k < n && !address_same(&to[k], &at); k++)
			continue;
		if (k == n && n < most && at.port != 0)
			to[n++] = at;
	}
	return (int)n;
}

bool
address_same(const struct sink_address *a, const struct sink_address *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0 &&
	    strcmp(a->path, b->path) == 0;
}
