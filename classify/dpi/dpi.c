/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dpi: the sensor's side. Which flows the cell is reading, what to do when it dies, and
 * when its answers count.
 *
 * Why the same packets give the same results, however fast the cell is and however it
 * dies:
 *   - What is sent depends on the packets alone. "The ring is full" is decided by bytes
 *     sent since the last drain, not by how far the cell has come.
 *   - A drain waits until all that was sent has been answered; drains happen at fixed
 *     places (dpi_sync, dpi_end, a full ring), and answers change a flow's state in a
 *     drain only.
 *   - A death belongs to the packet the cell was reading. Answers committed before it
 *     count; all other open flows are fed again in order of opening; then the drain goes
 *     on.
 *   - The breaker counts deaths by the time of the packets that caused them.
 *
 * A slot is one undecided flow: open (in order of opening), then done (in order of
 * answers) until its verdict is handed on, then free. Its tag counts its uses, so that an
 * answer about an earlier use is recognised.
 *
 * No wait is endless. A cell that makes no progress for STALL_WAITS is killed; a zygote
 * whose beat stands still for GONE_WAITS is taken for dead, and flows are given up, until
 * the beat goes on. Waits are counted, not clocked: a machine that was paused as a whole
 * lost nothing.
 */
#include "classify/dpi/cell.h"
#include "classify/dpi/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MS 2
#define GONE_WAITS 1000		/* 2 s */
#define STALL_WAITS 2500	/* 5 s */
#define KEPT_FLOW 4096u
#define KEPT_ALL (16u << 20)
#define BREAKER_DEATHS 20
#define BREAKER_WINDOW (10 * NS_PER_S)
#define BREAKER_REST (60 * NS_PER_S)

enum slot_state { SLOT_FREE, SLOT_OPEN, SLOT_DONE };

struct slot {
	struct dpi_flow *flow;
	void *cookie;
	uint8_t *kept;			/* block of packets, or NULL */
	uint32_t kept_len, tag;
	uint32_t next, prev;
	uint8_t state;
	bool whole;			/* every packet sent is kept */
	bool again;			/* to be fed to the new cell */
	bool ending;			/* a last guess was asked for */
	bool quarantined;
	uint64_t ordinal;		/* last packet sent, then the one that killed */
	struct dpi_result result;
};

struct list {
	uint32_t first, last;
};

/* What a message was about, since the last drain. */
struct sent {
	uint32_t slot, tag;
	struct pkt_time time;
	uint64_t ordinal;
};

/* A kept packet: this, then its bytes. */
struct kept {
	int64_t time;
	uint64_t ordinal;
	uint16_t len, flags;
};

struct dpi {
	struct dpi_options o;
	struct dpi_cell *c;
	struct slot *slots;		/* 1..n */
	uint32_t n, free;		/* free: head of a list by next */
	uint32_t touched;		/* slots that were ever taken: 1..touched */
	struct list open, done;
	uint8_t *blocks;
	uint32_t *free_blocks, free_blocks_n;
	size_t block_size;
	struct sent *sent;
	size_t sent_n, sent_max;
	size_t bytes, bytes_max;	/* sent since the last drain */
	uint64_t seq, first_seq;	/* of the next message, of sent[0] */
	uint32_t gen;			/* the cell we feed; 0: none yet */
	uint32_t again;			/* open slots to be fed again */
	uint32_t gone_beat;
	bool gone;
	struct pkt_time deaths[BREAKER_DEATHS];
	unsigned deaths_n;
	bool resting;			/* the breaker is open */
	struct pkt_time rest_until, now;
	uint8_t buf[CELL_PACKET_MAX];
};

static bool attach(struct dpi *d);
static void drain(struct dpi *d);

static void
list_add(struct dpi *d, struct list *l, uint32_t i)
{
	struct slot *s = &d->slots[i];

	s->next = 0;
	s->prev = l->last;
	if (l->last != 0)
		d->slots[l->last].next = i;
	else
		l->first = i;
	l->last = i;
}

