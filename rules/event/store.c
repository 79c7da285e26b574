/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store: batches are written a second after their first item, or when they are full; the
 * disk is asked to sync every ten seconds. A program that is killed loses a second of
 * records, power that is lost ten; counters are cumulative, so that is resolution.
 */
#include "rules/event/store.h"

#include "capture/base/table.h"
#include "rules/event/batch.h"
#include "rules/event/batch_bytes.h"
#include "rules/event/carry.h"
#include "rules/event/clock.h"
#include "rules/event/seglog.h"

#include <stdlib.h>
#include <string.h>

#define WRITE_AFTER NS_PER_S
#define SYNC_EVERY (10 * NS_PER_S)
#define EXPIRE_EVERY (60 * NS_PER_S)
#define SUM_SLOT (600 * NS_PER_S)
#define SUMS 16384			/* devices times destinations in ten minutes; the
					 * least recently used is told early beyond that */
#define SEGMENT (8u << 20)

struct sum_key {
	uint32_t device, dest;
};

struct sum {
	struct store_bytes b;
	struct observation from;	/* the flow that was added last: who and whom */
};

struct store {
	struct store_options o;
	struct seglog *log;		/* NULL: none */
	struct batch *batch;
	struct batch_reader *reader;
	struct table *sums;
	int64_t slot;			/* start of the ten minutes that are open */
	uint64_t replay_next;
	unsigned waiting;		/* items in the batch */
	struct loop_time due, sync_at, expire_at;
	int64_t apart;			/* wall and monotonic clock */
	struct store_counts counts;
};

static void write_out(struct store *s, struct loop_time now);
static void tell_sums(struct store *s, struct loop_time now);
static void tell_sum(struct store *s, struct sum *sum, struct loop_time now);
static void sum_evicted(void *arg, const void *key, void *value);

struct store *
store_open(const struct store_options *o, struct fault *why)
{
	struct store *s = calloc(1, sizeof(*s));
	struct table_options to = { .hash = o->hash, .key_size = sizeof(struct sum_key),
		.value_size = sizeof(struct sum), .max = SUMS, .evict = sum_evicted,
		.arg = s };
	struct batch_reader_options ro = { .strings = o->strings, .arg = o->arg,
		.on_observation = o->kept, .on_event = o->event };

	if (s == NULL)
		goto nomem;
	s->o = *o;
	if (s->o.age == 0)
		s->o.age = STORE_AGE;
	s->batch = batch_create();
	s->reader = batch_reader_create(&ro);
	s->sums = table_create(&to);
	if (s->batch == NULL || s->reader == NULL || s->sums == NULL)
		goto nomem;
	(void)clock_jumped(&s->apart, o->wall, o->now);
	s->sync_at.ns = o->now.ns + SYNC_EVERY;
	if (o->dir != NULL) {
		struct seglog_options lo = { .dir = o->dir, .what = "store", .segment_bytes = SEGMENT,
			.cap_bytes = o->cap_bytes != 0 ? o->cap_bytes : STORE_BYTES,
			.keep_ns = INT64_MAX, .keep_bytes = UINT64_MAX, .rolling = true,
			.first = batch_dictionary(s->batch), .now = o->now };

		s->log = seglog_open(&lo, why);
		if (s->log == NULL)
			goto fail;
		s->replay_next = seglog_since(s->log, o->wall - STORE_DAY);
		s->counts.replaying = s->replay_next < seglog_next(s->log);
	}
	return s;
nomem:
	(void)fault_set(why, NULL, "no memory for the store");
fail:
	store_close(s);
	return NULL;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->sums != NULL && s->batch != NULL) {
		tell_sums(s, s->sync_at);
		write_out(s, s->sync_at);
	}
	seglog_close(s->log);
	table_destroy(s->sums);
	batch_reader_destroy(s->reader);
	batch_destroy(s->batch);
	free(s);
}

void
store_put(struct store *s, const struct observation *o, struct loop_time now)
{
	s->counts.records++;
	if (s->log != NULL) {
		if (s->waiting == 0)
			s->due.ns = now.ns + WRITE_AFTER;
		if (!batch_observation(s->batch, o, s->o.strings)) {
			write_out(s, now);
			s->due.ns = now.ns + WRITE_AFTER;
			if (!batch_observation(s->batch, o, s->o.strings))
				s->counts.lost++;
		}
		s->waiting++;
	}
	if (!s->counts.replaying && s->o.kept != NULL)
		s->o.kept(s->o.arg, o, s->o.strings);
}

void
store_event(struct store *s, struct span json, int64_t time, struct loop_time now)
{
	s->counts.events++;
	if (s->log != NULL) {
		if (s->waiting == 0)
			s->due.ns = now.ns + WRITE_AFTER;
		if (!batch_event(s->batch, json, time)) {
			write_out(s, now);
			s->due.ns = now.ns + WRITE_AFTER;
			if (!batch_event(s->batch, json, time))
				s->counts.lost++;
		}
		s->waiting++;
	}
	if (!s->counts.replaying && s->o.event != NULL)
		s->o.event(s->o.arg, json);
}

