/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * routes: what a Redis Cluster says about where things are, as data. A key lies in one of
 * 16384 slots: CRC16 of what stands in its braces. All keys of a partition have the same
 * braces, so a partition is one slot and one node has all of it.
 *
 *	MOVED 3999 10.0.0.2:6379	from now on that node has the slot
 *	ASK 3999 10.0.0.2:6379		this once: say ASKING there, then the command
 *	CLUSTER SLOTS			[[first, last, [host, port, id, ..], replicas..], ..]
 *
 * An empty host means the node that said so: host is "" then. What makes no sense is no
 * address; nothing here looks a name up.
 */
#ifndef RULES_EVENT_ROUTES_H
#define RULES_EVENT_ROUTES_H

#include "rules/event/event.h"
#include "rules/event/sink.h"

#include <hiredis/hiredis.h>

#define REDIS_SLOTS 16384

uint16_t redis_slot(const char *key, size_t n);
uint16_t partition_slot(uint32_t partition);

enum redirect { REDIRECT_NONE, REDIRECT_MOVED, REDIRECT_ASK };

/* Of the text of an error. NONE: it is another error, or it makes no sense. */
enum redirect redirect_parse(const char *error, uint16_t *slot, struct sink_address *to);

/* The node of each partition, from the answer to CLUSTER SLOTS; port 0: nobody has it.
 * How many have one; -1: this is no such answer. */
int slots_parse(const redisReply *r, struct sink_address to[EVENT_PARTITIONS_MOST]);
/* Each master once. How many; -1 as above. */
int masters_parse(const redisReply *r, struct sink_address *to, unsigned most);

bool address_same(const struct sink_address *a, const struct sink_address *b);

#endif