static void
list_remove(struct dpi *d, struct list *l, uint32_t i)
{
	struct slot *s = &d->slots[i];

	if (s->prev != 0)
		d->slots[s->prev].next = s->next;
	else
		l->first = s->next;
	if (s->next != 0)
		d->slots[s->next].prev = s->prev;
	else
		l->last = s->prev;
}

struct dpi *
dpi_create(const struct dpi_options *o, struct fault *why)
{
	struct dpi *d = calloc(1, sizeof(*d));
	size_t blocks;

	if (d == NULL)
		goto memory;
	d->o = *o;
	d->c = o->cell;
	if (d->c == NULL || d->c->none)
		return d;
	d->n = d->c->slots;
	d->block_size = o->kept_flow == 0 ? KEPT_FLOW : o->kept_flow;
	if (d->block_size < sizeof(struct kept) || d->block_size > 1u << 20)
		d->block_size = KEPT_FLOW;
	blocks = (o->kept_all == 0 ? KEPT_ALL : o->kept_all) / d->block_size;
	if (blocks > d->n)
		blocks = d->n;
	/* Half the ring: what is sent between two drains always fits, wraps included. */
	d->bytes_max = ring_size(d->c->packets) / 2;
	d->sent_max = d->bytes_max / 64;
	d->slots = calloc((size_t)d->n + 1, sizeof(*d->slots));
	d->blocks = calloc(blocks + 1, d->block_size);
	d->free_blocks = calloc(blocks + 1, sizeof(*d->free_blocks));
	d->sent = calloc(d->sent_max, sizeof(*d->sent));
	if (d->slots == NULL || d->blocks == NULL || d->free_blocks == NULL ||
	    d->sent == NULL)
		goto memory;
	for (size_t i = blocks; i > 0; i--)
		d->free_blocks[d->free_blocks_n++] = (uint32_t)(i - 1);
	d->seq = d->first_seq = 1;
	/* A cell that an earlier sensor fed knows flows we do not: it is replaced. */
	d->gen = atomic_load(&d->c->sensor->ready_gen);
	if (d->gen != 0)
		atomic_store(&d->c->sensor->home_gen, d->gen);
	if (!attach(d)) {
		fault_set(why, NULL, "the classifier's cell does not answer");
		dpi_destroy(d);
		return NULL;
	}
	return d;
memory:
	fault_set(why, "lower the number of flows that are classified at a time",
	    "no memory for the classifier");
	dpi_destroy(d);
	return NULL;
}

void
dpi_destroy(struct dpi *d)
{
	if (d == NULL)
		return;
	free(d->slots);
	free(d->blocks);
	free(d->free_blocks);
	free(d->sent);
	free(d);
}

static bool
none(const struct dpi *d)
{
	return d->c == NULL || d->c->none;
}

static void
count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void
drop_kept(struct dpi *d, struct slot *s)
{
	if (s->kept == NULL)
		return;
	d->free_blocks[d->free_blocks_n++] =
	    (uint32_t)((size_t)(s->kept - d->blocks) / d->block_size);
	s->kept = NULL;
}

/* Open -> done: the flow gets no further packet, its verdict waits to be handed on. */
static void
conclude(struct dpi *d, uint32_t i, enum dpi_state state)
{
	struct slot *s = &d->slots[i];

	list_remove(d, &d->open, i);
	list_add(d, &d->done, i);
	drop_kept(d, s);
	if (s->again)
		d->again--;
	s->again = false;
	s->state = SLOT_DONE;
	s->flow->state = (uint8_t)state;
	s->quarantined = state == DPI_QUARANTINED;
	if (state != DPI_DECIDED)
		memset(&s->result, 0, sizeof(s->result));
}