/* What a sum remembers of a flow; its strings are held as long as it lives. */
static void
remember(struct store *s, struct sum *sum, const struct observation *o)
{
	static const enum field keep[] = { FIELD_outbound, FIELD_src_ip, FIELD_dest_ip,
		FIELD_device_key, FIELD_device_identity, FIELD_device_name,
		FIELD_device_mac, FIELD_device_known,
		FIELD_device_vendor, FIELD_device_random, FIELD_device_first_mac,
		FIELD_device_system,
		FIELD_device_owner, FIELD_device_role, FIELD_device_seen, FIELD_dest_key,
		FIELD_dest_name, FIELD_dest_name_source };
	struct observation fresh = { .size = sizeof(fresh), .version = OBSERVATION_VERSION,
		.kind = OBSERVATION_SUM, .time = o->time, .ordinal = o->ordinal,
		.source = o->source, .seen = sum->from.seen | o->seen };

	for (unsigned i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
		const struct field_info *f = &observation_field[keep[i]];

		if (!observation_known(o, keep[i]))
			continue;
		memcpy((uint8_t *)&fresh + f->offset, (const uint8_t *)o + f->offset,
		    field_size(f->type));
		fresh.known[keep[i] / 64] |= UINT64_C(1) << (keep[i] % 64);
	}
	carry_hold(s->o.strings, &fresh);
	carry_drop(s->o.strings, &sum->from);
	sum->from = fresh;
}

void
store_sum(struct store *s, const struct observation *o, const struct store_bytes *b,
    struct loop_time now)
{
	struct sum_key k = { o->device_key, o->dest_key };
	struct sum *sum;
	bool is_new;

	(void)now;
	sum = table_use(s->sums, &k, &is_new);
	remember(s, sum, o);
	sum->b.up += b->up;
	sum->b.down += b->down;
	sum->b.pkts_up += b->pkts_up;
	sum->b.pkts_down += b->pkts_down;
}

void
store_each_sum(const struct store *s, void (*fn)(void *arg, uint32_t device, uint32_t dest,
    const struct store_bytes *b), void *arg)
{
	for (struct sum *sum = table_oldest(s->sums); sum != NULL;
	    sum = table_next(s->sums, sum)) {
		const struct sum_key *k = table_key(sum);

		fn(arg, k->device, k->dest, &sum->b);
	}
}

bool
store_replay(struct store *s, unsigned records)
{
	struct loop_time now = { 0 };
	struct span bytes;
	uint64_t number;

	if (!s->counts.replaying)
		return true;
	for (unsigned i = 0; i < records; i++) {
		enum seglog_read got = seglog_read(s->log, s->replay_next, &number, &bytes);

		if (got == SEGLOG_RECORD) {
			s->replay_next = number + 1;
			switch (batch_reader_take(s->reader, bytes)) {
			case BATCH_DAMAGED:
				s->counts.damaged++;
				break;
			case BATCH_UNREADABLE:
				s->counts.unreadable++;
				break;
			case BATCH_DICTIONARY:
			case BATCH_ITEMS_READ:
				break;
			}
			continue;
		}
		if (got == SEGLOG_FAILED)
			return false;
		/* At the end: what still waits is written, and read too. */
		if (s->waiting > 0) {
			write_out(s, now);
			continue;
		}
		s->counts.replaying = false;
		return true;
	}
	return false;
}

void
store_tick(struct store *s, struct pkt_time pkt, struct loop_time now, int64_t wall)
{
	if (s->slot == 0)
		s->slot = pkt.ns - pkt.ns % SUM_SLOT;
	if (pkt.ns - s->slot >= SUM_SLOT) {
		tell_sums(s, now);
		s->slot = pkt.ns - pkt.ns % SUM_SLOT;
	}
	if (s->log == NULL)
		return;
	if (s->waiting > 0 && now.ns >= s->due.ns)
		write_out(s, now);
	if (now.ns >= s->sync_at.ns) {
		s->sync_at.ns = now.ns + SYNC_EVERY;
		seglog_tick(s->log, now);
	}
	if (now.ns >= s->expire_at.ns) {
		s->expire_at.ns = now.ns + EXPIRE_EVERY;
		if (!clock_jumped(&s->apart, wall, now))
			s->counts.expired += seglog_expire(s->log, wall - s->o.age);
	}
}

void
store_get_counts(const struct store *s, struct store_counts *out)
{
	*out = s->counts;
	if (s->log == NULL)
		return;
	out->bytes = seglog_bytes(s->log);
	out->full = seglog_counts(s->log)->full;
	out->damaged += seglog_counts(s->log)->damaged;
}

/* ---- helpers ---- */

static void
write_out(struct store *s, struct loop_time now)
{
	struct span head, items;
	uint64_t number;

	if (s->log == NULL || batch_empty(s->batch))
		return;
	batch_take(s->batch, &head, &items);
	if (seglog_append(s->log, head, items, now, &number) == -1)
		s->counts.lost += s->waiting;
	s->waiting = 0;
}

static void
tell_sums(struct store *s, struct loop_time now)
{
	struct sum *sum;

	while ((sum = table_oldest(s->sums)) != NULL) {
		tell_sum(s, sum, now);
		table_remove(s->sums, sum);
	}
}

static void
tell_sum(struct store *s, struct sum *sum, struct loop_time now)
{
	struct observation *o = &sum->from;

	OBSERVATION_SET(o, window_start, s->slot);
	OBSERVATION_SET(o, window_length, SUM_SLOT);
	OBSERVATION_SET(o, upload, sum->b.up);
	OBSERVATION_SET(o, download, sum->b.down);
	OBSERVATION_SET(o, pkts_up, sum->b.pkts_up);
	OBSERVATION_SET(o, pkts_down, sum->b.pkts_down);
	s->counts.sums++;
	store_put(s, o, now);
	carry_drop(s->o.strings, o);
}

static void
sum_evicted(void *arg, const void *key, void *value)
{
	struct store *s = arg;

	(void)key;
	tell_sum(s, value, s->sync_at);
}