/* Hands a verdict on and frees the slot. Returns 1 for a verdict, 0 for a quarantine. */
static unsigned
deliver(struct dpi *d, uint32_t i)
{
	struct slot *s = &d->slots[i];
	const struct dpi_result result = s->result;
	const bool quarantined = s->quarantined;
	const uint64_t ordinal = s->ordinal;
	void *cookie = s->cookie;

	list_remove(d, &d->done, i);
	s->flow->slot = 0;
	s->flow = NULL;
	s->cookie = NULL;
	s->state = SLOT_FREE;
	s->next = d->free;
	d->free = i;
	if (quarantined) {
		if (d->o.on_quarantine != NULL)
			d->o.on_quarantine(d->o.arg, cookie, ordinal);
		return 0;
	}
	if (d->o.on_verdict != NULL)
		d->o.on_verdict(d->o.arg, cookie, &result);
	return 1;
}

/* Our cell is dead; maybe one or two after it that never came to be fed. */
static bool
died(const struct dpi *d)
{
	return atomic_load(&d->c->zygote->dead_gen) >= d->gen;
}

/* Takes the next cell: waits (bounded) until it stands paused, empties the rings. */
static bool
attach(struct dpi *d)
{
	struct dpi_cell *c = d->c;
	uint32_t gen, seen, beat = atomic_load(&c->zygote->beat);
	unsigned still = 0;

	for (;;) {
		gen = atomic_load(&c->zygote->cell_gen);
		seen = atomic_load(&c->cell->paused_gen);
		if (gen > d->gen && seen == gen &&
		    atomic_load(&c->zygote->dead_gen) != gen)
			break;
		if (atomic_load(&c->zygote->state) == ZYGOTE_FAILED)
			return false;
		if (atomic_load(&c->zygote->beat) != beat) {
			beat = atomic_load(&c->zygote->beat);
			still = 0;
		} else if (++still >= GONE_WAITS)
			return false;
		cell_wait(&c->cell->paused_gen, seen, WAIT_MS);
	}
	ring_restart(c->packets);
	ring_restart(c->results);
	d->gen = gen;
	d->bytes = d->sent_n = 0;
	d->first_seq = d->seq;
	atomic_store(&c->sensor->ready_gen, gen);
	cell_wake(&c->sensor->ready_gen);
	return true;
}

/* No cell any more: what is open is given up. */
static void
abandon(struct dpi *d)
{
	if (!d->gone) {
		d->gone = true;
		d->gone_beat = atomic_load(&d->c->zygote->beat);
		atomic_store(&d->c->sensor->kill_gen, d->gen);
	}
	while (d->open.first != 0) {
		count(&d->c->sensor->refeed_lost);
		conclude(d, d->open.first, DPI_GIVEN_UP);
	}
	d->bytes = d->sent_n = 0;
	d->first_seq = d->seq;
}

/* Writes one message. The caller made sure by bytes_max that there is room. */
static void
send_message(struct dpi *d, uint32_t slot, enum cell_kind kind, unsigned flags,
    struct pkt_time time, uint64_t ordinal, const uint8_t *bytes, size_t len)
{
	struct cell_packet head = {
		.seq = d->seq, .time_ms = time.ns / NS_PER_MS, .slot = slot,
		.tag = d->slots[slot].tag, .kind = (uint16_t)kind,
		.flags = (uint16_t)flags,
		.len = (uint32_t)len,
	};
	uint8_t *to = ring_reserve(d->c->packets, sizeof(head) + len);

	/* NULL only when the cell wrote a count that cannot be: then it is not asked, and
	 * the drain finds it out. */
	if (to != NULL) {
		memcpy(to, &head, sizeof(head));
		if (len > 0)
			memcpy(to + sizeof(head), bytes, len);
		ring_commit(d->c->packets, sizeof(head) + len);
	}
	d->sent[d->sent_n++] = (struct sent){ slot, head.tag, time, ordinal };
	d->seq++;
	d->bytes += sizeof(head) + len + 16;
}

static bool
fits(const struct dpi *d, size_t len)
{
	return d->bytes + sizeof(struct cell_packet) + len + 16 <= d->bytes_max &&
	    d->sent_n < d->sent_max;
}

static void
ask_giveup(struct dpi *d, uint32_t i)
{
	send_message(d, i, CELL_GIVEUP, 0, d->now, d->slots[i].ordinal, NULL, 0);
}

/* Feeds one slot's kept packets again; false: no room before the next drain. */
static bool
feed_again(struct dpi *d, uint32_t i)
{
	struct slot *s = &d->slots[i];
	struct kept k;
	size_t packets = 1;

	for (size_t at = 0; at + sizeof(k) <= s->kept_len; packets++) {
		memcpy(&k, s->kept + at, sizeof(k));
		at += sizeof(k) + k.len;
	}
	if (d->bytes + s->kept_len + packets * (sizeof(struct cell_packet) + 16) >
	    d->bytes_max || d->sent_n + packets > d->sent_max)
		return false;
	for (size_t at = 0; at + sizeof(k) <= s->kept_len;) {
		memcpy(&k, s->kept + at, sizeof(k));
		send_message(d, i, CELL_FEED, k.flags, (struct pkt_time){ k.time },
		    k.ordinal, s->kept + at + sizeof(k), k.len);
		at += sizeof(k) + k.len;
	}
	/* When later packets were not kept no more can be learned: a last guess. */
	if (s->ending || !s->whole)
		ask_giveup(d, i);
	s->again = false;
	d->again--;
	count(&d->c->sensor->refed);
	return true;
}

static void
feed_all_again(struct dpi *d)
{
	for (uint32_t i = d->open.first; d->again > 0 && i != 0; i = d->slots[i].next)
		if (d->slots[i].again && !feed_again(d, i))
			return;
}

/* Answers that lie in the ring. False: what came is none,
 * the cell is not to be trusted. */
static bool
take_results(struct dpi *d)
{
	struct cell_result r;
	struct span s;
	int rc;

	while ((rc = ring_peek(d->c->results, &s)) == RING_MESSAGE) {
		if (!cell_result_parse(s, d->n, &r))
			return false;
		ring_release(d->c->results);
		/* An answer nobody waits for is no offence: the flow may have ended. */
		if (d->slots[r.slot].state != SLOT_OPEN || d->slots[r.slot].tag != r.tag)
			continue;
		cell_result_words(&r, &d->slots[r.slot].result);
		conclude(d, r.slot, DPI_DECIDED);
	}
	return rc == RING_EMPTY;
}

static void
breaker_count(struct dpi *d, struct pkt_time when)
{
	struct pkt_time oldest;

	d->deaths[d->deaths_n++ % BREAKER_DEATHS] = when;
	/* The place to be written next holds the oldest of the last twenty. */
	oldest = d->deaths[d->deaths_n % BREAKER_DEATHS];
	if (d->deaths_n < BREAKER_DEATHS || pkt_time_diff(when, oldest) > BREAKER_WINDOW)
		return;
	d->resting = true;
	d->rest_until = pkt_time_add(when, BREAKER_REST);
	d->deaths_n = 0;
	count(&d->c->sensor->breaker_trips);
}

/* The cell is dead: whose packet was it, who is fed again, is it enough? */
static void
bury(struct dpi *d)
{
	uint64_t reading = atomic_load(&d->c->zygote->dead_reading);
	uint64_t finished = atomic_load(&d->c->zygote->dead_finished);
	struct pkt_time when = d->now;
	uint32_t next;

	if (reading != finished && reading >= d->first_seq &&
	    reading < d->first_seq + d->sent_n) {
		const struct sent *k = &d->sent[reading - d->first_seq];
		struct slot *s = &d->slots[k->slot];

		when = k->time;
		if (s->state == SLOT_OPEN && s->tag == k->tag) {
			s->ordinal = k->ordinal;
			conclude(d, k->slot, DPI_QUARANTINED);
		}
	}
	breaker_count(d, when);
	d->again = 0;
	for (uint32_t i = d->open.first; i != 0; i = next) {
		struct slot *s = &d->slots[i];

		next = s->next;
		s->again = false;
		if (d->resting || s->kept_len == 0) {
			count(&d->c->sensor->refeed_lost);
			conclude(d, i, DPI_GIVEN_UP);
			continue;
		}
		s->again = true;
		d->again++;
	}
	if (!attach(d))
		abandon(d);
}

/* Until the cell has answered all that was sent, through any number of its deaths. */
static void
drain(struct dpi *d)
{
	struct dpi_cell *c = d->c;
	uint32_t beat = atomic_load(&c->zygote->beat);
	uint64_t at, was = UINT64_MAX;
	unsigned still = 0, stalled = 0;
	bool dead, sane = true;

	while (!d->gone) {
		/* The flag first, then the answers: after a death no more can come. */
		dead = died(d);
		at = ring_read(c->packets);
		if (sane && !take_results(d))
			sane = false;
		if (dead) {
			bury(d);
			sane = true;
			still = stalled = 0;
			continue;
		}
		if (sane && at > ring_written(c->packets))
			sane = false;
		if (!sane)
			atomic_store(&c->sensor->kill_gen, d->gen);
		else if (at == ring_written(c->packets)) {
			d->bytes = d->sent_n = 0;
			d->first_seq = d->seq;
			if (d->again == 0)
				return;
			feed_all_again(d);
			continue;
		}
		if (!sane)
			cell_wait(&c->cell->paused_gen, atomic_load(&c->cell->paused_gen),
			    WAIT_MS);
		else if (ring_wait_drained(c->packets, WAIT_MS))
			continue;
		stalled = at == was ? stalled + 1 : 0;
		was = at;
		if (stalled >= STALL_WAITS)
			sane = false;
		if (atomic_load(&c->zygote->beat) != beat) {
			beat = atomic_load(&c->zygote->beat);
			still = 0;
		} else if (++still >= GONE_WAITS)
			break;
		if (atomic_load(&c->zygote->state) == ZYGOTE_FAILED)
			break;
	}
	abandon(d);
}

/* The breaker closes by packet time; true while it is open. */
static bool
resting(struct dpi *d, struct pkt_time now)
{
	if (d->resting && pkt_time_diff(now, d->rest_until) >= 0)
		d->resting = false;
	return d->resting;
}

static uint32_t
take_slot(struct dpi *d, struct dpi_flow *f, void *cookie)
{
	uint32_t i = d->free, tag;
	struct slot *s;

	/* Those that were never taken last: their memory costs nothing until then. */
	if (i == 0 && d->touched < d->n)
		i = ++d->touched;
	if (i == 0) {
		count(&d->c->sensor->no_slot);
		return 0;
	}
	s = &d->slots[i];
	tag = s->tag + 1;
	if (i == d->free)
		d->free = s->next;
	*s = (struct slot){ .flow = f, .cookie = cookie, .tag = tag, .state = SLOT_OPEN };
	if (d->free_blocks_n > 0) {
		s->kept = d->blocks +
		    (size_t)d->free_blocks[--d->free_blocks_n] * d->block_size;
		s->whole = true;
	}
	list_add(d, &d->open, i);
	f->slot = i;
	f->state = DPI_OPEN;
	return i;
}

static void
keep(struct dpi *d, struct slot *s, const struct kept *k)
{
	if (!s->whole)
		return;
	if (s->kept_len + sizeof(*k) + k->len > d->block_size) {
		/* From here on only its beginning is known. */
		s->whole = false;
		return;
	}
	memcpy(s->kept + s->kept_len, k, sizeof(*k));
	memcpy(s->kept + s->kept_len + sizeof(*k), d->buf, k->len);
	s->kept_len += (uint32_t)(sizeof(*k) + k->len);
}

void
dpi_packet(struct dpi *d, struct dpi_flow *f, void *cookie, const struct flow_hit *hit)
{
	const struct packet *pkt = hit->pkt;
	struct kept k;
	size_t len;

	if (!dpi_wants(f))
		return;
	if (none(d) || d->gone || resting(d, pkt->frame->time)) {
		/* An open flow keeps its slot until a drain or its end concludes it. */
		if (f->state == DPI_NEW)
			f->state = DPI_GIVEN_UP;
		return;
	}
	if (pkt->frag && !pkt->frag_first)
		return;
	if (!d->o.pass_killers && cell_packet_kills(pkt)) {
		count(&d->c->sensor->filtered);
		return;
	}
	len = cell_packet_rebuild(pkt, d->buf);
	if (len == 0)
		return;
	d->now = pkt->frame->time;
	if (!fits(d, len))
		drain(d);
	/* The drain may have decided this very flow, or lost the cell. */
	if (!dpi_wants(f) || d->gone || resting(d, pkt->frame->time)) {
		if (f->state == DPI_NEW)
			f->state = DPI_GIVEN_UP;
		return;
	}
	if (f->state == DPI_NEW && take_slot(d, f, cookie) == 0) {
		f->state = DPI_GIVEN_UP;
		return;
	}
	k = (struct kept){ .time = pkt->frame->time.ns, .ordinal = pkt->frame->ordinal,
	    .len = (uint16_t)len, .flags = (uint16_t)((hit->dir == FLOW_TO_SERVER ?
	    CELL_FROM_CLIENT : 0) | (hit->flow != NULL &&
	    (hit->flow->flags & FLOW_MIDSTREAM) != 0 ? CELL_MIDSTREAM : 0)) };
	keep(d, &d->slots[f->slot], &k);
	d->slots[f->slot].ordinal = k.ordinal;
	send_message(d, f->slot, CELL_FEED, k.flags, pkt->frame->time, k.ordinal, d->buf,
	    len);
	f->sent++;
	count(&d->c->sensor->packets);
}

/* A zygote that was taken for dead and beats again has a new cell for us. */
static void
revive(struct dpi *d)
{
	if (atomic_load(&d->c->zygote->state) == ZYGOTE_FAILED ||
	    atomic_load(&d->c->zygote->beat) == d->gone_beat)
		return;
	d->gone_beat = atomic_load(&d->c->zygote->beat);
	d->gone = !attach(d);
}

unsigned
dpi_sync(struct dpi *d, struct pkt_time now)
{
	unsigned n = 0;

	if (none(d))
		return 0;
	(void)resting(d, now);
	d->now = now;
	if (d->gone)
		revive(d);
	else if (d->sent_n > 0 || died(d))
		drain(d);
	while (d->done.first != 0)
		n += deliver(d, d->done.first);
	return n;
}

void
dpi_end(struct dpi *d, struct dpi_flow *f, struct pkt_time now)
{
	uint32_t i = f->slot;

	if (none(d) || i == 0 || i > d->n || d->slots[i].flow != f)
		return;
	d->now = now;
	if (d->slots[i].state == SLOT_OPEN && !d->gone) {
		if (!fits(d, 0))
			drain(d);
		if (d->slots[i].state == SLOT_OPEN && !d->gone) {
			d->slots[i].ending = true;
			ask_giveup(d, i);
			drain(d);
		}
	}
	if (d->slots[i].state == SLOT_OPEN)
		conclude(d, i, DPI_GIVEN_UP);
	(void)deliver(d, i);
}

bool
dpi_broken(const struct dpi *d)
{
	return d->resting;
}

void
dpi_get_counters(const struct dpi *d, struct dpi_counters *out)
{
	if (d->c == NULL)
		*out = (struct dpi_counters){ .packets = 0 };
	else
		dpi_cell_counters(d->c, out);
}
